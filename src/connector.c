/*-------------------------------------------------------------------------
 *
 * connector.c
 *	  The endpoints of a connector: a function each, from arguments to answer.
 *
 * Table list and description are documents, read whole.  Data is a stream of
 * rows, read one at a time.
 *
 * What a connector does wrong is an error here, with one exception: a request
 * for data that the connector refuses may have been refused because of its
 * filter.  Then the caller decides (connector_data_refused) whether to ask
 * again without.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "body.h"
#include "document.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* How much of an answer is looked at for a message, and how much is shown */
#define EXCERPT_SOURCE	8192
#define EXCERPT_LENGTH	200

/* An incomplete row beyond this size is read again only when it has doubled */
#define LARGE_ROW		(64 * 1024)

/* An error to be raised, or not */
typedef struct Refusal
{
	int			sqlstate;
	char	   *message;
	char	   *detail;
	const char *hint;
} Refusal;

struct DataAnswer
{
	MemoryContext context;		/* holds all of the answer */
	MemoryContextCallback release;
	const TableOptions *table;
	const DataRequest *request;
	HttpStatistics *statistics;

	HttpAnswer *http;
	RowsReader	reader;
	size_t		pending;		/* bytes of the row handed out last */
	uint64		rows;			/* rows handed out */
	bool		has_header;		/* one with at least one field */
	bool		ended;			/* the document has ended */
	bool		checked;		/* check_headerless_answer() has been called */
	Refusal    *refusal;		/* or NULL */
	Refusal    *bad_header;		/* raised if a row comes; or NULL */
};

/* ---- requests ---- */

/*
 * Send a request body, which the current memory context owns as JSON tree, to
 * an endpoint.
 */
static HttpAnswer *
send_request(const ConnectorOptions *options, const char *url, const char *url_option,
			 jsonc_object *body, HttpStatistics *statistics)
{
	jsonc_object *connection = json_object_new_object();
	char	   *text;
	char	   *copy;
	size_t		length;
	ListCell   *lc;

	if (url == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("server \"%s\" has no option \"%s\"", options->servername, url_option),
				 errhint("Set it with ALTER SERVER ... OPTIONS (ADD %s 'https://...').",
						 url_option)));

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

	return http_post(url,
					 options->json_requests ? "application/json"
					 : "application/x-www-form-urlencoded",
					 copy, length, &options->http, statistics);
}

/* ---- what is wrong with an answer ---- */

/*
 * What the other side sent from some byte on, fit to be shown, palloc'd.  What
 * is in front of it counts as well: a secret may have begun there.  more says
 * that what we have is not all of it.
 */
static char *
excerpt(const ConnectorOptions *options, const char *data, size_t length, size_t at,
		bool more)
{
	size_t		before = Min(at, EXCERPT_SOURCE);
	size_t		source = before + Min(length - at, EXCERPT_SOURCE);

	return shorten_text(mask_settings(options, data + at - before, source, before,
									  more || at - before + source < length),
						EXCERPT_LENGTH);
}

/*
 * The same of an answer that has not been read yet.
 */
static char *
excerpt_of_answer(const ConnectorOptions *options, HttpAnswer *http)
{
	char	   *data;
	size_t		length;

	(void) http_more(http, EXCERPT_SOURCE + 1);
	data = http_data(http, &length);
	return excerpt(options, data, length, 0, !http_at_end(http));
}

static Refusal *
make_refusal(int sqlstate, char *message, char *detail, const char *hint)
{
	Refusal    *refusal = palloc(sizeof(Refusal));

	refusal->sqlstate = sqlstate;
	refusal->message = message;
	refusal->detail = detail;
	refusal->hint = hint;
	return refusal;
}

pg_noreturn static void
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
 * Statuses that say nothing about the request's filter: who we are, or when
 * we come.
 */
static bool
is_status_of_caller(int status)
{
	return status == 401 || status == 403 || status == 407 ||
		status == 429 || status == 503;
}

/*
 * What an HTTP status other than 200 means, to a request for data or another.
 */
static Refusal *
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
			hint = "Check the settings in the user mapping.";
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
static Refusal *
refusal_of_document(const ConnectorOptions *options, const char *expected,
					const char *data, size_t length, bool more)
{
	return make_refusal(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY,
						psprintf("server \"%s\" answered with something else than %s",
								 options->servername, expected),
						psprintf("The answer begins: %s", excerpt(options, data, length, 0, more)),
						NULL);
}

/*
 * What the reader found wrong in the rows.  data is what the buffer holds,
 * reader->offset the document's bytes before it.
 */
