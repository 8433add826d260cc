/*-------------------------------------------------------------------------
 *
 * portal_effect.c
 *	  Calls that have effects in a portal, where no transaction can take them
 *	  back.
 *
 *-------------------------------------------------------------------------
 */
#include "portal.h"

#include "access/xact.h"

/* Has the current transaction called a method that may have had an effect? */
static bool has_effects = false;
static bool registered = false;

/*
 * A prepared transaction may be rolled back by another session, later: that
 * would promise what nobody can keep.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_PREPARE:
			if (has_effects)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that has changed objects of a portal"),
						 errdetail("What has been changed there took effect at once, and cannot be rolled back.")));
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
		case XACT_EVENT_PREPARE:
			has_effects = false;
			break;
		default:
			break;
	}
}

/*
 * To be called before a call is made that may have an effect.
 */
void
portal_note_effect(void)
{
	if (!registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		registered = true;
	}
	has_effects = true;
}
