--
-- biconnector_probe() and biconnector_probe_statement(): what a connector does right is
-- found out with conditions made from its own rows, and can then be turned on.
--
\pset format unaligned
\pset tuples_only on
SET datestyle = ISO;
CREATE SCHEMA probe;
SET search_path = probe, public;
-- A table of a name of its own, with these misbehaviours and table options
CREATE FUNCTION foreign_table(name text, misbehave text DEFAULT '', source text DEFAULT 'items',
                              options text DEFAULT '', columns text DEFAULT NULL)
RETURNS regclass
LANGUAGE plpgsql AS $$
DECLARE
    code text := source || coalesce('+' || nullif(misbehave, ''), '');
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE probe.%I (%s) SERVER shop OPTIONS (table_name %L%s)', name,
        coalesce(columns,
            (SELECT string_agg(format('%I %s OPTIONS (%s)', attname, format_type(atttypid, atttypmod),
                        (SELECT string_agg(format('%I %L', option_name, option_value), ', ')
                         FROM pg_options_to_table(attfdwoptions))), ', ' ORDER BY attnum)
             FROM pg_attribute
             WHERE attrelid = format('shop.%I', source)::regclass AND attnum > 0)),
        code, coalesce(', ' || nullif(options, '')));
    RETURN format('probe.%I', name)::regclass;
END
$$;
-- Reports of many
CREATE TABLE reports (relation regclass, n bigint, column_name text, capability text, verdict text,
                      reason text, rows_asked bigint, rows_right bigint, request jsonb);
CREATE FUNCTION probe(relation regclass) RETURNS regclass
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reports
    SELECT relation, n, p.column_name, p.capability, p.verdict, p.reason, p.rows_asked, p.rows_right, p.request
    FROM biconnector_probe(relation) WITH ORDINALITY AS p (column_name, capability, verdict, reason,
                                                           rows_asked, rows_right, request, n);
    RETURN relation;
EXCEPTION WHEN OTHERS THEN
    INSERT INTO reports (relation, verdict, reason) VALUES (relation, 'error', SQLERRM);
    RETURN relation;
END
$$;
-- A report without what is exact, a line for each verdict: columns: capabilities
CREATE FUNCTION not_exact(relation regclass) RETURNS SETOF text
LANGUAGE sql AS $$
    WITH columns AS (
        SELECT verdict, coalesce(column_name, '*') AS name,
               string_agg(coalesce(capability, reason), ',' ORDER BY n) AS capabilities, min(n) AS n
        FROM reports AS r WHERE r.relation = not_exact.relation AND verdict <> 'exact' GROUP BY 1, 2),
    alike AS (
        SELECT verdict, string_agg(name, ' ' ORDER BY n) || ': ' || capabilities AS line, min(n) AS n
        FROM columns GROUP BY verdict, capabilities)
    SELECT '  ' || verdict || ' ' || string_agg(line, '; ' ORDER BY n)
    FROM alike GROUP BY verdict ORDER BY verdict COLLATE "C"
$$;
-- The whole of a report, but what depends on the time it takes
CREATE FUNCTION report(relation regclass)
RETURNS TABLE (column_name text, capability text, verdict text, reason text, asked bigint, "right" bigint)
LANGUAGE sql AS $$
    SELECT column_name, capability, verdict, CASE WHEN capability <> 'keep-alive' THEN reason END,
           rows_asked, rows_right
    FROM biconnector_probe(relation)
$$;
-- The statements, which are executed; and whether there are any after that
CREATE FUNCTION turn_on(relation regclass) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    statement text;
BEGIN
    FOR statement IN SELECT * FROM biconnector_probe_statement(relation) LOOP
        EXECUTE statement;
        RETURN NEXT '  ' || replace(statement, 'ALTER FOREIGN TABLE probe.' || relation::name, '');
    END LOOP;
    FOR statement IN SELECT * FROM biconnector_probe_statement(relation) LOOP
        RETURN NEXT '  AGAIN: ' || statement;
    END LOOP;
END
$$;

