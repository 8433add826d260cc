/*-------------------------------------------------------------------------
 *
 * portal_modify_plan.c
 *	  What a statement wants to write to a portal's table: by what its rows are
 *	  identified, which columns it gives, and whether they can be written.
 *
 * What the portal would refuse whatever the values are, because of the columns
 * alone, is refused here, in its words, before anything is sent.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_modify.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

/*
 * The name of a column of the plan's rows that identifies the row to be changed,
 * palloc'd.  Tables of the same name for it must agree on what the column is:
 * hence number and type.
 */
char *
portal_target_name(const PortalTable *table, AttrNumber attnum)
{
	return psprintf("portal %d %u", attnum, get_atttype(table->relid, attnum));
}

/*
 * Add a column, by the name that IMPORT gives it, to what identifies a row.
 */
static void
add_target(COMPAT_UPDATE_TARGETS, const PortalTable *table, const char *column)
{
	AttrNumber	attnum = portal_attnum(table, column);
	Form_pg_attribute attribute;

	if (attnum == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
				 errmsg("foreign table \"%s\" has no column for \"%s\"", table->relname, column),
				 errdetail("UPDATE and DELETE identify rows by it.")));
	attribute = TupleDescAttr(RelationGetDescr(target_relation), attnum - 1);
	compat_add_target(attnum, attribute->atttypid, attribute->atttypmod,
					  attribute->attcollation, portal_target_name(table, attnum));
}

/*
 * A row to be changed is identified by its id, and a field of a dataset by the id
 * of that as well.  A deleted row that is to be returned must be known before.
 */
void
portalAddForeignUpdateTargets(COMPAT_UPDATE_TARGETS)
{
	PortalTable *table = get_portal_table(target_relation, GetUserId());

	add_target(COMPAT_UPDATE_TARGETS_PASSED, table, "id");
	if (table->object->kind == NULL)
		add_target(COMPAT_UPDATE_TARGETS_PASSED, table, "dataset_id");
	if (COMPAT_TARGET_QUERY->commandType == CMD_DELETE &&
		COMPAT_TARGET_QUERY->returningList != NIL)
		compat_add_target(InvalidAttrNumber, RECORDOID, -1, InvalidOid, "wholerow");
}

/*
 * Raise an error if no value can be written to a column by INSERT or UPDATE.
 */
void
portal_check_column(const PortalTable *table, Relation relation, AttrNumber attnum,
					CmdType operation)
{
	const PortalColumn *column = table->columns[attnum - 1];
	const char *name = NameStr(TupleDescAttr(RelationGetDescr(relation), attnum - 1)->attname);
	bool		is_fields = strcmp(table->object->name, "datasets") == 0 &&
		strcmp(column->name, "fields") == 0;

	if (operation == CMD_INSERT && !(column->flags & PORTAL_ADD))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot insert into column \"%s\" of foreign table \"%s\"", name, table->relname),
				 column->flags & PORTAL_UPDATE
				 ? errdetail("A field is visible when it is added.")
				 : errdetail("Field \"%s\" is read only.", column->key),
				 column->flags & PORTAL_UPDATE ? errhint("Use UPDATE to hide it.") : 0));
	if (operation == CMD_UPDATE && is_fields)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot update column \"%s\" of foreign table \"%s\"", name, table->relname),
				 errdetail("Use the method \"%s\" to update the dataset fields.",
						   portal_method(table->options, table->object, "fields.update")),
				 errhint("Write to the foreign table that shows \"dataset_fields\".")));
	if (operation == CMD_UPDATE && !(column->flags & PORTAL_UPDATE))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot update column \"%s\" of foreign table \"%s\"", name, table->relname),
				 column->flags & PORTAL_ADD
				 ? errdetail("Field \"%s\" is immutable.", column->key)
				 : errdetail("Field \"%s\" is read only.", column->key)));
}

/*
 * Raise the error for INSERT with ON CONFLICT.
 */
