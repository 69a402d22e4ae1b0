/* path_model - for tests and fuzzers: how others read a path, each way written down by itself, and
   what must hold under all of them. Knows nothing of path.c. */
#ifndef GATEWAY_TESTING_PATH_MODEL_H
#define GATEWAY_TESTING_PATH_MODEL_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A reader: each bit is something that some do. */
enum {
        READ_DROPS_FIRST = 1, /* parameters are dropped before decoding */
        READ_DROPS_LAST = 2,  /* and behind it */
        READ_DECODES = 4,     /* once */
        READ_DECODES_TWICE = 8,
        READ_BACKSLASH = 16, /* is a separator */
        READ_MERGES = 32,    /* empty segments */
        READ_QUERY = 64,     /* what is decoded to ? or # ends the path */
        READERS = 128, /* one that decodes once and one that decodes twice are two: model_is_one */
};

enum { MODEL_PATH = 16384 };

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

/* The path as that reader has it. */
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

/* Nothing that is not to be is in it: no dot segments, which change all the rest, and no
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

/* The first name in the path, "" if there is none: what decides among routes of the form /name and
   all below. */
static inline size_t model_first(const char *read, const char **name)
{
        *name = read + strspn(read, "/");
        return strcspn(*name, "/");
}

#endif
