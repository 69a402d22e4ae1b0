/* place - an upstream's address, and whether it is any good: one that refuses, or fails some requests in a row, is to be avoided for
   AVOID_MS. On the loop's thread. */
#ifndef GATEWAY_PLACE_H
#define GATEWAY_PLACE_H

#include "http/loop.h"

#include <stdbool.h>
#include <sys/socket.h>

enum { PLACES = 256 };

struct places;

struct place {
        struct places *all;
        char text[64]; /* "10.0.0.7:8080" */
        int failures;
        int64_t avoid_until_us;
};

struct places {
        struct loop *loop;
        int count;
        unsigned next;
        struct place at[PLACES]; /* when it is full, who comes gets the place of who came first */
};

/* For as long as `places` lives; it is another address's once PLACES others came. */
struct place *place_of(struct places *places, const struct sockaddr *at);
struct place *place_at(struct places *places, const char *address, int port); /* as inet_ntop() writes it */
const char *place_text(const struct place *place);
bool place_is_avoided(const struct place *place);

void place_connected(struct place *place);
void place_worked(struct place *place);
void place_failed(struct place *place);                 /* some of these in a row, and it is avoided */
void place_avoid(struct place *place, const char *why); /* at once; logged */

#endif
