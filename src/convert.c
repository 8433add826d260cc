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
#include "convert.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/*
 * How much of a value, and of what a function said of it, errors show; and
 * how much of the value is searched for secrets before it is shortened
 */
#define SHOWN_VALUE		64
#define MASKED_VALUE	4096
#define SHOWN_DETAIL	256

/* Texts up to this length are handed to input functions without palloc */
#define SHORT_TEXT		64

static Datum read_text(Converter *converter, RowsValue *value, bool *isnull);

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
	{INT2OID, convert_integer, true, PG_INT16_MIN, PG_INT16_MAX, 0},
	{INT4OID, convert_integer, true, PG_INT32_MIN, PG_INT32_MAX, 0},
	{INT8OID, convert_integer, true, PG_INT64_MIN, PG_INT64_MAX, 0},
	{FLOAT4OID, convert_float4, true, 0, 0, 0},
	{FLOAT8OID, convert_float8, true, 0, 0, 0},
	{NUMERICOID, convert_numeric, true, 0, 0, 0},
	{CASHOID, convert_cash, true, 0, 0, 0},
	{BOOLOID, convert_bool, false, 0, 0, 0},
	{TEXTOID, read_text, false, 0, 0, 0},
	{VARCHAROID, read_text, false, 0, 0, 0},
	{DATEOID, convert_moment, true, 0, 0, 0},
	{TIMESTAMPOID, convert_moment, true, 0, 0, 0},
	{TIMESTAMPTZOID, convert_moment, true, 0, 0, 0},
	{TIMEOID, convert_time, true, 0, 0, 0},
	{TIMETZOID, convert_time, true, 0, 0, 0},
	{NAMEOID, convert_other, false, 0, 0, NAMEDATALEN - 1},
	{CHAROID, convert_other, false, 0, 0, 1},
	{InvalidOid, convert_other, false, 0, 0, 0}
};

/* ---- the text of a value ---- */

/*
 * Error context callback: the column, for errors that are not raised here.
 */
static void
column_context(void *arg)
{
	errcontext("column \"%s\"", ((const Converter *) arg)->column);
}

/*
 * UTF-8 to the database's encoding; the text itself where both are the same.
 */
static const char *
to_server(const Converter *converter, const char *utf8, size_t len)
{
	ErrorContextCallback errcallback;
	const char *text;

	errcallback.callback = column_context;
	errcallback.arg = unconstify(Converter *, converter);
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;
	text = pg_any_to_server(utf8, (int) len, PG_UTF8);
	error_context_stack = errcallback.previous;
	return text;
}

/*
 * Check the constraints of the column's domain.
 */
static pg_noinline void
check_domain(Converter *converter, Datum value, bool isnull)
{
	ErrorContextCallback errcallback;

	errcallback.callback = column_context;
	errcallback.arg = converter;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;
	domain_check(value, isnull, converter->domain, &converter->domain_cache,
				 converter->context);
	error_context_stack = errcallback.previous;
}

/*
 * Raise the error for a string whose escapes stand for what no text can hold.
 */
pg_noreturn static void
raise_untranslatable(const Converter *converter, RowsText status)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
			 errmsg("value of column \"%s\" cannot be converted to text",
					converter->column),
			 status == ROWS_TEXT_NUL ?
			 errdetail("It contains the character \\u0000, which cannot be stored.") :
			 errdetail("It contains one half of a Unicode surrogate pair.")));
}

/*
 * Take what the escapes of a string stand for, and see to it that the text is
 * valid UTF-8.  Where only escapes stand for what is not ASCII, it cannot be
 * anything else.
 */
