/*-------------------------------------------------------------------------
 *
 * filter_bind.c
 *	  Conditions with their values, as they stand together in a request.
 *
 * A request's filter is an object, in which a key (operator and field) can
 * stand only once.  Conditions of the query that would have the same key are
 * made one, or put into a nested group.
 *
 *-------------------------------------------------------------------------
 */
#include "filter.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

/* A list with more values than this is not sent */
#define MAX_LIST_VALUES 10000

/* How many values of a list EXPLAIN shows */
#define SHOWN_VALUES 20

/* How operators are written, in requests and for people */
static const struct
{
	int			operator;
	const char *prefix;
	const char *shown;
}			operators[] =

{
	{FILTER_EQ, "", "="},
	{FILTER_IN, "", "IN"},
	{FILTER_NE, "!=", "<>"},
	{FILTER_NOT_IN, "!@", "NOT IN"},
	{FILTER_LT, "<", "<"},
	{FILTER_LE, "<=", "<="},
	{FILTER_GT, ">", ">"},
	{FILTER_GE, ">=", ">="},
	{FILTER_SUBSTRING, "%", "CONTAINS"},
	{FILTER_LIKE, "=%", "LIKE"},
};

static int
operator_index(int operator)
{
	int			i = 0;

	while (operators[i].operator != operator)
		i++;
	return i;
}

static bool
is_list(int operator)
{
	return operator == FILTER_IN || operator == FILTER_NOT_IN;
}

/*
 * The key of a condition in a request, palloc'd; not for groups.
 */
char *
filter_key(const FilterCondition *condition)
{
	return psprintf("%s%s", operators[operator_index(condition->operator)].prefix,
					condition->field);
}

/*
 * How many variables of a form the condition takes.
 */
int
filter_variables(const FilterCondition *condition)
{
	int			variables = list_length(condition->values);
	ListCell   *lc;

	if (condition->members != NIL)
		variables++;			/* LOGIC */
	foreach(lc, condition->members)
		variables += filter_variables(lfirst(lc));
	return variables;
}

/* ---- binding ---- */

/* A value of a list and its place there */
typedef struct ListValue
{
	char	   *text;
	int			place;
} ListValue;

static int
compare_texts(const void *a, const void *b)
{
	const ListValue *left = a;
	const ListValue *right = b;
	int			result = strcmp(left->text, right->text);

	return result ? result : left->place - right->place;
}

static int
compare_places(const void *a, const void *b)
{
	return ((const ListValue *) a)->place - ((const ListValue *) b)->place;
}

/*
 * The texts of a list, each once, in the order in which they come first.
 */
static List *
without_duplicates(List *texts)
{
	int			count = list_length(texts);
	ListValue  *values = palloc(sizeof(ListValue) * Max(count, 1));
	List	   *result = NIL;
	int			kept = 0;
	ListCell   *lc;

	foreach(lc, texts)
	{
		values[foreach_current_index(lc)].text = lfirst(lc);
		values[foreach_current_index(lc)].place = foreach_current_index(lc);
	}
	qsort(values, count, sizeof(ListValue), compare_texts);
	for (int i = 0; i < count; i++)
	{
		if (kept == 0 || strcmp(values[kept - 1].text, values[i].text) != 0)
			values[kept++] = values[i];
	}
	qsort(values, kept, sizeof(ListValue), compare_places);
	for (int i = 0; i < kept; i++)
		result = lappend(result, values[i].text);
	return result;
}

/*
 * The elements of a comparison's value, which is an array or a scalar, as the
 * texts to be sent: appended to *texts.  *exact is cleared if one finds more
 * than the query asks for.  A value that may not be sent makes a list of wanted
 * values unfit; from one of unwanted values it is left out, and so is one
 * that no row has.
 */
static FilterVerdict
bind_values(const FilterRule *rule, FilterPlace place, Oid type, Datum value, bool isnull,
			List **texts, bool *exact)
{
	Oid			element_type = get_element_type(getBaseType(type));
	Datum	   *elements = &value;
	bool	   *nulls = &isnull;
	int			nelements = 1;
	bool		is_array = OidIsValid(element_type);

	if (is_array && !isnull)
	{
		ArrayType  *array = DatumGetArrayTypeP(value);
		int16		length;
		bool		by_value;
		char		alignment;

		get_typlenbyvalalign(element_type, &length, &by_value, &alignment);
		deconstruct_array(array, element_type, length, by_value, alignment,
						  &elements, &nulls, &nelements);
	}
	for (int i = 0; i < nelements; i++)
	{
		char	   *text;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
		{
			/* a comparison with null is never true: neither is "not in" then */
			if (rule->sql == SQL_ANY)
				continue;
			return FILTER_NEVER;
		}
		switch (filter_value(rule->kind, getBaseType(is_array ? element_type : type),
							 elements[i], place, &text))
		{
			case VALUE_WIDE:
				*exact = false;
				/* FALLTHROUGH */
			case VALUE_EXACT:
				*texts = lappend(*texts, text);
				break;
			case VALUE_UNFIT:
				if (rule->sql != SQL_ALL)
					return FILTER_KEEP;
				*exact = false;
				break;
			case VALUE_IMPOSSIBLE:
				if (rule->sql == SQL_NE)
					return FILTER_KEEP;
				if (rule->sql != SQL_ANY && rule->sql != SQL_ALL)
					return FILTER_NEVER;
				break;
		}
		if (list_length(*texts) > MAX_LIST_VALUES)
			return FILTER_KEEP;
	}
	return FILTER_SEND;
}

