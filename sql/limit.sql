--
-- When a LIMIT is sent to the connector, and when it must not be: there, it
-- would be applied before something else has chosen, ordered or combined the rows.
--

-- Copies of the tables, to compare with
CREATE SCHEMA here;
CREATE TABLE here.items AS SELECT * FROM shop.items;
CREATE TABLE here.orders AS SELECT * FROM shop.orders;
CREATE TABLE here.single AS SELECT * FROM shop.single;
CREATE TABLE here.empty_table AS SELECT * FROM shop.empty_table;

-- For each statement (one a line): the limits of the requests that it makes (all
-- that there is: row_limit, which is 500000 unless set), the number of rows that
-- come back, and whether there are as many as over the copies.  Without ORDER BY any
-- rows will do, as long as they are rows of the whole result.
CREATE FUNCTION limited(statements text)
RETURNS TABLE (statement text, limits text, "rows" int, verdict text)
LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
    got text[];
    wanted text[];
    allowed text[];
BEGIN
    FOREACH statement IN ARRAY string_to_array(btrim(statements, E'\n'), E'\n') LOOP
        before := log_end();
        EXECUTE format('WITH q AS MATERIALIZED (%s) SELECT array_agg(q::text) FROM q', statement) INTO got;
        EXECUTE format('WITH q AS MATERIALIZED (%s) SELECT array_agg(q::text) FROM q',
                       replace(statement, 'shop.', 'here.')) INTO wanted;
        -- without the clauses at the end
        EXECUTE format('WITH q AS MATERIALIZED (%s) SELECT array_agg(q::text) FROM q',
                       regexp_replace(replace(statement, 'shop.', 'here.'),
                                      '( (LIMIT|OFFSET|FETCH FIRST) [^()]*)+$', '')) INTO allowed;
        SELECT coalesce(string_agg(r.body ->> 'limit', ', ' ORDER BY r.n), 'no request')
        INTO limits FROM requests(before) AS r;
        rows := coalesce(cardinality(got), 0);
        verdict := CASE
            WHEN rows <> coalesce(cardinality(wanted), 0) OR NOT coalesce(got, '{}') <@ coalesce(allowed, '{}')
                OR statement ~ 'ORDER BY' AND got IS DISTINCT FROM wanted THEN 'WRONG' ELSE 'right' END;
        RETURN NEXT;
    END LOOP;
END
$$;

-- A LIMIT that stands alone is sent, with the OFFSET on top; up to 10000 in all
SELECT * FROM limited($$
SELECT * FROM shop.items LIMIT 3
SELECT * FROM shop.items LIMIT 1
SELECT * FROM shop.items LIMIT 250
SELECT * FROM shop.items LIMIT 251
SELECT * FROM shop.items LIMIT 3 OFFSET 2
SELECT * FROM shop.items OFFSET 2 LIMIT 3
SELECT * FROM shop.items LIMIT 3 OFFSET 249
SELECT * FROM shop.items LIMIT 3 OFFSET 250
SELECT * FROM shop.items LIMIT 3 OFFSET 1000
SELECT * FROM shop.items LIMIT 3 OFFSET NULL
SELECT * FROM shop.items FETCH FIRST 3 ROWS ONLY
SELECT * FROM shop.items OFFSET 2 ROWS FETCH FIRST ROW ONLY
SELECT * FROM shop.items LIMIT 1 + 2
SELECT * FROM shop.items LIMIT 9999 OFFSET 1
SELECT * FROM shop.items LIMIT 10000
SELECT * FROM shop.items LIMIT 10001
SELECT * FROM shop.items LIMIT 10000 OFFSET 1
SELECT * FROM shop.items LIMIT 9223372036854775807
SELECT * FROM shop.items LIMIT 1 OFFSET 9223372036854775807
SELECT * FROM shop.empty_table LIMIT 3
$$);

-- No limit at all, and one that is not known when the plan is made
SELECT * FROM limited($$
SELECT * FROM shop.items LIMIT ALL
SELECT * FROM shop.items LIMIT NULL
SELECT * FROM shop.items LIMIT NULL OFFSET 2
SELECT * FROM shop.items OFFSET 2
SELECT * FROM shop.items LIMIT 0
SELECT * FROM shop.items LIMIT 0 OFFSET 2
SELECT * FROM shop.items LIMIT (SELECT 3)
SELECT * FROM shop.items LIMIT 3 OFFSET (SELECT 2)
SELECT * FROM shop.items LIMIT length(current_database()) * 0 + 3
$$);

