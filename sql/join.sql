--
-- Joins: a foreign scan on either side of every kind of join that there is, started
-- over and over, and with little memory.
--

-- Queries of a few rows, which the planner takes for large ones, are not worth compiling
SET jit = off;

-- Copies of the tables, to compare with, and a table to join them with
-- Whatever the server prefers: workers have a section of their own
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA here;
CREATE TABLE here.items AS SELECT * FROM shop.items;
CREATE TABLE here.orders AS SELECT * FROM shop.orders;
CREATE TABLE here.single AS SELECT * FROM shop.single;
CREATE TABLE here.empty_table AS SELECT * FROM shop.empty_table;
CREATE TABLE here.bigids AS SELECT * FROM shop.bigids;
CREATE TABLE here.few (n int, t text);
INSERT INTO here.few VALUES (1, 'Apple'), (2, 'apple'), (2, 'it''s'), (NULL, NULL), (7, 'Apple'), (300, '');
ANALYZE here.few, here.items, here.orders;

-- The nodes of a plan
CREATE FUNCTION here.nodes(plan jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN plan ->> 'Node Type' IN ('Result', 'Subquery Scan', 'Aggregate') AND plan ? 'Plans'
                THEN here.nodes(plan -> 'Plans' -> 0)
                ELSE (plan ->> 'Node Type') || coalesce(' ' || nullif(plan ->> 'Join Type', 'Inner'), '')
                     || coalesce(' ' || (plan ->> 'Alias'), '')
                     || coalesce((SELECT ' (' || string_agg(here.nodes(child), ', ' ORDER BY n) || ')'
                                  FROM jsonb_array_elements(plan -> 'Plans') WITH ORDINALITY AS c (child, n)), '') END
$$;
-- For each query (one a line): how many rows there are, whether they are those of the
-- copies, and the plan
CREATE FUNCTION here.compared(queries text)
RETURNS TABLE (query text, "rows" int, verdict text, plan text)
LANGUAGE plpgsql AS $$
DECLARE
    got text[];
    wanted text[];
    explained json;
BEGIN
    FOREACH query IN ARRAY string_to_array(btrim(queries, E'\n'), E'\n') LOOP
        EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO explained;
        plan := here.nodes((explained -> 0 -> 'Plan')::jsonb);
        EXECUTE format('SELECT array_agg(t ORDER BY t COLLATE "C") FROM (SELECT q::text AS t FROM (%s) AS q OFFSET 0) AS rows', query) INTO got;
        EXECUTE format('SELECT array_agg(t ORDER BY t COLLATE "C") FROM (SELECT q::text AS t FROM (%s) AS q OFFSET 0) AS rows',
                       replace(query, 'shop.', 'here.')) INTO wanted;
        rows := coalesce(cardinality(wanted), 0);
        verdict := CASE WHEN got IS DISTINCT FROM wanted THEN 'WRONG' ELSE 'right' END;
        RETURN NEXT;
    END LOOP;
END
$$;
CREATE FUNCTION here.joins(wanted text) RETURNS void LANGUAGE sql AS $$
    SELECT set_config('enable_' || name, CASE name WHEN wanted THEN 'on' ELSE 'off' END, false)
    FROM unnest('{hashjoin,mergejoin,nestloop}'::text[]) AS name
$$;

--
-- Nested loops: the inner scan starts over for each row of the outer one
--
SELECT here.joins('nestloop');
SET enable_material = off;
-- (PostgreSQL 14 and later)
SELECT count(set_config(name, 'off', false)) < 2 AS ok FROM pg_settings WHERE name = 'enable_memoize';
SELECT * FROM here.compared($$
SELECT f.n, i.id FROM here.few AS f LEFT JOIN shop.items AS i ON i.id = f.n
SELECT f.n, i.name FROM shop.items AS i RIGHT JOIN here.few AS f ON i.name = f.t
SELECT f.n, i.id FROM here.few AS f LEFT JOIN shop.items AS i ON i.id > f.n * 40 AND i.flag = 1
SELECT f.n, i FROM here.few AS f LEFT JOIN shop.items AS i ON i.id = f.n AND f.n > 1 AND i.status = 'won'
SELECT f.n, i.id FROM here.few AS f LEFT JOIN shop.items AS i ON i.id = f.n WHERE i.id IS NULL
SELECT f.n FROM here.few AS f WHERE EXISTS (SELECT FROM shop.orders AS o WHERE o.item_id > f.n * 30)
SELECT f.n FROM here.few AS f WHERE NOT EXISTS (SELECT FROM shop.orders AS o WHERE o.item_id > f.n * 30)
SELECT f.n FROM here.few AS f WHERE NOT EXISTS (SELECT FROM shop.items AS i WHERE i.name = f.t AND i.id >= f.n)
SELECT a.id, b.id FROM shop.single AS a JOIN shop.items AS b ON b.id < a.id + 3
SELECT a.id, b.id FROM shop.items AS a JOIN shop.items AS b ON b.id = a.id * 2 WHERE a.id IN (3, 5, 200) AND b.flag = 0
SELECT f.n, b.name, o.order_id FROM here.few AS f LEFT JOIN (shop.single AS b JOIN shop.orders AS o ON o.item_id = b.id) ON o.order_id > f.n * 100
SELECT v.*, i.name FROM (VALUES (1, 'won'), (2, 'won'), (3, NULL)) AS v (id, status) LEFT JOIN shop.items AS i ON i.id >= v.id AND i.status = v.status
SELECT n, i.name FROM generate_series(9, 7, -1) AS n LEFT JOIN shop.items AS i ON i.id = n
SELECT f.n, i.id FROM here.few AS f LEFT JOIN shop.items AS i ON f.n > 1 AND i.name = 'Apple'
SELECT f.n, i.id FROM here.few AS f LEFT JOIN shop.items AS i ON i.id = NULL
SELECT f.n, e.id FROM here.few AS f LEFT JOIN shop.empty_table AS e ON e.id >= f.n
SELECT f.n, s.id, x.n FROM here.few AS f CROSS JOIN shop.single AS s LEFT JOIN here.few AS x ON x.n = s.id
$$);
RESET enable_material;

--
-- Parameterized scans: the values of an outer row are part of the request, where that is
-- worth it
--
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER joined FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data',
    filter_operators 'eq,in,ne,not_in,lt,le,gt,ge,substring,like,and,or');
