#include "gateway/transfer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
        MOST_HEAD = 256 * 1024, /* bytes of header fields in one answer: curl has no limit of its own */
        BODY_KEPT = 256 * 1024,
        MAXAGE_S = 15, /* an idle connection older than this is not used again: below any server's own limit */
};

/* curl sends a request again when a connection that it kept dies before an answer, a POST too, and tells nobody. */
static int before_request(void *arg, char *ip, char *local_ip, int port, int local_port)
{
        struct transfer *t = arg;

        (void)ip, (void)local_ip, (void)port, (void)local_port;
        if (t->sent++ == 0)
                return CURL_PREREQFUNC_OK;
        t->refusal = "the connection ended before an answer";
        return CURL_PREREQFUNC_ABORT;
}

static void add_header(struct transfer *t, const char *line, size_t len)
{
        struct exchange *x = t->exchange;
        const char *colon = memchr(line, ':', len), *value;
        size_t value_len;

        if (!colon)
                return;
        if (x->answer_header_count == t->header_room) {
                struct upstream_header *larger;

                t->header_room = t->header_room ? t->header_room * 2 : 24;
                larger = arena_alloc(x->arena, t->header_room * sizeof *larger);
                if (x->answer_header_count)
                        memcpy(larger, x->answer_headers, x->answer_header_count * sizeof *larger);
                x->answer_headers = larger;
        }
        value = colon + 1;
        value_len = (size_t)(line + len - value);
        while (value_len && (*value == ' ' || *value == '\t'))
                value++, value_len--;
        while (value_len && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t'))
                value_len--;
        x->answer_headers[x->answer_header_count++] = (struct upstream_header){
                .name = arena_copy(x->arena, line, (size_t)(colon - line)),
                .value = arena_copy(x->arena, value, value_len),
        };
}

/* Called for each line of each head, those of 1xx too, and for trailers. */
static size_t on_header(char *line, size_t one, size_t size, void *arg)
{
        struct transfer *t = arg;
        size_t len = size * one;
        long status = 0;

        if (t->head_complete)
                return len; /* trailers are dropped */
        t->head_bytes += len;
        if (t->head_bytes > MOST_HEAD) {
                t->refusal = "the answer's header is too large";
                return 0;
        }
        while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
                len--;
        if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
                t->exchange->answer_header_count = 0;
        } else if (len) {
                add_header(t, line, len);
        } else {
                curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
                t->head_complete = status >= 200;
        }
        return size * one;
}

static size_t on_body(char *bytes, size_t one, size_t size, void *arg)
{
        struct transfer *t = arg;
        size_t len = size * one;

        if (len > t->config->max_answer - t->body_len) {
                t->refusal = "the answer is larger than this gateway buffers";
                return 0;
        }
        if (len > t->body_room - t->body_len) {
                t->body_room = t->body_room * 2 > t->body_len + len ? t->body_room * 2 : t->body_len + len;
                t->body = memory_grow(t->body, t->body_room);
        }
        memcpy(t->body + t->body_len, bytes, len);
        t->body_len += len;
        return len;
}

struct transfer *transfer_open(const struct upstreams_config *config)
{
        struct transfer *t = memory_alloc(sizeof *t);

        t->config = config;
        t->easy = curl_easy_init();
        if (!t->easy)
                abort();
        curl_easy_setopt(t->easy, CURLOPT_PRIVATE, (void *)t);
        curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L);
        curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
        curl_easy_setopt(t->easy, CURLOPT_HTTP09_ALLOWED, 0L);
        curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http");
        curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)config->connect_ms);
        curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)config->connect_ms + config->response_ms);
        curl_easy_setopt(t->easy, CURLOPT_MAXAGE_CONN, (long)MAXAGE_S);
        curl_easy_setopt(t->easy, CURLOPT_MAXLIFETIME_CONN, 30L + random() % 30);
        curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, before_request);
        curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, (void *)t);
        curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, (void *)t);
        curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, (void *)t);
        return t;
}

void transfer_close(struct transfer **transfer)
{
        struct transfer *t = *transfer;

        if (!t)
                return;
        *transfer = NULL;
        curl_easy_cleanup(t->easy);
        curl_slist_free_all(t->headers);
        free(t->body);
        free(t);
}

/* curl sends what it is given, a CR LF in it too. */
static bool has_control(const char *text, bool blanks_too)
{
        for (; *text; text++)
                if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f || (blanks_too && (*text == ' ' || *text == '\t')))
                        return true;
        return false;
}

