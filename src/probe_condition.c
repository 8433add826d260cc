/*-------------------------------------------------------------------------
 *
 * probe_condition.c
 *	  Conditions made from rows of a table, to be put to the test.
 *
 * A good test is one that a connector fails if it does something wrong: bounds
 * are values that rows have, next to the ends of their order, where it shows
 * if numbers are compared as text; equality of numbers is asked with whole ones,
 * because 3 may be stored as 3.0; != is asked with a value in the other letter
 * case, which loses rows where letter case is ignored.
 *
 *-------------------------------------------------------------------------
 */
#include "probe.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/* Values of a short list, and of a long one */
#define SHORT_LIST	10
#define LONG_LIST	100

/*
 * Which rows of the sample satisfy all of the tests: an array, palloc'd.
 */
bool *
probe_matches(Probe *probe, List *tests)
{
	bool	   *matches = palloc(sizeof(bool) * Max(probe->nrows, 1));

	for (int row = 0; row < probe->nrows; row++)
	{
		ListCell   *lc;

		matches[row] = true;
		ExecStoreMinimalTuple(probe->rows[row], probe->sample_slot, false);
		probe->econtext->ecxt_scantuple = probe->sample_slot;
		foreach(lc, tests)
			matches[row] = matches[row] &&
				ExecQual(((ProbeTest *) lfirst(lc))->state, probe->econtext);
		ResetExprContext(probe->econtext);
	}
	return matches;
}

/* ---- making tests ---- */

/*
 * All operators that may be sent for a kind of field.
 */
int
probe_operators_of_kind(FilterKind kind)
{
	int			operators = 0;

	for (int i = 0; i < filter_rule_count; i++)
	{
		if (filter_rules[i].kind == kind)
			operators |= filter_rules[i].sent[0].operator | filter_rules[i].sent[1].operator;
	}
	return operators ? operators | FILTER_AND | FILTER_OR : 0;
}

/*
 * The comparison by which an operator is tested.  Dates and datetimes have two
 * for each bound, of which the one that includes it is the harder one.
 */
static SqlComparison
comparison_for(FilterKind kind, int operator)
{
	switch (operator)
	{
		case FILTER_EQ:
			return SQL_EQ;
		case FILTER_IN:
			return SQL_ANY;
		case FILTER_NE:
			return SQL_NE;
		case FILTER_NOT_IN:
			return SQL_ALL;
		case FILTER_LT:
			return kind == KIND_DATE ? SQL_LE : SQL_LT;
		case FILTER_LE:
			return SQL_LE;
		case FILTER_GT:
			return kind == KIND_DATE || kind == KIND_DATETIME || kind == KIND_INSTANT
				? SQL_GE : SQL_GT;
		case FILTER_GE:
			return SQL_GE;
		default:
			return SQL_LIKE;
	}
}

/*
 * A test of an operator with these values, of the column's type: the condition
 * takes the same way as one of a query.  NULL if it would not be sent.
 */
static ProbeTest *
make_test(Probe *probe, ProbeColumn *column, int operator, Datum *values, int nvalues)
{
	static const char *const names[] = {"=", "=", "<>", "<>", "<", "<=", ">", ">=", "~~"};
	SqlComparison sql = comparison_for(column->kind, operator);
	Oid			type = probe_operand_type(column);
	Oid			collation = probe_operand_collation(column);
	Form_pg_attribute attribute = column->attribute;
	ProbeTest  *test;
	FilterExpr *filter;
	Expr	   *left;
	Expr	   *clause;
	Oid			opno;
	int16		length;
	bool		by_value;
	char		alignment;

	left = (Expr *) makeVar(probe->baserel->relid, column->attnum, attribute->atttypid,
							attribute->atttypmod, attribute->attcollation, 0);
	if (type != attribute->atttypid)
		left = (Expr *) makeRelabelType(left, type, -1, collation, COERCE_IMPLICIT_CAST);
	opno = OpernameGetOprid(list_make2(makeString("pg_catalog"),
									   makeString(unconstify(char *, names[sql]))), type, type);
	get_typlenbyvalalign(type, &length, &by_value, &alignment);
	if (sql == SQL_ANY || sql == SQL_ALL)
	{
		ScalarArrayOpExpr *op = makeNode(ScalarArrayOpExpr);
		ArrayType  *array = construct_array(values, nvalues, type, length, by_value, alignment);

		op->opno = opno;
		op->useOr = sql == SQL_ANY;
		op->inputcollid = collation;
		op->args = list_make2(left, makeConst(get_array_type(type), -1, collation, -1,
											  PointerGetDatum(array), false, false));
		clause = (Expr *) op;
	}
	else
		clause = make_opclause(opno, BOOLOID, false, left,
							   (Expr *) makeConst(type, -1, collation, length, values[0],
												  false, by_value),
							   InvalidOid, collation);
	fix_opfuncids((Node *) clause);

	test = palloc0(sizeof(ProbeTest));
	probe->table->columns[column->attnum - 1].filter_operators = operator;
	filter = filter_from_clause(NULL, probe->baserel, probe->table, clause);
	if (filter == NULL ||
		filter_bind_constants(probe->table, filter, &test->conditions) != FILTER_SEND ||
		list_length(test->conditions) != 1)
		return NULL;
	test->column = column;
	test->operator = operator;
	test->clause = clause;
	test->state = ExecInitQual(list_make1(clause), NULL);
	test->matches = probe_matches(probe, list_make1(test));
	return test;
}