static Refusal *
refusal_of_reader(const DataAnswer *answer, const char *data, size_t length)
{
	const RowsReader *reader = &answer->reader;
	const ConnectorOptions *options = &answer->table->connector;
	bool		more = !http_at_end(answer->http);
	size_t		at = 0;

	if (reader->error_offset > reader->offset)
		at = Min(reader->error_offset - reader->offset, length);

	switch (reader->error_kind)
	{
		case ROWS_ERR_MEMORY:
			return make_refusal(ERRCODE_OUT_OF_MEMORY, pstrdup("out of memory"), NULL, NULL);

		case ROWS_ERR_WIDTH:
			return make_refusal(ERRCODE_PROTOCOL_VIOLATION,
								psprintf("a row of the answer of server \"%s\" has %zu values instead of %zu",
										 options->servername, reader->nvalues, reader->width),
								psprintf("The row starts at byte " UINT64_FORMAT " of the answer.",
										 (uint64) reader->error_offset),
								NULL);

		case ROWS_ERR_NOT_ARRAY:
			/* an object with an error in it, most often */
			if (reader->nrows == 0)
				return refusal_of_document(options, "an array of rows", data, length, more);
			return make_refusal(ERRCODE_PROTOCOL_VIOLATION,
								psprintf("a row of the answer of server \"%s\" is not an array",
										 options->servername),
								psprintf("It stands at byte " UINT64_FORMAT ": %s",
										 (uint64) reader->error_offset,
										 excerpt(options, data, length, at, more)),
								NULL);

		case ROWS_ERR_TRUNCATED:
			return make_refusal(ERRCODE_PROTOCOL_VIOLATION,
								psprintf("the answer of server \"%s\" ends before it is complete",
										 options->servername),
								psprintf("At byte " UINT64_FORMAT ": %s.",
										 (uint64) reader->error_offset, reader->error),
								"The connector may have run out of time or memory; ask for fewer rows or columns.");

		default:
			return make_refusal(ERRCODE_INVALID_JSON_TEXT,
								psprintf("the answer of server \"%s\" is not valid JSON",
										 options->servername),
								psprintf("At byte " UINT64_FORMAT ": %s, before: %s",
										 (uint64) reader->error_offset, reader->error,
										 excerpt(options, data, length, at, more)),
								NULL);
	}
}

/* ---- data ---- */

/*
 * The tree of a request for data; the current memory context owns it.
 */
static jsonc_object *
data_request_body(const TableOptions *table, const DataRequest *request)
{
	jsonc_object *body = document_own(json_object_new_object());
	bool		typed = table->connector.json_requests;
	ListCell   *lc;

	json_object_object_add(body, "table", document_new_string(table->table_name));
	if (!request->select_all && request->fields != NIL)
	{
		jsonc_object *fields = json_object_new_array();

		json_object_object_add(body, "select", fields);
		foreach(lc, request->fields)
			json_object_array_add(fields, document_new_string(lfirst(lc)));
	}
	if (request->filter != NIL)
	{
		jsonc_object *filter = json_object_new_object();

		json_object_object_add(body, "filter", filter);
		foreach(lc, request->filter)
		{
			const FilterCondition *condition = lfirst(lc);
			jsonc_object *array = NULL;
			ListCell   *value;

			if (condition->operator == FILTER_IN)
			{
				array = json_object_new_array();
				json_object_object_add(filter, condition->field, array);
			}
			foreach(value, condition->values)
			{
				const char *text = lfirst(value);
				jsonc_object *scalar = typed && condition->wire_type == WIRE_INT
					? json_object_new_int64(strtoll(text, NULL, 10))
					: json_object_new_string(text);

				if (array)
					json_object_array_add(array, scalar);
				else
					json_object_object_add(filter, condition->field, scalar);
			}
		}
	}
	json_object_object_add(body, "limit", json_object_new_int(request->limit));
	return body;
}

static void
release_data_answer(void *arg)
{
	rows_free(&((DataAnswer *) arg)->reader);
}

/*
 * Find the wanted fields in the header, and tell the reader.  What is wrong
 * with the header matters only if a row follows: the header of an empty answer
 * may be anything.
 */
