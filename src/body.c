/*-------------------------------------------------------------------------
 *
 * body.c
 *	  Request bodies: one tree, written as a form or as JSON.
 *
 * A form body is what PHP's http_build_query writes: nested values in bracket
 * notation, names and values percent-encoded, brackets included (a bare "="
 * in a name would end it).  Empty arrays and objects and null cannot be
 * expressed and are left out.
 *
 * Works on json-c's tree and uses malloc; no PostgreSQL headers here.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include <json-c/printbuf.h>

/*
 * Append percent-encoded text.  0, or -1 if out of memory.
 */
static int
append_encoded(struct printbuf *out, const char *text, size_t length)
{
	static const char digits[] = "0123456789ABCDEF";
	int			result = 0;

	for (size_t i = 0; i < length && result >= 0; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.')
			result = printbuf_memappend(out, text + i, 1);
		else if (c == ' ')
			result = printbuf_memappend(out, "+", 1);
		else
		{
			char		code[3] = {'%', digits[c >> 4], digits[c & 15]};

			result = printbuf_memappend(out, code, 3);
		}
	}
	return result < 0 ? -1 : 0;
}

static int	append_member(struct printbuf *out, const char *path, const char *name,
						  size_t name_length, jsonc_object *value);

/*
 * Append a value under its (encoded) path.
 */
static int
append_value(struct printbuf *out, const char *path, jsonc_object *value)
{
	char		index[32];
	const char *text;
	int			length;

	switch (json_object_get_type(value))
	{
		case json_type_null:
			return 0;

		case json_type_object:
			jsonc_foreach(value, member)
			{
				const char *name = json_object_iter_peek_name(&member);

				if (append_member(out, path, name, strlen(name),
								  json_object_iter_peek_value(&member)) < 0)
					return -1;
			}
			return 0;

		case json_type_array:
			for (size_t i = 0; i < json_object_array_length(value); i++)
			{
				length = snprintf(index, sizeof(index), "%zu", i);
				if (append_member(out, path, index, (size_t) length,
								  json_object_array_get_idx(value, i)) < 0)
					return -1;
			}
			return 0;

		default:
			if (printbuf_length(out) > 0 && printbuf_memappend(out, "&", 1) < 0)
				return -1;
			if (printbuf_memappend(out, path, (int) strlen(path)) < 0 ||
				printbuf_memappend(out, "=", 1) < 0)
				return -1;
			text = json_object_get_string(value);
			return text ? append_encoded(out, text, strlen(text)) : -1;
	}
}

/*
 * Append a member of the value at path, which is NULL at the top.
 */
static int
append_member(struct printbuf *out, const char *path, const char *name,
			  size_t name_length, jsonc_object *value)
{
	struct printbuf *inner = printbuf_new();
	int			result = -1;

	if (inner == NULL)
		return -1;
	if ((path == NULL || (printbuf_memappend(inner, path, (int) strlen(path)) >= 0 &&
						  printbuf_memappend(inner, "%5B", 3) >= 0)) &&
		append_encoded(inner, name, name_length) == 0 &&
		(path == NULL || printbuf_memappend(inner, "%5D", 3) >= 0))
		result = append_value(out, inner->buf, value);
	printbuf_free(inner);
	return result;
}

/*
 * Take the text out of a print buffer, as malloc'd memory.
 */
static char *
detach(struct printbuf *out, size_t *length)
{
	char	   *text = malloc((size_t) printbuf_length(out) + 1);

	if (text)
	{
		*length = (size_t) printbuf_length(out);
		memcpy(text, out->buf, *length + 1);
	}
	printbuf_free(out);
	return text;
}

/*
 * Write a tree, whose top is an object, as a form.  Returns malloc'd text, or
 * NULL if out of memory.
 */
char *
body_form(jsonc_object *tree, size_t *length)
{
	struct printbuf *out = printbuf_new();

	if (out == NULL)
		return NULL;
	jsonc_foreach(tree, member)
	{
		const char *name = json_object_iter_peek_name(&member);

		if (append_member(out, NULL, name, strlen(name),
						  json_object_iter_peek_value(&member)) < 0)
		{
			printbuf_free(out);
			return NULL;
		}
	}
	return detach(out, length);
}

/*
 * Write a tree as JSON.  Returns malloc'd text, or NULL if out of memory.
 */
char *
body_json(jsonc_object *tree, size_t *length)
{
	const char *text = json_object_to_json_string_length(tree,
														 JSON_C_TO_STRING_PLAIN |
														 JSON_C_TO_STRING_NOSLASHESCAPE,
														 length);
	char	   *copy = text ? malloc(*length + 1) : NULL;

	if (copy)
		memcpy(copy, text, *length + 1);
	return copy;
}

/*
 * How many variables a form body of this tree has.
 */
size_t
body_variables(jsonc_object *tree)
{
	size_t		count = 0;

	switch (json_object_get_type(tree))
	{
		case json_type_null:
			return 0;

		case json_type_object:
			jsonc_foreach(tree, member)
				count += body_variables(json_object_iter_peek_value(&member));
			return count;

		case json_type_array:
			for (size_t i = 0; i < json_object_array_length(tree); i++)
				count += body_variables(json_object_array_get_idx(tree, i));
			return count;

		default:
			return 1;
	}
}
