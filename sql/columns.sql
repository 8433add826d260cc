--
-- Columns: whole rows, dropped and added columns, statements prepared before a
-- table was altered, system columns, and constraints that nobody here keeps.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA there;
CREATE SCHEMA here;
SELECT url || '/data' AS data FROM connector \gset
IMPORT FOREIGN SCHEMA connector LIMIT TO (items, orders, single, all_null, empty_table)
    FROM SERVER shop INTO there
    OPTIONS (probe 'off');
-- Copies, to compare with
CREATE TABLE here.items AS SELECT * FROM there.items;
CREATE TABLE here.orders AS SELECT * FROM there.orders;
CREATE TABLE here.single AS SELECT * FROM there.single;
CREATE TABLE here.all_null AS SELECT * FROM there.all_null;
CREATE TABLE here.empty_table AS SELECT * FROM there.empty_table;
ANALYZE here.items, here.orders, here.single, here.all_null, here.empty_table;

--
-- Whole rows: of a table, of joins, through views, null and not, and what is made
-- of them
--
CREATE VIEW there.won AS SELECT * FROM there.items WHERE status = 'won';
CREATE VIEW here.won AS SELECT * FROM here.items WHERE status = 'won';
CREATE VIEW there.rows AS SELECT i AS item, qty FROM there.items AS i;
CREATE VIEW here.rows AS SELECT i AS item, qty FROM here.items AS i;
CREATE FUNCTION here.name_of(here.items) RETURNS text LANGUAGE sql AS 'SELECT $1.name';
CREATE FUNCTION there.name_of(there.items) RETURNS text LANGUAGE sql AS 'SELECT $1.name';
SELECT * FROM against_copies($$
SELECT i FROM there.items AS i
SELECT i, i.* FROM there.items AS i WHERE id < 40
SELECT i.name, i FROM there.items AS i WHERE i.flag = 1
SELECT row_to_json(i) FROM there.items AS i
SELECT to_jsonb(i) - 'id' FROM there.items AS i
SELECT i IS NULL, i IS NOT NULL, i.* IS NULL FROM there.items AS i
SELECT a IS NULL, a IS NOT NULL FROM there.all_null AS a
SELECT i FROM there.items AS i WHERE i IS NOT NULL
SELECT count(i), count(DISTINCT i) FROM there.items AS i
SELECT count(a), count(e) FROM there.all_null AS a LEFT JOIN there.empty_table AS e USING (id)
SELECT DISTINCT i FROM there.items AS i
SELECT i, count(*) FROM there.items AS i JOIN there.orders AS o ON o.item_id = i.id GROUP BY i
SELECT i FROM there.items AS i ORDER BY i DESC LIMIT 5
SELECT array_agg(i ORDER BY id) FROM there.items AS i WHERE id < 40
SELECT lag(i) OVER (ORDER BY id) FROM there.items AS i
SELECT i, s FROM there.items AS i LEFT JOIN there.single AS s ON s.id = i.id
SELECT i, s, i IS NULL, s IS NULL FROM there.items AS i FULL JOIN there.single AS s ON s.id = i.id + 1
SELECT i, o FROM here.items AS i LEFT JOIN there.orders AS o ON o.item_id = i.id AND o.total > 500
SELECT j FROM (there.items AS i JOIN there.orders AS o ON o.item_id = i.id) AS j
SELECT j FROM (there.items AS i NATURAL JOIN there.single AS s) AS j
SELECT (i).name, (i).qty FROM there.items AS i
SELECT (item).name, qty FROM there.rows WHERE (item).id < 40
SELECT r FROM there.rows AS r
SELECT w FROM there.won AS w
SELECT w, o FROM there.won AS w JOIN there.orders AS o ON o.item_id = w.id
SELECT (SELECT i) FROM there.items AS i
SELECT (SELECT s FROM there.single AS s WHERE s.id = i.id) FROM there.items AS i
SELECT l FROM there.items AS i, LATERAL (SELECT i, i.id) AS l
SELECT i FROM there.items AS i WHERE i IN (SELECT s FROM there.single AS s)
SELECT i FROM there.items AS i WHERE i::text LIKE '%won%'
SELECT there.name_of(i), there.name_of(w.item) FROM there.items AS i, there.rows AS w WHERE i.id = 3
SELECT i FROM there.items AS i UNION ALL SELECT w FROM there.items AS w
WITH RECURSIVE r (j) AS (SELECT i FROM there.items AS i WHERE id = 1 UNION ALL SELECT i FROM r, there.items AS i WHERE i.id = (r.j).id * 3) SELECT * FROM r
SELECT (j.r).* FROM (SELECT i AS r FROM there.items AS i OFFSET 0) AS j
$$);
-- All fields are asked for, once
SELECT * FROM requests_of('SELECT i, i.id, i.name FROM there.items AS i WHERE i.id = 3');
-- No columns: rows that have none can be counted, too
SELECT * FROM against_copies($$
SELECT FROM there.items
SELECT count(*) FROM there.items AS i, there.single AS s
SELECT FROM there.items UNION ALL SELECT FROM there.all_null
SELECT 1 FROM there.all_null WHERE EXISTS (SELECT FROM there.single)
SELECT 1 FROM there.all_null WHERE NOT EXISTS (SELECT FROM there.empty_table)
SELECT EXISTS (SELECT FROM there.empty_table), EXISTS (SELECT FROM there.items)
SELECT (SELECT count(*) FROM there.items WHERE i.id > 1) FROM there.all_null AS i
$$);
SELECT body -> 'select', body -> 'limit' FROM requests_of('SELECT EXISTS (SELECT FROM there.items)') AS body;

