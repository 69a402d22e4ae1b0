/* client - who asks: the peer, or the client that the proxies we trust name.

   Each proxy appends the address of its own peer to X-Forwarded-For, so a client can make up all
   that stands to the left of what our proxies wrote. Therefore we read the list from the right: as
   long as an address belongs to a trusted proxy, the element before it counts too. The first
   address that belongs to none is the client's; an element that is no address ends the reading.
   Pure functions. */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "base/arena.h"
#include "http/trusted_proxies.h"

struct client {
        const char *address; /* as inet_ntop writes it */
        int hops; /* proxies between it and the peer; in a list that each proxy continues, also how
                     far from the right its element is */
};

/* peer: a trusted one; list: all its X-Forwarded-For in one, joined by commas. */
struct client client_find(struct arena *arena, const struct trusted_proxies *proxies,
                          const char *peer, const char *list);

/* The beginning of the element that stands `hops` from the right, or of the leftmost one: up to the
   next comma or the end, without the blanks before it. For X-Forwarded-Proto, -Host and -Port,
   which some proxies continue and some replace. */
const char *client_element(const char *list, int hops);

#endif
