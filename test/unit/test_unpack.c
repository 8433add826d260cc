/*-------------------------------------------------------------------------
 *
 * test_unpack.c
 *	  Packed streams, given to the unpacker whole and in pieces, with much
 *	  room and with little.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "unpack.h"

#define TEXT_SIZE	100000
#define ROOM		(4 * TEXT_SIZE)

static char text[TEXT_SIZE];
static char unpacked[ROOM];

/* What deflateInit2 takes beside the window's size */
typedef enum Format
{
	GZIP = MAX_WBITS + 16,
	ZLIB = MAX_WBITS,
	RAW = -MAX_WBITS
} Format;

typedef struct Packed
{
	char		data[2 * TEXT_SIZE];
	size_t		len;
} Packed;

/* Words that repeat, between numbers that do not */
static void
make_text(void)
{
	size_t		len = 0;
	unsigned int number = 1;

	while (len + 64 < TEXT_SIZE)
	{
		number = number * 1103515245 + 12345;
		len += sprintf(text + len, "[%u,\"shelf, oak\",\"%08x\"],", number % 1000, number);
	}
	memset(text + len, '.', TEXT_SIZE - len);
}

static void
pack(Packed *packed, Format format, int level, const char *bytes, size_t len)
{
	z_stream	stream = {0};

	if (deflateInit2(&stream, level, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		exit(2);
	stream.next_in = (Bytef *) bytes;
	stream.avail_in = len;
	stream.next_out = (Bytef *) packed->data + packed->len;
	stream.avail_out = sizeof(packed->data) - packed->len;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		exit(2);
	packed->len += stream.total_out;
	deflateEnd(&stream);
}

/*
 * Gives the stream to an unpacker in pieces of that size, with that much room at
 * a time.  Returns what it said; *len is how much was unpacked, and *may_end
 * whether that may be all.
 */
static const char *
unpack_in_pieces(const Packed *packed, UnpackCoding coding, size_t piece, size_t room,
				 size_t *len, bool *may_end)
{
	Unpacker	unpacker;
	const char *error = NULL;
	size_t		made;

	*len = 0;
	unpack_init(&unpacker, coding);
	for (size_t at = 0; at < packed->len && !error;)
	{
		/* memory of just this size, for a sanitizer to watch */
		size_t		size = packed->len - at < piece ? packed->len - at : piece;
		char	   *in = malloc(size);
		size_t		done = 0;

		memcpy(in, packed->data + at, size);
		do
		{
			size_t		used = size - done;
			char	   *out = malloc(room);

			made = room;
			error = unpack_some(&unpacker, in + done, &used, out, &made);
			done += used;
			if (*len + made > ROOM)
				error = "more than was packed";
			else
				memcpy(unpacked + *len, out, made);
			*len += made;
			free(out);
		} while (!error && (done < size || made == room));
		free(in);
		at += size;
	}
	*may_end = unpack_may_end(&unpacker);
	unpack_free(&unpacker);
	unpack_free(&unpacker);
	return error;
}

static bool
unpacks_to(const Packed *packed, UnpackCoding coding, const char *bytes, size_t size)
{
	static const size_t pieces[] = {1, 2, 7, 1000, 2 * TEXT_SIZE};
	static const size_t rooms[] = {1, 3, 1000, ROOM};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
	{
		for (size_t j = 0; j < sizeof(rooms) / sizeof(rooms[0]); j++)
		{
			size_t		len;
			bool		may_end;
			const char *error = unpack_in_pieces(packed, coding, pieces[i], rooms[j], &len, &may_end);

			if (error || !may_end || len != size || memcmp(unpacked, bytes, size) != 0)
			{
				test_diag("pieces of %zu, room for %zu: %zu bytes, %s", pieces[i], rooms[j], len,
						  error ? error : may_end ? "no error" : "more is wanted");
				return false;
			}
		}
	}
	return true;
}

static void
test_formats(void)
{
	static const struct
	{
		const char *name;
		Format		format;
		UnpackCoding coding;
	}			formats[] = {
		{"gzip", GZIP, UNPACK_GZIP},
		{"deflate", ZLIB, UNPACK_DEFLATE},
		{"deflate without zlib's header", RAW, UNPACK_DEFLATE},
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
	{
		for (int level = 0; level <= 9; level += 3)
		{
			Packed		packed = {.len = 0};

			pack(&packed, formats[i].format, level, text, TEXT_SIZE);
			test_ok(unpacks_to(&packed, formats[i].coding, text, TEXT_SIZE), "%s, level %d",
					formats[i].name, level);
		}
		{
			Packed		packed = {.len = 0};

			pack(&packed, formats[i].format, 6, "", 0);
			test_ok(unpacks_to(&packed, formats[i].coding, "", 0), "%s of nothing", formats[i].name);
		}
	}
}

static void
test_members(void)
{
	Packed		packed = {.len = 0};
	size_t		len;
	bool		may_end;
	const char *error;

	pack(&packed, GZIP, 6, text, 1000);
	pack(&packed, GZIP, 6, "", 0);
	pack(&packed, GZIP, 6, text + 1000, TEXT_SIZE - 1000);
	test_ok(unpacks_to(&packed, UNPACK_GZIP, text, TEXT_SIZE), "gzip of several members");

	packed.data[packed.len++] = 'x';
	error = unpack_in_pieces(&packed, UNPACK_GZIP, 100, 100, &len, &may_end);
	test_ok(!error && !may_end, "what follows gzip may be the beginning of another member");
	packed.data[packed.len++] = 'x';
	error = unpack_in_pieces(&packed, UNPACK_GZIP, 100, 100, &len, &may_end);
	test_ok(error && len == TEXT_SIZE, "... or is an error: %s", error ? error : "");

	packed.len = 0;
	pack(&packed, ZLIB, 6, text, TEXT_SIZE);
	packed.data[packed.len++] = '\0';
	error = unpack_in_pieces(&packed, UNPACK_DEFLATE, 100, 100, &len, &may_end);
	test_ok(error && len == TEXT_SIZE, "what follows deflate is an error: %s", error ? error : "");
}

static void
test_damage(void)
{
	static const Format formats[] = {GZIP, ZLIB, RAW};
	int			early = 0;
	int			unseen = 0;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
	{
		UnpackCoding coding = formats[i] == GZIP ? UNPACK_GZIP : UNPACK_DEFLATE;
		Packed		packed = {.len = 0};
		size_t		len;
		size_t		whole;
		bool		may_end;

		pack(&packed, formats[i], 6, text, 2000);
		whole = packed.len;
		for (packed.len = 1; packed.len < whole; packed.len++)
		{
			if (unpack_in_pieces(&packed, coding, 64, 1000, &len, &may_end) || may_end)
				early++;
		}
		packed.len = whole;

		/* plain deflate has no checksum; of gzip's header, some say nothing */
		for (size_t at = 0; at < whole && formats[i] != RAW; at++)
		{
			packed.data[at] ^= 1;
			if (!unpack_in_pieces(&packed, coding, 64, 1000, &len, &may_end) && may_end &&
				!(formats[i] == GZIP && at >= 3 && at <= 9))
				unseen++;
			packed.data[at] ^= 1;
		}
	}
	test_ok(early == 0, "a stream that is cut anywhere is not at its end");
	test_ok(unseen == 0, "a damaged byte is noticed anywhere");
}

/* A thousand for one: as little is unpacked as there is room for. */
static void
test_bomb(void)
{
	size_t		size = 50000000;
	char	   *zeros = calloc(size, 1);
	Packed		packed = {.len = 0};
	Unpacker	unpacker;
	size_t		used;
	size_t		made = sizeof(text);
	const char *error;

	pack(&packed, GZIP, 9, zeros, size);
	free(zeros);
	used = packed.len;
	unpack_init(&unpacker, UNPACK_GZIP);
	error = unpack_some(&unpacker, packed.data, &used, unpacked, &made);
	test_ok(!error && made == sizeof(text) && used < packed.len && !unpack_may_end(&unpacker),
			"of %zu bytes, packed into %zu, only those are unpacked that there is room for", size,
			packed.len);
	unpack_free(&unpacker);
}

int
main(void)
{
	Unpacker	unpacker;
	size_t		nothing = 0;
	size_t		room = 1;

	make_text();
	test_formats();
	test_members();
	test_damage();
	test_bomb();

	unpack_init(&unpacker, UNPACK_GZIP);
	test_ok(!unpack_some(&unpacker, NULL, &nothing, unpacked, &room) && room == 0 &&
			unpack_may_end(&unpacker), "nothing at all may be the end");
	unpack_free(&unpacker);
	return test_done();
}
