/* host_lookup - all addresses of a host's name, by getaddrinfo on a thread of its own.

   Nobody can cancel getaddrinfo: while a name server does not answer, the thread hangs for as long
   as resolv.conf says. The one who asks waits until a deadline, and then gets the addresses that
   were found the last time. Closing waits for nobody. Any thread, several at once. */
#ifndef SERVICE_HOST_LOOKUP_H
#define SERVICE_HOST_LOOKUP_H

#include "base/arena.h"

#include <stdbool.h>
#include <time.h>

struct host_lookup;

struct host_address {
        const char *text; /* as it stands in a URL: "10.0.0.3", "[::1]" */
        bool is_ipv6;
};

enum { HOST_ADDRESSES = 256 /* of a name; more are left out */ };

struct host_lookup *host_lookup_open(const char *host);
void host_lookup_close(struct host_lookup **lookup);

/* Looks the name up, unless that is under way. */
void host_lookup_begin(struct host_lookup *lookup);
/* How many there are; 0: none, and why. In the arena. */
size_t host_lookup_wait(struct host_lookup *lookup, const struct timespec *until,
                        struct arena *arena, const struct host_address **found, const char **why);

#endif
