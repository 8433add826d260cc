/*-------------------------------------------------------------------------
 *
 * probe_group.c
 *	  Testing groups: OR and AND of conditions on several columns.
 *
 * A connector that does a condition right by itself may skip it inside of a
 * group.  Under AND that does no harm; OR loses the rows which only that
 * condition matches.
 *
 *-------------------------------------------------------------------------
 */
#include "probe.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"

/* Conditions of one OR, at most */
#define MAX_LEGS	60

/* Rows from whose values conditions are made, at most */
#define LEG_ROWS	60

/*
 * One test that is true where one of several is (FILTER_OR), or where all are.
 */
static ProbeTest *
joined(Probe *probe, int logic, List *tests)
{
	ProbeTest  *result = palloc0(sizeof(ProbeTest));
	FilterCondition *group = palloc0(sizeof(FilterCondition));
	List	   *clauses = NIL;
	ListCell   *lc;

	foreach(lc, tests)
	{
		ProbeTest  *test = lfirst(lc);

		clauses = lappend(clauses, test->clause);
		group->members = list_concat(group->members, test->conditions);
	}
	group->operator = logic;
	group->attnum = ((ProbeTest *) linitial(tests))->column->attnum;
	result->column = ((ProbeTest *) linitial(tests))->column;
	result->operator = logic;
	result->clause = logic == FILTER_AND ? make_andclause(clauses) : make_orclause(clauses);
	result->conditions = list_make1(group);
	result->state = ExecInitQual(list_make1(result->clause), NULL);
	result->matches = probe_matches(probe, list_make1(result));
	return result;
}

/*
 * Has every one of the tests a row that no other one matches?
 */
static bool
have_own_rows(Probe *probe, List *tests)
{
	ListCell   *lc;

	foreach(lc, tests)
	{
		bool		found = false;

		for (int i = 0; i < probe->nrows && !found; i++)
		{
			ListCell   *other;

			found = ((ProbeTest *) lfirst(lc))->matches[i];
			foreach(other, tests)
				found &= lfirst(other) == lfirst(lc) || !((ProbeTest *) lfirst(other))->matches[i];
		}
		if (!found)
			return false;
	}
	return true;
}

/*
 * The operators that are sent for the column inside of OR, as far as they are
 * safe.
 */
static int
operators_in_or(const ProbeColumn *column)
{
	int			operators = column->safe & FILTER_FIELDS & ~(FILTER_NE | FILTER_NOT_IN);

	/* there they are not exact */
	if (column->kind == KIND_DATETIME || column->kind == KIND_INSTANT)
		operators &= ~FILTER_RANGES;
	return operators;
}

/*
 * Conditions on a column for an OR, one for each operator: of the first rows'
 * values, the one that fewest rows match, and none that another one matches if
 * possible.
 */
static List *
legs_of_column(Probe *probe, ProbeColumn *column)
{
	List	   *legs = NIL;
	bool	   *taken = palloc0(sizeof(bool) * Max(probe->nrows, 1));

	for (int operator = FILTER_EQ; operator <= FILTER_LIKE; operator <<= 1)
	{
		ProbeTest  *best = NULL;
		int			best_count = 0;

		if ((operators_in_or(column) & operator) == 0)
			continue;
		for (int row = 0; row < Min(probe->nrows, LEG_ROWS); row++)
		{
			ProbeTest  *test = probe_satisfied(probe, column, operator, row);
			int			count = 0;

			/* a row that is taken counts as all of them */
			for (int i = 0; test && i < probe->nrows; i++)
				count += test->matches[i] ? (taken[i] ? probe->nrows : 1) : 0;
			if (test && (best == NULL || count < best_count))
			{
				best = test;
				best_count = count;
			}
		}
		if (best == NULL)
			continue;
		legs = lappend(legs, best);
		for (int i = 0; i < probe->nrows; i++)
			taken[i] |= best->matches[i];
	}
	return legs;
}

/*
 * One of the tests that has a row of its own beside this one, and leaves it
 * one; NULL if there is none.
 */
static ProbeTest *
partner_of(Probe *probe, List *tests, ProbeTest *test)
{
	ListCell   *lc;

	foreach(lc, tests)
	{
		if (lfirst(lc) != test && have_own_rows(probe, list_make2(test, lfirst(lc))))
			return lfirst(lc);
	}
	return NULL;
}

/*
 * Note for the columns of these legs how OR went.
 */
