/* shop - for tests only: a real server on a free port in front of a store of things, and a client
   in one line. */
#ifndef TESTING_SHOP_H
#define TESTING_SHOP_H

#include "service/resource.h"
#include "testing/conversation.h"
#include "testing/thing.h"

#include <stdarg.h>
#include <stdatomic.h>

static _Atomic int shop_changes, shop_removals;

static inline void shop_check(struct unit *unit, const void *row)
{
        const char *name = ((const struct thing *)row)->name;

        if (name && strcmp(name, "unsaleable") == 0)
                unit_refuse(unit, ERROR_BAD_INPUT, "name", "nobody buys that");
}

static inline void shop_changed(struct unit *unit, const void *before, void *row)
{
        (void)unit, (void)before, (void)row;
        shop_changes++;
}

static inline void shop_removed(struct unit *unit, const void *row)
{
        (void)unit, (void)row;
        shop_removals++;
}

static const char *const shop_commands[] = {"thing", "thing cancel", NULL};

/* Things with all that an entity can have over HTTP; the same table as thing_entity's. */
static const struct entity shop_entity = {
        .item = "thing",
        .collection = "things",
        .shape = {thing_fields, sizeof(struct thing)},
        .lookups = thing_lookups,
        .commands = shop_commands,
        .plain_post = "thing",
        .says_created = &thing_made,
        .check = shop_check,
        .changed = shop_changed,
        .removed = shop_removed,
};

static const struct field fact_fields[] = {{"name", FIELD_TEXT, offsetof(struct thing, name)},
                                           {NULL}};
static const struct entity fact_entity = {.item = "fact",
                                          .collection = "facts",
                                          .shape = {fact_fields, sizeof(struct thing)},
                                          .read_only = true,
                                          .unlisted = true};
static const struct entity inner_entity = {.item = "inner",
                                           .collection = "inners",
                                           .shape = {fact_fields, sizeof(struct thing)},
                                           .internal = true};

static struct {
        struct store *store;
        struct resources *resources;
        struct http_server *server;
        struct faults *faults; /* NULL: none; the story's own */
        struct arena *arena;
        int port;
} shop;

static inline void shop_begin_with(const struct entity *const *entities)
{
        struct error e = {0};
        struct http_config config;

        shop.arena = arena_open();
        shop.store = store_open(&(struct store_config){.url = things_url(),
                                                       .service = things_service(),
                                                       .entities = entities,
                                                       .readers = 3,
                                                       .value_max = 10000},
                                &e);
        check_text(e.text, "");
        shop.resources = resources_open(shop.store, "things", "sells things", entities, NULL);
        config = config_of_test(
                (struct http_handler){resources_handle, resources_finish, shop.resources});
        config.faults = shop.faults;
        shop.server = server_of_test(&config);
        shop.port = http_server_port(shop.server);
}

static inline void shop_begin(void)
{
        static const struct entity *const entities[] = {&shop_entity, &fact_entity, &inner_entity,
                                                        NULL};

        shop_begin_with(entities);
}

static inline void shop_end(void)
{
        http_server_close(&shop.server, 5000);
        resources_close(&shop.resources);
        store_close(&shop.store);
        arena_close(&shop.arena);
}

/* A whole request as text; headers: lines, each with its CRLF. body NULL: none. */
static inline const char *request_of(const char *method, const char *target, const char *headers,
                                     const char *body)
{
        const char *length =
                body ? arena_printf(shop.arena, "Content-Length: %zu\r\n", strlen(body)) : "";

        return arena_printf(shop.arena,
                            "%s %s HTTP/1.1\r\nHost: shop:1\r\nConnection: close\r\n%s%s\r\n%s",
                            method, target, headers, length, body ? body : "");
}

/* The whole answer, kept until the shop ends. */
static inline const char *call(const char *method, const char *target, const char *headers,
                               const char *body)
{
        return arena_string(shop.arena, ask(shop.port, request_of(method, target, headers, body)));
}

#define JSON_BODY "Content-Type: application/json\r\nAccept: application/hal+json\r\n"

static inline const char *get(const char *target)
{
        return call("GET", target, "", NULL);
}

static inline const char *post(const char *target, const char *body)
{
        return call("POST", target, JSON_BODY, body);
}

static inline const char *body_of(const char *answer)
{
        const char *body = strstr(answer, "\r\n\r\n");

        return body ? body + 4 : "";
}

/* A header's value, "none". */
static inline const char *header_of(const char *answer, const char *name)
{
        const char *end = strstr(answer, "\r\n\r\n");
        size_t len = strlen(name);

        for (const char *line = strstr(answer, "\r\n"); line && line < end;
             line = strstr(line + 2, "\r\n"))
                if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':')
                        return arena_copy(shop.arena, line + 4 + len,
                                          strcspn(line + 4 + len, "\r"));
        return "none";
}

static inline void answers(const char *answer, int status)
{
        if (status_of(answer) != status)
                printf("%s\n", answer);
        check_int(status_of(answer), status);
}

#endif
