/* A name's addresses, while the name server answers, errs or hangs. */
#include "service/host_lookup.h"

#include "base/clock.h"
#include "testing/check.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = HOST_ADDRESSES + 10, PATIENCE_MS = 20 * 1000 };

/* ---- the name server ---- */

static pthread_mutex_t hangs = PTHREAD_MUTEX_INITIALIZER; /* held: it does not answer */
static _Atomic int code, asked, count;                    /* the code, or so many addresses */

static struct addrinfo *address(int number)
{
        struct addrinfo *info = memory_alloc(sizeof *info);
        struct sockaddr_in6 *at = memory_alloc(sizeof *at); /* the larger one */

        info->ai_family = number ? AF_INET : AF_INET6;
        info->ai_addr = (struct sockaddr *)at;
        if (number)
                ((struct sockaddr_in *)(void *)at)->sin_addr.s_addr =
                        htonl(0x0a000000U + (uint32_t)number / 2); /* each one twice */
        else
                at->sin6_addr = in6addr_loopback;
        return info;
}

/* Instead of the C library's. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
        struct addrinfo **end = result;

        (void)service;
        check_text(node, "pods");
        check(hints->ai_socktype == SOCK_STREAM);
        atomic_fetch_add(&asked, 1);
        pthread_mutex_lock(&hangs);
        pthread_mutex_unlock(&hangs);
        *result = NULL;
        if (atomic_load(&code))
                return atomic_load(&code);
        for (int i = 0; i < atomic_load(&count); i++) {
                *end = address(i);
                end = &(*end)->ai_next;
        }
        return 0;
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

/* ---- stories ---- */

static struct host_lookup *lookup;
static struct arena *arena;
static const struct host_address *found;
static const char *why;

static void begin(void)
{
        atomic_store(&code, 0);
        atomic_store(&asked, 0);
        atomic_store(&count, 4);
        arena = arena_open();
        lookup = host_lookup_open("pods");
}

static void end(void)
{
        host_lookup_close(&lookup);
        check(!lookup);
        host_lookup_close(&lookup);
        arena_close(&arena);
}

static int wait_for(int ms)
{
        struct timespec until = clock_after(ms);

        return (int)host_lookup_wait(lookup, &until, arena, &found, &why);
}

static int look_up(void)
{
        host_lookup_begin(lookup);
        return wait_for(PATIENCE_MS);
}

static void each_address_is_told_once(void)
{
        begin();
        check_int(wait_for(0), 0); /* nobody has asked yet */
        check_text(why, "the name has no address");
        check_int(look_up(), 3);
        check(!why);
        check_text(found[0].text, "[::1]");
        check(found[0].is_ipv6);
        check_text(found[1].text, "10.0.0.0");
        check_text(found[2].text, "10.0.0.1");
        check(!found[1].is_ipv6);
        end();
}

static void a_name_has_so_many_and_no_more(void)
{
        begin();
        atomic_store(&count, 2 * MANY);
        check_int(look_up(), HOST_ADDRESSES);
        end();
}

static void an_error_keeps_what_was_found_and_no_such_name_does_not(void)
{
        begin();
        check_int(look_up(), 3);
        atomic_store(&code, EAI_AGAIN);
        check_int(look_up(), 3);
        check(!why);
        atomic_store(&code, EAI_NONAME);
        check_int(look_up(), 0);
        check_text(why, gai_strerror(EAI_NONAME));
        atomic_store(&code, EAI_AGAIN);
        check_int(look_up(), 0);
        check_text(why, gai_strerror(EAI_AGAIN));
        atomic_store(&code, 0);
        check_int(look_up(), 3);
        end();
}

static void one_that_hangs_is_waited_for_until_the_deadline(void)
{
        begin();
        pthread_mutex_lock(&hangs);
        host_lookup_begin(lookup);
        check_int(wait_for(10), 0);
        check_text(why, "the name server does not answer");
        for (int i = 0; i < 5; i++)
                host_lookup_begin(lookup); /* it is under way */
        pthread_mutex_unlock(&hangs);
        check_int(wait_for(PATIENCE_MS), 3);
        check_int(atomic_load(&asked), 1);
        pthread_mutex_lock(&hangs);
        host_lookup_begin(lookup);
        check_int(wait_for(10), 3); /* of the last time */
        pthread_mutex_unlock(&hangs);
        end();
}

static void closing_waits_for_nobody(void)
{
        begin();
        pthread_mutex_lock(&hangs);
        host_lookup_begin(lookup);
        while (!atomic_load(&asked))
                sched_yield();
        end();
        pthread_mutex_unlock(&hangs);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(each_address_is_told_once),
                STORY(a_name_has_so_many_and_no_more),
                STORY(an_error_keeps_what_was_found_and_no_such_name_does_not),
                STORY(one_that_hangs_is_waited_for_until_the_deadline),
                STORY(closing_waits_for_nobody),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
