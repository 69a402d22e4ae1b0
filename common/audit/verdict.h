/* verdict - what an audit found: the offences, and what it could not look at. */
#ifndef AUDIT_VERDICT_H
#define AUDIT_VERDICT_H

#include "base/text.h"

#include <stdint.h>

struct audit_offence {
        const char *about; /* "order", "delivery" or "inventory"; static */
        int64_t id;        /* of that one */
        const char *text;  /* a line, which names it */
};

struct verdict {
        struct arena *arena;   /* for what is told */
        struct arena *scratch; /* for the check of one thing, which resets it */
        size_t most;           /* offences that are kept; 0: all */
        struct audit_offence *kept;
        size_t kept_count, kept_room;
        size_t offences;   /* in all */
        const char **left; /* what could not be checked, and why; a line each */
        size_t left_count, left_room;
};

struct verdict verdict_open(struct arena *arena, size_t most);
void verdict_close(struct verdict *verdict); /* what it tells stays in the arena */
void verdict_add(struct verdict *verdict, const char *about, int64_t id, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* What could not be checked, and why. */
void verdict_leave(struct verdict *verdict, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* For texts of others: no byte of them begins a new line or moves the cursor. */
const char *verdict_visible(struct arena *arena, const char *text);

/* "1 order", "2 orders" */
const char *verdict_count(struct arena *arena, size_t count, const char *one, const char *many);

#endif