static void
match_header(DataAnswer *answer)
{
	const TableOptions *table = answer->table;
	size_t		width = answer->reader.nvalues;
	int			nslots = list_length(answer->request->fields);
	int		   *slot_of = palloc(sizeof(int) * Max(width, 1));
	int		   *found = palloc0(sizeof(int) * Max(nslots, 1));
	ListCell   *lc;

	for (size_t i = 0; i < width; i++)
	{
		RowsValue  *value = &answer->reader.values[i];
		char	   *code = palloc(value->len + 1);
		size_t		length = value->len;

		slot_of[i] = -1;
		if (value->kind != ROWS_STRING ||
			rows_unescape(value->data, value->len, code, &length) != ROWS_TEXT_OK)
		{
			answer->bad_header =
				make_refusal(ERRCODE_PROTOCOL_VIOLATION,
							 psprintf("the header of the answer of server \"%s\" is not a list of field codes",
									  table->connector.servername),
							 psprintf("Its value %zu is: %s", i + 1,
									  excerpt(&table->connector, value->data, value->len, 0, false)),
							 NULL);
			continue;
		}
		code[length] = '\0';
		foreach(lc, answer->request->fields)
		{
			const char *field = lfirst(lc);
			int			slot = foreach_current_index(lc);

			if (strcmp(pg_server_to_any(field, strlen(field), PG_UTF8), code) != 0)
				continue;
			if (found[slot]++ > 0)
				answer->bad_header =
					make_refusal(ERRCODE_PROTOCOL_VIOLATION,
								 psprintf("the header of the answer of server \"%s\" has field \"%s\" twice",
										  table->connector.servername, field),
								 NULL, NULL);
			slot_of[i] = slot;
		}
	}
	foreach(lc, answer->request->fields)
	{
		if (found[foreach_current_index(lc)] == 0 && answer->bad_header == NULL)
			answer->bad_header =
				make_refusal(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND,
							 psprintf("the answer of server \"%s\" has no field \"%s\"",
									  table->connector.servername, (char *) lfirst(lc)),
							 psprintf("The request was for table \"%s\".", table->table_name),
							 "The column option \"column_name\" sets the code of a column's field; letter case matters.");
	}
	answer->has_header = width > 0;
	if (!rows_set_columns(&answer->reader, slot_of, width, nslots))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

/*
 * Read the next row, the header included.  False at the end of the document.
 * If the answer is wrong, sets answer->refusal and returns false.
 */
static bool
read_row(DataAnswer *answer)
{
	const ConnectorOptions *options = &answer->table->connector;

	http_consume(answer->http, answer->pending);
	answer->pending = 0;
	for (;;)
	{
		size_t		length;
		size_t		consumed;
		char	   *data = http_data(answer->http, &length);

		switch (rows_next(&answer->reader, data, length, http_at_end(answer->http), &consumed))
		{
			case ROWS_ROW:
				answer->pending = consumed;
				return true;

			case ROWS_END:
				answer->ended = true;
				return false;

			case ROWS_ERROR:
				answer->refusal = refusal_of_reader(answer, data, length);
				return false;

			case ROWS_MORE:
				http_consume(answer->http, consumed);
				length -= consumed;
				if (length >= options->http.max_buffer)
				{
					answer->refusal =
						make_refusal(ERRCODE_PROGRAM_LIMIT_EXCEEDED,
									 psprintf("a row of the answer of server \"%s\" is larger than %zu kB",
											  options->servername,
											  options->http.max_buffer / 1024),
									 NULL,
									 "The server option \"max_row_size\" sets how large a row may be.");
					return false;
				}
				(void) http_more(answer->http,
								 length < LARGE_ROW ? length + 1
								 : Min(length * 2, options->http.max_buffer));
				break;
		}
	}
}

/*
 * Ask for rows, and wait until the connector has sent the header or has
 * refused the request, which the caller must look for.
 *
 * The answer lives in a child of the current memory context until
 * connector_data_close or until that context goes.  Everything passed in must
 * live as long.  Raises errors of the connection, and those answers which say
 * nothing about the request itself.
 */
DataAnswer *
connector_data(const TableOptions *table, const DataRequest *request,
			   HttpStatistics *statistics)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "biconnector data answer",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	DataAnswer *answer = palloc0(sizeof(DataAnswer));
	ErrorContextCallback errcallback;

	answer->context = context;
	answer->table = table;
	answer->request = request;
	answer->statistics = statistics;
	rows_init(&answer->reader);
	answer->release.func = release_data_answer;
	answer->release.arg = answer;
	MemoryContextRegisterResetCallback(context, &answer->release);

	errcallback.callback = connector_data_context;
	errcallback.arg = answer;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	answer->http = send_request(&table->connector, table->connector.url_data, "url_data",
								data_request_body(table, request), statistics);
	if (http_status(answer->http) != 200)
	{
		answer->refusal = refusal_of_status(&table->connector, answer->http, true);
		if (is_status_of_caller(http_status(answer->http)))
			raise_refusal(answer->refusal);
	}
	else if (read_row(answer))
		match_header(answer);

	error_context_stack = errcallback.previous;
	MemoryContextSwitchTo(caller);
	return answer;
}

