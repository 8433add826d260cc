/*-------------------------------------------------------------------------
 *
 * rows_text.c
 *	  The text of a string that rows.c has found: its escapes, and whether it
 *	  is valid UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#include "rows.h"

#include "rows_block.h"

/* ---- escapes ---- */

/* The value of four hex digits, which they are known to be */
static ALWAYS_INLINE unsigned int
hex4(const unsigned char *p)
{
	static const unsigned char value[256] = {
		['0'] = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
		['A'] = 10, 11, 12, 13, 14, 15,
		['a'] = 10, 11, 12, 13, 14, 15
	};

	return (unsigned int) value[p[0]] << 12 | (unsigned int) value[p[1]] << 8 |
		(unsigned int) value[p[2]] << 4 | value[p[3]];
}

/* What the letter behind a backslash stands for, which is known to be one */
static ALWAYS_INLINE unsigned char
escape_value(unsigned char c)
{
	switch (c)
	{
		case 'b':
			return '\b';
		case 'f':
			return '\f';
		case 'n':
			return '\n';
		case 'r':
			return '\r';
		case 't':
			return '\t';
		default:				/* quote, backslash and slash */
			return c;
	}
}

RowsText
rows_unescape(const char *src, size_t len, char *dst, size_t *dst_len)
{
	const unsigned char *p = (const unsigned char *) src;
	const unsigned char *end = p + len;
	unsigned char *out = (unsigned char *) dst;
	RowsText	result = ROWS_TEXT_OK;

	/* what is read of src before dst is written to makes that they may be one */
	while (p < end)
	{
		unsigned int code;

		if (*p != '\\')
		{
			while (end - p >= BLOCK_SIZE && !block_has_backslash(p))
			{
				memmove(out, p, BLOCK_SIZE);
				p += BLOCK_SIZE;
				out += BLOCK_SIZE;
			}
			while (p < end && *p != '\\')
				*out++ = *p++;
			continue;
		}

		if (p[1] != 'u')
		{
			*out++ = escape_value(p[1]);
			p += 2;
			continue;
		}

		code = hex4(p + 2);
		if (code >= 0x80 && code < 0x800)
		{
			*out++ = 0xC0 | (code >> 6);
			*out++ = 0x80 | (code & 0x3F);
			p += 6;
			continue;
		}
		if (UNLIKELY(code == 0))
		{
			result = ROWS_TEXT_NUL;
			break;
		}
		if (code >= 0xD800 && code <= 0xDFFF)
		{
			unsigned int low = 0;

			/* the first half, and is the second there? */
			if (code <= 0xDBFF && end - p >= 12 && p[6] == '\\' && p[7] == 'u')
				low = hex4(p + 8);
			if (low < 0xDC00 || low > 0xDFFF)
			{
				result = ROWS_TEXT_SURROGATE;
				break;
			}
			code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
			*out++ = 0xF0 | (code >> 18);
			*out++ = 0x80 | ((code >> 12) & 0x3F);
			*out++ = 0x80 | ((code >> 6) & 0x3F);
			*out++ = 0x80 | (code & 0x3F);
			p += 12;
			continue;
		}
		if (code >= 0x800)
		{
			*out++ = 0xE0 | (code >> 12);
			*out++ = 0x80 | ((code >> 6) & 0x3F);
			*out++ = 0x80 | (code & 0x3F);
		}
		else
			*out++ = code;
		p += 6;
	}

	*dst_len = out - (unsigned char *) dst;
	return result;
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
