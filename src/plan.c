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
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"

/* Rows of a table of which nothing is known */
#define DEFAULT_ROWS 10000

/*
 * So many bytes of a row cost fdw_tuple_cost once more.  To read a value from
 * JSON and to make a Datum of it takes about as long as its bytes take over a
 * fast network, and both grow with its width; what a row costs by itself is
 * worth some 100 bytes.
 */
#define BYTES_LIKE_A_ROW 100.0

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
	Bitmapset  *attrs_used;		/* offset by
								 * FirstLowInvalidHeapAttributeNumber */
	Cost		row_cost;		/* to receive a row */
} PlanInfo;

/*
 * Elements of ForeignPath.fdw_private
 */
enum PathPrivateIndex
{
	PATH_PRIVATE_SENT,			/* RestrictInfos to be sent */
	PATH_PRIVATE_FILTERS,		/* FilterExpr *, for each of them */
	PATH_PRIVATE_LIMITS,		/* expressions: LIMIT and OFFSET to be sent */
	PATH_PRIVATE_REQUESTS		/* integer: how many requests */
};

/*
 * Choose the conditions to be sent from a list of RestrictInfos.
 *
 * A condition that is sent is checked before all others, so it must not come
 * ahead of those of a security barrier view unless it tells nothing.
 */
void
choose_conditions(PlannerInfo *root, RelOptInfo *baserel, const TableOptions *table,
				  List *clauses, List **sent, List **filters)
{
	ListCell   *lc;

	foreach(lc, clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);
		FilterExpr *filter;
		ListCell   *other;

		if (rinfo->pseudoconstant || !restriction_is_securely_promotable(rinfo, baserel))
			continue;
		filter = filter_from_clause(root, baserel, table, rinfo->clause);
		foreach(other, *filters)
		{
			if (filter && filter_excludes(table, lfirst(other), filter))
				filter = NULL;
		}
		if (filter == NULL)
			continue;
		*sent = lappend(*sent, rinfo);
		*filters = lappend(*filters, filter);
	}
}

/*
 * How many rows a table is taken to have that has never been analyzed.
 */
double
rows_without_statistics(const TableOptions *table)
{
	return table->estimated_rows >= 0 ? table->estimated_rows : DEFAULT_ROWS;
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
 * The width that the planner expects of a column, from statistics or its type.
 */
static int32
column_width(const TableOptions *table, AttrNumber attnum)
{
	int32		width = get_attavgwidth(table->relid, attnum);
	Oid			type;
	int32		typmod;
	Oid			collation;

	if (width > 0)
		return width;
	get_atttypetypmodcoll(table->relid, attnum, &type, &typmod, &collation);
	return get_typavgwidth(type, typmod);
}

/*
 * How wide a row is as it travels: the fields that are asked for, each once.
 */
static double
received_width(const PlanInfo *info)
{
	const TableOptions *table = info->table;
	List	   *columns = needed_columns(info);
	List	   *all = NIL;
	List	   *fields;
	List	   *slots;
	double		narrowest = 0;
	double		width = 0;
	int			counted = 0;
	ListCell   *column;
	ListCell   *slot;

	for (int attnum = 1; attnum <= table->ncolumns; attnum++)
	{
		if (table->columns[attnum - 1].field)
			all = lappend_int(all, attnum);
	}
	if (select_fields(table, columns, &fields, &slots))
		(void) select_fields(table, columns = all, &fields, &slots);
	forboth(column, columns, slot, slots)
	{
		/* fields are numbered in the order in which they appear */
		if (lfirst_int(slot) == counted)
		{
			width += column_width(table, lfirst_int(column));
			counted++;
		}
	}
	if (columns != NIL)
		return width;

	/* a query that needs none asks for the narrowest */
	foreach(column, all)
	{
		width = column_width(table, lfirst_int(column));
		if (narrowest == 0 || width < narrowest)
			narrowest = width;
	}
	return narrowest;
}

/*
 * What it costs to receive a row of the answer.
 */
static Cost
received_row_cost(const PlanInfo *info)
{
	return info->table->connector.tuple_cost * (1 + received_width(info) / BYTES_LIKE_A_ROW);
}

/*
 * Estimate the relation's size.
 */
void
biconnectorGetForeignRelSize(PlannerInfo *root, RelOptInfo *baserel, Oid foreigntableid)
{
	PlanInfo   *info = palloc0(sizeof(PlanInfo));
	ListCell   *lc;

	baserel->fdw_private = info;
	info->table = get_table_options(foreigntableid, compat_planner_userid(root, baserel));

	pull_varattnos((Node *) baserel->reltarget->exprs, baserel->relid, &info->attrs_used);
	foreach(lc, baserel->baserestrictinfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, lc)->clause, baserel->relid,
					   &info->attrs_used);

	if (!compat_relation_has_statistics(baserel))
		baserel->tuples = rows_without_statistics(info->table);
	set_baserel_size_estimates(root, baserel);
	info->row_cost = received_row_cost(info);
}

/*
 * The rows that come back for these conditions.
 */
