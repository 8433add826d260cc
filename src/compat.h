/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Every difference between the PostgreSQL versions this extension is
 *	  built for (13 to 18), and nothing else.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_COMPAT_H
#define BICONNECTOR_COMPAT_H

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/namespace.h"
#include "commands/vacuum.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "parser/parsetree.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/sampling.h"

/*
 * This one wants ICU's headers, which need not be installed with PostgreSQL's.
 * Nothing that is used here depends on them.
 */
#ifdef USE_ICU
#undef USE_ICU
#include "utils/pg_locale.h"
#define USE_ICU 1
#else
#include "utils/pg_locale.h"
#endif

#if PG_VERSION_NUM < 130000
#error "biconnector_fdw needs PostgreSQL 13 or later"
#endif

/* 16 moved the varlena macros out of postgres.h */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 14 added scans that run at the same time under an Append */
#if PG_VERSION_NUM >= 140000
#define COMPAT_ASYNC
#include "executor/execAsync.h"
#endif

/* 16 added errors that are returned instead of raised */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#endif

/* 19 moved get_database_name(), and its headers include fewer others */
#if PG_VERSION_NUM >= 190000
#include "utils/lsyscache.h"
#include "utils/wait_event.h"
#endif

/* 18 split the header of EXPLAIN */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#else
#include "commands/explain.h"
#endif

/* 18 lets a module tell its name and version */
#if PG_VERSION_NUM >= 180000
#define COMPAT_MODULE_MAGIC(number) \
	PG_MODULE_MAGIC_EXT(.name = "biconnector_fdw", .version = number)
#else
#define COMPAT_MODULE_MAGIC(number) PG_MODULE_MAGIC
#endif

/* 15 lets a module claim the names of its parameters for good */
static inline void
compat_reserve_prefix(const char *prefix)
{
#if PG_VERSION_NUM >= 150000
	MarkGUCPrefixReserved(prefix);
#else
	EmitWarningsOnPlaceholders(prefix);
#endif
}

/* 16 has one function for the rights on any object */
static inline AclResult
compat_server_aclcheck(Oid serverid, Oid userid, AclMode mode)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(ForeignServerRelationId, serverid, userid, mode);
#else
	return pg_foreign_server_aclcheck(serverid, userid, mode);
#endif
}

/* 18 has columns that are computed when they are read: they have no field */
#if PG_VERSION_NUM >= 180000
#define compat_is_virtual(attribute) ((attribute)->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
#else
#define compat_is_virtual(attribute) false
#endif

/* 14 made "never analyzed" a value of its own, before it was zero pages */
static inline bool
compat_relation_has_statistics(RelOptInfo *rel)
{
#if PG_VERSION_NUM >= 140000
	return rel->tuples >= 0;
#else
	return rel->pages > 0 || rel->tuples > 0;
#endif
}

/* 14 looks columns up in the planner's state */
static inline Relids
compat_pull_varnos(PlannerInfo *root, Node *node)
{
#if PG_VERSION_NUM >= 140000
	return pull_varnos(root, node);
#else
	return pull_varnos(node);
#endif
}

/* 18 keeps what is known of a collation in one place */
static inline bool
compat_collation_is_c(Oid collation)
{
#if PG_VERSION_NUM >= 180000
	return pg_newlocale_from_collation(collation)->collate_is_c;
#else
	return lc_collate_is_c(collation);
#endif
}

/*
 * 16 moved the user whose rights count for a relation from the range table
 * entry to the permission info, and gave planner and executor a copy.
 */
static inline Oid
compat_planner_userid(PlannerInfo *root, RelOptInfo *rel)
{
#if PG_VERSION_NUM >= 160000
	Oid			userid = rel->userid;
#else
	Oid			userid = planner_rt_fetch(rel->relid, root)->checkAsUser;
#endif

	return OidIsValid(userid) ? userid : GetUserId();
}

static inline Oid
compat_executor_userid(ForeignScanState *node)
{
#if PG_VERSION_NUM >= 160000
	Oid			userid = ((ForeignScan *) node->ss.ps.plan)->checkAsUser;
#else
	Oid			userid = exec_rt_fetch(((ForeignScan *) node->ss.ps.plan)->scan.scanrelid,
									   node->ss.ps.state)->checkAsUser;
#endif

	return OidIsValid(userid) ? userid : GetUserId();
}

/*
 * Modifying a foreign table: 14 plans its targets by another signature, and knows
 * the columns of a SET list by table.  compat_add_target() adds a column to what
 * the rows to be changed are identified by.
 */
#if PG_VERSION_NUM >= 140000
#define COMPAT_UPDATE_TARGETS \
	PlannerInfo *root, Index rtindex, RangeTblEntry *target_rte, Relation target_relation
#define COMPAT_UPDATE_TARGETS_PASSED root, rtindex, target_rte, target_relation
#define COMPAT_TARGET_QUERY (root->parse)
#define compat_add_target(attnum, type, typmod, collation, name) \
	add_row_identity_var(root, makeVar(rtindex, attnum, type, typmod, collation, 0), rtindex, name)
