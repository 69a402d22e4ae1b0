/* otlp_sender - POSTs documents to a collector by libcurl, one at a time, over a connection that is
   kept. Belongs to one thread, but for otlp_sender_wake.

   Source: OTLP 1.x, "OTLP/HTTP": which answers allow another try, Retry-After, partial success. */
#ifndef SERVICE_OTLP_SENDER_H
#define SERVICE_OTLP_SENDER_H

#include "service/otlp_settings.h"

#include <stdatomic.h>
#include <stddef.h>

struct otlp_sender;

enum { OTLP_WHY = 256 };

enum otlp_outcome {
        OTLP_TAKEN,
        OTLP_AGAIN,   /* it may be sent again, later */
        OTLP_REFUSED, /* it may not */
};

struct otlp_answer {
        enum otlp_outcome outcome;
        int64_t retry_after_ms; /* -1: the collector did not say */
        int64_t rejected;       /* spans of a document that was taken otherwise */
        char why[OTLP_WHY];     /* of a failure or a rejection, for people */
};

/* settings must live on. */
struct otlp_sender *otlp_sender_open(const struct otlp_settings *settings);
void otlp_sender_close(struct otlp_sender **sender); /* does not wait */

/* Waits for the answer, at most for the setting's time-out, and not beyond *give_up_us (monotonic,
   0: none), which another thread may set meanwhile. */
void otlp_sender_send(struct otlp_sender *sender, const char *document, size_t len,
                      const _Atomic int64_t *give_up_us, struct otlp_answer *answer);
/* Any thread: otlp_sender_send looks at *give_up_us now. */
void otlp_sender_wake(struct otlp_sender *sender);

#endif
