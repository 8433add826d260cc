/*-------------------------------------------------------------------------
 *
 * http.c
 *	  One HTTP POST and its answer, pulled as a stream that can be cancelled.
 *
 * A request may take several transfers: it is repeated if the server asks for
 * that, and follows redirects.  What a transfer asks of libcurl is in
 * http_transfer.c; connections, and how we wait, are in connection.c.
 *
 * The answer is pulled: bytes arrive only inside the functions here, and the
 * buffer stops filling above a high-water mark, so that memory does not
 * depend on the size of the answer and a slow consumer slows the sender.
 *
 * Each step exists in two forms: one does what can be done at once and says
 * whether that was enough (http_answered, http_available); the other waits as
 * long as it was not (http_wait_answered, http_more).  Several requests run at
 * the same time if they are started first: those of a group go on while one of
 * them is waited for.
 *
 * What lives outside of memory contexts is released by a reset callback of the
 * answer's own context, so that nothing is left behind by any error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "http_transfer.h"

#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* How long we wait at most before 429 and 503 are asked again */
#define MAX_REPEAT_DELAY	60	/* seconds */

/* How many redirects within the origin are followed */
#define MAX_REDIRECTS		5

/* A pause in reading, in ms, that the other side may not put up with */
#define LONG_REST			1000

/* Of an answer that is not wanted any more, how much is read to its end */
#define MAX_LEFT_OVER		(16 * 1024)

struct HttpGroup
{
	dlist_head	answers;
};

struct HttpAnswer
{
	MemoryContext context;		/* holds this struct and all it points to */
	MemoryContextCallback release;	/* frees what is not in the context */
	HttpGroup  *group;			/* that the answer is in; or NULL */
	dlist_node	node;
	HttpTransfer transfer;		/* of the request's, the last */
	const char *first_url;		/* where it was sent at first */

	bool		answered;		/* this is the answer, not a redirect or the
								 * like */
	bool		failed;			/* there is none; see raise_failure() */
	int			repeats;		/* of the request, because of 429 or 503 */
	int			redirects;
	int64		repeat_at;		/* when to repeat it; 0: not now */
	bool		wanting;		/* for bytes that had not come */
	int64		quiet_since;	/* when we began to want, or bytes came; ms */
	int64		last_pull;		/* when there last were as many as we wanted;
								 * 0: we have not looked at the answer yet */
	int64		longest_rest;	/* from such a time until we wanted more; ms */
};

/*
 * Reset callback of the answer's memory context.
 */
static void
release_answer(void *arg)
{
	HttpAnswer *answer = arg;

	if (answer->group)
		dlist_delete(&answer->node);
	transfer_free(&answer->transfer);
}

/*
 * What we are waiting for, as pg_stat_activity shows it.
 */
static uint32
wait_event(const HttpAnswer *answer)
{
	static uint32 connect_event = 0;
	static uint32 answer_event = 0;
	static uint32 receive_event = 0;
	static uint32 repeat_event = 0;

	if (answer->repeat_at != 0)
		return compat_wait_event(&repeat_event, "BiconnectorRepeat");
	if (!transfer_is_connected(&answer->transfer))
		return compat_wait_event(&connect_event, "BiconnectorConnect");
	if (!answer->transfer.headers_done)
		return compat_wait_event(&answer_event, "BiconnectorAnswer");
	return compat_wait_event(&receive_event, "BiconnectorReceive");
}

/*
 * Let libcurl do what it can do at once.  True if there was something.
 */
static bool
go_on(HttpAnswer *answer)
{
	bool		active = connection_dispatch(answer->transfer.connection);

	transfer_look(&answer->transfer);
	if (active)
		answer->quiet_since = clock_ms();
	return active;
}

/*
 * We want something of the answer.  Silence counts from now on.
 */
static void
want(HttpAnswer *answer)
{
	if (answer->wanting)
		return;
	answer->wanting = true;
	answer->quiet_since = clock_ms();
	if (answer->last_pull != 0)
		answer->longest_rest = Max(answer->longest_rest,
								   answer->quiet_since - answer->last_pull);
}

/*
 * What we wanted has come.
 */
static void
has_come(HttpAnswer *answer)
{
	answer->wanting = false;
	answer->last_pull = clock_ms();
}

/*
 * Until when there is nothing to do for us if nothing comes.  Silence has a
 * limit, which is an error if it is over; establishing the connection has one
 * of its own, kept by libcurl.
 */
static int64
wait_ends(HttpAnswer *answer)
{
	int64		now = clock_ms();
	int64		silence_ends;

	if (answer->repeat_at != 0)
		return answer->repeat_at;
	if (!transfer_is_connected(&answer->transfer))
		answer->quiet_since = now;
	silence_ends = answer->quiet_since +
		(int64) (answer->transfer.options->read_timeout * 1000.0);
	if (now >= silence_ends)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("\"%s\" sent nothing for %g seconds",
						transfer_shown_url(&answer->transfer, answer->transfer.url),
						answer->transfer.options->read_timeout),
				 errhint("The server option \"read_timeout\" sets how long silence may last.")));
	return silence_ends;
}

