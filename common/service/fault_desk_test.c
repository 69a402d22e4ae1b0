/* The faults of many pods: who is there, switches at all of them, and those that are away. */
#include "service/fault_desk.h"

#include "testing/conversation.h"
#include "testing/named_hosts.h"

#include <stdatomic.h>

enum { TIMEOUT_MS = 400, PODS = 3, PATIENCE_US = 20 * 1000000 };

/* ---- pods ---- */

static struct http_server *pods[PODS];
static struct arena *arena;
static int port;
static atomic_bool hangs; /* the last one */
static atomic_int posts, deletes;

static int pod_number(const struct http_request *r)
{
        const char *host = http_header(r, "Host");

        return *host == '[' ? 9 : host[strlen("127.0.0.")] - '0';
}

static void answer_post(struct http_request *r, int pod)
{
        struct text body = text_open(r->arena, 100);

        atomic_fetch_add(&posts, 1);
        if (strstr(r->body, "none") || (strstr(r->body, "some") && pod == 2)) {
                http_answer_problem(r, 409, "pod %d has too many faults", pod);
                return;
        }
        text_printf(&body, "{\"id\":%d,\"sent\":%s}", pod, r->body);
        http_answer_body(r, 201, "application/json", &body);
}

static void answer_delete(struct http_request *r, int pod)
{
        struct text body = text_open(r->arena, 100);

        atomic_fetch_add(&deletes, 1);
        if (strcmp(r->path, "/faults/7") == 0) {
                r->answer.status = 204;
        } else if (strcmp(r->path, "/faults") != 0) {
                http_answer_problem(r, 404, "there is no %s at pod %d", r->path, pod);
        } else {
                text_printf(&body, "{\"ended\":%d}", pod);
                http_answer_body(r, 200, "application/json", &body);
        }
}

static enum http_result answer(struct http_request *r, void *arg)
{
        struct text body = text_open(r->arena, 100);
        int pod = pod_number(r);

        (void)arg;
        while (pod == PODS && atomic_load(&hangs))
                poll(NULL, 0, 5);
        if (strcmp(http_header(r, "Authorization"), "Bearer secret") != 0) {
                http_answer_problem(r, 401, "wrong token");
        } else if (strcmp(r->method, "POST") == 0) {
                answer_post(r, pod);
        } else if (strcmp(r->method, "DELETE") == 0) {
                answer_delete(r, pod);
        } else {
                text_printf(&body,
                            "{\"service\":\"order\",\"pod\":\"pod-%d\",\"faults\":[{\"id\":7}],"
                            "\"ended\":[],\"kinds\":[{\"name\":\"cpu\"}]}",
                            pod);
                http_answer_body(r, 200, "application/json", &body);
        }
        return HTTP_ANSWERED;
}

static struct http_server *pod_at(const char *address)
{
        struct http_config config = config_of_test((struct http_handler){.handle = answer});
        struct http_server *server;

        config.address = address;
        config.port = port;
        server = server_of_test(&config);
        port = http_server_port(server);
        return server;
}

static struct admin_places *places;

/* {port} of a list stands for the pods' own. */
static void begin(const char *list, const char *token)
{
        static const char *const addresses[PODS] = {"127.0.0.1", "127.0.0.2", "127.0.0.3"};
        static char file[300];
        struct error error = {0};
        struct text with_port;
        FILE *to;

        arena = arena_open();
        port = 0;
        atomic_store(&hangs, false);
        atomic_store(&posts, 0);
        atomic_store(&deletes, 0);
        for (int i = 0; i < PODS; i++)
                pods[i] = pod_at(addresses[i]);
        snprintf(file, sizeof file, "%s/token", check_directory());
        to = fopen(file, "we");
        fprintf(to, "%s\n", token);
        fclose(to);
        with_port = text_open(arena, 100);
        for (const char *c = list; *c; c++)
                if (*c == '*')
                        text_int(&with_port, port);
                else
                        text_char(&with_port, *c);
        places = admin_places_open(with_port.at, file, TIMEOUT_MS, &error);
        check_text(error.text, "");
}

static void end(void)
{
        atomic_store(&hangs, false);
        admin_places_close(&places);
        for (int i = 0; i < PODS; i++)
                if (pods[i])
                        http_server_close(&pods[i], 3000);
        arena_close(&arena);
}

