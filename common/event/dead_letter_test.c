/* An event that can never be applied becomes a dead letter, once, and holds up nothing. */
#include "testing/hearing.h"

static const struct {
        const char *value, *why;
} broken[] = {
        {"hello", "expected"},
        {"{\"eventType\":\"Thing\",\"id\":1", "expected"},
        {"[{\"eventType\":\"Thing\",\"id\":1}]", "an object, not an array"},
        {"", "empty"},
        {NULL, "empty"},
        {"{\"id\":1,\"name\":\"x\"}", "eventType must be a string"},
        {"{\"eventType\":7,\"id\":1}", "eventType must be a string"},
        {"{\"eventType\":\"Thing\",\"id\":1,\"qty\":\"many\"}", "qty must be a whole number"},
        {"{\"eventType\":\"Thing\",\"id\":1,\"qty\":-1}", "qty must be a whole number"},
        {"{\"eventType\":\"Thing\",\"id\":1,\"name\":{}}", "name must be a string"},
        {"{\"eventType\":\"Thing\"}", "id must be a whole number"},
        {"{\"eventType\":\"Thing\",\"id\":1} x", "expected"},
        {"{\"eventType\":\"Thing\",\"id\":1,\"name\":\"bad\"}", "a bad thing"},
        {"{\"eventType\":\"Thing\",\"id\":1,\"name\":\"\xff\"}", "UTF-8"},
};

enum { BROKEN = sizeof broken / sizeof *broken };

static void an_event_that_cannot_be_understood_is_a_dead_letter(void)
{
        const struct outbox_record *dead;

        begin();
        say(NULL, thing("first"));
        for (int i = 0; i < BROKEN; i++)
                say(i % 2 ? arena_printf(t.arena, "%d", i) : NULL,
                    broken[i].value); /* with ce headers and without */
        say(NULL, thing("last"));
        listen_as("things");
        wait_for_things(2);
        check_text(names(), "first last");
        dead = letters(BROKEN);
        for (int i = 0; i < BROKEN; i++) {
                size_t len = broken[i].value ? strlen(broken[i].value) : 0;

                check_text(dead[i].topic, "error.mall.things");
                check_text(dead[i].key, "k");
                check(dead[i].value_len == len &&
                      (!len || memcmp(dead[i].value, broken[i].value, len) == 0));
                check_text(header_of(&dead[i], "x-original-topic"), "mall");
                check_text(header_of(&dead[i], "x-original-partition"), "0");
                check_text(header_of(&dead[i], "x-original-offset"),
                           arena_printf(t.arena, "%d", i + 2));
                check_contains(header_of(&dead[i], "x-exception-message"), broken[i].why);
                check_text(header_of(&dead[i], "ce_id"),
                           i % 2 ? arena_printf(t.arena, "%d", i)
                                 : arena_printf(t.arena, "mall/0/%d", i + 2));
                check_text(header_of(&dead[i], "ce_source"), i % 2 ? "/other/1" : "/things");
        }
        end();
}

/* The dead letter of a record with these headers, which cannot be read. */
static const struct outbox_record *letter_of(const struct record_header *headers, size_t count)
{
        struct record r = {
                .value = "hello", .value_len = 5, .headers = headers, .header_count = count};

        publish(&r, 1);
        listen_as("things");
        wait_for_metric("dead", "unknown", 1);
        return letters(1);
}

static void a_dead_letter_keeps_its_headers(void)
{
        const struct record_header headers[] = {
                {"none", NULL, 0}, {"empty", "", 0}, {"traceparent", "as it came", 10}};
        const struct outbox_record *letter;

        begin();
        letter = letter_of(headers, 3);
        check_text(header_of(letter, "none"), "NULL");
        check_text(header_of(letter, "empty"), "");
        check_text(header_of(letter, "traceparent"), "as it came");
        check(!letter->key);
        end();
}

/* A letter's identity: if the record's headers do not identify it, neither of them stays. */
static void a_dead_letter_has_one_identity(void)
{
        const struct record_header headers[] = {{"ce_source", "/o\xff", 3}, {"ce_id", "1", 1}};
        const struct outbox_record *letter;

        begin();
        letter = letter_of(headers, 2);
        check_text(header_of(letter, "ce_source"), "/things");
        check_text(header_of(letter, "ce_id"), "mall/0/1");
        end();
}

static void dead_letters_are_counted_and_not_repeated(void)
{
        begin();
        say("1", "hello");
        say("2", thing("bad"));
        listen_as("things");
        wait_for_metric("dead", "unknown", 1);
        wait_for_metric("dead", "Thing", 1);
        inbox_close(&t.inbox, CLOSE_MS);
        say("1", "hello");
        say("3", thing("last"));
        listen_as("other-group");
        wait_for_things(1);
        letters(2);
        end();
}

