/*-------------------------------------------------------------------------
 *
 * test_rows_json_c.c
 *	  Compares src/rows.c with json-c, over a corpus and random documents.
 *
 * What the comparison is, and where the two are known to differ, is in
 * json_c.h.
 *
 * usage: test_rows_json_c [documents [seed]]
 *
 * A failure names the seed of its document: "1 <seed>" makes it again.
 *
 *-------------------------------------------------------------------------
 */
#include <dirent.h>

#include "json_c.h"
#include "test.h"

#define CORPUS			"corpus"
#define DOCUMENTS		400000
#define SEED			20240830
#define MAX_FAILURES	10		/* that are shown */

/*-------------------------------------------------------------------------
 * Random documents
 *-------------------------------------------------------------------------
 */

static uint64_t random_state;

static void
seed_random(uint64_t seed)
{
	/* splitmix64's finalizer: neighbouring seeds are to have nothing in common */
	seed += UINT64_C(0x9E3779B97F4A7C15);
	seed = (seed ^ (seed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	seed = (seed ^ (seed >> 27)) * UINT64_C(0x94D049BB133111EB);
	random_state = (seed ^ (seed >> 31)) | 1;
}

/* 0 to below - 1 */
static unsigned
next_random(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned) ((random_state >> 32) % below);
}

static const char *
pick(const char *const *from, size_t count)
{
	return from[next_random((unsigned) count)];
}

#define PICK(array) pick(array, sizeof(array) / sizeof((array)[0]))

static bool spaced;				/* white space between tokens? */

static void
add_space(Doc *doc)
{
	static const char *const spaces[] = {" ", "\n", "\t", "\r\n", "    "};

	while (spaced && next_random(3) == 0)
		doc_add_text(doc, PICK(spaces));
}

static void
add_string(Doc *doc)
{
	static const char *const pieces[] = {
		"a", "name", "2024-08-30", "[", "]", "{", "}", ",", ":", "'", "//", "/*", "null", "0",
		"\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t",
		"\\u0041", "\\u00e9", "\\u20AC", "\\ud83d\\ude00", "\\uDBFF\\uDFFF",
		"\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"
	};
	/* these have no place in a text, but are no errors of syntax either */
	static const char *const odd_pieces[] = {
		"\\u0000", "\\ud800", "\\udc00", "\\ud800\\u0041", "\\ud800\\n", "\\ud800\\ndc00",
		"\\ud800udc00", "\\udc00\\ud800",
		"\\ud800\\ud800\\udc00", "\xFF", "\x80", "\xC3", "\xED\xA0\x80", "\x7F", "\xEF\xBB\xBF"
	};
	unsigned	count = next_random(8) == 0 ? next_random(40) : next_random(5);

	doc_add_text(doc, "\"");
	for (unsigned i = 0; i < count; i++)
	{
		if (next_random(20) == 0)
			doc_add_text(doc, PICK(odd_pieces));
		else if (next_random(10) == 0)
		{
			const char *format = next_random(2) ? "\\u%04x" : "\\u%04X";
			char		code[16];

			sprintf(code, format, next_random(0x10000));
			doc_add_text(doc, code);
		}
		else
			doc_add_text(doc, PICK(pieces));
	}
	doc_add_text(doc, "\"");
}

static void
add_digits(Doc *doc, unsigned count)
{
	while (count-- > 0)
	{
		char		digit = (char) ('0' + next_random(10));

		doc_add(doc, &digit, 1);
	}
}

static void
add_number(Doc *doc)
{
	if (next_random(4) == 0)
		doc_add_text(doc, "-");
	if (next_random(4) == 0)
		doc_add_text(doc, "0");
	else
	{
		char		digit = (char) ('1' + next_random(9));

		doc_add(doc, &digit, 1);
		add_digits(doc, next_random(8) == 0 ? next_random(30) : next_random(6));
	}
	if (next_random(4) == 0)
	{
		doc_add_text(doc, ".");
		add_digits(doc, 1 + next_random(next_random(8) == 0 ? 30 : 4));
	}
	if (next_random(6) == 0)
	{
		static const char *const exponents[] = {"e", "E", "e+", "e-", "E+", "E-"};

		doc_add_text(doc, PICK(exponents));
		add_digits(doc, 1 + next_random(3));
	}
}

static void
add_value(Doc *doc, int depth)
{
	static const char *const literals[] = {"null", "true", "false"};
	unsigned	choice = next_random(depth < 4 ? 20 : 18);
	unsigned	count;

	if (choice < 8)
		add_string(doc);
	else if (choice < 14)
		add_number(doc);
	else if (choice < 18)
		doc_add_text(doc, PICK(literals));
	else
	{
		bool		is_object = choice == 19;

		doc_add_text(doc, is_object ? "{" : "[");
		add_space(doc);
		count = next_random(4);
		for (unsigned i = 0; i < count; i++)
		{
			if (i > 0)
			{
				doc_add_text(doc, ",");
				add_space(doc);
			}
			if (is_object)
			{
				add_string(doc);
				add_space(doc);
				doc_add_text(doc, ":");
				add_space(doc);
			}
			add_value(doc, depth + 1);
			add_space(doc);
		}
		doc_add_text(doc, is_object ? "}" : "]");
	}
}

/* A value around our limit of depth */
static void
add_deep_value(Doc *doc)
{
	static const char *const opening[] = {"[", "{\"a\":", "[1,", "{\"b\":2,\"a\":"};
	char		closing[ROWS_MAX_DEPTH + 8];
	unsigned	levels = ROWS_MAX_DEPTH - 6 + next_random(8);
	unsigned	one_kind = next_random(8);

	for (unsigned i = 0; i < levels; i++)
	{
		unsigned	kind = one_kind < 4 ? one_kind : next_random(4);

		doc_add_text(doc, opening[kind]);
		closing[i] = kind % 2 == 0 ? ']' : '}';
	}
	add_value(doc, 4);
	while (levels > 0)
		doc_add(doc, &closing[--levels], 1);
}

static void
make_document(Doc *doc)
{
	unsigned	rows = next_random(5);
	unsigned	width = next_random(6);
	bool		ragged = next_random(4) == 0;

	doc->len = 0;
	spaced = next_random(3) == 0;
	if (next_random(30) == 0)
		doc_add_text(doc, BOM);
	add_space(doc);
	doc_add_text(doc, "[");
	for (unsigned i = 0; i < rows; i++)
	{
		if (i > 0)
			doc_add_text(doc, ",");
		add_space(doc);
		if (next_random(100) == 0)
		{
			/* no row */
			add_value(doc, 0);
			continue;
		}
		if (ragged)
			width = next_random(6);
		doc_add_text(doc, "[");
		for (unsigned j = 0; j < width; j++)
		{
			if (j > 0)
				doc_add_text(doc, ",");
			add_space(doc);
			if (next_random(20000) == 0)
				add_deep_value(doc);
			else
				add_value(doc, 0);
			add_space(doc);
		}
		doc_add_text(doc, "]");
		add_space(doc);
	}
	doc_add_text(doc, "]");
	add_space(doc);
}

/* Does one thing to the document that may break it. */
static void
mutate(Doc *doc)
{
	static const char *const tokens[] = {
		"[", "]", "{", "}", ",", ":", "\"", "'", "\\", "\\u", "\\ud800", "\\x", "/", "//", "/**/",
		"0", "00", "-", "-0", "+", ".", "1.", "-.5", "e", "1e5", "E+", "Infinity", "-Infinity", "NaN", "nan",
		"null", "true", "false", "nul", "True", "undefined", " ", "\n", "\t", "\v", "\f", "\x01", "\x1F", "\x7F",
		BOM, "\xC2\xA0", "[]", "{}", "[[", "]]", "],[", "\"a\"", "\"a\":1", "'a':1", "{'a':1}", "{\"a\":1,}", "{\"a\",1}", "0.", "01"
	};
	size_t		at = next_random((unsigned) doc->len + 1);
	size_t		left = doc->len - at;
	size_t		len = left == 0 ? 0 : 1 + next_random((unsigned) (left < 8 ? left : 8));
	char		byte = (char) next_random(256);
	const char *token;

	switch (next_random(9))
	{
		case 0:					/* a bit the other way */
			if (left > 0)
				doc->data[at] ^= (char) (1 << next_random(8));
			break;
		case 1:					/* another byte */
			if (left > 0)
				doc->data[at] = byte;
			break;
		case 2:					/* a byte more */
			doc_splice(doc, at, 0, &byte, 1);
			break;
		case 3:					/* some bytes less */
			doc_splice(doc, at, len, NULL, 0);
			break;
		case 4:					/* some bytes twice */
			{
				char		copy[8];

				memcpy(copy, doc->data + at, len);
				doc_splice(doc, at, 0, copy, len);
				break;
			}
		case 5:					/* cut off */
			doc_splice(doc, at, left, NULL, 0);
			break;
		case 6:					/* two bytes exchanged */
			if (left > 1)
			{
				byte = doc->data[at];
				doc->data[at] = doc->data[at + 1];
				doc->data[at + 1] = byte;
			}
			break;
		case 7:					/* a token more */
			token = PICK(tokens);
			doc_splice(doc, at, 0, token, strlen(token));
			break;
		case 8:					/* another token */
			token = PICK(tokens);
			doc_splice(doc, at, len, token, strlen(token));
			break;
	}
}

/* Cutting the document up at random makes no difference. */
static const char *
check_pieces(const Doc *doc, const Reading *whole)
{
	size_t		cuts[3];
	size_t		ncuts = next_random(4);
	Reading		reading;
	bool		same;
	size_t		from = 0;

	for (size_t i = 0; i < ncuts; i++)
		from = cuts[i] = from + next_random((unsigned) (doc->len - from) + 1);
	read_pieces(&reading, doc->data, doc->len, cuts, ncuts, next_random(2), NULL);
	same = same_reading(whole, &reading);
	reading_free(&reading);
	return same ? NULL : "differs when read in pieces";
}

/* Likewise with random columns. */
static const char *
check_random_columns(const Doc *doc, const Reading *whole)
{
	int			slot_of[64];
	Columns		columns = {slot_of, 0, 0};

	if (whole->nrows == 0 || whole->rows[0].nvalues > 64)
		return NULL;
	columns.width = (int) whole->rows[0].nvalues;
	columns.nslots = (int) next_random(9);
	for (int j = 0; j < columns.width; j++)
		slot_of[j] = (int) next_random((unsigned) columns.nslots + 1) - 1;
	return check_columns(whole, doc->data, doc->len, NULL, 0, &columns);
}

static void
show_failure(const char *what, const Doc *original, const Doc *mended, const char *result)
{
	test_diag("%s: %s", what, result);
	test_diag_bytes("document", original->data, original->len);
	if (mended->len != original->len || memcmp(mended->data, original->data, mended->len) != 0)
		test_diag_bytes("mended", mended->data, mended->len);
}

static void
test_random(unsigned long documents, uint64_t seed)
{
	Doc			doc = {0};
	Doc			mended = {0};
	unsigned long failures = 0;

	for (unsigned long i = 0; i < documents; i++)
	{
		Reading		whole;
		const char *result;
		bool		accepted;

		seed_random(seed + i);
		make_document(&doc);
		if (next_random(2) == 0)
		{
			for (unsigned n = 1 + next_random(3); n > 0; n--)
				mutate(&doc);
		}

		mended.len = 0;
		doc_add(&mended, doc.data, doc.len);
		result = compare_document(&mended, &accepted);
		if (!result)
		{
			read_whole(&whole, doc.data, doc.len);
			result = check_pieces(&doc, &whole);
			if (!result)
				result = check_random_columns(&doc, &whole);
			if (!result)
				result = check_error_place(&whole, doc.data, doc.len);
			reading_free(&whole);
		}
		if (result && ++failures <= MAX_FAILURES)
		{
			char		what[64];

			snprintf(what, sizeof(what), "seed %llu", (unsigned long long) (seed + i));
			show_failure(what, &doc, &mended, result);
		}
	}
	free(doc.data);
	free(mended.data);
	test_ok(failures == 0, "%lu random documents from seed %llu, %lu differ",
			documents, (unsigned long long) seed, failures);
}

/*-------------------------------------------------------------------------
 * The corpus: a document a file, accept-*.json or refuse-*.json, which says
 * what our reader is to do with it.
 *-------------------------------------------------------------------------
 */

static int
is_corpus_file(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot != NULL && strcmp(dot, ".json") == 0;
}

static bool
read_file(const char *name, Doc *doc)
{
	char		path[512];
	char		bytes[4096];
	size_t		len;
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/%s", CORPUS, name);
	file = fopen(path, "rb");
	if (file == NULL)
		return false;
	while ((len = fread(bytes, 1, sizeof(bytes), file)) > 0)
		doc_add(doc, bytes, len);
	fclose(file);
	return true;
}

static void
test_corpus(void)
{
	struct dirent **entries;
	int			count = scandir(CORPUS, &entries, is_corpus_file, alphasort);

	in_corpus = true;
	for (int i = 0; i < count; i++)
	{
		const char *name = entries[i]->d_name;
		Doc			doc = {0};
		Doc			mended = {0};
		Reading		whole = {0};
		const char *result = "cannot be read";
		bool		accepted;
		size_t		cut = 0;

		doc_add(&doc, "", 0);
		if (read_file(name, &doc))
		{
			doc_add(&mended, doc.data, doc.len);
			result = compare_document(&mended, &accepted);
			read_whole(&whole, doc.data, doc.len);
			if (!result && accepted != (strncmp(name, "accept-", 7) == 0))
				result = accepted ? "should be refused" : "should be accepted";
			if (!result && !accepted && strncmp(name, "refuse-", 7) != 0)
				result = "is neither accept-*.json nor refuse-*.json";
			if (!result && !same_in_pieces(&whole, doc.data, doc.len, NULL, &cut))
				result = "differs when read in pieces";
		}
		if (!test_ok(result == NULL, "%s", name))
			show_failure(name, &doc, &mended, result);
		reading_free(&whole);
		free(doc.data);
		free(mended.data);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	in_corpus = false;
	test_ok(count >= 40, "the corpus is there (%d documents)", count);
}

int
main(int argc, char **argv)
{
	unsigned long documents = argc > 1 ? strtoul(argv[1], NULL, 10) : DOCUMENTS;
	uint64_t	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : SEED;

	if (!json_c_is_known())
	{
		printf("1..0 # SKIP made for json-c 0.16, this is %s\n", json_c_version());
		return 0;
	}
	test_corpus();

	agreed_accepted = agreed_refused = agreed_other = 0;
	test_random(documents, seed);
	test_diag("both accept %u, both refuse %u, no array of arrays %u",
			  agreed_accepted, agreed_refused, agreed_other);

	/* a generator that makes too little of one sort would prove nothing */
	if (documents >= 1000)
		test_ok(agreed_accepted > documents / 4 && agreed_refused > documents / 10 &&
				agreed_other > documents / 200, "random documents are of all sorts");

	/* a difference that does not occur has no place in the table */
	for (int i = 0; i < NDIFFERENCES; i++)
		test_ok(differences[i].in_corpus > 0, "known difference: %s (%u in the corpus, %u at random)",
				differences[i].name, differences[i].in_corpus, differences[i].in_random);
	return test_done();
}
