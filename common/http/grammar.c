#include "http/grammar.h"

#include <ctype.h>

/* A Content-Length of more digits is nonsense rather than merely too large. */
enum { LENGTH_DIGITS = 18 };

const bool grammar_token_chars[256] = {
        ['!'] = true,         ['#' ... '\''] = true, ['*' ... '+'] = true,
        ['-' ... '.'] = true, ['0' ... '9'] = true,  ['A' ... 'Z'] = true,
        ['^' ... 'z'] = true, ['|'] = true,          ['~'] = true,
};

bool is_token(const char *text, size_t len)
{
        bool good = len > 0;

        for (size_t i = 0; i < len; i++)
                good &= is_token_char(text[i]);
        return good;
}

/* Any of eight bytes. A control byte sets a highest bit; so does a tab, which is none. */
static bool may_be_control(uint64_t eight)
{
        const uint64_t ones = UINT64_MAX / 255, tops = ones << 7, del = eight ^ ones * 0x7f;

        return ((eight - ones * ' ') | (del - ones)) & ~eight & tops;
}

static bool is_any_control(const char *text, size_t len)
{
        bool bad = false;

        for (size_t i = 0; i < len; i++)
                bad |= is_control(text[i]);
        return bad;
}

/* Eight bytes at a time, some of them perhaps twice at the end; from a tab on one by one. */
bool has_control(const char *text, size_t len)
{
        enum { STEP = sizeof(uint64_t) };
        const char *last;
        uint64_t eight;

        if (len < STEP)
                return is_any_control(text, len);
        last = text + len - STEP;
        for (; text < last; text += STEP) {
                memcpy(&eight, text, STEP);
                if (may_be_control(eight))
                        return is_any_control(text, (size_t)(last - text) + STEP);
        }
        memcpy(&eight, last, STEP);
        return may_be_control(eight) && is_any_control(last, STEP);
}

const char *content_length_read(const char *value, size_t len, uint64_t *length)
{
        uint64_t number = 0;

        if (!len || len > LENGTH_DIGITS)
                return "Content-Length is no sensible number";
        for (size_t i = 0; i < len; i++) {
                if (value[i] < '0' || value[i] > '9')
                        return "Content-Length is no number";
                number = number * 10 + (uint64_t)(value[i] - '0');
        }
        *length = number;
        return NULL;
}

/* What may stand in reg-name and IPv4address, and within an IP-literal (RFC 3986, 3.2.2); percent
   signs, too */
enum { IN_NAME = 1, IN_LITERAL = 2, IN_BOTH = 3 };

static const char host_chars[256] = {
        ['0' ... '9'] = IN_BOTH, ['A' ... 'Z'] = IN_BOTH, ['a' ... 'z'] = IN_BOTH,
        ['-' ... '.'] = IN_BOTH, ['_'] = IN_BOTH,         ['~'] = IN_BOTH,
        ['%'] = IN_BOTH,         [':'] = IN_LITERAL,      ['!'] = IN_NAME,
        ['$'] = IN_NAME,         ['&' ... ','] = IN_NAME, [';'] = IN_NAME,
        ['='] = IN_NAME,
};

static bool is_host_text(const char *text, size_t len, bool literal)
{
        int all = literal ? IN_LITERAL : IN_NAME;

        for (size_t i = 0; i < len; i++)
                all &= host_chars[(unsigned char)text[i]];
        return len > 0 && all;
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
