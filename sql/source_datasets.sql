--
-- Datasets of a portal: as foreign tables of a server that is their source, and made of
-- foreign tables.
--
-- The portal keeps what is made in it: it is reset at start and end.
--
\! "$PYTHON" -B test/portal/control.py '{"reset": true, "options": {"check": "off"}}'
\set url `echo "$BICONNECTOR_URL"`
\set portal `echo "$BICONNECTOR_PORTAL_URL"`
\set portal_log `echo "$BICONNECTOR_PORTAL_LOG"`
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA source_datasets;
CREATE SCHEMA datasets_portal;
CREATE SCHEMA here;
SET search_path = source_datasets, public;
CREATE TABLE portal_log AS SELECT :'portal_log'::text AS log;
CREATE FUNCTION place() RETURNS bigint LANGUAGE sql AS 'SELECT size FROM portal_log, pg_stat_file(log)';
-- How often each method has been called since
CREATE FUNCTION calls(place bigint) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT format('%s x %s', count(*), entry ->> 'method')
    FROM portal_log,
        regexp_split_to_table(pg_read_file(log, place, place() - place), E'\n') AS line,
        LATERAL (SELECT nullif(line, '')::jsonb AS entry) AS parsed
    WHERE entry ? 'method' GROUP BY entry ->> 'method' ORDER BY entry ->> 'method'
$$;
-- The foreign tables in schema here: their options, their columns with theirs
CREATE FUNCTION tables() RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT line FROM (
        SELECT relname, 0, format('%s %s', relname, ftoptions)
        FROM pg_foreign_table JOIN pg_class ON oid = ftrelid WHERE relnamespace = 'here'::regnamespace
        UNION ALL
        SELECT relname, attnum, format('    %s %s %s', attname, format_type(atttypid, atttypmod), attfdwoptions)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'here'::regnamespace AND attnum > 0) AS lines (relation, number, line)
    ORDER BY relation, number
$$;
CREATE FUNCTION clean() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DROP SCHEMA IF EXISTS here CASCADE;
    CREATE SCHEMA here;
END
$$;