CREATE USER MAPPING FOR CURRENT_USER SERVER joined OPTIONS (login 'anna', password 's3cret word');
CREATE SCHEMA there;
CREATE FOREIGN TABLE there.orders (order_id int OPTIONS (column_name 'ORDER_ID'), item_id int OPTIONS (column_name 'ITEM_ID'),
    city text OPTIONS (column_name 'CITY') COLLATE "C", ordered timestamp OPTIONS (column_name 'ORDERED', field_type 'datetime'))
    SERVER joined OPTIONS (table_name 'orders', estimated_rows '1000000');
CREATE VIEW there.guarded WITH (security_barrier) AS SELECT * FROM there.orders WHERE order_id % 2 = 0;
CREATE VIEW here.guarded AS SELECT * FROM here.orders WHERE order_id % 2 = 0;
CREATE TABLE here.three (n int, m int, list int[], city text COLLATE "C", born date);
INSERT INTO here.three VALUES (3, 40, '{3,5,900}', 'Москва', '2024-01-10'), (7, 7, '{}', 'Riga', '2024-02-01'), (250, NULL, NULL, 'N', NULL);
CREATE TABLE here.thousand AS SELECT n, 1001 - n AS m FROM generate_series(1, 1000) AS n;
ANALYZE here.three, here.thousand;
-- For each query (one a line): how many rows there are, whether they are those of the
-- copies, and the filters that were sent, with how many times if not once
CREATE FUNCTION here.sent(queries text)
RETURNS TABLE (query text, "rows" int, verdict text, sent text)
LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
    got text[];
    wanted text[];
