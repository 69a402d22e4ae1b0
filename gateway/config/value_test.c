#include "gateway/config/value.h"

#include "testing/check.h"

static struct error error;

static struct yaml scalar(const char *text)
{
        return (struct yaml){
                .kind = YAML_SCALAR, .file = "r.yml", .line = 3, .name = "x", .text = text};
}

static void durations_are_read_as_spring_does(void)
{
        static const struct {
                const char *text;
                int64_t ms;
        } cases[] = {
                {"250", 250},         {"250ms", 250},   {"10s", 10000},   {"2m", 120000},
                {"1h", 3600000},      {"1d", 86400000}, {"PT10S", 10000}, {"pt1m30s", 90000},
                {"PT1H1S", 3601000},  {"", -1},         {"s", -1},        {"-5s", -1},
                {"10 s", -1},         {"10x", -1},      {"PT", -1},       {"1s1s", -1},
                {"99999999999s", -1}, {"5mss", -1},
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct yaml t = scalar(cases[i].text);
                int64_t ms = -1;

                check_int(value_duration(&t, 1, &ms, &error) ? ms : -1, cases[i].ms);
        }
        check_text(error.text, "r.yml:3: x wants a duration such as 5s, not 5mss");
        check(value_duration(&(struct yaml){.kind = YAML_SCALAR, .text = "7"}, 1000, &(int64_t){0},
                             &error));
}

static void waits_have_bounds(void)
{
        struct yaml zero = scalar("0"), hour = scalar("1h"), more = scalar("61m");
        int64_t ms;

        check(!value_wait(&zero, &ms, &error));
        check(value_wait(&hour, &ms, &error));
        check(!value_wait(&more, &ms, &error));
        check_text(error.text, "r.yml:3: x must lie between 1ms and 1h");
}

static void sizes_are_read_as_spring_does(void)
{
        static const struct {
                const char *text;
                int64_t bytes;
        } cases[] = {
                {"5000", 5000},
                {"5B", 5},
                {"5KB", 5120},
                {"5mb", 5 << 20},
                {"2GB", INT64_C(2) << 30},
                {"0", -1},
                {"-1", -1},
                {"5M", -1},
                {"5 MB", -1},
                {"MB", -1},
                {"1MBB", -1},
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct yaml t = scalar(cases[i].text);
                int64_t bytes = -1;

                check_int(value_size(&t, &bytes, &error) ? bytes : -1, cases[i].bytes);
        }
}

static void a_list_is_no_value(void)
{
        struct yaml list = {.kind = YAML_LIST, .file = "r.yml", .line = 3, .name = "x"};
        int64_t number;
        bool either;

        check(!value_duration(&list, 1, &number, &error));
        check(!value_size(&list, &number, &error));
        check(!value_number(&list, 0, 9, &number, &error));
        check(!value_bool(&list, &either, &error));
        check_text(error.text, "r.yml:3: x wants a value");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(durations_are_read_as_spring_does),
                STORY(waits_have_bounds),
                STORY(sizes_are_read_as_spring_does),
                STORY(a_list_is_no_value),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
