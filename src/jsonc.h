/*-------------------------------------------------------------------------
 *
 * jsonc.h
 *	  json-c, with a name for its type that PostgreSQL does not have.
 *
 * json-c's typedef json_object is also a function in PostgreSQL's headers.
 * The type is called jsonc_object here.  json-c's own macros for loops do not
 * survive that: use jsonc_foreach.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_JSONC_H
#define BICONNECTOR_JSONC_H

#define json_object jsonc_object
#include <json-c/json.h>
#undef json_object

/*
 * Loop over an object's members: json_object_iter_peek_name(&member) and
 * json_object_iter_peek_value(&member) are what member stands at.
 */
#define jsonc_foreach(object, member) \
	for (struct json_object_iterator member = json_object_iter_begin(object), \
		 member##_end = json_object_iter_end(object); \
		 !json_object_iter_equal(&member, &member##_end); \
		 json_object_iter_next(&member))

#endif							/* BICONNECTOR_JSONC_H */
