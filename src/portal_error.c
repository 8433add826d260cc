/*-------------------------------------------------------------------------
 *
 * portal_error.c
 *	  Errors in a portal's answers: finding them, and what they are here.
 *
 * An error stands on top of the answer, or inside of its result with HTTP status
 * 200, as {"error": CODE, "error_description": TEXT}.  The table below is the one
 * place that knows codes.
 *
 *-------------------------------------------------------------------------
 */
#include "portal.h"

#include "mb/pg_wchar.h"

#define EXPIRED_TOKEN_HINT \
	"Store a new token: ALTER USER MAPPING ... OPTIONS (SET access_token '...'). With \"client_id\", \"client_secret\" and \"refresh_token\" it is refreshed when it has expired."

/*
 * Which SQLSTATE and which hint belong to a code.  A pattern that begins with an
 * asterisk fits any code that ends like it, one that ends with it any that begins
 * like it.  The first that fits counts.
 */
static const struct
{
	const char *pattern;
	int			sqlstate;
	PortalErrorKind kind;
	const char *hint;
}			known[] = {
	/* of the system */
	{"expired_token", ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, PORTAL_ERROR_EXPIRED,
	EXPIRED_TOKEN_HINT},
	{"NO_AUTH_FOUND", ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, PORTAL_ERROR_OTHER,
	"Check \"access_token\" or \"webhook\" in the user mapping."},
	{"invalid_token", ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, PORTAL_ERROR_OTHER,
	"Check \"access_token\" in the user mapping."},
	{"ACCESS_DENIED", ERRCODE_INSUFFICIENT_PRIVILEGE, PORTAL_ERROR_OTHER,
	"Portals let webhooks call only the methods that end in \"fields\"; all others want the access token of an application."},
	{"insufficient_scope", ERRCODE_INSUFFICIENT_PRIVILEGE, PORTAL_ERROR_OTHER,
	"The application needs the scope \"biconnector\"."},
	{"user_access_error", ERRCODE_INSUFFICIENT_PRIVILEGE, PORTAL_ERROR_OTHER,
	"The portal's administrator says which users have access to an application."},
	{"INVALID_CREDENTIALS", ERRCODE_INSUFFICIENT_PRIVILEGE, PORTAL_ERROR_OTHER, NULL},
	{"QUERY_LIMIT_EXCEEDED", ERRCODE_INSUFFICIENT_RESOURCES, PORTAL_ERROR_TOO_SOON,
	"The server options \"rate_limit\" and \"max_retries\" say how often to call, and how often to come again."},
	{"OVERLOAD_LIMIT", ERRCODE_INSUFFICIENT_RESOURCES, PORTAL_ERROR_OTHER,
	"The portal is blocked until its vendor's support lifts that."},
	{"ERROR_METHOD_NOT_FOUND", ERRCODE_UNDEFINED_FUNCTION, PORTAL_ERROR_OTHER,
	"The server option \"method_family\" chooses between the names that portals know for datasets."},
	{"ERROR_ARGUMENT", ERRCODE_INVALID_PARAMETER_VALUE, PORTAL_ERROR_OTHER, NULL},
	{"INVALID_REQUEST", ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, PORTAL_ERROR_OTHER,
	"Portals want https in \"portal_url\"."},

	/* of methods */
	{"*_NOT_FOUND", ERRCODE_NO_DATA_FOUND, PORTAL_ERROR_MISSING, NULL},
	{"*_DELETE_RESTRICTED", ERRCODE_RESTRICT_VIOLATION, PORTAL_ERROR_OTHER,
	"Delete its sources first, and before these their datasets."},
	{"BX_ERROR", ERRCODE_RESTRICT_VIOLATION, PORTAL_ERROR_OTHER, NULL},
	{"*_ALREADY_EXIST", ERRCODE_UNIQUE_VIOLATION, PORTAL_ERROR_OTHER, NULL},
	{"VALIDATION_DUPLICATE_*", ERRCODE_UNIQUE_VIOLATION, PORTAL_ERROR_OTHER, NULL},
	{"VALIDATION_*_MISSING*", ERRCODE_NOT_NULL_VIOLATION, PORTAL_ERROR_OTHER, NULL},
	{"VALIDATION_*_NOT_PROVIDED", ERRCODE_NOT_NULL_VIOLATION, PORTAL_ERROR_OTHER, NULL},
	{"FIELDS_EMPTY", ERRCODE_NOT_NULL_VIOLATION, PORTAL_ERROR_OTHER, NULL},
	{"VALIDATION_*_TOO_LONG", ERRCODE_STRING_DATA_RIGHT_TRUNCATION, PORTAL_ERROR_OTHER, NULL},
	{"VALIDATION_READ_ONLY_FIELD", ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, PORTAL_ERROR_OTHER, NULL},
	{"VALIDATION_IMMUTABLE_FIELD", ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, PORTAL_ERROR_OTHER, NULL},
	{"VALIDATION_*", ERRCODE_INVALID_PARAMETER_VALUE, PORTAL_ERROR_OTHER, NULL},
	{"INVALID_METHOD", ERRCODE_FEATURE_NOT_SUPPORTED, PORTAL_ERROR_OTHER, NULL},
	{"SOURCE_*_CONNECTION_ERROR", ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION, PORTAL_ERROR_OTHER,
	"The portal asks the connector's \"urlCheck\" with the settings: it must be within the portal's reach, and take them."},
	{"*", ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, PORTAL_ERROR_OTHER, NULL},
};

