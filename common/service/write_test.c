/* Writes that depend on what is there: ETags, and requests that come twice. */
#include "base/hash.h"
#include "testing/shop.h"

#include <pthread.h>
#include <stdatomic.h>

static const char *with(const char *header, const char *value)
{
        return arena_printf(shop.arena, JSON_BODY "%s: %s\r\n", header, value);
}

static void an_etag_changes_with_the_row(void)
{
        const char *first, *second;

        shop_begin();
        first = header_of(post("/things", "{\"name\":\"a\"}"), "ETag");
        check_text(header_of(get("/things/1"), "ETag"), first);
        check_text(header_of(call("HEAD", "/things/1", "", NULL), "ETag"), first);
        check_text(header_of(call("PATCH", "/things/1", JSON_BODY, "{\"name\":\"a\"}"), "ETag"),
                   first); /* no change */
        second = header_of(call("PATCH", "/things/1", JSON_BODY, "{\"name\":\"b\"}"), "ETag");
        check(strcmp(first, second) != 0);
        check_text(header_of(get("/things/1"), "ETag"), second);
        check(strcmp(header_of(call("PUT", "/things/1", JSON_BODY, "{\"name\":\"a\"}"), "ETag"),
                     first) != 0); /* nor back to it */
        shop_end();
}

static void who_owns_the_thing_is_asked_and_told(void)
{
        const char *a;

        shop_begin();
        shop_changes = shop_removals = 0;
        answers(post("/things", "{\"name\":\"unsaleable\"}"), 400);
        answers(post("/things", "{\"name\":\"a\"}"), 201);
        answers(call("PATCH", "/things/1", JSON_BODY, "{\"name\":\"unsaleable\"}"), 400);
        answers(call("PUT", "/things/1", JSON_BODY, "{\"name\":\"unsaleable\"}"), 400);
        check_int(shop_changes, 0);
        answers(call("PATCH", "/things/1", JSON_BODY, "{\"name\":\"b\",\"qty\":1}"), 200);
        check_int(shop_changes, 1);
        a = call("PUT", "/things/1", JSON_BODY, "{\"name\":\"c\"}");
        answers(a, 200);
        check_contains(body_of(a), "\"name\":\"c\",\"qty\":null");
        check_contains(get("/things/1"), "\"name\":\"c\",\"qty\":null");
        check_int(shop_changes, 2);
        answers(call("PUT", "/things/1", JSON_BODY, "{\"name\":\"c\"}"), 200); /* nothing new */
        check_int(shop_changes, 2);
        answers(call("DELETE", "/things/1", "Accept: image/png\r\n", NULL),
                204); /* there is no body to like */
        check_int(shop_removals, 1);
        answers(call("DELETE", "/things/1", "", NULL), 404);
        check_int(shop_removals, 1);
        shop_end();
}

/* Nothing is said of a change here, but what could not be said of it later is refused now. */
static void a_change_fits_its_events(void)
{
        const char *large;

        shop_begin();
        large = arena_printf(shop.arena, "{\"name\":\"%0*d\"}", 9990, 1);
        answers(post("/things", "{\"name\":\"a\"}"), 201);
        answers(call("PATCH", "/things/1", JSON_BODY, large), 413);
        answers(call("PUT", "/things/1", JSON_BODY, large), 413);
        check_contains(get("/things/1"), "\"name\":\"a\"");
        answers(call("PATCH", "/things/1", JSON_BODY,
                     arena_printf(shop.arena, "{\"name\":\"%0*d\"}", 9500, 1)),
                200);
        shop_end();
}

static void a_wrong_type_is_told_the_right_ones(void)
{
        const char *a;

        shop_begin();
        answers(post("/things", "{\"name\":\"a\"}"), 201);
        a = call("PATCH", "/things/1", "Content-Type: text/plain\r\n", "{}");
        answers(a, 415);
        check_contains(header_of(a, "Accept-Patch"), "application/merge-patch+json");
        a = call("PUT", "/things/1", "Content-Type: application/json-patch+json\r\n", "{}");
        answers(a, 415);
        check_text(header_of(a, "Accept-Patch"), "none");
        shop_end();
}

