/* read_path - for the gateway's fuzzers only: a path as the most lenient server would read it. */
#ifndef GATEWAY_TESTING_READ_PATH_H
#define GATEWAY_TESTING_READ_PATH_H

#include "testing/fuzz.h"

#include <ctype.h>

static inline int read_escape(const char *p)
{
        char pair[3] = {p[0], p[0] ? p[1] : '\0', '\0'};

        return isxdigit((unsigned char)pair[0]) && isxdigit((unsigned char)pair[1])
                       ? (int)strtol(pair, NULL, 16)
                       : -1;
}

/* Ends the segment that began at `begin` and returns the new length. An empty segment and "." are
   dropped; ".." would lead elsewhere and fails. */
static inline size_t read_segment(const char *path, char *out, size_t begin, size_t len)
{
        out[len] = '\0';
        if (begin && strcmp(out + begin, "..") == 0)
                fuzz_fail("dot segments: %s", path);
        return begin && (len == begin || strcmp(out + begin, ".") == 0) ? begin - 1 : len;
}

/* Drops parameters, decodes, takes backslashes for slashes, drops empty and dot segments. `out` has
   room for the whole path. */
static inline void read_path(const char *path, char *out)
{
        size_t len = 0, begin = 0;
        bool parameter = false;

        for (const char *p = path;; p++) {
                int c = (unsigned char)*p;

                if (*p == '%' && read_escape(p + 1) >= 0) {
                        c = read_escape(p + 1);
                        p += 2;
                } else if (c == ';') {
                        parameter = true;
                }
                if (*p && c != '/' && c != '\\') {
                        if (!parameter)
                                out[len++] = (char)c;
                        continue;
                }
                parameter = false;
                len = read_segment(path, out, begin, len);
                if (!*p)
                        break;
                out[len++] = '/';
                begin = len;
        }
        out[len] = '\0';
}

static inline bool is_below(const char *path, const char *prefix)
{
        size_t len = strlen(prefix);

        return strncmp(path, prefix, len) == 0 && (!path[len] || path[len] == '/');
}

#endif
