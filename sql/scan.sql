--
-- Scans: the columns that are asked for, scans that start over, stop early or run
-- side by side, and whose settings are sent.
--

-- Copies of the tables, to compare with
CREATE SCHEMA here;
CREATE TABLE here.items AS SELECT * FROM shop.items;
CREATE TABLE here.orders AS SELECT * FROM shop.orders;
CREATE TABLE here.wide AS SELECT * FROM shop.wide;
CREATE TABLE here.single AS SELECT * FROM shop.single;
CREATE TABLE here.empty_table AS SELECT * FROM shop.empty_table;
ANALYZE here.items;

-- The requests that a statement makes
CREATE FUNCTION asked(statement text) RETURNS TABLE (tbl text, selected text, filter text)
LANGUAGE plpgsql AS $$
DECLARE
    place bigint := log_end();
BEGIN
    EXECUTE statement;
    RETURN QUERY SELECT body ->> 'table', body ->> 'select', body ->> 'filter' FROM requests(place);
END
$$;

-- For each statement (one a line): how many rows there are, whether they are those
-- that the copies give, and what was asked for of which tables
CREATE FUNCTION compared(statements text)
RETURNS TABLE (statement text, "rows" int, verdict text, selected text)
LANGUAGE plpgsql AS $$
DECLARE
    got text[];
    wanted text[];
BEGIN
    CREATE TEMP TABLE result (result text[]);
    FOREACH statement IN ARRAY string_to_array(btrim(statements, E'\n'), E'\n') LOOP
        SELECT string_agg(a.tbl || coalesce(replace(a.selected, '"', ''), ': all'), ', ') INTO selected
        FROM asked(format('INSERT INTO result SELECT array_agg(q::text ORDER BY q::text COLLATE "C") FROM (%s) AS q',
                          statement)) AS a;
        DELETE FROM result RETURNING result.result INTO got;
        EXECUTE format('SELECT array_agg(q::text ORDER BY q::text COLLATE "C") FROM (%s) AS q',
                       replace(statement, 'shop.', 'here.')) INTO wanted;
        rows := coalesce(cardinality(got), 0);
        verdict := CASE WHEN got IS DISTINCT FROM wanted THEN 'WRONG' ELSE 'right' END;
        RETURN NEXT;
    END LOOP;
    DROP TABLE result;
END
$$;

--
-- Columns: those of the result and those of conditions that are not sent; none of
-- them if it is all.  If there is none, the one that is likely to be the smallest.
--
SELECT * FROM compared($$
SELECT id, name FROM shop.items
SELECT name, id FROM shop.items
SELECT id FROM shop.items WHERE price > 100
SELECT id FROM shop.items WHERE name IS NULL
SELECT id + qty, upper(name) FROM shop.items
SELECT id FROM shop.items ORDER BY born, id
SELECT flag, sum(qty) FROM shop.items GROUP BY flag HAVING max(price) > 1
SELECT * FROM shop.items
SELECT id, name, status, qty, price, amount, born, created, tz, flag FROM shop.items
SELECT i FROM shop.items AS i
SELECT i.name, i FROM shop.items AS i WHERE id < 5
SELECT count(i) FROM shop.items AS i
SELECT count(*) FROM shop.items
SELECT 1 FROM shop.items
SELECT FROM shop.items
SELECT count(*) FROM shop.items WHERE flag = 1
SELECT count(*) FROM shop.empty_table
SELECT * FROM shop.empty_table
SELECT max(id), min(name), count(qty) FROM shop.items
SELECT * FROM shop.single
$$);
-- A form with more than 20 values in one array reaches some connectors as an object
SELECT statement, rows, verdict, left(selected, 40) AS selected FROM compared(
    (SELECT string_agg('SELECT ' || columns || ' FROM shop.wide', E'\n' ORDER BY number)
     FROM (SELECT number, string_agg('f' || n, ', ' ORDER BY n) AS columns
           FROM unnest('{2,19,20,21,29,30}'::int[]) AS number, generate_series(1, number) AS n
           GROUP BY 1) AS q));
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER shop_json FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data', request_format 'json');
CREATE USER MAPPING FOR CURRENT_USER SERVER shop_json OPTIONS (login 'anna', password 's3cret word');
SELECT format('CREATE FOREIGN TABLE shop.wide_json (%s) SERVER shop_json OPTIONS (table_name ''wide'')',
              string_agg(format('f%s int OPTIONS (column_name ''F%s'')', n, n), ', '))
