--
-- Portals: options of servers and user mappings, calls of methods, their errors,
-- and access tokens.
--
\pset format unaligned
\pset tuples_only on
\set portal_url `echo "$BICONNECTOR_PORTAL_URL"`
\set portal_log `echo "$BICONNECTOR_PORTAL_LOG"`
\! "$PYTHON" -B test/portal/control.py '{"reset": true}'
CREATE SCHEMA portal_call;
SET search_path = portal_call, public;
CREATE ROLE portal_call_anna;
CREATE ROLE portal_call_bert;
CREATE TABLE portal AS SELECT :'portal_url'::text AS url, :'portal_log'::text AS log;
-- What attempt() says, without what differs from run to run
CREATE FUNCTION try(statement text) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT replace(attempt(statement), (SELECT url FROM portal), 'http://portal')
$$;
-- Call a method: its result, or its error, for which it is called once only
CREATE FUNCTION call(method text, params jsonb DEFAULT '{}') RETURNS SETOF text
LANGUAGE sql AS $$ SELECT biconnector_call('b24', method, params) ->> 'result' $$;
CREATE FUNCTION fails(method text, params jsonb DEFAULT '{}') RETURNS SETOF text
LANGUAGE sql AS $$ SELECT try(format('SELECT biconnector_call(''b24'', %L, %L)', method, params)) $$;
-- The calls that the portal has seen since a place in its log
CREATE FUNCTION log_end_of_portal() RETURNS bigint
LANGUAGE sql AS 'SELECT size FROM portal, pg_stat_file(log)';
CREATE FUNCTION calls_since(place bigint) RETURNS TABLE (method text, via text, error text, status int, params jsonb)
LANGUAGE sql AS $$
    SELECT entry ->> 'method', entry ->> 'via', entry ->> 'error', (entry ->> 'status')::int, entry -> 'params'
    FROM portal,
        regexp_split_to_table(pg_read_file(log, place, log_end_of_portal() - place), E'\n') AS line,
        LATERAL (SELECT nullif(line, '')::jsonb AS entry) AS parsed
    WHERE entry ? 'method' ORDER BY (entry ->> 'n')::int
$$;

--
-- Options
--
CREATE SERVER trial FOREIGN DATA WRAPPER biconnector_portal;
SELECT try(format('ALTER SERVER trial OPTIONS (ADD %I %L)', name, value))
FROM (VALUES ('portal_url', 'ftp://b24.example'), ('portal_url', 'https://anna:pass@b24.example'),
             ('portal_url', 'https://b24.example/?x=1'), ('method_family', 'tables'),
             ('rate_limit', '-1'), ('rate_limit', 'fast'), ('max_retries', '-1'), ('max_retries', '101'),
             ('fdw_startup_cost', '-1'), ('connect_timeout', '0'), ('ssl_verify', 'maybe'),
             ('url_data', 'https://b24.example')) AS bad (name, value);
ALTER SERVER trial OPTIONS (portal_url 'https://b24.example/', method_family 'table', rate_limit '0.5', max_retries '0',
    fdw_startup_cost '10', fdw_tuple_cost '1', connect_timeout '500ms', read_timeout '1min', max_row_size '1MB',
    keep_connections 'off', compression 'off', proxy 'http://proxy.example:3128', user_agent 'me', ssl_verify 'on');
SELECT try('CREATE USER MAPPING FOR CURRENT_USER SERVER trial OPTIONS (' || options || ')')
FROM unnest(ARRAY[$$access_token ''$$, $$webhook '1'$$, $$webhook 'one/two'$$, $$webhook '1/a b'$$, $$webhook '1/a/b'$$,
    $$webhook '1/abc', access_token 'x'$$, $$access_token 'x', client_id 'app'$$,
    $$access_token 'x', refresh_token 'y'$$, $$access_token 'x', token_url 'https://b24.example'$$,
    $$webhook '1/abc', client_id 'a', client_secret 'b', refresh_token 'c'$$,
    $$access_token 'x', client_id 'a', client_secret 'b', refresh_token 'c', token_url 'b24.example'$$,
    $$login 'anna'$$]) AS options;
