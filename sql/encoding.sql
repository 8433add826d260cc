--
-- Encodings: what arrives from a connector, and what is sent to it, in
-- databases that are not in UTF-8.  On the wire there is nothing but UTF-8.
--
\pset format unaligned
\pset tuples_only on
\encoding UTF8
\set url `echo "$BICONNECTOR_URL"`
\set log `echo "$BICONNECTOR_LOG"`
\set main :DBNAME
-- What each database needs, once it has a table "connector".  All of this is
-- in ASCII, to be the same everywhere.
CREATE FUNCTION encoding_shop() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    url text := (SELECT connector.url FROM connector);
BEGIN
    PERFORM set_config('lc_messages', 'C', false);
    IF to_regclass('shop.items') IS NULL THEN
        CREATE EXTENSION biconnector_fdw;
        EXECUTE format('CREATE SERVER shop FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
                            url_table_list %L, url_table_description %L, url_data %L)',
                       url || '/table_list', url || '/table_description', url || '/data');
        CREATE USER MAPPING FOR CURRENT_USER SERVER shop
            OPTIONS (login 'anna', password 's3cret word');
    END IF;
    CREATE SCHEMA encoding;
    PERFORM set_config('search_path', 'encoding, public', false);
    CREATE FOREIGN TABLE item (
        id int OPTIONS (column_name 'ID'),
        name text OPTIONS (column_name 'NAME'),
        status text OPTIONS (column_name 'STATUS')
    ) SERVER shop OPTIONS (table_name 'items');
    -- its columns are all wanted, so the connector sends all that it has
    CREATE FOREIGN TABLE numbers_of_item (
        id int OPTIONS (column_name 'ID'),
        qty bigint OPTIONS (column_name 'QTY')
    ) SERVER shop OPTIONS (table_name 'items');
    CREATE FOREIGN TABLE "order" (
        id int OPTIONS (column_name 'ORDER_ID'),
        city text OPTIONS (column_name 'CITY'),
        total numeric OPTIONS (column_name 'TOTAL', field_type 'money')
    ) SERVER shop OPTIONS (table_name 'orders');
    CREATE FOREIGN TABLE price (
        code text OPTIONS (column_name 'CODE'),
        kind text OPTIONS (column_name 'KIND'),
        value numeric OPTIONS (column_name 'VALUE', field_type 'money')
    ) SERVER shop OPTIONS (table_name 'forms', invalid_values 'null');
