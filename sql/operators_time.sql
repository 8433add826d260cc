--
-- The table of rules, continued: fields of type date and datetime.  Both are sent so
-- that no row is lost where the connector has more than it shows: times of day,
-- fractions of a second.
--
\pset format unaligned

-- A server that is vouched for in everything, its tables, and copies of them
SELECT url || '/data' AS data FROM connector \gset
\set all 'eq,in,ne,not_in,lt,le,gt,ge,substring,like,and,or'
CREATE SERVER vouched FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data', filter_operators :'all');
CREATE USER MAPPING FOR CURRENT_USER SERVER vouched OPTIONS (login 'anna', password 's3cret word');
CREATE SCHEMA there;
CREATE SCHEMA here;
CREATE FOREIGN TABLE there.items (
    id int OPTIONS (column_name 'ID'), born date OPTIONS (column_name 'BORN', field_type 'date'),
    created timestamp OPTIONS (column_name 'CREATED', field_type 'datetime'))
    SERVER vouched OPTIONS (table_name 'items');
CREATE TABLE here.items AS SELECT * FROM there.items;

--
-- Fields of type date
--
SELECT $$
born = '2000-02-29'
'2000-02-29' = born
born IN ('2000-02-29', '2024-02-29', NULL)
born <> '2024-02-29' AND id < 6
born NOT IN ('2024-02-29', '1999-12-31') AND id < 6
born < '1970-01-01'
born <= '1970-01-01'
born > '2024-02-29'
born >= '2024-02-29'
'2024-02-29' <= born
born BETWEEN '1999-12-31' AND '2000-02-29'
born BETWEEN '2024-02-29' AND '2024-02-29'
born = '2000-02-29'::timestamp
born = '2000-02-29 12:00'::timestamp
born <> '2000-02-29 12:00'::timestamp AND id < 3
born < '2000-02-29'::timestamp
born < '2000-02-29 12:00'::timestamp
born <= '2000-02-29 12:00'::timestamp
born > '2024-02-29'::timestamp
born > '2024-02-28 12:00'::timestamp
born >= '2024-02-28 12:00'::timestamp
born >= '2024-02-29'::timestamp
'2024-02-28 12:00'::timestamp < born
born IN ('2000-02-29'::timestamp, '2024-02-29 12:00'::timestamp)
born < '2000-02-28'::date + 1
born < '2024-02-28'::date + interval '1 day' AND born > '1999-12-31'
$$ AS dates \gset
SELECT * FROM asked_there('items', :'dates');
SELECT * FROM asked_there_with('gt,le', 'items', :'dates');
SELECT * FROM asked_there_with('lt,ge', 'items', E'born = ''2000-02-29''\nborn < ''1970-01-01''\nborn >= ''2024-02-29''');
SELECT * FROM asked_there_with('in', 'items', E'born = ''2000-02-29''\nborn <> ''2000-02-29''');
SELECT * FROM asked_there_with('not_in', 'items', E'born <> ''2000-02-29''\nborn NOT IN (''2000-02-29'', ''1999-12-31'')');
SELECT * FROM asked_there_with('ne', 'items', E'born <> ''2000-02-29''\nborn NOT IN (''2000-02-29'', ''1999-12-31'')');
-- A connector that compares days with a midnight as text: > and <= lose nothing
ALTER FOREIGN TABLE there.items OPTIONS (SET table_name 'items+date_boundary');
SELECT condition, sent, verdict FROM asked_there_with('gt,le', 'items', :'dates')
WHERE verdict <> 'right' OR sent IN ('none', 'no request');
ALTER FOREIGN TABLE there.items OPTIONS (SET table_name 'items');

-- Only years of four digits
SELECT * FROM asked_there('items', $$
born > '0001-01-01' AND id < 3
born >= '0001-01-01' AND id < 3
born >= '0001-01-02' AND id < 3
born < '9999-12-31' AND id < 3
born <= '9999-12-31' AND id < 3
born < '10000-01-01' AND id < 3
born <= '10000-01-01' AND id < 3
born > '0001-12-31 BC' AND id < 3
born > '4713-01-01 BC' AND id < 3
born < '5874897-12-31' AND id < 3
born < 'infinity' AND id < 3
born > '-infinity' AND id < 3
born < 'infinity'::timestamp AND id < 3
born <> 'infinity' AND id < 3
born NOT IN ('2000-02-29', 'infinity') AND id < 3
born IN ('2000-02-29', 'infinity')
$$);
-- The zone of the session matters, or the column is not shown as it is
SELECT * FROM asked_there('items', $$
born < '1970-01-01'::timestamptz
born < now() AND id < 3
born < current_date AND id < 3
born + 1 < '1970-01-01'
born::text < '1970'
extract(year FROM born) = 1970
date_trunc('year', born) = '1970-01-01'
born::timestamp < '1970-01-01'
born IS NULL AND id < 6
$$);

