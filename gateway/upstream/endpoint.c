#include "gateway/upstream/endpoint.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum {
        AVOID_MS = 10000, /* as Envoy's outlier detection ejects 30 s; here names are few and pods
                             come back soon */
        FAILURES = 5,     /* in a row, of requests; one failed connect is enough */
};

struct endpoint *endpoint_at(struct endpoints *p, const char *address, int port)
{
        struct endpoint *endpoint;
        char text[64];

        snprintf(text, sizeof text, strchr(address, ':') ? "[%s]:%d" : "%s:%d", address, port);
        for (int i = 0; i < p->count; i++)
                if (strcmp(p->at[i].text, text) == 0)
                        return &p->at[i];
        endpoint = &p->at[p->next++ % ENDPOINTS];
        if (p->count < ENDPOINTS)
                p->count++;
        *endpoint = (struct endpoint){.all = p};
        memcpy(endpoint->text, text, sizeof text);
        return endpoint;
}

struct endpoint *endpoint_of(struct endpoints *p, const struct sockaddr *at)
{
        const struct sockaddr_in *v4 = (const void *)at;
        const struct sockaddr_in6 *v6 = (const void *)at;
        char ip[INET6_ADDRSTRLEN] = "?";

        if (at->sa_family == AF_INET)
                inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof ip);
        else
                inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof ip);
        return endpoint_at(p, ip, ntohs(at->sa_family == AF_INET ? v4->sin_port : v6->sin6_port));
}

const char *endpoint_text(const struct endpoint *p)
{
        return p->text;
}

bool endpoint_is_avoided(const struct endpoint *p)
{
        return p->avoid_until_us > loop_now_us(p->all->loop);
}

void endpoint_avoid(struct endpoint *p, const char *why)
{
        if (!endpoint_is_avoided(p))
                log_write(LOG_WARN, "an upstream's address is avoided for a while",
                          "server.address", p->text, "error.message", why, NULL);
        p->avoid_until_us = loop_now_us(p->all->loop) + AVOID_MS * 1000LL;
        p->failures = 0;
}

void endpoint_connected(struct endpoint *p)
{
        p->avoid_until_us = 0;
}

void endpoint_worked(struct endpoint *p)
{
        p->failures = 0;
        p->avoid_until_us = 0;
}

void endpoint_failed(struct endpoint *p)
{
        if (++p->failures >= FAILURES)
                endpoint_avoid(p, "its requests failed");
}
