/*-------------------------------------------------------------------------
 *
 * option.c
 *	  The options of servers, user mappings, foreign tables and columns:
 *	  what may be set, and reading it all into one struct.
 *
 * The table below is the one place that names an option.  Values are checked
 * when they are set; reading relies on that.
 *
 *-------------------------------------------------------------------------
 */
#include "option_value.h"

#include <math.h>

#include "access/reloptions.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_type.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

/* Requests that one query may have running at a server at the same time, at most */
#define MAX_CONCURRENCY 64

/* More are not to be had, and can be counted exactly */
#define MAX_ESTIMATED_ROWS 1e15

/* All that options can set; each reads what it knows */
typedef struct OptionTarget
{
	ConnectorOptions *connector;
	TableOptions *table;
	ColumnOptions *column;
} OptionTarget;

static void set_source_id(const char *name, const char *value, void *field);
static void set_request_format(const char *name, const char *value, void *field);
static void set_row_limit(const char *name, const char *value, void *field);
static void set_filter(const char *name, const char *value, void *field);
static void set_estimated_rows(const char *name, const char *value, void *field);
static void set_filter_operators(const char *name, const char *value, void *field);
static void set_push_limit(const char *name, const char *value, void *field);
static void set_invalid_values(const char *name, const char *value, void *field);
static void set_field_type(const char *name, const char *value, void *field);
static void set_time_zone(const char *name, const char *value, void *field);

#define CONNECTOR(member)	offsetof(ConnectorOptions, member)
#define CONNECTOR_HTTP(member)	CONNECTOR(http.member)
#define TABLE(member)		offsetof(TableOptions, member)
#define OVERRIDE(member)	(offsetof(TableOptions, connector) + CONNECTOR(member))
#define COLUMN(member)		offsetof(ColumnOptions, member)

/*
 * Every option: where it may stand, how its value is read, and into which
 * member of ConnectorOptions (servers), TableOptions (tables) or
 * ColumnOptions (columns) it goes.
 */
static const OptionEntry options[] =

