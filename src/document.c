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
 * Parse a whole JSON document, an array or an object.  The tree belongs to
 * the current memory context.  If the text is something else, returns NULL
 * and says what is wrong (a constant) and at which byte.
 */
jsonc_object *
document_parse(const char *text, size_t length, const char **problem, size_t *offset)
{
	struct json_tokener *tokener = json_tokener_new();
	jsonc_object *tree;
	enum json_tokener_error error;

	if (tokener == NULL || length > INT_MAX - 1)
	{
		json_tokener_free(tokener);
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	json_tokener_set_flags(tokener, tokener_flags());
	tree = json_tokener_parse_ex(tokener, text, (int) length);
	error = json_tokener_get_error(tokener);
	*offset = json_tokener_get_parse_end(tokener);
	*problem = error == json_tokener_continue ? "unexpected end of data"
		: json_tokener_error_desc(error);
	json_tokener_free(tokener);

	if (error == json_tokener_success)
	{
		/* only strict json-c looks at what follows */
		while (*offset < length && strchr(" \t\r\n", text[*offset]) && text[*offset])
			(*offset)++;
		if (*offset < length)
			*problem = "unexpected character after the document";
		else if (!json_object_is_type(tree, json_type_array) &&
				 !json_object_is_type(tree, json_type_object))
			*problem = "neither an array nor an object";
		else
			return document_own(tree);
	}
	json_object_put(tree);
	return NULL;
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
				 errmsg("\"%s...\" has a zero character, which text cannot hold", text)));
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
