--
-- Subqueries: foreign scans in correlated ones, in those that run once, in LATERAL, in WITH,
-- in set operations, and below everything that aggregates, sorts and counts.
--

-- Queries of a few rows, which the planner takes for large ones, are not worth compiling
SET jit = off;

-- Copies of the tables, to compare with, and a table to use beside them
-- Whatever the server prefers: workers have a section of their own
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA here;
CREATE TABLE here.items AS SELECT * FROM shop.items;
CREATE TABLE here.orders AS SELECT * FROM shop.orders;
CREATE TABLE here.single AS SELECT * FROM shop.single;
CREATE TABLE here.empty_table AS SELECT * FROM shop.empty_table;
CREATE TABLE here.all_null AS SELECT * FROM shop.all_null;
CREATE TABLE here.few (n int, t text);
INSERT INTO here.few VALUES (1, 'Apple'), (2, 'apple'), (2, 'it''s'), (NULL, NULL), (7, 'Apple'), (300, '');
ANALYZE here.few, here.items, here.orders;

CREATE TABLE here.queries (part text, query text);
-- For the queries of a part: how many rows there are, whether they are those of the copies (in
-- the same order, if the query ends with ORDER BY), and what was asked for: table, filter, and
-- how many times if not once
CREATE FUNCTION here.compared(wanted_part text, pattern text DEFAULT '')
RETURNS TABLE (query text, "rows" int, verdict text, asked text)
LANGUAGE plpgsql AS $$
DECLARE
    collect text;
    place bigint;
    got text[];
    wanted text[];
BEGIN
    FOR query IN SELECT q.query FROM here.queries AS q WHERE q.part = wanted_part AND q.query ~ pattern LOOP
        collect := format('SELECT array_agg(t %s) FROM (SELECT q::text AS t FROM (%s) AS q OFFSET 0) AS rows',
                          CASE WHEN query ~ 'ORDER BY [^)]*$' THEN '' ELSE 'ORDER BY t COLLATE "C"' END, query);
        place := log_end();
        EXECUTE collect INTO got;
        SELECT string_agg(request || CASE n WHEN 1 THEN '' ELSE ' x ' || n END, '; ' ORDER BY request COLLATE "C") INTO asked
        FROM (SELECT (body ->> 'table') || coalesce(' ' || (body ->> 'filter'), '') AS request, count(*) AS n
              FROM requests(place) GROUP BY 1) AS r;
        EXECUTE replace(collect, 'shop.', 'here.') INTO wanted;
        rows := coalesce(cardinality(wanted), 0);
        verdict := CASE WHEN got IS DISTINCT FROM wanted THEN 'WRONG' ELSE 'right' END;
        RETURN NEXT;
    END LOOP;
END
$$;
-- filters that have found something are believed when they find nothing later
SELECT id, name FROM shop.items WHERE id = 1 AND name = 'Apple' AND status = 'new' AND flag = 1 AND qty = 5;
SELECT id, name FROM shop.items WHERE id IN (1, 2) AND name IN ('Apple', 'apple');
SELECT order_id FROM shop.orders WHERE item_id = 8 AND city = 'Казань' AND order_id = 1;
-- (PostgreSQL 14 and later would keep the rows of equal outer values)
SELECT count(set_config(name, 'off', false)) < 2 AS ok FROM pg_settings WHERE name = 'enable_memoize';