--
-- A connector that does everything right.  flag has only 0 and 1, by which numbers and
-- texts cannot be told apart.
--
SELECT foreign_table('items');
SELECT * FROM report('items');
SELECT column_name, capability, request - 'select' FROM biconnector_probe('items')
WHERE capability IN ('eq', 'limit', 'select', 'form', 'json') AND coalesce(column_name, 'name') = 'name'
    OR capability IN ('lt', 'like') AND column_name = 'name' OR capability = 'or' AND column_name = 'flag';
-- requests are what is really sent, all of it to this table and within bounds
SELECT count(*) BETWEEN 50 AND 100 AS few, count(*) - count(DISTINCT body) < 3 AS few_twice,
       bool_and(body ->> 'table' = 'items'), bool_and((body ->> 'limit')::int <= 500000),
       bool_or(body @> '{"filter": {"ID": "250"}, "limit": "1"}')
FROM requests_of('SELECT count(*) FROM biconnector_probe(''probe.items'')') AS body;
SELECT count(*) FROM biconnector_probe('items') AS p
WHERE request IS NOT NULL AND NOT request ->> 'table' = 'items';
-- the statements, and what they do
SELECT * FROM biconnector_probe_statement('items');
CREATE TABLE copy AS SELECT * FROM items;
SELECT plan_of('SELECT * FROM items WHERE price >= 100 AND name LIKE ''Item 1%''', 'COSTS OFF');
SELECT turn_on('items');
SELECT plan_of('SELECT * FROM items WHERE price >= 100 AND name LIKE ''Item 1%''', 'COSTS OFF');
SELECT * FROM asked_of('items', $$
id = 7
id IN (3, 5, NULL)
id <> 7
name NOT IN ('Item 40', 'apple')
qty > 5
qty BETWEEN -3 AND 42
price = 137
price IN (3, 0.1, 1e21)
price < 0.1
amount >= 1234.5
amount = 0
born = '2024-02-29'
born <= '1999-12-31'
created < '2020-02-01 10:00'
created = '1999-12-31'
status LIKE 'w%n'
name LIKE '%ple%'
(id < 3 OR qty > 100) AND flag = 1
born > '2024-01-31' OR price < 0 AND id > 2
flag > 0
$$, 'copy');
SELECT count(*) FROM requests_of('SELECT * FROM probe.items WHERE qty >= 100 LIMIT 3') AS body
WHERE body ->> 'limit' = '3';

--
-- It changes nothing: neither options nor what the session makes of filters
--
SELECT foreign_table('untouched', 'filter_loses_all');
CREATE TABLE before AS SELECT relname, ftoptions FROM pg_foreign_table JOIN pg_class ON oid = ftrelid
WHERE relname = 'untouched';
SELECT plan_of('SELECT * FROM untouched WHERE name = ''apple''', 'COSTS OFF');
SELECT verdict, count(*) FROM biconnector_probe('untouched') WHERE capability IN ('eq', 'in') GROUP BY 1;
SELECT count(*) FROM biconnector_probe_statement('untouched');
SELECT plan_of('SELECT * FROM untouched WHERE name = ''apple''', 'COSTS OFF');
SELECT relname, ftoptions FROM pg_foreign_table JOIN pg_class ON oid = ftrelid WHERE relname = 'untouched'
EXCEPT SELECT * FROM before;
-- nor does what the session has dropped change what it says
SELECT count(*) FROM untouched WHERE name = 'apple';
SELECT plan_of('SELECT * FROM untouched WHERE name = ''apple''', 'COSTS OFF');
SELECT turn_on('untouched');
SELECT plan_of('SELECT * FROM untouched WHERE name = ''apple''', 'COSTS OFF');

