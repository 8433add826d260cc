/*-------------------------------------------------------------------------
 *
 * portal_scan.h
 *	  Reading a portal's tables: what the files for plan, scan, EXPLAIN and
 *	  requests share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_PORTAL_SCAN_H
#define BICONNECTOR_PORTAL_SCAN_H

#include "portal_object.h"

#include "utils/tuplestore.h"

/* ---- portal_plan.c: relation size, costs, paths and plan ---- */

/*
 * Elements of ForeignScan.fdw_private, in this order.  ForeignScan.fdw_exprs are the
 * values of the conditions that are sent, and ForeignScan.fdw_recheck_quals the
 * conditions themselves.
 */
enum PortalPrivateIndex
{
	PORTAL_PRIVATE_COLUMNS,		/* integers: attribute numbers that the query
								 * needs */
	PORTAL_PRIVATE_FILTERS,		/* per condition that is sent, what
								 * filter_to_plan makes */
	PORTAL_PRIVATE_ORDER,		/* integers: attribute numbers, negative where it
								 * descends; empty: by id */
	PORTAL_PRIVATE_WHOLE		/* integer: is it read to its end first? */
};

extern void portalGetForeignRelSize(PlannerInfo *root, RelOptInfo *baserel, Oid foreigntableid);
extern void portalGetForeignPaths(PlannerInfo *root, RelOptInfo *baserel, Oid foreigntableid);
extern ForeignScan *portalGetForeignPlan(PlannerInfo *root, RelOptInfo *baserel,
										 Oid foreigntableid, ForeignPath *best_path, List *tlist,
										 List *scan_clauses, Plan *outer_plan);

/* ---- portal_filter.c: conditions that a portal is asked for ---- */

/* Who asks for a list by key asks for this many rows at a time */
#define PORTAL_PAGE 50

extern TableOptions *portal_filter_table(const PortalTable *table);
extern bool portal_filter_fits(const FilterCondition *condition);
extern jsonc_object *portal_filter_document(List *conditions);

/* ---- portal_read.c: objects from lists and one by one ---- */

typedef struct PortalReader PortalReader;

extern PortalReader *portal_reader_create(const PortalTable *table, List *columns, List *order);
extern void portal_reader_start(PortalReader *reader, List *conditions);
extern bool portal_reader_next(PortalReader *reader);
extern jsonc_object *portal_reader_member(PortalReader *reader, const PortalColumn *column);
extern uint64 portal_reader_calls(const PortalReader *reader);
extern void portal_reader_close(PortalReader *reader);
extern const char *portal_reader_position(const PortalReader *reader);
extern bool portal_reader_gets(const PortalReader *reader);
extern List *portal_reader_select(const PortalReader *reader);
extern char *portal_reader_order(const PortalReader *reader);
extern bool portal_gets_by_id(const PortalTable *table, List *columns, bool list);

/* ---- portal_scan.c: running a scan ---- */

typedef struct PortalScan
{
	PortalTable *table;
	TableOptions *filter_table; /* the same, as filter.c wants it */

	/* from the plan */
	List	   *columns;		/* attribute numbers to fill */
	List	   *filters;		/* of FilterExpr *: conditions to be sent */
	List	   *filter_values;	/* of ExprState *: their values */
	Bitmapset  *params;			/* the executor's parameters in these */
	bool		whole;			/* all is read before a row is handed out */

	PortalReader *reader;
	PortalValue **values;		/* parallel to columns */
	MemoryContext request_context;
	MemoryContext row_context;
	bool		started;		/* the reader has been told what to read */
	bool		complete;		/* ... and has no more rows */
	bool		never;			/* no row can satisfy the conditions */
	bool		keep;			/* rows are kept for when the scan starts over */
	bool		replays;		/* this pass began with the rows of the last one */
	Tuplestorestate *store;		/* the rows that have passed, or NULL */
	TupleTableSlot *store_slot;

	/* for EXPLAIN ANALYZE, over all passes */
	uint64		rows_received;
	uint64		rows_removed;
	uint64		rescans_replayed;
	Bitmapset  *sent;			/* conditions, by their place in the plan */
} PortalScan;

extern void portalBeginForeignScan(ForeignScanState *node, int eflags);
extern TupleTableSlot *portalIterateForeignScan(ForeignScanState *node);
extern void portalReScanForeignScan(ForeignScanState *node);
extern void portalEndForeignScan(ForeignScanState *node);

/* ---- portal_explain.c: what EXPLAIN shows of a scan ---- */

extern void portalExplainForeignScan(ForeignScanState *node, struct ExplainState *es);

/* ---- portal_import.c: IMPORT FOREIGN SCHEMA ---- */

extern List *portalImportForeignSchema(ImportForeignSchemaStmt *stmt, Oid serverid);

#endif							/* BICONNECTOR_PORTAL_SCAN_H */
