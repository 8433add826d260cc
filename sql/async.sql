--
-- Scans under an Append that run at the same time (option async_capable): the rows
-- are those of the tables, whatever each connector does, and however the Append is used.
-- That requests overlap, and cancel, is in t/011_async.pl.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA there;
CREATE SCHEMA here;
-- Does a plan have so many of such scans?  PostgreSQL 13 has none at all.
CREATE FUNCTION here.asyncs(statement text, scans int) RETURNS boolean LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE line ~ 'Async Foreign Scan')
        = CASE WHEN current_setting('server_version_num')::int < 140000 THEN 0 ELSE scans END
    FROM plan_of(statement, 'COSTS OFF') AS line
$$;

--
-- Who does it: servers and tables with the option
--
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER async FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data', async_capable 'true');
CREATE USER MAPPING FOR PUBLIC SERVER async OPTIONS (login 'anna', password 's3cret word');
CREATE FOREIGN TABLE there.p1 (id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'),
    qty bigint OPTIONS (column_name 'QTY')) SERVER async OPTIONS (table_name 'items');
CREATE FOREIGN TABLE there.p2 (id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'),
    qty bigint OPTIONS (column_name 'FLAG')) SERVER async OPTIONS (table_name 'items');
CREATE FOREIGN TABLE there.p3 (id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'),
    qty bigint OPTIONS (column_name 'QTY')) SERVER async OPTIONS (table_name 'single');
CREATE TABLE there.p4 AS SELECT n AS id, 'local ' || n AS name, n AS qty
    FROM generate_series(bigint '1000', 1005) AS n;
CREATE TABLE here.p1 AS SELECT * FROM there.p1;
CREATE TABLE here.p2 AS SELECT * FROM there.p2;
CREATE TABLE here.p3 AS SELECT * FROM there.p3;
CREATE TABLE here.p4 AS SELECT * FROM there.p4;
CREATE VIEW there.all AS SELECT * FROM there.p1 UNION ALL SELECT * FROM there.p2
    UNION ALL SELECT * FROM there.p3 UNION ALL SELECT * FROM there.p4;
CREATE VIEW here.all AS SELECT * FROM here.p1 UNION ALL SELECT * FROM here.p2
    UNION ALL SELECT * FROM here.p3 UNION ALL SELECT * FROM here.p4;
SELECT here.asyncs('SELECT * FROM there.all', 3);
SELECT * FROM against_copies('SELECT * FROM there.all');
-- the option of a table takes precedence over the server's
ALTER FOREIGN TABLE there.p2 OPTIONS (ADD async_capable 'off');
SELECT here.asyncs('SELECT * FROM there.all', 2);
SELECT * FROM against_copies('SELECT * FROM there.all');
ALTER FOREIGN TABLE there.p2 OPTIONS (DROP async_capable);
ALTER SERVER async OPTIONS (SET async_capable 'off');
SELECT here.asyncs('SELECT * FROM there.all', 0);
ALTER SERVER async OPTIONS (SET async_capable 'on');

