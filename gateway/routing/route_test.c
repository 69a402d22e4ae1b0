#include "gateway/testing/one_route.h"

static struct routes *read_filters(const char *filters)
{
        return read_route("'Host=**.kr', 'Path=/api/{id},/x'", filters);
}

static void begin(const char *filters)
{
        take_route(read_filters(filters), "/api/1");
}

static void retry(void)
{
        const struct retry_policy *r;

        begin("  - Retry=2");
        r = routes->at[0].retry;
        check_int(r->retries, 2);
        check_int(r->first_ms, 0);
        check(retry_policy_wants(r, "GET", 500, 0) && retry_policy_wants(r, "GET", 599, 1));
        check(!retry_policy_wants(r, "GET", 404, 0) && !retry_policy_wants(r, "POST", 500, 0));
        check_text(filter_shown(), "Retry retries = 2, series = list[SERVER_ERROR], statuses = "
                                   "list[[empty]], methods = list[GET]");
}

static void retry_in_full(void)
{
        const struct retry_policy *r;

        begin("  - name: Retry\n    args:\n      retries: 4\n      statuses: BAD_GATEWAY, 404\n    "
              "  methods: [GET, PUT]\n      series: []\n"
              "      backoff:\n        firstBackoff: 10ms\n        maxBackoff: 50ms\n        "
              "factor: 3\n        basedOnPreviousValue: false\n"
              "      exceptions: java.io.IOException");
        r = routes->at[0].retry;
        check_int(r->retries, 4);
        check(retry_policy_wants(r, "PUT", 502, 3) && retry_policy_wants(r, "GET", 404, 0));
        check(!retry_policy_wants(r, "PUT", 503, 0));
        check_int(retry_policy_wait_ms(r, 1), 10);
        check_int(retry_policy_wait_ms(r, 2), 30);
        check_int(retry_policy_wait_ms(r, 3), 50);
        check_text(filter_shown(), "Retry retries = 4, series = list[[empty]], statuses = list[502 "
                                   "BAD_GATEWAY, 404 NOT_FOUND], "
                                   "methods = list[GET, PUT]");
        check_int((int64_t)routes->warning_count, 1);
        check_contains(routes->warnings[0], "r.yml:6: Retry: exceptions has no effect");
        begin("  - Retry=3,INTERNAL_SERVER_ERROR,POST,20ms,1s,2,true");
        r = routes->at[0].retry;
        check(retry_policy_wants(r, "POST", 500, 2));
        check_int(retry_policy_wait_ms(r, 2), 40);
        check_int(r->max_ms, 1000);
        begin("  - name: Retry\n    args: {backoff: {factor: 4}}");
        check_int(retry_policy_wait_ms(routes->at[0].retry, 2), 20); /* Spring's 5 ms */
}

static void circuitbreaker(void)
{
        const struct route_breaker *b;

        begin("  - CircuitBreaker=mine");
        b = routes->at[0].breaker;
        check_text(b->name, "mine");
        check_text(b->fallback, NULL);
        check(breaker_config_is_same(breaker_config(b->state), &breaker_defaults));
        check_text(filter_shown(), "SpringCloudCircuitBreakerResilience4JFilterFactory name = "
                                   "'mine', fallback = [null]");
        begin("  - name: CircuitBreaker\n    args:\n      name: mine\n      fallbackUri: "
              "forward:/spare/x\n      statusCodes: [500, NOT_FOUND]\n"
              "      failureRateThreshold: 12.5\n      slidingWindowSize: 20\n      "
              "minimumNumberOfCalls: 5\n"
              "      waitDurationInOpenState: 10s\n      permittedNumberOfCallsInHalfOpenState: 3");
        b = routes->at[0].breaker;
        check_text(b->fallback, "/spare/x");
        check(statuses_have(&b->bad, 500) && statuses_have(&b->bad, 404) &&
              !statuses_have(&b->bad, 503));
        check(breaker_config_is_same(breaker_config(b->state),
                                     &(struct breaker_config){12.5, 20, 5, 10000, 3}));
        check_text(filter_shown(), "SpringCloudCircuitBreakerResilience4JFilterFactory name = "
                                   "'mine', fallback = forward:/spare/x");
        begin("  - CircuitBreaker\n  metadata: {slidingWindowSize: 7, team: blue}");
        check_text(routes->at[0].breaker->name, "a"); /* the route's id */
        check_int(breaker_config(routes->at[0].breaker->state)->window, 7);
}

static void requestratelimiter(void)
{
        const struct route_limiter *l;
        int64_t left;

        begin("  - name: RequestRateLimiter\n    args:\n      redis-rate-limiter.replenishRate: "
              "10\n"
              "      redis-rate-limiter.burstCapacity: 20\n      "
              "redis-rate-limiter.requestedTokens: 2\n"
              "      key-resolver: \"#{@ipKeyResolver}\"");
        l = routes->at[0].limiter;
        check_int(limiter_config(l->state)->replenish, 10);
        check_int(limiter_config(l->state)->burst, 20);
        check_int(limiter_config(l->state)->requested, 2);
        check_text(route_limiter_key(l, &asked), "10.0.0.7");
        check(limiter_take(l->state, route_limiter_key(l, &asked), 0, &left));
        check_int(left, 18);
        check_int(l->status, 429);
        check_text(filter_shown(), "RequestRateLimiter replenishRate = 10, burstCapacity = 20, "
                                   "requestedTokens = 2, keyResolver = '#{@ipKeyResolver}'");
        begin("  - name: RequestRateLimiter\n    args: {redis-rate-limiter: {replenishRate: 1}, "
              "keyResolver: 'header:X-User', "
              "denyEmptyKey: false, emptyKeyStatus: 401, statusCode: SERVICE_UNAVAILABLE}");
        l = routes->at[0].limiter;
        check_text(route_limiter_key(l, &asked), NULL);
        headers_add(&received, "x-user", "kim");
        check_text(route_limiter_key(l, &asked), "kim");
        check(!l->deny_empty);
        check_int(l->empty_status, 401);
        check_int(l->status, 503);
        begin("  - name: RequestRateLimiter\n    args: {redis-rate-limiter.replenishRate: 1}");
        l = routes->at[0].limiter;
        check_text(route_limiter_key(l, &asked), "");
        check(l->deny_empty);
        check_contains(routes->warnings[0],
                       "r.yml:6: RequestRateLimiter: there are no principals here");
}

