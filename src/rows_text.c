/*-------------------------------------------------------------------------
 *
 * rows_text.c
 *	  What the strings say that rows.c finds: their escapes, and whether they
 *	  are valid UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#include "rows.h"

#include "rows_block.h"
#include "rows_scan.h"

#include <stdlib.h>
#include <string.h>

/* ---- escapes ---- */

/* What a letter behind a backslash stands for; 0 is none, and u not among them */
static const unsigned char letter_value[256] = {
	['"'] = '"', ['\\'] = '\\', ['/'] = '/',
	['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t',
};

/* What a hex digit stands for; -1 is none */
static const signed char digit_value[256] = {
	[0 ... '0' - 1] = -1,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
	['9' + 1 ... 'A' - 1] = -1,
	10, 11, 12, 13, 14, 15,
	['F' + 1 ... 'a' - 1] = -1,
	10, 11, 12, 13, 14, 15,
	['f' + 1 ... 255] = -1,
};

/* The value of hex digits, negative if one of them is none */
static ALWAYS_INLINE int
hex2(const unsigned char *p)
{
	return digit_value[p[0]] * 0x10 | digit_value[p[1]];
}

static ALWAYS_INLINE int
hex4(const unsigned char *p)
{
	return hex2(p) * 0x100 | hex2(p + 2);
}

/* An escape that is none */
static NEVER_INLINE const unsigned char *
invalid_escape(RowsScan *scan, const unsigned char *p)
{
	if (*++p != 'u')
		return rows_syntax_error(scan, p, "invalid escape in a string");
	do
		p++;
	while (digit_value[*p] >= 0);
	return rows_syntax_error(scan, p, "invalid \\u escape in a string");
}

const unsigned char *
rows_check_escapes(RowsScan *scan, const unsigned char *p)
{
	do
	{
		if (p[1] == 'u' && hex4(p + 2) >= 0)
			p += 6;
		else if (letter_value[p[1]] != 0)
			p += 2;
		else
			return invalid_escape(scan, p);
	} while (*p == '\\');
	return p;
}

/* Where decoding writes to */
typedef struct Decoded
{
	unsigned char *out;
	unsigned char *bad_at;		/* where status became what it is */
	RowsText	status;
} Decoded;

static void
decode_fails(Decoded *decoded, RowsText status)
{
	if (decoded->status != ROWS_TEXT_OK)
		return;
	decoded->status = status;
	decoded->bad_at = decoded->out;
}

/*
 * Decodes the escape \\uXXXX at p, any that stands for code.  Returns the position
 * behind it, or behind the second one of a surrogate pair.
 */
static NEVER_INLINE const unsigned char *
decode_code(const unsigned char *p, int code, Decoded *decoded)
{
	unsigned char *out = decoded->out;
	int			low = 0;

	if (code == 0)
		decode_fails(decoded, ROWS_TEXT_NUL);
	else if (code < 0x80)
		*out++ = code;
	else if (code < 0x800)
	{
		*out++ = 0xC0 | (code >> 6);
		*out++ = 0x80 | (code & 0x3F);
	}
	else if (code < 0xD800 || code > 0xDFFF)
	{
		*out++ = 0xE0 | (code >> 12);
		*out++ = 0x80 | ((code >> 6) & 0x3F);
		*out++ = 0x80 | (code & 0x3F);
	}
	else
	{
		/* the first half, and is the second there? */
		if (code <= 0xDBFF && p[6] == '\\' && p[7] == 'u')
			low = hex4(p + 8);
		if (low < 0xDC00 || low > 0xDFFF)
			decode_fails(decoded, ROWS_TEXT_SURROGATE);
		else
		{
			code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
			*out++ = 0xF0 | (code >> 18);
			*out++ = 0x80 | ((code >> 12) & 0x3F);
			*out++ = 0x80 | ((code >> 6) & 0x3F);
			*out++ = 0x80 | (code & 0x3F);
			p += 6;
		}
	}
	decoded->out = out;
	return p + 6;
}

/*
 * Makes room for what the strings from here to the end of the buffer may say, unless
 * the row has had a string with escapes before: then it is there.  A text is never
 * longer than its string with its quotes, the byte in front of it included.
 */
static ALWAYS_INLINE bool
reserve_text(RowsReader *reader, size_t needed)
{
	char	   *text;

	if (needed <= reader->text_capacity || reader->text_used > 0)
		return true;
	text = realloc(reader->text, needed);
	if (text == NULL)
		return false;
	reader->text = text;
	reader->text_capacity = needed;
	return true;
}

/* In one pass the string is checked, and decoded into the reader's memory. */
const unsigned char *
rows_scan_escaped(RowsScan *scan, const unsigned char *start, const unsigned char *p,
				  uint64_t high, RowsValue *value)
{
	RowsReader *reader = scan->reader;
	Decoded		decoded = {.status = ROWS_TEXT_OK};
	unsigned char *text;
	unsigned char *out;

	if (!reserve_text(reader, (size_t) (scan->end - start) + 1 + ROWS_PADDING))
		return rows_scan_fail(scan, start - 1, ROWS_ERR_MEMORY, "out of memory");

	/* what is in front of the first escape */
	text = out = (unsigned char *) reader->text + reader->text_used + 1;
	memcpy(out, start, BLOCK_SIZE);
	for (ptrdiff_t i = BLOCK_SIZE; i < p - start; i += BLOCK_SIZE)
		memcpy(out + i, start + i, BLOCK_SIZE);
	out += p - start;

	for (;;)
	{
		uint64_t	block_high;
		uint64_t	stops;

		while (*p == '\\')
		{
			int			code;

			/* the alphabets from Greek to Arabic: two bytes in UTF-8 */
			if (memcmp(p + 1, "u0", 2) == 0 && (unsigned int) p[3] - '0' < 8 &&
				(code = (p[3] - '0') * 0x100 | hex2(p + 4)) >= 0x80)
			{
				out[0] = 0xC0 | (code >> 6);
				out[1] = 0x80 | (code & 0x3F);
				out += 2;
				p += 6;
			}
			else if (letter_value[p[1]] != 0)
			{
				*out++ = letter_value[p[1]];
				p += 2;
			}
			else if (p[1] == 'u' && (code = hex4(p + 2)) >= 0)
			{
				decoded.out = out;
				p = decode_code(p, code, &decoded);
				out = decoded.out;
			}
			else
				return invalid_escape(scan, p);
		}

		/* what follows up to the next one, or to the end */
		stops = block_stops(p, &block_high);
		memcpy(out, p, BLOCK_SIZE);
		if (stops == 0)
		{
			high |= block_high;
			out += BLOCK_SIZE;
			p += BLOCK_SIZE;
			continue;
		}
		high |= block_high & (stops - 1) & ~stops;
		out += block_first(stops);
		p += block_first(stops);
		if (*p == '"')
			break;
		if (*p != '\\')
			return rows_syntax_error(scan, p, "control character in a string");
	}

	rows_note_value(value, start, p, ROWS_STRING, true, high == 0, false);
	value->status = decoded.status;
	value->decoded = (char *) text;
	value->decoded_len = (size_t) ((decoded.status == ROWS_TEXT_OK ? out : decoded.bad_at) - text);
	reader->text_used = (size_t) (out - (unsigned char *) reader->text);
	return p + 1;
}

/* ---- UTF-8 ---- */

/*
 * The bytes of a block, and those that a next block would begin with, are looked
 * at as far as they belong to the text; what follows it is there, and ignored.
 */
bool
rows_short_utf8(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *) text;
	uint64_t	carry = 0;		/* set: the first byte goes on with a character */

	for (;; p += BLOCK_SIZE, len -= BLOCK_SIZE)
	{
		uint64_t	inside = len < BLOCK_SIZE
			? ((uint64_t) 1 << (len << BLOCK_SHIFT)) - 1 : BLOCK_MASK;
		uint64_t	follows;
		uint64_t	high;
		uint64_t	leads = block_leads(p, &follows, &high) & inside;
		uint64_t	expected = (leads << (1 << BLOCK_SHIFT) & BLOCK_MASK) | carry;

		/* a character that begins last would have to go on behind the text */
		follows &= inside;
		if ((leads | follows) != (high & inside) || follows != expected)
			return false;
		if (len < BLOCK_SIZE)
			return true;
		carry = leads >> ((BLOCK_SIZE - 1) << BLOCK_SHIFT);
	}
}