--
-- Correlated subqueries: a scan for each outer row that reaches them, with that row's values;
-- none for those that are NULL
--
INSERT INTO here.queries SELECT 'correlated', regexp_split_to_table(btrim($$
SELECT f.n, (SELECT count(*) FROM shop.orders AS o WHERE o.item_id = f.n) FROM here.few AS f
SELECT f.n, (SELECT i.qty FROM shop.items AS i WHERE i.id = f.n AND i.name = f.t) FROM here.few AS f
SELECT f.n, (SELECT max(o.total) FROM shop.orders AS o WHERE o.order_id > f.n * 100) FROM here.few AS f
SELECT f.n FROM here.few AS f WHERE (SELECT count(*) FROM shop.orders AS o WHERE o.item_id = f.n) > 3
SELECT f.n FROM here.few AS f WHERE f.t = (SELECT i.name FROM shop.items AS i WHERE i.id = f.n)
SELECT f.t, count(*) FROM here.few AS f GROUP BY f.t HAVING count(*) > (SELECT count(*) FROM shop.items AS i WHERE i.name = f.t)
SELECT f.n, f.t FROM here.few AS f ORDER BY (SELECT i.qty FROM shop.items AS i WHERE i.id = f.n) DESC NULLS LAST, n, t
SELECT CASE WHEN f.n < 7 THEN (SELECT i.name FROM shop.items AS i WHERE i.id = f.n) ELSE f.t END FROM here.few AS f
SELECT sum((SELECT count(*) FROM shop.orders AS o WHERE o.item_id = f.n)) FROM here.few AS f
SELECT f.t, (SELECT string_agg(i.name, ',' ORDER BY i.id) FROM shop.items AS i WHERE i.id = max(f.n)) FROM here.few AS f GROUP BY f.t
SELECT f.t, (SELECT count(i.id) + sum(f.n) FROM shop.items AS i WHERE i.flag = 1) FROM here.few AS f GROUP BY f.t
SELECT f.t, (SELECT sum(f.n) FROM shop.items AS i WHERE i.id = 1) FROM here.few AS f GROUP BY f.t
SELECT f.n, ARRAY(SELECT i.id FROM shop.items AS i WHERE i.name = f.t AND i.id < 20 ORDER BY 1) FROM here.few AS f
SELECT f.n, (SELECT i FROM shop.items AS i WHERE i.id = f.n) FROM here.few AS f
SELECT f.n, (SELECT count(*) FROM shop.items AS i WHERE i.id = f.n AND (SELECT count(*) FROM shop.orders AS o WHERE o.item_id = i.id AND o.order_id % 3 = f.n % 3) = 2) FROM here.few AS f
SELECT f.n, (SELECT i.name FROM shop.items AS i WHERE i.id = ANY (ARRAY[f.n, f.n + 1]) ORDER BY id DESC LIMIT 1) FROM here.few AS f
SELECT i.id, (SELECT f.t FROM here.few AS f WHERE f.n = i.id LIMIT 1) FROM shop.items AS i WHERE i.id IN (1, 7)
SELECT n, (SELECT i.name FROM shop.items AS i WHERE i.id = n) FROM generate_series(3, 5) AS n
SELECT (VALUES ((SELECT name FROM shop.items WHERE id = f.n))) FROM here.few AS f WHERE n = 1
$$, E'\n'), E'\n');
SELECT * FROM here.compared('correlated');

--
-- Subqueries that run once, and only if they are needed, give values to be sent
--
INSERT INTO here.queries SELECT 'once', regexp_split_to_table(btrim($$
SELECT id FROM shop.items WHERE id = (SELECT max(n) FROM here.few WHERE n < 9)
SELECT id FROM shop.items WHERE name = (SELECT t FROM here.few WHERE n = 7)
SELECT id FROM shop.items WHERE name = (SELECT t FROM here.few WHERE n = 2 AND t <> 'apple')
SELECT id FROM shop.items WHERE id = (SELECT n FROM here.few WHERE n > 300)
SELECT id FROM shop.items WHERE id = ANY (ARRAY(SELECT n FROM here.few))
SELECT id FROM shop.items WHERE id = ANY (ARRAY(SELECT n FROM here.few WHERE n IS NULL))
SELECT id FROM shop.items WHERE name = ANY (ARRAY(SELECT t FROM here.few WHERE n = 2))
SELECT id FROM shop.items WHERE id IN ((SELECT min(n) FROM here.few), 5)
SELECT name FROM shop.items WHERE id = (SELECT max(item_id) FROM shop.orders WHERE order_id = (SELECT max(id) FROM shop.single))
SELECT coalesce(f.t, (SELECT max(status) FROM shop.items WHERE id IN (2, 3))) FROM here.few AS f
SELECT f.t FROM here.few AS f WHERE n < 0 AND t = (SELECT max(name) FROM shop.items)
SELECT f.n FROM here.few AS f WHERE EXISTS (SELECT FROM shop.items WHERE flag = 1)
SELECT f.n FROM here.few AS f WHERE NOT EXISTS (SELECT FROM shop.items WHERE flag = 1)
SELECT f.n FROM here.few AS f LIMIT (SELECT min(id) + 1 FROM shop.single) OFFSET (SELECT count(*) FROM shop.empty_table)
$$, E'\n'), E'\n');
SELECT * FROM here.compared('once');