static ProbeTest *
make_text_test(Probe *probe, ProbeColumn *column, int operator, const char *text)
{
	Datum		value = CStringGetTextDatum(text);

	return make_test(probe, column, operator, &value, 1);
}

/* ---- tests ---- */

/*
 * A test of an operator that this row satisfies, and few others.  NULL if
 * there is none.
 */
ProbeTest *
probe_satisfied(Probe *probe, ProbeColumn *column, int operator, int row)
{
	SqlComparison sql = comparison_for(column->kind, operator);
	Datum		value;
	Datum		nearest = 0;
	bool		found = false;

	if (column->texts[row] == NULL)
		return NULL;
	value = probe_row_value(probe, column, row);

	switch (sql)
	{
		case SQL_LIKE:
			{
				char	   *text = probe_row_string(probe, column, row);

				return make_text_test(probe, column, operator,
									  operator == FILTER_SUBSTRING ? psprintf("%%%s%%", text)
									  : probe_pattern(text, false));
			}
		case SQL_LT:
		case SQL_GT:
		case SQL_NE:
		case SQL_ALL:

			/* another value: the nearest one, on the right side */
			for (int other = 0; other < probe->nrows; other++)
			{
				Datum		candidate;
				int			order;

				if (column->texts[other] == NULL)
					continue;
				candidate = probe_row_value(probe, column, other);
				order = probe_compare(column, candidate, value);
				if (order == 0 || (sql == SQL_LT && order < 0) || (sql == SQL_GT && order > 0))
					continue;
				if (found && sql == SQL_LT && probe_compare(column, candidate, nearest) > 0)
					continue;
				if (found && sql == SQL_GT && probe_compare(column, candidate, nearest) < 0)
					continue;
				nearest = candidate;
				found = true;
			}
			return found ? make_test(probe, column, operator, &nearest, 1) : NULL;

		default:
			return make_test(probe, column, operator, &value, 1);
	}
}

/*
 * A test of equality that no row satisfies.
 */
ProbeTest *
probe_absent(Probe *probe, ProbeColumn *column)
{
	for (int attempt = 0; attempt < 10; attempt++)
	{
		ProbeTest  *test;
		Datum		value;
		bool		absent = true;

		if (column->kind == KIND_TEXT)
			value = CStringGetTextDatum(psprintf("no such value %d", attempt));
		else
			value = column->attribute->atttypid == INT8OID ? Int64GetDatum(31415926 + attempt)
				: column->attribute->atttypid == INT4OID ? Int32GetDatum(31415926 + attempt)
				: Int16GetDatum(31415 + attempt);
		test = make_test(probe, column, FILTER_EQ, &value, 1);
		for (int i = 0; test && i < probe->nrows; i++)
			absent &= !test->matches[i];
		if (test && absent)
			return test;
	}
	return NULL;
}

/*
 * A test with a bound on an integer column.
 */
ProbeTest *
probe_beyond(Probe *probe, ProbeColumn *column, int operator, int64 bound)
{
	Oid			type = column->attribute->atttypid;
	Datum		value = type == INT8OID ? Int64GetDatum(bound)
		: type == INT4OID ? Int32GetDatum((int32) bound) : Int16GetDatum((int16) bound);

	return make_test(probe, column, operator, &value, 1);
}

