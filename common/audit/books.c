#include "audit/books.h"

#include "audit/ask.h"
#include "base/clock.h"

#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
        PAGE_ROWS = 1000, /* the most that a service gives */
        FEW_ROWS = 20,    /* ours gives as many however long they are */
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
        struct ask ask;
        struct books *books;
        int64_t end_us; /* monotonic */
};

/* Which rows of a list. */
struct page_place {
        int number, size;
};

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
                return error_set(r->ask.error, ERROR_INTERNAL, "%s: a row without a link to itself",
                                 r->ask.url);
        if (id <= before)
                return error_set(r->ask.error, ERROR_INTERNAL, "%s: row %lld comes after row %lld",
                                 r->ask.url, (long long)id, (long long)before);
        size = list->row_size + text_size(row);
        if (size > r->books->most - r->books->kept)
                return error_set(r->ask.error, ERROR_INTERNAL,
                                 "%s: there is more than an audit may hold, %zu MiB", r->ask.url,
                                 r->books->most >> 20);
        r->books->kept += size;
        list->read(r->books, row, id);
        return true;
}

static bool take_rows(struct page_reader *r, const struct list *list, const cJSON *rows)
{
        const cJSON *row;

        if (!cJSON_IsArray(rows))
                return error_set(r->ask.error, ERROR_INTERNAL, "%s: the answer has no %s",
                                 r->ask.url, list->collection);
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
                return error_set(r->ask.error, ERROR_INTERNAL, "%s: the answer is not page %d",
                                 r->ask.url, number);
        if (!take_rows(r, list, member_of(member_of(answer, "_embedded"), list->collection)))
                return false;
        *last = (int64_t)(rows_of(r->books, list)->count - before) < whole_of(page, "size") ||
                rows_of(r->books, list)->count == before;
        return true;
}

static bool read_page(struct page_reader *r, const struct list *list, int number, bool *last)
{
        struct text body = text_open(r->ask.scratch, 1 << 16);
        long status = 0;
        cJSON *answer;
        bool good;

        if (!ask(&r->ask, &body, &status))
                return false;
        if (status != 200)
                return ask_refused(&r->ask, status, &body);
        answer = ask_parse(&r->ask, &body);
        good = answer && take_page(r, list, number, answer, last);
        cJSON_Delete(answer);
        return good;
}

/* ---- all of it ---- */

/* Rows may be too long for a page of many. The rest of the list comes in smaller pages then; each
   size divides the one before, so that a page begins where the last one ended. */
static bool make_smaller(struct page_place *page, size_t rows)
{
        if (page->size == 1)
                return false;
        page->size = page->size > FEW_ROWS ? FEW_ROWS : 1;
        page->number = (int)(rows / (size_t)page->size);
        return true;
}

static bool read_list(struct page_reader *r, const char *place, const struct list *list)
{
        struct page_place page = {.size = PAGE_ROWS};
        bool last = false;

        while (!last) {
                if (clock_mono_us() > r->end_us)
                        return error_set(r->ask.error, ERROR_UNAVAILABLE,
                                         "%s: an audit ends after an hour", place);
                arena_reset(r->ask.scratch);
                r->ask.url = arena_printf(r->ask.scratch, "%s/%s?size=%d&page=%d", place,
                                          list->collection, page.size, page.number);
                r->ask.too_much = false;
                if (read_page(r, list, page.number, &last))
                        page.number++;
                else if (!r->ask.too_much || !make_smaller(&page, rows_of(r->books, list)->count))
                        return false;
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

        arena_reset(r->ask.scratch);
        body = text_open(r->ask.scratch, 1 << 14);
        r->ask.url = arena_printf(r->ask.scratch, "%s/openapi.json", place);
        if (!ask(&r->ask, &body, &status))
                return false;
        if (status == 429 || status >= 500)
                return ask_refused(&r->ask, status, &body);
        answer = ask_parse(&r->ask, &body);
        title = text_of(member_of(answer, "info"), "title");
        *ours = status == 200 && title && strcmp(title, name) == 0;
        cJSON_Delete(answer);
        return true;
}

/* A product service without movements is another implementation. */
static bool find_movements(struct page_reader *r, const char *place, const struct list *list)
{
        r->books->has_movements = true;
        r->ask.error->kind = ERROR_NONE;
        if (read_list(r, place, list))
                return true;
        r->books->has_movements = r->ask.error->kind != ERROR_NOT_FOUND;
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
        struct page_reader r = {.ask = {.easy = curl_easy_init(),
                                        .scratch = arena_open(),
                                        .stop = books->stop,
                                        .error = error},
                                .books = books,
                                .end_us = clock_mono_us() + (int64_t)ALL_S * 1000000};
        bool good;

        if (!r.ask.easy)
                abort(); /* out of memory */
        books->arena = arena_open();
        for (size_t i = 0; i < LISTS; i++)
                *rows_of(books, &lists[i]) = rows_open(lists[i].row_size);
        good = read_books(&r, places);
        arena_close(&r.ask.scratch);
        curl_easy_cleanup(r.ask.easy);
        return good;
}

void books_close(struct books *books)
{
        for (size_t i = 0; i < LISTS; i++)
                rows_close(rows_of(books, &lists[i]));
        arena_close(&books->arena);
}
