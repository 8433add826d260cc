/*-------------------------------------------------------------------------
 *
 * filter.c
 *	  Which SQL conditions a connector can be asked for, and with which
 *	  values.
 *
 * What is sent is a hint: every condition is also checked here, on every row
 * that comes back.  So what is sent may find more rows than the SQL condition
 * does, but never fewer.  Every connector's author implements filters anew,
 * and whether theirs loses rows cannot be known from here.  This file keeps to
 * the forms and values that are understood wherever filters are understood at
 * all:
 *
 *	condition				sent as				on fields	with columns
 *	col = value				FIELD=value			int			int2, int4, int8
 *							FIELD=value			string		text, varchar
 *	col IN (...)			FIELD=[values]		int			int2, int4, int8
 *	col = ANY (array)		FIELD=[values]		string		text, varchar
 *
 * Equality on the other side may ignore case or trailing blanks and only
 * finds more for it.  Values that are likely to be changed on their way, or to
 * be stored otherwise than they are shown, are not sent: see value_is_safe.
 *
 *-------------------------------------------------------------------------
 */
#include "biconnector_fdw.h"

#include "access/htup_details.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* Longer strings are cut by some */
#define MAX_STRING_LENGTH 255

/* Integers beyond this are not exact everywhere (JavaScript) */
#define MAX_SAFE_INTEGER ((INT64CONST(1) << 53) - 1)

static bool
is_integer_type(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/*
 * Is the operator pg_catalog's equality of these two kinds of field?
 */
static bool
is_equality(Oid opno, WireType wire_type)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(opno));
	Form_pg_operator operator;
	bool		result = false;

	if (!HeapTupleIsValid(tuple))
		return false;
	operator = (Form_pg_operator) GETSTRUCT(tuple);
	if (operator->oprnamespace == PG_CATALOG_NAMESPACE &&
		strcmp(NameStr(operator->oprname), "=") == 0)
	{
		if (wire_type == WIRE_INT)
			result = is_integer_type(operator->oprleft) && is_integer_type(operator->oprright);
		else if (wire_type == WIRE_STRING)
			result = operator->oprleft == TEXTOID && operator->oprright == TEXTOID;
	}
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Does the column's type show the field's values as they are?  A varchar with
 * a length cuts blanks off, other types change more.
 */
