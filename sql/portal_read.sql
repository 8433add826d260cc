--
-- Portals: reading their tables.
--
\pset format unaligned
\pset tuples_only on
\set portal_url `echo "$BICONNECTOR_PORTAL_URL"`
\set portal_log `echo "$BICONNECTOR_PORTAL_LOG"`
\! "$PYTHON" -B test/portal/control.py '{"reset": true, "options": {"check": "off", "lists": "numbers"}}'
CREATE SCHEMA there;
CREATE SCHEMA here;
CREATE SCHEMA portal_read;
SET search_path = portal_read, public;
CREATE TABLE portal AS SELECT :'portal_url'::text AS url, :'portal_log'::text AS log;
CREATE SERVER b24 FOREIGN DATA WRAPPER biconnector_portal OPTIONS (portal_url :'portal_url', rate_limit '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER b24 OPTIONS (access_token 'portal-token');
-- The calls that a statement makes: methods and parameters
CREATE FUNCTION calls_of(statement text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    place bigint := (SELECT size FROM portal, pg_stat_file(log));
BEGIN
    EXECUTE statement;
    RETURN QUERY SELECT format('%s %s', substring(entry ->> 'method', '[^.]+\.[^.]+$'),
        regexp_replace(entry ->> 'params', '(, )?"auth": "\*\*\*"', ''))
    FROM portal, regexp_split_to_table(pg_read_file(log, place, (pg_stat_file(log)).size - place), E'\n') AS line,
        LATERAL (SELECT nullif(line, '')::json AS entry) AS parsed
    WHERE entry ->> 'method' <> '' ORDER BY (entry ->> 'n')::int;
END
$$;
-- For each condition (one a line) on datasets: the filter of its first call, how many calls there are,
-- how many rows, and whether a copy gives the same
CREATE FUNCTION asked(conditions text)
RETURNS TABLE (condition text, filter text, calls bigint, outcome text, verdict text)
LANGUAGE plpgsql AS $$
DECLARE
    statement text;
BEGIN
    FOREACH condition IN ARRAY string_to_array(btrim(conditions, E'\n'), E'\n') LOOP
        statement := format('SELECT id, name, description, date_create FROM there.datasets WHERE %s', condition);
        SELECT coalesce((array_agg(CASE WHEN c ~ '\.get' THEN 'get'
                                        ELSE coalesce(substring(c, '"filter": (\{.*\}), "order"'), 'none') END))[1], 'no call'),
               count(*)
        INTO filter, calls FROM calls_of(statement) AS c;
        SELECT a.outcome, a.verdict INTO outcome, verdict FROM against_copies(statement) AS a;
        RETURN NEXT;
    END LOOP;
END
$$;

--
-- Two connectors, three sources, 120 datasets with two fields each
--
SELECT count(biconnector_call('b24', 'biconnector.connector.add', jsonb_build_object('fields', jsonb_build_object(
    'title', 'Connector ' || i, 'logo', 'data:,x', 'urlCheck', 'http://127.0.0.1:1/', 'urlTableList', 'http://127.0.0.1:1/',
    'urlTableDescription', 'http://127.0.0.1:1/', 'urlData', 'http://127.0.0.1:1/', 'settings',
    '[{"code": "login", "name": "Login", "type": "STRING"}, {"code": "pass-word", "name": "Password", "type": "STRING"}]'::jsonb))))
FROM generate_series(1, 2) AS i;
SELECT count(biconnector_call('b24', 'biconnector.source.add', jsonb_build_object('fields', jsonb_build_object(
    'title', 'Source ' || i, 'connectorId', 1 + i % 2, 'active', i < 3, 'settings', jsonb_build_object('login', 'user' || i, 'pass-word', '"'),
    'description', 'ünïcode 😀'))))
FROM generate_series(1, 3) AS i;
CREATE TABLE descriptions AS SELECT ARRAY['Plain text', 'plain text', 'PLAIN TEXT', 'ünïcode', 'it''s', '50% off', '',
    'a_b', ' blanks ', '5', '<b>', 'back\slash', 'Straße', '😀 smile', 'a-b'] AS list;
SELECT count(biconnector_call('b24', 'biconnector.dataset.add', jsonb_build_object('fields', jsonb_build_object(
    'name', 'set_' || i, 'externalName', 'Table ' || i, 'externalCode', 'code' || i % 10, 'sourceId', 1 + i % 3,
    'description', list[1 + i % 15], 'fields', jsonb_build_array(
        jsonb_build_object('name', 'ID', 'externalCode', 'id', 'type', 'int'),
        jsonb_build_object('name', 'NAME', 'externalCode', 'name', 'type', 'string'))))))
FROM descriptions, generate_series(1, 120) AS i;
IMPORT FOREIGN SCHEMA biconnector FROM SERVER b24 INTO there;
-- their copies, read in another way
CREATE FUNCTION listed(kind text) RETURNS SETOF jsonb
LANGUAGE sql AS $$
    SELECT jsonb_array_elements(biconnector_call('b24', format('biconnector.%s.list', kind), jsonb_build_object('page', page)) -> 'result')
    FROM generate_series(1, 3) AS page
$$;
CREATE TABLE here.connectors AS SELECT (r ->> 'id')::bigint AS id, r ->> 'title' AS title, r ->> 'logo' AS logo,
    r ->> 'description' AS description, (r ->> 'sort')::int AS sort, r ->> 'urlCheck' AS url_check, r ->> 'urlTableList' AS url_table_list,
    r ->> 'urlTableDescription' AS url_table_description, r ->> 'urlData' AS url_data, r -> 'settings' AS settings,
    (r ->> 'dateCreate')::timestamp AS date_create FROM listed('connector') AS r;
CREATE TABLE here.sources AS SELECT (r ->> 'id')::bigint AS id, r ->> 'title' AS title, r ->> 'type' AS type, r ->> 'code' AS code,
    r ->> 'description' AS description, (r ->> 'active')::boolean AS active, (r ->> 'connectorId')::bigint AS connector_id,
    jsonb_build_object('login', r #>> '{settings,0,value}', 'pass-word', r #>> '{settings,1,value}') AS settings,
    (r ->> 'dateCreate')::timestamp AS date_create, (r ->> 'dateUpdate')::timestamp AS date_update,
    (r ->> 'createdById')::bigint AS created_by_id, (r ->> 'updatedById')::bigint AS updated_by_id FROM listed('source') AS r;
CREATE TABLE here.datasets AS SELECT (r ->> 'id')::bigint AS id, (r ->> 'sourceId')::bigint AS source_id, r ->> 'type' AS type,
    r ->> 'name' AS name, r ->> 'description' AS description, r ->> 'externalCode' AS external_code,
    r ->> 'externalName' AS external_name, (r ->> 'externalId')::bigint AS external_id,
    (r ->> 'dateCreate')::timestamp AS date_create, (r ->> 'dateUpdate')::timestamp AS date_update,
    (r ->> 'createdById')::bigint AS created_by_id, (r ->> 'updatedById')::bigint AS updated_by_id,
    biconnector_call('b24', 'biconnector.dataset.get', jsonb_build_object('id', r -> 'id')) #> '{result,item,fields}' AS fields
    FROM listed('dataset') AS r;
CREATE TABLE here.dataset_fields AS SELECT (f ->> 'id')::bigint AS id, d.id AS dataset_id, f ->> 'type' AS type, f ->> 'name' AS name,
    f ->> 'externalCode' AS external_code, (f ->> 'visible')::boolean AS visible
    FROM here.datasets AS d, jsonb_array_elements(fields) AS f;

--
-- All of them
--
SELECT * FROM against_copies($$
SELECT * FROM there.connectors
SELECT * FROM there.sources
SELECT * FROM there.datasets
SELECT * FROM there.dataset_fields
SELECT count(*) FROM there.datasets
SELECT name FROM there.datasets
SELECT d FROM there.datasets AS d WHERE id < 4
$$);
SELECT id, title, active, connector_id, settings, date_update FROM there.sources ORDER BY id;
-- both ways, of 120
(TABLE there.datasets EXCEPT TABLE here.datasets) UNION ALL (TABLE here.datasets EXCEPT TABLE there.datasets);
-- what is asked for: by key, only what is wanted, nothing ahead of time
SELECT calls_of('SELECT name FROM there.datasets');
SELECT calls_of('SELECT count(*) FROM there.datasets');
SELECT calls_of('SELECT FROM there.datasets LIMIT 60');
SELECT calls_of('SELECT name FROM there.datasets LIMIT 50');
SELECT calls_of('SELECT name FROM there.datasets LIMIT 51');
SELECT calls_of('SELECT name FROM there.datasets LIMIT 0');
-- dates of sources and datasets do not come by name
SELECT calls_of('SELECT date_create FROM there.connectors');
SELECT calls_of('SELECT id, date_create FROM there.sources');
SELECT calls_of('SELECT id FROM there.sources ORDER BY date_create');
-- what only get tells is asked for only where it is wanted
SELECT calls_of('SELECT settings FROM there.connectors');
SELECT calls_of('SELECT title, settings FROM there.sources');
SELECT calls_of('SELECT fields FROM there.datasets LIMIT 2');
SELECT calls_of('SELECT name FROM there.dataset_fields LIMIT 3');
SELECT calls_of('SELECT name FROM there.dataset_fields WHERE dataset_id > 118');

--
-- One by its id
--
SELECT calls_of('SELECT name FROM there.datasets WHERE id = 7');
SELECT calls_of('SELECT name FROM there.datasets WHERE 7 = id AND name = ''x''');
SELECT calls_of('SELECT name, source_id FROM there.datasets WHERE id = 7');
SELECT calls_of('SELECT settings, title, connector_id FROM there.sources WHERE id = 2');
SELECT calls_of('SELECT * FROM there.sources WHERE id IN (2, 3)');
SELECT calls_of('SELECT * FROM there.dataset_fields WHERE dataset_id = 7');
SELECT calls_of('SELECT * FROM there.dataset_fields WHERE dataset_id IN (7, 5, 7, 500)');
SELECT calls_of('SELECT * FROM there.dataset_fields WHERE dataset_id IN (7, 5, 6) AND dataset_id > 4 AND dataset_id IN (6, 8)');
-- what no object can have is not asked for
SELECT calls_of('SELECT name FROM there.datasets WHERE id IN (0, -1) AND id = 0');
SELECT calls_of('SELECT name FROM there.datasets WHERE id = NULL');
SELECT calls_of('SELECT name FROM there.datasets WHERE id = 5.5');
SELECT * FROM against_copies($$
SELECT * FROM there.datasets WHERE id = 7
SELECT * FROM there.datasets WHERE id = 7 AND name = 'set_8'
SELECT * FROM there.datasets WHERE id = 500
SELECT * FROM there.datasets WHERE id = 0
SELECT * FROM there.datasets WHERE id = 9007199254740993
SELECT * FROM there.datasets WHERE id = -9223372036854775808
SELECT * FROM there.sources WHERE id = 2
SELECT * FROM there.connectors WHERE id = 1 AND title = 'Connector 1'
SELECT * FROM there.connectors WHERE id = 1 AND title = 'connector 1'
SELECT * FROM there.dataset_fields WHERE dataset_id = 7
SELECT * FROM there.dataset_fields WHERE dataset_id = 500
SELECT * FROM there.dataset_fields WHERE dataset_id IN (7, 5, 7, 500, 0, NULL)
SELECT * FROM there.dataset_fields WHERE dataset_id <> 7 AND dataset_id < 9 AND name = 'ID'
SELECT * FROM there.dataset_fields WHERE id = 7
SELECT f.* FROM there.datasets AS d JOIN there.dataset_fields AS f ON f.dataset_id = d.id WHERE d.name = 'set_77'
SELECT s.title, d.name FROM there.sources AS s LEFT JOIN there.datasets AS d ON d.source_id = s.id AND d.id > 100
SELECT * FROM there.datasets WHERE id = (SELECT max(id) FROM there.datasets)
SELECT g, (SELECT name FROM there.datasets AS d WHERE d.id = g) FROM generate_series(119, 122) AS g
$$);
-- parameters, also of other rows
PREPARE one(bigint) AS SELECT name FROM there.datasets WHERE id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE one(3);
EXECUTE one(4);
EXECUTE one(NULL);
SELECT calls_of('EXECUTE one(5)');
RESET plan_cache_mode;
SELECT calls_of($$SELECT d.name FROM (VALUES (3), (5), (400)) AS v (n) JOIN there.datasets AS d ON d.id = n$$);

--
-- Conditions
--
SELECT * FROM asked($$
source_id = 2
source_id <> 2
source_id IN (1, 3)
source_id NOT IN (1, 3)
source_id NOT IN (1, NULL)
source_id IN (1, NULL)
source_id = ANY ('{}')
source_id <> ALL ('{}')
id > 118
id >= 119.5
id BETWEEN 49 AND 102
id > 20 AND id > 30 AND id < 101
id IN (1, 2, 50, 51, 120, 121)
id % 2 = 0
id IS NULL
id::text = '7'
name = 'set_5'
name = 'SET_5'
name IN ('set_5', 'set_6', 'x')
external_code = 'code3'
external_code = 'code3' AND source_id = 1
external_code IN ('code3', 'code4') AND id < 30
external_code <> 'code3'
external_code > 'code3' COLLATE "C"
external_code NOT IN ('code3', 'code4')
description = 'plain text'
description = 'PLAIN TEXT'
description = 'ünïcode'
description = 'Straße'
description = 'it''s'
description = '50% off'
description = ''
description = ' blanks '
description = '<b>'
description = 'back\slash'
description = '5'
description LIKE '%lain%'
description LIKE 'Plain%'
description LIKE '%ï%'
description LIKE '%a\_b%'
description LIKE '%a-b%'
description LIKE '%'
description NOT LIKE '%lain%'
description ILIKE '%lain%'
description IS NOT NULL
external_code = 'code1' OR external_code = 'code2'
external_code = 'code1' OR id = 7
external_code = 'code1' OR description = ''
(external_code = 'code1' AND source_id = 2) OR id < 3
external_code = 'code1' AND (source_id = 2 OR id < 3) AND (id < 9 OR name = 'set_71')
NOT (external_code = 'code1' OR id > 5)
date_create = '2026-01-02 03:04:15'
date_create > '2026-01-02 03:06:00'
date_create >= '2026-01-02 03:06:00.5'
date_create < '2026-01-02 03:04:20'
date_create <= '2026-01-02 03:04:20.999999'
date_create <> '2026-01-02 03:04:15'
date_create = '2026-01-02 03:04:15.5'
date_create BETWEEN '2026-01-02 03:05:00' AND '2026-01-02 03:05:10'
date_create::date = '2026-01-02' AND id < 4
date_create > 'infinity'
date_create IN ('2026-01-02 03:04:15', '2026-01-02 03:04:16')
created_by_id = 1 AND updated_by_id = 1 AND external_id = 33
false
$$);
-- booleans and jsonb are looked at here
SELECT calls_of('SELECT id FROM there.sources WHERE active');
SELECT calls_of('SELECT id FROM there.sources WHERE NOT active AND settings ->> ''login'' = ''user3''');
SELECT * FROM against_copies($$
SELECT id FROM there.sources WHERE active
SELECT id FROM there.sources WHERE NOT active AND settings ->> 'login' = 'user3'
SELECT id FROM there.dataset_fields WHERE visible AND name = 'ID'
$$);
-- lists that are too long are not sent
SELECT left(calls_of(format('SELECT name FROM there.datasets WHERE source_id IN (%s)', string_agg(i::text, ', '))), 60)
FROM generate_series(1, 1000) AS i;
SELECT calls_of(format('SELECT name FROM there.datasets WHERE source_id IN (%s) LIMIT 1', string_agg(i::text, ', ')))
FROM generate_series(1, 1001) AS i;
SELECT calls_of(format('SELECT name FROM there.datasets WHERE name IN (%s) LIMIT 1', string_agg('''set_' || i || '''', ', ')))
FROM generate_series(1, 101) AS i;
-- operators and types of one's own
CREATE FUNCTION everything(bigint, bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR portal_read.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = everything);
SELECT calls_of('SELECT id FROM there.sources WHERE id OPERATOR(portal_read.=) 1::bigint');
DROP OPERATOR portal_read.= (bigint, bigint);

--
-- Order
--
CREATE TABLE orders AS SELECT unnest(ARRAY['id', 'id DESC', 'date_create', 'date_create DESC, id DESC', 'source_id, id DESC', 'source_id DESC',
    'source_id DESC NULLS LAST, date_create', 'source_id, id, name']) AS o;
SELECT o, c FROM orders, LATERAL calls_of(format('SELECT source_id FROM there.datasets WHERE id > 5 ORDER BY %s LIMIT 51', o)) AS c;
-- what is not the portal's to order
SELECT o, c FROM unnest(ARRAY['name', 'date_update', 'external_id', 'source_id, name', 'source_id + 1', 'id::text']) AS o,
    LATERAL calls_of(format('SELECT source_id FROM there.datasets WHERE id > 110 ORDER BY %s LIMIT 1', o)) AS c;
SELECT a.* FROM orders, LATERAL against_copies(format('SELECT id FROM there.datasets WHERE id > 5 ORDER BY %s, id', o), true) AS a;
SELECT a.* FROM orders, LATERAL against_copies(format('SELECT id FROM there.datasets ORDER BY %s, id LIMIT 70 OFFSET 3', o), true) AS a;
SELECT plan_of('SELECT name FROM there.datasets ORDER BY source_id DESC, id LIMIT 3', 'COSTS OFF');
SELECT plan_of('SELECT name FROM there.datasets ORDER BY name LIMIT 3', 'COSTS OFF');

--
-- EXPLAIN
--
SELECT plan_of($$SELECT name FROM there.datasets WHERE source_id = 1 AND (name = 'a' OR id < 3) AND description <> ''$$);
SELECT plan_of('SELECT * FROM there.sources WHERE connector_id IN (1, 2)');
SELECT plan_of($$SELECT name FROM there.datasets WHERE id = 7 AND name = 'a'$$);
SELECT plan_of('SELECT name FROM there.dataset_fields WHERE dataset_id = 7');
SELECT calls_of('SELECT f.name FROM there.datasets AS d JOIN there.dataset_fields AS f ON f.dataset_id = d.id WHERE d.id = 7');
SELECT line FROM plan_of($$SELECT name FROM there.datasets WHERE description = 'plain text'$$,
    'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF') AS line WHERE line ~ 'Calls|Rows R|Remote';
SELECT line FROM plan_of($$SELECT fields FROM there.datasets LIMIT 2$$,
    'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF') AS line WHERE line ~ 'Calls|Rows R|Remote';
-- nothing is asked for by EXPLAIN
SELECT calls_of('EXPLAIN SELECT * FROM there.datasets WHERE id = 7');
-- costs say that finding the dataset first is cheap
CREATE FUNCTION cost_of(statement text) RETURNS numeric
LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO plan;
    RETURN (plan #>> '{0,Plan,Total Cost}')::numeric;
END
$$;
SELECT round(cost_of('SELECT name FROM there.datasets') / 1000) AS pages,
    round(cost_of('SELECT fields FROM there.datasets') / 1000) AS and_one_each,
    round(cost_of('SELECT fields FROM there.datasets WHERE id = 7') / 1000) AS one,
    round(cost_of('SELECT * FROM there.dataset_fields') / 1000) AS fields,
    round(cost_of('SELECT * FROM there.dataset_fields WHERE dataset_id = 7') / 1000) AS fields_of_one,
    round(cost_of('SELECT * FROM there.dataset_fields WHERE dataset_id IN (7, 8, 9)') / 1000) AS fields_of_three;
ALTER FOREIGN TABLE there.datasets OPTIONS (ADD estimated_rows '120', ADD fdw_startup_cost '100000');
SELECT round(cost_of('SELECT name FROM there.datasets') / 100000) AS pages;
ALTER FOREIGN TABLE there.datasets OPTIONS (DROP estimated_rows, DROP fdw_startup_cost);

--
-- Scans that start over: rows that are the same come again, others are asked for
--
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
SELECT calls_of($$SELECT * FROM generate_series(1, 3) AS g, there.connectors AS c WHERE g + 0 > c.id$$);
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_material;
BEGIN;
DECLARE back SCROLL CURSOR FOR SELECT id FROM there.datasets;
MOVE FORWARD 60 IN back;
FETCH BACKWARD 2 FROM back;
MOVE BACKWARD ALL IN back;
FETCH 1 FROM back;
MOVE FORWARD ALL IN back;
FETCH BACKWARD 1 FROM back;
COMMIT;

--
-- Ways of portals
--
-- ids as numbers, keys that nobody knows, dates that do not come by name, lists in another order of their own
\! "$PYTHON" -B test/portal/control.py '{"options": {"ids": "number", "extra_keys": true, "empty_dates": true, "unordered": true}}'
CREATE VIEW there_without_fields AS SELECT id, source_id, name, description, date_create, date_update, created_by_id FROM there.datasets;
CREATE VIEW here_without_fields AS SELECT id, source_id, name, description, date_create, date_update, created_by_id FROM here.datasets;
(TABLE there_without_fields EXCEPT TABLE here_without_fields) UNION ALL (TABLE here_without_fields EXCEPT TABLE there_without_fields);
(TABLE there.sources EXCEPT TABLE here.sources) UNION ALL (TABLE here.sources EXCEPT TABLE there.sources);
(TABLE there.dataset_fields EXCEPT TABLE here.dataset_fields) UNION ALL (TABLE here.dataset_fields EXCEPT TABLE there.dataset_fields);
SELECT id, date_create FROM there.connectors ORDER BY id;
SELECT id, date_create FROM there.sources ORDER BY date_create DESC;
-- those that tell upper from lower case
\! "$PYTHON" -B test/portal/control.py '{"options": {"case": "sensitive"}}'
SELECT * FROM asked($$
description = 'plain text'
description LIKE '%lain%'
name IN ('set_5', 'SET_6')
$$);
-- later names of the methods
\! "$PYTHON" -B test/portal/control.py '{"options": {"family": "table", "case": "insensitive", "ids": "string", "extra_keys": false}}'
SELECT attempt('SELECT name FROM there.datasets WHERE id = 3');
ALTER SERVER b24 OPTIONS (ADD method_family 'table');
SELECT calls_of('SELECT name FROM there.dataset_fields WHERE dataset_id > 119');
SELECT * FROM against_copies('SELECT * FROM there.datasets');
ALTER SERVER b24 OPTIONS (DROP method_family);
\! "$PYTHON" -B test/portal/control.py '{"options": {"family": "both"}}'
-- errors, in both shapes
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.list", "action": "error", "error": "INTERNAL_SERVER_ERROR"}]}'
SELECT attempt('SELECT * FROM there.sources');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.list", "action": "error", "error": "VALIDATION_FILTER_TYPE", "shape": "result"}]}'
SELECT attempt('SELECT * FROM there.sources');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.get", "action": "error", "error": "BX_ERROR", "skip": 1}]}'
SELECT attempt('SELECT * FROM there.sources');
\! "$PYTHON" -B test/portal/control.py '{"options": {"error_shape": "result"}}'
SELECT name FROM there.datasets WHERE id = 500;
SELECT * FROM there.dataset_fields WHERE dataset_id IN (500, 120) ORDER BY id;
\! "$PYTHON" -B test/portal/control.py '{"options": {"error_shape": "top", "error_status": 400}}'
SELECT name FROM there.datasets WHERE id = 500;
SELECT * FROM there.dataset_fields WHERE dataset_id IN (500, 120) ORDER BY id;
\! "$PYTHON" -B test/portal/control.py '{"options": {"error_status": 200}}'
-- answers that are none
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.list", "action": "answer", "body": {"result": {"items": []}}}]}'
SELECT attempt('SELECT id FROM there.sources');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.list", "action": "answer", "body": {"result": [{"id": "1"}, 2]}}]}'
SELECT attempt('SELECT id FROM there.sources');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.list", "action": "answer", "body": {"result": [{"title": "no id"}]}}]}'
SELECT attempt('SELECT id FROM there.sources');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.list", "action": "answer", "body": {"result": [{"id": "1a"}]}}]}'
SELECT attempt('SELECT id FROM there.sources');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.list", "action": "answer", "body": {"result": [{"id": 2}, {"id": "1"}]}}]}'
SELECT attempt('SELECT id FROM there.sources');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.list", "action": "answer", "body": {"result": [{"id": 2}, {"id": 2}]}}]}'
SELECT attempt('SELECT id FROM there.sources');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.list", "action": "answer", "body": {"result": [{"id": 1, "active": "maybe"}]}}]}'
SELECT attempt('SELECT id, active FROM there.sources');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.get", "action": "answer", "body": {"result": true}}]}'
SELECT attempt('SELECT id, settings FROM there.sources');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.get", "action": "answer", "body": {"result": {"item": {"id": 7, "fields": null}}}}]}'
SELECT attempt('SELECT * FROM there.dataset_fields WHERE dataset_id = 7');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.list", "action": "cut", "bytes": 100}]}'
SELECT attempt('SELECT id, title FROM there.sources');
-- what ignores the filter
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.list", "action": "answer", "body": {"result": [{"id": 1, "title": "A"}, {"id": 2, "title": "a"}, {"id": 3, "title": null}]}}]}'
SELECT id, title FROM there.sources WHERE title = 'a';
-- what repeats its first page
SELECT json_build_object('rules', json_build_array(json_build_object('method', '*.list', 'action', 'answer', 'times', 2, 'body',
    json_build_object('result', (SELECT json_agg(json_build_object('id', i)) FROM generate_series(1, 50) AS i))))) AS rule \gset
\setenv RULE :rule
\! "$PYTHON" -B test/portal/control.py "$RULE"
SELECT attempt('SELECT id FROM there.datasets');
-- a page with more rows than it should have is read to its end
SELECT json_build_object('rules', json_build_array(json_build_object('method', '*.list', 'action', 'answer', 'body',
    json_build_object('result', (SELECT json_agg(json_build_object('id', i)) FROM generate_series(1, 70) AS i))))) AS rule \gset
\setenv RULE :rule
\! "$PYTHON" -B test/portal/control.py "$RULE"
SELECT count(*), min(id), max(id) FROM there.datasets;
-- objects that go while the list is being read: the first page goes before the second one is asked for, and what has
-- been listed before it is got
SELECT json_build_object('rules', json_build_array(json_build_object('method', '*.list', 'skip', 1, 'action', 'calls', 'calls',
    (SELECT json_agg(json_build_object('method', 'biconnector.dataset.delete', 'params', json_build_object('id', i)))
     FROM generate_series(1, 40) AS i)))) AS rule \gset
\setenv RULE :rule
\! "$PYTHON" -B test/portal/control.py "$RULE"
SELECT count(*), min(id), max(id) FROM there.datasets;
SELECT count(*), min(id), max(id) FROM there.datasets;
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.list", "skip": 1, "action": "calls", "calls": [{"method": "biconnector.dataset.delete", "params": {"id": 41}}, {"method": "biconnector.dataset.delete", "params": {"id": 119}}]}]}'
SELECT count(*) FROM (SELECT id FROM there.datasets ORDER BY source_id DESC, id) AS o;
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "*.get", "action": "calls", "calls": [{"method": "biconnector.dataset.delete", "params": {"id": 43}}]}]}'
SELECT id, jsonb_array_length(fields) FROM there.datasets WHERE id < 45 ORDER BY id;

\! "$PYTHON" -B test/portal/control.py '{"reset": true}'
SET client_min_messages = error;
DROP SERVER b24 CASCADE;
DROP SCHEMA portal_read, there, here CASCADE;
