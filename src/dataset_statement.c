/*-------------------------------------------------------------------------
 *
 * dataset_statement.c
 *	  The statement that makes a dataset of a portal from a foreign table.
 *
 * Nothing is sent: all that the dataset needs is in the options of the table.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_object.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* The portal's rules for names: letters of one case, digits, underscores */
#define MAX_DATASET_NAME	230
#define MAX_FIELD_NAME		32

PG_FUNCTION_INFO_V1(biconnector_dataset_statement);

/* ---- where datasets are ---- */

/*
 * Does the foreign table show datasets?
 */
static bool
shows_datasets(Oid relid)
{
	ListCell   *lc;

	foreach(lc, GetForeignTable(relid)->options)
	{
		DefElem    *def = lfirst(lc);

		if (strcmp(def->defname, "object") == 0)
			return strcmp(defGetString(def), "datasets") == 0;
	}
	return strcmp(get_rel_name(relid), "datasets") == 0;
}

/*
 * The foreign table to insert into: the one that shows datasets of the portal, or of any
 * if portal is NULL.  If there are several, the one that can be seen without its schema.
 * Raises an error if it is not clear which.
 */
static Oid
find_datasets(const char *portal)
{
	Relation	catalog = table_open(ForeignTableRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	Oid			relid = InvalidOid;
	Oid			visible = InvalidOid;
	int			nfound = 0;
	int			nvisible = 0;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_foreign_table form = (Form_pg_foreign_table) GETSTRUCT(tuple);
		ForeignServer *server = GetForeignServer(form->ftserver);

		if (!is_portal_server(server) || !shows_datasets(form->ftrelid) ||
			(portal && strcmp(portal, server->servername) != 0))
			continue;
		relid = form->ftrelid;
		nfound++;
		if (RelationIsVisible(relid))
		{
			visible = relid;
			nvisible++;
		}
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);

	if (nfound == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 portal ? errmsg("no foreign table shows the datasets of server \"%s\"", portal)
				 : errmsg("no foreign table shows the datasets of a portal"),
				 errhint("IMPORT FOREIGN SCHEMA biconnector LIMIT TO (datasets) FROM SERVER %s INTO ... makes one.",
						 portal ? quote_identifier(portal) : "...")));
	if (nfound > 1 && nvisible != 1)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_ALIAS),
				 errmsg("%d foreign tables show datasets of a portal", nfound),
				 errhint("Set search_path so that one of them is visible.")));
	return nfound == 1 ? relid : visible;
}

/*
 * The column of a foreign table of datasets that shows this one of the portal's, quoted.
 */
static const char *
column_of(const PortalTable *datasets, TupleDesc tupdesc, const char *name)
{
	AttrNumber	attnum = portal_attnum(datasets, name);

	if (attnum == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("foreign table \"%s\" has no column for \"%s\"", datasets->relname, name),
				 errhint("IMPORT FOREIGN SCHEMA makes a foreign table with all of them.")));
	return quote_identifier(NameStr(TupleDescAttr(tupdesc, attnum - 1)->attname));
}

/* ---- names ---- */

static bool
fits(char c, bool upper)
{
	return c == '_' || (c >= '0' && c <= '9') ||
		(upper ? c >= 'A' && c <= 'Z' : c >= 'a' && c <= 'z');
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/*
 * A name of ours as portals have names: letters of the other case become those of this
 * one, all else becomes an underscore.  If nothing is left, it is called fallback.
 * palloc'd, at most length bytes.
 */
static char *
fit_name(const char *name, bool upper, int length, const char *fallback)
{
	StringInfoData fit;
	bool		gap = false;

	initStringInfo(&fit);
	for (const char *p = name; *p; p += pg_mblen(p))
	{
		char		c = upper ? pg_ascii_toupper(*p) : pg_ascii_tolower(*p);

		if (!fits(c, upper))
		{
			gap = true;
			continue;
		}
		if (fit.len == 0 && c == '_')
			continue;
		if (gap && fit.len > 0)
			appendStringInfoChar(&fit, '_');
		gap = false;
		if (fit.len == 0 && !is_letter(c))
			appendStringInfoString(&fit, upper ? "F_" : "t_");
		appendStringInfoChar(&fit, c);
	}
	if (fit.len == 0)
		appendStringInfoString(&fit, fallback);
	if (fit.len > length)
		fit.data[length] = '\0';
	return fit.data;
}

/*
 * Raise an error if a name that the caller wants for a dataset is not one that portals
 * take.
 */
static void
check_dataset_name(const char *name)
{
	bool		good = name[0] >= 'a' && name[0] <= 'z' && strlen(name) <= MAX_DATASET_NAME;

	for (const char *p = name; *p && good; p++)
		good = fits(*p, false);
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid name for a dataset: \"%s\"", name),
				 errdetail("Portals take lower-case letters a-z, digits and underscores, a letter first, and at most %d of them.",
						   MAX_DATASET_NAME),
				 errhint("It could be \"%s\".", fit_name(name, false, MAX_DATASET_NAME, "dataset"))));
}

static bool
is_member(List *texts, const char *text)
{
	ListCell   *lc;

	foreach(lc, texts)
	{
		if (strcmp(lfirst(lc), text) == 0)
			return true;
	}
	return false;
}