static double
rows_received(PlannerInfo *root, RelOptInfo *baserel, List *sent)
{
	return clamp_row_est(baserel->tuples *
						 clauselist_selectivity(root, sent, baserel->relid, JOIN_INNER, NULL));
}

/*
 * How many requests the conditions take: one, unless there is a list of constants
 * that is too long for it.  If that many cost more than the rows do
 * that come without the list, it is not sent, and taken from *sent and *filters.
 */
static int
count_requests(PlannerInfo *root, RelOptInfo *baserel, double row_cost,
			   List **sent, List **filters)
{
	PlanInfo   *info = baserel->fdw_private;
	ConnectorOptions *connector = &info->table->connector;
	int			variables = 3 + list_length(connector->settings) +
		list_length(needed_columns(info)) + table_filter_variables(info->table);
	int			place = -1;
	int			values = 0;
	int			requests = 1;
	ListCell   *lc;
	List	   *others;

	foreach(lc, *filters)
	{
		List	   *conditions;
		ListCell   *each;

		filter_shape(info->table, lfirst(lc), &conditions);
		foreach(each, conditions)
		{
			FilterCondition *condition = lfirst(each);
			int			more = Max(filter_variables(condition), 1);

			if (variables + more <= MAX_REQUEST_VARIABLES)
				variables += more;
			else if (place < 0 && condition->operator == FILTER_IN)
			{
				place = foreach_current_index(lc);
				values = more;
			}
		}
	}
	if (place < 0)
		return 1;

	requests = long_list_requests(values, MAX_REQUEST_VARIABLES - variables);
	others = list_delete_nth_cell(list_copy(*sent), place);
	if (requests == 0 ||
		(requests - 1) * connector->startup_cost + rows_received(root, baserel, *sent) * row_cost >
		rows_received(root, baserel, others) * row_cost)
	{
		*sent = others;
		*filters = list_delete_nth_cell(list_copy(*filters), place);
		requests = 1;
	}
	return requests;
}

/*
 * A request, and what comes back.  With conditions that need values of other
 * relations, if there are any: then those are required_outer.
 */
static void
add_scan_path(PlannerInfo *root, RelOptInfo *baserel, Relids required_outer)
{
	PlanInfo   *info = baserel->fdw_private;
	ConnectorOptions *connector = &info->table->connector;
	ParamPathInfo *param_info = get_baserel_parampathinfo(root, baserel, required_outer);
	List	   *clauses = baserel->baserestrictinfo;
	List	   *sent = NIL;
	List	   *filters = NIL;
	QualCost	cost;
	Cost		startup_cost;
	double		row_cost;
	int			requests;

	if (param_info)
		clauses = list_concat_copy(clauses, param_info->ppi_clauses);
	choose_conditions(root, baserel, info->table, clauses, &sent, &filters);

	cost_qual_eval(&cost, clauses, root);
	row_cost = info->row_cost + cpu_tuple_cost + cost.per_tuple;
	requests = count_requests(root, baserel, row_cost, &sent, &filters);
	startup_cost = connector->startup_cost + cost.startup;
	add_path(baserel, (Path *)
			 compat_create_foreignscan_path(root, baserel,
											param_info ? param_info->ppi_rows : baserel->rows,
											startup_cost,
											startup_cost + (requests - 1) * connector->startup_cost +
											rows_received(root, baserel, sent) * row_cost,
											required_outer,
											list_make4(sent, filters, NIL,
													   makeInteger(requests))));
}

/*
 * Add the outer relations of a join clause to the list of those by which a
 * scan can be parameterized, if the clause can be sent.
 */
static void
consider_clause(PlannerInfo *root, RelOptInfo *baserel, const TableOptions *table,
				RestrictInfo *rinfo, List **outers)
{
	Relids		required_outer;
	ListCell   *lc;

	if (!join_clause_is_movable_to(rinfo, baserel) ||
		!restriction_is_securely_promotable(rinfo, baserel) ||
		filter_from_clause(root, baserel, table, rinfo->clause) == NULL)
		return;
	required_outer = bms_union(rinfo->clause_relids, baserel->lateral_relids);
	required_outer = bms_del_member(required_outer, baserel->relid);
	if (bms_is_empty(required_outer))
		return;
	foreach(lc, *outers)
	{
		if (bms_equal(lfirst(lc), required_outer))
			return;
	}
	*outers = lappend(*outers, required_outer);
}

/*
 * Callback: is this member of an equivalence class the column?
 */
