/*-------------------------------------------------------------------------
 *
 * portal_read.c
 *	  Objects of a portal, from lists and one by one.
 *
 * Lists come in pages.  A page is asked for by where the last one ended, not by its
 * number: "all that come behind this row", in an order that ends with the id.  So
 * objects that are deleted meanwhile move no other one from a page that is still
 * to come to one that has been read.  Nothing is asked for ahead of time.
 *
 * Some columns only "get" tells of, which is called for each object then.  Fields
 * are in what it tells of their datasets.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_scan.h"

#include "miscadmin.h"
#include "utils/memutils.h"

/* What rows are ordered by */
typedef struct OrderColumn
{
	const PortalColumn *column;
	bool		descending;
} OrderColumn;

/* ... and where a row stands in that order */
typedef struct OrderValue
{
	int64		number;
	char		time[20];
} OrderValue;

struct PortalReader
{
	const PortalTable *table;
	List	   *columns;		/* attribute numbers */
	List	   *wanted;			/* their keys and those of the order: of PortalColumn *, each once */
	OrderColumn *order;			/* the last one is the id */
	int			norder;
	bool		select_all;		/* "select" is left out of lists */
	bool		needs_item;		/* "get" is called for what lists have */
	uint64		calls;

	/* what is being read */
	MemoryContext request_context;
	MemoryContext page_context;
	MemoryContext item_context;
	List	   *conditions;		/* of FilterCondition * */
	List	   *ids;			/* objects to get, as int64 *; ... */
	bool		by_id;			/* ... if they are not listed */
	int			next_id;

	jsonc_object *page;			/* the list's current page, or NULL */
	size_t		next_row;
	bool		ended;			/* there is no page behind it */
	OrderValue *last;			/* the last row that was read */
	bool		has_last;

	jsonc_object *row;			/* of the page; NULL if not listed */
	jsonc_object *item;			/* of "get"; NULL if not asked for */
	jsonc_object *id;			/* of the object */
	jsonc_object *fields;		/* of a dataset, if these are the rows */
	size_t		next_field;
	jsonc_object *field;
};

/* ---- what to ask for ---- */

/*
 * Fields of datasets have no methods of their own: what is listed are datasets.
 */
static bool
reads_fields(const PortalTable *table)
{
	return table->object->kind == NULL;
}

/*
 * Can what is wanted of an object be had by its id, without a list?  list: of
 * several objects.
 */
bool
portal_gets_by_id(const PortalTable *table, List *columns, bool list)
{
	ListCell   *lc;

	if (reads_fields(table))
		return true;
	foreach(lc, columns)
	{
		if (table->columns[lfirst_int(lc) - 1]->flags & PORTAL_LISTED)
			return false;
	}
	return !list;
}

/*
 * Add a column to the order.  Behind the id there is nothing left to order.
 */
static void
add_order(PortalReader *reader, const PortalColumn *column, bool descending)
{
	for (int i = 0; i < reader->norder; i++)
	{
		if (reader->order[i].column == column || strcmp(reader->order[i].column->key, "id") == 0)
			return;
	}
	reader->order[reader->norder].column = column;
	reader->order[reader->norder++].descending = descending;
}

/*
 * Prepare to read these columns (attribute numbers) of a table, in this order
 * (likewise; negative: descending), which may be NIL.  Lives in the current memory
 * context, as do the answers of the portal, one page at a time.
 */
