--
-- Options: what may be set where, what is refused and in which words, and
-- what of it reaches the connector.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA options;
SET search_path = options, public;
-- Set one option to one value after the other; each was valid or was not
CREATE FUNCTION set_option(statement text, name text, VARIADIC vals text[]) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    value text;
    line text;
    first boolean;
BEGIN
    FOREACH value IN ARRAY vals LOOP
        first := true;
        FOR line IN SELECT attempt(format('%s OPTIONS (ADD %I %L)', statement, name, value)) LOOP
            RETURN NEXT CASE WHEN first THEN format('%s %L: %s', name, value, line) ELSE line END;
            IF first AND line = 'ok' THEN
                EXECUTE format('%s OPTIONS (DROP %I)', statement, name);
            END IF;
            first := false;
        END LOOP;
    END LOOP;
END
$$;
CREATE FUNCTION server_option(name text, VARIADIC vals text[]) RETURNS SETOF text
LANGUAGE sql AS $$ SELECT set_option('ALTER SERVER trial', name, VARIADIC vals) $$;
CREATE FUNCTION table_option(name text, VARIADIC vals text[]) RETURNS SETOF text
LANGUAGE sql AS $$ SELECT set_option('ALTER FOREIGN TABLE t', name, VARIADIC vals) $$;
CREATE FUNCTION column_option(name text, VARIADIC vals text[]) RETURNS SETOF text
LANGUAGE sql AS $$ SELECT set_option('ALTER FOREIGN TABLE t ALTER id', name, VARIADIC vals) $$;
CREATE FUNCTION mapping_option(name text, VARIADIC vals text[]) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT set_option('ALTER USER MAPPING FOR CURRENT_USER SERVER trial', name, VARIADIC vals)
$$;
CREATE SERVER trial FOREIGN DATA WRAPPER biconnector_fdw;
CREATE USER MAPPING FOR CURRENT_USER SERVER trial;
CREATE FOREIGN TABLE t (id int) SERVER trial;

--
-- URLs of endpoints are http or https.  What is refused is shown without a
-- password or key.
--
SELECT server_option(name, 'https://bi.example.com/x')
FROM unnest('{url_check,url_table_list,url_table_description,url_data}'::text[]) AS name;
SELECT server_option('url_data', 'http://localhost:8080', 'HTTPS://bi.example.com:8443/a/b',
                     'https://bi.example.com/data?key=secret', 'https://[::1]/data');
SELECT server_option('url_data', 'ftp://bi.example.com/data', 'file:///etc/passwd',
                     'gopher://bi.example.com/', 'bi.example.com/data', '/data', '', 'https://',
                     'https://bi.example.com:port/', 'http://bi example.com/',
                     E'https://bi.example.com/\nX: y', ' https://bi.example.com/data');
SELECT replace(server_option('url_data', value), value, '***')
FROM unnest(ARRAY['https://anna:secret@bi.example.com/data', 'https://anna@bi.example.com/data',
    'https://:secret@bi.example.com', 'https://anna:sec@ret@bi.example.com',
    'https://anna:sec/ret@bi.example.com/', 'https://anna:sec?ret@bi.example.com/',
    'https://anna:sec#ret@bi.example.com/', E'https://anna:secret\\@bi.example.com/',
    'https:anna:secret@bi.example.com/', 'anna:secret@bi.example.com/data',
    'ftp://anna:secret@bi.example.com/',
    'https:///anna:secret@bi.example.com/', 'https:/anna:secret@bi.example.com/']) AS value;
SELECT server_option('url_data', 'ftp://bi.example.com/data?key=', 'ftp://bi.example.com/data#top');
SELECT server_option('proxy', 'http://proxy:3128', 'https://proxy', 'socks5h://proxy:1080',
                     'ftp://proxy', 'proxy:3128', '', 'http://anna:secret@proxy:3128');

--
-- Other options of servers
--
SELECT server_option('request_format', 'form', 'json', 'JSON', 'xml', '');
SELECT server_option('row_limit', '1', '2147483647', '0', '-1', '2147483648', 'all', '');
SELECT server_option('map_fields', 'on', 'off', 'names');
SELECT server_option('analyze_limit', '1', '2147483647', '0', 'all');
SELECT server_option('filter_operators', 'eq', 'in', 'eq,in', ' IN , eq ', 'none', 'eq,none',
                     'like', 'eq,', '');