DROP SERVER trial;

--
-- Calls
--
CREATE SERVER b24 FOREIGN DATA WRAPPER biconnector_portal OPTIONS (portal_url :'portal_url', rate_limit '0');
SELECT fails('biconnector.connector.list');
CREATE USER MAPPING FOR CURRENT_USER SERVER b24 OPTIONS (access_token 'portal-token');
SELECT call('biconnector.connector.list');
SELECT call('biconnector.connector.add', '{"fields": {"title": "Ünï 😀", "logo": "data:,x", "sort": 7,
    "urlCheck": "http://127.0.0.1:1/", "urlTableList": "http://127.0.0.1:1/", "urlTableDescription": "http://127.0.0.1:1/",
    "urlData": "http://127.0.0.1:1/", "settings": [{"code": "login", "name": "Login", "type": "STRING"}]}}');
SELECT biconnector_call('b24', 'biconnector.connector.get', '{"id": 1}') #>> '{result,item,title}';
-- the whole answer is returned
SELECT jsonb_object_keys(biconnector_call('b24', 'biconnector.connector.list')) AS key ORDER BY 1;
-- what is sent, without the token
SELECT log_end_of_portal() AS place \gset
SELECT call('biconnector.connector.update', '{"id": 1, "fields": {"description": "a \"b\" \\ c"}, "auth": "mine"}');
SELECT method, via, error, params FROM calls_since(:place);
SELECT fails(method, params)
FROM (VALUES ('biconnector.connector.list', '[]'::jsonb), ('biconnector.connector.list', '1'),
             ('../user.current', '{}'), ('', '{}'), ('a/b', '{}'), ('biconnector.nonsense', '{}')) AS bad (method, params);
SELECT biconnector_call('b24', NULL, '{}') IS NULL;
SELECT * FROM biconnector_portal_fields('b24', 'source');
SELECT count(*) FROM biconnector_portal_fields('b24', 'dataset');
SELECT try($$SELECT * FROM biconnector_portal_fields('b24', 'table')$$);

SELECT fails('biconnector.connector.list', '{"a": [{"b": 123456789012345678901234567890}]}');
-- connections are kept for what reads, and for nothing else
SELECT biconnector_disconnect('b24');
SELECT call('biconnector.connector.update', '{"id": 1, "fields": {"sort": 9}}');
SELECT biconnector_disconnect('b24');
SELECT call('biconnector.source.list');
SELECT server_name, user_name = current_user, origin = url FROM biconnector_connections(), portal WHERE server_name = 'b24';
SELECT biconnector_disconnect('b24');

--
-- Errors of the portal: on top of the answer, or inside of its result
--
SELECT fails(method, params)
FROM (VALUES ('biconnector.connector.get', '{"id": 99}'::jsonb), ('biconnector.connector.get', '{}'),
             ('biconnector.connector.get', '{"id": "x"}'),
             ('biconnector.connector.add', '{"fields": {"colour": 1}}'),
             ('biconnector.connector.add', '{"fields": {"title": "x"}}'),
             ('biconnector.connector.update', '{"id": 1, "fields": {"dateCreate": "2026-01-01"}}'),
             ('biconnector.source.add', '{"fields": {"title": "x", "connectorId": 1, "settings": {"login": "x"}}}')) AS bad (method, params);
