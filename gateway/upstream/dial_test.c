/* A name with two addresses, of which one or both do not answer for a while. */
#include "gateway/upstream/dial.h"

#include "testing/check.h"

#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CROWD = 4, FIRST = INADDR_LOOPBACK, SECOND = INADDR_LOOPBACK + 1 };

/* A connection to this address is not made while the crowd fills its backlog. */
struct full {
        int listener, port, crowd[CROWD];
};

static struct loop *loop;
static struct dialer *dialer;
static struct dial dial;
static sem_t done;

static void listen_at(struct full *f, in_addr_t address, int port)
{
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(address),
                                 .sin_port = htons((uint16_t)port)};
        socklen_t len = sizeof at;
        const int yes = 1;

        f->listener = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(f->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        check(f->listener >= 0 && bind(f->listener, (struct sockaddr *)&at, len) == 0 &&
              listen(f->listener, 1) == 0);
        check_int(getsockname(f->listener, (struct sockaddr *)&at, &len), 0);
        f->port = ntohs(at.sin_port);
}

static void fill(struct full *f, in_addr_t address)
{
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(address),
                                 .sin_port = htons((uint16_t)f->port)};

        for (int i = 0; i < CROWD; i++) {
                f->crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
                (void)!connect(f->crowd[i], (struct sockaddr *)&at, sizeof at);
        }
}

/* The crowd hangs up, and its connections are accepted. */
static void drain(struct full *f)
{
        struct pollfd waiting = {.fd = f->listener, .events = POLLIN};

        for (int i = 0; i < CROWD; i++)
                close(f->crowd[i]);
        while (poll(&waiting, 1, 0) > 0)
                close(accept(f->listener, NULL, NULL));
}

static struct addrinfo *address(const char *text, struct addrinfo *next)
{
        struct addrinfo plain = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *found;

        check_int(getaddrinfo(text, NULL, &plain, &found), 0);
        found->ai_next = next;
        return found;
}

static int lookup(const char *host, const char *service, const struct addrinfo *hints,
                  struct addrinfo **found)
{
        (void)host, (void)service, (void)hints;
        *found = address("127.0.0.1", address("127.0.0.2", NULL));
        return 0;
}

static void on_done(struct dial *d)
{
        (void)d;
        sem_post(&done);
}

static void open_dialer(struct task *task)
{
        (void)task;
        dialer = dialer_open(loop);
}

static void close_dialer(struct task *task)
{
        (void)task;
        dialer_close(&dialer);
        sem_post(&done);
}

static void start_dial(struct task *task)
{
        (void)task;
        dial_start(dialer, &dial);
}

static void start(const char *name, int port, int connect_ms)
{
        static struct task go = {.run = start_dial};

        dial = (struct dial){.host = name, .port = port, .connect_ms = connect_ms, .done = on_done};
        loop_post(loop, &go);
}

static void wait_done(void)
{
        struct timespec deadline;

        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += 60;
        check_int(sem_timedwait(&done, &deadline), 0);
}

/* "127.0.0.2:8080", or why there is none. */
static const char *connected_to(void)
{
        wait_done();
        if (dial.fd < 0)
                return dial.reason;
        close(dial.fd);
        return dial.endpoint->text;
}

static const char *second_at(int port)
{
        static char text[30];

        snprintf(text, sizeof text, "127.0.0.2:%d", port);
        return text;
}

/* How many connections to the second address are being made. */
static int asking_second(int port)
{
        FILE *table = fopen("/proc/net/tcp", "r");
        char line[300], asking[30];
        int found = 0;

        check(table != NULL);
        snprintf(asking, sizeof asking, " 0200007F:%04X 02 ", port);
        while (fgets(line, sizeof line, table))
                found += strstr(line, asking) != NULL;
        fclose(table);
        return found;
}

static void begin(void)
{
        static struct task go = {.run = open_dialer};

        sem_init(&done, 0, 0);
        resolver_use(lookup);
        loop = loop_open();
        loop_start(loop);
        loop_post(loop, &go);
}

static void end(void)
{
        static struct task go = {.run = close_dialer};

        loop_post(loop, &go);
        wait_done();
        resolver_use(NULL);
        loop_stop(loop);
        loop_close(&loop);
}

/* The second address answers a second late, when the system repeats the SYN; there is time. */
static void an_address_that_does_not_answer_takes_half_of_the_time(void)
{
        struct full first, second;
        int crowd;

        begin();
        listen_at(&first, FIRST, 0);
        listen_at(&second, SECOND, first.port);
        fill(&first, FIRST);
        fill(&second, SECOND);
        crowd = asking_second(first.port);
        start("mute.test", first.port, 8000);
        for (int i = 0; i < 6000 && asking_second(first.port) == crowd; i++)
                usleep(1000);
        drain(&second);
        check_text(connected_to(), second_at(first.port));
        check_int(dial.tried_count, 2);
        start("mute.test", first.port, 8000); /* the other one is avoided, whichever comes first */
        check_text(connected_to(), second_at(first.port));
        check_int(dial.tried_count, 1);
        drain(&first);
        close(first.listener);
        close(second.listener);
        end();
}

