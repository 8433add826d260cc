/*-------------------------------------------------------------------------
 *
 * fuzz_rows.c
 *	  Any bytes as a document for src/rows.c, as a target for libFuzzer.
 *
 * An input is the document as it is.  Where it is cut into buffers, and which
 * of its columns are skipped, follows from a hash of it, so that an input that
 * fails does so again.
 *
 * README.md says what is checked; the comparisons themselves, which the unit
 * tests make as well, are in reading.h and json_c.h of test/unit.
 *
 *-------------------------------------------------------------------------
 */
#include "json_c.h"

/* Documents up to this length are also read byte by byte */
#define EVERY_BYTE		192

/* Longer ones are cut at up to so many places */
#define MAX_CUTS		96

/* Rows wider than this are read without columns */
#define MAX_WIDTH		512

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t random_state;

/* FNV-1a */
static void
seed_random(const uint8_t *data, size_t size)
{
	random_state = UINT64_C(0xCBF29CE484222325);
	for (size_t i = 0; i < size; i++)
		random_state = (random_state ^ data[i]) * UINT64_C(0x100000001B3);
	random_state |= 1;
}

/* 0 to below - 1: xorshift */
static size_t
next_random(size_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t) ((random_state >> 32) % below);
}

/*
 * Cuts that are up to max_gap bytes apart, of random length themselves, and
 * begin anywhere; the same place may come twice, which makes an empty buffer.
 */
static size_t
random_cuts(size_t *cuts, size_t len, size_t max_gap)
{
	size_t		ncuts = 0;
	size_t		at = next_random(3) == 0 ? next_random(len + 1) : 0;

	while (ncuts < MAX_CUTS)
	{
		at += next_random(max_gap + 1);
		if (at > len)
			break;
		cuts[ncuts++] = at;
	}
	return ncuts;
}

static const char *
check_cuts(const Reading *whole, const char *doc, size_t len)
{
	static const size_t max_gaps[] = {2, 20, 70, 1000};
	size_t		cuts[MAX_CUTS + EVERY_BYTE];
	size_t		ncuts;
	Reading		reading;
	bool		same;

	if (len <= EVERY_BYTE)
	{
		for (ncuts = 0; ncuts < len; ncuts++)
			cuts[ncuts] = ncuts;
		read_pieces(&reading, doc, len, cuts, ncuts, next_random(2), NULL);
		same = same_reading(whole, &reading);
		reading_free(&reading);
		if (!same)
			return "differs when read byte by byte";
	}
	for (size_t i = 0; i < sizeof(max_gaps) / sizeof(max_gaps[0]); i++)
	{
		ncuts = random_cuts(cuts, len, max_gaps[i]);
		read_pieces(&reading, doc, len, cuts, ncuts, next_random(2), NULL);
		same = same_reading(whole, &reading);
		reading_free(&reading);
		if (!same)
			return "differs when read in pieces";
	}
	return NULL;
}

/*
 * Random columns: mostly as many as the header has, and some of them skipped.
 * The array is as long as it must be, no longer.
 */
static const char *
check_random_columns(const Reading *whole, const char *doc, size_t len)
{
	size_t		cuts[MAX_CUTS];
	size_t		ncuts = random_cuts(cuts, len, 50);
	size_t		width;
	size_t		nslots;
	size_t		skipped;
	int		   *slot_of;
	Columns		columns;
	const char *result;

	if (whole->nrows == 0 || whole->rows[0].nvalues > MAX_WIDTH)
		return NULL;
	width = whole->rows[0].nvalues;
	if (next_random(8) == 0)
		width = next_random(width + 3);
	nslots = next_random(width + 3);
	skipped = next_random(4);	/* of four columns */

	slot_of = test_realloc(NULL, width * sizeof(int));
	for (size_t i = 0; i < width; i++)
		slot_of[i] = nslots == 0 || next_random(4) < skipped ? -1 : (int) next_random(nslots);
	columns = (Columns) {slot_of, (int) width, (int) nslots};
	result = check_columns(whole, doc, len, cuts, ncuts, &columns);
	free(slot_of);
	return result;
}

