/* The events of one commit share rows: they come back as they went, in pages, and some of a row's
   may go or be parked before the others. */
#include "data/outbox_rows.h"

#include "base/clock.h"
#include "data/store_inside.h"
#include "testing/thing.h"

#include <stdlib.h>

static struct {
        struct store *store;
        struct arena *arena;
} t;

static void begin(void)
{
        t.store = things_open();
        t.arena = arena_open();
}

static void end(void)
{
        store_close(&t.store);
        arena_close(&t.arena);
}

static void open_again(void)
{
        store_close(&t.store);
        t.store = things_open();
}

/* Of each row how many events it has: "3 1". */
static const char *rows(void)
{
        return things_ask(
                t.store, t.arena,
                "SELECT coalesce(group_concat(events, ' '), '') FROM (SELECT events FROM outbox "
                "ORDER BY id)");
}

static const char *waiting(void)
{
        return things_waiting(t.store, t.arena);
}

struct said {
        const char *topic, *keys; /* "abc": one event for each letter */
        size_t bytes;
};

static void say_each(struct unit *unit, void *arg)
{
        const struct said *said = arg;
        struct text headers = text_open(unit_arena(unit), 100);
        char key[2] = "";

        if (said->topic)
                packed_headers_add(&headers, PACKED_FOR_OUTBOX, "raw", "\0\xff", 2);
        for (const char *k = said->keys; *k; k++) {
                key[0] = *k;
                unit_publish(unit, said->topic, key, arena_alloc(unit_arena(unit), said->bytes),
                             said->bytes, &headers);
        }
}

static void say(const char *keys)
{
        check_int(things_do(t.store, say_each, &(struct said){.keys = keys, .bytes = 10}),
                  ERROR_NONE);
}

static void those_of_a_commit_share_a_row(void)
{
        begin();
        say("abc");
        say("d");
        check_text(rows(), "3 1");
        check_text(waiting(), "a b c d");
        check_int(outbox_pending(t.store), 4);
        open_again();
        check_int(outbox_pending(t.store), 4);
        check_text(waiting(), "a b c d");
        end();
}

static void say_odd_ones(struct unit *unit, void *arg)
{
        struct text none = text_open(unit_arena(unit), 1),
                    headers = text_open(unit_arena(unit), 99);

        (void)arg;
        packed_headers_add(&headers, PACKED_FOR_OUTBOX, "raw", "\0\xff", 2);
        unit_publish(unit, NULL, "key", "\0{\xff", 3, &headers);
        unit_publish(unit, NULL, NULL, NULL, 0, &none);
        unit_publish(unit, NULL, "", "", 0, &none);
}

static void they_come_back_as_they_went(void)
{
        struct outbox_record r[4];
        struct packed_header h;
        struct error e = {0};
        const char *at;
        size_t count;

        begin();
        clock_set_wall_ms(1700000000123);
        check_int(things_do(t.store, say_odd_ones, NULL), ERROR_NONE);
        clock_set_wall_ms(0);
        check_text(rows(), "3");
        check(outbox_read(t.store, 0, r, 4, &count, t.arena, &e) && count == 3);
        check(r[0].id == 1 && r[1].id == 2 && r[2].id == 3);
        check(r[0].at == 1700000000123 && r[2].at == 1700000000123);
        check_text(r[0].key, "key");
        check(r[0].value_len == 3 && memcmp(r[0].value, "\0{\xff", 4) == 0);
        at = r[0].headers;
        check(packed_headers_next(&at, r[0].headers + r[0].headers_len, PACKED_FOR_OUTBOX, &h));
        check(strcmp(h.name, "raw") == 0 && h.len == 2 && memcmp(h.value, "\0\xff", 2) == 0);
        check(!r[1].key && !r[1].value && !r[1].value_len && !r[1].headers_len);
        check_text(r[2].key, "");
        check(r[2].value && !r[2].value_len);
        check(!r[0].topic && !r[1].topic && !r[2].topic);
        end();
}

static void large_ones_and_those_of_other_topics_have_rows_of_their_own(void)
{
        begin();
        check_int(things_do(t.store, say_each, &(struct said){.keys = "abcde", .bytes = 30000}),
                  ERROR_NONE);
        check_text(rows(), "2 2 1");
        check_int(things_do(t.store, say_each, &(struct said){"error.mall.things", "fg", 10}),
                  ERROR_NONE);
        check_text(rows(), "2 2 1 1 1");
        check_int(outbox_pending_elsewhere(t.store), 2);
        check_text(waiting(), "a b c d e f g");
        end();
}

