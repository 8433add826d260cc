/*-------------------------------------------------------------------------
 *
 * import.c
 *	  IMPORT FOREIGN SCHEMA: the connector's tables as foreign tables.
 *
 * A connector has one list of tables, so any name of a remote schema will do.
 *
 * Codes come from outside and may be anything.  The names made of them depend
 * on the codes alone, not on their order: two codes that would get the same
 * name, a code that is too long for one, and a column that would be called
 * like a system column get a suffix computed from the code.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "access/htup_details.h"
#include "catalog/heap.h"
#include "catalog/pg_collation.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/regproc.h"

/* Length of a suffix: an underscore and eight digits */
#define SUFFIX_LENGTH 9

/* What the option case says */
typedef enum NameCase
{
	CASE_SMART,					/* fold what has no lower-case letter */
	CASE_LOWER,					/* fold all */
	CASE_KEEP
} NameCase;

typedef struct ImportOptions
{
	const char *search;			/* sent as searchString */
	NameCase	name_case;
	const char *datetime_type;	/* for fields of type datetime; NULL: as it
								 * turns out */
	bool		probe;			/* find out what the connector does right */
} ImportOptions;

/* A code of the connector and the name that it gets here */
typedef struct ImportName
{
	const char *code;
	const char *key;			/* distinguishes equal codes */
	char	   *folded;			/* the code in the right letter case */
	char	   *name;
	bool		ambiguous;		/* another one has the same name */
	void	   *entry;			/* RemoteTable or RemoteField */
} ImportName;

/* A table that is wanted */
typedef struct ImportTable
{
	ImportName *name;
	int			number;			/* in the connector's list */
	DocumentCall *call;			/* for its description, while under way */
	ImportName *columns;
	int			ncolumns;
} ImportTable;

/*
 * Read the options of the IMPORT statement.  What it says of requests goes into the
 * server's options.
 */
static ImportOptions
read_import_options(ConnectorOptions *connector, List *defs)
{
	ImportOptions options = {"", CASE_SMART, NULL, true};
	ListCell   *lc;

	foreach(lc, defs)
	{
		DefElem    *def = lfirst(lc);
		char	   *value = defGetString(def);
		const char *valid = NULL;

		if (strcmp(def->defname, "search") == 0)
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
					 errhint("Valid options in this context are: %s",
							 "search, case, datetime_type, probe, concurrency")));
		if (valid)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid value for option \"%s\": \"%s\"", def->defname, value),
					 errhint("Valid values are: %s", valid)));
	}
	return options;
}

/* ---- names ---- */

static char *
fold_case(const char *code, NameCase name_case)
{
	size_t		length = strlen(code);

	if (name_case == CASE_LOWER ||
		(name_case == CASE_SMART &&
		 strcmp(str_toupper(code, length, DEFAULT_COLLATION_OID), code) == 0))
		return str_tolower(code, length, DEFAULT_COLLATION_OID);
	return pstrdup(code);
}

/*
 * The name with a suffix that tells it from others, short enough.
 */
static char *
add_suffix(const ImportName *name)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, name->code, strlen(name->code));
	if (strcmp(name->code, name->key) != 0)
		COMP_CRC32C(crc, name->key, strlen(name->key));
	FIN_CRC32C(crc);
	return psprintf("%.*s_%08x",
					pg_mbcliplen(name->folded, strlen(name->folded),
								 NAMEDATALEN - 1 - SUFFIX_LENGTH),
					name->folded, crc);
}

static int
compare_folded(const void *a, const void *b)
{
	return strcmp((*(ImportName *const *) a)->folded, (*(ImportName *const *) b)->folded);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(ImportName *const *) a)->name, (*(ImportName *const *) b)->name);
}

/*
 * Give each code its name.  Of codes that fold to one name, the one that is
 * that name keeps it.
 */
static void
assign_names(ImportName *names, int count, NameCase name_case, bool columns)
{
	ImportName **sorted = palloc(sizeof(ImportName *) * Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		names[i].folded = fold_case(names[i].code, name_case);
		sorted[i] = &names[i];
	}

	qsort(sorted, count, sizeof(ImportName *), compare_folded);
	for (int first = 0, next; first < count; first = next)
	{
		int			same = 0;

		for (next = first; next < count && compare_folded(&sorted[first], &sorted[next]) == 0; next++)
			same += strcmp(sorted[next]->code, sorted[next]->folded) == 0;
		for (int i = first; i < next; i++)
		{
			ImportName *name = sorted[i];
			bool		keeps = next == first + 1 ||
				(same == 1 && strcmp(name->code, name->folded) == 0);

			if (keeps && strlen(name->folded) < NAMEDATALEN &&
				!(columns && SystemAttributeByName(name->folded) != NULL))
				name->name = name->folded;
			else
				name->name = add_suffix(name);
		}
	}

	qsort(sorted, count, sizeof(ImportName *), compare_names);
	for (int i = 1; i < count; i++)
	{
		if (compare_names(&sorted[i - 1], &sorted[i]) == 0)
			sorted[i - 1]->ambiguous = sorted[i]->ambiguous = true;
	}
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
		column->field = columns[i].code;
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
 * Read the description of a table, and give its columns their names.
 */
static void
read_description(const ConnectorOptions *connector, const ImportOptions *options,
				 ImportTable *table)
{
	const RemoteTable *remote = table->name->entry;
	List	   *fields = connector_description_read(table->call);
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

		column->entry = lfirst(lc);
		column->code = column->key = ((RemoteField *) lfirst(lc))->code;
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
		read_description(connector, options, &tables[i]);
	}
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
	ImportOptions options = read_import_options(connector, stmt->options);
	List	   *entries = connector_table_list(connector, options.search);
	int			count = list_length(entries);
	ImportName *names = palloc0(sizeof(ImportName) * Max(count, 1));
	ImportTable *tables = palloc0(sizeof(ImportTable) * Max(count, 1));
	int			wanted = 0;
	List	   *statements = NIL;
	ListCell   *lc;

	foreach(lc, entries)
	{
		ImportName *name = &names[foreach_current_index(lc)];
		RemoteTable *table = lfirst(lc);

		name->entry = table;
		name->code = table->code;
		name->key = table->key;
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
	describe_tables(connector, &options, tables, wanted);
	for (int i = 0; i < wanted; i++)
		statements = lappend(statements, table_statement(connector, &options, &tables[i]));
	return statements;
}
