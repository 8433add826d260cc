/*-------------------------------------------------------------------------
 *
 * portal_scan.c
 *	  Running a scan of a portal's table: begin, iterate, rescan, end.
 *
 * Rows come from portal_read.c one at a time, and no page is asked for before the
 * rows of the one before have been handed out: a LIMIT that has enough of them asks
 * for no more.  The conditions that were sent are checked on every row.
 *
 * Rows are kept in a tuplestore where the scan may start over without a change of
 * what it reads, and where the statement changes objects of the portal: then all is
 * read before the first row is handed out, so that no row is read after the statement
 * has changed it, or made it.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_scan.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

void
portalBeginForeignScan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	Relation	relation = node->ss.ss_currentRelation;
	TupleDesc	tupdesc = RelationGetDescr(relation);
	PortalScan *state = palloc0(sizeof(PortalScan));
	ListCell   *lc;

	node->fdw_state = state;
	state->table = get_portal_table(relation, compat_executor_userid(node));
	state->filter_table = portal_filter_table(state->table);
	state->columns = list_nth(plan->fdw_private, PORTAL_PRIVATE_COLUMNS);
	state->whole = intVal(list_nth(plan->fdw_private, PORTAL_PRIVATE_WHOLE)) != 0;
	foreach(lc, (List *) list_nth(plan->fdw_private, PORTAL_PRIVATE_FILTERS))
		state->filters = lappend(state->filters, filter_from_plan(lfirst(lc), plan->fdw_exprs));
	state->reader = portal_reader_create(state->table, state->columns,
										 list_nth(plan->fdw_private, PORTAL_PRIVATE_ORDER));
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;

	state->filter_values = ExecInitExprList(plan->fdw_exprs, (PlanState *) node);
	collect_params((Node *) plan->fdw_exprs, &state->params);
	collect_params((Node *) plan->fdw_recheck_quals, &state->params);
	state->keep = state->whole || (eflags & EXEC_FLAG_REWIND) != 0;
	state->store_slot = ExecInitExtraTupleSlot(node->ss.ps.state, tupdesc, &TTSOpsMinimalTuple);
	state->values = palloc(sizeof(PortalValue *) * Max(list_length(state->columns), 1));
	foreach(lc, state->columns)
	{
		int			index = lfirst_int(lc) - 1;

		state->values[foreach_current_index(lc)] =
			portal_value_create(state->table->columns[index], TupleDescAttr(tupdesc, index));
	}
	memset(node->ss.ss_ScanTupleSlot->tts_isnull, true, tupdesc->natts * sizeof(bool));
	state->request_context = AllocSetContextCreate(CurrentMemoryContext, "biconnector request",
												   ALLOCSET_SMALL_SIZES);
	state->row_context = AllocSetContextCreate(CurrentMemoryContext, "biconnector row",
											   ALLOCSET_DEFAULT_SIZES);
}

/*
 * Let go of the rows that were kept.
 */
static void
close_store(PortalScan *state)
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
 * Evaluate the conditions that the plan wants to send, and make a list of those that
 * are sent.  False if one of them can be true for no row.
 */
static bool
bind_filter(ForeignScanState *node, List **filter)
{
	PortalScan *state = node->fdw_state;
	int			count = list_length(state->filter_values);
	Datum	   *values = palloc(sizeof(Datum) * Max(count, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(count, 1));
	bool		never = false;
	ListCell   *lc;

	*filter = NIL;
	foreach(lc, state->filter_values)
	{
		int			index = foreach_current_index(lc);

		values[index] = ExecEvalExpr((ExprState *) lfirst(lc), node->ss.ps.ps_ExprContext,
									 &nulls[index]);
	}
	foreach(lc, state->filters)
	{
		List	   *conditions = NIL;
		ListCell   *each;
		bool		all = true;

		switch (filter_bind(state->filter_table, lfirst(lc), values, nulls, &conditions))
		{
			case FILTER_NEVER:
				return false;
			case FILTER_KEEP:
				continue;
			case FILTER_SEND:
				break;
		}
		foreach(each, conditions)
		{
			if (!portal_filter_fits(lfirst(each)) ||
				!filter_add(state->filter_table, filter, lfirst(each), &never))
				all = false;
			if (never)
				return false;
		}
		if (all)
		{
			MemoryContext caller = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);

			state->sent = bms_add_member(state->sent, foreach_current_index(lc));
			MemoryContextSwitchTo(caller);
		}
	}
	return true;
}

/*
 * Say what is to be read, with the parameters as they are now.
 */
