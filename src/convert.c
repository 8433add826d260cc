/*-------------------------------------------------------------------------
 *
 * convert.c
 *	  A wire value to a Datum of the column's type.
 *
 * What connectors usually send is converted straight from its bytes; all
 * other forms go through the type's input function.  That function is asked
 * only for texts that mean one thing: several of them round, guess by
 * DateStyle or drop an offset without a word, and a wrong value is worse than
 * an error.  Hence:
 *
 * - Numbers are [sign] digits [. digits] [exponent] with blanks around, and
 *	 nothing else (no 0x10, no 1_000).  An integer column takes whole numbers
 *	 only; nothing is rounded into one.
 * - Dates have the form Y-m-d, times of day H:i or H:i:s.  now, infinity,
 *	 30.08.2024 and the like are errors, whatever DateStyle says.
 * - An offset from UTC is honoured or is an error.
 *
 * A column of a domain is read as its base type, and the domain's constraints
 * are checked then, NULL included.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include <float.h>
#include <limits.h>

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/*
 * How much of a value, and of what a function said of it, errors show; and
 * how much of the value is searched for secrets before it is shortened
 */
#define SHOWN_VALUE		64
#define MASKED_VALUE	4096
#define SHOWN_DETAIL	256

/* Numbers of up to so many digits become numeric without a text in between */
#define DECIMAL_DIGITS	15

/* Texts up to this length are handed to input functions without palloc */
#define SHORT_TEXT		64

/*
 * Reads a value that is not null.  Sets *isnull, which is false before, if it
 * makes NULL of it.
 */
typedef Datum (*ReadFunction) (Converter *converter, RowsValue *value, bool *isnull);

struct Converter
{
	ReadFunction read;
	Oid			type;			/* the column's type, or what its domain is over */
	int32		typmod;
	FmgrInfo	input;
	Oid			typioparam;
	bool		soft;			/* input returns its errors, see compat.h */
	int64		minimum;		/* of integer types */
	int64		maximum;
	size_t		max_length;		/* of types that cut what is longer; or 0 */
	bool		money;			/* a currency may stand with the number */
	bool		can_be_invalid; /* the option invalid_values applies */
	pg_tz	   *zone;			/* the column's time zone, or NULL */
	FmgrInfo	local_input;	/* timestamp_in, for dates and timestamps */
	FmgrInfo	zoned_input;	/* timestamptz_in, likewise */

	Oid			domain;			/* the column's type if that is a domain */
	void	   *domain_cache;
	MemoryContext context;		/* lives as long as this struct */

	const char *column;			/* for errors */
	const char *type_name;
	const ConnectorOptions *options;
};

/* A number as it was written */
typedef struct Number
{
	const char *text;			/* in plain notation, without blanks */
	size_t		len;
	bool		negative;
	uint64		digits;			/* the first MAX_DIGITS of them */
	int64		exponent;		/* the power of ten to take them by */
	bool		exact;			/* none but zeros were left out */
} Number;

typedef enum Wholeness
{
	WHOLE,
	HAS_FRACTION,
	TOO_LARGE					/* for int64 */
} Wholeness;

/* A date with or without a time of day */
typedef struct Moment
{
	Timestamp	time;			/* in UTC if zoned, else on the clock somewhere */
	bool		zoned;
	bool		cut;			/* it had a finer fraction than we can hold */
} Moment;

/* What a text looks like, as far as it matters before an input function */
typedef enum TextForm
{
	FORM_OTHER,					/* not to be read */
	FORM_LOCAL,
	FORM_ZONED					/* with an offset or a word behind it */
} TextForm;

static Datum read_integer(Converter *converter, RowsValue *value, bool *isnull);
static Datum read_float4(Converter *converter, RowsValue *value, bool *isnull);
static Datum read_float8(Converter *converter, RowsValue *value, bool *isnull);
static Datum read_numeric(Converter *converter, RowsValue *value, bool *isnull);
static Datum read_cash(Converter *converter, RowsValue *value, bool *isnull);
static Datum read_bool(Converter *converter, RowsValue *value, bool *isnull);
static Datum read_text(Converter *converter, RowsValue *value, bool *isnull);
static Datum read_moment(Converter *converter, RowsValue *value, bool *isnull);
static Datum read_time(Converter *converter, RowsValue *value, bool *isnull);
static Datum read_other(Converter *converter, RowsValue *value, bool *isnull);

/*
 * The types that are not just handed to their input function; the last entry
 * is for the others.
 */
static const struct
{
	Oid			type;
	ReadFunction read;
	bool		can_be_invalid;
	int64		minimum;
	int64		maximum;
	size_t		max_length;
}			readers[] =
{
	{INT2OID, read_integer, true, PG_INT16_MIN, PG_INT16_MAX, 0},
	{INT4OID, read_integer, true, PG_INT32_MIN, PG_INT32_MAX, 0},
	{INT8OID, read_integer, true, PG_INT64_MIN, PG_INT64_MAX, 0},
	{FLOAT4OID, read_float4, true, 0, 0, 0},
	{FLOAT8OID, read_float8, true, 0, 0, 0},
	{NUMERICOID, read_numeric, true, 0, 0, 0},
	{CASHOID, read_cash, true, 0, 0, 0},
	{BOOLOID, read_bool, false, 0, 0, 0},
	{TEXTOID, read_text, false, 0, 0, 0},
	{VARCHAROID, read_text, false, 0, 0, 0},
	{DATEOID, read_moment, true, 0, 0, 0},
	{TIMESTAMPOID, read_moment, true, 0, 0, 0},
	{TIMESTAMPTZOID, read_moment, true, 0, 0, 0},
	{TIMEOID, read_time, true, 0, 0, 0},
	{TIMETZOID, read_time, true, 0, 0, 0},
	{NAMEOID, read_other, false, 0, 0, NAMEDATALEN - 1},
	{CHAROID, read_other, false, 0, 0, 1},
	{InvalidOid, read_other, false, 0, 0, 0}
};

