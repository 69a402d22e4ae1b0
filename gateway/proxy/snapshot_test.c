#include "gateway/proxy/snapshot.h"

#include "gateway/testing/route_text.h"

#include <pthread.h>

static const char served[] = UNDER_GATEWAY(
        "      default-filters: ['AddResponseHeader=X-A, 1']\n"
        "      routes:\n"
        "      - id: a\n"
        "        uri: http://a:1\n"
        "        predicates: ['Path=/a', 'Header=X-Id, (a|aa)+[bc]']\n"
        "        filters:\n"
        "        - name: CircuitBreaker\n"
        "          args: {name: shared, statusCodes: [500, 502], slidingWindowSize: 2, "
        "minimumNumberOfCalls: 2}\n"
        "        - name: RequestRateLimiter\n"
        "          args: {redis-rate-limiter.replenishRate: 1, key-resolver: client-address}\n");

enum { READERS = 4 };

static bool is_taken(const struct snapshot *s)
{
        struct arena *arena = arena_open();
        struct headers headers = {.arena = arena};
        struct asked asked = {.arena = arena, .method = "GET", .path = "/a", .headers = &headers};
        const struct route *route;

        headers_add(&headers, "X-Id", "aab");
        route = routes_find(s->routes, &asked);
        arena_close(&arena);
        return route && strcmp(route->id, "a") == 0;
}

static void *ask_and_release(void *arg)
{
        struct snapshot *s = arg;

        for (int i = 0; i < 1000; i++) {
                struct snapshot *mine = snapshot_hold(s);
                bool taken = is_taken(mine);

                snapshot_release(&mine);
                if (!taken)
                        return arg;
        }
        snapshot_release(&s);
        return NULL;
}

static void the_last_one_to_let_go_ends_them(void)
{
        const struct target_limits limits = {.connect_ms = 1, .response_ms = 1, .max_in_flight = 1};
        struct snapshot *s = snapshot_open(read_good(served), &limits, NULL, NULL);
        pthread_t threads[READERS];
        void *failed;

        for (int i = 0; i < READERS; i++)
                pthread_create(&threads[i], NULL, ask_and_release, snapshot_hold(s));
        snapshot_release(&s); /* the others still have theirs */
        for (int i = 0; i < READERS; i++) {
                pthread_join(threads[i], &failed);
                check(!failed);
        }
        snapshot_release(&s); /* NULL by now */
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_last_one_to_let_go_ends_them),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