BEGIN
    FOREACH query IN ARRAY string_to_array(btrim(queries, E'\n'), E'\n') LOOP
        place := log_end();
        got := result_of(query);
        SELECT string_agg(filter || CASE n WHEN 1 THEN '' ELSE ' x ' || n END, '; ' ORDER BY filter COLLATE "C") INTO sent
        FROM (SELECT coalesce(body ->> 'filter', 'all') AS filter, count(*) AS n FROM requests(place) GROUP BY 1) AS r;
        wanted := result_of(replace(query, 'there.', 'here.'));
        rows := cardinality(wanted);
        verdict := CASE WHEN wanted[1] ~ '^error' THEN wanted[1] WHEN got IS DISTINCT FROM wanted THEN 'WRONG' ELSE 'right' END;
        RETURN NEXT;
    END LOOP;
END
$$;
RESET enable_hashjoin;
RESET enable_mergejoin;
-- three outer rows, and a thousand; where a request is cheap, and where it is not
SELECT * FROM here.sent($$
SELECT t.n, o.order_id FROM here.three AS t JOIN there.orders AS o ON o.item_id = t.n
SELECT t.n, o.order_id FROM here.thousand AS t JOIN there.orders AS o ON o.item_id = t.n
$$);
ALTER SERVER joined OPTIONS (ADD fdw_startup_cost '10');
SELECT * FROM here.sent($$
SELECT t.n, o.order_id FROM here.three AS t JOIN there.orders AS o ON o.item_id = t.n
SELECT t.n, o.order_id FROM here.thousand AS t JOIN there.orders AS o ON o.item_id = t.n
SELECT t.n, o.order_id FROM here.three AS t JOIN there.orders AS o ON o.item_id = t.n WHERE t.n < 5
$$);
ALTER SERVER joined OPTIONS (SET fdw_startup_cost '1000000');
SELECT * FROM here.sent($$
SELECT t.n, o.order_id FROM here.three AS t JOIN there.orders AS o ON o.item_id = t.n
$$);
ALTER SERVER joined OPTIONS (DROP fdw_startup_cost);
-- any condition that can be sent.  (Filters that have found something are believed when they
-- find nothing later.)
SELECT here.joins('nestloop');
SET enable_material = off;
SELECT count(*) FROM there.orders WHERE order_id = 1 AND item_id > 0;
SELECT count(*) FROM there.orders WHERE item_id = 1 AND order_id > 0;
SELECT count(*) FROM there.orders WHERE item_id IN (1, 2) AND order_id <= 400;
SELECT count(*) FROM there.orders WHERE city = 'Riga' AND city > 'B';
SELECT count(*) FROM there.orders WHERE city LIKE 'R%';
SELECT * FROM here.sent($$
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.item_id = t.n AND o.order_id = t.m
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.item_id IN (t.n, t.m)
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.item_id IN (t.n, t.n + 1, 12)
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.item_id = ANY (t.list)
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.item_id > t.n
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.item_id BETWEEN t.n AND t.m
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON t.n >= o.order_id AND o.city > t.city
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.item_id > t.n * 1.5
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.ordered::date = t.born
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.ordered < t.born
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.city LIKE t.city || '%' AND o.item_id = t.n
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.item_id = t.n OR o.order_id = t.m
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.item_id = t.n AND o.order_id % 2 = 0 AND o.city = 'Riga'
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.item_id = t.n + o.order_id % 2
SELECT t.n, o.order_id, p.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.item_id = t.n LEFT JOIN there.orders AS p ON p.order_id = o.order_id + t.m
SELECT t.n FROM here.three AS t WHERE EXISTS (SELECT FROM there.orders AS o WHERE o.item_id = t.n AND o.city = t.city)
SELECT t.n FROM here.three AS t WHERE NOT EXISTS (SELECT FROM there.orders AS o WHERE o.item_id = t.n AND o.order_id > t.m * 50)
$$);
-- Into a security barrier goes only what tells nothing of the rows that it hides, and
-- nothing of a join
SELECT * FROM here.sent($$
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.guarded AS o ON o.item_id = t.n
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.guarded AS o ON o.item_id > t.n AND o.item_id < 10
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.guarded AS o ON o.city LIKE t.city || '%' AND o.item_id = 3
SELECT o.order_id FROM there.guarded AS o WHERE o.city LIKE 'R%' AND o.item_id = 7
SELECT o.order_id FROM there.orders AS o WHERE o.city LIKE 'R%' AND o.item_id = 7
$$);
-- Plans for any value
SET plan_cache_mode = force_generic_plan;
PREPARE joined(int) AS
    SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN there.orders AS o ON o.item_id = t.n AND o.order_id > $1 ORDER BY 1, 2;
