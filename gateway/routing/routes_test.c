#include "gateway/routing/builtin.h"
#include "gateway/testing/route_text.h"

#include <stdlib.h>

static const char *taker(const struct routes *r, const char *method, const char *path)
{
        struct asked asked = {.method = method, .path = path};
        const struct route *route = routes_find(r, &asked);

        return route ? route->id : NULL;
}

static void the_built_in_is_the_file_beside_it(void)
{
        FILE *f = fopen("gateway/application.yml", "r");
        static char text[8192];

        check(f != NULL); /* tests run in the top directory */
        text[fread(text, 1, sizeof text - 1, f)] = '\0';
        fclose(f);
        check_text(builtin_routes, text);
}

static void the_reference_file_gives_its_routes(void)
{
        struct routes *r = read_good(builtin_routes);

        check(r->count >= 4); /* there may be more services than the reference has */
        check_text(r->at[r->count - 1].id, "frontend");
        check_int(r->port, 8088);
        check_int((int64_t)r->warning_count, 1);
        check_contains(r->warnings[0], "any origin");
        check_text(taker(r, "POST", "/orders"), "order");
        check_text(taker(r, "GET", "/orders/1"), "order");
        check_text(taker(r, "GET", "/deliveries"), "delivery");
        check_text(taker(r, "GET", "/inventories/search"), "product");
        check_text(taker(r, "GET", "/ordersX"), "frontend");
        check_text(taker(r, "GET", "/"), "frontend");
        check_text(r->at[0].base, "http://localhost:8081");
        check_int((int64_t)r->cors_count, 1);
        check(routes_cors(r, "/orders")->credentials);
        check_text(routes_cors(r, "/")->origins[0], "*");
        routes_close(&r);
}

static void the_docker_profile_gives_others(void)
{
        struct routes *r = good(read_profile(builtin_routes, "docker"));

        check(r->count >= 4);
        check_text(r->at[r->count - 1].id, "frontend");
        check_int(r->port, 8080);
        check_text(r->at[0].base, "http://user23-order:8080");
        check_text(r->at[2].uri, "http://user23-products:8080");
        check(!routes_cors(r, "/orders")); /* it is in the default profile's document */
        routes_close(&r);
}

static void a_participants_file_is_understood(void)
{
        static const char yaml[] =
                "server.port: ${MALL_TEST_PORT:8088}\n"
                "spring.application.name: gateway\n"
                "defs:\n"
                "  - &host http://shop:8080/\n"
                "  - &common\n"
                "    order: 1\n"
                "    filters:\n"
                "      - StripPrefix=1\n"
                "      - name: AddRequestHeader\n"
                "        args: {name: X-Team, value: '${TEAM:blue team}'}\n"
                "---\n"
                "spring:\n"
                "  config.activate.on-profile: docker\n"
                "  cloud.gateway:\n"
                "    routes:\n"
                "    - id: late\n"
                "      <<: &late {order: 5}\n"
                "      uri: http://${ORDER_HOST:${MALL_TEST_NONE:fallback}}:8080\n"
                "      predicates:\n"
                "      - name: Path\n"
                "        args: {patterns: [/api/**, /v2/**]}\n"
                "      - Method=GET,POST\n"
                "    - {uri: \"http://[::1]:81\", predicates: ['Path=/api/x'], filters: "
                "[StripPrefix=2]}\n"
                "    global-cors:\n"
                "      cors-configurations:\n"
                "        '[/**]': {allowed-origins: 'http://a.kr, http://b.kr', max-age: 10m}\n"
                "        '[/api/**]': {allowedOriginPatterns: ['*'], exposed_headers: [Location], "
                "allowCredentials: true}\n"
                "    httpclient: {connect-timeout: 500, responseTimeout: 3s}\n"
                "management:\n  endpoints: {web: x}\n"
                "eureka.client.enabled: false\n"
                "logging:\n  level:\n    root: INFO\n";
        struct routes *r = good(read_profile(yaml, "docker"));

        check_int(r->port, 8088);
        check_int((int64_t)r->count, 2);
        check_text(r->at[0].id, "route-2");
        check_text(r->at[0].base, "http://[::1]:81");
        check_text(r->at[1].id, "late");
        check_text(r->at[1].base, "http://fallback:8080");
        check_int(r->at[1].order, 5);
        check_text(taker(r, "POST", "/v2/orders"), "late");
        check_text(taker(r, "PUT", "/v2/orders"), NULL);
        check_text(taker(r, "PUT", "/api/x"), "route-2");
        check_int(r->client.connect_ms, 500);
        check_int(r->client.response_ms, 3000);
        check_text(routes_cors(r, "/x")->origins[1], "http://b.kr");
        check_int(routes_cors(r, "/x")->max_age_s, 600);
        check_text(routes_cors(r, "/api/x")->origin_patterns[0], "*");
        check_text(routes_cors(r, "/api/x")->exposed[0], "Location");
        check_int((int64_t)r->warning_count,
                  6); /* defs, spring.application, management, eureka, logging, and CORS open to all
                         with credentials */
        check_text(r->warnings[0], "r.yml:3: defs has no effect here");
        routes_close(&r);
}