static void
start_reading(ForeignScanState *node)
{
	PortalScan *state = node->fdw_state;
	MemoryContext caller;
	List	   *filter;

	close_store(state);
	portal_reader_close(state->reader);
	MemoryContextReset(state->request_context);
	caller = MemoryContextSwitchTo(state->request_context);
	state->never = !bind_filter(node, &filter);
	if (!state->never)
		portal_reader_start(state->reader, filter);
	state->complete = state->never;
	state->started = true;
	MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
	if (state->keep)
		state->store = tuplestore_begin_heap(false, false, work_mem);
	MemoryContextSwitchTo(caller);
}

/*
 * Fill the slot with the row that the reader is at.  Columns that are not wanted are
 * null from the beginning.
 */
static void
fill_slot(PortalScan *state, TupleTableSlot *slot)
{
	ListCell   *lc;

	ExecClearTuple(slot);
	foreach(lc, state->columns)
	{
		int			index = lfirst_int(lc) - 1;
		jsonc_object *member = portal_reader_member(state->reader, state->table->columns[index]);

		slot->tts_values[index] = portal_value_read(state->values[foreach_current_index(lc)],
													member, &slot->tts_isnull[index]);
	}
	ExecStoreVirtualTuple(slot);
}

static void
row_context(void *arg)
{
	const PortalScan *state = arg;
	const char *id = portal_reader_position(state->reader);

	if (id)
		errcontext("foreign table \"%s\", %s %s", state->table->relname,
				   state->table->object->kind ? state->table->object->kind : "dataset", id);
	else
		errcontext("foreign table \"%s\"", state->table->relname);
}

/*
 * Read on until a row passes the check of the conditions that were sent, and put it
 * into the scan's slot, and into the store if there is one.  False if there is none.
 */
static bool
next_new_row(ForeignScanState *node)
{
	PortalScan *state = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	bool		found = false;
	ErrorContextCallback errcallback;

	if (state->complete)
		return false;
	errcallback.callback = row_context;
	errcallback.arg = state;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;
	while (!found && portal_reader_next(state->reader))
	{
		MemoryContext caller;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(state->row_context);
		caller = MemoryContextSwitchTo(state->row_context);
		fill_slot(state, slot);
		MemoryContextSwitchTo(caller);
		state->rows_received++;

		found = true;
		if (node->fdw_recheck_quals)
		{
			econtext->ecxt_scantuple = slot;
			found = ExecQual(node->fdw_recheck_quals, econtext);
			if (!found)
			{
				state->rows_removed++;
				ResetExprContext(econtext);
			}
		}
	}
	error_context_stack = errcallback.previous;
	if (found && state->store)
		tuplestore_putvalues(state->store, slot->tts_tupleDescriptor, slot->tts_values,
							 slot->tts_isnull);
	if (!found)
	{
		state->complete = true;
		portal_reader_close(state->reader);
	}
	return found;
}

TupleTableSlot *
portalIterateForeignScan(ForeignScanState *node)
{
	PortalScan *state = node->fdw_state;

	if (!state->started)
	{
		start_reading(node);
		while (state->whole && next_new_row(node))
			ResetExprContext(node->ss.ps.ps_ExprContext);
	}
	if (state->replays)
	{
		state->replays = false;
		state->rescans_replayed++;
	}

	/* what is kept comes first, what is still to come goes on behind it */
	if (!next_stored_row(node, state->store, state->store_slot) && !next_new_row(node))
		return ExecClearTuple(node->ss.ss_ScanTupleSlot);
	if (((ForeignScan *) node->ss.ps.plan)->fsSystemCol)
		set_system_columns(node);
	return node->ss.ss_ScanTupleSlot;
}

/*
 * Start over.  If what is read is the same as before, rows that were kept come again,
 * and if not all have been read, the rest behind them.
 *
 * Rows are kept from the beginning if the plan says that the scan will start over
 * (EXEC_FLAG_REWIND).  Otherwise, that it has done so once is taken as a sign.
 */
void
portalReScanForeignScan(ForeignScanState *node)
{
	PortalScan *state = node->fdw_state;
	bool		changed = bms_overlap(node->ss.ps.chgParam, state->params);

	ExecClearTuple(node->ss.ss_ScanTupleSlot);
	if (!state->started)
		return;
	if (!changed && state->store)
	{
		ExecClearTuple(state->store_slot);
		tuplestore_rescan(state->store);
		state->replays = true;
		return;
	}
	if (!changed)
		state->keep = true;
	state->started = false;
}

/*
 * End the scan.  After an error this is not called: what is outside of memory
 * contexts goes with them.
 */
void
portalEndForeignScan(ForeignScanState *node)
{
	PortalScan *state = node->fdw_state;

	if (state && state->request_context)
	{
		close_store(state);
		portal_reader_close(state->reader);
	}
}
