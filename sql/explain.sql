--
-- EXPLAIN: what would be sent, and after ANALYZE what was sent and what came.  It
-- sends nothing itself, and shows no secret.
--

-- Everything here happens on a server of its own, whose URL has a key in it
SELECT url || '/data?key=s3cret-of-url' AS data FROM connector \gset
CREATE SERVER explained FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data');
CREATE USER MAPPING FOR CURRENT_USER SERVER explained OPTIONS (login 'anna', password 's3cret word', other 's3cret-of-mapping');
CREATE SCHEMA explained;
CREATE PROCEDURE make_items(name text, code text DEFAULT 'items')
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE explained.%I (
            id bigint OPTIONS (column_name ''ID''), name text OPTIONS (column_name ''NAME''),
            status text OPTIONS (column_name ''STATUS''), flag int OPTIONS (column_name ''FLAG''))
        SERVER explained OPTIONS (table_name %L)', name, code);
END
$$;
CALL make_items('items');
CALL make_items('more_items');

-- The plan as JSON, which must be JSON
CREATE FUNCTION plan_as_json(statement text, options text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    plan text;
BEGIN
    EXECUTE format('EXPLAIN (FORMAT JSON, %s) %s', options, statement) INTO plan;
    RETURN plan::json;
END
$$;
-- What it says of each foreign scan that is ours to say, with "some" for
-- numbers above zero that differ from run to run
CREATE FUNCTION scans(statement text, options text DEFAULT 'VERBOSE, ANALYZE') RETURNS SETOF jsonb
LANGUAGE sql AS $$
    SELECT (SELECT jsonb_object_agg(key, CASE
                WHEN key ~ '^(Bytes|Time)' AND value::text::numeric > 0 THEN '"some"'
                WHEN key = 'Remote URL' THEN to_jsonb(replace(value #>> '{}', url, 'http://connector'))
                ELSE value END)
            FROM jsonb_each(node), connector WHERE key ~ '^(Remote|Request|Rows Received|Rows Removed by Recheck|Connections|Bytes|Time|Empty)')
    FROM jsonb_path_query(plan_as_json(statement, options), 'strict $.** ? (@."Node Type" == "Foreign Scan")') AS node
$$;
-- How many bytes it says
CREATE FUNCTION bytes(statement text, OUT received bigint, OUT decoded bigint)
LANGUAGE sql AS $$
    SELECT (node ->> 'Bytes Received')::bigint, (node ->> 'Bytes Decoded')::bigint
    FROM jsonb_path_query(plan_as_json(statement, 'VERBOSE, ANALYZE'), 'strict $.** ? (@."Node Type" == "Foreign Scan")') AS node
$$;
-- The lines of it that are ours, in any format
CREATE FUNCTION lines(statement text, format text, options text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text;
BEGIN
    plan := '';
    FOR line IN EXECUTE format('EXPLAIN (FORMAT %s, %s) %s', format, options, statement) LOOP
        plan := concat(plan, line, E'\n');
    END LOOP;
    RETURN QUERY SELECT btrim(regexp_replace(replace(l, url, 'http://connector'), '(Bytes|Time)([^0-9]+)([0-9.]*[1-9][0-9.]*)', '\1\2some'))
        FROM connector, regexp_split_to_table(plan, E'\n') AS l
        WHERE l ~ '^\W*(Remote|Request|Rows.Re(ceived|moved.by.Recheck)|Connections|Bytes|Time.to|Empty)|<Item>([A-Z]|&)|- "[A-Z<]';
END
$$;

--
-- Without ANALYZE
--
SELECT log_end() AS place \gset
-- The table always; with VERBOSE where it comes from, what is selected, and the limit
SELECT * FROM plan_of('SELECT id FROM explained.items', 'COSTS OFF');
SELECT * FROM plan_of('SELECT id FROM explained.items');
-- Nothing is selected by name if all is wanted, and something if nothing is
SELECT * FROM plan_of('SELECT * FROM explained.items');
SELECT * FROM plan_of('SELECT i FROM explained.items AS i');
SELECT * FROM plan_of('SELECT 1 FROM explained.items');
-- Conditions: those that are sent, and those that are only checked here
SELECT * FROM plan_of($$SELECT id FROM explained.items WHERE status = 'won' AND id IN (1, 2) AND name LIKE 'A%'$$, 'COSTS OFF');
SELECT * FROM plan_of($$SELECT name FROM explained.items WHERE status = 'won' AND id IN (1, 2) AND name LIKE 'A%'$$);
SELECT * FROM plan_of('SELECT id FROM explained.items WHERE flag = 100000', 'COSTS OFF');
-- LIMIT
SELECT * FROM plan_of('SELECT id FROM explained.items LIMIT 3', 'COSTS OFF');
SELECT * FROM plan_of('SELECT id FROM explained.items WHERE flag = 1 LIMIT 3', 'COSTS OFF');
SELECT * FROM plan_of('SELECT id FROM explained.items LIMIT 9999 OFFSET 1', 'COSTS OFF');
SELECT * FROM plan_of('SELECT id FROM explained.items LIMIT 10000 OFFSET 1', 'COSTS OFF');
SELECT * FROM plan_of('SELECT id FROM explained.items WHERE flag = 1 LIMIT 3');

-- The same in JSON: lists are lists, numbers numbers
SELECT jsonb_pretty(s) FROM scans($$SELECT name FROM explained.items WHERE status = 'won' AND id IN (1, 2) AND name LIKE 'A%'$$, 'VERBOSE') AS s;
SELECT s FROM scans('SELECT id FROM explained.items LIMIT 3', 'VERBOSE FALSE') AS s;
SELECT s FROM scans('SELECT i.id, o.name FROM explained.items AS i, explained.more_items AS o WHERE o.flag = 1 AND i.status = ''won''', 'VERBOSE') AS s
ORDER BY s ->> 'Remote Filter';
-- and in the other formats
SELECT * FROM lines($$SELECT name FROM explained.items WHERE status = 'won' AND id IN (1, 2)$$, 'XML', 'VERBOSE');
SELECT * FROM lines($$SELECT name FROM explained.items WHERE status = 'won' AND id IN (1, 2)$$, 'YAML', 'VERBOSE');
SELECT * FROM lines('SELECT name FROM explained.items LIMIT 3', 'XML', 'VERBOSE FALSE');
SELECT * FROM lines('SELECT name FROM explained.items LIMIT 3', 'YAML', 'VERBOSE FALSE');

-- Codes and values that mean something to the format
CALL make_items('odd', E'a<b>&"c\\d\'e: {- \u00fc');
ALTER FOREIGN TABLE explained.odd ALTER COLUMN id OPTIONS (SET column_name '<"ID">');
SELECT s ->> 'Remote Table' AS "table", s -> 'Remote Select' AS "select", s ->> 'Remote Filter' AS filter
FROM scans('SELECT id, name FROM explained.odd WHERE name = ''x: [#1] {}''', 'VERBOSE') AS s;
SELECT * FROM lines('SELECT id, name FROM explained.odd WHERE name = ''x: [#1] {}''', 'XML', 'VERBOSE');
SELECT * FROM lines('SELECT id, name FROM explained.odd WHERE name = ''x: [#1] {}''', 'YAML', 'VERBOSE');

-- Of a plan for all parameters, the expressions
PREPARE p(text, bigint, bigint) AS SELECT id FROM explained.items WHERE status = $1 AND flag = $2 + 1;
PREPARE q(bigint, bigint) AS SELECT id FROM explained.items LIMIT $1 OFFSET $2 * 2;
PREPARE r(int[]) AS SELECT id FROM explained.items WHERE id = ANY ($1);
SET plan_cache_mode = force_generic_plan;
SELECT s FROM unnest('{"p(''won'', 1, 2)", "q(3, 2)", "r(''{1,2}'')"}'::text[]) AS statement, scans('EXECUTE ' || statement, 'VERBOSE FALSE') AS s;
SELECT * FROM plan_of('EXECUTE p(''won'', 1, 2)', 'COSTS OFF');
SELECT * FROM plan_of('EXECUTE q(3, 2)', 'COSTS OFF');
SET plan_cache_mode = force_custom_plan;
SELECT s FROM unnest('{"p(''won'', 0, 2)", "q(3, 2)", "r(''{1,2}'')"}'::text[]) AS statement, scans('EXECUTE ' || statement, 'VERBOSE FALSE') AS s;
RESET plan_cache_mode;
-- A value from an outer row is one as well
SELECT regexp_replace(s::text, '\$\d+', '$n', 'g') AS s
FROM scans('SELECT (SELECT name FROM explained.items AS i WHERE i.id = v.id LIMIT v.id)
            FROM (VALUES (1), (2)) AS v (id)', 'VERBOSE FALSE') AS s;

-- It needs no connector, no mapping and no URL
CREATE SERVER silent FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data 'http://127.0.0.1:1/data', row_limit '77');
CREATE FOREIGN TABLE explained.silent (id bigint, name text) SERVER silent;
SELECT * FROM plan_of('SELECT id FROM explained.silent WHERE id = 5');
ALTER SERVER silent OPTIONS (DROP url_data);
SELECT * FROM plan_of('SELECT id FROM explained.silent WHERE id = 5');
CREATE FOREIGN TABLE explained.bare () SERVER silent;
SELECT * FROM plan_of('SELECT FROM explained.bare');
DROP FOREIGN TABLE explained.silent, explained.bare;
DROP SERVER silent;

-- Nothing has been sent, and nobody has been connected to
SELECT count(*) AS requests FROM requests(:place);
SELECT count(*) FROM biconnector_connections() WHERE server_name IN ('explained', 'silent');

--
-- With ANALYZE
--
-- One row and its header, which are 12 bytes and too few to be packed
CALL make_items('single', 'single');
SELECT jsonb_pretty(s) FROM scans('SELECT id FROM explained.single') AS s;
SELECT *, length('[["ID"],[1]]') FROM bytes('SELECT id FROM explained.single');
-- The connection was made for the first of them; the next ones use it
SELECT biconnector_disconnect('explained');
SELECT s -> 'Connections Opened' AS opened, s -> 'Requests' AS requests FROM scans('SELECT id FROM explained.items') AS s;
SELECT s -> 'Connections Opened' AS opened, s -> 'Requests' AS requests FROM scans('SELECT id FROM explained.items') AS s;
-- Compressed answers have fewer bytes on their way
SELECT received AS packed, decoded FROM bytes('SELECT * FROM explained.items') \gset
ALTER SERVER explained OPTIONS (ADD compression 'off');
SELECT :packed BETWEEN 1000 AND :decoded / 2 AS packed, received = :decoded AS unpacked, decoded = :decoded AS same
FROM bytes('SELECT * FROM explained.items');
ALTER SERVER explained OPTIONS (DROP compression);
-- TIMING, VERBOSE
SELECT s FROM scans('SELECT id FROM explained.items', 'VERBOSE, ANALYZE, TIMING OFF') AS s;
SELECT s FROM scans('SELECT id FROM explained.items', 'ANALYZE') AS s;
SELECT * FROM lines('SELECT id FROM explained.items WHERE flag = 1', 'TEXT', 'VERBOSE, ANALYZE');
SELECT * FROM lines('SELECT id FROM explained.items WHERE flag = 1', 'XML', 'VERBOSE, ANALYZE');
SELECT * FROM lines('SELECT id FROM explained.items WHERE flag = 1', 'YAML', 'VERBOSE, ANALYZE');
SELECT * FROM lines('SELECT id FROM explained.items WHERE flag = 1', 'XML', 'ANALYZE');

-- A scan that is not run has nothing to say.  (What subqueries return is called otherwise
-- from PostgreSQL 17 on.)
SELECT regexp_replace(s::text, '\$\d+|\(InitPlan \w+\)\.col1', '$n') AS s
FROM unnest('{(SELECT false),id = (SELECT NULL::bigint),flag = 1 LIMIT (SELECT 0)}'::text[]) AS condition,
    scans('SELECT id FROM explained.items WHERE ' || condition) AS s;
-- One that is left early has read what it has read
SELECT s -> 'Rows Received' AS received, s -> 'Remote Limit' AS "limit" FROM scans('SELECT id FROM explained.items WHERE id > 0 LIMIT 3') AS s;

-- Over all loops
SELECT regexp_replace((s - '{Remote URL,Connections Opened}'::text[])::text, '\$\d+', '$n') AS s
FROM scans('SELECT (SELECT name FROM explained.items AS i WHERE i.id = v.id)
            FROM (VALUES (1), (2), (NULL), (200)) AS v (id)') AS s;
SELECT s - '{Remote URL,Connections Opened}'::text[] AS s
FROM scans('SELECT v.id, i.id FROM (VALUES (1), (2), (0), (40)) AS v (id),
                LATERAL (SELECT id FROM explained.items LIMIT v.id) AS i') AS s;
-- Each scan for itself
SELECT s - '{Remote URL,Connections Opened}'::text[] AS s
FROM scans('SELECT id FROM explained.items WHERE flag = 1 UNION ALL
            SELECT id FROM explained.more_items WHERE id IN (1, 2, 3)') AS s;

-- What the defences did.  Rows that were sent in spite of a filter:
CALL make_items('ignores', 'items+ignore_filter');
SELECT s FROM scans('SELECT id FROM explained.ignores WHERE flag = 1', 'ANALYZE') AS s;
-- Empty answers that were not believed, of one condition and of two
SELECT s FROM scans('SELECT id FROM explained.items WHERE name = ''nobody''', 'ANALYZE') AS s;
SELECT s FROM scans('SELECT id FROM explained.items WHERE name = ''nobody''', 'ANALYZE') AS s;
SELECT s FROM scans('SELECT id FROM explained.more_items WHERE name = ''nobody'' AND status = ''none''', 'ANALYZE') AS s;
-- Filters that were dropped or refused, which is known from then on
SET client_min_messages = error;
CALL make_items('loses', 'items+filter_loses_all');
SELECT s FROM scans('SELECT id FROM explained.loses WHERE flag = 1 AND status = ''lost''', 'ANALYZE') AS s;
SELECT s FROM scans('SELECT id FROM explained.loses WHERE flag = 1 AND name IN (''Apple'', ''apple'')', 'ANALYZE FALSE') AS s;
CALL make_items('refuses', 'items+filter_500');
SELECT s FROM scans('SELECT id FROM explained.refuses WHERE flag = 1', 'ANALYZE') AS s;
SELECT s FROM scans('SELECT id FROM explained.refuses WHERE flag = 1', 'ANALYZE') AS s;
SELECT * FROM lines('SELECT id FROM explained.refuses WHERE flag = 1 AND id = 2', 'XML', 'ANALYZE FALSE');
-- A LIMIT that goes with a filter, or not with one that is dropped
ALTER SERVER explained OPTIONS (ADD push_limit 'filtered');
SELECT s FROM scans('SELECT id FROM explained.ignores WHERE flag = 1 LIMIT 1', 'ANALYZE') AS s;
SELECT s FROM scans('SELECT id FROM explained.ignores WHERE flag = 1 LIMIT 2', 'ANALYZE') AS s;
SELECT s FROM scans('SELECT id FROM explained.refuses WHERE flag = 1 LIMIT 3', 'ANALYZE FALSE') AS s;
SELECT s FROM scans('SELECT id FROM explained.refuses WHERE flag = 1 LIMIT 3', 'ANALYZE') AS s;
SELECT s FROM scans('SELECT id FROM explained.refuses WHERE flag = 1 LIMIT 3', 'ANALYZE FALSE') AS s;
RESET client_min_messages;
-- All of it at once, as a text
CALL make_items('caseless', 'items+case_insensitive');
SELECT regexp_replace(line, ' \(actual .*\)', '') AS line
FROM plan_of('SELECT id FROM explained.caseless WHERE name = ''aPPLE'' LIMIT 3', 'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF') AS line;

-- A redirect within the connector is two requests
CALL make_items('moved', 'items+redirect_same');
SELECT s -> 'Requests' AS requests, s -> 'Rows Received' AS received FROM scans('SELECT id FROM explained.moved') AS s;

--
-- No secret is shown, in any format: neither settings nor the key in the URL
--
CREATE FUNCTION shows(statement text, pattern text) RETURNS TABLE (format text, options text, "lines" bigint)
LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOREACH format IN ARRAY '{TEXT,JSON,XML,YAML}'::text[] LOOP
        FOREACH options IN ARRAY ARRAY['VERBOSE', 'VERBOSE, ANALYZE', 'VERBOSE, SETTINGS, ANALYZE'] LOOP
            lines := 0;
            FOR line IN EXECUTE format('EXPLAIN (FORMAT %s, %s) %s', format, options, statement) LOOP
                lines := lines + (SELECT count(*) FROM regexp_split_to_table(line, E'\n') AS l WHERE l ~ pattern);
            END LOOP;
            RETURN NEXT;
        END LOOP;
    END LOOP;
END
$$;
SELECT sum(lines) AS secrets FROM shows('SELECT id, name FROM explained.items WHERE flag = 1 LIMIT 3', 's3cret|anna|key=');
SELECT sum(lines) AS secrets FROM shows('SELECT count(*) FROM explained.moved', 's3cret|anna|key=');
-- The test would see it
SELECT count(*) FILTER (WHERE lines > 0) FROM shows('SELECT id, name FROM explained.items WHERE name = ''s3cret''', 's3cret|anna|key=');
SELECT count(*) FILTER (WHERE lines > 0) FROM shows('SELECT id FROM explained.items', '/data');

SET client_min_messages = error;
DEALLOCATE ALL;
DROP SERVER explained CASCADE;
DROP SCHEMA explained CASCADE;
DROP FUNCTION plan_as_json, scans, lines, bytes, shows;
DROP PROCEDURE make_items;