{
	/* endpoints of the connector: http and https URLs */
	{"url_check", ForeignServerRelationId, set_url, CONNECTOR(url_check)},
	{"url_table_list", ForeignServerRelationId, set_url, CONNECTOR(url_table_list)},
	{"url_table_description", ForeignServerRelationId, set_url, CONNECTOR(url_table_description)},
	{"url_data", ForeignServerRelationId, set_url, CONNECTOR(url_data)},

	/*
	 * in their place: a source of a portal, by the name of the portal's server
	 * and the source's id, which is at least 1.  It has the settings, too
	 */
	{"portal", ForeignServerRelationId, set_text, CONNECTOR(portal)},
	{"source_id", ForeignServerRelationId, set_source_id, CONNECTOR(source_id)},

	/* how requests are written: form (default) or json */
	{"request_format", ForeignServerRelationId, set_request_format, CONNECTOR(json_requests)},

	/* tell the connector the columns' names as names of fields: boolean */
	{"map_fields", ForeignServerRelationId, set_boolean, CONNECTOR(map_fields)},

	/* limit of every request for data: rows, at least 1, default 500000 */
	{"row_limit", ForeignServerRelationId, set_row_limit, CONNECTOR(row_limit)},
	{"row_limit", ForeignTableRelationId, set_row_limit, OVERRIDE(row_limit)},

	/* rows after which ANALYZE stops: at least 1, default 100000 */
	{"analyze_limit", ForeignServerRelationId, set_row_limit, CONNECTOR(analyze_limit)},
	{"analyze_limit", ForeignTableRelationId, set_row_limit, OVERRIDE(analyze_limit)},

	/*
	 * conditions the connector is trusted with: list of eq, in, ne, not_in,
	 * lt, le, gt, ge, substring, like, and, or; or none.  Default: eq,in for
	 * fields of type int and string, none for others
	 */
	{"filter_operators", ForeignServerRelationId, set_filter_operators, CONNECTOR(filter_operators)},
	{"filter_operators", ForeignTableRelationId, set_filter_operators, OVERRIDE(filter_operators)},
	{"filter_operators", AttributeRelationId, set_filter_operators, COLUMN(filter_operators)},

	/*
	 * with what a query's LIMIT is sent: none, unfiltered (default),
	 * filtered
	 */
	{"push_limit", ForeignServerRelationId, set_push_limit, CONNECTOR(push_limit)},
	{"push_limit", ForeignTableRelationId, set_push_limit, OVERRIDE(push_limit)},

	/* what an unreadable number or date becomes: error (default) or null */
	{"invalid_values", ForeignServerRelationId, set_invalid_values, CONNECTOR(invalid_as_null)},
	{"invalid_values", ForeignTableRelationId, set_invalid_values, OVERRIDE(invalid_as_null)},

	/* cost of a request (default 1000) and of a row of its answer (0.05) */
	{"fdw_startup_cost", ForeignServerRelationId, set_cost, CONNECTOR(startup_cost)},
	{"fdw_startup_cost", ForeignTableRelationId, set_cost, OVERRIDE(startup_cost)},
	{"fdw_tuple_cost", ForeignServerRelationId, set_cost, CONNECTOR(tuple_cost)},
	{"fdw_tuple_cost", ForeignTableRelationId, set_cost, OVERRIDE(tuple_cost)},

	/*
	 * as in postgres_fdw: scans under an Append run at the same time; boolean,
	 * default off
	 */
	{"async_capable", ForeignServerRelationId, set_boolean, CONNECTOR(async_capable)},
	{"async_capable", ForeignTableRelationId, set_boolean, OVERRIDE(async_capable)},

	/* several processes may ask for a query's tables: boolean, default off */
	{"parallel_safe", ForeignServerRelationId, set_boolean, CONNECTOR(parallel_safe)},
	{"parallel_safe", ForeignTableRelationId, set_boolean, OVERRIDE(parallel_safe)},

	/*
	 * requests that run at the same time, in IMPORT FOREIGN SCHEMA and under
	 * an Append: 1 to 64, default 8
	 */
	{"concurrency", ForeignServerRelationId, set_concurrency, CONNECTOR(concurrency)},

	/*
	 * timeouts, proxy, TLS and the like: see option_value.h.  With "portal", the
	 * defaults are what the portal's server has
	 */
	HTTP_SERVER_OPTIONS(CONNECTOR_HTTP),

	/* code of the table to ask for: default the relation's name */
	{"table_name", ForeignTableRelationId, set_code, TABLE(table_name)},

	/* conditions of every request, that fix a part of the table: JSON */
	{"filter", ForeignTableRelationId, set_filter, TABLE(filter)},

	/* rows that the table has, where no statistics tell: default 10000 */
	{"estimated_rows", ForeignTableRelationId, set_estimated_rows, TABLE(estimated_rows)},

	/* code of the field: default the column's name */
	{"column_name", AttributeRelationId, set_code, COLUMN(field)},

	/* type of the field in the connector's description */
	{"field_type", AttributeRelationId, set_field_type, COLUMN(wire_type)},

	/*
	 * zone in which datetimes with an offset are shown, or without one are
	 * read
	 */
	{"time_zone", AttributeRelationId, set_time_zone, COLUMN(time_zone)},
};

static const struct
{
	const char *name;
	WireType	wire_type;
}			wire_types[] =

{
	{"int", WIRE_INT},
	{"string", WIRE_STRING},
	{"double", WIRE_DOUBLE},
	{"date", WIRE_DATE},
	{"datetime", WIRE_DATETIME},
	{"money", WIRE_MONEY},
	{"timezone", WIRE_TIMEZONE},
};

static const struct
{
	const char *name;
	int			operator;
}			filter_operators[] =

{
	{"eq", FILTER_EQ},
	{"in", FILTER_IN},
	{"ne", FILTER_NE},
	{"not_in", FILTER_NOT_IN},
	{"lt", FILTER_LT},
	{"le", FILTER_LE},
	{"gt", FILTER_GT},
	{"ge", FILTER_GE},
	{"substring", FILTER_SUBSTRING},
	{"like", FILTER_LIKE},
	{"and", FILTER_AND},
	{"or", FILTER_OR},
};

PG_FUNCTION_INFO_V1(biconnector_fdw_validator);

/*
 * The value of the option filter_operators for a set of FILTER_..., palloc'd.
 */
char *
filter_operators_text(int operators)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < lengthof(filter_operators); i++)
	{
		if (operators & filter_operators[i].operator)
			appendStringInfo(&text, "%s%s", text.len > 0 ? "," : "", filter_operators[i].name);
	}
	return text.len > 0 ? text.data : pstrdup("none");
}

/*
 * The field type of this name in any letter case, or WIRE_UNKNOWN.
 */
WireType
wire_type_by_name(const char *name)
{
	for (int i = 0; i < lengthof(wire_types); i++)
	{
		if (pg_strcasecmp(wire_types[i].name, name) == 0)
			return wire_types[i].wire_type;
	}
	return WIRE_UNKNOWN;
}

/*
 * The name of a field type, a constant.
 */
