/*-------------------------------------------------------------------------
 *
 * test.h
 *	  What the unit tests share: counting checks and printing TAP.
 *
 * A test program calls test_ok() for each check and returns test_done() from
 * main().
 *
 *-------------------------------------------------------------------------
 */
#ifndef TEST_H
#define TEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int	test_count = 0;
static int	test_failures = 0;

#if defined(__GNUC__)
#define TEST_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define TEST_PRINTF(f, a)
#endif

/* One check: prints its line and returns whether it passed. */
static inline bool TEST_PRINTF(2, 3)
test_ok(bool passed, const char *name, ...)
{
	va_list		args;

	test_count++;
	if (!passed)
		test_failures++;
	printf("%s %d - ", passed ? "ok" : "not ok", test_count);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	return passed;
}

/* A remark on the checks around it */
static inline void TEST_PRINTF(1, 2)
test_diag(const char *format, ...)
{
	va_list		args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

/* Bytes that may be anything, on a line of their own */
static inline void
test_diag_bytes(const char *what, const char *data, size_t len)
{
	printf("# %s: ", what);
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = data[i];

		if (c >= 0x20 && c < 0x7F)
			putchar(c);
		else
			printf("<%02X>", c);
	}
	printf("\n");
	fflush(stdout);
}

/* Prints the plan; returns main()'s result. */
static inline int
test_done(void)
{
	printf("1..%d\n", test_count);
	if (test_failures > 0)
		printf("# %d of %d failed\n", test_failures, test_count);
	return test_failures > 0 ? 1 : 0;
}

#endif							/* TEST_H */
