/* packed_record_fuzz - packed records, as rows of many keep them in the outbox and the event log:
   any bytes are read without a byte too far, and what was read makes the same bytes again. */
#include "data/packed_record.h"
#include "testing/fuzz.h"

static bool is_inside(const char *bytes, size_t len, const char *blob, const char *end)
{
        return !bytes ||
               (bytes >= blob && bytes < end && len < (size_t)(end - bytes) && !bytes[len]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena *arena = arena_open();
        char *blob =
                memory_alloc(size + !size); /* exactly, so that a sanitizer sees a byte too far */
        const char *at = blob, *end = blob + size;
        struct text packed = text_open(arena, size + 1);
        struct packed_record p;

        if (size)
                memcpy(blob, data, size);
        while (packed_record_next(&at, end, &p)) {
                fuzz_must(is_inside(p.key, p.key_len, blob, end) &&
                                  is_inside(p.value, p.value_len, blob, end) &&
                                  is_inside(p.headers, p.headers_len, blob, end),
                          "bytes outside");
                packed_record_add(&packed, &p);
                fuzz_must(packed.len == (size_t)(at - blob),
                          "packed again it is longer or shorter");
        }
        fuzz_must(memcmp(packed.at, blob, packed.len) == 0, "packed again it is another");
        free(blob);
        arena_close(&arena);
        return 0;
}