/*
 * If the server asked us to come again, note when.  False if the answer stands.
 */
static bool
plan_repeat(HttpAnswer *answer)
{
	double		delay = 1 << answer->repeats;

	if ((answer->transfer.status != 429 && answer->transfer.status != 503) ||
		answer->repeats >= answer->transfer.options->max_repeats)
		return false;
	if (answer->transfer.retry_after)
	{
		char	   *rest;
		long		seconds = strtol(answer->transfer.retry_after, &rest, 10);

		if (rest != answer->transfer.retry_after && *rest == '\0')
			delay = seconds;
		else
		{
			time_t		date = curl_getdate(answer->transfer.retry_after, NULL);

			if (date != (time_t) -1)
				delay = difftime(date, time(NULL));
		}
	}
	if (delay > MAX_REPEAT_DELAY)
		return false;
	answer->repeats++;
	answer->repeat_at = clock_ms() + (int64) (Max(delay, 0) * 1000.0);
	return true;
}

/*
 * Does the answer ask to send the request elsewhere?  303 asks for a GET,
 * which no connector answers.
 */
static bool
is_redirect(const HttpAnswer *answer)
{
	return answer->transfer.location != NULL &&
		(answer->transfer.status == 301 || answer->transfer.status == 302 ||
		 answer->transfer.status == 307 || answer->transfer.status == 308);
}

/*
 * The headers of an answer have come, or the transfer has failed: see whether
 * that is the answer, or there is none, or the request has to be sent again.
 *
 * Credentials are in the body, so that a redirect to another origin would hand
 * them to somebody else: it is not followed.
 */
static void
accept_answer(HttpAnswer *answer)
{
	if (!answer->transfer.headers_done)
	{
		if (transfer_lost_kept_connection(&answer->transfer))
			transfer_end(&answer->transfer);
		else
			answer->failed = true;
		return;
	}
	transfer_count(&answer->transfer);

	if (is_redirect(answer))
	{
		char	   *target = answer->redirects < MAX_REDIRECTS
			? http_url_redirect(answer->transfer.url, answer->transfer.location) : NULL;

		if (target)
		{
			answer->redirects++;
			answer->transfer.url = target;
			transfer_end(&answer->transfer);
		}
		else
			answer->failed = true;
		return;
	}
	answer->answered = !plan_repeat(answer);
}

/*
 * Raise why there is no answer.
 */
pg_noreturn static void
raise_failure(HttpAnswer *answer)
{
	if (!answer->transfer.headers_done)
		transfer_raise(&answer->transfer, NULL);
	if (answer->redirects >= MAX_REDIRECTS)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("\"%s\" redirects too often",
						transfer_shown_url(&answer->transfer, answer->first_url))));
	ereport(ERROR,
			(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
			 errmsg("\"%s\" redirects to another origin",
					transfer_shown_url(&answer->transfer, answer->transfer.url)),
			 errdetail("Settings are sent only to the scheme, host and port of the configured URL."),
			 errhint("If the connector has moved, change the server's URL options.")));
	pg_unreachable();
}

/*
 * Go on with a request as far as that is possible without waiting, until it is
 * answered or has failed.  Raises errors only if it cannot be sent again.
 */
static void
go_on_to_answer(HttpAnswer *answer)
{
	MemoryContext caller = MemoryContextSwitchTo(answer->context);

	while (!answer->answered && !answer->failed)
	{
		if (answer->repeat_at != 0)
		{
			if (clock_ms() < answer->repeat_at)
				break;
			answer->repeat_at = 0;
			transfer_end(&answer->transfer);
		}
		if (answer->transfer.easy == NULL)
		{
			answer->quiet_since = clock_ms();
			transfer_start(&answer->transfer);
		}
		if (answer->transfer.headers_done || answer->transfer.done)
			accept_answer(answer);
		else if (!go_on(answer) && !answer->transfer.done)
			break;
	}
	MemoryContextSwitchTo(caller);
}

/*
 * Can more come of an answer that nobody waits for?
 */
static bool
is_running(const HttpAnswer *answer)
{
	return answer->transfer.easy && !answer->failed && !answer->transfer.done &&
		!answer->transfer.paused;
}

/*
 * Wait until libcurl has something to do for the answer, or for another one of
 * its group, and let it do it.
 */
