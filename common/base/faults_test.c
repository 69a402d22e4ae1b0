#include "base/faults.h"

#include "base/clock.h"
#include "base/faults_kinds.h"
#include "base/metrics.h"
#include "testing/check.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEADLINE_US = 60 * 1000000, ALL = (1 << FAULT_KINDS) - 1, MIB = 1 << 20 };

static struct faults *faults;
static struct metrics *metrics;
static struct arena *arena;
static struct error error;

static void begin_with(uint32_t kinds, faults_check *is_matched)
{
        struct faults_config config = {.kinds = kinds, .check = is_matched, .seed = 7};

        arena = arena_open();
        config.metrics = metrics = metrics_open();
        faults = faults_open(&config);
}

static void begin(void)
{
        begin_with(ALL, NULL);
}

static void end(void)
{
        faults_close(&faults);
        metrics_close(&metrics);
        arena_close(&arena);
}

static int64_t add(const char *text)
{
        const struct json *body;
        struct error ignored = {0};

        error = (struct error){0};
        body = json_read(arena, text, strlen(text), &ignored);
        check(body != NULL);
        return faults_add(faults, body, &error);
}

static const char *written(void (*write)(struct faults *, struct text *))
{
        struct text out = text_open(arena, 1000);

        write(faults, &out);
        check(json_read(arena, out.at, out.len, &error) != NULL);
        return out.at;
}

static const char *one(int64_t id)
{
        struct text out = text_open(arena, 1000);

        check(faults_write_one(faults, id, &out));
        return out.at;
}

static bool strikes(enum fault_kind kind, const char *method, const char *path)
{
        struct fault_place place = {.method = method, .path = path};

        return faults_strike(faults, kind, &place, NULL);
}

static bool strikes_event(const char *type, const char *key)
{
        struct fault_place place = {.type = type,
                                    .type_len = type ? strlen(type) : 0,
                                    .key = key,
                                    .key_len = key ? strlen(key) : 0};

        return faults_strike(faults, FAULT_PUBLISH_TWICE, &place, NULL);
}

static double counted(const char *kind)
{
        static const struct metric_family family = {"mall_faults_injected_total",
                                                    "Failures that were switched on and struck",
                                                    METRIC_COUNTER,
                                                    {"kind"}};

        return metric_value(metrics_series(metrics, &family, &kind));
}

/* ---- what is refused, and how ---- */

