/*-------------------------------------------------------------------------
 *
 * scan.h
 *	  The state of a scan, which scan.c changes and explain.c shows, and
 *	  what scan.c needs for long lists.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_SCAN_H
#define BICONNECTOR_SCAN_H

#include "biconnector_fdw.h"

#include "utils/tuplestore.h"

/* ---- long_list.c: lists that take several requests ---- */

typedef struct LongList LongList;

extern LongList *long_list_create(const TableOptions *table, TupleDesc tupdesc,
								  const FilterCondition *condition, int room);
extern FilterCondition *long_list_condition(LongList *list);
extern bool long_list_next(LongList *list);
extern void long_list_finish(LongList *list, bool all);
extern bool long_list_counts(const LongList *list, Datum value, bool isnull);

/* ---- scan.c ---- */

/* A column of the slot that rows are put into */
typedef struct ScanTarget
{
	int			index;			/* in the slot */
	int			place;			/* of its field among the request's */
	Converter  *converter;
} ScanTarget;

typedef struct ConnectorScan
{
	TableOptions *table;

	/* from the plan */
	List	   *columns;		/* attribute numbers to fill */
	List	   *filters;		/* of FilterExpr *: conditions to be sent */
	List	   *filter_values;	/* of ExprState *: their values */
	List	   *limit_values;	/* of ExprState *: LIMIT and OFFSET to be sent */
	Bitmapset  *params;			/* the executor's parameters in these */

	/* what a request for the columns looks like */
	List	   *fields;			/* codes, each once */
	List	   *slots;			/* for each of columns: place of its field */
	bool		select_all;
	ScanTarget *targets;		/* the columns, with how to fill them */
	int			ntargets;

	/* the request that is running */
	MemoryContext request_context;
	MemoryContext row_context;
	DataRequest request;
	LongList   *list;			/* a condition of which a request has only a
								 * part; or NULL */
	List	   *suspects;		/* conditions without which it was asked for
								 * again, because it was refused */
	DataAnswer *answer;			/* NULL before the first row is asked for */
	bool		answered;		/* and not refused */
	bool		complete;		/* the answer has been read to its end, and is
								 * closed */
	bool		full;			/* ... and had as many rows as a LIMIT allows */
	bool		ended;			/* there are no more rows in this pass */
	bool		matched;		/* a row has passed the check of what was sent */
	bool		streaming;		/* ... and rows go straight from the answer to
								 * the slot until it ends */
	uint64		removed_before;	/* of rows_removed, those of earlier requests */
	Tuplestorestate *store;		/* the rows that have passed; NULL if they are
								 * not kept */
	TupleTableSlot *store_slot;
	Bitmapset  *withheld;		/* conditions, by their place in the plan, not
								 * to be sent in this scan */
	bool		fresh;			/* the source's settings were looked up in this
								 * pass */
	bool		unlimited;		/* LIMIT is not sent any more in this scan */
	bool		keep;			/* rows are kept for when the scan starts over */
	bool		replays;		/* this pass began with the rows of the last one */

	/* under an Append that reads its scans at the same time, see async.c */
	bool		async;
	bool		pending;		/* there was no row because it has not arrived */

	/* for EXPLAIN ANALYZE, over all requests of the node */
	HttpStatistics statistics;
	uint64		rows_received;
	uint64		rows_removed;
	Bitmapset  *sent;			/* conditions, by their place in the plan */
	uint64		rescans_replayed;	/* passes without a request of their own */
	uint64		refused;		/* requests repeated without filter */
	uint64		renewed;		/* requests repeated with new settings of the
								 * source */
	uint64		unlimited_requests; /* requests repeated without LIMIT */
	uint64		doubted;		/* empty answers that were not believed at
								 * once */
} ConnectorScan;

extern DataStatus scan_next_row(ForeignScanState *node, bool wait);

#endif							/* BICONNECTOR_SCAN_H */
