/* The pods of many services: found in the order of the list, and asked. Names with many addresses
   are in fault_desk_test. */
#include "service/admin_places.h"

#include "testing/conversation.h"

#include <stdatomic.h>

enum { TIMEOUT_MS = 2000 };

static struct http_server *pod;
static struct admin_places *places;
static struct arena *arena;
static struct error error;
static char file[300];
static atomic_int posts;

static enum http_result answer(struct http_request *r, void *arg)
{
        struct text body = text_open(r->arena, 100);

        (void)arg;
        if (strcmp(http_header(r, "Authorization"), "Bearer first") != 0 &&
            strcmp(http_header(r, "Authorization"), "Bearer second") != 0) {
                http_answer_problem(r, 401, "wrong token");
                return HTTP_ANSWERED;
        }
        if (strcmp(r->method, "POST") == 0) {
                atomic_fetch_add(&posts, 1);
                text_printf(&body, "{\"said\":\"%s\",\"path\":\"%s\"}", r->body, r->path);
        } else if (strncmp(r->path, "/none/", 6) == 0) {
                text_string(&body, "{\"faults\":7}");
        } else if (strncmp(r->path, "/text/", 6) == 0) {
                text_string(&body, "hello");
        } else {
                text_string(&body, "{\"pod\":\"one\",\"faults\":[]}");
        }
        http_answer_body(r, 200, "application/json", &body);
        return HTTP_ANSWERED;
}

static void write_token(const char *token)
{
        FILE *to = fopen(file, "we");

        check(to && fputs(token, to) >= 0 && fclose(to) == 0);
}

/* {port}: * in the list. */
static void begin(const char *list)
{
        struct http_config config = config_of_test((struct http_handler){.handle = answer});
        struct text with_port;

        arena = arena_open();
        atomic_store(&posts, 0);
        pod = server_of_test(&config);
        with_port = text_open(arena, 200);
        for (; *list; list++)
                if (*list == '*')
                        text_int(&with_port, http_server_port(pod));
                else
                        text_char(&with_port, *list);
        snprintf(file, sizeof file, "%s/token", check_directory());
        write_token("first\n");
        places = admin_places_open(with_port.at, file, TIMEOUT_MS, &error);
        check(places != NULL);
}

static void end(void)
{
        admin_places_close(&places);
        check(!places);
        admin_places_close(&places);
        http_server_close(&pod, 3000);
        arena_close(&arena);
}

static void a_list_that_is_none_is_refused(void)
{
        static const char *const wrong[] = {"order", "order=", "order=localhost:1", "=http://a"};

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                error.kind = ERROR_NONE;
                check(!admin_places_open(wrong[i], NULL, TIMEOUT_MS, &error));
                check_int(error.kind, ERROR_BAD_INPUT);
        }
}

static void the_places_of_a_service_lie_beside_each_other(void)
{
        struct admin_found found;

        begin("order=http://127.0.0.1:*,product=http://127.0.0.1:*/below,order=http://[::1]:1");
        check(admin_places_know(places, "order") && admin_places_know(places, "product"));
        check(!admin_places_know(places, "orde") && !admin_places_know(places, "delivery"));
        found = admin_places_look(places, NULL, arena);
        check_int((int64_t)found.count, 3);
        check_text(found.at[0].service, "order");
        check_text(found.at[0].pod, "one");
        check(!found.at[0].why);
        check_text(found.at[1].service, "order");
        check_text(found.at[1].url, "http://[::1]:1");
        check(found.at[1].why && !found.at[1].status && !found.at[1].pod);
        check_text(found.at[2].service, "product");
        check(!found.at[2].why);
        check_int((int64_t)admin_places_look(places, "product", arena).count, 1);
        check_int((int64_t)admin_places_look(places, "delivery", arena).count, 0);
        end();
}

static void who_answers_something_else_is_away(void)
{
        struct admin_found found;

        begin("a=http://127.0.0.1:*/none,b=http://127.0.0.1:*/text");
        found = admin_places_look(places, NULL, arena);
        check_int((int64_t)found.count, 2);
        for (int i = 0; i < 2; i++)
                check_text(found.at[i].why, "it answers 200 without faults");
        write_token("another");
        check_text(admin_places_look(places, "a", arena).at[0].why, "it answers 401: wrong token");
        end();
}

static void the_token_is_read_anew(void)
{
        begin("a=http://127.0.0.1:*");
        check(!admin_places_look(places, NULL, arena).at[0].why);
        write_token("second");
        check(!admin_places_look(places, NULL, arena).at[0].why);
        write_token("");
        check_contains(admin_places_look(places, NULL, arena).at[0].why, "is empty");
        end();
}

static void a_question_goes_to_those_that_are_meant(void)
{
        struct admin_question q = {
                .method = "POST", .path = "/faults", .sent = "hello", .sent_len = 5};
        struct admin_found found;

        begin("a=http://127.0.0.1:*,a=http://127.0.0.1:1");
        found = admin_places_look(places, NULL, arena);
        check_int((int64_t)admin_places_ask(places, &found, &q, arena), 1); /* who is away is not */
        check_int(found.at[0].status, 200);
        check_text(json_member(found.at[0].said, "said")->text, "hello");
        check_text(json_member(found.at[0].said, "path")->text, "/faults");
        q.pod = "two";
        check_int((int64_t)admin_places_ask(places, &found, &q, arena), 0);
        q.pod = "one";
        check_int((int64_t)admin_places_ask(places, &found, &q, arena), 1);
        q.pod = NULL;
        q.also_away = true;
        check_int((int64_t)admin_places_ask(places, &found, &q, arena), 2);
        check(found.at[1].why != NULL);
        check_int(atomic_load(&posts), 3);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_list_that_is_none_is_refused),
                STORY(the_places_of_a_service_lie_beside_each_other),
                STORY(who_answers_something_else_is_away),
                STORY(the_token_is_read_anew),
                STORY(a_question_goes_to_those_that_are_meant),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
