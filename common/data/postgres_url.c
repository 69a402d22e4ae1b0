#include "base/redact.h"
#include "data/postgres_inside.h"

#include <string.h>

/* libpq's errors show its parts of the URL: so we check that no part of a password can be taken
   for a host, a port or a database. */
bool postgres_url_check(const char *url, struct error *error)
{
        const char *place = strstr(url, "://") + 3, *behind = place + strcspn(place, "@/");
        PQconninfoOption *options;
        char shown[REDACTED], *why = NULL;

        redact(url, shown);
        if (*behind && memchr(behind + 1, '@', strcspn(behind + 1, "?")))
                return error_set(error, ERROR_BAD_INPUT,
                                 "MALL_DB_URL=%s: in a name or a password '@' is written %%40, '/' "
                                 "%%2F, ':' %%3A",
                                 shown);
        options = PQconninfoParse(url, &why);
        if (!options)
                error_set(error, ERROR_BAD_INPUT,
                          "MALL_DB_URL=%s: libpq does not understand it%s%s", shown,
                          why && strcmp(shown, url) == 0 ? ": " : "",
                          why && strcmp(shown, url) == 0 ? why : "");
        PQfreemem(why);
        PQconninfoFree(options);
        return options != NULL;
}
