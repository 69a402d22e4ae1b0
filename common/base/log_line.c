#include "base/log_line.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/utf8.h"

#include <string.h>

/* END closes any line; MEMBER is what a member takes besides its name and value. */
enum { END = 16, MEMBER = 32, SECOND = 19 };

static size_t room(const struct log_line *l)
{
        return l->len < LOG_LINE - END ? LOG_LINE - END - l->len : 0;
}

static void add(struct log_line *l, const char *bytes, size_t len)
{
        if (len > room(l))
                len = room(l);
        memcpy(l->at + l->len, bytes, len);
        l->len += len;
}

static void add_string(struct log_line *l, const char *string)
{
        add(l, string, strlen(string));
}

static void add_number(struct log_line *l, int64_t number)
{
        char digits[24], *p = digits + sizeof digits;
        uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

        do
                *--p = (char)('0' + rest % 10);
        while (rest /= 10);
        if (number < 0)
                *--p = '-';
        add(l, p, (size_t)(digits + sizeof digits - p));
}

static bool is_plain(unsigned char c)
{
        return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Escapes the one character at p, which cannot stand in a string as it is. Returns how many bytes
   it has. */
static size_t escape(struct log_line *l, const char *p, const char *end)
{
        unsigned char c = (unsigned char)*p;
        char code[6] = {'\\', 'u', '0', '0', hex_digits[c >> 4], hex_digits[c & 15]};
        size_t length = c >= 0x80 ? utf8_length(p, end) : 0;

        if (length)
                add(l, p, length);
        else if (c >= 0x80)
                add(l, "\\ufffd", 6);
        else if (c == '"' || c == '\\')
                add(l, (char[]){'\\', (char)c}, 2);
        else if (c == '\n')
                add(l, "\\n", 2);
        else
                add(l, code, sizeof code);
        return length ? length : 1;
}

/* Without the quotes around it. */
static void add_escaped(struct log_line *l, const char *value)
{
        const char *end = value + strlen(value), *run = value, *p = value;

        for (;;) {
                while (p < end && is_plain((unsigned char)*p))
                        p++;
                add(l, run, (size_t)(p - run));
                if (p == end || room(l) < 6)
                        return;
                p += escape(l, p, end);
                run = p;
        }
}

static void add_name(struct log_line *l, const char *name)
{
        if (l->as_text) {
                add(l, " ", 1);
                add_string(l, name);
                add(l, "=", 1);
        } else {
                add(l, ",\"", 2);
                add_string(l, name);
                add(l, "\":", 2);
        }
}

/* In a line for people without quotes, unless something in it asks for them. */
static void add_value(struct log_line *l, const char *value)
{
        bool quoted = !l->as_text || !*value;

        for (const char *p = value; *p && !quoted; p++)
                quoted = !is_plain((unsigned char)*p) || *p == ' ' || *p == '=';
        if (quoted)
                add(l, "\"", 1);
        add_escaped(l, value);
        if (quoted) /* has its place even where the value took all room */
                l->at[l->len++] = '"';
}

static bool has_room(const struct log_line *l, const char *name)
{
        return room(l) >= strlen(name) + MEMBER;
}

void log_line_member(struct log_line *l, const char *name, const char *value)
{
        if (!value || !has_room(l, name))
                return;
        add_name(l, name);
        add_value(l, value);
}

/* An id of hex digits, in which nothing needs to be escaped: every access line has two. */
static void id_member(struct log_line *l, const char *name, const char *id)
{
        if (!id || !has_room(l, name))
                return;
        add_name(l, name);
        if (!l->as_text)
                add(l, "\"", 1);
        add_string(l, id);
        if (!l->as_text)
                l->at[l->len++] = '"'; /* as in add_value */
}

static void number_member(struct log_line *l, const char *name, int64_t value)
{
        if (!has_room(l, name))
                return;
        add_name(l, name);
        add_number(l, value);
}

/* The seconds change rarely: every thread keeps their text. */
static void add_time(struct log_line *l, int64_t wall_ms)
{
        static _Thread_local int64_t second = -1;
        static _Thread_local char text[CLOCK_RFC3339];
        int ms = (int)(wall_ms % 1000);

        if (wall_ms / 1000 != second) {
                clock_rfc3339(wall_ms, text);
                second = wall_ms / 1000;
        }
        add(l, text, SECOND);
        add(l,
            (char[]){'.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10),
                     'Z'},
            5);
}

void log_line_begin(struct log_line *l, bool as_text, int64_t wall_ms, enum log_level level)
{
        static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};

        l->as_text = as_text;
        l->len = 0;
        if (as_text) {
                add_time(l, wall_ms);
                add(l, " ", 1);
                add_string(l, names[level]);
                add(l, "  ", level == LOG_INFO || level == LOG_WARN ? 2 : 1);
                return;
        }
        add(l, "{\"@timestamp\":\"", 15);
        add_time(l, wall_ms);
        add(l, "\",\"log.level\":\"", 15);
        add_string(l, names[level]);
        add(l, "\",\"message\":\"", 13);
}

static void service_add(struct log_line *l, const char *service)
{
        if (l->as_text)
                return;
        l->at[l->len++] = '"';
        log_line_member(l, "service.name", service);
}

void log_line_message(struct log_line *l, const char *service, const char *message)
{
        add_escaped(l, message);
        service_add(l, service);
}

/* 1.234ms */
static void add_milliseconds(struct log_line *l, int64_t us)
{
        int rest = (int)(us % 1000);

        add_number(l, us / 1000);
        add(l,
            (char[]){'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
                     (char)('0' + rest % 10)},
            4);
        add(l, "ms", 2);
}

void log_line_access(struct log_line *l, const char *service, const struct log_access *a)
{
        add_escaped(l, a->method ? a->method : "-");
        add(l, " ", 1);
        add_escaped(l, a->target ? a->target : "-");
        add(l, " ", 1);
        add_number(l, a->status);
        service_add(l, service);
        if (l->as_text) {
                add(l, " ", 1);
                add_milliseconds(l, a->duration_us);
                log_line_member(l, "client", a->client);
                log_line_member(l, "trace", a->trace);
                return;
        }
        log_line_member(l, "http.request.method", a->method);
        number_member(l, "http.response.status_code", a->status);
        number_member(l, "event.duration", a->duration_us * 1000);
        number_member(l, "http.request.body.bytes", a->bytes_in);
        number_member(l, "http.response.body.bytes", a->bytes_out);
        log_line_member(l, "client.ip", a->client);
        id_member(l, "trace.id", a->trace);
        id_member(l, "span.id", a->span);
        log_line_member(l, "url.original", a->target); /* last: it may be what has to be cut */
}

void log_line_end(struct log_line *l)
{
        if (!l->as_text)
                l->at[l->len++] = '}';
        l->at[l->len++] = '\n';
}
