--
-- Several conditions in one request: those on one key are made one or grouped, OR is a
-- list or a group.  Then values that are known late, and requests in JSON.
--
\pset format unaligned

-- A server that is vouched for in everything, its tables, and copies of them
SELECT url || '/data' AS data, url || '/table_list' AS list, url || '/table_description' AS description
FROM connector \gset
\set all 'eq,in,ne,not_in,lt,le,gt,ge,substring,like,and,or'
CREATE SERVER vouched FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    url_data :'data', url_table_list :'list', url_table_description :'description', filter_operators :'all');
CREATE USER MAPPING FOR CURRENT_USER SERVER vouched OPTIONS (login 'anna', password 's3cret word');
CREATE SCHEMA there;
CREATE SCHEMA here;
IMPORT FOREIGN SCHEMA connector LIMIT TO (items) FROM SERVER vouched INTO there;
CREATE TABLE here.items AS SELECT * FROM there.items;

--
-- Two conditions on one key.  Of bounds the stronger one is sent, of lists what is in
-- both, of unwanted values all; patterns need a group.
--
SELECT $$
id > 240 AND id > 248
id > 248 AND id > 240
id < 10 AND id < 9 AND id < 3
id >= 9 AND id >= 248
id <= 10 AND id <= 9
id <= 9 AND id < 9 AND id < 10
id > 5 AND id < 9 AND id > 6 AND id < 8
price > 9.99 AND price > 10.5 AND id < 9
price < 1e20 AND price < 9 AND id < 9
amount >= 99.99 AND amount >= 100.00 AND id < 9
born > '2024-01-01' AND born > '2000-01-01'
born >= '2024-02-29' AND born > '2023-02-27'
created > '2024-02-29 12:00' AND created > '2020-01-01'
created <= '2020-01-16 09:05' AND created::date < '2000-01-01'
created::date = '2024-02-29' AND created > '2024-02-29 12:00'
status > 'lost' AND status > 'new' AND id < 9
id = 5 AND id = 5::bigint
id IN (5, 6, 7) AND id IN (6, 7, 8)
id IN (5, 6) AND id IN (7, 8)
id IN (5, 6, 7) AND id = 6
id = 8 AND id IN (5, 6, 7)
name IN ('Apple', 'apple') AND name = 'apple'
name = 'Apple' AND name IN ('apple', 'APPLE')
price IN (9.99, 3) AND price = 3.0
born IN ('2000-02-29', '2024-02-29') AND born = '2024-02-29'::timestamp
id <> 248 AND id <> 249 AND id > 247
id <> 248 AND id <> 248 AND id > 247
id <> 248 AND id NOT IN (249, 248) AND id > 247
id NOT IN (248, 1) AND id NOT IN (249, 1) AND id > 247
id IN (5, 6) AND id <> 5
id IN (5, 6) AND id NOT IN (5) AND id > 4
name LIKE '%e' AND name LIKE 'A%'
name LIKE '%e' AND name LIKE 'A%' AND name LIKE '%p%p%'
name LIKE '%ppl%' AND name LIKE '%App%'
name LIKE '%ppl%' AND name LIKE 'App%'
name LIKE 'App%' AND name LIKE 'App%'
$$ AS merged \gset
SELECT * FROM asked_there('items', :'merged');
-- Where groups are not vouched for, the second one is checked here only
SELECT * FROM asked_there_with('eq,in,ne,lt,le,gt,ge,substring,like', 'items', $$
id <> 248 AND id <> 249 AND id > 247
id <> 248 AND id <> 248 AND id > 247
id > 240 AND id > 248
id IN (5, 6, 7) AND id = 6
name LIKE '%e' AND name LIKE 'A%'
name LIKE '%ppl%' AND name LIKE '%App%'
name LIKE '%ppl%' AND name LIKE 'App%'
$$);
SELECT * FROM asked_there_with('ne,gt,and', 'items', E'id <> 248 AND id <> 249 AND id > 247\nid <> 248 AND id <> 248 AND id > 247');

-- Columns that show one field in different ways have nothing to compare
CREATE FOREIGN TABLE there.ways (
    id int OPTIONS (column_name 'ID'),
    number int OPTIONS (column_name 'NAME', field_type 'int'), word text OPTIONS (column_name 'NAME'),
    price float8 OPTIONS (column_name 'PRICE', field_type 'double'), exact numeric OPTIONS (column_name 'PRICE', field_type 'double'),
    day date OPTIONS (column_name 'CREATED', field_type 'date'), moment timestamp OPTIONS (column_name 'CREATED', field_type 'datetime'),
    flag smallint OPTIONS (column_name 'FLAG'), same bigint OPTIONS (column_name 'FLAG'))
    SERVER vouched OPTIONS (table_name 'items', invalid_values 'null');