/*
 * Powers of ten; those of the floating-point types are all that are exact.
 */
static const uint64 powers_of_ten[] = {
	UINT64CONST(1), UINT64CONST(10), UINT64CONST(100), UINT64CONST(1000),
	UINT64CONST(10000), UINT64CONST(100000), UINT64CONST(1000000),
	UINT64CONST(10000000), UINT64CONST(100000000), UINT64CONST(1000000000),
	UINT64CONST(10000000000), UINT64CONST(100000000000),
	UINT64CONST(1000000000000), UINT64CONST(10000000000000),
	UINT64CONST(100000000000000), UINT64CONST(1000000000000000),
	UINT64CONST(10000000000000000), UINT64CONST(100000000000000000),
	UINT64CONST(1000000000000000000), UINT64CONST(10000000000000000000)
};

#define MAX_DIGITS ((int64) lengthof(powers_of_ten) - 1)

static const double float8_powers[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
	1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

static const float float4_powers[] = {
	1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e8f, 1e9f, 1e10f
};

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
is_ascii_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Step over blanks, and over digits, which are counted */
static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

static int
skip_digits(const char **p, const char *end)
{
	const char *start = *p;

	while (*p < end && is_digit(**p))
		(*p)++;
	return (int) Min(*p - start, INT_MAX);
}

/* ---- the text of a value ---- */

/*
 * Decode the escapes of a string, where it stands, and see to it that the
 * text is valid UTF-8.
 */
static void
prepare_text(const Converter *converter, RowsValue *value)
{
	if (value->escaped)
	{
		RowsText	status;

		status = rows_unescape(value->data, value->len,
							   unconstify(char *, value->data), &value->len);
		value->escaped = false;
		if (status != ROWS_TEXT_OK)
			ereport(ERROR,
					(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
					 errmsg("value of column \"%s\" cannot be converted to text",
							converter->column),
					 status == ROWS_TEXT_NUL ?
					 errdetail("It contains the character \\u0000, which cannot be stored.") :
					 errdetail("It contains one half of a Unicode surrogate pair.")));
		for (size_t i = 0; i < value->len && value->ascii; i++)
			value->ascii = !IS_HIGHBIT_SET(value->data[i]);
	}
	if (!value->ascii &&
		!pg_verify_mbstr(PG_UTF8, value->data, (int) value->len, true))
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("value of column \"%s\" is not valid UTF-8",
						converter->column)));
}

/*
 * The text of a value in the database's encoding: of a string what it says,
 * of everything else what is written.  Not terminated.
 */
static const char *
value_text(const Converter *converter, RowsValue *value, size_t *len)
{
	*len = value->len;
	if (value->escaped || !value->ascii)
	{
		prepare_text(converter, value);
		*len = value->len;
		if (!value->ascii && GetDatabaseEncoding() != PG_UTF8)
		{
			/* gives the text itself back where there is nothing to convert */
			const char *text = pg_any_to_server(value->data, (int) value->len, PG_UTF8);

			if (text != value->data)
			{
				*len = strlen(text);
				return text;
			}
		}
	}
	return value->data;
}

/* ---- errors ---- */

/*
 * Raise the error for a value that the column cannot hold.  The server, the
 * table and the row are told by the caller's error context.
 */
pg_noreturn static void
raise_error(const Converter *converter, RowsValue *value, int sqlstate,
			const char *detail, const char *hint)
{
	size_t		len;
	const char *text = value_text(converter, value, &len);
	const char *shown = mask_settings(converter->options, text, Min(len, MASKED_VALUE),
									  len > MASKED_VALUE);

	if (detail)
		detail = mask_settings(converter->options, detail, strlen(detail), false);
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("value \"%s\" of column \"%s\" cannot be read as type %s",
					shorten_text(shown, SHOWN_VALUE), converter->column,
					converter->type_name),
			 detail ? errdetail("%s", shorten_text(detail, SHOWN_DETAIL)) : 0,
			 hint ? errhint("%s", hint) : 0));
}

/*
 * The answer to a value that is no number, date or the like at all: NULL if
 * the option says so, else an error.
 */
static Datum
unreadable(const Converter *converter, RowsValue *value, int sqlstate,
		   const char *detail, bool *isnull)
{
	const char *hint = NULL;

	if (converter->can_be_invalid)
	{
		if (converter->options->invalid_as_null)
		{
			*isnull = true;
			return (Datum) 0;
		}
		hint = "Set the option invalid_values to \"null\" to read such values as NULL.";
	}
	raise_error(converter, value, sqlstate, detail, hint);
}

/*
 * What an input function's error adds to ours, or NULL.  That the syntax is
 * invalid we say ourselves; its hints are left out, for they speak of
 * settings such as DateStyle, which play no part here.
 */
static char *
input_detail(const ErrorData *error)
{
	if (error->sqlerrcode == ERRCODE_INVALID_TEXT_REPRESENTATION ||
		error->sqlerrcode == ERRCODE_INVALID_DATETIME_FORMAT)
		return error->detail;
	return psprintf("The input function reports: %s.%s%s", error->message,
					error->detail ? " " : "", error->detail ? error->detail : "");
}

/*
 * Call an input function that raises its errors.  Returns NULL and sets
 * *result, or returns the error it came to.
 *
 * No subtransaction is needed to catch the error, because only the input
 * functions of built-in numbers, dates and booleans may fail and the query go
 * on.  Those compute their result from the text alone: when one gives up, it
 * holds no lock, pin or other resource and has changed nothing, and its error
 * (class 22, data exception) was raised by itself.  Whatever else can come up
 * meanwhile, a cancel or a lack of memory, is passed on untouched.  Errors of
 * all other types are caught too, but just to be raised again in our words.
 */
