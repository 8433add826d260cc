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
 * raises none.  What cannot be a connector's fault (a cancel, out of memory, a
 * mistake in here) is raised.
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

		if (category == ERRCODE_OPERATOR_INTERVENTION ||
			category == ERRCODE_INSUFFICIENT_RESOURCES ||
			category == ERRCODE_SYSTEM_ERROR || category == ERRCODE_INTERNAL_ERROR)
			ReThrowError(error);
	}
	return error;
}