--
-- IN, EXISTS, ANY, ALL and comparisons of rows, with NULLs on either side
--
INSERT INTO here.queries SELECT 'sublinks', regexp_split_to_table(btrim($$
SELECT f.n FROM here.few AS f WHERE f.n IN (SELECT id FROM shop.items)
SELECT f.n, f.n IN (SELECT id FROM shop.items) FROM here.few AS f
SELECT f.n, f.n IN (SELECT qty FROM shop.items WHERE id < 9) FROM here.few AS f
SELECT f.n FROM here.few AS f WHERE f.n IN (SELECT item_id FROM shop.orders WHERE city = 'Riga') OR f.t = ''
SELECT f.n, f.n IN (SELECT i.qty FROM shop.items AS i WHERE i.id < f.n) FROM here.few AS f
SELECT f.n, f.n IN (SELECT id FROM shop.empty_table) FROM here.few AS f
SELECT f.n FROM here.few AS f WHERE f.n NOT IN (SELECT id FROM shop.items)
SELECT f.n FROM here.few AS f WHERE f.n NOT IN (SELECT qty FROM shop.items)
SELECT f.n, f.n NOT IN (SELECT qty FROM shop.items WHERE qty IS NOT NULL) FROM here.few AS f
SELECT f.n FROM here.few AS f WHERE f.n NOT IN (SELECT id FROM shop.items WHERE id = NULL)
SELECT f.n FROM here.few AS f WHERE f.n NOT IN (SELECT i.qty FROM shop.items AS i WHERE i.id = f.n)
SELECT i.id FROM shop.items AS i WHERE i.qty NOT IN (SELECT n FROM here.few WHERE n IS NOT NULL) AND i.id < 9
SELECT i.id FROM shop.items AS i WHERE (i.id, i.name) IN (SELECT n, t FROM here.few)
SELECT f.n FROM here.few AS f WHERE (f.n, f.t) NOT IN (SELECT id, name FROM shop.items)
SELECT f.n, (f.n, f.t) IN (SELECT id, name FROM shop.items WHERE id < 9) FROM here.few AS f
SELECT f.n FROM here.few AS f WHERE EXISTS (SELECT FROM shop.items AS i WHERE i.id = f.n)
SELECT f.n, EXISTS (SELECT FROM shop.items AS i WHERE i.id = f.n AND i.name = f.t) FROM here.few AS f
SELECT f.n FROM here.few AS f WHERE NOT EXISTS (SELECT FROM shop.items AS i WHERE i.id = f.n)
SELECT f.n FROM here.few AS f WHERE EXISTS (SELECT FROM shop.items AS i WHERE i.id = f.n) = (f.t = 'Apple')
SELECT i.id FROM shop.items AS i WHERE NOT EXISTS (SELECT FROM shop.orders AS o WHERE o.item_id = i.id AND o.total > 900)
SELECT f.n FROM here.few AS f WHERE f.n > ALL (SELECT id FROM shop.items WHERE id < 7)
SELECT f.n, f.n > ALL (SELECT id FROM shop.empty_table), f.n > ANY (SELECT id FROM shop.empty_table) FROM here.few AS f
SELECT f.n, f.n > ALL (SELECT qty FROM shop.items WHERE id IN (3, 4)) FROM here.few AS f
SELECT f.n, f.n <= ANY (SELECT qty FROM shop.items WHERE id IN (3, 4, 5)) FROM here.few AS f
SELECT f.n, f.n <> ALL (SELECT id FROM shop.items WHERE flag = 1) FROM here.few AS f
SELECT f.n, f.t = ANY (SELECT name FROM shop.items WHERE id <= f.n) FROM here.few AS f
SELECT f.n, (f.n, f.t) < (SELECT id, name FROM shop.items WHERE id = 2) FROM here.few AS f
SELECT f.n, (f.n, f.t) = (SELECT id, name FROM shop.items WHERE name = 'Apple') FROM here.few AS f
SELECT f.n, (SELECT (name, qty) FROM shop.items WHERE id = f.n) IS NULL FROM here.few AS f
SELECT f.n, (SELECT count(*) FROM shop.all_null AS a WHERE a.name = f.t) FROM here.few AS f
SELECT i.id FROM shop.items AS i WHERE (i.id, i.name) >= (2, 'apple') AND (i.id, i.flag) < (9, 1)
SELECT i.id FROM shop.items AS i WHERE (i.id, i.name) = (2, 'apple') OR ROW(i.id, i.qty) IS NOT DISTINCT FROM ROW(4, NULL)
SELECT i.id FROM shop.items AS i WHERE (i.id, i.flag) IN ((2, 0), (3, 0), (5, 1))
SELECT a.id FROM shop.items AS a JOIN shop.single AS b ON a.name = b.name AND (a.id, a.qty) IN ((SELECT id, qty FROM shop.items WHERE id = 1))
$$, E'\n'), E'\n');
SELECT query, rows, verdict FROM here.compared('sublinks');

