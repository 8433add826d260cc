/*-------------------------------------------------------------------------
 *
 * portal_value.c
 *	  Values between the portal's documents and Datums of a table's columns.
 *
 * A value goes through the input or output function of the column's type as text,
 * so that a table made by hand may have other types than IMPORT gives it.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_object.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

struct PortalValue
{
	const PortalColumn *column;
	char	   *name;			/* of the table's column */
	Oid			type;
	int32		typmod;
	FmgrInfo	input;
	Oid			input_param;
	FmgrInfo	output;
};

static void
value_context(void *arg)
{
	errcontext("column \"%s\"", ((const PortalValue *) arg)->name);
}

/*
 * Prepare reading and writing values of a column of a table.  It is made in, and
 * keeps to, the current memory context.
 */
PortalValue *
portal_value_create(const PortalColumn *column, Form_pg_attribute attribute)
{
	PortalValue *value = palloc0(sizeof(PortalValue));
	Oid			function;
	bool		is_varlena;

	value->column = column;
	value->name = pstrdup(NameStr(attribute->attname));
	value->type = attribute->atttypid;
	value->typmod = attribute->atttypmod;
	getTypeInputInfo(value->type, &function, &value->input_param);
	fmgr_info(function, &value->input);
	getTypeOutputInfo(value->type, &function, &is_varlena);
	fmgr_info(function, &value->output);
	return value;
}

/*
 * A tree as JSON text in the database's encoding, palloc'd.
 */
static char *
json_text(jsonc_object *tree)
{
	const char *text = json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PLAIN |
													  JSON_C_TO_STRING_NOSLASHESCAPE);
	char	   *converted;

	if (text == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	converted = pg_any_to_server(text, strlen(text), PG_UTF8);
	return converted == text ? pstrdup(text) : converted;
}

/*
 * The settings of a source as an object of values by code, as they are written;
 * owned by the current memory context.
 */
jsonc_object *
portal_settings_by_code(jsonc_object *settings)
{
	jsonc_object *object;

	if (!json_object_is_type(settings, json_type_array))
		return settings;
	object = document_own(json_object_new_object());
	for (size_t i = 0; i < json_object_array_length(settings); i++)
	{
		jsonc_object *setting = json_object_array_get_idx(settings, i);
		jsonc_object *code = json_object_is_type(setting, json_type_object)
			? document_member(setting, "code") : NULL;

		if (!json_object_is_type(code, json_type_string))
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("a setting of a source has no code")));
		json_object_object_add(object, json_object_get_string(code),
							   json_object_get(document_member(setting, "value")));
	}
	return object;
}

/*
 * A boolean, which portals write in several ways; otherwise if they say nothing.
 */
bool
portal_boolean(jsonc_object *member, bool otherwise)
{
	char	   *text = document_text(member);

	if (text == NULL)
		return otherwise;
	return text[0] != '\0' && strcmp(text, "0") != 0 && pg_strcasecmp(text, "N") != 0 &&
		pg_strcasecmp(text, "false") != 0;
}

/*
 * Is it a time as portals write it, Y-m-d H:i:s?
 */
static bool
is_datetime(const char *text)
{
	static const char pattern[] = "dddd-dd-dd dd:dd:dd";

	for (int i = 0; pattern[i]; i++)
	{
		if (pattern[i] == 'd' ? !isdigit((unsigned char) text[i]) : text[i] != pattern[i])
			return false;
	}
	return text[lengthof(pattern) - 1] == '\0';
}

/*
 * The text that the column's type is to read, palloc'd; NULL for null.
 */
static char *
text_of_member(const PortalValue *value, jsonc_object *member)
{
	char	   *text;

	if (member == NULL)
		return NULL;
	switch (value->column->form)
	{
		case PORTAL_JSON:
			return json_text(member);
		case PORTAL_SETTINGS:
			return json_text(portal_settings_by_code(member));
		case PORTAL_BOOLEAN:
			text = document_text(member);
			if (text && pg_strcasecmp(text, "Y") == 0)
				return pstrdup("true");
			if (text && pg_strcasecmp(text, "N") == 0)
				return pstrdup("false");
			return text && text[0] == '\0' ? pstrdup("false") : text;
		case PORTAL_DATETIME:
			/* portals write {} for a time that they do not tell */
			text = document_text(member);
			if (text == NULL || text[0] == '\0')
				return NULL;
			if (!is_datetime(text))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_DATETIME_FORMAT),
						 errmsg("invalid time in the answer of a portal: \"%s\"", text),
						 errdetail("Times are read in the form 2024-08-30 12:19:57.")));
			return text;
		default:
			text = document_text(member);
			if (text == NULL)
				ereport(ERROR,
						(errcode(ERRCODE_PROTOCOL_VIOLATION),
						 errmsg("a value in the answer of a portal is not a scalar")));
			if (value->column->form == PORTAL_INTEGER && text[0] == '\0')
				return NULL;
			return text;
	}
}

/*
 * A member of an object of the portal as a value of the column, in the current
 * memory context.  member is NULL for null and for none.  Raises errors if the
 * column cannot hold it.
 */
Datum
portal_value_read(PortalValue *value, jsonc_object *member, bool *isnull)
{
	char	   *text;
	Datum		result;
	ErrorContextCallback errcallback;

	errcallback.callback = value_context;
	errcallback.arg = value;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;
	text = text_of_member(value, member);
	/* domains may refuse null */
	result = InputFunctionCall(&value->input, text, value->input_param, value->typmod);
	error_context_stack = errcallback.previous;
	*isnull = text == NULL;
	return result;
}

/*
 * A value of the column as a member of an object of the portal; the caller puts it
 * into a tree at once.  NULL for null.  Raises errors if it cannot be written so.
 */
jsonc_object *
portal_value_write(PortalValue *value, Datum datum, bool isnull)
{
	char	   *text;
	char	   *utf8;
	jsonc_object *member = NULL;
	ErrorContextCallback errcallback;

	if (isnull)
		return NULL;
	errcallback.callback = value_context;
	errcallback.arg = value;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;
	text = OutputFunctionCall(&value->output, datum);
	switch (value->column->form)
	{
		case PORTAL_INTEGER:
			member = json_object_new_int64(DatumGetInt64(DirectFunctionCall1(int8in, CStringGetDatum(text))));
			break;
		case PORTAL_BOOLEAN:
			member = json_object_new_boolean(DatumGetBool(DirectFunctionCall1(boolin, CStringGetDatum(text))));
			break;
		case PORTAL_JSON:
		case PORTAL_SETTINGS:
			utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);
			member = document_parse_value(utf8, strlen(utf8));
			if (member == NULL && value->column->form == PORTAL_JSON)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("a portal takes no null for \"%s\"", value->column->key)));
			if (value->column->form == PORTAL_SETTINGS && !json_object_is_type(member, json_type_object))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("the settings of a source must be a JSON object of values by code")));
			member = json_object_get(member);
			break;
		default:
			member = document_new_string(text);
	}
	if (member == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	error_context_stack = errcallback.previous;
	return member;
}