static void one_bad_event_stops_no_other(void)
{
        static struct record records[MANY];
        int bad = 0;

        begin();
        for (int i = 0; i < MANY; i++) {
                const char *value = i % 300 == 150   ? thing("bad")
                                    : i % 300 == 151 ? "junk"
                                                     : thing(arena_printf(t.arena, "%d", i));

                bad += i % 300 == 150 || i % 300 == 151;
                records[i] = (struct record){
                        .key = "k", .key_len = 1, .value = value, .value_len = strlen(value)};
        }
        publish(records, MANY);
        listen_as("things");
        wait_for_things(MANY - bad);
        wait_for_metric("consumed", "Thing", MANY - bad);
        letters(bad);
        for (int i = 0, id = 1; i < MANY; i++)
                if (i % 300 != 150 && i % 300 != 151)
                        check_text(things_get(t.store, id++, t.arena)->name,
                                   arena_printf(t.arena, "%d", i));
        end();
}

/* PostgreSQL only: its triggers can say that a value will always be too large. */
static void a_dead_letter_that_cannot_be_kept_skips_nothing(void)
{
        const struct outbox_record *dead;

        begin();
        if (!store_is_shared(t.store)) {
                end();
                return;
        }
        third_party(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.topic "
                "IS NOT NULL AND"
                " (NEW.value IS NOT NULL OR to_regclass(''none_at_all'') IS NOT NULL) THEN"
                " RAISE EXCEPTION ''too long'' USING ERRCODE = ''54000''; END IF; RETURN NEW; END';"
                "CREATE TRIGGER refuse BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION "
                "refuse()");
        listen_to_log();
        say("1", "junk");
        say("2", thing("bad"));
        say("3", thing("good"));
        listen_as("things");
        wait_for_things(1);
        wait_for_metric("dead", "unknown", 1);
        wait_for_metric("dead", "Thing", 1);
        stop_listening();
        check_int(count_of(told(), "ERROR a dead letter cannot be kept as it is; only where it was "
                                   "and why is error.message="),
                  2);
        dead = letters(2);
        for (int i = 0; i < 2; i++) {
                check(!dead[i].value && !dead[i].key);
                check_text(header_of(&dead[i], "x-original-offset"), i ? "2" : "1");
                check_text(header_of(&dead[i], "ce_id"), i ? "mall/0/2" : "mall/0/1");
                check_contains(header_of(&dead[i], "x-exception-message"),
                               i ? "a bad thing" : "expected a value");
        }
        third_party("CREATE TABLE none_at_all (a INTEGER)"); /* then not even the bare letter can be
                                                                written: nothing moves on, and
                                                                nothing is lost */
        say("4", "junk");
        say("5", thing("later"));
        usleep(300 * 1000);
        check_int(things_count(t.store), 1);
        third_party("DROP TABLE none_at_all");
        wait_for_things(2);
        check_text(names(), "good later");
        wait_for_metric("dead", "unknown", 2);
        end();
}

static void what_dies_is_told(void)
{
        begin();
        listen_to_log();
        say("1", thing("a"));
        say("2", thing("bad"));
        say("3", "junk");
        say("1", thing("b"));
        say("4", thing("last"));
        listen_as("things");
        wait_for_things(2);
        wait_for_metric("clashing", "Thing", 1);
        wait_for_metric("dead", "Thing", 2);
        wait_for_metric("consumed", "Thing", 2);
        stop_listening();
        check_int(count_of(told(), "ERROR"), 3);
        check_contains(told(), "ERROR an event cannot be understood; it is a dead letter now "
                               "event.place=mall[0]@2 event.type=Thing"
                               " event.source=/other/1 event.id=2 error.message=\"a bad thing\"\n");
        check_contains(told(), "event.place=mall[0]@3 event.type=unknown");
        check_contains(
                told(),
                "ERROR two events have one identity; the second is a dead letter now "
                "event.place=mall[0]@4 event.type=Thing"
                " event.source=/other/1 event.id=1 error.message=\"another event came under");
        end();
}

/* One event is a dead letter already, and the next cannot be applied yet. */
static void closing_among_single_ones_loses_none(void)
{
        struct outbox_record *dead;
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        begin();
        atomic_store(&refusals, 1000000);
        say("1", thing("bad"));
        say("2", thing("busy"));
        say("3", thing("c"));
        listen_as("things");
        while (!dead_letters(&dead) && clock_mono_us() < end_at)
                usleep(10000);
        inbox_close(&t.inbox, CLOSE_MS);
        check_int(things_count(t.store), 0);
        atomic_store(&refusals, 0);
        listen_as("things");
        wait_for_things(2);
        check_text(names(), "busy c");
        wait_for_metric("consumed", "Thing", 2);
        wait_for_metric("duplicate", "Thing", 1);
        letters(1);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_event_that_cannot_be_understood_is_a_dead_letter),
                STORY(a_dead_letter_keeps_its_headers),
                STORY(a_dead_letter_has_one_identity),
                STORY(what_dies_is_told),
                STORY(dead_letters_are_counted_and_not_repeated),
                STORY(one_bad_event_stops_no_other),
                STORY(a_dead_letter_that_cannot_be_kept_skips_nothing),
                STORY(closing_among_single_ones_loses_none),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
