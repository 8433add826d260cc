/*-------------------------------------------------------------------------
 *
 * portal_write.c
 *	  The calls that write a row of a portal's table, and the one that reads it
 *	  afterwards.
 *
 * A row has taken effect as soon as its call is answered: that is counted at once,
 * for those that follow may fail.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_modify.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "utils/datum.h"
#include "utils/memutils.h"

static const char *
column_name(const PortalModify *modify, AttrNumber attnum)
{
	return NameStr(TupleDescAttr(RelationGetDescr(modify->relation), attnum - 1)->attname);
}

/*
 * What a row is called in messages.
 */
static const char *
noun(const PortalModify *modify)
{
	return modify->table->object->kind ? modify->table->object->noun : "field";
}

static const char *
what_was_done(const PortalModify *modify)
{
	return modify->operation == CMD_INSERT ? "added" : "changed";
}

static jsonc_object *
new_object(void)
{
	return document_own(json_object_new_object());
}

/*
 * Put a value into an object under the portal's name for its column.
 */
static void
put_value(PortalModify *modify, jsonc_object *object, AttrNumber attnum, Datum value, bool isnull)
{
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("null value in column \"%s\" of foreign table \"%s\"",
						column_name(modify, attnum), modify->table->relname),
				 errdetail("A portal takes no null."),
				 modify->operation == CMD_INSERT
				 ? errhint("Leave the column out to get the portal's default.") : 0));
	json_object_object_add(object, modify->table->columns[attnum - 1]->key,
						   portal_value_write(modify->values[attnum - 1], value, false));
}

/*
 * The members of an object that a row of an INSERT gives: the columns that the
 * statement names, and what triggers and others have filled in.
 */
static jsonc_object *
members_of_new_row(PortalModify *modify, TupleTableSlot *slot)
{
	jsonc_object *object = new_object();

	for (AttrNumber attnum = 1; attnum <= modify->table->natts; attnum++)
	{
		bool		isnull;
		Datum		value;

		if (modify->table->columns[attnum - 1] == NULL)
			continue;
		value = slot_getattr(slot, attnum, &isnull);
		if (isnull && !bms_is_member(attnum, modify->given))
			continue;
		portal_check_column(modify->table, modify->relation, attnum, CMD_INSERT);
		put_value(modify, object, attnum, value, isnull);
	}
	return object;
}

/*
 * The id that a column of the plan's rows has.
 */
static jsonc_object *
target_id(PortalModify *modify, TupleTableSlot *planSlot, AttrNumber target, AttrNumber attnum)
{
	bool		isnull;
	Datum		value = ExecGetJunkAttribute(planSlot, target, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("column \"%s\" of a row of foreign table \"%s\" is null",
						column_name(modify, attnum), modify->table->relname),
				 errdetail("Without it, the row cannot be identified.")));
	return document_own(portal_value_write(modify->values[attnum - 1], value, false));
}

/*
 * Call a method of the table's objects.  Returns its result.
 */
static jsonc_object *
call(PortalModify *modify, const char *verb, jsonc_object *params)
{
	PortalOptions *options = modify->table->options;

	return document_member(portal_call(options, portal_method(options, modify->table->object, verb),
									   params, NULL), "result");
}

/*
 * Call a method that writes rows, and count them.  Returns its result.
 */
static jsonc_object *
call_to_write(PortalModify *modify, const char *verb, jsonc_object *params, int rows)
{
	jsonc_object *result = call(modify, verb, params);

	/* where it is not an object, it is true */
	if (result == NULL || (json_object_is_type(result, json_type_boolean) &&
						   !json_object_get_boolean(result)))
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("server \"%s\" does not say that \"%s\" has been done",
						modify->table->options->servername,
						portal_method(modify->table->options, modify->table->object, verb)),
				 errdetail("It may have been done nevertheless.")));
	modify->rows += rows;
	portal_end_effect(rows);
	return result;
}

/* ---- reading a row that was written ---- */

/*
 * A member of what "get" shows of an object.  In that of a source, most are those
 * of its connection.  False if there is none, which is something else than null.
 */
