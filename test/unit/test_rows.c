/*-------------------------------------------------------------------------
 *
 * test_rows.c
 *	  Unit tests of src/rows.c.
 *
 * Most of them are a document and what is to come of it, written down by
 * describe().  Each such document is then read once more in every two pieces
 * and byte by byte, which must not make a difference.
 *
 *-------------------------------------------------------------------------
 */
#include <regex.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reading.h"
#include "test.h"

/* A document of a string literal, which may hold NUL bytes */
#define DOC(literal) literal, sizeof(literal) - 1

/*
 * What the linker puts in the place of realloc(), so that it can fail.  The
 * tests' own allocations come by here, too.
 */
extern void *__real_realloc(void *old, size_t size);
extern void *__wrap_realloc(void *old, size_t size);

static int	realloc_calls_left = -1;	/* before one fails; -1: never */

void *
__wrap_realloc(void *old, size_t size)
{
	if (realloc_calls_left == 0)
		return NULL;
	if (realloc_calls_left > 0)
		realloc_calls_left--;
	return __real_realloc(old, size);
}

/* A text that grows */
typedef struct Text
{
	char	   *data;
	size_t		len;
	size_t		size;
} Text;

static void
text_bytes(Text *text, const char *data, size_t len)
{
	if (text->len + len + 1 > text->size)
	{
		text->size = (text->len + len + 1) * 2;
		text->data = test_realloc(text->data, text->size);
	}
	memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
}

static void TEST_PRINTF(2, 3)
text_printf(Text *text, const char *format, ...)
{
	char		line[512];
	va_list		args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	text_bytes(text, line, strlen(line));
}

static const char *
error_kind_name(RowsErrorKind kind)
{
	switch (kind)
	{
		case ROWS_ERR_SYNTAX:
			return "syntax";
		case ROWS_ERR_WIDTH:
			return "width";
		case ROWS_ERR_NOT_ARRAY:
			return "not array";
		case ROWS_ERR_DEPTH:
			return "depth";
		case ROWS_ERR_MEMORY:
			return "memory";
		case ROWS_ERR_TRUNCATED:
			return "truncated";
		case ROWS_ERR_NONE:
			break;
	}
	return "?";
}

/*
 * A reading as text: rows separated by bars, their values by spaces, a number
 * as i:1 (an integer) or n:1.5, a string as s:text, or e:text with escapes, an
 * array as a:[], an object as o:{}, "-" for the null of a slot that no column
 * has; the letter is a capital one if the text is not ASCII.  At the end the
 * word "end" or the error.
 */
static char *
describe(const Reading *reading, const char *doc)
{
	Text		text = {0};

	for (size_t i = 0; i < reading->nrows; i++)
	{
		const ReadRow *row = &reading->rows[i];

		for (size_t j = 0; j < row->stored; j++)
		{
			const ReadValue *value = &reading->values[row->first + j];
			const char *letters = "";

			if (value->at == NOWHERE)
			{
				text_printf(&text, value->kind == ROWS_NULL ? "- " : "? ");
				continue;
			}
			switch (value->kind)
			{
				case ROWS_NULL:
					letters = "0";
					break;
				case ROWS_FALSE:
					letters = "f";
					break;
				case ROWS_TRUE:
					letters = "t";
					break;
				case ROWS_NUMBER:
					letters = value->integer ? "iI" : "nN";
					break;
				case ROWS_STRING:
					letters = value->escaped ? "eE" : "sS";
					break;
				case ROWS_ARRAY:
					letters = "aA";
					break;
				case ROWS_OBJECT:
					letters = "oO";
					break;
			}
			/* flags that do not go with the kind would be a mistake, too */
			if ((value->escaped && value->kind != ROWS_STRING) ||
				(value->integer && value->kind != ROWS_NUMBER) ||
				(!value->ascii && letters[1] == '\0'))
				letters = "!!";
			text_bytes(&text, letters + (value->ascii ? 0 : 1), 1);
			text_printf(&text, ":");
			text_bytes(&text, doc + value->at, value->len);
			text_printf(&text, " ");
		}
		text_printf(&text, "| ");
	}
	if (reading->broken)
		text_printf(&text, "BROKEN: %s", reading->broken);
	else if (reading->status == ROWS_END)
		text_printf(&text, "end");
	else
	{
		text_printf(&text, "%s at %llu in row %llu", error_kind_name(reading->error_kind),
					(unsigned long long) reading->error_offset,
					(unsigned long long) reading->error_row);
		if (reading->error_kind == ROWS_ERR_WIDTH)
			text_printf(&text, " (%zu for %zu)", reading->error_nvalues, reading->error_width);
		text_printf(&text, ": %s", reading->error);
	}
	return text.data;
}

/* The document gives what it should, in whatever pieces it comes. */
static void
check_document(const char *name, const char *doc, size_t len,
			   const Columns *columns, const char *expected)
{
	Reading		reading;
	char	   *got;
	size_t		cut = 0;
	bool		as_expected;
	bool		same;

	read_pieces(&reading, doc, len, NULL, 0, false, columns);
	got = describe(&reading, doc);
	as_expected = strcmp(got, expected) == 0;
	same = same_in_pieces(&reading, doc, len, columns, &cut);
	if (!test_ok(as_expected && same, "%s", name))
	{
		test_diag_bytes("document", doc, len);
		test_diag_bytes("got", got, strlen(got));
		test_diag_bytes("expected", expected, strlen(expected));
		if (!same)
			test_diag("differs when cut at %zu of %zu", cut, len);
	}
	free(got);
	reading_free(&reading);
}

