/*-------------------------------------------------------------------------
 *
 * replay.c
 *	  Gives files to a fuzz target, once each, without libFuzzer.
 *
 * usage: replay FILE...
 *
 * Each file has a process of its own, so that one at which the target aborts,
 * or a sanitizer ends it, does not hide the next.  Prints TAP.
 *
 *-------------------------------------------------------------------------
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Never returns.  The target's buffer is as long as the file, no longer. */
static void
replay(const char *path)
{
	FILE	   *file = fopen(path, "rb");
	long		size;
	uint8_t    *data;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
	{
		perror(path);
		exit(1);
	}
	rewind(file);
	data = malloc(size > 0 ? (size_t) size : 1);
	if (data == NULL || fread(data, 1, (size_t) size, file) != (size_t) size)
	{
		perror(path);
		exit(1);
	}
	fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t) size);
	free(data);
	exit(0);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
	{
		int			status = -1;
		pid_t		pid = fork();

		if (pid == 0)
			replay(argv[i]);
		test_ok(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "%s", argv[i]);
	}
	return test_done();
}
