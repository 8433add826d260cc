/*-------------------------------------------------------------------------
 *
 * test_rows_json_c.c
 *	  Compares src/rows.c with json-c, over a corpus and random documents.
 *
 * What both accept must have the same values, and what json-c refuses when it
 * is strict must be refused here.  json-c 0.16 is not quite strict, though;
 * where it is known to differ from RFC 8259 is in the table of differences
 * below.  None of them is just forgiven: the place in question is mended so
 * that the two should agree on it, and the document compared once more.
 *
 * usage: test_rows_json_c [documents [seed]]
 *
 * A failure names the seed of its document: "1 <seed>" makes it again.
 *
 *-------------------------------------------------------------------------
 */
#include <dirent.h>
#include <json.h>
#include <regex.h>

#include "reading.h"
#include "test.h"

#define CORPUS			"corpus"
#define DOCUMENTS		400000
#define SEED			20240830
#define MAX_FAILURES	10		/* that are shown */

/*
 * json-c's limit of depth, 32 if one does not say, goes beyond ours: a
 * document that is too deep for it is so for us, too.
 */
#define JSON_C_DEPTH	(ROWS_MAX_DEPTH + 16)

/* A document, with room to change it */
typedef struct Doc
{
	char	   *data;
	size_t		len;
	size_t		size;
} Doc;

/* Replaces removed bytes at a place by others. */
static void
doc_splice(Doc *doc, size_t at, size_t removed, const char *bytes, size_t len)
{
	if (doc->len - removed + len + 1 > doc->size)
	{
		doc->size = (doc->len + len + 1) * 2;
		doc->data = test_realloc(doc->data, doc->size);
	}
	memmove(doc->data + at + len, doc->data + at + removed, doc->len - at - removed);
	if (len > 0)
		memcpy(doc->data + at, bytes, len);
	doc->len += len - removed;
	doc->data[doc->len] = '\0';
}

static void
doc_add(Doc *doc, const char *bytes, size_t len)
{
	doc_splice(doc, doc->len, 0, bytes, len);
}

static void
doc_add_text(Doc *doc, const char *text)
{
	doc_add(doc, text, strlen(text));
}

static char
doc_byte(const Doc *doc, uint64_t at)
{
	return at < doc->len ? doc->data[at] : '\0';
}

static bool
doc_has(const Doc *doc, uint64_t at, const char *text)
{
	size_t		len = strlen(text);

	return at <= doc->len && doc->len - at >= len && memcmp(doc->data + at, text, len) == 0;
}

/*
 * Parses all of a text with json-c.  False if it refuses it; *value is NULL
 * for a null.
 */
static bool
json_c_parse(const char *text, size_t len, json_object **value)
{
	/* a used tokener remembers half a surrogate pair: take a new one */
	json_tokener *tok = json_tokener_new_ex(JSON_C_DEPTH);
	bool		good;

	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	*value = json_tokener_parse_ex(tok, text, (int) len);

	/* a NUL byte behind the document ends it, whatever follows */
	good = json_tokener_get_error(tok) == json_tokener_success &&
		json_tokener_get_parse_end(tok) == len;
	if (!good)
	{
		json_object_put(*value);
		*value = NULL;
	}
	json_tokener_free(tok);
	return good;
}

/*
 * Is the byte at this place inside a string, or a quote at its end?  Looks at
 * nothing but quotes and backslashes.
 */
static bool
in_string(const Doc *doc, uint64_t at)
{
	bool		inside = false;

	for (uint64_t i = 0; i < at && i < doc->len; i++)
	{
		if (doc->data[i] == '"')
			inside = !inside;
		else if (doc->data[i] == '\\' && inside)
			i++;
	}
	return inside;
}

/* How deep are the arrays and objects at this place? */
static int
depth_at(const Doc *doc, uint64_t at)
{
	int			depth = 0;
	bool		inside = false;

	for (uint64_t i = 0; i < at && i < doc->len; i++)
	{
		char		c = doc->data[i];

		if (c == '"')
			inside = !inside;
		else if (inside)
			i += c == '\\';
		else if (c == '[' || c == '{')
			depth++;
		else if (c == ']' || c == '}')
			depth--;
	}
	return depth;
}

