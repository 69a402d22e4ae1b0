#include "gateway/routing/status.h"

#include "testing/check.h"

#include <stddef.h>

static void statuses_are_read_as_spring_writes_them(void)
{
        check_int(status_read("401"), 401);
        check_int(status_read("UNAUTHORIZED"), 401);
        check_int(status_read("unauthorized"), 401);
        check_int(status_read("FOUND"), 302);
        check_int(status_read("MOVED_TEMPORARILY"), 302);
        check_int(status_read("599"), 599);
        check_int(status_read("99"), 0);
        check_int(status_read("600"), 0);
        check_int(status_read("401x"), 0);
        check_int(status_read("NO_SUCH"), 0);
        check_int(status_read(""), 0);
        check_text(status_text(502), "BAD_GATEWAY");
        check_text(status_text(302), "FOUND");
        check_text(status_text(599), NULL);
}

static void series_are_a_hundred_statuses(void)
{
        struct statuses s = {{false}};

        check(statuses_add_series(&s, "SERVER_ERROR"));
        check(!statuses_add_series(&s, "SERVER_ERRORS"));
        check(statuses_have(&s, 500));
        check(statuses_have(&s, 599));
        check(!statuses_have(&s, 499));
        check(!statuses_have(&s, 600));
        check(!statuses_have(&s, -1));
        check(statuses_add_series(&s, "INFORMATIONAL"));
        check(statuses_have(&s, 100));
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(statuses_are_read_as_spring_writes_them),
                STORY(series_are_a_hundred_statuses),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
