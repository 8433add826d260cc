--
-- The functions that look at connectors: biconnector_check, biconnector_tables,
-- biconnector_columns; and biconnector_version.
--

-- A server of its own; misbehaviours of the connector come with a setting
SELECT url || '/check' AS check, url || '/table_list' AS list, url || '/table_description' AS description FROM connector \gset
CREATE SERVER inspected FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    url_check :'check', url_table_list :'list', url_table_description :'description');
CREATE USER MAPPING FOR CURRENT_USER SERVER inspected
    OPTIONS (login 'anna', password 's3cret word', misbehave 'check/empty_as_header_only');
CREATE PROCEDURE misbehave(how text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER USER MAPPING FOR CURRENT_USER SERVER inspected OPTIONS (SET misbehave %L)', how);
END
$$;
-- The result of biconnector_check, without what differs: the time that it took, the port of
-- the connector, and the words of libcurl
CREATE FUNCTION checked(server text, OUT ok boolean, OUT http_status int, OUT in_time boolean, OUT answer text)
LANGUAGE sql AS $$
    SELECT c.ok, c.http_status, c.elapsed BETWEEN '0' AND '1 minute',
        regexp_replace(replace(c.answer, url, 'http://connector'), '^((could not|the connection)[^:]*"[^"]*"[^:]*): .*', '\1: (what libcurl says)')
    FROM connector, biconnector_check(server) AS c
$$;
-- The same under a misbehaviour
CREATE FUNCTION checked_under(misbehaviour text, OUT ok boolean, OUT http_status int, OUT in_time boolean, OUT answer text)
LANGUAGE plpgsql AS $$
BEGIN
    CALL misbehave(misbehaviour);
    SELECT * INTO ok, http_status, in_time, answer FROM checked('inspected');
END
$$;

-- All of them ask with the rights of the caller, for every call anew, and have nothing
-- to say about NULL
SELECT proname, pg_get_function_identity_arguments(oid) AS arguments, provolatile, proparallel, proisstrict, prosecdef, proretset,
    proacl IS NULL AS for_all, obj_description(oid) IS NOT NULL AS commented
FROM pg_proc WHERE proname LIKE 'biconnector\_%' AND proname !~ '_(handler|validator)$' ORDER BY proname COLLATE "C";
SELECT proname, pg_get_function_result(oid) FROM pg_proc WHERE proname IN ('biconnector_tables', 'biconnector_columns') ORDER BY 1;

--
-- biconnector_check
--
SELECT * FROM checked('inspected');
SELECT log_end() AS place \gset
SELECT ok FROM biconnector_check('inspected');
SELECT endpoint, body FROM requests(:place);
-- What is wrong with the answer is the result
SELECT m.misbehaviour, c.* FROM unnest(ARRAY['check/status:500', 'check/status:204', 'check/status:404', 'check_error_200', 'check/error_200',
    'check/status_error_200', 'check_empty', 'check/html_warning', 'check/redirect_same',
    'check/redirect:http://127.0.0.1:1/check?key=x', 'check/truncated_length', 'check/gzip_lie', 'check/form_only', 'check/json_only'])
    AS m (misbehaviour), checked_under(misbehaviour) AS c;
-- A connector that repeats the settings is not quoted word for word
ALTER USER MAPPING FOR CURRENT_USER SERVER inspected OPTIONS (ADD token 'key&50%"');
SELECT ok FROM checked_under('check/utf8_bom,check_error_200');
SELECT c.ok, c.http_status, c.answer, c.answer ~ 'anna|s3cret|key.?50' AS tells FROM checked_under('check/echo_secrets') AS c;
ALTER USER MAPPING FOR CURRENT_USER SERVER inspected OPTIONS (DROP token);
CALL misbehave('check/empty_as_header_only');
-- Settings that are wrong, or none at all
ALTER USER MAPPING FOR CURRENT_USER SERVER inspected OPTIONS (SET password 'wrong');
SELECT * FROM checked('inspected');
DROP USER MAPPING FOR CURRENT_USER SERVER inspected;
SELECT * FROM checked('inspected');
CREATE USER MAPPING FOR PUBLIC SERVER inspected OPTIONS (login 'anna', password 's3cret word');
SELECT * FROM checked('inspected');
DROP USER MAPPING FOR PUBLIC SERVER inspected;
CREATE USER MAPPING FOR CURRENT_USER SERVER inspected
    OPTIONS (login 'anna', password 's3cret word', misbehave 'check/empty_as_header_only');
-- Nobody there, and somebody else
CREATE SERVER inspected_dead FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_check 'http://127.0.0.1:1/check?key=s3cret');
SELECT * FROM checked('inspected_dead');
ALTER SERVER inspected OPTIONS (SET url_check :'list');
SELECT c.ok, c.http_status, left(c.answer, 60) AS answer FROM checked('inspected') AS c;
SELECT url || '/nowhere' AS nowhere FROM connector \gset
ALTER SERVER inspected OPTIONS (SET url_check :'nowhere');
SELECT * FROM checked('inspected');
ALTER SERVER inspected OPTIONS (SET url_check :'check');
-- Silence is an answer as well, a cancelled statement is not
CALL misbehave('check/stall');
ALTER SERVER inspected OPTIONS (ADD read_timeout '100ms');
SELECT * FROM checked('inspected');
ALTER SERVER inspected OPTIONS (DROP read_timeout);
SET statement_timeout = '200ms';
SELECT ok FROM biconnector_check('inspected');
SET statement_timeout = 0;
CALL misbehave('check/empty_as_header_only');

