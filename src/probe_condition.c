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

#include <ctype.h>

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/unicode_norm.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* Values of a short list, and of a long one */
#define SHORT_LIST	10
#define LONG_LIST	100

/* ---- rows and values ---- */

/*
 * A value of the sample.  It lives as long as the sample does.
 */
Datum
probe_value(Probe *probe, const ProbeColumn *column, int row, bool *isnull)
{
	ExecStoreMinimalTuple(probe->rows[row], probe->sample_slot, false);
	return slot_getattr(probe->sample_slot, column->attnum, isnull);
}

static Datum
value_of_row(Probe *probe, const ProbeColumn *column, int row)
{
	bool		isnull;

	return probe_value(probe, column, row, &isnull);
}

static char *
string_of_row(Probe *probe, const ProbeColumn *column, int row)
{
	return TextDatumGetCString(value_of_row(probe, column, row));
}

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

/*
 * The row with this place among those that are best to make conditions from:
 * with the most values that can be sent, and the longest.  -1 if there is none.
 */
int
probe_pivot(Probe *probe, int number)
{
	Bitmapset  *chosen = NULL;
	int			best = -1;

	for (int i = 0; i <= number; i++)
	{
		int64		best_score = 0;

		best = -1;
		for (int row = 0; row < probe->nrows; row++)
		{
			int64		score = 0;

			for (int j = 0; j < probe->ncolumns; j++)
			{
				const char *text = probe->columns[j].texts[row];

				if (text)
					score += 1000 + Min(strlen(text), 30);
			}
			if (score > best_score && !bms_is_member(row, chosen))
			{
				best = row;
				best_score = score;
			}
		}
		if (best < 0)
			return -1;
		chosen = bms_add_member(chosen, best);
	}
	return best;
}

/*
 * The row of that pivot if its value can be sent, else another one that can
 * be; -1 if there is none.
 */
static int
pivot_for(Probe *probe, const ProbeColumn *column, int number)
{
	int			row = probe_pivot(probe, number);

	if (row >= 0 && column->texts[row])
		return row;
	for (row = probe->nrows - 1; row >= 0; row--)
	{
		if (column->texts[row] && number-- <= 0)
			return row;
	}
	return -1;
}

/* ---- making tests ---- */

/* The type whose operators are used */
static Oid
operand_type(const ProbeColumn *column)
{
	return column->attribute->atttypid == VARCHAROID ? TEXTOID : column->attribute->atttypid;
}

/* Whatever the column's collation is, bytes are what can be compared there */
static Oid
operand_collation(const ProbeColumn *column)
{
	return column->kind == KIND_TEXT ? C_COLLATION_OID : InvalidOid;
}

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
	Oid			type = operand_type(column);
	Oid			collation = operand_collation(column);
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

/* ---- order ---- */

typedef struct SortContext
{
	FmgrInfo   *compare;
	Oid			collation;
} SortContext;

static int
compare_datums(const void *a, const void *b, void *arg)
{
	SortContext *context = arg;

	return DatumGetInt32(FunctionCall2Coll(context->compare, context->collation,
										   *(const Datum *) a, *(const Datum *) b));
}

/*
 * The values of a column that can be sent, each once, in their order; palloc'd.
 * Only of the rows in "among", unless that is NULL.
 */
static Datum *
ordered_values(Probe *probe, const ProbeColumn *column, const bool *among, int *count)
{
	TypeCacheEntry *type = lookup_type_cache(operand_type(column), TYPECACHE_CMP_PROC_FINFO);
	SortContext context = {&type->cmp_proc_finfo, operand_collation(column)};
	Datum	   *values = palloc(sizeof(Datum) * Max(probe->nrows, 1));
	int			kept = 0;

	*count = 0;
	for (int row = 0; row < probe->nrows; row++)
	{
		if (column->texts[row] && (among == NULL || among[row]))
			values[(*count)++] = value_of_row(probe, column, row);
	}
	qsort_arg(values, *count, sizeof(Datum), compare_datums, &context);
	for (int i = 0; i < *count; i++)
	{
		if (kept == 0 || compare_datums(&values[kept - 1], &values[i], &context) != 0)
			values[kept++] = values[i];
	}
	*count = kept;
	return values;
}

