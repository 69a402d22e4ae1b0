/* routes_fuzz - any routes file is read or refused in bounded memory and time: a reload must not
   end the gateway. */
#include "gateway/routing/routes.h"
#include "testing/fuzz.h"

enum { FILE_MOST = 2 << 20, MEMORY_MOST = 64 << 20 };

/* Uses the routes as the gateway does. */
static void use(struct arena *arena, const struct routes *routes)
{
        static const char *const paths[] = {"/", "/orders/1", "/%6frders/a;b=c/d",
                                            "/a/b/c/d/e/f/g/h"};
        struct headers headers = {.arena = arena};
        struct text out = text_open(arena, 1000);

        headers_add(&headers, "Host", "shop.kr:8088");
        headers_add(&headers, "X-Role", "customer");
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
                struct asked asked = {.arena = arena,
                                      .method = "GET",
                                      .path = paths[i],
                                      .query = "a=1&b",
                                      .client = "127.0.0.1",
                                      .headers = &headers,
                                      .random = 0x5555555555555555};
                const struct route *route = routes_find(routes, &asked);
                struct filter_chain chain;

                routes_cors(routes, paths[i]);
                if (!route)
                        continue;
                filter_chain_open(&chain, route, &asked);
                filter_chain_request(&chain);
                chain.status = chain.status ? chain.status : 200;
                filter_chain_answer(&chain);
                fuzz_must(*chain.path == '/', "a path that begins with no slash: %s", chain.path);
                route_template(route);
        }
        routes_json(routes, &out);
}

static void read_as(const struct fuzz_piece *file, const char *profile)
{
        size_t before = __sanitizer_get_current_allocated_bytes(), with;
        struct error error = {0};
        struct routes *routes = routes_read("fuzz.yml", file->at, file->len, profile, &error),
                      *again;
        struct arena *arena = arena_open();

        with = __sanitizer_get_current_allocated_bytes();
        fuzz_must(with < before + MEMORY_MOST, "%zu bytes for a file of %zu", with - before,
                  file->len);
        if (routes) {
                use(arena, routes);
                again = routes_read("fuzz.yml", file->at, file->len, profile, &error);
                fuzz_must(again, "refused when read again: %s", error.text);
                routes_inherit(again, routes);
                routes_close(&again);
        } else {
                fuzz_must(error.kind == ERROR_BAD_INPUT && error.text[0], "refused for no reason");
        }
        routes_close(&routes);
        arena_close(&arena);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        (void)argc, (void)argv;
        setenv("FUZZ_HOST", "shop.kr", 1);
        setenv("FUZZ_A", "${FUZZ_B}", 1);
        setenv("FUZZ_B", "${FUZZ_A}${FUZZ_A}", 1);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena *arena = arena_open();
        struct fuzz_piece file = fuzz_whole(arena, data, size, FILE_MOST);

        read_as(&file, NULL);
        read_as(&file, "docker");
        arena_close(&arena);
        return 0;
}
