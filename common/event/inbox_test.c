/* Each event's effect exactly once, whatever arrives, on the embedded log. */
#include "event/inbox.h"

#include "base/clock.h"
#include "data/thing.h"

#include <fcntl.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <unistd.h>

enum { PATIENCE_US = 20 * 1000000, CLOSE_MS = 2000, MANY = 1200 };

static _Atomic int refusals; /* how often "busy" is refused before it is taken */
static _Atomic int reacted;

/* A thing named "bad" never can be taken, one named "busy" not yet. */
static void take(struct unit *unit, const struct event *event)
{
        struct thing *t = event_row(unit, event, &thing_shape);

        reacted++;
        if (!unit_failed(unit) && t->name && strcmp(t->name, "bad") == 0)
                unit_refuse(unit, ERROR_BAD_INPUT, "name", "a bad thing");
        if (!unit_failed(unit) && t->name && strcmp(t->name, "busy") == 0 && atomic_fetch_sub(&refusals, 1) > 0)
                unit_refuse(unit, ERROR_UNAVAILABLE, NULL, "not now");
        thing_add_and_say(unit, t);
}

static const struct reaction reactions[] = {{"Thing", take}, {NULL, NULL}};

static struct {
        struct store *store;
        struct bus *publisher;
        struct inbox *inbox;
        struct metrics *metrics;
        struct arena *arena;
} t;

static struct bus_config bus_of_story(void)
{
        static char url[200];

        snprintf(url, sizeof url, "log:%s/mall.log", check_directory());
        return (struct bus_config){.url = url, .client = "test"};
}

static void listen_as(const char *group)
{
        struct inbox_config config = {
                .store = t.store, .bus = bus_of_story(), .group = group, .reactions = reactions, .metrics = t.metrics};
        struct error e = {0};

        t.inbox = inbox_open(&config, &e);
        check_text(e.text, "");
}

static void begin(void)
{
        struct bus_config bus = bus_of_story();
        struct error e = {0};

        t.store = things_open();
        t.publisher = bus_open_publisher(&bus, &e);
        check_text(e.text, "");
        t.metrics = metrics_open();
        t.arena = arena_open();
        atomic_store(&refusals, 0);
        atomic_store(&reacted, 0);
}

static void end(void)
{
        inbox_close(&t.inbox, CLOSE_MS);
        bus_close(&t.publisher, CLOSE_MS);
        store_close(&t.store);
        metrics_close(&t.metrics);
        arena_close(&t.arena);
}

/* Changes what is in the store, as a restore does. */
static void third_party(const char *sql)
{
        struct error e = {0};
        bool shared = store_is_shared(t.store);
        struct db *db;

        if (!shared)
                store_close(&t.store); /* which keeps all others away */
        db = db_open(things_url(), things_service(), DB_WRITER, &e);
        check_text(e.text, "");
        check(db_exec(db, sql, &e));
        db_close(&db);
        if (!shared)
                t.store = things_open();
}

static void publish(struct record *records, size_t count)
{
        struct error e = {0};

        check_int((int64_t)bus_publish(t.publisher, records, count, 10000, &e), (int64_t)count);
        for (size_t i = 0; i < count; i++)
                check_int(records[i].result, BUS_PUBLISHED);
}

static void say_bytes(const char *ce_id, const char *value, size_t len)
{
        struct record_header h[] = {{"ce_source", "/other/1", 8}, {"ce_id", ce_id, ce_id ? strlen(ce_id) : 0}, {"ce_type", "Thing", 5}};
        struct record r = {.key = "k", .key_len = 1, .value = value, .value_len = len, .headers = h, .header_count = ce_id ? 3 : 0};

        publish(&r, 1);
}

static void say(const char *ce_id, const char *value)
{
        say_bytes(ce_id, value, value ? strlen(value) : 0);
}

static const char *thing(const char *name)
{
        return arena_printf(t.arena, "{\"eventType\":\"Thing\",\"timestamp\":1,\"id\":1,\"name\":\"%s\"}", name);
}

static void wait_for_things(int64_t count)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (things_count(t.store) < count && clock_mono_us() < end_at)
                usleep(1000);
        check_int(things_count(t.store), count);
}

