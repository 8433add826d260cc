--
-- ANALYZE, and what the planner takes a table for without it: rows, columns and their
-- widths.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA there;
CREATE SCHEMA here;
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER analyzed FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data');
CREATE USER MAPPING FOR CURRENT_USER SERVER analyzed OPTIONS (login 'anna', password 's3cret word');
CREATE PROCEDURE make_items(name text, code text DEFAULT 'items')
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE there.%I (
            id bigint OPTIONS (column_name ''ID''), gone text, name text OPTIONS (column_name ''NAME''),
            status text OPTIONS (column_name ''STATUS''), qty bigint OPTIONS (column_name ''QTY''),
            created timestamp OPTIONS (column_name ''CREATED''), flag int OPTIONS (column_name ''FLAG''))
        SERVER analyzed OPTIONS (table_name %L)', name, code);
    EXECUTE format('ALTER FOREIGN TABLE there.%I DROP COLUMN gone', name);
END
$$;
CALL make_items('items');
CREATE FOREIGN TABLE there.orders (
    order_id bigint OPTIONS (column_name 'ORDER_ID'), item_id bigint OPTIONS (column_name 'ITEM_ID'),
    city text OPTIONS (column_name 'CITY'))
    SERVER analyzed OPTIONS (table_name 'orders');
CREATE TABLE here.items AS SELECT * FROM there.items;
CREATE TABLE here.orders AS SELECT * FROM there.orders;
ANALYZE here.items, here.orders;

-- How many rows the planner expects of a statement, or another number of its plan
CREATE FUNCTION expected(statement text, what text DEFAULT 'Plan Rows') RETURNS numeric
LANGUAGE plpgsql SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO plan;
    RETURN plan -> 0 -> 'Plan' ->> what;
END
$$;
-- The same of statements (one a line), and of their copies over tables in schema here
CREATE FUNCTION expectations(statements text) RETURNS TABLE (there numeric, here numeric, statement text)
LANGUAGE plpgsql AS $$
BEGIN
    FOREACH statement IN ARRAY string_to_array(btrim(statements, E'\n'), E'\n') LOOP
        there := expected(statement);
        here := expected(replace(statement, 'there.', 'here.'));
        RETURN NEXT;
    END LOOP;
END
$$;
-- What the catalog says of a table
CREATE FUNCTION in_catalog(relation regclass) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s rows, columns %s', c.reltuples,
        (SELECT coalesce(string_agg(attname, ' ' ORDER BY staattnum), 'none')
         FROM pg_statistic JOIN pg_attribute ON attrelid = starelid AND attnum = staattnum
         WHERE starelid = relation AND NOT stainherit))
    FROM pg_class AS c WHERE oid = relation
$$;

--
-- Without statistics the planner takes a number of rows from the options and fractions of its
-- own; with them it expects what it expects of a copy
--
SELECT $$
SELECT * FROM there.items
SELECT * FROM there.items WHERE flag = 1
SELECT * FROM there.items WHERE name = 'Apple'
SELECT * FROM there.items WHERE name IN ('Apple', 'apple', 'none of them')
SELECT * FROM there.items WHERE qty > 100
SELECT * FROM there.items WHERE qty IS NULL
SELECT * FROM there.items WHERE status IN ('won', 'lost') AND flag = 0
SELECT * FROM there.items WHERE created BETWEEN '2021-01-01' AND '2021-12-31'
SELECT DISTINCT status FROM there.items
SELECT * FROM there.orders WHERE city = 'Riga'
SELECT * FROM there.items AS i JOIN there.orders AS o ON o.item_id = i.id
SELECT item_id, count(*) FROM there.orders GROUP BY item_id
$$ AS statements \gset
SELECT * FROM expectations(:'statements');
SELECT * FROM requests_of('ANALYZE there.items, there.orders');
SELECT * FROM expectations(:'statements');
SELECT in_catalog('there.items');
-- All that is known of the columns, the dropped one left out
SELECT count(*) AS columns, count(*) FILTER (WHERE t.null_frac IS DISTINCT FROM h.null_frac OR t.avg_width IS DISTINCT FROM h.avg_width
    OR t.n_distinct IS DISTINCT FROM h.n_distinct OR t.most_common_freqs IS DISTINCT FROM h.most_common_freqs
    OR t.histogram_bounds::text IS DISTINCT FROM h.histogram_bounds::text) AS different
