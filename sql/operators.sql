--
-- The table of rules: what is sent for which comparison on which kind of field, what
-- is not, and that the rows are right in any case.  EXPLAIN shows the former
-- before, the connector's log afterwards.
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
IMPORT FOREIGN SCHEMA connector LIMIT TO (items, bigids) FROM SERVER vouched INTO there;
CREATE SCHEMA here;
CREATE TABLE here.items AS SELECT * FROM there.items;
CREATE TABLE here.bigids AS SELECT * FROM there.bigids;

-- It would tell
CREATE FOREIGN TABLE there.liar (id int OPTIONS (column_name 'ID')) SERVER vouched OPTIONS (table_name 'items+ge_as_gt');
CREATE TABLE here.liar AS SELECT * FROM there.liar;
SELECT * FROM asked_there('liar', 'id >= 249');

--
-- Fields of type int
--
SELECT * FROM asked_there('items', $$
id = 5
5 = id
id IN (5, 7, 5)
id = ANY ('{5,7,NULL}')
id <> 248 AND id > 246
248 <> id AND id > 246
id NOT IN (247, 248) AND id > 246
id <> ALL ('{247,247}') AND id > 246
id < 3
3 > id
id <= 3
3 >= id
id > 248
248 < id
id >= 248
248 <= id
id BETWEEN 3 AND 5
id BETWEEN SYMMETRIC 5 AND 3
qty BETWEEN -5000000000 AND -3
$$);
-- Each of them by what else it can be said
SELECT * FROM asked_there_with('in', 'items', E'id = 5\n5 = id\nid IN (5, 7)\nid <> 5');
SELECT * FROM asked_there_with('eq', 'items', E'id = 5\nid IN (5, 7)\nid = ANY (''{5}'')');
SELECT * FROM asked_there_with('not_in', 'items', E'id <> 5\nid NOT IN (5, 7)\nid = 5');
SELECT * FROM asked_there_with('ne', 'items', E'id <> 5\nid NOT IN (5, 7)\nid <> ALL (''{5}'')');
SELECT * FROM asked_there_with('lt', 'items', E'id < 3\nid <= 3\nid > 248\nid <= 2.5\nid < 2.5\n3 >= id');
SELECT * FROM asked_there_with('le', 'items', E'id < 3\nid <= 3\nid >= 248\nid <= 2.5\nid < 2.5\n3 > id');
SELECT * FROM asked_there_with('gt', 'items', E'id > 248\nid >= 248\nid < 3\nid >= 247.5\nid > 247.5\n248 <= id');
SELECT * FROM asked_there_with('ge', 'items', E'id > 248\nid >= 248\nid <= 3\nid >= 247.5\nid > 247.5\n248 < id');
-- Two bounds do not stand for an equality: eq and in are never missing where they work
SELECT * FROM asked_there_with('le,ge', 'items', E'id = 5\nid BETWEEN 5 AND 5');
SELECT * FROM asked_there_with('none', 'items', E'id = 5\nid < 3\nid IN (1, 2)');

-- Columns and constants of other types; bounds between two integers
CREATE FOREIGN TABLE there.ints (
    i2 smallint OPTIONS (column_name 'ID'), i4 int OPTIONS (column_name 'ID'), i8 bigint OPTIONS (column_name 'ID'),
    flag smallint OPTIONS (column_name 'FLAG'))
    SERVER vouched OPTIONS (table_name 'items');