CREATE TABLE here.ways AS SELECT * FROM there.ways;
SELECT $$
number = 7 AND word = '7'
word > 'Apple' AND number > -1
number > -1 AND word > 'Apple'
price = 1e21 AND exact = 1e21
price IN (1e-7, 0.1) AND exact IN (1e-7, 3)
price > 0 AND exact > 1e20
day = '1999-12-31' AND moment = '1999-12-31'
moment <= '1999-12-31 00:00' AND day <= '1999-12-31'
flag = 1 AND same = 1 AND id < 3
flag = 1 AND same = 0
flag < 1 AND same < 2 AND id < 3
$$ AS ways \gset
SELECT * FROM asked_there('ways', :'ways');
SELECT * FROM asked_there_with('eq,in,ne,not_in,lt,le,gt,ge', 'ways', :'ways');

--
-- OR: equalities of one column are a list, the rest is a group
--
SELECT * FROM asked_there('items', $$
id = 5 OR id = 7
id = 5 OR 7 = id OR id IN (8, 9)
id = ANY ('{5,6}') OR id = 7
id = 5 OR id = 5
id = 5 OR id = NULL
id = 5 OR id IN (NULL, 7)
(id = 5 OR id = 7) AND id < 6
(id = 5 OR id = 7) AND (id = 7 OR id = 8)
(id = 5 OR id = 7) AND (id = 8 OR id = 9)
id = 5 OR name = 'Apple'
id = 5 OR name = 'Apple' OR id = 7
id < 3 OR id > 248
id < 3 OR id > 248 OR id = 5
name LIKE 'App%' OR name LIKE '%ppl%'
price < 0 OR amount > 1000000 OR born > '2024-02-01' AND id < 9
(id = 5 OR name = 'Apple') AND (flag = 1 OR status = 'won')
(id = 5 AND status = 'new') OR (id = 2 AND status = 'won')
(id < 9 AND (status = 'won' OR flag = 1)) OR id = 250
(id = 5 AND id = 7) OR id = 8
(id > 5 AND id > 7 AND id < 9) OR name = 'Apple'
id BETWEEN 2 AND 3 OR id BETWEEN 8 AND 9
born < '1970-01-01' OR id = 5
(id, flag) = (5, 1) OR id = 8
(id, flag) IN ((5, 1), (8, 0))
$$);
-- Without some of these operators
SELECT * FROM asked_there_with('eq,or,and', 'items', E'id = 5 OR id = 7\nid = 5 OR id IN (7, 8)\nid = 5 OR name = ''Apple''\n(id = 5 AND flag = 1) OR id = 8');
SELECT * FROM asked_there_with('eq,in,lt', 'items', E'id = 5 OR id = 7\nid = 5 OR name = ''Apple''\nid < 3 OR id = 7');
SELECT * FROM asked_there_with('eq,in,lt,or', 'items', E'id < 3 OR id = 7\n(id = 5 AND flag = 1) OR id = 8\n(id < 9 AND flag = 1) OR id = 8');
SELECT * FROM asked_there_with('eq,in,lt,and', 'items', E'id < 3 OR id = 7\nid = 5 OR id = 7');
ALTER FOREIGN TABLE there.items ALTER COLUMN name OPTIONS (ADD filter_operators 'eq,in,and');
ALTER FOREIGN TABLE there.items ALTER COLUMN flag OPTIONS (ADD filter_operators 'eq,or');
SELECT * FROM asked_there('items', E'id = 5 OR name = ''Apple''\nid = 5 OR flag = 2\n(id = 5 AND flag = 1) OR id = 8\n(id = 1 AND name = ''Apple'') OR id = 8');
ALTER FOREIGN TABLE there.items ALTER COLUMN name OPTIONS (DROP filter_operators);
ALTER FOREIGN TABLE there.items ALTER COLUMN flag OPTIONS (DROP filter_operators);
-- In a group there is nothing that is not exact, cannot be sent, or finds nearly all
SELECT * FROM asked_there('items', $$
id <> 5 OR name = 'Apple'
id NOT IN (1, 2) OR name = 'Apple'
(id = 5 AND flag <> 0) OR id = 8
id = 5 OR name = 'apple '
id = 5 OR name IN ('Apple', 'apple ')
id = 5 OR id = 9007199254740993
id = 5 OR length(name) = 5
id = 5 OR name IS NULL
id = 5 OR id = flag
id = 5 OR created < '1999-12-31'
id = 5 OR created::date = '1999-12-31'
id = 5 OR created = '1999-12-31'
id = 5 OR name LIKE 'snake_%'
id = 5 OR id NOT IN (1, 9007199254740993)
(id = 5 AND length(name) = 3) OR id = 8
(id = 5 OR name = 'apple ') AND status = 'new'
id = 5 OR random() < 0
id = 5 OR tz = 'UTC' AND id < 9
$$);
SELECT * FROM asked_there_with('in,gt,le,or,and', 'items', E'id = 5 OR born = ''1999-12-31''\nborn = ''1999-12-31''\nid = 5 OR born <= ''1970-01-01''');

