/*-------------------------------------------------------------------------
 *
 * document.h
 *	  json-c's trees under the rules of memory contexts and encodings.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_DOCUMENT_H
#define BICONNECTOR_DOCUMENT_H

#include "jsonc.h"

extern jsonc_object *document_own(jsonc_object *tree);
extern jsonc_object *document_parse(const char *text, size_t length,
									const char **problem, size_t *offset);
extern char *document_text(jsonc_object *value);
extern jsonc_object *document_member(jsonc_object *object, const char *name);
extern jsonc_object *document_new_string(const char *text);

#endif							/* BICONNECTOR_DOCUMENT_H */
