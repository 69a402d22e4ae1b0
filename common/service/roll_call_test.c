/* Daemons asked how they are: those that answer, that answer nonsense, that hang, that are not
   there. */
#include "service/roll_call.h"

#include "testing/conversation.h"

#include <stdatomic.h>

enum { TIMEOUT_MS = 400 };

/* What the one that is asked answers; NULL: 404. A lone "-": it never answers. */
static const char *_Atomic health, *_Atomic info, *_Atomic metrics;
static atomic_int health_status;
static atomic_bool hangs;
static atomic_int metrics_asked;
static struct arena *arena;

static enum http_result answer(struct http_request *r, void *arg)
{
        const char *text = strcmp(r->path, "/actuator/health") == 0 ? health
                           : strcmp(r->path, "/actuator/info") == 0 ? info
                                                                    : metrics;
        struct text body = text_open(r->arena, 100);

        (void)arg;
        if (strcmp(r->path, "/actuator/prometheus") == 0)
                atomic_fetch_add(&metrics_asked, 1);
        while (text && strcmp(text, "-") == 0 && atomic_load(&hangs))
                poll(NULL, 0, 5);
        if (!text) {
                http_answer_problem(r, 404, "none");
                return HTTP_ANSWERED;
        }
        text_string(&body, text);
        http_answer_body(r, text == health ? health_status : 200, "application/json", &body);
        return HTTP_ANSWERED;
}

static struct place *places_of(const char *list, int port)
{
        struct error error = {0};
        struct place *places = places_read(arena, list, port, &error);

        check_text(error.text, "");
        return places;
}

/* Asks the server, and one that is not there. */
static const struct called *call(void)
{
        struct http_config config = config_of_test((struct http_handler){.handle = answer});
        struct http_server *server;
        struct fetcher *fetcher = fetcher_open(100, TIMEOUT_MS);
        const struct called *called;

        config.threads = 3;
        server = server_of_test(&config);
        atomic_store(&hangs, true);
        called = roll_call(
                fetcher,
                places_of(arena_printf(arena, "order=http://127.0.0.1:%d,none=http://127.0.0.1:1",
                                       http_server_port(server)),
                          0),
                arena);
        atomic_store(&hangs, false);
        fetcher_close(&fetcher);
        http_server_close(&server, 2000);
        return called;
}

static void one_that_is_up_says_all_about_itself(void)
{
        const struct called *c;

        health = "{\"status\":\"UP\"}";
        health_status = 200;
        info = "{\"build\":{\"name\":\"order\",\"version\":\"1.2\"},\"git\":{\"commit\":{\"id\":"
               "\"abc\"}},"
               "\"pod\":\"order-1\",\"mall\":{\"store\":\"sqlite\"},\"faults\":[{\"id\":3}]}";
        metrics = "# HELP mall_outbox_pending x\nmall_outbox_pending 7\nmall_outbox_pending_not 9\n"
                  "kafka_consumer_records_lag{topic=\"mall\",partition=\"0\"} 3\n"
                  "kafka_consumer_records_lag{topic=\"mall\",partition=\"1\"} 4\n";
        c = call();
        check_text(c->status, "UP");
        check(!c->why);
        check_text(c->version, "1.2");
        check_text(c->commit, "abc");
        check_text(c->pod, "order-1");
        check_text(json_member(c->mall, "store")->text, "sqlite");
        check_text(json_member(c->faults->first, "id")->text, "3");
        check_int(c->outbox, 7);
        check_int(c->lag, 7);
        check_text(c[1].status, "AWAY");
        check_contains(c[1].why, "connect");
        check(!c[1].version && !c[1].mall && !c[1].faults);
        check_int(c[1].outbox, -1);
}

static void a_number_that_is_none_is_bounded(void)
{
        const struct called *c;

        health = "{\"status\":\"UP\"}";
        health_status = 200;
        metrics = "mall_outbox_pending{store=\"a\"} 9e18\nmall_outbox_pending{store=\"b\"} 9e18\n"
                  "kafka_consumer_records_lag{partition=\"0\"} NaN\n"
                  "kafka_consumer_records_lag{partition=\"1\"} -5\n"
                  "kafka_consumer_records_lag{partition=\"2\"} 4\n";
        c = call();
        check_int(c->outbox, 1000000000000000);
        check_int(c->lag, 4);
        metrics = "mall_outbox_pending +Inf\nkafka_consumer_records_lag -Inf\n";
        c = call();
        check_int(c->outbox, 1000000000000000);
        check_int(c->lag, 0);
}