/*-------------------------------------------------------------------------
 * The known differences.
 *
 * In most of them json-c accepts what RFC 8259 does not allow.  Each of these
 * has a function that looks at the place of our error, says whether this is
 * the difference, and if so changes the document to something that both must
 * read in the same way.
 *
 * Not among them, because they make no difference here:
 * - neither checks UTF-8 (json-c only if asked to);
 * - of a key that an object has twice json-c takes the last member; here an
 *   object is handed out as text;
 * - json-c turns lone surrogates into U+FFFD and \u0000 into a NUL byte, both
 *   of which rows_unescape() reports: see compare_string();
 * - integers beyond 64 bits are cut to the largest ones by json-c; here a
 *   number is handed out as text: see compare_number().
 *-------------------------------------------------------------------------
 */

/* json-c lets control characters stand in strings and keys.  Here: a space. */
static bool
mend_control_character(Doc *doc, uint64_t at)
{
	unsigned char c = doc_byte(doc, at);

	/* a NUL byte is not among them */
	if (at >= doc->len || c == 0 || c >= 0x20 || !in_string(doc, at))
		return false;
	doc_splice(doc, at, 1, " ", 1);
	return true;
}

/* json-c knows NaN, Infinity and -Infinity, even when strict.  Here: 0, -0. */
static bool
mend_not_finite(Doc *doc, uint64_t at)
{
	size_t		len = doc_has(doc, at, "NaN") ? 3 : doc_has(doc, at, "Infinity") ? 8 : 0;

	if (len == 0 || in_string(doc, at))
		return false;
	doc_splice(doc, at, len, "0", 1);
	return true;
}

/*
 * json-c refuses zeros in front of a number only if that is a positive
 * integer: 007, but not 00, -007, 00.7 or 00e7.  Here: one zero less.
 */
static bool
mend_leading_zero(Doc *doc, uint64_t at)
{
	char		before = at >= 2 ? doc->data[at - 2] : '\0';

	if (at < 2 || doc_byte(doc, at) < '0' || doc_byte(doc, at) > '9' ||
		doc->data[at - 1] != '0' || in_string(doc, at))
		return false;

	/* it must be the number's first digit, not one of 100 or 1.00 or 1e00 */
	if (strchr("[:,- \t\r\n", before) == NULL)
		return false;
	doc_splice(doc, at - 1, 1, NULL, 0);
	return true;
}

/* json-c lets the digits around a point be missing: 1. and -.5.  Here: a 0. */
static bool
mend_point(Doc *doc, uint64_t at)
{
	char		c = doc_byte(doc, at);
	char		before = at >= 1 ? doc->data[at - 1] : '\0';

	if (at >= doc->len || in_string(doc, at))
		return false;
	if (!(before == '-' && c == '.') && !(before == '.' && strchr("0123456789", c) == NULL))
		return false;
	doc_splice(doc, at, 0, "0", 1);
	return true;
}

/*
 * json-c takes single quotes around keys (but not around values, when it is
 * strict).  Here: double quotes, and none within.
 */
static bool
mend_single_quotes(Doc *doc, uint64_t at)
{
	if (doc_byte(doc, at) != '\'' || in_string(doc, at))
		return false;
	doc->data[at] = '"';
	while (++at < doc->len && doc->data[at] != '\'')
	{
		if (doc->data[at] == '"')
			doc->data[at] = ' ';
		else if (doc->data[at] == '\\')
			at++;
	}
	if (at >= doc->len)
		return false;
	doc->data[at] = '"';
	return true;
}

/* We have a limit of depth.  Nothing to mend: both look no further. */
static bool
is_too_deep(Doc *doc, uint64_t at)
{
	return (doc_byte(doc, at) == '[' || doc_byte(doc, at) == '{') &&
		!in_string(doc, at) && depth_at(doc, at) == ROWS_MAX_DEPTH;
}

