#include "audit/ask.h"

#include <curl/curl.h>

enum {
        CONNECT_MS = 5000,
        ANSWER_MS = 60 * 1000,
        ANSWER_BYTES = 16 << 20,
        ANSWER_VALUES = 100 * 1000,
};

/* Returning less than the size ends the transfer. */
static size_t take(char *data, size_t size, size_t count, void *arg)
{
        struct text *body = arg;

        if (body->len + size * count > ANSWER_BYTES)
                return 0;
        text_add(body, data, size * count);
        return size * count;
}

/* libcurl calls it at least once a second. */
static int is_to_end(void *arg, curl_off_t to_come, curl_off_t here, curl_off_t to_send,
                     curl_off_t sent)
{
        const struct ask *a = arg;

        (void)to_come, (void)here, (void)to_send, (void)sent;
        return a->stop && atomic_load(a->stop);
}

static bool failed(struct ask *a, CURLcode code, const char *why)
{
        if (code == CURLE_ABORTED_BY_CALLBACK)
                return error_set(a->error, ERROR_UNAVAILABLE, "%s: stopped", a->url);
        if (code == CURLE_WRITE_ERROR) {
                a->too_much = true;
                return error_set(a->error, ERROR_INTERNAL, "%s: the answer has more than %d MiB",
                                 a->url, ANSWER_BYTES >> 20);
        }
        return error_set(a->error, ERROR_UNAVAILABLE, "%s: %s", a->url,
                         *why ? why : curl_easy_strerror(code));
}

/* The handle is used again and again: each request says all of it anew. */
static void set_request(const struct ask *a)
{
        curl_easy_setopt(a->easy, CURLOPT_URL, a->url);
        curl_easy_setopt(a->easy, CURLOPT_HTTPGET, 1L);
        if (a->body)
                curl_easy_setopt(a->easy, CURLOPT_POSTFIELDS, a->body);
        curl_easy_setopt(a->easy, CURLOPT_CUSTOMREQUEST, a->method);
        curl_easy_setopt(a->easy, CURLOPT_HTTPHEADER, a->headers);
        curl_easy_setopt(a->easy, CURLOPT_TIMEOUT_MS, a->most_ms ? a->most_ms : (long)ANSWER_MS);
}

bool ask(struct ask *a, struct text *body, long *status)
{
        char why[CURL_ERROR_SIZE] = "";
        CURLcode code;

        set_request(a);
        curl_easy_setopt(a->easy, CURLOPT_PROTOCOLS_STR, "http");
        curl_easy_setopt(a->easy, CURLOPT_PROXY, "");
        curl_easy_setopt(a->easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(a->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
        curl_easy_setopt(a->easy, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(a->easy, CURLOPT_WRITEDATA, body);
        curl_easy_setopt(a->easy, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(a->easy, CURLOPT_XFERINFOFUNCTION, is_to_end);
        curl_easy_setopt(a->easy, CURLOPT_XFERINFODATA, a);
        curl_easy_setopt(a->easy, CURLOPT_ERRORBUFFER, why);
        code = curl_easy_perform(a->easy);
        curl_easy_setopt(a->easy, CURLOPT_ERRORBUFFER, NULL);
        if (code != CURLE_OK)
                return failed(a, code, why);
        curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, status);
        return true;
}

/* ---- its JSON ---- */

/* At least as many as cJSON makes: each one but the first stands behind one of these three. */
static size_t values_in(const struct text *body)
{
        const char *end = body->at + body->len;
        bool quoted = false;
        size_t values = 1;

        for (const char *p = body->at; p < end; p++) {
                if (*p == '"')
                        quoted = !quoted;
                else if (quoted && *p == '\\')
                        p++;
                else if (!quoted && (*p == ',' || *p == '[' || *p == '{'))
                        values++;
        }
        return values;
}

cJSON *ask_parse(struct ask *a, const struct text *body)
{
        cJSON *answer;

        if (values_in(body) > ANSWER_VALUES) {
                a->too_much = true;
                error_set(a->error, ERROR_INTERNAL, "%s: the answer has more than %d values",
                          a->url, ANSWER_VALUES);
                return NULL;
        }
        answer = cJSON_ParseWithLength(body->at, body->len);
        if (!answer)
                error_set(a->error, ERROR_INTERNAL, "%s: the answer is not JSON: byte %td", a->url,
                          cJSON_GetErrorPtr() - body->at + 1);
        return answer;
}

/* What the service says of it (RFC 9457), fit for a terminal; NULL where it says nothing. */
static const char *detail_of(struct ask *a, const struct text *body)
{
        cJSON *problem = ask_parse(a, body);
        char *detail = arena_string(
                a->scratch,
                cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(problem, "detail")));

        for (char *p = detail; p && *p; p++)
                if (*p < ' ' || *p > '~')
                        *p = '?';
        cJSON_Delete(problem);
        return detail;
}

bool ask_refused(struct ask *a, long status, const struct text *body)
{
        const char *detail = status == 400 ? detail_of(a, body) : NULL;

        a->too_much = status == 400;
        return error_set(a->error, status == 404 ? ERROR_NOT_FOUND : ERROR_UNAVAILABLE,
                         "%s: the answer is a %ld%s%s", a->url, status, detail ? ": " : "",
                         detail ? detail : "");
}