/*
 * The name of a field for a column, which differs from those in the list; palloc'd.
 */
static char *
field_name(const char *column, int attnum, List *names)
{
	char	   *name = fit_name(column, true, MAX_FIELD_NAME, psprintf("FIELD_%d", attnum));
	char	   *base = name;

	for (int i = 2; is_member(names, name); i++)
	{
		char	   *suffix = psprintf("_%d", i);

		name = psprintf("%.*s%s", MAX_FIELD_NAME - (int) strlen(suffix), base, suffix);
	}
	return name;
}

/* ---- fields ---- */

/*
 * The type of a field, a constant: as the column's options say it, or else what comes
 * closest to the column's type.
 */
static const char *
field_type(const ColumnOptions *column, Form_pg_attribute attribute)
{
	if (column->wire_type != WIRE_UNKNOWN)
		return wire_type_name(column->wire_type);
	switch (getBaseType(attribute->atttypid))
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return wire_type_name(WIRE_INT);
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return wire_type_name(WIRE_DOUBLE);
		case DATEOID:
			return wire_type_name(WIRE_DATE);
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return wire_type_name(WIRE_DATETIME);
		default:
			return wire_type_name(WIRE_STRING);
	}
}

/*
 * The fields of a dataset for the columns of a foreign table, as JSON text.  A field that
 * several columns show is there once, for portals take each code once.
 */
static char *
fields_of_table(const TableOptions *table, TupleDesc tupdesc)
{
	StringInfoData json;
	List	   *names = NIL;
	List	   *codes = NIL;

	initStringInfo(&json);
	for (int i = 0; i < table->ncolumns; i++)
	{
		const ColumnOptions *column = &table->columns[i];
		char	   *name;

		if (column->field == NULL || is_member(codes, column->field))
			continue;
		name = field_name(column->name, i + 1, names);
		appendStringInfo(&json, "%s\n  {\"name\": \"%s\", \"type\": \"%s\", \"externalCode\": ",
						 codes == NIL ? "[" : ",", name,
						 field_type(column, TupleDescAttr(tupdesc, i)));
		escape_json(&json, column->field);
		appendStringInfoChar(&json, '}');
		names = lappend(names, name);
		codes = lappend(codes, unconstify(char *, column->field));
	}
	if (codes == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg("foreign table \"%s\" has no columns that could be fields of a dataset",
						table->relname)));
	appendStringInfoChar(&json, ']');
	return json.data;
}

/*
 * biconnector_dataset_statement(relation regclass, source_id bigint) returns text
 * biconnector_dataset_statement(relation regclass, source_id bigint, name text)
 * returns text
 *
 * The INSERT that makes a dataset of the source from a foreign table of the source's
 * connector.  The dataset's name is the table's unless name says another one; its
 * fields are the columns, with types as field_type has them.
 */
Datum
biconnector_dataset_statement(PG_FUNCTION_ARGS)
{
	Relation	relation = foreign_table_argument(fcinfo);
	TableOptions *table = get_table_options(RelationGetRelid(relation), GetUserId());
	Relation	datasets_relation;
	PortalTable *datasets;
	TupleDesc	tupdesc;
	char	   *name;
	StringInfoData sql;

	if (PG_NARGS() < 3)
		name = fit_name(table->relname, false, MAX_DATASET_NAME, "dataset");
	else
	{
		name = text_to_cstring(PG_GETARG_TEXT_PP(2));
		check_dataset_name(name);
	}
	if (table->filter)
		ereport(WARNING,
				(errmsg("the dataset shows all of table \"%s\", not only what the option \"filter\" of foreign table \"%s\" leaves",
						table->table_name, table->relname)));

	datasets_relation = table_open(find_datasets(table->connector.portal), AccessShareLock);
	datasets = get_portal_table(datasets_relation, GetUserId());
	tupdesc = RelationGetDescr(datasets_relation);
	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s (",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(datasets_relation)),
												datasets->relname));
	appendStringInfo(&sql, "%s, ", column_of(datasets, tupdesc, "source_id"));
	appendStringInfo(&sql, "%s, ", column_of(datasets, tupdesc, "name"));
	appendStringInfo(&sql, "%s, ", column_of(datasets, tupdesc, "external_code"));
	appendStringInfo(&sql, "%s, ", column_of(datasets, tupdesc, "external_name"));
	appendStringInfo(&sql, "%s)\nVALUES (" INT64_FORMAT ", ", column_of(datasets, tupdesc, "fields"),
					 PG_GETARG_INT64(1));
	appendStringInfo(&sql, "%s, ", quote_literal_cstr(name));
	appendStringInfo(&sql, "%s, ", quote_literal_cstr(table->table_name));
	appendStringInfo(&sql, "%s, ", quote_literal_cstr(table->relname));
	appendStringInfo(&sql, "%s);",
					 quote_literal_cstr(fields_of_table(table, RelationGetDescr(relation))));
	table_close(datasets_relation, NoLock);
	relation_close(relation, NoLock);
	PG_RETURN_TEXT_P(cstring_to_text(sql.data));
}
