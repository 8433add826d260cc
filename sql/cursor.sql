--
-- Cursors: read in part, in any direction, side by side, beyond their transaction
-- and through subtransactions that fail.
--

-- Queries of a few rows, which the planner takes for large ones, are not worth compiling
SET jit = off;

-- Copies of the tables, to compare with
CREATE SCHEMA here;
CREATE TABLE here.items AS SELECT * FROM shop.items;
CREATE TABLE here.orders AS SELECT * FROM shop.orders;
CREATE TABLE here.single AS SELECT * FROM shop.single;
CREATE TABLE here.empty_table AS SELECT * FROM shop.empty_table;

-- What was asked for since that place in the log
CREATE FUNCTION here.asked(place bigint) RETURNS SETOF text LANGUAGE sql AS
    $$ SELECT (body ->> 'table') || coalesce(' ' || (body ->> 'filter'), '') FROM requests(place) $$;

-- Execute the commands (one a line) with a cursor for the query on the foreign tables, and with
-- one on their copies.  Shows how many rows each fetches, the first of them, and whether all
-- are the same.
CREATE FUNCTION here.moved(query text, commands text, kind text DEFAULT 'SCROLL CURSOR')
RETURNS TABLE (command text, "rows" int, first text, verdict text)
LANGUAGE plpgsql AS $$
DECLARE
    r record;
    got text[];
    wanted text[];
BEGIN
    EXECUTE format('DECLARE remote %s FOR %s', kind, query);
    EXECUTE format('DECLARE local %s FOR %s', kind, replace(query, 'shop.', 'here.'));
    FOREACH command IN ARRAY string_to_array(btrim(commands, E'\n'), E'\n') LOOP
        got := '{}';
        wanted := '{}';
        IF command ~ 'MOVE' THEN
            EXECUTE command || ' IN remote';
            EXECUTE command || ' IN local';
        ELSE
            FOR r IN EXECUTE command || ' FROM remote' LOOP got := got || r::text; END LOOP;
            FOR r IN EXECUTE command || ' FROM local' LOOP wanted := wanted || r::text; END LOOP;
        END IF;
        rows := cardinality(got);
        first := got[1];
        verdict := CASE WHEN got IS DISTINCT FROM wanted THEN 'WRONG' ELSE 'right' END;
        RETURN NEXT;
    END LOOP;
    EXECUTE 'CLOSE remote';
    EXECUTE 'CLOSE local';
END
$$;

