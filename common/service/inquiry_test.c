/* Things are asked about at another service: what it may answer, and what becomes of the thing. */
#include "service/inquiry.h"

#include "testing/fake_peer.h"
#include "testing/thing.h"

enum { PATIENCE_MS = 5000 };

/* ---- the question: are there so many of that name? ---- */

struct pile {
        struct row row;
        struct nullable_int height;
};

static const struct field pile_fields[] = {{"height", FIELD_INT32, offsetof(struct pile, height)},
                                           {NULL}};
static const struct shape pile_shape = {pile_fields, sizeof(struct pile)};

static const char *name_of(const void *row)
{
        return ((const struct thing *)row)->name;
}

static bool is_high_enough(const void *row, const void *found, struct error *error)
{
        const struct thing *t = row;
        const struct pile *p = found;

        if (!p || p->height.value >= t->qty.value)
                return true;
        return error_set(error, ERROR_CONFLICT, "only %lld", (long long)p->height.value);
}

static const struct inquiry_question question = {
        .name = "pile",
        .collection = "piles",
        .search = "findByName",
        .member = "name",
        .unasked = "no pile was seen",
        .answer = &pile_shape,
        .about = name_of,
        .allows = is_high_enough,
};

static const struct setting settings[] = {
        {"pile-url", SETTING_TEXT, NULL, NULL, NULL, "url"},
        {"pile-timeout", SETTING_DURATION, "5s", NULL, NULL, "timeout"},
        {"pile-failure", SETTING_CHOICE, "accept", NULL, NULL, "failure",
         .choices = "accept|refuse"},
        {"pile-pause", SETTING_DURATION, "1h", NULL, NULL, "pause"},
        {"pile-most", SETTING_NUMBER, "8", NULL, NULL, "most"},
        {NULL},
};

/* ---- who asks ---- */

static struct {
        struct arena *arena;
        struct metrics *metrics;
        struct config *config;
        struct admission *admission;
        pthread_mutex_t lock; /* the count of verdicts */
        pthread_cond_t more;
        int verdicts;
} asker = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

/* flags end with NULL; the URL is given already */
static void begin(const char *answer, const char *const *flags)
{
        char *argv[12] = {arena_string(asker.arena = arena_open(), "test")};
        struct error e = {0};
        int argc = 1;

        peer_open(answer, false);
        argv[argc++] = arena_printf(asker.arena, "--pile-url=http://127.0.0.1:%d/", peer.port);
        for (; *flags; flags++)
                argv[argc++] = arena_string(asker.arena, *flags);
        asker.config = config_open(settings, argc, argv, (char *[]){NULL}, &e);
        check_text(e.text, "");
        asker.metrics = metrics_open();
        asker.admission = inquiry_open(&question, asker.config, asker.metrics, &e);
        check_text(e.text, "");
        check(asker.admission != NULL);
        asker.verdicts = 0;
}

static void end(void)
{
        if (asker.admission)
                asker.admission->close(asker.admission);
        peer_close();
        metrics_close(&asker.metrics);
        config_close(&asker.config);
        arena_close(&asker.arena);
}

static void count_verdict(struct applicant *applicant)
{
        (void)applicant;
        pthread_mutex_lock(&asker.lock);
        asker.verdicts++;
        pthread_cond_signal(&asker.more);
        pthread_mutex_unlock(&asker.lock);
}

static void wait_for_verdicts(int count)
{
        struct timespec until = clock_after(PATIENCE_MS);
        int there;

        pthread_mutex_lock(&asker.lock);
        while (asker.verdicts < count &&
               pthread_cond_clockwait(&asker.more, &asker.lock, CLOCK_MONOTONIC, &until) == 0)
                ;
        there = asker.verdicts;
        pthread_mutex_unlock(&asker.lock);
        check_int(there, count);
}

static struct applicant *apply(const char *name, int64_t qty)
{
        struct arena *arena = arena_open();
        struct thing *t = arena_alloc(arena, sizeof *t);
        struct applicant *p = arena_alloc(arena, sizeof *p);

        *t = (struct thing){.name = name, .qty = {true, qty}};
        *p = (struct applicant){.row = t,
                                .arena = arena,
                                .traceparent =
                                        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                .done = count_verdict};
        asker.admission->ask(asker.admission, p);
        return p;
}

/* "accepted", or the status and why. */
static const char *verdict_on(struct applicant *p)
{
        const struct error *e = &p->verdict;
        const char *text = e->kind == ERROR_NONE ? "accepted"
                                                 : arena_printf(asker.arena, "%d %s",
                                                                error_status(e->kind), e->text);
        struct arena *arena = p->arena;

        arena_close(&arena);
        return text;
}

static const char *asked(const char *name, int64_t qty)
{
        int before = asker.verdicts;
        struct applicant *p = apply(name, qty);

        wait_for_verdicts(before + 1);
        return verdict_on(p);
}

static const char *answer_of(int status, const char *body)
{
        return arena_printf(asker.arena,
                            "HTTP/1.1 %d Whatever\r\nContent-Type: "
                            "application/hal+json\r\nContent-Length: %zu\r\n\r\n%s",
                            status, strlen(body), body);
}

