#include "base/fault_read.h"

#include "testing/fault_set.h"

struct wrong {
        const char *body, *member, *text;
};

static const struct wrong kinds_and_members[] = {
        {"[]", "", "a fault is an object, not an array"},
        {"{}", "kind", "a fault needs a kind. There are: http-latency, http-status"},
        {"{\"kind\":7}", "kind", "a fault needs a kind"},
        {"{\"kind\":\"http-latensy\"}", "kind", "did you mean http-latency? There are: "},
        {"{\"kind\":\"gremlins\"}", "kind", "no kind here is called gremlins. There are: "},
        {"{\"kind\":\"cpu\",\"cores\":1,\"rate\":1}", "rate",
         "cpu takes no rate; it takes cores, duration"},
        {"{\"kind\":\"http-reset\",\"eventType\":\"x\"}", "eventType",
         "http-reset takes no eventType; it takes method, path, rate, duration"},
        {"{\"kind\":\"http-reset\",\"pth\":\"/orders\"}", "pth",
         "a fault has no member pth; did you mean path? http-reset takes "},
        {"{\"kind\":\"http-reset\",\"colour\":1}", "colour",
         "a fault has no member colour. http-reset takes method, path, rate, duration"},
};

static const struct wrong parameters[] = {
        {"{\"kind\":\"http-status\"}", "status", "http-status needs status"},
        {"{\"kind\":\"cpu\"}", "cores", "cpu needs cores"},
        {"{\"kind\":\"memory\"}", "size", "memory needs size"},
        {"{\"kind\":\"http-latency\"}", "delay", "http-latency needs delay, or both p50 and p99"},
        {"{\"kind\":\"http-latency\",\"p50\":\"1s\"}", "p99", "p50 and p99 come together"},
        {"{\"kind\":\"http-latency\",\"p99\":\"1s\"}", "p50", "p50 and p99 come together"},
        {"{\"kind\":\"http-latency\",\"p99\":\"1s\",\"delay\":\"1s\"}", "delay",
         "either delay, or p50 and p99"},
        {"{\"kind\":\"http-latency\",\"p50\":\"2s\",\"p99\":\"1999ms\"}", "p99",
         "no shorter than p50"},
        {"{\"kind\":\"http-latency\",\"delay\":\"61s\"}", "delay", "from 1ms to 1min"},
        {"{\"kind\":\"http-latency\",\"delay\":\"0s\"}", "delay", "from 1ms to 1min"},
        {"{\"kind\":\"http-latency\",\"delay\":\"-1s\"}", "delay", "a duration like"},
        {"{\"kind\":\"http-latency\",\"delay\":true}", "delay", "a duration like"},
        {"{\"kind\":\"slow-disk\",\"delay\":\"11s\"}", "delay", "from 1ms to 10s"},
        {"{\"kind\":\"slow-disk\",\"p50\":\"1s\",\"p99\":\"11s\"}", "p99", "to 10s"},
        {"{\"kind\":\"http-status\",\"status\":399}", "status", "from 400 to 599"},
        {"{\"kind\":\"http-status\",\"status\":\"600\"}", "status", "from 400 to 599"},
        {"{\"kind\":\"memory\",\"size\":\"2GiB\"}", "size", "from 1MiB to 1GiB"},
        {"{\"kind\":\"memory\",\"size\":\"1KiB\"}", "size", "from 1MiB to 1GiB"},
        {"{\"kind\":\"cpu\",\"cores\":65}", "cores", "above 0, at most 64"},
        {"{\"kind\":\"http-reset\",\"duration\":\"61min\"}", "duration", "duration is at most 1h"},
        {"{\"kind\":\"http-reset\",\"duration\":\"99ms\"}", "duration", "from 100ms to 1h"},
        {"{\"kind\":\"http-reset\",\"duration\":\"soon\"}", "duration", "from 100ms to 1h"},
        {"{\"kind\":\"http-reset\",\"duration\":null}", "duration", "from 100ms to 1h"},
};