--
-- Every set of dropped columns, none and all included, and a column added after.
-- (Columns are called as their fields are, so that neither needs an option.)
--
CREATE FUNCTION here.drop_columns() RETURNS TABLE (dropped text, added text, wrong text)
LANGUAGE plpgsql AS $$
DECLARE
    names text[] := '{ID,NAME,QTY,FLAG}';
    live text;
BEGIN
    FOR bits IN 0 .. (1 << cardinality(names)) - 1 LOOP
        CREATE FOREIGN TABLE there.t ("ID" bigint, "NAME" text, "QTY" bigint, "FLAG" int)
            SERVER shop OPTIONS (table_name 'items');
        SELECT string_agg(format('DROP COLUMN %I', name), ', ') FILTER (WHERE bits & (1 << n::int - 1) <> 0),
               string_agg(format('%I', name), ', ' ORDER BY n) FILTER (WHERE bits & (1 << n::int - 1) = 0)
        INTO dropped, live FROM unnest(names) WITH ORDINALITY AS a (name, n);
        IF dropped <> '' THEN
            EXECUTE 'ALTER FOREIGN TABLE there.t ' || dropped;
        END IF;
        FOREACH added IN ARRAY '{"","\"PRICE\""}'::text[] LOOP
            IF added <> '' THEN
                EXECUTE format('ALTER FOREIGN TABLE there.t ADD COLUMN %s double precision', added);
            END IF;
            live := concat_ws(', ', nullif(live, ''), nullif(added, ''));
            EXECUTE format('CREATE TABLE here.t AS SELECT %s FROM here.upper', live);
            FOR wrong IN SELECT statement FROM against_copies(E'SELECT * FROM there.t\n'
                'SELECT row_to_json(t), t, t IS NULL FROM there.t\nSELECT FROM there.t\n'
                'SELECT count(*), count(t), count(DISTINCT t) FROM there.t') WHERE verdict <> 'right' LOOP
                RETURN NEXT;
            END LOOP;
            DROP TABLE here.t;
        END LOOP;
        DROP FOREIGN TABLE there.t;
    END LOOP;
    dropped := (1 << cardinality(names)) || ' sets';
    wrong := 'done';
    added := '';
    RETURN NEXT;
END
$$;
CREATE VIEW here.upper AS SELECT id AS "ID", name AS "NAME", status::varchar AS "STATUS", qty AS "QTY",
    flag::int AS "FLAG", price AS "PRICE" FROM here.items;
SELECT * FROM here.drop_columns();

--
-- Prepared statements with a plan that is kept, and functions of the row's type,
-- after the table was altered: as if it were a local one
--
CREATE FOREIGN TABLE there.t ("ID" bigint, "NAME" text, "STATUS" text, "QTY" bigint, "FLAG" int)
    SERVER shop OPTIONS (table_name 'items');
CREATE TABLE here.t AS SELECT "ID", "NAME", "STATUS"::text, "QTY", "FLAG" FROM here.upper;
SET plan_cache_mode = force_generic_plan;
SELECT format($$
PREPARE %1$s_star AS SELECT * FROM %1$s.t;
PREPARE %1$s_row AS SELECT t FROM %1$s.t;
PREPARE %1$s_columns AS SELECT "ID", "NAME" FROM %1$s.t WHERE "FLAG" = 1;
PREPARE %1$s_sum AS SELECT count(*), sum("QTY") FROM %1$s.t WHERE "STATUS" IN ('won', 'new');
CREATE FUNCTION %1$s.inlined() RETURNS SETOF %1$s.t LANGUAGE sql STABLE AS 'SELECT * FROM %1$s.t';
CREATE FUNCTION %1$s.called() RETURNS SETOF %1$s.t LANGUAGE plpgsql AS
    'BEGIN RETURN QUERY SELECT t.* FROM %1$s.t; END'$$, side)
