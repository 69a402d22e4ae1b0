/* fault_write - a fault and its kind as JSON and as words of a log line. Private to faults. */
#ifndef BASE_FAULT_WRITE_H
#define BASE_FAULT_WRITE_H

#include "base/faults.h"

void fault_write(const struct fault *fault, struct text *out);

/* {"name":"cpu",...} */
void fault_write_kind(enum fault_kind kind, struct text *out);

/* "method=GET path=/orders/{id}"; nothing where it strikes everything. */
void fault_write_target(const struct fault *fault, struct text *out);
/* "rate=0.5 p50=100ms p99=2000ms duration=600000ms" */
void fault_write_parameters(const struct fault *fault, struct text *out);

#endif
