/*-------------------------------------------------------------------------
 *
 * generate.c
 *	  The rows that are measured, as JSON or as CSV.
 *
 * A row depends on nothing but its number: every format, every part of the
 * table and every run has the same values.  Of each column but the first, 3 %
 * are NULL.
 *
 * usage: generate FORMAT FIRST ROWS [DIRECTORY]
 *
 * FORMAT is
 *	  raw		JSON with UTF-8 as it is
 *	  escaped	JSON as PHP's json_encode() writes it if not told otherwise: \uXXXX
 *				for all that is not ASCII, and \/
 *	  csv		without a header; NULL is an empty field without quotes
 *
 * Rows FIRST, FIRST + 1, ... go to stdout.  With DIRECTORY each becomes a
 * document of its own, DIRECTORY/NUMBER.json.
 *
 *-------------------------------------------------------------------------
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NULLS_PER_MILLE 30

typedef enum Format
{
	RAW,
	ESCAPED,
	CSV
} Format;

/* Pieces of which texts are made; encoded once, at the start */
typedef struct Piece
{
	const char *text;
	char		encoded[400];
	bool		quoted;			/* does CSV need quotes around it? */
} Piece;

#define PIECE(text) {(text), "", false}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static Piece things[] = {
	PIECE("Стол"), PIECE("Кресло офисное"), PIECE("Desk lamp"), PIECE("Шкаф"),
	PIECE("Полка навесная"), PIECE("Стул"), PIECE("Bücherregal"), PIECE("Диван")
};

static Piece kinds[] = {
	PIECE(", дуб "), PIECE(" «Люкс» "), PIECE(" "), PIECE(" № "),
	PIECE(", 120×60 "), PIECE(" mini "), PIECE(" (new) "), PIECE(" белый ")
};

static Piece remarks[] = {
	PIECE("Звонок 📞 "), PIECE("by 🚚\n"), PIECE("\"maybe\" "), PIECE("C:\\deal "),
	PIECE("✅ 50/50 "), PIECE("call\t"), PIECE("👍🏽 "), PIECE("note: ")
};

static Piece endings[] = {
	PIECE(""), PIECE("срочно!"), PIECE("https://a.example/b?c=d"), PIECE("Friday"),
	PIECE("ok"), PIECE("ООО \"Мир\""), PIECE("line\nthird 😀"), PIECE("no reply")
};

static Piece states[] = {
	PIECE("NEW"), PIECE("IN_WORK"), PIECE("WON"), PIECE("LOST"), PIECE("INVOICE")
};

static Format format;

/* The bits of a row come from these */
static uint64_t random_state;