#else
#define COMPAT_UPDATE_TARGETS \
	Query *parsetree, RangeTblEntry *target_rte, Relation target_relation
#define COMPAT_UPDATE_TARGETS_PASSED parsetree, target_rte, target_relation
#define COMPAT_TARGET_QUERY parsetree
#define compat_add_target(attnum, type, typmod, collation, name) \
	(parsetree->targetList = \
	 lappend(parsetree->targetList, \
			 makeTargetEntry((Expr *) makeVar(parsetree->resultRelation, attnum, type, typmod, collation, 0), \
							 list_length(parsetree->targetList) + 1, pstrdup(name), true)))
#endif

/* The columns in the SET list of an UPDATE, as integer list */
static inline List *
compat_set_columns(PlannerInfo *root, ModifyTable *plan, Index rtindex, int subplan_index)
{
#if PG_VERSION_NUM >= 140000
	return list_copy(list_nth(plan->updateColnosLists, subplan_index));
#else
	Bitmapset  *columns = planner_rt_fetch(rtindex, root)->updatedCols;
	List	   *list = NIL;
	int			member = -1;

	while ((member = bms_next_member(columns, member)) >= 0)
		list = lappend_int(list, member + FirstLowInvalidHeapAttributeNumber);
	return list;
#endif
}

/* The plan whose rows a statement writes */
static inline Plan *
compat_modify_subplan(ModifyTableState *node, int subplan_index)
{
#if PG_VERSION_NUM >= 140000
	return outerPlanState(node)->plan;
#else
	return node->mt_plans[subplan_index]->plan;
#endif
}

/* The user whose rights count for a table that is written */
static inline Oid
compat_modify_userid(ResultRelInfo *rel, EState *estate)
{
#if PG_VERSION_NUM >= 160000
	return ExecGetResultRelCheckAsUser(rel, estate);
#else
	Index		rtindex = rel->ri_RangeTableIndex;
	Oid			userid = InvalidOid;

#if PG_VERSION_NUM >= 140000
	/* partitions that rows are routed to have none */
	if (rtindex == 0 && rel->ri_RootResultRelInfo)
		rtindex = rel->ri_RootResultRelInfo->ri_RangeTableIndex;
#endif
	if (rtindex > 0)
		userid = exec_rt_fetch(rtindex, estate)->checkAsUser;
	return OidIsValid(userid) ? userid : GetUserId();
#endif
}

/* 14 can insert several rows at once */
#if PG_VERSION_NUM >= 140000
#define COMPAT_BATCHES
#endif

/* 17 added the restrictions of a join, 18 the count of disabled nodes */
static inline ForeignPath *
compat_create_foreignscan_path(PlannerInfo *root, RelOptInfo *rel,
							   double rows, Cost startup_cost, Cost total_cost,
							   Relids required_outer, List *fdw_private)
{
	return create_foreignscan_path(root, rel, NULL, rows,
#if PG_VERSION_NUM >= 180000
								   0,
#endif
								   startup_cost, total_cost,
								   NIL, required_outer, NULL,
#if PG_VERSION_NUM >= 170000
								   NIL,
#endif
								   fdw_private);
}

/* 18 writes the direction of a sort key in another way */
static inline bool
compat_pathkey_descends(const PathKey *pathkey)
{
#if PG_VERSION_NUM >= 180000
	return pathkey->pk_cmptype == COMPARE_GT;
#else
	return pathkey->pk_strategy == BTGreaterStrategyNumber;
#endif
}

/* 14 plans a statement that changes several tables in one go */
static inline bool
compat_is_target(PlannerInfo *root, RelOptInfo *rel)
{
#if PG_VERSION_NUM >= 140000
	return bms_is_member(rel->relid, root->all_result_relids);
#else
	return root->parse->resultRelation == rel->relid;
#endif
}

/* 15 has a generator of its own for samples, and passes its state by address */
static inline double
compat_random_fract(ReservoirStateData *state)
{
#if PG_VERSION_NUM >= 150000
	return sampler_random_fract(&state->randstate);
#else
	return sampler_random_fract(state->randstate);
#endif
}

/* 18 tells apart for whom VACUUM and ANALYZE pause */
static inline void
compat_vacuum_delay_point(void)
{
#if PG_VERSION_NUM >= 180000
	vacuum_delay_point(true);
#else
	vacuum_delay_point();
#endif
}

/* 17 lets wait events have names of an extension's own; *event starts as 0 */
static inline uint32
compat_wait_event(uint32 *event, const char *name)
{
#if PG_VERSION_NUM >= 170000
	if (*event == 0)
		*event = WaitEventExtensionNew(name);
	return *event;
#else
	return PG_WAIT_EXTENSION;
#endif
}

/* 19 gave it another name */
#if PG_VERSION_NUM >= 190000
#define COMPAT_WORKER_INSTRUMENTATION WorkerNodeInstrumentation
#else
#define COMPAT_WORKER_INSTRUMENTATION WorkerInstrumentation
#endif

