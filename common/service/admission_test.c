/* A row that an admission is asked about before it is created: what waits, and which verdict
   counts. */
#include "testing/shop.h"

#include <pthread.h>

enum { ROOM = 16, UNTIL_US = ANSWER_MS * 1000 };

/* Answers at once, or keeps the applicants until the story lets them go. */
static struct {
        struct admission admission;
        struct error verdict;
        bool keeps;
        struct applicant *kept[ROOM];
        int count;
        char asked[400]; /* the rows' names, in order */
} desk;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* the last three */
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;

static void decide(struct applicant *applicant)
{
        applicant->verdict = desk.verdict;
        applicant->done(applicant);
}

static void ask_desk(struct admission *admission, struct applicant *applicant)
{
        const struct thing *t = applicant->row;

        (void)admission;
        pthread_mutex_lock(&lock);
        snprintf(desk.asked + strlen(desk.asked), sizeof desk.asked - strlen(desk.asked), "%s ",
                 t->name ? t->name : "-");
        desk.kept[desk.count++ % ROOM] = applicant;
        pthread_cond_signal(&arrived);
        pthread_mutex_unlock(&lock);
        if (!desk.keeps)
                decide(applicant);
}

static void begin(void)
{
        memset(&desk, 0, sizeof desk);
        desk.admission.ask = ask_desk;
        shop_begin();
        shop.resources->list[0].admission = &desk.admission;
}

static void refuse(enum error_kind kind, const char *why)
{
        error_set(&desk.verdict, kind, "%s", why);
}

static void wait_for_applicants(int count)
{
        struct timespec end = clock_after(ANSWER_MS);
        int there;

        pthread_mutex_lock(&lock);
        while (desk.count < count &&
               pthread_cond_clockwait(&arrived, &lock, CLOCK_MONOTONIC, &end) == 0)
                ;
        there = desk.count;
        pthread_mutex_unlock(&lock);
        check_int(there, count);
}

static const char *keyed_post(const char *key, const char *body)
{
        return call("POST", "/things",
                    arena_printf(shop.arena, JSON_BODY "Idempotency-Key: %s\r\n", key), body);
}

static void who_is_asked_may_refuse(void)
{
        const char *a;

        begin();
        answers(post("/things", "{\"name\":\"a\"}"), 201);
        refuse(ERROR_CONFLICT, "there are not enough");
        a = post("/things", "{\"name\":\"b\"}");
        answers(a, 409);
        check_text(header_of(a, "Content-Type"), "application/problem+json");
        check_contains(body_of(a), "\"detail\":\"there are not enough\"");
        check_text(header_of(a, "Retry-After"), "none");
        refuse(ERROR_UNAVAILABLE, "nobody knows");
        a = call("POST", "/things/thing", "", "{\"name\":\"c\"}");
        answers(a, 503);
        check_text(header_of(a, "Retry-After"), "1");
        check_int(things_count(shop.store), 1);
        check_int(outbox_pending(shop.store), 1);
        check_text(desk.asked, "a b c ");
        desk.verdict.kind = ERROR_NONE;
        check_text(header_of(post("/things", "{}"), "Location"),
                   "http://shop:1/things/2"); /* the refused used no id */
        shop_end();
}

static void only_creations_are_asked_about(void)
{
        begin();
        answers(post("/things", "{\"name\":\"a\"}"), 201);
        answers(call("PUT", "/things/9", JSON_BODY, "{\"name\":\"b\"}"), 201);
        check_text(desk.asked, "a b ");
        refuse(ERROR_CONFLICT, "no more");
        answers(call("PUT", "/things/9", JSON_BODY, "{\"name\":\"c\"}"), 409);
        answers(call("PUT", "/things/1", JSON_BODY, "{\"name\":\"d\"}"), 200);
        answers(call("PATCH", "/things/1", JSON_BODY, "{\"name\":\"e\"}"), 200);
        answers(call("DELETE", "/things/1", "", NULL), 204);
        answers(post("/things", "{\"qty\":-1}"), 400);
        answers(post("/things", "{"), 400);
        check_text(desk.asked, "a b c ");
        shop_end();
}

static void a_stored_answer_stands_whatever_is_said_now(void)
{
        const char *first;

        begin();
        first = keyed_post("k", "{\"name\":\"a\"}");
        answers(first, 201);
        refuse(ERROR_CONFLICT, "there are not enough any more");
        check_text(body_of(keyed_post("k", "{\"name\":\"a\"}")), body_of(first));
        answers(keyed_post("k", "{\"name\":\"b\"}"), 422);
        refuse(ERROR_UNAVAILABLE, "nobody knows");
        check_text(body_of(keyed_post("k", "{\"name\":\"a\"}")), body_of(first));
        check_int(things_count(shop.store), 1);
        shop_end();
}

static void a_refusal_is_not_stored(void)
{
        begin();
        refuse(ERROR_CONFLICT, "not yet");
        answers(keyed_post("k", "{\"name\":\"a\"}"), 409);
        desk.verdict.kind = ERROR_NONE;
        answers(keyed_post("k", "{\"name\":\"a\"}"), 201);
        check_int(things_count(shop.store), 1);
        shop_end();
}

static int send_post(const char *headers)
{
        int fd = dial(shop.port), before = desk.count;

        say_text(fd,
                 request_of("POST", "/things", arena_printf(shop.arena, JSON_BODY "%s", headers),
                            "{\"name\":\"a\"}"));
        wait_for_applicants(before + 1);
        return fd;
}

static void while_it_is_asked_no_thread_waits(void)
{
        int clients[5]; /* the server has two threads */
        bool ended;

        begin();
        desk.keeps = true;
        for (int i = 0; i < 5; i++)
                clients[i] = send_post("");
        answers(get("/things"), 200);
        answers(call("PUT", "/things/1", JSON_BODY, "{"), 400);
        check_int(things_count(shop.store), 0);
        for (int i = 0; i < 5; i++) {
                decide(desk.kept[i]);
                answers(hear(clients[i], NULL, &ended), 201);
                close(clients[i]);
        }
        check_int(things_count(shop.store), 5);
        shop_end();
}

static void meanwhile_the_key_is_in_progress(void)
{
        bool ended;
        int first;

        begin();
        desk.keeps = true;
        first = send_post("Idempotency-Key: k\r\n");
        answers(keyed_post("k", "{\"name\":\"a\"}"), 409);
        check_int(desk.count, 1);
        decide(desk.kept[0]);
        answers(hear(first, NULL, &ended), 201);
        close(first);
        shop_end();
}

static void a_client_that_left_gets_its_row_all_the_same(void)
{
        int64_t end = clock_mono_us() + UNTIL_US;

        begin();
        desk.keeps = true;
        close(send_post(""));
        decide(desk.kept[0]);
        while (things_count(shop.store) == 0 && clock_mono_us() < end)
                usleep(1000);
        check_int(things_count(shop.store), 1);
        shop_end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(who_is_asked_may_refuse),
                STORY(only_creations_are_asked_about),
                STORY(a_stored_answer_stands_whatever_is_said_now),
                STORY(a_refusal_is_not_stored),
                STORY(while_it_is_asked_no_thread_waits),
                STORY(meanwhile_the_key_is_in_progress),
                STORY(a_client_that_left_gets_its_row_all_the_same),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
