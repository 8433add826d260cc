--
-- Which conditions are sent to a connector that nobody has vouched for, with which
-- values, and that the rows are right in any case.  The tests "operators..." have
-- what filter_operators can add to it.
--

-- Copies of the tables, to compare with
CREATE SCHEMA here;
CREATE TABLE here.items AS SELECT * FROM shop.items;
CREATE TABLE here.bigids AS SELECT * FROM shop.bigids;
CREATE TABLE here.weird AS SELECT * FROM shop."Weird ""Table""";

-- What is asked of a table in schema shop for each condition (one a line), and whether
-- the rows are those of the table of that name in schema here
CREATE FUNCTION asked(remote text, conditions text, local text DEFAULT NULL)
RETURNS TABLE (condition text, sent text, requests bigint, "rows" int, verdict text)
LANGUAGE sql AS $$
    SELECT condition, sent, requests, rows::int, verdict
    FROM asked_of(format('shop.%I', remote)::regclass, conditions,
                  format('here.%I', coalesce(local, remote))::regclass)
$$;

-- Integers, of any width and on both sides
SELECT * FROM asked('items', $$
id = 5
id = 5::smallint
id = 5::bigint
id = '5'
5 = id
5::smallint = id
qty = 2147483648
qty = -5000000000
id = 5 AND name IS NOT NULL
id > 5 AND id < 8 AND flag = 1
id BETWEEN 5 AND 5
(id = 5) IS TRUE
id = abs(-5)
$$);

-- Constants that are not integers may still be one; of the column's casts, those count
-- that leave the comparison the same
SELECT * FROM asked('items', $$
id = 5.0
id = 5::float8
id = 5::numeric
id + 0 = 5
-id = -5
id::text = '5'
id::int = 5
id = flag
id = length(name)
$$);

-- Strings.  Only text and varchar without a length show what the field has.
SELECT * FROM asked('items', $$
name = 'Apple'
'Apple' = name
name = 'Apple'::varchar
name = 'Apple'::varchar(3)
name = 'Apple'::bpchar
name = 'Apple'::name
name || '' = 'Apple'
lower(name) = 'apple'
name LIKE 'Apple'
status = 'won' AND name = 'apple '
$$);

-- Other types are not asked for unless somebody vouches for them: what the connector
-- stores may not be what it shows
SELECT * FROM asked('items', $$
price = 9.99
amount = 1234.5
born = '2000-02-29'
created = '2024-02-29 23:59:59'
tz = 'UTC' AND id < 10
born IN ('2000-02-29', '2024-02-29')
$$);

-- Lists.  NULL in them finds nothing, a value that comes twice is sent once, and
-- one that may not be sent keeps the list here.
SELECT * FROM asked('items', $$
id IN (5)
id IN (5, 7, 300)
id IN (5, 7, 5, 7)
id = ANY ('{5,7}')
id = ANY ('{5,7}'::smallint[])
id = ANY ('{5,7}'::int[])
id = ANY ('{{5,7},{8,9}}'::int[])
id = ANY (ARRAY[5, 7]::numeric[])
id IN (5, NULL, 7)
id IN (5, 9007199254740993)
name IN ('Apple', 'apple')
name IN ('Apple', 'apple ')
name IN ('Apple', '')
name = ANY ('{Apple,NULL,apple}')
name = ANY ('{Apple,apple}'::varchar[])
name = ANY ('{Apple,apple}'::varchar(3)[])
name IN ('Apple', status)
$$);

-- What finds nothing for sure needs no request
SELECT * FROM asked('items', $$
id = NULL
name = NULL
id IN (NULL, NULL)
id = ANY ('{}')
id = ANY (NULL::int[])
name = ANY ('{}'::text[])
id = 5 AND name = NULL
false
$$);

-- Equalities of one column are a list; other alternatives, and what is unwanted, are for
-- us unless somebody vouches for them
SELECT * FROM asked('items', $$
id <> 5
NOT id = 5 AND id < 10
id NOT IN (5, 6) AND id < 10
id = 5 OR id = 7
id = 5 OR name = 'Apple'
(id = 5 OR name = 'Apple') AND status = 'new'
id <> ALL ('{5,7}') AND id < 10
id = ALL ('{5}')
id IS NOT DISTINCT FROM 5
name IS NULL
(id, name) = (1, 'Apple')
CASE WHEN id = 5 THEN true END
$$);

