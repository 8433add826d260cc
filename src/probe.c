/*-------------------------------------------------------------------------
 *
 * probe.c
 *	  Finding out what a connector does right.
 *
 * Some rows of the table are fetched without a filter: the sample.  Then the
 * connector is asked with conditions made from them, each by the way that a
 * query takes: an SQL condition, what filter.c sends for it, and the answer
 * compared with the rows of the sample for which PostgreSQL finds the condition
 * to be true.  All of these have to come.
 *
 * Conditions on many columns are tested together; if something is wrong, one
 * by one.  What is asked and in which order is told in probe_table(), the
 * conditions are made in probe_condition.c, and probe_report.c shows the
 * results.
 *
 *-------------------------------------------------------------------------
 */
#include "probe.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* What the rows of the sample may take, at most */
#define SAMPLE_MEMORY		(16 * 1024 * 1024)

/* Columns that are looked at together: a form holds no more, see MAX_FORM_ARRAY */
#define COLUMNS_AT_ONCE		16

/* After so many refusals of an operator in a row it is not tried any more */
#define ENOUGH_REFUSALS		2

/* ---- notes ---- */

/*
 * Note a result.  column is NULL for what is of the table; answer, which may
 * be NULL, has the figures.
 */
void
probe_note(Probe *probe, ProbeColumn *column, int operator, const char *capability,
		   ProbeVerdict verdict, char *reason, const ProbeAnswer *answer)
{
	MemoryContext caller = MemoryContextSwitchTo(probe->context);
	ProbeResult *result = palloc0(sizeof(ProbeResult));

	result->attnum = column ? column->attnum : 0;
	result->number = list_length(probe->results);
	result->operator = operator;
	result->capability = capability ? capability : filter_operators_text(operator);
	result->verdict = verdict;
	result->reason = reason ? pstrdup(reason) : NULL;
	result->rows_asked = result->rows_right = -1;
	if (answer)
	{
		result->rows_asked = answer->asked;
		result->rows_right = answer->right;
		result->request = answer->request ? pstrdup(answer->request) : NULL;
		if (answer->refusal && reason == NULL)
			result->reason = pstrdup(answer->refusal);
	}
	probe->results = lappend(probe->results, result);
	MemoryContextSwitchTo(caller);

	if (column)
	{
		if (verdict == PROBE_EXACT || verdict == PROBE_WIDE)
			column->safe |= operator;
		else if (verdict != PROBE_UNTESTED)
			column->bad |= operator;
		if (verdict == PROBE_LOSES && operator == FILTER_EQ)
			column->unequal = true;
	}
}

/*
 * Take back what was noted of an operator.
 */
static void
probe_forget(Probe *probe, ProbeColumn *column, int operator)
{
	ListCell   *lc;

	foreach(lc, probe->results)
	{
		ProbeResult *result = lfirst(lc);

		if (result->attnum == column->attnum && result->operator == operator)
			probe->results = foreach_delete_current(probe->results, lc);
	}
	column->safe &= ~operator;
}

/* ---- operators of fields ---- */

char *
probe_reason(const ProbeAnswer *answer, ProbeVerdict verdict)
{
	if (verdict == PROBE_UNTESTED)
		return "too many rows came to be sure";
	if (verdict == PROBE_EXACT && answer->excluded == 0)
		return "no row of the sample had to be left out";
	return NULL;
}

/*
 * Do all of the tests let a row pass that is on the edge of this one?
 */
static bool
has_edge(Probe *probe, const bool *matches, const ProbeTest *test)
{
	for (int i = 0; test->edge && i < probe->nrows; i++)
	{
		if (matches[i] && test->edge[i])
			return true;
	}
	return test->edge == NULL;
}

/*
 * Which rows of the sample satisfy all of these tests, by what is known of each:
 * an array, palloc'd.
 */
static bool *
common_matches(Probe *probe, List *tests)
{
	bool	   *matches = palloc(sizeof(bool) * Max(probe->nrows, 1));
	ListCell   *lc;

	memset(matches, true, probe->nrows);
	foreach(lc, tests)
	{
		for (int i = 0; i < probe->nrows; i++)
			matches[i] &= ((ProbeTest *) lfirst(lc))->matches[i];
	}
	return matches;
}

static bool
matches_none(Probe *probe, const ProbeTest *test)
{
	for (int i = 0; i < probe->nrows; i++)
	{
		if (test->matches[i])
			return false;
	}
	return true;
}

