/* free_memory - how much more memory this process can take before it, or a neighbour, is killed for
   it. Private to faults. */
#ifndef BASE_FREE_MEMORY_H
#define BASE_FREE_MEMORY_H

#include <stdint.h>

/* Bytes: the least of what the machine has available and what each cgroup around the process leaves
   (version 2 and 1; page cache that can be given back does not count as taken), less what must stay
   free: of the machine 10 %, at least 256 MiB, since others ask at the same time; of a cgroup 5 %,
   at least 16 MiB. root: "", or a test's directory in place of /. */
int64_t free_memory(const char *root);

#endif
