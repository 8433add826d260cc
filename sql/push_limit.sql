--
-- The option push_limit: with what a query's LIMIT is sent.  With a filter it is
-- sent only to connectors that are said to filter first and limit afterwards, and
-- the rows of such an answer are held back until it is complete: if one of them does
-- not match, others may be behind the limit.
--

-- A server for which the option is set, its tables, and copies of them to compare with
SELECT url || '/data' AS data, url || '/table_list' AS list, url || '/table_description' AS description
FROM connector \gset
CREATE SERVER vouched FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    url_data :'data', url_table_list :'list', url_table_description :'description', push_limit 'filtered');
CREATE USER MAPPING FOR CURRENT_USER SERVER vouched OPTIONS (login 'anna', password 's3cret word');
CREATE SCHEMA field;
IMPORT FOREIGN SCHEMA connector LIMIT TO (items, orders, single, empty_table, all_null, big) FROM SERVER vouched INTO field
    OPTIONS (probe 'off');
CREATE SCHEMA here;
CREATE TABLE here.items AS SELECT * FROM field.items;
CREATE TABLE here.orders AS SELECT * FROM field.orders;
CREATE TABLE here.single AS SELECT * FROM field.single;
CREATE TABLE here.empty_table AS SELECT * FROM field.empty_table;
CREATE TABLE here.all_null AS SELECT * FROM field.all_null;

-- The requests since then, in short, for each table: the limit, with the filter if
-- there is one
CREATE FUNCTION sent_since(place bigint) RETURNS text
LANGUAGE sql AS $$
    SELECT coalesce(string_agg(concat_ws(' of ', body ->> 'limit', body ->> 'filter'), ', ' ORDER BY body ->> 'table', n), 'no request')
    FROM requests(place)
$$;

-- Are the first ones as many as the second ones, and all among the third ones?  If
-- there is an order, they must be the second ones.
CREATE FUNCTION verdict(got text[], wanted text[], allowed text[], ordered boolean) RETURNS text
LANGUAGE sql AS $$
    SELECT CASE WHEN coalesce(cardinality(got), 0) <> coalesce(cardinality(wanted), 0)
                    OR EXISTS (SELECT unnest(got) EXCEPT ALL SELECT unnest(allowed))
                    OR ordered AND got IS DISTINCT FROM wanted
                THEN 'WRONG' ELSE 'right' END
$$;

-- For each statement (one a line) over tables in schema field: the requests that it
-- makes, the number of rows that come back, and whether they are right, compared with
-- the copies.  Without ORDER BY any rows of the whole result will do.
CREATE FUNCTION limited(statements text) RETURNS TABLE (statement text, sent text, "rows" int, verdict text)
LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
    got text[];
    wanted text[];
    allowed text[];
    all_rows text := 'WITH q AS MATERIALIZED (%s) SELECT array_agg(q::text) FROM q';
BEGIN
    FOREACH statement IN ARRAY string_to_array(btrim(statements, E'\n'), E'\n') LOOP
        place := log_end();
        EXECUTE format(all_rows, statement) INTO got;
        sent := sent_since(place);
        EXECUTE format(all_rows, replace(statement, 'field.', 'here.')) INTO wanted;
        -- without the clauses at the end
        EXECUTE format(all_rows, regexp_replace(replace(statement, 'field.', 'here.'),
                                                '( (LIMIT|OFFSET|FETCH FIRST) [^()]*)+$', '')) INTO allowed;
        rows := coalesce(cardinality(got), 0);
        verdict := verdict(got, wanted, allowed, statement ~ 'ORDER BY');
        RETURN NEXT;
    END LOOP;
END
$$;
-- It would tell
SELECT verdict('{a}', '{a}', '{a,b}', false), verdict('{b}', '{a}', '{a,b}', false), verdict(NULL, NULL, '{a}', false),
    verdict('{c}', '{a}', '{a,b}', false), verdict('{a,a}', '{a,b}', '{a,b}', false), verdict('{a}', '{a,b}', '{a,b}', false),
    verdict(NULL, '{a}', '{a,b}', false), verdict('{b}', '{a}', '{a,b}', true);

--
-- The option: unfiltered unless set; that of the table overrides the server's
--
CREATE FUNCTION limited_both_ways() RETURNS TABLE (statement text, sent text, "rows" int, verdict text)
LANGUAGE sql AS $$
    SELECT * FROM limited(E'SELECT * FROM field.items LIMIT 3\nSELECT * FROM field.items WHERE status = ''won'' LIMIT 3')
$$;
SELECT * FROM limited_both_ways();
ALTER SERVER vouched OPTIONS (SET push_limit 'unfiltered');
SELECT * FROM limited_both_ways();
ALTER SERVER vouched OPTIONS (SET push_limit 'none');
SELECT * FROM limited_both_ways();
ALTER FOREIGN TABLE field.items OPTIONS (ADD push_limit 'filtered');
SELECT * FROM limited_both_ways();
ALTER FOREIGN TABLE field.items OPTIONS (SET push_limit 'unfiltered');
SELECT * FROM limited_both_ways();
ALTER SERVER vouched OPTIONS (DROP push_limit);
ALTER FOREIGN TABLE field.items OPTIONS (SET push_limit 'none');
SELECT * FROM limited_both_ways();
ALTER FOREIGN TABLE field.items OPTIONS (DROP push_limit);
SELECT * FROM limited_both_ways();
ALTER SERVER vouched OPTIONS (ADD push_limit 'on');
ALTER SERVER vouched OPTIONS (ADD push_limit 'Filtered');
ALTER FOREIGN TABLE field.items OPTIONS (ADD push_limit '');
ALTER SERVER vouched OPTIONS (ADD push_limit 'filtered');

