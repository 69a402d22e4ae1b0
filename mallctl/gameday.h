/* gameday - a plan to break a mall under load, and what must hold when it is over: the file.

   Sources: AWS Well-Architected, "Conduct game days regularly" (REL12-BP06). deploy/gamedays has
   the files, and says how they are written. */
#ifndef MALLCTL_GAMEDAY_H
#define MALLCTL_GAMEDAY_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One fault at one service. */
struct gameday_fault {
        int64_t at_ms, for_ms; /* since the begin */
        const char *service, *kind;
        const char *json; /* for POST /faults, without its end: the duration is still to be added */
        int line;
};

enum gameday_check_kind {
        CHECK_AUDIT,         /* the books balance at the end */
        CHECK_NONE_LOST,     /* each acknowledged order is there at the end */
        CHECK_NONE_FAILED,   /* each order was acknowledged */
        CHECK_SOME_FAILED,   /* one was not: the fault was felt */
        CHECK_STAYED_READY,  /* the service's readiness was UP whenever it was looked at */
        CHECK_WAS_NOT_READY, /* once at least it was not */
        CHECK_GREW,          /* a metric is higher at the end than at the begin */
        CHECK_SAME,          /* it is not */
        CHECK_REACHED,       /* it was that high once at least */
        CHECK_ENDS_AT_MOST,  /* at the end it is no higher */
        CHECK_ENDS_AT_LEAST, /* nor lower */
};

struct gameday_check {
        enum gameday_check_kind kind;
        const char *service, *metric; /* NULL where the kind has none */
        const char *const *labels;    /* `name="value"` that the samples must have, ended by NULL */
        double bound;
        int line;
};

struct gameday {
        const char *file;
        const char *name, *about;
        const char *const *see; /* what there is to see, ended by NULL */
        double rate;            /* orders a second */
        int64_t load_ms;        /* how long */
        int64_t qty;
        const struct gameday_fault *faults; /* by the times when they begin */
        size_t fault_count;
        int64_t settle_ms; /* how long all may take to be well again */
        const struct gameday_check *checks;
        size_t check_count;
};

/* NULL and ERROR_BAD_INPUT, "FILE:LINE: ..." The game day lives in the arena. */
struct gameday *gameday_read(struct arena *arena, const char *file, struct error *error);
/* The same of a text; file is for messages. */
struct gameday *gameday_read_text(struct arena *arena, const char *file, const char *text,
                                  size_t len, struct error *error);

/* All its times are divided, but not delays and not the time to settle, which only ends what does
   not settle. */
void gameday_shorten(struct gameday *day, double by);

/* When load and faults are over. */
int64_t gameday_length_ms(const struct gameday *day);

/* "product mall_events_dead_total{...}"; "grew", "at most 0 at the end" */
const char *gameday_check_name(struct arena *arena, const struct gameday_check *check);
const char *gameday_check_wants(struct arena *arena, const struct gameday_check *check);

#endif
