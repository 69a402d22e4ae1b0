/* Chosen paths, and all short paths made of the pieces that attacks use, under all readers of
   path_model.h. */
#include "gateway/routing/path.h"

#include "base/random.h"

#include "gateway/testing/path_model.h"
#include "gateway/testing/route_text.h"
#include "testing/check.h"

static struct arena *arena;

static int checked(const char *path)
{
        const char *why;
        int status = path_check(arena, path, &why);

        check(!status == !why || !status);
        return status;
}

static void ordinary_paths_pass(void)
{
        static const char *const fine[] = {
                "/",
                "/orders",
                "/orders/1",
                "/orders/",
                "/orders//1",
                "/a%20b",
                "/%EC%A3%BC%EB%AC%B8",
                "/a%2Fb%41",
                "/~a-b_c.d!$&'()*+,;=:@",
                "/a..b",
                "/...",
                "/.well-known",
                "/x/...",
                "/50%25",
                "/a;b=c",
                "/actuators",
                "/actuato",
                "/orders/actuator",
                "/x/%61ctuator",
                "/a%5Cb",
                "/%2520",
                "/%252520",
                "/a.",
                "/..a",
                "/x%3f",
                "/x%23y",
                "/%25zz",
                "/.%20",
                NULL,
        };

        for (int i = 0; fine[i]; i++) {
                if (checked(fine[i]))
                        printf("refused: %s\n", fine[i]);
                check_int(checked(fine[i]), 0);
        }
}

static void what_is_no_path_is_refused(void)
{
        static const char *const wrong[] = {
                "",       "*",         "x",          "orders/1",   "/a b",         "/a\tb",
                "/a\x7f", "/\xc3\xa9", "/a?b",       "/a#b",       "/a\\b",        "/%",
                "/%2",    "/%zz",      "/%2g",       "/%g2",       "/%00",         "/a%00b",
                "/%2500", "/%252500",  "/%25252500", "/%25252541", "/%2525252541", "/%252525252541",
                NULL,
        };

        for (int i = 0; wrong[i]; i++) {
                if (checked(wrong[i]) != 400)
                        printf("taken: %s\n", wrong[i]);
                check_int(checked(wrong[i]), 400);
        }
}

static void dots_and_actuator_are_told_through_disguises(void)
{
        static const char *const dots[] = {
                "/.",
                "/..",
                "/./orders",
                "/orders/..",
                "/orders/../x",
                "/orders/%2e%2E/x",
                "/a/.%2e",
                "/a/%252e%252e/b",
                "/a/%25252e./b",
                "/a/..;/b",
                "/a/..;x=y/b",
                "/a/.;",
                "/a/..%3b/b",
                "/a%2f..%2fb",
                "/a%5c..%5Cb",
                "/a/..%5cb",
                "/a%252f..",
                "/a/..%3fx",
                "/a/..%23",
                "/;",
                "/a/;/b",
                "/;a=b/x",
                "/%3b/x",
                "/%253bx/y",
                NULL,
        };
        static const char *const actuators[] = {
                "/actuator",
                "/actuator/",
                "/actuator/health",
                "//actuator",
                "///actuator/x",
                "/%61ctuato%72/x",
                "/%2561ctuator",
                "/%252561ctuator",
                "/actuator;a=b/x",
                "/actuator%3bx",
                "/actuator%2Fhealth",
                "/actuator%5chealth",
                "/actuator%3fx",
                "/actuator%23",
                "/%2factuator",
                "/%2Factuator/x",
                "/%5Cactuator",
                "/%252Factuator",
                "/%25252Factuator",
                "/Actuator",
                "/ACTUATOR/x",
                "/%2f%5c//actuator",
                NULL,
        };

        for (int i = 0; dots[i]; i++) {
                if (checked(dots[i]) != 400)
                        printf("taken: %s\n", dots[i]);
                check_int(checked(dots[i]), 400);
        }
        for (int i = 0; actuators[i]; i++) {
                if (checked(actuators[i]) != 404)
                        printf("taken: %s\n", actuators[i]);
                check_int(checked(actuators[i]), 404);
        }
}