/*
 * Which of the tests can be made in one request?
 */
static List *
tests_together(List *tests)
{
	List	   *together = NIL;
	ListCell   *lc;

	foreach(lc, tests)
	{
		if (!((ProbeTest *) lfirst(lc))->alone)
			together = lappend(together, lfirst(lc));
	}
	return list_length(together) < 2 ? NIL : together;
}

/*
 * Of tests that were made together and went well: those of which that does not
 * show that they are right.  matches has the rows that were asked for.
 */
static List *
doubtful_tests(Probe *probe, List *tests, const bool *matches)
{
	List	   *doubtful = NIL;
	int			asked = 0;
	ListCell   *lc;

	for (int i = 0; i < probe->nrows; i++)
		asked += matches[i];
	if (asked == probe->nrows)
		return tests;
	foreach(lc, tests)
	{
		ProbeTest  *test = lfirst(lc);

		/* no row at all says something only if none of the tests wants one */
		if (test->alone || (asked == 0 && !matches_none(probe, test)) ||
			!has_edge(probe, matches, test))
			doubtful = lappend(doubtful, test);
	}
	return doubtful;
}

/*
 * Test conditions on several columns, all with one operator, in one request.
 * Returns those of which it could not be seen that they are right.
 */
static List *
test_together(Probe *probe, List *tests, ProbeAnswer **answer)
{
	List	   *together = tests_together(tests);

	*answer = NULL;
	if (together == NIL || !probe_may_ask(probe))
		return tests;
	*answer = probe_ask(probe, together, 0);
	if (probe_verdict(*answer) != PROBE_EXACT)
		return tests;
	return doubtful_tests(probe, tests, probe_matches(probe, together));
}

/* How the tests of an operator went for a column: what is worst counts */
typedef struct Outcome
{
	bool		tested;
	ProbeVerdict verdict;
	ProbeAnswer *answer;
	char	   *reason;
} Outcome;

static void
add_outcome(Outcome *outcome, ProbeVerdict verdict, ProbeAnswer *answer, char *reason)
{
	static const int badness[] = {
		[PROBE_EXACT] = 0,[PROBE_WIDE] = 1,[PROBE_IGNORED] = 2,
		[PROBE_UNTESTED] = 3,[PROBE_REFUSED] = 4,[PROBE_LOSES] = 5
	};

	if (outcome->tested && badness[verdict] <= badness[outcome->verdict])
		return;
	outcome->tested = true;
	outcome->verdict = verdict;
	outcome->answer = answer;
	outcome->reason = reason;
}

/*
 * A list has lost a row.  Is it because of the list, or is the row not found
 * by its value alone either?  Then equality is no better.
 */
static void
check_equality(Probe *probe, ProbeColumn *column, int row)
{
	ProbeTest  *test = NULL;
	ProbeAnswer *answer;

	if ((column->safe & FILTER_EQ) && row >= 0 && probe_may_ask(probe))
		test = probe_satisfied(probe, column, FILTER_EQ, row);
	if (test == NULL)
		return;
	answer = probe_ask(probe, list_make1(test), 0);
	if (probe_verdict(answer) == PROBE_LOSES)
	{
		probe_forget(probe, column, FILTER_EQ);
		probe_note(probe, column, FILTER_EQ, NULL, PROBE_LOSES, NULL, answer);
	}
}

/*
 * Put one variant of the conditions on the columns to the test.
 */
static void
test_variant(Probe *probe, int operator, List *tests, bool alone, Outcome *outcomes)
{
	ProbeAnswer *answer = NULL;
	List	   *doubtful = alone ? tests : test_together(probe, tests, &answer);
	int			refused = 0;
	ListCell   *lc;

	foreach(lc, tests)
	{
		ProbeTest  *test = lfirst(lc);
		Outcome    *outcome = &outcomes[test->column - probe->columns];
		ProbeVerdict verdict;

		if (!list_member_ptr(doubtful, test))
			add_outcome(outcome, PROBE_EXACT, answer, NULL);
		else if (refused >= ENOUGH_REFUSALS)
			add_outcome(outcome, PROBE_REFUSED, NULL, "like those of other columns");
		else if (!probe_may_ask(probe))
			add_outcome(outcome, PROBE_UNTESTED, NULL, "the limits of the probe are reached");
		else
		{
			answer = probe_ask(probe, list_make1(test), 0);
			verdict = probe_verdict(answer);
			add_outcome(outcome, verdict, answer, probe_reason(answer, verdict));
			refused = verdict == PROBE_REFUSED ? refused + 1 : 0;
			if (verdict == PROBE_LOSES && operator == FILTER_IN)
				check_equality(probe, test->column, answer->lost);
		}
	}
}

