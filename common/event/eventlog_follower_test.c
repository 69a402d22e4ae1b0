/* A follower of an event log whose file is not what it was: it goes back, or is no log. */
#include "event/bus.h"

#include "testing/bus_story.h"

#include <sqlite3.h>

static struct bus *follow(const char *url, struct error *error)
{
        return bus_open_follower(&(struct bus_config){.url = url, .client = "test"}, 1000, error);
}

/* As a restore from a backup that keeps the file would: all records after that offset are gone. */
static void go_back(const char *url, int offset)
{
        sqlite3 *db;
        char sql[100];

        snprintf(sql, sizeof sql, "DELETE FROM log WHERE offset > %d", offset);
        check(sqlite3_open(url + strlen("log:"), &db) == SQLITE_OK);
        check(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
        sqlite3_close(db);
}

static void a_file_that_went_back_is_read_again(void)
{
        const char *url = story_url();
        struct error e = {0};
        struct bus *publisher = open_publisher(url), *follower = follow(url, &e);

        say(publisher, "1", "kept");
        say(publisher, "1", "lost");
        say(publisher, "1", "lost too");
        expect(follower, "kept");
        expect(follower, "lost");
        expect(follower, "lost too");
        go_back(url, 1);
        expect(follower, "kept");
        say(publisher, "1", "new");
        expect(follower, "new");
        bus_close(&follower, 0);
        bus_close(&publisher, 0);
}

static void a_file_that_is_no_log_is_refused(void)
{
        const char *url = story_url();
        struct error e = {0};
        FILE *file = fopen(url + strlen("log:"), "w");

        check(file && fputs("no log", file) > 0 && fclose(file) == 0);
        check(!follow(url, &e));
        check_int(e.kind, ERROR_INTERNAL);
}

/* It says so at each poll, and not only when it looked. */
static void a_file_that_became_another_is_reported(void)
{
        const char *url = story_url();
        struct arena *arena = arena_open();
        struct error e = {0};
        struct bus *follower = follow(url, &e);
        FILE *file = fopen(url + strlen("log:"), "w");
        int64_t end = clock_mono_us() + PATIENCE_MS * 1000;
        struct record r;

        check(file && fputs("no log", file) > 0 && fclose(file) == 0);
        do {
                check_int((int64_t)bus_poll(follower, &r, 1, 10, arena, &e), 0);
                check(clock_mono_us() < end);
        } while (e.kind == ERROR_NONE);
        check_int(e.kind, ERROR_INTERNAL);
        check_int((int64_t)bus_poll(follower, &r, 1, 0, arena, &e), 0);
        check_int(e.kind, ERROR_INTERNAL);
        bus_close(&follower, 0);
        arena_close(&arena);
}

static void other_topics_of_the_file_do_not_count(void)
{
        enum { DEAD_LETTERS = 50 };
        const char *url = story_url();
        struct error e = {0};
        struct bus *publisher = open_publisher(url), *follower;
        struct record r[DEAD_LETTERS];

        for (int i = 0; i < DEAD_LETTERS; i++)
                r[i] = (struct record){.topic = "error.mall.test", .value = "x", .value_len = 1};
        say(publisher, "1", "first");
        say(publisher, "1", "second");
        publish(publisher, r, DEAD_LETTERS);
        follower = bus_open_follower(&(struct bus_config){.url = url, .client = "test"}, 1, &e);
        expect(follower, "second");
        publish(publisher, r, DEAD_LETTERS);
        check_int((int64_t)bus_poll(follower, r, 1, 100, NULL, &e), 0);
        check_int(bus_passed_over(follower), 0);
        bus_close(&follower, 0);
        bus_close(&publisher, 0);
}

static const struct story stories[] = {
        STORY(a_file_that_went_back_is_read_again),
        STORY(a_file_that_is_no_log_is_refused),
        STORY(a_file_that_became_another_is_reported),
        STORY(other_topics_of_the_file_do_not_count),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
