/*-------------------------------------------------------------------------
 *
 * probe_report.c
 *	  What a probe has found out: as rows, as statements that turn on what is
 *	  safe, and as options for IMPORT FOREIGN SCHEMA.
 *
 *-------------------------------------------------------------------------
 */
#include "probe.h"

#include "access/relation.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* Requests that a probe of a table makes, at most */
#define MAX_REQUESTS 400

PG_FUNCTION_INFO_V1(biconnector_probe);
PG_FUNCTION_INFO_V1(biconnector_probe_statement);

/*
 * What the table, its server and the current user's mapping say, ready for requests;
 * palloc'd.
 */
static TableOptions *
table_to_probe(Relation relation)
{
	TableOptions *table = get_table_options(RelationGetRelid(relation), GetUserId());

	source_look_up(&table->connector);
	return table;
}

static const char *
verdict_text(ProbeVerdict verdict)
{
	switch (verdict)
	{
		case PROBE_EXACT:
			return "exact";
		case PROBE_WIDE:
			return "wide";
		case PROBE_LOSES:
			return "loses rows";
		case PROBE_REFUSED:
			return "refused";
		case PROBE_IGNORED:
			return "ignored";
		case PROBE_UNTESTED:
			return "untested";
	}
	return NULL;
}

/* First the table, then column by column */
static int
compare_results(const ListCell *a, const ListCell *b)
{
	const ProbeResult *left = lfirst(a);
	const ProbeResult *right = lfirst(b);

	if (left->attnum != right->attnum)
		return left->attnum - right->attnum;
	return left->attnum == 0 ? left->number - right->number : left->operator - right->operator;
}

/*
 * biconnector_probe(relation regclass) returns table (column_name text,
 *		capability text, verdict text, reason text, rows_asked bigint,
 *		rows_right bigint, request jsonb)
 *
 * Finds out what the table's connector does right; see probe.c.  Makes at most
 * 400 requests, looks at the first 500 rows, and changes nothing.
 */
Datum
biconnector_probe(PG_FUNCTION_ARGS)
{
	Relation	relation = foreign_table_argument(fcinfo);
	TableOptions *table = table_to_probe(relation);
	List	   *results = probe_table(table, RelationGetDescr(relation), MAX_REQUESTS, 0);
	ListCell   *lc;

	list_sort(results, compare_results);
	resultset_begin(fcinfo);
	foreach(lc, results)
	{
		ProbeResult *result = lfirst(lc);
		char	   *texts[7] = {NULL};

		if (result->attnum)
			texts[0] = unconstify(char *, table->columns[result->attnum - 1].name);
		texts[1] = unconstify(char *, result->capability);
		texts[2] = unconstify(char *, verdict_text(result->verdict));
		texts[3] = result->reason;
		if (result->rows_asked >= 0)
		{
			texts[4] = psprintf(INT64_FORMAT, result->rows_asked);
			texts[5] = psprintf(INT64_FORMAT, result->rows_right);
		}
		texts[6] = result->request;
		resultset_put(fcinfo, texts);
	}
	relation_close(relation, NoLock);
	return (Datum) 0;
}

/* ---- options ---- */

/*
 * The operators that a column may be vouched for: what was found to be safe,
 * and what nothing is known of if it is sent already.
 */
static int
operators_of_column(const TableOptions *table, List *results, AttrNumber attnum,
					FilterKind kind)
{
	const ColumnOptions *column = &table->columns[attnum - 1];
	int			present = kind == KIND_INSTANT && !column->own_operators ? 0
		: column->filter_operators;
	int			safe = 0;
	int			unsafe = 0;
	ListCell   *lc;

	foreach(lc, results)
	{
		ProbeResult *result = lfirst(lc);

		if (result->attnum != attnum)
			continue;
		if (result->verdict == PROBE_EXACT || result->verdict == PROBE_WIDE)
			safe |= result->operator;
		else if (result->verdict != PROBE_UNTESTED)
			unsafe |= result->operator;
	}
	return (safe | present) & ~unsafe;
}

static ProbeVerdict
verdict_of(List *results, const char *capability)
{
	ListCell   *lc;

	foreach(lc, results)
	{
		ProbeResult *result = lfirst(lc);

		if (result->attnum == 0 && strcmp(result->capability, capability) == 0)
			return result->verdict;
	}
	return PROBE_UNTESTED;
}

/*
 * push_limit as it should be: with filters if the limit is known to come after
 * them, and as it is if nothing is known.  Nobody's "none" is overruled.
 */
static PushLimit
safe_push_limit(PushLimit present, List *results)
{
	ProbeVerdict limit = verdict_of(results, "limit");
	ProbeVerdict after = verdict_of(results, "limit after filter");

	if (present == PUSH_LIMIT_NONE)
		return present;
	if (limit == PROBE_LOSES || limit == PROBE_REFUSED)
		return PUSH_LIMIT_NONE;
	if (limit == PROBE_EXACT && after == PROBE_EXACT)
		return PUSH_LIMIT_FILTERED;
	if (limit == PROBE_IGNORED || (after != PROBE_EXACT && after != PROBE_UNTESTED))
		return PUSH_LIMIT_UNFILTERED;
	return present;
}