\! "$PYTHON" -B test/portal/control.py '{"options": {"error_shape": "result"}}'
SELECT fails('biconnector.connector.get', '{"id": 99}');
\! "$PYTHON" -B test/portal/control.py '{"options": {"error_shape": "top", "error_status": 400}}'
SELECT fails('biconnector.connector.get', '{"id": 99}');
\! "$PYTHON" -B test/portal/control.py '{"options": {"error_status": 200}}'
-- all codes of the system
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "error", "error": "INVALID_CREDENTIALS"}]}'
SELECT fails('biconnector.connector.list');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "error", "error": "insufficient_scope"}]}'
SELECT fails('biconnector.connector.list');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "error", "error": "user_access_error"}]}'
SELECT fails('biconnector.connector.list');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "error", "error": "OVERLOAD_LIMIT"}]}'
SELECT fails('biconnector.connector.list');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "error", "error": "INTERNAL_SERVER_ERROR"}]}'
SELECT fails('biconnector.connector.list');
-- a call that changes something may have done so
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "error", "error": "INTERNAL_SERVER_ERROR"}]}'
SELECT fails('biconnector.connector.delete', '{"id": 99}');
-- answers that are none
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "answer", "body": "<html>portal-token</html>", "status": 502}]}'
SELECT fails('biconnector.connector.list');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "answer", "body": "", "status": 200}]}'
SELECT fails('biconnector.connector.list');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "answer", "body": [], "status": 200}]}'
SELECT fails('biconnector.connector.list');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "cut", "bytes": 20}]}'
SELECT fails('biconnector.connector.list');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "answer", "body": {"error": {"x": 1}}, "status": 200}]}'
SELECT fails('biconnector.connector.list');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "answer", "body": {"time": {}}, "status": 200}]}'
SELECT fails('biconnector.connector.list');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "answer", "body": {"error": "", "result": {"error": null, "fields": []}}, "status": 200}]}'
SELECT call('biconnector.connector.fields');

--
-- Calls that come too soon are repeated
--
SELECT log_end_of_portal() AS place \gset
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "error", "error": "QUERY_LIMIT_EXCEEDED", "times": 1}]}'
SELECT call('biconnector.source.list');
SELECT method, error, status FROM calls_since(:place);
ALTER SERVER b24 OPTIONS (ADD max_retries '0');
\! "$PYTHON" -B test/portal/control.py '{"rules": [{"action": "error", "error": "QUERY_LIMIT_EXCEEDED", "times": 1}]}'
SELECT fails('biconnector.source.list');
ALTER SERVER b24 OPTIONS (DROP max_retries);

--
-- Tokens
--
\! "$PYTHON" -B test/portal/control.py '{"tokens": {"portal-token": {"error": "expired_token"}}}'
SELECT fails('biconnector.source.list');
-- refreshed, once, and used from then on
ALTER USER MAPPING FOR CURRENT_USER SERVER b24
    OPTIONS (ADD client_id 'app', ADD client_secret 'app-secret', ADD refresh_token 'refresh-1', ADD token_url :'portal_url');
SELECT try($$SELECT biconnector_call('b24', 'biconnector.source.list')$$);
\set token_url :portal_url '/oauth/token/'
ALTER USER MAPPING FOR CURRENT_USER SERVER b24 OPTIONS (SET token_url :'token_url');
SELECT access_token, refresh_token, expires, refreshed FROM biconnector_token('b24');
SELECT log_end_of_portal() AS place \gset
SELECT call('biconnector.source.list');
SELECT call('biconnector.source.list');
SELECT method, via, error FROM calls_since(:place);
SELECT access_token, refresh_token, expires > now(), refreshed FROM biconnector_token('b24');
-- ... also after an error, and again when that one has expired
\! "$PYTHON" -B test/portal/control.py '{"tokens": {"access-2": {"error": "expired_token"}}}'
BEGIN;
SELECT call('biconnector.source.list');
ROLLBACK;
SELECT access_token, refresh_token FROM biconnector_token('b24');
-- a call that changes something is made once
\! "$PYTHON" -B test/portal/control.py '{"tokens": {"access-3": {"error": "expired_token"}}}'
SELECT log_end_of_portal() AS place \gset
SELECT call('biconnector.connector.update', '{"id": 1, "fields": {"sort": 8}}');
SELECT method, error FROM calls_since(:place);
-- a refresh that is refused
\! "$PYTHON" -B test/portal/control.py '{"tokens": {"access-4": {"error": "expired_token"}}, "rules": [{"method": "oauth.token", "action": "error", "error": "invalid_grant", "status": 400}]}'
SELECT fails('biconnector.source.list');
-- tokens that are stored in the mapping count
\! "$PYTHON" -B test/portal/control.py '{"tokens": {"stored": {"user": 2}}}'
ALTER USER MAPPING FOR CURRENT_USER SERVER b24 OPTIONS (SET access_token 'stored');
SELECT call('biconnector.source.list');
SELECT access_token, refresh_token, refreshed FROM biconnector_token('b24');
-- without an access token the first call asks for one
ALTER USER MAPPING FOR CURRENT_USER SERVER b24 OPTIONS (DROP access_token, SET refresh_token 'refresh-4');
SELECT call('biconnector.source.list');
SELECT access_token, refresh_token, refreshed FROM biconnector_token('b24');

