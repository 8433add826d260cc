/*-------------------------------------------------------------------------
 *
 * body.h
 *	  Request bodies: one tree, written as a form or as JSON.
 *
 * The tree is json-c's.  No PostgreSQL headers here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_BODY_H
#define BICONNECTOR_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "jsonc.h"

extern char *body_form(jsonc_object *tree, size_t *length);
extern char *body_json(jsonc_object *tree, size_t *length);
extern size_t body_variables(jsonc_object *tree);

#endif							/* BICONNECTOR_BODY_H */
