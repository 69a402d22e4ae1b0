#include "http/answer_head.h"

#include "http/grammar.h"
#include "http/served.h"

#include <microhttpd.h>

enum { LINE_END = 2, COLON = 2 };

struct head {
        struct text lines;
        /* what the library gets by itself */
        const struct http_header *alone[HTTP_ANSWER_HEADERS + 1];
        int alone_count;
};

/* The library acts on these, so it has to see each of them. */
static bool is_for_the_library(const char *name, size_t len)
{
        return is_named(name, len, "Connection") || is_named(name, len, "Content-Length") ||
               is_named(name, len, "Transfer-Encoding");
}

/* A line of its own, unless the library has to see the field or may refuse it. */
static void add(struct head *head, const struct http_header *h)
{
        size_t name_len = token_length(h->name),
               len = h->name_len ? h->value_len : strlen(h->value);

        if (!name_len || h->name[name_len] || !len || is_for_the_library(h->name, name_len) ||
            has_control(h->value, len)) {
                head->alone[head->alone_count++] = h;
                return;
        }
        text_add(&head->lines, h->name, name_len);
        text_add(&head->lines, ": ", COLON);
        text_add(&head->lines, h->value, len);
        text_add(&head->lines, "\r\n", LINE_END);
}

static bool is_date(const struct http_header *h)
{
        return is_same_name(h->name, "Date");
}

/* The last one counts, as to the library. */
static const struct http_header *date_of(const struct http_answer *a)
{
        for (int i = a->header_count - 1; i >= 0; i--)
                if (is_date(&a->headers[i]))
                        return &a->headers[i];
        return NULL;
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

/* A Date is the first line, and so the one whose name the library sees: else it adds its own. */
void answer_head_add(struct MHD_Response *response, const struct http_answer *a, const char *type,
                     const struct served *served, struct arena *arena)
{
        const struct http_header of_type = {MHD_HTTP_HEADER_CONTENT_TYPE, type};
        const struct http_header *date = date_of(a);
        struct head head;

        head.lines = text_open(arena, 300);
        head.alone_count = 0;
        if (date)
                add(&head, date);
        if (type)
                add(&head, &of_type);
        text_string(&head.lines, served_lines(served));
        for (int i = 0; i < a->header_count; i++)
                if (!date || !is_date(&a->headers[i]))
                        add(&head, &a->headers[i]);
        if (head.lines.len)
                add_joined(response, &head.lines);
        for (int i = 0; i < head.alone_count; i++)
                MHD_add_response_header(response, head.alone[i]->name, head.alone[i]->value);
}
