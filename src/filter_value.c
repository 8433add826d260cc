/*-------------------------------------------------------------------------
 *
 * filter_value.c
 *	  The values of conditions, as they are sent.
 *
 * A value has one text: the canonical form of its kind.  Values that are
 * likely to be changed on their way, or to be stored otherwise than they are
 * shown, are not sent at all.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

/* Longer strings are cut by some */
#define MAX_STRING_LENGTH 255

/* Integers beyond this are not exact everywhere (JavaScript) */
#define MAX_SAFE_INTEGER ((INT64CONST(1) << 53) - 1)

/*
 * Decimal numbers with more digits are not sent: the other side may have
 * doubles, of which the nearest one can be that of a number below or above
 */
#define MAX_SAFE_DIGITS 15

/* Numbers with more characters than this are not sent */
#define MAX_NUMBER_LENGTH 40

/*
 * How far a moment may be off whose zone is not told in a filter: the zones
 * lie within 26 hours, and what compares texts may be wrong by a day's rest.
 */
#define ZONE_SLACK (2 * USECS_PER_DAY)

/*
 * The step at a place of a value, given those at or below and at or above it.
 */
static FilterValueVerdict
step_at(int64 below, int64 above, int64 step, FilterPlace place, int64 *result)
{
	switch (place)
	{
		case PLACE_AT:
			*result = below;
			return below == above ? VALUE_EXACT : VALUE_IMPOSSIBLE;
		case PLACE_FLOOR:
			*result = below;
			return VALUE_EXACT;
		case PLACE_CEIL:
			*result = above;
			return VALUE_EXACT;
		case PLACE_BEFORE:
			*result = above - step;
			return VALUE_EXACT;
		case PLACE_AFTER:
			*result = below + step;
			return VALUE_EXACT;
		default:
			return VALUE_UNFIT;
	}
}

/* ---- numbers ---- */

/*
 * The integer at the place of a number, if it may be sent.
 */
static FilterValueVerdict
integer_at(Oid type, Datum value, FilterPlace place, int64 *integer)
{
	FilterValueVerdict verdict;
	int64		floor_value;
	int64		ceil_value;

	*integer = 0;
	switch (type)
	{
		case INT2OID:
			floor_value = ceil_value = DatumGetInt16(value);
			break;
		case INT4OID:
			floor_value = ceil_value = DatumGetInt32(value);
			break;
		case INT8OID:
			floor_value = ceil_value = DatumGetInt64(value);
			break;
		case NUMERICOID:
		case FLOAT8OID:
			{
				double		number = type == FLOAT8OID ? DatumGetFloat8(value) :
					DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));

				if (!(fabs(number) < (double) MAX_SAFE_INTEGER))
					return VALUE_UNFIT;
				if (type == NUMERICOID)
				{
					floor_value = DatumGetInt64(DirectFunctionCall1(numeric_int8,
																	DirectFunctionCall1(numeric_floor, value)));
					ceil_value = DatumGetInt64(DirectFunctionCall1(numeric_int8,
																   DirectFunctionCall1(numeric_ceil, value)));
				}
				else
				{
					floor_value = (int64) floor(number);
					ceil_value = (int64) ceil(number);
				}
				break;
			}
		default:
			return VALUE_UNFIT;
	}

	/* now the steps below and above are no overflow either */
	if (floor_value < -MAX_SAFE_INTEGER || ceil_value > MAX_SAFE_INTEGER)
		return VALUE_UNFIT;
	verdict = step_at(floor_value, ceil_value, 1, place, integer);
	if (*integer < -MAX_SAFE_INTEGER || *integer > MAX_SAFE_INTEGER)
		return VALUE_UNFIT;
	return verdict;
}

/*
 * How many digits are there from the first to the last that is not 0?
 */
static int
significant_digits(const char *text)
{
	int			digits = 0;
	int			significant = 0;

	for (const char *p = text; *p; p++)
	{
		if (*p < '0' || *p > '9' || (digits == 0 && *p == '0'))
			continue;
		digits++;
		if (*p != '0')
			significant = digits;
	}
	return significant;
}

/*
 * A number's text: shortest digits for a double, no zeros at the end for a
 * numeric.  NULL for what is no number.
 */
static char *
number_text(Oid type, Datum value)
{
	char	   *text;

	if (type == FLOAT8OID)
	{
		double		number = DatumGetFloat8(value);

		if (isnan(number) || isinf(number))
			return NULL;
		text = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);
		double_to_shortest_decimal_buf(number == 0 ? 0.0 : number, text);
		return text;
	}
	if (type != NUMERICOID)
		return NULL;
	text = DatumGetCString(DirectFunctionCall1(numeric_out,
											   DirectFunctionCall1(numeric_trim_scale, value)));
	if (strspn(text, "-.0123456789") != strlen(text) || strlen(text) > MAX_NUMBER_LENGTH ||
		significant_digits(text) > MAX_SAFE_DIGITS)
		return NULL;
	return text;
}

