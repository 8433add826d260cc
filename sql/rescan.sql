--
-- Scans that start over: what is asked for again, and what is not.  If a scan is to ask
-- for the same as before, it has the rows of the last time, in memory or in a file.
--

SET jit = off;
SET max_parallel_workers_per_gather = 0;

-- Copies of the tables, to compare with, and a table that makes scans start over
CREATE SCHEMA here;
CREATE TABLE here.items AS SELECT * FROM shop.items;
CREATE TABLE here.orders AS SELECT * FROM shop.orders;
CREATE TABLE here.single AS SELECT * FROM shop.single;
CREATE TABLE here.empty_table AS SELECT * FROM shop.empty_table;
CREATE TABLE here.few (n int, t text);
INSERT INTO here.few VALUES (1, 'won'), (2, 'won'), (2, 'lost'), (NULL, NULL), (7, 'won'), (300, 'none');
ANALYZE here.few, here.items, here.orders;

-- The foreign scans of a plan: how often each was started, and what it has asked for
CREATE FUNCTION here.scans(plan jsonb) RETURNS SETOF text LANGUAGE sql AS $$
    WITH RECURSIVE nodes AS (
        SELECT plan AS node
        UNION ALL
        SELECT jsonb_array_elements(node -> 'Plans') FROM nodes WHERE node ? 'Plans')
    SELECT format('%s: %s passes, %s requests, %s replayed', node ->> 'Relation Name',
                  node ->> 'Actual Loops', node ->> 'Requests', coalesce(node ->> 'Rescans Without Request', '0'))
    FROM nodes WHERE node ->> 'Node Type' = 'Foreign Scan' AND (node ->> 'Actual Loops')::int > 0
