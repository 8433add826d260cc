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
