/*-------------------------------------------------------------------------
 *
 * biconnector_fdw.c
 *	  The module: magic, parameters, and the handler of the foreign data
 *	  wrapper.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "commands/dbcommands.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/guc.h"

COMPAT_MODULE_MAGIC(BICONNECTOR_VERSION);

extern PGDLLEXPORT void _PG_init(void);

/* biconnector_fdw.application_name */
static char *application_name_template = NULL;

/*
 * Called when the library is loaded.
 */
void
_PG_init(void)
{
	/*
	 * As in postgres_fdw: the name under which the session appears on the
	 * other side, which is the header User-Agent.  Text with escapes, see
	 * user_agent_of_session(); default empty, which leaves it to the server option
	 * user_agent.
	 */
	DefineCustomStringVariable("biconnector_fdw.application_name",
							   "Sets the name that connectors see as User-Agent.",
							   "It takes precedence over the server option \"user_agent\".",
							   &application_name_template, "", PGC_USERSET, 0,
							   NULL, NULL, NULL);
	compat_reserve_prefix("biconnector_fdw");
}

/*
 * What biconnector_fdw.application_name says, palloc'd, or NULL if it says
 * nothing.  The escapes are those of postgres_fdw: %a application name, %c session
 * id, %C cluster name, %d database, %p process id, %u user, and %% for a percent
 * sign.  What may not stand in a header becomes a question mark.
 */
char *
user_agent_of_session(void)
{
	StringInfoData name;
	const char *p;

	if (application_name_template == NULL || application_name_template[0] == '\0')
		return NULL;
	initStringInfo(&name);
	for (p = application_name_template; *p; p++)
	{
		const char *text = NULL;

		if (*p != '%' || p[1] == '\0')
		{
			appendStringInfoChar(&name, *p);
			continue;
		}
		switch (*++p)
		{
			case 'a':
				text = GetConfigOption("application_name", true, false);
				break;
			case 'c':
				appendStringInfo(&name, "%lx.%x", (long) MyStartTime, MyProcPid);
				break;
			case 'C':
				text = GetConfigOption("cluster_name", true, false);
				break;
			case 'd':
				text = get_database_name(MyDatabaseId);
				break;
			case 'p':
				appendStringInfo(&name, "%d", MyProcPid);
				break;
			case 'u':
				text = GetUserNameFromId(GetSessionUserId(), true);
				break;
			case '%':
				text = "%";
				break;
			default:
				/* as it is written */
				appendStringInfo(&name, "%%%c", *p);
				break;
		}
		if (text)
			appendStringInfoString(&name, text);
	}
	for (char *c = name.data; *c; c++)
	{
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	}
	return name.len > 0 ? name.data : NULL;
}

PG_FUNCTION_INFO_V1(biconnector_fdw_handler);

/*
 * biconnector_fdw_handler() returns fdw_handler
 *
 * The callbacks of biconnector_fdw: connectors are read, never written.
 */
Datum
biconnector_fdw_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = biconnectorGetForeignRelSize;
	routine->GetForeignPaths = biconnectorGetForeignPaths;
	routine->GetForeignPlan = biconnectorGetForeignPlan;
	routine->GetForeignUpperPaths = biconnectorGetForeignUpperPaths;
	routine->BeginForeignScan = biconnectorBeginForeignScan;
	routine->IterateForeignScan = biconnectorIterateForeignScan;
	routine->ReScanForeignScan = biconnectorReScanForeignScan;
	routine->EndForeignScan = biconnectorEndForeignScan;
	routine->ExplainForeignScan = biconnectorExplainForeignScan;
	routine->AnalyzeForeignTable = biconnectorAnalyzeForeignTable;
	routine->ImportForeignSchema = biconnectorImportForeignSchema;
	routine->IsForeignScanParallelSafe = biconnectorIsForeignScanParallelSafe;
#ifdef COMPAT_ASYNC
	routine->IsForeignPathAsyncCapable = biconnectorIsForeignPathAsyncCapable;
	routine->ForeignAsyncRequest = biconnectorForeignAsyncRequest;
	routine->ForeignAsyncConfigureWait = biconnectorForeignAsyncConfigureWait;
	routine->ForeignAsyncNotify = biconnectorForeignAsyncNotify;
#endif
	PG_RETURN_POINTER(routine);
}
