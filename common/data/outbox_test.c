/* An announced event is in the outbox with its row, is handed over in order, and stays until the
   bus has it (sent_test.c). */
#include "data/outbox.h"

#include "base/clock.h"
#include "testing/thing.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* What the writer handed over, joined: "a b | c". */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char handed[2000];
static int64_t last_id;
static bool in_order;

static void keep(void *arg, struct outbox_batch *batch)
{
        (void)arg;
        pthread_mutex_lock(&lock);
        for (size_t i = 0; i < batch->count; i++) {
                size_t len = strlen(handed);

                snprintf(handed + len, sizeof handed - len, "%s%s",
                         i     ? " "
                         : len ? " | "
                               : "",
                         batch->records[i].key);
                in_order = in_order && batch->records[i].id > last_id;
                last_id = batch->records[i].id;
        }
        pthread_mutex_unlock(&lock);
        arena_close(&batch->arena);
        free(batch);
}

static struct store *store_listened_to(void)
{
        struct store *store = things_open();

        handed[0] = '\0';
        last_id = 0;
        in_order = true;
        outbox_on_commit(store, keep, NULL);
        return store;
}

static void say_twice(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        unit_announce(unit, &thing_made, thing);
}

static void refuse(struct unit *unit, void *thing)
{
        say_twice(unit, thing);
        unit_refuse(unit, ERROR_BAD_INPUT, NULL, "no");
}

static void a_transaction_is_handed_over_in_order(void)
{
        struct store *store = store_listened_to();
        struct arena *arena = arena_open();
        struct errand hold, one, two, three;

        errand_send(&hold, store, NULL, NULL);
        errand_send(&one, store, "a", say_twice);
        errand_send(&two, store, "b", refuse);
        errand_send(&three, store, "c", say_twice);
        check_int(errand_end(&hold), ERROR_NONE);
        check_int(errand_end(&one), ERROR_NONE);
        check_int(errand_end(&two), ERROR_BAD_INPUT);
        check_int(errand_end(&three), ERROR_NONE);
        things_add(store, "d");
        check_text(handed, "a 1 c 2 | d");
        check(in_order);
        check_text(things_waiting(store, arena), "a 1 c 2 d");
        check_int(outbox_pending(store), 5);
        arena_close(&arena);
        store_close(&store);
}

static struct {
        sem_t entered, go_on;
        atomic_bool taken_off, was_early;
} late;

static void keep_late(void *arg, struct outbox_batch *batch)
{
        (void)arg;
        sem_post(&late.entered);
        for (int i = 0; i < 200 && !late.was_early;
             i++) { /* time for the other thread to come too early */
                late.was_early = late.taken_off;
                usleep(1000);
        }
        arena_close(&batch->arena);
        free(batch);
}

static void *take_off(void *store)
{
        while (sem_wait(&late.entered) != 0)
                ;
        outbox_on_commit(store, NULL, NULL);
        late.taken_off = true;
        return NULL;
}

/* A listener may free its memory as soon as it has taken itself off. */
static void a_listener_that_took_itself_off_is_not_called(void)
{
        struct store *store = things_open();
        pthread_t thread;

        sem_init(&late.entered, 0, 0);
        outbox_on_commit(store, keep_late, NULL);
        check(pthread_create(&thread, NULL, take_off, store) == 0);
        things_add(store, "a");
        pthread_join(thread, NULL);
        check(!late.was_early);
        store_close(&store);
}

/* A record of so many bytes, with its key. */
static void publish_large(struct unit *unit, void *bytes)
{
        struct text headers = text_open(unit_arena(unit), 100);
        size_t len = *(const size_t *)bytes - 1;

        unit_publish(unit, "error.mall.things", "k", arena_alloc(unit_arena(unit), len), len,
                     &headers);
}

/* However many records the caller has room for. */
static void a_page_is_bounded_in_bytes(void)
{
        enum { QUARTER = OUTBOX_PAGE / 4 };
        static size_t bytes[] = {QUARTER, QUARTER, QUARTER,     QUARTER, QUARTER,
                                 QUARTER, QUARTER, QUARTER - 1, 100,     100};
        static const int64_t pages[] = {4, 5, 1, 0};
        struct store *store = things_open();
        struct outbox_record records[100];
        struct arena *arena = arena_open();
        int64_t after = 0;
        struct error e;
        size_t count;

        for (int i = 0; i < 10; i++)
                check_int(things_do(store, publish_large, &bytes[i]), ERROR_NONE);
        for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
                check(outbox_read(store, after, records, 100, &count, arena, &e));
                check_int((int64_t)count, pages[i]);
                after = count ? records[count - 1].id : after;
        }
        things_add(store, "a");
        for (int i = 0; i < 5; i++) /* more often than there are connections */
                check_int(outbox_pending_elsewhere(store), 10);
        arena_close(&arena);
        store_close(&store);
}

