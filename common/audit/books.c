#include "audit/books.h"

#include "base/clock.h"
#include "base/text.h"

#include <cJSON.h>
#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The answers may come from any server. */
enum {
        PAGE_ROWS = 1000, /* the most that a service gives */
        CONNECT_MS = 5000,
        PAGE_MS = 60 * 1000,
        PAGE_BYTES = 64 << 20,
        ALL_S = 60 * 60,
};

/* The members of one JSON object that was read. NULL: none of that name, or no object. */
static const cJSON *member_of(const cJSON *object, const char *name)
{
        return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* Exact up to 2^53, as in most readers of JSON; 0 where it is no number. */
static int64_t whole_of(const cJSON *object, const char *name)
{
        const cJSON *m = member_of(object, name);

        return cJSON_IsNumber(m) && fabs(m->valuedouble) < 0x1p63 ? (int64_t)m->valuedouble : 0;
}

/* NULL where it is no text. */
static const char *text_of(const cJSON *object, const char *name)
{
        return cJSON_GetStringValue(member_of(object, name));
}

static size_t text_size(const cJSON *object)
{
        const cJSON *m;
        size_t size = 0;

        cJSON_ArrayForEach (m, object)
                if (m->valuestring)
                        size += strlen(m->valuestring);
        return size;
}

int64_t books_id(const char *text)
{
        char *end;
        long long id;

        if (!text || *text < '1' || *text > '9')
                return 0;
        errno = 0;
        id = strtoll(text, &end, 10);
        return *end || errno ? 0 : id;
}

/* ---- the lists ---- */

static void read_order(struct books *books, const cJSON *row, int64_t id)
{
        struct order_row *o = rows_add(&books->orders);

        o->id = id;
        o->status = arena_string(books->arena, text_of(row, "status"));
}

static void read_delivery(struct books *books, const cJSON *row, int64_t id)
{
        struct delivery_row *d = rows_add(&books->deliveries);

        d->id = id;
        d->order = books_id(text_of(row, "orderId"));
        d->qty = whole_of(row, "qty");
        d->product = arena_string(books->arena, text_of(row, "productId"));
        d->customer = arena_string(books->arena, text_of(row, "customerId"));
        d->status = arena_string(books->arena, text_of(row, "status"));
}

static void read_inventory(struct books *books, const cJSON *row, int64_t id)
{
        struct inventory_row *i = rows_add(&books->inventories);

        i->id = id;
        i->stock = whole_of(row, "stock");
        i->product = arena_string(books->arena, text_of(row, "productId"));
}

static enum reason reason_of(const cJSON *row)
{
        const char *reason = text_of(row, "reason");

        if (!reason)
                return REASON_HTTP;
        if (strcmp(reason, "DeliveryStarted") == 0)
                return REASON_TAKEN;
        return strcmp(reason, "DeliveryCanceled") == 0 ? REASON_GIVEN_BACK : REASON_HTTP;
}

static void read_movement(struct books *books, const cJSON *row, int64_t id)
{
        struct movement_row *m = rows_add(&books->movements);

        m->id = id;
        m->delivery = whole_of(row, "deliveryId");
        m->order = books_id(text_of(row, "orderId"));
        m->inventory = whole_of(row, "inventory");
        m->qty = whole_of(row, "qty");
        m->reason = reason_of(row);
}

struct list {
        size_t service; /* offset in struct books_places */
        const char *collection;
        size_t rows; /* offset in struct books */
        size_t row_size;
        void (*read)(struct books *books, const cJSON *row, int64_t id);
};

static const struct list lists[] = {
        {offsetof(struct books_places, order), "orders", offsetof(struct books, orders),
         sizeof(struct order_row), read_order},
        {offsetof(struct books_places, delivery), "deliveries", offsetof(struct books, deliveries),
         sizeof(struct delivery_row), read_delivery},
        {offsetof(struct books_places, product), "inventories", offsetof(struct books, inventories),
         sizeof(struct inventory_row), read_inventory},
        {offsetof(struct books_places, product), "movements", offsetof(struct books, movements),
         sizeof(struct movement_row), read_movement},
};

enum { LISTS = sizeof lists / sizeof *lists };

static struct rows *rows_of(struct books *books, const struct list *list)
{
        return (struct rows *)((char *)books + list->rows);
}

static const char *place_of(const struct books_places *places, const struct list *list)
{
        return *(const char *const *)((const char *)places + list->service);
}

/* ---- one page ---- */

struct page_reader {
        CURL *easy;
        struct books *books;
        struct arena *scratch; /* of one page */
        const char *url;
        struct error *error;
        int64_t end_us; /* monotonic */
};

/* Returning less than the size ends the transfer. */
static size_t take(char *data, size_t size, size_t count, void *arg)
{
        struct text *body = arg;

        if (body->len + size * count > PAGE_BYTES)
                return 0;
        text_add(body, data, size * count);
        return size * count;
}

static bool is_stopped(const struct page_reader *r)
{
        return r->books->stop && atomic_load(r->books->stop);
}

/* libcurl calls it at least once a second. */
static int is_to_end(void *arg, curl_off_t to_come, curl_off_t here, curl_off_t to_send,
                     curl_off_t sent)
{
        (void)to_come, (void)here, (void)to_send, (void)sent;
        return is_stopped(arg);
}

static bool ask(struct page_reader *r, struct text *body, long *status)
{
        char why[CURL_ERROR_SIZE] = "";
        CURLcode code;

        curl_easy_setopt(r->easy, CURLOPT_URL, r->url);
        curl_easy_setopt(r->easy, CURLOPT_PROTOCOLS_STR, "http");
        curl_easy_setopt(r->easy, CURLOPT_PROXY, "");
        curl_easy_setopt(r->easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(r->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
        curl_easy_setopt(r->easy, CURLOPT_TIMEOUT_MS, (long)PAGE_MS);
        curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, body);
        curl_easy_setopt(r->easy, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(r->easy, CURLOPT_XFERINFOFUNCTION, is_to_end);
        curl_easy_setopt(r->easy, CURLOPT_XFERINFODATA, r);
        curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, why);
        code = curl_easy_perform(r->easy);
        curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, NULL);
        if (code == CURLE_ABORTED_BY_CALLBACK)
                return error_set(r->error, ERROR_UNAVAILABLE, "%s: the audit was stopped", r->url);
        if (code == CURLE_WRITE_ERROR)
                return error_set(r->error, ERROR_INTERNAL, "%s: the answer has more than %d MiB",
                                 r->url, PAGE_BYTES >> 20);
        if (code != CURLE_OK)
                return error_set(r->error, ERROR_UNAVAILABLE, "%s: %s", r->url,
                                 *why ? why : curl_easy_strerror(code));
        curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, status);
        return true;
}

