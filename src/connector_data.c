/*-------------------------------------------------------------------------
 *
 * connector_data.c
 *	  The endpoint for data: a request, and its answer as a stream of rows.
 *
 * What a connector does wrong is an error here, with one exception: a request
 * that the connector refuses may have been refused because of its filter.
 * Then the caller decides (connector_data_refused) whether to ask again
 * without.
 *
 *-------------------------------------------------------------------------
 */
#include "connector.h"

#include <limits.h>

#include "body.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* Fields of a header, at most: ten times what a table can have, at least */
#define MAX_FIELDS		16384

/* An incomplete row beyond this size is read again only when it has doubled */
#define LARGE_ROW		(64 * 1024)

struct DataAnswer
{
	MemoryContext context;		/* holds all of the answer */
	MemoryContextCallback release;
	const TableOptions *table;
	const DataRequest *request;
	HttpStatistics *statistics;

	List	   *names;			/* that fields may have in the header; or NIL */
	HttpAnswer *http;
	RowsReader	reader;
	size_t		pending;		/* bytes of the row handed out last */
	uint64		rows;			/* rows handed out */
	bool		begun;			/* it is known whether there are rows */
	bool		has_header;		/* one with at least one field */
	bool		ended;			/* the document has ended */
	bool		checked;		/* check_headerless_answer() has been called */
	Refusal    *refusal;		/* or NULL */
	bool		unauthorized;	/* ... because of the settings */
	Refusal    *bad_header;		/* raised if a row comes; or NULL */
};

/* ---- what is wrong with an answer ---- */

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
			if (reader->nrows == 0)
				return make_refusal(ERRCODE_PROGRAM_LIMIT_EXCEEDED,
									psprintf("the header of the answer of server \"%s\" has more than %d fields",
											 options->servername, MAX_FIELDS),
									NULL, NULL);
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
										 show_excerpt(options->settings, data, length, at, more)),
								NULL);

		case ROWS_ERR_TRUNCATED:
			return make_refusal(ERRCODE_PROTOCOL_VIOLATION,
								psprintf("the answer of server \"%s\" ends before it is complete",
										 options->servername),
								psprintf("At byte " UINT64_FORMAT ": %s.",
										 (uint64) reader->error_offset, reader->error),
								http_was_left_waiting(answer->http) ? HTTP_HINT_LEFT_WAITING :
								"The connector may have run out of time or memory; ask for fewer rows or columns.");

		default:
			return make_refusal(ERRCODE_INVALID_JSON_TEXT,
								psprintf("the answer of server \"%s\" is not valid JSON",
										 options->servername),
								psprintf("At byte " UINT64_FORMAT ": %s, before: %s",
										 (uint64) reader->error_offset, reader->error,
										 show_excerpt(options->settings, data, length, at, more)),
								NULL);
	}
}

/* ---- requests and rows ---- */

/*
 * A value of a condition, to be put into a tree at once.  Forms have only
 * strings.
 */
static jsonc_object *
new_value(const FilterCondition *condition, const char *text, bool typed)
{
	if (typed && condition->wire_type == WIRE_INT)
		return json_object_new_int64(strtoll(text, NULL, 10));
	if (typed && (condition->wire_type == WIRE_DOUBLE || condition->wire_type == WIRE_MONEY))
		return json_object_new_double_s(strtod(text, NULL), text);
	return json_object_new_string(text);
}

static void add_condition(jsonc_object *object, const char *key,
						  const FilterCondition *condition, bool typed);

/*
 * Fill the object of a group: every condition has an object of its own, under
 * a number.
 */
static void
fill_group(jsonc_object *object, const FilterCondition *group, bool typed)
{
	ListCell   *lc;

	json_object_object_add(object, "LOGIC",
						   json_object_new_string(group->operator == FILTER_OR ? "OR" : "AND"));
	foreach(lc, group->members)
	{
		FilterCondition *member = lfirst(lc);
		char	   *number = psprintf("%d", foreach_current_index(lc));
		jsonc_object *child;

		if (member->members != NIL)
		{
			add_condition(object, number, member, typed);
			continue;
		}
		child = json_object_new_object();
		json_object_object_add(object, number, child);
		add_condition(child, filter_key(member), member, typed);
	}
}