/*
 * Has the connector refused the request, or answered with what is no rows?
 */
bool
connector_data_refused(const DataAnswer *answer)
{
	return answer->refusal != NULL;
}

/*
 * Raise the error that a refused request stands for.
 */
void
connector_data_raise(const DataAnswer *answer)
{
	ErrorContextCallback errcallback;

	errcallback.callback = connector_data_context;
	errcallback.arg = unconstify(DataAnswer *, answer);
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;
	raise_refusal(answer->refusal);
}

/*
 * Some connectors answer "[]" if they fail to encode a row.  If an answer has
 * neither header nor rows, ask for a single row: there must not be one.
 */
static void
check_headerless_answer(DataAnswer *answer)
{
	DataRequest request = *answer->request;
	DataAnswer *check;

	if (request.limit == 1)
		return;
	request.limit = 1;
	request.whole = false;
	check = connector_data(answer->table, &request, answer->statistics);
	if (connector_data_refused(check))
		connector_data_raise(check);
	if (connector_data_next(check) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("server \"%s\" answered with nothing although it has rows",
						answer->table->connector.servername),
				 errdetail("Asked again for a single row, it sent one."),
				 errhint("The connector may have failed to encode a value or run out of memory.")));
	connector_data_close(check);
}

pg_noreturn static void
raise_row_limit(const DataAnswer *answer)
{
	const TableOptions *table = answer->table;
	int			limit = answer->request->limit;

	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("the answer of server \"%s\" may be cut short",
					table->connector.servername),
			 errdetail_plural("It has %d row, as many as the option \"row_limit\" allows.",
							  "It has %d rows, as many as the option \"row_limit\" allows.",
							  limit, limit),
			 errhint("Narrow the query, or raise the limit: ALTER FOREIGN TABLE %s OPTIONS (%s row_limit '%d').",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(table->relid)),
												table->relname),
					 option_action(GetForeignTable(table->relid)->options, "row_limit"),
					 limit < INT_MAX / 2 ? limit * 2 : INT_MAX)));
	pg_unreachable();
}

/*
 * The next row: one value for each of the request's fields, valid until the
 * next call, strings not yet unescaped (that may be done in place).  NULL after the
 * last one.  Raises an error if the answer is not what it should be, or
 * might have been cut short.
 */
RowsValue *
connector_data_next(DataAnswer *answer)
{
	MemoryContext caller;

	/* "[]" has ended where its header was looked for */
	if (!answer->ended && answer->rows >= (uint64) answer->request->limit)
	{
		if (answer->request->whole)
			raise_row_limit(answer);
		return NULL;
	}
	if (!answer->ended && likely(read_row(answer)))
	{
		if (unlikely(answer->bad_header))
			raise_refusal(answer->bad_header);
		answer->rows++;
		return answer->reader.values;
	}
	if (answer->refusal)
		raise_refusal(answer->refusal);
	if (!answer->has_header && answer->rows == 0 && !answer->checked)
	{
		answer->checked = true;
		caller = MemoryContextSwitchTo(answer->context);
		check_headerless_answer(answer);
		MemoryContextSwitchTo(caller);
	}
	return NULL;
}

/*
 * How many rows have been handed out.
 */
uint64
connector_data_rows(const DataAnswer *answer)
{
	return answer->rows;
}

/*
 * Release the answer; what has not been read of it is cut off.
 */
void
connector_data_close(DataAnswer *answer)
{
	MemoryContextDelete(answer->context);
}

/*
 * Error context callback: where in which answer we are.  To be installed
 * around all that works on a row of it.
 */
void
connector_data_context(void *arg)
{
	DataAnswer *answer = arg;

	if (answer->has_header && answer->reader.row > 0)
		errcontext("row " UINT64_FORMAT " of foreign table \"%s\" on server \"%s\"",
				   (uint64) answer->reader.row, answer->table->relname,
				   answer->table->connector.servername);
	else
		errcontext("request for foreign table \"%s\" to server \"%s\"",
				   answer->table->relname, answer->table->connector.servername);
}

/* ---- documents ---- */