CREATE TABLE here.ints AS SELECT * FROM there.ints;
SELECT * FROM asked_there('ints', $$
i2 = 5::bigint
i4 = 5::bigint
i4 < 3::bigint
i4 < 3000000000
i8 <= 3::smallint
i2 < 40000 AND i2 > 248
i2 < 2.5
i4 <= 2.5
i8 > 248.5
i8 >= 248.5
i8 > -0.5 AND i8 < 1.5
2.5 > i4
i4 < 3.0
i4 >= 248.000
i4 < 2.5::float8
i4 BETWEEN 2.5 AND 3.5
i4 = 5.0
i4 = 5.5
i4 <> 5.5 AND i4 < 3
i4 IN (5.0, 5.5)
i4 NOT IN (1.0, 1.5) AND i4 < 3
i2::int < 3
i2::bigint < 3
i2::numeric < 3
i4::float8 < 3
i4::bigint::numeric < 2.5
i8::numeric < 2.5
$$);
-- What may be rounded, is another number, or another operator
SELECT * FROM asked_there('ints', $$
i8::float8 < 3
i8 < 2.5::float8
i4 < 3::float4
i4::float4 < 3
i8::int < 3
i4 + 0 < 3
-i4 > -3
abs(i4) < 3
i4 < i8
i4 < flag + 1
i4 < 'NaN'::float8 AND i4 < 3
i4 > '-Infinity'::float8 AND i4 < 3
i4 < 'NaN'::numeric AND i4 < 3
i4 < 1e300 AND i4 < 3
i4 IN (1, 1e300)
i4 IN (1, 'NaN'::float8)
i4 NOT IN (1, 'NaN'::float8) AND i4 < 3
i4::text < '2'
i4::oid < 3::oid
i4 IS NULL
i4 IS NOT NULL AND i4 < 3
i4 IS DISTINCT FROM 5 AND i4 < 3
(i4 < 3) IS NOT TRUE AND i4 < 5
i4 = ALL ('{5}')
i4 < ANY ('{2,3}')
i4 > ALL ('{247,248}')
$$);
-- Up to 2^53 - 1, with the steps to it; in lists of unwanted values the rest is left out
SELECT * FROM asked_there('bigids', $$
id < 9007199254740991
id <= 9007199254740991
id > 9007199254740991
id >= 9007199254740991
id >= -9007199254740991
id < -9007199254740991
id <= 9007199254740992
id > 9007199254740993
id < -9007199254740992
id < 9223372036854775807
id <= 9007199254740991.5
id <> 9007199254740991
id <> 9007199254740993
id NOT IN (1, 9007199254740991)
id NOT IN (1, 9007199254740993)
id NOT IN (9007199254740992, 9007199254740993)
id IN (1, 9007199254740993)
$$);
SELECT * FROM asked_there_with('lt,gt', 'bigids', E'id <= 9007199254740990\nid <= 9007199254740991\nid >= -9007199254740990\nid >= -9007199254740991');
SELECT * FROM asked_there_with('le,ge', 'bigids', E'id > 9007199254740990\nid > 9007199254740991\nid < -9007199254740990\nid < -9007199254740991');

--
-- Fields of type double, and money
--
SELECT * FROM asked_there('items', $$
price = 9.99
price = 0.1
9.99 = price
price IN (9.99, 0.1, 0.1, NULL)
price <> 9.99 AND id < 5
price NOT IN (9.99, 0.1) AND id < 6
price < 0
price <= -2.5
price > 1e20
price >= 1e21
price = 1e21
price = 1e-7
price > 0 AND price <= 1e-7
price = 1234567.891
price = 0
price = '-0'
price = 3
price >= 3 AND price <= 3
price BETWEEN 0.1 AND 3
price = 0.1::numeric
price = 3::smallint
price < 1::bigint AND price > -1
amount = 1234.5
amount = 1234.500
amount = 100.00 AND id < 5
amount = 100 AND id < 5
amount = 1e2 AND id < 5
amount IN (1234.50, 0.010) AND id < 5
amount <> -99.990 AND id < 7
amount NOT IN (0, 100, 1000000) AND id < 9
amount < 0.01 AND id < 9
amount <= 0.01 AND id < 9
amount > 1234.5 AND id < 9
amount >= 1234.5 AND id < 9
amount = -0.0 AND id < 9
amount BETWEEN -99.99 AND -99.99 AND id < 9
$$);
-- Equality can be said by two bounds; other things cannot
SELECT * FROM asked_there_with('le,ge', 'items', E'price = 9.99\nprice IN (9.99, 0.1)\nprice < 0\nprice <= -2.5\nprice > 1e20\nprice >= 1e21\namount = 1234.5\nprice = ''NaN''');
SELECT * FROM asked_there_with('le', 'items', E'price = 9.99\nprice <= -2.5');
SELECT * FROM asked_there_with('lt,gt', 'items', E'price = 9.99\nprice < 0\nprice <= -2.5\nprice > 1e20\nprice >= 1e21');
SELECT * FROM asked_there_with('in', 'items', E'price = 9.99\nprice IN (9.99, 0.1)');
SELECT * FROM asked_there_with('not_in', 'items', E'price <> 9.99 AND length(name) = 6\namount <> 100 AND length(name) = 6');
-- No numbers, other numbers, and those with too many characters
SELECT * FROM asked_there('items', $$
price = 'NaN'
price < 'NaN' AND id < 3
price > 'Infinity'
price < 'Infinity' AND id < 3
price > '-Infinity' AND id < 3
price IN (9.99, 'NaN')
price NOT IN (9.99, 'NaN') AND id < 3
amount < 'NaN' AND id < 3
amount < 1e41 AND id < 3
amount <> 1e41 AND id < 3
price::numeric < 0
price * 2 < 0
price < 1.5::float4 AND id < 5
amount::float8 < 0 AND id < 9
amount::int < 0 AND id < 9
amount = price::numeric
$$);
-- To a connector that has doubles, decimal numbers of many digits are the same as others
SELECT * FROM asked_there('items', $$
amount <> 1234.500000000000000001 AND id < 3
amount < 1234.500000000000000001 AND id < 3
amount > 1234.499999999999999999 AND id < 3
amount NOT IN (1234.500000000000000001, 7) AND id < 3
amount <> 123456789.123456 AND id < 3
amount <> 123456789.1234567 AND id < 3
amount <> 1234567891234560 AND id < 3
amount <> 1234567891234567 AND id < 3
amount <> 0.00000123456789123456 AND id < 3
$$);
-- The column's type may not change the numbers
CREATE FOREIGN TABLE there.numbers (
    price numeric OPTIONS (column_name 'PRICE', field_type 'double'), amount float8 OPTIONS (column_name 'AMOUNT', field_type 'money'),
    rounded numeric(30, 1) OPTIONS (column_name 'PRICE', field_type 'double'), single float4 OPTIONS (column_name 'PRICE', field_type 'double'),
    as_int int OPTIONS (column_name 'FLAG', field_type 'double'), as_text text OPTIONS (column_name 'PRICE', field_type 'double'),
    unknown float8 OPTIONS (column_name 'PRICE'))
    SERVER vouched OPTIONS (table_name 'items');
