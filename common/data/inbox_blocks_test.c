/* The identities of the mall's own events lie in blocks: each is new once, whatever program heard
   it, whenever the process was killed, and until it is purged. */
#include "data/inbox_blocks.h"

#include "base/clock.h"
#include "data/store_inside.h"
#include "testing/thing.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define UUID "01234567-89ab-cdef-0123-456789abcde"

static const char order[] = "/order/" UUID "f", delivery[] = "/delivery/" UUID "0";

static struct store *store;

struct crowd {
        struct identity all[400];
        size_t count;
        bool refuse;
};

static void hear_all(struct unit *unit, void *arg)
{
        struct crowd *c = arg;

        unit_first_times(unit, c->all, c->count);
        if (c->refuse)
                unit_refuse(unit, ERROR_BAD_INPUT, NULL, "no");
}

static struct identity hear(const char *source, const char *id, int32_t content)
{
        struct crowd c = {.all = {{.source = source, .id = id, .content = content}}, .count = 1};

        check_int(things_do(store, hear_all, &c), ERROR_NONE);
        return c.all[0];
}

static bool is_new(const char *source, const char *id)
{
        return hear(source, id, 0).first;
}

static int64_t blocks(void)
{
        return things_number(store, "SELECT count(*) FROM inbox_blocks");
}

static int64_t rows(void)
{
        return things_number(store, "SELECT count(*) FROM inbox");
}

static void open_again(void)
{
        store_close(&store);
        store = things_open();
}

static void one_is_new_once(void)
{
        struct crowd refused = {.all = {{order, "2", 0, false, false}}, .count = 1, .refuse = true};

        store = things_open();
        check(is_new(order, "1"));
        check(!is_new(order, "1"));
        check(is_new(delivery, "1"));
        check_int(things_do(store, hear_all, &refused), ERROR_BAD_INPUT);
        check(refused.all[0].first);
        check(is_new(order, "2")); /* the refused unit did not use it up */
        open_again();
        check(!is_new(order, "1") && !is_new(order, "2") && !is_new(delivery, "1"));
        check(is_new(order, "3"));
        check_int(blocks(), 2);
        check_int(rows(), 0);
        store_close(&store);
}

static void a_thousand_lie_in_a_row(void)
{
        char ids[400][8];

        store = things_open();
        for (int from = 0; from < 2400; from += 400) {
                struct crowd c = {.count = 400};

                for (int i = 0; i < 400; i++) {
                        snprintf(ids[i], sizeof ids[i], "%d", from + i + 1);
                        c.all[i] = (struct identity){.source = order, .id = ids[i]};
                }
                check_int(things_do(store, hear_all, &c), ERROR_NONE);
                for (int i = 0; i < 400; i++)
                        check(c.all[i].first);
                check_int(things_do(store, hear_all, &c), ERROR_NONE);
                for (int i = 0; i < 400; i++)
                        check(!c.all[i].first);
        }
        check_int(blocks(), 3);
        check_int(rows(), 0);
        store_close(&store);
}

/* More than a unit holds at once, and none after the other. */
static void blocks_may_be_mixed(void)
{
        enum { EACH = 3 };
        static const char *const ids[] = {"1", "1001", "2001", "3001", "4001", "5001"};
        struct crowd c = {.count = 0};

        store = things_open();
        for (int n = 0; n < EACH; n++)
                for (size_t i = 0; i < 6; i++) {
                        c.all[c.count++] = (struct identity){.source = order, .id = ids[i]};
                        c.all[c.count++] = (struct identity){.source = delivery, .id = ids[i]};
                }
        check_int(things_do(store, hear_all, &c), ERROR_NONE);
        for (size_t i = 0; i < c.count; i++)
                check(c.all[i].first == (i < 12));
        check_int(things_do(store, hear_all, &c), ERROR_NONE);
        for (size_t i = 0; i < c.count; i++)
                check(!c.all[i].first);
        check_int(blocks(), 12);
        store_close(&store);
}

static void another_content_is_noticed(void)
{
        store = things_open();
        check(hear(order, "1", 77).first);
        check(!hear(order, "1", 77).other);
        check(hear(order, "1", -78).other && !hear(order, "1", -78).first);
        check(!hear(order, "1", 0).other);
        check(hear(order, "2", 0).first);
        check(!hear(order, "2", 5).other); /* the first time told no content */
        check(hear(order, "3", -1).first && !hear(order, "3", -1).other &&
              hear(order, "3", 1).other);
        store_close(&store);
}