/* ---- text ---- */

/*
 * The text with its ASCII letters in the other case, palloc'd; NULL if it has
 * none.
 */
static char *
swap_case(const char *text)
{
	char	   *result = pstrdup(text);
	bool		letters = false;

	for (char *p = result; *p; p++)
	{
		if (*p >= 'a' && *p <= 'z')
			*p -= 'a' - 'A';
		else if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
		else
			continue;
		letters = true;
	}
	return letters ? result : NULL;
}

/*
 * The text without its accents, palloc'd; NULL if it has none, or the
 * database's encoding does not tell.
 */
static char *
without_accents(const char *text)
{
	StringInfoData out;
	pg_wchar   *input;
	pg_wchar   *decomposed;
	bool		accents = false;

	if (GetDatabaseEncoding() != PG_UTF8)
		return NULL;
	input = palloc((strlen(text) + 1) * sizeof(pg_wchar));
	pg_mb2wchar(text, input);
	decomposed = unicode_normalize(UNICODE_NFD, input);
	initStringInfo(&out);
	for (; *decomposed; decomposed++)
	{
		unsigned char character[8] = {0};

		if (*decomposed >= 0x0300 && *decomposed <= 0x036F)
		{
			accents = true;
			continue;
		}
		unicode_to_utf8(*decomposed, character);
		appendStringInfoString(&out, (char *) character);
	}
	return accents ? out.data : NULL;
}

/*
 * A bound that puts a value of the column on the other side if letter case is
 * ignored: above all small letters of its place for a lower bound, else below
 * all capitals.  Of several, the one that most rows satisfy; NULL if the sample
 * has no such value.
 */
static char *
case_bound(Probe *probe, const ProbeColumn *column, bool lower)
{
	char	   *best = NULL;

	for (int row = 0; row < probe->nrows; row++)
	{
		char	   *text;

		if (column->texts[row] == NULL)
			continue;
		text = string_of_row(probe, column, row);
		for (char *p = text; *p && (unsigned char) *p < 0x80; p++)
		{
			char	   *bound;

			if (lower ? *p < 'a' || *p >= 'z' : *p <= 'A' || *p > 'Z')
				continue;
			bound = psprintf("%.*s%c", (int) (p - text), text, lower ? 'Z' : 'a');
			if (best == NULL || (lower ? strcmp(bound, best) < 0 : strcmp(bound, best) > 0))
				best = bound;
		}
	}
	return best;
}

/*
 * A bound that puts a value of the column on the other side if numbers are
 * compared as texts: for a lower bound a digit above the first one of a longer
 * number, else a power of ten with more digits.  Of several, the one that most
 * rows satisfy; NULL if the sample has no such value.
 */
static char *
digits_bound(Probe *probe, const ProbeColumn *column, bool lower)
{
	char	   *best = NULL;

	for (int row = 0; row < probe->nrows; row++)
	{
		const char *text = column->texts[row];
		size_t		digits = text ? strspn(text, "0123456789") : 0;
		char	   *bound;

		if (digits == 0 || digits > 9)
			continue;
		bound = lower ? psprintf("%c", text[0] + 1) : psprintf("1%0*d", (int) digits, 0);
		if (!(lower ? digits > 1 && text[0] != '0' && text[0] < '9' : strcmp(text, bound) > 0))
			continue;
		if (best == NULL || (lower ? bound[0] < best[0] : strlen(bound) > strlen(best)))
			best = bound;
	}
	return best;
}

static char *
order_bound(Probe *probe, const ProbeColumn *column, int operator)
{
	bool		lower = (operator & (FILTER_GT | FILTER_GE)) != 0;

	switch (column->kind)
	{
		case KIND_TEXT:
			return case_bound(probe, column, lower);
		case KIND_INT:
		case KIND_NUMBER:
			return digits_bound(probe, column, lower);
		default:
			return NULL;
	}
}

