--
-- IMPORT FOREIGN SCHEMA probes the tables it makes: what their connector does right becomes
-- options.
--
\pset format unaligned
\pset tuples_only on
SET datestyle = ISO;
CREATE SCHEMA import_probe;
SET search_path = import_probe, public;
SELECT format('CREATE SERVER %s FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
        url_table_list %L, url_table_description %L, url_data %L)',
    'bazaar', url || '/table_list', url || '/table_description', url || '/data')
    AS create_server FROM connector \gset
:create_server;
CREATE USER MAPPING FOR CURRENT_USER SERVER bazaar
    OPTIONS (login 'anna', password 's3cret word', misbehave '');
-- Import tables under these misbehaviours into an empty schema.  Shows what is wrong, or the
-- tables' and columns' options but those that say which table and field it is.
CREATE FUNCTION import(tables text, options text DEFAULT '', misbehave text DEFAULT '') RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP SCHEMA IF EXISTS got CASCADE;
    CREATE SCHEMA got;
    EXECUTE format('ALTER USER MAPPING FOR CURRENT_USER SERVER bazaar OPTIONS (SET misbehave %L)', misbehave);
    PERFORM set_config('client_min_messages', 'notice', true);
    FOR line IN SELECT attempt(format('IMPORT FOREIGN SCHEMA connector LIMIT TO (%s) FROM SERVER bazaar INTO got%s',
                                      tables, coalesce(' OPTIONS (' || nullif(options, '') || ')', ''))) LOOP
        CONTINUE WHEN line = 'ok';
        RETURN NEXT line;
    END LOOP;
    RETURN QUERY
        SELECT format('%s: %s', relname,
                      (SELECT string_agg(format('%s=%s', option_name, option_value), ' ')
                       FROM pg_options_to_table(ftoptions) WHERE option_name <> 'table_name'))
        FROM pg_class JOIN pg_foreign_table ON ftrelid = oid
        WHERE relnamespace = 'got'::regnamespace ORDER BY relname COLLATE "C";
    RETURN QUERY
        SELECT format('  %s.%s %s: %s', relname, attname, format_type(atttypid, atttypmod),
                      (SELECT string_agg(format('%s=%s', option_name, option_value), ' ')
                       FROM pg_options_to_table(attfdwoptions)
                       WHERE option_name NOT IN ('column_name', 'field_type')))
        FROM pg_class AS c JOIN pg_attribute ON attrelid = c.oid
        WHERE relnamespace = 'got'::regnamespace AND attnum > 0
            AND (atttypid = 'timestamptz'::regtype OR 'filter_operators' IN
                    (SELECT option_name FROM pg_options_to_table(attfdwoptions)))
        ORDER BY relname COLLATE "C", attnum;
END
$$;

--
-- A connector that does everything right, and without a probe
--
SELECT import('items, orders, "Weird ""Table"""');
SELECT import('items', $$probe 'off'$$);
SELECT import('items', $$probe 'no idea'$$);
SELECT import('single, empty_table');
-- the options are those that biconnector_probe_statement() would give
SELECT import('items, orders, bigids');
SELECT biconnector_probe_statement(oid) FROM pg_class WHERE relnamespace = 'got'::regnamespace;
-- the results are right, with less asked for
CREATE TABLE copy AS SELECT * FROM shop.items;
SELECT * FROM asked_of('got.items', $$
qty BETWEEN 5 AND 100 AND name LIKE 'Item%'
born < '2020-03-01' OR price > 300
$$, 'copy');
SELECT count(*) FROM requests_of('SELECT * FROM got.items WHERE qty >= 100 LIMIT 3') AS body WHERE body ->> 'limit' = '3';
-- what the server says already needs no option
ALTER SERVER bazaar OPTIONS (filter_operators 'eq,in,ne,not_in,lt,le,gt,ge,substring,like,and,or', push_limit 'filtered');
SELECT import('orders');
-- what it says and is not true is put right
SELECT import('orders', '', 'ge_as_gt,limit_before_filter');
ALTER SERVER bazaar OPTIONS (DROP filter_operators, DROP push_limit);
-- a table is not asked for often, whatever it is like: about 120 times at most
SELECT body ->> 'table', count(*) BETWEEN 20 AND 130
FROM requests_of('SELECT import_probe.import(''items, wide'')') AS body WHERE body ? 'table' GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM requests_of('SELECT import_probe.import(''items'', $o$probe ''off''$o$)');

--
-- Connectors that do not
--
SELECT CASE line WHEN '' THEN '--- ' || misbehave ELSE line END
FROM unnest('{limit_before_filter,ignore_filter,filter_500,filter_loses_all,strict_types,vendor,case_insensitive,floats_as_text,list_500,date_boundary,select_500,max_limit:1000}'::text[])
        WITH ORDINALITY AS m (misbehave, n),
    LATERAL (SELECT '' AS line, 0::bigint AS i UNION ALL SELECT * FROM import('items', '', misbehave) WITH ORDINALITY AS t) AS lines
ORDER BY n, i;

--
-- Datetimes with offsets: columns that have them are timestamptz, unless a type is given
--
SELECT import('items, orders', '', 'data/iso_datetimes');
SELECT import('orders', '', 'iso_datetimes');
SELECT order_id, ordered AT TIME ZONE 'UTC' FROM got.orders WHERE order_id = 7;
SELECT import('orders', '', 'datetime_z');
SELECT import('orders', $$datetime_type 'timestamp'$$, 'iso_datetimes');
SELECT import('orders', $$datetime_type 'timestamptz'$$);
SELECT import('orders', $$probe 'off'$$, 'iso_datetimes');

--
-- A table that cannot be probed is made, with the defaults, and a notice says why
--
SELECT import('items', '', 'wrong_types');
SELECT import('items, orders', '', 'truncated');
SELECT import('items', '', 'lower_header');
SELECT import('items', '', 'zero_dates');
SELECT import('items', '', 'status:500');
SELECT import('items', '', 'status:401');
SELECT import('single', '', 'html_warning');
-- settings do not show in it
SELECT import('"Weird ""Table"""', '', 'echo_secrets');
SELECT import('items', '', 'bad_utf8');

--
-- What is wrong with the list or a description is an error as before
--
SELECT import('single', '', 'table_description/status:500');
SELECT import('single', '', 'description_duplicate');
SELECT import('single', '', 'table_list/status:401');
-- no endpoint for data
ALTER SERVER bazaar OPTIONS (DROP url_data);
SELECT import('single');
SELECT import('single', $$probe 'off'$$);

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA got CASCADE;
DROP SCHEMA import_probe CASCADE;
DROP SERVER bazaar CASCADE;
