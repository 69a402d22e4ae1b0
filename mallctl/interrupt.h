/* interrupt - Ctrl-C, SIGTERM and SIGHUP end a command in its own way: it takes back what it did
   first. */
#ifndef MALLCTL_INTERRUPT_H
#define MALLCTL_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>

/* From now on these signals only set the flag. */
void interrupt_watch(void);

const atomic_bool *interrupt_flag(void);
bool interrupt_came(void);

#endif
