/*-------------------------------------------------------------------------
 *
 * http.c
 *	  One HTTP POST and its answer, pulled as a stream that can be cancelled.
 *
 * libcurl does all of HTTP.  This file says what to ask of it and what to make
 * of the outcome; connections, and how we wait, are in connection.c.
 *
 * The answer is pulled: bytes arrive only inside the functions here, and the
 * buffer stops filling above a high-water mark, so that memory does not
 * depend on the size of the answer and a slow consumer slows the sender.
 *
 * Each step exists in two forms: one does what can be done at once and says
 * whether that was enough (http_answered, http_available); the other waits as
 * long as it was not (http_wait_answered, http_more).  Several requests run at
 * the same time if they are started first and waited for together.
 *
 * libcurl's callbacks run on libcurl's stack, over which no error may jump.
 * They use malloc, count short and set flags; errors are raised by the
 * functions that called into libcurl.  What lives outside of memory contexts
 * (handles, connection, buffer) is released by a reset callback of the
 * answer's own context, so that nothing is left behind by any error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "connection.h"

#include "compat.h"
#include "http.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/memutils.h"

/*
 * What libcurl reads at once.  It unpacks all of that before it heeds a pause,
 * and keeps it, copying the rest each time we go on.  The methods we accept
 * pack up to a thousand bytes into one: hence so little for packed answers.
 */
#define RECEIVE_SIZE		(128 * 1024)
#define RECEIVE_SIZE_PACKED	(8 * 1024)

/* Above this many unread bytes the transfer pauses */
#define HIGH_WATER			(256 * 1024)

/* Bytes of all headers of an answer, with those behind its body, at most */
#define MAX_HEADERS			(256 * 1024)

/* How often 429 and 503 are asked again, and how long we wait at most */
#define MAX_REPEATS			2
#define MAX_REPEAT_DELAY	60	/* seconds */

/* How many redirects within the origin are followed */
#define MAX_REDIRECTS		5

/* A pause in reading, in ms, that the other side may not put up with */
#define LONG_REST			1000

/* Of an answer that is not wanted any more, how much is read to its end */
#define MAX_LEFT_OVER		(16 * 1024)

struct HttpAnswer
{
	MemoryContext context;		/* holds this struct and all it points to */
	MemoryContextCallback release;	/* frees what is not in the context */

	const char *first_url;
	char	   *url;			/* the same, or where redirects have led */
	const char *content_type;
	const char *body;
	size_t		body_length;
	const HttpOptions *options;
	HttpStatistics *statistics;

	HttpConnection *connection;
	CURL	   *easy;
	struct curl_slist *headers;
	uint64		wire_bytes;		/* of this transfer, already in statistics */

	char	   *buffer;			/* malloc'd */
	size_t		start;			/* unread bytes are buffer[start .. end) */
	size_t		end;
	size_t		capacity;
	size_t		limit;			/* pause at this many unread bytes */

	int			status;			/* of the final answer, once headers are done */
	bool		headers_done;
	bool		paused;
	bool		done;			/* the transfer has ended, with this result: */
	CURLcode	result;
	size_t		header_bytes;	/* of this transfer */
	bool		too_many_headers;	/* in a callback */
	bool		bad_encoding;	/* in a callback */
	bool		out_of_memory;	/* in a callback */
	bool		tls_unread;		/* TLS has bytes that libcurl has not taken */

	bool		answered;		/* this is the answer, not a redirect or the
								 * like */
	int			repeats;		/* of the request, because of 429 or 503 */
	int			redirects;
	int64		repeat_at;		/* when to repeat it; 0: not now */
	bool		wanting;		/* for bytes that had not come */
	int64		quiet_since;	/* when we began to want, or bytes came; ms */
	int64		last_pull;		/* when there last were as many as we wanted */
	int64		longest_rest;	/* from such a time until we wanted more; ms */

