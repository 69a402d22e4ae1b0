#include "http/header_kinds.h"

#include <stdint.h>
#include <strings.h>

enum {
        HOP = HEADER_HOP | HEADER_NO_TRAILER,
        DELIMITS = HEADER_DELIMITS | HEADER_FIXED | HEADER_NO_TRAILER,
        TO_PROXY = HEADER_TO_PROXY,
        WRITTEN = HEADER_WRITTEN,
        KEPT = HEADER_KEPT,
        FIXED = HEADER_FIXED,
        NO_TRAILER = HEADER_NO_TRAILER,
        LETTERS = 26,
        MOST = 10, /* of one letter, and the end */
};

#define NAME(text) text, sizeof text - 1

/* By their first letter. */
static const struct header_row {
        const char *name;
        uint8_t len, kinds;
} rows[LETTERS][MOST] = {
        ['a' - 'a'] =
                {
                        {NAME("Accept"), KEPT},
                        {NAME("Age"), NO_TRAILER},
                        {NAME("Authentication-Info"), NO_TRAILER},
                        {NAME("Authorization"), KEPT | NO_TRAILER}, /* who asks */
                },
        ['b' - 'a'] =
                {
                        {NAME("b3"), KEPT},
                },
        ['c' - 'a'] =
                {
                        {NAME("Cache-Control"), NO_TRAILER},
                        {NAME("Connection"), HOP | DELIMITS},
                        {NAME("Content-Encoding"), KEPT | NO_TRAILER},
                        {NAME("Content-Language"), NO_TRAILER},
                        {NAME("Content-Length"), DELIMITS},
                        {NAME("Content-Location"), NO_TRAILER},
                        {NAME("Content-Range"), NO_TRAILER},
                        {NAME("Content-Type"), KEPT | NO_TRAILER},
                        {NAME("Cookie"), KEPT | NO_TRAILER}, /* who asks */
                },
        ['d' - 'a'] =
                {
                        {NAME("Date"), NO_TRAILER},
                },
        ['e' - 'a'] =
                {
                        /* the body is here already */
                        {NAME("Expect"), WRITTEN | FIXED | NO_TRAILER},
                        {NAME("Expires"), NO_TRAILER},
                },
        ['f' - 'a'] =
                {
                        {NAME("Forwarded"), WRITTEN | KEPT},
                },
        ['h' - 'a'] =
                {
                        {NAME("Host"), WRITTEN | KEPT | FIXED | NO_TRAILER}, /* the upstream's */
                },
        ['i' - 'a'] =
                {
                        {NAME("Idempotency-Key"), KEPT}, /* by which the service knows a retry */
                        {NAME("If-Match"), KEPT | NO_TRAILER},
                        {NAME("If-Modified-Since"), NO_TRAILER},
                        {NAME("If-None-Match"), KEPT | NO_TRAILER},
                        {NAME("If-Range"), NO_TRAILER},
                        {NAME("If-Unmodified-Since"), NO_TRAILER},
                },
        ['k' - 'a'] =
                {
                        {NAME("Keep-Alive"), HOP | FIXED},
                },
        ['l' - 'a'] =
                {
                        {NAME("Location"), NO_TRAILER},
                },
        ['m' - 'a'] =
                {
                        {NAME("Max-Forwards"), NO_TRAILER},
                },
        ['o' - 'a'] =
                {
                        {NAME("Origin"), KEPT},
                },
        ['p' - 'a'] =
                {
                        {NAME("Pragma"), NO_TRAILER},
                        {NAME("Proxy-Authenticate"), HOP},
                        {NAME("Proxy-Authentication-Info"), NO_TRAILER},
                        {NAME("Proxy-Authorization"), TO_PROXY | NO_TRAILER},
                        {NAME("Proxy-Connection"), HOP | FIXED},
                },
        ['r' - 'a'] =
                {
                        {NAME("Range"), NO_TRAILER},
                        {NAME("Retry-After"), NO_TRAILER},
                },
        ['s' - 'a'] =
                {
                        {NAME("Set-Cookie"), NO_TRAILER},
                },
        ['t' - 'a'] =
                {
                        {NAME("TE"), HOP | FIXED},
                        {NAME("traceparent"), WRITTEN | KEPT},
                        {NAME("tracestate"), KEPT},
                        {NAME("Trailer"), HOP | FIXED},
                        {NAME("Transfer-Encoding"), HOP | DELIMITS},
                },
        ['u' - 'a'] =
                {
                        {NAME("Upgrade"), HOP | FIXED},
                },
        ['v' - 'a'] =
                {
                        {NAME("Vary"), NO_TRAILER},
                },
        ['w' - 'a'] =
                {
                        {NAME("Warning"), NO_TRAILER},
                        {NAME("WWW-Authenticate"), NO_TRAILER},
                },
        ['x' - 'a'] =
                {
                        {NAME("X-Forwarded-For"), WRITTEN},
                        {NAME("X-Forwarded-Host"), WRITTEN},
                        {NAME("X-Forwarded-Port"), WRITTEN},
                        {NAME("X-Forwarded-Prefix"), WRITTEN},
                        {NAME("X-Forwarded-Proto"), WRITTEN},
                        {NAME("X-Request-Id"), KEPT},
                },
};

unsigned header_kinds(const char *name, size_t len)
{
        unsigned letter = (unsigned)(*name | 0x20) - 'a';

        if (letter >= LETTERS)
                return 0;
        for (const struct header_row *row = rows[letter]; row->name; row++)
                if (row->len == len && strncasecmp(row->name, name, len) == 0)
                        return row->kinds;
        return 0;
}
