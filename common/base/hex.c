#include "base/hex.h"

const char hex_digits[] = "0123456789abcdef";

char *hex_write(char *to, const unsigned char *bytes, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                *to++ = hex_digits[bytes[i] >> 4];
                *to++ = hex_digits[bytes[i] & 15];
        }
        return to;
}
