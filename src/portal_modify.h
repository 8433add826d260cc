/*-------------------------------------------------------------------------
 *
 * portal_modify.h
 *	  Writing a portal's tables: what planning, calling and the executor's
 *	  callbacks share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_PORTAL_MODIFY_H
#define BICONNECTOR_PORTAL_MODIFY_H

#include "portal_object.h"

#include "executor/tuptable.h"
#include "nodes/execnodes.h"

/* Elements of fdw_private of a table that a statement writes */
enum ModifyPrivateIndex
{
	MODIFY_PRIVATE_GIVEN,		/* integer list: columns that the statement gives */
	MODIFY_PRIVATE_READS		/* integer: a PortalReads */
};

/* What is to be known of a row after it was written */
typedef enum PortalReads
{
	PORTAL_READS_NOTHING,
	PORTAL_READS_ID,			/* which the answer to "add" has */
	PORTAL_READS_ROW			/* which "get" has */
} PortalReads;

/* A table that a statement writes */
typedef struct PortalModify
{
	PortalTable *table;
	Relation	relation;
	CmdType		operation;
	Bitmapset  *given;			/* columns that the statement gives */
	bool		may_set_others; /* triggers, or a row that comes from elsewhere */
	PortalReads reads;
	PortalValue **values;		/* by attribute number - 1; NULL if dropped */
	AttrNumber	id;				/* columns of the table */
	AttrNumber	dataset_id;
	AttrNumber	id_target;		/* columns of the plan's rows */
	AttrNumber	dataset_target;
	AttrNumber	row_target;
	MemoryContext context;		/* of a row, or of a batch */
	uint64		rows;			/* that have taken effect */
	char	   *label;			/* which object is written now; or NULL */
} PortalModify;

/* ---- portal_modify_plan.c: what a statement wants to write ---- */

extern void portalAddForeignUpdateTargets(COMPAT_UPDATE_TARGETS);
extern List *portalPlanForeignModify(PlannerInfo *root, ModifyTable *plan, Index resultRelation,
									 int subplan_index);
extern char *portal_target_name(const PortalTable *table, AttrNumber attnum);
extern void portal_check_column(const PortalTable *table, Relation relation, AttrNumber attnum,
								CmdType operation);
pg_noreturn extern void portal_refuse_conflict(const char *relname);

/* ---- portal_modify.c: the executor's callbacks ---- */

extern void portalBeginForeignModify(ModifyTableState *mtstate, ResultRelInfo *rinfo,
									 List *fdw_private, int subplan_index, int eflags);
extern TupleTableSlot *portalExecForeignInsert(EState *estate, ResultRelInfo *rinfo,
											   TupleTableSlot *slot, TupleTableSlot *planSlot);
extern TupleTableSlot *portalExecForeignUpdate(EState *estate, ResultRelInfo *rinfo,
											   TupleTableSlot *slot, TupleTableSlot *planSlot);
extern TupleTableSlot *portalExecForeignDelete(EState *estate, ResultRelInfo *rinfo,
											   TupleTableSlot *slot, TupleTableSlot *planSlot);
extern void portalEndForeignModify(EState *estate, ResultRelInfo *rinfo);
extern void portalBeginForeignInsert(ModifyTableState *mtstate, ResultRelInfo *rinfo);
extern void portalEndForeignInsert(EState *estate, ResultRelInfo *rinfo);
extern int	portalIsForeignRelUpdatable(Relation relation);
extern void portalExplainForeignModify(ModifyTableState *mtstate, ResultRelInfo *rinfo,
									   List *fdw_private, int subplan_index,
									   struct ExplainState *es);
#ifdef COMPAT_BATCHES
extern TupleTableSlot **portalExecForeignBatchInsert(EState *estate, ResultRelInfo *rinfo,
													 TupleTableSlot **slots,
													 TupleTableSlot **planSlots, int *numSlots);
extern int	portalGetForeignModifyBatchSize(ResultRelInfo *rinfo);
#endif

/* ---- portal_write.c: the calls for a row ---- */

extern void portal_insert_row(PortalModify *modify, TupleTableSlot *slot);
extern void portal_update_row(PortalModify *modify, TupleTableSlot *slot,
							  TupleTableSlot *planSlot);
extern void portal_delete_row(PortalModify *modify, TupleTableSlot *slot,
							  TupleTableSlot *planSlot);
extern void portal_insert_fields(PortalModify *modify, TupleTableSlot **slots, int nslots);

#endif							/* BICONNECTOR_PORTAL_MODIFY_H */