static void whatever_is_wrong_is_refused_by_name(void)
{
        static const struct {
                const char *body, *member, *text;
        } rows[] = {
                {"[]", "", "a fault is an object, not an array"},
                {"{}", "kind", "a fault needs a kind. There are: http-latency, http-status"},
                {"{\"kind\":7}", "kind", "a fault needs a kind"},
                {"{\"kind\":\"http-latensy\"}", "kind", "did you mean http-latency? There are: "},
                {"{\"kind\":\"gremlins\"}", "kind", "no kind here is called gremlins. There are: "},
                {"{\"kind\":\"cpu\",\"cores\":1,\"rate\":1}", "rate",
                 "cpu takes no rate; it takes cores, duration"},
                {"{\"kind\":\"http-reset\",\"eventType\":\"x\"}", "eventType",
                 "http-reset takes no eventType; it takes method, path, rate, duration"},
                {"{\"kind\":\"http-reset\",\"pth\":\"/orders\"}", "pth",
                 "a fault has no member pth; did you mean path? http-reset takes "},
                {"{\"kind\":\"http-reset\",\"colour\":1}", "colour",
                 "a fault has no member colour. http-reset takes method, path, rate, duration"},
                {"{\"kind\":\"http-status\"}", "status", "http-status needs status"},
                {"{\"kind\":\"cpu\"}", "cores", "cpu needs cores"},
                {"{\"kind\":\"memory\"}", "size", "memory needs size"},
                {"{\"kind\":\"http-latency\"}", "delay",
                 "http-latency needs delay, or both p50 and p99"},
                {"{\"kind\":\"http-latency\",\"p50\":\"1s\"}", "p99", "p50 and p99 come together"},
                {"{\"kind\":\"http-latency\",\"p99\":\"1s\"}", "p50", "p50 and p99 come together"},
                {"{\"kind\":\"http-latency\",\"p99\":\"1s\",\"delay\":\"1s\"}", "delay",
                 "either delay, or p50 and p99"},
                {"{\"kind\":\"http-latency\",\"p50\":\"2s\",\"p99\":\"1999ms\"}", "p99",
                 "no shorter than p50"},
                {"{\"kind\":\"http-latency\",\"delay\":\"61s\"}", "delay", "from 1ms to 1min"},
                {"{\"kind\":\"http-latency\",\"delay\":\"0s\"}", "delay", "from 1ms to 1min"},
                {"{\"kind\":\"http-latency\",\"delay\":\"-1s\"}", "delay", "a duration like"},
                {"{\"kind\":\"http-latency\",\"delay\":true}", "delay", "a duration like"},
                {"{\"kind\":\"slow-disk\",\"delay\":\"11s\"}", "delay", "from 1ms to 10s"},
                {"{\"kind\":\"slow-disk\",\"p50\":\"1s\",\"p99\":\"11s\"}", "p99", "to 10s"},
                {"{\"kind\":\"http-status\",\"status\":399}", "status", "from 400 to 599"},
                {"{\"kind\":\"http-status\",\"status\":\"600\"}", "status", "from 400 to 599"},
                {"{\"kind\":\"memory\",\"size\":\"2GiB\"}", "size", "from 1MiB to 1GiB"},
                {"{\"kind\":\"memory\",\"size\":\"1KiB\"}", "size", "from 1MiB to 1GiB"},
                {"{\"kind\":\"cpu\",\"cores\":65}", "cores", "above 0, at most 64"},
                {"{\"kind\":\"http-reset\",\"duration\":\"61min\"}", "duration",
                 "duration is at most 1h"},
                {"{\"kind\":\"http-reset\",\"duration\":\"99ms\"}", "duration", "from 100ms to 1h"},
                {"{\"kind\":\"http-reset\",\"duration\":\"soon\"}", "duration", "from 100ms to 1h"},
                {"{\"kind\":\"http-reset\",\"duration\":null}", "duration", "from 100ms to 1h"},
                {"{\"kind\":\"http-reset\",\"method\":\"get\"}", "method", "upper case, like GET"},
                {"{\"kind\":\"http-reset\",\"method\":\"GET /\"}", "method", "upper case"},
                {"{\"kind\":\"http-reset\",\"method\":\"\"}", "method", "of 1 to 256 bytes"},
                {"{\"kind\":\"http-reset\",\"path\":\"orders\"}", "path", "begins with /"},
                {"{\"kind\":\"http-reset\",\"path\":\"/orders?a\"}", "path", "has no query"},
                {"{\"kind\":\"http-reset\",\"path\":\"/*/x\"}", "path", "{id} is one segment"},
                {"{\"kind\":\"http-reset\",\"path\":\"/**/x\"}", "path", "** at its end"},
                {"{\"kind\":\"http-reset\",\"path\":\"/{id\"}", "path", "{id} is one segment"},
                {"{\"kind\":\"http-reset\",\"path\":\"/{}\"}", "path", "{id} is one segment"},
                {"{\"kind\":\"http-reset\",\"path\":\"/a{id}\"}", "path", "{id} is one segment"},
                {"{\"kind\":\"http-reset\",\"path\":\"/{a}{b}\"}", "path", "{id} is one segment"},
                {"{\"kind\":\"http-reset\",\"path\":[]}", "path", "path is a text of"},
        };

        begin();
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                check_int(add(rows[i].body), 0);
                check_int(error.kind, ERROR_BAD_INPUT);
                check_text(error.member, rows[i].member);
                check_contains(error.text, rows[i].text);
        }
        check_text(written(faults_write), "[]");
        check_text(written(faults_write_ended), "[]");
        end();
}

static void a_rate_is_a_plain_number_above_0_at_most_1(void)
{
        static const char *const wrong[] = {"0",      "-1",    "1.01",    "2",       "\"nan\"",
                                            "\"\"",   "1e400", "\"inf\"", "\"0x1\"", "\" 1\"",
                                            "\"1 \"", "true",  "null",    "\"1e\"",  "\"50%\""};

        begin();
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                add(arena_printf(arena, "{\"kind\":\"http-reset\",\"rate\":%s}", wrong[i]));
                check_text(error.member, "rate");
                check_text(error.text, "rate is a number above 0, at most 1");
        }
        check(add("{\"kind\":\"http-reset\",\"rate\":1e-1}") == 1);
        check_contains(one(1), "\"rate\":0.1,");
        check(add("{\"kind\":\"http-reset\",\"rate\":\"1.0\"}") == 2);
        check_contains(one(2), "\"rate\":1,");
        end();
}