/* "a b c": by id */
static const char *names(void)
{
        struct text all = text_open(t.arena, 100);
        int64_t count = things_count(t.store);

        for (int64_t id = 1; id <= count; id++)
                text_printf(&all, "%s%s", id > 1 ? " " : "", things_get(t.store, id, t.arena)->name);
        return all.at;
}

/* How many events came to that, by the metric; it is counted behind the commit. */
static void wait_for_metric(const char *name, const char *type, int count)
{
        const char *line = arena_printf(t.arena, "mall_events_%s_total{event_type=\"%s\"} %d\n", name, type, count);
        int64_t end_at = clock_mono_us() + PATIENCE_US;
        struct text page;

        do {
                page = text_open(t.arena, 4000);
                metrics_prometheus(t.metrics, false, &page);
        } while (!strstr(page.at, line) && clock_mono_us() < end_at && usleep(1000) == 0);
        check_contains(page.at, line);
}

static const char *header_of(const struct outbox_record *o, const char *wanted)
{
        const char *at = o->headers;
        struct header h;

        while (headers_next(&at, o->headers + o->headers_len, HEADERS_OF_OUTBOX, &h))
                if (strcmp(h.name, wanted) == 0)
                        return h.value ? arena_copy(t.arena, h.value, h.len) : "NULL";
        return "none";
}

/* The dead letters in the outbox. */
static size_t dead_letters(struct outbox_record *letters, size_t most)
{
        struct outbox_record *all = arena_alloc(t.arena, 2 * MANY * sizeof *all);
        struct error e = {0};
        size_t count, dead = 0;

        check(outbox_read(t.store, 0, all, 2 * MANY, &count, t.arena, &e));
        for (size_t i = 0; i < count && dead < most; i++)
                if (all[i].topic)
                        letters[dead++] = all[i];
        return dead;
}

static void an_event_said_twice_is_applied_once(void)
{
        begin();
        say("1", thing("a"));
        say("1", thing("a"));
        say("2", thing("a")); /* another event of the same words */
        listen_as("things");
        wait_for_things(2);
        say("2", thing("a")); /* in a later batch */
        say("3", thing("last"));
        wait_for_things(3);
        check_text(names(), "a a last");
        wait_for_metric("consumed", "Thing", 3);
        wait_for_metric("duplicate", "Thing", 2);
        end();
}

static void what_is_replayed_is_not_applied_again(void)
{
        begin();
        say("1", thing("a"));
        say(NULL, thing("b"));
        say(NULL, thing("b")); /* without headers two records are two events */
        listen_as("things");
        wait_for_things(3);
        inbox_close(&t.inbox, CLOSE_MS);
        check(t.inbox == NULL);
        say("4", thing("last"));
        listen_as("other-group"); /* which begins at the start again */
        wait_for_things(4);
        check_text(names(), "a b b last");
        wait_for_metric("duplicate", "Thing", 3);
        end();
}

/* As two replicas have the same partition for a moment: both read all of it, at the same time. */
static void two_readers_apply_each_event_once(void)
{
        struct store *other;
        struct inbox *second;
        struct inbox_config config;
        struct error e = {0};

        begin();
        other = store_is_shared(t.store) ? things_open() : t.store;
        for (int i = 0; i < MANY; i++)
                say(arena_printf(t.arena, "%d", i), thing("a"));
        config = (struct inbox_config){.store = other, .bus = bus_of_story(), .group = "second", .reactions = reactions, .metrics = t.metrics};
        listen_as("first");
        second = inbox_open(&config, &e);
        check_text(e.text, "");
        wait_for_metric("duplicate", "Thing", MANY);
        wait_for_metric("consumed", "Thing", MANY);
        check_int(things_count(t.store), MANY);
        inbox_close(&second, CLOSE_MS);
        if (other != t.store)
                store_close(&other);
        end();
}