static FilterCondition *
new_condition(const TableOptions *table, AttrNumber attnum, int operator)
{
	FilterCondition *condition = palloc0(sizeof(FilterCondition));

	condition->operator = operator;
	condition->attnum = attnum;
	condition->field = table->columns[attnum - 1].field;
	condition->wire_type = table->columns[attnum - 1].wire_type;
	return condition;
}

/*
 * Bind a comparison: one condition, or two.
 */
static FilterVerdict
bind_comparison(const TableOptions *table, const FilterExpr *filter,
				const Datum *values, const bool *nulls, List **conditions, bool *exact)
{
	const FilterRule *rule = &filter_rules[filter->rule];

	for (int i = 0; i < lengthof(rule->sent) && rule->sent[i].operator; i++)
	{
		FilterCondition *condition = new_condition(table, filter->attnum,
												   rule->sent[i].operator);
		ListCell   *lc;

		foreach(lc, filter->values)
		{
			int			index = filter->first + foreach_current_index(lc);
			FilterVerdict verdict = bind_values(rule, rule->sent[i].place, exprType(lfirst(lc)),
												values[index], nulls[index],
												&condition->values, exact);

			if (verdict != FILTER_SEND)
				return verdict;
		}
		if (condition->values == NIL)
			return rule->sql == SQL_ANY ? FILTER_NEVER : FILTER_KEEP;
		if (is_list(condition->operator))
			condition->values = without_duplicates(condition->values);
		*conditions = lappend(*conditions, condition);
	}
	return FILTER_SEND;
}

static FilterCondition *
make_group(int logic, List *members)
{
	FilterCondition *group = palloc0(sizeof(FilterCondition));

	group->operator = logic;
	group->members = members;
	group->attnum = ((FilterCondition *) linitial(members))->attnum;
	return group;
}

/*
 * Bind a group, to a single condition.  A member that cannot be true is left
 * out of OR, and decides AND; one that cannot be sent decides both.
 */
static FilterVerdict
bind_group(const TableOptions *table, const FilterExpr *filter,
		   const Datum *values, const bool *nulls, List **conditions, bool *exact)
{
	List	   *members = NIL;
	bool		never = false;
	ListCell   *lc;

	foreach(lc, filter->members)
	{
		FilterExpr *member = lfirst(lc);
		FilterVerdict verdict = member->logic
			? bind_group(table, member, values, nulls, &members, exact)
			: bind_comparison(table, member, values, nulls, &members, exact);

		/* inside of OR there is nothing that is not exact */
		if (verdict == FILTER_KEEP || !*exact)
			return FILTER_KEEP;
		never |= verdict == FILTER_NEVER;
	}
	if (members == NIL || (never && filter->logic == FILTER_AND))
		return FILTER_NEVER;
	*conditions = lappend(*conditions, list_length(members) == 1 ? linitial(members)
						  : make_group(filter->logic, members));
	return FILTER_SEND;
}

/*
 * Make the conditions that are sent for one of the plan's.  values and nulls
 * are parallel to the plan's expressions.  What is appended to *conditions is
 * palloc'd, and counts only with FILTER_SEND.
 */
FilterVerdict
filter_bind(const TableOptions *table, const FilterExpr *filter,
			const Datum *values, const bool *nulls, List **conditions)
{
	bool		exact = true;

	if (filter->logic)
		return bind_group(table, filter, values, nulls, conditions, &exact);
	return bind_comparison(table, filter, values, nulls, conditions, &exact);
}

/*
 * The same for one whose values are all constants.
 */
FilterVerdict
filter_bind_constants(const TableOptions *table, const FilterExpr *filter, List **conditions)
{
	List	   *constants = NIL;
	List	   *plan = filter_to_plan(filter, &constants);
	Datum	   *values = palloc(sizeof(Datum) * list_length(constants));
	bool	   *nulls = palloc(sizeof(bool) * list_length(constants));
	ListCell   *lc;

	foreach(lc, constants)
	{
		values[foreach_current_index(lc)] = lfirst_node(Const, lc)->constvalue;
		nulls[foreach_current_index(lc)] = lfirst_node(Const, lc)->constisnull;
	}
	*conditions = NIL;
	return filter_bind(table, filter_from_plan(plan, constants), values, nulls, conditions);
}

