--
-- Every table of the reference connector (except "big") under everything that
-- connectors in the field get wrong: the rows are right, or there is an error.
--
-- The right rows are those of local copies of the tables, made from the
-- connector when it behaves.  The connector's README describes the
-- misbehaviours.  Those that never answer (stall) belong to the TAP tests.
--
-- Warnings and where filters end up are the subject of the test "defence".
SET client_min_messages = error;

CREATE SCHEMA copy;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT foreign_table_name FROM information_schema.foreign_tables
                WHERE foreign_table_schema = 'shop' AND foreign_table_name <> 'big' LOOP
        EXECUTE format('CREATE TABLE copy.%1$I AS SELECT * FROM shop.%1$I', name);
    END LOOP;
END
$$;

-- What is asked of each table.  Some of the values exist only in another letter
-- case, or only if blanks at the end are not seen.
CREATE TABLE conditions (tbl text, kind text, condition text);
INSERT INTO conditions VALUES
    ('items', '= int', 'id = 200'),
    ('items', '= text', 'name = ''apple'''),
    ('items', 'in', 'status IN (''won'', ''lost'')'),
    ('items', 'in', 'id IN (7, 200, 999)'),
    ('items', 'nothing', 'qty = 6'),
    ('items', 'nothing', 'status = ''WON'''),
    ('single', '= int', 'id = 1'),
    ('single', '= text', 'name = ''Apple'''),
    ('single', 'in', 'status IN (''new'', ''won'')'),
    ('single', 'nothing', 'id = 2'),
    ('single', 'nothing', 'name = ''apple'''),
    ('all_null', '= int', 'id = 3'),
    ('all_null', 'in', 'id IN (1, 3)'),
    ('all_null', 'nothing', 'flag = 0'),
    ('all_null', 'nothing', 'name = ''null'''),
    ('empty_table', 'nothing', 'id = 1'),
    ('empty_table', 'nothing', 'name IN (''Apple'', ''apple'')'),
    ('wide', '= int', 'f1 = 301'),
    ('wide', 'in', 'f30 IN (130, 430, 1)'),
    ('wide', 'nothing', 'f2 = 101'),
    ('orders', '= int', 'item_id = 250'),
    ('orders', '= text', 'city = ''Москва'''),
    ('orders', 'in', 'city IN (''Riga'', ''New York'')'),
    ('orders', 'in', 'order_id IN (777, 1, 2000) AND city = ''Тверь'''),
    ('orders', 'nothing', 'city = ''riga'''),
    ('bigids', '= int', 'id = 9007199254740991'),
    ('bigids', '= int', 'id = 9007199254740993'),
    ('bigids', '= text', 'code = ''9007199254740993'''),
    ('bigids', 'in', 'id IN (1, -9007199254740993)'),
    ('bigids', 'nothing', 'code = ''01'''),
    ('Weird "Table"', '= int', '"select" = 2'),
    ('Weird "Table"', '= text', '"ünï" = ''zwei'''),
    ('Weird "Table"', 'in', '"Mixed Case" IN (''one'', ''three'')'),
    ('Weird "Table"', 'nothing', '"Mixed Case" = ''Two''');

-- Every table has some, in any case
SELECT table_name, string_agg(kind || ': ' || condition, '; ' ORDER BY kind, condition) AS conditions
FROM information_schema.tables LEFT JOIN conditions ON tbl = table_name
WHERE table_schema = 'copy' GROUP BY 1 ORDER BY 1;

-- The statements: %s stands for the table.  The two copies of wanted rows differ
-- for LIMIT only: there, any three rows of the table will do.
CREATE VIEW statements AS
    SELECT tbl, kind, format('SELECT * FROM %%s WHERE %s', condition) AS statement
    FROM conditions
    UNION ALL
    SELECT table_name, kind, statement
    FROM information_schema.tables,
        (VALUES ('whole', 'SELECT * FROM %s'),
                ('limit', 'SELECT * FROM %s LIMIT 3'),
                ('count', 'SELECT count(*) FROM %s')) AS v (kind, statement)
    WHERE table_schema = 'copy';

-- The same on a connector that reads JSON, and on a server that takes rows up
-- to 64 kB
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER shop_json FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    url_data :'data', request_format 'json', max_row_size '64kB');
CREATE USER MAPPING FOR CURRENT_USER SERVER shop_json
    OPTIONS (login 'anna', password 's3cret word');

