/*-------------------------------------------------------------------------
 *
 * portal_filter.c
 *	  Which SQL conditions a portal is asked for, and how they are written.
 *
 * filter.c does it: it finds conditions in the query, widens their values, and makes
 * one of several where that can be.  All that is different here is what a portal is
 * vouched for, which is a property of the service, not an option; and how its lists
 * want filters to be written.
 *
 * What is sent is checked here again, so it may find more than the query asks for.
 * Portals compare texts by the rules of their database, which tell neither case nor
 * blanks at the end apart: they are asked for texts that are equal or have a
 * fragment, but not for others than a text, nor for a range of them.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_scan.h"

#define GROUPS		(FILTER_AND | FILTER_OR)

/*
 * What portals do right with values of each form.  A moment is asked for as a range
 * of seconds.  Lists of texts become groups, see write_condition().
 */
#define ON_INTEGERS	(FILTER_EQ | FILTER_IN | FILTER_NE | FILTER_NOT_IN | FILTER_RANGES | GROUPS)
#define ON_TEXTS	(FILTER_EQ | FILTER_IN | FILTER_SUBSTRING | GROUPS)
#define ON_TIMES	(FILTER_RANGES | GROUPS)

/* Lists with more values are not sent: of numbers, and of texts */
#define MAX_NUMBERS	1000
#define MAX_TEXTS	100

/*
 * The key by which the portal filters for a column, or NULL.
 */
static const char *
filter_key_of(const PortalTable *table, const PortalColumn *column)
{
	if (column == NULL)
		return NULL;

	/* of fields, their datasets are what is listed */
	if (table->object->kind == NULL)
		return strcmp(column->name, "dataset_id") == 0 ? "id" : NULL;
	return (column->flags & PORTAL_FILTER) ? column->key : NULL;
}

/*
 * A table of a portal as filter.c wants to see it, palloc'd.
 */
TableOptions *
portal_filter_table(const PortalTable *table)
{
	TableOptions *result = palloc0(sizeof(TableOptions));

	result->relid = table->relid;
	result->relname = table->relname;
	result->ncolumns = table->natts;
	result->columns = palloc0(sizeof(ColumnOptions) * Max(table->natts, 1));
	for (int i = 0; i < table->natts; i++)
	{
		ColumnOptions *column = &result->columns[i];

		column->field = filter_key_of(table, table->columns[i]);
		if (column->field == NULL)
			continue;
		column->name = table->columns[i]->name;
		switch (table->columns[i]->form)
		{
			case PORTAL_INTEGER:
				column->wire_type = WIRE_INT;
				column->filter_operators = ON_INTEGERS;
				break;
			case PORTAL_TEXT:
				column->wire_type = WIRE_STRING;
				column->filter_operators = ON_TEXTS;
				break;
			case PORTAL_DATETIME:
				column->wire_type = WIRE_DATETIME;
				column->filter_operators = ON_TIMES;
				break;
			default:
				column->field = NULL;
		}
	}
	return result;
}

/*
 * Is the condition short enough to be sent?
 */
bool
portal_filter_fits(const FilterCondition *condition)
{
	ListCell   *lc;

	foreach(lc, condition->members)
	{
		if (!portal_filter_fits(lfirst(lc)))
			return false;
	}
	return list_length(condition->members) <= MAX_TEXTS &&
		list_length(condition->values) <= (condition->wire_type == WIRE_INT ? MAX_NUMBERS : MAX_TEXTS);
}

/* ---- writing ---- */

static jsonc_object *
value_object(const FilterCondition *condition, const char *text)
{
	jsonc_object *value = condition->wire_type == WIRE_INT
		? json_object_new_int64(strtoll(text, NULL, 10)) : json_object_new_string(text);

	if (value == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return value;
}

/*
 * Add a condition to a filter, in a group of its own if it takes several members, or
 * if its key is there already.  *groups is how many groups the filter has.
 */
static void
write_condition(jsonc_object *filter, const FilterCondition *condition, int *groups)
{
	/* a list is all that a key can have besides one value */
	bool		list = condition->operator == FILTER_IN || condition->operator == FILTER_NOT_IN;
	bool		texts = list && condition->wire_type != WIRE_INT;
	const char *key = NULL;
	jsonc_object *value;
	ListCell   *lc;

	if (condition->operator == FILTER_EQ)
		key = psprintf("=%s", condition->field);
	else if (condition->operator == FILTER_IN)
		key = psprintf("@%s", condition->field);
	else if (condition->members == NIL)
		key = filter_key(condition);

	if (condition->members != NIL || texts || json_object_object_get_ex(filter, key, NULL))
	{
		jsonc_object *group = json_object_new_object();
		int			inner = 0;

		json_object_object_add(filter, psprintf("%d", (*groups)++), group);
		if (texts || condition->operator == FILTER_OR)
			json_object_object_add(group, "logic", document_new_string("OR"));
		else
			json_object_object_add(group, "logic", document_new_string("AND"));
		foreach(lc, condition->members)
			write_condition(group, lfirst(lc), &inner);
		if (condition->members != NIL)
			return;
		if (!texts)
		{
			write_condition(group, condition, &inner);
			return;
		}
		/* lists of texts are refused: each is a condition of its own */
		foreach(lc, condition->values)
		{
			FilterCondition equal = *condition;

			equal.operator = FILTER_EQ;
			equal.values = list_make1(lfirst(lc));
			write_condition(group, &equal, &inner);
		}
		return;
	}

	if (!list)
		value = value_object(condition, linitial(condition->values));
	else
	{
		value = json_object_new_array();
		foreach(lc, condition->values)
			json_object_array_add(value, value_object(condition, lfirst(lc)));
	}
	json_object_object_add(filter, key, value);
}

/*
 * Conditions (of FilterCondition *) as the filter of a list, an object that the
 * caller puts into a tree at once.
 */
jsonc_object *
portal_filter_document(List *conditions)
{
	jsonc_object *filter = json_object_new_object();
	int			groups = 0;
	ListCell   *lc;

	foreach(lc, conditions)
		write_condition(filter, lfirst(lc), &groups);
	return filter;
}
