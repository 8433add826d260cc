/*-------------------------------------------------------------------------
 *
 * probe.h
 *	  Finding out what a connector does right: what the files of the probe
 *	  share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_PROBE_H
#define BICONNECTOR_PROBE_H

#include "biconnector_fdw.h"

#include "nodes/execnodes.h"

#include "filter.h"

/* Capabilities of columns that are no operators */
#define PROBE_WITH_OFFSETS		"datetimes with an offset"
#define PROBE_WITHOUT_OFFSETS	"datetimes without an offset"

/* Rows of the sample, at most */
#define PROBE_SAMPLE_ROWS	500

/* All operators that ask for one field */
#define FILTER_FIELDS (FILTER_AND - 1)

/* A column that is looked at */
typedef struct ProbeColumn
{
	AttrNumber	attnum;
	Form_pg_attribute attribute;
	FilterKind	kind;
	int			possible;		/* operators that may ever be sent for it */
	int			safe;			/* of those, the ones found not to lose rows */
	int			bad;			/* ... and the ones that do, or are of no use */
	bool		unequal;		/* FILTER_EQ lost rows */
	int			tested_in_or;	/* operators that OR was tested with */
	bool		has_offsets;	/* datetimes have offsets from UTC */
	bool		unreadable;		/* ... which its type has no place for: taken as
								 * NULL */
	char	  **texts;			/* per row of the sample: the value as sent, or
								 * NULL */
} ProbeColumn;

typedef struct ProbeForeseen ProbeForeseen;
typedef struct ProbeTest ProbeTest;

/* Operators of fields, and variants of their tests */
#define PROBE_OPERATORS 10
#define PROBE_VARIANTS 8
#define PROBE_LONG_LIST 7		/* the variant that is one column's, and speaks for all */

/* What the connector is asked, and what it is compared with */
typedef struct Probe
{
	TableOptions *table;		/* a copy, in which operators are vouched for as
								 * needed */
	TupleDesc	tupdesc;
	RelOptInfo *baserel;		/* as far as filter.c looks at one */
	HttpStatistics statistics;
	int			max_requests;
	TimestampTz deadline;		/* 0: none */
	List	   *foreseen;		/* of ProbeForeseen *: requests that are
								 * expected, in their order */
	int			width;			/* how many of them may be sent ahead */
	bool		surprised;		/* something else was asked, or came out */

	bool		first;			/* these are the first columns: probe_basics()
								 * is for them */
	ProbeColumn *columns;
	int			ncolumns;
	List	   *fields;			/* codes of the columns */
	bool		select_all;		/* select is refused */
	int			limit;			/* of requests that do not test it */
	bool		limit_known;	/* whether it is taken is known */
	Converter **converters;

	MemoryContext context;		/* of all this */
	MemoryContext row_context;
	EState	   *estate;
	ExprContext *econtext;
	TupleTableSlot *slot;

	TupleTableSlot *sample_slot;
	MinimalTuple *rows;			/* the sample */
	int			nrows;
	bool		whole;			/* it is all there is, as far as can be seen */
	bool		hidden;			/* rows have turned up that it should have had */

	List	   *tests[PROBE_OPERATORS][PROBE_VARIANTS]; /* as far as they have been
													 * made */
	bool		has_tests[PROBE_OPERATORS][PROBE_VARIANTS];
	List	   *results;		/* of ProbeResult * */
} Probe;

/* A condition that is put to the test */
struct ProbeTest
{
	ProbeColumn *column;
	int			operator;
	Expr	   *clause;			/* as PostgreSQL has it */
	List	   *conditions;		/* of FilterCondition *: as it is sent */
	ExprState  *state;			/* of the clause */
	bool	   *matches;		/* per row of the sample */
	bool	   *edge;			/* rows without which it would say nothing; or
								 * NULL */
	bool		alone;			/* too much to be tested together with others */
};

typedef enum ProbeVerdict
{
	PROBE_EXACT,
	PROBE_WIDE,					/* loses nothing, but more rows came */
	PROBE_LOSES,
	PROBE_REFUSED,
	PROBE_IGNORED,				/* as if it had not been there */
	PROBE_UNTESTED
} ProbeVerdict;

typedef struct ProbeResult
{
	AttrNumber	attnum;			/* 0: of the table */
	int			number;			/* in the order of the tests */
	int			operator;		/* FILTER_..., or 0 */
	const char *capability;
	ProbeVerdict verdict;
	char	   *reason;			/* or NULL */
	int64		rows_asked;		/* rows of the sample that had to come, ... */
	int64		rows_right;		/* ... and those of them that came; -1: none
								 * were asked for */
	char	   *request;		/* JSON without settings; or NULL */
} ProbeResult;

