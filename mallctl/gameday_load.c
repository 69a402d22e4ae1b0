#include "mallctl/gameday_load.h"

#include "audit/ask.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "base/thread.h"
#include "mallctl/columns.h"
#include "mallctl/interrupt.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_CLIENTS = 64, ANSWER_MS = 30000, LATE_US = 1000000, NAP_US = 20000 };

struct gameday_load {
        char url[300], body[300];
        double rate;
        int64_t begun_us, length_us;
        atomic_size_t next; /* the order to be sent next, from 0 */
        atomic_bool end;
        pthread_t clients[MOST_CLIENTS];
        int client_count;

        pthread_mutex_t lock; /* of what follows */
        struct gameday_orders orders;
        int64_t *ids;
        size_t id_count, id_room;
};

/* ---- one order ---- */

/* From _links.self.href, ".../orders/17"; 0: there is none. */
static int64_t id_of(const struct text *body)
{
        cJSON *order = cJSON_ParseWithLength(body->at, body->len);
        const char *self = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
                cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(order, "_links"),
                                                 "self"),
                "href"));
        const char *slash = self ? strrchr(self, '/') : NULL;
        int64_t id = slash ? strtoll(slash + 1, NULL, 10) : 0;

        cJSON_Delete(order);
        return id;
}

static void note_acknowledged(struct gameday_load *l, int64_t id)
{
        pthread_mutex_lock(&l->lock);
        l->orders.acknowledged++;
        l->orders.unnamed += !id;
        if (id) {
                l->ids = memory_reserve(l->ids, &l->id_room, l->id_count + 1, sizeof *l->ids);
                l->ids[l->id_count++] = id;
        }
        pthread_mutex_unlock(&l->lock);
}

void gameday_orders_failed(struct gameday_orders *o, const char *why)
{
        char text[sizeof o->failures->why];
        size_t i = 0;

        snprintf(text, sizeof text, "%s", why);
        while (i < o->reasons && strcmp(o->failures[i].why, text) != 0)
                i++;
        if (i >= MOST_REASONS - 1) {
                i = MOST_REASONS - 1;
                snprintf(text, sizeof text, "other reasons");
        }
        snprintf(o->failures[i].why, sizeof text, "%s", text);
        o->failures[i].count++;
        o->reasons = i < o->reasons ? o->reasons : i + 1;
        o->failed++;
}

static void note_failed(struct gameday_load *l, struct arena *arena, const char *why)
{
        const char *clean = columns_clean(arena, why);

        pthread_mutex_lock(&l->lock);
        gameday_orders_failed(&l->orders, clean);
        pthread_mutex_unlock(&l->lock);
}

static struct curl_slist *headers_of(void)
{
        char key[RANDOM_UUID], header[RANDOM_UUID + 30];

        random_uuid(key);
        snprintf(header, sizeof header, "Idempotency-Key: %s", key);
        return curl_slist_append(curl_slist_append(NULL, "Content-Type: application/json"), header);
}

static void place_order(struct gameday_load *l, CURL *easy, struct arena *arena)
{
        struct curl_slist *headers = headers_of();
        struct text body = text_open(arena, 1024);
        struct error e;
        struct ask one = {.easy = easy,
                          .scratch = arena,
                          .url = l->url,
                          .body = l->body,
                          .headers = headers,
                          .most_ms = ANSWER_MS,
                          .stop = interrupt_flag(),
                          .error = &e};
        long status;

        if (!ask(&one, &body, &status))
                note_failed(l, arena, e.text);
        else if (status == 201)
                note_acknowledged(l, id_of(&body));
        else
                note_failed(l, arena, arena_printf(arena, "the answer is a %ld", status));
        curl_slist_free_all(headers);
}

/* ---- clients ---- */

static bool wait_until(struct gameday_load *l, int64_t due_us)
{
        int64_t rest;

        while (!atomic_load(&l->end) && (rest = due_us - clock_mono_us()) > 0)
                usleep((useconds_t)(rest < NAP_US ? rest : NAP_US));
        return !atomic_load(&l->end);
}

static void leave_out(struct gameday_load *l)
{
        pthread_mutex_lock(&l->lock);
        l->orders.left_out++;
        pthread_mutex_unlock(&l->lock);
}

static void *client(void *arg)
{
        struct gameday_load *l = arg;
        struct arena *arena = arena_open();
        CURL *easy = curl_easy_init();
        int64_t after;

        while ((after = (int64_t)((double)atomic_fetch_add(&l->next, 1) * 1e6 / l->rate)) <
                       l->length_us &&
               wait_until(l, l->begun_us + after)) {
                arena_reset(arena);
                if (clock_mono_us() - l->begun_us - after > LATE_US)
                        leave_out(l);
                else
                        place_order(l, easy, arena);
        }
        curl_easy_cleanup(easy);
        arena_close(&arena);
        return NULL;
}

/* ---- from outside ---- */

static int clients_for(double rate)
{
        int wanted = 4 + (int)(rate * 4);

        return wanted < MOST_CLIENTS ? wanted : MOST_CLIENTS;
}

struct gameday_load *gameday_load_open(const struct gameday *day, const char *gateway,
                                       const char *product)
{
        struct gameday_load *l = memory_alloc(sizeof *l);
        struct arena *arena = arena_open();
        struct text name = text_open(arena, 60);

        json_write_string(&name, product);
        snprintf(l->url, sizeof l->url, "%s/orders", gateway);
        snprintf(l->body, sizeof l->body,
                 "{\"productId\":%s,\"productName\":\"game day\",\"qty\":%lld,"
                 "\"customerId\":\"gameday\"}",
                 name.at, (long long)day->qty);
        arena_close(&arena);
        pthread_mutex_init(&l->lock, NULL);
        l->rate = day->rate;
        l->begun_us = clock_mono_us();
        l->length_us = day->load_ms * 1000;
        for (int n = clients_for(day->rate); l->client_count < n; l->client_count++)
                l->clients[l->client_count] = thread_start("load", client, l);
        return l;
}

void gameday_load_count(struct gameday_load *l, struct gameday_orders *orders)
{
        pthread_mutex_lock(&l->lock);
        *orders = l->orders;
        pthread_mutex_unlock(&l->lock);
}

void gameday_load_end(struct gameday_load *l)
{
        atomic_store(&l->end, true);
        while (l->client_count)
                pthread_join(l->clients[--l->client_count], NULL);
}

const int64_t *gameday_load_ids(const struct gameday_load *l, size_t *count)
{
        *count = l->id_count;
        return l->ids;
}

void gameday_load_close(struct gameday_load **load)
{
        struct gameday_load *l = *load;

        if (!l)
                return;
        gameday_load_end(l);
        pthread_mutex_destroy(&l->lock);
        free(l->ids);
        free(l);
        *load = NULL;
}