static bool
find_member(jsonc_object *item, const char *key, jsonc_object **member)
{
	jsonc_object *connection = document_member(item, "connection");

	return (json_object_is_type(connection, json_type_object) &&
			json_object_object_get_ex(connection, key, member)) ||
		json_object_object_get_ex(item, key, member);
}

/*
 * Put what "get" says into the slot of a row.  What it does not say stays as it
 * was written.
 */
static void
store_item(PortalModify *modify, TupleTableSlot *slot, jsonc_object *item)
{
	MemoryContext caller;
	int			natts = modify->table->natts;
	Datum	   *values = palloc(sizeof(Datum) * Max(natts, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(natts, 1));
	HeapTuple	tuple;

	slot_getallattrs(slot);
	memcpy(values, slot->tts_values, sizeof(Datum) * natts);
	memcpy(nulls, slot->tts_isnull, sizeof(bool) * natts);
	for (int i = 0; i < natts; i++)
	{
		jsonc_object *member;

		if (modify->table->columns[i] && find_member(item, modify->table->columns[i]->key, &member))
			values[i] = portal_value_read(modify->values[i], member, &nulls[i]);
	}
	caller = MemoryContextSwitchTo(slot->tts_mcxt);
	tuple = heap_form_tuple(RelationGetDescr(modify->relation), values, nulls);
	ExecForceStoreHeapTuple(tuple, slot, true);
	MemoryContextSwitchTo(caller);
}

/*
 * Of a dataset's fields, the one that has this member; NULL if there is none.
 */
static jsonc_object *
find_field(jsonc_object *dataset, const char *key, jsonc_object *value)
{
	jsonc_object *fields = document_member(dataset, "fields");

	if (!json_object_is_type(fields, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(fields); i++)
	{
		jsonc_object *field = json_object_array_get_idx(fields, i);
		jsonc_object *member = json_object_is_type(field, json_type_object)
			? document_member(field, key) : NULL;

		/* numbers may be written as strings */
		if (member && strcmp(json_object_get_string(member), json_object_get_string(value)) == 0)
			return field;
	}
	return NULL;
}

/*
 * Read a row that was written, and put it into its slot.  id is that of the object to
 * "get"; of a dataset's fields, key and value tell which one it is.
 */
static void
read_back(PortalModify *modify, TupleTableSlot *slot, jsonc_object *id,
		  const char *key, jsonc_object *value)
{
	MemoryContext caller = CurrentMemoryContext;

	PG_TRY();
	{
		jsonc_object *params = new_object();
		jsonc_object *result;
		jsonc_object *item;

		json_object_object_add(params, "id", json_object_get(id));
		result = call(modify, "get", params);
		item = json_object_is_type(result, json_type_object) ? document_member(result, "item") : NULL;
		if (json_object_is_type(item, json_type_object) && key)
			item = find_field(item, key, value);
		if (!json_object_is_type(item, json_type_object))
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("the answer of server \"%s\" does not have the %s that was %s",
							modify->table->options->servername, noun(modify), what_was_done(modify))));
		store_item(modify, slot, item);
	}
	PG_CATCH();
	{
		ErrorData  *error;
		char	   *exists;

		/* the row is there, whatever became of reading it */
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		exists = psprintf("The %s has been %s: %s is %s.", noun(modify), what_was_done(modify),
						  key ? key : "id", json_object_get_string(key ? value : id));
		error->detail = error->detail ? psprintf("%s\n%s", error->detail, exists) : exists;
		ReThrowError(error);
	}
	PG_END_TRY();
}

/* ---- connectors, sources, datasets ---- */

/*
 * Put the id of a new object into the slot of its row.
 */
static void
store_id(PortalModify *modify, TupleTableSlot *slot, jsonc_object *id)
{
	jsonc_object *item = new_object();

	json_object_object_add(item, "id", json_object_get(id));
	store_item(modify, slot, item);
}

/*
 * Add an object, and read it back if that is wanted.
 */