/*
 * Add a condition, or a group of them, to an object that belongs to a tree.
 */
static void
add_condition(jsonc_object *object, const char *key, const FilterCondition *condition,
			  bool typed)
{
	jsonc_object *value;
	ListCell   *lc;

	if (condition->members != NIL)
	{
		value = json_object_new_object();
		json_object_object_add(object, key, value);
		fill_group(value, condition, typed);
	}
	else if (condition->operator == FILTER_IN || condition->operator == FILTER_NOT_IN)
	{
		value = json_object_new_array();
		json_object_object_add(object, key, value);
		foreach(lc, condition->values)
			json_object_array_add(value, new_value(condition, lfirst(lc), typed));
	}
	else
		json_object_object_add(object, key,
							   new_value(condition, linitial(condition->values), typed));
}

/*
 * The tree of a request for data; the current memory context owns it.
 */
static jsonc_object *
data_request_body(const TableOptions *table, const DataRequest *request)
{
	jsonc_object *body = document_own(json_object_new_object());
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
		int			groups = 0;

		json_object_object_add(body, "filter", filter);
		foreach(lc, request->filter)
		{
			FilterCondition *condition = lfirst(lc);

			add_condition(filter, condition->members != NIL ? psprintf("%d", groups++)
						  : filter_key(condition),
						  condition, table->connector.json_requests);
		}
	}
	add_fixed_filter(body, table);
	json_object_object_add(body, "limit", json_object_new_int(request->limit));
	return body;
}

static void
release_data_answer(void *arg)
{
	rows_free(&((DataAnswer *) arg)->reader);
}

/*
 * The name that a field may have in the header instead of its code: that of
 * the first column that shows it.  If that is the code of another field, the
 * header could not be understood, so the field keeps its code.
 */
static const char *
name_of_field(const TableOptions *table, const char *field)
{
	const char *name = NULL;

	for (int i = 0; i < table->ncolumns && name == NULL; i++)
	{
		if (table->columns[i].field && strcmp(table->columns[i].field, field) == 0)
			name = table->columns[i].name;
	}
	for (int i = 0; i < table->ncolumns; i++)
	{
		if (table->columns[i].field && strcmp(table->columns[i].field, name) == 0)
			return field;
	}
	return name;
}

/*
 * Add names of the wanted fields to the body of a request.  They are a
 * convenience of the connector's, so they are left out of a form that would
 * become too long.  Returns the names, for each of the fields, or NIL.
 */
static List *
add_map_fields(jsonc_object *body, const TableOptions *table, List *fields)
{
	size_t		variables = body_variables(body) + list_length(fields) +
		list_length(table->connector.settings);
	jsonc_object *map;
	List	   *names = NIL;
	ListCell   *lc;

	if (fields == NIL ||
		(!table->connector.json_requests && variables > MAX_REQUEST_VARIABLES))
		return NIL;
	map = json_object_new_object();
	json_object_object_add(body, "mapFields", map);
	foreach(lc, fields)
	{
		const char *field = lfirst(lc);
		const char *name = name_of_field(table, field);

		json_object_object_add(map, pg_server_to_any(field, strlen(field), PG_UTF8),
							   document_new_string(name));
		names = lappend(names, unconstify(char *, name));
	}
	return names;
}

/*
 * Look in the header for these codes or names of the wanted fields, in the
 * order of slots.  lengths are those of the header's texts, or -1.  A place
 * that has a slot already, and a slot that has a place, are passed over.
 */