static uint64_t
next_random(void)
{
	uint64_t	z = (random_state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static unsigned
random_below(unsigned bound)
{
	return (unsigned) ((next_random() >> 32) * bound >> 32);
}

/* ---- writing ---------------------------------------------------------- */

static char line[4096];
static char *at;

static void
put(const char *text)
{
	size_t		length = strlen(text);

	memcpy(at, text, length);
	at += length;
}

static void
put_digits(uint64_t number, int width)
{
	char		digits[20];
	int			count = 0;

	do
	{
		digits[count++] = '0' + number % 10;
		number /= 10;
	} while (number > 0);
	while (count < width)
		digits[count++] = '0';
	while (count > 0)
		*at++ = digits[--count];
}

/* Between two columns; says whether the next is NULL, and has written it then */
static bool
next_is_null(void)
{
	*at++ = ',';
	if (random_below(1000) >= NULLS_PER_MILLE)
		return false;
	if (format != CSV)
		put("null");
	return true;
}

/* A text of two pieces, and a number (or a negative one, for none) */
static void
put_text(const Piece *first, const Piece *second, long number)
{
	bool		quoted = format != CSV || first->quoted || (second && second->quoted);

	if (quoted)
		*at++ = '"';
	put(first->encoded);
	if (second)
		put(second->encoded);
	if (number >= 0)
		put_digits(number, 1);
	if (quoted)
		*at++ = '"';
}

static void
put_date(unsigned days)
{
	put_digits(2015 + days / 336, 4);
	*at++ = '-';
	put_digits(1 + days / 28 % 12, 2);
	*at++ = '-';
	put_digits(1 + days % 28, 2);
}

static void
put_row(uint64_t number)
{
	const char *quote = format == CSV ? "" : "\"";

	random_state = number * UINT64_C(0xD1342543DE82EF95);
	put_digits(number, 1);
	if (!next_is_null())
		put_text(&things[random_below(COUNT(things))], &kinds[random_below(COUNT(kinds))],
				 random_below(1000));
	if (!next_is_null())
		put_text(&remarks[random_below(COUNT(remarks))],
				 &endings[random_below(COUNT(endings))], -1);
	if (!next_is_null())
		put_text(&states[random_below(COUNT(states))], NULL, -1);
	if (!next_is_null())
	{
		unsigned	cents = random_below(10000000);

		put_digits(cents / 100, 1);
		*at++ = '.';
		put_digits(cents % 100, 2);
	}
	if (!next_is_null())
		at += sprintf(at, "%.17g", (next_random() >> 11) * 0x1p-53 * 100);
	if (!next_is_null())
	{
		put(quote);
		put_date(random_below(336 * 10));
		put(quote);
	}
	if (!next_is_null())
	{
		unsigned	second = random_below(86400);

		put(quote);
		put_date(random_below(336 * 10));
		*at++ = ' ';
		put_digits(second / 3600, 2);
		*at++ = ':';
		put_digits(second / 60 % 60, 2);
		*at++ = ':';
		put_digits(second % 60, 2);
		put(quote);
	}
}

/* ---- encoding pieces -------------------------------------------------- */

/* Reads a character of UTF-8 that is known to be right */
static unsigned
next_character(const unsigned char **text)
{
	const unsigned char *s = *text;
	int			length = s[0] < 0x80 ? 1 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	unsigned	character = length == 1 ? s[0] : s[0] & (0x7F >> length);

	for (int i = 1; i < length; i++)
		character = character << 6 | (s[i] & 0x3F);
	*text += length;
	return character;
}

static void
encode(Piece *piece)
{
	const unsigned char *text = (const unsigned char *) piece->text;
	char	   *to = piece->encoded;

	piece->quoted = strpbrk(piece->text, ",\"\n") != NULL;
	while (*text)
	{
		const unsigned char *start = text;
		unsigned	c = next_character(&text);

		if (format == CSV)
			to += sprintf(to, c == '"' ? "\"\"" : "%.*s", (int) (text - start), start);
		else if (c == '"' || c == '\\' || (c == '/' && format == ESCAPED))
			to += sprintf(to, "\\%c", c);
		else if (c == '\n' || c == '\t')
			to += sprintf(to, "\\%c", c == '\n' ? 'n' : 't');
		else if (c < 0x80 || format == RAW)
			to += sprintf(to, "%.*s", (int) (text - start), start);
		else if (c < 0x10000)
			to += sprintf(to, "\\u%04x", c);
		else
			to += sprintf(to, "\\u%04x\\u%04x",
						  0xD800 + ((c - 0x10000) >> 10), 0xDC00 + (c & 0x3FF));
	}
}

static void
encode_all(Piece *pieces, size_t count)
{
	for (size_t i = 0; i < count; i++)
		encode(&pieces[i]);
}

/* ---- documents -------------------------------------------------------- */

static const char *const header =
"[[\"ID\",\"NAME\",\"NOTE\",\"STATUS\",\"AMOUNT\",\"SHARE\",\"DAY\",\"CHANGED\"]";

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static void
write_rows(FILE *file, uint64_t first, uint64_t rows)
{
	if (format != CSV)
		fputs(header, file);
	for (uint64_t number = first; number < first + rows; number++)
	{
		at = line;
		if (format != CSV)
			put(",[");
		put_row(number);
		*at++ = format == CSV ? '\n' : ']';
		fwrite(line, 1, at - line, file);
	}
	if (format != CSV)
		fputc(']', file);
	if (fflush(file) != 0 || ferror(file))
		fail("cannot write");
}

int
main(int argc, char **argv)
{
	static const char *const formats[] = {"raw", "escaped", "csv"};
	size_t		chosen = 0;
	uint64_t	first;
	uint64_t	rows;

	while (argc > 1 && chosen < COUNT(formats) && strcmp(argv[1], formats[chosen]) != 0)
		chosen++;
	if (argc < 4 || argc > 5 || chosen == COUNT(formats))
	{
		fprintf(stderr, "usage: generate raw|escaped|csv FIRST ROWS [DIRECTORY]\n");
		return 2;
	}
	format = (Format) chosen;
	first = strtoull(argv[2], NULL, 10);
	rows = strtoull(argv[3], NULL, 10);
	encode_all(things, COUNT(things));
	encode_all(kinds, COUNT(kinds));
	encode_all(remarks, COUNT(remarks));
	encode_all(endings, COUNT(endings));
	encode_all(states, COUNT(states));

	if (argc == 4)
	{
		setvbuf(stdout, NULL, _IOFBF, 1 << 20);
		write_rows(stdout, first, rows);
		return 0;
	}
	for (uint64_t number = first; number < first + rows; number++)
	{
		char		path[4096];
		FILE	   *file;

		snprintf(path, sizeof(path), "%s/%llu.json", argv[4], (unsigned long long) number);
		if ((file = fopen(path, "w")) == NULL)
			fail(path);
		write_rows(file, number, 1);
		fclose(file);
	}
	return 0;
}
