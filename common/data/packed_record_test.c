#include "data/packed_record.h"

#include "testing/check.h"

#include <stdlib.h>
#include <string.h>

static const struct packed_record
        one = {.number = 1, .at = -2, .key = "k", .key_len = 1, .value = "a\0b", .value_len = 3},
        other = {.number = 0x0102030405060708, .key = "", .headers = "hh", .headers_len = 2};

/* These bytes lie in existing stores and logs. */
static const char stored[] = "\x01\0\0\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff"
                             "\x01\0\0\0\x03\0\0\0\xff\xff\xff\xff"
                             "k\0a\0b\0"
                             "\x08\x07\x06\x05\x04\x03\x02\x01\0\0\0\0\0\0\0\0"
                             "\0\0\0\0\xff\xff\xff\xff\x02\0\0\0"
                             "\0hh";

enum { HEAD = 28, ONE = HEAD + 6, BOTH = sizeof stored };

static bool same_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
        return !a == !b && a_len == b_len && (!a || (memcmp(a, b, a_len) == 0 && !a[a_len]));
}

static bool is_same(const struct packed_record *a, const struct packed_record *b)
{
        return a->number == b->number && a->at == b->at &&
               same_bytes(a->key, a->key_len, b->key, b->key_len) &&
               same_bytes(a->value, a->value_len, b->value, b->value_len) &&
               same_bytes(a->headers, a->headers_len, b->headers, b->headers_len);
}

static void what_is_stored_is_read_and_written_alike(void)
{
        struct arena *arena = arena_open();
        struct text packed = text_open(arena, 0);
        const char *at = stored, *end = stored + BOTH;
        struct packed_record p;

        packed_record_add(&packed, &one);
        check(packed.len <= packed_record_most(&one));
        packed_record_add(&packed, &other);
        check_int((int64_t)packed.len, BOTH);
        check(memcmp(packed.at, stored, BOTH) == 0);
        check(packed_record_next(&at, end, &p) && is_same(&p, &one));
        check(packed_record_next(&at, end, &p) && is_same(&p, &other));
        check(at == end && !packed_record_next(&at, end, &p) && at == end);
        arena_close(&arena);
}

/* From an exact copy, so that the sanitizer sees a read past the end. */
static size_t count_of(const char *blob, size_t len, bool *whole)
{
        char *copy = malloc(len ? len : 1);
        const char *at = copy;
        struct packed_record p;
        size_t count = 0;

        memcpy(copy, blob, len);
        while (packed_record_next(&at, copy + len, &p))
                count++;
        *whole = at == copy + len;
        free(copy);
        return count;
}

static void a_cut_blob_ends_early(void)
{
        bool whole;

        for (size_t cut = 0; cut <= BOTH; cut++) {
                check_int((int64_t)count_of(stored, cut, &whole), (cut >= ONE) + (cut == BOTH));
                check(whole == (cut == 0 || cut == ONE || cut == BOTH));
        }
}

static void lengths_beyond_the_blob_are_damage(void)
{
        char blob[BOTH];
        bool whole;

        for (int which = 0; which < 3; which++)
                for (int bit = 7; bit < 32; bit++) {
                        memcpy(blob, stored, BOTH);
                        blob[HEAD - 12 + 4 * which + bit / 8] ^= (char)(1 << bit % 8);
                        check(!count_of(blob, BOTH, &whole) && !whole);
                }
}

static void where_no_nul_ends_the_bytes_is_damage(void)
{
        static const size_t nuls[] = {HEAD + 1, ONE - 1, ONE + HEAD, BOTH - 1};
        char blob[BOTH];
        bool whole;

        for (size_t i = 0; i < sizeof nuls / sizeof *nuls; i++) {
                memcpy(blob, stored, BOTH);
                blob[nuls[i]] = 'x';
                check_int((int64_t)count_of(blob, BOTH, &whole), nuls[i] >= ONE);
                check(!whole);
        }
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_is_stored_is_read_and_written_alike),
                STORY(a_cut_blob_ends_early),
                STORY(lengths_beyond_the_blob_are_damage),
                STORY(where_no_nul_ends_the_bytes_is_damage),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
