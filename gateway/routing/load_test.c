#include "gateway/testing/route_text.h"

static void default_filters_are_every_routes(void)
{
        struct routes *r = read_good(
                UNDER_GATEWAY("      default-filters:\n      - AddResponseHeader=X-A, 1\n      - "
                              "AddResponseHeader=X-B, 2\n"
                              "      routes:\n"
                              "      - {id: a, uri: 'http://a', predicates: [Path=/a], filters: "
                              "[StripPrefix=1, StripPrefix=2, StripPrefix=3]}\n"
                              "      - {id: b, uri: 'http://b', predicates: [Path=/b]}\n"));
        const struct filter *f = r->at[0].filters;

        check_int((int64_t)r->at[0].filter_count, 5);
        check_text(shown(r, &f[0]),
                   "AddResponseHeader X-A = '1'"); /* by their place in their lists, as Spring sorts
                                                      them */
        check_text(shown(r, &f[1]), "StripPrefix parts = 1");
        check_text(shown(r, &f[2]), "AddResponseHeader X-B = '2'");
        check_text(shown(r, &f[3]), "StripPrefix parts = 2");
        check_text(shown(r, &f[4]), "StripPrefix parts = 3");
        check_int((int64_t)r->at[1].filter_count, 2);
        routes_close(&r);
}

static void a_routes_own_takes_the_place_of_a_default_one(void)
{
        struct routes *r = read_good(UNDER_GATEWAY(
                "      routes:\n"
                "      - {id: a, uri: 'http://a', predicates: [Path=/a], filters: [Retry=5]}\n"
                "      - {id: b, uri: 'http://b', predicates: [Path=/b]}\n"
                "      default-filters: [Retry=1]\n"));

        check_int(r->at[0].retry->retries, 5);
        check_int(r->at[1].retry->retries, 1);
        routes_close(&r);
}

static void metadata_says_how_a_route_is_served(void)
{
        struct routes *r = read_good(UNDER_GATEWAY(
                ONE_ROUTE "        metadata:\n          connect-timeout: 200\n          "
                          "response-timeout: 5s\n"
                          "          max-in-flight: 7\n          idempotency: true\n          "
                          "team: {name: blue, size: [1, 2]}\n"
                          "      - {id: b, uri: 'http://b', predicates: [Path=/b], metadata: "
                          "{response-timeout: -1, idempotency: false, cors: {}}}\n"
                          "      - {id: c, uri: 'http://c', predicates: [Path=/c]}\n"));

        check_int(r->at[0].connect_ms, 200);
        check_int(r->at[0].response_ms, 5000);
        check_int(r->at[0].max_in_flight, 7);
        check_int(r->at[0].idempotency, IDEMPOTENCY_YES);
        check_text(yaml_at(r->at[0].metadata, "team.name")->text, "blue");
        check_int(r->at[1].response_ms, -1);
        check_int(r->at[1].idempotency, IDEMPOTENCY_NO);
        check_int(r->at[2].response_ms, 0);
        check_int(r->at[2].connect_ms, 0);
        check_int(r->at[2].idempotency, IDEMPOTENCY_UNSAID);
        check(!r->at[2].metadata);
        check_int((int64_t)r->warning_count, 1);
        check_text(r->warnings[0],
                   "r.yml:14: metadata.cors has no effect here; globalcors takes paths, too");
        routes_close(&r);
}

static void the_client_is_set_up(void)
{
        struct routes *r =
                read_good(UNDER_GATEWAY("      httpclient:\n        connect-timeout: 1000\n        "
                                        "response-timeout: PT1M30S\n"
                                        "        max-header-size: 16KB\n        pool:\n          "
                                        "type: ELASTIC\n          max-idle-time: 15s\n"
                                        "          maxLifeTime: 60000\n          max-connections: "
                                        "500\n          acquire-timeout: 45000\n"));
        const struct client_settings *c = &r->client;

        check_int(c->connect_ms, 1000);
        check_int(c->response_ms, 90000);
        check_int(c->max_header_bytes, 16384);
        check_int(c->max_idle_ms, 15000);
        check_int(c->max_life_ms, 60000);
        check_int(c->max_connections, 500);
        routes_close(&r);
}

static const char resilience[] =
        "resilience4j:\n"
        "  circuitbreaker:\n"
        "    configs:\n"
        "      default: {slidingWindowSize: 10, failure-rate-threshold: 60}\n"
        "      quick: {waitDurationInOpenState: 5s, slowCallRateThreshold: 100}\n"
        "    instances:\n"
        "      mine: {baseConfig: quick, slidingWindowSize: '${MALL_TEST_WINDOW:20}'}\n"
        "  timelimiter:\n"
        "    configs: {}\n" UNDER_GATEWAY("      routes:\n"
                                          "      - {id: a, uri: 'http://a', predicates: [Path=/a], "
                                          "filters: [CircuitBreaker=mine]}\n"
                                          "      - {id: b, uri: 'http://b', predicates: [Path=/b], "
                                          "filters: [CircuitBreaker=other]}\n");

static void breakers_are_set_up_as_resilience4j_has_it(void)
{
        struct routes *r = read_good(resilience);
        const struct breaker_config *mine = breaker_config(r->at[0].breaker->state),
                                    *other = breaker_config(r->at[1].breaker->state);

        check_int(mine->window, 20);
        check_int(mine->wait_ms, 5000);
        check_int((int64_t)mine->failure_rate, 60);
        check_int(mine->minimum, 100);
        check_int(other->window, 10);
        check_int(other->wait_ms, 60000);
        check_int((int64_t)r->warning_count, 2);
        check_text(r->warnings[0], "r.yml:8: resilience4j.timelimiter has no effect here");
        check_text(r->warnings[1],
                   "r.yml:5: resilience4j.circuitbreaker.configs.quick.slowCallRateThreshold has "
                   "no effect here");
        routes_close(&r);
}

