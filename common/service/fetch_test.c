#include "service/fetch.h"

#include "testing/fake_peer.h"

#include <netdb.h>
#include <semaphore.h>

enum { PATIENCE_MS = 5000, QUICK_MS = 150 };

/* ---- a name server that is stuck ---- */

static pthread_mutex_t names = PTHREAD_MUTEX_INITIALIZER; /* held: nothing is resolved */

/* libcurl's, on a thread of its own. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
        (void)node, (void)service, (void)hints, (void)result;
        pthread_mutex_lock(&names);
        pthread_mutex_unlock(&names);
        return EAI_AGAIN;
}

/* ---- one fetch at a time ---- */

static struct fetcher *fetcher;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* the count of what is done */
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static int done_count;

static void note_done(struct fetch *f)
{
        (void)f;
        pthread_mutex_lock(&lock);
        done_count++;
        pthread_cond_signal(&more);
        pthread_mutex_unlock(&lock);
}

static void wait_until_done(int count)
{
        struct timespec end = clock_after(PATIENCE_MS);
        int done;

        pthread_mutex_lock(&lock);
        while (done_count < count &&
               pthread_cond_clockwait(&more, &lock, CLOCK_MONOTONIC, &end) == 0)
                ;
        done = done_count;
        pthread_mutex_unlock(&lock);
        check_int(done, count);
}

static void begin(int most, int64_t timeout_ms, const char *answer, bool hangs_up)
{
        done_count = 0;
        peer_open(answer, hangs_up);
        fetcher = fetcher_open(most, timeout_ms);
}

static void end(void)
{
        fetcher_close(&fetcher);
        peer_close();
}

static struct fetch fetch_of(const char *host_and_port, const char *path)
{
        struct arena *arena = arena_open();

        return (struct fetch){.url = arena_printf(arena, "http://%s%s", host_and_port, path),
                              .arena = arena,
                              .done = note_done};
}

static const char *peer_place(void)
{
        static char place[40];

        snprintf(place, sizeof place, "127.0.0.1:%d", peer.port);
        return place;
}

/* "200 body", "failed", "late" */
static const char *outcome_of(struct fetch *f)
{
        static char text[FETCH_MOST + 100];

        if (f->outcome == FETCH_ANSWERED)
                snprintf(text, sizeof text, "%d %s", f->status, f->body.at);
        else
                strcpy(text, f->outcome == FETCH_LATE ? "late" : "failed");
        if (f->outcome == FETCH_TOO_LARGE)
                check_contains(f->why, "its answer has more than 256 KiB");
        else if (f->outcome == FETCH_FAILED)
                check(*f->why);
        arena_close(&f->arena);
        return text;
}

static const char *get(const char *place, const char *path)
{
        struct fetch f = fetch_of(place, path);
        int before = done_count;

        f.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        check(fetch_start(fetcher, &f));
        wait_until_done(before + 1);
        return outcome_of(&f);
}

