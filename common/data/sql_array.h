/* sql_array - an array as PostgreSQL writes it: {"a","b"}. */
#ifndef DATA_SQL_ARRAY_H
#define DATA_SQL_ARRAY_H

#include "base/text.h"

/* Begins it, or adds to it; the caller ends it with '}'. */
static inline void sql_array_add(struct text *array, const char *value)
{
        text_string(array, array->len ? ",\"" : "{\"");
        for (; *value; value++) {
                if (*value == '"' || *value == '\\')
                        text_char(array, '\\');
                text_char(array, *value);
        }
        text_char(array, '"');
}

#endif