-- Plans that were made before follow
SET plan_cache_mode = force_generic_plan;
PREPARE three AS SELECT id FROM field.items WHERE status = 'won' LIMIT 3;
SELECT body ->> 'limit' AS "limit" FROM requests_of('EXECUTE three') AS body;
ALTER SERVER vouched OPTIONS (SET push_limit 'unfiltered');
SELECT body ->> 'limit' AS "limit" FROM requests_of('EXECUTE three') AS body;
ALTER SERVER vouched OPTIONS (SET push_limit 'filtered');
SELECT body ->> 'limit' AS "limit" FROM requests_of('EXECUTE three') AS body;
RESET plan_cache_mode;

--
-- Where all conditions are sent, the LIMIT goes with them
--
SELECT * FROM limited($$
SELECT * FROM field.items WHERE status = 'won' LIMIT 3
SELECT * FROM field.items WHERE 'won' = status LIMIT 3
SELECT * FROM field.items WHERE id = 200 LIMIT 1
SELECT * FROM field.items WHERE id = 200 LIMIT 2
SELECT * FROM field.items WHERE status IN ('won', 'lost') LIMIT 3
SELECT * FROM field.items WHERE id = ANY ('{7,200,NULL,999}') LIMIT 2
SELECT * FROM field.items WHERE flag = 1 AND status IN ('won', 'lost') LIMIT 3
SELECT * FROM field.items WHERE status = 'won' LIMIT 3 OFFSET 2
SELECT * FROM field.items WHERE status = 'won' OFFSET 2 ROWS FETCH FIRST ROW ONLY
SELECT * FROM field.items WHERE status = 'won' LIMIT 3 OFFSET 83
SELECT * FROM field.items WHERE status = 'won' LIMIT 3 OFFSET 84
SELECT * FROM field.items WHERE status = 'won' LIMIT 84
SELECT * FROM field.items WHERE status = 'won' LIMIT 10000
SELECT * FROM field.items WHERE status = 'won' LIMIT 9999 OFFSET 1
SELECT * FROM field.items WHERE status = 'won' LIMIT (SELECT 3)
SELECT * FROM field.items WHERE status = 'won' LIMIT (SELECT count(*) FROM here.all_null) OFFSET (SELECT 2)
SELECT * FROM field.items WHERE status = (SELECT max(status) FROM here.items WHERE id < 5) LIMIT 3
SELECT * FROM field.items WHERE status = 'won' LIMIT length('abc') OFFSET abs(-2)
SELECT * FROM field.items WHERE status = 'won' LIMIT (SELECT length(current_database()) * 0 + 3)
SELECT * FROM field.items WHERE status = 'won' AND true AND now() > '2020-01-01' LIMIT 3
SELECT * FROM field.items WHERE status = 'nobody' LIMIT 3
SELECT * FROM field.items WHERE status = 'nobody' LIMIT 3
SELECT * FROM field.items WHERE status = NULL LIMIT 3
SELECT * FROM field.items WHERE id = ANY ('{}') LIMIT 3
SELECT * FROM field.empty_table WHERE id = 1 LIMIT 3
SELECT id, upper(name), status || '!' FROM field.items WHERE status = 'won' LIMIT 3
SELECT id, random() < 2 FROM field.items WHERE status = 'won' LIMIT 3
SELECT i FROM field.items AS i WHERE status = 'won' LIMIT 12
SELECT 1 FROM field.items WHERE status = 'won' LIMIT 3
SELECT FROM field.items WHERE status = 'won' LIMIT 3
SELECT name, born, amount, price, created, tz, qty FROM field.items WHERE flag = 0 LIMIT 20
SELECT * FROM field.all_null WHERE id IN (1, 3) LIMIT 2
SELECT * FROM (SELECT * FROM field.items WHERE status = 'won') AS i LIMIT 3
SELECT * FROM (SELECT * FROM field.items LIMIT 300) AS i WHERE status = 'won' LIMIT 3
WITH i AS (SELECT * FROM field.items WHERE status = 'won' LIMIT 3) SELECT * FROM i
WITH i AS (SELECT * FROM field.items) SELECT * FROM i WHERE status = 'won' LIMIT 3
(SELECT id FROM field.items WHERE status = 'won' LIMIT 3) UNION ALL (SELECT order_id FROM field.orders WHERE city = 'Riga' LIMIT 2)
SELECT count(*) FROM (SELECT id FROM field.items WHERE status = 'won' LIMIT 3) AS i
SELECT s.id, (SELECT count(*) FROM (SELECT * FROM field.items WHERE flag = s.id LIMIT 3) AS i) FROM here.single AS s
$$);

-- A join that the planner removes is none.  A view is like its text, unless there is a
-- condition above that must wait for those within.
CREATE TABLE here.numbers (id bigint PRIMARY KEY);
CREATE VIEW field.won AS SELECT * FROM field.items WHERE status = 'won';
CREATE VIEW here.won AS SELECT * FROM here.items WHERE status = 'won';
CREATE VIEW field.guarded WITH (security_barrier) AS SELECT * FROM field.items WHERE status = 'won';
CREATE VIEW here.guarded AS SELECT * FROM here.won;
CREATE FUNCTION peeks(text) RETURNS boolean LANGUAGE plpgsql VOLATILE COST 0.0001 AS 'BEGIN RETURN true; END';
SELECT * FROM limited($$
SELECT i.* FROM field.items AS i LEFT JOIN here.numbers AS n ON n.id = i.id WHERE i.status = 'won' LIMIT 3
SELECT i.* FROM field.items AS i LEFT JOIN here.numbers AS n ON n.id = i.id WHERE i.status = 'won' AND n.id IS NULL LIMIT 3
SELECT * FROM field.won LIMIT 3
SELECT * FROM field.won WHERE flag = 0 LIMIT 3
SELECT * FROM field.won WHERE peeks(name) LIMIT 3
SELECT * FROM field.guarded LIMIT 3
SELECT * FROM field.guarded WHERE peeks(name) LIMIT 3
$$);

