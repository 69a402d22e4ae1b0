/* packed_record - records one after the other in one blob, as the rows of many of the outbox and of
   the event log keep them.

   Of each: number and time of 8 bytes, lengths of key, value and headers of 4, little endian; then
   the bytes of these three, each with a NUL after it that its length does not count. All ones
   instead of a length: NULL, which is not the empty one, and no bytes. */
#ifndef DATA_PACKED_RECORD_H
#define DATA_PACKED_RECORD_H

#include "base/text.h"

#include <stdbool.h>

struct packed_record {
        int64_t number, at; /* the outbox's id, the log's offset; Unix time, as each has it */
        const char *key, *value, *headers; /* NULL: none */
        size_t key_len, value_len, headers_len;
};

/* The bytes that it takes at most. */
size_t packed_record_most(const struct packed_record *record);

void packed_record_add(struct text *packed, const struct packed_record *record);

/* The record after *at, whose bytes stay in the blob. False at the end, or where the blob is
   damaged: then *at is not its end. */
bool packed_record_next(const char **at, const char *end, struct packed_record *record);

#endif
