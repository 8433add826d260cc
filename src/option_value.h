/*-------------------------------------------------------------------------
 *
 * option_value.h
 *	  Options of foreign objects: looking one up in a table of those that there
 *	  are, checking its value, and what all requests over HTTP have.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BICONNECTOR_OPTION_VALUE_H
#define BICONNECTOR_OPTION_VALUE_H

#include "biconnector_fdw.h"

#include "catalog/pg_foreign_server.h"

/* Check a value and store it in the field; raises if the value is bad */
typedef void (*OptionSetter) (const char *name, const char *value, void *field);

/* An option: where it may stand, how its value is read, and where it goes */
typedef struct OptionEntry
{
	const char *name;
	Oid			catalog;
	OptionSetter set;
	size_t		offset;			/* in the struct for the catalog's options */
} OptionEntry;

/*
 * The options of servers that are about HTTP; http(member) is the offset of a
 * member of HttpOptions.
 */
#define HTTP_SERVER_OPTIONS(http) \
	/* seconds, or with a unit: to connect (10), of silence while reading (250) */ \
	{"connect_timeout", ForeignServerRelationId, set_seconds, http(connect_timeout)}, \
	{"read_timeout", ForeignServerRelationId, set_seconds, http(read_timeout)}, \
	/* largest row or document of an answer: kilobytes, or with a unit (64MB) */ \
	{"max_row_size", ForeignServerRelationId, set_size, http(max_buffer)}, \
	/* keep connections beyond the transaction: boolean, default on */ \
	{"keep_connections", ForeignServerRelationId, set_boolean, http(keep_connections)}, \
	/* ask for compressed answers: boolean, default on */ \
	{"compression", ForeignServerRelationId, set_boolean, http(compression)}, \
	/* proxy to go through: URL, default none; User-Agent header */ \
	{"proxy", ForeignServerRelationId, set_proxy, http(proxy)}, \
	{"user_agent", ForeignServerRelationId, set_text, http(user_agent)}, \
	/* TLS: files of the server machine in PEM form; checking (default on) */ \
	{"ssl_ca_file", ForeignServerRelationId, set_file, http(ssl_ca_file)}, \
	{"ssl_cert_file", ForeignServerRelationId, set_file, http(ssl_cert_file)}, \
	{"ssl_key_file", ForeignServerRelationId, set_file, http(ssl_key_file)}, \
	{"ssl_verify", ForeignServerRelationId, set_boolean, http(ssl_verify)}

pg_noreturn extern void option_bad_value(const char *name, const char *value, const char *hint);
extern bool option_set(const OptionEntry *options, int count, Oid catalog, const DefElem *def,
					   void *base);
pg_noreturn extern void option_unknown(const OptionEntry *options, int count, Oid catalog,
									   const char *name);
extern List *options_of_mapping(Oid serverid, Oid userid);
extern void http_options_init(HttpOptions *http, Oid serverid, Oid userid);
extern void http_options_check_superuser(const HttpOptions *http);

/* setters; palloc'd copies of strings */
extern void set_text(const char *name, const char *value, void *field);	/* char * */
extern void set_code(const char *name, const char *value, void *field);	/* char * */
extern void set_url(const char *name, const char *value, void *field);	/* char * */
extern void set_proxy(const char *name, const char *value, void *field);	/* char * */
extern void set_file(const char *name, const char *value, void *field);	/* char * */
extern void set_boolean(const char *name, const char *value, void *field);	/* bool */
extern void set_seconds(const char *name, const char *value, void *field);	/* double */
extern void set_size(const char *name, const char *value, void *field); /* size_t: bytes */
extern void set_cost(const char *name, const char *value, void *field); /* double */

#endif							/* BICONNECTOR_OPTION_VALUE_H */
