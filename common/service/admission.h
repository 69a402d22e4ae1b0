/* admission - an asynchronous check that may refuse a row before it is created. No thread waits. */
#ifndef SERVICE_ADMISSION_H
#define SERVICE_ADMISSION_H

#include "base/arena.h"
#include "base/error.h"

/* A row that is to be created. All of it lies in the request's arena, which only the admission may
   use until it has called done. */
struct applicant {
        const void *row;
        struct arena *arena;
        const char *traceparent;
        struct error verdict; /* ERROR_NONE: it may be created */
        /* Called exactly once, on any thread, maybe before ask returns. */
        void (*done)(struct applicant *applicant);
        void *arg;
};

struct admission {
        void (*ask)(struct admission *admission, struct applicant *applicant); /* any thread */
        void (*close)(struct admission *admission); /* called after the last ask */
};

#endif