static void a_page_may_end_within_a_row(void)
{
        struct outbox_record r[3];
        struct error e = {0};
        int64_t after = 0;
        size_t count;

        begin();
        say("abcd");
        say("efgh");
        for (int i = 0; i < 4; i++) {
                check(outbox_read(t.store, after, r, 3, &count, t.arena, &e));
                check_int((int64_t)count, i == 3 ? 0 : i == 2 ? 2 : 3);
                for (size_t k = 0; k < count; k++)
                        check_int(r[k].id, ++after);
        }
        end();
}

/* Otherwise an orderly end would leave events that were published. */
static void some_of_a_row_go_when_swept(void)
{
        begin();
        say("abcd");
        say("efg");
        say("h");
        outbox_sent(t.store, (int64_t[]){7, 1, 4, 2}, 4);
        check(outbox_sweep(t.store));
        check_text(waiting(), "c e f h");
        check_text(rows(), "1 2 1");
        check_int((int64_t)outbox_unremoved(t.store), 0);
        outbox_sent(t.store, (int64_t[]){5, 3, 6}, 3);
        open_again();
        check_text(waiting(), "h");
        check_int(outbox_pending(t.store), 1);
        end();
}

/* Such ids count for none of those that are there. */
static void ids_told_twice_and_ids_that_are_gone_take_no_other_with_them(void)
{
        begin();
        say("abcd");
        outbox_sent(t.store, (int64_t[]){2, 2, 2, 2}, 4);
        check(outbox_sweep(t.store));
        check_text(waiting(), "a c d");
        outbox_sent(t.store, (int64_t[]){2, 3, 4}, 3);
        check(outbox_sweep(t.store));
        check_text(waiting(), "a");
        outbox_sent(t.store, (int64_t[]){1, 2}, 2);
        check(outbox_sweep(t.store));
        check_text(waiting(), "");
        check_int((int64_t)outbox_unremoved(t.store), 0);
        end();
}

static int64_t removed(void)
{
        int64_t ids[5000];

        return (int64_t)outbox_removed(t.store, ids, sizeof ids / sizeof *ids);
}

/* A busy store writes no row anew as long as others of it may go soon. */
static void some_of_a_row_wait_for_the_others_while_the_store_is_busy(void)
{
        enum { EACH = 10, MANY = 1100 };
        static const char keys[] = "abcdefghij";

        begin();
        for (int i = 0; i < MANY / EACH; i++)
                say(keys);
        for (int64_t id = 2; id <= MANY; id++)
                outbox_sent(t.store, &id, 1);
        say("z");
        check_int(removed(), MANY - EACH);
        check_int((int64_t)outbox_unremoved(t.store), EACH - 1);
        check_text(rows(), "10 1");
        check_text(waiting(), "a b c d e f g h i j z");
        things_sent(t.store, 1, 1);
        check(outbox_sweep(t.store));
        check_int(removed(), EACH);
        check_text(waiting(), "z");
        end();
}

/* Nor does it keep very many of them. */
static void so_many_that_wait_are_enough(void)
{
        enum { EACH = 10, MANY = 2500 };

        begin();
        for (int i = 0; i < MANY / EACH; i++)
                say("abcdefghij");
        for (int64_t id = 1; id <= MANY; id++)
                if (id % EACH)
                        outbox_sent(t.store, &id, 1);
        say("y");
        check_int(removed(), 0);
        for (int64_t id = MANY + 2; id <= MANY + 1001; id++)
                outbox_sent(t.store, &id, 1); /* as if there had been more */
        say("z");
        check_int((int64_t)outbox_unremoved(t.store), 0);
        check_int(removed(), MANY - MANY / EACH + 1000);
        end();
}

/* Each commit writes some MiB anew at most, and an orderly end goes on until all are gone. */
static void rows_are_written_anew_in_portions(void)
{
        enum { ROWS = 110, BYTES = 20000, EACH = 3 };
        struct said three = {.keys = "abc", .bytes = BYTES};
        int64_t one;

        begin();
        for (int i = 0; i < ROWS; i++)
                check_int(things_do(t.store, say_each, &three), ERROR_NONE);
        for (int i = 0; i < ROWS; i++)
                things_sent(t.store, i * EACH + 2, i * EACH + 2);
        check(outbox_sweep(t.store));
        one = (int64_t)outbox_unremoved(t.store);
        check(one > 0 && one < ROWS / 2);
        check_int(removed(), ROWS - one);
        open_again();
        check_int(outbox_pending(t.store), ROWS * (EACH - 1));
        check_text(
                things_ask(t.store, t.arena, "SELECT count(*) || ' ' || sum(events) FROM outbox"),
                "110 220");
        end();
}

