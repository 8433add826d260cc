/*-------------------------------------------------------------------------
 *
 * rows.h
 *	  Streaming reader of a JSON array of arrays.
 *
 * A connector answers with one document, [["ID","NAME"],[1,"a"],[2,null]]:
 * an array whose elements are rows, the first of them the header.  The reader
 * hands out one row at a time from a buffer that its caller fills.  Values
 * are pointers into that buffer: nothing is copied and no tree is built.
 *
 * The grammar is that of RFC 8259 and nothing more, except that a UTF-8 byte
 * order mark at the very start of the document is skipped (scripts saved with
 * one send it along).  What is not such a document is an error, and so is a
 * document that ends early: the reader never makes fewer rows of it.
 *
 * Whether the bytes inside strings are valid UTF-8 is NOT checked here.  That
 * is the caller's part; RowsValue.ascii says where it can be left out.
 *
 * The use of it:
 *
 *		rows_init(&reader);
 *		for (;;)
 *		{
 *			status = rows_next(&reader, data, len, at_end, &consumed);
 *			ROWS_ROW:	use reader.values; then drop the first consumed bytes
 *			ROWS_MORE:	drop the first consumed bytes; add bytes or set at_end
 *			ROWS_END:	done, the document was complete
 *			ROWS_ERROR: reader.error says what is wrong with it
 *		}
 *		rows_free(&reader);
 *
 * This file and rows.c need nothing but the C library.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ROWS_H
#define ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How many arrays and objects may be open at once, the document and the row
 * included.  PHP's encoder, which most connectors use, has the same limit.
 */
#define ROWS_MAX_DEPTH 512

/*
 * How many zeros must stand behind the bytes that rows_next() is given.  They
 * are no part of the document.
 */
#define ROWS_PADDING 16

typedef enum RowsStatus
{
	ROWS_ROW,					/* a row was read */
	ROWS_MORE,					/* no complete row in the buffer */
	ROWS_END,					/* the document has ended, and ended well */
	ROWS_ERROR					/* it is not what it should be */
} RowsStatus;

typedef enum RowsErrorKind
{
	ROWS_ERR_NONE,
	ROWS_ERR_SYNTAX,			/* not JSON */
	ROWS_ERR_WIDTH,				/* a row with too few or too many values */
	ROWS_ERR_NOT_ARRAY,			/* the document, or an element, is no array */
	ROWS_ERR_DEPTH,				/* nested deeper than ROWS_MAX_DEPTH */
	ROWS_ERR_MEMORY,			/* out of memory */
	ROWS_ERR_TRUNCATED			/* the bytes end before the document does */
} RowsErrorKind;

typedef enum RowsKind
{
	ROWS_NULL,
	ROWS_FALSE,
	ROWS_TRUE,
	ROWS_NUMBER,
	ROWS_STRING,
	ROWS_ARRAY,
	ROWS_OBJECT
} RowsKind;

typedef enum RowsText
{
	ROWS_TEXT_OK,
	ROWS_TEXT_NUL,				/* the first that does not is \u0000 */
	ROWS_TEXT_SURROGATE			/* ... is half of a surrogate pair */
} RowsText;

/* One value of a row.  It owns nothing. */
typedef struct RowsValue
{
	const char *data;			/* text in the caller's buffer: a string
								 * without its quotes, everything else as
								 * written */
	size_t		len;			/* bytes of it; there is no terminating NUL */
	RowsKind	kind;
	bool		escaped;		/* a string with escapes, ... */
	bool		ascii;			/* no byte >= 0x80 in the text (but escapes
								 * may stand for any character) */
	bool		integer;		/* a number without fraction and exponent */
	RowsText	status;			/* ... which stand for text, or not */
	char	   *decoded;		/* ... what that is, in the reader's memory, up to
								 * the first that does not; the byte in front
								 * of it and ROWS_PADDING behind may be used */
	size_t		decoded_len;
} RowsValue;

/*
 * The reader.  Callers read the first group of fields and touch none.
 */
