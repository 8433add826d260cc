--
-- Writing a portal's tables: what is sent and what comes back, what is refused here
-- and by the portal, and what a statement that fails has done.
--
-- The portal keeps what is made in it: it is reset at start and end.
--
\! "$PYTHON" -B test/portal/control.py '{"reset": true}'
\set portal `echo "$BICONNECTOR_PORTAL_URL"`
\set portal_log `echo "$BICONNECTOR_PORTAL_LOG"`
\set url `echo "$BICONNECTOR_URL"`
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA portal_write;
SET search_path = portal_write, public;
CREATE SERVER portal_write FOREIGN DATA WRAPPER biconnector_portal
    OPTIONS (portal_url :'portal', rate_limit '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER portal_write OPTIONS (access_token 'portal-token');
IMPORT FOREIGN SCHEMA biconnector FROM SERVER portal_write INTO portal_write;

CREATE TABLE portal AS SELECT :'portal'::text AS url, :'portal_log'::text AS log;
CREATE FUNCTION place() RETURNS bigint
LANGUAGE sql AS 'SELECT size FROM portal, pg_stat_file(log)';
-- The calls in the portal's log from that place on
CREATE FUNCTION calls(place bigint) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT concat_ws(' ', '  ->', entry ->> 'method',
        replace(((entry -> 'params') - 'auth')::text, (SELECT url FROM connector), 'http://connector'),
        entry ->> 'error')
    FROM portal,
        regexp_split_to_table(pg_read_file(log, place, place() - place), E'\n') AS line,
        LATERAL (SELECT nullif(line, '')::jsonb AS entry) AS parsed
    WHERE entry ? 'method' ORDER BY (entry ->> 'n')::bigint
$$;
-- Run a statement, and show what it says and the calls that write
CREATE FUNCTION calls_of(statement text, reads boolean DEFAULT false) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    start bigint := place();
BEGIN
    RETURN QUERY SELECT attempt(statement);
    RETURN QUERY SELECT c FROM calls(start) AS c WHERE reads OR c !~ '\.list';
END
$$;
-- Is that how many calls were made for fields?  PostgreSQL 13 inserts row by row.
CREATE FUNCTION calls_are(place bigint, batches bigint, rows bigint) RETURNS boolean
LANGUAGE sql AS $$
    SELECT count(*) = CASE WHEN current_setting('server_version_num')::int >= 140000 THEN batches ELSE rows END
    FROM calls(place) AS call WHERE call ~ 'fields.update'
$$;
-- Tell the portal how to behave
\set python `echo "$PYTHON"`
CREATE TABLE control_program AS SELECT format('%s -c "import sys, urllib.request as u; u.urlopen(sys.argv[1], sys.stdin.buffer.read())" %s/control',
    :'python', :'portal') AS command;
CREATE FUNCTION control(instruction jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COPY (SELECT %L) TO PROGRAM %L', instruction, (SELECT command FROM control_program));
END
$$;

--
-- The whole life: a connector, the one that runs beside this test,
--
INSERT INTO connectors (title, logo, url_check, url_table_list, url_table_description, url_data, settings)
VALUES ('Shop', 'data:image/png;base64,', :'url' || '/check', :'url' || '/table_list',
    :'url' || '/table_description', :'url' || '/data',
    '[{"code": "login", "name": "Login", "type": "STRING"},
      {"code": "password", "name": "Password", "type": "STRING"}]')
RETURNING id, title, logo, description, sort, replace(url_check, :'url', ''), replace(url_data, :'url', ''),
    settings, date_create;
-- a source, with what the connector wants to know, which it is asked about,
SELECT attempt($$INSERT INTO sources (title, connector_id, settings)
    VALUES ('Anna', 1, '{"login": "anna", "password": "wrong"}')$$);
SELECT count(*) FROM sources;
INSERT INTO sources (title, connector_id, settings)
VALUES ('Anna', 1, '{"login": "anna", "password": "s3cret word"}') RETURNING *;
-- a dataset of six fields,
INSERT INTO datasets (source_id, name, description, external_code, external_name, fields)
VALUES (1, 'items', 'All of them', 'items', 'Items', '[
    {"name": "ID", "externalCode": "ID", "type": "int"},
    {"name": "NAME", "externalCode": "NAME", "type": "string"},
    {"name": "PRICE", "externalCode": "PRICE", "type": "double"},
    {"name": "DAY", "externalCode": "DAY", "type": "date"},
    {"name": "MOMENT", "externalCode": "MOMENT", "type": "datetime"},
    {"name": "STATUS", "externalCode": "STATUS", "type": "string"}]')
RETURNING id, source_id, type, name, description, external_code, external_name, external_id,
    date_create, date_update, created_by_id, updated_by_id;
SELECT * FROM dataset_fields WHERE dataset_id = 1 ORDER BY id;
-- changes of all of these,
UPDATE connectors SET title = 'The shop', sort = 50 WHERE id = 1 RETURNING id, title, sort;
UPDATE sources SET active = false, description = 'Hers' WHERE title = 'Anna' RETURNING *;
UPDATE datasets SET description = 'Some of them' WHERE name = 'items' RETURNING id, source_id, name, description;
-- fields that are added, several with one call, hidden and deleted,
SELECT place() AS place \gset
INSERT INTO dataset_fields (dataset_id, type, name, external_code)
VALUES (1, 'int', 'QTY', 'QTY'), (1, 'string', 'COLOUR', 'COLOUR'), (1, 'date', 'UNTIL', 'UNTIL');
SELECT calls_are(:place, 1, 3);
INSERT INTO dataset_fields (dataset_id, type, name, external_code)
VALUES (1, 'string', 'SIZE', 'SIZE') RETURNING *;
SELECT calls_of($$UPDATE dataset_fields SET visible = false WHERE dataset_id = 1 AND name = 'COLOUR'$$);
UPDATE dataset_fields SET visible = name <> 'QTY' WHERE dataset_id = 1 AND name IN ('COLOUR', 'QTY')
RETURNING *;
SELECT calls_of($$DELETE FROM dataset_fields WHERE dataset_id = 1 AND name = 'UNTIL'$$);
DELETE FROM dataset_fields WHERE dataset_id = 1 AND name = 'SIZE' RETURNING *;
SELECT id, name, visible FROM dataset_fields WHERE dataset_id = 1 ORDER BY id;
-- and the end: what others are made of cannot be deleted
SELECT calls_of('DELETE FROM connectors WHERE id = 1');
SELECT calls_of('DELETE FROM sources WHERE id = 1');
DELETE FROM datasets WHERE id = 1 RETURNING id, source_id, name, description, jsonb_array_length(fields);
SELECT calls_of('DELETE FROM connectors WHERE id = 1');
DELETE FROM sources WHERE title = 'Anna' RETURNING id, title, settings;
SELECT calls_of('DELETE FROM connectors');
SELECT (SELECT count(*) FROM connectors), (SELECT count(*) FROM sources), (SELECT count(*) FROM datasets),
    (SELECT count(*) FROM dataset_fields);

--
-- What is sent: what the statement gives
--
SELECT calls_of($$INSERT INTO connectors (title, logo, url_check, url_table_list, url_table_description, url_data, settings)
    VALUES ('One', 'L', (SELECT url || '/check' FROM connector), 'U', 'U', 'U', '[]')$$);
SELECT calls_of($$INSERT INTO connectors (title, logo, description, sort, url_check, url_table_list,
        url_table_description, url_data, settings)
    VALUES ('Two', 'L', DEFAULT, DEFAULT, 'http://127.0.0.1:1/', 'U', 'U', 'U',
        '[{"code": "a", "name": "A", "type": "STRING"}]')$$);
SELECT calls_of($$INSERT INTO connectors (title, logo, description, sort, url_check, url_table_list,
        url_table_description, url_data, settings)
    SELECT title || '!', logo, 'copied', 7, url_check, url_table_list, url_table_description, url_data, settings
    FROM connectors WHERE title = 'Two'$$);
SELECT calls_of('INSERT INTO connectors DEFAULT VALUES');
SELECT calls_of($$UPDATE connectors SET sort = sort + 1, description = title WHERE title LIKE 'Two%'$$);
-- also where it is what it was
SELECT calls_of($$UPDATE connectors SET sort = sort WHERE title = 'One'$$);
SELECT calls_of('UPDATE connectors SET sort = 1 WHERE false');
-- What comes back is read, unless it is known
SELECT calls_of($$WITH new AS (INSERT INTO connectors (title, logo, url_check, url_table_list, url_table_description,
        url_data, settings) VALUES ('Three', 'L', 'U', 'U', 'U', 'U', '[]') RETURNING id)
    SELECT * FROM new$$);
SELECT calls_of($$WITH new AS (UPDATE connectors SET sort = 9 WHERE title = 'Three' RETURNING tableoid::regclass, id)
    SELECT * FROM new$$);
SELECT calls_of($$WITH new AS (UPDATE connectors SET sort = 10 WHERE title = 'Three' RETURNING title)
    SELECT * FROM new$$);
INSERT INTO connectors (title, logo, url_check, url_table_list, url_table_description, url_data, settings)
VALUES ('Four', 'L', 'U', 'U', 'U', 'U', '[]') RETURNING tableoid::regclass, id;
DELETE FROM connectors WHERE title = 'Four' RETURNING tableoid::regclass, id, title, description, sort;

--
-- EXPLAIN shows the methods, and calls none
--
SELECT plan_of($$INSERT INTO sources (title, connector_id, settings) VALUES ('x', 1, '{}')$$);
SELECT plan_of($$INSERT INTO sources (title, connector_id, settings) VALUES ('x', 1, '{}') RETURNING id$$, 'COSTS OFF');
SELECT plan_of($$INSERT INTO sources (title, connector_id, settings) VALUES ('x', 1, '{}') RETURNING *$$, 'COSTS OFF');
SELECT line FROM plan_of($$UPDATE sources SET title = 'x', active = true WHERE id = 1 RETURNING title$$) AS line WHERE line ~ 'Method|Fields';
SELECT line FROM plan_of($$DELETE FROM sources WHERE id = 1$$) AS line WHERE line ~ 'Method';
SELECT line FROM plan_of($$DELETE FROM sources WHERE id = 1 RETURNING *$$) AS line WHERE line ~ 'Method';
SELECT line FROM plan_of($$INSERT INTO dataset_fields VALUES (DEFAULT, 1, 'int', 'X', 'x')$$) AS line WHERE line ~ 'Method|Fields';
SELECT line FROM plan_of($$UPDATE dataset_fields SET visible = true WHERE dataset_id = 1$$) AS line WHERE line ~ 'Method|Fields';
SELECT line FROM plan_of($$DELETE FROM dataset_fields WHERE dataset_id = 1$$) AS line WHERE line ~ 'Method|Fields';

--
-- What is refused before anything is sent
--
SELECT calls_of($$INSERT INTO connectors (id, title) VALUES (1, 'x')$$, true);
SELECT calls_of($$INSERT INTO connectors (title, date_create) VALUES ('x', now())$$, true);
SELECT calls_of($$INSERT INTO sources (title, code) VALUES ('x', NULL)$$, true);
SELECT calls_of($$INSERT INTO datasets (name, external_id) VALUES ('x', 1)$$, true);
SELECT calls_of($$INSERT INTO dataset_fields (dataset_id, visible) VALUES (1, true)$$, true);
SELECT calls_of('UPDATE connectors SET id = 7', true);
SELECT calls_of('UPDATE sources SET connector_id = 2', true);
SELECT calls_of('UPDATE sources SET date_update = now()', true);
SELECT calls_of($$UPDATE sources SET type = 'x'$$, true);
SELECT calls_of($$UPDATE datasets SET name = 'x' WHERE id = 1$$, true);
SELECT calls_of($$UPDATE datasets SET source_id = 1 WHERE id = 1$$, true);
SELECT calls_of($$UPDATE datasets SET fields = '[]' WHERE id = 1$$, true);
SELECT calls_of($$UPDATE dataset_fields SET name = 'X' WHERE id = 1$$, true);
SELECT calls_of($$UPDATE dataset_fields SET id = 1 WHERE dataset_id = 1$$, true);
SELECT calls_of($$EXPLAIN UPDATE datasets SET fields = '[]' WHERE id = 1$$, true);
SELECT calls_of($$INSERT INTO connectors (title, logo, sort) VALUES ('x', NULL, 1)$$, true);
SELECT calls_of($$UPDATE connectors SET description = NULL WHERE title = 'One'$$);
SELECT calls_of($$INSERT INTO sources (title, connector_id, settings) VALUES ('x', 1, '[]')$$, true);
SELECT calls_of($$INSERT INTO sources (title, connector_id, settings) VALUES ('x', 1, 'null')$$, true);
SELECT calls_of($$UPDATE connectors SET settings = 'null' WHERE title = 'One'$$);
SELECT calls_of($$INSERT INTO connectors (title) VALUES ('x') ON CONFLICT DO NOTHING$$, true);
SELECT calls_of($$INSERT INTO connectors (title) VALUES ('x') ON CONFLICT (id) DO UPDATE SET title = 'y'$$, true);

--
-- What the portal refuses.  connector.add and connector.update,
--
CREATE FUNCTION add_connector(title text, settings jsonb, OUT outcome text) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT attempt(format('INSERT INTO connectors (title, logo, url_check, url_table_list, url_table_description, url_data, settings)
        VALUES (%L, ''L'', ''U'', ''U'', ''U'', ''U'', %L)', title, settings))
$$;
SELECT attempt('INSERT INTO connectors DEFAULT VALUES');
SELECT attempt($$INSERT INTO connectors (title) VALUES ('x')$$);
SELECT attempt($$INSERT INTO connectors (title, source_code) VALUES ('x', 'y')$$);
SELECT add_connector('x', '"text"');
SELECT add_connector('x', '[{"code": "a", "name": "A"}]');
SELECT add_connector('x', jsonb_build_array(jsonb_build_object('code', 'a', 'name', repeat('x', 513), 'type', 'STRING')));
SELECT add_connector('x', jsonb_build_array(jsonb_build_object('code', repeat('x', 513), 'name', 'A', 'type', 'STRING')));
SELECT add_connector('x', '[{"code": "a", "name": "A", "type": "INT"}]');
SELECT attempt($$UPDATE connectors SET settings = '"text"' WHERE title = 'One'$$);
SELECT attempt($$UPDATE connectors SET source_code = 'x' WHERE title = 'One'$$);
SELECT attempt($$UPDATE connectors SET settings = '[{"code": "a"}]' WHERE title = 'One'$$);
SELECT attempt(format($$UPDATE connectors SET settings = %L WHERE title = 'One'$$,
    jsonb_build_array(jsonb_build_object('code', 'a', 'name', repeat('x', 513), 'type', 'STRING'))));
SELECT attempt(format($$UPDATE connectors SET settings = %L WHERE title = 'One'$$,
    jsonb_build_array(jsonb_build_object('code', repeat('x', 513), 'name', 'A', 'type', 'STRING'))));
SELECT attempt($$UPDATE connectors SET settings = '[{"code": "a", "name": "A", "type": "string"}]' WHERE title = 'One'$$);
-- source.add and source.update,
SELECT id AS one FROM connectors WHERE title = 'One' \gset
SELECT id AS two FROM connectors WHERE title = 'Two' \gset
INSERT INTO sources (title, connector_id, settings)
VALUES ('Anna', :one, '{"login": "anna", "password": "s3cret word"}') RETURNING id AS source \gset
SELECT attempt('INSERT INTO sources DEFAULT VALUES');
SELECT attempt($$INSERT INTO sources (title, connector_id) VALUES ('x', 1)$$);
SELECT attempt($$INSERT INTO sources (title, connector_id, settings) VALUES ('x', 999, '{}')$$);
SELECT attempt(format($$INSERT INTO sources (title, connector_id, settings) VALUES ('x', %s, '{}')$$, :two));
SELECT attempt($$UPDATE sources SET settings = '{"password": "wrong"}'$$);
UPDATE sources SET settings = '{"remark": "none"}' RETURNING settings;
-- dataset.add,
CREATE FUNCTION add_dataset(source bigint, name text, fields jsonb) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT attempt(format('INSERT INTO datasets (source_id, name, external_code, external_name, fields)
        VALUES (%L, %L, ''c'', ''n'', %L)', source, name, fields))
$$;
SELECT add_dataset(:source, 'taken', '[{"name": "ID", "externalCode": "id", "type": "int"}]');
SELECT attempt('INSERT INTO datasets DEFAULT VALUES');
SELECT attempt($$INSERT INTO datasets (name) VALUES ('x')$$);
SELECT add_dataset(:source, 'x', '"text"');
SELECT add_dataset(999, 'x', '[{"name": "ID", "externalCode": "id", "type": "int"}]');
SELECT add_dataset(:source, 'taken', '[{"name": "ID", "externalCode": "id", "type": "int"}]');
SELECT add_dataset(:source, 'Upper', '[{"name": "ID", "externalCode": "id", "type": "int"}]');
SELECT add_dataset(:source, repeat('x', 231), '[{"name": "ID", "externalCode": "id", "type": "int"}]');
SELECT add_dataset(:source, 'x', '[]');
SELECT add_dataset(:source, 'x', '[{"name": "ID", "type": "int"}]');
SELECT add_dataset(:source, 'x', '[{"name": "A", "externalCode": "a", "type": "int"}, {"name": "B", "externalCode": "a", "type": "int"}]');
SELECT add_dataset(:source, 'x', '[{"name": "A", "externalCode": "a", "type": "int"}, {"name": "A", "externalCode": "b", "type": "int"}]');
SELECT add_dataset(:source, 'x', '[{"name": "lower", "externalCode": "a", "type": "int"}]');
SELECT add_dataset(:source, 'x', jsonb_build_array(jsonb_build_object('name', repeat('A', 33), 'externalCode', 'a', 'type', 'int')));
SELECT add_dataset(:source, 'x', '[{"name": "A", "externalCode": "a", "type": "money"}]');
-- dataset.fields.update,
SELECT id AS dataset FROM datasets WHERE name = 'taken' \gset
CREATE FUNCTION add_field(dataset bigint, type text, name text, code text) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT attempt(format('INSERT INTO dataset_fields (dataset_id, type, name, external_code)
        VALUES (%L, %L, %L, %L)', dataset, type, name, code))
$$;
SELECT attempt($$INSERT INTO dataset_fields (type, name, external_code) VALUES ('int', 'A', 'a')$$);
SELECT attempt('INSERT INTO dataset_fields DEFAULT VALUES');
SELECT attempt(format('INSERT INTO dataset_fields (dataset_id) VALUES (%s)', :dataset));
SELECT add_field(-1, 'int', 'A', 'a');
SELECT add_field(999, 'int', 'A', 'a');
SELECT add_field(:dataset, 'int', 'A', 'id');
SELECT add_field(:dataset, 'int', 'ID', 'a');
SELECT add_field(:dataset, 'int', 'lower', 'a');
SELECT add_field(:dataset, 'int', repeat('A', 33), 'a');
SELECT add_field(:dataset, 'INT', 'A', 'a');
SELECT attempt(format($$INSERT INTO dataset_fields (dataset_id, type, name, external_code)
    VALUES (%1$s, 'int', 'A', 'a'), (%1$s, 'int', 'B', 'a')$$, :dataset));
SELECT attempt(format($$INSERT INTO dataset_fields (dataset_id, type, name, external_code)
    VALUES (%1$s, 'int', 'A', 'a'), (%1$s, 'int', 'A', 'b')$$, :dataset));
-- and what is done to rows that are gone by the time they are written
CREATE FUNCTION when_gone(kind text, id bigint, statement text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM control(jsonb_build_object('rules', jsonb_build_array(
        jsonb_build_object('method', format('biconnector.%s.[ud]*', kind), 'action', 'calls', 'calls',
            jsonb_build_array(jsonb_build_object('method', format('biconnector.%s.delete', kind),
                'params', jsonb_build_object('id', id)))))));
    RETURN QUERY SELECT attempt(statement);
END
$$;
SELECT add_connector('gone', '[]');
SELECT id AS gone FROM connectors WHERE title = 'gone' \gset
SELECT when_gone('connector', :gone, $$UPDATE connectors SET sort = 1 WHERE title = 'gone'$$);
SELECT add_connector('gone', '[]');
SELECT id AS gone FROM connectors WHERE title = 'gone' \gset
SELECT when_gone('connector', :gone, $$DELETE FROM connectors WHERE title = 'gone'$$);
SELECT when_gone('dataset', :dataset, $$UPDATE datasets SET description = 'x' WHERE name = 'taken'$$);
SELECT add_dataset(:source, 'taken', '[{"name": "ID", "externalCode": "id", "type": "int"}]');
SELECT id AS dataset FROM datasets WHERE name = 'taken' \gset
SELECT when_gone('dataset', :dataset, $$DELETE FROM datasets WHERE name = 'taken'$$);
SELECT when_gone('source', :source, $$UPDATE sources SET title = 'x' WHERE title = 'Anna'$$);
INSERT INTO sources (title, connector_id, settings)
VALUES ('Anna', :one, '{"login": "anna", "password": "s3cret word"}') RETURNING id AS source \gset
SELECT when_gone('source', :source, $$DELETE FROM sources WHERE title = 'Anna'$$);
INSERT INTO sources (title, connector_id, settings)
VALUES ('Anna', :one, '{"login": "anna", "password": "s3cret word"}') RETURNING id AS source \gset
-- What no client can cause
CREATE FUNCTION when_refused(method text, error text, statement text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM control(jsonb_build_object('rules', jsonb_build_array(jsonb_build_object(
        'method', 'biconnector.' || method, 'action', 'error', 'error', error))));
    RETURN QUERY SELECT attempt(statement);
END
$$;
SELECT when_refused('dataset.fields.update', 'DATASET_UPDATE_ERROR',
    $$INSERT INTO dataset_fields (dataset_id, type, name, external_code) VALUES (1, 'int', 'A', 'a')$$);
SELECT when_refused('connector.update', 'ACCESS_DENIED', $$UPDATE connectors SET sort = 1 WHERE title = 'One'$$);

--
-- A statement that fails says how many of its rows have taken effect
--
SELECT calls_of(format($$INSERT INTO datasets (source_id, name, external_code, external_name, fields)
    SELECT %s, name, 'c', 'n', '[{"name": "ID", "externalCode": "id", "type": "int"}]'
    FROM unnest('{one,two,Three,four}'::text[]) AS name$$, :source));
SELECT calls_of($$UPDATE datasets SET description = CASE name WHEN 'one' THEN 'first' END$$);
SELECT id AS dataset FROM datasets WHERE name = 'one' \gset
SELECT id AS other FROM datasets WHERE name = 'two' \gset
SELECT name, description FROM datasets ORDER BY name;
SELECT attempt($$DELETE FROM connectors WHERE title IN ('One', 'Two', 'Two!', 'Three')$$);
SELECT title FROM connectors ORDER BY title;
-- what was done when its answer was lost
SELECT control('{"rules": [{"method": "biconnector.dataset.add", "skip": 1, "action": "error_after_effect",
    "error": "INTERNAL_SERVER_ERROR"}]}');
SELECT attempt(format($$INSERT INTO datasets (source_id, name, external_code, external_name, fields)
    SELECT %s, name, 'c', 'n', '[{"name": "ID", "externalCode": "id", "type": "int"}]'
    FROM unnest('{five,six,seven}'::text[]) AS name$$, :source));
SELECT name FROM datasets ORDER BY id;
-- what was added, when it cannot be read
SELECT when_refused('connector.get', 'INTERNAL_SERVER_ERROR', $$INSERT INTO connectors (title, logo, url_check,
    url_table_list, url_table_description, url_data, settings) VALUES ('Five', 'L', 'U', 'U', 'U', 'U', '[]') RETURNING *$$);
SELECT title FROM connectors WHERE title = 'Five';
SELECT when_refused('dataset.get', 'INTERNAL_SERVER_ERROR', format($$INSERT INTO dataset_fields (dataset_id, type,
    name, external_code) VALUES (%s, 'int', 'B', 'b') RETURNING *$$, :dataset));
SELECT name FROM dataset_fields WHERE dataset_id = :dataset ORDER BY id;
-- answers that are none
SELECT control('{"rules": [{"method": "biconnector.connector.update", "action": "answer", "body": {"result": false}}]}');
SELECT attempt($$UPDATE connectors SET sort = 1 WHERE title = 'One'$$);
SELECT control('{"rules": [{"method": "biconnector.connector.add", "action": "answer", "body": {"result": {"item": 1}}}]}');
SELECT attempt($$INSERT INTO connectors (title) VALUES ('x') RETURNING id$$);
SELECT control('{"rules": [{"method": "biconnector.connector.add", "action": "answer", "body": {"result": "77"}}]}');
INSERT INTO connectors (title) VALUES ('x') RETURNING id;
SELECT control('{"rules": [{"method": "biconnector.connector.get", "action": "answer", "body": {"result": []}}]}');
SELECT attempt($$INSERT INTO connectors (title, logo, url_check, url_table_list, url_table_description, url_data,
    settings) VALUES ('Six', 'L', 'U', 'U', 'U', 'U', '[]') RETURNING *$$);

--
-- A statement reads its own target before it writes, however many pages that is
--
SELECT count(*) FROM (SELECT add_connector('many', '[]') FROM generate_series(1, 110)) AS added;
SET statement_timeout = '30s';
UPDATE connectors SET sort = 1000 + sort WHERE title = 'many';
SELECT sort, count(*) FROM connectors WHERE title = 'many' GROUP BY sort;
INSERT INTO connectors (title, logo, url_check, url_table_list, url_table_description, url_data, settings)
SELECT 'more', logo, url_check, url_table_list, url_table_description, url_data, settings FROM connectors WHERE title = 'many';
INSERT INTO connectors (title, logo, url_check, url_table_list, url_table_description, url_data, settings)
SELECT title, logo, url_check, url_table_list, url_table_description, url_data, settings FROM connectors WHERE title = 'many';
RESET statement_timeout;
SELECT title, count(*) FROM connectors WHERE title IN ('many', 'more') GROUP BY title ORDER BY title;
DELETE FROM connectors WHERE title IN ('many', 'more');
SELECT count(*) FROM connectors;

--
-- Fields share calls: one for each dataset, a hundred at most
--
SELECT place() AS place \gset
INSERT INTO dataset_fields (dataset_id, type, name, external_code)
VALUES (:dataset, 'int', 'C', 'c'), (:other, 'int', 'C', 'c'), (:dataset, 'int', 'D', 'd'), (:other, 'int', 'D', 'd');
SELECT calls_are(:place, 2, 4);
SELECT d.name, f.name FROM dataset_fields AS f JOIN datasets AS d ON d.id = dataset_id
WHERE dataset_id IN (:dataset, :other) ORDER BY d.name, f.id;
SELECT place() AS place \gset
INSERT INTO dataset_fields (dataset_id, type, name, external_code)
SELECT :dataset, 'int', 'F_' || n, 'f_' || n FROM generate_series(1, 250) AS n;
SELECT calls_are(:place, 3, 250);
SELECT count(*) FROM dataset_fields WHERE dataset_id = :dataset;
-- one of two datasets has taken what it was to take
SELECT place() AS place \gset
SELECT attempt(format($$INSERT INTO dataset_fields (dataset_id, type, name, external_code)
    VALUES (%1$s, 'int', 'G', 'g'), (%1$s, 'int', 'H', 'h'), (%2$s, 'int', 'C', 'c')$$, :dataset, :other));
SELECT calls_are(:place, 2, 3);
-- what triggers may look at comes row by row
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE TRIGGER look AFTER INSERT ON dataset_fields FOR EACH ROW EXECUTE FUNCTION look();
SELECT calls_of(format($$INSERT INTO dataset_fields (dataset_id, type, name, external_code)
    VALUES (%1$s, 'int', 'I', 'i'), (%1$s, 'int', 'J', 'j')$$, :other));
DROP TRIGGER look ON dataset_fields;
SELECT place() AS place \gset
DELETE FROM dataset_fields WHERE dataset_id = :dataset AND name LIKE 'F\_24%';
SELECT count(*) FROM dataset_fields WHERE dataset_id = :dataset;
SELECT count(*) FROM calls(:place) AS call WHERE call ~ 'update';

--
-- Nothing of it is rolled back, which is said, and nobody is promised that
--
BEGIN;
UPDATE connectors SET description = 'changed' WHERE title = 'One';
ROLLBACK;
SELECT description FROM connectors WHERE title = 'One';
-- an error that has nothing to do with the portal
SELECT attempt($$INSERT INTO connectors (title, logo, url_check, url_table_list, url_table_description, url_data, settings, sort)
    SELECT 'n' || n, 'L', 'U', 'U', 'U', 'U', '[]', 6 / (3 - n) FROM generate_series(1, 4) AS n$$);
CREATE VIEW sorted AS SELECT * FROM connectors WHERE sort > 100 WITH CHECK OPTION;
SELECT a FROM attempt($$INSERT INTO sorted (title, logo, url_check, url_table_list, url_table_description, url_data, settings, sort)
    SELECT 'n' || n, 'L', 'U', 'U', 'U', 'U', '[]', n FROM generate_series(101, 99, -1) AS n$$) AS a WHERE a !~ 'DETAIL';
DROP VIEW sorted;
SELECT title FROM connectors WHERE title LIKE 'n%' ORDER BY title;
-- what was refused has changed nothing
BEGIN;
SELECT attempt($$DELETE FROM connectors WHERE title = 'One'$$);
ROLLBACK;
-- parts of a transaction, of which one is kept by another that is not
BEGIN;
DELETE FROM connectors WHERE title = 'n1';
SAVEPOINT a;
DELETE FROM connectors WHERE title = 'n2';
SAVEPOINT b;
SELECT biconnector_call('portal_write', 'biconnector.connector.delete', jsonb_build_object('id', id)) -> 'result'
FROM connectors WHERE title = 'n100';
RELEASE b;
ROLLBACK TO a;
SAVEPOINT c;
DELETE FROM connectors WHERE title = 'n101';
RELEASE c;
RELEASE a;
SELECT title FROM connectors WHERE title LIKE 'n%' ORDER BY title;
ROLLBACK;
-- where everything is kept there is nothing to say
BEGIN;
SAVEPOINT a;
UPDATE connectors SET description = 'changed again' WHERE title = 'One';
RELEASE a;
COMMIT;
SELECT description FROM connectors WHERE title = 'One';
-- psql shows an error and a warning that follows it in any order
SET client_min_messages = error;
BEGIN;
UPDATE connectors SET description = 'changed more' WHERE title = 'One';
PREPARE TRANSACTION 'portal_write';
RESET client_min_messages;
SELECT description FROM connectors WHERE title = 'One';
-- nor if a part that has done it was rolled back
BEGIN;
SELECT attempt($$UPDATE connectors SET description = CASE title WHEN 'One' THEN 'the last' END
    WHERE title IN ('One', 'Two')$$);
PREPARE TRANSACTION 'portal_write';

--
-- Rows that come from elsewhere: what is null is not given then
--
SELECT calls_of($$COPY connectors (title, logo, url_check, url_table_list, url_table_description, url_data,
    settings, sort) FROM PROGRAM 'printf "Seven,L,U,U,U,U,[],\nEight,L,U,U,U,U,[],8\n"' (FORMAT csv)$$);
SELECT calls_of($$COPY connectors (title, id) FROM PROGRAM 'printf "Nine,9\n"' (FORMAT csv)$$);
SELECT title, sort FROM connectors WHERE title IN ('Seven', 'Eight') ORDER BY title;
CREATE TABLE parts (LIKE connectors) PARTITION BY LIST (title);
CREATE TABLE part_of_none PARTITION OF parts FOR VALUES IN ('here');
CREATE FOREIGN TABLE part_of_portal PARTITION OF parts FOR VALUES IN ('there') SERVER portal_write
    OPTIONS (object 'connectors');
INSERT INTO parts (title, logo, url_check, url_table_list, url_table_description, url_data, settings)
VALUES ('here', 'L', 'U', 'U', 'U', 'U', '[]'), ('there', 'L', 'U', 'U', 'U', 'U', '[]')
RETURNING tableoid::regclass, title, sort, description;
SELECT attempt($$INSERT INTO parts (title) VALUES ('there') ON CONFLICT DO NOTHING$$);
UPDATE parts SET sort = 5 WHERE title = 'there' RETURNING tableoid::regclass, sort;
UPDATE parts SET title = 'there' WHERE title = 'here' RETURNING tableoid::regclass, title, sort;
INSERT INTO parts (title) VALUES ('here');
SELECT attempt($$UPDATE parts SET title = 'there' WHERE title IN ('here', 'there')$$);
DELETE FROM parts WHERE title = 'there' RETURNING tableoid::regclass, title, sort;
DROP TABLE parts;

--
-- Views, triggers, computed columns
--
CREATE VIEW shown AS SELECT id, title, sort, description FROM connectors WHERE sort > 100 WITH CHECK OPTION;
UPDATE connectors SET sort = 101 WHERE title = 'One';
SELECT calls_of($$UPDATE shown SET description = 'seen'$$);
SELECT c FROM calls_of('UPDATE shown SET sort = 99') AS c WHERE c !~ 'DETAIL';
SELECT title, sort, description FROM connectors WHERE title = 'One';
CREATE FUNCTION mark() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.sort := 33;
    ELSIF NEW.title = 'Two' THEN
        NEW.description := 'by trigger';
    ELSIF NEW.title = 'Five' THEN
        NEW.date_create := '2000-01-01';
    END IF;
    RETURN NEW;
END
$$;
CREATE FUNCTION tell() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING '%: % % -> % % %', TG_OP, OLD.title, OLD.sort, NEW.title, NEW.sort, NEW.description;
    RETURN NULL;
END
$$;
CREATE TRIGGER before BEFORE INSERT OR UPDATE ON connectors FOR EACH ROW EXECUTE FUNCTION mark();
CREATE TRIGGER after AFTER INSERT OR UPDATE OR DELETE ON connectors FOR EACH ROW EXECUTE FUNCTION tell();
SELECT calls_of($$UPDATE connectors SET sort = 1 WHERE title = 'Two'$$);
SELECT calls_of($$UPDATE connectors SET sort = 1 WHERE title = 'Five'$$);
SELECT calls_of($$INSERT INTO connectors (title, logo, url_check, url_table_list, url_table_description, url_data,
    settings) VALUES ('Ten', 'L', 'U', 'U', 'U', 'U', '[]')$$);
SELECT calls_of($$DELETE FROM connectors WHERE title = 'Ten'$$);
DROP TRIGGER before ON connectors;
DROP TRIGGER after ON connectors;
CREATE FOREIGN TABLE computed (id bigint, title text, sort int,
    description text GENERATED ALWAYS AS (title || '/' || sort) STORED)
    SERVER portal_write OPTIONS (object 'connectors');
SELECT calls_of($$UPDATE computed SET sort = 2 WHERE title = 'Two'$$);
-- Columns of other names and types, and those that are missing
CREATE FOREIGN TABLE odd (number text OPTIONS (column_name 'id'), name varchar(10) OPTIONS (column_name 'title'),
    sort numeric, settings json) SERVER portal_write OPTIONS (object 'connectors');
UPDATE odd SET sort = 3, settings = '[]' WHERE name = 'Two' RETURNING name, sort, settings;
SELECT attempt($$UPDATE odd SET sort = 3.5 WHERE name = 'Two'$$);
CREATE FOREIGN TABLE nameless (title text, sort int) SERVER portal_write OPTIONS (object 'connectors');
SELECT attempt('UPDATE nameless SET sort = 1');
SELECT attempt('DELETE FROM nameless');
-- A row without id
SELECT control('{"rules": [{"method": "biconnector.dataset.get", "action": "answer", "times": 2,
    "body": {"result": {"item": {"id": 1, "fields": [{"id": null, "name": "A", "visible": true}]}}}}]}');
SELECT attempt('DELETE FROM dataset_fields WHERE dataset_id = 1');
SELECT attempt('UPDATE dataset_fields SET visible = false WHERE dataset_id = 1');
-- A prepared statement
PREPARE sorted(int) AS UPDATE connectors SET sort = $1 WHERE title = 'Two' RETURNING sort;
EXECUTE sorted(11);
EXECUTE sorted(12);
DEALLOCATE sorted;

--
-- Errors inside of the result, as some portals have them, and with another HTTP status
--
SELECT control('{"options": {"error_shape": "result"}}');
SELECT attempt($$UPDATE connectors SET settings = '"text"' WHERE title = 'One'$$);
SELECT attempt($$DELETE FROM connectors WHERE title = 'One'$$);
SELECT add_dataset(:source, 'one', '[{"name": "ID", "externalCode": "id", "type": "int"}]');
SELECT add_field(:dataset, 'int', 'ID', 'x');
SELECT control('{"options": {"error_shape": "top", "error_status": 400}}');
SELECT add_field(:dataset, 'int', 'ID', 'x');

--
-- Portals that call datasets tables
--
SELECT control('{"options": {"family": "table", "error_status": 200}}');
SELECT attempt(format($$INSERT INTO dataset_fields (dataset_id) VALUES (%s)$$, :dataset));
ALTER SERVER portal_write OPTIONS (ADD method_family 'table');
SELECT add_dataset(:source, 'tables', '[{"name": "ID", "externalCode": "id", "type": "int"}]');
SELECT id AS dataset FROM datasets WHERE name = 'tables' \gset
SELECT calls_of($$UPDATE datasets SET description = 'x' WHERE name = 'tables'$$);
SELECT attempt($$UPDATE datasets SET fields = '[]' WHERE name = 'tables'$$);
INSERT INTO dataset_fields (dataset_id, type, name, external_code) VALUES (:dataset, 'string', 'NAME', 'name')
RETURNING type, name, external_code, visible;
UPDATE dataset_fields SET visible = false WHERE dataset_id = :dataset AND name = 'NAME' RETURNING name, visible;
DELETE FROM dataset_fields WHERE dataset_id = :dataset AND name = 'NAME' RETURNING name, visible;
DELETE FROM datasets WHERE name = 'tables' RETURNING name, external_id;

--
-- Whose token it is: that of a view's owner
--
CREATE ROLE portal_write_reader;
GRANT USAGE ON SCHEMA portal_write TO portal_write_reader;
GRANT SELECT, DELETE ON sources TO portal_write_reader;
CREATE VIEW open_connectors AS SELECT id, title, sort FROM connectors;
GRANT SELECT, UPDATE ON open_connectors TO portal_write_reader;
SET ROLE portal_write_reader;
UPDATE open_connectors SET sort = 13 WHERE title = 'Two' RETURNING title, sort;
DELETE FROM sources;
RESET ROLE;

SET client_min_messages = error;
DROP SCHEMA portal_write CASCADE;
DROP SERVER portal_write CASCADE;
DROP ROLE portal_write_reader;
\! "$PYTHON" -B test/portal/control.py '{"reset": true}'
