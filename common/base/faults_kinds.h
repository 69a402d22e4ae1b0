/* faults_kinds - what each kind of fault is called, does and needs. For faults.c and what documents
   the kinds. */
#ifndef BASE_FAULTS_KINDS_H
#define BASE_FAULTS_KINDS_H

#include "base/faults.h"

/* Members of a fault's JSON beside kind and duration. */
enum fault_member {
        MEMBER_RATE = 1 << 0,
        MEMBER_METHOD = 1 << 1,
        MEMBER_PATH = 1 << 2,
        MEMBER_ROUTE = 1 << 3,
        MEMBER_TYPE = 1 << 4,
        MEMBER_KEY = 1 << 5,
        MEMBER_DELAY = 1 << 6, /* and p50, p99 */
        MEMBER_STATUS = 1 << 7,
        MEMBER_CORES = 1 << 8,
        MEMBER_SIZE = 1 << 9,
};

struct fault_row {
        const char *name;  /* "http-latency" */
        const char *about; /* a sentence */
        unsigned members;  /* allowed; of the parameters among them the first is required */
        int64_t most_delay_ms;
};

extern const struct fault_row fault_rows[FAULT_KINDS];

#endif
