/*-------------------------------------------------------------------------
 *
 * inspect.c
 *	  SQL functions that look at connectors and connections.
 *
 * Those that take a server ask it with the mapping of the current user, who
 * must have USAGE on it.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "jsonc.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include <zlib.h>

PG_FUNCTION_INFO_V1(biconnector_check);
PG_FUNCTION_INFO_V1(biconnector_tables);
PG_FUNCTION_INFO_V1(biconnector_columns);
PG_FUNCTION_INFO_V1(biconnector_connections);
PG_FUNCTION_INFO_V1(biconnector_disconnect);
PG_FUNCTION_INFO_V1(biconnector_disconnect_all);
PG_FUNCTION_INFO_V1(biconnector_version);

/* ---- servers ---- */

/*
 * Raise an error if the server is not one of ours.
 */
void
check_wrapper(ForeignServer *server)
{
	ForeignDataWrapper *wrapper = GetForeignDataWrapper(server->fdwid);

	if (!OidIsValid(wrapper->fdwhandler) ||
		GetFdwRoutine(wrapper->fdwhandler)->BeginForeignScan != biconnectorBeginForeignScan)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("server \"%s\" is not a server of biconnector_fdw", server->servername),
				 errdetail("It belongs to foreign-data wrapper \"%s\".", wrapper->fdwname)));
}

/*
 * The server of this name if it is one of ours and the current user may use
 * it: a connector's, or a portal's too.  Raises errors otherwise.
 */
static ForeignServer *
usable_server(const char *name, bool portals)
{
	ForeignServer *server = GetForeignServerByName(name, false);
	AclResult	result = compat_server_aclcheck(server->serverid, GetUserId(), ACL_USAGE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FOREIGN_SERVER, name);
	if (!portals || !is_portal_server(server))
		check_wrapper(server);
	return server;
}

/*
 * The connector of the server that the first argument names.  What a portal knows of
 * it is looked up anew: who calls these wants to know how things are.
 */
static ConnectorOptions *
connector_argument(FunctionCallInfo fcinfo)
{
	ForeignServer *server = usable_server(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);
	ConnectorOptions *options = get_connector_options(server->serverid, GetUserId());

	source_look_up(options);
	return options;
}

/* ---- foreign tables ---- */

/*
 * Open the foreign table that is the function's first argument.  Raises if it is
 * something else, or the current user may not read it.  The caller closes it,
 * but leaves it locked.
 */
Relation
foreign_table_argument(FunctionCallInfo fcinfo)
{
	Oid			relid = PG_GETARG_OID(0);
	Relation	relation = relation_open(relid, AccessShareLock);
	AclResult	result;

	if (relation->rd_rel->relkind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a foreign table", RelationGetRelationName(relation))));
	result = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FOREIGN_TABLE, RelationGetRelationName(relation));
	check_wrapper(GetForeignServer(GetForeignTable(relid)->serverid));
	return relation;
}

/* ---- functions ---- */

static Datum
record_datum(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}

/*
 * Ask the check endpoint.  That there is no answer, or one that breaks the
 * rules, is what the caller wants to know: such errors become the result.
 */
typedef struct CheckAttempt
{
	const ConnectorOptions *options;
	RemoteCheck check;
} CheckAttempt;

static void
attempt_check(void *argument)
{
	CheckAttempt *check = argument;

	check->check = connector_check(check->options);
}

static RemoteCheck
check_without_error(const ConnectorOptions *options)
{
	CheckAttempt check = {options};
	ErrorData  *error = attempt(attempt_check, &check);

	if (error)
	{
		check.check.ok = false;
		check.check.status = 0;
		check.check.answer = error->detail
			? psprintf("%s: %s", error->message, error->detail) : error->message;
	}
	return check.check;
}

/*
 * biconnector_check(server text, OUT ok boolean, OUT http_status integer,
 *					 OUT elapsed interval, OUT answer text)
 *
 * Asks the connector whether it can be reached and takes the settings of the
 * current user.  http_status is NULL if no answer came; answer then says why.
 */
Datum
biconnector_check(PG_FUNCTION_ARGS)
{
	ConnectorOptions *options = connector_argument(fcinfo);
	TimestampTz start = GetCurrentTimestamp();
	Interval   *elapsed = palloc0(sizeof(Interval));
	RemoteCheck check;
	Datum		values[4];
	bool		nulls[4] = {false};

	connector_require_url(options, options->url_check, "url_check");
	check = check_without_error(options);
	elapsed->time = GetCurrentTimestamp() - start;
	values[0] = BoolGetDatum(check.ok);
	values[1] = Int32GetDatum(check.status);
	nulls[1] = check.status == 0;
	values[2] = IntervalPGetDatum(elapsed);
	values[3] = CStringGetTextDatum(check.answer);
	return record_datum(fcinfo, values, nulls);
}

/*
 * biconnector_tables(server text, search text DEFAULT '')
 * returns table (code text, title text, id text)
 *
 * The connector's list of tables, in its order.
 */
