/* Requests whose answers take waiting. */
#include "service/errands.h"

#include "testing/conversation.h"
#include "testing/quiet_streams.h"

#include <stdatomic.h>

static struct errands *errands;
static struct http_server *server;
static atomic_bool holds; /* /wait */
static atomic_int asked, done, waiting;

static void run(struct errand *e)
{
        atomic_fetch_add(&waiting, strcmp(e->arg, "/wait") == 0);
        while (strcmp(e->arg, "/wait") == 0 && atomic_load(&holds))
                poll(NULL, 0, 5);
        atomic_fetch_add(&done, 1);
        e->status = strcmp(e->arg, "/bad") == 0 ? 409 : 201;
        if (e->status == 409)
                e->problem = "not twice";
        text_printf(&e->body, "{\"path\":\"%s\"}", (const char *)e->arg);
}

static enum http_result handle(struct http_request *r, void *arg)
{
        struct errand *e = errand_new(run);

        (void)arg;
        atomic_fetch_add(&asked, 1);
        e->arg = arena_string(e->arena, r->path);
        return errand_begin(errands, e, r);
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        errand_finish(r);
}

static void gone(struct http_request *r, void *arg)
{
        (void)arg;
        errand_gone(r);
}

static struct http_streams streams;

static void begin(int threads, int most)
{
        struct http_config config =
                config_of_test((struct http_handler){handle, finish, NULL, &streams});

        streams = quiet_streams(100000, gone);
        atomic_store(&holds, true);
        atomic_store(&asked, 0);
        atomic_store(&done, 0);
        atomic_store(&waiting, 0);
        errands = errands_open("errands", threads, most);
        server = server_of_test(&config);
}

static void end(void)
{
        atomic_store(&holds, false);
        check_int(http_server_close(&server, 5000), 0);
        errands_close(&errands);
}

static const char *get(const char *path)
{
        char request[200];

        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                 path);
        return ask(http_server_port(server), request);
}

static int ask_and_wait(void)
{
        int fd = dial(http_server_port(server));

        say_text(fd, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
        return fd;
}

static void until(atomic_int *count, int most)
{
        int64_t limit = clock_mono_us() + ANSWER_MS * 1000;

        while (atomic_load(count) < most && clock_mono_us() < limit)
                poll(NULL, 0, 5);
}

static void an_errand_is_the_answer(void)
{
        const char *said;

        begin(2, 10);
        said = get("/here");
        check_int(status_of(said), 201);
        check_contains(said, "Content-Type: application/json\r\n");
        check_contains(said, "Cache-Control: no-store\r\n");
        check_contains(said, "{\"path\":\"/here\"}");
        said = get("/bad");
        check_int(status_of(said), 409);
        check_contains(said, "not twice");
        end();
}

static void one_that_waits_holds_up_nobody(void)
{
        int fd;

        begin(2, 10);
        fd = ask_and_wait();
        for (int i = 0; i < 20; i++)
                check_int(status_of(get("/")), 201);
        close(fd);
        end();
}

static void no_more_than_so_many_at_a_time(void)
{
        const char *said;
        int fd;

        begin(1, 1);
        fd = ask_and_wait();
        until(&waiting, 1);
        said = get("/");
        check_int(status_of(said), 503);
        check_contains(said, "Retry-After: 1\r\n");
        close(fd);
        end();
}

static void who_hangs_up_has_it_done_all_the_same(void)
{
        struct linger reset = {1, 0};

        begin(2, 20);
        for (int i = 0; i < 12; i++) {
                int fd = ask_and_wait();

                if (i % 2)
                        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
                until(&asked, i + 1);
                close(fd);
        }
        atomic_store(&holds, false);
        check_int(status_of(get("/")), 201);
        end();
        check_int(atomic_load(&done), 13);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_errand_is_the_answer),
                STORY(one_that_waits_holds_up_nobody),
                STORY(no_more_than_so_many_at_a_time),
                STORY(who_hangs_up_has_it_done_all_the_same),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