static void
test_documents(void)
{
	static const struct
	{
		const char *name;
		const char *doc;
		size_t		len;
		const char *expected;
	}			tests[] = {
		/* documents */
		{"header and rows", DOC("[[\"ID\",\"NAME\"],[1,\"a\"],[2,null]]"),
		"s:ID s:NAME | i:1 s:a | i:2 0:null | end"},
		{"white space everywhere", DOC(" \t\r\n[ \t\r\n[ \t\r\n1 \t\r\n, \t\r\n\"a\" \t\r\n] \t\r\n, \t\r\n[ \t\r\n] \t\r\n] \t\r\n"),
		"i:1 s:a | | end"},
		{"no rows", DOC("[]"), "end"},
		{"no rows, spaced", DOC(" [ ] "), "end"},
		{"an empty row", DOC("[[]]"), "| end"},
		{"an empty row, spaced", DOC(" [ [ ] ] "), "| end"},
		{"empty rows", DOC("[[],[],[]]"), "| | | end"},
		{"header alone", DOC("[[\"A\"]]"), "s:A | end"},
		{"line feed at the end", DOC("[[1]]\n"), "i:1 | end"},
		{"rows of different width without columns", DOC("[[1],[],[1,2]]"),
		"i:1 | | i:1 i:2 | end"},
		{"byte order mark", DOC("\xEF\xBB\xBF[[1]]"), "i:1 | end"},
		{"byte order mark and space", DOC("\xEF\xBB\xBF\n[[1]]"), "i:1 | end"},

		/* no document, or too little of it */
		{"no bytes", DOC(""), "truncated at 0 in row 0: empty document"},
		{"white space alone", DOC(" \n"), "truncated at 2 in row 0: empty document"},
		{"byte order mark alone", DOC("\xEF\xBB\xBF"), "truncated at 3 in row 0: empty document"},
		{"half a byte order mark", DOC("\xEF\xBB"), "not array at 0 in row 0: document is not an array"},
		{"broken byte order mark", DOC("\xEF\xBB[]"), "not array at 0 in row 0: document is not an array"},
		{"two byte order marks", DOC("\xEF\xBB\xBF\xEF\xBB\xBF[]"), "not array at 3 in row 0: document is not an array"},
		{"byte order mark behind a space", DOC(" \xEF\xBB\xBF[]"), "not array at 1 in row 0: document is not an array"},
		{"byte order mark behind the bracket", DOC("[\xEF\xBB\xBF[]]"), "syntax at 1 in row 0: expected a row"},
		{"UTF-16", DOC("[\0[\0]\0]\0"), "syntax at 1 in row 0: expected a row"},
		{"an object", DOC("{\"error\":\"no\"}"), "not array at 0 in row 0: document is not an array"},
		{"HTML in front", DOC("<br />\n[[1]]"), "not array at 0 in row 0: document is not an array"},
		{"a string", DOC("\"[[1]]\""), "not array at 0 in row 0: document is not an array"},
		{"a number", DOC("1"), "not array at 0 in row 0: document is not an array"},
		{"a closing bracket", DOC("]"), "not array at 0 in row 0: document is not an array"},
		{"NUL byte in front", DOC("\0[]"), "not array at 0 in row 0: document is not an array"},
		{"opening bracket alone", DOC("["), "truncated at 1 in row 0: document ends before its closing bracket"},
		{"no closing bracket", DOC("[[1]"), "i:1 | truncated at 4 in row 1: document ends before its closing bracket"},
		{"no closing bracket, spaced", DOC("[[1] \n"), "i:1 | truncated at 6 in row 1: document ends before its closing bracket"},
		{"ends behind a comma", DOC("[[1], "), "i:1 | truncated at 6 in row 1: document ends before its closing bracket"},
		{"ends at a row's start", DOC("[[1],["), "i:1 | truncated at 6 in row 1: document ends inside a row"},
		{"ends inside a row", DOC("[[1],[2, "), "i:1 | truncated at 9 in row 1: document ends inside a row"},
		{"ends behind a value", DOC("[[1],[2 "), "i:1 | truncated at 8 in row 1: document ends inside a row"},
		{"ends inside a number", DOC("[[12"), "truncated at 4 in row 0: document ends inside a row"},
		{"ends behind a minus", DOC("[[-"), "truncated at 3 in row 0: document ends inside a row"},
		{"ends behind a point", DOC("[[1."), "truncated at 4 in row 0: document ends inside a row"},
		{"ends behind an e", DOC("[[1e"), "truncated at 4 in row 0: document ends inside a row"},
		{"ends behind an exponent's sign", DOC("[[1e-"), "truncated at 5 in row 0: document ends inside a row"},
		{"ends inside a literal", DOC("[[tru"), "truncated at 5 in row 0: document ends inside a row"},
		{"ends behind a literal", DOC("[[true"), "truncated at 6 in row 0: document ends inside a row"},
		{"ends inside a string", DOC("[[\"a"), "truncated at 4 in row 0: document ends inside a row"},
		{"ends behind a string", DOC("[[\"a\""), "truncated at 5 in row 0: document ends inside a row"},
		{"ends behind a backslash", DOC("[[\"\\"), "truncated at 4 in row 0: document ends inside a row"},
		{"ends behind \\u", DOC("[[\"\\u"), "truncated at 5 in row 0: document ends inside a row"},
		{"ends inside \\u", DOC("[[\"\\u00"), "truncated at 7 in row 0: document ends inside a row"},
		{"ends inside a nested array", DOC("[[[1"), "truncated at 4 in row 0: document ends inside a row"},
		{"ends behind a nested array", DOC("[[[]"), "truncated at 4 in row 0: document ends inside a row"},
		{"ends inside an object", DOC("[[{\"a\":1,"), "truncated at 9 in row 0: document ends inside a row"},
		{"ends inside a key", DOC("[[{\"a"), "truncated at 5 in row 0: document ends inside a row"},

		/* the outermost array */
		{"trailing characters", DOC("[[1]]x"), "i:1 | syntax at 5 in row 1: unexpected character after the document"},
		{"trailing characters behind space", DOC("[[1]] \n\t x"), "i:1 | syntax at 9 in row 1: unexpected character after the document"},
		{"trailing bracket", DOC("[]]"), "syntax at 2 in row 0: unexpected character after the document"},
		{"trailing comma", DOC("[[1]],"), "i:1 | syntax at 5 in row 1: unexpected character after the document"},
		{"trailing NUL byte", DOC("[[1]]\0"), "i:1 | syntax at 5 in row 1: unexpected character after the document"},
		{"two documents", DOC("[[1]][[2]]"), "i:1 | syntax at 5 in row 1: unexpected character after the document"},
		{"comma behind the last row", DOC("[[1],]"), "i:1 | syntax at 5 in row 1: expected a row"},
		{"comma in front", DOC("[,[1]]"), "syntax at 1 in row 0: expected a row"},
		{"two commas", DOC("[[1],,[2]]"), "i:1 | syntax at 5 in row 1: expected a row"},
		{"no comma", DOC("[[1][2]]"), "i:1 | syntax at 4 in row 1: expected a comma or a closing bracket"},
		{"closing brace", DOC("[[1]}"), "i:1 | syntax at 4 in row 1: expected a comma or a closing bracket"},
		{"vertical tab for a space", DOC("[\v[1]]"), "syntax at 1 in row 0: expected a row"},
		{"comment", DOC("[/**/[1]]"), "syntax at 1 in row 0: expected a row"},
		{"number for a row", DOC("[1,2]"), "not array at 1 in row 0: element of the document is not an array"},
		{"negative number for a row", DOC("[[1],-1]"), "i:1 | not array at 5 in row 1: element of the document is not an array"},
		{"string for a row", DOC("[ \"a\"]"), "not array at 2 in row 0: element of the document is not an array"},
		{"object for a row", DOC("[[1], {}]"), "i:1 | not array at 6 in row 1: element of the document is not an array"},
		{"null for a row", DOC("[null]"), "not array at 1 in row 0: element of the document is not an array"},
		{"true for a row", DOC("[true]"), "not array at 1 in row 0: element of the document is not an array"},
		{"false for a row", DOC("[false]"), "not array at 1 in row 0: element of the document is not an array"},
		{"word for a row", DOC("[undefined]"), "syntax at 1 in row 0: expected a row"},

		/* rows */
		{"comma behind the last value", DOC("[[1,]]"), "syntax at 4 in row 0: expected a value"},
		{"comma in front of a value", DOC("[[,1]]"), "syntax at 2 in row 0: expected a value"},
		{"comma alone", DOC("[[,]]"), "syntax at 2 in row 0: expected a value"},
		{"no comma between values", DOC("[[1 2]]"), "syntax at 4 in row 0: expected a comma or a closing bracket"},
		{"no comma between strings", DOC("[[\"a\"\"b\"]]"), "syntax at 5 in row 0: expected a comma or a closing bracket"},
		{"colon for a comma", DOC("[[1:2]]"), "syntax at 3 in row 0: expected a comma or a closing bracket"},
		{"brace for a bracket", DOC("[[1}]"), "syntax at 3 in row 0: expected a comma or a closing bracket"},
		{"closing brace for a value", DOC("[[}]]"), "syntax at 2 in row 0: expected a value"},
		{"word for a value", DOC("[[undefined]]"), "syntax at 2 in row 0: expected a value"},
		{"NUL byte for a value", DOC("[[\0]]"), "syntax at 2 in row 0: expected a value"},
		{"NUL byte behind a value", DOC("[[1\0]]"), "syntax at 3 in row 0: expected a comma or a closing bracket"},
		{"no-break space", DOC("[[\xC2\xA0" "1]]"), "syntax at 2 in row 0: expected a value"},
		{"form feed", DOC("[[1\f]]"), "syntax at 3 in row 0: expected a comma or a closing bracket"},
		{"wrong row is named", DOC("[[1],[2],[x]]"), "i:1 | i:2 | syntax at 10 in row 2: expected a value"},

		/* literals */
		{"literals", DOC("[[null,true,false]]"), "0:null t:true f:false | end"},
		{"capitals", DOC("[[True]]"), "syntax at 2 in row 0: expected a value"},
		{"capitals within", DOC("[[nUll]]"), "syntax at 3 in row 0: invalid literal"},
		{"short literal", DOC("[[tru]]"), "syntax at 5 in row 0: invalid literal"},
		{"long literal", DOC("[[truee]]"), "syntax at 6 in row 0: expected a comma or a closing bracket"},
		{"two literals", DOC("[[nulltrue]]"), "syntax at 6 in row 0: expected a comma or a closing bracket"},
		{"NaN", DOC("[[NaN]]"), "syntax at 2 in row 0: expected a value"},
		{"Infinity", DOC("[[Infinity]]"), "syntax at 2 in row 0: expected a value"},
		{"-Infinity", DOC("[[-Infinity]]"), "syntax at 3 in row 0: invalid number"},

		/* numbers */
		{"integers", DOC("[[0,-0,7,-12,1234567890]]"), "i:0 i:-0 i:7 i:-12 i:1234567890 | end"},
		{"fractions", DOC("[[0.0,-0.5,12.75,1.0]]"), "n:0.0 n:-0.5 n:12.75 n:1.0 | end"},
		{"exponents", DOC("[[1e5,1E5,1e+5,1e-5,0e0,-1.5E-07]]"), "n:1e5 n:1E5 n:1e+5 n:1e-5 n:0e0 n:-1.5E-07 | end"},
		{"long numbers", DOC("[[123456789012345678901234567890,0.000000000000000000000000000001,1e999]]"),
		"i:123456789012345678901234567890 n:0.000000000000000000000000000001 n:1e999 | end"},
		{"leading zero", DOC("[[01]]"), "syntax at 3 in row 0: number with a leading zero"},
		{"two zeros", DOC("[[00]]"), "syntax at 3 in row 0: number with a leading zero"},
		{"negative leading zero", DOC("[[-01]]"), "syntax at 4 in row 0: number with a leading zero"},
		{"leading plus", DOC("[[+1]]"), "syntax at 2 in row 0: expected a value"},
		{"minus alone", DOC("[[-]]"), "syntax at 3 in row 0: invalid number"},
		{"two minuses", DOC("[[--1]]"), "syntax at 3 in row 0: invalid number"},
		{"minus and space", DOC("[[- 1]]"), "syntax at 3 in row 0: invalid number"},
		{"leading point", DOC("[[.5]]"), "syntax at 2 in row 0: expected a value"},
		{"minus and point", DOC("[[-.5]]"), "syntax at 3 in row 0: invalid number"},
		{"trailing point", DOC("[[1.]]"), "syntax at 4 in row 0: invalid number"},
		{"point and exponent", DOC("[[1.e5]]"), "syntax at 4 in row 0: invalid number"},
		{"two points", DOC("[[1.2.3]]"), "syntax at 5 in row 0: expected a comma or a closing bracket"},
		{"exponent without digits", DOC("[[1e]]"), "syntax at 4 in row 0: invalid number"},
		{"exponent with sign alone", DOC("[[1e+]]"), "syntax at 5 in row 0: invalid number"},
		{"two exponents", DOC("[[1e5e5]]"), "syntax at 5 in row 0: expected a comma or a closing bracket"},
		{"broken exponent", DOC("[[1e5.5]]"), "syntax at 5 in row 0: expected a comma or a closing bracket"},
		{"hexadecimal", DOC("[[0x10]]"), "syntax at 3 in row 0: expected a comma or a closing bracket"},
		{"digit groups", DOC("[[1_000]]"), "syntax at 3 in row 0: expected a comma or a closing bracket"},

		/* strings */
		{"strings", DOC("[[\"\",\"a\",\"hello, [world]\"]]"), "s: s:a s:hello, [world] | end"},
		{"escapes", DOC("[[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"]]"),
		"e:\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00 | end"},
		{"escaped quote at the end", DOC("[[\"a\\\"\",\"b\\\\\"]]"), "e:a\\\" e:b\\\\ | end"},
		{"UTF-8", DOC("[[\"gr\xC3\xBCn\",\"\xF0\x9F\x98\x80\\n\",\"a\"]]"), "S:gr\xC3\xBCn E:\xF0\x9F\x98\x80\\n s:a | end"},
		{"UTF-8 in front of an escape", DOC("[[\"\xC3\xBC\\nabcdef\"]]"), "E:\xC3\xBC\\nabcdef | end"},
		{"UTF-8 behind an escape", DOC("[[\"\\nabcdef\xC3\xBC\"]]"), "E:\\nabcdef\xC3\xBC | end"},
		{"invalid UTF-8 is the caller's", DOC("[[\"\xFF\x80\"]]"), "S:\xFF\x80 | end"},
		{"lone surrogates are the caller's", DOC("[[\"\\ud800\",\"\\udc00\"]]"), "e:\\ud800 e:\\udc00 | end"},
		{"\\u0000 is the caller's", DOC("[[\"\\u0000\"]]"), "e:\\u0000 | end"},
		{"delete is no control character", DOC("[[\"\x7F\"]]"), "s:\x7F | end"},
		{"control character", DOC("[[\"a\nb\"]]"), "syntax at 4 in row 0: control character in a string"},
		{"NUL byte in a string", DOC("[[\"a\0b\"]]"), "syntax at 4 in row 0: control character in a string"},
		{"control character behind an escape", DOC("[[\"\\na\x1F\"]]"), "syntax at 6 in row 0: control character in a string"},
		{"unknown escape", DOC("[[\"\\a\"]]"), "syntax at 4 in row 0: invalid escape in a string"},
		{"hexadecimal escape", DOC("[[\"\\x41\"]]"), "syntax at 4 in row 0: invalid escape in a string"},
		{"capital escape", DOC("[[\"\\N\"]]"), "syntax at 4 in row 0: invalid escape in a string"},
		{"escaped line feed", DOC("[[\"\\\n\"]]"), "syntax at 4 in row 0: invalid escape in a string"},
		{"short \\u escape", DOC("[[\"\\u12\"]]"), "syntax at 7 in row 0: invalid \\u escape in a string"},
		{"not hexadecimal", DOC("[[\"\\u00g0\"]]"), "syntax at 7 in row 0: invalid \\u escape in a string"},
		{"capital \\U", DOC("[[\"\\U0041\"]]"), "syntax at 4 in row 0: invalid escape in a string"},
		{"single quotes", DOC("[['a']]"), "syntax at 2 in row 0: expected a value"},

		/* arrays and objects as values */
		{"nested", DOC("[[[],{},[1,[2,{}]],{\"a\":[],\"b\":{\"c\":null}}]]"),
		"a:[] o:{} a:[1,[2,{}]] o:{\"a\":[],\"b\":{\"c\":null}} | end"},
		{"nested, spaced", DOC("[[ [ ] , { } , [ 1 , 2 ] , { \"a\" : 1 , \"b\" : [ ] } ]]"),
		"a:[ ] o:{ } a:[ 1 , 2 ] o:{ \"a\" : 1 , \"b\" : [ ] } | end"},
		{"nested UTF-8", DOC("[[[\"\xC3\xBC\",1],{\"\xC3\xBC\":1},{\"a\":\"\xC3\xBC\"},[\"\\u00fc\"]]]"),
		"A:[\"\xC3\xBC\",1] O:{\"\xC3\xBC\":1} O:{\"a\":\"\xC3\xBC\"} a:[\"\\u00fc\"] | end"},
		{"brackets in nested strings", DOC("[[[\"]\"],{\"}\":\"{\"}]]"), "a:[\"]\"] o:{\"}\":\"{\"} | end"},
		{"same key twice", DOC("[[{\"a\":1,\"a\":2}]]"), "o:{\"a\":1,\"a\":2} | end"},
		{"empty key", DOC("[[{\"\":1}]]"), "o:{\"\":1} | end"},
		{"array closed by a brace", DOC("[[[1}]]"), "syntax at 4 in row 0: expected a comma or a closing bracket"},
		{"empty array closed by a brace", DOC("[[[}]]"), "syntax at 3 in row 0: expected a value"},
		{"object closed by a bracket", DOC("[[{\"a\":1]]]"), "syntax at 8 in row 0: expected a comma or a closing brace"},
		{"empty object closed by a bracket", DOC("[[{]]]"), "syntax at 3 in row 0: expected a string as the key of an object's member"},
		{"comma at a nested array's end", DOC("[[[1,]]]"), "syntax at 5 in row 0: expected a value"},
		{"comma at an object's end", DOC("[[{\"a\":1,}]]"), "syntax at 9 in row 0: expected a string as the key of an object's member"},
		{"comma at an object's start", DOC("[[{,}]]"), "syntax at 3 in row 0: expected a string as the key of an object's member"},
		{"number for a key", DOC("[[{1:1}]]"), "syntax at 3 in row 0: expected a string as the key of an object's member"},
		{"single-quoted key", DOC("[[{'a':1}]]"), "syntax at 3 in row 0: expected a string as the key of an object's member"},
		{"no colon", DOC("[[{\"a\" 1}]]"), "syntax at 7 in row 0: expected a colon after the key of an object's member"},
		{"no member's value", DOC("[[{\"a\"}]]"), "syntax at 6 in row 0: expected a colon after the key of an object's member"},
		{"no value behind the colon", DOC("[[{\"a\":}]]"), "syntax at 7 in row 0: expected a value"},
		{"colon in an array", DOC("[[[\"a\":1]]]"), "syntax at 6 in row 0: expected a comma or a closing bracket"},
		{"value where a comma should be", DOC("[[[1 2]]]"), "syntax at 5 in row 0: expected a comma or a closing bracket"},
		{"member where a comma should be", DOC("[[{\"a\":1 \"b\":2}]]"), "syntax at 9 in row 0: expected a comma or a closing brace"},
		{"control character in a key", DOC("[[{\"\t\":1}]]"), "syntax at 4 in row 0: control character in a string"},
		{"escapes in a key are checked", DOC("[[{\"\\x\":1}]]"), "syntax at 5 in row 0: invalid escape in a string"},
		{"nested numbers are checked", DOC("[[[01]]]"), "syntax at 4 in row 0: number with a leading zero"},
		{"kinds alternate", DOC("[[[{\"a\":[{\"b\":[1]},2]},3],4]]"), "a:[{\"a\":[{\"b\":[1]},2]},3] i:4 | end"},
		{"kinds are not mixed up", DOC("[[[{\"a\":[{\"b\":[1]],2]},3],4]]"), "syntax at 17 in row 0: expected a comma or a closing brace"},
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		check_document(tests[i].name, tests[i].doc, tests[i].len, NULL, tests[i].expected);
}

