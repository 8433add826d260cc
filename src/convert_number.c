/*-------------------------------------------------------------------------
 *
 * convert_number.c
 *	  Wire values to numbers, and amounts of money written with a currency.
 *
 *-------------------------------------------------------------------------
 */
#include "convert.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "mb/pg_wchar.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

/* Numbers of up to so many digits become numeric without a text in between */
#define DECIMAL_DIGITS	18

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
		"thousand", "million", "billion",
		"\xD1\x82\xD1\x8B\xD1\x81", /* Russian: thousand, million, billion */
		"\xD0\xBC\xD0\xBB\xD0\xBD",
		"\xD0\xBC\xD0\xBB\xD1\x80\xD0\xB4"
	};
	bool		after_blank = true;
	bool		after_sign = false; /* a minus that must not have a word
									 * behind it */

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
 * Read the usual form of numbers, an optional minus and digits with or without
 * a point among them, if it has no more digits than fit.
 */
static inline bool
scan_short_decimal(const RowsValue *value, Number *number)
{
	const char *p = value->data;
	const char *end = p + value->len;
	const char *point;
	uint64		digits = 0;

	if (value->kind != ROWS_NUMBER && value->kind != ROWS_STRING)
		return false;
	number->text = p;
	number->len = value->len;
	number->negative = p < end && *p == '-';
	p += number->negative;
	if (end - p > MAX_DIGITS)
		return false;
	for (; p < end && is_digit(*p); p++)
		digits = digits * 10 + (*p - '0');
	point = p;
	if (p < end && *p == '.')
	{
		for (p++; p < end && is_digit(*p); p++)
			digits = digits * 10 + (*p - '0');
		number->exponent = point + 1 - p;
	}
	else
		number->exponent = 0;
	number->digits = digits;
	number->exact = true;
	return p == end && point > value->data + number->negative;
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
				convert_prepare_text(converter, value);
			if (scan_number(value->data, value->len, number))
				return true;
			if (converter->money)
			{
				const char *text = money_number(value->data, value->len);

				if (text)
					return scan_number(text, strlen(text), number);
			}
			number->exact = false;
			return converter->read != convert_integer &&
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
	return convert_unreadable(converter, value, ERRCODE_INVALID_TEXT_REPRESENTATION,
							  converter->money && value->kind == ROWS_STRING ?
							  "It is no amount of money that can be read in just one way." : NULL,
							  isnull);
}