/*
 * The options that follow from the results of a probe, palloc'd: those of the
 * table where all its columns agree, and of columns that differ.  Nothing where
 * all is as it should be already.
 */
static ProbedOptions *
options_of_results(const TableOptions *table, TupleDesc tupdesc, List *results)
{
	ProbedOptions *options = palloc0(sizeof(ProbedOptions));
	int			natts = tupdesc->natts;
	FilterKind *kinds = palloc0(sizeof(FilterKind) * Max(natts, 1));
	int		   *possible = palloc0(sizeof(int) * Max(natts, 1));
	int		   *wanted = palloc0(sizeof(int) * Max(natts, 1));
	int			common = 0;
	bool		differs = false;
	ListCell   *lc;

	options->operators = -1;
	options->column_operators = palloc(sizeof(int) * Max(natts, 1));
	options->has_offsets = palloc0(sizeof(bool) * Max(natts, 1));
	for (int i = 0; i < natts; i++)
	{
		ColumnOptions column = table->columns[i];
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);

		/* which kind it is once it is vouched for by itself */
		column.own_operators = true;
		kinds[i] = filter_kind(&column, attribute->atttypid, attribute->atttypmod);
		possible[i] = probe_operators_of_kind(kinds[i]) &
			~operators_of_fixed_filter(table, &table->columns[i]);
		wanted[i] = operators_of_column(table, results, i + 1, kinds[i]) & possible[i];
		options->column_operators[i] = -1;
		if (kinds[i] == KIND_INSTANT && !table->columns[i].own_operators)
			differs |= wanted[i] != 0;
		else
			differs |= wanted[i] != (table->columns[i].filter_operators & possible[i]);
	}
	foreach(lc, results)
	{
		ProbeResult *result = lfirst(lc);

		if (strcmp(result->capability, PROBE_WITH_OFFSETS) == 0)
			options->has_offsets[result->attnum - 1] = true;
	}
	options->push_limit = safe_push_limit(table->connector.push_limit, results);
	if (!differs)
		return options;

	/* what most columns agree on is said once */
	for (int operator = FILTER_EQ; operator <= FILTER_OR; operator <<= 1)
	{
		int			votes = 0;

		for (int i = 0; i < natts; i++)
		{
			if (kinds[i] != KIND_INSTANT && (possible[i] & operator))
				votes += wanted[i] & operator ? 1 : -1;
		}
		if (votes > 0)
			common |= operator;
	}
	if (common != table->connector.filter_operators)
		options->operators = common;
	for (int i = 0; i < natts; i++)
	{
		const ColumnOptions *column = &table->columns[i];

		if (possible[i] == 0)
			continue;
		if (column->own_operators ? (column->filter_operators & possible[i]) != wanted[i]
			: kinds[i] == KIND_INSTANT ? wanted[i] != 0 : (common & possible[i]) != wanted[i])
			options->column_operators[i] = wanted[i];
	}
	return options;
}

/*
 * Probe a table, and say which options follow from that; palloc'd.  Raises
 * errors of the requests.
 */
ProbedOptions *
probe_for_options(TableOptions *table, TupleDesc tupdesc, int max_requests, int seconds)
{
	return options_of_results(table, tupdesc,
							  probe_table(table, tupdesc, max_requests, seconds));
}

/*
 * biconnector_probe_statement(relation regclass) returns setof text
 *
 * The ALTER statements that make the options of a table what a probe of it
 * says: filter_operators of the table and of columns that differ from it, and
 * push_limit.  None if they are so already.
 */
Datum
biconnector_probe_statement(PG_FUNCTION_ARGS)
{
	Relation	relation = foreign_table_argument(fcinfo);
	Oid			relid = RelationGetRelid(relation);
	TableOptions *table = table_to_probe(relation);
	List	   *present = GetForeignTable(relid)->options;
	char	   *name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
												  RelationGetRelationName(relation));
	ProbedOptions *options = probe_for_options(table, RelationGetDescr(relation), MAX_REQUESTS, 0);
	char	   *statement;

	resultset_begin(fcinfo);
	if (options->operators >= 0)
	{
		statement = psprintf("ALTER FOREIGN TABLE %s OPTIONS (%s filter_operators %s);", name,
							 option_action(present, "filter_operators"),
							 quote_literal_cstr(filter_operators_text(options->operators)));
		resultset_put(fcinfo, &statement);
	}
	for (int i = 0; i < table->ncolumns; i++)
	{
		if (options->column_operators[i] < 0)
			continue;
		statement = psprintf("ALTER FOREIGN TABLE %s ALTER COLUMN %s OPTIONS (%s filter_operators %s);",
							 name, quote_identifier(table->columns[i].name),
							 option_action(GetForeignColumnOptions(relid, i + 1), "filter_operators"),
							 quote_literal_cstr(filter_operators_text(options->column_operators[i])));
		resultset_put(fcinfo, &statement);
	}
	if (options->push_limit != table->connector.push_limit)
	{
		statement = psprintf("ALTER FOREIGN TABLE %s OPTIONS (%s push_limit %s);", name,
							 option_action(present, "push_limit"),
							 quote_literal_cstr(push_limit_text(options->push_limit)));
		resultset_put(fcinfo, &statement);
	}
	relation_close(relation, NoLock);
	return (Datum) 0;
}
