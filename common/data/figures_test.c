/* What metrics tell of a store's rows. On every kind of store. */
#include "data/figures.h"

#include "base/clock.h"
#include "data/store_inside.h"
#include "testing/thing.h"

#include <unistd.h>

enum { SOON_MS = 10, NEVER_MS = 3600 * 1000, PATIENCE_US = 60 * 1000000 };

static const struct figure things_figures[] = {
        {{"things_by_name", "Things by name", METRIC_GAUGE, {"name"}}, .by = "name"},
        {{"things_qty", "Of the first 100", METRIC_GAUGE, {"thing"}}, .by = "name", .of = "qty"},
        {{"things", "All", METRIC_GAUGE, {NULL}}},
        {{NULL}},
};

static const struct entity counted = {
        .item = "thing",
        .collection = "things",
        .shape = {thing_fields, sizeof(struct thing)},
        .figures = things_figures,
};

static struct {
        struct store *store;
        struct metrics *metrics;
        struct figures *figures;
        struct arena *arena;
} s;

static void begin(void)
{
        static const struct entity *const entities[] = {&counted, NULL};
        struct store_config config = {.url = things_url(),
                                      .service = things_service(),
                                      .entities = entities,
                                      .readers = 2};
        struct error e = {0};

        for (int i = 0; i < 20 && !s.store && (!i || e.kind == ERROR_UNAVAILABLE); i++)
                s.store = store_open(&config, &e);
        check(s.store != NULL);
        s.metrics = metrics_open();
        s.arena = arena_open();
}

static void count(int every_ms, int portion)
{
        s.figures = figures_open(&(struct figures_config){
                .store = s.store, .metrics = s.metrics, .every_ms = every_ms, .portion = portion});
}

static void end(void)
{
        figures_close(&s.figures);
        check(s.figures == NULL);
        store_close(&s.store);
        metrics_close(&s.metrics);
        arena_close(&s.arena);
}

static const char *shown(void)
{
        struct text out = text_open(s.arena, 4000);

        metrics_prometheus(s.metrics, false, &out);
        return out.at;
}

/* How many lines begin so. */
static int lines(const char *beginning)
{
        int found = 0;

        for (const char *line = shown(); line && *line;
             line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                found += strncmp(line, beginning, strlen(beginning)) == 0;
        return found;
}

static void wait_for(const char *line)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (!strstr(shown(), line) && clock_mono_us() < end_at)
                usleep(1000);
        check_contains(shown(), line);
}

static void add_row(struct unit *unit, void *row)
{
        unit_add(unit, &counted, row);
}

static void save_row(struct unit *unit, void *row)
{
        unit_save(unit, &counted, row);
}

static void remove_row(struct unit *unit, void *row)
{
        unit_remove(unit, &counted, row);
}

static struct thing add(const char *name, int64_t qty)
{
        struct thing t = {.name = name, .qty = {qty >= 0, qty}};

        check_int(things_do(s.store, add_row, &t), ERROR_NONE);
        return t;
}

static void rows_are_counted_by_a_member(void)
{
        struct thing a, b;

        begin();
        a = add("a", 5);
        b = add("b", 7);
        add("b", 1);
        add(NULL, -1);
        count(SOON_MS, 0);
        wait_for("\nthings 4\n");
        check_contains(shown(), "things_by_name{name=\"a\"} 1\n");
        check_contains(shown(), "things_by_name{name=\"b\"} 2\n");
        check_contains(shown(), "things_by_name{name=\"none\"} 1\n");
        /* a member that is told: two rows of one name are one number, null is none */
        check_contains(shown(), "things_qty{thing=\"a\"} 5\n");
        check_contains(shown(), "things_qty{thing=\"b\"} 8\n");
        check_int(lines("things_qty{"), 2);
        a.name = "b";
        a.qty.value = 6;
        check_int(things_do(s.store, save_row, &a), ERROR_NONE);
        wait_for("things_by_name{name=\"b\"} 3\n");
        wait_for("things_qty{thing=\"b\"} 14\n");
        check_int(lines("things_by_name{name=\"a\"}"), 0);
        check_int(things_do(s.store, remove_row, &b), ERROR_NONE);
        wait_for("\nthings 3\n");
        check_contains(shown(), "things_by_name{name=\"b\"} 2\n");
        end();
}

static void nothing_is_shown_before_the_first_look_and_an_empty_table_has_none(void)
{
        begin();
        check_int(lines("things"), 0);
        count(SOON_MS, 0);
        wait_for("\nthings 0\n");
        check_int(lines("things_by_name{"), 0);
        check_int(lines("things_qty{"), 0);
        end();
}

/* A portion ends in the middle of a name's rows, and also just where the rows end. */
static void portions_make_the_whole(void)
{
        begin();
        for (int i = 0; i < 21; i++)
                add(i % 2 ? "odd" : "even", i);
        count(SOON_MS, 7);
        wait_for("\nthings 21\n");
        check_contains(shown(), "things_by_name{name=\"even\"} 11\n");
        check_contains(shown(), "things_by_name{name=\"odd\"} 10\n");
        end();
}

