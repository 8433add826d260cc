--
-- Every error that a client can cause with one of the methods, as the portal's
-- reference lists them, and what it is here.
--
\pset format unaligned
\pset tuples_only on
\set portal_url `echo "$BICONNECTOR_PORTAL_URL"`
\set url `echo "$BICONNECTOR_URL"`
\! "$PYTHON" -B test/portal/control.py '{"reset": true, "options": {"check": "off"}}'
CREATE SCHEMA portal_errors;
SET search_path = portal_errors, public;
CREATE SERVER portal_errors FOREIGN DATA WRAPPER biconnector_portal OPTIONS (portal_url :'portal_url', rate_limit '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER portal_errors OPTIONS (access_token 'portal-token');
IMPORT FOREIGN SCHEMA biconnector FROM SERVER portal_errors INTO portal_errors;
-- connectors 1 (which has sources), 2 (which has none) and 3 (which cannot be reached), sources 1
-- (which has a dataset), 2 (which has none) and 3 (of connector 3), and a dataset with two fields
INSERT INTO connectors (title, logo, url_check, url_table_list, url_table_description, url_data, settings)
SELECT 'C', 'L', check_at, 'U', 'U', 'U', '[{"code": "login", "name": "Login", "type": "STRING"}]'
FROM unnest(ARRAY[:'url' || '/check', :'url' || '/check', 'http://127.0.0.1:1/']) AS check_at;
INSERT INTO sources (title, connector_id, settings)
SELECT 'S', connector, '{"login": "anna", "password": "s3cret word"}' FROM unnest('{1,1,3}'::int[]) AS connector;
INSERT INTO datasets (source_id, name, external_code, external_name, fields)
VALUES (1, 'taken', 'C', 'E', '[{"name": "ID", "externalCode": "id", "type": "int"},
    {"name": "NAME", "externalCode": "name", "type": "string"}]');
\! "$PYTHON" -B test/portal/control.py '{"options": {"check": "on"}}'
-- What calling a method that fails says: SQLSTATE, the code, the portal's text
CREATE FUNCTION refusal(method text, params text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    long text[];
    message text;
    detail text;
BEGIN
    -- <x x 513> stands for 513 times x
    LOOP
        long := regexp_match(params, '<(.) x (\d+)>');
        EXIT WHEN long IS NULL;
        params := replace(params, format('<%s x %s>', long[1], long[2]), repeat(long[1], long[2]::int));
    END LOOP;
    RETURN biconnector_call('portal_errors', 'biconnector.' || method, params::jsonb) ->> 'result';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', SQLSTATE, replace(message, format('server "portal_errors" refused "biconnector.%s": ', method), ''), detail);
END
$$;
CREATE TABLE refused (n serial, method text, params text);
INSERT INTO refused (method, params) VALUES
    ('connector.add', '{"fields": []}'),
    ('connector.add', '{"fields": {"title": "T", "logo": "L", "urlCheck": "http://127.0.0.1:1/", "urlTableList": "U", "urlTableDescription": "U", "urlData": "U", "settings": [], "colour": 1, "size": 2}}'),
    ('connector.add', '{"fields": {"title": "T", "logo": "L", "urlCheck": "http://127.0.0.1:1/", "urlTableList": "U", "urlTableDescription": "U", "urlData": "U", "settings": [], "dateCreate": "x"}}'),
    ('connector.add', '{"fields": {"title": "T", "logo": "L", "urlCheck": "http://127.0.0.1:1/", "urlTableList": "U", "urlTableDescription": "U", "urlData": "U", "settings": [], "sort": "first"}}'),
    ('connector.add', '{"fields": {"title": "T", "urlCheck": "http://127.0.0.1:1/", "urlTableList": "U", "urlTableDescription": "U", "urlData": "U", "settings": []}}'),
    ('connector.add', '{"fields": {"title": "T", "logo": "L", "urlCheck": "http://127.0.0.1:1/", "urlTableList": "U", "urlTableDescription": "U", "urlData": "U", "settings": [{"type": "STRING", "name": "Login"}]}}'),
    ('connector.add', '{"fields": {"title": "T", "logo": "L", "urlCheck": "http://127.0.0.1:1/", "urlTableList": "U", "urlTableDescription": "U", "urlData": "U", "settings": [{"type": "STRING", "name": "<n x 513>", "code": "login"}]}}'),
    ('connector.add', '{"fields": {"title": "T", "logo": "L", "urlCheck": "http://127.0.0.1:1/", "urlTableList": "U", "urlTableDescription": "U", "urlData": "U", "settings": [{"type": "STRING", "name": "Login", "code": "<c x 513>"}]}}'),
    ('connector.add', '{"fields": {"title": "T", "logo": "L", "urlCheck": "http://127.0.0.1:1/", "urlTableList": "U", "urlTableDescription": "U", "urlData": "U", "settings": [{"type": "string", "name": "Login", "code": "login"}]}}'),
    ('connector.delete', '{"fields": {"title": "T"}}'),
    ('connector.delete', '{"id": "one", "fields": {"title": "T"}}'),
    ('connector.delete', '{"id": 99, "fields": {"description": "D"}}'),
    ('connector.delete', '{"id": 1}'),
    ('connector.get', '{"fields": {"title": "T"}}'),
    ('connector.get', '{"id": "one", "fields": {"title": "T"}}'),
    ('connector.get', '{"id": 99, "fields": {"description": "D"}}'),
    ('connector.list', '{"select": "id"}'),
    ('connector.list', '{"select": ["id", "colour"]}'),
    ('connector.list', '{"filter": "id"}'),
    ('connector.list', '{"filter": {"id": 1, ">=size": 1}}'),
    ('connector.list', '{"order": "id"}'),
    ('connector.list', '{"order": {"id": "ASC", "weight": "ASC"}}'),
    ('connector.list', '{"filter": {"0": {"logic": "XOR", "id": 1}}}'),
    ('connector.update', '{"fields": {"title": "T"}}'),
    ('connector.update', '{"id": "one", "fields": {"title": "T"}}'),
    ('connector.update', '{"id": 99, "fields": {"description": "D"}}'),
    ('connector.update', '{"id": 1, "fields": []}'),
    ('connector.update', '{"id": 1, "fields": {"colour": 1, "size": 2}}'),
    ('connector.update', '{"id": 1, "fields": {"id": "x"}}'),
    ('connector.update', '{"id": 1, "fields": {"settings": "login"}}'),
    ('connector.update', '{"id": 1, "fields": {"settings": [{"type": "STRING", "name": "Login"}]}}'),
    ('connector.update', '{"id": 1, "fields": {"settings": [{"type": "STRING", "name": "<n x 513>", "code": "login"}]}}'),
    ('connector.update', '{"id": 1, "fields": {"settings": [{"type": "STRING", "name": "Login", "code": "<c x 513>"}]}}'),
    ('connector.update', '{"id": 1, "fields": {"settings": [{"type": "string", "name": "Login", "code": "login"}]}}'),
    ('dataset.add', '{"fields": []}'),
    ('dataset.add', '{"fields": {"sourceId": 1, "name": "unique", "externalName": "E", "externalCode": "C", "fields": [{"type": "int", "name": "COUNT", "externalCode": "count"}], "colour": 1, "size": 2}}'),
    ('dataset.add', '{"fields": {"sourceId": 1, "name": "unique", "externalName": "E", "externalCode": "C", "fields": [{"type": "int", "name": "COUNT", "externalCode": "count"}], "externalId": "x"}}'),
    ('dataset.add', '{"fields": {"sourceId": "first", "name": "unique", "externalName": "E", "externalCode": "C", "fields": [{"type": "int", "name": "COUNT", "externalCode": "count"}]}}'),
    ('dataset.add', '{"fields": {"sourceId": 1, "name": "unique", "externalName": "E", "fields": [{"type": "int", "name": "COUNT", "externalCode": "count"}]}}'),
    ('dataset.add', '{"fields": {"sourceId": 99, "name": "unique", "externalName": "E", "externalCode": "C", "fields": [{"type": "int", "name": "COUNT", "externalCode": "count"}]}}'),
    ('dataset.add', '{"fields": {"sourceId": 2, "name": "taken", "externalName": "E", "externalCode": "C", "fields": [{"type": "int", "name": "COUNT", "externalCode": "count"}]}}'),
    ('dataset.add', '{"fields": {"sourceId": 1, "name": "Sales", "externalName": "E", "externalCode": "C", "fields": [{"type": "int", "name": "COUNT", "externalCode": "count"}]}}'),
    ('dataset.add', '{"fields": {"sourceId": 1, "name": "<n x 231>", "externalName": "E", "externalCode": "C", "fields": [{"type": "int", "name": "COUNT", "externalCode": "count"}]}}'),
    ('dataset.add', '{"fields": {"sourceId": 1, "name": "unique", "externalName": "E", "externalCode": "C", "fields": [{"type": "int", "name": "COUNT"}]}}'),
    ('dataset.add', '{"fields": {"sourceId": 1, "name": "unique", "externalName": "E", "externalCode": "C", "fields": [{"type": "int", "name": "F0", "externalCode": "a"}, {"type": "int", "name": "F1", "externalCode": "b"}, {"type": "int", "name": "F2", "externalCode": "a"}, {"type": "int", "name": "F3", "externalCode": "c"}, {"type": "int", "name": "F4", "externalCode": "b"}]}}'),
    ('dataset.add', '{"fields": {"sourceId": 1, "name": "unique", "externalName": "E", "externalCode": "C", "fields": [{"type": "int", "name": "A", "externalCode": "f0"}, {"type": "int", "name": "B", "externalCode": "f1"}, {"type": "int", "name": "A", "externalCode": "f2"}, {"type": "int", "name": "C", "externalCode": "f3"}, {"type": "int", "name": "B", "externalCode": "f4"}]}}'),
    ('dataset.add', '{"fields": {"sourceId": 1, "name": "unique", "externalName": "E", "externalCode": "C", "fields": [{"type": "int", "name": "1A", "externalCode": "count"}]}}'),
    ('dataset.add', '{"fields": {"sourceId": 1, "name": "unique", "externalName": "E", "externalCode": "C", "fields": [{"type": "int", "name": "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN", "externalCode": "count"}]}}'),
    ('dataset.add', '{"fields": {"sourceId": 1, "name": "unique", "externalName": "E", "externalCode": "C", "fields": [{"type": "INT", "name": "COUNT", "externalCode": "count"}]}}'),
    ('dataset.delete', '{"fields": {"title": "T"}}'),
    ('dataset.delete', '{"id": "one", "fields": {"title": "T"}}'),
    ('dataset.delete', '{"id": 99, "fields": {"description": "D"}}'),
    ('dataset.fields.update', '{"fields": {"title": "T"}}'),
    ('dataset.fields.update', '{"id": "one", "fields": {"title": "T"}}'),
    ('dataset.fields.update', '{"id": 99, "fields": {"description": "D"}}'),
    ('dataset.fields.update', '{"id": 1, "add": [{"type": "int", "name": "COUNT", "externalCode": "id"}]}'),
    ('dataset.fields.update', '{"id": 1, "add": [{"type": "int", "name": "NAME", "externalCode": "count"}, {"type": "int", "name": "ID", "externalCode": "x"}]}'),
    ('dataset.fields.update', '{"id": 1, "add": [{"name": "COUNT", "externalCode": "count"}]}'),
    ('dataset.fields.update', '{"id": 1, "update": [{"id": 1}]}'),
    ('dataset.fields.update', '{"id": 1, "delete": [1, 0]}'),
    ('dataset.fields.update', '{"id": 1, "add": [{"type": "int", "name": "F0", "externalCode": "a"}, {"type": "int", "name": "F1", "externalCode": "b"}, {"type": "int", "name": "F2", "externalCode": "a"}, {"type": "int", "name": "F3", "externalCode": "c"}, {"type": "int", "name": "F4", "externalCode": "b"}]}'),
    ('dataset.fields.update', '{"id": 1, "add": [{"type": "int", "name": "A", "externalCode": "f0"}, {"type": "int", "name": "B", "externalCode": "f1"}, {"type": "int", "name": "A", "externalCode": "f2"}, {"type": "int", "name": "C", "externalCode": "f3"}, {"type": "int", "name": "B", "externalCode": "f4"}]}'),
    ('dataset.fields.update', '{"id": 1, "add": [{"type": "int", "name": "1A", "externalCode": "count"}]}'),
    ('dataset.fields.update', '{"id": 1, "add": [{"type": "int", "name": "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN", "externalCode": "count"}]}'),
    ('dataset.fields.update', '{"id": 1, "add": [{"type": "INT", "name": "COUNT", "externalCode": "count"}]}'),
    ('dataset.get', '{"fields": {"title": "T"}}'),
    ('dataset.get', '{"id": "one", "fields": {"title": "T"}}'),
    ('dataset.get', '{"id": 99, "fields": {"description": "D"}}'),
    ('dataset.list', '{"select": "id"}'),
    ('dataset.list', '{"select": ["id", "colour"]}'),
    ('dataset.list', '{"filter": "id"}'),
    ('dataset.list', '{"filter": {"id": 1, ">=size": 1}}'),
    ('dataset.list', '{"order": "id"}'),
    ('dataset.list', '{"order": {"id": "ASC", "weight": "ASC"}}'),
    ('dataset.update', '{"fields": {"title": "T"}}'),
    ('dataset.update', '{"id": "one", "fields": {"title": "T"}}'),
    ('dataset.update', '{"id": 99, "fields": {"description": "D"}}'),
    ('dataset.update', '{"id": 1, "fields": []}'),
    ('dataset.update', '{"id": 1, "fields": {"colour": 1, "size": 2}}'),
    ('dataset.update', '{"id": 1, "fields": {"type": "x"}}'),
    ('dataset.update', '{"id": 1, "fields": {"description": null}}'),
    ('dataset.update', '{"id": 1, "fields": {"name": "other"}}'),
    ('dataset.update', '{"id": 1, "fields": {"fields": [{"type": "int", "name": "COUNT", "externalCode": "count"}]}}'),
    ('source.add', '{"fields": []}'),
    ('source.add', '{"fields": {"title": "T", "connectorId": 1, "settings": {"login": "anna"}, "colour": 1, "size": 2}}'),
    ('source.add', '{"fields": {"title": "T", "connectorId": 1, "settings": {"login": "anna"}, "code": "x"}}'),
    ('source.add', '{"fields": {"title": "T", "connectorId": 1, "settings": {"login": "anna"}, "active": "true"}}'),
    ('source.add', '{"fields": {"title": "T", "connectorId": 1}}'),
    ('source.add', '{"fields": {"title": "T", "connectorId": 99, "settings": {"login": "anna"}}}'),
    ('source.add', '{"fields": {"title": "T", "connectorId": 1, "settings": {"login": "nobody"}}}'),
    ('source.delete', '{"fields": {"title": "T"}}'),
    ('source.delete', '{"id": "one", "fields": {"title": "T"}}'),
    ('source.delete', '{"id": 99, "fields": {"description": "D"}}'),
    ('source.delete', '{"id": 1}'),
    ('source.get', '{"fields": {"title": "T"}}'),
    ('source.get', '{"id": "one", "fields": {"title": "T"}}'),
    ('source.get', '{"id": 99, "fields": {"description": "D"}}'),
    ('source.list', '{"select": "id"}'),
    ('source.list', '{"select": ["id", "colour"]}'),
    ('source.list', '{"filter": "id"}'),
    ('source.list', '{"filter": {"id": 1, ">=size": 1}}'),
    ('source.list', '{"order": "id"}'),
    ('source.list', '{"order": {"id": "ASC", "weight": "ASC"}}'),
    ('source.update', '{"fields": {"title": "T"}}'),
    ('source.update', '{"id": "one", "fields": {"title": "T"}}'),
    ('source.update', '{"id": 99, "fields": {"description": "D"}}'),
    ('source.update', '{"id": 1, "fields": []}'),
    ('source.update', '{"id": 1, "fields": {"colour": 1, "size": 2}}'),
    ('source.update', '{"id": 1, "fields": {"updatedById": "x"}}'),
    ('source.update', '{"id": 1, "fields": {"title": 5}}'),
    ('source.update', '{"id": 1, "fields": {"connectorId": 2}}'),
    ('source.update', '{"id": 3, "fields": {"title": "T"}}');
SELECT method, refusal(method, params) FROM refused ORDER BY n;
-- nothing that is refused changes anything
SELECT (SELECT count(*) FROM connectors), (SELECT count(*) FROM sources), (SELECT count(*) FROM datasets),
    (SELECT count(*) FROM dataset_fields), (SELECT max(date_update) = min(date_create) FROM datasets);

\! "$PYTHON" -B test/portal/control.py '{"reset": true}'
SET client_min_messages = error;
DROP SERVER portal_errors CASCADE;
DROP SCHEMA portal_errors CASCADE;
