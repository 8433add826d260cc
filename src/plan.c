/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  Relation size, costs, paths and the plan of a scan.
 *
 * One request per scan is the unit of cost.  Conditions are split into those
 * that the connector can be asked for, which scan.c checks again on every
 * row, and the rest, which the executor checks.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "access/sysattr.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"

/* Rows of a table of which nothing is known */
#define DEFAULT_ROWS 10000

/* What PostgreSQL assumes of a LIMIT that is not known when the plan is made */
#define UNKNOWN_LIMIT_FRACTION 0.1

/*
 * A request with a limit costs a little less than one without: the connector
 * need not prepare the whole answer.  The planner only prefers a path that is
 * more than 1% cheaper.
 */
#define LIMIT_DISCOUNT 0.9

/* What the callbacks know of a relation, in RelOptInfo.fdw_private */
typedef struct PlanInfo
{
	TableOptions *table;
	List	   *sent;			/* RestrictInfos to be sent */
	List	   *filters;		/* of FilterExpr *, for each of them */
	Bitmapset  *attrs_used;		/* offset by
								 * FirstLowInvalidHeapAttributeNumber */
	double		received;		/* rows that the answer is expected to have */
} PlanInfo;

/*
 * Choose the conditions to be sent: each field once, equality before IN.
 */
static void
choose_conditions(RelOptInfo *baserel, PlanInfo *info)
{
	static const int operators[] = {FILTER_EQ, FILTER_IN};
	ListCell   *lc;

	for (int i = 0; i < lengthof(operators); i++)
	{
		foreach(lc, baserel->baserestrictinfo)
		{
			RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);
			FilterExpr *filter = palloc(sizeof(FilterExpr));
			ListCell   *other;
			bool		doubled = false;

			if (rinfo->pseudoconstant ||
				!filter_from_clause(baserel, info->table, rinfo->clause, filter) ||
				filter->operator != operators[i])
				continue;
			foreach(other, info->filters)
				doubled |= strcmp(info->table->columns[filter->attnum - 1].field,
								  info->table->columns[((FilterExpr *) lfirst(other))->attnum - 1].field) == 0;
			if (doubled)
				continue;
			info->sent = lappend(info->sent, rinfo);
			info->filters = lappend(info->filters, filter);
		}
	}
}

/*
 * Estimate the relation's size, and find out what can be sent.
 */
void
biconnectorGetForeignRelSize(PlannerInfo *root, RelOptInfo *baserel, Oid foreigntableid)
{
	PlanInfo   *info = palloc0(sizeof(PlanInfo));
	ListCell   *lc;

	baserel->fdw_private = info;
	info->table = get_table_options(foreigntableid, compat_planner_userid(root, baserel));
	choose_conditions(baserel, info);

	pull_varattnos((Node *) baserel->reltarget->exprs, baserel->relid, &info->attrs_used);
	foreach(lc, baserel->baserestrictinfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, lc)->clause, baserel->relid,
					   &info->attrs_used);

	if (!compat_relation_has_statistics(baserel))
		baserel->tuples = DEFAULT_ROWS;
	set_baserel_size_estimates(root, baserel);
	info->received = clamp_row_est(baserel->tuples *
								   clauselist_selectivity(root, info->sent, 0, JOIN_INNER, NULL));
}

/*
 * The one path that there is: a request, and what comes back.
 */
void
biconnectorGetForeignPaths(PlannerInfo *root, RelOptInfo *baserel, Oid foreigntableid)
{
	PlanInfo   *info = baserel->fdw_private;
	ConnectorOptions *connector = &info->table->connector;
	Cost		startup_cost = connector->startup_cost + baserel->baserestrictcost.startup;
	Cost		per_row = connector->tuple_cost + cpu_tuple_cost +
		baserel->baserestrictcost.per_tuple;

	add_path(baserel, (Path *)
			 compat_create_foreignscan_path(root, baserel, baserel->rows,
											startup_cost,
											startup_cost + info->received * per_row,
											baserel->lateral_relids, NIL));
}

/*
 * May the query's LIMIT go to the connector together with these conditions?
 * Only one that filters before it limits can be sent both.
 */
static bool
limit_goes_with(const RelOptInfo *baserel, const PlanInfo *info)
{
	ListCell   *lc;

	if (info->table->connector.push_limit == PUSH_LIMIT_NONE)
		return false;
	foreach(lc, baserel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);

		/* a pseudoconstant one lets all rows pass, or none */
		if (rinfo->pseudoconstant)
			continue;
		if (info->table->connector.push_limit != PUSH_LIMIT_FILTERED ||
			!list_member_ptr(info->sent, rinfo))
			return false;
	}
	return true;
}

/*
 * May we evaluate this clause as well as the Limit node does, and rely on the
 * same outcome?  What a stable function returns can change between the two.
 */
static bool
is_repeatable(Node *clause)
{
	return !contain_mutable_functions(clause) && !contain_subplans(clause);
}

/*
 * A copy of a scan's path that asks for a limited number of rows, with the
 * projection above it if there is one.  NULL if the path is something else.
 */
