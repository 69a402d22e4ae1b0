/* Rows of many records in the event log: nobody but the file sees that they are shared. */
#include "event/bus_adapter.h"
#include "testing/eventlog_story.h"

static void all_that_a_record_has_comes_back(void)
{
        static const struct record_header headers[] = {
                {"ce_type", "Said", 4}, {"none", NULL, 0}, {"empty", "", 0}};
        const struct record given[] = {
                {.value = "", .key = "k\0k", .key_len = 3, .timestamp_ms = 7},
                {.key = "", .headers = headers, .header_count = 3, .timestamp_ms = 5},
                {.value = "v", .value_len = 1},
        };
        struct eventlog *f = open_log(EVENTLOG_APPENDS);
        struct arena *arena = arena_open();
        struct error e = {0};
        struct record r[4];

        check(eventlog_append(f, "mall", given, 3, &e));
        check_int(query("SELECT count(*) FROM log"), 1);
        check_int(query("SELECT timestamp > 1000 FROM log"), 1); /* the latest */
        check_int((int64_t)eventlog_read(f, NULL, 0, r, 4, arena, &e), 3);
        check_text(r[0].topic, "mall");
        check(r[0].key_len == 3 && memcmp(r[0].key, "k\0k", 4) == 0);
        check_text(r[0].value, "");
        check_int(r[0].timestamp_ms, 7);
        check_int((int64_t)r[0].header_count, 0);
        check_text(r[1].key, "");
        check(!r[1].value && r[1].header_count == 3);
        check_text(r[1].headers[0].name, "ce_type");
        check_text(r[1].headers[0].value, "Said");
        check(!r[1].headers[1].value);
        check_text(r[1].headers[2].value, "");
        check_int(r[1].timestamp_ms, 5);
        check(!r[2].key && r[2].timestamp_ms > 1000);
        arena_close(&arena);
        eventlog_close(&f);
}

static void topics_in_one_append_keep_their_order_and_large_records_have_rows(void)
{
        enum { COUNT = 10, LARGE = 100000, REFUSED = 3 };
        struct eventlog *f = open_log(EVENTLOG_APPENDS);
        struct arena *arena = arena_open();
        char *large = arena_alloc(arena, BUS_VALUE_MAX + 1);
        struct record given[COUNT] = {0}, r[COUNT];
        struct error e = {0};

        memset(large, 'l', BUS_VALUE_MAX + 1);
        for (int i = 0; i < COUNT; i++) {
                given[i].value = large;
                given[i].value_len = (size_t)i;
        }
        given[2].topic = given[9].topic = "error.mall.order";
        given[8].topic = given[9].topic;
        given[REFUSED].value_len = BUS_VALUE_MAX + 1; /* no bus takes it */
        given[6].value_len = LARGE;
        check(eventlog_append(f, "mall", given, COUNT, &e));
        check_int(query("SELECT count(*) FROM log"), 7); /* 0 1, 2, 4 5, 6, 7, 8, 9 */
        check_int(query("SELECT count(*) FROM log WHERE key IS NULL"), 5);
        check_int((int64_t)eventlog_read(f, NULL, 0, r, COUNT, arena, &e), COUNT - 1);
        for (int i = 0, from = 0; i < COUNT - 1; i++, from++) {
                from += from == REFUSED;
                check_int(r[i].offset, i + 1);
                check_int((int64_t)r[i].value_len, (int64_t)given[from].value_len);
                check_text(r[i].topic, given[from].topic ? given[from].topic : "mall");
        }
        arena_close(&arena);
        eventlog_close(&f);
}

static void a_row_has_no_more_than_some_kilobytes(void)
{
        struct eventlog *f = open_log(EVENTLOG_APPENDS);

        append(f, 1, APPEND_MOST, 1);
        check(query("SELECT count(*) FROM log") > 2);
        check(query("SELECT max(length(value)) FROM log") <= 32 << 10);
        check_int(query("SELECT sum(key) FROM log"), APPEND_MOST);
        expect_after(f, 0, 100, APPEND_MOST);
        eventlog_close(&f);
}

static void reading_goes_on_inside_a_row(void)
{
        struct eventlog *f = open_log(EVENTLOG_APPENDS);

        append(f, 1, 20, 1);
        append(f, 21, 1, 1);
        append(f, 22, 9, 1);
        for (int64_t after = 0; after <= 30; after++)
                for (size_t most = 1; most < 32; most += 6)
                        expect_after(f, after, most, 30);
        eventlog_close(&f);
}

