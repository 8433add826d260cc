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

/*
 * The value of four hex digits, which they are known to be: all at once, as the
 * bytes of one word.
 */
static ALWAYS_INLINE unsigned int
hex4(const unsigned char *p)
{
	uint32_t	bytes = (uint32_t) p[0] | (uint32_t) p[1] << 8 |
		(uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
	uint32_t	digits = (bytes & 0x0F0F0F0F) + 9 * (bytes >> 6 & 0x01010101);
	uint32_t	pairs = digits << 4 | digits >> 8;

	return (pairs & 0xFF) << 8 | (pairs >> 16 & 0xFF);
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
	const unsigned char *start = (const unsigned char *) src;
	const unsigned char *end = start + len;
	const unsigned char *p = start;
	unsigned char *out = (unsigned char *) dst;
	RowsText	result = ROWS_TEXT_OK;

	/*
	 * src and dst may be one, because out never overtakes p: a whole block is
	 * written only where what lies between them has been read.
	 */
	while (p < end)
	{
		unsigned int code;

		if (*p != '\\')
		{
			uint64_t	backslashes = block_backslashes(p);
			size_t		plain = backslashes != 0 ? (size_t) block_first(backslashes) : BLOCK_SIZE;
			size_t		behind = (size_t) (p - start) - (size_t) (out - (unsigned char *) dst);

			if (plain > (size_t) (end - p))
				plain = (size_t) (end - p);
			if (behind + plain >= BLOCK_SIZE)
				memmove(out, p, BLOCK_SIZE);
			else
			{
				for (size_t i = 0; i < plain; i++)
					out[i] = p[i];
			}
			p += plain;
			out += plain;
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
