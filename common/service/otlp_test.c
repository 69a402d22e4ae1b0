/* The exporter before a collector of the same process. */
#include "service/otlp.h"

#include "base/span.h"
#include "base/span_queue.h"
#include "service/document.h"
#include "testing/conversation.h"
#include "testing/overheard.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <zlib.h>

enum { ROOM = 1 << 20, MOST_ANSWERS = 8 };

/* ---- the collector ---- */

struct reply {
        int status;
        const char *retry_after, *body;
        bool endless;
};

static struct {
        pthread_mutex_t lock;
        struct http_server *server;
        struct reply replies[MOST_ANSWERS]; /* one after the other; then 200 */
        int requests, spans;                /* spans of those that were taken */
        char last[ROOM], key[64], type[64];
        bool packed;
        int64_t came_us[MOST_ANSWERS];
} collector = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void unpack(const struct http_request *r)
{
        z_stream z = {0};

        check(inflateInit2(&z, 15 + 16) == Z_OK);
        z.next_in = (unsigned char *)(uintptr_t)r->body;
        z.avail_in = (unsigned)r->body_len;
        z.next_out = (unsigned char *)collector.last;
        z.avail_out = ROOM - 1;
        check(inflate(&z, Z_FINISH) == Z_STREAM_END);
        collector.last[z.total_out] = '\0';
        inflateEnd(&z);
}

static int spans_in(const char *document)
{
        int count = 0;

        while ((document = strstr(document, "\"spanId\""))) {
                count++;
                document++;
        }
        return count;
}

static void note(struct http_request *r)
{
        collector.packed = strcmp(http_header(r, "Content-Encoding"), "gzip") == 0;
        snprintf(collector.key, sizeof collector.key, "%s", http_header(r, "Api-Key"));
        snprintf(collector.type, sizeof collector.type, "%s", http_header(r, "Content-Type"));
        if (collector.packed)
                unpack(r);
        else
                snprintf(collector.last, ROOM, "%s", r->body);
}

static long pour(struct http_request *r, char *to, size_t room)
{
        (void)r;
        memset(to, ' ', room);
        return (long)room;
}

static enum http_result collect(struct http_request *r, void *arg)
{
        struct reply *reply;
        struct text body = text_open(r->arena, 100);

        (void)arg;
        r->untraced = true;
        pthread_mutex_lock(&collector.lock);
        reply = &collector.replies[collector.requests % MOST_ANSWERS];
        collector.came_us[collector.requests % MOST_ANSWERS] = clock_mono_us();
        collector.requests++;
        note(r);
        if (!reply->status || reply->status == 200)
                collector.spans += spans_in(collector.last);
        pthread_mutex_unlock(&collector.lock);
        text_string(&body, reply->body ? reply->body : "{\"partialSuccess\":{}}");
        if (reply->retry_after)
                http_answer_header(r, "Retry-After", reply->retry_after);
        http_answer_body(r, reply->status ? reply->status : 200, "application/json", &body);
        if (reply->endless) {
                r->answer.body = NULL;
                r->answer.pull = pour;
                r->answer.pull_len = -1;
        }
        return HTTP_ANSWERED;
}

static int collected(const int *what)
{
        int count;

        pthread_mutex_lock(&collector.lock);
        count = *what;
        pthread_mutex_unlock(&collector.lock);
        return count;
}

static void await(const int *what, int count)
{
        for (int i = 0; i < 2000 && collected(what) < count; i++)
                usleep(5000);
        check_int(collected(what), count);
}

/* ---- the exporter ---- */

static const struct otlp_pair headers[] = {{"api-key", "secret"}, {0}};
static const struct otlp_pair resource[] = {{"service.name", "order"}, {0}};

static struct otlp_settings settings;
static struct metrics *metrics;
static struct otlp *otlp;
static struct arena *arena;
static char url[100];

/* port 0: the collector's own */
static void begin(int port, const struct reply *replies, int count)
{
        struct http_config config = config_of_test((struct http_handler){.handle = collect});

        overhear();
        document_init();
        config.max_body = ROOM;
        memset(collector.replies, 0, sizeof collector.replies);
        if (count)
                memcpy(collector.replies, replies, (size_t)count * sizeof *replies);
        collector.requests = collector.spans = 0;
        collector.server = server_of_test(&config);
        snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/traces",
                 port ? port : http_server_port(collector.server));
        settings = (struct otlp_settings){
                .url = url,
                .headers = headers,
                .resource = resource,
                .timeout_ms = 5000,
                .sampler = TRACE_ALWAYS_ON,
                .ratio = 1,
                .delay_ms = 20,
                .queue_most = 10,
                .batch_most = 5,
                .export_ms = 10000,
                .backoff_ms = 20,
        };
        metrics = metrics_open();
        arena = arena_open();
}

static void start(void)
{
        otlp = otlp_open(&settings, metrics);
}

