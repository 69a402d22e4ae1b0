/* verdict - what an audit found: a line an offence, and how many; and what it could not look at. */
#ifndef MALLCTL_VERDICT_H
#define MALLCTL_VERDICT_H

#include "base/text.h"

struct verdict {
        struct text lines;
        size_t offences;
        struct text left; /* a line for each */
};

struct verdict verdict_open(struct arena *arena);
void verdict_add(struct verdict *verdict, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* What could not be checked, and why. */
void verdict_leave(struct verdict *verdict, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* For texts of others: no byte of them begins a new line or moves the cursor. */
const char *verdict_visible(struct arena *arena, const char *text);

/* "1 order", "2 orders" */
const char *verdict_count(struct arena *arena, size_t count, const char *one, const char *many);

#endif
