/*-------------------------------------------------------------------------
 *
 * portal_option.c
 *	  The options of biconnector_portal: what may be set on servers, user
 *	  mappings, tables and columns, and reading the first two into one struct.
 *
 * The table below is the one place that names an option.  Values of user
 * mappings are secrets: errors do not show them.
 *
 *-------------------------------------------------------------------------
 */
#include "portal_object.h"

#include <math.h>

#include "access/reloptions.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "option_value.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Where tokens are refreshed unless the mapping says otherwise: the vendor's */
#define TOKEN_URL "https://oauth.bitrix.info/oauth/token/"

static void set_portal_url(const char *name, const char *value, void *field);
static void set_method_family(const char *name, const char *value, void *field);
static void set_rate(const char *name, const char *value, void *field);
static void set_retries(const char *name, const char *value, void *field);
static void set_secret(const char *name, const char *value, void *field);
static void set_webhook(const char *name, const char *value, void *field);
static void set_object(const char *name, const char *value, void *field);
static void set_rows(const char *name, const char *value, void *field);
static void set_column(const char *name, const char *value, void *field);

#define PORTAL(member)		offsetof(PortalOptions, member)
#define PORTAL_HTTP(member)	PORTAL(http.member)

static const OptionEntry options[] =
{
	/* the portal: an http or https URL, without a path as a rule */
	{"portal_url", ForeignServerRelationId, set_portal_url, PORTAL(portal_url)},

	/*
	 * what the portal calls the methods for datasets: dataset (default) or
	 * table, as later documentation has it
	 */
	{"method_family", ForeignServerRelationId, set_method_family, PORTAL(table_family)},

	/* calls a second that a session makes at most: default 2, 0 for any number */
	{"rate_limit", ForeignServerRelationId, set_rate, PORTAL(rate_limit)},

	/* how often a call is repeated that came too soon: 0 to 100, default 5 */
	{"max_retries", ForeignServerRelationId, set_retries, PORTAL(max_retries)},

	/* cost of a call (default 1000) and of a row of its answer (0.05) */
	{"fdw_startup_cost", ForeignServerRelationId, set_cost, PORTAL(startup_cost)},
	{"fdw_tuple_cost", ForeignServerRelationId, set_cost, PORTAL(tuple_cost)},

	/* timeouts, proxy, TLS and the like: see option_value.h */
	HTTP_SERVER_OPTIONS(PORTAL_HTTP),

	/* who calls: an access token, or a webhook as user/secret */
	{"access_token", UserMappingRelationId, set_secret, PORTAL(access_token)},
	{"webhook", UserMappingRelationId, set_webhook, PORTAL(webhook)},

	/* what a new access token is asked for with (OAuth 2), and where */
	{"client_id", UserMappingRelationId, set_secret, PORTAL(client_id)},
	{"client_secret", UserMappingRelationId, set_secret, PORTAL(client_secret)},
	{"refresh_token", UserMappingRelationId, set_secret, PORTAL(refresh_token)},
	{"token_url", UserMappingRelationId, set_url, PORTAL(token_url)},

	/*
	 * Tables and columns: get_portal_table() reads these.  What a table shows
	 * (default: what it is called), how many rows it has, if there are no
	 * statistics, and what is different about its costs
	 */
	{"object", ForeignTableRelationId, set_object, 0},
	{"estimated_rows", ForeignTableRelationId, set_rows, 0},
	{"fdw_startup_cost", ForeignTableRelationId, set_cost, PORTAL(startup_cost)},
	{"fdw_tuple_cost", ForeignTableRelationId, set_cost, PORTAL(tuple_cost)},

	/* which of the object's columns it shows, as IMPORT calls them */
	{"column_name", AttributeRelationId, set_column, 0},
};

PG_FUNCTION_INFO_V1(biconnector_portal_validator);

/* ---- setters ---- */

static void
set_portal_url(const char *name, const char *value, void *field)
{
	char	   *url;

	set_url(name, value, field);
	url = *(char **) field;
	if (strpbrk(url, "?#"))
		option_bad_value(name, http_url_display(value), "It must not have a query or a fragment.");
	for (size_t length = strlen(url); length > 0 && url[length - 1] == '/'; length--)
		url[length - 1] = '\0';
}