FROM generate_series(1, 30) AS n \gexec
CREATE TABLE here.wide_json AS SELECT * FROM shop.wide_json;
SELECT statement, rows, verdict, left(selected, 40) AS selected FROM compared(
    (SELECT 'SELECT ' || string_agg('f' || n, ', ' ORDER BY n) || ' FROM shop.wide_json' FROM generate_series(1, 21) AS n));

-- The order of the columns need not be that of the fields, several may show the same
-- field, and not every field needs a column
CREATE FOREIGN TABLE shop.mine (
    flag smallint OPTIONS (column_name 'FLAG'), name text OPTIONS (column_name 'NAME'),
    id int OPTIONS (column_name 'ID'), upper_name varchar OPTIONS (column_name 'NAME'),
    id_text text OPTIONS (column_name 'ID'))
    SERVER shop OPTIONS (table_name 'items');
SELECT * FROM shop.mine WHERE id BETWEEN 15 AND 17 ORDER BY id;
SELECT upper_name, name FROM shop.mine WHERE id_text = '24';
SELECT tbl, selected FROM asked('SELECT upper_name, id_text, name, id FROM shop.mine WHERE flag = 1');
-- Dropped and added columns
ALTER FOREIGN TABLE shop.mine DROP COLUMN name, DROP COLUMN id_text;
SELECT * FROM shop.mine WHERE id IN (1, 2) ORDER BY id;
ALTER FOREIGN TABLE shop.mine ADD COLUMN "STATUS" text, ADD COLUMN quantity bigint OPTIONS (column_name 'QTY');
SELECT * FROM shop.mine WHERE id IN (1, 2) ORDER BY id;
SELECT mine FROM shop.mine WHERE "STATUS" = 'lost' AND id < 9;
SELECT tbl, selected FROM asked('SELECT * FROM shop.mine');
SELECT tbl, selected FROM asked('SELECT count(*) FROM shop.mine');
ALTER FOREIGN TABLE shop.mine ADD COLUMN mistake int OPTIONS (column_name 'Id');
SELECT id FROM shop.mine WHERE id = 3;
SELECT id, mistake FROM shop.mine WHERE id = 3;
ALTER FOREIGN TABLE shop.mine ALTER COLUMN mistake OPTIONS (SET column_name 'ID');
SELECT id, mistake FROM shop.mine WHERE id = 3;
ALTER FOREIGN TABLE shop.mine ALTER COLUMN mistake TYPE numeric(8,2);
SELECT id, mistake FROM shop.mine WHERE id = 3;
-- No column at all
CREATE FOREIGN TABLE shop.none () SERVER shop OPTIONS (table_name 'single');
SELECT * FROM shop.none;
SELECT count(*) FROM shop.none;
SELECT tbl, selected FROM asked('SELECT FROM shop.none');
-- Generated columns are for tables that are written to: the connector's field counts
CREATE FOREIGN TABLE shop.generated (
    id int OPTIONS (column_name 'ID'), flag int OPTIONS (column_name 'FLAG') GENERATED ALWAYS AS (id * 1000) STORED)
    SERVER shop OPTIONS (table_name 'items');
SELECT * FROM shop.generated WHERE id IN (2, 3);
-- The system column that foreign tables have
SELECT tableoid::regclass, id FROM shop.items WHERE id = 5;
SELECT tbl, selected FROM asked('SELECT tableoid FROM shop.items');