static void one_that_is_down_says_why(void)
{
        const struct called *c;

        health = "{\"status\":\"DOWN\",\"components\":{\"bus\":{\"status\":\"DOWN\",\"details\":{"
                 "\"error\":"
                 "\"damaged\"}}}}";
        health_status = 503;
        info = metrics = NULL;
        c = call();
        check_text(c->status, "DOWN");
        check_text(c->why, "damaged");
        check(!c->pod);
        check_int(c->lag, -1);
}

static void what_cannot_be_read_is_away(void)
{
        static const char *const answers[] = {"", "nonsense", "[]", "{\"status\":1}", "{}"};

        health_status = 200;
        info = "nonsense";
        metrics = "mall_outbox_pending\nkafka_consumer_records_lag{";
        for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
                const struct called *c;

                health = answers[i];
                c = call();
                check_text(c->status, "AWAY");
                check_contains(c->why, "200");
                check_int(c->outbox, -1);
                check_int(c->lag, 0);
        }
        health = NULL;
        check_contains(call()->why, "404");
}

static void one_that_hangs_is_away_at_the_deadline(void)
{
        int64_t began = clock_mono_us();
        const struct called *c;

        health = "-";
        info = "{\"pod\":\"order-1\"}";
        c = call();
        check(clock_mono_us() - began < 10 * TIMEOUT_MS * 1000);
        check_text(c->status, "AWAY");
        check_contains(c->why, "timed out");
}

static void one_that_hides_its_metrics_is_asked_for_them_once_until_it_was_away(void)
{
        struct http_config config = config_of_test((struct http_handler){.handle = answer});
        struct http_server *server = server_of_test(&config);
        struct fetcher *fetcher = fetcher_open(100, TIMEOUT_MS);
        struct place *places = places_of(
                arena_printf(arena, "gateway=http://127.0.0.1:%d", http_server_port(server)), 0);
        static const struct {
                bool is_there;
                int asked;
        } calls[] = {{true, 1}, {true, 1}, {false, 1}, {true, 2}, {true, 2}};

        info = metrics = NULL;
        health_status = 200;
        atomic_store(&metrics_asked, 0);
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
                health = calls[i].is_there ? "{\"status\":\"UP\"}" : NULL;
                check_int(roll_call(fetcher, places, arena)->outbox, -1);
                check_int(atomic_load(&metrics_asked), calls[i].asked);
        }
        fetcher_close(&fetcher);
        http_server_close(&server, 2000);
}

static void places_are_a_list(void)
{
        struct place *p =
                places_of("order=http://a:1, delivery=http://b/x,,product=http://[::1]:2", 0);
        struct error error = {0};
        static const char *const wrong[] = {
                "order", "=http://a", "order=", "order=a:1", "order=https://a", "a=http://b,c"};

        check_text(p[0].name, "order");
        check_text(p[0].actuator, "http://a:1");
        check_text(p[1].url, "http://b/x");
        check_text(p[2].url, "http://[::1]:2");
        check(!p[3].name);
        check(!places_of("", 0)->name);
        p = places_of("a=http://a:1,b=http://b,c=http://[::1]:2,d=http://[::1],e=http://e:5/x", 9);
        check_text(p[0].actuator, "http://a:9");
        check_text(p[0].url, "http://a:1");
        check_text(p[1].actuator, "http://b:9");
        check_text(p[2].actuator, "http://[::1]:9");
        check_text(p[3].actuator, "http://[::1]:9");
        check_text(p[4].actuator, "http://e:9");
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                error.kind = ERROR_NONE;
                check(!places_read(arena, wrong[i], 0, &error));
                check_int(error.kind, ERROR_BAD_INPUT);
        }
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(one_that_is_up_says_all_about_itself),
                STORY(a_number_that_is_none_is_bounded),
                STORY(one_that_is_down_says_why),
                STORY(what_cannot_be_read_is_away),
                STORY(one_that_hangs_is_away_at_the_deadline),
                STORY(one_that_hides_its_metrics_is_asked_for_them_once_until_it_was_away),
                STORY(places_are_a_list),
                {NULL, NULL},
        };
        int status;

        arena = arena_open();
        status = check_main(stories, argc, argv);
        arena_close(&arena);
        return status;
}
