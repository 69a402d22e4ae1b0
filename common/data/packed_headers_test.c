#include "data/packed_headers.h"

#include "testing/check.h"

#include <stdlib.h>
#include <string.h>

static const enum packed_layout layouts[] = {PACKED_FOR_OUTBOX, PACKED_FOR_EVENTLOG};

enum { LAYOUTS = sizeof layouts / sizeof *layouts };

/* These bytes lie in existing stores and logs. */
static const struct {
        const char *blob;
        size_t len;
} stored[LAYOUTS] = {
        [PACKED_FOR_OUTBOX] = {"ce_type\0\x04\0\0\0Made"
                               "e\0\0\0\0\0",
                               22},
        [PACKED_FOR_EVENTLOG] = {"\x07\0\0\0\x04\0\0\0ce_typeMade"
                                 "\x01\0\0\0\0\0\0\0e"
                                 "\x01\0\0\0\xff\xff\xff\xffn",
                                 37},
};

static void is_next(const char **at, const char *end, enum packed_layout layout, const char *name,
                    const char *value, size_t len)
{
        struct packed_header h;

        check(packed_headers_next(at, end, layout, &h));
        check(h.name_len == strlen(name) && memcmp(h.name, name, h.name_len) == 0);
        check_int((int64_t)h.len, (int64_t)len);
        check(!h.value == !value && (!value || memcmp(h.value, value, len) == 0));
}

static void what_is_stored_is_read_and_written_alike(void)
{
        struct arena *arena = arena_open();

        for (int i = 0; i < LAYOUTS; i++) {
                const char *at = stored[i].blob, *end = at + stored[i].len;
                struct text packed = text_open(arena, 0);

                packed_headers_add(&packed, layouts[i], "ce_type", "Made", 4);
                packed_headers_add(&packed, layouts[i], "e", "", 0);
                is_next(&at, end, layouts[i], "ce_type", "Made", 4);
                is_next(&at, end, layouts[i], "e", "", 0);
                if (layouts[i] == PACKED_FOR_EVENTLOG) { /* the outbox had no NULL from the start */
                        packed_headers_add(&packed, layouts[i], "n", NULL, 0);
                        is_next(&at, end, layouts[i], "n", NULL, 0);
                }
                check(at == end);
                check_int((int64_t)packed.len, (int64_t)stored[i].len);
                check(memcmp(packed.at, stored[i].blob, packed.len) == 0);
        }
        arena_close(&arena);
}

static void any_bytes_come_back(void)
{
        static const char bytes[] = "\0\xff\xff\xff\xff\0";
        struct arena *arena = arena_open();
        char *large = arena_alloc(arena, 100001), *name = arena_alloc(arena, 301);

        memset(large, 'v', 100000);
        memset(name, 'n', 300);
        for (int i = 0; i < LAYOUTS; i++) {
                struct text packed = text_open(arena, 0);
                const char *at;
                size_t count;

                packed_headers_add(&packed, layouts[i], "raw", bytes, sizeof bytes);
                packed_headers_add(&packed, layouts[i], "", NULL, 0);
                packed_headers_add(&packed, layouts[i], "empty", "", 0);
                packed_headers_add(&packed, layouts[i], name, large, 100000);
                check(packed_headers_count(packed.at, packed.len, layouts[i], &count));
                check_int((int64_t)count, 4);
                at = packed.at;
                is_next(&at, packed.at + packed.len, layouts[i], "raw", bytes, sizeof bytes);
                is_next(&at, packed.at + packed.len, layouts[i], "", NULL, 0);
                is_next(&at, packed.at + packed.len, layouts[i], "empty", "", 0);
                is_next(&at, packed.at + packed.len, layouts[i], name, large, 100000);
        }
        arena_close(&arena);
}

/* From an exact copy, so that the sanitizer sees a read past the end. */
static bool counts(const char *blob, size_t len, enum packed_layout layout, size_t *count)
{
        char *copy = malloc(len ? len : 1);
        bool good;

        memcpy(copy, blob, len);
        good = packed_headers_count(copy, len, layout, count);
        free(copy);
        return good;
}

static void a_cut_blob_ends_early(void)
{
        struct arena *arena = arena_open();

        for (int i = 0; i < LAYOUTS; i++) {
                struct text packed = text_open(arena, 0);
                size_t one, count;

                packed_headers_add(&packed, layouts[i], "name", "value", 5);
                one = packed.len;
                packed_headers_add(&packed, layouts[i], "other", NULL, 0);
                for (size_t cut = 0; cut <= packed.len; cut++) {
                        check(counts(packed.at, cut, layouts[i], &count) ==
                              (cut == 0 || cut == one || cut == packed.len));
                        check_int((int64_t)count, (cut >= one) + (cut == packed.len));
                }
        }
        arena_close(&arena);
}

static void lengths_beyond_the_blob_are_damage(void)
{
        size_t count;

        check(!counts("n\0\xfe\xff\xff\xffv", 7, PACKED_FOR_OUTBOX, &count));
        check(!counts("\xff\xff\xff\xff\x01\0\0\0nv", 10, PACKED_FOR_EVENTLOG, &count));
        check(!counts("\x01\0\0\0\xfe\xff\xff\xffnv", 10, PACKED_FOR_EVENTLOG, &count));
        check(!counts("\xff\xff\xff\xff\xff\xff\xff\xffnv", 10, PACKED_FOR_EVENTLOG, &count));
        check_int((int64_t)count, 0);
}

static const struct story stories[] = {
        STORY(what_is_stored_is_read_and_written_alike),
        STORY(any_bytes_come_back),
        STORY(a_cut_blob_ends_early),
        STORY(lengths_beyond_the_blob_are_damage),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
