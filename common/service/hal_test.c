/* The links of an item: prepared once for its entity, written with one address again and again. */
#include "service/hal.h"

#include "testing/thing.h"

static struct arena *arena;

static const char *const no_commands[] = {NULL};
static const char *const commands[] = {"thing", "thing \"off\"", NULL};
static const char *const others[] = {"off", "on", NULL};

/* In a text that has room for `room` bytes at first. */
static const char *item_in(size_t room, const char *const *with, int64_t id)
{
        struct thing thing = {.row = {.id = id}, .name = "a", .qty = some_int(5)};
        struct entity entity = thing_entity;
        struct text out;

        entity.commands = with;
        arena = arena ? arena : arena_open();
        out = text_open(arena, room);
        hal_item(&out, hal_links_open(arena, &entity), &thing, "http://h:1/a");
        check_int((long long)strlen(out.at), (long long)out.len);
        return out.at;
}

static void an_item_links_to_itself(void)
{
        static const char want[] = "{\"name\":\"a\",\"qty\":5,\"big\":null,\"_links\":{"
                                   "\"self\":{\"href\":\"http://h:1/a/things/7\"},"
                                   "\"thing\":{\"href\":\"http://h:1/a/things/7\"}}}";

        check_text(item_in(500, NULL, 7), want);
        check_text(item_in(500, no_commands, 7), want);
        arena_close(&arena);
}

static void commands_are_links_too(void)
{
        check_contains(item_in(500, others, INT64_MAX),
                       ",\"thing\":{\"href\":\"http://h:1/a/things/9223372036854775807\"},"
                       "\"off\":{\"href\":\"http://h:1/a/things/9223372036854775807/off\"},"
                       "\"on\":{\"href\":\"http://h:1/a/things/9223372036854775807/on\"}}}");
        arena_close(&arena);
}

static void a_command_of_the_items_name_makes_an_array(void)
{
        check_contains(item_in(500, commands, 1), "{\"self\":{\"href\":\"http://h:1/a/things/1\"},"
                                                  "\"thing\":[{\"href\":\"http://h:1/a/things/1\"},"
                                                  "{\"href\":\"http://h:1/a/things/1/thing\"}],"
                                                  "\"thing \\\"off\\\"\":");
        arena_close(&arena);
}

/* The address is copied from a text that moves while it grows. */
static void room_that_runs_out_changes_nothing(void)
{
        const char *want = item_in(500, commands, 12);

        for (size_t room = 0; room <= strlen(want) + 1; room++)
                check_text(item_in(room, commands, 12), want);
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_item_links_to_itself),
                STORY(commands_are_links_too),
                STORY(a_command_of_the_items_name_makes_an_array),
                STORY(room_that_runs_out_changes_nothing),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