--
-- LATERAL: scans that start over with other values, at their beginning, in their midst and after
-- their end
--
INSERT INTO here.queries SELECT 'laterals', regexp_split_to_table(btrim($$
SELECT f.n, i.* FROM here.few AS f, LATERAL (SELECT id, name FROM shop.items WHERE id = f.n OFFSET 0) AS i
SELECT f.n, i.* FROM here.few AS f LEFT JOIN LATERAL (SELECT id, name FROM shop.items WHERE id = f.n AND name = f.t OFFSET 0) AS i ON true
SELECT f.n, o.* FROM here.few AS f, LATERAL (SELECT order_id, city FROM shop.orders WHERE item_id = f.n ORDER BY order_id LIMIT 2) AS o
SELECT f.n, o.* FROM here.few AS f, LATERAL (SELECT order_id, city FROM shop.orders WHERE item_id = f.n LIMIT f.n) AS o
SELECT f.n, o.* FROM here.few AS f, LATERAL (SELECT order_id FROM shop.orders WHERE item_id = f.n OFFSET f.n) AS o
SELECT f.n, i.* FROM here.few AS f LEFT JOIN LATERAL (SELECT id FROM shop.items LIMIT f.n OFFSET 1) AS i ON i.id < 5
SELECT f.n, i.* FROM here.few AS f LEFT JOIN LATERAL (SELECT id FROM shop.items WHERE flag = 1 LIMIT 2 OFFSET f.n) AS i ON true
SELECT f.n, i.* FROM here.few AS f LEFT JOIN LATERAL (SELECT f.n + id AS sum, id FROM shop.items WHERE flag = 0 LIMIT 3) AS i ON i.id <> f.n
SELECT f.n, x.* FROM here.few AS f, LATERAL (SELECT count(*), max(o.total) FROM shop.orders AS o WHERE o.item_id = f.n) AS x
SELECT f.n, x.* FROM here.few AS f, LATERAL (SELECT id FROM shop.items WHERE id = f.n UNION ALL SELECT order_id FROM shop.orders WHERE item_id = f.n) AS x
SELECT f.n, i.id, o.order_id FROM here.few AS f, LATERAL (SELECT * FROM shop.items WHERE id = f.n OFFSET 0) AS i, LATERAL (SELECT * FROM shop.orders WHERE item_id = i.id AND order_id > f.n LIMIT 2) AS o
SELECT f.n, x.id FROM here.few AS f, LATERAL (SELECT i.id FROM shop.items AS i WHERE i.id = ANY (ARRAY[f.n, 3]) OFFSET 0) AS x
SELECT f.n, x.id FROM here.few AS f, LATERAL (SELECT i.id FROM shop.items AS i WHERE i.name = f.t OR i.id = f.n ORDER BY i.id FETCH FIRST 1 ROW WITH TIES) AS x
SELECT i.id, o.order_id FROM shop.items AS i CROSS JOIN LATERAL (SELECT order_id FROM shop.orders WHERE item_id = i.id OFFSET 3) AS o WHERE i.id IN (3, 5, 9)
SELECT i.id, u FROM shop.items AS i, unnest(ARRAY[i.qty, i.flag]) AS u WHERE i.id < 4
SELECT i.id, g FROM shop.items AS i, generate_series(1, i.id) AS g WHERE i.id < 4
SELECT v.n, i.id FROM (VALUES (4), (NULL), (2), (4)) AS v (n) LEFT JOIN LATERAL (SELECT * FROM shop.items WHERE id = v.n OFFSET 0) AS i ON i.flag = 0
SELECT s.id, x.* FROM shop.single AS s, LATERAL (SELECT s.name AS outer_name, i.name FROM shop.items AS i WHERE i.status = s.status LIMIT 2) AS x
$$, E'\n'), E'\n');
SELECT * FROM here.compared('laterals');

