--
-- Portals: IMPORT FOREIGN SCHEMA, and the options of tables and columns.
--
\pset format unaligned
\pset tuples_only on
\set portal_url `echo "$BICONNECTOR_PORTAL_URL"`
\! "$PYTHON" -B test/portal/control.py '{"reset": true}'
CREATE SCHEMA portal_import;
SET search_path = portal_import, public;
CREATE SERVER b24 FOREIGN DATA WRAPPER biconnector_portal OPTIONS (portal_url :'portal_url', rate_limit '0');
CREATE FUNCTION columns_of(name text) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT format('%s %s', attname, format_type(atttypid, atttypmod)) FROM pg_attribute
    WHERE attrelid = name::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
$$;
CREATE FUNCTION tables() RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT format('%s %s', relname, ftoptions) FROM pg_foreign_table JOIN pg_class ON oid = ftrelid
    WHERE relnamespace = 'portal_import'::regnamespace ORDER BY relname
$$;

-- what newer portals have is asked for, and the rest is known: no token is needed for it
IMPORT FOREIGN SCHEMA biconnector LIMIT TO (sources, datasets, dataset_fields) FROM SERVER b24 INTO portal_import;
SELECT tables();
SELECT columns_of('sources');
SELECT columns_of('datasets');
SELECT columns_of('dataset_fields');
SELECT attempt('IMPORT FOREIGN SCHEMA biconnector LIMIT TO (connectors) FROM SERVER b24 INTO portal_import');
CREATE USER MAPPING FOR CURRENT_USER SERVER b24 OPTIONS (access_token 'portal-token');
IMPORT FOREIGN SCHEMA biconnector EXCEPT (sources, datasets, dataset_fields) FROM SERVER b24 INTO portal_import;
SELECT columns_of('connectors');
DROP FOREIGN TABLE connectors;
\! "$PYTHON" -B test/portal/control.py '{"options": {"later": true}}'
IMPORT FOREIGN SCHEMA biconnector LIMIT TO (connectors) FROM SERVER b24 INTO portal_import;
SELECT columns_of('connectors') OFFSET 11;
DROP FOREIGN TABLE connectors, sources, datasets, dataset_fields;
IMPORT FOREIGN SCHEMA biconnector FROM SERVER b24 INTO portal_import;
SELECT tables();
DROP FOREIGN TABLE connectors, sources, datasets, dataset_fields;
-- a name that is none
IMPORT FOREIGN SCHEMA biconnector LIMIT TO (sources, source) FROM SERVER b24 INTO portal_import;
SELECT tables();
SELECT attempt('IMPORT FOREIGN SCHEMA public FROM SERVER b24 INTO portal_import');
SELECT attempt($$IMPORT FOREIGN SCHEMA biconnector FROM SERVER b24 INTO portal_import OPTIONS (probe 'off')$$);
-- an answer that is none
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.fields", "action": "answer", "body": {"result": []}}]}'
SELECT attempt('IMPORT FOREIGN SCHEMA biconnector LIMIT TO (connectors) FROM SERVER b24 INTO portal_import');

--
-- Options of tables and columns
--
SELECT attempt(format('ALTER FOREIGN TABLE sources OPTIONS (ADD %I %L)', name, value))
FROM (VALUES ('estimated_rows', '-1'), ('estimated_rows', '1.5'), ('estimated_rows', 'many'), ('estimated_rows', '100'),
             ('fdw_startup_cost', '-1'), ('fdw_startup_cost', '5'), ('fdw_tuple_cost', 'x'), ('fdw_tuple_cost', '1'),
             ('table_name', 'sources')) AS o (name, value);
SELECT attempt($$ALTER FOREIGN TABLE sources OPTIONS (SET object 'source')$$);
SELECT attempt($$ALTER FOREIGN TABLE sources ALTER title OPTIONS (ADD column_name 'caption')$$);
SELECT attempt($$ALTER FOREIGN TABLE sources ALTER title OPTIONS (ADD field_type 'int')$$);
-- made by hand: other names, other types, fewer columns
\! "$PYTHON" -B test/portal/control.py '{"reset": true, "options": {"check": "off"}}'
SELECT biconnector_call('b24', 'biconnector.connector.add', '{"fields": {"title": "Shop", "logo": "data:,x", "sort": 7,
    "urlCheck": "http://127.0.0.1:1/", "urlTableList": "http://127.0.0.1:1/", "urlTableDescription": "http://127.0.0.1:1/",
    "urlData": "http://127.0.0.1:1/", "settings": [{"code": "login", "name": "Login", "type": "STRING"}]}}') -> 'result';
CREATE FOREIGN TABLE mine (sort numeric(5,1), "the Title" varchar(2) OPTIONS (column_name 'title'),
    key text OPTIONS (column_name 'id'), day date OPTIONS (column_name 'date_create'), id smallint)
    SERVER b24 OPTIONS (object 'connectors');
SELECT attempt('SELECT * FROM mine');
ALTER FOREIGN TABLE mine ALTER "the Title" TYPE varchar;
SELECT * FROM mine;
SELECT * FROM mine WHERE key = '1' AND day = '2026-01-02' AND sort < 7.5 AND id = 1;
CREATE FOREIGN TABLE connectors (id bigint, title text) SERVER b24;
SELECT * FROM connectors;
ALTER FOREIGN TABLE connectors RENAME TO connector;
SELECT attempt('SELECT * FROM connector');
ALTER FOREIGN TABLE connector OPTIONS (object 'connectors');
ALTER FOREIGN TABLE connector RENAME title TO caption;
SELECT attempt('SELECT * FROM connector');
ALTER FOREIGN TABLE connector ALTER caption OPTIONS (column_name 'title');
SELECT * FROM connector;
-- no columns at all
CREATE FOREIGN TABLE none () SERVER b24 OPTIONS (object 'connectors');
SELECT count(*) FROM none;
-- a column of another kind of objects
CREATE FOREIGN TABLE other (visible boolean) SERVER b24 OPTIONS (object 'connectors');
SELECT attempt('SELECT * FROM other');

\! "$PYTHON" -B test/portal/control.py '{"reset": true}'
SET client_min_messages = error;
DROP SERVER b24 CASCADE;
DROP SCHEMA portal_import CASCADE;