static void
test_columns(void)
{
	static const int straight[] = {0, 1};
	static const int swapped[] = {1, 0};
	static const int second[] = {-1, 0};
	static const int none[] = {-1, -1};
	static const int gap[] = {2, 0};
	static const int same[] = {0, 0};
	static const struct
	{
		const char *name;
		const char *doc;
		size_t		len;
		Columns		columns;
		const char *expected;
	}			tests[] = {
		{"in order", DOC("[[\"A\",\"B\"],[1,2],[3,4]]"), {straight, 2, 2},
		"s:A s:B | i:1 i:2 | i:3 i:4 | end"},
		{"swapped", DOC("[[\"A\",\"B\"],[1,2],[3,4]]"), {swapped, 2, 2},
		"s:A s:B | i:2 i:1 | i:4 i:3 | end"},
		{"one skipped", DOC("[[\"A\",\"B\"],[1,2],[[5],\"x\"]]"), {second, 2, 1},
		"s:A s:B | i:2 | s:x | end"},
		{"all skipped", DOC("[[\"A\",\"B\"],[1,2],[[5],\"x\"]]"), {none, 2, 0},
		"s:A s:B | | | end"},
		{"slots without a column", DOC("[[\"A\",\"B\"],[1,2],[3,4]]"), {gap, 2, 4},
		"s:A s:B | i:2 - i:1 - | i:4 - i:3 - | end"},
		{"two columns for a slot", DOC("[[\"A\",\"A\"],[1,2]]"), {same, 2, 1},
		"s:A s:A | i:2 | end"},
		{"no rows behind the header", DOC("[[\"A\",\"B\"]]"), {straight, 2, 2},
		"s:A s:B | end"},
		{"no columns at all", DOC("[[],[],[]]"), {NULL, 0, 0}, "| | | end"},
		{"no columns, but a slot", DOC("[[],[]]"), {NULL, 0, 1}, "| - | end"},

		{"too few values", DOC("[[\"A\",\"B\"],[1,2],[3],[4,5]]"), {straight, 2, 2},
		"s:A s:B | i:1 i:2 | width at 17 in row 2 (1 for 2): row has too few values"},
		{"no values", DOC("[[\"A\",\"B\"], []]"), {straight, 2, 2},
		"s:A s:B | width at 12 in row 1 (0 for 2): row has too few values"},
		{"too many values", DOC("[[\"A\",\"B\"],[1,2,3,4]]"), {straight, 2, 2},
		"s:A s:B | width at 11 in row 1 (4 for 2): row has too many values"},
		{"too many values, all skipped", DOC("[[\"A\",\"B\"],[1,2,3]]"), {none, 2, 0},
		"s:A s:B | width at 11 in row 1 (3 for 2): row has too many values"},
		{"a value where there are no columns", DOC("[[],[1]]"), {NULL, 0, 0},
		"| width at 4 in row 1 (1 for 0): row has too many values"},
		{"a comma is no value", DOC("[[\"A\",\"B\"],[1,2,]]"), {straight, 2, 2},
		"s:A s:B | syntax at 16 in row 1: expected a value"},
		{"too few values, cut off", DOC("[[\"A\",\"B\"],[1"), {straight, 2, 2},
		"s:A s:B | truncated at 13 in row 1: document ends inside a row"},
		{"syntax comes before width", DOC("[[\"A\",\"B\"],[1,2,3,x]]"), {straight, 2, 2},
		"s:A s:B | syntax at 18 in row 1: expected a value"},

		{"skipped string is checked", DOC("[[\"A\",\"B\"],[\"\\x\",2]]"), {second, 2, 1},
		"s:A s:B | syntax at 14 in row 1: invalid escape in a string"},
		{"skipped number is checked", DOC("[[\"A\",\"B\"],[01,2]]"), {second, 2, 1},
		"s:A s:B | syntax at 13 in row 1: number with a leading zero"},
		{"skipped object is checked", DOC("[[\"A\",\"B\"],[{\"a\"},2]]"), {second, 2, 1},
		"s:A s:B | syntax at 16 in row 1: expected a colon after the key of an object's member"},
		{"surplus value is checked", DOC("[[\"A\",\"B\"],[1,2,nul]]"), {straight, 2, 2},
		"s:A s:B | syntax at 19 in row 1: invalid literal"},
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
	{
		char		name[100];

		snprintf(name, sizeof(name), "columns: %s", tests[i].name);
		check_document(name, tests[i].doc, tests[i].len, &tests[i].columns, tests[i].expected);
	}
}

/* Reads [[<value>]] and says whether it is one value of that kind and text. */
static bool
is_value(const char *value, size_t len, RowsKind kind, Reading *reading)
{
	char	   *doc = test_realloc(NULL, len + 4);
	size_t		skip = kind == ROWS_STRING ? 1 : 0;
	bool		result;

	memcpy(doc, "[[", 2);
	memcpy(doc + 2, value, len);
	memcpy(doc + 2 + len, "]]", 2);
	read_whole(reading, doc, len + 4);
	result = reading->broken == NULL && reading->status == ROWS_END &&
		reading->nrows == 1 && reading->nvalues == 1 &&
		reading->values[0].kind == kind && reading->values[0].at == 2 + skip &&
		reading->values[0].len == len - 2 * skip;
	free(doc);
	return result;
}

/* Every byte in every place of a string where it might matter */
static void
test_string_bytes(void)
{
	int			wrong = 0;

	for (int c = 0; c < 256; c++)
	{
		char		inside[] = {'"', 'a', (char) c, 'x', '"'};
		char		escaped[] = {'"', '\\', (char) c, '"'};
		bool		plain = c >= 0x20 && c != '"' && c != '\\';
		Reading		reading;

		if (is_value(inside, sizeof(inside), ROWS_STRING, &reading) != plain ||
			(plain && (reading.values[0].escaped || reading.values[0].ascii != (c < 0x80))))
			wrong++;
		reading_free(&reading);

		if (is_value(escaped, sizeof(escaped), ROWS_STRING, &reading) !=
			(c != 0 && strchr("\"\\/bfnrt", c) != NULL))
			wrong++;
		reading_free(&reading);

		for (int i = 0; i < 4; i++)
		{
			char		code[] = "\"\\u0aF9\"";
			bool		hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
				(c >= 'A' && c <= 'F');

			code[3 + i] = (char) c;
			if (is_value(code, sizeof(code) - 1, ROWS_STRING, &reading) != hex ||
				(hex && !reading.values[0].escaped))
				wrong++;
			reading_free(&reading);
		}
	}
	test_ok(wrong == 0, "every byte in a string, behind a backslash, and in \\u");
}

/* A string of any length, with each byte that matters at any place of it */
static void
test_string_lengths(void)
{
	static const char bytes[] = {'a', '"', '\\', '\x1F', '\x7F', '\x80', '\xFF', ' '};
	int			wrong = 0;

	for (size_t len = 0; len <= 70; len++)
	{
		for (size_t at = 0; at < len; at++)
		{
			for (size_t i = 0; i < sizeof(bytes); i++)
			{
				char		value[80];
				Reading		reading;
				bool		high = (unsigned char) bytes[i] >= 0x80;
				bool		good = bytes[i] == 'a' || bytes[i] == ' ' || bytes[i] == '\x7F' || high;

				/* what follows the byte makes an escape invalid */
				memset(value, 'x', sizeof(value));
				value[0] = value[len + 1] = '"';
				value[1 + at] = bytes[i];
				if (bytes[i] == '\\' && at + 1 == len)
					continue;
				if (is_value(value, len + 2, ROWS_STRING, &reading) != good ||
					(good && reading.values[0].ascii == high))
					wrong++;
				else if (!good && reading.error_offset != 3 + at + (bytes[i] == '\x1F' ? 0 : 1))
					wrong++;
				reading_free(&reading);
			}
		}
	}
	test_ok(wrong == 0, "strings of all lengths to 70, with a special byte at every place");
}

/*
 * Memory that ends where a page begins that may not be touched: returns that
 * place.  The room in front of it is a page.
 */
static char *
guarded_end(void)
{
	static char *end = NULL;

	if (end == NULL)
	{
		size_t		page = (size_t) sysconf(_SC_PAGESIZE);
		char	   *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
								  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED || mprotect(memory + page, page, PROT_NONE) != 0)
		{
			perror("guarded memory");
			exit(2);
		}
		end = memory + page;
	}
	return end;
}