CREATE TABLE here.numbers AS SELECT * FROM there.numbers;
SELECT * FROM asked_there('numbers', $$
price = 1e21
price = 0.0000001
price < 0
amount = 1234.5
amount < 0
rounded < 0
single < 0
as_int < 1
as_text < '1'
unknown < 0
$$);

--
-- Fields of type string
--
SELECT * FROM asked_there('items', $$
name = 'Apple'
name IN ('Apple', 'apple', 'Apple')
name <> 'Apple' AND id < 4
name NOT IN ('Apple', 'apple') AND id < 4
'Apple' <> name AND id < 4
name = 'Привет'
name <> 'Привет' AND id IN (8, 9)
name <> 'apple ' AND id < 5
name NOT IN ('Apple', 'apple ') AND id < 5
name NOT IN ('apple ', '') AND id < 7
name IN ('Apple', 'apple ')
name <> '' AND id IN (5, 6)
$$);
SELECT * FROM asked_there_with('not_in', 'items', E'name <> ''Apple'' AND length(name) = 5\nname NOT IN (''Apple'') AND length(name) = 5');
SELECT * FROM asked_there_with('ne', 'items', E'name <> ''Apple'' AND length(name) = 5\nname NOT IN (''APPLE'', ''Apple'') AND length(name) = 5');
-- Ranges are sent in the order of bytes, with bounds whose order is the same to all
CREATE FOREIGN TABLE there.texts (
    id int OPTIONS (column_name 'ID'), bytes text OPTIONS (column_name 'NAME') COLLATE "C",
    words text OPTIONS (column_name 'NAME') COLLATE "und-x-icu", vc varchar OPTIONS (column_name 'NAME') COLLATE "C",
    short varchar(20) OPTIONS (column_name 'STATUS') COLLATE "C", padded char(5) OPTIONS (column_name 'STATUS') COLLATE "C")
    SERVER vouched OPTIONS (table_name 'items');
