#include "gateway/routing/cors.h"

#include "testing/check.h"

#include <string.h>

static const char *const star[] = {"*", NULL}, *const shop[] = {"http://shop.kr", NULL};
static const char *const get_put[] = {"GET", "PUT", NULL}, *const some[] = {"X-One", "X-Two", NULL};
static const char *const patterns[] = {"https://*.shop.kr", NULL};

/* as application.yml has it */
static const struct cors_config open_to_all = {
        .origins = star,
        .methods = star,
        .headers = star,
        .credentials = true,
        .max_age_s = -1,
};
static const struct cors_config strict = {
        .origins = shop,
        .origin_patterns = patterns,
        .methods = get_put,
        .headers = some,
        .exposed = some,
        .max_age_s = 600,
};

static struct arena *arena;

static struct cors_verdict decide(const struct cors_config *config, const char *method,
                                  const char *origin, const char *asked_method,
                                  const char *asked_headers)
{
        struct cors_request request = {
                .method = method,
                .origin = origin,
                .scheme = "http",
                .host = "localhost:8088",
                .asked_method = asked_method,
                .asked_headers = asked_headers,
        };
        struct cors_verdict verdict;

        arena_close(&arena);
        arena = arena_open();
        cors_decide(arena, config, &request, &verdict);
        return verdict;
}

static const char *value(const struct cors_verdict *v, const char *name)
{
        for (int i = 0; i < v->header_count; i++)
                if (strcmp(v->headers[i].name, name) == 0)
                        return v->headers[i].value;
        return NULL;
}

/* Except Vary, where CORS is configured: with an origin the answer would be another one. */
static void without_origin_nothing_is_said(void)
{
        struct cors_verdict v = decide(&open_to_all, "GET", NULL, NULL, NULL);

        check_int(v.outcome, CORS_NONE);
        check_int(v.header_count, 1);
        check_contains(value(&v, "Vary"), "Origin");
        v = decide(&open_to_all, "GET", "http://localhost:8088", NULL, NULL);
        check_int(v.header_count, 1);
        check_contains(value(&v, "Vary"), "Origin");
        v = decide(NULL, "GET", NULL, NULL, NULL);
        check_int(v.header_count, 0);
}

static void our_own_origin_is_no_other(void)
{
        check_int(decide(&strict, "GET", "http://localhost:8088", NULL, NULL).outcome, CORS_NONE);
        check_int(decide(&strict, "GET", "https://localhost:8088", NULL, NULL).outcome,
                  CORS_REFUSED);
        check_int(decide(&strict, "GET", "http://localhost:8080", NULL, NULL).outcome,
                  CORS_REFUSED);
}

static void a_simple_request_gets_its_origin_echoed(void)
{
        struct cors_verdict v = decide(&open_to_all, "GET", "http://localhost:3000", NULL, NULL);

        check_int(v.outcome, CORS_ALLOWED);
        check_text(value(&v, "Access-Control-Allow-Origin"), "http://localhost:3000");
        check_text(value(&v, "Access-Control-Allow-Credentials"), "true");
        check_contains(value(&v, "Vary"), "Origin");
        check_text(value(&v, "Access-Control-Allow-Methods"), NULL);
        check(cors_owns(&v, "access-control-allow-origin"));
        check(!cors_owns(&v, "Content-Type"));
}

static void a_preflight_is_answered(void)
{
        struct cors_verdict v = decide(&open_to_all, "OPTIONS", "http://localhost:3000", "PATCH",
                                       "content-type, x-a");

        check_int(v.outcome, CORS_ANSWER);
        check_text(value(&v, "Access-Control-Allow-Origin"), "http://localhost:3000");
        check_text(value(&v, "Access-Control-Allow-Methods"), "PATCH");
        check_text(value(&v, "Access-Control-Allow-Headers"), "content-type, x-a");
        check_text(value(&v, "Access-Control-Allow-Credentials"), "true");
        check_text(value(&v, "Access-Control-Max-Age"), NULL);
}

static void a_strict_configuration_allows_what_it_names(void)
{
        struct cors_verdict v =
                decide(&strict, "OPTIONS", "http://shop.kr", "PUT", "x-one, x-three");

        check_int(v.outcome, CORS_ANSWER);
        check_text(value(&v, "Access-Control-Allow-Methods"), "GET, PUT");
        check_text(value(&v, "Access-Control-Allow-Headers"), "x-one");
        check_text(value(&v, "Access-Control-Max-Age"), "600");
        check_text(value(&v, "Access-Control-Expose-Headers"), "X-One, X-Two");
        check_text(value(&v, "Access-Control-Allow-Credentials"), NULL);
        check_int(decide(&strict, "GET", "https://www.shop.kr", NULL, NULL).outcome, CORS_ALLOWED);
}

static void what_is_not_allowed_is_refused(void)
{
        struct cors_verdict v = decide(&strict, "GET", "http://evil.org", NULL, NULL);

        check_int(v.outcome, CORS_REFUSED);
        check_text(value(&v, "Access-Control-Allow-Origin"), NULL);
        check_int(decide(&strict, "DELETE", "http://shop.kr", NULL, NULL).outcome, CORS_REFUSED);
        check_int(decide(&strict, "OPTIONS", "http://shop.kr", "DELETE", NULL).outcome,
                  CORS_REFUSED);
        check_int(decide(&strict, "OPTIONS", "http://shop.kr", "GET", "x-three").outcome,
                  CORS_REFUSED);
}

static void a_star_without_credentials_stays_a_star(void)
{
        struct cors_config anonymous = open_to_all;
        struct cors_verdict v;

        anonymous.credentials = false;
        v = decide(&anonymous, "GET", "http://localhost:3000", NULL, NULL);
        check_text(value(&v, "Access-Control-Allow-Origin"), "*");
}

static void nothing_configured_refuses_preflights_only(void)
{
        check_int(decide(NULL, "OPTIONS", "http://shop.kr", "GET", NULL).outcome, CORS_REFUSED);
        check_int(decide(NULL, "OPTIONS", "http://shop.kr", NULL, NULL).outcome, CORS_NONE);
        check_int(decide(NULL, "POST", "http://shop.kr", NULL, NULL).outcome, CORS_NONE);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(without_origin_nothing_is_said),
                STORY(our_own_origin_is_no_other),
                STORY(a_simple_request_gets_its_origin_echoed),
                STORY(a_preflight_is_answered),
                STORY(a_strict_configuration_allows_what_it_names),
                STORY(what_is_not_allowed_is_refused),
                STORY(a_star_without_credentials_stays_a_star),
                STORY(nothing_configured_refuses_preflights_only),
                {NULL, NULL},
        };
        int failed = check_main(stories, argc, argv);

        arena_close(&arena);
        return failed;
}