-- Expressions and a choice of columns change nothing, nor does a row that is wanted
-- whole or not at all
SELECT * FROM limited($$
SELECT id, upper(name) FROM shop.items LIMIT 3
SELECT id + 1, name || '!', now() IS NULL FROM shop.items LIMIT 3 OFFSET 1
SELECT i FROM shop.items AS i LIMIT 3
SELECT 1 FROM shop.items LIMIT 3
SELECT FROM shop.items LIMIT 3
SELECT id, random() < 2 FROM shop.items LIMIT 3
SELECT id, (SELECT max(qty) FROM here.items WHERE id < 9) FROM shop.items LIMIT 3
SELECT * FROM (SELECT * FROM shop.items LIMIT 3) AS i
SELECT * FROM (SELECT * FROM shop.items) AS i LIMIT 3
WITH i AS (SELECT * FROM shop.items LIMIT 3) SELECT * FROM i
$$);

-- With anything else between the table and the LIMIT it is not sent: conditions
SELECT * FROM limited($$
SELECT * FROM shop.items WHERE id = 200 LIMIT 1
SELECT * FROM shop.items WHERE flag = 1 LIMIT 3
SELECT * FROM shop.items WHERE status IN ('won', 'lost') LIMIT 3
SELECT * FROM shop.items WHERE id > 200 LIMIT 3
SELECT * FROM shop.items WHERE length(name) > 10 LIMIT 3
SELECT * FROM shop.items WHERE now() > '2020-01-01' LIMIT 3
SELECT * FROM shop.items WHERE random() < 2 AND id > 240 LIMIT 3
SELECT * FROM (SELECT * FROM shop.items WHERE id > 200) AS i LIMIT 3
SELECT * FROM (SELECT * FROM shop.items LIMIT 300) AS i WHERE id > 200 LIMIT 3
SELECT * FROM shop.items WHERE EXISTS (SELECT FROM here.orders WHERE item_id = id + 200) LIMIT 3
SELECT * FROM shop.items WHERE false LIMIT 3
SELECT * FROM shop.items WHERE true LIMIT 3
$$);

-- order, groups, windows, functions that make several rows
SELECT * FROM limited($$
SELECT id FROM shop.items ORDER BY id DESC LIMIT 3
SELECT id FROM shop.items ORDER BY 1 FETCH FIRST 3 ROWS WITH TIES
SELECT flag FROM shop.items ORDER BY 1 DESC FETCH FIRST 3 ROWS WITH TIES
SELECT DISTINCT status FROM shop.items LIMIT 3
SELECT DISTINCT ON (flag) flag, id FROM shop.items ORDER BY flag, id DESC LIMIT 2
SELECT flag, count(*) FROM shop.items GROUP BY flag ORDER BY flag LIMIT 1
SELECT status FROM shop.items GROUP BY status LIMIT 3
SELECT flag, count(*) FROM shop.items GROUP BY ROLLUP (flag) ORDER BY 2 DESC LIMIT 1
SELECT count(*) FROM shop.items LIMIT 1
SELECT max(id) FROM shop.items LIMIT 1
SELECT 1 FROM shop.items HAVING count(*) > 200 LIMIT 1
SELECT id, row_number() OVER (ORDER BY id DESC) FROM shop.items ORDER BY 2 LIMIT 3
SELECT count(*) OVER () FROM shop.items LIMIT 3
SELECT generate_series(1, id - 248) FROM shop.items LIMIT 3
SELECT unnest(ARRAY[id, qty]) FROM shop.items LIMIT 3
$$);

-- several tables
SELECT * FROM limited($$
SELECT i.id, o.order_id FROM shop.items AS i, shop.orders AS o WHERE o.item_id = i.id LIMIT 3
SELECT i.id, o.order_id FROM shop.items AS i LEFT JOIN here.orders AS o ON o.item_id = i.id AND o.order_id > 900 LIMIT 3
SELECT i.id, s.id FROM shop.items AS i, shop.single AS s LIMIT 3
SELECT i.id, n FROM shop.items AS i, generate_series(1, 2) AS n LIMIT 3
SELECT id FROM shop.items UNION ALL SELECT order_id FROM shop.orders LIMIT 300
SELECT id FROM shop.items UNION SELECT order_id FROM shop.orders LIMIT 300
SELECT order_id FROM shop.orders EXCEPT SELECT id FROM shop.items LIMIT 3
SELECT count(*) FROM (SELECT * FROM shop.items LIMIT 3) AS i
SELECT max(id) FROM (SELECT id FROM shop.items OFFSET 2 LIMIT 3) AS i
SELECT o.order_id FROM here.orders AS o WHERE o.item_id IN (SELECT id FROM shop.items LIMIT 300) LIMIT 3
SELECT s.id, (SELECT count(*) FROM (SELECT * FROM shop.items LIMIT 3) AS i) FROM shop.single AS s LIMIT 1
$$);

