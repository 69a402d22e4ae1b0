#include "service/admin_places.h"

#include "base/clock.h"
#include "service/admin_guard.h"
#include "service/fetches.h"
#include "service/host_lookup.h"
#include "service/roll_call.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES_MOST = 1000 /* asked at a time */ };

struct admin_places {
        struct arena *arena; /* as long as the places */
        struct place *list;
        size_t count;
        struct host_lookup **lookups; /* one for each of the list */
        struct fetcher *fetcher;
        const char *token_file;
};

/* ---- its life ---- */

/* The host of http://HOST:PORT/PATH, without an IPv6 address's brackets, and the rest after it. */
static const char *host_of(struct arena *arena, const char *url, const char **rest)
{
        const char *host = strstr(url, "://") + 3;
        size_t len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");

        *rest = host + len;
        return *host == '[' ? arena_copy(arena, host + 1, len - 2) : arena_copy(arena, host, len);
}

struct admin_places *admin_places_open(const char *list, const char *token_file, int timeout_ms,
                                       struct error *error)
{
        struct arena *arena = arena_open();
        struct place *read = places_read(arena, list, 0, error);
        struct admin_places *p;
        const char *rest;

        if (!read) {
                arena_close(&arena);
                return NULL;
        }
        p = memory_alloc(sizeof *p);
        *p = (struct admin_places){.arena = arena, .list = read, .token_file = token_file};
        while (read[p->count].name)
                p->count++;
        p->lookups = arena_alloc(arena, (p->count + 1) * sizeof *p->lookups);
        for (size_t i = 0; i < p->count; i++)
                p->lookups[i] = host_lookup_open(host_of(arena, read[i].url, &rest));
        p->fetcher = fetcher_open(PLACES_MOST, timeout_ms);
        return p;
}

void admin_places_close(struct admin_places **at)
{
        struct admin_places *p = *at;

        if (!p)
                return;
        *at = NULL;
        fetcher_close(&p->fetcher);
        for (size_t i = 0; i < p->count; i++)
                host_lookup_close(&p->lookups[i]);
        arena_close(&p->arena);
        free(p);
}

bool admin_places_know(const struct admin_places *p, const char *service)
{
        for (size_t i = 0; i < p->count; i++)
                if (strcmp(p->list[i].name, service) == 0)
                        return true;
        return false;
}

/* ---- the token ---- */

/* It may be replaced at any time, as Kubernetes does with a Secret's file. False: why. */
static bool read_token(const char *file, struct arena *arena, const char **authorization,
                       const char **why)
{
        char token[ADMIN_TOKEN_MOST + 1];
        struct error error = {0};

        if (!file)
                return true;
        if (!admin_token_read(file, token, &error)) {
                *why = arena_string(arena, error.text);
                return false;
        }
        *authorization = arena_printf(arena, "Bearer %s", token);
        return true;
}

/* ---- one round of questions ---- */

/* The answer's `detail`, which says in words what was wrong. */
static const char *detail_of(const struct json *said)
{
        const struct json *detail = json_member(said, "detail");

        return detail && detail->type == JSON_STRING ? detail->text : NULL;
}

static void take_answer(struct admin_place *place, const struct fetch *f, struct arena *arena)
{
        struct error error = {0};

        place->status = f->outcome == FETCH_ANSWERED ? f->status : 0;
        place->why = NULL;
        place->said = NULL;
        if (f->outcome != FETCH_ANSWERED)
                place->why = arena_string(arena, f->why);
        else if (f->body.len)
                place->said = json_read(arena, f->body.at, f->body.len, &error);
}

static bool is_asked(const struct admin_place *place, const struct admin_question *q)
{
        return (q->also_away || !place->why) &&
               (!q->pod || (place->pod && strcmp(place->pod, q->pod) == 0));
}

static void fail_all(const struct admin_found *found, const struct admin_question *q,
                     const char *why)
{
        for (size_t i = 0; i < found->count; i++)
                if (is_asked(&found->at[i], q)) {
                        found->at[i].status = 0;
                        found->at[i].said = NULL;
                        found->at[i].why = why;
                }
}

size_t admin_places_ask(struct admin_places *p, const struct admin_found *found,
                        const struct admin_question *q, struct arena *arena)
{
        struct fetch *fetches = arena_alloc(arena, (found->count + 1) * sizeof *fetches);
        struct admin_place **asked = arena_alloc(arena, (found->count + 1) * sizeof *asked);
        const char *authorization = NULL, *why;
        size_t count = 0;

        if (!read_token(p->token_file, arena, &authorization, &why)) {
                fail_all(found, q, why);
                return 0;
        }
        for (struct admin_place *place = found->at; place < found->at + found->count; place++)
                if (is_asked(place, q)) {
                        asked[count] = place;
                        fetches[count++] = (struct fetch){
                                .url = arena_printf(arena, "%s%s", place->url, q->path),
                                .method = strcmp(q->method, "GET") == 0 ? NULL : q->method,
                                .sent = q->sent,
                                .sent_len = q->sent_len,
                                .authorization = authorization,
                                .arena = arena_open()};
                }
        fetches_wait(p->fetcher, fetches, count);
        for (size_t i = 0; i < count; i++) {
                take_answer(asked[i], &fetches[i], arena);
                arena_close(&fetches[i].arena);
        }
        return count;
}

