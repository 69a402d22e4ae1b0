/* Answers that are made at most so often, and only while somebody asks. */
#include "service/fresh.h"

#include "testing/conversation.h"
#include "testing/quiet_streams.h"

#include <stdatomic.h>

static struct stage {
        struct fresh *fresh;
        struct http_server *server;
        struct http_streams streams;
        atomic_int made;
        atomic_bool hangs;
        int takes_ms, rest, unasked_ms;
} stage;

static void make(void *arg, struct text *out)
{
        (void)arg;
        while (atomic_load(&stage.hangs))
                poll(NULL, 0, 5);
        poll(NULL, 0, stage.takes_ms);
        text_printf(out, "{\"made\":%d}", atomic_fetch_add(&stage.made, 1) + 1);
}

static enum http_result handle(struct http_request *r, void *arg)
{
        (void)arg;
        return fresh_answer(stage.fresh, r);
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        fresh_finish(r);
}

static void gone(struct http_request *r, void *arg)
{
        (void)arg;
        fresh_gone(r);
}

static void begin(int every_ms, int linger_ms, bool wait)
{
        struct fresh_config fresh = {.name = "fresh",
                                     .every_ms = every_ms,
                                     .linger_ms = linger_ms,
                                     .unasked_ms = stage.unasked_ms,
                                     .wait = wait,
                                     .first = "{\"made\":0}",
                                     .make = make,
                                     .rest = stage.rest};
        struct http_config config = config_of_test((struct http_handler){handle, finish});

        atomic_store(&stage.made, 0);
        atomic_store(&stage.hangs, false);
        stage.fresh = fresh_open(&fresh);
        stage.streams = quiet_streams(config.max_body, gone);
        config.handler.streams = &stage.streams;
        stage.server = server_of_test(&config);
}

static void end(void)
{
        check_int(http_server_close(&stage.server, 3000), 0);
        fresh_close(&stage.fresh);
}

