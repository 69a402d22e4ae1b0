#include "gateway/routing/filter_chain.h"

#include "gateway/routing/route.h"
#include "http/server.h"

#include <string.h>

/* A copy that filters and forward_request change. The original stays as it is, for the fallback
   route of a breaker. */
static struct headers copy_headers(const struct headers *from)
{
        enum { MORE = 16 };
        struct headers h = {from->arena,
                            arena_room(from->arena, (from->count + MORE) * sizeof *h.at),
                            from->count, from->count + MORE, from->seen};

        if (h.count)
                memcpy(h.at, from->at, h.count * sizeof *h.at);
        return h;
}

void filter_chain_open(struct filter_chain *p, const struct route *route, const struct asked *asked)
{
        *p = (struct filter_chain){
                .route = route,
                .asked = asked,
                .path = asked->path,
                .query = asked->query,
                .headers = copy_headers(asked->headers),
                .answer = {.arena = asked->arena},
        };
}

bool filter_chain_request(struct filter_chain *p)
{
        while (p->passed < p->route->filter_count) {
                const struct filter *f = &p->route->filters[p->passed];

                if (f->kind->request && !f->idle && !f->kind->request(f, p))
                        return false;
                p->passed++;
        }
        return true;
}

void filter_chain_answer(struct filter_chain *p)
{
        while (p->passed > 0) {
                const struct filter *f = &p->route->filters[--p->passed];

                if (f->kind->answer && !f->idle)
                        f->kind->answer(f, p);
        }
}

/* If several predicates have the name, the last one wins. */
static const char *variable(const struct filter_chain *p, const char *name)
{
        const char *value = NULL;

        for (size_t i = 0; i < p->route->predicate_count; i++) {
                const struct predicate *predicate = &p->route->predicates[i];
                const char *found = predicate->kind->variable
                                            ? predicate->kind->variable(predicate, p->asked, name)
                                            : NULL;

                value = found ? found : value;
        }
        return value ? value : "";
}

/* Decoded, unless the result could not be a header value. */
static const char *for_header(struct arena *arena, const char *escaped)
{
        const char *plain = http_unescape(arena, escaped, strlen(escaped), false);

        for (const char *c = plain; c && *c; c++)
                if ((unsigned char)*c < ' ' || *c == 0x7f)
                        return escaped;
        return plain ? plain : escaped;
}

const char *filter_chain_expand(const struct filter_chain *p, const char *template, bool for_path)
{
        struct arena *arena = p->asked->arena;
        struct text out = text_open(arena, 64);

        for (const char *at = template, *close; *at; at = close + 1) {
                const char *open = strchr(at, '{'), *value;

                close = open ? strchr(open, '}') : NULL;
                if (!close) {
                        text_string(&out, at);
                        break;
                }
                text_add(&out, at, (size_t)(open - at));
                value = variable(p, arena_copy(arena, open + 1, (size_t)(close - open) - 1));
                text_string(&out, for_path ? value : for_header(arena, value));
        }
        return out.at;
}
