--
-- Lists that are too long for one request: they are asked for in parts, and a row that
-- comes for several of them counts once.
--

SET jit = off;
SET max_parallel_workers_per_gather = 0;

-- Copies of the tables, to compare with
CREATE SCHEMA here;
CREATE TABLE here.items AS SELECT * FROM shop.items;
CREATE TABLE here.orders AS SELECT * FROM shop.orders;

-- Tables of the same names, where a request costs nothing: then no list is too long
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER list_form FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    url_data :'data', fdw_startup_cost '0', push_limit 'filtered');
CREATE SERVER list_json FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    url_data :'data', fdw_startup_cost '0', push_limit 'filtered', request_format 'json');
CREATE USER MAPPING FOR CURRENT_USER SERVER list_form OPTIONS (login 'anna', password 's3cret word');
CREATE USER MAPPING FOR CURRENT_USER SERVER list_json OPTIONS (login 'anna', password 's3cret word');
CREATE SCHEMA there;
CREATE FUNCTION here.make(misbehaviour text, server text DEFAULT 'list_form') RETURNS void
LANGUAGE plpgsql SET client_min_messages = error AS $$
BEGIN
    DROP FOREIGN TABLE IF EXISTS there.items, there.orders;
    EXECUTE format($sql$CREATE FOREIGN TABLE there.items (
        id int OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'), status text OPTIONS (column_name 'STATUS'),
        qty int OPTIONS (column_name 'QTY'), price float8 OPTIONS (column_name 'PRICE', field_type 'double', filter_operators 'in'),
        amount numeric OPTIONS (column_name 'AMOUNT', field_type 'money', filter_operators 'in'),
        born date OPTIONS (column_name 'BORN', field_type 'date', filter_operators 'in'),
        created timestamp OPTIONS (column_name 'CREATED', field_type 'datetime', filter_operators 'in'), flag int OPTIONS (column_name 'FLAG')
        ) SERVER %I OPTIONS (table_name %L)$sql$, server, 'items' || misbehaviour);
    EXECUTE format($sql$CREATE FOREIGN TABLE there.orders (
        order_id int OPTIONS (column_name 'ORDER_ID'), item_id int OPTIONS (column_name 'ITEM_ID'), city text OPTIONS (column_name 'CITY')
        ) SERVER %I OPTIONS (table_name %L)$sql$, server, 'orders' || misbehaviour);
END
$$;
SELECT here.make('');

