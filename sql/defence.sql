--
-- What protects us from connectors whose filters lose rows, or which refuse
-- filters: what was sent is checked again, an empty answer is doubted until the filter
-- has found a row once, and a refused request is made again without filter.
--

-- A table like shop.items, by which the connector misbehaves
CREATE PROCEDURE make_items(name text, misbehaviours text, server text DEFAULT 'shop', options text DEFAULT '')
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE %I (
            id bigint OPTIONS (column_name ''ID'', field_type ''int''),
            name text OPTIONS (column_name ''NAME'', field_type ''string''),
            status text OPTIONS (column_name ''STATUS'', field_type ''string''),
            qty bigint OPTIONS (column_name ''QTY'', field_type ''int''))
        SERVER %I OPTIONS (table_name %L %s)', name, server, concat_ws('+', 'items', nullif(misbehaviours, '')), options);
END
$$;

-- The requests of a statement, in short
CREATE FUNCTION asked(statement text) RETURNS TABLE (selected jsonb, filter jsonb, "limit" text)
LANGUAGE sql AS $$
    SELECT body -> 'select', body -> 'filter', body ->> 'limit' FROM requests_of(statement) AS body
$$;

-- EXPLAIN ANALYZE without what differs between versions of PostgreSQL
CREATE FUNCTION analyzed(statement text) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT regexp_replace(line, ' \(actual .*\)', '')
    FROM plan_of(statement, 'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF') AS line
$$;

--
-- Doubt on nothing.  A filter on a field that has not yet found a row in this
-- session finds nothing: the connector is asked for some rows without filter, and
-- then to find one of them by such a filter.  It is told fewer rows than there are in front
-- of that one, so that it must filter before it limits.
--
CALL make_items('honest', '');
SELECT * FROM asked('SELECT id FROM honest WHERE name = ''nobody''');
-- Now it is believed, and costs nothing further
SELECT * FROM asked('SELECT id FROM honest WHERE name = ''nobody else''');
-- Each field and each form of condition is tried for itself: lists, and long ones
SELECT * FROM asked('SELECT id FROM honest WHERE name IN (''nobody'', ''nobody else'')');
SELECT * FROM asked('SELECT id FROM honest WHERE name IN (''nobody'', ''no one'')');
SELECT count(*) AS requests, max(jsonb_array_length(filter -> 'NAME')) AS longest
FROM asked('SELECT id FROM honest WHERE name IN (' ||
           (SELECT string_agg(quote_literal('nobody ' || n), ', ') FROM generate_series(1, 21) AS n) || ')');