PortalReader *
portal_reader_create(const PortalTable *table, List *columns, List *order)
{
	PortalReader *reader = palloc0(sizeof(PortalReader));
	const PortalColumn *id = portal_column_by_name(table->object, "id");
	bool		has_updates = portal_column_by_name(table->object, "date_update") != NULL;
	ListCell   *lc;

	reader->table = table;
	reader->columns = columns;
	reader->order = palloc(sizeof(OrderColumn) * (list_length(order) + 1));
	foreach(lc, order)
	{
		int			attnum = lfirst_int(lc);

		add_order(reader, table->columns[abs(attnum) - 1], attnum < 0);
	}
	add_order(reader, id, false);
	reader->last = palloc0(sizeof(OrderValue) * reader->norder);

	for (int i = 0; i < reader->norder && !reads_fields(table); i++)
		reader->wanted = lappend(reader->wanted, unconstify(PortalColumn *, reader->order[i].column));
	foreach(lc, columns)
		reader->wanted = list_append_unique_ptr(reader->wanted,
												unconstify(PortalColumn *, table->columns[lfirst_int(lc) - 1]));
	reader->needs_item = reads_fields(table);
	foreach(lc, reader->wanted)
	{
		const PortalColumn *column = lfirst(lc);

		if (column->flags & PORTAL_GET)
			reader->needs_item = true;

		/* dates of sources and datasets come as {} if they are selected by name */
		if (column->form == PORTAL_DATETIME && has_updates)
			reader->select_all = true;
	}
	reader->request_context = AllocSetContextCreate(CurrentMemoryContext, "biconnector request",
													ALLOCSET_SMALL_SIZES);
	reader->page_context = AllocSetContextCreate(CurrentMemoryContext, "biconnector page",
												 ALLOCSET_DEFAULT_SIZES);
	reader->item_context = AllocSetContextCreate(CurrentMemoryContext, "biconnector item",
												 ALLOCSET_DEFAULT_SIZES);
	return reader;
}

/*
 * Let go of answers.
 */
void
portal_reader_close(PortalReader *reader)
{
	reader->page = reader->row = reader->item = reader->id = NULL;
	reader->fields = reader->field = NULL;
	reader->conditions = reader->ids = NIL;
	MemoryContextReset(reader->item_context);
	MemoryContextReset(reader->page_context);
	MemoryContextReset(reader->request_context);
}

/*
 * Start to read what satisfies conditions (of FilterCondition *), which must stay
 * until the reader is closed or started anew.  Nothing is asked for yet.
 */
void
portal_reader_start(PortalReader *reader, List *conditions)
{
	MemoryContext caller;
	ListCell   *lc;

	portal_reader_close(reader);
	reader->conditions = conditions;
	reader->by_id = reader->ended = reader->has_last = false;
	reader->next_id = 0;
	caller = MemoryContextSwitchTo(reader->request_context);
	foreach(lc, conditions)
	{
		FilterCondition *condition = lfirst(lc);
		ListCell   *value;

		if ((condition->operator != FILTER_EQ && condition->operator != FILTER_IN) ||
			strcmp(condition->field, "id") != 0 || condition->values == NIL)
			continue;
		reader->by_id = portal_gets_by_id(reader->table, reader->columns,
										  condition->operator == FILTER_IN);
		foreach(value, condition->values)
		{
			int64	   *id = palloc(sizeof(int64));

			*id = strtoll(lfirst(value), NULL, 10);
			/* portals take no others for ids at all */
			if (*id > 0)
				reader->ids = lappend(reader->ids, id);
		}
		break;
	}
	MemoryContextSwitchTo(caller);
}

/* ---- answers ---- */

pg_noreturn static void
bad_answer(const PortalOptions *options, const char *method, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTOCOL_VIOLATION),
			 errmsg("the answer of server \"%s\" to \"%s\" cannot be understood",
					options->servername, method),
			 errdetail_internal("%s", detail)));
	pg_unreachable();
}

/*
 * An object's members as "get" tells them, which the current memory context owns;
 * NULL if there is no such object.  Fields of datasets are in that of their dataset.
 * Raises what portal_call() does.
 */
jsonc_object *
portal_get(PortalOptions *options, const PortalObject *object, int64 id)
{
	char	   *method = portal_method(options, object, "get");
	jsonc_object *params = document_own(json_object_new_object());
	jsonc_object *answer;
	jsonc_object *item;

	json_object_object_add(params, "id", json_object_new_int64(id));
	answer = portal_call_if_found(options, method, params);
	if (answer == NULL)
		return NULL;
	item = document_member(answer, "result");
	if (json_object_is_type(item, json_type_object))
		item = document_member(item, "item");
	if (!json_object_is_type(item, json_type_object))
		bad_answer(options, method, "There is no object in it.");
	return item;
}

