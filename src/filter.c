/*-------------------------------------------------------------------------
 *
 * filter.c
 *	  Which SQL conditions a connector can be asked for, and as what.
 *
 * What is sent is a hint: every condition is also checked here, on every row
 * that comes back.  So what is sent may find more rows than the SQL condition
 * does, but never fewer.  Every connector's author implements filters anew,
 * and whether theirs loses rows cannot be known from here: nothing is sent but
 * what the option filter_operators vouches for.
 *
 * The table below says what is sent for which comparison.  Values are the
 * subject of filter_value.c, conditions with values that of filter_bind.c.
 *
 *-------------------------------------------------------------------------
 */
#include "filter.h"

#include "access/htup_details.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/*
 * Why each of these can only widen:
 *
 * Equality, != and lists send the query's own values.  The other side may
 * ignore case or blanks at the end: then equality finds more.  != would find
 * less, which is why it has to be vouched for separately.
 *
 * Integers have steps of 1, and a bound between two of them (5.5, of a cast)
 * moves to the step that leaves the condition the same.
 *
 * Doubles and money are sent with the digits that read back as the same
 * number.
 *
 * Text is compared by the order of bytes, and only where the query asks for
 * that order (collation "C").  Bounds are ASCII, for which all ways to order
 * Unicode by numbers agree.  Who ignores blanks at the end takes 'a ' for 'a':
 * therefore > includes the bound.
 *
 * Dates are sent so that a connector which compares them with a midnight as
 * text loses no day: > the day before, <= the day.
 *
 * Datetimes may be stored with fractions of a second which are not shown, be
 * they cut off or rounded: the second before and the second after are
 * included.  Where the zone is not sure, it is two days.
 *
 * Patterns keep no character that somebody might read as anything but
 * itself.
 */
