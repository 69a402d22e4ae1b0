/* What the gateway counts about its tries, its connections and its breakers, through a whole
   gateway. */
#include "gateway/testing/whole_gateway.h"

static int port, silent_port;
static int silent; /* what is sent there is not answered, unless the story does it */

static enum http_result handle_by_path(struct http_request *r, void *arg)
{
        (void)arg;
        r->answer.status = strcmp(r->path, "/no") == 0    ? 404
                           : strcmp(r->path, "/bad") == 0 ? 500
                                                          : 200;
        return HTTP_ANSWERED;
}

static int open_silent(void)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof a;

        silent = socket(AF_INET, SOCK_STREAM, 0);
        check(bind(silent, (struct sockaddr *)&a, sizeof a) == 0 && listen(silent, 8) == 0 &&
              getsockname(silent, (struct sockaddr *)&a, &len) == 0);
        return ntohs(a.sin_port);
}

static void open_mall(int nobody)
{
        port = open_upstream(handle_by_path);
        silent_port = open_silent();
        open_front("spring.cloud.gateway.routes:\n"
                   "- {id: silent, uri: 'http://127.0.0.1:%d', predicates: ['Path=/silent']}\n"
                   "- {id: short, uri: 'http://127.0.0.1:%d', predicates: ['Path=/short'], "
                   "metadata: {response-timeout: 1}}\n"
                   "- {id: gone, uri: 'http://127.0.0.1:%d', predicates: ['Path=/gone']}\n"
                   "- id: all\n"
                   "  uri: http://127.0.0.1:%d\n"
                   "  predicates: ['Path=/**']\n"
                   "  filters: [{name: CircuitBreaker, args: {name: sick, statusCodes: [500], "
                   "slidingWindowSize: 2, minimumNumberOfCalls: 2}}]\n",
                   silent_port, silent_port, nobody, port);
}

static void close_mall(void)
{
        close_all();
        close(silent);
}

static const char *scrape(struct arena *arena)
{
        struct text out = text_open(arena, 4000);

        metrics_prometheus(metrics, false, &out);
        return out.at;
}

/* That the line is there: a name, then the upstream, the second label and the value. */
__attribute__((format(printf, 1, 2))) static void check_line(const char *format, ...)
{
        struct arena *arena = arena_open();
        char line[300];
        va_list list;

        va_start(list, format);
        vsnprintf(line, sizeof line, format, list);
        va_end(list);
        check_contains(scrape(arena), line);
        arena_close(&arena);
}

static void check_tries(int at, const char *outcome, int count)
{
        check_line("\nmall_upstream_requests_total{upstream=\"127.0.0.1:%d\",outcome=\"%s\"} %d\n",
                   at, outcome, count);
}

static void check_connections(int at, const char *state, int count)
{
        check_line("\nmall_upstream_connections{upstream=\"127.0.0.1:%d\",state=\"%s\"} %d\n", at,
                   state, count);
}

static void check_retries(int at, int count)
{
        check_line("\nmall_upstream_retries_total{upstream=\"127.0.0.1:%d\"} %d\n", at, count);
}

static void check_timed(int at, int count)
{
        check_line("\nmall_upstream_seconds_count{upstream=\"127.0.0.1:%d\"} %d\n", at, count);
}

static void every_series_is_there_from_the_start(void)
{
        static const char *const outcomes[] = {"ok",      "4xx",    "5xx",     "refused",
                                               "timeout", "broken", "canceled"};

        open_mall(port_of_nobody());
        for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
                check_tries(port, outcomes[i], 0);
        check_timed(port, 0);
        check_retries(port, 0);
        check_connections(port, "idle", 0);
        check_connections(port, "busy", 0);
        check_connections(port, "connecting", 0);
        close_mall();
}

static void an_answer_counts_by_its_class(void)
{
        open_mall(port_of_nobody());
        check_contains(ask(REQUEST("GET /yes", "")), " 200 ");
        check_contains(ask(REQUEST("GET /no", "")), " 404 ");
        check_contains(ask(REQUEST("POST /bad", "")), " 500 ");
        check_tries(port, "ok", 1);
        check_tries(port, "4xx", 1);
        check_tries(port, "5xx", 1);
        check_timed(port, 3);
        check_retries(port, 0);
        check_connections(port, "idle", 1);
        check_connections(port, "busy", 0);
        check_connections(port, "connecting", 0);
        close_mall();
}

