#include "service/fault_desk.h"

#include "base/log.h"

#include <string.h>

/* ---- what is there ---- */

static void text_member(struct text *out, const char *name, const char *value)
{
        text_string(out, name);
        json_write_string(out, value);
}

/* [] for what is no array. */
static void array_member(struct text *out, const char *name, const struct json *value)
{
        text_string(out, name);
        if (value && value->type == JSON_ARRAY)
                json_write(out, value);
        else
                text_string(out, "[]");
}

static void write_place(struct text *out, const struct admin_place *place)
{
        text_member(out, "{\"url\":", place->url);
        text_member(out, ",\"pod\":", place->pod);
        text_member(out, ",\"status\":", place->why ? "AWAY" : "UP");
        text_member(out, ",\"why\":", place->why);
        array_member(out, ",\"faults\":", json_member(place->said, "faults"));
        array_member(out, ",\"ended\":", json_member(place->said, "ended"));
        array_member(out, ",\"kinds\":", json_member(place->said, "kinds"));
        text_char(out, '}');
}

void fault_desk_list(struct admin_places *places, struct text *out)
{
        struct arena *arena = arena_open();
        struct admin_found found = admin_places_look(places, NULL, arena);

        text_string(out, "\"services\":[");
        for (size_t i = 0; i < found.count; i++) {
                const struct admin_place *place = &found.at[i];
                bool begins = !i || strcmp(found.at[i - 1].service, place->service) != 0;

                if (begins) {
                        text_string(out, i ? "]},{\"name\":" : "{\"name\":");
                        json_write_string(out, place->service);
                }
                text_string(out, begins ? ",\"places\":[" : ",");
                write_place(out, place);
        }
        text_string(out, found.count ? "]}]" : "]");
        arena_close(&arena);
}

/* ---- what they answer ---- */

/* "http://10.0.0.3:9091: timed out; http://..." */
static const char *who_is_away(const struct admin_found *found, struct arena *arena)
{
        struct text out = text_open(arena, 200);

        for (size_t i = 0; i < found->count; i++) {
                const struct admin_place *p = &found->at[i];

                text_printf(&out, "%s%s: ", i ? "; " : "", p->url);
                if (p->why)
                        text_string(&out, p->why);
                else
                        text_printf(&out, "it answers %d", p->status);
        }
        return out.at;
}

static const struct admin_place *refusal(const struct admin_found *found)
{
        for (size_t i = 0; i < found->count; i++)
                if (!found->at[i].why && found->at[i].status >= 400 && found->at[i].status < 600)
                        return &found->at[i];
        return NULL;
}

/* No place did it: as the first one that answered says, or that none did. */
static void answer_refused(struct errand *e, const struct admin_found *found)
{
        const struct admin_place *p = refusal(found);

        e->status = p ? p->status : 502;
        if (!p) {
                e->problem =
                        arena_printf(e->arena, "nobody did it: %s", who_is_away(found, e->arena));
        } else if (p->said) {
                e->type = "application/problem+json";
                json_write(&e->body, p->said);
        } else {
                e->problem = arena_printf(e->arena, "%s answers %d", p->url, p->status);
        }
}

/* The rest of a place's answer: its number, and what it said. */
static void write_answer(struct text *out, const struct admin_place *p, int wanted, const char *as)
{
        text_member(out, "\"url\":", p->url);
        text_member(out, ",\"pod\":", p->pod);
        if (p->why) {
                text_member(out, ",\"status\":null,\"why\":", p->why);
                return;
        }
        text_printf(out, ",\"status\":%d", p->status);
        if (p->said) {
                text_printf(out, ",\"%s\":", p->status == wanted ? as : "problem");
                json_write(out, p->said);
        }
}

static size_t count_status(const struct admin_found *found, int status)
{
        size_t count = 0;

        for (size_t i = 0; i < found->count; i++)
                count += !found->at[i].why && found->at[i].status == status;
        return count;
}

static void log_switch(const struct errand *e, const struct admin_found *found, const char *action,
                       size_t done)
{
        const struct fault_order *o = e->arg;

        log_write(LOG_INFO, "faults are switched from the console", "client.address", o->client,
                  "event.action", action, "mall.service", o->service ? o->service : "all",
                  "mall.fault", o->fault ? o->fault : o->id, "mall.pod", o->pod, "mall.places",
                  arena_printf(e->arena, "%zu of %zu", done, found->count), NULL);
}