static const char *list_now(void)
{
        struct text out = text_open(arena, 1000);

        fault_desk_list(places, &out);
        return out.at;
}

/* "201 {...}", of a switch. */
static const char *do_it(void (*run)(struct errand *), const char *service, const char *fault,
                         const char *id, const char *pod)
{
        struct errand *e = errand_new(run);
        struct fault_order order = {.places = places,
                                    .client = "10.1.2.3",
                                    .service = service,
                                    .fault = fault,
                                    .fault_len = fault ? strlen(fault) : 0,
                                    .id = id,
                                    .pod = pod};
        struct arena *of_errand = e->arena;
        const char *said;

        e->arg = &order;
        e->run(e);
        said = arena_printf(arena, "%d %s", e->status, e->problem ? e->problem : e->body.at);
        arena_close(&of_errand);
        return said;
}

static const char *post(const char *fault)
{
        return do_it(fault_desk_begin, "order", fault, NULL, NULL);
}

static int count_of(const char *text, const char *part)
{
        int count = 0;

        while ((text = strstr(text, part))) {
                count++;
                text++;
        }
        return count;
}

/* ---- stories ---- */

static void all_pods_of_a_name_are_shown(void)
{
        const char *said;

        begin("order=http://pods:*,product=http://twice:*", "secret");
        said = list_now();
        check_contains(said, "\"services\":[{\"name\":\"order\",\"places\":[{");
        check_contains(said, arena_printf(arena,
                                          "{\"url\":\"http://127.0.0.2:%d\",\"pod\":\"pod-2\","
                                          "\"status\":\"UP\",\"why\":null,\"faults\":[{\"id\":7}],"
                                          "\"ended\":[],\"kinds\":[{\"name\":\"cpu\"}]}",
                                          port));
        check_contains(said, "]},{\"name\":\"product\",\"places\":[{");
        check_int(count_of(said, "\"pod\":\"pod-1\""), 2); /* one of order, one of product */
        check_int(count_of(said, "\"url\""), PODS + 1);
        end();
}

static void the_addresses_of_one_version_of_ip_are_one_pod_each(void)
{
        struct http_server *six;
        const char *said;

        begin("order=http://both:*", "secret");
        said = list_now(); /* nobody at ::1 */
        check_int(count_of(said, "\"url\""), 1);
        check_contains(said, "\"pod\":\"pod-1\"");
        six = pod_at("::1");
        check_int(count_of(list_now(), "\"url\""), 1); /* the same pod, were it asked twice */
        http_server_close(&pods[0], 3000);
        said = list_now();
        check_int(count_of(said, "\"url\""), 1);
        check_contains(said, "\"url\":\"http://[::1]:");
        check_contains(said, "\"pod\":\"pod-9\"");
        http_server_close(&six, 3000);
        end();
}

static void a_place_that_is_away_says_why_and_delays_nobody(void)
{
        int64_t began;
        const char *said;

        begin("order=http://pods:*,none=http://none:*,none2=http://127.0.0.1:1,product=http://"
              "stuck:*",
              "secret");
        pthread_mutex_lock(&stuck);
        atomic_store(&hangs, true);
        began = clock_mono_us();
        said = list_now();
        check(clock_mono_us() - began < PATIENCE_US);
        check_int(count_of(said, "\"status\":\"UP\""), 2);
        check_contains(said, "timed out");
        check_contains(
                said,
                "\"pod\":null,\"status\":\"AWAY\",\"why\":\"the name server does not answer\"");
        check_contains(said, "\"why\":\"Name or service not known\"");
        check_contains(
                said, "\"name\":\"none2\",\"places\":[{\"url\":\"http://127.0.0.1:1\",\"pod\":null,"
                      "\"status\":\"AWAY\"");
        pthread_mutex_unlock(&stuck);
        end();
}

static void places_close_while_a_name_is_looked_up(void)
{
        begin("order=http://stuck:*", "secret");
        pthread_mutex_lock(&stuck);
        check_contains(list_now(), "the name server does not answer");
        end();
        pthread_mutex_unlock(&stuck);
}

