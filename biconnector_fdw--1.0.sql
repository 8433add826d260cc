/* biconnector_fdw--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION biconnector_fdw" to load this file. \quit

CREATE FUNCTION biconnector_fdw_handler()
RETURNS fdw_handler
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

COMMENT ON FUNCTION biconnector_fdw_handler()
IS 'callbacks of the foreign data wrapper biconnector_fdw';

CREATE FUNCTION biconnector_fdw_validator(options text[], catalog oid)
RETURNS void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

COMMENT ON FUNCTION biconnector_fdw_validator(text[], oid)
IS 'checks the options of servers, user mappings, foreign tables and columns';

CREATE FOREIGN DATA WRAPPER biconnector_fdw
  HANDLER biconnector_fdw_handler
  VALIDATOR biconnector_fdw_validator;

COMMENT ON FOREIGN DATA WRAPPER biconnector_fdw
IS 'tables of BI connectors, read over HTTP';

-- Functions.  Those that take the name of a server ask it with the mapping of the
-- current user, who must have USAGE on it.

CREATE FUNCTION biconnector_check(server text,
  OUT ok boolean, OUT http_status integer, OUT elapsed interval, OUT answer text)
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION biconnector_check(text)
IS 'asks a connector whether it can be reached and takes the settings';

CREATE FUNCTION biconnector_tables(server text, search text DEFAULT '')
RETURNS TABLE (code text, title text, id text)
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE ROWS 100;

COMMENT ON FUNCTION biconnector_tables(text, text)
IS 'tables that a connector lists';

CREATE FUNCTION biconnector_columns(server text, "table" text)
RETURNS TABLE (code text, name text, type text, sql_type text)
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE ROWS 20;

COMMENT ON FUNCTION biconnector_columns(text, text)
IS 'fields of a table as its connector describes them, and their types on import';

CREATE FUNCTION biconnector_probe(relation regclass)
RETURNS TABLE (column_name text, capability text, verdict text, reason text,
  rows_asked bigint, rows_right bigint, request jsonb)
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE ROWS 100;

COMMENT ON FUNCTION biconnector_probe(regclass)
IS 'finds out what the connector of a foreign table does right';

CREATE FUNCTION biconnector_probe_statement(relation regclass)
RETURNS SETOF text
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE ROWS 2;

COMMENT ON FUNCTION biconnector_probe_statement(regclass)
IS 'statements that turn on what the connector of a foreign table does right';

CREATE FUNCTION biconnector_dataset_statement(relation regclass, source_id bigint)
RETURNS text
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION biconnector_dataset_statement(regclass, bigint)
IS 'the statement that makes a dataset of a portal from a foreign table';

CREATE FUNCTION biconnector_dataset_statement(relation regclass, source_id bigint, name text)
RETURNS text
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION biconnector_dataset_statement(regclass, bigint, text)
IS 'the same, under another name';

CREATE FUNCTION biconnector_connections()
RETURNS TABLE (server_name text, user_name text, origin text, valid boolean, in_use boolean)
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE ROWS 2;

COMMENT ON FUNCTION biconnector_connections()
IS 'connections that the current session has open';

CREATE FUNCTION biconnector_disconnect(server text)
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION biconnector_disconnect(text)
IS 'closes connections of the current session to a server; true if there was one';

CREATE FUNCTION biconnector_disconnect_all()
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION biconnector_disconnect_all()
IS 'closes all connections of the current session; true if there was one';

CREATE FUNCTION biconnector_version(
  OUT extension text, OUT libcurl text, OUT libcurl_features text[], OUT json_c text,
  OUT zlib text, OUT server text)
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION biconnector_version()
IS 'versions of the extension, its libraries and the server';

-- Portals: the wrapper, and functions that call methods.  Those that take the name of
-- a server call with the mapping of the current user, who must have USAGE on it.

CREATE FUNCTION biconnector_portal_handler()
RETURNS fdw_handler
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

COMMENT ON FUNCTION biconnector_portal_handler()
IS 'callbacks of the foreign data wrapper biconnector_portal';

CREATE FUNCTION biconnector_portal_validator(options text[], catalog oid)
RETURNS void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

COMMENT ON FUNCTION biconnector_portal_validator(text[], oid)
IS 'checks the options of servers, user mappings, foreign tables and columns of portals';

CREATE FOREIGN DATA WRAPPER biconnector_portal
  HANDLER biconnector_portal_handler
  VALIDATOR biconnector_portal_validator;

COMMENT ON FOREIGN DATA WRAPPER biconnector_portal
IS 'portals that manage BI connectors, sources and datasets, called over HTTP';

CREATE FUNCTION biconnector_call(server text, method text, params jsonb DEFAULT '{}')
RETURNS jsonb
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION biconnector_call(text, text, jsonb)
IS 'calls a method of a portal and returns its answer';

REVOKE ALL ON FUNCTION biconnector_call(text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION biconnector_portal_fields(server text, object text,
  OUT name text, OUT type text, OUT required boolean, OUT read_only boolean,
  OUT immutable boolean, OUT multiple boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION biconnector_portal_fields(text, text)
IS 'the fields of connectors, sources or datasets, as a portal describes them';

CREATE FUNCTION biconnector_token(server text,
  OUT access_token text, OUT refresh_token text, OUT expires timestamptz,
  OUT refreshed boolean)
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION biconnector_token(text)
IS 'the tokens for a portal that are in force in the current session';

REVOKE ALL ON FUNCTION biconnector_token(text) FROM PUBLIC;