	char	   *location;		/* malloc'd; of the answer */
	char	   *retry_after;	/* malloc'd; of the answer */
	char	   *content_encoding;	/* malloc'd; of the answer */
	char		message[CURL_ERROR_SIZE];
};

/* ---- callbacks: run by libcurl, must not raise ---- */

/*
 * Take body bytes into the buffer, or pause the transfer.
 */
static size_t
write_callback(char *data, size_t size, size_t count, void *arg)
{
	HttpAnswer *answer = arg;
	size_t		length = size * count;
	size_t		unread = answer->end - answer->start;

	if (unread >= answer->limit)
	{
		answer->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}

	if (answer->capacity - answer->end < length)
	{
		if (answer->start > 0)
		{
			memmove(answer->buffer, answer->buffer + answer->start, unread);
			answer->start = 0;
			answer->end = unread;
		}
		if (answer->capacity - answer->end < length)
		{
			size_t		capacity = Max(answer->capacity * 2, unread + length);
			char	   *buffer = realloc(answer->buffer, capacity);

			if (buffer == NULL)
			{
				answer->out_of_memory = true;
				return 0;
			}
			answer->buffer = buffer;
			answer->capacity = capacity;
		}
	}
	memcpy(answer->buffer + answer->end, data, length);
	answer->end += length;
	answer->statistics->decoded_bytes += length;
	return length;
}

/*
 * Store a copy of a header's value if the line is that header.
 */
static bool
keep_header(const char *line, size_t length, const char *name, char **value)
{
	size_t		name_length = strlen(name);
	char	   *copy;

	if (length <= name_length || pg_strncasecmp(line, name, name_length) != 0)
		return true;
	line += name_length;
	length -= name_length;
	while (length > 0 && (*line == ' ' || *line == '\t'))
		line++, length--;
	while (length > 0 && isspace((unsigned char) line[length - 1]))
		length--;
	copy = strndup(line, length);
	if (copy == NULL)
		return false;
	free(*value);
	*value = copy;
	return true;
}

/*
 * Is the answer packed in one of the ways that we asked for, and once?  libcurl
 * would unpack whatever it knows, several layers deep.
 */
static bool
is_known_encoding(const char *encoding)
{
	static const char *const known[] = {"gzip", "x-gzip", "deflate", "identity"};

	for (int i = 0; i < lengthof(known); i++)
	{
		if (pg_strcasecmp(encoding, known[i]) == 0)
			return true;
	}
	return false;
}

/*
 * Look at one header line; the empty one ends the headers of an answer, of
 * which there may be several (1xx).  libcurl keeps all headers, those behind
 * a chunked body too.
 */
static size_t
header_callback(char *data, size_t size, size_t count, void *arg)
{
	HttpAnswer *answer = arg;
	size_t		length = size * count;
	char	   *encoding = NULL;

	answer->header_bytes += length;
	if (answer->header_bytes > MAX_HEADERS)
	{
		answer->too_many_headers = true;
		return 0;
	}
	if (length <= 2 && (data[0] == '\r' || data[0] == '\n'))
	{
		long		status = 0;

		curl_easy_getinfo(answer->easy, CURLINFO_RESPONSE_CODE, &status);
		if (status >= 200)
		{
			answer->status = (int) status;
			answer->headers_done = true;
		}
	}
	else if (!keep_header(data, length, "location:", &answer->location) ||
			 !keep_header(data, length, "retry-after:", &answer->retry_after) ||
			 !keep_header(data, length, "content-encoding:", &encoding))
	{
		answer->out_of_memory = true;
		return 0;
	}
	if (encoding && answer->options->compression)
	{
		if (answer->content_encoding || !is_known_encoding(encoding))
			answer->bad_encoding = true;
		free(answer->content_encoding);
		answer->content_encoding = encoding;
		return answer->bad_encoding ? 0 : length;
	}
	free(encoding);
	return length;
}

/*
 * Called by libcurl after each step, the last one included, while it still
 * says which connection it uses.
 */
