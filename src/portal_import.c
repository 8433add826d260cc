/*-------------------------------------------------------------------------
 *
 * portal_import.c
 *	  IMPORT FOREIGN SCHEMA: a portal's objects as foreign tables.
 *
 * There is one schema, biconnector, and in it the tables that portal_object.c
 * knows.  Of the portal only columns are asked for that not all portals have.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_scan.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#define REMOTE_SCHEMA "biconnector"

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

static bool
is_wanted(const ImportForeignSchemaStmt *stmt, const PortalObject *object)
{
	switch (stmt->list_type)
	{
		case FDW_IMPORT_SCHEMA_LIMIT_TO:
			return is_listed(stmt->table_list, object->name);
		case FDW_IMPORT_SCHEMA_EXCEPT:
			return !is_listed(stmt->table_list, object->name);
		default:
			return true;
	}
}

/*
 * Say which names in LIMIT TO are none of a table.
 */
static void
check_limit_to(List *relations, const char *servername)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		const char *relname = ((RangeVar *) lfirst(lc))->relname;

		if (portal_object_by_name(relname) == NULL)
			ereport(WARNING,
					(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
					 errmsg("server \"%s\" has no table \"%s\"", servername, relname)));
	}
}

/*
 * Do the portal's objects of this kind have the column?  *fields is the answer to
 * "fields", which is asked for once.
 */
static bool
portal_has_column(PortalOptions *options, const PortalObject *object,
				  const PortalColumn *column, jsonc_object **fields)
{
	if ((column->flags & PORTAL_LATER) == 0)
		return true;
	if (*fields == NULL)
	{
		char	   *method = portal_method(options, object, "fields");
		jsonc_object *result = document_member(portal_call(options, method,
														   document_own(json_object_new_object()),
														   NULL), "result");

		*fields = json_object_is_type(result, json_type_object) ? document_member(result, "fields") : NULL;
		if (!json_object_is_type(*fields, json_type_array))
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("the answer of server \"%s\" to \"%s\" has no list of fields",
							options->servername, method)));
	}
	for (size_t i = 0; i < json_object_array_length(*fields); i++)
	{
		jsonc_object *field = json_object_array_get_idx(*fields, i);
		jsonc_object *title = json_object_is_type(field, json_type_object)
			? document_member(field, "title") : NULL;

		if (json_object_is_type(title, json_type_string) &&
			strcmp(json_object_get_string(title), column->key) == 0)
			return true;
	}
	return false;
}

/*
 * The CREATE FOREIGN TABLE statement for a kind of objects.
 */
static char *
table_statement(PortalOptions *options, const PortalObject *object)
{
	StringInfoData sql;
	jsonc_object *fields = NULL;
	int			columns = 0;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE FOREIGN TABLE %s (", quote_identifier(object->name));
	for (int i = 0; i < object->ncolumns; i++)
	{
		const PortalColumn *column = &object->columns[i];

		if (portal_has_column(options, object, column, &fields))
			appendStringInfo(&sql, "%s\n  %s %s", columns++ > 0 ? "," : "",
							 quote_identifier(column->name), column->sql_type);
	}
	/* the table may be given another name later */
	appendStringInfo(&sql, "\n) SERVER %s OPTIONS (object %s)",
					 quote_identifier(options->servername), quote_literal_cstr(object->name));
	return sql.data;
}

/*
 * The statements for IMPORT FOREIGN SCHEMA.
 */
List *
portalImportForeignSchema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	PortalOptions *options = get_portal_options(serverid, GetUserId());
	List	   *statements = NIL;

	if (stmt->options != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"%s\"", ((DefElem *) linitial(stmt->options))->defname),
				 errhint("There are no valid options in this context.")));
	if (strcmp(stmt->remote_schema, REMOTE_SCHEMA) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
				 errmsg("server \"%s\" has no schema \"%s\"", options->servername, stmt->remote_schema),
				 errhint("The tables of a portal are in schema \"%s\".", REMOTE_SCHEMA)));
	if (stmt->list_type == FDW_IMPORT_SCHEMA_LIMIT_TO)
		check_limit_to(stmt->table_list, options->servername);
	for (int i = 0; i < portal_object_count; i++)
	{
		if (is_wanted(stmt, &portal_objects[i]))
			statements = lappend(statements, table_statement(options, &portal_objects[i]));
	}
	return statements;
}