static void a_switch_reaches_all_pods(void)
{
        const char *said;

        begin("order=http://pods:*", "secret");
        said = post("{\"kind\":\"cpu\"}");
        check_contains(said, "201 {\"service\":\"order\",\"places\":[{\"url\":");
        check_int(count_of(said, "\"status\":201,\"fault\":{\"id\":"), PODS);
        check_contains(said, "\"pod\":\"pod-3\",\"status\":201,\"fault\":{\"id\":3,\"sent\":{"
                             "\"kind\":\"cpu\"}}}");
        check_int(atomic_load(&posts), PODS);
        end();
}

static void a_switch_that_some_take_is_told_place_by_place(void)
{
        const char *said;

        begin("order=http://pods:*", "secret");
        atomic_store(&hangs, true);
        said = post("{\"kind\":\"some\"}");
        check_contains(said, "201 {");
        check_contains(said, "\"pod\":\"pod-1\",\"status\":201,\"fault\":{\"id\":1,");
        check_contains(said, "\"pod\":\"pod-2\",\"status\":409,\"problem\":{");
        check_contains(said, "pod 2 has too many faults");
        check_contains(said, "\"pod\":null,\"status\":null,\"why\":\"");
        check_int(atomic_load(&posts), 2); /* who did not answer is not asked to begin anything */
        end();
}

static void a_switch_that_none_takes_is_refused_in_their_words(void)
{
        begin("order=http://pods:*", "secret");
        check_contains(post("{\"kind\":\"none\"}"), "409 {");
        check_contains(post("{\"kind\":\"none\"}"), "pod 1 has too many faults");
        end();
        begin("order=http://127.0.0.1:1", "secret");
        check_contains(post("{}"), "502 nobody did it: http://127.0.0.1:1: ");
        end();
        begin("order=http://pods:*", "another");
        check_contains(post("{}"), "502 nobody did it: ");
        check_contains(post("{}"), "it answers 401: wrong token");
        check_int(atomic_load(&posts), 0);
        end();
        begin("order=http://pods:*", "");
        check_contains(list_now(), "MALL_ADMIN_TOKEN_FILE");
        check_contains(post("{}"), "is empty");
        end();
}

static void all_faults_end(void)
{
        const char *said;

        begin("order=http://pods:*,product=http://twice:*,gateway=http://127.0.0.1:1", "secret");
        said = do_it(fault_desk_end, NULL, NULL, NULL, NULL);
        check_contains(said, "200 {\"ended\":7,\"places\":[{\"service\":\"order\",");
        check_contains(said, "{\"service\":\"gateway\",\"url\":\"http://127.0.0.1:1\",\"pod\":null,"
                             "\"status\":null,\"why\":\"");
        check_contains(do_it(fault_desk_end, "order", NULL, NULL, NULL), "200 {\"ended\":6,");
        check_contains(do_it(fault_desk_end, "gateway", NULL, NULL, NULL), "502 ");
        end();
}

static void one_fault_ends_at_its_pod(void)
{
        begin("order=http://pods:*,product=http://twice:*", "secret");
        check_text(do_it(fault_desk_end, "order", NULL, "7", "pod-2"), "200 {\"ended\":1}");
        check_int(atomic_load(&deletes), 1);
        check_contains(do_it(fault_desk_end, "order", NULL, "8", "pod-2"), "404 {");
        check_contains(do_it(fault_desk_end, "order", NULL, "7", "pod-5"),
                       "404 order has no pod pod-5");
        check_contains(do_it(fault_desk_end, "order", NULL, "7", NULL), "400 order has 3 places");
        check_text(do_it(fault_desk_end, "product", NULL, "7", NULL), "200 {\"ended\":1}");
        check_int(atomic_load(&deletes), 3);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(all_pods_of_a_name_are_shown),
                STORY(the_addresses_of_one_version_of_ip_are_one_pod_each),
                STORY(a_place_that_is_away_says_why_and_delays_nobody),
                STORY(places_close_while_a_name_is_looked_up),
                STORY(a_switch_reaches_all_pods),
                STORY(a_switch_that_some_take_is_told_place_by_place),
                STORY(a_switch_that_none_takes_is_refused_in_their_words),
                STORY(all_faults_end),
                STORY(one_fault_ends_at_its_pod),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
