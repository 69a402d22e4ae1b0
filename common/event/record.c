#include "event/record.h"

#include <string.h>

enum { HEADERS_MOST = 16 };

static void add_header(struct record_header *headers, size_t *count, const char *name, const char *value, size_t len)
{
        if (*count < HEADERS_MOST)
                headers[(*count)++] = (struct record_header){name, value, len};
}

/* The reference's pair, quotes and all (a plain contentType makes a Spring consumer throw), and CloudEvents'. */
static size_t common_headers(const struct outbox_record *o, const char *source, struct record_header *h, struct arena *arena)
{
        static const char content_type[] = "\"application/json\"", types[] = "{\"contentType\":\"java.lang.String\"}";
        char *id = arena_printf(arena, "%lld", (long long)o->id);
        size_t count = 0;

        add_header(h, &count, "contentType", content_type, sizeof content_type - 1);
        add_header(h, &count, "spring_json_header_types", types, sizeof types - 1);
        add_header(h, &count, "ce_specversion", "1.0", 3);
        add_header(h, &count, "ce_id", id, strlen(id));
        add_header(h, &count, "ce_source", source, strlen(source));
        return count;
}

void record_of_event(const struct outbox_record *o, const char *source, struct record *record, struct arena *arena)
{
        struct record_header *h = arena_alloc(arena, HEADERS_MOST * sizeof *h);
        const char *at = o->headers, *end = at + o->headers_len, *name, *value;
        size_t count = o->topic ? 0 : common_headers(o, source, h, arena), len;

        while (headers_next(&at, end, &name, &value, &len))
                add_header(h, &count, name, value, len);
        *record = (struct record){
                .topic = o->topic,
                .timestamp_ms = o->at,
                .key = o->key,
                .key_len = o->key ? strlen(o->key) : 0,
                .value = o->value,
                .value_len = o->value_len,
                .headers = h,
                .header_count = count,
        };
}