const FilterRule filter_rules[] = {
	/* kind of field, comparison, what is sent (one condition or two) */
	{KIND_INT, SQL_EQ, {{FILTER_EQ, PLACE_AT}}},
	{KIND_INT, SQL_EQ, {{FILTER_IN, PLACE_AT}}},
	{KIND_INT, SQL_ANY, {{FILTER_IN, PLACE_AT}}},
	{KIND_INT, SQL_NE, {{FILTER_NE, PLACE_AT}}},
	{KIND_INT, SQL_NE, {{FILTER_NOT_IN, PLACE_AT}}},
	{KIND_INT, SQL_ALL, {{FILTER_NOT_IN, PLACE_AT}}},
	{KIND_INT, SQL_LT, {{FILTER_LT, PLACE_CEIL}}},
	{KIND_INT, SQL_LT, {{FILTER_LE, PLACE_BEFORE}}},
	{KIND_INT, SQL_LE, {{FILTER_LE, PLACE_FLOOR}}},
	{KIND_INT, SQL_LE, {{FILTER_LT, PLACE_AFTER}}},
	{KIND_INT, SQL_GT, {{FILTER_GT, PLACE_FLOOR}}},
	{KIND_INT, SQL_GT, {{FILTER_GE, PLACE_AFTER}}},
	{KIND_INT, SQL_GE, {{FILTER_GE, PLACE_CEIL}}},
	{KIND_INT, SQL_GE, {{FILTER_GT, PLACE_BEFORE}}},

	{KIND_NUMBER, SQL_EQ, {{FILTER_EQ, PLACE_AT}}},
	{KIND_NUMBER, SQL_EQ, {{FILTER_IN, PLACE_AT}}},
	{KIND_NUMBER, SQL_EQ, {{FILTER_GE, PLACE_AT}, {FILTER_LE, PLACE_AT}}},
	{KIND_NUMBER, SQL_ANY, {{FILTER_IN, PLACE_AT}}},
	{KIND_NUMBER, SQL_NE, {{FILTER_NE, PLACE_AT}}},
	{KIND_NUMBER, SQL_NE, {{FILTER_NOT_IN, PLACE_AT}}},
	{KIND_NUMBER, SQL_ALL, {{FILTER_NOT_IN, PLACE_AT}}},
	{KIND_NUMBER, SQL_LT, {{FILTER_LT, PLACE_AT}}},
	{KIND_NUMBER, SQL_LE, {{FILTER_LE, PLACE_AT}}},
	{KIND_NUMBER, SQL_GT, {{FILTER_GT, PLACE_AT}}},
	{KIND_NUMBER, SQL_GE, {{FILTER_GE, PLACE_AT}}},

	{KIND_TEXT, SQL_EQ, {{FILTER_EQ, PLACE_AT}}},
	{KIND_TEXT, SQL_EQ, {{FILTER_IN, PLACE_AT}}},
	{KIND_TEXT, SQL_ANY, {{FILTER_IN, PLACE_AT}}},
	{KIND_TEXT, SQL_NE, {{FILTER_NE, PLACE_AT}}},
	{KIND_TEXT, SQL_NE, {{FILTER_NOT_IN, PLACE_AT}}},
	{KIND_TEXT, SQL_ALL, {{FILTER_NOT_IN, PLACE_AT}}},
	{KIND_TEXT, SQL_LT, {{FILTER_LT, PLACE_CEIL}}},
	{KIND_TEXT, SQL_LE, {{FILTER_LE, PLACE_FLOOR}}},
	{KIND_TEXT, SQL_GT, {{FILTER_GE, PLACE_BEFORE}}},
	{KIND_TEXT, SQL_GE, {{FILTER_GE, PLACE_CEIL}}},
	{KIND_TEXT, SQL_LIKE, {{FILTER_LIKE, PLACE_PATTERN}}},
	{KIND_TEXT, SQL_LIKE, {{FILTER_SUBSTRING, PLACE_FRAGMENT}}},

	{KIND_DATE, SQL_EQ, {{FILTER_EQ, PLACE_AT}}},
	{KIND_DATE, SQL_EQ, {{FILTER_IN, PLACE_AT}}},
	{KIND_DATE, SQL_EQ, {{FILTER_GT, PLACE_BEFORE}, {FILTER_LE, PLACE_FLOOR}}},
	{KIND_DATE, SQL_EQ, {{FILTER_GT, PLACE_BEFORE}, {FILTER_LT, PLACE_AFTER}}},
	{KIND_DATE, SQL_ANY, {{FILTER_IN, PLACE_AT}}},
	{KIND_DATE, SQL_NE, {{FILTER_NE, PLACE_AT}}},
	{KIND_DATE, SQL_NE, {{FILTER_NOT_IN, PLACE_AT}}},
	{KIND_DATE, SQL_ALL, {{FILTER_NOT_IN, PLACE_AT}}},
	{KIND_DATE, SQL_LT, {{FILTER_LE, PLACE_BEFORE}}},
	{KIND_DATE, SQL_LT, {{FILTER_LT, PLACE_CEIL}}},
	{KIND_DATE, SQL_LE, {{FILTER_LE, PLACE_FLOOR}}},
	{KIND_DATE, SQL_LE, {{FILTER_LT, PLACE_AFTER}}},
	{KIND_DATE, SQL_GT, {{FILTER_GT, PLACE_FLOOR}}},
	{KIND_DATE, SQL_GE, {{FILTER_GT, PLACE_BEFORE}}},

	{KIND_DATETIME, SQL_EQ, {{FILTER_EQ, PLACE_AT}}},
	{KIND_DATETIME, SQL_EQ, {{FILTER_IN, PLACE_AT}}},
	{KIND_DATETIME, SQL_EQ, {{FILTER_GT, PLACE_BEFORE}, {FILTER_LE, PLACE_AFTER}}},
	{KIND_DATETIME, SQL_ANY, {{FILTER_IN, PLACE_AT}}},
	{KIND_DATETIME, SQL_NE, {{FILTER_NE, PLACE_AT}}},
	{KIND_DATETIME, SQL_NE, {{FILTER_NOT_IN, PLACE_AT}}},
	{KIND_DATETIME, SQL_ALL, {{FILTER_NOT_IN, PLACE_AT}}},
	{KIND_DATETIME, SQL_LT, {{FILTER_LE, PLACE_CEIL}}},
	{KIND_DATETIME, SQL_LE, {{FILTER_LE, PLACE_AFTER}}},
	{KIND_DATETIME, SQL_GT, {{FILTER_GT, PLACE_FLOOR}}},
	{KIND_DATETIME, SQL_GE, {{FILTER_GT, PLACE_BEFORE}}},

	{KIND_DAY, SQL_EQ, {{FILTER_GT, PLACE_BEFORE}, {FILTER_LE, PLACE_NEXT}}},
	{KIND_DAY, SQL_LT, {{FILTER_LE, PLACE_CEIL}}},
	{KIND_DAY, SQL_LE, {{FILTER_LE, PLACE_NEXT}}},
	{KIND_DAY, SQL_GT, {{FILTER_GT, PLACE_LAST}}},
	{KIND_DAY, SQL_GE, {{FILTER_GT, PLACE_BEFORE}}},

	{KIND_INSTANT, SQL_EQ, {{FILTER_GT, PLACE_BEFORE}, {FILTER_LE, PLACE_AFTER}}},
	{KIND_INSTANT, SQL_LT, {{FILTER_LE, PLACE_AFTER}}},
	{KIND_INSTANT, SQL_LE, {{FILTER_LE, PLACE_AFTER}}},
	{KIND_INSTANT, SQL_GT, {{FILTER_GT, PLACE_BEFORE}}},
	{KIND_INSTANT, SQL_GE, {{FILTER_GT, PLACE_BEFORE}}},
};