--
-- Joins and scans that start over
--
CREATE VIEW joins AS SELECT $$
SELECT i.id, i.name, o.order_id FROM shop.items AS i JOIN shop.orders AS o ON o.item_id = i.id
SELECT i.id, o.order_id FROM shop.items AS i JOIN here.orders AS o ON o.item_id = i.id WHERE o.city = 'Riga'
SELECT i.id, o.order_id FROM here.items AS i LEFT JOIN shop.orders AS o ON o.item_id = i.id AND o.total > 990
SELECT i.id, j.id FROM shop.items AS i JOIN shop.items AS j ON i.id = j.id + 1 WHERE i.flag = 1 AND j.status = 'won'
SELECT i.id, j.id FROM shop.items AS i FULL JOIN shop.single AS j ON i.id = j.id
SELECT i.id, o.* FROM here.items AS i, LATERAL (SELECT max(order_id), count(*) FROM shop.orders WHERE item_id = i.id) AS o WHERE i.id < 4
SELECT i.id FROM shop.items AS i WHERE EXISTS (SELECT FROM shop.orders AS o WHERE o.item_id = i.id AND o.city = 'Riga')
SELECT i.id FROM shop.items AS i WHERE NOT EXISTS (SELECT FROM shop.orders AS o WHERE o.item_id = i.id AND o.total > 900)
SELECT i.id FROM shop.items AS i WHERE id IN (SELECT item_id FROM shop.orders WHERE city = 'Москва')
SELECT o.order_id FROM shop.orders AS o WHERE item_id NOT IN (SELECT id FROM shop.items WHERE qty IS NULL)
SELECT i.id, (SELECT count(*) FROM shop.orders AS o WHERE o.item_id = i.id) FROM here.items AS i WHERE id BETWEEN 5 AND 8
WITH RECURSIVE up(id) AS (SELECT 1::bigint UNION SELECT i.id FROM up JOIN shop.items AS i ON i.id = up.id * 3) SELECT * FROM up
WITH i AS MATERIALIZED (SELECT * FROM shop.items WHERE flag = 0) SELECT a.id, b.id FROM i AS a JOIN i AS b USING (id)
SELECT id FROM shop.items INTERSECT SELECT item_id FROM shop.orders WHERE order_id < 50
$$::text AS statements;
SELECT statement, rows, verdict FROM joins, compared(statements);
-- as nested loops: the inner scan starts over for each row of the outer one, and has kept its rows
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_hashagg = off;
SELECT * FROM plan_of($$
    SELECT a.n, i.id FROM (VALUES (1), (2), (3)) AS a (n) LEFT JOIN shop.items AS i ON i.id > a.n AND i.flag = 1 $$, 'COSTS OFF');
SELECT count(*), sum(i.id) FROM (VALUES (1), (2), (3)) AS a (n) LEFT JOIN shop.items AS i ON i.id > a.n AND i.flag = 1;
SELECT * FROM asked($$
    SELECT a.n, i.id FROM (VALUES (1), (2), (3)) AS a (n) LEFT JOIN shop.items AS i ON i.id > a.n AND i.flag = 1 $$);
-- Nothing is asked for if there is no row to join with
SELECT count(*) FROM asked('SELECT s.id, i.id FROM here.empty_table AS s LEFT JOIN shop.items AS i ON i.id > s.id');
SELECT statement, rows, verdict FROM joins, compared(
    regexp_replace(statements, '\n[^\n]*(here.orders|JOIN shop.orders|FULL JOIN)[^\n]*', '', 'g'));
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
RESET enable_hashagg;
DROP VIEW joins;
-- A scan whose parameters change asks anew, also for nothing
SELECT a.n, i.id, i.status FROM (VALUES (1), (NULL), (3), (9007199254740993), (3), (300)) AS a (n)
LEFT JOIN LATERAL (SELECT * FROM shop.items WHERE id = a.n OFFSET 0) AS i ON true;
SELECT tbl, filter FROM asked($$
    SELECT i.id FROM (VALUES (1), (NULL), (3), (9007199254740993), (3), (300)) AS a (n)
    LEFT JOIN LATERAL (SELECT * FROM shop.items WHERE id = a.n OFFSET 0) AS i ON true $$);

