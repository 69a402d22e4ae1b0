/* story - for tests of policies only: given these events, expect these rows and these
   announcements.

   One service at a time, on a store in the story's own directory, without a bus: events go
   through event_read and the reactions as the inbox applies them; HTTP requests go through the
   entity's functions as a resource calls them. A failed check ends the story in the middle, so
   story_begin also ends the story before. */
#ifndef TESTING_STORY_H
#define TESTING_STORY_H

#include "data/event_form.h"
#include "data/outbox.h"
#include "data/store.h"
#include "data/transition.h"
#include "event/event.h"
#include "testing/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
        struct store *store;
        struct arena *arena;
        const struct reaction *reactions;
        int64_t ids, offset,
                told; /* the last ce_id and offset given, the last outbox row returned */
} telling;

/* An event of another service. */
struct saying {
        const char *source; /* ce_source; NULL: a producer without CloudEvents headers, as the
                               reference */
        const char *id;     /* ce_id; NULL: a fresh one */
        const char *order_source, *delivery_source; /* extensions; NULL: none */
        const char *value;
};

static inline void story_end(void)
{
        store_close(&telling.store);
        arena_close(&telling.arena);
}

static inline void story_begin(const char *service, const struct entity *const *entities,
                               const struct reaction *reactions, const struct config *config)
{
        static char url[200], own[60];
        const char *shared = getenv("MALL_TEST_STORE");
        struct error e = {0};

        if (telling.arena)
                story_end();
        memset(&telling, 0, sizeof telling);
        telling.arena = arena_open();
        telling.reactions = reactions;
        snprintf(url, sizeof url, shared ? "%s" : "sqlite:%s/things.db",
                 shared ? shared : check_directory());
        snprintf(own, sizeof own, "%s%s", service,
                 shared ? strrchr(check_directory(), '/') + 1 : "");
        telling.store = store_open(&(struct store_config){.url = url,
                                                          .service = own,
                                                          .entities = entities,
                                                          .readers = 1,
                                                          .config = config},
                                   &e);
        check_text(e.text, "");
}

static inline const char *story_source(void)
{
        return store_source(telling.store);
}

static inline size_t story_headers(const struct saying *s, struct record_header *h)
{
        const char *id =
                s->id ? s->id : arena_printf(telling.arena, "%lld", (long long)++telling.ids);
        const struct {
                const char *name, *value;
        } all[] = {{"ce_source", s->source},
                   {"ce_id", s->source ? id : NULL},
                   {"ce_ordersource", s->order_source},
                   {"ce_deliverysource", s->delivery_source}};
        size_t count = 0;

        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
                if (all[i].value)
                        h[count++] = (struct record_header){all[i].name, all[i].value,
                                                            strlen(all[i].value)};
        return count;
}

struct hearing {
        struct event event;
        bool again;
};

static inline void story_react(struct unit *unit, void *arg)
{
        struct hearing *h = arg;

        h->again = !unit_first_time(unit, h->event.identity_source, h->event.identity);
        if (!h->again)
                reaction_for(telling.reactions, h->event.type)->react(unit, &h->event);
}

/* "applied", "again" (the event was applied before), "foreign" (no reaction is for it), "dead:
   why", or "failed: why". */
static inline const char *story_hears(struct saying s)
{
        struct record_header headers[8];
        struct record record = {.topic = "mall",
                                .offset = telling.offset++,
                                .timestamp_ms = 1000,
                                .value = s.value,
                                .value_len = strlen(s.value),
                                .headers = headers,
                                .header_count = story_headers(&s, headers)};
        struct hearing h = {0};
        struct error e = {0};

        switch (event_read(&record, telling.reactions, telling.arena, &h.event, &e)) {
        case EVENT_FOREIGN:
                return "foreign";
        case EVENT_BROKEN:
                return arena_printf(telling.arena, "dead: %s", e.text);
        default:
                break;
        }
        if (store_run(telling.store, story_react, &h, telling.arena, &e))
                return h.again ? "again" : "applied";
        return arena_printf(
                telling.arena, "%s: %s",
                error_is_passing(e.kind) || e.kind == ERROR_INTERNAL ? "failed" : "dead", e.text);
}

/* An HTTP request: a JSON body, as the resource takes it. */
struct doing {
        const struct entity *entity;
        int64_t id;              /* 0: a new one */
        const struct json *body; /* NULL: delete */
};

static inline void story_create(struct unit *unit, const struct doing *d, void *row)
{
        transition_begin(unit, d->entity, row);
        if (d->entity->check)
                (d->entity->check)(unit, row);
        unit_create(unit, d->entity, row);
        if (d->entity->created)
                d->entity->created(unit, row);
}