SELECT server_option('invalid_values', 'error', 'null', 'NULL', 'ignore', '');
SELECT server_option('fdw_startup_cost', '0', '12.5', '1e6', '-1', 'nan', 'cheap', '');
SELECT server_option('fdw_tuple_cost', '0', '0.01', '-0.01', 'nan', 'cheap');
SELECT server_option('connect_timeout', '10', '0.5', '500ms', '2min', '1d', '0', '-1', '2d', 'nan',
                     'soon', '10 parsecs', '');
SELECT server_option('read_timeout', '250', '1h', '0', '25h', 'never');
SELECT server_option('max_row_size', '64', '64kB', '1MB', '1GB', '63', '2GB', '-1', 'big', '10 apples');
SELECT server_option('compression', 'on', 'off', 'true', '0', 'gzip', '');
SELECT server_option('ssl_verify', 'on', 'off', 'maybe');
SELECT server_option(name, '/etc/ssl/a.pem', '')
FROM unnest('{ssl_ca_file,ssl_cert_file,ssl_key_file}'::text[]) AS name;
SELECT server_option('user_agent', 'Mozilla/5.0 (biconnector)', '', E'x\nCookie: y');
SELECT server_option('async_capable', 'on', 'off', 'perhaps');
SELECT server_option('parallel_safe', 'on', 'off', 'perhaps');
SELECT server_option('concurrency', '1', '64', '0', '65', '-1', 'many', '');
SELECT server_option('host', 'localhost');
SELECT server_option('table_name', 'items');

--
-- Options of tables and columns
--
SELECT table_option('table_name', 'items', 'Weird "Table"', 'таблица', '', E'a\nb');
SELECT table_option('row_limit', '10', '0');
SELECT table_option('analyze_limit', '10', '0');
SELECT table_option('estimated_rows', '0', '250', '1e6', '1e15', '2e15', '-1', '0.5', 'nan', 'many', '');
SELECT table_option('filter_operators', 'eq', 'none', 'none,in');
SELECT table_option('invalid_values', 'null', 'maybe');
SELECT table_option('fdw_startup_cost', '1', '-1');
SELECT table_option('fdw_tuple_cost', '1', '-1');
SELECT table_option('async_capable', 'on', 'off', 'perhaps');
SELECT table_option('parallel_safe', 'on', 'off', 'perhaps');
SELECT table_option('concurrency', '8');
SELECT table_option('schema_name', 'x');
SELECT column_option('column_name', 'ID', 'ключ', '');
SELECT column_option('field_type', 'int', 'STRING', 'double', 'date', 'datetime', 'money', 'timezone',
                     'integer', '');
SELECT column_option('filter_operators', 'eq', 'in', 'none', 'eq none');
SELECT column_option('time_zone', 'UTC', 'Europe/Berlin', 'Etc/GMT-2', 'Mars/Olympus', '+02', 'UTC+2', '');
SELECT column_option('row_limit', '1');

--
-- The wrapper has no options; a user mapping has any, except those with our
-- prefix.
--
SELECT attempt('ALTER FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (ADD debug ''on'')');
SELECT mapping_option('login', 'anna', '');
SELECT mapping_option('db-name', 'x');
SELECT mapping_option('host', 'x');
SELECT mapping_option('biconnector_login', 'secret');
SELECT mapping_option('biconnector_settings', '{}', '{"a=b": "x", "n": 5, "yes": true, "empty": ""}',
    '', 'secret', '["secret"]', '"secret"', 'null', '{"login": "secret"', '{"login": "secret"} x',
    '{"login": null}', '{"login": {"a": "secret"}}', '{"": "secret"}',
    '{"login": "secret\u0000"}');
ALTER USER MAPPING FOR CURRENT_USER SERVER trial OPTIONS (ADD login 'secret1');
SELECT mapping_option('biconnector_settings', '{"login": "secret2"}', '{"Login": "secret2"}');

