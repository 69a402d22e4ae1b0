/* json_fuzz - what is accepted must survive being written and read again, byte for byte.

   clang -fsanitize=fuzzer,address,undefined for fuzzing; with -DREPLAY a main() that replays the files given. */
#include "base/json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

#ifdef REPLAY
static char *file_read(const char *path, size_t *size)
{
        FILE *f = fopen(path, "rb");
        char *bytes = NULL;

        *size = 0;
        if (!f) {
                perror(path);
                exit(1);
        }
        do {
                bytes = memory_grow(bytes, *size + 65536);
                *size += fread(bytes + *size, 1, 65536, f);
        } while (!feof(f) && !ferror(f));
        fclose(f);
        return memory_grow(bytes, *size); /* exactly, so that a sanitizer sees a byte too far */
}

int main(int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                size_t size;
                char *bytes = file_read(argv[i], &size);

                LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
                free(bytes);
        }
        return 0;
}
#endif
