/* packed_headers_fuzz - packed headers, as the outbox and the event log keep them: any bytes are
   read without a byte too far, and what was read makes the same bytes again. The first byte
   picks the layout. */
#include "data/packed_headers.h"
#include "testing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        enum packed_layout layout = size && data[0] & 1 ? PACKED_FOR_EVENTLOG : PACKED_FOR_OUTBOX;
        size_t len = size ? size - 1 : 0, count, seen = 0;
        struct arena *arena = arena_open();
        char *blob =
                memory_alloc(len + !len); /* exactly, so that a sanitizer sees a byte too far */
        const char *at = blob, *end = blob + len;
        struct text packed = text_open(arena, len + 1);
        struct packed_header h;
        bool whole;

        if (len)
                memcpy(blob, data + 1, len);
        whole = packed_headers_count(blob, len, layout, &count);
        while (packed_headers_next(&at, end, layout, &h)) {
                const char *name = arena_copy(arena, h.name, h.name_len);

                seen++;
                fuzz_must(h.name >= blob && h.name + h.name_len <= end, "a name outside");
                fuzz_must(!h.value || (h.value >= blob && h.value + h.len <= end),
                          "a value outside");
                if (strlen(name) != h.name_len)
                        whole = false; /* a NUL in a name: nobody packs that */
                packed_headers_add(&packed, layout, name, h.value, h.len);
        }
        fuzz_must(seen == count, "%zu headers, counted %zu", seen, count);
        if (whole)
                fuzz_must(packed.len == len && memcmp(packed.at, blob, len) == 0,
                          "packed again it is another");
        free(blob);
        arena_close(&arena);
        return 0;
}
