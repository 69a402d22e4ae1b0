#include "service/otlp_sender.h"

#include "base/clock.h"
#include "service/build.h"

#include <cJSON.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
        ANSWER_MOST = 65536,   /* bytes of an answer that are read */
        LONGEST_RETRY_S = 300, /* of Retry-After */
        LIFE_S = 60,           /* so that a collector's new replicas get their share */
        LOOK_MS = 200,
        GZIP_WINDOW = 15 + 16, /* zlib: the largest window, with gzip's header */
        GZIP_MEMORY = 8,
};

_Static_assert(OTLP_WHY >= CURL_ERROR_SIZE, "room for what libcurl says");

struct otlp_sender {
        const struct otlp_settings *settings;
        CURLM *multi;
        CURL *easy;
        struct curl_slist *fields;
        /* of the request under way */
        struct otlp_answer *answer;
        char body[ANSWER_MOST + 1];
        size_t body_len;
};

/* ---- the answer ---- */

static size_t body_take(char *data, size_t size, size_t count, void *arg)
{
        struct otlp_sender *s = arg;
        size_t len = size * count, room = ANSWER_MOST - s->body_len;

        memcpy(s->body + s->body_len, data, len < room ? len : room);
        s->body_len += len < room ? len : room;
        return len <= room ? len : 0; /* enough was heard: the status counts */
}

/* Seconds, or a date (RFC 9110, 10.2.3). */
static int64_t retry_after_read(const char *value)
{
        time_t date;
        char *end;
        long seconds = strtol(value, &end, 10);

        if (end == value || *end) {
                date = curl_getdate(value, NULL);
                if (date < 0)
                        return -1;
                seconds = (long)(date - clock_wall_ms() / 1000);
        }
        if (seconds < 0)
                return 0;
        return (seconds < LONGEST_RETRY_S ? seconds : LONGEST_RETRY_S) * 1000;
}

static size_t field_take(char *data, size_t size, size_t count, void *arg)
{
        static const char name[] = "Retry-After:";
        struct otlp_sender *s = arg;
        size_t len = size * count, at = sizeof name - 1, end = len;
        char value[64];

        if (len < at || strncasecmp(data, name, at) != 0)
                return len;
        while (at < end && strchr(" \t", data[at]))
                at++;
        while (end > at && strchr(" \t\r\n", data[end - 1]))
                end--;
        if (end - at >= sizeof value)
                return len;
        memcpy(value, data + at, end - at);
        value[end - at] = '\0';
        s->answer->retry_after_ms = retry_after_read(value);
        return len;
}

/* A number, or as a string, which is how OTLP's JSON writes 64 bits. */
static int64_t number_of(const cJSON *value)
{
        if (cJSON_IsString(value))
                return strtoll(value->valuestring, NULL, 10);
        return cJSON_IsNumber(value) ? (int64_t)value->valuedouble : 0;
}

static void why_set(struct otlp_answer *answer, const char *why)
{
        answer->why[0] = '\0';
        strncat(answer->why, why, sizeof answer->why - 1);
}

static void partial_success_read(struct otlp_sender *s)
{
        cJSON *answer = cJSON_ParseWithLength(s->body, s->body_len);
        const cJSON *partial = cJSON_GetObjectItemCaseSensitive(answer, "partialSuccess");
        const cJSON *why = cJSON_GetObjectItemCaseSensitive(partial, "errorMessage");

        s->answer->rejected = number_of(cJSON_GetObjectItemCaseSensitive(partial, "rejectedSpans"));
        if (cJSON_IsString(why))
                why_set(s->answer, why->valuestring);
        cJSON_Delete(answer);
}

static void status_judge(struct otlp_sender *s, long status)
{
        bool again = status == 429 || status == 502 || status == 503 || status == 504;
        char why[40];

        if (status >= 200 && status < 300) {
                s->answer->outcome = OTLP_TAKEN;
                partial_success_read(s);
                return;
        }
        s->answer->outcome = again ? OTLP_AGAIN : OTLP_REFUSED;
        snprintf(why, sizeof why, "the collector answers %ld", status);
        why_set(s->answer, why);
}

/* ---- the request ---- */

