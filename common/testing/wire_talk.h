/* wire_talk - for fuzz harnesses only: whether a request must be answered, and what an answer must
   not hold. */
#ifndef TESTING_WIRE_TALK_H
#define TESTING_WIRE_TALK_H

#include "testing/fuzz.h"

#include <strings.h>

/* One line of a sound head: a field that no server refuses. None announces a body, which would have
   to be complete. */
static inline bool wire_is_sound_line(const char *line, size_t len)
{
        size_t name = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");

        if (!name || strncmp(line + name, ": ", 2) != 0 ||
            strncasecmp(line, "Content-Length", 14) == 0 ||
            strncasecmp(line, "Transfer-Encoding", 17) == 0)
                return false;
        for (size_t i = 0; i < len; i++)
                if (line[i] < ' ' || line[i] > '~')
                        return false;
        return true;
}

/* Whether the client's bytes begin with a whole request. It must get an answer, if only a refusal.
 */
static inline bool wire_is_sound(const char *said)
{
        const char *line = said;
        size_t method = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), len = strcspn(line, "\r\n"),
               fields = 0;

        if (!method || len < method + 12 || strncmp(line + method, " /", 2) != 0 ||
            strncmp(line + len - 9, " HTTP/1.1", 9) != 0)
                return false;
        for (size_t i = method + 1; i < len - 9; i++)
                if (line[i] <= ' ' || line[i] > '~')
                        return false;
        while (fields++ < 100 && strncmp(line + len, "\r\n", 2) == 0) {
                line += len + 2;
                len = strcspn(line, "\r\n");
                if (!len)
                        return strncmp(line, "\r\n", 2) == 0;
                if (!wire_is_sound_line(line, len))
                        return false;
        }
        return false;
}

/* A link that has a scheme has it once, and a host. */
static inline void wire_check_link(const char *href, bool said_null)
{
        size_t len = strcspn(href, "\"?{ ");
        const char *scheme = strstr(href, "://");

        if (!scheme || scheme >= href + len)
                return;
        fuzz_must(scheme[3] != '/' && scheme + 3 < href + len, "a link without a host: %.100s",
                  href);
        fuzz_must(!memmem(scheme + 3, (size_t)(href + len - scheme - 3), "://", 3),
                  "a link with two hosts: %.100s", href);
        fuzz_must(said_null || !memmem(href, len, "(null)", 6), "a link to no host: %.100s", href);
}

/* said: the client's bytes on this connection; a client may itself name a host "(null)". */
static inline void wire_check_links(const char *answer, const char *said)
{
        bool said_null = strstr(said, "(null)") != NULL;

        for (const char *at = answer; (at = strstr(at, "\"href\":\"")); at += 8)
                wire_check_link(at + 8, said_null);
        for (const char *at = answer; (at = strstr(at, "\r\nLocation: ")); at += 12)
                wire_check_link(at + 12, said_null);
}

static inline void wire_check_statuses(const char *answer, size_t len, const char *never)
{
        fuzz_must(!len || strncmp(answer, "HTTP/1.", 7) == 0, "not an answer: %.100s", answer);
        fuzz_must(!len || !strstr(never, (char[]){answer[9], answer[10], answer[11], '\0'}),
                  "an answer of %.200s", answer);
}

#endif
