/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Running a scan: begin, iterate, rescan, end.
 *
 * A scan is a request and its answer, pulled row by row.  Nothing is sent
 * before the first row is asked for, which is also when parameters are
 * evaluated.
 *
 * The conditions that were sent are checked on every row.  While none has
 * passed, no row has been handed out, and the scan may start again with
 * another request: without a filter that the connector refused, or one that
 * it turned out to lose rows under (see trust.c).
 *
 * Rows that passed are kept in a tuplestore in two cases.  An answer that was
 * asked for with a filter and a LIMIT is held back there until it is complete:
 * if the check dropped rows, others may be behind the limit.  And a scan that
 * starts over without a change of what it asks for gets the same rows again,
 * rather than a new answer.
 *
 * A list that is too long for one request is asked for in parts, see
 * long_list.c.  All of them together are "the answer": as long as no row of any
 * part has passed, the scan may start again.
 *
 *-------------------------------------------------------------------------
 */
#include "scan.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* ---- begin ---- */

/*
 * The column that travels cheapest, for a query that needs none: an empty
 * select would mean all.  NULL if the table has no columns.
 */
static const ColumnOptions *
narrowest_column(const TableOptions *table, TupleDesc tupdesc)
{
	const ColumnOptions *narrowest = NULL;
	int32		best = PG_INT32_MAX;

	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
		int32		width;

		if (table->columns[i].field == NULL)
			continue;
		width = get_typavgwidth(attribute->atttypid, attribute->atttypmod);
		if (width < best)
		{
			best = width;
			narrowest = &table->columns[i];
		}
	}
	return narrowest;
}

/*
 * The fields that these columns (attribute numbers) show, each once: *fields
 * are their codes, and *slots says for each column which of them is its own.
 * The lists are palloc'd, the codes the table's.  Returns whether select is to
 * be left out of a request for them.
 */
bool
select_fields(const TableOptions *table, List *columns, List **fields, List **slots)
{
	int			live = 0;
	ListCell   *lc;

	for (int i = 0; i < table->ncolumns; i++)
		live += table->columns[i].field ? 1 : 0;

	/* several columns may show the same field */
	*fields = *slots = NIL;
	foreach(lc, columns)
	{
		const char *field = table->columns[lfirst_int(lc) - 1].field;
		int			slot = 0;

		while (slot < list_length(*fields) &&
			   strcmp(list_nth(*fields, slot), field) != 0)
			slot++;
		if (slot == list_length(*fields))
			*fields = lappend(*fields, unconstify(char *, field));
		*slots = lappend_int(*slots, slot);
	}

	/* all of a one-column table is still less than all that there is */
	return (live > 1 && list_length(columns) == live) ||
		(!table->connector.json_requests && list_length(*fields) > MAX_FORM_ARRAY);
}

/*
 * Work out what to select.
 */
static void
prepare_fields(ConnectorScan *state, TupleDesc tupdesc)
{
	state->select_all = select_fields(state->table, state->columns, &state->fields,
									  &state->slots);
	if (state->fields == NIL)
	{
		const ColumnOptions *column = narrowest_column(state->table, tupdesc);

		if (column)
			state->fields = list_make1(unconstify(char *, column->field));
	}
}

/*
 * Put together what is needed to fill the slot with a row.  Its bytes stay as
 * long as the slot has to, that is, until the next row is asked for.
 */
static void
prepare_columns(ConnectorScan *state, TupleDesc tupdesc)
{
	ListCell   *column;
	ListCell   *place;

	state->ntargets = 0;
	state->targets = palloc(sizeof(ScanTarget) * Max(list_length(state->columns), 1));
	forboth(column, state->columns, place, state->slots)
	{
		ScanTarget *target = &state->targets[state->ntargets++];

		target->index = lfirst_int(column) - 1;
		target->place = lfirst_int(place);
		target->converter = converter_create(TupleDescAttr(tupdesc, target->index),
											 &state->table->columns[target->index],
											 &state->table->connector);
		converter_read_in_place(target->converter);
	}
}

