/* response_parser_fuzz - an answer is the same answer, or wrong for the same reason, however the
   network cuts it.

   The first byte says how it is asked and ended, the next two how it is cut. The test's answers are
   written into the corpus's directory at first. */
#include "gateway/testing/response_feed.h"
#include "gateway/testing/response_rows.h"
#include "testing/fuzz.h"

enum { IS_HEAD = 1, CLOSE = 2, SMALL = 4, HOW = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct response_limits small_limits = {
                .head = 64, .fields = 2, .trailers = 16, .extension = 4};
        struct arena *arena;
        const char *whole;
        struct feed f;

        if (size < HOW)
                return 0;
        arena = arena_open();
        f = (struct feed){
                .limits = data[0] & SMALL ? &small_limits : &row_limits,
                .is_head = data[0] & IS_HEAD,
                .close = data[0] & CLOSE,
                .bytes = (const char *)data + HOW,
                .len = size - HOW,
        };
        whole = feed(arena, f);
        f.first = data[1];
        f.piece = data[2];
        if (strcmp(whole, feed(arena, f)) != 0)
                abort();
        f.first = f.piece = 1;
        if (strcmp(whole, feed(arena, f)) != 0)
                abort();
        arena_close(&arena);
        return 0;
}

static void seed(const char *directory, const char *name, size_t number, const char *before,
                 const struct response_row *row)
{
        const char how[HOW] = {(char)((row->is_head ? IS_HEAD : 0) | (row->close ? CLOSE : 0)), 40,
                               1};
        char path[4096];
        FILE *f;

        snprintf(path, sizeof path, "%s/%s-%zu", directory, name, number);
        f = fopen(path, "wb");
        if (!f)
                return;
        fwrite(how, 1, sizeof how, f);
        fwrite(before, 1, strlen(before), f);
        fwrite(row->bytes, 1, row->len, f);
        fclose(f);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        const char *directory = *argc > 1 && (*argv)[1][0] != '-' ? (*argv)[1] : NULL;

        for (size_t i = 0; directory && i < sizeof good_rows / sizeof *good_rows; i++)
                seed(directory, "good", i, "", &good_rows[i]);
        for (size_t i = 0; directory && i < sizeof bad_head_rows / sizeof *bad_head_rows; i++)
                seed(directory, "head", i, "", &bad_head_rows[i]);
        for (size_t i = 0; directory && i < sizeof bad_chunk_rows / sizeof *bad_chunk_rows; i++)
                seed(directory, "chunk", i, CHUNKED, &bad_chunk_rows[i]);
        return 0;
}
