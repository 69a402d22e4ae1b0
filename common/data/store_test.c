/* What every store promises about rows and units of work. */
#include "data/store.h"

#include "data/store_inside.h"
#include "testing/thing.h"

static void refuse_late(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        unit_refuse(unit, ERROR_UNPROCESSABLE, "name", "%s is not wanted",
                    ((struct thing *)thing)->name);
        unit_refuse(unit, ERROR_INTERNAL, "other", "too late");
}

static void an_id_is_never_used_twice(void)
{
        struct store *store = things_open();

        for (int64_t i = 1; i <= 3; i++)
                check_int(things_add(store, "a"), i);
        things_remove(store, 3);
        check_int(things_count(store), 2);
        store_close(&store);
        check(store == NULL);
        store = things_open();
        check_int(things_add(store, "b"), 4);
        check(things_has(store, 2) && !things_has(store, 3) && things_has(store, 4));
        check_int(things_count(store), 3);
        store_close(&store);
}

static void a_row_comes_back_as_it_went(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();
        struct thing t = {.name = "가😀\"'; DROP TABLE things; --\n",
                          .qty = {true, INT32_MIN},
                          .big = {true, INT64_MAX},
                          .secret = "s"};
        struct thing empty = {.row.version = 7, .name = ""},
                     *got; /* as one that is created again has it */

        check_int(things_do(store, thing_add_and_say, &t), ERROR_NONE);
        check_int(things_do(store, thing_add_and_say, &empty), ERROR_NONE);
        store_close(&store);
        store = things_open();
        got = things_get(store, 1, arena);
        check(shape_same(&thing_shape, got, &t));
        check_text(got->secret, "s");
        check(!got->pin.known);
        check_int(got->row.version, 0);
        got = things_get(store, 2, arena);
        check_text(got->name, "");
        check_int(got->row.version, 0);
        check(!got->qty.known && !got->secret);
        arena_close(&arena);
        store_close(&store);
}

static void save_twice(struct unit *unit, void *arg)
{
        struct thing *t = unit_get(unit, &thing_entity, 1);

        (void)arg;
        t->name = "b";
        unit_save(unit, &thing_entity, t);
        t = unit_get(unit, &thing_entity, 1); /* as the unit sees it */
        t->qty = (struct nullable_int){true, 2};
        unit_save(unit, &thing_entity, t);
}

static void a_change_counts_the_version(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();
        struct thing *got;

        things_add(store, "a");
        check_int(things_do(store, save_twice, NULL), ERROR_NONE);
        got = things_get(store, 1, arena);
        check_text(got->name, "b");
        check_int(got->qty.value, 2);
        check_int(got->row.version, 2);
        check_int(things_count(store), 1);
        arena_close(&arena);
        store_close(&store);
}

static void a_refused_unit_leaves_no_trace(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();
        struct errand hold, before, refused, after;

        errand_send(&hold, store, NULL, NULL);
        errand_send(&before, store, "before", thing_add_and_say);
        errand_send(&refused, store, "refused", refuse_late);
        errand_send(&after, store, "after", thing_add_and_say); /* all three in one transaction */
        check_int(errand_end(&hold), ERROR_NONE);
        check_int(errand_end(&before), ERROR_NONE);
        check_int(errand_end(&refused), ERROR_UNPROCESSABLE);
        check_int(errand_end(&after), ERROR_NONE);
        check_text(refused.error.text, "refused is not wanted");
        check_text(refused.error.member, "name");
        check_int(before.thing.row.id, 1);
        check_int(after.thing.row.id, 2);
        check_int(things_count(store), 2);
        check_text(things_get(store, 2, arena)->name, "after");
        check_text(things_waiting(store, arena), "before after");
        check_int(outbox_pending(store), 2);
        arena_close(&arena);
        store_close(&store);
}

/* Sent while the first one runs; its own end sees whether the second ran before. */
static void a_latecomer_joins_the_batch(void)
{
        struct store *store = things_open();
        struct errand first, late;

        errand_send(&first, store, NULL, NULL);
        errand_send(&late, store, "late", thing_add_and_say);
        check_int(errand_end(&first), ERROR_NONE);
        check_int(late.thing.row.id, 1);
        check_int(errand_end(&late), ERROR_NONE);
        check_int(things_count(store), 1);
        store_close(&store);
}

