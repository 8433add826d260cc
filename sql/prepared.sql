--
-- Prepared statements: what is sent for parameters, and that plans made without
-- their values (generic plans) give the same as plans made with them (custom plans).
--

-- Queries of a few rows, which the planner takes for large ones, are not worth compiling
SET jit = off;

-- Copies of the tables, to compare with
CREATE SCHEMA here;
CREATE TABLE here.items AS SELECT * FROM shop.items;
CREATE TABLE here.orders AS SELECT * FROM shop.orders;
CREATE TABLE here.bigids AS SELECT * FROM shop.bigids;
CREATE TABLE here.single AS SELECT * FROM shop.single;

-- Run a statement that gives one array; show it, and the filters of its requests
CREATE FUNCTION here.run(statement text, OUT result text[], OUT filters text)
LANGUAGE plpgsql AS $$
DECLARE
    place bigint := log_end();
BEGIN
    EXECUTE statement INTO result;
    SELECT coalesce(string_agg(coalesce(body ->> 'filter', 'none'), ', ' ORDER BY body ->> 'filter' COLLATE "C"), 'no request')
    INTO filters FROM requests(place);
    IF length(filters) > 100 THEN
        filters := format('%s... (%s characters)', left(filters, 20), length(filters));
    END IF;
END
$$;

-- For each line, "table | types of the parameters | condition | values | values ...": the
-- statement is prepared and executed with each of the values.  Shows how many rows there
-- are, whether they are those of the table of that name in schema here under a generic and
-- under a custom plan, and the filters of the requests under each ("same": as the generic).
-- If the table is "query", the condition is a whole statement.
CREATE FUNCTION here.prepared(lines text)
RETURNS TABLE (condition text, "values" text, "rows" int, verdict text, generic text, custom text)
LANGUAGE plpgsql AS $$
DECLARE
    line text;
    part text[];
    query text;
    wanted text[];
    by_generic record;
    by_custom record;
BEGIN
    FOREACH line IN ARRAY string_to_array(btrim(lines, E'\n'), E'\n') LOOP
        part := string_to_array(line, ' | ');
        condition := part[3] || CASE WHEN part[2] <> '' THEN '   ' || part[2] ELSE '' END;
        query := CASE WHEN part[1] = 'query' THEN part[3]
                      ELSE format('SELECT * FROM shop.%I WHERE %s', part[1], part[3]) END;
        query := format('SELECT array_agg(t ORDER BY t COLLATE "C") FROM (SELECT q::text AS t FROM (%s) AS q OFFSET 0) AS rows', query);
        EXECUTE format('PREPARE remote%s AS %s', part[2], query);
        EXECUTE format('PREPARE local%s AS %s', part[2], replace(query, 'shop.', 'here.'));
        FOREACH "values" IN ARRAY part[4:] LOOP
            SET LOCAL plan_cache_mode = force_generic_plan;
            by_generic := here.run('EXECUTE remote' || "values");
            SET LOCAL plan_cache_mode = force_custom_plan;
            by_custom := here.run('EXECUTE remote' || "values");
            EXECUTE 'EXECUTE local' || "values" INTO wanted;
            rows := coalesce(cardinality(wanted), 0);
            verdict := CASE WHEN by_generic.result IS DISTINCT FROM wanted THEN 'WRONG'
                            WHEN by_custom.result IS DISTINCT FROM wanted THEN 'WRONG' ELSE 'right' END;
            generic := by_generic.filters;
            custom := CASE by_custom.filters WHEN by_generic.filters THEN 'same' ELSE by_custom.filters END;
            RETURN NEXT;
        END LOOP;
        DEALLOCATE remote;
        DEALLOCATE local;
    END LOOP;
END
$$;
CREATE FUNCTION here.numbers(n int) RETURNS int[] LANGUAGE sql IMMUTABLE AS
    'SELECT array_agg(i) FROM generate_series(1, n) AS i';
CREATE DOMAIN here.id AS bigint CHECK (VALUE > 0);
CREATE DOMAIN here.ids AS bigint[];
CREATE DOMAIN here.name AS text;

