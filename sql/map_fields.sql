--
-- The option "map_fields" of servers, for connectors that take names in the place of codes.
-- The reference connector puts names into the header of its answers to requests without select.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA there;
CREATE SCHEMA here;
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER mapping FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data');
CREATE USER MAPPING FOR CURRENT_USER SERVER mapping OPTIONS (login 'anna', password 's3cret word');
CREATE PROCEDURE make_items(name text, code text DEFAULT 'items')
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE there.%I (
            "Number" bigint OPTIONS (column_name ''ID''), gone text, "имя" text OPTIONS (column_name ''NAME''),
            "a ""state""" text OPTIONS (column_name ''STATUS''), qty bigint OPTIONS (column_name ''QTY''),
            "FLAG" int)
        SERVER mapping OPTIONS (table_name %L)', name, code);
    EXECUTE format('ALTER FOREIGN TABLE there.%I DROP COLUMN gone', name);
END
$$;
CALL make_items('items');
CREATE TABLE here.items AS SELECT * FROM there.items;

-- Off unless it is turned on
SELECT body ? 'mapFields' FROM requests_of('SELECT * FROM there.items') AS body;
ALTER SERVER mapping OPTIONS (ADD map_fields 'on');

-- The names of the fields that are wanted; select and filter keep the codes
SELECT requests_of('SELECT * FROM there.items');
SELECT requests_of('SELECT "имя" FROM there.items WHERE qty = 5');
SELECT requests_of('SELECT count(*) FROM there.items');
SELECT requests_of('SELECT i FROM there.items AS i LIMIT 3');
SELECT requests_of('ANALYZE there.items');
CREATE VIEW queries AS SELECT $$
SELECT * FROM there.items
SELECT "имя", "FLAG" FROM there.items WHERE "Number" IN (1, 5, 8)
SELECT * FROM there.items WHERE qty = 5 AND "a ""state""" = 'won'
SELECT * FROM there.items WHERE "имя" = 'nobody'
SELECT count(*) FROM there.items
SELECT i FROM there.items AS i WHERE "FLAG" = 1
SELECT "Number" FROM there.items
$$ AS statements;
SELECT a.* FROM queries, against_copies(statements) AS a;
ALTER SERVER mapping OPTIONS (ADD request_format 'json');
SELECT requests_of('SELECT * FROM there.items');
SELECT a.* FROM queries, against_copies(statements) AS a WHERE verdict <> 'right';
ALTER SERVER mapping OPTIONS (DROP request_format);

-- Headers in another order, with more in them, with less, and doubled
CREATE FUNCTION there.with_header(misbehaviour text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER FOREIGN TABLE there.items OPTIONS (SET table_name %L)', 'items+' || misbehaviour);
    RETURN QUERY SELECT attempt('SELECT * FROM there.items');
    RETURN QUERY SELECT format('%s: %s', a.verdict, a.statement) FROM queries, against_copies(statements) AS a WHERE outcome !~ 'error';
END
$$;
SELECT there.with_header('shuffled_header');
SELECT there.with_header('reversed_header,extra_fields');
SELECT there.with_header('missing_field');
SELECT there.with_header('doubled_field');
ALTER FOREIGN TABLE there.items OPTIONS (SET table_name 'items');

-- A field that several columns show has the name of the first
CREATE FOREIGN TABLE there.twice (
    "A" text OPTIONS (column_name 'NAME'), "B" bigint OPTIONS (column_name 'ID'), "C" text OPTIONS (column_name 'NAME'))
    SERVER mapping OPTIONS (table_name 'items');
SELECT requests_of('SELECT * FROM there.twice');
SELECT requests_of('SELECT "C" FROM there.twice');
SELECT * FROM there.twice WHERE "B" = 5;
SELECT count(*), count(*) FILTER (WHERE "A" IS DISTINCT FROM "C") FROM there.twice;

-- A name that is another field's code means that field, so it is not used as a name
CREATE FOREIGN TABLE there.swapped (
    "QTY" bigint OPTIONS (column_name 'ID'), "ID" bigint OPTIONS (column_name 'QTY'), "STATUS" text OPTIONS (column_name 'NAME'),
    state text OPTIONS (column_name 'STATUS'))
    SERVER mapping OPTIONS (table_name 'items');
CREATE TABLE here.swapped AS SELECT "Number" AS "QTY", qty AS "ID", "имя" AS "STATUS", "a ""state""" AS state FROM here.items;
SELECT requests_of('SELECT * FROM there.swapped');
SELECT requests_of('SELECT "STATUS" FROM there.swapped WHERE "ID" = 5');
SELECT a.* FROM against_copies($$
SELECT * FROM there.swapped
SELECT "STATUS" FROM there.swapped WHERE "ID" = 5
SELECT "ID" FROM there.swapped WHERE "QTY" IN (1, 2, 3)
$$) AS a;
-- That of a field which the table does not have cannot be told apart in a header of names, but in one of codes
CREATE FOREIGN TABLE there.like_another (id bigint OPTIONS (column_name 'ID'), "STATUS" text OPTIONS (column_name 'NAME'))
    SERVER mapping OPTIONS (table_name 'items');
SELECT attempt('SELECT * FROM there.like_another');
SELECT count("STATUS") FROM there.like_another;

-- A form that is too long for names goes without, and the header has codes; JSON is never too long
DO $$
BEGIN
    EXECUTE 'CREATE FOREIGN TABLE there.wide (' || (SELECT string_agg(format('c%s int OPTIONS (column_name ''F%s'')', n, n), ', ')
        FROM generate_series(1, 30) AS n) || ') SERVER mapping';
    EXECUTE 'CREATE FOREIGN TABLE there.too_wide (' || (SELECT string_agg(format('c%s int OPTIONS (column_name ''F%s'')', n, n), ', ')
        FROM generate_series(1, 900) AS n) || ') SERVER mapping OPTIONS (table_name ''wide'')';
END
$$;
CREATE FUNCTION there.names(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    place bigint := log_end();
BEGIN
    RETURN QUERY SELECT attempt(statement);
    RETURN QUERY SELECT (SELECT count(*) FROM jsonb_object_keys(body -> 'mapFields')) || ' names' FROM requests(place);
END
$$;
SELECT there.names('SELECT * FROM there.wide');
SELECT there.names('SELECT ' || string_agg('c' || n, ', ') || ' FROM there.wide') FROM generate_series(1, 25) AS n;
SELECT sum(c1), sum(c30) FROM there.wide;
SELECT there.names('SELECT * FROM there.too_wide');
ALTER SERVER mapping OPTIONS (ADD request_format 'json');
SELECT there.names('SELECT * FROM there.too_wide');

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA there, here CASCADE;
DROP SERVER mapping CASCADE;
DROP VIEW queries;
DROP PROCEDURE make_items;
