/*-------------------------------------------------------------------------
 *
 * analyze.c
 *	  ANALYZE: a random sample of a table's rows.
 *
 * There is no asking a connector for random rows, so all rows are asked for
 * and a reservoir keeps some of them.  A table may be too large for that:
 * analyze_limit says when to stop.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include <math.h>

#include "access/htup_details.h"
#include "commands/vacuum.h"
#include "foreign/foreign.h"
#include "optimizer/plancat.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/sampling.h"

/* The rows that are kept, and how many have gone by */
typedef struct Sample
{
	HeapTuple  *rows;			/* the caller's array */
	int			target;			/* its size */
	int			nrows;			/* how many it has */
	double		seen;
	double		to_skip;		/* rows before the next one to keep, once it
								 * is full; negative if that is to be chosen */
	ReservoirStateData state;
} Sample;

/*
 * The place of the next row in the sample, or -1 if it is to be passed over.
 * This is Vitter's algorithm, as for PostgreSQL's own tables: the first rows
 * fill the reservoir, and the later ones replace random ones of it.
 */
static int
place_of_next_row(Sample *sample)
{
	int			place = -1;

	if (sample->nrows < sample->target)
		place = sample->nrows++;
	else
	{
		if (sample->to_skip < 0)
			sample->to_skip = reservoir_get_next_S(&sample->state, sample->seen,
												   sample->target);
		if (sample->to_skip <= 0)
		{
			place = (int) (sample->target * compat_random_fract(&sample->state));
			heap_freetuple(sample->rows[place]);
		}
		sample->to_skip -= 1;
	}
	sample->seen += 1;
	return place;
}

/*
 * Read an answer to its end into the sample.  Every row is converted, those
 * that are passed over too: whether a value is readable must not depend on
 * chance.
 */
static void
read_sample(const TableOptions *table, TupleDesc tupdesc, DataAnswer *answer,
			List *columns, List *slots, Sample *sample)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext row_context = AllocSetContextCreate(caller, "biconnector row",
													  ALLOCSET_DEFAULT_SIZES);
	Converter **converters = palloc(sizeof(Converter *) * Max(list_length(columns), 1));
	Datum	   *datums = palloc0(sizeof(Datum) * Max(tupdesc->natts, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(tupdesc->natts, 1));
	ErrorContextCallback errcallback;
	RowsValue  *values;
	ListCell   *column;
	ListCell   *slot;

	foreach(column, columns)
		converters[foreach_current_index(column)] =
		converter_create(TupleDescAttr(tupdesc, lfirst_int(column) - 1),
						 &table->columns[lfirst_int(column) - 1], &table->connector);

	/* columns without a field stay NULL */
	memset(nulls, true, sizeof(bool) * tupdesc->natts);

	errcallback.callback = connector_data_context;
	errcallback.arg = answer;
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;

	while ((values = connector_data_next(answer)) != NULL)
	{
		int			place;

		compat_vacuum_delay_point();
		MemoryContextReset(row_context);
		MemoryContextSwitchTo(row_context);
		forboth(column, columns, slot, slots)
		{
			int			index = lfirst_int(column) - 1;

			datums[index] = converter_read(converters[foreach_current_index(column)],
										   &values[lfirst_int(slot)], &nulls[index]);
		}
		MemoryContextSwitchTo(caller);
		place = place_of_next_row(sample);
		if (place >= 0)
			sample->rows[place] = heap_form_tuple(tupdesc, datums, nulls);
	}
	error_context_stack = errcallback.previous;
	MemoryContextDelete(row_context);
}

/*
 * Say that there may be more rows than were looked at.
 */