CREATE TABLE here.calls (part, lines) AS VALUES
-- Every type that is sent, NULL (true for no row: no request), and what may not be
-- sent although a row has it
('equality', $$
items | (smallint) | id = $1 | (5) | (250) | (NULL)
items | (int) | id = $1 | (5) | (NULL)
items | (bigint) | id = $1 | (5) | (NULL)
items | (bigint) | qty = $1 | (2147483648) | (-5000000000) | (0)
items |  | id = $1 | (5) | ('6')
items |  | $1 = id | (5)
items | (text) | name = $1 | ('Apple') | ('Привет') | (NULL)
items | (text) | name = $1 | ('it''s') | ('double "quotes"') | ('apple ') | ('') | ('a&b<c>') | ('100%') | (repeat('x', 300))
items | (varchar) | name = $1 | ('Apple') | ('back\slash') | (NULL)
items | (varchar(3)) | status = $1 | ('won')
items |  | name = $1 | ('Apple')
bigids | (bigint) | id = $1 | (9007199254740991) | (9007199254740992) | (-9223372036854775808)
$$),
-- Arrays, of different lengths from call to call.  NULLs in them match nothing, and one value
-- that may not be sent keeps the array here.  More values than a request may have are not worth
-- several requests, if they are known.
('arrays', $$
items | (int[]) | id = ANY ($1) | ('{5}') | ('{5,7,5}') | ('{}') | ('{NULL}') | ('{5,NULL,7}') | (NULL) | ('{{5,7},{8,300}}')
items | (int[]) | id = ANY ($1) | (here.numbers(25)) | (here.numbers(1000)) | (here.numbers(200))
items | (smallint[]) | id = ANY ($1) | ('{5,7}') | ('[0:1]={5,7}')
items | (bigint[]) | id = ANY ($1) | ('{5,7}') | ('{5,9007199254740993}')
items |  | id = ANY ($1) | ('{5,7}') | (NULL)
items | (text[]) | name = ANY ($1) | ('{Apple,apple}') | ('{Apple,"it''s"}') | ('{Apple,NULL,""}') | ('{}') | (NULL)
items | (varchar[]) | name = ANY ($1) | ('{Apple,apple}') | ('{NULL}')
items | (int2vector) | id = ANY ($1) | ('5 7')
items | (int, int) | id IN ($1, $2) | (5, 7) | (5, 5) | (5, NULL) | (NULL, NULL)
items | (text, text) | name IN ($1, 'APPLE', $2) | ('Apple', 'apple') | ('it''s', 'apple') | (NULL, '')
items | (int[]) | id = ANY ($1[2:3]) | ('{5,7,8,9}') | ('{5}')
items | (int[]) | id = $1[2] | ('{5,7}') | ('{5}')
items | (int, int[]) | id = ANY ($1 || $2) | (5, '{7,8}') | (NULL, '{7,8}') | (5, NULL)
items | (int[]) | id <> ALL ($1) | ('{5,7}') | ('{5,NULL}')
$$),
-- Domains, types whose equality is not sent, and parameters in expressions and among other
-- conditions.  A condition on parameters alone is decided before the scan.
('others', $$
items | (here.id) | id = $1 | (5) | (NULL)
items | (here.ids) | id = ANY ($1) | ('{5,7}') | (NULL)
items | (here.name) | name = $1 | ('Apple') | ('it''s')
items | (numeric) | id = $1 | (5) | (5.5) | (NULL)
items | (float8) | id = $1 | (5)
items | (char(10)) | name = $1 | ('Apple')
items | (name) | name = $1 | ('Apple')
items | (date, int) | born = $1 AND flag = $2 | ('1970-01-01', 1) | ('1970-01-01', NULL)
items | (int) | id = $1 + 2 | (3) | (NULL)
items | (text) | name = initcap($1) | ('apple') | ('IT''S')
items | (int) | id = coalesce($1, 5) | (7) | (NULL)
items | (text) | id = length($1) | ('seven') | ('')
items | (int, text) | id = $1 AND name = $2 | (1, 'Apple') | (1, 'apple') | (14, 'it''s') | (1, NULL)
items | (int, int[]) | id = $1 AND id = ANY ($2) | (5, '{5,7}') | (5, '{7}') | (NULL, '{7}')
items | (int) | id = $1 AND price > 1 AND qty <> $1 | (1) | (9)
items | (int, int) | id = $1 AND id = $2 | (5, 5) | (5, 7)
items | (boolean) | $1 AND id = 5 | (true) | (false) | (NULL)
items | (int, int) | $1 = $2 AND id = $1 | (5, 5) | (5, 7)
items | (int) | id = $1 OR qty = 100 | (5) | (NULL)
items | (int) | NOT (id <> $1) | (5) | (NULL)
items | (int) | id > $1 | (248) | (NULL)
items | (int) | $1 IS NULL OR id = $1 | (5) | (NULL)
$$),
-- Whole statements: each scan has the parameters that concern it
('queries', $$
query | (int) | SELECT i.name, o.order_id FROM shop.items AS i JOIN shop.orders AS o ON o.item_id = i.id WHERE i.id = $1 | (8) | (NULL)
query | (int, text) | SELECT i.id, o.order_id FROM shop.items AS i LEFT JOIN shop.orders AS o ON o.item_id = i.id AND o.city = $2 WHERE i.id = $1 | (8, 'Казань') | (8, 'Riga') | (8, NULL)
query | (int, int) | SELECT id FROM shop.items WHERE id = $1 UNION ALL SELECT id FROM shop.items WHERE id = $2 | (5, 6) | (6, 6) | (NULL, 6)
query | (int) | SELECT name FROM shop.items WHERE id = (SELECT max(id) + $1 FROM shop.single) | (4) | (9)
query | (int) | SELECT name FROM shop.items WHERE id = 5 AND EXISTS (SELECT FROM shop.single WHERE id = $1) | (1) | (NULL)
query | (int) | SELECT s.id, (SELECT name FROM shop.items WHERE id = s.id + $1) FROM shop.single AS s | (4) | (NULL)
query | (int, int) | SELECT s.id, i.name FROM shop.single AS s, LATERAL (SELECT name FROM shop.items WHERE id = ANY (ARRAY[s.id, $1]) ORDER BY name COLLATE "C" LIMIT $2) AS i | (5, 1) | (5, NULL) | (NULL, 2) | (5, 0)
query | (int, text) | SELECT status, count(*), $2 FROM shop.items WHERE flag = $1 GROUP BY status HAVING count(*) > $1 * 20 | (1, 'x') | (0, NULL)
query | (text) | SELECT $1, id FROM shop.items WHERE status = $1 AND id < 20 | ('won') | ('Won')
$$);
SELECT p.* FROM here.calls, here.prepared(lines) AS p WHERE part = 'equality';
SELECT p.* FROM here.calls, here.prepared(lines) AS p WHERE part = 'arrays';
SELECT p.* FROM here.calls, here.prepared(lines) AS p WHERE part = 'others';
SELECT p.* FROM here.calls, here.prepared(lines) AS p WHERE part = 'queries';
-- Parameters in compiled expressions, where PostgreSQL can compile them
BEGIN;
SET LOCAL jit = on;
SET LOCAL jit_above_cost = 0;
SELECT p.* FROM here.prepared($$
items | (text, int) | name = $1 AND id > $2 | ('Apple', 0) | ('it''s', 0) | (NULL, 0)
items | (int[]) | id = ANY ($1 || 7) | ('{5}') | (NULL)
query | (int) | SELECT s.id, (SELECT name FROM shop.items WHERE id = s.id + $1) FROM shop.single AS s | (4) | (NULL)
$$) AS p;
COMMIT;

