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
 * A secret is looked for character by character, each of which may be written
 * in any of the ways that character_ends knows, and in a different one than
 * its neighbours: the ways in which libraries encode the same text differ in
 * what they leave alone.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "compat.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#define MASK "***"

/* How much of a code or an excerpt is shown, in bytes */
#define SHOWN_TEXT 200

/* How often a percent sign is percent-encoded again, at most */
#define MAX_PERCENT_LAYERS 2

/* The longest way to write a character: four bytes as %2525XX, two \\uXXXX */
#define MAX_WRITTEN 28

/* As deep as JSON is put into a string of JSON: backslashes in front */
#define MAX_BACKSLASHES 8

/* Where a character may end, at most: one for each way to write it */
#define MAX_ENDS 40

static bool
same_letter(char a, char b)
{
	return pg_ascii_tolower((unsigned char) a) == pg_ascii_tolower((unsigned char) b);
}

/*
 * The length of a pattern if the text starts with it in any letter case, or 0.
 */
static size_t
starts_with(const char *text, size_t length, const char *pattern)
{
	size_t		i = 0;

	for (; pattern[i]; i++)
	{
		if (i >= length || !same_letter(text[i], pattern[i]))
			return 0;
	}
	return i;
}

/*
 * The length of a character at the start of the text if it is written as an
 * entity of HTML or XML there, or 0.
 */
static size_t
entity_length(const char *text, size_t length, pg_wchar code)
{
	static const struct
	{
		pg_wchar	meant;
		const char *entity;
	}			entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"},
	{'"', "&quot;"}, {'\'', "&apos;"}};
	char		pattern[64];
	size_t		end = 0;

	for (int i = 0; i < lengthof(entities) && end == 0; i++)
	{
		if (code == entities[i].meant)
			end = starts_with(text, length, entities[i].entity);
	}
	for (int zeros = 0; zeros <= 2 && end == 0; zeros++)
	{
		snprintf(pattern, sizeof(pattern), "&#%.*s%u;", zeros, "00", code);
		end = starts_with(text, length, pattern);
		if (end == 0)
		{
			snprintf(pattern, sizeof(pattern), "&#x%.*s%x;", zeros, "00", code);
			end = starts_with(text, length, pattern);
		}
	}
	return end;
}

/*
 * All lengths that one character of a secret has at the start of the text,
 * into ends (of MAX_ENDS elements).  Returns their number.  The character is
 * one of UTF-8, or a single byte that is none.
 *
 * Letter case does not matter: percent-encoding has no canonical one, and too
 * much replaced is better than too little.
 */
static int
character_ends(const char *text, size_t length, const char *character, int bytes,
			   size_t *ends)
{
	static const char json_letters[] = "\"\\/'bfnrt";
	static const char json_meant[] = "\"\\/'\b\f\n\r\t";
	const char *json = strchr(json_meant, character[0]);
	pg_wchar	code = bytes > 1 ? utf8_to_unicode((const unsigned char *) character)
		: (unsigned char) character[0];
	char		pattern[64];
	size_t		end;
	int			count = 0;
	int			backslashes = 0;

	/* as it is */
	for (end = 0; end < bytes && end < length; end++)
	{
		if (!same_letter(text[end], character[end]))
			break;
	}
	if (end == bytes)
		ends[count++] = end;

	/* in URLs and forms */
	if (character[0] == ' ' && length > 0 && text[0] == '+')
		ends[count++] = 1;
	for (int layers = 0; layers <= MAX_PERCENT_LAYERS; layers++)
	{
		int			width = 3 + 2 * layers;

		for (int i = 0; i < bytes; i++)
			snprintf(pattern + width * i, width + 1, "%%%.*s%02X",
					 2 * layers, "2525", (unsigned char) character[i]);
		if ((end = starts_with(text, length, pattern)) > 0)
			ends[count++] = end;
	}

	/* in HTML and XML */
	if ((end = entity_length(text, length, code)) > 0)
		ends[count++] = end;

	/* in the strings of programming languages */
	for (int i = 0; i < bytes; i++)
		snprintf(pattern + 4 * i, 5, "\\x%02x", (unsigned char) character[i]);
	if ((end = starts_with(text, length, pattern)) > 0)
		ends[count++] = end;

	/* in JSON, and in JSON within JSON */
	while (backslashes < length && backslashes < MAX_BACKSLASHES &&
		   text[backslashes] == '\\')
	{
		const char *rest = text + ++backslashes;
		size_t		left = length - backslashes;

		if (json && left > 0 && *rest == json_letters[json - json_meant])
			ends[count++] = backslashes + 1;
		/* with HTML around the JSON */
		if (json && (end = entity_length(rest, left, code)) > 0)
			ends[count++] = backslashes + end;
		snprintf(pattern, sizeof(pattern), "u%04x",
				 code < 0x10000 ? code : 0xD800 + ((code - 0x10000) >> 10));
		end = starts_with(rest, left, pattern);
		if (end > 0 && code < 0x10000)
			ends[count++] = backslashes + end;
		else if (end > 0)
		{
			size_t		again = end;

			while (again < left && rest[again] == '\\')
				again++;
			snprintf(pattern, sizeof(pattern), "u%04x", 0xDC00 + ((code - 0x10000) & 0x3FF));
			end = starts_with(rest + again, left - again, pattern);
			if (end > 0)
				ends[count++] = backslashes + again + end;
		}
	}
	Assert(count <= MAX_ENDS);
	return count;
}

/*
 * The length of a secret at the start of the text in any writing, the longest
 * if there are several, or 0.  If the text is cut, a secret may run out of
 * it.
 */
