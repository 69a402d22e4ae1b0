/* The admin listener, asked over real sockets: what it does, whom it refuses, what it says of bad
   input. */
#include "base/faults_kinds.h"
#include "base/json.h"
#include "service/admin_guard.h"
#include "testing/admin_stage.h"

#include <pthread.h>
#include <sys/stat.h>

static void it_is_off_unless_the_port_is_set(void)
{
        struct stage s = {.p.daemon = &service, .arena = arena_open()};
        char name[] = "things", *argv[] = {name, NULL}, *none[] = {NULL};

        s.p.config = config_open(settings_of(1, NULL, s.arena), 1, argv, none, &s.error);
        check(admin_faults(&s.p) == NULL);
        check_text(config_text(s.p.config, "admin-address"), "127.0.0.1");
        admin_close(&s.admin);
        end(&s);
}

static void a_fault_begins_is_shown_and_ends(void)
{
        struct stage s = stage_of(NULL, NULL);
        const char *answer;

        begin(&s);
        answer = posted(&s, "{\"kind\":\"not-ready\",\"duration\":\"10s\"}");
        check_int(status_of(answer), 201);
        check_contains(answer, "\r\nLocation: /faults/1\r\n");
        check_contains(answer, "\"kind\":\"not-ready\"");
        check(faults_may(s.p.faults, FAULT_NOT_READY));
        answer = asked(&s, "GET /faults", "", "");
        check_int(status_of(answer), 200);
        check_contains(answer,
                       "{\"service\":\"things\",\"pod\":\"things-1\",\"faults\":[{\"id\":1,");
        check_contains(answer, "\"kinds\":[{\"name\":\"http-latency\"");
        check_contains(answer, "\r\nCache-Control: no-store\r\n");
        check(!strstr(answer, "slow-disk")); /* which this daemon has not */
        check_int(status_of(asked(&s, "GET /faults/1", "", "")), 200);
        check_int(status_of(asked(&s, "GET /faults/01", "", "")), 404);
        check_int(status_of(asked(&s, "DELETE /faults/1", "", "")), 204);
        check(!faults_may(s.p.faults, FAULT_NOT_READY));
        check_int(status_of(asked(&s, "DELETE /faults/1", "", "")), 404);
        check_int(status_of(asked(&s, "GET /faults/1", "", "")), 404);
        end(&s);
}

static void all_end_at_once(void)
{
        struct stage s = stage_of(NULL, NULL);

        begin(&s);
        posted(&s, "{\"kind\":\"not-ready\"}");
        posted(&s, "{\"kind\":\"not-alive\"}");
        check_contains(asked(&s, "DELETE /faults", "", ""), "{\"ended\":2}");
        check_contains(asked(&s, "DELETE /faults", "", ""), "{\"ended\":0}");
        check_contains(asked(&s, "GET /faults", "", ""), "\"faults\":[]");
        end(&s);
}

static const struct {
        const char *line, *fields, *body;
        int status;
        const char *said;
} bad_input[] = {
        {"POST /faults", json_field, "", 400, "\"detail\""},
        {"POST /faults", json_field, "{\"kind\":", 400, "byte"},
        {"POST /faults", json_field, "[]", 400, "an array and not an object"},
        {"POST /faults", json_field, "null", 400, "not an object"},
        {"POST /faults", json_field, "{}", 400, "\"member\":\"kind\""},
        {"POST /faults", json_field, "{\"kind\":\"slow-disk\"}", 400, "http-latency, http-status"},
        {"POST /faults", json_field, "{\"kind\":\"not-ready\",\"duration\":\"2h\"}", 400,
         "\"member\":\"duration\""},
        {"POST /faults", "", "{\"kind\":\"not-ready\"}", 415, "application/json"},
        {"POST /faults", "Content-Type: text/plain\r\n", "{\"kind\":\"not-ready\"}", 415,
         "application/json"},
        {"POST /faults", "Content-Type: application/x-www-form-urlencoded\r\n", "kind=not-ready",
         415, "application/json"},
        {"PUT /faults", json_field, "{}", 405, "\r\nAllow: GET,HEAD,POST,DELETE\r\n"},
        {"POST /faults/1", json_field, "{}", 405, "\r\nAllow: GET,HEAD,DELETE\r\n"},
        {"DELETE /openapi.json", "", "", 405, "\r\nAllow: GET,HEAD\r\n"},
        {"OPTIONS /faults", "", "", 405, "\r\nAllow: GET,HEAD,POST,DELETE\r\n"},
        {"GET /", "", "", 404, "/faults and /openapi.json"},
        {"GET /faults/", "", "", 404, "problem+json"},
        {"GET /actuator/health", "", "", 404, "problem+json"},
        {"DELETE /faults/0", "", "", 404, "no fault 0"},
        {"DELETE /faults/01", "", "", 404, "no fault 01"},
        {"DELETE /faults/-1", "", "", 404, "no fault -1"},
        {"DELETE /faults/99999999999999999999", "", "", 404, "no fault 9"},
        {"DELETE /faults/1/2", "", "", 404, "problem+json"},
};

