/*-------------------------------------------------------------------------
 *
 * filter.h
 *	  The rules by which comparisons are sent, which filter.c chooses and
 *	  filter_bind.c applies.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_FILTER_H
#define BICONNECTOR_FILTER_H

#include "biconnector_fdw.h"

typedef enum SqlComparison
{
	SQL_EQ,						/* column = value */
	SQL_ANY,					/* column IN list, column = ANY (array) */
	SQL_NE,						/* column <> value */
	SQL_ALL,					/* column NOT IN list, column <> ALL (array) */
	SQL_LT,						/* column < value, ... */
	SQL_LE,
	SQL_GT,
	SQL_GE,
	SQL_LIKE					/* column LIKE pattern */
} SqlComparison;

typedef struct FilterRule
{
	FilterKind	kind;
	SqlComparison sql;
	struct
	{
		int			operator;	/* FILTER_..., 0 behind the last one */
		FilterPlace place;
	}			sent[2];
} FilterRule;

extern const FilterRule filter_rules[];
extern const int filter_rule_count;

#endif							/* BICONNECTOR_FILTER_H */