static void
wait_for_curl(HttpAnswer *answer)
{
	HttpGroup	alone;
	HttpGroup  *group = answer->group;
	List	   *others = NIL;
	int64		until;
	dlist_iter	iter;

	CHECK_FOR_INTERRUPTS();

	if (group == NULL)
	{
		group = &alone;
		dlist_init(&alone.answers);
	}
	until = wait_ends(answer);
	dlist_foreach(iter, &group->answers)
	{
		HttpAnswer *other = dlist_container(HttpAnswer, node, iter.cur);

		if (other == answer)
			continue;
		if (other->repeat_at != 0)
			until = Min(until, other->repeat_at);
		else if (is_running(other))
			others = lappend(others, other->transfer.connection);
	}
	if (connection_wait(answer->transfer.connection, others, until, wait_event(answer)))
		answer->quiet_since = clock_ms();
	transfer_look(&answer->transfer);
	list_free(others);

	/* what is wrong with the others is told when they are waited for */
	dlist_foreach(iter, &group->answers)
	{
		HttpAnswer *other = dlist_container(HttpAnswer, node, iter.cur);

		if (other == answer)
			continue;
		go_on_to_answer(other);
		if (other->answered && is_running(other))
			(void) go_on(other);
	}
}

/* ---- what others call ---- */

/*
 * A group for HttpOptions; palloc'd.  It must live as long as the answers to
 * requests with these options.
 */
HttpGroup *
http_group_create(void)
{
	HttpGroup  *group = palloc(sizeof(HttpGroup));

	dlist_init(&group->answers);
	return group;
}

/*
 * Send a POST; do not wait for its answer.
 *
 * The answer lives in a child of the current memory context until http_close
 * or until that context goes, whichever is first.  Everything passed in must
 * live as long; content_type is not copied.  Raises errors if the request
 * cannot be sent.
 */
HttpAnswer *
http_start(const char *url, const char *content_type,
		   const char *body, size_t body_length,
		   const HttpOptions *options, HttpStatistics *statistics)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "biconnector http answer",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	HttpAnswer *answer = palloc0(sizeof(HttpAnswer));

	answer->context = context;
	answer->first_url = answer->transfer.url = pstrdup(url);
	answer->transfer.content_type = content_type;
	answer->transfer.body = body;
	answer->transfer.body_length = body_length;
	answer->transfer.options = options;
	answer->transfer.statistics = statistics;
	answer->release.func = release_answer;
	answer->release.arg = answer;
	MemoryContextRegisterResetCallback(context, &answer->release);

	transfer_init(&answer->transfer);
	answer->quiet_since = clock_ms();
	transfer_start(&answer->transfer);
	if (options->group)
	{
		answer->group = options->group;
		dlist_push_tail(&answer->group->answers, &answer->node);
	}
	MemoryContextSwitchTo(caller);
	return answer;
}

/*
 * Go on with a request as far as that is possible without waiting.  True if
 * the status and headers of its answer have come.
 *
 * Repeats a request that was answered with 429 or 503, a few times and after
 * the delay that the server asked for, and follows redirects within the
 * origin.  Other statuses are the caller's to judge.  Raises errors if there is
 * no answer, or none for too long since this was first called.
 */
bool
http_answered(HttpAnswer *answer)
{
	if (answer->last_pull != 0)
		return true;
	want(answer);
	go_on_to_answer(answer);
	if (answer->failed)
		raise_failure(answer);
	if (!answer->answered)
	{
		(void) wait_ends(answer);
		return false;
	}
	has_come(answer);
	return true;
}

/*
 * Wait until a request is answered or has failed.  Raises errors if nothing comes
 * for too long, and query cancel.
 */
static void
wait_for_outcome(HttpAnswer *answer)
{
	if (answer->last_pull != 0)
		return;
	want(answer);
	for (;;)
	{
		go_on_to_answer(answer);
		if (answer->failed || answer->answered)
			break;
		wait_for_curl(answer);
	}
	if (answer->answered)
		has_come(answer);
}

/*
 * Wait until a request is answered.  Raises the same errors as http_answered, and
 * query cancel.
 */
void
http_wait_answered(HttpAnswer *answer)
{
	wait_for_outcome(answer);
	if (answer->failed)
		raise_failure(answer);
}

/*
 * The same, but for what may be due to other requests at the same time: then it
 * is false, and the request should be sent again by itself.
 */
bool
http_wait_beside(HttpAnswer *answer)
{
	int			status;

	wait_for_outcome(answer);
	status = answer->transfer.status;
	return !answer->failed &&
		status != 429 && status != 502 && status != 503 && status != 504;
}

/*
 * The descriptor that becomes readable when there is something to do for the
 * answer; to be asked for anew before each wait.  It may become readable
 * without reason.  Raises an error if the other side has been silent for too
 * long, or there is no descriptor left.
 */
