/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  Streaming reader of a JSON array of arrays.
 *
 * One pass over the bytes: a row is scanned and its values noted as pointers
 * into the caller's buffer.  When the bytes run out inside a row, what was
 * noted is forgotten, and the row is scanned again from its start once there
 * are more of them.  That keeps all state between two calls down to where in
 * the document's outermost array we are (RowsPhase), and it lets the scanning
 * functions be plain and fast: they need not be able to stop in the middle.
 *
 * Each scanning function takes the position of a token's first byte and
 * returns the position behind the token, or NULL.  NULL without an error in
 * the RowsScan means that the bytes ran out.  So it does if nothing follows a
 * value: a comma or a bracket must, and a number may go on in the next buffer.
 * An error is reported as soon as its byte is seen, and no sooner.  Hence the
 * result, errors and their offsets included, does not depend on how the
 * document is cut into buffers.
 *
 * Behind the bytes are zeros (ROWS_PADDING).  A zero may stand nowhere in a
 * document, so that no step has to look for the end: it meets a byte that
 * cannot be right, and rows_syntax_error() tells the end from a mistake.
 *
 *-------------------------------------------------------------------------
 */
#include "rows.h"

#include "rows_block.h"
#include "rows_scan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Where in the document the next byte stands */
typedef enum RowsPhase
{
	PHASE_BOM,					/* at offset 0 */
	PHASE_START,				/* before the opening bracket */
	PHASE_FIRST,				/* behind it: a row or the closing bracket */
	PHASE_AFTER_ROW,			/* a comma or the closing bracket */
	PHASE_AFTER_COMMA,			/* a row */
	PHASE_DONE,					/* behind the closing bracket */
	PHASE_FAILED				/* an error has been reported */
} RowsPhase;

#define BYTE_SPACE	0x01		/* white space */
#define BYTE_DIGIT	0x02
#define BYTE_VALUE	0x04		/* starts a value */

/* short forms for the table */
#define DIGIT	(BYTE_DIGIT | BYTE_VALUE)
#define VALUE	BYTE_VALUE

static const unsigned char byte_class[256] = {
	['\t'] = BYTE_SPACE, ['\n'] = BYTE_SPACE, ['\r'] = BYTE_SPACE, [' '] = BYTE_SPACE,
	['"'] = VALUE, ['-'] = VALUE, ['['] = VALUE, ['{'] = VALUE,
	['0'] = DIGIT, DIGIT, DIGIT, DIGIT, DIGIT,
	['5'] = DIGIT, DIGIT, DIGIT, DIGIT, DIGIT,
	['f'] = VALUE, ['n'] = VALUE, ['t'] = VALUE,
};

#undef DIGIT
#undef VALUE

static inline bool
is_byte(unsigned char c, unsigned char class)
{
	return (byte_class[c] & class) != 0;
}

/* ---- steps over bytes ---- */

static ALWAYS_INLINE const unsigned char *
skip_space(const unsigned char *p)
{
	while (UNLIKELY(*p <= ' ') && is_byte(*p, BYTE_SPACE))
		p++;
	return p;
}

static ALWAYS_INLINE const unsigned char *
skip_digits(const unsigned char *p)
{
	for (;; p += BLOCK_SIZE)
	{
		uint64_t	others = block_others(p);

		if (others != 0)
			return p + block_first(others);
	}
}

/*
 * Returns the position of the first byte that may not stand in a string just
 * so, which the one at the end is.  Of the bytes passed over, *high gets a bit
 * for those that are not ASCII.
 */
static ALWAYS_INLINE const unsigned char *
find_string_stop(const unsigned char *p, uint64_t *high)
{
	for (;; p += BLOCK_SIZE)
	{
		uint64_t	block_high;
		uint64_t	stops = block_stops(p, &block_high);

		if (stops != 0)
		{
			/* of those in front of the first stop only */
			*high |= block_high & (stops - 1) & ~stops;
			return p + block_first(stops);
		}
		*high |= block_high;
	}
}