-- Beyond 2^53 integers are not exact in JavaScript
SELECT * FROM asked('bigids', $$
id = 9007199254740991
id = 9007199254740992
id = 9007199254740993
id = -9007199254740991
id = -9007199254740992
id = -9007199254740993
id = 9223372036854775807
id = -9223372036854775808
id IN (1, 9007199254740991)
id IN (1, 9007199254740992)
code = '9007199254740993'
$$);

-- Strings that are often changed on their way, or read as something else: blanks
-- at the ends, control characters, each of <>&"'%_\ and the empty string
SELECT * FROM asked('items', $$
name = ' apple'
name = 'apple '
name = ' '
name = ''
name = E'tab\there'
name = E'line\nbreak'
name = E'line\rbreak'
name = E'\u0001'
name = E'del\u007Fete'
name = 'a&b<c>'
name = 'a<b'
name = 'a>b'
name = 'a&b'
name = 'double "quotes"'
name = 'it''s'
name = '100%'
name = 'snake_case'
name = 'back\slash'
$$);

-- All others are sent as they are
SELECT * FROM asked('items', $$
name = '0'
name = '007'
name = 'null'
name = 'Item 42'
name = 'semi;colon'
name = 'comma, separated'
name = '{braces}'
name = '[brackets]'
name IN ('{braces}', '[brackets]', 'a+b', 'a=b', 'a#b', '$100')
name = 'Привет'
name = 'Ёлка'
name = '日本語'
name = 'straße'
name = 'été'
name = E'e\u0301te\u0301'
$$);
-- psql of PostgreSQL 13 does not know how wide an emoji is
\pset format unaligned
SELECT * FROM asked('items', $$
name = '😀 smile'
$$);
\pset format aligned

-- Field codes that may not stand in the key of a filter: all with anything but
-- ASCII letters, digits and underscores in them, and those that mean something else
SELECT * FROM asked('Weird "Table"', $$
"select" = 2
"select" IN (1, 3)
"Mixed Case" = 'two'
"ünï" = 'zwei'
"select" = 2 AND "ünï" = 'zwei'
$$, 'weird');
CREATE FOREIGN TABLE shop.codes (
    digits int OPTIONS (column_name '123'), logic int OPTIONS (column_name 'logic'),
    prefix int OPTIONS (column_name '>ID'), bracket int OPTIONS (column_name 'a[b]'),
    empty_word text OPTIONS (column_name ' '), good int OPTIONS (column_name '_1a'))
    SERVER shop OPTIONS (table_name 'items');
