/* digits - a whole number as decimal digits. */
#ifndef BASE_DIGITS_H
#define BASE_DIGITS_H

#include <stdint.h>

enum { DIGITS_MOST = 20 }; /* -9223372036854775808 */

/* Writes the number so that it ends before `end`, where DIGITS_MOST bytes have room. Returns its
   first character; no NUL follows the last. */
static inline char *digits_before(char *end, int64_t number)
{
        uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

        do
                *--end = (char)('0' + rest % 10);
        while (rest /= 10);
        if (number < 0)
                *--end = '-';
        return end;
}

#endif
