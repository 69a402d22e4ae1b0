/* futex - waiting without cost, for threads and for whole processes, on Linux futexes.

   A futex is a counter in a small file that every process maps. A process that waits loads the
   counter before it looks for work; one that makes work calls futex_wake after that: so no wake
   is missed. But a process that dies in between wakes nobody: never wait for ever. */
#ifndef EVENT_FUTEX_H
#define EVENT_FUTEX_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdint.h>

struct futex;

/* Makes the file where it is missing. */
struct futex *futex_open(const char *path, struct error *error);
void futex_close(struct futex **wake);

/* All three from any thread. */
uint32_t futex_load(const struct futex *wake);
/* It may also return early. */
void futex_wait(const struct futex *wake, uint32_t loaded, int64_t wait_us);
void futex_wake(struct futex *wake);

/* The same on a word in this process. */
void futex_word_wait(_Atomic uint32_t *word, uint32_t loaded, int64_t wait_us);
void futex_word_wake(_Atomic uint32_t *word);

#endif