/* Bytes of others that are no text identify nothing, and stop nobody. */
static void headers_that_are_no_text_are_none(void)
{
        const struct record_header h[] = {{"ce_source", "/o\xff", 3}, {"ce_id", "1\0", 2}, {"ce_type", "Thing", 5}};
        struct record r = {.key = "\xfe", .key_len = 1, .headers = h, .header_count = 3};
        struct record_header long_ones[] = {{"ce_source", "/o", 2}, {"ce_id", NULL, 6000}, {"ce_type", "Thing", 5}};
        char *id;

        begin();
        long_ones[1].value = id = arena_alloc(t.arena, 6000);
        for (size_t i = 0; i < 6000; i++)
                id[i] = (char)('!' + (i * i * 2654435761u >> 7 ^ i * 40503u >> 3) % 90);
        r.value = thing("a");
        r.value_len = strlen(r.value);
        publish(&r, 1);
        r.headers = long_ones; /* nor is what no index takes */
        publish(&r, 1);
        r.value = "broken";
        r.value_len = 6;
        publish(&r, 1);
        say("2", thing("b"));
        listen_as("things");
        wait_for_things(3);
        check_text(names(), "a a b");
        wait_for_metric("dead", "unknown", 1);
        end();
}

static void what_was_applied_stays_behind(void)
{
        begin();
        say("1", thing("a"));
        listen_as("things");
        wait_for_things(1);
        end();
        begin();
        say("2", thing("b"));
        listen_as("things");
        wait_for_things(2);
        check_int(atomic_load(&reacted), 1); /* the first one was not even read again */
        end();
}

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

static void what_cannot_be_understood_is_a_dead_letter(void)
{
        struct outbox_record letters[BROKEN + 1];

        begin();
        say(NULL, thing("first"));
        for (int i = 0; i < BROKEN; i++)
                say(i % 2 ? arena_printf(t.arena, "%d", i) : NULL, broken[i].value); /* with ce headers and without */
        say(NULL, thing("last"));
        listen_as("things");
        wait_for_things(2);
        check_text(names(), "first last");
        check_int((int64_t)dead_letters(letters, BROKEN + 1), BROKEN);
        for (int i = 0; i < BROKEN; i++) {
                size_t len = broken[i].value ? strlen(broken[i].value) : 0;

                check_text(letters[i].topic, "error.mall.things");
                check_text(letters[i].key, "k");
                check(letters[i].value_len == len && (!len || memcmp(letters[i].value, broken[i].value, len) == 0));
                check_text(header_of(&letters[i], "x-original-topic"), "mall");
                check_text(header_of(&letters[i], "x-original-partition"), "0");
                check_text(header_of(&letters[i], "x-original-offset"), arena_printf(t.arena, "%d", i + 2));
                if (!strstr(header_of(&letters[i], "x-exception-message"), broken[i].why))
                        check_text(header_of(&letters[i], "x-exception-message"), broken[i].why);
                check_text(header_of(&letters[i], "ce_id"), i % 2 ? arena_printf(t.arena, "%d", i) : arena_printf(t.arena, "mall/0/%d", i + 2));
                check_text(header_of(&letters[i], "ce_source"), i % 2 ? "/other/1" : "/things");
        }
        end();
}

static void a_dead_letter_keeps_its_headers(void)
{
        const struct record_header headers[] = {{"none", NULL, 0}, {"empty", "", 0}};
        struct record r = {.value = "hello", .value_len = 5, .headers = headers, .header_count = 2};
        struct outbox_record letter;

        begin();
        publish(&r, 1);
        listen_as("things");
        wait_for_metric("dead", "unknown", 1);
        check_int((int64_t)dead_letters(&letter, 1), 1);
        check_text(header_of(&letter, "none"), "NULL");
        check_text(header_of(&letter, "empty"), "");
        end();
}

/* What a letter is told apart by: of headers that identify nothing neither stays. */
static void a_dead_letter_has_one_identity(void)
{
        const struct record_header headers[] = {{"ce_source", "/o\xff", 3}, {"ce_id", "1", 1}};
        struct record r = {.value = "hello", .value_len = 5, .headers = headers, .header_count = 2};
        struct outbox_record letter;

        begin();
        publish(&r, 1);
        listen_as("things");
        wait_for_metric("dead", "unknown", 1);
        check_int((int64_t)dead_letters(&letter, 1), 1);
        check_text(header_of(&letter, "ce_source"), "/things");
        check_text(header_of(&letter, "ce_id"), "mall/0/1");
        end();
}

