/*-------------------------------------------------------------------------
 *
 * biconnector_fdw.h
 *	  What the files of biconnector_fdw share, grouped by the file that
 *	  defines it.
 *
 * The order is the order of the layers: a file uses those below it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_FDW_H
#define BICONNECTOR_FDW_H

#include "postgres.h"

#include "access/attnum.h"
#include "access/tupdesc.h"
#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
#include "fmgr.h"
#include "nodes/pathnodes.h"
#include "nodes/pg_list.h"

#include "compat.h"
#include "http.h"
#include "rows.h"

#define BICONNECTOR_VERSION "1.0"

/* ---- biconnector_fdw.c: the module ---- */

extern char *user_agent_of_session(void);

/* ---- option.c: the options of servers, tables, columns and mappings ---- */

/* Types of fields, as the protocol names them */
typedef enum WireType
{
	WIRE_UNKNOWN = 0,			/* made by hand and not unambiguous */
	WIRE_INT,
	WIRE_STRING,
	WIRE_DOUBLE,
	WIRE_DATE,
	WIRE_DATETIME,
	WIRE_MONEY,
	WIRE_TIMEZONE
} WireType;

/*
 * What a connector can be vouched for: the value of filter_operators is a set
 * of these.  The first ten are ways to ask for a field, the others join
 * conditions.
 */
#define FILTER_EQ			(1 << 0)	/* FIELD: equal to one value */
#define FILTER_IN			(1 << 1)	/* FIELD: equal to one of several */
#define FILTER_NE			(1 << 2)	/* !=FIELD */
#define FILTER_NOT_IN		(1 << 3)	/* !@FIELD: equal to none of several */
#define FILTER_LT			(1 << 4)	/* <FIELD */
#define FILTER_LE			(1 << 5)	/* <=FIELD */
#define FILTER_GT			(1 << 6)	/* >FIELD */
#define FILTER_GE			(1 << 7)	/* >=FIELD */
#define FILTER_SUBSTRING	(1 << 8)	/* %FIELD: has the value within it */
#define FILTER_LIKE			(1 << 9)	/* =%FIELD: a pattern with % */
#define FILTER_AND			(1 << 10)	/* a nested group, LOGIC AND */
#define FILTER_OR			(1 << 11)	/* a nested group, LOGIC OR */

#define FILTER_RANGES		(FILTER_LT | FILTER_LE | FILTER_GT | FILTER_GE)

/* With what a query's LIMIT is sent */
typedef enum PushLimit
{
	PUSH_LIMIT_NONE,			/* never */
	PUSH_LIMIT_UNFILTERED,		/* where there is no condition */
	PUSH_LIMIT_FILTERED			/* also where all conditions are sent */
} PushLimit;

/* One setting of the source, sent as connection[code] */
typedef struct Setting
{
	char	   *code;
	char	   *value;
} Setting;

/* A foreign server and a user's mapping to it, with the table's overrides */
typedef struct ConnectorOptions
{
	Oid			serverid;
	Oid			userid;			/* whose mapping gave the settings */
	char	   *servername;
	char	   *url_check;		/* the endpoints; NULL where not set */
	char	   *url_table_list;
	char	   *url_table_description;
	char	   *url_data;
	char	   *portal;			/* server of the portal of which this one is a
								 * source; NULL if the endpoints are set */
	int64		source_id;
	bool		looked_up;		/* endpoints and settings are the source's, by
								 * now */
	uint32		source_hash;	/* of what the portal has said then */
	bool		json_requests;	/* request_format is json, not form */
	bool		map_fields;		/* tell the connector the columns' names */
	int			row_limit;		/* limit of every request for data */
	int			analyze_limit;	/* rows that ANALYZE looks at, at most */
	int			filter_operators;	/* set of FILTER_..., -1 where not set */
	PushLimit	push_limit;
	bool		invalid_as_null;	/* invalid_values is null, not error */
	double		startup_cost;
	double		tuple_cost;
	bool		async_capable;	/* under an Append, scans run at the same time */
	bool		parallel_safe;	/* several processes may ask */
	int			concurrency;	/* requests that may run at the same time */
	HttpOptions http;
	List	   *settings;		/* of Setting */
} ConnectorOptions;

/* One column of a foreign table */
typedef struct ColumnOptions
{
	const char *name;			/* the column's own name */
	const char *field;			/* code of the field it shows; NULL if dropped */
	WireType	wire_type;
	int			filter_operators;	/* set of FILTER_... */
	bool		own_operators;	/* set for this very column */
	const char *time_zone;		/* or NULL */
} ColumnOptions;

