#include "base/clock.h"
#include "base/json.h"
#include "base/metrics_process.h"
#include "base/trace.h"
#include "testing/check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct metric_family requests = {"http_server_requests_seconds",
                                              "Requests.",
                                              METRIC_HISTOGRAM,
                                              {"method", "uri", "status", "outcome"}};
static const struct metric_family published = {
        "mall_events_published_total", "Events \"sent\"\\\n.", METRIC_COUNTER, {"event_type"}};
static const struct metric_family pending = {
        "mall_outbox_pending", "Waiting.", METRIC_GAUGE, {NULL}};

static struct metrics *metrics;
static struct arena *arena;

static void begin(void)
{
        metrics = metrics_open();
        metrics_process_add(metrics);
        arena = arena_open();
}

static void end(void)
{
        metrics_close(&metrics);
        arena_close(&arena);
}

static const char *scrape(bool openmetrics)
{
        struct text out = text_open(arena, 0);

        metrics_prometheus(metrics, openmetrics, &out);
        return out.at;
}

static void requests_make(void)
{
        struct metric *get =
                metrics_series(metrics, &requests, LIST("GET", "/orders/{id}", "200", "SUCCESS"));
        struct metric *post =
                metrics_series(metrics, &requests, LIST("POST", "/orders", "201", "SUCCESS"));

        metric_observe(get, 500);
        metric_observe(get, 501);
        metric_observe(get, 20000000);
        metric_observe(post, 2000000);
}

static void a_recorded_trace_explains_its_bucket_in_openmetrics(void)
{
        struct metric *get;
        struct trace trace;

        begin();
        get = metrics_series(metrics, &requests, LIST("GET", "/orders/{id}", "200", "SUCCESS"));
        trace_restore(&trace, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NULL);
        clock_set_wall_ms(1795358923623);
        metric_observe(get, 400);
        metric_observe_traced(get, 750, &trace);
        metric_observe_traced(get, 12000000, &trace);
        clock_set_wall_ms(0);
        check_contains(scrape(true), "le=\"0.0005\"} 1\n");
        check_contains(scrape(true),
                       "le=\"0.001\"} 2 # {trace_id=\"0af7651916cd43dd8448eb211c80319c\","
                       "span_id=\"b7ad6b7169203331\"} 0.00075 1795358923.623\n");
        check_contains(scrape(true), "le=\"+Inf\"} 3 # {trace_id=");
        check_contains(scrape(true), "_count{method=\"GET\",uri=\"/orders/{id}\",status=\"200\","
                                     "outcome=\"SUCCESS\"} 3\n");
        check(!strstr(scrape(false), "trace_id"));
        end();
}

static void a_series_is_made_once(void)
{
        struct metric *a, *b;

        begin();
        a = metrics_series(metrics, &published, LIST("Orderplaced"));
        b = metrics_series(metrics, &published, LIST("OrderCanceled"));
        check(a != b);
        check(a == metrics_series(metrics, &published, LIST("Orderplaced")));
        metric_add(a, 2);
        metric_add(a, 3);
        check_int((int64_t)metric_value(a), 5);
        check_int((int64_t)metric_value(b), 0);
        a = metrics_series(metrics, &pending, LIST(NULL));
        metric_add(a, 7);
        metric_add(a, -2);
        check_int((int64_t)metric_value(a), 5);
        metric_set(a, 1.5);
        check(metric_value(a) == 1.5);
        end();
}

static void prometheus_text(void)
{
        const char *text;

        begin();
        requests_make();
        metric_add(metrics_series(metrics, &published, LIST("a\"b\\c\nd")), 3);
        metric_set(metrics_series(metrics, &pending, LIST(NULL)), 0.1);
        text = scrape(false);
        check_contains(text, "# HELP mall_events_published_total Events \"sent\"\\\\\\n.\n"
                             "# TYPE mall_events_published_total counter\n"
                             "mall_events_published_total{event_type=\"a\\\"b\\\\c\\nd\"} 3\n");
        check_contains(text, "# HELP mall_outbox_pending Waiting.\n# TYPE mall_outbox_pending "
                             "gauge\nmall_outbox_pending 0.1\n");
        check_contains(text, "# TYPE http_server_requests_seconds histogram\n"
                             "http_server_requests_seconds_bucket{method=\"GET\",uri=\"/orders/"
                             "{id}\",status=\"200\","
                             "outcome=\"SUCCESS\",le=\"0.0005\"} 1\n");
        check_contains(text, "\"SUCCESS\",le=\"0.001\"} 2\n");
        check_contains(text, "\"SUCCESS\",le=\"10\"} 2\n");
        check_contains(text, "\"SUCCESS\",le=\"+Inf\"} 3\n");
        check_contains(text, "http_server_requests_seconds_count{method=\"GET\",uri=\"/orders/"
                             "{id}\",status=\"200\","
                             "outcome=\"SUCCESS\"} 3\n");
        check_contains(text, "http_server_requests_seconds_sum{method=\"GET\",uri=\"/orders/"
                             "{id}\",status=\"200\","
                             "outcome=\"SUCCESS\"} 20.001001\n");
        check(!strstr(text, "# EOF"));
        end();
}

