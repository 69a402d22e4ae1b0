/* seen_events - for tests only: a memory of the last events, and records for it as the mall's
   services announce them. */
#ifndef TESTING_SEEN_EVENTS_H
#define TESTING_SEEN_EVENTS_H

#include "event/recent.h"
#include "testing/check.h"

#include <stdio.h>
#include <string.h>

enum { KIND_STOCK = 1, KIND_PLACED, KIND_CANCELED, KIND_STARTED, KIND_OUT };

static const struct recent_type types_of_test[] = {
        {"Orderplaced", KIND_PLACED, .by_key = true, .is_home = true, .begins = true},
        {"OrderCanceled", KIND_CANCELED, .by_key = true, .is_home = true},
        {"DeliveryStarted", KIND_STARTED, .by_key = true},
        {"OutOfStock", KIND_OUT, .by_key = true},
        {"InventoryModified", KIND_STOCK, .follows = 1U << KIND_STARTED},
        {NULL},
};

static inline struct recent *recent_of_test(size_t most)
{
        struct recent_config config = {most, types_of_test, "ce_ordersource"};

        return recent_open(&config);
}

/* What a record has; NULL or 0: nothing. */
struct seen {
        const char *type, *key, *id, *source, *home;
        char trace; /* a hex digit */
        const char *cause;
        int64_t at;
        int partition;
        int64_t offset; /* 0: the one after the last */
        const char *value;
};

static inline void see(struct recent *recent, struct seen s)
{
        static int64_t offsets[RECENT_PARTITIONS];
        struct arena *arena = arena_open();
        struct record_header *h = arena_alloc(arena, 8 * sizeof *h);
        size_t n = 0;
        char *parent = NULL, *value;
        struct sighting unused;

        if (s.trace) {
                parent = arena_string(arena,
                                      "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-00f067aa0ba902b7-01");
                memset(parent + 3, s.trace, 32);
        }
        if (s.offset)
                offsets[s.partition] = s.offset;
        else
                s.offset = ++offsets[s.partition];
        value = s.value ? arena_string(arena, s.value)
                        : arena_printf(arena, "{\"eventType\":\"%s\",\"timestamp\":%lld}", s.type,
                                       (long long)s.at);
        const struct {
                const char *name, *text;
        } all[] = {{"ce_type", s.source ? s.type : NULL},
                   {"ce_id", s.id},
                   {"ce_source", s.source},
                   {"ce_ordersource", s.home},
                   {"traceparent", parent},
                   {"ce_causationid", s.cause}};

        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
                if (all[i].text)
                        h[n++] = (struct record_header){all[i].name, all[i].text,
                                                        strlen(all[i].text)};
        recent_add(recent,
                   &(struct record){.partition = s.partition,
                                    .offset = s.offset,
                                    .key = s.key,
                                    .key_len = s.key ? strlen(s.key) : 0,
                                    .value = value,
                                    .value_len = strlen(value),
                                    .timestamp_ms = s.at,
                                    .headers = h,
                                    .header_count = n},
                   arena, &unused);
        arena_close(&arena);
}

#endif