/*
 * A long list has been tested with one column.  If that is one too long, it is
 * so for the others.
 */
static void
spread_outcome(Probe *probe, const ProbeColumn *column, Outcome *outcomes)
{
	Outcome    *outcome = &outcomes[column - probe->columns];
	const char *name = probe->table->columns[column->attnum - 1].name;

	if (outcome->verdict != PROBE_LOSES && outcome->verdict != PROBE_REFUSED)
		return;
	if (outcome->reason == NULL)
		outcome->reason = outcome->answer->refusal ?
			psprintf("a long list: %s", outcome->answer->refusal) : "a long list";
	for (int i = 0; i < probe->ncolumns; i++)
	{
		if (outcomes[i].tested && &outcomes[i] != outcome)
			add_outcome(&outcomes[i], outcome->verdict, NULL,
						psprintf("a long list of values of column \"%s\"", name));
	}
}

/*
 * The tests of a variant that are worth to be made, if the variants before went
 * like that; outcomes is NULL if there are none.
 *
 * Tests depend on the sample only, so they are made once, but for the one that
 * is not of all columns.
 */
static List *
tests_of_variant(Probe *probe, int operator, int variant, const Outcome *outcomes)
{
	int			number = pg_rightmost_one_pos32(operator);
	List	   *tests;
	ListCell   *lc;

	if (!probe->has_tests[number][variant])
		probe->tests[number][variant] = probe_tests(probe, operator, variant);
	probe->has_tests[number][variant] = variant != PROBE_LONG_LIST;

	tests = list_copy(probe->tests[number][variant]);
	foreach(lc, tests)
	{
		ProbeColumn *column = ((ProbeTest *) lfirst(lc))->column;
		const Outcome *outcome = outcomes ? &outcomes[column - probe->columns] : NULL;

		/* what is no good needs no further test */
		if (probe_why_no_test(probe, column, operator) ||
			(outcome && outcome->tested &&
			 (outcome->verdict == PROBE_LOSES || outcome->verdict == PROBE_REFUSED ||
			  outcome->verdict == PROBE_IGNORED)))
			tests = foreach_delete_current(tests, lc);
	}
	return tests;
}

/*
 * The first test of equality is alone, because it is the most important one:
 * what is wrong with it shows best over many rows.
 */
static bool
is_alone(int operator, int variant)
{
	return operator == FILTER_EQ && variant == 0;
}

/*
 * Say what will be asked from this variant on if all goes well, as far as
 * several requests can be under way.
 */
static void
look_ahead(Probe *probe, int operator, int variant, const Outcome *outcomes)
{
	int			enough = 2 * probe->table->connector.concurrency;
	bool		last = operator > FILTER_GE;	/* what comes then is known */
	List	   *foreseen = NIL;

	for (; operator <= FILTER_LIKE && list_length(foreseen) < enough; operator <<= 1)
	{
		for (; variant < PROBE_VARIANTS && list_length(foreseen) < enough; variant++)
		{
			List	   *tests = tests_of_variant(probe, operator, variant, outcomes);
			List	   *together = is_alone(operator, variant) ? NIL : tests_together(tests);
			ListCell   *lc;

			if (together != NIL)
			{
				foreseen = probe_foresee_tests(probe, foreseen, together, 0);
				tests = doubtful_tests(probe, tests, common_matches(probe, together));
			}
			foreach(lc, tests)
				foreseen = probe_foresee_tests(probe, foreseen, list_make1(lfirst(lc)), 0);
		}
		variant = 0;
		outcomes = NULL;
	}
	if (probe->first && last && list_length(foreseen) < enough)
		foreseen = list_concat(foreseen, probe_foresee_basics(probe));
	probe_look_ahead(probe, foreseen);
}

/*
 * Find out about one operator, for all columns it may be sent for.  The
 * conditions come in variants, and a column is right if all are.
 */
