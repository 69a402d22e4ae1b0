#include "http/framing.h"

#include "http/grammar.h"

enum { VERSION = 8, CRLF = 2 };

#define GAPS_TELL (MHD_VERSION < 0x01000000)

static bool refuse(struct framing *f, int status, const char *why)
{
        f->status = status;
        f->why = why;
        return false;
}

static bool length_read(struct framing *f, const char *value, size_t len)
{
        const char *why;

        if (++f->lengths > 1)
                return refuse(f, 400, "more than one Content-Length");
        why = content_length_read(value, len, &f->length);
        return !why || refuse(f, 400, why);
}

static bool coding_read(struct framing *f, const char *value, size_t len)
{
        if (++f->codings > 1)
                return refuse(f, 400, "more than one Transfer-Encoding");
        if (!is_token(value, len))
                return refuse(f, 400, "Transfer-Encoding must be exactly chunked");
        if (!is_named(value, len, "chunked"))
                return refuse(f, 501, "the only transfer coding here is chunked");
        f->chunked = true;
        return true;
}

static bool host_read(struct framing *f, const char *value, size_t len)
{
        if (++f->hosts > 1)
                return refuse(f, 400, "more than one Host");
        if (!is_host_port(value, trimmed_length(value, len)))
                return refuse(f, 400, "Host is no host and port");
        f->host = value;
        return true;
}

/* The fields that matter here all differ in length. */
static bool field_read(struct framing *f, const char *key, size_t key_len, const char *value,
                       size_t len)
{
        switch (key_len) {
        case 4:
                return !is_named(key, key_len, "Host") || host_read(f, value, len);
        case 6:
                if (is_named(key, key_len, "Cookie") && !f->cookie_bytes)
                        f->cookie_bytes = len + 1;
                return true;
        case 11:
                if (is_named(key, key_len, "traceparent") && !f->traceparent)
                        f->traceparent = value;
                return true;
        case 14:
                return !is_named(key, key_len, "Content-Length") || length_read(f, value, len);
        case 15:
                if (is_named(key, key_len, "X-Forwarded-For")) {
                        f->forwarded_for = value;
                        f->forwarded_lines++;
                }
                return true;
        case 17:
                return !is_named(key, key_len, "Transfer-Encoding") || coding_read(f, value, len);
        default:
                return true;
        }
}

static enum MHD_Result field_check(void *arg, enum MHD_ValueKind kind, const char *key,
                                   size_t key_len, const char *value, size_t len)
{
        struct framing *f = arg;
        bool good;

        if (kind != MHD_HEADER_KIND) {
                f->cookies++;
                return MHD_YES;
        }
        if (!value)
                value = "";
        f->fields++;
        f->bytes += key_len + len + 4;
        if (!is_token(key, key_len))
                good = refuse(f, 400, "a field's name is no token");
        else if (GAPS_TELL && (key != f->next || value < key + key_len + 1))
                good = refuse(f, 400, "a line is folded, has a NUL, or does not end with CR LF");
        else if (has_control(value, len))
                good = refuse(f, 400, "a field's value has control characters");
        else
                good = field_read(f, key, key_len, value, len);
        f->next = value + len + CRLF;
        return good ? MHD_YES : MHD_NO;
}

static bool line_check(struct framing *f, const struct request_line *line)
{
        const char *behind = line->method + strlen(line->method) + 1;

        if (!is_token(line->method, strlen(line->method)))
                return refuse(f, 400, "the method is no token");
        if (GAPS_TELL && (line->target != behind || line->version != behind + line->target_len + 1))
                return refuse(f, 400,
                              "the request line is not method, target, version with one blank "
                              "between them");
        f->next = line->version + VERSION + CRLF;
        return true;
}

/* The empty line must be exactly CR LF, too. */
static bool end_check(struct framing *f, struct MHD_Connection *connection, const char *begin)
{
        const union MHD_ConnectionInfo *size =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

        if (!size)
                return true;
        f->bytes = size->header_size;
        if (GAPS_TELL && f->next + CRLF != begin + size->header_size)
                return refuse(f, 400, "a line is folded, has a NUL, or does not end with CR LF");
        return true;
}

static bool whole_check(struct framing *f, const struct request_line *line)
{
        bool is_1_0 = strcmp(line->version, "HTTP/1.0") == 0;

        if (f->codings && f->lengths)
                return refuse(f, 400, "both Content-Length and Transfer-Encoding");
        if (f->codings && is_1_0)
                return refuse(f, 400, "Transfer-Encoding in HTTP/1.0");
        if (!f->hosts && !is_1_0)
                return refuse(f, 400, "Host is missing");
        return true;
}

bool framing_check(struct framing *f, struct MHD_Connection *connection,
                   const struct request_line *line, size_t max_header, size_t max_fields)
{
        *f = (struct framing){0};
        if (!line_check(f, line))
                return false;
        MHD_get_connection_values_n(connection, MHD_HEADER_KIND | MHD_COOKIE_KIND, field_check, f);
        if (f->status || !end_check(f, connection, line->method) || !whole_check(f, line))
                return false;
        if (f->bytes > max_header)
                return refuse(f, 431, "the header block is too large");
        if (f->fields > max_fields)
                return refuse(f, 431, "too many header fields");
        return true;
}