/* NULL: zlib has no memory, and the document goes as it is. */
static unsigned char *gzipped(const char *document, size_t len, size_t *packed_len)
{
        z_stream z = {0};
        unsigned char *packed;

        /* the best speed: twice as fast as the default, and spans still shrink to a tenth */
        if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                         Z_DEFAULT_STRATEGY) != Z_OK)
                return NULL;
        *packed_len = deflateBound(&z, len);
        packed = memory_alloc(*packed_len);
        z.next_in = (unsigned char *)(uintptr_t)document;
        z.avail_in = (unsigned)len;
        z.next_out = packed;
        z.avail_out = (unsigned)*packed_len;
        deflate(&z, Z_FINISH); /* there is room for all of it */
        *packed_len = z.total_out;
        deflateEnd(&z);
        return packed;
}

/* False: it was given up, or the multi handle is broken. */
static bool run(struct otlp_sender *s, const _Atomic int64_t *give_up_us, CURLcode *code)
{
        int running = 1, left;
        CURLMsg *message;

        for (;;) {
                int64_t give_up = atomic_load(give_up_us);

                if (curl_multi_perform(s->multi, &running) != CURLM_OK)
                        return false;
                message = curl_multi_info_read(s->multi, &left);
                if (message) {
                        *code = message->data.result;
                        return true;
                }
                if (give_up && clock_mono_us() >= give_up)
                        return false;
                curl_multi_poll(s->multi, NULL, 0, LOOK_MS, NULL);
        }
}

static void exchange(struct otlp_sender *s, const void *body, size_t len,
                     const _Atomic int64_t *give_up_us)
{
        CURLcode code = CURLE_ABORTED_BY_CALLBACK;
        long status = 0;

        curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
        curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->answer->why);
        curl_multi_add_handle(s->multi, s->easy);
        if (!run(s, give_up_us, &code))
                why_set(s->answer, "the collector has not answered in time");
        curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_multi_remove_handle(s->multi, s->easy);
        curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, NULL);
        if (code == CURLE_OK || code == CURLE_WRITE_ERROR)
                status_judge(s, status);
        else if (!*s->answer->why)
                why_set(s->answer, curl_easy_strerror(code));
}

void otlp_sender_send(struct otlp_sender *s, const char *document, size_t len,
                      const _Atomic int64_t *give_up_us, struct otlp_answer *answer)
{
        size_t packed_len;
        unsigned char *packed = s->settings->gzip ? gzipped(document, len, &packed_len) : NULL;
        char gzip[] = "Content-Encoding: gzip";
        struct curl_slist encoding = {gzip, s->fields};

        *answer = (struct otlp_answer){.outcome = OTLP_AGAIN, .retry_after_ms = -1};
        s->answer = answer;
        s->body_len = 0;
        curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, packed ? &encoding : s->fields);
        exchange(s, packed ? (const void *)packed : document, packed ? packed_len : len,
                 give_up_us);
        free(packed);
}

/* ---- its life ---- */

static struct curl_slist *fields_of(const struct otlp_settings *settings)
{
        struct curl_slist *fields = curl_slist_append(NULL, "Content-Type: application/json");
        struct arena *arena = arena_open();

        fields = curl_slist_append(fields,
                                   arena_printf(arena, "User-Agent: mall/%s", build_version));
        fields = curl_slist_append(fields, "Expect:"); /* no round trip before a large body */
        for (const struct otlp_pair *h = settings->headers; h->key; h++)
                fields = curl_slist_append(fields, arena_printf(arena, *h->value ? "%s: %s" : "%s;",
                                                                h->key, h->value));
        arena_close(&arena);
        return fields;
}

static void prepare(struct otlp_sender *s)
{
        CURL *easy = s->easy;

        curl_easy_setopt(easy, CURLOPT_URL, s->settings->url);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)s->settings->timeout_ms);
        curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* waits for no name server at its end */
        curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)LIFE_S);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_take);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, s);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, field_take);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, s);
}

struct otlp_sender *otlp_sender_open(const struct otlp_settings *settings)
{
        struct otlp_sender *s = memory_alloc(sizeof *s);

        curl_global_init(CURL_GLOBAL_DEFAULT);
        s->settings = settings;
        s->multi = curl_multi_init();
        s->easy = curl_easy_init();
        if (!s->multi || !s->easy)
                abort(); /* out of memory */
        s->fields = fields_of(settings);
        prepare(s);
        return s;
}

void otlp_sender_close(struct otlp_sender **at)
{
        struct otlp_sender *s = *at;

        if (!s)
                return;
        *at = NULL;
        curl_easy_cleanup(s->easy);
        curl_multi_cleanup(s->multi);
        curl_slist_free_all(s->fields);
        free(s);
}

void otlp_sender_wake(struct otlp_sender *s)
{
        curl_multi_wakeup(s->multi);
}
