#include "service/read.h"

#include "http/base_url.h"
#include "service/hal.h"
#include "service/pages.h"
#include "service/resource.h"
#include "service/respond.h"

#include <string.h>

enum {
        ROW_ROOM = 400,
        SMALL_PAGE = 100,  /* rows */
        SHALLOW = 1000000, /* rows before the page */
        QUERY_COPIES = 16, /* it stands in five links, perhaps with each letter escaped, and each
                              link is built before it is copied */
};

/* One read, from the HTTP thread to one of the store's and back. In the request's arena. */
struct read {
        struct http_request *request;
        const struct resource *resource;
        struct read_job reading;
        /* of a search */
        const struct lookup *lookup;
        const char *values[LOOKUP_MEMBERS];
        /* of a page */
        const char *type; /* NULL: of one row */
        struct page page;
        void **rows;
        struct hal_page out;
        struct text body;
};

static void was_read(void *arg)
{
        http_resume(((struct read *)arg)->request);
}

static struct read *read_new(struct http_request *r, const struct resource *resource)
{
        struct read *read = arena_alloc(r->arena, sizeof *read);

        *read = (struct read){.request = r, .resource = resource};
        read->reading = (struct read_job){.done = was_read,
                                          .arg = read,
                                          .entity = resource->entity,
                                          .item = {.arena = r->arena}};
        r->state = read;
        return read;
}

/* Where it is read later, it may be answered before this returns. */
static enum http_result begin(struct read *read)
{
        if (!store_read(read->resource->all->store, &read->reading))
                return HTTP_LATER;
        read_finish(read->request);
        return HTTP_ANSWERED;
}

enum http_result read_item_begin(struct http_request *r, const struct resource *resource,
                                 int64_t id)
{
        struct read *read = read_new(r, resource);

        read->reading.item.id = id;
        return begin(read);
}

static bool find_row(struct db *db, void *arg, struct error *error)
{
        struct read *read = arg;
        struct table_item *item = &read->reading.item;

        return table_find(db, store_table(read->resource->all->store, read->resource->entity),
                          TABLE_TO_LOOK, read->lookup, 0, read->values, item->arena, &item->row,
                          error);
}

enum http_result read_found_begin(struct http_request *r, const struct resource *resource,
                                  const struct lookup *lookup,
                                  const char *const values[LOOKUP_MEMBERS])
{
        struct read *read = read_new(r, resource);

        read->reading.run = find_row;
        read->lookup = lookup;
        memcpy(read->values, values, sizeof read->values);
        return begin(read);
}

/* The page and the total as of one moment. */
static bool read_rows(struct db *db, struct read *read, struct error *error)
{
        const struct entity *entity = read->resource->entity;
        struct store *store = read->resource->all->store;
        bool done;

        if (!db_begin_reading(db, error))
                return false;
        done = store_count_ask(store, db, entity, error) &&
               table_page(db, store_table(store, entity), &read->page, read->request->arena,
                          read->rows, &read->out.count, error) &&
               store_count(store, db, entity, &read->out.total, error);
        db_rollback(db);
        return done;
}

/* Whether the page has room is asked when it is read, and its text is written at once: so what
   waits to be read takes none, and what was read no more than it was asked for. */
static bool read_page(struct db *db, void *arg, struct error *error)
{
        struct read *read = arg;
        struct http_request *r = read->request;
        size_t links = r->query ? QUERY_COPIES * strlen(r->query) : 0;

        if (!arena_may_take(r->arena, (size_t)read->page.size * ROW_ROOM + links))
                return error_set(error, ERROR_UNAVAILABLE, "too many answers are under way");
        read->rows = arena_alloc(r->arena, (size_t)read->page.size * sizeof *read->rows);
        if (!read_rows(db, read, error))
                return false;
        read->out.rows = read->rows;
        read->body = text_open(r->arena, 1000 + read->out.count * ROW_ROOM);
        hal_collection(&read->body, &read->out);
        return true;
}

/* Unless it is by id, small, and its rows are found by few blocks (table_page). */
static bool reads_much(const struct page *page)
{
        return page->sort_count || page->size > SMALL_PAGE || page->number > SHALLOW / page->size;
}

enum http_result read_page_begin(struct http_request *r, const struct resource *resource,
                                 const char *type)
{
        struct read *read = read_new(r, resource);

        read->type = type;
        read->page = page_asked(r, &resource->entity->shape);
        read->out = (struct hal_page){.links = resource->links,
                                      .page = &read->page,
                                      .base = base_url(r),
                                      .asked = r->target,
                                      .others = page_others(r)};
        read->reading.run = read_page;
        read->reading.slow = reads_much(&read->page);
        return begin(read);
}

static void answer_page(struct http_request *r, const struct read *read)
{
        if (read->reading.error.kind == ERROR_NONE)
                http_answer_body(r, 200, read->type, &read->body);
        else
                http_answer_error(r, &read->reading.error);
}

void read_finish(struct http_request *r)
{
        const struct read *read = r->state;
        const struct error *error = &read->reading.error;

        if (read->type)
                answer_page(r, read);
        else
                answer_found(r, read->resource, error->kind == ERROR_NONE, read->reading.item.row,
                             error);
}