/*
 * Reads a document with one row, which stands in memory with that many bytes
 * between its padding and the guard, and then all of its beginnings, their
 * padding right in front of the guard: unless an error is in them, the reader
 * wants more.  The row's values are left in reader.
 */
static RowsStatus
read_guarded(RowsReader *reader, const char *doc, size_t len, size_t gap, bool *more)
{
	char	   *end = guarded_end() - ROWS_PADDING;
	RowsStatus	status;
	size_t		consumed;

	memset(end, 0, ROWS_PADDING);
	*more = true;
	for (size_t cut = gap == 0 ? 0 : len; cut < len - 1; cut++)
	{
		memcpy(end - cut, doc, cut);
		rows_init(reader);
		status = rows_next(reader, end - cut, cut, false, &consumed);
		if (status == ROWS_ERROR ? reader->error_offset >= cut : status != ROWS_MORE)
			*more = false;
		rows_free(reader);
	}

	memset(end - gap, 0, gap);
	memcpy(end - gap - len, doc, len);
	rows_init(reader);
	return rows_next(reader, end - gap - len, len, true, &consumed);
}

/*
 * Strings are looked at a block at a time.  Those of all lengths, at all
 * alignments, with each byte that matters at any place, and the buffer's end
 * anywhere in them.
 */