/*
 * A pattern that the text matches: its first and its last character, or its
 * end.
 */
static char *
pattern_for(const char *text, bool end)
{
	int			first = pg_mblen(text);
	const char *last = text;

	for (const char *p = text; *p; p += pg_mblen(p))
		last = p;
	if (end || last < text + first)
		return psprintf("%%%s", *(text + first) && text[first] != ' ' ? text + first : text);
	return psprintf("%.*s%%%s", first, text, last);
}

/*
 * The text without blanks at its end, palloc'd; NULL if it has none.
 */
static char *
without_blanks(const char *text)
{
	size_t		length = strlen(text);

	if (length == 0 || text[length - 1] != ' ')
		return NULL;
	while (length > 0 && text[length - 1] == ' ')
		length--;
	return pnstrdup(text, length);
}

/*
 * The change made to the value of a row, palloc'd; NULL if it cannot be.
 */
static char *
change_of_row(Probe *probe, const ProbeColumn *column, int row, char *(*change) (const char *))
{
	bool		isnull;
	Datum		value = probe_value(probe, column, row, &isnull);

	return isnull ? NULL : change(TextDatumGetCString(value));
}

/*
 * The value of the first row, from this one on, to which a change can be made
 * and which can be sent then; changed, palloc'd.  NULL if there is none.
 */
static char *
changed_text(Probe *probe, const ProbeColumn *column, int from, char *(*change) (const char *))
{
	for (int i = 0; i < probe->nrows; i++)
	{
		int			row = (from + i) % probe->nrows;
		char	   *changed = change_of_row(probe, column, row, change);
		char	   *sent;

		if (changed && filter_value(KIND_TEXT, TEXTOID, CStringGetTextDatum(changed), PLACE_AT,
								 &sent) == VALUE_EXACT)
			return changed;
	}
	return NULL;
}

/* ---- numbers ---- */

/* How a number is written: as text, some would be others */
typedef enum NumberForm
{
	NUMBER_WHOLE,
	NUMBER_ONE_DIGIT,			/* behind the point */
	NUMBER_EXPONENT,
	NUMBER_DIGITS
} NumberForm;

static NumberForm
number_form(const char *text)
{
	const char *point = strchr(text, '.');

	if (strchr(text, 'e'))
		return NUMBER_EXPONENT;
	if (point == NULL)
		return NUMBER_WHOLE;
	return point[2] == '\0' ? NUMBER_ONE_DIGIT : NUMBER_DIGITS;
}

/*
 * The last row with a number that is written so, other than 0 if possible; -1 if
 * there is none.
 */
