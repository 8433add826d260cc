--
-- A probe sends requests before their answers are wanted: whatever the connector does, it
-- finds out the same as one that asks one after the other.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA probe_concurrency;
SET search_path = probe_concurrency, public;
SELECT format('CREATE SERVER %s FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
        url_table_list %L, url_table_description %L, url_data %L, concurrency %L)',
    'bazaar', url || '/table_list', url || '/table_description', url || '/data', '1')
    AS create_server FROM connector \gset
:create_server;
CREATE USER MAPPING FOR CURRENT_USER SERVER bazaar OPTIONS (login 'anna', password 's3cret word', misbehave '');
IMPORT FOREIGN SCHEMA connector LIMIT TO (items, orders, wide, single, empty_table, all_null, "Weird ""Table""")
    FROM SERVER bazaar INTO probe_concurrency OPTIONS (probe 'off');
CREATE FUNCTION probe_with(concurrency int, relation regclass, OUT result text[], OUT requests bigint)
LANGUAGE plpgsql AS $$
DECLARE
    place bigint := log_end();
BEGIN
    EXECUTE format('ALTER SERVER bazaar OPTIONS (SET concurrency %L)', concurrency);
    result := result_of(format('SELECT * FROM biconnector_probe(%L) AS p', relation));
    SELECT count(*) INTO requests FROM requests(place);
END
$$;
-- Is the result the same with several at the same time?  How many requests are there more?
CREATE FUNCTION compare(relation regclass, misbehave text DEFAULT '')
RETURNS TABLE (tbl regclass, misbehaviour text, verdict text, requests text)
LANGUAGE plpgsql AS $$
DECLARE
    one record;
    eight record;
BEGIN
    EXECUTE format('ALTER USER MAPPING FOR CURRENT_USER SERVER bazaar OPTIONS (SET misbehave %L)', misbehave);
    one := probe_with(1, relation);
    eight := probe_with(8, relation);
    tbl := relation;
    misbehaviour := misbehave;
    verdict := CASE WHEN one.result = eight.result THEN 'equal' ELSE 'NOT EQUAL' END;
    requests := CASE WHEN one.requests = eight.requests THEN 'as many'
                     WHEN eight.requests <= one.requests + 15 THEN 'some more'
                     ELSE format('%s instead of %s', eight.requests, one.requests) END;
    RETURN NEXT;
END
$$;

-- A connector that does all right is not asked in vain
SELECT compare.* FROM unnest('{items,orders,wide,single,empty_table,all_null,"\"Weird \"\"Table\"\"\""}'::regclass[]) AS t,
    compare(t);
-- Others are, a few times
SELECT tbl, misbehaviour, verdict FROM unnest('{filter_500,ignore_filter,first_key_only,strict_types,vendor,case_insensitive,
    floats_as_text,first_of_list,list_500,ranges_as_text,ranges_500,like_500,groups_500,date_boundary,rounded_shown,
    iso_datetimes,max_limit:1000,select_500,cap:50,close_connection,redirect_same,wrong_types,truncated_chunked}'::text[])
    AS m, compare('items', regexp_replace(m, '\s', '', 'g')) WHERE requests !~ '^\d';
-- no answer is left open, and what was asked for in vain has arrived
SELECT count(*) FROM biconnector_connections() WHERE in_use;
SELECT pg_sleep(0.2) IS NULL;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA probe_concurrency CASCADE;
DROP SERVER bazaar CASCADE;