/* ---- dates ---- */

/*
 * A moment as text, or its day only.  NULL outside of the years that have four
 * digits.
 */
static char *
moment_text(Timestamp moment, bool day_only)
{
	struct pg_tm tm;
	fsec_t		fsec;

	if (timestamp2tm(moment, NULL, &tm, &fsec, NULL, NULL) != 0 ||
		tm.tm_year < 1 || tm.tm_year > 9999)
		return NULL;
	if (day_only)
		return psprintf("%04d-%02d-%02d", tm.tm_year, tm.tm_mon, tm.tm_mday);
	return psprintf("%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year, tm.tm_mon, tm.tm_mday,
					tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static FilterValueVerdict
moment_value(FilterKind kind, Oid type, Datum value, FilterPlace place, char **text)
{
	FilterValueVerdict verdict;
	Timestamp	moment;
	int64		steps = 0;

	/* days that a timestamp cannot hold would have five digits anyway */
	if (type == DATEOID)
	{
		DateADT		date = DatumGetDateADT(value);

		if (DATE_NOT_FINITE(date) || date > 10000 * 366 || date < -10000 * 366)
			return VALUE_UNFIT;
		moment = date * USECS_PER_DAY;
	}
	else if (type == TIMESTAMPOID || type == TIMESTAMPTZOID)
	{
		moment = DatumGetTimestamp(value);
		if (TIMESTAMP_NOT_FINITE(moment) || moment > END_TIMESTAMP - 4 * USECS_PER_DAY ||
			moment < MIN_TIMESTAMP + 4 * USECS_PER_DAY)
			return VALUE_UNFIT;
	}
	else
		return VALUE_UNFIT;

	if (kind == KIND_INSTANT)
	{
		/* a timestamptz counts in UTC */
		verdict = place == PLACE_AT ? VALUE_EXACT : VALUE_WIDE;
		steps = moment + (place == PLACE_BEFORE ? -ZONE_SLACK :
						  place == PLACE_AFTER ? ZONE_SLACK : 0);
	}
	else if (place == PLACE_LAST || place == PLACE_NEXT)
	{
		/* of a day, which begins with this moment */
		verdict = VALUE_WIDE;
		steps = moment + USECS_PER_DAY - (place == PLACE_LAST ? USECS_PER_SEC : 0);
	}
	else
	{
		int64		step = kind == KIND_DATE ? USECS_PER_DAY : USECS_PER_SEC;
		int64		below = moment - (moment % step + step) % step;

		verdict = step_at(below, below == moment ? below : below + step, step, place, &steps);
	}

	/* a column of datetimes may have fractions of a second, one of dates no hours */
	if (kind == KIND_DATETIME || kind == KIND_DAY)
	{
		if (verdict == VALUE_IMPOSSIBLE)
			verdict = VALUE_UNFIT;
		else if (place != PLACE_AT)
			verdict = VALUE_WIDE;
	}
	if (verdict == VALUE_UNFIT || verdict == VALUE_IMPOSSIBLE)
		return verdict;
	*text = moment_text(steps, kind == KIND_DATE);
	return *text ? verdict : VALUE_UNFIT;
}

/* ---- text ---- */

/*
 * Is this character changed on its way or read as something else by many?
 * Control characters, markup and quotes are escaped or removed, wildcards
 * and backslashes are read as such.
 */
static bool
is_unsafe(char c)
{
	return (unsigned char) c < 0x20 || c == 0x7F || strchr("<>&\"'%_\\", c) != NULL;
}

/*
 * Can the text of a value be expected to arrive, and to be stored, as it is
 * shown?  Blanks at the ends are trimmed by many, and '' may be anything.  In
 * a database whose encoding does not tell what bytes mean, they must be valid
 * as what they are sent as.
 */
static bool
text_is_safe(const char *string)
{
	size_t		length = strlen(string);

	if (length == 0 || length > MAX_STRING_LENGTH || string[0] == ' ' || string[length - 1] == ' ')
		return false;
	if (GetDatabaseEncoding() == PG_SQL_ASCII &&
		!pg_verify_mbstr(PG_UTF8, string, length, true))
		return false;
	for (const char *p = string; *p; p++)
	{
		if (is_unsafe(*p))
			return false;
	}
	return true;
}

/*
 * Are these characters in the same order for whoever compares bytes, code
 * points or the units of UTF-16?
 */
static bool
is_ascii(const char *string)
{
	while (*string && (unsigned char) *string < 0x80)
		string++;
	return *string == '\0';
}

static FilterValueVerdict
text_at(char *string, FilterPlace place, char **text)
{
	/* a place says that order matters; AT serves equality too */
	if (!text_is_safe(string) || (place != PLACE_AT && !is_ascii(string)))
		return VALUE_UNFIT;
	*text = pg_server_to_any(string, strlen(string), PG_UTF8);
	return place == PLACE_BEFORE ? VALUE_WIDE : VALUE_EXACT;
}

/*
 * The same within patterns, where there are more characters that are wildcards
 * to some.
 */
static bool
is_unsafe_in_pattern(char c)
{
	return is_unsafe(c) || strchr("[]^*?#!-", c) != NULL;
}

/*
 * Read the next character of a LIKE pattern.  False at its end.  A wildcard is
 * told from a character that stands for itself; *valid is false after
 * a backslash at the end.
 */
static bool
next_of_pattern(const char **pattern, const char **character, int *length,
				bool *wildcard, bool *valid)
{
	if (**pattern == '\0')
		return false;
	*wildcard = **pattern == '%' || **pattern == '_';
	if (**pattern == '\\')
	{
		(*pattern)++;
		if (**pattern == '\0')
		{
			*valid = false;
			return false;
		}
	}
	*character = *pattern;
	*length = pg_mblen(*pattern);
	*pattern += *length;
	return true;
}

/*
 * The pattern that finds all that this one finds, without what is read in
 * different ways: any wildcard, and any character that is not safe, becomes %.
 * Blanks at the ends as well, because they are trimmed.
 */
static FilterValueVerdict
pattern_text(const char *pattern, char **text)
{
	StringInfoData out;
	const char *character;
	int			length;
	int			fixed = 0;
	bool		wildcard;
	bool		exact = true;
	bool		valid = true;

	initStringInfo(&out);
	while (next_of_pattern(&pattern, &character, &length, &wildcard, &valid))
	{
		bool		end = out.len == 0 || *pattern == '\0';

		if (wildcard || is_unsafe_in_pattern(*character) || (*character == ' ' && end))
		{
			exact &= wildcard && *character == '%';
			if (out.len == 0 || out.data[out.len - 1] != '%')
				appendStringInfoChar(&out, '%');
			continue;
		}
		appendBinaryStringInfo(&out, character, length);
		fixed++;
	}

	/* what is blank before a wildcard at the end is an end, too, to some */
	if (!valid || fixed == 0 || out.len > MAX_STRING_LENGTH ||
		(GetDatabaseEncoding() == PG_SQL_ASCII &&
		 !pg_verify_mbstr(PG_UTF8, out.data, out.len, true)))
		return VALUE_UNFIT;
	*text = pg_server_to_any(out.data, out.len, PG_UTF8);
	return exact ? VALUE_EXACT : VALUE_WIDE;
}

/*
 * The longest part of a pattern that stands for itself and is safe: whatever
 * matches has it.
 */
static FilterValueVerdict
fragment_text(const char *pattern, char **text)
{
	StringInfoData run;
	char	   *best = NULL;
	const char *character;
	int			length;
	int			wildcards = 0;
	bool		wildcard;
	bool		exact;
	bool		valid = true;
	bool		more;
	const char *start = pattern;

	initStringInfo(&run);
	do
	{
		more = next_of_pattern(&pattern, &character, &length, &wildcard, &valid);
		if (more && !wildcard && !is_unsafe_in_pattern(*character) && (*character != ' ' || run.len > 0))
		{
			appendBinaryStringInfo(&run, character, length);
			continue;
		}
		while (run.len > 0 && run.data[run.len - 1] == ' ')
			run.data[--run.len] = '\0';
		if (run.len > 0 && (best == NULL || run.len > strlen(best)))
			best = pstrdup(run.data);
		resetStringInfo(&run);
		wildcards += more && wildcard && *character == '%';
	} while (more);

	if (!valid || best == NULL || !text_is_safe(best))
		return VALUE_UNFIT;
	exact = wildcards == 2 && strlen(start) == strlen(best) + 2 && start[0] == '%';
	*text = pg_server_to_any(best, strlen(best), PG_UTF8);
	return exact ? VALUE_EXACT : VALUE_WIDE;
}

/*
 * Does the LIKE pattern ask for one fragment and nothing else?
 */
bool
filter_pattern_is_fragment(Datum pattern)
{
	char	   *fragment;

	return fragment_text(TextDatumGetCString(pattern), &fragment) == VALUE_EXACT;
}

/* ---- all kinds ---- */

/*
 * What is sent for a value of the query, palloc'd and in UTF-8.  *sent is set
 * only if the value may be sent.
 */
FilterValueVerdict
filter_value(FilterKind kind, Oid type, Datum value, FilterPlace place, char **sent)
{
	FilterValueVerdict verdict = VALUE_EXACT;

	switch (kind)
	{
		case KIND_NONE:
			return VALUE_UNFIT;

		case KIND_INT:
			{
				int64		integer;

				verdict = integer_at(type, value, place, &integer);
				if (verdict == VALUE_EXACT)
					*sent = psprintf(INT64_FORMAT, integer);
				return verdict;
			}

		case KIND_NUMBER:
			*sent = number_text(type, value);
			return *sent ? VALUE_EXACT : VALUE_UNFIT;

		case KIND_TEXT:
			if (place == PLACE_PATTERN)
				return pattern_text(TextDatumGetCString(value), sent);
			if (place == PLACE_FRAGMENT)
				return fragment_text(TextDatumGetCString(value), sent);
			return text_at(TextDatumGetCString(value), place, sent);

		case KIND_DATE:
		case KIND_DATETIME:
		case KIND_DAY:
		case KIND_INSTANT:
			return moment_value(kind, type, value, place, sent);
	}
	return verdict;
}

/*
 * Compare two values as they are sent, by what they mean.
 */
int
filter_value_compare(WireType wire_type, const char *a, const char *b)
{
	if (wire_type == WIRE_INT || wire_type == WIRE_DOUBLE || wire_type == WIRE_MONEY)
		return DatumGetInt32(DirectFunctionCall2(numeric_cmp,
												 DirectFunctionCall3(numeric_in, CStringGetDatum(a),
																	 ObjectIdGetDatum(InvalidOid),
																	 Int32GetDatum(-1)),
												 DirectFunctionCall3(numeric_in, CStringGetDatum(b),
																	 ObjectIdGetDatum(InvalidOid),
																	 Int32GetDatum(-1))));
	/* dates of four-digit years, and text in the order of its bytes */
	return strcmp(a, b);
}

/*
 * A value that is certainly below (-1) or above (1) this one, as it would be
 * sent.  NULL if there is none at hand.
 */
char *
filter_value_neighbour(WireType wire_type, const char *text, int direction)
{
	size_t		length = strlen(text);

	switch (wire_type)
	{
		case WIRE_INT:
		case WIRE_DOUBLE:
		case WIRE_MONEY:
			{
				Datum		number = DirectFunctionCall3(numeric_in, CStringGetDatum(text),
														 ObjectIdGetDatum(InvalidOid),
														 Int32GetDatum(-1));
				Datum		one = DirectFunctionCall1(int4_numeric, Int32GetDatum(direction));
				char	   *result = number_text(NUMERICOID,
												 DirectFunctionCall2(numeric_add, number, one));

				/* beyond this, one more is no other double */
				return length < 15 ? result : NULL;
			}

		case WIRE_DATE:
		case WIRE_DATETIME:
			{
				Timestamp	moment = DatumGetTimestamp(DirectFunctionCall3(timestamp_in,
																		   CStringGetDatum(text),
																		   ObjectIdGetDatum(InvalidOid),
																		   Int32GetDatum(-1)));

				/* more than what a zone can make */
				moment += direction * (wire_type == WIRE_DATE ? USECS_PER_DAY : 2 * ZONE_SLACK);
				return moment_text(moment, wire_type == WIRE_DATE);
			}

		case WIRE_STRING:
			if (direction > 0)
				return length < MAX_STRING_LENGTH ? psprintf("%sa", text) : NULL;
			/* a part of it, at the beginning */
			if (pg_utf_mblen((const unsigned char *) text) < length)
				return pnstrdup(text, pg_utf_mblen((const unsigned char *) text));
			return NULL;

		default:
			return NULL;
	}
}

/* ---- sets of values ---- */

static int
compare_pointers(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * A set of values as they are sent, for looking them up; palloc'd.  The texts
 * are not copied.
 */
FilterValueSet *
filter_value_set(List *texts)
{
	FilterValueSet *set = palloc(sizeof(FilterValueSet));
	ListCell   *lc;

	set->count = list_length(texts);
	set->texts = palloc(sizeof(char *) * Max(set->count, 1));
	foreach(lc, texts)
		set->texts[foreach_current_index(lc)] = lfirst(lc);
	qsort(set->texts, set->count, sizeof(char *), compare_pointers);
	return set;
}

/*
 * The place of a text in the sorted set, or -1.
 */
int
filter_value_set_place(const FilterValueSet *set, const char *text)
{
	char	  **found = bsearch(&text, set->texts, set->count, sizeof(char *), compare_pointers);

	return found ? (int) (found - set->texts) : -1;
}

bool
filter_value_set_has(const FilterValueSet *set, const char *text)
{
	return filter_value_set_place(set, text) >= 0;
}