static bool is_no_answer(struct page_reader *r, long status)
{
        return error_set(r->error, status == 404 ? ERROR_NOT_FOUND : ERROR_UNAVAILABLE,
                         "%s: the answer is a %ld", r->url, status);
}

static bool fetch(struct page_reader *r, struct text *body)
{
        long status = 0;

        return ask(r, body, &status) && (status == 200 || is_no_answer(r, status));
}

/* An item's self link ends with its id. */
static int64_t row_id(const cJSON *row)
{
        const char *href = text_of(member_of(member_of(row, "_links"), "self"), "href");
        const char *slash = href ? strrchr(href, '/') : NULL;

        return slash ? books_id(slash + 1) : 0;
}

static bool take_row(struct page_reader *r, const struct list *list, const cJSON *row)
{
        struct rows *rows = rows_of(r->books, list);
        int64_t id = row_id(row),
                before = rows->count ? *(const int64_t *)rows_at(rows, rows->count - 1) : 0;
        size_t size;

        if (!id)
                return error_set(r->error, ERROR_INTERNAL, "%s: a row without a link to itself",
                                 r->url);
        if (id <= before)
                return error_set(r->error, ERROR_INTERNAL, "%s: row %lld comes after row %lld",
                                 r->url, (long long)id, (long long)before);
        size = list->row_size + text_size(row);
        if (size > r->books->most - r->books->kept)
                return error_set(r->error, ERROR_INTERNAL,
                                 "%s: there is more than an audit may hold, %zu MiB", r->url,
                                 r->books->most >> 20);
        r->books->kept += size;
        list->read(r->books, row, id);
        return true;
}

static bool take_rows(struct page_reader *r, const struct list *list, const cJSON *rows)
{
        const cJSON *row;

        if (!cJSON_IsArray(rows))
                return error_set(r->error, ERROR_INTERNAL, "%s: the answer has no %s", r->url,
                                 list->collection);
        cJSON_ArrayForEach (row, rows)
                if (!take_row(r, list, row))
                        return false;
        return true;
}