--
-- The planner's own choice: five custom plans, then a generic one if that is no worse.
-- EXPLAIN shows which it is, and sends nothing.
--
SET plan_cache_mode = auto;
PREPARE by_id(int) AS SELECT array_agg(name) FROM shop.items WHERE id = $1;
CREATE FUNCTION here.remote(statement text, options text DEFAULT 'COSTS OFF') RETURNS SETOF text LANGUAGE sql AS $$
    SELECT btrim(line) FROM plan_of(statement, options) AS line WHERE line ~ 'Remote (Filter|Limit)|Requests|Rows Rec'
$$;
SELECT * FROM here.remote('EXECUTE by_id(5)');
SELECT n, run.* FROM generate_series(1, 8) AS n, here.run(format('EXECUTE by_id(%s)', n)) AS run;
SELECT * FROM here.remote('EXECUTE by_id(5)');
SELECT * FROM here.run('EXECUTE by_id(NULL)');
SELECT count(*) FROM requests_of('EXPLAIN (VERBOSE) EXECUTE by_id(5)');
-- What EXPLAIN ANALYZE shows of a generic plan is what was sent
SET plan_cache_mode = force_generic_plan;
PREPARE by_name(text, int) AS SELECT id FROM shop.items WHERE name = $1 AND flag = $2;
SELECT * FROM here.remote('EXECUTE by_name(''Apple'', 1)');
SELECT * FROM here.remote('EXECUTE by_name(''Apple'', 1)', 'ANALYZE, COSTS OFF');
SELECT * FROM here.remote('EXECUTE by_name(''it''''s'', 0)', 'ANALYZE, COSTS OFF');
SELECT * FROM here.remote('EXECUTE by_name(''it''''s'', NULL)', 'ANALYZE, COSTS OFF') WHERE remote !~ 'Filter';

--
-- Where else plans are kept, or parameters come from
--
-- Statements in PL/pgSQL are prepared ones
CREATE FUNCTION here.name_of(wanted bigint) RETURNS text LANGUAGE plpgsql AS
    'BEGIN RETURN (SELECT name FROM shop.items WHERE id = wanted); END';
