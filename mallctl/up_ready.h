/* up_ready - whether daemons are ready: asks each for /actuator/health/readiness until it says so.

   The process has called curl_global_init. Nothing blocks. */
#ifndef MALLCTL_UP_READY_H
#define MALLCTL_UP_READY_H

#include <stddef.h>

struct up_ready;

/* bases: "http://localhost:8081", of each daemon; must live on. */
struct up_ready *up_ready_open(const char *const *bases, size_t count);
void up_ready_close(struct up_ready **ready);

/* To be called every few milliseconds: takes the answers, and asks again. The index of the first
 * that is not ready; count: all are. */
size_t up_ready_look(struct up_ready *ready);

#endif