static void what_was_not_sent_is_there_after_opening_again(void)
{
        struct store *store = store_listened_to();
        struct arena *arena = arena_open();
        struct outbox_record records[4];
        struct error e = {0};
        size_t count;

        things_add(store, "a");
        things_add(store, "b");
        things_sent(store, 1, 1);
        things_add(store, "c");
        store_close(&store);
        store = store_listened_to();
        check_int(outbox_pending(store), 2);
        check(outbox_read(store, 0, records, 4, &count, arena, &e));
        check_int((int64_t)count, 2);
        check_int(records[0].id, 2);
        check_int(records[1].id, 3);
        check(outbox_read(store, 2, records, 4, &count, arena, &e) && count == 1 &&
              records[0].id == 3);
        check(outbox_read(store, 0, records, 1, &count, arena, &e) && count == 1 &&
              records[0].id == 2);
        things_sent(store, 2, 3);
        outbox_sweep(store);
        store_close(&store);
        store = store_listened_to();
        check_text(things_waiting(store, arena), "");
        check_int(store_events_given(store), 3);
        things_add(store, "d");
        check_int(store_events_given(store), 4);
        check_int(last_id, 4); /* a ce_id is not used again, though the table was empty */
        arena_close(&arena);
        store_close(&store);
}

/* What the outbox table holds after the store is closed. */
static const char *parked(struct arena *arena)
{
        struct error e = {0};
        struct db *db = db_open(things_url(), things_service(), DB_WRITER, &e);
        struct statement *s =
                db_prepare_once(db, "SELECT group_concat(id || ' ' || parked) FROM outbox", &e);
        const char *all = statement_step(s, &e) == DB_ROW ? arena_string(arena, column_text(s, 0))
                                                          : arena_string(arena, e.text);

        statement_close(&s);
        db_close(&db);
        return all;
}

static void the_parked_stay(void)
{
        struct store *store = store_listened_to();
        struct arena *arena = arena_open();
        struct error e = {0};

        things_add(store, "a");
        things_add(store, "b");
        things_add(store, "c");
        check(outbox_park(store, &(struct outbox_record){.id = 2}, "too large for the broker", &e));
        check_text(things_waiting(store, arena), "a c");
        check_int(outbox_pending(store), 2);
        things_sent(store, 1, 1);
        things_sent(store, 3, 3);
        outbox_sweep(store);
        check_int(outbox_pending(store), 0);
        store_close(&store);
        store = store_listened_to();
        check_text(things_waiting(store, arena), "");
        check_int(outbox_pending(store), 0);
        store_close(&store);
        check_text(parked(arena), "2 too large for the broker");
        arena_close(&arena);
}

static void publish_bytes(struct unit *unit, void *arg)
{
        struct text headers = text_open(unit_arena(unit), 100);

        (void)arg;
        packed_headers_add(&headers, PACKED_FOR_OUTBOX, "raw", "\0\xff", 2);
        unit_publish(unit, "error.mall.things", "k", "\0{\xff", 3, &headers);
        unit_publish(unit, "error.mall.things", NULL, NULL, 0, &headers);
}

static void bytes_come_back_as_they_went(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();
        struct outbox_record r[2];
        struct error e = {0};
        struct packed_header h;
        const char *at;
        size_t count;

        clock_set_wall_ms(1700000000123);
        check_int(things_do(store, publish_bytes, NULL), ERROR_NONE);
        clock_set_wall_ms(0);
        check(outbox_read(store, 0, r, 2, &count, arena, &e) && count == 2);
        check_int(r[0].at, 1700000000123);
        check_text(r[0].topic, "error.mall.things");
        check_text(r[0].key, "k");
        check(r[0].value_len == 3 && memcmp(r[0].value, "\0{\xff", 3) == 0);
        at = r[0].headers;
        check(packed_headers_next(&at, r[0].headers + r[0].headers_len, PACKED_FOR_OUTBOX, &h));
        check_text(h.name, "raw");
        check(h.len == 2 && memcmp(h.value, "\0\xff", 2) == 0);
        check(at == r[0].headers + r[0].headers_len);
        check(!r[1].value && !r[1].key);
        arena_close(&arena);
        store_close(&store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_transaction_is_handed_over_in_order),
                STORY(a_listener_that_took_itself_off_is_not_called),
                STORY(a_page_is_bounded_in_bytes),
                STORY(what_was_not_sent_is_there_after_opening_again),
                STORY(the_parked_stay),
                STORY(bytes_come_back_as_they_went),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
