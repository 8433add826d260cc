-- What "./demo --savings" runs: the same questions asked of the demo's tables twice,
-- imported without the probe and with it, and what travelled for each.

\set QUIET on
\set ON_ERROR_STOP on
\pset pager off
\pset linestyle unicode
\pset border 2
\pset null -
\pset footer off
\set url `echo "$BICONNECTOR_URL"`
\set login `echo "$CONNECTOR_LOGIN"`
\set password `echo "$CONNECTOR_PASSWORD"`
\set log `echo "$BICONNECTOR_LOG"`
\set url_table_list :url '/table_list'
\set url_table_description :url '/table_description'
\set url_data :url '/data'

CREATE EXTENSION biconnector_fdw;

CREATE SERVER packages FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    url_table_list :'url_table_list',
    url_table_description :'url_table_description',
    url_data :'url_data',
    row_limit '2000000');

CREATE USER MAPPING FOR CURRENT_USER SERVER packages OPTIONS (
    login :'login',
    password :'password');

-- How many requests the connector has had
CREATE TABLE connector AS SELECT :'log'::text AS log;

CREATE FUNCTION requests_so_far() RETURNS bigint
LANGUAGE sql AS $$
    SELECT count(*) FROM connector, regexp_split_to_table(pg_read_file(log), E'\n') AS line
    WHERE line LIKE '%"endpoint"%'
$$;

CREATE SCHEMA plain;
CREATE SCHEMA probed;
IMPORT FOREIGN SCHEMA connector FROM SERVER packages INTO plain OPTIONS (probe 'off');

SELECT requests_so_far() AS before \gset
IMPORT FOREIGN SCHEMA connector FROM SERVER packages INTO probed;
SELECT requests_so_far() - :before AS probing \gset

-- What import had no time for on a slow machine; otherwise these are no statements
SELECT biconnector_probe_statement('probed.packages') \gexec
SELECT biconnector_probe_statement('probed.dependencies') \gexec
SELECT biconnector_probe_statement('probed.installed') \gexec

-- The planner knows in both cases how large the tables are
SELECT format('ALTER FOREIGN TABLE %I.%I OPTIONS (ADD estimated_rows %L)', schema, name, rows)
FROM (VALUES ('packages', (SELECT count(*) FROM plain.packages)),
             ('dependencies', (SELECT count(*) FROM plain.dependencies)),
             ('installed', (SELECT count(*) FROM plain.installed))) AS sizes (name, rows),
    unnest('{plain,probed}'::text[]) AS schema
\gexec

-- ---- the questions ----

CREATE TABLE watchlist (name text PRIMARY KEY, reason text);
INSERT INTO watchlist VALUES
    ('postgresql-15', 'runs our databases'),
    ('libcurl4', 'speaks HTTP for the extension'),
    ('libjson-c5', 'reads JSON for the extension'),
    ('duckdb', 'somebody asked for it');
ANALYZE watchlist;

CREATE TABLE families (pattern text PRIMARY KEY, team text);
INSERT INTO families VALUES
    ('libpq%', 'databases'),
    ('libcurl%', 'network'),
    ('libjson-c%', 'network');
ANALYZE families;

CREATE TABLE questions (number serial PRIMARY KEY, condition text, query text);

INSERT INTO questions (condition, query) VALUES
('equality', $$
    SELECT name, version, size FROM packages
    WHERE section = 'python' ORDER BY size DESC, name, version LIMIT 5$$),
('IN', $$
    SELECT name, priority, installed_size FROM packages
    WHERE priority IN ('required', 'important', 'standard')$$),
('range', $$
    SELECT name, section, size FROM packages
    WHERE size > 100000000$$),
('BETWEEN, aggregated', $$
    SELECT section, count(*), sum(installed_size) FROM packages
    WHERE installed_size BETWEEN 50000000 AND 100000000 GROUP BY section$$),
('moment from a subquery', $$
    SELECT name, version FROM installed
    WHERE installed_at >= (SELECT max(installed_at)::date FROM installed)$$),
('LIKE, a prefix', $$
    SELECT name, version, summary FROM packages
    WHERE name LIKE 'postgresql-15-%'$$),
('LIKE, a substring', $$
    SELECT name, summary FROM packages
    WHERE summary LIKE '%spreadsheet%'$$),
('NOT IN, aggregated', $$
    SELECT kind, count(*) FROM dependencies
    WHERE kind NOT IN ('Depends', 'Recommends', 'Suggests') GROUP BY kind$$),