static int
progress_callback(void *arg, curl_off_t download_total, curl_off_t downloaded,
				  curl_off_t upload_total, curl_off_t uploaded)
{
	HttpAnswer *answer = arg;

	answer->tls_unread = connection_tls_unread(answer->easy);
	return 0;
}

/* ---- life of a transfer ---- */

/*
 * End the transfer, whatever its state; the answer itself stays.  The
 * connection is kept if the transfer had come to its end.
 */
static void
end_transfer(HttpAnswer *answer)
{
	if (answer->easy)
		connection_stop(answer->connection, answer->easy);
	answer->easy = NULL;
	if (answer->connection)
		connection_release(answer->connection, http_at_end(answer) && !answer->tls_unread);
	answer->connection = NULL;
	curl_slist_free_all(answer->headers);
	answer->headers = NULL;
}

/*
 * Reset callback of the answer's memory context.
 */
static void
release_answer(void *arg)
{
	HttpAnswer *answer = arg;

	end_transfer(answer);
	free(answer->buffer);
	free(answer->location);
	free(answer->retry_after);
	free(answer->content_encoding);
}

static void
check_setopt(CURLcode code, const char *option)
{
	if (code != CURLE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("could not set libcurl's option %s: %s",
						option, curl_easy_strerror(code))));
}

