/*-------------------------------------------------------------------------
 *
 * fixed_filter.c
 *	  The table option "filter": conditions that go with every request for the
 *	  table's data.
 *
 * They say which part of a remote table the foreign table is.  So they are
 * never left out, nothing is checked again here, and there is nothing to trust: what
 * the connector answers to them is the table.  It is JSON in the protocol's
 * notation of a filter.
 *
 *-------------------------------------------------------------------------
 */
#include "connector.h"

#include "body.h"
#include "mb/pg_wchar.h"

/*
 * Values that a fixed filter can have: enough are left of
 * MAX_REQUEST_VARIABLES for the rest of a request.
 */
#define MAX_FIXED_VALUES 400

#define NO_VALUE "A value must not be null, nor an empty array or object: a form cannot express these."

/*
 * What is wrong with a value, and with those inside of it, or NULL.  Raises an
 * error for a text or number that cannot be sent as it is written.
 */
static const char *
value_problem(jsonc_object *value)
{
	switch (json_object_get_type(value))
	{
		case json_type_null:
			return NO_VALUE;

		case json_type_array:
			if (json_object_array_length(value) == 0)
				return NO_VALUE;
			for (size_t i = 0; i < json_object_array_length(value); i++)
			{
				const char *problem = value_problem(json_object_array_get_idx(value, i));

				if (problem)
					return problem;
			}
			return NULL;

		case json_type_object:
			if (json_object_object_length(value) == 0)
				return NO_VALUE;
			jsonc_foreach(value, member)
			{
				const char *problem = value_problem(json_object_iter_peek_value(&member));

				if (json_object_iter_peek_name(&member)[0] == '\0')
					return "A condition must name a field.";
				if (problem)
					return problem;
			}
			return NULL;

		default:
			(void) document_text(value);
			return NULL;
	}
}

static jsonc_object *
parse_filter(const char *text)
{
	char	   *utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);

	return document_parse_object(utf8, strlen(utf8));
}

/*
 * What is wrong with the option's value, a constant to be used as hint, or
 * NULL.  Leaves memory in the current context.
 */
const char *
fixed_filter_problem(const char *text)
{
	jsonc_object *filter = parse_filter(text);

	if (filter == NULL || json_object_object_length(filter) == 0)
		return "It must be a JSON object of conditions, such as {\"REGION\": \"EU\", \">=DAY\": \"2024-01-01\"}.";

	/* the conditions of a query are added, which OR would turn upside down */
	jsonc_foreach(filter, member)
	{
		if (pg_strcasecmp(json_object_iter_peek_name(&member), "LOGIC") == 0)
			return "LOGIC may stand in a group only, such as {\"0\": {\"LOGIC\": \"OR\", ...}}.";
	}
	if (body_variables(filter) > MAX_FIXED_VALUES)
		return "It must have at most " CppAsString2(MAX_FIXED_VALUES) " values.";
	return value_problem(filter);
}

/*
 * Does the table's fixed filter have this key, as filters write it: a field's
 * code, perhaps with an operator in front?  Then a condition of a query under
 * that key cannot be sent besides.  Leaves memory in the current context.
 */
bool
table_filter_has_key(const TableOptions *table, const char *key)
{
	return table->filter &&
		document_member(parse_filter(table->filter),
						pg_server_to_any(key, strlen(key), PG_UTF8)) != NULL;
}

/*
 * How many variables of a request the table's fixed filter takes.  Leaves
 * memory in the current context.
 */
int
table_filter_variables(const TableOptions *table)
{
	return table->filter ? (int) body_variables(parse_filter(table->filter)) : 0;
}

/* Is this the key of a group, which is a number that says nothing? */
static bool
is_group_key(const char *key)
{
	return key[strspn(key, "0123456789")] == '\0';
}

/*
 * Put the table's fixed filter into the body of a request, whose own filter is
 * there already, if it has one.  Where both have a key, the fixed filter's
 * member counts; a group just gets another number.
 */
void
add_fixed_filter(jsonc_object *body, const TableOptions *table)
{
	jsonc_object *filter;
	jsonc_object *fixed;

	if (table->filter == NULL)
		return;
	fixed = parse_filter(table->filter);
	filter = document_member(body, "filter");
	if (filter == NULL)
	{
		json_object_object_add(body, "filter", json_object_get(fixed));
		return;
	}
	jsonc_foreach(fixed, member)
	{
		const char *key = json_object_iter_peek_name(&member);
		char		number[32];

		for (int i = 0; is_group_key(key) && document_member(filter, key) != NULL; i++)
		{
			snprintf(number, sizeof(number), "%d", i);
			key = number;
		}
		json_object_object_add(filter, key,
							   json_object_get(json_object_iter_peek_value(&member)));
	}
}

/*
 * The limit for a request of which so many rows will be read.  A connector that
 * limits first and filters afterwards would find few of a table with a filter
 * of its own, or none.
 */
int
sample_limit(const TableOptions *table, int rows)
{
	int			row_limit = table->connector.row_limit;

	return table->filter ? row_limit : Min(rows, row_limit);
}
