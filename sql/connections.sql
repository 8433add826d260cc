--
-- Connections are kept for the next request, of whom and until when; the functions
-- that show and close them; and the name under which a session appears.
--
\set VERBOSITY terse
SELECT biconnector_disconnect_all() IS NOT NULL AS asked;

-- Servers of the same connector, and tables of theirs
CREATE SCHEMA conn;
CREATE PROCEDURE make_server(name text, options text DEFAULT '')
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE (SELECT format('CREATE SERVER %1$I FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
            url_data %2$L, url_check %3$L, url_table_list %4$L %5$s)',
        name, url || '/data', url || '/check', url || '/table_list', options) FROM connector);
    EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER %I OPTIONS (login ''anna'', password ''s3cret word'')', name);
    EXECUTE format('CREATE FOREIGN TABLE conn.%I (id bigint OPTIONS (column_name ''ID''), name text OPTIONS (column_name ''NAME''))
        SERVER %I OPTIONS (table_name ''items'')', name, name);
END
$$;
CALL make_server('conn_a');
CALL make_server('conn_b');
CREATE FOREIGN TABLE conn.more (id bigint OPTIONS (column_name 'ID')) SERVER conn_a OPTIONS (table_name 'single');
CREATE FOREIGN TABLE conn.big (id bigint OPTIONS (column_name 'ID'), note text OPTIONS (column_name 'NOTE'))
    SERVER conn_a OPTIONS (table_name 'big', row_limit '2000000');
CREATE FOREIGN TABLE conn.broken (id bigint OPTIONS (column_name 'ID')) SERVER conn_a OPTIONS (table_name 'items+truncated_chunked');
CREATE FOREIGN TABLE conn.refused (id bigint OPTIONS (column_name 'ID')) SERVER conn_a OPTIONS (table_name 'items+status:500');

-- The connections there are, the one used longest ago first
CREATE VIEW connections AS
    SELECT server_name, CASE user_name WHEN CURRENT_USER THEN 'me' ELSE user_name END AS user_name,
        replace(origin, url, 'http://connector') AS origin, valid, in_use
    FROM biconnector_connections() WITH ORDINALITY, connector ORDER BY ordinality;
-- The connections over which the requests since then came, numbered
CREATE FUNCTION used_since(place bigint) RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(rank::text, ' ' ORDER BY n) FROM (
        SELECT (entry ->> 'n')::bigint AS n, dense_rank() OVER (ORDER BY (entry ->> 'connection')::bigint) AS rank
        FROM connector, regexp_split_to_table(pg_read_file(log, place, log_end() - place), E'\n') AS line,
            LATERAL (SELECT nullif(line, '')::jsonb AS entry) AS parsed
        WHERE entry ? 'endpoint') AS requests
$$;
-- The connections opened for a statement, after EXPLAIN
CREATE FUNCTION opened(statement text) RETURNS SETOF int
LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) ' || statement INTO plan;
    RETURN QUERY SELECT value::int FROM jsonb_path_query(plan, 'strict $.**."Connections Opened"') AS value;
END
$$;