FROM unnest('{there,here}'::text[]) AS side \gexec
CREATE FUNCTION here.altered(command text) RETURNS TABLE (verdict text, outcome text, statement text)
LANGUAGE plpgsql AS $$
BEGIN
    IF command <> '' THEN
        EXECUTE 'ALTER TABLE there.t ' || command;
        EXECUTE 'ALTER TABLE here.t ' || regexp_replace(command, 'OPTIONS \(.*\)', '');
        -- the connector has had values for a new column all the time
        IF command ~ 'ADD COLUMN' THEN
            EXECUTE format('UPDATE here.t SET %1$s = upper.%1$s FROM here.upper WHERE upper."ID" = t."ID"',
                           split_part(command, ' ', 3));
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM against_copies(E'EXECUTE there_star\nEXECUTE there_row\n'
        'EXECUTE there_columns\nEXECUTE there_sum\n'
        'SELECT * FROM there.inlined()\nSELECT * FROM there.called()');
END
$$;
SELECT * FROM here.altered('');
SELECT * FROM here.altered('ALTER COLUMN "QTY" TYPE numeric(20,2)');
SELECT * FROM here.altered('DROP COLUMN "FLAG"');
SELECT * FROM here.altered('ADD COLUMN "PRICE" double precision');
SELECT * FROM here.altered('ADD COLUMN "FLAG" int OPTIONS (column_name ''FLAG'') DEFAULT 1')
WHERE statement ~ 'columns';
SELECT * FROM here.altered('ALTER COLUMN "STATUS" TYPE varchar(9)');
ALTER FOREIGN TABLE there.t ALTER COLUMN "NAME" OPTIONS (ADD column_name 'NAME');
SELECT * FROM here.altered('RENAME COLUMN "NAME" TO name');
SELECT * FROM here.altered('RENAME COLUMN name TO "NAME"');
DEALLOCATE ALL;
RESET plan_cache_mode;
-- While a cursor is open the table stays as it is
BEGIN;
DECLARE c CURSOR FOR SELECT t FROM there.t;
FETCH 1 FROM c;
SELECT left(line, 5) FROM attempt('ALTER FOREIGN TABLE there.t DROP COLUMN "QTY"') AS line;
SELECT left(line, 5) FROM attempt('ALTER FOREIGN TABLE there.t OPTIONS (SET table_name ''single'')') AS line;
SELECT left(line, 5) FROM attempt('DROP FOREIGN TABLE there.t CASCADE') AS line;
FETCH 1 FROM c;
COMMIT;
SET client_min_messages = warning;
DROP FOREIGN TABLE there.t CASCADE;
DROP TABLE here.t CASCADE;
RESET client_min_messages;

--
-- Defaults and generated columns are for tables that are written to: what the
-- connector says counts, in all of its rows, and NULL is NULL.
--
CREATE FOREIGN TABLE there.t ("ID" bigint, "FLAG" int DEFAULT 7) SERVER shop OPTIONS (table_name 'items');
ALTER FOREIGN TABLE there.t ADD COLUMN "PRICE" double precision DEFAULT 7,
    ADD COLUMN "QTY" bigint NOT NULL DEFAULT 7,
    ADD COLUMN "AMOUNT" numeric GENERATED ALWAYS AS ("ID" * 7) STORED;
