/* resolver - the addresses of upstreams' host names, by getaddrinfo. Nobody can cancel that: while
   a name server does not answer, each call holds its thread for as long as resolv.conf says.

   So at most RESOLVER_LOOKUPS threads of the process look names up. One lookup of a name serves all
   questions about it. A question waits while all threads are busy; a time limit is the caller's to
   keep. Addresses are used for RESOLVER_KEPT_S, so that one that went away is soon asked no longer.
   A thread ends when there is nothing to look up. Names are remembered for ever: there are as many
   as routes files ever named.

   A question belongs to its loop's thread. It is the caller's, and stays where it is until it is
   answered or forgotten. */
#ifndef GATEWAY_UPSTREAM_RESOLVER_H
#define GATEWAY_UPSTREAM_RESOLVER_H

#include "http/loop.h"

#include <arpa/inet.h>
#include <netdb.h>

enum {
        RESOLVER_KEPT_S = 5,
        RESOLVER_LOOKUPS = 8,
        RESOLVER_ADDRESSES = 16, /* of a name; more are left out */
};

struct resolver_answer;

struct question {
        const char *host;
        struct loop *loop;
        void (*done)(struct question *question);
        /* out */
        int count;                                            /* of addresses; 0: none, and why */
        char addresses[RESOLVER_ADDRESSES][INET6_ADDRSTRLEN]; /* each time another one is first */
        const char *why;
        /* resolver.c's own; zero at first */
        bool waiting;                   /* for a lookup */
        struct resolver_answer *answer; /* posted to the loop; NULL: none */
        LIST_ENTRY(question) beside;
};

/* True: the addresses are known, and done() is not called. False: it will be, by the loop. */
bool resolver_ask(struct question *question);
/* done() will not be called; harmless when it was. */
void resolver_forget(struct question *question);

/* For tests: looks names up in another way; NULL: getaddrinfo. Before anything is asked. */
void resolver_use(int (*lookup)(const char *host, const char *service, const struct addrinfo *hints,
                                struct addrinfo **found));

#endif
