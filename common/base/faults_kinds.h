/* faults_kinds - what each kind of fault is called, does and needs. For faults.c and what documents
   the kinds. */
#ifndef BASE_FAULTS_KINDS_H
#define BASE_FAULTS_KINDS_H

#include "base/config.h"
#include "base/faults.h"

/* Members of a fault's JSON beside kind. */
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
        MEMBER_DURATION = 1 << 10, /* every kind takes it */
        MEMBERS_OF_A_TARGET = MEMBER_METHOD | MEMBER_PATH | MEMBER_ROUTE | MEMBER_TYPE | MEMBER_KEY,
        /* a kind that takes one of them needs it */
        MEMBERS_NEEDED = MEMBER_DELAY | MEMBER_STATUS | MEMBER_CORES | MEMBER_SIZE,
};

struct fault_row {
        const char *name;  /* "http-latency" */
        const char *about; /* a sentence */
        unsigned members;  /* allowed */
        int64_t most_delay_ms;
        bool harmful; /* it takes more than the requests or events that it is aimed at, or leaves
                         something behind: who switches it on is asked once more */
};

extern const struct fault_row fault_rows[FAULT_KINDS];

/* How a member is called in JSON and what it may be, in the order in which documents list them. A
   NULL name ends. The reader and the schema have their limits from here, so they agree. */
struct fault_member_row {
        const char *name;
        unsigned member;
        enum setting_type type;
        int64_t least, most; /* ms, bytes; of a text: characters; a delay's most is its kind's */
        bool fraction;       /* a number above 0, at most `most`, and not only whole ones */
};

extern const struct fault_member_row fault_member_rows[];

enum { FAULT_FRACTION_DIGITS = 9 }; /* behind the point, at most, where a text has the number */

static inline bool fault_takes(enum fault_kind kind, const struct fault_member_row *row)
{
        return row->member & (fault_rows[kind].members | MEMBER_DURATION);
}

/* The limits of a member of that kind. */
struct setting fault_limits(enum fault_kind kind, const struct fault_member_row *row);

#endif
