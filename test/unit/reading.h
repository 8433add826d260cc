/*-------------------------------------------------------------------------
 *
 * reading.h
 *	  Everything that src/rows.c says of a document, in one piece, for the
 *	  tests to look at and to compare.
 *
 * read_pieces() plays the caller of rows_next(): it gives a document to the
 * reader piece by piece and notes each row.  Every buffer is a malloc'ed copy
 * of just the bytes that the reader may look at, the padding included, so that
 * a sanitizer sees a step beyond them.  On the way it checks what rows_next() promises whatever
 * the document is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef READING_H
#define READING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

/* the position of a value that is not in the document: an unused slot's */
#define NOWHERE		UINT64_MAX

/* A value, with its place in the document rather than in some buffer */
typedef struct ReadValue
{
	uint64_t	at;
	size_t		len;
	RowsKind	kind;
	bool		escaped;
	bool		ascii;
	bool		integer;
	RowsText	status;			/* of a string with escapes, as below */
	char	   *decoded;		/* malloc'ed; NULL otherwise */
	size_t		decoded_len;
} ReadValue;

typedef struct ReadRow
{
	size_t		first;			/* of its values among all */
	size_t		stored;			/* how many there are */
	size_t		nvalues;		/* how many the document has */
	uint64_t	end;			/* of it, in the document */
} ReadRow;

typedef struct Reading
{
	ReadRow    *rows;
	size_t		nrows;
	ReadValue  *values;
	size_t		nvalues;

	RowsStatus	status;			/* ROWS_END or ROWS_ERROR */
	RowsErrorKind error_kind;
	const char *error;
	uint64_t	error_offset;
	uint64_t	error_row;
	size_t		error_nvalues;	/* with ROWS_ERR_WIDTH: the row's */
	size_t		error_width;	/* and what it should have been */

	const char *broken;			/* a broken promise, or NULL */
} Reading;

/* What to tell the reader after the header */
typedef struct Columns
{
	const int  *slot_of;
	int			width;
	int			nslots;
} Columns;

static inline void *
test_realloc(void *old, size_t size)
{
	void	   *new = realloc(old, size > 0 ? size : 1);

	if (new == NULL)
	{
		fprintf(stderr, "out of memory\n");
		exit(2);
	}
	return new;
}

/* Makes room for one more in an array that grows by doubling. */
static inline void *
test_grow(void *array, size_t used, size_t width)
{
	if (used == 0 || (used >= 16 && (used & (used - 1)) == 0))
		array = test_realloc(array, (used == 0 ? 16 : used * 2) * width);
	return array;
}

/* A copy of bytes with the padding behind them; malloc'ed. */
static inline char *
padded_copy(const char *bytes, size_t len)
{
	char	   *copy = test_realloc(NULL, len + ROWS_PADDING);

	if (len > 0)
		memcpy(copy, bytes, len);
	memset(copy + len, 0, ROWS_PADDING);
	return copy;
}

/*
 * rows_next() for a padded copy of the bytes, which is there until the next
 * call with other bytes.
 */
static inline RowsStatus
next_of_copy(RowsReader *reader, const char *bytes, size_t len, bool at_end, size_t *consumed)
{
	static char *copy = NULL;

	free(copy);
	copy = padded_copy(bytes, len);
	return rows_next(reader, copy, len, at_end, consumed);
}

