/* named_hosts - for tests: a name server of their own, in place of the C library's. Include it in
   one source of a program. */
#ifndef TESTING_NAMED_HOSTS_H
#define TESTING_NAMED_HOSTS_H

#include "base/arena.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t stuck = PTHREAD_MUTEX_INITIALIZER; /* held: "stuck" is not resolved */

static const struct {
        const char *host, *addresses[4];
} names[] = {
        {"pods", {"127.0.0.1", "127.0.0.2", "127.0.0.3"}},
        {"both", {"::1", "127.0.0.1"}},
        {"twice", {"127.0.0.1", "127.0.0.1"}},
        {"stuck", {"127.0.0.2"}},
};

static inline struct addrinfo *address_of(const char *text, const char *service,
                                          const struct addrinfo *hints)
{
        bool is_ipv6 = strchr(text, ':');
        struct addrinfo *info = memory_alloc(sizeof *info);
        struct sockaddr_in6 *at = memory_alloc(sizeof *at); /* the larger one */

        info->ai_family = is_ipv6 ? AF_INET6 : AF_INET;
        info->ai_socktype = hints->ai_socktype;
        at->sin6_port = htons((uint16_t)(service ? atoi(service) : 0)); /* both have it there */
        info->ai_addr = (struct sockaddr *)at;
        info->ai_addrlen = is_ipv6 ? sizeof *at : sizeof(struct sockaddr_in);
        at->sin6_family = (sa_family_t)info->ai_family;
        inet_pton(info->ai_family, text,
                  is_ipv6 ? (void *)&at->sin6_addr
                          : (void *)&((struct sockaddr_in *)(void *)at)->sin_addr);
        return info;
}

/* Instead of the C library's, which knows no names of ours. Addresses are names, too. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
        struct addrinfo **end = result;

        *result = NULL;
        if (strcmp(node, "stuck") == 0) {
                pthread_mutex_lock(&stuck);
                pthread_mutex_unlock(&stuck);
        }
        if (strspn(node, "0123456789.:") == strlen(node)) {
                *result = address_of(node, service, hints);
                return 0;
        }
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                for (size_t j = 0; strcmp(node, names[i].host) == 0 && names[i].addresses[j]; j++) {
                        *end = address_of(names[i].addresses[j], service, hints);
                        end = &(*end)->ai_next;
                }
        return *result ? 0 : EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *info)
{
        while (info) {
                struct addrinfo *next = info->ai_next;

                free(info->ai_addr);
                free(info);
                info = next;
        }
}

#endif