--
-- It stays here if there is anything else between the table and the LIMIT.
-- Conditions that are not sent, or not all of them:
--
SELECT * FROM limited($$
SELECT * FROM field.items WHERE status = 'won' AND id > 100 LIMIT 3
SELECT * FROM field.items WHERE status = 'won' AND length(name) = 7 LIMIT 3
SELECT * FROM field.items WHERE status = 'won' AND name IS NOT NULL LIMIT 3
SELECT * FROM field.items WHERE status = 'won' AND random() < 2 LIMIT 3
SELECT * FROM field.items WHERE status = 'won' AND (flag = 1 OR id = 200) LIMIT 3
SELECT * FROM field.items WHERE id IN (2, 200, 201) AND id IN (200, 201, 202) LIMIT 2
SELECT * FROM field.items WHERE id IN (2, 200, 201) AND id = 200 LIMIT 1
SELECT * FROM field.items WHERE flag = 0 AND name = E'tab\there' LIMIT 1
SELECT * FROM field.items WHERE price = 9.99 LIMIT 1
SELECT * FROM field.items WHERE status = 'won' AND amount = 1234.5 LIMIT 1
SELECT * FROM field.items WHERE status <> 'won' LIMIT 3
SELECT * FROM field.items WHERE NOT flag = 1 LIMIT 3
SELECT * FROM field.items WHERE status = 'won' OR status = 'lost' LIMIT 3
SELECT * FROM field.items WHERE status LIKE 'won' LIMIT 3
SELECT * FROM field.items WHERE status = 'won' AND EXISTS (SELECT FROM here.orders WHERE item_id = id + 200) LIMIT 3
SELECT * FROM (SELECT * FROM field.items WHERE status = 'won' LIMIT 84) AS i WHERE flag = 0 LIMIT 3
$$);
-- of which a column's option may be the reason,
ALTER FOREIGN TABLE field.items ALTER COLUMN flag OPTIONS (ADD filter_operators 'in');
SELECT * FROM limited($$
SELECT * FROM field.items WHERE status = 'won' AND flag = 0 LIMIT 3
SELECT * FROM field.items WHERE status = 'won' AND flag IN (0, 2) LIMIT 3
$$);
ALTER FOREIGN TABLE field.items ALTER COLUMN flag OPTIONS (DROP filter_operators);
-- order, groups, windows, functions that make several rows:
SELECT * FROM limited($$
SELECT id FROM field.items WHERE status = 'won' ORDER BY id DESC LIMIT 3
SELECT flag FROM field.items WHERE status IN ('won', 'lost') ORDER BY 1 DESC FETCH FIRST 3 ROWS WITH TIES
SELECT id FROM (SELECT id FROM field.items WHERE status = 'won' ORDER BY id DESC) AS i LIMIT 3
SELECT DISTINCT status FROM field.items WHERE flag = 1 LIMIT 2
SELECT DISTINCT ON (status) status, id FROM field.items WHERE flag = 1 ORDER BY status, id DESC LIMIT 2
SELECT status, count(*) FROM field.items WHERE flag = 1 GROUP BY status ORDER BY status LIMIT 1
SELECT status FROM field.items WHERE flag = 1 GROUP BY status LIMIT 2
SELECT status, count(*) FROM field.items WHERE flag = 1 GROUP BY ROLLUP (status) ORDER BY 2 DESC LIMIT 1
SELECT count(*) FROM field.items WHERE status = 'won' LIMIT 1
SELECT max(id) FROM field.items WHERE status = 'won' LIMIT 1
SELECT 1 FROM field.items WHERE status = 'won' HAVING count(*) > 80 LIMIT 1
SELECT id, row_number() OVER (ORDER BY id DESC) FROM field.items WHERE status = 'won' ORDER BY 2 LIMIT 3
SELECT count(*) OVER () FROM field.items WHERE status = 'won' LIMIT 3
SELECT generate_series(1, id - 247) FROM field.items WHERE status = 'won' LIMIT 3
SELECT unnest(ARRAY[id, qty]) FROM field.items WHERE status = 'won' LIMIT 3
$$);
-- several tables:
SELECT * FROM limited($$
SELECT i.id, o.order_id FROM field.items AS i, field.orders AS o WHERE o.item_id = i.id AND o.city = 'Riga' AND i.status = 'won' LIMIT 3
SELECT i.id, n FROM field.items AS i, generate_series(1, 2) AS n WHERE i.status = 'won' LIMIT 3
SELECT i.id, o.order_id FROM field.items AS i LEFT JOIN here.orders AS o ON o.item_id = i.id AND o.order_id > 900 WHERE i.flag = 1 LIMIT 3
SELECT id FROM field.items WHERE status = 'won' UNION ALL SELECT order_id FROM field.orders WHERE city = 'Riga' LIMIT 100
SELECT id FROM field.items WHERE flag = 0 INTERSECT SELECT order_id FROM field.orders WHERE city = 'Riga' LIMIT 10
$$);
-- too many rows, all rows, none, and a number that may change while we look:
SELECT * FROM limited($$
SELECT * FROM field.items WHERE status = 'won' LIMIT 10001
SELECT * FROM field.items WHERE status = 'won' LIMIT 10000 OFFSET 1
SELECT * FROM field.items WHERE status = 'won' LIMIT 9223372036854775807 OFFSET 9223372036854775807
SELECT * FROM field.items WHERE status = 'won' LIMIT ALL
SELECT * FROM field.items WHERE status = 'won' LIMIT NULL OFFSET 2
SELECT * FROM field.items WHERE status = 'won' OFFSET 2
SELECT * FROM field.items WHERE status = 'won' LIMIT 0
SELECT * FROM field.items WHERE status = 'won' LIMIT (random() * 0)::int + 3
SELECT * FROM field.items WHERE status = 'won' LIMIT 3 OFFSET (random() * 0)::int
SELECT * FROM field.items LIMIT (random() * 0)::int + 3
SELECT * FROM field.items WHERE status = 'won' LIMIT length(current_database()) * 0 + 3
SELECT * FROM field.items WHERE status = 'won' LIMIT 3 OFFSET length(current_database()) * 0
SELECT * FROM field.items LIMIT (SELECT (random() * 0)::int + 3)
$$);
-- and locks.
SELECT sent FROM limited('SELECT id FROM field.items WHERE status = ''won'' LIMIT 3 FOR UPDATE');
SELECT sent FROM limited('SELECT id FROM field.items WHERE status = ''won'' LIMIT 3 FOR KEY SHARE');
SELECT sent FROM limited('SELECT id FROM (SELECT id FROM field.items WHERE status = ''won'' FOR SHARE) AS i LIMIT 3');
-- The SELECT in another statement is one.
CREATE TABLE here.some (id bigint, status text);
SELECT body ->> 'limit' AS "limit" FROM requests_of(
    'INSERT INTO here.some SELECT id, status FROM field.items WHERE status = ''won'' LIMIT 2') AS body;
