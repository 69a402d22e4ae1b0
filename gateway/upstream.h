/* upstream - everything the gateway knows about talking to the servers behind it.

   An exchange is one request to one upstream; it is started from any thread and its `done` is called once, on the
   upstream's own thread, with an answer or an error. Issue: the gateway proper replaces what is behind this header
   (pools, retries, streaming); what is in front of it need not change. */
#ifndef GATEWAY_UPSTREAM_H
#define GATEWAY_UPSTREAM_H

#include "base/arena.h"
#include "base/error.h"

#include <stddef.h>

struct upstreams;

struct upstream_header {
        const char *name, *value;
};

enum upstream_outcome {
        UPSTREAM_ANSWERED,
        UPSTREAM_REFUSED, /* could not connect: 503 */
        UPSTREAM_SLOW,    /* connect or response deadline: 504 */
        UPSTREAM_BROKEN,  /* reset, cut short, no HTTP: 502 */
};

struct exchange {
        struct arena *arena; /* the request's; the answer is put there before done */
        const char *method;
        const char *url; /* absolute, path and query as they came */
        const struct upstream_header *headers;
        size_t header_count;
        const char *body;
        size_t body_len;

        enum upstream_outcome outcome;
        const char *reason; /* for people, when not answered */
        int status;
        struct upstream_header *answer_headers;
        size_t answer_header_count;
        const char *answer_body;
        size_t answer_len;

        void (*done)(struct exchange *exchange);
        void *arg;
        struct exchange *next; /* upstream's own */
};

struct upstreams_config {
        int connect_ms, response_ms;
        size_t max_answer; /* bytes buffered of one answer; more is UPSTREAM_BROKEN */
};

struct upstreams *upstreams_open(const struct upstreams_config *config, struct error *error);
void upstreams_close(struct upstreams **upstreams); /* what is under way is done with UPSTREAM_BROKEN */
/* What is under way, and whatever is started from now on, is done with UPSTREAM_BROKEN. Any thread; does not wait. */
void upstreams_stop(struct upstreams *upstreams);
void upstreams_start(struct upstreams *upstreams, struct exchange *exchange);

#endif
