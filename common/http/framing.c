#include "http/framing.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Content-Length beyond this is nonsense rather than merely too large. */
enum { LENGTH_DIGITS = 18, VERSION = 8, CRLF = 2 };

#define GAPS_TELL (MHD_VERSION < 0x01000000)

/* !#$%&'*+-.^_`|~ digits letters, as bits of the 128 ASCII codes */
static const uint32_t token_bits[4] = {0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff};

static bool is_token_char(unsigned char c)
{
        return c < 128 && token_bits[c >> 5] >> (c & 31) & 1;
}

bool is_token(const char *text, size_t len)
{
        bool good = len > 0;

        for (size_t i = 0; i < len; i++)
                good &= is_token_char((unsigned char)text[i]);
        return good;
}

static bool refuse(struct framing *f, int status, const char *why)
{
        f->status = status;
        f->why = why;
        return false;
}

static bool has_control(const char *text, size_t len)
{
        bool bad = false;

        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)text[i];

                bad |= (c < ' ' && c != '\t') || c == 0x7f;
        }
        return bad;
}

static bool is_named(const char *key, size_t len, const char *name, size_t name_len)
{
        return len == name_len && strncasecmp(key, name, len) == 0;
}

static bool length_read(struct framing *f, const char *value, size_t len)
{
        if (++f->lengths > 1)
                return refuse(f, 400, "more than one Content-Length");
        if (!len || len > LENGTH_DIGITS)
                return refuse(f, 400, "Content-Length is no sensible number");
        f->length = 0;
        for (size_t i = 0; i < len; i++) {
                if (value[i] < '0' || value[i] > '9')
                        return refuse(f, 400, "Content-Length is no number");
                f->length = f->length * 10 + (uint64_t)(value[i] - '0');
        }
        return true;
}

static bool coding_read(struct framing *f, const char *value, size_t len)
{
        if (++f->codings > 1)
                return refuse(f, 400, "more than one Transfer-Encoding");
        if (!is_token(value, len))
                return refuse(f, 400, "Transfer-Encoding must be exactly chunked");
        if (!is_named(value, len, "chunked", 7))
                return refuse(f, 501, "the only transfer coding here is chunked");
        f->chunked = true;
        return true;
}

/* reg-name, IPv4address, or the inside of an IP-literal (RFC 3986, 3.2.2), percent signs among
   them */
static bool is_host_text(const char *text, size_t len, bool literal)
{
        for (size_t i = 0; i < len; i++)
                if (!isalnum((unsigned char)text[i]) &&
                    (!text[i] || !strchr(literal ? ":.%-_~" : "-._~%!$&'()*+,;=", text[i])))
                        return false;
        return len > 0;
}

bool is_host_port(const char *text, size_t len)
{
        bool literal = len && *text == '[';
        const char *end = len ? memchr(text, literal ? ']' : ':', len) : NULL, *port;
        size_t host = end ? (size_t)(end - text) : len;

        if (len > HOST_MOST || (literal && !end) ||
            !is_host_text(text + literal, host - literal, literal))
                return false;
        port = text + host + literal;
        if (port == text + len)
                return true;
        if (*port++ != ':' || text + len - port > 5)
                return false;
        while (port < text + len && isdigit((unsigned char)*port))
                port++;
        return port == text + len;
}

static bool host_read(struct framing *f, const char *value, size_t len)
{
        if (++f->hosts > 1)
                return refuse(f, 400, "more than one Host");
        while (len && (value[len - 1] == ' ' || value[len - 1] == '\t'))
                len--;
        if (!is_host_port(value, len))
                return refuse(f, 400, "Host is no host and port");
        f->host = value;
        return true;
}

/* Only these matter here, and each has a length of its own. */
static bool field_read(struct framing *f, const char *key, size_t key_len, const char *value,
                       size_t len)
{
        switch (key_len) {
        case 4:
                return !is_named(key, key_len, "Host", 4) || host_read(f, value, len);
        case 6:
                if (is_named(key, key_len, "Cookie", 6) && !f->cookie_bytes)
                        f->cookie_bytes = len + 1;
                return true;
        case 11:
                if (is_named(key, key_len, "traceparent", 11) && !f->traceparent)
                        f->traceparent = value;
                return true;
        case 14:
                return !is_named(key, key_len, "Content-Length", 14) || length_read(f, value, len);
        case 15:
                if (is_named(key, key_len, "X-Forwarded-For", 15)) {
                        f->forwarded_for = value;
                        f->forwarded_lines++;
                }
                return true;
        case 17:
                return !is_named(key, key_len, "Transfer-Encoding", 17) ||
                       coding_read(f, value, len);
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

/* The empty line must be one, too: CR LF and nothing else. */
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
