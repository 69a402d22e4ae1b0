#include "gateway/testing/route_text.h"

static void routes_are_shown_as_spring_does(void)
{
        struct arena *arena = arena_open();
        struct text out = text_open(arena, 64);
        struct routes *r =
                read_good(UNDER_GATEWAY("      routes:\n      - id: a\n        uri: http://a:1\n"
                                        "        predicates: ['Path=/a/**,/b', Method=GET]\n       "
                                        " filters: [StripPrefix=1]\n"));

        routes_json(r, &out);
        check_text(out.at,
                   "[{\"route_id\":\"a\",\"route_definition\":{\"id\":\"a\",\"predicates\":[{"
                   "\"name\":\"Path\",\"args\":"
                   "{\"_genkey_0\":\"/a/**\",\"_genkey_1\":\"/"
                   "b\"}},{\"name\":\"Method\",\"args\":{\"_genkey_0\":\"GET\"}}],"
                   "\"filters\":[{\"name\":\"StripPrefix\",\"args\":{\"_genkey_0\":\"1\"}}],"
                   "\"uri\":\"http://a:1\",\"order\":0},"
                   "\"order\":0,\"uri\":\"http://a:1\",\"predicate\":\"(Paths: [/a/**, /b], match "
                   "trailing slash: true && "
                   "Methods: [GET])\",\"filters\":[\"[[StripPrefix parts = 1], order = 1]\"]}]");
        routes_close(&r);
        arena_close(&arena);
}

static const char served[] =
        UNDER_GATEWAY(SERVED_ROUTE "        metadata: {team: blue, none: , list: [1, {a: b}]}\n");

static void all_of_a_route_is_shown(void)
{
        struct arena *arena = arena_open();
        struct text out = text_open(arena, 64);
        struct routes *r = read_good(served);

        routes_json(r, &out);
        check_contains(out.at,
                       "\"filters\":[{\"name\":\"CircuitBreaker\",\"args\":{\"name\":\"shared\","
                       "\"statusCodes[0]\":\"500\","
                       "\"statusCodes[1]\":\"502\",\"slidingWindowSize\":\"2\","
                       "\"minimumNumberOfCalls\":\"2\"}},{\"name\":\"RequestRateLimiter\","
                       "\"args\":{\"redis-rate-limiter.replenishRate\":\"1\",\"key-resolver\":"
                       "\"client-address\"}}],\"uri\":\"http://a:1\",\"order\":0,"
                       "\"metadata\":{\"team\":\"blue\",\"none\":null,\"list\":[\"1\",{\"a\":\"b\"}"
                       "]}},\"order\":0,\"metadata\":{");
        check_contains(out.at,
                       "\"filters\":[\"[[AddResponseHeader X-A = '1'], order = "
                       "1]\",\"[[SpringCloudCircuitBreakerResilience4JFilterFactory "
                       "name = 'shared', fallback = [null]], order = 1]\",\"[[RequestRateLimiter ");
        check_contains(out.at, "], order = 2]\"]}]");
        routes_close(&r);
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(routes_are_shown_as_spring_does),
                STORY(all_of_a_route_is_shown),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
