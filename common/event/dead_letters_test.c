/* Dead letters on their topics: which are open, and what becomes of one. On every bus.
   MALL_TEST_KAFKA=host:port adds the Kafka adapter. */
#include "event/dead_letters.h"

#include "base/json.h"
#include "event/event.h"
#include "testing/bus_story.h"

enum { CLOSE_MS = 5000, FEW = 10 };

#define EVENT "{\"eventType\":\"Thing\",\"id\":1}"

static struct {
        const char *url;
        struct bus *publisher;
        struct bus_config config;
        struct arena *arena;
        struct dead_letters letters;
        struct error error;
        char group[300], topic[400];
        struct record heard[FEW]; /* on the bus's own topic */
        int heard_count;
} t;

static void begin(void)
{
        memset(&t, 0, sizeof t);
        t.url = story_url();
        t.publisher = open_publisher(t.url);
        t.config = (struct bus_config){.url = t.url, .client = "test", .quiet = true};
        t.arena = arena_open();
        snprintf(t.group, sizeof t.group, "g%s",
                 broker ? strrchr(t.url, '/') + 1 + strlen("story") : "");
        snprintf(t.topic, sizeof t.topic, "error.mall.%s", t.group);
        say(t.publisher, "k", "first"); /* the bus exists */
}

static void end(void)
{
        dead_letters_close(&t.letters);
        bus_close(&t.publisher, CLOSE_MS);
        arena_close(&t.arena);
}

/* A letter's own headers come after those of the record. */
static void say_letter_with(const struct record_header *own, size_t own_count, const char *key,
                            const char *value, int64_t at)
{
        struct record_header h[20] = {{0}};
        size_t n = 0;
        struct record r = {.topic = t.topic,
                           .key = key,
                           .key_len = key ? strlen(key) : 0,
                           .value = value,
                           .value_len = value ? strlen(value) : 0,
                           .headers = h,
                           .timestamp_ms = at};

        while (n < own_count) {
                h[n] = own[n];
                n++;
        }
        h[n++] = (struct record_header){"x-original-topic", "mall", 4};
        h[n++] = (struct record_header){"x-original-partition", "0", 1};
        h[n++] = (struct record_header){"x-original-offset", "7", 1};
        h[n++] = (struct record_header){"x-exception-message", "a bad thing", 11};
        r.header_count = n;
        publish(t.publisher, &r, 1);
        check_int(became[0].result, BUS_PUBLISHED);
}

static const struct record_header identity[] = {
        {"ce_type", "Thing", 5}, {"ce_source", "/other/1", 8}, {"ce_id", "5", 1}};

static void say_letter(const char *value)
{
        say_letter_with(identity, 3, "k", value, clock_wall_ms());
}

static void read_letters(size_t most, size_t value_most)
{
        struct dead_query query = {
                .bus = &t.config, .group = t.group, .most = most, .value_most = value_most};

        dead_letters_close(&t.letters);
        check(dead_letters_read(&t.letters, &query, &t.error));
        check_int((int64_t)t.letters.group_count, 1);
}

static const struct dead *letter(int i)
{
        read_letters(FEW, 1000);
        check(i < (int)t.letters.count);
        return t.letters.letters[i];
}

static const char *counts(void)
{
        const struct dead_group *g;

        read_letters(FEW, 1000);
        g = t.letters.groups;
        return arena_printf(t.arena, "%zu of %zu, %zu strange", g->open, g->letters, g->strange);
}

static bool replay(const struct dead_place *place, const char *mended)
{
        struct dead_reason reason = {"Ann", "it was mended"};
        struct bus_config config = t.config;

        t.error = (struct error){0};
        return dead_letter_replay(&config, place, mended, &reason, t.arena, &t.error) != NULL;
}

static bool drop(const struct dead_place *place)
{
        struct dead_reason reason = {"Ben", NULL};

        t.error = (struct error){0};
        return dead_letter_drop(&t.config, place, &reason, t.arena, &t.error) != NULL;
}

static bool note_record(void *arg, const struct record *r)
{
        struct record *to = &t.heard[t.heard_count++];
        struct record_header *h = arena_alloc(t.arena, 20 * sizeof *h);

        (void)arg;
        check(t.heard_count < FEW && r->header_count < 20);
        *to = *r;
        to->key = r->key ? arena_copy(t.arena, r->key, r->key_len) : NULL;
        to->value = r->value ? arena_copy(t.arena, r->value, r->value_len) : NULL;
        to->headers = h;
        for (size_t i = 0; i < r->header_count; i++)
                h[i] = (struct record_header){
                        arena_string(t.arena, r->headers[i].name),
                        r->headers[i].value
                                ? arena_copy(t.arena, r->headers[i].value, r->headers[i].len)
                                : NULL,
                        r->headers[i].len};
        return true;
}

/* The last record on the bus's own topic. */
static const struct record *said_last(void)
{
        struct bus_through through = {.take = note_record};

        t.heard_count = 0;
        check(bus_read_through(&t.config, &through, &t.error));
        check(t.heard_count > 0);
        return &t.heard[t.heard_count - 1];
}

static const char *header(const struct record *r, const char *name)
{
        const char *value = record_header(r, name, t.arena);

        return value ? value : "none";
}

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

