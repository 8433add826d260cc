/*-------------------------------------------------------------------------
 *
 * convert_datetime.c
 *	  Wire values to dates and times.
 *
 *-------------------------------------------------------------------------
 */
#include "convert.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

/* A date with or without a time of day */
typedef struct Moment
{
	Timestamp	time;			/* in UTC if zoned, else on the clock
								 * somewhere */
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

/* ---- dates and times ---- */

/* Two digits; sets *bad if there is something else */
static inline int
two_digits(const char *p, bool *bad)
{
	unsigned int tens = (unsigned int) p[0] - '0';
	unsigned int ones = (unsigned int) p[1] - '0';

	*bad |= (tens > 9) | (ones > 9);
	return (int) (tens * 10 + ones);
}

/*
 * Days from 1 January 2000 to a date that exists, in years after 0.  Years
 * that begin in March have the leap day at their end.
 */
static inline int
days_of_date(int year, int month, int day)
{
	static const short days_before[MONTHS_PER_YEAR] = {
		306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275
	};
	const int	epoch = 730426;

	year -= month <= 2;
	return year * 365 + year / 4 - year / 100 + year / 400 +
		days_before[month - 1] + day - epoch;
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
	bool		bad = false;

	if (*p == ' ')
		p++;
	*seconds = 0;
	if (end - p == 1)
		return *p == 'Z';
	if (end - p < 3 || (*p != '+' && *p != '-'))
		return false;
	west = *p++ == '-';
	hours = two_digits(p, &bad);
	p += 2;
	if (end - p == 3 && *p == ':')
		p++;
	if (end - p == 2)
		minutes = two_digits(p, &bad);
	else if (p != end)
		return false;
	if (bad || hours > MAX_TZDISP_HOUR || minutes >= MINS_PER_HOUR)
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
	bool		bad = false;

	if (len < 10 || p[4] != '-' || p[7] != '-')
		return false;
	year = two_digits(p, &bad) * 100 + two_digits(p + 2, &bad);
	month = two_digits(p + 5, &bad);
	day = two_digits(p + 8, &bad);
	if (bad || year < 1 || month < 1 || month > MONTHS_PER_YEAR || day < 1 ||
		(day > 28 && day > day_tab[isleap(year)][month - 1]))
		return false;
	moment->time = days_of_date(year, month, day) * USECS_PER_DAY;
	moment->zoned = false;
	moment->cut = false;
	if (len == 10)
		return true;

	if (len < 19 || (p[10] != ' ' && p[10] != 'T') || p[13] != ':' || p[16] != ':')
		return false;
	hour = two_digits(p + 11, &bad);
	minute = two_digits(p + 14, &bad);
	second = two_digits(p + 17, &bad);
	if (bad || hour >= HOURS_PER_DAY || minute >= MINS_PER_HOUR || second >= SECS_PER_MINUTE)
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

	return convert_call_input(converter, input, -1, twice, strlen(twice), &result) != NULL;
}

pg_noreturn static void
raise_zoned(const Converter *converter, RowsValue *value, const char *hint)
{
	convert_raise(converter, value, ERRCODE_DATATYPE_MISMATCH,
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
Datum
convert_moment(Converter *converter, RowsValue *value, bool *isnull)
{
	Moment		moment;
	bool		valid = true;

	if (value->kind == ROWS_STRING && (value->escaped || !value->ascii))
		convert_prepare_text(converter, value);
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
			return convert_unreadable(converter, value, ERRCODE_INVALID_DATETIME_FORMAT,
									  "Dates are read in the form 2024-08-30 or 2024-08-30 12:19:57.",
									  isnull);

		/* date_in takes the day as it is written where rounding would move it */
		moment.zoned = form == FORM_ZONED;
		input = moment.zoned ? &converter->zoned_input :
			converter->type == DATEOID ? &converter->input : &converter->local_input;
		error = convert_call_input(converter, input, -1, value->data, value->len, &result);
		if (error)
			return convert_unreadable(converter, value, error->sqlerrcode,
									  convert_input_detail(error), isnull);
		if (moment.zoned && !has_zone(converter, input, value->data, value->len))
			return convert_unreadable(converter, value, ERRCODE_INVALID_DATETIME_FORMAT,
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
		return convert_unreadable(converter, value, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE,
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
Datum
convert_time(Converter *converter, RowsValue *value, bool *isnull)
{
	TextForm	form = FORM_OTHER;
	ErrorData  *error;
	Datum		result;

	if (value->kind == ROWS_STRING)
	{
		const char *p;
		const char *end;

		if (value->escaped || !value->ascii)
			convert_prepare_text(converter, value);
		end = value->data + value->len;
		form = moment_form(value->data, end);
		p = skip_blanks(value->data, end);
		if (form == FORM_OTHER && p < end && is_digit(*p))
			form = clock_form(p, end);
	}
	if (form == FORM_OTHER)
		return convert_unreadable(converter, value, ERRCODE_INVALID_DATETIME_FORMAT,
								  "Times are read in the form 12:19:57.", isnull);

	error = convert_call_input(converter, &converter->input, converter->typmod,
							   value->data, value->len, &result);
	if (error)
		return convert_unreadable(converter, value, error->sqlerrcode, convert_input_detail(error), isnull);
	if (form == FORM_ZONED && converter->type == TIMEOID)
		raise_zoned(converter, value, "Use the type time with time zone.");
	return result;
}