static void a_second_try_is_a_retry(void)
{
        int nobody = port_of_nobody();

        open_mall(nobody);
        check_contains(ask(REQUEST("GET /gone", "")), " 503 ");
        check_tries(nobody, "refused", 2);
        check_retries(nobody, 1);
        check_timed(nobody, 2);
        check_connections(nobody, "connecting", 0);
        check_connections(nobody, "busy", 0);
        close_mall();
}

static void an_answer_that_does_not_come_is_a_timeout(void)
{
        open_mall(port_of_nobody());
        check_contains(ask(REQUEST("GET /short", "")), " 504 ");
        check_tries(silent_port, "timeout", 1);
        check_timed(silent_port, 1);
        check_connections(silent_port, "busy", 0);
        check_connections(silent_port, "idle", 0);
        close_mall();
}

/* The connection on which the request came; it was read. */
static int take_request(void)
{
        int fd = accept(silent, NULL, NULL);
        char byte;

        check(fd >= 0 && recv(fd, &byte, 1, MSG_PEEK) == 1);
        return fd;
}

static void a_connection_that_breaks_counts_and_is_closed(void)
{
        int client, fd;

        open_mall(port_of_nobody());
        client = send_to(front, REQUEST("POST /silent", ""));
        fd = take_request();
        check_connections(silent_port, "busy", 1);
        close(fd);
        check_contains(hear(client), " 502 ");
        check_tries(silent_port, "broken", 1);
        check_connections(silent_port, "busy", 0);
        close_mall();
}

/* Nobody knows how long its answer would have taken. */
static void a_client_that_leaves_cancels_its_try(void)
{
        char rest[2000];
        int client, fd;

        open_mall(port_of_nobody());
        client = send_to(front, REQUEST("POST /silent", ""));
        fd = take_request();
        close(client);
        while (recv(fd, rest, sizeof rest, 0) > 0)
                ;
        close(fd);
        check_tries(silent_port, "canceled", 1);
        check_timed(silent_port, 0);
        check_connections(silent_port, "busy", 0);
        close_mall();
}

static void check_breaker(const char *name, const char *state, int value)
{
        check_line("\nmall_breaker_state{name=\"%s\",state=\"%s\"} %d\n", name, state, value);
}

/* How many lines there are of breakers whose names begin so. */
static int breaker_lines(const char *name)
{
        struct arena *arena = arena_open();
        char beginning[60];
        int found = 0;
        size_t len;

        len = (size_t)snprintf(beginning, sizeof beginning, "\nmall_breaker_state{name=\"%s", name);
        for (const char *at = scrape(arena); (at = strstr(at, beginning)); at += len)
                found++;
        arena_close(&arena);
        return found;
}

static void reload_with_breakers(const char *name, int count)
{
        struct error error;
        FILE *f = fopen(gateway_source(gateway), "w");

        fprintf(f, "spring.cloud.gateway.routes:\n");
        for (int i = 0; i < count; i++)
                fprintf(f,
                        "- {id: all%d, uri: 'http://127.0.0.1:%d', predicates: ['Path=/**'], "
                        "filters: [CircuitBreaker=%s%d]}\n",
                        i, port, name, i);
        fclose(f);
        check(gateway_reload(gateway, &error));
}

static void a_breaker_shows_its_state_as_long_as_the_routes_have_it(void)
{
        open_mall(port_of_nobody());
        check_breaker("sick", "closed", 1);
        check_breaker("sick", "open", 0);
        for (int i = 0; i < 2; i++)
                ask(REQUEST("POST /bad", ""));
        check_breaker("sick", "closed", 0);
        check_breaker("sick", "open", 1);
        check_breaker("sick", "half_open", 0);
        reload_with_breakers("other", 1);
        check_breaker("other0", "closed", 1);
        check_int(breaker_lines("sick"), 0);
        close_mall();
}

static void breakers_that_are_gone_leave_room_for_others(void)
{
        open_mall(port_of_nobody());
        for (int i = 0; i < 3; i++) {
                reload_with_breakers((const char *[]){"a", "b", "c"}[i], 150);
                check_int(breaker_lines(""), 300);
        }
        check_int(breaker_lines("c"), 300);
        reload_with_breakers("d", 2);
        check_breaker("d1", "closed", 1);
        check_int(breaker_lines(""), 6);
        close_mall();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(every_series_is_there_from_the_start),
                STORY(an_answer_counts_by_its_class),
                STORY(a_second_try_is_a_retry),
                STORY(an_answer_that_does_not_come_is_a_timeout),
                STORY(a_connection_that_breaks_counts_and_is_closed),
                STORY(a_client_that_leaves_cancels_its_try),
                STORY(a_breaker_shows_its_state_as_long_as_the_routes_have_it),
                STORY(breakers_that_are_gone_leave_room_for_others),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
