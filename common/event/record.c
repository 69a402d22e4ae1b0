#include "event/record.h"

#include <string.h>

enum { HEADERS_COMMON = 5 };

/* The reference's pair, quotes and all (a plain contentType makes a Spring consumer throw), and
   CloudEvents'. */
static size_t common_headers(const struct outbox_record *o, const char *source,
                             struct record_header *h, struct arena *arena)
{
        static const char content_type[] = "\"application/json\"",
                          types[] = "{\"contentType\":\"java.lang.String\"}";
        char *id = arena_printf(arena, "%lld", (long long)o->id);

        h[0] = (struct record_header){"contentType", content_type, sizeof content_type - 1};
        h[1] = (struct record_header){"spring_json_header_types", types, sizeof types - 1};
        h[2] = (struct record_header){"ce_specversion", "1.0", 3};
        h[3] = (struct record_header){"ce_id", id, strlen(id)};
        h[4] = (struct record_header){"ce_source", source, strlen(source)};
        return HEADERS_COMMON;
}

void record_of_event(const struct outbox_record *o, const char *source, struct record *record,
                     struct arena *arena)
{
        const char *at = o->headers, *end = at + o->headers_len;
        struct record_header *h;
        struct packed_header own;
        size_t count;

        packed_headers_count(at, o->headers_len, PACKED_FOR_OUTBOX, &count);
        h = arena_alloc(arena, (HEADERS_COMMON + count) * sizeof *h);
        count = o->topic ? 0 : common_headers(o, source, h, arena);
        while (packed_headers_next(&at, end, PACKED_FOR_OUTBOX, &own))
                h[count++] = (struct record_header){own.name, own.value, own.len};
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
