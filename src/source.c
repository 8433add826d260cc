/*-------------------------------------------------------------------------
 *
 * source.c
 *	  Servers that are sources of a portal: their endpoints and settings, which
 *	  the portal tells.
 *
 * The portal is asked when the first request to the connector is about to be made,
 * with the user mapping of whoever asks the connector.  What it says is kept for the
 * session, for each server and user, until a server or a user mapping is altered.
 * Nothing tells us of changes in the portal: if the connector turns the settings
 * down, the portal is asked anew, once.
 *
 * Settings of a source are secrets like those of user mappings.  They are in this
 * memory and in requests to the connector, and nowhere else.
 *
 *-------------------------------------------------------------------------
 */
#include "source.h"

#include "common/hashfn.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "portal_object.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* What the portal has said of a source; all of it is in a context of its own */
typedef struct KnownSource
{
	MemoryContext context;
	Oid			serverid;
	Oid			userid;
	uint64		generation;		/* connection_generation() before the options
								 * were read that it was asked with */
	char	   *url_check;		/* NULL where the connector has none */
	char	   *url_table_list;
	char	   *url_table_description;
	char	   *url_data;
	List	   *settings;		/* of Setting * */
	uint32		hash;			/* of these */
} KnownSource;

static List *known_sources = NIL;

/*
 * Error context callback: what is being looked up.
 */
static void
look_up_context(void *arg)
{
	const ConnectorOptions *options = arg;

	errcontext("look-up of source " INT64_FORMAT " of server \"%s\" for server \"%s\"",
			   options->source_id, options->portal, options->servername);
}

/*
 * The portal of a server that is a source of one, with the mapping of the same user,
 * palloc'd.  Raises errors if there is none, or none that may be used for it.
 */
PortalOptions *
source_portal(const ConnectorOptions *options)
{
	ErrorContextCallback errcallback;
	ForeignServer *server;
	PortalOptions *portal;

	errcallback.callback = look_up_context;
	errcallback.arg = unconstify(ConnectorOptions *, options);
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	server = usable_portal_server(options->portal, options->userid);

	/* who may say which source it is may say where the portal is, and nobody else */
	if (server->owner != GetForeignServer(options->serverid)->owner)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("servers \"%s\" and \"%s\" have different owners",
						options->servername, options->portal),
				 errdetail("A server that is a source of a portal must belong to the owner of the portal's server."),
				 errhint("ALTER SERVER ... OWNER TO changes the owner.")));
	portal = get_portal_options(server->serverid, options->userid);
	error_context_stack = errcallback.previous;
	return portal;
}

/* ---- asking the portal ---- */

/*
 * A URL of the connector, or NULL if it has none.  Raises an error if requests must
 * not go there.
 */
static char *
read_url(const ConnectorOptions *options, jsonc_object *connector, const char *key)
{
	char	   *url = document_text(portal_item_member(connector, key));
	const char *problem;

	if (url == NULL || url[0] == '\0')
		return NULL;
	problem = http_url_problem(url, false);
	if (problem)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("the connector of source " INT64_FORMAT " of server \"%s\" has an invalid \"%s\"",
						options->source_id, options->portal, key),
				 errdetail_internal("%s", problem)));
	return url;
}

/*
 * The settings of a source, a list of Setting *.  Errors do not show the values.
 */
static List *
read_source_settings(const ConnectorOptions *options, jsonc_object *item)
{
	jsonc_object *object = portal_item_member(item, "settings");
	List	   *settings = NIL;

	object = object ? portal_settings_by_code(object) : NULL;
	if (object == NULL)
		return NIL;
	if (!json_object_is_type(object, json_type_object))
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("the settings of source " INT64_FORMAT " of server \"%s\" cannot be understood",
						options->source_id, options->portal)));
	jsonc_foreach(object, member)
	{
		const char *code = json_object_iter_peek_name(&member);
		jsonc_object *value = json_object_iter_peek_value(&member);
		Setting    *setting;

		/* one that has not been given a value */
		if (value == NULL)
			continue;
		setting = palloc(sizeof(Setting));
		setting->code = pstrdup(pg_any_to_server(code, strlen(code), PG_UTF8));
		setting->value = document_text(value);
		if (setting->value == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("setting \"%s\" of source " INT64_FORMAT " of server \"%s\" is not a text",
							setting->code, options->source_id, options->portal)));
		settings = lappend(settings, setting);
	}
	return settings;
}

