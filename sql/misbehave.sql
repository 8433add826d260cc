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
    ('forms', '= text', 'code = ''emoji'''),
    ('forms', 'in', 'kind IN (''money'', ''truth'')'),
    ('forms', 'nothing', 'kind = ''Money'''),
    ('Weird "Table"', '= int', '"select" = 2'),
    ('Weird "Table"', '= text', '"ünï" = ''zwei'''),
    ('Weird "Table"', 'in', '"Mixed Case" IN (''one'', ''three'')'),
    ('Weird "Table"', 'nothing', '"Mixed Case" = ''Two''');

-- Every table has some, in any case
SELECT table_name, string_agg(kind || ': ' || condition, '; ' ORDER BY kind, condition) AS conditions
FROM information_schema.tables LEFT JOIN conditions ON tbl = table_name
WHERE table_schema = 'copy' GROUP BY 1 ORDER BY 1;

-- The statements: %s stands for the table.  For LIMIT, any
-- three rows of the table will do.
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

-- Servers for both formats of requests, which take rows up to 1 MB
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER field_form FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    url_data :'data', max_row_size '1MB');
CREATE SERVER field_json FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    url_data :'data', max_row_size '1MB', request_format 'json');
CREATE USER MAPPING FOR CURRENT_USER SERVER field_form
    OPTIONS (login 'anna', password 's3cret word');
CREATE USER MAPPING FOR CURRENT_USER SERVER field_json
    OPTIONS (login 'anna', password 's3cret word');

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

-- The misbehaviours, with what makes a difference for some: the request_format,
-- the value of invalid_values, the time zone of columns with datetimes, a table
-- that is left out, and whether it makes us wait and so is tried only once.
CREATE TABLE misbehaviours (
    id int GENERATED ALWAYS AS IDENTITY, topic text, spec text, meaning text,
    format text DEFAULT 'form', invalid_values text DEFAULT 'error', time_zone text DEFAULT '',
    without text DEFAULT '', once boolean DEFAULT false);