static const char *exchange_fault(const struct exchange *x)
{
        if (!*x->method || has_control(x->method, true) || has_control(x->url, true))
                return "method or URL with control bytes or blanks";
        for (size_t i = 0; i < x->header_count; i++)
                if (!*x->headers[i].name || has_control(x->headers[i].name, true) ||
                    strchr(x->headers[i].name, ':') || has_control(x->headers[i].value, false))
                        return "a header field with control bytes";
        return NULL;
}

static bool append(struct curl_slist **list, const char *line)
{
        struct curl_slist *longer = curl_slist_append(*list, line);

        if (longer)
                *list = longer;
        return longer != NULL;
}

/* A header without a value is "Name;" for curl; "Name:" takes away what curl would add by itself. */
static bool set_headers(struct transfer *t, struct exchange *x)
{
        bool has_type = false, has_accept = false, fine = append(&t->headers, "Expect:");

        for (size_t i = 0; fine && i < x->header_count; i++) {
                const struct upstream_header *h = &x->headers[i];

                fine = append(&t->headers, *h->value ? arena_printf(x->arena, "%s: %s", h->name, h->value)
                                                     : arena_printf(x->arena, "%s;", h->name));
                has_type |= strcasecmp(h->name, "Content-Type") == 0;
                has_accept |= strcasecmp(h->name, "Accept") == 0;
        }
        if (!has_type)
                fine = fine && append(&t->headers, "Content-Type:");
        if (!has_accept)
                fine = fine && append(&t->headers, "Accept:");
        curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
        return fine;
}

static void set_method(struct transfer *t, const struct exchange *x)
{
        static const char *const with_body[] = {"POST", "PUT", "PATCH", NULL};
        bool sends = x->body_len > 0, head = strcmp(x->method, "HEAD") == 0;

        for (int i = 0; with_body[i]; i++)
                sends |= strcmp(x->method, with_body[i]) == 0; /* empty ones say Content-Length: 0 */
        curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L); /* takes NOBODY and POST back */
        if (sends && !head) {
                curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
                curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body_len);
                curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, x->body_len ? x->body : "");
        }
        if (head)
                curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
        curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, x->method);
}

/* The target goes out byte for byte; curl sees only scheme, host and port. */
static bool set_url(struct transfer *t, const struct exchange *x)
{
        const char *host = strstr(x->url, "://"), *path = host ? strchr(host + 3, '/') : NULL;

        if (!path)
                return false;
        curl_easy_setopt(t->easy, CURLOPT_URL, arena_copy(x->arena, x->url, (size_t)(path - x->url)));
        curl_easy_setopt(t->easy, CURLOPT_REQUEST_TARGET, path);
        return true;
}

const char *transfer_start(struct transfer *t, struct exchange *x)
{
        const char *fault = exchange_fault(x);

        t->sent = 0;
        t->head_complete = false;
        t->head_bytes = t->header_room = t->body_len = 0;
        t->refusal = NULL;
        x->answer_headers = NULL;
        x->answer_header_count = 0;
        if (fault)
                return fault;
        if (!set_url(t, x))
                return "the URL has no path";
        set_method(t, x);
        if (!set_headers(t, x))
                return "out of memory";
        t->exchange = x;
        return NULL;
}

static void describe_failure(const struct transfer *t, CURLcode code, struct exchange *x)
{
        x->outcome = UPSTREAM_BROKEN;
        x->reason = t->refusal ? t->refusal : curl_easy_strerror(code);
        if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
                x->outcome = UPSTREAM_REFUSED;
        } else if (code == CURLE_OPERATION_TIMEDOUT) {
                x->outcome = UPSTREAM_SLOW;
                x->reason = t->sent ? "no whole answer in time" : "no connection in time";
        } else if (code == CURLE_OK) {
                x->reason = "the answer ended inside its header";
        }
}

static void keep_answer(struct transfer *t, struct exchange *x)
{
        long status = 0;

        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        x->outcome = UPSTREAM_ANSWERED;
        x->status = (int)status;
        x->answer_body = arena_copy(x->arena, t->body_len ? t->body : "", t->body_len);
        x->answer_len = t->body_len;
}

void transfer_finish(struct transfer *t, CURLcode code)
{
        struct exchange *x = t->exchange;

        if (code == CURLE_OK && t->head_complete)
                keep_answer(t, x);
        else
                describe_failure(t, code, x);
        curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
        curl_slist_free_all(t->headers);
        t->headers = NULL;
        t->exchange = NULL;
        if (t->body_room > BODY_KEPT) {
                free(t->body);
                t->body = NULL;
                t->body_room = 0;
        }
}