/* curl_easy_setopt is a type-checking macro: keep it one, and checked */
#define SETOPT(easy, option, value) \
	check_setopt(curl_easy_setopt(easy, option, value), #option)

static void
set_file_option(CURL *easy, CURLoption option, const char *name, const char *value)
{
	if (value)
		check_setopt(curl_easy_setopt(easy, option, value), name);
}

/*
 * Note the end of the transfer and count what has arrived.
 */
static void
look_at_progress(HttpAnswer *answer)
{
	curl_off_t	received = 0;

	curl_easy_getinfo(answer->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
	answer->statistics->wire_bytes += (uint64) received - answer->wire_bytes;
	answer->wire_bytes = (uint64) received;
	if (connection_done(answer->connection, &answer->result))
		answer->done = true;
}

/*
 * Count an answer whose headers have come.
 */
static void
count_answer(HttpAnswer *answer)
{
	curl_off_t	first_byte = 0;
	long		connects = 0;

	curl_easy_getinfo(answer->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte);
	curl_easy_getinfo(answer->easy, CURLINFO_NUM_CONNECTS, &connects);
	answer->statistics->answers++;
	answer->statistics->first_byte_time += (uint64) first_byte;
	answer->statistics->connections += (uint64) connects;
}

/*
 * Start a transfer to answer->url.
 */
static void
start_transfer(HttpAnswer *answer)
{
	const HttpOptions *options = answer->options;
	CURL	   *easy;
	char	   *header;

	answer->start = answer->end = 0;
	answer->limit = HIGH_WATER;
	answer->wire_bytes = 0;
	answer->status = 0;
	answer->headers_done = answer->paused = answer->done = false;
	answer->message[0] = '\0';
	free(answer->location);
	free(answer->retry_after);
	free(answer->content_encoding);
	answer->location = answer->retry_after = answer->content_encoding = NULL;
	answer->header_bytes = 0;
	answer->tls_unread = false;
	answer->quiet_since = clock_ms();

	answer->connection = connection_acquire(options->serverid, options->userid,
											options->generation,
											options->keep_connections, answer->url);
	answer->easy = easy = curl_easy_init();
	header = psprintf("Content-Type: %s", answer->content_type);
	answer->headers = curl_slist_append(NULL, header);
	if (easy == NULL || answer->headers == NULL ||
	/* wait for no "100 Continue" */
		curl_slist_append(answer->headers, "Expect:") == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	pfree(header);

	SETOPT(easy, CURLOPT_ERRORBUFFER, answer->message);
	SETOPT(easy, CURLOPT_NOSIGNAL, 1L);
	COMPAT_CURL_QUICK_EXIT(easy);
	SETOPT(easy, CURLOPT_URL, answer->url);
	SETOPT(easy, COMPAT_CURLOPT_PROTOCOLS, COMPAT_CURL_HTTP_AND_HTTPS);
	SETOPT(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
	SETOPT(easy, CURLOPT_FOLLOWLOCATION, 0L);	/* see follow_redirect() */
	SETOPT(easy, CURLOPT_HTTPHEADER, answer->headers);
	SETOPT(easy, CURLOPT_POSTFIELDS, answer->body);
	SETOPT(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) answer->body_length);
	SETOPT(easy, CURLOPT_USERAGENT, options->user_agent);
	/* not all that libcurl knows: others pack without such a bound */
	if (options->compression)
		SETOPT(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");

	/* the environment's proxy settings are not ours: "" turns them off */
	SETOPT(easy, CURLOPT_PROXY, options->proxy ? options->proxy : "");
	SETOPT(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SETOPT(easy, CURLOPT_SSL_VERIFYPEER, options->ssl_verify ? 1L : 0L);
	SETOPT(easy, CURLOPT_SSL_VERIFYHOST, options->ssl_verify ? 2L : 0L);
	set_file_option(easy, CURLOPT_CAINFO, "CURLOPT_CAINFO", options->ssl_ca_file);
	set_file_option(easy, CURLOPT_SSLCERT, "CURLOPT_SSLCERT", options->ssl_cert_file);
	set_file_option(easy, CURLOPT_SSLKEY, "CURLOPT_SSLKEY", options->ssl_key_file);
	/* or OpenSSL would ask the terminal for the passphrase of a key that has one */
	SETOPT(easy, CURLOPT_KEYPASSWD, "");

	/* what is kept, or left unread by a cursor, must not go stale unseen */
	SETOPT(easy, CURLOPT_TCP_KEEPALIVE, 1L);

	/* silence is watched in wait_ends(), only while we wait */
	SETOPT(easy, CURLOPT_CONNECTTIMEOUT_MS,
		   (long) Max(1.0, options->connect_timeout * 1000.0));
	SETOPT(easy, CURLOPT_BUFFERSIZE,
		   (long) (options->compression ? RECEIVE_SIZE_PACKED : RECEIVE_SIZE));
	SETOPT(easy, CURLOPT_WRITEFUNCTION, write_callback);
	SETOPT(easy, CURLOPT_WRITEDATA, answer);
	SETOPT(easy, CURLOPT_HEADERFUNCTION, header_callback);
	SETOPT(easy, CURLOPT_HEADERDATA, answer);
	SETOPT(easy, CURLOPT_XFERINFOFUNCTION, progress_callback);
	SETOPT(easy, CURLOPT_XFERINFODATA, answer);
	SETOPT(easy, CURLOPT_NOPROGRESS, 0L);

	answer->statistics->requests++;
	if (!connection_start(answer->connection, easy))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("could not start a request with libcurl")));
	look_at_progress(answer);
}

/*
 * Raise what libcurl said of a transfer that failed.
 */
static void
raise_transfer_error(HttpAnswer *answer)
{
	char	   *url = http_url_display(answer->url);
	const char *reason = answer->message[0] ? answer->message :
		curl_easy_strerror(answer->result);

	if (answer->out_of_memory)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (answer->too_many_headers)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("the headers of the answer of \"%s\" are larger than %d kB",
						url, MAX_HEADERS / 1024)));
	if (answer->bad_encoding)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("the answer of \"%s\" is packed in a way that was not asked for", url),
				 errdetail("It may be packed once, with gzip or deflate."),
				 errhint("The server option \"compression\" turns compressed answers off.")));
	if (connection_epoll_failed(answer->connection))
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not wait for a socket with epoll")));

	switch (answer->result)
	{
		case CURLE_OPERATION_TIMEDOUT:
			ereport(ERROR,
					(errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
					 errmsg("could not connect to \"%s\" in time", url),
					 errdetail_internal("%s", reason),
					 errhint("The server option \"connect_timeout\" sets how long connecting may take.")));
			break;
		case CURLE_COULDNT_RESOLVE_HOST:
		case CURLE_COULDNT_RESOLVE_PROXY:
		case CURLE_COULDNT_CONNECT:
			ereport(ERROR,
					(errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
					 errmsg("could not connect to \"%s\"", url),
					 errdetail_internal("%s", reason)));
			break;
		case CURLE_PEER_FAILED_VERIFICATION:
			ereport(ERROR,
					(errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
					 errmsg("could not verify the certificate of \"%s\"", url),
					 errdetail_internal("%s", reason),
					 errhint("The server option \"ssl_ca_file\" names a file of certificates to trust.")));
			break;
		case CURLE_SSL_CONNECT_ERROR:
		case CURLE_SSL_CERTPROBLEM:
		case CURLE_SSL_CIPHER:
		case CURLE_SSL_CACERT_BADFILE:
		case CURLE_SSL_ISSUER_ERROR:
		case CURLE_BAD_FUNCTION_ARGUMENT:	/* our key, since 8.16 */
			ereport(ERROR,
					(errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
					 errmsg("could not establish TLS with \"%s\"", url),
					 errdetail_internal("%s", reason)));
			break;
		case CURLE_BAD_CONTENT_ENCODING:
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("could not decompress the answer of \"%s\"", url),
					 errdetail_internal("%s", reason),
					 errhint("The server option \"compression\" turns compressed answers off.")));
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_CONNECTION_FAILURE),
					 errmsg("the connection to \"%s\" broke off", url),
					 errdetail_internal("%s", reason),
					 http_was_left_waiting(answer) ? errhint("%s", HTTP_HINT_LEFT_WAITING) : 0));
	}
}