--
-- NOT is sent only where PostgreSQL turns it into something else
--
SELECT * FROM asked_there('items', $$
NOT id = 5 AND id < 9
NOT id < 248
NOT (id < 248 OR id > 249)
NOT (id < 248 AND id > 100) AND id > 100
NOT id IN (1, 2) AND id < 9
NOT name LIKE '%e' AND id < 3
NOT (id = 5) IS TRUE AND id < 9
(id = 5) = false AND id < 9
(id < 9) IS NOT FALSE AND id < 11
NOT flag = 1 AND NOT status = 'won' AND id < 11
CASE WHEN id > 5 THEN false ELSE id < 3 END
coalesce(id < 3, false)
$$);

--
-- NULL, and values of which none can be sent
--
SELECT * FROM asked_there('items', $$
id <> ALL (ARRAY[1, NULL]::int[])
id NOT IN (1, NULL)
id <> ALL ('{}'::int[]) AND id < 3
id = ANY ('{}'::int[]) OR id = 5
id NOT IN (1, NULL) OR id = 5
id IN (NULL, NULL) OR name = 'Apple'
id = 5 OR name LIKE NULL
name NOT IN ('', ' ') AND id < 9
id < NULL
$$);

--
-- Values that are not known before the scan starts: EXPLAIN shows where they come from
--
SET plan_cache_mode = force_generic_plan;
PREPARE ranges(int, numeric) AS SELECT id FROM there.items WHERE id > $1 AND id <= $2;
PREPARE numbers(float8, numeric) AS SELECT id FROM there.items WHERE price < $1 AND amount <> $2 AND id < 9;
PREPARE texts(text, text) AS SELECT id FROM there.items WHERE name >= $1 AND name LIKE $2;
PREPARE days(date, timestamp) AS SELECT id FROM there.items WHERE born >= $1 AND created < $2;
PREPARE day(date) AS SELECT id FROM there.items WHERE created::date > $1 AND flag = 1 AND id < 9;
PREPARE lists(int[], text[]) AS SELECT id FROM there.items WHERE id <> ALL ($1) AND id < 9 AND name = ANY ($2);
PREPARE either(int, text, int[]) AS SELECT id FROM there.items WHERE id = $1 OR name = $2 OR id = ANY ($3);
PREPARE mixed(int, int, int, text, text) AS SELECT id FROM there.items
    WHERE id > $1 AND id > $2 AND id < $3 OR (name = $4 AND status = $5);
PREPARE twice(int[], int[], text, text) AS SELECT id FROM there.items
    WHERE id = ANY ($1) AND id = ANY ($2) AND name LIKE $3 AND name LIKE $4;
PREPARE stable(int) AS SELECT id FROM there.items WHERE id < $1 AND created < now() AND id > random() - 1;
-- For each statement: what EXPLAIN shows of the filter, the filters that are sent, and
-- what comes back
CREATE FUNCTION executed(statements text) RETURNS TABLE (statement text, explained text, sent text, ids text)
LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
BEGIN
    FOREACH statement IN ARRAY string_to_array(btrim(statements, E'\n'), E'\n') LOOP
        SELECT coalesce(max(substring(line FROM '^ *Remote Filter: (.*)')), '-') INTO explained
        FROM plan_of('EXECUTE ' || statement, 'COSTS OFF') AS line;
        place := log_end();
        EXECUTE 'CREATE TEMP TABLE result AS EXECUTE ' || statement;
        SELECT coalesce((array_agg(coalesce(r.body ->> 'filter', 'none') ORDER BY r.n))[1], 'no request')
        INTO sent FROM requests(place) AS r;
        SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '-') INTO ids FROM result;
        DROP TABLE result;
        RETURN NEXT;
    END LOOP;