--
-- Kept, and used again
--
TABLE connections;
SELECT log_end() AS place \gset
SELECT count(*) FROM conn.conn_a;
TABLE connections;
SELECT count(*) FROM conn.conn_a;
SELECT count(*) FROM conn.more;
-- by all requests to the same origin
SELECT ok FROM biconnector_check('conn_a');
SELECT count(*) FROM biconnector_tables('conn_a', 'items');
SELECT used_since(:place);
TABLE connections;
-- EXPLAIN ANALYZE counts those that were opened
SELECT opened('SELECT * FROM conn.conn_a');
SELECT biconnector_disconnect('conn_a');
SELECT opened('SELECT * FROM conn.conn_a');
SELECT opened('SELECT * FROM conn.conn_a');
-- Each server has its own
SELECT opened('SELECT * FROM conn.conn_b');
TABLE connections;
-- and each origin: the same in other words is another
SELECT upper(url) || '/check' AS upper FROM connector \gset
ALTER SERVER conn_b OPTIONS (SET url_check :'upper');
SELECT count(*) FROM conn.conn_b;
SELECT http_status FROM biconnector_check('conn_b');
SELECT server_name, origin ~ '^HTTP:' AS upper, in_use FROM connections;
SELECT url || '/check' AS check FROM connector \gset
ALTER SERVER conn_b OPTIONS (SET url_check :'check');
-- Two scans at a time need two, the next ones find both
SELECT biconnector_disconnect_all();
SELECT log_end() AS place \gset
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM conn.conn_a;
DECLARE d CURSOR FOR SELECT id FROM conn.conn_a;
FETCH 1 FROM c;
FETCH 1 FROM d;
TABLE connections;
MOVE ALL FROM d;
TABLE connections;
MOVE ALL FROM c;
TABLE connections;
SELECT count(*) FROM conn.conn_a;
DECLARE e CURSOR FOR SELECT id FROM conn.conn_a;
FETCH 1 FROM e;
SELECT count(*) FROM conn.conn_a;
COMMIT;
SELECT used_since(:place);
-- One after the other they need one
SELECT biconnector_disconnect('conn_a');
SELECT log_end() AS place \gset
SELECT id FROM conn.conn_a WHERE id = 7 UNION ALL SELECT id FROM conn.more UNION ALL SELECT id FROM conn.conn_a WHERE id = 9;
SELECT (SELECT name FROM conn.conn_a AS a WHERE a.id = n) FROM generate_series(1, 4) AS n;
SELECT used_since(:place);

--
-- biconnector_disconnect, biconnector_disconnect_all
--
SELECT count(*) FROM conn.conn_b;
SELECT biconnector_disconnect('conn_a'), biconnector_disconnect('conn_a');
TABLE connections;
SELECT count(*) FROM conn.conn_a;
SELECT biconnector_disconnect_all(), biconnector_disconnect_all();
TABLE connections;
SELECT biconnector_disconnect('conn_b');
SELECT biconnector_disconnect(NULL) IS NULL AS is_null;
SELECT biconnector_disconnect('conn_c');
-- A new session has none, even before it has done anything
\c -
\set VERBOSITY terse
SELECT biconnector_disconnect_all();
SELECT * FROM biconnector_connections();
SELECT count(*) FROM conn.conn_a;
TABLE connections;

--
-- keep_connections: off is until the end of the transaction
--
ALTER SERVER conn_a OPTIONS (ADD keep_connections 'off');
SELECT count(*) FROM conn.conn_a;
TABLE connections;
BEGIN;
SELECT count(*) FROM conn.conn_a;
TABLE connections;
SELECT opened('SELECT * FROM conn.conn_a');
SAVEPOINT s;
SELECT opened('SELECT * FROM conn.conn_a');
ROLLBACK TO s;
SELECT opened('SELECT * FROM conn.conn_a');
COMMIT;
TABLE connections;
BEGIN;
SELECT count(*) FROM conn.conn_a;
SELECT 1 / 0;
ROLLBACK;
TABLE connections;
-- Other servers go on as they are
BEGIN;
SELECT count(*) FROM conn.conn_a;
SELECT count(*) FROM conn.conn_b;
COMMIT;
TABLE connections;
-- A cursor that is left open ends with the transaction, one that outlives it has read
-- its rows by then
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM conn.conn_a;
FETCH 1 FROM c;
COMMIT;
SELECT count(*) FROM connections WHERE server_name = 'conn_a';
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM conn.conn_a LIMIT 3;
COMMIT;
SELECT count(*) FROM connections WHERE server_name = 'conn_a';
FETCH 1 FROM c;
CLOSE c;
ALTER SERVER conn_a OPTIONS (SET keep_connections 'on');
SELECT count(*) FROM conn.conn_a;
BEGIN;
SELECT count(*) FROM conn.conn_a;
SELECT 1 / 0;
ROLLBACK;
TABLE connections;
ALTER SERVER conn_a OPTIONS (SET keep_connections 'perhaps');
ALTER SERVER conn_a OPTIONS (DROP keep_connections);