/* The sender's store was restored from a backup: it gives identities again, for other events. */
static void another_event_of_the_same_identity_is_no_duplicate(void)
{
        struct outbox_record letters[3];

        begin();
        say("1", thing("a"));
        say("1", thing("a"));
        say("1", thing("b")); /* in one batch */
        listen_as("things");
        wait_for_metric("clashing", "Thing", 1);
        say("1", thing("c"));
        say("1", thing("a"));
        say("2", thing("last"));
        wait_for_metric("clashing", "Thing", 2);
        wait_for_metric("dead", "Thing", 2);
        wait_for_metric("consumed", "Thing", 2);
        wait_for_metric("duplicate", "Thing", 2);
        check_text(names(), "a last");
        check_int((int64_t)dead_letters(letters, 3), 2);
        check_text(arena_copy(t.arena, letters[1].value, letters[1].value_len), thing("c"));
        check_contains(header_of(&letters[1], "x-exception-message"), "docs/backup.md");
        check_text(header_of(&letters[1], "ce_id"), "1");
        inbox_close(&t.inbox, CLOSE_MS);
        listen_as("other-group"); /* again from the start */
        wait_for_metric("duplicate", "Thing", 2 + 6);
        check_int((int64_t)dead_letters(letters, 3), 2);
        wait_for_metric("clashing", "Thing", 2);
        end();
}

/* What an older program took in has no content; then nobody can tell. */
static void of_older_identities_nobody_knows_the_content(void)
{
        begin();
        say("1", thing("a"));
        listen_as("things");
        wait_for_things(1);
        inbox_close(&t.inbox, CLOSE_MS);
        third_party("UPDATE inbox SET content = NULL");
        say("1", thing("b"));
        say("2", thing("last"));
        listen_as("things");
        wait_for_things(2);
        wait_for_metric("duplicate", "Thing", 1);
        check_text(names(), "a last");
        end();
}

/* As a consumer of a restored store's topic sees it. */
static void say_own(int64_t id)
{
        char number[24];
        struct record_header h[] = {{"ce_type", "ThingSaid", 9}, {"ce_source", store_source(t.store), 0}, {"ce_id", number, 0}};
        struct record r = {.key = "k", .key_len = 1, .value = "{}", .value_len = 2, .headers = h, .header_count = 3};

        snprintf(number, sizeof number, "%lld", (long long)id);
        h[1].len = strlen(h[1].value);
        h[2].len = strlen(number);
        publish(&r, 1);
}

static void wait_for_renewal(int64_t above)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (store_events_given(t.store) <= above && clock_mono_us() < end_at)
                usleep(1000);
        check(store_events_given(t.store) > above);
}

static void a_store_that_came_back_from_the_past_is_renewed(void)
{
        int64_t first, second;

        begin();
        things_add(t.store, "a");
        things_add(t.store, "b");
        for (int64_t id = 1; id <= 2; id++)
                say_own(id); /* as far as it remembers */
        listen_as("things");
        say("1", thing("c"));
        wait_for_things(3);
        check_int(store_events_given(t.store), 3);
        say_own(10); /* from a life that it does not know */
        wait_for_renewal(10);
        check(store_events_given(t.store) > 1000000 * (int64_t)1000000000 && store_events_given(t.store) < RENEW_MOST);
        first = things_add(t.store, "d");
        check(first > 1000000 * (int64_t)1000000000);
        inbox_close(&t.inbox, CLOSE_MS);
        say_own(first); /* that it knows */
        listen_as("things");
        say("2", thing("e"));
        wait_for_things(5);
        second = things_add(t.store, "f");
        check_int(second, store_is_shared(t.store) ? second : first + 2);
        check(second > first && second < first + 100);
        end();
}