static void anchors_and_merges_are_resolved(void)
{
        struct routes *r = read_good("x: &base\n  uri: http://shop:8080/\n  order: 3\n  filters: "
                                     "[StripPrefix=1]\n" UNDER_GATEWAY(
                                             "      routes:\n      - <<: *base\n        id: one\n  "
                                             "      order: 4\n        predicates: [Path=/a/**]\n"));

        check_text(r->at[0].id, "one");
        check_text(r->at[0].base, "http://shop:8080");
        check_int(r->at[0].order, 4);
        check_int((int64_t)r->at[0].filter_count, 1);
        routes_close(&r);
}

static void later_documents_and_profiles_lie_above(void)
{
        static const char yaml[] =
                "spring:\n  profiles: test, docker\nserver:\n  port: 3\n---\nserver:\n  port: 1\n"
                "---\nserver:\n  port: 2\n---\nspring.profiles: '!docker'\nserver.port: 4\n";
        struct routes *r = good(read_profile(yaml, "docker"));

        check_int(r->port, 3);
        routes_close(&r);
        r = read_good(yaml);
        check_int(r->port, 4);
        routes_close(&r);
}

static void the_environment_is_asked(void)
{
        struct routes *r;

        setenv("ORDER_HOST_NAME", "order.example", 1);
        r = read_good(UNDER_GATEWAY("      routes:\n      - id: a\n        uri: "
                                    "http://${order.host.name}:${server.port}\n"
                                    "        predicates: [Path=/a]\nserver:\n  port: 81\n"));
        check_text(r->at[0].base, "http://order.example:81");
        routes_close(&r);
        unsetenv("ORDER_HOST_NAME");
}

static const struct wrong wrong[] = {
        {UNDER_GATEWAY("      routes:\n      - id: a\n        uri: lb://order\n        predicates: "
                       "[Path=/a]\n"),
         ":6: lb://order: no load"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        uri: https://a\n        predicates: "
                       "[Path=/a]\n"),
         ":6: https://a: only http"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        uri: http://a:99999\n        "
                       "predicates: [Path=/a]\n"),
         ":6: http://a:99999 has no port"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        uri: http://u:p@a:80\n        "
                       "predicates: [Path=/a]\n"),
         ":6: http://u:***@a:80 has no"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        uri: http://a\n        predicates:\n "
                       "       - Pfad=/a\n"),
         ":8: the predicate Pfad is not supported; these are: Path, Host, Method, Header"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        uri: http://a\n        predicates: "
                       "[Path=a]\n"),
         ":7: Path=a: a path pattern begins"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        uri: http://a\n        predicates: "
                       "['Path=/a']\n        filters:\n        - Hystrix=x\n"),
         ":9: the filter Hystrix is not supported; these are: StripPrefix, PrefixPath"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        uri: http://a\n        predicates: "
                       "[Path=/a]\n        filters: [StripPrefix=x]\n"),
         "StripPrefix wants a number"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        uri: http://a\n        predicates: "
                       "[Path=/a]\n        filters: ['AddRequestHeader=X']\n"),
         "AddRequestHeader lacks its argument value"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        uri: http://a\n"),
         ":5: a route without predicates"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        predicates: [Path=/a]\n"),
         ":5: a route without uri"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        url: http://a\n"),
         ":6: url is not known under routes[]"},
        {UNDER_GATEWAY("      discovery:\n        locator: {enabled: true}\n"),
         ":4: discovery is not known under spring.cloud.gateway"},
        {UNDER_GATEWAY("      globalcors:\n        corsConfigurations:\n          '[/**]':\n       "
                       "     origins: '*'\n"),
         ":7: origins is not known under /**"},
        {UNDER_GATEWAY("      httpclient: {pool: {size: 1}}\n"),
         "size is not known under httpclient.pool"},
        {UNDER_GATEWAY("      httpclient: {connect-timeout: soon}\n"),
         "wants a duration such as 5s"},
        {UNDER_GATEWAY("      enabled: false\n"), "can only be true"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        uri: http://${MALL_TEST_NONE}\n"),
         ":6: ${MALL_TEST_NONE}: neither"},
        {UNDER_GATEWAY("      routes:\n      - id: a\n        uri: http://${MALL_TEST_NONE:x\n"),
         ":6: ${ without its }"},
        {UNDER_GATEWAY("      routes: !mine []\n"), ":4: the tag !mine is not supported"},
        {"a: !!python/object x\n", ":1: the tag tag:yaml.org,2002:python/object"},
        {"server:\n  port: 1\nserver:\n  port: 2\n", ":4: port is given twice, first in line 2"},
        {"server: {port: x}\n", "port wants a number"},
        {"server: {port: 70000}\n", "port wants a number"},
        {"server: {port: '${server.port}'}\n", "nested too deeply"},
        {"a: &a [*a]\n", "nested too deeply"},
        {"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c "
         "[*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\n"
         "e: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]\n",
         "more than"},
        {"server:\n  port: [\n", "not YAML"},
        {"- a\n- b\n", ":1: a document must be a map"},
        {"spring:\n  profiles: prod & eu\n", "profile expressions"},
};

