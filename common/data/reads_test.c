/* Readings: each gets its own row, whoever asks at the same time, and the truth while the database
   is slow, spoiled or away. */
#include "data/store_inside.h"
#include "testing/held.h"

#include <stdatomic.h>

struct question {
        struct read_job reading;
        struct arena *arena;
        _Atomic bool over;
};

static void was_answered(void *arg)
{
        atomic_store(&((struct question *)arg)->over, true);
}

static void begin(struct store *store, struct question *q)
{
        q->arena = arena_open();
        atomic_store(&q->over, false);
        q->reading.done = was_answered;
        q->reading.arg = q;
        q->reading.entity = &thing_entity;
        q->reading.item.arena = q->arena;
        if (store_read(store, &q->reading))
                atomic_store(&q->over, true);
}

/* Whose reads wait for their turn however long the machine stands still. */
static struct store *things_open_patient(void)
{
        struct store *store = things_open();

        store->reads.patience_us = INT64_MAX;
        return store;
}

static void item_begin(struct store *store, struct question *q, int64_t id)
{
        *q = (struct question){.reading = {.item = {.id = id}}};
        begin(store, q);
}

static const struct thing *await(struct question *q)
{
        int64_t end = clock_mono_us() + 10000000;

        while (!atomic_load(&q->over) && clock_mono_us() < end)
                usleep(500);
        check(atomic_load(&q->over));
        return q->reading.item.row;
}

static void end(struct question *q)
{
        await(q);
        arena_close(&q->arena);
}

static void add_long(struct unit *unit, void *thing)
{
        unit_add(unit, &thing_entity, thing);
}

/* With a secret of so many bytes; `name` has an index, and cannot be long. */
static int64_t add_with_secret(struct store *store, const char *name, size_t len)
{
        char *secret = memory_alloc(len + 1);
        struct thing t = {.name = name, .secret = secret, .qty = {.known = true, .value = 7}};

        memset(secret, 's', len);
        check_int(things_do(store, add_long, &t), ERROR_NONE);
        free(secret);
        return t.row.id;
}

/* Two hundred at once, some twice, some of rows that are not there. */
static void each_gets_its_own_row(void)
{
        enum { ROWS = 90, MANY = 200 };
        static struct question asked[MANY];
        struct store *store = things_open_patient();
        struct db *held;
        char name[20];

        for (int i = 1; i <= ROWS; i++) {
                snprintf(name, sizeof name, "n%d", i);
                check_int(things_add(store, name), i);
        }
        held = things_are_shared() ? things_hold() : NULL;
        for (int i = 0; i < MANY; i++)
                item_begin(store, &asked[i], i % 100 + 1);
        if (held)
                things_release(&held);
        for (int i = 0; i < MANY; i++) {
                const struct thing *t = await(&asked[i]);

                check_text(asked[i].reading.error.text, "");
                check((t != NULL) == (i % 100 < ROWS));
                if (t) {
                        snprintf(name, sizeof name, "n%d", i % 100 + 1);
                        check_int(t->row.id, i % 100 + 1);
                        check_text(t->name, name);
                }
                end(&asked[i]);
        }
        store_close(&store);
}

/* The longest rows that are read together, and longer ones. */
static void long_rows_come_whole(void)
{
        enum { SHORT, LIMIT, LONG, LONGER, MISSING, MANY };
        static const size_t lens[MISSING] = {1, TABLE_LONG_ROW - 1, TABLE_LONG_ROW, 100000};
        struct store *store = things_open_patient();
        struct question first, asked[MANY];
        struct db *held;

        for (int i = 0; i < MISSING; i++)
                check_int(add_with_secret(store, "n", lens[i]), i + 1);
        held = things_are_shared() ? things_hold() : NULL;
        item_begin(store, &first, 1);
        for (int i = 0; i < MANY; i++)
                item_begin(store, &asked[i], i + 1);
        if (held)
                things_release(&held);
        for (int i = 0; i < MISSING; i++) {
                const struct thing *t = await(&asked[i]);

                check(t && t->secret && strlen(t->secret) == lens[i]);
                check_text(t->name, "n");
                check(t->qty.known && t->qty.value == 7 && !t->big.known);
        }
        check(!await(&asked[MISSING]));
        for (int i = 0; i < MANY; i++)
                end(&asked[i]);
        end(&first);
        store_close(&store);
}