--
-- Cursors: two at once, read in part, closed early, kept beyond the transaction
--
BEGIN;
DECLARE a CURSOR FOR SELECT id, name FROM shop.items;
DECLARE b CURSOR FOR SELECT order_id FROM shop.orders WHERE city = 'Riga';
DECLARE c CURSOR FOR SELECT id FROM shop.items;
FETCH 2 FROM a;
FETCH 2 FROM b;
FETCH 1 FROM a;
MOVE 244 IN a;
FETCH 5 FROM a;
FETCH 1 FROM a;
FETCH 2 FROM b;
CLOSE b;
SELECT count(*) FROM shop.items;
CLOSE a;
DECLARE s SCROLL CURSOR FOR SELECT id FROM shop.items WHERE flag = 0;
FETCH 2 FROM s;
FETCH LAST FROM s;
FETCH PRIOR FROM s;
FETCH FIRST FROM s;
FETCH ABSOLUTE 3 FROM s;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM shop.items WHERE status = 'lost';
FETCH 1 FROM h;
SAVEPOINT here;
FETCH 1 FROM c;
ROLLBACK TO here;
FETCH 1 FROM c;
COMMIT;
FETCH 1 FROM h;
CLOSE h;
-- A cursor over a table of more than fits into the buffer, closed early
BEGIN;
DECLARE a NO SCROLL CURSOR FOR SELECT id, note FROM shop.big;
FETCH 1 FROM a;
CLOSE a;
SELECT count(*) FROM shop.single;
ROLLBACK;

--
-- In PL/pgSQL: loops left early, exceptions, and other requests meanwhile
--
DO $$
DECLARE
    i record;
    seen int := 0;
BEGIN
    FOR i IN SELECT * FROM shop.items LOOP
        BEGIN
            PERFORM 1 / (i.id % 4) FROM shop.orders WHERE order_id = i.id;
            seen := seen + 1;
        EXCEPTION WHEN division_by_zero THEN
            EXIT WHEN i.id >= 12;
        END;
    END LOOP;
    RAISE NOTICE 'left at %, % without error', i.id, seen;
END
$$;
DO $$
BEGIN
    FOR n IN 1..3 LOOP
        BEGIN
            PERFORM id, 1 / (id - 100) FROM shop.items;
        EXCEPTION WHEN division_by_zero THEN
            RAISE NOTICE 'round %: %', n, SQLERRM;
        END;
    END LOOP;
    RAISE NOTICE '% items', (SELECT count(*) FROM shop.items);
END
$$;
CREATE TABLE here.made AS SELECT * FROM shop.items WHERE status = 'won';
SELECT count(*), sum(qty) FROM here.made;
INSERT INTO here.made SELECT * FROM shop.items WHERE id < 3 RETURNING id, name;
UPDATE here.made SET qty = o.n FROM (SELECT item_id, count(*) AS n FROM shop.orders GROUP BY 1) AS o
WHERE o.item_id = made.id AND made.id < 5;
SELECT id, qty FROM here.made WHERE id < 8 ORDER BY 1, 2;
DELETE FROM here.made USING shop.single AS s WHERE s.id = made.id RETURNING made.id, s.name;
COPY (SELECT id, name FROM shop.items WHERE name IN ('Apple', 'apple')) TO STDOUT;

