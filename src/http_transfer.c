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


/* Room in the buffer to begin with; most answers need no more */
#define SMALL_SIZE			(32 * 1024)

/* For how many unpacked bytes room is made at once */
#define UNPACK_SIZE			(32 * 1024)

/* Bytes of all headers of an answer, with those behind its body, at most */
#define MAX_HEADERS			(256 * 1024)

/* ---- callbacks: run by libcurl, must not raise ---- */

/*
 * Make room in the buffer for so many bytes more.
 */
static bool
reserve(HttpTransfer *transfer, size_t length)
{
	size_t		unread = transfer_unread(transfer);
	size_t		capacity;
	char	   *buffer;

	if (transfer->capacity - transfer->end >= length)
		return true;
	memmove(transfer->buffer, transfer->buffer + transfer->start, unread);
	transfer->start = 0;
	transfer->end = unread;
	if (transfer->capacity - transfer->end >= length)
		return true;

	capacity = Max(transfer->capacity * 2, unread + length);
	buffer = realloc(transfer->buffer, capacity + HTTP_PADDING);
	if (buffer == NULL)
	{
		transfer->out_of_memory = true;
		return false;
	}
	transfer->buffer = buffer;
	transfer->capacity = capacity;
	return true;
}

/*
 * So many bytes have been put into the buffer.
 */
static void
note_received(HttpTransfer *transfer, size_t length)
{
	transfer->end += length;
	memset(transfer->buffer + transfer->end, 0, HTTP_PADDING);
	transfer->statistics->decoded_bytes += length;
}

/*
 * Unpack bytes into the buffer, until it holds as many as it should; how many
 * that took is stored in *length.
 */
static bool
unpack(HttpTransfer *transfer, const char *data, size_t *length)
{
	const size_t size = *length;
	size_t		unpacked;

	*length = 0;
	do
	{
		size_t		used = size - *length;

		if (!reserve(transfer, UNPACK_SIZE))
			return false;
		unpacked = UNPACK_SIZE;
		transfer->unpack_error = unpack_some(&transfer->unpacker, data + *length, &used,
											 transfer->buffer + transfer->end, &unpacked);
		note_received(transfer, unpacked);
		*length += used;
		if (transfer->unpack_error)
			return false;
		transfer->unpack_full = unpacked == UNPACK_SIZE;
	} while ((*length < size || transfer->unpack_full) &&
			 transfer_unread(transfer) < transfer->limit);
	return true;
}

/*
 * Keep bytes that are to be unpacked later.
 */
static bool
keep_packed(HttpTransfer *transfer, const char *data, size_t length)
{
	if (length > transfer->packed_capacity)
	{
		char	   *packed = realloc(transfer->packed, length);

		if (packed == NULL)
		{
			transfer->out_of_memory = true;
			return false;
		}
		transfer->packed = packed;
		transfer->packed_capacity = length;
	}
	memcpy(transfer->packed, data, length);
	transfer->packed_start = 0;
	transfer->packed_end = length;
	return true;
}

/*
 * Take body bytes, or pause the transfer.
 */
