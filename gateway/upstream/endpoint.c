#include "gateway/upstream/endpoint.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum {
        AVOID_MS = 10000, /* Envoy's outlier detection takes 30 s; here names have few addresses and
                             pods come back soon */
        TURN_MS = 1000,
        FAILURES = 5, /* of requests, in a row; one failed connect is enough */
};

struct endpoint *endpoint_at(struct endpoints *all, const char *address, int port)
{
        struct endpoint *endpoint;
        char text[64];

        snprintf(text, sizeof text, strchr(address, ':') ? "[%s]:%d" : "%s:%d", address, port);
        for (int i = 0; i < all->count; i++)
                if (strcmp(all->at[i].text, text) == 0)
                        return &all->at[i];
        endpoint = &all->at[all->next++ % ENDPOINTS];
        if (all->count < ENDPOINTS)
                all->count++;
        *endpoint = (struct endpoint){.all = all};
        memcpy(endpoint->text, text, sizeof text);
        return endpoint;
}

struct endpoint *endpoint_of(struct endpoints *all, const struct sockaddr *at)
{
        const struct sockaddr_in *v4 = (const void *)at;
        const struct sockaddr_in6 *v6 = (const void *)at;
        char ip[INET6_ADDRSTRLEN] = "?";

        if (at->sa_family == AF_INET)
                inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof ip);
        else
                inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof ip);
        return endpoint_at(all, ip, ntohs(at->sa_family == AF_INET ? v4->sin_port : v6->sin6_port));
}

bool endpoint_is_avoided(const struct endpoint *e)
{
        return e->avoid_until_us > loop_now_us(e->all->loop);
}

bool endpoint_takes_turn(struct endpoint *e)
{
        int64_t now = loop_now_us(e->all->loop);

        if (now < e->turn_us)
                return false;
        e->turn_us = now + TURN_MS * 1000LL;
        return true;
}

void endpoint_avoid(struct endpoint *e, const char *why)
{
        int64_t now = loop_now_us(e->all->loop);

        if (!endpoint_is_avoided(e)) {
                log_write(LOG_WARN, "an upstream's address is avoided for a while",
                          "server.address", e->text, "error.message", why, NULL);
                e->turn_us = now + TURN_MS * 1000LL;
        }
        e->avoid_until_us = now + AVOID_MS * 1000LL;
        e->failures = 0;
}

void endpoint_connected(struct endpoint *e)
{
        e->avoid_until_us = 0;
}

void endpoint_worked(struct endpoint *e)
{
        e->failures = 0;
        e->avoid_until_us = 0;
}

void endpoint_failed(struct endpoint *e)
{
        if (++e->failures >= FAILURES)
                endpoint_avoid(e, "its requests failed");
}