void
portal_insert_row(PortalModify *modify, TupleTableSlot *slot)
{
	jsonc_object *params = new_object();
	jsonc_object *result;
	jsonc_object *id;

	json_object_object_add(params, "fields", json_object_get(members_of_new_row(modify, slot)));
	result = call_to_write(modify, "add", params, 1);
	if (modify->reads == PORTAL_READS_NOTHING)
		return;

	id = json_object_is_type(result, json_type_object) ? document_member(result, "id") : result;
	if (!json_object_is_type(id, json_type_int) && !json_object_is_type(id, json_type_string))
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("the answer of server \"%s\" does not have the id of the %s that was added",
						modify->table->options->servername, noun(modify)),
				 errdetail("The %s has been added.", noun(modify))));
	if (modify->reads == PORTAL_READS_ROW)
		read_back(modify, slot, id, NULL, NULL);
	else
		store_id(modify, slot, id);
}

/*
 * The row as it was before the statement, if the plan's rows have it.
 */
static bool
old_row(PortalModify *modify, TupleTableSlot *planSlot, HeapTuple tuple)
{
	bool		isnull = true;
	Datum		value;

	if (!AttributeNumberIsValid(modify->row_target))
		return false;
	value = ExecGetJunkAttribute(planSlot, modify->row_target, &isnull);
	if (isnull)
		return false;
	memset(tuple, 0, sizeof(HeapTupleData));
	tuple->t_data = DatumGetHeapTupleHeader(value);
	tuple->t_len = HeapTupleHeaderGetDatumLength(tuple->t_data);
	ItemPointerSetInvalid(&tuple->t_self);
	tuple->t_tableOid = RelationGetRelid(modify->relation);
	return true;
}

/*
 * The columns that an UPDATE sends of a row: those of the SET list, and those that
 * triggers have changed.  Palloc'd.
 */
static Bitmapset *
changed_columns(PortalModify *modify, TupleTableSlot *slot, TupleTableSlot *planSlot)
{
	TupleDesc	tupdesc = RelationGetDescr(modify->relation);
	Bitmapset  *columns = bms_copy(modify->given);
	HeapTupleData old;

	if (!modify->may_set_others || !old_row(modify, planSlot, &old))
		return columns;
	for (AttrNumber attnum = 1; attnum <= modify->table->natts; attnum++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, attnum - 1);
		Datum		before;
		Datum		after;
		bool		before_null;
		bool		after_null;

		if (modify->table->columns[attnum - 1] == NULL || bms_is_member(attnum, columns))
			continue;
		before = heap_getattr(&old, attnum, tupdesc, &before_null);
		after = slot_getattr(slot, attnum, &after_null);
		if (before_null == after_null &&
			(before_null || datum_image_eq(before, after, attribute->attbyval, attribute->attlen)))
			continue;
		portal_check_column(modify->table, modify->relation, attnum, CMD_UPDATE);
		columns = bms_add_member(columns, attnum);
	}
	return columns;
}

/*
 * Begin to change an object: its id, or that of its dataset, and what errors call it.
 */
static jsonc_object *
params_of_row(PortalModify *modify, TupleTableSlot *planSlot, jsonc_object **id)
{
	bool		is_field = modify->table->object->kind == NULL;
	jsonc_object *params = new_object();
	jsonc_object *object;

	*id = object = target_id(modify, planSlot, modify->id_target, modify->id);
	modify->label = psprintf("%s %s", noun(modify), json_object_get_string(*id));
	if (is_field)
	{
		object = target_id(modify, planSlot, modify->dataset_target, modify->dataset_id);
		modify->label = psprintf("%s of dataset %s", modify->label, json_object_get_string(object));
	}
	json_object_object_add(params, "id", json_object_get(object));
	return params;
}

/*
 * Change an object, or a field of a dataset, and read it back if that is wanted.
 */