--
-- Options are changed and removed like those of any wrapper.
--
ALTER SERVER trial OPTIONS (ADD row_limit '5', ADD invalid_values 'null');
SELECT attempt('ALTER SERVER trial OPTIONS (ADD row_limit ''6'')');
SELECT attempt('ALTER SERVER trial OPTIONS (SET row_limit ''none'')');
SELECT attempt('ALTER SERVER trial OPTIONS (DROP user_agent)');
ALTER SERVER trial OPTIONS (SET row_limit '6', DROP invalid_values);
ALTER FOREIGN TABLE t OPTIONS (ADD table_name 'items'), ALTER id OPTIONS (ADD column_name 'ID');
ALTER FOREIGN TABLE t ALTER id OPTIONS (SET column_name 'QTY');
ALTER FOREIGN TABLE t ALTER id OPTIONS (DROP column_name), OPTIONS (DROP table_name);
ALTER FOREIGN TABLE t ADD COLUMN name text OPTIONS (column_name 'NAME');
SELECT srvoptions FROM pg_foreign_server WHERE srvname = 'trial';
SELECT attname, attfdwoptions, ftoptions
FROM pg_foreign_table JOIN pg_attribute ON attrelid = ftrelid
WHERE ftrelid = 't'::regclass AND attnum > 0 ORDER BY attnum;

--
-- Files of the server machine, and turning off the check of certificates, are
-- for superusers.
--
CREATE ROLE regress_biconnector_user;
GRANT USAGE ON FOREIGN DATA WRAPPER biconnector_fdw TO regress_biconnector_user;
GRANT USAGE, CREATE ON SCHEMA options TO regress_biconnector_user;
SET ROLE regress_biconnector_user;
CREATE SERVER trial2 FOREIGN DATA WRAPPER biconnector_fdw
    OPTIONS (url_data 'https://bi.example.com/data', ssl_verify 'on');
SELECT set_option('ALTER SERVER trial2', name, '/etc/passwd')
FROM unnest('{ssl_ca_file,ssl_cert_file,ssl_key_file}'::text[]) AS name;
SELECT attempt('ALTER SERVER trial2 OPTIONS (SET ssl_verify ''off'')');
SELECT attempt('CREATE SERVER trial3 FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (ssl_verify ''0'')');
SELECT set_option('ALTER SERVER trial2', 'row_limit', '7');
RESET ROLE;
DROP SERVER trial2;

--
-- What is read only says so in PostgreSQL's words.
--
SELECT attempt('INSERT INTO shop.items (id) VALUES (1)');
SELECT attempt('UPDATE shop.items SET id = 1');
SELECT attempt('DELETE FROM shop.items');
SELECT attempt('COPY shop.items (id) FROM ''/dev/null''');
-- in words that changed in PostgreSQL 14
SELECT line IN ('0A000: cannot truncate foreign table "items"', '42809: "items" is not a table')
FROM attempt('TRUNCATE shop.items') AS line;

--
-- What reaches the connector: format of the request, headers, settings
--
-- The last request for data: a part of its log entry
CREATE FUNCTION sent(VARIADIC path text[]) RETURNS jsonb
LANGUAGE sql AS $$
    SELECT entry #> path
    FROM connector,
        regexp_split_to_table(pg_read_file(log), E'\n') AS line,
        LATERAL (SELECT nullif(line, '')::jsonb AS entry) AS parsed
    WHERE entry ->> 'endpoint' = 'data'
    ORDER BY (entry ->> 'n')::bigint DESC LIMIT 1
$$;
\set ECHO none
SELECT format('ALTER SERVER trial OPTIONS (ADD url_data %L, DROP row_limit)', url || '/data')
FROM connector \gexec
\set ECHO all
-- (ALTER SERVER trial OPTIONS (ADD url_data 'http://.../data'))
CREATE FOREIGN TABLE item (
    id int OPTIONS (column_name 'ID'),
    qty bigint OPTIONS (column_name 'QTY'),
    name text OPTIONS (column_name 'NAME')
) SERVER trial OPTIONS (table_name 'items');
GRANT SELECT ON item TO regress_biconnector_user;
-- wrong settings are an error
SELECT attempt('SELECT id FROM item');
-- and so are none
SET ROLE regress_biconnector_user;
SELECT attempt('SELECT id FROM item');
RESET ROLE;
SELECT sent('body');
-- those of the public mapping
CREATE USER MAPPING FOR PUBLIC SERVER trial OPTIONS (login 'anna', password 's3cret word');
SET ROLE regress_biconnector_user;
SELECT attempt('SELECT id FROM item');
RESET ROLE;
SELECT sent('body', 'connection');
-- a user's own mapping takes its place as a whole
CREATE USER MAPPING FOR regress_biconnector_user SERVER trial OPTIONS (login 'anna');
SET ROLE regress_biconnector_user;
SELECT attempt('SELECT id FROM item');
RESET ROLE;
DROP USER MAPPING FOR regress_biconnector_user SERVER trial;
DROP USER MAPPING FOR PUBLIC SERVER trial;