--
-- Whose settings are sent: those of the user whose rights count
--
CREATE ROLE scan_anna;
CREATE ROLE scan_mallory;
GRANT USAGE ON SCHEMA shop TO scan_anna, scan_mallory;
GRANT SELECT ON shop.items TO scan_anna, scan_mallory;
CREATE USER MAPPING FOR scan_anna SERVER shop OPTIONS (login 'anna', password 's3cret word');
CREATE USER MAPPING FOR scan_mallory SERVER shop OPTIONS (login 'mallory', password 'guess');
PREPARE one_item AS SELECT name FROM shop.items WHERE id = 1;
SET ROLE scan_mallory;
SELECT name FROM shop.items WHERE id = 1;
EXECUTE one_item;
SET ROLE scan_anna;
SELECT name FROM shop.items WHERE id = 1;
EXECUTE one_item;
RESET ROLE;
CREATE VIEW anna_sees AS SELECT name FROM shop.items WHERE id = 1;
CREATE VIEW mallory_sees AS SELECT name FROM shop.items WHERE id = 1;
ALTER VIEW anna_sees OWNER TO scan_anna;
ALTER VIEW mallory_sees OWNER TO scan_mallory;
GRANT SELECT ON anna_sees, mallory_sees TO scan_anna, scan_mallory;
CREATE FUNCTION anna_says() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
    'BEGIN RETURN (SELECT name FROM shop.items WHERE id = 1); END';
CREATE FUNCTION mallory_says() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
    'BEGIN RETURN (SELECT name FROM shop.items WHERE id = 1); END';
ALTER FUNCTION anna_says OWNER TO scan_anna;
ALTER FUNCTION mallory_says OWNER TO scan_mallory;
SET ROLE scan_mallory;
SELECT * FROM anna_sees;
SELECT anna_says();
SET ROLE scan_anna;
SELECT * FROM mallory_sees;
-- without the context: PL/pgSQL names its expressions in another way before 14
\set SHOW_CONTEXT never
SELECT mallory_says();
\set SHOW_CONTEXT errors
SELECT * FROM anna_sees;
RESET ROLE;
DROP VIEW anna_sees, mallory_sees;
DROP FUNCTION anna_says, mallory_says;
SET client_min_messages = error;
DROP OWNED BY scan_anna, scan_mallory;
DROP ROLE scan_anna, scan_mallory;
RESET client_min_messages;

