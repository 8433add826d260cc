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

/* Elements of a JSON array, one at a time; set text and length, the rest to 0 */
typedef struct DocumentReader
{
	const char *text;
	size_t		length;
	size_t		offset;			/* where the next element, or the problem, is */
	bool		started;		/* an element has been read */
	const char *problem;		/* what is wrong, a constant; or NULL */
}			DocumentReader;

extern bool document_is_array(DocumentReader * reader);
extern bool document_next(DocumentReader * reader, jsonc_object **element);
extern jsonc_object *document_own(jsonc_object *tree);
extern jsonc_object *document_parse_value(const char *text, size_t length);
extern jsonc_object *document_parse_object(const char *text, size_t length);
extern char *document_text(jsonc_object *value);
extern jsonc_object *document_member(jsonc_object *object, const char *name);
extern jsonc_object *document_new_string(const char *text);

#endif							/* BICONNECTOR_DOCUMENT_H */