INSERT INTO misbehaviours (topic, spec, meaning) VALUES
    ('limit', 'empty_as_header_only', 'what the right connector does'),
    ('limit', 'limit_100', 'without a limit 100 rows; we always send one'),
    ('limit', 'max_limit:500000', 'HTTP 500 for limits larger than our default'),
    ('limit', 'max_limit:100', 'HTTP 500 for limits larger than 100: row_limit has to be lowered'),
    ('limit', 'limit_before_filter', 'the limit counts the rows before the filter'),
    ('limit', 'ignore_limit', 'the limit is ignored'),
    ('limit', 'select_ignored', 'all fields come'),
    ('limit', 'select_500', 'HTTP 500 for a select: count(*) and tests of empty answers have one'),
    ('limit', 'ignore_limit,select_ignored,shuffled_header', 'several at once'),
    ('filter', 'ignore_filter', 'the filter is ignored'),
    ('filter', 'filter_loses_all', 'any filter finds nothing'),
    ('filter', 'case_insensitive', '"Apple" = "apple"'),
    ('filter', 'ignore_trailing_blanks', '"apple " = "apple"'),
    ('filter', 'strict_types', 'strings find nothing in fields of numbers; forms have only strings'),
    ('filter', 'not_in_as_in', '!@ acts as @'),
    ('filter', 'vendor', 'all that the vendor''s example misreads'),
    ('filter', 'prefixes_500', 'HTTP 500 for a key with an operator'),
    ('filter', 'filter_500', 'HTTP 500 for a filter'),
    ('filter', 'filter_error_200', 'an error with HTTP 200 for a filter'),
    ('filter', 'first_key_only', 'only the first condition counts'),
    ('filter', 'last_key_only', 'only the last condition counts'),
    ('filter', 'accent_insensitive', '"été" = "ete"'),
    ('filter', 'floats_as_text', '3 is not 3.0'),
    ('filter', 'ne_as_eq', '!= acts as ='),
    ('filter', 'long_list:0', 'arrays find nothing'),
    ('filter', 'long_list:2', 'arrays of three values find nothing'),
    ('filter', 'list_500', 'HTTP 500 for an array'),
    ('filter', 'ge_as_gt', '>= acts as >'),
    ('filter', 'le_as_lt', '<= acts as <'),
    ('filter', 'ranges_as_text', '10 < 9'),
    ('filter', 'ranges_ignore_case', 'ranges do not see the letter case'),
    ('filter', 'ranges_ignored', 'ranges are always true'),
    ('filter', 'ranges_skipped', 'ranges are left out'),
    ('filter', 'ranges_500', 'HTTP 500 for a range'),
    ('filter', 'substring_wildcards', '% and _ are wildcards of substrings'),
    ('filter', 'like_case_insensitive', 'LIKE ''a%'' finds "Apple"'),
    ('filter', 'like_equals', 'LIKE without wildcards'),
    ('filter', 'like_500', 'HTTP 500 for LIKE'),
    ('filter', 'logic_ignored', 'OR is read as AND'),
    ('filter', 'groups_ignored', 'groups are left out'),
    ('filter', 'groups_nothing', 'a group finds nothing'),
    ('filter', 'groups_500', 'HTTP 500 for a group'),
    ('filter', 'date_boundary', 'the day itself is lost'),
    ('filter', 'date_at_noon', 'dates are stored with a time'),
    ('filter', 'filter_zone:3', 'datetimes are taken for those of another time zone'),
    ('filter', 'fractions_hidden', 'datetimes are stored with fractions of seconds'),
    ('filter', 'filter_loses_all,empty_bare', 'a filter finds nothing, and that is []'),
    ('filter', 'filter_500,case_insensitive,empty_double', 'several at once'),
    ('filter', 'ignore_filter,limit_100,strings', 'several at once'),
    ('header', 'reversed_header', 'the fields in reverse order'),
    ('header', 'shuffled_header', 'the fields in another order'),
    ('header', 'extra_fields', 'two more fields'),
    ('header', 'extra_fields,shuffled_header,strings,utf8_bom', 'several at once'),
    ('header', 'missing_field', 'the last field is missing'),
    ('header', 'doubled_field', 'the first field comes twice'),
    ('header', 'lower_header', 'the codes are in lower case'),
    ('empty', 'empty_bare', 'no rows are []'),
    ('empty', 'empty_double', 'no rows are [[]]'),
    ('empty', 'empty_lie', '[] to anything but a request for one row'),
    ('empty', 'unknown_table_empty', 'an unknown table has no rows; these are known ones'),
    ('values', 'strings', 'all values are strings'),
    ('values', 'date_times', 'dates have a time, 00:00:00'),
    ('values', 'booleans', '0 and 1 are false and true'),
    ('values', 'money_currency', 'money has a currency: 1234.50 USD'),
    ('values', 'wrong_types', 'the first integer of row 2 is "abc"'),
    ('values', 'huge_row:2000000', 'row 2 is larger than max_row_size'),
    ('values', 'bad_utf8', 'the first string is not UTF-8'),
    ('values', 'nul_escape', 'the first string has a \u0000'),
    ('values', 'lone_surrogate', 'the first string has half of a character'),
    ('values', 'short_row', 'row 2 has a value too few'),
    ('values', 'long_row', 'row 2 has a value too many'),
    ('text', 'html_warning', 'HTML in front'),
    ('text', 'utf8_bom', 'a byte order mark in front'),
    ('text', 'trailing_garbage', 'something behind; LIMIT does not read that far'),
    ('text', 'trailing_comma', 'a comma behind the last row; LIMIT does not read that far'),
    ('text', 'truncated', 'the text ends within the last row, or the header'),
    ('text', 'gzip_lie', 'it is not gzip, although the header says so'),
    ('http', 'truncated_chunked', 'the connection is closed within a chunked answer'),
    ('http', 'truncated_length', 'the connection is closed before Content-Length'),
    ('http', 'error_200', 'an error object with HTTP 200'),
    ('http', 'status_error_200', 'an object with "status": "ERROR" and HTTP 200'),
    ('http', 'echo_secrets', 'HTTP 500 with the request in its text'),
    ('http', 'redirect:http://127.0.0.1:1/data', 'redirected to another origin'),
    ('http', 'redirect_same', 'redirected within the origin'),
    ('http', 'redirect_post_302', 'redirected within the origin, for POST'),
    ('http', 'close_connection', 'no keep-alive'),
    ('http', 'form_only', 'JSON is refused'),
    ('http', 'json_only', 'forms are refused'),
    ('http', 'status:204', 'an error that sounds like success'),
    ('http', 'status:400', 'a bad request: the filter may be the reason, but is not'),
    ('http', 'status:401', 'the settings are not right'),
    ('http', 'status:404', 'not found'),
    ('http', 'status:502', 'a bad gateway');
-- Those that make us wait
INSERT INTO misbehaviours (topic, spec, meaning, once) VALUES
    ('http', '503_once', 'come back in a second', true),
    ('http', '429_once', 'the same in other words', true),
    ('http', '503_always', 'come back, again and again', true);
