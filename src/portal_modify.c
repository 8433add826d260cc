/*-------------------------------------------------------------------------
 *
 * portal_modify.c
 *	  The executor's callbacks that write a portal's tables.
 *
 * Every row is a call, which takes effect at once and cannot be rolled back; only
 * fields that are added to datasets share calls.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_modify.h"

#include "access/sysattr.h"
#include "executor/executor.h"
#include "utils/memutils.h"

/* So many fields are added by a call, at most */
#define BATCH_SIZE 100

static const char *
operation_name(CmdType operation)
{
	return operation == CMD_INSERT ? "INSERT" : operation == CMD_UPDATE ? "UPDATE" : "DELETE";
}

/*
 * Error context: what was written, and what its error does not undo.
 */
static void
modify_context(void *arg)
{
	const PortalModify *modify = arg;
	bool		inserts = modify->operation == CMD_INSERT;
	char	   *what = psprintf("%s%s%s %s foreign table \"%s\"", operation_name(modify->operation),
								modify->label ? " of " : "", modify->label ? modify->label : "",
								inserts ? "into" : "in", modify->table->relname);

	if (modify->rows == 0)
		errcontext("%s; no row of this statement has taken effect", what);
	else if (modify->rows == 1)
		errcontext("%s; 1 row of this statement has taken effect", what);
	else
		errcontext("%s; " UINT64_FORMAT " rows of this statement have taken effect", what,
				   modify->rows);
}

/* ---- begin and end ---- */

/*
 * What a column of the plan's rows is, by its name; InvalidAttrNumber if there is
 * none.
 */
static AttrNumber
find_target(const PortalTable *table, Plan *subplan, AttrNumber attnum)
{
	return ExecFindJunkAttributeInTlist(subplan->targetlist, portal_target_name(table, attnum));
}

/*
 * Begin to write a table, in the current memory context.  Sends nothing.
 */
static PortalModify *
begin_modify(EState *estate, ResultRelInfo *rinfo, CmdType operation)
{
	PortalModify *modify = palloc0(sizeof(PortalModify));
	TupleDesc	tupdesc = RelationGetDescr(rinfo->ri_RelationDesc);

	modify->relation = rinfo->ri_RelationDesc;
	modify->table = get_portal_table(modify->relation, compat_modify_userid(rinfo, estate));
	modify->operation = operation;
	modify->id = portal_attnum(modify->table, "id");
	modify->dataset_id = portal_attnum(modify->table, "dataset_id");
	modify->values = palloc0(sizeof(PortalValue *) * Max(tupdesc->natts, 1));
	for (int i = 0; i < tupdesc->natts; i++)
	{
		if (modify->table->columns[i])
			modify->values[i] = portal_value_create(modify->table->columns[i],
													TupleDescAttr(tupdesc, i));
	}
	modify->context = AllocSetContextCreate(CurrentMemoryContext, "biconnector portal row",
											ALLOCSET_DEFAULT_SIZES);
	return modify;
}

/*
 * Begin a statement that has a plan for the table.
 */
void
portalBeginForeignModify(ModifyTableState *mtstate, ResultRelInfo *rinfo, List *fdw_private,
						 int subplan_index, int eflags)
{
	Plan	   *subplan = compat_modify_subplan(mtstate, subplan_index);
	PortalModify *modify = begin_modify(mtstate->ps.state, rinfo, mtstate->operation);
	TriggerDesc *triggers = rinfo->ri_TrigDesc;
	ListCell   *lc;

	foreach(lc, (List *) list_nth(fdw_private, MODIFY_PRIVATE_GIVEN))
		modify->given = bms_add_member(modify->given, lfirst_int(lc));
	modify->reads = (PortalReads) intVal(list_nth(fdw_private, MODIFY_PRIVATE_READS));
	modify->may_set_others = triggers && triggers->trig_update_before_row;
	if (modify->operation != CMD_INSERT)
	{
		modify->id_target = find_target(modify->table, subplan, modify->id);
		if (AttributeNumberIsValid(modify->dataset_id))
			modify->dataset_target = find_target(modify->table, subplan, modify->dataset_id);
		modify->row_target = ExecFindJunkAttributeInTlist(subplan->targetlist, "wholerow");
		if (!AttributeNumberIsValid(modify->id_target) ||
			(modify->table->object->kind == NULL && !AttributeNumberIsValid(modify->dataset_target)))
			elog(ERROR, "could not find the id of rows of foreign table \"%s\"",
				 modify->table->relname);
	}
	rinfo->ri_FdwState = modify;
}

/*
 * Begin to insert rows that come from elsewhere: from COPY, or from a partitioned
 * table.  Which of their columns are given is not known; null is none then.
 */
void
portalBeginForeignInsert(ModifyTableState *mtstate, ResultRelInfo *rinfo)
{
	ModifyTable *plan = castNode(ModifyTable, mtstate->ps.plan);
	PortalModify *modify;

	/* its state would be needed twice */
	if (plan && plan->operation == CMD_UPDATE && rinfo->ri_FdwState)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot route tuples into foreign table to be updated \"%s\"",
						RelationGetRelationName(rinfo->ri_RelationDesc))));
	if (plan && plan->onConflictAction != ONCONFLICT_NONE)
		portal_refuse_conflict(RelationGetRelationName(rinfo->ri_RelationDesc));

	modify = begin_modify(mtstate->ps.state, rinfo, CMD_INSERT);
	if ((plan && (plan->returningLists != NIL || plan->withCheckOptionLists != NIL)) ||
		(rinfo->ri_TrigDesc && rinfo->ri_TrigDesc->trig_insert_after_row))
		modify->reads = PORTAL_READS_ROW;
	rinfo->ri_FdwState = modify;
}

