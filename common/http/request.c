#include "http/connection.h"
#include "http/grammar.h"
#include "http/header_kinds.h"

/* The value in the library's buffer; false: no such field, or the client is gone. */
static bool field_find(const struct http_request *request, const char *name, const char **value,
                       size_t *len)
{
        const struct exchange *e = (const struct exchange *)request;

        if (!e->mhd ||
            !MHD_lookup_connection_value_n(e->mhd, MHD_HEADER_KIND, name, strlen(name), value, len))
                return false;
        *len = *value ? trimmed_length(*value, *len) : 0;
        return true;
}

const char *http_header(const struct http_request *request, const char *name)
{
        const char *value;
        size_t len;

        /* a copy: the library's bytes end with the connection, while the handler may still work on
           the request */
        return field_find(request, name, &value, &len) && len
                       ? arena_copy(request->arena, value, len)
                       : "";
}

bool http_has_header(const struct http_request *request, const char *name)
{
        const char *value;
        size_t len;

        return field_find(request, name, &value, &len);
}

struct lines {
        const char *name;
        struct text joined;
        bool begun;
};

static enum MHD_Result line_join(void *arg, enum MHD_ValueKind kind, const char *key,
                                 size_t key_len, const char *value, size_t len)
{
        struct lines *lines = arg;

        (void)kind;
        if (!is_named(key, key_len, lines->name))
                return MHD_YES;
        if (lines->begun)
                text_add(&lines->joined, ", ", 2);
        lines->begun = true;
        text_add(&lines->joined, value, value ? trimmed_length(value, len) : 0);
        return MHD_YES;
}

const char *http_header_list(const struct http_request *request, const char *name)
{
        const struct exchange *e = (const struct exchange *)request;
        struct lines lines = {.name = name};
        const char *first;
        size_t len;

        if (!field_find(request, name, &first, &len))
                return "";
        lines.joined = text_open(request->arena, len);
        MHD_get_connection_values_n(e->mhd, MHD_HEADER_KIND, line_join, &lines);
        return lines.joined.at;
}

const char *http_own_address(const struct http_request *request)
{
        const struct connection *c = connection_of((struct exchange *)(uintptr_t)request);
        struct sockaddr_storage own = {0};
        socklen_t size = sizeof own;
        char text[PEER_TEXT];

        if (getsockname(c->fd, (struct sockaddr *)&own, &size) != 0)
                return "localhost"; /* the client is gone: nobody reads the answer */
        peer_text((struct sockaddr *)&own, text);
        return arena_printf(request->arena, strchr(text, ':') ? "[%s]:%d" : "%s:%d", text,
                            http_server_port(request->server));
}

static enum MHD_Result header_take(void *arg, enum MHD_ValueKind kind, const char *key,
                                   size_t key_len, const char *value, size_t len)
{
        struct headers *to = arg;
        size_t length = trimmed_length(value, value ? len : 0);

        (void)kind;
        if (length < len)
                value = arena_copy(to->arena, value, length);
        headers_put(to, &(struct http_header){key, value ? value : "", (uint32_t)key_len,
                                              (uint32_t)length, header_kinds(key, key_len)});
        return MHD_YES;
}

void http_headers(const struct http_request *request, struct headers *to)
{
        const struct exchange *e = (const struct exchange *)request;

        MHD_get_connection_values_n(e->mhd, MHD_HEADER_KIND, header_take, to);
}

const char *http_unescape(struct arena *arena, const char *text, size_t len, bool plus_is_blank)
{
        char *copy = arena_copy(arena, text, len), *to = copy;

        for (size_t i = 0; i < len; i++) {
                int c = (unsigned char)text[i];

                if (c == '%') {
                        c = len - i < 3 ? -1 : escape_byte(text + i);
                        if (c <= 0)
                                return NULL;
                        i += 2;
                } else if (c == '+' && plus_is_blank) {
                        c = ' ';
                }
                *to++ = (char)c;
        }
        *to = '\0';
        return copy;
}

/* Unescapes while it compares, so that a long query of many names costs no memory. */
bool http_query_is(const char *text, size_t len, const char *name)
{
        const char *end = text + len;

        for (; text < end && *name; text++, name++) {
                int c = *text == '+' ? ' ' : (unsigned char)*text;

                if (c == '%') {
                        c = end - text < 3 ? -1 : escape_byte(text);
                        text += c < 0 ? 0 : 2;
                }
                if (c != (unsigned char)*name)
                        return false;
        }
        return text == end && !*name;
}

const char *http_query(const struct http_request *request, const char *name, int nth)
{
        const char *p = request->query;

        while (p && *p) {
                size_t len = strcspn(p, "&");
                const char *equals = memchr(p, '=', len);
                size_t name_len = equals ? (size_t)(equals - p) : len;

                if (http_query_is(p, name_len, name) && nth-- == 0)
                        return equals ? http_unescape(request->arena, equals + 1,
                                                      len - name_len - 1, true)
                                      : "";
                p += len;
                if (*p)
                        p++;
        }
        return NULL;
}