/* ---- scanning ---- */

const unsigned char *
rows_scan_fail(RowsScan *scan, const unsigned char *where, RowsErrorKind kind,
			   const char *error)
{
	scan->where = where;
	scan->error_kind = kind;
	scan->error = error;
	return NULL;
}

const unsigned char *
rows_syntax_error(RowsScan *scan, const unsigned char *where, const char *error)
{
	if (where == scan->end)
		return NULL;
	return rows_scan_fail(scan, where, ROWS_ERR_SYNTAX, error);
}

/* ---- values ---- */

/* A string, from its opening quote. */
static ALWAYS_INLINE const unsigned char *
scan_string(RowsScan *scan, const unsigned char *p, RowsValue *value)
{
	const unsigned char *start = ++p;
	uint64_t	high = 0;

	while (*(p = find_string_stop(p, &high)) != '"')
	{
		if (*p != '\\')
			return rows_syntax_error(scan, p, "control character in a string");
		if (value != NULL)
			return rows_scan_escaped(scan, start, p, high, value);
		p = rows_check_escapes(scan, p);
		if (p == NULL)
			return NULL;
	}
	rows_note_value(value, start, p, ROWS_STRING, false, high == 0, false);
	return p + 1;
}

/*
 * A number, from its minus sign or first digit.  If it ends where the buffer
 * does, it may not be all of it; our caller sees that nothing follows.
 */
static ALWAYS_INLINE const unsigned char *
scan_number(RowsScan *scan, const unsigned char *p, RowsValue *value)
{
	const unsigned char *start = p;
	const unsigned char *digits;
	bool		integer = true;

	digits = *p == '-' ? p + 1 : p;
	p = skip_digits(digits);
	if (p == digits)
		return rows_syntax_error(scan, p, "invalid number");
	if (*digits == '0' && p > digits + 1)
		return rows_syntax_error(scan, digits + 1, "number with a leading zero");

	if (*p == '.')
	{
		integer = false;
		digits = p + 1;
		p = skip_digits(digits);
		if (p == digits)
			return rows_syntax_error(scan, p, "invalid number");
	}
	if (UNLIKELY(*p == 'e' || *p == 'E'))
	{
		integer = false;
		digits = p[1] == '+' || p[1] == '-' ? p + 2 : p + 1;
		p = skip_digits(digits);
		if (p == digits)
			return rows_syntax_error(scan, p, "invalid number");
	}

	rows_note_value(value, start, p, ROWS_NUMBER, false, true, integer);
	return p;
}

/* One of the three words, from its first letter, which is known to fit. */
static ALWAYS_INLINE const unsigned char *
scan_word(RowsScan *scan, const unsigned char *p, const char *word, size_t len,
		  RowsKind kind, RowsValue *value)
{
	const unsigned char *start = p;

	for (size_t i = 1; i < len; i++)
	{
		if (*++p != (unsigned char) word[i])
			return rows_syntax_error(scan, p, "invalid literal");
	}

	rows_note_value(value, start, p + 1, kind, false, true, false);
	return p + 1;
}

/*
 * Any value but an array or an object, from its first byte.  value is NULL if
 * it is not wanted, here and below.
 */
static ALWAYS_INLINE const unsigned char *
scan_scalar(RowsScan *scan, const unsigned char *p, RowsValue *value)
{
	if (*p == '"')
		return scan_string(scan, p, value);
	if (is_byte(*p, BYTE_DIGIT) || *p == '-')
		return scan_number(scan, p, value);
	if (*p == 'n')
		return scan_word(scan, p, "null", 4, ROWS_NULL, value);
	if (*p == 't')
		return scan_word(scan, p, "true", 4, ROWS_TRUE, value);
	if (*p == 'f')
		return scan_word(scan, p, "false", 5, ROWS_FALSE, value);
	return rows_syntax_error(scan, p, "expected a value");
}

/*
 * A member's key, colon and the white space around it; returns the position
 * of the member's value.
 */