Datum
convert_integer(Converter *converter, RowsValue *value, bool *isnull)
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
				convert_raise(converter, value, ERRCODE_INVALID_TEXT_REPRESENTATION,
							  "It has a fraction, and numbers are not rounded.",
							  "A column of type numeric or double precision can hold it.");
			case TOO_LARGE:
				convert_raise(converter, value, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							  "It is out of range.",
							  "A column of type numeric can hold it.");
		}
	}
	if (result < converter->minimum || result > converter->maximum)
		convert_raise(converter, value, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
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
 * Numbers as floating-point types have them, correctly rounded, as the input
 * functions do it.  That can be done here where arithmetic is done in the
 * type's own precision, in two ways:
 *
 * If a number's digits and power of ten are both exact in the type, one
 * operation in it gives the number.
 *
 * Else digits / 10^n is taken to 62 bits or more, the last of which tells
 * whether anything but zeros follows.  As the type has fewer bits by two at
 * least, the one rounding is that of the conversion to it.  Taking it by a
 * power of two afterwards is exact.
 */
static bool
number_is_exact(const Number *number, int mantissa_bits, size_t powers)
{
	return FLT_EVAL_METHOD == 0 && number->exact &&
		number->digits <= UINT64CONST(1) << mantissa_bits &&
		number->exponent > -(int64) powers && number->exponent < (int64) powers;
}

static bool
number_to_quotient(const Number *number, uint64 *quotient, int *exponent)
{
#ifdef HAVE_INT128
	uint64		divisor;
	int			digits_shift;
	int			divisor_shift;
	uint128		dividend;

	if (FLT_EVAL_METHOD != 0 || !number->exact || number->digits == 0 ||
		number->exponent > 0 || number->exponent < -MAX_DIGITS)
		return false;

	/* with their first bits set, the quotient has 63 or 64 bits */
	divisor = powers_of_ten[-number->exponent];
	digits_shift = 63 - pg_leftmost_one_pos64(number->digits);
	divisor_shift = 63 - pg_leftmost_one_pos64(divisor);
	divisor <<= divisor_shift;
	dividend = (uint128) (number->digits << digits_shift) << 63;
	*quotient = (uint64) (dividend / divisor);
	if ((uint128) *quotient * divisor != dividend)
		*quotient |= 1;
	*exponent = divisor_shift - digits_shift - 63;
	return true;
#else
	return false;
#endif
}

Datum
convert_float8(Converter *converter, RowsValue *value, bool *isnull)
{
	Number		number;
	double		result;
	uint64		quotient;
	int			exponent;

	if (!scan_short_decimal(value, &number))
	{
		if (!get_number(converter, value, &number))
			return not_a_number(converter, value, isnull);
		strip_zeros(&number);
	}
	if (number_is_exact(&number, DBL_MANT_DIG, lengthof(float8_powers)))
	{
		result = (double) number.digits;
		if (number.exponent < 0)
			result /= float8_powers[-number.exponent];
		else
			result *= float8_powers[number.exponent];
	}
	else if (number_to_quotient(&number, &quotient, &exponent))
		result = ldexp((double) quotient, exponent);
	else
		return convert_input_or_raise(converter, value, number.text, number.len);
	return Float8GetDatum(number.negative ? -result : result);
}

/* Not by way of float8: that would round twice */
Datum
convert_float4(Converter *converter, RowsValue *value, bool *isnull)
{
	Number		number;
	float		result;
	uint64		quotient;
	int			exponent;

	if (!get_number(converter, value, &number))
		return not_a_number(converter, value, isnull);
	strip_zeros(&number);
	if (number_is_exact(&number, FLT_MANT_DIG, lengthof(float4_powers)))
	{
		result = (float) number.digits;
		if (number.exponent < 0)
			result /= float4_powers[-number.exponent];
		else
			result *= float4_powers[number.exponent];
	}
	else if (number_to_quotient(&number, &quotient, &exponent))
		result = ldexpf((float) quotient, exponent);
	else
		return convert_input_or_raise(converter, value, number.text, number.len);
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
	if (magnitude >= powers_of_ten[precision] || magnitude > COMPAT_MAX_DECIMAL(*scale))
		return false;
	*digits = number->negative ? -(int64) magnitude : (int64) magnitude;
	return true;
}

Datum
convert_numeric(Converter *converter, RowsValue *value, bool *isnull)
{
	Number		number;
	int64		digits;
	int			scale;

	if (!scan_short_decimal(value, &number) && !get_number(converter, value, &number))
		return not_a_number(converter, value, isnull);
	if (number_to_decimal(&number, converter->typmod, &digits, &scale))
	{
		if (COMPAT_DECIMALS)
			return compat_decimal_to_numeric(digits, scale);
		if (scale == 0)
			return DirectFunctionCall1(int8_numeric, Int64GetDatum(digits));
	}
	return convert_input_or_raise(converter, value, number.text, number.len);
}

/*
 * The type money.  Its own input function reads by lc_monetary, where a dot
 * may group digits; its converter's input function is that of numeric.
 */
Datum
convert_cash(Converter *converter, RowsValue *value, bool *isnull)
{
	Datum		number = convert_numeric(converter, value, isnull);

	return *isnull ? (Datum) 0 : DirectFunctionCall1(numeric_cash, number);
}

Datum
convert_bool(Converter *converter, RowsValue *value, bool *isnull)
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
			return convert_unreadable(converter, value, ERRCODE_INVALID_TEXT_REPRESENTATION,
									  "Of numbers, only 0 and 1 are truth values.", isnull);
		default:
			return convert_other(converter, value, isnull);
	}
}
