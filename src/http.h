/*-------------------------------------------------------------------------
 *
 * http.h
 *	  One HTTP POST and its answer, pulled as a stream that can be cancelled.
 *
 * Knows nothing of connectors, tables or plans.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_HTTP_H
#define BICONNECTOR_HTTP_H

#include "nodes/pg_list.h"

/* Requests that go on while one of them is waited for */
typedef struct HttpGroup HttpGroup;

/* How requests travel; strings may be NULL for "not set" */
typedef struct HttpOptions
{
	Oid			serverid;		/* whose connections may be used */
	Oid			userid;
	Oid			networkid;		/* the server whose options these are: serverid,
								 * or one that it refers to */
	uint64		generation;		/* connection_generation() before they were
								 * read */
	bool		keep_connections;	/* beyond the end of the transaction */
	bool		has_effects;	/* each request has a connection of its own, for
								 * libcurl would repeat one that dies on a
								 * connection that was kept */
	int			max_repeats;	/* how often 429 and 503 are asked again */
	double		connect_timeout;	/* seconds, to resolve, connect and shake
									 * hands */
	double		read_timeout;	/* seconds of silence while we wait for bytes */
	size_t		max_buffer;		/* bytes the answer's buffer may grow to */
	bool		compression;	/* ask for compressed answers */
	bool		ssl_verify;		/* check the server's certificate */
	const char *proxy;
	const char *ssl_ca_file;
	const char *ssl_cert_file;
	const char *ssl_key_file;
	const char *user_agent;
	const char *shown_url;		/* what messages show in the place of a URL; or
								 * NULL: what http_url_display() makes of it */
	HttpGroup  *group;			/* or NULL: each request for itself */
} HttpOptions;

/* What was seen on the wire, added up over all answers it is handed to */
typedef struct HttpStatistics
{
	uint64		requests;		/* requests sent, repeated ones included */
	uint64		wire_bytes;		/* body bytes as they travelled */
	uint64		decoded_bytes;	/* body bytes after decompression */
	uint64		connections;	/* connections that had to be made */
	uint64		answers;		/* requests of which status and headers came */
	uint64		first_byte_time;	/* of those, until the first byte; us */
} HttpStatistics;

/* What can be said of a connection of the current session */
typedef struct HttpConnectionInfo
{
	Oid			serverid;
	Oid			userid;
	char	   *origin;			/* scheme, host and port */
	bool		valid;			/* no option has been altered since it was made */
	bool		in_use;			/* an answer is being read */
} HttpConnectionInfo;

/* What to do about an answer that was left waiting */
#define HTTP_HINT_LEFT_WAITING \
	"The query had left the answer unread for a while, and the server may not have waited. A cursor declared WITH HOLD reads the whole answer when its transaction ends."

/* How many zeros follow the bytes of http_data() */
#define HTTP_PADDING 16

typedef struct HttpAnswer HttpAnswer;

extern HttpGroup *http_group_create(void);
extern HttpAnswer *http_start(const char *url, const char *content_type,
							  const char *body, size_t body_length,
							  const HttpOptions *options,
							  HttpStatistics *statistics);
extern bool http_answered(HttpAnswer *answer);
extern void http_wait_answered(HttpAnswer *answer);
extern bool http_wait_beside(HttpAnswer *answer);
extern int	http_descriptor(HttpAnswer *answer);
extern int	http_status(const HttpAnswer *answer);
extern char *http_data(const HttpAnswer *answer, size_t *length);
extern void http_consume(HttpAnswer *answer, size_t length);
extern bool http_available(HttpAnswer *answer, size_t wanted);
extern bool http_more(HttpAnswer *answer, size_t wanted);
extern bool http_at_end(const HttpAnswer *answer);
extern bool http_was_left_waiting(const HttpAnswer *answer);
extern void http_close(HttpAnswer *answer);

extern const char *http_library(void);
extern List *http_library_features(void);

/* connection.c */
extern uint64 connection_generation(void);
extern List *connection_list(void);
extern bool connection_close_idle(Oid serverid);
extern bool connection_spare(void);

/* url.c */
extern const char *http_url_problem(const char *url, bool proxy);
extern char *http_url_display(const char *url);
extern char *http_url_origin(const char *url);
extern char *http_url_redirect(const char *url, const char *location);

#endif							/* BICONNECTOR_HTTP_H */