void
portalEndForeignModify(EState *estate, ResultRelInfo *rinfo)
{
	PortalModify *modify = rinfo->ri_FdwState;

	if (modify)
		MemoryContextDelete(modify->context);
	rinfo->ri_FdwState = NULL;
}

void
portalEndForeignInsert(EState *estate, ResultRelInfo *rinfo)
{
	portalEndForeignModify(estate, rinfo);
}

/* ---- rows ---- */

/*
 * Write some rows, as many as a call can take.
 */
static void
write_rows(PortalModify *modify, TupleTableSlot **slots, TupleTableSlot *planSlot, int nslots)
{
	MemoryContext caller;
	ErrorContextCallback errcallback;

	MemoryContextReset(modify->context);
	modify->label = NULL;
	errcallback.callback = modify_context;
	errcallback.arg = modify;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;
	caller = MemoryContextSwitchTo(modify->context);

	if (modify->operation == CMD_UPDATE)
		portal_update_row(modify, slots[0], planSlot);
	else if (modify->operation == CMD_DELETE)
		portal_delete_row(modify, slots[0], planSlot);
	else if (modify->table->object->kind == NULL)
		portal_insert_fields(modify, slots, nslots);
	else
		portal_insert_row(modify, slots[0]);

	MemoryContextSwitchTo(caller);
	error_context_stack = errcallback.previous;
}

TupleTableSlot *
portalExecForeignInsert(EState *estate, ResultRelInfo *rinfo, TupleTableSlot *slot,
						TupleTableSlot *planSlot)
{
	write_rows(rinfo->ri_FdwState, &slot, planSlot, 1);
	return slot;
}

TupleTableSlot *
portalExecForeignUpdate(EState *estate, ResultRelInfo *rinfo, TupleTableSlot *slot,
						TupleTableSlot *planSlot)
{
	/* the executor checks it afterwards, when it cannot be undone any more */
	if (rinfo->ri_WithCheckOptions != NIL)
		ExecWithCheckOptions(WCO_VIEW_CHECK, rinfo, slot, estate);
	write_rows(rinfo->ri_FdwState, &slot, planSlot, 1);
	return slot;
}

TupleTableSlot *
portalExecForeignDelete(EState *estate, ResultRelInfo *rinfo, TupleTableSlot *slot,
						TupleTableSlot *planSlot)
{
	write_rows(rinfo->ri_FdwState, &slot, planSlot, 1);
	return slot;
}

#ifdef COMPAT_BATCHES
TupleTableSlot **
portalExecForeignBatchInsert(EState *estate, ResultRelInfo *rinfo, TupleTableSlot **slots,
							 TupleTableSlot **planSlots, int *numSlots)
{
	write_rows(rinfo->ri_FdwState, slots, NULL, *numSlots);
	return slots;
}

/*
 * How many rows are added at once.  Those that are looked at afterwards, or that a
 * trigger may look at before the next one, come alone.
 */
int
portalGetForeignModifyBatchSize(ResultRelInfo *rinfo)
{
	const PortalModify *modify = rinfo->ri_FdwState;
	const TriggerDesc *triggers = rinfo->ri_TrigDesc;

	if (modify == NULL || modify->table->object->kind != NULL ||
		modify->reads != PORTAL_READS_NOTHING ||
		rinfo->ri_projectReturning || rinfo->ri_WithCheckOptions != NIL ||
		(triggers && (triggers->trig_insert_before_row || triggers->trig_insert_after_row)))
		return 1;
	return BATCH_SIZE;
}
#endif

/* ---- what can be done, and what is shown of it ---- */

/*
 * All kinds of objects can be added, changed and deleted, though not all of their
 * columns.
 */
int
portalIsForeignRelUpdatable(Relation relation)
{
	return (1 << CMD_INSERT) | (1 << CMD_UPDATE) | (1 << CMD_DELETE);
}

/*
 * EXPLAIN: the methods that are called for a row, and what is given them.
 */
void
portalExplainForeignModify(ModifyTableState *mtstate, ResultRelInfo *rinfo, List *fdw_private,
						   int subplan_index, struct ExplainState *es)
{
	const PortalModify *modify = rinfo->ri_FdwState;
	const PortalTable *table = modify->table;
	const char *verb = modify->operation == CMD_INSERT ? "add"
		: modify->operation == CMD_UPDATE ? "update" : "delete";
	List	   *methods;
	List	   *fields = NIL;
	int			attnum = -1;

	if (table->object->kind == NULL)
		verb = "fields.update";
	methods = list_make1(portal_method(table->options, table->object, verb));
	if (modify->reads == PORTAL_READS_ROW && modify->operation != CMD_DELETE)
		methods = lappend(methods, portal_method(table->options, table->object, "get"));
	ExplainPropertyList("Remote Methods", methods, es);
	while ((attnum = bms_next_member(modify->given, attnum)) >= 0)
		fields = lappend(fields, pstrdup(table->columns[attnum - 1]->key));
	if (es->verbose && fields != NIL)
		ExplainPropertyList("Remote Fields", fields, es);
}
