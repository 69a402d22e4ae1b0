#include "base/log_line.h"

#include "base/clock.h"
#include "base/digits.h"
#include "base/hex.h"
#include "base/utf8.h"

#include <string.h>

/* END closes any line; MEMBER is what a member takes besides its name and value. */
enum { END = 16, MEMBER = 32, SECOND = 19, UTF8_MOST = 4 };

/* A constant text and its length. */
#define TEXT(text) text, sizeof text - 1

static size_t room(const struct log_line *l)
{
        return l->len < LOG_LINE - END ? LOG_LINE - END - l->len : 0;
}

static void add_cut(struct log_line *l, const char *bytes)
{
        size_t len = room(l);

        memcpy(l->at + l->len, bytes, len);
        l->len += len;
}

/* A line is made of some fifty pieces, most of them constants: one that has room is stored by a few
   instructions, without a call. */
static inline void add(struct log_line *l, const char *bytes, size_t len)
{
        if (len > room(l)) {
                add_cut(l, bytes);
                return;
        }
        memcpy(l->at + l->len, bytes, len);
        l->len += len;
}

static void add_string(struct log_line *l, const char *string)
{
        add(l, string, strlen(string));
}

static void add_number(struct log_line *l, int64_t number)
{
        char digits[DIGITS_MOST], *end = digits + sizeof digits,
                                  *first = digits_before(end, number);

        add(l, first, (size_t)(end - first));
}

/* What stands in a string as it is, and in a line for people. */
static const bool is_plain[256] = {
        [' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};

/* Escapes the one character at p, which cannot stand in a string as it is. Returns how many bytes
   it has. */
static size_t escape(struct log_line *l, const char *p)
{
        unsigned char c = (unsigned char)*p;
        char code[6] = {'\\', 'u', '0', '0', hex_digits[c >> 4], hex_digits[c & 15]};
        size_t length = c >= 0x80 ? utf8_length(p, p + strnlen(p, UTF8_MOST)) : 0;

        if (length)
                add(l, p, length);
        else if (c >= 0x80)
                add(l, TEXT("\\ufffd"));
        else if (c == '"' || c == '\\')
                add(l, (char[]){'\\', (char)c}, 2);
        else if (c == '\n')
                add(l, TEXT("\\n"));
        else
                add(l, code, sizeof code);
        return length ? length : 1;
}

/* Without the quotes around it. Most values are short: copied byte by byte as long as there is
   nothing to escape, they cost less than to be measured first. */
static void add_escaped(struct log_line *l, const char *value)
{
        for (;;) {
                char *to = l->at + l->len, *end = to + room(l);

                while (to < end && is_plain[(unsigned char)*value])
                        *to++ = *value++;
                l->len = (size_t)(to - l->at);
                if (!*value || room(l) < 6)
                        return;
                value += escape(l, value);
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
                quoted = !is_plain[(unsigned char)*p] || *p == ' ' || *p == '=';
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
        add(l, TEXT("{\"@timestamp\":\""));
        add_time(l, wall_ms);
        add(l, TEXT("\",\"log.level\":\""));
        add_string(l, names[level]);
        add(l, TEXT("\",\"message\":\""));
}

/* Members that many lines have: `begin` is all that stands before the value, ,"client.ip":" */
static inline bool begin_member(struct log_line *l, const char *begin, size_t len)
{
        if (room(l) < len + MEMBER)
                return false;
        add(l, begin, len);
        return true;
}

static inline void text_member(struct log_line *l, const char *begin, size_t len, const char *value)
{
        if (!value || !begin_member(l, begin, len))
                return;
        add_escaped(l, value);
        l->at[l->len++] = '"'; /* as in add_value */
}

static void service_add(struct log_line *l, const char *service)
{
        if (l->as_text)
                return;
        l->at[l->len++] = '"';
        text_member(l, TEXT(",\"service.name\":\""), service);
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

static inline void number_member(struct log_line *l, const char *begin, size_t len, int64_t value)
{
        if (begin_member(l, begin, len))
                add_number(l, value);
}

/* An id of hex digits, in which nothing needs to be escaped. */
static inline void id_member(struct log_line *l, const char *begin, size_t len, const char *id)
{
        if (!id || !begin_member(l, begin, len))
                return;
        add_string(l, id);
        l->at[l->len++] = '"';
}

static void members_add(struct log_line *l, const struct log_access *a)
{
        text_member(l, TEXT(",\"http.request.method\":\""), a->method);
        number_member(l, TEXT(",\"http.response.status_code\":"), a->status);
        number_member(l, TEXT(",\"event.duration\":"), a->duration_us * 1000);
        number_member(l, TEXT(",\"http.request.body.bytes\":"), a->bytes_in);
        number_member(l, TEXT(",\"http.response.body.bytes\":"), a->bytes_out);
        text_member(l, TEXT(",\"client.ip\":\""), a->client);
        id_member(l, TEXT(",\"trace.id\":\""), a->trace);
        id_member(l, TEXT(",\"span.id\":\""), a->span);
        /* last: it may be what has to be cut */
        text_member(l, TEXT(",\"url.original\":\""), a->target);
}

void log_line_access(struct log_line *l, const char *service, const struct log_access *a)
{
        add_escaped(l, a->method ? a->method : "-");
        add(l, " ", 1);
        add_escaped(l, a->target ? a->target : "-");
        add(l, " ", 1);
        add_number(l, a->status);
        service_add(l, service);
        if (!l->as_text) {
                members_add(l, a);
                return;
        }
        add(l, " ", 1);
        add_milliseconds(l, a->duration_us);
        log_line_member(l, "client", a->client);
        log_line_member(l, "trace", a->trace);
}

void log_line_end(struct log_line *l)
{
        if (!l->as_text)
                l->at[l->len++] = '}';
        l->at[l->len++] = '\n';
}