-- Codes that are no names of options are given as JSON: the connector gets
-- each as it is, in a form and in JSON
ALTER USER MAPPING FOR CURRENT_USER SERVER trial OPTIONS (
    DROP login,
    ADD password 's3cret word',
    ADD "db-name" 'shop',
    ADD biconnector_settings '{"login": "anna", "a=b": "x", "a&b": "&=%", "Ключ 1": "да",
        "65 characters or more: 0123456789012345678901234567890123456789012345678901234567890": 5,
        "active": true}');
SELECT id, qty, name FROM item WHERE id = 5;
SELECT setting FROM jsonb_object_keys(sent('body', 'connection')) AS setting ORDER BY setting COLLATE "C";
SELECT regexp_replace(sent('raw') #>> '{}', '.*&(limit=)', '\1');

-- A form holds strings, JSON the numbers that the fields have
SELECT requests_of('SELECT id, name FROM item WHERE qty = 5 AND name = ''Apple''');
SELECT requests_of('SELECT id, name FROM item WHERE qty IN (5, 7) LIMIT 3');
SELECT sent('headers') - 'accept-encoding', sent('format');
ALTER SERVER trial OPTIONS (ADD request_format 'json');
SELECT requests_of('SELECT id, name FROM item WHERE qty = 5 AND name = ''Apple''');
SELECT requests_of('SELECT id, name FROM item WHERE qty IN (5, 7) AND name IN (''Apple'', ''0'')');
SELECT id, qty, name FROM item WHERE qty = 100 AND id < 20;
SELECT sent('headers') - 'accept-encoding', sent('format');
SELECT setting FROM jsonb_object_keys(sent('body', 'connection')) AS setting ORDER BY setting COLLATE "C";
ALTER SERVER trial OPTIONS (SET request_format 'form');

-- the user agent, and whether answers may be compressed
ALTER SERVER trial OPTIONS (ADD user_agent 'Analyst/1 (test)', ADD compression 'off');
SELECT count(*) FROM item;
SELECT sent('headers');
ALTER SERVER trial OPTIONS (DROP user_agent, SET compression 'on');
SELECT count(*), sum(id) FROM item;
SELECT sent('headers', 'accept-encoding')::text ~ 'gzip';

-- Limits and operators: the table's word counts more than the server's, the
-- column's more than the table's.
ALTER SERVER trial OPTIONS (ADD row_limit '1000', ADD filter_operators 'in');
SELECT requests_of('SELECT id FROM item WHERE qty = 5 AND id IN (1, 13)');
ALTER FOREIGN TABLE item OPTIONS (ADD row_limit '2000', ADD filter_operators 'none');
SELECT requests_of('SELECT id FROM item WHERE qty = 5 AND id IN (1, 13)');
ALTER FOREIGN TABLE item ALTER qty OPTIONS (ADD filter_operators 'eq');
SELECT requests_of('SELECT id FROM item WHERE qty = 5 AND id IN (1, 13)');

-- A table without options shows the field codes that its columns are called
ALTER SERVER trial OPTIONS (DROP filter_operators);
CREATE FOREIGN TABLE "items" ("ID" int, "NAME" text) SERVER trial;
SELECT * FROM items WHERE "ID" = 8;
SELECT requests_of('SELECT * FROM items WHERE "ID" = 8');

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA options CASCADE;
DROP SERVER trial CASCADE;
REVOKE ALL ON FOREIGN DATA WRAPPER biconnector_fdw FROM regress_biconnector_user;
DROP ROLE regress_biconnector_user;
