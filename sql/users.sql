--
-- Users: whose settings are sent with a request, through views, functions, cursors
-- and prepared statements; who may ask at all; and what is altered in between.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA users;
SET search_path = users, public;
CREATE ROLE users_anna;
CREATE ROLE users_bert;
CREATE ROLE users_mallory;
CREATE ROLE users_guest;
CREATE ROLE users_stranger;
GRANT USAGE, CREATE ON SCHEMA users TO users_anna, users_bert, users_mallory, users_guest, users_stranger;
-- The connector's log hides the values of settings, but not their names.  So each
-- mapping has one of its own, of which the connector knows nothing.
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER users_shop FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data');
CREATE SERVER users_other FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data');
CREATE USER MAPPING FOR CURRENT_USER SERVER users_shop OPTIONS (login 'anna', password 's3cret word', as_owner '');
CREATE USER MAPPING FOR users_anna SERVER users_shop OPTIONS (login 'anna', password 's3cret word', as_anna '');
CREATE USER MAPPING FOR users_bert SERVER users_shop OPTIONS (login 'anna', password 's3cret word', as_bert '');
CREATE USER MAPPING FOR users_mallory SERVER users_shop OPTIONS (login 'anna', password 'guessed word', as_mallory '');
CREATE USER MAPPING FOR PUBLIC SERVER users_shop OPTIONS (login 'anna', password 's3cret word', as_public '');
CREATE USER MAPPING FOR users_anna SERVER users_other OPTIONS (login 'anna', password 's3cret word', as_anna_too '');
CREATE FOREIGN TABLE item (
    id int OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'),
    status text OPTIONS (column_name 'STATUS'), qty bigint OPTIONS (column_name 'QTY'))
    SERVER users_shop OPTIONS (table_name 'items');