/* A foreign table with all that its server and the user's mapping say */
typedef struct TableOptions
{
	Oid			relid;
	char	   *relname;
	char	   *table_name;		/* code of the table to ask for */
	char	   *filter;			/* JSON: conditions of every request; or NULL */
	double		estimated_rows; /* where there are no statistics; -1 if not set */
	ConnectorOptions connector;
	int			ncolumns;
	ColumnOptions *columns;		/* by attribute number - 1 */
} TableOptions;

extern ConnectorOptions *get_connector_options(Oid serverid, Oid userid);
extern TableOptions *get_table_options(Oid relid, Oid userid);
extern const char *option_action(List *options, const char *name);
extern void inherit_http_options(ConnectorOptions *connector, const HttpOptions *network);
extern void set_concurrency(const char *name, const char *value, void *field);
extern int	default_filter_operators(WireType wire_type);
extern char *filter_operators_text(int operators);
extern int	operators_of_fixed_filter(const TableOptions *table, const ColumnOptions *column);
extern const char *push_limit_text(PushLimit push_limit);
extern WireType wire_type_by_name(const char *name);
extern const char *wire_type_name(WireType wire_type);
extern const char *wire_type_sql_type(WireType wire_type);

/* ---- setting.c: settings of the source, from user mappings ---- */

extern List *read_settings(List *defs);
extern List *settings_of_user(Oid serverid, Oid userid);
extern List *override_settings(List *settings, List *others);

/* ---- plan.c: relation size, paths and plan ---- */

/* The largest LIMIT plus OFFSET that is sent */
#define MAX_PUSHED_LIMIT 10000

/*
 * Elements of ForeignScan.fdw_private, in this order.
 *
 * ForeignScan.fdw_exprs are the values of the sent conditions, and behind them
 * the query's LIMIT and OFFSET, if that goes to the connector: one expression, or
 * two.  ForeignScan.fdw_recheck_quals are the sent conditions themselves.
 */
enum ScanPrivateIndex
{
	SCAN_PRIVATE_COLUMNS,		/* integers: attribute numbers that the query
								 * needs */
	SCAN_PRIVATE_FILTERS,		/* per sent condition, what filter_to_plan
								 * makes */
	SCAN_PRIVATE_VALUES			/* integer: how many of the expressions are
								 * values of conditions */
};

extern void choose_conditions(PlannerInfo *root, RelOptInfo *baserel, const TableOptions *table,
							  List *clauses, List **sent, List **filters);
extern List *outers_of_conditions(PlannerInfo *root, RelOptInfo *baserel,
								  const TableOptions *table);
extern double rows_without_statistics(const TableOptions *table);
extern void biconnectorGetForeignRelSize(PlannerInfo *root, RelOptInfo *baserel,
										 Oid foreigntableid);
extern void biconnectorGetForeignPaths(PlannerInfo *root, RelOptInfo *baserel,
									   Oid foreigntableid);
extern void biconnectorGetForeignUpperPaths(PlannerInfo *root,
											UpperRelationKind stage,
											RelOptInfo *input_rel,
											RelOptInfo *output_rel,
											void *extra);
extern ForeignScan *biconnectorGetForeignPlan(PlannerInfo *root,
											  RelOptInfo *baserel,
											  Oid foreigntableid,
											  ForeignPath *best_path,
											  List *tlist, List *scan_clauses,
											  Plan *outer_plan);

extern bool biconnectorIsForeignScanParallelSafe(PlannerInfo *root, RelOptInfo *rel,
												 RangeTblEntry *rte);
#ifdef COMPAT_ASYNC
extern bool biconnectorIsForeignPathAsyncCapable(ForeignPath *path);
#endif

/* ---- scan.c: running a scan ---- */

extern bool select_fields(const TableOptions *table, List *columns, List **fields,
						  List **slots);
extern bool collect_params(Node *node, void *params);
extern void set_system_columns(ForeignScanState *node);
extern bool next_stored_row(ForeignScanState *node, Tuplestorestate *store,
							TupleTableSlot *store_slot);
extern void biconnectorBeginForeignScan(ForeignScanState *node, int eflags);
extern TupleTableSlot *biconnectorIterateForeignScan(ForeignScanState *node);
extern void biconnectorReScanForeignScan(ForeignScanState *node);
extern void biconnectorEndForeignScan(ForeignScanState *node);

