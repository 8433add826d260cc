/*-------------------------------------------------------------------------
 *
 * portal.c
 *	  The callbacks of the foreign data wrapper biconnector_portal.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_modify.h"
#include "portal_scan.h"

PG_FUNCTION_INFO_V1(biconnector_portal_handler);

/*
 * biconnector_portal_handler() returns fdw_handler
 */
Datum
biconnector_portal_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = portalGetForeignRelSize;
	routine->GetForeignPaths = portalGetForeignPaths;
	routine->GetForeignPlan = portalGetForeignPlan;
	routine->BeginForeignScan = portalBeginForeignScan;
	routine->IterateForeignScan = portalIterateForeignScan;
	routine->ReScanForeignScan = portalReScanForeignScan;
	routine->EndForeignScan = portalEndForeignScan;
	routine->ExplainForeignScan = portalExplainForeignScan;
	routine->ImportForeignSchema = portalImportForeignSchema;
	routine->AddForeignUpdateTargets = portalAddForeignUpdateTargets;
	routine->PlanForeignModify = portalPlanForeignModify;
	routine->BeginForeignModify = portalBeginForeignModify;
	routine->ExecForeignInsert = portalExecForeignInsert;
	routine->ExecForeignUpdate = portalExecForeignUpdate;
	routine->ExecForeignDelete = portalExecForeignDelete;
	routine->EndForeignModify = portalEndForeignModify;
	routine->BeginForeignInsert = portalBeginForeignInsert;
	routine->EndForeignInsert = portalEndForeignInsert;
	routine->IsForeignRelUpdatable = portalIsForeignRelUpdatable;
	routine->ExplainForeignModify = portalExplainForeignModify;
#ifdef COMPAT_BATCHES
	routine->ExecForeignBatchInsert = portalExecForeignBatchInsert;
	routine->GetForeignModifyBatchSize = portalGetForeignModifyBatchSize;
#endif
	PG_RETURN_POINTER(routine);
}