SELECT * FROM plan_of('SELECT * FROM shop.codes
    WHERE digits = 1 AND logic = 1 AND prefix = 1 AND bracket = 1 AND empty_word = ''x'' AND good = 1');

-- Two conditions on one field: what is in both is sent
SELECT * FROM asked('items', $$
id = 5 AND id = 7
id IN (5, 6) AND id IN (6, 7)
id IN (5, 6) AND id = 6
id IN (5, 6) AND status = 'won' AND id = 6
id = 5 AND id = 9007199254740993
status = 'new' AND flag = 1 AND id IN (1, 2, 3, 11)
$$);
CREATE FOREIGN TABLE shop.twice (one int OPTIONS (column_name 'ID'), other int OPTIONS (column_name 'ID'))
    SERVER shop OPTIONS (table_name 'items');
SELECT * FROM shop.twice WHERE one = 5 AND other = 5;
SELECT * FROM shop.twice WHERE one = 5 AND other = 6;
SELECT * FROM requests_of('SELECT * FROM shop.twice WHERE one = 5 AND other = 5');
SELECT * FROM requests_of('SELECT other FROM shop.twice WHERE one = 5');

-- EXPLAIN: what is sent, and what only we check
SELECT * FROM plan_of($$
    SELECT id FROM shop.items WHERE id IN (1, 2, 3) AND 'won' = status AND name = 'it''s' AND price > 1 $$);

--
-- Tables made by hand: a filter is sent where the column's type leaves no doubt
-- of the field's
--
CREATE DOMAIN whole AS int;
CREATE FOREIGN TABLE shop.by_hand (
    "ID" int, "FLAG" smallint, "QTY" bigint, "NAME" varchar, "STATUS" text,
    "TZ" varchar(20), "AMOUNT" numeric,
    same_id whole OPTIONS (column_name 'ID'),
    same_name varchar(300) OPTIONS (column_name 'NAME'),
    same_status char(5) OPTIONS (column_name 'STATUS'))
    SERVER shop OPTIONS (table_name 'items');
CREATE TABLE here.by_hand AS SELECT * FROM shop.by_hand;
SELECT * FROM asked('by_hand', $$
"ID" = 5::bigint
"ID" = 9007199254740991
"ID" = 5::whole
"ID" = ANY ('{5,6}'::whole[])
"FLAG" = 1
"FLAG" = 100000
"FLAG" IN (0::bigint, 1) AND "ID" < 4
"QTY" = -5000000000
"NAME" = 'Apple'
"NAME" = 'Apple'::varchar
"NAME" IN ('Apple', 'apple')
"STATUS" = 'won'
"TZ" = 'UTC'
"AMOUNT" = 100
same_id = 5
same_name = 'Apple'
same_status = 'won'
same_status = 'won  '
$$);

-- The option field_type decides, on the type of the column as well as without:
-- here ID is said to be a string, STATUS a date, QTY a number with a fraction
CREATE FOREIGN TABLE shop.typed (
    id int OPTIONS (column_name 'ID', field_type 'string'),
    name text OPTIONS (column_name 'NAME', field_type 'STRING'),
    status text OPTIONS (column_name 'STATUS', field_type 'date'),
    qty bigint OPTIONS (column_name 'QTY', field_type 'double'),
    flag text OPTIONS (column_name 'FLAG', field_type 'int'))
    SERVER shop OPTIONS (table_name 'items');
CREATE TABLE here.typed AS SELECT * FROM shop.typed;
SELECT * FROM asked('typed', $$
id = 5
name = 'Apple'
status = 'won'
qty = 100
flag = '1'
$$);

--
-- Option filter_operators: eq and in by default; columns override tables, and
-- tables servers
--
CREATE FUNCTION asked_id_and_flag() RETURNS TABLE (condition text, sent text, requests bigint, "rows" int, verdict text)
LANGUAGE sql AS $$
    SELECT * FROM asked('items', E'id = 5\nid IN (5, 7)\nflag = 1 AND id < 9\nflag IN (0, 1) AND id < 9')
$$;
SELECT * FROM asked_id_and_flag();
ALTER SERVER shop OPTIONS (ADD filter_operators 'none');
SELECT * FROM asked_id_and_flag();
ALTER FOREIGN TABLE shop.items OPTIONS (ADD filter_operators 'eq');
SELECT * FROM asked_id_and_flag();
ALTER FOREIGN TABLE shop.items ALTER COLUMN flag OPTIONS (ADD filter_operators 'in');
SELECT * FROM asked_id_and_flag();
ALTER FOREIGN TABLE shop.items ALTER COLUMN flag OPTIONS (SET filter_operators 'none');
SELECT * FROM asked_id_and_flag();
ALTER FOREIGN TABLE shop.items OPTIONS (SET filter_operators 'in, eq');
SELECT * FROM asked_id_and_flag();
ALTER SERVER shop OPTIONS (DROP filter_operators);
ALTER FOREIGN TABLE shop.items OPTIONS (DROP filter_operators);
ALTER FOREIGN TABLE shop.items ALTER COLUMN flag OPTIONS (DROP filter_operators);
SELECT * FROM asked_id_and_flag();

--
-- Collations and operators: equality must be that of the bytes, from pg_catalog
--
CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE FOREIGN TABLE shop.collated (
    id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME') COLLATE caseless,
    bytes text OPTIONS (column_name 'NAME') COLLATE "C")
    SERVER shop OPTIONS (table_name 'items');
CREATE TABLE here.collated AS SELECT * FROM shop.collated;
SELECT * FROM asked('collated', $$
name = 'APPLE'
name IN ('APPLE', 'Привет')
name = 'APPLE' COLLATE "C"
bytes = 'APPLE'
bytes = 'APPLE' COLLATE caseless
bytes = 'APPLE' COLLATE "und-x-icu"
$$);
CREATE FUNCTION nearly_equal(bigint, int) RETURNS boolean
LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) <= 1';
CREATE OPERATOR = (FUNCTION = nearly_equal, LEFTARG = bigint, RIGHTARG = int);
CREATE FUNCTION five() RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 5; END';
CREATE FUNCTION five_now() RETURNS bigint LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 5; END';
CREATE FUNCTION five_or_so() RETURNS bigint LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN 5; END';
SELECT * FROM asked('items', $$
id OPERATOR(public.=) 5
id OPERATOR(public.=) ANY ('{5,8}')
id OPERATOR(pg_catalog.=) 5
id = five()
id IN (five(), 7)
id = five_now()
id = five_or_so()
id = extract(year FROM now())::int
name = current_user
$$);
DROP OPERATOR public.= (bigint, int);