static void
find_fields(DataAnswer *answer, List *texts, const ssize_t *lengths, int *slot_of, bool *found)
{
	int			nfields = list_length(texts);
	char	  **wanted = palloc(sizeof(char *) * Max(nfields, 1));
	bool	   *known = palloc(sizeof(bool) * Max(nfields, 1));
	ListCell   *lc;

	memcpy(known, found, sizeof(bool) * nfields);
	foreach(lc, texts)
		wanted[foreach_current_index(lc)] =
		pg_server_to_any(lfirst(lc), strlen(lfirst(lc)), PG_UTF8);

	for (size_t i = 0; i < answer->reader.nvalues; i++)
	{
		const char *text = answer->reader.values[i].data;

		CHECK_FOR_INTERRUPTS();
		if (lengths[i] < 0 || slot_of[i] >= 0)
			continue;
		for (int slot = 0; slot < nfields; slot++)
		{
			if (known[slot] || strncmp(wanted[slot], text, lengths[i]) != 0 ||
				wanted[slot][lengths[i]] != '\0')
				continue;
			if (found[slot] && answer->bad_header == NULL)
				answer->bad_header =
					make_refusal(ERRCODE_PROTOCOL_VIOLATION,
								 psprintf("the header of the answer of server \"%s\" has field \"%s\" twice",
										  answer->table->connector.servername,
										  (char *) list_nth(answer->request->fields, slot)),
								 NULL,
								 texts != answer->names ? NULL :
								 "With the server option \"map_fields\", a column must not have the name of another field of the connector's table.");
			found[slot] = true;
			slot_of[i] = slot;
		}
	}
}

/*
 * Find the wanted fields in the header, by their codes or else by the names that
 * the request gave them, and tell the reader.  What is wrong with the header
 * matters only if a row follows: the header of an empty answer may be anything.
 */
static void
match_header(DataAnswer *answer)
{
	const TableOptions *table = answer->table;
	const char *servername = table->connector.servername;
	size_t		width = answer->reader.nvalues;
	int			nfields = list_length(answer->request->fields);
	int		   *slot_of = palloc(sizeof(int) * Max(width, 1));
	ssize_t    *lengths = palloc(sizeof(ssize_t) * Max(width, 1));
	bool	   *found = palloc0(sizeof(bool) * Max(nfields, 1));
	ListCell   *lc;

	for (size_t i = 0; i < width; i++)
	{
		RowsValue  *value = &answer->reader.values[i];
		bool		decoded = value->kind == ROWS_STRING && value->escaped;

		slot_of[i] = -1;
		lengths[i] = -1;
		if (decoded && value->status == ROWS_TEXT_OK)
		{
			value->data = value->decoded;
			value->len = value->decoded_len;
		}
		if (value->kind == ROWS_STRING && !(decoded && value->status != ROWS_TEXT_OK))
			lengths[i] = (ssize_t) value->len;
		else if (answer->bad_header == NULL)
			answer->bad_header =
				make_refusal(ERRCODE_PROTOCOL_VIOLATION,
							 psprintf("the header of the answer of server \"%s\" is not a list of field codes",
									  servername),
							 psprintf("Its value %zu is: %s", i + 1,
									  show_excerpt(table->connector.settings, value->data,
														value->len, 0, false)),
							 NULL);
	}
	find_fields(answer, answer->request->fields, lengths, slot_of, found);
	if (answer->names != NIL)
		find_fields(answer, answer->names, lengths, slot_of, found);
	foreach(lc, answer->request->fields)
	{
		if (!found[foreach_current_index(lc)] && answer->bad_header == NULL)
			answer->bad_header =
				make_refusal(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND,
							 psprintf("the answer of server \"%s\" has no field \"%s\"",
									  servername, (char *) lfirst(lc)),
							 psprintf("The request was for table \"%s\".", table->table_name),
							 "The column option \"column_name\" sets the code of a column's field; letter case matters.");
	}
	answer->has_header = width > 0;
	if (!rows_set_columns(&answer->reader, slot_of, width, nfields))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

/*
 * There is no row in what has come: see what there is instead, and go on reading.
 * Otherwise like read_row.
 */
static pg_noinline DataStatus
read_on(DataAnswer *answer, RowsStatus status, size_t consumed, bool wait)
{
	const ConnectorOptions *options = &answer->table->connector;

	for (;;)
	{
		size_t		length;
		size_t		wanted;
		char	   *data = http_data(answer->http, &length);

		switch (status)
		{
			case ROWS_ROW:
				answer->pending = consumed;
				return DATA_ROW;

			case ROWS_END:
				answer->ended = true;
				return DATA_END;

			case ROWS_ERROR:
				answer->refusal = refusal_of_reader(answer, data, length);
				return DATA_END;

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
					return DATA_END;
				}
				wanted = length < LARGE_ROW ? length + 1
					: Min(length * 2, options->http.max_buffer);
				if (wait)
					(void) http_more(answer->http, wanted);
				else if (!http_available(answer->http, wanted))
					return DATA_PENDING;
				break;
		}
		data = http_data(answer->http, &length);
		status = rows_next(&answer->reader, data, length, http_at_end(answer->http), &consumed);
	}
}

