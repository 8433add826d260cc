/*-------------------------------------------------------------------------
 *
 * portal.c
 *	  The callbacks of the foreign data wrapper biconnector_portal.
 *
 *-------------------------------------------------------------------------
 */
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
	PG_RETURN_POINTER(routine);
}