void
portal_refuse_conflict(const char *relname)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("foreign table \"%s\" does not support INSERT with ON CONFLICT", relname),
			 errdetail("A portal adds a row or refuses it.")));
	pg_unreachable();
}

/*
 * The columns that an INSERT gives: the rewriter has left out those that it does
 * not name, and those that are DEFAULT where there is none.
 */
static List *
columns_of_insert(const Query *query)
{
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, query->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, lc);

		if (!entry->resjunk)
			columns = lappend_int(columns, entry->resno);
	}
	return columns;
}

/*
 * The columns of an UPDATE's SET list, and those that are computed from others.
 */
static List *
columns_of_update(PlannerInfo *root, ModifyTable *plan, Index rtindex, int subplan_index,
				  const PortalTable *table, Relation relation)
{
	List	   *columns = compat_set_columns(root, plan, rtindex, subplan_index);

	for (AttrNumber attnum = 1; attnum <= table->natts; attnum++)
	{
		if (table->columns[attnum - 1] && (table->columns[attnum - 1]->flags & PORTAL_UPDATE) &&
			TupleDescAttr(RelationGetDescr(relation), attnum - 1)->attgenerated)
			columns = list_append_unique_int(columns, attnum);
	}
	return columns;
}

/*
 * What RETURNING, the checks of views and triggers want to know of a row after
 * it was written.  Changed rows are checked before.
 */
static PortalReads
reads_of_plan(const ModifyTable *plan, Index rtindex, int subplan_index,
			  const PortalTable *table, Relation relation)
{
	const TriggerDesc *triggers = relation->trigdesc;
	Bitmapset  *attrs = NULL;
	AttrNumber	id = portal_attnum(table, "id");
	int			attr = -1;

	if (triggers && ((plan->operation == CMD_INSERT && triggers->trig_insert_after_row) ||
					 (plan->operation == CMD_UPDATE && triggers->trig_update_after_row)))
		return PORTAL_READS_ROW;
	if (plan->withCheckOptionLists != NIL && plan->operation == CMD_INSERT)
		pull_varattnos(list_nth(plan->withCheckOptionLists, subplan_index), rtindex, &attrs);
	if (plan->returningLists != NIL)
		pull_varattnos(list_nth(plan->returningLists, subplan_index), rtindex, &attrs);
	while ((attr = bms_next_member(attrs, attr)) >= 0)
	{
		AttrNumber	attnum = attr + FirstLowInvalidHeapAttributeNumber;

		/* the answer to "add" has the id, but of a dataset, not of its fields */
		if (attnum >= 0 && (attnum != id || table->object->kind == NULL))
			return PORTAL_READS_ROW;
	}
	return attrs == NULL ? PORTAL_READS_NOTHING : PORTAL_READS_ID;
}

/*
 * Plan what a statement does to a table.
 */
List *
portalPlanForeignModify(PlannerInfo *root, ModifyTable *plan, Index resultRelation,
						int subplan_index)
{
	RangeTblEntry *rte = planner_rt_fetch(resultRelation, root);
	Relation	relation = table_open(rte->relid, NoLock);
	PortalTable *table = get_portal_table(relation, GetUserId());
	List	   *given = NIL;
	List	   *sent = NIL;
	PortalReads reads;
	ListCell   *lc;

	if (plan->onConflictAction != ONCONFLICT_NONE)
		portal_refuse_conflict(table->relname);
	if (plan->operation == CMD_INSERT)
		given = columns_of_insert(root->parse);
	else if (plan->operation == CMD_UPDATE)
		given = columns_of_update(root, plan, resultRelation, subplan_index, table, relation);
	foreach(lc, given)
	{
		AttrNumber	attnum = lfirst_int(lc);

		if (attnum <= 0 || attnum > table->natts || table->columns[attnum - 1] == NULL)
			continue;
		portal_check_column(table, relation, attnum, plan->operation);
		sent = lappend_int(sent, attnum);
	}
	reads = reads_of_plan(plan, resultRelation, subplan_index, table, relation);
	table_close(relation, NoLock);
	return list_make2(sent, makeInteger(reads));
}