/* ---- what readers want ---- */

enum { TYPED = 12 };

/* Three rows; of their records each third is of the type Wanted. */
static void append_typed(struct eventlog *f)
{
        static const struct record_header wanted = {"ce_type", "Wanted", 6},
                                          other = {"ce_type", "Other", 5};
        struct record r[TYPED];
        struct error e = {0};

        for (int i = 0; i < TYPED; i++)
                r[i] = (struct record){.headers = i % 3 == 2 ? &wanted : &other, .header_count = 1};
        check(eventlog_append(f, "mall", r, 5, &e) && eventlog_append(f, "mall", r + 5, 1, &e) &&
              eventlog_append(f, "mall", r + 6, TYPED - 6, &e));
}

struct seen {
        char types[TYPED + 1];
        int count;
};

static bool is_of_the_type(void *arg, const struct bus_sign *sign)
{
        struct seen *seen = arg;

        check(seen->count < TYPED);
        seen->types[seen->count++] = *sign->type.at;
        return *sign->type.at == 'W';
}

static void what_is_not_wanted_is_passed(void)
{
        struct eventlog *f = open_log(EVENTLOG_APPENDS);
        struct arena *arena = arena_open();

        append_typed(f);
        for (size_t most = 1; most <= TYPED; most++) {
                char topic[] = "mall";
                struct seen seen = {0};
                struct bus reader = {.topic = topic, .wanted = is_of_the_type, .wanted_arg = &seen};
                struct record r[TYPED];
                struct error e = {0};
                int64_t after = 0, found = 0;

                for (int64_t looks = 0, before = -1; after != before; looks++) {
                        before = after;
                        for (size_t n = eventlog_read_wanted(f, &reader, &after, r, most, arena,
                                                             &e),
                                    i = 0;
                             i < n; i++)
                                check_int(r[i].offset, 3 * ++found);
                        check(after <= (looks + 1) * (int64_t)most);
                }
                check_int(after, TYPED);
                check_int(found, TYPED / 3);
                check_text(seen.types, "OOWOOWOOWOOW"); /* each once */
        }
        arena_close(&arena);
        eventlog_close(&f);
}

static void looking_back_begins_with_the_last_one_and_ends_inside_a_row(void)
{
        char topic[] = "mall";
        struct eventlog *f = open_log(EVENTLOG_APPENDS);

        append_typed(f);
        for (int most = 0; most <= TYPED; most++) {
                struct seen seen = {0};
                struct bus reader = {.topic = topic, .wanted = is_of_the_type, .wanted_arg = &seen};
                char want[TYPED + 1] = "WOOWOOWOOWOO";

                want[most] = '\0';
                eventlog_look_back(f, &reader, (size_t)most);
                check_text(seen.types, want);
        }
        eventlog_close(&f);
}

static void first_and_last_records_are_found_inside_rows(void)
{
        struct eventlog *f = open_log(EVENTLOG_APPENDS);
        struct record dead = {.topic = "error.mall.order"};
        struct error e = {0};

        append(f, 1, 5, 1);
        append(f, 6, 1, 1);
        append(f, 7, 6, 1);
        check_int(eventlog_first(f, "mall"), 1);
        check_int(eventlog_end(f, "mall"), 12);
        for (int64_t last = 0; last < 15; last++)
                check_int(eventlog_before_last(f, "mall", last), last < 12 ? 12 - last : 0);
        check(eventlog_append(f, "mall", &dead, 1, &e));
        check_int(eventlog_before_last(f, "mall", 8), 4);
        check_int(eventlog_before_last(f, dead.topic, 0), 13);
        alter("DELETE FROM log WHERE offset < 6");
        check_int(eventlog_first(f, "mall"), 6);
        alter("DELETE FROM log WHERE offset < 7");
        check_int(eventlog_first(f, "mall"), 7);
        eventlog_close(&f);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(all_that_a_record_has_comes_back),
                STORY(topics_in_one_append_keep_their_order_and_large_records_have_rows),
                STORY(a_row_has_no_more_than_some_kilobytes),
                STORY(reading_goes_on_inside_a_row),
                STORY(what_is_not_wanted_is_passed),
                STORY(looking_back_begins_with_the_last_one_and_ends_inside_a_row),
                STORY(first_and_last_records_are_found_inside_rows),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