/* ---- who is there ---- */

/* A place without any address is shown too, as one that is away. */
static void add_places(struct admin_places *p, size_t of, const struct timespec *until,
                       struct admin_found *found, size_t *room, struct arena *arena)
{
        const struct place *line = &p->list[of];
        const struct host_address *addresses;
        const char *why, *rest;
        size_t count = host_lookup_wait(p->lookups[of], until, arena, &addresses, &why);

        host_of(arena, line->url, &rest);
        found->at =
                arena_reserve(arena, found->at, room, found->count + count + 1, sizeof *found->at);
        if (!count)
                found->at[found->count++] = (struct admin_place){
                        .service = line->name, .listed = line->url, .url = line->url, .why = why};
        for (size_t i = 0; i < count; i++)
                found->at[found->count++] = (struct admin_place){
                        .service = line->name,
                        .listed = line->url,
                        .url = arena_printf(arena, "http://%s%s", addresses[i].text, rest),
                        .is_ipv6 = addresses[i].is_ipv6};
}

/* The lines of a service beside each other, in the order of its first one. */
static struct admin_found find(struct admin_places *p, const char *service, struct arena *arena)
{
        struct timespec until = clock_after(ADMIN_NAMES_MS);
        struct admin_found found = {0};
        bool *done = arena_alloc(arena, p->count + 1);
        size_t room = 0;

        for (size_t i = 0; i < p->count; i++)
                if (!service || strcmp(p->list[i].name, service) == 0)
                        host_lookup_begin(p->lookups[i]);
        for (size_t i = 0; i < p->count; i++)
                for (size_t j = i; j < p->count; j++)
                        if (!done[j] && strcmp(p->list[i].name, p->list[j].name) == 0 &&
                            (!service || strcmp(p->list[i].name, service) == 0)) {
                                done[j] = true;
                                add_places(p, j, &until, &found, &room, arena);
                        }
        return found;
}

/* What is no answer to GET /faults is away, too: it cannot be switched. */
static void take_look(struct admin_place *place, struct arena *arena)
{
        const struct json *pod = json_member(place->said, "pod"),
                          *faults = json_member(place->said, "faults");
        const char *detail = detail_of(place->said);

        if (place->why)
                return;
        if (place->status != 200 || !faults || faults->type != JSON_ARRAY)
                place->why =
                        detail ? arena_printf(arena, "it answers %d: %s", place->status, detail)
                               : arena_printf(arena, "it answers %d without faults", place->status);
        else if (pod && pod->type == JSON_STRING)
                place->pod = pod->text;
}

/* Whether a name has addresses of this version of IP, and whether somebody answers there. */
static bool has_version(const struct admin_found *found, const char *listed, bool is_ipv6,
                        bool *answers)
{
        bool has = false;

        *answers = false;
        for (const struct admin_place *p = found->at; p < found->at + found->count; p++)
                if (p->listed == listed && p->is_ipv6 == is_ipv6) {
                        has = true;
                        *answers |= !p->why;
                }
        return has;
}

/* IPv4 where it answers, or where nobody does. */
static bool uses_ipv6(const struct admin_found *found, const char *listed)
{
        bool here, there, has_ipv4 = has_version(found, listed, false, &here);
        bool has_ipv6 = has_version(found, listed, true, &there);

        return has_ipv6 && !here && (there || !has_ipv4);
}

static void leave_one_version(struct admin_found *found, struct arena *arena)
{
        struct admin_found left = {arena_alloc(arena, (found->count + 1) * sizeof *left.at), 0};

        for (size_t i = 0; i < found->count; i++)
                if (found->at[i].is_ipv6 == uses_ipv6(found, found->at[i].listed))
                        left.at[left.count++] = found->at[i];
        *found = left;
}

struct admin_found admin_places_look(struct admin_places *p, const char *service,
                                     struct arena *arena)
{
        static const struct admin_question who = {.method = "GET", .path = "/faults"};
        struct admin_found found = find(p, service, arena);

        admin_places_ask(p, &found, &who, arena);
        for (size_t i = 0; i < found.count; i++)
                take_look(&found.at[i], arena);
        leave_one_version(&found, arena);
        return found;
}