/*
 * A list of values that the column has in rows spread over the sample, the
 * same rows for all columns.  It has more than one value if the column has,
 * leaves one out if that has more than two, and has numbers of all forms.
 */
static ProbeTest *
list_of_rows(Probe *probe, ProbeColumn *column, int operator)
{
	Datum		values[SHORT_LIST + NUMBER_DIGITS + 2];
	int			count = 0;
	int			nall;
	Datum	   *all = probe_ordered_values(probe, column, NULL, &nall);
	Datum		left_out;
	ProbeTest  *test;
	int			kept = 0;

	if (nall == 0)
		return NULL;
	for (int i = 0; i < Min(SHORT_LIST, probe->nrows); i++)
	{
		int			row = (int) ((int64) i * probe->nrows / SHORT_LIST);

		if (column->texts[row])
			values[count++] = probe_row_value(probe, column, row);
	}
	for (ProbeNumberForm form = 0; column->kind == KIND_NUMBER && form < NUMBER_DIGITS; form++)
	{
		int			row = probe_row_of_form(probe, column, form);

		if (row >= 0)
			values[count++] = probe_row_value(probe, column, row);
	}
	values[count++] = all[0];
	if (nall > 1)
		values[count++] = all[1];

	left_out = all[nall - 1];
	for (int i = 0; i < count; i++)
	{
		if (nall <= 2 || nall > SHORT_LIST ||
			probe_compare(column, values[i], left_out) != 0)
			values[kept++] = values[i];
	}
	test = make_test(probe, column, operator, values, kept);
	if (test == NULL)
		return NULL;
	test->alone = column->kind == KIND_NUMBER;

	/* what is not the first value matters: some know only that one */
	if (nall > 1)
		test->edge = palloc0(sizeof(bool) * probe->nrows);
	for (int row = 0; nall > 1 && row < probe->nrows; row++)
	{
		if (test->matches[row])
		{
			Datum		value = probe_row_value(probe, column, row);

			test->edge[row] = probe_compare(column, value, values[0]) != 0;
		}
	}
	return test;
}

/*
 * A list of different values of the column, spread over their order.
 */
static ProbeTest *
list_test(Probe *probe, ProbeColumn *column, int operator, int length)
{
	int			count;
	Datum	   *values = probe_ordered_values(probe, column, NULL, &count);
	Datum	   *chosen = palloc(sizeof(Datum) * length);
	int			nchosen = Min(length, Max(count - 1, 1));	/* some are left out */

	if (count == 0)
		return NULL;
	for (int i = 0; i < nchosen; i++)
		chosen[i] = values[(int) ((int64) i * count / nchosen)];
	return make_test(probe, column, operator, chosen, nchosen);
}

/*
 * A bound next to the end of the column's values, and which rows are on it.
 * The values are those of the rows in "among", if there are enough.
 */
static ProbeTest *
bound_test(Probe *probe, ProbeColumn *column, int operator, const bool *among)
{
	SqlComparison sql = comparison_for(column->kind, operator);
	ProbeTest  *test = NULL;
	int			count;
	Datum	   *values = probe_ordered_values(probe, column, among, &count);
	Datum		bound = 0;
	char	   *text;

	if (count < 2)
		values = probe_ordered_values(probe, column, NULL, &count);
	if (count < 2)
		return NULL;

	/* the first from the end that may be sent, and leaves something out */
	for (int i = 0; i < count - 1 && test == NULL; i++)
	{
		bound = sql == SQL_GE ? values[1 + i] : sql == SQL_GT ? values[i] :
			sql == SQL_LE ? values[count - 2 - i] : values[count - 1 - i];
		if (probe_is_widened(column, sql == SQL_GE || sql == SQL_GT ? values[0] : bound,
					   sql == SQL_GE || sql == SQL_GT ? bound : values[count - 1]))
			continue;
		test = make_test(probe, column, operator, &bound, 1);
	}
	if (test == NULL || sql == SQL_LT || sql == SQL_GT ||
		filter_value(column->kind, column->attribute->atttypid, bound, PLACE_AT, &text) != VALUE_EXACT)
		return test;
	test->edge = palloc0(sizeof(bool) * probe->nrows);
	for (int row = 0; row < probe->nrows; row++)
		test->edge[row] = column->texts[row] && strcmp(column->texts[row], text) == 0;
	return test;
}

/*
 * A test with the value of the first row, from this one on, that can be
 * changed so.  What matters are the rows that the change makes equal to it.
 */
