--
-- Errors: what connectors and connections do wrong, in which words it is
-- told, and that no value of a setting is told with it.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA errors;
SET search_path = errors, public;
-- Run a query of a table of the shop under some misbehaviours
CREATE FOREIGN TABLE item (
    id int OPTIONS (column_name 'ID'),
    name text OPTIONS (column_name 'NAME'),
    qty bigint OPTIONS (column_name 'QTY')
) SERVER shop OPTIONS (table_name 'items');
CREATE FUNCTION ask(misbehave text, query text DEFAULT 'SELECT id, name FROM errors.item',
                    code text DEFAULT 'items') RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER FOREIGN TABLE errors.item OPTIONS (SET table_name %L)',
                   code || CASE WHEN misbehave <> '' THEN '+' || misbehave ELSE '' END);
    RETURN QUERY SELECT attempt(query);
END
$$;
-- The same, and the number of requests that it takes
CREATE FUNCTION ask_counted(misbehave text, query text DEFAULT 'SELECT id, name FROM errors.item',
                            code text DEFAULT 'items') RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    place bigint := log_end();
BEGIN
    RETURN QUERY SELECT ask(misbehave, query, code);
    RETURN QUERY SELECT format('%s requests', count(*)) FROM requests(place);
END
$$;

--
-- HTTP statuses
--
SELECT ask('status:500');
SELECT ask('status:400');
SELECT ask('status:401');
SELECT ask('status:403');
SELECT ask('status:404');
SELECT ask('status:407');
SELECT ask('status:413');
SELECT ask('form_only');
SELECT ask('json_only');
SELECT ask('status:204');
SELECT ask('status:201');
-- who comes too early comes again after the time that the connector says
SELECT ask_counted('503_once', code => 'all_null');
SELECT ask_counted('429_once', code => 'all_null');
-- but not for ever
SELECT ask_counted('503_always');
-- with a filter, a refusal may be its fault: it is asked again without, but
-- not if the status says that it is something else
SELECT ask_counted('status:500', 'SELECT id FROM errors.item WHERE id = 5');
SELECT ask_counted('status:401', 'SELECT id FROM errors.item WHERE id = 5');
SELECT ask_counted('error_200', 'SELECT id FROM errors.item WHERE id = 5');
SELECT ask_counted('filter_500', 'SELECT id FROM errors.item WHERE id = 5');

--
-- Status 200 with something else than rows
--
SELECT ask('error_200');
SELECT ask('status_error_200');
SELECT ask('html_warning');
SELECT ask('trailing_garbage');
SELECT ask('trailing_comma');
-- a byte order mark does no harm
SELECT ask('utf8_bom');

--
-- Answers that end too early
--
SELECT ask('truncated');
SELECT ask('truncated', code => 'empty_table');
SELECT ask('truncated_chunked');
SELECT ask('truncated_length');
SELECT ask('gzip_lie');
-- Nothing, not even a header, is not believed at once
SELECT ask_counted('empty_lie');
SELECT ask_counted('empty_bare', code => 'empty_table');
SELECT ask_counted('empty_double', code => 'empty_table');
SELECT ask_counted('empty_as_header_only', code => 'empty_table');