static ErrorData *
catch_input(FmgrInfo *input, char *text, Oid typioparam, int32 typmod, Datum *result)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		*result = InputFunctionCall(input, text, typioparam, typmod);
	}
	PG_CATCH();
	{
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	return error;
}

/*
 * The same for a text that is not terminated, and without catching anything
 * where that can be avoided.
 */
static ErrorData *
call_input(const Converter *converter, FmgrInfo *input, int32 typmod,
		   const char *text, size_t len, Datum *result)
{
	char		buffer[SHORT_TEXT];
	char	   *string = buffer;

	if (len >= sizeof(buffer))
		string = palloc(len + 1);
	memcpy(string, text, len);
	string[len] = '\0';

	if (converter->soft)
		return compat_soft_input(input, string, converter->typioparam, typmod, result);
	return catch_input(input, string, converter->typioparam, typmod, result);
}

/*
 * Have the column's type read a text, or raise an error.
 */
static Datum
input_or_raise(Converter *converter, RowsValue *value, const char *text, size_t len)
{
	Datum		result;
	ErrorData  *error = call_input(converter, &converter->input, converter->typmod,
								   text, len, &result);

	if (error)
		raise_error(converter, value, error->sqlerrcode, input_detail(error), NULL);
	return result;
}

/* ---- amounts of money written with a currency ---- */

/*
 * Letters of any script.  U+2000 to U+2BFF are punctuation and symbols; the
 * other three ranges are Arabic and wide digits.
 */
static bool
is_letter(pg_wchar c)
{
	if (c < 0x80)
		return is_ascii_letter((char) c);
	return c >= 0xC0 && !(c >= 0x2000 && c <= 0x2BFF) &&
		!(c >= 0x0660 && c <= 0x0669) && !(c >= 0x06F0 && c <= 0x06F9) &&
		!(c >= 0xFF10 && c <= 0xFF19);
}

/*
 * The separators of an amount, blanks and apostrophes of either kind alike; 0
 * for other characters.
 */
static char
separator(pg_wchar c)
{
	switch (c)
	{
		case '.':
		case ',':
			return (char) c;
		case ' ':
		case 0x00A0:			/* no-break space */
		case 0x202F:			/* narrow no-break space */
			return ' ';
		case '\'':
		case 0x2019:			/* right single quotation mark */
			return '\'';
		default:
			return 0;
	}
}

/*
 * Letters, currency signs, blanks, the dot of an abbreviation, and the bar
 * that Bitrix24 puts between amount and currency.  Not among them is what
 * might change the amount: brackets, percent and further signs.
 */
static bool
is_currency(pg_wchar c)
{
	return is_letter(c) || separator(c) == ' ' || c == '.' || c == '$' || c == '|' ||
		(c >= 0xA2 && c <= 0xA5) || (c >= 0x20A0 && c <= 0x20CF);
}

/* The character at *p, which steps over it; the text must be valid UTF-8 */
static pg_wchar
next_character(const char **p)
{
	const unsigned char *start = (const unsigned char *) *p;

	*p += pg_utf_mblen(start);
	return utf8_to_unicode(start);
}

/*
 * Is the text in front of or behind an amount a currency?  A minus is allowed
 * where sign is given: at the start of a word or right in front of the
 * amount, not inside of a word such as US-$.
 */
static bool
currency_text(const char *p, const char *end, bool *sign)
{
	static const char *const multiples[] = {
		"k", "m", "mn", "mio", "mln", "b", "bn", "mrd", "cr", "crore", "lakh",
		"thousand", "million", "billion", "тыс", "млн", "млрд"
	};
	bool		after_blank = true;
	bool		after_sign = false; /* a minus that must not have a word behind it */

	while (p < end)
	{
		const char *start = p;
		pg_wchar	c = next_character(&p);

		if (c == '-' || c == 0x2212)
		{
			if (sign == NULL || *sign)
				return false;
			*sign = true;
			after_sign = !after_blank;
		}
		else if (!is_currency(c) || (after_sign && separator(c) != ' '))
			return false;
		else if (is_letter(c))
		{
			const char *next = p;

			while (next < end && is_letter(next_character(&next)))
				p = next;
			for (size_t i = 0; i < lengthof(multiples); i++)
			{
				if ((size_t) (p - start) == strlen(multiples[i]) &&
					pg_strncasecmp(start, multiples[i], p - start) == 0)
					return false;
			}
			c = 'x';
		}
		after_blank = separator(c) == ' ';
	}
	return true;
}

/*
 * The plain notation of an amount of money, palloc'd, or NULL if the text has
 * no reading or more than one.
 *
 * From the first to the last digit there may be nothing but digits and single
 * separators.  A dot or comma that comes last and differs from the separators
 * before it is the decimal point; separators that are all alike group the
 * digits.  Of a single one, the dot is the decimal point, as the protocol has
 * it, and the comma is if it cannot be a group's:
 *
 *		1234.50 USD, $1234.50		1234.50
 *		1 234,50 руб.				1234.50
 *		1,234.50; 1.234,50			1234.50
 *		1'234.50; 1 234.50			1234.50
 *		1,234,567; 1.234.567		1234567
 *		1.234						1.234
 *		1,5; 12,50; 1234,567		1.5; 12.50; 1234.567
 *		-5 $; $-5; USD - 5			-5
 *		$.50						0.50
 *		Rs.50						50
 *		1,234						either 1.234 or 1234: NULL
 *		12,34,567; 1.2.3; 5,-		NULL
 *		(5 $); 5 %; 5 тыс. руб.		NULL
 */
