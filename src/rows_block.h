/*-------------------------------------------------------------------------
 *
 * rows_block.h
 *	  Blocks of bytes that are looked at as one, for rows.c and rows_text.c.
 *
 * With what every machine has that we are compiled for: SSE2, NEON, or just
 * words of 64 bits, which ROWS_SCALAR asks for, so that all machines can test
 * them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ROWS_BLOCK_H
#define ROWS_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(ROWS_SCALAR)
#elif defined(__SSE2__)
#define ROWS_SSE2
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__ORDER_LITTLE_ENDIAN__) && \
	__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ROWS_NEON
#include <arm_neon.h>
#endif

#if defined(__GNUC__)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NEVER_INLINE __attribute__((noinline))
#define UNLIKELY(x) __builtin_expect((x) != 0, 0)
#else
#define ALWAYS_INLINE inline
#define NEVER_INLINE
#define UNLIKELY(x) (x)
#endif

/*
 * Three implementations of the same: which bytes of a block are of a kind.
 * The answer is a mask with 1 << BLOCK_SHIFT bits for each byte, those of the
 * first byte lowest: for the bytes in question all of them are set or just the
 * highest, for the others none.
 *
 * block_stops: those that may not stand in a string just so; *high are those
 * that are not ASCII.
 *
 * block_leads: those that begin a character of two bytes in UTF-8; *follows
 * are those that go on with a character, *high as above.
 *
 * block_others: those that are no digits.
 */
#if defined(ROWS_SSE2)

#define BLOCK_SIZE	16
#define BLOCK_SHIFT	0
#define BLOCK_MASK	UINT64_C(0xFFFF)

static inline uint64_t
block_stops(const unsigned char *p, uint64_t *high)
{
	const __m128i bytes = _mm_loadu_si128((const __m128i *) p);
	const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
	const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
	const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);

	*high = (unsigned int) _mm_movemask_epi8(bytes);
	return (unsigned int)
		_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls));
}

static inline uint64_t
block_others(const unsigned char *p)
{
	const __m128i bytes = _mm_loadu_si128((const __m128i *) p);
	const __m128i digits = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));

	return (unsigned int)
		_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(digits, _mm_set1_epi8(10)), digits));
}

static inline uint64_t
block_leads(const unsigned char *p, uint64_t *follows, uint64_t *high)
{
	const __m128i bytes = _mm_loadu_si128((const __m128i *) p);
	const __m128i above = _mm_sub_epi8(bytes, _mm_set1_epi8((char) 0xC2));
	const __m128i leads = _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8(0xDF - 0xC2)), above);

	*high = (unsigned int) _mm_movemask_epi8(bytes);
	*follows = (unsigned int)
		_mm_movemask_epi8(_mm_cmplt_epi8(bytes, _mm_set1_epi8((char) 0xC0)));
	return (unsigned int) _mm_movemask_epi8(leads);
}

#elif defined(ROWS_NEON)

#define BLOCK_SIZE	16
#define BLOCK_SHIFT	2
#define BLOCK_MASK	UINT64_MAX

/* Four bits of each byte, which are all alike */
static inline uint64_t
block_mask(uint8x16_t bytes)
{
	const uint8x8_t nibbles = vshrn_n_u16(vreinterpretq_u16_u8(bytes), 4);

	return vget_lane_u64(vreinterpret_u64_u8(nibbles), 0);
}

static inline uint64_t
block_stops(const unsigned char *p, uint64_t *high)
{
	const uint8x16_t bytes = vld1q_u8(p);
	const uint8x16_t quotes = vceqq_u8(bytes, vdupq_n_u8('"'));
	const uint8x16_t backslashes = vceqq_u8(bytes, vdupq_n_u8('\\'));
	const uint8x16_t controls = vcltq_u8(bytes, vdupq_n_u8(0x20));

	*high = block_mask(vcgeq_u8(bytes, vdupq_n_u8(0x80)));
	return block_mask(vorrq_u8(vorrq_u8(quotes, backslashes), controls));
}

static inline uint64_t
block_others(const unsigned char *p)
{
	return block_mask(vcgeq_u8(vsubq_u8(vld1q_u8(p), vdupq_n_u8('0')), vdupq_n_u8(10)));
}

static inline uint64_t
block_leads(const unsigned char *p, uint64_t *follows, uint64_t *high)
{
	const uint8x16_t bytes = vld1q_u8(p);
	const uint8x16_t above = vsubq_u8(bytes, vdupq_n_u8(0xC2));

	*high = block_mask(vcgeq_u8(bytes, vdupq_n_u8(0x80)));
	*follows = block_mask(vcltq_u8(vsubq_u8(bytes, vdupq_n_u8(0x80)), vdupq_n_u8(0x40)));
	return block_mask(vcleq_u8(above, vdupq_n_u8(0xDF - 0xC2)));
}

#else

#define BLOCK_SIZE	8
#define BLOCK_SHIFT	3
#define BLOCK_MASK	UINT64_MAX
#define ALL_BYTES(c) (UINT64_C(0x0101010101010101) * (c))

static inline uint64_t
block_load(const unsigned char *p)
{
	uint64_t	bytes;

	memcpy(&bytes, p, sizeof(bytes));
#if defined(__ORDER_BIG_ENDIAN__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	bytes = __builtin_bswap64(bytes);
#endif
	return bytes;
}

/* Bit 0x80 of the bytes that are 0; no carry leaves a byte */
static inline uint64_t
block_zeros(uint64_t bytes)
{
	return ~(((bytes & ALL_BYTES(0x7F)) + ALL_BYTES(0x7F)) | bytes) & ALL_BYTES(0x80);
}

static inline uint64_t
block_stops(const unsigned char *p, uint64_t *high)
{
	const uint64_t bytes = block_load(p);

	*high = bytes & ALL_BYTES(0x80);
	return block_zeros(bytes ^ ALL_BYTES('"')) |
		block_zeros(bytes ^ ALL_BYTES('\\')) |
		block_zeros(bytes & ALL_BYTES(0xE0));
}

static inline uint64_t
block_others(const unsigned char *p)
{
	const uint64_t digits = block_load(p) ^ ALL_BYTES('0');

	return (((digits & ALL_BYTES(0x7F)) + ALL_BYTES(0x80 - 10)) | digits) & ALL_BYTES(0x80);
}

static inline uint64_t
block_leads(const unsigned char *p, uint64_t *follows, uint64_t *high)
{
	const uint64_t bytes = block_load(p);
	const uint64_t low = bytes & ALL_BYTES(0x7F);

	*high = bytes & ALL_BYTES(0x80);
	*follows = *high & ~(bytes << 1);
	return *high & (low + ALL_BYTES(0x100 - 0xC2)) & ~(low + ALL_BYTES(0x100 - 0xE0));
}

#endif

/* The place of the first byte in a mask that is not 0 */
static inline int
block_first(uint64_t mask)
{
	return __builtin_ctzll(mask) >> BLOCK_SHIFT;
}

#endif							/* ROWS_BLOCK_H */
