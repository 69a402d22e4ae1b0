/* Files that expand beyond the limits are refused, with their line, before they take memory or
   time. */
#include "gateway/testing/route_text.h"

#include <stdlib.h>
#include <sys/resource.h>

static char *file;
static size_t len;

static void begin(const char *text)
{
        file = memory_grow(file, 2 << 20);
        len = (size_t)sprintf(file, "%s", text);
}

static void add(const char *text)
{
        size_t more = strlen(text);

        check(len + more < 2 << 20);
        memcpy(file + len, text, more + 1);
        len += more;
}

static void add_times(const char *text, int times)
{
        while (times-- > 0)
                add(text);
}

static void refused(const char *line, const char *says)
{
        struct routes *r = read_text(file);

        check(!r);
        check_int(error.kind, ERROR_BAD_INPUT);
        check_contains(error.text, line);
        check_contains(error.text, says);
}

static void placeholders_do_not_fan_out(void)
{
        begin("server: {port: '${a0}'}\n");
        for (int i = 0; i < 15; i++) {
                char line[400];
                int at = sprintf(line, "a%d: '", i);

                for (int k = 0; k < 20; k++)
                        at += sprintf(line + at, "${a%d}", i + 1);
                strcpy(line + at, "'\n");
                add(line);
        }
        add("a15: x\n");
        refused("r.yml:1: ", "expand");
}

static void placeholders_without_end_are_refused(void)
{
        begin("server: {port: '");
        add_times("${a:", 100);
        add_times("}", 100);
        add("'}\n");
        refused("r.yml:1: ", "nested too deeply");
        begin("a: b\nserver: {port: '");
        add_times("${a}", 100000);
        add("'}\n");
        refused("r.yml:2: ", "${...}");
}

static void aliases_do_not_fan_out(void)
{
        begin("a: &a ");
        add_times("0123456789", 60000);
        add("\nb:\n");
        add_times("- *a\n", 10000);
        refused("r.yml:", "expand");
        begin("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 'b'; i < 'l'; i++) {
                char line[200];

                sprintf(line, "%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", i, i,
                        i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
                add(line);
        }
        refused("r.yml:", "more than 20000 values");
}

static void a_key_is_as_deep_as_its_dots(void)
{
        begin("x: y\n? a");
        add_times(".a", 400000);
        add("\n: 1\n");
        refused("r.yml:2: ", "nested too deeply");
        begin("a");
        add_times(".a", 60);
        add(": 1\n" ONE_ROUTE);
        file[len - strlen(ONE_ROUTE)] = '\0';
        routes_close(&(struct routes *){read_good(file)});
}

static void depth_and_number_are_bounded(void)
{
        begin("x: ");
        add_times("[", 500000);
        refused("r.yml:1: ", "nested too deeply");
        begin("x:\n  ");
        add_times("- ", 500000);
        refused("r.yml:2: ", "nested too deeply");
        begin("x: y\n");
        add_times("? ", 500000);
        refused("r.yml:2: ", "nested too deeply");
        begin("x: [");
        add_times("1,", 400000);
        add("]\n");
        refused("r.yml:1: ", "more than 40000 keys and values");
        begin("x: [");
        add_times("1,", 20000);
        add("]\n");
        refused("r.yml:1: ", "more than 20000 values");
        begin("x: [");
        add_times("&a 1,", 150000);
        add("]\n");
        refused("r.yml:1: ", "more than 1000 anchors");
        begin("");
        add_times("--- {a: 1}\n", 90000);
        refused("r.yml:101: ", "more than 100 documents");
}

static void lists_in_one_text_are_bounded(void)
{
        begin("spring.cloud.gateway.routes:\n- id: a\n  uri: http://a\n  predicates:\n  - Path=/a");
        add_times(",/a", 300000);
        add("\n");
        refused("r.yml:5: ", "expand");
}

static void default_filters_times_routes_are_bounded(void)
{
        begin("spring.cloud.gateway:\n  default-filters:\n");
        add_times("  - AddRequestHeader=X-A, b\n", 4000);
        add("  routes:\n");
        add_times("  - {uri: 'http://a', predicates: [Path=/a]}\n", 3000);
        refused("r.yml:", "expand");
}

/* A large file that is still reasonable. */
static void a_thousand_routes_are_read(void)
{
        struct routes *r;

        begin("spring.cloud.gateway:\n  default-filters: ['AddRequestHeader=X-A, ${HOME:b}']\n  "
              "routes:\n");
        for (int i = 0; i < 1000; i++) {
                char line[200];

                sprintf(line,
                        "  - id: r%d\n    uri: http://order-%d:8080\n    predicates: "
                        "['Path=/a%d/**,/b%d/**', 'Method=GET,POST']\n    filters: "
                        "[StripPrefix=1]\n",
                        i, i, i, i);
                add(line);
        }
        r = read_good(file);
        check_int((int64_t)r->count, 1000);
        routes_close(&r);
}

static void memory_stayed_small(void)
{
        struct rusage usage;

        getrusage(RUSAGE_SELF, &usage);
        check(usage.ru_maxrss < 512 << 10); /* KiB, shadow memory of a sanitizer among them */
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(placeholders_do_not_fan_out),
                STORY(placeholders_without_end_are_refused),
                STORY(aliases_do_not_fan_out),
                STORY(a_key_is_as_deep_as_its_dots),
                STORY(depth_and_number_are_bounded),
                STORY(lists_in_one_text_are_bounded),
                STORY(default_filters_times_routes_are_bounded),
                STORY(a_thousand_routes_are_read),
                STORY(memory_stayed_small),
                {NULL, NULL},
        };
        int failed = check_main(stories, argc, argv);

        free(file);
        return failed;
}
