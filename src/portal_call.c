/*-------------------------------------------------------------------------
 *
 * portal_call.c
 *	  Calls of a portal's methods: who calls, how often, and what is repeated.
 *
 * A call that may have had its effect is made once.  What is repeated are calls
 * that the portal says it has turned away: because they came too soon, or with a
 * token that has expired.
 *
 *-------------------------------------------------------------------------
 */
#include "portal.h"

#include "connection.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* The longest pause before a call is repeated, in ms */
#define MAX_PAUSE	30000

/* When the current session may call a portal again */
typedef struct CallRate
{
	Oid			serverid;
	double		level;			/* calls that count against the limit */
	int64		since;			/* when that was so, as clock_ms() has it */
} CallRate;

static List *call_rates = NIL;

typedef struct PortalCall
{
	const PortalOptions *options;
	const char *method;
	bool		unanswered;		/* it has effects, and may have had them */
} PortalCall;

static void
call_context(void *arg)
{
	const PortalCall *call = arg;

	if (call->unanswered)
		errcontext("call of \"%s\" of server \"%s\", which may have taken effect",
				   call->method, call->options->servername);
	else
		errcontext("call of \"%s\" of server \"%s\"", call->method, call->options->servername);
}

/*
 * Does a method only read?  Of those that are not known here, nobody knows.
 */
bool
portal_only_reads(const char *method)
{
	static const char *const verbs[] = {".list", ".get", ".fields"};
	size_t		length = strlen(method);

	for (int i = 0; i < lengthof(verbs); i++)
	{
		size_t		verb = strlen(verbs[i]);

		if (length > verb && pg_strcasecmp(method + length - verb, verbs[i]) == 0)
			return true;
	}
	return false;
}

/*
 * Does an answer have the settings of a source, which no message may show?
 */
static bool
has_settings(const char *method)
{
	return pg_strcasecmp(method, "biconnector.source.get") == 0;
}

/*
 * Wait until the session may call again.  As many calls as are allowed in a second
 * may come at once; the limit is about what comes after them.
 */
static void
wait_for_turn(const PortalOptions *options)
{
	CallRate   *rate = NULL;
	double		room = Max(options->rate_limit, 1);
	int64		now = clock_ms();
	ListCell   *lc;

	if (options->rate_limit == 0)
		return;
	foreach(lc, call_rates)
	{
		if (((CallRate *) lfirst(lc))->serverid == options->serverid)
			rate = lfirst(lc);
	}
	if (rate == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

		rate = palloc0(sizeof(CallRate));
		rate->serverid = options->serverid;
		rate->since = now;
		call_rates = lappend(call_rates, rate);
		MemoryContextSwitchTo(caller);
	}

	rate->level = Max(rate->level - (now - rate->since) * options->rate_limit / 1000.0, 0);
	rate->since = now;
	if (rate->level + 1 > room)
	{
		int64		until = now + (int64) ((rate->level + 1 - room) * 1000.0 / options->rate_limit) + 1;

		portal_sleep(until, "BiconnectorRateLimit");
		rate->level = Max(rate->level - (clock_ms() - now) * options->rate_limit / 1000.0, 0);
		rate->since = clock_ms();
	}
	rate->level++;
}

/*
 * Where a method is called.
 */
static char *
method_url(const PortalOptions *options, const char *method)
{
	return options->webhook
		? psprintf("%s/rest/%s/%s", options->portal_url, options->webhook, method)
		: psprintf("%s/rest/%s", options->portal_url, method);
}

/*
 * Raise an error if a method's name would not stay within its place in a URL.
 */
static void
check_method(const char *method)
{
	if (method[0] == '\0' ||
		method[strspn(method, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._")] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid name of a method: \"%s\"", method),
				 errdetail("It has letters, digits, dots and underscores.")));
}

/*
 * Put the token that is in force into the parameters.
 */
static void
authorize(PortalOptions *options, jsonc_object *params)
{
	PortalToken *token;

	if (options->webhook)
		return;
	token = portal_token(options);
	if (token->access_token == NULL && portal_can_refresh(options))
	{
		portal_refresh(options);
		token = portal_token(options);
	}
	if (token->access_token == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("the user mapping for server \"%s\" has neither \"access_token\" nor \"webhook\"",
						options->servername),
				 errhint("Create one with CREATE USER MAPPING ... OPTIONS (access_token '...').")));
	portal_add_secret(options, "access_token", token->access_token);
	json_object_object_add(params, "auth", document_new_string(token->access_token));
}

/*
 * Call a method, again where that may be.  The answer is palloc'd; NULL, only with
 * may_miss, if the portal says that there is no such object.
 */
static PortalAnswer *
call_method(PortalOptions *options, const char *method, jsonc_object *params, bool may_miss)
{
	PortalCall	call = {options, method};
	bool		has_effects = !portal_only_reads(method);
	bool		refreshed = false;
	int			retries = 0;
	PortalAnswer *answer;
	ErrorContextCallback errcallback;

	check_method(method);
	errcallback.callback = call_context;
	errcallback.arg = &call;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	for (;;)
	{
		PortalError *error;

		authorize(options, params);
		wait_for_turn(options);
		if (has_effects)
			portal_begin_effect();
		call.unanswered = has_effects;
		answer = portal_exchange(options, method_url(options, method), true, params, has_effects);
		answer->secret = has_settings(method);
		error = portal_error_of(options, answer);
		/* what stands in the place of an answer, or of its end, says nothing */
		call.unanswered = has_effects && error &&
			(error->code == NULL || (error->status >= 500 && error->kind == PORTAL_ERROR_OTHER));
		if (has_effects && error && !call.unanswered)
			portal_end_effect(0);
		if (error == NULL)
			break;

		if (error->kind == PORTAL_ERROR_EXPIRED && !refreshed && portal_can_refresh(options))
		{
			portal_refresh(options);
			refreshed = true;
		}
		else if (error->kind == PORTAL_ERROR_TOO_SOON && retries < options->max_retries)
		{
			portal_sleep(clock_ms() + Min(500 << Min(retries, 10), MAX_PAUSE), "BiconnectorRepeat");
			retries++;
		}
		else if (error->kind == PORTAL_ERROR_MISSING && may_miss)
		{
			answer = NULL;
			break;
		}
		else
			portal_raise(options, method, error);
	}
	error_context_stack = errcallback.previous;
	return answer;
}

/*
 * Call a method, with the members of an object as its parameters, which is changed.
 * Returns the answer, an object that the current memory context owns; *text, if
 * wanted, is the same as it came, in UTF-8.
 *
 * Raises the portal's errors, those of the connection, and query cancel.  A call that
 * has effects is made at most once; where that cannot be known, the error's context
 * says that it may have taken effect.  Of one that succeeds, the caller says with
 * portal_end_effect() what it has changed.
 */
jsonc_object *
portal_call(PortalOptions *options, const char *method, jsonc_object *params, char **text)
{
	PortalAnswer *answer = call_method(options, method, params, false);

	if (text)
		*text = answer->text;
	return answer->document;
}

/*
 * The same, but NULL if the portal has no such object.
 */
jsonc_object *
portal_call_if_found(PortalOptions *options, const char *method, jsonc_object *params)
{
	PortalAnswer *answer = call_method(options, method, params, true);

	return answer ? answer->document : NULL;
}