const char *
wire_type_name(WireType wire_type)
{
	for (int i = 0; i < lengthof(wire_types); i++)
	{
		if (wire_types[i].wire_type == wire_type)
			return wire_types[i].name;
	}
	return "unknown";
}

/*
 * The SQL type of a field's column in an imported table, a constant.
 */
const char *
wire_type_sql_type(WireType wire_type)
{
	switch (wire_type)
	{
		case WIRE_INT:
			return "bigint";
		case WIRE_DOUBLE:
			return "double precision";
		case WIRE_DATE:
			return "date";
		case WIRE_DATETIME:
			return "timestamp";
		case WIRE_MONEY:
			return "numeric";
		default:
			return "text";
	}
}

/* ---- setters ---- */

static void
set_source_id(const char *name, const char *value, void *field)
{
	int64		id;

	errno = 0;
	id = strtoll(value, NULL, 10);
	if (value[strspn(value, "0123456789")] != '\0' || errno != 0 || id < 1)
		option_bad_value(name, value, "It must be the id of a source, a whole number from 1 on.");
	*(int64 *) field = id;
}

static void
set_request_format(const char *name, const char *value, void *field)
{
	if (strcmp(value, "form") != 0 && strcmp(value, "json") != 0)
		option_bad_value(name, value, "Valid values are: form, json");
	*(bool *) field = strcmp(value, "json") == 0;
}

static void
set_invalid_values(const char *name, const char *value, void *field)
{
	if (strcmp(value, "error") != 0 && strcmp(value, "null") != 0)
		option_bad_value(name, value, "Valid values are: error, null");
	*(bool *) field = strcmp(value, "null") == 0;
}

/*
 * Also an option of IMPORT FOREIGN SCHEMA.  The field is an int.
 */
void
set_concurrency(const char *name, const char *value, void *field)
{
	int			requests;

	if (!parse_int(value, &requests, 0, NULL) || requests < 1 || requests > MAX_CONCURRENCY)
		option_bad_value(name, value, "It must be a whole number from 1 to 64.");
	*(int *) field = requests;
}

static void
set_row_limit(const char *name, const char *value, void *field)
{
	const char *hint = NULL;
	int			limit;

	if (!parse_int(value, &limit, 0, &hint) || limit < 1)
		option_bad_value(name, value, "It must be a number of rows, from 1 to 2147483647.");
	*(int *) field = limit;
}

static void
set_filter(const char *name, const char *value, void *field)
{
	const char *problem = fixed_filter_problem(value);

	if (problem)
		option_bad_value(name, value, problem);
	*(char **) field = pstrdup(value);
}

static void
set_estimated_rows(const char *name, const char *value, void *field)
{
	const char *hint = NULL;
	double		rows;

	if (!parse_real(value, &rows, 0, &hint) ||
		!(rows >= 0 && rows <= MAX_ESTIMATED_ROWS) || rows != floor(rows))
		option_bad_value(name, value, "It must be a number of rows, from 0 to 1e15.");
	*(double *) field = rows;
}

static void
set_filter_operators(const char *name, const char *value, void *field)
{
	const char *hint = "It must be a list of eq, in, ne, not_in, lt, le, gt, ge, substring, like, and, or; or none.";
	char	   *copy = pstrdup(value);
	List	   *names;
	ListCell   *lc;
	int			operators = 0;
	bool		none = false;

	if (!SplitIdentifierString(copy, ',', &names) || names == NIL)
		option_bad_value(name, value, hint);
	foreach(lc, names)
	{
		int			i = 0;

		while (i < lengthof(filter_operators) &&
			   strcmp(filter_operators[i].name, lfirst(lc)) != 0)
			i++;
		if (i < lengthof(filter_operators))
			operators |= filter_operators[i].operator;
		else if (strcmp(lfirst(lc), "none") == 0)
			none = true;
		else
			option_bad_value(name, value, hint);
	}
	if (none && list_length(names) > 1)
		option_bad_value(name, value, hint);
	*(int *) field = operators;
}

static const char *const push_limits[] = {
	[PUSH_LIMIT_NONE] = "none",
	[PUSH_LIMIT_UNFILTERED] = "unfiltered",
	[PUSH_LIMIT_FILTERED] = "filtered"
};

static void
set_push_limit(const char *name, const char *value, void *field)
{
	int			i = 0;

	while (i < lengthof(push_limits) && strcmp(push_limits[i], value) != 0)
		i++;
	if (i == lengthof(push_limits))
		option_bad_value(name, value, "Valid values are: none, unfiltered, filtered");
	*(PushLimit *) field = i;
}

const char *
push_limit_text(PushLimit push_limit)
{
	return push_limits[push_limit];
}