FROM pg_stats AS t FULL JOIN pg_stats AS h ON h.schemaname = 'here' AND h.tablename = t.tablename AND h.attname = t.attname
WHERE t.schemaname = 'there' OR h.schemaname = 'here' AND t.schemaname IS NULL;
-- Extended statistics as well
CREATE STATISTICS there.together (ndistinct) ON status, flag FROM there.items;
CREATE STATISTICS here.together (ndistinct) ON status, flag FROM here.items;
ANALYZE here.items;
SELECT there > here AS too_many FROM expectations('SELECT status, flag FROM there.items GROUP BY 1, 2');
ANALYZE there.items;
SELECT * FROM expectations('SELECT status, flag FROM there.items GROUP BY 1, 2');

-- Some columns: all are asked for all the same, the rest keeps what is known of it
CALL make_items('some');
SELECT * FROM requests_of('ANALYZE there.some (flag, name)');
SELECT in_catalog('there.some');
SELECT count(*) FROM requests_of('ANALYZE there.some (id)');
SELECT in_catalog('there.some');
SELECT attempt('ANALYZE there.some (nothing)');
-- Tables with fewer columns than the connector's, with a field twice, and without columns
CREATE FOREIGN TABLE there.few (name text OPTIONS (column_name 'NAME')) SERVER analyzed OPTIONS (table_name 'items');
CREATE FOREIGN TABLE there.twice (a text OPTIONS (column_name 'NAME'), b varchar(400) OPTIONS (column_name 'NAME')) SERVER analyzed OPTIONS (table_name 'items');
CREATE FOREIGN TABLE there.none () SERVER analyzed OPTIONS (table_name 'items');
SELECT name, requests.*, in_catalog(('there.' || name)::regclass)
FROM unnest('{few,twice,none}'::text[]) AS name, requests_of('ANALYZE there.' || name) AS requests;
SELECT count(DISTINCT n_distinct) FROM pg_stats WHERE schemaname = 'there' AND tablename IN ('few', 'twice');
-- and with a column that is computed when it is read, where PostgreSQL has that: it has no field
SELECT current_setting('server_version_num')::int >= 180000 AS has_virtual \gset
CREATE FOREIGN TABLE there.computed (id bigint OPTIONS (column_name 'ID')) SERVER analyzed OPTIONS (table_name 'items');
\set ECHO none
\if :has_virtual
ALTER FOREIGN TABLE there.computed ADD COLUMN next bigint GENERATED ALWAYS AS (id + 1) VIRTUAL;
\endif
\set ECHO all
SELECT requests.*, in_catalog('there.computed') FROM requests_of('ANALYZE there.computed') AS requests;
-- Nothing there: known as well
CALL make_items('empty', 'empty_table');
ANALYZE there.empty;
SELECT in_catalog('there.empty'), expected('SELECT * FROM there.empty');
CALL make_items('bare', 'items+empty_bare');
ALTER FOREIGN TABLE there.bare OPTIONS (SET table_name 'empty_table+empty_bare');
SELECT count(*) FROM requests_of('ANALYZE there.bare');
SELECT in_catalog('there.bare');

-- A sample is one of all rows, not of the first: 300 of 1000 here
SET default_statistics_target = 1;
ANALYZE there.orders;
RESET default_statistics_target;
SELECT in_catalog('there.orders');
SELECT (histogram_bounds::text::int[])[1] BETWEEN 1 AND 100 AND (histogram_bounds::text::int[])[2] BETWEEN 900 AND 1000
FROM pg_stats WHERE schemaname = 'there' AND tablename = 'orders' AND attname = 'order_id';

--
-- VACUUM does not do foreign tables, nor what else it was told to do with them
--
CALL make_items('vacuumed');
SET client_min_messages = error;
SELECT log_end() AS place \gset
VACUUM (ANALYZE) there.vacuumed;
VACUUM there.vacuumed;
SELECT count(*) FROM requests(:place);
RESET client_min_messages;

--
-- It stops at analyze_limit, of the server or the table.  That is no error, whatever row_limit says.
--
CALL make_items('limited');
CREATE FUNCTION limited() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT body ->> 'limit' FROM requests_of('ANALYZE there.limited') AS body;
    RETURN NEXT in_catalog('there.limited');