/*
 * Read the next row, the header included.  DATA_END at the end of the document;
 * also if the answer is wrong, and answer->refusal is set then.  DATA_PENDING
 * only if we do not wait: the row has not arrived.
 */
static inline DataStatus
read_row(DataAnswer *answer, bool wait)
{
	size_t		length;
	size_t		consumed;
	char	   *data;
	RowsStatus	status;

	StaticAssertStmt(HTTP_PADDING >= ROWS_PADDING, "the reader needs more padding");

	http_consume(answer->http, answer->pending);
	answer->pending = 0;
	data = http_data(answer->http, &length);
	status = rows_next(&answer->reader, data, length, http_at_end(answer->http), &consumed);
	if (unlikely(status != ROWS_ROW))
		return read_on(answer, status, consumed, wait);
	answer->pending = consumed;
	return DATA_ROW;
}

/*
 * Ask for rows; do not wait for an answer.
 *
 * The answer lives in a child of the current memory context until
 * connector_data_close or until that context goes.  Everything passed in must
 * live as long.  Raises errors of the connection.
 */
DataAnswer *
connector_data_start(const TableOptions *table, const DataRequest *request,
					 HttpStatistics *statistics)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "biconnector data answer",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	DataAnswer *answer = palloc0(sizeof(DataAnswer));
	jsonc_object *body;
	ErrorContextCallback errcallback;

	answer->context = context;
	answer->table = table;
	answer->request = request;
	answer->statistics = statistics;
	rows_init(&answer->reader);
	answer->reader.max_width = MAX_FIELDS;
	answer->release.func = release_data_answer;
	answer->release.arg = answer;
	MemoryContextRegisterResetCallback(context, &answer->release);

	errcallback.callback = connector_data_context;
	errcallback.arg = answer;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	body = data_request_body(table, request);
	if (table->connector.map_fields)
		answer->names = add_map_fields(body, table, request->fields);
	answer->http = connector_start(&table->connector, table->connector.url_data, "url_data",
								   body, statistics);

	error_context_stack = errcallback.previous;
	MemoryContextSwitchTo(caller);
	return answer;
}

/*
 * Has the connector sent the header, or refused the request, for which the
 * caller must look then?  Waits for that if it may: then the result is true.
 * Raises errors of the connection, and those answers which say nothing about
 * the request itself; but that the settings are turned down, only if the request is
 * not renewable.
 */
bool
connector_data_begun(DataAnswer *answer, bool wait)
{
	MemoryContext caller;
	ErrorContextCallback errcallback;

	if (answer->begun)
		return true;

	caller = MemoryContextSwitchTo(answer->context);
	errcallback.callback = connector_data_context;
	errcallback.arg = answer;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	if (wait)
		http_wait_answered(answer->http);
	if (http_answered(answer->http))
	{
		DataStatus	status;

		if (http_status(answer->http) != 200)
		{
			answer->refusal = refusal_of_status(&answer->table->connector, answer->http, true);
			answer->unauthorized = http_status(answer->http) == 401 ||
				http_status(answer->http) == 403;
			if (is_status_of_caller(http_status(answer->http)) &&
				!(answer->unauthorized && answer->request->renewable))
				raise_refusal(answer->refusal);
			answer->begun = true;
		}
		else if ((status = read_row(answer, wait)) != DATA_PENDING)
		{
			if (status == DATA_ROW)
				match_header(answer);
			answer->begun = true;
		}
	}

	error_context_stack = errcallback.previous;
	MemoryContextSwitchTo(caller);
	return answer->begun;
}

/*
 * Wait for the answer to a request that others are under way beside.  False if it
 * has failed, or was turned down, in a way that may be due to these:
 * connector_data_begun makes of that what it makes of any answer.  Raises query
 * cancel, and an error if nothing comes for too long.
 */
bool
connector_data_came(DataAnswer *answer)
{
	ErrorContextCallback errcallback;
	bool		came;

	errcallback.callback = connector_data_context;
	errcallback.arg = answer;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;
	came = http_wait_beside(answer->http);
	error_context_stack = errcallback.previous;
	return came;
}