static inline void
reading_add_row(Reading *reading, const RowsReader *reader, const char *buffer,
				size_t buffer_len, uint64_t buffer_at, uint64_t end, int nslots)
{
	size_t		stored = nslots >= 0 ? (size_t) nslots : reader->nvalues;
	ReadRow    *row;

	reading->rows = test_grow(reading->rows, reading->nrows, sizeof(ReadRow));
	row = &reading->rows[reading->nrows++];
	row->first = reading->nvalues;
	row->stored = stored;
	row->nvalues = reader->nvalues;
	row->end = end;
	for (size_t i = 0; i < stored; i++)
	{
		const RowsValue *from = &reader->values[i];
		ReadValue  *to;

		reading->values = test_grow(reading->values, reading->nvalues, sizeof(ReadValue));
		to = &reading->values[reading->nvalues++];

		/* compare as integers: the pointer may be into something else */
		if ((uintptr_t) from->data >= (uintptr_t) buffer &&
			(uintptr_t) from->data + from->len <= (uintptr_t) buffer + buffer_len)
			to->at = buffer_at + (uint64_t) (from->data - buffer);
		else
			to->at = NOWHERE;
		to->len = from->len;
		to->kind = from->kind;
		to->escaped = from->escaped;
		to->ascii = from->ascii;
		to->integer = from->integer;
		to->status = ROWS_TEXT_OK;
		to->decoded = NULL;
		to->decoded_len = 0;
		if (from->escaped)
		{
			to->status = from->status;
			to->decoded = padded_copy(from->decoded, from->decoded_len);
			to->decoded_len = from->decoded_len;

			/* that byte is the caller's, too */
			from->decoded[-1] = '!';
		}
	}
}

static inline void
reading_free(Reading *reading)
{
	for (size_t i = 0; i < reading->nvalues; i++)
		free(reading->values[i].decoded);
	free(reading->rows);
	free(reading->values);
	memset(reading, 0, sizeof(Reading));
}

/*
 * Reads doc in pieces that end at cuts[0], cuts[1] ... (in ascending order)
 * and at its end.  The last piece comes with at_end, or, if late_end, at_end
 * comes in a call of its own, with no new bytes.  columns may be NULL.
 */
static inline void
read_pieces(Reading *reading, const char *doc, size_t len,
			const size_t *cuts, size_t ncuts, bool late_end,
			const Columns *columns)
{
	RowsReader	reader;
	RowsStatus	status = ROWS_MORE;
	size_t		done = 0;		/* bytes of doc consumed */
	int			nslots = -1;	/* once columns are set */

	memset(reading, 0, sizeof(Reading));
	rows_init(&reader);

	for (size_t piece = 0; status == ROWS_MORE; piece++)
	{
		size_t		upto = piece < ncuts ? cuts[piece] : len;
		bool		at_end = piece == ncuts + (late_end ? 1 : 0);
		size_t		buffer_len = upto - done;
		size_t		buffer_at = done;
		char	   *buffer = NULL;

		if (buffer_len > 0)
			buffer = padded_copy(doc + done, buffer_len);

		do
		{
			size_t		left = buffer_len - (done - buffer_at);
			size_t		consumed = SIZE_MAX;

			status = rows_next(&reader, buffer ? buffer + (done - buffer_at) : NULL,
							   left, at_end, &consumed);
			if (consumed > left)
			{
				reading->broken = "consumed more than there was";
				status = ROWS_ERROR;
				break;
			}
			done += consumed;
			if (status == ROWS_ROW)
			{
				if (reader.row != reading->nrows || reader.nrows != reading->nrows + 1)
					reading->broken = "rows are counted wrongly";
				reading_add_row(reading, &reader, buffer, buffer_len, buffer_at, done, nslots);
				if (columns && reader.row == 0)
				{
					nslots = columns->nslots;
					if (!rows_set_columns(&reader, columns->slot_of, columns->width, nslots))
						reading->broken = "no memory for the columns";
				}
			}
			else if (status == ROWS_ERROR && consumed != 0)
				reading->broken = "consumed bytes of an error";
			else if (status == ROWS_MORE && at_end)
			{
				reading->broken = "wanted more after the end";
				status = ROWS_ERROR;
			}
			else if (status == ROWS_END && !at_end)
				reading->broken = "said end before the end";
			else if (status == ROWS_END && done != len)
				reading->broken = "said end without having seen everything";
		} while (status == ROWS_ROW);

		free(buffer);
	}

	reading->status = status;
	if (status == ROWS_ERROR)
	{
		reading->error_kind = reader.error_kind;
		reading->error = reader.error;
		reading->error_offset = reader.error_offset;
		reading->error_row = reader.row;
		if (reader.error_kind == ROWS_ERR_WIDTH)
		{
			reading->error_nvalues = reader.nvalues;
			reading->error_width = reader.width;
		}
		if (reader.error == NULL || reader.error_kind == ROWS_ERR_NONE)
			reading->broken = "error without a reason";
		else if (reader.row != reading->nrows)
			reading->broken = "error in the wrong row";
		else if (reader.error_offset > len)
			reading->broken = "error beyond the document";
	}
	else if (reader.error != NULL || reader.error_kind != ROWS_ERR_NONE)
		reading->broken = "reason without an error";

	/* it must not change its mind */
	if (reading->broken == NULL)
	{
		size_t		consumed = SIZE_MAX;

		if (rows_next(&reader, NULL, 0, true, &consumed) != status || consumed != 0 ||
			reader.error != reading->error ||
			reader.error_offset != reading->error_offset)
			reading->broken = "another call gave another result";
	}
	rows_free(&reader);
}