/*
 * Does a code fit a pattern, in which asterisks stand for any text?
 */
static bool
fits(const char *code, const char *pattern)
{
	if (*pattern == '*')
		return fits(code, pattern + 1) || (*code != '\0' && fits(code + 1, pattern));
	if (*code != *pattern)
		return false;
	return *code == '\0' || fits(code + 1, pattern + 1);
}

static int
find_known(const char *code)
{
	int			i = 0;

	while (!fits(code, known[i].pattern))
		i++;
	return i;
}

/*
 * A scalar of an error, fit to be shown and palloc'd; NULL if it is none, or empty.
 */
static char *
shown_member(const PortalOptions *options, jsonc_object *object, const char *name)
{
	jsonc_object *value = json_object_is_type(object, json_type_object)
		? document_member(object, name) : NULL;
	const char *text;
	int			length;

	if (!json_object_is_type(value, json_type_string) && !json_object_is_type(value, json_type_int))
		return NULL;
	text = json_object_get_string(value);
	length = json_object_is_type(value, json_type_string)
		? json_object_get_string_len(value) : (int) strlen(text);
	return length == 0 ? NULL
		: utf8_to_shown(mask_settings(options->secrets, PG_UTF8, text, length, 0, false));
}

/*
 * Does a member say that there is an error?  PHP writes null, false, 0, "" and [] for
 * nothing.
 */
static bool
is_error(jsonc_object *member)
{
	switch (json_object_get_type(member))
	{
		case json_type_null:
			return false;
		case json_type_string:
			return json_object_get_string_len(member) > 0;
		case json_type_array:
			return json_object_array_length(member) > 0;
		case json_type_object:
			return json_object_object_length(member) > 0;
		default:
			return json_object_get_double(member) != 0;
	}
}

/*
 * Read the error that stands in an object, if there is one: a code with a description
 * beside it, or an object of both.
 */
static bool
read_error(const PortalOptions *options, jsonc_object *object, PortalError *error)
{
	jsonc_object *member = json_object_is_type(object, json_type_object)
		? document_member(object, "error") : NULL;

	if (!is_error(member))
		return false;
	error->code = shown_member(options, object, "error");
	error->description = shown_member(options, object, "error_description");
	if (error->code == NULL)
	{
		error->code = shown_member(options, member, "error");
		error->description = shown_member(options, member, "error_description");
	}
	return true;
}

/*
 * The error in an answer, palloc'd, or NULL if it has a result instead.
 */
PortalError *
portal_error_of(const PortalOptions *options, const PortalAnswer *answer)
{
	PortalError *error = palloc0(sizeof(PortalError));
	jsonc_object *result = NULL;
	bool		has_result = answer->document && answer->status == 200 &&
		json_object_object_get_ex(answer->document, "result", &result);

	error->status = answer->status;
	if (!read_error(options, answer->document, error) &&
		!read_error(options, result, error) && has_result)
		return NULL;
	if (error->code)
		error->kind = known[find_known(error->code)].kind;
	else
		error->description = answer->length == 0 ? pstrdup("The answer is empty.")
			: answer->secret ? pstrdup("The answer is not shown, for it may have settings of a source.")
			: psprintf("The answer begins: %s",
					   show_excerpt(options->secrets, answer->text, answer->length, 0, false));
	return error;
}

/*
 * Raise an error of a portal in answer to a method.
 */
void
portal_raise(const PortalOptions *options, const char *method, const PortalError *error)
{
	int			i;

	if (error->code == NULL && error->status != 200)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("server \"%s\" answered with HTTP status %d", options->servername,
						error->status),
				 errdetail_internal("%s", error->description),
				 error->status == 404 ? errhint("Check the server option \"portal_url\".") : 0));
	if (error->code == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("server \"%s\" answered with something else than a result",
						options->servername),
				 errdetail_internal("%s", error->description)));
	i = find_known(error->code);
	ereport(ERROR,
			(errcode(known[i].sqlstate),
			 errmsg("server \"%s\" refused \"%s\": %s", options->servername, method, error->code),
			 error->description ? errdetail_internal("%s", error->description) : 0,
			 known[i].hint ? errhint("%s", known[i].hint) : 0));
	pg_unreachable();
}