const int	filter_rule_count = lengthof(filter_rules);

/* A comparison as the query has it */
typedef struct Comparison
{
	Var		   *var;
	FilterKind	kind;
	SqlComparison sql;
	Expr	   *value;
	Oid			collation;
} Comparison;

/* ---- columns ---- */

static bool
is_integer_type(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/*
 * Can the code stand in the key of a filter?  Others are mangled on the way,
 * digits alone mean a group, and LOGIC is the group's operator.
 */
static bool
field_code_is_safe(const char *code)
{
	return strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
		strlen(code) &&
		strspn(code, "0123456789") < strlen(code) &&
		pg_strcasecmp(code, "LOGIC") != 0;
}

/*
 * What there is to compare in a column: the field's type, and the column's
 * type if it shows the field's values as they are.  One with a length or a
 * precision changes them, and so do most other types.
 */
FilterKind
filter_kind(const ColumnOptions *column, Oid type, int32 typmod)
{
	if (column->field == NULL || typmod != -1 || !field_code_is_safe(column->field))
		return KIND_NONE;

	switch (column->wire_type)
	{
		case WIRE_INT:
			return is_integer_type(type) ? KIND_INT : KIND_NONE;
		case WIRE_STRING:
			return type == TEXTOID || type == VARCHAROID ? KIND_TEXT : KIND_NONE;
		case WIRE_DOUBLE:
		case WIRE_MONEY:
			return type == FLOAT8OID || type == NUMERICOID ? KIND_NUMBER : KIND_NONE;
		case WIRE_DATE:
			/* where a zone is told, values are moments, and the day is the zone's */
			return type == DATEOID && column->time_zone == NULL ? KIND_DATE : KIND_NONE;
		case WIRE_DATETIME:
			if (type != TIMESTAMPOID && type != TIMESTAMPTZOID)
				return KIND_NONE;
			if (type == TIMESTAMPOID && column->time_zone == NULL)
				return KIND_DATETIME;

			/* what is known of the server or table says nothing of zones */
			return column->own_operators ? KIND_INSTANT : KIND_NONE;
		default:
			return KIND_NONE;
	}
}

/*
 * Look through a cast that leaves the meaning of comparisons as it is.  *day
 * is set if it cuts the time of day off.
 */
static Node *
strip_cast(Node *node, bool *day)
{
	FuncExpr   *func = (FuncExpr *) node;
	Oid			from;
	bool		same;

	if (!IsA(node, FuncExpr) || list_length(func->args) != 1 ||
		(func->funcformat != COERCE_IMPLICIT_CAST &&
		 func->funcformat != COERCE_EXPLICIT_CAST) ||
		get_func_namespace(func->funcid) != PG_CATALOG_NAMESPACE)
		return node;

	from = exprType(linitial(func->args));
	switch (func->funcresulttype)
	{
		case INT4OID:
			same = from == INT2OID;
			break;
		case INT8OID:
			same = from == INT2OID || from == INT4OID;
			break;
		case FLOAT8OID:
			/* not a bigint: it may be rounded */
			same = from == INT2OID || from == INT4OID;
			break;
		case NUMERICOID:
			same = is_integer_type(from);
			break;
		case DATEOID:
			same = *day = from == TIMESTAMPOID;
			break;
		default:
			same = false;
	}
	return same ? linitial(func->args) : node;
}

/*
 * The relation's column under harmless casts and relabelling (varchar as
 * text), or NULL.
 */
static Var *
column_of_relation(RelOptInfo *baserel, Node *node, bool *day)
{
	*day = false;
	for (;;)
	{
		Node	   *inner = node;

		if (node == NULL)
			return NULL;
		if (IsA(node, RelabelType))
			inner = (Node *) ((RelabelType *) node)->arg;
		else if (!*day)
			inner = strip_cast(node, day);
		if (inner == node)
			break;
		node = inner;
	}
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (var->varno == baserel->relid && var->varlevelsup == 0 && var->varattno > 0)
			return var;
	}
	return NULL;
}