static int64_t count_of(const char *outcome)
{
        static const struct metric_family family = {
                "mall_question_seconds", "", METRIC_HISTOGRAM, {"name", "outcome"}};

        return (int64_t)metric_value(
                metrics_series(asker.metrics, &family, (const char *[]){"pile", outcome}));
}

static const char *prometheus(void)
{
        struct text out = text_open(asker.arena, 4000);

        metrics_prometheus(asker.metrics, false, &out);
        return out.at;
}

#define ACCEPT                                                                                     \
        (const char *const[])                                                                      \
        {                                                                                          \
                NULL                                                                               \
        }
#define REFUSE                                                                                     \
        (const char *const[])                                                                      \
        {                                                                                          \
                "--pile-failure=refuse", NULL                                                      \
        }

/* ---- stories ---- */

static void what_the_other_says_decides(void)
{
        begin(NULL, REFUSE);
        peer_says(answer_of(200, "{\"name\":\"a\",\"height\":5,\"_links\":{\"self\":{\"href\":"
                                 "\"http://x/piles/1\"}}}"));
        check_text(asked("a", 5), "accepted");
        check_contains(peer_heard(), "GET /piles/search/findByName?name=a HTTP/1.1\r\n");
        check_contains(
                peer_heard(),
                "\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n");
        check_text(asked("a", 6), "409 only 5");
        peer_says(answer_of(200, "{\"height\":null}"));
        check_text(asked("TV & Radio", 1), "409 only 0");
        check_contains(peer_heard(), "?name=TV%20%26%20Radio HTTP/1.1\r\n");
        peer_says(answer_of(404, "{\"status\":404}"));
        check_text(asked("a", 6), "accepted"); /* as the question's table has it */
        check_int(count_of("allowed"), 2);
        check_int(count_of("refused"), 2);
        end();
}

static void without_a_name_nothing_is_asked(void)
{
        begin(NULL, REFUSE);
        check_text(asked(NULL, 5), "accepted");
        check_int(peer_requests(), 0);
        check_int(count_of("allowed"), 0);
        end();
}

/* What the peer says, and what is then said to the client under "refuse". */
static void what_is_no_answer_is_as_the_setting_says(void)
{
        static const struct {
                int status;
                const char *body, *why;
        } table[] = {
                {500, "{\"height\":5}", "it answered 500"},
                {503, "", "it answered 503"},
                {302, "", "it answered 302"},
                {204, "", "it answered 204"},
                {400, "{}", "it answered 400"},
                {200, "", "its answer makes no sense"},
                {200, "<html>", "its answer makes no sense"},
                {200, "[]", "its answer makes no sense"},
                {200, "null", "its answer makes no sense"},
                {200, "{}", "its answer makes no sense: height is missing"},
                {200, "{\"height\":\"high\"}",
                 "its answer makes no sense: height must be a whole number"},
                {200, "{\"height\":5} x", "its answer makes no sense"},
                {200, "{\"height\":99999999999}", "its answer makes no sense"},
        };
        static const char *const flags[][3] = {{"--pile-pause=0", NULL},
                                               {"--pile-pause=0", "--pile-failure=refuse", NULL}};

        for (int strict = 0; strict < 2; strict++) {
                begin(NULL, flags[strict]);
                for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
                        const char *verdict;

                        peer_says(answer_of(table[i].status, table[i].body));
                        verdict = asked("a", 1);
                        if (strict)
                                check_contains(verdict,
                                               arena_printf(asker.arena, "503 no pile was seen: %s",
                                                            table[i].why));
                        else
                                check_text(verdict, "accepted");
                }
                check_int(count_of("failed"), sizeof table / sizeof *table);
                check_int(peer_requests(), sizeof table / sizeof *table);
                end();
        }
}

static void who_is_away_or_slow_is_no_answer(void)
{
        static const char *const strict[] = {"--pile-failure=refuse", "--pile-timeout=100ms", NULL};
        int64_t began;

        begin(NULL, strict);
        began = clock_mono_us();
        check_text(asked("a", 1), "503 no pile was seen: no answer within 100 ms");
        check(clock_mono_us() - began < PATIENCE_MS * 1000 / 2);
        check_int(count_of("timeout"), 1);
        peer_close();
        check_contains(asked("a", 1), "503 no pile was seen: ");
        check_int(count_of("failed"), 1);
        peer_open(NULL, false); /* for end() */
        end();
}

static void no_more_than_so_many_wait(void)
{
        static const char *const flags[] = {"--pile-failure=refuse", "--pile-timeout=300ms",
                                            "--pile-most=2", NULL};
        struct applicant *first, *second;

        begin(NULL, flags);
        first = apply("a", 1);
        second = apply("a", 1);
        check_text(verdict_on(apply("a", 1)),
                   "503 no pile was seen: 2 questions wait for an answer already"); /* at once */
        check_int(count_of("full"), 1);
        wait_for_verdicts(3);
        check_contains(verdict_on(first), "no answer within");
        check_contains(verdict_on(second), "no answer within");
        end();
}