/*
 * The other way round: json-c does not skip a byte order mark.  It is taken
 * off before json-c gets to see the document.
 */
#define BOM "\xEF\xBB\xBF"

/* The code of an escape \uXXXX at this place, or -1 */
static long
escape_at(const Doc *doc, uint64_t at)
{
	char		digits[5] = "";

	if (!doc_has(doc, at, "\\u") || doc->len - at < 6)
		return -1;
	memcpy(digits, doc->data + at + 2, 4);
	return strtol(digits, NULL, 16);
}

/*
 * A different value: json-c decodes a surrogate pair and then takes some of
 * the characters beyond U+FFFF (U+1D800 is one) for surrogates again, because
 * it looks at their lower 16 bits alone.  Here: all such pairs are replaced by
 * another; false if there are none.  The document is one that we accept.
 */
static bool
mend_surrogate_lookalikes(Doc *doc)
{
	bool		result = false;

	for (uint64_t at = 0; at < doc->len; at++)
	{
		long		high;
		long		low;

		if (doc->data[at] != '\\')
			continue;
		high = escape_at(doc, at);
		low = escape_at(doc, at + 6);
		if (high >= 0xD800 && high <= 0xDBFF && low >= 0xDC00 && low <= 0xDFFF)
		{
			long		lower_bits = ((high & 0x3F) << 10) + (low & 0x3FF);

			if (lower_bits >= 0xD800 && lower_bits <= 0xDFFF)
			{
				doc_splice(doc, at, 12, "\\ud83d\\ude00", 12);
				result = true;
			}
			at += 11;
		}
		else
			at++;				/* the character behind the backslash */
	}
	return result;
}

typedef enum DifferenceId
{
	CONTROL_CHARACTER,
	NOT_FINITE,
	LEADING_ZERO,
	POINT,
	SINGLE_QUOTES,
	TOO_DEEP,
	BYTE_ORDER_MARK,
	SURROGATE_LOOKALIKE
} DifferenceId;

static struct
{
	const char *name;
	RowsErrorKind error_kind;
	bool		(*mend) (Doc *doc, uint64_t at);
	unsigned	in_corpus;
	unsigned	in_random;
}			differences[] = {
	[CONTROL_CHARACTER] = {"control characters in strings", ROWS_ERR_SYNTAX, mend_control_character, 0, 0},
	[NOT_FINITE] = {"NaN and Infinity", ROWS_ERR_SYNTAX, mend_not_finite, 0, 0},
	[LEADING_ZERO] = {"leading zeros", ROWS_ERR_SYNTAX, mend_leading_zero, 0, 0},
	[POINT] = {"point without digits", ROWS_ERR_SYNTAX, mend_point, 0, 0},
	[SINGLE_QUOTES] = {"single-quoted keys", ROWS_ERR_SYNTAX, mend_single_quotes, 0, 0},
	[TOO_DEEP] = {"limit of depth", ROWS_ERR_DEPTH, is_too_deep, 0, 0},
	[BYTE_ORDER_MARK] = {"byte order mark", ROWS_ERR_NONE, NULL, 0, 0},
	[SURROGATE_LOOKALIKE] = {"characters that look like surrogates", ROWS_ERR_NONE, NULL, 0, 0},
};

#define NDIFFERENCES (int) (sizeof(differences) / sizeof(differences[0]))

static bool in_corpus = false;	/* what is being read now */

static void
count_difference(int i)
{
	if (in_corpus)
		differences[i].in_corpus++;
	else
		differences[i].in_random++;
}

/*-------------------------------------------------------------------------
 * Comparing.  Each of these returns NULL if the two agree, and otherwise says
 * in what they do not.
 *-------------------------------------------------------------------------
 */