/* In place of the table a view of it; `big` is when the statement that reads it began, Unix us. */
static void things_become_a_view(const char *qty)
{
        struct error e = {0};
        struct db *db = db_open(things_url(), things_service(), DB_WRITER, &e);
        char sql[500];

        snprintf(sql, sizeof sql,
                 "ALTER TABLE things RENAME TO kept; CREATE VIEW things AS SELECT id, version, "
                 "name, %s AS qty, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint "
                 "AS big, \"Secret\", pin FROM kept",
                 qty);
        check(db_exec(db, sql, &e));
        check_text(e.text, "");
        db_close(&db);
}

/* What came while one was under way. */
static void they_are_read_together(void)
{
        enum { MANY = 100 };
        static struct question asked[MANY];
        int64_t before = 0, statements = 0;
        struct store *store;
        struct db *held;

        if (!things_are_shared())
                return;
        store = things_open_patient();
        for (int i = 0; i < 5; i++)
                things_add(store, "n");
        things_become_a_view("qty");
        held = things_hold();
        for (int i = 0; i < MANY; i++)
                item_begin(store, &asked[i], i % 5 + 1);
        things_are_waited_for(held, 1);
        things_release(&held);
        for (int i = 0; i < MANY; i++) {
                const struct thing *t = await(&asked[i]);

                check_text(asked[i].reading.error.text, "");
                check(t && t->big.known);
                statements += t->big.value != before;
                before = t->big.value;
                end(&asked[i]);
        }
        check(statements <= 1 + (MANY + TABLE_MANY - 1) / TABLE_MANY);
        store_close(&store);
}

/* As where a block of the disk cannot be read any more. */
static void a_row_that_cannot_be_read_spoils_no_other(void)
{
        enum { MANY = 4 };
        struct question first, asked[MANY];
        struct store *store;

        if (!things_are_shared())
                return;
        store = things_open_patient();
        for (int i = 0; i < MANY; i++)
                things_add(store, "n");
        things_become_a_view("CASE WHEN id = 2 THEN 1 / (id - 2)::int ELSE 8 END");
        item_begin(store, &first, 1);
        for (int i = 0; i < MANY; i++)
                item_begin(store, &asked[i], i + 1);
        for (int i = 0; i < MANY; i++) {
                const struct thing *t = await(&asked[i]);

                check_text(i == 1 ? "" : asked[i].reading.error.text, "");
                check_int(asked[i].reading.error.kind, i == 1 ? ERROR_INTERNAL : ERROR_NONE);
                check((t != NULL) == (i != 1));
                end(&asked[i]);
        }
        end(&first);
        store_close(&store);
}

static _Atomic bool gate_is_open;
static _Atomic int inside;

static bool wait_at_the_gate(struct db *db, void *arg, struct error *error)
{
        (void)db, (void)arg, (void)error;
        atomic_fetch_add(&inside, 1);
        for (int64_t end = clock_mono_us() + 5000000;
             !atomic_load(&gate_is_open) && clock_mono_us() < end;)
                usleep(500);
        return true;
}

static bool pass_through(struct db *db, void *arg, struct error *error)
{
        (void)db, (void)arg, (void)error;
        return true;
}

/* Three slow lists, two threads. */
static void slow_lists_leave_a_thread_for_items(void)
{
        enum { SLOW = 3 };
        struct question slow[SLOW], item;
        struct store *store;

        if (!things_are_shared())
                return;
        store = things_open_patient();
        things_add(store, "n");
        atomic_store(&gate_is_open, false);
        atomic_store(&inside, 0);
        for (int i = 0; i < SLOW; i++) {
                slow[i] = (struct question){.reading.run = wait_at_the_gate};
                begin(store, &slow[i]);
        }
        item_begin(store, &item, 1);
        check(await(&item));
        check_int(atomic_load(&inside), 1);
        atomic_store(&gate_is_open, true);
        for (int i = 0; i < SLOW; i++)
                end(&slow[i]);
        check_int(atomic_load(&inside), SLOW);
        end(&item);
        store_close(&store);
}

