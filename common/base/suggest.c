#include "base/suggest.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { LONGEST = 64 };

static unsigned least(unsigned a, unsigned b)
{
        return a < b ? a : b;
}

/* Rows of the usual table of prefixes: the current one and the two before it. */
static unsigned slips(const char *a, const char *b)
{
        unsigned rows[3][LONGEST + 1];
        unsigned *before = rows[0], *above = rows[1], *row = rows[2];
        size_t length = strlen(b);

        if (strlen(a) > LONGEST || length > LONGEST)
                return LONGEST;
        for (size_t j = 0; j <= length; j++)
                above[j] = before[j] = (unsigned)j;
        for (size_t i = 1; a[i - 1]; i++) {
                unsigned *spare = before;

                row[0] = (unsigned)i;
                for (size_t j = 1; j <= length; j++) {
                        row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]),
                                       least(above[j], row[j - 1]) + 1);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = least(row[j], before[j - 2] + 1);
                }
                before = above;
                above = row;
                row = spare;
        }
        return above[length];
}

const char *suggest(const char *wanted, const char *const *names)
{
        size_t length = strlen(wanted);
        /* more than a third of it wrong is another word */
        unsigned best = (unsigned)length / 3 + 1;
        const char *found = NULL;

        for (; *names; names++) {
                bool begins = length > 2 && strncmp(wanted, *names, length) == 0;
                unsigned n = begins ? 1 : slips(wanted, *names);

                if (n < best) {
                        best = n;
                        found = *names;
                }
        }
        return found;
}