CREATE FOREIGN TABLE other_item (id int OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'))
    SERVER users_other OPTIONS (table_name 'items');
GRANT SELECT ON item, other_item TO users_anna, users_bert, users_mallory, users_guest;
-- As which users a statement, run by the current user, asks the connector
CREATE FUNCTION place() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT public.log_end()';
CREATE FUNCTION users_since(place bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$
    SELECT coalesce(string_agg(name, ', ' ORDER BY name), 'no request')
    FROM public.connector,
        regexp_split_to_table(pg_read_file(log, place, public.log_end() - place), E'\n') AS line,
        LATERAL (SELECT nullif(line, '')::jsonb AS entry) AS parsed,
        LATERAL (SELECT coalesce(string_agg(key, ' '), 'without settings') AS name
                 FROM jsonb_object_keys(entry -> 'body' -> 'connection') AS key WHERE key LIKE 'as\_%') AS names
    WHERE entry ? 'endpoint'
$$;
CREATE FUNCTION asked(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    start bigint := users.place();
BEGIN
    RETURN QUERY SELECT public.attempt(statement);
    RETURN NEXT users.users_since(start);
END
$$;

--
-- The current user's mapping, or else the public one; if there is none, no settings
--
SET ROLE users_anna;
SELECT asked('SELECT id FROM item');
SET ROLE users_bert;
SELECT asked('SELECT id FROM item');
SELECT asked('SELECT id FROM other_item');
SET ROLE users_guest;
SELECT asked('SELECT id FROM item');
SET ROLE users_mallory;
SELECT asked('SELECT id FROM item');
SELECT bool_or(line ~ 'guess') FROM asked('SELECT id FROM item WHERE id = 1') AS line;
RESET ROLE;
SET SESSION AUTHORIZATION users_anna;
SELECT asked('SELECT id FROM item');
RESET SESSION AUTHORIZATION;
SELECT asked('SELECT id FROM item');
-- Who may not read does not get as far as a request
SET ROLE users_stranger;
SELECT asked('SELECT id FROM item');
SELECT asked('SELECT FROM item LIMIT 1');
RESET ROLE;
GRANT SELECT (id) ON item TO users_stranger;
SET ROLE users_stranger;
SELECT asked('SELECT count(*), max(id) FROM item');
SELECT asked('SELECT name FROM item');
SELECT asked('SELECT i FROM item AS i');
SELECT asked('SELECT id FROM item WHERE status = ''won''');
RESET ROLE;

--
-- A view has its owner's rights and mapping, whoever asks, and in every position
--
SET ROLE users_anna;
CREATE VIEW annas AS SELECT * FROM item;
CREATE VIEW annas_hundreds AS SELECT * FROM item WHERE qty > 50;
CREATE VIEW annas_barrier WITH (security_barrier) AS SELECT * FROM item WHERE qty > 50;
CREATE VIEW annas_both AS SELECT i.id, o.name FROM item AS i JOIN other_item AS o USING (id);
GRANT SELECT ON annas, annas_hundreds, annas_barrier, annas_both TO PUBLIC;
SET ROLE users_mallory;
CREATE VIEW mallorys AS SELECT * FROM item;
CREATE VIEW mallorys_annas AS SELECT * FROM annas;
GRANT SELECT ON mallorys, mallorys_annas TO PUBLIC;
SET ROLE users_stranger;
CREATE VIEW strangers AS SELECT id, name FROM item;
GRANT SELECT ON strangers TO PUBLIC;
SELECT asked('SELECT * FROM annas');
SELECT asked('SELECT * FROM annas_barrier');
SELECT asked('SELECT * FROM annas_both');
SELECT asked('SELECT * FROM mallorys');
SELECT asked('SELECT * FROM mallorys_annas');
SET ROLE users_bert;
SELECT asked('SELECT * FROM strangers');
SELECT asked('SELECT id FROM annas UNION ALL (SELECT id FROM item WHERE id = 1) UNION ALL SELECT id FROM annas_barrier');
SELECT asked('SELECT a.id FROM annas AS a JOIN item AS i USING (id) WHERE a.id = 3 AND i.status = ''lost''');
SELECT asked('WITH a AS MATERIALIZED (SELECT * FROM annas) SELECT * FROM a WHERE EXISTS (SELECT FROM item)');
SELECT asked('SELECT * FROM annas LIMIT 3');
SELECT asked('CREATE TEMP TABLE mine AS SELECT a.id, a.ctid IS NULL FROM annas_barrier AS b JOIN item AS a USING (id)');
RESET ROLE;
DROP TABLE IF EXISTS pg_temp.mine;
-- with security_invoker, which there is since PostgreSQL 15, it has the user's
SELECT current_setting('server_version_num')::int >= 150000 AS security_invoker \gset
\if :security_invoker
CREATE VIEW invokers WITH (security_invoker) AS SELECT * FROM item;
GRANT SELECT ON invokers TO users_bert, users_stranger;
\else
ALTER FOREIGN TABLE item RENAME TO invokers;
\endif
SET ROLE users_bert;
SELECT asked('SELECT id FROM invokers');
SET ROLE users_stranger;
SELECT left(asked('SELECT qty FROM invokers'), 10);
RESET ROLE;
\if :security_invoker
DROP VIEW invokers;
\else
ALTER FOREIGN TABLE invokers RENAME TO item;
\endif
-- in partitions and children, too
CREATE TABLE parted (id int, name text, status text, qty bigint) PARTITION BY LIST (status);
ALTER TABLE parted ATTACH PARTITION item DEFAULT;
CREATE VIEW annas_parted AS SELECT * FROM parted;
ALTER VIEW annas_parted OWNER TO users_anna;
GRANT SELECT ON parted, annas_parted TO users_anna, users_bert;
SET ROLE users_bert;
SELECT asked('SELECT a.id FROM annas_parted AS a JOIN parted AS p USING (id) WHERE a.id = 3 AND p.qty < 0');
RESET ROLE;
ALTER TABLE parted DETACH PARTITION item;
-- A barrier keeps what the view hides from functions that tell, and from errors
CREATE FUNCTION tell(id int, qty bigint) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
BEGIN
    IF id IN (3, 5) THEN RAISE NOTICE 'item % has %', id, qty; END IF;
    RETURN true;
END
$$;
SET ROLE users_bert;
SELECT count(*) FROM annas_hundreds WHERE tell(id, qty);
SELECT count(*) FROM annas_barrier WHERE tell(id, qty);
SELECT count(*) FROM annas_barrier WHERE tell(id, qty) AND id IN (1, 2, 3, 4, 5);
SELECT count(*) FROM annas_barrier WHERE 1 / (id - 3) < 2;
SELECT name FROM annas_barrier WHERE id = 3;
SELECT count(*) FROM annas_barrier WHERE status = 'new';
RESET ROLE;
SELECT public.requests_of('SELECT name FROM annas_barrier WHERE id = 3 AND tell(id, qty)');
-- and there are no policies for foreign tables
SELECT left(line, 5) FROM attempt('ALTER TABLE item ENABLE ROW LEVEL SECURITY') AS line LIMIT 1;
SELECT left(line, 5) FROM attempt('CREATE POLICY p ON item USING (status = ''won'')') AS line LIMIT 1;

--
-- Functions: those with SECURITY DEFINER have their owner's mapping.  A cursor keeps
-- that of the user who opened it.
--
CREATE FUNCTION definer() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
    'BEGIN RETURN (SELECT count(*) FROM users.item); END';
CREATE FUNCTION definer_sql() RETURNS SETOF int LANGUAGE sql SECURITY DEFINER STABLE AS 'SELECT id FROM users.item';
CREATE FUNCTION invoker() RETURNS SETOF int LANGUAGE sql STABLE AS 'SELECT id FROM users.item';
CREATE FUNCTION definer_of_invoker() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
    'BEGIN RETURN (SELECT count(*) FROM users.invoker()); END';
CREATE FUNCTION definer_cursor() RETURNS refcursor LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    c refcursor := 'c';
BEGIN
    OPEN c FOR SELECT id FROM users.item;
    RETURN c;
END
$$;
ALTER FUNCTION definer OWNER TO users_anna;
ALTER FUNCTION definer_sql OWNER TO users_anna;
ALTER FUNCTION definer_of_invoker OWNER TO users_anna;
ALTER FUNCTION definer_cursor OWNER TO users_anna;
SET ROLE users_bert;
SELECT asked('SELECT definer()');
SELECT asked('SELECT definer_sql()');
SELECT asked('SELECT * FROM definer_sql()');
SELECT asked('SELECT * FROM invoker()');
SELECT asked('SELECT definer_of_invoker()');
SELECT asked('SELECT definer() FROM item WHERE id = 2');
BEGIN;
SELECT place() \gset
SELECT definer_cursor();
FETCH 1 FROM c;
DECLARE d CURSOR FOR SELECT id FROM item;
SET LOCAL ROLE users_mallory;
FETCH 2 FROM d;
FETCH 1 FROM c;
RESET ROLE;
SELECT users_since(:place);
COMMIT;

--
-- Prepared statements: a plan that is kept is run with the mapping of who runs it,
-- or of the view's owner, as it is then
--
SET plan_cache_mode = force_generic_plan;
PREPARE plain(int) AS SELECT name FROM item WHERE id = $1;
PREPARE annas(int) AS SELECT name FROM annas WHERE id = $1;
GRANT EXECUTE ON FUNCTION asked TO PUBLIC;
SELECT asked('EXECUTE plain(2)'), asked('EXECUTE annas(2)');
SET ROLE users_bert;
SELECT asked('EXECUTE plain(2)'), asked('EXECUTE annas(2)');
SET ROLE users_mallory;
SELECT line FROM asked('EXECUTE plain(2)') AS line WHERE line !~ '^ ';
SELECT asked('EXECUTE annas(2)');
RESET ROLE;
ALTER VIEW annas OWNER TO users_bert;
SELECT asked('EXECUTE annas(2)');
ALTER VIEW annas OWNER TO users_mallory;
SELECT line FROM asked('EXECUTE annas(2)') AS line WHERE line !~ '^ ';
ALTER VIEW annas OWNER TO users_stranger;
SELECT asked('EXECUTE annas(2)');
ALTER VIEW annas OWNER TO users_anna;
SELECT asked('EXECUTE annas(2)');
-- owners of the table and the server do not matter
GRANT USAGE ON FOREIGN DATA WRAPPER biconnector_fdw TO users_mallory;
ALTER SERVER users_shop OWNER TO users_mallory;
ALTER FOREIGN TABLE item OWNER TO users_mallory;
SELECT asked('EXECUTE annas(2)');
ALTER FOREIGN TABLE item OWNER TO CURRENT_USER;
ALTER SERVER users_shop OWNER TO CURRENT_USER;
-- rights and mappings that come and go
SET ROLE users_guest;
SELECT asked('EXECUTE plain(2)');
RESET ROLE;
REVOKE SELECT ON item FROM users_guest;
SET ROLE users_guest;
SELECT asked('EXECUTE plain(2)');
RESET ROLE;
GRANT SELECT ON item TO users_guest;
CREATE USER MAPPING FOR users_guest SERVER users_shop OPTIONS (login 'anna', password 's3cret word', as_guest '');
SET ROLE users_guest;
SELECT asked('EXECUTE plain(2)');
RESET ROLE;
DROP USER MAPPING FOR users_guest SERVER users_shop;
CREATE USER MAPPING FOR users_guest SERVER users_shop OPTIONS (login 'anna', password 's3cret word', as_guest_again '');
SET ROLE users_guest;
SELECT asked('EXECUTE plain(2)');
RESET ROLE;
DROP USER MAPPING FOR users_guest SERVER users_shop;
SET ROLE users_guest;
SELECT asked('EXECUTE plain(2)');
RESET ROLE;
BEGIN;
ALTER USER MAPPING FOR PUBLIC SERVER users_shop OPTIONS (DROP as_public, ADD as_public_anew '');
SAVEPOINT s;
DROP USER MAPPING FOR PUBLIC SERVER users_shop;
SET LOCAL ROLE users_guest;
SELECT line FROM asked('EXECUTE plain(2)') AS line WHERE line !~ '^ ';
ROLLBACK TO s;
SET LOCAL ROLE users_guest;
SELECT asked('EXECUTE plain(2)');
ROLLBACK;
SET ROLE users_guest;
SELECT asked('EXECUTE plain(2)');
RESET ROLE;
-- options
CREATE FUNCTION request(statement text) RETURNS SETOF jsonb LANGUAGE sql AS 'SELECT public.requests_of(statement)';
SELECT request('EXECUTE annas(2)');
ALTER SERVER users_shop OPTIONS (ADD row_limit '1000');
SELECT request('EXECUTE annas(2)');
ALTER SERVER users_shop OPTIONS (ADD request_format 'json');
SELECT request('EXECUTE annas(2)');
ALTER FOREIGN TABLE item OPTIONS (ADD filter_operators 'none'), ALTER name OPTIONS (SET column_name 'TZ');
SELECT request('EXECUTE annas(2)');
ALTER SERVER users_shop RENAME TO users_shop_renamed;
EXECUTE annas(1);
ALTER SERVER users_shop_renamed RENAME TO users_shop;
ALTER FOREIGN TABLE item OPTIONS (DROP filter_operators), ALTER name OPTIONS (SET column_name 'NAME');
ALTER SERVER users_shop OPTIONS (DROP row_limit, DROP request_format);
RESET plan_cache_mode;

--
-- A scan that is running goes on with what it started with, even if it has not yet
-- asked.  What it uses cannot be dropped.
--
BEGIN;
SET LOCAL client_min_messages = warning;
DECLARE c CURSOR FOR SELECT id, name FROM item;
DECLARE d CURSOR FOR SELECT id, name FROM item;
FETCH 2 FROM c;
ALTER SERVER users_shop OPTIONS (SET url_data 'http://127.0.0.1:1/data');
ALTER USER MAPPING FOR CURRENT_USER SERVER users_shop OPTIONS (SET password 'wrong');
FETCH 2 FROM c;
FETCH 2 FROM d;
SELECT line FROM asked('SELECT id FROM item') AS line WHERE line !~ '^ ';
DROP USER MAPPING FOR CURRENT_USER SERVER users_shop;
MOVE 244 IN c;
FETCH 3 FROM c;
SELECT left(attempt('DROP SERVER users_shop CASCADE'), 5);
SELECT left(attempt('DROP SCHEMA users CASCADE'), 5);
FETCH 1 FROM d;
CLOSE c;
SELECT left(attempt('DROP SERVER users_shop CASCADE'), 5);
ROLLBACK;
SELECT count(*) FROM item;
SET client_min_messages = warning;
DO $$
DECLARE
    i record;
BEGIN
    FOR i IN SELECT id FROM users.item LOOP
        EXECUTE 'DROP SERVER users_shop CASCADE';
    END LOOP;
EXCEPTION WHEN object_in_use THEN
    RAISE WARNING 'it is in use';
END
$$;
-- Between two executions it can: then the prepared statement fails, as with any table
BEGIN;
DROP SERVER users_shop CASCADE;
EXECUTE plain(2);
ROLLBACK;
EXECUTE plain(2);

SET client_min_messages = error;
\set VERBOSITY terse
DROP SCHEMA users CASCADE;
DROP SERVER users_shop, users_other CASCADE;
REVOKE ALL ON FOREIGN DATA WRAPPER biconnector_fdw FROM users_mallory;
DROP ROLE users_anna, users_bert, users_mallory, users_guest, users_stranger;