SELECT * FROM here.run('SELECT array_agg(here.name_of(n) ORDER BY n) FROM unnest(''{1,2,NULL,4,14}''::int[]) AS n');
RESET plan_cache_mode;
SELECT * FROM here.run('SELECT array_agg(here.name_of(n) ORDER BY n) FROM generate_series(1, 8) AS n');
CREATE FUNCTION here.ids_of(wanted text[]) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT id FROM shop.items WHERE name = ANY ($1)' USING wanted;
END
$$;
SELECT * FROM here.run('SELECT array_agg(id ORDER BY id) FROM here.ids_of(''{Apple,apple}'') AS id');
SELECT * FROM here.run('SELECT array_agg(id ORDER BY id) FROM here.ids_of(''{Apple,it''''s}'') AS id');
-- SQL functions, inlined into the query and run by themselves
CREATE FUNCTION here.inlined(wanted bigint) RETURNS SETOF text LANGUAGE sql STABLE AS
    'SELECT name FROM shop.items WHERE id = wanted';
CREATE FUNCTION here.called(wanted bigint) RETURNS SETOF text LANGUAGE sql VOLATILE STRICT AS
    'SELECT name FROM shop.items WHERE id = wanted';
SELECT * FROM here.run('SELECT array_agg(name) FROM here.inlined(3) AS name');
SELECT * FROM here.run('SELECT array_agg(name) FROM here.called(3) AS name');
SELECT * FROM here.run('SELECT array_agg(name ORDER BY n) FROM generate_series(3, 5) AS n, here.called(n) AS name');
SELECT * FROM here.run('SELECT array_agg(name) FROM (SELECT here.called(n) AS name FROM generate_series(3, 5) AS n) AS q');
-- Other statements that execute prepared ones
CREATE TABLE here.made AS EXECUTE by_name('Apple', 1);
SELECT * FROM here.made;

-- Several scans of one plan at once: a function that calls itself amidst a loop
SELECT format($f$
CREATE FUNCTION here.%1$s_walk(depth int, wanted text[], OUT visited int, OUT total bigint) LANGUAGE plpgsql AS $$
DECLARE
    r record;
    below record;
BEGIN
    visited := 0;
    total := 0;
    FOR r IN SELECT order_id FROM %1$s.orders WHERE city = wanted[depth] LOOP
        visited := visited + 1;
        total := total + r.order_id;
        IF depth > 1 AND visited IN (3, 30, 150) THEN
            below := here.%1$s_walk(depth - 1, wanted);
            visited := visited + below.visited;
            total := total + below.total;
        END IF;
        EXIT WHEN total > 90000 * depth;
    END LOOP;
END
$$ $f$, s) FROM unnest('{shop,here}'::text[]) AS s \gexec
SELECT mode, remote.*, remote = local AS same
FROM unnest('{force_custom_plan,force_generic_plan}'::text[]) AS mode,
    set_config('plan_cache_mode', mode, false),
    here.shop_walk(3, '{Riga,Казань,Москва}') AS remote, here.here_walk(3, '{Riga,Казань,Москва}') AS local;

--
-- Plans survive errors, and notice what changes
--
SET plan_cache_mode = force_generic_plan;
PREPARE quotient(int) AS SELECT id, 10 / (id - $1) AS quotient FROM shop.items WHERE id < 4 ORDER BY id;
EXECUTE quotient(2);
EXECUTE quotient(0);
BEGIN;
SAVEPOINT here;
EXECUTE quotient(3);
ROLLBACK TO here;
EXECUTE quotient(-1);
COMMIT;
CREATE FOREIGN TABLE here.mine (id int OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'))
    SERVER shop OPTIONS (table_name 'items');
PREPARE mine_all(int) AS SELECT * FROM here.mine WHERE id = $1;
PREPARE mine_name(int) AS SELECT name FROM here.mine WHERE id = $1;
EXECUTE mine_all(2);
EXECUTE mine_name(2);
ALTER FOREIGN TABLE here.mine ADD COLUMN status text OPTIONS (column_name 'STATUS');
EXECUTE mine_all(2);
EXECUTE mine_name(2);
DROP FOREIGN TABLE here.mine;
SELECT * FROM attempt('EXECUTE mine_name(2)');
CREATE FOREIGN TABLE here.mine (name text OPTIONS (column_name 'STATUS'), nothing int, id bigint OPTIONS (column_name 'ID'))
    SERVER shop OPTIONS (table_name 'items');
EXECUTE mine_name(2);
-- a table of PostgreSQL in the place of a foreign one
ALTER FOREIGN TABLE here.mine RENAME TO theirs;
CREATE TABLE here.mine AS SELECT 2 AS id, 'ours'::text AS name;
EXECUTE mine_name(2);
RESET plan_cache_mode;
DEALLOCATE ALL;

SET client_min_messages = error;
DROP SCHEMA here CASCADE;
RESET client_min_messages;
RESET jit;
