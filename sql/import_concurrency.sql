--
-- IMPORT FOREIGN SCHEMA asks for several descriptions at the same time: what comes of it is
-- what comes of asking for one after the other.
--
\pset format unaligned
\pset tuples_only on
SET datestyle = ISO;
CREATE SCHEMA import_concurrency;
SET search_path = import_concurrency, public;
SELECT format('CREATE SERVER %s FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
        url_table_list %L, url_table_description %L, url_data %L)',
    'bazaar', url || '/table_list', url || '/table_description', url || '/data')
    AS create_server FROM connector \gset
:create_server;
CREATE USER MAPPING FOR CURRENT_USER SERVER bazaar
    OPTIONS (login 'anna', password 's3cret word', misbehave '');
-- Import what a statement says between the remote schema and the options, with these options
-- and misbehaviours: what is made, or what is wrong
CREATE FUNCTION import(what text, options text, misbehave text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL client_min_messages = warning;
    DROP SCHEMA IF EXISTS got CASCADE;
    CREATE SCHEMA got;
    EXECUTE format('ALTER USER MAPPING FOR CURRENT_USER SERVER bazaar OPTIONS (SET misbehave %L)', misbehave);
    RETURN QUERY SELECT attempt(format('IMPORT FOREIGN SCHEMA connector %s FROM SERVER bazaar INTO got OPTIONS (%s)',
                                       what, options));
    RETURN QUERY
        SELECT format('%I %s %s: %I %s %s', relname, ftserver::regclass, ftoptions,
                      attname, format_type(atttypid, atttypmod), attfdwoptions)
        FROM pg_class AS c JOIN pg_foreign_table ON ftrelid = c.oid JOIN pg_attribute ON attrelid = c.oid
        WHERE relnamespace = 'got'::regnamespace AND attnum > 0 ORDER BY c.oid, attnum;
END
$$;
-- The same with several values of the option concurrency: is it equal to what there is without,
-- and the beginning of that
CREATE FUNCTION compare(what text, misbehave text DEFAULT '', options text DEFAULT $$probe 'off'$$,
                        concurrency int[] DEFAULT '{2,8,64}')
RETURNS TABLE (misbehaviour text, verdict text, result text)
LANGUAGE plpgsql AS $$
DECLARE
    one text[] := array(SELECT import(what, options || $o$, concurrency '1'$o$, misbehave));
    n int;
BEGIN
    misbehaviour := misbehave;
    verdict := 'equal';
    FOREACH n IN ARRAY concurrency LOOP
        IF one <> array(SELECT import(what, format('%s, concurrency %L', options, n), misbehave)) THEN
            verdict := format('NOT EQUAL with %s', n);
        END IF;
    END LOOP;
    result := CASE WHEN one[1] = 'ok' THEN format('%s columns', cardinality(one) - 1) ELSE one[1] END;
    RETURN NEXT;
END
$$;

-- the option
SELECT import('LIMIT TO (single)', $$probe 'off', concurrency '0'$$, '');
SELECT import('LIMIT TO (single)', $$probe 'off', concurrency '65'$$, '');
SELECT import('LIMIT TO (single)', $$probe 'off', concurrency 'all'$$, '');
SELECT count(*) FROM import('LIMIT TO (single)', $$probe 'off', concurrency '64'$$, '');

-- Tables, columns, their order, and errors with all that belongs to them, are those of one after
-- the other
SELECT * FROM compare('');
SELECT * FROM compare('EXCEPT (items, big)');
SELECT * FROM compare('LIMIT TO (wide, single, "Weird ""Table""")');
SELECT compare.* FROM unnest('{list_hostile,with_ids,list_empty_code,list_duplicate_codes,description_hostile,
    description_empty,description_duplicate,description_bad_type,description_lower_types,
    table_description/status:500,table_description/status:401,table_description/error_200,
    table_description/html_warning,table_description/truncated,table_description/truncated_chunked,
    table_description/truncated_length,table_description/utf8_bom,table_description/gzip_lie,
    table_description/echo_secrets,table_description/redirect_same,
    table_description/redirect:http://127.0.0.1:1/x,close_connection}'::text[])
    AS m, compare('', regexp_replace(m, '\s', '', 'g'));
-- all that the first error says
SELECT import('', $$probe 'off'$$, 'table_description/status:500');
-- a connector that asks to come again gets what it asks for, at the same time for all
SELECT * FROM compare('LIMIT TO (single, wide, orders)', 'table_description/503_once', concurrency => '{8}');

-- Only the tables that are wanted are asked for, each once
SELECT body ->> 'table' AS code, count(*)
FROM requests_of($$SELECT import_concurrency.import('LIMIT TO (wide, single)', 'probe ''off''', '')$$) AS body
WHERE body ? 'table' GROUP BY 1 ORDER BY 1;
SELECT count(*), count(DISTINCT body ->> 'table')
FROM requests_of($$SELECT import_concurrency.import('EXCEPT (items)', 'probe ''off''', '')$$) AS body
WHERE body ? 'table';
-- one that fails is not asked for once more if there is no other
SELECT count(*) FROM requests_of($$SELECT import_concurrency.import('LIMIT TO (single)', 'probe ''off''',
                                                                    'table_description/status:500')$$);
-- otherwise it is, by itself
SELECT count(*) FILTER (WHERE body ->> 'table' = 'Weird "Table"'), count(*) <= 10
FROM requests_of($$SELECT import_concurrency.import('', 'probe ''off''', 'table_description/status:500')$$) AS body;
-- no answer is left open, and what was asked for in vain has arrived
SELECT count(*) FROM biconnector_connections() WHERE in_use;
SELECT pg_sleep(0.2) IS NULL;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA got CASCADE;
DROP SCHEMA import_concurrency CASCADE;
DROP SERVER bazaar CASCADE;