/* Half of what a sweep does must not be committed: the other records of the row are in it. */
static void a_sweep_that_fails_leaves_all(void)
{
        begin();
        say("abcd");
        outbox_sent(t.store, (int64_t[]){2, 3}, 2);
        things_sql("CREATE TRIGGER none_comes BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, "
                   "'not now'); END");
        check(!outbox_sweep(t.store));
        check_text(waiting(), "a b c d");
        check_int((int64_t)outbox_unremoved(t.store), 2);
        things_sql("DROP TRIGGER none_comes");
        check(outbox_sweep(t.store));
        check_text(waiting(), "a d");
        end();
}

static void one_of_a_row_is_parked(void)
{
        struct error e = {0};

        begin();
        say("abc");
        say("def");
        check(outbox_park(t.store, &(struct outbox_record){.id = 5}, "too large", &e));
        check_text(waiting(), "a b c d f");
        check_int(outbox_pending(t.store), 5);
        check_text(
                things_ask(
                        t.store, t.arena,
                        "SELECT group_concat(id || ' ' || key || ' ' || parked) FROM outbox WHERE "
                        "parked IS NOT NULL"),
                "5 e too large");
        things_sent(t.store, 1, 4);
        things_sent(t.store, 6, 6);
        check(outbox_sweep(t.store));
        check_text(waiting(), "");
        check_text(things_ask(t.store, t.arena, "SELECT group_concat(id) FROM outbox"), "5");
        open_again();
        check_int(outbox_pending(t.store), 0);
        end();
}

static void wipe(struct unit *unit, void *arg)
{
        struct statement *s = db_prepare(
                unit->store->writer, "UPDATE outbox SET value = substr(value, 1, ?)", &unit->error);

        if (!unit_may_write(unit) || !s)
                return;
        bind_int(s, 1, *(const int *)arg);
        statement_run(s, &unit->error);
}

/* However much of it is lost. */
static void a_damaged_row_is_an_error(void)
{
        struct outbox_record r[4];
        size_t count;
        int bytes;

        begin();
        say("abc");
        bytes = atoi(things_ask(t.store, t.arena, "SELECT length(value) FROM outbox"));
        check(bytes > 3 * 24);
        while (--bytes > 0) {
                struct error e = {0};

                check_int(things_do(t.store, wipe, &bytes), ERROR_NONE);
                if (outbox_read(t.store, 0, r, 4, &count, t.arena, &e))
                        check(bytes % (bytes / (int)count) == 0 && count < 3);
                else
                        check_contains(e.text, "a row of the outbox is damaged");
        }
        end();
}

static bool add_key(void *arg, const struct outbox_record *record)
{
        text_string(arg, record->key);
        return record->id != 4;
}

static void all_are_told_one_by_one(void)
{
        struct arena *scratch = arena_open();
        struct error e = {0};
        struct text keys;
        struct db *db;

        begin();
        keys = text_open(t.arena, 20);
        say("ab");
        check(outbox_park(t.store, &(struct outbox_record){.id = 2}, "too large", &e));
        say("cdef");
        db = store_read_begin(t.store);
        check(!outbox_rows_each(db, add_key, &keys, scratch, &e));
        check_text(e.text, "");
        store_read_end(t.store, db);
        check_text(keys.at, "abcd");
        arena_close(&scratch);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(those_of_a_commit_share_a_row),
                STORY(they_come_back_as_they_went),
                STORY(large_ones_and_those_of_other_topics_have_rows_of_their_own),
                STORY(a_page_may_end_within_a_row),
                STORY(some_of_a_row_go_when_swept),
                STORY(ids_told_twice_and_ids_that_are_gone_take_no_other_with_them),
                STORY(some_of_a_row_wait_for_the_others_while_the_store_is_busy),
                STORY(so_many_that_wait_are_enough),
                STORY(rows_are_written_anew_in_portions),
                STORY(a_sweep_that_fails_leaves_all),
                STORY(one_of_a_row_is_parked),
                STORY(a_damaged_row_is_an_error),
                STORY(all_are_told_one_by_one),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
