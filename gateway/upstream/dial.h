/* dial - making a TCP connection: the name is looked up (resolver.h; libcurl's own resolver leaves
   a thread behind for each dial that was given up), libcurl tries the addresses (RFC 8305), one of
   each family at a time; the connected socket is then ours alone. One time limit is for all of
   that; an attempt has half of what is left, the last one all of it.

   Addresses that failed lately (endpoint.h) are passed over, unless all of a name's are. On the
   loop's thread. */
#ifndef GATEWAY_UPSTREAM_DIAL_H
#define GATEWAY_UPSTREAM_DIAL_H

#include "gateway/upstream/endpoint.h"
#include "gateway/upstream/resolver.h"
#include "http/loop.h"

#include <stdbool.h>

struct dialer;

enum { MOST_TRIED = 16 }; /* addresses for one connection */

struct dial {
        const char *host;
        int port;
        int connect_ms;                  /* 0: 300 s, as libcurl's own */
        void (*done)(struct dial *dial); /* not when it failed before dial_start returned */
        void *arg;

        int fd; /* connected, non-blocking; the caller's; -1: no connection came about */
        struct endpoint *endpoint; /* its address */
        char reason[256];

        void *easy, *known; /* dial's own */
        struct dialer *dialer;
        struct question question;
        struct timer timer; /* for its answer */
        int64_t began_us;
        bool heedless;                      /* of addresses to be avoided */
        bool more;                          /* addresses that this attempt left to the next */
        int tried_count, tried_before;      /* this attempt */
        struct endpoint *tried[MOST_TRIED]; /* by all attempts */
};

struct dialer *dialer_open(struct loop *loop);
void dialer_close(struct dialer **dialer); /* with nothing being dialled */

void dial_start(struct dialer *dialer, struct dial *dial);
void dial_cancel(struct dial *dial);

#endif