('OR of two columns', $$
    SELECT name, version, section FROM packages
    WHERE section = 'electronics' OR source = 'linux'$$),
('what most rows satisfy', $$
    SELECT count(*), avg(size) FROM packages
    WHERE priority = 'optional' AND section <> 'doc'$$),
('join, four local names', $$
    SELECT w.name, w.reason, p.version
    FROM watchlist w LEFT JOIN packages p USING (name)$$),
('join, three local patterns', $$
    SELECT f.team, p.name, p.version
    FROM families f JOIN packages p ON p.name LIKE f.pattern$$),
('join of foreign tables', $$
    SELECT p.name, p.section, p.installed_size
    FROM dependencies d JOIN packages p ON p.name = d.package
    WHERE d.depends_on = 'libcurl4' AND p.installed_size > 20000000$$),
('equality and LIMIT', $$
    SELECT name, summary FROM packages
    WHERE section = 'games' LIMIT 5$$),
('none: a count', $$
    SELECT count(*) FROM dependencies$$),
('ILIKE, which is never sent', $$
    SELECT name, maintainer FROM packages
    WHERE maintainer ILIKE '%postgresql%'$$);

-- ---- the answers ----

-- What a query receives from the connector: the sum over its foreign scans.  The
-- connector has to have seen as many requests.
CREATE FUNCTION measure(schema text, query text,
    OUT requests bigint, OUT rows bigint, OUT bytes bigint)
LANGUAGE plpgsql AS $$
DECLARE
    before bigint := requests_so_far();
    plan json;
BEGIN
    PERFORM set_config('search_path', schema || ', public', true);
    EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) ' || query INTO plan;
    SELECT sum((scan ->> 'Requests')::bigint), sum((scan ->> 'Rows Received')::bigint),
        sum((scan ->> 'Bytes Received')::bigint)
    INTO requests, rows, bytes
    FROM jsonb_path_query(plan::jsonb, 'strict $.** ? (@."Node Type" == "Foreign Scan")') AS scan;
    IF requests <> requests_so_far() - before THEN
        RAISE EXCEPTION '% requests are told, and % were made, by: %',
            requests, requests_so_far() - before, query;
    END IF;
END
$$;

-- Both schemas have to give the same rows.  How many?
CREATE FUNCTION compare(query text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    different bigint;
    count bigint;
BEGIN
    SET LOCAL search_path = plain, public;
    EXECUTE 'CREATE TEMPORARY TABLE plain_rows ON COMMIT DROP AS ' || query;
    SET LOCAL search_path = probed, public;
    EXECUTE 'CREATE TEMPORARY TABLE probed_rows ON COMMIT DROP AS ' || query;
    SELECT count(*) INTO different
    FROM ((TABLE plain_rows EXCEPT ALL TABLE probed_rows)
          UNION ALL (TABLE probed_rows EXCEPT ALL TABLE plain_rows)) AS rows;
    IF different > 0 THEN
        RAISE EXCEPTION '% rows differ of: %', different, query;
    END IF;
    SELECT count(*) INTO count FROM plain_rows;
    DROP TABLE plain_rows, probed_rows;
    RETURN count;
END
$$;

CREATE TABLE savings AS
SELECT number, condition, query, plain.requests AS plain_requests, plain.rows AS plain_rows,
    plain.bytes AS plain_bytes, probed.*
FROM questions, measure('plain', query) AS plain, measure('probed', query) AS probed
ORDER BY number;

SELECT count(*) AS compared, count(*) FILTER (WHERE rows > 0) AS found
FROM questions, compare(query) AS rows \gset

\echo
\echo '--- What was asked, of the same tables imported without the probe and with it:'
\echo
SELECT number, substr(query, 6) AS query FROM savings ORDER BY number;

\echo
\echo '--- What travelled for it.  "fewer" is by how many times.'
\echo
SELECT number, condition, plain_requests AS requests, plain_rows AS rows, plain_bytes AS bytes,
    requests AS "probed: requests", rows, bytes,
    CASE WHEN bytes = plain_bytes THEN '-' ELSE round(plain_bytes::numeric / bytes, 1)::text END AS fewer
FROM savings ORDER BY number;

\echo
\echo All :compared queries gave the same rows in both ways, and :found of them gave any.
\echo The import with the probe has asked :probing times.
\echo