/*
 * Add the executor's parameters in an expression to a set.  Subqueries, which
 * have parameters of their own, are not in what is sent.
 */
bool
collect_params(Node *node, void *context)
{
	Bitmapset **params = context;

	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		*params = bms_add_member(*params, ((Param *) node)->paramid);
	return expression_tree_walker(node, collect_params, context);
}

void
biconnectorBeginForeignScan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	TupleDesc	tupdesc = RelationGetDescr(node->ss.ss_currentRelation);
	ConnectorScan *state = palloc0(sizeof(ConnectorScan));
	int			nvalues = intVal(list_nth(plan->fdw_private, SCAN_PRIVATE_VALUES));
	List	   *values;
	ListCell   *lc;

	node->fdw_state = state;
	state->table = get_table_options(RelationGetRelid(node->ss.ss_currentRelation),
									 compat_executor_userid(node));
	state->columns = list_nth(plan->fdw_private, SCAN_PRIVATE_COLUMNS);
	foreach(lc, (List *) list_nth(plan->fdw_private, SCAN_PRIVATE_FILTERS))
		state->filters = lappend(state->filters, filter_from_plan(lfirst(lc), plan->fdw_exprs));
	prepare_fields(state, tupdesc);
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;

	values = ExecInitExprList(plan->fdw_exprs, (PlanState *) node);
	state->limit_values = list_copy_tail(values, nvalues);
	state->filter_values = list_truncate(values, nvalues);
	collect_params((Node *) plan->fdw_exprs, &state->params);
	collect_params((Node *) plan->fdw_recheck_quals, &state->params);
	state->keep = (eflags & EXEC_FLAG_REWIND) != 0;
	state->async = compat_is_async(node);
	state->store_slot = ExecInitExtraTupleSlot(node->ss.ps.state, tupdesc,
											   &TTSOpsMinimalTuple);
	prepare_columns(state, tupdesc);
	memset(node->ss.ss_ScanTupleSlot->tts_isnull, true, tupdesc->natts * sizeof(bool));
	state->request_context = AllocSetContextCreate(CurrentMemoryContext,
												   "biconnector request",
												   ALLOCSET_SMALL_SIZES);
	state->row_context = AllocSetContextCreate(CurrentMemoryContext,
											   "biconnector row",
											   ALLOCSET_DEFAULT_SIZES);
}

/* ---- requests ---- */

/*
 * Add a list to the conditions of a request that has no room for it: if there is
 * another condition on its key, what both allow, else its first part.  Two columns
 * that show one field have the key in common, but may differ in what they allow.
 * False if it is not sent.  *never is set if no row can satisfy both.
 */
static bool
add_long_list(ForeignScanState *node, FilterCondition *condition, int room, List **filter,
			  bool *never)
{
	ConnectorScan *state = node->fdw_state;
	ListCell   *lc;

	foreach(lc, *filter)
	{
		FilterCondition *other = lfirst(lc);

		if ((other->operator == FILTER_EQ || other->operator == FILTER_IN) &&
			strcmp(other->field, condition->field) == 0)
			return other->attnum == condition->attnum &&
				filter_add(state->table, filter, condition, never);
	}
	state->list = long_list_create(state->table, RelationGetDescr(node->ss.ss_currentRelation),
								   condition, room);
	if (state->list == NULL)
		return false;
	*filter = lappend(*filter, long_list_condition(state->list));
	return true;
}

/*
 * Evaluate the conditions that the plan wants to send, and make a list of
 * those that are sent.  *all is whether that is all of them.  False if one of
 * them can be true for no row.
 */