$$;
CREATE FUNCTION here.explained(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ' || query INTO plan;
    RETURN plan -> 0 -> 'Plan';
END
$$;
-- For each query (one a line): how many rows it has, whether they are those of the copies, how
-- many requests there were, and what EXPLAIN ANALYZE says of that
CREATE FUNCTION here.compared(queries text)
RETURNS TABLE (query text, "rows" int, verdict text, requests bigint, scans text)
LANGUAGE plpgsql AS $$
DECLARE
    collect text;
    place bigint;
    got text[];
    wanted text[];
BEGIN
    FOREACH query IN ARRAY string_to_array(btrim(queries, E'\n'), E'\n') LOOP
        collect := format('SELECT array_agg(t ORDER BY t COLLATE "C") FROM (SELECT q::text AS t FROM (%s) AS q OFFSET 0) AS rows', query);
        place := log_end();
        EXECUTE collect INTO got;
        SELECT count(*) INTO requests FROM requests(place);
        EXECUTE regexp_replace(collect, '\m(shop|there)\.', 'here.', 'g') INTO wanted;
        rows := coalesce(cardinality(wanted), 0);
        verdict := CASE WHEN got IS DISTINCT FROM wanted THEN 'WRONG' ELSE 'right' END;
        SELECT string_agg(s, '; ') INTO scans FROM here.scans(here.explained(query)) AS s;
        RETURN NEXT;
    END LOOP;
END
$$;
-- filters that have found something are believed when they find nothing later
SELECT id FROM shop.items WHERE id = 1 AND name = 'Apple' AND status = 'new' AND flag = 1;
SELECT order_id FROM shop.orders WHERE item_id = 8 AND city = 'Казань';
-- nothing but nested loops, and nothing between them and the scans that keeps rows
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
-- (PostgreSQL 14 and later)
SELECT count(set_config(name, 'off', false)) < 2 AS ok FROM pg_settings WHERE name = 'enable_memoize';

--
-- Nested loops: the plan says that the inner scan will start over, so its rows are
-- kept from the beginning
--
SELECT * FROM here.compared($$
SELECT f.n, i.id FROM here.few AS f LEFT JOIN shop.items AS i ON i.id > f.n * 40
SELECT f.n, i.id FROM here.few AS f LEFT JOIN shop.items AS i ON i.id > f.n * 40 AND i.flag = 1
SELECT f.n, i FROM here.few AS f LEFT JOIN shop.items AS i ON i.id % 50 = f.n AND i.name >= f.t
SELECT f.n, i.id FROM here.few AS f LEFT JOIN shop.items AS i ON i.status IN ('won', 'lost')
SELECT count(*), sum(f.n) FROM here.few AS f LEFT JOIN shop.items AS i ON true
SELECT f.n, e.id FROM here.few AS f LEFT JOIN shop.empty_table AS e ON e.id > f.n
SELECT f.n, i.id FROM here.few AS f LEFT JOIN shop.items AS i ON i.status = 'none' AND i.id > f.n
SELECT f.n, i.id, o.order_id FROM here.few AS f LEFT JOIN (shop.single AS i LEFT JOIN shop.orders AS o ON o.order_id > i.id * 980) ON o.order_id % 10 >= f.n
$$);
-- What is read in part goes on where it was left: the outer rows end one after the other
SELECT * FROM here.compared($$
SELECT f.n FROM here.few AS f WHERE EXISTS (SELECT FROM shop.orders AS o WHERE o.order_id > f.n * 30)
SELECT f.n FROM here.few AS f WHERE NOT EXISTS (SELECT FROM shop.orders AS o WHERE o.order_id > f.n * 30)
SELECT g, EXISTS (SELECT FROM shop.orders AS o WHERE o.order_id = 1000 - 100 * abs(g - 5) + 0 * o.item_id) FROM generate_series(1, 9) AS g
$$);
-- System columns are those of the row, the second time as well
SELECT count(*), count(DISTINCT i.id), bool_and(i.tableoid = 'shop.items'::regclass) AS tableoid,
    bool_and(i.xmin = '0' AND i.xmax = '0' AND i.cmin = '0') AS nowhere
FROM here.few AS f LEFT JOIN shop.items AS i ON i.flag = 1;

--
-- Correlated subqueries: the plan does not say so.  The second time the answer is asked for again,
-- and kept.  One that depends on the outer row is asked for each time.
--
SELECT * FROM here.compared($$
SELECT f.n, (SELECT count(*) FROM shop.orders AS o WHERE o.order_id % 10 = f.n) FROM here.few AS f
SELECT f.n, (SELECT count(*) FROM shop.orders AS o WHERE o.order_id % 10 = f.n AND city = 'Riga') FROM here.few AS f
SELECT f.n, (SELECT count(*) FROM shop.orders AS o WHERE o.item_id = f.n) FROM here.few AS f
SELECT f.n, (SELECT max(i.id) FROM shop.items AS i WHERE i.status = 'none' AND i.id <> f.n) FROM here.few AS f
SELECT f.n, (SELECT max(i.id) FROM shop.empty_table AS i WHERE i.id <> f.n) FROM here.few AS f
SELECT f.n, ARRAY(SELECT i.id FROM shop.items AS i WHERE i.id % 100 = f.n ORDER BY 1) FROM here.few AS f
SELECT f.n FROM here.few AS f WHERE f.n IN (SELECT i.id - f.n FROM shop.items AS i OFFSET 0)
SELECT f.n, x.* FROM here.few AS f, LATERAL (SELECT id FROM shop.items WHERE flag = 1 AND id % 9 = f.n ORDER BY id OFFSET 3) AS x
SELECT f.n, x.* FROM here.few AS f, LATERAL (SELECT id FROM shop.items WHERE status = f.t AND id % 9 = f.n) AS x
SELECT f.n, (SELECT count(*) FROM shop.items AS i WHERE i.id = (SELECT max(o.item_id) FROM here.orders AS o WHERE o.order_id = f.n)) FROM here.few AS f
SELECT f.n, (SELECT count(*) FROM shop.items AS i WHERE i.id <> f.n AND i.id = (SELECT max(o.item_id) FROM here.orders AS o WHERE o.order_id = 5)) FROM here.few AS f
WITH RECURSIVE up(id) AS (SELECT 1::bigint UNION SELECT i.id FROM up JOIN shop.items AS i ON i.id BETWEEN up.id + 1 AND up.id + 2 WHERE up.id < 7) SELECT * FROM up
$$);
-- An outer value that is used several times is asked for once
SELECT * FROM here.compared($$
SELECT f.n, g, i.id FROM here.few AS f LEFT JOIN LATERAL (SELECT g, x.id FROM generate_series(1, 4) AS g LEFT JOIN (SELECT id FROM shop.items WHERE id = f.n OFFSET 0) AS x ON x.id <> g) AS i (g, id) ON true
$$);

--
-- Rows that do not fit into work_mem are in a file
--
SET work_mem = '64kB';
SELECT * FROM here.compared($$
SELECT f.n, i FROM here.few AS f LEFT JOIN shop.items AS i ON i.id > f.n
SELECT f.n, o FROM here.few AS f LEFT JOIN shop.orders AS o ON o.order_id % 300 = f.n
SELECT f.n, (SELECT string_agg(o::text, ' ' ORDER BY o.order_id) FROM shop.orders AS o WHERE o.order_id % 300 = f.n) FROM here.few AS f
SELECT g, (SELECT o FROM (SELECT * FROM shop.orders OFFSET 0) AS o WHERE o.order_id >= 1000 - 100 * abs(g - 5) LIMIT 1) FROM generate_series(1, 9) AS g
$$);
CREATE FUNCTION here.temporary_blocks(query text) RETURNS boolean LANGUAGE sql AS $$
    SELECT bool_or((node ->> 'Temp Written Blocks')::int > 0)
    FROM jsonb_path_query(here.explained(query), 'strict $.** ? (@."Node Type" == "Foreign Scan")') AS node
$$;
SELECT here.temporary_blocks('SELECT f.n, o FROM here.few AS f LEFT JOIN shop.orders AS o ON o.order_id % 300 = f.n') AS "64kB";
SET work_mem = '16MB';
SELECT here.temporary_blocks('SELECT f.n, o FROM here.few AS f LEFT JOIN shop.orders AS o ON o.order_id % 300 = f.n') AS "16MB";
SELECT here.temporary_blocks('SELECT o FROM shop.orders AS o') AS once;
RESET work_mem;

--
-- LIMIT: an answer that was held back is there for the next time
--
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER rescan FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data', push_limit 'filtered');
CREATE USER MAPPING FOR CURRENT_USER SERVER rescan OPTIONS (login 'anna', password 's3cret word');
CREATE SCHEMA there;
CREATE FUNCTION here.make(misbehaviour text) RETURNS void LANGUAGE plpgsql SET client_min_messages = error AS $$
BEGIN
    DROP FOREIGN TABLE IF EXISTS there.items;
    EXECUTE format('CREATE FOREIGN TABLE there.items (id int OPTIONS (column_name ''ID''), name text OPTIONS (column_name ''NAME''),
        status text OPTIONS (column_name ''STATUS''), flag int OPTIONS (column_name ''FLAG'')) SERVER rescan OPTIONS (table_name %L)', misbehaviour);
END
$$;
SELECT here.make('items');
-- (any rows will do, so how many there are is what is compared)
SELECT * FROM here.compared($$
SELECT f.n FROM here.few AS f LEFT JOIN (SELECT id FROM there.items WHERE status = 'won' LIMIT 3) AS i ON i.id <> f.n + 1000
SELECT f.n FROM here.few AS f LEFT JOIN (SELECT id FROM there.items LIMIT 3) AS i ON i.id <> f.n + 1000
SELECT f.n, (SELECT count(*) FROM (SELECT id FROM there.items WHERE flag = 1 LIMIT 5) AS i WHERE i.id <> f.n + 1000) FROM here.few AS f
SELECT f.n FROM here.few AS f, LATERAL (SELECT id FROM there.items WHERE flag = 1 LIMIT f.n) AS i
SELECT f.n FROM here.few AS f, LATERAL (SELECT id FROM there.items WHERE flag = 1 LIMIT (SELECT 2 + 0 * f.n)) AS i
$$);

-- one that was asked for again without limit, because this connector does not see letter case
SELECT here.make('items+case_insensitive');
SELECT * FROM here.compared($$
SELECT f.n, i.name FROM here.few AS f LEFT JOIN (SELECT id, name FROM there.items WHERE name = 'apple' LIMIT 1) AS i ON i.id <> f.n + 1000
$$);

--
-- Connectors that misread the filter: it is found out once
--
CREATE FUNCTION here.misread(misbehaviour text, condition text)
RETURNS TABLE ("rows" int, verdict text, requests bigint, scans text) LANGUAGE plpgsql SET client_min_messages = error AS $$
DECLARE
    query text := format('SELECT f.n, i.id FROM here.few AS f LEFT JOIN shop.items AS i ON i.id <> f.n AND %s', condition);
    got text[];
    place bigint := log_end();
BEGIN
    PERFORM here.make(misbehaviour);
    SELECT array_agg(s) INTO got FROM here.scans(here.explained(replace(query, 'shop.', 'there.'))) AS s;
    scans := got[1];
    requests := (SELECT count(*) FROM requests(place));
    verdict := CASE WHEN result_of(replace(query, 'shop.', 'there.')) = result_of(replace(query, 'shop.', 'here.')) THEN 'right' ELSE 'WRONG' END;
    rows := cardinality(result_of(replace(query, 'shop.', 'here.')));
    RETURN NEXT;
END
$$;
SELECT m, condition, misread.* FROM unnest('{ignore_filter,filter_loses_all,filter_500,case_insensitive,empty_bare}'::text[]) AS m,
    unnest('{i.status = ''won'',i.status = ''WON''}'::text[]) AS condition, here.misread('items+' || m, condition);

--
-- An error in the middle, and what comes after it
--
SELECT here.make('items+short_row');
SELECT * FROM attempt('SELECT f.n, i.id FROM here.few AS f LEFT JOIN there.items AS i ON i.id <> f.n');
-- (only the last pass reads as far as that)
SELECT * FROM attempt('SELECT g, EXISTS (SELECT FROM there.items AS i WHERE i.id >= CASE WHEN g < 4 THEN 1 ELSE 2 END) FROM generate_series(1, 3) AS g');
SELECT * FROM attempt('SELECT g, EXISTS (SELECT FROM there.items AS i WHERE i.id >= CASE WHEN g < 4 THEN 1 ELSE 2 END) FROM generate_series(1, 4) AS g');
SELECT here.make('items');
SELECT count(*) FROM here.few AS f LEFT JOIN there.items AS i ON i.id <> f.n;
BEGIN;
DECLARE c CURSOR FOR SELECT f.n, i.id, 1 / (i.id - 3) AS q FROM here.few AS f LEFT JOIN there.items AS i ON i.id > 1;
FETCH 1 FROM c;
SAVEPOINT one;
SELECT * FROM attempt('FETCH 1 FROM c');
ROLLBACK TO one;
DECLARE d CURSOR FOR SELECT f.n, i.id FROM here.few AS f LEFT JOIN there.items AS i ON i.id > 247;
FETCH 4 FROM d;
SAVEPOINT two;
FETCH 2 FROM d;
RELEASE two;
FETCH 2 FROM d;
-- a file that was made within a subtransaction outlives that
SET LOCAL work_mem = '64kB';
DECLARE e CURSOR FOR SELECT f.n, o.order_id, o.city FROM here.few AS f LEFT JOIN shop.orders AS o ON o.order_id > 0;
SAVEPOINT three;
MOVE 1002 FROM e;
ROLLBACK TO three;
FETCH 2 FROM e;
MOVE FORWARD ALL IN e;
COMMIT;

--
-- Cursors, and prepared statements with one plan for all values
--
BEGIN;
SELECT log_end() AS place \gset
DECLARE c SCROLL CURSOR FOR SELECT f.n, i.id FROM here.few AS f LEFT JOIN shop.items AS i ON i.id > f.n + 245;
FETCH LAST FROM c;
FETCH FIRST FROM c;
FETCH ABSOLUTE -2 FROM c;
SELECT count(*) FROM requests(:place);
COMMIT;
SET plan_cache_mode = force_generic_plan;
PREPARE below(int, text) AS SELECT f.n, count(*), min(i.id) FROM here.few AS f JOIN shop.items AS i ON i.id < f.n + $1 AND i.status = $2 GROUP BY 1 ORDER BY 1;
SELECT log_end() AS place \gset
EXECUTE below(30, 'won');
EXECUTE below(30, 'lost');
EXECUTE below(30, NULL);
EXECUTE below(100, 'won');
SELECT body ->> 'filter' AS filter FROM requests(:place);
SELECT f.n, count(*), min(i.id) FROM here.few AS f JOIN here.items AS i ON i.id < f.n + 30 AND i.status = 'won' GROUP BY 1 ORDER BY 1;
SELECT f.n, count(*), min(i.id) FROM here.few AS f JOIN here.items AS i ON i.id < f.n + 30 AND i.status = 'lost' GROUP BY 1 ORDER BY 1;
SELECT f.n, count(*), min(i.id) FROM here.few AS f JOIN here.items AS i ON i.id < f.n + 100 AND i.status = 'won' GROUP BY 1 ORDER BY 1;
RESET plan_cache_mode;
DEALLOCATE below;

SET client_min_messages = error;
DROP SCHEMA here, there CASCADE;
DROP SERVER rescan CASCADE;
RESET client_min_messages;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
RESET jit;
RESET max_parallel_workers_per_gather;
