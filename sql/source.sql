--
-- Servers that are sources of a portal: where endpoints and settings come from, when the
-- portal is asked and when it is not, who may use them, and what is never shown.
--
-- The portal keeps what is made in it: it is reset at start and end.
--
\! "$PYTHON" -B test/portal/control.py '{"reset": true}'
\set url `echo "$BICONNECTOR_URL"`
\set portal `echo "$BICONNECTOR_PORTAL_URL"`
\set portal_log `echo "$BICONNECTOR_PORTAL_LOG"`
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA source;
SET search_path = source, public;
CREATE ROLE source_owner;
CREATE ROLE source_anna;
CREATE ROLE source_guest;
GRANT USAGE, CREATE ON SCHEMA source TO source_owner, source_anna, source_guest;
GRANT USAGE ON FOREIGN DATA WRAPPER biconnector_fdw, biconnector_portal TO source_owner;

-- What a statement says, which methods of the portal were called for it, and what the
-- connector was asked, with the codes of the settings
CREATE TABLE portal AS SELECT :'portal'::text AS url, :'portal_log'::text AS log;
CREATE FUNCTION portal_end() RETURNS bigint
LANGUAGE sql SECURITY DEFINER AS 'SELECT size FROM source.portal, pg_stat_file(log)';
CREATE FUNCTION connector_end() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT public.log_end()';
CREATE FUNCTION calls(place bigint) RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER AS $$
    SELECT concat_ws(' ', '  portal:', entry ->> 'method', entry ->> 'error')
    FROM source.portal,
        regexp_split_to_table(pg_read_file(log, place, source.portal_end() - place), E'\n') AS line,
        LATERAL (SELECT nullif(line, '')::jsonb AS entry) AS parsed
    WHERE entry ? 'method' ORDER BY (entry ->> 'n')::bigint
$$;
CREATE FUNCTION requests_with_settings(place bigint) RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER AS $$
    SELECT format('  connector: %s with %s', entry ->> 'endpoint',
        (SELECT string_agg(key, ', ' ORDER BY key) FROM jsonb_object_keys(entry -> 'body' -> 'connection') AS key))
    FROM public.connector,
        regexp_split_to_table(pg_read_file(log, place, public.log_end() - place), E'\n') AS line,
        LATERAL (SELECT nullif(line, '')::jsonb AS entry) AS parsed
    WHERE entry ? 'endpoint' ORDER BY (entry ->> 'n')::bigint
