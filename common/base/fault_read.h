/* fault_read - a fault from its JSON; whatever is wrong is refused by name. Private to faults.

   Members that nobody knows, or that the kind does not take, are refused, since a slip of the pen
   must not make a fault that strikes everything. Numbers may be texts: httpie sends texts. */
#ifndef BASE_FAULT_READ_H
#define BASE_FAULT_READ_H

#include "base/faults.h"

/* kinds: those that the daemon has. NULL and an error that names the member; else its target, its
   rate, its parameters and its duration are set. Freed with fault_free. */
struct fault *fault_read(uint32_t kinds, const struct json *body, struct error *error);

#endif