--
-- Parameters have their values when the scan begins
--
PREPARE by_id(bigint) AS SELECT id FROM shop.items WHERE id = $1;
PREPARE by_ids(int[]) AS SELECT id FROM shop.items WHERE id = ANY ($1);
PREPARE by_name(text) AS SELECT id FROM shop.items WHERE name = $1;
PREPARE by_any(text, text) AS SELECT id FROM shop.items WHERE name IN ($1, $2, 'APPLE');
PREPARE by_sum(int) AS SELECT id FROM shop.items WHERE id = $1 + five();
-- The filter of each of these; NULL is a request without one
CREATE FUNCTION asked_by_parameters() RETURNS TABLE (statement text, filters text[], ids text)
LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
BEGIN
    FOREACH statement IN ARRAY ARRAY[
        'by_id(5)', 'by_id(7)', 'by_id(NULL)', 'by_id(9007199254740993)', 'by_id(5)',
        'by_ids(''{5,7}'')', 'by_ids(''{}'')', 'by_ids(NULL)', 'by_ids(''{NULL}'')', 'by_ids(''{NULL,7}'')',
        'by_name(''Apple'')', 'by_name(''apple '')', 'by_name('''')', 'by_name(NULL)', 'by_name(''Ёлка'')',
        'by_any(''Apple'', ''apple'')', 'by_any(''Apple'', ''apple '')', 'by_any(NULL, ''apple'')',
        'by_sum(1)', 'by_sum(2)'] LOOP
        before := log_end();
        EXECUTE 'CREATE TEMP TABLE result AS EXECUTE ' || statement;
        SELECT string_agg(id::text, ' ' ORDER BY id) INTO ids FROM result;
        DROP TABLE result;
        SELECT coalesce(array_agg(r.body ->> 'filter'), '{}') INTO filters FROM requests(before) AS r;
        RETURN NEXT;
    END LOOP;
END
$$;
SET plan_cache_mode = force_generic_plan;
SELECT * FROM plan_of('EXECUTE by_id(5)');
SELECT * FROM plan_of('EXECUTE by_any(''Apple'', ''apple '')', 'COSTS OFF');
SELECT * FROM plan_of('EXECUTE by_sum(1)', 'COSTS OFF');
SELECT * FROM asked_by_parameters();
SET plan_cache_mode = force_custom_plan;
SELECT * FROM plan_of('EXECUTE by_id(5)', 'COSTS OFF');
SELECT * FROM plan_of('EXECUTE by_any(''Apple'', ''apple '')', 'COSTS OFF');
SELECT * FROM asked_by_parameters();
RESET plan_cache_mode;

-- A correlated subquery asks for each row of the outer table, with its value
CREATE TABLE here.wanted (id int, name text);
INSERT INTO here.wanted VALUES (1, 'Apple'), (2, 'apple'), (NULL, NULL), (5, ' apple'), (7, 'Apple');
SELECT * FROM plan_of('
    SELECT w.id, (SELECT max(i.status) FROM shop.items i WHERE i.id = w.id) FROM here.wanted w');
SELECT w.id, (SELECT max(i.status) FROM shop.items i WHERE i.id = w.id) FROM here.wanted w;
SELECT body -> 'filter' AS sent FROM requests_of('
    SELECT w.id, (SELECT max(i.status) FROM shop.items i WHERE i.id = w.id) FROM here.wanted w') AS body;
SELECT w.name, ARRAY(SELECT i.id FROM shop.items i WHERE i.name = w.name ORDER BY 1) FROM here.wanted w;
SELECT body -> 'filter' AS sent FROM requests_of('
    SELECT w.name, ARRAY(SELECT i.id FROM shop.items i WHERE i.name = w.name) FROM here.wanted w') AS body;
-- What a subquery finds once for all is a parameter as well
SELECT id FROM shop.items WHERE id = (SELECT max(id) FROM here.wanted);
SELECT body -> 'filter' AS sent FROM requests_of('
    SELECT id FROM shop.items WHERE id = (SELECT max(id) FROM here.wanted)') AS body;

--
-- Long lists.  PHP drops what comes after about 1,000 variables of a request,
-- and a form with more than 20 values in one array reaches some as an object: such
-- a list is believed only when it has been tried itself.
--
CREATE FUNCTION long_list(server text, tbl text, columns text, lengths int[])
RETURNS TABLE (length int, values_sent int, requests bigint, "rows" bigint)
LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE shop.long (id int OPTIONS (column_name ''ORDER_ID''),
        city text OPTIONS (column_name ''CITY'')) SERVER %I OPTIONS (table_name %L)', server, tbl);
    FOREACH length IN ARRAY lengths LOOP
        before := log_end();
        EXECUTE format('SELECT count(%s) FROM shop.long WHERE id IN (%s)', columns,
                       (SELECT string_agg(n::text, ',') FROM generate_series(1, length) AS n)) INTO rows;
        SELECT count(*), coalesce(max(jsonb_array_length(r.body -> 'filter' -> 'ORDER_ID')), 0)
        INTO requests, values_sent FROM requests(before) AS r;
        RETURN NEXT;
    END LOOP;
    DROP FOREIGN TABLE shop.long;
END
$$;
SELECT * FROM long_list('shop', 'orders', 'id', '{2,20,21,500,893,894,895,899,900,901,1000}');
SELECT * FROM long_list('shop', 'orders', '(city, id)', '{20,893,894}');

-- JSON has no such limits of length, but the same one is kept
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER shop_json FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data', request_format 'json');
CREATE USER MAPPING FOR CURRENT_USER SERVER shop_json OPTIONS (login 'anna', password 's3cret word');
SELECT * FROM long_list('shop_json', 'orders', 'id', '{2,20,21,500,894,895,1000}');

-- In JSON, integers are numbers, and strings strings
CREATE FOREIGN TABLE shop.items_json (
    id bigint OPTIONS (column_name 'ID', field_type 'int'), name text OPTIONS (column_name 'NAME'),
    qty bigint OPTIONS (column_name 'QTY'))
    SERVER shop_json OPTIONS (table_name 'items');
CREATE TABLE here.items_json AS SELECT * FROM shop.items_json;
SELECT * FROM asked('items_json', $$
id = 5
id IN (5, 7)
qty = -5000000000
id = 9007199254740991
name = '007'
name IN ('007', '7')
name = 'Привет'
$$);
\pset format unaligned
SELECT * FROM asked('items_json', $$
name = '😀 smile'
$$);
\pset format aligned
SELECT * FROM requests_of('SELECT id FROM shop.items_json WHERE id = 5 AND name = ''7''');

SET client_min_messages = error;
DROP FUNCTION asked, asked_id_and_flag, asked_by_parameters, long_list, five, five_now, five_or_so,
    nearly_equal;
DROP COLLATION caseless CASCADE;
DROP SCHEMA here CASCADE;
DROP FOREIGN TABLE shop.codes, shop.twice, shop.by_hand, shop.typed, shop.collated, shop.items_json;
DROP DOMAIN whole;
DROP SERVER shop_json CASCADE;