static void the_breaker_opens_and_closes(void)
{
        static const char *const flags[] = {"--pile-failure=refuse", "--pile-pause=300ms", NULL};
        int64_t opened, deadline = clock_mono_us() + PATIENCE_MS * 1000;

        begin(NULL, flags);
        peer_says(answer_of(500, ""));
        for (int i = 0; i < 10; i++)
                check_text(asked("a", 1), "503 no pile was seen: it answered 500");
        opened = clock_mono_us();
        check_contains(prometheus(), "mall_breaker_state{name=\"pile\",state=\"open\"} 1\n");
        peer_says(answer_of(200, "{\"height\":5}"));
        check_contains(verdict_on(apply("a", 1)), "none is asked for a while"); /* at once */
        check_int(count_of("open"), 1);
        check_int(peer_requests(), 10);
        while (strcmp(asked("a", 1), "accepted") != 0 && clock_mono_us() < deadline)
                usleep(1000);
        check(clock_mono_us() - opened >= 290 * 1000);
        check_contains(prometheus(), "mall_breaker_state{name=\"pile\",state=\"half_open\"} 1\n");
        check_text(asked("a", 1), "accepted");
        check_text(asked("a", 6), "409 only 5"); /* an answer is an answer */
        check_contains(prometheus(), "mall_breaker_state{name=\"pile\",state=\"closed\"} 1\n");
        check_contains(prometheus(), "mall_breaker_state{name=\"pile\",state=\"open\"} 0\n");
        check_int(peer_requests(), 13);
        end();
}

static void with_the_breaker_open_it_is_accepted_if_so_set(void)
{
        begin(NULL, ACCEPT);
        peer_says(answer_of(500, ""));
        for (int i = 0; i < 15; i++)
                check_text(asked("a", 1), "accepted");
        check_int(peer_requests(), 10);
        check_int(count_of("open"), 5);
        end();
}

static void what_it_refuses_of_ours_opens_no_breaker(void)
{
        begin(NULL, ACCEPT);
        peer_says(answer_of(414, ""));
        for (int i = 0; i < 30; i++)
                check_text(asked("a", 1), "accepted");
        check_int(peer_requests(), 30);
        end();
}

static const char *of_length(char with, size_t len)
{
        char *name = arena_room(asker.arena, len + 1);

        memset(name, with, len);
        name[len] = '\0';
        return name;
}

/* A client's text must not keep other rows from being asked about, neither by its length nor by its
   length when escaped. */
static void what_fits_no_target_is_a_name_that_nobody_has(void)
{
        begin(NULL, REFUSE);
        peer_says(answer_of(200, "{\"height\":5}"));
        for (int i = 0; i < 15; i++)
                check_text(asked(of_length('%', 900000), 6), "accepted"); /* as with a 404 */
        check_text(asked(of_length('x', 8192), 6), "accepted");
        check_text(asked(of_length('%', 2800), 6), "accepted");
        check_int(peer_requests(), 0);
        check_int(count_of("allowed") + count_of("failed") + count_of("open"), 0);
        check_text(asked(of_length('x', 3000), 6), "409 only 5");
        end();
}

/* A pile with a long name must not keep other rows from being asked about either. */
static void an_answer_that_is_too_large_opens_no_breaker(void)
{
        begin(NULL, REFUSE);
        peer_says(answer_of(200, arena_printf(asker.arena, "{\"height\":5,\"name\":\"%s\"}",
                                              of_length('x', 300000))));
        for (int i = 0; i < 15; i++)
                check_contains(asked("a", 1),
                               "503 no pile was seen: its answer is larger than 262144 bytes");
        end();
}

static void unset_it_is_off_and_a_wrong_url_is_an_error(void)
{
        struct error e = {0};
        char *argv[] = {NULL};

        asker.config = config_open(settings, 0, argv, argv, &e);
        check(inquiry_open(&question, asker.config, NULL, &e) == NULL);
        check_int(e.kind, ERROR_NONE);
        config_close(&asker.config);
        asker.config = config_open(settings, 0, argv,
                                   (char *[]){(char[]){"MALL_PILE_URL=product:8080"}, NULL}, &e);
        check(asker.config != NULL);
        check(inquiry_open(&question, asker.config, NULL, &e) == NULL);
        check_int(e.kind, ERROR_BAD_INPUT);
        check_contains(e.text, "pile-url");
        check_contains(e.text, "product:8080");
        config_close(&asker.config);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_the_other_says_decides),
                STORY(without_a_name_nothing_is_asked),
                STORY(what_is_no_answer_is_as_the_setting_says),
                STORY(who_is_away_or_slow_is_no_answer),
                STORY(no_more_than_so_many_wait),
                STORY(the_breaker_opens_and_closes),
                STORY(with_the_breaker_open_it_is_accepted_if_so_set),
                STORY(what_it_refuses_of_ours_opens_no_breaker),
                STORY(what_fits_no_target_is_a_name_that_nobody_has),
                STORY(an_answer_that_is_too_large_opens_no_breaker),
                STORY(unset_it_is_off_and_a_wrong_url_is_an_error),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