static void
report_limit(const TableOptions *table, int limit)
{
	const char *option = limit < table->connector.analyze_limit ? "row_limit" : "analyze_limit";

	if (table->estimated_rows > limit)
		ereport(NOTICE,
				(errmsg_plural("ANALYZE of foreign table \"%s\" stopped after %d row",
							   "ANALYZE of foreign table \"%s\" stopped after %d rows",
							   limit, table->relname, limit),
				 errdetail("The option \"%s\" allows no more. The number of rows is taken from the option \"estimated_rows\": %.0f.",
						   option, table->estimated_rows)));
	else
		ereport(NOTICE,
				(errmsg_plural("ANALYZE of foreign table \"%s\" stopped after %d row",
							   "ANALYZE of foreign table \"%s\" stopped after %d rows",
							   limit, table->relname, limit),
				 errdetail("The option \"%s\" allows no more. If the table has more rows, the planner underestimates it.",
						   option),
				 errhint("Raise the limit, or say how many rows there are: ALTER FOREIGN TABLE %s OPTIONS (%s estimated_rows '...').",
						 quote_qualified_identifier(get_namespace_name(get_rel_namespace(table->relid)),
													table->relname),
						 option_action(GetForeignTable(table->relid)->options,
									   "estimated_rows"))));
}

/*
 * The callback that samples: fills rows, which has room for targrows, with
 * tuples in the current memory context, and returns their number.  *totalrows
 * is the estimate of the rows that the table has.
 *
 * Asks with the settings of the table's owner, as postgres_fdw does: ANALYZE
 * runs as the owner, too.
 */
static int
acquire_sample_rows(Relation relation, int elevel, HeapTuple *rows, int targrows,
					double *totalrows, double *totaldeadrows)
{
	TupleDesc	tupdesc = RelationGetDescr(relation);
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "biconnector analyze",
												  ALLOCSET_DEFAULT_SIZES);
	HttpStatistics statistics = {0};
	DataRequest request = {0};
	Sample		sample = {0};
	TableOptions *table;
	DataAnswer *answer;
	List	   *columns = NIL;
	List	   *slots;

	MemoryContextSwitchTo(context);
	table = get_table_options(RelationGetRelid(relation), relation->rd_rel->relowner);
	for (int attnum = 1; attnum <= table->ncolumns; attnum++)
	{
		if (table->columns[attnum - 1].field)
			columns = lappend_int(columns, attnum);
	}
	request.renewable = table->connector.portal && !source_require(&table->connector);
	request.select_all = select_fields(table, columns, &request.fields, &slots);

	/* more rows than that are none of our business, and no error */
	request.limit = Min(table->connector.row_limit, table->connector.analyze_limit);
	answer = connector_data(table, &request, &statistics);
	if (connector_data_unauthorized(answer))
	{
		source_renew(table, answer);
		connector_data_close(answer);
		request.renewable = false;
		answer = connector_data(table, &request, &statistics);
	}
	if (connector_data_refused(answer))
		connector_data_raise(answer);

	sample.rows = rows;
	sample.target = targrows;
	sample.to_skip = -1;
	reservoir_init_selection_state(&sample.state, targrows);

	/* the tuples are the caller's; all else goes with our own context */
	MemoryContextSwitchTo(caller);
	read_sample(table, tupdesc, answer, columns, slots, &sample);
	connector_data_close(answer);

	*totalrows = sample.seen;
	*totaldeadrows = 0;
	if (sample.seen >= request.limit)
	{
		report_limit(table, request.limit);
		*totalrows = Max(*totalrows, table->estimated_rows);
	}
	ereport(elevel,
			(errmsg("\"%s\": foreign table contains %.0f rows; %d rows in sample",
					RelationGetRelationName(relation), *totalrows, sample.nrows)));
	MemoryContextDelete(context);
	return sample.nrows;
}

/*
 * How the table is sampled, and how large it is.
 *
 * The pages count only beside other children of one parent, which share the
 * sample in that proportion.  Asking for the rows twice would be too much for
 * that, so it is what is known already.
 */
bool
biconnectorAnalyzeForeignTable(Relation relation, AcquireSampleRowsFunc *func,
							   BlockNumber *totalpages)
{
	double		rows = relation->rd_rel->reltuples;
	double		width = get_rel_data_width(relation, NULL) + SizeofHeapTupleHeader;

	/* we have never said that there are no pages: then there was no ANALYZE */
	if (relation->rd_rel->relpages == 0)
		rows = rows_without_statistics(get_table_options(RelationGetRelid(relation),
														 relation->rd_rel->relowner));
	*totalpages = (BlockNumber) Max(1, Min(ceil(rows * width / BLCKSZ), MaxBlockNumber));
	*func = acquire_sample_rows;
	return true;
}
