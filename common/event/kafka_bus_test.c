/* Brokers that are away, or that accept connections and never answer: every call is bounded, and
   says so. Needs no broker. */
#include "event/bus.h"

#include "base/clock.h"
#include "testing/check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 400, BOUND_US = 10 * 1000 * 1000 };

/* A port of 127.0.0.1 that accepts connections and never answers, or, once closed, refuses them. */
static int mute_socket(char url[64])
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        check(fd >= 0);
        check(bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 16) == 0);
        check(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
        snprintf(url, 64, "kafka://127.0.0.1:%d/mall", ntohs(address.sin_port));
        return fd;
}

/* The bus takes nothing, because it does not know the topic's parts; a client that hands records
   over all the same has them kept until they are given up. */
static void publish_in_vain(const char *url)
{
        struct bus_config config = {.url = url, .client = "test"};
        struct record r[2] = {{.value = "one", .value_len = 3, .tag = 1},
                              {.value = "two", .value_len = 3, .tag = 2}};
        struct bus_result results[2];
        struct error e = {0};
        struct bus *bus = bus_open_publisher(&config, &e);
        int64_t start = clock_mono_us();

        check(bus != NULL);
        check_int(bus_parts(bus, &e), 0);
        check_int(e.kind, ERROR_UNAVAILABLE);
        check(bus_send(bus, r, 2, &e));
        for (int i = 0; i < 10 && (e.kind == ERROR_NONE || i == 0); i++)
                check_int((int64_t)bus_results(bus, results, 2, WAIT_MS, &e), 0);
        bus_give_up(bus);
        check_int((int64_t)bus_results(bus, results, 2, 0, &e), 2);
        check_int(results[0].result, BUS_RETURNED);
        check_int(results[0].tag + results[1].tag, 3);
        bus_close(&bus, WAIT_MS);
        check(clock_mono_us() - start < BOUND_US);
}

static void poll_in_vain(const char *url)
{
        struct bus_config config = {.url = url, .client = "test"};
        struct arena *arena = arena_open();
        struct error e = {0};
        struct bus *bus = bus_open_reader(&config, "g", &e);
        int64_t start = clock_mono_us();
        struct record r;

        check(bus != NULL);
        check_int((int64_t)bus_poll(bus, &r, 1, WAIT_MS, arena, &e), 0);
        check_int(e.kind, ERROR_UNAVAILABLE);
        bus_idle(bus, WAIT_MS);
        bus_commit(bus);
        bus_wake(bus);
        bus_poll(bus, &r, 1, 60 * 1000, arena, &e);
        bus_close(&bus, WAIT_MS);
        check(clock_mono_us() - start < BOUND_US);
        arena_close(&arena);
}

static void follow_in_vain(const char *url)
{
        struct bus_config config = {.url = url, .client = "test"};
        struct arena *arena = arena_open();
        struct error e = {0};
        struct bus *bus = bus_open_follower(&config, 100, &e);
        int64_t start = clock_mono_us();
        struct record r;

        check(bus != NULL);
        for (int i = 0; i < 5; i++) { /* it says so at each poll */
                check_int((int64_t)bus_poll(bus, &r, 1, WAIT_MS, arena, &e), 0);
                check_int(e.kind, ERROR_UNAVAILABLE);
        }
        bus_wake(bus);
        bus_poll(bus, &r, 1, 60 * 1000, arena, &e);
        bus_close(&bus, WAIT_MS);
        check(!bus && clock_mono_us() - start < BOUND_US);
        arena_close(&arena);
}

static bool take(void *arg, const struct record *record)
{
        (void)arg, (void)record;
        return true;
}

static void read_in_vain(const char *url)
{
        struct bus_config config = {.url = url, .client = "test", .quiet = true};
        _Atomic bool stop = true;
        struct bus_through through = {.take = take, .stop = &stop};
        int64_t start = clock_mono_us();
        struct error e = {0};

        check(!bus_read_through(&config, &through, &e));
        check_contains(e.text, "stopped");
        check(clock_mono_us() - start < BOUND_US / 2); /* much earlier than it would give up */
}

static void an_absent_broker(void)
{
        char url[64];

        close(mute_socket(url));
        publish_in_vain(url);
        poll_in_vain(url);
        follow_in_vain(url);
        read_in_vain(url);
}

static void a_mute_broker(void)
{
        char url[64];
        int fd = mute_socket(url);

        publish_in_vain(url);
        poll_in_vain(url);
        follow_in_vain(url);
        read_in_vain(url);
        close(fd);
}

static const struct story stories[] = {
        STORY(an_absent_broker),
        STORY(a_mute_broker),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
