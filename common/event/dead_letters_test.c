/* Dead letters on their topics: which are open. On every bus. MALL_TEST_KAFKA=host:port adds the
   Kafka adapter. */
#include "base/json.h"
#include "testing/dead_stage.h"

static void letters_are_open_until_something_became_of_them(void)
{
        struct dead_place first, second;

        begin();
        check_text(counts(), "0 of 0, 0 strange"); /* no topic, no letters */
        say_letter_with(identity, 3, "k", "{\"a\":1}", 1795358923000);
        say_letter_with(NULL, 0, NULL, EVENT, 1795358924000);
        check_text(counts(), "2 of 2, 0 strange");
        check_int(t.letters.groups->oldest_ms, 1795358923000);
        second = letter(0)->place;
        check_text(letter(0)->type, "Thing"); /* by its value */
        check(!letter(0)->key);
        first = letter(1)->place;
        check_text(letter(1)->value, "{\"a\":1}");
        check_text(letter(1)->key, "k");
        check_text(letter(1)->type, "Thing");
        check_text(letter(1)->reason, "a bad thing");
        check_text(letter(1)->original_offset, "7");
        check(replay(&first, NULL));
        check_text(counts(), "1 of 2, 0 strange");
        check_int(t.letters.groups->oldest_ms, 1795358924000);
        check_int(letter(1)->state, DEAD_REPLAYED);
        check_contains(letter(1)->note, "replayed by Ann at 20");
        check_contains(letter(1)->note, "Z: it was mended");
        check(drop(&second));
        check_text(counts(), "0 of 2, 0 strange");
        check_int(t.letters.groups->oldest_ms, 0);
        check_int(letter(0)->state, DEAD_DROPPED);
        check_contains(letter(0)->note, "dropped by Ben at 20");
        end();
}

static void what_is_no_letter_is_counted(void)
{
        struct record r = {.topic = t.topic, .value = "x", .value_len = 1};
        struct record_header half[] = {{"ce_type", "DeadLetterDropped", 17},
                                       {"x-letter-partition", "0", 1},
                                       {"x-letter-offset", "much", 4}};

        begin();
        publish(t.publisher, &r, 1);
        r.headers = half;
        r.header_count = 3;
        publish(t.publisher, &r, 1);
        say_letter("x");
        check_text(counts(), "1 of 1, 2 strange");
        end();
}

static void say_mark(const char *type, const char *key, const struct dead_place *place, int64_t at)
{
        char partition[16], offset[24];
        struct record_header h[] = {
                {"ce_type", type, strlen(type)},
                {"x-letter-partition", partition,
                 (size_t)snprintf(partition, sizeof partition, "%d", place->partition)},
                {"x-letter-offset", offset,
                 (size_t)snprintf(offset, sizeof offset, "%lld", (long long)place->offset)}};
        struct record r = {.topic = t.topic,
                           .key = key,
                           .key_len = key ? strlen(key) : 0,
                           .headers = h,
                           .header_count = 3,
                           .timestamp_ms = at};

        publish(t.publisher, &r, 1);
}

/* Two operators at once. */
static void of_both_replayed_counts(void)
{
        struct dead_place place;

        begin();
        say_letter("x");
        place = letter(0)->place;
        say_mark("DeadLetterDropped", NULL, &place, 1795358923000);
        check_int(letter(0)->state, DEAD_DROPPED);
        say_mark("DeadLetterReplayed", NULL, &place, 1795358925000);
        say_mark("DeadLetterReplayed", NULL, &place, 1795358924000);
        check_int(letter(0)->state, DEAD_REPLAYED);
        check_text(letter(0)->note, "replayed at 2026-11-22T14:48:44.000Z");
        check_text(counts(), "0 of 1, 0 strange");
        end();
}

/* Before its letter is there, a marker says nothing of it. */
static void a_marker_closes_no_letter_that_is_yet_to_come(void)
{
        struct dead_place place;
        int64_t from;

        begin();
        say_letter("x");
        place = letter(0)->place;
        from = place.offset;
        for (int i = 0; i < 60; i++) {
                place.offset = from + 31 + i;
                say_mark(i % 2 ? "DeadLetterReplayed" : "DeadLetterDropped", NULL, &place,
                         clock_wall_ms() + 3600000);
        }
        say_letter("y");
        check(letter(0)->place.offset <= from + 90);
        check_int(letter(0)->state, DEAD_OPEN);
        check_text(counts(), "2 of 2, 0 strange");
        place = letter(0)->place;
        check(drop(&place));
        check_text(counts(), "1 of 2, 0 strange");
        end();
}

/* Letters in a topic of two partitions. Kafka only. */
static void say_letters_at_both(int64_t at)
{
        struct bus_config config = {.client = "test", .partitions = 2, .quiet = true};

        config.url = arena_printf(t.arena, "kafka://%s/%s", broker, t.topic);
        bus_close(&t.publisher, CLOSE_MS);
        t.publisher = bus_open_publisher(&config, &t.error);
        check(t.publisher != NULL);
        for (char key[] = "a"; *key <= 'h'; ++*key)
                say_letter_with(identity, 3, key, "x", at);
}

/* Offsets tell nothing there. */
static void between_two_partitions_time_says_which_came_first(void)
{
        const struct dead *here, *there;
        struct dead_place place;
        const char *key;
        const int64_t at = 1795358923000;

        if (!broker)
                return;
        begin();
        say_letters_at_both(at);
        here = there = letter(0);
        for (size_t i = 0; i < t.letters.count; i++)
                if (t.letters.letters[i]->place.partition != here->place.partition)
                        there = t.letters.letters[i];
        check(there != here);
        place = here->place;
        key = arena_string(t.arena, there->key); /* takes a marker there */
        say_mark("DeadLetterDropped", key, &place, at - 1);
        check_text(counts(), "8 of 8, 0 strange");
        say_mark("DeadLetterDropped", key, &place, at);
        check_text(counts(), "7 of 8, 0 strange");
        end();
}

