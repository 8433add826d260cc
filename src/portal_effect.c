/*-------------------------------------------------------------------------
 *
 * portal_effect.c
 *	  Calls that have effects in a portal, where no transaction can take them
 *	  back.
 *
 * What has taken effect is counted, for each subtransaction: where one is rolled
 * back, whatever the reason, a warning says what stays.
 *
 *-------------------------------------------------------------------------
 */
#include "portal.h"

#include "access/xact.h"
#include "utils/memutils.h"

/* What a subtransaction has changed, in TopTransactionContext */
typedef struct Effects
{
	SubTransactionId subid;
	uint64		changes;		/* objects, or rows, that have been changed */
	bool		unanswered;		/* another call may have taken effect */
} Effects;

static List *all_effects = NIL; /* innermost subtransaction last */
static bool rolled_back = false;	/* ... and there were some that stay */
static bool registered = false;

/*
 * Say what stays although it was changed in a transaction, or a part of one, that is
 * rolled back.
 */
static void
warn_of_effects(uint64 changes, bool unanswered)
{
	if (changes > 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg_plural(UINT64_FORMAT " change in a portal is not rolled back",
							   UINT64_FORMAT " changes in a portal are not rolled back",
							   (unsigned long) changes, changes),
				 unanswered ? errdetail("One more call may have taken effect.") : 0));
	else if (unanswered)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("a call that may have changed objects of a portal is not rolled back")));
}

/*
 * A prepared transaction may be rolled back by another session, later: that
 * would promise what nobody can keep.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	uint64		changes = 0;
	bool		unanswered = false;
	ListCell   *lc;

	foreach(lc, all_effects)
	{
		const Effects *effects = lfirst(lc);

		changes += effects->changes;
		unanswered |= effects->unanswered;
	}
	switch (event)
	{
		case XACT_EVENT_PRE_PREPARE:
			if (changes > 0 || unanswered || rolled_back)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that has changed objects of a portal"),
						 errdetail("What has been changed there took effect at once, and cannot be rolled back.")));
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			all_effects = NIL;
			rolled_back = false;
			if (event == XACT_EVENT_ABORT)
				warn_of_effects(changes, unanswered);
			break;
		default:
			break;
	}
}

/*
 * What a subtransaction has changed becomes a matter of its parent, or it stays
 * although that is rolled back.
 */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	Effects    *effects = all_effects ? llast(all_effects) : NULL;
	Effects    *outer = list_length(all_effects) > 1
		? list_nth(all_effects, list_length(all_effects) - 2) : NULL;

	if (effects == NULL || effects->subid != subid)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		uint64		changes = effects->changes;
		bool		unanswered = effects->unanswered;

		all_effects = list_delete_last(all_effects);
		rolled_back |= changes > 0 || unanswered;
		warn_of_effects(changes, unanswered);
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB && outer && outer->subid == parent)
	{
		outer->changes += effects->changes;
		outer->unanswered |= effects->unanswered;
		all_effects = list_delete_last(all_effects);
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		effects->subid = parent;
}

static Effects *
effects_of_subtransaction(void)
{
	SubTransactionId subid = GetCurrentSubTransactionId();
	Effects    *effects = all_effects ? llast(all_effects) : NULL;

	if (effects == NULL || effects->subid != subid)
	{
		MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);

		effects = palloc0(sizeof(Effects));
		effects->subid = subid;
		all_effects = lappend(all_effects, effects);
		MemoryContextSwitchTo(caller);
	}
	return effects;
}

/*
 * To be called before a call is made that may have an effect.  Until
 * portal_end_effect() is called it is one that may have taken effect.
 */
void
portal_begin_effect(void)
{
	if (!registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
		registered = true;
	}
	effects_of_subtransaction()->unanswered = true;
}

/*
 * To be called when it is known how many objects, or rows, that call has changed.
 */
void
portal_end_effect(int changes)
{
	Effects    *effects = effects_of_subtransaction();

	effects->unanswered = false;
	effects->changes += changes;
}