static const char *
compare_string(const ReadValue *value, const char *text, json_object *other)
{
	const char *theirs = json_object_get_string(other);
	size_t		their_len = (size_t) json_object_get_string_len(other);
	char	   *ours;
	size_t		our_len;
	RowsText	status;
	const char *result = NULL;

	if (value->escaped != (memchr(text, '\\', value->len) != NULL))
		return "escaped is wrong";
	ours = test_realloc(NULL, value->len);
	if (value->len > 0)
		memcpy(ours, text, value->len);
	if (value->escaped)
		status = rows_unescape(ours, value->len, ours, &our_len);
	else
	{
		status = ROWS_TEXT_OK;
		our_len = value->len;
	}

	/* decoding stops in front of what json-c replaces */
	if (our_len > their_len || memcmp(ours, theirs, our_len) != 0)
		result = "strings differ";
	else if (status == ROWS_TEXT_OK)
	{
		if (our_len != their_len)
			result = "strings differ in length";
		else if (memchr(ours, '\0', our_len) != NULL)
			result = "NUL byte in a string";
	}
	else if (status == ROWS_TEXT_NUL)
	{
		if (our_len == their_len || theirs[our_len] != '\0')
			result = "\\u0000 where there is none";
	}
	else if (their_len - our_len < 3 || memcmp(theirs + our_len, "\xEF\xBF\xBD", 3) != 0)
		result = "surrogate where there is none";
	free(ours);
	return result;
}

static const char *
compare_number(const ReadValue *value, const char *text, json_object *other)
{
	char		copy[64];
	char	   *number = value->len < sizeof(copy) ? copy : test_realloc(NULL, value->len + 1);
	const char *result = NULL;

	memcpy(number, text, value->len);
	number[value->len] = '\0';
	if (value->integer != (strpbrk(number, ".eE") == NULL))
		result = "integer is wrong";
	else if (value->integer)
	{
		/* strtoll() and strtoull() cut too large numbers like json-c */
		if (json_object_get_type(other) != json_type_int)
			result = "integer for another number";
		else if (number[0] == '-' ? strtoll(number, NULL, 10) != json_object_get_int64(other) :
				 strtoull(number, NULL, 10) != json_object_get_uint64(other))
			result = "integers differ";
	}
	else
	{
		double		ours = strtod(number, NULL);
		double		theirs = json_object_get_double(other);

		if (json_object_get_type(other) != json_type_double)
			result = "integer is another number there";
		else if (memcmp(&ours, &theirs, sizeof(double)) != 0)
			result = "numbers differ";
	}
	if (number != copy)
		free(number);
	return result;
}

static const char *
compare_nested(const ReadValue *value, const char *text, json_object *other)
{
	json_object *ours;
	const char *result = NULL;

	if (json_object_get_type(other) != (value->kind == ROWS_ARRAY ? json_type_array : json_type_object))
		return "array or object for another value";
	if (!json_c_parse(text, value->len, &ours))
		return "text of a nested value is none";
	if (!json_object_equal(ours, other) ||
		strcmp(json_object_to_json_string(ours), json_object_to_json_string(other)) != 0)
		result = "nested values differ";
	json_object_put(ours);
	return result;
}

static const char *
compare_value(const ReadValue *value, const Doc *doc, json_object *other)
{
	const char *text;
	bool		ascii = true;

	if (value->at > doc->len || value->len > doc->len - value->at)
		return "value is not in the document";
	text = doc->data + value->at;
	for (size_t i = 0; i < value->len; i++)
		ascii = ascii && (unsigned char) text[i] < 0x80;
	if (value->ascii != ascii)
		return "ascii is wrong";
	if (value->escaped && value->kind != ROWS_STRING)
		return "escaped, but no string";
	if (value->integer && value->kind != ROWS_NUMBER)
		return "integer, but no number";

	switch (value->kind)
	{
		case ROWS_NULL:
			if (value->len != 4 || memcmp(text, "null", 4) != 0)
				return "null has another text";
			return other == NULL ? NULL : "null for another value";
		case ROWS_FALSE:
			if (value->len != 5 || memcmp(text, "false", 5) != 0)
				return "false has another text";
			return json_object_is_type(other, json_type_boolean) && !json_object_get_boolean(other) ?
				NULL : "false for another value";
		case ROWS_TRUE:
			if (value->len != 4 || memcmp(text, "true", 4) != 0)
				return "true has another text";
			return json_object_is_type(other, json_type_boolean) && json_object_get_boolean(other) ?
				NULL : "true for another value";
		case ROWS_NUMBER:
			if (!json_object_is_type(other, json_type_int) && !json_object_is_type(other, json_type_double))
				return "number for another value";
			return compare_number(value, text, other);
		case ROWS_STRING:
			if (!json_object_is_type(other, json_type_string))
				return "string for another value";
			return compare_string(value, text, other);
		case ROWS_ARRAY:
		case ROWS_OBJECT:
			return compare_nested(value, text, other);
	}
	return "value of no kind";
}

