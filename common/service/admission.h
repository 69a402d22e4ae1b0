/* admission - somebody who is asked before a row is created, in his own time, and may refuse it.

   The row's request waits meanwhile, no thread does. A service without one links nothing of what
   asking takes. */
#ifndef SERVICE_ADMISSION_H
#define SERVICE_ADMISSION_H

#include "base/arena.h"
#include "base/error.h"

/* A row that is to be created. Everything in its request's arena, which is the admission's until
   done. */
struct applicant {
        const void *row;
        struct arena *arena;
        const char *traceparent;
        struct error verdict; /* ERROR_NONE: it may be created */
        void (*done)(struct applicant *
                             applicant); /* exactly once; on any thread, maybe before ask returns */
        void *arg;
};

struct admission {
        void (*ask)(struct admission *admission, struct applicant *applicant); /* any thread */
        void (*close)(struct admission *admission); /* with nobody asking any more */
};

#endif