CREATE SERVER datasets_portal FOREIGN DATA WRAPPER biconnector_portal OPTIONS (portal_url :'portal', rate_limit '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER datasets_portal OPTIONS (access_token 'portal-token');
IMPORT FOREIGN SCHEMA biconnector FROM SERVER datasets_portal INTO datasets_portal;
INSERT INTO datasets_portal.connectors (title, logo, url_check, url_table_list, url_table_description, url_data, settings)
VALUES ('Shop', 'L', :'url' || '/check', :'url' || '/table_list', :'url' || '/table_description', :'url' || '/data',
    '[{"code": "login", "name": "Login", "type": "STRING"}, {"code": "password", "name": "Password", "type": "STRING"}]');
INSERT INTO datasets_portal.sources (title, connector_id, settings) VALUES
    ('Anna', 1, '{"login": "anna", "password": "s3cret word"}'),
    ('Anna, too', 1, '{"login": "anna", "password": "s3cret word"}');
CREATE SERVER datasets_shop FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (portal 'datasets_portal', source_id '1');

--
-- IMPORT: names and types are the portal's, codes the connector's; hidden fields are left out
--
INSERT INTO datasets_portal.datasets (source_id, name, external_code, external_name, fields) VALUES
    (1, 'goods', 'items', 'Items', '[{"name": "NUMBER", "externalCode": "ID", "type": "int"},
        {"name": "LABEL", "externalCode": "NAME", "type": "string"}, {"name": "PRICE", "externalCode": "PRICE", "type": "double"},
        {"name": "BORN_ON", "externalCode": "BORN", "type": "date"}, {"name": "MADE_AT", "externalCode": "CREATED", "type": "datetime"},
        {"name": "SECRET", "externalCode": "STATUS", "type": "string"}]'),
    (1, 'numbers', 'items', 'Items', '[{"name": "ID", "externalCode": "ID", "type": "string"}]'),
    (1, 'hidden', 'items', 'Items', '[{"name": "ID", "externalCode": "ID", "type": "int"}]'),
    (1, repeat('long_', 46), 'orders', 'Orders', '[{"name": "XMIN", "externalCode": "ORDER_ID", "type": "int"}]'),
    (2, 'not_ours', 'items', 'Items', '[{"name": "ID", "externalCode": "ID", "type": "int"}]');
UPDATE datasets_portal.dataset_fields SET visible = false WHERE dataset_id = 1 AND name = 'SECRET' OR dataset_id = 3;
SELECT clean();
SELECT place() AS place \gset
IMPORT FOREIGN SCHEMA datasets FROM SERVER datasets_shop INTO here OPTIONS (probe 'off');
SELECT calls(:place);
SELECT tables();
SELECT number, label, price, born_on, made_at FROM here.goods WHERE number < 4 ORDER BY number;
SELECT count(*), count(id) FROM here.numbers;
SELECT count(*) FROM here.hidden;
-- the same rows as in the connector's own table
IMPORT FOREIGN SCHEMA connector LIMIT TO (items) FROM SERVER datasets_shop INTO here OPTIONS (probe 'off');
SELECT count(*) FROM (
    (TABLE here.goods EXCEPT ALL SELECT id, name, price, born, created FROM here.items)
    UNION ALL (SELECT id, name, price, born, created FROM here.items EXCEPT ALL TABLE here.goods)) AS differences;
-- LIMIT TO and EXCEPT: only what is wanted is asked for
SELECT clean();
SELECT place() AS place \gset
IMPORT FOREIGN SCHEMA datasets LIMIT TO (numbers, nothing) FROM SERVER datasets_shop INTO here OPTIONS (probe 'off');
SELECT calls(:place);
SELECT tables();
SELECT clean();
IMPORT FOREIGN SCHEMA datasets EXCEPT (goods, hidden) FROM SERVER datasets_shop INTO here OPTIONS (probe 'off', case 'keep');
SELECT tables();
-- probing, as elsewhere
SELECT clean();
IMPORT FOREIGN SCHEMA datasets LIMIT TO (goods) FROM SERVER datasets_shop INTO here;
SELECT tables();
SELECT * FROM plan_of('SELECT label FROM here.goods WHERE number BETWEEN 5 AND 7 LIMIT 2', 'COSTS OFF') AS line WHERE line ~ 'Remote';
-- options
SELECT attempt($$IMPORT FOREIGN SCHEMA datasets FROM SERVER datasets_shop INTO here OPTIONS (search 'x')$$);
SELECT attempt($$IMPORT FOREIGN SCHEMA datasets FROM SERVER datasets_shop INTO here OPTIONS (case 'x')$$);
-- more than a page, of which one is deleted behind our back, and a filter that is ignored
SELECT clean();
INSERT INTO datasets_portal.datasets (source_id, name, external_code, external_name, fields)
SELECT 1, 'many_' || i, 'bigids', 'Big', '[{"name": "ID", "externalCode": "ID", "type": "int"}]' FROM generate_series(1, 60) AS i;
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.dataset.get", "skip": 7, "action": "calls", "calls": [{"method": "biconnector.dataset.delete", "params": {"id": 13}}]}]}'
SELECT place() AS place \gset
IMPORT FOREIGN SCHEMA datasets EXCEPT (goods, numbers, hidden) FROM SERVER datasets_shop INTO here OPTIONS (probe 'off');
SELECT calls(:place);
SELECT count(*) FROM pg_foreign_table JOIN pg_class ON oid = ftrelid WHERE relnamespace = 'here'::regnamespace;
DELETE FROM datasets_portal.datasets WHERE name LIKE 'many%';
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.dataset.list", "action": "answer", "body": {"result": [{"id": 1, "sourceId": "2", "name": "goods", "externalCode": "items"}, {"id": 2, "sourceId": "1", "name": "numbers", "externalCode": "items"}]}}]}'
SELECT clean();
IMPORT FOREIGN SCHEMA datasets FROM SERVER datasets_shop INTO here OPTIONS (probe 'off');
SELECT tables();
-- answers that cannot be understood
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.dataset.list", "action": "answer", "body": {"result": [{"id": 1, "sourceId": "1", "name": "goods"}]}}]}'
SELECT attempt('IMPORT FOREIGN SCHEMA datasets FROM SERVER datasets_shop INTO here');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.dataset.get", "action": "answer", "body": {"result": {"item": {"id": 1, "fields": [{"name": "ID", "type": "int"}]}}}}]}'
SELECT attempt('IMPORT FOREIGN SCHEMA datasets FROM SERVER datasets_shop INTO here');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.dataset.get", "action": "answer", "body": {"result": {"item": {"id": 1, "fields": ["ID"]}}}}]}'
SELECT attempt('IMPORT FOREIGN SCHEMA datasets FROM SERVER datasets_shop INTO here');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.dataset.get", "action": "answer", "body": {"result": {"item": {"id": 1}}}}]}'
SELECT attempt('IMPORT FOREIGN SCHEMA datasets FROM SERVER datasets_shop INTO here');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.dataset.get", "action": "answer", "body": {"result": {"item": {"id": 1, "fields": [{"name": "ID", "externalCode": "A", "type": "int"}, {"name": "ID", "externalCode": "B", "type": "int"}]}}}}]}'
SELECT attempt('IMPORT FOREIGN SCHEMA datasets FROM SERVER datasets_shop INTO here');
-- a portal whose methods have the other name, and more types
\! "$PYTHON" -B test/portal/control.py '{"options": {"family": "table", "later": true}}'
SELECT attempt('IMPORT FOREIGN SCHEMA datasets FROM SERVER datasets_shop INTO here');
ALTER SERVER datasets_portal OPTIONS (ADD method_family 'table');
INSERT INTO datasets_portal.datasets (source_id, name, external_code, external_name, fields) VALUES
    (1, 'amounts', 'items', 'Items', '[{"name": "AMOUNT", "externalCode": "AMOUNT", "type": "money"},
        {"name": "TZ", "externalCode": "TZ", "type": "timezone"}]');
SELECT clean();
IMPORT FOREIGN SCHEMA datasets LIMIT TO (amounts) FROM SERVER datasets_shop INTO here OPTIONS (probe 'off');
SELECT tables();

--
-- The way back: from a foreign table to a dataset
--
SELECT clean();
IMPORT FOREIGN SCHEMA connector LIMIT TO (items, bigids, "Weird ""Table""") FROM SERVER datasets_shop INTO here
OPTIONS (probe 'off');
SELECT biconnector_dataset_statement('here.items', 1);
SELECT biconnector_dataset_statement('here.items', 2, 'two_' || repeat('x', 226));
SELECT attempt(biconnector_dataset_statement('here.items', 1));
SELECT attempt(biconnector_dataset_statement('here.bigids', 1, 'big_2'));
SELECT biconnector_dataset_statement('here."Weird ""Table"""', 1) AS statement \gset
:statement
IMPORT FOREIGN SCHEMA datasets LIMIT TO (big_2, weird_table) FROM SERVER datasets_shop INTO here OPTIONS (probe 'off');
SELECT count(*) FROM (TABLE here.bigids EXCEPT ALL TABLE here.big_2) AS differences;
SELECT count(*) FROM (TABLE here."Weird ""Table""" EXCEPT ALL TABLE here.weird_table) AS differences;
-- names that portals do not take, and columns without a type of field
CREATE TYPE mood AS ENUM ('happy');
CREATE DOMAIN positive AS numeric CHECK (VALUE > 0);
CREATE FOREIGN TABLE here."1. Продажи_2024" (
    "_id" smallint, "Цена" numeric, "Цена со скидкой, EUR" positive, dropped int, "1st" date, "1ST" timestamptz,
    "f_1st" timestamp(0), a_name_that_is_longer_than_portals_take text, a_name_that_is_longer_than_portals_allow mood,
    again varchar(5) OPTIONS (column_name '_id'), "quoted" json OPTIONS (column_name 'a "b" c\d', field_type 'string'))
    SERVER datasets_shop OPTIONS (table_name 'it''s');
ALTER FOREIGN TABLE here."1. Продажи_2024" DROP COLUMN dropped;
SELECT biconnector_dataset_statement('here."1. Продажи_2024"', 1);
SELECT attempt(biconnector_dataset_statement('here."1. Продажи_2024"', 1));
CREATE FOREIGN TABLE here."Продажи" (id int) SERVER datasets_shop;
SELECT biconnector_dataset_statement('here."Продажи"', 1);
-- a part of a table becomes all of it
SET client_min_messages = notice;
CREATE FOREIGN TABLE here.part (id int) SERVER datasets_shop OPTIONS (filter '{"ID": 5}');
SELECT biconnector_dataset_statement('here.part', 1);
SET client_min_messages = warning;
-- tables of servers with endpoints of their own are no different
SELECT split_part(biconnector_dataset_statement('shop.items', 1), E'\n', 1);
SELECT biconnector_dataset_statement(NULL, 1), biconnector_dataset_statement('here.items', NULL),
    biconnector_dataset_statement('here.items', 1, NULL);
-- what cannot be a name, and what cannot be a dataset
SELECT attempt(format('SELECT biconnector_dataset_statement(''here.items'', 1, %L)', name))
FROM unnest(ARRAY['', 'Goods', '1st', '_x', 'a-b', 'ü', repeat('x', 231)]) AS name;
CREATE TABLE here.local (id int);
CREATE FOREIGN TABLE here.empty () SERVER datasets_shop;
SELECT attempt($$SELECT biconnector_dataset_statement('here.local', 1)$$);
SELECT attempt($$SELECT biconnector_dataset_statement('datasets_portal.datasets', 1)$$);
SELECT attempt($$SELECT biconnector_dataset_statement('here.empty', 1)$$);
-- which table shows the datasets
CREATE SCHEMA datasets_other;
CREATE FOREIGN TABLE datasets_other."All" (id bigint, source_id bigint, called text OPTIONS (column_name 'name'),
    external_code text, external_name text, fields jsonb) SERVER datasets_portal OPTIONS (object 'datasets');
SELECT attempt($$SELECT biconnector_dataset_statement('here.bigids', 1)$$);
SET search_path = source_datasets, datasets_other, public;
SELECT split_part(biconnector_dataset_statement('here.bigids', 1), E'\n', 1);
ALTER FOREIGN TABLE datasets_other."All" DROP COLUMN external_name;
SELECT attempt($$SELECT biconnector_dataset_statement('here.bigids', 1)$$);
DROP SCHEMA datasets_other CASCADE;
CREATE SERVER datasets_nowhere FOREIGN DATA WRAPPER biconnector_portal OPTIONS (portal_url :'portal');
ALTER SERVER datasets_shop OPTIONS (SET portal 'datasets_nowhere');
SELECT attempt($$SELECT biconnector_dataset_statement('here.bigids', 1)$$);
DROP FOREIGN TABLE datasets_portal.datasets;
SELECT attempt($$SELECT biconnector_dataset_statement('shop.items', 1)$$);
-- a table that one may not read is none of one's business
CREATE ROLE source_stranger;
GRANT USAGE ON SCHEMA here, source_datasets TO source_stranger;
SET ROLE source_stranger;
SELECT attempt($$SELECT biconnector_dataset_statement('here.bigids', 1)$$);
RESET ROLE;
DROP SCHEMA here, source_datasets, datasets_portal CASCADE;
DROP SERVER datasets_shop, datasets_nowhere, datasets_portal CASCADE;
DROP ROLE source_stranger;
\! "$PYTHON" -B test/portal/control.py '{"reset": true}'