static const unsigned char *
scan_key(RowsScan *scan, const unsigned char *p, bool *ascii)
{
	RowsValue	key = {0};

	if (*p != '"')
		return rows_syntax_error(scan, p, "expected a string as the key of an object's member");
	p = scan_string(scan, p, &key);
	if (p == NULL)
		return NULL;
	*ascii &= key.ascii;
	p = skip_space(p);
	if (*p != ':')
		return rows_syntax_error(scan, p, "expected a colon after the key of an object's member");
	return skip_space(p + 1);
}

/*
 * An array or an object as a value, from its opening bracket.  It is checked
 * in full but not taken apart.  What is open at the moment is kept as one bit
 * for each level, so that no document can exhaust the C stack.
 */
static NEVER_INLINE const unsigned char *
scan_nested(RowsScan *scan, const unsigned char *p, RowsValue *value)
{
	const unsigned char *start = p;
	uint64_t	objects[ROWS_MAX_DEPTH / 64] = {0}; /* bit set: it is an
													 * object */
	const int	outside = 2;	/* the document and the row */
	int			depth = outside;
	bool		is_object = false;	/* the innermost open one */
	bool		ascii = true;
	RowsValue	inner = {0};

	for (;;)
	{
		/* p is at the first byte of a value */
		if (*p == '[' || *p == '{')
		{
			uint64_t	bit;

			if (depth == ROWS_MAX_DEPTH)
				return rows_scan_fail(scan, p, ROWS_ERR_DEPTH, "value is nested too deeply");
			is_object = (*p == '{');
			bit = (uint64_t) 1 << (depth % 64);
			if (is_object)
				objects[depth / 64] |= bit;
			else
				objects[depth / 64] &= ~bit;
			depth++;

			p = skip_space(p + 1);
			if (*p != (is_object ? '}' : ']'))
			{
				if (is_object && (p = scan_key(scan, p, &ascii)) == NULL)
					return NULL;
				continue;
			}
			/* an empty one: its closing bracket is dealt with below */
		}
		else
		{
			p = scan_scalar(scan, p, &inner);
			if (p == NULL)
				return NULL;
			ascii &= inner.ascii;
			p = skip_space(p);
		}

		/* behind a value: close what ends here, up to the next value */
		while (*p == (is_object ? '}' : ']'))
		{
			p++;
			if (--depth == outside)
			{
				rows_note_value(value, start, p, is_object ? ROWS_OBJECT : ROWS_ARRAY,
						   false, ascii, false);
				return p;
			}
			is_object = (objects[(depth - 1) / 64] >> ((depth - 1) % 64)) & 1;
			p = skip_space(p);
		}
		if (*p != ',')
			return rows_syntax_error(scan, p, is_object ?
								"expected a comma or a closing brace" :
								"expected a comma or a closing bracket");
		p = skip_space(p + 1);
		if (is_object && (p = scan_key(scan, p, &ascii)) == NULL)
			return NULL;
	}
}

/* A value that is neither a string nor a number. */
static NEVER_INLINE const unsigned char *
scan_other(RowsScan *scan, const unsigned char *p, RowsValue *value)
{
	return *p == '[' || *p == '{' ? scan_nested(scan, p, value) : scan_scalar(scan, p, value);
}

/* Any value. */
static ALWAYS_INLINE const unsigned char *
scan_value(RowsScan *scan, const unsigned char *p, RowsValue *value)
{
	if (*p == '"')
		return scan_string(scan, p, value);
	if (is_byte(*p, BYTE_DIGIT) || *p == '-')
		return scan_number(scan, p, value);
	return scan_other(scan, p, value);
}

/* Makes room for that many values.  False if there is no memory for them. */
static bool
reserve_values(RowsReader *reader, size_t needed)
{
	size_t		capacity = reader->capacity;
	RowsValue  *values;

	if (needed <= capacity)
		return true;

	/* at least double it, so that reading a long header stays linear */
	if (capacity < 8)
		capacity = 8;
	if (needed < capacity * 2)
		needed = capacity * 2;
	if (needed > SIZE_MAX / sizeof(RowsValue))
		return false;
	values = realloc(reader->values, needed * sizeof(RowsValue));
	if (values == NULL)
		return false;
	reader->values = values;
	reader->capacity = needed;
	return true;
}