static void
set_field_type(const char *name, const char *value, void *field)
{
	WireType	wire_type = wire_type_by_name(value);

	if (wire_type == WIRE_UNKNOWN)
		option_bad_value(name, value,
				  "Valid values are: int, string, double, date, datetime, money, timezone");
	*(WireType *) field = wire_type;
}

static void
set_time_zone(const char *name, const char *value, void *field)
{
	pg_tz	   *zone = pg_tzset(value);

	/*
	 * What is no name is read as POSIX has it, where +02 and UTC+2 lie west
	 * of Greenwich.  Hardly anybody means that.
	 */
	if (zone == NULL || !pg_tz_acceptable(zone) ||
		(strpbrk(value, "0123456789") && pg_strncasecmp(value, "Etc/", 4) != 0))
		option_bad_value(name, value, "It must be the name of a time zone, such as Europe/Berlin.");
	*(const char **) field = pstrdup(value);
}

/* ---- validator ---- */

/*
 * Do the options of a server that is a source of a portal go together?  Where that is
 * and how to get there says the portal and its server, so that nobody else can lead
 * the source's settings elsewhere.
 */
static void
check_source(const ConnectorOptions *connector, List *defs)
{
	ListCell   *lc;

	if (connector->portal == NULL && connector->source_id == 0)
		return;
	if (connector->portal == NULL || connector->source_id == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("\"portal\" and \"source_id\" must be given together"),
				 errhint("\"portal\" is the name of a server of biconnector_portal, \"source_id\" the id of a source there.")));
	foreach(lc, defs)
	{
		const char *name = ((DefElem *) lfirst(lc))->defname;

		if (strncmp(name, "url_", 4) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
					 errmsg("\"%s\" cannot be used together with \"portal\"", name),
					 errhint("The URLs of a source are those of its connector in the portal.")));
		if (strcmp(name, "proxy") == 0 || strncmp(name, "ssl_", 4) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
					 errmsg("\"%s\" cannot be used together with \"portal\"", name),
					 errhint("The portal's server has this option, and what it says holds for its sources.")));
	}
}

/*
 * biconnector_fdw_validator(options text[], catalog oid)
 *
 * Checks the options of one object when they are set.  Looks at nothing but
 * them: other objects may not exist yet when a dump is restored.
 */
Datum
biconnector_fdw_validator(PG_FUNCTION_ARGS)
{
	List	   *defs = untransformRelOptions(PG_GETARG_DATUM(0));
	Oid			catalog = PG_GETARG_OID(1);
	union
	{
		ConnectorOptions connector;
		TableOptions table;
		ColumnOptions column;
	}			target;
	ListCell   *lc;

	if (catalog == UserMappingRelationId)
	{
		(void) read_settings(defs);
		PG_RETURN_VOID();
	}

	memset(&target, 0, sizeof(target));
	target.connector.http.ssl_verify = catalog == ForeignServerRelationId;
	foreach(lc, defs)
	{
		DefElem    *def = lfirst(lc);

		if (!option_set(options, lengthof(options), catalog, def, &target))
			option_unknown(options, lengthof(options), catalog, def->defname);
	}

	if (catalog == ForeignServerRelationId)
	{
		check_source(&target.connector, defs);
		http_options_check_superuser(&target.connector.http);
	}
	PG_RETURN_VOID();
}

/* ---- reading ---- */

/*
 * The word with which ALTER changes an option of an object that has these
 * options now: ADD or SET, a constant.
 */
const char *
option_action(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		if (strcmp(((DefElem *) lfirst(lc))->defname, name) == 0)
			return "SET";
	}
	return "ADD";
}

static void
set_options(Oid catalog, List *defs, void *base)
{
	ListCell   *lc;

	/* what the validator let pass is known; a newer version's is not ours */
	foreach(lc, defs)
		(void) option_set(options, lengthof(options), catalog, lfirst(lc), base);
}

/*
 * Fill in what a server and a user's mapping to it say.
 */
static void
read_connector_options(ConnectorOptions *connector, Oid serverid, Oid userid)
{
	uint64		generation = connection_generation();
	ForeignServer *server = GetForeignServer(serverid);
	char	   *name;

	memset(connector, 0, sizeof(*connector));
	http_options_init(&connector->http, serverid, userid);
	connector->http.generation = generation;
	connector->serverid = serverid;
	connector->userid = userid;
	connector->servername = server->servername;
	connector->row_limit = 500000;
	connector->analyze_limit = 100000;
	connector->filter_operators = -1;
	connector->push_limit = PUSH_LIMIT_UNFILTERED;
	connector->startup_cost = 1000.0;
	connector->tuple_cost = 0.05;
	connector->concurrency = 8;
	set_options(ForeignServerRelationId, server->options, connector);
	if ((name = user_agent_of_session()) != NULL)
		connector->http.user_agent = name;
	connector->settings = settings_of_user(serverid, userid);
}

