#include "http/header_kinds.h"

#include "testing/check.h"

#include <ctype.h>
#include <string.h>

/* All names that are of some kind. */
static const char *const known[] = {
        "Accept",
        "Age",
        "Authentication-Info",
        "Authorization",
        "b3",
        "Cache-Control",
        "Connection",
        "Content-Encoding",
        "Content-Language",
        "Content-Length",
        "Content-Location",
        "Content-Range",
        "Content-Type",
        "Cookie",
        "Date",
        "Expect",
        "Expires",
        "Forwarded",
        "Host",
        "Idempotency-Key",
        "If-Match",
        "If-Modified-Since",
        "If-None-Match",
        "If-Range",
        "If-Unmodified-Since",
        "Keep-Alive",
        "Location",
        "Max-Forwards",
        "Origin",
        "Pragma",
        "Proxy-Authenticate",
        "Proxy-Authentication-Info",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Range",
        "Retry-After",
        "Set-Cookie",
        "TE",
        "traceparent",
        "tracestate",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Vary",
        "Warning",
        "WWW-Authenticate",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Port",
        "X-Forwarded-Prefix",
        "X-Forwarded-Proto",
        "X-Request-Id",
};

static void check_kind(unsigned kind, const char *names)
{
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
                const char *found = strstr(names, known[i]);
                size_t len = strlen(known[i]);
                bool listed = false;

                for (; found && !listed; found = strstr(found + 1, known[i]))
                        listed = found[len] == ' ' && (found == names || found[-1] == ' ');
                if (!!(header_kinds(known[i], len) & kind) != listed)
                        check_text(known[i], listed ? "of that kind" : "not of that kind");
        }
}

static void every_name_is_found_whatever_its_case(void)
{
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
                char name[40];
                size_t len = strlen(known[i]);

                if (!header_kinds(known[i], len))
                        check_text(known[i], "known");
                for (size_t k = 0; k < len; k++)
                        name[k] = (char)(isupper((unsigned char)known[i][k])
                                                 ? tolower((unsigned char)known[i][k])
                                                 : toupper((unsigned char)known[i][k]));
                check_int(header_kinds(name, len), header_kinds(known[i], len));
                name[len] = 'x';
                check_int(header_kinds(name, len + 1), 0);
        }
}

static void other_names_are_of_no_kind(void)
{
        static const char *const others[] = {"",  "X-Anything", "Accep", "Accept-Encoding", "!",
                                             "~", "0",          "_",     "@ccept",          "Z"};

        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
                check_int(header_kinds(others[i], strlen(others[i])), 0);
}

static void a_kind_has_the_names_that_it_should_have(void)
{
        check_kind(HEADER_HOP, "Connection Keep-Alive Proxy-Authenticate Proxy-Connection TE "
                               "Trailer Transfer-Encoding Upgrade ");
        check_kind(HEADER_DELIMITS, "Connection Content-Length Transfer-Encoding ");
        check_kind(HEADER_TO_PROXY, "Proxy-Authorization ");
        check_kind(HEADER_WRITTEN, "Expect Forwarded Host traceparent X-Forwarded-For "
                                   "X-Forwarded-Host X-Forwarded-Port X-Forwarded-Prefix "
                                   "X-Forwarded-Proto ");
        check_kind(HEADER_KEPT, "Accept Authorization b3 Content-Encoding Content-Type Cookie "
                                "Forwarded Host Idempotency-Key If-Match If-None-Match Origin "
                                "traceparent tracestate X-Request-Id ");
        check_kind(HEADER_FIXED, "Connection Content-Length Expect Host Keep-Alive "
                                 "Proxy-Connection TE Trailer Transfer-Encoding Upgrade ");
        check_kind(HEADER_NO_TRAILER,
                   "Age Authentication-Info Authorization Cache-Control Connection "
                   "Content-Encoding Content-Language Content-Length Content-Location "
                   "Content-Range Content-Type Cookie Date Expect Expires Host If-Match "
                   "If-Modified-Since If-None-Match If-Range If-Unmodified-Since Keep-Alive "
                   "Location Max-Forwards Pragma Proxy-Authenticate Proxy-Authentication-Info "
                   "Proxy-Authorization Proxy-Connection Range Retry-After Set-Cookie TE Trailer "
                   "Transfer-Encoding Upgrade Vary Warning WWW-Authenticate ");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(every_name_is_found_whatever_its_case),
                STORY(other_names_are_of_no_kind),
                STORY(a_kind_has_the_names_that_it_should_have),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
