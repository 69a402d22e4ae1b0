#include "gateway/routing/routes.h"

#include "testing/check.h"

#include <stdlib.h>
#include <string.h>

/* The output of --check-routes for a file with that text, without the file's directory. Returns the
   exit code. */
static int check_file(const char *yaml, char *out, size_t size)
{
        char path[160], *printed = NULL, *cut;
        size_t len = 0;
        FILE *f, *memory = open_memstream(&printed, &len);
        int code;

        snprintf(path, sizeof path, "%s/", check_directory());
        cut = path + strlen(path);
        snprintf(cut, sizeof path - strlen(path), "r.yml");
        f = fopen(path, "w");
        fputs(yaml, f);
        fclose(f);
        code = routes_check(memory, path, NULL);
        fclose(memory);
        *out = '\0';
        *cut = '\0';
        for (char *at = printed, *hit; at; at = hit ? hit + strlen(path) : NULL) {
                hit = strstr(at, path);
                strncat(out, at, hit ? (size_t)(hit - at) : size - strlen(out) - 1);
        }
        free(printed);
        return code;
}

static void a_good_file_is_told_route_by_route(void)
{
        char out[2048];

        check_int(check_file("management: {}\nspring.cloud.gateway:\n  default-filters: "
                             "[StripPrefix=1]\n  routes:\n"
                             "  - {id: order, uri: 'http://order:8080', predicates: "
                             "['Path=/orders/**', Method=GET], filters: [Retry=2]}\n"
                             "  - {id: spare, uri: 'http://spare', predicates: [Path=/**]}\n",
                             out, sizeof out),
                  0);
        check_text(out, "route order to http://order:8080: (Paths: [/orders/**], match trailing "
                        "slash: true && Methods: [GET]) through "
                        "StripPrefix parts = 1; Retry retries = 2, series = list[SERVER_ERROR], "
                        "statuses = list[[empty]], methods = list[GET]\n"
                        "route spare to http://spare: Paths: [/**], match trailing slash: true "
                        "through StripPrefix parts = 1\n"
                        "warning: r.yml:1: management has no effect here\n"
                        "r.yml is good; routes: 2, warnings: 1\n");
}

static void of_a_bad_one_the_error_is_told(void)
{
        char out[2048];

        check_int(check_file("spring.cloud.gateway:\n  routes:\n  - id: a\n    uri: http://a\n    "
                             "predicates:\n    - Pfad=/a\n",
                             out, sizeof out),
                  1);
        check_text(out, "error: r.yml:6: the predicate Pfad is not supported; these are: Path, "
                        "Host, Method, Header, Query, Weight\n");
        check_int(routes_check(stdout, "/nonexistent/r.yml", NULL), 1);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_good_file_is_told_route_by_route),
                STORY(of_a_bad_one_the_error_is_told),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