void
portal_update_row(PortalModify *modify, TupleTableSlot *slot, TupleTableSlot *planSlot)
{
	bool		is_field = modify->table->object->kind == NULL;
	jsonc_object *id;
	jsonc_object *params = params_of_row(modify, planSlot, &id);
	jsonc_object *target = document_member(params, "id");
	jsonc_object *fields = new_object();
	Bitmapset  *columns = changed_columns(modify, slot, planSlot);
	int			attnum = -1;

	while ((attnum = bms_next_member(columns, attnum)) >= 0)
	{
		bool		isnull;
		Datum		value = slot_getattr(slot, attnum, &isnull);

		put_value(modify, fields, attnum, value, isnull);
	}
	if (is_field)
	{
		jsonc_object *updates = document_own(json_object_new_array());

		json_object_object_add(fields, "id", json_object_get(id));
		json_object_array_add(updates, json_object_get(fields));
		json_object_object_add(params, "update", json_object_get(updates));
		(void) call_to_write(modify, "fields.update", params, 1);
	}
	else
	{
		json_object_object_add(params, "fields", json_object_get(fields));
		(void) call_to_write(modify, "update", params, 1);
	}
	if (modify->reads == PORTAL_READS_ROW)
		read_back(modify, slot, target, is_field ? "id" : NULL, is_field ? id : NULL);
}

/*
 * Delete an object, or a field of a dataset.  What RETURNING shows is as it was read.
 */
void
portal_delete_row(PortalModify *modify, TupleTableSlot *slot, TupleTableSlot *planSlot)
{
	jsonc_object *id;
	jsonc_object *params = params_of_row(modify, planSlot, &id);
	HeapTupleData old;

	if (modify->table->object->kind == NULL)
	{
		jsonc_object *deletes = document_own(json_object_new_array());

		json_object_array_add(deletes, json_object_get(id));
		json_object_object_add(params, "delete", json_object_get(deletes));
		(void) call_to_write(modify, "fields.update", params, 1);
	}
	else
		(void) call_to_write(modify, "delete", params, 1);

	if (old_row(modify, planSlot, &old))
	{
		MemoryContext caller = MemoryContextSwitchTo(slot->tts_mcxt);

		ExecForceStoreHeapTuple(heap_copytuple(&old), slot, true);
		MemoryContextSwitchTo(caller);
	}
}

/* ---- fields of datasets ---- */

/*
 * Add fields, with one call for those of a dataset, in the order of their first
 * ones.  Of a single one, what was added is read back if that is wanted.
 */
void
portal_insert_fields(PortalModify *modify, TupleTableSlot **slots, int nslots)
{
	jsonc_object **fields = palloc(sizeof(jsonc_object *) * nslots);
	jsonc_object **datasets = palloc0(sizeof(jsonc_object *) * nslots);

	for (int i = 0; i < nslots; i++)
	{
		fields[i] = members_of_new_row(modify, slots[i]);
		datasets[i] = document_member(fields[i], "datasetId");
		if (datasets[i])
			document_own(json_object_get(datasets[i]));
		json_object_object_del(fields[i], "datasetId");
	}
	for (int i = 0; i < nslots; i++)
	{
		jsonc_object *params;
		jsonc_object *adds;

		if (fields[i] == NULL)
			continue;			/* it went with another one */
		params = new_object();
		adds = document_own(json_object_new_array());
		if (datasets[i])
			json_object_object_add(params, "id", json_object_get(datasets[i]));
		for (int j = i; j < nslots; j++)
		{
			if (fields[j] && (datasets[i] && datasets[j]
							  ? json_object_equal(datasets[i], datasets[j])
							  : datasets[i] == datasets[j]))
			{
				json_object_array_add(adds, json_object_get(fields[j]));
				if (j > i)
					fields[j] = NULL;
			}
		}
		json_object_object_add(params, "add", json_object_get(adds));
		modify->label = datasets[i]
			? psprintf("fields of dataset %s", json_object_get_string(datasets[i])) : NULL;
		(void) call_to_write(modify, "fields.update", params, json_object_array_length(adds));
	}
	if (modify->reads == PORTAL_READS_ROW)
	{
		Assert(nslots == 1);
		read_back(modify, slots[0], datasets[0], "name", document_member(fields[0], "name"));
	}
}