/* A header with more values than it may have is refused, whatever follows. */
static const char *
check_max_width(const Reading *whole, const char *doc, size_t len)
{
	RowsReader	reader;
	RowsStatus	status;
	size_t		consumed;
	size_t		width = whole->nrows > 0 ? whole->rows[0].nvalues : 0;
	const char *result = NULL;

	if (width == 0)
		return NULL;
	rows_init(&reader);
	reader.max_width = 1 + next_random(width + 1);
	status = next_of_copy(&reader, doc, len, true, &consumed);
	if (reader.max_width >= width)
	{
		if (status != ROWS_ROW || reader.nvalues != width || consumed != whole->rows[0].end)
			result = "header is refused that is not too wide";
	}
	else if (status != ROWS_ERROR || reader.error_kind != ROWS_ERR_WIDTH ||
			 reader.nvalues != reader.max_width + 1 || reader.row != 0 ||
			 doc[reader.error_offset] != '[' ||
			 reader.error_offset >= whole->rows[0].end)
		result = "header is accepted that is too wide";
	rows_free(&reader);
	return result;
}

/*
 * A document that is refused had rows before that, which the caller has used:
 * they are the rows of a document that ends behind them.
 */
static const char *
compare_rows_before_error(const Reading *whole, const char *data)
{
	Doc			doc = {0};
	bool		accepted;
	const char *result;

	if (whole->status != ROWS_ERROR || whole->nrows == 0)
		return NULL;
	doc_add(&doc, data, whole->rows[whole->nrows - 1].end);
	doc_add(&doc, "]", 1);
	result = compare_document(&doc, &accepted);
	if (!result && !accepted)
		result = "rows come from what is no document";
	free(doc.data);
	return result;
}

/* All checks of one document; NULL, or what is wrong. */
static const char *
check_document(const char *data, size_t len)
{
	Reading		whole;
	Doc			doc = {0};
	bool		accepted;
	const char *result;

	read_whole(&whole, data, len);
	result = whole.broken;
	if (!result)
		result = check_cuts(&whole, data, len);
	if (!result)
		result = check_error_place(&whole, data, len);
	if (!result)
		result = check_random_columns(&whole, data, len);
	if (!result)
		result = check_max_width(&whole, data, len);
	if (!result && json_c_is_known())
	{
		doc_add(&doc, data, len);
		result = compare_document(&doc, &accepted);
		if (!result && accepted != (whole.status == ROWS_END))
			result = "another reading gave another result";
		if (!result)
			result = compare_rows_before_error(&whole, data);
		free(doc.data);
	}
	reading_free(&whole);
	return result;
}

/*
 * The document once more, as a value of a row below as many arrays and objects
 * as libFuzzer would hardly think of, up to a few more than may be.
 */
static const char *
check_nested(const char *data, size_t len)
{
	static const char *const opening[] = {"[", "{\"a\":", "[1,", "{\"b\":2,\"a\":"};
	size_t		levels = next_random(2) ? 60 + next_random(8) : next_random(ROWS_MAX_DEPTH);
	uint64_t	kinds = next_random(2) ? random_state : 0;
	uint64_t	other_kinds = next_random(2) ? random_state : UINT64_MAX;
	Doc			doc = {0};
	const char *result;

	/* the kinds are not the same again 64 levels deeper */
	doc_add_text(&doc, "[[");
	for (size_t i = 0; i < levels; i++)
		doc_add_text(&doc, opening[((i < 62 ? kinds : other_kinds) >> (i % 61)) & 3]);
	doc_add(&doc, data, len);
	for (size_t i = levels; i-- > 0;)
		doc_add_text(&doc, ((i < 62 ? kinds : other_kinds) >> (i % 61)) & 1 ? "}" : "]");
	doc_add_text(&doc, "]]");
	result = check_document(doc.data, doc.len);
	free(doc.data);
	return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *result;

	seed_random(data, size);
	result = check_document((const char *) data, size);
	if (!result && size <= 256 && next_random(32) == 0)
		result = check_nested((const char *) data, size);
	if (result)
	{
		fprintf(stderr, "fuzz_rows: %s\n", result);
		abort();
	}
	return 0;
}