static void
note_or(Probe *probe, List *legs, ProbeVerdict verdict, const ProbeAnswer *answer)
{
	ListCell   *lc;

	foreach(lc, legs)
	{
		ProbeColumn *column = ((ProbeTest *) lfirst(lc))->column;

		if (verdict == PROBE_EXACT || verdict == PROBE_WIDE)
			column->tested_in_or |= ((ProbeTest *) lfirst(lc))->operator;
		else if ((column->bad & FILTER_OR) == 0)
			probe_note(probe, column, FILTER_OR, NULL, verdict, probe_reason(answer, verdict), answer);
	}
}

/*
 * Groups of conditions to test OR with, each with a row that no other one of its
 * group matches: a list of lists of tests.
 */
static List *
groups_for_or(Probe *probe)
{
	List	   *groups = NIL;
	List	   *waiting = NIL;
	List	   *all;

	for (int i = 0; i < probe->ncolumns; i++)
		waiting = list_concat(waiting, legs_of_column(probe, &probe->columns[i]));
	all = list_copy(waiting);

	while (waiting != NIL)
	{
		List	   *group = NIL;
		List	   *rest = NIL;
		ListCell   *lc;

		foreach(lc, waiting)
		{
			List	   *wider = lappend(list_copy(group), lfirst(lc));

			if (list_length(group) < MAX_LEGS && have_own_rows(probe, wider))
				group = wider;
			else
				rest = lappend(rest, lfirst(lc));
		}
		waiting = rest;
		if (list_length(group) == 1)
		{
			ProbeTest  *partner = partner_of(probe, all, linitial(group));

			if (partner == NULL)
				continue;
			group = lappend(group, partner);
		}
		if (group == NIL)
			break;
		groups = lappend(groups, group);
	}
	return groups;
}

/*
 * Find out about OR.  If a group does not come, it is taken apart by columns.
 */
static void
probe_or(Probe *probe, List *groups)
{
	ProbeAnswer *answer = NULL;
	ListCell   *lc_group;

	foreach(lc_group, groups)
	{
		List	   *group = lfirst(lc_group);
		ProbeVerdict verdict;
		ListCell   *lc;

		if (!probe_may_ask(probe))
			break;
		answer = probe_ask(probe, list_make1(joined(probe, FILTER_OR, group)), 0);
		verdict = probe_verdict(answer);
		if (verdict == PROBE_EXACT || verdict == PROBE_WIDE)
		{
			note_or(probe, group, verdict, answer);
			continue;
		}
		for (int i = 0; i < probe->ncolumns; i++)
		{
			List	   *own = NIL;
			ProbeTest  *partner = NULL;

			foreach(lc, group)
			{
				if (((ProbeTest *) lfirst(lc))->column == &probe->columns[i])
					own = lappend(own, lfirst(lc));
				else
					partner = lfirst(lc);
			}
			if (own == NIL)
				continue;
			if (list_length(own) == 1 && partner)
				own = lappend(own, partner);
			if (list_length(own) == 1 || !probe_may_ask(probe))
				continue;
			answer = probe_ask(probe, list_make1(joined(probe, FILTER_OR, own)), 0);
			if (own != NIL && llast(own) == partner)
				own = list_make1(linitial(own));
			note_or(probe, own, probe_verdict(answer), answer);
		}
	}

	for (int i = 0; i < probe->ncolumns; i++)
	{
		ProbeColumn *column = &probe->columns[i];
		int			untested = operators_in_or(column) & ~column->tested_in_or;

		if ((column->possible & FILTER_OR) == 0 || (column->bad & FILTER_OR))
			continue;
		if (operators_in_or(column) == 0)
			probe_note(probe, column, FILTER_OR, NULL, PROBE_UNTESTED,
					   "no condition on it is safe by itself", NULL);
		else if (untested)
			probe_note(probe, column, FILTER_OR, NULL, PROBE_UNTESTED,
					   psprintf("no test of %s within it could be made", filter_operators_text(untested)),
					   NULL);
		else
			probe_note(probe, column, FILTER_OR, NULL, PROBE_EXACT, NULL, answer);
	}
}

static int
count_matches(Probe *probe, const ProbeTest *test)
{
	int			count = 0;

	for (int i = 0; i < probe->nrows; i++)
		count += test->matches[i];
	return count;
}

/*
 * Put the two tests that most rows satisfy at the ends: then it shows if only
 * the first or only the last one of a group counts.
 */