--
-- A prepared statement heeds what is altered later
--
CREATE SERVER other FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data');
CREATE USER MAPPING FOR CURRENT_USER SERVER other OPTIONS (login 'anna', password 'wrong');
CREATE FOREIGN TABLE shop.other (id int OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'))
    SERVER other OPTIONS (table_name 'items');
SET plan_cache_mode = force_generic_plan;
PREPARE other(int) AS SELECT * FROM shop.other WHERE id = $1;
EXECUTE other(2);
ALTER USER MAPPING FOR CURRENT_USER SERVER other OPTIONS (SET password 's3cret word');
EXECUTE other(2);
ALTER FOREIGN TABLE shop.other OPTIONS (SET table_name 'single');
EXECUTE other(2);
EXECUTE other(1);
ALTER FOREIGN TABLE shop.other ALTER COLUMN name OPTIONS (SET column_name 'STATUS');
EXECUTE other(1);
SELECT * FROM asked('EXECUTE other(1)');
ALTER SERVER other OPTIONS (ADD filter_operators 'none');
SELECT * FROM asked('EXECUTE other(1)');
ALTER SERVER other OPTIONS (SET url_data 'http://127.0.0.1:1/data', ADD row_limit '1');
\set VERBOSITY terse
EXECUTE other(1);
\set VERBOSITY default
ALTER SERVER other OPTIONS (SET url_data :'data');
EXECUTE other(1);
ALTER SERVER other OPTIONS (DROP row_limit);
EXECUTE other(1);
DROP USER MAPPING FOR CURRENT_USER SERVER other;
EXECUTE other(1);
ALTER SERVER other OPTIONS (DROP url_data);
EXECUTE other(1);
RESET plan_cache_mode;

--
-- Foreign tables as partitions and as children
--
CREATE TABLE here.all_orders (order_id bigint, city text) PARTITION BY LIST (city);
CREATE TABLE here.riga PARTITION OF here.all_orders FOR VALUES IN ('Riga');
INSERT INTO here.riga VALUES (5000, 'Riga');
CREATE FOREIGN TABLE here.moscow PARTITION OF here.all_orders
    FOR VALUES IN ('Москва') SERVER shop OPTIONS (table_name 'orders');
ALTER FOREIGN TABLE here.moscow ALTER COLUMN order_id OPTIONS (ADD column_name 'ORDER_ID'),
    ALTER COLUMN city OPTIONS (ADD column_name 'CITY');
SELECT * FROM plan_of('SELECT order_id FROM here.all_orders WHERE city = ''Москва''', 'COSTS OFF');
SELECT count(*) FROM here.all_orders WHERE city = 'Москва';
SELECT tbl, selected, filter FROM asked('SELECT order_id FROM here.all_orders WHERE city = ''Riga''');
SELECT tableoid::regclass, order_id FROM here.all_orders WHERE order_id IN (5, 5000) ORDER BY 2;
-- (what a partition holds is the connector's to see to)
SELECT city, count(*) FROM here.all_orders GROUP BY 1 ORDER BY city COLLATE "C";
SELECT count(*) FROM (SELECT FROM here.all_orders LIMIT 3) AS some_orders;
CREATE TABLE here.parent (id bigint, name text);
INSERT INTO here.parent VALUES (0, 'parent');
CREATE FOREIGN TABLE here.child (extra int, name text OPTIONS (column_name 'NAME'), id bigint OPTIONS (column_name 'ID'))
    SERVER shop OPTIONS (table_name 'single');
ALTER FOREIGN TABLE here.child ALTER COLUMN extra OPTIONS (ADD column_name 'FLAG');
ALTER FOREIGN TABLE here.child INHERIT here.parent;
SELECT tableoid::regclass, * FROM here.parent ORDER BY id;
SELECT * FROM here.parent WHERE name = 'Apple';
SELECT tbl, selected, filter FROM asked('SELECT name FROM here.parent WHERE id = 1');

--
-- EXPLAIN sends nothing, in any form
--
SELECT count(*) FROM asked('EXPLAIN (VERBOSE) SELECT * FROM shop.items WHERE id = 1 LIMIT 5');
SELECT count(*) FROM asked('EXPLAIN (VERBOSE, FORMAT JSON) SELECT id FROM shop.items WHERE id = 1');
CREATE FUNCTION json_plan(statement text, options text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE format('EXPLAIN (FORMAT JSON, COSTS OFF, %s) %s', options, statement) INTO plan;
    RETURN QUERY SELECT key || ': ' || replace(value::text, (SELECT url FROM connector), 'http://connector')
                 FROM jsonb_each(plan -> 0 -> 'Plan')
                 WHERE key ~ '^(Remote|Request|Rows|Empty|Bytes)' AND key <> 'Rows Removed by Filter' ORDER BY key;
END
$$;
SELECT * FROM json_plan('SELECT id, name FROM shop.items WHERE id = 5 AND status IN (''won'', ''Won'') AND price > 1', 'VERBOSE');
SELECT * FROM json_plan('SELECT id, name FROM shop.items WHERE id = 5 AND status IN (''won'', ''Won'') AND price > 1',
                        'ANALYZE, TIMING OFF, SUMMARY OFF');
SELECT regexp_replace(line, '\d+', 'N') FROM json_plan('SELECT id FROM shop.items', 'VERBOSE, ANALYZE, TIMING OFF, SUMMARY OFF') AS line
WHERE line ~ 'Bytes';
-- and ANALYZE what the statement needs, and no more
SELECT tbl, selected, filter FROM asked('EXPLAIN ANALYZE SELECT id FROM shop.items WHERE id = 5');
SELECT count(*) FROM asked('EXPLAIN ANALYZE SELECT id FROM shop.items WHERE id = NULL');

SET client_min_messages = error;
DROP FUNCTION asked, compared, json_plan;
DROP SCHEMA here CASCADE;
DROP SERVER other CASCADE;
DROP SERVER shop_json CASCADE;
DROP FOREIGN TABLE shop.mine, shop.none, shop.generated;
