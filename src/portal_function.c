/*-------------------------------------------------------------------------
 *
 * portal_function.c
 *	  SQL functions that call a portal's methods.
 *
 * Each takes the name of a server of biconnector_portal and calls with the mapping
 * of the current user, who must have USAGE on it.
 *
 *-------------------------------------------------------------------------
 */
#include "portal.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(biconnector_call);
PG_FUNCTION_INFO_V1(biconnector_portal_fields);
PG_FUNCTION_INFO_V1(biconnector_token);

/*
 * The server that the first argument names, with the current user's mapping.
 * Raises errors if it is none of ours, or the user may not use it.
 */
static PortalOptions *
portal_argument(FunctionCallInfo fcinfo)
{
	ForeignServer *server = usable_portal_server(text_to_cstring(PG_GETARG_TEXT_PP(0)),
												 GetUserId());

	return get_portal_options(server->serverid, GetUserId());
}

/*
 * json-c takes an integer that is too large for the largest that there is: raise an
 * error if there is one in a tree.
 */
static void
check_integers(jsonc_object *tree)
{
	check_stack_depth();
	if (json_object_is_type(tree, json_type_int) &&
		(json_object_get_int64(tree) == PG_INT64_MIN ||
		 json_object_get_uint64(tree) == PG_UINT64_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a number in the parameters of a method has too many digits"),
				 errhint("It can be written as a string.")));
	if (json_object_is_type(tree, json_type_array))
	{
		for (size_t i = 0; i < json_object_array_length(tree); i++)
			check_integers(json_object_array_get_idx(tree, i));
	}
	if (json_object_is_type(tree, json_type_object))
	{
		jsonc_foreach(tree, member)
			check_integers(json_object_iter_peek_value(&member));
	}
}

/*
 * A jsonb object as a tree, which the current memory context owns.
 */
static jsonc_object *
tree_of_jsonb(Jsonb *jsonb)
{
	char	   *text = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
	char	   *utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);
	jsonc_object *tree = document_parse_object(utf8, strlen(utf8));

	if (tree == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the parameters of a method must be a JSON object")));
	check_integers(tree);
	return tree;
}

/*
 * biconnector_call(server text, method text, params jsonb DEFAULT '{}') returns jsonb
 *
 * Calls any method, with params, an object, as its parameters, and returns the whole
 * answer, of which "result" is the member that the method's documentation tells of.
 * What the portal reports as an error is raised.
 */
Datum
biconnector_call(PG_FUNCTION_ARGS)
{
	PortalOptions *options = portal_argument(fcinfo);
	char	   *method = text_to_cstring(PG_GETARG_TEXT_PP(1));
	jsonc_object *params = tree_of_jsonb(PG_GETARG_JSONB_P(2));
	char	   *text;

	(void) portal_call(options, method, params, &text);
	if (!portal_only_reads(method))
		portal_end_effect(1);
	text = pg_any_to_server(text, strlen(text), PG_UTF8);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

static char *
boolean_member(jsonc_object *object, const char *name)
{
	return json_object_get_boolean(document_member(object, name)) ? "t" : "f";
}

/*
 * biconnector_portal_fields(server text, object text,
 *							 OUT name text, OUT type text, OUT required boolean,
 *							 OUT read_only boolean, OUT immutable boolean,
 *							 OUT multiple boolean) returns setof record
 *
 * What the portal says of the fields of its objects: object is connector, source
 * or dataset.
 */
Datum
biconnector_portal_fields(PG_FUNCTION_ARGS)
{
	static const char *const objects[] = {"connector", "source", "dataset"};
	PortalOptions *options = portal_argument(fcinfo);
	char	   *object = text_to_cstring(PG_GETARG_TEXT_PP(1));
	const char *name = NULL;
	jsonc_object *result;
	jsonc_object *fields;

	for (int i = 0; i < lengthof(objects); i++)
	{
		if (strcmp(object, objects[i]) == 0)
			name = objects[i];
	}
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a portal has no objects of kind \"%s\"", object),
				 errhint("Valid values are: connector, source, dataset")));
	if (options->table_family && strcmp(name, "dataset") == 0)
		name = "table";

	resultset_begin(fcinfo);
	result = document_member(portal_call(options, psprintf("biconnector.%s.fields", name),
										 document_own(json_object_new_object()), NULL), "result");
	fields = json_object_is_type(result, json_type_object) ? document_member(result, "fields") : NULL;
	if (!json_object_is_type(fields, json_type_array))
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("the answer of server \"%s\" has no list of fields", options->servername)));
	for (size_t i = 0; i < json_object_array_length(fields); i++)
	{
		jsonc_object *field = json_object_array_get_idx(fields, i);
		char	   *row[6];

		if (!json_object_is_type(field, json_type_object))
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("field %zu in the answer of server \"%s\" is not an object", i + 1,
							options->servername)));
		row[0] = document_text(document_member(field, "title"));
		row[1] = document_text(document_member(field, "type"));
		row[2] = boolean_member(field, "isRequired");
		row[3] = boolean_member(field, "isReadOnly");
		row[4] = boolean_member(field, "isImmutable");
		row[5] = boolean_member(field, "isMultiple");
		resultset_put(fcinfo, row);
	}
	return (Datum) 0;
}

/*
 * biconnector_token(server text, OUT access_token text, OUT refresh_token text,
 *					 OUT expires timestamptz, OUT refreshed boolean)
 *
 * The tokens that are in force in the current session: those of the user mapping,
 * or what they have been refreshed to since, to be stored there.  Only for whose
 * mapping it is; a mapping for everybody is superusers'.
 */
Datum
biconnector_token(PG_FUNCTION_ARGS)
{
	PortalOptions *options = portal_argument(fcinfo);
	PortalToken *token = portal_token(options);
	TupleDesc	tupdesc;
	Datum		values[4] = {0};
	bool		nulls[4];

	if (options->userid != GetUserId() && !superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to see the tokens of the user mapping for server \"%s\"",
						options->servername),
				 errdetail("Only the user of a mapping may see them, and superusers those of a mapping for PUBLIC.")));
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	nulls[0] = token->access_token == NULL;
	if (!nulls[0])
		values[0] = CStringGetTextDatum(token->access_token);
	nulls[1] = token->refresh_token == NULL;
	if (!nulls[1])
		values[1] = CStringGetTextDatum(token->refresh_token);
	nulls[2] = token->expires == 0;
	values[2] = TimestampTzGetDatum(token->expires);
	nulls[3] = false;
	values[3] = BoolGetDatum(token->refreshed);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}