-- What is wrong with the question is an error
SELECT * FROM biconnector_check(NULL);
SELECT biconnector_check(NULL) IS NULL AS is_null;
CREATE FOREIGN DATA WRAPPER inspected_other;
CREATE SERVER inspected_other FOREIGN DATA WRAPPER inspected_other;
SELECT * FROM attempt('SELECT * FROM biconnector_check(''nowhere'')');
SELECT * FROM attempt('SELECT * FROM biconnector_check(''Inspected'')');
SELECT * FROM attempt('SELECT * FROM biconnector_check('''')');
SELECT * FROM attempt('SELECT * FROM biconnector_check(repeat(''x'', 100))');
SELECT * FROM attempt('SELECT * FROM biconnector_check(''inspected_other'')');
SELECT * FROM attempt('SELECT * FROM biconnector_tables(''inspected_other'')');
SELECT * FROM attempt('SELECT * FROM biconnector_columns(''inspected_other'', ''items'')');
SELECT * FROM attempt('SELECT biconnector_disconnect(''inspected_other'')');
SELECT * FROM attempt('SELECT * FROM biconnector_tables(''nowhere'')');
SELECT * FROM attempt('SELECT * FROM biconnector_columns(''nowhere'', ''items'')');
SELECT * FROM attempt('SELECT biconnector_disconnect(''nowhere'')');
CREATE SERVER inspected_bare FOREIGN DATA WRAPPER biconnector_fdw;
SELECT * FROM attempt('SELECT * FROM biconnector_check(''inspected_bare'')');
SELECT * FROM attempt('SELECT * FROM biconnector_tables(''inspected_bare'')');
SELECT * FROM attempt('SELECT * FROM biconnector_columns(''inspected_bare'', ''items'')');
-- A wrapper of another name is ours if it has our handler
CREATE FOREIGN DATA WRAPPER inspected_twin HANDLER biconnector_fdw_handler VALIDATOR biconnector_fdw_validator;
CREATE SERVER inspected_twin FOREIGN DATA WRAPPER inspected_twin OPTIONS (url_check :'check');
CREATE USER MAPPING FOR CURRENT_USER SERVER inspected_twin OPTIONS (login 'anna', password 's3cret word');
SELECT * FROM checked('inspected_twin');

--
-- biconnector_tables
--
SELECT * FROM biconnector_tables('inspected');
-- The connector searches
SELECT * FROM biconnector_tables('inspected', 'item');
SELECT * FROM biconnector_tables('inspected', 'ЗАКАЗЫ');
SELECT * FROM biconnector_tables('inspected', search => '');
SELECT * FROM biconnector_tables('inspected', 'nothing & "such"=%');
SELECT * FROM requests_of($$SELECT FROM biconnector_tables('inspected', 'nothing & "such"=%')$$);
SELECT * FROM requests_of($$SELECT FROM biconnector_tables('inspected')$$);
SELECT * FROM requests_of($$SELECT FROM biconnector_tables('inspected', NULL)$$);
-- Values of settings are not shown in titles and names; codes have to be right
ALTER USER MAPPING FOR CURRENT_USER SERVER inspected OPTIONS (ADD shown 'of the', ADD wide 'wide');
SELECT code, title FROM biconnector_tables('inspected') WHERE code IN ('items', 'wide');
SELECT code, name FROM biconnector_columns('inspected', 'items') LIMIT 2;
ALTER USER MAPPING FOR CURRENT_USER SERVER inspected OPTIONS (DROP shown, DROP wide);
SELECT * FROM biconnector_tables(NULL);
SELECT * FROM biconnector_tables('inspected', NULL);
-- Ids, if it has some; what is missing or doubled is shown as it comes
CREATE FUNCTION tables_under(misbehaviour text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    CALL misbehave(misbehaviour);
    RETURN QUERY SELECT attempt('SELECT * FROM biconnector_tables(''inspected'')');
END
$$;
CALL misbehave('with_ids');
SELECT * FROM biconnector_tables('inspected', 'i') ORDER BY code COLLATE "C";
CALL misbehave('list_empty_code');
SELECT *, code = '' AS no_code, title = '' AS no_title FROM biconnector_tables('inspected') WHERE code = '' OR title = '';
CALL misbehave('list_duplicate_codes');
SELECT code, count(*) FROM biconnector_tables('inspected') GROUP BY code HAVING count(*) > 1;
CALL misbehave('list_hostile');
SELECT count(*) > 10 AS many, max(length(code)) FROM biconnector_tables('inspected');
SELECT * FROM tables_under('list_error_200');
SELECT * FROM tables_under('list_not_array');
SELECT * FROM tables_under('table_list/status:500');
SELECT * FROM tables_under('table_list/truncated');
SELECT * FROM tables_under('table_list/echo_secrets');
SELECT * FROM tables_under('table_list/redirect:http://127.0.0.1:1/list');
ALTER USER MAPPING FOR CURRENT_USER SERVER inspected OPTIONS (SET password 'wrong');
SELECT * FROM tables_under('');
ALTER USER MAPPING FOR CURRENT_USER SERVER inspected OPTIONS (SET password 's3cret word');

--
-- biconnector_columns
--
SELECT * FROM biconnector_columns('inspected', 'items');
SELECT * FROM biconnector_columns('inspected', 'Weird "Table"');
SELECT * FROM biconnector_columns('inspected', NULL);
SELECT * FROM biconnector_columns(NULL, 'items');
-- The types are those that import gives
SELECT t.code AS "table", c.code AS "column" FROM biconnector_tables('inspected') AS t, biconnector_columns('inspected', t.code) AS c
EXCEPT SELECT o.option_value, a.option_value
FROM pg_foreign_table JOIN pg_class AS f ON f.oid = ftrelid JOIN pg_attribute ON attrelid = f.oid,
    pg_options_to_table(ftoptions) AS o, pg_options_to_table(attfdwoptions) AS a, biconnector_columns('inspected', o.option_value) AS c
WHERE relnamespace = 'shop'::regnamespace AND o.option_name = 'table_name' AND a.option_name = 'column_name'
    AND c.code = a.option_value AND atttypid = c.sql_type::regtype;
SELECT count(DISTINCT (t.code)) AS tables, count(*) AS columns FROM biconnector_tables('inspected') AS t, biconnector_columns('inspected', t.code);
-- The table must be on the list, by its code
SELECT * FROM attempt('SELECT * FROM biconnector_columns(''inspected'', ''nothing'')');
SELECT * FROM attempt('SELECT * FROM biconnector_columns(''inspected'', ''ITEMS'')');
SELECT * FROM attempt('SELECT * FROM biconnector_columns(''inspected'', '''')');
-- or by its id, which is what the connector is asked for
CALL misbehave('with_ids');
SELECT code, id FROM biconnector_tables('inspected', 'items');
SELECT * FROM requests_of('SELECT FROM biconnector_columns(''inspected'', ''items'')');
SELECT * FROM requests_of('SELECT FROM biconnector_columns(''inspected'', ''107'')');
SELECT count(*) FROM biconnector_columns('inspected', '107');
SELECT * FROM attempt('SELECT * FROM biconnector_columns(''inspected'', ''99'')');
-- What is wrong with a description
CREATE FUNCTION columns_under(misbehaviour text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    CALL misbehave(misbehaviour);
    RETURN QUERY SELECT attempt('SELECT * FROM biconnector_columns(''inspected'', ''items'')');
END
$$;
SELECT * FROM columns_under('description_empty');
SELECT * FROM columns_under('table_description/status:500');
SELECT * FROM columns_under('table_description/error_200');
SELECT * FROM columns_under('table_description/echo_secrets');
SELECT * FROM columns_under('table_list/status:500');
SELECT * FROM columns_under('description_duplicate');
CALL misbehave('description_bad_type,description_lower_types');
SELECT code, type, sql_type FROM biconnector_columns('inspected', 'items');
CALL misbehave('description_hostile');
SELECT count(*) > 10 AS many FROM biconnector_columns('inspected', 'items');
CALL misbehave('check/empty_as_header_only');
-- Without a list what is given is asked for; without an endpoint for descriptions nothing
ALTER SERVER inspected OPTIONS (DROP url_table_list);
SELECT count(*) FROM biconnector_columns('inspected', 'items');
SELECT * FROM attempt('SELECT * FROM biconnector_columns(''inspected'', ''nothing'')');
SELECT * FROM attempt('SELECT * FROM biconnector_tables(''inspected'')');
ALTER SERVER inspected OPTIONS (ADD url_table_list :'list', DROP url_table_description);
SELECT * FROM attempt('SELECT * FROM biconnector_columns(''inspected'', ''items'')');
ALTER SERVER inspected OPTIONS (ADD url_table_description :'description');

--
-- Wherever functions may stand
--
SELECT (biconnector_check('inspected')).ok;
SELECT biconnector_tables('inspected', 'items');
SELECT code, biconnector_columns('inspected', code) FROM biconnector_tables('inspected', 'single') LIMIT 2;
SELECT * FROM ROWS FROM (biconnector_tables('inspected', 'orders'), biconnector_columns('inspected', 'single')) WITH ORDINALITY LIMIT 2;
SELECT code FROM biconnector_tables('inspected') WHERE code > 'i' COLLATE "C" LIMIT 2;
SELECT srvname, c.ok, c.http_status, c.answer FROM pg_foreign_server AS s JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
    LEFT JOIN LATERAL checked(srvname) AS c ON true
WHERE fdwname = 'biconnector_fdw' AND srvname IN ('inspected', 'inspected_dead') ORDER BY srvname;
PREPARE inspected AS SELECT ok FROM biconnector_check($1);
EXECUTE inspected('inspected');
EXECUTE inspected('inspected_dead');
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT code FROM biconnector_tables('inspected', 'i');
FETCH 2 FROM c;
FETCH PRIOR FROM c;
COMMIT;
CREATE VIEW inspected AS SELECT ok, http_status FROM biconnector_check('inspected');
SELECT * FROM inspected;

-- In a transaction, which goes on whatever the answer is, and writes nothing
CREATE TABLE inspected_log (n int, ok boolean);
BEGIN;
INSERT INTO inspected_log VALUES (1, true);
INSERT INTO inspected_log SELECT 2, ok FROM biconnector_check('inspected_dead');
SAVEPOINT s;
INSERT INTO inspected_log SELECT 3, ok FROM biconnector_check('inspected');
SELECT n, ok, (SELECT ok FROM biconnector_check('inspected_dead') AS c WHERE n > 0) FROM inspected_log;
ROLLBACK TO s;
INSERT INTO inspected_log SELECT 4, ok FROM biconnector_check('inspected_dead');
COMMIT;
SELECT * FROM inspected_log ORDER BY n;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT ok FROM biconnector_check('inspected');
SELECT ok FROM biconnector_check('inspected_dead');
SELECT count(*) FROM biconnector_tables('inspected', 'item');
SELECT pg_current_xact_id_if_assigned() IS NULL AS no_xid;
COMMIT;
-- An error of the function takes the subtransaction, not the transaction
BEGIN;
INSERT INTO inspected_log VALUES (5, true);
SAVEPOINT s;
SELECT ok FROM biconnector_check('inspected_bare');
ROLLBACK TO s;
INSERT INTO inspected_log SELECT 6, ok FROM biconnector_check('inspected');
COMMIT;
SELECT * FROM inspected_log WHERE n > 4 ORDER BY n;
-- In PL/pgSQL
CREATE FUNCTION inspect_all(servers text[]) RETURNS TABLE (server text, outcome text)
LANGUAGE plpgsql AS $$
BEGIN
    FOREACH server IN ARRAY servers LOOP
        BEGIN
            SELECT 'answered: ' || ok INTO outcome FROM biconnector_check(server);
            INSERT INTO inspected_log VALUES (7, true);
            PERFORM count(*) FROM biconnector_tables(server);
            RETURN NEXT;
        EXCEPTION WHEN others THEN
            outcome := concat_ws('; ', outcome, 'error: ' || SQLSTATE);
            RETURN NEXT;
        END;
        outcome := NULL;
    END LOOP;
END
$$;
SELECT * FROM inspect_all('{inspected,inspected_dead,inspected_other,inspected_bare,nowhere,inspected}');
SELECT count(*) FROM inspected_log WHERE n = 7;

--
-- USAGE on the server, and the mapping of who asks
--
CREATE ROLE inspect_anna;
GRANT SELECT ON inspected TO inspect_anna;
CREATE FUNCTION inspected_by_owner() RETURNS boolean
LANGUAGE sql SECURITY DEFINER AS 'SELECT ok FROM biconnector_check(''inspected'')';
SET ROLE inspect_anna;
SELECT * FROM attempt('SELECT * FROM biconnector_check(''inspected'')');
SELECT * FROM attempt('SELECT * FROM biconnector_tables(''inspected'')');
SELECT * FROM attempt('SELECT * FROM biconnector_columns(''inspected'', ''items'')');
SELECT * FROM attempt('SELECT biconnector_disconnect(''inspected'')');
SELECT inspected_by_owner();
-- (that of a server says nothing to those who may not use it, not even of what kind it is)
SELECT * FROM attempt('SELECT * FROM biconnector_check(''inspected_other'')');
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER inspected TO inspect_anna;
SET ROLE inspect_anna;
SELECT * FROM checked('inspected');
-- (a view calls functions with the rights of who uses it)
SELECT * FROM inspected;
CREATE USER MAPPING FOR inspect_anna SERVER inspected OPTIONS (login 'anna', password 's3cret word');
SELECT * FROM checked('inspected');
SELECT count(*) FROM biconnector_tables('inspected', 'item');
SELECT count(*) FROM biconnector_columns('inspected', 'items');
RESET ROLE;

--
-- biconnector_version
--
SELECT extension = extversion AS extension, libcurl ~ '^libcurl/[0-9.]+' AS libcurl, json_c ~ '^[0-9.]+$' AS json_c,
    zlib ~ '^[0-9.]+' AS zlib, server = current_setting('server_version') AS server
FROM biconnector_version(), pg_extension WHERE extname = 'biconnector_fdw';
-- Of the features only those that matter, each once
SELECT bool_and(feature IN ('AsynchDNS', 'HTTP2', 'HTTPS-proxy', 'IDN', 'IPv6', 'SSL')) AS known,
    count(*) = count(DISTINCT feature) AS once, bool_or(feature = 'SSL') AS tls
FROM biconnector_version(), unnest(libcurl_features) AS feature;

SET client_min_messages = error;
DEALLOCATE ALL;
DROP FUNCTION checked, checked_under, tables_under, columns_under, inspect_all, inspected_by_owner;
DROP PROCEDURE misbehave;
DROP VIEW inspected;
DROP TABLE inspected_log;
DROP SERVER inspected, inspected_dead, inspected_bare, inspected_other, inspected_twin CASCADE;
DROP FOREIGN DATA WRAPPER inspected_other, inspected_twin;
DROP ROLE inspect_anna;