SELECT body ->> 'limit' AS "limit" FROM requests_of(
    'UPDATE here.some SET id = -id WHERE id = (SELECT id FROM field.items WHERE status = ''won'' LIMIT 1)') AS body;
SELECT * FROM here.some ORDER BY id;
-- Tables with children are several
CREATE FOREIGN TABLE field.more () INHERITS (field.single) SERVER vouched OPTIONS (table_name 'items');
ALTER FOREIGN TABLE field.more ALTER COLUMN id OPTIONS (ADD column_name 'ID'), ALTER COLUMN flag OPTIONS (ADD column_name 'FLAG');
SELECT body ->> 'limit' AS "limit" FROM requests_of('SELECT id FROM field.single WHERE flag = 1 LIMIT 3') AS body;
SELECT id FROM field.single WHERE flag = 1 LIMIT 3;
DROP FOREIGN TABLE field.more;

--
-- LIMIT and OFFSET as parameters, which get their values when the scan starts.
-- What is not sent is right all the same.
--
PREPARE field_limit(bigint) AS SELECT id FROM field.items LIMIT $1;
PREPARE here_limit(bigint) AS SELECT id FROM here.items LIMIT $1;
PREPARE field_both(bigint, bigint) AS SELECT id FROM field.items LIMIT $1 OFFSET $2;
PREPARE here_both(bigint, bigint) AS SELECT id FROM here.items LIMIT $1 OFFSET $2;
PREPARE field_filter(text, bigint, bigint) AS SELECT id FROM field.items WHERE status = $1 LIMIT $2 OFFSET $3;
PREPARE here_filter(text, bigint, bigint) AS SELECT id FROM here.items WHERE status = $1 LIMIT $2 OFFSET $3;
PREPARE field_list(text[], bigint[], bigint) AS SELECT id FROM field.items WHERE name = ANY ($1) AND id = ANY ($2) LIMIT $3;
PREPARE here_list(text[], bigint[], bigint) AS SELECT id FROM here.items WHERE name = ANY ($1) AND id = ANY ($2) LIMIT $3;