--
-- What other connectors do.  Only what is not exact is shown, a * is the table.
-- Wherever rows are lost, that is the verdict; what depends on it is not tested.
--
CREATE TABLE misbehaviours (n serial, name text, unsafe text[]);
-- unsafe: what would lose rows, as column:operator; % is any
INSERT INTO misbehaviours (name, unsafe) VALUES
    ('limit_100', '{}'), ('cap:50', '{}'), ('max_limit:1000', '{}'), ('limit_before_filter', '{}'),
    ('ignore_limit', '{}'), ('select_ignored', '{}'), ('select_500', '{}'),
    ('ignore_filter', '{}'), ('filter_loses_all', '{%:%}'), ('filter_500', '{}'),
    ('filter_error_200', '{}'), ('prefixes_500', '{}'),
    ('first_key_only', '{%:or}'), ('last_key_only', '{%:or}'),
    ('strict_types', '{id:%,flag:%,price:%}'),
    ('vendor', '{%:not_in,%:like,born:eq,born:in}'),
    ('case_insensitive', '{name:ne,name:not_in}'),
    ('accent_insensitive', '{name:ne,name:not_in}'),
    ('ignore_trailing_blanks', '{name:ne,name:not_in}'),
    ('floats_as_text', '{price:eq,price:in}'),
    ('ne_as_eq', '{%:ne}'), ('not_in_as_in', '{%:not_in}'), ('first_of_list', '{%:in}'),
    ('long_list:20', '{%:in,%:not_in}'), ('list_500', '{}'),
    ('ge_as_gt', '{id:ge,name:ge,price:ge}'),
    ('le_as_lt', '{id:le,name:le,price:le,born:le}'),
    ('ranges_as_text', '{id:l_,id:g_,price:l_,price:g_}'),
    ('ranges_ignore_case', '{name:l_,name:g_}'),
    ('ranges_ignored', '{}'), ('ranges_skipped', '{}'), ('ranges_500', '{}'),
    ('substring_wildcards', '{}'), ('like_case_insensitive', '{}'), ('like_equals', '{%:like}'),
    ('like_500', '{}'),
    ('logic_ignored', '{%:or}'), ('groups_ignored', '{}'), ('groups_nothing', '{%:and,%:or}'),
    ('groups_500', '{}'),
    ('date_boundary', '{born:eq,born:in}'), ('date_at_noon', '{born:eq,born:in,born:le}'),
    ('filter_zone:3', '{created:eq,created:in,created:ne,created:not_in,created:g_}'),
    ('filter_zone:-3', '{created:eq,created:in,created:ne,created:not_in,created:l_}'),
    ('fractions_hidden', '{created:eq,created:in}'),
    ('rounded_shown', '{price:%}'),
    ('strings,shuffled_header,empty_double', '{}'), ('date_times,booleans,empty_bare', '{}'),
    ('floats,extra_fields,empty_as_header_only', '{}'), ('iso_datetimes', '{}'), ('datetime_z', '{}'),
    ('form_only', '{}'), ('close_connection', '{}'),
    ('case_insensitive,ignore_trailing_blanks,list_500,empty_bare',
     '{name:ne,name:not_in}'),
    ('ignore_limit,select_ignored,shuffled_header,limit_before_filter', '{}');
-- some columns are enough here
SELECT count(probe(foreign_table(name, name, 'items', '', $$
    id bigint OPTIONS (column_name 'ID', field_type 'int'), name text OPTIONS (column_name 'NAME', field_type 'string'),
    price float8 OPTIONS (column_name 'PRICE', field_type 'double'), born date OPTIONS (column_name 'BORN', field_type 'date'),
    created timestamp OPTIONS (column_name 'CREATED', field_type 'datetime'), flag bigint OPTIONS (column_name 'FLAG', field_type 'int')$$)))
FROM misbehaviours;
-- flag's ranges, of which nothing can be known, are left out
SELECT CASE line WHEN '' THEN name ELSE line END
FROM misbehaviours, LATERAL (
    SELECT '' AS line UNION ALL
    SELECT l FROM not_exact(format('%I', name)::regclass) AS l WHERE l <> '  untested flag: lt,le,gt,ge') AS lines