--
-- Rows and headers
--
SELECT ask('short_row');
SELECT ask('long_row');
SELECT ask('missing_field');
SELECT ask('missing_field', 'SELECT id FROM errors.item');
SELECT ask('doubled_field');
SELECT ask('lower_header');
SELECT ask('reversed_header,extra_fields');
SELECT ask('bad_utf8');
SELECT ask('nul_escape');
SELECT ask('lone_surrogate');
-- a value that nobody asks for does no harm
SELECT ask('bad_utf8', 'SELECT id FROM errors.item');
-- a row that is too large
SELECT ask('huge_row:3000000');
CREATE SERVER small FOREIGN DATA WRAPPER biconnector_fdw;
CREATE USER MAPPING FOR CURRENT_USER SERVER small OPTIONS (login 'anna', password 's3cret word');
CREATE FOREIGN TABLE small_item (id int OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'))
    SERVER small OPTIONS (table_name 'items+huge_row:3000000');
SELECT attempt('SELECT id, name FROM small_item');
\set ECHO none
SELECT format('ALTER SERVER small OPTIONS (ADD url_data %L)', url || '/data') FROM connector \gexec
\set ECHO all
-- (ALTER SERVER small OPTIONS (ADD url_data 'http://.../data'))
ALTER SERVER small OPTIONS (ADD max_row_size '1MB');
SELECT attempt('SELECT id, name FROM small_item');
SELECT attempt('SELECT id FROM small_item');
ALTER SERVER small OPTIONS (SET max_row_size '4MB');
SELECT attempt('SELECT id, name FROM small_item');

--
-- As many rows as were asked for may not be all of them.
--
ALTER FOREIGN TABLE small_item OPTIONS (SET table_name 'items');
ALTER SERVER small OPTIONS (ADD row_limit '250');
SELECT attempt('SELECT id FROM small_item');
SELECT attempt('SELECT id FROM small_item LIMIT 250');
SELECT attempt('SELECT id FROM small_item LIMIT 251');
SELECT attempt('SELECT id FROM small_item WHERE id IN (1, 2)');
ALTER FOREIGN TABLE small_item OPTIONS (ADD row_limit '100');
ALTER FOREIGN TABLE small_item RENAME TO "Small Item";
SELECT attempt('SELECT id FROM "Small Item"');
ALTER FOREIGN TABLE "Small Item" OPTIONS (SET row_limit '251');
SELECT attempt('SELECT id FROM "Small Item"');
ALTER FOREIGN TABLE "Small Item" OPTIONS (SET row_limit '2147483647');
SELECT attempt('SELECT id FROM "Small Item"');

--
-- Values that the column cannot hold: column, row, and the value shortened
--
SELECT ask('wrong_types');
SELECT ask('wrong_types', 'SELECT qty, name FROM errors.item');
SELECT ask('wrong_types', 'SELECT name FROM errors.item');
SELECT ask('wrong_types', 'SELECT qty FROM errors.item LIMIT 1');
CREATE FOREIGN TABLE strange (
    id smallint OPTIONS (column_name 'ID'),
    name date OPTIONS (column_name 'NAME'),
    long uuid OPTIONS (column_name 'NAME', field_type 'string')
) SERVER shop OPTIONS (table_name 'items');
SELECT attempt('SELECT name FROM strange');
SELECT attempt('SELECT long FROM strange WHERE id IN (12, 35) ORDER BY id');
SELECT attempt('SELECT long FROM strange WHERE id = 35');
SELECT attempt('SELECT id FROM strange');
ALTER FOREIGN TABLE strange OPTIONS (SET table_name 'bigids');
SELECT attempt('SELECT id FROM strange');
ALTER FOREIGN TABLE strange OPTIONS (ADD invalid_values 'null', SET table_name 'items');
SELECT attempt('SELECT name FROM strange');
SELECT attempt('SELECT long FROM strange');

--
-- Secrets: a connector sends back what it was sent, raw, percent-encoded in
-- two ways and as JSON in two ways.  Nowhere is a setting's value shown.
--
CREATE FOREIGN TABLE echo (a int, b int) SERVER small OPTIONS (table_name 't+echo_secrets');
ALTER USER MAPPING FOR CURRENT_USER SERVER small
    OPTIONS (DROP login, DROP password, ADD biconnector_settings '{}');
CREATE FUNCTION with_secret(secret text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER USER MAPPING FOR CURRENT_USER SERVER small OPTIONS (SET biconnector_settings %L)',
                   json_build_object('k', secret, 'login', 'anna', 'password', 's3cret word'));
    RETURN QUERY SELECT line FROM attempt('SELECT a, b FROM errors.echo LIMIT 1') AS line
                 WHERE line ~ 'DETAIL';
END
$$;
SELECT with_secret('s3cret word');
SELECT with_secret('word');
SELECT with_secret('a/b+c&d=e');
SELECT with_secret('"quoted" <tag> ''it''');
SELECT with_secret('Пароль 😀');
SELECT with_secret('a~b c*d(e)!/-_.f');
SELECT with_secret(E'back\\slash, tab\t, line\n.');
SELECT with_secret(repeat('long ', 3000));
ALTER SERVER small OPTIONS (ADD request_format 'json');
SELECT with_secret('a/b+c&d=e');
SELECT with_secret('"quoted" <tag> ''it''');
SELECT with_secret('Пароль 😀');
SELECT with_secret('a~b c*d(e)!/-_.f');
SELECT with_secret(E'back\\slash, tab\t, line\n.');
-- also in a value that cannot be read
CREATE FOREIGN TABLE fruit (id int OPTIONS (column_name 'ID'), name date OPTIONS (column_name 'NAME'))
    SERVER small OPTIONS (table_name 'items', row_limit '1000');
DO $$ BEGIN PERFORM with_secret('Apple'); END $$;
SELECT attempt('SELECT name FROM fruit');

--
-- Redirects: followed within the origin, refused elsewhere
--
SELECT ask('redirect_same');
SELECT ask('redirect_post_302');
SELECT ask('redirect:https://bi.example.com/data?key=x');
SELECT ask('redirect:/moved/data');
SELECT ask('redirect:' || url || '/moved/data') FROM connector;
SELECT ask_counted('redirect:/data');
-- the same connector under another name would note a second request
SELECT ask_counted('redirect:' || replace(url, '127.0.0.1', 'localhost') || '/data') FROM connector;
SELECT ask('redirect://bi.example.com/data');
SELECT ask('redirect:' || replace(url, '//', '//anna:secret@') || '/data') FROM connector;
SELECT ask('redirect:' || regexp_replace(url, ':\d+', ':1') || '/data') FROM connector;
SELECT ask('redirect:file:///etc/passwd');
SELECT ask('status:303');

--
-- Where there is no connector, table or option
--
SELECT ask('', code => 'no_such_table');
SELECT ask('unknown_table_empty', code => 'no_such_table');
CREATE SERVER nowhere FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data 'http://127.0.0.1:1/data?key=x');
CREATE FOREIGN TABLE nothing (id int) SERVER nowhere;
SELECT attempt('SELECT * FROM nothing');
ALTER SERVER nowhere OPTIONS (DROP url_data);
SELECT attempt('SELECT * FROM nothing');
-- EXPLAIN asks for nothing
EXPLAIN (COSTS OFF) SELECT * FROM nothing;

SET client_min_messages = warning;
DROP SCHEMA errors CASCADE;
DROP SERVER small CASCADE;
DROP SERVER nowhere CASCADE;