static void a_letter_is_replayed_or_dropped_once(void)
{
        struct dead_place place, nowhere;

        begin();
        say_letter(EVENT);
        place = letter(0)->place;
        nowhere = place;
        nowhere.offset += 100;
        check(!replay(&nowhere, NULL));
        check_int(t.error.kind, ERROR_NOT_FOUND);
        check(!drop(&nowhere));
        check_int(t.error.kind, ERROR_NOT_FOUND);
        check(replay(&place, NULL));
        said_last();
        check_int(t.heard_count, 2);
        check(!replay(&place, NULL));
        check_int(t.error.kind, ERROR_CONFLICT);
        check_contains(t.error.text, "it was replayed by Ann");
        check(!drop(&place));
        check_int(t.error.kind, ERROR_CONFLICT);
        said_last();
        check_int(t.heard_count, 2); /* nothing more was sent */
        end();
}

static void a_replay_is_the_original_and_says_whose_it_is(void)
{
        static const struct record_header own[] = {{"ce_type", "Thing", 5},
                                                   {"ce_source", "/other/1", 8},
                                                   {"ce_id", "5", 1},
                                                   {"x-original-topic", "elsewhere", 9},
                                                   {"x-replay-of", "error.mall.x/0/1", 16},
                                                   {"empty", "", 0},
                                                   {"bytes", "\xff", 1}};
        const struct record *r;
        struct dead_place place;

        begin();
        say_letter_with(own, 7, "k", "hello", 1795358923000);
        place = letter(0)->place;
        check_text(letter(0)->original_topic, "mall"); /* the letter's own comes last */
        check(replay(&place, NULL));
        r = said_last();
        check(r->value_len == 5 && memcmp(r->value, "hello", 5) == 0);
        check(r->key_len == 1 && *r->key == 'k');
        check_text(header(r, "ce_source"), "/other/1");
        check_text(header(r, "ce_id"), "5");
        check_text(header(r, "ce_type"), "Thing");
        check_text(header(r, "empty"), "");
        check_text(header(r, "x-original-topic"), "none");
        check_text(header(r, "x-exception-message"), "none");
        check_text(header(r, "x-replay-group"), t.group);
        check_text(header(r, "x-replay-of"),
                   arena_printf(t.arena, "%s/%d/%lld", t.topic, place.partition,
                                (long long)place.offset));
        check_text(header(r, "x-replay-at"), "1795358923000");
        end();
}

static void a_mended_value_must_be_an_event(void)
{
        static const char *const wrong[] = {"hello", "", "[]", "{}", "{\"eventType\":7}"};
        const struct record *r;
        struct dead_place place;

        begin();
        say_letter("hello");
        place = letter(0)->place;
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                check(!replay(&place, wrong[i]));
                check_int(t.error.kind, ERROR_BAD_INPUT);
                check_text(t.error.member, "value");
        }
        check_text(counts(), "1 of 1, 0 strange");
        said_last();
        check_int(t.heard_count, 1);
        check(replay(&place, "{\"eventType\":\"Other\",\"id\":2}"));
        r = said_last();
        check_text(arena_copy(t.arena, r->value, r->value_len),
                   "{\"eventType\":\"Other\",\"id\":2}");
        check_text(header(r, "ce_type"), "Other");
        check_text(header(r, "ce_id"), "5");
        end();
}

static void a_letter_without_a_value_needs_one(void)
{
        struct dead_place place;

        begin();
        say_letter_with(NULL, 0, NULL, NULL, clock_wall_ms());
        place = letter(0)->place;
        check(!letter(0)->value);
        check(!replay(&place, NULL));
        check_int(t.error.kind, ERROR_BAD_INPUT);
        check_contains(t.error.text, "give a mended one");
        check(replay(&place, EVENT));
        check(!said_last()->key);
        end();
}

static void an_identity_that_only_the_letter_has_stays_with_it(void)
{
        struct record_header given[] = {{"ce_source", NULL, 0}, {"ce_id", "mall/0/7", 8}};
        const struct record *r;
        struct dead_place place;

        begin();
        given[0].value = arena_printf(t.arena, "/%s", t.group);
        given[0].len = strlen(given[0].value);
        say_letter_with(given, 2, "k", EVENT, clock_wall_ms());
        place = letter(0)->place;
        check(replay(&place, NULL));
        r = said_last();
        check_text(header(r, "ce_source"), "none");
        check_text(header(r, "ce_id"), "none");
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

static void say_mark(const char *type, const struct dead_place *place, int64_t at)
{
        char partition[16], offset[24];
        struct record_header h[] = {
                {"ce_type", type, strlen(type)},
                {"x-letter-partition", partition,
                 (size_t)snprintf(partition, sizeof partition, "%d", place->partition)},
                {"x-letter-offset", offset,
                 (size_t)snprintf(offset, sizeof offset, "%lld", (long long)place->offset)}};
        struct record r = {.topic = t.topic, .headers = h, .header_count = 3, .timestamp_ms = at};

        publish(t.publisher, &r, 1);
}

/* Two operators at once. */
static void of_both_replayed_counts(void)
{
        struct dead_place place;

        begin();
        say_letter("x");
        place = letter(0)->place;
        say_mark("DeadLetterDropped", &place, 1795358923000);
        check_int(letter(0)->state, DEAD_DROPPED);
        say_mark("DeadLetterReplayed", &place, 1795358925000);
        say_mark("DeadLetterReplayed", &place, 1795358924000);
        check_int(letter(0)->state, DEAD_REPLAYED);
        check_text(letter(0)->note, "replayed at 2026-11-22T14:48:44.000Z");
        check_text(counts(), "0 of 1, 0 strange");
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
        STORY(a_letter_is_replayed_or_dropped_once),
        STORY(a_replay_is_the_original_and_says_whose_it_is),
        STORY(a_mended_value_must_be_an_event),
        STORY(a_letter_without_a_value_needs_one),
        STORY(an_identity_that_only_the_letter_has_stays_with_it),
        STORY(what_is_no_letter_is_counted),
        STORY(of_both_replayed_counts),
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