--
-- WITH: what is kept is asked for once, and what is not read is not asked for
--
INSERT INTO here.queries SELECT 'withs', regexp_split_to_table(btrim($$
WITH i AS MATERIALIZED (SELECT id, name FROM shop.items WHERE flag = 1) SELECT a.id, b.name FROM i AS a JOIN i AS b ON b.id = a.id + 2
WITH i AS NOT MATERIALIZED (SELECT id, name FROM shop.items) SELECT a.id, b.name FROM i AS a, i AS b WHERE a.id = 1 AND b.id = 3
WITH i AS MATERIALIZED (SELECT id FROM shop.items) SELECT * FROM i LIMIT 3
WITH i AS MATERIALIZED (SELECT id FROM shop.items) SELECT n, (SELECT count(*) FROM i) FROM here.few WHERE n < 0
WITH i AS (SELECT id FROM shop.items WHERE id = 5), j AS (SELECT * FROM i UNION ALL SELECT * FROM i) SELECT count(*), (SELECT max(id) FROM j) FROM j
$$, E'\n'), E'\n');
SELECT * FROM here.compared('withs');
INSERT INTO here.queries SELECT 'recursion', regexp_split_to_table(btrim($$
WITH RECURSIVE up (id, step) AS (SELECT 1::bigint, 0 UNION ALL SELECT i.id, step + 1 FROM up JOIN shop.items AS i ON i.id = up.id * 3) SELECT * FROM up
WITH RECURSIVE up (id) AS (SELECT id FROM shop.single UNION SELECT i.id FROM up, LATERAL (SELECT id FROM shop.items WHERE id = up.id * 2 OFFSET 0) AS i) SELECT * FROM up
WITH RECURSIVE up (id, n) AS (SELECT id, 1 FROM shop.items WHERE id IN (2, 3) UNION ALL SELECT up.id + (SELECT count(*) FROM shop.items AS i WHERE i.id = up.id), n + 1 FROM up WHERE n < 4) SELECT * FROM up
WITH RECURSIVE up (id) AS (SELECT 1::bigint UNION ALL SELECT i.id + 1 FROM shop.items AS i JOIN up ON up.id = i.id) SELECT * FROM up LIMIT 3
$$, E'\n'), E'\n');
SELECT query, rows, verdict FROM here.compared('recursion');

