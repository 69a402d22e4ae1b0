/* keys_fuzz - the keys in progress against a list of them. Each line begins one ("+path key") or
   ends one ("-path key"). */
#include "service/idempotency_keys.h"
#include "testing/fuzz.h"

enum { MOST = 200 };

static struct {
        const char *path, *key;
} held[MOST];
static size_t count;

static size_t place(const char *path, const char *key)
{
        size_t i = 0;

        while (i < count && (strcmp(held[i].path, path) != 0 || strcmp(held[i].key, key) != 0))
                i++;
        return i;
}

static void play(struct idempotency_keys *keys, bool begins, const char *path, const char *key)
{
        size_t at = place(path, key);

        if (!begins) {
                idempotency_keys_end(keys, path, key);
                if (at < count)
                        held[at] = held[--count];
                return;
        }
        fuzz_must(idempotency_keys_begin(keys, path, key) == (at == count), "%s of %s: begun %s",
                  key, path, at == count ? "never before" : "twice");
        if (at == count) {
                held[count].path = path;
                held[count++].key = key;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena *arena = arena_open();
        struct idempotency_keys *keys = idempotency_keys_open();
        const char *at = (const char *)data, *end = at + size;
        char *line, *blank;

        count = 0;
        while (count < MOST && (line = fuzz_line(arena, &at, end)))
                if (*line && (blank = strchr(line, ' ')) && !strchr(blank + 1, ' ')) {
                        *blank = '\0';
                        play(keys, *line != '-', line + 1, blank + 1);
                }
        idempotency_keys_close(&keys);
        arena_close(&arena);
        return 0;
}
