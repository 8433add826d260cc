--
-- Foreign tables among partitions and children, for reading and writing; ANALYZE.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA there;
CREATE SCHEMA here;
IMPORT FOREIGN SCHEMA connector LIMIT TO (items, single) FROM SERVER shop INTO there
    OPTIONS (probe 'off');
CREATE TABLE here.items AS SELECT * FROM there.items;
CREATE TABLE here.single AS SELECT * FROM there.single;
-- The tables that a statement asks the connector for, with the filters
CREATE FUNCTION here.asked(statement text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(concat_ws(' ', body ->> 'table', body ->> 'filter'), ', '), 'nothing')
    FROM requests_of(statement) AS body
$$;

--
-- A table by ranges, with partitions here and there.  Columns are in another order
-- than the parent's, which has lost one; one partition is on another server.
--
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER inheritance_other FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data', request_format 'json');
CREATE USER MAPPING FOR PUBLIC SERVER inheritance_other OPTIONS (login 'anna', password 's3cret word');
CREATE TABLE there.p (lost int, id bigint, name text, number int) PARTITION BY RANGE (id);
CREATE TABLE here.p (lost int, id bigint, name text, number int) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE there.p_single PARTITION OF there.p FOR VALUES FROM (1) TO (2)
    SERVER shop OPTIONS (table_name 'single');
ALTER FOREIGN TABLE there.p_single ALTER id OPTIONS (column_name 'ID'), ALTER name OPTIONS (column_name 'NAME'),
    ALTER number OPTIONS (column_name 'FLAG');
CREATE TABLE here.p_single PARTITION OF here.p FOR VALUES FROM (1) TO (2);
ALTER TABLE there.p DROP COLUMN lost;
ALTER TABLE here.p DROP COLUMN lost;
CREATE TABLE there.p_local PARTITION OF there.p FOR VALUES FROM (2) TO (100);
CREATE TABLE here.p_local PARTITION OF here.p FOR VALUES FROM (2) TO (100);
CREATE FOREIGN TABLE there.p_wide (
    name text OPTIONS (column_name 'F2'), gone text OPTIONS (column_name 'F9'),
    number int OPTIONS (column_name 'F3'), id bigint OPTIONS (column_name 'F1'))
    SERVER inheritance_other OPTIONS (table_name 'wide');
ALTER FOREIGN TABLE there.p_wide DROP COLUMN gone;
CREATE TABLE here.p_wide (name text, number int, id bigint);
ALTER TABLE there.p ATTACH PARTITION there.p_wide FOR VALUES FROM (100) TO (600);
ALTER TABLE here.p ATTACH PARTITION here.p_wide FOR VALUES FROM (100) TO (600);
CREATE FOREIGN TABLE there.p_empty PARTITION OF there.p FOR VALUES FROM (600) TO (700)
    SERVER shop OPTIONS (table_name 'empty_table');
ALTER FOREIGN TABLE there.p_empty ALTER id OPTIONS (column_name 'ID'), ALTER name OPTIONS (column_name 'NAME'),
    ALTER number OPTIONS (column_name 'FLAG');
