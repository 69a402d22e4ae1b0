/* gateway_fuzz - the whole gateway between a client and an upstream, both played by the input:
   before the mark `=` stands what the client says (testing/wire.h), after it what the upstream
   answers (gateway/testing/scripted_upstream.h).

   Whatever they say, each request that reaches the upstream is well framed, came by the route that
   takes its path under any reading, has the fields that the route sets, asks for no actuator, and
   comes no more often than its method allows. */
#include "gateway/gateway.h"
#include "gateway/testing/read_path.h"
#include "gateway/testing/scripted_upstream.h"
#include "testing/wire.h"
#include "testing/wire_lines.h"

enum { ROUTE_MOST = 2000, POST_MOST = 8 };

static const char routes[] =
        "spring.cloud.gateway:\n"
        "  default-filters: ['SetRequestHeader=X-Role, customer']\n"
        "  routes:\n"
        "  - {id: order, uri: 'http://127.0.0.1:%1$d', predicates: ['Path=/orders/**'], filters: "
        "['SetRequestHeader=X-Route, /orders']}\n"
        "  - {id: keyed, uri: 'http://127.0.0.1:%1$d', predicates: ['Path=/keyed/**'], filters: "
        "['SetRequestHeader=X-Route, /keyed'], metadata: {idempotency: true}}\n"
        "  - {id: api, uri: 'http://127.0.0.1:%1$d', predicates: ['Path=/api/**'], filters: "
        "[StripPrefix=1, 'SetRequestHeader=X-Route, /']}\n"
        "  - {id: old, uri: 'http://127.0.0.1:%1$d', predicates: ['Path=/old/**'], filters: "
        "['RewritePath=/old/(?<x>.*), /$\\{x}', 'SetRequestHeader=X-Route, /']}\n"
        "  - {id: set, uri: 'http://127.0.0.1:%1$d', predicates: ['Path=/set/{a}/**'], filters: "
        "['SetPath=/{a}', 'SetRequestHeader=X-Route, /']}\n"
        "  - {id: put, uri: 'http://127.0.0.1:%1$d', predicates: ['Path=/put/**'], filters: "
        "[PrefixPath=/in, 'SetRequestHeader=X-Route, /in']}\n"
        "  - id: again\n"
        "    uri: http://127.0.0.1:%1$d\n"
        "    predicates: ['Path=/again/**']\n"
        "    filters:\n"
        "    - SetRequestHeader=X-Route, /again\n"
        "    - {name: Retry, args: {retries: 2, statuses: BAD_GATEWAY, backoff: {firstBackoff: "
        "1ms, maxBackoff: 2ms}}}\n"
        "    - {name: CircuitBreaker, args: {name: cb, fallbackUri: 'forward:/orders/fallback', "
        "statusCodes: [500]}}\n"
        "  - {id: good, uri: 'http://127.0.0.1:%1$d', predicates: [Path=/good], filters: "
        "['SetRequestHeader=X-Route, /good'], metadata: {response-timeout: 10000, connect-timeout: "
        "5000}}\n"
        "  - {id: front, uri: 'http://127.0.0.1:%1$d', predicates: ['Path=/**'], filters: "
        "['SetRequestHeader=X-Route, /']}\n"
        "  globalcors.corsConfigurations:\n"
        "    '[/**]': {allowedOrigins: '*', allowedMethods: '*', allowedHeaders: '*', "
        "allowCredentials: true}\n";

static struct gateway *gateway;
static char file[64];

static void wire_check_answer(const char *answer, size_t len)
{
        wire_check_links(strstr(answer, "application/vnd.spring-boot.actuator") ? answer : "",
                         wire.said);
        if (!script.count)
                wire_check_statuses(answer, len, "500");
}

/* ---- what reaches the upstream ---- */