END
$$;
ALTER SERVER analyzed OPTIONS (ADD analyze_limit '100');
SELECT limited();
ALTER FOREIGN TABLE there.limited OPTIONS (ADD analyze_limit '251');
SELECT limited();
-- as many rows as allowed: there may be more
ALTER FOREIGN TABLE there.limited OPTIONS (SET analyze_limit '250');
SELECT limited();
-- the table's size is what estimated_rows says if that is more
ALTER FOREIGN TABLE there.limited OPTIONS (ADD estimated_rows '2000');
SELECT limited();
SELECT expected('SELECT * FROM there.limited'), expected('SELECT * FROM there.limited WHERE flag = 1');
ALTER FOREIGN TABLE there.limited OPTIONS (SET estimated_rows '250');
SELECT limited();
ALTER FOREIGN TABLE there.limited OPTIONS (SET estimated_rows '0', SET analyze_limit '1');
SELECT limited();
-- and not if all rows were seen
ALTER FOREIGN TABLE there.limited OPTIONS (SET estimated_rows '2000', SET analyze_limit '1000');
SELECT limited();
SELECT expected('SELECT * FROM there.limited');
-- row_limit
ALTER FOREIGN TABLE there.limited OPTIONS (DROP estimated_rows, ADD row_limit '10');
SELECT limited();
SELECT attempt('SELECT * FROM there.limited');
ALTER FOREIGN TABLE there.limited OPTIONS (SET row_limit '251');
SELECT limited();
-- a connector that does not keep to the limit changes nothing
ALTER FOREIGN TABLE there.limited OPTIONS (SET row_limit '1000', SET analyze_limit '200', SET table_name 'items+cap:100');
SELECT limited();
ALTER SERVER analyzed OPTIONS (DROP analyze_limit);

--
-- estimated_rows
--
CALL make_items('estimated');
SELECT expected('SELECT * FROM there.estimated'), expected('SELECT * FROM there.estimated WHERE flag = 1');
ALTER FOREIGN TABLE there.estimated OPTIONS (ADD estimated_rows '400');
SELECT expected('SELECT * FROM there.estimated'), expected('SELECT * FROM there.estimated WHERE flag = 1');
ALTER FOREIGN TABLE there.estimated OPTIONS (SET estimated_rows '1e6');
SELECT expected('SELECT * FROM there.estimated'), expected('SELECT * FROM there.estimated WHERE flag = 1');
ALTER FOREIGN TABLE there.estimated OPTIONS (SET estimated_rows '0');
SELECT expected('SELECT * FROM there.estimated'), expected('SELECT * FROM there.estimated WHERE flag = 1');
-- statistics win
ANALYZE there.estimated;
SELECT expected('SELECT * FROM there.estimated'), expected('SELECT * FROM there.estimated WHERE flag = 1');