static void routes_that_name_one_breaker_share_it(void)
{
        struct routes *r = read_good(
                UNDER_GATEWAY("      default-filters: [CircuitBreaker]\n      routes:\n"
                              "      - {id: a, uri: 'http://a', predicates: [Path=/a], filters: "
                              "[CircuitBreaker=x]}\n"
                              "      - {id: b, uri: 'http://b', predicates: [Path=/b], filters: "
                              "[CircuitBreaker=x]}\n"
                              "      - {id: c, uri: 'http://c', predicates: [Path=/c]}\n"
                              "      - {id: d, uri: 'http://d', predicates: [Path=/d]}\n"));

        check(r->at[0].breaker->state == r->at[1].breaker->state);
        check(r->at[2].breaker->state != r->at[1].breaker->state);
        check(r->at[2].breaker->state != r->at[3].breaker->state);
        check_text(r->at[3].breaker->name, "d");
        routes_close(&r);
        check(!read_text(
                UNDER_GATEWAY("      routes:\n"
                              "      - {id: a, uri: 'http://a', predicates: [Path=/a], filters: "
                              "[CircuitBreaker=x]}\n"
                              "      - {id: b, uri: 'http://b', predicates: [Path=/b], filters: "
                              "[CircuitBreaker=x], metadata: {slidingWindowSize: 5}}\n")));
        check_text(error.text, "r.yml:6: CircuitBreaker x is set up differently by another route");
}

static void a_route_that_redirects_may_lead_anywhere(void)
{
        struct routes *r =
                read_good(UNDER_GATEWAY("      routes:\n"
                                        "      - {id: a, uri: 'no://op', predicates: [Path=/a], "
                                        "filters: ['RedirectTo=302, https://a.kr']}\n"
                                        "      - {id: b, uri: 'https://a.kr', predicates: "
                                        "[Path=/b], filters: ['RedirectTo=302, https://a.kr']}\n"));

        check(r->at[0].answers_itself && !r->at[0].base);
        check(!r->at[1].base);
        routes_close(&r);
}

static void what_is_wrong_is_named(void)
{
        static const struct wrong wrong[] = {
                {UNDER_GATEWAY("      default-filters: [Nothing=1]\n" ONE_ROUTE),
                 "r.yml:4: the filter Nothing is not supported"},
                {UNDER_GATEWAY("      default-filters: {a: b}\n" ONE_ROUTE),
                 "r.yml:4: default-filters wants a list"},
                {UNDER_GATEWAY("      default-filters: ['SetPath=/{id}']\n" ONE_ROUTE),
                 "{id} is not in each pattern of Path or Host of route a"},
                {UNDER_GATEWAY(ONE_ROUTE "        metadata: [a]\n"),
                 "r.yml:8: metadata wants a map"},
                {UNDER_GATEWAY(ONE_ROUTE "        metadata: {connect-timeout: soon}\n"),
                 "r.yml:8: connect-timeout wants a duration"},
                {UNDER_GATEWAY(ONE_ROUTE "        metadata: {connect-timeout: -1}\n"),
                 "connect-timeout wants a duration"},
                {UNDER_GATEWAY(ONE_ROUTE "        metadata: {response-timeout: 2h}\n"),
                 "response-timeout must lie between 1ms and 1h"},
                {UNDER_GATEWAY(ONE_ROUTE "        metadata: {max-in-flight: 0}\n"),
                 "max-in-flight wants a number from 1"},
                {UNDER_GATEWAY(ONE_ROUTE "        metadata: {idempotency: maybe}\n"),
                 "idempotency is true or false"},
                {UNDER_GATEWAY(
                         "      httpclient: {max-header-size: 1MB, pool: {type: DISABLED}}\n"),
                 "the pool type DISABLED is not supported"},
                {UNDER_GATEWAY("      httpclient: {max-header-size: 100}\n"),
                 "max-header-size must lie between 1KB and 1MB"},
                {UNDER_GATEWAY("      httpclient: {pool: {max-idle-time: 0}}\n"),
                 "max-idle-time must lie between 1ms and 1h"},
                {UNDER_GATEWAY("      httpclient: {pool: {max-connections: 0}}\n"),
                 "max-connections wants a number from 1"},
                {UNDER_GATEWAY("      httpclient: {ssl: {}}\n"),
                 "ssl is not known under httpclient"},
                {"resilience4j.circuitbreaker.configs.default.sliding-window-size: "
                 "0\n" UNDER_GATEWAY(ONE_ROUTE "        filters: [CircuitBreaker]\n"),
                 "r.yml:1: sliding-window-size wants a number from 1 to 10000"},
        };

        check_wrong(wrong, sizeof wrong / sizeof *wrong, read_text);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(default_filters_are_every_routes),
                STORY(a_routes_own_takes_the_place_of_a_default_one),
                STORY(metadata_says_how_a_route_is_served),
                STORY(the_client_is_set_up),
                STORY(breakers_are_set_up_as_resilience4j_has_it),
                STORY(routes_that_name_one_breaker_share_it),
                STORY(a_route_that_redirects_may_lead_anywhere),
                STORY(what_is_wrong_is_named),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