static const char *spring(const char *name, const char *const *tags)
{
        struct text out = text_open(arena, 0);

        return metrics_spring(metrics, name, tags, &out) ? out.at : NULL;
}

/* One that is long has fewer small buckets instead. */
static void a_long_histogram_goes_to_an_hour(void)
{
        static const struct metric_family age = {
                "mall_event_age_seconds", "Age.", METRIC_HISTOGRAM_LONG, {NULL}};
        struct metric *series;
        const char *text;

        begin();
        series = metrics_series(metrics, &age, NULL);
        metric_observe(series, 0);
        metric_observe(series, 20000000);
        metric_observe(series, 900000001);
        metric_observe(series, INT64_C(3600000001));
        text = scrape(false);
        check_contains(text, "# TYPE mall_event_age_seconds histogram\n"
                             "mall_event_age_seconds_bucket{le=\"0.005\"} 1\n");
        check_contains(text, "{le=\"10\"} 1\nmall_event_age_seconds_bucket{le=\"30\"} 2\n");
        check_contains(text, "{le=\"900\"} 2\nmall_event_age_seconds_bucket{le=\"3600\"} 3\n"
                             "mall_event_age_seconds_bucket{le=\"+Inf\"} 4\n"
                             "mall_event_age_seconds_count 4\n");
        check_contains(scrape(true), "{le=\"3600.0\"} 3\n");
        check_contains(spring("mall.event.age", NULL), "{\"statistic\":\"COUNT\",\"value\":4}");
        requests_make();
        check(!strstr(scrape(false), "\"SUCCESS\",le=\"30\""));
        end();
}

static void a_family_is_shown_before_it_has_series_but_not_to_spring(void)
{
        struct text names;

        begin();
        metrics_declare(metrics, &pending);
        metrics_declare(metrics, &published);
        check_contains(scrape(false), "# HELP mall_outbox_pending Waiting.\n"
                                      "# TYPE mall_outbox_pending gauge\n#");
        check_contains(scrape(true), "# TYPE mall_events_published counter\n#");
        names = text_open(arena, 0);
        metrics_spring_names(metrics, &names);
        check_contains(names.at, "{\"names\":[\"process.cpu\",");
        check(!strstr(names.at, "mall"));
        check(!spring("mall.outbox.pending", NULL));
        metric_set(metrics_series(metrics, &pending, NULL), 4);
        check_contains(scrape(false), "gauge\nmall_outbox_pending 4\n");
        end();
}

static void series_that_are_replaced_are_gone(void)
{
        static const struct metric_family stock = {
                "mall_stock", "Stock.", METRIC_GAUGE, {"product"}};
        char id[] = "1001";
        struct metric_sample samples[] = {{{id}, 5}, {{"1002"}, 7}};

        begin();
        metrics_replace(metrics, &stock, samples, 2);
        id[3] = '9'; /* they are copied */
        check_contains(scrape(false), "gauge\nmall_stock{product=\"1001\"} 5\n"
                                      "mall_stock{product=\"1002\"} 7\n");
        metrics_replace(metrics, &stock, samples, 1);
        check_contains(scrape(false), "gauge\nmall_stock{product=\"1009\"} 5\n#");
        check_contains(spring("mall.stock", NULL), "\"VALUE\",\"value\":5}");
        metrics_replace(metrics, &stock, NULL, 0);
        check(!strstr(scrape(false), "mall_stock{"));
        check(!spring("mall.stock", NULL));
        end();
}

static void openmetrics(void)
{
        const char *text;

        begin();
        requests_make();
        metric_add(metrics_series(metrics, &published, LIST("Orderplaced")), 3);
        text = scrape(true);
        check_contains(text, "# HELP mall_events_published Events \\\"sent\\\"\\\\\\n.\n"
                             "# TYPE mall_events_published counter\n"
                             "mall_events_published_total{event_type=\"Orderplaced\"} 3\n");
        check_contains(text, "\"SUCCESS\",le=\"1.0\"} 2\n");
        check_contains(text, "# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total ");
        check_text(text + strlen(text) - strlen("\n# EOF\n"), "\n# EOF\n");
        end();
}

/* The number of a sample without labels. */
static double sample(const char *text, const char *name)
{
        char line[80];

        snprintf(line, sizeof line, "\n%s ", name);
        text = strstr(text, line);
        check(text != NULL);
        return text ? strtod(text + strlen(line), NULL) : -1;
}

static void the_process_itself(void)
{
        const char *text;
        FILE *f;

        begin();
        text = scrape(false);
        check(sample(text, "process_resident_memory_bytes") > 100000);
        check(sample(text, "process_virtual_memory_bytes") >
              sample(text, "process_resident_memory_bytes"));
        check(sample(text, "process_cpu_seconds_total") >= 0);
        check(sample(text, "process_threads") >= 1);
        check(sample(text, "process_max_fds") > sample(text, "process_open_fds"));
        check(sample(text, "process_start_time_seconds") <= (double)time(NULL) + 2);
        check(sample(text, "process_start_time_seconds") > (double)time(NULL) - 3600);
        f = fopen("/dev/null", "r");
        check_int((int64_t)sample(scrape(false), "process_open_fds"),
                  (int64_t)sample(text, "process_open_fds") + 1);
        fclose(f);
        end();
}

