/* fetch - GETs over HTTP that no thread waits for: libcurl makes all of them on one thread, which
   also takes the answers.

   Each has one deadline for all of it, name lookup and connecting included. Connections are kept
   for the next ones. Neither are redirects followed nor the environment's proxies used. */
#ifndef SERVICE_FETCH_H
#define SERVICE_FETCH_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct fetcher;

enum { FETCH_MOST = 65536 /* bytes of an answer's body */, FETCH_WHY = 256 };

enum fetch_outcome {
        FETCH_ANSWERED, /* whatever the status */
        FETCH_FAILED,
        FETCH_LATE,      /* the deadline passed */
        FETCH_TOO_LARGE, /* an answer of more than FETCH_MOST: the other side is well */
};

/* The caller's, until done. */
struct fetch {
        const char *url;
        const char *traceparent;           /* NULL: none */
        struct arena *arena;               /* the fetcher's until done */
        void (*done)(struct fetch *fetch); /* on the fetcher's thread, which must not wait there;
                                              may free the fetch */
        void *arg;

        enum fetch_outcome outcome;
        int status;
        struct text body;
        char why[FETCH_WHY]; /* it failed */

        struct fetch *next; /* these are fetch's own */
        void *easy, *fields;
};

/* At most so many at a time, each answered within timeout_ms. */
struct fetcher *fetcher_open(int most, int64_t timeout_ms);
void fetcher_close(
        struct fetcher **fetcher); /* waits for those under way, thus no longer than the timeout */

/* Any thread. False: there are as many under way as may be; done is not called. */
bool fetch_start(struct fetcher *fetcher, struct fetch *fetch);

/* "http://product:8080", maybe with a path behind: what a URL to fetch can begin with. */
bool fetch_base_is_right(const char *url);
const char *fetch_escape(struct arena *arena, const char *text); /* for a value in a query */

#endif
