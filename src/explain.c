/*-------------------------------------------------------------------------
 *
 * explain.c
 *	  What EXPLAIN shows of a scan: the request that it makes, and with
 *	  ANALYZE what that has cost.
 *
 * Nothing is sent for it.
 *
 *-------------------------------------------------------------------------
 */
#include "scan.h"

#include "executor/instrument.h"
#include "utils/ruleutils.h"

/*
 * Has the current session dropped the condition, as far as can be said of one
 * whose values may not be known yet?
 */
static bool
is_dropped(const TableOptions *table, const FilterExpr *filter)
{
	List	   *conditions;
	ListCell   *lc;

	filter_shape(table, filter, &conditions);
	foreach(lc, conditions)
	{
		if (trust_get(table, lfirst(lc)) == TRUST_DROPPED)
			return true;
	}
	return false;
}

/*
 * The conditions of the plan in the words of the request: those that are sent
 * (or were, after a scan), and those that are not, because of their value or
 * of what the current session knows.  False if there is one that is not sent.
 */
static bool
explain_filter(ForeignScanState *node, struct ExplainState *es)
{
	ConnectorScan *state = node->fdw_state;
	List	   *context = set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, NIL);
	StringInfoData sent;
	StringInfoData dropped;
	ListCell   *lc;

	initStringInfo(&sent);
	initStringInfo(&dropped);
	foreach(lc, state->filters)
	{
		int			index = foreach_current_index(lc);
		StringInfo	out = &sent;

		if (bms_is_member(index, state->withheld) || is_dropped(state->table, lfirst(lc)) ||
			(state->statistics.requests > 0 && !bms_is_member(index, state->sent)))
			out = &dropped;
		appendStringInfo(out, "%s%s", out->len > 0 ? " AND " : "",
						 filter_describe(state->table, lfirst(lc), context));
	}
	if (sent.len > 0)
		ExplainPropertyText("Remote Filter", sent.data, es);
	if (dropped.len > 0)
		ExplainPropertyText("Remote Filter Not Sent", dropped.data, es);
	return dropped.len == 0;
}

/*
 * The limit of the request: the LIMIT of the query if it is sent, which needs
 * all conditions to be, otherwise row_limit, which is shown only with VERBOSE.
 */
static void
explain_limit(ForeignScanState *node, bool all_sent, struct ExplainState *es)
{
	ConnectorScan *state = node->fdw_state;
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	int			row_limit = state->table->connector.row_limit;
	int			nvalues = intVal(list_nth(plan->fdw_private, SCAN_PRIVATE_VALUES));
	bool		constant = true;
	int64		rows = 0;
	List	   *limits = all_sent ? list_copy_tail(plan->fdw_exprs, nvalues) : NIL;
	ListCell   *lc;

	if (state->request.limit > 0)
	{
		/* what was really asked for, last */
		if (!state->request.whole || es->verbose)
			ExplainPropertyInteger("Remote Limit", NULL, state->request.limit, es);
		return;
	}
	foreach(lc, limits)
	{
		Const	   *value = lfirst(lc);

		if (!IsA(value, Const))
			constant = false;
		else if (!value->constisnull)
			rows += DatumGetInt64(value->constvalue);
	}
	if (!constant)
	{
		List	   *context = set_deparse_context_plan(es->deparse_cxt, (Plan *) plan, NIL);
		char	   *text = deparse_expression(linitial(limits), context, false, false);

		if (list_length(limits) > 1)
			text = psprintf("%s + %s", text,
							deparse_expression(lsecond(limits), context, false, false));
		ExplainPropertyText("Remote Limit", text, es);
	}
	else if (rows > 0 && rows <= row_limit)
		ExplainPropertyInteger("Remote Limit", NULL, rows, es);
	else if (es->verbose)
		ExplainPropertyInteger("Remote Limit", NULL, row_limit, es);
}

/*
 * How often parallel workers have run the scan.
 */
static uint64
scans_in_workers(const ForeignScanState *node)
{
	const COMPAT_WORKER_INSTRUMENTATION *workers = node->ss.ps.worker_instrument;
	double		scans = 0;

	for (int i = 0; workers && i < workers->num_workers; i++)
		scans += workers->instrument[i].nloops;
	return (uint64) scans;
}

/*
 * What a scan has cost, and what the defences did.  Workers have no way to tell
 * us theirs: of a scan that they have run, that is all that can be said.
 */
static void
explain_counters(const ForeignScanState *node, struct ExplainState *es)
{
	const ConnectorScan *state = node->fdw_state;
	const HttpStatistics *statistics = &state->statistics;
	uint64		elsewhere = scans_in_workers(node);

	if (elsewhere > 0)
		ExplainPropertyUInteger("Scans in Workers, Not Counted", NULL, elsewhere, es);
	if (elsewhere > 0 && state->request.limit == 0)
		return;
	ExplainPropertyUInteger("Requests", NULL, statistics->requests, es);
	ExplainPropertyUInteger("Rows Received", NULL, state->rows_received, es);
	if (state->filters != NIL)
		ExplainPropertyUInteger("Rows Removed by Recheck", NULL, state->rows_removed, es);
	if (es->verbose)
	{
		ExplainPropertyUInteger("Connections Opened", NULL, statistics->connections, es);
		ExplainPropertyUInteger("Bytes Received", NULL, statistics->wire_bytes, es);
		ExplainPropertyUInteger("Bytes Decoded", NULL, statistics->decoded_bytes, es);
		if (es->timing && statistics->answers > 0)
			ExplainPropertyFloat("Time to First Byte", "ms",
								 statistics->first_byte_time / 1000.0 / statistics->answers,
								 3, es);
	}
	if (state->rescans_replayed > 0)
		ExplainPropertyUInteger("Rescans Without Request", NULL, state->rescans_replayed, es);
	if (state->refused > 0)
		ExplainPropertyUInteger("Requests Repeated Without Filter", NULL, state->refused, es);
	if (state->renewed > 0)
		ExplainPropertyUInteger("Requests Repeated With New Settings", NULL, state->renewed, es);
	if (state->unlimited_requests > 0)
		ExplainPropertyUInteger("Requests Repeated Without Limit", NULL,
								state->unlimited_requests, es);
	if (state->doubted > 0)
		ExplainPropertyUInteger("Empty Answers Doubted", NULL, state->doubted, es);
}

void
biconnectorExplainForeignScan(ForeignScanState *node, struct ExplainState *es)
{
	ConnectorScan *state = node->fdw_state;

	if (state->table->connector.portal)
	{
		ExplainPropertyText("Portal", state->table->connector.portal, es);
		ExplainPropertyInteger("Source ID", NULL, state->table->connector.source_id, es);
	}
	if (es->verbose)
	{
		if (state->table->connector.url_data)
			ExplainPropertyText("Remote URL",
								http_url_display(state->table->connector.url_data), es);
		ExplainPropertyText("Remote Table", state->table->table_name, es);
		if (!state->select_all && state->fields != NIL)
			ExplainPropertyList("Remote Select", state->fields, es);
		if (state->table->filter)
			ExplainPropertyText("Remote Fixed Filter", state->table->filter, es);
	}
	explain_limit(node, explain_filter(node, es), es);
	if (es->analyze)
		explain_counters(node, es);
}