/* The group is past it: at the start somebody has to look, before anything is given. */
static void what_lies_behind_the_group_is_looked_at(void)
{
        begin();
        say_own(30);
        for (int i = 0; i < 20; i++)
                say("1", thing("a"));
        listen_as("things");
        wait_for_things(1);
        inbox_close(&t.inbox, CLOSE_MS);
        third_party("DELETE FROM meta WHERE name = 'ids_from'");
        third_party(store_is_shared(t.store) ? "SELECT setval('outbox_ids', 7), setval('things_ids', 7)" : "UPDATE sequences SET last = 7");
        store_close(&t.store);
        t.store = things_open();
        check_int(store_events_given(t.store), 7);
        listen_as("things");
        check(store_events_given(t.store) > 30);
        check(things_add(t.store, "b") > 30);
        end();
}

/* PostgreSQL only: the daemons run on, and nothing more is heard. */
static void a_standby_that_was_behind_is_renewed(void)
{
        begin();
        if (store_is_shared(t.store)) {
                for (int i = 0; i < 50; i++)
                        things_add(t.store, "a");
                listen_as("things");
                say_own(50);
                say("1", thing("b"));
                wait_for_things(51);
                third_party("SELECT setval('outbox_ids', 40), setval('things_ids', 40)");
                wait_for_renewal(50);
                check(things_add(t.store, "c") > 1000000 * (int64_t)1000000000);
        }
        end();
}

/* Neither a number that no store gives nor another's says anything about ours. */
static void an_absurd_id_renews_nothing(void)
{
        static const char *const ids[] = {"9223372036854775807", "99999999999999999999999", "9007199254740993", "x1", "1x", ""};
        struct record_header h[] = {{"ce_type", "ThingSaid", 9}, {"ce_source", NULL, 0}, {"ce_id", NULL, 0}};
        struct record r = {.key = "k", .key_len = 1, .value = "{}", .value_len = 2, .headers = h, .header_count = 3};

        begin();
        h[1] = (struct record_header){"ce_source", store_source(t.store), strlen(store_source(t.store))};
        for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
                h[2] = (struct record_header){"ce_id", ids[i], strlen(ids[i])};
                publish(&r, 1);
        }
        h[1].len--; /* another's */
        h[2] = (struct record_header){"ce_id", "77", 2};
        publish(&r, 1);
        listen_as("things");
        say("1", thing("a"));
        wait_for_things(1);
        wait_for_metric("consumed", "Thing", 1);
        check_int(store_events_given(t.store), 1);
        end();
}

/* What the log says meanwhile: stderr goes to a file. */
static int kept_stderr = -1;

static void listen_to_log(void)
{
        int fd = open(arena_printf(t.arena, "%s/told", check_directory()), O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);

        kept_stderr = dup(STDERR_FILENO);
        dup2(fd, STDERR_FILENO);
        close(fd);
}

static const char *told(void)
{
        int fd = open(arena_printf(t.arena, "%s/told", check_directory()), O_RDONLY);
        char *text = arena_alloc(t.arena, 65536);
        ssize_t len = read(fd, text, 65535);

        check(len >= 0);
        close(fd);
        return text;
}

static void stop_listening(void)
{
        dup2(kept_stderr, STDERR_FILENO);
        close(kept_stderr);
}

static void wait_for_told(const char *part)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (!strstr(told(), part) && clock_mono_us() < end_at)
                usleep(10000);
        check_contains(told(), part);
}

static int count_of(const char *text, const char *part)
{
        int count = 0;

        for (; (text = strstr(text, part)); text += strlen(part))
                count++;
        return count;
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
        check_contains(told(), "ERROR an event cannot be understood; it is a dead letter now event.place=mall[0]@2 event.type=Thing"
                               " event.source=/other/1 event.id=2 error.message=\"a bad thing\"\n");
        check_contains(told(), "event.place=mall[0]@3 event.type=unknown");
        check_contains(told(), "ERROR two events have one identity; the second is a dead letter now event.place=mall[0]@4 event.type=Thing"
                               " event.source=/other/1 event.id=1 error.message=\"another event came under");
        end();
}

/* Of the log's own file, beside the readers. */
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
        change_log("INSERT INTO log (topic, timestamp, value, headers) VALUES ('mall', 1, '{}', x'ffffffff')");
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

