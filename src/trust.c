/*-------------------------------------------------------------------------
 *
 * trust.c
 *	  Which filters the current session believes, and doubt on nothing.
 *
 * Whether a connector loses rows under a filter is not knowable in advance.
 * A filter under which a row came back that really matches is believed from
 * then on.  One that has not yet done so is not believed when it finds
 * nothing: the connector is shown a row of its own and asked to find it.  If
 * it cannot, or if it refuses the filter, the filter is dropped for the
 * session.
 *
 * What is known is kept per server, user, column and form of the condition,
 * and forgotten when one of those is altered.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "foreign/foreign.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* How many rows are looked at to find one to show */
#define SAMPLE_ROWS 100

typedef struct TrustKey
{
	Oid			serverid;
	Oid			userid;
	Oid			relid;
	int32		attnum;
	int32		form;			/* FILTER_..., for a group also those of its
								 * members; and LONG_LIST */
} TrustKey;

/* A long list reaches some connectors in another shape than a short one */
#define LONG_LIST (1 << 16)

typedef struct TrustEntry
{
	TrustKey	key;
	TrustState	state;
	int			length;			/* of the longest list that is believed */
} TrustEntry;

static HTAB *trust_table = NULL;

/*
 * Forget what is known of a relation, or of a server; InvalidOid stands for any.
 */
static void
forget(Oid relid, Oid serverid)
{
	HASH_SEQ_STATUS scan;
	TrustEntry *entry;

	hash_seq_init(&scan, trust_table);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if ((relid == InvalidOid || entry->key.relid == relid) &&
			(serverid == InvalidOid || entry->key.serverid == serverid))
			hash_search(trust_table, &entry->key, HASH_REMOVE, NULL);
	}
}

static void
relation_changed(Datum arg, Oid relid)
{
	forget(relid, InvalidOid);
}

static void
server_or_mapping_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	forget(InvalidOid, InvalidOid);
}

/*
 * Forget what is known of a server's tables: it has become another one.
 */
void
trust_forget(Oid serverid)
{
	if (trust_table)
		forget(InvalidOid, serverid);
}

static void
create_trust_table(void)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(TrustKey);
	control.entrysize = sizeof(TrustEntry);
	trust_table = hash_create("biconnector filters", 64, &control, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, server_or_mapping_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(USERMAPPINGOID, server_or_mapping_changed, (Datum) 0);
}

static int32
form_of(const FilterCondition *condition)
{
	int32		form = condition->operator;
	ListCell   *lc;

	if (list_length(condition->values) > MAX_FORM_ARRAY)
		form |= LONG_LIST;
	foreach(lc, condition->members)
		form |= form_of(lfirst(lc));
	return form;
}

static TrustKey
make_key(const TableOptions *table, const FilterCondition *condition)
{
	TrustKey	key;

	memset(&key, 0, sizeof(key));
	key.serverid = table->connector.serverid;
	key.userid = table->connector.userid;
	key.relid = table->relid;
	key.attnum = condition->attnum;
	key.form = form_of(condition);
	return key;
}

static int
longest_list(const FilterCondition *condition)
{
	int			length = list_length(condition->values);
	ListCell   *lc;

	foreach(lc, condition->members)
		length = Max(length, longest_list(lfirst(lc)));
	return length;
}

/*
 * What the current session knows of conditions like this one.  A list that is
 * longer than any that is believed may be too long for the connector.
 */
TrustState
trust_get(const TableOptions *table, const FilterCondition *condition)
{
	TrustKey	key = make_key(table, condition);
	TrustEntry *entry = NULL;

	if (trust_table)
		entry = hash_search(trust_table, &key, HASH_FIND, NULL);
	if (entry == NULL)
		return TRUST_UNKNOWN;
	if (entry->state == TRUST_BELIEVED && entry->length < longest_list(condition))
		return TRUST_UNKNOWN;
	return entry->state;
}

/*
 * Remember for the session what is known of conditions like this one.
 */
void
trust_set(const TableOptions *table, const FilterCondition *condition, TrustState state)
{
	TrustKey	key = make_key(table, condition);
	TrustEntry *entry;
	bool		found;

	if (trust_table == NULL)
		create_trust_table();
	entry = hash_search(trust_table, &key, HASH_ENTER, &found);
	if (!found || entry->state != state)
		entry->length = 0;
	entry->state = state;
	entry->length = Max(entry->length, longest_list(condition));
}

/* ---- showing the connector a row of its own ---- */

/*
 * A column of which a row is shown, and how.
 */
typedef struct Sample
{
	const TableOptions *table;
	Form_pg_attribute attribute;
	FilterKind	kind;
	Converter  *converter;
	HttpStatistics *statistics;
} Sample;

