/*-------------------------------------------------------------------------
 *
 * http_transfer.h
 *	  One POST over one connection, as libcurl sees it.
 *
 * What http.c is made of; nobody else includes this.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_HTTP_TRANSFER_H
#define BICONNECTOR_HTTP_TRANSFER_H

#include "connection.h"

#include "compat.h"
#include "http.h"
#include "unpack.h"

/* What libcurl receives at once */
#define RECEIVE_SIZE		(128 * 1024)

/*
 * Above this many unread bytes a transfer pauses, unless more are wanted.  libcurl
 * receives twice before it comes back: with room for that, and for the beginning
 * of a row, it need not pause in between, which costs several system calls.
 */
#define HIGH_WATER			(320 * 1024)

typedef struct HttpTransfer
{
	/* what to send; the caller's */
	char	   *url;
	const char *content_type;
	const char *body;
	size_t		body_length;
	const HttpOptions *options;
	HttpStatistics *statistics;

	HttpConnection *connection;
	CURL	   *easy;
	struct curl_slist *headers;
	uint64		wire_bytes;		/* of this transfer, already in statistics */

	char	   *buffer;			/* malloc'd; HTTP_PADDING zeros follow the
								 * bytes, and are not in the capacity */
	size_t		start;			/* unread bytes are buffer[start .. end) */
	size_t		end;
	size_t		capacity;
	size_t		limit;			/* pause at this many unread bytes */

	/* of a packed answer, what there was no room for */
	char	   *packed;			/* malloc'd, or NULL */
	size_t		packed_start;	/* packed[packed_start .. packed_end) */
	size_t		packed_end;
	size_t		packed_capacity;
	bool		unpack_full;	/* zlib may have more of what it was given */
	Unpacker	unpacker;		/* if is_packed */
	const char *unpack_error;	/* in a callback: a constant, or NULL */

	int			status;			/* of the final answer, once headers are done */
	bool		headers_done;
	bool		paused;
	bool		done;			/* the transfer has ended, with this result: */
	CURLcode	result;
	size_t		header_bytes;	/* of this transfer */
	bool		too_many_headers;	/* in a callback */
	bool		has_encoding;	/* the answer has said how it is packed */
	bool		is_packed;		/* and it is */
	bool		bad_encoding;	/* in a callback */
	bool		out_of_memory;	/* in a callback */
	bool		tls_unread;		/* TLS has bytes that libcurl has not taken */

	char	   *location;		/* malloc'd; of the answer */
	char	   *retry_after;	/* malloc'd; of the answer */
	char		message[CURL_ERROR_SIZE];
} HttpTransfer;

extern const char *transfer_shown_url(const HttpTransfer *transfer, const char *url);
extern void transfer_init(HttpTransfer *transfer);
extern void transfer_start(HttpTransfer *transfer);
extern void transfer_look(HttpTransfer *transfer);
extern void transfer_resume(HttpTransfer *transfer);
extern void transfer_discard(HttpTransfer *transfer);
extern void transfer_end(HttpTransfer *transfer);
extern void transfer_free(HttpTransfer *transfer);
extern bool transfer_at_end(const HttpTransfer *transfer);
extern bool transfer_is_connected(const HttpTransfer *transfer);
extern bool transfer_lost_kept_connection(const HttpTransfer *transfer);
extern void transfer_count(HttpTransfer *transfer);
pg_noreturn extern void transfer_raise(HttpTransfer *transfer, const char *hint);

/* Are there bytes that have come, but are not unpacked? */
static inline bool
transfer_has_packed(const HttpTransfer *transfer)
{
	return transfer->packed_start < transfer->packed_end || transfer->unpack_full;
}

/* Will the buffer hold no more than it does, whatever the result? */
static inline bool
transfer_has_all(const HttpTransfer *transfer)
{
	return transfer->done && !transfer_has_packed(transfer);
}

/* The bytes that have come and are not read */
static inline size_t
transfer_unread(const HttpTransfer *transfer)
{
	return transfer->end - transfer->start;
}

#endif							/* BICONNECTOR_HTTP_TRANSFER_H */
