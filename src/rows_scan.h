/*-------------------------------------------------------------------------
 *
 * rows_scan.h
 *	  What the scanning functions of rows.c and rows_text.c share.
 *
 * rows.c says what they return.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ROWS_SCAN_H
#define ROWS_SCAN_H

#include "rows.h"

#include "rows_block.h"

typedef struct RowsScan
{
	const unsigned char *end;	/* of the buffer */
	bool		at_end;			/* and of the document */
	RowsReader *reader;
	const unsigned char *where; /* an error's position */
	RowsErrorKind error_kind;
	const char *error;			/* NULL if there is none */
} RowsScan;

/* Notes an error; returns NULL for the scanning function to return. */
extern NEVER_INLINE const unsigned char *rows_scan_fail(RowsScan *scan, const unsigned char *where,
														RowsErrorKind kind, const char *error);

/* The same for a byte that cannot be right, unless it is the one at the end. */
extern NEVER_INLINE const unsigned char *rows_syntax_error(RowsScan *scan, const unsigned char *where,
														   const char *error);

/* Fills in a value that is wanted; value is NULL if it is not. */
static ALWAYS_INLINE void
rows_note_value(RowsValue *value, const unsigned char *start, const unsigned char *behind,
				RowsKind kind, bool escaped, bool ascii, bool integer)
{
	if (value == NULL)
		return;
	value->data = (const char *) start;
	value->len = behind - start;
	value->kind = kind;
	value->escaped = escaped;
	value->ascii = ascii;
	value->integer = integer;
}

/*
 * The escapes that follow one upon the other, from the first backslash, where what
 * they stand for is not wanted.
 */
extern const unsigned char *rows_check_escapes(RowsScan *scan, const unsigned char *p);

/*
 * A wanted string with escapes: start is behind its opening quote, p at the first
 * backslash, and high is not 0 if a byte between them is not ASCII.  Returns the
 * position behind the closing quote.  value->decoded is in the reader's memory.
 */
extern const unsigned char *rows_scan_escaped(RowsScan *scan, const unsigned char *start,
											  const unsigned char *p, uint64_t high, RowsValue *value);

#endif							/* ROWS_SCAN_H */
