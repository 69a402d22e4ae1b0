/* endpoint - an upstream's address, and whether it is any good: one that refuses, or fails some
   requests in a row, is to be avoided for AVOID_MS. On the loop's thread. */
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
};

struct endpoints {
        struct loop *loop;
        int count;
        unsigned next;
        struct endpoint
                at[ENDPOINTS]; /* when it is full, who comes gets the endpoint of who came first */
};

/* For as long as `endpoints` lives; it is another address's once ENDPOINTS others came. */
struct endpoint *endpoint_of(struct endpoints *endpoints, const struct sockaddr *at);
struct endpoint *endpoint_at(struct endpoints *endpoints, const char *address,
                             int port); /* as inet_ntop() writes it */
const char *endpoint_text(const struct endpoint *endpoint);
bool endpoint_is_avoided(const struct endpoint *endpoint);

void endpoint_connected(struct endpoint *endpoint);
void endpoint_worked(struct endpoint *endpoint);
void endpoint_failed(struct endpoint *endpoint); /* some of these in a row, and it is avoided */
void endpoint_avoid(struct endpoint *endpoint, const char *why); /* at once; logged */

#endif
