/* Events as a stream: newcomers, those who come back, those who are too slow. */
#include "service/event_stream.h"

#include "testing/conversation.h"
#include "testing/seen_events.h"

static struct stage {
        struct recent *recent;
        struct event_streams streams;
        struct http_streams bodies;
        struct http_server *server;
} stage;

static enum http_result handle(struct http_request *r, void *arg)
{
        (void)arg;
        return event_stream_begin(&stage.streams, r);
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        sse_finish(r);
}

static void begin(size_t kept)
{
        struct http_config config = config_of_test((struct http_handler){handle, finish});

        stage.recent = recent_of_test(kept);
        event_streams_open(&stage.streams, stage.recent, 10);
        stage.bodies = sse_streams(stage.streams.sse, config.max_body);
        config.handler.streams = &stage.bodies;
        stage.server = server_of_test(&config);
}

static void end(void)
{
        sse_end(stage.streams.sse);
        check_int(http_server_close(&stage.server, 3000), 0);
        event_streams_close(&stage.streams);
        recent_close(&stage.recent);
}

static void place(int partition, int64_t offset)
{
        see(stage.recent,
            (struct seen){"Orderplaced", "1", .at = 1, .partition = partition, .offset = offset});
}

static void place_many(int64_t from, int count)
{
        for (int i = 0; i < count; i++)
                place(0, from + i);
        sse_wake(stage.streams.sse);
}

static int follow(const char *query, const char *last_id)
{
        int fd = dial(http_server_port(stage.server));
        char request[400];

        snprintf(request, sizeof request, "GET /events%s HTTP/1.1\r\nHost: a\r\n%s%s%s\r\n", query,
                 last_id ? "Last-Event-ID: " : "", last_id ? last_id : "", last_id ? "\r\n" : "");
        say_text(fd, request);
        return fd;
}

static const char *until(int fd, const char *part)
{
        bool ended;
        const char *heard = hear(fd, part, &ended);

        check_contains(heard, part);
        return heard;
}

/* "0:1 1:4" of the events in what was heard. */
static const char *events_in(const char *heard)
{
        static char found[200000];
        size_t len = 0;
        int partition;
        long long offset;

        *found = '\0';
        for (const char *p = heard; (p = strstr(p, "data: {\"partition\":")); p++)
                if (sscanf(p, "data: {\"partition\":%d,\"offset\":%lld", &partition, &offset) == 2)
                        len += (size_t)snprintf(found + len, sizeof found - len, "%s%d:%lld",
                                                len ? " " : "", partition, offset);
        return found;
}

static void a_newcomer_gets_the_last_ones_and_what_comes(void)
{
        const char *heard;
        int fd;

        begin(1000);
        place_many(1, 3);
        place(1, 7);
        fd = follow("?last=2", NULL);
        heard = until(fd, "id: 0-3.1-7\n\n");
        check_contains(heard, "retry: 1000\n\n");
        check_text(events_in(heard), "0:3 1:7");
        place(1, 8);
        sse_wake(stage.streams.sse);
        heard = until(fd, "id: 0-3.1-8\n\n");
        check_text(events_in(heard), "1:8");
        check_contains(until(fd, "followers\":1"),
                       "event: rates\ndata: {\"counts\":{\"Orderplaced\":5},\"passedOver\":0,"
                       "\"followers\":1");
        close(fd);
        end();
}

static void there_are_a_hundred_unless_asked_for_else(void)
{
        int fd;

        begin(2000);
        place_many(1, 1500);
        fd = follow("", NULL);
        check(strncmp(events_in(until(fd, "id: 0-1500\n\n")), "0:1401 ", 7) == 0);
        close(fd);
        fd = follow("?last=9999999999999999999999", NULL);
        check(strncmp(events_in(until(fd, "id: 0-1500\n\n")), "0:501 ", 6) == 0);
        close(fd);
        fd = follow("?last=0", NULL);
        check_text(events_in(until(fd, "followers")), "");
        close(fd);
        end();
}

static void who_comes_back_gets_exactly_what_follows(void)
{
        int fd;

        begin(10000);
        place_many(1, 5);
        for (int i = 1; i <= 3; i++)
                place(1, i);
        place(2, 1);
        fd = follow("?last=1", "0-3.1-2");
        check_text(events_in(until(fd, "id: 0-5.1-3.2-1\n\n")), "0:4 0:5 1:3 2:1");
        close(fd);
        fd = follow("", "0-5.1-3.2-1");
        place(0, 6);
        sse_wake(stage.streams.sse);
        check_text(events_in(until(fd, "id: 0-6.1-3.2-1\n\n")), "0:6");
        close(fd);
        end();
}

/* A page that opens its stream anew cannot send the header; its browser, which then comes back by
 * itself, sends both. */