static void
test_string_blocks(void)
{
	static const char bytes[] = {
		'a', '"', '\\', '\0', '\x1F', ' ', '!', '#', '[', ']', '\x7F', '\x80', '\x9F', '\xA2', '\xDC', '\xFF'
	};
	int			wrong = 0;
	bool		more;

	for (size_t len = 0; len <= 100; len++)
	{
		for (size_t gap = 0; gap < 16; gap++)
		{
			for (size_t at = 0; at < len + (len == 0); at++)
			{
				for (size_t i = 0; i < sizeof(bytes); i++)
				{
					unsigned char c = (unsigned char) bytes[i];
					bool		control = c < 0x20;
					bool		good = !control && c != '"' && c != '\\';
					size_t		at_error = 3 + at + (control ? 0 : 1);
					size_t		size = len + 9;
					char		doc[120];
					RowsReader	reader;
					RowsStatus	status;

					/* behind the string is what is not ASCII */
					memset(doc, 'x', sizeof(doc));
					memcpy(doc, "[[\"", 3);
					memcpy(doc + 3 + len, "\",\"\xFF\"]", 6);
					if (len > 0)
						doc[3 + at] = bytes[i];

					/* cutting takes long, and alignment has no part in it */
					status = read_guarded(&reader, doc, size, i < 5 || gap > 0 ? gap : 16, &more);
					if (!more)
						wrong++;
					if (len == 0)
						good = true;
					if (c == '\\' && len > 0 && at + 1 == len)
					{
						/* the quote belongs to the string, and the next one ends it */
						if (status != ROWS_ERROR || reader.error_offset != len + 6)
							wrong++;
					}
					else if (!good)
					{
						if (status != ROWS_ERROR || reader.error_kind != ROWS_ERR_SYNTAX ||
							reader.error_offset != at_error)
							wrong++;
					}
					else if (status != ROWS_ROW || reader.nvalues != 2 ||
							 reader.values[0].len != len || reader.values[0].escaped ||
							 reader.values[0].ascii != (len == 0 || c < 0x80) ||
							 reader.values[1].len != 1 || reader.values[1].ascii)
						wrong++;
					rows_free(&reader);
				}
			}
		}
	}
	test_ok(wrong == 0, "strings of all lengths to 100, at all alignments, with a special byte at every place");
}

/* The same for escapes, which may begin anywhere and follow one upon the other */
static void
test_escape_blocks(void)
{
	static const char *const escapes[] = {
		"\\n", "\\u0041", "\\u041F\\u0440", "\\ud83d\\ude00\\\\", "\\\"", "\\\\", "\\u00e9\\/\\u20ac\\t"
	};
	static const char *const decoded[] = {
		"\n", "A", "\xD0\x9F\xD1\x80", "\xF0\x9F\x98\x80\\", "\"", "\\", "\xC3\xA9/\xE2\x82\xAC\t"
	};
	int			wrong = 0;
	bool		more;

	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
	{
		size_t		width = strlen(escapes[i]);
		size_t		short_by = width - strlen(decoded[i]);

		for (size_t len = width; len <= 60; len++)
		{
			for (size_t at = 0; at + width <= len; at++)
			{
				for (size_t gap = 0; gap < 16; gap++)
				{
					char		doc[60 + 5 + ROWS_PADDING];
					char		expected[80];
					RowsReader	reader;

					memset(doc, 'x', sizeof(doc));
					memcpy(doc, "[[\"", 3);
					memcpy(doc + 3 + len, "\"]", 2);
					memcpy(doc + 3 + at, escapes[i], width);
					if (read_guarded(&reader, doc, len + 5, gap, &more) != ROWS_ROW || !more ||
						reader.values[0].len != len || !reader.values[0].escaped ||
						!reader.values[0].ascii)
						wrong++;
					memset(expected, 'x', sizeof(expected));
					memcpy(expected + at, decoded[i], width - short_by);
					if (reader.values[0].status != ROWS_TEXT_OK ||
						reader.values[0].decoded_len != len - short_by ||
						memcmp(reader.values[0].decoded, expected, len - short_by) != 0)
						wrong++;
					rows_free(&reader);
				}
			}
		}
	}
	test_ok(wrong == 0, "escapes at every place of strings of all lengths to 60, at all alignments");
}

/* And for digits */
static void
test_digit_blocks(void)
{
	static const char bytes[] = {'/', ':', ' ', ',', '-', '+', '\0', '\xB0', '\xB5', '\xFF', 'e', '.'};
	int			wrong = 0;
	bool		more;

	for (size_t len = 1; len <= 60; len++)
	{
		for (size_t gap = 0; gap < 16; gap++)
		{
			for (size_t at = 0; at <= len; at++)
			{
				for (size_t i = 0; i < sizeof(bytes); i++)
				{
					bool		point = bytes[i] == '.' || bytes[i] == 'e';
					bool		behind = at == len && (bytes[i] == ' ' || bytes[i] == ',');
					bool		comma = bytes[i] == ',' || bytes[i] == ' ';
					size_t		size = len + 5;
					char		doc[80];
					RowsReader	reader;
					RowsStatus	status;

					memset(doc, '0' + (int) (len % 9) + 1, sizeof(doc));
					memcpy(doc, "[[", 2);
					doc[2 + at] = bytes[i];
					memcpy(doc + 3 + len, "]", 2);
					if (at == len)
					{
						/* what is behind the number */
						memcpy(doc + 3 + len, bytes[i] == ',' ? "1]" : " ]", 2);
					}
					status = read_guarded(&reader, doc, size, gap, &more);
					if (!more)
						wrong++;
					if (behind)
					{
						if (status != ROWS_ROW || reader.values[0].len != len ||
							reader.nvalues != (bytes[i] == ',' ? 2 : 1))
							wrong++;
					}
					else if (at > 0 && at < len && (point || bytes[i] == ','))
					{
						if (status != ROWS_ROW ||
							reader.values[0].len != (comma ? at : len + 1) ||
							reader.values[0].integer != comma)
							wrong++;
					}
					else if (at == 0 && (bytes[i] == '-' || bytes[i] == ' '))
					{
						if (status != ROWS_ROW || reader.values[0].len != len + (bytes[i] == '-'))
							wrong++;
					}
					else if (status != ROWS_ERROR || reader.error_kind != ROWS_ERR_SYNTAX ||
							 reader.error_offset != 2 + at + (at > 0 && (point || bytes[i] == ' ')))
						wrong++;
					rows_free(&reader);
				}
			}
		}
	}
	test_ok(wrong == 0, "numbers of all lengths to 60, at all alignments, with another byte at every place");
}

/* All words of up to seven letters that a number might be made of */
static void
test_numbers(void)
{
	static const char letters[] = "01-+.eE";
	const int	base = sizeof(letters) - 1;
	regex_t		number;
	regex_t		integer;
	int			accepted = 0;
	int			wrong = 0;

	if (regcomp(&number, "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$", REG_EXTENDED | REG_NOSUB) != 0 ||
		regcomp(&integer, "^-?[0-9]+$", REG_EXTENDED | REG_NOSUB) != 0)
		exit(2);
	for (int len = 1, words = base; len <= 7; len++, words *= base)
	{
		for (int i = 0; i < words; i++)
		{
			char		word[8];
			int			rest = i;
			bool		expected;
			Reading		reading;

			for (int j = 0; j < len; j++, rest /= base)
				word[j] = letters[rest % base];
			word[len] = '\0';
			expected = regexec(&number, word, 0, NULL, 0) == 0;
			if (is_value(word, len, ROWS_NUMBER, &reading) != expected)
				wrong++;
			else if (expected)
			{
				accepted++;
				if (reading.values[0].integer != (regexec(&integer, word, 0, NULL, 0) == 0))
					wrong++;
			}
			reading_free(&reading);
		}
	}
	regfree(&number);
	regfree(&integer);
	test_ok(wrong == 0 && accepted > 1000, "numbers: all words of up to seven letters (%d are numbers)", accepted);
}