/* Is the scan one of those that run at the same time? */
static inline bool
compat_is_async(const ForeignScanState *node)
{
#ifdef COMPAT_ASYNC
	return node->ss.ps.async_capable;
#else
	return false;
#endif
}

/* 17 lets a resource owner watch over it; we free it ourselves */
static inline WaitEventSet *
compat_create_wait_event_set(MemoryContext context, int events)
{
#if PG_VERSION_NUM >= 170000
	return CreateWaitEventSet(NULL, events);
#else
	return CreateWaitEventSet(context, events);
#endif
}

/*
 * libcurl: 7.85 names protocols by strings, 7.87 lets a handle go while its
 * name is still being resolved; in 8.20 the threads that do it belong to the
 * multi handle, which has to be told the same.  For files that include
 * libcurl's header before this one.
 */
#ifdef LIBCURL_VERSION_NUM
#if LIBCURL_VERSION_NUM >= 0x075500
#define COMPAT_CURLOPT_PROTOCOLS CURLOPT_PROTOCOLS_STR
#define COMPAT_CURL_HTTP_AND_HTTPS "http,https"
#else
#define COMPAT_CURLOPT_PROTOCOLS CURLOPT_PROTOCOLS
#define COMPAT_CURL_HTTP_AND_HTTPS ((long) (CURLPROTO_HTTP | CURLPROTO_HTTPS))
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
#define COMPAT_CURL_QUICK_EXIT(easy) SETOPT(easy, CURLOPT_QUICK_EXIT, 1L)
#define COMPAT_CURL_WAITS_FOR_NAMES false
#else
#define COMPAT_CURL_QUICK_EXIT(easy) ((void) 0)
#define COMPAT_CURL_WAITS_FOR_NAMES true
#endif
#if LIBCURL_VERSION_NUM >= 0x081400
#define COMPAT_CURL_MULTI_QUICK_EXIT(multi) \
	curl_multi_setopt(multi, CURLMOPT_QUICK_EXIT, 1L)
#else
#define COMPAT_CURL_MULTI_QUICK_EXIT(multi) ((void) 0)
#endif
#endif

/* 18 has a new name, put first, for functions that do not return */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/*
 * 14 can make a numeric of digits and the number of those behind the point.
 * For that, it brings the number of those to a multiple of four.  Its first
 * minor releases get it wrong where digits times the factor overflows.
 */
#if PG_VERSION_NUM >= 140000
#include "utils/numeric.h"
#define COMPAT_DECIMALS true
#define COMPAT_MAX_DECIMAL(scale) \
	((uint64) ((scale) % 4 == 0 ? PG_INT64_MAX : (scale) % 4 == 1 ? PG_INT64_MAX / 1000 : \
			   (scale) % 4 == 2 ? PG_INT64_MAX / 100 : PG_INT64_MAX / 10))
#define compat_decimal_to_numeric(digits, scale) \
	NumericGetDatum(int64_div_fast_to_numeric(digits, scale))
#else
#define COMPAT_DECIMALS false
#define COMPAT_MAX_DECIMAL(scale) ((uint64) PG_INT64_MAX)
#define compat_decimal_to_numeric(digits, scale) ((Datum) 0)
#endif

/*
 * 16 lets the input functions of the built-in types return their errors: the
 * error, or NULL after setting *result.  Before, they raise them, and this is
 * not to be called.
 */
#if PG_VERSION_NUM >= 160000
#define COMPAT_SOFT_INPUT true

static inline ErrorData *
compat_soft_input(FmgrInfo *input, char *text, Oid typioparam, int32 typmod,
				  Datum *result)
{
	ErrorSaveContext context = {.type = T_ErrorSaveContext,.details_wanted = true};

	if (InputFunctionCallSafe(input, text, typioparam, typmod, (Node *) &context, result))
		return NULL;
	return context.error_data;
}
#else
#define COMPAT_SOFT_INPUT false
#define compat_soft_input(input, text, typioparam, typmod, result) ((ErrorData *) NULL)
#endif

/*
 * Append a character of UTF-8 in the database's encoding.  False if that does
 * not have it.  14 can convert without raising.
 */
static inline bool
compat_append_converted(StringInfo out, char *character, int bytes)
{
#if PG_VERSION_NUM >= 140000
	int			encoding = GetDatabaseEncoding();
	Oid			proc = FindDefaultConversionProc(PG_UTF8, encoding);
	unsigned char converted[MAX_CONVERSION_GROWTH * 4 + 1];

	if (!OidIsValid(proc) ||
		pg_do_encoding_conversion_buf(proc, PG_UTF8, encoding, (unsigned char *) character,
									  bytes, converted, sizeof(converted), true) != bytes)
		return false;
	appendStringInfoString(out, (char *) converted);
	return true;
#else
	MemoryContext context = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		appendStringInfoString(out, pg_any_to_server(pnstrdup(character, bytes), bytes, PG_UTF8));
		done = true;
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_UNTRANSLATABLE_CHARACTER)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return done;
#endif
}

#endif							/* BICONNECTOR_COMPAT_H */