static void the_kinds_of_a_service_fit_into_the_error_that_lists_them(void)
{
        begin_with(ALL, NULL);
        add("{\"kind\":\"upstream-latenzy-upstream-latenzy-upstream-latenzy\"}");
        check_contains(error.text, "consume-pause, upstream-latency, ");
        check_contains(error.text, "upstream-refused");
        end();
        begin_with(1 << FAULT_CPU | 1 << FAULT_NOT_READY, NULL);
        add("{\"kind\":\"http-reset\"}");
        check_text(error.text, "no kind here is called http-reset. There are: not-ready, cpu");
        end();
}

static void a_text_has_at_most_256_bytes(void)
{
        char body[400], key[300];

        begin();
        memset(key, 'k', sizeof key);
        snprintf(body, sizeof body, "{\"kind\":\"publish-twice\",\"key\":\"%.257s\"}", key);
        check_int(add(body), 0);
        check_text(error.text, "key is a text of 1 to 256 bytes");
        snprintf(body, sizeof body, "{\"kind\":\"publish-twice\",\"key\":\"%.256s\"}", key);
        check_int(add(body), 1);
        end();
}

/* ---- what it says ---- */

static void a_fault_is_written_with_all_that_it_is(void)
{
        const char *text;

        begin();
        clock_set_wall_ms(INT64_C(1795358923000));
        check_int(add("{\"kind\":\"http-latency\",\"method\":\"GET\",\"path\":\"/orders/{id}\","
                      "\"p50\":\"100ms\",\"p99\":\"2\",\"rate\":\"0.25\",\"duration\":\"10min\"}"),
                  1);
        check_text(one(1), "{\"id\":1,\"kind\":\"http-latency\",\"method\":\"GET\","
                           "\"path\":\"/orders/{id}\",\"rate\":0.25,\"p50Ms\":100,\"p99Ms\":2000,"
                           "\"durationMs\":600000,\"begunAt\":\"2026-11-22T14:48:43.000Z\","
                           "\"endsAt\":\"2026-11-22T14:58:43.000Z\",\"injected\":0}");
        check_int(add("{\"kind\":\"upstream-broken\",\"routeId\":\"a\\\"b\"}"), 2);
        text = written(faults_write);
        check_contains(text, "[{\"id\":1,");
        check_contains(text, "},{\"id\":2,\"kind\":\"upstream-broken\",\"routeId\":\"a\\\"b\","
                             "\"rate\":1,\"durationMs\":300000,");
        check(faults_remove(faults, 1));
        check(!faults_remove(faults, 1));
        check_contains(written(faults_write_ended),
                       "\"injected\":0,\"endedAt\":\"2026-11-22T14:48:43.000Z\","
                       "\"reason\":\"it was removed\"}]");
        clock_set_wall_ms(0);
        end();
}

static void nothing_is_written_and_nothing_strikes_where_there_is_no_set(void)
{
        arena = arena_open();
        faults = NULL;
        check_text(written(faults_write), "[]");
        check_text(written(faults_write_ended), "[]");
        check(!strikes(FAULT_HTTP_RESET, "GET", "/"));
        arena_close(&arena);
}

static void a_kind_is_written_as_the_console_wants_it(void)
{
        struct text out;

        begin_with(1 << FAULT_SLOW_DISK | 1 << FAULT_PUBLISH_DELAY | 1 << FAULT_CPU, NULL);
        out = text_open(arena, 100);
        faults_write_kinds(faults, &out);
        check_text(out.at,
                   "[{\"name\":\"cpu\",\"about\":\"threads burn so many cores\",\"target\":[],"
                   "\"parameters\":[\"cores\"],\"rate\":false,\"harmful\":true},"
                   "{\"name\":\"slow-disk\",\"about\":\"commits take longer\",\"target\":[],"
                   "\"parameters\":[\"delay\",\"p50\",\"p99\"],\"rate\":true,\"harmful\":true},"
                   "{\"name\":\"publish-delay\",\"about\":\"events are published later\","
                   "\"target\":[\"eventType\",\"key\"],\"parameters\":[\"delay\",\"p50\",\"p99\"],"
                   "\"rate\":true,\"harmful\":false}]");
        end();
}

/* What a test of a daemon would say of its routes. */
static void nothing_has_this_path(void *arg, const struct fault *fault, struct text *why)
{
        (void)arg;
        if (fault->path && strcmp(fault->path, "/nowhere") == 0)
                text_printf(why, "nothing here is at %s", fault->path);
}