/* ---- comparisons ---- */

/*
 * Which comparison is this operator, if it is one of pg_catalog's between
 * values of this kind?
 */
static bool
comparison_of_operator(Oid opno, FilterKind kind, SqlComparison *sql)
{
	static const struct
	{
		const char *name;
		SqlComparison sql;
	}			known[] = {{"=", SQL_EQ}, {"<>", SQL_NE}, {"<", SQL_LT}, {"<=", SQL_LE},
	{">", SQL_GT}, {">=", SQL_GE}, {"~~", SQL_LIKE}};
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(opno));
	Form_pg_operator operator;
	Oid			left;
	Oid			right;
	bool		fits = false;
	int			i = 0;

	if (!HeapTupleIsValid(tuple))
		return false;
	operator = (Form_pg_operator) GETSTRUCT(tuple);
	left = operator->oprleft;
	right = operator->oprright;
	if (operator->oprnamespace == PG_CATALOG_NAMESPACE)
	{
		while (i < lengthof(known) && strcmp(known[i].name, NameStr(operator->oprname)) != 0)
			i++;
	}
	else
		i = lengthof(known);
	ReleaseSysCache(tuple);
	if (i == lengthof(known))
		return false;

	*sql = known[i].sql;
	switch (kind)
	{
		case KIND_NONE:
			break;
		case KIND_INT:
			fits = (is_integer_type(left) && is_integer_type(right)) ||
				(left == right && (left == NUMERICOID || left == FLOAT8OID));
			break;
		case KIND_NUMBER:
			fits = left == right && (left == NUMERICOID || left == FLOAT8OID);
			break;
		case KIND_TEXT:
			fits = left == TEXTOID && right == TEXTOID;
			break;
		case KIND_DATE:
		case KIND_DATETIME:
			fits = (left == DATEOID || left == TIMESTAMPOID) &&
				(right == DATEOID || right == TIMESTAMPOID);
			break;
		case KIND_DAY:
			fits = left == DATEOID && right == DATEOID;
			break;
		case KIND_INSTANT:
			fits = left == right && (left == TIMESTAMPTZOID || left == TIMESTAMPOID);
			break;
	}
	return fits;
}

/*
 * The same comparison with its sides exchanged.  False if it has none.
 */
static bool
commute(SqlComparison *sql)
{
	switch (*sql)
	{
		case SQL_EQ:
		case SQL_NE:
			return true;
		case SQL_LT:
			*sql = SQL_GT;
			return true;
		case SQL_LE:
			*sql = SQL_GE;
			return true;
		case SQL_GT:
			*sql = SQL_LT;
			return true;
		case SQL_GE:
			*sql = SQL_LE;
			return true;
		default:
			return false;
	}
}

/*
 * Is this something that has one value for the whole scan, and the same one
 * whenever it is evaluated?  Columns of other relations have, in a scan that
 * is parameterized by them.
 */