/*
 * The conditions that the plan's one is sent as, with its values if these are
 * constants, else without.
 */
void
filter_shape(const TableOptions *table, const FilterExpr *filter, List **conditions)
{
	const FilterRule *rule;
	List	   *members = NIL;
	ListCell   *lc;

	*conditions = NIL;
	if (filter_is_constant(filter) &&
		filter_bind_constants(table, filter, conditions) == FILTER_SEND)
		return;

	*conditions = NIL;
	if (filter->logic)
	{
		foreach(lc, filter->members)
		{
			List	   *conditions_of_member;

			filter_shape(table, lfirst(lc), &conditions_of_member);
			members = list_concat(members, conditions_of_member);
		}
		*conditions = list_make1(make_group(filter->logic, members));
		return;
	}
	rule = &filter_rules[filter->rule];
	for (int i = 0; i < lengthof(rule->sent) && rule->sent[i].operator; i++)
		*conditions = lappend(*conditions,
							  new_condition(table, filter->attnum, rule->sent[i].operator));
}

/* ---- the conditions of a request ---- */

/*
 * The texts that are in both lists.
 */
static List *
in_both(List *a, List *b)
{
	FilterValueSet *set = filter_value_set(b);
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, a)
	{
		if (filter_value_set_has(set, lfirst(lc)))
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/*
 * Put both conditions, which have the same key, into a group.  False if the
 * connector is not vouched for to know groups.
 */
static bool
group_with(const TableOptions *table, ListCell *place, FilterCondition *condition)
{
	FilterCondition *other = lfirst(place);

	if ((table->columns[condition->attnum - 1].filter_operators & FILTER_AND) == 0)
		return false;
	if (other->operator == FILTER_AND)
		other->members = lappend(other->members, condition);
	else
	{
		lfirst(place) = make_group(FILTER_AND, list_make2(other, condition));
		((FilterCondition *) lfirst(place))->clauses = other->clauses;
		other = lfirst(place);
	}
	other->clauses = bms_union(other->clauses, condition->clauses);
	return true;
}

/*
 * Two conditions on one key, of which the first one stands in a list: make
 * them one if they can be, or a group.  False if neither can be done.  *never is
 * set if no row can satisfy both.
 */
static bool
merge(const TableOptions *table, ListCell *place, FilterCondition *condition, bool *never)
{
	FilterCondition *other = lfirst(place);
	int			order;

	/* within a group that was made here, nothing is merged */
	if (other->operator == FILTER_AND)
		return group_with(table, place, condition);

	/* several columns may show one field, each in its own way and with its own texts */
	if (other->attnum != condition->attnum)
		return group_with(table, place, condition);

	switch (condition->operator)
	{
		case FILTER_EQ:
		case FILTER_IN:
			other->values = in_both(other->values, condition->values);
			if (condition->operator == FILTER_EQ)
				other->operator = FILTER_EQ;
			*never = other->values == NIL;
			break;

		case FILTER_NE:
			if (strcmp(linitial(other->values), linitial(condition->values)) == 0)
				break;
			if ((table->columns[condition->attnum - 1].filter_operators & FILTER_NOT_IN) == 0)
				return group_with(table, place, condition);
			/* FALLTHROUGH */
		case FILTER_NOT_IN:
			other->operator = FILTER_NOT_IN;
			other->values = without_duplicates(list_concat_copy(other->values,
																condition->values));
			break;

		case FILTER_LT:
		case FILTER_LE:
		case FILTER_GT:
		case FILTER_GE:
			/* the stronger one */
			order = filter_value_compare(condition->wire_type, linitial(other->values),
										 linitial(condition->values));
			if ((condition->operator & (FILTER_GT | FILTER_GE)) ? order < 0 : order > 0)
				other->values = condition->values;
			break;

		default:
			if (strcmp(linitial(other->values), linitial(condition->values)) != 0)
				return group_with(table, place, condition);
	}
	other->clauses = bms_union(other->clauses, condition->clauses);
	return true;
}

static bool
same_key(const FilterCondition *a, const FilterCondition *b)
{
	/* a group that was made here is known by its first member */
	if (a->operator == FILTER_AND && a->field == NULL)
	{
		a = linitial(a->members);
		if (a->operator != b->operator || is_list(a->operator))
			return false;
	}
	if (a->operator == FILTER_OR || a->operator == FILTER_AND ||
		b->operator == FILTER_OR || b->operator == FILTER_AND)
		return false;
	return strcmp(filter_key(a), filter_key(b)) == 0 ||
		(strcmp(a->field, b->field) == 0 &&
		 ((a->operator == FILTER_NE && b->operator == FILTER_NOT_IN) ||
		  (a->operator == FILTER_NOT_IN && b->operator == FILTER_NE)));
}

/*
 * Add a condition to those of a request.  False if it cannot stand beside
 * them.  *never is set if no row can satisfy all of them.
 */
bool
filter_add(const TableOptions *table, List **conditions, FilterCondition *condition,
		   bool *never)
{
	ListCell   *lc;

	foreach(lc, *conditions)
	{
		if (same_key(lfirst(lc), condition))
			return merge(table, lc, condition, never);
	}
	*conditions = lappend(*conditions, condition);
	return true;
}

/* ---- for people ---- */

static void
describe_condition(StringInfo out, const FilterCondition *condition)
{
	ListCell   *lc;
	bool		list = is_list(condition->operator);

	if (condition->members != NIL)
	{
		appendStringInfoChar(out, '(');
		foreach(lc, condition->members)
		{
			if (foreach_current_index(lc) > 0)
				appendStringInfoString(out, condition->operator == FILTER_OR ? " OR " : " AND ");
			describe_condition(out, lfirst(lc));
		}
		appendStringInfoChar(out, ')');
		return;
	}
	appendStringInfo(out, "%s %s %s", condition->field,
					 operators[operator_index(condition->operator)].shown, list ? "(" : "");
	foreach(lc, condition->values)
	{
		char	   *text = pg_any_to_server(lfirst(lc), strlen(lfirst(lc)), PG_UTF8);
		bool		number = condition->wire_type == WIRE_INT ||
			condition->wire_type == WIRE_DOUBLE || condition->wire_type == WIRE_MONEY;

		if (foreach_current_index(lc) == SHOWN_VALUES)
		{
			appendStringInfo(out, ", ... %d more",
							 list_length(condition->values) - SHOWN_VALUES);
			break;
		}
		appendStringInfo(out, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 number ? text : quote_literal_cstr(text));
	}
	if (list)
		appendStringInfoChar(out, ')');
}

/*
 * What is added to a value that is not known yet.
 */
static const char *
place_suffix(FilterKind kind, FilterPlace place)
{
	bool		before = place == PLACE_BEFORE;

	if (kind == KIND_TEXT)
		return "";
	switch (place)
	{
		case PLACE_BEFORE:
		case PLACE_AFTER:
			if (kind == KIND_INT)
				return before ? " - 1" : " + 1";
			if (kind == KIND_DATE)
				return before ? " - 1 day" : " + 1 day";
			if (kind == KIND_INSTANT)
				return before ? " - 2 days" : " + 2 days";
			return before ? " - 1 second" : " + 1 second";
		case PLACE_LAST:
			return " + 1 day - 1 second";
		case PLACE_NEXT:
			return " + 1 day";
		default:
			return "";
	}
}

static void
describe_expression(StringInfo out, const TableOptions *table, const FilterExpr *filter,
					List *context)
{
	const FilterRule *rule;
	ListCell   *lc;

	if (filter->logic)
	{
		appendStringInfoChar(out, '(');
		foreach(lc, filter->members)
		{
			if (foreach_current_index(lc) > 0)
				appendStringInfoString(out, filter->logic == FILTER_OR ? " OR " : " AND ");
			describe_expression(out, table, lfirst(lc), context);
		}
		appendStringInfoChar(out, ')');
		return;
	}
	rule = &filter_rules[filter->rule];
	for (int i = 0; i < lengthof(rule->sent) && rule->sent[i].operator; i++)
	{
		appendStringInfo(out, "%s%s %s ", i > 0 ? " AND " : "",
						 table->columns[filter->attnum - 1].field,
						 operators[operator_index(rule->sent[i].operator)].shown);
		if (list_length(filter->values) > 1)
			appendStringInfoChar(out, '(');
		foreach(lc, filter->values)
			appendStringInfo(out, "%s%s%s", foreach_current_index(lc) > 0 ? ", " : "",
							 deparse_expression(lfirst(lc), context, true, false),
							 place_suffix(rule->kind, rule->sent[i].place));
		if (list_length(filter->values) > 1)
			appendStringInfoChar(out, ')');
	}
}

/*
 * A condition of the plan as EXPLAIN shows it, palloc'd: with the values that
 * are sent if these are known, else with the expressions that give them.
 */
char *
filter_describe(const TableOptions *table, const FilterExpr *filter, List *context)
{
	StringInfoData out;
	List	   *conditions;
	ListCell   *lc;

	initStringInfo(&out);
	if (!filter_is_constant(filter) ||
		filter_bind_constants(table, filter, &conditions) != FILTER_SEND)
	{
		describe_expression(&out, table, filter, context);
		return out.data;
	}
	foreach(lc, conditions)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(&out, " AND ");
		describe_condition(&out, lfirst(lc));
	}
	return out.data;
}
