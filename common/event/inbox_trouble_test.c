/* The inbox when the bus is broken or away, and when events cannot be applied yet. */
#include "testing/hearing.h"

#include <sqlite3.h>

/* Changes the log's file, at the same time as the readers. */
static void change_log(const char *sql)
{
        sqlite3 *db;

        check_int(sqlite3_open(bus_of_story().url + sizeof "log:" - 1, &db), SQLITE_OK);
        check_int(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
}

static void a_broken_bus_is_told_once_and_known(void)
{
        char why[256];

        begin();
        listen_to_log();
        say("1", thing("a"));
        listen_as("things");
        wait_for_things(1);
        check(inbox_is_well(t.inbox, why));
        check_text(why, "");
        change_log("INSERT INTO log (topic, timestamp, value, headers) VALUES ('mall', 1, '{}', "
                   "x'ffffffff')");
        say("2", thing("b"));
        wait_for_told("the bus cannot be read");
        usleep(2500 * 1000); /* some more tries */
        check(!inbox_is_well(t.inbox, why));
        check_contains(why, "is damaged: headers of offset 2");
        change_log("DELETE FROM log WHERE value = '{}'");
        wait_for_things(2);
        stop_listening();
        check_int(count_of(told(), "ERROR the bus cannot be read"), 1);
        check_int(count_of(told(), "INFO  the bus is back"), 1);
        check_int(count_of(told(), "WARN"), 0);
        check(inbox_is_well(t.inbox, why));
        end();
}

/* Its events are read again after a restart, and recognised. */
static void a_position_that_cannot_be_written_is_told_and_costs_nothing(void)
{
        begin();
        say("1", thing("a"));
        listen_as("things");
        wait_for_things(1);
        listen_to_log();
        change_log("CREATE TRIGGER none_moves BEFORE INSERT ON groups BEGIN SELECT RAISE(ABORT, "
                   "'it cannot move'); END");
        say("2", thing("b"));
        wait_for_things(2);
        wait_for_told("WARN  the group's position cannot be written now; trying again each second "
                      "group=things error.message=");
        inbox_close(&t.inbox, CLOSE_MS);
        stop_listening();
        check_int(count_of(told(), "WARN"), 1);
        change_log("DROP TRIGGER none_moves");
        say("3", thing("c"));
        listen_as("things");
        wait_for_things(3);
        check_text(names(), "a b c");
        end();
}

static struct inbox *inbox_at(const char *url, struct error *error)
{
        struct inbox_config config = {.store = t.store,
                                      .bus = {.url = url, .client = "test"},
                                      .group = "things",
                                      .reactions = reactions};

        *error = (struct error){0};
        return inbox_open(&config, error);
}

static void a_bus_that_is_away_is_told_once_and_no_fault(void)
{
        struct error e;
        char why[256];

        begin();
        listen_to_log();
        t.inbox = inbox_at("kafka://127.0.0.1:1/mall", &e);
        check_text(e.text, "");
        wait_for_told("WARN  the bus is away; waiting for it");
        usleep(1500 * 1000);
        check(inbox_is_well(t.inbox, why));
        inbox_close(&t.inbox, CLOSE_MS);
        stop_listening();
        check_int(count_of(told(), "the bus is away"), 1);
        check_int(count_of(told(), "ERROR"), 0);
        end();
}

static void a_bus_that_cannot_be_is_refused(void)
{
        struct error e;

        begin();
        check(!inbox_at("nats://127.0.0.1", &e));
        check_contains(e.text, "nats://127.0.0.1");
        check(!inbox_at("log:/nowhere/mall.log", &e));
        check_contains(e.text, "/nowhere/mall.log");
        t.inbox = NULL;
        inbox_close(&t.inbox, CLOSE_MS); /* there is none */
        end();
}

static void a_passing_failure_is_retried(void)
{
        begin();
        listen_to_log();
        atomic_store(&refusals, 3);
        say("1", thing("a"));
        say("2", thing("busy"));
        say("3", thing("c"));
        listen_as("things");
        wait_for_things(3);
        check_text(names(), "a busy c"); /* nothing overtook it */
        wait_for_metric("consumed", "Thing", 3);
        check(atomic_load(&reacted) >= 3 + 3);
        letters(0);
        stop_listening();
        check(count_of(told(), "WARN  events cannot be applied now; trying again "
                               "error.message=\"not now\"") >= 1);
        end();
}

/* Each try costs a transaction: so tries come less and less often. */
static void a_long_failure_is_retried_less_and_less_often(void)
{
        begin();
        atomic_store(&refusals, 1000000);
        say("1", thing("busy"));
        listen_as("things");
        usleep(1000 * 1000);
        check(atomic_load(&reacted) < 100);
        end();
}

static void closing_does_not_wait_for_better_times(void)
{
        int64_t before;

        begin();
        atomic_store(&refusals, 1000000);
        say("1", thing("busy"));
        say("2", thing("b"));
        listen_as("things");
        for (int64_t end_at = clock_mono_us() + PATIENCE_US;
             atomic_load(&reacted) < 2 && clock_mono_us() < end_at;)
                usleep(1000);
        before = clock_mono_us();
        inbox_close(&t.inbox, CLOSE_MS);
        check(clock_mono_us() - before < PATIENCE_US / 2);
        check_int(things_count(t.store), 0);
        atomic_store(&refusals, 0);
        listen_as("things"); /* the next reader goes on where this one stopped */
        wait_for_things(2);
        check_text(names(), "busy b");
        end();
}

/* As product takes stock, and notes that it did; one named "bad" fails after that. */
static void raise_stock(struct unit *unit, const struct event *event)
{
        const struct thing *said = event_row(unit, event, &thing_shape);
        struct thing *stock =
                unit_find(unit, &thing_entity, THING_BY_NAME, 0, (struct key){"stock"});

        if (stock) {
                stock->qty = some_int(stock->qty.value + 1);
                unit_save(unit, &thing_entity, stock);
        }
        unit_add(unit, &thing_entity, unit_copy(unit, &thing_entity, said));
        if (strcmp(said->name, "bad") == 0)
                unit_refuse(unit, ERROR_BAD_INPUT, "name", "a bad thing");
}

static void an_event_that_fails_takes_nothing_from_its_batch(void)
{
        static const struct reaction raises[] = {{"Thing", raise_stock}, {NULL, NULL}};
        enum { GOOD = 60 };
        struct inbox_config config;
        struct error e = {0};
        struct thing *stock;

        begin();
        things_add(t.store, "stock");
        for (int i = 0; i < GOOD; i++) {
                say(arena_printf(t.arena, "%d", i), thing("a"));
                if (i == GOOD / 2)
                        say("worse", thing("bad"));
        }
        config = (struct inbox_config){.store = t.store,
                                       .bus = bus_of_story(),
                                       .group = "things",
                                       .reactions = raises,
                                       .metrics = t.metrics};
        t.inbox = inbox_open(&config, &e);
        check_text(e.text, "");
        wait_for_metric("consumed", "Thing", GOOD);
        wait_for_metric("dead", "Thing", 1);
        stock = things_get(t.store, 1, t.arena);
        check_int(stock->qty.value, GOOD);
        check_int(stock->row.version, GOOD);
        check_int(things_count(t.store), 1 + GOOD);
        letters(1);
        end();
}

static const struct story stories[] = {
        STORY(a_broken_bus_is_told_once_and_known),
        STORY(a_position_that_cannot_be_written_is_told_and_costs_nothing),
        STORY(a_bus_that_is_away_is_told_once_and_no_fault),
        STORY(a_bus_that_cannot_be_is_refused),
        STORY(a_passing_failure_is_retried),
        STORY(a_long_failure_is_retried_less_and_less_often),
        STORY(closing_does_not_wait_for_better_times),
        STORY(an_event_that_fails_takes_nothing_from_its_batch),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
