/* fault - one of the set: what it strikes, and by how much it delays. Private to faults.

   Threads: a fault belongs to its set's lock. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "base/faults.h"
#include "base/random.h"

void fault_free(struct fault *fault); /* NULL is allowed */

/* Is the place one of its target? A fault of requests spares /actuator, /faults and what is below
   them unless its own path begins so: there one looks, and switches faults off. */
bool fault_matches(const struct fault *fault, const struct fault_place *place);

/* At least 0, below 1. */
double fault_draw(struct prng *random);

/* Its delay, or one of a distribution that has p50 and p99; never more than its kind allows. */
int64_t fault_delay_us(const struct fault *fault, struct prng *random);

#endif