/* A database that is slow, but not away: nothing is read for those that waited too long. */
static void what_waits_too_long_is_refused(void)
{
        enum { MANY = 8 };
        struct question slow, late[MANY], first, item;
        struct store *store;
        struct db *held;

        if (!things_are_shared())
                return;
        store = things_open();
        things_add(store, "n");
        store->reads.patience_us = 200 * 1000;
        held = things_hold();
        item_begin(store, &first, 1);
        things_are_waited_for(held, 1);
        atomic_store(&gate_is_open, false);
        atomic_store(&inside, 0);
        slow = (struct question){.reading.run = wait_at_the_gate};
        begin(store, &slow);
        while (!atomic_load(&inside))
                usleep(500);
        for (int i = 0; i < MANY; i++)
                if (i % 2) {
                        item_begin(store, &late[i], 1);
                } else {
                        late[i] = (struct question){.reading.run = wait_at_the_gate};
                        begin(store, &late[i]);
                }
        usleep(300 * 1000);
        atomic_store(&gate_is_open, true);
        things_release(&held);
        for (int i = 0; i < MANY; i++) {
                check(!await(&late[i]));
                check_int(late[i].reading.error.kind, ERROR_UNAVAILABLE);
                end(&late[i]);
        }
        check(await(&first)); /* its turn had come */
        end(&first);
        end(&slow);
        check_int(slow.reading.error.kind, ERROR_NONE);
        check_int(atomic_load(&inside), 1);
        item_begin(store, &item, 1);
        check(await(&item));
        end(&item);
        store_close(&store);
}

/* A file: it leaves caller and connection to what is quick. */
static void a_slow_reading_holds_up_no_quick_one(void)
{
        struct question slow = {.reading = {.run = wait_at_the_gate, .slow = true}}, item, list;
        struct store *store;

        if (things_are_shared())
                return;
        store = things_open_patient();
        things_add(store, "n");
        atomic_store(&gate_is_open, false);
        atomic_store(&inside, 0);
        begin(store, &slow);
        item_begin(store, &item, 1);
        check(atomic_load(&item.over) && item.reading.item.row);
        list = (struct question){.reading = {.run = pass_through}};
        begin(store, &list);
        check(atomic_load(&list.over));
        check(!atomic_load(&slow.over));
        atomic_store(&gate_is_open, true);
        end(&slow);
        check_int(atomic_load(&inside), 1);
        end(&item);
        end(&list);
        store_close(&store);
}

static void what_is_queued_is_read_before_the_store_closes(void)
{
        enum { MANY = 300 };
        static struct question asked[MANY];
        struct store *store = things_open_patient();

        things_add(store, "n");
        for (int i = 0; i < MANY; i++) {
                if (i % 10 == 5) {
                        asked[i] = (struct question){.reading.run = wait_at_the_gate};
                        atomic_store(&gate_is_open, true);
                        begin(store, &asked[i]);
                } else {
                        item_begin(store, &asked[i], 1);
                }
        }
        store_close(&store);
        for (int i = 0; i < MANY; i++) {
                check(atomic_load(&asked[i].over));
                check((asked[i].reading.item.row != NULL) == (i % 10 != 5));
                end(&asked[i]);
        }
}

/* The server ends the sessions that read: each reading is told so, and later ones work. */
static void a_database_that_ends_fails_each_and_comes_back(void)
{
        enum { MANY = 20 };
        struct question asked[MANY], later;
        struct store *store;
        struct db *held;

        if (!things_are_shared())
                return;
        store = things_open_patient();
        things_add(store, "n");
        held = things_hold();
        for (int i = 0; i < MANY; i++)
                item_begin(store, &asked[i], 1);
        things_are_waited_for(held, 1);
        things_end_sessions("wait_event_type = 'Lock'");
        for (int i = 0, failed = 0; i < MANY; i++) {
                const struct thing *t = await(&asked[i]);

                failed += asked[i].reading.error.kind == ERROR_UNAVAILABLE;
                check(!t == (asked[i].reading.error.kind != ERROR_NONE));
                if (i == MANY - 1)
                        check(failed);
                end(&asked[i]);
        }
        things_release(&held);
        for (int64_t end_us = clock_mono_us() + 5000000; clock_mono_us() < end_us; usleep(1000)) {
                bool found;

                item_begin(store, &later, 1);
                found = await(&later) != NULL;
                end(&later);
                if (found)
                        break;
        }
        check_int(later.reading.error.kind, ERROR_NONE);
        store_close(&store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(each_gets_its_own_row),
                STORY(long_rows_come_whole),
                STORY(they_are_read_together),
                STORY(a_row_that_cannot_be_read_spoils_no_other),
                STORY(slow_lists_leave_a_thread_for_items),
                STORY(what_waits_too_long_is_refused),
                STORY(a_slow_reading_holds_up_no_quick_one),
                STORY(what_is_queued_is_read_before_the_store_closes),
                STORY(a_database_that_ends_fails_each_and_comes_back),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