static bool
bind_filter(ForeignScanState *node, List **filter, bool *all)
{
	ConnectorScan *state = node->fdw_state;
	int			count = list_length(state->filter_values);
	Datum	   *values = palloc(sizeof(Datum) * Max(count, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(count, 1));
	int			variables = 3 + list_length(state->table->connector.settings) +
		list_length(state->fields) + table_filter_variables(state->table);
	bool		never = false;
	FilterCondition *long_list = NULL;
	ListCell   *lc;
	MemoryContext caller;

	foreach(lc, state->filter_values)
	{
		int			index = foreach_current_index(lc);

		values[index] = ExecEvalExpr((ExprState *) lfirst(lc), node->ss.ps.ps_ExprContext,
									 &nulls[index]);
	}
	*filter = NIL;
	*all = true;
	foreach(lc, state->filters)
	{
		int			index = foreach_current_index(lc);
		List	   *conditions = NIL;
		FilterVerdict verdict = filter_bind(state->table, lfirst(lc), values, nulls, &conditions);
		ListCell   *each;

		if (verdict == FILTER_NEVER)
			return false;
		if (verdict == FILTER_KEEP || bms_is_member(index, state->withheld))
		{
			*all = false;
			continue;
		}
		foreach(each, conditions)
		{
			FilterCondition *condition = lfirst(each);

			condition->clauses = bms_make_singleton(index);
			if (condition->operator == FILTER_IN && long_list == NULL &&
				variables + filter_variables(condition) > MAX_REQUEST_VARIABLES &&
				trust_get(state->table, condition) != TRUST_DROPPED)
			{
				/* it gets the room that the others leave */
				long_list = condition;
				continue;
			}
			if (trust_get(state->table, condition) == TRUST_DROPPED ||
				variables + filter_variables(condition) > MAX_REQUEST_VARIABLES ||
				!filter_add(state->table, filter, condition, &never))
			{
				*all = false;
				continue;
			}
			if (never)
				return false;
			variables += filter_variables(condition);
		}
	}

	/* conditions that are right by themselves, but not in the group they make */
	foreach(lc, *filter)
	{
		if (trust_get(state->table, lfirst(lc)) == TRUST_DROPPED)
		{
			*filter = foreach_delete_current(*filter, lc);
			*all = false;
		}
	}
	if (long_list && !add_long_list(node, long_list, MAX_REQUEST_VARIABLES - variables,
									filter, &never))
		*all = false;
	if (never)
		return false;

	caller = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
	foreach(lc, *filter)
		state->sent = bms_add_members(state->sent, ((FilterCondition *) lfirst(lc))->clauses);
	MemoryContextSwitchTo(caller);
	return true;
}

/*
 * The number of rows that suffice for the query's LIMIT and OFFSET, or 0 if
 * there is no telling, or no reason to ask for so few.
 */
static int
rows_that_suffice(ForeignScanState *node)
{
	ConnectorScan *state = node->fdw_state;
	int64		rows = 0;
	ListCell   *lc;

	if (state->unlimited)
		return 0;
	foreach(lc, state->limit_values)
	{
		bool		isnull;
		Datum		value = ExecEvalExpr((ExprState *) lfirst(lc), node->ss.ps.ps_ExprContext,
										 &isnull);

		if (isnull && foreach_current_index(lc) == 0)
			return 0;			/* LIMIT NULL is none */
		if (isnull)
			continue;
		if (DatumGetInt64(value) < 0 || DatumGetInt64(value) > MAX_PUSHED_LIMIT)
			return 0;
		rows += DatumGetInt64(value);
	}
	if (rows > MAX_PUSHED_LIMIT || rows > state->table->connector.row_limit)
		return 0;
	return (int) rows;
}

/*
 * Say how many rows the request is for: those that suffice, or all.
 */
static void
set_request_limit(ConnectorScan *state, int rows)
{
	state->request.whole = rows == 0;
	state->request.limit = rows > 0 ? rows : state->table->connector.row_limit;
}

/*
 * Is the answer to be complete before a row is handed out?
 */
static bool
is_held(const ConnectorScan *state)
{
	return !state->request.whole && state->request.filter != NIL;
}

/*
 * Let go of the rows that were kept.
 */
static void
close_store(ConnectorScan *state)
{
	if (state->store)
	{
		/* its tuple may be the store's */
		ExecClearTuple(state->store_slot);
		tuplestore_end(state->store);
	}
	state->store = NULL;
}

/*
 * Send the request.
 */
static void
send_data_request(ConnectorScan *state)
{
	state->answered = false;
	state->answer = connector_data_start(state->table, &state->request, &state->statistics);
}

/*
 * See that the source's settings are there, if the server is a source of a portal.
 */
static void
require_source(ConnectorScan *state)
{
	MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(state->table));

	state->fresh |= source_require(&state->table->connector);
	state->request.renewable = state->table->connector.portal && !state->fresh;
	MemoryContextSwitchTo(caller);
}

