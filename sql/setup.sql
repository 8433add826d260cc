--
-- What the other tests use: the extension, a server of the reference
-- connector, its tables in schema shop, and functions to look at requests.
--
-- The reference connector runs beside the tests; its address and the file with
-- its log of requests come from the environment.
--
\set url `echo "$BICONNECTOR_URL"`
\set log `echo "$BICONNECTOR_LOG"`
CREATE EXTENSION biconnector_fdw;
\set check :url '/check'
\set table_list :url '/table_list'
\set table_description :url '/table_description'
\set data :url '/data'
CREATE SERVER shop FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    url_check :'check',
    url_table_list :'table_list',
    url_table_description :'table_description',
    url_data :'data');
CREATE USER MAPPING FOR CURRENT_USER SERVER shop
    OPTIONS (login 'anna', password 's3cret word');
CREATE SCHEMA shop;
-- the tests are about what is sent by default, unless they say otherwise
IMPORT FOREIGN SCHEMA connector FROM SERVER shop INTO shop OPTIONS (probe 'off');
-- where the connector is, for tests that make servers of their own
CREATE TABLE connector AS SELECT :'url'::text AS url, :'log'::text AS log;
GRANT SELECT ON connector TO PUBLIC;
-- The end of the connector's log of requests
CREATE FUNCTION log_end() RETURNS bigint
LANGUAGE sql AS 'SELECT size FROM connector, pg_stat_file(log)';
-- The requests in the log from that place on: number, endpoint and body without
-- the settings
CREATE FUNCTION requests(place bigint) RETURNS TABLE (n bigint, endpoint text, body jsonb)
LANGUAGE sql AS $$
    SELECT (entry ->> 'n')::bigint, entry ->> 'endpoint', (entry -> 'body') - 'connection'
    FROM connector,
        regexp_split_to_table(pg_read_file(log, place, log_end() - place), E'\n') AS line,
        LATERAL (SELECT nullif(line, '')::jsonb AS entry) AS parsed
    WHERE entry ? 'endpoint' ORDER BY 1
$$;
-- Run a statement, and show the requests that it made
CREATE FUNCTION requests_of(statement text) RETURNS SETOF jsonb
LANGUAGE plpgsql AS $$
DECLARE
    place bigint := log_end();
BEGIN
    EXECUTE statement;
    RETURN QUERY SELECT body FROM requests(place);
