#include "base/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pthread_t thread_start(const char *name, void *(*run)(void *), void *arg)
{
        pthread_t thread;
        int failed = pthread_create(&thread, NULL, run, arg);

        if (failed) {
                fprintf(stderr, "the thread %s cannot be made: %s\n", name, strerror(failed));
                abort();
        }
        pthread_setname_np(thread, name);
        return thread;
}
