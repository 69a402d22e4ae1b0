/* proxies - the peers whose X-Forwarded-* headers are believed: a list of networks.

   Read once at start, never changed: any thread may ask. */
#ifndef HTTP_PROXIES_H
#define HTTP_PROXIES_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/socket.h>

struct proxies;

/* "10.0.0.0/8,::1/128", or with blanks between; an address without a length is that one host; NULL, "" and "none" trust nobody. */
struct proxies *proxies_open(const char *list, struct error *error);
void proxies_close(struct proxies **proxies);

bool proxies_trust(const struct proxies *proxies, const struct sockaddr *peer);

/* The peer's address as text; an IPv4 peer of an IPv6 listener looks like any other IPv4 peer. */
enum { PEER_TEXT = 64 };
void peer_text(const struct sockaddr *peer, char text[PEER_TEXT]);

/* The same of an address in text, which comes back in the form of peer_text; false: it is none. */
bool proxies_know(const struct proxies *proxies, const char *text, char address[PEER_TEXT], bool *trusted);

#endif