--
-- Fields of type datetime: a second on either side, as there may be fractions that are
-- not shown
--
SELECT $$
created = '2024-02-29 23:59:59'
created = '1999-12-31'
created = '1999-12-31'::date
created IN ('2024-02-29 23:59:59', '1999-12-31', NULL)
created <> '2024-02-29 23:59:59' AND id < 5
created NOT IN ('2024-02-29 23:59:59', '1999-12-31') AND id < 5
created < '2020-01-16 09:05:00'
created <= '2020-01-16 09:05:00'
created > '2024-02-29 23:59:59'
created >= '2024-02-29 23:59:59'
'2024-02-29 23:59:59' <= created
created < '2020-01-16 09:05:00.25'
created <= '2020-01-16 09:05:00.25'
created > '2024-02-29 23:59:58.75'
created >= '2024-02-29 23:59:58.75'
created BETWEEN '2024-02-29 23:59:59' AND '2024-02-29 23:59:59'
created < '2000-01-01'::date
created <= '1999-12-31'::date
created > '2024-02-29'::date
created >= '2024-03-01'::date
'2024-03-01'::date > created AND created > '2022-01-01'::date
created::date = '2024-02-29'
'2024-02-29' = created::date
created::date < '2000-01-01'
created::date <= '1999-12-31'
created::date > '2024-02-28'
created::date >= '2024-02-29'
created::date BETWEEN '2024-02-29' AND '2024-02-29'
created < '2000-01-01'::timestamp + interval '1 day'
$$ AS datetimes \gset
SELECT * FROM asked_there('items', :'datetimes');
SELECT * FROM asked_there_with('gt,le', 'items', :'datetimes');
SELECT * FROM asked_there_with('lt,ge', 'items', E'created = ''1999-12-31''\ncreated < ''1999-12-31''\ncreated >= ''2024-03-01''\ncreated::date = ''1999-12-31''');
SELECT * FROM asked_there_with('in', 'items', E'created = ''1999-12-31''\ncreated::date = ''1999-12-31''\ncreated <> ''1999-12-31''');
SELECT * FROM asked_there_with('not_in', 'items', E'created <> ''1999-12-31''\ncreated::date <> ''1999-12-31''');
-- Where there are such fractions indeed, > and <= lose nothing
ALTER FOREIGN TABLE there.items OPTIONS (SET table_name 'items+fractions_hidden');
SELECT condition, sent, verdict FROM asked_there_with('gt,le', 'items', :'datetimes')
WHERE verdict <> 'right' OR sent IN ('none', 'no request');
ALTER FOREIGN TABLE there.items OPTIONS (SET table_name 'items');

-- With a fraction, equality is not sent; nor is what cannot be said so, or not in four digits
SELECT * FROM asked_there('items', $$
created = '2024-02-29 23:59:59.5'
created IN ('2024-02-29 23:59:59', '2024-02-29 23:59:59.5')
created <> '2024-02-29 23:59:59.5' AND id < 3
created NOT IN ('2024-02-29 23:59:59', '2024-02-29 23:59:59.5') AND id < 3
created::date <> '2024-02-29' AND id < 3
created::date IN ('2024-02-29', '1999-12-31')
created::date = '2024-02-29'::timestamp
created >= '0001-01-01' AND id < 5
created >= '0001-01-01 00:00:01' AND id < 5
created < '9999-12-31 23:59:59' AND id < 5
created <= '9999-12-31 23:59:59' AND id < 5
created::date < '9999-12-31' AND id < 5
created::date <= '9999-12-31' AND id < 5
created > '0044-03-15 BC' AND id < 5
created < '294276-12-31 23:59:59' AND id < 5
created > '4713-01-01 BC' AND id < 5
created < 'infinity' AND id < 5
created > '-infinity' AND id < 5
created < 'infinity'::date AND id < 5
created < '2000-01-01'::timestamptz AND id < 5
created < now() AND id < 5
created::timestamptz < '2000-01-01' AND id < 5
created::time < '01:00' AND id < 5
created::text < '2000' AND id < 5
date_trunc('day', created) = '1999-12-31' AND id < 5
date(created) = '1999-12-31' AND id < 5
extract(year FROM created) = 1999 AND id < 5
created - interval '1 day' < '2000-01-01' AND id < 5
created IS NOT NULL AND id < 5
$$);
-- The column must be of the field's type, without a precision
CREATE FOREIGN TABLE there.typed (
    id int OPTIONS (column_name 'ID'), day_of date OPTIONS (column_name 'CREATED', field_type 'datetime'),
    midnight timestamp OPTIONS (column_name 'BORN', field_type 'date'), born text OPTIONS (column_name 'BORN', field_type 'date'),
    rough timestamp(0) OPTIONS (column_name 'CREATED', field_type 'datetime'), unknown timestamp OPTIONS (column_name 'CREATED'))
    SERVER vouched OPTIONS (table_name 'items');
