--
-- Functions, procedures, triggers and cursors over foreign tables: loops in loops and
-- left early, errors of the connector that are caught, subtransactions, COMMIT
-- inside a loop, and scans inside scans of the same table.
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
-- Run commands for the foreign tables, and for the copies
CREATE FUNCTION here.both(commands text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE commands;
    EXECUTE replace(commands, 'there', 'here');
END
$$;
-- The tables that a statement asks the connector for, with the filters
CREATE FUNCTION here.asked(statement text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(concat_ws(' ', body ->> 'table', body ->> 'filter'), ', '), 'nothing')
    FROM requests_of(statement) AS body
$$;

--
-- Loops, cursors and functions
--
SELECT here.both($both$
CREATE FUNCTION there.nested() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    i record;
    o record;
BEGIN
    FOR i IN SELECT * FROM there.items WHERE flag = 1 LOOP
        CONTINUE WHEN i.id % 4 = 1;
        FOR o IN SELECT * FROM there.orders LOOP
            EXIT WHEN o.order_id > 5 * i.id;
            IF o.item_id = i.id THEN RETURN NEXT format('%s ordered in %s', i.name, o.city); END IF;
        END LOOP;
        EXIT WHEN i.id > 60;
    END LOOP;
END $$;
CREATE FUNCTION there.caught() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    i there.items;
BEGIN
    FOR i IN SELECT * FROM there.items LOOP
        BEGIN
            RETURN NEXT i.id || ': ' || 100 / i.qty;
            IF i.id % 7 = 0 THEN
                PERFORM 1 / (id - i.id) FROM there.items;
            END IF;
        EXCEPTION WHEN division_by_zero THEN
            RETURN NEXT format('%s: %s', i.id, SQLERRM);
        END;
    END LOOP;
END $$;
CREATE FUNCTION there.queries(city text, VARIADIC ids int[]) RETURNS TABLE (id bigint, name text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT id, name FROM there.items WHERE id = ANY (ids);
    RETURN QUERY EXECUTE 'SELECT item_id, city FROM there.orders WHERE city = $1 AND order_id < $2' USING queries.city, 50;
    id := (SELECT max(id) FROM there.items);
    name := (SELECT i.name FROM there.items AS i WHERE i.id = queries.id);
    RETURN NEXT;
END $$;
CREATE FUNCTION there.strict(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    i there.items;
    s there.single%ROWTYPE;
    found_name there.items.name%TYPE;
BEGIN
    SELECT * INTO s FROM there.single;
    PERFORM FROM there.items WHERE id = n AND status = 'lost';
    IF FOUND THEN RETURN 'lost'; END IF;
    SELECT name INTO STRICT found_name FROM there.items WHERE id >= n AND id < 2 * n - 1 AND name <> s.name;
    SELECT * INTO i FROM there.items WHERE name = found_name ORDER BY id;
    RETURN i::text;
END $$;
CREATE FUNCTION there.cursors() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    c SCROLL CURSOR (low int, state text) FOR SELECT id, name FROM there.items WHERE status = state AND id > low;
    d refcursor;
    r record;
    n int;
BEGIN
    OPEN c (10, 'new');
    OPEN d NO SCROLL FOR EXECUTE 'SELECT order_id FROM there.orders WHERE city = $1' USING 'Riga';
    FETCH c INTO r;
    RETURN NEXT r::text;
    MOVE FORWARD 5 FROM c;
    FETCH d INTO r;
    RETURN NEXT r::text;
    FETCH RELATIVE -2 FROM c INTO r;
    RETURN NEXT r::text;
    FETCH LAST FROM c INTO r;
    RETURN NEXT r::text;
    MOVE FORWARD ALL FROM d;
    GET DIAGNOSTICS n = ROW_COUNT;
    FETCH d INTO r;
    RETURN NEXT concat(FOUND, r, n > 0);
    CLOSE c;
    FOR r IN c (240, 'won') LOOP
        RETURN NEXT r::text;
    END LOOP;
    CLOSE d;
END $$;
CREATE FUNCTION there.inlined(n int) RETURNS SETOF there.items LANGUAGE sql STABLE AS 'SELECT * FROM there.items WHERE id > n';
CREATE FUNCTION there.called(n int) RETURNS SETOF there.items LANGUAGE sql VOLATILE ROWS 5 AS 'SELECT * FROM there.items WHERE id > n';
CREATE FUNCTION there.first(n int) RETURNS there.items LANGUAGE sql AS 'SELECT * FROM there.items WHERE id > n';
CREATE FUNCTION there.name_of(n bigint) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT name FROM there.items WHERE id = n); END';
CREATE FUNCTION there.after(n bigint) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT id FROM there.items WHERE id > n LIMIT 1';
CREATE FUNCTION there.descend(depth int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    i record;
    total bigint := 0;
BEGIN
    IF depth = 0 THEN RETURN 1; END IF;
    FOR i IN SELECT id FROM there.items LOOP
        EXIT WHEN i.id > 2;
        total := total + i.id * there.descend(depth - 1);
    END LOOP;
    RETURN total;
END $$;
CREATE FUNCTION there.add(bigint, bigint) RETURNS bigint LANGUAGE plpgsql AS
    'BEGIN RETURN $1 + $2 + (SELECT qty FROM there.items WHERE id = $2 AND qty < 1000); END';
CREATE AGGREGATE there.total(bigint) (SFUNC = there.add, STYPE = bigint, INITCOND = '0');
$both$);
SELECT * FROM against_copies($$
SELECT there.nested()
SELECT there.caught()
SELECT * FROM there.caught() LIMIT 3
SELECT * FROM there.queries('Riga', 1, 2, 300)
SELECT q, i.status FROM there.queries('Москва', 1, 2, 3, 4) AS q LEFT JOIN there.items AS i USING (id) ORDER BY q.id, q.name
SELECT there.strict(3)
SELECT there.strict(2)
SELECT there.strict(4)
SELECT there.strict(400)
SELECT there.cursors()
SELECT * FROM there.inlined(240)
SELECT * FROM there.inlined(240) AS i WHERE flag = 1
SELECT * FROM there.called(240)
SELECT there.called(240)
SELECT (there.called(10)).id LIMIT 3
SELECT id, there.called(id::int) FROM there.items WHERE id > 247
SELECT i.id, c.id FROM there.items AS i, LATERAL (SELECT * FROM there.called(i.id::int) LIMIT 2) AS c WHERE i.id > 245
SELECT there.first(13), (there.first(247)).name
SELECT there.called(n), there.called(n + 3) FROM generate_series(244, 246) AS n LIMIT 7
SELECT id, there.name_of(id), there.name_of(id * 2) FROM there.items WHERE id < 20
SELECT id FROM there.items WHERE id > 235 AND (there.name_of(id + 1) = name OR there.after(id) IS NULL)
SELECT there.after(there.after(there.after(3)))
SELECT there.descend(6)
SELECT there.total(id) FROM there.items WHERE qty IS NOT NULL AND qty < 1000 AND id < 40
SELECT there.total(id) OVER (ORDER BY id) FROM there.items WHERE id IN (1, 2, 3)
$$, true);
-- Values of variables are sent, also by the plan that is kept after some calls
CREATE FUNCTION here.eight_times() RETURNS text LANGUAGE sql AS
    'SELECT string_agg(there.name_of(n), '','') FROM generate_series(1, 8) AS n';
SELECT here.asked('SELECT here.eight_times()');
SELECT here.asked('SELECT there.queries(''Riga'', 1, 2)');
SELECT here.asked('SELECT count(*) FROM there.inlined(240) WHERE status = ''won''');
SELECT here.asked('SELECT there.descend(2)');
-- A cursor of a foreign table names no row that could be changed
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM there.items FOR UPDATE;
MOVE 1 IN c;
SELECT left(line, 5) FROM attempt('DELETE FROM there.items WHERE CURRENT OF c') AS line LIMIT 1;
SELECT left(line, 5) FROM attempt('UPDATE here.items SET id = 1 WHERE CURRENT OF c') AS line LIMIT 1;
COMMIT;

--
-- What the connector does wrong is caught like other errors, and the session goes on
--
CREATE FOREIGN TABLE there.bad (id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'))
    SERVER shop OPTIONS (table_name 'items');
CREATE FUNCTION here.survived(misbehaviour text, rounds int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line record;
    seen int := 0;
    state text;
    states text[] := '{}';
BEGIN
    EXECUTE format('ALTER FOREIGN TABLE there.bad OPTIONS (SET table_name %L)', 'items+' || misbehaviour);
    FOR round IN 1 .. rounds LOOP
        state := 'no error';
        BEGIN
            FOR line IN SELECT * FROM there.bad LEFT JOIN here.single AS s USING (id) LOOP
                seen := seen + 1;
                PERFORM FROM there.single WHERE line.id % 100 = 1;
            END LOOP;
        EXCEPTION WHEN OTHERS THEN
            state := SQLSTATE;
        END;
        IF state <> ALL (states) THEN states := states || state; END IF;
    END LOOP;
    RETURN format('%s: %s, %s rows, then %s items', misbehaviour, array_to_string(states, ' and '),
                  CASE WHEN seen = 250 * rounds THEN 'all' ELSE 'not all' END, (SELECT count(*) FROM there.items));
END $$;
SELECT here.survived(misbehaviour, 2) FROM unnest(ARRAY['utf8_bom', 'status:500', 'status:401', 'error_200', 'html_warning',
    'truncated', 'truncated_chunked', 'truncated_length', 'trailing_garbage', 'short_row', 'long_row', 'missing_field', 'gzip_lie',
    'bad_utf8', 'nul_escape', 'empty_lie']) AS misbehaviour;
-- in the middle of another scan, over and over
SELECT here.survived('truncated_length', 15);
ALTER FOREIGN TABLE there.bad OPTIONS (SET table_name 'items+short_row');

--
-- Savepoints and cursors
--
\set VERBOSITY terse
BEGIN;
DECLARE a CURSOR FOR SELECT id, name FROM there.items;
FETCH 1 FROM a;
SAVEPOINT s;
DECLARE b CURSOR FOR SELECT id, name FROM there.items;
FETCH 2 FROM b;
FETCH 1 FROM a;
ROLLBACK TO s;
FETCH 1 FROM a;
FETCH 1 FROM b;
ROLLBACK TO s;
SELECT id FROM there.bad;
ROLLBACK TO s;
FETCH 1 FROM a;
DECLARE b CURSOR FOR SELECT id FROM there.bad;
SAVEPOINT t;
FETCH 3 FROM b;
ROLLBACK TO t;
FETCH 1 FROM b;
ROLLBACK TO t;
CLOSE b;
DECLARE b SCROLL CURSOR FOR SELECT id, name FROM there.items WHERE flag = 0;
SAVEPOINT u;
FETCH ABSOLUTE 2 FROM b;
RELEASE s;
FETCH PRIOR FROM b;
FETCH 1 FROM a;
COMMIT;
-- One that is to be held is read to its end at COMMIT, and fails there
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT id, name FROM there.items WHERE id > 247;
FETCH 1 FROM h;
COMMIT;
FETCH ALL FROM h;
CLOSE h;
BEGIN;
CREATE TABLE here.gone (id int);
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM there.bad;
COMMIT;
SELECT to_regclass('here.gone');
FETCH 1 FROM h;

--
-- COMMIT and ROLLBACK inside a loop: PostgreSQL reads the rest at the first one
--
CREATE TABLE here.kept (run text, id bigint, name text);
CREATE PROCEDURE here.copy_items(run text, scan text) LANGUAGE plpgsql AS $$
DECLARE
    i record;
BEGIN
    FOR i IN EXECUTE scan LOOP
        INSERT INTO here.kept VALUES (run, i.id, i.name);
        IF i.id % 5 = 0 THEN ROLLBACK; ELSIF i.id % 3 = 0 THEN COMMIT; END IF;
        PERFORM FROM there.single WHERE i.id % 25 = 0;
    END LOOP;
END $$;
SELECT log_end() AS place \gset
CALL here.copy_items('there', 'SELECT * FROM there.items');
SELECT body ->> 'table', count(*) FROM requests(:place) GROUP BY 1 ORDER BY 1;
CALL here.copy_items('here', 'SELECT * FROM here.items');
ALTER SERVER shop OPTIONS (ADD keep_connections 'off');
CALL here.copy_items('again', 'SELECT * FROM there.items');
ALTER SERVER shop OPTIONS (DROP keep_connections);
SELECT run, count(*), md5(string_agg(concat_ws(':', id, name), ',' ORDER BY id)) = (
    SELECT md5(string_agg(concat_ws(':', id, name), ',' ORDER BY id)) FROM here.kept WHERE run = 'here')
FROM here.kept GROUP BY 1 ORDER BY 1;
ALTER FOREIGN TABLE there.bad OPTIONS (SET table_name 'items+truncated');
CALL here.copy_items('truncated', 'SELECT * FROM there.bad');
SELECT count(*) FROM here.kept WHERE run = 'truncated';
CREATE PROCEDURE here.caught_and_committed() LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN 1 .. 3 LOOP
        BEGIN
            INSERT INTO here.kept SELECT 'bad', id, name FROM there.bad;
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO here.kept SELECT SQLSTATE, id, name FROM there.single;
        END;
        COMMIT;
    END LOOP;
END $$;
CALL here.caught_and_committed();
SELECT run, count(*) FROM here.kept WHERE run ~ '0|bad' GROUP BY 1;

--
-- Triggers that look at a foreign table: of rows and statements, before and after,
-- with transition tables, and at the end of the transaction
--
CREATE TABLE here.stock (item_id bigint, note text);
CREATE FUNCTION here.complete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT name INTO NEW.note FROM there.items WHERE id = NEW.item_id;
    RETURN CASE WHEN FOUND THEN NEW END;
END $$;
CREATE FUNCTION here.report() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    SELECT string_agg(format('%s %s', n.note, i.status), ', ' ORDER BY n.item_id) INTO line
    FROM new_rows AS n JOIN there.items AS i ON i.id = n.item_id;
    RAISE NOTICE '%', line;
    RETURN NULL;
END $$;
CREATE FUNCTION here.check_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM there.bad WHERE id = NEW.item_id) THEN
        RAISE EXCEPTION 'no item %', NEW.item_id;
    END IF;
    RETURN NULL;
END $$;
ALTER FOREIGN TABLE there.bad OPTIONS (SET table_name 'items');
CREATE TRIGGER complete BEFORE INSERT ON here.stock FOR EACH ROW EXECUTE FUNCTION here.complete();
CREATE TRIGGER report AFTER INSERT ON here.stock REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION here.report();
CREATE CONSTRAINT TRIGGER check_item AFTER INSERT OR UPDATE ON here.stock DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION here.check_item();
INSERT INTO here.stock VALUES (1), (3), (999), (250);
INSERT INTO here.stock SELECT id FROM there.items WHERE id BETWEEN 12 AND 14;
BEGIN;
UPDATE here.stock SET item_id = 998 WHERE item_id = 3;
SELECT item_id, note FROM here.stock ORDER BY 1;
COMMIT;
BEGIN;
INSERT INTO here.stock VALUES (5);
ALTER FOREIGN TABLE there.bad OPTIONS (SET table_name 'items+status:500');
COMMIT;
ALTER FOREIGN TABLE there.bad OPTIONS (SET table_name 'items+truncated');
INSERT INTO here.stock VALUES (5);
BEGIN;
INSERT INTO here.stock VALUES (6);
SAVEPOINT s;
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK TO s;
ALTER FOREIGN TABLE there.bad OPTIONS (SET table_name 'items');
SET CONSTRAINTS ALL IMMEDIATE;
COMMIT;
SELECT item_id, note FROM here.stock ORDER BY 1;

SET client_min_messages = warning;
DROP SCHEMA there, here CASCADE;