/* ---- switches ---- */

void fault_desk_begin(struct errand *e)
{
        const struct fault_order *o = e->arg;
        struct admin_found found = admin_places_look(o->places, o->service, e->arena);
        struct admin_question q = {
                .method = "POST", .path = "/faults", .sent = o->fault, .sent_len = o->fault_len};
        size_t done;

        admin_places_ask(o->places, &found, &q, e->arena);
        done = count_status(&found, 201);
        log_switch(e, &found, "begin", done);
        if (!done) {
                answer_refused(e, &found);
                return;
        }
        e->status = 201;
        text_member(&e->body, "{\"service\":", o->service);
        text_string(&e->body, ",\"places\":[");
        for (size_t i = 0; i < found.count; i++) {
                text_string(&e->body, i ? ",{" : "{");
                write_answer(&e->body, &found.at[i], 201, "fault");
                text_char(&e->body, '}');
        }
        text_string(&e->body, "]}");
}

static void end_all(struct errand *e, const struct admin_found *found)
{
        const struct fault_order *o = e->arg;
        struct admin_question q = {.method = "DELETE", .path = "/faults", .also_away = true};
        int64_t ended = 0;
        size_t done;

        admin_places_ask(o->places, found, &q, e->arena);
        done = count_status(found, 200);
        for (size_t i = 0; i < found->count; i++)
                if (found->at[i].status == 200)
                        ended += json_whole(json_member(found->at[i].said, "ended"), 0);
        log_switch(e, found, "end", done);
        if (!done) {
                answer_refused(e, found);
                return;
        }
        e->status = 200;
        text_printf(&e->body, "{\"ended\":%lld,\"places\":[", (long long)ended);
        for (size_t i = 0; i < found->count; i++) {
                text_member(&e->body, i ? ",{\"service\":" : "{\"service\":", found->at[i].service);
                text_char(&e->body, ',');
                write_answer(&e->body, &found->at[i], 200, "answer");
                text_char(&e->body, '}');
        }
        text_string(&e->body, "]}");
}

/* The one pod that is meant; where there is one only, it need not be named. NULL: answered. */
static const char *pod_meant(struct errand *e, const struct admin_found *found)
{
        const struct fault_order *o = e->arg;

        if (!o->pod && found->count == 1 && found->at[0].pod)
                return found->at[0].pod;
        for (size_t i = 0; o->pod && i < found->count; i++)
                if (found->at[i].pod && strcmp(found->at[i].pod, o->pod) == 0)
                        return o->pod;
        e->status = o->pod ? 404 : 400;
        e->problem =
                o->pod ? arena_printf(e->arena, "%s has no pod %s that answers", o->service, o->pod)
                       : arena_printf(e->arena,
                                      "%s has %zu places, and each counts its own faults: "
                                      "say ?pod=NAME",
                                      o->service, found->count);
        return NULL;
}

static void end_one(struct errand *e, struct admin_found *found)
{
        const struct fault_order *o = e->arg;
        struct admin_question q = {.method = "DELETE",
                                   .path = arena_printf(e->arena, "/faults/%s", o->id),
                                   .pod = pod_meant(e, found)};
        struct admin_found one = {0};
        bool done;

        if (!q.pod)
                return;
        for (size_t i = 0; !one.at; i++)
                if (found->at[i].pod && strcmp(found->at[i].pod, q.pod) == 0)
                        one = (struct admin_found){&found->at[i], 1};
        admin_places_ask(o->places, &one, &q, e->arena);
        done = count_status(&one, 204) == 1;
        log_switch(e, &one, "end", done);
        if (!done) {
                answer_refused(e, &one);
                return;
        }
        e->status = 200;
        text_string(&e->body, "{\"ended\":1}");
}

void fault_desk_end(struct errand *e)
{
        const struct fault_order *o = e->arg;
        struct admin_found found = admin_places_look(o->places, o->service, e->arena);

        if (o->id)
                end_one(e, &found);
        else
                end_all(e, &found);
}
