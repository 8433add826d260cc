/*-------------------------------------------------------------------------
 *
 * resultset.c
 *	  Rows that SQL functions return.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

/*
 * Prepare for returning a set.  Raises if the caller cannot accept one.
 */
void
resultset_begin(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext caller;
	TupleDesc	tupdesc;

	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		!(result->allowedModes & SFRM_Materialize))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	caller = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	switch (get_call_result_type(fcinfo, NULL, &tupdesc))
	{
		case TYPEFUNC_COMPOSITE:
			break;
		case TYPEFUNC_SCALAR:
			tupdesc = CreateTemplateTupleDesc(1);
			TupleDescInitEntry(tupdesc, 1, "text", TEXTOID, -1, 0);
			break;
		default:
			elog(ERROR, "return type must be a row type or text");
	}
	result->returnMode = SFRM_Materialize;
	result->setDesc = tupdesc;
	result->setResult = tuplestore_begin_heap(true, false, work_mem);
	MemoryContextSwitchTo(caller);
}

/*
 * Add a row of texts, of which any may be NULL.
 */
void
resultset_put(FunctionCallInfo fcinfo, char **texts)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext row = AllocSetContextCreate(CurrentMemoryContext, "biconnector row",
											  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(row);

	tuplestore_puttuple(result->setResult,
						BuildTupleFromCStrings(TupleDescGetAttInMetadata(result->setDesc),
											   texts));
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(row);
}