static void
test_operator(Probe *probe, int operator)
{
	Outcome    *outcomes = palloc0(sizeof(Outcome) * probe->ncolumns);

	for (int variant = 0; variant < PROBE_VARIANTS; variant++)
	{
		List	   *tests = tests_of_variant(probe, operator, variant, outcomes);

		if (tests == NIL)
			continue;
		if (probe_must_look_ahead(probe))
			look_ahead(probe, operator, variant, outcomes);
		test_variant(probe, operator, tests, is_alone(operator, variant), outcomes);
		if (variant == PROBE_LONG_LIST)
			spread_outcome(probe, ((ProbeTest *) linitial(tests))->column, outcomes);
	}
	for (int i = 0; i < probe->ncolumns; i++)
	{
		ProbeColumn *column = &probe->columns[i];
		const char *why;

		if ((column->possible & operator) == 0)
			continue;
		why = probe_why_no_test(probe, column, operator);
		if (outcomes[i].tested && operator == FILTER_IN &&
			(outcomes[i].verdict == PROBE_EXACT || outcomes[i].verdict == PROBE_WIDE) &&
			!probe_has_values(probe, column))
			probe_note(probe, column, operator, NULL, PROBE_UNTESTED, "it has one value only",
					   outcomes[i].answer);
		else if (outcomes[i].tested)
			probe_note(probe, column, operator, NULL, outcomes[i].verdict, outcomes[i].reason,
					   outcomes[i].answer);
		else
			probe_note(probe, column, operator, NULL, PROBE_UNTESTED,
					   why ? unconstify(char *, why) : "no condition that may be sent could be made of its values",
					   NULL);
	}
}

/* ---- the sample ---- */

/*
 * Does the text of a datetime end with an offset from UTC, or a zone?
 */
static bool
has_offset(const RowsValue *value)
{
	if (value->kind != ROWS_STRING || value->len < 11)
		return false;
	for (size_t i = 10; i < value->len; i++)
	{
		char		c = value->data[i];

		if (c == '+' || c == '-' || (isalpha((unsigned char) c) && c != 'T' && c != 't'))
			return true;
	}
	return false;
}

/*
 * A value of the column has an offset, which cannot be read as its type.  From
 * now on all of its values are NULL, and so are those of the rows that are there
 * already: rows are compared as a whole.
 */
static void
give_up_column(Probe *probe, ProbeColumn *column)
{
	TupleTableSlot *slot = probe->sample_slot;
	int			index = column->attnum - 1;

	column->unreadable = true;
	for (int row = 0; row < probe->nrows; row++)
	{
		ExecStoreMinimalTuple(probe->rows[row], slot, false);
		slot_getallattrs(slot);
		memcpy(probe->slot->tts_values, slot->tts_values, sizeof(Datum) * probe->tupdesc->natts);
		memcpy(probe->slot->tts_isnull, slot->tts_isnull, sizeof(bool) * probe->tupdesc->natts);
		probe->slot->tts_isnull[index] = true;
		ExecClearTuple(probe->slot);
		ExecStoreVirtualTuple(probe->slot);
		probe->rows[row] = ExecCopySlotMinimalTuple(probe->slot);
	}
}

/*
 * Fetch rows without a filter.  Columns of datetimes with offsets that are not
 * made for them cannot be read, and are passed over.
 */
