/*-------------------------------------------------------------------------
 *
 * connector.c
 *	  The endpoints of a connector: sending requests, what is wrong with an
 *	  answer, and the endpoints that list and describe tables.
 *
 * Lists and descriptions are taken in whole and read an entry at a time.
 * The endpoint for data is in connector_data.c.
 *
 *-------------------------------------------------------------------------
 */
#include "connector.h"

#include "body.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* Entries of a list or description, at most */
#define MAX_ENTRIES		50000

/* ---- requests ---- */

/*
 * Raise an error if there is no such endpoint.
 */
void
connector_require_url(const ConnectorOptions *options, const char *url, const char *url_option)
{
	if (url)
		return;
	if (options->portal)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("the connector of source " INT64_FORMAT " of server \"%s\" has no \"%s\"",
						options->source_id, options->portal, url_option)));
	ereport(ERROR,
			(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
			 errmsg("server \"%s\" has no option \"%s\"", options->servername, url_option),
			 errhint("Set it with ALTER SERVER ... OPTIONS (ADD %s 'https://...').",
					 url_option)));
}

/*
 * Send a request body, which the current memory context owns as JSON tree, to
 * an endpoint; do not wait for the answer, which is as http_start has it.
 */
HttpAnswer *
connector_start(const ConnectorOptions *options, const char *url, const char *url_option,
				jsonc_object *body, HttpStatistics *statistics)
{
	jsonc_object *connection;
	char	   *text;
	char	   *copy;
	size_t		length;
	ListCell   *lc;

	connector_require_url(options, url, url_option);
	connection = json_object_new_object();
	json_object_object_add(body, "connection", connection);
	foreach(lc, options->settings)
	{
		const Setting *setting = lfirst(lc);

		json_object_object_add(connection,
							   pg_server_to_any(setting->code, strlen(setting->code), PG_UTF8),
							   document_new_string(setting->value));
	}

	text = options->json_requests ? body_json(body, &length) : body_form(body, &length);
	if (text == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	copy = MemoryContextAllocExtended(CurrentMemoryContext, length + 1, MCXT_ALLOC_NO_OOM);
	if (copy)
		memcpy(copy, text, length + 1);
	free(text);
	if (copy == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));

	return http_start(url,
					  options->json_requests ? "application/json"
					  : "application/x-www-form-urlencoded",
					  copy, length, &options->http, statistics);
}

/* ---- what is wrong with an answer ---- */

/*
 * How an answer that has not been read yet begins, fit to be shown.
 */
static char *
excerpt_of_answer(const ConnectorOptions *options, HttpAnswer *http)
{
	char	   *data;
	size_t		length;

	(void) http_more(http, EXCERPT_SOURCE + 1);
	data = http_data(http, &length);
	return show_excerpt(options->settings, data, length, 0, !http_at_end(http));
}

Refusal *
make_refusal(int sqlstate, char *message, char *detail, const char *hint)
{
	Refusal    *refusal = palloc(sizeof(Refusal));

	refusal->sqlstate = sqlstate;
	refusal->message = message;
	refusal->detail = detail;
	refusal->hint = hint;
	return refusal;
}

void
raise_refusal(const Refusal *refusal)
{
	ereport(ERROR,
			(errcode(refusal->sqlstate),
			 errmsg_internal("%s", refusal->message),
			 refusal->detail ? errdetail_internal("%s", refusal->detail) : 0,
			 refusal->hint ? errhint("%s", refusal->hint) : 0));
	pg_unreachable();
}

/*
 * What an HTTP status other than 200 means, to a request for data or another.
 */