--
-- Uses of it: conditions, of which some are sent; joins, rescans, limits, cursors
--
SELECT * FROM against_copies($$
SELECT count(*), sum(id), sum(qty), max(name) FROM there.all
SELECT * FROM there.all WHERE id = 5
SELECT * FROM there.all WHERE id IN (1, 2, 3, 1001) AND name LIKE 'A%'
SELECT * FROM there.all WHERE id = -1
SELECT * FROM there.all WHERE name = 'no such name'
SELECT * FROM there.all WHERE length(name) > 6
SELECT * FROM there.all WHERE false
SELECT name, count(*) FROM there.all GROUP BY name HAVING count(*) > 2
SELECT x.id, y.name FROM there.all x JOIN there.all y USING (id) WHERE x.qty < 50
SELECT x.id, (SELECT count(*) FROM there.all y WHERE y.id = x.id) FROM there.all x WHERE x.id < 8
SELECT x.id, y.name FROM here.p4 x LEFT JOIN there.all y ON y.id = x.id - 995
SELECT x.id, y.name FROM here.p4 x, LATERAL (SELECT * FROM there.all WHERE id = x.id - 990 LIMIT 3 OFFSET 0) y ORDER BY 1, 2
SELECT * FROM here.p4 x WHERE EXISTS (SELECT FROM there.all y WHERE y.qty = x.qty - 999)
SELECT x FROM there.all x WHERE id < 4
SELECT tableoid::regclass::text <> '' FROM there.p1 UNION ALL SELECT tableoid::regclass::text <> '' FROM there.p2
SELECT id FROM there.p1 UNION SELECT id FROM there.p2 UNION SELECT qty FROM there.p3
SELECT count(*) FROM (SELECT FROM there.p1 UNION ALL SELECT FROM there.p2) AS nothing
$$);
SELECT count(*) FROM (SELECT * FROM there.all LIMIT 7) AS part;
SELECT count(*) FROM (SELECT * FROM there.all OFFSET 300) AS rest;
-- inner side of a nested loop, started over for each row, with and without a parameter
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SELECT * FROM against_copies($$
SELECT x.id, y.name FROM here.p4 x JOIN there.all y ON y.id = x.id - 990
SELECT x.id, y.name FROM here.p4 x JOIN there.all y ON y.qty < x.id - 999
SELECT x.id, y.name FROM here.p4 x LEFT JOIN there.all y ON y.id = x.id - 5000
$$);
RESET ALL;
-- a cursor that is left, another query meanwhile, and one that goes back
BEGIN;
DECLARE few CURSOR FOR SELECT * FROM there.all;
DECLARE back SCROLL CURSOR FOR SELECT count(*) OVER () AS n FROM there.all;
MOVE 5 IN few;
SELECT count(*) FROM there.all;
MOVE 500 IN few;
CLOSE few;
FETCH 2 FROM back;
MOVE 3 IN back;
FETCH BACKWARD 4 FROM back;
MOVE LAST IN back;
COMMIT;
-- a plan that is kept, with parameters
SET plan_cache_mode = force_generic_plan;
PREPARE by_id(bigint) AS SELECT count(*), min(name) FROM there.all WHERE id = $1;
EXECUTE by_id(1);
EXECUTE by_id(NULL);
EXECUTE by_id(1003);
DEALLOCATE by_id;
RESET plan_cache_mode;
-- writing to a local table, and locking its rows, from such a query
BEGIN;
WITH changed AS (UPDATE there.p4 SET name = y.name FROM there.all y WHERE y.id = there.p4.id - 995
    RETURNING there.p4.id) SELECT count(DISTINCT id) FROM changed;
DELETE FROM there.p4 WHERE id IN (SELECT id + 1000 FROM there.p1 UNION ALL SELECT id + 1001 FROM there.p3);
SELECT count(*) FROM there.p4;
ROLLBACK;

