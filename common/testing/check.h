/* check - for tests only: a table of stories, and checks that say which value they got.

   A failed check ends its story, not the program. check_main prints one line for each story
   and returns the exit code. An argument picks the stories whose name contains it. */
#ifndef TESTING_CHECK_H
#define TESTING_CHECK_H

#include <stdbool.h>
#include <stdint.h>

struct story {
        const char *name;
        void (*tell)(void);
};

/* A story has the name of its function, with blanks for the underscores. */
#define STORY(function) {#function, function}

/* stories ends with a NULL name */
int check_main(const struct story *stories, int argc, char **argv);

#define check(condition) check_that((condition), __FILE__, __LINE__, #condition)
#define check_int(got, want) check_same_int((got), (want), __FILE__, __LINE__, #got)
#define check_text(got, want) check_same_text((got), (want), __FILE__, __LINE__, #got)
#define check_contains(got, part) check_has_text((got), (part), __FILE__, __LINE__, #got)

void check_that(bool condition, const char *file, int line, const char *what);
void check_same_int(int64_t got, int64_t want, const char *file, int line, const char *what);
void check_same_text(const char *got, const char *want, const char *file, int line,
                     const char *what);
void check_has_text(const char *got, const char *part, const char *file, int line,
                    const char *what);

/* A directory of the story's own, removed with all in it when the story ends. */
const char *check_directory(void);
/* Writes a file of that name there; its path lasts until the next call. */
const char *check_written(const char *name, const char *text);

#endif
