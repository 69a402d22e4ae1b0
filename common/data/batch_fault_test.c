/* A batch that fails: which job is told what, and that nothing of the batch is left. On SQLite;
   postgres_test.c and contend_test.c test this with a server, crash_test.c with a disk. */
#include "data/store_inside.h"
#include "testing/fault_vfs.h"
#include "testing/thing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic int handed; /* records */

static void count_handed(void *arg, struct outbox_batch *batch)
{
        (void)arg;
        handed += (int)batch->count;
        arena_close(&batch->arena);
        free(batch);
}

static struct store *listened_to(void)
{
        struct store *store = things_open();

        handed = 0;
        outbox_on_commit(store, count_handed, NULL);
        return store;
}

static void refuse(struct unit *unit, void *thing)
{
        (void)thing;
        unit_refuse(unit, ERROR_UNPROCESSABLE, NULL, "no");
}

static void a_commit_that_fails_fails_all_of_it(void)
{
        struct errand hold, one, refused, two;
        struct store *store = listened_to();

        things_add(store, "a");
        errand_send(&hold, store, NULL, NULL);
        errand_send(&one, store, "one", thing_add_and_say);
        errand_send(&refused, store, "refused", refuse);
        errand_send(&two, store, "two", thing_add_and_say);
        fault.full = true;
        errand_end(&hold);
        check_int(errand_end(&one), ERROR_UNAVAILABLE);
        check_int(errand_end(&refused), ERROR_UNAVAILABLE);
        check_int(errand_end(&two), ERROR_UNAVAILABLE);
        fault.full = false;
        check_contains(one.error.text, "does not take this now");
        check(!store_is_well(store));
        check_int(things_count(store), 1);
        check_int(things_add(store, "b"), 2); /* no id was used */
        check(store_is_well(store));
        check_int(outbox_pending(store), 2);
        check_int(handed, 2);
        store_close(&store);
        store = things_open();
        check_int(things_count(store), 2);
        store_close(&store);
}

static void look_only(struct unit *unit, void *arg)
{
        (void)arg;
        unit_get(unit, &thing_entity, 1);
}

/* The log's, from now on; what it said is read back by heard(). */
static int listen_to_log(FILE **log)
{
        int kept = dup(STDERR_FILENO);

        *log = tmpfile();
        check(*log && kept >= 0 && dup2(fileno(*log), STDERR_FILENO) >= 0);
        return kept;
}

static const char *heard(FILE *log, int kept)
{
        static char text[65536];

        dup2(kept, STDERR_FILENO);
        close(kept);
        rewind(log);
        text[fread(text, 1, sizeof text - 1, log)] = '\0';
        fclose(log);
        return text;
}

static int count_of(const char *text, const char *part)
{
        int count = 0;

        for (; (text = strstr(text, part)); text += strlen(part))
                count++;
        return count;
}

/* Each batch may fail, and there may be thousands a second. */
static void failing_commits_are_logged_once_with_their_number(void)
{
        struct thing t = {.name = "a"};
        struct store *store = things_open();
        const char *said;
        FILE *log;
        int kept;

        things_add(store, "a");
        kept = listen_to_log(&log);
        for (int spell = 0; spell < 2; spell++) {
                fault.full = true;
                for (int i = 0; i < 3 + spell; i++)
                        check_int(things_do(store, thing_add_and_say, &t), ERROR_UNAVAILABLE);
                fault.full = false;
                check_int(things_do(store, look_only, NULL), ERROR_NONE); /* which shows nothing */
                fault.full = true;
                check_int(things_do(store, thing_add_and_say, &t), ERROR_UNAVAILABLE);
                fault.full = false;
                check_int(things_do(store, thing_add_and_say, &t), ERROR_NONE);
                check_int(things_do(store, thing_add_and_say, &t), ERROR_NONE);
        }
        said = heard(log, kept);
        check_int(count_of(said, "commit failed"), 2);
        check_int(count_of(said, "does not take this now"), 2);
        check_int(count_of(said, "commits succeed again"), 2);
        check_int(count_of(said, "commits.failed=4"), 1);
        check_int(count_of(said, "commits.failed=5"), 1);
        store_close(&store);
}

/* A later commit removes what a failed one should have removed. */
static void sent_records_are_removed_in_the_end(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();

        things_add(store, "a");
        outbox_sent(store, (const int64_t[]){1}, 1);
        fault.full = true;
        outbox_sweep(store);
        fault.full = false;
        check_text(things_waiting(store, arena), "a");
        things_add(store, "b");
        outbox_sweep(store);
        check_text(things_waiting(store, arena), "b");
        arena_close(&arena);
        store_close(&store);
}

/* As a full disk or a broken connection does it. */
static void lose_the_transaction(struct unit *unit)
{
        struct error ignored;

        check(db_exec(unit->store->writer, "ROLLBACK", &ignored));
}

static void add_and_lose(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        lose_the_transaction(unit);
}

static void be_refused_and_lose(struct unit *unit, void *thing)
{
        refuse(unit, thing);
        lose_the_transaction(unit);
}

static void fail_and_lose(struct unit *unit, void *thing)
{
        (void)thing;
        unit_refuse(unit, ERROR_INTERNAL, NULL, "the disk is on fire");
        lose_the_transaction(unit);
}

/* Three units; the middle one loses what the first wrote. All are told why, and nothing of them
   is left. */