CREATE TABLE here.texts AS SELECT * FROM there.texts;
SELECT * FROM asked_there('texts', $$
bytes < 'Apple'
bytes <= 'Apple'
bytes > 'straße'
bytes > 'true'
bytes >= 'true'
'true' <= bytes
bytes BETWEEN 'APPLE' AND 'Apple'
bytes >= 'a' AND bytes < 'b'
bytes > 'x' COLLATE "POSIX"
words < 'apple' COLLATE "C"
vc < 'Apple'
vc <= 'Apple'::varchar
vc >= 'true' AND vc <> 'true'
vc = 'Apple'::varchar
vc IN ('Apple', 'apple')
vc LIKE 'App%'
words = 'Apple'
words <> 'Apple' AND id < 3
words LIKE 'App%'
$$);
SELECT * FROM asked_there('texts', $$
words < 'apple' AND id < 9
words >= 'Item 9' AND id > 240
bytes < 'apple' COLLATE "und-x-icu" AND id < 9
bytes > 'ё'
bytes < 'é' AND id > 249
bytes >= '日本語'
bytes > 'apple ' AND id < 9
bytes > '' AND id < 4
bytes < E'a\tb' AND id < 4
bytes < 'a_b' AND id < 4
short < 'new' AND id < 6
short = 'won' AND id < 6
short LIKE 'w%' AND id < 6
padded < 'new' AND id < 6
padded = 'won' AND id < 6
lower(bytes) < 'b' AND id < 4
bytes || '' < 'B' AND id < 4
bytes ~<~ 'Apple'
bytes > id::text AND id < 3
$$);
-- A range by the other bound alone is wider than that: it is not tried
SELECT * FROM asked_there_with('le,ge', 'texts', E'bytes < ''Apple''\nbytes > ''true''\nbytes <= ''Apple''\nbytes >= ''true''');
SELECT * FROM asked_there_with('lt,gt', 'texts', E'bytes < ''Apple''\nbytes > ''true''\nbytes <= ''Apple''\nbytes >= ''true''');

-- Patterns: all wildcards, and all that might be read as one, become %
SELECT * FROM asked_there('items', $$
name LIKE 'Item 24%'
name LIKE '%24%'
name LIKE '%ppl%' AND id < 9
name LIKE '%e'
name LIKE 'A%e'
name LIKE '%a%b%'
name LIKE 'Apple'
name LIKE 'Item 2_0'
name LIKE '_tem 24_'
name LIKE '__pl_'
name LIKE '%%Item%%24%%'
name LIKE 'snake\_%'
name LIKE 'snake_case'
name LIKE 'snake\_case'
name LIKE '100\%'
name LIKE '\It\em 24%'
name LIKE 'back\\slash'
name LIKE 'a&b<c>%'
name LIKE '%''%'
name LIKE '%"quo%'
name LIKE E'tab\there'
name LIKE '% apple'
name LIKE ' apple%'
name LIKE 'apple '
name LIKE '%apple % '
name LIKE '% s%'
name LIKE '%, %'
name LIKE 'При%'
name LIKE '%рив%'
name LIKE '%é%'
name LIKE '%語'
$$);
SELECT * FROM asked_there_with('substring', 'items', $$
name LIKE 'Item 24%'
name LIKE '%24%'
name LIKE 'A%e'
name LIKE '%em%24%'
name LIKE 'Apple'
name LIKE 'Item 2_0'
name LIKE 'snake\_case'
name LIKE '100\%'
name LIKE '%a&b<c>%'
name LIKE '%it''s%'
name LIKE '% app%'
name LIKE '%ma, s%'
name LIKE '%ma, %'
name LIKE '%рив%'
name LIKE '_語'
$$);
SELECT * FROM asked_there_with('like', 'items', E'name LIKE ''%24%''\nname LIKE ''Item 24%''');
SELECT * FROM asked_there_with('eq,in', 'items', E'name LIKE ''%24%''\nname LIKE ''Apple''');
SELECT * FROM asked_there('items', $$
name LIKE '%' AND id < 9
name LIKE '%%' AND id < 9
name LIKE '_' AND id < 40
name LIKE '' AND id < 9
name LIKE '\%' AND id < 40
name LIKE '%"%' AND id < 40
name LIKE '%''%' AND id < 40
name LIKE NULL
name NOT LIKE 'Item%' AND id < 4
name NOT LIKE '%24%' AND id > 238
name ILIKE 'apple' AND id < 9
name ~ 'pple' AND id < 9
name ~~* 'apple%' AND id < 9
name SIMILAR TO 'App%' AND id < 9
name LIKE 'A#%' ESCAPE '#' AND id < 9
name LIKE 'Ap#p%' ESCAPE '#' AND id < 9
name LIKE ANY ('{App%,app%}') AND id < 9
name LIKE name AND id < 3
'Apple' LIKE name AND id < 3
starts_with(name, 'App') AND id < 9
name = repeat('x', 256) AND id < 40
name LIKE repeat('x', 255) || '%'
tz = 'UTC' AND id < 9
tz LIKE 'Eu%' AND id < 9
tz > 'U' AND id < 9
$$);

DROP SCHEMA there CASCADE;
DROP SCHEMA here CASCADE;
DROP SERVER vouched CASCADE;
\pset format aligned