SELECT log_end() AS place \gset
EXECUTE joined(300);
EXECUTE joined(800);
EXECUTE joined(NULL);
SELECT body ->> 'filter' AS filter FROM requests(:place);
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN here.orders AS o ON o.item_id = t.n AND o.order_id > 300 ORDER BY 1, 2;
SELECT t.n, o.order_id FROM here.three AS t LEFT JOIN here.orders AS o ON o.item_id = t.n AND o.order_id > 800 ORDER BY 1, 2;
DEALLOCATE joined;
RESET plan_cache_mode;
SET client_min_messages = error;
DROP SCHEMA there CASCADE;
DROP SERVER joined CASCADE;
RESET client_min_messages;
RESET enable_material;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_nestloop;

--
-- Joins by equality, whichever way they are done: by hash, by merging sorted rows, and by
-- nested loops that keep the inner rows
--
CREATE TABLE here.queries (query text);
INSERT INTO here.queries SELECT regexp_split_to_table(btrim($$
SELECT i.id, i.name, o.order_id FROM shop.items AS i JOIN shop.orders AS o ON o.item_id = i.id
SELECT i.id, o.order_id FROM shop.items AS i LEFT JOIN shop.orders AS o ON o.item_id = i.id AND o.city = 'Riga'
SELECT i.id, o.order_id FROM shop.items AS i RIGHT JOIN shop.orders AS o ON o.item_id = i.id AND i.status = 'won'
SELECT i.id, b.id, b.note FROM shop.items AS i FULL JOIN shop.bigids AS b ON b.id = i.id
SELECT i, o FROM shop.items AS i FULL JOIN (SELECT * FROM shop.orders WHERE total > 900) AS o ON o.item_id = i.id
SELECT i.id FROM shop.items AS i WHERE id IN (SELECT item_id FROM shop.orders WHERE city = 'Riga')
SELECT o.order_id FROM shop.orders AS o WHERE EXISTS (SELECT FROM shop.items AS i WHERE i.id = o.item_id AND i.flag = 1)
SELECT i.id FROM shop.items AS i WHERE NOT EXISTS (SELECT FROM shop.orders AS o WHERE o.item_id = i.id AND o.total < 250)
SELECT f.n, i.name FROM here.few AS f JOIN shop.items AS i ON i.id = f.n
SELECT f.n, i.id FROM here.few AS f FULL JOIN shop.items AS i ON i.name = f.t
SELECT f.n, i.id FROM shop.items AS i LEFT JOIN here.few AS f ON i.name = f.t AND i.id = f.n
SELECT a.id, b.id FROM shop.items AS a JOIN shop.items AS b ON a.id = b.id + 1 WHERE a.flag = 1 AND b.status = 'won'
SELECT a.id, b.id FROM shop.items AS a JOIN shop.items AS b ON a.qty = b.qty AND a.status = b.status AND a.id < b.id
SELECT a.id, b.id FROM shop.items AS a JOIN shop.items AS b ON lower(a.name) = lower(b.name) AND a.id <> b.id
SELECT a.id, b.id, c.order_id FROM shop.items AS a JOIN shop.single AS b USING (status) JOIN shop.orders AS c ON c.item_id = a.id
SELECT count(*), sum(a.qty) FROM shop.items AS a NATURAL JOIN shop.items AS b
SELECT i.born, i.id, h.id FROM shop.items AS i JOIN here.items AS h ON h.born = i.born AND h.created IS NOT DISTINCT FROM i.created
SELECT i.id, h.id FROM shop.items AS i JOIN here.items AS h ON h.price = i.price AND h.amount = i.amount
SELECT i.id, v.t FROM shop.items AS i JOIN (VALUES (3, 'three'), (5, 'five'), (NULL, 'none')) AS v (n, t) ON v.n = i.id
SELECT i.id, e.id FROM shop.items AS i LEFT JOIN shop.empty_table AS e ON e.id = i.id
SELECT e.id, i.id FROM shop.empty_table AS e FULL JOIN shop.single AS i ON e.id = i.id
SELECT e.id, i.id FROM shop.empty_table AS e JOIN shop.items AS i ON e.id = i.id
SELECT i.tableoid = 'shop.items'::regclass, i.id FROM shop.items AS i JOIN shop.orders AS o ON o.order_id = i.id AND o.city = 'Riga'
SELECT i.id, c.n FROM shop.items AS i JOIN (SELECT item_id, count(*) AS n FROM shop.orders GROUP BY 1) AS c ON c.item_id = i.id
$$, E'\n'), E'\n');
CREATE TABLE here.results AS SELECT ''::text AS kind, * FROM here.compared('SELECT 1') LIMIT 0;
INSERT INTO here.results SELECT 'hash', c.* FROM here.joins('hashjoin'), here.queries AS q, here.compared(q.query) AS c;
INSERT INTO here.results SELECT 'merge', c.* FROM here.joins('mergejoin'), here.queries AS q, here.compared(q.query) AS c;
INSERT INTO here.results SELECT 'loop', c.* FROM here.joins('nestloop'), here.queries AS q, here.compared(q.query) AS c WHERE q.query !~ 'FULL';
SELECT query, max(rows) AS "rows", max(verdict) FILTER (WHERE kind = 'hash' AND plan ~ '^Hash Join') AS hash,
    max(verdict) FILTER (WHERE kind = 'merge' AND plan ~ '^Merge Join') AS merge,
    max(verdict) FILTER (WHERE kind = 'loop' AND plan ~ '^Nested Loop') AS loop