/* The value of one column, as filters send it, or NULL */
static char *
column_as_sent(const Sample *sample, RowsValue *value)
{
	char	   *text;
	bool		isnull;
	Datum		datum = converter_read(sample->converter, value, &isnull);

	if (isnull || filter_value(sample->kind, sample->attribute->atttypid, datum, PLACE_AT,
							   &text) != VALUE_EXACT)
		return NULL;
	return text;
}

/*
 * Values for the operator under which a row with this value of the column has
 * to be found, in the number of those given.  NIL if there are none.
 */
static List *
matching_values(const FilterCondition *condition, char *text)
{
	char	   *other = NULL;
	List	   *values = NIL;
	ListCell   *lc;

	switch (condition->operator)
	{
		case FILTER_LE:
		case FILTER_GE:
			/* not at the bound where queries stay away from it themselves */
			if (condition->wire_type != WIRE_DATETIME)
				return list_make1(text);
			other = filter_value_neighbour(condition->wire_type, text,
										   condition->operator == FILTER_LE ? 1 : -1);
			break;

		case FILTER_EQ:
		case FILTER_SUBSTRING:
			return list_make1(text);

		case FILTER_IN:
			/* the last one: there are connectors that only see the first */
			values = list_copy(condition->values);
			llast(values) = text;
			return values;

		case FILTER_LIKE:
			return list_make1(psprintf("%s%%", text));

		case FILTER_GT:
			other = filter_value_neighbour(condition->wire_type, text, -1);
			break;

		case FILTER_LT:
			other = filter_value_neighbour(condition->wire_type, text, 1);
			break;

		case FILTER_NE:
		case FILTER_NOT_IN:
			foreach(lc, condition->values)
			{
				if (strcmp(lfirst(lc), text) != 0)
					values = lappend(values, lfirst(lc));
			}
			if (values != NIL)
				return values;
			other = filter_value_neighbour(condition->wire_type, text, 1);
			break;
	}
	return other ? list_make1(other) : NIL;
}

/*
 * A condition of the same form which a row with this value of the column
 * satisfies, palloc'd; or NULL.
 */
static FilterCondition *
matching_condition(const FilterCondition *condition, char *text)
{
	FilterCondition *match = palloc(sizeof(FilterCondition));
	ListCell   *lc;

	*match = *condition;
	if (condition->members == NIL)
	{
		match->values = matching_values(condition, text);
		return match->values != NIL ? match : NULL;
	}

	/* one of OR is enough, AND needs all; each has to be of this column */
	match->members = list_copy(condition->members);
	foreach(lc, match->members)
	{
		FilterCondition *member = lfirst(lc);
		FilterCondition *matching = NULL;

		if (member->members == NIL && member->attnum == condition->attnum)
			matching = matching_condition(member, text);
		if (matching)
			lfirst(lc) = matching;
		if (matching && condition->operator == FILTER_OR)
			return match;
		if (!matching && condition->operator == FILTER_AND)
			return NULL;
	}
	return condition->operator == FILTER_AND ? match : NULL;
}

/*
 * Ask for some rows without a filter, and choose a value from them by which
 * one can be asked for: the one that comes latest.  *before is the number of
 * rows in front of its first appearance.  NULL if there is no such value; *rows
 * is how many rows there were, -1 if the connector refused to send some.
 */
static char *
sample_value(const Sample *sample, const FilterCondition *condition, int *before, int *rows)
{
	DataRequest request = {0};
	DataAnswer *answer;
	RowsValue  *values;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext row_context = AllocSetContextCreate(caller, "biconnector row",
													  ALLOCSET_SMALL_SIZES);
	List	   *seen = NIL;
	char	   *chosen = NULL;
	ErrorContextCallback errcallback;

	request.fields = list_make1(unconstify(char *, sample->table->columns[sample->attribute->attnum - 1].field));
	request.limit = sample_limit(sample->table, SAMPLE_ROWS);
	answer = connector_data(sample->table, &request, sample->statistics);
	*before = 0;
	if (connector_data_refused(answer))
	{
		connector_data_close(answer);
		*rows = -1;
		return NULL;
	}

	errcallback.callback = connector_data_context;
	errcallback.arg = answer;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	*rows = 0;
	while (*rows < SAMPLE_ROWS && (values = connector_data_next(answer)) != NULL)
	{
		char	   *text;
		ListCell   *lc = NULL;

		MemoryContextSwitchTo(row_context);
		text = column_as_sent(sample, &values[0]);
		if (text && matching_condition(condition, text) == NULL)
			text = NULL;
		MemoryContextSwitchTo(caller);
		foreach(lc, seen)
		{
			if (text && strcmp(lfirst(lc), text) == 0)
				break;
		}
		if (text && lc == NULL)
		{
			chosen = pstrdup(text);
			seen = lappend(seen, chosen);
			*before = *rows;
		}
		(*rows)++;
		MemoryContextReset(row_context);
	}
	error_context_stack = errcallback.previous;
	connector_data_close(answer);
	MemoryContextDelete(row_context);
	return chosen;
}

