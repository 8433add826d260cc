/*-------------------------------------------------------------------------
 *
 * probe_basics.c
 *	  Testing what is not of single columns: select, limit, encodings, empty
 *	  answers, connections.
 *
 *-------------------------------------------------------------------------
 */
#include "probe.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* How many rows are read to see whether there is a cap, at most */
#define CAP_ROWS	20000

static int
limit_to_test(const Probe *probe)
{
	return probe->nrows / 2;
}

static void
test_limit(Probe *probe)
{
	ProbeAnswer *answer;
	int			limit = limit_to_test(probe);

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
 * A test of equality that is safe, with a row that stands behind others; or NULL.
 */
static ProbeTest *
test_of_last_row(Probe *probe)
{
	for (int row = probe->nrows - 1; row > 0; row--)
	{
		for (int i = 0; i < probe->ncolumns; i++)
		{
			ProbeColumn *column = &probe->columns[i];
			ProbeTest  *test = NULL;

			if (column->safe & (FILTER_EQ | FILTER_IN))
				test = probe_satisfied(probe, column,
									   column->safe & FILTER_EQ ? FILTER_EQ : FILTER_IN, row);
			if (test && !test->matches[0])
				return test;
		}
	}
	return NULL;
}

/*
 * Does the connector filter before it limits?  Ask for a row that stands behind
 * others, with a limit of 1.
 */
static void
test_limit_after_filter(Probe *probe)
{
	ProbeTest  *test = test_of_last_row(probe);
	ProbeAnswer *answer;

	if (test == NULL || !probe_may_ask(probe))
	{
		probe_note(probe, NULL, 0, "limit after filter", PROBE_UNTESTED,
				   "no equality is safe that leaves the first row out", NULL);
		return;
	}
	answer = probe_ask(probe, list_make1(test), 1);
	answer->asked = 1;
	answer->right = answer->received - answer->violating;
	probe_note(probe, NULL, 0, "limit after filter",
			   answer->refusal ? PROBE_REFUSED : answer->right >= 1 ? PROBE_EXACT
			   : answer->violating > 0 ? PROBE_IGNORED : PROBE_LOSES,
			   NULL, answer);
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
	answer->asked = Min(1, probe->nrows);
	answer->right = answer->received;
	probe_note(probe, NULL, 0, "select",
			   answer->refusal ? PROBE_REFUSED : answer->width == 1 ? PROBE_EXACT : PROBE_WIDE,
			   answer->refusal || answer->width == 1 ? NULL :
			   psprintf("%zu fields came instead of 1", answer->width), answer);
}

/*
 * Tests for a request in the other encoding: one of equality, or none.
 */
static List *
tests_of_encoding(Probe *probe)
{
	for (int i = 0; i < probe->ncolumns; i++)
	{
		for (int row = 0; row < probe->nrows; row++)
		{
			ProbeTest  *test = NULL;

			if (probe->columns[i].possible & FILTER_EQ)
				test = probe_satisfied(probe, &probe->columns[i], FILTER_EQ, row);
			if (test)
				return list_make1(test);
		}
	}
	return NIL;
}

/*
 * The encodings of requests: the one in use has worked so far.
 */
static void
test_encodings(Probe *probe)
{
	bool	   *json = &probe->table->connector.json_requests;
	ProbeAnswer *answer;

	probe_note(probe, NULL, 0, *json ? "json" : "form", PROBE_EXACT,
			   "this is the encoding in use", NULL);
	if (!probe_may_ask(probe))
		return;
	*json = !*json;
	answer = probe_ask(probe, tests_of_encoding(probe), 0);
	probe_note(probe, NULL, 0, *json ? "json" : "form", probe_verdict(answer), NULL, answer);
	*json = !*json;
}

/*
 * A test of equality that is safe and that no row satisfies; or NULL.
 */
static ProbeTest *
test_of_no_row(Probe *probe)
{
	ProbeTest  *test = NULL;

	for (int i = 0; i < probe->ncolumns && test == NULL; i++)
	{
		ProbeColumn *column = &probe->columns[i];

		if ((column->safe & FILTER_EQ) && (column->kind == KIND_INT || column->kind == KIND_TEXT))
			test = probe_absent(probe, column);
	}
	return test;
}

/*
 * What an answer without rows looks like: that to a condition which no row
 * can satisfy.
 */
static void
test_empty(Probe *probe)
{
	ProbeTest  *test = test_of_no_row(probe);
	ProbeAnswer *answer;

	if (test == NULL || !probe_may_ask(probe))
	{
		probe_note(probe, NULL, 0, "empty answer", PROBE_UNTESTED, "no equality is safe", NULL);
		return;
	}
	answer = probe_ask(probe, list_make1(test), 0);
	if (answer->refusal)
		probe_note(probe, NULL, 0, "empty answer", PROBE_REFUSED, NULL, answer);
	else if (answer->received > 0)
		probe_note(probe, NULL, 0, "empty answer", PROBE_WIDE,
				   "rows came that do not satisfy the filter", answer);
	else
		probe_note(probe, NULL, 0, "empty answer", PROBE_EXACT,
				   psprintf("it is %s", answer->empty_form), answer);
}

/*
 * The column to look beyond the values of for more rows; NULL if there is none,
 * or no need to look.
 */
static ProbeColumn *
column_to_look_beyond(Probe *probe)
{
	for (int i = 0; i < probe->ncolumns && !probe->whole && !probe->hidden; i++)
	{
		ProbeColumn *column = &probe->columns[i];

		if (column->kind == KIND_INT && (column->safe & (FILTER_GT | FILTER_LT)))
			return column;
	}
	return NULL;
}

/*
 * A request for all rows of a column; palloc'd.
 */
static DataRequest *
request_for_column(Probe *probe, const ProbeColumn *column)
{
	DataRequest *request = palloc0(sizeof(DataRequest));

	request->fields = list_make1(list_nth(probe->fields, column - probe->columns));
	request->select_all = probe->select_all;
	request->limit = probe->table->connector.row_limit;
	return request;
}

/*
 * Read all rows of an integer column, as far as we read; their number, and the
 * smallest and the largest value.
 */
static int
read_integers(Probe *probe, ProbeColumn *column, int64 *smallest, int64 *largest)
{
	DataRequest *request = request_for_column(probe, column);
	Converter  *converter = probe->converters[column - probe->columns];
	DataAnswer *data;
	RowsValue  *values;
	int			rows = 0;
	ErrorContextCallback errcallback;

	data = probe_request(probe, request, connector_data_request_text(probe->table, request));
	if (connector_data_refused(data))
		connector_data_raise(data);

	errcallback.callback = connector_data_context;
	errcallback.arg = data;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	while (rows < CAP_ROWS && (values = connector_data_next(data)) != NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(probe->row_context);
		bool		isnull;
		Datum		value = converter_read(converter, &values[0], &isnull);
		int64		integer = column->attribute->atttypid == INT8OID ? DatumGetInt64(value)
			: column->attribute->atttypid == INT4OID ? DatumGetInt32(value) : DatumGetInt16(value);

		CHECK_FOR_INTERRUPTS();
		if (!isnull && integer < *smallest)
			*smallest = integer;
		if (!isnull && integer > *largest)
			*largest = integer;
		rows++;
		MemoryContextSwitchTo(caller);
		MemoryContextReset(probe->row_context);
	}
	error_context_stack = errcallback.previous;
	connector_data_close(data);
	return rows;
}

/*
 * Is there a row beyond the values of an unfiltered answer?
 */
static bool
row_beyond(Probe *probe, ProbeColumn *column, int operator, int64 value)
{
	ProbeTest  *test = column->safe & operator ? probe_beyond(probe, column, operator, value) : NULL;
	ProbeAnswer *answer;

	if (test == NULL || !probe_may_ask(probe))
		return false;
	answer = probe_ask(probe, list_make1(test), 1);
	return answer->refusal == NULL && answer->received > answer->violating;
}

/*
 * Are there rows that an unfiltered answer does not have, because the connector
 * has a limit of its own?  In a table that is larger than the sample, this is
 * looked for beyond the values of an integer.
 */
static void
test_cap(Probe *probe)
{
	int			rows = probe->nrows;
	bool		capped = probe->hidden;
	ProbeColumn *column = column_to_look_beyond(probe);

	if (column && probe_may_ask(probe))
	{
		int64		smallest = PG_INT64_MAX;
		int64		largest = PG_INT64_MIN;

		rows = read_integers(probe, column, &smallest, &largest);
		if (rows < CAP_ROWS && smallest <= largest)
			capped = row_beyond(probe, column, FILTER_GT, largest) ||
				row_beyond(probe, column, FILTER_LT, smallest);
	}

	if (capped)
		probe_note(probe, NULL, 0, "all rows", PROBE_LOSES,
				   psprintf("without a filter no more than %d rows came, with one there are others", rows),
				   NULL);
	else if (probe->whole || (rows > probe->nrows && rows < CAP_ROWS))
		probe_note(probe, NULL, 0, "all rows", PROBE_EXACT, NULL, NULL);
	else
		probe_note(probe, NULL, 0, "all rows", PROBE_UNTESTED,
				   rows >= CAP_ROWS ? psprintf("there are more than %d", CAP_ROWS)
				   : "no integer field has safe bounds", NULL);
}

/*
 * Is the connection of one answer there for the next request?
 */
static void
test_keep_alive(Probe *probe)
{
	uint64		connections;

	if (!probe_may_ask(probe))
		return;
	(void) probe_ask(probe, NIL, 1);
	connections = probe->statistics.connections;
	(void) probe_ask(probe, NIL, 1);
	probe_note(probe, NULL, 0, "keep-alive",
			   probe->statistics.connections == connections ? PROBE_EXACT : PROBE_IGNORED,
			   NULL, NULL);
}

/*
 * The requests of probe_basics, as far as they can be foreseen.
 */
List *
probe_foresee_basics(Probe *probe)
{
	bool	   *json = &probe->table->connector.json_requests;
	ProbeTest  *last = test_of_last_row(probe);
	ProbeTest  *none = test_of_no_row(probe);
	ProbeColumn *column = column_to_look_beyond(probe);
	List	   *foreseen = NIL;

	if (limit_to_test(probe) > 0)
		foreseen = probe_foresee_tests(probe, foreseen, NIL, limit_to_test(probe));
	if (last)
		foreseen = probe_foresee_tests(probe, foreseen, list_make1(last), 1);
	*json = !*json;
	foreseen = probe_foresee_tests(probe, foreseen, tests_of_encoding(probe), 0);
	*json = !*json;
	if (none)
		foreseen = probe_foresee_tests(probe, foreseen, list_make1(none), 0);
	if (column)
		foreseen = probe_foresee(probe, foreseen, request_for_column(probe, column));
	return probe_foresee_tests(probe, foreseen, NIL, 1);
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