static void if_match_guards_a_change(void)
{
        const char *etag;

        shop_begin();
        etag = header_of(post("/things", "{\"name\":\"a\"}"), "ETag");
        answers(call("PATCH", "/things/1", with("If-Match", "\"99\""), "{\"name\":\"b\"}"), 412);
        answers(call("PUT", "/things/1", with("If-Match", "\"99\""), "{\"name\":\"b\"}"), 412);
        answers(call("DELETE", "/things/1", "If-Match: \"99\"\r\n", NULL), 412);
        check_contains(get("/things/1"), "\"name\":\"a\"");
        answers(call("PATCH", "/things/1", with("If-Match", etag), "{\"name\":\"b\"}"), 200);
        answers(call("PATCH", "/things/1", with("If-Match", etag), "{\"name\":\"c\"}"),
                412); /* somebody was quicker */
        check_contains(get("/things/1"), "\"name\":\"b\"");
        answers(call("PUT", "/things/1", with("If-Match", "*"), "{\"name\":\"d\"}"), 200);
        etag = header_of(get("/things/1"), "ETag");
        answers(call("PATCH", "/things/1", with("If-Match", arena_printf(shop.arena, "W/%s", etag)),
                     "{\"name\":\"c\"}"),
                412); /* weak */
        answers(call("PATCH", "/things/1",
                     with("If-Match", arena_printf(shop.arena, "\"99\"\r\nIf-Match: %s", etag)),
                     "{\"name\":\"c\"}"),
                200);
        etag = header_of(get("/things/1"), "ETag");
        answers(call("PATCH", "/things/1", with("If-Match", ""), "{\"name\":\"x\"}"), 412);
        answers(call("PATCH", "/things/1",
                     with("If-None-Match",
                          arena_printf(shop.arena, "\"99\"\r\nIf-None-Match: W/%s", etag)),
                     "{\"name\":\"x\"}"),
                412);
        answers(call("PUT", "/things/7", with("If-Match", "*"), "{\"name\":\"d\"}"),
                412); /* there is none */
        answers(call("PUT", "/things/1", with("If-None-Match", "*"), "{\"name\":\"e\"}"), 412);
        answers(call("PUT", "/things/7", with("If-None-Match", "*"), "{\"name\":\"e\"}"), 201);
        answers(call("DELETE", "/things/1", "If-Match: *\r\n", NULL), 204);
        check_int(things_count(shop.store), 1);
        shop_end();
}

static void if_none_match_saves_a_body(void)
{
        const char *etag, *a;

        shop_begin();
        etag = header_of(post("/things", "{\"name\":\"a\"}"), "ETag");
        a = call("GET", "/things/1", arena_printf(shop.arena, "If-None-Match: \"7\", %s\r\n", etag),
                 NULL);
        answers(a, 304);
        check_text(body_of(a), "");
        check_text(header_of(a, "ETag"), etag);
        check_text(header_of(a, "Content-Length"),
                   header_of(get("/things/1"), "Content-Length")); /* or none: RFC 9110, 8.6 */
        check_text(header_of(a, "Content-Type"), "none");
        answers(call("GET", "/things/1", "If-None-Match: *\r\n", NULL), 304);
        answers(call("GET", "/things/1",
                     arena_printf(shop.arena, "If-None-Match: \"7\"\r\nif-none-match: W/%s\r\n",
                                  etag),
                     NULL),
                304);
        answers(call("GET", "/things/1", "If-None-Match: \"7\"\r\n", NULL), 200);
        shop_end();
}