static void bad_input_is_told_what_is_wrong(void)
{
        struct stage s = stage_of(NULL, NULL);

        begin(&s);
        for (size_t i = 0; i < sizeof bad_input / sizeof *bad_input; i++) {
                const char *answer =
                        asked(&s, bad_input[i].line, bad_input[i].fields, bad_input[i].body);

                check_int(status_of(answer), bad_input[i].status);
                check_contains(answer, bad_input[i].said);
                check_contains(answer, "application/problem+json");
        }
        check_contains(asked(&s, "GET /faults", "", ""), "\"faults\":[]");
        end(&s);
}

static void a_long_body_is_refused(void)
{
        struct stage s = stage_of(NULL, NULL);

        begin(&s);
        check_int(status_of(ask(admin_port(s.admin),
                                "POST /faults HTTP/1.1\r\nHost: localhost\r\nConnection: "
                                "close\r\nContent-Length: 1000000\r\n\r\n")),
                  413);
        end(&s);
}

static void nonsense_does_not_end_it(void)
{
        static const char *const said[] = {"\r\n\r\n\r\n",
                                           "\x16\x03\x01\x02\x01\x01\x01\xfc\x03",
                                           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                                           "GET /faults HTTP/9.9\r\n\r\n",
                                           "GET /faults HTTP/1.1\r\n\r\n",
                                           "POST /faults HTTP/1.1\r\nHost: a\r\nContent-Length: "
                                           "5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                                           "DELETE /faults/%00 HTTP/1.1\r\nHost: a\r\n\r\n"};
        struct stage s = stage_of(NULL, NULL);

        begin(&s);
        for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
                int fd = dial(admin_port(s.admin));

                say_text(fd, said[i]);
                shutdown(fd, SHUT_WR);
                close(fd);
        }
        check_int(status_of(asked(&s, "GET /faults", "", "")), 200);
        end(&s);
}

/* ---- who may ask ---- */

static void the_token_is_asked_for(void)
{
        static const struct {
                const char *field;
                int status;
        } rows[] = {
                {"", 401},
                {"Authorization: Bearer\r\n", 401},
                {"Authorization: Bearer \r\n", 401},
                {"Authorization: Bearer s3cre\r\n", 401},
                {"Authorization: Bearer s3cret-\r\n", 401},
                {"Authorization: Bearer s3cret s3cret\r\n", 401},
                {"Authorization: Bearer s3creT\r\n", 401},
                {"Authorization: Bearer s3crets3cret\r\n", 401},
                {"Authorization: Basic s3cret\r\n", 401},
                {"Authorization: s3cret\r\n", 401},
                {"Authorization: Bearer s3cret\r\n", 200},
                {"Authorization: bearer   s3cret\r\n", 200},
        };
        struct stage s = stage_of("--admin-token-file", check_written("token", "s3cret\n"));

        begin(&s);
        check_text(s.error.text, "");
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                const char *answer = asked(&s, "GET /faults", rows[i].field, "");

                check_int(status_of(answer), rows[i].status);
                if (rows[i].status == 401)
                        check_contains(answer, "\r\nWWW-Authenticate: Bearer realm=\"admin\"");
                check(rows[i].status == 200 || !strstr(answer, "s3cret"));
        }
        check_int(status_of(asked(&s, "GET /openapi.json", "", "")), 401);
        check_int(status_of(asked(&s, "GET /nothing", "", "")), 401);
        check_int(status_of(asked(&s, "DELETE /faults", "", "")), 401);
        end(&s);
}

