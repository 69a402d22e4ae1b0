#include "http/trusted_proxies.h"

#include "base/arena.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* IPv4 is kept as ::ffff:a.b.c.d, so that there is one kind of address */
enum { MAPPED_BITS = 96, ADDRESS_BITS = 128 };

struct network {
        struct in6_addr address;
        int bits;
};

struct trusted_proxies {
        int count;
        struct network networks[];
};

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static void map_v4(const void *v4, struct in6_addr *to)
{
        memcpy(to->s6_addr, mapped, sizeof mapped);
        memcpy(to->s6_addr + sizeof mapped, v4, 4);
}

static bool same_prefix(const struct in6_addr *a, const struct in6_addr *b, int bits)
{
        int whole = bits / 8, rest = bits % 8;

        if (memcmp(a, b, (size_t)whole) != 0)
                return false;
        return !rest || !((a->s6_addr[whole] ^ b->s6_addr[whole]) & (0xff << (8 - rest) & 0xff));
}

static bool bits_read(const char *text, int most, int *bits)
{
        char *end;
        long n = strtol(text, &end, 10);

        if (*text < '0' || *text > '9' || *end || n > most)
                return false;
        *bits = (int)n;
        return true;
}

static bool network_read(struct network *network, char *text, struct error *error)
{
        char *slash = strchr(text, '/');
        int first = 0, bits;
        struct in_addr v4;

        if (slash)
                *slash = '\0';
        if (inet_pton(AF_INET, text, &v4) == 1) {
                map_v4(&v4, &network->address);
                first = MAPPED_BITS;
        } else if (inet_pton(AF_INET6, text, &network->address) != 1) {
                return error_set(error, ERROR_BAD_INPUT, "trusted proxies: '%s' is no address",
                                 text);
        }
        bits = ADDRESS_BITS - first;
        if (slash && !bits_read(slash + 1, ADDRESS_BITS - first, &bits))
                return error_set(error, ERROR_BAD_INPUT,
                                 "trusted proxies: '%s/%s' has no length from 0 to %d", text,
                                 slash + 1, ADDRESS_BITS - first);
        network->bits = first + bits;
        return true;
}

struct trusted_proxies *trusted_proxies_open(const char *list, struct error *error)
{
        static const char between[] = ", \t";
        struct trusted_proxies *p = memory_alloc(sizeof *p);
        char *copy = memory_string(!list || strcmp(list, "none") == 0 ? "" : list), *rest;

        for (char *word = strtok_r(copy, between, &rest); word;
             word = strtok_r(NULL, between, &rest)) {
                p = memory_grow(p, sizeof *p + sizeof p->networks[0] * (size_t)(p->count + 1));
                if (!network_read(&p->networks[p->count++], word, error)) {
                        free(copy);
                        free(p);
                        return NULL;
                }
        }
        free(copy);
        return p;
}

void trusted_proxies_close(struct trusted_proxies **proxies)
{
        free(*proxies);
        *proxies = NULL;
}

static bool peer_address(const struct sockaddr *peer, struct in6_addr *to)
{
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;

        if (peer->sa_family == AF_INET) {
                memcpy(&v4, peer, sizeof v4);
                map_v4(&v4.sin_addr, to);
                return true;
        }
        if (peer->sa_family != AF_INET6)
                return false;
        memcpy(&v6, peer, sizeof v6);
        *to = v6.sin6_addr;
        return true;
}

static bool is_within(const struct trusted_proxies *p, const struct in6_addr *address)
{
        for (int i = 0; i < p->count; i++)
                if (same_prefix(address, &p->networks[i].address, p->networks[i].bits))
                        return true;
        return false;
}

static void address_text(const struct in6_addr *address, char text[PEER_TEXT])
{
        if (memcmp(address->s6_addr, mapped, sizeof mapped) == 0)
                inet_ntop(AF_INET, address->s6_addr + sizeof mapped, text, PEER_TEXT);
        else
                inet_ntop(AF_INET6, address, text, PEER_TEXT);
}

bool trusted_proxies_trust(const struct trusted_proxies *p, const struct sockaddr *peer)
{
        struct in6_addr address;

        return peer_address(peer, &address) && is_within(p, &address);
}

void peer_text(const struct sockaddr *peer, char text[PEER_TEXT])
{
        struct in6_addr address;

        if (peer_address(peer, &address))
                address_text(&address, text);
        else
                snprintf(text, PEER_TEXT, "unknown");
}

bool trusted_proxies_know(const struct trusted_proxies *p, const char *text,
                          char written[PEER_TEXT], bool *trusted)
{
        struct in6_addr address;
        struct in_addr v4;

        if (inet_pton(AF_INET, text, &v4) == 1)
                map_v4(&v4, &address);
        else if (inet_pton(AF_INET6, text, &address) != 1)
                return false;
        address_text(&address, written);
        *trusted = is_within(p, &address);
        return true;
}