static void a_key_makes_one_row(void)
{
        const char *first, *again;

        shop_begin();
        first = call("POST", "/things", with("Idempotency-Key", "k-1"), "{\"name\":\"a\"}");
        answers(first, 201);
        check_text(header_of(first, "Idempotency-Key"),
                   "k-1"); /* tells the gateway that it may retry */
        again = call("POST", "/things", with("Idempotency-Key", "k-1"), "{\"name\":\"a\"}");
        answers(again, 201);
        check_text(body_of(again), body_of(first));
        check_text(header_of(again, "Location"), header_of(first, "Location"));
        answers(call("PATCH", "/things/1", JSON_BODY, "{\"name\":\"changed\"}"), 200);
        again = call("POST", "/things", with("Idempotency-Key", "k-1"), "{\"name\":\"a\"}");
        check_text(body_of(again), body_of(first)); /* as it was answered then */
        answers(call("DELETE", "/things/1", "", NULL), 204);
        answers(call("POST", "/things", with("Idempotency-Key", "k-1"), "{\"name\":\"a\"}"), 201);
        check_int(things_count(shop.store), 0);
        answers(call("POST", "/things", with("Idempotency-Key", "k-2"), "{\"name\":\"a\"}"), 201);
        check_int(things_count(shop.store), 1);
        check_int(outbox_pending(shop.store), 2); /* as many events as rows made */
        shop_end();
}

static void remember_two(struct unit *unit, void *arg)
{
        struct stored_answer answer = {
                (int64_t)hash_bytes("{}", 2), 201,
                "{\"id\":1234567890123,\"name\":\"a\",\"qty\":null,\"big\":null}"};

        (void)arg;
        unit_remember(unit, "/things", "k", &answer);
        answer.row = "{\"id\":1";
        unit_remember(unit, "/things", "half", &answer);
}

static void a_stored_answer_is_read_whole(void)
{
        const char *a;

        shop_begin();
        check_int(things_do(shop.store, remember_two, NULL), ERROR_NONE);
        a = call("POST", "/things", with("Idempotency-Key", "k"), "{}");
        answers(a, 201);
        check_text(header_of(a, "Location"), "http://shop:1/things/1234567890123");
        check_contains(body_of(a), "\"name\":\"a\"");
        answers(call("POST", "/things", with("Idempotency-Key", "half"), "{}"), 500);
        answers(call("POST", "/things/thing", "Idempotency-Key: k\r\n", "{\"qty\":1}"),
                200); /* of another path */
        check_int(things_count(shop.store), 1);
        shop_end();
}

static void a_key_outlives_the_process(void)
{
        for (int life = 0; life < 2; life++) {
                const char *a;

                shop_begin();
                a = call("POST", "/things/thing", "Idempotency-Key: k\r\n", "{\"name\":\"a\"}");
                answers(a, 200);
                check_text(body_of(a), "{\"id\":1,\"name\":\"a\",\"qty\":null,\"big\":null}");
                check_text(header_of(a, "Content-Type"), "application/json;charset=UTF-8");
                check_int(things_count(shop.store), 1);
                shop_end();
        }
}

static void a_key_with_another_body_is_a_mistake(void)
{
        shop_begin();
        answers(call("POST", "/things", with("Idempotency-Key", "k"), "{\"name\":\"a\"}"), 201);
        answers(call("POST", "/things", with("Idempotency-Key", "k"), "{\"name\":\"b\"}"), 422);
        check_int(things_count(shop.store), 1);
        shop_end();
}

static void what_was_refused_is_not_stored(void)
{
        shop_begin();
        answers(call("POST", "/things", with("Idempotency-Key", "k"), "{\"qty\":\"abc\"}"), 400);
        answers(call("POST", "/things", with("Idempotency-Key", "k"),
                     arena_printf(shop.arena, "{\"name\":\"%0*d\"}", 20000, 1)),
                413);
        answers(call("POST", "/things", with("Idempotency-Key", "k"), "{\"qty\":1}"), 201);
        shop_end();
}