typedef struct DocumentCall
{
	const ConnectorOptions *options;
	const char *what;			/* "the list of tables" */
	const char *table;			/* or NULL */
} DocumentCall;

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

/*
 * Send a request and read the answer, which must be a JSON array.  The
 * current memory context owns the array.
 */
static jsonc_object *
call_for_array(DocumentCall *call, const char *url, const char *url_option,
			   jsonc_object *body)
{
	const ConnectorOptions *options = call->options;
	HttpStatistics statistics = {0};
	HttpAnswer *http = send_request(options, url, url_option, body, &statistics);
	jsonc_object *document;
	const char *problem;
	char	   *data;
	size_t		length;
	size_t		offset;

	if (http_status(http) != 200)
		raise_refusal(refusal_of_status(options, http, false));
	(void) http_more(http, options->http.max_buffer);
	data = http_data(http, &length);
	if (!http_at_end(http))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the answer of server \"%s\" is larger than %zu kB",
						options->servername, options->http.max_buffer / 1024),
				 errhint("The server option \"max_row_size\" sets how large a document may be.")));

	/* skip a byte order mark */
	if (length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
		data += 3, length -= 3;
	document = document_parse(data, length, &problem, &offset);
	if (document == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_JSON_TEXT),
				 errmsg("the answer of server \"%s\" is not valid JSON", options->servername),
				 errdetail("At byte %zu: %s. The answer begins: %s",
						   offset, problem, excerpt(options, data, length, 0, false))));
	if (!json_object_is_type(document, json_type_array))
		raise_refusal(refusal_of_document(options, "an array", data, length, false));
	http_close(http);
	return document;
}

/*
 * A member of an entry as text, or "" if there is none.
 */
static char *
entry_text(DocumentCall *call, jsonc_object *entry, size_t number, const char *member)
{
	char	   *text;

	if (!json_object_is_type(entry, json_type_object))
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("entry %zu of %s of server \"%s\" is not an object",
						number + 1, call->what, call->options->servername)));
	text = document_text(document_member(entry, member));
	return text ? text : pstrdup("");
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
	jsonc_object *entries;
	List	   *tables = NIL;
	ErrorContextCallback errcallback;

	errcallback.callback = document_call_context;
	errcallback.arg = &call;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	json_object_object_add(body, "searchString", document_new_string(search));
	entries = call_for_array(&call, options->url_table_list, "url_table_list", body);
	for (size_t i = 0; i < json_object_array_length(entries); i++)
	{
		jsonc_object *entry = json_object_array_get_idx(entries, i);
		RemoteTable *table = palloc(sizeof(RemoteTable));

		table->code = entry_text(&call, entry, i, "code");
		table->key = entry_text(&call, entry, i, "id");
		if (table->key[0] == '\0')
			table->key = table->code;
		tables = lappend(tables, table);
	}
	error_context_stack = errcallback.previous;
	return tables;
}

/*
 * The fields of a table, a list of RemoteField *, palloc'd.  It is not empty,
 * and neither is any code in it.
 */
List *
connector_table_description(const ConnectorOptions *options, const RemoteTable *table)
{
	DocumentCall call = {options, "the description", table->code};
	jsonc_object *body = document_own(json_object_new_object());
	jsonc_object *entries;
	List	   *fields = NIL;
	ErrorContextCallback errcallback;

	errcallback.callback = document_call_context;
	errcallback.arg = &call;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	/* most connectors read "table", some, after the reference, "name" */
	json_object_object_add(body, "table", document_new_string(table->key));
	json_object_object_add(body, "name", document_new_string(table->key));
	entries = call_for_array(&call, options->url_table_description,
							 "url_table_description", body);
	for (size_t i = 0; i < json_object_array_length(entries); i++)
	{
		jsonc_object *entry = json_object_array_get_idx(entries, i);
		RemoteField *field = palloc(sizeof(RemoteField));

		field->code = entry_text(&call, entry, i, "code");
		if (field->code[0] == '\0')
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_COLUMN_NAME),
					 errmsg("field %zu of table \"%s\" of server \"%s\" has no code",
							i + 1, table->code, options->servername)));
		/* an unknown type means string */
		field->wire_type = wire_type_by_name(entry_text(&call, entry, i, "type"));
		if (field->wire_type == WIRE_UNKNOWN)
			field->wire_type = WIRE_STRING;
		fields = lappend(fields, field);
	}
	if (fields == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("server \"%s\" describes table \"%s\" without any field",
						options->servername, table->code)));
	error_context_stack = errcallback.previous;
	return fields;
}