static void the_other_reading_has_names_and_nothing_else(void)
{
        static const struct {
                const char *path, *reading;
        } rows[] = {
                {"/orders/1", "/orders/1"},
                {"/", "/"},
                {"//", "/"},
                {"/orders/", "/orders/"},
                {"/orders//1", "/orders/1"},
                {"//orders", "/orders"},
                {"/a;b=c/d;e", "/a/d"},
                {"/a%2Fb", "/a/b"},
                {"/a%5Cb", "/a/b"},
                {"/a%252Fb", "/a/b"},
                {"/a%20b", "/a%20b"},
                {"/%61", "/a"},
                {"/50%25", "/50%25"},
                {"/%EC%A3%BC", "/%EC%A3%BC"},
                {"/%ec%a3%bc", "/%EC%A3%BC"},
                {"/a%3bx/b", "/a/b"},
                {"/a%3fb;c/d", "/a"},
                {"/a//", "/a/"},
                {"/a;x//", "/a/"},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                check_text(path_reading(arena, rows[i].path), rows[i].reading);
        for (int i = 0; i < 2; i++) /* only one way to read them: not even copied */
                check(path_reading(arena, rows[i].path) == rows[i].path);
}

/* ---- the property ---- */

static struct routes *routes;

static const struct route *route_of(const char *path)
{
        struct asked asked = {.arena = arena, .method = "GET", .path = path};

        return routes_find(routes, &asked);
}

static const char *route_by_first(const char *read)
{
        const char *name;
        size_t len = model_first(read, &name);

        return len == 5 && memcmp(name, "admin", 5) == 0    ? "admin"
               : len == 6 && memcmp(name, "orders", 6) == 0 ? "orders"
                                                            : "all";
}

/* False, with a message, if a path passes that some reader reads as another one. A reader that does
   not decode is only compared with the raw path: %61dmin is no known name to it. */
static bool is_safe(const char *path)
{
        const struct route *route;
        static char read[MODEL_PATH];
        const char *why;

        if (path_check(arena, path, &why))
                return true;
        route = route_of(path);
        if (route_of(path_reading(arena, path)) != route)
                return true;
        for (int reader = 0; reader < READERS; reader++) {
                bool decodes = reader & (READ_DECODES | READ_DECODES_TWICE);

                if (!model_is_one(reader))
                        continue;
                model_read(path, reader, read);
                if (!model_is_harmless(read) ||
                    (decodes && strcmp(route_by_first(read), route->id) != 0)) {
                        printf("%s, on its way to %s, is %s to reader %d\n", path, route->id, read,
                               reader);
                        return false;
                }
        }
        return true;
}

static const char *const pieces[] = {"/",          "\\",    ";",      "%2f", "%5C", "%3B",
                                     "%25",        "2F",    "5c",     ".",   "%2E", "actuator",
                                     "%61ctuator", "admin", "orders", "x",   "%3f"};

enum { PIECES = sizeof pieces / sizeof *pieces };

static bool is_safe_of(int len, uint64_t n)
{
        char path[256] = "/";

        for (int i = 0; i < len; i++, n /= PIECES)
                strcat(path, pieces[n % PIECES]);
        return is_safe(path);
}

/* All paths of up to four pieces, and as many longer ones as there is time for. (All paths of five
   pieces were tried once; they found nothing more.) */
static void no_path_leads_elsewhere(void)
{
        struct prng prng = prng_open(88172645463325252u);
        int wrong = 0;

        routes = read_good("spring.cloud.gateway.routes:\n- {id: orders, uri: 'http://a', "
                           "predicates: ['Path=/orders/**']}\n"
                           "- {id: admin, uri: 'http://b', predicates: ['Path=/admin/**']}\n- {id: "
                           "all, uri: 'http://c', predicates: ['Path=/**']}\n");
        for (int len = 1, all = PIECES; len <= 4; len++, all *= PIECES)
                for (int n = 0; n < all && wrong < 10; n++, n % 1024 ? (void)0 : arena_reset(arena))
                        wrong += !is_safe_of(len, (uint64_t)n);
        for (int n = 0; n < 30000 && wrong < 10; n++, n % 1024 ? (void)0 : arena_reset(arena)) {
                uint64_t random = prng_draw(&prng);

                wrong += !is_safe_of(5 + (int)(random >> 60) % 8, random);
        }
        routes_close(&routes);
        check_int(wrong, 0);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(ordinary_paths_pass),
                STORY(what_is_no_path_is_refused),
                STORY(dots_and_actuator_are_told_through_disguises),
                STORY(the_other_reading_has_names_and_nothing_else),
                STORY(no_path_leads_elsewhere),
                {NULL, NULL},
        };
        int failed = (arena = arena_open(), check_main(stories, argc, argv));

        arena_close(&arena);
        return failed;
}
