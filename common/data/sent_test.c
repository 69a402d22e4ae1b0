/* Sent records leave the outbox: by a sweep, with a later commit, or when the store is closed. */
#include "data/outbox.h"

#include "testing/thing.h"

#include <stdatomic.h>

/* How many records the table lost since the last call. */
static int64_t removed(struct store *store)
{
        int64_t ids[10000];

        return (int64_t)outbox_removed(store, ids, sizeof ids / sizeof *ids);
}

static void the_sent_go_when_swept(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();

        check(outbox_sweep(store)); /* of nothing */
        things_add(store, "a");
        things_add(store, "b");
        things_add(store, "c");
        things_sent(store, 1, 2);
        check_int(outbox_pending(store), 1);
        check_int(removed(store), 0);
        check(outbox_sweep(store));
        check_int(removed(store), 2);
        check_text(things_waiting(store, arena), "c");
        things_add(store, "d");
        check_text(things_waiting(store, arena), "c d");
        check_int(outbox_pending(store), 2);
        outbox_sent(store, (const int64_t[]){3, 4}, 2);
        check_int((int64_t)outbox_unremoved(store), 2);
        check(outbox_sweep(store));
        check_int((int64_t)outbox_unremoved(store), 0);
        check_text(things_waiting(store, arena), "");
        check_int(outbox_pending(store), 0);
        check(outbox_sweep(store));
        check_int(outbox_pending(store), 0);
        check_int(removed(store), 2);
        check_int(things_count(store), 4);
        arena_close(&arena);
        store_close(&store);
}

static _Atomic int removals;

static int count_removal(unsigned what, void *arg, void *statement, void *sql)
{
        (void)what, (void)arg, (void)statement;
        removals += strstr(sql, "DELETE FROM outbox") == sql;
        return 0;
}

/* SQLite calls it with each connection that it opens. */
static int watch_removals(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
        (void)error, (void)api;
        return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, count_removal, NULL);
}

/* Records that wait before or between them stay; consecutive ids go by one statement. */
static void the_sent_go_in_any_order(void)
{
        static const int64_t ids[] = {7, 3, 4, 8, 5};
        static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
        struct arena *arena = arena_open();
        struct store *store;

        sqlite3_auto_extension((void (*)(void))watch_removals);
        store = things_open();
        sqlite3_reset_auto_extension();
        removals = 0;
        for (int i = 0; i < 9; i++)
                things_add(store, names[i]);
        outbox_sent(store, ids, 5);
        check_int(outbox_pending(store), 4);
        check(outbox_sweep(store));
        check_text(things_waiting(store, arena), "a b f i");
        check_int(removals, 2);
        things_sent(store, 1, 1);
        store_close(&store); /* takes along what was not swept */
        store = things_open();
        check_text(things_waiting(store, arena), "b f i");
        check_int(outbox_pending(store), 3);
        arena_close(&arena);
        store_close(&store);
}

static void let_third_stay(bool stays)
{
        things_sql(stays ? "CREATE TRIGGER one_stays BEFORE DELETE ON outbox WHEN old.id = 3 BEGIN "
                           "SELECT RAISE(ABORT, 'not now'); END"
                         : "DROP TRIGGER one_stays");
}

/* Otherwise they would be published again after the next start, however late that is. */
static void what_a_sweep_could_not_remove_is_known(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();

        for (const char *name = "a\0b\0c\0"; *name; name += 2)
                things_add(store, name);
        let_third_stay(true);
        things_sent(store, 1, 1);
        things_sent(store, 3, 3);
        check(!outbox_sweep(store));
        check_int(removed(store), 0);
        let_third_stay(false);
        check(outbox_sweep(store));
        check_text(things_waiting(store, arena), "b");
        check_int(removed(store), 2);
        arena_close(&arena);
        store_close(&store);
}

/* Without a sweep: the commits of a busy store remove them. */
static void the_sent_go_with_a_later_commit(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();

        for (int i = 0; i < 1000; i++)
                things_add(store, "x");
        things_sent(store, 1, 999);
        things_add(store, "y"); /* for one less it does not pay */
        check_int(removed(store), 0);
        things_sent(store, 1000, 1000);
        check_int(outbox_pending(store), 1);
        let_third_stay(true);
        check(things_do(store, thing_add_and_say, &(struct thing){.name = "not now"}) !=
              ERROR_NONE);
        check_int(removed(store), 0);
        let_third_stay(false);
        things_add(store, "z");
        check_text(things_waiting(store, arena), "y z");
        check_int(outbox_pending(store), 2);
        check_int(removed(store), 1000);
        arena_close(&arena);
        store_close(&store);
}

enum { AT_MOST = 8000, MANY = AT_MOST + 1000 }; /* a commit */

static void say_many(struct unit *unit, void *thing)
{
        unit_add(unit, &thing_entity, thing);
        for (int i = 0; i < MANY; i++)
                unit_announce(unit, &thing_said, thing);
}

/* No commit may take long. */
static void many_go_in_portions(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();

        check_int(things_do(store, say_many, &(struct thing){.name = "a"}), ERROR_NONE);
        things_sent(store, 1, MANY);
        check(outbox_sweep(store));
        check_int(removed(store), AT_MOST);
        check(outbox_sweep(store));
        check_int(removed(store), MANY - AT_MOST);
        check_text(things_waiting(store, arena), "");
        arena_close(&arena);
        store_close(&store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_sent_go_when_swept),
                STORY(the_sent_go_in_any_order),
                STORY(what_a_sweep_could_not_remove_is_known),
                STORY(the_sent_go_with_a_later_commit),
                STORY(many_go_in_portions),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
