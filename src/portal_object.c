/*-------------------------------------------------------------------------
 *
 * portal_object.c
 *	  A portal's objects as tables: which columns there are, what the portal
 *	  calls them, and what may be done with each.
 *
 * The tables below are the one place that knows this.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_object.h"

#include "catalog/pg_attribute.h"
#include "commands/defrem.h"
#include "option_value.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#define ADD			PORTAL_ADD
#define REQUIRED	(PORTAL_ADD | PORTAL_REQUIRED)
#define UPDATE		PORTAL_UPDATE
#define FILTER		PORTAL_FILTER
#define SURE		(PORTAL_FILTER | PORTAL_NEVER_NULL)

static const PortalColumn connector_columns[] = {
	{"id", "id", "bigint", PORTAL_INTEGER, SURE},
	{"title", "title", "text", PORTAL_TEXT, REQUIRED | UPDATE | FILTER},
	{"logo", "logo", "text", PORTAL_TEXT, REQUIRED | UPDATE | FILTER},
	{"description", "description", "text", PORTAL_TEXT, ADD | UPDATE | FILTER},
	{"sort", "sort", "integer", PORTAL_INTEGER, ADD | UPDATE | FILTER},
	{"url_check", "urlCheck", "text", PORTAL_TEXT, REQUIRED | UPDATE | FILTER},
	{"url_table_list", "urlTableList", "text", PORTAL_TEXT, REQUIRED | UPDATE | FILTER},
	{"url_table_description", "urlTableDescription", "text", PORTAL_TEXT, REQUIRED | UPDATE | FILTER},
	{"url_data", "urlData", "text", PORTAL_TEXT, REQUIRED | UPDATE | FILTER},
	{"settings", "settings", "jsonb", PORTAL_JSON, REQUIRED | UPDATE},
	{"date_create", "dateCreate", "timestamp", PORTAL_DATETIME, SURE},
	{"support_mapping", "supportMapping", "boolean", PORTAL_BOOLEAN, ADD | UPDATE | PORTAL_LATER},
	{"source_code", "sourceCode", "text", PORTAL_TEXT, ADD | UPDATE | FILTER | PORTAL_LATER},
};

static const PortalColumn source_columns[] = {
	{"id", "id", "bigint", PORTAL_INTEGER, SURE},
	{"title", "title", "text", PORTAL_TEXT, REQUIRED | UPDATE | FILTER},
	{"type", "type", "text", PORTAL_TEXT, FILTER},
	{"code", "code", "text", PORTAL_TEXT, FILTER},
	{"description", "description", "text", PORTAL_TEXT, ADD | UPDATE | FILTER},
	{"active", "active", "boolean", PORTAL_BOOLEAN, ADD | UPDATE},
	{"connector_id", "connectorId", "bigint", PORTAL_INTEGER, REQUIRED | SURE},
	{"settings", "settings", "jsonb", PORTAL_SETTINGS, REQUIRED | UPDATE | PORTAL_GET},
	{"date_create", "dateCreate", "timestamp", PORTAL_DATETIME, SURE},
	{"date_update", "dateUpdate", "timestamp", PORTAL_DATETIME, FILTER},
	{"created_by_id", "createdById", "bigint", PORTAL_INTEGER, FILTER},
	{"updated_by_id", "updatedById", "bigint", PORTAL_INTEGER, FILTER},
};

static const PortalColumn dataset_columns[] = {
	{"id", "id", "bigint", PORTAL_INTEGER, SURE},
	{"source_id", "sourceId", "bigint", PORTAL_INTEGER, REQUIRED | SURE | PORTAL_LISTED},
	{"type", "type", "text", PORTAL_TEXT, FILTER},
	{"name", "name", "text", PORTAL_TEXT, REQUIRED | FILTER},
	{"description", "description", "text", PORTAL_TEXT, ADD | UPDATE | FILTER},
	{"external_code", "externalCode", "text", PORTAL_TEXT, REQUIRED | FILTER},
	{"external_name", "externalName", "text", PORTAL_TEXT, REQUIRED | FILTER},
	{"external_id", "externalId", "bigint", PORTAL_INTEGER, FILTER},
	{"date_create", "dateCreate", "timestamp", PORTAL_DATETIME, SURE},
	{"date_update", "dateUpdate", "timestamp", PORTAL_DATETIME, FILTER},
	{"created_by_id", "createdById", "bigint", PORTAL_INTEGER, FILTER},
	{"updated_by_id", "updatedById", "bigint", PORTAL_INTEGER, FILTER},
	{"fields", "fields", "jsonb", PORTAL_JSON, REQUIRED | PORTAL_GET},
};

static const PortalColumn field_columns[] = {
	{"id", "id", "bigint", PORTAL_INTEGER, 0},
	{"dataset_id", "datasetId", "bigint", PORTAL_INTEGER, REQUIRED},
	{"type", "type", "text", PORTAL_TEXT, REQUIRED},
	{"name", "name", "text", PORTAL_TEXT, REQUIRED},
	{"external_code", "externalCode", "text", PORTAL_TEXT, REQUIRED},
	{"visible", "visible", "boolean", PORTAL_BOOLEAN, UPDATE},
};

const PortalObject portal_objects[] = {
	{"connectors", "connector", "connector", connector_columns, lengthof(connector_columns)},
	{"sources", "source", "source", source_columns, lengthof(source_columns)},
	{"datasets", "dataset", "dataset", dataset_columns, lengthof(dataset_columns)},
	{"dataset_fields", NULL, "field of a dataset", field_columns, lengthof(field_columns)},
};

const int	portal_object_count = lengthof(portal_objects);

/*
 * The kind of objects that a table option names, or NULL.
 */