/*
 * A row, from its opening bracket, into reader->values and nvalues.  Made twice:
 * for the header, and for the rows behind it, of which it is known what is
 * wanted.
 */
static ALWAYS_INLINE const unsigned char *
scan_row(RowsReader *reader, RowsScan *scan, const unsigned char *p, bool has_columns)
{
	const unsigned char *start = p;
	const int  *slot_of = reader->slot_of;
	const size_t width = reader->width;
	size_t		n = 0;

	p = skip_space(p + 1);
	if (*p != ']')
	{
		for (;;)
		{
			RowsValue  *value = NULL;

			if (!has_columns)
			{
				if (p == scan->end)
					return NULL;
				if (n == reader->max_width && n > 0)
				{
					reader->nvalues = n + 1;
					return rows_scan_fail(scan, start, ROWS_ERR_WIDTH, "row has too many values");
				}
				if (n == reader->capacity && !reserve_values(reader, n + 1))
					return rows_scan_fail(scan, p, ROWS_ERR_MEMORY, "out of memory");
				value = &reader->values[n];
			}
			else if (n < width && slot_of[n] >= 0)
				value = &reader->values[slot_of[n]];
			n++;

			p = value != NULL ? scan_value(scan, p, value) : scan_value(scan, p, NULL);
			if (p == NULL)
				return NULL;

			p = skip_space(p);
			if (*p == ']')
				break;
			if (*p != ',')
				return rows_syntax_error(scan, p, "expected a comma or a closing bracket");
			p = skip_space(p + 1);
		}
	}

	reader->nvalues = n;
	if (has_columns && n != width)
		return rows_scan_fail(scan, start, ROWS_ERR_WIDTH, n < width ?
						 "row has too few values" :
						 "row has too many values");
	return p + 1;
}

void
rows_init(RowsReader *reader)
{
	static const RowsReader fresh = {.phase = PHASE_BOM};

	*reader = fresh;
}

void
rows_free(RowsReader *reader)
{
	free(reader->values);
	free(reader->text);
	rows_init(reader);
}

bool
rows_set_columns(RowsReader *reader, const int *slot_of, int width, int nslots)
{
	assert(width >= 0 && nslots >= 0);
	for (int i = 0; i < width; i++)
		assert(slot_of[i] >= -1 && slot_of[i] < nslots);

	if (!reserve_values(reader, (size_t) nslots))
		return false;
	for (int i = 0; i < nslots; i++)
	{
		RowsValue  *value = &reader->values[i];

		value->data = "null";
		value->len = 4;
		value->kind = ROWS_NULL;
		value->escaped = false;
		value->ascii = true;
		value->integer = false;
	}
	reader->slot_of = slot_of;
	reader->width = (size_t) width;
	reader->has_columns = true;
	return true;
}

/*
 * Goes from the buffer's start, *pos, to the next row.  *pos and the phase move
 * only past what need not be looked at again.  Returns
 *
 * ROWS_ROW: *pos is at a row's opening bracket
 * ROWS_MORE: the bytes ran out before one
 * ROWS_END: likewise, but behind the document's closing bracket
 * ROWS_ERROR: see scan
 */
