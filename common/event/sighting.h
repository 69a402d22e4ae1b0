/* sighting - an event as an onlooker shows it: what it is, who announced it and when, of which
   trace, as one line of JSON.

     {"partition":0,"offset":17,"type":"Orderplaced","key":"1","id":"12","source":"/order/UUID",
      "service":"order","pod":"order-8081","version":"1.0.0","trace":"<32 hex digits>",
      "cause":"<id of an event>","announced":1795358923623,"duplicate":false,"value":{...}}

   Each comes from a CloudEvents header; a producer without them is understood from the value. null
   where nothing is known. A stamp that is no time counts as the record's own. The value stands
   there as it was sent; null where it is no JSON object, or larger than SIGHTING_VALUE. */
#ifndef EVENT_SIGHTING_H
#define EVENT_SIGHTING_H

#include "base/text.h"
#include "data/record.h"

#include <stdbool.h>

enum { SIGHTING_TEXT = 255, SIGHTING_VALUE = 16 << 10 /* bytes; longer texts are cut */ };

/* All in the arena. */
struct sighting {
        int32_t partition;
        int64_t offset;
        const char *type, *key, *id, *source, *service, *pod, *version, *trace, *cause;
        int64_t announced; /* Unix time, ms */
        const char *value;
        size_t value_len;
};

void sighting_read(const struct record *record, struct arena *arena, struct sighting *sighting);
/* duplicate: its identity was seen before */
void sighting_write(struct text *out, const struct sighting *sighting, bool duplicate);

#endif
