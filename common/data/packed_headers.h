/* packed_headers - a record's headers as one blob, as the outbox and the event log keep them.

   One header after the other, in the layout that each of them has always used. A length is 4 bytes,
   little endian; all ones instead of a value's length: NULL, which is not the empty value.

     PACKED_FOR_OUTBOX    name NUL, length of the value, the value
     PACKED_FOR_EVENTLOG  length of the name, length of the value, the name, the value */
#ifndef DATA_PACKED_HEADERS_H
#define DATA_PACKED_HEADERS_H

#include "base/text.h"

#include <stdbool.h>

enum packed_layout { PACKED_FOR_OUTBOX, PACKED_FOR_EVENTLOG };

void packed_headers_add(struct text *packed, enum packed_layout layout, const char *name,
                        const char *value, size_t len);

/* It points into the blob. Only in the outbox's layout the name ends with NUL; the value never
   does. */
struct packed_header {
        const char *name, *value;
        size_t name_len, len;
};

/* The header after *at; false at the end, or where the blob is damaged: then *at is not its end. */
bool packed_headers_next(const char **at, const char *end, enum packed_layout layout,
                         struct packed_header *header);

/* How many there are; false: the blob is damaged after so many. */
bool packed_headers_count(const char *blob, size_t len, enum packed_layout layout, size_t *count);

#endif
