/* Reads through a real server while a shared store is slow or away: no HTTP thread waits for it.
   On PostgreSQL only; what a read answers is told by resource_test on both. */
#include "testing/held.h"
#include "testing/shop.h"

enum { CROWD = 24 };

struct crowd {
        struct db *held;
        int64_t since;
        int clients[CROWD];
};

/* A row 1, and a crowd that waits for it and others, each kind of read. */
static void crowd_begin(struct crowd *crowd)
{
        static const char *const targets[] = {"/things/1", "/things/2", "/things?page=0",
                                              "/things/search/findByName?name=a"};

        shop_begin();
        answers(post("/things", "{\"name\":\"a\"}"), 201);
        crowd->held = things_hold();
        crowd->since = clock_mono_us();
        for (int i = 0; i < CROWD; i++) {
                crowd->clients[i] = dial(shop.port);
                say_text(crowd->clients[i], request_of("GET", targets[i % 4], "", NULL));
        }
        things_are_waited_for(crowd->held, 3); /* an item, and all lists that may be read at once */
}

/* The others are told their truth: 200, only that row 2 is not there. Where the machine stood still
   for as long as a reader has patience (3 s), 503. */
static void crowd_hears(const struct crowd *crowd, int from)
{
        bool late = clock_mono_us() - crowd->since > 2500000;

        for (int i = from; i < CROWD; i++) {
                bool ended;
                int status = status_of(hear(crowd->clients[i], NULL, &ended));

                if (!late || status != 503)
                        check_int(status, i % 4 == 1 ? 404 : 200);
                close(crowd->clients[i]);
        }
}

static void what_needs_no_row_is_answered_meanwhile(void)
{
        struct crowd crowd;
        int64_t begun;

        if (!things_are_shared())
                return;
        crowd_begin(&crowd);
        begun = clock_mono_us();
        for (int i = 0; i < 8; i++) { /* both loops */
                answers(get("/nothing"), 404);
                answers(post("/things", "{"), 400);
        }
        check(clock_mono_us() - begun < 10000000); /* else 3 s for each of the crowd */
        things_release(&crowd.held);
        crowd_hears(&crowd, 0);
        shop_end();
}

/* Half of them; the rows come when nobody is there. */
static void clients_that_hang_up_spoil_nothing(void)
{
        const struct linger at_once = {.l_onoff = 1};
        struct crowd crowd;

        if (!things_are_shared())
                return;
        crowd_begin(&crowd);
        for (int i = 0; i < CROWD / 2; i++) {
                if (i % 2)
                        setsockopt(crowd.clients[i], SOL_SOCKET, SO_LINGER, &at_once,
                                   sizeof at_once);
                close(crowd.clients[i]);
        }
        answers(get("/nothing"), 404);
        things_release(&crowd.held);
        crowd_hears(&crowd, CROWD / 2);
        answers(get("/things/1"), 200);
        shop_end();
}

/* Those that it was reading for; the others, or the client's next try, get their rows. */
static void a_session_that_ends_is_a_503_for_each_of_its_reads(void)
{
        struct crowd crowd;
        int failed = 0;

        if (!things_are_shared())
                return;
        crowd_begin(&crowd);
        things_end_sessions("wait_event_type = 'Lock'");
        things_release(&crowd.held);
        for (int i = 0; i < CROWD; i++) {
                bool ended;
                const char *a = hear(crowd.clients[i], NULL, &ended);

                if (status_of(a) == 503) {
                        check_contains(a, "Retry-After:");
                        failed++;
                } else {
                        check_int(status_of(a), i % 4 == 1 ? 404 : 200);
                }
                close(crowd.clients[i]);
        }
        check(failed >= 3);
        for (int64_t end = clock_mono_us() + 5000000;
             status_of(get("/things/1")) == 503 && clock_mono_us() < end;)
                usleep(1000);
        answers(get("/things/1"), 200);
        shop_end();
}

/* A HEAD and a condition are answered after the wait, too. */
static void a_read_that_waited_keeps_its_headers(void)
{
        struct db *held;
        int head, condition;
        const char *a;
        bool ended;

        if (!things_are_shared())
                return;
        shop_begin();
        answers(post("/things", "{\"name\":\"a\"}"), 201);
        held = things_hold();
        head = dial(shop.port);
        say_text(head, request_of("HEAD", "/things/1", "", NULL));
        condition = dial(shop.port);
        say_text(condition, request_of("GET", "/things/1", "If-None-Match: \"0\"\r\n", NULL));
        things_are_waited_for(held, 1);
        things_release(&held);
        a = hear(head, NULL, &ended);
        check_int(status_of(a), 204);
        check_contains(a, "rel=\"self\"");
        check_int(status_of(hear(condition, NULL, &ended)), 304);
        close(head);
        close(condition);
        shop_end();
}

/* What was acknowledged is read, also while others read. */
static void a_write_is_seen_by_the_read_after_it(void)
{
        shop_begin();
        for (int i = 1; i <= 50; i++) {
                answers(post("/things", "{\"name\":\"a\"}"), 201);
                answers(get(arena_printf(shop.arena, "/things/%d", i)), 200);
                answers(call("PATCH", arena_printf(shop.arena, "/things/%d", i), JSON_BODY,
                             "{\"qty\":4}"),
                        200);
                check_contains(body_of(get(arena_printf(shop.arena, "/things/%d", i))),
                               "\"qty\":4");
        }
        shop_end();
}

static _Atomic bool gate_is_open, is_over;

static bool wait_at_the_gate(struct db *db, void *arg, struct error *error)
{
        (void)db, (void)arg, (void)error;
        while (!atomic_load(&gate_is_open))
                usleep(500);
        return true;
}

static void note_over(void *over)
{
        atomic_store((_Atomic bool *)over, true);
}

/* Pages of a file: those that read much have a thread, and wait for it; the others do not. */
static void a_page_that_reads_much_holds_up_no_other(void)
{
        static const char *const much[] = {"/things?sort=name", "/things?size=500",
                                           "/things?page=99999999"};
        struct read_job slow = {
                .run = wait_at_the_gate, .slow = true, .done = note_over, .arg = &is_over};
        struct pollfd clients[3];
        bool ended;

        if (things_are_shared())
                return;
        shop_begin();
        answers(post("/things", "{\"name\":\"a\"}"), 201);
        check(!store_read(shop.store, &slow));
        for (int i = 0; i < 3; i++) {
                clients[i] = (struct pollfd){.fd = dial(shop.port), .events = POLLIN};
                say_text(clients[i].fd, request_of("GET", much[i], "", NULL));
        }
        for (int i = 0; i < 8; i++) {
                answers(get("/things/1"), 200);
                answers(get("/things"), 200);
                answers(get("/things/search/findByName?name=a"), 200);
        }
        check_int(poll(clients, 3, 20), 0);
        atomic_store(&gate_is_open, true);
        for (int i = 0; i < 3; i++) {
                check_int(status_of(hear(clients[i].fd, NULL, &ended)), 200);
                close(clients[i].fd);
        }
        check(atomic_load(&is_over));
        shop_end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_needs_no_row_is_answered_meanwhile),
                STORY(clients_that_hang_up_spoil_nothing),
                STORY(a_session_that_ends_is_a_503_for_each_of_its_reads),
                STORY(a_read_that_waited_keeps_its_headers),
                STORY(a_write_is_seen_by_the_read_after_it),
                STORY(a_page_that_reads_much_holds_up_no_other),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
