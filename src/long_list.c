/*-------------------------------------------------------------------------
 *
 * long_list.c
 *	  A list of values that is too long for one request.
 *
 * It is cut into parts, for which the connector is asked one after the other.
 * A connector may find more than it was asked for, up to all rows each time.
 * So a row counts only for the part that has its own value: otherwise it would
 * come several times.
 *
 *-------------------------------------------------------------------------
 */
#include "scan.h"

/* More requests than this are not made for a list */
#define MAX_LIST_REQUESTS 20

struct LongList
{
	FilterCondition part;		/* the condition, with the values of the part
								 * whose turn it is */
	FilterValueSet *values;		/* all of them, sorted */
	int			length;			/* of each part */
	int			parts;
	int			next;			/* the part after this one */
	int			first;			/* places of the values that count now, ... */
	int			end;			/* ... and the place behind them */
	FilterKind	kind;			/* of the column */
	Oid			type;
};

/*
 * How many requests a list of so many values takes if each has room for
 * so many variables.  0 if it is not sent.
 */
int
long_list_requests(int values, int room)
{
	int			requests;

	if (room < 1)
		return 0;
	requests = (values + room - 1) / room;
	return requests <= MAX_LIST_REQUESTS ? requests : 0;
}

/*
 * Make a list of a condition IN, whose first part comes first.  Its requests have
 * room for so many variables.  NULL if it is not sent.  palloc'd, and uses
 * the texts of the condition's values.
 */
LongList *
long_list_create(const TableOptions *table, TupleDesc tupdesc,
				 const FilterCondition *condition, int room)
{
	Form_pg_attribute attribute = TupleDescAttr(tupdesc, condition->attnum - 1);
	int			requests = long_list_requests(list_length(condition->values), room);
	LongList   *list;

	if (requests == 0)
		return NULL;
	list = palloc0(sizeof(LongList));
	list->part = *condition;
	list->values = filter_value_set(condition->values);
	list->length = (list->values->count + requests - 1) / requests;
	list->parts = (list->values->count + list->length - 1) / list->length;
	list->kind = filter_kind(&table->columns[condition->attnum - 1], attribute->atttypid,
							 attribute->atttypmod);
	list->type = attribute->atttypid;
	long_list_next(list);
	return list;
}

/*
 * The condition for the part whose turn it is.  It is the list's own, and
 * changes with the part.
 */
FilterCondition *
long_list_condition(LongList *list)
{
	return &list->part;
}

/*
 * Go on to the next part, in the current memory context.  False if there is
 * none.
 */
bool
long_list_next(LongList *list)
{
	if (list->next == list->parts)
		return false;

	/*
	 * All are of the same length, because there are connectors that find
	 * nothing by a list above some length: then they do so by each.  The last
	 * one is filled up with values of the one before it, which do not count.
	 */
	list->first = list->next * list->length;
	list->end = Min(list->first + list->length, list->values->count);
	list->next++;
	list->part.values = NIL;
	for (int i = list->end - list->length; i < list->end; i++)
		list->part.values = lappend(list->part.values, list->values->texts[i]);
	return true;
}

/*
 * This part is asked for without a filter, so all that are left can be had
 * with it; or all that there are.
 */
void
long_list_finish(LongList *list, bool all)
{
	if (all)
		list->first = 0;
	list->end = list->values->count;
	list->next = list->parts;
}

/*
 * Does a row that satisfies the query's condition count for the part?  Leaves
 * memory in the current context.
 */
bool
long_list_counts(const LongList *list, Datum value, bool isnull)
{
	char	   *text;
	int			place = -1;

	if (!isnull && filter_value(list->kind, list->type, value, PLACE_AT, &text) == VALUE_EXACT)
		place = filter_value_set_place(list->values, text);

	/* equal values have the same text, so this cannot be; but no row is lost */
	if (place < 0)
		elog(ERROR, "a row that satisfies a list has none of its values");
	return place >= list->first && place < list->end;
}
