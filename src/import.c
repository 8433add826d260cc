/*-------------------------------------------------------------------------
 *
 * import.c
 *	  IMPORT FOREIGN SCHEMA: the connector's tables as foreign tables.
 *
 * A connector has one list of tables, so any name of a remote schema will do.  Only
 * of a server that is a source of a portal is there a second schema: the portal's
 * datasets of the source, which are tables of the connector under the portal's
 * names.
 *
 *-------------------------------------------------------------------------
 */
#include "import.h"

#include "access/htup_details.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/regproc.h"

/*
 * Read the options of the IMPORT statement.  What it says of requests goes into the
 * server's options.  Portals are not asked to search, so datasets have no such option.
 */
static ImportOptions
read_import_options(ConnectorOptions *connector, List *defs, bool datasets)
{
	ImportOptions options = {"", CASE_SMART, NULL, true};
	ListCell   *lc;

	foreach(lc, defs)
	{
		DefElem    *def = lfirst(lc);
		char	   *value = defGetString(def);
		const char *valid = NULL;

		if (strcmp(def->defname, "search") == 0 && !datasets)
			options.search = value;
		else if (strcmp(def->defname, "case") == 0)
		{
			if (strcmp(value, "smart") == 0)
				options.name_case = CASE_SMART;
			else if (strcmp(value, "lower") == 0)
				options.name_case = CASE_LOWER;
			else if (strcmp(value, "keep") == 0)
				options.name_case = CASE_KEEP;
			else
				valid = "smart, lower, keep";
		}
		else if (strcmp(def->defname, "datetime_type") == 0)
		{
			if (strcmp(value, "timestamp") == 0 || strcmp(value, "timestamptz") == 0)
				options.datetime_type = value;
			else
				valid = "timestamp, timestamptz";
		}
		else if (strcmp(def->defname, "probe") == 0)
			options.probe = defGetBoolean(def);
		else if (strcmp(def->defname, "concurrency") == 0)
			set_concurrency(def->defname, value, &connector->concurrency);
		else
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
					 errmsg("invalid option \"%s\"", def->defname),
					 errhint("Valid options in this context are: %s%s", datasets ? "" : "search, ",
							 "case, datetime_type, probe, concurrency")));
		if (valid)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid value for option \"%s\": \"%s\"", def->defname, value),
					 errhint("Valid values are: %s", valid)));
	}
	return options;
}

/* ---- which tables ---- */

static bool
is_listed(List *relations, const char *name)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		if (strcmp(((RangeVar *) lfirst(lc))->relname, name) == 0)
			return true;
	}
	return false;
}

/*
 * See that each name in LIMIT TO is the local name of a table.
 */
static void
check_limit_to(List *relations, const ImportName *names, int count, const char *servername)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		const char *relname = ((RangeVar *) lfirst(lc))->relname;
		const ImportName *by_code = NULL;
		bool		found = false;

		for (int i = 0; i < count && !found; i++)
		{
			found = strcmp(names[i].name, relname) == 0;
			if (strcmp(names[i].code, relname) == 0 || strcmp(names[i].key, relname) == 0)
				by_code = &names[i];
		}
		if (found)
			continue;
		if (by_code)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
					 errmsg("table \"%s\" of server \"%s\" is called \"%s\" here",
							relname, servername, by_code->name),
					 errdetail("LIMIT TO takes the names that tables get here."),
					 errhint("Write LIMIT TO (%s), or use the option case 'keep'.",
							 quote_identifier(by_code->name))));
		ereport(WARNING,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("server \"%s\" has no table that would be called \"%s\"",
						servername, relname)));
	}
}

static bool
is_wanted(const ImportForeignSchemaStmt *stmt, const ImportName *name)
{
	switch (stmt->list_type)
	{
		case FDW_IMPORT_SCHEMA_LIMIT_TO:
			return is_listed(stmt->table_list, name->name);
		case FDW_IMPORT_SCHEMA_EXCEPT:
			return !is_listed(stmt->table_list, name->name) &&
				!is_listed(stmt->table_list, name->code) &&
				!is_listed(stmt->table_list, name->key);
		default:
			return true;
	}
}