static ProbeTest *
changed_test(Probe *probe, ProbeColumn *column, int operator, int from,
			 char *(*change) (const char *))
{
	char	   *text = probe_changed_text(probe, column, from, change);
	ProbeTest  *test = text ? make_text_test(probe, column, operator, text) : NULL;

	if (test == NULL)
		return NULL;
	test->edge = palloc0(sizeof(bool) * probe->nrows);
	for (int row = 0; row < probe->nrows; row++)
	{
		char	   *changed = probe_change_of_row(probe, column, row, change);

		test->edge[row] = changed && test->matches[row] && strcmp(changed, text) == 0;
	}
	return test;
}

/*
 * != and NOT IN: with values of rows, of text also in the other letter case,
 * without accents and without blanks at the end.
 */
static ProbeTest *
unequal_test(Probe *probe, ProbeColumn *column, int operator, int variant)
{
	int			row = probe_pivot_for(probe, column, 0);

	switch (variant)
	{
		case 0:
			return operator == FILTER_NOT_IN && column->kind != KIND_TEXT
				? list_test(probe, column, operator, 2)
				: probe_satisfied(probe, column, operator, row);
		case 1:
		case 2:
		case 3:
			if (column->kind != KIND_TEXT)
				return NULL;
			return changed_test(probe, column, operator, row, variant == 1 ? probe_swap_case :
								variant == 2 ? probe_without_accents : probe_without_blanks);
		default:
			return NULL;
	}
}

/*
 * A bound that shows whether the other side has our order of texts or numbers.
 */
static ProbeTest *
order_test(Probe *probe, ProbeColumn *column, int operator)
{
	char	   *text = probe_order_bound(probe, column, operator);
	ProbeTest  *test;
	Oid			input;
	Oid			typioparam;
	Datum		value;

	if (text == NULL)
		return NULL;
	getTypeInputInfo(probe_operand_type(column), &input, &typioparam);
	value = OidInputFunctionCall(input, text, typioparam, -1);
	test = make_test(probe, column, operator, &value, 1);
	if (test == NULL)
		return NULL;

	/* the rows that the other order puts on the other side */
	test->edge = palloc0(sizeof(bool) * probe->nrows);
	for (int row = 0; row < probe->nrows; row++)
	{
		const char *other = column->texts[row];
		int			order;

		if (other == NULL)
			continue;
		order = column->kind == KIND_TEXT ? pg_strcasecmp(other, text) : strcmp(other, text);
		test->edge[row] = test->matches[row] &&
			((operator & (FILTER_GT | FILTER_GE)) ? order < 0 : order > 0);
	}
	return test;
}

static ProbeTest *
variant_of_test(Probe *probe, ProbeColumn *column, int operator, int variant,
				const bool *among)
{
	int			row = probe_pivot_for(probe, column, variant);
	bool		pattern = (operator & (FILTER_SUBSTRING | FILTER_LIKE)) != 0;
	char	   *text;

	if (row < 0 && !pattern)
		return NULL;
	switch (operator)
	{
		case FILTER_EQ:
			if (variant < 3)
				return probe_satisfied(probe, column, operator, row);
			if (variant == 6 && column->kind == KIND_NUMBER)
			{
				row = probe_row_of_form(probe, column, NUMBER_WHOLE);
				return row >= 0 ? probe_satisfied(probe, column, operator, row) : NULL;
			}
			if (variant > 5 || column->kind != KIND_TEXT)
				return NULL;
			text = probe_changed_text(probe, column, row, variant == 3 ? probe_swap_case :
								variant == 4 ? probe_without_accents : probe_without_blanks);
			return text ? make_text_test(probe, column, operator, text) : NULL;

		case FILTER_IN:
			if (variant == 0)
				return list_of_rows(probe, column, operator);
			if (variant == 1)
				return probe_satisfied(probe, column, operator, row);
			text = variant == 2 && column->kind == KIND_TEXT
				? probe_changed_text(probe, column, row, probe_swap_case) : NULL;
			return text ? make_text_test(probe, column, operator, text) : NULL;

		case FILTER_NE:
		case FILTER_NOT_IN:
			return unequal_test(probe, column, operator, variant);

		case FILTER_SUBSTRING:
		case FILTER_LIKE:
			if (row < 0)
				text = variant < 2 ? probe_safe_part(probe, column, variant) : NULL;
			else
				text = variant == 2 ? probe_changed_text(probe, column, row, probe_swap_case)
					: probe_row_string(probe, column, row);
			if (variant > 2 || text == NULL)
				return NULL;
			if (operator == FILTER_LIKE)
				text = probe_pattern(text, variant == 1);
			else
				text = psprintf("%s%%", variant == 1 ? probe_pattern(text, true) : psprintf("%%%s", text));
			return make_text_test(probe, column, operator, text);

		default:
			if (variant == 0)
				return bound_test(probe, column, operator, among);
			return variant == 1 ? order_test(probe, column, operator) : NULL;
	}
}