static void addresses_to_be_avoided_are_better_than_none(void)
{
        struct full first, second;

        begin();
        listen_at(&first, FIRST, 0);
        close(first.listener);
        start("away.test", first.port, 8000);
        check_contains(connected_to(), "connect");
        check_int(dial.tried_count, 2);
        listen_at(&second, SECOND, first.port);
        start("another.test", first.port, 8000); /* of the same addresses */
        check_text(connected_to(), second_at(first.port));
        check(dial.heedless);
        close(second.listener);
        end();
}

/* 8 s; all of its time would be longer than we wait here. */
static void an_address_to_be_avoided_gets_an_eighth_of_the_time(void)
{
        struct full first;

        begin();
        listen_at(&first, FIRST, 0);
        fill(&first, FIRST);
        start("127.0.0.1", first.port, 100);
        wait_done();
        check_int(dial.fd, -1);
        check(!dial.heedless);
        start("127.0.0.1", first.port, 64000);
        wait_done();
        check_int(dial.fd, -1);
        check(dial.heedless);
        drain(&first);
        close(first.listener);
        end();
}

/* The first address, which does not answer, has failed; its endpoint. */
static struct endpoint *avoid_first(struct full *first)
{
        begin();
        listen_at(first, FIRST, 0);
        fill(first, FIRST);
        start("127.0.0.1", first->port, 100);
        wait_done();
        check_int(dial.fd, -1);
        check_int(dial.tried_count, 1);
        return dial.tried[0];
}

static void a_try_that_is_cut_short_does_not_have_an_address_avoided_longer(void)
{
        struct full first;
        struct endpoint *e = avoid_first(&first);
        int64_t until = e->avoid_until_us;

        check(until > 0);
        e->turn_us = INT64_MAX;
        start("127.0.0.1", first.port, 800);
        wait_done();
        check(dial.heedless && dial.fd < 0);
        check_int(e->avoid_until_us, until);
        e->turn_us = 0; /* one that had all its time does */
        start("127.0.0.1", first.port, 100);
        wait_done();
        check(dial.heedless && dial.fd < 0);
        check(e->avoid_until_us > until);
        drain(&first);
        close(first.listener);
        end();
}

/* The address answers a second late or later; an eighth of the time is less. */
static void a_try_in_its_turn_has_all_the_time(void)
{
        struct full first;
        struct endpoint *e = avoid_first(&first);

        check(e->turn_us > 0); /* not at once */
        e->turn_us = 0;
        start("127.0.0.1", first.port, 7000);
        usleep(100 * 1000);
        drain(&first);
        check_contains(connected_to(), "127.0.0.1:");
        check(dial.heedless);
        check_int(e->avoid_until_us, 0);
        check(e->turn_us > 0); /* it took the turn */
        close(first.listener);
        end();
}

/* libcurl refuses such a name, and never asks us for a socket. */
static void a_name_that_libcurl_does_not_take_ends(void)
{
        begin();
        start("a+b", 9, 60000);
        wait_done();
        check_int(dial.fd, -1);
        check_int(dial.tried_count, 0);
        end();
}

static void addresses_without_end_have_endpoints(void)
{
        static struct endpoints endpoints;
        struct endpoint *first = endpoint_at(&endpoints, "10.0.0.0", 80), *others[2];
        char text[30];

        endpoint_failed(first);
        for (int i = 1; i < ENDPOINTS; i++) {
                snprintf(text, sizeof text, "10.0.%d.%d", i / 256, i % 256);
                endpoint_at(&endpoints, text, 80);
        }
        check(endpoint_at(&endpoints, "10.0.0.0", 80) == first);
        for (int i = 0; i < 2; i++) {
                snprintf(text, sizeof text, "10.1.0.%d", i);
                others[i] = endpoint_at(&endpoints, text, 80);
        }
        check(others[0] == first && others[0]->failures == 0);
        check(others[1] != others[0] && endpoint_at(&endpoints, "10.1.0.1", 80) == others[1]);
        check_text(others[0]->text, "10.1.0.0:80");
}

static const struct story stories[] = {
        STORY(an_address_that_does_not_answer_takes_half_of_the_time),
        STORY(addresses_to_be_avoided_are_better_than_none),
        STORY(an_address_to_be_avoided_gets_an_eighth_of_the_time),
        STORY(a_try_that_is_cut_short_does_not_have_an_address_avoided_longer),
        STORY(a_try_in_its_turn_has_all_the_time),
        STORY(a_name_that_libcurl_does_not_take_ends),
        STORY(addresses_without_end_have_endpoints),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
