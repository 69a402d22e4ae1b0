#include "http/answer_head.h"

#include "http/grammar.h"
#include "http/served.h"

#include <microhttpd.h>

enum { LINE_END = 2, COLON = 2 };

/* The library acts on these, so it has to see each of them. */
static bool is_for_the_library(const char *name, size_t len)
{
        return is_named(name, len, "Date") || is_named(name, len, "Connection") ||
               is_named(name, len, "Content-Length") || is_named(name, len, "Transfer-Encoding");
}

/* The lengths of a line's two parts, or false where it must not be joined to others: what the
   library may refuse is left to it, too. */
static bool may_be_joined(const struct http_header *h, size_t *name_len, size_t *len)
{
        *name_len = token_length(h->name);
        *len = strlen(h->value);
        return *name_len && !h->name[*name_len] && *len &&
               !is_for_the_library(h->name, *name_len) && !has_control(h->value, *len) &&
               !memchr(h->value, '\t', *len);
}

static bool join(struct text *lines, const struct http_header *h)
{
        size_t name_len, len;

        if (!may_be_joined(h, &name_len, &len))
                return false;
        text_add(lines, h->name, name_len);
        text_add(lines, ": ", COLON);
        text_add(lines, h->value, len);
        text_add(lines, "\r\n", LINE_END);
        return true;
}

static void add_alone(struct MHD_Response *response, const struct http_header *h)
{
        size_t name_len, len;

        if (!may_be_joined(h, &name_len, &len))
                MHD_add_response_header(response, h->name, h->value);
}

/* The library copies, checks and keeps each field by itself, which costs some 800 instructions. So
   all these lines are one field to it: the first one, whose value has the others in it. It refuses
   a value that has line ends: they get into its copy. */
static void add_joined(struct MHD_Response *response, struct text *lines)
{
        char *name = lines->at, *colon = strchr(name, ':'), *value = colon + COLON;
        size_t len = lines->len - (size_t)(value - name) - LINE_END;
        char *stand_in = memset(arena_room(lines->arena, len + 1), '-', len), *copy;

        stand_in[len] = '\0';
        *colon = '\0';
        MHD_add_response_header(response, name, stand_in);
        copy = (char *)(uintptr_t)MHD_get_response_header(response, name);
        if (copy)
                memcpy(copy, value, len);
}

void answer_head_add(struct MHD_Response *response, const struct http_answer *a, const char *type,
                     const struct served *served, struct arena *arena)
{
        const struct http_header of_type = {MHD_HTTP_HEADER_CONTENT_TYPE, type};
        struct text lines = text_open(arena, 300);
        bool all = !type || join(&lines, &of_type);

        served_write(served, &lines);
        for (int i = 0; i < a->header_count; i++)
                all &= join(&lines, &a->headers[i]);
        if (lines.len)
                add_joined(response, &lines);
        if (all)
                return;
        if (type)
                add_alone(response, &of_type);
        for (int i = 0; i < a->header_count; i++)
                add_alone(response, &a->headers[i]);
}