const PortalObject *
portal_object_by_name(const char *name)
{
	for (int i = 0; i < lengthof(portal_objects); i++)
	{
		if (strcmp(portal_objects[i].name, name) == 0)
			return &portal_objects[i];
	}
	return NULL;
}

/*
 * The column of this name, as IMPORT calls it, or NULL.
 */
const PortalColumn *
portal_column_by_name(const PortalObject *object, const char *name)
{
	for (int i = 0; i < object->ncolumns; i++)
	{
		if (strcmp(object->columns[i].name, name) == 0)
			return &object->columns[i];
	}
	return NULL;
}

/*
 * The name of a method, palloc'd: the verb is "list", "get" and so on.  Fields of
 * datasets have none of their own but "fields.update".
 */
char *
portal_method(const PortalOptions *options, const PortalObject *object, const char *verb)
{
	const char *kind = object->kind;

	if (kind == NULL || strcmp(kind, "dataset") == 0)
		kind = options->table_family ? "table" : "dataset";
	return psprintf("biconnector.%s.%s", kind, verb);
}

/*
 * What a foreign table, its server and the user's mapping say, palloc'd.  Raises
 * errors if a table or column has no counterpart.
 */
PortalTable *
get_portal_table(Relation relation, Oid userid)
{
	PortalTable *table = palloc0(sizeof(PortalTable));
	ForeignTable *foreign_table = GetForeignTable(RelationGetRelid(relation));
	TupleDesc	tupdesc = RelationGetDescr(relation);
	const char *object;
	ListCell   *lc;

	table->relid = RelationGetRelid(relation);
	table->relname = pstrdup(RelationGetRelationName(relation));
	table->options = get_portal_options(foreign_table->serverid, userid);
	table->estimated_rows = -1;
	object = table->relname;
	foreach(lc, foreign_table->options)
	{
		DefElem    *def = lfirst(lc);

		if (strcmp(def->defname, "object") == 0)
			object = defGetString(def);
		else if (strcmp(def->defname, "estimated_rows") == 0)
			(void) parse_real(defGetString(def), &table->estimated_rows, 0, NULL);
		else if (strcmp(def->defname, "fdw_startup_cost") == 0)
			set_cost(def->defname, defGetString(def), &table->options->startup_cost);
		else if (strcmp(def->defname, "fdw_tuple_cost") == 0)
			set_cost(def->defname, defGetString(def), &table->options->tuple_cost);
	}
	table->object = portal_object_by_name(object);
	if (table->object == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("a portal has no objects of kind \"%s\"", object),
				 errhint("The option \"object\" of foreign table \"%s\" must be connectors, sources, datasets or dataset_fields.",
						 table->relname)));

	table->natts = tupdesc->natts;
	table->columns = palloc0(sizeof(PortalColumn *) * Max(tupdesc->natts, 1));
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
		const char *name = NameStr(attribute->attname);

		if (attribute->attisdropped || compat_is_virtual(attribute))
			continue;
		foreach(lc, GetForeignColumnOptions(table->relid, i + 1))
		{
			DefElem    *def = lfirst(lc);

			if (strcmp(def->defname, "column_name") == 0)
				name = defGetString(def);
		}
		table->columns[i] = portal_column_by_name(table->object, name);
		if (table->columns[i] == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
					 errmsg("%s of a portal have no \"%s\"", table->object->name, name),
					 errhint("The option \"column_name\" of column \"%s\" of foreign table \"%s\" names one that they have; IMPORT FOREIGN SCHEMA makes all of them.",
							 NameStr(attribute->attname), table->relname)));
	}
	return table;
}

/*
 * The attribute number of the first column that shows this one of the portal's, or
 * InvalidAttrNumber.
 */
AttrNumber
portal_attnum(const PortalTable *table, const char *name)
{
	for (int i = 0; i < table->natts; i++)
	{
		if (table->columns[i] && strcmp(table->columns[i]->name, name) == 0)
			return i + 1;
	}
	return InvalidAttrNumber;
}