static void
set_method_family(const char *name, const char *value, void *field)
{
	if (strcmp(value, "dataset") != 0 && strcmp(value, "table") != 0)
		option_bad_value(name, value, "Valid values are: dataset, table");
	*(bool *) field = strcmp(value, "table") == 0;
}

static void
set_rate(const char *name, const char *value, void *field)
{
	double		rate;

	if (!parse_real(value, &rate, 0, NULL) || !(rate >= 0 && rate <= 1000))
		option_bad_value(name, value, "It must be a number of calls a second from 0 to 1000.");
	*(double *) field = rate;
}

static void
set_retries(const char *name, const char *value, void *field)
{
	int			retries;

	if (!parse_int(value, &retries, 0, NULL) || retries < 0 || retries > 100)
		option_bad_value(name, value, "It must be a whole number from 0 to 100.");
	*(int *) field = retries;
}

/*
 * What goes into a request as it is.
 */
static void
set_secret(const char *name, const char *value, void *field)
{
	if (value[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"%s\"", name),
				 errdetail("It must not be empty.")));
	*(char **) field = pstrdup(value);
}

/*
 * A part of a path: digits, a slash, letters and digits.
 */
static void
set_webhook(const char *name, const char *value, void *field)
{
	size_t		digits = strspn(value, "0123456789");
	const char *secret = value + digits + 1;

	if (digits == 0 || value[digits] != '/' || secret[0] == '\0' ||
		secret[strspn(secret, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-")] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"%s\"", name),
				 errhint("Write the two parts of the webhook's address that follow \"/rest/\": user/secret.")));
	*(char **) field = pstrdup(value);
}

/* What tables and columns have is only checked */

static void
set_object(const char *name, const char *value, void *field)
{
	StringInfoData valid;

	if (portal_object_by_name(value))
		return;
	initStringInfo(&valid);
	for (int i = 0; i < portal_object_count; i++)
		appendStringInfo(&valid, "%s%s", i > 0 ? ", " : "", portal_objects[i].name);
	option_bad_value(name, value, psprintf("Valid values are: %s", valid.data));
}

static void
set_rows(const char *name, const char *value, void *field)
{
	double		rows;

	if (!parse_real(value, &rows, 0, NULL) || !(rows >= 0 && rows <= 1e15) ||
		rows != floor(rows))
		option_bad_value(name, value, "It must be a number of rows, from 0 to 1e15.");
}

static void
set_column(const char *name, const char *value, void *field)
{
	for (int i = 0; i < portal_object_count; i++)
	{
		if (portal_column_by_name(&portal_objects[i], value))
			return;
	}
	option_bad_value(name, value, "It must be the name that IMPORT FOREIGN SCHEMA gives to a column.");
}

/* ---- validator ---- */

static void
set_options(Oid catalog, List *defs, PortalOptions *portal)
{
	ListCell   *lc;

	foreach(lc, defs)
	{
		DefElem    *def = lfirst(lc);

		/* what the validator let pass is known; a newer version's is not ours */
		(void) option_set(options, lengthof(options), catalog, def, portal);
	}
}

/*
 * Do the options of a mapping go together?
 */
static void
check_mapping(const PortalOptions *portal)
{
	if (portal->webhook && (portal->access_token || portal->refresh_token))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("\"webhook\" cannot be used together with a token"),
				 errhint("Give an access token or a webhook, not both.")));
	if ((portal->client_id || portal->client_secret || portal->refresh_token || portal->token_url) &&
		!(portal->client_id && portal->client_secret && portal->refresh_token))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("to refresh tokens, \"client_id\", \"client_secret\" and \"refresh_token\" must all be given")));
}

/*
 * biconnector_portal_validator(options text[], catalog oid)
 *
 * Checks the options of one object when they are set, and nothing but them.
 */
Datum
biconnector_portal_validator(PG_FUNCTION_ARGS)
{
	List	   *defs = untransformRelOptions(PG_GETARG_DATUM(0));
	Oid			catalog = PG_GETARG_OID(1);
	PortalOptions portal;
	ListCell   *lc;

	memset(&portal, 0, sizeof(portal));
	portal.http.ssl_verify = true;
	foreach(lc, defs)
	{
		DefElem    *def = lfirst(lc);

		if (!option_set(options, lengthof(options), catalog, def, &portal))
			option_unknown(options, lengthof(options), catalog, def->defname);
	}
	if (catalog == ForeignServerRelationId)
		http_options_check_superuser(&portal.http);
	if (catalog == UserMappingRelationId)
		check_mapping(&portal);
	PG_RETURN_VOID();
}

