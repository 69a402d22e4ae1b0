/* fetch - asynchronous requests over HTTP: libcurl makes all of them on one thread, which also
   delivers the answers. Each has one deadline, which includes name lookup and connecting.
   Connections are kept and used again. Redirects are not followed, and proxies of the environment
   are not used. Only a GET is sent again by itself, where a kept connection turns out to be closed.
 */
#ifndef SERVICE_FETCH_H
#define SERVICE_FETCH_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct fetcher;

/* Bytes of an answer's body: the longest is that of an admin listener with all faults that it can
   have, each with the longest texts. */
enum { FETCH_MOST = 256 << 10, FETCH_WHY = 256 };

enum fetch_outcome {
        FETCH_ANSWERED, /* with any status */
        FETCH_FAILED,
        FETCH_LATE,      /* the deadline passed */
        FETCH_TOO_LARGE, /* the answer has more than FETCH_MOST; the other side is well */
};

/* The caller's, until done. */
struct fetch {
        const char *url;
        const char *method; /* NULL: GET */
        const char *sent;   /* the request's body; NULL: none */
        size_t sent_len;
        const char *content_type;          /* of the body; NULL: application/json */
        const char *authorization;         /* "Bearer abc"; NULL: none */
        const char *traceparent;           /* NULL: none */
        struct arena *arena;               /* the fetcher's until done */
        void (*done)(struct fetch *fetch); /* called on the fetcher's thread, which must not block;
                                              may free the fetch */
        void *arg;

        enum fetch_outcome outcome;
        int status;
        struct text body;
        char why[FETCH_WHY]; /* it failed */

        struct fetch *next; /* private to fetch.c */
        void *easy, *fields;
};

/* At most `most` fetches at a time, each ended within timeout_ms. */
struct fetcher *fetcher_open(int most, int64_t timeout_ms);
/* Waits for the fetches under way, at most for the timeout. */
void fetcher_close(struct fetcher **fetcher);

/* Any thread. False: the most fetches are under way already; done is not called. */
bool fetch_start(struct fetcher *fetcher, struct fetch *fetch);

/* Whether a URL to fetch can begin with this: "http://product:8080", maybe with a path. */
bool fetch_base_is_right(const char *url);
const char *fetch_escape(struct arena *arena, const char *text); /* for a value in a query */

#endif