/* ---- async.c: scans under an Append that run at the same time ---- */

#ifdef COMPAT_ASYNC
extern void biconnectorForeignAsyncRequest(AsyncRequest *request);
extern void biconnectorForeignAsyncConfigureWait(AsyncRequest *request);
extern void biconnectorForeignAsyncNotify(AsyncRequest *request);
#endif

/* ---- long_list.c: lists that take several requests; see scan.h ---- */

extern int	long_list_requests(int values, int room);

/* ---- explain.c: what EXPLAIN shows of a scan ---- */

extern void biconnectorExplainForeignScan(ForeignScanState *node,
										  struct ExplainState *es);

/* ---- analyze.c: ANALYZE ---- */

extern bool biconnectorAnalyzeForeignTable(Relation relation, AcquireSampleRowsFunc *func,
										   BlockNumber *totalpages);

/* ---- import.c: IMPORT FOREIGN SCHEMA ---- */

extern List *biconnectorImportForeignSchema(ImportForeignSchemaStmt *stmt,
											Oid serverid);

/* ---- inspect.c: the SQL functions; see biconnector_fdw--1.0.sql ---- */

extern void check_wrapper(ForeignServer *server);
extern Relation foreign_table_argument(FunctionCallInfo fcinfo);

/* ---- source.c, of which source.h has the rest: servers that are sources of a portal ---- */

struct DataAnswer;
extern bool source_require(ConnectorOptions *options);
extern void source_look_up(ConnectorOptions *options);
extern void source_renew(TableOptions *table, const struct DataAnswer *answer);
extern void source_forget(Oid serverid);

/* ---- portal_option.c, of which portal.h has the rest ---- */

extern bool is_portal_server(const ForeignServer *server);

/* ---- probe_report.c: what a connector does right, and options from that ---- */

/* Options that follow from a probe; -1 and false where none does */
typedef struct ProbedOptions
{
	int			operators;		/* filter_operators of the table */
	int		   *column_operators;	/* and of single columns, by attribute
									 * number - 1 */
	bool	   *has_offsets;	/* datetimes with offsets, the same way */
	PushLimit	push_limit;
} ProbedOptions;

extern ProbedOptions *probe_for_options(TableOptions *table, TupleDesc tupdesc,
										int max_requests, int seconds);

/* ---- attempt.c: trying what a connector may make fail ---- */

extern ErrorData *attempt(void (*function) (void *), void *argument);

/* ---- resultset.c: rows that SQL functions return ---- */

extern void resultset_begin(FunctionCallInfo fcinfo);
extern void resultset_put(FunctionCallInfo fcinfo, char **texts);

/* ---- filter.c: conditions a connector can be asked for ---- */

/*
 * A condition found in the query: a comparison of a column, or a group of such
 * conditions.  What a comparison is sent as is one of the rules in filter.c.
 */
typedef struct FilterExpr
{
	int			logic;			/* FILTER_AND, FILTER_OR; 0: a comparison */
	List	   *members;		/* of a group: of FilterExpr * */
	AttrNumber	attnum;			/* of a comparison: the column, ... */
	int			rule;			/* ... which rule, ... */
	int			first;			/* ... place of its values in the plan, ... */
	List	   *values;			/* ... and the values: of Expr * */
} FilterExpr;

extern FilterExpr *filter_from_clause(PlannerInfo *root, RelOptInfo *baserel,
									  const TableOptions *table, Expr *clause);
extern bool filter_excludes(const TableOptions *table, const FilterExpr *a,
							const FilterExpr *b);
extern List *filter_to_plan(const FilterExpr *filter, List **values);
extern FilterExpr *filter_from_plan(List *nodes, List *values);
extern bool filter_is_constant(const FilterExpr *filter);

/* ---- filter_bind.c: conditions with the values that are sent ---- */

/* A condition as it is sent: of one field, or a group of such conditions */
typedef struct FilterCondition
{
	int			operator;		/* one of FILTER_... */
	List	   *members;		/* of a group: of FilterCondition * */
	AttrNumber	attnum;			/* of the column; of a group's first one */
	const char *field;
	WireType	wire_type;
	List	   *values;			/* of char *, in UTF-8 */
	Bitmapset  *clauses;		/* which of the plan's conditions it is for */
} FilterCondition;

typedef enum FilterVerdict
{
	FILTER_SEND,				/* the condition may be sent */
	FILTER_KEEP,				/* it may not; checking it here is enough */
	FILTER_NEVER				/* it can be true for no row */
} FilterVerdict;