Refusal *
refusal_of_status(const ConnectorOptions *options, HttpAnswer *http, bool data)
{
	int			status = http_status(http);
	char	   *text = excerpt_of_answer(options, http);
	int			sqlstate = ERRCODE_FDW_UNABLE_TO_CREATE_REPLY;
	const char *hint = NULL;

	switch (status)
	{
		case 401:
		case 403:
			sqlstate = ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION;
			hint = options->portal == NULL ? "Check the settings in the user mapping."
				: "Check the settings of the source in the portal, and those in the user mapping, which take precedence.";
			break;
		case 400:
			if (data)
				hint = "Check the options \"table_name\" and \"column_name\", and the server's \"request_format\".";
			break;
		case 404:
			hint = data ? "Check the URL options of the server and the table's option \"table_name\"."
				: "Check the URL options of the server.";
			break;
		case 407:
			sqlstate = ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION;
			break;
		case 413:
			hint = "The request was too large for the connector.";
			break;
		case 415:
			hint = "The server option \"request_format\" chooses between form and json.";
			break;
		case 500:
			if (data)
				hint = "Some connectors fail on large limits: the option \"row_limit\" sets what is asked for.";
			break;
		case 429:
		case 503:
			sqlstate = ERRCODE_INSUFFICIENT_RESOURCES;
			hint = "The connector asks to come again later.";
			break;
	}
	return make_refusal(sqlstate,
						psprintf("server \"%s\" answered with HTTP status %d",
								 options->servername, status),
						text[0] ? psprintf("The answer begins: %s", text)
						: pstrdup("The answer is empty."),
						hint);
}

/*
 * A document in the place of the one expected: most often the connector
 * reporting an error with status 200.
 */
Refusal *
refusal_of_document(const ConnectorOptions *options, const char *expected,
					const char *data, size_t length, bool more)
{
	return make_refusal(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY,
						psprintf("server \"%s\" answered with something else than %s",
								 options->servername, expected),
						psprintf("The answer begins: %s", show_excerpt(options->settings, data, length, 0, more)),
						NULL);
}

/* ---- documents ---- */

/* A request for a list or a description */
struct DocumentCall
{
	const ConnectorOptions *options;
	const char *what;			/* "the list of tables" */
	const char *table;			/* as it may be shown; or NULL */
	HttpStatistics statistics;
	HttpAnswer *http;
};

static void
document_call_context(void *arg)
{
	DocumentCall *call = arg;

	if (call->table)
		errcontext("request for %s of table \"%s\" to server \"%s\"",
				   call->what, call->table, call->options->servername);
	else
		errcontext("request for %s to server \"%s\"", call->what, call->options->servername);
}

/* Makes what the list gets of an entry, which is NULL for null; palloc'd */
typedef void *(*ReadEntry) (DocumentCall *call, jsonc_object *entry, int number);

/*
 * Send a request; do not wait for the answer.
 */
static void
call_start(DocumentCall *call, const char *url, const char *url_option, jsonc_object *body)
{
	ErrorContextCallback errcallback;

	errcallback.callback = document_call_context;
	errcallback.arg = call;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;
	call->http = connector_start(call->options, url, url_option, body, &call->statistics);
	error_context_stack = errcallback.previous;
}

/*
 * Read the answer, a JSON array.  Returns a list of what read_entry makes of its
 * elements.
 */