static Path *
limited_path(PlannerInfo *root, RelOptInfo *rel, Path *path, double rows)
{
	if (IsA(path, ProjectionPath))
	{
		ProjectionPath *projection = (ProjectionPath *) path;
		Path	   *inner = limited_path(root, rel, projection->subpath, rows);

		return inner ? (Path *) create_projection_path(root, rel, inner,
													   projection->path.pathtarget) : NULL;
	}
	if (IsA(path, ForeignPath) && path->parent == rel)
	{
		ForeignPath *copy = makeNode(ForeignPath);
		Cost		run_cost = path->total_cost - path->startup_cost;
		double		fraction = Min(1.0, rows / Max(path->rows, 1.0));
		Query	   *parse = root->parse;

		memcpy(copy, path, sizeof(ForeignPath));
		copy->path.rows = clamp_row_est(path->rows * fraction);
		copy->path.startup_cost = path->startup_cost * LIMIT_DISCOUNT;
		copy->path.total_cost = (path->startup_cost + run_cost * fraction) * LIMIT_DISCOUNT;
		copy->fdw_private = list_make1(parse->limitCount);
		if (parse->limitOffset)
			copy->fdw_private = lappend(copy->fdw_private, parse->limitOffset);
		return (Path *) copy;
	}
	return NULL;
}

/*
 * Send a LIMIT with nothing between it and the scan that the connector does
 * not do.
 *
 * It is a hint to the connector.  Core's own Limit node stays above the scan
 * and does LIMIT and OFFSET, so that a connector which ignores the hint, or
 * sends more, changes nothing.
 */
void
biconnectorGetForeignUpperPaths(PlannerInfo *root, UpperRelationKind stage,
								RelOptInfo *input_rel, RelOptInfo *output_rel, void *extra)
{
	Query	   *parse = root->parse;
	FinalPathExtraData *final = extra;
	double		rows;
	int64		offset_est;
	int64		count_est;
	Path	   *path;

	/* only a plain SELECT from one foreign table has that table as its input */
	if (stage != UPPERREL_FINAL || !final->limit_needed || parse->limitCount == NULL ||
		parse->commandType != CMD_SELECT || parse->limitOption != LIMIT_OPTION_COUNT ||
		input_rel->reloptkind != RELOPT_BASEREL || input_rel->fdw_private == NULL ||
		parse->sortClause != NIL || parse->distinctClause != NIL ||
		parse->groupClause != NIL || parse->groupingSets != NIL ||
		parse->hasAggs || parse->havingQual != NULL || parse->hasWindowFuncs ||
		parse->hasTargetSRFs || parse->rowMarks != NIL || root->rowMarks != NIL ||
		!limit_goes_with(input_rel, input_rel->fdw_private) ||
		!is_repeatable(parse->limitCount) || !is_repeatable(parse->limitOffset))
		return;

	/* 0 is no LIMIT, or it is NULL; below that it is not known yet */
	if (final->count_est == 0 || final->limit_tuples > MAX_PUSHED_LIMIT)
		return;
	rows = final->limit_tuples > 0 ? final->limit_tuples
		: Min(input_rel->rows * UNKNOWN_LIMIT_FRACTION, MAX_PUSHED_LIMIT);
	path = limited_path(root, input_rel, input_rel->cheapest_total_path, rows);
	if (path == NULL)
		return;

	/* what is not known is not to be estimated of that path's rows once more */
	offset_est = final->limit_tuples > 0 ? final->offset_est : 0;
	count_est = final->count_est > 0 ? final->count_est : (int64) clamp_row_est(rows);
	add_path(output_rel, (Path *)
			 create_limit_path(root, output_rel, path, parse->limitOffset, parse->limitCount,
							   parse->limitOption, offset_est, count_est));
}

/*
 * The columns that a scan needs, as integer list.
 */
static List *
needed_columns(const PlanInfo *info)
{
	bool		whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber,
										  info->attrs_used);
	List	   *columns = NIL;

	for (int attnum = 1; attnum <= info->table->ncolumns; attnum++)
	{
		if (info->table->columns[attnum - 1].field &&
			(whole_row || bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber,
										info->attrs_used)))
			columns = lappend_int(columns, attnum);
	}
	return columns;
}

/*
 * Make the plan.  What is sent goes into fdw_recheck_quals, not into the
 * plan's qual: scan.c checks it itself, because it must know whether a filter
 * brought a row that matches.
 */
ForeignScan *
biconnectorGetForeignPlan(PlannerInfo *root, RelOptInfo *baserel, Oid foreigntableid,
						  ForeignPath *best_path, List *tlist, List *scan_clauses,
						  Plan *outer_plan)
{
	PlanInfo   *info = baserel->fdw_private;
	List	   *local = NIL;
	List	   *values = NIL;
	List	   *columns = NIL;
	List	   *operators = NIL;
	ListCell   *lc;

	foreach(lc, scan_clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);

		/* a pseudoconstant one is checked in a Result node above */
		if (!rinfo->pseudoconstant && !list_member_ptr(info->sent, rinfo))
			local = lappend(local, rinfo->clause);
	}
	foreach(lc, info->filters)
	{
		FilterExpr *filter = lfirst(lc);

		values = lappend(values, filter->value);
		columns = lappend_int(columns, filter->attnum);
		operators = lappend_int(operators, filter->operator);
	}

	/* the path's own list is that of the LIMIT to be sent, if there is one */
	return make_foreignscan(tlist, local, baserel->relid,
							list_concat(values, best_path->fdw_private),
							list_make3(needed_columns(info), columns, operators),
							NIL, extract_actual_clauses(info->sent, false), outer_plan);
}