ORDER BY n, line COLLATE "C";
-- nothing that loses rows is taken for safe, or left on because nothing is known of it
SELECT m.name, column_name, capability, verdict
FROM misbehaviours AS m JOIN reports ON relation = format('%I', name)::regclass
WHERE column_name || ':' || capability LIKE ANY (unsafe) AND capability NOT LIKE 'datetimes%'
    AND (verdict IN ('exact', 'wide') OR capability IN ('eq', 'in')
         AND verdict = 'untested' AND column_name IN ('id', 'name', 'flag'));
-- why, for some
SELECT DISTINCT verdict COLLATE "C", left(reason, 130) COLLATE "C"
FROM reports WHERE reason IS NOT NULL AND capability <> 'keep-alive' ORDER BY 1, 2;
SELECT relation, rows_asked, rows_right, request - 'select' FROM reports
WHERE relation::text IN ('ge_as_gt', 'ranges_as_text', 'ne_as_eq', 'case_insensitive', 'like_equals', 'vendor')
    AND verdict = 'loses rows' AND column_name IN ('id', 'name')
ORDER BY relation::text COLLATE "C", n;
-- the statements of some.  Where the defaults are right, or nothing better is, there are none.
SELECT CASE line WHEN '' THEN name ELSE line END
FROM misbehaviours, LATERAL (
    SELECT '' AS line UNION ALL SELECT l FROM turn_on(format('%I', name)::regclass) AS l) AS lines
WHERE name IN ('limit_before_filter', 'ignore_filter', 'filter_500', 'prefixes_500', 'strict_types', 'vendor',
               'case_insensitive', 'floats_as_text', 'list_500', 'date_boundary')
ORDER BY n, line COLLATE "C";
-- all of it is bounded: a connector that refuses everything is not asked for long
SELECT count(*) < 60 FROM requests_of('SELECT count(*) FROM biconnector_probe(''probe.filter_500'')');
SELECT count(*) < 120 FROM requests_of('SELECT count(*) FROM biconnector_probe(''probe.ignore_filter'')');

--
-- Tables of all kinds
--
SELECT CASE line WHEN '' THEN name ELSE line END
FROM (VALUES (1, 'empty_table'), (2, 'single'), (3, 'all_null'), (4, 'bigids'), (5, 'Weird "Table"'), (6, 'orders')) AS t (n, name),
    LATERAL (SELECT probe(foreign_table(name, '', name)) AS relation) AS r,
    LATERAL (SELECT '' AS line UNION ALL SELECT not_exact(relation)
             UNION ALL SELECT turn_on(relation)) AS lines
ORDER BY n, line COLLATE "C";
SELECT capability, verdict, reason FROM biconnector_probe('empty_table')
WHERE column_name IS NULL AND capability <> 'keep-alive';
SELECT column_name, capability, reason FROM biconnector_probe('"Weird ""Table"""') WHERE column_name IS NOT NULL;
SELECT column_name, capability, verdict, reason FROM biconnector_probe('single')
WHERE column_name = 'name' AND reason IS NOT NULL;
-- more columns than a request asks for: each is looked at once
SELECT foreign_table('wide', '', 'wide');
SELECT count(DISTINCT column_name), count(*), min(verdict), max(verdict), max(rows_asked)
FROM biconnector_probe('wide') WHERE capability = 'eq';
SELECT count(*) FROM biconnector_probe('wide') WHERE capability = 'limit';
SELECT turn_on('wide');
-- two columns of one field, dropped columns, columns that nothing can be sent for, and some that
-- have names of their own
SELECT foreign_table('odd', '', 'items', '', $$
    gone integer, "Two words" bigint OPTIONS (column_name 'ID'), again integer OPTIONS (column_name 'ID'),
    gone_too text, name varchar OPTIONS (column_name 'NAME'), short varchar(10) OPTIONS (column_name 'STATUS'),
    price numeric OPTIONS (column_name 'PRICE', field_type 'double'),
    born text OPTIONS (column_name 'BORN', field_type 'date'), tz text OPTIONS (column_name 'TZ', field_type 'timezone')$$);
