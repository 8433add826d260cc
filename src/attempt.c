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
 * The function runs in a subtransaction.  What it allocates belongs to the
 * current memory context after success; after an error it is gone, and with it
 * the connection that an answer may have held.
 */
ErrorData *
attempt(void (*function) (void *), void *argument)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "biconnector attempt",
												  ALLOCSET_DEFAULT_SIZES);
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
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

		MemoryContextDelete(context);
		if (category == ERRCODE_OPERATOR_INTERVENTION ||
			category == ERRCODE_INSUFFICIENT_RESOURCES ||
			category == ERRCODE_SYSTEM_ERROR || category == ERRCODE_INTERNAL_ERROR)
			ReThrowError(error);
	}
	return error;
}