/*
 * The connector has turned the source's settings down: ask again with those that the
 * portal has now, if they are others.
 */
static void
ask_with_new_settings(ConnectorScan *state)
{
	MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(state->table));

	source_renew(state->table, state->answer);
	state->fresh = true;
	state->renewed++;
	MemoryContextSwitchTo(state->request_context);
	connector_data_close(state->answer);
	state->request.renewable = false;
	send_data_request(state);
	MemoryContextSwitchTo(caller);
}

/*
 * The connector has refused the request: ask again without a filter, which may
 * be the reason.
 */
static void
ask_without_filter(ConnectorScan *state)
{
	MemoryContext caller = MemoryContextSwitchTo(state->request_context);

	if (state->request.filter == NIL)
		connector_data_raise(state->answer);
	connector_data_close(state->answer);
	if (!state->keep)
		close_store(state);
	state->suspects = state->request.filter;
	state->request.filter = NIL;
	set_request_limit(state, 0);
	send_data_request(state);
	MemoryContextSwitchTo(caller);
}

/*
 * Without a filter the connector has not refused: it was the filter.
 */
static void
blame_filter(ConnectorScan *state)
{
	ListCell   *lc;

	/* what earlier parts of a list found counts if it was a row */
	if (state->list)
		long_list_finish(state->list, !state->matched);

	state->refused++;
	foreach(lc, state->suspects)
		trust_set(state->table, lfirst(lc), TRUST_DROPPED);
	state->suspects = NIL;
}

/*
 * Has the request been answered?  Waits for that if it may; false means that it
 * may not, and that it has not.
 */
static bool
is_answered(ConnectorScan *state, bool wait)
{
	/* that is known for all rows but the first */
	if (likely(state->answered))
		return true;
	while (connector_data_begun(state->answer, wait))
	{
		if (connector_data_unauthorized(state->answer))
			ask_with_new_settings(state);
		else if (connector_data_refused(state->answer))
			ask_without_filter(state);
		else
		{
			if (state->suspects != NIL)
				blame_filter(state);
			state->answered = true;
			return true;
		}
	}
	return false;
}

/*
 * Let go of the answer, and of the connection with it, rather than at the end
 * of the query.
 */
static void
close_answer(ConnectorScan *state)
{
	if (state->answer)
		connector_data_close(state->answer);
	state->answer = NULL;
	state->streaming = false;
}

/*
 * The same with the rows that were kept.
 */
static void
close_request(ConnectorScan *state)
{
	close_answer(state);
	close_store(state);
	state->suspects = NIL;
	state->complete = false;
}

/*
 * Start anew: send a request, and do not wait for its answer.
 */
static void
start_request(ForeignScanState *node)
{
	ConnectorScan *state = node->fdw_state;
	MemoryContext caller;
	int			rows;
	bool		all;

	close_request(state);
	state->matched = false;
	state->full = false;
	state->list = NULL;
	state->removed_before = state->rows_removed;
	MemoryContextReset(state->request_context);
	caller = MemoryContextSwitchTo(state->request_context);

	memset(&state->request, 0, sizeof(DataRequest));
	require_source(state);
	state->request.fields = state->fields;
	state->request.select_all = state->select_all;
	rows = rows_that_suffice(node);
	if (bind_filter(node, &state->request.filter, &all))
	{
		/*
		 * A condition that is only checked here would use the limit up; and
		 * so may the rows of one part
		 */
		if (!all || state->list)
			rows = 0;
		set_request_limit(state, rows);
		send_data_request(state);
	}
	else
		state->ended = true;

	if (state->answer && (state->keep || is_held(state)))
	{
		/* it outlives the request, and so do rows that come from its file */
		MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
		state->store = tuplestore_begin_heap(false, false, work_mem);
	}
	MemoryContextSwitchTo(caller);
}