static bool
is_scan_constant(PlannerInfo *root, RelOptInfo *baserel, Node *node)
{
	return !bms_is_member(baserel->relid, compat_pull_varnos(root, node)) &&
		!contain_subplans(node) && !contain_mutable_functions(node);
}

/*
 * Does the comparison ask for an order or an equality that the other side can
 * have?
 */
static bool
collation_fits(const Comparison *comparison)
{
	if (!OidIsValid(comparison->collation))
		return true;
	switch (comparison->sql)
	{
		case SQL_LT:
		case SQL_LE:
		case SQL_GT:
		case SQL_GE:
			/* in other encodings the order of bytes is another one */
			return compat_collation_is_c(comparison->collation) &&
				GetDatabaseEncoding() == PG_UTF8;
		default:
			return get_collation_isdeterministic(comparison->collation);
	}
}

/*
 * Read an operator expression as a comparison of a column with a value.
 */
static bool
read_comparison(PlannerInfo *root, RelOptInfo *baserel, const TableOptions *table,
				Node *clause, Comparison *comparison)
{
	Node	   *left;
	Node	   *right;
	Oid			opno;
	bool		list = false;
	bool		any = false;
	bool		commuted = false;
	bool		day;

	if (IsA(clause, OpExpr) && list_length(((OpExpr *) clause)->args) == 2)
	{
		OpExpr	   *op = (OpExpr *) clause;

		opno = op->opno;
		comparison->collation = op->inputcollid;
		left = linitial(op->args);
		right = lsecond(op->args);
	}
	else if (IsA(clause, ScalarArrayOpExpr))
	{
		ScalarArrayOpExpr *op = (ScalarArrayOpExpr *) clause;

		opno = op->opno;
		comparison->collation = op->inputcollid;
		left = linitial(op->args);
		right = lsecond(op->args);
		list = true;
		any = op->useOr;
	}
	else
		return false;

	comparison->var = column_of_relation(baserel, left, &day);
	if (comparison->var == NULL && !list)
	{
		Node	   *swap = left;

		left = right;
		right = swap;
		commuted = true;
		comparison->var = column_of_relation(baserel, left, &day);
	}
	if (comparison->var == NULL || !is_scan_constant(root, baserel, right))
		return false;

	comparison->kind = filter_kind(&table->columns[comparison->var->varattno - 1],
								   comparison->var->vartype, comparison->var->vartypmod);
	if (day)
		comparison->kind = comparison->kind == KIND_DATETIME ? KIND_DAY : KIND_NONE;
	comparison->value = (Expr *) right;
	if (!comparison_of_operator(opno, comparison->kind, &comparison->sql) ||
		(commuted && !commute(&comparison->sql)))
		return false;
	if (list)
	{
		if (comparison->sql != (any ? SQL_EQ : SQL_NE))
			return false;
		comparison->sql = any ? SQL_ANY : SQL_ALL;
	}
	return collation_fits(comparison);
}

/*
 * All that a rule sends, as a set.
 */
static int
operators_of_rule(const FilterRule *rule)
{
	return rule->sent[0].operator | rule->sent[1].operator;
}

/*
 * The first rule for a comparison under which nothing is sent that the column
 * is not vouched for, or -1.  single: only those that send one condition.
 */
static int
find_rule(FilterKind kind, SqlComparison sql, int vouched, bool single)
{
	for (int i = 0; i < lengthof(filter_rules); i++)
	{
		const FilterRule *rule = &filter_rules[i];

		if (rule->kind == kind && rule->sql == sql &&
			(operators_of_rule(rule) & ~vouched) == 0 &&
			!(single && rule->sent[1].operator))
			return i;
	}
	return -1;
}

/*
 * A comparison as a condition to be sent, or NULL.
 */