static bool
is_member_column(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *class,
				 EquivalenceMember *member, void *column)
{
	Node	   *node = (Node *) member->em_expr;

	while (node && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node && IsA(node, Var) && ((Var *) node)->varno == rel->relid &&
		((Var *) node)->varattno == *(AttrNumber *) column;
}

/*
 * The sets of outer relations (of Relids) by which a scan can be parameterized,
 * because clauses that join the relation to them can be sent.
 */
List *
outers_of_conditions(PlannerInfo *root, RelOptInfo *baserel, const TableOptions *table)
{
	List	   *outers = NIL;
	ListCell   *lc;

	foreach(lc, baserel->joininfo)
		consider_clause(root, baserel, table, lfirst(lc), &outers);
	for (AttrNumber attnum = 1; baserel->has_eclass_joins && attnum <= table->ncolumns; attnum++)
	{
		List	   *clauses;

		if (table->columns[attnum - 1].filter_operators == 0)
			continue;
		clauses = generate_implied_equalities_for_column(root, baserel, is_member_column, &attnum,
														 baserel->lateral_referencers);
		foreach(lc, clauses)
			consider_clause(root, baserel, table, lfirst(lc), &outers);
	}
	return outers;
}

/*
 * The paths: one request for all that the relation's own conditions leave, and
 * requests for the rows that join to one of another relation.
 */
void
biconnectorGetForeignPaths(PlannerInfo *root, RelOptInfo *baserel, Oid foreigntableid)
{
	PlanInfo   *info = baserel->fdw_private;
	ListCell   *lc;

	add_scan_path(root, baserel, baserel->lateral_relids);
	foreach(lc, outers_of_conditions(root, baserel, info->table))
		add_scan_path(root, baserel, lfirst(lc));
}

/*
 * May parallel workers scan the table?  They ask the connector at different
 * moments, and each of them for all that is in its plan.  A source of a portal is not
 * for them: a new token that a worker gets for that would end with the worker, and no
 * other one is to be had with the old refresh token.
 */
bool
biconnectorIsForeignScanParallelSafe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	TableOptions *table = get_table_options(rte->relid, compat_planner_userid(root, rel));

	return table->connector.parallel_safe && table->connector.portal == NULL;
}

#ifdef COMPAT_ASYNC
/*
 * May the scan run at the same time as others under its Append?
 */
bool
biconnectorIsForeignPathAsyncCapable(ForeignPath *path)
{
	PlanInfo   *info = path->path.parent->fdw_private;

	return info->table->connector.async_capable;
}
#endif

/*
 * May the query's LIMIT go to the connector together with these conditions?
 * Only one that filters before it limits can be sent both.
 */
static bool
limit_goes_with(const RelOptInfo *baserel, List *sent)
{
	PlanInfo   *info = baserel->fdw_private;
	ListCell   *lc;

	if (info->table->connector.push_limit == PUSH_LIMIT_NONE ||
		(info->table->connector.push_limit != PUSH_LIMIT_FILTERED && info->table->filter))
		return false;
	foreach(lc, baserel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);

		/* a pseudoconstant one lets all rows pass, or none */
		if (rinfo->pseudoconstant)
			continue;
		if (info->table->connector.push_limit != PUSH_LIMIT_FILTERED ||
			!list_member_ptr(sent, rinfo))
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
 * projection above it if there is one.  NULL if the path is something else, or
 * must not be limited.
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
	if (IsA(path, ForeignPath) && path->parent == rel &&
		intVal(list_nth(((ForeignPath *) path)->fdw_private, PATH_PRIVATE_REQUESTS)) == 1 &&
		limit_goes_with(rel, list_nth(((ForeignPath *) path)->fdw_private, PATH_PRIVATE_SENT)))
	{
		ForeignPath *copy = makeNode(ForeignPath);
		Cost		run_cost = path->total_cost - path->startup_cost;
		double		fraction = Min(1.0, rows / Max(path->rows, 1.0));
		Query	   *parse = root->parse;

		memcpy(copy, path, sizeof(ForeignPath));
		copy->path.rows = clamp_row_est(path->rows * fraction);
		copy->path.startup_cost = path->startup_cost * LIMIT_DISCOUNT;
		copy->path.total_cost = (path->startup_cost + run_cost * fraction) * LIMIT_DISCOUNT;
		copy->fdw_private = list_copy(copy->fdw_private);
		lfirst(list_nth_cell(copy->fdw_private, PATH_PRIVATE_LIMITS)) =
			parse->limitOffset ? list_make2(parse->limitCount, parse->limitOffset)
			: list_make1(parse->limitCount);
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
	List	   *sent = list_nth(best_path->fdw_private, PATH_PRIVATE_SENT);
	List	   *local = NIL;
	List	   *expressions = NIL;
	List	   *filters = NIL;
	int			nvalues;
	ListCell   *lc;

	foreach(lc, scan_clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);

		/* a pseudoconstant one is checked in a Result node above */
		if (!rinfo->pseudoconstant && !list_member_ptr(sent, rinfo))
			local = lappend(local, rinfo->clause);
	}
	foreach(lc, (List *) list_nth(best_path->fdw_private, PATH_PRIVATE_FILTERS))
		filters = lappend(filters, filter_to_plan(lfirst(lc), &expressions));
	nvalues = list_length(expressions);
	expressions = list_concat(expressions,
							  list_nth(best_path->fdw_private, PATH_PRIVATE_LIMITS));

	return make_foreignscan(tlist, local, baserel->relid, expressions,
							list_make3(needed_columns(info), filters, makeInteger(nvalues)),
							NIL, extract_actual_clauses(sent, false), outer_plan);
}