static List *
call_entries(DocumentCall *call, ReadEntry read_entry)
{
	const ConnectorOptions *options = call->options;
	HttpAnswer *http = call->http;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext entry_context = AllocSetContextCreate(caller, "biconnector entry",
														ALLOCSET_SMALL_SIZES);
	ErrorContextCallback errcallback;
	DocumentReader reader = {0};
	jsonc_object *entry;
	List	   *entries = NIL;

	errcallback.callback = document_call_context;
	errcallback.arg = call;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	http_wait_answered(http);
	if (http_status(http) != 200)
		raise_refusal(refusal_of_status(options, http, false));
	(void) http_more(http, options->http.max_buffer);
	reader.text = http_data(http, &reader.length);
	if (!http_at_end(http))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the answer of server \"%s\" is larger than %zu kB",
						options->servername, options->http.max_buffer / 1024),
				 errhint("The server option \"max_row_size\" sets how large a document may be.")));
	if (!document_is_array(&reader))
		raise_refusal(refusal_of_document(options, "an array", reader.text, reader.length, false));

	MemoryContextSwitchTo(entry_context);
	while (document_next(&reader, &entry))
	{
		CHECK_FOR_INTERRUPTS();
		if (list_length(entries) == MAX_ENTRIES)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("%s of server \"%s\" has more than %d entries",
							call->what, options->servername, MAX_ENTRIES)));
		MemoryContextSwitchTo(caller);
		entries = lappend(entries, read_entry(call, entry, list_length(entries) + 1));
		MemoryContextSwitchTo(entry_context);
		MemoryContextReset(entry_context);
	}
	MemoryContextSwitchTo(caller);
	if (reader.problem)
	{
		char	   *excerpt = show_excerpt(options->settings, reader.text, reader.length, 0, false);

		ereport(ERROR,
				(errcode(ERRCODE_INVALID_JSON_TEXT),
				 errmsg("the answer of server \"%s\" is not valid JSON", options->servername),
				 errdetail("At byte %zu: %s. The answer begins: %s",
						   reader.offset, reader.problem, excerpt)));
	}
	MemoryContextDelete(entry_context);
	http_close(http);
	error_context_stack = errcallback.previous;
	return entries;
}

/*
 * A member of an entry as text, or "" if there is none.
 */
static char *
entry_text(DocumentCall *call, jsonc_object *entry, int number, const char *member)
{
	char	   *text;

	if (!json_object_is_type(entry, json_type_object))
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("entry %d of %s of server \"%s\" is not an object",
						number, call->what, call->options->servername)));
	text = document_text(document_member(entry, member));
	return text ? text : pstrdup("");
}

/*
 * The same of a member that is only shown: what the database cannot hold of it
 * becomes question marks, for the entry may be wanted for its code.
 */
static char *
entry_label(DocumentCall *call, jsonc_object *entry, int number, const char *member)
{
	jsonc_object *value = document_member(entry, member);

	if (!json_object_is_type(value, json_type_string))
		return entry_text(call, entry, number, member);
	return utf8_to_shown(mask_settings(call->options->settings, PG_UTF8, json_object_get_string(value),
									   json_object_get_string_len(value), 0, false));
}

static void *
read_table(DocumentCall *call, jsonc_object *entry, int number)
{
	RemoteTable *table = palloc(sizeof(RemoteTable));

	table->code = entry_text(call, entry, number, "code");
	table->title = entry_label(call, entry, number, "title");
	table->id = entry_text(call, entry, number, "id");
	if (table->id[0] == '\0')
		table->id = NULL;
	table->key = table->id ? table->id : table->code;
	return table;
}

static void *
read_field(DocumentCall *call, jsonc_object *entry, int number)
{
	RemoteField *field = palloc(sizeof(RemoteField));

	field->code = entry_text(call, entry, number, "code");
	if (field->code[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_COLUMN_NAME),
				 errmsg("field %d of table \"%s\" of server \"%s\" has no code",
						number, call->table, call->options->servername)));
	field->name = entry_label(call, entry, number, "name");
	field->type = entry_text(call, entry, number, "type");
	/* an unknown type means string */
	field->wire_type = wire_type_by_name(field->type);
	if (field->wire_type == WIRE_UNKNOWN)
		field->wire_type = WIRE_STRING;
	return field;
}

/*
 * Does the member "error" say that there is one?  PHP writes null, false, 0,
 * "" and [] for nothing.
 */
static bool
is_error_member(jsonc_object *error)
{
	switch (json_object_get_type(error))
	{
		case json_type_null:
			return false;
		case json_type_boolean:
		case json_type_int:
		case json_type_double:
			return json_object_get_double(error) != 0;
		case json_type_string:
			return json_object_get_string_len(error) > 0 &&
				strcmp(json_object_get_string(error), "false") != 0 &&
				strcmp(json_object_get_string(error), "0") != 0;
		case json_type_array:
			return json_object_array_length(error) > 0;
		case json_type_object:
			return json_object_object_length(error) > 0;
	}
	return true;
}

/*
 * Is this document an error, although it may have come with status 200?
 */
