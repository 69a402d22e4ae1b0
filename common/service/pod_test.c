#include "service/pod.h"

#include "testing/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct setting settings[] = {
        {.name = "profile", .fallback = "default"},
        {.name = "pod"},
        {.name = "port", .type = SETTING_NUMBER, .fallback = "8081", .docker = "8080"},
        {.name = NULL},
};

/* The name, or what is wrong. */
static const char *named(const char *first, const char *second)
{
        static char said[POD_MOST + 300];
        char name[] = "order";
        char *flags[] = {name, (char *)(uintptr_t)first, (char *)(uintptr_t)second, NULL},
             *none[] = {NULL}, pod[POD_MOST + 1];
        struct error error = {0};
        struct config *config = config_open(settings,
                                            second  ? 3
                                            : first ? 2
                                                    : 1,
                                            flags, none, &error);

        check(config != NULL);
        if (pod_name(config, "order", pod, &error))
                snprintf(said, sizeof said, "%s", pod);
        else
                snprintf(said, sizeof said, "%s", error.text);
        config_close(&config);
        return said;
}

static void the_setting_comes_first(void)
{
        char longest[POD_MOST + 7] = "--pod=";

        check_text(named("--pod=order-7f9c-x2", "--profile=docker"), "order-7f9c-x2");
        memset(longest + 6, 'a', POD_MOST);
        check_text(named(longest, NULL), longest + 6);
}

static void on_one_machine_it_is_the_port(void)
{
        char own[32];

        setenv("HOSTNAME", "machine", 1);
        check_text(named(NULL, NULL), "order-8081");
        check_text(named("--port=9001", NULL), "order-9001");
        snprintf(own, sizeof own, "order-%d", (int)getpid());
        check_text(named("--port=0", NULL), own);
}

static void in_a_container_it_is_the_host(void)
{
        char host[300] = "";

        setenv("HOSTNAME", "order-7f9c-x2", 1);
        check_text(named("--profile=docker", NULL), "order-7f9c-x2");
        gethostname(host, sizeof host - 1);
        unsetenv("HOSTNAME");
        check_text(named("--profile=docker", NULL), host);
        setenv("HOSTNAME", "no\r\nname", 1);
        check_text(named("--profile=docker", NULL), host);
}

/* It becomes a line of an answer's head. */
static void what_is_no_name_is_refused(void)
{
        char longer[POD_MOST + 8] = "--pod=";

        check_contains(named("--pod=a b", NULL),
                       "MALL_POD: 1 to 253 visible ASCII characters, not a b");
        check_contains(named("--pod=a\r\nX-Evil:1", NULL), "visible ASCII");
        check_contains(named("--pod=\xea\xb0\x80", NULL), "visible ASCII");
        memset(longer + 6, 'a', POD_MOST + 1);
        check_contains(named(longer, NULL), "visible ASCII");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_setting_comes_first),
                STORY(on_one_machine_it_is_the_port),
                STORY(in_a_container_it_is_the_host),
                STORY(what_is_no_name_is_refused),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
