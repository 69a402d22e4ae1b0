/* What the writer makes of jobs: which of them share a commit, and what that means for each. */
#include "base/clock.h"
#include "base/fault_vfs.h"
#include "data/store_inside.h"
#include "data/thing.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH_MOST = 512, MANY = 1300, LATE_MS = 50, PATIENCE_US = 20 * 1000000 };

static struct {
        _Atomic int batches, records, largest;
} handed;

static void count_handed(void *arg, struct outbox_batch *batch)
{
        (void)arg;
        handed.batches++;
        handed.records += (int)batch->count;
        if ((int)batch->count > handed.largest)
                handed.largest = (int)batch->count;
        arena_close(&batch->arena);
        free(batch);
}

static struct store *counted_open(void)
{
        struct store *store = things_open();

        handed.batches = handed.records = handed.largest = 0;
        outbox_on_commit(store, count_handed, NULL);
        return store;
}

static struct errand many[MANY];
static struct store *many_store;

static void submit_many(struct unit *unit, void *thing)
{
        (void)unit, (void)thing;
        for (int i = 0; i < MANY; i++)
                store_submit(many_store, &many[i].job);
}

/* They come while a batch of one is under way: as many as have room join it. */
static void a_batch_has_a_bound(void)
{
        struct errand first;

        many_store = counted_open();
        for (int i = 0; i < MANY; i++) {
                many[i] = (struct errand){.thing.name = "a", .run = thing_add_and_say};
                sem_init(&many[i].over, 0, 0);
                many[i].job = (struct job){.run = errand_run, .done = errand_done, .arg = &many[i], .arena = arena_open()};
        }
        errand_send(&first, many_store, NULL, submit_many);
        check_int(errand_end(&first), ERROR_NONE);
        for (int i = 0; i < MANY; i++)
                check_int(errand_end(&many[i]), ERROR_NONE);
        store_close(&many_store);
        check_int(handed.records, MANY);
        check(handed.largest <= BATCH_MOST && handed.largest >= BATCH_MOST - 1);
}

static void add_and_hold(struct unit *unit, void *thing)
{
        struct thing *t = thing;

        thing_add_and_say(unit, t);
        while (store_busy_ms(unit->store) < LATE_MS + 10)
                ;
}

/* Others may wait for what a batch that lasts has locked. */
static void a_batch_that_lasts_takes_nobody_in(void)
{
        struct store *store = counted_open();
        struct errand first, late;

        errand_send(&first, store, "first", add_and_hold);
        while (store_busy_ms(store) < 1)
                ;
        errand_send(&late, store, "late", thing_add_and_say);
        check_int(errand_end(&first), ERROR_NONE);
        check_int(errand_end(&late), ERROR_NONE);
        store_close(&store);
        check_int(handed.batches, 2);
        check_int(handed.largest, 1);
}

static void add_and_count(struct unit *unit, void *thing)
{
        struct thing *t = thing;

        t->big.value++;
        thing_add_and_say(unit, &(struct thing){.name = t->name});
}

static void refuse_first(struct unit *unit, void *thing)
{
        (void)thing;
        unit_refuse(unit, ERROR_UNPROCESSABLE, NULL, "no");
}

static void refuse_last(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        unit_refuse(unit, ERROR_UNPROCESSABLE, NULL, "no");
}

/* How often a unit ran that shared its batch with one that was refused. */
static int64_t runs_beside(void (*refuse)(struct unit *, void *))
{
        struct errand hold, counted, refused;
        struct store *store = counted_open();

        errand_send(&hold, store, NULL, NULL);
        errand_send(&counted, store, "counted", add_and_count);
        errand_send(&refused, store, "refused", refuse);
        check_int(errand_end(&hold), ERROR_NONE);
        check_int(errand_end(&counted), ERROR_NONE);
        check_int(errand_end(&refused), ERROR_UNPROCESSABLE);
        check_int(things_count(store), 1);
        store_close(&store);
        check_int(handed.records, 1);
        return counted.thing.big.value;
}

static void who_is_refused_before_it_wrote_costs_nobody(void)
{
        check_int(runs_beside(refuse_first), 1);
}

static void who_is_refused_behind_that_is_undone(void)
{
        check_int(runs_beside(refuse_last), 2);
}

