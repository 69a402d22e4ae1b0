/* inquiry - an admission that asks another service: a search of its resource, by HTTP, before a row
   is created.

   What to ask and what to make of the answer is the service's own table, a question; it speaks of
   rows only. When there is no answer - refused, late, an error, not understood - the row is
   accepted or refused (503) as a setting says. A breaker spares both sides: once most of the last
   questions came to nothing, none is asked for a while and the setting decides at once. A value
   that makes a URL of more than 8,192 bytes is not asked about and counts as one that the other
   service has no row of: product would close while it is still being sent, which looks like a
   failure, and whoever orders such things could open the breaker for all.

   Settings, which the service has rows for, of a question called `stock-check`:
     stock-check-url      "http://product:8080"; unset: nobody is asked
     stock-check-timeout  of one question, all of it
     stock-check-failure  "accept" or "refuse": what becomes of the row without an answer
     stock-check-pause    how long none is asked once the breaker opened; 0: there is no breaker
     stock-check-most     so many questions at a time; those above are without an answer at once
   Metrics: mall_question_seconds {name, outcome} and mall_breaker_state {name, state}. */
#ifndef SERVICE_INQUIRY_H
#define SERVICE_INQUIRY_H

#include "base/config.h"
#include "base/metrics.h"
#include "data/entity.h"
#include "service/admission.h"

struct inquiry_question {
        const char *name;
        const char *collection, *search,
                *member;     /* "inventories", "findByProductId", "productId" */
        const char *unasked; /* begins the refusal: "product could not be asked" */
        const struct shape
                *answer; /* of what is found; an answer that lacks one of its members is none */
        const char *(*about)(
                const void *row); /* the value to search for; NULL: there is nothing to ask */
        /* found: the other service's row; NULL: it has none. False and the error: the row is not
           accepted. */
        bool (*allows)(const void *row, const void *found, struct error *error);
};

/* NULL and no error when it is off. */
struct admission *inquiry_open(const struct inquiry_question *question, const struct config *config,
                               struct metrics *metrics, struct error *error);

#endif