-- locks
BEGIN;
SELECT count(*) FROM (SELECT id FROM shop.items LIMIT 3) AS i;
SELECT id IS NOT NULL AS locked FROM shop.items LIMIT 2 FOR UPDATE;
SELECT body ->> 'limit' AS "limit" FROM requests_of('SELECT id FROM shop.items LIMIT 2 FOR UPDATE') AS body;
SELECT body ->> 'limit' AS "limit" FROM requests_of('SELECT id FROM shop.items LIMIT 2 FOR KEY SHARE') AS body;
COMMIT;

-- and statements other than SELECT.  That of INSERT ... SELECT is one.
CREATE TABLE here.some (id bigint);
SELECT body ->> 'limit' AS "limit" FROM requests_of('INSERT INTO here.some SELECT id FROM shop.items LIMIT 2') AS body;
SELECT body ->> 'limit' AS "limit" FROM requests_of('CREATE TABLE here.others AS SELECT id FROM shop.items LIMIT 2') AS body;
SELECT count(*) FROM here.some;
SELECT count(*) FROM here.others;

-- EXPLAIN: a LIMIT that is sent is shown in any case, row_limit only with VERBOSE
SELECT * FROM plan_of('SELECT id, upper(name) FROM shop.items LIMIT 3 OFFSET 2');
SELECT * FROM plan_of('SELECT id FROM shop.items LIMIT 3', 'COSTS OFF');
SELECT * FROM plan_of('SELECT id FROM shop.items WHERE flag = 1 LIMIT 3', 'COSTS OFF');
SELECT * FROM plan_of('SELECT id FROM shop.items ORDER BY id LIMIT 3', 'COSTS OFF');
SELECT * FROM plan_of('SELECT id FROM shop.items', 'VERBOSE, COSTS OFF');

-- Prepared: a custom plan knows the value, a generic one does not
PREPARE first_ones(bigint) AS SELECT id FROM shop.items LIMIT $1;
SET plan_cache_mode = force_custom_plan;
SELECT body ->> 'limit' AS "limit" FROM requests_of('EXECUTE first_ones(2)') AS body;
SET plan_cache_mode = force_generic_plan;
SELECT body ->> 'limit' AS "limit" FROM requests_of('EXECUTE first_ones(2)') AS body;
EXECUTE first_ones(2);
EXECUTE first_ones(0);
RESET plan_cache_mode;

--
-- row_limit goes with every request.  An answer with that many rows may be cut
-- short, which is an error, unless the LIMIT wants no more.
--
ALTER FOREIGN TABLE shop.items OPTIONS (ADD row_limit '10');
SELECT * FROM limited($$
SELECT id FROM shop.items LIMIT 9
SELECT id FROM shop.items LIMIT 10
SELECT id FROM shop.items LIMIT 7 OFFSET 3
SELECT id FROM shop.items WHERE id = 200
SELECT id FROM shop.items WHERE id = 200 LIMIT 1
$$);
SELECT count(*) FROM shop.items;
SELECT id FROM shop.items LIMIT 11;
SELECT id FROM shop.items LIMIT 1 OFFSET 10;
SELECT id FROM shop.items WHERE flag = 1;
SELECT id FROM shop.items ORDER BY id LIMIT 1;
-- A LIMIT above it does not go beyond it, but reads no more than it needs
SELECT body ->> 'limit' AS "limit" FROM requests_of('SELECT id FROM shop.items WHERE flag IN (0, 1) LIMIT 5') AS body;
SELECT * FROM plan_of('SELECT id FROM shop.items LIMIT 10');
SELECT * FROM plan_of('SELECT id FROM shop.items LIMIT 11');
-- It must be above the number of rows
ALTER FOREIGN TABLE shop.items OPTIONS (SET row_limit '250');
SELECT count(*) FROM shop.items;
ALTER FOREIGN TABLE shop.items OPTIONS (SET row_limit '251');
SELECT count(*) FROM shop.items;
-- One for all tables of the server, of which those with an own one know better
ALTER SERVER shop OPTIONS (ADD row_limit '251');
SELECT count(*) FROM shop.items;
SELECT count(*) FROM shop.orders;
ALTER SERVER shop OPTIONS (DROP row_limit);
ALTER FOREIGN TABLE shop.items OPTIONS (DROP row_limit);

SET client_min_messages = error;
DROP FUNCTION limited;
DROP SCHEMA here CASCADE;