/* ---- probing ---- */

/*
 * Bounds for the probe of one table: requests, and seconds after which no more
 * are begun
 */
#define PROBE_REQUESTS	120
#define PROBE_SECONDS	10

typedef struct ProbeAttempt
{
	TableOptions *table;
	TupleDesc	tupdesc;
	ProbedOptions *options;
} ProbeAttempt;

static void
attempt_probe(void *argument)
{
	ProbeAttempt *probe = argument;

	probe->options = probe_for_options(probe->table, probe->tupdesc,
									   PROBE_REQUESTS, PROBE_SECONDS);
}

static const char *
column_type(const ImportOptions *options, const RemoteField *field, bool has_offsets)
{
	if (field->wire_type != WIRE_DATETIME)
		return wire_type_sql_type(field->wire_type);
	if (options->datetime_type)
		return options->datetime_type;
	return has_offsets ? "timestamptz" : wire_type_sql_type(WIRE_DATETIME);
}

/*
 * The table that the statement is going to make, as far as a probe looks at it.
 */
static TableOptions *
table_to_be(const ConnectorOptions *connector, const ImportName *name,
			const ImportName *columns, int count)
{
	TableOptions *table = palloc0(sizeof(TableOptions));

	table->relname = name->name;
	table->table_name = ((RemoteTable *) name->entry)->key;
	table->connector = *connector;
	table->ncolumns = count;
	table->columns = palloc0(sizeof(ColumnOptions) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		ColumnOptions *column = &table->columns[i];

		column->name = columns[i].name;
		column->field = ((RemoteField *) columns[i].entry)->code;
		column->wire_type = ((RemoteField *) columns[i].entry)->wire_type;
		column->filter_operators = connector->filter_operators >= 0
			? connector->filter_operators : default_filter_operators(column->wire_type);
	}
	return table;
}

/*
 * Find out what the connector does right with a table; *types gets the SQL types
 * of its columns.  If that fails, say so, and be careful.
 */
static ProbedOptions *
probe_remote_table(ConnectorOptions *connector, const ImportOptions *options,
				   const ImportName *name, const ImportName *columns, int count,
				   const char **types)
{
	ProbeAttempt probe = {table_to_be(connector, name, columns, count)};
	ErrorData  *error = NULL;

	for (int i = 0; i < count; i++)
		types[i] = column_type(options, columns[i].entry, false);

	/* a second time if columns of datetimes turn out to need another type */
	for (int round = 0; round < 2 && options->probe && error == NULL; round++)
	{
		bool		again = false;

		probe.tupdesc = CreateTemplateTupleDesc(count);
		for (int i = 0; i < count; i++)
			TupleDescInitEntry(probe.tupdesc, i + 1, columns[i].name,
							   DatumGetObjectId(DirectFunctionCall1(regtypein,
																	CStringGetDatum(types[i]))),
							   -1, 0);
		error = attempt(attempt_probe, &probe);
		connector->concurrency = probe.table->connector.concurrency;
		for (int i = 0; error == NULL && i < count; i++)
		{
			const char *type = column_type(options, columns[i].entry,
										   probe.options->has_offsets[i]);

			again |= strcmp(type, types[i]) != 0;
			types[i] = type;
		}
		if (!again)
			break;
	}
	if (error)
	{
		ereport(NOTICE,
				(errcode(error->sqlerrcode),
				 errmsg("could not find out what server \"%s\" does right with table \"%s\"",
						connector->servername,
						show_text(connector->settings, ((RemoteTable *) name->entry)->code)),
				 errdetail("%s", error->detail
						   ? psprintf("%s: %s", error->message, error->detail) : error->message),
				 errhint("Its columns have the default options; biconnector_probe_statement() may find better ones later.")));
		return NULL;
	}
	return options->probe ? probe.options : NULL;
}