static void the_trace_goes_on(void)
{
        static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        struct record_header h[] = {{"traceparent", trace, sizeof trace - 1}};
        struct record r = {.key = "k", .key_len = 1, .value = NULL, .headers = h, .header_count = 1};
        struct outbox_record said[3];
        struct error e = {0};
        size_t count;

        begin();
        r.value = thing("a");
        r.value_len = strlen(r.value);
        publish(&r, 1);
        say("2", thing("b")); /* of no trace, and not of the one before */
        listen_as("things");
        wait_for_things(2);
        check(outbox_read(t.store, 0, said, 3, &count, t.arena, &e) && count == 2);
        check_text(header_of(&said[0], "traceparent"), trace);
        check_text(header_of(&said[1], "traceparent"), "none");
        end();
}

/* Sanitizers keep freed memory for a while; they know what is in use. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t memory_in_use(void)
{
        if (__sanitizer_get_current_allocated_bytes)
                return __sanitizer_get_current_allocated_bytes();
        return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static void what_was_read_is_let_go_of(void)
{
        enum { LARGE = 800 * 1000, COUNT = 40 };
        struct text large;
        size_t before;

        begin();
        large = text_open(t.arena, LARGE + 100);
        text_string(&large, "{\"eventType\":\"Unknown\",\"pad\":\"");
        while (large.len < LARGE)
                text_string(&large, "................................................................");
        text_string(&large, "\"}");
        listen_as("things");
        say(NULL, large.at);
        say(NULL, thing("first"));
        wait_for_things(1);
        before = memory_in_use();
        for (int i = 0; i < COUNT; i++)
                say(NULL, large.at);
        say(NULL, thing("last"));
        wait_for_things(2);
        check(memory_in_use() < before + (size_t)LARGE * COUNT / 2);
        end();
}

static void dead_letters_are_counted_and_not_repeated(void)
{
        struct outbox_record letters[4];

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
        check_int((int64_t)dead_letters(letters, 4), 2);
        end();
}

static void what_others_say_is_skipped(void)
{
        const struct record_header h[] = {{"ce_type", "Other", 5}, {"ce_source", "/o", 2}, {"ce_id", "1", 1}};
        struct record other = {.value = "binary \xff", .value_len = 8, .headers = h, .header_count = 3};
        struct outbox_record letters[1];

        begin();
        listen_as("things");
        say(NULL, "{\"eventType\":\"Unknown\",\"id\":{}}");
        say(NULL, "{\"eventType\":\"\"}");
        publish(&other, 1); /* that it is not ours its header tells, whatever is in it */
        say(NULL, thing("last"));
        wait_for_things(1);
        check_int((int64_t)dead_letters(letters, 1), 0);
        check_int(atomic_load(&reacted), 1);
        end();
}

static void one_bad_event_stops_no_other(void)
{
        static struct record records[MANY];
        struct outbox_record letters[10];
        int bad = 0;

        begin();
        for (int i = 0; i < MANY; i++) {
                const char *value = i % 300 == 150 ? thing("bad") : i % 300 == 151 ? "junk" : thing(arena_printf(t.arena, "%d", i));

                bad += i % 300 == 150 || i % 300 == 151;
                records[i] = (struct record){.key = "k", .key_len = 1, .value = value, .value_len = strlen(value)};
        }
        publish(records, MANY);
        listen_as("things");
        wait_for_things(MANY - bad);
        wait_for_metric("consumed", "Thing", MANY - bad);
        check_int((int64_t)dead_letters(letters, 10), bad);
        for (int i = 0, id = 1; i < MANY; i++)
                if (i % 300 != 150 && i % 300 != 151)
                        check_text(things_get(t.store, id++, t.arena)->name, arena_printf(t.arena, "%d", i));
        end();
}

static void what_fails_for_now_is_tried_again(void)
{
        struct outbox_record letters[1];

        begin();
        atomic_store(&refusals, 3);
        say("1", thing("a"));
        say("2", thing("busy"));
        say("3", thing("c"));
        listen_as("things");
        wait_for_things(3);
        check_text(names(), "a busy c"); /* nothing overtook it */
        wait_for_metric("consumed", "Thing", 3);
        check(atomic_load(&reacted) >= 3 + 3);
        check_int((int64_t)dead_letters(letters, 1), 0);
        end();
}