/* What came of a request */
typedef struct ProbeAnswer
{
	char	   *refusal;		/* what the connector said; or NULL */
	int64		asked;
	int64		right;
	int64		received;
	int			lost;			/* a row that should have come; -1: none */
	int64		violating;		/* rows that do not satisfy the conditions */
	int64		excluded;		/* rows of the sample which must not come */
	int64		excluded_came;
	bool		cut;			/* there were more rows than we read */
	bool		more;			/* ... than the limit */
	size_t		width;			/* fields of the header */
	const char *empty_form;		/* what there is if there are no rows */
	char	   *request;
} ProbeAnswer;

/* probe.c: what is asked, and what comes of it */
extern List *probe_table(TableOptions *table, TupleDesc tupdesc, int max_requests,
						 int seconds);

extern void probe_note(Probe *probe, ProbeColumn *column, int operator,
					   const char *capability, ProbeVerdict verdict, char *reason,
					   const ProbeAnswer *answer);
extern char *probe_reason(const ProbeAnswer *answer, ProbeVerdict verdict);

/* probe_ahead.c: requests that are sent before they are wanted */
extern bool probe_may_ask(Probe *probe);
extern List *probe_foresee(Probe *probe, List *list, DataRequest *request);
extern List *probe_foresee_tests(Probe *probe, List *list, List *tests, int limit);
extern bool probe_must_look_ahead(const Probe *probe);
extern void probe_look_ahead(Probe *probe, List *list);
extern void probe_expected(Probe *probe, bool expected);
extern DataAnswer *probe_request(Probe *probe, const DataRequest *request, const char *text);

/* probe_ask.c: a request, and its answer compared */
extern void probe_fill_slot(Probe *probe, RowsValue *values);
extern DataRequest *probe_make_request(Probe *probe, List *tests, int limit);
extern ProbeAnswer *probe_ask(Probe *probe, List *tests, int limit);
extern ProbeVerdict probe_verdict(const ProbeAnswer *answer);

/* probe_group.c, probe_basics.c: more to be asked */
extern void probe_groups(Probe *probe);
extern void probe_select(Probe *probe);
extern List *probe_foresee_basics(Probe *probe);
extern void probe_basics(Probe *probe);

/* probe_value.c: values of rows, and others that tell more */
/* How a number is written: as text, some would be others */
typedef enum ProbeNumberForm
{
	NUMBER_WHOLE,
	NUMBER_ONE_DIGIT,			/* behind the point */
	NUMBER_EXPONENT,
	NUMBER_DIGITS
} ProbeNumberForm;

extern Datum probe_value(Probe *probe, const ProbeColumn *column, int row, bool *isnull);
extern Datum probe_row_value(Probe *probe, const ProbeColumn *column, int row);
extern char *probe_row_string(Probe *probe, const ProbeColumn *column, int row);
extern int	probe_pivot(Probe *probe, int number);
extern int	probe_pivot_for(Probe *probe, const ProbeColumn *column, int number);
extern Oid	probe_operand_type(const ProbeColumn *column);
extern Oid	probe_operand_collation(const ProbeColumn *column);
extern int	probe_compare(const ProbeColumn *column, Datum a, Datum b);
extern Datum *probe_ordered_values(Probe *probe, const ProbeColumn *column,
								   const bool *among, int *count);
extern bool probe_is_widened(const ProbeColumn *column, Datum low, Datum high);
extern char *probe_swap_case(const char *text);
extern char *probe_without_accents(const char *text);
extern char *probe_without_blanks(const char *text);
extern char *probe_order_bound(Probe *probe, const ProbeColumn *column, int operator);
extern char *probe_pattern(const char *text, bool end);
extern char *probe_change_of_row(Probe *probe, const ProbeColumn *column, int row,
								 char *(*change) (const char *));
extern char *probe_changed_text(Probe *probe, const ProbeColumn *column, int from,
								char *(*change) (const char *));
extern char *probe_safe_part(Probe *probe, const ProbeColumn *column, int number);
extern int	probe_row_of_form(Probe *probe, const ProbeColumn *column, ProbeNumberForm form);

/* probe_condition.c: conditions made from rows */
extern bool *probe_matches(Probe *probe, List *tests);
extern int	probe_operators_of_kind(FilterKind kind);
extern ProbeTest *probe_satisfied(Probe *probe, ProbeColumn *column, int operator, int row);
extern ProbeTest *probe_absent(Probe *probe, ProbeColumn *column);
extern ProbeTest *probe_beyond(Probe *probe, ProbeColumn *column, int operator, int64 bound);
extern List *probe_tests(Probe *probe, int operator, int variant);
extern bool probe_has_values(Probe *probe, const ProbeColumn *column);
extern const char *probe_why_no_test(Probe *probe, ProbeColumn *column, int operator);

#endif							/* BICONNECTOR_PROBE_H */