/* Numbers that the mall does not write, and sources that it does not have. */
static void strangers_have_rows(void)
{
        static const char *const ids[] = {"0",
                                          "01",
                                          "",
                                          "-1",
                                          "1a",
                                          " 1",
                                          "8796093022208000",
                                          "18446744073709551616",
                                          "99999999999999999",
                                          "1.0"};
        static const char *const sources[] = {"/order",
                                              "/order/",
                                              "order/" UUID "f",
                                              "/order/" UUID "F",
                                              "/order/" UUID "",
                                              "/order/" UUID "f0",
                                              "/a/b/" UUID "f",
                                              "mall/3",
                                              "/order/0123456789ab-cdef-0123-4567-89abcdef"};
        int64_t count = 0;

        store = things_open();
        for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
                check(is_new(order, ids[i]) && !is_new(order, ids[i]));
                check_int(rows(), ++count);
        }
        for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
                check(is_new(sources[i], "1") && !is_new(sources[i], "1"));
                check_int(rows(), ++count);
        }
        check_int(blocks(), 0);
        check(is_new(order, "1") && is_new(order, "8796093022207999") &&
              is_new(order, "1796000000000000"));
        check(!is_new(order, "8796093022207999") && is_new(delivery, "8796093022207999"));
        check_int(rows(), count);
        check_int(blocks(), 4);
        store_close(&store);
}

/* As a program without blocks left it: it had heard the numbers 5 and 6 of `order`. */
static void make_older(void)
{
        store = things_open();
        store_close(&store);
        store = things_open();
        check(is_new(order, "900"));
        store_close(&store);
        store = things_open();
        things_sql("DROP TABLE inbox_blocks; DELETE FROM meta WHERE name = 'inbox_rows_before';"
                   "DELETE FROM migrations WHERE part = 'common' AND number = 6;"
                   "INSERT INTO inbox (source, id, at, content) SELECT number, 5, 1000, 77 FROM "
                   "sources;"
                   "INSERT INTO inbox (source, id, at, content) SELECT number, 6, 2000, NULL FROM "
                   "sources;");
        store_close(&store);
}

static void what_an_older_program_heard_is_known(void)
{
        make_older();
        store = things_open();
        check(store->inbox_rows);
        check(hear(order, "5", 78).other && !hear(order, "5", 77).first &&
              !hear(order, "5", 77).other);
        check(!hear(order, "6", 9).first && !hear(order, "6", 9).other);
        check(is_new(order, "7") && is_new(order, "900") && is_new(delivery, "5"));
        open_again();
        check(store->inbox_rows);
        check(!is_new(order, "5") && !is_new(order, "6") && !is_new(order, "7"));
        check_int(rows(), 2);
        store_close(&store);
}

static void purge(int64_t older_than_ms)
{
        store_purge(store, older_than_ms, older_than_ms, older_than_ms);
        things_purge_ends(store);
}

enum { SECOND = 1000, MINUTE = 60 * SECOND };

/* Only then. */
static void its_rows_are_looked_at_until_they_are_purged(void)
{
        make_older();
        store = things_open();
        check(!is_new(order, "5"));
        clock_set_wall_ms(10 * MINUTE);
        purge(10 * MINUTE - 1500);
        check_int(rows(), 1);
        check(store->inbox_rows);
        check(!is_new(order, "6"));
        purge(10 * MINUTE - 2001);
        check_int(rows(), 0);
        check(!store->inbox_rows);
        check(!is_new(order, "5") && !is_new(order, "6")); /* looked at, they came into the block */
        clock_set_wall_ms(0);
        store_close(&store);
}

/* A block lives as long as its youngest identity, and a minute at most longer. */
static void a_block_is_purged_after_its_last_identity(void)
{
        int64_t now = 1700000000000 / MINUTE * MINUTE;

        store = things_open();
        clock_set_wall_ms(now);
        check(is_new(order, "1"));
        clock_set_wall_ms(now + 10 * MINUTE + 20 * SECOND);
        check(is_new(order, "2"));
        clock_set_wall_ms(now + 10 * MINUTE + 59 * SECOND);
        check(is_new(order, "3") && is_new(order, "2000"));
        purge(10 * MINUTE);
        check_int(blocks(), 2);
        clock_set_wall_ms(now + 20 * MINUTE + 59 * SECOND);
        purge(10 * MINUTE);
        check_int(blocks(), 2);
        check(!is_new(order, "1"));
        clock_set_wall_ms(now + 21 * MINUTE + 1);
        purge(10 * MINUTE);
        check_int(blocks(), 0);
        check_int(things_number(store, "SELECT count(*) FROM sources"), 0);
        check(is_new(order, "1"));
        clock_set_wall_ms(0);
        store_close(&store);
}