static bool
is_error_object(const char *data, size_t length)
{
	jsonc_object *object;
	jsonc_object *error;
	jsonc_object *status;

	/* a byte order mark in front of it changes nothing */
	if (length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
	{
		data += 3;
		length -= 3;
	}
	object = document_parse_object(data, length);
	error = object ? document_member(object, "error") : NULL;
	status = object ? document_member(object, "status") : NULL;
	return is_error_member(error) ||
		(status && json_object_is_type(status, json_type_string) &&
		 pg_strcasecmp(json_object_get_string(status), "error") == 0);
}

/*
 * Ask the connector whether it is there and takes the settings.  Whatever its
 * answer, it is no error here.
 */
RemoteCheck
connector_check(const ConnectorOptions *options)
{
	jsonc_object *body = document_own(json_object_new_object());
	HttpStatistics statistics = {0};
	RemoteCheck check;
	HttpAnswer *http;
	char	   *data;
	size_t		length;

	http = connector_start(options, options->url_check, "url_check", body, &statistics);
	http_wait_answered(http);
	check.status = http_status(http);
	/* all of it: an error may be anywhere in it */
	(void) http_more(http, options->http.max_buffer);
	check.answer = excerpt_of_answer(options, http);
	data = http_data(http, &length);
	check.ok = check.status == 200 && length > 0 && !is_error_object(data, length);
	http_close(http);
	return check;
}

/*
 * The connector's tables, a list of RemoteTable *, palloc'd.  A code may be
 * empty or come twice: that is the caller's to judge.
 */
List *
connector_table_list(const ConnectorOptions *options, const char *search)
{
	DocumentCall call = {options, "the list of tables", NULL};
	jsonc_object *body = document_own(json_object_new_object());

	json_object_object_add(body, "searchString", document_new_string(search));
	call_start(&call, options->url_table_list, "url_table_list", body);
	return call_entries(&call, read_table);
}

/*
 * Ask for the description of a table; do not wait for it.
 *
 * The request is palloc'd, and its answer lives in a child of the current memory
 * context until it is read or dropped.  Raises errors of the connection.
 */
DocumentCall *
connector_description_start(const ConnectorOptions *options, const RemoteTable *table)
{
	DocumentCall *call = palloc0(sizeof(DocumentCall));
	jsonc_object *body = document_own(json_object_new_object());

	call->options = options;
	call->what = "the description";
	call->table = show_text(options->settings, table->code);
	/* most connectors read "table", some, after the reference, "name" */
	json_object_object_add(body, "table", document_new_string(table->key));
	json_object_object_add(body, "name", document_new_string(table->key));
	call_start(call, options->url_table_description, "url_table_description", body);
	return call;
}

/*
 * Wait for the answer to a request that others are under way beside.  Can it be
 * expected to be a description?  If not, that may be due to these, and *busy says
 * so if it looks so; reading it raises the error.  Raises query cancel, and
 * an error if nothing comes for too long.
 */
bool
connector_description_came(DocumentCall *call, bool *busy)
{
	ErrorContextCallback errcallback;

	errcallback.callback = document_call_context;
	errcallback.arg = call;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;
	*busy = !http_wait_beside(call->http);
	error_context_stack = errcallback.previous;
	return !*busy && http_status(call->http) == 200;
}

/*
 * The fields of the table, a list of RemoteField *, palloc'd.  It is not empty,
 * and neither is any code in it.
 */
List *
connector_description_read(DocumentCall *call)
{
	List	   *fields = call_entries(call, read_field);

	if (fields == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("server \"%s\" describes table \"%s\" without any field",
						call->options->servername, call->table)));
	return fields;
}

/*
 * Do without an answer that has not been read.
 */
void
connector_description_drop(DocumentCall *call)
{
	http_close(call->http);
}

/*
 * Ask for the fields of a table, and wait for them.
 */
List *
connector_table_description(const ConnectorOptions *options, const RemoteTable *table)
{
	return connector_description_read(connector_description_start(options, table));
}
