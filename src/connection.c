/*-------------------------------------------------------------------------
 *
 * connection.c
 *	  HTTP connections of the current session: kept, waited for, looked at.
 *
 * A connection here is a multi handle of libcurl with room for one connection
 * to one origin.  It serves one answer at a time.  When that has been read to
 * its end, the connection is kept for the next request of the same server and
 * user to that origin, which then pays for no handshake.  One whose answer was
 * not read to its end is closed, and so is one whose server or user mapping
 * has been altered.
 *
 * The handle's sockets sit in one epoll descriptor.  We wait for that
 * descriptor and the process latch together, so that query cancel,
 * statement_timeout and termination are served at every instant: during name
 * resolution, connecting, the TLS handshake, before the answer and inside it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"

#include "access/xact.h"
#include "compat.h"
#include "http.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/*
 * Descriptors of a connection: for epoll, its socket, and two that libcurl
 * makes for itself
 */
#define CONNECTION_FDS		4

/*
 * How long others may wait for a connection's descriptor before they hear from
 * it, in ms.  Until 2025 an Append that waits for its scans did not look for
 * interrupts meanwhile; this bounds how long a cancel takes there.
 */
#define LONGEST_WAIT		500

/* Idle connections of a session, at most; the one used longest ago goes first */
#define MAX_IDLE			16

struct HttpConnection
{
	dlist_node	node;

	/* what it may be used for */
	Oid			serverid;
	Oid			userid;
	char	   *origin;			/* scheme, host and port, as in the URL */
	uint32		server_hash;	/* of the server's row in the system cache */
	uint32		network_hash;	/* of the server that says how to get there: this
								 * one or another */

	bool		in_use;
	bool		kept;			/* has been idle */
	bool		valid;			/* nothing has been altered since the options
								 * that it was made with were read */
	bool		keep;			/* beyond the end of the transaction */

	CURLM	   *multi;
	int			epoll_fd;
	int			timer_fd;		/* in the epoll set; -1 if not needed yet */
	WaitEventSet *wait_set;		/* to wait for this connection alone */
	int			reserved_fds;	/* accounted for with AcquireExternalFD */
	curl_socket_t socket;		/* while idle; CURL_SOCKET_BAD if closed */
	bool		done;			/* the last transfer has ended */
	bool		framed;			/* HTTP/2: answers say what they answer */
	int64		timer;			/* when libcurl wants to run, or -1; ms */
	bool		epoll_failed;	/* in a callback */
};

/* All there are, the one used longest ago first */
static dlist_head connections = DLIST_STATIC_INIT(connections);
static MemoryContext connection_memory = NULL;

/* Counts the times that servers or user mappings have been altered */
static uint64 generation = 1;

/*
 * Milliseconds on a clock that only goes forward.
 */
int64
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- callbacks: run by libcurl, must not raise ---- */

/*
 * Keep the epoll set equal to the sockets that libcurl waits for.
 */
static int
socket_callback(CURL *easy, curl_socket_t socket, int what, void *arg, void *known)
{
	HttpConnection *connection = arg;
	struct epoll_event event = {0};

	if (what == CURL_POLL_REMOVE)
	{
		/* it may be closed already, which took it out of the set */
		(void) epoll_ctl(connection->epoll_fd, EPOLL_CTL_DEL, socket, &event);
		return 0;
	}

	event.data.fd = socket;
	if (what & CURL_POLL_IN)
		event.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		event.events |= EPOLLOUT;
	if (epoll_ctl(connection->epoll_fd, EPOLL_CTL_MOD, socket, &event) != 0 &&
		(errno != ENOENT ||
		 epoll_ctl(connection->epoll_fd, EPOLL_CTL_ADD, socket, &event) != 0))
	{
		connection->epoll_failed = true;
		return -1;
	}
	return 0;
}

static int
timer_callback(CURLM *multi, long timeout_ms, void *arg)
{
	HttpConnection *connection = arg;

	connection->timer = timeout_ms < 0 ? -1 : clock_ms() + timeout_ms;
	return 0;
}