static bool script_check(const char *request, const char *method, const char *path)
{
        static char plain[SCRIPT_ROOM];
        const char *role = script_field(request, "\r\nX-Role:"),
                   *host = script_field(request, "\r\nHost:"), *route;
        char prefix[20] = "";

        (void)method;
        read_path(path, plain);
        fuzz_must(!is_below(plain, "/actuator"), "an actuator is reached: %s", path);
        fuzz_must(host, "a request without Host");
        fuzz_must(role && strncmp(role, " customer\r\n", 11) == 0,
                  "what the route sets is not there: X-Role:%.30s", role ? role : " none");
        route = script_field(request, "\r\nX-Route:");
        fuzz_must(route && sscanf(route, " %19s", prefix) == 1,
                  "what the route sets is not there: X-Route");
        fuzz_must(strcmp(prefix, "/") == 0 || is_below(plain, prefix), "routed as %s, sent as %s",
                  prefix, path);
        return strcmp(path, "/orders/fallback") != 0;
}

/* ---- the input ---- */

static void remove_file(void)
{
        unlink(file);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        static const struct setting own[] = {{.name = NULL}};
        struct gateway_config config = {.routes = file,
                                        .limits = {.response_ms = 150, .connect_ms = 300}};
        struct error e = {0};
        FILE *f;

        (void)argc, (void)argv;
        script_open();
        snprintf(file, sizeof file, "/tmp/mall-fuzz-%d.yml", (int)getpid());
        f = fopen(file, "w");
        fprintf(f, routes, script.port);
        fclose(f);
        atexit(remove_file);
        wire_configure("gateway", true, own);
        config.metrics = wire.process.metrics;
        gateway = gateway_open(&config, &e);
        fuzz_must(gateway, "%s", e.text);
        wire_open(gateway_handler(gateway), 10 << 20);
        return 0;
}

static size_t script_read(struct arena *arena, const char *at, const char *end,
                          struct script_part *parts)
{
        size_t count = 0;

        while (at < end && count < SCRIPT_ANSWERS) {
                struct fuzz_piece piece = fuzz_next(arena, &at, end, WIRE_MOST);

                parts[count++] = (struct script_part){piece.at, piece.len, piece.mark};
        }
        return count;
}

/* An upper bound of the requests in that text. */
static int count_requests(const char *at, const char *end)
{
        int n = 0;

        while ((at = memmem(at, (size_t)(end - at), "HTTP/1.", 7))) {
                n++;
                at += 7;
        }
        return n;
}

/* How often each may have reached the upstream: once if the method creates or changes something,
   unless the upstream said that it keeps keys. */
static void check_times(int requests)
{
        static const struct {
                const char *method;
                int most;
        } table[] = {{"GET", 4}, {"POST", POST_MOST}, {"PUT", 1}, {"PATCH", 1}, {"DELETE", 1}};

        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
                int reached = script_reached(table[i].method),
                    most = script.named ? POST_MOST : table[i].most;

                fuzz_must(reached <= requests * most, "of %d requests %d %s reached the upstream",
                          requests, reached, table[i].method);
        }
}

/* The next input must not profit from what the gateway learnt about the upstream. */
static void forget(void)
{
        struct error e = {0};

        fuzz_must(!script.named || gateway_reload(gateway, &e), "%s", e.text);
        wire_meet();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct script_part good = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                                                40, '='};
        struct arena *arena = arena_open();
        struct script_part parts[SCRIPT_ANSWERS];
        const char *at = (const char *)data, *end = at + size, *half = memmem(at, size, "`=`", 3),
                   *behind = half ? half + 3 : end;
        size_t count = script_read(arena, behind, end, parts);

        end = half ? half : end;
        script_begin(count ? parts : &good, count ? count : 1);
        /* with a repetition there are more requests than count_requests sees */
        if (!memmem(at, (size_t)(end - at), "*", 1) || size < ROUTE_MOST) {
                wire_play(arena, &at, end);
                if (!memchr(data, '*', (size_t)(end - (const char *)data)))
                        check_times(count_requests((const char *)data, end));
        }
        forget();
        script_begin(&good, 1);
        wire_ask("GET /good HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ");
        arena_close(&arena);
        return 0;
}