--
-- Webhooks, which are not shown
--
DROP USER MAPPING FOR CURRENT_USER SERVER b24;
CREATE USER MAPPING FOR CURRENT_USER SERVER b24 OPTIONS (webhook '1/webhook-secret');
SELECT count(*) FROM biconnector_portal_fields('b24', 'connector');
SELECT fails('biconnector.connector.list');
ALTER USER MAPPING FOR CURRENT_USER SERVER b24 OPTIONS (SET webhook '1/other-secret');
SELECT fails('biconnector.connector.fields');
ALTER SERVER b24 OPTIONS (SET portal_url 'http://127.0.0.1:1');
SELECT fails('biconnector.connector.fields');
ALTER SERVER b24 OPTIONS (SET portal_url :'portal_url');

--
-- Who may call
--
DROP USER MAPPING FOR CURRENT_USER SERVER b24;
\! "$PYTHON" -B test/portal/control.py '{"reset": true}'
CREATE USER MAPPING FOR PUBLIC SERVER b24 OPTIONS (access_token 'portal-token');
CREATE USER MAPPING FOR portal_call_anna SERVER b24 OPTIONS (access_token 'anna-token');
GRANT USAGE ON SCHEMA portal_call TO portal_call_anna, portal_call_bert;
GRANT SELECT ON portal TO portal_call_anna, portal_call_bert;
SET ROLE portal_call_anna;
SELECT try($$SELECT biconnector_call('b24', 'biconnector.source.list')$$);
SELECT try($$SELECT biconnector_token('b24')$$);
SELECT try($$SELECT biconnector_portal_fields('b24', 'source')$$);
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER b24 TO portal_call_anna, portal_call_bert;
GRANT EXECUTE ON FUNCTION biconnector_call, biconnector_token TO portal_call_anna, portal_call_bert;
SET ROLE portal_call_anna;
SELECT try($$SELECT biconnector_portal_fields('b24', 'source')$$);
SELECT access_token FROM biconnector_token('b24');
SET ROLE portal_call_bert;
SELECT try($$SELECT biconnector_call('b24', 'biconnector.source.list')$$);
SELECT try($$SELECT access_token FROM biconnector_token('b24')$$);
RESET ROLE;
SELECT access_token FROM biconnector_token('b24');

--
-- Servers of another kind
--
CREATE SERVER other FOREIGN DATA WRAPPER biconnector_fdw;
CREATE SERVER nowhere FOREIGN DATA WRAPPER biconnector_portal;
SELECT try($$SELECT biconnector_call('other', 'biconnector.source.list')$$);
SELECT try($$SELECT biconnector_call('nowhere', 'biconnector.source.list')$$);
SELECT try($$SELECT biconnector_call('missing', 'biconnector.source.list')$$);
SELECT try($$SELECT * FROM biconnector_tables('b24')$$);

\! "$PYTHON" -B test/portal/control.py '{"reset": true}'
SET client_min_messages = error;
REVOKE EXECUTE ON FUNCTION biconnector_call, biconnector_token FROM portal_call_anna, portal_call_bert;
DROP SERVER b24, other, nowhere CASCADE;
DROP SCHEMA portal_call CASCADE;
DROP ROLE portal_call_anna, portal_call_bert;