/* The owner of an IPv6 network has 2^64 addresses. */
static void a_network_of_ipv6_is_one_client(void)
{
        static const struct {
                const char *client, *key;
        } rows[] = {
                {"2001:db8:1:2::7", "2001:db8:1:2::/64"},
                {"2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"},
                {"2001:db8:1:3::7", "2001:db8:1:3::/64"},
                {"2001:db8:1:2ff::7", "2001:db8:1:2ff::/64"},
                {"::1", "::/64"},
                {"10.0.0.8", "10.0.0.8"},
                {"unknown", "unknown"}, /* as the peer of a socket of another family is called */
        };

        begin("  - name: RequestRateLimiter\n    args: {redis-rate-limiter.replenishRate: 1, "
              "key-resolver: client-address}");
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                asked.client = rows[i].client;
                check_text(route_limiter_key(routes->at[0].limiter, &asked), rows[i].key);
        }
        begin("  - name: RequestRateLimiter\n    args: {redis-rate-limiter.replenishRate: 1, "
              "key-resolver: 'header:X-User'}");
        headers_add(&received, "X-User", "2001:db8:1:2::7"); /* only the user knows its meaning */
        check_text(route_limiter_key(routes->at[0].limiter, &asked), "2001:db8:1:2::7");
}

static void a_route_is_told_by_its_path(void)
{
        begin("  - StripPrefix=1\n- {id: host, uri: 'http://c', predicates: ['Host=*']}");
        check_text(route_template(&routes->at[0]), "/api/{id}");
        check_text(route_template(&routes->at[1]), "host");
        check(route_takes_path(&routes->at[0], "/x"));
        check(!route_takes_path(&routes->at[0], "/y"));
        check(route_takes_path(&routes->at[1], "/y"));
}

#define LIMITER "  - name: RequestRateLimiter\n    args: {redis-rate-limiter.replenishRate: 1, "

static void what_is_wrong_is_named(void)
{
        static const struct wrong wrong[] = {
                {"  - Retry=0", "retries wants a number from 1 to 100, not 0"},
                {"  - Retry=1,NO", "Retry: NO is not a status"},
                {"  - name: Retry\n    args: {series: FINE}", "Retry: FINE is not a series"},
                {"  - name: Retry\n    args: {methods: []}", "Retry: methods may not be empty"},
                {"  - name: Retry\n    args: {backoff: {firstBackoff: soon}}",
                 "firstBackoff wants a duration"},
                {"  - name: Retry\n    args: {backoff: {first: 1s}}",
                 "Retry has no argument backoff.first"},
                {"  - Retry=1\n  - Retry=2", "r.yml:7: a second Retry in one list"},
                {"  - CircuitBreaker=a\n  - CircuitBreaker=b",
                 "a second CircuitBreaker in one list"},
                {"  - CircuitBreaker=a,http://b",
                 "the fallbackUri http://b is not of the form forward:/path"},
                {"  - CircuitBreaker=a,forward:/x/../y", "is not of the form forward:/path"},
                {"  - CircuitBreaker=a,forward:/nowhere",
                 "r.yml:6: CircuitBreaker: no route takes the path of forward:/nowhere"},
                {"  - name: CircuitBreaker\n    args: {failureRateThreshold: 0}",
                 "a percentage above 0, up to 100, not 0"},
                {"  - name: CircuitBreaker\n    args: {slidingWindowSize: 0}",
                 "slidingWindowSize wants a number from 1 to 10000"},
                {"  - name: CircuitBreaker\n    args: {slidingWindowType: TIME_BASED}",
                 "has no argument slidingWindowType"},
                {"  - name: CircuitBreaker\n    args: {resumeWithoutError: true}",
                 "resumeWithoutError is not supported"},
                {"  - CircuitBreaker=x\n  metadata: {slidingWindowSize: 0}",
                 "r.yml:7: slidingWindowSize wants a number"},
                {"  - name: RequestRateLimiter\n    args: {key-resolver: client-address}",
                 "lacks its argument redis-rate-limiter.replenishRate"},
                {LIMITER "key-resolver: '#{@userKeyResolver}'}",
                 "the key-resolver #{@userKeyResolver} is not known; these are: client-address"},
                {LIMITER "rate-limiter: '#{@mine}'}", "the rate-limiter #{@mine} is not known"},
                {LIMITER "redis-rate-limiter.requestedTokens: 2}",
                 "burstCapacity 1 is less than requestedTokens 2"},
                {LIMITER "statusCode: 200}", "200 is not a status from 400 to 599"},
        };

        check_wrong(wrong, sizeof wrong / sizeof *wrong, read_filters);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(retry),
                STORY(retry_in_full),
                STORY(circuitbreaker),
                STORY(requestratelimiter),
                STORY(a_network_of_ipv6_is_one_client),
                STORY(a_route_is_told_by_its_path),
                STORY(what_is_wrong_is_named),
                {NULL, NULL},
        };
        int code = check_main(stories, argc, argv);

        routes_close(&routes);
        return code;
}
