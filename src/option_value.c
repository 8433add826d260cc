/*-------------------------------------------------------------------------
 *
 * option_value.c
 *	  Options of foreign objects: looking one up in a table of those that there
 *	  are, checking its value, and what all requests over HTTP have.
 *
 *-------------------------------------------------------------------------
 */
#include "option_value.h"

#include <math.h>

#include "access/reloptions.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/syscache.h"

/* ---- values ---- */

void
option_bad_value(const char *name, const char *value, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for option \"%s\": \"%s\"", name, value),
			 hint ? errhint("%s", hint) : 0));
}

void
set_text(const char *name, const char *value, void *field)
{
	if (value[0] == '\0' || strpbrk(value, "\r\n"))
		option_bad_value(name, value, "It must not be empty or have line breaks.");
	*(char **) field = pstrdup(value);
}

/* Codes come from the connector and may be anything but empty */
void
set_code(const char *name, const char *value, void *field)
{
	if (value[0] == '\0')
		option_bad_value(name, value, "It must not be empty.");
	*(char **) field = pstrdup(value);
}

static void
set_checked_url(const char *name, const char *value, void *field, bool proxy)
{
	const char *problem = http_url_problem(value, proxy);

	/*
	 * Do not repeat a URL that may hold a password: in one that is not valid
	 * there is no telling where the password ends.
	 */
	if (problem && strchr(value, '@'))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"%s\"", name),
				 errdetail("The option takes a URL. %s", problem)));
	if (problem)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"%s\": \"%s\"",
						name, http_url_display(value)),
				 errdetail("The option takes a URL. %s", problem)));
	*(char **) field = pstrdup(value);
}

void
set_url(const char *name, const char *value, void *field)
{
	set_checked_url(name, value, field, false);
}

void
set_proxy(const char *name, const char *value, void *field)
{
	set_checked_url(name, value, field, true);
}

void
set_file(const char *name, const char *value, void *field)
{
	if (value[0] == '\0')
		option_bad_value(name, value, "It must name a file of the server machine.");
	*(char **) field = pstrdup(value);
}

void
set_boolean(const char *name, const char *value, void *field)
{
	if (!parse_bool(value, (bool *) field))
		option_bad_value(name, value, "It must be on or off.");
}

void
set_seconds(const char *name, const char *value, void *field)
{
	const char *hint = NULL;
	double		seconds;

	if (!parse_real(value, &seconds, GUC_UNIT_S, &hint) ||
		!(seconds > 0 && seconds <= 86400))
		option_bad_value(name, value,
				  hint ? hint : "It must be a number of seconds above 0 and up to a day.");
	*(double *) field = seconds;
}

void
set_size(const char *name, const char *value, void *field)
{
	const char *hint = NULL;
	int			kilobytes;

	if (!parse_int(value, &kilobytes, GUC_UNIT_KB, &hint) ||
		kilobytes < 64 || kilobytes > 1024 * 1024)
		option_bad_value(name, value, hint ? hint : "It must be between 64kB and 1GB.");
	*(size_t *) field = (size_t) kilobytes * 1024;
}

void
set_cost(const char *name, const char *value, void *field)
{
	const char *hint = NULL;
	double		cost;

	if (!parse_real(value, &cost, 0, &hint) || !(cost >= 0) || isinf(cost))
		option_bad_value(name, value, "It must be a number of at least 0.");
	*(double *) field = cost;
}

/* ---- tables of options ---- */

/*
 * Set one option of an object in this catalog.  False if there is no such
 * option.  base is the struct that the catalog's options go to.  Raises if the
 * value is bad.
 */
bool
option_set(const OptionEntry *options, int count, Oid catalog, const DefElem *def, void *base)
{
	for (int i = 0; i < count; i++)
	{
		if (options[i].catalog == catalog &&
			strcmp(options[i].name, def->defname) == 0)
		{
			options[i].set(def->defname, defGetString(unconstify(DefElem *, def)),
						   (char *) base + options[i].offset);
			return true;
		}
	}
	return false;
}

/*
 * Refuse an unknown option with a hint that names the valid ones.
 */
void
option_unknown(const OptionEntry *options, int count, Oid catalog, const char *name)
{
	StringInfoData valid;

	initStringInfo(&valid);
	for (int i = 0; i < count; i++)
	{
		if (options[i].catalog == catalog)
			appendStringInfo(&valid, "%s%s", valid.len > 0 ? ", " : "", options[i].name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
			 errmsg("invalid option \"%s\"", name),
			 valid.len > 0
			 ? errhint("Valid options in this context are: %s", valid.data)
			 : errhint("There are no valid options in this context.")));
}

/* ---- user mappings ---- */

/*
 * The options of the user's mapping, or of the public one; none is fine.
 * GetUserMapping would raise.
 */
List *
options_of_mapping(Oid serverid, Oid userid)
{
	HeapTuple	tuple;
	Datum		datum;
	bool		isnull;
	List	   *defs = NIL;

	tuple = SearchSysCache2(USERMAPPINGUSERSERVER,
							ObjectIdGetDatum(userid), ObjectIdGetDatum(serverid));
	if (!HeapTupleIsValid(tuple))
		tuple = SearchSysCache2(USERMAPPINGUSERSERVER,
								ObjectIdGetDatum(InvalidOid), ObjectIdGetDatum(serverid));
	if (!HeapTupleIsValid(tuple))
		return NIL;
	datum = SysCacheGetAttr(USERMAPPINGUSERSERVER, tuple,
							Anum_pg_user_mapping_umoptions, &isnull);
	if (!isnull)
		defs = untransformRelOptions(datum);
	ReleaseSysCache(tuple);
	return defs;
}

/* ---- requests over HTTP ---- */

/*
 * What requests are like unless options say otherwise.
 */
void
http_options_init(HttpOptions *http, Oid serverid, Oid userid)
{
	memset(http, 0, sizeof(HttpOptions));
	http->serverid = serverid;
	http->userid = userid;
	http->networkid = serverid;
	http->connect_timeout = 10;
	http->read_timeout = 250;
	http->max_buffer = 64 * 1024 * 1024;
	http->max_repeats = 2;
	http->keep_connections = true;
	http->compression = true;
	http->ssl_verify = true;
	http->user_agent = "biconnector_fdw/" BICONNECTOR_VERSION;
}

static void
superuser_only(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to set option \"%s\"", name),
			 errhint("Files of the server machine and turning off \"ssl_verify\" are for superusers.")));
}

/*
 * Raise an error if the current user may not set what is set here.  ssl_verify
 * must have been on before.
 */
void
http_options_check_superuser(const HttpOptions *http)
{
	if (superuser())
		return;
	if (http->ssl_ca_file)
		superuser_only("ssl_ca_file");
	if (http->ssl_cert_file)
		superuser_only("ssl_cert_file");
	if (http->ssl_key_file)
		superuser_only("ssl_key_file");
	if (!http->ssl_verify)
		superuser_only("ssl_verify");
}

