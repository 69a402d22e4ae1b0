/* faults - failures that somebody switched on to practise with (fault injection): what is to fail,
   how often, and until when.

   A daemon has one set of faults; NULL where it has no admin listener (MALL_ADMIN_PORT). Each place
   that can fail asks the set. It costs a comparison where there is no set, and one load more where
   no fault of that kind is on. A fault ends after its duration (an hour at most), when it is
   removed, and with the process. Its begin and its end are logged, each injection is counted in
   mall_faults_injected_total{kind}.

   Threads: any, except open and close. Sources: Principles of Chaos Engineering; the members'
   names are those of the admin listener's JSON (docs/faults.md). */
#ifndef BASE_FAULTS_H
#define BASE_FAULTS_H

#include "base/error.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct faults;

extern const struct metric_family fault_families[];

/* One row each in faults_kinds.c. */
enum fault_kind {
        FAULT_HTTP_LATENCY,     /* an answer comes later */
        FAULT_HTTP_STATUS,      /* a request is answered with this status, and not handled */
        FAULT_HTTP_RESET,       /* handled, and the connection is reset instead of an answer */
        FAULT_HTTP_HALF_ANSWER, /* handled, and the connection is reset within the answer */
        FAULT_NOT_READY,        /* the readiness probe fails */
        FAULT_NOT_ALIVE,        /* the liveness probe fails */
        FAULT_CPU,              /* threads that compute nothing */
        FAULT_MEMORY,           /* memory that is held and not used */
        FAULT_SLOW_DISK,        /* a commit takes longer */
        FAULT_REFUSED_COMMIT,   /* a commit fails, as on a full disk */
        FAULT_PUBLISH_DELAY,    /* an event is published later */
        FAULT_PUBLISH_TWICE,    /* an event is published twice */
        FAULT_PUBLISH_GARBAGE,  /* a record that cannot be read is published beside an event */
        FAULT_CONSUME_DELAY,    /* an event is applied later */
        FAULT_CONSUME_TWICE,    /* an event is delivered twice */
        FAULT_CONSUME_REORDER,  /* events of different keys overtake each other */
        FAULT_CONSUME_PAUSE,    /* nothing is read, and the group member lives */
        FAULT_UPSTREAM_LATENCY, /* gateway: an upstream's answer comes later */
        FAULT_UPSTREAM_BROKEN,  /* gateway: an upstream's connection breaks instead of an answer */
        FAULT_UPSTREAM_REFUSED, /* gateway: an upstream cannot be connected to */
        FAULT_KINDS
};

/* What is about to happen at the place that asks. NULL: does not apply there; a fault whose target
   names it does not match then. */
struct fault_place {
        const char *method, *path; /* of a request; the path without the query */
        const char *route;         /* the gateway's, its id */
        const char *type, *key;    /* of an event */
        size_t type_len, key_len;
};

/* What the place is to do. */
struct injection {
        int64_t fault;    /* its id */
        int64_t delay_us; /* drawn from the fault's distribution; 0 for kinds without one */
        int status;       /* FAULT_HTTP_STATUS */
};

/* What the daemon knows of targets: writes why nothing here matches the target ("no event of
   this daemon has the type X; it hears A, B"), or nothing. */
struct fault;
typedef void faults_check(void *arg, const struct fault *fault, struct text *why);

struct faults_config {
        uint32_t kinds;          /* those that the daemon has: 1 << FAULT_... */
        struct metrics *metrics; /* may be NULL */
        faults_check *check;     /* may be NULL */
        void *arg;
        uint64_t seed;    /* tests only: the draws are always the same; 0: nobody can tell them */
        const char *root; /* tests only: in place of /, where free memory is looked up */
};

struct faults *faults_open(const struct faults_config *config);
/* Ends all of them. Nobody may ask any more. */
void faults_close(struct faults **faults);

/* ---- for the places that can fail ---- */

bool faults_kind_is_on(const struct faults *faults, enum fault_kind kind);

/* Is one of that kind on? What any place asks first. */
static inline bool faults_may(const struct faults *faults, enum fault_kind kind)
{
        return faults && faults_kind_is_on(faults, kind);
}

/* Does one of that kind strike here and now? Draws by its rate, counts it. faults may be NULL;
   place too, for a kind without a target, and injection where nothing of it is of use. */
bool faults_strike(struct faults *faults, enum fault_kind kind, const struct fault_place *place,
                   struct injection *injection);
/* For who waits because of it: is it still on? Look again each 100 ms or so. */
bool faults_still(const struct faults *faults, int64_t fault);
/* Waits until then, or until the fault ends. `rest` waits for at most so long, 100 ms or less;
   false from it ends the waiting, and is what is returned. */
bool faults_wait(const struct faults *faults, int64_t fault, int64_t until_us,
                 bool (*rest)(void *arg, int64_t us), void *arg);

/* ---- for the admin listener ---- */

struct fault {
        int64_t id;
        enum fault_kind kind;
        /* The target; NULL: any. path is a template: {name} is one segment, ** at the end is any
           rest. */
        char *method, *path, *route, *type, *key;
        double rate;                      /* above 0, at most 1 */
        int64_t delay_ms, p50_ms, p99_ms; /* either the first, or both others */
        int status;
        double cores;
        int64_t size;                /* bytes */
        int64_t begun_ms;            /* wall clock */
        int64_t duration_ms, end_us; /* monotonic */
        int64_t injected;
        char *warning;           /* its target matches nothing here; NULL: it may match */
        struct fault_load *load; /* FAULT_CPU, FAULT_MEMORY: what it burns and holds */
        int64_t ended_ms;        /* wall clock; 0 while it is on */
        const char *reason;      /* why it ended */
};

/* From {"kind":"http-latency","path":"/orders","p50":"100ms","p99":"2s","rate":0.5,
   "duration":"10min"}; numbers may be texts (httpie). Returns its id; 0 and ERROR_BAD_INPUT, which
   names the member, or ERROR_CONFLICT: too many faults are on, or there is not so much memory. */
int64_t faults_add(struct faults *faults, const struct json *body, struct error *error);
bool faults_remove(struct faults *faults, int64_t fault); /* false: there is none */
int faults_clear(struct faults *faults);                  /* how many there were */
/* Ends what is over; call it each second. */
void faults_tick(struct faults *faults);
/* One as JSON; false: there is none. */
bool faults_write_one(struct faults *faults, int64_t fault, struct text *out);
/* [...] of those that are on, the oldest first. This and what follows write [] for NULL. */
void faults_write(struct faults *faults, struct text *out);
/* [...] of the last 20 that ended, the newest first, with endedAt and reason. */
void faults_write_ended(struct faults *faults, struct text *out);
/* [...] of the kinds that the daemon has: name, what it does, the members of its target and its
   parameters, and whether it harms more than who switches it on. */
void faults_write_kinds(const struct faults *faults, struct text *out);

#endif