static void a_page_in_a_browser_may_not_ask(void)
{
        struct stage s = stage_of(NULL, NULL);
        char request[300];

        begin(&s);
        check_int(status_of(asked(&s, "GET /faults", "Origin: http://evil.example\r\n", "")), 403);
        check_int(status_of(asked(&s, "GET /faults", "Origin: null\r\n", "")), 403);
        check_int(status_of(asked(&s, "POST /faults",
                                  "Content-Type: application/json\r\nOrigin: http://localhost\r\n",
                                  "{\"kind\":\"not-ready\"}")),
                  403);
        snprintf(request, sizeof request,
                 "GET /faults HTTP/1.1\r\nHost: evil.example:%d\r\nConnection: close\r\n\r\n",
                 admin_port(s.admin));
        check_contains(ask(admin_port(s.admin), request), "not to Host: evil.example");
        check(!faults_may(s.p.faults, FAULT_NOT_READY));
        end(&s);
}

static void a_daemon_that_stops_takes_no_fault(void)
{
        struct stage s = stage_of(NULL, NULL);

        begin(&s);
        atomic_store(&s.p.draining, true);
        check_int(status_of(posted(&s, "{\"kind\":\"not-ready\"}")), 503);
        check(!faults_may(s.p.faults, FAULT_NOT_READY));
        check_int(status_of(asked(&s, "GET /faults", "", "")), 200);
        end(&s);
}

/* ---- its description ---- */

static const struct json *document_of(struct stage *s)
{
        const char *body = strstr(asked(s, "GET /openapi.json", "", ""), "\r\n\r\n");
        const struct json *document;

        check(body);
        document = json_read(s->arena, body + 4, strlen(body + 4), &s->error);
        check_text(s->error.text, "");
        return document;
}

static const struct json *down(const struct json *from, const char *const *names)
{
        for (; from && *names; names++)
                from = json_member(from, *names);
        check(from);
        return from;
}

static void the_description_has_the_kinds_of_the_daemon(void)
{
        static const char *const path[] = {"components", "schemas", "fault-input", "oneOf", NULL};
        struct stage s = stage_of(NULL, NULL);
        int kinds = 0;

        begin(&s);
        for (const struct json *one = down(document_of(&s), path)->first; one; one = one->next) {
                const struct json *properties = json_member(one, "properties");
                const char *name = json_member(json_member(properties, "kind"), "const")->text;
                int kind = 0;

                while (strcmp(fault_rows[kind].name, name) != 0)
                        check(++kind < FAULT_KINDS);
                check_int(!!json_member(properties, "rate"),
                          !!(fault_rows[kind].members & MEMBER_RATE));
                check_int(!!json_member(properties, "eventType"),
                          !!(fault_rows[kind].members & MEMBER_TYPE));
                check_int(!!json_member(properties, "status"),
                          !!(fault_rows[kind].members & MEMBER_STATUS));
                kinds++;
        }
        check_int(kinds, __builtin_popcount(admin_fault_kinds) + 2 + 1);
        /* with a delay, or with p50 and p99 */
        end(&s);
}

/* ---- threads ---- */

static void *tick(void *arg)
{
        struct faults *faults = arg;
        struct injection injection;

        for (int i = 0; i < 200; i++) {
                faults_tick(faults);
                faults_strike(faults, FAULT_NOT_READY, &(struct fault_place){0}, &injection);
        }
        return NULL;
}

static void faults_come_and_go_while_others_ask_for_them(void)
{
        struct stage s = stage_of(NULL, NULL);
        pthread_t thread;

        begin(&s);
        check(pthread_create(&thread, NULL, tick, s.p.faults) == 0);
        for (int i = 0; i < 20; i++) {
                check_int(status_of(posted(&s, "{\"kind\":\"not-ready\"}")), 201);
                check_int(status_of(asked(&s, "DELETE /faults", "", "")), 200);
        }
        pthread_join(thread, NULL);
        end(&s);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(it_is_off_unless_the_port_is_set),
                STORY(a_fault_begins_is_shown_and_ends),
                STORY(all_end_at_once),
                STORY(bad_input_is_told_what_is_wrong),
                STORY(a_long_body_is_refused),
                STORY(nonsense_does_not_end_it),
                STORY(the_token_is_asked_for),
                STORY(a_page_in_a_browser_may_not_ask),
                STORY(a_daemon_that_stops_takes_no_fault),
                STORY(the_description_has_the_kinds_of_the_daemon),
                STORY(faults_come_and_go_while_others_ask_for_them),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