/*
 * The tests of one operator, at most one for each column.  They come in
 * PROBE_VARIANTS variants, counted from 0, of which any may be NIL.
 */
List *
probe_tests(Probe *probe, int operator, int variant)
{
	List	   *tests = NIL;
	bool	   *among = palloc(sizeof(bool) * Max(probe->nrows, 1));

	memset(among, true, probe->nrows);

	/* a list that is too long for some: once, with the column that has most values */
	if (variant == PROBE_LONG_LIST)
	{
		ProbeColumn *longest = NULL;
		int			most = MAX_FORM_ARRAY;
		ProbeTest  *test;

		if ((operator & (FILTER_IN | FILTER_NOT_IN)) == 0)
			return NIL;
		for (int i = 0; i < probe->ncolumns; i++)
		{
			int			count;

			if ((probe->columns[i].possible & operator) == 0 ||
				probe_why_no_test(probe, &probe->columns[i], operator))
				continue;
			(void) probe_ordered_values(probe, &probe->columns[i], NULL, &count);
			if (count > most)
			{
				most = count;
				longest = &probe->columns[i];
			}
		}
		test = longest ? list_test(probe, longest, operator, LONG_LIST) : NULL;
		return test ? list_make1(test) : NIL;
	}

	for (int i = 0; i < probe->ncolumns; i++)
	{
		ProbeColumn *column = &probe->columns[i];
		ProbeTest  *test = NULL;

		if (column->possible & operator)
			test = variant_of_test(probe, column, operator, variant, among);
		if (test == NULL)
			continue;
		tests = lappend(tests, test);

		/* bounds are chosen so that all together leave most rows */
		for (int row = 0; row < probe->nrows; row++)
			among[row] &= test->matches[row];
	}
	return tests;
}

/*
 * Has the column more than one value that may be sent?
 */
bool
probe_has_values(Probe *probe, const ProbeColumn *column)
{
	int			count;

	(void) probe_ordered_values(probe, column, NULL, &count);
	return count > 1;
}

/*
 * Why nothing can be said of an operator, or NULL; a constant.
 */
const char *
probe_why_no_test(Probe *probe, ProbeColumn *column, int operator)
{
	if (probe->nrows == 0)
		return "the table has no rows";
	if (probe_pivot_for(probe, column, 0) < 0)
		return (operator & (FILTER_SUBSTRING | FILTER_LIKE)) &&
			probe_safe_part(probe, column, 0) ? NULL : "it has no value that may be sent";

	/* then what is stored is not what is shown; a bound on dates is still right */
	if (column->unequal && (operator & ~(FILTER_EQ | FILTER_IN)) &&
		!((operator & FILTER_RANGES) &&
		  (column->kind == KIND_DATE || column->kind == KIND_DATETIME || column->kind == KIND_INSTANT)))
		return "equality loses rows of it";

	if (column->kind == KIND_NUMBER && (operator & (FILTER_EQ | FILTER_IN)) &&
		probe_row_of_form(probe, column, NUMBER_WHOLE) < 0)
		return "it has no whole number";
	if ((operator & (FILTER_RANGES | FILTER_NE | FILTER_NOT_IN)) && !probe_has_values(probe, column))
		return "it has one value only";
	if (column->kind == KIND_TEXT)
	{
		if ((operator & (FILTER_NE | FILTER_NOT_IN)) &&
			probe_changed_text(probe, column, 0, probe_swap_case) == NULL)
			return "it has no letters to tell their case by";
		if ((operator & FILTER_RANGES) && probe_order_bound(probe, column, operator) == NULL)
			return "it has no letters to tell their case by";
	}
	if ((column->kind == KIND_INT || column->kind == KIND_NUMBER) &&
		(operator & FILTER_RANGES) && probe_order_bound(probe, column, operator) == NULL)
		return "it has no numbers of several digits";
	return NULL;
}
