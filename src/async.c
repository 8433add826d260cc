/*-------------------------------------------------------------------------
 *
 * async.c
 *	  Scans under an Append that run at the same time.
 *
 * The Append asks each of its scans for a row.  A scan that has none at hand
 * sends its request, if it has not done so, and says that it is pending.
 * When there is nothing else to do, the Append waits for the descriptors of
 * all pending scans together, and calls those for which there is something to
 * read.  So the requests of all scans are under way together, but there are no
 * more than the server option "concurrency" allows: the others start as
 * these come to their end.
 *
 * What follows upon an answer only rarely, such as the questions of trust.c,
 * is waited for at once.
 *
 *-------------------------------------------------------------------------
 */
#include "scan.h"

#include "compat.h"

#ifdef COMPAT_ASYNC

#include "executor/instrument.h"
#include "foreign/fdwapi.h"
#include "storage/latch.h"

/*
 * May the scan send its request, or are there enough of its Append to the same
 * server?  Scans of other Appends do not count: this one cannot wait for them.
 */
static bool
may_start(const AsyncRequest *request)
{
	const ForeignScanState *node = (ForeignScanState *) request->requestee;
	const ConnectorOptions *connector = &((ConnectorScan *) node->fdw_state)->table->connector;
	const AppendState *append = (AppendState *) request->requestor;
	int			running = 0;
	int			i = -1;

	while ((i = bms_next_member(append->as_asyncplans, i)) >= 0)
	{
		const ForeignScanState *other =
			(ForeignScanState *) append->as_asyncrequests[i]->requestee;
		const ConnectorScan *scan = other->fdw_state;

		if (other->fdwroutine->ForeignAsyncRequest == biconnectorForeignAsyncRequest &&
			scan->table->connector.serverid == connector->serverid && scan->answer)
			running++;
	}
	return running < connector->concurrency;
}

/*
 * Hand out the scan's next row, or say that it is at its end or pending.
 */
static void
produce(AsyncRequest *request)
{
	ForeignScanState *node = (ForeignScanState *) request->requestee;
	ConnectorScan *state = node->fdw_state;
	TupleTableSlot *slot;

	if (state->answer == NULL && !state->complete && !state->ended && !may_start(request))
	{
		ExecAsyncRequestPending(request);
		return;
	}

	/* without its instrumentation: for that our caller is in charge */
	slot = node->ss.ps.ExecProcNodeReal(&node->ss.ps);
	if (TupIsNull(slot) && state->pending)
		ExecAsyncRequestPending(request);
	else
		ExecAsyncRequestDone(request, slot);
}

/*
 * The Append wants a row.
 */
void
biconnectorForeignAsyncRequest(AsyncRequest *request)
{
	produce(request);
}

/*
 * The Append is going to wait: say for what.
 */
void
biconnectorForeignAsyncConfigureWait(AsyncRequest *request)
{
	ForeignScanState *node = (ForeignScanState *) request->requestee;
	ConnectorScan *state = node->fdw_state;

	if (state->answer == NULL)
	{
		/* others of the Append are running; or some have ended meanwhile */
		if (!may_start(request))
			return;
		request->callback_pending = false;
		produce(request);
		if (request->request_complete)
		{
			/* there is a row, or there are none: that has to be passed on from here */
			ExecAsyncResponse(request);
			if (node->ss.ps.instrument)
				InstrUpdateTupleCount(node->ss.ps.instrument,
									  TupIsNull(request->result) ? 0.0 : 1.0);
			return;
		}
	}
	AddWaitEventToSet(((AppendState *) request->requestor)->as_eventset, WL_SOCKET_READABLE,
					  connector_data_descriptor(state->answer), NULL, request);
}

/*
 * There is something to do for the scan.
 */
void
biconnectorForeignAsyncNotify(AsyncRequest *request)
{
	produce(request);
}

#endif							/* COMPAT_ASYNC */