/* ---- descriptions ---- */

/*
 * Can it be asked for as a table of its own?
 */
static bool
is_fit(const ImportTable *table)
{
	return table->name->code[0] != '\0' && !table->name->ambiguous;
}

/*
 * Raise what is wrong with a table's entry in the list.
 */
static void
check_fit(const ConnectorOptions *connector, const ImportTable *table)
{
	if (table->name->code[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("entry %d of the table list of server \"%s\" has no code",
						table->number, connector->servername)));
	if (table->name->ambiguous)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("server \"%s\" lists table \"%s\" twice",
						connector->servername, show_text(connector->settings, table->name->code))));
}

/*
 * Give a table its columns: of RemoteField *, called by their code, or by their name.
 */
static void
set_columns(const ConnectorOptions *connector, const ImportOptions *options,
			ImportTable *table, List *fields, bool by_name)
{
	const RemoteTable *remote = table->name->entry;
	int			count = list_length(fields);
	ListCell   *lc;

	if (count > MaxHeapAttributeNumber)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_COLUMNS),
				 errmsg("table \"%s\" of server \"%s\" has %d fields, more than the %d columns of a table",
						show_text(connector->settings, remote->code), connector->servername, count,
						MaxHeapAttributeNumber)));
	table->ncolumns = count;
	table->columns = palloc0(sizeof(ImportName) * count);
	foreach(lc, fields)
	{
		ImportName *column = &table->columns[foreach_current_index(lc)];

		const RemoteField *field = lfirst(lc);

		column->entry = lfirst(lc);
		column->code = column->key = by_name ? field->name : field->code;
	}
	assign_names(table->columns, count, options->name_case, true);

	for (int i = 0; i < count; i++)
	{
		if (table->columns[i].ambiguous)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("table \"%s\" of server \"%s\" has field \"%s\" twice",
							show_text(connector->settings, remote->code), connector->servername,
							show_text(connector->settings, table->columns[i].code))));
	}
}

/*
 * Get the descriptions of the tables.  Several are under way at the same time,
 * but they are read in the tables' order, so that the error is that of the first
 * table with which something is wrong.
 *
 * One that does not come, or comes with an error, while others are under way may
 * be due to that.  Then it is asked for again by itself, and so are all that
 * follow.
 */
static void
describe_tables(ConnectorOptions *connector, const ImportOptions *options,
				ImportTable *tables, int count)
{
	int			concurrency = Min(connector->concurrency, count);
	int			started = 0;
	bool		busy;
	bool		ignored;

	for (int i = 0; i < count; i++)
	{
		check_fit(connector, &tables[i]);
		for (; started < count && started < i + concurrency && is_fit(&tables[started]) &&
			 (started == i || connection_spare()); started++)
			tables[started].call = connector_description_start(connector,
															   tables[started].name->entry);
		if (concurrency > 1 && !connector_description_came(tables[i].call, &busy))
		{
			for (int other = i + 1; busy && other < started; other++)
				(void) connector_description_came(tables[other].call, &ignored);
			while (started > i)
				connector_description_drop(tables[--started].call);
			concurrency = connector->concurrency = 1;
			tables[started].call = connector_description_start(connector,
															   tables[started].name->entry);
			started++;
		}
		set_columns(connector, options, &tables[i],
					connector_description_read(tables[i].call), false);
	}
}

/*
 * The same of datasets, which the portal tells one after the other.  Those that have
 * been deleted since they were listed are left out; returns how many there are.
 */
static int
describe_datasets(ConnectorOptions *connector, const ImportOptions *options,
				  ImportTable *tables, int count)
{
	int			described = 0;

	for (int i = 0; i < count; i++)
	{
		List	   *fields;
		bool		found;

		check_fit(connector, &tables[i]);
		fields = dataset_field_list(connector, tables[i].name->entry, &found);
		if (!found)
			continue;
		tables[described] = tables[i];
		set_columns(connector, options, &tables[described++], fields, true);
	}
	return described;
}