FROM here.results GROUP BY 1 ORDER BY query COLLATE "C";
-- either side of a hash join was a foreign scan, in one query or another
SELECT here.joins('hashjoin');
SELECT count(*) FILTER (WHERE plan ~ '\(Foreign Scan \w+, Hash') > 2 AS outer, count(*) FILTER (WHERE plan ~ 'Hash \(Foreign Scan') > 2 AS inner
FROM here.results WHERE kind = 'hash';

-- Nothing is asked for that cannot matter
SELECT body ->> 'table' AS asked FROM requests_of('SELECT i.id FROM shop.empty_table AS e JOIN shop.items AS i ON i.id = e.id') AS body;
SELECT count(*) FROM requests_of('SELECT i.id FROM here.empty_table AS e JOIN shop.items AS i ON i.id = e.id');
SELECT count(*) FROM requests_of('SELECT i.id FROM here.empty_table AS e LEFT JOIN shop.items AS i ON i.id = e.id');

-- Hash tables in several batches, of which all but one wait in files
CREATE FUNCTION here.analyzed(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    explained json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, FORMAT JSON) ' || query INTO explained;
    RETURN explained -> 0 -> 'Plan';
END
$$;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT c.*, (SELECT max(b::int) > 1 FROM jsonb_path_query(here.analyzed(c.query), '$.**."Hash Batches"') AS b) AS batches
FROM here.compared($$
SELECT i.*, o.* FROM shop.items AS i JOIN shop.orders AS o ON o.item_id = i.id
SELECT i, o.order_id FROM shop.items AS i LEFT JOIN shop.orders AS o ON o.item_id = i.id AND o.total > 500
SELECT i, o FROM shop.items AS i FULL JOIN here.orders AS o ON o.order_id = i.id + 900
$$) AS c;
RESET hash_mem_multiplier;
RESET work_mem;

