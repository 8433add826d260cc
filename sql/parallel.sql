--
-- Scans in parallel workers (option parallel_safe): partitions of a table and parts of a UNION
-- ALL are read by several processes, and the rows are the same.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA there;
CREATE SCHEMA here;
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER parallel FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data', parallel_safe 'on');
CREATE USER MAPPING FOR CURRENT_USER SERVER parallel OPTIONS (login 'anna', password 's3cret word');
CREATE TABLE there.parts (id bigint, name text, qty bigint) PARTITION BY RANGE (id);
DO $$
BEGIN
    FOR i IN 0..4 LOOP
        EXECUTE format('CREATE FOREIGN TABLE there.part%s PARTITION OF there.parts FOR VALUES FROM (%s) TO (%s)
            SERVER parallel OPTIONS (table_name ''items'', filter ''{">=ID": %s, "<ID": %s}'')',
            i, i * 50 + 1, i * 50 + 51, i * 50 + 1, i * 50 + 51);
        EXECUTE format('ALTER FOREIGN TABLE there.part%s ALTER id OPTIONS (column_name ''ID''),
            ALTER name OPTIONS (column_name ''NAME''), ALTER qty OPTIONS (column_name ''QTY'')', i);
    END LOOP;
END
$$;
CREATE TABLE here.parts AS SELECT id, name, qty FROM shop.items;

--
-- The plan: by default where there is something to be gained, for what has the option
--
SET max_parallel_workers_per_gather = 2;
-- plan_of has no workers
CREATE FUNCTION here.parallel_plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || statement;
END
$$;
SELECT here.parallel_plan('SELECT count(*) FROM there.parts');
SELECT here.parallel_plan('SELECT count(*) FROM (SELECT id FROM there.part0 UNION ALL SELECT id FROM there.part1) AS x');
-- a single table is read by one process
SELECT here.parallel_plan('SELECT count(*) FROM there.part1');
-- the option of a table takes precedence over the server's
ALTER FOREIGN TABLE there.part1 OPTIONS (ADD parallel_safe 'off');
SELECT count(*) FROM here.parallel_plan('SELECT count(*) FROM there.parts') AS line WHERE line ~ 'Parallel';
ALTER FOREIGN TABLE there.part1 OPTIONS (DROP parallel_safe);
-- PostgreSQL's own switch
SET enable_parallel_append = off;
SELECT count(*) FROM here.parallel_plan('SELECT count(*) FROM there.parts') AS line WHERE line ~ 'Parallel';
RESET enable_parallel_append;
-- a table without it
SELECT count(*) FROM here.parallel_plan('SELECT count(*) FROM (SELECT id FROM shop.items UNION ALL SELECT id FROM shop.items) AS x') AS line
WHERE line ~ 'Parallel';

--
-- The rows, with the leader reading as well, with workers alone, and with no worker to be had
--
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
CREATE VIEW queries AS SELECT $$
SELECT count(*), sum(id), max(name), sum(qty) FROM there.parts
SELECT * FROM there.parts
SELECT * FROM there.parts WHERE id = 5
SELECT * FROM there.parts WHERE name = 'Apple'
SELECT * FROM there.parts WHERE name = 'no such apple'
SELECT name, count(*) FROM there.parts GROUP BY name
SELECT * FROM there.parts WHERE id = (SELECT max(id) FROM there.parts)
SELECT * FROM there.parts WHERE qty > (SELECT avg(qty) FROM there.parts)
SELECT x.id, y.name FROM there.parts x JOIN there.parts y USING (id)
SELECT x.id, y.name FROM there.parts x LEFT JOIN there.parts y ON y.id = x.qty
SELECT id FROM there.parts ORDER BY id LIMIT 10 OFFSET 100
SELECT x FROM there.parts x WHERE id > 240
$$::text AS statements;
SELECT against_copies(statements) FROM queries;
SET parallel_leader_participation = off;
SELECT against_copies(statements) FROM queries;
SET max_parallel_workers = 0;
SELECT against_copies(statements) FROM queries;
RESET max_parallel_workers;
-- with parameters of a plan that is kept
SET plan_cache_mode = force_generic_plan;
PREPARE by_name(text) AS SELECT count(*), sum(id) FROM there.parts WHERE name = $1;
EXECUTE by_name('Apple');
EXECUTE by_name(NULL);
DEALLOCATE by_name;
RESET plan_cache_mode;

--
-- EXPLAIN ANALYZE: what workers have asked for is not known, and it does not say 0
--
CREATE FUNCTION here.counted(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || statement LOOP
        IF line ~ 'Requests|Rows Received|Not Counted' THEN RETURN NEXT btrim(line); END IF;
    END LOOP;
END
$$;
SELECT here.counted('SELECT count(*) FROM there.parts') AS line, count(*) GROUP BY 1;
SET max_parallel_workers = 0;
SELECT here.counted('SELECT count(*) FROM there.part0') AS line;
RESET max_parallel_workers;

--
-- Errors in a worker, and whose settings it sends
--
ALTER USER MAPPING FOR CURRENT_USER SERVER parallel OPTIONS (ADD misbehave 'short_row');
SELECT regexp_replace(line, 'part\d|at byte \d+|\nparallel worker', '...', 'g') AS line
FROM attempt('SELECT count(*) FROM there.parts') AS line;
CREATE ROLE regress_biconnector_reader;
GRANT USAGE ON SCHEMA there TO regress_biconnector_reader;
GRANT SELECT ON there.parts TO regress_biconnector_reader;
CREATE USER MAPPING FOR regress_biconnector_reader SERVER parallel OPTIONS (login 'anna', password 's3cret word');
SET ROLE regress_biconnector_reader;
SELECT count(*), sum(id) FROM there.parts;
RESET ROLE;
RESET ALL;

SET client_min_messages = warning;
DROP VIEW queries;
DROP SCHEMA there CASCADE;
DROP SCHEMA here CASCADE;
DROP SERVER parallel CASCADE;
DROP ROLE regress_biconnector_reader;
