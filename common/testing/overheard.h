/* overheard - for tests only: keeps what is logged while a story runs. In tests the log writes to
   stderr, which is redirected to a file of the story. */
#ifndef TESTING_OVERHEARD_H
#define TESTING_OVERHEARD_H

#include "testing/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int overheard_stderr = -1; /* where it went before */

static inline const char *overheard_path(void)
{
        static char path[200];

        snprintf(path, sizeof path, "%s/overheard", check_directory());
        return path;
}

static inline void overhear(void)
{
        if (overheard_stderr < 0)
                overheard_stderr = dup(STDERR_FILENO);
        check(freopen(overheard_path(), "w", stderr) != NULL);
}

static inline void overhear_no_more(void)
{
        fflush(stderr);
        dup2(overheard_stderr, STDERR_FILENO);
        close(overheard_stderr);
        overheard_stderr = -1;
}

/* How many of the lines contain `part`. */
static inline int overheard(const char *part)
{
        FILE *f = fopen(overheard_path(), "r");
        char text[2000];
        int times = 0;

        while (f && fgets(text, sizeof text, f))
                times += strstr(text, part) != NULL;
        if (f)
                fclose(f);
        return times;
}

#endif