static size_t
secret_length(const char *text, size_t length, const char *secret, bool cut)
{
	List	   *places = list_make1_int(0); /* where the next character may
											 * start */
	ListCell   *lc;

	while (*secret && places != NIL)
	{
		int			bytes = pg_utf_mblen((const unsigned char *) secret);
		List	   *next = NIL;

		if (bytes > strlen(secret) ||
			!pg_utf8_islegal((const unsigned char *) secret, bytes))
			bytes = 1;
		foreach(lc, places)
		{
			size_t		at = lfirst_int(lc);
			size_t		ends[MAX_ENDS];
			int			count;

			if (cut && at > 0 && length - at < MAX_WRITTEN)
				return length;
			count = character_ends(text + at, length - at, secret, bytes, ends);
			for (int i = 0; i < count; i++)
				next = list_append_unique_int(next, (int) (at + ends[i]));
		}
		list_free(places);
		places = next;
		secret += bytes;
	}

	length = 0;
	foreach(lc, places)
		length = Max(length, lfirst_int(lc));
	list_free(places);
	return length;
}

/*
 * The values to look for, in the database's encoding and in that of the wire.
 */
static List *
secrets(List *settings)
{
	List	   *values = NIL;
	ListCell   *lc;

	foreach(lc, settings)
	{
		char	   *value = ((Setting *) lfirst(lc))->value;
		char	   *utf8 = pg_server_to_any(value, strlen(value), PG_UTF8);

		if (value[0] == '\0')
			continue;
		values = lappend(values, value);
		if (strcmp(value, utf8) != 0)
			values = lappend(values, utf8);
	}
	return values;
}

/*
 * A copy of text of the other side, which is in that encoding, with the values
 * of settings (a list of Setting *) replaced, palloc'd.  Bytes that are not valid there, and control
 * characters, become question marks and blanks.  Raises nothing but out of
 * memory.
 *
 * from says where the copy starts: what is before is looked at, but not shown.
 * cut says that the text may go on where we have it no more.
 */
char *
mask_settings(List *settings, int encoding, const char *text, size_t length, size_t from,
			  bool cut)
{
	List	   *values = secrets(settings);
	StringInfoData out;
	size_t		bytes;

	initStringInfo(&out);
	for (size_t i = 0; i < length; i += bytes)
	{
		unsigned char c = (unsigned char) text[i];
		size_t		masked = 0;
		ListCell   *lc;

		foreach(lc, values)
			masked = Max(masked, secret_length(text + i, length - i, lfirst(lc), cut));
		bytes = 1;
		if (masked > 0)
		{
			if (i + masked > from)
				appendStringInfoString(&out, MASK);
			bytes = masked;
		}
		else if (i < from)
			continue;
		else if (c < 0x20 || c == 0x7F)
			appendStringInfoChar(&out, ' ');
		else if (c < 0x80)
			appendStringInfoChar(&out, (char) c);
		else
		{
			/* keep what is a whole character here, whatever it came in */
			bytes = pg_encoding_mblen(encoding, text + i);
			if (bytes <= length - i && pg_verify_mbstr(encoding, text + i, bytes, true))
				appendBinaryStringInfo(&out, text + i, bytes);
			else
			{
				appendStringInfoChar(&out, '?');
				bytes = 1;
			}
		}
	}
	return out.data;
}

/*
 * Cut text to a number of bytes for a message, marked by dots; palloc'd
 * or the text itself.  In a database that knows no encoding, most texts are
 * UTF-8, and clients may expect just that.
 */
char *
shorten_text(const char *text, int maximum)
{
	int			length = strlen(text);
	int			encoding = GetDatabaseEncoding();

	if (length <= maximum)
		return unconstify(char *, text);
	if (encoding == PG_SQL_ASCII)
		encoding = PG_UTF8;
	return psprintf("%.*s...", pg_encoding_mbcliplen(encoding, text, length, maximum), text);
}

/*
 * Valid UTF-8 in the database's encoding, as far as that has its characters;
 * the others become question marks.  palloc'd or the text itself.  Not to be
 * called while an error is being made.
 */
char *
utf8_to_shown(char *text)
{
	int			encoding = GetDatabaseEncoding();
	StringInfoData out;

	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
		return text;
	initStringInfo(&out);
	for (int bytes; *text; text += bytes)
	{
		bytes = pg_utf_mblen((const unsigned char *) text);
		if (!IS_HIGHBIT_SET(*text))
			appendStringInfoChar(&out, *text);
		else if (!compat_append_converted(&out, text, bytes))
			appendStringInfoChar(&out, '?');
	}
	return out.data;
}

/*
 * A text of the other side in the database's encoding, such as a code, fit to
 * be shown in a message; palloc'd.
 */
char *
show_text(List *settings, const char *text)
{
	return shorten_text(mask_settings(settings, GetDatabaseEncoding(), text, strlen(text), 0,
									  false), SHOWN_TEXT);
}

/*
 * What the other side sent from some byte on, in UTF-8 most often, fit to be shown,
 * palloc'd.  What is in front of it counts as well: a secret may have begun there.
 * more says that what we have is not all of it.
 */
char *
show_excerpt(List *settings, const char *data, size_t length, size_t at, bool more)
{
	size_t		before = Min(at, EXCERPT_SOURCE);
	size_t		source = before + Min(length - at, EXCERPT_SOURCE);
	char	   *masked = mask_settings(settings, PG_UTF8, data + at - before, source, before,
									   more || at - before + source < length);

	return shorten_text(utf8_to_shown(masked), SHOWN_TEXT);
}