--
-- Forwards
--
-- Nothing is asked for before the first row, and one request serves all that is fetched.
-- Cursors on the same table do not meet each other, nor other queries in between.
BEGIN;
SELECT log_end() AS place \gset
DECLARE a CURSOR FOR SELECT id, name FROM shop.items;
DECLARE b CURSOR FOR SELECT order_id FROM shop.orders WHERE city = 'Riga';
DECLARE c CURSOR FOR SELECT id FROM shop.items WHERE flag = 0;
SELECT count(*) FROM here.asked(:place);
FETCH 2 FROM a;
FETCH NEXT FROM b;
FETCH 2 FROM c;
FETCH 1 FROM a;
SELECT count(*) FROM shop.items WHERE flag = 0;
FETCH FORWARD 2 FROM c;
MOVE 2 IN b;
FETCH 1 FROM b;
CLOSE c;
MOVE FORWARD ALL IN a;
FETCH 1 FROM a;
FETCH 1 FROM a;
FETCH 2 FROM b;
SELECT * FROM here.asked(:place);
-- what is left of a and b goes with the transaction
ROLLBACK;
SELECT name FROM shop.single;
-- Two that are in the midst of answers too large to have arrived as a whole
BEGIN;
DECLARE a CURSOR FOR SELECT id, note = format('note on row %s', (id - 1) / 1000 * 777 + (id - 1) % 1000 * 7919) FROM shop.big;
DECLARE b CURSOR FOR SELECT id, name FROM shop.big;
MOVE 20000 IN a;
MOVE 40000 IN b;
FETCH 1 FROM a;
MOVE 20000 IN a;
FETCH 1 FROM b;
SELECT count(*) FROM shop.orders;
FETCH 1 FROM a;
MOVE 1000 IN b;
FETCH 1 FROM b;
COMMIT;
-- 30 cursors on one table by turns
CREATE FUNCTION here.turns(s text, cursors int, rounds int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
    total bigint := 0;
BEGIN
    FOR c IN 1..cursors LOOP
        EXECUTE format('DECLARE turns%s CURSOR FOR SELECT order_id FROM %I.orders WHERE order_id %% %s = 0', c, s, c);
    END LOOP;
    FOR round IN 1..rounds LOOP
        FOR c IN 1..cursors LOOP
            EXECUTE format('FETCH turns%s', c) INTO number;
            total := total + coalesce(number, 0) * c;
            IF round = 3 AND c % 7 = 0 THEN
                EXECUTE format('CLOSE turns%s', c);
                EXECUTE format('DECLARE turns%s CURSOR FOR SELECT item_id FROM %I.orders', c, s);
            END IF;
        END LOOP;
    END LOOP;
    FOR c IN 1..cursors LOOP
        EXECUTE format('CLOSE turns%s', c);
    END LOOP;
    RETURN total;
END
$$;
SELECT here.turns('shop', 30, 40), here.turns('here', 30, 40);
-- A scan does not run backwards, unless SCROLL has its rows kept
BEGIN;
DECLARE a CURSOR FOR SELECT id FROM shop.items;
DECLARE b NO SCROLL CURSOR FOR SELECT id FROM shop.items ORDER BY id DESC;
DECLARE c CURSOR FOR SELECT id FROM shop.items;
MOVE 2 IN a;
MOVE 2 IN b;
MOVE 2 IN c;
SELECT * FROM attempt('FETCH PRIOR FROM a');
SELECT * FROM attempt('FETCH BACKWARD 2 FROM b');
SELECT * FROM attempt('FETCH 0 FROM c');
-- (as with other tables, that was the end of the cursor)
SELECT * FROM attempt('FETCH NEXT FROM a');
COMMIT;

--
-- In any direction
--
SELECT * FROM plan_of('DECLARE c SCROLL CURSOR FOR SELECT id FROM shop.items', 'COSTS OFF');
CREATE VIEW here.commands AS SELECT $$
FETCH 3
FETCH PRIOR
FETCH 0
FETCH BACKWARD 5
FETCH 2
FETCH ABSOLUTE 10
FETCH RELATIVE -4
FETCH RELATIVE 0
FETCH FORWARD 2
FETCH ABSOLUTE -1
FETCH NEXT
FETCH PRIOR
FETCH ABSOLUTE -3
MOVE BACKWARD 2
FETCH 4
FETCH LAST
FETCH FIRST
MOVE LAST
FETCH BACKWARD ALL
FETCH 1
MOVE ABSOLUTE 0
FETCH ALL
FETCH FORWARD ALL
FETCH ABSOLUTE 100000
FETCH -2
$$::text AS commands;
SELECT moved.* FROM here.commands, here.moved('SELECT id, name FROM shop.items WHERE flag = 1', commands);
-- The same commands on other queries; and with rows that do not fit into memory
CREATE VIEW here.queries AS SELECT query FROM (VALUES
    ('SELECT * FROM shop.items'),
    ('SELECT id FROM shop.empty_table'),
    ('SELECT name FROM shop.single'),
    ('SELECT id FROM shop.items WHERE id = NULL'),
    ('SELECT id, price FROM shop.items ORDER BY price, id'),
    ('SELECT status, count(*) FROM shop.items GROUP BY status ORDER BY status COLLATE "C"'),
    ('SELECT id FROM shop.items WHERE status = ''won'' UNION ALL SELECT order_id FROM shop.orders WHERE city = ''Riga'''),
    ('SELECT i.name, o.* FROM shop.items AS i JOIN shop.orders AS o ON o.item_id = i.id ORDER BY o.order_id'),
    ('SELECT s.name, i.id FROM shop.single AS s LEFT JOIN shop.items AS i ON i.id > s.id'),
    ('SELECT id, (SELECT min(name) FROM shop.single) FROM shop.items'),
    ('SELECT id, sum(qty) OVER (ORDER BY id) FROM shop.items'),
    ('WITH i AS MATERIALIZED (SELECT id FROM shop.items) SELECT a.id FROM i AS a JOIN i AS b ON b.id = a.id + 1 ORDER BY 1'),
    ('SELECT DISTINCT ON (status) status, id FROM shop.items ORDER BY status, id LIMIT 4'),
    ('SELECT id FROM shop.items LIMIT 20 OFFSET 3')
    ) AS v (query);
SELECT query, count(*), count(*) FILTER (WHERE verdict <> 'right') AS wrong, max(moved.rows) AS "rows"
FROM here.queries, here.commands, here.moved(query, commands) GROUP BY 1 ORDER BY query COLLATE "C";
BEGIN;
SET LOCAL work_mem = '64kB';
SELECT count(*), count(*) FILTER (WHERE verdict <> 'right') AS wrong
FROM here.commands, here.moved('SELECT i.*, o.* FROM shop.items AS i JOIN shop.orders AS o ON o.item_id = i.id ORDER BY o.order_id', commands);
SET LOCAL jit = on;
SET LOCAL jit_above_cost = 0;
SELECT count(*), count(*) FILTER (WHERE verdict <> 'right') AS wrong
FROM here.commands, here.moved('SELECT id + 1, upper(name) FROM shop.items WHERE id % 3 = 0', commands);
COMMIT;
-- going back asks for nothing again
BEGIN;
SELECT log_end() AS place \gset
DECLARE c SCROLL CURSOR FOR SELECT id FROM shop.items WHERE id IN (3, 4, 5);
FETCH ALL FROM c;
FETCH BACKWARD ALL FROM c;
FETCH FIRST FROM c;
SELECT * FROM here.asked(:place);
COMMIT;

--
-- Beyond the transaction: what has not been read yet is read when it ends
--
BEGIN;
DECLARE forward CURSOR WITH HOLD FOR SELECT id, name FROM shop.items WHERE flag = 1;
DECLARE scroll SCROLL CURSOR WITH HOLD FOR SELECT id, name FROM shop.items WHERE flag = 1;
DECLARE unread CURSOR WITH HOLD FOR SELECT count(*) FROM shop.orders WHERE city = 'Riga';
DECLARE finished CURSOR WITH HOLD FOR SELECT id FROM shop.single;
DECLARE closed CURSOR WITH HOLD FOR SELECT id FROM shop.items;
DECLARE without_hold CURSOR FOR SELECT id FROM shop.items;
FETCH 2 FROM forward;
FETCH 2 FROM scroll;
FETCH 2 FROM finished;
FETCH 1 FROM closed;
FETCH 1 FROM without_hold;
CLOSE closed;
SELECT log_end() AS place \gset
COMMIT;
SELECT name FROM pg_cursors ORDER BY name COLLATE "C";
FETCH 2 FROM forward;
FETCH 1 FROM finished;
FETCH 1 FROM unread;
FETCH PRIOR FROM scroll;
FETCH LAST FROM scroll;
FETCH ABSOLUTE 4 FROM scroll;
MOVE FORWARD ALL IN forward;
FETCH 1 FROM forward;
SELECT * FROM attempt('FETCH PRIOR FROM forward');
SELECT * FROM here.asked(:place);
CLOSE forward;
-- one that outlives its table, and one whose rows cannot be read to the end
BEGIN;
CREATE FOREIGN TABLE here.mine (id int OPTIONS (column_name 'ID')) SERVER shop OPTIONS (table_name 'items');
DECLARE outlives CURSOR WITH HOLD FOR SELECT * FROM here.mine;
FETCH 2 FROM outlives;
COMMIT;
DROP FOREIGN TABLE here.mine;
FETCH 2 FROM outlives;
CLOSE outlives;
BEGIN;
DECLARE broken CURSOR WITH HOLD FOR SELECT id, 1 / (100 - id) FROM shop.items;
FETCH 2 FROM broken;
COMMIT;
FETCH 2 FROM broken;
FETCH 1 FROM scroll;
CLOSE ALL;
-- A loop that commits keeps its rows
CREATE PROCEDURE here.commits(cities text) LANGUAGE plpgsql AS $$
DECLARE
    r record;
    seen int := 0;
    total bigint := 0;
BEGIN
    FOR r IN SELECT order_id, city FROM shop.orders WHERE city = cities LOOP
        seen := seen + 1;
        total := total + r.order_id;
        IF seen % 60 = 0 THEN COMMIT; END IF;
        IF seen = 150 THEN ROLLBACK; END IF;
    END LOOP;
    RAISE NOTICE '% orders, %', seen, total = (SELECT sum(order_id) FROM here.orders WHERE city = cities);
END
$$;
CALL here.commits('Riga');

--
-- Subtransactions
--
BEGIN;
DECLARE outside CURSOR FOR SELECT id FROM shop.items;
FETCH 1 FROM outside;
SAVEPOINT one;
DECLARE inside CURSOR FOR SELECT id FROM shop.items;
DECLARE kept CURSOR FOR SELECT order_id FROM shop.orders;
FETCH 2 FROM inside;
FETCH 2 FROM outside;
ROLLBACK TO one;
-- what was fetched stays fetched; what was declared is gone
FETCH 1 FROM outside;
SELECT * FROM attempt('FETCH 1 FROM inside');
SAVEPOINT two;
DECLARE kept CURSOR FOR SELECT order_id FROM shop.orders WHERE item_id = 8;
FETCH 1 FROM kept;
RELEASE two;
FETCH 1 FROM kept;
SAVEPOINT three;
CLOSE kept;
SELECT 1 / (id - 1) FROM shop.items;
ROLLBACK TO three;
SELECT * FROM attempt('FETCH 1 FROM kept');
FETCH 1 FROM outside;
-- first read within a subtransaction that fails
DECLARE late CURSOR FOR SELECT id FROM shop.items WHERE flag = 1;
SAVEPOINT four;
FETCH 2 FROM late;
SELECT 1 / 0;
ROLLBACK TO four;
FETCH 1 FROM late;
-- one that fails itself
DECLARE fails CURSOR FOR SELECT id, 1 / (id - 3) FROM shop.items;
FETCH 2 FROM fails;
SAVEPOINT five;
FETCH 1 FROM fails;
ROLLBACK TO five;
FETCH 1 FROM fails;
ROLLBACK TO five;
FETCH 1 FROM outside;
COMMIT;
BEGIN;
DECLARE a CURSOR FOR SELECT id FROM shop.items;
FETCH 1 FROM a;
SELECT 1 / 0;
FETCH 1 FROM a;
ROLLBACK;
SELECT name FROM shop.single;

--
-- Other cursors
--
BEGIN;
DECLARE binary_names BINARY CURSOR FOR SELECT name, status FROM shop.items WHERE id IN (8, 11, 20) ORDER BY id;
FETCH 2 FROM binary_names;
FETCH ALL FROM binary_names;
COMMIT;
-- Cursors of PL/pgSQL: with arguments, handed to the caller, several at once
CREATE FUNCTION here.open_items(wanted text, c refcursor) RETURNS refcursor LANGUAGE plpgsql AS $$
BEGIN
    OPEN c FOR SELECT id, name FROM shop.items WHERE status = wanted;
    RETURN c;
END
$$;
CREATE FUNCTION here.open_both() RETURNS SETOF refcursor LANGUAGE plpgsql AS $$
DECLARE
    a refcursor := 'both_items';
    b refcursor := 'both_orders';
BEGIN
    OPEN a SCROLL FOR EXECUTE 'SELECT id FROM shop.items WHERE id = ANY ($1)' USING '{7,9}'::int[];
    RETURN NEXT a;
    OPEN b FOR SELECT order_id FROM shop.orders;
    RETURN NEXT b;
END
$$;
BEGIN;
SELECT log_end() AS place \gset
SELECT here.open_items('won', 'one'), here.open_items('lost', 'other');
FETCH 2 FROM one;
FETCH 2 FROM other;
FETCH 1 FROM one;
SELECT * FROM here.open_both();
FETCH 1 FROM both_orders;
FETCH LAST FROM both_items;
FETCH PRIOR FROM both_items;
SELECT * FROM here.asked(:place);
COMMIT;
DO $$
DECLARE
    chosen CURSOR (low int, wanted text) FOR SELECT id FROM shop.items WHERE id > low AND status = wanted;
    one bigint;
    found_ids bigint[];
BEGIN
    FOR i IN chosen(240, 'won') LOOP found_ids := found_ids || i.id; END LOOP;
    OPEN chosen(low := 5, wanted := 'lost');
    FETCH chosen INTO one;
    MOVE RELATIVE 2 FROM chosen;
    FETCH chosen INTO one;
    CLOSE chosen;
    RAISE NOTICE 'loop %, fetched %', found_ids, one;
END
$$;

-- A cursor's row is not one of a foreign table, so it has no current row to change; that of
-- a table joined with it has
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM shop.items;
FETCH 2 FROM c;
SELECT * FROM attempt('DELETE FROM shop.items WHERE CURRENT OF c');
SELECT * FROM attempt('UPDATE shop.items SET name = NULL WHERE CURRENT OF c');
SELECT * FROM attempt('UPDATE here.items SET name = NULL WHERE CURRENT OF c');
FETCH 1 FROM c;
DECLARE j CURSOR FOR SELECT h.id, o.city FROM here.items AS h JOIN shop.orders AS o ON o.item_id = h.id
    WHERE o.city = 'Riga' AND h.id = 2 FOR UPDATE OF h;
FETCH 1 FROM j;
UPDATE here.items SET name = 'changed' WHERE CURRENT OF j RETURNING id, name;
ROLLBACK;

SET client_min_messages = error;
DROP SCHEMA here CASCADE;
RESET client_min_messages;
RESET jit;