/* The three literals with each letter changed to any byte */
static void
test_literals(void)
{
	static const char *const words[] = {"null", "true", "false"};
	static const RowsKind kinds[] = {ROWS_NULL, ROWS_TRUE, ROWS_FALSE};
	int			wrong = 0;

	for (int i = 0; i < 3; i++)
	{
		for (size_t at = 0; at < strlen(words[i]); at++)
		{
			for (int c = 0; c < 256; c++)
			{
				char		word[8];
				Reading		reading;

				strcpy(word, words[i]);
				word[at] = (char) c;
				if (is_value(word, strlen(words[i]), kinds[i], &reading) !=
					(c == words[i][at]))
					wrong++;
				reading_free(&reading);
			}
		}
	}
	test_ok(wrong == 0, "literals: any letter changed");
}

/* Every byte in the place of each structural character and white space */
static void
test_structure_bytes(void)
{
	static const char doc[] = " [ [ 1 , { \"a\" : [ 2 ] } ] , [ ] ] ";
	int			wrong = 0;

	for (size_t at = 0; at < sizeof(doc) - 1; at++)
	{
		if (strchr("12a", doc[at]) != NULL)
			continue;
		for (int c = 0; c < 256; c++)
		{
			char		changed[sizeof(doc) - 1];
			Reading		reading;
			bool		expected;

			/* these make another number, or an empty array one with a number */
			if ((c >= '0' && c <= '9') || c == '-')
				continue;
			if (doc[at] == ' ')
				expected = c == ' ' || c == '\t' || c == '\n' || c == '\r';
			else
				expected = c == doc[at];

			memcpy(changed, doc, sizeof(changed));
			changed[at] = (char) c;
			read_whole(&reading, changed, sizeof(changed));
			if (reading.broken || (reading.status == ROWS_END) != expected)
			{
				wrong++;
				test_diag_bytes(expected ? "refused" : "accepted", changed, sizeof(changed));
			}
			reading_free(&reading);
		}
	}
	test_ok(wrong == 0, "every byte in the place of structure and white space");
}

/*
 * A document that is cut off anywhere is an error behind the rows that are
 * complete, never a document of fewer rows.
 */
static void
test_prefixes(void)
{
	static const char doc[] =
	"\xEF\xBB\xBF[[\"ID\",\"N\"], [1,\"]]\"] ,[-2.5e3,null]\n,[\"\\u00e9\",[[]]],[true,{\"a\":[1]}] ]\n";
	const Columns columns[] = {{(const int[]) {0, 1}, 2, 2}, {(const int[]) {-1, -1}, 2, 0}};
	const size_t complete = sizeof(doc) - 2;	/* with the closing bracket */
	size_t		rows = 0;
	int			wrong = 0;

	for (size_t len = 0; len <= complete + 1; len++)
	{
		/* the rows end at these places, and nowhere else */
		static const char *const ends[] = {"\"N\"]", "\"]]\"]", "null]", "[[]]]", "[1]}]"};

		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		{
			size_t		end_len = strlen(ends[i]);

			if (len >= end_len && memcmp(doc + len - end_len, ends[i], end_len) == 0)
				rows++;
		}
		for (int i = -1; i < 2; i++)
		{
			Reading		reading;

			read_pieces(&reading, doc, len, NULL, 0, false, i < 0 ? NULL : &columns[i]);
			if (reading.broken || reading.nrows != rows)
				wrong++;
			else if (len >= complete ? reading.status != ROWS_END :
					 reading.error_offset != (len < 3 ? 0 : len) ||
					 reading.error_kind != (len == 1 || len == 2 ? ROWS_ERR_NOT_ARRAY : ROWS_ERR_TRUNCATED))
				wrong++;
			reading_free(&reading);
		}
	}
	test_ok(wrong == 0 && rows == 5, "a document cut off at any place");
}

/* "[[" + count times open + middle + count times close + "]]" */
static void
make_nested(Text *doc, int count, const char *open, const char *middle, const char *close)
{
	doc->len = 0;
	text_printf(doc, "[[");
	for (int i = 0; i < count; i++)
		text_printf(doc, "%s", open);
	text_printf(doc, "%s", middle);
	for (int i = 0; i < count; i++)
		text_printf(doc, "%s", close);
	text_printf(doc, "]]");
}

static void
test_depth(void)
{
	static const struct
	{
		const char *name;
		const char *open;
		const char *middle;
		const char *close;
		int			per_turn;	/* levels of one open */
	}			tests[] = {
		{"arrays", "[", "", "]", 1},
		{"arrays with values", "[1,", "2", "]", 1},
		{"objects", "{\"a\":", "1", "}", 1},
		{"both", "[{\"a\":", "null", "}]", 2},
		{"both, followed", "{\"a\":[", "", "],\"b\":1}", 2},
	};
	Text		doc = {0};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
	{
		int			turns = (ROWS_MAX_DEPTH - 2) / tests[i].per_turn;
		Reading		reading;
		size_t		cut;
		size_t		open_len = strlen(tests[i].open);

		make_nested(&doc, turns, tests[i].open, tests[i].middle, tests[i].close);
		read_whole(&reading, doc.data, doc.len);
		test_ok(reading.status == ROWS_END && reading.nvalues == 1 &&
				reading.values[0].len == doc.len - 4 &&
				same_in_pieces(&reading, doc.data, doc.len, NULL, &cut),
				"depth: %s, as deep as may be", tests[i].name);
		reading_free(&reading);

		make_nested(&doc, turns + 1, tests[i].open, tests[i].middle, tests[i].close);
		read_whole(&reading, doc.data, doc.len);
		test_ok(reading.status == ROWS_ERROR && reading.error_kind == ROWS_ERR_DEPTH &&
				reading.error_offset == 2 + turns * open_len &&
				same_in_pieces(&reading, doc.data, doc.len, NULL, &cut),
				"depth: %s, one too deep", tests[i].name);
		reading_free(&reading);
	}

	/* side by side is not deep */
	make_nested(&doc, 0, "", "", "");
	doc.len -= 2;
	for (int i = 0; i < 10000; i++)
		text_printf(&doc, "%s[[]],{\"a\":{}}", i > 0 ? "," : "");
	text_printf(&doc, "]]");
	{
		Reading		reading;

		read_whole(&reading, doc.data, doc.len);
		test_ok(reading.status == ROWS_END && reading.nvalues == 20000, "depth: many side by side");
		reading_free(&reading);
	}

	/* so deep that recursion would not come back */
	doc.len = 0;
	for (int i = 0; i < 1000000; i++)
		text_bytes(&doc, "[", 1);
	{
		Reading		reading;

		read_whole(&reading, doc.data, doc.len);
		test_ok(reading.error_kind == ROWS_ERR_DEPTH && reading.error_offset == ROWS_MAX_DEPTH,
				"depth: a million brackets");
		reading_free(&reading);
	}
	free(doc.data);
}

/* A row far larger than the buffer is at first, in a buffer that doubles */
static void
test_huge_rows(void)
{
	const int	ncolumns = 300000;
	int		   *slot_of = test_realloc(NULL, ncolumns * sizeof(int));
	Text		doc = {0};
	RowsReader	reader;
	RowsStatus	status;
	size_t		done = 0;
	size_t		size = 1024;
	size_t		calls = 0;
	bool		good = true;

	/* each cell holds its own number; every seventh one is wanted */
	text_printf(&doc, "[");
	for (int row = 0; row < 4; row++)
	{
		text_printf(&doc, row > 0 ? ",[" : "[");
		for (int i = 0; i < ncolumns; i++)
			text_printf(&doc, "%s%d", i > 0 ? "," : "", row * ncolumns + i);
		text_printf(&doc, "]");
	}
	text_printf(&doc, "]");
	for (int i = 0; i < ncolumns; i++)
		slot_of[i] = i % 7 == 0 ? i / 7 : -1;

	rows_init(&reader);
	do
	{
		size_t		left = doc.len - done;
		size_t		len = left < size ? left : size;
		size_t		consumed;

		status = next_of_copy(&reader, doc.data + done, len, len == left, &consumed);
		done += consumed;
		calls++;
		if (status == ROWS_MORE && consumed == 0)
			size *= 2;
		if (status != ROWS_ROW)
			continue;

		good = good && reader.nvalues == (size_t) ncolumns;
		if (reader.row == 0)
		{
			for (int i = 0; good && i < ncolumns; i++)
				good = atoi(reader.values[i].data) == i;
			good = good && rows_set_columns(&reader, slot_of, ncolumns, (ncolumns + 6) / 7);
		}
		else
		{
			for (int i = 0; good && i < ncolumns; i += 7)
				good = atoi(reader.values[i / 7].data) == (int) reader.row * ncolumns + i;
		}
	} while (status == ROWS_ROW || status == ROWS_MORE);
	test_ok(status == ROWS_END && good && reader.nrows == 4 && done == doc.len,
			"rows of %d values (%zu MB in %zu calls)", ncolumns, doc.len / 1000000, calls);
	rows_free(&reader);
	free(slot_of);

	/* one value of 20 MB */
	doc.len = 0;
	text_printf(&doc, "[[\"");
	while (doc.len < 20000000)
		text_bytes(&doc, "0123456789abcdefghijklmnopqrstuvwxyz\\n", 38);
	text_printf(&doc, "\"]]");
	rows_init(&reader);
	done = 0;
	for (size = 1024; size < doc.len; size *= 2)
	{
		size_t		consumed;

		good = next_of_copy(&reader, doc.data + done, size, false, &consumed) == ROWS_MORE && good;
		done += consumed;
		good = good && done == 1;
	}
	{
		size_t		consumed;

		good = next_of_copy(&reader, doc.data + 1, doc.len - 1, true, &consumed) == ROWS_ROW &&
			reader.values[0].len == doc.len - 6 && reader.values[0].escaped && good;
	}
	test_ok(good, "a value of 20 MB");
	rows_free(&reader);

	/* many rows */
	doc.len = 0;
	text_printf(&doc, "[");
	for (int i = 0; i < 200000; i++)
		text_printf(&doc, "%s[%d]", i > 0 ? "," : "", i);
	text_printf(&doc, "]");
	{
		Reading		reading;

		read_whole(&reading, doc.data, doc.len);
		good = reading.status == ROWS_END && reading.nrows == 200000 && !reading.broken;
		for (size_t i = 0; good && i < reading.nrows; i++)
			good = reading.rows[i].nvalues == 1 &&
				(size_t) atoi(doc.data + reading.values[i].at) == i;
		reading_free(&reading);
	}
	test_ok(good, "200000 rows");
	free(doc.data);
}