CREATE TABLE here.p_empty PARTITION OF here.p FOR VALUES FROM (600) TO (700);
CREATE TABLE there.p_rest PARTITION OF there.p DEFAULT;
CREATE TABLE here.p_rest PARTITION OF here.p DEFAULT;
INSERT INTO there.p SELECT id, name, flag FROM here.items WHERE id BETWEEN 2 AND 60;
INSERT INTO there.p VALUES (1000, 'rest', 7), (NULL, 'no id', NULL);
INSERT INTO here.p_single SELECT * FROM there.p_single;
INSERT INTO here.p_wide SELECT * FROM there.p_wide;
INSERT INTO here.p_local SELECT * FROM there.p_local;
INSERT INTO here.p_rest SELECT * FROM there.p_rest;
CREATE VIEW queries AS SELECT $$
SELECT * FROM there.p
SELECT p FROM there.p
SELECT row_to_json(p), p IS NULL, (p).name FROM there.p
SELECT split_part(tableoid::regclass::text, '.', 2), id, p FROM there.p
SELECT split_part(tableoid::regclass::text, '.', 2), count(*) FROM there.p GROUP BY 1
SELECT p FROM there.p WHERE tableoid = 'there.p_wide'::regclass
SELECT p FROM there.p WHERE tableoid <> 'there.p_wide'::regclass AND id > 50
SELECT count(*), sum(id), min(name), max(number) FROM there.p
SELECT number, count(*), max(id) FROM there.p GROUP BY number
SELECT id, count(*) FROM there.p GROUP BY id HAVING count(*) = 1
SELECT DISTINCT number FROM there.p
SELECT FROM there.p
SELECT * FROM there.p WHERE id = 1
SELECT * FROM there.p WHERE id = 301
SELECT * FROM there.p WHERE id IN (1, 33, 101, 501, 650, 1000)
SELECT * FROM there.p WHERE id > 58 AND id < 350
SELECT * FROM there.p WHERE name = '302'
SELECT * FROM there.p WHERE name IN ('302', 'Apple', 'apple')
SELECT * FROM there.p WHERE number = 1
SELECT * FROM there.p WHERE id IS NULL
SELECT * FROM there.p WHERE id = (SELECT max(id) - 499 FROM there.p)
SELECT * FROM there.p WHERE id = ANY (ARRAY(SELECT 100 + s.id FROM there.single AS s))
SELECT id, name FROM there.p ORDER BY id LIMIT 3
SELECT id, name FROM there.p ORDER BY id DESC NULLS LAST OFFSET 2 LIMIT 4
SELECT a.id, a, b FROM there.p AS a JOIN there.p AS b USING (id)
SELECT a.id, b.name FROM there.p AS a LEFT JOIN there.p AS b ON b.id = a.id AND b.number > 1
SELECT a.id, b.id FROM there.p AS a FULL JOIN there.p AS b ON b.id = a.id AND a.id < 200
SELECT p, i FROM there.p JOIN there.items AS i ON i.id = p.id
SELECT i.id FROM there.items AS i WHERE id IN (SELECT id FROM there.p WHERE number = 1)
SELECT i.id FROM there.items AS i WHERE NOT EXISTS (SELECT FROM there.p WHERE p.id = i.id)
SELECT v.n, p FROM (VALUES (1), (5), (101), (301), (650), (NULL)) AS v (n) LEFT JOIN LATERAL (SELECT * FROM there.p WHERE id = v.n OFFSET 0) AS p ON true
SELECT n, (SELECT count(*) FROM there.p WHERE id < n), (SELECT name FROM there.p WHERE id = n) FROM generate_series(1, 401, 100) AS n
SELECT * FROM there.p_wide UNION SELECT name, number, id FROM there.p
SELECT rank() OVER (PARTITION BY number ORDER BY id), p FROM there.p
SELECT * FROM there.p FOR UPDATE
SELECT p, split_part(p.tableoid::regclass::text, '.', 2) FROM there.p JOIN there.items AS i ON i.id = p.id FOR SHARE
SELECT p.id FROM there.p WHERE number < 5 ORDER BY id LIMIT 3 FOR UPDATE SKIP LOCKED
$$::text AS statements;
SELECT verdict, outcome, statement FROM queries, against_copies(statements);
-- the same in other plans (without JIT: what is turned off makes them look expensive)
SET jit = off;
CREATE FUNCTION here.planned(setting text) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s: %s right', setting, count(*) FILTER (WHERE verdict = 'right'))
           || coalesce(string_agg(E'\n  ' || verdict || ' ' || statement, '') FILTER (WHERE verdict <> 'right'), '')
    FROM queries, against_copies(statements)
$$;
SET enable_partitionwise_join = on;
SET enable_partitionwise_aggregate = on;
SELECT here.planned('partitionwise');
SELECT count(*) > 1 AS partitionwise FROM plan_of('SELECT a.id, b.id FROM there.p AS a JOIN there.p AS b USING (id)', 'COSTS OFF') AS line
WHERE line ~ '^ *(->  )?(Hash|Merge|Nested Loop).*(Join|Loop)$';
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_hashagg = off;
SELECT here.planned('partitionwise, in nested loops');
SET enable_partition_pruning = off;
RESET enable_partitionwise_join;
RESET enable_partitionwise_aggregate;
SELECT here.planned('without pruning');
RESET enable_partition_pruning;
RESET enable_hashjoin;
RESET enable_hashagg;
SET enable_nestloop = off;
SELECT here.planned('with hashes');
RESET enable_mergejoin;
RESET enable_nestloop;
RESET jit;
-- Partitions that cannot have rows are not asked: seen by the planner, or later
SELECT id, here.asked('SELECT * FROM there.p WHERE id = ' || id) FROM unnest('{1,33,301,650,1000}'::int[]) AS id;
SELECT here.asked('SELECT * FROM there.p WHERE id IS NULL OR id BETWEEN 2 AND 99');
SELECT here.asked('SELECT * FROM there.p WHERE id > 1');
SELECT here.asked('SELECT count(*) FROM there.p WHERE id = (SELECT id + 32 FROM here.single)');
SET plan_cache_mode = force_generic_plan;
PREPARE one(int) AS SELECT * FROM there.p WHERE id = $1;
SELECT id, here.asked(format('EXECUTE one(%s)', id)) FROM unnest('{1,33,301,1,1000}'::int[]) AS id;
EXECUTE one(301);
-- DETACH and ATTACH: the plan that was kept knows
ALTER TABLE there.p DETACH PARTITION there.p_wide;
EXECUTE one(301);
SELECT count(*) FROM there.p;
SELECT * FROM there.p_wide WHERE id = 301;
ALTER TABLE there.p ATTACH PARTITION there.p_wide FOR VALUES FROM (100) TO (600);
EXECUTE one(301);
SELECT here.asked('EXECUTE one(301)');
DEALLOCATE one;
RESET plan_cache_mode;

