/* What a fault puts beside an event goes with it, and only if the bus did not give the event back.
 */
#include "testing/relay_story.h"

#include "base/faults.h"

static void switch_on(const char *json)
{
        struct error e = {0};

        relay_close(&t.relay, CLOSE_MS);
        t.faults = faults_open(&(struct faults_config){.kinds = (UINT32_C(1) << FAULT_KINDS) - 1});
        check(faults_add(t.faults, json_read(t.arena, json, strlen(json), &e), &e) > 0);
        start_relay();
}

static void end_all(void)
{
        struct faults *faults = t.faults;

        end();
        faults_close(&faults);
}

/* "123" for numbers of key a in the order in which they were handed over. */
static const char *handed_over(void)
{
        struct text numbers = text_open(t.arena, 20);

        pthread_mutex_lock(&bus.lock);
        for (size_t i = 0; i < bus.count; i++)
                text_printf(&numbers, "%d", bus.heard[i].number);
        pthread_mutex_unlock(&bus.lock);
        return numbers.at;
}

static void copies_follow_their_events(void)
{
        begin();
        switch_on("{\"kind\":\"publish-twice\"}");
        say("a", 3, 0);
        wait_until_heard('a', 6);
        wait_until_gone();
        check_text(handed_over(), "123123");
        end_all();
}

/* Else the copies would be on the bus before their events, and that of a2 before a1. After a
   failure the first event goes alone. */
static void what_is_given_back_has_no_copy(void)
{
        begin();
        switch_on("{\"kind\":\"publish-twice\"}");
        doom('a', RETURN, 1);
        say("a", 3, 0);
        wait_until_heard('a', 9);
        wait_until_gone();
        check_text(handed_over(), "123112323");
        end_all();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(copies_follow_their_events),
                STORY(what_is_given_back_has_no_copy),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