/*
 * A member of what portal_get() returns, or NULL.  Of sources, most are one level
 * deeper.
 */
jsonc_object *
portal_item_member(jsonc_object *item, const char *key)
{
	jsonc_object *connection = document_member(item, "connection");
	jsonc_object *member = NULL;

	if (json_object_is_type(connection, json_type_object) &&
		json_object_object_get_ex(connection, key, &member))
		return member;
	return document_member(item, key);
}

/*
 * Read an integer, written as such or as text.  False if it is none.
 */
bool
portal_integer(jsonc_object *member, int64 *number)
{
	const char *text;
	char	   *end;

	if (!json_object_is_type(member, json_type_int) &&
		!json_object_is_type(member, json_type_string))
		return false;
	text = json_object_get_string(member);
	errno = 0;
	*number = strtoll(text, &end, 10);
	return (isdigit((unsigned char) text[0]) || text[0] == '-') && *end == '\0' && errno == 0;
}

/*
 * Where a row of a list stands.  Raises an error if it does not say.
 */
static void
read_order_values(PortalReader *reader, const char *method, OrderValue *values)
{
	for (int i = 0; i < reader->norder; i++)
	{
		const PortalColumn *column = reader->order[i].column;
		jsonc_object *member = document_member(reader->row, column->key);

		memset(&values[i], 0, sizeof(OrderValue));
		if (column->form == PORTAL_DATETIME && json_object_is_type(member, json_type_string) &&
			json_object_get_string_len(member) == lengthof(values[i].time) - 1)
			strlcpy(values[i].time, json_object_get_string(member), lengthof(values[i].time));
		else if (column->form != PORTAL_INTEGER || !portal_integer(member, &values[i].number))
			bad_answer(reader->table->options, method,
					   psprintf("Row %zu of a page has no \"%s\".", reader->next_row, column->key));
	}
}

static int
compare_order(const PortalReader *reader, const OrderValue *a, const OrderValue *b)
{
	for (int i = 0; i < reader->norder; i++)
	{
		int			result = a[i].number < b[i].number ? -1 : a[i].number > b[i].number ? 1
			: strcmp(a[i].time, b[i].time);

		if (result != 0)
			return reader->order[i].descending ? -result : result;
	}
	return 0;
}

/* ---- pages ---- */

/*
 * Add "order column OPERATOR value of the last row" to a filter.
 */
static void
add_bound(const PortalReader *reader, jsonc_object *filter, int i, const char *operator)
{
	const PortalColumn *column = reader->order[i].column;

	json_object_object_add(filter, psprintf("%s%s", operator, column->key),
						   column->form == PORTAL_DATETIME
						   ? document_new_string(reader->last[i].time)
						   : json_object_new_int64(reader->last[i].number));
}

/*
 * The filter of a page: the conditions, and that rows come behind the last one.
 * The caller puts it into a tree at once.
 */
static jsonc_object *
page_filter(const PortalReader *reader)
{
	jsonc_object *filter = portal_filter_document(reader->conditions);
	jsonc_object *whole;
	jsonc_object *behind;

	if (!reader->has_last)
		return filter;
	if (reader->norder == 1)
	{
		const char *operator = reader->order[0].descending ? "<" : ">";
		char	   *key = psprintf("%s%s", operator, reader->order[0].column->key);

		/* the bound of the query, if there is one, stays beside ours */
		if (json_object_object_get_ex(filter, key, NULL))
		{
			whole = json_object_new_object();
			json_object_object_add(whole, "0", filter);
			filter = whole;
		}
		add_bound(reader, filter, 0, operator);
		return filter;
	}

	/* behind in the first column, or level with it and behind in the second, ... */
	behind = json_object_new_object();
	json_object_object_add(behind, "logic", document_new_string("OR"));
	for (int i = 0; i < reader->norder; i++)
	{
		jsonc_object *group = json_object_new_object();

		for (int other = 0; other < i; other++)
			add_bound(reader, group, other, "=");
		add_bound(reader, group, i, reader->order[i].descending ? "<" : ">");
		json_object_object_add(behind, psprintf("%d", i), group);
	}
	whole = json_object_new_object();
	if (json_object_object_length(filter) > 0)
		json_object_object_add(whole, "0", filter);
	else
		json_object_put(filter);
	json_object_object_add(whole, "1", behind);
	return whole;
}

