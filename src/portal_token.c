/*-------------------------------------------------------------------------
 *
 * portal_token.c
 *	  Access tokens: those of user mappings, and what the current session has
 *	  got in their place since they expired.
 *
 * A token is refreshed as OAuth 2 has it (RFC 6749, section 6).  The portal gives a
 * new refresh token with it and takes no other from then on.  Nothing is written to
 * the catalogs, where others would have to wait for our transaction: new tokens live
 * in the session, and biconnector_token() shows them to those who may store them.
 *
 *-------------------------------------------------------------------------
 */
#include "portal.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* What the session has got for a user mapping; malloc'd by TopMemoryContext */
typedef struct SessionToken
{
	Oid			serverid;
	Oid			userid;
	char	   *given_access_token; /* what the mapping said when it was
									 * refreshed; or NULL */
	char	   *given_refresh_token;
	char	   *access_token;
	char	   *refresh_token;
	TimestampTz expires;
} SessionToken;

static List *session_tokens = NIL;

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void
forget(SessionToken *token)
{
	session_tokens = list_delete_ptr(session_tokens, token);
	if (token->given_access_token)
		pfree(token->given_access_token);
	pfree(token->given_refresh_token);
	pfree(token->access_token);
	pfree(token->refresh_token);
	pfree(token);
}

/*
 * What the session has got for the mapping, or NULL.  Once other tokens are stored in
 * the mapping, these count.
 */
static SessionToken *
find_session_token(const PortalOptions *options)
{
	ListCell   *lc;

	foreach(lc, session_tokens)
	{
		SessionToken *token = lfirst(lc);

		if (token->serverid != options->serverid || token->userid != options->userid)
			continue;
		if (same_text(token->given_access_token, options->access_token) &&
			same_text(token->given_refresh_token, options->refresh_token))
			return token;
		forget(token);
		return NULL;
	}
	return NULL;
}

/*
 * The tokens that are in force, palloc'd.
 */
PortalToken *
portal_token(const PortalOptions *options)
{
	PortalToken *token = palloc0(sizeof(PortalToken));
	SessionToken *refreshed = find_session_token(options);

	token->access_token = refreshed ? pstrdup(refreshed->access_token) : options->access_token;
	token->refresh_token = refreshed ? pstrdup(refreshed->refresh_token) : options->refresh_token;
	token->refreshed = refreshed != NULL;
	if (refreshed)
		token->expires = refreshed->expires;
	return token;
}

bool
portal_can_refresh(const PortalOptions *options)
{
	return options->refresh_token != NULL;
}

/*
 * What to do when a refresh has failed.
 */
static int
hint_to_store(void)
{
	return errhint("Have the application authorized again, and store its tokens: ALTER USER MAPPING ... OPTIONS (SET access_token '...', SET refresh_token '...'). A refresh token is good for one time; biconnector_token() shows the newest in the session that has it.");
}

/*
 * Error context callback: that there is no answer may mean that the refresh token
 * is used up nevertheless.
 */
static void
refresh_context(void *arg)
{
	errcontext("refresh of the access token for server \"%s\"",
			   ((const PortalOptions *) arg)->servername);
}

static void
add_member(jsonc_object *body, const char *name, const char *value)
{
	json_object_object_add(body, name, document_new_string(value));
}

static char *
string_member(jsonc_object *object, const char *name)
{
	jsonc_object *value = document_member(object, name);

	return json_object_is_type(value, json_type_string) && json_object_get_string_len(value) > 0
		? document_text(value) : NULL;
}

static char *
session_copy(const char *text)
{
	return text ? MemoryContextStrdup(TopMemoryContext, text) : NULL;
}

/*
 * Get a new access token, which is in force from now on.  Raises an error if that
 * is refused.
 */
void
portal_refresh(PortalOptions *options)
{
	PortalToken *old = portal_token(options);
	jsonc_object *body = document_own(json_object_new_object());
	PortalOptions plain = *options;
	PortalAnswer *answer;
	SessionToken *token;
	char	   *access_token = NULL;
	char	   *refresh_token = NULL;
	MemoryContext caller;
	ErrorContextCallback errcallback;

	errcallback.callback = refresh_context;
	errcallback.arg = options;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	add_member(body, "grant_type", "refresh_token");
	add_member(body, "client_id", options->client_id);
	add_member(body, "client_secret", options->client_secret);
	add_member(body, "refresh_token", old->refresh_token);
	portal_add_secret(options, "refresh_token", old->refresh_token);
	plain.http.shown_url = NULL;
	answer = portal_exchange(&plain, options->token_url, false, body, true);

	if (answer->status == 200 && answer->document)
	{
		access_token = string_member(answer->document, "access_token");
		refresh_token = string_member(answer->document, "refresh_token");
	}
	if (access_token == NULL)
	{
		PortalError *error = portal_error_of(options, answer);

		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("could not refresh the access token for server \"%s\"%s%s",
						options->servername, error && error->code ? ": " : "",
						error && error->code ? error->code : ""),
				 error && error->description ? errdetail_internal("%s", error->description) : 0,
				 hint_to_store()));
	}

	caller = MemoryContextSwitchTo(TopMemoryContext);
	token = palloc0(sizeof(SessionToken));
	token->serverid = options->serverid;
	token->userid = options->userid;
	token->given_access_token = session_copy(options->access_token);
	token->given_refresh_token = session_copy(options->refresh_token);
	token->access_token = session_copy(access_token);
	token->refresh_token = session_copy(refresh_token ? refresh_token : old->refresh_token);
	{
		jsonc_object *seconds = document_member(answer->document, "expires_in");

		if (json_object_get_int(seconds) > 0)
			token->expires = GetCurrentTimestamp() +
				(TimestampTz) json_object_get_int(seconds) * USECS_PER_SEC;
	}
	if (find_session_token(options))
		forget(find_session_token(options));
	session_tokens = lappend(session_tokens, token);
	MemoryContextSwitchTo(caller);
	error_context_stack = errcallback.previous;
}