static FilterExpr *
filter_from_comparison(const TableOptions *table, const Comparison *comparison, bool single)
{
	int			vouched = table->columns[comparison->var->varattno - 1].filter_operators;
	FilterExpr *filter = palloc0(sizeof(FilterExpr));

	/* a pattern that is no more than a fragment is understood better so */
	if (comparison->sql == SQL_LIKE && (vouched & FILTER_SUBSTRING) &&
		IsA(comparison->value, Const) && !((Const *) comparison->value)->constisnull &&
		filter_pattern_is_fragment(((Const *) comparison->value)->constvalue))
		vouched &= ~FILTER_LIKE;

	filter->rule = find_rule(comparison->kind, comparison->sql, vouched, single);
	if (filter->rule < 0)
		return NULL;
	filter->attnum = comparison->var->varattno;
	filter->values = list_make1(comparison->value);
	return filter;
}

/* ---- groups ---- */

static FilterExpr *group_from_or(PlannerInfo *root, RelOptInfo *baserel,
								 const TableOptions *table, List *args);

static FilterExpr *
make_group(int logic, List *members)
{
	FilterExpr *group = palloc0(sizeof(FilterExpr));

	if (list_length(members) == 1)
		return linitial(members);
	group->logic = logic;
	group->members = members;
	group->attnum = ((FilterExpr *) linitial(members))->attnum;
	return group;
}

static bool
may_group(const TableOptions *table, AttrNumber attnum, int logic)
{
	return (table->columns[attnum - 1].filter_operators & logic) != 0;
}

/*
 * A condition inside of OR.  All of it has to be sent.
 */
static FilterExpr *
member_of_or(PlannerInfo *root, RelOptInfo *baserel, const TableOptions *table, Node *clause)
{
	List	   *members = NIL;
	ListCell   *lc;

	if (is_orclause(clause))
		return group_from_or(root, baserel, table, ((BoolExpr *) clause)->args);
	if (!is_andclause(clause))
	{
		Comparison	comparison;

		/* with <> in it, OR finds nearly all rows */
		if (!read_comparison(root, baserel, table, clause, &comparison) ||
			comparison.sql == SQL_NE || comparison.sql == SQL_ALL)
			return NULL;
		return filter_from_comparison(table, &comparison, true);
	}
	foreach(lc, ((BoolExpr *) clause)->args)
	{
		FilterExpr *member = member_of_or(root, baserel, table, lfirst(lc));

		if (member == NULL || !may_group(table, member->attnum, FILTER_AND))
			return NULL;
		members = lappend(members, member);
	}
	return make_group(FILTER_AND, members);
}

/*
 * The list, if there is one in the members already, that equality on this
 * column can be added to.
 */
static FilterExpr *
list_of_column(List *members, const Comparison *comparison)
{
	ListCell   *lc;

	foreach(lc, members)
	{
		FilterExpr *member = lfirst(lc);

		if (member->logic == 0 && member->attnum == comparison->var->varattno &&
			filter_rules[member->rule].sql == SQL_ANY)
			return member;
	}
	return NULL;
}

/*
 * The conditions of an OR: equalities of one column are a list, the rest, if
 * there is any, makes a group.
 */
static FilterExpr *
group_from_or(PlannerInfo *root, RelOptInfo *baserel, const TableOptions *table, List *args)
{
	List	   *members = NIL;
	FilterExpr *group;
	ListCell   *lc;

	foreach(lc, args)
	{
		Comparison	comparison;
		FilterExpr *member;

		if (read_comparison(root, baserel, table, lfirst(lc), &comparison) &&
			(comparison.sql == SQL_EQ || comparison.sql == SQL_ANY))
		{
			Comparison	list = comparison;

			list.sql = SQL_ANY;
			member = list_of_column(members, &comparison);
			if (member)
			{
				member->values = lappend(member->values, comparison.value);
				continue;
			}
			member = filter_from_comparison(table, &list, true);
			if (member)
			{
				members = lappend(members, member);
				continue;
			}
		}
		member = member_of_or(root, baserel, table, lfirst(lc));
		if (member == NULL)
			return NULL;
		members = lappend(members, member);
	}

	/* a list of one is an equality like any other */
	foreach(lc, members)
	{
		FilterExpr *member = lfirst(lc);
		int			rule;

		if (member->logic || filter_rules[member->rule].sql != SQL_ANY ||
			list_length(member->values) > 1 ||
			type_is_array_domain(exprType(linitial(member->values))))
			continue;
		rule = find_rule(filter_rules[member->rule].kind, SQL_EQ,
						 table->columns[member->attnum - 1].filter_operators, true);
		if (rule >= 0)
			member->rule = rule;
	}
	group = make_group(FILTER_OR, members);
	if (group->logic == FILTER_OR)
	{
		foreach(lc, members)
		{
			if (!may_group(table, ((FilterExpr *) lfirst(lc))->attnum, FILTER_OR))
				return NULL;
		}
	}
	return group;
}

