/* thread - a thread with a name, which top -H, gdb and perf show.

   If the system gives no thread, thread_start() ends the process. The caller joins it. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/* name: at most 15 characters, Linux keeps no more. */
pthread_t thread_start(const char *name, void *(*run)(void *), void *arg);

#endif