-- Joins that start over as a whole: hash tables that are kept, made anew, and made for
-- other parameters
SET enable_nestloop = on;
SELECT query, rows, verdict, plan ~ 'Hash Join' AS hash FROM here.compared($$
SELECT f.n, (SELECT count(*) FROM shop.items AS i JOIN shop.orders AS o ON o.item_id = i.id WHERE i.id > f.n * 30) FROM here.few AS f
SELECT f.n, (SELECT count(*) FROM shop.items AS i JOIN shop.orders AS o ON o.item_id = i.id AND o.item_id < f.n * 30 AND i.id > f.n) FROM here.few AS f
SELECT f.n, x.* FROM here.few AS f LEFT JOIN LATERAL (SELECT i.id, o.order_id FROM shop.items AS i FULL JOIN shop.orders AS o ON o.item_id = i.id WHERE i.id = f.n OR o.order_id = f.n) AS x ON true
SELECT f.n, x.* FROM here.few AS f, LATERAL (SELECT i.id, o.order_id FROM shop.items AS i LEFT JOIN shop.orders AS o ON o.item_id = i.id AND o.city = 'Riga' WHERE i.name = f.t ORDER BY 1, 2 LIMIT f.n) AS x
$$);
SELECT here.joins('mergejoin');
SET enable_nestloop = on;
SELECT query, rows, verdict, plan ~ 'Merge Join' AS merge FROM here.compared($$
SELECT f.n, (SELECT count(*) FROM shop.items AS i JOIN shop.orders AS o ON o.item_id = i.id WHERE i.id > f.n * 30) FROM here.few AS f
SELECT f.n, x.* FROM here.few AS f, LATERAL (SELECT i.id, o.order_id FROM shop.items AS i LEFT JOIN shop.orders AS o ON o.item_id = i.id AND o.order_id > f.n WHERE i.status = 'won' ORDER BY 1, 2 LIMIT f.n) AS x
$$);
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_nestloop;