END
$$;
-- Run a statement, and show the bodies of its requests as they were sent, but
-- without the two settings that all have
CREATE FUNCTION encoding_sent(statement text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    file text := (SELECT log FROM connector);
    place bigint := log_end();
BEGIN
    EXECUTE statement;
    RETURN QUERY
        SELECT replace(body ->> 'raw', '&connection%5Blogin%5D=***&connection%5Bpassword%5D=***', '')
        FROM regexp_split_to_table(convert_from(pg_read_binary_file(file, place, log_end() - place),
                                                'UTF8'), E'\n') AS line,
            LATERAL (SELECT nullif(line, '')::jsonb AS body) AS parsed
        WHERE body ? 'endpoint' ORDER BY (body ->> 'n')::int;
END
$$;
-- Query a table of the shop under misbehaviours
CREATE FUNCTION encoding_ask(query text, misbehave text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER FOREIGN TABLE item OPTIONS (SET table_name %L);
                    ALTER FOREIGN TABLE numbers_of_item OPTIONS (SET table_name %L)',
                   'items+' || misbehave, 'items+' || misbehave);
    RETURN QUERY SELECT attempt(query);
    ALTER FOREIGN TABLE item OPTIONS (SET table_name 'items');
    ALTER FOREIGN TABLE numbers_of_item OPTIONS (SET table_name 'items');
END
$$;
-- What is no text in any encoding: in a column that is wanted, in one that is
-- sent but not wanted, inside of an array, and there as JSON
CREATE FUNCTION encoding_no_text() RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    what text;
BEGIN
    FOREACH what IN ARRAY '{bad_utf8,nul_escape,lone_surrogate}'::text[] LOOP
        RETURN NEXT '-- ' || what;
        RETURN QUERY SELECT encoding_ask('SELECT id, name FROM item', what);
        RETURN QUERY SELECT encoding_ask('SELECT id, qty FROM numbers_of_item', what);
        RETURN QUERY SELECT encoding_ask('SELECT id, name FROM item WHERE id = 1', what || ',nested');
        ALTER FOREIGN TABLE item ALTER name TYPE jsonb;
        -- in the words of PostgreSQL, which change from version to version
        RETURN QUERY
            SELECT line FROM encoding_ask('SELECT name FROM item WHERE id = 1', what || ',nested') AS t (line)
            WHERE line !~ 'DETAIL';
        ALTER FOREIGN TABLE item ALTER name TYPE text;
    END LOOP;
END
$$;
SELECT string_agg(pg_get_functiondef(name) || ';', E'\n') AS functions
FROM unnest('{attempt,log_end,encoding_shop,encoding_sent,encoding_ask,encoding_no_text}'::regproc[])
    AS name \gset
-- The names of the items as they are, to compare others with
SELECT json_agg(json_build_array(id, encode(convert_to(name, 'UTF8'), 'hex'))) AS names
FROM shop.items \gset
CREATE DATABASE encoding_latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
CREATE DATABASE encoding_win1251 TEMPLATE template0 ENCODING 'WIN1251' LC_COLLATE 'C' LC_CTYPE 'C';
CREATE DATABASE encoding_sql_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C';

--
-- UTF-8 itself
--
SELECT encoding_shop();
SELECT encoding_no_text();
-- everything in escapes, what is not wanted among them
SELECT encoding_ask('SELECT id, name FROM item', 'extra_fields,lone_surrogate');
SET client_min_messages = warning;
DROP SCHEMA encoding CASCADE;

--
-- LATIN1: has accents, but no Cyrillic letters
--
\c encoding_latin1
\encoding UTF8
CREATE TABLE connector AS SELECT :'url'::text AS url, :'log'::text AS log;
:functions
SELECT encoding_shop();
SELECT id, name, encode(convert_to(name, 'LATIN1'), 'hex'), length(name)
FROM item WHERE id IN (31, 33) ORDER BY id;
-- all names that it can hold are the same as in UTF-8
SELECT string_agg(n::text, ', ') AS ids FROM generate_series(1, 250) AS n
WHERE n <> ALL ('{8,9,10,11,12,32,34}') \gset
CREATE TABLE name AS SELECT (value ->> 0)::int AS id, convert_from(decode(value ->> 1, 'hex'), 'UTF8') AS name
FROM json_array_elements(:'names') WHERE (value ->> 0)::int IN (:ids);
SELECT count(*) FROM item WHERE id IN (:ids);
(SELECT id, name FROM item WHERE id IN (:ids) EXCEPT ALL TABLE name) UNION ALL
(TABLE name EXCEPT ALL SELECT id, name FROM item WHERE id IN (:ids));
-- all others are errors
SELECT attempt('SELECT id, name FROM item');
SELECT attempt('SELECT name FROM item WHERE id = 12');
SELECT attempt('SELECT name FROM item WHERE id = 32');
SELECT attempt('SELECT name FROM item WHERE id = 34');
-- also if they come as escapes
SELECT encoding_ask('SELECT id, name FROM item WHERE id = 31', 'extra_fields,lone_surrogate');
SELECT encoding_ask('SELECT id, name FROM item WHERE id = 8', 'extra_fields,lone_surrogate');
SELECT encoding_ask('SELECT id, name FROM item WHERE id = 12', 'extra_fields,lone_surrogate');
-- where they are not wanted, they do no harm
SELECT count(*), count(DISTINCT id) FROM item;
SELECT count(*), count(qty) FROM numbers_of_item;
-- nor where they are not needed to read the value
SELECT kind, value FROM price WHERE kind = 'money' AND value IS NOT NULL;
SELECT attempt('SELECT code FROM price WHERE kind = ''money''');
-- a value that cannot be read cannot be shown either
ALTER FOREIGN TABLE item ALTER name TYPE bigint;
SELECT attempt('SELECT name FROM item WHERE id = 31');
SELECT attempt('SELECT name FROM item WHERE id = 8');
ALTER FOREIGN TABLE item ALTER name TYPE text, OPTIONS (ADD invalid_values 'null');
ALTER FOREIGN TABLE item ALTER name TYPE bigint;
SELECT count(*), count(name) FROM item;
ALTER FOREIGN TABLE item ALTER name TYPE text, OPTIONS (DROP invalid_values);
-- JSON as text, and as what it says
SELECT encoding_ask('SELECT id, name FROM item WHERE id = 8', 'nested');
ALTER FOREIGN TABLE item ALTER name TYPE jsonb;
SELECT encoding_ask('SELECT id, name FROM item WHERE id IN (31, 33)', 'nested');
SELECT encoding_ask('SELECT id, name FROM item WHERE id = 8', 'nested');
ALTER FOREIGN TABLE item ALTER name TYPE text;
SELECT encoding_no_text();
-- a filter
SELECT id, name FROM item WHERE name = 'été';
SELECT encoding_sent('SELECT id, name FROM item WHERE name = ''été''');
SELECT encoding_sent('SELECT id, name FROM item WHERE name IN (''straße'', ''été'')');
SELECT encoding_sent('SELECT id FROM item WHERE name = chr(233) || ''t'' || chr(233)');
-- codes of fields
CREATE SCHEMA got;
SELECT attempt('IMPORT FOREIGN SCHEMA connector LIMIT TO (items, "Weird ""Table""") FROM SERVER shop INTO got OPTIONS (probe ''off'')');
SELECT attname, attfdwoptions FROM pg_attribute
WHERE attrelid = 'got."Weird ""Table"""'::regclass AND attnum > 0 ORDER BY attnum;
SELECT "ünï" FROM got."Weird ""Table""" ORDER BY 1;
SELECT encoding_sent('SELECT "ünï" FROM got."Weird ""Table"""');
ALTER FOREIGN TABLE got."Weird ""Table""" ALTER "ünï" OPTIONS (SET column_name 'üni');
SELECT attempt('SELECT * FROM got."Weird ""Table"""');
-- codes of tables that it cannot hold
ALTER USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (ADD misbehave 'list_hostile');
SELECT line FROM attempt('IMPORT FOREIGN SCHEMA connector FROM SERVER shop INTO got OPTIONS (probe ''off'')') AS t (line)
WHERE line ~ '^22P05: ' OR line ~ 'server "shop"';
-- Settings.  This one has no-break space in front of the number: 3 rows at most
\set cap 'cap:\302\2403'
ALTER USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (SET misbehave :'cap', ADD "clé" 'été');
SELECT count(*) FROM item;
SELECT encoding_sent('SELECT id FROM item');
ALTER SERVER shop OPTIONS (ADD request_format 'json');
SELECT count(*) FROM item;
SELECT encoding_sent('SELECT id, name FROM item WHERE name = ''été''');
ALTER USER MAPPING FOR CURRENT_USER SERVER shop
    OPTIONS (DROP misbehave, DROP "clé", ADD biconnector_settings '{"misbehave": "cap:\u00a02", "clé": "été"}');
SELECT count(*) FROM item;
-- Errors in the words of the connector
ALTER FOREIGN TABLE item OPTIONS (SET table_name 'Café');
SELECT attempt('SELECT id FROM item');

--
-- WIN1251: has Cyrillic letters, but no accents
--
\c encoding_win1251
\encoding UTF8
CREATE TABLE connector AS SELECT :'url'::text AS url, :'log'::text AS log;
:functions
SELECT encoding_shop();
SELECT id, name, encode(convert_to(name, 'WIN1251'), 'hex'), length(name)
FROM item WHERE id IN (8, 10, 11) ORDER BY id;
SELECT string_agg(n::text, ', ') AS ids FROM generate_series(1, 250) AS n
WHERE n <> ALL ('{12,31,32,33,34}') \gset
CREATE TABLE name AS SELECT (value ->> 0)::int AS id, convert_from(decode(value ->> 1, 'hex'), 'UTF8') AS name
FROM json_array_elements(:'names') WHERE (value ->> 0)::int IN (:ids);
SELECT count(*) FROM item WHERE id IN (:ids);
(SELECT id, name FROM item WHERE id IN (:ids) EXCEPT ALL TABLE name) UNION ALL
(TABLE name EXCEPT ALL SELECT id, name FROM item WHERE id IN (:ids));
SELECT attempt('SELECT id, name FROM item');
SELECT attempt('SELECT name FROM item WHERE id = 31');
SELECT attempt('SELECT name FROM item WHERE id = 34');
SELECT encoding_ask('SELECT id, name FROM item WHERE id = 8', 'extra_fields,lone_surrogate');
SELECT encoding_ask('SELECT id, name FROM item WHERE id = 12', 'extra_fields,lone_surrogate');
SELECT count(*), count(DISTINCT id) FROM item;
SELECT count(*), count(qty) FROM numbers_of_item;
SELECT kind, value, code FROM price WHERE kind = 'money' AND value IS NOT NULL;
-- the length is that in characters
ALTER FOREIGN TABLE item ALTER name TYPE varchar(6);
SELECT attempt('SELECT name FROM item WHERE id = 8');
ALTER FOREIGN TABLE item ALTER name TYPE varchar(5);
SELECT attempt('SELECT name FROM item WHERE id = 8');
ALTER FOREIGN TABLE item ALTER name TYPE jsonb;
SELECT encoding_ask('SELECT id, name FROM item WHERE id = 8', 'nested');
SELECT encoding_ask('SELECT id, name FROM item WHERE id = 31', 'nested');
ALTER FOREIGN TABLE item ALTER name TYPE text;
SELECT encoding_no_text();
-- filters
SELECT id, name FROM item WHERE name = 'Привет';
SELECT encoding_sent('SELECT id, name FROM item WHERE name IN (''Привет'', ''Ёлка'')');
SELECT city, count(*), sum(total) FROM "order" WHERE city = 'Казань' GROUP BY city;
SELECT city, count(*), sum(total) FROM "order" WHERE city IN ('Москва', 'Нигде') GROUP BY city;
-- one that finds nothing is put to the test with a value of the connector
ALTER FOREIGN TABLE "order" OPTIONS (ADD row_limit '100000');
SELECT encoding_sent('SELECT id FROM "order" WHERE city = ''Нигде''');
-- search, codes of tables
CREATE SCHEMA got;
ALTER USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (ADD misbehave 'list_hostile');
SELECT encoding_sent('IMPORT FOREIGN SCHEMA connector FROM SERVER shop INTO got OPTIONS (search ''Таблиц'', probe ''off'')');
SELECT relname, ftoptions FROM pg_class JOIN pg_foreign_table ON oid = ftrelid
WHERE relnamespace = 'got'::regnamespace;
SELECT * FROM got."таблица";
SELECT encoding_sent('SELECT name FROM got."таблица"');
ALTER USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (DROP misbehave);
SELECT attempt('IMPORT FOREIGN SCHEMA connector FROM SERVER shop INTO got OPTIONS (probe ''off'')');
SELECT attempt('IMPORT FOREIGN SCHEMA connector EXCEPT ("Weird ""Table""") FROM SERVER shop INTO got OPTIONS (probe ''off'')');
-- settings
ALTER USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (ADD misbehave :'cap', ADD "ключ" 'Пароль');
SELECT count(*) FROM item;
SELECT encoding_sent('SELECT id FROM item');
-- errors in the words of the connector, and in our own
ALTER FOREIGN TABLE item OPTIONS (SET table_name 'Товары');
SELECT attempt('SELECT id FROM item');
ALTER USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (SET "ключ" 'Товары');
SELECT attempt('SELECT id FROM item');
ALTER FOREIGN TABLE "order" OPTIONS (SET row_limit '3');
ALTER FOREIGN TABLE "order" RENAME TO "Заказы";
ALTER FOREIGN TABLE "Заказы" RENAME city TO "город";
ALTER FOREIGN TABLE "Заказы" ALTER "город" TYPE date;
SELECT attempt('SELECT "город" FROM "Заказы"');
SELECT attempt('SELECT id FROM "Заказы"');

--
-- SQL_ASCII: bytes with no meaning.  They are those of UTF-8.
--
\c encoding_sql_ascii
\encoding UTF8
CREATE TABLE connector AS SELECT :'url'::text AS url, :'log'::text AS log;
:functions
SELECT encoding_shop();
SELECT id, name, encode(name::bytea, 'hex'), length(name)
FROM item WHERE id IN (8, 12, 31) ORDER BY id;
CREATE TABLE name AS SELECT (value ->> 0)::int AS id, convert_from(decode(value ->> 1, 'hex'), 'SQL_ASCII') AS name
FROM json_array_elements(:'names');
(SELECT id, name FROM item EXCEPT ALL TABLE name) UNION ALL
(TABLE name EXCEPT ALL SELECT id, name FROM item);
SELECT encoding_ask('SELECT id, name FROM item', 'extra_fields,lone_surrogate');
SELECT kind, value, code FROM price WHERE kind = 'money' AND value IS NOT NULL;
-- so the length is that in bytes
ALTER FOREIGN TABLE item ALTER name TYPE varchar(12);
SELECT attempt('SELECT name FROM item WHERE id = 8');
ALTER FOREIGN TABLE item ALTER name TYPE varchar(11);
SELECT attempt('SELECT name FROM item WHERE id = 8');
ALTER FOREIGN TABLE item ALTER name TYPE jsonb;
SELECT encoding_ask('SELECT id, name FROM item WHERE id IN (8, 12, 31)', 'nested');
ALTER FOREIGN TABLE item ALTER name TYPE text;
SELECT encoding_no_text();
-- filters, of what is UTF-8
SELECT id, name FROM item WHERE name = 'Привет';
SELECT encoding_sent('SELECT id, name FROM item WHERE name IN (''Привет'', ''日本語'')');
SELECT encoding_sent('SELECT id, name FROM item WHERE name = E''\xcf\xf0''');
SELECT encoding_sent('SELECT id, name FROM item WHERE name IN (''Привет'', E''\xcf\xf0'')');
-- codes
CREATE SCHEMA got;
ALTER USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (ADD misbehave 'list_hostile');
SELECT sent
FROM encoding_sent('IMPORT FOREIGN SCHEMA connector LIMIT TO ("таблица", "emoji 😀", "Weird ""Table""")
                    FROM SERVER shop INTO got OPTIONS (probe ''off'')') AS sent
ORDER BY sent COLLATE "C";
SELECT relname, ftoptions FROM pg_class JOIN pg_foreign_table ON oid = ftrelid
WHERE relnamespace = 'got'::regnamespace ORDER BY relname COLLATE "C";
SELECT name, "ünï" FROM got."emoji 😀", got."Weird ""Table""" ORDER BY 2;
-- settings
ALTER USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (SET misbehave :'cap', ADD "ключ" 'Пароль 😀');
SELECT count(*) FROM item;
SELECT encoding_sent('SELECT id FROM item');
-- errors in the words of the connector, which are cut between two characters
ALTER FOREIGN TABLE item OPTIONS (SET table_name 'Товары 😀');
SELECT attempt('SELECT id FROM item');
SELECT repeat('ы', 100) AS even, 'y' || repeat('ы', 100) AS odd \gset
ALTER FOREIGN TABLE item OPTIONS (SET table_name :'even');
SELECT regexp_replace(line, '(ы){20,}', 'ы(many)') FROM attempt('SELECT id FROM item') AS t (line);
ALTER FOREIGN TABLE item OPTIONS (SET table_name :'odd');
SELECT regexp_replace(line, '(ы){20,}', 'ы(many)') FROM attempt('SELECT id FROM item') AS t (line);

\c :main
SET client_min_messages = warning;
DROP DATABASE encoding_latin1;
DROP DATABASE encoding_win1251;
DROP DATABASE encoding_sql_ascii;
DROP FUNCTION encoding_shop, encoding_sent, encoding_ask, encoding_no_text;
