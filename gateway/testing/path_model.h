/* path_model - for tests and fuzzers: the ways in which servers read a path, each written by
   itself, and what must hold under all of them. It shares no code with path.c. */
#ifndef GATEWAY_TESTING_PATH_MODEL_H
#define GATEWAY_TESTING_PATH_MODEL_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A reader is a set of habits; each bit is a habit of some servers. */
enum {
        READ_DROPS_FIRST = 1, /* drops parameters before decoding */
        READ_DROPS_LAST = 2,  /* drops parameters after decoding */
        READ_DECODES = 4,     /* decodes once */
        READ_DECODES_TWICE = 8,
        READ_BACKSLASH = 16, /* takes a backslash for a separator */
        READ_MERGES = 32,    /* merges empty segments */
        READ_QUERY = 64,     /* ends the path at a decoded ? or # */
        READERS = 128,       /* not all are real: see model_is_one */
};

enum { MODEL_PATH = 16384 };

/* No server decodes both once and twice. */
static inline bool model_is_one(int reader)
{
        return !(reader & READ_DECODES) || !(reader & READ_DECODES_TWICE);
}

static inline void model_drop(char *text, bool backslash)
{
        char *to = text;
        bool dropping = false;

        for (const char *p = text; *p; p++) {
                bool separator = *p == '/' || (backslash && *p == '\\');

                dropping = !separator && (dropping || *p == ';');
                if (!dropping)
                        *to++ = *p;
        }
        *to = '\0';
}

static inline void model_decode(char *text)
{
        char *to = text;

        for (const char *p = text; *p; p++) {
                char hex[3] = {p[0] == '%' ? p[1] : 'x', p[0] == '%' && p[1] ? p[2] : 'x', '\0'};

                if (strspn(hex, "0123456789abcdefABCDEF") == 2) {
                        *to++ = (char)strtol(hex, NULL, 16);
                        p += 2;
                } else {
                        *to++ = *p;
                }
        }
        *to = '\0';
}

/* The path as this reader reads it. */
static inline const char *model_read(const char *path, int reader, char read[MODEL_PATH])
{
        bool backslash = reader & READ_BACKSLASH;

        snprintf(read, MODEL_PATH, "%s", path);
        if (reader & READ_DROPS_FIRST)
                model_drop(read, backslash);
        if (reader & (READ_DECODES | READ_DECODES_TWICE))
                model_decode(read);
        if (reader & READ_DECODES_TWICE)
                model_decode(read);
        if (reader & READ_DROPS_LAST)
                model_drop(read, backslash);
        if (reader & READ_QUERY)
                read[strcspn(read, "?#")] = '\0';
        for (char *p = read; backslash && *p; p++)
                if (*p == '\\')
                        *p = '/';
        if (reader & READ_MERGES)
                for (char *p; (p = strstr(read, "//"));)
                        memmove(p, p + 1, strlen(p));
        return read;
}

/* Whether it has no dot segments, which would change all other segments, and is not below
   /actuator. */
static inline bool model_is_harmless(const char *read)
{
        for (const char *p = read; *p; p++) {
                size_t len = *p == '/' ? strcspn(p + 1, "/") : 0;

                if (*p == '/' &&
                    ((len == 1 && p[1] == '.') || (len == 2 && p[1] == '.' && p[2] == '.')))
                        return false;
        }
        while (read[0] == '/' && read[1] == '/')
                read++;
        return strncasecmp(read, "/actuator", 9) != 0 || (read[9] && read[9] != '/');
}

/* The first name in the path, "" if there is none. It decides between routes that take /name and
   all below. */
static inline size_t model_first(const char *read, const char **name)
{
        *name = read + strspn(read, "/");
        return strcspn(*name, "/");
}

#endif