static List *
wide_ends(Probe *probe, List *tests)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, tests)
	{
		ProbeTest  *test = lfirst(lc);
		int			matches = count_matches(probe, test);

		if (result == NIL || matches >= count_matches(probe, linitial(result)))
			result = lcons(test, result);
		else if (matches >= count_matches(probe, llast(result)))
			result = lappend(result, test);
		else
			result = list_insert_nth(result, 1, test);
	}
	return result;
}

/*
 * Conditions to test AND with, at most one for each operator and column that is
 * safe: all are satisfied by this row.
 */
static List *
members_for_and(Probe *probe, int row)
{
	List	   *members = NIL;

	for (int i = 0; row >= 0 && i < probe->ncolumns; i++)
	{
		ProbeColumn *column = &probe->columns[i];

		for (int operator = FILTER_EQ; operator <= FILTER_LIKE; operator <<= 1)
		{
			ProbeTest  *test = NULL;

			if (column->safe & operator)
				test = probe_satisfied(probe, column, operator, row);
			if (test)
				members = lappend(members, test);
		}
	}
	return members;
}

/*
 * A condition to stand beside an AND within OR, which this row does not satisfy:
 * of a column for which OR is safe, or would be if it turned out as expected.  NULL
 * if there is none.
 */
static ProbeTest *
partner_of_and(Probe *probe, int row, bool expected)
{
	ProbeTest  *partner = NULL;

	for (int i = 0; row >= 0 && i < probe->ncolumns; i++)
	{
		ProbeColumn *column = &probe->columns[i];
		bool		safe = expected ? operators_in_or(column) != 0
			: (column->safe & FILTER_OR) != 0;

		for (int other = 0; other < probe->nrows && partner == NULL; other++)
		{
			if (safe && (column->safe & FILTER_EQ))
				partner = probe_satisfied(probe, column, FILTER_EQ, other);
			if (partner && partner->matches[row])
				partner = NULL;
		}
	}
	return partner;
}

/*
 * Find out about AND: all that is safe, for one row, in a group by itself and
 * within OR.
 */
static void
probe_and(Probe *probe, int row, List *members)
{
	ProbeAnswer *answer = NULL;
	ProbeVerdict verdict = PROBE_UNTESTED;
	char	   *reason = "there is no row to test it with";
	Bitmapset  *tested = NULL;
	ListCell   *lc;

	foreach(lc, members)
		tested = bms_add_member(tested, ((ProbeTest *) lfirst(lc))->column - probe->columns);
	if (list_length(members) > 1 && probe_may_ask(probe))
	{
		ProbeTest  *both = joined(probe, FILTER_AND, wide_ends(probe, members));
		ProbeTest  *partner = partner_of_and(probe, row, false);

		answer = probe_ask(probe, list_make1(both), 0);
		verdict = probe_verdict(answer);
		if ((verdict == PROBE_EXACT || verdict == PROBE_WIDE) && partner && probe_may_ask(probe))
		{
			answer = probe_ask(probe, list_make1(joined(probe, FILTER_OR,
														list_make2(both, partner))), 0);
			verdict = probe_verdict(answer);
		}
		reason = probe_reason(answer, verdict);
	}
	for (int i = 0; i < probe->ncolumns; i++)
	{
		if ((probe->columns[i].possible & FILTER_AND) == 0)
			continue;
		if (bms_is_member(i, tested))
			probe_note(probe, &probe->columns[i], FILTER_AND, NULL, verdict, reason, answer);
		else
			probe_note(probe, &probe->columns[i], FILTER_AND, NULL, PROBE_UNTESTED,
					   "no condition on it is safe by itself", NULL);
	}
}

/*
 * Find out about OR and AND.
 */
void
probe_groups(Probe *probe)
{
	int			row = probe_pivot(probe, 0);
	List	   *groups = groups_for_or(probe);
	List	   *members = members_for_and(probe, row);
	List	   *own = NIL;
	ListCell   *lc;

	foreach(lc, groups)
		own = probe_foresee_tests(probe, own,
								  list_make1(joined(probe, FILTER_OR, lfirst(lc))), 0);
	if (list_length(members) > 1)
	{
		ProbeTest  *both = joined(probe, FILTER_AND, wide_ends(probe, members));
		ProbeTest  *partner = partner_of_and(probe, row, true);

		own = probe_foresee_tests(probe, own, list_make1(both), 0);
		if (partner)
			own = probe_foresee_tests(probe, own,
									  list_make1(joined(probe, FILTER_OR, list_make2(both, partner))),
									  0);
	}
	if (probe->first)
		own = list_concat(own, probe_foresee_basics(probe));
	probe_look_ahead(probe, own);
	probe_or(probe, groups);
	probe_and(probe, row, members);
}