typedef struct RowsReader
{
	RowsValue  *values;			/* the row that ROWS_ROW told of: before
								 * rows_set_columns() all its values,
								 * afterwards one for each slot */
	size_t		nvalues;		/* how many values that row has in the
								 * document, skipped ones included; likewise
								 * for the row that ROWS_ERR_WIDTH tells of */
	size_t		width;			/* how many it must have; 0 while not known */
	size_t		max_width;		/* how many it may have while that is not
								 * known; 0 is no limit.  The caller may set
								 * it after rows_init() */
	uint64_t	row;			/* number of the row last read; with an error,
								 * of the row in which, or in the place of
								 * which, it was found; the header is 0 */
	uint64_t	nrows;			/* rows handed out so far, with the header */

	RowsErrorKind error_kind;
	const char *error;			/* what is wrong: static text, lower case, no
								 * full stop; NULL if nothing is */
	uint64_t	error_offset;	/* where: bytes from the document's start */

	/* the reader's own */
	uint64_t	offset;			/* of the buffer's first byte */
	const int  *slot_of;		/* the caller's, see rows_set_columns() */
	bool		has_columns;
	int			phase;			/* where in the document the buffer starts */
	size_t		capacity;		/* of values */
	char	   *text;			/* decoded strings of the row */
	size_t		text_used;
	size_t		text_capacity;
} RowsReader;

/*
 * Makes a reader ready for the start of a document.  It holds no memory yet.
 */
extern void rows_init(RowsReader *reader);

/*
 * Releases all that a reader owns, the values and their decoded strings, and
 * leaves the reader as rows_init() does.  Harmless if called twice.
 */
extern void rows_free(RowsReader *reader);

/*
 * Looks for the next row in data[0..len), which must start where the last
 * call's *consumed bytes ended.  at_end says that no bytes follow these.
 * data[len..len + ROWS_PADDING) must be zeros; if len is 0, data may be NULL.
 *
 * ROWS_ROW: reader->values is filled.  The values point into data and are
 * good until the caller moves or overwrites those bytes; the array itself and
 * what strings with escapes say belong to the reader and are good until the next
 * call.  *consumed is the
 * length up to the end of the row.
 *
 * ROWS_MORE: the buffer holds no complete row.  *consumed bytes (separators
 * and white space in front of the row) are done with; the rest must be there
 * again, with more behind it, at the next call.  A row is always read anew
 * from its start, so a caller whose buffer is too small for a row should at
 * least double it.  Never returned when at_end is set.
 *
 * ROWS_END: the document was complete, with nothing but white space behind
 * it.  Only returned when at_end is set.
 *
 * ROWS_ERROR: see error_kind, error and error_offset; *consumed is 0.  The
 * reader stays in this state.  With ROWS_ERR_WIDTH, nvalues is what the row
 * had, width what it should have had, and error_offset the row's start.
 */
extern RowsStatus rows_next(RowsReader *reader, const char *data, size_t len,
							bool at_end, size_t *consumed);

/*
 * Says what the rows to come look like; to be called after the header.  Each
 * must have exactly width values, and the value at position i goes to
 * reader->values[slot_of[i]], or is checked and skipped if slot_of[i] is -1.
 * If two positions have the same slot, the later one counts; a slot that no
 * position has stays a ROWS_NULL.
 *
 * slot_of (of width elements, each -1 or below nslots) remains the caller's
 * and must live as long as the reader is used.  The values of the row read
 * before are gone after this.  Returns false if out of memory; then nothing
 * has changed.
 */
extern bool rows_set_columns(RowsReader *reader, const int *slot_of, int width,
							 int nslots);

/*
 * Is a text valid UTF-8 whose characters have one or two bytes, as those of
 * most alphabets?  If not, it may still be valid.  Behind the text there must be
 * ROWS_PADDING bytes, whatever they are.
 */
extern bool rows_short_utf8(const char *text, size_t len);

#endif							/* ROWS_H */