static void the_place_may_be_in_the_query(void)
{
        int fd;

        begin(100);
        place_many(1, 5);
        place(1, 7);
        fd = follow("?last=1&lastEventId=0-3.1-6", NULL);
        check_text(events_in(until(fd, "id: 0-5.1-7\n\n")), "0:4 0:5 1:7");
        close(fd);
        fd = follow("?last=1&lastEventId=0-3.1-6", "0-4.1-7");
        check_text(events_in(until(fd, "id: 0-5.1-7\n\n")), "0:5");
        close(fd);
        fd = follow("?last=1&lastEventId=x", NULL);
        check_text(events_in(until(fd, "id: 1-7\n\n")), "1:7");
        close(fd);
        end();
}

static void a_long_absence_is_made_up_for_without_a_limit(void)
{
        const char *heard;
        int fd;

        begin(10000);
        place_many(1, 1500);
        fd = follow("", "0-100");
        heard = until(fd, "id: 0-1500\n\n");
        check(!strstr(heard, "gap"));
        check(strncmp(events_in(heard), "0:101 0:102 ", 12) == 0);
        close(fd);
        end();
}

static void what_is_forgotten_is_a_gap(void)
{
        const char *heard;
        int fd;

        begin(10);
        place_many(1, 30);
        fd = follow("", "0-5");
        heard = until(fd, "id: 0-30\n\n");
        check_contains(heard, "event: gap\ndata: {\"skipped\":15}\n\n");
        check(strncmp(events_in(heard), "0:21 ", 5) == 0);
        close(fd);
        end();
}

/* Another replica, which the client had before, may have been ahead. */
static void what_the_client_has_already_is_not_sent_when_it_comes(void)
{
        const char *heard;
        int fd;

        begin(100);
        place_many(1, 5);
        fd = follow("", "0-7");
        until(fd, "retry");
        place_many(6, 4);
        heard = until(fd, "id: 0-9\n\n");
        check_text(events_in(heard), "0:8 0:9");
        check(!strstr(heard, "gap"));
        close(fd);
        end();
}

static void a_topic_made_anew_is_noticed(void)
{
        const char *heard;
        int fd;

        begin(100);
        fd = follow("", "0-1000");
        place_many(1, 3);
        heard = until(fd, "id: 0-3\n\n");
        check_contains(heard, "event: gap");
        check_text(events_in(heard), "0:1 0:2 0:3");
        close(fd);
        end();
}

static void too_much_at_once_is_a_gap(void)
{
        const char *heard;
        int fd;

        begin(10000);
        fd = follow("", NULL);
        until(fd, "retry");
        place_many(1, 5000);
        heard = until(fd, "id: 0-5000\n\n");
        check_contains(heard, "event: gap\ndata: {\"skipped\":");
        check(strlen(events_in(heard)) < 1100 * strlen("0:1234 "));
        close(fd);
        end();
}

static void a_stream_gets_a_thousand_a_second(void)
{
        const char *heard;
        int64_t began;
        int fd;

        begin(10000);
        fd = follow("", NULL);
        until(fd, "retry");
        place_many(1, 900);
        check(!strstr(until(fd, "id: 0-900\n\n"), "gap"));
        began = clock_mono_us();
        place_many(901, 900);
        heard = until(fd, "id: 0-1800\n\n");
        check(clock_mono_us() - began > 400000);
        check(!strstr(heard, "gap"));
        check(strncmp(events_in(heard), "0:901 ", 6) == 0);
        close(fd);
        end();
}

static void nonsense_makes_a_newcomer(void)
{
        static const char *const ids[] = {
                "x",    "1", "1-", "-1", "0-1.", "0-1.x", "0-1,1-2", "1000-1", "99999999999-1",
                "0--1", " "};
        int fd;

        begin(100);
        place_many(1, 3);
        for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
                fd = follow("?last=1", ids[i]);
                check_text(events_in(until(fd, "id: 0-3\n\n")), "0:3");
                close(fd);
        }
        fd = follow("?last=abc", NULL);
        check_int(status_of(until(fd, "last must be")), 400);
        close(fd);
        fd = follow("?last=-1", NULL);
        check_int(status_of(until(fd, "last must be")), 400);
        close(fd);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_newcomer_gets_the_last_ones_and_what_comes),
                STORY(there_are_a_hundred_unless_asked_for_else),
                STORY(who_comes_back_gets_exactly_what_follows),
                STORY(the_place_may_be_in_the_query),
                STORY(a_long_absence_is_made_up_for_without_a_limit),
                STORY(what_is_forgotten_is_a_gap),
                STORY(what_the_client_has_already_is_not_sent_when_it_comes),
                STORY(a_topic_made_anew_is_noticed),
                STORY(too_much_at_once_is_a_gap),
                STORY(a_stream_gets_a_thousand_a_second),
                STORY(nonsense_makes_a_newcomer),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