int
http_descriptor(HttpAnswer *answer)
{
	/* what has come while nobody looked is no silence */
	int64		until = go_on(answer) ? clock_ms() : wait_ends(answer);

	return connection_descriptor(answer->transfer.connection, until);
}

/*
 * The HTTP status of the answer.
 */
int
http_status(const HttpAnswer *answer)
{
	return answer->transfer.status;
}

/*
 * The bytes that have arrived and are not consumed, with HTTP_PADDING zeros behind
 * them.  They may be written to, and stay where they are until http_more or
 * http_close.
 */
char *
http_data(const HttpAnswer *answer, size_t *length)
{
	*length = transfer_unread(&answer->transfer);
	return answer->transfer.buffer + answer->transfer.start;
}

/*
 * Drop bytes from the front of the buffer.
 */
void
http_consume(HttpAnswer *answer, size_t length)
{
	Assert(length <= transfer_unread(&answer->transfer));
	answer->transfer.start += length;
}

/*
 * Take in what has come.  True if the buffer holds at least this many bytes, or
 * the answer has ended properly.  Raises an error if the connection has broken
 * off or is silent for too long.
 */
bool
http_available(HttpAnswer *answer, size_t wanted)
{
	want(answer);
	answer->transfer.limit = Max(wanted, HIGH_WATER);
	while (transfer_unread(&answer->transfer) < wanted && !transfer_has_all(&answer->transfer))
	{
		CHECK_FOR_INTERRUPTS();
		if (answer->transfer.paused || transfer_has_packed(&answer->transfer))
			transfer_resume(&answer->transfer);
		else if (!go_on(answer) && !answer->transfer.done)
		{
			(void) wait_ends(answer);
			return false;
		}
	}
	if (answer->transfer.done && answer->transfer.result != CURLE_OK &&
		transfer_unread(&answer->transfer) < wanted)
		transfer_raise(&answer->transfer,
					   http_was_left_waiting(answer) ? HTTP_HINT_LEFT_WAITING : NULL);
	has_come(answer);
	return true;
}

/*
 * Wait until the buffer holds at least this many bytes, or the answer has
 * ended properly.  True if bytes have come in.  Raises the same errors, and
 * query cancel.
 */
bool
http_more(HttpAnswer *answer, size_t wanted)
{
	size_t		before = transfer_unread(&answer->transfer);

	while (!http_available(answer, wanted))
		wait_for_curl(answer);
	return transfer_unread(&answer->transfer) > before;
}

/*
 * Has the answer ended properly, so that the buffer holds all that is left?
 */
bool
http_at_end(const HttpAnswer *answer)
{
	return transfer_at_end(&answer->transfer);
}

/*
 * Has the answer ever been left waiting for so long that the other side may
 * have given up?  HTTP_HINT_LEFT_WAITING is what to say then.
 */
bool
http_was_left_waiting(const HttpAnswer *answer)
{
	return answer->longest_rest >= LONG_REST;
}

/*
 * Release the answer.  The connection is kept if nothing is left to come, but
 * for that we do not wait; otherwise the transfer is cut off.
 */
void
http_close(HttpAnswer *answer)
{
	uint64		first = answer->transfer.statistics->wire_bytes;
	uint64		before;

	/*
	 * What is left is little, most often: the end of the document.
	 */
	transfer_discard(&answer->transfer);
	answer->transfer.limit = MAX_LEFT_OVER;
	if (answer->transfer.paused)
		transfer_resume(&answer->transfer);
	do
	{
		before = answer->transfer.statistics->wire_bytes;
		(void) go_on(answer);
	} while (!answer->transfer.done && !answer->transfer.paused &&
			 answer->transfer.statistics->wire_bytes > before &&
			 answer->transfer.statistics->wire_bytes - first < MAX_LEFT_OVER);
	MemoryContextDelete(answer->context);
}

/*
 * libcurl's version with those of the libraries it uses, a constant.
 */
const char *
http_library(void)
{
	return curl_version();
}

/*
 * Those of libcurl's features that matter for requests, by libcurl's names; a
 * palloc'd list of constants.
 */
List *
http_library_features(void)
{
	static const struct
	{
		int			feature;
		const char *name;
	}			known[] = {
		{CURL_VERSION_ASYNCHDNS, "AsynchDNS"},
		{CURL_VERSION_HTTP2, "HTTP2"},
		{CURL_VERSION_HTTPS_PROXY, "HTTPS-proxy"},
		{CURL_VERSION_IDN, "IDN"},
		{CURL_VERSION_IPV6, "IPv6"},
		{CURL_VERSION_SSL, "SSL"},
	};
	int			features = curl_version_info(CURLVERSION_NOW)->features;
	List	   *names = NIL;

	for (int i = 0; i < lengthof(known); i++)
	{
		if (features & known[i].feature)
			names = lappend(names, unconstify(char *, known[i].name));
	}
	return names;
}
