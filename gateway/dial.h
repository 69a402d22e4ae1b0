/* dial - making a TCP connection: the name is looked up (names.h; libcurl's own resolver leaves a thread behind for each dial that was
   given up), libcurl tries the addresses (RFC 8305); the connected socket is then ours alone. One time limit is for both.

   Addresses that failed lately (place.h) are passed over, unless all of a name's are. On the loop's thread. */
#ifndef GATEWAY_DIAL_H
#define GATEWAY_DIAL_H

#include "gateway/names.h"
#include "gateway/place.h"
#include "http/loop.h"

#include <stdbool.h>

struct dialer;

enum { MOST_TRIED = 16 }; /* addresses for one connection */

enum dial_outcome { DIAL_CONNECTED, DIAL_REFUSED, DIAL_SLOW };

struct dial {
        const char *host;
        int port;
        int connect_ms; /* 0: libcurl's own, 300 s */
        void (*done)(struct dial *dial); /* not when it failed before dial_start returned */
        void *arg;

        enum dial_outcome outcome;
        int fd;              /* connected, non-blocking; the caller's */
        struct place *place; /* its address */
        char reason[256];

        void *easy, *known; /* dial's own */
        struct dialer *dialer;
        struct question question;
        struct timer timer; /* for its answer */
        int64_t began_us;
        bool heedless;        /* of addresses to be avoided */
        bool more;            /* addresses that this attempt left to the next */
        bool family_taken[2]; /* by this attempt: IPv4, IPv6 */
        int tried_count;
        struct place *tried[MOST_TRIED]; /* by all attempts */
};

struct dialer *dialer_open(struct loop *loop);
void dialer_close(struct dialer **dialer); /* with nothing being dialled */

void dial_start(struct dialer *dialer, struct dial *dial);
void dial_cancel(struct dial *dial);

#endif
