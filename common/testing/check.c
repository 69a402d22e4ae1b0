#include "testing/check.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf story_end;
static char directory[128];

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *f)
{
        (void)s, (void)kind, (void)f;
        return remove(path);
}

static void remove_directory(void)
{
        if (directory[0])
                nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        directory[0] = '\0';
}

const char *check_directory(void)
{
        if (!directory[0]) {
                const char *top = getenv("TMPDIR");

                snprintf(directory, sizeof directory, "%s/mall-test-XXXXXX",
                         top && strlen(top) < 64 ? top : "/tmp");
                if (!mkdtemp(directory))
                        abort();
        }
        return directory;
}

const char *check_written(const char *name, const char *text)
{
        static char path[200];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", check_directory(), name);
        file = fopen(path, "we");
        if (!file || fputs(text, file) < 0 || fclose(file) != 0)
                abort();
        return path;
}

/* The text is valid until the next call. */
static const char *name_of(const struct story *story)
{
        static char name[256];

        snprintf(name, sizeof name, "%s", story->name);
        for (char *c = name; *c; c++)
                if (*c == '_')
                        *c = ' ';
        return name;
}

static bool tell(const struct story *story)
{
        bool told = setjmp(story_end) == 0;

        if (told)
                story->tell();
        remove_directory();
        printf("%s %s\n", told ? "ok  " : "FAIL", name_of(story));
        fflush(stdout);
        return told;
}

int check_main(const struct story *stories, int argc, char **argv)
{
        int failed = 0;

        for (; stories->name; stories++)
                if (argc < 2 || strstr(name_of(stories), argv[1]))
                        failed += !tell(stories);
        return failed ? 1 : 0;
}

void check_that(bool condition, const char *file, int line, const char *what)
{
        if (condition)
                return;
        printf("%s:%d: not true: %s\n", file, line, what);
        longjmp(story_end, 1);
}

void check_same_int(int64_t got, int64_t want, const char *file, int line, const char *what)
{
        if (got == want)
                return;
        printf("%s:%d: %s is %lld, not %lld\n", file, line, what, (long long)got, (long long)want);
        longjmp(story_end, 1);
}

void check_same_text(const char *got, const char *want, const char *file, int line,
                     const char *what)
{
        if (got && want ? strcmp(got, want) == 0 : got == want)
                return;
        printf("%s:%d: %s is\n  %s\nnot\n  %s\n", file, line, what, got ? got : "NULL",
               want ? want : "NULL");
        longjmp(story_end, 1);
}

void check_has_text(const char *got, const char *part, const char *file, int line, const char *what)
{
        if (got && strstr(got, part))
                return;
        printf("%s:%d: %s is\n  %s\nwithout\n  %s\n", file, line, what, got ? got : "NULL", part);
        longjmp(story_end, 1);
}