/*
 * The answer has ended and no row matched.  If there is no reason to believe
 * that of a condition, see whether the connector can be trusted with it.
 * True if the request must be made again without.
 */
static bool
must_ask_again(ForeignScanState *node)
{
	ConnectorScan *state = node->fdw_state;
	TupleDesc	tupdesc = RelationGetDescr(node->ss.ss_currentRelation);
	MemoryContext caller = MemoryContextSwitchTo(state->request_context);
	bool		again = false;
	ListCell   *lc;

	close_request(state);
	foreach(lc, state->request.filter)
	{
		FilterCondition *condition = lfirst(lc);

		if (trust_get(state->table, condition) == TRUST_BELIEVED)
			continue;
		state->doubted++;
		if (!trust_verify(state->table, tupdesc, condition, &state->statistics))
		{
			MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
			state->withheld = bms_add_members(state->withheld, condition->clauses);
			MemoryContextSwitchTo(state->request_context);
			again = true;
		}
	}
	MemoryContextSwitchTo(caller);
	return again;
}

/* ---- iterate ---- */

/*
 * Fill the slot with the values of a row.  Columns that are not wanted are null
 * from the beginning.
 */
static void
fill_slot(ConnectorScan *state, TupleTableSlot *slot, RowsValue *values)
{
	const int	ntargets = state->ntargets;

	ExecClearTuple(slot);
	for (int i = 0; i < ntargets; i++)
	{
		const ScanTarget *target = &state->targets[i];

		slot->tts_values[target->index] = converter_read(target->converter,
														 &values[target->place],
														 &slot->tts_isnull[target->index]);
	}
	ExecStoreVirtualTuple(slot);
}

/*
 * A row has passed the check of all conditions that were sent.
 */
static void
note_match(ConnectorScan *state)
{
	ListCell   *lc;

	state->matched = true;
	foreach(lc, state->request.filter)
	{
		if (trust_get(state->table, lfirst(lc)) == TRUST_UNKNOWN)
			trust_set(state->table, lfirst(lc), TRUST_BELIEVED);
	}
}

/*
 * Does the row count for the part of a list that was asked for?
 */
static bool
counts_for_part(ConnectorScan *state, TupleTableSlot *slot)
{
	MemoryContext caller = MemoryContextSwitchTo(state->row_context);
	int			index = long_list_condition(state->list)->attnum - 1;
	bool		counts = long_list_counts(state->list, slot->tts_values[index],
										  slot->tts_isnull[index]);

	MemoryContextSwitchTo(caller);
	return counts;
}

/*
 * Ask for the next part of a list that is too long for one request.  False if
 * there is none.
 */
static bool
request_next_part(ConnectorScan *state)
{
	MemoryContext caller = MemoryContextSwitchTo(state->request_context);
	bool		more = state->list && long_list_next(state->list);

	if (more)
	{
		close_answer(state);
		send_data_request(state);
	}
	MemoryContextSwitchTo(caller);
	return more;
}

/*
 * Read on until a row passes the check of the conditions that were sent.
 * DATA_END at the end of the answer; DATA_PENDING, only if we do not wait, if what
 * comes next has not arrived.
 */