/*
 * Has the connection been made?
 */
static bool
is_connected(const HttpAnswer *answer)
{
	curl_off_t	connected = 0;

	curl_easy_getinfo(answer->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
	return connected != 0;
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
	if (!is_connected(answer))
		return compat_wait_event(&connect_event, "BiconnectorConnect");
	if (!answer->headers_done)
		return compat_wait_event(&answer_event, "BiconnectorAnswer");
	return compat_wait_event(&receive_event, "BiconnectorReceive");
}

/*
 * Let libcurl do what it can do at once.  True if there was something.
 */
static bool
go_on(HttpAnswer *answer)
{
	bool		active = connection_dispatch(answer->connection);

	look_at_progress(answer);
	if (active)
		answer->quiet_since = clock_ms();
	return active;
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
	if (!is_connected(answer))
		answer->quiet_since = now;
	silence_ends = answer->quiet_since + (int64) (answer->options->read_timeout * 1000.0);
	if (now >= silence_ends)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("\"%s\" sent nothing for %g seconds",
						http_url_display(answer->url),
						answer->options->read_timeout),
				 errhint("The server option \"read_timeout\" sets how long silence may last.")));
	return silence_ends;
}

/*
 * Wait until libcurl has something to do, and let it do it.
 */
static void
wait_for_curl(HttpAnswer *answer)
{
	CHECK_FOR_INTERRUPTS();

	if (connection_wait(answer->connection, wait_ends(answer), wait_event(answer)))
		answer->quiet_since = clock_ms();
	look_at_progress(answer);
}

/*
 * If the server asked us to come again, note when.  False if the answer stands.
 */