/*
 * The keys that lists are asked for, as list of char *; NIL: all.
 */
List *
portal_reader_select(const PortalReader *reader)
{
	List	   *keys = NIL;
	ListCell   *lc;

	if (reader->select_all)
		return NIL;
	if (reads_fields(reader->table))
		return list_make1(pstrdup("id"));
	foreach(lc, reader->wanted)
	{
		const PortalColumn *column = lfirst(lc);

		if ((column->flags & PORTAL_GET) == 0)
			keys = lappend(keys, pstrdup(column->key));
	}
	return keys;
}

/*
 * Ask for the next page.
 */
static void
read_page(PortalReader *reader)
{
	PortalOptions *options = reader->table->options;
	char	   *method;
	MemoryContext caller;
	jsonc_object *params;
	jsonc_object *order;
	jsonc_object *filter;
	List	   *keys;
	ListCell   *lc;

	reader->page = reader->row = NULL;
	MemoryContextReset(reader->page_context);
	caller = MemoryContextSwitchTo(reader->page_context);
	method = portal_method(options, reader->table->object, "list");
	params = document_own(json_object_new_object());
	keys = portal_reader_select(reader);
	if (keys != NIL)
	{
		jsonc_object *select = json_object_new_array();

		json_object_object_add(params, "select", select);
		foreach(lc, keys)
			json_object_array_add(select, document_new_string(lfirst(lc)));
	}
	filter = page_filter(reader);
	if (json_object_object_length(filter) > 0)
		json_object_object_add(params, "filter", filter);
	else
		json_object_put(filter);
	order = json_object_new_object();
	json_object_object_add(params, "order", order);
	for (int i = 0; i < reader->norder; i++)
		json_object_object_add(order, reader->order[i].column->key,
							   document_new_string(reader->order[i].descending ? "DESC" : "ASC"));

	reader->calls++;
	reader->page = document_member(portal_call(options, method, params, NULL), "result");
	if (!json_object_is_type(reader->page, json_type_array))
		bad_answer(options, method, "There is no list in it.");
	reader->next_row = 0;
	/* the last page is the first one that is not full */
	reader->ended = json_object_array_length(reader->page) < PORTAL_PAGE;
	MemoryContextSwitchTo(caller);
}

/*
 * Move to the next row of the list.  False if there is none.
 */
static bool
next_listed(PortalReader *reader)
{
	const PortalOptions *options = reader->table->options;
	OrderValue *values;
	MemoryContext caller;
	char	   *method;

	while (reader->page == NULL ||
		   reader->next_row >= json_object_array_length(reader->page))
	{
		if (reader->page && reader->ended)
			return false;
		read_page(reader);
	}
	caller = MemoryContextSwitchTo(reader->item_context);
	method = portal_method(options, reader->table->object, "list");
	reader->row = json_object_array_get_idx(reader->page, reader->next_row++);
	if (!json_object_is_type(reader->row, json_type_object))
		bad_answer(options, method, psprintf("Row %zu of a page is no object.", reader->next_row));
	values = palloc(sizeof(OrderValue) * reader->norder);
	read_order_values(reader, method, values);
	if (reader->has_last && compare_order(reader, reader->last, values) >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("server \"%s\" lists objects in another order than it was asked for",
						options->servername),
				 errdetail("In its answer to \"%s\", the object with the id " INT64_FORMAT " comes behind the one with the id " INT64_FORMAT ".",
						   method, values[reader->norder - 1].number,
						   reader->last[reader->norder - 1].number)));
	memcpy(reader->last, values, sizeof(OrderValue) * reader->norder);
	reader->has_last = true;
	MemoryContextSwitchTo(caller);
	return true;
}

