/* resolver - the addresses of upstreams' names, by getaddrinfo, which nobody can cancel: while a
   name server is mute, each call holds its thread for as long as resolv.conf says.

   So there are at most NAMES_LOOKUPS threads in the process; a name is looked up once, whoever
   waits for it; who cannot be served waits, within the time that the caller keeps. What was found
   is used for NAMES_S: an address that went away is asked no longer. Threads end when nothing is to
   be looked up. A name is remembered for ever; there are as many as routes files ever named. */
#ifndef GATEWAY_UPSTREAM_RESOLVER_H
#define GATEWAY_UPSTREAM_RESOLVER_H

#include "http/loop.h"

#include <arpa/inet.h>
#include <netdb.h>

enum { NAMES_S = 5, NAMES_LOOKUPS = 8, NAMES_MOST = 16 /* addresses of a name */ };

struct resolver_answer;

struct question {
        const char *host;
        struct loop *loop; /* on whose thread all this is */
        void (*done)(struct question *question);
        /* out */
        int count; /* of addresses, the first another one each time; 0: none, and why */
        char addresses[NAMES_MOST][INET6_ADDRSTRLEN];
        const char *why;
        /* inside; zero at first */
        bool waiting;
        struct resolver_answer *parser;
        LIST_ENTRY(question) beside;
};

/* True: the answer is there. Else done() will be called. */
bool resolver_ask(struct question *question);
void names_forget(struct question *question); /* done() will not be called; harmless when it was */

/* For tests; NULL: getaddrinfo. Before anything is asked. */
void resolver_use(int (*lookup)(const char *host, const char *service, const struct addrinfo *hints,
                                struct addrinfo **found));

#endif
