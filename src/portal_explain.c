/*-------------------------------------------------------------------------
 *
 * portal_explain.c
 *	  What EXPLAIN shows of a scan of a portal's table: what is asked for, and
 *	  with ANALYZE what that has cost.
 *
 * Nothing is sent for it.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_scan.h"

#include "utils/ruleutils.h"

/*
 * Does the condition say for which ids "get" is called?
 */
static bool
is_id_condition(const PortalScan *state, const FilterExpr *filter)
{
	List	   *conditions;
	FilterCondition *condition;

	filter_shape(state->filter_table, filter, &conditions);
	if (list_length(conditions) != 1)
		return false;
	condition = linitial(conditions);
	return (condition->operator == FILTER_EQ || condition->operator == FILTER_IN) &&
		strcmp(condition->field, "id") == 0 &&
		portal_gets_by_id(state->table, state->columns, condition->operator == FILTER_IN);
}

/*
 * Will, as far as the plan tells, objects be asked for by their ids?
 */
static bool
asks_by_id(const PortalScan *state)
{
	ListCell   *lc;

	foreach(lc, state->filters)
	{
		if (is_id_condition(state, lfirst(lc)))
			return true;
	}
	return false;
}

/*
 * The conditions of the plan in the words of the request: those that are sent (or
 * were, after a scan), and those that are not: because of their value, or because
 * objects are asked for by id.
 */
static void
explain_filter(ForeignScanState *node, struct ExplainState *es)
{
	PortalScan *state = node->fdw_state;
	List	   *context = set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, NIL);
	StringInfoData sent;
	StringInfoData dropped;
	bool		by_id = asks_by_id(state);
	ListCell   *lc;

	initStringInfo(&sent);
	initStringInfo(&dropped);
	foreach(lc, state->filters)
	{
		StringInfo	out = &sent;

		if ((by_id && !is_id_condition(state, lfirst(lc))) ||
			(state->started && !state->never &&
			 !bms_is_member(foreach_current_index(lc), state->sent)))
			out = &dropped;

		appendStringInfo(out, "%s%s", out->len > 0 ? " AND " : "",
						 filter_describe(state->filter_table, lfirst(lc), context));
	}
	if (sent.len > 0)
		ExplainPropertyText("Remote Filter", sent.data, es);
	if (dropped.len > 0)
		ExplainPropertyText("Remote Filter Not Sent", dropped.data, es);
}

/*
 * The methods that are called, and with what.
 */
static void
explain_methods(const PortalScan *state, struct ExplainState *es)
{
	PortalOptions *options = state->table->options;
	const PortalObject *object = state->table->object;
	bool		by_id = asks_by_id(state);
	List	   *methods = NIL;

	if (!by_id)
		methods = lappend(methods, portal_method(options, object, "list"));
	if (by_id || portal_reader_gets(state->reader))
		methods = lappend(methods, portal_method(options, object, "get"));
	ExplainPropertyList("Remote Methods", methods, es);
	if (by_id)
		return;
	if (portal_reader_select(state->reader) != NIL)
		ExplainPropertyList("Remote Select", portal_reader_select(state->reader), es);
	ExplainPropertyText("Remote Order", portal_reader_order(state->reader), es);
}

void
portalExplainForeignScan(ForeignScanState *node, struct ExplainState *es)
{
	PortalScan *state = node->fdw_state;

	if (es->verbose)
		explain_methods(state, es);
	explain_filter(node, es);
	if (!es->analyze)
		return;
	ExplainPropertyUInteger("Calls", NULL, portal_reader_calls(state->reader), es);
	ExplainPropertyUInteger("Rows Received", NULL, state->rows_received, es);
	if (state->filters != NIL)
		ExplainPropertyUInteger("Rows Removed by Recheck", NULL, state->rows_removed, es);
	if (state->rescans_replayed > 0)
		ExplainPropertyUInteger("Rescans Without Call", NULL, state->rescans_replayed, es);
}