END
$$;
-- Run a statement.  Shows "ok" or how many rows it has, or all that its error
-- says.  The words of libcurl, which change from version to version, are left out.
CREATE FUNCTION attempt(statement text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
    context text;
    rows bigint;
BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS rows = ROW_COUNT;
    RETURN NEXT CASE WHEN statement ~* '^ *(SELECT|WITH)' THEN format('%s rows', rows) ELSE 'ok' END;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS
        message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
        context = PG_EXCEPTION_CONTEXT;
    message := replace(message, (SELECT url FROM connector), 'http://connector');
    context := regexp_replace(context, '\n?(SQL statement|PL/pgSQL function) .*', '');
    RETURN NEXT format('%s: %s', SQLSTATE, message);
    IF SQLSTATE ~ '^08' AND message ~ '^(could not|the connection)' THEN
        detail := regexp_replace(detail, '.+', '(what libcurl says)');
    END IF;
    IF detail <> '' THEN RETURN NEXT '  DETAIL: ' || detail; END IF;
    IF hint <> '' THEN RETURN NEXT '  HINT: ' || hint; END IF;
    IF context <> '' THEN RETURN NEXT '  CONTEXT: ' || context; END IF;
END
$$;
-- The rows of a statement, in an order of their own unless theirs matters, or the code of
-- its error
CREATE FUNCTION result_of(statement text, ordered boolean DEFAULT false) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    result text[] := '{}';
    line record;
BEGIN
    FOR line IN EXECUTE statement LOOP
        result := result || line::text;
    END LOOP;
    IF NOT ordered THEN
        result := array(SELECT r FROM unnest(result) AS r ORDER BY r COLLATE "C");
    END IF;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN ARRAY['error ' || SQLSTATE];
END
$$;
-- For each statement (one a line) over tables of schema there: how many rows it has, or
-- the code of its error, and whether their copies in schema here give the same
CREATE FUNCTION against_copies(statements text, ordered boolean DEFAULT false)
RETURNS TABLE (verdict text, outcome text, statement text)
LANGUAGE plpgsql AS $$
DECLARE
    got text[];
BEGIN
    FOREACH statement IN ARRAY string_to_array(btrim(statements, E'\n'), E'\n') LOOP
        got := result_of(statement, ordered);
        outcome := CASE WHEN got[1] ~ '^error' THEN got[1] ELSE cardinality(got)::text END;
        verdict := CASE WHEN got = result_of(replace(statement, 'there', 'here'), ordered)
                        THEN 'right' ELSE 'WRONG' END;
        RETURN NEXT;
    END LOOP;
END
$$;
-- EXPLAIN without what differs from run to run
CREATE FUNCTION plan_of(statement text, options text DEFAULT 'VERBOSE, COSTS OFF')
RETURNS SETOF text
LANGUAGE plpgsql SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE format('EXPLAIN (%s) %s', options, statement) LOOP
        line := replace(line, (SELECT url FROM connector), 'http://connector');
        CONTINUE WHEN line ~ 'Bytes (Received|Decoded)|Connections Opened|Time to First Byte';
        -- PostgreSQL 19 has names for these
        line := regexp_replace(line, '(SubPlan|InitPlan) \w+( \(returns .*\))?', '\1');
        RETURN NEXT line;
    END LOOP;
END
$$;
-- For each condition (one a line) on a foreign table: what EXPLAIN says is sent, the
-- filter of the request ("none" if it has none), how many requests there were, how many
-- rows come back, or the code of the error, and whether a copy of the table gives the
-- same.  A filter that finds nothing makes more requests than one until it is
-- believed: see the test "defence".
CREATE FUNCTION asked_of(remote regclass, conditions text, copy regclass)
RETURNS TABLE (condition text, explained text, sent text, requests bigint, "rows" text, verdict text)
LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
    got text[];
BEGIN
    FOREACH condition IN ARRAY string_to_array(btrim(conditions, E'\n'), E'\n') LOOP
        SELECT coalesce(max(substring(line FROM '^ *Remote Filter: (.*)')), '-') INTO explained
        FROM plan_of(format('SELECT * FROM %s AS t WHERE %s', remote, condition), 'COSTS OFF') AS line;
        place := log_end();
        got := result_of(format('SELECT * FROM %s AS t WHERE %s', remote, condition));
        SELECT count(*), coalesce((array_agg(r.body ->> 'filter' ORDER BY r.n))[1], 'none')
        INTO requests, sent FROM requests(place) AS r;
        IF requests = 0 THEN
            sent := 'no request';
        END IF;
        rows := CASE WHEN got[1] ~ '^error' THEN got[1] ELSE cardinality(got)::text END;
        verdict := CASE WHEN got = result_of(format('SELECT * FROM %s AS t WHERE %s', copy, condition))
                        THEN 'right' ELSE 'WRONG' END;
        RETURN NEXT;
    END LOOP;
END
$$;
-- The same, without the number of requests, for a table in schema there that has a copy
-- of its name in schema here,
CREATE FUNCTION asked_there(tbl text, conditions text)
RETURNS TABLE (condition text, explained text, sent text, "rows" text, verdict text)
LANGUAGE sql AS $$
    SELECT condition, explained, sent, rows, verdict
    FROM asked_of(format('there.%I', tbl)::regclass, conditions, format('here.%I', tbl)::regclass)
$$;
-- and where the table's option filter_operators, which it does not have else, is this
CREATE FUNCTION asked_there_with(operators text, tbl text, conditions text)
RETURNS TABLE (condition text, explained text, sent text, "rows" text, verdict text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER FOREIGN TABLE there.%I OPTIONS (ADD filter_operators %L)', tbl, operators);
    RETURN QUERY SELECT * FROM asked_there(tbl, conditions);
    EXECUTE format('ALTER FOREIGN TABLE there.%I OPTIONS (DROP filter_operators)', tbl);
END
$$;
SELECT foreign_table_name FROM information_schema.foreign_tables ORDER BY 1;
SELECT * FROM requests_of('SELECT id, name FROM shop.items');