static inline void
read_whole(Reading *reading, const char *doc, size_t len)
{
	read_pieces(reading, doc, len, NULL, 0, false, NULL);
}

static inline bool
same_value(const ReadValue *a, const ReadValue *b)
{
	return a->at == b->at && a->len == b->len && a->kind == b->kind &&
		a->escaped == b->escaped && a->ascii == b->ascii && a->integer == b->integer &&
		a->status == b->status && a->decoded_len == b->decoded_len &&
		(a->decoded == NULL) == (b->decoded == NULL) &&
		(a->decoded == NULL || memcmp(a->decoded, b->decoded, a->decoded_len) == 0);
}

/* Two messages, which need not be in the same place; NULL is none */
static inline bool
same_error(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static inline bool
same_reading(const Reading *a, const Reading *b)
{
	if (a->broken || b->broken || a->status != b->status ||
		a->error_kind != b->error_kind || !same_error(a->error, b->error) ||
		a->error_offset != b->error_offset || a->error_row != b->error_row ||
		a->error_nvalues != b->error_nvalues || a->error_width != b->error_width ||
		a->nrows != b->nrows || a->nvalues != b->nvalues)
		return false;
	for (size_t i = 0; i < a->nrows; i++)
	{
		if (a->rows[i].first != b->rows[i].first ||
			a->rows[i].stored != b->rows[i].stored ||
			a->rows[i].nvalues != b->rows[i].nvalues ||
			a->rows[i].end != b->rows[i].end)
			return false;
	}
	for (size_t i = 0; i < a->nvalues; i++)
	{
		if (!same_value(&a->values[i], &b->values[i]))
			return false;
	}
	return true;
}

/*
 * Reads the document in every two pieces, and byte by byte, with at_end in
 * time and late, and compares with the reading of the whole.  Returns true if
 * all are the same; otherwise *cut says where it was cut (len + 1: at every
 * byte).
 */
static inline bool
same_in_pieces(const Reading *whole, const char *doc, size_t len,
			   const Columns *columns, size_t *cut)
{
	size_t	   *cuts = test_realloc(NULL, (len + 1) * sizeof(size_t));
	bool		same = true;

	for (size_t i = 0; i <= len; i++)
		cuts[i] = i;
	for (int late = 0; late <= 1 && same; late++)
	{
		Reading		reading;

		for (*cut = 0; *cut <= len && same; ++*cut)
		{
			read_pieces(&reading, doc, len, cut, 1, late, columns);
			same = same_reading(whole, &reading);
			reading_free(&reading);
		}
		if (!same)
		{
			--*cut;
			break;
		}
		read_pieces(&reading, doc, len, cuts, len + 1, late, columns);
		same = same_reading(whole, &reading);
		reading_free(&reading);
	}
	free(cuts);
	return same;
}

/*
 * The checks below return NULL, or say what is wrong.  All compare with the
 * reading of the whole document without columns.
 */

/*
 * With columns the rows are the same ones, rearranged, up to the first that
 * has another width; what is wrong in a skipped column is still wrong.
 */
static inline const char *
check_columns(const Reading *whole, const char *doc, size_t len,
			  const size_t *cuts, size_t ncuts, const Columns *columns)
{
	static const ReadValue unused = {NOWHERE, 4, ROWS_NULL, false, true, false, ROWS_TEXT_OK, NULL, 0};
	size_t		nslots = (size_t) columns->nslots;
	ReadValue  *expected = test_realloc(NULL, nslots * sizeof(ReadValue));
	Reading		reading;
	const char *result = NULL;
	size_t		i;

	read_pieces(&reading, doc, len, cuts, ncuts, false, columns);
	for (i = 0; i < whole->nrows && !result; i++)
	{
		const ReadRow *row = &whole->rows[i];
		const ReadValue *values = row->nvalues > 0 ? &whole->values[row->first] : NULL;
		bool		is_header = i == 0;

		if (!is_header && row->nvalues != (size_t) columns->width)
			break;
		if (i >= reading.nrows || reading.rows[i].nvalues != row->nvalues ||
			reading.rows[i].end != row->end ||
			reading.rows[i].stored != (is_header ? row->nvalues : nslots))
		{
			result = "row is missing with columns";
			break;
		}

		/* a slot without a column is a null, the last of several counts */
		if (!is_header)
		{
			for (size_t j = 0; j < nslots; j++)
				expected[j] = unused;
			for (size_t j = 0; j < row->nvalues; j++)
			{
				if (columns->slot_of[j] >= 0)
					expected[columns->slot_of[j]] = values[j];
			}
			values = expected;
		}
		for (size_t j = 0; j < reading.rows[i].stored && !result; j++)
		{
			if (!same_value(&values[j], &reading.values[reading.rows[i].first + j]))
				result = "values differ with columns";
		}
	}

	if (result || reading.broken)
		result = result ? result : reading.broken;
	else if (reading.nrows != i)
		result = "another number of rows with columns";
	else if (i < whole->nrows)
	{
		if (reading.error_kind != ROWS_ERR_WIDTH || reading.error_row != i ||
			reading.error_width != (size_t) columns->width ||
			reading.error_nvalues != whole->rows[i].nvalues ||
			reading.error_offset < whole->rows[i - 1].end ||
			reading.error_offset >= whole->rows[i].end ||
			doc[reading.error_offset] != '[')
			result = "wrong width is not seen";
	}
	else if (reading.status != whole->status || !same_error(reading.error, whole->error) ||
			 reading.error_kind != whole->error_kind ||
			 reading.error_offset != whole->error_offset)
	{
		/* the row at fault may be too wide as well, but that is seen later */
		result = "ends differently with columns";
	}
	reading_free(&reading);
	free(expected);
	return result;
}

/*
 * An error is seen as soon as its byte is there, and no sooner: up to it, the
 * document was complete or might have gone on well.
 */
static inline const char *
check_error_place(const Reading *whole, const char *doc, size_t len)
{
	size_t		offset = (size_t) whole->error_offset;
	Reading		reading;
	const char *result = NULL;

	if (whole->status != ROWS_ERROR || offset >= len)
		return NULL;
	read_whole(&reading, doc, offset);
	if (reading.broken || reading.nrows != whole->nrows ||
		(reading.status != ROWS_END &&
		 (reading.error_kind != ROWS_ERR_TRUNCATED || reading.error_offset != offset)))
		result = "error in front of the error";
	reading_free(&reading);
	if (result)
		return result;

	/* at_end comes too late for this one */
	read_pieces(&reading, doc, offset + 1, NULL, 0, true, NULL);
	if (!same_reading(whole, &reading))
		result = "error is not seen at its byte";
	reading_free(&reading);
	return result;
}

#endif							/* READING_H */
