/* path_fuzz - reads a request target (the input) as the gateway does and as a lenient upstream
   does.

   The upstream must read the sent path as below the path of the chosen route, and never as below
   /actuator. */
#include "gateway/routing/filter_chain.h"
#include "gateway/routing/path.h"
#include "gateway/routing/routes.h"
#include "gateway/testing/read_path.h"
#include "http/target.h"

static const char *const filters[] = {
        "StripPrefix=1",
        "StripPrefix=2",
        "PrefixPath=/in",
        "PrefixPath=/{a}",
        "SetPath=/{a}",
        "SetPath=/x/{b}/y",
        "RewritePath=/(?<x>.*), /$\\{x}",
        "RewritePath=/r/?(?<x>.*), /$\\{x}",
        "RewritePath=/, /",
        "RewritePath=/r/v?(?<x>.*), /$\\{x}",
        "SetPath=/.{a}",
};

enum { FILTERS = sizeof filters / sizeof *filters, TARGET_MOST = 8192 };

static struct routes *routes;

static bool is_fine(struct arena *arena, const char *path)
{
        const char *why;

        return path_check(arena, path, &why) == 0;
}

/* As in admit.c: a path is only taken if every reading leads to the same route. */
static const struct route *choose(const struct asked *asked)
{
        const struct route *route =
                is_fine(asked->arena, asked->path) ? routes_find(routes, asked) : NULL;
        struct asked otherwise = *asked;

        if (!route)
                return NULL;
        otherwise.path = path_reading(asked->arena, asked->path);
        return routes_find(routes, &otherwise) == route ? route : NULL;
}

static void check_sent(const struct route *route, const char *path, bool changed)
{
        char *plain = memory_alloc(strlen(path) + 2);
        const char *id = route->id;

        fuzz_must(*path == '/', "sent as %s", path);
        read_path(path, plain);
        fuzz_must(!is_below(plain, "/actuator"), "an actuator is reached: %s", path);
        fuzz_must(*id != '/' || is_below(plain, id), "routed as %s, sent as %s", id, path);
        fuzz_must(changed || strcmp(id, "/orders") == 0 || !is_below(plain, "/orders"),
                  "routed as %s, sent as %s", id, path);
        free(plain);
}

static void send(struct arena *arena, const struct request_target *target)
{
        struct headers headers = {.arena = arena};
        struct asked asked = {.arena = arena,
                              .method = "GET",
                              .path = target->path,
                              .query = target->query,
                              .client = "127.0.0.1",
                              .headers = &headers};
        const struct route *route = choose(&asked);
        struct filter_chain chain;

        if (!route)
                return;
        filter_chain_open(&chain, route, &asked);
        if (filter_chain_request(&chain) && is_fine(arena, chain.path))
                check_sent(route, chain.path, chain.path != asked.path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        struct arena *arena = arena_open();
        struct text yaml = text_open(arena, 2000);
        struct error error = {0};

        (void)argc, (void)argv;
        text_string(&yaml,
                    "spring.cloud.gateway.routes:\n"
                    "- {id: /orders, uri: 'http://a', predicates: ['Path=/orders/**']}\n"
                    "- {id: /a/b, uri: 'http://a', predicates: ['Path=/a/b/{c}/**,/a/b']}\n");
        for (int i = 0; i < FILTERS; i++)
                text_printf(&yaml,
                            "- {id: f%d, uri: 'http://a', predicates: ['Path=/f%d/%s'], filters: "
                            "[StripPrefix=1, '%s']}\n",
                            i, i,
                            strstr(filters[i], "{a}") || strstr(filters[i], "{b}") ? "{a}/{b}"
                                                                                   : "**",
                            filters[i]);
        text_string(&yaml, "- {id: front, uri: 'http://a', predicates: ['Path=/**']}\n");
        routes = routes_read("fuzz.yml", yaml.at, yaml.len, NULL, &error);
        fuzz_must(routes, "%s", error.text);
        arena_close(&arena);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena *arena = arena_open();
        struct fuzz_piece text = fuzz_whole(arena, data, size, TARGET_MOST);
        struct request_target target;

        if (!memchr(text.at, '\0', text.len) && !target_read(&target, arena, text.at, "GET", "h"))
                send(arena, &target);
        arena_close(&arena);
        return 0;
}
