/*-------------------------------------------------------------------------
 *
 * setting.c
 *	  Settings of the source: what user mappings say.
 *
 * Every option of a user mapping is a setting, but for those whose names are
 * ours.  Settings hold secrets: errors do not show their values.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "commands/defrem.h"
#include "document.h"
#include "mb/pg_wchar.h"
#include "option_value.h"

/* Names of user mapping options that are ours; all others are settings */
#define RESERVED_PREFIX		"biconnector_"
#define SETTINGS_OPTION		"biconnector_settings"

static bool
has_setting(List *settings, const char *code)
{
	ListCell   *lc;

	foreach(lc, settings)
	{
		if (strcmp(((Setting *) lfirst(lc))->code, code) == 0)
			return true;
	}
	return false;
}

/*
 * Add one setting; an error if the code is there already.
 */
static List *
add_setting(List *settings, const char *code, const char *value)
{
	Setting    *setting = palloc(sizeof(Setting));

	if (has_setting(settings, code))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("setting \"%s\" is given twice", code),
				 errhint("Give each setting as an option or in \"%s\", not both.",
						 SETTINGS_OPTION)));
	setting->code = pstrdup(code);
	setting->value = pstrdup(value);
	return lappend(settings, setting);
}

/*
 * Add the settings that a JSON object holds.  Errors do not show the text,
 * which holds secrets.
 */
static List *
add_json_settings(List *settings, const char *text)
{
	char	   *utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);
	jsonc_object *object = document_parse_object(utf8, strlen(utf8));

	if (object == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"%s\"", SETTINGS_OPTION),
				 errdetail("It must be a JSON object."),
				 errhint("Write {\"code\": \"value\", ...}.")));
	jsonc_foreach(object, member)
	{
		const char *name = json_object_iter_peek_name(&member);
		char	   *code = pg_any_to_server(name, strlen(name), PG_UTF8);
		jsonc_object *member_value = json_object_iter_peek_value(&member);
		char	   *value;

		if (code[0] == '\0')
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid value for option \"%s\"", SETTINGS_OPTION),
					 errdetail("A setting must have a name.")));

		/* document_text() would not say which setting it is */
		if (json_object_is_type(member_value, json_type_string) &&
			memchr(json_object_get_string(member_value), '\0',
				   json_object_get_string_len(member_value)))
			ereport(ERROR,
					(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
					 errmsg("invalid value for option \"%s\"", SETTINGS_OPTION),
					 errdetail("The value of setting \"%s\" has a zero character, which text cannot hold.",
							   code)));
		value = document_text(member_value);
		if (value == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid value for option \"%s\"", SETTINGS_OPTION),
					 errdetail("The value of setting \"%s\" must be a string, a number or a boolean.",
							   code)));
		settings = add_setting(settings, code, value);
	}
	return settings;
}

/*
 * The settings in the options of a user mapping.
 */
List *
read_settings(List *defs)
{
	List	   *settings = NIL;
	ListCell   *lc;

	foreach(lc, defs)
	{
		DefElem    *def = lfirst(lc);

		if (strcmp(def->defname, SETTINGS_OPTION) == 0)
			settings = add_json_settings(settings, defGetString(def));
		else if (strncmp(def->defname, RESERVED_PREFIX, strlen(RESERVED_PREFIX)) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
					 errmsg("invalid option \"%s\"", def->defname),
					 errhint("Every option of a user mapping is a setting of the source; of the names that start with \"%s\", only \"%s\" exists.",
							 RESERVED_PREFIX, SETTINGS_OPTION)));
		else
			settings = add_setting(settings, def->defname, defGetString(def));
	}
	return settings;
}

/*
 * The settings of the user's mapping to a server, a list of Setting *,
 * palloc'd.
 */
List *
settings_of_user(Oid serverid, Oid userid)
{
	return read_settings(options_of_mapping(serverid, userid));
}

/*
 * Settings with others in the place of those that have the same code, a new list,
 * palloc'd; the settings are shared.
 */
List *
override_settings(List *settings, List *others)
{
	List	   *result = list_copy(others);
	ListCell   *lc;

	foreach(lc, settings)
	{
		const Setting *setting = lfirst(lc);

		if (!has_setting(others, setting->code))
			result = lappend(result, lfirst(lc));
	}
	return result;
}