$$;
CREATE FUNCTION asked(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    calls bigint := source.portal_end();
    requests bigint := source.connector_end();
BEGIN
    RETURN QUERY SELECT public.attempt(statement);
    RETURN QUERY SELECT source.calls(calls);
    RETURN QUERY SELECT source.requests_with_settings(requests);
END
$$;

--
-- A portal with a connector and two sources of it, and servers for all of them
--
SET ROLE source_owner;
CREATE SERVER source_portal FOREIGN DATA WRAPPER biconnector_portal OPTIONS (portal_url :'portal', rate_limit '0');
CREATE USER MAPPING FOR source_owner SERVER source_portal OPTIONS (access_token 'portal-token');
IMPORT FOREIGN SCHEMA biconnector FROM SERVER source_portal INTO source;
INSERT INTO connectors (title, logo, url_check, url_table_list, url_table_description, url_data, settings)
VALUES ('Shop', 'L', :'url' || '/check', :'url' || '/table_list', :'url' || '/table_description', :'url' || '/data',
    '[{"code": "login", "name": "Login", "type": "STRING"}, {"code": "password", "name": "Password", "type": "STRING"}]');
INSERT INTO sources (title, connector_id, settings) VALUES
    ('Anna', 1, '{"login": "anna", "password": "s3cret word"}'),
    ('Anna, too', 1, '{"login": "anna", "password": "s3cret word"}');
CREATE SERVER source_shop FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (portal 'source_portal', source_id '1');
CREATE FOREIGN TABLE item (id int OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'))
    SERVER source_shop OPTIONS (table_name 'items');
GRANT SELECT ON item TO source_anna, source_guest;

-- EXPLAIN asks nobody
SELECT asked('EXPLAIN (VERBOSE) SELECT * FROM item WHERE id = 7');
SELECT plan_of('SELECT * FROM item WHERE id = 7', 'COSTS OFF');
SELECT plan_of('SELECT * FROM item WHERE id = 7');
-- the first request asks the portal, and others do not
SELECT asked('SELECT * FROM item WHERE id = 7');
SELECT asked('SELECT * FROM item WHERE id = 8');
SELECT id, name FROM item WHERE id < 4 ORDER BY id;
SELECT line FROM plan_of('SELECT * FROM item WHERE id = 7', 'ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF') AS line
WHERE line ~ 'Portal|Source|Remote|Requests';
-- prepared statements, cursors and joins are no different
PREPARE by_id (int) AS SELECT name FROM item WHERE id = $1;
EXECUTE by_id (7);
SELECT asked('EXECUTE by_id (8)');
SELECT asked('SELECT a.id FROM item AS a JOIN item AS b USING (id) WHERE a.id = 7');
-- not even with parallel_safe are there workers
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
ALTER SERVER source_shop OPTIONS (ADD parallel_safe 'on', ADD fdw_startup_cost '100000');
EXPLAIN (COSTS OFF) SELECT count(*) FROM item;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;

--
-- What is known is forgotten when a server or a user mapping is altered, and on demand
--
SELECT asked('SELECT * FROM item WHERE id = 7');
SELECT asked('SELECT * FROM item WHERE id = 7');
ALTER SERVER source_shop OPTIONS (DROP parallel_safe, SET fdw_startup_cost '10');
SELECT asked('SELECT * FROM item WHERE id = 7');
ALTER SERVER source_portal OPTIONS (SET rate_limit '1000');
SELECT asked('SELECT * FROM item WHERE id = 7');
ALTER USER MAPPING FOR source_owner SERVER source_portal OPTIONS (SET access_token 'portal-token');
SELECT asked('SELECT * FROM item WHERE id = 7');
CREATE USER MAPPING FOR source_owner SERVER source_shop;
SELECT asked('SELECT * FROM item WHERE id = 7');
SELECT asked('SELECT * FROM item WHERE id = 7');
SELECT biconnector_disconnect('source_shop');
SELECT asked('SELECT * FROM item WHERE id = 7');
ALTER SERVER source_shop OPTIONS (SET source_id '2');
SELECT asked('SELECT * FROM item WHERE id = 7');
SELECT plan_of('SELECT * FROM item', 'COSTS OFF');
-- the connection goes, too, whose server says how to get there
SELECT server_name, valid FROM biconnector_connections() WHERE server_name = 'source_shop';
ALTER SERVER source_portal OPTIONS (ADD read_timeout '100');
SELECT server_name, valid FROM biconnector_connections() WHERE server_name = 'source_shop';

--
-- A user mapping overrides single settings
--
ALTER USER MAPPING FOR source_owner SERVER source_shop OPTIONS (ADD password 'a wrong one', ADD more 'x');
SELECT asked('SELECT * FROM item WHERE id = 7');
ALTER USER MAPPING FOR source_owner SERVER source_shop OPTIONS (SET password 's3cret word');
UPDATE sources SET settings = '{"login": "anna", "password": "s3cret word", "given": "y", "none": null}' WHERE id = 2;
SELECT asked('SELECT * FROM item WHERE id = 7');
DROP USER MAPPING FOR source_owner SERVER source_shop;

--
-- Who may: whoever may use the portal's server, with a mapping for it
--
SET ROLE source_anna;
SELECT asked('SELECT * FROM item WHERE id = 7');
SET ROLE source_owner;
GRANT USAGE ON FOREIGN SERVER source_portal TO source_anna;
SET ROLE source_anna;
SELECT asked('SELECT * FROM item WHERE id = 7');
SET ROLE source_owner;
CREATE USER MAPPING FOR source_anna SERVER source_portal OPTIONS (access_token 'portal-token');
SET ROLE source_anna;
SELECT asked('SELECT * FROM item WHERE id = 7');
-- and not with what others know
SET ROLE source_guest;
SELECT asked('SELECT * FROM item WHERE id = 7');
-- a view asks as its owner
SET ROLE source_anna;
CREATE VIEW hers AS SELECT * FROM item;
GRANT SELECT ON hers TO source_guest;
SET ROLE source_guest;
SELECT asked('SELECT * FROM hers WHERE id = 7');
SET ROLE source_owner;
REVOKE USAGE ON FOREIGN SERVER source_portal FROM source_anna;
SET ROLE source_anna;
SELECT asked('SELECT * FROM item WHERE id = 7');
SET ROLE source_guest;
SELECT asked('SELECT * FROM hers WHERE id = 7');
-- both servers have one owner
RESET ROLE;
ALTER SERVER source_shop OWNER TO CURRENT_USER;
SET ROLE source_owner;
SELECT asked('SELECT * FROM item WHERE id = 7');
RESET ROLE;
SELECT asked('SELECT * FROM item WHERE id = 7');
ALTER SERVER source_shop OWNER TO source_owner;
SET ROLE source_owner;
SELECT asked('SELECT * FROM item WHERE id = 7');

--
-- Functions and IMPORT look at the portal anew, ANALYZE does not
--
SELECT asked($$SELECT * FROM biconnector_check('source_shop')$$);
SELECT ok, http_status FROM biconnector_check('source_shop');
SELECT asked($$SELECT * FROM biconnector_tables('source_shop')$$);
SELECT asked($$SELECT * FROM biconnector_columns('source_shop', 'items')$$);
SELECT count(*) > 10 FROM biconnector_probe('item');
SELECT * FROM biconnector_probe_statement('item');
SELECT asked('ANALYZE item');
SELECT asked('IMPORT FOREIGN SCHEMA connector LIMIT TO (items) FROM SERVER source_shop INTO source OPTIONS (probe ''off'')');
SELECT count(*) FROM items;

--
-- What is wrong with the source
--
UPDATE sources SET active = false WHERE id = 2;
SELECT biconnector_disconnect('source_shop');
SELECT asked('SELECT * FROM item WHERE id = 7');
SELECT asked($$SELECT * FROM biconnector_check('source_shop')$$);
SELECT asked('EXPLAIN SELECT * FROM item');
UPDATE sources SET active = true WHERE id = 2;
SELECT asked('SELECT * FROM item WHERE id = 7');
DELETE FROM sources WHERE id = 2;
SELECT biconnector_disconnect('source_shop');
SELECT asked('SELECT * FROM item WHERE id = 7');
ALTER SERVER source_shop OPTIONS (SET source_id '1');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.connector.get", "action": "error", "error": "CONNECTOR_NOT_FOUND"}]}'
SELECT asked('SELECT * FROM item WHERE id = 7');
UPDATE connectors SET url_data = 'ftp://127.0.0.1/data' WHERE id = 1;
SELECT asked('SELECT * FROM item WHERE id = 7');
UPDATE connectors SET url_data = :'url' || '/data' WHERE id = 1;
-- a portal that is none, is of another kind, or is not there
ALTER SERVER source_shop OPTIONS (SET portal 'nowhere');
SELECT asked('SELECT * FROM item WHERE id = 7');
SELECT asked('EXPLAIN SELECT * FROM item');
CREATE SERVER source_plain FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'url');
ALTER SERVER source_shop OPTIONS (SET portal 'source_plain');
SELECT asked('SELECT * FROM item WHERE id = 7');
ALTER SERVER source_shop OPTIONS (SET portal 'source_portal');

--
-- Settings that change in the portal: a session finds out when the connector turns the
-- old ones down, and asks once more
--
\! "$PYTHON" -B test/portal/control.py '{"options": {"check": "off"}}'
UPDATE sources SET settings = '{"password": "the old one"}' WHERE id = 1;
-- the connector turned down what has just been looked up: nothing to ask
SELECT asked('SELECT * FROM item WHERE id = 7');
SELECT asked('SELECT * FROM item WHERE id = 7');
UPDATE sources SET settings = '{"password": "s3cret word"}' WHERE id = 1;
SELECT asked('SELECT * FROM item WHERE id = 7');
SELECT asked('SELECT * FROM item WHERE id = 7');
-- with another wrong one, there is no third time
UPDATE sources SET settings = '{"password": "the old one"}' WHERE id = 1;
SELECT biconnector_disconnect('source_shop');
SELECT asked('SELECT * FROM item WHERE id = 7');
UPDATE sources SET settings = '{"password": "another old one"}' WHERE id = 1;
SELECT asked('SELECT * FROM item WHERE id = 7');
-- nor is there a second one if the portal says what it said before
CREATE FOREIGN TABLE forbidden (id int OPTIONS (column_name 'ID')) SERVER source_shop OPTIONS (table_name 'items+status:403');
UPDATE sources SET settings = '{"password": "s3cret word"}' WHERE id = 1;
SELECT asked('SELECT * FROM item WHERE id = 7');
SELECT asked('SELECT * FROM forbidden');
-- ANALYZE does the same
UPDATE sources SET settings = '{"password": "the old one"}' WHERE id = 1;
SELECT biconnector_disconnect('source_shop');
SELECT asked('ANALYZE item');
UPDATE sources SET settings = '{"password": "s3cret word"}' WHERE id = 1;
SELECT asked('ANALYZE item');
UPDATE sources SET settings = '{"password": "the old one"}' WHERE id = 1;
SELECT asked('SELECT * FROM item WHERE id = 7');
SELECT biconnector_disconnect('source_shop');
SELECT asked('SELECT * FROM item WHERE id = 7');
UPDATE sources SET settings = '{"password": "s3cret word"}' WHERE id = 1;
SELECT line FROM plan_of('SELECT * FROM item WHERE id = 7', 'ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF') AS line
WHERE line ~ 'Requests';
-- a source that fails when it is looked up anew says why
UPDATE sources SET settings = '{"password": "the old one"}' WHERE id = 1;
SELECT biconnector_disconnect('source_shop');
SELECT asked('SELECT * FROM item WHERE id = 7');
UPDATE sources SET active = false WHERE id = 1;
SELECT asked('SELECT * FROM item WHERE id = 7');
UPDATE sources SET active = true, settings = '{"password": "s3cret word"}' WHERE id = 1;

--
-- A token that expires between planning and execution
--
\set token_url :portal '/oauth/token/'
ALTER USER MAPPING FOR source_owner SERVER source_portal OPTIONS (ADD client_id 'app', ADD client_secret 'app-secret',
    ADD refresh_token 'refresh-1', ADD token_url :'token_url');
PREPARE planned AS SELECT * FROM item WHERE id = 7;
SELECT asked('EXPLAIN EXECUTE planned');
\! "$PYTHON" -B test/portal/control.py '{"tokens": {"portal-token": {"user": 1, "error": "expired_token"}}}'
SELECT asked('EXECUTE planned');
RESET ROLE;
GRANT EXECUTE ON FUNCTION biconnector_token TO source_owner;
SET ROLE source_owner;
SELECT access_token, refreshed FROM biconnector_token('source_portal');
SELECT asked('EXECUTE planned');

--
-- Answers of the portal that cannot be understood: no message shows a setting
--
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.source.get", "action": "cut", "bytes": 400}]}'
SELECT biconnector_disconnect('source_shop');
SELECT asked('SELECT * FROM item WHERE id = 7');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.source.get", "action": "answer", "body": {"result": {"item": {"connection": {"active": "Y"}, "connectorId": "1", "settings": "s3cret word"}}}}]}'
SELECT asked('SELECT * FROM item WHERE id = 7');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.source.get", "action": "answer", "body": {"result": {"item": {"settings": [{"code": "password", "value": ["s3cret word"]}], "connectorId": 1}}}}]}'
SELECT asked('SELECT * FROM item WHERE id = 7');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.source.get", "action": "answer", "body": {"result": {"item": {"settings": [{"code": "password", "value": "s3cret word"}]}}}}]}'
SELECT asked('SELECT * FROM item WHERE id = 7');
-- other forms that can: of booleans, ids and settings
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.source.get", "action": "answer", "body": {"result": {"item": {"connection": {"active": "Y"}, "connectorId": "1", "settings": {"login": "anna", "password": "s3cret word"}}}}}]}'
SELECT asked('SELECT * FROM item WHERE id = 7');
SELECT biconnector_disconnect('source_shop');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"method": "biconnector.source.get", "action": "answer", "body": {"result": {"item": {"connection": {"active": "N"}, "connectorId": "1", "settings": []}}}}]}'
SELECT asked('SELECT * FROM item WHERE id = 7');
-- what a connector sends back is masked
CREATE FOREIGN TABLE echo (id int OPTIONS (column_name 'ID')) SERVER source_shop OPTIONS (table_name 's3cret word');
SELECT asked('SELECT * FROM echo');