static char *
money_number(const char *text, size_t len)
{
	const char *end = text + len;
	const char *first = text;
	const char *last = end;
	const char *before;
	const char *decimal = NULL; /* the decimal point */
	const char *p;
	char	   *result;
	char	   *out;
	char		first_kind = 0;
	char		last_kind = 0;
	bool		mixed = false;	/* separators before the last differ */
	int			separators = 0;
	bool		leading_point = false;
	bool		negative = false;

	while (first < end && !is_digit(*first))
		first++;
	if (first == end)
		return NULL;
	while (!is_digit(last[-1]))
		last--;

	/* a dot right before the first digit, unless it ends a word */
	before = first;
	if (first > text && first[-1] == '.')
	{
		pg_wchar	c = ' ';

		before--;
		for (p = text; p < before;)
			c = next_character(&p);
		leading_point = !is_letter(c);
		if (!leading_point)
			before = first;
	}
	if (!currency_text(text, before, &negative) || !currency_text(last, end, NULL))
		return NULL;

	/* which separators are there? */
	for (p = first; p < last;)
	{
		const char *start = p;
		pg_wchar	c = next_character(&p);

		if (c < 0x80 && is_digit((char) c))
			continue;
		if (separators > 1 && last_kind != first_kind)
			mixed = true;
		last_kind = separator(c);
		if (separators++ == 0)
			first_kind = last_kind;
		if (last_kind == 0 || !is_digit(*p))
			return NULL;
		decimal = start;
	}
	if (mixed || (leading_point && separators > 0))
		return NULL;
	if (separators > 1 ? last_kind == first_kind : last_kind != '.' && last_kind != ',')
		decimal = NULL;
	else if (last_kind != '.' && last_kind != ',')
		return NULL;
	else if (separators == 1 && last_kind == ',' &&
			 decimal - first <= 3 && last - decimal == 4)
		return NULL;

	/* copy it, looking at the size of groups */
	result = out = palloc(len + 4);
	if (negative)
		*out++ = '-';
	if (leading_point)
	{
		*out++ = '0';
		*out++ = '.';
	}
	for (p = first; p < last;)
	{
		const char *group = p;

		while (p < last && is_digit(*p))
			*out++ = *p++;
		if (separators > (decimal ? 1 : 0) && (decimal == NULL || group < decimal) &&
			(group == first ? p - group > 3 || *group == '0' : p - group != 3))
			return NULL;
		if (p == decimal)
			*out++ = '.';
		if (p < last)
			next_character(&p);
	}
	*out = '\0';
	return result;
}

/* ---- numbers ---- */

/*
 * Read an optional minus and up to 18 digits, which need no more checks.
 */
static inline bool
scan_short_integer(const RowsValue *value, int64 *result)
{
	const char *p = value->data;
	const char *end = p + value->len;
	bool		negative;
	int64		number = 0;

	if (value->kind != ROWS_NUMBER && value->kind != ROWS_STRING)
		return false;
	negative = p < end && *p == '-';
	if (negative)
		p++;
	if (p == end || end - p > 18)
		return false;
	for (; p < end; p++)
	{
		if (!is_digit(*p))
			return false;
		number = number * 10 + (*p - '0');
	}
	*result = negative ? -number : number;
	return true;
}

/*
 * Read [sign] digits [. digits] [exponent] with blanks around; digits may
 * stand on one side of the point only.  Everything else is no number.
 */
static bool
scan_number(const char *p, size_t len, Number *number)
{
	const char *end = p + len;
	uint64		digits = 0;
	int			significant = 0;	/* digits in it, leading zeros apart */
	int64		scale = 0;		/* of those, behind the point */
	int64		exponent = 0;
	bool		any = false;
	bool		point = false;

	p = skip_blanks(p, end);
	while (p < end && is_blank(end[-1]))
		end--;
	number->text = p;
	number->len = end - p;
	number->digits = 0;
	number->exponent = 0;
	number->exact = true;
	number->negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;

	for (; p < end; p++)
	{
		if (is_digit(*p))
		{
			any = true;
			if (significant < MAX_DIGITS)
			{
				digits = digits * 10 + (*p - '0');
				significant += digits != 0;
				scale += point;
			}
			else
			{
				number->exact &= *p == '0';
				scale -= !point;
			}
		}
		else if (*p == '.' && !point)
			point = true;
		else
			break;
	}
	if (!any)
		return false;
	if (p < end && (*p == 'e' || *p == 'E'))
	{
		bool		negative;

		p++;
		negative = p < end && *p == '-';
		if (p < end && (*p == '-' || *p == '+'))
			p++;
		if (p == end)
			return false;
		for (; p < end && is_digit(*p); p++)
		{
			/* what is beyond all types' range need not be exact */
			if (exponent < PG_INT32_MAX)
				exponent = exponent * 10 + (*p - '0');
		}
		if (negative)
			exponent = -exponent;
	}
	number->digits = digits;
	number->exponent = exponent - scale;
	return p == end;
}

/*
 * Take zeros at the end of the fraction out of the digits.
 */
static void
strip_zeros(Number *number)
{
	while (number->exponent < 0 && number->digits % 10 == 0 && number->digits != 0)
	{
		number->digits /= 10;
		number->exponent++;
	}
}

/*
 * The words that stand for numbers in floating-point types and numeric.
 */
static bool
is_special_number(const char *p, size_t len)
{
	static const char *const words[] = {
		"nan", "inf", "infinity", "+inf", "+infinity", "-inf", "-infinity"
	};

	for (size_t i = 0; i < lengthof(words); i++)
	{
		if (len == strlen(words[i]) && pg_strncasecmp(p, words[i], len) == 0)
			return true;
	}
	return false;
}

