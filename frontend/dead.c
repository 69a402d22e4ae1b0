/* dead - the dead letters, and what a browser may do about one. */
#include "base/json.h"
#include "base/log.h"
#include "frontend/console.h"

#include <stdio.h>
#include <string.h>

enum { REASON_MOST = 500, DROP_MOST = 8192 /* bytes of a body; a replay has MALL_MAX_BODY */ };

static const char collection[] = "/dead/";

bool dead_open(struct process *p, struct error *error)
{
        struct console *c = p->own;

        (void)error;
        c->dead = dead_watch_open(&c->bus, p->metrics);
        return true;
}

void dead_close(struct process *p)
{
        struct console *c = p->own;

        dead_watch_close(&c->dead);
}

enum http_result dead_answer(void *console, struct http_request *r)
{
        struct console *c = console;
        struct text body;

        if (arena_may_take(r->arena, 2 * dead_watch_size(c->dead))) {
                body = text_open(r->arena, dead_watch_size(c->dead));
                text_printf(&body, "{\"allowed\":%s,", c->may_break ? "true" : "false");
                dead_watch_write(c->dead, &body);
                text_char(&body, '}');
                http_answer_body(r, 200, "application/json", &body);
        } else {
                http_answer_problem(r, 503, "no memory for the letters");
                http_answer_header(r, "Retry-After", "1");
        }
        http_answer_header(r, "Cache-Control", "no-store");
        return HTTP_ANSWERED;
}

/* ---- one letter ---- */

struct wanted {
        struct console *console;
        struct dead_place place;
};

static void write_letter(struct errand *e, const struct dead *letter)
{
        e->status = 200;
        text_char(&e->body, '{');
        dead_letter_write_json(letter, &e->body);
        text_char(&e->body, '}');
}

static void fail(struct errand *e, const struct error *error)
{
        e->status = error_status(error->kind);
        e->problem = arena_string(e->arena, error->text);
}

static void show(struct errand *e)
{
        const struct wanted *w = e->arg;
        struct bus_config bus = w->console->bus;
        struct error error = {0};
        const struct dead *letter;

        bus.quiet = true;
        letter = dead_letter_find(&bus, &w->place, e->arena, &error);
        if (letter)
                write_letter(e, letter);
        else
                fail(e, &error);
}

static enum http_result begin_show(struct console *c, struct http_request *r,
                                   const struct dead_place *place)
{
        struct errand *e = errand_new(show);
        struct wanted *w = arena_alloc(e->arena, sizeof *w);

        *w = (struct wanted){c, *place};
        e->arg = w;
        return errand_begin(c->errands, e, r);
}

/* ---- replay and drop ---- */

struct mending {
        struct console *console;
        struct dead_place place;
        bool drops;
        const char *value, *why, *client;
};

static void tell(const struct mending *m)
{
        char offset[24], partition[16];

        snprintf(offset, sizeof offset, "%lld", (long long)m->place.offset);
        snprintf(partition, sizeof partition, "%d", m->place.partition);
        log_write(LOG_WARN, m->drops ? "a dead letter was dropped" : "a dead letter was replayed",
                  "event.group", m->place.group, "event.partition", partition, "event.offset",
                  offset, "client.address", m->client, NULL);
}

static void mend(struct errand *e)
{
        const struct mending *m = e->arg;
        struct dead_reason reason = {arena_printf(e->arena, "the console at %s", m->client),
                                     m->why};
        struct bus_config bus = m->console->bus;
        const struct dead *letter;
        struct error error = {0};

        bus.quiet = true;
        letter = m->drops
                         ? dead_letter_drop(&bus, &m->place, &reason, e->arena, &error)
                         : dead_letter_replay(&bus, &m->place, m->value, &reason, e->arena, &error);
        if (!letter) {
                fail(e, &error);
                return;
        }
        tell(m);
        dead_watch_hurry(m->console->dead);
        write_letter(e, letter);
}

/* A text that may be left out, or null; false: it is another thing. */
static bool take_text(const struct json *body, const char *name, const char **text)
{
        const struct json *member = json_member(body, name);

        if (member && member->type == JSON_STRING)
                *text = member->text;
        return !member || member->type == JSON_STRING || member->type == JSON_NULL;
}

/* False: it is answered. */
static bool take_body(struct http_request *r, struct mending *m)
{
        struct error error = {0};
        const struct json *body = json_read(r->arena, r->body, r->body_len, &error);

        if (body && body->type != JSON_OBJECT)
                error_set(&error, ERROR_BAD_INPUT, "the body must be an object, not %s",
                          json_type_name(body->type));
        else if (body && (!take_text(body, "value", &m->value) || (m->drops && m->value)))
                error_member(&error, "value",
                             m->drops ? "a letter is dropped without a value"
                                      : "value must be the mended event's JSON as a string");
        else if (body &&
                 (!take_text(body, "reason", &m->why) || (m->why && strlen(m->why) > REASON_MOST)))
                error_member(&error, "reason", "reason must be a string of at most %d bytes",
                             REASON_MOST);
        if (error.kind != ERROR_NONE)
                http_answer_error(r, &error);
        return error.kind == ERROR_NONE;
}

static enum http_result begin_mend(struct console *c, struct http_request *r,
                                   const struct mending *wish)
{
        struct errand *e = errand_new(mend);
        struct mending *m = arena_alloc(e->arena, sizeof *m);

        e->arg = m;
        *m = *wish;
        m->value = arena_string(e->arena, wish->value);
        m->why = arena_string(e->arena, wish->why);
        m->client = arena_string(e->arena, r->client);
        return errand_begin(c->errands, e, r);
}

/* "product/0/17", and "replay" or "drop" if that follows; else the verb is NULL. */
static bool take_path(struct http_request *r, struct dead_place *place, const char **verb)
{
        char *text = arena_string(r->arena, r->path + strlen(collection));
        char *last = strrchr(text, '/');
        struct error ignored;

        *verb = NULL;
        if (last && (strcmp(last, "/replay") == 0 || strcmp(last, "/drop") == 0)) {
                *last = '\0';
                *verb = last + 1;
        }
        return dead_place_read(place, text, &ignored);
}

enum http_result dead_one_answer(void *console, struct http_request *r)
{
        struct console *c = console;
        struct mending wish = {.console = c};
        const char *verb;

        if (!take_path(r, &wish.place, &verb)) {
                http_answer_problem(r, 404, "there is no %s here", r->path);
                return HTTP_ANSWERED;
        }
        if (!method_is_offered(r, verb ? "POST" : "GET, HEAD"))
                return HTTP_ANSWERED;
        if (!verb)
                return begin_show(c, r, &wish.place);
        wish.drops = strcmp(verb, "drop") == 0;
        if (!change_is_allowed(c, r, wish.drops ? DROP_MOST : SIZE_MAX) || !take_body(r, &wish))
                return HTTP_ANSWERED;
        return begin_mend(c, r, &wish);
}