static void a_target_that_matches_nothing_is_said_in_the_answer(void)
{
        begin_with(ALL, nothing_has_this_path);
        add("{\"kind\":\"http-reset\",\"path\":\"/nowhere\"}");
        add("{\"kind\":\"http-reset\",\"path\":\"/orders\"}");
        check_contains(one(1), "\"injected\":0,\"warning\":\"nothing here is at /nowhere\"}");
        check(!strstr(one(2), "warning"));
        end();
}

/* The log of tests is stderr. */
static char *log_of(void (*tell)(void))
{
        FILE *file = tmpfile();
        int kept = dup(STDERR_FILENO);
        char *text = memory_alloc(4096);

        check(file != NULL);
        dup2(fileno(file), STDERR_FILENO);
        tell();
        dup2(kept, STDERR_FILENO);
        close(kept);
        rewind(file);
        check(fread(text, 1, 4095, file) > 0);
        fclose(file);
        return text;
}

static void begin_strike_and_end(void)
{
        add("{\"kind\":\"http-latency\",\"method\":\"GET\",\"path\":\"/nowhere\",\"rate\":1,"
            "\"p50\":\"1s\",\"p99\":\"2s\",\"duration\":\"1min\"}");
        strikes(FAULT_HTTP_LATENCY, "GET", "/nowhere");
        strikes(FAULT_HTTP_LATENCY, "GET", "/nowhere");
        faults_clear(faults);
}

static void its_begin_and_its_end_are_logged_with_all_that_it_is(void)
{
        char *said, *ended;

        begin_with(ALL, nothing_has_this_path);
        said = log_of(begin_strike_and_end);
        ended = strstr(said, "a fault ended");
        check(ended != NULL);
        for (const char *text = said; text; text = text == said ? ended : NULL) {
                check_contains(text, "http-latency");
                check_contains(text, "method=GET path=/nowhere");
                check_contains(text, "rate=1 p50=1000ms p99=2000ms duration=60000ms");
                check_contains(text, "nothing here is at /nowhere");
        }
        check_contains(said, "a fault begins");
        check_contains(ended, "fault.injected=2");
        check_contains(ended, "it was removed");
        check(strstr(said, "fault.injected") > ended);
        free(said);
        end();
}

/* ---- what it strikes ---- */

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

/* ---- how often, and by how much ---- */

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

/* ---- until when ---- */

static bool still_on(int64_t id)
{
        return faults_still(faults, id);
}

static void it_ends_by_itself_and_the_wall_clock_does_not_matter(void)
{
        int64_t deadline = clock_mono_us() + DEADLINE_US;

        begin();
        add("{\"kind\":\"http-reset\",\"duration\":\"1h\"}");
        clock_set_wall_ms(clock_wall_ms() + 7200000);
        faults_tick(faults);
        check(still_on(1) && strikes(FAULT_HTTP_RESET, "GET", "/"));
        clock_set_wall_ms(0);
        add("{\"kind\":\"not-ready\",\"duration\":\"100ms\"}");
        while (still_on(2) && clock_mono_us() < deadline)
                usleep(1000);
        check(!faults_strike(faults, FAULT_NOT_READY, NULL, NULL));
        check(still_on(1));
        faults_tick(faults);
        check(!faults_may(faults, FAULT_NOT_READY));
        check_contains(written(faults_write_ended), "\"reason\":\"its time is over\"");
        end();
}

static void what_is_over_is_no_longer_shown_nor_removed_before_any_tick(void)
{
        int64_t deadline = clock_mono_us() + DEADLINE_US;

        begin();
        add("{\"kind\":\"not-ready\",\"duration\":\"100ms\"}");
        while (still_on(1) && clock_mono_us() < deadline)
                usleep(1000);
        check(!faults_remove(faults, 1));
        check_text(written(faults_write), "[]");
        check_contains(written(faults_write_ended), "its time is over");
        end();
}

static void removal_ends_one_and_clear_all(void)
{
        begin();
        for (int i = 0; i < 3; i++)
                add("{\"kind\":\"http-reset\"}");
        check(!faults_remove(faults, 0) && !faults_remove(faults, -1) && !faults_remove(faults, 4));
        check(faults_remove(faults, 2));
        check(still_on(1) && !still_on(2) && still_on(3));
        check_int(faults_clear(faults), 2);
        check_int(faults_clear(faults), 0);
        check(!faults_may(faults, FAULT_HTTP_RESET));
        check(!strikes(FAULT_HTTP_RESET, "GET", "/"));
        check_int(add("{\"kind\":\"http-reset\"}"), 4); /* no id twice */
        end();
}