static size_t
write_callback(char *data, size_t size, size_t count, void *arg)
{
	HttpTransfer *transfer = arg;
	size_t		length = size * count;

	if (transfer_unread(transfer) >= transfer->limit || transfer_has_packed(transfer))
	{
		transfer->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (transfer->is_packed)
	{
		size_t		used = length;

		if (!unpack(transfer, data, &used) ||
			(used < length && !keep_packed(transfer, data + used, length - used)))
			return 0;
		return length;
	}
	if (!reserve(transfer, length))
		return 0;
	memcpy(transfer->buffer + transfer->end, data, length);
	note_received(transfer, length);
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
 * Note how the answer is packed: once, in one of the ways that we asked for.
 */
static bool
note_encoding(HttpTransfer *transfer, const char *encoding)
{
	static const struct
	{
		const char *name;
		bool		is_packed;
		UnpackCoding coding;
	}			known[] = {
		{"gzip", true, UNPACK_GZIP},
		{"x-gzip", true, UNPACK_GZIP},
		{"deflate", true, UNPACK_DEFLATE},
		{"identity", false, 0},
	};

	for (int i = 0; i < lengthof(known) && !transfer->has_encoding; i++)
	{
		if (pg_strcasecmp(encoding, known[i].name) == 0)
		{
			transfer->has_encoding = true;
			transfer->is_packed = known[i].is_packed;
			unpack_free(&transfer->unpacker);
			unpack_init(&transfer->unpacker, known[i].coding);
			return true;
		}
	}
	transfer->bad_encoding = true;
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
	if (encoding && transfer->options->compression && !note_encoding(transfer, encoding))
		length = 0;
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
	transfer->capacity = SMALL_SIZE;
	transfer->buffer = malloc(transfer->capacity + HTTP_PADDING);
	if (transfer->buffer == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	memset(transfer->buffer, 0, HTTP_PADDING);
}

/*
 * Has the answer ended properly, so that the buffer holds all that is left?
 */
bool
transfer_at_end(const HttpTransfer *transfer)
{
	return transfer_has_all(transfer) && transfer->result == CURLE_OK;
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
	free(transfer->packed);
	unpack_free(&transfer->unpacker);
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
 * The transfer has failed because of what was packed.
 */
static void
fail_to_unpack(HttpTransfer *transfer)
{
	transfer->packed_start = transfer->packed_end;
	transfer->unpack_full = false;
	transfer->done = true;
	transfer->result = CURLE_BAD_CONTENT_ENCODING;
}

/*
 * If all is unpacked that has come, and nothing more will: was that all of it?
 */
static void
check_packed_end(HttpTransfer *transfer)
{
	if (transfer->is_packed && transfer_at_end(transfer) &&
		!unpack_may_end(&transfer->unpacker))
	{
		transfer->unpack_error = "it ends too early";
		fail_to_unpack(transfer);
	}
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
	check_packed_end(transfer);
}

/*
 * Let a transfer go on that has paused, or unpack what has been left packed.
 */
void
transfer_resume(HttpTransfer *transfer)
{
	if (transfer_has_packed(transfer))
	{
		size_t		used = transfer->packed_end - transfer->packed_start;

		if (!unpack(transfer, transfer->packed + transfer->packed_start, &used))
			fail_to_unpack(transfer);
		transfer->packed_start += used;
		check_packed_end(transfer);
		return;
	}
	transfer->paused = false;
	connection_unpause(transfer->connection, transfer->easy);
	transfer_look(transfer);
}

/*
 * What is still to come is not wanted: it is taken as it is.
 */
void
transfer_discard(HttpTransfer *transfer)
{
	transfer->start = transfer->end;
	transfer->packed_start = transfer->packed_end;
	transfer->unpack_full = false;
	transfer->is_packed = false;
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
	transfer->location = transfer->retry_after = NULL;
	transfer->has_encoding = transfer->is_packed = transfer->unpack_full = false;
	transfer->packed_start = transfer->packed_end = 0;
	transfer->unpack_error = NULL;
	transfer->header_bytes = 0;
	transfer->tls_unread = false;

	transfer->connection = connection_acquire(options->serverid, options->networkid,
											options->userid,
											options->has_effects ? 0 : options->generation,
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
	/* unpacking is our part: see unpack.h */
	if (options->compression)
	{
		SETOPT(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
		SETOPT(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	}

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
	SETOPT(easy, CURLOPT_BUFFERSIZE, (long) RECEIVE_SIZE);
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
 * A URL of the request as messages may show it; palloc'd or the caller's.
 */
const char *
transfer_shown_url(const HttpTransfer *transfer, const char *url)
{
	return transfer->options->shown_url ? transfer->options->shown_url : http_url_display(url);
}

/*
 * Raise what libcurl said of a transfer that failed.  The hint, or NULL, is for one
 * that broke off.
 */
void
transfer_raise(HttpTransfer *transfer, const char *hint)
{
	const char *url = transfer_shown_url(transfer, transfer->url);
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
	if (transfer->unpack_error)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("could not decompress the answer of \"%s\"", url),
				 errdetail("What was unpacked cannot be all: %s.", transfer->unpack_error),
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