void
convert_prepare_text(const Converter *converter, RowsValue *value)
{
	bool		ascii = value->ascii;

	if (value->escaped)
	{
		if (unlikely(value->status != ROWS_TEXT_OK))
			raise_untranslatable(converter, value->status);
		value->data = value->decoded;
		value->len = value->decoded_len;
		value->escaped = false;
		value->ascii = false;	/* there is no knowing */
	}
	if (!ascii && !rows_short_utf8(value->data, value->len) &&
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
const char *
convert_value_text(const Converter *converter, RowsValue *value, size_t *len)
{
	*len = value->len;
	if (value->escaped || !value->ascii)
	{
		convert_prepare_text(converter, value);
		*len = value->len;
		if (!value->ascii && !converter->utf8)
		{
			const char *text = to_server(converter, value->data, value->len);

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
pg_noreturn void
convert_raise(const Converter *converter, RowsValue *value, int sqlstate,
			  const char *detail, const char *hint)
{
	size_t		len;
	const char *text = convert_value_text(converter, value, &len);
	const char *shown = mask_settings(converter->options->settings, GetDatabaseEncoding(), text,
									  Min(len, MASKED_VALUE), 0, len > MASKED_VALUE);

	/* the detail often repeats the value: show it only if that is harmless */
	if (len > MASKED_VALUE || strncmp(shown, text, len) != 0)
		detail = NULL;
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
Datum
convert_unreadable(const Converter *converter, RowsValue *value, int sqlstate,
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
	convert_raise(converter, value, sqlstate, detail, hint);
}

/*
 * What an input function's error adds to ours, or NULL.  That the syntax is
 * invalid we say ourselves; its hints are left out, for they speak of
 * settings such as DateStyle, which play no part here.
 */
char *
convert_input_detail(const ErrorData *error)
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
ErrorData *
convert_call_input(const Converter *converter, FmgrInfo *input, int32 typmod,
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
Datum
convert_input_or_raise(Converter *converter, RowsValue *value, const char *text, size_t len)
{
	Datum		result;
	ErrorData  *error = convert_call_input(converter, &converter->input, converter->typmod,
										   text, len, &result);

	if (error)
		convert_raise(converter, value, error->sqlerrcode, convert_input_detail(error), NULL);
	return result;
}

/* ---- text and all types without rules of their own ---- */

static Datum
read_text(Converter *converter, RowsValue *value, bool *isnull)
{
	size_t		len = value->len;
	const char *source = value->data;
	text	   *result;

	if (value->escaped || !value->ascii)
	{
		if (likely(converter->utf8))
		{
			convert_prepare_text(converter, value);
			source = value->data;
			len = value->len;
		}
		else
			source = convert_value_text(converter, value, &len);
	}

	/* a text never has more characters than bytes */
	if (converter->typmod >= 0 && len > (size_t) (converter->typmod - VARHDRSZ))
		return convert_other(converter, value, isnull);

	/* the quote in front of a string gives way to the header of a short text */
	if (converter->in_place && len <= VARATT_SHORT_MAX - VARHDRSZ_SHORT &&
		value->kind == ROWS_STRING && source == value->data)
	{
		char	   *header = unconstify(char *, source) - VARHDRSZ_SHORT;

		SET_VARSIZE_SHORT(header, len + VARHDRSZ_SHORT);
		return PointerGetDatum(header);
	}

	result = palloc(len + VARHDRSZ);
	SET_VARSIZE(result, len + VARHDRSZ);
	memcpy(VARDATA(result), source, len);
	return PointerGetDatum(result);
}

Datum
convert_other(Converter *converter, RowsValue *value, bool *isnull)
{
	size_t		len;
	const char *text = convert_value_text(converter, value, &len);

	if (converter->max_length > 0 && len > converter->max_length)
		convert_raise(converter, value, ERRCODE_STRING_DATA_RIGHT_TRUNCATION,
					  "It is too long.", NULL);
	return convert_input_or_raise(converter, value, text, len);
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
	converter->utf8 = GetDatabaseEncoding() == PG_UTF8;
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

	if (converter->read == convert_moment)
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
 * From now on, short texts may be left where they are, among the bytes they
 * were read from: they live as long as these.
 */
void
converter_read_in_place(Converter *converter)
{
	converter->in_place = true;
}

/*
 * Read a value, in the current memory context.  The bytes of the value, and a
 * string's quote in front of them, may be written to; value tells then what
 * became of them.  Behind it there must be ROWS_PADDING bytes, as there are behind
 * the values of an answer.
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
		check_domain(converter, result, *isnull);
	return result;
}
