/*-------------------------------------------------------------------------
 *
 * probe_ask.c
 *	  Asking a connector something, and comparing the answer with what
 *	  PostgreSQL makes of the sample.
 *
 *-------------------------------------------------------------------------
 */
#include "probe.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* Rows that are read of one answer, at most */
#define READ_ROWS	5000

/* ... and if all that have to come have come */
#define ENOUGH_ROWS	1000

/*
 * Fill the probe's slot with a row of an answer.
 */
void
probe_fill_slot(Probe *probe, RowsValue *values)
{
	TupleTableSlot *slot = probe->slot;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, probe->tupdesc->natts * sizeof(bool));
	for (int i = 0; i < probe->ncolumns; i++)
	{
		int			index = probe->columns[i].attnum - 1;

		if (probe->columns[i].unreadable)
			continue;
		slot->tts_values[index] = converter_read(probe->converters[i], &values[i],
												 &slot->tts_isnull[index]);
	}
	ExecStoreVirtualTuple(slot);
}

static int
compare_tuples(const void *a, const void *b)
{
	const MinimalTuple left = *(const MinimalTuple *) a;
	const MinimalTuple right = *(const MinimalTuple *) b;

	if (left->t_len != right->t_len)
		return left->t_len < right->t_len ? -1 : 1;
	return memcmp(left, right, left->t_len);
}

/* The rows of the sample, to be ticked off */
typedef struct Expected
{
	MinimalTuple *rows;			/* sorted */
	bool	   *came;
	int			count;
} Expected;

static void
expect(Probe *probe, Expected *expected, const bool *matches, bool wanted)
{
	expected->rows = palloc(sizeof(MinimalTuple) * Max(probe->nrows, 1));
	expected->came = palloc0(sizeof(bool) * Max(probe->nrows, 1));
	expected->count = 0;
	for (int i = 0; i < probe->nrows; i++)
	{
		if (matches[i] == wanted)
			expected->rows[expected->count++] = probe->rows[i];
	}
	qsort(expected->rows, expected->count, sizeof(MinimalTuple), compare_tuples);
}

/*
 * Tick a row off.  False if it is not among them, or not so often.
 */
static bool
tick_off(Expected *expected, MinimalTuple row)
{
	int			low = 0;
	int			high = expected->count;

	/* the first that is not smaller */
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (compare_tuples(&expected->rows[middle], &row) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < expected->count && compare_tuples(&expected->rows[low], &row) == 0; low++)
	{
		if (!expected->came[low])
		{
			expected->came[low] = true;
			return true;
		}
	}
	return false;
}

static bool
satisfies(Probe *probe, List *tests)
{
	ListCell   *lc;

	probe->econtext->ecxt_scantuple = probe->slot;
	foreach(lc, tests)
	{
		if (!ExecQual(((ProbeTest *) lfirst(lc))->state, probe->econtext))
			return false;
	}
	return true;
}

/*
 * Read an answer, and compare it with the rows of the sample that match.
 */
static void
compare_answer(Probe *probe, DataAnswer *data, List *tests, const bool *matches, int limit,
			   ProbeAnswer *answer)
{
	Expected	wanted;
	Expected	unwanted;
	RowsValue  *values;
	bool		whole = probe->whole;
	ErrorContextCallback errcallback;

	expect(probe, &wanted, matches, true);
	expect(probe, &unwanted, matches, false);
	answer->asked = wanted.count;
	answer->excluded = unwanted.count;

	errcallback.callback = connector_data_context;
	errcallback.arg = data;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	while ((values = connector_data_next(data)) != NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(probe->row_context);
		MinimalTuple row;

		CHECK_FOR_INTERRUPTS();
		probe_fill_slot(probe, values);
		row = ExecCopySlotMinimalTuple(probe->slot);
		answer->received++;
		if (satisfies(probe, tests))
		{
			if (tick_off(&wanted, row))
				answer->right++;
			else if (whole)
				probe->hidden = true;
		}
		else
		{
			answer->violating++;
			answer->excluded_came += tick_off(&unwanted, row);
		}
		MemoryContextSwitchTo(caller);
		MemoryContextReset(probe->row_context);
		ResetExprContext(probe->econtext);

		/* enough, if there is nothing left to wait for */
		if (answer->right == answer->asked && answer->received >= ENOUGH_ROWS)
			break;
		if (answer->received >= READ_ROWS)
		{
			answer->cut = true;
			break;
		}
	}
	if (answer->received >= limit)
	{
		answer->cut = true;
		answer->more = connector_data_has_more(data);
	}
	error_context_stack = errcallback.previous;
	ExecClearTuple(probe->slot);

	for (int i = 0; i < wanted.count && answer->lost < 0; i++)
	{
		for (int row = 0; !wanted.came[i] && row < probe->nrows; row++)
		{
			if (probe->rows[row] == wanted.rows[i])
				answer->lost = row;
		}
	}
}

