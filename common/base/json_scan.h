/* json_scan - the tokens of a JSON text, checked, and where it is wrong. Private to the reader,
   json.c.

   A token is checked and passed over; json_string_value makes the text of a string that is wanted.
   False: the reader's error is set. */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include "base/json.h"

struct json_reader {
        struct arena *arena;
        struct error *error;
        const char *start, *at, *end;
        const struct json_wanted *wanted; /* NULL: all */
};

/* A string as it stands in the source, checked, without its quotes. */
struct string {
        const char *at;
        size_t len; /* in the source */
        bool escaped;
};

bool json_fail_at(struct json_reader *reader, const char *where, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
bool json_expected(struct json_reader *reader, const char *what); /* where it stands */

static inline void json_blanks(struct json_reader *r)
{
        while (r->at < r->end &&
               (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
                r->at++;
}

static inline bool json_next_is(const struct json_reader *r, char c)
{
        return r->at < r->end && *r->at == c;
}

static inline bool json_digit_next(const struct json_reader *r)
{
        return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

bool json_number(struct json_reader *reader);
bool json_string(struct json_reader *reader, struct string *string); /* after the opening quote */
/* Its value, unescaped, in the arena. */
const char *json_string_value(const struct json_reader *reader, const struct string *string,
                              size_t *len);

#endif
