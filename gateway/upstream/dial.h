/* dial - makes a TCP connection to a host. resolver.h looks the name up (libcurl's own resolver
   leaves a thread behind for each dial that is given up), libcurl connects (RFC 8305) to one
   address of each family at a time, and the connected socket is then the caller's.

   One time limit is for all of that; an attempt may take half of what is left of it, the last one
   all. Addresses that failed lately (endpoint.h) are passed over, unless all of the host's did;
   then each gets an eighth of the time, and one try a second what it would get otherwise.

   On the loop's thread. A struct dial is the caller's, and stays where it is until done() is called
   or dial_cancel returns. */
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
        void (*done)(struct dial *dial); /* by the loop, never from within dial_start */
        void *arg;

        /* out */
        int fd; /* connected, non-blocking, the caller's to close; -1: no connection, see reason */
        struct endpoint *endpoint; /* its address */
        char reason[256];          /* for people */

        /* dial.c's own */
        struct dialer *dialer;
        struct question question;
        struct timer timer; /* until the question is to be answered */
        int64_t began_us;
        void *easy, *known; /* libcurl's handle and list of addresses, or NULL */
        bool heedless;      /* addresses to be avoided are tried, too */
        bool patient;       /* heedless, and its time is not cut short all the same */
        bool cut_short;     /* the attempt has less time than it would have otherwise */
        bool more;          /* some addresses are left for another attempt */
        int tried_before;   /* so many of `tried` by earlier attempts */
        int tried_count;
        struct endpoint *tried[MOST_TRIED];
};

struct dialer *dialer_open(struct loop *loop);
/* With no dial under way. */
void dialer_close(struct dialer **dialer);

void dial_start(struct dialer *dialer, struct dial *dial);
void dial_cancel(struct dial *dial);

#endif
