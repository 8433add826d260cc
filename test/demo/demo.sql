-- What ./demo runs.  The line before a statement says what it is for; ":asked"
-- shows the requests that reached the connector since the last time.

\set QUIET on
\set ON_ERROR_STOP on
\pset pager off
\pset linestyle unicode
\pset border 2
\pset null -
\pset footer off
\set asked '\\! "$PYTHON" "$DEMO/show_requests.py" connector "$BICONNECTOR_LOG"'
\set url `echo "$BICONNECTOR_URL"`
\set login `echo "$CONNECTOR_LOGIN"`
\set password `echo "$CONNECTOR_PASSWORD"`
\set url_check :url '/check'
\set url_table_list :url '/table_list'
\set url_table_description :url '/table_description'
\set url_data :url '/data'
\set ECHO queries

\echo
\echo '--- 1. Five statements make the tables of a connector foreign tables.  IMPORT asks for'
\echo '---    rows of each table in many ways, to find out which conditions this connector gets right.'
\echo
CREATE EXTENSION biconnector_fdw;

CREATE SERVER packages FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    url_check :'url_check',
    url_table_list :'url_table_list',
    url_table_description :'url_table_description',
    url_data :'url_data',
    row_limit '2000000');

CREATE USER MAPPING FOR CURRENT_USER SERVER packages OPTIONS (
    login :'login',
    password :'password');

CREATE SCHEMA packages;

IMPORT FOREIGN SCHEMA connector FROM SERVER packages INTO packages;

SET search_path = packages, public;
:asked

\echo
\echo '--- 2. What is there now: three tables, with the types that the connector told, and'
\echo '---    filter_operators: the conditions that may be sent.'
\echo
\set ECHO none
\echo '\\det packages.*'
\det packages.*
\echo '\\d packages'
\d packages
\set ECHO queries

\echo
\echo '---    How that was found out, can be looked at: each operator was tried on each column, and'
\echo '---    what came was compared with what PostgreSQL finds in the same rows.  "wide": more'
\echo '---    came, which does no harm; "untested": these rows cannot tell, so it is not sent.'
\echo
SELECT capability, verdict, string_agg(column_name, ', ') AS columns
FROM biconnector_probe('installed')
WHERE column_name IS NOT NULL
GROUP BY capability, verdict
ORDER BY min(array_position('{eq,in,ne,not_in,lt,le,gt,ge,substring,like,and,or}', capability)),
    capability, verdict;
:asked

\echo
\echo '--- 3. A filter and a projection: the connector is asked for one section, and for four'
\echo '---    fields of eleven.  PostgreSQL checks the section again, sorts and cuts.  The limit'
\echo '---    is the option row_limit: an answer that long would be an error, never cut short.'
\echo
SELECT name, version, size
FROM packages
WHERE section = 'python'
ORDER BY size DESC
LIMIT 5;
:asked

\echo
\echo '--- 4. IN and the comparison of sizes are asked for as well.'
\echo
SELECT name, priority, pg_size_pretty(installed_size) AS installed_size
FROM packages
WHERE priority IN ('required', 'important') AND installed_size > 10000000
ORDER BY packages.installed_size DESC;
:asked

\echo
\echo '--- 5. A LIMIT goes to the connector: three rows travel, not tens of thousands.'
\echo
SELECT name, left(summary, 60) AS summary
FROM packages
LIMIT 3;
:asked

\echo
\echo '--- 6. An aggregate over the whole table, of which two fields are fetched.'
\echo
SELECT section, count(*) AS packages, pg_size_pretty(sum(size)) AS download
FROM packages
GROUP BY section
ORDER BY sum(size) DESC
LIMIT 6;
:asked

\echo
\echo '--- 7. Moments: what was installed here on which day?'
\echo
SELECT installed_at::date AS day, count(*) AS packages,
       pg_size_pretty(sum(installed_size)) AS size
FROM installed
GROUP BY day
ORDER BY day DESC
LIMIT 5;
:asked

\echo
\echo '--- 8. A join with a local table: the packages that we watch, as they are in the'
\echo '---    archive and on this machine.  Since ANALYZE the planner knows that they are few of'
\echo '---    many, so the archive is asked for each, rather than for everything.'
\echo '---    Where the first name finds nothing, the filter is put to the test, once.'
\echo
CREATE TABLE public.watchlist (name text PRIMARY KEY, reason text);

INSERT INTO watchlist VALUES
    ('postgresql-15', 'runs our databases'),
    ('libcurl4', 'speaks HTTP for the extension'),
    ('libjson-c5', 'reads JSON for the extension'),
    ('duckdb', 'somebody asked for it');

ANALYZE watchlist, packages;

SELECT w.name, w.reason, p.version AS in_archive, i.version AS here, i.installed_at
FROM watchlist w
    LEFT JOIN packages p USING (name)
    LEFT JOIN installed i USING (name)
ORDER BY w.name;
:asked

\echo
\echo '--- 9. A join of two foreign tables: what do most of the packages installed here need?'
\echo
SELECT d.depends_on, count(DISTINCT d.package) AS needed_by
FROM installed i
    JOIN dependencies d ON d.package = i.name
WHERE d.kind = 'Depends'
GROUP BY d.depends_on
ORDER BY needed_by DESC
LIMIT 5;
:asked

\echo
\echo '--- 10. EXPLAIN says beforehand what will be asked for, and afterwards what came.'
\echo
EXPLAIN (ANALYZE, VERBOSE)
SELECT name, version
FROM packages
WHERE section = 'python' AND size > 10000000;
:asked

\ir portal.sql
