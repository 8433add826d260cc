--
-- Where the rows of a foreign table go: tables made of them, materialized views, COPY,
-- local tables that are changed by them; and what else may be done with a foreign table.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA there;
CREATE SCHEMA here;
IMPORT FOREIGN SCHEMA connector LIMIT TO (items, orders, single) FROM SERVER shop INTO there
    OPTIONS (probe 'off');
CREATE TABLE here.items AS SELECT * FROM there.items;
CREATE TABLE here.orders AS SELECT * FROM there.orders;
CREATE TABLE here.single AS SELECT * FROM there.single;
-- Whether two queries have the same rows, or whether one has those of a local copy
CREATE FUNCTION here.same(one text, other text) RETURNS boolean LANGUAGE sql AS
    'SELECT result_of(one) = result_of(other)';
CREATE FUNCTION here.same(query text) RETURNS boolean LANGUAGE sql AS
    'SELECT here.same(query, replace(query, ''there'', ''here''))';
CREATE FUNCTION here.requests_of(statement text) RETURNS bigint LANGUAGE sql AS
    'SELECT count(*) FROM public.requests_of(statement)';
-- A foreign table whose contents change as that option does
CREATE FOREIGN TABLE there.changing (id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'))
    SERVER shop OPTIONS (table_name 'items');

--
-- Tables made of a query, its rows or none
--
CREATE TABLE here.t1 AS SELECT * FROM there.items WHERE flag = 1;
SELECT here.same('SELECT * FROM here.t1', 'SELECT * FROM here.items WHERE flag = 1');
SELECT name, qty INTO here.t2 FROM there.items ORDER BY id DESC LIMIT 10;
SELECT here.same('SELECT * FROM here.t2', 'SELECT name, qty FROM here.items ORDER BY id DESC LIMIT 10');
CREATE TEMP TABLE t3 AS SELECT i, o.city FROM there.items AS i JOIN there.orders AS o ON o.item_id = i.id;
SELECT here.same('SELECT (i).*, city FROM t3', 'SELECT i.*, o.city FROM here.items AS i JOIN here.orders AS o ON o.item_id = i.id');
PREPARE won(text) AS SELECT id, name FROM there.items WHERE status = $1;
CREATE TABLE here.t4 AS EXECUTE won('won');
SELECT here.same('SELECT * FROM here.t4', 'SELECT id, name FROM here.items WHERE status = ''won''');
CREATE TABLE here.t5 (LIKE there.items INCLUDING ALL);
INSERT INTO here.t5 TABLE there.items;
SELECT here.same('TABLE here.t5', 'TABLE here.items');
BEGIN;
CREATE TEMP TABLE t6 ON COMMIT DROP AS SELECT id FROM there.items;
CREATE TEMP VIEW v6 AS SELECT i.id, s.name FROM there.items AS i JOIN there.single AS s USING (id) JOIN t6 USING (id);
TABLE v6;
ROLLBACK;
SELECT here.requests_of('CREATE TABLE here.t7 AS SELECT * FROM there.items WITH NO DATA');
SELECT count(*) FROM here.t7;
SET client_min_messages = warning;
SELECT here.requests_of('CREATE TABLE IF NOT EXISTS here.t7 AS SELECT * FROM there.items');
RESET client_min_messages;
ALTER FOREIGN TABLE there.changing OPTIONS (SET table_name 'items+truncated');
SELECT line FROM attempt('CREATE TABLE here.t8 AS SELECT * FROM there.changing') AS line WHERE line !~ '^ ';
SELECT to_regclass('here.t8');
ALTER FOREIGN TABLE there.changing OPTIONS (SET table_name 'items');

--
-- Materialized views: what was read last stays until all of it can be read anew
--
CREATE MATERIALIZED VIEW here.m AS SELECT * FROM there.changing;
CREATE UNIQUE INDEX ON here.m (id);
SELECT here.same('SELECT * FROM here.m', 'SELECT id, name FROM here.items');
SELECT here.requests_of('SELECT * FROM here.m');
ALTER FOREIGN TABLE there.changing OPTIONS (SET table_name 'single');
SELECT count(*) FROM here.m;
SELECT here.requests_of('REFRESH MATERIALIZED VIEW here.m');
SELECT * FROM here.m;
ALTER FOREIGN TABLE there.changing OPTIONS (SET table_name 'items');
SELECT here.requests_of('REFRESH MATERIALIZED VIEW CONCURRENTLY here.m');
SELECT here.same('SELECT * FROM here.m', 'SELECT id, name FROM here.items');
ALTER FOREIGN TABLE there.changing OPTIONS (SET table_name 'items+truncated');
SELECT line FROM attempt('REFRESH MATERIALIZED VIEW here.m') AS line WHERE line !~ '^ ';
SELECT line FROM attempt('REFRESH MATERIALIZED VIEW CONCURRENTLY here.m') AS line WHERE line !~ '^ ';
SELECT here.same('SELECT * FROM here.m', 'SELECT id, name FROM here.items');
ALTER FOREIGN TABLE there.changing OPTIONS (SET table_name 'single');
BEGIN;
REFRESH MATERIALIZED VIEW here.m;
SELECT count(*) FROM here.m;
ROLLBACK;
SELECT count(*) FROM here.m;
REFRESH MATERIALIZED VIEW CONCURRENTLY here.m;
SELECT count(*) FROM here.m;
-- two rows with the same key
ALTER FOREIGN TABLE there.changing OPTIONS (SET table_name 'items'), ALTER id OPTIONS (SET column_name 'FLAG');
SELECT left(line, 5) FROM attempt('REFRESH MATERIALIZED VIEW CONCURRENTLY here.m') AS line LIMIT 1;
SELECT left(line, 5) FROM attempt('REFRESH MATERIALIZED VIEW here.m') AS line LIMIT 1;
SELECT count(*) FROM here.m;
ALTER FOREIGN TABLE there.changing ALTER id OPTIONS (SET column_name 'ID');
SELECT here.requests_of('CREATE MATERIALIZED VIEW here.n AS SELECT * FROM there.items WITH NO DATA');
SELECT left(line, 5) FROM attempt('SELECT * FROM here.n') AS line LIMIT 1;
REFRESH MATERIALIZED VIEW here.n;
SELECT here.same('SELECT * FROM here.n', 'SELECT * FROM here.items');
-- it is refreshed as its owner, whoever does it
CREATE ROLE targets_owner;
GRANT USAGE, CREATE ON SCHEMA there, here TO targets_owner;
GRANT SELECT ON there.changing TO targets_owner;
CREATE USER MAPPING FOR targets_owner SERVER shop OPTIONS (login 'anna', password 'wrong');
ALTER MATERIALIZED VIEW here.m OWNER TO targets_owner;
SELECT line FROM attempt('REFRESH MATERIALIZED VIEW here.m') AS line WHERE line !~ '^ ';
SELECT line FROM attempt('REFRESH MATERIALIZED VIEW CONCURRENTLY here.m') AS line WHERE line !~ '^ ';
ALTER USER MAPPING FOR targets_owner SERVER shop OPTIONS (SET password 's3cret word');
REFRESH MATERIALIZED VIEW CONCURRENTLY here.m;
SELECT here.same('SELECT * FROM here.m', 'SELECT id, name FROM here.items');

--
-- COPY: of a query, not of the table
--
COPY (SELECT id, name, qty, price FROM there.items WHERE id < 8) TO STDOUT;
COPY (SELECT i FROM there.single AS i) TO STDOUT (FORMAT csv, HEADER);
COPY (INSERT INTO here.t4 SELECT id, name FROM there.items WHERE id BETWEEN 24 AND 26 RETURNING *) TO STDOUT;
DO $$
DECLARE
    n int;
BEGIN
    COPY (SELECT * FROM there.items) TO '/dev/null';
    GET DIAGNOSTICS n = ROW_COUNT;
    RAISE NOTICE '% rows', n;
END
$$;
COPY there.items TO STDOUT;
\set VERBOSITY terse
ALTER FOREIGN TABLE there.changing OPTIONS (SET table_name 'items+wrong_types');
COPY (SELECT id FROM there.changing) TO STDOUT;
ALTER FOREIGN TABLE there.changing OPTIONS (SET table_name 'items');
\set VERBOSITY default

--
-- Local tables that are written to, locked and merged with what a foreign one says
--
CREATE TABLE here.a (id bigint PRIMARY KEY, name text, n bigint);
CREATE TABLE here.b (LIKE here.a INCLUDING INDEXES);
CREATE FUNCTION here.written(statements text) RETURNS TABLE (verdict text, outcome text, statement text)
LANGUAGE plpgsql AS $$
DECLARE
    got text[];
BEGIN
    FOREACH statement IN ARRAY string_to_array(btrim(statements, E'\n'), E'\n') LOOP
        got := result_of(replace(statement, 'TARGET', 'here.a'));
        outcome := CASE WHEN got[1] ~ '^error' THEN got[1] ELSE cardinality(got)::text END;
        verdict := CASE WHEN got = result_of(replace(replace(statement, 'there', 'here'), 'TARGET', 'here.b')) AND
                             result_of('SELECT * FROM here.a') = result_of('SELECT * FROM here.b')
                        THEN 'right' ELSE 'WRONG' END;
        RETURN NEXT;
    END LOOP;
END
$$;
SELECT * FROM here.written($$
INSERT INTO TARGET SELECT id, name, qty FROM there.items WHERE flag = 1 RETURNING *
INSERT INTO TARGET SELECT id, name, qty FROM there.items RETURNING id
INSERT INTO TARGET SELECT id, upper(name), qty FROM there.items WHERE id < 50 ON CONFLICT DO NOTHING RETURNING *
INSERT INTO TARGET AS t SELECT id, 'again', 5 FROM there.single ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, n = t.n + EXCLUDED.n RETURNING *
INSERT INTO TARGET SELECT item_id, city, 1 FROM there.orders ON CONFLICT (id) DO UPDATE SET n = 0 RETURNING id
UPDATE TARGET AS t SET name = o.city, n = o.n FROM (SELECT item_id, min(city) AS city, count(*) AS n FROM there.orders GROUP BY 1) AS o WHERE o.item_id = t.id AND t.id < 20 RETURNING t, o
UPDATE TARGET AS t SET name = i.name FROM there.items AS i WHERE i.id = t.id AND i.status = 'won' RETURNING t.id, i
UPDATE TARGET AS t SET name = i.name FROM there.items AS i LEFT JOIN there.single AS s USING (id) WHERE i.id = t.id AND t.n > 0 RETURNING t, i, s
UPDATE TARGET AS t SET n = (SELECT count(*) FROM there.orders AS o WHERE o.item_id = t.id) WHERE id < 5 RETURNING *
UPDATE TARGET AS t SET (name, n) = (SELECT name, qty FROM there.single AS s WHERE s.id = t.id) WHERE id < 4 RETURNING *
DELETE FROM TARGET AS t USING there.items AS i WHERE i.id = t.id AND i.qty IS NULL RETURNING t, i
DELETE FROM TARGET AS t WHERE NOT EXISTS (SELECT FROM there.orders AS o WHERE o.item_id = t.id AND o.total > 800) RETURNING *
WITH gone AS (DELETE FROM TARGET AS t USING there.single AS s WHERE t.id > 200 RETURNING t.id, s.name) SELECT g.*, i FROM gone AS g JOIN there.items AS i USING (id)
WITH added AS (INSERT INTO TARGET SELECT id + 5000, name, qty FROM there.items WHERE id < 9 RETURNING *) SELECT * FROM added JOIN there.single AS s ON s.id + 5000 = added.id
SELECT t, i FROM TARGET AS t JOIN there.items AS i USING (id) FOR UPDATE
SELECT t, i FROM TARGET AS t JOIN there.items AS i USING (id) WHERE i.flag = 1 FOR NO KEY UPDATE OF t
SELECT t.id, i.name FROM TARGET AS t JOIN there.items AS i USING (id) FOR SHARE OF i
SELECT t.id, s.name FROM TARGET AS t LEFT JOIN there.single AS s USING (id) FOR UPDATE OF t NOWAIT
SELECT t.id, i.name FROM TARGET AS t, LATERAL (SELECT * FROM there.items AS i WHERE i.id = t.id LIMIT 1) AS i FOR KEY SHARE
SELECT t.id FROM TARGET AS t WHERE id IN (SELECT item_id FROM there.orders WHERE city = 'Riga') ORDER BY id LIMIT 5 FOR UPDATE SKIP LOCKED
SELECT i.id FROM there.items AS i FOR UPDATE
$$);
SELECT current_setting('server_version_num')::int >= 150000 AS merge \gset
\set refused t
\if :merge
MERGE INTO here.a AS t USING there.items AS i ON t.id = i.id
WHEN MATCHED AND i.flag = 1 THEN UPDATE SET name = i.status, n = i.qty
WHEN MATCHED THEN DELETE
WHEN NOT MATCHED AND i.id > 100 THEN INSERT VALUES (i.id, i.name, i.qty);
MERGE INTO here.b AS t USING here.items AS i ON t.id = i.id
WHEN MATCHED AND i.flag = 1 THEN UPDATE SET name = i.status, n = i.qty
WHEN MATCHED THEN DELETE
WHEN NOT MATCHED AND i.id > 100 THEN INSERT VALUES (i.id, i.name, i.qty);
SELECT left(line, 5) IN ('0A000', '42809') AS refused
FROM attempt('MERGE INTO there.items AS t USING here.a AS i ON t.id = i.id WHEN MATCHED THEN DELETE') AS line LIMIT 1 \gset
\endif
SELECT :'refused', result_of('SELECT * FROM here.a') = result_of('SELECT * FROM here.b');

--
-- What else is done with tables: much of it is not for foreign ones, in PostgreSQL's words
--
SELECT left(line, 5), statement FROM unnest(string_to_array($$CREATE INDEX ON there.items (id)
CREATE UNIQUE INDEX ON there.items (id)
ALTER TABLE there.items ADD PRIMARY KEY (id)
ALTER TABLE there.items ADD UNIQUE (id)
ALTER TABLE there.items ADD FOREIGN KEY (id) REFERENCES here.a
CREATE TABLE here.c (id bigint REFERENCES there.items (id))
ALTER TABLE there.items ADD EXCLUDE (id WITH =)
CLUSTER there.items
REINDEX TABLE there.items
LOCK TABLE there.items
SELECT * FROM there.items TABLESAMPLE SYSTEM (10)
CREATE RULE r AS ON INSERT TO there.items DO INSTEAD NOTHING
CREATE TRIGGER t AFTER INSERT ON there.items REFERENCING NEW TABLE AS n EXECUTE FUNCTION suppress_redundant_updates_trigger()
CREATE CONSTRAINT TRIGGER t AFTER INSERT ON there.items FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
CREATE TRIGGER t INSTEAD OF INSERT ON there.items FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
INSERT INTO there.items (id) SELECT 1 WHERE false
UPDATE there.items SET id = 1 WHERE false
SELECT setval('there.items', 1)$$, E'\n')) AS statement,
    LATERAL (SELECT line FROM attempt(statement) AS line LIMIT 1) AS first_line;
SELECT pg_total_relation_size('there.items'), pg_relation_is_updatable('there.items', true);
COMMENT ON FOREIGN TABLE there.items IS 'all items';
COMMENT ON COLUMN there.items.qty IS 'how many there are';
SELECT obj_description('there.items'::regclass), col_description('there.items'::regclass, 4);
CREATE STATISTICS there.s ON flag, status FROM there.items;
ALTER FOREIGN TABLE there.items ALTER status SET STATISTICS 500, ALTER status SET (n_distinct = 5), ALTER name SET STORAGE EXTERNAL;
SET client_min_messages = error;
ANALYZE there.items;
VACUUM there.items;
RESET client_min_messages;
SELECT here.same('SELECT status, flag, count(*) FROM there.items GROUP BY 1, 2');
-- Triggers of the table are for changes, of which there are none; those of a view over
-- it may put them elsewhere
CREATE FUNCTION here.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % of %', TG_WHEN, TG_OP, TG_TABLE_NAME;
    IF TG_WHEN = 'INSTEAD OF' THEN INSERT INTO here.t4 VALUES (NEW.id, NEW.name); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER each_row BEFORE INSERT OR UPDATE OR DELETE ON there.changing FOR EACH ROW EXECUTE FUNCTION here.note();
CREATE TRIGGER each_statement BEFORE INSERT OR UPDATE OR DELETE ON there.changing EXECUTE FUNCTION here.note();
SELECT here.same('SELECT * FROM there.changing', 'SELECT id, name FROM here.items');
SELECT attempt('INSERT INTO there.changing VALUES (1)');
SELECT attempt('DELETE FROM there.changing WHERE id = 1');
CREATE VIEW here.changing AS SELECT * FROM there.changing;
SELECT attempt('UPDATE here.changing SET name = ''x''');
CREATE TRIGGER elsewhere INSTEAD OF INSERT ON here.changing FOR EACH ROW EXECUTE FUNCTION here.note();
INSERT INTO here.changing SELECT id + 9000, name FROM here.changing WHERE id IN (1, 2);
SELECT * FROM here.t4 WHERE id > 9000 ORDER BY id;
-- Moved and renamed: a table without an option is asked for by its name
CREATE FOREIGN TABLE there.empty_table ("ID" int) SERVER shop;
ALTER FOREIGN TABLE there.empty_table SET SCHEMA here;
ALTER FOREIGN TABLE here.empty_table RENAME TO all_null;
SELECT * FROM here.all_null;

--
-- EXPLAIN of all that may contain a query asks for nothing; with ANALYZE it is done
--
SELECT here.requests_of('EXPLAIN ' || statement) AS without, here.requests_of('EXPLAIN (ANALYZE, VERBOSE) ' || statement) AS with, statement
FROM unnest(string_to_array($$CREATE TABLE here.explained AS SELECT * FROM there.items
CREATE MATERIALIZED VIEW here.explained_too AS SELECT * FROM there.items
DECLARE c CURSOR FOR SELECT * FROM there.items
EXECUTE won('won')
INSERT INTO here.t5 SELECT * FROM there.items WHERE flag = 1
UPDATE here.t5 SET name = 'x' FROM there.single AS s WHERE s.id = t5.id
DELETE FROM here.t5 USING there.items AS i WHERE i.id = t5.id
SELECT * FROM there.items AS i, there.single AS s FOR UPDATE$$, E'\n')) AS statement;
SELECT (SELECT count(*) FROM here.explained), (SELECT count(*) FROM here.explained_too), (SELECT count(*) FROM here.t5);

SET client_min_messages = warning;
DROP SCHEMA there, here CASCADE;
DROP OWNED BY targets_owner;
DROP USER MAPPING IF EXISTS FOR targets_owner SERVER shop;
DROP ROLE targets_owner;