/*
 * The number that a value is or holds.  False if there is none.
 */
static bool
get_number(const Converter *converter, RowsValue *value, Number *number)
{
	switch (value->kind)
	{
		case ROWS_FALSE:
			return scan_number("0", 1, number);
		case ROWS_TRUE:
			return scan_number("1", 1, number);
		case ROWS_NUMBER:
			return scan_number(value->data, value->len, number);
		case ROWS_STRING:
			if (value->escaped || !value->ascii)
				prepare_text(converter, value);
			if (scan_number(value->data, value->len, number))
				return true;
			if (converter->money)
			{
				const char *text = money_number(value->data, value->len);

				if (text)
					return scan_number(text, strlen(text), number);
			}
			number->exact = false;
			return converter->read != read_integer &&
				is_special_number(number->text, number->len);
		default:
			return false;
	}
}

static Wholeness
number_to_int64(Number *number, int64 *result)
{
	uint64		magnitude = 0;

	strip_zeros(number);
	if (number->digits != 0)
	{
		/* digits that were left out stand behind these */
		if (number->exponent < 0 || (number->exponent == 0 && !number->exact))
			return HAS_FRACTION;
		if (!number->exact || number->exponent > MAX_DIGITS ||
			pg_mul_u64_overflow(number->digits, powers_of_ten[number->exponent],
								&magnitude) ||
			magnitude > (uint64) PG_INT64_MAX + (number->negative ? 1 : 0))
			return TOO_LARGE;
	}
	*result = (int64) (number->negative ? -magnitude : magnitude);
	return WHOLE;
}

static Datum
not_a_number(const Converter *converter, RowsValue *value, bool *isnull)
{
	return unreadable(converter, value, ERRCODE_INVALID_TEXT_REPRESENTATION,
					  converter->money && value->kind == ROWS_STRING ?
					  "It is no amount of money that can be read in just one way." : NULL,
					  isnull);
}

static Datum
read_integer(Converter *converter, RowsValue *value, bool *isnull)
{
	int64		result;

	if (!scan_short_integer(value, &result))
	{
		Number		number;

		if (!get_number(converter, value, &number))
			return not_a_number(converter, value, isnull);
		switch (number_to_int64(&number, &result))
		{
			case WHOLE:
				break;
			case HAS_FRACTION:
				raise_error(converter, value, ERRCODE_INVALID_TEXT_REPRESENTATION,
							"It has a fraction, and numbers are not rounded.",
							"A column of type numeric or double precision can hold it.");
			case TOO_LARGE:
				raise_error(converter, value, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							"It is out of range.",
							"A column of type numeric can hold it.");
		}
	}
	if (result < converter->minimum || result > converter->maximum)
		raise_error(converter, value, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
					"It is out of range.",
					"A column of type bigint can hold it.");
	switch (converter->type)
	{
		case INT2OID:
			return Int16GetDatum((int16) result);
		case INT4OID:
			return Int32GetDatum((int32) result);
		default:
			return Int64GetDatum(result);
	}
}

/*
 * Are a number's digits and power of ten both exact in a floating-point type?
 * Then one operation in that type gives the number, correctly rounded.  That
 * is so where arithmetic is done in the type's own precision; elsewhere, and
 * for other numbers, the input function has to do it.
 */
static bool
number_is_exact(Number *number, int mantissa_bits, size_t powers)
{
	strip_zeros(number);
	return FLT_EVAL_METHOD == 0 && number->exact &&
		number->digits <= UINT64CONST(1) << mantissa_bits &&
		number->exponent > -(int64) powers && number->exponent < (int64) powers;
}

static Datum
read_float8(Converter *converter, RowsValue *value, bool *isnull)
{
	Number		number;
	double		result;

	if (!get_number(converter, value, &number))
		return not_a_number(converter, value, isnull);
	if (!number_is_exact(&number, DBL_MANT_DIG, lengthof(float8_powers)))
		return input_or_raise(converter, value, number.text, number.len);
	result = (double) number.digits;
	if (number.exponent < 0)
		result /= float8_powers[-number.exponent];
	else
		result *= float8_powers[number.exponent];
	return Float8GetDatum(number.negative ? -result : result);
}

/* Not by way of float8: that would round twice */
static Datum
read_float4(Converter *converter, RowsValue *value, bool *isnull)
{
	Number		number;
	float		result;

	if (!get_number(converter, value, &number))
		return not_a_number(converter, value, isnull);
	if (!number_is_exact(&number, FLT_MANT_DIG, lengthof(float4_powers)))
		return input_or_raise(converter, value, number.text, number.len);
	result = (float) number.digits;
	if (number.exponent < 0)
		result /= float4_powers[-number.exponent];
	else
		result *= float4_powers[number.exponent];
	return Float4GetDatum(number.negative ? -result : result);
}

/*
 * Can a number be written with the scale that numeric has to keep, in few
 * enough digits?  Without typmod that is the scale it has.  With one, a number
 * that has to be rounded, or does not fit, is left to the input function.
 */
static bool
number_to_decimal(const Number *number, int32 typmod, int64 *digits, int *scale)
{
	int64		written = -number->exponent;
	uint64		magnitude = number->digits;
	int			precision = DECIMAL_DIGITS;

	if (!number->exact || written < 0 || written > DECIMAL_DIGITS)
		return false;
	*scale = (int) written;
	if (typmod >= 0)
	{
		/* see make_numeric_typmod(); negative scales look like large ones */
		precision = Min(((typmod - VARHDRSZ) >> 16) & 0xFFFF, DECIMAL_DIGITS);
		*scale = (typmod - VARHDRSZ) & 0x7FF;
		if (*scale < written || *scale > DECIMAL_DIGITS ||
			pg_mul_u64_overflow(magnitude, powers_of_ten[*scale - written], &magnitude))
			return false;
	}
	if (magnitude >= powers_of_ten[precision])
		return false;
	*digits = number->negative ? -(int64) magnitude : (int64) magnitude;
	return true;
}