static void
fetch_sample(Probe *probe)
{
	DataRequest request = {0};
	DataAnswer *data;
	DataAnswer *refused;
	RowsValue  *values;
	MemoryContext caller = CurrentMemoryContext;
	bool	   *offsets = palloc0(sizeof(bool) * probe->ncolumns);
	bool	   *plain = palloc0(sizeof(bool) * probe->ncolumns);
	ErrorContextCallback errcallback;

	request.fields = probe->fields;
	request.limit = sample_limit(probe->table, PROBE_SAMPLE_ROWS);
	probe->nrows = 0;
	probe->rows = palloc(sizeof(MinimalTuple) * PROBE_SAMPLE_ROWS);
	request.select_all = probe->select_all;
	data = connector_data(probe->table, &request, &probe->statistics);
	if (connector_data_refused(data) && !probe->select_all)
	{
		/* perhaps because of the fields that are selected */
		request.select_all = true;
		refused = data;
		data = connector_data(probe->table, &request, &probe->statistics);
		if (connector_data_refused(data))
			connector_data_raise(refused);
		probe_note(probe, NULL, 0, "select", PROBE_REFUSED,
				   unconstify(char *, connector_data_refusal(refused)), NULL);
		connector_data_close(refused);
		probe->select_all = true;
	}
	if (connector_data_refused(data))
		connector_data_raise(data);

	errcallback.callback = connector_data_context;
	errcallback.arg = data;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	while (probe->nrows < PROBE_SAMPLE_ROWS && (values = connector_data_next(data)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < probe->ncolumns; i++)
		{
			ProbeColumn *column = &probe->columns[i];

			if (column->attribute->atttypid != TIMESTAMPOID &&
				column->attribute->atttypid != TIMESTAMPTZOID)
				continue;
			offsets[i] |= has_offset(&values[i]);
			plain[i] |= values[i].kind == ROWS_STRING && !has_offset(&values[i]);
			if (offsets[i] && !column->unreadable &&
				column->attribute->atttypid == TIMESTAMPOID &&
				probe->table->columns[column->attnum - 1].time_zone == NULL)
				give_up_column(probe, column);
		}
		MemoryContextSwitchTo(probe->row_context);
		probe_fill_slot(probe, values);
		MemoryContextSwitchTo(caller);
		probe->rows[probe->nrows++] = ExecCopySlotMinimalTuple(probe->slot);
		MemoryContextReset(probe->row_context);
		if (MemoryContextMemAllocated(probe->context, true) > SAMPLE_MEMORY)
			break;
	}
	probe->whole = values == NULL && probe->nrows < request.limit;
	error_context_stack = errcallback.previous;
	ExecClearTuple(probe->slot);
	connector_data_close(data);

	for (int i = 0; i < probe->ncolumns; i++)
	{
		ProbeColumn *column = &probe->columns[i];

		if (!offsets[i] && !plain[i])
			continue;
		probe_note(probe, column, 0, offsets[i] ? PROBE_WITH_OFFSETS : PROBE_WITHOUT_OFFSETS,
				   offsets[i] && plain[i] ? PROBE_WIDE : PROBE_EXACT,
				   column->unreadable ? "it has to be timestamptz, or to have the option time_zone"
				   : offsets[i] && plain[i] ? "others have none" : NULL, NULL);
		column->has_offsets = offsets[i];
		if (column->unreadable)
			column->possible = 0;
	}
}

/*
 * The values of the sample as they are sent.
 */
static void
note_texts(Probe *probe)
{
	for (int i = 0; i < probe->ncolumns; i++)
	{
		ProbeColumn *column = &probe->columns[i];

		column->texts = palloc0(sizeof(char *) * Max(probe->nrows, 1));
		for (int row = 0; row < probe->nrows; row++)
		{
			bool		isnull;
			Datum		value = probe_value(probe, column, row, &isnull);

			if (!isnull)
				(void) filter_value(column->kind, column->attribute->atttypid, value, PLACE_AT,
									&column->texts[row]);
		}
	}
}

/* ---- all of it ---- */

/*
 * Find out about some columns, and with the first ones about the table.
 */
static void
probe_columns(Probe *probe)
{
	fetch_sample(probe);
	note_texts(probe);
	if (probe_must_look_ahead(probe))
		look_ahead(probe, FILTER_EQ, 0, NULL);
	if (probe->first && !probe->select_all)
		probe_select(probe);

	/* equality first: the others' tests depend on it */
	for (int operator = FILTER_EQ; operator <= FILTER_LIKE; operator <<= 1)
		test_operator(probe, operator);
	probe_groups(probe);
	if (probe->first)
		probe_basics(probe);
	probe_look_ahead(probe, NIL);
}

/*
 * There is nothing left of what the probe may take for these columns.
 */
static void
give_up_columns(Probe *probe)
{
	for (int i = 0; i < probe->ncolumns; i++)
	{
		for (int operator = FILTER_EQ; operator <= FILTER_OR; operator <<= 1)
		{
			if (probe->columns[i].possible & operator)
				probe_note(probe, &probe->columns[i], operator, NULL, PROBE_UNTESTED,
						   "the limits of the probe are reached", NULL);
		}
	}
}

static bool
has_text(List *texts, const char *text)
{
	ListCell   *lc;

	foreach(lc, texts)
	{
		if (strcmp(lfirst(lc), text) == 0)
			return true;
	}
	return false;
}

/*
 * Find out what the connector does right with a table: a list of ProbeResult,
 * palloc'd.  The table's option filter_operators does not matter, nor does the
 * session's memory of filters, and none of them is changed.
 *
 * At most max_requests requests are made, and no more are begun after so many
 * seconds (0: no bound).  As many as the connector's concurrency says are under
 * way at the same time; that becomes 1 if the connector does not stand it.
 * Raises errors that say nothing about single conditions.
 */