static void end(void)
{
        otlp_close(&otlp, 5000);
        http_server_close(&collector.server, 5000);
        metrics_close(&metrics);
        arena_close(&arena);
        overhear_no_more();
}

static void record(int count)
{
        struct trace trace;

        while (count--) {
                trace_continue(&trace, NULL);
                span_end(span_begin(arena, &trace, SPAN_INTERNAL, "commit", 0), 0);
        }
}

/* -1: there is no such series. */
static int counted(const char *series)
{
        struct text out = text_open(arena, 0);
        const char *sample = arena_printf(arena, "\n%s ", series), *at;

        metrics_prometheus(metrics, false, &out);
        at = strstr(out.at, sample);
        return at ? atoi(at + strlen(sample)) : -1;
}

static void await_counted(const char *series, int count)
{
        for (int i = 0; i < 2000 && counted(series) < count; i++)
                usleep(5000);
        check_int(counted(series), count);
}

#define DROPPED(reason) "mall_spans_dropped_total{reason=\"" reason "\"}"

/* ---- stories ---- */

static void spans_come_to_the_collector_in_batches(void)
{
        begin(0, NULL, 0);
        settings.delay_ms = 60000; /* five of them are enough */
        start();
        record(5);
        await(&collector.spans, 5);
        check_int(collected(&collector.requests), 1);
        check_text(collector.key, "secret");
        check_text(collector.type, "application/json");
        check(!collector.packed);
        check_contains(collector.last, "\"order\"");
        await_counted("mall_spans_exported_total", 5);
        end();
}

static void few_spans_wait_no_longer_than_the_delay(void)
{
        begin(0, NULL, 0);
        start();
        record(1);
        await(&collector.spans, 1);
        end();
}

static void what_is_left_is_sent_at_the_end(void)
{
        begin(0, NULL, 0);
        settings.delay_ms = 60000;
        settings.batch_most = 4;
        start();
        record(4);
        await(&collector.spans, 4);
        record(3);
        otlp_close(&otlp, 5000);
        check_int(collected(&collector.spans), 7);
        check(!span_is_on());
        end();
}

static void documents_are_packed_if_that_is_asked_for(void)
{
        begin(0, NULL, 0);
        settings.gzip = true;
        start();
        record(2);
        await(&collector.spans, 2);
        check(collector.packed);
        end();
}

static void what_may_be_sent_again_is(void)
{
        static const struct reply replies[] = {{429}, {502}, {503}, {504}};

        begin(0, replies, 4);
        start();
        record(1);
        await(&collector.spans, 1);
        check_int(collected(&collector.requests), 5);
        await_counted("mall_spans_exported_total", 1);
        check_int(overheard("traces cannot be exported"), 1);
        check_int(overheard("traces are exported again"), 1);
        check_int(overheard("secret"), 0);
        end();
}

static void what_is_refused_is_not_sent_again(void)
{
        static const struct reply replies[] = {{400}, {500}, {301}};

        begin(0, replies, 3);
        start();
        for (int i = 1; i <= 3; i++) {
                record(1);
                await_counted(DROPPED("refused"), i);
        }
        record(1);
        await(&collector.spans, 1);
        check_int(collected(&collector.requests), 4);
        check_int(overheard("traces cannot be exported"), 1);
        end();
}

static void the_collector_says_when(void)
{
        static const struct reply replies[] = {{503, .retry_after = "1"}};

        begin(0, replies, 1);
        settings.backoff_ms = 1;
        start();
        record(1);
        await(&collector.spans, 1);
        check(collector.came_us[1] - collector.came_us[0] >= 990000);
        end();
}

static void a_collector_that_wants_it_at_once_is_not_pressed(void)
{
        static const struct reply replies[] = {
                {503, .retry_after = "0"},
                {503, .retry_after = "-5"},
                {503, .retry_after = "Sun, 06 Nov 1994 08:49:37 GMT"}};

        begin(0, replies, 3);
        settings.backoff_ms = 200;
        start();
        record(1);
        await(&collector.spans, 1);
        for (int i = 0; i < 3; i++)
                check(collector.came_us[i + 1] - collector.came_us[i] >= 99000);
        end();
}

static void the_status_of_an_endless_answer_counts(void)
{
        static const struct reply replies[] = {{200, .endless = true}};

        begin(0, replies, 1);
        settings.timeout_ms = 60000;
        start();
        record(1);
        await_counted("mall_spans_exported_total", 1);
        check_int(collected(&collector.requests), 1);
        end();
}

static void the_collector_says_a_date(void)
{
        static const struct reply replies[] = {
                {429, .retry_after = "Sun, 22 Nov 2026 14:48:44 GMT"}};

        begin(0, replies, 1);
        clock_set_wall_ms(1795358923000); /* a second before */
        settings.backoff_ms = 1;
        start();
        record(1);
        await(&collector.spans, 1);
        check(collector.came_us[1] - collector.came_us[0] >= 990000);
        clock_set_wall_ms(0);
        end();
}

