/* client - who asks: the peer, or whom the proxies that we trust say that they ask for.

   Each proxy writes the address of its own peer behind what it was sent in X-Forwarded-For, so that
   what stands further left is for whoever is further away to choose. Therefore the list is read
   from the right: as long as an address is a trusted proxy's, what that one wrote counts too. The
   first that is none is the client; what is no address ends the reading. Pure functions. */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "base/arena.h"
#include "http/trusted_proxies.h"

struct client {
        const char *address; /* as inet_ntop writes it */
        int hops; /* proxies between it and the peer: in lists that each proxy continues, the
                     client's element stands so many from the right */
};

/* peer: a trusted one; list: all its X-Forwarded-For in one, joined by commas. */
struct client client_find(struct arena *arena, const struct trusted_proxies *proxies,
                          const char *peer, const char *list);

/* The beginning of the element that stands `hops` from the right, or of the leftmost one: up to the
   next comma or the end, without the blanks before it. For X-Forwarded-Proto, -Host and -Port,
   which some proxies continue and some replace. */
const char *client_element(const char *list, int hops);

#endif
