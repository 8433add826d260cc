/*-------------------------------------------------------------------------
 *
 * bench_rows.c
 *	  How fast src/rows.c reads.
 *
 * Makes documents of about 100 MB in memory and reads each five times, with
 * a look at every value, the way a scan would.  Prints the median in MB/s
 * (a MB is 10^6 bytes) of processor time, which other work on the machine
 * disturbs less than time by the clock.
 *
 * usage: bench_rows [megabytes]
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rows.h"

#define COLUMNS		8
#define REPEATS		5
#define WINDOW		(128 * 1024)	/* a scan's buffer */

typedef struct Document
{
	char	   *data;
	size_t		len;
	size_t		rows;
} Document;

static uint32_t random_state = 1;

static uint32_t
next_random(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % below;
}

static const char *const header =
"[[\"ID\",\"NAME\",\"STATUS\",\"PRICE\",\"QUANTITY\",\"DAY\",\"CHANGED\",\"ACTIVE\"]";

/* Rows of some 113 bytes, as a shop's table of sales has them */
static int
print_row(char *to, size_t row)
{
	static const char *const names[] = {
		"Wooden chair, oak", "Desk lamp", "Stehlampe, gr\xC3\xBCn",
		"Office desk 160 x 80 cm, white", "Shelf", "Filing cabinet with lock"
	};
	static const char *const states[] = {"new", "won", "lost", "in progress"};
	uint32_t	r = next_random(1000000);

	return sprintf(to, ",[%zu,\"%s %u\",\"%s\",%u.%02u,%u,\"20%02u-%02u-%02u\","
				   "\"2024-%02u-%02u %02u:%02u:%02u\",%s]",
				   row, names[r % 6], r, states[r % 4], r / 7, r % 100, r % 50,
				   r % 25, r % 12 + 1, r % 28 + 1, r % 12 + 1, r % 28 + 1, r % 24,
				   r % 60, r % 59, r % 9 == 0 ? "null" : r % 2 ? "true" : "false");
}

/* The same, but what is not ASCII as PHP's encoder writes it */
static int
print_escaped_row(char *to, size_t row)
{
	uint32_t	r = next_random(1000000);

	return sprintf(to, ",[\"%zu\",\"\\u0421\\u0442\\u0443\\u043b \\u0434\\u0443\\u0431 %u\","
				   "\"\\u043d\\u043e\\u0432\\u044b\\u0439\",\"%u.%02u\",\"%u\","
				   "\"20%02u-%02u-%02u\",\"2024-%02u-%02uT%02u:%02u:%02u+03:00\",null]",
				   row, r, r / 7, r % 100, r % 50, r % 25, r % 12 + 1, r % 28 + 1,
				   r % 12 + 1, r % 28 + 1, r % 24, r % 60, r % 59);
}

static void
make_document(Document *doc, size_t size, int (*print) (char *, size_t))
{
	doc->data = malloc(size + 1024);
	if (doc->data == NULL)
	{
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	doc->len = sprintf(doc->data, "%s", header);
	for (doc->rows = 0; doc->len < size; doc->rows++)
		doc->len += print(doc->data + doc->len, doc->rows);
	doc->data[doc->len++] = ']';
}

/* Processor time in seconds */
static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/*
 * Reads the document, not more than window bytes at a time, and returns a sum
 * over its values that keeps the compiler from leaving anything out.
 */
static uint64_t
read_document(const Document *doc, size_t window, int wanted)
{
	char		behind[ROWS_PADDING];	/* what the padding stands in place of */
	int			slot_of[COLUMNS];
	RowsReader	reader;
	RowsStatus	status = ROWS_MORE;
	size_t		at = 0;
	size_t		upto = 0;
	size_t		rows = 0;
	uint64_t	sum = 0;

	for (int i = 0; i < COLUMNS; i++)
		slot_of[i] = i < wanted ? i : -1;

	rows_init(&reader);
	for (;;)
	{
		size_t		consumed;

		if (status == ROWS_MORE)
		{
			if (upto > 0)
				memcpy(doc->data + upto, behind, ROWS_PADDING);
			upto = doc->len - at < window ? doc->len : at + window;
			memcpy(behind, doc->data + upto, ROWS_PADDING);
			memset(doc->data + upto, 0, ROWS_PADDING);
		}
		status = rows_next(&reader, doc->data + at, upto - at, upto == doc->len, &consumed);
		at += consumed;
		if (status == ROWS_ROW)
		{
			if (reader.row == 0)
			{
				if (!rows_set_columns(&reader, slot_of, COLUMNS, wanted))
					exit(1);
				continue;
			}
			rows++;
			for (int i = 0; i < wanted; i++)
			{
				RowsValue  *value = &reader.values[i];
				size_t		value_len = value->len;

				if (value->escaped)
					value_len = value->decoded_len;
				sum += value_len + value->kind + value->ascii;
			}
		}
		else if (status != ROWS_MORE || upto == doc->len)
			break;
	}
	if (status != ROWS_END || rows != doc->rows)
	{
		fprintf(stderr, "reading failed: %s\n", reader.error ? reader.error : "rows are missing");
		exit(1);
	}
	rows_free(&reader);
	return sum;
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x < y ? -1 : x > y;
}

static void
bench(const char *name, const Document *doc, size_t window, int wanted)
{
	volatile uint64_t sum;
	double		speed[REPEATS];

	for (int i = 0; i < REPEATS; i++)
	{
		double		start = now();

		sum = read_document(doc, window, wanted);
		speed[i] = doc->len / 1e6 / (now() - start);
	}
	(void) sum;
	qsort(speed, REPEATS, sizeof(double), compare_doubles);
	printf("%-44s %6.0f MB/s  (%.0f to %.0f)\n", name, speed[REPEATS / 2],
		   speed[0], speed[REPEATS - 1]);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	size_t		size = (argc > 1 ? strtoul(argv[1], NULL, 10) : 100) * 1000000;
	Document	doc;

	make_document(&doc, size, print_row);
	printf("%zu rows of %d columns, %.1f MB\n", doc.rows, COLUMNS, doc.len / 1e6);
	bench("all columns, document in one buffer", &doc, doc.len, COLUMNS);
	bench("all columns, buffers of 128 KB", &doc, WINDOW, COLUMNS);
	bench("two columns wanted, buffers of 128 KB", &doc, WINDOW, 2);
	free(doc.data);

	make_document(&doc, size, print_escaped_row);
	bench("escaped text", &doc, WINDOW, COLUMNS);
	bench("escaped text, not wanted", &doc, WINDOW, 0);
	free(doc.data);
	return 0;
}