END
$$;
SELECT $$
ranges(246, 248.5)
ranges(246, NULL)
ranges(248, 9007199254740993)
numbers(0.5, 0.01)
numbers('NaN', 'NaN')
texts('App', '%e')
texts('Ё', '%а')
texts('apple', NULL)
texts('apple', '_')
days('2024-02-29', '2024-02-29 23:59:59.5')
days('infinity', '2024-02-29')
day('2024-02-28')
day('0044-03-15 BC')
lists('{1,2}', '{Apple,apple,APPLE}')
lists('{1,NULL}', '{Apple}')
lists('{}', '{Apple,NULL}')
lists('{1,2}', '{}')
lists('{1}', '{"apple "}')
either(5, 'Apple', '{7}')
either(NULL, 'Apple', '{}')
either(NULL, NULL, NULL)
either(5, 'apple ', '{7}')
mixed(246, 248, 250, 'Apple', 'new')
mixed(246, 248, 250, NULL, 'new')
mixed(NULL, 248, 250, 'Apple', 'new')
twice('{1,2,3}', '{2,3,4}', '%e', 'a%')
twice('{1,2}', '{3,4}', '%e', 'a%')
twice('{1,2,3}', '{2,3,4}', 'a%', 'a%')
stable(3)
$$ AS executed \gset
SELECT * FROM executed(:'executed');
-- With values in the plan, the rows are the same
CREATE TABLE here.generic AS SELECT statement, sent, ids FROM executed(:'executed');
SET plan_cache_mode = force_custom_plan;
SELECT c.statement, c.explained, c.sent, c.ids = g.ids AS same_rows
FROM executed(:'executed') AS c JOIN here.generic AS g USING (statement)
WHERE c.sent <> g.sent OR c.ids <> g.ids ORDER BY c.statement COLLATE "C";
RESET plan_cache_mode;
DEALLOCATE ALL;

-- Of a place beside the value, EXPLAIN shows the step
SET plan_cache_mode = force_generic_plan;
ALTER FOREIGN TABLE there.items OPTIONS (ADD filter_operators 'in,not_in,gt,le');
CREATE FOREIGN TABLE there.zones (
    id int OPTIONS (column_name 'ID'), moment timestamptz OPTIONS (column_name 'CREATED', field_type 'datetime', filter_operators 'gt,le'))
    SERVER vouched OPTIONS (table_name 'items');
PREPARE steps(int, date, timestamp, date) AS SELECT id FROM there.items
    WHERE id < $1 AND id >= $1 AND born = $2 AND created = $3 AND created::date = $4 AND created::date > $4 AND flag <> $1 AND flag = $1;
PREPARE moments(timestamptz) AS SELECT id FROM there.zones WHERE moment = $1;
SELECT * FROM plan_of('EXECUTE steps(5, ''2000-02-29'', ''2000-02-29'', ''2000-02-29'')', 'COSTS OFF');
SELECT * FROM plan_of('EXECUTE moments(''2000-02-29'')', 'COSTS OFF');
RESET plan_cache_mode;
DEALLOCATE ALL;
ALTER FOREIGN TABLE there.items OPTIONS (DROP filter_operators);

-- What changes, or runs more than once, is not sent
CREATE FUNCTION immutable_five() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 5; END';
CREATE FUNCTION stable_five() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 5; END';
CREATE FUNCTION volatile_five() RETURNS int LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN 5; END';
-- (EXPLAIN's names of what a subquery gives differ between versions)
SELECT condition, sent, rows, verdict FROM asked_there('items', $$
id < immutable_five()
id < stable_five()
id < volatile_five()
id < (SELECT 3)
id < (SELECT stable_five())
id > (SELECT max(id) - 2 FROM here.items)
created < now()
born < current_date
created > localtimestamp
price < random() - 1
id < extract(year FROM current_date) AND id < 3
id = 5 OR created > now()
status = current_setting('server_version')
id < (SELECT count(*) FROM here.items AS i WHERE i.id < t.flag * 3)
$$);

--
-- JSON: numbers are numbers
--
CREATE SERVER vouched_json FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    url_data :'data', url_table_list :'list', url_table_description :'description', filter_operators :'all', request_format 'json');
CREATE USER MAPPING FOR CURRENT_USER SERVER vouched_json OPTIONS (login 'anna', password 's3cret word');
DROP FOREIGN TABLE there.items;
IMPORT FOREIGN SCHEMA connector LIMIT TO (items) FROM SERVER vouched_json INTO there;
SELECT * FROM asked_there('items', $$
id = 5
id > 248 AND id <> 250
qty <= -5000000000
price = 9.99
price > 1e20
price = 1e-7
price <= -2.5
price IN (0.1, 1e21)
amount = 1234.500 AND id < 9
amount NOT IN (0, 100.00) AND id < 5
name > 'true'
name = '007'
name LIKE '%24%'
name LIKE 'Item 24%'
born > '2024-02-29' AND created < '2020-01-16 09:05:00'
id = 5 OR name = 'Apple'
name LIKE '%e' AND name LIKE 'A%'
(id < 9 AND (status = 'won' OR flag = 1)) OR id = 250
$$);
SELECT condition, rows, verdict FROM asked_there('items', :'merged') WHERE verdict <> 'right';

DROP FUNCTION executed, immutable_five, stable_five, volatile_five;
DROP SCHEMA there CASCADE;
DROP SCHEMA here CASCADE;
DROP SERVER vouched CASCADE;
DROP SERVER vouched_json CASCADE;
\pset format aligned