static DataStatus
next_matching_row(ForeignScanState *node, bool wait)
{
	ConnectorScan *state = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	ErrorContextCallback errcallback;
	DataStatus	status;
	RowsValue  *values;

	errcallback.callback = connector_data_context;
	errcallback.arg = state->answer;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	while ((status = connector_data_read(state->answer, wait, &values)) == DATA_ROW)
	{
		MemoryContext caller;
		bool		found = true;

		CHECK_FOR_INTERRUPTS();
		if (!state->row_context->isReset || state->row_context->firstchild)
			MemoryContextReset(state->row_context);
		caller = MemoryContextSwitchTo(state->row_context);
		fill_slot(state, slot, values);
		MemoryContextSwitchTo(caller);
		state->rows_received++;

		if (node->fdw_recheck_quals)
		{
			econtext->ecxt_scantuple = slot;
			found = ExecQual(node->fdw_recheck_quals, econtext);
		}
		if (found && state->list)
			found = counts_for_part(state, slot);
		if (found)
			break;
		state->rows_removed++;
		ResetExprContext(econtext);
	}
	error_context_stack = errcallback.previous;
	return status;
}

/*
 * Put the next row that matches into the scan's slot, and keep it if rows are
 * kept.  DATA_END at the end of the (last) answer, which is closed then;
 * DATA_PENDING as above.
 */
static DataStatus
next_new_row(ForeignScanState *node, bool wait)
{
	ConnectorScan *state = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	if (state->answer == NULL)
		return DATA_END;
	do
	{
		DataStatus	status = is_answered(state, wait) ? next_matching_row(node, wait)
			: DATA_PENDING;

		if (status == DATA_ROW)
		{
			if (!state->matched)
				note_match(state);
			if (state->store)
				tuplestore_putvalues(state->store, slot->tts_tupleDescriptor,
									 slot->tts_values, slot->tts_isnull);
			else
				state->streaming = !((ForeignScan *) node->ss.ps.plan)->fsSystemCol;
		}
		if (status != DATA_END)
			return status;
	} while (request_next_part(state));
	state->full = !state->request.whole &&
		connector_data_rows(state->answer) >= (uint64) state->request.limit;
	state->complete = true;
	close_answer(state);
	return DATA_END;
}

/*
 * Read the whole answer to a request with filter and limit, and hold back the
 * rows that match.  If there are as many rows as were asked for, but not all
 * of them match, ask again without limit.  False if we do not wait and there
 * is more to come.
 */
static bool
hold_answer(ForeignScanState *node, bool wait)
{
	ConnectorScan *state = node->fdw_state;
	DataStatus	status;

	while ((status = next_new_row(node, wait)) == DATA_ROW)
		;
	if (status == DATA_PENDING)
		return false;
	if (state->full && state->rows_removed > state->removed_before)
	{
		state->unlimited = true;
		state->unlimited_requests++;
		close_request(state);
	}
	return true;
}

/*
 * Put the next row of a tuplestore into the slot of a scan, by way of another slot,
 * which is for minimal tuples.  False if there are no more, or there is no store.
 */
bool
next_stored_row(ForeignScanState *node, Tuplestorestate *store, TupleTableSlot *store_slot)
{
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	int			natts = slot->tts_tupleDescriptor->natts;
	MemoryContext caller;
	bool		found;

	if (store == NULL || tuplestore_ateof(store))
		return false;
	ExecClearTuple(slot);

	/*
	 * A row that comes from disk is palloc'd, and freed by the slot when the
	 * next one is stored: the memory we are called in does not last that long
	 */
	caller = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
	found = tuplestore_gettupleslot(store, true, false, store_slot);
	MemoryContextSwitchTo(caller);
	if (!found)
		return false;
	slot_getallattrs(store_slot);
	memcpy(slot->tts_values, store_slot->tts_values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, store_slot->tts_isnull, natts * sizeof(bool));
	ExecStoreVirtualTuple(slot);
	return true;
}

/*
 * Give the row in the scan's slot what system columns are read from, as
 * postgres_fdw does: no place, and no transaction.  tableoid is core's.
 */
