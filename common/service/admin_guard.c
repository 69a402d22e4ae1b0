#include "service/admin_guard.h"

#include "http/host_names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool bad_file(const char *path, const char *why, struct error *error)
{
        return error_set(error, ERROR_BAD_INPUT, "MALL_ADMIN_TOKEN_FILE=%s: %s", path, why);
}

bool admin_token_read(const char *path, char token[static ADMIN_TOKEN_MOST + 1],
                      struct error *error)
{
        char read[ADMIN_TOKEN_MOST + 20];
        FILE *file = fopen(path, "re");
        size_t len, first = 0;
        bool failed;

        if (!file)
                return bad_file(path, strerror(errno), error);
        len = fread(read, 1, sizeof read, file);
        failed = ferror(file); /* of a directory */
        fclose(file);
        if (failed)
                return bad_file(path, "cannot be read", error);
        while (len && is_blank(read[len - 1]))
                len--;
        while (first < len && is_blank(read[first]))
                first++;
        len -= first;
        if (len == 0)
                return bad_file(path, "is empty", error);
        if (len > ADMIN_TOKEN_MOST)
                return bad_file(path, "the token is too long, 1000 characters are the most", error);
        for (size_t i = first; i < first + len; i++)
                if (read[i] <= ' ' || read[i] > '~')
                        return bad_file(path, "the token has other than visible ASCII characters",
                                        error);
        memcpy(token, read + first, len);
        token[len] = '\0';
        return true;
}

/* Takes as long wherever they differ, so that nobody finds a token letter by letter. */
static bool is_same(const char *given, const char *token)
{
        size_t len = strlen(given), want = strlen(token);
        unsigned differs = len != want;

        for (size_t i = 0; i < len; i++)
                differs |= (unsigned char)given[i] ^ (unsigned char)token[i % want];
        return !differs;
}

/* With the token, or there is none to have; else answers 401. */
static bool has_token(struct http_request *r, const char *token)
{
        const char *given = http_header(r, "Authorization");

        if (!*token)
                return true;
        if (strncasecmp(given, "Bearer ", 7) == 0 &&
            is_same(given + 7 + strspn(given + 7, " "), token))
                return true;
        http_answer_problem(r, 401,
                            *given ? "that is not the token of MALL_ADMIN_TOKEN_FILE"
                                   : "this takes Authorization: Bearer and the token of "
                                     "MALL_ADMIN_TOKEN_FILE");
        http_answer_header(r, "WWW-Authenticate",
                           *given ? "Bearer realm=\"admin\", error=\"invalid_token\""
                                  : "Bearer realm=\"admin\"");
        return false;
}

bool admin_address_is_loopback(const char *address)
{
        return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ||
               strcmp(address, "localhost") == 0;
}

bool admin_may_ask(struct http_request *r, const char *token)
{
        const char *host = http_header(r, "Host");

        if (http_has_header(r, "Origin")) {
                http_answer_problem(r, 403, "pages in a browser may not ask the admin listener");
                return false;
        }
        if (!*token && *host && !host_is_nobodys(host)) {
                http_answer_problem(r, 403,
                                    "without a token, the admin listener answers to an address, "
                                    "localhost or a name without a dot, not to Host: %s",
                                    host);
                return false;
        }
        return has_token(r, token);
}