/*
 * Ask for a row with the value by the condition.  Returns whether it came;
 * *rows is the number of rows until then.
 */
static bool
find_row(const Sample *sample, FilterCondition *condition, const char *value, int limit,
		 int *rows)
{
	DataRequest request = {0};
	DataAnswer *answer;
	RowsValue  *values;
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "biconnector row", ALLOCSET_SMALL_SIZES);
	bool		found = false;
	ErrorContextCallback errcallback;

	request.fields = list_make1(unconstify(char *, sample->table->columns[sample->attribute->attnum - 1].field));
	request.filter = list_make1(condition);
	request.limit = limit;
	answer = connector_data(sample->table, &request, sample->statistics);
	*rows = 0;
	if (connector_data_refused(answer))
	{
		connector_data_close(answer);
		return false;
	}

	errcallback.callback = connector_data_context;
	errcallback.arg = answer;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	while (!found && (values = connector_data_next(answer)) != NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(row_context);
		char	   *text = column_as_sent(sample, &values[0]);

		found = text && strcmp(text, value) == 0;
		(*rows)++;
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row_context);
		CHECK_FOR_INTERRUPTS();
	}
	error_context_stack = errcallback.previous;
	connector_data_close(answer);
	MemoryContextDelete(row_context);
	return found;
}

/*
 * Drop the condition for the session, and tell the user.
 */
static void
drop_condition(const Sample *sample, const FilterCondition *condition, const char *reason)
{
	const TableOptions *table = sample->table;
	int			others = table->columns[sample->attribute->attnum - 1].filter_operators;

	/* who cannot do equality can do neither form of it */
	others &= ~(condition->operator & (FILTER_EQ | FILTER_IN) ? FILTER_EQ | FILTER_IN
				: condition->operator);
	trust_set(table, condition, TRUST_DROPPED);
	ereport(WARNING,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("the filter on field \"%s\" of foreign table \"%s\" is not sent in the current session any more",
					table->columns[sample->attribute->attnum - 1].field, table->relname),
			 errdetail("The connector of server \"%s\" %s.", table->connector.servername, reason),
			 errhint("ALTER FOREIGN TABLE %s ALTER COLUMN %s OPTIONS (%s filter_operators '%s') turns it off for good.",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(table->relid)),
												table->relname),
					 quote_identifier(NameStr(sample->attribute->attname)),
					 option_action(GetForeignColumnOptions(table->relid, sample->attribute->attnum),
								   "filter_operators"),
					 filter_operators_text(others))));
}

/*
 * A condition that the current session has no reason to believe has found nothing:
 * may that be believed?  If not, it is either dropped for the session, or
 * there was no row fit to be shown, which says nothing of other times.
 *
 * The row is asked for with a limit that is smaller than its place among the
 * unfiltered rows.  Thus it is found only by a connector that filters first and
 * limits afterwards: others lose rows of a table that is larger than
 * row_limit.
 *
 * Raises errors of the requests.  Leaves memory in the current context.
 */
bool
trust_verify(const TableOptions *table, TupleDesc tupdesc,
			 const FilterCondition *condition, HttpStatistics *statistics)
{
	const ColumnOptions *column = &table->columns[condition->attnum - 1];
	Sample		sample;
	FilterCondition *shown;
	char	   *value;
	int			before = 0;
	int			rows = 0;
	bool		limited = false;

	sample.table = table;
	sample.attribute = TupleDescAttr(tupdesc, condition->attnum - 1);
	sample.kind = filter_kind(column, sample.attribute->atttypid, sample.attribute->atttypmod);
	sample.converter = converter_create(sample.attribute, column, &table->connector);
	sample.statistics = statistics;

	value = sample_value(&sample, condition, &before, &rows);
	if (rows == 0)
		return true;			/* an empty table has nothing to lose */
	if (value == NULL)
		return false;
	shown = matching_condition(condition, value);

	if (before > 0)
	{
		if (find_row(&sample, shown, value, before, &rows))
		{
			trust_set(table, condition, TRUST_BELIEVED);
			return true;
		}
		/* other rows may have used the limit up: then it says nothing */
		limited = rows < before;
	}
	if (!find_row(&sample, shown, value, table->connector.row_limit, &rows))
	{
		drop_condition(&sample, condition, "does not find a row of its own by such a filter");
		return false;
	}
	if (limited)
	{
		drop_condition(&sample, condition,
					   "applies the limit before the filter, which can lose rows");
		return false;
	}
	trust_set(table, condition, TRUST_BELIEVED);
	return true;
}