ALTER FOREIGN TABLE odd DROP COLUMN gone, DROP COLUMN gone_too;
SELECT column_name, string_agg(capability, ',' ORDER BY n) AS exact
FROM biconnector_probe('odd') WITH ORDINALITY AS p (column_name, capability, verdict, reason, a, r, q, n)
WHERE verdict = 'exact' AND column_name IS NOT NULL GROUP BY 1 ORDER BY min(n);
SELECT turn_on('odd');
SELECT count(*) FROM odd WHERE "Two words" > 5 AND again < 9 AND price <> 3;
DROP FOREIGN TABLE odd;
-- options that are set are changed, and what cannot be known is left as it is
SELECT foreign_table('preset', 'ge_as_gt', 'items', $$filter_operators 'ge,gt', push_limit 'filtered'$$);
ALTER FOREIGN TABLE preset ALTER COLUMN flag OPTIONS (filter_operators 'ge'),
    ALTER COLUMN id OPTIONS (filter_operators 'eq');
SELECT turn_on('preset');
SELECT foreign_table('preset_empty', '', 'empty_table', $$filter_operators 'ge,gt', push_limit 'filtered'$$);
SELECT turn_on('preset_empty');
SELECT foreign_table('no_limits', '', 'items', $$push_limit 'none'$$);
SELECT statement FROM biconnector_probe_statement('no_limits') AS statement WHERE statement ~ 'push_limit';

--
-- Datetimes with offsets
--
SELECT foreign_table(name, misbehave, 'orders', '', format($$order_id bigint OPTIONS (column_name 'ORDER_ID'),
    ordered %s OPTIONS (column_name 'ORDERED', field_type 'datetime'%s)$$, type, options))
FROM (VALUES ('with_offset', 'iso_datetimes', 'timestamptz', ''),
             ('with_zone', 'iso_datetimes', 'timestamp', $$, time_zone 'Europe/Riga'$$),
             ('with_z', 'datetime_z', 'timestamptz', ''),
             ('without', '', 'timestamptz', $$, time_zone 'Europe/Riga'$$),
             ('unreadable', 'iso_datetimes', 'timestamp', '')) AS t (name, misbehave, type, options);
SELECT relation, column_name, capability, verdict, reason
FROM unnest('{with_offset,with_zone,with_z,without,unreadable}'::regclass[]) WITH ORDINALITY AS r (relation, i),
    biconnector_probe(relation) WITH ORDINALITY AS p (column_name, capability, verdict, reason, asked, "right", request, n)
WHERE column_name = 'ordered' ORDER BY i, n;
SELECT turn_on('with_offset');
CREATE TABLE copy_of_orders AS SELECT * FROM with_offset;
SELECT * FROM asked_of('with_offset', $$
ordered = '2023-01-01 09:00+02'
ordered < '2023-01-03 00:00+00'
ordered >= '2024-01-01 12:00-05'
$$, 'copy_of_orders');

--
-- A table that is larger than the sample, and one that is part of another
--
SELECT foreign_table('large', '', 'orders');
SELECT probe('large');
SELECT capability, verdict, reason FROM reports
WHERE relation = 'large'::regclass AND verdict <> 'exact';
-- what is beyond the sample shows that a cap is one
SELECT foreign_table('capped', 'cap:600', 'orders');
SELECT probe('capped');
SELECT capability, verdict, reason FROM reports
WHERE relation = 'capped'::regclass AND verdict <> 'exact';
SELECT foreign_table('part', '', 'items', $$filter '{">ID": "100", "FLAG": "1"}'$$);
SELECT probe('part');
SELECT not_exact('part');
SELECT count(*) FROM reports WHERE relation = 'part'::regclass
    AND NOT request -> 'filter' @> '{">ID": "100", "FLAG": "1"}' AND request IS NOT NULL;
SELECT turn_on('part');

-- A column none of whose values may be sent as it is: what is safe of them may be
SELECT foreign_table('unsafe', '', 'items', $$filter '{"ID": [13, 14, 15, 16, 17, 19]}'$$,
    $$name text OPTIONS (column_name 'NAME', field_type 'string')$$);
SELECT capability, verdict, reason, request #>> '{filter}' AS filter
FROM biconnector_probe('unsafe') WHERE column_name = 'name';
SELECT * FROM biconnector_probe_statement('unsafe');