/* ---- objects ---- */

/*
 * Move to the next object.  False if there is none.
 */
static bool
next_object(PortalReader *reader)
{
	for (;;)
	{
		int64		id;
		MemoryContext caller;

		CHECK_FOR_INTERRUPTS();
		reader->row = reader->item = reader->id = NULL;
		MemoryContextReset(reader->item_context);
		if (reader->by_id)
		{
			if (reader->next_id >= list_length(reader->ids))
				return false;
			id = *(int64 *) list_nth(reader->ids, reader->next_id++);
		}
		else
		{
			if (!next_listed(reader))
				return false;
			id = reader->last[reader->norder - 1].number;
		}

		caller = MemoryContextSwitchTo(reader->item_context);
		reader->id = document_own(json_object_new_int64(id));
		if (reader->by_id || reader->needs_item)
		{
			reader->calls++;
			reader->item = portal_get(reader->table->options, reader->table->object, id);
		}
		MemoryContextSwitchTo(caller);

		/* it may have been deleted since it was listed */
		if (reader->item || !(reader->by_id || reader->needs_item))
			return true;
	}
}

/*
 * Move to the next row of the table.  False if there is none.  Raises errors of the
 * calls that takes, and if the portal's answers are not what they should be.
 */
bool
portal_reader_next(PortalReader *reader)
{
	const PortalOptions *options = reader->table->options;

	if (!reads_fields(reader->table))
		return next_object(reader);
	for (;;)
	{
		if (reader->fields && reader->next_field < json_object_array_length(reader->fields))
		{
			reader->field = json_object_array_get_idx(reader->fields, reader->next_field++);
			if (!json_object_is_type(reader->field, json_type_object))
				bad_answer(options, portal_method(options, reader->table->object, "get"),
						   psprintf("Field %zu is no object.", reader->next_field));
			return true;
		}
		reader->fields = reader->field = NULL;
		if (!next_object(reader))
			return false;
		reader->fields = portal_item_member(reader->item, "fields");
		reader->next_field = 0;
		if (!json_object_is_type(reader->fields, json_type_array))
			bad_answer(options, portal_method(options, reader->table->object, "get"),
					   "There is no list of fields in it.");
	}
}

/*
 * What the row at hand has for a column, or NULL.  It stays until the reader moves on.
 */
jsonc_object *
portal_reader_member(PortalReader *reader, const PortalColumn *column)
{
	if (reader->field)
	{
		/* whatever it says of itself: this is where it has been found */
		return strcmp(column->key, "datasetId") == 0 ? reader->id
			: document_member(reader->field, column->key);
	}
	if (reader->row && (column->flags & PORTAL_GET) == 0)
		return document_member(reader->row, column->key);
	return portal_item_member(reader->item, column->key);
}

/*
 * The id of the object at hand, or NULL.
 */
const char *
portal_reader_position(const PortalReader *reader)
{
	return reader->id ? json_object_get_string(reader->id) : NULL;
}

/*
 * How many calls there have been.  Those that were repeated count once.
 */
uint64
portal_reader_calls(const PortalReader *reader)
{
	return reader->calls;
}

/*
 * Is "get" called for the objects of a list?
 */
bool
portal_reader_gets(const PortalReader *reader)
{
	return reader->needs_item;
}

/*
 * The order of lists for people, palloc'd.
 */
char *
portal_reader_order(const PortalReader *reader)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < reader->norder; i++)
		appendStringInfo(&out, "%s%s %s", i > 0 ? ", " : "", reader->order[i].column->key,
						 reader->order[i].descending ? "DESC" : "ASC");
	return out.data;
}