static void what_is_not_understood_is_named_with_its_line(void)
{
        check_wrong(wrong, sizeof wrong / sizeof *wrong, read_text);
}

static void nothing_is_nothing(void)
{
        static const char *const empty[] = {
                "",  "# only this\n", "---\n---\n", "spring:\n", UNDER_GATEWAY("      routes:\n"),
                NULL};

        for (int i = 0; empty[i]; i++) {
                struct routes *r = good(read_profile(empty[i], "docker"));

                check_int((int64_t)r->count, 0);
                check_text(taker(r, "GET", "/"), NULL);
                routes_close(&r);
        }
}

static void files_are_found_or_named(void)
{
        const char *path = check_directory();
        char file[128];
        struct routes *r;
        FILE *f;

        snprintf(file, sizeof file, "%s/mine.yml", path);
        check(!routes_open(file, NULL, &error));
        check_contains(error.text, "mine.yml: No such file");
        f = fopen(file, "w");
        fputs(UNDER_GATEWAY(ONE_ROUTE), f);
        fclose(f);
        r = routes_open(file, NULL, &error);
        check(r != NULL);
        check_text(r->source, file);
        check_text(taker(r, "GET", "/a"), "a");
        routes_close(&r);
        r = routes_open(NULL, NULL, &error);
        check(r != NULL);
        check_text(r->source, "built-in");
        routes_close(&r);
}

static const char served[] = UNDER_GATEWAY(SERVED_ROUTE);

static void state_survives_a_reload_of_the_same(void)
{
        struct routes *old = read_good(served), *r = read_good(served);
        struct breaker *breaker = old->at[0].breaker->state;
        int64_t left;

        for (int i = 0; i < 2; i++)
                breaker_note(breaker, breaker_ask(breaker, 0), BREAKER_BAD, 0);
        check(limiter_take(old->at[0].limiter->state, "10.0.0.7", 0, &left));
        routes_inherit(r, old);
        routes_close(&old);
        check(old == NULL);
        check_int(breaker_state(r->at[0].breaker->state), BREAKER_OPEN);
        check(!limiter_take(r->at[0].limiter->state, "10.0.0.7", 0, &left));
        check(limiter_take(r->at[0].limiter->state, "10.0.0.8", 0, &left));
        routes_close(&r);
}

static void what_is_set_up_anew_begins_anew(void)
{
        static char changed[sizeof served];
        struct routes *old = read_good(served), *r;
        int64_t left;

        memcpy(changed, served, sizeof served);
        *(strstr(changed, "slidingWindowSize: 2") + strlen("slidingWindowSize: ")) = '3';
        *(strstr(changed, "replenishRate: 1") + strlen("replenishRate: ")) = '2';
        r = read_good(changed);
        check(limiter_take(old->at[0].limiter->state, "10.0.0.7", 0, &left));
        routes_inherit(r, old);
        check(r->at[0].breaker->state != old->at[0].breaker->state);
        check(limiter_take(r->at[0].limiter->state, "10.0.0.7", 0, &left));
        routes_close(&old);
        routes_close(&r);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_built_in_is_the_file_beside_it),
                STORY(the_reference_file_gives_its_routes),
                STORY(the_docker_profile_gives_others),
                STORY(a_participants_file_is_understood),
                STORY(anchors_and_merges_are_resolved),
                STORY(later_documents_and_profiles_lie_above),
                STORY(the_environment_is_asked),
                STORY(what_is_not_understood_is_named_with_its_line),
                STORY(nothing_is_nothing),
                STORY(files_are_found_or_named),
                STORY(state_survives_a_reload_of_the_same),
                STORY(what_is_set_up_anew_begins_anew),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