-- Those for which something of the request matters besides the filter
INSERT INTO misbehaviours (topic, spec, meaning, format) VALUES
    ('filter', 'strict_types', 'the integers in JSON are integers', 'json'),
    ('filter', 'filter_loses_all', 'the same as with forms', 'json'),
    ('http', 'form_only', 'JSON is refused', 'json'),
    ('http', 'json_only', 'forms are refused', 'json');
-- Those for which a value may be no value.  Integers as floats change the ids
-- of bigids, which we cannot see.
INSERT INTO misbehaviours (topic, spec, meaning, without) VALUES
    ('values', 'floats', 'integers have a fraction: 5.0', 'bigids');
INSERT INTO misbehaviours (topic, spec, meaning, invalid_values) VALUES
    ('values', 'zero_dates', 'missing dates are 0000-00-00', 'error'),
    ('values', 'zero_dates', 'missing dates are 0000-00-00', 'null'),
    ('values', 'empty_strings', 'missing numbers and dates are ""', 'error'),
    ('values', 'empty_strings', 'missing numbers and dates are ""', 'null');
INSERT INTO misbehaviours (topic, spec, meaning, time_zone) VALUES
    ('values', 'iso_datetimes', '2024-08-30T12:19:57+02:00: which zone to show?', ''),
    ('values', 'iso_datetimes', '2024-08-30T12:19:57+02:00', 'Etc/GMT-2'),
    ('values', 'datetime_z', '2024-08-30T12:19:57Z: which zone to show?', ''),
    ('values', 'datetime_z', '2024-08-30T12:19:57Z', 'UTC');

-- A foreign table like shop's in schema field, by which the connector misbehaves
CREATE SCHEMA field;
CREATE FUNCTION make_table(tbl text, m misbehaviours) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE (
        SELECT format('CREATE FOREIGN TABLE field.%I (%s) SERVER %I OPTIONS (table_name %L, invalid_values %L)',
                      tbl, string_agg(format('%I %s OPTIONS (%s%s)', attname, format_type(atttypid, atttypmod),
                                             options, zone), ', ' ORDER BY attnum),
                      'field_' || m.format, tbl || '+' || m.spec, m.invalid_values)
        FROM pg_attribute,
            LATERAL (SELECT string_agg(format('%I %L', option_name, option_value), ', ')
                     FROM pg_options_to_table(attfdwoptions)) AS o (options),
            LATERAL (SELECT CASE WHEN m.time_zone <> '' AND atttypid = 'timestamp'::regtype
                                 THEN format(', time_zone %L', m.time_zone) END) AS z (zone)
        WHERE attrelid = format('shop.%I', tbl)::regclass AND attnum > 0);
END
$$;

-- All statements under one misbehaviour.  The tables are new ones each time, so
-- that nothing is known of them from before.
CREATE TABLE outcomes (id int, tbl text, kind text, statement text, outcome text);
CREATE PROCEDURE try(m misbehaviours)
LANGUAGE plpgsql AS $$
DECLARE
    s statements;
BEGIN
    PERFORM make_table(table_name, m) FROM information_schema.tables WHERE table_schema = 'copy';
    FOR s IN SELECT * FROM statements
             WHERE tbl <> m.without AND (NOT m.once OR tbl = 'single' AND kind = '= int')
             ORDER BY tbl, kind, statement LOOP
        INSERT INTO outcomes VALUES (m.id, s.tbl, s.kind, s.statement, outcome(s.tbl, s.kind, s.statement));
    END LOOP;
    DROP SCHEMA field CASCADE;
    CREATE SCHEMA field;
END
$$;

-- How the statements fared under the misbehaviours of a topic: how many were
-- right, and how many errors there were, and wrong results; then what came out
-- for each kind of statement, over all tables.
CREATE FUNCTION report(of_topic text) RETURNS TABLE (misbehaviour text,
    "right" bigint, error bigint, wrong bigint, whole text, "= int" text, "= text" text,
    "in" text, "nothing" text, "limit" text, "count" text)
