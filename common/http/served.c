#include "http/served.h"

#include "base/text.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#define BY "X-Served-By"
#define VERSION "X-Served-Version"

enum { LINE_END = 2, BESIDE = 128 };

struct served {
        size_t len, first; /* of the lines; of the first of them, without its end */
        char lines[];
};

struct served *served_open(const char *pod, const char *version)
{
        struct served *s;
        char *end;

        if (!pod)
                return NULL;
        s = memory_alloc(sizeof *s + sizeof BY ": \r\n" VERSION ": \r\n" + strlen(pod) +
                         strlen(version));
        end = stpcpy(stpcpy(s->lines, BY ": "), pod);
        s->first = (size_t)(end - s->lines);
        end = stpcpy(stpcpy(stpcpy(end, "\r\n" VERSION ": "), version), "\r\n");
        s->len = (size_t)(end - s->lines);
        return s;
}

void served_close(struct served **served)
{
        free(*served);
        *served = NULL;
}

const char *served_lines(const struct served *s)
{
        return s ? s->lines : "";
}

size_t served_size(const struct served *s)
{
        return s ? s->len + BESIDE : 0;
}

/* The library copies and checks each field by itself, which costs some 1,200 instructions. So these
   fields are one to it. It refuses a value that has line ends: they get into its copy. */
static void add_joined(struct MHD_Response *response, const char *name, char *value,
                       const size_t *ends, int count)
{
        char *copy;

        for (int i = 0; i < count; i++)
                memset(value + ends[i], ' ', LINE_END);
        MHD_add_response_header(response, name, value);
        copy = (char *)(uintptr_t)MHD_get_response_header(response, name);
        for (int i = 0; copy && i < count; i++)
                memcpy(copy + ends[i], "\r\n", LINE_END);
}

void served_add(const struct served *s, struct MHD_Response *response, const char *type,
                struct arena *arena)
{
        const size_t skip = sizeof BY ": " - 1, before = type ? strlen(type) : 0;
        struct text value;

        if (!s) {
                if (type)
                        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
                return;
        }
        value = text_open(arena, before + s->len + 1);
        if (!type) {
                text_add(&value, s->lines + skip, s->len - skip - LINE_END);
                add_joined(response, BY, value.at, (size_t[]){s->first - skip}, 1);
                return;
        }
        text_add(&value, type, before);
        text_add(&value, "\r\n", LINE_END);
        text_add(&value, s->lines, s->len - LINE_END);
        add_joined(response, MHD_HTTP_HEADER_CONTENT_TYPE, value.at,
                   (size_t[]){before, before + LINE_END + s->first}, 2);
}