static inline void story_change(struct unit *unit, const struct doing *d, void *row)
{
        void *before = unit_copy(unit, d->entity, row);
        struct error e = {0};

        shape_read(&d->entity->shape, d->body, row, &e);
        if (d->entity->check)
                (d->entity->check)(unit, row);
        if (unit_failed(unit) || shape_same(&d->entity->shape, before, row))
                return;
        transition_update(unit, d->entity, before, row);
        if (!unit_failed(unit) && d->entity->changed)
                d->entity->changed(unit, before, row);
}

static inline void story_act(struct unit *unit, void *arg)
{
        const struct doing *d = arg;
        void *row = d->id ? unit_get(unit, d->entity, d->id) : unit_new(unit, d->entity);
        struct error e = {0};

        if (!row) {
                unit_refuse(unit, ERROR_NOT_FOUND, NULL, "there is none");
        } else if (!d->body) {
                unit_delete(unit, d->entity, row);
                if (d->entity->removed)
                        d->entity->removed(unit, row);
        } else if (d->id) {
                story_change(unit, d, row);
        } else if (shape_read(&d->entity->shape, d->body, row, &e)) {
                story_create(unit, d, row);
        } else {
                unit_refuse(unit, e.kind, e.member, "%s", e.text);
        }
}

/* "" or why it was refused */
static inline const char *story_does(const struct entity *entity, int64_t id, const char *json)
{
        struct error e = {0};
        struct doing d = {entity, id,
                          json ? json_read(telling.arena, json, strlen(json), &e) : NULL};

        check_text(e.text, "");
        store_run(telling.store, story_act, &d, telling.arena, &e);
        return arena_string(telling.arena, e.text);
}

static inline void story_posts(const struct entity *entity, const char *json)
{
        check_text(story_does(entity, 0, json), "");
}

static inline void story_patches(const struct entity *entity, int64_t id, const char *json)
{
        check_text(story_does(entity, id, json), "");
}

static inline void story_deletes(const struct entity *entity, int64_t id)
{
        check_text(story_does(entity, id, NULL), "");
}

/* All rows: `1{"qty":5}2{...}` */
static inline const char *story_rows(const struct entity *entity)
{
        struct db *db = store_read_begin(telling.store);
        struct text out = text_open(telling.arena, 200);
        struct page page = {.size = 100};
        struct error e = {0};
        void *rows[100];
        size_t count;
        bool done = table_page(db, store_table(telling.store, entity), &page, telling.arena, rows,
                               &count, &e);

        store_read_end(telling.store, db);
        check_text(done ? "" : e.text, "");
        for (size_t i = 0; i < count; i++) {
                text_printf(&out, "%lld{", (long long)((struct row *)rows[i])->id);
                shape_write(&entity->shape, rows[i], &out);
                text_char(&out, '}');
        }
        return out.at;
}

/* The value without its timestamp, which must be a number. */
static inline void story_value(struct text *out, const struct outbox_record *o)
{
        const char *value = arena_copy(telling.arena, o->value, o->value_len),
                   *stamp = strstr(value, ",\"timestamp\":"), *after;
        const char *type_end;

        check(stamp != NULL);
        after = stamp + strlen(",\"timestamp\":");
        check(strspn(after, "0123456789") == 13);
        type_end = stamp - 1;
        text_add(out, value + strlen("{\"eventType\":\""),
                 (size_t)(type_end - value) - strlen("{\"eventType\":\""));
        text_printf(out, "[%s]{%s", o->key ? o->key : "-", after + 14);
}

/* The events announced since the last call: `DeliveryStarted[key]{"id":1,...}OutOfStock[..]{..}` */
static inline const char *story_said(void)
{
        struct outbox_record records[100];
        struct text out = text_open(telling.arena, 300);
        struct error e = {0};
        size_t count;

        check(outbox_read(telling.store, telling.told, records, 100, &count, telling.arena, &e));
        for (size_t i = 0; i < count; i++) {
                story_value(&out, &records[i]);
                telling.told = records[i].id;
        }
        return out.at;
}

/* A header of the last event, as it goes onto the bus; "none". */
static inline const char *story_header(const char *name)
{
        struct outbox_record o;
        struct record record;
        struct error e = {0};
        const char *value;
        size_t count;

        check(outbox_read(telling.store, telling.told - 1, &o, 1, &count, telling.arena, &e) &&
              count == 1);
        event_form_record(&o, story_source(), &record, telling.arena);
        value = record_header(&record, name, telling.arena);
        return value ? value : "none";
}

#endif
