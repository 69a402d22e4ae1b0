/* The inbox and the replay of a dead letter: its own group applies it, once. */
#include "testing/hearing.h"

struct replay {
        const char *group, *of, *at; /* NULL: no such header */
        const char *ce_id, *value;
};

static void say_replay(struct replay r)
{
        struct record_header h[8];
        size_t n = 0;
        struct record record = {.key = "k",
                                .key_len = 1,
                                .value = r.value,
                                .value_len = strlen(r.value),
                                .headers = h};

        if (r.ce_id) {
                h[n++] = (struct record_header){"ce_source", "/other/1", 8};
                h[n++] = (struct record_header){"ce_id", r.ce_id, strlen(r.ce_id)};
                h[n++] = (struct record_header){"ce_type", "Thing", 5};
        }
        h[n++] = (struct record_header){"x-replay-group", r.group, strlen(r.group)};
        if (r.of)
                h[n++] = (struct record_header){"x-replay-of", r.of, strlen(r.of)};
        if (r.at)
                h[n++] = (struct record_header){"x-replay-at", r.at, strlen(r.at)};
        record.header_count = n;
        publish(&record, 1);
}

#define LETTER "error.mall.things/0/9"

static void a_letter_is_applied_once_although_its_event_is_known(void)
{
        begin();
        say("1", thing("bad"));
        listen_as("things");
        wait_for_metric("dead", "Thing", 1);
        say_replay((struct replay){"things", LETTER, "5", "1", thing("mended")});
        say_replay((struct replay){"things", LETTER, "5", "1", thing("mended")});
        say_replay((struct replay){"things", LETTER, "5", "1", thing("otherwise")});
        say("2", thing("last"));
        wait_for_things(2);
        check_text(names(), "mended last");
        wait_for_metric("duplicate", "Thing", 2);
        letters(1);
        end();
}

static void each_letter_counts_by_itself(void)
{
        begin();
        listen_as("things");
        say_replay((struct replay){"things", LETTER, "5", "1", thing("a")});
        say_replay((struct replay){"things", LETTER "0", "5", "1", thing("b")});
        say_replay(
                (struct replay){"things", LETTER, "6", NULL, thing("c")}); /* a topic made anew */
        say_replay((struct replay){"things", LETTER, NULL, NULL, thing("d")});
        say_replay((struct replay){"things", LETTER, NULL, NULL, thing("d")});
        say("2", thing("last"));
        wait_for_things(5);
        check_text(names(), "a b c d last");
        letters(0);
        end();
}

static void a_replay_is_for_no_other_group(void)
{
        begin();
        listen_as("things");
        say_replay((struct replay){"thing", LETTER, "5", "1", thing("a")});
        say_replay((struct replay){"things2", LETTER, "5", NULL, "junk"});
        say_replay((struct replay){"", LETTER, "5", NULL, "junk"});
        say("1", thing("last")); /* its identity is not known by that */
        wait_for_things(1);
        check_text(names(), "last");
        letters(0);
        end();
}

static void a_replay_that_names_no_letter_is_an_event_as_any(void)
{
        begin();
        listen_as("things");
        say_replay((struct replay){"things", NULL, NULL, "1", thing("a")});
        say_replay((struct replay){"things", NULL, NULL, "1", thing("a")});
        say("2", thing("last"));
        wait_for_things(2);
        check_text(names(), "a last");
        end();
}

static void a_replay_in_vain_is_one_new_letter(void)
{
        const struct outbox_record *dead;

        begin();
        listen_as("things");
        say_replay((struct replay){"things", LETTER, "5", "1", thing("bad")});
        say_replay((struct replay){"things", LETTER, "5", "1", thing("bad")});
        say_replay((struct replay){"things", LETTER "0", "5", NULL, "junk"});
        say("2", thing("last"));
        wait_for_things(1);
        dead = letters(2);
        check_text(header_of(&dead[0], "x-replay-of"), LETTER);
        check_text(header_of(&dead[0], "x-original-topic"), "mall");
        check_text(header_of(&dead[0], "ce_id"), "1");
        check_text(header_of(&dead[0], "ce_source"), "/other/1");
        end();
}

static void what_a_replay_leads_to_names_the_event(void)
{
        struct outbox_record *all;
        struct error e = {0};
        size_t count;

        begin();
        listen_as("things");
        say_replay((struct replay){"things", LETTER, "5", "77", thing("a")});
        wait_for_things(1);
        all = arena_alloc(t.arena, 10 * sizeof *all);
        check(outbox_read(t.store, 0, all, 10, &count, t.arena, &e));
        check_int((int64_t)count, 1);
        check_text(header_of(&all[0], "ce_causationid"), "77");
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_letter_is_applied_once_although_its_event_is_known),
                STORY(each_letter_counts_by_itself),
                STORY(a_replay_is_for_no_other_group),
                STORY(a_replay_that_names_no_letter_is_an_event_as_any),
                STORY(a_replay_in_vain_is_one_new_letter),
                STORY(what_a_replay_leads_to_names_the_event),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