static bool
column_fits(WireType wire_type, const Var *var)
{
	switch (wire_type)
	{
		case WIRE_INT:
			return is_integer_type(var->vartype);
		case WIRE_STRING:
			return var->vartype == TEXTOID ||
				(var->vartype == VARCHAROID && var->vartypmod == -1);
		default:
			return false;
	}
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
 * Can the text of a value be expected to arrive, and to be stored, as it is
 * shown?  Blanks at the ends are trimmed by many, control characters, markup
 * and quotes are escaped or removed, wildcards and backslashes are read as
 * such, and '' may be anything.  In a database whose encoding does not tell
 * what bytes mean, they must be valid as what they are sent as.
 */
static bool
value_is_safe(const char *string)
{
	size_t		length = strlen(string);

	if (length == 0 || length > MAX_STRING_LENGTH || string[0] == ' ' || string[length - 1] == ' ')
		return false;
	if (GetDatabaseEncoding() == PG_SQL_ASCII &&
		!pg_verify_mbstr(PG_UTF8, string, length, true))
		return false;
	for (const char *p = string; *p; p++)
	{
		if ((unsigned char) *p < 0x20 || *p == 0x7F || strchr("<>&\"'%_\\", *p))
			return false;
	}
	return true;
}

/*
 * A value of the condition as the text that is sent, in UTF-8 and palloc'd, or
 * NULL if it may not be sent.
 */
static char *
value_to_send(WireType wire_type, Oid type, Datum value)
{
	char	   *string;

	if (wire_type == WIRE_INT)
	{
		int64		number;

		type = getBaseType(type);
		number = type == INT2OID ? DatumGetInt16(value) :
			type == INT4OID ? DatumGetInt32(value) : DatumGetInt64(value);

		if (number < -MAX_SAFE_INTEGER || number > MAX_SAFE_INTEGER)
			return NULL;
		return psprintf(INT64_FORMAT, number);
	}
	string = TextDatumGetCString(value);
	if (!value_is_safe(string))
		return NULL;
	return pg_server_to_any(string, strlen(string), PG_UTF8);
}

/*
 * The relation's column under harmless relabelling (varchar as text), or
 * NULL.
 */
static Var *
column_of_relation(RelOptInfo *baserel, Node *node)
{
	while (node && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	if (node && IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (var->varno == baserel->relid && var->varlevelsup == 0 && var->varattno > 0)
			return var;
	}
	return NULL;
}

/*
 * Is this something that has one value for the whole scan, and the same one
 * whenever it is evaluated?
 */
static bool
is_scan_constant(Node *node)
{
	return !contain_var_clause(node) && !contain_subplans(node) &&
		!contain_mutable_functions(node);
}

/*
 * Read a clause of the query as a condition that can be sent.  False if it
 * cannot.
 */
bool
filter_from_clause(RelOptInfo *baserel, const TableOptions *table,
				   Expr *clause, FilterExpr *filter)
{
	Node	   *left;
	Node	   *right;
	Oid			opno;
	Oid			collation;
	Var		   *var;
	const ColumnOptions *column;

	if (IsA(clause, OpExpr) && list_length(((OpExpr *) clause)->args) == 2)
	{
		OpExpr	   *op = (OpExpr *) clause;

		filter->operator = FILTER_EQ;
		opno = op->opno;
		collation = op->inputcollid;
		left = linitial(op->args);
		right = lsecond(op->args);

		/* equality is the same both ways */
		if (column_of_relation(baserel, left) == NULL)
		{
			left = lsecond(op->args);
			right = linitial(op->args);
		}
	}
	else if (IsA(clause, ScalarArrayOpExpr) && ((ScalarArrayOpExpr *) clause)->useOr)
	{
		ScalarArrayOpExpr *op = (ScalarArrayOpExpr *) clause;

		filter->operator = FILTER_IN;
		opno = op->opno;
		collation = op->inputcollid;
		left = linitial(op->args);
		right = lsecond(op->args);
	}
	else
		return false;

	var = column_of_relation(baserel, left);
	if (var == NULL || !is_scan_constant(right))
		return false;
	column = &table->columns[var->varattno - 1];
	if (column->field == NULL ||
		(column->filter_operators & filter->operator) == 0 ||
		!column_fits(column->wire_type, var) ||
		!is_equality(opno, column->wire_type) ||
		(OidIsValid(collation) && !get_collation_isdeterministic(collation)) ||
		!field_code_is_safe(column->field))
		return false;

	filter->attnum = var->varattno;
	filter->value = (Expr *) right;

	/* what can be seen now to be unsendable is not planned to be sent */
	if (IsA(right, Const))
	{
		FilterCondition condition;
		Const	   *constant = (Const *) right;

		return filter_bind(table, var->varattno, filter->operator, constant->consttype,
						   constant->constvalue, constant->constisnull,
						   &condition) != FILTER_KEEP;
	}
	return true;
}

/*
 * Make a condition with its value, which is an array for FILTER_IN, ready to
 * be sent.  The condition's values are palloc'd.
 */
FilterVerdict
filter_bind(const TableOptions *table, AttrNumber attnum, int operator,
			Oid type, Datum value, bool isnull, FilterCondition *condition)
{
	const ColumnOptions *column = &table->columns[attnum - 1];
	Oid			element_type = type;
	Datum	   *elements = &value;
	bool	   *nulls = &isnull;
	int			nelements = 1;

	/* equality with null is never true */
	if (isnull)
		return FILTER_NEVER;

	if (operator == FILTER_IN)
	{
		ArrayType  *array = DatumGetArrayTypeP(value);
		int16		length;
		bool		by_value;
		char		alignment;

		element_type = ARR_ELEMTYPE(array);
		get_typlenbyvalalign(element_type, &length, &by_value, &alignment);
		deconstruct_array(array, element_type, length, by_value, alignment,
						  &elements, &nulls, &nelements);
	}

	condition->attnum = attnum;
	condition->field = column->field;
	condition->wire_type = column->wire_type;
	condition->operator = operator;
	condition->values = NIL;
	for (int i = 0; i < nelements; i++)
	{
		char	   *text;
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			continue;
		text = value_to_send(column->wire_type, element_type, elements[i]);
		if (text == NULL)
			return FILTER_KEEP;
		foreach(lc, condition->values)
		{
			if (strcmp(lfirst(lc), text) == 0)
				break;
		}
		if (lc == NULL)
			condition->values = lappend(condition->values, text);
		if (list_length(condition->values) > MAX_REQUEST_VARIABLES)
			return FILTER_KEEP;
	}
	return condition->values == NIL ? FILTER_NEVER : FILTER_SEND;
}