static void all_are_told(void (*lose)(struct unit *, void *), enum error_kind kind, const char *why)
{
        struct store *store = listened_to();
        struct errand hold, before, loser, behind;

        things_add(store, "a");
        errand_send(&hold, store, NULL, NULL);
        errand_send(&before, store, "before", thing_add_and_say);
        errand_send(&loser, store, "loser", lose);
        errand_send(&behind, store, "behind", thing_add_and_say);
        errand_end(&hold); /* in their batch, or before it */
        check_int(errand_end(&before), kind);
        check_int(errand_end(&loser), kind);
        check_int(errand_end(&behind), kind);
        check_text(before.error.text, why);
        check_text(loser.error.text, why);
        check_text(behind.error.text, why);
        check_int(things_count(store), 1);
        check_int(things_add(store, "b"), 2);
        check_int(things_count(store), 2);
        check_int(outbox_pending(store), 2);
        store_close(&store);
        check_int(handed, 2);
}

static void a_transaction_that_is_lost_fails_all_of_it(void)
{
        all_are_told(add_and_lose, ERROR_UNAVAILABLE, "the store could not finish the transaction");
}

static void a_refusal_is_not_why_the_others_fail(void)
{
        all_are_told(be_refused_and_lose, ERROR_UNAVAILABLE,
                     "the store could not finish the transaction");
}

static void what_the_store_failed_with_is_why_all_fail(void)
{
        all_are_told(fail_and_lose, ERROR_INTERNAL, "the disk is on fire");
}

static void fail_next_call(void)
{
        fault_arm(1, SQLITE_FULL);
}

static void a_batch_that_cannot_begin_is_a_failure(void)
{
        struct thing t = {.name = "a"};
        struct store *store = listened_to();

        things_add(store, "a");
        fail_next_call();
        check_int(things_do(store, thing_add_and_say, &t), ERROR_UNAVAILABLE);
        check(fault.hit != 0);
        check_int(things_count(store), 1);
        check_int(things_add(store, "b"), 2);
        store_close(&store);
        check_int(handed, 2);
}

static void add_be_refused_and_fail_next(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        refuse(unit, thing);
        fail_next_call();
}

/* After a unit that was refused after it wrote, so that the batch runs again with savepoints. */
static void a_batch_that_cannot_begin_again_is_a_failure(void)
{
        struct store *store = listened_to();
        struct errand hold, one, refused;

        things_add(store, "a");
        errand_send(&hold, store, NULL, NULL);
        errand_send(&one, store, "one", thing_add_and_say);
        errand_send(&refused, store, "refused", add_be_refused_and_fail_next);
        errand_end(&hold);
        check_int(errand_end(&one), ERROR_UNAVAILABLE);
        check_int(errand_end(&refused), ERROR_UNAVAILABLE);
        check(fault.hit != 0);
        check_contains(one.error.text, "does not take this now");
        check_int(things_count(store), 1);
        check_int(things_add(store, "b"), 2);
        store_close(&store);
        check_int(handed, 2);
}

/* The last writes of a transaction are the counts. */
static void a_batch_that_cannot_be_counted_is_undone(void)
{
        struct thing t = {.name = "b"};
        struct store *store = listened_to();

        things_add(store, "a");
        things_sql("CREATE TRIGGER no_more BEFORE UPDATE ON sequences BEGIN SELECT RAISE(ABORT, "
                   "'not now'); END");
        check(things_do(store, thing_add_and_say, &t) != ERROR_NONE);
        things_sql("DROP TRIGGER no_more"); /* which waits for a transaction that is open */
        check_int(things_count(store), 1);
        check_int(things_add(store, "b"), 2);
        check_int(things_count(store), 2);
        store_close(&store);
        check_int(handed, 2);
}

static void see_one(struct unit *unit, void *first)
{
        *(bool *)first = unit_first_time(unit, "/one", "1");
}

static void see_other(struct unit *unit, void *first)
{
        *(bool *)first = unit_first_time(unit, "/other", "1");
}

/* Otherwise the next source would get its number, and the two would share their identities. */
static void a_source_whose_commit_failed_is_forgotten(void)
{
        struct store *store = things_open();
        bool first = false;

        fault.full = true;
        check_int(things_do(store, see_one, &first), ERROR_UNAVAILABLE);
        fault.full = false;
        check_int(things_do(store, see_other, &first), ERROR_NONE);
        check(first);
        check_int(things_do(store, see_one, &first), ERROR_NONE);
        check(first);
        check_int(things_do(store, see_one, &first), ERROR_NONE);
        check(!first);
        store_close(&store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_commit_that_fails_fails_all_of_it),
                STORY(failing_commits_are_logged_once_with_their_number),
                STORY(sent_records_are_removed_in_the_end),
                STORY(a_transaction_that_is_lost_fails_all_of_it),
                STORY(a_refusal_is_not_why_the_others_fail),
                STORY(what_the_store_failed_with_is_why_all_fail),
                STORY(a_batch_that_cannot_begin_is_a_failure),
                STORY(a_batch_that_cannot_begin_again_is_a_failure),
                STORY(a_batch_that_cannot_be_counted_is_undone),
                STORY(a_source_whose_commit_failed_is_forgotten),
                {NULL, NULL},
        };

        fault_vfs();
        return check_main(stories, argc, argv);
}