--
-- Each user has its own.  That of a view is its owner.
--
CREATE ROLE conn_anna;
CREATE ROLE conn_berta;
GRANT USAGE ON SCHEMA conn TO PUBLIC;
GRANT USAGE ON FOREIGN SERVER conn_a TO PUBLIC;
GRANT SELECT ON conn.conn_a, connections TO PUBLIC;
CREATE USER MAPPING FOR PUBLIC SERVER conn_a OPTIONS (login 'anna', password 's3cret word');
CREATE USER MAPPING FOR conn_berta SERVER conn_a OPTIONS (login 'anna', password 's3cret word', other 'x');
CREATE VIEW conn.of_owner AS SELECT count(*) FROM conn.conn_a;
GRANT SELECT ON conn.of_owner TO PUBLIC;
SELECT biconnector_disconnect_all() IS NOT NULL AS asked;
SELECT log_end() AS place \gset
SELECT count(*) FROM conn.conn_a;
SET ROLE conn_anna;
SELECT count(*) FROM conn.conn_a;
SELECT * FROM conn.of_owner;
SET ROLE conn_berta;
SELECT count(*) FROM conn.conn_a;
RESET ROLE;
SELECT used_since(:place);
SELECT server_name, user_name = session_user AS mine, CASE user_name WHEN session_user THEN 'me' ELSE user_name END AS user_name FROM biconnector_connections();
SET ROLE conn_berta;
SELECT opened('SELECT * FROM conn.conn_a');
RESET ROLE;
-- Who may use the server may close those of the others, too
SET ROLE conn_anna;
SELECT biconnector_disconnect('conn_a');
RESET ROLE;
TABLE connections;
-- The names of those who have been dropped are not known any more
SET ROLE conn_anna;
SELECT count(*) FROM conn.conn_a;
RESET ROLE;
DROP ROLE conn_anna;
TABLE connections;