List *
probe_table(TableOptions *table, TupleDesc tupdesc, int max_requests, int seconds)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "biconnector probe",
												  ALLOCSET_DEFAULT_SIZES);
	List	   *results = NIL;
	bool	   *done = palloc0(sizeof(bool) * Max(tupdesc->natts, 1));
	bool		more;
	HttpStatistics statistics = {0};
	bool		select_all = false;
	int			limit = table->connector.row_limit;
	bool		limit_known = false;
	TimestampTz deadline = seconds ? GetCurrentTimestamp() + seconds * USECS_PER_SEC : 0;
	ListCell   *lc;

	for (bool first = true;; first = false)
	{
		Probe		probe = {0};

		MemoryContextSwitchTo(context);
		probe.table = palloc(sizeof(TableOptions));
		*probe.table = *table;
		probe.table->columns = palloc(sizeof(ColumnOptions) * Max(table->ncolumns, 1));
		memcpy(probe.table->columns, table->columns, sizeof(ColumnOptions) * table->ncolumns);
		if (probe.table->connector.http.group == NULL)
			probe.table->connector.http.group = http_group_create();
		probe.tupdesc = tupdesc;
		probe.baserel = makeNode(RelOptInfo);
		probe.baserel->relid = 1;
		probe.max_requests = max_requests;
		probe.deadline = deadline;
		probe.statistics = statistics;
		probe.first = first;
		probe.width = table->connector.concurrency;
		probe.select_all = select_all;
		probe.limit = limit;
		probe.limit_known = limit_known;
		probe.context = context;
		probe.row_context = AllocSetContextCreate(context, "biconnector probe row",
												  ALLOCSET_DEFAULT_SIZES);
		probe.estate = CreateExecutorState();
		probe.econtext = GetPerTupleExprContext(probe.estate);
		probe.slot = MakeSingleTupleTableSlot(tupdesc, &TTSOpsVirtual);
		probe.sample_slot = MakeSingleTupleTableSlot(tupdesc, &TTSOpsMinimalTuple);
		probe.columns = palloc0(sizeof(ProbeColumn) * COLUMNS_AT_ONCE);
		probe.converters = palloc0(sizeof(Converter *) * COLUMNS_AT_ONCE);

		for (int i = 0; i < tupdesc->natts && probe.ncolumns < COLUMNS_AT_ONCE; i++)
		{
			ColumnOptions *options = &probe.table->columns[i];
			ProbeColumn *column = &probe.columns[probe.ncolumns];

			/* a request can have a field only once: other columns of it come later */
			if (options->field == NULL || done[i] || has_text(probe.fields, options->field))
				continue;
			done[i] = true;
			options->own_operators = true;
			column->attnum = i + 1;
			column->attribute = TupleDescAttr(tupdesc, i);
			column->kind = filter_kind(options, column->attribute->atttypid,
									   column->attribute->atttypmod);
			column->possible = probe_operators_of_kind(column->kind) &
				~operators_of_fixed_filter(table, options);
			probe.converters[probe.ncolumns++] = converter_create(column->attribute, options,
																  &table->connector);
			probe.fields = lappend(probe.fields, unconstify(char *, options->field));
		}
		more = probe.ncolumns > 0;
		if (more && (first || probe_may_ask(&probe)))
			probe_columns(&probe);
		else
			give_up_columns(&probe);
		statistics = probe.statistics;
		select_all = probe.select_all;
		limit = probe.limit;
		limit_known = probe.limit_known;
		table->connector.concurrency = probe.table->connector.concurrency;
		ExecDropSingleTupleTableSlot(probe.slot);
		ExecDropSingleTupleTableSlot(probe.sample_slot);
		FreeExecutorState(probe.estate);

		MemoryContextSwitchTo(caller);
		foreach(lc, probe.results)
		{
			ProbeResult *copy = palloc(sizeof(ProbeResult));

			*copy = *(ProbeResult *) lfirst(lc);
			copy->capability = pstrdup(copy->capability);
			copy->reason = copy->reason ? pstrdup(copy->reason) : NULL;
			copy->request = copy->request ? pstrdup(copy->request) : NULL;
			results = lappend(results, copy);
		}
		MemoryContextReset(context);
		if (!more)
			break;
	}
	MemoryContextDelete(context);
	return results;
}
