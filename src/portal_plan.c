/*-------------------------------------------------------------------------
 *
 * portal_plan.c
 *	  Relation size, costs, paths and the plan of a scan of a portal's table.
 *
 * A call is the unit of cost.  Lists take one for each 50 rows, what only "get"
 * tells takes one for each object, and an object that is asked for by its id takes
 * one: the planner is told that, so that it finds the ids first where it can.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_scan.h"
#include "filter.h"

#include <math.h>

#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

/* Rows of a table of which nothing is known, and fields of a dataset */
#define DEFAULT_ROWS 1000
#define FIELDS_PER_DATASET 10

/* What the callbacks know of a relation, in RelOptInfo.fdw_private */
typedef struct PlanInfo
{
	PortalTable *table;
	TableOptions *filter_table; /* the same, as filter.c wants it */
	List	   *columns;		/* attribute numbers that the query needs */
	bool		needs_item;		/* "get" is called for objects of lists */
	bool		target;			/* the statement changes this table, ... */
	bool		beside_target;	/* ... or one of the same portal */
} PlanInfo;

/* Elements of ForeignPath.fdw_private */
enum PathPrivateIndex
{
	PATH_PRIVATE_SENT,			/* RestrictInfos to be sent */
	PATH_PRIVATE_FILTERS,		/* FilterExpr *, for each of them */
	PATH_PRIVATE_ORDER			/* as PORTAL_PRIVATE_ORDER */
};

/*
 * The columns that a scan needs, as integer list.
 */
static List *
needed_columns(const PortalTable *table, RelOptInfo *baserel)
{
	Bitmapset  *attrs_used = NULL;
	bool		whole_row;
	List	   *columns = NIL;
	ListCell   *lc;

	pull_varattnos((Node *) baserel->reltarget->exprs, baserel->relid, &attrs_used);
	foreach(lc, baserel->baserestrictinfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, lc)->clause, baserel->relid,
					   &attrs_used);
	whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, attrs_used);
	for (int attnum = 1; attnum <= table->natts; attnum++)
	{
		if (table->columns[attnum - 1] &&
			(whole_row || bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, attrs_used)))
			columns = lappend_int(columns, attnum);
	}
	return columns;
}

/*
 * By how many ids do the conditions ask for objects?  0: they do not.
 */
static double
ids_asked_for(const PlanInfo *info, List *filters)
{
	ListCell   *lc;

	foreach(lc, filters)
	{
		const FilterExpr *filter = lfirst(lc);
		const FilterRule *rule;
		List	   *conditions;

		if (filter->logic ||
			strcmp(info->filter_table->columns[filter->attnum - 1].field, "id") != 0)
			continue;
		rule = &filter_rules[filter->rule];
		if (rule->sql == SQL_EQ)
			return 1;
		if (rule->sql != SQL_ANY)
			continue;
		if (filter_is_constant(filter) &&
			filter_bind_constants(info->filter_table, filter, &conditions) == FILTER_SEND)
			return list_length(((FilterCondition *) linitial(conditions))->values);
		/* what PostgreSQL assumes of an array that it does not know */
		return 10;
	}
	return 0;
}

/*
 * Note what a statement, or a part of it, changes.
 */
static void
note_change(PlanInfo *info, const Query *query)
{
	RangeTblEntry *rte;

	if (query->commandType == CMD_SELECT || query->resultRelation == 0)
		return;
	rte = rt_fetch(query->resultRelation, query->rtable);
	if (rte->relid == info->table->relid)
		info->target = true;
	/* what is below a table here may be one there */
	if (rte->relkind == RELKIND_FOREIGN_TABLE
		? GetForeignServerIdByRelId(rte->relid) == info->table->options->serverid
		: has_subclass(rte->relid))
		info->beside_target = true;
}

/*
 * Find out whether the statement changes the table, or others of the same portal.
 */
static void
find_changes(PlannerInfo *root, RelOptInfo *baserel, PlanInfo *info)
{
	ListCell   *lc;

	info->target = compat_is_target(root, baserel);
	while (root->parent_root)
		root = root->parent_root;
	note_change(info, root->parse);
	foreach(lc, root->parse->cteList)
	{
		Node	   *query = lfirst_node(CommonTableExpr, lc)->ctequery;

		if (IsA(query, Query))
			note_change(info, (Query *) query);
	}
	info->beside_target |= info->target;
}