--
-- Lists and hashes
--
CREATE TABLE there.l (status text, id bigint) PARTITION BY LIST (status);
CREATE TABLE here.l (status text, id bigint) PARTITION BY LIST (status);
CREATE FOREIGN TABLE there.l_new PARTITION OF there.l FOR VALUES IN ('new', NULL)
    SERVER shop OPTIONS (table_name 'single');
ALTER FOREIGN TABLE there.l_new ALTER status OPTIONS (column_name 'STATUS'), ALTER id OPTIONS (column_name 'ID');
CREATE TABLE here.l_new PARTITION OF here.l FOR VALUES IN ('new', NULL);
CREATE TABLE there.l_other PARTITION OF there.l FOR VALUES IN ('won', 'lost');
CREATE TABLE here.l_other PARTITION OF here.l FOR VALUES IN ('won', 'lost');
INSERT INTO there.l SELECT status, id FROM here.items WHERE status IN ('won', 'lost');
INSERT INTO here.l SELECT * FROM there.l;
CREATE TABLE there.h (id bigint) PARTITION BY HASH (id);
CREATE TABLE here.h (id bigint) PARTITION BY HASH (id);
SELECT remainder AS one, 1 - remainder AS other FROM generate_series(0, 1) AS remainder
WHERE satisfies_hash_partition('there.h'::regclass, 2, remainder, 1::bigint) \gset
CREATE FOREIGN TABLE there.h_single PARTITION OF there.h FOR VALUES WITH (MODULUS 2, REMAINDER :one)
    SERVER shop OPTIONS (table_name 'single');
ALTER FOREIGN TABLE there.h_single ALTER id OPTIONS (column_name 'ID');
CREATE TABLE here.h_single PARTITION OF here.h FOR VALUES WITH (MODULUS 2, REMAINDER :one);
CREATE TABLE there.h_local PARTITION OF there.h FOR VALUES WITH (MODULUS 2, REMAINDER :other);
CREATE TABLE here.h_local PARTITION OF here.h FOR VALUES WITH (MODULUS 2, REMAINDER :other);
INSERT INTO there.h_local SELECT id FROM generate_series(2, 20) AS id WHERE satisfies_hash_partition('there.h'::regclass, 2, :other, id::bigint);
INSERT INTO here.h SELECT id FROM there.h;
SELECT * FROM against_copies($$
SELECT * FROM there.l
SELECT * FROM there.l WHERE status = 'new'
SELECT * FROM there.l WHERE status IN ('new', 'lost')
SELECT status, count(*) FROM there.l GROUP BY 1
SELECT * FROM there.h
SELECT * FROM there.h WHERE id = 1
SELECT id, h, l FROM there.h FULL JOIN there.l USING (id)
$$);
SELECT here.asked('SELECT * FROM there.l WHERE status = ''won'''), here.asked('SELECT * FROM there.l WHERE status IS NULL'),
    here.asked('SELECT * FROM there.h WHERE id = 1');

--
-- Inheritance: below a local parent, beside and below a local child; and above one
--
CREATE TABLE there.parent (id bigint, lost date, name text);
CREATE TABLE here.parent (id bigint, lost date, name text);
CREATE TABLE there.child (number int) INHERITS (there.parent);
CREATE TABLE here.child (number int) INHERITS (here.parent);
CREATE FOREIGN TABLE there.single_child (born date OPTIONS (column_name 'BORN')) INHERITS (there.parent)
    SERVER shop OPTIONS (table_name 'single');
CREATE TABLE here.single_child (born date) INHERITS (here.parent);
CREATE FOREIGN TABLE there.grandchild (
    note text OPTIONS (column_name 'F5'), number int OPTIONS (column_name 'F4'), name text OPTIONS (column_name 'F2'),
    lost date, id bigint OPTIONS (column_name 'F1'))
    SERVER inheritance_other OPTIONS (table_name 'wide');
