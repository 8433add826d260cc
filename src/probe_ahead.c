/*-------------------------------------------------------------------------
 *
 * probe_ahead.c
 *	  Requests of a probe that are sent before they are wanted.
 *
 * A probe asks, looks at the answer and decides what to ask next.  But most of
 * what it will ask can be foreseen, if the connector does all right.  So those
 * who decide also say what they would ask next if all goes well, and some of
 * these requests are sent at once.  When one of them is really asked for, its
 * answer is on its way already.
 *
 * What is decided does not depend on that.  A request that turns out not to be
 * wanted is given up.  So that this happens seldom, nothing is sent ahead after an
 * answer that was not as expected, and more again with each that is.
 *
 *-------------------------------------------------------------------------
 */
#include "probe.h"

#include "utils/timestamp.h"

/* A request that will be wanted if all goes well */
struct ProbeForeseen
{
	DataRequest *request;
	char	   *text;			/* its body, without the settings */
	bool		json;			/* how that is sent */
	DataAnswer *answer;			/* NULL if it has not been sent yet */
};

/*
 * Answers that have been sent for and are not wanted yet.
 */
static int
count_sent(const Probe *probe)
{
	int			sent = 0;
	ListCell   *lc;

	foreach(lc, probe->foreseen)
		sent += ((ProbeForeseen *) lfirst(lc))->answer != NULL;
	return sent;
}

/*
 * Is there anything left of what the probe may take?  Requests that are not
 * wanted yet do not count.
 */
bool
probe_may_ask(Probe *probe)
{
	return probe->statistics.requests < probe->max_requests + (uint64) count_sent(probe) &&
		(probe->deadline == 0 || GetCurrentTimestamp() < probe->deadline);
}

/*
 * Send requests ahead.  One more may be under way: that which is wanted.
 */
static void
send_ahead(Probe *probe)
{
	ConnectorOptions *connector = &probe->table->connector;
	bool		json = connector->json_requests;
	int			room = Min(probe->width, connector->concurrency - 1) - count_sent(probe);
	ListCell   *lc;

	foreach(lc, probe->foreseen)
	{
		ProbeForeseen *foreseen = lfirst(lc);

		if (room <= 0 || probe->statistics.requests >= probe->max_requests ||
			(probe->deadline != 0 && GetCurrentTimestamp() >= probe->deadline) ||
			!connection_spare())
			break;
		if (foreseen->answer)
			continue;
		connector->json_requests = foreseen->json;
		foreseen->answer = connector_data_start(probe->table, foreseen->request,
												&probe->statistics);
		connector->json_requests = json;
		room--;
	}
}

/*
 * Add a request to a list of those that are foreseen.  It and what is in it must
 * live as long as the probe.
 */
List *
probe_foresee(Probe *probe, List *list, DataRequest *request)
{
	ProbeForeseen *foreseen = palloc0(sizeof(ProbeForeseen));

	foreseen->request = request;
	foreseen->text = connector_data_request_text(probe->table, request);
	foreseen->json = probe->table->connector.json_requests;
	return lappend(list, foreseen);
}

/*
 * The same with a request for the rows that satisfy all of the tests.
 */
List *
probe_foresee_tests(Probe *probe, List *list, List *tests, int limit)
{
	return probe_foresee(probe, list,
						 probe_make_request(probe, tests, limit ? limit : probe->limit));
}

static ProbeForeseen *
find_foreseen(List *list, const char *text, bool json)
{
	ListCell   *lc;

	foreach(lc, list)
	{
		ProbeForeseen *foreseen = lfirst(lc);

		if (foreseen->json == json && strcmp(foreseen->text, text) == 0)
			return foreseen;
	}
	return NULL;
}

/*
 * Is it time to say anew what is foreseen?
 */
bool
probe_must_look_ahead(const Probe *probe)
{
	int			concurrency = probe->table->connector.concurrency;

	return concurrency > 1 &&
		(probe->surprised || list_length(probe->foreseen) < concurrency);
}

/*
 * From now on these requests are foreseen, in this order: a list that
 * probe_foresee made.  Those sent ahead that are not among them are given up.
 */
void
probe_look_ahead(Probe *probe, List *list)
{
	List	   *before = list_copy(probe->foreseen);
	ListCell   *lc;

	if (probe->table->connector.concurrency == 1)
		return;
	foreach(lc, list)
	{
		ProbeForeseen *foreseen = lfirst(lc);
		ProbeForeseen *sent = find_foreseen(before, foreseen->text, foreseen->json);

		if (sent)
		{
			before = list_delete_ptr(before, sent);
			lfirst(lc) = sent;
		}
	}
	foreach(lc, before)
	{
		ProbeForeseen *foreseen = lfirst(lc);

		if (foreseen->answer)
			connector_data_close(foreseen->answer);
	}
	probe->foreseen = list;
	probe->surprised = false;
	send_ahead(probe);
}

/*
 * An answer was what all that is foreseen depends on, or it was not.
 */
void
probe_expected(Probe *probe, bool expected)
{
	if (expected)
		probe->width = Min(Max(probe->width * 2, 1), probe->table->connector.concurrency);
	else
	{
		probe->width = 0;
		probe->surprised = true;
	}
}

/*
 * Wait for what was sent ahead, and do without it.
 */
static void
end_all(Probe *probe)
{
	ListCell   *lc;

	foreach(lc, probe->foreseen)
	{
		DataAnswer *answer = ((ProbeForeseen *) lfirst(lc))->answer;

		if (answer)
			(void) connector_data_came(answer);
	}
	probe_look_ahead(probe, NIL);
}

/*
 * Make a request: its answer, of which it is known whether it is refused.  text
 * is its body.  The answer is to be closed; request has to live as long.
 *
 * If a request fails, or is turned down, in a way that may be due to others beside
 * it, the connector is asked again, and from then on one after the other.
 */
DataAnswer *
probe_request(Probe *probe, const DataRequest *request, const char *text)
{
	ConnectorOptions *connector = &probe->table->connector;
	ProbeForeseen *foreseen = find_foreseen(probe->foreseen, text, connector->json_requests);
	DataAnswer *answer = foreseen ? foreseen->answer : NULL;
	bool		beside = answer != NULL;

	probe->surprised |= foreseen == NULL || foreseen != linitial(probe->foreseen);
	if (foreseen)
		probe->foreseen = list_delete_ptr(probe->foreseen, foreseen);
	if (answer == NULL)
		answer = connector_data_start(probe->table, request, &probe->statistics);
	send_ahead(probe);
	if ((beside || count_sent(probe) > 0) && !connector_data_came(answer))
	{
		connector_data_close(answer);
		end_all(probe);
		connector->concurrency = 1;
		answer = connector_data_start(probe->table, request, &probe->statistics);
	}
	(void) connector_data_begun(answer, true);
	return answer;
}
