/*-------------------------------------------------------------------------
 *
 * portal_object.h
 *	  A portal's objects as tables: which columns there are, what the portal
 *	  calls them, and what may be done with each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_PORTAL_OBJECT_H
#define BICONNECTOR_PORTAL_OBJECT_H

#include "portal.h"

#include "utils/rel.h"

/* How a value is written in the portal's documents */
typedef enum PortalForm
{
	PORTAL_INTEGER,				/* a number, or a string of digits */
	PORTAL_TEXT,
	PORTAL_BOOLEAN,
	PORTAL_DATETIME,			/* Y-m-d H:i:s */
	PORTAL_JSON,				/* as it is */
	PORTAL_SETTINGS				/* of a source: {code: value} when written, an
								 * array of {code, value, ...} when read */
} PortalForm;

/* What may be done with a column */
#define PORTAL_ADD		(1 << 0)	/* given when an object is made */
#define PORTAL_REQUIRED	(1 << 1)	/* ... and it must be */
#define PORTAL_UPDATE	(1 << 2)	/* changed later */
#define PORTAL_FILTER	(1 << 3)	/* filtered and ordered by, in lists */
#define PORTAL_GET		(1 << 4)	/* comes from "get" only, not from lists */
#define PORTAL_LATER	(1 << 5)	/* of newer portals: "fields" tells */
#define PORTAL_LISTED	(1 << 6)	/* comes from lists only, not from "get" */
#define PORTAL_NEVER_NULL (1 << 7)	/* each object has one */

typedef struct PortalColumn
{
	const char *name;			/* of the column that IMPORT makes */
	const char *key;			/* the portal's */
	const char *sql_type;		/* of that column */
	PortalForm	form;
	int			flags;
} PortalColumn;

/* A kind of objects */
typedef struct PortalObject
{
	const char *name;			/* of the table that IMPORT makes */
	const char *kind;			/* in names of methods; of dataset_fields: NULL */
	const char *noun;			/* for messages: "connector" */
	const PortalColumn *columns;
	int			ncolumns;
} PortalObject;

extern const PortalObject portal_objects[];
extern const int portal_object_count;

extern const PortalObject *portal_object_by_name(const char *name);
extern const PortalColumn *portal_column_by_name(const PortalObject *object, const char *name);
extern char *portal_method(const PortalOptions *options, const PortalObject *object,
						   const char *verb);

/* A foreign table of a portal server, with all that its options say */
typedef struct PortalTable
{
	Oid			relid;
	char	   *relname;
	const PortalObject *object;
	PortalOptions *options;
	double		estimated_rows; /* -1 if not set */
	int			natts;
	const PortalColumn **columns;	/* by attribute number - 1; NULL if dropped */
} PortalTable;

extern PortalTable *get_portal_table(Relation relation, Oid userid);
extern AttrNumber portal_attnum(const PortalTable *table, const char *name);

/* ---- portal_read.c: objects from lists and one by one ---- */

extern jsonc_object *portal_get(PortalOptions *options, const PortalObject *object, int64 id);
extern jsonc_object *portal_item_member(jsonc_object *item, const char *key);
extern bool portal_integer(jsonc_object *member, int64 *number);

/* ---- portal_value.c: values between documents and Datums ---- */

typedef struct PortalValue PortalValue;

extern bool portal_boolean(jsonc_object *member, bool otherwise);
extern jsonc_object *portal_settings_by_code(jsonc_object *settings);
extern PortalValue *portal_value_create(const PortalColumn *column, Form_pg_attribute attribute);
extern Datum portal_value_read(PortalValue *value, jsonc_object *member, bool *isnull);
extern jsonc_object *portal_value_write(PortalValue *value, Datum datum, bool isnull);

#endif							/* BICONNECTOR_PORTAL_OBJECT_H */