static uint32
hash_text(uint32 hash, const char *text)
{
	/* with the zero at its end, so that texts do not run into each other */
	return text ? hash_combine(hash, hash_bytes((const unsigned char *) text, strlen(text) + 1)) : hash;
}

static uint32
hash_source(const KnownSource *source)
{
	uint32		hash = hash_text(0, source->url_data);
	ListCell   *lc;

	foreach(lc, source->settings)
	{
		const Setting *setting = lfirst(lc);

		hash = hash_text(hash_text(hash, setting->code), setting->value);
	}
	return hash;
}

/*
 * Ask the portal; fill in what it says, in the current memory context.
 */
static void
ask_portal(const ConnectorOptions *options, PortalOptions *portal, KnownSource *source)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext answers = AllocSetContextCreate(context, "biconnector look-up",
												  ALLOCSET_DEFAULT_SIZES);
	jsonc_object *item;
	jsonc_object *connector;
	int64		connector_id;

	MemoryContextSwitchTo(answers);
	item = portal_get(portal, portal_object_by_name("sources"), options->source_id);
	if (item == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("server \"%s\" has no source " INT64_FORMAT,
						options->portal, options->source_id),
				 errhint("The option \"source_id\" of server \"%s\" says which source it is.",
						 options->servername)));
	if (!portal_boolean(portal_item_member(item, "active"), true))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("source " INT64_FORMAT " of server \"%s\" is not active",
						options->source_id, options->portal),
				 errhint("Where the portal's tables are imported, UPDATE sources SET active = true WHERE id = " INT64_FORMAT " activates it.",
						 options->source_id)));
	if (!portal_integer(portal_item_member(item, "connectorId"), &connector_id))
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("server \"%s\" does not say which connector source " INT64_FORMAT " has",
						options->portal, options->source_id)));
	MemoryContextSwitchTo(context);
	source->settings = read_source_settings(options, item);

	MemoryContextSwitchTo(answers);
	connector = portal_get(portal, portal_object_by_name("connectors"), connector_id);
	if (connector == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("server \"%s\" has no connector " INT64_FORMAT ", to which source " INT64_FORMAT " belongs",
						options->portal, connector_id, options->source_id)));
	MemoryContextSwitchTo(context);
	source->url_check = read_url(options, connector, "urlCheck");
	source->url_table_list = read_url(options, connector, "urlTableList");
	source->url_table_description = read_url(options, connector, "urlTableDescription");
	source->url_data = read_url(options, connector, "urlData");
	source->hash = hash_source(source);
	MemoryContextDelete(answers);
}

/* ---- what the session knows ---- */

static void
forget(KnownSource *source)
{
	known_sources = list_delete_ptr(known_sources, source);
	MemoryContextDelete(source->context);
}

/*
 * What is known of a server's source for this user, or NULL.
 */
static KnownSource *
find_known(const ConnectorOptions *options)
{
	ListCell   *lc;

	foreach(lc, known_sources)
	{
		KnownSource *source = lfirst(lc);

		if (source->serverid != options->serverid || source->userid != options->userid)
			continue;
		if (source->generation == options->http.generation)
			return source;
		forget(source);
		return NULL;
	}
	return NULL;
}

/*
 * Forget the sources of a server, for all users; of all servers if it is InvalidOid.
 */