/* Offsets and row numbers of documents that do not fit into 32 bits */
static void
test_large_offsets(void)
{
	const uint64_t far = UINT64_C(5) << 32;
	RowsReader	reader;
	size_t		consumed;
	bool		good;

	rows_init(&reader);
	good = next_of_copy(&reader, "[[1]", 4, false, &consumed) == ROWS_ROW && consumed == 4;

	/* as if it had read that much */
	reader.offset = far;
	reader.nrows = far;
	good = next_of_copy(&reader, ", [2],[x", 8, false, &consumed) == ROWS_ROW && consumed == 5 &&
		reader.row == far && good;
	good = next_of_copy(&reader, ",[x", 3, false, &consumed) == ROWS_ERROR &&
		reader.row == far + 1 && reader.error_offset == far + 7 && good;
	test_ok(good, "offsets beyond 4 GB");
	rows_free(&reader);
}

/* What the caller may drop when a row is not complete */
static void
test_consumed(void)
{
	static const struct
	{
		const char *bytes;
		RowsStatus	status;
		size_t		consumed;
	}			steps[] = {
		{"", ROWS_MORE, 0},
		{"\xEF", ROWS_MORE, 0},
		{"\xEF\xBB", ROWS_MORE, 0},
		{"\xEF\xBB\xBF", ROWS_MORE, 3},
		{" \n", ROWS_MORE, 2},
		{"  [ ", ROWS_MORE, 4},
		{" [1, 2", ROWS_MORE, 1},
		{"[1, 2]", ROWS_ROW, 6},
		{"", ROWS_MORE, 0},
		{" ", ROWS_MORE, 1},
		{" , ", ROWS_MORE, 3},
		{" ", ROWS_MORE, 1},
		{"[", ROWS_MORE, 0},
		{"[\"", ROWS_MORE, 0},
		{"[]  ", ROWS_ROW, 2},
		{"  ,[3],[4]", ROWS_ROW, 6},
		{",[4", ROWS_MORE, 1},
		{"[4] ] ", ROWS_ROW, 3},
		{" ] ", ROWS_MORE, 3},
		{"\n", ROWS_MORE, 1},
		{"", ROWS_MORE, 0},
	};
	RowsReader	reader;
	size_t		consumed;
	bool		good = true;

	rows_init(&reader);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
	{
		RowsStatus	status = next_of_copy(&reader, steps[i].bytes, strlen(steps[i].bytes), false, &consumed);

		if (status != steps[i].status || consumed != steps[i].consumed)
		{
			test_diag("step %zu: status %d, consumed %zu", i, status, consumed);
			good = false;
		}
	}
	good = next_of_copy(&reader, "", 0, true, &consumed) == ROWS_END && good;
	good = reader.nrows == 4 && good;
	test_ok(good, "what is consumed, step by step");
	rows_free(&reader);
}

static void
test_memory(void)
{
	static const int slot_of[] = {0, 1};
	RowsReader	reader;
	size_t		consumed;
	RowsStatus	status;
	bool		good;

	rows_init(&reader);
	rows_free(&reader);
	rows_free(&reader);
	test_ok(reader.values == NULL, "freeing twice");

	/* the array grows at the 17th value; fail there, and at the first */
	for (int calls = 0; calls <= 1; calls++)
	{
		static const char doc[] = "[[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]]";

		rows_init(&reader);
		realloc_calls_left = calls;
		status = next_of_copy(&reader, doc, sizeof(doc) - 1, true, &consumed);
		realloc_calls_left = -1;
		test_ok(status == ROWS_ERROR && reader.error_kind == ROWS_ERR_MEMORY &&
				reader.row == 0 && consumed == 0 && reader.error_offset == (calls == 0 ? 2 : 34),
				"out of memory for the row's %s value", calls == 0 ? "first" : "17th");
		rows_free(&reader);
	}

	/* the strings of a row that have escapes share one piece of memory */
	for (int calls = 1; calls <= 2; calls++)
	{
		rows_init(&reader);
		realloc_calls_left = calls;
		status = next_of_copy(&reader, "[[1,\"\\n\",\"\\t\"]]", 14, true, &consumed);
		realloc_calls_left = -1;
		if (calls == 1)
			good = status == ROWS_ERROR && reader.error_kind == ROWS_ERR_MEMORY && reader.error_offset == 4;
		else
			good = status == ROWS_ROW && reader.values[2].decoded_len == 1;
		test_ok(good, calls == 1 ? "out of memory for a string with escapes" : "... and enough for two");
		rows_free(&reader);
	}

	/* a failure to set the columns leaves everything as it was */
	rows_init(&reader);
	good = next_of_copy(&reader, "[[1]", 4, false, &consumed) == ROWS_ROW;
	realloc_calls_left = 0;
	good = !rows_set_columns(&reader, slot_of, 2, 1000) && good;
	realloc_calls_left = -1;
	good = reader.nvalues == 1 && reader.values[0].kind == ROWS_NUMBER && good;
	good = next_of_copy(&reader, ",[1,2,3]]", 9, true, &consumed) == ROWS_ROW && reader.nvalues == 3 && good;
	test_ok(good, "out of memory for the columns");
	rows_free(&reader);

	/* a reader can be used for one document after the other */
	good = true;
	rows_init(&reader);
	for (int i = 0; i < 3; i++)
	{
		good = next_of_copy(&reader, "[[1,2],[3,4],[x", 15, true, &consumed) == ROWS_ROW && good;
		good = rows_set_columns(&reader, slot_of, 2, 2) && good;
		good = next_of_copy(&reader, ",[3,4],[x", 9, true, &consumed) == ROWS_ROW && good;
		good = next_of_copy(&reader, ",[x", 3, true, &consumed) == ROWS_ERROR && good;
		rows_free(&reader);
	}
	test_ok(good, "used again after rows_free()");
}

/* Reads a string between two others and compares what it says, and what these say. */
static bool
decodes_to(const char *src, size_t len, RowsText status, const char *expected, size_t expected_len)
{
	Text		doc = {0};
	Reading		reading;
	bool		result;

	text_printf(&doc, "[[\"\\u0416\",\"");
	text_bytes(&doc, src, len);
	text_printf(&doc, "\",\"x\\/y\"]]");
	read_whole(&reading, doc.data, doc.len);
	result = reading.status == ROWS_END && !reading.broken && reading.nvalues == 3 &&
		reading.values[0].decoded_len == 2 && memcmp(reading.values[0].decoded, "\xD0\x96", 2) == 0 &&
		reading.values[2].decoded_len == 3 && memcmp(reading.values[2].decoded, "x/y", 3) == 0;
	if (result && reading.values[1].escaped)
		result = reading.values[1].status == status && reading.values[1].decoded_len == expected_len &&
			memcmp(reading.values[1].decoded, expected, expected_len) == 0;
	else if (result)
		result = status == ROWS_TEXT_OK && reading.values[1].len == expected_len &&
			memcmp(doc.data + reading.values[1].at, expected, expected_len) == 0;
	reading_free(&reading);
	free(doc.data);
	return result;
}