-- The requests since then: for each, how long its lists are, or its filter, or nothing
CREATE FUNCTION here.asked(place bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(coalesce((SELECT string_agg(key || CASE jsonb_typeof(value) WHEN 'array' THEN ' ' || jsonb_array_length(value)
                                                         ELSE ' = ' || (value #>> '{}') END, ' and ')
                                FROM jsonb_each(body -> 'filter')), 'all')
                      || CASE WHEN (body ->> 'limit')::int < 500000 THEN ' limit ' || (body ->> 'limit') ELSE '' END, ', ' ORDER BY n)
    FROM requests(place)
$$;
-- For each query (one a line, with {FROM..TO} for a list of integers): how many rows there
-- are, whether they are those of the copies, and what was asked for
CREATE FUNCTION here.compared(queries text)
RETURNS TABLE (query text, "rows" int, verdict text, asked text)
LANGUAGE plpgsql SET client_min_messages = error AS $$
DECLARE
    whole text;
    list text[];
    place bigint;
    got text[];
    wanted text[];
BEGIN
    FOREACH query IN ARRAY string_to_array(btrim(queries, E'\n'), E'\n') LOOP
        whole := query;
        LOOP
            list := regexp_match(whole, '{(-?\d+)\.\.(-?\d+)}');
            EXIT WHEN list IS NULL;
            whole := replace(whole, format('{%s..%s}', list[1], list[2]),
                             (SELECT string_agg(i::text, ',') FROM generate_series(list[1]::int, list[2]::int) AS i));
        END LOOP;
        place := log_end();
        got := result_of(whole);
        asked := here.asked(place);
        wanted := result_of(replace(whole, 'there.', 'here.'));
        rows := cardinality(wanted);
        verdict := CASE WHEN wanted[1] ~ '^error' THEN wanted[1] WHEN got IS DISTINCT FROM wanted THEN 'WRONG' ELSE 'right' END;
        RETURN NEXT;
    END LOOP;
END
$$;

--
-- How many values go into a request: 900 variables, six of which are the table, the
-- settings, a column and the limit
--
SELECT * FROM here.compared($$
SELECT order_id FROM there.orders WHERE order_id IN ({1..893})
SELECT order_id FROM there.orders WHERE order_id IN ({1..894})
SELECT order_id FROM there.orders WHERE order_id IN ({1..895})
SELECT order_id FROM there.orders WHERE order_id IN ({1..899})
SELECT order_id FROM there.orders WHERE order_id IN ({1..900})
SELECT order_id FROM there.orders WHERE order_id IN ({1..901})
SELECT order_id FROM there.orders WHERE order_id IN ({-700..1799})
SELECT order_id FROM there.orders WHERE order_id IN ({1..9999})
SELECT order_id FROM there.orders WHERE order_id IN ({1..10000})
SELECT order_id FROM there.orders WHERE order_id IN ({1..10001})
SELECT order_id FROM there.orders WHERE order_id IN ({1..10000}, 3, 4, NULL)
SELECT order_id FROM there.orders WHERE order_id IN ({990..1400}, NULL, {999..1500}, {1001..1899}, {990..1400})
SELECT order_id FROM there.orders WHERE order_id IN ({1..500}, {1..500}, {1..500})
SELECT order_id FROM there.orders WHERE order_id = ANY ('{{1..1500}}')
SELECT order_id FROM there.orders WHERE order_id = ANY ('{{1..1500}}'::bigint[])
SELECT order_id FROM there.orders WHERE order_id IN ({1..450}) OR order_id IN ({400..950}) OR order_id = 990
SELECT order_id FROM there.orders WHERE order_id NOT IN ({1..950})
$$);
-- beside other conditions, and beside each other
SELECT * FROM here.compared($$
SELECT order_id, city FROM there.orders WHERE order_id IN ({1..1000}) AND city = 'Riga' AND item_id > 100
SELECT order_id, city FROM there.orders WHERE city IN ('Riga', 'Berlin') AND order_id IN ({1..1000})
SELECT order_id FROM there.orders WHERE order_id IN ({1..1500}) AND order_id IN (3, 1400, 17)
SELECT order_id FROM there.orders WHERE order_id IN (3, 1400, 17) AND order_id IN ({1..1500})
SELECT order_id FROM there.orders WHERE order_id IN ({1..1500}) AND order_id = 17
SELECT order_id FROM there.orders WHERE order_id IN ({1..1500}) AND order_id = 1600
SELECT order_id, item_id FROM there.orders WHERE order_id IN ({1..1500}) AND item_id IN ({101..1200})
SELECT order_id, item_id FROM there.orders WHERE order_id IN ({1..800}) AND item_id IN ({101..900})
SELECT order_id FROM there.orders WHERE order_id IN ({1..1500}) AND order_id IN ({700..3000})
SELECT order_id FROM there.orders WHERE order_id IN ({1..1500}) ORDER BY order_id DESC LIMIT 3
SELECT count(*), sum(order_id) FROM there.orders WHERE order_id IN ({1..1500})
SELECT (o.order_id, o.city), o.tableoid <> 0 FROM there.orders AS o WHERE order_id IN ({500..2500})
SELECT count(*) FROM (SELECT order_id FROM there.orders WHERE order_id IN ({1..1500}) LIMIT 950) AS o
SELECT count(*) FROM (SELECT order_id FROM there.orders WHERE order_id IN ({1..500}) LIMIT 450) AS o
$$);
-- two columns that show one field
CREATE FOREIGN TABLE there.twice (a int OPTIONS (column_name 'ORDER_ID'), b bigint OPTIONS (column_name 'ORDER_ID'))
    SERVER list_form OPTIONS (table_name 'orders');
CREATE VIEW here.twice AS SELECT order_id AS a, order_id AS b FROM here.orders;
SELECT * FROM here.compared($$
SELECT a, b FROM there.twice WHERE a IN ({1..1500}) AND b = 17
SELECT a, b FROM there.twice WHERE a IN (17, 2000) AND b IN ({1..1500})
SELECT a, b FROM there.twice WHERE a IN ({1..1500}) AND b IN ({700..2400})
$$);
-- one that finds nothing: doubted once, with the last part
SELECT here.make('');
SELECT * FROM here.compared($$
SELECT order_id FROM there.orders WHERE order_id IN ({3001..5000})
SELECT order_id FROM there.orders WHERE order_id IN ({4001..6000})
$$);

-- Values of other types
CREATE VIEW here.lists AS
    SELECT 'name' AS col, string_agg(quote_literal('Item ' || i), ',') AS list FROM generate_series(1, 2000) AS i
    UNION ALL SELECT 'price', string_agg((i / 4.0)::text, ',') || ',' || (SELECT string_agg(price::text, ',') FROM here.items WHERE price = price AND abs(price) < 1e12) FROM generate_series(1, 1500) AS i
    UNION ALL SELECT 'amount', string_agg((i / 4.0)::text, ',') || ',' || (SELECT string_agg(amount::text || '0', ',') FROM here.items) FROM generate_series(1, 1500) AS i
    UNION ALL SELECT 'born', string_agg(quote_literal('2020-01-01'::date + i), ',') FROM generate_series(1, 2000) AS i
    UNION ALL SELECT 'created', string_agg(quote_literal('2024-01-01'::timestamp + i * '12 hours'::interval), ',') || (SELECT string_agg(',' || quote_literal(date_trunc('second', created)), '') FROM here.items) FROM generate_series(1, 1000) AS i;
CREATE FUNCTION here.of_types(misbehaviour text) RETURNS TABLE (col text, verdict text, several boolean, requests int, "all" boolean)
LANGUAGE plpgsql SET client_min_messages = error AS $$
DECLARE
    place bigint;
    got text[];
    wanted text[];
    list text;
BEGIN
    PERFORM here.make(misbehaviour);
    FOR col, list IN SELECT l.col, l.list FROM here.lists AS l ORDER BY l.col COLLATE "C" LOOP
        place := log_end();
        got := result_of(format('SELECT id, %I FROM there.items WHERE %I IN (%s)', col, col, list));
        requests := (SELECT count(*) FROM requests(place));
        "all" := here.asked(place) ~ 'all';
        wanted := result_of(format('SELECT id, %I FROM here.items WHERE %I IN (%s)', col, col, list));
        verdict := CASE WHEN got = wanted THEN 'right' ELSE 'WRONG' END;
        several := cardinality(wanted) > 10;
        RETURN NEXT;
    END LOOP;
END
$$;
SELECT * FROM here.of_types('');
SELECT m, bool_and(verdict = 'right') AS "right", bool_and(several) AS several
FROM unnest('{ignore_filter,case_insensitive,strings,list_500,strict_types}'::text[]) AS m, here.of_types('+' || m) GROUP BY 1 ORDER BY m COLLATE "C";

--
-- Connectors that misread filters
--
CREATE FUNCTION here.misread(misbehaviour text, server text, query text) RETURNS TABLE ("rows" int, verdict text, asked text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM here.make(misbehaviour, server);
    RETURN QUERY SELECT c.rows, c.verdict, c.asked FROM here.compared(query) AS c;
END
$$;
SELECT m, server, c.* FROM unnest('{"",+ignore_filter,+case_insensitive,+prefixes_500,+filter_500,+list_500,+long_list:20,+long_list:833,+long_list:834,+filter_loses_all,+strict_types,+limit_before_filter,+reversed_header}'::text[]) WITH ORDINALITY AS t (m, i),
    unnest('{list_form,list_json}'::text[]) AS server,
    LATERAL here.misread(m, server, 'SELECT order_id, item_id FROM there.orders WHERE order_id IN ({-700..1799})') AS c ORDER BY i, server;
-- two letter cases that are in different parts, or one of them in none
SELECT m, names, c.* FROM unnest('{"",+ignore_filter,+case_insensitive,+accent_insensitive,+ignore_trailing_blanks}'::text[]) WITH ORDINALITY AS t (m, i),
    (VALUES ('''Apple'''), ('''apple'''), ('''Apple'', ''apple''')) AS v (names),
    LATERAL here.misread(m, 'list_form', format('SELECT id, name FROM there.items WHERE name IN (%s, %s)', names,
        (SELECT string_agg(quote_literal('Book ' || n), ',') FROM generate_series(1, 1000) AS n))) AS c ORDER BY i, names COLLATE "C";

--
-- One after the other: nothing is asked for before it is needed
--
SELECT here.make('');
SELECT string_agg(i::text, ',') AS many FROM generate_series(1, 2500) AS i \gset
BEGIN;
SELECT log_end() AS place \gset
DECLARE c CURSOR FOR SELECT order_id FROM there.orders WHERE order_id IN (:many);
FETCH 1 FROM c;
SELECT here.asked(:place);
MOVE 100 FROM c;
SELECT here.asked(:place);
MOVE FORWARD ALL IN c;
SELECT here.asked(:place);
COMMIT;
-- all parts are kept for the next pass, or as many as were read
SET enable_material = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT * FROM here.compared($$
SELECT n, count(o.order_id), sum(o.order_id) FROM generate_series(1, 5) AS n LEFT JOIN there.orders AS o ON o.order_id % 5 < n AND o.order_id IN ({1..2500}) GROUP BY 1
SELECT n, EXISTS (SELECT FROM there.orders AS o WHERE o.order_id % 900 = n AND o.order_id IN ({1..2500})) FROM unnest('{1,300,10,800}'::int[]) AS n
$$);
RESET enable_material;
RESET enable_hashjoin;
RESET enable_mergejoin;
-- EXPLAIN ANALYZE counts them
CREATE FUNCTION here.counters(query text) RETURNS TABLE (requests text, received text, removed text) LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO plan;
    plan := plan -> 0 -> 'Plan';
    RETURN QUERY SELECT plan ->> 'Requests', plan ->> 'Rows Received', plan ->> 'Rows Removed by Recheck';
END
$$;
SELECT * FROM here.counters(format('SELECT order_id FROM there.orders WHERE order_id IN (%s)', :'many'));
SELECT here.make('+ignore_filter');
SELECT * FROM here.counters(format('SELECT order_id FROM there.orders WHERE order_id IN (%s)', :'many'));
SELECT here.make('');

-- Lists that are not known when the plan is made
SET plan_cache_mode = force_generic_plan;
PREPARE listed(int[]) AS SELECT count(*), count(DISTINCT order_id), sum(order_id) FROM there.orders WHERE order_id = ANY ($1);
SELECT log_end() AS place \gset
SELECT array_agg(i) AS n10 FROM generate_series(995, 1004) AS i \gset
SELECT array_agg(i) AS n2500, array_agg(i) || array_agg(i) AS twice FROM generate_series(1, 2500) AS i \gset
SELECT array_agg(i) AS n10001 FROM generate_series(1, 10001) AS i \gset
EXECUTE listed(:'n10');
EXECUTE listed(:'n2500');
EXECUTE listed(:'twice');
EXECUTE listed(:'n10001');
EXECUTE listed('{}');
EXECUTE listed(NULL);
SELECT here.asked(:place);
RESET plan_cache_mode;
DEALLOCATE listed;

--
-- What it is worth: where requests are dear, the rows of the whole table cost less than two
-- of them
--
SELECT CASE WHEN line ~ 'Remote Filter' THEN 'sent' ELSE 'not sent' END AS list
FROM plan_of(format('SELECT * FROM there.orders WHERE order_id IN (%s)', :'many'), 'COSTS OFF') AS line WHERE line ~ 'Filter';
ALTER SERVER list_form OPTIONS (SET fdw_startup_cost '10000000');
SELECT CASE WHEN line ~ 'Remote Filter' THEN 'sent' ELSE 'not sent' END AS list
FROM plan_of(format('SELECT * FROM there.orders WHERE order_id IN (%s)', :'many'), 'COSTS OFF') AS line WHERE line ~ 'Filter';
SELECT * FROM here.compared($$
SELECT order_id FROM there.orders WHERE order_id IN ({1..1500})
SELECT order_id FROM there.orders WHERE order_id IN ({1..1500}) AND city = 'Riga'
SELECT order_id FROM there.orders WHERE order_id IN ({1..500})
$$);

SET client_min_messages = error;
DROP SCHEMA here, there CASCADE;
DROP SERVER list_form, list_json CASCADE;
RESET client_min_messages;
RESET jit;
RESET max_parallel_workers_per_gather;