/*
 * Estimate the relation's size.
 */
void
portalGetForeignRelSize(PlannerInfo *root, RelOptInfo *baserel, Oid foreigntableid)
{
	PlanInfo   *info = palloc0(sizeof(PlanInfo));
	Relation	relation = RelationIdGetRelation(foreigntableid);
	List	   *sent = NIL;
	List	   *filters = NIL;
	double		ids;
	ListCell   *lc;

	baserel->fdw_private = info;
	info->table = get_portal_table(relation, compat_planner_userid(root, baserel));
	RelationClose(relation);
	info->filter_table = portal_filter_table(info->table);
	info->columns = needed_columns(info->table, baserel);
	find_changes(root, baserel, info);
	info->needs_item = info->table->object->kind == NULL;
	foreach(lc, info->columns)
	{
		if (info->table->columns[lfirst_int(lc) - 1]->flags & PORTAL_GET)
			info->needs_item = true;
	}

	if (!compat_relation_has_statistics(baserel))
		baserel->tuples = info->table->estimated_rows >= 0 ? info->table->estimated_rows : DEFAULT_ROWS;
	set_baserel_size_estimates(root, baserel);

	/* no two objects have the same id */
	choose_conditions(root, baserel, info->filter_table, baserel->baserestrictinfo,
					  &sent, &filters);
	ids = ids_asked_for(info, filters);
	if (ids > 0)
		baserel->rows = Min(baserel->rows, clamp_row_est(info->table->object->kind ? ids
														 : ids * FIELDS_PER_DATASET));
}

/*
 * A scan with the conditions that can be sent.  With those that need values of other
 * relations, if there are any: then these are required_outer.  In the order of
 * pathkeys, if it has any.
 */
static void
add_scan_path(PlannerInfo *root, RelOptInfo *baserel, Relids required_outer, List *order,
			  List *pathkeys)
{
	PlanInfo   *info = baserel->fdw_private;
	const PortalOptions *options = info->table->options;
	ParamPathInfo *param_info = get_baserel_parampathinfo(root, baserel, required_outer);
	bool		of_datasets = info->table->object->kind == NULL;
	List	   *clauses = baserel->baserestrictinfo;
	List	   *sent = NIL;
	List	   *filters = NIL;
	double		rows = param_info ? param_info->ppi_rows : baserel->rows;
	double		received;
	double		objects;
	double		ids;
	double		calls;
	QualCost	cost;
	Cost		startup_cost;
	Cost		total_cost;
	ForeignPath *path;

	if (param_info)
		clauses = list_concat_copy(clauses, param_info->ppi_clauses);
	choose_conditions(root, baserel, info->filter_table, clauses, &sent, &filters);

	received = clamp_row_est(baserel->tuples *
							 clauselist_selectivity(root, sent, baserel->relid, JOIN_INNER, NULL));
	ids = ids_asked_for(info, filters);
	if (ids > 0)
	{
		received = Min(received, of_datasets ? ids * FIELDS_PER_DATASET : ids);
		rows = Min(rows, received);
	}
	objects = of_datasets ? ceil(received / FIELDS_PER_DATASET) : received;
	if (ids > 0 && portal_gets_by_id(info->table, info->columns, ids > 1))
		calls = ids;
	else
		calls = floor(objects / PORTAL_PAGE) + 1 + (info->needs_item ? objects : 0);

	cost_qual_eval(&cost, clauses, root);
	startup_cost = options->startup_cost + cost.startup;
	total_cost = startup_cost + (calls - 1) * options->startup_cost +
		received * (options->tuple_cost + cpu_tuple_cost + cost.per_tuple);
	if (info->beside_target)
		startup_cost = total_cost;	/* it is read whole first */
	path = compat_create_foreignscan_path(root, baserel, rows, startup_cost, total_cost,
										  required_outer, list_make3(sent, filters, order));
	path->path.pathkeys = pathkeys;
	add_path(baserel, (Path *) path);
}

/*
 * The column by which a sort key orders the relation as a portal does, or
 * InvalidAttrNumber: integers and times, which have one order only, and of which each
 * object has one, so that it does not matter where null would be.
 */
