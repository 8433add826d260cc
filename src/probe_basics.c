/*-------------------------------------------------------------------------
 *
 * probe_basics.c
 *	  Testing what is not of single columns: select, limit, encodings, empty
 *	  answers, connections.
 *
 *-------------------------------------------------------------------------
 */
#include "probe.h"


static void
test_limit(Probe *probe)
{
	ProbeAnswer *answer;
	int			limit = probe->nrows / 2;

	if (limit < 1 || !probe_may_ask(probe))
	{
		probe_note(probe, NULL, 0, "limit", PROBE_UNTESTED, "there are too few rows", NULL);
		return;
	}
	answer = probe_ask(probe, NIL, limit);
	answer->asked = limit;
	answer->right = answer->received;
	if (answer->refusal)
		probe_note(probe, NULL, 0, "limit", PROBE_REFUSED, NULL, answer);
	else if (answer->received < limit)
		probe_note(probe, NULL, 0, "limit", PROBE_LOSES, "fewer rows came than were asked for",
				   answer);
	else if (answer->more)
		probe_note(probe, NULL, 0, "limit", PROBE_IGNORED, NULL, answer);
	else
		probe_note(probe, NULL, 0, "limit", PROBE_EXACT, NULL, answer);
}

/*
 * Does the connector filter before it limits?  Ask for a row that stands behind
 * others, with a limit of 1.
 */
static void
test_limit_after_filter(Probe *probe)
{
	for (int row = probe->nrows - 1; row > 0; row--)
	{
		for (int i = 0; i < probe->ncolumns; i++)
		{
			ProbeColumn *column = &probe->columns[i];
			ProbeTest  *test = NULL;
			ProbeAnswer *answer;

			if (column->safe & (FILTER_EQ | FILTER_IN))
				test = probe_satisfied(probe, column,
									   column->safe & FILTER_EQ ? FILTER_EQ : FILTER_IN, row);
			if (test == NULL || test->matches[0] || !probe_may_ask(probe))
				continue;
			answer = probe_ask(probe, list_make1(test), 1);
			answer->asked = 1;
			answer->right = answer->received - answer->violating;
			probe_note(probe, NULL, 0, "limit after filter",
					   answer->refusal ? PROBE_REFUSED : answer->right >= 1 ? PROBE_EXACT
					   : answer->violating > 0 ? PROBE_IGNORED : PROBE_LOSES,
					   NULL, answer);
			return;
		}
	}
	probe_note(probe, NULL, 0, "limit after filter", PROBE_UNTESTED,
			   "no equality is safe that leaves the first row out", NULL);
}

void
probe_select(Probe *probe)
{
	List	   *fields = probe->fields;
	int			ncolumns = probe->ncolumns;
	bool		whole = probe->whole;
	ProbeAnswer *answer;

	if (ncolumns < 2 || !probe_may_ask(probe))
	{
		probe_note(probe, NULL, 0, "select", PROBE_UNTESTED, "there is one column only", NULL);
		return;
	}

	/* the rows of the sample have all columns, so they are no measure here */
	probe->fields = list_make1(linitial(fields));
	probe->ncolumns = 1;
	probe->whole = false;
	answer = probe_ask(probe, NIL, 1);
	probe->fields = fields;
	probe->ncolumns = ncolumns;
	probe->whole = whole;
	answer->asked = 1;
	answer->right = answer->received;
	probe_note(probe, NULL, 0, "select",
			   answer->refusal ? PROBE_REFUSED : answer->width == 1 ? PROBE_EXACT : PROBE_WIDE,
			   answer->refusal || answer->width == 1 ? NULL :
			   psprintf("%zu fields came instead of 1", answer->width), answer);
}

/*
 * The encodings of requests: the one in use has worked so far.
 */
static void
test_encodings(Probe *probe)
{
	bool	   *json = &probe->table->connector.json_requests;
	ProbeTest  *test = NULL;
	ProbeAnswer *answer;

	for (int i = 0; i < probe->ncolumns && test == NULL && probe->nrows > 0; i++)
	{
		for (int row = 0; row < probe->nrows && test == NULL; row++)
		{
			if (probe->columns[i].possible & FILTER_EQ)
				test = probe_satisfied(probe, &probe->columns[i], FILTER_EQ, row);
		}
	}
	probe_note(probe, NULL, 0, *json ? "json" : "form", PROBE_EXACT,
			   "this is the encoding in use", NULL);
	if (!probe_may_ask(probe))
		return;
	*json = !*json;
	answer = probe_ask(probe, test ? list_make1(test) : NIL, 0);
	probe_note(probe, NULL, 0, *json ? "json" : "form", probe_verdict(answer), NULL, answer);
	*json = !*json;
}

/*
 * What an answer without rows looks like: that to a condition which no row
 * can satisfy.
 */
static void
test_empty(Probe *probe)
{
	for (int i = 0; i < probe->ncolumns; i++)
	{
		ProbeColumn *column = &probe->columns[i];
		ProbeTest  *test = NULL;
		ProbeAnswer *answer;

		if ((column->safe & FILTER_EQ) && (column->kind == KIND_INT || column->kind == KIND_TEXT))
			test = probe_absent(probe, column);
		if (test == NULL || !probe_may_ask(probe))
			continue;
		answer = probe_ask(probe, list_make1(test), 0);
		if (answer->refusal)
			probe_note(probe, NULL, 0, "empty answer", PROBE_REFUSED, NULL, answer);
		else if (answer->received > 0)
			probe_note(probe, NULL, 0, "empty answer", PROBE_WIDE,
					   "rows came that do not satisfy the filter", answer);
		else
			probe_note(probe, NULL, 0, "empty answer", PROBE_EXACT,
					   answer->width > 0 ? "it has a header" : "it has no header", answer);
		return;
	}
	probe_note(probe, NULL, 0, "empty answer", PROBE_UNTESTED, "no equality is safe", NULL);
}

/*
 * Are there rows that an unfiltered answer does not have?
 */
static void
test_cap(Probe *probe)
{
	if (probe->hidden)
		probe_note(probe, NULL, 0, "all rows", PROBE_LOSES,
				   psprintf("without a filter, no more than %d rows came; with one, others", probe->nrows),
				   NULL);
	else if (probe->whole)
		probe_note(probe, NULL, 0, "all rows", PROBE_EXACT, NULL, NULL);
	else
		probe_note(probe, NULL, 0, "all rows", PROBE_UNTESTED,
				   psprintf("the table has more than the %d rows of the sample", probe->nrows), NULL);
}

static void
test_keep_alive(Probe *probe)
{
	if (probe->statistics.requests < 2)
		probe_note(probe, NULL, 0, "keep-alive", PROBE_UNTESTED, NULL, NULL);
	else
		probe_note(probe, NULL, 0, "keep-alive",
				   probe->statistics.connections * 2 <= probe->statistics.requests
				   ? PROBE_EXACT : PROBE_IGNORED,
				   psprintf(UINT64_FORMAT " connections for " UINT64_FORMAT " requests",
							(uint64) probe->statistics.connections,
							(uint64) probe->statistics.requests), NULL);
}


/*
 * All of these but select, which is to be asked first.
 */
void
probe_basics(Probe *probe)
{
	test_limit(probe);
	test_limit_after_filter(probe);
	test_encodings(probe);
	test_empty(probe);
	test_cap(probe);
	test_keep_alive(probe);
}
