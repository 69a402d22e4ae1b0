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

/* Eight bytes at a time: a control byte sets a highest bit. From the first such byte on, which may
   be a tab, one by one. */
bool has_control(const char *text, size_t len)
{
        const uint64_t ones = UINT64_MAX / 255, tops = ones << 7;
        bool bad = false;

        while (len >= sizeof ones) {
                uint64_t eight, del;

                memcpy(&eight, text, sizeof eight);
                del = eight ^ ones * 0x7f;
                if ((((eight - ones * ' ') & ~eight) | ((del - ones) & ~del)) & tops)
                        break;
                text += sizeof eight;
                len -= sizeof eight;
        }
        for (size_t i = 0; i < len; i++)
                bad |= is_control(text[i]);
        return bad;
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
