/* A store came back from the past: our own, which notices it, or a sender's, whose events we
   tell apart. */
#include "event/own.h"
#include "testing/hearing.h"

/* The sender's store was restored from a backup: it gives identities again, for other events. */
static void another_event_of_the_same_identity_is_no_duplicate(void)
{
        const struct outbox_record *dead;

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
        dead = letters(2);
        check_text(arena_copy(t.arena, dead[1].value, dead[1].value_len), thing("c"));
        check_contains(header_of(&dead[1], "x-exception-message"), "docs/backup.md");
        check_text(header_of(&dead[1], "ce_id"), "1");
        inbox_close(&t.inbox, CLOSE_MS);
        listen_as("other-group"); /* again from the start */
        wait_for_metric("duplicate", "Thing", 2 + 6);
        letters(2);
        wait_for_metric("clashing", "Thing", 2);
        end();
}

/* An older program recorded no content: then we cannot tell. */
static void an_identity_of_an_older_program_has_no_content(void)
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
        struct record_header h[] = {{"ce_type", "ThingSaid", 9},
                                    {"ce_source", store_source(t.store), 0},
                                    {"ce_id", number, 0}};
        struct record r = {.key = "k",
                           .key_len = 1,
                           .value = "{}",
                           .value_len = 2,
                           .headers = h,
                           .header_count = 3};

        snprintf(number, sizeof number, "%lld", (long long)id);
        h[1].len = strlen(h[1].value);
        h[2].len = strlen(number);
        publish(&r, 1);
}

static void wait_until_given(int64_t above)
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
        listen_to_log();
        things_add(t.store, "a");
        things_add(t.store, "b");
        for (int64_t id = 1; id <= 2; id++)
                say_own(id); /* as far as it remembers */
        listen_as("things");
        say("1", thing("c"));
        wait_for_things(3);
        check_int(store_events_given(t.store), 3);
        say_own(10); /* from a life that it does not know */
        wait_until_given(10);
        wait_for_told("ERROR this store came back from the past: it gave events ids up to 3, and "
                      "the topic has its event 10. It is renewed: ids go"
                      " on above ");
        check_contains(told(), " Its events 3 to 3 may have been taken for ones that were said "
                               "before. event.source=/things");
        check(store_events_given(t.store) > 1000000 * (int64_t)1000000000 &&
              store_events_given(t.store) < INT64_C(1) << 53);
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
        stop_listening();
        check_int(count_of(told(), "ERROR"), 1);
        end();
}

/* The group's position is past the event: so the daemon looks back at its start, before it gives
   any id. */
static void events_before_the_groups_position_are_looked_at(void)
{
        begin();
        say_own(39);
        for (int i = 0; i < 20; i++)
                say("1", thing("a"));
        listen_as("things");
        wait_for_things(1);
        inbox_close(&t.inbox, CLOSE_MS);
        third_party("DELETE FROM meta WHERE name = 'ids_from'");
        third_party(store_is_shared(t.store)
                            ? "SELECT setval('outbox_ids', 7), setval('things_ids', 7)"
                            : "UPDATE sequences SET last = 7");
        store_close(&t.store);
        t.store = things_open();
        check_int(store_events_given(t.store), 7);
        listen_to_log();
        listen_as("things");
        stop_listening();
        check_contains(told(), "ids up to 7, and the topic has its event 39.");
        check_int(count_of(told(), "may have been taken"), 0); /* no event since the start */
        check(store_events_given(t.store) > 39);
        check(things_add(t.store, "b") > 39);
        end();
}

/* Its backup is from before its first event. */
static void a_store_that_gave_nothing_yet_is_renewed_too(void)
{
        begin();
        say_own(7);
        listen_to_log();
        listen_as("things");
        stop_listening();
        check_contains(told(), "it gave events ids up to 0, and the topic has its event 7.");
        check(things_add(t.store, "a") > 1000000 * (int64_t)1000000000);
        end();
}

/* PostgreSQL only: the daemons run on, and no more events come. */
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
                wait_until_given(50);
                check(things_add(t.store, "c") > 1000000 * (int64_t)1000000000);
        }
        end();
}

/* The clocks of two hosts, or of one before and after a restore, may differ. */
static void clocks_may_differ_a_little(void)
{
        int64_t now = clock_wall_ms(), most = (now + 60 * 60 * 1000) * 1000;

        begin();
        clock_set_wall_ms(now);
        say_own(most + 1);
        say("1", thing("a"));
        listen_as("things");
        wait_for_things(1);
        wait_until_given(0); /* the row can be read a moment before its event counts as given */
        check_int(store_events_given(t.store), 1);
        inbox_close(&t.inbox, CLOSE_MS);
        say_own(most);
        listen_as("things");
        check(store_events_given(t.store) > most);
        clock_set_wall_ms(0);
        end();
}

/* While a broker is away, neither opening nor closing waits for it. */
static void a_bus_that_is_away_is_looked_at_later(void)
{
        struct bus_config away = {.url = "kafka://127.0.0.1:1/mall", .client = "test"};
        struct own *own, *none = NULL;

        begin();
        own = own_open(t.store, &away);
        check(own != NULL);
        own_check(own); /* it has heard nothing */
        check_int(store_events_given(t.store), 0);
        own_close(&own);
        check(!own);
        own_close(&none);
        end();
}

static struct bus_sign sign_of(const char *id)
{
        const char *source = store_source(t.store);

        return (struct bus_sign){.source = {source, strlen(source)}, .id = {id, strlen(id)}};
}

