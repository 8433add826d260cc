/*-------------------------------------------------------------------------
 *
 * connection.h
 *	  HTTP connections of the current session: kept, waited for, looked at.
 *
 * Knows nothing of requests and answers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_CONNECTION_H
#define BICONNECTOR_CONNECTION_H

#include <curl/curl.h>

#include "nodes/pg_list.h"

typedef struct HttpConnection HttpConnection;

extern HttpConnection *connection_acquire(Oid serverid, Oid networkid, Oid userid,
										  uint64 options_generation, bool keep,
										  const char *url);
extern void connection_release(HttpConnection *connection, bool reusable);
extern bool connection_was_kept(const HttpConnection *connection);
extern bool connection_tls_unread(CURL *easy);
extern bool connection_start(HttpConnection *connection, CURL *easy);
extern void connection_stop(HttpConnection *connection, CURL *easy);
extern void connection_unpause(HttpConnection *connection, CURL *easy);
extern bool connection_done(HttpConnection *connection, CURLcode *result);
extern bool connection_dispatch(HttpConnection *connection);
extern bool connection_wait(HttpConnection *connection, List *others, int64 until,
							uint32 wait_event);
extern int	connection_descriptor(HttpConnection *connection, int64 until);
extern bool connection_epoll_failed(const HttpConnection *connection);
extern int64 clock_ms(void);

#endif							/* BICONNECTOR_CONNECTION_H */