CREATE TABLE here.grandchild (note text, number int, name text, lost date, id bigint);
ALTER FOREIGN TABLE there.grandchild INHERIT there.child;
ALTER TABLE here.grandchild INHERIT here.child;
ALTER TABLE there.parent DROP COLUMN lost;
ALTER TABLE here.parent DROP COLUMN lost;
ALTER FOREIGN TABLE there.grandchild DROP COLUMN lost;
ALTER TABLE here.grandchild DROP COLUMN lost;
ALTER FOREIGN TABLE there.single_child ALTER id OPTIONS (column_name 'ID'), ALTER name OPTIONS (column_name 'NAME');
INSERT INTO there.parent VALUES (0, 'parent'), (1, 'another');
INSERT INTO there.child VALUES (101, 'child', 1), (7, 'child', 2);
INSERT INTO here.parent SELECT * FROM ONLY there.parent;
INSERT INTO here.child SELECT * FROM ONLY there.child;
INSERT INTO here.single_child SELECT * FROM there.single_child;
INSERT INTO here.grandchild SELECT * FROM there.grandchild;
CREATE FOREIGN TABLE there.above (id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'))
    SERVER shop OPTIONS (table_name 'single');
CREATE TABLE here.above AS SELECT * FROM there.above;
CREATE TABLE there.below (number int) INHERITS (there.above);
CREATE TABLE here.below (number int) INHERITS (here.above);
INSERT INTO there.below VALUES (2, 'below', 3), (1, 'below', 4);
INSERT INTO here.below VALUES (2, 'below', 3), (1, 'below', 4);
SELECT * FROM against_copies($$
SELECT * FROM there.parent
SELECT p, split_part(tableoid::regclass::text, '.', 2) FROM there.parent AS p
SELECT * FROM ONLY there.parent
SELECT c, split_part(tableoid::regclass::text, '.', 2) FROM there.child AS c
SELECT * FROM ONLY there.child
SELECT g, g::there.child, g::there.child::there.parent FROM there.grandchild AS g
SELECT count(*), max(id), min(name) FROM there.parent
SELECT p FROM there.parent AS p WHERE id = 1
SELECT p FROM there.parent AS p WHERE name IN ('202', 'Apple', 'child')
SELECT c FROM there.child AS c WHERE number > 1
SELECT id, name FROM there.parent ORDER BY id, name LIMIT 4
SELECT p, a FROM there.parent AS p JOIN there.above AS a USING (id)
SELECT p, c FROM there.parent AS p LEFT JOIN there.child AS c ON c.id = p.id AND c.name = p.name
SELECT a, split_part(tableoid::regclass::text, '.', 2) FROM there.above AS a
SELECT * FROM ONLY there.above
SELECT a FROM there.above AS a WHERE id = 1
SELECT FROM there.above LIMIT 2
SELECT count(*) FROM (SELECT FROM there.above LIMIT 10) AS a
SELECT count(*) FROM (SELECT FROM ONLY there.above LIMIT 10) AS a
SELECT count(*) FROM (SELECT FROM there.parent LIMIT 5) AS a
SELECT p FROM there.parent AS p FOR UPDATE
SELECT p FROM there.parent AS p JOIN there.above AS a USING (id) FOR SHARE OF p
SELECT a FROM there.above AS a FOR UPDATE
$$);
-- a new column is one of the children, too, and shows the field of that name
ALTER TABLE there.parent ADD COLUMN "QTY" bigint DEFAULT 3;
ALTER FOREIGN TABLE there.grandchild ALTER COLUMN "QTY" OPTIONS (ADD column_name 'F6');
SELECT tableoid::regclass, id, "QTY" FROM there.parent ORDER BY 2, 1::text;
ALTER TABLE there.parent ALTER COLUMN "QTY" TYPE text;
SELECT id, "QTY" FROM there.parent WHERE "QTY" IN ('3', '206') ORDER BY 1, 2;
SELECT here.asked('SELECT id, "QTY" FROM there.parent WHERE "QTY" IN (''3'', ''206'')');
ALTER FOREIGN TABLE there.single_child NO INHERIT there.parent;
SELECT here.asked('SELECT * FROM there.parent');
ALTER FOREIGN TABLE there.single_child INHERIT there.parent;

--
-- Writing: local partitions and children can be written to, if no foreign one could be
-- concerned.  Where one is, there is PostgreSQL's own error, and nothing is written.
--
CREATE FUNCTION here.copies() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(CASE WHEN result_of('SELECT * FROM there.' || name) =
                                result_of('SELECT * FROM here.' || name) THEN 'same' ELSE 'DIFFERENT' END, ', ')
    FROM unnest('{p,p_local,p_rest}'::text[]) AS name
$$;
SELECT here.copies();
SELECT * FROM against_copies($$
INSERT INTO there.p VALUES (61, 'sixty-one', 1), (2000, 'rest', 2) RETURNING *
INSERT INTO there.p SELECT id + 1000, name, flag FROM there.items WHERE id < 4 RETURNING p
UPDATE there.p SET name = name || '!' WHERE id = 33 RETURNING *
UPDATE there.p SET id = id + 2000 WHERE id BETWEEN 50 AND 53 RETURNING id, name
UPDATE there.p SET number = s.flag FROM there.single AS s WHERE p.id = 34 RETURNING p
DELETE FROM there.p WHERE id = 35 RETURNING *, split_part(p.tableoid::regclass::text, '.', 2)
DELETE FROM there.p USING there.items AS i WHERE p.id BETWEEN 36 AND 40 AND i.id = p.id AND i.flag = 1 RETURNING p, i
UPDATE there.p_local SET number = 5 WHERE id < 10 RETURNING *
$$);
SELECT here.copies();
SELECT here.asked('UPDATE there.p SET name = name WHERE id = 33');
SELECT attempt(statement) FROM unnest(string_to_array($$INSERT INTO there.p VALUES (33, 'x', 1), (1, 'x', 1)
INSERT INTO there.p SELECT id, 'x', 1 FROM there.items ORDER BY id DESC
INSERT INTO there.p_single (id) VALUES (1)
UPDATE there.p SET name = 'x'
UPDATE there.p SET name = 'x' WHERE id IN (1, 33)
UPDATE there.p SET id = 1 WHERE id = 33
DELETE FROM there.p
DELETE FROM there.p WHERE id < 50
DELETE FROM there.p_wide
UPDATE there.parent SET name = 'x'
UPDATE there.above SET name = 'x'
DELETE FROM there.parent USING here.single AS s WHERE s.id = parent.id$$, E'\n')) AS statement;
-- (in words that are not the same in all versions of PostgreSQL)
SELECT left(line, 5) IN ('0A000', '42809') FROM attempt('TRUNCATE there.p') AS line LIMIT 1;
SELECT left(line, 5) IN ('0A000', '42809') FROM attempt('TRUNCATE there.parent') AS line LIMIT 1;
\set VERBOSITY sqlstate
COPY there.p FROM STDIN;
44	x	1
1	x	1
\.
COPY there.p_single FROM STDIN;
1	x	1
\.
COPY there.p (id, name) FROM STDIN;
47	copied
\.
COPY there.p TO STDOUT;
CREATE UNIQUE INDEX ON there.p (id);
CREATE INDEX ON there.p_wide (id);
\set VERBOSITY default
INSERT INTO here.p (id, name) VALUES (47, 'copied');
-- an index on the parent is made where it can be
CREATE INDEX ON there.p (id);
SELECT tablename FROM pg_indexes WHERE schemaname = 'there' ORDER BY 1;
SELECT here.copies();
SELECT * FROM against_copies($$
UPDATE ONLY there.parent SET name = 'y' WHERE id = 1 RETURNING id, name
DELETE FROM ONLY there.child WHERE id = 7 RETURNING id, name
$$);

--
-- ANALYZE and VACUUM of everything, as autovacuum does: a parent is analyzed with its children,
-- partitions also by themselves; VACUUM leaves foreign tables out (and PostgreSQL warns of it)
--
SET client_min_messages = error;
-- (18 analyzes the children of a table as well, each by itself, unless it is told not to)
SELECT CASE WHEN current_setting('server_version_num')::int >= 180000 THEN 'ONLY' ELSE '' END AS only \gset
SELECT here.asked(format('ANALYZE %s there.%I', CASE WHEN name IN ('parent', 'child', 'above') THEN :'only' ELSE '' END, name))
FROM unnest('{p,p_single,parent,child,above,items}'::text[]) AS name;
VACUUM there.p;
VACUUM ANALYZE there.p, there.p_wide, there.parent, there.above;
RESET client_min_messages;
SELECT * FROM against_copies($$
SELECT * FROM there.p
SELECT * FROM there.p WHERE id IN (1, 33)
SELECT p, i FROM there.p JOIN there.items AS i ON i.id = p.id
$$);

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA there, here CASCADE;
DROP SERVER inheritance_other CASCADE;
DROP VIEW queries;