/* PostgreSQL only, whose triggers can say for good that a value is too large. */
static void a_dead_letter_that_cannot_be_kept_skips_nothing(void)
{
        struct outbox_record letters[4];

        begin();
        if (!store_is_shared(t.store)) {
                end();
                return;
        }
        third_party("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.topic IS NOT NULL AND"
                    " (NEW.value IS NOT NULL OR to_regclass(''none_at_all'') IS NOT NULL) THEN"
                    " RAISE EXCEPTION ''too long'' USING ERRCODE = ''54000''; END IF; RETURN NEW; END';"
                    "CREATE TRIGGER refuse BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION refuse()");
        say("1", "junk");
        say("2", thing("bad"));
        say("3", thing("good"));
        listen_as("things");
        wait_for_things(1);
        wait_for_metric("dead", "unknown", 1);
        wait_for_metric("dead", "Thing", 1);
        check_int((int64_t)dead_letters(letters, 4), 2);
        for (int i = 0; i < 2; i++) {
                check(!letters[i].value && !letters[i].key);
                check_text(header_of(&letters[i], "x-original-offset"), i ? "2" : "1");
                check_text(header_of(&letters[i], "ce_id"), i ? "mall/0/2" : "mall/0/1");
                check_contains(header_of(&letters[i], "x-exception-message"), i ? "a bad thing" : "expected a value");
        }
        third_party("CREATE TABLE none_at_all (a INTEGER)"); /* then not even that can be written: nothing moves, and nothing is lost */
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

static void closing_does_not_wait_for_better_times(void)
{
        int64_t before;

        begin();
        atomic_store(&refusals, 1000000);
        say("1", thing("busy"));
        say("2", thing("b"));
        listen_as("things");
        for (int64_t end_at = clock_mono_us() + PATIENCE_US; atomic_load(&reacted) < 2 && clock_mono_us() < end_at;)
                usleep(1000);
        before = clock_mono_us();
        inbox_close(&t.inbox, CLOSE_MS);
        check(clock_mono_us() - before < PATIENCE_US / 2);
        check_int(things_count(t.store), 0);
        atomic_store(&refusals, 0);
        listen_as("things"); /* the next life goes on where this one stood */
        wait_for_things(2);
        check_text(names(), "busy b");
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                {"an event said twice is applied once", an_event_said_twice_is_applied_once},
                {"what is replayed is not applied again", what_is_replayed_is_not_applied_again},
                {"two readers apply each event once", two_readers_apply_each_event_once},
                {"headers that are no text are none", headers_that_are_no_text_are_none},
                {"what was applied stays behind", what_was_applied_stays_behind},
                {"what cannot be understood is a dead letter", what_cannot_be_understood_is_a_dead_letter},
                {"a dead letter keeps its headers", a_dead_letter_keeps_its_headers},
                {"a dead letter has one identity", a_dead_letter_has_one_identity},
                {"another event of the same identity is no duplicate", another_event_of_the_same_identity_is_no_duplicate},
                {"of older identities nobody knows the content", of_older_identities_nobody_knows_the_content},
                {"a store that came back from the past is renewed", a_store_that_came_back_from_the_past_is_renewed},
                {"what lies behind the group is looked at", what_lies_behind_the_group_is_looked_at},
                {"a standby that was behind is renewed", a_standby_that_was_behind_is_renewed},
                {"an absurd id renews nothing", an_absurd_id_renews_nothing},
                {"what dies is told", what_dies_is_told},
                {"a broken bus is told once and known", a_broken_bus_is_told_once_and_known},
                {"the trace goes on", the_trace_goes_on},
                {"what was read is let go of", what_was_read_is_let_go_of},
                {"dead letters are counted and not repeated", dead_letters_are_counted_and_not_repeated},
                {"what others say is skipped", what_others_say_is_skipped},
                {"one bad event stops no other", one_bad_event_stops_no_other},
                {"what fails for now is tried again", what_fails_for_now_is_tried_again},
                {"a dead letter that cannot be kept skips nothing", a_dead_letter_that_cannot_be_kept_skips_nothing},
                {"closing does not wait for better times", closing_does_not_wait_for_better_times},
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
