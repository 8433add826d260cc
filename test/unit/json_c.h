/*-------------------------------------------------------------------------
 *
 * json_c.h
 *	  What json-c says of a document, compared with what src/rows.c says.
 *
 * What both accept must have the same values, and what json-c refuses when it
 * is strict must be refused here.  json-c 0.16 is not quite strict, though;
 * where it is known to differ from RFC 8259 is in the table of differences
 * below.  None of them is just forgiven: the place in question is mended so
 * that the two should agree on it, and the document compared once more.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JSON_C_H
#define JSON_C_H

#include <json.h>
#include <regex.h>

#include "reading.h"

/*
 * json-c's limit of depth, 32 if one does not say, goes beyond ours: a
 * document that is too deep for it is so for us, too.
 */
#define JSON_C_DEPTH	(ROWS_MAX_DEPTH + 16)

/* More differences than these in one document are not mended */
#define MAX_MENDED		100

/* Other versions have other differences. */
static inline bool
json_c_is_known(void)
{
	return json_c_version_num() >> 8 == ((0 << 8) | 16);
}

/* A document, with room to change it */
typedef struct Doc
{
	char	   *data;
	size_t		len;
	size_t		size;
} Doc;

/* Replaces removed bytes at a place by others. */
static inline void
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

static inline void
doc_add(Doc *doc, const char *bytes, size_t len)
{
	doc_splice(doc, doc->len, 0, bytes, len);
}

static inline void
doc_add_text(Doc *doc, const char *text)
{
	doc_add(doc, text, strlen(text));
}

static inline char
doc_byte(const Doc *doc, uint64_t at)
{
	return at < doc->len ? doc->data[at] : '\0';
}

static inline bool
doc_has(const Doc *doc, uint64_t at, const char *text)
{
	size_t		len = strlen(text);

	return at <= doc->len && doc->len - at >= len && memcmp(doc->data + at, text, len) == 0;
}

/*
 * Parses all of a text with json-c.  False if it refuses it; *value is NULL
 * for a null.
 */
static inline bool
json_c_parse(const char *text, size_t len, json_object **value)
{
	/* a used tokener remembers half a surrogate pair: take a new one */
	json_tokener *tok = json_tokener_new_ex(JSON_C_DEPTH);
	bool		good;

	if (tok == NULL)
		exit(2);
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
 * Can there be a document that begins like this?  As far as json-c knows: it
 * looks at a number only when that has ended.
 */
static inline bool
json_c_begins(const char *text, size_t len)
{
	json_tokener *tok = json_tokener_new_ex(JSON_C_DEPTH);
	json_object *value;
	bool		good;

	if (tok == NULL)
		exit(2);
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	value = json_tokener_parse_ex(tok, text, (int) len);
	good = json_tokener_get_error(tok) == json_tokener_success ||
		json_tokener_get_error(tok) == json_tokener_continue;
	json_object_put(value);
	json_tokener_free(tok);
	return good;
}

/*
 * Is the byte at this place inside a string, or a quote at its end?  Looks at
 * nothing but quotes and backslashes.
 */
static inline bool
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
static inline int
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
 *   of which the value's status tells: see compare_string();
 * - integers beyond 64 bits are cut to the largest ones by json-c; here a
 *   number is handed out as text: see compare_number().
 *-------------------------------------------------------------------------
 */

/* json-c lets control characters stand in strings and keys.  Here: a space. */
static inline bool
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
static inline bool
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
static inline bool
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
static inline bool
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
static inline bool
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
static inline bool
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
static inline long
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
static inline bool
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

static inline void
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

/* What rows_short_utf8() says, found out a character at a time */
static inline bool
is_short_utf8(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *) text;

	for (size_t i = 0; i < len; i++)
	{
		if (p[i] < 0x80)
			continue;
		if (p[i] < 0xC2 || p[i] > 0xDF || ++i == len || p[i] < 0x80 || p[i] > 0xBF)
			return false;
	}
	return true;
}

/* Does the text of a string have the escape of a surrogate, in a pair or not? */
static inline bool
has_surrogate(const char *text, size_t len)
{
	const Doc	doc = {(char *) text, len, len};

	for (uint64_t at = 0; at < len; at++)
	{
		long		code = escape_at(&doc, at);

		if (code >= 0xD800 && code <= 0xDFFF)
			return true;
		at += text[at] == '\\';
	}
	return false;
}

static inline const char *
compare_string(const ReadValue *value, const char *text, json_object *other)
{
	const char *theirs = json_object_get_string(other);
	size_t		their_len = (size_t) json_object_get_string_len(other);
	RowsText	status = value->status;
	size_t		our_len = value->escaped ? value->decoded_len : value->len;
	char	   *ours;
	const char *result = NULL;

	if (value->escaped != (memchr(text, '\\', value->len) != NULL))
		return "escaped is wrong";
	if (value->escaped && our_len >= value->len)
		return "decoded is longer";

	/* what has no escapes is its own decoding */
	ours = padded_copy(value->escaped ? value->decoded : text, our_len);
	if (rows_short_utf8(ours, our_len) != is_short_utf8(ours, our_len))
		result = "short UTF-8 is judged wrongly";

	/* decoding stops in front of what json-c replaces */
	else if (our_len > their_len || memcmp(ours, theirs, our_len) != 0)
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
	else if (their_len - our_len < 3 || memcmp(theirs + our_len, "\xEF\xBF\xBD", 3) != 0 ||
			 !has_surrogate(text, value->len))
		result = "surrogate where there is none";
	free(ours);
	return result;
}

static inline const char *
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

static inline const char *
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

static inline const char *
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

static inline bool
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

static inline const char *
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
static inline const char *
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
		char	   *word;
		size_t		len = 0;
		bool		good;

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
		while (at + len < doc->len && strchr("[]{},: \t\r\n\"", doc->data[at + len]) == NULL)
			len++;
		word = test_realloc(NULL, len + 1);
		memcpy(word, doc->data + at, len);
		word[len] = '\0';
		good = regexec(&token, word, 0, NULL, 0) == 0;
		free(word);
		at += len;
		if (!good)
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
static inline const char *
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
		{
			if (!json_c_begins(doc->data + bom, reading.error_offset > bom ? reading.error_offset - bom : 0))
				result = "json-c sees an error earlier";
			agreed_refused++;
		}
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
					again = i != TOO_DEEP && turn < MAX_MENDED;
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

#endif							/* JSON_C_H */
