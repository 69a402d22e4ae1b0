/* ?page=, ?size= and ?sort=, with the nonsense that people send. */
#include "service/pages.h"

#include "testing/thing.h"

static struct page asked(const char *query)
{
        struct http_request r = {.arena = arena_open(), .query = query};
        struct page page = page_asked(&r, &thing_shape);

        arena_close(&r.arena);
        return page;
}

/* "name asc, id desc" */
static const char *sorts(const char *query)
{
        static char text[400];
        struct page page = asked(query);
        size_t len = 0;

        text[0] = '\0';
        for (int i = 0; i < page.sort_count; i++)
                len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %s%s", i ? ", " : "",
                                        page.sorts[i].field ? page.sorts[i].field->name : "id",
                                        page.sorts[i].descending ? "desc" : "asc",
                                        page.sorts[i].ignores_case ? " any case" : "");
        return text;
}

static void numbers_and_nonsense(void)
{
        static const struct {
                const char *query;
                int64_t number, size;
        } table[] = {
                {NULL, 0, 20},
                {"", 0, 20},
                {"page=2&size=5", 2, 5},
                {"page=-1&size=0", 0, 20},
                {"page=abc&size=abc", 0, 20},
                {"page=&size=", 0, 20},
                {"page=1.5&size=5x", 0, 20},
                {"size=-5", 0, 20},
                {"size=1000", 0, 1000},
                {"size=1001", 0, 1000},
                {"size=2147483647&page=2147483647", 2147483647, 1000},
                {"size=2147483648&page=2147483648", 0, 20},
                {"page=99999999999999999999", 0, 20},
                {"page=1&page=2", 1, 20},
                {"Page=1&SIZE=3", 0, 20},
                {"page=%31", 1, 20},
        };

        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
                struct page page = asked(table[i].query);

                check_int(page.number, table[i].number);
                check_int(page.size, table[i].size);
                check_int(page.sort_count, 0);
        }
}

static void sorts_that_exist(void)
{
        check_text(sorts("sort=name"), "name asc");
        check_text(sorts("sort=name,desc"), "name desc");
        check_text(sorts("sort=name,DESC"), "name desc");
        check_text(sorts("sort=name,desc&sort=qty"), "name desc, qty asc");
        check_text(sorts("sort=name,qty,desc"), "name desc, qty desc");
        check_text(sorts("sort=id,desc"), "id desc");
        check_text(sorts("sort=name%2Cdesc"), "name desc");
        check_text(sorts("sort=name,asc,ignorecase"), "name asc any case");
        check_text(sorts("sort=name,qty,desc,IgnoreCase&sort=id"),
                   "name desc any case, qty desc any case, id asc");
        check_text(sorts("sort=name,ignorecase"), "name asc any case");
}

static void sorts_that_do_not_exist_are_ignored(void)
{
        check_text(sorts("sort="), "");
        check_text(sorts("sort=,"), "");
        check_text(sorts("sort=nothing,desc"), "");
        check_text(sorts("sort=nothing,desc&sort=qty"), "qty asc");
        check_text(sorts("sort=Secret&sort=pin"), ""); /* hidden ones do not exist */
        check_text(sorts("sort=NAME"), "");
        check_text(sorts("sort=name;DROP TABLE things"), "");
        check_text(sorts("sort=desc"), ""); /* a member's name, in the first place */
        check_text(sorts("sort=asc,desc"), "");
        check_text(sorts("sort=name,sideways"), "name asc");
        check_text(sorts("sort=ignorecase"), "");
        check_text(sorts("sort=asc,ignorecase"), "");
        check_text(sorts("sort=name,ignorecase,asc"), "name asc"); /* only where it stands last */
        check_text(sorts("sort=name,desc,asc"), "name asc");
}

static void others(const char *query, const char *want)
{
        struct http_request r = {.arena = arena_open(), .query = query};

        check_text(page_others(&r), want);
        arena_close(&r.arena);
}

static void other_parameters_stay_as_sent(void)
{
        others(NULL, "");
        others("", "");
        others("page=1&size=2&sort=name&page", "");
        others("foo=bar&size=2", "foo=bar&");
        others("size=2&a=%20+b&&page=1&b&c=&a=2", "a=%20+b&b&c=&a=2&");
        others("p%61ge=1&s%69ze=2&sor=1&sorts=1&Page=1", "sor=1&sorts=1&Page=1&");
}

static void sorts_are_no_more_than_fit(void)
{
        struct page page = asked("sort=name,qty,big,id,name,qty,big,id,name,qty,big&sort=qty");

        check_int(page.sort_count, TABLE_SORTS);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(numbers_and_nonsense),
                STORY(sorts_that_exist),
                STORY(sorts_that_do_not_exist_are_ignored),
                STORY(other_parameters_stay_as_sent),
                STORY(sorts_are_no_more_than_fit),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
