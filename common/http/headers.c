#include "http/headers.h"

#include "http/header_kinds.h"

void header_write(struct text *out, const char *name, const char *value)
{
        text_string(out, name);
        text_add(out, ": ", 2);
        text_string(out, value);
        text_add(out, "\r\n", 2);
}

struct http_header header_whole(const char *name, const char *value)
{
        size_t len = strlen(name);

        return (struct http_header){
                name, value, (uint32_t)len, (uint32_t)strlen(value), header_kinds(name, len),
        };
}

void headers_put(struct headers *h, const struct http_header *field)
{
        if (h->count == h->room) {
                struct http_header *larger;

                h->room = h->room ? h->room * 2 : 32;
                larger = arena_room(h->arena, h->room * sizeof *larger);
                if (h->count)
                        memcpy(larger, h->at, h->count * sizeof *larger);
                h->at = larger;
        }
        h->at[h->count++] = *field;
        h->seen |= header_bit(field->name, field->name_len);
}

void headers_add(struct headers *h, const char *name, const char *value)
{
        struct http_header field = header_whole(name, value);

        headers_put(h, &field);
}

void headers_remove(struct headers *h, const char *name)
{
        size_t len = strlen(name), kept = 0;

        for (size_t i = 0; i < h->count; i++)
                if (!header_is(&h->at[i], name, len))
                        h->at[kept++] = h->at[i];
        h->count = kept;
}

static void join_more(struct text *joined, const struct http_header *field)
{
        text_add(joined, ", ", 2);
        text_add(joined, field->value, field->value_len);
}

const char *headers_join(const struct headers *h, const char *name, size_t len)
{
        struct text joined = {0};
        const struct http_header *first = NULL;

        for (const struct http_header *at = h->at; at < h->at + h->count; at++) {
                if (!header_is(at, name, len))
                        continue;
                if (first && !joined.at) {
                        joined = text_open(h->arena, 200);
                        text_add(&joined, first->value, first->value_len);
                }
                if (first)
                        join_more(&joined, at);
                else
                        first = at;
        }
        return joined.at ? joined.at : first ? first->value : NULL;
}
