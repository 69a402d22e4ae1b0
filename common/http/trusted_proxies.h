/* trusted_proxies - the peers whose X-Forwarded-* headers are believed: a list of networks.

   Read once at start, never changed: any thread may ask. */
#ifndef HTTP_TRUSTED_PROXIES_H
#define HTTP_TRUSTED_PROXIES_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/socket.h>

struct trusted_proxies;

/* "10.0.0.0/8,::1/128", or with blanks between; an address without a length is that one host; NULL,
   "" and "none" trust nobody. */
struct trusted_proxies *trusted_proxies_open(const char *list, struct error *error);
void trusted_proxies_close(struct trusted_proxies **proxies);

bool trusted_proxies_trust(const struct trusted_proxies *proxies, const struct sockaddr *peer);

/* The peer's address as text; an IPv4 peer of an IPv6 listener looks like any other IPv4 peer. */
enum { PEER_TEXT = 64 };
void peer_text(const struct sockaddr *peer, char text[PEER_TEXT]);

/* The same for an address in text; `written` is as of peer_text. False: the text is no address. */
bool trusted_proxies_know(const struct trusted_proxies *proxies, const char *text,
                          char address[PEER_TEXT], bool *trusted);

#endif