--
-- Some of these joins again: as EXPLAIN ANALYZE counts their rows, compiled, and in a server
-- that prefers parallel workers, which have no part in the foreign scan
--
SELECT count(*), count(*) FILTER (WHERE (analyzed ->> 'Actual Rows')::numeric <> r.rows) AS wrong
FROM here.results AS r, here.analyzed(query) WHERE kind = 'hash';
BEGIN;
SET LOCAL jit = on;
SET LOCAL jit_above_cost = 0;
SET LOCAL jit_inline_above_cost = -1;
SET LOCAL jit_optimize_above_cost = -1;
SELECT count(*), count(*) FILTER (WHERE c.verdict <> 'right') AS wrong
FROM here.queries AS q, here.compared(q.query) AS c WHERE q.query ~ 'here';
COMMIT;
CREATE TABLE here.many AS SELECT n, n % 260 AS item_id FROM generate_series(1, 20000) AS n;
ANALYZE here.many;
BEGIN;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_leader_participation = off;
SELECT query, rows, verdict, plan ~ 'Gather[^(]* \(.*Seq Scan m' AS parallel, plan ~ 'Gather[^(]* \([^)]*Foreign' AS wrong FROM here.compared($$
SELECT i.status, count(*), sum(m.n) FROM here.many AS m JOIN shop.items AS i ON i.id = m.item_id GROUP BY 1
SELECT i.id, m.n FROM shop.items AS i LEFT JOIN here.many AS m ON m.item_id = i.id AND m.n < 1000 WHERE i.flag = 1
SELECT m.item_id, count(*) FROM here.many AS m WHERE EXISTS (SELECT FROM shop.items AS i WHERE i.id = m.item_id AND i.name LIKE 'Item 2%') GROUP BY 1
$$);
SELECT query, rows, verdict FROM here.compared($$
SELECT count(*) FROM here.many AS m WHERE m.item_id = (SELECT max(id) FROM shop.items WHERE status = 'won')
SELECT count(*) FROM here.many AS m WHERE m.item_id NOT IN (SELECT id FROM shop.items)
$$);
-- (force_parallel_mode before PostgreSQL 16)
SELECT count(set_config(name, 'on', true)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT count(*), count(*) FILTER (WHERE c.verdict <> 'right') AS wrong
FROM here.queries AS q, here.compared(q.query) AS c WHERE q.query ~ 'here';
-- a worker may scan if it calls a function that does
CREATE FUNCTION here.name_of(wanted bigint) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    'BEGIN RETURN (SELECT name FROM shop.items WHERE id = wanted); END';
SELECT n, here.name_of(n) FROM here.few;
ROLLBACK;

--
-- Joins in statements that lock and change the other table
--
SELECT f.n, i.name FROM here.few AS f JOIN shop.items AS i ON i.id = f.n ORDER BY f.n, f.t FOR UPDATE;
SELECT f.n, i.name FROM here.few AS f LEFT JOIN shop.items AS i ON i.id = f.n WHERE f.n > 2 ORDER BY f.n FOR NO KEY UPDATE OF f SKIP LOCKED;
SELECT i.id, i.name FROM shop.items AS i WHERE i.id = 5 FOR SHARE;
WITH updated AS (
    UPDATE here.few AS f SET t = i.name, n = i.id + o.n
    FROM shop.items AS i, (SELECT item_id, count(*) AS n FROM shop.orders WHERE city = 'Казань' GROUP BY 1) AS o
    WHERE i.id = f.n AND o.item_id = i.id + 1 RETURNING f.*, i.status)
SELECT * FROM updated ORDER BY n;
WITH deleted AS (
    DELETE FROM here.few AS f WHERE NOT EXISTS (SELECT FROM shop.items AS i WHERE i.id = f.n) RETURNING *)
SELECT * FROM deleted ORDER BY n;
ALTER TABLE here.items ADD PRIMARY KEY (id);
INSERT INTO here.items AS h (id, name) SELECT i.id + 240, i.name FROM shop.items AS i WHERE id BETWEEN 9 AND 12
ON CONFLICT (id) DO UPDATE SET name = h.name || ' and ' || excluded.name RETURNING id, name;
-- (MERGE is in PostgreSQL 15 and later)
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 150000 THEN
        EXECUTE '
            MERGE INTO here.items AS h USING shop.items AS i ON h.id = i.id + 242
            WHEN MATCHED AND i.flag = 1 THEN DELETE
            WHEN MATCHED THEN UPDATE SET name = i.name
            WHEN NOT MATCHED AND i.id < 12 THEN INSERT (id, name) VALUES (1000 + i.id, i.name)';
    ELSE
        INSERT INTO here.items (id, name) SELECT 1000 + i.id, i.name FROM shop.items AS i
        WHERE i.id < 12 AND NOT EXISTS (SELECT FROM here.items AS h WHERE h.id = i.id + 242);
        UPDATE here.items AS h SET name = i.name FROM shop.items AS i WHERE h.id = i.id + 242 AND i.flag = 0;
        DELETE FROM here.items AS h USING shop.items AS i WHERE h.id = i.id + 242 AND i.flag = 1;
    END IF;
END
$$;
SELECT id, name FROM here.items WHERE id > 240 ORDER BY 1;

SET client_min_messages = error;
DROP SCHEMA here CASCADE;
RESET client_min_messages;
RESET jit;