static Datum
read_numeric(Converter *converter, RowsValue *value, bool *isnull)
{
	Number		number;
	int64		digits;
	int			scale;

	if (converter->typmod < 0 && scan_short_integer(value, &digits))
		return DirectFunctionCall1(int8_numeric, Int64GetDatum(digits));
	if (!get_number(converter, value, &number))
		return not_a_number(converter, value, isnull);
	if (COMPAT_DECIMALS && number_to_decimal(&number, converter->typmod, &digits, &scale))
		return compat_decimal_to_numeric(digits, scale);
	return input_or_raise(converter, value, number.text, number.len);
}

/*
 * The type money.  Its own input function reads by lc_monetary, where a dot
 * may group digits; its converter's input function is that of numeric.
 */
static Datum
read_cash(Converter *converter, RowsValue *value, bool *isnull)
{
	Datum		number = read_numeric(converter, value, isnull);

	return *isnull ? (Datum) 0 : DirectFunctionCall1(numeric_cash, number);
}

static Datum
read_bool(Converter *converter, RowsValue *value, bool *isnull)
{
	Number		number;
	int64		integer;

	switch (value->kind)
	{
		case ROWS_FALSE:
		case ROWS_TRUE:
			return BoolGetDatum(value->kind == ROWS_TRUE);
		case ROWS_NUMBER:
			if (get_number(converter, value, &number) &&
				number_to_int64(&number, &integer) == WHOLE &&
				(integer == 0 || integer == 1))
				return BoolGetDatum(integer == 1);
			return unreadable(converter, value, ERRCODE_INVALID_TEXT_REPRESENTATION,
							  "Of numbers, only 0 and 1 are truth values.", isnull);
		default:
			return read_other(converter, value, isnull);
	}
}

/* ---- text and all types without rules of their own ---- */

static Datum
read_text(Converter *converter, RowsValue *value, bool *isnull)
{
	size_t		len;
	const char *text = value_text(converter, value, &len);

	/* a text never has more characters than bytes */
	if (converter->typmod < 0 || len <= (size_t) (converter->typmod - VARHDRSZ))
		return PointerGetDatum(cstring_to_text_with_len(text, (int) len));
	return read_other(converter, value, isnull);
}

static Datum
read_other(Converter *converter, RowsValue *value, bool *isnull)
{
	size_t		len;
	const char *text = value_text(converter, value, &len);

	if (converter->max_length > 0 && len > converter->max_length)
		raise_error(converter, value, ERRCODE_STRING_DATA_RIGHT_TRUNCATION,
					"It is too long.", NULL);
	return input_or_raise(converter, value, text, len);
}

/* ---- dates and times ---- */

