/*-------------------------------------------------------------------------
 *
 * url.c
 *	  URLs: which may be used, what is shown of them, where a redirect leads.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <curl/curl.h>

#include "http.h"

/*
 * The authority of a URL (host and port, and what may be in front of them),
 * which is not terminated, and its length.  NULL if the URL has none.
 */
static const char *
url_authority(const char *url, size_t *length)
{
	const char *authority = strstr(url, "://");

	if (authority == NULL)
		return NULL;
	authority += 3;
	*length = strcspn(authority, "/?#");
	return authority;
}

/*
 * Scheme, host and port of a URL as it is written, palloc'd.
 */
char *
http_url_origin(const char *url)
{
	size_t		length = 0;
	const char *authority = url_authority(url, &length);

	return authority ? pnstrdup(url, authority - url + length) : pstrdup(url);
}

/*
 * Why this URL cannot be used for an endpoint (or a proxy), or NULL.
 *
 * Names and passwords in URLs are refused: URLs are shown in errors and
 * readable in the catalogs.  So are forms of which libcurl makes more than
 * is written there, such as three slashes in front of the host.
 */
const char *
http_url_problem(const char *url, bool proxy)
{
	static const char *const endpoint_schemes[] = {"http", "https", NULL};
	static const char *const proxy_schemes[] = {"http", "https", "socks4", "socks4a",
	"socks5", "socks5h", NULL};
	const char *const *schemes = proxy ? proxy_schemes : endpoint_schemes;
	size_t		length = 0;
	const char *authority = url_authority(url, &length);
	CURLU	   *parsed = curl_url();
	char	   *scheme = NULL;
	char	   *host = NULL;
	const char *problem = NULL;

	if (parsed == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (length > 0 && memchr(authority, '@', length))
		problem = "A user name or password may not be part of it.";
	else if (length == 0 ||
			 curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
			 curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
			 curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		problem = proxy ? "It must look like \"http://host:port\"."
			: "It must look like \"https://host/path\".";
	else
	{
		while (*schemes && pg_strcasecmp(*schemes, scheme) != 0)
			schemes++;
		if (*schemes == NULL)
			problem = proxy ? "Its scheme must be http, https, socks4, socks4a, socks5 or socks5h."
				: "Its scheme must be http or https.";
	}
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(parsed);
	return problem;
}

/*
 * What may be shown of a URL, palloc'd: scheme, host, port and path.  A query
 * may hold a key.
 */
char *
http_url_display(const char *url)
{
	return pnstrdup(url, strcspn(url, "?#"));
}

/*
 * Where a redirect from a URL leads, palloc'd, or NULL if that is another
 * origin or nothing that may be used.
 */
char *
http_url_redirect(const char *url, const char *location)
{
	static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
	CURLU	   *from = curl_url();
	CURLU	   *to = curl_url();
	char	   *target = NULL;
	char	   *result = NULL;
	bool		same;

	same = from && to &&
		curl_url_set(from, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_set(to, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_set(to, CURLUPART_URL, location, 0) == CURLUE_OK;
	for (int i = 0; same && i < lengthof(parts); i++)
	{
		char	   *a = NULL;
		char	   *b = NULL;

		same = curl_url_get(from, parts[i], &a, CURLU_DEFAULT_PORT) == CURLUE_OK &&
			curl_url_get(to, parts[i], &b, CURLU_DEFAULT_PORT) == CURLUE_OK &&
			pg_strcasecmp(a, b) == 0;
		curl_free(a);
		curl_free(b);
	}
	if (same && curl_url_get(to, CURLUPART_URL, &target, 0) == CURLUE_OK &&
		http_url_problem(target, false) == NULL)
		result = MemoryContextAllocExtended(CurrentMemoryContext, strlen(target) + 1,
											MCXT_ALLOC_NO_OOM);
	if (result)
		strcpy(result, target);
	curl_free(target);
	curl_url_cleanup(from);
	curl_url_cleanup(to);
	return result;
}
