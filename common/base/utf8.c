#include "base/utf8.h"

size_t utf8_length(const char *p, const char *end)
{
        unsigned char lead = (unsigned char)*p, least = 0x80, most = 0xbf;
        size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

        if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - p) < length)
                return 0;
        if (lead == 0xe0)
                least = 0xa0;
        if (lead == 0xed)
                most = 0x9f;
        if (lead == 0xf0)
                least = 0x90;
        if (lead == 0xf4)
                most = 0x8f;
        if ((unsigned char)p[1] < least || (unsigned char)p[1] > most)
                return 0;
        for (size_t i = 2; i < length; i++)
                if (((unsigned char)p[i] & 0xc0) != 0x80)
                        return 0;
        return length;
}

bool utf8_is_valid(const char *text, size_t len)
{
        for (const char *p = text, *end = text + len; p < end;) {
                size_t length = (unsigned char)*p < 0x80 ? *p != '\0' : utf8_length(p, end);

                if (!length)
                        return false;
                p += length;
        }
        return true;
}

char *utf8_write(char *out, uint32_t code)
{
        if (code < 0x80) {
                *out++ = (char)code;
                return out;
        }
        if (code < 0x800) {
                *out++ = (char)(0xc0 | code >> 6);
        } else if (code < 0x10000) {
                *out++ = (char)(0xe0 | code >> 12);
                *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        } else {
                *out++ = (char)(0xf0 | code >> 18);
                *out++ = (char)(0x80 | (code >> 12 & 0x3f));
                *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        }
        *out++ = (char)(0x80 | (code & 0x3f));
        return out;
}
