/* fault_load - what a fault of the machine takes while it is on: threads that burn processors, or
   memory that is held. Private to faults. */
#ifndef BASE_FAULT_LOAD_H
#define BASE_FAULT_LOAD_H

#include "base/faults.h"

struct fault_load;

/* FAULT_CPU: threads called fault-cpu that compute `cores` of the time, until end_us at the latest.
   FAULT_MEMORY: `size` bytes, which a thread called fault-memory writes to; it does not wait for
   that. NULL and ERROR_CONFLICT if there is not so much; root is that of free_memory. */
struct fault_load *fault_load_begin(const struct fault *fault, const char *root,
                                    struct error *error);
/* Waits some 10 ms for the threads. Sets it NULL; NULL is allowed. */
void fault_load_end(struct fault_load **load);

#endif
