/* gameday_judge - did the mall stand it? Each check is judged by what was seen, and by an audit. */
#ifndef MALLCTL_GAMEDAY_JUDGE_H
#define MALLCTL_GAMEDAY_JUDGE_H

#include "audit/audit.h"
#include "mallctl/gameday_load.h"
#include "mallctl/gameday_watch.h"

enum gameday_verdict {
        VERDICT_HOLDS,
        VERDICT_FAILS,     /* and stays so */
        VERDICT_NOT_YET,   /* it may still come to hold while the mall settles */
        VERDICT_UNCHECKED, /* what it needs could not be read; `seen` says what */
};

struct gameday_judgement {
        enum gameday_verdict verdict;
        const char *seen; /* for people; in the judge's arena */
};

/* By its metric or readiness. */
struct gameday_judgement gameday_judge_seen(struct arena *arena, const struct gameday_check *check,
                                            const struct gameday_seen *seen);
/* By the orders of the load. */
struct gameday_judgement gameday_judge_orders(struct arena *arena,
                                              const struct gameday_check *check,
                                              const struct gameday_orders *orders);

/* What the audit and the orders need. */
struct gameday_books {
        struct audit_places places;
        const int64_t *ids; /* of acknowledged orders */
        size_t id_count;
        size_t verified; /* so many of them have been found */
};

struct gameday_judgement gameday_judge_audit(struct arena *arena,
                                             const struct gameday_books *books);
/* Asks order for each of them. */
struct gameday_judgement gameday_judge_lost(struct arena *arena, struct gameday_books *books,
                                            const struct gameday_orders *orders);

/* 0: all hold; 1: one does not; 3: one could not be checked, and none fails */
int gameday_exit_code(const struct gameday_judgement *judgements, size_t count);

#endif
