/*-------------------------------------------------------------------------
 *
 * import.h
 *	  What the files that do IMPORT FOREIGN SCHEMA share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_IMPORT_H
#define BICONNECTOR_IMPORT_H

#include "biconnector_fdw.h"

/* What the option case says */
typedef enum NameCase
{
	CASE_SMART,					/* fold what has no lower-case letter */
	CASE_LOWER,					/* fold all */
	CASE_KEEP
} NameCase;

typedef struct ImportOptions
{
	const char *search;			/* sent as searchString */
	NameCase	name_case;
	const char *datetime_type;	/* for fields of type datetime; NULL: as it
								 * turns out */
	bool		probe;			/* find out what the connector does right */
} ImportOptions;

/* A code of the connector and the name that it gets here */
typedef struct ImportName
{
	const char *code;
	const char *key;			/* distinguishes equal codes */
	char	   *folded;			/* the code in the right letter case */
	char	   *name;
	bool		ambiguous;		/* another one has the same name */
	void	   *entry;			/* RemoteTable or RemoteField */
} ImportName;

/* A table that is wanted */
typedef struct ImportTable
{
	ImportName *name;
	int			number;			/* in the connector's list */
	DocumentCall *call;			/* for its description, while under way */
	ImportName *columns;
	int			ncolumns;
} ImportTable;

/* ---- import_name.c: names of tables and columns ---- */

extern void assign_names(ImportName *names, int count, NameCase name_case, bool columns);

/* ---- import_dataset.c: datasets of a portal ---- */

extern List *dataset_list(const ConnectorOptions *connector);
extern List *dataset_field_list(const ConnectorOptions *connector, const RemoteTable *dataset,
								bool *found);

#endif							/* BICONNECTOR_IMPORT_H */