--
-- Set operations, aggregates, windows, and two scans of one table in a query
--
INSERT INTO here.queries SELECT 'others', regexp_split_to_table(btrim($$
SELECT id FROM shop.items WHERE flag = 1 UNION SELECT item_id FROM shop.orders WHERE city = 'Riga'
SELECT status FROM shop.items WHERE flag = 1 UNION ALL SELECT city FROM shop.orders WHERE item_id = 8 UNION ALL SELECT t FROM here.few
SELECT qty FROM shop.items INTERSECT SELECT item_id FROM shop.orders
SELECT qty FROM shop.items INTERSECT ALL SELECT qty FROM shop.items WHERE id < 30
SELECT id FROM shop.items EXCEPT SELECT item_id FROM shop.orders WHERE total > 800
SELECT qty FROM shop.items EXCEPT ALL SELECT qty FROM shop.items WHERE flag = 1
SELECT name FROM shop.items WHERE id < 4 UNION (SELECT city FROM shop.orders ORDER BY order_id DESC LIMIT 3) ORDER BY 1
SELECT id FROM (SELECT id, 'a' AS t FROM shop.items UNION ALL SELECT order_id, 'b' FROM shop.orders) AS u WHERE id = 5 AND t = 'b'
SELECT a.id FROM shop.items AS a WHERE a.flag = 1 AND a.qty = (SELECT max(b.qty) FROM shop.items AS b WHERE b.flag = 1)
SELECT (SELECT count(*) FROM shop.items WHERE flag = 1), (SELECT count(*) FROM shop.items WHERE flag = 0), (SELECT count(*) FROM shop.items)
SELECT status, flag, count(*), sum(qty) FROM shop.items GROUP BY GROUPING SETS ((status, flag), (status), (flag), ())
SELECT status, flag, count(*), grouping(status, flag) FROM shop.items WHERE id < 30 GROUP BY ROLLUP (status, flag) ORDER BY 1, 2, 4
SELECT status, flag, tz, count(*) FROM shop.items GROUP BY CUBE (status, flag, tz) HAVING count(*) > 40
SELECT DISTINCT status, flag FROM shop.items
SELECT DISTINCT ON (status) status, id FROM shop.items ORDER BY status, id DESC
SELECT count(*), count(DISTINCT status), count(*) FILTER (WHERE flag = 1), sum(qty) FILTER (WHERE qty > (SELECT min(id) FROM shop.single)) FROM shop.items
SELECT flag, percentile_disc(0.5) WITHIN GROUP (ORDER BY amount), mode() WITHIN GROUP (ORDER BY status), rank(50) WITHIN GROUP (ORDER BY id) FROM shop.items GROUP BY flag
SELECT flag, string_agg(name, ',' ORDER BY id DESC), array_agg(DISTINCT status) FROM shop.items WHERE id < 20 GROUP BY flag HAVING bool_or(name IS NULL)
SELECT count(*), max(id) FROM shop.items WHERE id = NULL
SELECT status FROM shop.items WHERE id = NULL GROUP BY status
SELECT id, row_number() OVER w, lag(name, 2) OVER w, sum(qty) OVER (w ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM shop.items WINDOW w AS (PARTITION BY status ORDER BY id) ORDER BY id
SELECT * FROM (SELECT id, rank() OVER (PARTITION BY status ORDER BY qty DESC NULLS LAST, id) AS place FROM shop.items) AS ranked WHERE place < 3
SELECT id, qty, min(id) OVER (ORDER BY qty RANGE BETWEEN 5 PRECEDING AND CURRENT ROW), ntile(4) OVER (ORDER BY id) FROM shop.items WHERE qty < 100
SELECT status, sum(count(*)) OVER (ORDER BY status) FROM shop.items GROUP BY status ORDER BY 1
SELECT * FROM (SELECT id, amount FROM shop.items ORDER BY amount DESC NULLS LAST FETCH FIRST 3 ROWS WITH TIES) AS most
SELECT id, price FROM shop.items ORDER BY price, id LIMIT 5 OFFSET 10
SELECT status, id, qty FROM (SELECT * FROM shop.items ORDER BY status, id LIMIT 100) AS sorted ORDER BY status, qty, id
SELECT generate_series(1, id) AS n, id FROM shop.items WHERE id < 5 ORDER BY 2, 1
SELECT id, unnest(string_to_array(name, ' ')) FROM shop.items WHERE id IN (12, 13, 36)
SELECT v.n FROM (VALUES ((SELECT count(*) FROM shop.items WHERE flag = 1)), ((SELECT max(id) FROM shop.items))) AS v (n)
SELECT id FROM shop.items WHERE CASE WHEN name IS NULL THEN false ELSE length(name) > (SELECT max(length(name)) FROM shop.single) * 50 END
SELECT id FROM shop.items AS i WHERE i IS DISTINCT FROM (SELECT s FROM shop.items AS s WHERE id = 4) AND id < 7
SELECT a.id FROM shop.items AS a JOIN shop.items AS b ON a = b WHERE a.id < 20
$$, E'\n'), E'\n');
SELECT * FROM here.compared('others');

--
-- All of these again: as EXPLAIN ANALYZE counts their rows, as nested loops that keep no rows,
-- with little memory, compiled, and in a server that prefers parallel workers
--
CREATE FUNCTION here.analyzed(query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    explained json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, FORMAT JSON) ' || query INTO explained;
    RETURN (explained -> 0 -> 'Plan' ->> 'Actual Rows')::numeric;
END
$$;
CREATE FUNCTION here.wrong(pattern text DEFAULT '') RETURNS TABLE (part text, queries bigint, wrong text[]) LANGUAGE sql AS $$
    SELECT part, count(*), array_agg(c.query) FILTER (WHERE verdict <> 'right')
    FROM (SELECT DISTINCT part FROM here.queries) AS parts, here.compared(part, pattern) AS c GROUP BY 1 ORDER BY part COLLATE "C"
$$;
SELECT count(*), count(*) FILTER (WHERE here.analyzed(c.query) <> c.rows) AS wrong
FROM (SELECT DISTINCT part FROM here.queries) AS parts, here.compared(part) AS c;
BEGIN;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_material = off;
SELECT * FROM here.wrong('here.few|single|RECURSIVE');
COMMIT;
BEGIN;
SET LOCAL work_mem = '64kB';
SET LOCAL enable_hashagg = off;
SET LOCAL enable_hashjoin = off;
SELECT * FROM here.wrong();
COMMIT;
BEGIN;
SET LOCAL jit = on;
SET LOCAL jit_above_cost = 0;
SET LOCAL jit_inline_above_cost = -1;
SET LOCAL jit_optimize_above_cost = -1;
SELECT * FROM here.wrong('ALL \(|OFFSET|min\(');
COMMIT;
BEGIN;
-- (force_parallel_mode before PostgreSQL 16)
SELECT count(set_config(name, 'on', true)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT * FROM here.wrong('ALL \(|OFFSET|min\(');
COMMIT;
-- and with connectors whose filters are of no use, which a scan may find out late: its first
-- value may not be sent
BEGIN;
SET LOCAL client_min_messages = error;
ALTER FOREIGN TABLE shop.items OPTIONS (SET table_name 'items+filter_loses_all');
ALTER FOREIGN TABLE shop.orders OPTIONS (SET table_name 'orders+filter_500');
SELECT v.t, (SELECT id FROM shop.items AS i WHERE i.name = v.t) FROM (VALUES ('it''s'), ('Apple'), ('apple'), ('none')) AS v (t);
SELECT * FROM here.wrong('here.few');
ROLLBACK;

--
-- Errors, after which the session goes on
--
SELECT * FROM attempt('SELECT (SELECT id FROM shop.items WHERE flag = 1)');
SELECT * FROM attempt('SELECT f.n, (SELECT id FROM shop.items AS i WHERE i.id = f.n OR f.n = 7) FROM here.few AS f');
SELECT * FROM attempt('SELECT f.n, (SELECT 1 / (i.id - f.n) FROM shop.items AS i WHERE i.id = 7) FROM here.few AS f');
SELECT * FROM attempt('SELECT f.n FROM here.few AS f WHERE (f.n, f.t) = (SELECT id, name FROM shop.items)');
SELECT * FROM attempt('WITH i AS (SELECT 1 / (id - 9) FROM shop.items) SELECT * FROM i AS a, i AS b');
SELECT * FROM attempt('SELECT * FROM shop.items TABLESAMPLE SYSTEM (10)');
SELECT * FROM attempt('SELECT * FROM shop.items LIMIT (SELECT -max(id) FROM shop.single)');
BEGIN;
SAVEPOINT here;
SELECT id, (SELECT id FROM shop.items) FROM shop.items;
ROLLBACK TO here;
SELECT * FROM here.wrong('RECURSIVE');
COMMIT;

--
-- Subqueries in other statements and in views
--
WITH updated AS (
    UPDATE here.few AS f SET t = (SELECT name FROM shop.items AS i WHERE i.id = f.n)
    WHERE t = ANY (ARRAY(SELECT name FROM shop.items WHERE id < 4)) RETURNING n, t, (SELECT count(*) FROM shop.orders WHERE item_id = n))
SELECT * FROM updated ORDER BY n;
INSERT INTO here.few VALUES ((SELECT max(id) FROM shop.items), (SELECT name FROM shop.single)) RETURNING *;
DELETE FROM here.few AS f WHERE n = (SELECT max(i.id) FROM shop.items AS i WHERE i.id = f.n AND f.t = (SELECT name FROM shop.single)) AND n > 7 RETURNING *;
CREATE VIEW here.barrier WITH (security_barrier) AS SELECT * FROM shop.items WHERE price > 100 OR id < 4;
CREATE FUNCTION here.leaks(name text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
    $$ BEGIN RAISE NOTICE 'seen: %', name; RETURN true; END $$;
SELECT id FROM here.barrier WHERE here.leaks(name) AND id IN (3, 4, 5);
SELECT body ->> 'filter' AS filter FROM requests_of('SELECT id FROM here.barrier WHERE status = ''lost''') AS body;
CREATE MATERIALIZED VIEW here.cities AS
    SELECT city, count(*) AS orders, (SELECT count(*) FROM shop.items WHERE flag = 1) AS items FROM shop.orders GROUP BY city;
REFRESH MATERIALIZED VIEW here.cities;
SELECT * FROM here.cities ORDER BY city COLLATE "C";

SET client_min_messages = error;
DROP SCHEMA here CASCADE;
RESET client_min_messages;