static void only_some_are_kept_and_all_are_counted(void)
{
        begin();
        for (int i = 0; i < 300; i++)
                say_letter_with(NULL, 0, NULL,
                                arena_printf(t.arena, "%d \xec\xa3\xbc\xec\xa3\xbc", i),
                                1795358923000 + (i * 7919) % 300);
        read_letters(3, 7);
        check_int((int64_t)t.letters.count, 3);
        check_int((int64_t)t.letters.groups->open, 300);
        check_int(t.letters.letters[0]->at_ms, 1795358923299);
        check_int(t.letters.letters[1]->at_ms, 1795358923298);
        check_int(t.letters.letters[2]->at_ms, 1795358923000);
        check_int((int64_t)t.letters.unlisted, 297);
        check_int(t.letters.groups->oldest_ms, 1795358923000);
        check(t.letters.letters[0]->cut);
        check(strlen(t.letters.letters[0]->value) <= 7 &&
              !strchr(t.letters.letters[0]->value, '?')); /* no half character */
        end();
}

static void open_ones_are_kept_before_others(void)
{
        struct dead_place place;

        begin();
        for (int i = 0; i < 7; i++)
                say_letter_with(NULL, 0, NULL, arena_printf(t.arena, "%d", i), 1795358923000 + i);
        for (int i = 0; i < 4; i++) { /* the newest four */
                place = letter(i)->place;
                check(drop(&place));
        }
        read_letters(4, 100);
        check_int((int64_t)t.letters.count, 4);
        check_int((int64_t)t.letters.unlisted, 0);
        check_text(t.letters.letters[0]->value, "6");
        check_int(t.letters.letters[0]->state, DEAD_DROPPED);
        check_contains(t.letters.letters[0]->note, "dropped by Ben");
        check_text(t.letters.letters[1]->value, "2");
        check_text(t.letters.letters[3]->value, "0");
        check(!t.letters.letters[3]->note);
        read_letters(2, 100); /* of three open ones the newest and the oldest */
        check_int((int64_t)t.letters.count, 2);
        check_int((int64_t)t.letters.unlisted, 1);
        check_text(t.letters.letters[0]->value, "2");
        check_text(t.letters.letters[1]->value, "0");
        read_letters(0, 100);
        check_int((int64_t)t.letters.count, 0);
        check_int((int64_t)t.letters.unlisted, 3);
        end();
}

static void the_groups_that_there_are_are_listed(void)
{
        const char *const *groups;
        size_t count, i = 0;

        begin();
        say_letter("hello");
        check(dead_groups_list(&t.config, t.arena, &groups, &count, &t.error));
        while (i < count && strcmp(groups[i], t.group) != 0)
                i++;
        check(i < count);
        end();
}

static void bytes_become_json(void)
{
        struct record_header odd[] = {{"ce_type", "\xff\"", 2}};
        struct text out;

        begin();
        say_letter_with(odd, 1, "\xc3\x28", "a\xff\"b\n", clock_wall_ms());
        out = text_open(t.arena, 500);
        text_char(&out, '{');
        dead_letter_write_json(letter(0), &out);
        text_char(&out, '}');
        check(json_read(t.arena, out.at, out.len, &t.error) != NULL);
        check_contains(out.at, "\"value\":\"a?\\\"b\\n\"");
        check_contains(out.at, "\"original\":{\"topic\":\"mall\",\"partition\":0,\"offset\":7}");
        check_contains(out.at, "\"state\":\"open\",\"note\":null");
        end();
}

static void places_are_read(void)
{
        static const char *const wrong[] = {
                "",        "product", "product/0",      "/0/1",
                "p/0/",    "p//1",    "p/-1/1",         "p/0/-1",
                "p/0/1/2", "p/x/1",   "p/0/1x",         "a b/0/1",
                "p/ 0/1",  "p/0x1/1", "p/2147483648/1", "p/0/9223372036854775808"};
        struct dead_place place;
        struct error e = {0};

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                check(!dead_place_read(&place, wrong[i], &e));
                check_int(e.kind, ERROR_BAD_INPUT);
        }
        check(dead_place_read(&place, "product/3/9223372036854775807", &e));
        check_text(place.group, "product");
        check_int(place.partition, 3);
        check_int(place.offset, INT64_MAX);
}

static void a_bus_that_is_away_is_told(void)
{
        struct bus_config config = {.url = "log:/nowhere/mall.log", .quiet = true};
        struct dead_query query = {.bus = &config, .most = FEW, .value_most = 100};
        struct dead_place place = {"g", 0, 1};

        begin();
        check(!dead_letters_read(&t.letters, &query, &t.error));
        check_contains(t.error.text, "/nowhere/mall.log");
        t.config = config;
        check(!replay(&place, NULL));
        check_contains(t.error.text, "/nowhere/mall.log");
        end();
}

static const struct story stories[] = {
        STORY(letters_are_open_until_something_became_of_them),
        STORY(what_is_no_letter_is_counted),
        STORY(of_both_replayed_counts),
        STORY(a_marker_closes_no_letter_that_is_yet_to_come),
        STORY(between_two_partitions_time_says_which_came_first),
        STORY(only_some_are_kept_and_all_are_counted),
        STORY(open_ones_are_kept_before_others),
        STORY(the_groups_that_there_are_are_listed),
        STORY(bytes_become_json),
        STORY(places_are_read),
        STORY(a_bus_that_is_away_is_told),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return on_every_bus(stories, argc, argv);
}