static bool
plan_repeat(HttpAnswer *answer)
{
	double		delay = 1 << answer->repeats;

	if ((answer->status != 429 && answer->status != 503) || answer->repeats >= MAX_REPEATS)
		return false;
	if (answer->retry_after)
	{
		char	   *rest;
		long		seconds = strtol(answer->retry_after, &rest, 10);

		if (rest != answer->retry_after && *rest == '\0')
			delay = seconds;
		else
		{
			time_t		date = curl_getdate(answer->retry_after, NULL);

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
 * Where a redirect leads, as a palloc'd string.  Credentials are in the body,
 * so that a redirect to another origin would hand them to somebody else: it is
 * an error.
 */
static char *
follow_redirect(HttpAnswer *answer)
{
	char	   *target = http_url_redirect(answer->url, answer->location);

	if (target == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("\"%s\" redirects to another origin",
						http_url_display(answer->url)),
				 errdetail("Settings are sent only to the scheme, host and port of the configured URL."),
				 errhint("If the connector has moved, change the server's URL options.")));
	return target;
}

/*
 * Does the answer ask to send the request elsewhere?  303 asks for a GET,
 * which no connector answers.
 */
static bool
is_redirect(const HttpAnswer *answer)
{
	return answer->location != NULL &&
		(answer->status == 301 || answer->status == 302 ||
		 answer->status == 307 || answer->status == 308);
}

/*
 * Has a connection that was kept turned out to be of no use, before anything
 * of the answer came?  The server may have closed it just now, or what came
 * was left over from the answer before: a line feed behind the body, most
 * often, which with TLS may have been read already where connection_acquire
 * cannot see it.  Then the request may be sent again, because it only reads.
 * libcurl does that by itself in most cases, but not while it is still
 * sending, nor when a server of HTTP/2 takes leave.
 */
static bool
lost_kept_connection(const HttpAnswer *answer)
{
	long		connects = 0;

	curl_easy_getinfo(answer->easy, CURLINFO_NUM_CONNECTS, &connects);
	return connects == 0 && connection_was_kept(answer->connection) &&
		(answer->header_bytes == 0 || answer->result == CURLE_UNSUPPORTED_PROTOCOL ||
		 answer->result == CURLE_WEIRD_SERVER_REPLY);
}

/*
 * The headers of an answer have come, or the transfer has failed.  True if that
 * is the answer, false if the request has been, or will be, sent again.
 */
static bool
accept_answer(HttpAnswer *answer)
{
	if (!answer->headers_done)
	{
		if (!lost_kept_connection(answer))
			raise_transfer_error(answer);
		end_transfer(answer);
		start_transfer(answer);
		return false;
	}
	count_answer(answer);

	if (is_redirect(answer))
	{
		if (answer->redirects++ >= MAX_REDIRECTS)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
					 errmsg("\"%s\" redirects too often",
							http_url_display(answer->first_url))));
		answer->url = follow_redirect(answer);
		end_transfer(answer);
		start_transfer(answer);
		return false;
	}
	return !plan_repeat(answer);
}

