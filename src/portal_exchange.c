/*-------------------------------------------------------------------------
 *
 * portal_exchange.c
 *	  One POST, and its answer as a document: what calls of methods and
 *	  refreshing tokens have in common.
 *
 *-------------------------------------------------------------------------
 */
#include "portal.h"

#include "body.h"
#include "connection.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/memutils.h"

/*
 * The body of a request as text in the current memory context.
 */
static char *
body_text(jsonc_object *body, bool json, size_t *length)
{
	char	   *text = json ? body_json(body, length) : body_form(body, length);
	char	   *copy = NULL;

	if (text)
		copy = MemoryContextAllocExtended(CurrentMemoryContext, *length + 1,
										  MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
	if (copy)
		memcpy(copy, text, *length + 1);
	free(text);
	if (copy == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return copy;
}

/*
 * Send a request, and wait for all of its answer, whatever it is.
 *
 * One that has_effects goes over a connection of its own and is sent once.  The
 * answer is palloc'd, and its document the current memory context's.  Raises errors
 * of the connection, query cancel, and an error if the answer is too large.
 */
PortalAnswer *
portal_exchange(const PortalOptions *options, const char *url, bool json, jsonc_object *body,
				bool has_effects)
{
	PortalAnswer *answer = palloc0(sizeof(PortalAnswer));
	HttpOptions http_options = options->http;
	HttpStatistics statistics = {0};
	HttpAnswer *http;
	char	   *text;
	char	   *data;
	size_t		length;

	http_options.has_effects = has_effects;
	text = body_text(body, json, &length);
	http = http_start(url, json ? "application/json" : "application/x-www-form-urlencoded",
					  text, length, &http_options, &statistics);
	http_wait_answered(http);
	answer->status = http_status(http);
	(void) http_more(http, http_options.max_buffer);
	if (!http_at_end(http))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the answer of server \"%s\" is larger than %zu kB",
						options->servername, http_options.max_buffer / 1024),
				 errhint("The server option \"max_row_size\" sets how large a document may be.")));
	data = http_data(http, &answer->length);
	if (answer->length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
	{
		data += 3;
		answer->length -= 3;
	}
	answer->text = MemoryContextAllocHuge(CurrentMemoryContext, answer->length + 1);
	memcpy(answer->text, data, answer->length);
	answer->text[answer->length] = '\0';
	http_close(http);
	answer->document = document_parse_object(answer->text, answer->length);
	return answer;
}

/*
 * Wait until a time of clock_ms(), which query cancel ends.
 */
void
portal_sleep(int64 until, const char *event_name)
{
	static uint32 event = 0;

	for (;;)
	{
		int64		left = until - clock_ms();

		CHECK_FOR_INTERRUPTS();
		if (left <= 0)
			return;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 (long) Min(left, 60000), compat_wait_event(&event, event_name));
		ResetLatch(MyLatch);
	}
}
