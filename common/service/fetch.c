#include "service/fetch.h"

#include "base/thread.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        NAMES_S = 5, /* pods come and go */
        IDLE_S = 5,  /* the other side closes what is idle for longer */
        LIFE_S = 30, /* so that new replicas get their share */
        LOOK_MS = 1000,
};

_Static_assert(FETCH_WHY >= CURL_ERROR_SIZE, "room for what libcurl says");

struct fetcher {
        CURLM *multi; /* the thread's */
        int64_t timeout_ms;
        int most;
        pthread_t thread;
        pthread_mutex_t lock;       /* all below */
        struct fetch *first, **end; /* not yet begun */
        int under_way;
        bool closing;
};

/* ---- one fetch, on the fetcher's thread ---- */

static size_t take(char *data, size_t size, size_t count, void *arg)
{
        struct fetch *f = arg;

        if (f->body.len + size * count > FETCH_MOST)
                return 0; /* CURLE_WRITE_ERROR, then */
        text_add(&f->body, data, size * count);
        return size * count;
}

static struct curl_slist *with_field(const struct fetch *f, struct curl_slist *fields,
                                     const char *name, const char *value)
{
        return value ? curl_slist_append(fields, arena_printf(f->arena, "%s: %s", name, value))
                     : fields;
}

static struct curl_slist *fields_of(const struct fetch *f)
{
        const char *type = f->content_type ? f->content_type : "application/json";
        struct curl_slist *fields = with_field(f, NULL, "Accept", "application/json");

        fields = with_field(f, fields, "traceparent", f->traceparent);
        fields = with_field(f, fields, "Authorization", f->authorization);
        return with_field(f, fields, "Content-Type", f->sent ? type : NULL);
}

/* libcurl sends a request again if a kept connection was closed before any byte of an answer. What
   is no GET would then be done twice, hence it gets a connection of its own. */
static void prepare_change(CURL *easy, const struct fetch *f)
{
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        if (f->sent) {
                curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->sent_len);
                curl_easy_setopt(easy, CURLOPT_POSTFIELDS, f->sent);
        }
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, f->method);
}

static void prepare(const struct fetcher *fetcher, struct fetch *f)
{
        CURL *easy = f->easy = curl_easy_init();

        if (!easy)
                abort(); /* out of memory */
        f->body = text_open(f->arena, 500);
        f->why[0] = '\0';
        f->fields = fields_of(f);
        curl_easy_setopt(easy, CURLOPT_URL, f->url);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, f->fields);
        if (f->method)
                prepare_change(easy, f);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)fetcher->timeout_ms);
        curl_easy_setopt(easy, CURLOPT_QUICK_EXIT,
                         1L); /* else its end would wait for a name server that does not answer */
        curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)NAMES_S);
        curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_S);
        curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)LIFE_S);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, f);
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, f->why);
        curl_easy_setopt(easy, CURLOPT_PRIVATE, f);
}

static enum fetch_outcome outcome_of(CURLcode code)
{
        switch (code) {
        case CURLE_OK:
                return FETCH_ANSWERED;
        case CURLE_OPERATION_TIMEDOUT:
                return FETCH_LATE;
        case CURLE_WRITE_ERROR:
                return FETCH_TOO_LARGE;
        default:
                return FETCH_FAILED;
        }
}

static void finish(struct fetcher *fetcher, struct fetch *f, CURLcode code)
{
        long status = 0;

        curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
        f->status = (int)status;
        f->outcome = outcome_of(code);
        if (f->outcome == FETCH_TOO_LARGE)
                snprintf(f->why, sizeof f->why, "its answer has more than %d KiB",
                         FETCH_MOST >> 10);
        else if (code != CURLE_OK && !*f->why)
                strncat(f->why, curl_easy_strerror(code), sizeof f->why - 1);
        curl_multi_remove_handle(fetcher->multi, f->easy);
        curl_easy_cleanup(f->easy);
        curl_slist_free_all(f->fields);
        pthread_mutex_lock(&fetcher->lock);
        fetcher->under_way--;
        pthread_mutex_unlock(&fetcher->lock);
        f->done(f);
}