/* The UTF-8 form of a character; returns its length. */
static size_t
utf8(unsigned int code, char *to)
{
	static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};
	size_t		len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i > 0; i--, code >>= 6)
		to[i] = (char) (0x80 + code % 64);
	to[0] = (char) (first[len] + code);
	return len;
}

static void
test_decoded(void)
{
	static const struct
	{
		const char *src;
		size_t		len;
		RowsText	status;
		const char *expected;
		size_t		expected_len;
	}			tests[] = {
		{DOC(""), ROWS_TEXT_OK, DOC("")},
		{DOC("plain"), ROWS_TEXT_OK, DOC("plain")},
		{DOC("\\\"\\\\\\/\\b\\f\\n\\r\\t"), ROWS_TEXT_OK, DOC("\"\\/\b\f\n\r\t")},
		{DOC("a\\nb\\nc"), ROWS_TEXT_OK, DOC("a\nb\nc")},
		{DOC("\\\\n"), ROWS_TEXT_OK, DOC("\\n")},
		{DOC("\\\\u0041"), ROWS_TEXT_OK, DOC("\\u0041")},
		{DOC("\\u0041\\u00e9\\u20AC"), ROWS_TEXT_OK, DOC("A\xC3\xA9\xE2\x82\xAC")},
		{DOC("\\u005c\\u0022"), ROWS_TEXT_OK, DOC("\\\"")},
		{DOC("\xC3\xA9\\u00E9\xFF"), ROWS_TEXT_OK, DOC("\xC3\xA9\xC3\xA9\xFF")},
		{DOC("\\ud83d\\ude00"), ROWS_TEXT_OK, DOC("\xF0\x9F\x98\x80")},
		{DOC("<\\uD83D\\uDE00>"), ROWS_TEXT_OK, DOC("<\xF0\x9F\x98\x80>")},
		{DOC("\\uD800\\uDC00\\uDBFF\\uDFFF"), ROWS_TEXT_OK, DOC("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF")},
		{DOC("\\u0000"), ROWS_TEXT_NUL, DOC("")},
		{DOC("ab\\u0000cd"), ROWS_TEXT_NUL, DOC("ab")},
		{DOC("\\n\\u0000\\ud800"), ROWS_TEXT_NUL, DOC("\n")},
		{DOC("\\\\u0000"), ROWS_TEXT_OK, DOC("\\u0000")},
		{DOC("\\u00001"), ROWS_TEXT_NUL, DOC("")},
		{DOC("\\ud800"), ROWS_TEXT_SURROGATE, DOC("")},
		{DOC("ab\\ud800"), ROWS_TEXT_SURROGATE, DOC("ab")},
		{DOC("ab\\udc00cd"), ROWS_TEXT_SURROGATE, DOC("ab")},
		{DOC("\\ud800x"), ROWS_TEXT_SURROGATE, DOC("")},
		{DOC("\\ud800xxxxxx"), ROWS_TEXT_SURROGATE, DOC("")},
		{DOC("\\ud800\\n"), ROWS_TEXT_SURROGATE, DOC("")},
		{DOC("\\ud800\\ndc00"), ROWS_TEXT_SURROGATE, DOC("")},
		{DOC("\\ud800udc00x"), ROWS_TEXT_SURROGATE, DOC("")},
		{DOC("\\ud800\\u0041"), ROWS_TEXT_SURROGATE, DOC("")},
		{DOC("\\ud800\\ud800\\udc00"), ROWS_TEXT_SURROGATE, DOC("")},
		{DOC("\\ud800\\u0000"), ROWS_TEXT_SURROGATE, DOC("")},
		{DOC("\\udc00\\ud800"), ROWS_TEXT_SURROGATE, DOC("")},
		{DOC("\\ud83d\\ude00\\ud83d"), ROWS_TEXT_SURROGATE, DOC("\xF0\x9F\x98\x80")},
		{DOC("\\ud83d\\ude00\\ude00"), ROWS_TEXT_SURROGATE, DOC("\xF0\x9F\x98\x80")},
	};
	int			wrong = 0;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
	{
		if (!test_ok(decodes_to(tests[i].src, tests[i].len, tests[i].status,
								  tests[i].expected, tests[i].expected_len),
					 "decoded: %s", tests[i].src))
			test_diag_bytes("expected", tests[i].expected, tests[i].expected_len);
	}

	for (unsigned int code = 0; code <= 0xFFFF; code++)
	{
		char		src[16];
		char		expected[4];
		bool		surrogate = code >= 0xD800 && code <= 0xDFFF;

		for (int upper = 0; upper <= 1; upper++)
		{
			sprintf(src, upper ? "\\u%04X" : "\\u%04x", code);
			if (!decodes_to(src, 6, code == 0 ? ROWS_TEXT_NUL : surrogate ? ROWS_TEXT_SURROGATE : ROWS_TEXT_OK,
							  expected, code == 0 || surrogate ? 0 : utf8(code, expected)))
				wrong++;
		}
	}
	test_ok(wrong == 0, "decoded: all codes of four digits");

	for (unsigned int code = 0x10000; code <= 0x10FFFF; code++)
	{
		char		src[16];
		char		expected[4];

		sprintf(src, "\\u%04x\\u%04X", 0xD800 + (code - 0x10000) / 0x400, 0xDC00 + code % 0x400);
		if (!decodes_to(src, 12, ROWS_TEXT_OK, expected, utf8(code, expected)))
			wrong++;
	}
	test_ok(wrong == 0, "decoded: all surrogate pairs");
}

/*
 * Texts of characters of one and two bytes, of all lengths and at all places
 * before their padding and the guard, with every pair of bytes at every place.
 */
static void
test_short_utf8(void)
{
	static const unsigned char bytes[] = {
		0x20, 0x41, 0x7F, 0x80, 0x81, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xC3, 0xD0, 0xDE,
		0xDF, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xF8, 0xFE, 0xFF
	};
	int			wrong = 0;
	int			valid = 0;

	for (size_t len = 0; len <= 50; len++)
	{
		for (int odd = 0; odd <= 2; odd++)
		{
			unsigned char *text = (unsigned char *) guarded_end() - ROWS_PADDING - len;

			/* what follows is no part of it, whether it would fit or not */
			memset(text + len, odd == 0 ? 0xB0 : odd == 1 ? 0xD0 : 0xFF, ROWS_PADDING);
			for (size_t at = 0; at + 1 < len; at++)
			{
				for (size_t pair = 0; pair < sizeof(bytes) * sizeof(bytes); pair++)
				{
					bool		expected = true;

					/* ASCII, or characters of two bytes from the first byte or the second */
					for (size_t i = 0; i < len; i++)
						text[i] = odd == 2 ? 'a' : i % 2 == (size_t) odd ? 0xD0 : 0xB0;
					if (odd == 1)
						text[0] = 'a';
					if (len % 2 != (size_t) (odd == 1))
						text[len - 1] = 'z';
					text[at] = bytes[pair % sizeof(bytes)];
					text[at + 1] = bytes[pair / sizeof(bytes)];

					for (size_t i = 0; i < len && expected; i++)
					{
						if (text[i] < 0x80)
							continue;
						expected = text[i] >= 0xC2 && text[i] <= 0xDF && i + 1 < len &&
							text[i + 1] >= 0x80 && text[i + 1] <= 0xBF;
						i++;
					}
					valid += expected;
					if (rows_short_utf8((char *) text, len) != expected)
						wrong++;
				}
			}
		}
	}
	test_ok(wrong == 0 && valid > 1000, "characters of two bytes: texts of all lengths to 50, with all pairs of bytes at every place (%d are valid)", valid);
}

/* A limit for rows whose width is not known */
static void
test_max_width(void)
{
	static const char document[] = "[[1,2,3],[1,2,3,4]]";
	RowsReader	reader;
	size_t		consumed = 0;
	size_t		at;

	rows_init(&reader);
	reader.max_width = 3;
	test_ok(next_of_copy(&reader, document, strlen(document), true, &consumed) == ROWS_ROW &&
			reader.nvalues == 3, "a row may be as wide as max_width");
	at = consumed;
	test_ok(next_of_copy(&reader, document + at, strlen(document) - at, true, &consumed) == ROWS_ERROR &&
			reader.error_kind == ROWS_ERR_WIDTH && reader.nvalues == 4 &&
			reader.error_offset == 9, "a row wider than max_width is an error");
	rows_free(&reader);
}

int
main(void)
{
	test_max_width();
	test_documents();
	test_columns();
	test_string_bytes();
	test_string_lengths();
	test_string_blocks();
	test_escape_blocks();
	test_digit_blocks();
	test_numbers();
	test_literals();
	test_structure_bytes();
	test_prefixes();
	test_depth();
	test_huge_rows();
	test_large_offsets();
	test_consumed();
	test_memory();
	test_decoded();
	test_short_utf8();
	return test_done();
}
