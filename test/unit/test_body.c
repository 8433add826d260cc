/*-------------------------------------------------------------------------
 *
 * test_body.c
 *	  Request bodies: what a tree looks like as a form and as JSON.
 *
 * Each case is a tree, written as JSON, and the form it must become.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "test.h"

typedef struct Case
{
	const char *name;
	const char *tree;
	const char *form;
	size_t		variables;
} Case;

static const Case cases[] = {
	{"plain members keep their order",
		"{\"table\":\"sales\",\"limit\":5}",
	"table=sales&limit=5", 2},
	{"numbers and booleans are their text",
		"{\"a\":-12,\"b\":9007199254740993,\"c\":true,\"d\":0.5}",
	"a=-12&b=9007199254740993&c=true&d=0.5", 4},
	{"arrays are numbered from zero, brackets are encoded",
		"{\"select\":[\"ID\",\"NAME\"]}",
	"select%5B0%5D=ID&select%5B1%5D=NAME", 2},
	{"objects nest",
		"{\"filter\":{\"A\":\"1\",\"B\":[\"x\",\"y\"]},\"connection\":{\"login\":\"u\"}}",
	"filter%5BA%5D=1&filter%5BB%5D%5B0%5D=x&filter%5BB%5D%5B1%5D=y&connection%5Blogin%5D=u", 4},
	{"operators in names do not end the name",
		"{\"filter\":{\">=price\":10}}",
	"filter%5B%3E%3Dprice%5D=10", 1},
	{"what is not a letter, digit, dash, dot or underscore is encoded",
		"{\"v\":\"a b+c&d=e%f#g/h?i~j'k\\\"l-m.n_o\"}",
	"v=a+b%2Bc%26d%3De%25f%23g%2Fh%3Fi%7Ej%27k%22l-m.n_o", 1},
	{"text beyond ASCII is encoded byte by byte",
		"{\"\xC3\xA9\":\"\xD0\x96\xF0\x9F\x98\x80\"}",
	"%C3%A9=%D0%96%F0%9F%98%80", 1},
	{"control characters are encoded",
		"{\"v\":\"a\\r\\nb\\tc\"}",
	"v=a%0D%0Ab%09c", 1},
	{"names with brackets stay one name",
		"{\"a[b]\":\"1\"}",
	"a%5Bb%5D=1", 1},
	{"an empty string is sent",
		"{\"searchString\":\"\"}",
	"searchString=", 1},
	{"what a form cannot express is left out",
		"{\"a\":null,\"b\":[],\"c\":{},\"d\":[null,{}],\"e\":1}",
	"e=1", 1},
	{"an empty tree is an empty form",
		"{}",
	"", 0},
};

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		jsonc_object *tree = json_tokener_parse(cases[i].tree);
		size_t		length = 12345;
		char	   *form = body_form(tree, &length);
		char	   *json = body_json(tree, &length);
		jsonc_object *parsed;

		if (!test_ok(form != NULL && strcmp(form, cases[i].form) == 0,
					 "form: %s", cases[i].name))
			test_diag("got %s", form ? form : "nothing");
		test_ok(body_variables(tree) == cases[i].variables,
				"number of variables: %s", cases[i].name);

		parsed = json ? json_tokener_parse(json) : NULL;
		test_ok(parsed != NULL && length == strlen(json) && json_object_equal(tree, parsed),
				"JSON is the same tree: %s", cases[i].name);
		json_object_put(parsed);
		json_object_put(tree);
		free(form);
		free(json);
	}
}

static void
test_length(void)
{
	jsonc_object *tree = json_tokener_parse("{\"a\":\"1\",\"b\":\"2\"}");
	size_t		length = 0;
	char	   *form = body_form(tree, &length);

	test_ok(form != NULL && length == strlen(form), "the length of a form is returned");
	free(form);
	form = body_json(tree, &length);
	test_ok(form != NULL && strcmp(form, "{\"a\":\"1\",\"b\":\"2\"}") == 0,
			"JSON has no superfluous blanks");
	free(form);
	json_object_put(tree);
}

/* A body much larger than any buffer that starts out small */
static void
test_large(void)
{
	jsonc_object *tree = json_object_new_object();
	jsonc_object *array = json_object_new_array();
	char	   *form;
	size_t		length = 0;
	char	   *last;

	json_object_object_add(tree, "v", array);
	for (int i = 0; i < 100000; i++)
		json_object_array_add(array, json_object_new_int(i));
	form = body_form(tree, &length);
	last = form ? strrchr(form, '&') : NULL;
	test_ok(last != NULL && strcmp(last, "&v%5B99999%5D=99999") == 0 &&
			body_variables(tree) == 100000, "a large form is whole");
	free(form);
	json_object_put(tree);
}

int
main(void)
{
	test_cases();
	test_length();
	test_large();
	return test_done();
}
