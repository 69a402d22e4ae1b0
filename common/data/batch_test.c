/* How the writer batches jobs: which of them share a commit, and what that means for each. */
#include "base/clock.h"
#include "data/store_inside.h"
#include "testing/thing.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { BATCH_MOST = 512, MANY = 1300, LATE_MS = 50 };

static struct {
        int batches, records, sizes[100];
} handed;

static void count_handed(void *arg, struct outbox_batch *batch)
{
        (void)arg;
        handed.sizes[handed.batches++ % 100] = (int)batch->count;
        handed.records += (int)batch->count;
        arena_close(&batch->arena);
        free(batch);
}

static struct store *counted_open(void)
{
        struct store *store = things_open();

        handed.batches = handed.records = 0;
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

/* The batch that submits them is not late, however busy the machine is. */
static void submit_many_in_time(struct unit *unit, void *thing)
{
        atomic_store(&unit->store->busy_since, INT64_MAX);
        submit_many(unit, thing);
}

static void add_and_hold(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        while (store_busy_ms(unit->store) < LATE_MS + 10)
                ;
}

static void submit_many_and_hold(struct unit *unit, void *thing)
{
        submit_many(unit, thing);
        add_and_hold(unit, thing);
}

/* Many jobs, of which the first is `first`, come while a batch of one is under way. */
static void many_come(void (*meanwhile)(struct unit *, void *),
                      void (*first)(struct unit *, void *))
{
        struct errand one;

        many_store = counted_open();
        for (int i = 0; i < MANY; i++) {
                many[i] = (struct errand){.thing.name = "a", .run = i ? thing_add_and_say : first};
                sem_init(&many[i].over, 0, 0);
                many[i].job = (struct job){.run = errand_run,
                                           .done = errand_done,
                                           .arg = &many[i],
                                           .arena = arena_open()};
        }
        errand_send(&one, many_store, "one", meanwhile);
        check_int(errand_end(&one), ERROR_NONE);
        for (int i = 0; i < MANY; i++)
                check_int(errand_end(&many[i]), ERROR_NONE);
        store_close(&many_store);
}

/* As many join it as there is room for. */
static void a_batch_has_a_bound(void)
{
        many_come(submit_many_in_time, thing_add_and_say);
        check_int(handed.batches, 3);
        check_int(handed.sizes[0], BATCH_MOST - 1); /* the job that submitted them announces
                                                       nothing */
        check_int(handed.sizes[1], BATCH_MOST);
        check_int(handed.sizes[2], MANY - 2 * BATCH_MOST + 1);
}

/* Other processes may wait for the locks of a long batch. */
static void a_batch_that_lasts_takes_nobody_in(void)
{
        many_come(submit_many_and_hold, add_and_hold);
        check_int(handed.sizes[0], 1);
        check_int(handed.sizes[1], BATCH_MOST);
        check_int(handed.records, MANY + 1);
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

/* How often a unit ran that shared its batch with a refused one. */
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

static void a_unit_refused_before_it_wrote_costs_the_others_nothing(void)
{
        check_int(runs_beside(refuse_first), 1);
}

static void a_unit_refused_after_that_is_undone(void)
{
        check_int(runs_beside(refuse_last), 2);
}

static void add_as_taken(struct unit *unit, void *thing)
{
        struct thing t = {.name = ((struct thing *)thing)->name, .secret = "s", .big = {true, 1}};

        unit_add(unit, &thing_entity, &t);
}

/* On PostgreSQL the batch learns of it only at its end. */
static void a_unit_in_conflict_with_a_row_is_undone(void)
{
        struct store *store = counted_open();
        struct thing taken = {.name = "taken", .secret = "s", .big = {true, 1}};
        struct errand hold, innocent, conflict;

        check_int(things_do(store, thing_add_and_say, &taken), ERROR_NONE);
        errand_send(&hold, store, NULL, NULL);
        errand_send(&innocent, store, "innocent", thing_add_and_say);
        errand_send(&conflict, store, "conflict", add_as_taken);
        errand_end(&hold);
        check_int(errand_end(&innocent), ERROR_NONE);
        check_int(errand_end(&conflict), ERROR_CONFLICT);
        check_int(things_count(store), 2);
        store_close(&store);
        check_int(handed.records, 2);
}

/* Without a listener, as in a shared store. */
static void events_take_memory_until_their_commit(void)
{
        struct store *store = things_open();

        for (int i = 0; i < 100; i++)
                things_add(store, "a name of some length, of which a hundred do not fit into what "
                                  "an arena keeps");
        check(arena_size(store->batch->arena) <= 16 << 10);
        store_close(&store);
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

/* Also from memory, while nothing is committed: at rest there is always a moment for it
   (row_cache.h). */
static void a_row_is_read_as_it_was_committed(void)
{
        static const char *const names[] = {"b", "c", "d"};
        struct store *store = things_open();
        uint64_t before = 0;

        things_add(store, "a");
        get_first(store, "a");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                struct thing t = {.name = names[i]};
                uint64_t moment = row_cache_moment(store->recent);

                check(moment > before);
                before = moment;
                get_first(store, i ? names[i - 1] : "a");
                check_int(things_do(store, rename_first, &t), ERROR_NONE);
                get_first(store, names[i]);
        }
        store_close(&store);
}

static void look_only(struct unit *unit, void *arg)
{
        (void)arg;
        unit_get(unit, &thing_entity, 1);
}

/* Only one probe at a time, even if one is asked for each second while the writer is stuck; a
   unit that only reads proves nothing. */
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
                STORY(a_batch_has_a_bound),
                STORY(a_batch_that_lasts_takes_nobody_in),
                STORY(a_unit_refused_before_it_wrote_costs_the_others_nothing),
                STORY(a_unit_refused_after_that_is_undone),
                STORY(a_unit_in_conflict_with_a_row_is_undone),
                STORY(events_take_memory_until_their_commit),
                STORY(a_row_is_read_as_it_was_committed),
                STORY(a_probe_finds_out_that_all_is_well),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