static void label_values_are_bounded(void)
{
        enum { NAMES = 130, BY_NAME = 20, TOLD = 100 };
        char large[101] = "";

        begin();
        memset(large, 'x', 100);
        add(large, 3);
        for (int i = 1; i < NAMES; i++)
                add(arena_printf(s.arena, "name-%03d", i), i);
        count(SOON_MS, 50);
        wait_for("\nthings 130\n");
        check_int(lines("things_by_name{"), BY_NAME + 1);
        check_contains(shown(), "things_by_name{name=\"other\"} 110\n");
        large[64] = '\0';
        check_int(lines("things_qty{"), TOLD);
        check_contains(shown(), arena_printf(s.arena, "things_qty{thing=\"%s\"} 3\n", large));
        check_contains(shown(), "things_qty{thing=\"name-099\"} 99\n");
        check_int(lines("things_qty{thing=\"name-100\"}"), 0);
        end();
}

static void a_name_other_is_one_with_all_others(void)
{
        begin();
        add("other", 1);
        for (int i = 0; i < 30; i++)
                add(arena_printf(s.arena, "name-%03d", i), i);
        count(SOON_MS, 1);
        wait_for("\nthings 31\n");
        check_int(lines("things_by_name{"), 21);
        check_contains(shown(), "things_by_name{name=\"other\"} 11\n");
        end();
}

/* More than are counted, each in one row, and each before the others by its id and its text. */
static void names_that_somebody_makes_up_do_not_hide_what_most_rows_have(void)
{
        enum { JUNK = 250, REAL = 30 };

        begin();
        for (int i = 0; i < JUNK; i++)
                add(arena_printf(s.arena, "!junk-%03d", i), 1);
        for (int i = 0; i < REAL; i++)
                add(i % 3 ? "placed" : "canceled", 1);
        count(SOON_MS, 25);
        wait_for("\nthings 280\n");
        check_contains(shown(), "things_by_name{name=\"placed\"} 20\n");
        check_contains(shown(), "things_by_name{name=\"canceled\"} 10\n");
        check_int(lines("things_by_name{"), 21);
        check_contains(shown(), "things_by_name{name=\"other\"} 232\n");
        end();
}

/* What somebody else wrote shows that nobody looked. A shared store has many writers. */
static void a_store_of_one_process_is_looked_at_after_its_commits(void)
{
        begin();
        add("a", 1);
        count(SOON_MS, 0);
        wait_for("\nthings 1\n");
        if (!store_is_shared(s.store)) {
                things_sql("UPDATE things SET name = 'b'");
                usleep(20 * SOON_MS * 1000);
                check_int(lines("things_by_name{name=\"a\"} 1"), 1);
        }
        add("c", 1);
        wait_for("\nthings 2\n");
        check_int(lines("things_by_name{name=\"b\"} 1"), !store_is_shared(s.store));
        end();
}

static void the_end_does_not_wait_for_the_next_look(void)
{
        int64_t began;

        begin();
        add("a", 1);
        add("a", 1);
        count(NEVER_MS, 0);
        wait_for("\nthings 2\n");
        began = clock_mono_us();
        end();
        check(clock_mono_us() - began < PATIENCE_US);
}

static void the_sessions_of_a_postgresql_are_counted(void)
{
        begin();
        count(SOON_MS, 0);
        wait_for("\nthings 0\n");
        if (store_is_shared(s.store)) {
                wait_for("\nmall_postgres_sessions_max ");
                check_contains(shown(), "mall_postgres_sessions{state=\"active\"} ");
                check(!strstr(shown(), "mall_postgres_sessions_max 0\n"));
        } else {
                check_int(lines("mall_postgres"), 0);
        }
        end();
}

static void gone(struct unit *unit, void *arg)
{
        (void)arg;
        unit->wrote = true;
        check(db_exec(unit->store->writer, "ALTER TABLE \"things\" RENAME TO \"elsewhere\"",
                      &unit->error));
}

static void back(struct unit *unit, void *arg)
{
        (void)arg;
        unit->wrote = true;
        check(db_exec(unit->store->writer, "ALTER TABLE \"elsewhere\" RENAME TO \"things\"",
                      &unit->error));
}

/* Old numbers must not look like new ones. */
static void what_cannot_be_read_is_not_shown(void)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        begin();
        add("a", 1);
        count(SOON_MS, 0);
        wait_for("things_qty{thing=\"a\"} 1\n");
        check_int(things_do(s.store, gone, NULL), ERROR_NONE);
        while (lines("things_qty{") + lines("things_by_name{") && clock_mono_us() < end_at)
                usleep(1000);
        check_int(lines("things_qty{") + lines("things_by_name{"), 0);
        check_int(things_do(s.store, back, NULL), ERROR_NONE);
        wait_for("things_qty{thing=\"a\"} 1\n");
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(rows_are_counted_by_a_member),
                STORY(nothing_is_shown_before_the_first_look_and_an_empty_table_has_none),
                STORY(portions_make_the_whole),
                STORY(label_values_are_bounded),
                STORY(a_name_other_is_one_with_all_others),
                STORY(names_that_somebody_makes_up_do_not_hide_what_most_rows_have),
                STORY(a_store_of_one_process_is_looked_at_after_its_commits),
                STORY(the_end_does_not_wait_for_the_next_look),
                STORY(the_sessions_of_a_postgresql_are_counted),
                STORY(what_cannot_be_read_is_not_shown),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