--
-- A table by ranges: partitions that are not needed are not asked for, when the plan is
-- made and when it is run
--
CREATE TABLE there.parts (id bigint, name text, qty bigint) PARTITION BY RANGE (id);
CREATE TABLE here.parts (id bigint, name text, qty bigint);
DO $$
BEGIN
    FOR i IN 0..4 LOOP
        EXECUTE format('CREATE FOREIGN TABLE there.part%s PARTITION OF there.parts FOR VALUES FROM (%s) TO (%s)
            SERVER async OPTIONS (table_name ''items'', filter ''{">=ID": %s, "<ID": %s}'')',
            i, i * 50 + 1, i * 50 + 51, i * 50 + 1, i * 50 + 51);
        EXECUTE format('ALTER FOREIGN TABLE there.part%s ALTER id OPTIONS (column_name ''ID''),
            ALTER name OPTIONS (column_name ''NAME''), ALTER qty OPTIONS (column_name ''QTY'')', i);
    END LOOP;
END
$$;
INSERT INTO here.parts SELECT id, name, qty FROM shop.items;
SELECT count(*) FROM here.parts;
SELECT * FROM against_copies($$
SELECT * FROM there.parts
SELECT * FROM there.parts WHERE id BETWEEN 40 AND 60
SELECT * FROM there.parts WHERE id = (SELECT 77)
SELECT * FROM there.parts WHERE id IN (SELECT 7 UNION ALL SELECT 207)
SELECT * FROM there.parts WHERE id > (SELECT 1000000)
SELECT x.id, y.name FROM here.p4 x JOIN there.parts y ON y.id = (x.id - 1000) * 45
$$);
SELECT body #>> '{filter,>=ID}' AS asked FROM requests_of('SELECT * FROM there.parts WHERE id = (SELECT 77)') AS body;
-- and in order, where that matters
SELECT * FROM against_copies('SELECT id, name FROM there.parts ORDER BY id LIMIT 60 OFFSET 30', ordered => true);
-- fewer at the same time than there are
ALTER SERVER async OPTIONS (ADD concurrency '1');
SELECT * FROM against_copies('SELECT * FROM there.parts');
SELECT * FROM against_copies('SELECT * FROM there.all');
SELECT * FROM against_copies('SELECT * FROM there.all WHERE id = -1');
ALTER SERVER async OPTIONS (SET concurrency '2');
SELECT * FROM against_copies('SELECT * FROM there.parts');
SELECT * FROM against_copies('SELECT * FROM there.all, there.parts WHERE "all".id = parts.id');
SELECT count(*) FROM (SELECT * FROM there.parts LIMIT 180) AS part;
ALTER SERVER async OPTIONS (DROP concurrency);

--
-- Connectors that behave badly, between others that do not: the rows are right, or the
-- error is the connector's
--
CREATE FUNCTION here.between(name text, request_format text DEFAULT 'form')
RETURNS TABLE (misbehaviour text, whole text, filtered text, nothing text)
LANGUAGE plpgsql AS $$
DECLARE
    statement text;
    verdicts text[];
    got text[];
BEGIN
    EXECUTE format('CREATE SERVER bad FOREIGN DATA WRAPPER biconnector_fdw
        OPTIONS (url_data %L, async_capable ''on'', request_format %L, max_row_size ''1MB'')',
        (SELECT url || '/data' FROM connector), request_format);
    EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER bad
        OPTIONS (login ''anna'', password ''s3cret word'', misbehave %L)', name);
    CREATE FOREIGN TABLE there.bad (id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'),
        qty bigint OPTIONS (column_name 'QTY')) SERVER bad OPTIONS (table_name 'items');
    FOREACH statement IN ARRAY '{"","WHERE id IN (3, 6, 7)","WHERE id = -7"}'::text[] LOOP
        got := result_of('SELECT * FROM there.p2 ' || statement || ' UNION ALL SELECT * FROM there.bad ' || statement
            || ' UNION ALL SELECT * FROM there.p1 ' || statement);
        verdicts := verdicts || CASE WHEN got[1] ~ '^error' THEN got[1]
            WHEN got = result_of('SELECT * FROM here.p2 ' || statement || ' UNION ALL SELECT * FROM here.p1 '
                || statement || ' UNION ALL SELECT * FROM here.p1 ' || statement) THEN 'right' ELSE 'WRONG' END;
    END LOOP;
    DROP SERVER bad CASCADE;
    RETURN QUERY SELECT name, verdicts[1], verdicts[2], verdicts[3];
END
$$;
SET client_min_messages = error;
SELECT m.* FROM unnest('{ignore_filter,filter_loses_all,vendor,shuffled_header,limit_before_filter,max_limit:100,
    slow:10,huge_row:2000000,bad_utf8,short_row,long_row,trailing_garbage,truncated,truncated_chunked,truncated_length,
    status:500,status:403,error_200,503_once,429_once,redirect_same,form_only,json_only,close_connection,gzip_lie,utf8_bom}'::text[]) AS name,
    here.between(name) AS m;
RESET client_min_messages;
-- the error says which table of which server
CREATE SERVER bad FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data', async_capable 'on');
CREATE USER MAPPING FOR CURRENT_USER SERVER bad OPTIONS (login 'anna', password 's3cret word', misbehave 'short_row');
CREATE FOREIGN TABLE there.bad (id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'),
    qty bigint OPTIONS (column_name 'QTY')) SERVER bad OPTIONS (table_name 'items');
SELECT attempt('SELECT * FROM there.p1 UNION ALL SELECT * FROM there.bad UNION ALL SELECT * FROM there.p2');

--
-- EXPLAIN ANALYZE counts for each scan what it did
--
SELECT regexp_replace(line, ' \(actual.*', '') AS line
FROM plan_of('SELECT * FROM there.p1 WHERE id < 3 UNION ALL SELECT * FROM there.p3',
    'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF') AS line
WHERE line ~ 'Requests|Received';

-- a row that is longer than what is read at once
ALTER USER MAPPING FOR CURRENT_USER SERVER bad OPTIONS (SET misbehave 'huge_row:3000000');
SELECT count(*), max(length(name)) FROM (SELECT * FROM there.p1 UNION ALL SELECT * FROM there.bad
    UNION ALL SELECT * FROM there.bad) AS rows;

SET client_min_messages = warning;
DROP SERVER bad CASCADE;
DROP SCHEMA there CASCADE;
DROP SCHEMA here CASCADE;
DROP SERVER async CASCADE;