static const char *get(void)
{
        return ask(http_server_port(stage.server),
                   "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
}

static int get_later(void)
{
        int fd = dial(http_server_port(stage.server));

        say_text(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        return fd;
}

static void wait_for_made(int count)
{
        int64_t until = clock_mono_us() + 5000000;

        while (atomic_load(&stage.made) < count && clock_mono_us() < until)
                poll(NULL, 0, 5);
        check(atomic_load(&stage.made) >= count);
}

static void the_first_waits_and_the_others_do_not(void)
{
        const char *heard;

        begin(60000, 60000, true);
        heard = get();
        check_contains(heard, "{\"made\":1}");
        check_contains(heard, "Cache-Control: no-store\r\n");
        check_contains(heard, "Content-Type: application/json\r\n");
        for (int i = 0; i < 20; i++)
                check_contains(get(), "{\"made\":1}");
        check_int(atomic_load(&stage.made), 1);
        end();
}

static void all_that_wait_get_the_same(void)
{
        enum { MANY = 8 };
        int fd[MANY];
        bool over;

        begin(60000, 60000, true);
        atomic_store(&stage.hangs, true);
        for (int i = 0; i < MANY; i++)
                fd[i] = get_later();
        poll(NULL, 0, 100);
        atomic_store(&stage.hangs, false);
        for (int i = 0; i < MANY; i++) {
                check_contains(hear(fd[i], "made", &over), "{\"made\":1}");
                close(fd[i]);
        }
        end();
}

static void nobody_waits_where_nobody_is_to(void)
{
        begin(1, 60000, false);
        atomic_store(&stage.hangs, true);
        check_contains(get(), "{\"made\":0}");
        check_contains(get(), "{\"made\":0}");
        atomic_store(&stage.hangs, false);
        wait_for_made(2);
        check(!strstr(get(), "{\"made\":0}"));
        end();
}

static void one_that_hangs_is_waited_for_by_nobody_who_has_another(void)
{
        begin(1, 60000, true);
        get();
        atomic_store(&stage.hangs, true);
        poll(NULL, 0, 50);
        check_contains(get(), "{\"made\":");
        atomic_store(&stage.hangs, false);
        end();
}

static void without_questions_none_is_made(void)
{
        int made;

        begin(1, 50, true);
        poll(NULL, 0, 100);
        check_int(atomic_load(&stage.made), 0);
        get();
        wait_for_made(3);
        poll(NULL, 0, 300);
        made = atomic_load(&stage.made);
        poll(NULL, 0, 100);
        check_int(atomic_load(&stage.made), made);
        get();
        check(atomic_load(&stage.made) > made);
        end();
}

static void where_it_is_said_one_is_made_now_and_then_without_questions(void)
{
        int64_t began = clock_mono_us();

        stage.unasked_ms = 40;
        begin(1, 1, false);
        wait_for_made(3);
        check(clock_mono_us() - began >= 2 * 40000);
        end();
        stage.unasked_ms = 0;
}

static void while_somebody_asks_they_are_made_as_often_as_ever(void)
{
        stage.unasked_ms = 3600000;
        begin(1, 60000, true);
        wait_for_made(1); /* nobody has asked */
        get();
        wait_for_made(4);
        end();
        stage.unasked_ms = 0;
}

static void what_takes_long_is_made_less_often(void)
{
        int64_t began;

        stage.takes_ms = 60;
        stage.rest = 3;
        begin(1, 60000, true);
        began = clock_mono_us();
        get();
        wait_for_made(3);
        check(clock_mono_us() - began >= 2 * 4 * 60000);
        end();
        stage.takes_ms = stage.rest = 0;
}

/* By an orderly close, and by a reset while the library still asks for the answer. */
static void who_hangs_up_while_it_waits_disturbs_nobody(void)
{
        struct linger reset = {1, 0};
        int fd;
        bool over;

        begin(60000, 60000, true);
        atomic_store(&stage.hangs, true);
        for (int i = 0; i < 10; i++) {
                fd = get_later();
                if (i % 2)
                        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
                poll(NULL, 0, i % 3 * 20);
                close(fd);
        }
        fd = get_later();
        poll(NULL, 0, 50);
        atomic_store(&stage.hangs, false);
        check_contains(hear(fd, "made", &over), "{\"made\":1}");
        close(fd);
        end();
}

static const char *number(int made)
{
        static char text[30];

        snprintf(text, sizeof text, "{\"made\":%d}", made);
        return text;
}

static void after_a_hurry_only_a_newer_one_is_given(void)
{
        begin(60000, 60000, true);
        check_contains(get(), "{\"made\":1}");
        for (int i = 2; i < 6; i++) {
                fresh_hurry(stage.fresh);
                check_contains(get(), number(i));
                check_contains(get(), number(i));
        }
        check_int(atomic_load(&stage.made), 5);
        end();
}

/* One that waits from before the hurry gets the one under way, one from after it the next. */
static void one_that_was_begun_before_the_hurry_is_too_old(void)
{
        int before, after;
        bool over;

        begin(60000, 1, true); /* it lingers less than a making takes */
        atomic_store(&stage.hangs, true);
        before = get_later();
        poll(NULL, 0, 100);
        fresh_hurry(stage.fresh);
        after = get_later();
        poll(NULL, 0, 100);
        atomic_store(&stage.hangs, false);
        check_contains(hear(before, "made", &over), "{\"made\":");
        check_contains(hear(after, "made", &over), "{\"made\":2}");
        close(before);
        close(after);
        end();
}

static void nobody_waits_for_ever_after_a_hurry_and_a_close(void)
{
        begin(60000, 60000, true);
        get();
        fresh_hurry(stage.fresh);
        fresh_hurry(stage.fresh);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_first_waits_and_the_others_do_not),
                STORY(all_that_wait_get_the_same),
                STORY(nobody_waits_where_nobody_is_to),
                STORY(one_that_hangs_is_waited_for_by_nobody_who_has_another),
                STORY(without_questions_none_is_made),
                STORY(where_it_is_said_one_is_made_now_and_then_without_questions),
                STORY(while_somebody_asks_they_are_made_as_often_as_ever),
                STORY(what_takes_long_is_made_less_often),
                STORY(who_hangs_up_while_it_waits_disturbs_nobody),
                STORY(after_a_hurry_only_a_newer_one_is_given),
                STORY(one_that_was_begun_before_the_hurry_is_too_old),
                STORY(nobody_waits_for_ever_after_a_hurry_and_a_close),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
