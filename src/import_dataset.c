/*-------------------------------------------------------------------------
 *
 * import_dataset.c
 *	  Datasets of a portal, for IMPORT FOREIGN SCHEMA: those of the source that
 *	  a server is.
 *
 * A dataset is a table of the connector with names that the portal has given it.
 * What it is called, and its fields, come from the portal, its rows from the
 * connector.
 *
 *-------------------------------------------------------------------------
 */
#include "import.h"

#include "portal_scan.h"
#include "source.h"

/* An entry of the list of datasets */
typedef struct RemoteDataset
{
	RemoteTable table;			/* its code is the dataset's name, its key what
								 * the connector calls the table */
	int64		id;
} RemoteDataset;

/* What is asked for of datasets, by attribute number - 1 */
static const char *const listed[] = {"id", "source_id", "name", "external_code"};

/*
 * The portal's datasets as a foreign table would have them.
 */
static PortalTable *
table_of_datasets(PortalOptions *options)
{
	PortalTable *table = palloc0(sizeof(PortalTable));

	table->relname = "datasets";
	table->object = portal_object_by_name("datasets");
	table->options = options;
	table->estimated_rows = -1;
	table->natts = lengthof(listed);
	table->columns = palloc(sizeof(PortalColumn *) * lengthof(listed));
	for (int i = 0; i < lengthof(listed); i++)
		table->columns[i] = portal_column_by_name(table->object, listed[i]);
	return table;
}

/*
 * A member that must have a text in it, palloc'd.
 */
static char *
text_member(const ConnectorOptions *connector, jsonc_object *value, int64 id, const char *what)
{
	char	   *text = document_text(value);

	if (text == NULL || text[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("dataset " INT64_FORMAT " of server \"%s\" has no \"%s\"",
						id, connector->portal, what)));
	return text;
}

/*
 * The datasets of the source that the server is, a list of RemoteTable *, palloc'd: code
 * is the name of a dataset.  Raises what portal_call() does, and if the portal's answers
 * are not what they should be.
 */
List *
dataset_list(const ConnectorOptions *connector)
{
	PortalTable *table = table_of_datasets(source_portal(connector));
	FilterCondition *condition = palloc0(sizeof(FilterCondition));
	PortalReader *reader;
	List	   *columns = NIL;
	List	   *datasets = NIL;

	for (int attnum = 1; attnum <= table->natts; attnum++)
		columns = lappend_int(columns, attnum);
	condition->operator = FILTER_EQ;
	condition->field = portal_column_by_name(table->object, "source_id")->key;
	condition->wire_type = WIRE_INT;
	condition->values = list_make1(psprintf(INT64_FORMAT, connector->source_id));

	reader = portal_reader_create(table, columns, NIL);
	portal_reader_start(reader, list_make1(condition));
	while (portal_reader_next(reader))
	{
		RemoteDataset *dataset;
		int64		id = 0;
		int64		source_id = 0;

		(void) portal_integer(portal_reader_member(reader, table->columns[0]), &id);
		(void) portal_integer(portal_reader_member(reader, table->columns[1]), &source_id);
		/* whatever the filter was taken for */
		if (source_id != connector->source_id)
			continue;
		dataset = palloc0(sizeof(RemoteDataset));
		dataset->id = id;
		dataset->table.code =
			text_member(connector, portal_reader_member(reader, table->columns[2]), id, "name");
		dataset->table.key =
			text_member(connector, portal_reader_member(reader, table->columns[3]), id, "externalCode");
		datasets = lappend(datasets, &dataset->table);
	}
	portal_reader_close(reader);
	return datasets;
}

/*
 * The visible fields of a dataset that dataset_list() has listed, a list of RemoteField *,
 * palloc'd.  *found is false if it has been deleted since.  Raises errors as
 * dataset_list() does.
 */
List *
dataset_field_list(const ConnectorOptions *connector, const RemoteTable *dataset, bool *found)
{
	int64		id = ((const RemoteDataset *) dataset)->id;
	jsonc_object *item = portal_get(source_portal(connector), portal_object_by_name("datasets"), id);
	jsonc_object *fields = item ? portal_item_member(item, "fields") : NULL;
	List	   *result = NIL;

	*found = item != NULL;
	if (item == NULL)
		return NIL;
	if (!json_object_is_type(fields, json_type_array))
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("dataset " INT64_FORMAT " of server \"%s\" has no \"%s\"",
						id, connector->portal, "fields")));
	for (size_t i = 0; i < json_object_array_length(fields); i++)
	{
		jsonc_object *member = json_object_array_get_idx(fields, i);
		RemoteField *field;

		if (!json_object_is_type(member, json_type_object))
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("field %zu of dataset " INT64_FORMAT " of server \"%s\" is no object",
							i + 1, id, connector->portal)));
		if (!portal_boolean(document_member(member, "visible"), true))
			continue;
		field = palloc(sizeof(RemoteField));
		field->code = text_member(connector, document_member(member, "externalCode"), id,
								  "externalCode");
		field->name = text_member(connector, document_member(member, "name"), id, "name");
		field->type = text_member(connector, document_member(member, "type"), id, "type");
		/* as with connectors, an unknown type means string */
		field->wire_type = wire_type_by_name(field->type);
		if (field->wire_type == WIRE_UNKNOWN)
			field->wire_type = WIRE_STRING;
		result = lappend(result, field);
	}
	return result;
}
