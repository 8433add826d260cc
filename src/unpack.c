/*-------------------------------------------------------------------------
 *
 * unpack.c
 *	  The content codings gzip and deflate, undone piece by piece.
 *
 *-------------------------------------------------------------------------
 */
#include "unpack.h"

#include <limits.h>
#include <string.h>

/* What inflateInit2 takes beside the size of the window, which is the largest */
#define FORMAT_ZLIB		MAX_WBITS
#define FORMAT_GZIP		(MAX_WBITS + 16)
#define FORMAT_RAW		(-MAX_WBITS)

void
unpack_init(Unpacker *unpacker, UnpackCoding coding)
{
	memset(unpacker, 0, sizeof(Unpacker));
	unpacker->coding = coding;
}

void
unpack_free(Unpacker *unpacker)
{
	if (unpacker->begun)
		inflateEnd(&unpacker->stream);
	unpacker->begun = false;
}

/*
 * Which of the formats a stream has, by its first byte.  zlib's names the method,
 * 8, and the size of the window; that of plain deflate cannot look so, unless its
 * encoder fills what is unused with ones.
 */
static int
format_of(UnpackCoding coding, unsigned char first)
{
	if (coding == UNPACK_GZIP)
		return FORMAT_GZIP;
	return (first & 0x0F) == Z_DEFLATED && (first >> 4) <= 7 ? FORMAT_ZLIB : FORMAT_RAW;
}

const char *
unpack_some(Unpacker *unpacker, const char *in, size_t *in_len, char *out, size_t *out_len)
{
	z_stream   *stream = &unpacker->stream;
	const size_t in_size = *in_len;
	const size_t out_size = *out_len;
	const char *error = NULL;

	*in_len = *out_len = 0;
	while (error == NULL && *out_len < out_size)
	{
		const size_t in_left = in_size - *in_len;
		const size_t out_left = out_size - *out_len;
		int			status = Z_OK;

		if (!unpacker->begun)
		{
			if (in_left == 0)
				break;
			status = inflateInit2(stream, format_of(unpacker->coding, (unsigned char) in[0]));
			unpacker->begun = status == Z_OK;
		}
		else if (unpacker->complete)
		{
			/* only gzip may be several, one behind the other */
			if (in_left == 0)
				break;
			if (unpacker->coding != UNPACK_GZIP)
				return "bytes follow its end";
			status = inflateReset(stream);
		}

		if (status == Z_OK)
		{
			unpacker->complete = false;
			stream->next_in = (Bytef *) in + *in_len;
			stream->avail_in = in_left < UINT_MAX ? (uInt) in_left : UINT_MAX;
			stream->next_out = (Bytef *) out + *out_len;
			stream->avail_out = out_left < UINT_MAX ? (uInt) out_left : UINT_MAX;
			status = inflate(stream, Z_NO_FLUSH);
			*in_len = (const char *) stream->next_in - in;
			*out_len = (char *) stream->next_out - out;
		}

		switch (status)
		{
			case Z_OK:
				break;
			case Z_BUF_ERROR:
				/* not an error: there is nothing more to be had of these bytes */
				return NULL;
			case Z_STREAM_END:
				unpacker->complete = true;
				break;
			case Z_MEM_ERROR:
				error = "out of memory";
				break;
			case Z_NEED_DICT:
				error = "it wants a dictionary";
				break;
			default:
				error = stream->msg ? stream->msg : "it is damaged";
		}
	}
	return error;
}

bool
unpack_may_end(const Unpacker *unpacker)
{
	return !unpacker->begun || unpacker->complete;
}