/*
 * Are all values of the condition constants?
 */
bool
filter_is_constant(const FilterExpr *filter)
{
	ListCell   *lc;

	foreach(lc, filter->members)
	{
		if (!filter_is_constant(lfirst(lc)))
			return false;
	}
	foreach(lc, filter->values)
	{
		if (!IsA(lfirst(lc), Const))
			return false;
	}
	return true;
}

/*
 * Read a clause of the query as a condition that can be sent, palloc'd.  NULL
 * if it cannot.
 */
FilterExpr *
filter_from_clause(PlannerInfo *root, RelOptInfo *baserel, const TableOptions *table,
				   Expr *clause)
{
	FilterExpr *filter = NULL;
	Comparison	comparison;
	List	   *conditions;

	if (is_orclause(clause))
		filter = group_from_or(root, baserel, table, ((BoolExpr *) clause)->args);
	else if (read_comparison(root, baserel, table, (Node *) clause, &comparison))
		filter = filter_from_comparison(table, &comparison, false);

	/* what can be seen now to be unsendable is not planned to be sent */
	if (filter && filter_is_constant(filter) &&
		filter_bind_constants(table, filter, &conditions) == FILTER_KEEP)
		return NULL;
	return filter;
}

/* ---- in plans ---- */

/*
 * A condition as nodes that can be copied with the plan.  Its values are
 * appended to *values, which is the plan's list of expressions.
 *
 * A comparison is a list of integers (column, rule, place of the values in
 * that list, number of values), a group a list of an integer and the members.
 */
List *
filter_to_plan(const FilterExpr *filter, List **values)
{
	List	   *nodes;
	ListCell   *lc;

	if (filter->logic == 0)
	{
		nodes = list_make4_int(filter->attnum, filter->rule, list_length(*values),
							   list_length(filter->values));
		*values = list_concat(*values, filter->values);
		return nodes;
	}
	nodes = list_make1(makeInteger(filter->logic));
	foreach(lc, filter->members)
		nodes = lappend(nodes, filter_to_plan(lfirst(lc), values));
	return nodes;
}

/*
 * The reverse.  values are all the expressions of the plan.
 */
FilterExpr *
filter_from_plan(List *nodes, List *values)
{
	FilterExpr *filter = palloc0(sizeof(FilterExpr));

	if (IsA(nodes, IntList))
	{
		filter->attnum = linitial_int(nodes);
		filter->rule = lsecond_int(nodes);
		filter->first = lthird_int(nodes);
		for (int i = 0; i < lfourth_int(nodes); i++)
			filter->values = lappend(filter->values, list_nth(values, filter->first + i));
		return filter;
	}
	filter->logic = intVal(linitial(nodes));
	for (int i = 1; i < list_length(nodes); i++)
		filter->members = lappend(filter->members,
								  filter_from_plan(list_nth(nodes, i), values));
	filter->attnum = ((FilterExpr *) linitial(filter->members))->attnum;
	return filter;
}

/*
 * May these two not stand in one request?  They would need the same key, and
 * can neither be made one nor put into a group.
 */
bool
filter_excludes(const TableOptions *table, const FilterExpr *a, const FilterExpr *b)
{
	const ColumnOptions *column = &table->columns[a->attnum - 1];
	int			common;

	if (a->logic || b->logic || (column->filter_operators & FILTER_AND) ||
		strcmp(column->field, table->columns[b->attnum - 1].field) != 0)
		return false;
	common = operators_of_rule(&filter_rules[a->rule]) & operators_of_rule(&filter_rules[b->rule]);
	if (column->filter_operators & FILTER_NOT_IN)
		common &= ~FILTER_NE;
	return (common & (FILTER_NE | FILTER_SUBSTRING | FILTER_LIKE)) != 0;
}