-- A foreign table like shop's in schema field, by which the connector misbehaves
CREATE SCHEMA field;
CREATE FUNCTION make_table(tbl text, misbehaviour text, server text, invalid_values text, time_zone text)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE (
        SELECT format('CREATE FOREIGN TABLE field.%I (%s) SERVER %I OPTIONS (table_name %L, invalid_values %L)',
                      tbl, string_agg(format('%I %s OPTIONS (%s%s)', attname, format_type(atttypid, atttypmod),
                                             options, time_zone), ', ' ORDER BY attnum),
                      server, tbl || '+' || misbehaviour, invalid_values)
        FROM pg_attribute,
            LATERAL (SELECT string_agg(format('%I %L', option_name, option_value), ', ') AS options
                     FROM pg_options_to_table(attfdwoptions)) AS o,
            LATERAL (SELECT CASE WHEN make_table.time_zone <> '' AND atttypid = 'timestamp'::regtype
                                 THEN format(', time_zone %L', make_table.time_zone) END AS time_zone) AS z
        WHERE attrelid = format('shop.%I', tbl)::regclass AND attnum > 0);
END
$$;

-- How the answer to a statement over the misbehaving table compares with the
-- one over the copy
CREATE FUNCTION outcome(tbl text, kind text, statement text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    wrong boolean;
BEGIN
    EXECUTE format(
        'WITH got AS MATERIALIZED (%s), wanted AS MATERIALIZED (%s)
         SELECT EXISTS (TABLE got EXCEPT ALL %s)
             OR (SELECT count(*) FROM got) <> (SELECT count(*) FROM wanted)',
        format(statement, format('field.%I', tbl)),
        format(statement, format('copy.%I', tbl)),
        CASE kind WHEN 'limit' THEN format('TABLE copy.%I', tbl) ELSE 'TABLE wanted' END)
        INTO wrong;
    RETURN CASE WHEN wrong THEN 'WRONG' ELSE 'right' END;
EXCEPTION WHEN others THEN
    RETURN SQLSTATE;
END
$$;

-- All statements under one misbehaviour.  The tables are new ones each time, so
-- that nothing is known of them from before.
CREATE TABLE outcomes (id int, title text, tbl text, kind text, statement text, outcome text);
CREATE FUNCTION try(id int, title text, misbehaviour text, only_table text DEFAULT NULL,
                    server text DEFAULT 'shop', invalid_values text DEFAULT 'error', time_zone text DEFAULT '')
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    s statements;
BEGIN
    PERFORM make_table(table_name, misbehaviour, server, invalid_values, time_zone)
    FROM information_schema.tables
    WHERE table_schema = 'copy' AND table_name = coalesce(only_table, table_name);
    FOR s IN SELECT * FROM statements WHERE tbl = coalesce(only_table, tbl) ORDER BY tbl, kind, statement LOOP
        INSERT INTO outcomes VALUES (id, title, s.tbl, s.kind, s.statement, outcome(s.tbl, s.kind, s.statement));
    END LOOP;
    DROP SCHEMA field CASCADE;
    CREATE SCHEMA field;
END
$$;

-- What came out under some misbehaviours, one line for each: how many
-- statements were right or an error, and how those of each kind fared.
-- 'right*' is right for all tables without rows in the answer, ...
CREATE FUNCTION report() RETURNS TABLE (misbehaviour text, "right" bigint, error bigint, wrong bigint,
    whole text, "= int" text, "= text" text, "in" text, "nothing" text, "limit" text, "count" text)
LANGUAGE sql AS $$
    SELECT title, sum(n) FILTER (WHERE outcome = 'right'),
        sum(n) FILTER (WHERE outcome NOT IN ('right', 'WRONG')), sum(n) FILTER (WHERE outcome = 'WRONG'),
        string_agg(outcome, ' ' ORDER BY outcome DESC) FILTER (WHERE kind = 'whole'),
        string_agg(outcome, ' ' ORDER BY outcome DESC) FILTER (WHERE kind = '= int'),
        string_agg(outcome, ' ' ORDER BY outcome DESC) FILTER (WHERE kind = '= text'),
        string_agg(outcome, ' ' ORDER BY outcome DESC) FILTER (WHERE kind = 'in'),
        string_agg(outcome, ' ' ORDER BY outcome DESC) FILTER (WHERE kind = 'nothing'),
        string_agg(outcome, ' ' ORDER BY outcome DESC) FILTER (WHERE kind = 'limit'),
        string_agg(outcome, ' ' ORDER BY outcome DESC) FILTER (WHERE kind = 'count')
    FROM (SELECT id, title, kind, outcome, count(*) AS n FROM outcomes GROUP BY 1, 2, 3, 4) AS o
    GROUP BY id, title ORDER BY id
$$;