static const struct wrong targets[] = {
        {"{\"kind\":\"http-reset\",\"method\":\"get\"}", "method", "upper case, like GET"},
        {"{\"kind\":\"http-reset\",\"method\":\"GET /\"}", "method", "upper case"},
        {"{\"kind\":\"http-reset\",\"method\":\"\"}", "method", "of 1 to 256 characters"},
        {"{\"kind\":\"http-reset\",\"path\":\"orders\"}", "path", "begins with /"},
        {"{\"kind\":\"http-reset\",\"path\":\"/orders?a\"}", "path", "has no query"},
        {"{\"kind\":\"http-reset\",\"path\":\"/*/x\"}", "path", "{id} is one segment"},
        {"{\"kind\":\"http-reset\",\"path\":\"/**/x\"}", "path", "** at its end"},
        {"{\"kind\":\"http-reset\",\"path\":\"/{id\"}", "path", "{id} is one segment"},
        {"{\"kind\":\"http-reset\",\"path\":\"/{}\"}", "path", "{id} is one segment"},
        {"{\"kind\":\"http-reset\",\"path\":\"/a{id}\"}", "path", "{id} is one segment"},
        {"{\"kind\":\"http-reset\",\"path\":\"/{a}{b}\"}", "path", "{id} is one segment"},
        {"{\"kind\":\"http-reset\",\"path\":[]}", "path", "path is a text of"},
        {"{\"kind\":\"publish-twice\",\"key\":\"1\\u0001\"}", "key", "no control characters"},
        {"{\"kind\":\"publish-twice\",\"key\":\"\\n\"}", "key", "no control characters"},
        {"{\"kind\":\"publish-twice\",\"eventType\":\"a\\u007fb\"}", "eventType",
         "eventType has no control characters"},
        {"{\"kind\":\"upstream-broken\",\"routeId\":\"\\t\"}", "routeId", "no control characters"},
};

static void refuses(const struct wrong *rows, size_t count)
{
        begin();
        for (size_t i = 0; i < count; i++) {
                check_int(add(rows[i].body), 0);
                check_int(error.kind, ERROR_BAD_INPUT);
                check_text(error.member, rows[i].member);
                check_contains(error.text, rows[i].text);
        }
        check_text(written(faults_write), "[]");
        check_text(written(faults_write_ended), "[]");
        end();
}

static void whatever_is_wrong_is_refused_by_name(void)
{
        refuses(kinds_and_members, sizeof kinds_and_members / sizeof *kinds_and_members);
        refuses(parameters, sizeof parameters / sizeof *parameters);
        refuses(targets, sizeof targets / sizeof *targets);
}

static void a_rate_is_a_plain_number_above_0_at_most_1(void)
{
        static const char *const wrong[] = {"0",      "-1",    "1.01",    "2",       "\"nan\"",
                                            "\"\"",   "1e400", "\"inf\"", "\"0x1\"", "\" 1\"",
                                            "\"1 \"", "true",  "null",    "\"1e\"",  "\"50%\""};

        begin();
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                add(arena_printf(arena, "{\"kind\":\"http-reset\",\"rate\":%s}", wrong[i]));
                check_text(error.member, "rate");
                check_text(error.text, "rate is a number above 0, at most 1");
        }
        check(add("{\"kind\":\"http-reset\",\"rate\":1e-1}") == 1);
        check_contains(one(1), "\"rate\":0.1,");
        check(add("{\"kind\":\"http-reset\",\"rate\":\"1.0\"}") == 2);
        check_contains(one(2), "\"rate\":1,");
        end();
}

static void the_kinds_of_a_service_fit_into_the_error_that_lists_them(void)
{
        begin_with(ALL_KINDS, NULL);
        add("{\"kind\":\"upstream-latenzy-upstream-latenzy-upstream-latenzy\"}");
        check_contains(error.text, "consume-pause, upstream-latency, ");
        check_contains(error.text, "upstream-refused");
        end();
        begin_with(1 << FAULT_CPU | 1 << FAULT_NOT_READY, NULL);
        add("{\"kind\":\"http-reset\"}");
        check_text(error.text, "no kind here is called http-reset. There are: not-ready, cpu");
        end();
}

static void a_text_has_at_most_256_characters(void)
{
        char body[400], key[300];

        begin();
        memset(key, 'k', sizeof key);
        snprintf(body, sizeof body, "{\"kind\":\"publish-twice\",\"key\":\"%.257s\"}", key);
        check_int(add(body), 0);
        check_text(error.text, "key is a text of 1 to 256 characters");
        snprintf(body, sizeof body, "{\"kind\":\"publish-twice\",\"key\":\"%.256s\"}", key);
        check_int(add(body), 1);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(whatever_is_wrong_is_refused_by_name),
                STORY(a_rate_is_a_plain_number_above_0_at_most_1),
                STORY(the_kinds_of_a_service_fit_into_the_error_that_lists_them),
                STORY(a_text_has_at_most_256_characters),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
