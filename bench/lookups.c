/*-------------------------------------------------------------------------
 *
 * lookups.c
 *	  Many small requests, one after the other, as a C program makes them: with
 *	  one handle of libcurl, which keeps its connection.
 *
 * usage: lookups URL BODY FIRST COUNT [print]
 *
 * BODY has a %llu where the key goes.  Prints how many seconds it took, libcurl's
 * start included; or, with "print", the answers, each with a line end.
 *
 *-------------------------------------------------------------------------
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct Answer
{
	char	   *data;
	size_t		length;
} Answer;

static size_t
receive(char *data, size_t size, size_t count, void *argument)
{
	Answer	   *answer = argument;

	answer->data = realloc(answer->data, answer->length + size * count);
	if (answer->data == NULL)
		return 0;
	memcpy(answer->data + answer->length, data, size * count);
	answer->length += size * count;
	return size * count;
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	double		start = now();
	char		body[4096];
	unsigned long long first;
	unsigned long long count;
	CURL	   *easy;

	if (argc < 5 || argc > 6)
	{
		fprintf(stderr, "usage: lookups URL BODY FIRST COUNT [print]\n");
		return 2;
	}
	first = strtoull(argv[3], NULL, 10);
	count = strtoull(argv[4], NULL, 10);

	curl_global_init(CURL_GLOBAL_DEFAULT);
	easy = curl_easy_init();
	curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
	for (unsigned long long key = first; key < first + count; key++)
	{
		Answer		answer = {NULL, 0};
		CURLcode	code;
		long		status = 0;

		snprintf(body, sizeof(body), argv[2], key);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
		code = curl_easy_perform(easy);
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		if (code != CURLE_OK || status != 200)
		{
			fprintf(stderr, "lookups: key %llu: %s, status %ld\n", key,
					curl_easy_strerror(code), status);
			return 1;
		}
		if (argc == 6)
			printf("%.*s\n", (int) answer.length, answer.data);
		free(answer.data);
	}
	if (argc == 5)
		printf("%.6f\n", now() - start);
	curl_easy_cleanup(easy);
	curl_global_cleanup();
	return 0;
}
