/*-------------------------------------------------------------------------
 *
 * portal.h
 *	  What the files of the wrapper biconnector_portal share, grouped by the
 *	  file that defines it, in the order of the layers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_PORTAL_H
#define BICONNECTOR_PORTAL_H

#include "biconnector_fdw.h"

#include "datatype/timestamp.h"
#include "document.h"

/* ---- portal_option.c: options of servers and user mappings ---- */

/* A foreign server that stands for a portal, and a user's mapping to it */
typedef struct PortalOptions
{
	Oid			serverid;
	Oid			userid;			/* whose mapping it is; InvalidOid: everybody's,
								 * or there is none */
	char	   *servername;
	char	   *portal_url;		/* without a slash at the end */
	bool		table_family;	/* method_family is table, not dataset */
	double		rate_limit;		/* calls a second; 0: any number */
	int			max_retries;	/* of a call that came too soon */
	double		startup_cost;
	double		tuple_cost;
	HttpOptions http;

	char	   *access_token;	/* of the mapping; NULL where not set, as below */
	char	   *webhook;		/* user/secret */
	char	   *client_id;
	char	   *client_secret;
	char	   *refresh_token;
	char	   *token_url;
	List	   *secrets;		/* of Setting *: what no message may show */
} PortalOptions;

extern ForeignServer *usable_portal_server(const char *name, Oid userid);
extern PortalOptions *get_portal_options(Oid serverid, Oid userid);
extern void portal_add_secret(PortalOptions *options, const char *name, char *value);

/* ---- portal_effect.c: calls that cannot be rolled back ---- */

extern void portal_begin_effect(void);
extern void portal_end_effect(int changes);

/* ---- portal_call.c: calls of methods ---- */

extern jsonc_object *portal_call(PortalOptions *options, const char *method, jsonc_object *params,
								 char **text);
extern jsonc_object *portal_call_if_found(PortalOptions *options, const char *method,
										  jsonc_object *params);
extern bool portal_only_reads(const char *method);

/* ---- portal_token.c: access tokens, which expire ---- */

typedef struct PortalToken
{
	char	   *access_token;	/* NULL: there is none yet */
	char	   *refresh_token;	/* or NULL */
	TimestampTz expires;		/* 0: not known */
	bool		refreshed;		/* in the current session */
} PortalToken;

extern PortalToken *portal_token(const PortalOptions *options);
extern bool portal_can_refresh(const PortalOptions *options);
extern void portal_refresh(PortalOptions *options);

/* ---- portal_exchange.c: one POST, one document ---- */

/* An answer as it came */
typedef struct PortalAnswer
{
	int			status;			/* of HTTP */
	char	   *text;			/* UTF-8, palloc'd, with a zero behind it */
	size_t		length;
	jsonc_object *document;		/* an object, or NULL if it is none */
	bool		secret;			/* it may have settings of a source: no message
								 * shows how it begins */
} PortalAnswer;

extern PortalAnswer *portal_exchange(const PortalOptions *options, const char *url, bool json,
									 jsonc_object *body, bool has_effects);
extern void portal_sleep(int64 until, const char *event_name);

/* ---- portal_error.c: errors in answers ---- */

typedef enum PortalErrorKind
{
	PORTAL_ERROR_OTHER,
	PORTAL_ERROR_EXPIRED,		/* the token may be refreshed, and the call
								 * repeated */
	PORTAL_ERROR_TOO_SOON,		/* the call may be repeated later */
	PORTAL_ERROR_MISSING		/* there is no such object */
} PortalErrorKind;

typedef struct PortalError
{
	char	   *code;			/* as it may be shown; NULL if there is none */
	char	   *description;	/* likewise */
	int			status;			/* of HTTP */
	PortalErrorKind kind;
} PortalError;

extern PortalError *portal_error_of(const PortalOptions *options, const PortalAnswer *answer);
pg_noreturn extern void portal_raise(const PortalOptions *options, const char *method,
									 const PortalError *error);

#endif							/* BICONNECTOR_PORTAL_H */