static AttrNumber
column_of_pathkey(RelOptInfo *baserel, const PathKey *pathkey)
{
	PlanInfo   *info = baserel->fdw_private;
	ListCell   *lc;

	if (pathkey->pk_eclass->ec_has_volatile)
		return InvalidAttrNumber;
	foreach(lc, pathkey->pk_eclass->ec_members)
	{
		Var		   *var = (Var *) ((EquivalenceMember *) lfirst(lc))->em_expr;
		const PortalColumn *column;
		Oid			less;

		if (!IsA(var, Var) || var->varno != baserel->relid || var->varattno <= 0)
			continue;
		column = info->table->columns[var->varattno - 1];
		if (column == NULL || (column->flags & PORTAL_NEVER_NULL) == 0)
			continue;
		if (column->form == PORTAL_INTEGER ? (var->vartype != INT2OID && var->vartype != INT4OID &&
											  var->vartype != INT8OID)
			: (column->form != PORTAL_DATETIME || var->vartype != TIMESTAMPOID || var->vartypmod != -1))
			continue;
		/* other operators may order in other ways */
		less = get_opfamily_member(pathkey->pk_opfamily, var->vartype, var->vartype,
								   BTLessStrategyNumber);
		if (less == lookup_type_cache(var->vartype, TYPECACHE_LT_OPR)->lt_opr)
			return var->varattno;
	}
	return InvalidAttrNumber;
}

/*
 * The query's order as a portal can be asked for it: attribute numbers, negative where
 * it descends.  NIL if it cannot, or if there is none.
 */
static List *
order_of_query(PlannerInfo *root, RelOptInfo *baserel)
{
	PlanInfo   *info = baserel->fdw_private;
	List	   *order = NIL;
	ListCell   *lc;

	/* fields come as their datasets do */
	if (info->table->object->kind == NULL)
		return NIL;
	foreach(lc, root->query_pathkeys)
	{
		const PathKey *pathkey = lfirst(lc);
		AttrNumber	attnum = column_of_pathkey(baserel, pathkey);

		if (attnum == InvalidAttrNumber)
			return NIL;
		order = lappend_int(order, compat_pathkey_descends(pathkey) ? -attnum : attnum);
		/* no two have the same, so nothing behind it matters */
		if (strcmp(info->table->columns[attnum - 1]->name, "id") == 0)
			break;
	}
	return order;
}

/*
 * The paths: all that the relation's own conditions leave, the same in the query's
 * order, and the rows that join to one of another relation.  Not the last for what the
 * statement changes: it would be read again after the first change.
 */
void
portalGetForeignPaths(PlannerInfo *root, RelOptInfo *baserel, Oid foreigntableid)
{
	PlanInfo   *info = baserel->fdw_private;
	List	   *order = order_of_query(root, baserel);
	ListCell   *lc;

	add_scan_path(root, baserel, baserel->lateral_relids, NIL, NIL);
	if (order != NIL && baserel->lateral_relids == NULL)
		add_scan_path(root, baserel, NULL, order, root->query_pathkeys);
	if (info->target)
		return;
	foreach(lc, outers_of_conditions(root, baserel, info->filter_table))
		add_scan_path(root, baserel, lfirst(lc), NIL, NIL);
}

/*
 * Make the plan.  What is sent goes into fdw_recheck_quals, not into the plan's qual:
 * portal_scan.c checks it itself, to tell what came from what matched.
 */
ForeignScan *
portalGetForeignPlan(PlannerInfo *root, RelOptInfo *baserel, Oid foreigntableid,
					 ForeignPath *best_path, List *tlist, List *scan_clauses, Plan *outer_plan)
{
	PlanInfo   *info = baserel->fdw_private;
	List	   *sent = list_nth(best_path->fdw_private, PATH_PRIVATE_SENT);
	List	   *local = NIL;
	List	   *expressions = NIL;
	List	   *filters = NIL;
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
	return make_foreignscan(tlist, local, baserel->relid, expressions,
							list_make4(info->columns, filters,
									   list_nth(best_path->fdw_private, PATH_PRIVATE_ORDER),
									   makeInteger(info->beside_target)),
							NIL, extract_actual_clauses(sent, false), outer_plan);
}
