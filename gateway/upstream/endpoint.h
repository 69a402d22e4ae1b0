/* endpoint - an upstream's address, and whether it is any good: one that refuses a connection, or
   fails some requests in a row, is avoided for some seconds. On the loop's thread. */
#ifndef GATEWAY_UPSTREAM_ENDPOINT_H
#define GATEWAY_UPSTREAM_ENDPOINT_H

#include "http/loop.h"

#include <stdbool.h>
#include <sys/socket.h>

enum { ENDPOINTS = 256 };

struct endpoints;

struct endpoint {
        struct endpoints *all;
        char text[64]; /* "10.0.0.7:8080" */
        int failures;
        int64_t avoid_until_us;
        int64_t turn_us; /* see endpoint_takes_turn */
};

struct endpoints {
        struct loop *loop;
        int count;
        unsigned next;
        struct endpoint at[ENDPOINTS]; /* when it is full, a new address replaces the oldest */
};

/* It stays where it is as long as `endpoints`, and is another address's after ENDPOINTS others. */
struct endpoint *endpoint_of(struct endpoints *endpoints, const struct sockaddr *at);
/* The same; the address as inet_ntop() writes it. */
struct endpoint *endpoint_at(struct endpoints *endpoints, const char *address, int port);
bool endpoint_is_avoided(const struct endpoint *endpoint);
/* Of those that try an address to be avoided for want of a better one, one a second is told true:
   it is to be patient, since an upstream may be slow to connect to, and well. */
bool endpoint_takes_turn(struct endpoint *endpoint);

void endpoint_connected(struct endpoint *endpoint);
void endpoint_worked(struct endpoint *endpoint); /* a request was answered */
/* A request failed; after some of these in a row the endpoint is avoided. */
void endpoint_failed(struct endpoint *endpoint);
/* Avoids it at once, and logs why. */
void endpoint_avoid(struct endpoint *endpoint, const char *why);

#endif