/*
 * libcurl would leave it open for the programs that the backend starts.
 */
static curl_socket_t
open_socket_callback(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- which there are ---- */

/*
 * Close a connection.  Raises nothing.
 */
static void
destroy(HttpConnection *connection)
{
	dlist_delete(&connection->node);
	if (connection->multi)
		curl_multi_cleanup(connection->multi);
	if (connection->wait_set)
		FreeWaitEventSet(connection->wait_set);
	if (connection->timer_fd >= 0)
		close(connection->timer_fd);
	if (connection->epoll_fd >= 0)
		close(connection->epoll_fd);
	while (connection->reserved_fds-- > 0)
		ReleaseExternalFD();
	pfree(connection->origin);
	pfree(connection);
}

/*
 * Close the one of the idle connections that was used longest ago, if there
 * are more than that many.  False if there are not.
 */
static bool
destroy_oldest_idle(int maximum)
{
	HttpConnection *oldest = NULL;
	int			idle = 0;
	dlist_iter	iter;

	dlist_foreach(iter, &connections)
	{
		HttpConnection *connection = dlist_container(HttpConnection, node, iter.cur);

		if (connection->in_use)
			continue;
		if (oldest == NULL)
			oldest = connection;
		idle++;
	}
	if (idle <= maximum)
		return false;
	destroy(oldest);
	return true;
}

/*
 * A server or a user mapping has changed.  hash is that of its row, or 0 for
 * any.  Which mapping it was does not matter: they change seldom.
 */
static void
row_changed(Datum arg, int cacheid, uint32 hash)
{
	dlist_mutable_iter iter;

	generation++;
	dlist_foreach_modify(iter, &connections)
	{
		HttpConnection *connection = dlist_container(HttpConnection, node, iter.cur);

		if (cacheid == FOREIGNSERVEROID && hash != 0 && hash != connection->server_hash &&
			hash != connection->network_hash)
			continue;
		connection->valid = false;
		if (!connection->in_use)
			destroy(connection);
	}
}

/*
 * A transaction has ended: close what was not to be kept.
 */
static void
transaction_ended(XactEvent event, void *arg)
{
	dlist_mutable_iter iter;

	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE ||
		event == XACT_EVENT_PARALLEL_PRE_COMMIT)
		return;
	dlist_foreach_modify(iter, &connections)
	{
		HttpConnection *connection = dlist_container(HttpConnection, node, iter.cur);

		if (!connection->in_use && !connection->keep)
			destroy(connection);
	}
}

static void
initialize(void)
{
	if (connection_memory)
		return;
	if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("could not initialize libcurl")));
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, row_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(USERMAPPINGOID, row_changed, (Datum) 0);
	RegisterXactCallback(transaction_ended, NULL);
	connection_memory = AllocSetContextCreate(TopMemoryContext, "biconnector connections",
											  ALLOCSET_SMALL_SIZES);
}

pg_noreturn static void
raise_out_of_descriptors(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			 errmsg("too many open descriptors for another request")));
	pg_unreachable();
}

/*
 * Put what is waited for into an empty set: the connections' descriptors and
 * the process latch.
 */
static void
fill_wait_set(WaitEventSet *set, HttpConnection *connection, List *others)
{
	ListCell   *lc;

	/* a backend that stands alone has none */
	if (IsUnderPostmaster)
		AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_SOCKET_READABLE, connection->epoll_fd, NULL, NULL);
	foreach(lc, others)
		AddWaitEventToSet(set, WL_SOCKET_READABLE,
						  ((HttpConnection *) lfirst(lc))->epoll_fd, NULL, NULL);
}

/*
 * Make what a connection is waited for with: that costs as much as a small
 * request, so it is not made for each.
 */
static void
create_wait_set(HttpConnection *connection)
{
	PG_TRY();
	{
		connection->wait_set = compat_create_wait_event_set(connection_memory, 3);
		fill_wait_set(connection->wait_set, connection, NIL);
	}
	PG_CATCH();
	{
		destroy(connection);
		PG_RE_THROW();
	}
	PG_END_TRY();
}