--
-- Whoever alters something closes them
--
SELECT biconnector_disconnect_all() IS NOT NULL AS asked;
CREATE FUNCTION left_after(statement text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count(*) FROM conn.conn_a;
    PERFORM count(*) FROM conn.conn_b;
    EXECUTE statement;
    RETURN QUERY SELECT server_name FROM biconnector_connections() ORDER BY 1;
END
$$;
-- (nothing here)
SELECT string_agg(name, ' ') FROM left_after('CREATE TABLE conn.nothing ()') AS name;
SELECT string_agg(name, ' ') FROM left_after('ALTER FOREIGN TABLE conn.conn_a OPTIONS (ADD row_limit ''1000'')') AS name;
SELECT string_agg(name, ' ') FROM left_after('ALTER FOREIGN TABLE conn.conn_a OPTIONS (DROP row_limit)') AS name;
-- (a server: those to it)
SELECT string_agg(name, ' ') FROM left_after('ALTER SERVER conn_a OPTIONS (ADD row_limit ''1000'')') AS name;
SELECT string_agg(name, ' ') FROM left_after('ALTER SERVER conn_a VERSION ''2''') AS name;
SELECT string_agg(name, ' ') FROM left_after('ALTER SERVER conn_b RENAME TO conn_c') AS name;
SELECT string_agg(name, ' ') FROM left_after('ALTER SERVER conn_c RENAME TO conn_b') AS name;
-- (a mapping: all)
SELECT string_agg(name, ' ') FROM left_after('ALTER USER MAPPING FOR CURRENT_USER SERVER conn_a OPTIONS (ADD other ''x'')') AS name;
SELECT string_agg(name, ' ') FROM left_after('DROP USER MAPPING FOR conn_berta SERVER conn_a') AS name;
SELECT string_agg(name, ' ') FROM left_after('CREATE USER MAPPING FOR conn_berta SERVER conn_a') AS name;
-- The next query has the new settings
SELECT count(*) FROM conn.conn_a;
ALTER USER MAPPING FOR CURRENT_USER SERVER conn_a OPTIONS (SET password 'wrong');
SELECT count(*) FROM conn.conn_a;
ALTER USER MAPPING FOR CURRENT_USER SERVER conn_a OPTIONS (SET password 's3cret word');
SELECT count(*) FROM conn.conn_a;
-- What is rolled back closes them as well
BEGIN;
ALTER SERVER conn_a OPTIONS (ADD user_agent 'x');
SELECT count(*) FROM conn.conn_a;
ROLLBACK;
SELECT opened('SELECT * FROM conn.conn_a');
-- A server that is dropped leaves none behind
CALL make_server('conn_gone');
SELECT count(*) FROM conn.conn_gone;
SELECT server_name FROM connections WHERE server_name = 'conn_gone' OR server_name IS NULL;
DROP FOREIGN TABLE conn.conn_gone;
DROP USER MAPPING FOR CURRENT_USER SERVER conn_gone;
DROP SERVER conn_gone;
SELECT server_name FROM connections WHERE server_name = 'conn_gone' OR server_name IS NULL;

--
-- Never under a scan: an open cursor has its rows to the last
--
SELECT biconnector_disconnect_all() IS NOT NULL AS asked;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM conn.big;
FETCH 1 FROM c;
TABLE connections;
-- (another scan takes another one, and gives it back)
SELECT opened('SELECT * FROM conn.more');
SELECT in_use, count(*) FROM connections GROUP BY 1 ORDER BY 1;
SELECT biconnector_disconnect('conn_a');
SELECT biconnector_disconnect('conn_a');
SELECT biconnector_disconnect('conn_b');
SELECT biconnector_disconnect_all();
TABLE connections;
FETCH 1 FROM c;
-- (altered: it is not used again, but goes on)
ALTER SERVER conn_a OPTIONS (SET row_limit '1001');
ALTER USER MAPPING FOR CURRENT_USER SERVER conn_a OPTIONS (SET other 'y');
TABLE connections;
FETCH 1 FROM c;
SELECT count(*) FROM conn.conn_a;
SELECT valid, in_use FROM connections ORDER BY 1;
MOVE 20000 FROM c;
FETCH 1 FROM c;
SAVEPOINT s;
ALTER SERVER conn_a RENAME TO conn_new;
TABLE connections;
ROLLBACK TO s;
FETCH 1 FROM c;
DROP SERVER conn_a CASCADE;
ROLLBACK TO s;
MOVE 10000 FROM c;
FETCH 1 FROM c;
CLOSE c;
TABLE connections;
COMMIT;
-- (that which was altered and rolled back as well)
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM conn.conn_a;
FETCH 1 FROM c;
SAVEPOINT s;
ALTER SERVER conn_a OPTIONS (SET row_limit '2000');
ROLLBACK TO s;
SELECT valid, in_use FROM connections ORDER BY 1;
MOVE ALL FROM c;
COMMIT;
TABLE connections;
ALTER SERVER conn_a OPTIONS (DROP row_limit);
-- A scan goes on with the options that it began with, in all its requests, but no
-- connection is kept for these
BEGIN;
DECLARE c CURSOR FOR SELECT (SELECT name FROM conn.conn_a AS a WHERE a.id = n) AS name FROM generate_series(1, 9) AS n;
FETCH 1 FROM c;
SELECT valid, in_use FROM connections;
ALTER USER MAPPING FOR CURRENT_USER SERVER conn_a OPTIONS (SET password 'wrong');
TABLE connections;
FETCH 2 FROM c;
TABLE connections;
ROLLBACK;
SELECT count(*) FROM conn.conn_a;

--
-- What was not read to its end is not kept
--
SELECT opened('SELECT * FROM conn.more');
-- a LIMIT that stays here, and much that is left,
SELECT id FROM conn.big WHERE id > 0 LIMIT 3;
TABLE connections;
-- unlike one that is sent
SELECT id FROM conn.big LIMIT 3;
TABLE connections;
-- a cursor that is closed, or left open to the end of the transaction,
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM conn.big;
FETCH 1 FROM c;
CLOSE c;
TABLE connections;
DECLARE c CURSOR FOR SELECT id FROM conn.big;
FETCH 1 FROM c;
COMMIT;
TABLE connections;
-- an error here, in the middle of the rows,
SELECT sum(1 / (id - 1000)) FROM conn.big;
TABLE connections;
BEGIN;
DECLARE c CURSOR FOR SELECT 1 / (id - 1000) FROM conn.big;
SAVEPOINT s;
MOVE 5000 FROM c;
ROLLBACK TO s;
-- (the cursor is there until it is closed)
SELECT in_use FROM connections;
CLOSE c;
TABLE connections;
SELECT opened('SELECT * FROM conn.more');
COMMIT;
-- a subtransaction that is rolled back, with its cursor,
BEGIN;
SAVEPOINT s;
DECLARE c CURSOR FOR SELECT id FROM conn.big;
FETCH 1 FROM c;
SELECT count(*) FROM connections WHERE in_use;
ROLLBACK TO s;
SELECT count(*) FROM connections WHERE in_use;
ROLLBACK;
SELECT count(*) FROM connections;
-- an answer that breaks off.
SELECT biconnector_disconnect('conn_a');
SELECT count(*) FROM attempt('SELECT count(*) FROM conn.broken') AS line WHERE line ~ '^08006';
TABLE connections;
SELECT opened('SELECT * FROM conn.more');
-- An answer that says no was read to its end
SELECT count(*) FROM attempt('SELECT count(*) FROM conn.refused') AS line WHERE line ~ 'HTTP status 500';
SELECT opened('SELECT * FROM conn.more');
-- Nobody there: nothing to keep
CREATE SERVER conn_dead FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_check 'http://127.0.0.1:1/check?key=s3cret');
SELECT ok FROM biconnector_check('conn_dead');
SELECT count(*) FROM connections WHERE server_name = 'conn_dead';
DROP SERVER conn_dead;
-- In an exception block
CREATE FUNCTION tried(statement text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN others THEN
    RETURN SQLSTATE;
END
$$;
BEGIN;
SELECT tried('SELECT count(*) FROM conn.conn_a'), tried('SELECT sum(1 / (id - 1000)) FROM conn.big'), tried('SELECT count(*) FROM conn.conn_a');
TABLE connections;
COMMIT;
TABLE connections;

--
-- At most 16 are kept idle, and those used last
--
SELECT biconnector_disconnect_all();
DO $$
BEGIN
    FOR n IN 1..20 LOOP
        CALL make_server('conn_' || n);
    END LOOP;
END
$$;
DO $$
BEGIN
    FOR n IN 1..20 LOOP
        EXECUTE format('SELECT count(*) FROM conn.conn_%s', n);
        IF n = 18 THEN
            PERFORM count(*) FROM conn.conn_5;
        END IF;
    END LOOP;
END
$$;
SELECT string_agg(substr(server_name, 6), ' ' ORDER BY n) AS servers, count(*) FROM biconnector_connections() WITH ORDINALITY AS c (server_name, u, o, v, i, n);
-- Those in use do not count
DO $$
BEGIN
    EXECUTE (SELECT 'SELECT 1 FROM ' || string_agg(format('(SELECT count(*) FROM conn.conn_%s) AS c%1$s', n), ', ') FROM generate_series(1, 20) AS n);
END
$$;
SELECT count(*) FROM biconnector_connections();
BEGIN;
DO $$
DECLARE
    c refcursor;
BEGIN
    FOR n IN 1..20 LOOP
        c := 'cursor_' || n;
        OPEN c FOR EXECUTE format('SELECT id FROM conn.conn_%s', n);
        MOVE c;
    END LOOP;
END
$$;
SELECT in_use, count(*) FROM biconnector_connections() GROUP BY 1;
COMMIT;
SELECT count(*) <= 16 AS few FROM biconnector_connections();
SELECT biconnector_disconnect_all();
SET client_min_messages = error;
DO $$
BEGIN
    FOR n IN 1..20 LOOP
        EXECUTE format('DROP SERVER conn_%s CASCADE', n);
    END LOOP;
END
$$;

--
-- biconnector_fdw.application_name: what the connector sees as User-Agent
--
CREATE FUNCTION agents_of(statement text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    place bigint := log_end();
BEGIN
    EXECUTE statement;
    RETURN QUERY SELECT coalesce(entry #>> '{headers,user-agent}', '(none)')
        FROM connector, regexp_split_to_table(pg_read_file(log, place, log_end() - place), E'\n') AS line,
            LATERAL (SELECT nullif(line, '')::jsonb AS entry) AS parsed
        WHERE entry ? 'endpoint' ORDER BY (entry ->> 'n')::bigint;
END
$$;
-- Set before the library has been loaded, it counts
\c -
\set VERBOSITY terse
SET biconnector_fdw.application_name = 'early bird';
SELECT agents_of('SELECT count(*) FROM conn.more');
RESET biconnector_fdw.application_name;
SHOW biconnector_fdw.application_name;
SELECT agents_of('SELECT count(*) FROM conn.more') = 'biconnector_fdw/' || extversion AS default FROM pg_extension WHERE extname = 'biconnector_fdw';
-- It goes before the server's option
ALTER SERVER conn_a OPTIONS (ADD user_agent 'of the server');
SELECT agents_of('SELECT count(*) FROM conn.more');
BEGIN;
SET LOCAL biconnector_fdw.application_name = 'of the session';
SELECT agents_of('SELECT count(*) FROM conn.more');
SELECT agents_of('SELECT biconnector_check(''conn_a'')');
SELECT agents_of('SELECT biconnector_tables(''conn_a'', ''items'')');
SELECT agents_of('IMPORT FOREIGN SCHEMA x LIMIT TO (none) FROM SERVER conn_b INTO conn');
COMMIT;
SELECT agents_of('SELECT count(*) FROM conn.more');
SET biconnector_fdw.application_name = '';
SELECT agents_of('SELECT count(*) FROM conn.more');
-- The connection stays the same
SELECT count(*) FROM biconnector_connections() WHERE server_name = 'conn_a';
SET biconnector_fdw.application_name = 'another name';
SELECT opened('SELECT * FROM conn.more');
-- Escapes are as in postgres_fdw
SET application_name = 'psql: 100% of it';
SET biconnector_fdw.application_name = 'a=%a;C=%C;d=%d;p=%p;u=%u;%%;%x;%%p;%';
SELECT agents_of('SELECT count(*) FROM conn.more') = format('a=%s;C=%s;d=%s;p=%s;u=%s;%%;%%x;%%p;%%',
    current_setting('application_name'), current_setting('cluster_name'), current_database(), pg_backend_pid(), session_user) AS as_expected;
SET biconnector_fdw.application_name = '%c';
SELECT agents_of('SELECT count(*) FROM conn.more') = to_hex(trunc(extract(epoch FROM backend_start))::bigint) || '.' || to_hex(pid) AS as_expected
FROM pg_stat_activity WHERE pid = pg_backend_pid();
SET biconnector_fdw.application_name = '%u';
SET ROLE conn_berta;
SELECT current_user <> session_user AS somebody_else;
RESET ROLE;
GRANT SELECT ON conn.more TO conn_berta;
CREATE FUNCTION by_berta() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM conn.more';
ALTER FUNCTION by_berta() OWNER TO conn_berta;
ALTER USER MAPPING FOR conn_berta SERVER conn_a OPTIONS (ADD login 'anna', ADD password 's3cret word');
SELECT agents_of('SELECT by_berta()') = session_user AS as_expected;
-- What may not stand in a header becomes a question mark
SET biconnector_fdw.application_name = E'B\u00fcro\r\nX-Other: 1\t\u007f~ !';
SELECT agents_of('SELECT count(*) FROM conn.more');
-- A name that comes out empty is none
SET application_name = '';
SET biconnector_fdw.application_name = '%a';
SELECT agents_of('SELECT count(*) FROM conn.more');
RESET application_name;
RESET biconnector_fdw.application_name;
-- Everybody may set it
SET ROLE conn_berta;
SET biconnector_fdw.application_name = 'berta';
SHOW biconnector_fdw.application_name;
RESET biconnector_fdw.application_name;
RESET ROLE;

SET client_min_messages = error;
SELECT biconnector_disconnect_all();
DROP VIEW connections;
DROP SERVER conn_a CASCADE;
DROP SERVER conn_b CASCADE;
DROP SCHEMA conn CASCADE;
DROP FUNCTION used_since, opened, left_after, tried, agents_of, by_berta;
DROP PROCEDURE make_server;
DROP ROLE conn_berta;