void
source_forget(Oid serverid)
{
	ListCell   *lc;

	foreach(lc, known_sources)
	{
		KnownSource *source = lfirst(lc);

		if (OidIsValid(serverid) && source->serverid != serverid)
			continue;
		known_sources = foreach_delete_current(known_sources, lc);
		MemoryContextDelete(source->context);
	}
}

/*
 * Ask the portal, and know from now on what it says.
 */
static KnownSource *
look_up(const ConnectorOptions *options, PortalOptions *portal)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "biconnector source",
												  ALLOCSET_SMALL_SIZES);
	KnownSource *source = MemoryContextAllocZero(context, sizeof(KnownSource));
	KnownSource *old;
	ErrorContextCallback errcallback;

	errcallback.callback = look_up_context;
	errcallback.arg = unconstify(ConnectorOptions *, options);
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	source->context = context;
	source->serverid = options->serverid;
	source->userid = options->userid;
	source->generation = options->http.generation;
	MemoryContextSwitchTo(context);
	ask_portal(options, portal, source);

	old = find_known(options);

	/* what the connector did right is about another one, or other data */
	if (old == NULL || old->hash != source->hash)
		trust_forget(options->serverid);
	if (old)
		forget(old);
	MemoryContextSwitchTo(TopMemoryContext);
	known_sources = lappend(known_sources, source);
	MemoryContextSetParent(context, TopMemoryContext);
	MemoryContextSwitchTo(caller);
	error_context_stack = errcallback.previous;
	return source;
}

/* ---- servers ---- */

static char *
copy_of(const char *text)
{
	return text ? pstrdup(text) : NULL;
}

/*
 * Put what is known into the options of a server, in the current memory context.
 */
static void
use_source(ConnectorOptions *options, const PortalOptions *portal, const KnownSource *source)
{
	List	   *settings = NIL;
	ListCell   *lc;

	inherit_http_options(options, &portal->http);
	options->url_check = copy_of(source->url_check);
	options->url_table_list = copy_of(source->url_table_list);
	options->url_table_description = copy_of(source->url_table_description);
	options->url_data = copy_of(source->url_data);
	foreach(lc, source->settings)
	{
		const Setting *known = lfirst(lc);
		Setting    *setting = palloc(sizeof(Setting));

		setting->code = pstrdup(known->code);
		setting->value = pstrdup(known->value);
		settings = lappend(settings, setting);
	}
	options->settings = override_settings(settings,
										  settings_of_user(options->serverid, options->userid));
	options->source_hash = source->hash;
	options->looked_up = true;
}

/*
 * See that endpoints and settings are there before a request is made: if the server
 * is a source of a portal, as the session knows them, or else the portal.  They are
 * palloc'd, and must live as long as the options.  Returns whether the portal has been
 * asked.  Raises errors of the portal and of the connection to it, query cancel, and
 * errors if the source cannot be used.
 */
bool
source_require(ConnectorOptions *options)
{
	PortalOptions *portal;
	KnownSource *source;

	if (options->portal == NULL || options->looked_up)
		return false;
	portal = source_portal(options);
	source = find_known(options);
	use_source(options, portal, source ? source : look_up(options, portal));
	return source == NULL;
}

/*
 * The same, but the portal is asked in any case.
 */
void
source_look_up(ConnectorOptions *options)
{
	PortalOptions *portal;

	if (options->portal == NULL)
		return;
	portal = source_portal(options);
	use_source(options, portal, look_up(options, portal));
}

/*
 * The connector does not take the settings, see connector_data_unauthorized(): ask
 * the portal whether there are others by now.  If there are not, raises what the
 * connector has said.  The rest is as source_look_up() has it.
 */
void
source_renew(TableOptions *table, const DataAnswer *answer)
{
	uint32		hash = table->connector.source_hash;

	source_look_up(&table->connector);
	if (table->connector.source_hash == hash)
		connector_data_raise(answer);
}