/*
 * A request for the rows that satisfy all of the tests; palloc'd.
 */
DataRequest *
probe_make_request(Probe *probe, List *tests, int limit)
{
	DataRequest *request = palloc0(sizeof(DataRequest));
	ListCell   *lc;

	request->fields = probe->fields;
	request->select_all = probe->select_all;
	request->limit = limit;
	foreach(lc, tests)
		request->filter = list_concat(request->filter, ((ProbeTest *) lfirst(lc))->conditions);
	return request;
}

/*
 * Ask for the rows that satisfy all of the tests, and compare.
 */
static ProbeAnswer *
ask(Probe *probe, List *tests, int limit)
{
	ProbeAnswer *answer = palloc0(sizeof(ProbeAnswer));
	DataRequest *request = probe_make_request(probe, tests, limit);
	ProbeVerdict verdict;
	DataAnswer *data;
	bool	   *matches = probe_matches(probe, tests);

	answer->lost = -1;
	answer->request = connector_data_request_text(probe->table, request);
	data = probe_request(probe, request, answer->request);
	if (connector_data_refused(data))
	{
		answer->refusal = pstrdup(connector_data_refusal(data));
		for (int i = 0; i < probe->nrows; i++)
			answer->asked += matches[i];
	}
	else
	{
		answer->width = connector_data_width(data);
		compare_answer(probe, data, tests, matches, limit, answer);
		answer->empty_form = connector_data_empty_form(data);
	}
	connector_data_close(data);
	verdict = probe_verdict(answer);
	/* more rows than asked for make that all of the tests have to be made again */
	probe_expected(probe, verdict == PROBE_EXACT || verdict == PROBE_UNTESTED ||
				   (verdict == PROBE_WIDE && list_length(tests) == 1));
	return answer;
}

/*
 * Ask for the rows that satisfy all of the tests, and compare.  limit is that
 * of the request, 0 for the usual one.  The answer is palloc'd.
 *
 * The first refusal may be one of the usual limit, which is row_limit: then a
 * smaller one is taken from there on.
 */
ProbeAnswer *
probe_ask(Probe *probe, List *tests, int limit)
{
	ProbeAnswer *answer = ask(probe, tests, limit ? limit : probe->limit);

	if (limit == 0 && !probe->limit_known)
	{
		probe->limit_known = true;
		if (answer->refusal && probe->limit > PROBE_SAMPLE_ROWS)
		{
			ProbeAnswer *other = ask(probe, tests, PROBE_SAMPLE_ROWS);

			if (other->refusal == NULL)
			{
				probe_note(probe, NULL, 0, "row_limit", PROBE_REFUSED, NULL, answer);
				probe->limit = PROBE_SAMPLE_ROWS;
				answer = other;
			}
		}
	}
	return answer;
}

/*
 * What an answer to a test says of what was tested.
 */
ProbeVerdict
probe_verdict(const ProbeAnswer *answer)
{
	if (answer->refusal)
		return PROBE_REFUSED;
	if (answer->right < answer->asked)
		return answer->cut ? PROBE_UNTESTED : PROBE_LOSES;
	if (answer->violating == 0)
		return PROBE_EXACT;
	return answer->excluded > 0 && answer->excluded_came == answer->excluded
		? PROBE_IGNORED : PROBE_WIDE;
}

