/* Publishing goes wrong on purpose, and each event is applied once, in the order of its key. On
   every bus. */
#include "testing/flow.h"

static const char late[] = "{\"kind\":\"publish-delay\",\"delay\":\"60s\"}";

static void a_late_event_is_published_once_its_fault_ends(void)
{
        begin();
        start_inbox();
        announce("ab", 1);
        hears_all();
        switch_on(late);
        announce("ab", 20);
        announce("b", 1);
        wait_until_struck("publish-delay");
        check_int(heard(), 2);
        check_int(outbox_pending(t.sender), 41);
        faults_clear(t.faults);
        hears_all();
        end();
}

static void events_that_are_late_by_chance_keep_their_order(void)
{
        begin();
        start_inbox();
        switch_on("{\"kind\":\"publish-delay\",\"p50\":\"5ms\",\"p99\":\"200ms\",\"rate\":0.5}");
        for (int i = 0; i < 40; i++)
                announce("abcd", 3);
        hears_all();
        check(struck("publish-delay") > 0);
        end();
}

/* A lane holds more than one key, so another key of the lane may be late too, but nothing is drawn
   for it. */
static void only_the_target_is_hit(void)
{
        begin();
        start_inbox();
        switch_on("{\"kind\":\"publish-delay\",\"delay\":\"60s\",\"eventType\":\"ThingMade\"}");
        switch_on("{\"kind\":\"publish-twice\",\"key\":\"b\"}");
        switch_on("{\"kind\":\"publish-garbage\",\"key\":\"c\",\"eventType\":\"ThingSaid\"}");
        announce("abc", 10);
        hears_all();
        wait_for(letters(NULL), 10);
        wait_for(duplicates(), 10);
        check_int(struck("publish-delay"), 0);
        check_int(struck("publish-twice"), 10);
        check_int(struck("publish-garbage"), 10);
        end();
}

static void closing_publishes_what_is_late(void)
{
        begin();
        switch_on(late);
        announce("ab", 20);
        wait_until_struck("publish-delay");
        relay_close(&t.relay, CLOSE_MS);
        check_int(outbox_pending(t.sender), 0);
        start_relay();
        start_inbox();
        hears_all();
        end();
}

static void what_was_late_when_the_process_died_comes_after_its_start(void)
{
        begin();
        start_inbox();
        switch_on(late);
        announce("ab", 20);
        wait_until_struck("publish-delay");
        relay_close(&t.relay, 0);
        faults_clear(t.faults);
        start_relay();
        hears_all();
        end();
}

static void an_event_that_is_published_twice_is_applied_once(void)
{
        begin();
        start_inbox();
        switch_on("{\"kind\":\"publish-twice\"}");
        for (int i = 0; i < 20; i++)
                announce("ab", 5);
        hears_all();
        wait_for(duplicates(), 200);
        check_int(struck("publish-twice"), 200);
        wait_for(-outbox_pending(t.sender), 0);
        check_int(letters(NULL), 0);
        end();
}

static const char *header_of(const struct outbox_record *o, const char *wanted)
{
        const char *at = o->headers;
        struct packed_header h;

        while (packed_headers_next(&at, o->headers + o->headers_len, PACKED_FOR_OUTBOX, &h))
                if (strcmp(h.name, wanted) == 0)
                        return arena_copy(t.arena, h.value, h.len);
        return "none";
}

static void garbage_beside_an_event_is_one_dead_letter(void)
{
        struct outbox_record found[LETTERS_MOST];

        begin();
        start_inbox();
        switch_on("{\"kind\":\"publish-garbage\"}");
        announce("ab", 5);
        hears_all();
        wait_for(letters(found), 10);
        check_text(header_of(&found[0], "ce_source"), "/fault/things");
        check_text(header_of(&found[0], "ce_type"), "ThingSaid");
        check(strcmp(header_of(&found[0], "ce_id"), header_of(&found[1], "ce_id")) != 0);
        faults_clear(t.faults);
        announce("ab", 5);
        hears_all();
        check_int(letters(NULL), 10);
        end();
}

/* What is beside the events has no result that anybody waits for. */
static void the_process_dies_with_copies_and_garbage_under_way(void)
{
        begin();
        start_inbox();
        switch_on("{\"kind\":\"publish-twice\",\"rate\":0.5}");
        switch_on("{\"kind\":\"publish-garbage\",\"rate\":0.5}");
        for (int i = 0; i < 5; i++) {
                announce("abcdef", 50);
                relay_close(&t.relay, 0);
                start_relay();
        }
        hears_all();
        wait_for(-outbox_pending(t.sender), 0);
        check(struck("publish-twice") > 0 && struck("publish-garbage") > 0);
        check(letters(NULL) <= struck("publish-garbage"));
        end();
}

static void write_letter(struct unit *unit, void *arg)
{
        struct text headers = text_open(unit_arena(unit), 100);

        (void)arg;
        packed_headers_add(&headers, PACKED_FOR_OUTBOX, "ce_type", "ThingSaid", 9);
        unit_publish(unit, "error.mall.things", "a", "{", 1, &headers);
}

static void a_dead_letter_is_never_hit(void)
{
        begin();
        switch_on(late);
        switch_on("{\"kind\":\"publish-twice\"}");
        switch_on("{\"kind\":\"publish-garbage\"}");
        check_int(things_do(t.sender, write_letter, NULL), ERROR_NONE);
        wait_for(-outbox_pending(t.sender), 0);
        check_int(struck("publish-delay") + struck("publish-twice") + struck("publish-garbage"), 0);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_late_event_is_published_once_its_fault_ends),
                STORY(events_that_are_late_by_chance_keep_their_order),
                STORY(only_the_target_is_hit),
                STORY(closing_publishes_what_is_late),
                STORY(what_was_late_when_the_process_died_comes_after_its_start),
                STORY(an_event_that_is_published_twice_is_applied_once),
                STORY(garbage_beside_an_event_is_one_dead_letter),
                STORY(the_process_dies_with_copies_and_garbage_under_way),
                STORY(a_dead_letter_is_never_hit),
                {NULL, NULL},
        };

        return on_every_bus(stories, argc, argv);
}
