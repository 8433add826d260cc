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
 * Do the bytes of a block follow each other as they should?  carry has a bit
 * for the first byte if a character began right in front of it, and gets that
 * for the next block's.
 */
static inline bool
block_is_utf8(const unsigned char *p, uint64_t *carry)
{
	uint64_t	follows;
	uint64_t	high;
	uint64_t	leads = block_leads(p, &follows, &high);
	uint64_t	expected = (leads << (1 << BLOCK_SHIFT) & BLOCK_MASK) | *carry;

	*carry = leads >> ((BLOCK_SIZE - 1) << BLOCK_SHIFT);
	return (leads | follows) == high && follows == expected;
}

bool
rows_short_utf8(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *) text;
	const unsigned char *end = p + len;
	uint64_t	carry = 0;
	bool		inside;			/* a character, behind its first byte */

	for (; end - p >= BLOCK_SIZE; p += BLOCK_SIZE)
	{
		if (!block_is_utf8(p, &carry))
			return false;
	}

	inside = carry != 0;
	for (; p < end; p++)
	{
		if (inside)
		{
			if ((*p & 0xC0) != 0x80)
				return false;
			inside = false;
		}
		else if (*p >= 0x80)
		{
			if (*p < 0xC2 || *p > 0xDF)
				return false;
			inside = true;
		}
	}
	return !inside;
}
