/*-------------------------------------------------------------------------
 *
 * convert.h
 *	  What the files that convert values share: convert.c, convert_number.c
 *	  and convert_datetime.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_CONVERT_H
#define BICONNECTOR_CONVERT_H

#include "biconnector_fdw.h"

#include <limits.h>

#include "fmgr.h"
#include "pgtime.h"

/*
 * Reads a value that is not null.  Sets *isnull, which is false before, if it
 * makes NULL of it.
 */
typedef Datum (*ReadFunction) (Converter *converter, RowsValue *value, bool *isnull);

struct Converter
{
	ReadFunction read;
	Oid			type;			/* the column's type, or what its domain is
								 * over */
	int32		typmod;
	FmgrInfo	input;
	Oid			typioparam;
	bool		soft;			/* input returns its errors, see compat.h */
	int64		minimum;		/* of integer types */
	int64		maximum;
	size_t		max_length;		/* of types that cut what is longer; or 0 */
	bool		money;			/* a currency may stand with the number */
	bool		can_be_invalid; /* the option invalid_values applies */
	bool		utf8;			/* is the database's encoding */
	bool		in_place;		/* see converter_read_in_place() */
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

/* ---- convert.c ---- */

extern void convert_prepare_text(const Converter *converter, RowsValue *value);
extern const char *convert_value_text(const Converter *converter, RowsValue *value,
									  size_t *len);
pg_noreturn extern void convert_raise(const Converter *converter, RowsValue *value,
									  int sqlstate, const char *detail,
									  const char *hint);
extern Datum convert_unreadable(const Converter *converter, RowsValue *value,
								int sqlstate, const char *detail, bool *isnull);
extern char *convert_input_detail(const ErrorData *error);
extern ErrorData *convert_call_input(const Converter *converter, FmgrInfo *input,
									 int32 typmod, const char *text, size_t len,
									 Datum *result);
extern Datum convert_other(Converter *converter, RowsValue *value, bool *isnull);
extern Datum convert_input_or_raise(Converter *converter, RowsValue *value,
									const char *text, size_t len);

/* ---- convert_number.c ---- */

extern Datum convert_integer(Converter *converter, RowsValue *value, bool *isnull);
extern Datum convert_float4(Converter *converter, RowsValue *value, bool *isnull);
extern Datum convert_float8(Converter *converter, RowsValue *value, bool *isnull);
extern Datum convert_numeric(Converter *converter, RowsValue *value, bool *isnull);
extern Datum convert_bool(Converter *converter, RowsValue *value, bool *isnull);
extern Datum convert_cash(Converter *converter, RowsValue *value, bool *isnull);

/* ---- convert_datetime.c ---- */

extern Datum convert_moment(Converter *converter, RowsValue *value, bool *isnull);
extern Datum convert_time(Converter *converter, RowsValue *value, bool *isnull);

/* ---- bytes ---- */

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
static inline const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

static inline int
skip_digits(const char **p, const char *end)
{
	const char *start = *p;

	while (*p < end && is_digit(**p))
		(*p)++;
	return (int) Min(*p - start, INT_MAX);
}

#endif							/* BICONNECTOR_CONVERT_H */