static void the_highest_that_was_heard_counts(void)
{
        struct bus_config away = {.url = "kafka://127.0.0.1:1/mall", .client = "test"};
        struct bus_sign high, low;
        struct own *own;
        int64_t given;

        begin();
        for (int i = 0; i < 3; i++)
                things_add(t.store, "a");
        own = own_open(t.store, &away);
        high = sign_of("3");
        own_hear(own, &high); /* that it gave */
        own_check(own);
        check_int(store_events_given(t.store), 3);
        high = sign_of("4");
        low = sign_of("2");
        own_hear(own, &high);
        own_hear(own, &low);
        for (int64_t end_at = clock_mono_us() + PATIENCE_US;
             store_events_given(t.store) == 3 && clock_mono_us() < end_at; usleep(1000))
                own_check(own); /* which asks once a second */
        given = store_events_given(t.store);
        check(given > 4);
        usleep(1100 * 1000);
        own_check(own);
        check_int(store_events_given(t.store), given);
        own_close(&own);
        end();
}

static void beside(const char *sql)
{
        if (store_is_shared(t.store))
                third_party(sql);
        else
                things_sql(sql);
}

static void what_cannot_be_renewed_now_is_told_and_renewed_later(void)
{
        struct bus_config away = {.url = "kafka://127.0.0.1:1/mall", .client = "test"};
        int64_t end_at = clock_mono_us() + PATIENCE_US;
        struct bus_sign sign;
        struct own *own;

        begin();
        things_add(t.store, "a");
        beside(store_is_shared(t.store) ? "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE "
                                          "plpgsql AS 'BEGIN RAISE EXCEPTION ''not now''; END';"
                                          "CREATE TRIGGER no_renewal BEFORE INSERT ON meta FOR "
                                          "EACH ROW EXECUTE FUNCTION refuse()"
                                        : "CREATE TRIGGER no_renewal BEFORE INSERT ON meta BEGIN "
                                          "SELECT RAISE(ABORT, 'not now'); END");
        own = own_open(t.store, &away);
        sign = sign_of("9");
        own_hear(own, &sign);
        listen_to_log();
        own_check(own);
        stop_listening();
        check_contains(
                told(),
                "WARN  the store came back from the past and cannot be renewed now error.message=");
        check_contains(told(), "not now");
        check_int(store_events_given(t.store), 1);
        beside(store_is_shared(t.store) ? "DROP TRIGGER no_renewal ON meta"
                                        : "DROP TRIGGER no_renewal");
        for (; store_events_given(t.store) == 1 && clock_mono_us() < end_at; usleep(1000))
                own_check(own);
        check(store_events_given(t.store) > 9);
        own_close(&own);
        end();
}

/* If there is a broker for the unit tests: a thread of its own reads there. */
static void on_kafka_the_end_of_the_topic_is_looked_at(void)
{
        const char *broker = getenv("MALL_TEST_KAFKA");
        struct bus_config kafka = {.client = "test"};
        struct error e = {0};
        struct bus *log;
        struct own *own;

        begin();
        if (broker) {
                kafka.url = arena_printf(t.arena, "kafka://%s/own-%d", broker, (int)getpid());
                log = t.publisher;
                t.publisher = bus_open_publisher(&kafka, &e);
                check_text(e.text, "");
                say_own(39);
                own = own_open(t.store, &kafka);
                wait_until_given(39);
                own_close(&own);
                bus_close(&t.publisher, CLOSE_MS);
                t.publisher = log;
        }
        end();
}

/* Neither an id that no store gives nor another store's id means anything for ours. */
static void an_absurd_id_renews_nothing(void)
{
        const char *ids[] = {"9223372036854775807",
                             "99999999999999999999999",
                             "9007199254740993",
                             "x1",
                             "1x",
                             "",
                             ":",
                             "1/",
                             NULL};
        struct record_header h[] = {
                {"ce_type", "ThingSaid", 9}, {"ce_source", NULL, 0}, {"ce_id", NULL, 0}};
        struct record r = {.key = "k",
                           .key_len = 1,
                           .value = "{}",
                           .value_len = 2,
                           .headers = h,
                           .header_count = 3};

        begin();
        ids[sizeof ids / sizeof *ids - 1] =
                arena_printf(t.arena, "%lld", ((long long)clock_wall_ms() + 61 * 60 * 1000) * 1000);
        h[1] = (struct record_header){"ce_source", store_source(t.store),
                                      strlen(store_source(t.store))};
        for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
                h[2] = (struct record_header){"ce_id", ids[i], strlen(ids[i])};
                publish(&r, 1);
        }
        h[1].len--; /* another's */
        h[2] = (struct record_header){"ce_id", "77", 2};
        publish(&r, 1);
        h[1] = (struct record_header){"ce_source", arena_string(t.arena, store_source(t.store)),
                                      strlen(store_source(t.store))};
        ((char *)(uintptr_t)h[1].value)[h[1].len - 1] = 'x'; /* of the same length */
        publish(&r, 1);
        listen_as("things");
        say("1", thing("a"));
        wait_for_things(1);
        wait_for_metric("consumed", "Thing", 1);
        check_int(store_events_given(t.store), 1);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(another_event_of_the_same_identity_is_no_duplicate),
                STORY(an_identity_of_an_older_program_has_no_content),
                STORY(a_store_that_came_back_from_the_past_is_renewed),
                STORY(events_before_the_groups_position_are_looked_at),
                STORY(a_store_that_gave_nothing_yet_is_renewed_too),
                STORY(a_standby_that_was_behind_is_renewed),
                STORY(clocks_may_differ_a_little),
                STORY(a_bus_that_is_away_is_looked_at_later),
                STORY(the_highest_that_was_heard_counts),
                STORY(what_cannot_be_renewed_now_is_told_and_renewed_later),
                STORY(on_kafka_the_end_of_the_topic_is_looked_at),
                STORY(an_absurd_id_renews_nothing),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