static void remove_and_refuse(struct unit *unit, void *thing)
{
        unit_remove(unit, &thing_entity, thing);
        unit_refuse(unit, ERROR_CONFLICT, NULL, "no");
}

static void a_refused_removal_leaves_the_row(void)
{
        struct store *store = things_open();
        struct thing t = {.row.id = 1};

        things_add(store, "a");
        check_int(things_do(store, remove_and_refuse, &t), ERROR_CONFLICT);
        check(things_has(store, 1));
        check_int(things_count(store), 1);
        store_close(&store);
        store = things_open();
        check_int(things_count(store), 1);
        check_int(things_add(store, "b"), 2);
        store_close(&store);
}

/* A failed check jumps out of the story, which only the story's own thread may do; so a unit
   notes what it saw. */
struct seen {
        bool before, failed, got, found, recalled, first;
        int64_t id;
};

static void go_on_after_failure(struct unit *unit, void *arg)
{
        struct seen *seen = arg;
        struct thing t = {.name = "late"};
        struct text headers = text_open(unit_arena(unit), 0);
        struct stored_answer answer;

        seen->before = unit_get(unit, &thing_entity, 1) && !unit_failed(unit);
        unit_refuse(unit, ERROR_BAD_INPUT, NULL, "no");
        seen->failed = unit_failed(unit);
        seen->got = unit_get(unit, &thing_entity, 1) != NULL;
        seen->found = unit_find(unit, &thing_entity, THING_BY_NAME, 0, (struct key){"a"}) != NULL;
        seen->recalled = unit_recall(unit, "/things", "k", &answer);
        seen->first = unit_first_time(unit, "s", "1");
        unit_save(unit, &thing_entity, &t);
        unit_remove(unit, &thing_entity, &t);
        thing_add_and_say(unit, &t);
        unit_publish(unit, "elsewhere", "late", "", 0, &headers);
        seen->id = t.row.id;
}

static void a_failure_is_sticky(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();
        struct seen seen = {0};

        things_add(store, "a");
        check_int(things_do(store, go_on_after_failure, &seen), ERROR_BAD_INPUT);
        check(seen.before && seen.failed);
        check(!seen.got && !seen.found && !seen.recalled && !seen.first && seen.id == 0);
        check_text(things_waiting(store, arena), "a");
        check_int(things_add(store, "b"), 2);
        arena_close(&arena);
        store_close(&store);
}

static void a_unique_key_is_a_conflict(void)
{
        struct store *store = things_open();
        struct thing first = {.secret = "s", .big = {true, 1}}, same = first,
                     null = {.secret = "s"}, null_again = null;

        check_int(things_do(store, thing_add_and_say, &first), ERROR_NONE);
        check_int(things_do(store, thing_add_and_say, &same), ERROR_CONFLICT);
        check_int(things_do(store, thing_add_and_say, &null), ERROR_NONE);
        check_int(things_do(store, thing_add_and_say, &null_again), ERROR_NONE);
        check_int(null.row.id, 2);
        check_int(things_count(store), 3);
        store_close(&store);
}

/* Bytes of the last event's value. */
static size_t said_bytes(struct store *store)
{
        struct outbox_record records[10];
        struct arena *arena = arena_open();
        struct error e = {0};
        size_t count = 0, bytes;

        check(outbox_read(store, 0, records, 10, &count, arena, &e) && count > 0);
        bytes = records[count - 1].value_len;
        arena_close(&arena);
        return bytes;
}

static void an_event_too_large_is_refused(void)
{
        static char name[12000];
        struct arena *arena = arena_open();
        struct store *store = things_open();
        struct thing t = {.name = name};

        memset(name, 'x', sizeof name - 1);
        check_int(things_do(store, thing_add_and_say, &t), ERROR_TOO_LARGE);
        check_int(things_count(store), 0);
        check_int(outbox_pending(store), 0);
        check_int(things_add(store, "a"), 1);
        memset(name, 'x', sizeof name - 1);
        name[1 + 10000 - said_bytes(store)] = '\0';
        check_int(things_do(store, thing_add_and_say, &t), ERROR_NONE); /* the largest that fits */
        check_int((int64_t)said_bytes(store), 10000);
        check_int(things_do(store, thing_add_and_say,
                            &(struct thing){.name = arena_printf(arena, "%sx", name)}),
                  ERROR_TOO_LARGE);
        arena_close(&arena);
        store_close(&store);
}