--
-- JSON
--
SELECT format('CREATE SERVER json_shop FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data %L, request_format ''json'')',
              url || '/data') AS create_server FROM connector \gset
:create_server;
CREATE USER MAPPING FOR CURRENT_USER SERVER json_shop OPTIONS (login 'anna', password 's3cret word');
CREATE FOREIGN TABLE in_json (id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'),
                           price float8 OPTIONS (column_name 'PRICE', field_type 'double'))
SERVER json_shop OPTIONS (table_name 'items');
SELECT probe('in_json');
SELECT not_exact('in_json');
SELECT capability, reason, request - 'select' FROM reports
WHERE relation = 'in_json'::regclass AND (capability IN ('form', 'json') OR column_name = 'id' AND capability IN ('eq', 'in'))
ORDER BY n;
-- strings for numbers are what is not understood there
ALTER FOREIGN TABLE in_json OPTIONS (SET table_name 'items+strict_types');
SELECT column_name, capability, verdict FROM biconnector_probe('in_json')
WHERE column_name = 'id' AND capability IN ('eq', 'in') OR capability IN ('form', 'json');

--
-- Who may, and what is no table of a connector
--
SELECT attempt('SELECT count(*) FROM biconnector_probe(''copy'')');
SELECT attempt('SELECT count(*) FROM biconnector_probe_statement(''copy'')');
SELECT attempt('SELECT count(*) FROM biconnector_probe(1)');
SELECT count(*) FROM biconnector_probe(NULL);
SELECT count(*) FROM biconnector_probe_statement(NULL);
CREATE FOREIGN DATA WRAPPER other_wrapper;
CREATE SERVER other_server FOREIGN DATA WRAPPER other_wrapper;
CREATE FOREIGN TABLE other_table (a integer) SERVER other_server;
SELECT attempt('SELECT count(*) FROM biconnector_probe(''other_table'')');
CREATE ROLE prober;
GRANT USAGE ON SCHEMA probe TO prober;
SET ROLE prober;
SELECT attempt('SELECT count(*) FROM biconnector_probe(''probe.items'')');
SELECT attempt('SELECT count(*) FROM biconnector_probe_statement(''probe.items'')');
RESET ROLE;
GRANT SELECT ON items TO prober;
SET ROLE prober;
-- no user mapping; USAGE on the server is not needed
SELECT attempt('SELECT count(*) FROM biconnector_probe(''probe.items'')');
RESET ROLE;
CREATE USER MAPPING FOR prober SERVER shop OPTIONS (login 'anna', password 's3cret word');
SET ROLE prober;
SELECT count(*) > 90 FROM biconnector_probe('probe.items');
RESET ROLE;
ALTER USER MAPPING FOR prober SERVER shop OPTIONS (SET password 'wrong');
SET ROLE prober;
SELECT attempt('SELECT count(*) FROM biconnector_probe(''probe.items'')');
RESET ROLE;
-- a connector that fails, or is not there
SELECT attempt(format('SELECT count(*) FROM biconnector_probe(%L)', foreign_table('failing', misbehave)))
FROM unnest('{status:500}'::text[]) AS misbehave;
SELECT foreign_table('echoing', 'echo_secrets');
SELECT line ~ 's3cret' FROM attempt('SELECT count(*) FROM biconnector_probe(''probe.echoing'')') AS line;
SELECT foreign_table('broken', 'wrong_types');
SELECT attempt('SELECT count(*) FROM biconnector_probe(''broken'')');
CREATE SERVER down FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data 'http://127.0.0.1:1/data');
CREATE FOREIGN TABLE down (id bigint) SERVER down;
SELECT attempt('SELECT count(*) FROM biconnector_probe(''down'')');

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA probe CASCADE;
DROP SERVER json_shop CASCADE;
DROP SERVER down CASCADE;
DROP FOREIGN DATA WRAPPER other_wrapper CASCADE;
DROP USER MAPPING FOR prober SERVER shop;
DROP ROLE prober;
