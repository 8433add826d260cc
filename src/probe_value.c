/*-------------------------------------------------------------------------
 *
 * probe_value.c
 *	  The values of a sample, and others that tell more: bounds that show
 *	  another order, texts that are equal to some but not to others.
 *
 *-------------------------------------------------------------------------
 */
#include "probe.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/unicode_norm.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

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

Datum
probe_row_value(Probe *probe, const ProbeColumn *column, int row)
{
	bool		isnull;

	return probe_value(probe, column, row, &isnull);
}

char *
probe_row_string(Probe *probe, const ProbeColumn *column, int row)
{
	return TextDatumGetCString(probe_row_value(probe, column, row));
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
int
probe_pivot_for(Probe *probe, const ProbeColumn *column, int number)
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

/* ---- order ---- */

/* The type whose operators are used */
Oid
probe_operand_type(const ProbeColumn *column)
{
	return column->attribute->atttypid == VARCHAROID ? TEXTOID : column->attribute->atttypid;
}

/* Whatever the column's collation is, bytes are what can be compared there */
Oid
probe_operand_collation(const ProbeColumn *column)
{
	return column->kind == KIND_TEXT ? C_COLLATION_OID : InvalidOid;
}

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
 * Compare two values of a column.
 */
int
probe_compare(const ProbeColumn *column, Datum a, Datum b)
{
	TypeCacheEntry *type = lookup_type_cache(probe_operand_type(column),
											 TYPECACHE_CMP_PROC_FINFO);
	SortContext context = {&type->cmp_proc_finfo, probe_operand_collation(column)};

	return compare_datums(&a, &b, &context);
}

/*
 * The values of a column that can be sent, each once, in their order; palloc'd.
 * Only of the rows in "among", unless that is NULL.
 */
Datum *
probe_ordered_values(Probe *probe, const ProbeColumn *column, const bool *among, int *count)
{
	TypeCacheEntry *type = lookup_type_cache(probe_operand_type(column), TYPECACHE_CMP_PROC_FINFO);
	SortContext context = {&type->cmp_proc_finfo, probe_operand_collation(column)};
	Datum	   *values = palloc(sizeof(Datum) * Max(probe->nrows, 1));
	int			kept = 0;

	*count = 0;
	for (int row = 0; row < probe->nrows; row++)
	{
		if (column->texts[row] && (among == NULL || among[row]))
			values[(*count)++] = probe_row_value(probe, column, row);
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

/*
 * Are these moments so close to each other that a bound at one of them, as it is
 * sent, may include the other one?
 */
bool
probe_is_widened(const ProbeColumn *column, Datum low, Datum high)
{
	int64		distance;

	if (column->kind != KIND_DATETIME && column->kind != KIND_INSTANT)
		return false;
	if (TIMESTAMP_NOT_FINITE(DatumGetTimestamp(low)) || TIMESTAMP_NOT_FINITE(DatumGetTimestamp(high)))
		return false;
	distance = DatumGetTimestamp(high) - DatumGetTimestamp(low);
	return distance <= (column->kind == KIND_INSTANT ? 4 * USECS_PER_DAY : 2 * USECS_PER_SEC);
}

/* ---- text ---- */

/*
 * The text with its ASCII letters in the other case, palloc'd; NULL if it has
 * none.
 */
char *
probe_swap_case(const char *text)
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
char *
probe_without_accents(const char *text)
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
		text = probe_row_string(probe, column, row);
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

char *
probe_order_bound(Probe *probe, const ProbeColumn *column, int operator)
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
char *
probe_pattern(const char *text, bool end)
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
char *
probe_without_blanks(const char *text)
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
char *
probe_change_of_row(Probe *probe, const ProbeColumn *column, int row, char *(*change) (const char *))
{
	bool		isnull;
	Datum		value = probe_value(probe, column, row, &isnull);

	return isnull ? NULL : change(TextDatumGetCString(value));
}

/*
 * The value of the first row, from this one on, to which a change can be made
 * and which can be sent then; changed, palloc'd.  NULL if there is none.
 */
char *
probe_changed_text(Probe *probe, const ProbeColumn *column, int from, char *(*change) (const char *))
{
	for (int i = 0; i < probe->nrows; i++)
	{
		int			row = (from + i) % probe->nrows;
		char	   *changed = probe_change_of_row(probe, column, row, change);
		char	   *sent;

		if (changed && filter_value(KIND_TEXT, TEXTOID, CStringGetTextDatum(changed), PLACE_AT,
								 &sent) == VALUE_EXACT)
			return changed;
	}
	return NULL;
}

/*
 * The part of a text that can be sent in a pattern, of the value with this
 * place among those that have one; palloc'd.  NULL if there is none.
 */
char *
probe_safe_part(Probe *probe, const ProbeColumn *column, int number)
{
	for (int row = 0; column->kind == KIND_TEXT && row < probe->nrows; row++)
	{
		StringInfoData pattern;
		bool		isnull;
		Datum		value = probe_value(probe, column, row, &isnull);
		FilterValueVerdict verdict;
		char	   *part;

		if (isnull)
			continue;
		initStringInfo(&pattern);
		appendStringInfoChar(&pattern, '%');
		for (const char *p = TextDatumGetCString(value); *p; p++)
		{
			if (*p == '\\')
				appendStringInfoChar(&pattern, '\\');
			appendStringInfoChar(&pattern, *p);
		}
		appendStringInfoChar(&pattern, '%');
		verdict = filter_value(KIND_TEXT, TEXTOID, CStringGetTextDatum(pattern.data),
							   PLACE_FRAGMENT, &part);
		if ((verdict == VALUE_EXACT || verdict == VALUE_WIDE) && strlen(part) > 2 &&
			number-- <= 0)
			return pg_any_to_server(part, strlen(part), PG_UTF8);
	}
	return NULL;
}

/* ---- numbers ---- */

static ProbeNumberForm
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
int
probe_row_of_form(Probe *probe, const ProbeColumn *column, ProbeNumberForm form)
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