static void an_answer_comes_with_its_status_and_body(void)
{
        begin(4, PATIENCE_MS, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false);
        check_text(get(peer_place(), "/a?b=c%20d"), "200 hello");
        check_contains(peer_heard(), "GET /a?b=c%20d HTTP/1.1\r\n");
        check_contains(peer_heard(), "\r\nAccept: application/json\r\n");
        check_contains(
                peer_heard(),
                "\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n");
        peer_says("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno");
        check_text(get(peer_place(), "/"), "503 no");
        peer_says("HTTP/1.1 307 Temporary Redirect\r\nLocation: "
                  "http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        check_text(get(peer_place(), "/"), "307 ");
        end();
        check_int(peer.connections, 1); /* kept */
}

static struct fetch change_of(const char *method, const char *sent)
{
        struct fetch f = fetch_of(peer_place(), "/faults");

        f.method = method;
        f.sent = sent;
        f.sent_len = sent ? strlen(sent) : 0;
        f.authorization = "Bearer abc";
        return f;
}

static const char *change(const char *method, const char *sent)
{
        struct fetch f = change_of(method, sent);
        int before = done_count;

        check(fetch_start(fetcher, &f));
        wait_until_done(before + 1);
        return outcome_of(&f);
}

static void a_change_has_a_method_a_body_and_who_asks(void)
{
        begin(4, PATIENCE_MS, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}", false);
        check_text(change("POST", "{\"kind\":\"cpu\"}"), "201 {}");
        check_contains(peer_heard(), "POST /faults HTTP/1.1\r\n");
        check_contains(peer_heard(), "\r\nContent-Type: application/json\r\n");
        check_contains(peer_heard(), "\r\nContent-Length: 14\r\n");
        check_contains(peer_heard(), "\r\nAuthorization: Bearer abc\r\n");
        check_contains(peer_heard(), "\r\n\r\n{\"kind\":\"cpu\"}");
        check(!strstr(peer_heard(), "Expect:"));
        check_text(change("DELETE", NULL), "201 {}");
        check_contains(peer_heard(), "DELETE /faults HTTP/1.1\r\n");
        check(!strstr(peer_heard(), "Content-Type:") && !strstr(peer_heard(), "Content-Length:"));
        peer_says("HTTP/1.1 307 Temporary Redirect\r\nLocation: "
                  "http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        check_text(change("POST", "{}"), "307 ");
        end();
}

/* A peer that takes the request and closes without a byte, on a connection that it had answered on
   before: it may have done what was asked. */
static const char *answers_once(const char *request)
{
        return strncmp(request, "GET", 3) == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
                                               : "";
}

static void a_change_is_never_made_twice(void)
{
        peer.answer_to = answers_once;
        begin(4, PATIENCE_MS, NULL, false);
        check_text(get(peer_place(), "/"), "200 {}");
        check_int(peer_requests(), 1);
        check_text(change("POST", "{}"), "failed");
        check_int(peer_requests(), 2);
        end();
        peer.answer_to = NULL;
}

static void what_is_no_answer_failed(void)
{
        static const char *const nonsense[] = {
                "\r\n\r\n",
                "hello\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                ""};

        begin(4, PATIENCE_MS, NULL, true);
        for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
                peer_says(nonsense[i]);
                check_text(get(peer_place(), "/"), "failed");
        }
        end();
        fetcher = fetcher_open(1, PATIENCE_MS);
        done_count = 0;
        check_text(get(peer_place(), "/"), "failed"); /* nobody is there any more */
        fetcher_close(&fetcher);
}

static void an_endless_answer_failed(void)
{
        static char body[FETCH_MOST + 200];
        int head = snprintf(body, sizeof body, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");

        memset(body + head, 'x', FETCH_MOST + 1);
        begin(1, PATIENCE_MS, body, true);
        check_text(get(peer_place(), "/"), "failed");
        peer_says(""); /* nothing reads the text meanwhile */
        body[head + FETCH_MOST] = '\0';
        peer_says(body);
        check_int((int64_t)strlen(get(peer_place(), "/")), FETCH_MOST + 4);
        end();
}

static void who_says_nothing_is_late(void)
{
        int64_t began = clock_mono_us();

        begin(1, QUICK_MS, NULL, false);
        check_text(get(peer_place(), "/"), "late");
        check(clock_mono_us() - began >= QUICK_MS * 1000 &&
              clock_mono_us() - began < PATIENCE_MS * 1000 / 2);
        peer_says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
        check_text(get(peer_place(), "/"), "late"); /* the deadline is for all of it */
        end();
}

static void a_name_server_that_is_stuck_delays_nobody(void)
{
        int64_t began;

        begin(4, QUICK_MS, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false);
        pthread_mutex_lock(&names);
        began = clock_mono_us();
        check_text(get("stuck.test", "/"), "late");
        check_text(get(peer_place(), "/"), "200 ");
        fetcher_close(&fetcher);
        check(clock_mono_us() - began < PATIENCE_MS * 1000 / 2);
        pthread_mutex_unlock(&names);
        peer_close();
}

static void no_more_than_so_many_at_a_time(void)
{
        struct fetch first, second, third;

        begin(2, QUICK_MS, NULL, false);
        first = fetch_of(peer_place(), "/1");
        second = fetch_of(peer_place(), "/2");
        third = fetch_of(peer_place(), "/3");
        check(fetch_start(fetcher, &first) && fetch_start(fetcher, &second));
        check(!fetch_start(fetcher, &third));
        wait_until_done(2);
        check_text(outcome_of(&first), "late");
        check_text(outcome_of(&second), "late");
        check(fetch_start(fetcher, &third));
        fetcher_close(&fetcher); /* waits for it */
        check_int(done_count, 3);
        check_text(outcome_of(&third), "late");
        peer_close();
}

enum { THREADS = 4, EACH = 25 };

static void *fetch_each(void *arg)
{
        struct fetch *fetches = arg;

        for (int i = 0; i < EACH; i++)
                if (!fetch_start(fetcher, &fetches[i]))
                        fetches[i].status = -1;
        return NULL;
}

static void threads_share_a_fetcher(void)
{
        static struct fetch fetches[THREADS][EACH];
        pthread_t threads[THREADS];

        begin(THREADS * EACH, PATIENCE_MS,
              "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", true);
        for (int t = 0; t < THREADS; t++) {
                for (int i = 0; i < EACH; i++)
                        fetches[t][i] = fetch_of(peer_place(), "/");
                check(pthread_create(&threads[t], NULL, fetch_each, fetches[t]) == 0);
        }
        for (int t = 0; t < THREADS; t++)
                pthread_join(threads[t], NULL);
        wait_until_done(THREADS * EACH);
        for (int t = 0; t < THREADS; t++)
                for (int i = 0; i < EACH; i++)
                        check_text(outcome_of(&fetches[t][i]), "200 hello");
        end();
}

static void a_base_is_http_and_a_host(void)
{
        static const char *const right[] = {"http://product", "http://product:8080",
                                            "http://product:8080/", "http://[::1]:8083",
                                            "http://mesh/product"},
                                 *const wrong[] = {"",
                                                   "product",
                                                   "product:8080",
                                                   "https://product",
                                                   "ftp://product",
                                                   "file:///etc/passwd",
                                                   "http://",
                                                   "http://a:99999",
                                                   "http://a?b=c",
                                                   "http://a#b",
                                                   "http://user@a",
                                                   "http://a b"};

        for (size_t i = 0; i < sizeof right / sizeof *right; i++)
                check_text(fetch_base_is_right(right[i]) ? right[i] : "wrong", right[i]);
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                check_text(fetch_base_is_right(wrong[i]) ? "right" : wrong[i], wrong[i]);
}

static void a_value_is_escaped(void)
{
        struct arena *arena = arena_open();

        check_text(fetch_escape(arena, "1001"), "1001");
        check_text(fetch_escape(arena, "a&b=c d/e?#%+\r\n"), "a%26b%3Dc%20d%2Fe%3F%23%25%2B%0D%0A");
        check_text(fetch_escape(arena, "\xed\x95\x9c"), "%ED%95%9C");
        check_text(fetch_escape(arena, ""), "");
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_answer_comes_with_its_status_and_body),
                STORY(a_change_has_a_method_a_body_and_who_asks),
                STORY(a_change_is_never_made_twice),
                STORY(what_is_no_answer_failed),
                STORY(an_endless_answer_failed),
                STORY(who_says_nothing_is_late),
                STORY(a_name_server_that_is_stuck_delays_nobody),
                STORY(no_more_than_so_many_at_a_time),
                STORY(threads_share_a_fetcher),
                STORY(a_base_is_http_and_a_host),
                STORY(a_value_is_escaped),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
