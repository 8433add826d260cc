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
	int32		form;			/* FILTER_..., or LONG_LIST */
} TrustKey;

/* A long list reaches some connectors in another shape than a short one */
#define LONG_LIST (1 << 16)

typedef struct TrustEntry
{
	TrustKey	key;
	TrustState	state;
} TrustEntry;

static HTAB *trust_table = NULL;

/*
 * Forget what is known of a relation, or of all.
 */
static void
forget(Oid relid)
{
	HASH_SEQ_STATUS scan;
	TrustEntry *entry;

	hash_seq_init(&scan, trust_table);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (relid == InvalidOid || entry->key.relid == relid)
			hash_search(trust_table, &entry->key, HASH_REMOVE, NULL);
	}
}

static void
relation_changed(Datum arg, Oid relid)
{
	forget(relid);
}

static void
server_or_mapping_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	forget(InvalidOid);
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

static TrustKey
make_key(const TableOptions *table, const FilterCondition *condition)
{
	TrustKey	key;

	memset(&key, 0, sizeof(key));
	key.serverid = table->connector.serverid;
	key.userid = table->connector.userid;
	key.relid = table->relid;
	key.attnum = condition->attnum;
	key.form = condition->operator;
	if (list_length(condition->values) > MAX_FORM_ARRAY)
		key.form |= LONG_LIST;
	return key;
}

/*
 * What the current session knows of conditions like this one.
 */
TrustState
trust_get(const TableOptions *table, const FilterCondition *condition)
{
	TrustKey	key = make_key(table, condition);
	TrustEntry *entry = NULL;

	if (trust_table)
		entry = hash_search(trust_table, &key, HASH_FIND, NULL);
	return entry ? entry->state : TRUST_UNKNOWN;
}

/*
 * Remember for the session what is known of conditions like this one.
 */
void
trust_set(const TableOptions *table, const FilterCondition *condition, TrustState state)
{
	TrustKey	key = make_key(table, condition);
	TrustEntry *entry;

	if (trust_table == NULL)
		create_trust_table();
	entry = hash_search(trust_table, &key, HASH_ENTER, NULL);
	entry->state = state;
}

/* ---- showing the connector a row of its own ---- */

/* The value of one column, as filters send it, or NULL */
static char *
column_as_sent(const TableOptions *table, Form_pg_attribute attribute,
			   Converter *converter, RowsValue *value)
{
	FilterCondition condition;
	bool		isnull;
	Datum		datum = converter_read(converter, value, &isnull);

	if (isnull || filter_bind(table, attribute->attnum, FILTER_EQ, attribute->atttypid,
							  datum, false, &condition) != FILTER_SEND)
		return NULL;
	return linitial(condition.values);
}

/*
 * Ask for some rows without a filter, and choose a value from them that can
 * be sent: the one that comes latest.  *before is the number of rows in front
 * of its first appearance.  NULL if no value can be sent; *rows is how many
 * rows there were.
 */
static char *
sample_value(const TableOptions *table, Form_pg_attribute attribute, Converter *converter,
			 HttpStatistics *statistics, int *before, int *rows)
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

	request.fields = list_make1(unconstify(char *, table->columns[attribute->attnum - 1].field));
	request.limit = Min(SAMPLE_ROWS, table->connector.row_limit);
	answer = connector_data(table, &request, statistics);
	if (connector_data_refused(answer))
		connector_data_raise(answer);

	errcallback.callback = connector_data_context;
	errcallback.arg = answer;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	*rows = 0;
	while ((values = connector_data_next(answer)) != NULL)
	{
		char	   *text;
		ListCell   *lc = NULL;

		MemoryContextSwitchTo(row_context);
		text = column_as_sent(table, attribute, converter, &values[0]);
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
 * Ask for a row by its value.  Returns whether it came; *rows is the number
 * of rows until then.
 */
static bool
find_row(const TableOptions *table, Form_pg_attribute attribute, Converter *converter,
		 FilterCondition *condition, const char *value, int limit,
		 HttpStatistics *statistics, int *rows)
{
	DataRequest request = {0};
	DataAnswer *answer;
	RowsValue  *values;
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "biconnector row", ALLOCSET_SMALL_SIZES);
	bool		found = false;
	ErrorContextCallback errcallback;

	request.fields = list_make1(unconstify(char *, condition->field));
	request.filter = list_make1(condition);
	request.limit = limit;
	answer = connector_data(table, &request, statistics);
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
		char	   *text = column_as_sent(table, attribute, converter, &values[0]);

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
drop_condition(const TableOptions *table, Form_pg_attribute attribute,
			   const FilterCondition *condition, const char *reason)
{
	trust_set(table, condition, TRUST_DROPPED);
	ereport(WARNING,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("the filter on field \"%s\" of foreign table \"%s\" is not sent in the current session any more",
					condition->field, table->relname),
			 errdetail("The connector of server \"%s\" %s.", table->connector.servername, reason),
			 errhint("ALTER FOREIGN TABLE %s ALTER COLUMN %s OPTIONS (%s filter_operators 'none') turns it off for good.",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(table->relid)),
												table->relname),
					 quote_identifier(NameStr(attribute->attname)),
					 option_action(GetForeignColumnOptions(table->relid, attribute->attnum),
								   "filter_operators"))));
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
trust_verify(const TableOptions *table, Form_pg_attribute attribute,
			 const FilterCondition *condition, HttpStatistics *statistics)
{
	Converter  *converter = converter_create(attribute,
											 &table->columns[attribute->attnum - 1],
											 &table->connector);
	FilterCondition shown = *condition;
	char	   *value;
	int			before = 0;
	int			rows = 0;
	bool		limited = false;

	value = sample_value(table, attribute, converter, statistics, &before, &rows);
	if (rows == 0)
		return true;			/* an empty table has nothing to lose */
	if (value == NULL)
		return false;

	/* the same form with the same number of values */
	shown.values = list_copy(condition->values);
	linitial(shown.values) = value;

	if (before > 0)
	{
		if (find_row(table, attribute, converter, &shown, value, before, statistics, &rows))
		{
			trust_set(table, condition, TRUST_BELIEVED);
			return true;
		}
		/* other rows may have used the limit up: then it says nothing */
		limited = rows < before;
	}
	if (!find_row(table, attribute, converter, &shown, value,
				  table->connector.row_limit, statistics, &rows))
	{
		drop_condition(table, attribute, condition,
					   "does not find a row of its own by such a filter");
		return false;
	}
	if (limited)
	{
		drop_condition(table, attribute, condition,
					   "applies the limit before the filter, which can lose rows");
		return false;
	}
	trust_set(table, condition, TRUST_BELIEVED);
	return true;
}