void
set_system_columns(ForeignScanState *node)
{
	HeapTuple	tuple = ExecFetchSlotHeapTuple(node->ss.ss_ScanTupleSlot, true, NULL);

	HeapTupleHeaderSetXmin(tuple->t_data, InvalidTransactionId);
	HeapTupleHeaderSetXmax(tuple->t_data, InvalidTransactionId);
	HeapTupleHeaderSetCmin(tuple->t_data, InvalidTransactionId);
}

/*
 * Put the scan's next row into its slot.  DATA_END behind the last one, and
 * DATA_PENDING, only if we do not wait, if it has not arrived: then the scan has
 * an answer whose descriptor can be waited for.
 */
DataStatus
scan_next_row(ForeignScanState *node, bool wait)
{
	ConnectorScan *state = node->fdw_state;

	if (likely(state->streaming))
	{
		DataStatus	status = next_matching_row(node, wait);

		if (likely(status != DATA_END))
			return status;
	}
	if (state->replays)
	{
		state->replays = false;
		state->rescans_replayed++;
	}
	while (!state->ended)
	{
		DataStatus	status = DATA_ROW;

		if (state->answer == NULL && !state->complete)
		{
			start_request(node);
			continue;
		}
		if (state->answer && is_held(state))
		{
			/* it need not be any more, should it have been refused */
			if (!is_answered(state, wait) ||
				(is_held(state) && !hold_answer(node, wait)))
				return DATA_PENDING;
			continue;
		}

		/* what is kept comes first, what is still to come goes on behind it */
		if (!next_stored_row(node, state->store, state->store_slot))
			status = next_new_row(node, wait);
		if (status == DATA_ROW && ((ForeignScan *) node->ss.ps.plan)->fsSystemCol)
			set_system_columns(node);
		if (status != DATA_END)
			return status;
		if (state->full)
			elog(ERROR, "more rows are wanted than the query's LIMIT allows");
		if (state->matched || !must_ask_again(node))
			state->ended = true;
	}
	return DATA_END;
}

TupleTableSlot *
biconnectorIterateForeignScan(ForeignScanState *node)
{
	ConnectorScan *state = node->fdw_state;
	DataStatus	status = scan_next_row(node, !state->async);

	state->pending = status == DATA_PENDING;
	return status == DATA_ROW ? node->ss.ss_ScanTupleSlot
		: ExecClearTuple(node->ss.ss_ScanTupleSlot);
}

/*
 * Start over.  If what is asked for is the same as before, so are the rows: those
 * that were kept come again, and if the answer has not been read to its end, the
 * rest of it behind them.  That is as good as one pass, because once a row has
 * been handed out, the scan does not ask for anything else.
 *
 * Rows are kept from the beginning only if the plan says that the scan will
 * start over (EXEC_FLAG_REWIND).  Otherwise, that it has done so once is taken
 * as a sign.
 */
void
biconnectorReScanForeignScan(ForeignScanState *node)
{
	ConnectorScan *state = node->fdw_state;
	bool		changed = bms_overlap(node->ss.ps.chgParam, state->params);
	bool		empty = state->ended && !state->matched;

	ExecClearTuple(node->ss.ss_ScanTupleSlot);
	if (!changed && (state->store || empty))
	{
		if (state->store)
		{
			ExecClearTuple(state->store_slot);
			tuplestore_rescan(state->store);
		}
		state->ended = empty;
		state->replays = state->request.limit > 0;
		return;
	}
	if (!changed && (state->answer || state->ended))
		state->keep = true;
	close_request(state);
	MemoryContextReset(state->request_context);
	state->ended = false;
	state->replays = false;
	state->fresh = false;
}

/*
 * End the scan.  After an error this is not called: what is outside of memory
 * contexts goes with the answer's own context then.
 */
void
biconnectorEndForeignScan(ForeignScanState *node)
{
	ConnectorScan *state = node->fdw_state;

	if (state && state->request_context)
	{
		close_request(state);
		MemoryContextReset(state->request_context);
	}
}
