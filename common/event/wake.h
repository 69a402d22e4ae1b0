/* wake - waits of threads and of whole processes that cost nothing: futexes.

   A wake is a counter in a small file that everyone maps. Who waits loads the counter before looking for work; who
   makes work rings afterwards; so no ring is missed. Who dies between the two rings nobody: never wait
   for ever. */
#ifndef EVENT_WAKE_H
#define EVENT_WAKE_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdint.h>

struct wake;

/* Makes the file where it is missing. */
struct wake *wake_open(const char *path, struct error *error);
void wake_close(struct wake **wake);

/* All three from any thread. */
uint32_t wake_load(const struct wake *wake);
void wake_wait(const struct wake *wake, uint32_t loaded, int64_t wait_us); /* may also return early */
void wake_ring(struct wake *wake);

/* The same on a word of this process. */
void wake_word_wait(_Atomic uint32_t *word, uint32_t loaded, int64_t wait_us);
void wake_word_ring(_Atomic uint32_t *word);

#endif
