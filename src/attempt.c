/*-------------------------------------------------------------------------
 *
 * attempt.c
 *	  Trying something that a connector may make fail.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/*
 * Call a function, and return the error that it raises, palloc'd; NULL if it
 * raises none.  What is not of connectors (a cancel, out of memory, a mistake
 * in here) is raised.
 *
 * The function runs in a subtransaction, in the current memory context.
 */
ErrorData *
attempt(void (*function) (void *), void *argument)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		function(argument);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;

	if (error)
	{
		int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

		if (category != ERRCODE_CONNECTION_EXCEPTION && category != ERRCODE_FDW_ERROR &&
			category != ERRCODE_DATA_EXCEPTION && category != ERRCODE_PROGRAM_LIMIT_EXCEEDED)
			ReThrowError(error);
	}
	return error;
}