struct fitting {
        struct thing thing;
        bool fits;
};

static void ask_fits(struct unit *unit, void *arg)
{
        struct entity talker = thing_entity;
        struct fitting *f = arg;

        talker.says_created = &thing_said;
        f->fits = unit_fits(unit, &talker, &f->thing);
}

/* Key, value and headers together: the name is in the first two, the secret in the last. */
static void a_record_has_a_bound_of_its_own(void)
{
        static char half[6000];
        struct error e = {0};
        struct store *store = store_open(&(struct store_config){.url = things_url(),
                                                                .service = things_service(),
                                                                .entities = thing_entities,
                                                                .readers = 1,
                                                                .record_max = 10000},
                                         &e);
        struct fitting small = {.thing.name = "a"}, name = {.thing.name = half},
                       secret = {.thing = {.name = "a", .secret = half}},
                       both = {.thing = {.name = "a", .secret = half}};

        check_text(e.text, "");
        memset(half, 'x', sizeof half - 1);
        check_int(things_do(store, ask_fits, &small), ERROR_NONE);
        check_int(things_do(store, ask_fits, &name), ERROR_NONE);
        check_int(things_do(store, ask_fits, &secret), ERROR_NONE);
        half[4000] = '\0';
        both.thing.name = half;
        check_int(things_do(store, ask_fits, &both), ERROR_NONE);
        check(small.fits && !name.fits && secret.fits && !both.fits);
        check_int(things_do(store, thing_add_and_say, &both.thing), ERROR_TOO_LARGE);
        store_close(&store);
}

static void ask_source(struct unit *unit, void *source)
{
        *(const char **)source = unit_source(unit);
}

static void a_source_is_made_once(void)
{
        const char *asked = NULL;
        struct store *store = things_open();
        char source[100];

        snprintf(source, sizeof source, "%s", store_source(store));
        check(strncmp(source, "/things", 7) == 0);
        check_int((int64_t)strlen(source), (int64_t)strlen(things_service()) + 2 + 36);
        check_int(things_do(store, ask_source, &asked), ERROR_NONE);
        check_text(asked, source);
        store_close(&store);
        store = things_open();
        check_text(store_source(store), source);
        store_close(&store);
}

static void run_ask(struct unit *unit, void *arg)
{
        /* what a program without this migration looks at */
        static const char theirs[] =
                "SELECT coalesce(max(number), 0) FROM migrations WHERE part = 'common'";

        statement_number(db_prepare(unit->store->writer, theirs, &unit->error), arg, &unit->error);
}

static void run_of_tomorrow(struct unit *unit, void *arg)
{
        (void)arg;
        unit_may_write(unit);
        db_run(unit->store->writer,
               "INSERT INTO migrations (part, number, applied) VALUES ('common, for newer "
               "programs', 99, '')",
               &unit->error);
}

/* Migrations 3, 5 and 6 are ones for a store of one process only. */
static void an_older_program_can_still_use_the_store(void)
{
        struct store *store = things_open();
        int64_t highest = 0;

        check_int(things_do(store, run_ask, &highest), ERROR_NONE);
        check_int(highest, store_is_shared(store) ? 2 : 6);
        check_int(things_do(store, run_of_tomorrow, NULL), ERROR_NONE);
        store_close(&store);
        store = things_open(); /* nor do we mind what we need not know */
        check_int(things_add(store, "a"), 1);
        store_close(&store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_id_is_never_used_twice),
                STORY(a_row_comes_back_as_it_went),
                STORY(a_change_counts_the_version),
                STORY(a_refused_unit_leaves_no_trace),
                STORY(a_latecomer_joins_the_batch),
                STORY(a_refused_removal_leaves_the_row),
                STORY(a_failure_is_sticky),
                STORY(a_unique_key_is_a_conflict),
                STORY(a_record_has_a_bound_of_its_own),
                STORY(an_event_too_large_is_refused),
                STORY(a_source_is_made_once),
                STORY(an_older_program_can_still_use_the_store),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