CREATE TABLE here.t AS SELECT id AS "ID", flag AS "FLAG", price AS "PRICE", qty AS "QTY", amount AS "AMOUNT" FROM here.items;
SELECT * FROM against_copies($$
SELECT * FROM there.t
SELECT t FROM there.t
SELECT "ID" FROM there.t WHERE "FLAG" = 7
SELECT "PRICE", "QTY", "AMOUNT" FROM there.t ORDER BY "AMOUNT", "QTY", "PRICE"
SELECT "QTY", count("AMOUNT") FROM there.t GROUP BY "QTY"
SELECT "ID", "AMOUNT" FROM there.t WHERE "AMOUNT" > "ID" * 7
$$);
SELECT count(*) - count("QTY" + 0) FROM there.t;
-- (those that are computed when they are read, since PostgreSQL 18, have no field)
SELECT current_setting('server_version_num')::int >= 180000 AS virtual \gset
\if :virtual
ALTER FOREIGN TABLE there.t ADD COLUMN twice smallint GENERATED ALWAYS AS ("ID" * 2) VIRTUAL;
\else
ALTER FOREIGN TABLE there.t ADD COLUMN twice smallint OPTIONS (column_name 'ID');
CREATE VIEW there.u AS SELECT "ID", "FLAG", "PRICE", "QTY", "AMOUNT", ("ID" * 2)::smallint AS twice FROM there.t;
ALTER FOREIGN TABLE there.t RENAME TO t_base;
ALTER VIEW there.u RENAME TO t;
\endif
ALTER TABLE here.t ADD COLUMN twice smallint;
UPDATE here.t SET twice = "ID" * 2;
SELECT * FROM against_copies($$
SELECT * FROM there.t
SELECT t FROM there.t
SELECT count(*), max(twice) FROM there.t
SELECT FROM there.t
SELECT "ID" FROM there.t WHERE twice = 8
SELECT t.twice, i.id FROM there.t JOIN here.items AS i ON i.id = t.twice
SELECT t."ID", i.id FROM there.t JOIN here.items AS i ON i.id = t.twice FOR SHARE
$$);
SET client_min_messages = warning;
\if :virtual
DROP FOREIGN TABLE there.t;
\else
DROP FOREIGN TABLE there.t_base CASCADE;
\endif
DROP TABLE here.t;
RESET client_min_messages;

--
-- Constraints describe what the connector holds; nobody checks that.  The planner
-- believes them if it is told to, and then need not ask.
--
CREATE FOREIGN TABLE there.t (
    "ID" bigint CHECK ("ID" < 100), "FLAG" int NOT NULL CHECK ("FLAG" IN (0, 1)), "QTY" bigint NOT NULL)
    SERVER shop OPTIONS (table_name 'items');
CREATE TABLE here.t AS SELECT id AS "ID", flag AS "FLAG", qty AS "QTY" FROM here.items;
CREATE FUNCTION here.requests_and_rows(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    place bigint := log_end();
BEGIN
    RETURN format('rows: %s, requests: %s', (SELECT outcome FROM against_copies(statement)),
                  (SELECT count(*) FROM requests(place)));
END
$$;
SELECT * FROM against_copies(E'SELECT * FROM there.t\nSELECT t FROM there.t WHERE "ID" > 90');
SELECT constraint_exclusion, here.requests_and_rows('SELECT FROM there.t WHERE "FLAG" > 4'),
    here.requests_and_rows('SELECT FROM there.t WHERE "ID" > 200'),
    here.requests_and_rows('SELECT FROM there.t WHERE "ID" > 97')
FROM unnest('{off,on}'::text[]) AS constraint_exclusion,
    LATERAL set_config('constraint_exclusion', constraint_exclusion, false);
RESET constraint_exclusion;

--
-- System columns: tableoid is there in every position
--
SELECT tableoid::regclass, count(*) FROM there.items GROUP BY 1;
SELECT count(*) FROM there.items WHERE tableoid = 'there.items'::regclass;
SELECT count(*) FROM there.items WHERE tableoid = 'there.single'::regclass;
SELECT relname, count(i) FROM pg_class JOIN there.items AS i ON i.tableoid = pg_class.oid AND i.flag = 1 GROUP BY 1;
SELECT i.id, i.tableoid::regclass, s.tableoid::regclass FROM there.items AS i LEFT JOIN there.single AS s USING (id)
WHERE i.id IN (1, 2) ORDER BY 1;
SELECT tableoid::regclass, name FROM there.items WHERE status = 'lost' ORDER BY id DESC LIMIT 2;
SELECT tableoid::regclass, id FROM there.items WHERE id IN (7, 8) FOR UPDATE;
-- also of rows that are held back until their answer is complete
ALTER FOREIGN TABLE there.items OPTIONS (ADD push_limit 'filtered');
SELECT tableoid::regclass, i FROM there.items AS i WHERE status = 'lost' LIMIT 2;
SELECT body FROM requests_of('SELECT tableoid, i FROM there.items AS i WHERE status = ''lost'' LIMIT 2') AS body;
-- ctid says nothing, and of transactions nothing is known: as with postgres_fdw
SELECT count(DISTINCT ctid), count(*) FROM there.items;
SELECT count(*) FROM there.items WHERE ctid = '(0,1)';
SELECT DISTINCT xmin, xmax, cmin, cmax FROM there.items;
SELECT name, line FROM unnest('{xmin,xmax,cmin,cmax}'::text[]) AS name,
    attempt(format('SELECT i.id, i.%1$s FROM there.items AS i LEFT JOIN there.single AS s ON s.%1$s = i.%1$s', name)) AS line;
SELECT count(*) FROM there.items;

SET client_min_messages = warning;
DROP SCHEMA there, here CASCADE;
