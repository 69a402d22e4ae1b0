#include "http/headers.h"

#include "http/grammar.h"

void header_write(struct text *out, const char *name, const char *value)
{
        text_string(out, name);
        text_add(out, ": ", 2);
        text_string(out, value);
        text_add(out, "\r\n", 2);
}

void headers_add(struct headers *h, const char *name, const char *value)
{
        if (h->count == h->room) {
                struct http_header *larger;

                h->room = h->room ? h->room * 2 : 32;
                larger = arena_room(h->arena, h->room * sizeof *larger);
                if (h->count)
                        memcpy(larger, h->at, h->count * sizeof *larger);
                h->at = larger;
        }
        h->at[h->count++] = (struct http_header){.name = name, .value = value};
}

const char *headers_if_there(const struct headers *h, const char *name)
{
        struct text joined = {0};
        const char *value = NULL;

        for (size_t i = 0; i < h->count; i++) {
                if (!is_same_name(h->at[i].name, name))
                        continue;
                if (!value) {
                        value = h->at[i].value;
                        continue;
                }
                if (!joined.at) {
                        joined = text_open(h->arena, 200);
                        text_string(&joined, value);
                }
                text_string(&joined, ", ");
                text_string(&joined, h->at[i].value);
                value = joined.at;
        }
        return value;
}

const char *headers_value(const struct headers *h, const char *name)
{
        const char *value = headers_if_there(h, name);

        return value ? value : "";
}