static RowsStatus
find_row(RowsReader *reader, RowsScan *scan, const unsigned char **pos)
{
	static const unsigned char bom[] = {0xEF, 0xBB, 0xBF};
	const unsigned char *end = scan->end;
	const unsigned char *p = *pos;

	if (reader->phase == PHASE_BOM)
	{
		size_t		len = end - p;

		if (len < sizeof(bom) && !scan->at_end && memcmp(p, bom, len) == 0)
			return ROWS_MORE;
		if (len >= sizeof(bom) && memcmp(p, bom, sizeof(bom)) == 0)
			p += sizeof(bom);
		reader->phase = PHASE_START;
	}

	for (;;)
	{
		p = skip_space(p);
		*pos = p;
		if (p == end)
			return reader->phase == PHASE_DONE ? ROWS_END : ROWS_MORE;

		switch (reader->phase)
		{
			case PHASE_START:
				if (*p != '[')
				{
					rows_scan_fail(scan, p, ROWS_ERR_NOT_ARRAY, "document is not an array");
					return ROWS_ERROR;
				}
				reader->phase = PHASE_FIRST;
				break;

			case PHASE_AFTER_ROW:
				if (*p == ',')
					reader->phase = PHASE_AFTER_COMMA;
				else if (*p == ']')
					reader->phase = PHASE_DONE;
				else
				{
					rows_syntax_error(scan, p, "expected a comma or a closing bracket");
					return ROWS_ERROR;
				}
				break;

			case PHASE_FIRST:
			case PHASE_AFTER_COMMA:
				if (*p == '[')
					return ROWS_ROW;
				if (*p == ']' && reader->phase == PHASE_FIRST)
				{
					reader->phase = PHASE_DONE;
					break;
				}
				if (is_byte(*p, BYTE_VALUE))
					rows_scan_fail(scan, p, ROWS_ERR_NOT_ARRAY,
							  "element of the document is not an array");
				else
					rows_syntax_error(scan, p, "expected a row");
				return ROWS_ERROR;

			default:			/* PHASE_DONE */
				rows_syntax_error(scan, p, "unexpected character after the document");
				return ROWS_ERROR;
		}
		p++;
	}
}

RowsStatus
rows_next(RowsReader *reader, const char *data, size_t len, bool at_end,
		  size_t *consumed)
{
	static const unsigned char nothing[ROWS_PADDING] = {0};
	const unsigned char *start = len > 0 ? (const unsigned char *) data : nothing;
	const unsigned char *p = start;
	RowsStatus	status;
	RowsScan		scan;

	*consumed = 0;
	if (reader->phase == PHASE_FAILED)
		return ROWS_ERROR;

	scan.end = start + len;
	scan.at_end = at_end;
	scan.reader = reader;
	scan.error = NULL;

	reader->text_used = 0;

	/* what the row in front of us is called, should it prove to be wrong */
	reader->row = reader->nrows;

	/* a row behind another one, most often, and nothing else between them */
	if (reader->phase == PHASE_AFTER_ROW && p[0] == ',' && p[1] == '[')
	{
		reader->phase = PHASE_AFTER_COMMA;
		p++;
		status = ROWS_ROW;
	}
	else
		status = find_row(reader, &scan, &p);
	if (status == ROWS_ROW)
	{
		const unsigned char *behind = reader->has_columns
			? scan_row(reader, &scan, p, true) : scan_row(reader, &scan, p, false);

		if (behind != NULL)
		{
			p = behind;
			reader->phase = PHASE_AFTER_ROW;
			reader->nrows++;
		}
		else
			status = scan.error ? ROWS_ERROR : ROWS_MORE;
	}

	if (status == ROWS_END && !at_end)
		status = ROWS_MORE;
	else if (status == ROWS_MORE && at_end)
	{
		/* bytes are only left over if they are the beginning of a row */
		rows_scan_fail(&scan, scan.end, ROWS_ERR_TRUNCATED,
				  reader->phase == PHASE_START ? "empty document" :
				  p == scan.end ? "document ends before its closing bracket" :
				  "document ends inside a row");
		status = ROWS_ERROR;
	}

	if (status == ROWS_ERROR)
	{
		reader->phase = PHASE_FAILED;
		reader->error_kind = scan.error_kind;
		reader->error = scan.error;
		reader->error_offset = reader->offset + (uint64_t) (scan.where - start);
		return ROWS_ERROR;
	}

	*consumed = p - start;
	reader->offset += *consumed;
	return status;
}
