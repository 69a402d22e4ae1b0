/* inquiry - an admission that asks another service: a search of its resource, by HTTP, before a row
   is created.

   A question, which is a table of the service, says what to ask and what the answer means; it knows
   rows only. Without an answer (connection refused, timeout, error, nonsense) the row is accepted
   or refused with 503, as a setting says. A circuit breaker protects both sides: once half of the
   last questions failed, nothing is asked for a while and the setting decides at once. A value that
   makes the URL longer than 8,192 bytes is not asked about; it counts as one that the other service
   has no row of. The other service would close the connection while such a request is still being
   sent. That looks like a failure, so a client could open the breaker for all with such values.

   Settings of a question called `stock-check`; the service has them in its table:
     stock-check-url      "http://product:8080"; unset: nothing is asked
     stock-check-timeout  for one question and its whole answer
     stock-check-failure  "accept" or "refuse": the row, where there is no answer
     stock-check-pause    how long nothing is asked once the breaker opened; 0: no breaker
     stock-check-most     questions at a time; one above counts as failed at once
   Metrics: mall_question_seconds {name, outcome} and mall_breaker_state {name, state}. */
#ifndef SERVICE_INQUIRY_H
#define SERVICE_INQUIRY_H

#include "base/config.h"
#include "base/metrics.h"
#include "data/entity.h"
#include "service/admission.h"

extern const struct metric_family inquiry_families[];

struct inquiry_question {
        const char *name;
        const char *collection, *search,
                *member;            /* "inventories", "findByProductId", "productId" */
        const char *unasked;        /* the beginning of the refusal: "product could not be asked" */
        const struct shape *answer; /* of the row that is found; an answer without one of its
                                       members makes no sense */
        /* The value to search for; NULL: the row needs no question. */
        const char *(*about)(const void *row);
        /* found: the other service's row; NULL: it has none. False and the error: the row is not
           accepted. */
        bool (*allows)(const void *row, const void *found, struct error *error);
};

/* NULL and no error when it is off. */
struct admission *inquiry_open(const struct inquiry_question *question, const struct config *config,
                               struct metrics *metrics, struct error *error);

#endif