static void a_clock_that_goes_back_makes_no_block_older(void)
{
        int64_t now = 1700000000000 / MINUTE * MINUTE;

        store = things_open();
        clock_set_wall_ms(now);
        check(is_new(order, "1"));
        clock_set_wall_ms(now - 60 * MINUTE);
        check(is_new(order, "2"));
        clock_set_wall_ms(now + MINUTE);
        purge(10 * MINUTE);
        check(!is_new(order, "1") && !is_new(order, "2"));
        clock_set_wall_ms(0);
        store_close(&store);
}

static void a_damaged_block_is_an_error(void)
{
        struct crowd c = {.all = {{order, "2", 0, false, false}}, .count = 1};

        store = things_open();
        check(is_new(order, "1"));
        things_sql("UPDATE inbox_blocks SET contents = x'00'");
        check_int(things_do(store, hear_all, &c), ERROR_INTERNAL);
        check(!c.all[0].first);
        store_close(&store);
}

/* ---- a process that is killed ---- */

enum { AT_ONCE = 7, ROUNDS = 8 };

/* Applies events from..from+AT_ONCE-1: a thing for each that is new. */
static void apply(struct unit *unit, void *arg)
{
        int64_t from = *(const int64_t *)arg;
        struct identity all[AT_ONCE];

        for (int i = 0; i < AT_ONCE; i++)
                all[i] = (struct identity){.source = order,
                                           .id = unit_decimal(unit, from + i),
                                           .content = (int32_t)(from + i)};
        unit_first_times(unit, all, AT_ONCE);
        for (int i = 0; i < AT_ONCE; i++) {
                struct thing thing = {.name = all[i].id};

                check(unit_failed(unit) || !all[i].other);
                if (all[i].first)
                        unit_add(unit, &thing_entity, &thing);
        }
}

static void apply_until_killed(int64_t from, int tell)
{
        struct error e = {0};

        store = things_try(&e);
        for (; store; from += AT_ONCE)
                if (things_do(store, apply, &from) != ERROR_NONE ||
                    write(tell, &from, sizeof from) < 0)
                        break;
        _exit(1);
}

/* Returns the first that was not acknowledged. */
static int64_t apply_and_kill(int64_t from, int times)
{
        int64_t last = from;
        int tell[2], status;
        pid_t child;

        check(pipe(tell) == 0);
        child = fork();
        if (child == 0)
                apply_until_killed(from, tell[1]);
        close(tell[1]);
        while (times-- && read(tell[0], &last, sizeof last) == sizeof last)
                ;
        kill(child, SIGKILL);
        while (read(tell[0], &last, sizeof last) == sizeof last)
                ;
        close(tell[0]);
        check(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
        return last + AT_ONCE;
}

/* As an inbox is: after each kill it goes on some events before where it was. */
static void what_was_applied_before_a_kill_is_not_applied_again(void)
{
        int64_t from = 1, last = 1;

        things_url();
        check_directory();
        for (int round = 0; round < ROUNDS; round++) {
                last = apply_and_kill(from, 20 + 13 * round);
                from = last - 30 > 1 ? (last - 30) / AT_ONCE * AT_ONCE + 1 : 1;
        }
        store = things_open();
        for (from = 1; from < last; from += AT_ONCE)
                check_int(things_do(store, apply, &from), ERROR_NONE);
        check(things_count(store) >= last - 1);
        check_int(things_number(store, "SELECT count(DISTINCT name) FROM things"),
                  things_count(store));
        check_int(things_number(store, "SELECT max(CAST(name AS INTEGER)) FROM things"),
                  things_count(store));
        check_int(rows(), 0);
        store_close(&store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(one_is_new_once),
                STORY(a_thousand_lie_in_a_row),
                STORY(blocks_may_be_mixed),
                STORY(another_content_is_noticed),
                STORY(strangers_have_rows),
                STORY(what_an_older_program_heard_is_known),
                STORY(its_rows_are_looked_at_until_they_are_purged),
                STORY(a_block_is_purged_after_its_last_identity),
                STORY(a_clock_that_goes_back_makes_no_block_older),
                STORY(a_damaged_block_is_an_error),
                STORY(what_was_applied_before_a_kill_is_not_applied_again),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
