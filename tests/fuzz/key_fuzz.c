/* key_fuzz - Idempotency-Keys through a service's HTTP, against a list of them. Each line is a
   POST: a letter that picks the path and the body, and the key's bytes.

   A key makes one row, however often it comes; the same key with another body is refused, on
   another path it is another key; a wrong key makes no row. */
#include "services.h"

enum { MOST = 24 };

struct use {
        const char *path, *body, *key;
        int64_t id;
};

static struct use uses[MOST];
static size_t count;
static long salt; /* begins each key of an input, so that no two inputs share one */

static void wire_check_answer(const char *answer, size_t len)
{
        wire_check_statuses(answer, len, "409 500 502 503 504");
}

static struct use *find(const char *path, const char *key)
{
        for (struct use *u = uses; u < uses + count; u++)
                if (strcmp(u->path, path) == 0 && strcmp(u->key, key) == 0)
                        return u;
        return NULL;
}

/* As a field's value, which has no blanks at its end. */
static bool is_sayable(char *key)
{
        size_t len = strlen(key);

        while (len && (key[len - 1] == ' ' || key[len - 1] == '\t'))
                key[--len] = '\0';
        for (size_t i = 0; i < len; i++)
                if ((unsigned char)key[i] < ' ' || key[i] == 0x7f)
                        return false;
        return true;
}

static bool is_key(const char *key)
{
        for (const char *p = key; *p; p++)
                if (*p <= ' ' || *p > '~')
                        return false;
        return strlen(key) <= 255;
}

static int status(void)
{
        return wire.heard_len > 12 ? atoi(wire.heard + 9) : 0;
}

static int64_t id_answered(void)
{
        const char *body = strstr(wire.heard, "\r\n\r\n{\"id\":"),
                   *location = strstr(wire.heard, "Location: http://h/orders/");

        return body ? atoll(body + 10) : location ? atoll(location + 26) : 0;
}

static void post(struct arena *arena, const char *path, const char *body, const char *key)
{
        struct use *before = find(path, key);
        int fd = wire_dial(true);
        const char *request =
                arena_printf(arena,
                             "POST %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nIdempotency-Key: "
                             "%s\r\nContent-Length: %zu\r\n\r\n%s",
                             path, key, strlen(body), body);

        wire_say(fd, request, strlen(request));
        wire_hear_all(fd);
        if (!is_key(key)) {
                fuzz_must(status() == 400 || status() == 431, "%d for a key of %.100s", status(),
                          key);
        } else if (!before) {
                fuzz_must(status() == 201 || status() == 200, "%d for a new key: %s", status(),
                          wire.heard);
                uses[count++] = (struct use){path, body, key, id_answered()};
        } else if (before->body != body) {
                fuzz_must(status() == 422, "%d for a key with another body", status());
        } else {
                fuzz_must(id_answered() == before->id && before->id, "%lld, then %lld for a key",
                          (long long)before->id, (long long)id_answered());
        }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        (void)argc, (void)argv;
        services_open();
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const paths[] = {"/orders", "/orders/order"}, *const bodies[] = {
                                                                                 "{\"qty\":1}",
                                                                                 "{\"qty\":2}"};
        struct arena *arena = arena_open();
        struct fuzz_piece text = fuzz_whole(arena, data, size, 1 << 14);
        const char *at = text.at, *end = text.at + text.len;
        char *line;

        services_next();
        salt++;
        for (count = 0; count < MOST && (line = fuzz_line(arena, &at, end));)
                if (is_sayable(line) && *line)
                        post(arena, paths[*line & 1], bodies[*line >> 1 & 1],
                             arena_printf(arena, "%ld-%s", salt, line + 1));
        wire_until_gone();
        arena_close(&arena);
        return 0;
}