/*
 * Give a server the options of another one that are about HTTP, but for those that it
 * has itself.
 */
void
inherit_http_options(ConnectorOptions *connector, const HttpOptions *network)
{
	ConnectorOptions own = *connector;

	own.http = *network;
	own.http.serverid = connector->serverid;
	own.http.userid = connector->userid;
	own.http.networkid = network->serverid;
	own.http.generation = connector->http.generation;
	own.http.max_repeats = connector->http.max_repeats;
	own.http.group = connector->http.group;
	own.http.shown_url = NULL;
	set_options(ForeignServerRelationId, GetForeignServer(connector->serverid)->options, &own);
	if (user_agent_of_session() != NULL)
		own.http.user_agent = network->user_agent;
	connector->http = own.http;
}

/*
 * What a server and a user's mapping to it say, palloc'd.  Raises if there is
 * no such server.  Of a source of a portal, endpoints and the source's settings are
 * not known until source_require() or source_look_up() finds them.
 */
ConnectorOptions *
get_connector_options(Oid serverid, Oid userid)
{
	ConnectorOptions *connector = palloc(sizeof(ConnectorOptions));

	read_connector_options(connector, serverid, userid);
	return connector;
}

/*
 * The type of a field in a table made by hand, where the column's type leaves
 * no doubt: a filter may be sent on such a column only.
 */
static WireType
wire_type_of_column(Form_pg_attribute attribute)
{
	switch (attribute->atttypid)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return WIRE_INT;
		case TEXTOID:
			return WIRE_STRING;
		case VARCHAROID:
			return attribute->atttypmod == -1 ? WIRE_STRING : WIRE_UNKNOWN;
		default:
			return WIRE_UNKNOWN;
	}
}

/*
 * What is sent if nobody has said what the connector does right: what works
 * wherever filters work at all.
 */
int
default_filter_operators(WireType wire_type)
{
	return wire_type == WIRE_INT || wire_type == WIRE_STRING ? FILTER_EQ | FILTER_IN : 0;
}

/*
 * Operators that the table's own filter uses for the column's field: a key can
 * stand in a filter only once.
 */
int
operators_of_fixed_filter(const TableOptions *table, const ColumnOptions *column)
{
	int			operators = 0;

	for (int i = 0; i < lengthof(filter_operators); i++)
	{
		FilterCondition condition = {.operator = filter_operators[i].operator,.field = column->field};

		if ((condition.operator & (FILTER_AND | FILTER_OR)) == 0 &&
			table_filter_has_key(table, filter_key(&condition)))
			operators |= condition.operator;
	}
	return operators;
}

/*
 * What a foreign table, its server and the user's mapping say, palloc'd.
 * Raises if there is no such table.
 */
TableOptions *
get_table_options(Oid relid, Oid userid)
{
	TableOptions *table = palloc0(sizeof(TableOptions));
	ForeignTable *foreign_table = GetForeignTable(relid);
	Relation	relation = table_open(relid, NoLock);
	TupleDesc	tupdesc = RelationGetDescr(relation);

	read_connector_options(&table->connector, foreign_table->serverid, userid);
	table->relid = relid;
	table->relname = pstrdup(RelationGetRelationName(relation));
	table->table_name = table->relname;
	table->estimated_rows = -1;
	set_options(ForeignTableRelationId, foreign_table->options, table);

	table->ncolumns = tupdesc->natts;
	table->columns = palloc0(sizeof(ColumnOptions) * Max(tupdesc->natts, 1));
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
		ColumnOptions *column = &table->columns[i];

		if (attribute->attisdropped || compat_is_virtual(attribute))
			continue;
		column->name = column->field = pstrdup(NameStr(attribute->attname));
		column->wire_type = wire_type_of_column(attribute);
		column->filter_operators = -1;
		set_options(AttributeRelationId,
					GetForeignColumnOptions(relid, attribute->attnum), column);
		column->own_operators = column->filter_operators >= 0;
		if (!column->own_operators)
			column->filter_operators = table->connector.filter_operators;
		if (column->filter_operators < 0)
			column->filter_operators = default_filter_operators(column->wire_type);
		column->filter_operators &= ~operators_of_fixed_filter(table, column);
	}
	table_close(relation, NoLock);
	return table;
}