/* ---- reading ---- */

/*
 * Is this a server of biconnector_portal?
 */
bool
is_portal_server(const ForeignServer *server)
{
	ForeignDataWrapper *wrapper = GetForeignDataWrapper(server->fdwid);
	FmgrInfo	validator = {0};

	if (OidIsValid(wrapper->fdwvalidator))
		fmgr_info(wrapper->fdwvalidator, &validator);
	return validator.fn_addr == biconnector_portal_validator;
}

/*
 * The server of this name if it is one of biconnector_portal and the user may use it.
 * Raises errors otherwise.
 */
ForeignServer *
usable_portal_server(const char *name, Oid userid)
{
	ForeignServer *server = GetForeignServerByName(name, false);
	AclResult	result = compat_server_aclcheck(server->serverid, userid, ACL_USAGE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FOREIGN_SERVER, server->servername);
	if (!is_portal_server(server))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("server \"%s\" is not a server of biconnector_portal", server->servername),
				 errdetail("It belongs to foreign-data wrapper \"%s\".",
						   GetForeignDataWrapper(server->fdwid)->fdwname)));
	return server;
}

/*
 * A value that messages must not show, or NULL.  What is kept lives as long as the
 * options do: calls are made in contexts that do not.
 */
void
portal_add_secret(PortalOptions *options, const char *name, char *value)
{
	MemoryContext caller;
	Setting    *secret;
	ListCell   *lc;

	if (value == NULL)
		return;
	foreach(lc, options->secrets)
	{
		if (strcmp(((Setting *) lfirst(lc))->value, value) == 0)
			return;
	}
	caller = MemoryContextSwitchTo(GetMemoryChunkContext(options));
	secret = palloc(sizeof(Setting));
	secret->code = pstrdup(name);
	secret->value = pstrdup(value);
	options->secrets = lappend(options->secrets, secret);
	MemoryContextSwitchTo(caller);
}

/*
 * What a server and a user's mapping to it say, palloc'd.  Raises if there is no
 * such server, or if it does not say where the portal is.
 */
PortalOptions *
get_portal_options(Oid serverid, Oid userid)
{
	PortalOptions *portal = palloc0(sizeof(PortalOptions));
	uint64		generation = connection_generation();
	ForeignServer *server = GetForeignServer(serverid);
	char	   *name;

	http_options_init(&portal->http, serverid, userid);
	portal->http.generation = generation;
	portal->http.max_repeats = 0;	/* portal_call() does that */
	portal->serverid = serverid;
	portal->servername = server->servername;
	portal->rate_limit = 2;
	portal->max_retries = 5;
	portal->startup_cost = 1000.0;
	portal->tuple_cost = 0.05;
	portal->token_url = TOKEN_URL;
	set_options(ForeignServerRelationId, server->options, portal);
	if ((name = user_agent_of_session()) != NULL)
		portal->http.user_agent = name;
	set_options(UserMappingRelationId, options_of_mapping(serverid, userid), portal);
	if (SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(userid),
							  ObjectIdGetDatum(serverid)))
		portal->userid = userid;

	if (portal->portal_url == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("server \"%s\" has no option \"%s\"", portal->servername, "portal_url"),
				 errhint("Set it with ALTER SERVER ... OPTIONS (ADD %s 'https://...').",
						 "portal_url")));
	portal_add_secret(portal, "access_token", portal->access_token);
	if (portal->webhook)
	{
		/* its path is in the URLs, which are not to be shown then */
		portal_add_secret(portal, "webhook", strchr(portal->webhook, '/') + 1);
		portal->http.shown_url = psprintf("%s/rest/***", http_url_display(portal->portal_url));
	}
	portal_add_secret(portal, "client_secret", portal->client_secret);
	portal_add_secret(portal, "refresh_token", portal->refresh_token);
	return portal;
}
