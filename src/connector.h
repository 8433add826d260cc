/*-------------------------------------------------------------------------
 *
 * connector.h
 *	  What the files that speak to endpoints share: connector.c and
 *	  connector_data.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_CONNECTOR_H
#define BICONNECTOR_CONNECTOR_H

#include "biconnector_fdw.h"

#include "document.h"

/* An error to be raised, or not */
typedef struct Refusal
{
	int			sqlstate;
	char	   *message;
	char	   *detail;
	const char *hint;
} Refusal;

extern HttpAnswer *connector_start(const ConnectorOptions *options, const char *url,
								   const char *url_option, jsonc_object *body,
								   HttpStatistics *statistics);
extern Refusal *make_refusal(int sqlstate, char *message, char *detail, const char *hint);
pg_noreturn extern void raise_refusal(const Refusal *refusal);
extern Refusal *refusal_of_status(const ConnectorOptions *options, HttpAnswer *http,
								  bool data);
extern Refusal *refusal_of_document(const ConnectorOptions *options, const char *expected,
									const char *data, size_t length, bool more);

/* ---- fixed_filter.c, of which biconnector_fdw.h has the rest ---- */

extern void add_fixed_filter(jsonc_object *body, const TableOptions *table);

#endif							/* BICONNECTOR_CONNECTOR_H */
