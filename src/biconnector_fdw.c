/*-------------------------------------------------------------------------
 *
 * biconnector_fdw.c
 *	  The module: magic, and the handler of the foreign data wrapper.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "fmgr.h"

COMPAT_MODULE_MAGIC(BICONNECTOR_VERSION);

PG_FUNCTION_INFO_V1(biconnector_fdw_handler);

/*
 * biconnector_fdw_handler() returns fdw_handler
 *
 * The callbacks of biconnector_fdw: connectors are read, never written.
 */
Datum
biconnector_fdw_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = biconnectorGetForeignRelSize;
	routine->GetForeignPaths = biconnectorGetForeignPaths;
	routine->GetForeignPlan = biconnectorGetForeignPlan;
	routine->GetForeignUpperPaths = biconnectorGetForeignUpperPaths;
	routine->BeginForeignScan = biconnectorBeginForeignScan;
	routine->IterateForeignScan = biconnectorIterateForeignScan;
	routine->ReScanForeignScan = biconnectorReScanForeignScan;
	routine->EndForeignScan = biconnectorEndForeignScan;
	routine->ExplainForeignScan = biconnectorExplainForeignScan;
	routine->ImportForeignSchema = biconnectorImportForeignSchema;
	PG_RETURN_POINTER(routine);
}
