/* Faults strike requests to a real store: what was done stays done once, and what was not done is
   not there. */
#include "base/log.h"
#include "testing/faults_on.h"
#include "testing/shop.h"

static const char one_post[] =
        "POST /things HTTP/1.1\r\nHost: shop:1\r\nConnection: close\r\n" JSON_BODY
        "Idempotency-Key: k\r\nContent-Length: 12\r\n\r\n{\"name\":\"a\"}";

static void begin(void)
{
        shop.faults = faults_of_test(NULL);
        shop_begin();
}

static void end(void)
{
        shop_end();
        faults_close(&shop.faults);
}

/* Sends it, and gives what comes before the connection ends: static. */
static const char *struck(const char *fault)
{
        fault_on(shop.faults, fault);
        return ask(shop.port, one_post);
}

/* Once more with the same key, and no fault. */
static void check_done_once(void)
{
        const char *again;

        check_int(faults_clear(shop.faults), 1);
        check_int(things_count(shop.store), 1);
        again = ask(shop.port, one_post);
        answers(again, 201);
        check_contains(again, "/things/1");
        check_int(things_count(shop.store), 1);
}

static void a_post_that_is_reset_is_done_once(void)
{
        begin();
        check_text(struck("{\"kind\":\"http-reset\"}"), "");
        check_done_once();
        end();
}

static void a_post_with_half_an_answer_is_done_once(void)
{
        const char *half;

        begin();
        half = struck("{\"kind\":\"http-half-answer\"}");
        answers(half, 201);
        check(!strchr(body_of(half), '}') || !strstr(body_of(half), "}}"));
        check_done_once();
        end();
}

static void a_post_whose_client_gives_up_waiting_is_done_once(void)
{
        int fd;
        int64_t most = clock_mono_us() + 5000000;

        begin();
        fault_on(shop.faults, "{\"kind\":\"http-latency\",\"delay\":\"60s\"}");
        fd = dial(shop.port);
        say_text(fd, one_post);
        while (!things_count(shop.store) && clock_mono_us() < most)
                poll(NULL, 0, 1);
        close(fd);
        /* the row is there a moment before the key is free again */
        while (http_server_in_flight(shop.server) && clock_mono_us() < most)
                poll(NULL, 0, 1);
        check_done_once();
        end();
}

static void a_status_means_that_nothing_was_done(void)
{
        begin();
        answers(struck("{\"kind\":\"http-status\",\"status\":503}"), 503);
        check_int(things_count(shop.store), 0);
        check_int(faults_clear(shop.faults), 1);
        answers(ask(shop.port, one_post), 201);
        check_int(things_count(shop.store), 1);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_post_that_is_reset_is_done_once),
                STORY(a_post_with_half_an_answer_is_done_once),
                STORY(a_post_whose_client_gives_up_waiting_is_done_once),
                STORY(a_status_means_that_nothing_was_done),
                {NULL, NULL},
        };

        log_open("struck", false, LOG_ERROR);
        return check_main(stories, argc, argv);
}