Datum
biconnector_tables(PG_FUNCTION_ARGS)
{
	ConnectorOptions *options = connector_argument(fcinfo);
	List	   *tables = connector_table_list(options, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	ListCell   *lc;

	resultset_begin(fcinfo);
	foreach(lc, tables)
	{
		RemoteTable *table = lfirst(lc);
		char	   *texts[] = {table->code, table->title, table->id};

		CHECK_FOR_INTERRUPTS();
		resultset_put(fcinfo, texts);
	}
	return (Datum) 0;
}

/*
 * The table that is meant by a code, or by an id, of the connector's list.
 * Without a list there is only the code.
 */
static RemoteTable *
find_table(const ConnectorOptions *options, char *code)
{
	RemoteTable *by_id = NULL;
	ListCell   *lc;

	if (options->url_table_list == NULL)
	{
		RemoteTable *table = palloc0(sizeof(RemoteTable));

		table->code = table->key = code;
		return table;
	}
	foreach(lc, connector_table_list(options, ""))
	{
		RemoteTable *table = lfirst(lc);

		if (strcmp(table->code, code) == 0)
			return table;
		if (table->id && strcmp(table->id, code) == 0 && by_id == NULL)
			by_id = table;
	}
	if (by_id == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("server \"%s\" lists no table \"%s\"", options->servername, code),
				 errhint("biconnector_tables() shows the tables that it lists; letter case matters.")));
	return by_id;
}

/*
 * biconnector_columns(server text, "table" text)
 * returns table (code text, name text, type text, sql_type text)
 *
 * The connector's description of a table, and the types its columns get on
 * import.
 */
Datum
biconnector_columns(PG_FUNCTION_ARGS)
{
	ConnectorOptions *options = connector_argument(fcinfo);
	RemoteTable *table = find_table(options, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	List	   *fields = connector_table_description(options, table);
	ListCell   *lc;

	resultset_begin(fcinfo);
	foreach(lc, fields)
	{
		RemoteField *field = lfirst(lc);
		char	   *texts[] = {field->code, field->name, field->type,
		unconstify(char *, wire_type_sql_type(field->wire_type))};

		CHECK_FOR_INTERRUPTS();
		resultset_put(fcinfo, texts);
	}
	return (Datum) 0;
}

/*
 * biconnector_connections()
 * returns table (server_name text, user_name text, origin text, valid boolean,
 *				  in_use boolean)
 *
 * The connections that the current session has open.  The names are NULL for
 * a server or a user that has been dropped.
 */
Datum
biconnector_connections(PG_FUNCTION_ARGS)
{
	List	   *connections = connection_list();
	ListCell   *lc;

	resultset_begin(fcinfo);
	foreach(lc, connections)
	{
		HttpConnectionInfo *info = lfirst(lc);
		ForeignServer *server = GetForeignServerExtended(info->serverid, FSV_MISSING_OK);
		char	   *texts[] = {server ? server->servername : NULL,
			GetUserNameFromId(info->userid, true), info->origin,
			info->valid ? "t" : "f", info->in_use ? "t" : "f"};

		resultset_put(fcinfo, texts);
	}
	return (Datum) 0;
}

/*
 * Close the idle connections to a server, or all, and warn of the others.
 * True if one was closed.
 */
static bool
disconnect(Oid serverid)
{
	bool		closed = connection_close_idle(serverid);
	ListCell   *lc;

	source_forget(serverid);
	foreach(lc, connection_list())
	{
		HttpConnectionInfo *info = lfirst(lc);
		ForeignServer *server;

		if (OidIsValid(serverid) && info->serverid != serverid)
			continue;
		server = GetForeignServerExtended(info->serverid, FSV_MISSING_OK);
		if (server)
			ereport(WARNING,
					(errmsg("cannot close connection for server \"%s\" because it is still in use",
							server->servername)));
		else
			ereport(WARNING,
					(errmsg("cannot close connection for dropped server because it is still in use")));
	}
	return closed;
}

/*
 * biconnector_disconnect(server text) returns boolean
 *
 * Closes the current session's connections to a server, of all users.  True
 * if there was one.  Warns of those that are in use, and leaves them alone.  What the
 * session knows of the source in a portal that the server is is forgotten.
 */
Datum
biconnector_disconnect(PG_FUNCTION_ARGS)
{
	ForeignServer *server = usable_server(text_to_cstring(PG_GETARG_TEXT_PP(0)), true);

	PG_RETURN_BOOL(disconnect(server->serverid));
}

/*
 * biconnector_disconnect_all() returns boolean
 *
 * The same for all servers.
 */
Datum
biconnector_disconnect_all(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(disconnect(InvalidOid));
}

/*
 * biconnector_version(OUT extension text, OUT libcurl text,
 *					   OUT libcurl_features text[], OUT json_c text,
 *					   OUT zlib text, OUT server text)
 *
 * The versions of all that takes part, as they run, for reports.
 */
Datum
biconnector_version(PG_FUNCTION_ARGS)
{
	List	   *features = http_library_features();
	Datum	   *names = palloc(sizeof(Datum) * Max(list_length(features), 1));
	Datum		values[6];
	bool		nulls[6] = {false};
	ListCell   *lc;

	foreach(lc, features)
		names[foreach_current_index(lc)] = CStringGetTextDatum(lfirst(lc));
	values[0] = CStringGetTextDatum(BICONNECTOR_VERSION);
	values[1] = CStringGetTextDatum(http_library());
	values[2] = PointerGetDatum(construct_array(names, list_length(features), TEXTOID,
												-1, false, TYPALIGN_INT));
	values[3] = CStringGetTextDatum(json_c_version());
	values[4] = CStringGetTextDatum(zlibVersion());
	values[5] = CStringGetTextDatum(GetConfigOption("server_version", false, false));
	return record_datum(fcinfo, values, nulls);
}
