#include "mallctl/up_ready.h"

#include "base/arena.h"
#include "base/clock.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { AGAIN_MS = 20, ANSWER_MS = 1000, READY = 200 };

struct asked {
        CURL *easy;
        bool under_way, is_ready;
        int64_t next_us; /* when to ask again */
};

struct up_ready {
        CURLM *multi;
        size_t count;
        struct asked asked[];
};

static size_t ignore(char *bytes, size_t size, size_t count, void *arg)
{
        (void)bytes;
        (void)arg;
        return size * count;
}

static CURL *easy_open(const char *base)
{
        CURL *easy = curl_easy_init();
        char url[300];

        if (!easy)
                abort(); /* no memory */
        snprintf(url, sizeof url, "%s/actuator/health/readiness", base);
        curl_easy_setopt(easy, CURLOPT_URL, url);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
        return easy;
}

struct up_ready *up_ready_open(const char *const *bases, size_t count)
{
        struct up_ready *r = memory_alloc(sizeof *r + count * sizeof *r->asked);

        r->multi = curl_multi_init();
        if (!r->multi)
                abort(); /* no memory */
        r->count = count;
        for (size_t i = 0; i < count; i++) {
                r->asked[i].easy = easy_open(bases[i]);
                curl_easy_setopt(r->asked[i].easy, CURLOPT_PRIVATE, &r->asked[i]);
        }
        return r;
}

static void let_go(struct up_ready *r, struct asked *a)
{
        if (a->under_way)
                curl_multi_remove_handle(r->multi, a->easy);
        a->under_way = false;
}

void up_ready_close(struct up_ready **ready)
{
        struct up_ready *r = *ready;

        if (!r)
                return;
        for (size_t i = 0; i < r->count; i++) {
                let_go(r, &r->asked[i]);
                curl_easy_cleanup(r->asked[i].easy);
        }
        curl_multi_cleanup(r->multi);
        free(r);
        *ready = NULL;
}

static void take_answers(struct up_ready *r)
{
        const CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(r->multi, &left))) {
                struct asked *a;
                long status = 0;

                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&a);
                curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
                a->is_ready = message->data.result == CURLE_OK && status == READY;
                a->next_us = clock_mono_us() + AGAIN_MS * 1000;
                let_go(r, a);
        }
}

static void ask(struct up_ready *r)
{
        for (struct asked *a = r->asked; a < r->asked + r->count; a++)
                if (!a->is_ready && !a->under_way && clock_mono_us() >= a->next_us) {
                        curl_multi_add_handle(r->multi, a->easy);
                        a->under_way = true;
                }
}

size_t up_ready_look(struct up_ready *r)
{
        size_t first = 0;
        int running;

        ask(r);
        curl_multi_perform(r->multi, &running);
        take_answers(r);
        while (first < r->count && r->asked[first].is_ready)
                first++;
        return first;
}