--
-- Options
--
SELECT attempt($$CREATE SERVER bad FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (portal 'b24')$$);
SELECT attempt($$CREATE SERVER bad FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (source_id '7')$$);
SELECT attempt($$CREATE SERVER bad FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (portal '', source_id '7')$$);
SELECT attempt(format($$CREATE SERVER bad FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (portal 'b24', source_id %L)$$, id))
FROM unnest(ARRAY['0', '-1', '', '7x', ' 7', '1e3', '9223372036854775808']) AS id;
SELECT attempt(format($$CREATE SERVER bad FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (portal 'b24', source_id '7', %s)$$, option))
FROM unnest(ARRAY[$$url_data 'http://127.0.0.1/'$$, $$url_check 'http://127.0.0.1/'$$, $$proxy 'http://127.0.0.1/'$$,
    $$ssl_ca_file '/x'$$, $$ssl_verify 'on'$$]) AS option;
-- it need not be there yet
CREATE SERVER source_later FOREIGN DATA WRAPPER biconnector_fdw
    OPTIONS (portal 'b24', source_id '9223372036854775807', request_format 'json', read_timeout '5', row_limit '7');
DROP SERVER source_later;
-- from one kind of server to the other
ALTER SERVER source_plain OPTIONS (DROP url_data, ADD portal 'source_portal', ADD source_id '1');
SELECT ok FROM biconnector_check('source_plain');
SELECT attempt('ALTER SERVER source_plain OPTIONS (DROP source_id)');
-- options that the portal's server has hold for its sources, unless they have their own
ALTER SERVER source_portal OPTIONS (ADD keep_connections 'off');
SELECT count(*) FROM biconnector_tables('source_plain');
SELECT count(*) FROM biconnector_connections() WHERE server_name = 'source_plain';
ALTER SERVER source_plain OPTIONS (ADD keep_connections 'on');
SELECT count(*) FROM biconnector_tables('source_plain');
SELECT count(*) FROM biconnector_connections() WHERE server_name = 'source_plain';
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA source CASCADE;
DROP SERVER source_shop, source_plain, source_portal CASCADE;
DROP OWNED BY source_owner, source_anna, source_guest;
DROP ROLE source_owner, source_anna, source_guest;
\! "$PYTHON" -B test/portal/control.py '{"reset": true}'
