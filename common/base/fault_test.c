#include "base/fault.h"

#include "testing/fault_set.h"

static void a_template_of_a_path_is_matched_segment_by_segment(void)
{
        static const struct {
                const char *template, *path;
                bool is;
        } rows[] = {
                {"/orders", "/orders", true},
                {"/orders", "/orders/", false},
                {"/orders", "/orders/1", false},
                {"/orders", "/order", false},
                {"/orders", "/Orders", false},
                {"/orders/{id}", "/orders/1", true},
                {"/orders/{id}", "/orders/", false},
                {"/orders/{id}", "/orders", false},
                {"/orders/{id}", "/orders/1/x", false},
                {"/{a}/{b}", "/orders/1", true},
                {"/orders/**", "/orders/1/x", true},
                {"/orders/**", "/orders/", true},
                {"/orders/**", "/orders", true},
                {"/orders/**", "/ordersx", false},
                {"/**", "/", true},
                {"/**", "/orders/1", true},
                {"/", "/", true},
                {"/", "/orders", false},
                {"/orders/{id}/**", "/orders/1", true},
                {"/orders/{id}/**", "/orders", false},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                begin();
                check(add(arena_printf(arena, "{\"kind\":\"http-reset\",\"path\":\"%s\"}",
                                       rows[i].template)));
                if (strikes(FAULT_HTTP_RESET, "GET", rows[i].path) != rows[i].is)
                        check_text(rows[i].template, rows[i].path);
                end();
        }
}

static bool strikes_event(const char *type, const char *key)
{
        struct fault_place place = {.type = type,
                                    .type_len = type ? strlen(type) : 0,
                                    .key = key,
                                    .key_len = key ? strlen(key) : 0};

        return faults_strike(faults, FAULT_PUBLISH_TWICE, &place, NULL);
}

static void only_the_target_is_struck_by_its_kind(void)
{
        begin();
        add("{\"kind\":\"http-reset\",\"method\":\"POST\",\"path\":\"/orders\"}");
        add("{\"kind\":\"publish-twice\",\"eventType\":\"Orderplaced\",\"key\":\"7\"}");
        add("{\"kind\":\"upstream-broken\",\"routeId\":\"order\"}");
        check(strikes(FAULT_HTTP_RESET, "POST", "/orders"));
        check(!strikes(FAULT_HTTP_RESET, "GET", "/orders"));
        check(!strikes(FAULT_HTTP_RESET, "POSTS", "/orders"));
        check(!strikes(FAULT_HTTP_RESET, NULL, NULL));
        check(!strikes(FAULT_HTTP_HALF_ANSWER, "POST", "/orders"));
        check(strikes_event("Orderplaced", "7"));
        check(!strikes_event("Orderplaced", "77"));
        check(!strikes_event("Orderplaced", NULL));
        check(!strikes_event("OrderPlaced", "7"));
        check(faults_strike(faults, FAULT_UPSTREAM_BROKEN,
                            &(struct fault_place){.route = "order", .path = "/x"}, NULL));
        check(!faults_strike(faults, FAULT_UPSTREAM_BROKEN,
                             &(struct fault_place){.route = "product", .path = "/x"}, NULL));
        check_int((int64_t)counted("http-reset"), 1);
        check_int((int64_t)counted("publish-twice"), 1);
        check_int((int64_t)counted("http-half-answer"), 0);
        check_contains(one(2), "\"injected\":1");
        end();
}

static void probes_and_metrics_are_spared_unless_they_are_meant(void)
{
        begin();
        add("{\"kind\":\"http-reset\"}");
        add("{\"kind\":\"http-status\",\"status\":503,\"path\":\"/**\"}");
        check(!strikes(FAULT_HTTP_RESET, "GET", "/actuator"));
        check(!strikes(FAULT_HTTP_RESET, "GET", "/actuator/health/readiness"));
        check(!strikes(FAULT_HTTP_STATUS, "GET", "/actuator/prometheus"));
        check(!strikes(FAULT_HTTP_RESET, "DELETE", "/faults"));
        check(!strikes(FAULT_HTTP_RESET, "POST", "/faults/product"));
        check(strikes(FAULT_HTTP_RESET, "GET", "/actuators"));
        add("{\"kind\":\"http-half-answer\",\"path\":\"/actuator/**\"}");
        check(strikes(FAULT_HTTP_HALF_ANSWER, "GET", "/actuator/prometheus"));
        check(!strikes(FAULT_HTTP_HALF_ANSWER, "GET", "/orders"));
        end();
}

static void a_probe_asks_without_a_place(void)
{
        struct injection got;

        begin();
        check(!faults_strike(faults, FAULT_NOT_READY, NULL, &got));
        add("{\"kind\":\"not-ready\"}");
        check(faults_may(faults, FAULT_NOT_READY) && !faults_may(faults, FAULT_NOT_ALIVE));
        check(faults_strike(faults, FAULT_NOT_READY, NULL, &got));
        check_int(got.fault, 1);
        check_int(got.delay_us, 0);
        end();
}

static void it_strikes_at_its_rate(void)
{
        int struck = 0;

        begin();
        add("{\"kind\":\"http-reset\",\"rate\":0.2}");
        for (int i = 0; i < 10000; i++)
                struck += strikes(FAULT_HTTP_RESET, "GET", "/");
        check(struck > 1800 && struck < 2200);
        check_int((int64_t)counted("http-reset"), struck);
        end();
}

static int shorter_than(int64_t bound_us, int draws, int64_t *longest)
{
        struct injection got;
        int shorter = 0;

        *longest = 0;
        for (int i = 0; i < draws; i++) {
                check(faults_strike(faults, FAULT_SLOW_DISK, NULL, &got));
                check(got.delay_us > 0);
                shorter += got.delay_us < bound_us;
                *longest = got.delay_us > *longest ? got.delay_us : *longest;
        }
        return shorter;
}

static void half_of_the_delays_are_below_p50_and_99_of_100_below_p99(void)
{
        int64_t longest;
        int n;

        begin();
        add("{\"kind\":\"slow-disk\",\"p50\":\"100ms\",\"p99\":\"5s\"}");
        n = shorter_than(100000, 20000, &longest);
        check(n > 9700 && n < 10300);
        n = shorter_than(5000000, 20000, &longest);
        check(n > 19740 && n < 19860);
        check_int(longest, 10000000); /* the kind's most */
        faults_clear(faults);
        add("{\"kind\":\"slow-disk\",\"p50\":\"1s\",\"p99\":\"1s\"}");
        check_int(shorter_than(1000000, 100, &longest), 0);
        check_int(longest, 1000000);
        faults_clear(faults);
        add("{\"kind\":\"slow-disk\",\"delay\":\"2s\"}");
        check_int(shorter_than(2000000, 100, &longest), 0);
        check_int(longest, 2000000);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_template_of_a_path_is_matched_segment_by_segment),
                STORY(only_the_target_is_struck_by_its_kind),
                STORY(probes_and_metrics_are_spared_unless_they_are_meant),
                STORY(a_probe_asks_without_a_place),
                STORY(it_strikes_at_its_rate),
                STORY(half_of_the_delays_are_below_p50_and_99_of_100_below_p99),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
