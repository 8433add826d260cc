/*-------------------------------------------------------------------------
 *
 * http_transfer.c
 *	  One POST over one connection, as libcurl sees it.
 *
 * libcurl's callbacks run on libcurl's stack, over which no error may jump.
 * They use malloc, count short and set flags; errors are raised by the
 * functions that called into libcurl.  What lives outside of memory contexts
 * (handle, connection, buffer) is the transfer's, and goes with
 * transfer_free, which raises nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "http_transfer.h"

/*
 * What libcurl reads at once.  It unpacks all of that before it heeds a pause,
 * and keeps it, copying the rest each time we go on.  The methods we accept
 * pack up to a thousand bytes into one: hence so little for packed answers.
 */
#define RECEIVE_SIZE		(128 * 1024)
#define RECEIVE_SIZE_PACKED	(8 * 1024)

/* Bytes of all headers of an answer, with those behind its body, at most */
#define MAX_HEADERS			(256 * 1024)

/* ---- callbacks: run by libcurl, must not raise ---- */

/*
 * Take body bytes into the buffer, or pause the transfer.
 */
static size_t
write_callback(char *data, size_t size, size_t count, void *arg)
{
	HttpTransfer *transfer = arg;
	size_t		length = size * count;
	size_t		unread = transfer_unread(transfer);

	if (unread >= transfer->limit)
	{
		transfer->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}

	if (transfer->capacity - transfer->end < length)
	{
		if (transfer->start > 0)
		{
			memmove(transfer->buffer, transfer->buffer + transfer->start, unread);
			transfer->start = 0;
			transfer->end = unread;
		}
		if (transfer->capacity - transfer->end < length)
		{
			size_t		capacity = Max(transfer->capacity * 2, unread + length);
			char	   *buffer = realloc(transfer->buffer, capacity);

			if (buffer == NULL)
			{
				transfer->out_of_memory = true;
				return 0;
			}
			transfer->buffer = buffer;
			transfer->capacity = capacity;
		}
	}
	memcpy(transfer->buffer + transfer->end, data, length);
	transfer->end += length;
	transfer->statistics->decoded_bytes += length;
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
	HttpTransfer *transfer = arg;
	size_t		length = size * count;
	char	   *encoding = NULL;

	transfer->header_bytes += length;
	if (transfer->header_bytes > MAX_HEADERS)
	{
		transfer->too_many_headers = true;
		return 0;
	}
	if (length <= 2 && (data[0] == '\r' || data[0] == '\n'))
	{
		long		status = 0;

		curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
		if (status >= 200)
		{
			transfer->status = (int) status;
			transfer->headers_done = true;
		}
	}
	else if (!keep_header(data, length, "location:", &transfer->location) ||
			 !keep_header(data, length, "retry-after:", &transfer->retry_after) ||
			 !keep_header(data, length, "content-encoding:", &encoding))
	{
		transfer->out_of_memory = true;
		return 0;
	}
	if (encoding && transfer->options->compression)
	{
		if (transfer->content_encoding || !is_known_encoding(encoding))
			transfer->bad_encoding = true;
		free(transfer->content_encoding);
		transfer->content_encoding = encoding;
		return transfer->bad_encoding ? 0 : length;
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
	HttpTransfer *transfer = arg;

	transfer->tls_unread = connection_tls_unread(transfer->easy);
	return 0;
}

/* ---- life of a transfer ---- */

/*
 * Prepare a transfer, which is zeros; what to send is set by the caller.  It
 * gets its buffer, and has to be given to transfer_free.
 */
void
transfer_init(HttpTransfer *transfer)
{
	transfer->capacity = HIGH_WATER + RECEIVE_SIZE;
	transfer->buffer = malloc(transfer->capacity);
	if (transfer->buffer == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

/*
 * Has the answer ended properly, so that the buffer holds all that is left?
 */
bool
transfer_at_end(const HttpTransfer *transfer)
{
	return transfer->done && transfer->result == CURLE_OK;
}

/*
 * End the transfer, whatever its state; the answer itself stays.  The
 * connection is kept if the transfer had come to its end.
 */
void
transfer_end(HttpTransfer *transfer)
{
	if (transfer->easy)
		connection_stop(transfer->connection, transfer->easy);
	transfer->easy = NULL;
	if (transfer->connection)
		connection_release(transfer->connection, transfer_at_end(transfer) && !transfer->tls_unread);
	transfer->connection = NULL;
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
}

/*
 * Release all that the transfer has outside of memory contexts.
 */
void
transfer_free(HttpTransfer *transfer)
{
	transfer_end(transfer);
	free(transfer->buffer);
	free(transfer->location);
	free(transfer->retry_after);
	free(transfer->content_encoding);
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
void
transfer_look(HttpTransfer *transfer)
{
	curl_off_t	received = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
	transfer->statistics->wire_bytes += (uint64) received - transfer->wire_bytes;
	transfer->wire_bytes = (uint64) received;
	if (connection_done(transfer->connection, &transfer->result))
		transfer->done = true;
}

/*
 * Let a transfer go on that has paused.
 */
void
transfer_unpause(HttpTransfer *transfer)
{
	transfer->paused = false;
	connection_unpause(transfer->connection, transfer->easy);
	transfer_look(transfer);
}

/*
 * Count an answer whose headers have come.
 */
void
transfer_count(HttpTransfer *transfer)
{
	curl_off_t	first_byte = 0;
	long		connects = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte);
	curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connects);
	transfer->statistics->answers++;
	transfer->statistics->first_byte_time += (uint64) first_byte;
	transfer->statistics->connections += (uint64) connects;
}

/*
 * Start a transfer to transfer->url.
 */
void
transfer_start(HttpTransfer *transfer)
{
	const HttpOptions *options = transfer->options;
	CURL	   *easy;
	char	   *header;

	transfer->start = transfer->end = 0;
	transfer->limit = HIGH_WATER;
	transfer->wire_bytes = 0;
	transfer->status = 0;
	transfer->headers_done = transfer->paused = transfer->done = false;
	transfer->message[0] = '\0';
	free(transfer->location);
	free(transfer->retry_after);
	free(transfer->content_encoding);
	transfer->location = transfer->retry_after = transfer->content_encoding = NULL;
	transfer->header_bytes = 0;
	transfer->tls_unread = false;

	transfer->connection = connection_acquire(options->serverid, options->userid,
											options->generation,
											options->keep_connections, transfer->url);
	transfer->easy = easy = curl_easy_init();
	header = psprintf("Content-Type: %s", transfer->content_type);
	transfer->headers = curl_slist_append(NULL, header);
	if (easy == NULL || transfer->headers == NULL ||
	/* wait for no "100 Continue" */
		curl_slist_append(transfer->headers, "Expect:") == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	pfree(header);

	SETOPT(easy, CURLOPT_ERRORBUFFER, transfer->message);
	SETOPT(easy, CURLOPT_NOSIGNAL, 1L);
	COMPAT_CURL_QUICK_EXIT(easy);
	SETOPT(easy, CURLOPT_URL, transfer->url);
	SETOPT(easy, COMPAT_CURLOPT_PROTOCOLS, COMPAT_CURL_HTTP_AND_HTTPS);
	SETOPT(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
	SETOPT(easy, CURLOPT_FOLLOWLOCATION, 0L);	/* http.c does that */
	SETOPT(easy, CURLOPT_HTTPHEADER, transfer->headers);
	SETOPT(easy, CURLOPT_POSTFIELDS, transfer->body);
	SETOPT(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) transfer->body_length);
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
	SETOPT(easy, CURLOPT_WRITEDATA, transfer);
	SETOPT(easy, CURLOPT_HEADERFUNCTION, header_callback);
	SETOPT(easy, CURLOPT_HEADERDATA, transfer);
	SETOPT(easy, CURLOPT_XFERINFOFUNCTION, progress_callback);
	SETOPT(easy, CURLOPT_XFERINFODATA, transfer);
	SETOPT(easy, CURLOPT_NOPROGRESS, 0L);

	transfer->statistics->requests++;
	if (!connection_start(transfer->connection, easy))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("could not start a request with libcurl")));
	transfer_look(transfer);
}

/*
 * Raise what libcurl said of a transfer that failed.  The hint, or NULL, is for one
 * that broke off.
 */
void
transfer_raise(HttpTransfer *transfer, const char *hint)
{
	char	   *url = http_url_display(transfer->url);
	const char *reason = transfer->message[0] ? transfer->message :
		curl_easy_strerror(transfer->result);

	if (transfer->out_of_memory)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (transfer->too_many_headers)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("the headers of the answer of \"%s\" are larger than %d kB",
						url, MAX_HEADERS / 1024)));
	if (transfer->bad_encoding)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("the answer of \"%s\" is packed in a way that was not asked for", url),
				 errdetail("It may be packed once, with gzip or deflate."),
				 errhint("The server option \"compression\" turns compressed answers off.")));
	if (connection_epoll_failed(transfer->connection))
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not wait for a socket with epoll")));

	switch (transfer->result)
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
					 hint ? errhint("%s", hint) : 0));
	}
}

/*
 * Has the connection been made?
 */
bool
transfer_is_connected(const HttpTransfer *transfer)
{
	curl_off_t	connected = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
	return connected != 0;
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
bool
transfer_lost_kept_connection(const HttpTransfer *transfer)
{
	long		connects = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connects);
	return connects == 0 && connection_was_kept(transfer->connection) &&
		(transfer->header_bytes == 0 || transfer->result == CURLE_UNSUPPORTED_PROTOCOL ||
		 transfer->result == CURLE_WEIRD_SERVER_REPLY);
}