CREATE TABLE here.typed AS SELECT * FROM there.typed;
SELECT * FROM asked_there('typed', $$
day_of < '2000-01-01'
midnight < '1970-01-01'
born < '1970-01-01'
rough < '2000-01-01'
unknown < '2000-01-01'
$$);

-- A field of type date may have moments; in which zone their day counts is nothing a filter says
CREATE FOREIGN TABLE there.days (
    id int OPTIONS (column_name 'ID'),
    day_there date OPTIONS (column_name 'CREATED', field_type 'date', time_zone 'America/New_York', filter_operators :'all'))
    SERVER vouched OPTIONS (table_name 'items+datetime_z');
CREATE TABLE here.days AS SELECT * FROM there.days;
SELECT * FROM asked_there('days', $$
day_there <= '2024-03-30' AND id < 9
day_there = '2024-03-30'
$$);

--
-- Where the zone is not sure: only for columns that are vouched for themselves, only
-- ranges, and two days on either side
--
SET timezone = 'Europe/Riga';
CREATE FOREIGN TABLE there.zones (
    id int OPTIONS (column_name 'ID'), moment timestamptz OPTIONS (column_name 'CREATED', field_type 'datetime'),
    sure timestamptz OPTIONS (column_name 'CREATED', field_type 'datetime', time_zone 'Asia/Tokyo'),
    clock timestamp OPTIONS (column_name 'CREATED', field_type 'datetime', time_zone 'America/New_York'))
    SERVER vouched OPTIONS (table_name 'items+datetime_z');
CREATE TABLE here.zones AS SELECT * FROM there.zones;
SELECT $$
moment = '2024-02-29 23:59:59+00'
moment < '2000-01-01'
moment <= '1999-12-31 00:00:00+00'
moment > '2024-02-29 23:59:59Z'
moment >= '2024-02-29 23:59:59Z'
'2024-02-29 23:59:59Z' <= moment
moment BETWEEN '2024-02-29 23:59:59Z' AND '2024-02-29 23:59:59Z'
moment < '2000-01-01 12:00 Asia/Tokyo'
sure <= '1999-12-31 00:00:00Z'
sure > '2024-02-29 23:59:59Z'
clock = '2024-02-29 18:59:59'
clock <= '1999-12-30 19:00'
clock >= '2024-02-29 18:59:59'
$$ AS zones \gset
SELECT * FROM asked_there('zones', :'zones');
SELECT * FROM asked_there_with(:'all', 'zones', E'moment < ''2000-01-01''\nclock <= ''1999-12-30 19:00''');
ALTER FOREIGN TABLE there.zones ALTER COLUMN moment OPTIONS (ADD filter_operators :'all');
ALTER FOREIGN TABLE there.zones ALTER COLUMN sure OPTIONS (ADD filter_operators 'gt,le');
ALTER FOREIGN TABLE there.zones ALTER COLUMN clock OPTIONS (ADD filter_operators :'all');
SELECT * FROM asked_there('zones', :'zones');
SELECT * FROM asked_there('zones', $$
moment IN ('2024-02-29 23:59:59+00', '1999-12-31 00:00:00+00')
moment <> '2024-02-29 23:59:59+00' AND id < 5
moment NOT IN ('2024-02-29 23:59:59+00') AND id < 5
moment < '2000-01-01'::timestamp AND id < 5
moment < '2000-01-01'::date AND id < 5
moment::date = '2024-02-29' AND id < 5
moment > now() - interval '100 years' AND id < 5
moment < '9999-12-30 00:00Z' AND id < 5
moment < '9999-12-29 00:00Z' AND id < 5
moment > '0001-01-02 00:00Z' AND id < 5
moment < 'infinity' AND id < 5
clock < '2000-01-01'::date AND id < 5
clock::date = '2024-02-29' AND id < 5
clock <> '2024-02-29 18:59:59' AND id < 5
moment = clock AND id < 5
$$);
-- The connector may compare in any zone that there is
ALTER FOREIGN TABLE there.zones OPTIONS (SET table_name 'items+datetime_z,filter_zone:14');
SELECT condition, sent, verdict FROM asked_there('zones', :'zones') WHERE verdict <> 'right' OR sent = 'none';
ALTER FOREIGN TABLE there.zones OPTIONS (SET table_name 'items+datetime_z,filter_zone:-12');
SELECT condition, sent, verdict FROM asked_there('zones', :'zones') WHERE verdict <> 'right' OR sent = 'none';
RESET timezone;

DROP SCHEMA there CASCADE;
DROP SCHEMA here CASCADE;
DROP SERVER vouched CASCADE;
\pset format aligned
