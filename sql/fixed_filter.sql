--
-- The option "filter" of tables: a part of a remote table.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA there;
CREATE SCHEMA here;
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER fixed FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data');
CREATE USER MAPPING FOR CURRENT_USER SERVER fixed OPTIONS (login 'anna', password 's3cret word');
CREATE TABLE here.items AS SELECT id, name, status, qty, flag FROM shop.items;
CREATE PROCEDURE make_items(name text, filter text, code text DEFAULT 'items')
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE there.%I (
            id bigint OPTIONS (column_name ''ID''), name text OPTIONS (column_name ''NAME''),
            status text OPTIONS (column_name ''STATUS''), qty bigint OPTIONS (column_name ''QTY''),
            flag int OPTIONS (column_name ''FLAG''))
        SERVER fixed OPTIONS (table_name %L, filter %L)', name, code, filter);
END
$$;
-- The filters of the requests that a statement makes, different ones once
CREATE FUNCTION filters_of(statement text) RETURNS SETOF jsonb LANGUAGE sql AS $$
    SELECT DISTINCT body -> 'filter' FROM requests_of(statement) AS body ORDER BY 1
$$;

--
-- It is a JSON object with conditions that can be sent
--
CREATE FOREIGN TABLE there.trial (id int) SERVER fixed;
CREATE FUNCTION try(filter text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT attempt(format('ALTER FOREIGN TABLE there.trial OPTIONS (ADD filter %L)', filter));
    IF EXISTS (SELECT FROM pg_foreign_table WHERE ftrelid = 'there.trial'::regclass AND ftoptions IS NOT NULL) THEN
        ALTER FOREIGN TABLE there.trial OPTIONS (DROP filter);
    END IF;
END
$$;
SELECT try('{"REGION": "EU", ">=DAY": "2024-01-01"}');
SELECT try(' {"A": [1, 2.50, "три"], "0": {"LOGIC": "OR", "0": {"=B": true}, "1": {"<C": -1e3}}} ');
SELECT try('');
SELECT try('REGION = EU');
SELECT try('["REGION"]');
SELECT try('"REGION"');
SELECT try('null');
SELECT try('{}');
SELECT try('{"REGION": "EU"');
SELECT try('{"REGION": "EU"} {}');
SELECT try('{"REGION": null}');
SELECT try('{"REGION": []}');
SELECT try('{"REGION": {}}');
SELECT try('{"0": {"LOGIC": "OR", "0": {"A": [1, null]}}}');
SELECT try('{"": 1}');
SELECT try('{"LOGIC": "OR", "0": {"A": 1}, "1": {"B": 1}}');
SELECT try('{"logic": "AND", "A": 1}');
SELECT try('{"A": "\u0000"}');
-- (what the error is depends on the version of json-c)
SELECT bool_or(line ~ '^22') AS is_error FROM try('{"A": 123456789012345678901234567890}') AS t (line);
SELECT try(format('{"A": [%s]}', (SELECT string_agg(n::text, ', ') FROM generate_series(1, 400) AS n)));
SELECT left(try(format('{"B": 1, "A": [%s]}', (SELECT string_agg(n::text, ', ') FROM generate_series(1, 400) AS n))), 60);
SELECT line FROM attempt('ALTER SERVER fixed OPTIONS (ADD filter ''{"A": 1}'')') AS line LIMIT 1;

--
-- It goes with every request, alone and with the conditions of the query, in a form and in JSON
--
CALL make_items('won', '{"STATUS": "won", "<=ID": 100}');
CREATE TABLE here.won AS SELECT * FROM here.items WHERE status = 'won' AND id <= 100;
SELECT count(*) > 10 FROM here.won;
CREATE VIEW queries AS SELECT $$
SELECT * FROM there.won
SELECT count(*) FROM there.won
SELECT * FROM there.won WHERE id = 2
SELECT * FROM there.won WHERE id IN (2, 4, 5, 104)
SELECT * FROM there.won WHERE flag = 1
SELECT * FROM there.won WHERE flag = 0 AND qty > 50
SELECT * FROM there.won WHERE id = 1
SELECT * FROM there.won WHERE status = 'won'
SELECT * FROM there.won WHERE status = 'lost'
SELECT * FROM there.won WHERE status IN ('won', 'lost')
SELECT * FROM there.won WHERE status = 'won' OR id = 3
SELECT * FROM there.won AS w JOIN there.won AS v ON v.id = w.id
$$ AS statements;
SELECT a.* FROM queries, against_copies(statements) AS a;
SELECT filters_of('SELECT * FROM there.won');
SELECT filters_of('SELECT count(*) FROM there.won');
SELECT filters_of('SELECT * FROM there.won WHERE flag = 0');
SELECT filters_of('SELECT * FROM there.won WHERE id IN (2, 4, 5, 104)');
-- a key that the query would use as well stays the table's
SELECT filters_of('SELECT * FROM there.won WHERE status = ''won''');
SELECT filters_of('SELECT * FROM there.won WHERE status = ''lost''');
SELECT filters_of('SELECT * FROM there.won WHERE status IN (''won'', ''lost'') AND flag = 0');
-- a LIMIT besides
SELECT requests_of('SELECT id FROM there.won LIMIT 2');
SELECT count(*) FROM (SELECT id FROM there.won LIMIT 2) AS w;
ALTER FOREIGN TABLE there.won OPTIONS (ADD push_limit 'filtered');
SELECT a.* FROM against_copies($$
SELECT id FROM there.won WHERE flag = 0 LIMIT 1000
SELECT count(*) FROM (SELECT FROM there.won WHERE flag = 0 LIMIT 2) AS w
SELECT count(*) FROM (SELECT FROM there.won WHERE status = 'won' LIMIT 3) AS w
SELECT count(*) FROM (SELECT FROM there.won WHERE status = 'lost' LIMIT 3) AS w
SELECT count(*) FROM (SELECT FROM there.won WHERE id = 2 AND status IN ('lost', 'won') LIMIT 3) AS w
$$) AS a;
ALTER SERVER fixed OPTIONS (ADD request_format 'json');
SELECT a.* FROM queries, against_copies(statements) AS a WHERE verdict <> 'right';
SELECT filters_of('SELECT * FROM there.won WHERE flag = 0');
ALTER SERVER fixed OPTIONS (DROP request_format);

-- Arrays, groups and all sorts of text arrive as they are written
CALL make_items('sorts', '{"0": {"LOGIC": "OR", "0": {"=STATUS": "won"}, "1": {"@ID": [1, 3]}}, "!@NAME": ["100%", "a&b<c>", "Привет", "Ёлка"]}');
CREATE TABLE here.sorts AS SELECT * FROM here.items
    WHERE (status = 'won' OR id IN (1, 3)) AND name NOT IN ('100%', 'a&b<c>', 'Привет', 'Ёлка');
SELECT a.* FROM against_copies($$
SELECT * FROM there.sorts
SELECT * FROM there.sorts WHERE id IN (1, 2, 3, 4, 5)
SELECT * FROM there.sorts WHERE name = 'Привет'
$$) AS a;
SELECT filters_of('SELECT * FROM there.sorts WHERE id = 3');
ALTER SERVER fixed OPTIONS (ADD request_format 'json');
SELECT filters_of('SELECT * FROM there.sorts WHERE id = 3');
ALTER SERVER fixed OPTIONS (DROP request_format);
-- Groups of a query stand besides those of the table, under other numbers
ALTER FOREIGN TABLE there.sorts OPTIONS (ADD filter_operators 'eq,in,or,and');
SELECT a.* FROM against_copies($$
SELECT * FROM there.sorts WHERE id = 3 OR name = 'apple'
SELECT * FROM there.sorts WHERE (id = 3 OR name = 'apple') AND (flag = 1 OR qty = 0)
SELECT * FROM there.sorts WHERE id = 1000 OR name = 'nobody'
$$) AS a;
SELECT (SELECT count(*) FROM jsonb_each(filter) WHERE value ? 'LOGIC') AS groups,
    (SELECT count(*) FROM jsonb_each(filter) WHERE value @> '{"1": {"@ID": ["1", "3"]}}') AS of_the_table
FROM filters_of('SELECT * FROM there.sorts WHERE (id = 3 OR name = ''apple'') AND (flag = 1 OR qty = 0)') AS filter;
-- without columns as well
CREATE FOREIGN TABLE there.none () SERVER fixed OPTIONS (table_name 'items', filter '{"STATUS": "won"}');
SELECT (SELECT count(*) FROM there.none) = (SELECT count(*) FROM here.items WHERE status = 'won');

-- ANALYZE looks at that part
SELECT requests_of('ANALYZE there.won');
SELECT reltuples = (SELECT count(*) FROM here.won) FROM pg_class WHERE oid = 'there.won'::regclass;

--
-- EXPLAIN shows it
--
SELECT plan_of('SELECT id FROM there.won WHERE flag = 0');
SELECT plan_of('SELECT id FROM there.won WHERE flag = 0', 'COSTS OFF');

--
-- What the connector answers to it is the table: nothing is checked here, and there is no doubt
--
CALL make_items('ignores', '{"STATUS": "won"}', 'items+ignore_filter');
SELECT count(*) FROM there.ignores;
CALL make_items('nothing', '{"ID": 1000}');
SELECT requests_of('SELECT * FROM there.nothing');
SELECT count(*) FROM there.nothing WHERE flag = 1;
CALL make_items('loses', '{"STATUS": "won"}', 'items+filter_loses_all');
SELECT count(*) FROM there.loses;
-- and a connector that refuses it cannot be asked
CALL make_items('refuses', '{"STATUS": "won"}', 'items+filter_500');
SELECT attempt('SELECT * FROM there.refuses');
SELECT attempt('SELECT * FROM there.refuses WHERE flag = 1');
SELECT attempt('ANALYZE there.refuses');
CALL make_items('unknown', '{"STATE": "won"}');
SELECT attempt('SELECT * FROM there.unknown');

-- A filter that finds nothing is put to the test within that part of the table
CALL make_items('doubted', '{"STATUS": "won"}');
SELECT bool_and(body -> 'filter' @> '{"STATUS": "won"}') AS all, count(*) FILTER (WHERE body -> 'filter' ->> 'NAME' = 'nobody') AS asked,
    count(*) FILTER (WHERE body -> 'filter' ->> 'NAME' <> 'nobody') > 0 AS shown, count(*) FILTER (WHERE NOT body -> 'filter' ? 'NAME') AS sampled
FROM requests_of('SELECT * FROM there.doubted WHERE name = ''nobody''') AS body;
SELECT count(*) FROM there.doubted WHERE name = 'nobody';

--
-- Partitions made by hand
--
CREATE TABLE there.p (id bigint, name text, status text, qty bigint, flag int) PARTITION BY LIST (status);
CALL make_items('p_won', '{"STATUS": "won"}');
CALL make_items('p_lost', '{"STATUS": ["lost", "Won"]}');
CALL make_items('p_new', '{"STATUS": "new"}');
ALTER TABLE there.p ATTACH PARTITION there.p_won FOR VALUES IN ('won');
ALTER TABLE there.p ATTACH PARTITION there.p_lost FOR VALUES IN ('lost', 'Won');
ALTER TABLE there.p ATTACH PARTITION there.p_new FOR VALUES IN ('new');
CREATE TABLE here.p AS SELECT * FROM here.items WHERE status IS NOT NULL;
SELECT a.* FROM against_copies($$
SELECT * FROM there.p
SELECT * FROM there.p WHERE status = 'Won'
SELECT * FROM there.p WHERE status IN ('won', 'Won') AND flag = 1
SELECT * FROM there.p WHERE id = 7
SELECT status, count(*) FROM there.p GROUP BY status
$$) AS a;
SELECT filters_of('SELECT * FROM there.p');
SELECT count(*) FROM requests_of('SELECT * FROM there.p WHERE status = ''new''');

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA there, here CASCADE;
DROP SERVER fixed CASCADE;
DROP VIEW queries;
DROP FUNCTION filters_of, try;
DROP PROCEDURE make_items;

-- A LIMIT is sent beside it only where that is vouched for: there are connectors
-- that limit first and filter afterwards
CREATE FOREIGN TABLE won_late (id bigint OPTIONS (column_name 'ID'), status text OPTIONS (column_name 'STATUS'))
    SERVER shop OPTIONS (table_name 'items+limit_before_filter', filter '{"STATUS": "Won"}');
SELECT body ->> 'limit' AS limit, body -> 'filter' AS filter
FROM requests_of('SELECT * FROM won_late LIMIT 2') AS t (body);
SELECT count(*) FROM (SELECT * FROM won_late LIMIT 2) AS t;
-- ... and the rows that doubt looks at are asked for with row_limit
SELECT body ->> 'limit' AS limit, body -> 'filter' AS filter
FROM requests_of('SELECT * FROM won_late WHERE id = 1') AS t (body);
ALTER FOREIGN TABLE won_late OPTIONS (SET table_name 'items', ADD push_limit 'filtered');
SELECT body ->> 'limit' AS limit, body -> 'filter' AS filter
FROM requests_of('SELECT * FROM won_late LIMIT 2') AS t (body);
DROP FOREIGN TABLE won_late;