static bool
is_array_of_arrays(json_object *root)
{
	if (!json_object_is_type(root, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(root); i++)
	{
		if (!json_object_is_type(json_object_array_get_idx(root, i), json_type_array))
			return false;
	}
	return true;
}

static const char *
compare_rows(const Reading *reading, const Doc *doc, json_object *root)
{
	if (reading->nrows != json_object_array_length(root))
		return "another number of rows";
	for (size_t i = 0; i < reading->nrows; i++)
	{
		const ReadRow *row = &reading->rows[i];
		json_object *array = json_object_array_get_idx(root, i);

		if (row->nvalues != json_object_array_length(array) || row->stored != row->nvalues)
			return "another number of values";
		for (size_t j = 0; j < row->nvalues; j++)
		{
			const char *result = compare_value(&reading->values[row->first + j], doc,
											   json_object_array_get_idx(array, j));

			if (result)
				return result;
		}
	}
	return NULL;
}

/*
 * json-c cannot tell whether a document has what it lets pass by mistake, so
 * this looks for that: NULL if there is no such thing in a document that has
 * been accepted, whose structure is known to be right.
 */
static const char *
check_strictness(const Doc *doc, uint64_t at)
{
	static regex_t token;
	static bool compiled = false;

	if (!compiled)
	{
		if (regcomp(&token, "^(-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?|null|true|false)$",
					REG_EXTENDED | REG_NOSUB) != 0)
			exit(2);
		compiled = true;
	}

	while (at < doc->len)
	{
		char		c = doc->data[at];
		char		word[2048];
		size_t		len = 0;

		if (strchr("[]{},: \t\r\n", c) != NULL && c != '\0')
		{
			at++;
			continue;
		}
		if (c == '"')
		{
			while (doc_byte(doc, ++at) != '"')
			{
				if (at >= doc->len || (unsigned char) doc->data[at] < 0x20)
					return "accepted, with a control character in a string";
				if (doc->data[at] == '\\')
					at++;
			}
			at++;
			continue;
		}
		for (; at < doc->len && strchr("[]{},: \t\r\n\"", doc->data[at]) == NULL; at++)
		{
			if (len < sizeof(word) - 1)
				word[len++] = doc->data[at];
		}
		word[len] = '\0';
		if (regexec(&token, word, 0, NULL, 0) != 0)
			return "accepted, with something that is no JSON value";
	}
	return NULL;
}

static unsigned agreed_accepted = 0;
static unsigned agreed_refused = 0;
static unsigned agreed_other = 0;	/* documents, but no array of arrays */

/*
 * Reads the document with both.  May change it, where it mends what the two
 * are known to see differently.  *accepted says whether our reader accepted
 * the document as it came.
 */
static const char *
compare_document(Doc *doc, bool *accepted)
{
	for (size_t turn = 0;; turn++)
	{
		Reading		reading;
		json_object *root = NULL;
		const char *result = NULL;
		size_t		bom = doc_has(doc, 0, BOM) ? strlen(BOM) : 0;
		bool		theirs = json_c_parse(doc->data + bom, doc->len - bom, &root);
		bool		ours;
		bool		again = false;

		read_whole(&reading, doc->data, doc->len);
		ours = reading.status == ROWS_END;
		if (turn == 0)
		{
			*accepted = ours;
			if (bom > 0)
				count_difference(BYTE_ORDER_MARK);
		}

		if (reading.broken)
			result = reading.broken;
		else if (reading.error_kind == ROWS_ERR_WIDTH || reading.error_kind == ROWS_ERR_MEMORY)
			result = "an error of that kind cannot be";
		else if (ours && !theirs)
			result = "accepted, but json-c refuses it";
		else if (ours && !is_array_of_arrays(root))
			result = "accepted, but it is no array of arrays";
		else if (ours)
		{
			result = compare_rows(&reading, doc, root);
			if (result && mend_surrogate_lookalikes(doc))
			{
				count_difference(SURROGATE_LOOKALIKE);
				result = NULL;
				again = true;
			}
			else if (!result)
			{
				result = check_strictness(doc, bom);
				agreed_accepted++;
			}
		}
		else if (!theirs)
			agreed_refused++;
		else if (reading.error_kind == ROWS_ERR_NOT_ARRAY && !is_array_of_arrays(root))
			agreed_other++;
		else
		{
			result = "refused, but json-c accepts it";
			for (int i = 0; i < NDIFFERENCES; i++)
			{
				if (differences[i].mend && differences[i].error_kind == reading.error_kind &&
					differences[i].mend(doc, reading.error_offset))
				{
					count_difference(i);
					result = NULL;
					again = i != TOO_DEEP;
					break;
				}
			}
		}

		json_object_put(root);
		reading_free(&reading);
		if (result || !again)
			return result;
	}
}

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

/*
 * With random columns the rows are the same ones, rearranged, up to the first
 * that has not the header's width.
 */
static const char *
check_columns(const Doc *doc, const Reading *whole)
{
	static const ReadValue unused = {NOWHERE, 4, ROWS_NULL, false, true, false};
	int			slot_of[64];
	ReadValue	expected[8];
	Columns		columns = {slot_of, 0, 0};
	Reading		reading;
	const char *result = NULL;
	size_t		i;

	if (whole->nrows == 0 || whole->rows[0].nvalues > 64)
		return NULL;
	columns.width = (int) whole->rows[0].nvalues;
	columns.nslots = (int) next_random(9);
	for (int j = 0; j < columns.width; j++)
		slot_of[j] = (int) next_random((unsigned) columns.nslots + 1) - 1;

	read_pieces(&reading, doc->data, doc->len, NULL, 0, false, &columns);
	for (i = 1; i < whole->nrows && !result; i++)
	{
		const ReadRow *row = &whole->rows[i];

		if (row->nvalues != (size_t) columns.width)
			break;
		if (i >= reading.nrows || reading.rows[i].nvalues != row->nvalues ||
			reading.rows[i].stored != (size_t) columns.nslots)
		{
			result = "row is missing with columns";
			break;
		}

		/* a slot without a column is a null, the last of several counts */
		for (int j = 0; j < columns.nslots; j++)
			expected[j] = unused;
		for (int j = 0; j < columns.width; j++)
		{
			if (slot_of[j] >= 0)
				expected[slot_of[j]] = whole->values[row->first + j];
		}
		for (int j = 0; j < columns.nslots && !result; j++)
		{
			if (!same_value(&expected[j], &reading.values[reading.rows[i].first + j]))
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
			reading.error_width != (size_t) columns.width ||
			reading.error_nvalues != whole->rows[i].nvalues ||
			doc->data[reading.error_offset] != '[')
			result = "wrong width is not seen";
	}
	else if (reading.status != whole->status || reading.error != whole->error ||
			 reading.error_offset != whole->error_offset)
	{
		/* the row at fault may be too wide as well, but that is seen later */
		result = "ends differently with columns";
	}
	reading_free(&reading);
	return result;
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
				result = check_columns(&doc, &whole);
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

	/* other versions have other differences */
	if (json_c_version_num() >> 8 != ((0 << 8) | 16))
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
