/*-------------------------------------------------------------------------
 *
 * rows_text.c
 *	  Whether the text of a string that rows.c has found is valid UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#include "rows.h"

#include "rows_block.h"

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
