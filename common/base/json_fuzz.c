/* json_fuzz - a text that is accepted is the same, byte for byte, after it was written and read
   again. */
#include "base/json.h"
#include "testing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena *arena = arena_open();
        struct error error = {0};
        const struct json *value = json_read(arena, (const char *)data, size, &error);

        if (value) {
                struct text once = text_open(arena, size), twice = text_open(arena, size);

                json_write(&once, value);
                value = json_read(arena, once.at, once.len, &error);
                if (!value)
                        abort();
                json_write(&twice, value);
                if (once.len != twice.len || memcmp(once.at, twice.at, once.len) != 0)
                        abort();
        } else if (error.kind != ERROR_BAD_INPUT || !error.text[0]) {
                abort();
        }
        arena_close(&arena);
        return 0;
}
