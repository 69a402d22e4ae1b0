#include "service/write.h"

#include "base/hash.h"
#include "http/base_url.h"
#include "http/negotiate.h"
#include "service/hal.h"
#include "service/patch.h"
#include "service/resource.h"
#include "service/respond.h"
#include "service/write_unit.h"

#include <string.h>

static void done(void *arg, const struct error *error)
{
        struct write *w = arg;

        w->error = *error;
        if (w->key)
                idempotency_keys_end(w->resource->all->keys, write_key_path(w), w->key);
        http_resume(w->request);
}

static bool key_is_valid(const char *key)
{
        size_t len = 0;

        for (; key[len]; len++)
                if (key[len] <= ' ' || key[len] > '~')
                        return false;
        return len >= 1 && len <= 255;
}

/* Only creations: everything else here is idempotent by itself. False after an error was
   answered. */
static bool take_key(struct http_request *r, struct write *w)
{
        const char *key = http_header(r, "Idempotency-Key");

        if (w->kind > WRITE_CREATE_PLAIN || !http_has_header(r, "Idempotency-Key"))
                return true;
        if (!key_is_valid(key)) {
                http_answer_problem(r, 400,
                                    "an Idempotency-Key has 1 to 255 visible ASCII characters");
                return false;
        }
        http_answer_header(r, "Idempotency-Key", key);
        if (!idempotency_keys_begin(w->resource->all->keys, write_key_path(w), key)) {
                http_answer_problem(
                        r, 409, "the first request with this Idempotency-Key is still in progress");
                http_answer_header(r, "Retry-After", "1");
                return false;
        }
        w->key = key;
        w->hash = (int64_t)hash_bytes(r->body, r->body_len);
        return true;
}

static bool body_type_is_right(struct http_request *r, enum write_kind kind)
{
        const char *type = http_header(r, "Content-Type");
        bool patch_type;

        if (!http_has_header(r, "Content-Type"))
                return true;
        patch_type = media_type_is(type, "application/merge-patch+json") ||
                     media_type_is(type, "application/json-patch+json");
        if ((kind == WRITE_PATCH ? patch_type || media_type_is_json(type)
                                 : media_type_is_json(type) && !patch_type) &&
            media_type_is_utf8(type))
                return true;
        http_answer_problem(r, 415, "the body must be application/json in UTF-8, not %s", type);
        if (kind == WRITE_PATCH)
                http_answer_header(r, "Accept-Patch",
                                   "application/json, application/merge-patch+json, "
                                   "application/json-patch+json");
        return false;
}

/* A JSON Patch is an array, everything else an object. */
static bool parse(struct http_request *r, struct write *w, struct error *error)
{
        bool list = w->kind == WRITE_PATCH &&
                    media_type_is(http_header(r, "Content-Type"), "application/json-patch+json");
        struct json_wanted members = {.is = shape_has, .arg = &w->resource->entity->shape};

        w->body = json_read_wanted(r->arena, r->body, r->body_len, list ? &patch_wanted : &members,
                                   error);
        if (!w->body)
                return false;
        if (w->body->type == (list ? JSON_ARRAY : JSON_OBJECT))
                return true;
        return error_set(error, ERROR_BAD_INPUT, "the body must be %s, not %s",
                         list ? "an array" : "an object", json_type_name(w->body->type));
}

static bool read_body(struct http_request *r, struct write *w)
{
        const struct entity *e = w->resource->entity;
        struct error error = {0};

        if (w->kind == WRITE_REMOVE)
                return true;
        if (!body_type_is_right(r, w->kind))
                return false;
        if (parse(r, w, &error)) {
                w->row = arena_alloc(r->arena, e->shape.size);
                if (w->kind == WRITE_PATCH || shape_read(&e->shape, w->body, w->row, &error))
                        return true;
        }
        http_answer_error(r, &error);
        return false;
}