/*
 * Ask for rows, and wait until the connector has sent the header or has
 * refused the request, which the caller must look for.  Otherwise like
 * connector_data_start and connector_data_begun.
 */
DataAnswer *
connector_data(const TableOptions *table, const DataRequest *request,
			   HttpStatistics *statistics)
{
	DataAnswer *answer = connector_data_start(table, request, statistics);

	(void) connector_data_begun(answer, true);
	return answer;
}

/*
 * The descriptor to wait for if something is pending, as http_descriptor has it.
 */
int
connector_data_descriptor(DataAnswer *answer)
{
	ErrorContextCallback errcallback;
	int			descriptor;

	errcallback.callback = connector_data_context;
	errcallback.arg = answer;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;
	descriptor = http_descriptor(answer->http);
	error_context_stack = errcallback.previous;
	return descriptor;
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
 * Has it done so because of the settings, and the request is renewable?
 */
bool
connector_data_unauthorized(const DataAnswer *answer)
{
	return answer->unauthorized;
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
 * The next row: *values has one value for each of the request's fields, valid
 * until the next call.
 * DATA_END behind the last one; DATA_PENDING, only if we do not wait, if it has not
 * arrived.  Raises an error if the answer is not what it should be, or
 * might have been cut short.
 */
DataStatus
connector_data_read(DataAnswer *answer, bool wait, RowsValue **values)
{
	DataStatus	status = DATA_END;

	/* "[]" has ended where its header was looked for */
	if (!answer->ended && answer->rows >= (uint64) answer->request->limit)
	{
		if (answer->request->whole)
			raise_row_limit(answer);
		return DATA_END;
	}
	if (!answer->ended)
		status = read_row(answer, wait);
	if (likely(status == DATA_ROW))
	{
		if (unlikely(answer->bad_header))
			raise_refusal(answer->bad_header);
		answer->rows++;
		*values = answer->reader.values;
		return DATA_ROW;
	}
	if (status == DATA_PENDING)
		return DATA_PENDING;
	if (answer->refusal)
		raise_refusal(answer->refusal);
	if (!answer->has_header && answer->rows == 0 && !answer->checked)
	{
		MemoryContext caller = MemoryContextSwitchTo(answer->context);

		answer->checked = true;
		check_headerless_answer(answer);
		MemoryContextSwitchTo(caller);
	}
	return DATA_END;
}

/*
 * The same, waiting; NULL at the end.
 */
RowsValue *
connector_data_next(DataAnswer *answer)
{
	RowsValue  *values;

	return connector_data_read(answer, true, &values) == DATA_ROW ? values : NULL;
}

/*
 * What the connector has said in refusing the request.
 */
const char *
connector_data_refusal(const DataAnswer *answer)
{
	return answer->refusal->detail
		? psprintf("%s: %s", answer->refusal->message, answer->refusal->detail)
		: answer->refusal->message;
}

/*
 * How many fields the header has.
 */
size_t
connector_data_width(const DataAnswer *answer)
{
	return answer->has_header ? answer->reader.width : 0;
}

/*
 * What an answer without rows looks like, a constant.
 */
const char *
connector_data_empty_form(const DataAnswer *answer)
{
	return answer->has_header ? "a header" : answer->reader.nrows > 0 ? "[[]]" : "[]";
}

/*
 * Behind as many rows as were asked for, is there another one?
 */
bool
connector_data_has_more(DataAnswer *answer)
{
	return !answer->ended && read_row(answer, true) == DATA_ROW;
}

/*
 * The body of a request as JSON, without the settings; palloc'd, in the
 * database's encoding.
 */
char *
connector_data_request_text(const TableOptions *table, const DataRequest *request)
{
	const char *json = json_object_to_json_string_ext(data_request_body(table, request),
													  JSON_C_TO_STRING_PLAIN |
													  JSON_C_TO_STRING_NOSLASHESCAPE);

	if (json == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return utf8_to_shown(pstrdup(json));
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
 * Release the answer; what has not arrived of it is cut off.
 */
void
connector_data_close(DataAnswer *answer)
{
	http_close(answer->http);
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
