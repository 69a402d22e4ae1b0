/* The pods that were seen. */
#include "service/pods.h"

#include "testing/check.h"

#include <stdio.h>
#include <string.h>

static const char *pods_text(struct pods *pods, const char *service)
{
        static char text[40000];
        struct arena *arena = arena_open();
        struct text out = text_open(arena, 100);

        pods_write(pods, service, &out);
        snprintf(text, sizeof text, "%s", out.at);
        arena_close(&arena);
        return text;
}

static void each_pod_and_version_is_shown_with_when_it_was_seen_last(void)
{
        struct pods *pods = pods_open();

        check_text(pods_text(pods, "order"), "[]");
        pods_see(pods, "order", "a", "1", 10);
        pods_see(pods, "order", "a", "1", 30);
        pods_see(pods, "order", "a", "1", 20);
        pods_see(pods, "order", "a", "2", 5);
        pods_see(pods, "delivery", "b", NULL, 7);
        pods_see(pods, "order", NULL, "1", 99);
        pods_see(pods, NULL, "a", "1", 99);
        check_text(pods_text(pods, "order"), "[{\"pod\":\"a\",\"version\":\"1\",\"seen\":30},"
                                             "{\"pod\":\"a\",\"version\":\"2\",\"seen\":5}]");
        check_text(pods_text(pods, "delivery"), "[{\"pod\":\"b\",\"version\":null,\"seen\":7}]");
        pods_close(&pods);
}

static void the_longest_unseen_gives_way(void)
{
        struct pods *pods = pods_open();
        char name[20];

        for (int i = 0; i < 300; i++) {
                snprintf(name, sizeof name, "pod-%d", i);
                pods_see(pods, "order", name, "1", 1000 + i);
                pods_see(pods, "order", "kept", "1", 1000 + i);
        }
        check_contains(pods_text(pods, "order"), "\"kept\"");
        check_contains(pods_text(pods, "order"), "\"pod-299\"");
        check(!strstr(pods_text(pods, "order"), "\"pod-5\""));
        pods_close(&pods);
}

static void long_names_are_cut(void)
{
        struct pods *pods = pods_open();
        char name[1000];

        memset(name, 'x', sizeof name - 1);
        name[sizeof name - 1] = '\0';
        pods_see(pods, name, name, name, 1);
        pods_see(pods, name, name, name, 2);
        check(strlen(pods_text(pods, name)) < 400);
        check_contains(pods_text(pods, name), "\"seen\":2}]");
        pods_close(&pods);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(each_pod_and_version_is_shown_with_when_it_was_seen_last),
                STORY(the_longest_unseen_gives_way),
                STORY(long_names_are_cut),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