/* Which body the answer will have; false after a 406. */
static bool choose_type(struct http_request *r, struct write *w)
{
        static const char *const plain[] = {"application/json", NULL};

        if (w->kind == WRITE_REMOVE)
                return true;
        if (w->kind == WRITE_CREATE_PLAIN) {
                w->type = "application/json;charset=UTF-8";
                if (negotiate(http_header_list(r, "Accept"), plain))
                        return true;
                http_answer_problem(r, 406, "this can be application/json");
                return false;
        }
        return !http_has_header(r, "Accept") || (w->type = hal_type(r)) != NULL;
}

/* A header without a value is a condition too, which no row meets. */
static const char *condition(const struct http_request *r, const char *name)
{
        return http_has_header(r, name) ? http_header_list(r, name) : NULL;
}

static void submit(struct applicant *applicant)
{
        struct write *w = applicant->arg;

        store_submit(w->resource->all->store, &w->job);
}

static void ask(struct write *w)
{
        w->resource->admission->ask(w->resource->admission, &w->applicant);
}

/* Whether there is a row yet, as far as this can be known before the unit runs; that will meet the
   same error. */
static void looked(void *arg)
{
        struct write *w = arg;

        if (w->looking.error.kind == ERROR_NONE && !w->looking.item.row)
                ask(w);
        else
                submit(&w->applicant);
}

/* What will create a row is asked for first. */
static void apply(struct write *w)
{
        struct store *store = w->resource->all->store;

        if (!w->resource->admission || w->kind == WRITE_PATCH || w->kind == WRITE_REMOVE) {
                submit(&w->applicant);
        } else if (w->kind == WRITE_REPLACE) {
                w->looking = (struct read_job){.done = looked,
                                               .arg = w,
                                               .entity = w->resource->entity,
                                               .item = {.id = w->id, .arena = w->request->arena}};
                if (store_read(store, &w->looking))
                        looked(w);
        } else {
                ask(w);
        }
}

enum http_result write_begin(struct http_request *r, const struct resource *resource,
                             enum write_kind kind, int64_t id)
{
        struct write *w = arena_alloc(r->arena, sizeof *w);

        *w = (struct write){.request = r, .resource = resource, .kind = kind, .id = id};
        w->if_match = condition(r, "If-Match");
        w->if_none_match = condition(r, "If-None-Match");
        if (!choose_type(r, w) || !read_body(r, w) || !take_key(r, w))
                return HTTP_ANSWERED;
        w->job = (struct job){.run = write_run,
                              .done = done,
                              .arg = w,
                              .arena = r->arena,
                              .traceparent = r->traceparent};
        w->applicant = (struct applicant){.row = w->row,
                                          .arena = r->arena,
                                          .traceparent = r->traceparent,
                                          .done = submit,
                                          .arg = w};
        r->state = w;
        apply(w);
        return HTTP_LATER;
}

static void answer_plain(struct http_request *r, const struct write *w)
{
        struct text body = text_open(r->arena, 300);

        hal_plain(&body, w->resource->entity, w->row);
        http_answer_body(r, w->status, w->type, &body);
}

/* 201, or 204 where it was there already; only headers. */
static void answer_bodiless(struct http_request *r, const struct write *w)
{
        struct text none = text_open(r->arena, 0);
        char etag[ETAG_LENGTH];

        http_answer_body(r, w->status == 201 ? 201 : 204, NULL, &none);
        if (w->kind == WRITE_REMOVE)
                return;
        etag_of(w->row, etag);
        http_answer_header(r, "ETag", etag);
}

void write_finish(struct http_request *r)
{
        const struct write *w = r->state;

        if (w->error.kind != ERROR_NONE) {
                http_answer_error(r, &w->error);
                return;
        }
        if (w->kind == WRITE_CREATE_PLAIN)
                answer_plain(r, w);
        else if (w->kind == WRITE_REMOVE || !w->type)
                answer_bodiless(r, w);
        else
                answer_item(r, w->resource, w->row, w->status, w->type);
        if (w->kind == WRITE_CREATE || w->kind == WRITE_REPLACE) {
                struct text location = text_open(r->arena, 100);

                text_string(&location, base_url(r));
                text_string(&location, w->resource->collection);
                text_char(&location, '/');
                text_int(&location, ((const struct row *)w->row)->id);
                http_answer_header(r, "Location", location.at);
        }
}
