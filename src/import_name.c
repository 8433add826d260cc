/*-------------------------------------------------------------------------
 *
 * import_name.c
 *	  Names of imported tables and columns.
 *
 * Codes come from outside and may be anything.  The names made of them depend
 * on the codes alone, not on their order: two codes that would get the same
 * name, a code that is too long for one, and a column that would be called
 * like a system column get a suffix computed from the code.
 *
 *-------------------------------------------------------------------------
 */
#include "import.h"

#include "catalog/heap.h"
#include "catalog/pg_collation.h"
#include "mb/pg_wchar.h"
#include "port/pg_crc32c.h"
#include "utils/formatting.h"

/* Length of a suffix: an underscore and eight digits */
#define SUFFIX_LENGTH 9

static char *
fold_case(const char *code, NameCase name_case)
{
	size_t		length = strlen(code);

	if (name_case == CASE_LOWER ||
		(name_case == CASE_SMART &&
		 strcmp(str_toupper(code, length, DEFAULT_COLLATION_OID), code) == 0))
		return str_tolower(code, length, DEFAULT_COLLATION_OID);
	return pstrdup(code);
}

/*
 * The name with a suffix that tells it from others, short enough.
 */
static char *
add_suffix(const ImportName *name)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, name->code, strlen(name->code));
	if (strcmp(name->code, name->key) != 0)
		COMP_CRC32C(crc, name->key, strlen(name->key));
	FIN_CRC32C(crc);
	return psprintf("%.*s_%08x",
					pg_mbcliplen(name->folded, strlen(name->folded),
								 NAMEDATALEN - 1 - SUFFIX_LENGTH),
					name->folded, crc);
}

static int
compare_folded(const void *a, const void *b)
{
	return strcmp((*(ImportName *const *) a)->folded, (*(ImportName *const *) b)->folded);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(ImportName *const *) a)->name, (*(ImportName *const *) b)->name);
}

/*
 * Give each code its name, palloc'd.  Of codes that fold to one name, the one that is
 * that name keeps it.  columns: they are names of columns, not of tables.
 */
void
assign_names(ImportName *names, int count, NameCase name_case, bool columns)
{
	ImportName **sorted = palloc(sizeof(ImportName *) * Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		names[i].folded = fold_case(names[i].code, name_case);
		sorted[i] = &names[i];
	}

	qsort(sorted, count, sizeof(ImportName *), compare_folded);
	for (int first = 0, next; first < count; first = next)
	{
		int			same = 0;

		for (next = first; next < count && compare_folded(&sorted[first], &sorted[next]) == 0; next++)
			same += strcmp(sorted[next]->code, sorted[next]->folded) == 0;
		for (int i = first; i < next; i++)
		{
			ImportName *name = sorted[i];
			bool		keeps = next == first + 1 ||
				(same == 1 && strcmp(name->code, name->folded) == 0);

			if (keeps && strlen(name->folded) < NAMEDATALEN &&
				!(columns && SystemAttributeByName(name->folded) != NULL))
				name->name = name->folded;
			else
				name->name = add_suffix(name);
		}
	}

	qsort(sorted, count, sizeof(ImportName *), compare_names);
	for (int i = 1; i < count; i++)
	{
		if (compare_names(&sorted[i - 1], &sorted[i]) == 0)
			sorted[i - 1]->ambiguous = sorted[i]->ambiguous = true;
	}
}