extern FilterVerdict filter_bind(const TableOptions *table, const FilterExpr *filter,
								 const Datum *values, const bool *nulls,
								 List **conditions);
extern FilterVerdict filter_bind_constants(const TableOptions *table,
										   const FilterExpr *filter, List **conditions);
extern void filter_shape(const TableOptions *table, const FilterExpr *filter,
						 List **conditions);
extern bool filter_add(const TableOptions *table, List **conditions,
					   FilterCondition *condition, bool *never);
extern char *filter_key(const FilterCondition *condition);
extern int	filter_variables(const FilterCondition *condition);
extern char *filter_describe(const TableOptions *table, const FilterExpr *filter,
							 List *deparse_context);

/* ---- filter_value.c: the values that are sent ---- */

/* What there is to compare, by the field's type and the column's */
typedef enum FilterKind
{
	KIND_NONE,					/* nothing can be sent */
	KIND_INT,
	KIND_NUMBER,				/* double or money */
	KIND_TEXT,
	KIND_DATE,
	KIND_DATETIME,
	KIND_DAY,					/* a datetime of which the query wants the day */
	KIND_INSTANT				/* a datetime in a zone that may be another */
} FilterKind;

/*
 * Which value is sent for one of the query.  Integers, dates and datetimes
 * have steps (1, a day, a second) between which the query's value may lie.
 * Numbers and texts have none: the value is sent, and PLACE_BEFORE says that
 * it is included although the query excludes it.
 */
typedef enum FilterPlace
{
	PLACE_AT,					/* the value itself */
	PLACE_FLOOR,				/* the step at or below it */
	PLACE_CEIL,					/* the step at or above it */
	PLACE_BEFORE,				/* one step below PLACE_CEIL */
	PLACE_AFTER,				/* one step above PLACE_FLOOR */
	PLACE_LAST,					/* the last step of its day */
	PLACE_NEXT,					/* the first step of the next day */
	PLACE_PATTERN,				/* of LIKE: the pattern */
	PLACE_FRAGMENT				/* of LIKE: what every match has within it */
} FilterPlace;

typedef enum FilterValueVerdict
{
	VALUE_EXACT,
	VALUE_WIDE,					/* finds more than the query asks for */
	VALUE_UNFIT,				/* may not be sent */
	VALUE_IMPOSSIBLE			/* no row has it */
} FilterValueVerdict;

extern FilterKind filter_kind(const ColumnOptions *column, Oid type, int32 typmod);
extern FilterValueVerdict filter_value(FilterKind kind, Oid type, Datum value,
									   FilterPlace place, char **sent);
extern bool filter_pattern_is_fragment(Datum pattern);
extern int	filter_value_compare(WireType wire_type, const char *a, const char *b);
extern char *filter_value_neighbour(WireType wire_type, const char *text, int direction);

typedef struct FilterValueSet
{
	int			count;
	char	  **texts;			/* sorted */
} FilterValueSet;

extern FilterValueSet *filter_value_set(List *texts);
extern int	filter_value_set_place(const FilterValueSet *set, const char *text);
extern bool filter_value_set_has(const FilterValueSet *set, const char *text);

/* ---- trust.c: which filters the current session believes ---- */

typedef enum TrustState
{
	TRUST_UNKNOWN,
	TRUST_BELIEVED,				/* a matching row came back under it */
	TRUST_DROPPED				/* it lost a row or was refused */
} TrustState;

extern TrustState trust_get(const TableOptions *table, const FilterCondition *condition);
extern void trust_set(const TableOptions *table, const FilterCondition *condition,
					  TrustState state);
extern void trust_forget(Oid serverid);
extern bool trust_verify(const TableOptions *table, TupleDesc tupdesc,
						 const FilterCondition *condition,
						 HttpStatistics *statistics);

/* ---- connector.c, connector_data.c: the endpoints ---- */

/*
 * PHP drops what comes after about 1,000 variables of a form, silently: a
 * request has fewer.
 */
#define MAX_REQUEST_VARIABLES 900

/* Longer arrays in a form reach some connectors as objects */
#define MAX_FORM_ARRAY 20