static void spans_that_the_collector_rejects_are_counted(void)
{
        static const struct reply replies[] = {
                {200, .body = "{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":"
                              "\"too old\"}}"},
                {200, .body = "{\"partialSuccess\":{\"rejectedSpans\":1}}"},
        };

        begin(0, replies, 2);
        settings.delay_ms = 60000;
        start();
        record(5);
        await_counted(DROPPED("rejected"), 2);
        check_int(counted("mall_spans_exported_total"), 3);
        check_int(overheard("too old"), 1);
        record(5);
        await_counted(DROPPED("rejected"), 3);
        end();
}

static void a_batch_is_tried_for_so_long_and_not_for_ever(void)
{
        static const struct reply replies[MOST_ANSWERS] = {{503}, {503}, {503}, {503},
                                                           {503}, {503}, {503}, {503}};

        begin(0, replies, MOST_ANSWERS);
        settings.export_ms = 1;
        start();
        record(2);
        await_counted(DROPPED("failed"), 2);
        end();
}

/* It accepts and never answers. */
static void a_collector_that_hangs_holds_nobody_up(void)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof at;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int64_t before;

        check(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 8) == 0 &&
              getsockname(fd, (struct sockaddr *)&at, &len) == 0);
        begin(ntohs(at.sin_port), NULL, 0);
        settings.timeout_ms = 60000;
        start();
        record(5);
        for (int i = 0; i < 2000 && counted(DROPPED("queue_full")) < 1; i++) {
                record(1);
                usleep(1000);
        }
        check(counted(DROPPED("queue_full")) > 0); /* and ten wait, no more */
        before = clock_mono_us();
        otlp_close(&otlp, 100);
        check(clock_mono_us() - before < 5000000);
        check_int(counted(DROPPED("shutdown")), 10);
        check_int(counted(DROPPED("failed")), 5);
        close(fd);
        end();
}

/* The collector's name is not resolved while it is held. */
static pthread_mutex_t names = PTHREAD_MUTEX_INITIALIZER;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
        int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
                (int (*)(const char *, const char *, const struct addrinfo *,
                         struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");

        if (!node || strcmp(node, "collector.test") != 0)
                return real(node, service, hints, result);
        pthread_mutex_lock(&names);
        pthread_mutex_unlock(&names);
        return EAI_AGAIN;
}

static void a_name_server_that_is_stuck_holds_up_no_end(void)
{
        int64_t before;

        pthread_mutex_lock(&names);
        begin(0, NULL, 0);
        settings.url = "http://collector.test:4318/v1/traces";
        settings.timeout_ms = 60000;
        start();
        record(5);
        usleep(50000); /* into the look-up */
        before = clock_mono_us();
        otlp_close(&otlp, 100);
        check(clock_mono_us() - before < 5000000);
        check_int(counted(DROPPED("failed")), 5);
        pthread_mutex_unlock(&names);
        end();
}

static void a_collector_that_is_away_may_come_back(void)
{
        struct http_config config = config_of_test((struct http_handler){.handle = collect});

        begin(0, NULL, 0);
        config.port = http_server_port(collector.server);
        http_server_close(&collector.server, 1000);
        start();
        record(1);
        for (int i = 0; i < 2000 && !overheard("traces cannot be exported"); i++)
                usleep(1000);
        collector.server = server_of_test(&config);
        await(&collector.spans, 1);
        end();
}

static void without_an_address_there_is_no_exporter(void)
{
        begin(0, NULL, 0);
        settings.url = NULL;
        start();
        check(!otlp && !span_is_on());
        check_int(counted("mall_spans_exported_total"), -1);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(spans_come_to_the_collector_in_batches),
                STORY(few_spans_wait_no_longer_than_the_delay),
                STORY(what_is_left_is_sent_at_the_end),
                STORY(documents_are_packed_if_that_is_asked_for),
                STORY(what_may_be_sent_again_is),
                STORY(what_is_refused_is_not_sent_again),
                STORY(the_collector_says_when),
                STORY(a_collector_that_wants_it_at_once_is_not_pressed),
                STORY(the_status_of_an_endless_answer_counts),
                STORY(the_collector_says_a_date),
                STORY(spans_that_the_collector_rejects_are_counted),
                STORY(a_batch_is_tried_for_so_long_and_not_for_ever),
                STORY(a_collector_that_hangs_holds_nobody_up),
                STORY(a_name_server_that_is_stuck_holds_up_no_end),
                STORY(a_collector_that_is_away_may_come_back),
                STORY(without_an_address_there_is_no_exporter),
                {NULL, NULL},
        };

        signal(SIGPIPE, SIG_IGN);
        return check_main(stories, argc, argv);
}
