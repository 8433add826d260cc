/*-------------------------------------------------------------------------
 *
 * unpack.h
 *	  The content codings gzip and deflate, undone piece by piece.
 *
 * What is unpacked goes where the caller has room for it, and no further: a
 * thousand bytes may be packed into one, and libcurl, which can unpack as well,
 * would do so with all that it has received.
 *
 * This file and unpack.c need nothing but zlib and the C library.
 *
 *-------------------------------------------------------------------------
 */
#ifndef UNPACK_H
#define UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>

typedef enum UnpackCoding
{
	UNPACK_GZIP,				/* RFC 1952, any number of members */
	UNPACK_DEFLATE				/* RFC 1950; or RFC 1951, which some servers
								 * send under that name */
} UnpackCoding;

typedef struct Unpacker
{
	UnpackCoding coding;
	bool		begun;			/* stream is initialized */
	bool		complete;		/* the end of the stream, or of a member, was
								 * the last that was seen */
	z_stream	stream;
} Unpacker;

/*
 * Makes an unpacker ready for the start of a stream.  It holds no memory yet.
 */
extern void unpack_init(Unpacker *unpacker, UnpackCoding coding);

/*
 * Releases what the unpacker holds.  Harmless if called twice.
 */
extern void unpack_free(Unpacker *unpacker);

/*
 * Unpacks from in[0..*in_len) into out[0..*out_len), until there is nothing left
 * of the one or the other, and stores how much of each has been used.  Bytes may
 * be left to come although all of in was used: the room was too small for them
 * if it was used up.
 *
 * Returns NULL, or what is wrong: static text, lower case, no full stop.  Then
 * the unpacker must not be used any more, but for unpack_free().
 */
extern const char *unpack_some(Unpacker *unpacker, const char *in, size_t *in_len,
							   char *out, size_t *out_len);

/*
 * Would it be all right if nothing followed?  Nothing at all is.
 */
extern bool unpack_may_end(const Unpacker *unpacker);

#endif							/* UNPACK_H */
