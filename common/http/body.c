#include "http/body.h"

enum {
        KNOWN_ROOM = 64 << 10,  /* at first, of a body whose length is known */
        CHUNKED_ROOM = 1 << 10, /* of one whose length is not */
};

size_t body_most(const struct exchange *e)
{
        const struct http_config *config = &e->request.server->config;
        size_t most = e->framing.chunked ? config->max_body : (size_t)e->framing.length;

        return config->handler.streams && most > config->handler.streams->whole
                       ? config->handler.streams->whole
                       : most;
}

/* Room for `need` bytes of the body or more; false: the allowance has none left. */
static bool body_room(struct exchange *e, size_t need)
{
        struct arena *arena = e->request.arena;
        size_t first = e->framing.chunked ? CHUNKED_ROOM : KNOWN_ROOM, most = body_most(e);
        size_t room = e->body.at ? e->body.room * 2 : first;

        if (e->body.at && need <= e->body.room)
                return true;
        if (room > most)
                room = most;
        if (room < need)
                room = need;
        if (!arena_may_take(arena, room + 1))
                return false;
        if (e->body.at)
                text_reserve(&e->body, room);
        else
                e->body = text_open(arena, room);
        return true;
}

enum MHD_Result body_take(struct exchange *e, const char *data, size_t *len)
{
        struct connection *c = connection_of(e);

        if (e->body.len + *len > c->server->config.max_body)
                e->cut_short = 413;
        else if (!body_room(e, e->body.len + *len))
                e->cut_short = 503;
        if (e->cut_short) {
                c->linger = true;
                return MHD_NO;
        }
        text_add(&e->body, data, *len);
        *len = 0;
        return MHD_YES;
}