/* ---- what others call ---- */

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
	answer->first_url = answer->url = pstrdup(url);
	answer->content_type = content_type;
	answer->body = body;
	answer->body_length = body_length;
	answer->options = options;
	answer->statistics = statistics;
	answer->release.func = release_answer;
	answer->release.arg = answer;
	MemoryContextRegisterResetCallback(context, &answer->release);

	answer->capacity = HIGH_WATER + RECEIVE_SIZE;
	answer->buffer = malloc(answer->capacity);
	if (answer->buffer == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	start_transfer(answer);
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
 * no answer, or none for too long.
 */
bool
http_answered(HttpAnswer *answer)
{
	MemoryContext caller = MemoryContextSwitchTo(answer->context);

	while (!answer->answered)
	{
		if (answer->repeat_at != 0)
		{
			if (clock_ms() < answer->repeat_at)
				break;
			answer->repeat_at = 0;
			end_transfer(answer);
			start_transfer(answer);
		}
		if (answer->headers_done || answer->done)
		{
			answer->answered = accept_answer(answer);
			answer->last_pull = clock_ms();
		}
		else if (!go_on(answer) && !answer->done)
		{
			(void) wait_ends(answer);
			break;
		}
	}
	MemoryContextSwitchTo(caller);
	return answer->answered;
}

/*
 * Wait until a request is answered.  Raises the same errors, and query cancel.
 */
void
http_wait_answered(HttpAnswer *answer)
{
	while (!http_answered(answer))
		wait_for_curl(answer);
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

	return connection_descriptor(answer->connection, until);
}

/*
 * Wait until there is something to do for one of these answers, a list of
 * HttpAnswer *, which the caller then has to find.  Raises the same errors,
 * and query cancel.
 */
void
http_wait_any(List *answers)
{
	static uint32 event = 0;
	WaitEventSet *set = compat_create_wait_event_set(list_length(answers) + 2);
	WaitEvent	occurred;
	ListCell   *lc;

	PG_TRY();
	{
		AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
		AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
		foreach(lc, answers)
			AddWaitEventToSet(set, WL_SOCKET_READABLE, http_descriptor(lfirst(lc)), NULL, NULL);
		if (WaitEventSetWait(set, -1, &occurred, 1,
							 compat_wait_event(&event, "BiconnectorAnswer")) > 0 &&
			(occurred.events & WL_LATCH_SET))
			ResetLatch(MyLatch);
	}
	PG_FINALLY();
	{
		FreeWaitEventSet(set);
	}
	PG_END_TRY();
	CHECK_FOR_INTERRUPTS();
}

/*
 * The HTTP status of the answer.
 */
int
http_status(const HttpAnswer *answer)
{
	return answer->status;
}

/*
 * The bytes that have arrived and are not consumed.  They may be written to,
 * and stay where they are until http_more or http_close.
 */
char *
http_data(const HttpAnswer *answer, size_t *length)
{
	*length = answer->end - answer->start;
	return answer->buffer + answer->start;
}

/*
 * Drop bytes from the front of the buffer.
 */
void
http_consume(HttpAnswer *answer, size_t length)
{
	Assert(length <= answer->end - answer->start);
	answer->start += length;
}

/*
 * Take in what has come.  True if the buffer holds at least this many bytes, or
 * the answer has ended properly.  Raises an error if the connection has broken
 * off or is silent for too long.
 */
bool
http_available(HttpAnswer *answer, size_t wanted)
{
	if (!answer->wanting)
	{
		answer->wanting = true;
		answer->quiet_since = clock_ms();
		answer->longest_rest = Max(answer->longest_rest,
								   answer->quiet_since - answer->last_pull);
	}
	answer->limit = Max(wanted, HIGH_WATER);
	while (answer->end - answer->start < wanted && !answer->done)
	{
		CHECK_FOR_INTERRUPTS();
		if (answer->paused)
		{
			answer->paused = false;
			connection_unpause(answer->connection, answer->easy);
			look_at_progress(answer);
		}
		else if (!go_on(answer) && !answer->done)
		{
			(void) wait_ends(answer);
			return false;
		}
	}
	if (answer->done && answer->result != CURLE_OK &&
		answer->end - answer->start < wanted)
		raise_transfer_error(answer);
	answer->wanting = false;
	answer->last_pull = clock_ms();
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
	size_t		before = answer->end - answer->start;

	while (!http_available(answer, wanted))
		wait_for_curl(answer);
	return answer->end - answer->start > before;
}

/*
 * Has the answer ended properly, so that the buffer holds all that is left?
 */
bool
http_at_end(const HttpAnswer *answer)
{
	return answer->done && answer->result == CURLE_OK;
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
	uint64		first = answer->statistics->wire_bytes;
	uint64		before;

	/*
	 * What is left is little, most often: the end of the document.  Packed
	 * bytes count as well as unpacked ones, because they may hold nothing.
	 */
	answer->start = answer->end;
	answer->limit = MAX_LEFT_OVER;
	if (answer->paused)
	{
		answer->paused = false;
		connection_unpause(answer->connection, answer->easy);
	}
	do
	{
		before = answer->statistics->wire_bytes;
		(void) connection_dispatch(answer->connection);
		look_at_progress(answer);
	} while (!answer->done && !answer->paused && answer->statistics->wire_bytes > before &&
			 answer->statistics->wire_bytes - first < MAX_LEFT_OVER);
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
		{CURL_VERSION_LIBZ, "libz"},
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