static void rename_first(struct unit *unit, void *thing)
{
        struct thing *t = unit_get(unit, &thing_entity, 1);

        t->name = arena_string(unit_arena(unit), ((struct thing *)thing)->name);
        unit_save(unit, &thing_entity, t);
}

static void get_first(struct store *store, const char *name)
{
        struct arena *arena = arena_open();
        struct error e = {0};
        void *row = NULL;

        check(store_get(store, &thing_entity, 1, arena, &row, &e) && row);
        check_text(((struct thing *)row)->name, name);
        arena_close(&arena);
}

/* And from memory, as long as nothing was committed since: at rest there always is a moment to which that counts. */
static void a_row_is_read_as_it_was_committed(void)
{
        static const char *const names[] = {"b", "c", "d"};
        struct store *store = things_open();
        uint64_t before = 0;

        things_add(store, "a");
        get_first(store, "a");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                struct thing t = {.name = names[i]};
                uint64_t moment = recent_moment(store->recent);

                check(moment > before);
                before = moment;
                get_first(store, i ? names[i - 1] : "a");
                check_int(things_do(store, rename_first, &t), ERROR_NONE);
                get_first(store, names[i]);
        }
        store_close(&store);
}

/* On SQLite; crash_test.c has it with a disk, postgres_test.c with a connection. */
static void a_commit_that_fails_fails_all_of_it(void)
{
        struct errand hold, one, refused, two;
        struct store *store;

        if (db_url_is_shared(things_url()))
                return;
        store = counted_open();
        things_add(store, "a");
        errand_send(&hold, store, NULL, NULL);
        errand_send(&one, store, "one", thing_add_and_say);
        errand_send(&refused, store, "refused", refuse_first);
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
        check_int(handed.records, 2);
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

/* Each batch may fail, and there may be thousands a second. On SQLite. */
static void that_commits_fail_is_said_once_and_how_many_did(void)
{
        struct thing t = {.name = "a"};
        struct store *store;
        const char *said;
        FILE *log;
        int kept;

        if (db_url_is_shared(things_url()))
                return;
        store = things_open();
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

/* What a failed commit would have removed is removed by a later one. On SQLite. */
static void what_was_sent_goes_in_the_end(void)
{
        struct store *store;
        struct arena *arena;

        if (db_url_is_shared(things_url()))
                return;
        store = things_open();
        arena = arena_open();
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

/* One at a time, also when somebody asks every second while the writer is stuck; and a read shows nothing. */
static void a_probe_finds_out_that_all_is_well(void)
{
        struct store *store = things_open();
        struct errand hold;

        errand_send(&hold, store, NULL, NULL);
        for (int i = 0; i < 5; i++)
                store_probe(store);
        check(store->first == &store->probe && !store->first->next);
        check_int(errand_end(&hold), ERROR_NONE);
        check_int(things_do(store, look_only, NULL), ERROR_NONE);
        atomic_store(&store->well, false);
        check_int(things_do(store, look_only, NULL), ERROR_NONE);
        check(store_is_well(store) == store_is_shared(store)); /* where each commit writes a note */
        atomic_store(&store->well, false);
        store_probe(store);
        check_int(things_do(store, look_only, NULL), ERROR_NONE);
        check(store_is_well(store));
        store_close(&store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                {"a batch has a bound", a_batch_has_a_bound},
                {"a batch that lasts takes nobody in", a_batch_that_lasts_takes_nobody_in},
                {"who is refused before it wrote costs nobody a thing", who_is_refused_before_it_wrote_costs_nobody},
                {"who is refused behind that is undone", who_is_refused_behind_that_is_undone},
                {"a row is read as it was committed", a_row_is_read_as_it_was_committed},
                {"a commit that fails fails all of it", a_commit_that_fails_fails_all_of_it},
                {"that commits fail is said once, and how many did", that_commits_fail_is_said_once_and_how_many_did},
                {"what was sent goes in the end", what_was_sent_goes_in_the_end},
                {"a probe finds out that all is well", a_probe_finds_out_that_all_is_well},
                {NULL, NULL},
        };

        fault_vfs();
        return check_main(stories, argc, argv);
}
