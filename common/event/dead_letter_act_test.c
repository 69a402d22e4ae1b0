/* What becomes of a dead letter: it is replayed or dropped, once. On every bus.
   MALL_TEST_KAFKA=host:port adds the Kafka adapter. */
#include "event/event.h"
#include "testing/dead_stage.h"

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

static const struct story stories[] = {
        STORY(a_letter_is_replayed_or_dropped_once),
        STORY(a_replay_is_the_original_and_says_whose_it_is),
        STORY(a_mended_value_must_be_an_event),
        STORY(a_letter_without_a_value_needs_one),
        STORY(an_identity_that_only_the_letter_has_stays_with_it),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return on_every_bus(stories, argc, argv);
}