/* ---- all of them ---- */

static void begin_new(struct fetcher *fetcher)
{
        struct fetch *f, *next;

        pthread_mutex_lock(&fetcher->lock);
        f = fetcher->first;
        fetcher->first = NULL;
        fetcher->end = &fetcher->first;
        pthread_mutex_unlock(&fetcher->lock);
        for (; f; f = next) {
                next = f->next;
                prepare(fetcher, f);
                curl_multi_add_handle(fetcher->multi, f->easy);
        }
}

static void collect(struct fetcher *fetcher)
{
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(fetcher->multi, &left))) {
                CURLcode code = message->data.result;
                struct fetch *f = NULL;

                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &f);
                finish(fetcher, f, code);
        }
}

static bool is_over(struct fetcher *fetcher)
{
        bool over;

        pthread_mutex_lock(&fetcher->lock);
        over = fetcher->closing && !fetcher->under_way;
        pthread_mutex_unlock(&fetcher->lock);
        return over;
}

static void *run(void *arg)
{
        struct fetcher *fetcher = arg;
        int running;

        for (;;) {
                begin_new(fetcher);
                curl_multi_perform(fetcher->multi, &running);
                collect(fetcher);
                if (is_over(fetcher))
                        return NULL;
                curl_multi_poll(fetcher->multi, NULL, 0, LOOK_MS, NULL);
        }
}

struct fetcher *fetcher_open(int most, int64_t timeout_ms)
{
        struct fetcher *fetcher = memory_alloc(sizeof *fetcher);

        curl_global_init(CURL_GLOBAL_NOTHING); /* no TLS here */
        fetcher->multi = curl_multi_init();
        fetcher->timeout_ms = timeout_ms;
        fetcher->most = most;
        fetcher->end = &fetcher->first;
        pthread_mutex_init(&fetcher->lock, NULL);
        if (!fetcher->multi)
                abort(); /* out of memory */
        curl_multi_setopt(fetcher->multi, CURLMOPT_MAXCONNECTS, (long)most);
        fetcher->thread = thread_start("fetch", run, fetcher);
        return fetcher;
}

void fetcher_close(struct fetcher **at)
{
        struct fetcher *fetcher = *at;

        if (!fetcher)
                return;
        *at = NULL;
        pthread_mutex_lock(&fetcher->lock);
        fetcher->closing = true;
        pthread_mutex_unlock(&fetcher->lock);
        curl_multi_wakeup(fetcher->multi);
        pthread_join(fetcher->thread, NULL);
        curl_multi_cleanup(fetcher->multi);
        pthread_mutex_destroy(&fetcher->lock);
        free(fetcher);
}

bool fetch_start(struct fetcher *fetcher, struct fetch *f)
{
        bool taken;

        f->next = NULL;
        pthread_mutex_lock(&fetcher->lock);
        taken = fetcher->under_way < fetcher->most;
        if (taken) {
                fetcher->under_way++;
                *fetcher->end = f;
                fetcher->end = &f->next;
        }
        pthread_mutex_unlock(&fetcher->lock);
        if (taken)
                curl_multi_wakeup(fetcher->multi);
        return taken;
}

/* ---- URLs ---- */

static bool has_part(CURLU *url, CURLUPart part)
{
        char *text = NULL;
        bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;

        curl_free(text);
        return has;
}

bool fetch_base_is_right(const char *text)
{
        CURLU *url = curl_url();
        bool right = strncmp(text, "http://", 7) == 0 &&
                     curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                     !has_part(url, CURLUPART_QUERY) && !has_part(url, CURLUPART_FRAGMENT) &&
                     !has_part(url, CURLUPART_USER);

        curl_url_cleanup(url);
        return right;
}

const char *fetch_escape(struct arena *arena, const char *text)
{
        char *escaped = curl_easy_escape(NULL, text, (int)strlen(text));
        const char *kept = arena_string(arena, escaped ? escaped : "");

        curl_free(escaped);
        return kept;
}
