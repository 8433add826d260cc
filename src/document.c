/*-------------------------------------------------------------------------
 *
 * document.c
 *	  json-c's trees under the rules of memory contexts and encodings.
 *
 * json-c allocates with malloc.  A tree is handed to the current memory
 * context, whose reset releases it, so that no error leaves it behind.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "document.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

/* The largest element of an array, in bytes */
#define MAX_ELEMENT (32 * 1024)

typedef struct OwnedTree
{
	MemoryContextCallback release;
	jsonc_object *tree;
} OwnedTree;

static void
release_tree(void *arg)
{
	json_object_put(((OwnedTree *) arg)->tree);
}

/*
 * Let the current memory context own a tree, which may be NULL for "json-c
 * was out of memory".  Returns the tree.
 */
jsonc_object *
document_own(jsonc_object *tree)
{
	OwnedTree  *owned = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(OwnedTree),
												   MCXT_ALLOC_NO_OOM);

	if (owned == NULL || tree == NULL)
	{
		json_object_put(tree);
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	owned->tree = tree;
	owned->release.func = release_tree;
	owned->release.arg = owned;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &owned->release);
	return tree;
}

/*
 * Strict, where that does not mean to refuse what is right: version 0.18 of
 * json-c takes bytes beyond ASCII for control characters then.
 */
static int
tokener_flags(void)
{
	int			version = json_c_version_num() >> 8;	/* no micro version */

	return JSON_TOKENER_VALIDATE_UTF8 | (version == 18 ? 0 : JSON_TOKENER_STRICT);
}

/*
 * Parse the JSON value at the start of the text.  Returns json-c's verdict, the tree
 * (NULL for null), which the current memory context owns, and how many bytes it took.
 */
static enum json_tokener_error
parse_value(const char *text, size_t length, int flags, jsonc_object **tree, size_t *end)
{
	struct json_tokener *tokener = json_tokener_new();
	enum json_tokener_error error;

	if (tokener == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	json_tokener_set_flags(tokener, tokener_flags() | flags);
	*tree = json_tokener_parse_ex(tokener, text, (int) Min(length, INT_MAX - 1));
	error = json_tokener_get_error(tokener);
	*end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (*tree)
		document_own(*tree);
	return error;
}

static void
skip_blanks(const char *text, size_t length, size_t *offset)
{
	while (*offset < length && text[*offset] && strchr(" \t\r\n", text[*offset]))
		(*offset)++;
}

/*
 * Parse any JSON value, and nothing else.  The tree belongs to the current memory
 * context.  NULL if the text is not that, and for null.
 */
jsonc_object *
document_parse_value(const char *text, size_t length)
{
	jsonc_object *tree;
	size_t		end;

	if (parse_value(text, length, 0, &tree, &end) != json_tokener_success)
		return NULL;
	/* only strict json-c looks at what follows */
	skip_blanks(text, length, &end);
	return end == length ? tree : NULL;
}

/*
 * Parse a JSON object, and nothing else.  The tree belongs to the current
 * memory context.  NULL if the text is not that.
 */
jsonc_object *
document_parse_object(const char *text, size_t length)
{
	jsonc_object *tree = document_parse_value(text, length);

	return json_object_is_type(tree, json_type_object) ? tree : NULL;
}

/*
 * Does the document start like an array?  Steps over a byte order mark.  To
 * be called first.
 */
bool
document_is_array(DocumentReader * reader)
{
	if (reader->length >= 3 && memcmp(reader->text, "\xEF\xBB\xBF", 3) == 0)
		reader->offset = 3;
	skip_blanks(reader->text, reader->length, &reader->offset);
	return reader->offset < reader->length && reader->text[reader->offset++] == '[';
}

/*
 * Read the next element of the array, which the current memory context owns,
 * NULL for null.  False at the end, or if there is a problem.
 */
bool
document_next(DocumentReader * reader, jsonc_object **element)
{
	const char *text = reader->text;
	size_t		length = reader->length;
	enum json_tokener_error error;
	size_t		left;
	size_t		end;

	skip_blanks(text, length, &reader->offset);
	if (reader->offset < length && text[reader->offset] == ']')
	{
		reader->offset++;
		skip_blanks(text, length, &reader->offset);
		if (reader->offset < length)
			reader->problem = "unexpected character after the document";
		return false;
	}
	if (reader->started && reader->offset < length)
	{
		if (text[reader->offset] != ',')
		{
			reader->problem = "expected a comma or a closing bracket";
			return false;
		}
		reader->offset++;
		skip_blanks(text, length, &reader->offset);
	}

	/* json-c takes up to a kilobyte for three bytes: hence the limit */
	left = length - reader->offset;
	error = parse_value(text + reader->offset, Min(left, MAX_ELEMENT),
						JSON_TOKENER_ALLOW_TRAILING_CHARS, element, &end);
	reader->offset += end;
	reader->started = true;
	if (error == json_tokener_success)
		return true;
	reader->problem = error != json_tokener_continue ? json_tokener_error_desc(error)
		: left > MAX_ELEMENT ? "an element is too large" : "unexpected end of data";
	return false;
}

/*
 * A scalar as text in the database's encoding, palloc'd, or NULL if the value
 * is null, an array or an object.  A character that text cannot hold is an
 * error.
 */
char *
document_text(jsonc_object *value)
{
	const char *text;
	int			length;
	char	   *converted;

	switch (json_object_get_type(value))
	{
		case json_type_null:
		case json_type_array:
		case json_type_object:
			return NULL;
		default:
			break;
	}
	text = json_object_get_string(value);
	length = json_object_is_type(value, json_type_string)
		? json_object_get_string_len(value) : (int) strlen(text);
	if (memchr(text, '\0', length))
		ereport(ERROR,
				(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
				 errmsg("a string has a zero character, which text cannot hold")));
	if (json_object_is_type(value, json_type_int) &&
		(json_object_get_int64(value) == PG_INT64_MIN ||
		 json_object_get_uint64(value) == PG_UINT64_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a number has too many digits"),
				 errhint("It can be written as a string.")));
	converted = pg_any_to_server(text, length, PG_UTF8);
	return converted == text ? pnstrdup(text, length) : converted;
}

/*
 * A member of an object, or NULL.
 */
jsonc_object *
document_member(jsonc_object *object, const char *name)
{
	jsonc_object *member = NULL;

	json_object_object_get_ex(object, name, &member);
	return member;
}

/*
 * A new string from text in the database's encoding.  The caller puts it
 * into a tree at once.
 */
jsonc_object *
document_new_string(const char *text)
{
	char	   *utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);
	jsonc_object *string = json_object_new_string(utf8);

	if (string == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return string;
}