static int
row_of_form(Probe *probe, const ProbeColumn *column, NumberForm form)
{
	int			found = -1;

	for (int row = probe->nrows - 1; row >= 0; row--)
	{
		const char *text = column->texts[row];

		if (text == NULL || number_form(text) != form)
			continue;
		if (strcmp(text, "0") != 0)
			return row;
		found = row;
	}
	return found;
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
	TypeCacheEntry *type;
	SortContext context;
	Datum		value;
	Datum		nearest = 0;
	bool		found = false;

	if (column->texts[row] == NULL)
		return NULL;
	value = value_of_row(probe, column, row);

	switch (sql)
	{
		case SQL_LIKE:
			{
				char	   *text = string_of_row(probe, column, row);

				return make_text_test(probe, column, operator,
									  operator == FILTER_SUBSTRING ? psprintf("%%%s%%", text)
									  : pattern_for(text, false));
			}
		case SQL_LT:
		case SQL_GT:
		case SQL_NE:
		case SQL_ALL:

			/* another value: the nearest one, on the right side */
			type = lookup_type_cache(operand_type(column), TYPECACHE_CMP_PROC_FINFO);
			context.compare = &type->cmp_proc_finfo;
			context.collation = operand_collation(column);
			for (int other = 0; other < probe->nrows; other++)
			{
				Datum		candidate;
				int			order;

				if (column->texts[other] == NULL)
					continue;
				candidate = value_of_row(probe, column, other);
				order = compare_datums(&candidate, &value, &context);
				if (order == 0 || (sql == SQL_LT && order < 0) || (sql == SQL_GT && order > 0))
					continue;
				if (found && sql == SQL_LT && compare_datums(&candidate, &nearest, &context) > 0)
					continue;
				if (found && sql == SQL_GT && compare_datums(&candidate, &nearest, &context) < 0)
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
	TypeCacheEntry *type = lookup_type_cache(operand_type(column), TYPECACHE_CMP_PROC_FINFO);
	SortContext context = {&type->cmp_proc_finfo, operand_collation(column)};
	Datum		values[SHORT_LIST + NUMBER_DIGITS + 2];
	int			count = 0;
	int			nall;
	Datum	   *all = ordered_values(probe, column, NULL, &nall);
	Datum		left_out;
	ProbeTest  *test;
	int			kept = 0;

	if (nall == 0)
		return NULL;
	for (int i = 0; i < Min(SHORT_LIST, probe->nrows); i++)
	{
		int			row = (int) ((int64) i * probe->nrows / SHORT_LIST);

		if (column->texts[row])
			values[count++] = value_of_row(probe, column, row);
	}
	for (NumberForm form = 0; column->kind == KIND_NUMBER && form < NUMBER_DIGITS; form++)
	{
		int			row = row_of_form(probe, column, form);

		if (row >= 0)
			values[count++] = value_of_row(probe, column, row);
	}
	values[count++] = all[0];
	if (nall > 1)
		values[count++] = all[1];

	left_out = all[nall - 1];
	for (int i = 0; i < count; i++)
	{
		if (nall <= 2 || nall > SHORT_LIST ||
			compare_datums(&values[i], &left_out, &context) != 0)
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
			Datum		value = value_of_row(probe, column, row);

			test->edge[row] = compare_datums(&value, &values[0], &context) != 0;
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
	Datum	   *values = ordered_values(probe, column, NULL, &count);
	Datum	   *chosen = palloc(sizeof(Datum) * length);
	int			nchosen = Min(length, Max(count - 1, 1));	/* some are left out */

	if (count == 0)
		return NULL;
	for (int i = 0; i < nchosen; i++)
		chosen[i] = values[(int) ((int64) i * count / nchosen)];
	return make_test(probe, column, operator, chosen, nchosen);
}

/*
 * Are these moments so close to each other that a bound at one of them, as it is
 * sent, may include the other one?
 */
static bool
is_widened(const ProbeColumn *column, Datum low, Datum high)
{
	int64		distance;

	if (column->kind != KIND_DATETIME && column->kind != KIND_INSTANT)
		return false;
	if (TIMESTAMP_NOT_FINITE(DatumGetTimestamp(low)) || TIMESTAMP_NOT_FINITE(DatumGetTimestamp(high)))
		return false;
	distance = DatumGetTimestamp(high) - DatumGetTimestamp(low);
	return distance <= (column->kind == KIND_INSTANT ? 4 * USECS_PER_DAY : 2 * USECS_PER_SEC);
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
	Datum	   *values = ordered_values(probe, column, among, &count);
	Datum		bound = 0;
	char	   *text;

	if (count < 2)
		values = ordered_values(probe, column, NULL, &count);
	if (count < 2)
		return NULL;

	/* the first from the end that may be sent, and leaves something out */
	for (int i = 0; i < count - 1 && test == NULL; i++)
	{
		bound = sql == SQL_GE ? values[1 + i] : sql == SQL_GT ? values[i] :
			sql == SQL_LE ? values[count - 2 - i] : values[count - 1 - i];
		if (is_widened(column, sql == SQL_GE || sql == SQL_GT ? values[0] : bound,
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
	char	   *text = changed_text(probe, column, from, change);
	ProbeTest  *test = text ? make_text_test(probe, column, operator, text) : NULL;

	if (test == NULL)
		return NULL;
	test->edge = palloc0(sizeof(bool) * probe->nrows);
	for (int row = 0; row < probe->nrows; row++)
	{
		char	   *changed = change_of_row(probe, column, row, change);

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
	int			row = pivot_for(probe, column, 0);

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
			return changed_test(probe, column, operator, row, variant == 1 ? swap_case :
								variant == 2 ? without_accents : without_blanks);
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
	char	   *text = order_bound(probe, column, operator);
	ProbeTest  *test;
	Oid			input;
	Oid			typioparam;
	Datum		value;

	if (text == NULL)
		return NULL;
	getTypeInputInfo(operand_type(column), &input, &typioparam);
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
	int			row = pivot_for(probe, column, variant);
	char	   *text;

	if (row < 0)
		return NULL;
	switch (operator)
	{
		case FILTER_EQ:
			if (variant < 3)
				return probe_satisfied(probe, column, operator, row);
			if (variant == 6 && column->kind == KIND_NUMBER)
			{
				row = row_of_form(probe, column, NUMBER_WHOLE);
				return row >= 0 ? probe_satisfied(probe, column, operator, row) : NULL;
			}
			if (variant > 5 || column->kind != KIND_TEXT)
				return NULL;
			text = changed_text(probe, column, row, variant == 3 ? swap_case :
								variant == 4 ? without_accents : without_blanks);
			return text ? make_text_test(probe, column, operator, text) : NULL;

		case FILTER_IN:
			if (variant == 0)
				return list_of_rows(probe, column, operator);
			if (variant == 1)
				return probe_satisfied(probe, column, operator, row);
			text = variant == 2 && column->kind == KIND_TEXT
				? changed_text(probe, column, row, swap_case) : NULL;
			return text ? make_text_test(probe, column, operator, text) : NULL;

		case FILTER_NE:
		case FILTER_NOT_IN:
			return unequal_test(probe, column, operator, variant);

		case FILTER_SUBSTRING:
		case FILTER_LIKE:
			text = variant == 2 ? changed_text(probe, column, row, swap_case)
				: string_of_row(probe, column, row);
			if (variant > 2 || text == NULL)
				return NULL;
			if (operator == FILTER_LIKE)
				text = pattern_for(text, variant == 1);
			else
				text = psprintf("%s%%", variant == 1 ? pattern_for(text, true) : psprintf("%%%s", text));
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
			(void) ordered_values(probe, &probe->columns[i], NULL, &count);
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

	(void) ordered_values(probe, column, NULL, &count);
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
	if (pivot_for(probe, column, 0) < 0)
		return "it has no value that may be sent";

	/* then what is stored is not what is shown; a bound on dates is still right */
	if (column->unequal && (operator & ~(FILTER_EQ | FILTER_IN)) &&
		!((operator & FILTER_RANGES) &&
		  (column->kind == KIND_DATE || column->kind == KIND_DATETIME || column->kind == KIND_INSTANT)))
		return "equality loses rows of it";

	if (column->kind == KIND_NUMBER && (operator & (FILTER_EQ | FILTER_IN)) &&
		row_of_form(probe, column, NUMBER_WHOLE) < 0)
		return "it has no whole number";
	if ((operator & (FILTER_RANGES | FILTER_NE | FILTER_NOT_IN)) && !probe_has_values(probe, column))
		return "it has one value only";
	if (column->kind == KIND_TEXT)
	{
		if ((operator & (FILTER_NE | FILTER_NOT_IN)) &&
			changed_text(probe, column, 0, swap_case) == NULL)
			return "it has no letters to tell their case by";
		if ((operator & FILTER_RANGES) && order_bound(probe, column, operator) == NULL)
			return "it has no letters to tell their case by";
	}
	if ((column->kind == KIND_INT || column->kind == KIND_NUMBER) &&
		(operator & FILTER_RANGES) && order_bound(probe, column, operator) == NULL)
		return "it has no numbers of several digits";
	return NULL;
}
