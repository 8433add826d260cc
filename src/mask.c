/*-------------------------------------------------------------------------
 *
 * mask.c
 *	  Text of the other side, fit to be shown: without the values of
 *	  settings, and short.
 *
 * A server may send back what we sent it, in the encoding of the request or
 * in one of its own.  Whatever text of an answer gets into a message goes
 * through mask_settings first.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "body.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/json.h"

#define MASK "***"

/*
 * Add one way to write a secret, if that is new.
 */
static List *
add_variant(List *variants, char *variant)
{
	ListCell   *lc;

	foreach(lc, variants)
	{
		if (strcmp(lfirst(lc), variant) == 0)
			return variants;
	}
	return lappend(variants, variant);
}

/*
 * Replace each occurrence of some characters; palloc'd.
 */
static char *
replace_characters(const char *text, const char *characters, const char *const *replacements)
{
	StringInfoData out;

	initStringInfo(&out);
	for (; *text; text++)
	{
		const char *found = strchr(characters, *text);

		if (found)
			appendStringInfoString(&out, replacements[found - characters]);
		else
			appendStringInfoCharMacro(&out, *text);
	}
	return out.data;
}

/*
 * The content of a JSON string, with characters beyond ASCII as they are or
 * as \uXXXX; palloc'd.
 */
static char *
json_variant(const char *value, bool ascii)
{
	StringInfoData json;
	StringInfoData out;

	initStringInfo(&json);
	escape_json(&json, value);
	json.data[json.len - 1] = '\0';	/* the closing quote */
	if (!ascii || GetDatabaseEncoding() != PG_UTF8)
		return json.data + 1;

	initStringInfo(&out);
	for (const unsigned char *p = (const unsigned char *) json.data + 1; *p; p += pg_utf_mblen(p))
	{
		pg_wchar	c = utf8_to_unicode(p);

		if (c < 0x80)
			appendStringInfoCharMacro(&out, (char) c);
		else if (c < 0x10000)
			appendStringInfo(&out, "\\u%04x", c);
		else
			appendStringInfo(&out, "\\u%04x\\u%04x",
							 0xD800 + ((c - 0x10000) >> 10),
							 0xDC00 + ((c - 0x10000) & 0x3FF));
	}
	return out.data;
}

/*
 * Every way in which a server may write the values of the settings, longest
 * first, so that a value that is part of another does not spoil it.
 */
static int
compare_length(const ListCell *a, const ListCell *b)
{
	size_t		length_a = strlen(lfirst(a));
	size_t		length_b = strlen(lfirst(b));

	return length_a > length_b ? -1 : length_a < length_b ? 1 : 0;
}

static List *
secret_variants(const ConnectorOptions *options)
{
	static const char *const html[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#039;"};
	static const char *const slash[] = {"\\/"};
	static const char *const percent_space[] = {"%20"};
	List	   *variants = NIL;
	ListCell   *lc;

	foreach(lc, options->settings)
	{
		const Setting *setting = lfirst(lc);
		char	   *value = setting->value;
		char	   *utf8 = pg_server_to_any(value, strlen(value), PG_UTF8);
		char	   *encoded;

		if (value[0] == '\0')
			continue;
		variants = add_variant(variants, value);
		variants = add_variant(variants, replace_characters(value, "&<>\"'", html));
		for (int ascii = 0; ascii <= 1; ascii++)
		{
			char	   *json = json_variant(value, ascii == 1);

			variants = add_variant(variants, json);
			variants = add_variant(variants, replace_characters(json, "/", slash));
		}
		encoded = body_encode(utf8, strlen(utf8));
		if (encoded == NULL)
			ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
		variants = add_variant(variants, pstrdup(encoded));
		variants = add_variant(variants, replace_characters(encoded, "+", percent_space));
		free(encoded);
	}
	list_sort(variants, compare_length);
	return variants;
}

/*
 * A copy of text of the other side with the values of settings replaced, in
 * the database's encoding, palloc'd.  Bytes that are not valid there, and
 * control characters, become question marks and blanks.  Raises nothing but
 * out of memory.
 *
 * cut says that the text may go on where we have it no more.
 *
 * Letter case does not matter: percent-encoding has no canonical one, and too
 * much replaced is better than too little.
 */
char *
mask_settings(const ConnectorOptions *options, const char *text, size_t length,
			  bool cut)
{
	List	   *variants = secret_variants(options);
	StringInfoData out;

	initStringInfo(&out);
	for (size_t i = 0; i < length;)
	{
		ListCell   *lc;
		size_t		skip = 0;

		foreach(lc, variants)
		{
			size_t		secret_length = strlen(lfirst(lc));

			/* cut text may end in the middle of a secret */
			if (cut)
				secret_length = Min(secret_length, length - i);
			if (secret_length <= length - i &&
				pg_strncasecmp(text + i, lfirst(lc), secret_length) == 0)
			{
				skip = secret_length;
				break;
			}
		}
		if (skip > 0)
		{
			appendStringInfoString(&out, MASK);
			i += skip;
		}
		else
		{
			unsigned char c = (unsigned char) text[i];
			int			bytes = 1;

			if (c < 0x20 || c == 0x7F)
				appendStringInfoChar(&out, ' ');
			else if (c < 0x80)
				appendStringInfoChar(&out, (char) c);
			else
			{
				/* keep what is a whole character here, whatever it came in */
				bytes = pg_encoding_mblen(GetDatabaseEncoding(), text + i);
				if (bytes <= length - i &&
					pg_verify_mbstr(GetDatabaseEncoding(), text + i, bytes, true))
					appendBinaryStringInfo(&out, text + i, bytes);
				else
				{
					appendStringInfoChar(&out, '?');
					bytes = 1;
				}
			}
			i += bytes;
		}
	}
	return out.data;
}

/*
 * Cut text to a number of bytes for a message, marked by dots; palloc'd
 * or the text itself.
 */
char *
shorten_text(const char *text, int maximum)
{
	int			length = strlen(text);

	if (length <= maximum)
		return unconstify(char *, text);
	return psprintf("%.*s...", pg_mbcliplen(text, length, maximum), text);
}