-- Two fields are two doubts
SELECT * FROM asked('SELECT name FROM honest WHERE id = 300 AND status = ''none''');
SELECT * FROM asked('SELECT name FROM honest WHERE id = 301 AND status = ''none''');
-- A row that comes back is enough
SELECT * FROM asked('SELECT id FROM honest WHERE qty = 42');
SELECT * FROM asked('SELECT id FROM honest WHERE qty = 6');
-- It has to match, however: ALTER makes us forget what we know, and what the connector
-- sends instead of a match is removed
ALTER FOREIGN TABLE honest OPTIONS (SET table_name 'items+case_insensitive');
SELECT * FROM asked('SELECT id FROM honest WHERE name = ''aPPLE''');
-- An empty table has nothing to lose, and one that has only values that may not be sent
-- cannot be asked to find one: such a filter is withheld this once
CREATE FOREIGN TABLE nothing (id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'))
    SERVER shop OPTIONS (table_name 'empty_table');
SELECT * FROM asked('SELECT id FROM nothing WHERE id = 1');
ALTER FOREIGN TABLE nothing OPTIONS (SET table_name 'all_null');
SELECT * FROM asked('SELECT id FROM nothing WHERE name = ''Apple''');
SELECT * FROM asked('SELECT id FROM nothing WHERE name = ''Apple''');
-- The other condition goes along without
SELECT * FROM asked('SELECT id FROM nothing WHERE name = ''Apple'' AND id = 7');
SELECT * FROM asked('SELECT id FROM nothing WHERE name = ''Apple'' AND id = 3');
-- One row, and nothing in front of it
ALTER FOREIGN TABLE nothing OPTIONS (SET table_name 'single');
SELECT * FROM asked('SELECT id FROM nothing WHERE name = ''apple''');

-- EXPLAIN ANALYZE counts the requests, and the doubts
CALL make_items('honest_2', '');
SELECT * FROM analyzed('SELECT id FROM honest_2 WHERE name = ''nobody''');
SELECT * FROM analyzed('SELECT id FROM honest_2 WHERE name = ''nobody''');

--
-- Filters that lose rows are not sent any more
--
CALL make_items('loses_all', 'filter_loses_all');
SELECT id, name FROM loses_all WHERE name = 'apple';
SELECT id, name FROM loses_all WHERE name = 'apple';
CALL make_items('loses_all_2', 'filter_loses_all');
SELECT * FROM analyzed('SELECT id FROM loses_all_2 WHERE name = ''apple''');
SELECT * FROM analyzed('SELECT id FROM loses_all_2 WHERE name = ''apple''');
SELECT * FROM asked('SELECT id FROM loses_all WHERE name = ''APPLE''');
SELECT count(*) FROM loses_all WHERE name IN ('apple', 'Apple');
SELECT count(*) FROM loses_all WHERE id = 7 AND status = 'lost';
SELECT count(*) FROM loses_all WHERE name = 'apple' AND id IN (2, 3);
SELECT * FROM asked('SELECT id FROM loses_all WHERE name = ''apple'' AND id IN (2, 3) AND status = ''won''');
-- EXPLAIN says so
SELECT * FROM plan_of('SELECT id FROM loses_all WHERE name = ''apple'' AND status = ''won'' AND qty = 42');
-- until something is altered: the table, its server, a user mapping of it
SELECT count(*) FROM asked('SELECT FROM loses_all WHERE name = ''apple''') WHERE filter IS NOT NULL;
ALTER FOREIGN TABLE loses_all OPTIONS (ADD row_limit '1000');
SELECT count(*) FROM asked('SELECT FROM loses_all WHERE name = ''apple''') WHERE filter IS NOT NULL;
SELECT count(*) FROM asked('SELECT FROM loses_all WHERE name = ''apple''') WHERE filter IS NOT NULL;
ALTER SERVER shop OPTIONS (ADD user_agent 'test');
SELECT count(*) FROM asked('SELECT FROM loses_all WHERE name = ''apple''') WHERE filter IS NOT NULL;
SELECT count(*) FROM asked('SELECT FROM loses_all WHERE name = ''apple''') WHERE filter IS NOT NULL;
ALTER USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (ADD other 'x');
SELECT count(*) FROM asked('SELECT FROM loses_all WHERE name = ''apple''') WHERE filter IS NOT NULL;
ALTER USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (DROP other);
ALTER SERVER shop OPTIONS (DROP user_agent);
-- The way out that the hint tells
ALTER FOREIGN TABLE public.loses_all ALTER COLUMN name OPTIONS (ADD filter_operators 'none');
SELECT * FROM asked('SELECT id FROM loses_all WHERE name = ''apple''');

-- Strings that never equal a number: all of a form is strings
CALL make_items('strict', 'strict_types');
SELECT id, name FROM strict WHERE id = 2;
SELECT id, name FROM strict WHERE id IN (2, 3);
SELECT id, name FROM strict WHERE name = 'apple' AND qty = 0;
SELECT * FROM asked('SELECT id FROM strict WHERE name = ''apple'' AND id = 2');
-- In JSON, integers are numbers
SELECT url || '/data' AS data FROM connector \gset
CREATE SERVER shop_json FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (url_data :'data', request_format 'json');
CREATE USER MAPPING FOR CURRENT_USER SERVER shop_json OPTIONS (login 'anna', password 's3cret word');
CALL make_items('strict_json', 'strict_types', 'shop_json');
SELECT id, name FROM strict_json WHERE id = 2;
SELECT * FROM asked('SELECT id FROM strict_json WHERE id = 300');

-- The limit before the filter loses rows of tables with more rows than that
CALL make_items('limit_first', 'limit_before_filter');
SELECT count(*) FROM limit_first WHERE id = 300;
SELECT * FROM asked('SELECT id FROM limit_first WHERE id = 300');
CALL make_items('limit_first_short', 'limit_before_filter', options => ', row_limit ''100''');
SELECT id FROM limit_first_short WHERE id = 200;

-- [] and [[]] are empty answers like others
CALL make_items('bare', 'empty_bare');
SELECT id FROM bare WHERE name = 'nobody';
SELECT * FROM asked('SELECT id FROM bare WHERE status = ''nobody''');
-- [] is looked at twice in any case: some connectors answer so if they fail to
-- encode a row
SELECT * FROM asked('SELECT id FROM bare WHERE status = ''nobody''');
CALL make_items('double', 'empty_double');
SELECT * FROM asked('SELECT id FROM double WHERE status = ''nobody''');
CALL make_items('lie', 'empty_lie');
SELECT id FROM lie;
SELECT id FROM lie WHERE id = 200;
SELECT id FROM lie LIMIT 2;
SELECT id FROM lie LIMIT 1;
CALL make_items('bare_and_lost', 'empty_bare,filter_loses_all');
SELECT id FROM bare_and_lost WHERE id = 200;

--
-- Everything that was sent is checked here
--
CALL make_items('ignores', 'ignore_filter');
SELECT id, name FROM ignores WHERE name = 'apple';
SELECT * FROM analyzed('SELECT id FROM ignores WHERE name = ''apple''');
SELECT * FROM analyzed('SELECT id FROM ignores WHERE name = ''nobody''');
CALL make_items('caseless', 'case_insensitive');
SELECT id, name FROM caseless WHERE name = 'apple';
SELECT id, name FROM caseless WHERE name IN ('apple', 'привет');
SELECT * FROM analyzed('SELECT id FROM caseless WHERE name = ''apple''');
CALL make_items('rtrims', 'ignore_trailing_blanks');
SELECT id, name FROM rtrims WHERE name = 'apple';

-- row_limit counts what comes, not what remains
CALL make_items('ignores_short', 'ignore_filter', options => ', row_limit ''250''');
SELECT id FROM ignores_short WHERE name = 'apple';
ALTER FOREIGN TABLE ignores_short OPTIONS (SET row_limit '251');
SELECT id FROM ignores_short WHERE name = 'apple';
CALL make_items('short', '', options => ', row_limit ''84''');
SELECT count(*) FROM short WHERE status = 'won';
ALTER FOREIGN TABLE short OPTIONS (SET row_limit '85');
SELECT count(*) FROM short WHERE status = 'won';
-- An empty answer that is not believed makes the request larger: then, too
CALL make_items('loses_short', 'filter_loses_all', options => ', row_limit ''85''');
SELECT count(*) FROM loses_short WHERE status = 'won';

--
-- A refused filter: the request is made again without, once, and that is remembered
--
CALL make_items('refuses', 'filter_500');
SELECT id, name FROM refuses WHERE name = 'apple';
SELECT * FROM asked('SELECT id FROM refuses WHERE name = ''apple''');
SELECT * FROM asked('SELECT id FROM refuses WHERE id = 3');
SELECT * FROM asked('SELECT id FROM refuses WHERE id = 4');
CALL make_items('error_200', 'filter_error_200');
SELECT id, name FROM error_200 WHERE name = 'apple';
SELECT * FROM asked('SELECT id FROM error_200 WHERE name = ''apple''');
-- Bare fields are no operators
CALL make_items('prefixes', 'prefixes_500');
SELECT * FROM asked('SELECT id FROM prefixes WHERE name = ''apple'' AND id IN (1, 2)');
-- EXPLAIN ANALYZE shows it, and EXPLAIN what is not sent any more
CALL make_items('refuses_2', 'filter_500');
SELECT * FROM analyzed('SELECT id FROM refuses_2 WHERE name = ''apple'' AND id = 2');
SELECT * FROM analyzed('SELECT id FROM refuses_2 WHERE name = ''apple'' AND id = 2');
SELECT * FROM plan_of('SELECT id FROM refuses_2 WHERE name = ''apple'' AND qty = 2', 'COSTS OFF');

-- If it was not the filter, that is the error; and the filter may be sent again
CALL make_items('broken', 'status:500');
SELECT log_end() AS place \gset
SELECT id FROM broken WHERE id = 2;
SELECT id FROM broken WHERE id = 2;
SELECT body -> 'filter' AS filter FROM requests(:place);
CALL make_items('broken_2', 'error_200');
SELECT id FROM broken_2 WHERE id = 2;

-- Statuses that say who we are or when we come are not the filter's
CREATE FUNCTION requests_of_error(misbehaviour text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    place bigint := log_end();
    state text := 'no error';
BEGIN
    CALL make_items('items_of_error', misbehaviour);
    BEGIN
        PERFORM count(*) FROM items_of_error WHERE id = 2;
    EXCEPTION WHEN others THEN
        state := SQLSTATE;
    END;
    DROP FOREIGN TABLE items_of_error;
    RETURN format('%s: %s, requests: %s', misbehaviour, state, (SELECT count(*) FROM requests(place)));
END
$$;
SELECT requests_of_error('status:' || status)
FROM unnest('{400,401,403,404,407,413,415,500,502}'::int[]) AS status;

-- What goes wrong within an answer is no reason to ask again: rows may have been used
SELECT requests_of_error('truncated');
CALL make_items('wide_row', 'long_row');
SELECT count(*) FROM wide_row WHERE status = 'won';
SELECT count(*) FROM asked('SELECT FROM honest WHERE id = 2');

--
-- Doubts in a plan with several scans, each with a request of its own
--
CALL make_items('again', 'filter_loses_all');
CREATE TABLE wanted (id int);
INSERT INTO wanted VALUES (300), (2), (9), (3);
-- (the first one drops the filter, the others do without)
SELECT w.id, (SELECT name FROM again AS i WHERE i.id = w.id) AS name FROM wanted AS w;
ALTER FOREIGN TABLE again OPTIONS (ADD row_limit '1000');
SELECT * FROM analyzed('SELECT w.id, (SELECT name FROM again AS i WHERE i.id = w.id) AS name FROM wanted AS w');
-- A filter that had to be withheld is not sent by the same scan again
CREATE FOREIGN TABLE nulls (id bigint OPTIONS (column_name 'ID'), name text OPTIONS (column_name 'NAME'))
    SERVER shop OPTIONS (table_name 'all_null');
SELECT filter, count(*) FROM asked('SELECT w.id, (SELECT max(i.id) FROM nulls AS i WHERE i.name = ''x'' || w.id) FROM wanted AS w')
GROUP BY 1 ORDER BY 1;

-- Without a user mapping nothing is sent along, and 401 is final
CREATE ROLE defence_stranger;
GRANT USAGE ON FOREIGN SERVER shop TO defence_stranger;
GRANT SELECT ON honest TO defence_stranger;
SET ROLE defence_stranger;
SELECT count(*) FROM honest WHERE id = 5;
RESET ROLE;
DROP OWNED BY defence_stranger;
DROP ROLE defence_stranger;

SET client_min_messages = error;
DROP SERVER shop_json CASCADE;
DO $$
DECLARE
    tbl regclass;
BEGIN
    FOR tbl IN SELECT oid FROM pg_class WHERE relkind = 'f' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE 'DROP FOREIGN TABLE ' || tbl;
    END LOOP;
END
$$;
DROP TABLE wanted;
DROP FUNCTION asked, analyzed, requests_of_error;
DROP PROCEDURE make_items;