/* ---- statements ---- */

/*
 * The CREATE FOREIGN TABLE statement for a table.
 */
static char *
table_statement(ConnectorOptions *connector, const ImportOptions *options,
				const ImportTable *import)
{
	const ImportName *table = import->name;
	const RemoteTable *remote = table->entry;
	const ImportName *columns = import->columns;
	int			count = import->ncolumns;
	const char **types = palloc(sizeof(char *) * count);
	ProbedOptions *probed = probe_remote_table(connector, options, table, columns, count, types);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE FOREIGN TABLE %s (", quote_identifier(table->name));
	for (int i = 0; i < count; i++)
	{
		const RemoteField *field = columns[i].entry;

		appendStringInfo(&sql, "%s\n  %s %s OPTIONS (column_name %s, field_type %s",
						 i > 0 ? "," : "",
						 quote_identifier(columns[i].name), types[i],
						 quote_literal_cstr(field->code),
						 quote_literal_cstr(wire_type_name(field->wire_type)));
		if (probed && probed->column_operators[i] >= 0)
			appendStringInfo(&sql, ", filter_operators %s",
							 quote_literal_cstr(filter_operators_text(probed->column_operators[i])));
		appendStringInfoChar(&sql, ')');
	}
	appendStringInfo(&sql, "\n) SERVER %s OPTIONS (table_name %s",
					 quote_identifier(connector->servername),
					 quote_literal_cstr(remote->key));
	if (probed && probed->operators >= 0)
		appendStringInfo(&sql, ", filter_operators %s",
						 quote_literal_cstr(filter_operators_text(probed->operators)));
	if (probed && probed->push_limit != connector->push_limit)
		appendStringInfo(&sql, ", push_limit %s",
						 quote_literal_cstr(push_limit_text(probed->push_limit)));
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

/*
 * The statements for IMPORT FOREIGN SCHEMA.  Only the tables asked for are
 * described, and only what is wrong with those is an error.
 */
List *
biconnectorImportForeignSchema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	ConnectorOptions *connector = get_connector_options(serverid, GetUserId());
	bool		datasets = connector->portal && strcmp(stmt->remote_schema, "datasets") == 0;
	ImportOptions options = read_import_options(connector, stmt->options, datasets);
	List	   *entries;
	int			count;
	ImportName *names;
	ImportTable *tables;
	int			wanted = 0;
	List	   *statements = NIL;
	ListCell   *lc;

	source_look_up(connector);
	entries = datasets ? dataset_list(connector) : connector_table_list(connector, options.search);
	count = list_length(entries);
	names = palloc0(sizeof(ImportName) * Max(count, 1));
	tables = palloc0(sizeof(ImportTable) * Max(count, 1));
	foreach(lc, entries)
	{
		ImportName *name = &names[foreach_current_index(lc)];
		RemoteTable *table = lfirst(lc);

		name->entry = table;
		name->code = table->code;
		/* several datasets may be of one table */
		name->key = datasets ? table->code : table->key;
	}
	assign_names(names, count, options.name_case, false);
	if (stmt->list_type == FDW_IMPORT_SCHEMA_LIMIT_TO)
		check_limit_to(stmt->table_list, names, count, connector->servername);
	for (int i = 0; i < count; i++)
	{
		if (!is_wanted(stmt, &names[i]))
			continue;
		tables[wanted].name = &names[i];
		tables[wanted++].number = i + 1;
	}

	connector->http.group = http_group_create();
	if (datasets)
		wanted = describe_datasets(connector, &options, tables, wanted);
	else
		describe_tables(connector, &options, tables, wanted);
	for (int i = 0; i < wanted; i++)
		statements = lappend(statements, table_statement(connector, &options, &tables[i]));
	return statements;
}
