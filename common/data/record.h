/* record - what a bus carries, as in Kafka: a key, a value and headers, all of them bytes. */
#ifndef DATA_RECORD_H
#define DATA_RECORD_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

struct record_header {
        const char *name;
        const char *value; /* NULL: none, which is not the empty one */
        size_t len;
};

struct record {
        const char *topic;    /* NULL when publishing: the bus's own topic */
        int32_t partition;    /* reading */
        int64_t offset;       /* reading */
        int64_t timestamp_ms; /* Unix time; publishing: 0 is now */
        const char *key;      /* NULL: none */
        size_t key_len;
        const char *value; /* NULL: none (a tombstone) */
        size_t value_len;
        const struct record_header *headers;
        size_t header_count;
        int64_t tag; /* publishing: tells its result from others' */
};

/* The value of a record's header as text in the arena; NULL when there is none or it is not UTF-8
   (CloudEvents wants that). Of headers with the same name the first counts. */
const char *record_header(const struct record *record, const char *name, struct arena *arena);

#endif
