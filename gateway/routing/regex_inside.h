/* regex_inside - what regex.c and regex_java.c share. */
#ifndef GATEWAY_ROUTING_REGEX_INSIDE_H
#define GATEWAY_ROUTING_REGEX_INSIDE_H

#include "gateway/routing/regex.h"

#include <regex.h>

enum { REGEX_GROUPS = 16 };

/* A piece of a replacement: text, or what a group matched. */
struct piece {
        const char *text; /* NULL: the group */
        int group;        /* POSIX counts (?:...) too */
};

struct regex {
        struct regex *next; /* of those owned */
        regex_t posix;
        struct piece *pieces;
        size_t piece_count;
};

/* A Java expression in POSIX terms. */
struct translation {
        const char *text;
        bool ignores_case;
        int groups;                    /* Java's */
        int posix_group[REGEX_GROUPS]; /* of each of them, from 1 */
        const char *names[REGEX_GROUPS];
};

/* NULL: fine; else why not. lazy_allowed: where it makes no difference. */
const char *regex_translate(struct arena *arena, const char *java, bool lazy_allowed,
                            struct translation *to);

#endif