static void a_key_has_its_form(void)
{
        char longest[256];

        shop_begin();
        memset(longest, 'k', sizeof longest - 1);
        longest[255] = '\0';
        answers(call("POST", "/things", with("Idempotency-Key", longest), "{}"), 201);
        answers(call("POST", "/things",
                     with("Idempotency-Key", arena_printf(shop.arena, "%sk", longest)), "{}"),
                400);
        answers(call("POST", "/things", with("Idempotency-Key", ""), "{}"), 400);
        answers(call("POST", "/things", with("Idempotency-Key", "a b"), "{}"), 400);
        answers(call("POST", "/things", with("Idempotency-Key", "\xc3\xa9"), "{}"), 400);
        answers(call("POST", "/things", with("Idempotency-Key", "\xe9k"), "{}"), 400);
        answers(call("POST", "/things", with("Idempotency-Key", "\x7f"), "{}"), 400);
        check_int(things_count(shop.store), 1);
        answers(call("POST", "/things", with("Idempotency-Key", "!~"), "{}"), 201);
        shop_end();
}

static void two_at_a_time_are_a_conflict(void)
{
        const char *a, *request;
        struct errand hold;
        int first;
        bool ended;
        int64_t end = clock_mono_us() + ANSWER_MS * 1000;

        shop_begin();
        request = request_of("POST", "/things", with("Idempotency-Key", "k"), "{\"name\":\"a\"}");
        errand_send(&hold, shop.store, NULL, NULL); /* nothing is committed meanwhile */
        first = dial(shop.port);
        say_text(first, request);
        while (http_server_in_flight(shop.server) == 0 && clock_mono_us() < end)
                usleep(1000);
        while (idempotency_keys_begin(shop.resources->keys, "/things", "k") &&
               clock_mono_us() < end) {
                idempotency_keys_end(shop.resources->keys, "/things", "k");
                usleep(1000);
        }
        a = call("POST", "/things", with("Idempotency-Key", "k"), "{\"name\":\"a\"}");
        answers(a, 409);
        check(strcmp(header_of(a, "Retry-After"), "none") != 0);
        check_int(errand_end(&hold), ERROR_NONE);
        answers(hear(first, NULL, &ended), 201);
        close(first);
        answers(call("POST", "/things", with("Idempotency-Key", "k"), "{\"name\":\"a\"}"), 201);
        check_int(things_count(shop.store), 1);
        shop_end();
}

enum { THREADS = 6, EACH = 30 };

static _Atomic int made, conflicts, wrong;

/* No arena here: it belongs to the story's thread. */
static void *post_each(void *arg)
{
        (void)arg;
        for (int i = 0; i < EACH; i++) {
                char request[400];
                int status;

                snprintf(request, sizeof request,
                         "POST /things HTTP/1.1\r\nHost: shop\r\nConnection: "
                         "close\r\nIdempotency-Key: key-%d\r\nContent-Length: 12\r\n\r\n"
                         "{\"name\":\"a\"}",
                         i);
                status = status_of(ask(shop.port, request));
                if (status == 201)
                        made++;
                else if (status == 409)
                        conflicts++;
                else
                        wrong++;
        }
        return NULL;
}

static void a_crowd_with_the_same_keys_makes_each_row_once(void)
{
        pthread_t threads[THREADS];

        shop_begin();
        for (int i = 0; i < THREADS; i++)
                check(pthread_create(&threads[i], NULL, post_each, NULL) == 0);
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        check_int(wrong, 0);
        check_int(made + conflicts, THREADS * EACH);
        check_int(things_count(shop.store), EACH);
        check_int(outbox_pending(shop.store), EACH);
        shop_end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_etag_changes_with_the_row),
                STORY(who_owns_the_thing_is_asked_and_told),
                STORY(a_change_fits_its_events),
                STORY(a_wrong_type_is_told_the_right_ones),
                STORY(if_match_guards_a_change),
                STORY(if_none_match_saves_a_body),
                STORY(a_key_makes_one_row),
                STORY(a_stored_answer_is_read_whole),
                STORY(a_key_outlives_the_process),
                STORY(a_key_with_another_body_is_a_mistake),
                STORY(what_was_refused_is_not_stored),
                STORY(a_key_has_its_form),
                STORY(two_at_a_time_are_a_conflict),
                STORY(a_crowd_with_the_same_keys_makes_each_row_once),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
