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
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"

/* Rows of a table of which nothing is known */
#define DEFAULT_ROWS 10000

/* The largest LIMIT plus OFFSET that is sent */
#define MAX_PUSHED_LIMIT 10000

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
 * The number of rows that a constant LIMIT and OFFSET ask for, or 0 if that is
 * not known or too large.
 */
static int
rows_of_limit(const Query *parse)
{
	const Node *const clauses[] = {parse->limitCount, parse->limitOffset};
	int64		rows = 0;

	if (parse->limitCount == NULL)
		return 0;
	for (int i = 0; i < lengthof(clauses); i++)
	{
		const Const *constant = (const Const *) clauses[i];
		int64		value;

		if (constant == NULL)
			continue;
		if (!IsA(constant, Const))
			return 0;
		if (constant->constisnull)
		{
			/* LIMIT NULL is no limit, OFFSET NULL no offset */
			if (i == 0)
				return 0;
			continue;
		}
		value = DatumGetInt64(constant->constvalue);
		if (value < 0 || value > MAX_PUSHED_LIMIT)
			return 0;
		rows += value;
	}
	return rows <= MAX_PUSHED_LIMIT ? (int) rows : 0;
}

/*
 * A copy of a scan's path that asks for a limited number of rows, with the
 * projection above it if there is one.  NULL if the path is something else.
 */
static Path *
limited_path(PlannerInfo *root, RelOptInfo *rel, Path *path, int limit)
{
	if (IsA(path, ProjectionPath))
	{
		ProjectionPath *projection = (ProjectionPath *) path;
		Path	   *inner = limited_path(root, rel, projection->subpath, limit);

		return inner ? (Path *) create_projection_path(root, rel, inner,
													   projection->path.pathtarget) : NULL;
	}
	if (IsA(path, ForeignPath) && path->parent == rel)
	{
		ForeignPath *copy = makeNode(ForeignPath);
		Cost		run_cost = path->total_cost - path->startup_cost;
		double		fraction = Min(1.0, limit / Max(path->rows, 1.0));

		memcpy(copy, path, sizeof(ForeignPath));
		copy->path.rows = clamp_row_est(path->rows * fraction);
		copy->path.startup_cost = path->startup_cost * LIMIT_DISCOUNT;
		copy->path.total_cost = copy->path.startup_cost + run_cost * fraction;
		copy->fdw_private = list_make1_int(limit);
		return (Path *) copy;
	}
	return NULL;
}

/*
 * Send a LIMIT that stands alone above a scan without conditions.
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
	int			limit;
	Path	   *path;

	/* only a plain SELECT from one foreign table has that table as its input */
	if (stage != UPPERREL_FINAL || !final->limit_needed ||
		parse->commandType != CMD_SELECT || parse->limitOption != LIMIT_OPTION_COUNT ||
		input_rel->reloptkind != RELOPT_BASEREL || input_rel->fdw_private == NULL ||
		input_rel->baserestrictinfo != NIL ||
		parse->sortClause != NIL || parse->distinctClause != NIL ||
		parse->groupClause != NIL || parse->groupingSets != NIL ||
		parse->hasAggs || parse->havingQual != NULL || parse->hasWindowFuncs ||
		parse->hasTargetSRFs || parse->rowMarks != NIL || root->rowMarks != NIL)
		return;
	limit = rows_of_limit(parse);
	if (limit < 1)
		return;
	path = limited_path(root, input_rel, input_rel->cheapest_total_path, limit);
	if (path == NULL)
		return;
	add_path(output_rel, (Path *)
			 create_limit_path(root, output_rel, path, parse->limitOffset, parse->limitCount,
							   parse->limitOption, final->offset_est, final->count_est));
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

	return make_foreignscan(tlist, local, baserel->relid, values,
							list_make4(needed_columns(info), columns, operators,
									   best_path->fdw_private),
							NIL, extract_actual_clauses(info->sent, false), outer_plan);
}