LANGUAGE sql AS $$
    SELECT concat_ws(', ', spec, nullif(format, 'form'), nullif(invalid_values, 'error'), nullif(time_zone, '')),
        count(*) FILTER (WHERE outcome = 'right'),
        count(*) FILTER (WHERE outcome NOT IN ('right', 'WRONG')),
        count(*) FILTER (WHERE outcome = 'WRONG'),
        string_agg(DISTINCT outcome, ' ') FILTER (WHERE kind = 'whole'),
        string_agg(DISTINCT outcome, ' ') FILTER (WHERE kind = '= int'),
        string_agg(DISTINCT outcome, ' ') FILTER (WHERE kind = '= text'),
        string_agg(DISTINCT outcome, ' ') FILTER (WHERE kind = 'in'),
        string_agg(DISTINCT outcome, ' ') FILTER (WHERE kind = 'nothing'),
        string_agg(DISTINCT outcome, ' ') FILTER (WHERE kind = 'limit'),
        string_agg(DISTINCT outcome, ' ') FILTER (WHERE kind = 'count')
    FROM misbehaviours AS m, outcomes AS o
    WHERE m.topic = of_topic AND o.id = m.id GROUP BY m.id, 1 ORDER BY m.id
$$;

DO $$
DECLARE
    m misbehaviours;
BEGIN
    FOR m IN SELECT * FROM misbehaviours ORDER BY id LOOP
        CALL try(m);
        COMMIT;
    END LOOP;
END
$$;

\pset null '-'
SELECT * FROM report('limit');
SELECT * FROM report('filter');
SELECT * FROM report('header');
SELECT * FROM report('empty');
SELECT * FROM report('values');
SELECT * FROM report('text');
SELECT * FROM report('http');

-- There must be none
SELECT spec, format, statement, tbl FROM outcomes JOIN misbehaviours USING (id)
WHERE outcome = 'WRONG' ORDER BY id, tbl, statement;


--
-- What is changed by design, and what cannot be seen from outside
--
CREATE PROCEDURE make_table(tbl text, spec text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM make_table(tbl, m) FROM misbehaviours AS m WHERE m.spec = 'empty_as_header_only';
    EXECUTE format('ALTER FOREIGN TABLE field.%I OPTIONS (SET table_name %L)', tbl, tbl || '+' || spec);
END
$$;

-- Strings that come as arrays and objects are shown as JSON.  Conditions hold for what
-- is shown, whatever the connector finds.
CALL make_table('items', 'nested');
SELECT id, name, status FROM field.items WHERE id IN (1, 2);
SELECT count(*) FROM field.items WHERE name = 'Apple';
SELECT count(*) FROM field.items WHERE name LIKE '_"%';
SELECT count(*) FROM field.items WHERE name LIKE '{"value":"%';
DROP FOREIGN TABLE field.items;

-- A connector that sends fewer rows than it has and was asked for cannot be told from
-- one that has no more.  There are 250 rows, and 84 of them are won.
CALL make_table('items', 'cap:50');
SELECT count(*) FROM field.items;
SELECT count(*) FROM field.items WHERE id = 200;
SELECT count(*) FROM field.items WHERE status = 'won';
-- Unless we ask for no more than it sends
ALTER FOREIGN TABLE field.items OPTIONS (ADD row_limit '50');
SELECT count(*) FROM field.items;
SELECT count(*) FROM field.items WHERE id = 200;
DROP FOREIGN TABLE field.items;

-- A connector that takes an array for its first value sends rows that match, so it
-- cannot be told from one that has no more.  It must not be asked for arrays.
CALL make_table('items', 'first_of_list');
ALTER FOREIGN TABLE field.items OPTIONS (ADD filter_operators 'eq');
SELECT id, status FROM field.items WHERE id IN (7, 200, 999);
SELECT count(*) FROM field.items WHERE status = 'won';
DROP FOREIGN TABLE field.items;

-- Numbers that are shown with fewer digits than they have: conditions hold for what is shown
CALL make_table('items', 'rounded_shown');
SELECT id, price, amount FROM field.items WHERE price = 1234567.9;
SELECT count(*) FROM field.items WHERE price = 1234567.891;
SELECT count(*) FROM field.items WHERE id = 8 AND price > 1234567.891;
DROP FOREIGN TABLE field.items;

-- An unknown table without rows is like a known one without
CALL make_table('items', 'unknown_table_empty');
ALTER FOREIGN TABLE field.items OPTIONS (SET table_name 'itmes+unknown_table_empty');
SELECT count(*) FROM field.items;

-- Integers as floats are those that the connector has, not those that it had
CALL make_table('bigids', 'floats');
SELECT id, code FROM field.bigids WHERE code IN ('9007199254740991', '9007199254740993');

DROP SCHEMA field, copy CASCADE;
DROP SERVER field_form CASCADE;
DROP SERVER field_json CASCADE;
-- with arguments, because PostgreSQL 13 does not tell functions from procedures by their names
DROP FUNCTION make_table(text, misbehaviours), outcome, report;
DROP PROCEDURE make_table(text, text), try;
DROP VIEW statements;
DROP TABLE conditions, misbehaviours, outcomes;