/* *last: there is no page after it. */
static bool take_page(struct page_reader *r, const struct list *list, int number,
                      const cJSON *answer, bool *last)
{
        const cJSON *page = member_of(answer, "page");
        size_t before = rows_of(r->books, list)->count;

        if (!page || whole_of(page, "number") != number)
                return error_set(r->error, ERROR_INTERNAL, "%s: the answer is not page %d", r->url,
                                 number);
        if (!take_rows(r, list, member_of(member_of(answer, "_embedded"), list->collection)))
                return false;
        *last = (int64_t)(rows_of(r->books, list)->count - before) < whole_of(page, "size") ||
                rows_of(r->books, list)->count == before;
        return true;
}

static bool read_page(struct page_reader *r, const struct list *list, int number, bool *last)
{
        struct text body = text_open(r->scratch, 1 << 16);
        cJSON *answer;
        bool good;

        if (!fetch(r, &body))
                return false;
        answer = cJSON_ParseWithLength(body.at, body.len);
        good = answer ? take_page(r, list, number, answer, last)
                      : error_set(r->error, ERROR_INTERNAL, "%s: the answer is not JSON: byte %td",
                                  r->url, cJSON_GetErrorPtr() - body.at + 1);
        cJSON_Delete(answer);
        return good;
}

/* ---- all of it ---- */

static bool read_list(struct page_reader *r, const char *place, const struct list *list)
{
        bool last = false;

        for (int number = 0; !last; number++) {
                arena_reset(r->scratch);
                r->url = arena_printf(r->scratch, "%s/%s?size=%d&page=%d", place, list->collection,
                                      PAGE_ROWS, number);
                if (!read_page(r, list, number, &last))
                        return false;
                if (!last && clock_mono_us() > r->end_us)
                        return error_set(r->error, ERROR_UNAVAILABLE,
                                         "%s: an audit ends after an hour", r->url);
        }
        rows_sort(rows_of(r->books, list), rows_by_id);
        return true;
}

/* Whether it is the service of that name and one of ours. False and an error when it does not
   answer. */
static bool find_out(struct page_reader *r, const char *place, const char *name, bool *ours)
{
        struct text body;
        const char *title;
        cJSON *answer;
        long status = 0;

        arena_reset(r->scratch);
        body = text_open(r->scratch, 1 << 14);
        r->url = arena_printf(r->scratch, "%s/openapi.json", place);
        if (!ask(r, &body, &status))
                return false;
        if (status == 429 || status >= 500)
                return is_no_answer(r, status);
        answer = cJSON_ParseWithLength(body.at, body.len);
        title = text_of(member_of(answer, "info"), "title");
        *ours = status == 200 && title && strcmp(title, name) == 0;
        cJSON_Delete(answer);
        return true;
}

/* A product service without movements is another implementation. */
static bool find_movements(struct page_reader *r, const char *place, const struct list *list)
{
        r->books->has_movements = true;
        r->error->kind = ERROR_NONE;
        if (read_list(r, place, list))
                return true;
        r->books->has_movements = r->error->kind != ERROR_NOT_FOUND;
        return !r->books->has_movements;
}

static bool read_books(struct page_reader *r, const struct books_places *places)
{
        for (size_t i = 0; i < LISTS - 1; i++)
                if (!read_list(r, place_of(places, &lists[i]), &lists[i]))
                        return false;
        return find_movements(r, places->product, &lists[LISTS - 1]) &&
               find_out(r, places->order, "order", &r->books->order_is_ours) &&
               find_out(r, places->delivery, "delivery", &r->books->delivery_is_ours);
}

bool books_read(struct books *books, const struct books_places *places, struct error *error)
{
        struct page_reader r = {.easy = curl_easy_init(),
                                .books = books,
                                .scratch = arena_open(),
                                .error = error,
                                .end_us = clock_mono_us() + (int64_t)ALL_S * 1000000};
        bool good;

        if (!r.easy)
                abort(); /* out of memory */
        books->arena = arena_open();
        for (size_t i = 0; i < LISTS; i++)
                *rows_of(books, &lists[i]) = rows_open(lists[i].row_size);
        good = read_books(&r, places);
        arena_close(&r.scratch);
        curl_easy_cleanup(r.easy);
        return good;
}

void books_close(struct books *books)
{
        for (size_t i = 0; i < LISTS; i++)
                rows_close(rows_of(books, &lists[i]));
        arena_close(&books->arena);
}