static void at_most_32_are_on_and_the_last_20_that_ended_are_remembered(void)
{
        const char *ended;

        begin();
        for (int i = 1; i <= 32; i++)
                check_int(add("{\"kind\":\"http-reset\"}"), i);
        check_int(add("{\"kind\":\"http-reset\"}"), 0);
        check_int(error.kind, ERROR_CONFLICT);
        check_text(error.text, "32 faults are on, which is the most");
        check(faults_remove(faults, 5));
        check_int(add("{\"kind\":\"http-reset\"}"), 33);
        check_int(faults_clear(faults), 32);
        ended = written(faults_write_ended);
        check_contains(ended, "[{\"id\":33,"); /* the newest first */
        check_contains(ended, "{\"id\":14,");
        check(!strstr(ended, "{\"id\":13,"));
        end();
}

/* ---- of the machine ---- */

static int burning(void)
{
        DIR *tasks = opendir("/proc/self/task");
        char path[300], name[20];
        int count = 0;

        for (struct dirent *task = readdir(tasks); task; task = readdir(tasks)) {
                FILE *file;

                snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
                file = fopen(path, "r");
                if (file && fgets(name, sizeof name, file))
                        count += strcmp(name, "fault-cpu\n") == 0;
                if (file)
                        fclose(file);
        }
        closedir(tasks);
        return count;
}

static int64_t resident(void)
{
        FILE *file = fopen("/proc/self/statm", "r");
        long long all = 0, pages = 0;

        check(file && fscanf(file, "%lld %lld", &all, &pages) == 2);
        fclose(file);
        return pages * sysconf(_SC_PAGESIZE);
}