/* What to ask of the data endpoint */
typedef struct DataRequest
{
	List	   *fields;			/* of char *: codes wanted, in the order of
								 * slots */
	bool		select_all;		/* leave select out: the fields are all of
								 * them */
	List	   *filter;			/* of FilterCondition * */
	int			limit;			/* rows to ask for, at least 1 */
	bool		whole;			/* every row is wanted: reaching limit is an
								 * error */
	bool		renewable;		/* that the settings are turned down is no error:
								 * see connector_data_unauthorized() */
} DataRequest;

typedef struct DataAnswer DataAnswer;

/* A request for a list or a description */
typedef struct DocumentCall DocumentCall;

/* What comes of reading an answer */
typedef enum DataStatus
{
	DATA_ROW,
	DATA_END,
	DATA_PENDING				/* it has not arrived yet */
} DataStatus;

/* An entry of the table list, in the database's encoding */
typedef struct RemoteTable
{
	char	   *code;
	char	   *title;
	char	   *id;				/* NULL if there is none */
	char	   *key;			/* what calls pass as table: the id, or the
								 * code */
} RemoteTable;

/* An entry of a table's description, in the database's encoding */
typedef struct RemoteField
{
	char	   *code;
	char	   *name;
	char	   *type;			/* as the connector writes it */
	WireType	wire_type;
} RemoteField;

/* What the check endpoint says */
typedef struct RemoteCheck
{
	bool		ok;
	int			status;			/* of HTTP */
	char	   *answer;			/* fit to be shown */
} RemoteCheck;

extern DataAnswer *connector_data_start(const TableOptions *table, const DataRequest *request,
										HttpStatistics *statistics);
extern bool connector_data_came(DataAnswer *answer);
extern bool connector_data_begun(DataAnswer *answer, bool wait);
extern DataAnswer *connector_data(const TableOptions *table, const DataRequest *request,
								  HttpStatistics *statistics);
extern bool connector_data_refused(const DataAnswer *answer);
extern bool connector_data_unauthorized(const DataAnswer *answer);
pg_noreturn extern void connector_data_raise(const DataAnswer *answer);
extern int	connector_data_descriptor(DataAnswer *answer);
extern DataStatus connector_data_read(DataAnswer *answer, bool wait, RowsValue **values);
extern RowsValue *connector_data_next(DataAnswer *answer);
extern uint64 connector_data_rows(const DataAnswer *answer);
extern const char *connector_data_refusal(const DataAnswer *answer);
extern size_t connector_data_width(const DataAnswer *answer);
extern const char *connector_data_empty_form(const DataAnswer *answer);
extern bool connector_data_has_more(DataAnswer *answer);
extern char *connector_data_request_text(const TableOptions *table,
										 const DataRequest *request);
extern void connector_data_close(DataAnswer *answer);
extern void connector_data_context(void *answer);
extern void connector_require_url(const ConnectorOptions *options, const char *url,
								  const char *url_option);
extern RemoteCheck connector_check(const ConnectorOptions *options);
extern List *connector_table_list(const ConnectorOptions *options, const char *search);
extern DocumentCall *connector_description_start(const ConnectorOptions *options,
												 const RemoteTable *table);
extern bool connector_description_came(DocumentCall *call, bool *busy);
extern List *connector_description_read(DocumentCall *call);
extern void connector_description_drop(DocumentCall *call);
extern List *connector_table_description(const ConnectorOptions *options,
										 const RemoteTable *table);

/* ---- fixed_filter.c: conditions that make a table of a part of one ---- */

extern const char *fixed_filter_problem(const char *text);
extern int	sample_limit(const TableOptions *table, int rows);
extern bool table_filter_has_key(const TableOptions *table, const char *key);
extern int	table_filter_variables(const TableOptions *table);

/* ---- convert.c: a wire value to a Datum ---- */

typedef struct Converter Converter;

extern Converter *converter_create(Form_pg_attribute attribute,
								   const ColumnOptions *column,
								   const ConnectorOptions *options);
extern void converter_read_in_place(Converter *converter);
extern Datum converter_read(Converter *converter, RowsValue *value, bool *isnull);

/* ---- mask.c: no setting's value in what we show ---- */

/* How much of an answer is looked at for an excerpt */
#define EXCERPT_SOURCE	8192

extern char *utf8_to_shown(char *text);
extern char *mask_settings(List *settings, int encoding, const char *text,
						   size_t length, size_t from, bool cut);
extern char *shorten_text(const char *text, int maximum);
extern char *show_text(List *settings, const char *text);
extern char *show_excerpt(List *settings, const char *data, size_t length, size_t at, bool more);

#endif							/* BICONNECTOR_FDW_H */