/* Two digits, or -1 */
static inline int
two_digits(const char *p)
{
	return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

/*
 * Read an offset from UTC: Z, +02, +0200 or +02:00, with or without a blank
 * before it.
 */
static bool
scan_offset(const char *p, const char *end, int64 *seconds)
{
	int			hours;
	int			minutes = 0;
	bool		west;

	if (*p == ' ')
		p++;
	*seconds = 0;
	if (end - p == 1)
		return *p == 'Z';
	if (end - p < 3 || (*p != '+' && *p != '-'))
		return false;
	west = *p++ == '-';
	hours = two_digits(p);
	p += 2;
	if (end - p == 3 && *p == ':')
		p++;
	if (end - p == 2)
		minutes = two_digits(p);
	else if (p != end)
		return false;
	if (hours < 0 || hours > MAX_TZDISP_HOUR || minutes < 0 || minutes >= MINS_PER_HOUR)
		return false;
	*seconds = hours * SECS_PER_HOUR + minutes * SECS_PER_MINUTE;
	if (west)
		*seconds = -*seconds;
	return true;
}

/*
 * Read the canonical forms: Y-m-d, with or without H:i:s after a blank or T,
 * with or without a fraction, with or without an offset.  Other forms, and
 * what does not exist, such as 30 February, are not for us.
 */
static bool
scan_moment(const char *p, size_t len, Moment *moment)
{
	const char *end = p + len;
	int			year;
	int			month;
	int			day;
	int			hour;
	int			minute;
	int			second;
	int64		offset;

	if (len < 10 || p[4] != '-' || p[7] != '-' ||
		two_digits(p) < 0 || two_digits(p + 2) < 0)
		return false;
	year = two_digits(p) * 100 + two_digits(p + 2);
	month = two_digits(p + 5);
	day = two_digits(p + 8);
	if (year < 1 || month < 1 || month > MONTHS_PER_YEAR ||
		day < 1 || day > day_tab[isleap(year)][month - 1])
		return false;
	moment->time = (date2j(year, month, day) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
	moment->zoned = false;
	moment->cut = false;
	if (len == 10)
		return true;

	if (len < 19 || (p[10] != ' ' && p[10] != 'T') || p[13] != ':' || p[16] != ':')
		return false;
	hour = two_digits(p + 11);
	minute = two_digits(p + 14);
	second = two_digits(p + 17);
	if (hour < 0 || hour >= HOURS_PER_DAY || minute < 0 || minute >= MINS_PER_HOUR ||
		second < 0 || second >= SECS_PER_MINUTE)
		return false;
	moment->time += hour * USECS_PER_HOUR + minute * USECS_PER_MINUTE +
		second * USECS_PER_SEC;
	p += 19;
	if (p < end && *p == '.')
	{
		int64		unit = USECS_PER_SEC;

		if (++p == end || !is_digit(*p))
			return false;
		for (; p < end && is_digit(*p); p++)
		{
			unit /= 10;
			moment->time += unit * (*p - '0');
			moment->cut |= unit == 0 && *p != '0';
		}
	}
	if (p == end)
		return true;
	if (!scan_offset(p, end, &offset))
		return false;
	moment->zoned = true;
	moment->time -= offset * USECS_PER_SEC;
	return true;
}

/*
 * Does a text have the form [[T]H:i[:s[.fraction]] [AM|PM]] [zone], and is
 * there a zone?  A zone is an offset or one word.  Words with an offset in
 * them are not taken: UTC+3 has two readings, of which the input functions
 * choose the rarer (that of POSIX, three hours west of UTC).
 */
static TextForm
clock_form(const char *p, const char *end)
{
	if (end - p > 1 && (*p == 'T' || *p == 't') && is_digit(p[1]))
		p++;
	p = skip_blanks(p, end);
	if (p < end && is_digit(*p))
	{
		int			fields = 1;

		if (skip_digits(&p, end) > 2)
			return FORM_OTHER;
		for (; fields < 3 && p < end && *p == ':'; fields++)
		{
			p++;
			if (skip_digits(&p, end) != 2)
				return FORM_OTHER;
		}
		if (fields == 1)
			return FORM_OTHER;
		if (fields == 3 && p < end && *p == '.')
		{
			p++;
			skip_digits(&p, end);
		}
		p = skip_blanks(p, end);
		if (end - p >= 2 && (pg_strncasecmp(p, "am", 2) == 0 ||
							 pg_strncasecmp(p, "pm", 2) == 0) &&
			(end - p == 2 || !is_ascii_letter(p[2])))
			p = skip_blanks(p + 2, end);
	}
	if (p == end)
		return FORM_LOCAL;

	if (*p == '+' || *p == '-')
	{
		int			digits;

		p++;
		digits = skip_digits(&p, end);
		if (digits != 1 && digits != 2 && digits != 4)
			return FORM_OTHER;
		while (digits < 4 && p < end && *p == ':')
		{
			p++;
			if (skip_digits(&p, end) != 2)
				return FORM_OTHER;
		}
	}
	else if (is_ascii_letter(*p))
	{
		while (p < end && (is_ascii_letter(*p) || *p == '/' || *p == '_' || *p == '-'))
			p++;
	}
	return skip_blanks(p, end) == end ? FORM_ZONED : FORM_OTHER;
}

/*
 * The same for a date of the form Y-m-d with or without all that.  Input
 * functions cannot hold very long texts, and has_zone() relies on the text
 * being held with something added.
 */
static TextForm
moment_form(const char *p, const char *end)
{
	p = skip_blanks(p, end);
	if (end - p > MAXDATELEN / 2 || skip_digits(&p, end) != 4)
		return FORM_OTHER;
	for (int i = 0; i < 2; i++)
	{
		int			digits;

		if (p == end || *p++ != '-')
			return FORM_OTHER;
		digits = skip_digits(&p, end);
		if (digits < 1 || digits > 2)
			return FORM_OTHER;
	}
	return clock_form(p, end);
}

/*
 * Does a text that passed for one with a zone have a zone?  The input
 * functions ignore some words, names of days for example.  But a text that
 * has a zone does not take a second one.
 */
static bool
has_zone(const Converter *converter, FmgrInfo *input, const char *text, size_t len)
{
	char	   *twice = psprintf("%.*s Z", (int) len, text);
	Datum		result;

	return call_input(converter, input, -1, twice, strlen(twice), &result) != NULL;
}

pg_noreturn static void
raise_zoned(const Converter *converter, RowsValue *value, const char *hint)
{
	raise_error(converter, value, ERRCODE_DATATYPE_MISMATCH,
				"It has an offset from UTC or a time zone, which this type does not keep.",
				hint);
}

/*
 * What a zone's clocks show at a moment in UTC, and the other way around.
 * False if that is out of range.
 */
static bool
utc_to_zone(Timestamp *time, pg_tz *zone)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			west;

	if (timestamp2tm(*time, &west, &tm, &fsec, NULL, zone) != 0)
		return false;
	*time -= west * USECS_PER_SEC;
	return IS_VALID_TIMESTAMP(*time);
}

static bool
zone_to_utc(Timestamp *time, pg_tz *zone)
{
	struct pg_tm tm;
	fsec_t		fsec;

	if (timestamp2tm(*time, NULL, &tm, &fsec, NULL, NULL) != 0)
		return false;
	*time += DetermineTimeZoneOffset(&tm, zone) * USECS_PER_SEC;
	return IS_VALID_TIMESTAMP(*time);
}

/*
 * Dates and timestamps.  Other forms than the canonical ones take a way by
 * timestamp_in or timestamptz_in (date_in for a date without zone); whatever
 * has a zone is moved from UTC to where the column is, or the other way
 * around, at one place.
 */
static Datum
read_moment(Converter *converter, RowsValue *value, bool *isnull)
{
	Moment		moment;
	bool		valid = true;

	if (value->kind == ROWS_STRING && (value->escaped || !value->ascii))
		prepare_text(converter, value);
	if (value->kind != ROWS_STRING ||
		!scan_moment(value->data, value->len, &moment) ||
		(moment.cut && converter->type != DATEOID))
	{
		TextForm	form = FORM_OTHER;
		FmgrInfo   *input;
		Datum		result;
		ErrorData  *error;

		if (value->kind == ROWS_STRING)
			form = moment_form(value->data, value->data + value->len);
		if (form == FORM_OTHER)
			return unreadable(converter, value, ERRCODE_INVALID_DATETIME_FORMAT,
							  "Dates are read in the form 2024-08-30 or 2024-08-30 12:19:57.",
							  isnull);

		/* date_in takes the day as it is written where rounding would move it */
		moment.zoned = form == FORM_ZONED;
		input = moment.zoned ? &converter->zoned_input :
			converter->type == DATEOID ? &converter->input : &converter->local_input;
		error = call_input(converter, input, -1, value->data, value->len, &result);
		if (error)
			return unreadable(converter, value, error->sqlerrcode,
							  input_detail(error), isnull);
		if (moment.zoned && !has_zone(converter, input, value->data, value->len))
			return unreadable(converter, value, ERRCODE_INVALID_DATETIME_FORMAT,
							  "It has a word in it that is not a time zone.",
							  isnull);
		if (input == &converter->input)
			return result;
		moment.time = DatumGetTimestamp(result);
	}

	if (converter->type == TIMESTAMPTZOID)
	{
		if (!moment.zoned)
			valid = zone_to_utc(&moment.time,
								converter->zone ? converter->zone : session_timezone);
	}
	else if (moment.zoned)
	{
		if (converter->zone == NULL)
			raise_zoned(converter, value,
						psprintf("Use the type timestamp with time zone, or say in which zone to show the value: ALTER FOREIGN TABLE ... ALTER COLUMN %s OPTIONS (ADD time_zone '...').",
								 quote_identifier(converter->column)));
		valid = utc_to_zone(&moment.time, converter->zone);
	}
	if (!valid)
		return unreadable(converter, value, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE,
						  "It is out of range.", isnull);

	if (converter->type == DATEOID)
	{
		int64		days = moment.time / USECS_PER_DAY;

		if (days * USECS_PER_DAY > moment.time)
			days--;
		return DateADTGetDatum((DateADT) days);
	}
	if (converter->typmod >= 0)
		return DirectFunctionCall2(timestamp_scale, TimestampGetDatum(moment.time),
								   Int32GetDatum(converter->typmod));
	return TimestampGetDatum(moment.time);
}

/*
 * Times of day, with or without time zone.
 */
static Datum
read_time(Converter *converter, RowsValue *value, bool *isnull)
{
	TextForm	form = FORM_OTHER;
	ErrorData  *error;
	Datum		result;

	if (value->kind == ROWS_STRING)
	{
		const char *p;
		const char *end;

		if (value->escaped || !value->ascii)
			prepare_text(converter, value);
		end = value->data + value->len;
		form = moment_form(value->data, end);
		p = skip_blanks(value->data, end);
		if (form == FORM_OTHER && p < end && is_digit(*p))
			form = clock_form(p, end);
	}
	if (form == FORM_OTHER)
		return unreadable(converter, value, ERRCODE_INVALID_DATETIME_FORMAT,
						  "Times are read in the form 12:19:57.", isnull);

	error = call_input(converter, &converter->input, converter->typmod,
					   value->data, value->len, &result);
	if (error)
		return unreadable(converter, value, error->sqlerrcode, input_detail(error), isnull);
	if (form == FORM_ZONED && converter->type == TIMEOID)
		raise_zoned(converter, value, "Use the type time with time zone.");
	return result;
}

/* ---- converters ---- */

/*
 * Prepare reading values of one column.  The converter is made in, and keeps
 * to, the current memory context; column and options must live as long.
 */
Converter *
converter_create(Form_pg_attribute attribute, const ColumnOptions *column,
				 const ConnectorOptions *options)
{
	Converter  *converter = palloc0(sizeof(Converter));
	int32		typmod = attribute->atttypmod;
	Oid			input;
	int			i = 0;

	converter->context = CurrentMemoryContext;
	converter->column = column->name;
	converter->type_name = format_type_with_typemod(attribute->atttypid, typmod);
	converter->options = options;

	converter->type = getBaseTypeAndTypmod(attribute->atttypid, &typmod);
	converter->typmod = typmod;
	if (converter->type != attribute->atttypid)
		converter->domain = attribute->atttypid;

	while (OidIsValid(readers[i].type) && readers[i].type != converter->type)
		i++;
	converter->read = readers[i].read;
	converter->can_be_invalid = readers[i].can_be_invalid;
	converter->minimum = readers[i].minimum;
	converter->maximum = readers[i].maximum;
	converter->max_length = readers[i].max_length;
	converter->money = column->wire_type == WIRE_MONEY;

	getTypeInputInfo(converter->type, &input, &converter->typioparam);
	fmgr_info(converter->type == CASHOID ? F_NUMERIC_IN : input, &converter->input);
	converter->soft = COMPAT_SOFT_INPUT && converter->type < FirstNormalObjectId;

	if (converter->read == read_moment)
	{
		fmgr_info(F_TIMESTAMP_IN, &converter->local_input);
		fmgr_info(F_TIMESTAMPTZ_IN, &converter->zoned_input);
		if (column->time_zone)
		{
			converter->zone = pg_tzset(column->time_zone);
			if (converter->zone == NULL)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("time zone \"%s\" of column \"%s\" is not known",
								column->time_zone, column->name)));
		}
	}
	return converter;
}

/*
 * Read a value, in the current memory context.  The bytes of the value may be
 * written to; value tells then what became of them.
 */
Datum
converter_read(Converter *converter, RowsValue *value, bool *isnull)
{
	Datum		result = (Datum) 0;

	if (unlikely(value->len > MaxAllocSize))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value of column \"%s\" is too long", converter->column)));
	*isnull = value->kind == ROWS_NULL;
	if (!*isnull)
		result = converter->read(converter, value, isnull);
	if (OidIsValid(converter->domain))
		domain_check(result, *isnull, converter->domain, &converter->domain_cache,
					 converter->context);
	return result;
}
