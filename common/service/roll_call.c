#include "service/roll_call.h"

#include "service/fetches.h"

#include <stdlib.h>
#include <string.h>

static const double COUNT_MOST = 1e15;

/* What each is asked. */
enum { HEALTH, INFO, METRICS, QUESTIONS };

static const char *const questions[QUESTIONS] = {"/actuator/health", "/actuator/info",
                                                 "/actuator/prometheus"};

/* ---- where they are ---- */

/* The same host with another port. */
static const char *with_port(struct arena *arena, const char *url, int port)
{
        const char *host = strstr(url, "://") + 3, *end = host + strcspn(host, "/"), *colon = end;

        while (colon > host && *colon != ':' && *colon != ']')
                colon--;
        if (*colon == ':')
                end = colon;
        return arena_printf(arena, "%.*s:%d", (int)(end - url), url, port);
}

struct place *places_read(struct arena *arena, const char *list, int port, struct error *error)
{
        char *rest = arena_string(arena, list), *item;
        struct place *places = NULL;
        size_t room = 0, count = 0;

        while ((item = strsep(&rest, ", "))) {
                char *url = strchr(item, '=');

                if (!*item)
                        continue;
                if (!url || url == item || !fetch_base_is_right(url + 1)) {
                        error_set(error, ERROR_BAD_INPUT, "%s: NAME=http://HOST:PORT is meant",
                                  item);
                        return NULL;
                }
                *url++ = '\0';
                places = arena_reserve(arena, places, &room, count + 2, sizeof *places);
                places[count++] =
                        (struct place){item, url, port ? with_port(arena, url, port) : url, false};
        }
        places = arena_reserve(arena, places, &room, count + 1, sizeof *places);
        places[count] = (struct place){NULL, NULL, NULL, false};
        return places;
}

/* ---- what they answer ---- */

static const struct json *read_answer(struct arena *arena, const struct fetch *f)
{
        struct error error = {0};

        return f->outcome == FETCH_ANSWERED ? json_read(arena, f->body.at, f->body.len, &error)
                                            : NULL;
}

/* The text at the end of a path of members, ended by NULL. */
static const char *text_at(const struct json *value, const char *const *path)
{
        for (; value && *path; path++)
                value = json_member(value, *path);
        return value && value->type == JSON_STRING ? value->text : NULL;
}

#define TEXT_AT(value, ...) text_at(value, (const char *const[]){__VA_ARGS__, NULL})

static void take_health(struct arena *arena, const struct fetch *f, struct called *c)
{
        const struct json *body = read_answer(arena, f);

        c->status = TEXT_AT(body, "status");
        if (c->status) {
                c->why = TEXT_AT(body, "components", "bus", "details", "error");
                return;
        }
        c->status = "AWAY";
        c->why = f->outcome == FETCH_ANSWERED
                         ? arena_printf(arena, "its health is an answer %d that cannot be read",
                                        f->status)
                         : arena_string(arena, f->why);
}

static void take_info(struct arena *arena, const struct fetch *f, struct called *c)
{
        const struct json *body = read_answer(arena, f);

        c->version = TEXT_AT(body, "build", "version");
        c->commit = TEXT_AT(body, "git", "commit", "id");
        c->pod = TEXT_AT(body, "pod");
        c->mall = json_member(body, "mall");
        c->faults = json_member(body, "faults");
        if (c->faults && c->faults->type != JSON_ARRAY)
                c->faults = NULL;
}

/* Of what is counted; what is not a number is none. */
static double bounded(double value)
{
        return value > COUNT_MOST ? COUNT_MOST : value > 0 ? value : 0;
}

/* The sum of a gauge's series in Prometheus' text; -1: there is none. */
static int64_t sum_of(const char *text, const char *name)
{
        size_t len = strlen(name);
        double sum = -1;

        for (const char *line = text; line; line = strchr(line, '\n')) {
                const char *value;

                line += *line == '\n';
                if (strncmp(line, name, len) != 0 || (line[len] != ' ' && line[len] != '{'))
                        continue;
                value = line + strcspn(line, "\n");
                while (value > line && *value != ' ')
                        value--;
                sum = bounded(bounded(sum) + bounded(strtod(value, NULL)));
        }
        return (int64_t)sum;
}

/* f: NULL where it was not asked. */
static void take_metrics(const struct fetch *f, struct called *c)
{
        bool has = f && f->outcome == FETCH_ANSWERED && f->status == 200;

        c->outbox = has ? sum_of(f->body.at, "mall_outbox_pending") : -1;
        c->lag = has ? sum_of(f->body.at, "kafka_consumer_records_lag") : -1;
}

/* The gateway may hide its metrics, and would say so in a line of its log once a second. It is
   asked again when it was away: another one may have come. */
static void learn(struct place *place, const struct fetch *metrics, const struct called *c)
{
        if (strcmp(c->status, "AWAY") == 0)
                atomic_store(&place->hides_metrics, false);
        else if (metrics && metrics->outcome == FETCH_ANSWERED && metrics->status == 404)
                atomic_store(&place->hides_metrics, true);
}

/* Which of the fetches are a place's. */
struct questions_put {
        struct fetch *of[QUESTIONS]; /* NULL: not asked */
};

/* How many are to be fetched. */
static size_t ask(struct place *place, struct arena *arena, struct fetch *fetches,
                  struct questions_put *asked)
{
        size_t count = atomic_load(&place->hides_metrics) ? METRICS : QUESTIONS;

        for (size_t i = 0; i < count; i++) {
                fetches[i].arena = arena_open();
                fetches[i].url = arena_printf(arena, "%s%s", place->actuator, questions[i]);
                asked->of[i] = &fetches[i];
        }
        return count;
}

const struct called *roll_call(struct fetcher *fetcher, struct place *places, struct arena *arena)
{
        size_t count = 0, started = 0;
        struct fetch *fetches;
        struct questions_put *asked;
        struct called *called;

        while (places[count].name)
                count++;
        fetches = arena_alloc(arena, (count * QUESTIONS + 1) * sizeof *fetches);
        asked = arena_alloc(arena, (count + 1) * sizeof *asked);
        called = arena_alloc(arena, (count + 1) * sizeof *called);
        for (size_t i = 0; i < count; i++)
                started += ask(&places[i], arena, &fetches[started], &asked[i]);
        fetches_wait(fetcher, fetches, started);
        for (size_t i = 0; i < count; i++) {
                take_health(arena, asked[i].of[HEALTH], &called[i]);
                take_info(arena, asked[i].of[INFO], &called[i]);
                take_metrics(asked[i].of[METRICS], &called[i]);
                learn(&places[i], asked[i].of[METRICS], &called[i]);
        }
        for (size_t i = 0; i < started; i++)
                arena_close(&fetches[i].arena);
        return called;
}