--
-- Costs: a request, and the rows that come back by their number and width.  100 bytes cost as much as
-- a row does (0.05, and 0.01 of PostgreSQL's own).  Without statistics a bigint counts 8 bytes, text 32.
--
CREATE FUNCTION cost(columns text, condition text DEFAULT 'true') RETURNS numeric LANGUAGE sql AS $$
    SELECT expected(format('SELECT %s FROM there.cost WHERE %s', columns, condition), 'Total Cost')
$$;
CALL make_items('cost');
SELECT cost('flag'), cost('id'), cost('name'), cost('id, name'), cost('name, status'), cost('*');
-- the narrowest column is asked for if none is needed, and the whole row if a system column wants no more
SELECT cost(''), cost('1'), cost('tableoid'), cost('"cost"');
-- What a condition needs travels as well.  The check of a row costs 0.0025.
SELECT cost('id', 'qty > 5');
-- The rows that a sent condition keeps away do not: one in 200 remains
ALTER FOREIGN TABLE there.cost OPTIONS (ADD estimated_rows '1000000');
SELECT cost('id', 'flag = 5'), cost('flag', 'flag = 5');
ALTER FOREIGN TABLE there.cost OPTIONS (ADD filter_operators 'none');
SELECT cost('id', 'flag = 5');
-- the number of rows
ALTER FOREIGN TABLE there.cost OPTIONS (SET estimated_rows '1000');
SELECT cost('id'), cost('*');
-- A field that is shown twice travels once, and a select that is too long for a form means all fields
ALTER FOREIGN TABLE there.cost ADD COLUMN again text OPTIONS (column_name 'NAME');
SELECT cost('name, again') = cost('name') AS once, cost('*');
DO $$
BEGIN
    EXECUTE 'CREATE FOREIGN TABLE there.wide (' || (SELECT string_agg(format('f%s bigint', n), ', ') FROM generate_series(1, 40) AS n)
        || ') SERVER analyzed OPTIONS (estimated_rows ''1000'')';
END
$$;
CREATE FUNCTION cost_of_fields(n int) RETURNS numeric LANGUAGE sql AS $$
    SELECT expected((SELECT format('SELECT %s FROM there.wide', string_agg('f' || i, ', ')) FROM generate_series(1, n) AS i), 'Total Cost')
$$;
SELECT cost_of_fields(1), cost_of_fields(20), cost_of_fields(21), cost_of_fields(40);
ALTER SERVER analyzed OPTIONS (ADD request_format 'json');
SELECT cost_of_fields(1), cost_of_fields(20), cost_of_fields(21), cost_of_fields(40);
ALTER SERVER analyzed OPTIONS (DROP request_format);
-- fdw_tuple_cost 0: what travels is free
ALTER FOREIGN TABLE there.cost OPTIONS (ADD fdw_tuple_cost '0');
SELECT cost('id'), cost('*');
ALTER FOREIGN TABLE there.cost OPTIONS (SET fdw_tuple_cost '0.5', ADD fdw_startup_cost '1');
SELECT cost('id'), cost('*');
-- With statistics, widths are those of the values: a status is shorter than a name
ALTER FOREIGN TABLE there.cost OPTIONS (DROP fdw_tuple_cost, DROP fdw_startup_cost);
ANALYZE there.cost;
SELECT cost('id'), cost('status') < cost('name') AS shorter,
    cost('status') = 1000 + 250 * (0.06 + 0.0005 * (SELECT avg_width FROM pg_stats WHERE schemaname = 'there' AND tablename = 'cost' AND attname = 'status')) AS exact;

--
-- Errors are those of a query, and what was known stays.  Every row is looked at, however small the sample.
--
CALL make_items('wrong');
ANALYZE there.wrong;
SET default_statistics_target = 1;
CREATE FUNCTION wrong(code text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER FOREIGN TABLE there.wrong OPTIONS (SET table_name %L)', 'items+' || code);
    RETURN QUERY SELECT attempt('ANALYZE there.wrong');
END
$$;
SELECT wrong('wrong_types');
SELECT wrong('short_row');
SELECT wrong('long_row');
SELECT wrong('truncated');
SELECT wrong('trailing_garbage');
SELECT wrong('missing_field');
SELECT wrong('doubled_field');
SELECT wrong('empty_lie');
SELECT wrong('error_200');
SELECT in_catalog('there.wrong');
-- what is no error to a query is none here
ALTER FOREIGN TABLE there.wrong OPTIONS (ADD invalid_values 'null');
SELECT wrong('wrong_types');
SELECT wrong('shuffled_header,strings,extra_fields');
-- 100 rows of 1000 here
CREATE DOMAIN here.not_999 AS bigint CHECK (VALUE <> 999);
CREATE FOREIGN TABLE there.wrong_late (id here.not_999 OPTIONS (column_name 'ORDER_ID')) SERVER analyzed OPTIONS (table_name 'orders');
ALTER FOREIGN TABLE there.wrong_late ALTER id SET STATISTICS 0;
SELECT attempt('ANALYZE there.wrong_late');
RESET default_statistics_target;
SELECT in_catalog('there.wrong');
CREATE SERVER analyzed_nothing FOREIGN DATA WRAPPER biconnector_fdw;
CREATE FOREIGN TABLE there.nothing (id int) SERVER analyzed_nothing;
SELECT attempt('ANALYZE there.nothing');

--
-- Whoever says ANALYZE, the connector is asked with the settings of the table's owner
--
CREATE ROLE regress_biconnector_owner;
CALL make_items('owned');
GRANT USAGE ON SCHEMA there TO regress_biconnector_owner;
GRANT USAGE ON FOREIGN SERVER analyzed TO regress_biconnector_owner;
ALTER FOREIGN TABLE there.owned OWNER TO regress_biconnector_owner;
SELECT count(*) FROM there.owned;
SELECT attempt('ANALYZE there.owned');
CREATE USER MAPPING FOR regress_biconnector_owner SERVER analyzed OPTIONS (login 'anna', password 's3cret word');
SELECT attempt('ANALYZE there.owned');
ALTER FOREIGN TABLE there.items OPTIONS (ADD analyze_limit '1');
SELECT log_end() AS place \gset
SET ROLE regress_biconnector_owner;
ANALYZE there.owned;
-- another's table is left out, with a warning of PostgreSQL
SET client_min_messages = error;
ANALYZE there.items;
RESET client_min_messages;
RESET ROLE;
SELECT body ->> 'limit' FROM requests(:place);
SELECT in_catalog('there.items'), in_catalog('there.owned');

--
-- Parents: what is below them is sampled with them, in proportion to what is known of its size
--
CREATE TABLE there.parent (flag int, id bigint) PARTITION BY LIST (flag);
CREATE FOREIGN TABLE there.part (id bigint OPTIONS (column_name 'ID'), lost int, flag int OPTIONS (column_name 'FLAG'))
    SERVER analyzed OPTIONS (table_name 'single');
ALTER FOREIGN TABLE there.part DROP COLUMN lost;
ALTER TABLE there.parent ATTACH PARTITION there.part FOR VALUES IN (1);
CREATE TABLE there.other PARTITION OF there.parent FOR VALUES IN (0, 2);
INSERT INTO there.other SELECT i % 2 * 2, i FROM generate_series(1, 99) AS i;
CREATE TABLE here.parent AS SELECT * FROM there.parent;
ANALYZE here.parent;
SELECT body ->> 'table' FROM requests_of('ANALYZE there.parent') AS body;
SELECT * FROM expectations($$
SELECT DISTINCT flag FROM there.parent
SELECT id FROM there.parent GROUP BY id
$$);
SELECT attname, null_frac, n_distinct FROM pg_stats
WHERE schemaname = 'there' AND tablename = 'parent' AND inherited ORDER BY 1;
-- the same for inheritance; a child is analyzed by itself only if that is asked for
CREATE TABLE there.above (id bigint);
INSERT INTO there.above VALUES (-1), (-1);
CREATE FOREIGN TABLE there.below () INHERITS (there.above) SERVER analyzed OPTIONS (table_name 'items');
ALTER FOREIGN TABLE there.below ALTER id OPTIONS (column_name 'ID');
-- (18 analyzes the children as well, each by itself, unless it is told not to)
SELECT CASE WHEN current_setting('server_version_num')::int >= 180000 THEN 'ANALYZE ONLY there.above'
            ELSE 'ANALYZE there.above' END AS analyze_parent \gset
SELECT body ->> 'table' FROM requests_of(:'analyze_parent') AS body;
SELECT round((n_distinct * 252)::numeric) AS n_distinct FROM pg_stats WHERE schemaname = 'there' AND tablename = 'above' AND inherited;
SELECT count(*) FROM pg_statistic WHERE starelid = 'there.below'::regclass;
-- One of which nobody expects more than a ten thousandth of the rows adds nothing to the sample
CREATE FOREIGN TABLE there.far_below () INHERITS (there.above) SERVER analyzed OPTIONS (table_name 'orders', estimated_rows '10000000');
ALTER FOREIGN TABLE there.far_below ALTER id OPTIONS (column_name 'ORDER_ID');
SET default_statistics_target = 1;
SELECT body ->> 'table' FROM requests_of(:'analyze_parent') AS body;
-- until it is known better
ANALYZE there.far_below;
SELECT body ->> 'table' FROM requests_of(:'analyze_parent') AS body ORDER BY 1;
RESET default_statistics_target;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA there, here CASCADE;
DROP SERVER analyzed, analyzed_nothing CASCADE;
DROP ROLE regress_biconnector_owner;
DROP FUNCTION expected, expectations, in_catalog, limited, wrong, cost, cost_of_fields;
DROP PROCEDURE make_items;
