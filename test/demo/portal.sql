-- The portal's chapter of the demo, run by demo.sql.  ":called" shows the calls that
-- reached the portal since the last time.

\set called '\\! "$PYTHON" "$DEMO/show_requests.py" portal "$BICONNECTOR_PORTAL_LOG"'
\set portal_url `echo "$BICONNECTOR_PORTAL_URL"`

\echo
\echo '--- 11. A portal is where connectors are made known, and datasets made of their tables.  Its'
\echo '---     objects are tables, too: four of them.'
\echo
CREATE SERVER b24 FOREIGN DATA WRAPPER biconnector_portal OPTIONS (
    portal_url :'portal_url',
    rate_limit '0');

CREATE USER MAPPING FOR CURRENT_USER SERVER b24 OPTIONS (access_token 'portal-token');

CREATE SCHEMA b24;

IMPORT FOREIGN SCHEMA biconnector FROM SERVER b24 INTO b24;
:called

\echo
\echo '--- 12. The connector of the chapters before becomes one of the portal, and its settings a'
\echo '---     source.  The portal asks the connector whether it takes them, before it takes them itself.'
\echo
INSERT INTO b24.connectors (title, logo, url_check, url_table_list, url_table_description, url_data, settings)
VALUES ('Packages', 'data:image/png;base64,', :'url_check', :'url_table_list', :'url_table_description', :'url_data',
    '[{"code": "login", "name": "Login", "type": "STRING"},
      {"code": "password", "name": "Password", "type": "STRING"}]')
RETURNING id, title, date_create;

INSERT INTO b24.sources (title, connector_id, settings)
VALUES ('Packages of this machine', 1, jsonb_build_object('login', :'login', 'password', :'password'))
RETURNING id, title, connector_id, active;
:called
:asked

\echo
\echo '--- 13. A server can be such a source.  Then nobody has to know its endpoints and settings: they'
\echo '---     are looked up with the mapping for the portal, when they are needed, once in a session.'
\echo
CREATE SERVER source FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
    portal 'b24',
    source_id '1',
    row_limit '2000000');

SELECT ok, http_status FROM biconnector_check('source');
:called

\echo
\echo '--- 14. A foreign table becomes a dataset of the portal, by a statement that is made for it,'
\echo
SELECT biconnector_dataset_statement('packages.installed', 1, 'installed_packages') AS statement \gset
\set ECHO none
\echo :statement
:statement
\set ECHO queries
:called

\echo
\echo '---     and is one for all who may use the source: hidden fields do not come along.'
\echo
UPDATE b24.dataset_fields SET visible = false WHERE dataset_id = 1 AND name = 'VERSION';

CREATE SCHEMA datasets;

IMPORT FOREIGN SCHEMA datasets FROM SERVER source INTO datasets OPTIONS (probe 'off');
:called

\set ECHO none
\echo '\\d datasets.*'
\d datasets.*
\set ECHO queries

SELECT count(*) AS installed FROM datasets.installed_packages;
:called
:asked

\echo
\echo '--- 15. What others are made of cannot be deleted before them: the portal says so.'
\echo
\set ON_ERROR_STOP off
DELETE FROM b24.connectors WHERE id = 1;
\set ON_ERROR_STOP on
