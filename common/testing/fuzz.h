/* fuzz - for fuzz harnesses only: marks in an input, and the end of a run that breaks a promise.

   A harness x_fuzz.c has LLVMFuzzerTestOneInput. `make fuzz` links it with libFuzzer; `make unit`
   links it with a main() that replays tests/fuzz/corpus/x and tests/fuzz/crashes/x
   (tests/fuzz/replay.c).

   If a harness needs larger inputs than a fuzzer makes, or several pieces, it reads its input by
   fuzz_next: text with marks between backticks.

     `3*abc`   abcabcabc, at most `most` bytes in all
     `|`       the end of a piece
     `X`       any other one byte: a mark of the harness's own; the end of a piece, too */
#ifndef TESTING_FUZZ_H
#define TESTING_FUZZ_H

#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
/* The sanitizers' own: bytes of the heap in use. */
size_t __sanitizer_get_current_allocated_bytes(void);

/* The promise is broken: the fuzzer keeps the input. */
#define fuzz_fail(...)                                                                             \
        (fprintf(stderr, "BROKEN PROMISE: " __VA_ARGS__), fputc('\n', stderr), abort())
#define fuzz_must(condition, ...)                                                                  \
        do                                                                                         \
                if (!(condition))                                                                  \
                        fuzz_fail(__VA_ARGS__);                                                    \
        while (0)

/* A piece of the input, unfolded; `mark` is what ended it: '|', another mark, or 0 at the end. */
struct fuzz_piece {
        const char *at; /* NUL follows */
        size_t len;
        char mark;
};

static inline void fuzz_repeat(struct text *out, const char *times, const char *what, size_t len,
                               size_t most)
{
        for (unsigned long n = strtoul(times, NULL, 10); len && n && out->len + len <= most; n--)
                text_add(out, what, len);
}

/* Reads the text between two backticks: a mark or a repetition. If it is neither, the backtick
   stands for itself. */
static inline const char *fuzz_backtick(struct text *out, const char *at, const char *end,
                                        size_t most, char *mark)
{
        const char *close = memchr(at + 1, '`', (size_t)(end - at - 1)), *star;

        if (close && close == at + 2) {
                *mark = at[1];
                return close + 1;
        }
        star = close ? memchr(at, '*', (size_t)(close - at)) : NULL;
        if (star && at[1] >= '1' && at[1] <= '9') {
                fuzz_repeat(out, at + 1, star + 1, (size_t)(close - star - 1), most);
                return close + 1;
        }
        text_add(out, at, 1);
        return at + 1;
}

static inline struct fuzz_piece fuzz_next(struct arena *arena, const char **at, const char *end,
                                          size_t most)
{
        struct text out = text_open(arena, 256);
        char mark = 0;

        while (*at < end && !mark) {
                const char *tick = memchr(*at, '`', (size_t)(end - *at));

                text_add(&out, *at, (size_t)((tick ? tick : end) - *at));
                *at = tick ? fuzz_backtick(&out, tick, end, most, &mark) : end;
        }
        return (struct fuzz_piece){out.at, out.len, mark};
}

/* The input as one text, whatever marks are in it. */
static inline struct fuzz_piece fuzz_whole(struct arena *arena, const uint8_t *data, size_t size,
                                           size_t most)
{
        const char *at = (const char *)data, *end = at + size;
        struct text all = text_open(arena, size + 1);

        while (at < end) {
                struct fuzz_piece piece = fuzz_next(arena, &at, end, most);

                text_add(&all, piece.at, piece.len);
        }
        return (struct fuzz_piece){all.at, all.len, 0};
}

/* The next line, as text of its own; *at moves past it. NULL at the end. */
static inline char *fuzz_line(struct arena *arena, const char **at, const char *end)
{
        const char *eol = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL, *begin = *at;

        if (*at >= end)
                return NULL;
        *at = eol ? eol + 1 : end;
        return arena_copy(arena, begin, (size_t)((eol ? eol : end) - begin));
}

#endif