static int64_t used_cpu_us(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void threads_burn_the_cores_and_end_with_the_fault(void)
{
        int64_t deadline = clock_mono_us() + DEADLINE_US, before = used_cpu_us();

        begin();
        add("{\"kind\":\"cpu\",\"cores\":1.5}");
        check_contains(one(1), "\"injected\":1");
        check_int((int64_t)counted("cpu"), 1);
        check_int(burning(), 2);
        while (used_cpu_us() < before + 300000 && clock_mono_us() < deadline)
                usleep(1000);
        check(used_cpu_us() >= before + 300000);
        check(faults_remove(faults, 1));
        check_int(burning(), 0);
        add("{\"kind\":\"cpu\",\"cores\":\"0.1\"}");
        check_int(burning(), 1);
        end();
        check_int(burning(), 0);
}

static void memory_is_held_until_the_fault_ends(void)
{
        int64_t before = resident();

        begin();
        check_int(add("{\"kind\":\"memory\",\"size\":\"64MiB\"}"), 1);
        check(resident() > before + 60 * MIB);
        check_contains(one(1), "\"size\":67108864");
        check_int((int64_t)counted("memory"), 1);
        check(faults_remove(faults, 1));
        check(resident() < before + 40 * MIB);
        end();
}

static void available(int mib)
{
        char path[500];
        FILE *file;

        snprintf(path, sizeof path, "%s/proc", check_directory());
        mkdir(path, 0700);
        snprintf(path, sizeof path, "%s/proc/meminfo", check_directory());
        file = fopen(path, "w");
        check(file != NULL);
        fprintf(file, "MemAvailable: %d kB\n", mib * 1024);
        fclose(file);
}

static void memory_that_would_have_the_process_killed_is_refused(void)
{
        struct faults_config config = {.kinds = ALL, .root = check_directory()};

        arena = arena_open();
        faults = faults_open(&config);
        available(47); /* 16 stay free */
        check_int(add("{\"kind\":\"memory\",\"size\":\"32MiB\"}"), 0);
        check_int(error.kind, ERROR_CONFLICT);
        check_text(error.text, "size is more than this process can take without being killed: 31 "
                               "MiB at most, now");
        check_text(written(faults_write), "[]");
        available(48);
        check_int(add("{\"kind\":\"memory\",\"size\":\"32MiB\"}"), 1);
        faults_close(&faults);
        arena_close(&arena);
}

/* ---- the document ---- */

static void write_members(struct text *out, unsigned members, unsigned which)
{
        size_t before = out->len;

        for (const struct fault_member_row *row = fault_member_rows; row->name; row++)
                if (row->member & members & which)
                        text_printf(out, "%s`%s`", out->len > before ? ", " : "", row->name);
        text_string(out, " | ");
}

static void the_table_of_the_document_has_each_kind(void)
{
        FILE *file = fopen("docs/faults.md", "r");
        char *document = memory_alloc(1 << 16);

        arena = arena_open();
        check(file && fread(document, 1, (1 << 16) - 1, file) > 0);
        fclose(file);
        for (int kind = 0; kind < FAULT_KINDS; kind++) {
                const struct fault_row *of = &fault_rows[kind];
                struct text row = text_open(arena, 200);

                text_printf(&row, "| `%s` | %s | ", of->name, of->about);
                write_members(&row, of->members, MEMBERS_OF_A_TARGET);
                write_members(&row, of->members, MEMBERS_NEEDED);
                text_printf(&row, "%s | %s |", of->members & MEMBER_RATE ? "yes" : "",
                            of->harmful ? "yes" : "");
                check_contains(document, row.at);
        }
        free(document);
        arena_close(&arena);
}

/* ---- many threads ---- */

static _Atomic int struck;

static void *strike_often(void *arg)
{
        (void)arg;
        for (int i = 0; i < 2000; i++) {
                struct injection got;

                if (faults_strike(faults, FAULT_HTTP_LATENCY,
                                  &(struct fault_place){.method = "GET", .path = "/orders/1"},
                                  &got)) {
                        faults_still(faults, got.fault);
                        struck++;
                }
        }
        return NULL;
}

static void *add_and_end(void *arg)
{
        struct arena *own = arena_open();
        struct error ignored;

        (void)arg;
        for (int i = 0; i < 200; i++) {
                static const char body[] = "{\"kind\":\"http-latency\",\"path\":\"/orders/{id}\","
                                           "\"delay\":\"1ms\",\"rate\":0.5}";
                const struct json *json = json_read(own, body, sizeof body - 1, &ignored);
                int64_t id = faults_add(faults, json, &ignored);
                struct text out = text_open(own, 1000);

                faults_write(faults, &out);
                faults_write_ended(faults, &out);
                faults_tick(faults);
                if (id && i % 2)
                        faults_remove(faults, id);
                if (i % 50 == 49)
                        faults_clear(faults);
        }
        arena_close(&own);
        return NULL;
}

static void run_threads(void)
{
        pthread_t threads[5];

        for (int i = 0; i < 5; i++)
                pthread_create(&threads[i], NULL, i < 3 ? strike_often : add_and_end, NULL);
        for (int i = 0; i < 5; i++)
                pthread_join(threads[i], NULL);
}

static void any_thread_may_strike_while_others_add_and_end(void)
{
        begin();
        struck = 0;
        add("{\"kind\":\"http-latency\",\"delay\":\"1ms\",\"rate\":0.5}");
        free(log_of(run_threads));
        check_int((int64_t)counted("http-latency"), struck);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(whatever_is_wrong_is_refused_by_name),
                STORY(a_rate_is_a_plain_number_above_0_at_most_1),
                STORY(the_kinds_of_a_service_fit_into_the_error_that_lists_them),
                STORY(a_text_has_at_most_256_bytes),
                STORY(a_fault_is_written_with_all_that_it_is),
                STORY(nothing_is_written_and_nothing_strikes_where_there_is_no_set),
                STORY(a_kind_is_written_as_the_console_wants_it),
                STORY(a_target_that_matches_nothing_is_said_in_the_answer),
                STORY(its_begin_and_its_end_are_logged_with_all_that_it_is),
                STORY(a_template_of_a_path_is_matched_segment_by_segment),
                STORY(only_the_target_is_struck_by_its_kind),
                STORY(probes_and_metrics_are_spared_unless_they_are_meant),
                STORY(a_probe_asks_without_a_place),
                STORY(it_strikes_at_its_rate),
                STORY(half_of_the_delays_are_below_p50_and_99_of_100_below_p99),
                STORY(it_ends_by_itself_and_the_wall_clock_does_not_matter),
                STORY(what_is_over_is_no_longer_shown_nor_removed_before_any_tick),
                STORY(removal_ends_one_and_clear_all),
                STORY(at_most_32_are_on_and_the_last_20_that_ended_are_remembered),
                STORY(threads_burn_the_cores_and_end_with_the_fault),
                STORY(memory_is_held_until_the_fault_ends),
                STORY(memory_that_would_have_the_process_killed_is_refused),
                STORY(the_table_of_the_document_has_each_kind),
                STORY(any_thread_may_strike_while_others_add_and_end),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