static void pending_refresh(void *arg)
{
        int *calls = arg;

        metric_set(metrics_series(metrics, &pending, LIST(NULL)), ++*calls);
}

static void gauges_are_refreshed_before_a_scrape(void)
{
        int calls = 0;

        begin();
        metrics_on_scrape(metrics, pending_refresh, &calls);
        check_int((int64_t)sample(scrape(false), "mall_outbox_pending"), 1);
        check_int((int64_t)sample(scrape(true), "mall_outbox_pending"), 2);
        end();
}

static void springs_metrics(void)
{
        struct text names;
        struct error error = {0};

        begin();
        requests_make();
        metric_set(metrics_series(metrics, &pending, LIST(NULL)), 4);
        names = text_open(arena, 0);
        metrics_spring_names(metrics, &names);
        check_contains(
                names.at,
                "{\"names\":[\"http.server.requests\",\"mall.outbox.pending\",\"process.cpu\",");
        check(json_read(arena, names.at, names.len, &error));
        check_text(
                spring("mall.outbox.pending", NULL),
                "{\"name\":\"mall.outbox.pending\",\"description\":\"Waiting.\",\"baseUnit\":null,"
                "\"measurements\":[{\"statistic\":\"VALUE\",\"value\":4}],\"availableTags\":[]}");
        check_text(spring("http.server.requests", LIST(NULL)),
                   "{\"name\":\"http.server.requests\",\"description\":\"Requests.\",\"baseUnit\":"
                   "\"seconds\","
                   "\"measurements\":[{\"statistic\":\"COUNT\",\"value\":4},"
                   "{\"statistic\":\"TOTAL_TIME\",\"value\":22.001001},{\"statistic\":\"MAX\","
                   "\"value\":20}],"
                   "\"availableTags\":[{\"tag\":\"method\",\"values\":[\"GET\",\"POST\"]},"
                   "{\"tag\":\"uri\",\"values\":[\"/orders/{id}\",\"/orders\"]},"
                   "{\"tag\":\"status\",\"values\":[\"200\",\"201\"]},{\"tag\":\"outcome\","
                   "\"values\":[\"SUCCESS\"]}]}");
        check_contains(
                spring("http.server.requests", LIST("method:POST")),
                "\"measurements\":[{\"statistic\":\"COUNT\",\"value\":1},"
                "{\"statistic\":\"TOTAL_TIME\",\"value\":2},{\"statistic\":\"MAX\",\"value\":2}],"
                "\"availableTags\":[{\"tag\":\"uri\",\"values\":[\"/orders\"]}");
        check(!spring("http.server.requests", LIST("method:PUT")));
        check(!spring("http.server.requests", LIST("methods:GET")));
        check(!spring("http.server.requests", LIST("method")));
        check(!spring("http_server_requests", NULL));
        check_contains(spring("process.cpu", NULL),
                       "\"baseUnit\":\"seconds\",\"measurements\":[{\"statistic\":\"COUNT\"");
        end();
}

enum { THREADS = 4, EACH = 5000 };

static void *many_add(void *arg)
{
        (void)arg;
        for (int i = 0; i < EACH; i++) {
                metric_add(metrics_series(metrics, &published, LIST(i % 2 ? "odd" : "even")), 1);
                metric_observe(
                        metrics_series(metrics, &requests, LIST("GET", "/", "200", "SUCCESS")), i);
        }
        return NULL;
}

static void many_threads_count(void)
{
        pthread_t threads[THREADS];

        begin();
        for (int i = 0; i < THREADS; i++)
                pthread_create(&threads[i], NULL, many_add, NULL);
        for (int i = 0; i < 20; i++) {
                scrape(i % 2);
                spring("http.server.requests", NULL);
        }
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        check_int((int64_t)metric_value(metrics_series(metrics, &published, LIST("odd"))),
                  THREADS * EACH / 2);
        check_int((int64_t)metric_value(metrics_series(metrics, &published, LIST("even"))),
                  THREADS * EACH / 2);
        check_contains(spring("http.server.requests", NULL), "\"COUNT\",\"value\":20000}");
        check_contains(spring("http.server.requests", NULL), "\"MAX\",\"value\":0.004999}");
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_series_is_made_once),
                STORY(a_recorded_trace_explains_its_bucket_in_openmetrics),
                STORY(prometheus_text),
                STORY(a_long_histogram_goes_to_an_hour),
                STORY(a_family_is_shown_before_it_has_series_but_not_to_spring),
                STORY(series_that_are_replaced_are_gone),
                STORY(openmetrics),
                STORY(the_process_itself),
                STORY(gauges_are_refreshed_before_a_scrape),
                STORY(springs_metrics),
                STORY(many_threads_count),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
