#include "service/write_unit.h"

#include "data/transition.h"
#include "http/negotiate.h"
#include "service/hal.h"
#include "service/patch.h"
#include "service/resource.h"
#include "service/respond.h"

#include <stdlib.h>
#include <string.h>

const char *write_key_path(const struct write *w)
{
        return w->kind == WRITE_CREATE_PLAIN ? w->resource->plain : w->resource->collection;
}

/* RFC 9110, 13.2.2: before anything is done. row is NULL where there is none. */
static bool conditions_hold(struct unit *unit, const struct write *w, const void *row)
{
        char etag[ETAG_LENGTH] = "";

        if (row)
                etag_of(row, etag);
        if (w->if_match && !(row && etag_list_has(w->if_match, etag, ETAG_STRONG)))
                unit_refuse(unit, ERROR_PRECONDITION, NULL, "If-Match: the row is now %s",
                            row ? etag : "not there");
        else if (w->if_none_match && row && etag_list_has(w->if_none_match, etag, ETAG_WEAK))
                unit_refuse(unit, ERROR_PRECONDITION, NULL, "If-None-Match: the row is %s", etag);
        return !unit_failed(unit);
}

/* Checked on every change, also if nothing is announced now: a row whose removal could not be
   announced could never be deleted. */
static void must_fit(struct unit *unit, const struct write *w)
{
        if (!unit_fits(unit, w->resource->entity, w->row))
                unit_refuse(unit, ERROR_TOO_LARGE, NULL,
                            "the row is too large for the events that are said of it");
}

static void create(struct unit *unit, struct write *w)
{
        const struct entity *e = w->resource->entity;
        const struct error *verdict = &w->applicant.verdict;

        transition_begin(unit, e, w->row);
        if (e->check)
                e->check(unit, w->row);
        if (verdict->kind != ERROR_NONE)
                unit_refuse(unit, verdict->kind, verdict->member, "%s", verdict->text);
        must_fit(unit, w);
        unit_create(unit, e, w->row);
        if (e->created)
                e->created(unit, w->row);
        w->status = w->kind == WRITE_CREATE_PLAIN ? 200 : 201;
}

static void store_change(struct unit *unit, struct write *w, const void *before)
{
        const struct entity *e = w->resource->entity;

        if (e->check)
                e->check(unit, w->row);
        if (unit_failed(unit) || shape_same(&e->shape, before, w->row))
                return;
        must_fit(unit, w);
        transition_update(unit, e, before, w->row);
        if (!unit_failed(unit) && e->changed)
                e->changed(unit, before, w->row);
}

/* The read row's visible members over the stored row's identity and hidden members. */
static void *replaced(struct unit *unit, const struct entity *e, const void *before,
                      const struct json *body)
{
        void *row = unit_copy(unit, e, before);
        struct error error = {0};

        shape_clear_visible(&e->shape, row);
        if (!shape_read(&e->shape, body, row, &error))
                unit_refuse(unit, error.kind, error.member, "%s", error.text);
        return row;
}

static void replace(struct unit *unit, struct write *w)
{
        const struct entity *e = w->resource->entity;
        void *before = unit_get(unit, e, w->id);

        if (unit_failed(unit) || !conditions_hold(unit, w, before))
                return;
        if (!before) {
                w->row = replaced(unit, e, unit_new(unit, e),
                                  w->body); /* the row may have been there when this ran before */
                create(unit, w);
                return;
        }
        w->row = replaced(unit, e, before, w->body);
        store_change(unit, w, before);
        w->status = 200;
}

static void patch(struct unit *unit, struct write *w)
{
        const struct entity *e = w->resource->entity;
        void *before = unit_get(unit, e, w->id);
        struct error error = {0};

        if (!unit_failed(unit) && !before)
                unit_refuse(unit, ERROR_NOT_FOUND, NULL, "there is no %s %lld", e->item,
                            (long long)w->id);
        if (unit_failed(unit) || !conditions_hold(unit, w, before))
                return;
        w->row = unit_copy(unit, e, before);
        if (!patch_apply(&e->shape, w->body, w->row, &error))
                unit_refuse(unit, error.kind, error.member, "%s", error.text);
        store_change(unit, w, before);
        w->status = 200;
}

static void remove_row(struct unit *unit, struct write *w)
{
        const struct entity *e = w->resource->entity;
        void *before = unit_get(unit, e, w->id);

        if (!unit_failed(unit) && !before)
                unit_refuse(unit, ERROR_NOT_FOUND, NULL, "there is no %s %lld", e->item,
                            (long long)w->id);
        if (unit_failed(unit) || !conditions_hold(unit, w, before))
                return;
        unit_delete(unit, e, before);
        if (e->removed)
                e->removed(unit, before);
}

static void remember(struct unit *unit, const struct write *w)
{
        struct text row = text_open(unit_arena(unit), 300);

        hal_plain(&row, w->resource->entity, w->row);
        unit_remember(unit, write_key_path(w), w->key,
                      &(struct stored_answer){w->hash, w->status, row.at});
}

/* The row as it was first answered; the URLs around it are built anew. */
static void replay(struct unit *unit, struct write *w, const struct stored_answer *stored)
{
        const struct json *row;
        struct error error;

        if (stored->hash != w->hash) {
                unit_refuse(unit, ERROR_UNPROCESSABLE, NULL,
                            "this Idempotency-Key came with another body before");
                return;
        }
        row = json_read(unit_arena(unit), stored->row, strlen(stored->row), &error);
        w->row = unit_new(unit, w->resource->entity);
        if (!row || !shape_read(&w->resource->entity->shape, row, w->row, &error))
                unit_refuse(unit, ERROR_INTERNAL, NULL, "the stored answer cannot be read: %s",
                            error.text);
        else
                ((struct row *)w->row)->id = strtoll(json_member(row, "id")->text, NULL, 10);
        w->status = stored->status;
}

void write_run(struct unit *unit, void *arg)
{
        static void (*const kinds[])(struct unit *, struct write *) = {
                [WRITE_CREATE] = create, [WRITE_CREATE_PLAIN] = create, [WRITE_REPLACE] = replace,
                [WRITE_PATCH] = patch,   [WRITE_REMOVE] = remove_row,
        };
        struct write *w = arg;
        struct stored_answer stored;

        if (w->key && unit_recall(unit, write_key_path(w), w->key, &stored)) {
                replay(unit, w, &stored);
                return;
        }
        kinds[w->kind](unit, w);
        if (w->key)
                remember(unit, w);
}
