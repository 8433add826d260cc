--
-- Types: every form in which connectors write values, read into every type.
--
-- The test database's table "forms" has the forms.  The form called "text 5"
-- stands in the answer as the string "5", "number 5" as a number.
--
SET datestyle = ISO;
SET timezone = 'America/New_York';
SET client_min_messages = warning;
CREATE SCHEMA types;
SET search_path = types, public;
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN present AS text NOT NULL;
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE form AS SELECT row_number() OVER () AS place, kind, code, value FROM shop.forms;
-- Show the forms in a column of this type
CREATE PROCEDURE read_as(type text, options text DEFAULT '')
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP FOREIGN TABLE IF EXISTS types.shown;
                    CREATE FOREIGN TABLE types.shown (
                        code text OPTIONS (column_name ''CODE''),
                        value %s OPTIONS (column_name ''VALUE''%s)
                    ) SERVER shop OPTIONS (table_name ''forms'')',
                   type, CASE WHEN options <> '' THEN ', ' || options ELSE '' END);
END
$$;
-- What a query for one value gives: the value, NULL, or the error's SQLSTATE
-- or all its words
CREATE FUNCTION outcome(query text, words boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    value text;
    detail text;
    hint text;
BEGIN
    EXECUTE query INTO STRICT value;
    RETURN coalesce(value, 'NULL');
EXCEPTION WHEN data_exception OR datatype_mismatch OR integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    IF words THEN
        RETURN concat_ws(E'\n  ', SQLSTATE || ': ' || SQLERRM,
                         'DETAIL: ' || nullif(detail, ''), 'HINT: ' || nullif(hint, ''));
    END IF;
    RETURN '!' || SQLSTATE;
END
$$;
-- The same of a form, and of PostgreSQL's own cast of its text
CREATE FUNCTION value_of(code text) RETURNS text
LANGUAGE sql AS $$ SELECT outcome(format('SELECT value FROM types.shown WHERE code = %L', code)) $$;
CREATE FUNCTION words_of(code text) RETURNS text
LANGUAGE sql AS $$
    SELECT outcome(format('SELECT value FROM types.shown WHERE code = %L', code), true)
$$;
CREATE FUNCTION cast_of(code text, type text) RETURNS text
LANGUAGE sql AS $$
    SELECT outcome(format('SELECT value::%s FROM types.form WHERE code = %L', type, code))
$$;
-- Forms of one kind in several types, kept to be looked at from several sides
CREATE TABLE result (place bigint, kind text, code text, type text, value text);
CREATE PROCEDURE try(kinds text, types text[], options text DEFAULT '', label text DEFAULT '')
LANGUAGE plpgsql AS $$
DECLARE
    type text;
BEGIN
    FOREACH type IN ARRAY types LOOP
        CALL read_as(type, options);
        INSERT INTO result
        SELECT place, kind, code, type || label, value_of(code)
        FROM form WHERE kind = ANY (string_to_array(kinds, ' ')) ORDER BY place;
    END LOOP;
END
$$;
-- In what follows, "!" and an SQLSTATE is an error; NULL is written as such
\pset footer off

--
-- Numbers.  Nothing is rounded into an integer, nothing is guessed.
--
CALL try('number', '{bigint,int,smallint,numeric,"numeric(10,2)",float8,real}');
SELECT code, max(value) FILTER (WHERE type = 'bigint') AS bigint,
    max(value) FILTER (WHERE type = 'int') AS int,
    max(value) FILTER (WHERE type = 'smallint') AS smallint,
    left(max(value) FILTER (WHERE type = 'numeric'), 39) AS numeric,
    max(value) FILTER (WHERE type = 'numeric(10,2)') AS "numeric(10,2)"
FROM result WHERE kind = 'number' AND code <> 'text Infinity' GROUP BY place, code ORDER BY place;
SELECT code, max(value) FILTER (WHERE type = 'float8') AS float8,
    max(value) FILTER (WHERE type = 'real') AS real
FROM result WHERE kind = 'number' GROUP BY place, code ORDER BY place;
-- PostgreSQL's own cast of the text gives the same value, except that it does
-- not know 5.0 as an integer.  (Newer versions know 0x10; numeric knows
-- Infinity in newer versions only.)
SELECT type, code, value, cast_of(code, type) FROM result
WHERE kind = 'number' AND code NOT IN ('text 0x10', 'text Infinity')
    AND value <> cast_of(code, type) AND (value !~ '!' OR cast_of(code, type) !~ '!')
ORDER BY type COLLATE "C", place;
\pset format unaligned
\pset tuples_only on
CALL read_as('bigint');
SELECT words_of('text 1.5');
SELECT words_of('text 9223372036854775808');
SELECT words_of('text abc');
SELECT words_of('empty');
SELECT words_of('JSON object');
CALL read_as('smallint');
SELECT words_of('number 32768');
CALL read_as('numeric(10,2)');
SELECT words_of('number 1e+21');
SELECT words_of('text 5 5');
CALL read_as('real');
SELECT words_of('number 1e+300');
\pset format aligned
\pset tuples_only off

--
-- Amounts of money: a currency may stand with the number if the field's type
-- is money.  What has two readings has none.
--
CALL try('money', '{numeric}');
CALL try('money', '{bigint,float8,"numeric(10,1)"}', $$field_type 'money'$$, ' (money)');
CALL try('money number', '{numeric}', $$field_type 'money'$$, ' (money)');
SELECT code, max(value) FILTER (WHERE type = 'numeric') AS numeric,
    max(value) FILTER (WHERE type = 'numeric (money)') AS "numeric (money)",
    max(value) FILTER (WHERE type = 'bigint (money)') AS "bigint (money)",
    max(value) FILTER (WHERE type = 'float8 (money)') AS "float8 (money)",
    max(value) FILTER (WHERE type = 'numeric(10,1) (money)') AS "numeric(10,1) (money)"
FROM result WHERE kind = 'money' GROUP BY place, code ORDER BY place;
-- other forms of numbers are what they are without a currency, except for these
SELECT a.code, a.type, a.value AS money, b.value AS number
FROM result AS a JOIN result AS b ON a.code = b.code AND a.type = b.type || ' (money)'
WHERE a.kind = 'number' AND a.value <> b.value AND a.code <> 'text 1e'
ORDER BY a.type COLLATE "C", a.place;
\pset format unaligned
\pset tuples_only on
CALL read_as('numeric', $$field_type 'money'$$);
SELECT words_of('text 1,234');
\pset format aligned
\pset tuples_only off

--
-- Dates and times, while clocks show New York's time
--
CALL try('date', '{date,timestamp,timestamptz,timestamp(0),time}');
SELECT code, max(value) FILTER (WHERE type = 'date') AS date,
    max(value) FILTER (WHERE type = 'timestamp') AS timestamp,
    max(value) FILTER (WHERE type = 'timestamptz') AS timestamptz
FROM result WHERE kind = 'date' GROUP BY place, code ORDER BY place;
SELECT code, max(value) FILTER (WHERE type = 'timestamp(0)') AS "timestamp(0)",
    max(value) FILTER (WHERE type = 'time') AS time
FROM result WHERE kind = 'date' AND code ~ ':' AND code !~ 'T' GROUP BY place, code ORDER BY place;
-- PostgreSQL's own cast gives something else where it drops an offset or a
-- word, guesses by DateStyle, or knows words that mean another day tomorrow
SELECT type, code, value FROM result
WHERE kind = 'date' AND type IN ('date', 'timestamp', 'timestamptz')
    AND value <> cast_of(code, type) AND cast_of(code, type) !~ '!'
ORDER BY type COLLATE "C", place;
-- With the option time_zone: shown in that zone, or read in it
CALL try('date', '{date,timestamp,timestamptz,timestamp(0)}', $$time_zone 'Europe/Berlin'$$, ' (Berlin)');
SELECT code, max(value) FILTER (WHERE type = 'date (Berlin)') AS "date (Berlin)",
    max(value) FILTER (WHERE type = 'timestamp (Berlin)') AS "timestamp (Berlin)",
    max(value) FILTER (WHERE type = 'timestamptz (Berlin)') AS "timestamptz (Berlin)"
FROM result WHERE kind = 'date' GROUP BY place, code
HAVING bool_or(type ~ 'Berlin' AND value !~ '!') ORDER BY place;
\pset format unaligned
\pset tuples_only on
CALL read_as('timestamp');
SELECT words_of('text 2024-08-30T12:19:57+02:00');
SELECT words_of('text 2024-02-30');
SELECT words_of('text 0000-00-00');
SELECT words_of('text 30.08.2024');
SELECT words_of('text 2024-08-30 12:19:57 Friday');
SELECT words_of('number 1725013197');
CALL read_as('date');
SELECT words_of('text 2024-08-30T12:19:57Z');
SELECT words_of('empty');
CALL read_as('time');
SELECT words_of('text 12:19:57+02:00');
SELECT words_of('text 25:00:00');

\pset format aligned
\pset tuples_only off

--
-- The session's DateStyle and TimeZone change no result, except that a time
-- without zone is one of the session's zone in a column with zone.
--
CREATE FUNCTION changes(setting text, one text, other text, type text, options text DEFAULT '')
RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    query constant text := CASE WHEN type = 'timestamptz'
        THEN 'SELECT to_json(value AT TIME ZONE ''UTC'') FROM types.shown WHERE code = %L'
        ELSE 'SELECT to_json(value) FROM types.shown WHERE code = %L' END;
    form text;
    first text;
BEGIN
    CALL read_as(type, options);
    FOR form IN SELECT code FROM form
                WHERE kind = 'date' AND code ~ '08-30|30\.08|08/30|0000|12:19$|now' AND code !~ '\.\d'
                ORDER BY place LOOP
        PERFORM set_config(setting, one, true);
        first := outcome(format(query, form));
        PERFORM set_config(setting, other, true);
        IF first <> outcome(format(query, form)) THEN
            RETURN NEXT form;
        END IF;
    END LOOP;
END
$$;
SELECT type, changes('datestyle', 'SQL, MDY', 'German, DMY', type)
FROM unnest('{date,timestamp,timestamptz,time}'::text[]) AS type;
SELECT type, changes('timezone', 'Asia/Tokyo', 'America/New_York', type)
FROM unnest('{date,timestamp,timestamptz,time}'::text[]) AS type;
SELECT type, changes('timezone', 'Asia/Tokyo', 'America/New_York', type, $$time_zone 'Europe/Berlin'$$)
FROM unnest('{date,timestamp,timestamptz}'::text[]) AS type;

--
-- Truth values
--
CALL try('truth', '{boolean}');
SELECT code, value AS boolean FROM result WHERE kind = 'truth' ORDER BY place;
-- those of JSON, and numbers as they are otherwise written, in other types
CREATE FUNCTION flag_as(type text, misbehave text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('DROP FOREIGN TABLE IF EXISTS types.shown;
                    CREATE FOREIGN TABLE types.shown (
                        id int OPTIONS (column_name ''ID''),
                        flag %s OPTIONS (column_name ''FLAG'', field_type ''int'')
                    ) SERVER shop OPTIONS (table_name %L)', type, 'items+' || misbehave);
    RETURN outcome('SELECT string_agg(DISTINCT flag::text COLLATE "C", '', '' ORDER BY flag::text COLLATE "C")
                    FROM types.shown WHERE id > 1');
END
$$;
SELECT type, flag_as(type, 'booleans') AS booleans, flag_as(type, 'floats') AS floats,
    flag_as(type, 'strings') AS strings
FROM unnest('{boolean,bigint,int,smallint,numeric,float8,real,text,varchar,char(5),jsonb,date}'::text[]) AS type;

--
-- Texts, and types that know nothing of connectors
--
CALL try('text', '{text,varchar,varchar(8),char(8),jsonb,json}');
SELECT code, to_json(left(max(value) FILTER (WHERE type = 'text'), 20)) AS "text (as JSON)",
    to_json(left(max(value) FILTER (WHERE type = 'varchar(8)'), 20)) AS "varchar(8)",
    to_json(left(max(value) FILTER (WHERE type = 'char(8)'), 20)) AS "char(8)"
FROM result WHERE kind = 'text' AND code <> 'emoji' GROUP BY place, code ORDER BY place;
-- psql of PostgreSQL 13 does not know how wide an emoji is
\pset format unaligned
SELECT type, to_json(value) FROM result WHERE code = 'emoji' AND type !~ 'json' ORDER BY type COLLATE "C";
\pset format aligned
SELECT code FROM result WHERE type IN ('text', 'varchar') GROUP BY code HAVING count(DISTINCT value) <> 1;
SELECT code, length(value), octet_length(value) FROM result
WHERE code ~ '^(emoji|Cyr|comb|256)' AND type = 'text' ORDER BY place;
SELECT code, max(value) FILTER (WHERE type = 'jsonb') AS jsonb, max(value) FILTER (WHERE type = 'json') AS json
FROM result WHERE kind = 'text' AND type ~ 'json' GROUP BY place, code
HAVING bool_or(value !~ '!') ORDER BY place;
CALL try('text', '{uuid,mood,text[],name}');
SELECT type, code, left(value, 63) FROM result
WHERE type IN ('uuid', 'mood', 'text[]') AND value !~ '!' OR type = 'name' AND value ~ '!'
ORDER BY type COLLATE "C", place;
-- a domain's constraints are checked, also of NULL
CALL try('text truth', '{positive,present}');
SELECT type, code, left(value, 20) FROM result
WHERE type = 'positive' AND code ~ '[012]$|^null|^empty'
    OR type = 'present' AND (value ~ '!' OR code = 'empty') ORDER BY type COLLATE "C", place;
-- arrays and objects are texts and JSON
CREATE FOREIGN TABLE nested (
    id int OPTIONS (column_name 'ID'),
    name text OPTIONS (column_name 'NAME'),
    status jsonb OPTIONS (column_name 'STATUS', field_type 'string'),
    tz bigint OPTIONS (column_name 'STATUS', field_type 'string')
) SERVER shop OPTIONS (table_name 'items+nested');
SELECT id, name, status FROM nested WHERE id < 10;
\pset format unaligned
\pset tuples_only on
SELECT outcome('SELECT tz FROM types.nested LIMIT 1', true);
CALL read_as('varchar(8)');
SELECT words_of('256 letters');
CALL read_as('jsonb');
SELECT words_of('broken JSON');
CALL read_as('mood');
SELECT words_of('text Happy');
CALL read_as('positive');
SELECT words_of('number 0');
SELECT words_of('text abc');
CALL read_as('present');
SELECT words_of('null');
\pset format aligned
\pset tuples_only off

--
-- invalid_values 'null': what is no number or date at all becomes NULL; what
-- the type cannot hold remains an error, and texts remain as they are.
--
TRUNCATE result;
ALTER SERVER shop OPTIONS (ADD invalid_values 'null');
CALL try('number', '{bigint,numeric,float8}');
CALL try('date', '{date,timestamptz,time}');
CALL try('truth', '{boolean}');
CALL try('text', '{bigint,date,jsonb,uuid}');
SELECT type, string_agg(replace(code, 'text ', ''), ' | ' ORDER BY place) AS null_now FROM result
WHERE value = 'NULL' AND code <> 'null' AND kind <> 'text' AND code <> 'text Infinity' AND code !~ 'T'
GROUP BY type ORDER BY type COLLATE "C";
SELECT type, value AS still, string_agg(replace(code, 'text ', ''), ' | ' ORDER BY place) FROM result
WHERE value ~ '!' AND code <> 'text Infinity' AND code !~ 'T' GROUP BY type, value ORDER BY type COLLATE "C", value COLLATE "C";
SELECT type, count(*) AS forms, count(*) FILTER (WHERE value = 'NULL') AS null FROM result
WHERE kind = 'text' GROUP BY type ORDER BY type COLLATE "C";
-- what connectors send in the place of NULL
ALTER FOREIGN TABLE shop.all_null OPTIONS (SET table_name 'all_null+zero_dates');
SELECT id, qty, price, amount, born, created, name IS NULL AS name FROM shop.all_null;
ALTER FOREIGN TABLE shop.all_null OPTIONS (SET table_name 'all_null+empty_strings');
SELECT id, qty, price, amount, born, created, name IS NULL AS name FROM shop.all_null;
-- the table's word counts more than the server's
ALTER FOREIGN TABLE shop.all_null OPTIONS (ADD invalid_values 'error');
SELECT outcome('SELECT born FROM shop.all_null');
ALTER FOREIGN TABLE shop.all_null OPTIONS (DROP invalid_values);
ALTER SERVER shop OPTIONS (DROP invalid_values);
SELECT outcome('SELECT qty FROM shop.all_null');
ALTER FOREIGN TABLE shop.all_null OPTIONS (SET table_name 'all_null+zero_dates');
SELECT outcome('SELECT created FROM shop.all_null');
ALTER FOREIGN TABLE shop.all_null OPTIONS (SET table_name 'all_null');

--
-- Whole tables: the same values whatever way the connector writes them
--
CREATE FOREIGN TABLE other (
    id bigint OPTIONS (column_name 'ID'),
    name text OPTIONS (column_name 'NAME'),
    qty bigint OPTIONS (column_name 'QTY'),
    price float8 OPTIONS (column_name 'PRICE'),
    amount numeric OPTIONS (column_name 'AMOUNT', field_type 'money'),
    born date OPTIONS (column_name 'BORN'),
    created timestamp OPTIONS (column_name 'CREATED', time_zone 'Europe/Helsinki')
) SERVER shop OPTIONS (table_name 'items', invalid_values 'null');
CREATE FUNCTION differences(misbehave text) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER FOREIGN TABLE types.other OPTIONS (SET table_name %L)', 'items+' || misbehave);
    RETURN (SELECT count(*)
            FROM types.other FULL JOIN shop.items USING (id)
            WHERE (other.name, other.qty, other.price, other.amount, other.born, other.created)
                IS DISTINCT FROM (items.name, items.qty, items.price, items.amount, items.born, items.created));
END
$$;
SELECT misbehave, differences(misbehave)
FROM unnest('{strings,floats,booleans,zero_dates,empty_strings,money_currency,reversed_header,
              shuffled_header,extra_fields,"strings,zero_dates,empty_strings,shuffled_header"}'::text[]) AS misbehave;
-- 12:00+02:00 and 12:00Z are shown in the column's zone
SELECT differences('iso_datetimes');
SELECT other.created - items.created AS shift, count(*)
FROM other JOIN shop.items USING (id) GROUP BY shift ORDER BY shift;
SELECT differences('datetime_z');
SELECT other.created - items.created AS shift, count(*)
FROM other JOIN shop.items USING (id) GROUP BY shift ORDER BY shift;

DROP SCHEMA types CASCADE;