-- For each of these, run with such arguments: what is sent, and how many rows there
-- are, in comparison with the copy; or the error, which must be the same over both
CREATE FUNCTION outcome(statement text, OUT rows text[], OUT error text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE TEMP TABLE result AS EXECUTE ' || statement;
    SELECT array_agg(result::text) INTO rows FROM result;
    DROP TABLE result;
EXCEPTION WHEN others THEN
    error := SQLERRM;
END
$$;
CREATE FUNCTION executed(statements text) RETURNS TABLE (statement text, sent text, outcome text, verdict text)
LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
    got record;
    wanted record;
BEGIN
    FOREACH statement IN ARRAY string_to_array(btrim(statements, E'\n'), E'\n') LOOP
        place := log_end();
        SELECT * INTO got FROM outcome('field_' || statement);
        sent := sent_since(place);
        SELECT * INTO wanted FROM outcome('here_' || statement);
        outcome := coalesce(got.error, coalesce(cardinality(got.rows), 0)::text);
        verdict := CASE WHEN got IS DISTINCT FROM wanted THEN 'WRONG' ELSE 'right' END;
        RETURN NEXT;
    END LOOP;
END
$$;
SET plan_cache_mode = force_generic_plan;
SELECT * FROM executed($$
limit(3)
limit(10000)
limit(10001)
limit(9223372036854775807)
limit(0)
limit(NULL)
limit(-1)
limit(3)
both(3, 2)
both(3, 0)
both(3, NULL)
both(NULL, 3)
both(NULL, NULL)
both(0, 3)
both(3, 249)
both(3, 250)
both(9999, 1)
both(10000, 1)
both(1, 10000)
both(5001, 5000)
both(9223372036854775807, 9223372036854775807)
both(9223372036854775807, 1)
both(1, 9223372036854775807)
both(3, -1)
both(-1, 3)
both(-3, -9223372036854775808)
filter('won', 3, 2)
filter('won', 84, 0)
filter('won', 85, 0)
filter('won', 3, NULL)
filter('won', NULL, 2)
filter('won', 0, 2)
filter('won', 10000, 0)
filter('won', 10000, 1)
filter('won', -1, 0)
filter('won', 1, -1)
filter('won ', 3, 0)
filter('100%', 3, 0)
filter(NULL, 3, 2)
filter(NULL, -1, 0)
filter('lost', 3, 0)
list('{Apple,apple}', '{1,2,3}', 2)
list('{Apple,"apple "}', '{1,2,3,4}', 2)
list('{Apple,apple}', '{1,2,3,4,9007199254740993}', 2)
list('{Apple,NULL}', '{1,2,3}', 1)
list('{NULL}', '{1,2,3}', 1)
list('{}', '{1,2,3}', 1)
list(NULL, '{1,2,3}', 1)
$$);
-- Where the value is known when the plan is made, it is the same
SET plan_cache_mode = force_custom_plan;
SELECT * FROM executed($$
limit(3)
limit(10001)
limit(NULL)
limit(-1)
both(3, 2)
both(10000, 1)
both(NULL, 3)
filter('won', 3, 2)
filter('won ', 3, 0)
filter(NULL, 3, 2)
filter('won', 10000, 1)
$$);
RESET plan_cache_mode;
-- An array with more values than a request may have is asked for in parts, and the LIMIT stays here
PREPARE longer(int) AS SELECT count(*) FROM (
    SELECT FROM field.items WHERE id = ANY (ARRAY(SELECT generate_series(1, $1))) LIMIT 5) AS i;
SELECT length, body ->> 'limit' AS "limit", jsonb_array_length(body #> '{filter,ID}') AS "values"
FROM unnest('{20,800,1000}'::int[]) AS length, requests_of(format('EXECUTE longer(%s)', length)) AS body;
-- row_limit is not exceeded; reaching it is an error, unless the LIMIT wants no more
ALTER FOREIGN TABLE field.items OPTIONS (ADD row_limit '90');
SET plan_cache_mode = force_generic_plan;
SELECT statement, sent, outcome FROM executed($$
limit(90)
limit(91)
filter('won', 90, 0)
filter('won', 91, 0)
$$);
RESET plan_cache_mode;
ALTER FOREIGN TABLE field.items OPTIONS (DROP row_limit);

-- PL/pgSQL has parameters where it has variables, and a loop reads as it goes on
CREATE FUNCTION sum_of(many int, kind text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    one record;
    result bigint := 0;
BEGIN
    FOR one IN SELECT id FROM field.items WHERE status = kind LIMIT many LOOP
        result := result + one.id;
    END LOOP;
    RETURN result;
END
$$;
SET plan_cache_mode = force_generic_plan;
SELECT many, kind, sum_of(many, kind),
    (SELECT coalesce(sum(id), 0) FROM (SELECT id FROM here.items WHERE status = kind ORDER BY id LIMIT many) AS i) AS wanted
FROM (VALUES (2, 'won'), (200, 'lost'), (NULL, 'Won'), (0, 'won')) AS v (many, kind);
SELECT sent_since(place) FROM (SELECT log_end() AS place, sum_of(2, 'won')) AS s;
RESET plan_cache_mode;

--
-- LIMIT in a subquery of which each row of another table sets the number: the scan
-- starts again with another limit
--
CREATE TABLE here.wanted (n int, kind text, many bigint);
INSERT INTO here.wanted VALUES (1, 'won', 2), (2, 'lost', 5), (3, 'won', NULL), (4, NULL, 3), (5, 'won', 0),
    (6, 'won ', 3), (7, 'nobody', 3), (8, 'won', 20000), (9, 'lost', 1), (10, 'won', 3);
ANALYZE here.wanted;
-- (no node that remembers what it was asked, where there is one)
DO $$ BEGIN PERFORM set_config(name, 'off', false) FROM pg_settings WHERE name = 'enable_memoize'; END $$;
CREATE FUNCTION both_sorted(statement text) RETURNS TABLE (sent text, "rows" int, verdict text)
LANGUAGE plpgsql AS $$
DECLARE
    place bigint := log_end();
    got text[];
    wanted text[];
    all_rows text := 'WITH q AS MATERIALIZED (%s) SELECT array_agg(q::text ORDER BY q::text COLLATE "C") FROM q';
BEGIN
    EXECUTE format(all_rows, statement) INTO got;
    FOR sent IN SELECT concat_ws(' of ', r.body ->> 'limit', r.body ->> 'filter') FROM requests(place) AS r ORDER BY r.n LOOP
        RETURN NEXT;
    END LOOP;
    EXECUTE format(all_rows, replace(statement, 'field.', 'here.')) INTO wanted;
    sent := '';
    rows := cardinality(got);
    verdict := CASE WHEN got IS DISTINCT FROM wanted THEN 'WRONG' ELSE 'right' END;
    RETURN NEXT;
END
$$;
SELECT * FROM both_sorted('SELECT w.n, i.id FROM here.wanted AS w, LATERAL (SELECT * FROM field.items LIMIT w.many) AS i');
SELECT * FROM both_sorted('SELECT w.n, i.id FROM here.wanted AS w,
    LATERAL (SELECT * FROM field.items WHERE status = w.kind LIMIT w.many OFFSET w.n % 2) AS i');
SELECT * FROM both_sorted('SELECT w.n, ARRAY(SELECT id FROM field.items WHERE status = w.kind LIMIT w.many) FROM here.wanted AS w');
SELECT * FROM both_sorted('SELECT w.n, i.id FROM here.wanted AS w LEFT JOIN
    LATERAL (SELECT * FROM field.items WHERE id = w.n LIMIT 1) AS i ON true WHERE w.n < 4');
-- A number below zero in the middle
UPDATE here.wanted SET many = -1 WHERE n = 9;
SELECT w.n, i.id FROM here.wanted AS w, LATERAL (SELECT * FROM field.items WHERE status = w.kind LIMIT w.many) AS i WHERE w.n >= 9;
-- The same rows again and again, without a node in between that keeps them: the scan does
SET enable_material = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT * FROM both_sorted('SELECT w.n, i.id FROM here.wanted AS w
    LEFT JOIN (SELECT * FROM field.items WHERE status = ''won'' LIMIT 3) AS i ON i.id <> w.n WHERE w.n < 4');
RESET enable_material;
RESET enable_hashjoin;
RESET enable_mergejoin;

--
-- What the connector makes of filter and limit.  For each misbehaviour and each
-- statement, over a table of which the current session knows nothing yet
--
SET client_min_messages = error;
CREATE FUNCTION misbehaving(misbehaviour text, statements text) RETURNS TABLE (statement text, sent text, "rows" int, verdict text)
LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOREACH line IN ARRAY string_to_array(btrim(statements, E'\n'), E'\n') LOOP
        EXECUTE format('ALTER FOREIGN TABLE field.items OPTIONS (SET table_name %L)', 'items+' || misbehaviour);
        RETURN QUERY SELECT * FROM limited(line);
    END LOOP;
    ALTER FOREIGN TABLE field.items OPTIONS (SET table_name 'items');
END
$$;
-- Filters that find more: "apple", of which there is one, finds three.  If rows are
-- dropped of a full answer, it is asked for again.
SELECT * FROM misbehaving('case_insensitive', $$
SELECT * FROM field.items WHERE name = 'apple' LIMIT 1
SELECT * FROM field.items WHERE name = 'APPLE' LIMIT 2
SELECT * FROM field.items WHERE name = 'apple' LIMIT 3
SELECT * FROM field.items WHERE name = 'apple' LIMIT 4
SELECT * FROM field.items WHERE name = 'aPPLE' LIMIT 1
SELECT * FROM field.items WHERE name = 'Apple' LIMIT 1
SELECT * FROM field.items WHERE name IN ('apple', 'привет') LIMIT 2
SELECT * FROM field.items WHERE name IN ('apple', 'привет') LIMIT 1 OFFSET 1
SELECT * FROM field.items WHERE status = 'won' LIMIT 3
SELECT * FROM field.items WHERE status = 'Won' LIMIT 3
$$);
SELECT * FROM misbehaving('ignore_trailing_blanks', $$
SELECT * FROM field.items WHERE name = 'apple' LIMIT 1
SELECT * FROM field.items WHERE name = 'apple' LIMIT 2
SELECT * FROM field.items WHERE name = 'apple' LIMIT 3
$$);
-- One that is ignored
SELECT * FROM misbehaving('ignore_filter', $$
SELECT * FROM field.items WHERE name = 'Apple' LIMIT 1
SELECT * FROM field.items WHERE status = 'lost' LIMIT 2
SELECT * FROM field.items WHERE id = 200 LIMIT 2
SELECT * FROM field.items WHERE id = 200 LIMIT 250
SELECT * FROM field.items WHERE id = 200 LIMIT 251
SELECT * FROM field.items WHERE id = 300 LIMIT 2
$$);
-- One that finds nothing, or is refused: then there is no LIMIT either
SELECT * FROM misbehaving('filter_loses_all', 'SELECT * FROM field.items WHERE status = ''lost'' LIMIT 2');
SELECT * FROM misbehaving('strict_types', 'SELECT * FROM field.items WHERE status = ''lost'' AND id IN (3, 200) LIMIT 2');
SELECT * FROM misbehaving('filter_500', 'SELECT * FROM field.items WHERE status = ''lost'' LIMIT 2');
SELECT * FROM misbehaving('filter_error_200', 'SELECT * FROM field.items WHERE status = ''lost'' LIMIT 2');
SELECT * FROM misbehaving('empty_bare,filter_loses_all', 'SELECT * FROM field.items WHERE status = ''lost'' LIMIT 2');
SELECT * FROM misbehaving('empty_bare', 'SELECT * FROM field.items WHERE status = ''nobody'' LIMIT 2');
-- What does not concern filter and limit changes nothing
SELECT * FROM misbehaving('reversed_header,extra_fields,strings', $$
SELECT * FROM field.items WHERE status = 'won' LIMIT 30
SELECT name, id FROM field.items WHERE name = 'apple' AND flag = 0 LIMIT 30
$$);
SELECT * FROM misbehaving('redirect_same', 'SELECT * FROM field.items WHERE status = ''won'' LIMIT 3');

-- A filter that was dropped takes the LIMIT with it, until something is altered
ALTER FOREIGN TABLE field.items OPTIONS (SET table_name 'items+filter_500');
SELECT * FROM limited($$
SELECT * FROM field.items WHERE status = 'lost' AND flag = 1 LIMIT 2
SELECT * FROM field.items WHERE status = 'lost' AND flag = 1 LIMIT 2
SELECT * FROM field.items WHERE flag = 1 LIMIT 2
SELECT * FROM field.items WHERE id = 200 LIMIT 2
SELECT * FROM field.items LIMIT 2
$$);
ALTER FOREIGN TABLE field.items OPTIONS (SET table_name 'items');
SELECT * FROM limited('SELECT * FROM field.items WHERE status = ''lost'' AND flag = 1 LIMIT 2');

-- One that limits first and filters afterwards must not be vouched for: of what
-- it sends, nobody can see that there are more.  Only if it sends nothing, the
-- filter is put to the test and dropped.
SELECT * FROM misbehaving('limit_before_filter', $$
SELECT * FROM field.items WHERE status = 'won' LIMIT 3
SELECT * FROM field.items WHERE status = 'lost' LIMIT 2
$$);
ALTER SERVER vouched OPTIONS (SET push_limit 'unfiltered');
SELECT * FROM misbehaving('limit_before_filter', 'SELECT * FROM field.items WHERE status = ''won'' LIMIT 3');
ALTER SERVER vouched OPTIONS (SET push_limit 'filtered');
RESET client_min_messages;

-- What is wrong with such an answer is an error before the first row, even if enough
-- rows have come in front of it
CREATE FUNCTION first_row(misbehaviour text, query text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER FOREIGN TABLE field.items OPTIONS (SET table_name %L)', 'items+' || misbehaviour);
    RETURN QUERY SELECT attempt(query);
    ALTER FOREIGN TABLE field.items OPTIONS (SET table_name 'items');
END
$$;
SELECT * FROM first_row('wrong_types', 'SELECT id FROM field.items WHERE status IN (''won'', ''new'') LIMIT 5');
SELECT * FROM first_row('long_row', 'SELECT id FROM field.items WHERE status = ''won'' LIMIT 5');
SELECT * FROM first_row('truncated', 'SELECT id FROM field.items WHERE status = ''won'' LIMIT 5');
SELECT * FROM first_row('truncated_chunked', 'SELECT id FROM field.items WHERE status = ''won'' LIMIT 5');
SELECT * FROM first_row('truncated_length', 'SELECT id FROM field.items WHERE status = ''won'' LIMIT 5');
SELECT * FROM first_row('status:401', 'SELECT id FROM field.items WHERE status = ''won'' LIMIT 5');
SELECT * FROM first_row('max_limit:100', 'SELECT id FROM field.items WHERE status = ''won'' LIMIT 5');
SELECT * FROM first_row('max_limit:100,ignore_filter', 'SELECT id FROM field.items WHERE status = ''won'' LIMIT 5');
ALTER FOREIGN TABLE field.items OPTIONS (SET table_name 'items+wrong_types');
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM field.items WHERE status IN ('won', 'new') LIMIT 5;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM field.items WHERE status IN ('won', 'new') LIMIT 5;
FETCH 1 FROM c;
ROLLBACK;
ALTER FOREIGN TABLE field.items OPTIONS (SET table_name 'items');

--
-- Rows that are held back
--

-- Cursors: forward, back, and beyond the transaction; all is there when the
-- first row is, so that the connection is idle
BEGIN;
DECLARE forward NO SCROLL CURSOR FOR SELECT id, name FROM field.items WHERE flag = 0 LIMIT 4 OFFSET 1;
DECLARE back SCROLL CURSOR FOR SELECT id, name FROM field.items WHERE flag = 0 LIMIT 5;
DECLARE later CURSOR WITH HOLD FOR SELECT id FROM field.items WHERE flag = 0 LIMIT 5;
FETCH 2 FROM forward;
SELECT count(*) FROM biconnector_connections() WHERE in_use;
FETCH 3 FROM back;
FETCH BACKWARD 2 FROM back;
SAVEPOINT s;
FETCH ABSOLUTE 5 FROM back;
SELECT count(*) FROM field.items WHERE flag = 0;
FETCH 2 FROM forward;
FETCH RELATIVE -4 FROM back;
FETCH ALL FROM forward;
FETCH 1 FROM forward;
RELEASE s;
COMMIT;
FETCH 2 FROM later;
FETCH ALL FROM later;
CLOSE later;
-- A subtransaction that is rolled back takes what it has fetched with it, not the rows
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM field.items WHERE flag = 0 LIMIT 5;
FETCH 1 FROM c;
SAVEPOINT s;
FETCH 1 FROM c;
ROLLBACK TO s;
FETCH 1 FROM c;
COMMIT;

-- More than work_mem goes into a temporary file, which is gone with the cursor, with the
-- transaction, or with an error
CREATE FUNCTION temporary_files() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM pg_ls_tmpdir()';
SET work_mem = '64kB';
SELECT * FROM requests_of('CREATE TABLE here.held AS SELECT * FROM field.big WHERE city = ''Казань'' LIMIT 10000');
SELECT * FROM requests_of('CREATE TABLE here.unheld AS SELECT * FROM field.big WHERE city = ''Казань'' AND true IS TRUE AND id > 0 LIMIT 10000');
SELECT temporary_files();
SELECT count(*), count(DISTINCT id), min(id), max(id), bool_and(name = 'Name ' || id AND city = 'Казань') FROM here.held;
SELECT count(*) FROM (TABLE here.held EXCEPT ALL TABLE here.unheld) AS lost_or_changed;
SELECT count(*) FROM (TABLE here.unheld EXCEPT ALL TABLE here.held) AS lost_or_changed;
-- (with expressions that need memory beside the rows)
CREATE TABLE here.computed AS
    SELECT id, upper(name) AS name, repeat(note, 3) AS note, amount + id AS amount, b::text AS whole
    FROM field.big AS b WHERE city = 'Казань' LIMIT 10000;
SELECT count(*), count(DISTINCT id) FROM here.computed AS c JOIN here.unheld AS u USING (id)
WHERE c.name = upper(u.name) AND c.note = repeat(u.note, 3) AND c.amount = u.amount + id AND c.whole = u::text;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM field.big WHERE city = 'Казань' LIMIT 10000;
FETCH 2 FROM c;
SELECT temporary_files() > 0 AS in_a_file;
MOVE 9996 FROM c;
FETCH ALL FROM c;
CLOSE c;
SELECT temporary_files();
DECLARE c CURSOR FOR SELECT id FROM field.big WHERE city = 'Казань' LIMIT 10000;
FETCH 1 FROM c;
SELECT temporary_files() > 0 AS in_a_file;
SELECT 1 / 0;
ROLLBACK;
SELECT temporary_files();
-- one for each row of another table.  (Every fourth row of "big" is of a city.)
SELECT w.n, count(*), min(i.id), max(i.id) = (w.n * 1000 - 1) * 4 + min(i.id) AS right,
    count(*) FILTER (WHERE i.name <> 'Name ' || i.id) AS wrong
FROM here.wanted AS w, LATERAL (
    SELECT * FROM field.big WHERE city = CASE w.n % 2 WHEN 0 THEN 'Казань' ELSE 'Тверь' END LIMIT w.n * 1000) AS i
WHERE w.n IN (3, 4, 6) GROUP BY w.n ORDER BY w.n;
SELECT temporary_files();
-- one that is left in the middle, and one that is read again from its beginning
SELECT w.n, (SELECT id FROM (SELECT id FROM field.big WHERE city = w.city LIMIT 5000) AS i OFFSET w.n * 1000 LIMIT 1)
FROM (VALUES (1, 'Казань'), (2, 'Казань'), (3, 'Тверь')) AS w (n, city) ORDER BY w.n;
SELECT temporary_files();
-- an error above it, and one in the middle of the answer, when rows have been written
SELECT attempt($$SELECT count(1 / (id - 30002)) FROM (SELECT id FROM field.big WHERE city = 'Казань' LIMIT 9000) AS i$$);
SELECT temporary_files();
ALTER FOREIGN TABLE field.big OPTIONS (SET table_name 'big+truncated');
SELECT * FROM attempt('SELECT * FROM field.big WHERE city = ''Казань'' LIMIT 9000');
SELECT temporary_files();
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM field.big WHERE city = 'Казань' LIMIT 9000;
SAVEPOINT s;
FETCH 1 FROM c;
ROLLBACK TO s;
SELECT temporary_files();
FETCH 1 FROM c;
ROLLBACK;
SELECT temporary_files();
-- and an answer that is thrown away, whose successor has too many rows
ALTER FOREIGN TABLE field.big OPTIONS (SET table_name 'big+ignore_filter');
ALTER FOREIGN TABLE field.big OPTIONS (ADD row_limit '10000');
SELECT * FROM attempt('SELECT * FROM field.big WHERE city = ''Казань'' LIMIT 9000');
SELECT temporary_files();
ALTER FOREIGN TABLE field.big OPTIONS (DROP row_limit, SET table_name 'big');

-- Long values, in memory and from the file
CREATE TABLE here.long AS SELECT * FROM here.items WHERE status IN ('won', 'new') LIMIT 50;
UPDATE here.long SET name = repeat('x', 300000) WHERE id = 2;
ALTER FOREIGN TABLE field.items OPTIONS (SET table_name 'items+huge_row:300000');
CREATE TABLE here.held_long AS SELECT * FROM field.items WHERE status IN ('won', 'new') LIMIT 50;
SELECT count(*), max(length(name)) FROM here.held_long;
SELECT count(*) FROM (TABLE here.held_long EXCEPT ALL TABLE here.long) AS lost_or_changed;
SELECT id, length(name), length(i::text), (i).status FROM field.items AS i WHERE status IN ('won', 'new') LIMIT 3;
SET work_mem = '4MB';
SELECT count(*) FROM (SELECT * FROM field.items WHERE status IN ('won', 'new') LIMIT 50) AS i JOIN here.long AS l ON l = i::text::here.long;
RESET work_mem;
ALTER FOREIGN TABLE field.items OPTIONS (SET table_name 'items');

-- Columns that have been dropped or come later, defaults, system columns
CREATE FOREIGN TABLE field.odd (
    gone int, id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'),
    gone_too text, status varchar OPTIONS (column_name 'STATUS') DEFAULT 'won')
    SERVER vouched OPTIONS (table_name 'items');
ALTER FOREIGN TABLE field.odd DROP COLUMN gone, DROP COLUMN gone_too;
SELECT o, o.*, tableoid::regclass FROM field.odd AS o WHERE status = 'new' LIMIT 3;
ALTER FOREIGN TABLE field.odd ADD COLUMN flag int OPTIONS (column_name 'FLAG');
SELECT o, o.*, tableoid::regclass FROM field.odd AS o WHERE status = 'won' AND flag = 0 LIMIT 3;

--
-- EXPLAIN
--
-- A LIMIT that is sent is shown: the number, or the expression that it will be
SELECT * FROM plan_of('SELECT id FROM field.items WHERE status = ''won'' LIMIT 3 OFFSET 2');
SELECT * FROM plan_of('SELECT id FROM field.items WHERE status = ''won'' AND id > 2 LIMIT 3', 'COSTS OFF');
SET plan_cache_mode = force_generic_plan;
SELECT * FROM plan_of('EXECUTE field_limit(3)', 'COSTS OFF');
SELECT * FROM plan_of('EXECUTE field_filter(''won'', 3, 2)', 'COSTS OFF');
-- afterwards what it was
CREATE FUNCTION analyzed(statement text) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT regexp_replace(line, ' \(actual .*\)', '')
    FROM plan_of(statement, 'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF') AS line
$$;
SELECT * FROM analyzed('EXECUTE field_limit(3)');
SELECT * FROM analyzed('EXECUTE field_limit(20000)');
SELECT * FROM analyzed('EXECUTE field_filter(''won'', 3, 2)');
SELECT * FROM analyzed('EXECUTE field_filter(''won '', 3, 2)');
SELECT * FROM analyzed('EXECUTE field_filter(''won'', 30000, 2)');
SELECT * FROM analyzed('EXECUTE field_filter(NULL, 3, 2)');
RESET plan_cache_mode;
-- with the answer that was thrown away
ALTER FOREIGN TABLE field.items OPTIONS (SET table_name 'items+case_insensitive');
SELECT * FROM analyzed('SELECT id FROM field.items WHERE name = ''apple'' LIMIT 3');
SELECT * FROM analyzed('SELECT id FROM field.items WHERE name = ''apple'' LIMIT 4');
SET client_min_messages = error;
ALTER FOREIGN TABLE field.items OPTIONS (SET table_name 'items+filter_500');
SELECT * FROM analyzed('SELECT id FROM field.items WHERE name = ''apple'' LIMIT 3');
SELECT * FROM analyzed('SELECT id FROM field.items WHERE name = ''apple'' LIMIT 3');
SELECT * FROM plan_of('SELECT id FROM field.items WHERE name = ''apple'' LIMIT 3', 'COSTS OFF');

RESET client_min_messages;

-- What a request and a row are said to cost makes no difference
CREATE FUNCTION limits(startup_cost text, tuple_cost text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER FOREIGN TABLE field.orders OPTIONS (ADD fdw_startup_cost %L, ADD fdw_tuple_cost %L)',
                   startup_cost, tuple_cost);
    -- expensive plans would be compiled
    SET LOCAL jit = off;
    RETURN QUERY SELECT string_agg(body ->> 'limit', ', ') FROM unnest(ARRAY[
        'SELECT FROM field.orders LIMIT 3', 'SELECT FROM field.orders LIMIT 9000',
        'SELECT FROM field.orders WHERE city = ''Riga'' LIMIT 3']) AS statement, requests_of(statement) AS body;
    ALTER FOREIGN TABLE field.orders OPTIONS (DROP fdw_startup_cost, DROP fdw_tuple_cost);
END
$$;
SELECT startup_cost, tuple_cost, limits(startup_cost, tuple_cost)
FROM unnest('{0,1,1000,1000000000}'::text[]) AS startup_cost, unnest('{0,0.05,1000}'::text[]) AS tuple_cost
ORDER BY startup_cost::numeric, tuple_cost::numeric;

SET client_min_messages = error;
DEALLOCATE ALL;
DROP SERVER vouched CASCADE;
DROP SCHEMA field, here CASCADE;
DROP FUNCTION sent_since, verdict, limited, limited_both_ways, peeks, outcome, executed, sum_of, both_sorted,
    misbehaving, first_row, temporary_files, analyzed, limits;