/*
 * A new connection, in use.  Nothing is connected yet: libcurl does that when
 * the first request starts.
 */
static HttpConnection *
create(Oid serverid, Oid networkid, Oid userid, const char *origin)
{
	char	   *origin_copy = MemoryContextStrdup(connection_memory, origin);
	HttpConnection *connection = MemoryContextAllocZero(connection_memory,
														sizeof(HttpConnection));

	connection->serverid = serverid;
	connection->userid = userid;
	connection->origin = origin_copy;
	connection->server_hash = GetSysCacheHashValue1(FOREIGNSERVEROID,
													ObjectIdGetDatum(serverid));
	connection->network_hash = GetSysCacheHashValue1(FOREIGNSERVEROID,
													 ObjectIdGetDatum(networkid));
	connection->valid = true;
	connection->in_use = true;
	connection->timer = -1;
	connection->epoll_fd = connection->timer_fd = -1;
	connection->socket = CURL_SOCKET_BAD;
	dlist_push_tail(&connections, &connection->node);

	/* one more than it has must be left: PostgreSQL takes that for the wait set */
	while (connection->reserved_fds <= CONNECTION_FDS)
	{
		if (AcquireExternalFD())
			connection->reserved_fds++;
		else if (!destroy_oldest_idle(0))
		{
			destroy(connection);
			raise_out_of_descriptors();
		}
	}
	ReleaseExternalFD();
	connection->reserved_fds--;
	connection->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (connection->epoll_fd < 0)
	{
		int			saved_errno = errno;

		destroy(connection);
		errno = saved_errno;
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not create an epoll descriptor: %m")));
	}
	connection->multi = curl_multi_init();
	if (connection->multi == NULL)
	{
		destroy(connection);
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	create_wait_set(connection);
	curl_multi_setopt(connection->multi, CURLMOPT_SOCKETFUNCTION, socket_callback);
	curl_multi_setopt(connection->multi, CURLMOPT_SOCKETDATA, connection);
	curl_multi_setopt(connection->multi, CURLMOPT_TIMERFUNCTION, timer_callback);
	curl_multi_setopt(connection->multi, CURLMOPT_TIMERDATA, connection);
	curl_multi_setopt(connection->multi, CURLMOPT_MAXCONNECTS, 1L);
	COMPAT_CURL_MULTI_QUICK_EXIT(connection->multi);
	return connection;
}

/*
 * Of the TLS libraries that libcurl may be built with: is there something that
 * came from the network and was not read?  Weak, because we do not link them.
 */
extern int	SSL_has_pending(const void *ssl) __attribute__((weak));
extern size_t gnutls_record_check_pending(void *session) __attribute__((weak));

/*
 * Has the TLS layer of a transfer's connection bytes in store that libcurl has
 * not taken?  libcurl takes no more of a TLS record than was promised of
 * the answer; the rest would be the beginning of the next one, and is_clean
 * cannot see it.  With HTTP/2 that does not matter.  To be asked while
 * the transfer runs.
 */
bool
connection_tls_unread(CURL *easy)
{
	struct curl_tlssessioninfo *info = NULL;
	long		version = 0;

	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	if (version >= CURL_HTTP_VERSION_2_0 ||
		curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK ||
		info == NULL || info->internals == NULL)
		return false;
	if (info->backend == CURLSSLBACKEND_OPENSSL && SSL_has_pending)
		return SSL_has_pending(info->internals) != 0;
	if (info->backend == CURLSSLBACKEND_GNUTLS && gnutls_record_check_pending)
		return gnutls_record_check_pending(info->internals) > 0;
	return false;
}

/*
 * Can an idle connection be used again?  What the server has sent meanwhile
 * would be taken for the answer to the next request, unless it is marked as
 * something else; most often it is the end of the connection.
 */
static bool
is_clean(const HttpConnection *connection)
{
	char		byte;

	return connection->framed ||
		(recv(connection->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
		 (errno == EAGAIN || errno == EWOULDBLOCK));
}

/*
 * The idle connection used last, which the server is least likely to have
 * closed, or NULL.  Those that turn out to be of no use are closed.
 */
static HttpConnection *
find_idle(Oid serverid, Oid userid, const char *origin)
{
	dlist_node *node = dlist_is_empty(&connections) ? NULL : dlist_tail_node(&connections);

	while (node)
	{
		HttpConnection *connection = dlist_container(HttpConnection, node, node);

		node = dlist_has_prev(&connections, node) ? dlist_prev_node(&connections, node) : NULL;
		if (connection->in_use || connection->serverid != serverid ||
			connection->userid != userid || strcmp(connection->origin, origin) != 0)
			continue;
		if (is_clean(connection))
			return connection;
		destroy(connection);
	}
	return NULL;
}

/*
 * What to ask before options are read that requests will be made with: while
 * it is the same, so are the options.
 */
uint64
connection_generation(void)
{
	initialize();
	return generation;
}

/*
 * A connection for a request to the URL: one that is idle, or a new one.  networkid is
 * the server whose options say how to get there, which may be serverid.
 *
 * It is the caller's until connection_release.  keep says whether it may then
 * outlive the transaction.  If the options that the request is made with have
 * been altered since they were read, or their generation is given as 0, the
 * connection is for that request only.
 * Raises errors if there are no descriptors or no memory left.
 */
HttpConnection *
connection_acquire(Oid serverid, Oid networkid, Oid userid, uint64 options_generation,
				   bool keep, const char *url)
{
	char	   *origin = http_url_origin(url);
	HttpConnection *connection = NULL;

	if (options_generation == generation)
		connection = find_idle(serverid, userid, origin);
	if (connection == NULL)
	{
		connection = create(serverid, networkid, userid, origin);
		connection->valid = options_generation == generation;
	}
	connection->in_use = true;
	connection->keep = keep;
	pfree(origin);
	return connection;
}

/*
 * Give a connection back.  One that is reusable, because it has nothing left
 * to say, is kept if it may be.  Raises nothing.
 */
void
connection_release(HttpConnection *connection, bool reusable)
{
	if (!reusable || !connection->valid || connection->epoll_failed ||
		connection->socket == CURL_SOCKET_BAD || (!connection->keep && !IsTransactionState()))
	{
		destroy(connection);
		return;
	}
	connection->in_use = false;
	connection->kept = true;
	dlist_delete(&connection->node);
	dlist_push_tail(&connections, &connection->node);
	(void) destroy_oldest_idle(MAX_IDLE);
}

/*
 * Has the connection served another request before?
 */
bool
connection_was_kept(const HttpConnection *connection)
{
	return connection->kept;
}

/* ---- making libcurl run ---- */

/*
 * Name resolution starts a thread, which inherits our signal mask.  The
 * backend's signals must go to the backend's only thread of its own, so they are
 * blocked while libcurl may start one.
 */
static void
block_signals(sigset_t *before)
{
	sigset_t	all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
}

/*
 * Let libcurl work on what is ready: a socket, or what is due.
 */
static void
run(HttpConnection *connection, curl_socket_t socket, int events)
{
	sigset_t	before;
	int			running;

	block_signals(&before);
	(void) curl_multi_socket_action(connection->multi, socket, events, &running);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/*
 * Start the transfer that a handle has been prepared for.  False if libcurl
 * cannot.
 */
bool
connection_start(HttpConnection *connection, CURL *easy)
{
	if (curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket_callback) != CURLE_OK ||
		curl_multi_add_handle(connection->multi, easy) != CURLM_OK)
		return false;
	connection->done = false;
	run(connection, CURL_SOCKET_TIMEOUT, 0);
	return true;
}

/*
 * End a transfer, whatever its state, and free its handle.
 *
 * Old versions of libcurl wait here for the thread that resolves the name,
 * and that may take minutes.  So a transfer that has not got its address yet is
 * abandoned there, with all that the thread may touch: a leak, but
 * one that has to be cancelled for.
 */
void
connection_stop(HttpConnection *connection, CURL *easy)
{
	long		version = 0;
	curl_off_t	resolved = 0;
	CURLcode	result;

	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	connection->framed = version >= CURL_HTTP_VERSION_2_0;
	/* that of the transfer, if libcurl keeps it; now is the time to ask */
	if (curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &connection->socket) != CURLE_OK)
		connection->socket = CURL_SOCKET_BAD;
	connection->timer = -1;
	curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
	if (COMPAT_CURL_WAITS_FOR_NAMES && resolved == 0 && !connection->kept &&
		!connection->done && !connection_done(connection, &result))
	{
		connection->multi = NULL;
		return;
	}
	curl_multi_remove_handle(connection->multi, easy);
	curl_easy_cleanup(easy);
}

/*
 * Let a transfer go on that was paused by its callback.
 */
void
connection_unpause(HttpConnection *connection, CURL *easy)
{
	sigset_t	before;

	block_signals(&before);
	(void) curl_easy_pause(easy, CURLPAUSE_CONT);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/*
 * Has the transfer ended?  If so, with this result.
 */
bool
connection_done(HttpConnection *connection, CURLcode *result)
{
	CURLMsg    *message;
	int			left;
	bool		done = false;

	while ((message = curl_multi_info_read(connection->multi, &left)) != NULL)
	{
		if (message->msg == CURLMSG_DONE)
		{
			*result = message->data.result;
			done = connection->done = true;
		}
	}
	return done;
}

/*
 * Do what can be done without waiting.  True if there was something on the
 * sockets.
 */
bool
connection_dispatch(HttpConnection *connection)
{
	struct epoll_event events[8];
	int			ready = epoll_wait(connection->epoll_fd, events, lengthof(events), 0);
	bool		active = false;

	for (int i = 0; i < ready; i++)
	{
		int			action = 0;

		if (events[i].data.fd == connection->timer_fd)
		{
			uint64		expirations;

			if (read(connection->timer_fd, &expirations, sizeof(expirations)) < 0 &&
				errno != EAGAIN)
				connection->epoll_failed = true;
			continue;
		}
		if (events[i].events & EPOLLIN)
			action |= CURL_CSELECT_IN;
		if (events[i].events & EPOLLOUT)
			action |= CURL_CSELECT_OUT;
		if (events[i].events & (EPOLLERR | EPOLLHUP))
			action |= CURL_CSELECT_ERR;
		run(connection, events[i].data.fd, action);
		active = true;
	}
	if (connection->timer >= 0 && connection->timer <= clock_ms())
	{
		connection->timer = -1;
		run(connection, CURL_SOCKET_TIMEOUT, 0);
	}
	return active;
}

/*
 * Wait for an event of the set, but no longer than until that time of clock_ms.
 * Raises query cancel.
 */
static void
wait_for_set(WaitEventSet *set, int64 until, uint32 wait_event)
{
	WaitEvent	occurred;
	long		timeout = (long) Min(Max(until - clock_ms(), 0), INT_MAX);

	if (WaitEventSetWait(set, timeout, &occurred, 1, wait_event) > 0 &&
		(occurred.events & WL_LATCH_SET))
	{
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * The same for what is waited for in a set made for this.
 */
static void
wait_for_all(HttpConnection *connection, List *others, int64 until, uint32 wait_event)
{
	WaitEventSet *set = compat_create_wait_event_set(CurrentMemoryContext,
													 list_length(others) + 3);

	PG_TRY();
	{
		fill_wait_set(set, connection, others);
		wait_for_set(set, until, wait_event);
	}
	PG_FINALLY();
	{
		FreeWaitEventSet(set);
	}
	PG_END_TRY();
}

/*
 * Wait until there is something to do for a connection or one of the others, a
 * list of HttpConnection *, but no longer than until that time of clock_ms, and
 * do it for the connection; the others have to be looked at by the caller.  True
 * if there was something on the connection's sockets.  Raises query cancel.
 */
bool
connection_wait(HttpConnection *connection, List *others, int64 until, uint32 wait_event)
{
	ListCell   *lc;

	if (connection->timer >= 0)
		until = Min(until, connection->timer);
	foreach(lc, others)
	{
		HttpConnection *other = lfirst(lc);

		if (other->timer >= 0)
			until = Min(until, other->timer);
	}
	if (others == NIL)
		wait_for_set(connection->wait_set, until, wait_event);
	else
		wait_for_all(connection, others, until, wait_event);
	return connection_dispatch(connection);
}

/*
 * A descriptor that becomes readable when there is something to do, at that
 * time of clock_ms at the latest.  It is the connection's, and to be asked for
 * before each wait.  Raises errors if there are no descriptors left.
 */
int
connection_descriptor(HttpConnection *connection, int64 until)
{
	struct itimerspec when = {{0}};
	int64		wait;

	if (connection->timer_fd < 0)
	{
		struct epoll_event event = {.events = EPOLLIN};

		if (AcquireExternalFD())
			connection->reserved_fds++;
		else
			raise_out_of_descriptors();
		connection->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
		event.data.fd = connection->timer_fd;
		if (connection->timer_fd < 0 ||
			epoll_ctl(connection->epoll_fd, EPOLL_CTL_ADD, connection->timer_fd, &event) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_SYSTEM_ERROR),
					 errmsg("could not create a timer descriptor: %m")));
	}
	if (connection->timer >= 0)
		until = Min(until, connection->timer);
	wait = Min(Max(until - clock_ms(), 0), LONGEST_WAIT);
	when.it_value.tv_sec = wait / 1000;
	/* zero would turn the timer off */
	when.it_value.tv_nsec = Max(wait % 1000 * 1000000, 1);
	if (timerfd_settime(connection->timer_fd, 0, &when, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not set a timer: %m")));
	return connection->epoll_fd;
}

/*
 * Has the kernel refused to watch a socket?
 */
bool
connection_epoll_failed(const HttpConnection *connection)
{
	return connection->epoll_failed;
}

/* ---- looking at them ---- */

/*
 * The connections of the current session, a list of HttpConnectionInfo *, palloc'd.
 */
List *
connection_list(void)
{
	List	   *list = NIL;
	dlist_iter	iter;

	dlist_foreach(iter, &connections)
	{
		const HttpConnection *connection = dlist_container(HttpConnection, node, iter.cur);
		HttpConnectionInfo *info = palloc(sizeof(HttpConnectionInfo));

		info->serverid = connection->serverid;
		info->userid = connection->userid;
		info->origin = pstrdup(connection->origin);
		info->valid = connection->valid;
		info->in_use = connection->in_use;
		list = lappend(list, info);
	}
	return list;
}

/*
 * Are there descriptors for another request, and for one more besides?  Then there
 * is room for a request that can wait.
 */
bool
connection_spare(void)
{
	int			wanted = 2 * (CONNECTION_FDS + 1) + 1;	/* and to wait for all */
	int			reserved = 0;
	dlist_iter	iter;

	/* idle connections are used, or make room */
	dlist_foreach(iter, &connections)
	{
		const HttpConnection *connection = dlist_container(HttpConnection, node, iter.cur);

		if (!connection->in_use)
			wanted -= connection->reserved_fds;
	}
	while (reserved < wanted && AcquireExternalFD())
		reserved++;
	for (int i = 0; i < reserved; i++)
		ReleaseExternalFD();
	return reserved >= wanted;
}

/*
 * Close the idle connections to a server, or to all if serverid is invalid.
 * True if there was one.
 */
bool
connection_close_idle(Oid serverid)
{
	dlist_mutable_iter iter;
	bool		closed = false;

	dlist_foreach_modify(iter, &connections)
	{
		HttpConnection *connection = dlist_container(HttpConnection, node, iter.cur);

		if (connection->in_use ||
			(OidIsValid(serverid) && connection->serverid != serverid))
			continue;
		destroy(connection);
		closed = true;
	}
	return closed;
}
