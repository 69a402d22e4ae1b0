#include "service/resource.h"

#include "http/base_url.h"
#include "service/about.h"
#include "service/hal.h"
#include "service/read.h"
#include "service/respond.h"
#include "service/search.h"
#include "service/write.h"

#include <stdlib.h>
#include <string.h>

static const char item_methods[] = "GET,PUT,PATCH,DELETE,HEAD,OPTIONS",
                  collection_methods[] = "GET,POST,HEAD,OPTIONS";
static const char read_methods[] = "GET,HEAD,OPTIONS", plain_methods[] = "POST,OPTIONS";

struct resources *resources_open(struct store *store, const char *service, const char *summary,
                                 const struct entity *const *entities, const struct config *config)
{
        struct resources *all = memory_alloc(sizeof *all);

        all->arena = arena_open();
        all->store = store;
        all->service = service;
        all->summary = summary;
        all->config = config;
        all->keys = idempotency_keys_open();
        for (; *entities && all->count < RESOURCE_ENTITIES; entities++) {
                const char *c = (*entities)->collection;

                if ((*entities)->internal)
                        continue;
                all->list[all->count++] = (struct resource){
                        .entity = *entities,
                        .all = all,
                        .collection = arena_printf(all->arena, "/%s", c),
                        .item = arena_printf(all->arena, "/%s/{id}", c),
                        .search = arena_printf(all->arena, "/%s/search", c),
                        .found = arena_printf(all->arena, "/%s/search/{search}", c),
                        .plain = arena_printf(all->arena, "/%s/%s", c,
                                              (*entities)->plain_post ? (*entities)->plain_post
                                                                      : ""),
                        .links = hal_links_open(all->arena, *entities),
                };
        }
        return all;
}

void resources_close(struct resources **at)
{
        struct resources *all = *at;

        if (!all)
                return;
        *at = NULL;
        idempotency_keys_close(&all->keys);
        arena_close(&all->arena);
        free(all);
}

static bool is_method(const struct http_request *r, const char *method)
{
        return strcmp(r->method, method) == 0;
}

static bool is_read(const struct http_request *r)
{
        return is_method(r, "GET") || is_method(r, "HEAD");
}

enum { LINK_FIELD_ROOM = 100 };

static void head_collection(struct http_request *r, const struct resource *resource)
{
        struct text links = text_open(r->arena, 200);

        hal_collection_link_header(&links, resource->entity, base_url(r), r->target);
        if (links.len + LINK_FIELD_ROOM >
            http_answer_room(r)) { /* the query is almost as long as a head may be */
                links = text_open(r->arena, 200);
                hal_collection_link_header(&links, resource->entity, base_url(r), r->path);
        }
        answer_head(r, &links);
}

static enum http_result on_collection(struct http_request *r, const struct resource *resource)
{
        const char *methods = resource->entity->read_only ? read_methods : collection_methods;
        const char *type;

        r->uri_template = resource->collection;
        if (is_method(r, "POST") && !resource->entity->read_only)
                return write_begin(r, resource, WRITE_CREATE, 0);
        if (!is_read(r)) {
                answer_allow(r, is_method(r, "OPTIONS") ? 200 : 405, methods);
        } else if ((type = hal_type(r))) {
                if (!is_method(r, "HEAD"))
                        return read_page_begin(r, resource, type);
                head_collection(r, resource);
        }
        return HTTP_ANSWERED;
}

static enum http_result on_item(struct http_request *r, const struct resource *resource, int64_t id)
{
        bool writable = !resource->entity->read_only;

        r->uri_template = resource->item;
        if (is_read(r))
                return read_item_begin(r, resource, id);
        if (writable && is_method(r, "PUT"))
                return write_begin(r, resource, WRITE_REPLACE, id);
        if (writable && is_method(r, "PATCH"))
                return write_begin(r, resource, WRITE_PATCH, id);
        if (writable && is_method(r, "DELETE"))
                return write_begin(r, resource, WRITE_REMOVE, id);
        answer_allow(r, is_method(r, "OPTIONS") ? 200 : 405,
                     writable ? item_methods : read_methods);
        return HTTP_ANSWERED;
}

static enum http_result on_plain(struct http_request *r, const struct resource *resource)
{
        r->uri_template = resource->plain;
        if (is_method(r, "POST"))
                return write_begin(r, resource, WRITE_CREATE_PLAIN, 0);
        answer_allow(r, is_method(r, "OPTIONS") ? 200 : 405, plain_methods);
        return HTTP_ANSWERED;
}

/* Of / and of the searches. */
static void head_list(struct http_request *r)
{
        if (hal_type(r))
                answer_head(r, NULL);
}

static enum http_result on_search(struct http_request *r, const struct resource *resource,
                                  const char *name)
{
        r->uri_template = name ? resource->found : resource->search;
        if (!is_read(r))
                answer_allow(r, is_method(r, "OPTIONS") ? 200 : 405, read_methods);
        else if (name)
                return search_find(r, resource, name);
        else if (is_method(r, "HEAD"))
                head_list(r);
        else
                search_list(r, resource);
        return HTTP_ANSWERED;
}

/* "12": an int64 from 1 in plain digits; 0: it is none. */
static int64_t id_of(const char *text)
{
        int64_t id = 0;

        if (*text < '1' || *text > '9')
                return 0;
        for (; *text; text++) {
                if (*text < '0' || *text > '9' || id > (INT64_MAX - (*text - '0')) / 10)
                        return 0;
                id = id * 10 + (*text - '0');
        }
        return id;
}

enum { PARTS = 4 };

/* The path's parts, unescaped; a slash at the end does not count. More than PARTS: PARTS + 1. */
static int split_path(const struct http_request *r, const char *parts[PARTS])
{
        const char *p = r->path;
        int count = 0;

        for (p += *p == '/'; *p; p += *p == '/') {
                size_t len = strcspn(p, "/");

                if (count == PARTS)
                        return PARTS + 1;
                parts[count++] = http_unescape(r->arena, p, len, false);
                p += len;
        }
        return count;
}

static const struct resource *resource_named(const struct resources *all, const char *name)
{
        for (int i = 0; i < all->count; i++)
                if (strcmp(all->list[i].collection + 1, name) == 0)
                        return &all->list[i];
        return NULL;
}

static enum http_result not_found(struct http_request *r)
{
        http_answer_problem(r, 404, "there is nothing at %s", r->path);
        return HTTP_ANSWERED;
}

static enum http_result on_resource(struct http_request *r, const struct resource *resource,
                                    const char *const *parts, int count)
{
        const struct entity *e = resource->entity;
        int64_t id;

        if (count == 1)
                return on_collection(r, resource);
        if (entity_has_search(e) && strcmp(parts[1], "search") == 0 && count <= 3)
                return on_search(r, resource, count == 3 ? parts[2] : NULL);
        if (count != 2)
                return not_found(r);
        if (e->plain_post && strcmp(parts[1], e->plain_post) == 0)
                return on_plain(r, resource);
        id = id_of(parts[1]);
        return id ? on_item(r, resource, id) : not_found(r);
}

/* /, /profile, /profile/orders, /openapi.json; false when the path is none of them. */
static bool about(struct http_request *r, const struct resources *all, const char *const *parts,
                  int count)
{
        const struct resource *resource = NULL;
        bool profile = count >= 1 && strcmp(parts[0], "profile") == 0;

        if (profile && count == 2)
                resource = resource_named(all, parts[1]);
        if (count == 0)
                r->uri_template = "/";
        else if (count == 1 && strcmp(parts[0], "openapi.json") == 0)
                r->uri_template = "/openapi.json";
        else if (profile && count == 1)
                r->uri_template = "/profile";
        else if (resource && !resource->entity->unlisted)
                r->uri_template = "/profile/{collection}";
        else
                return false;
        if (!is_read(r))
                answer_allow(r, is_method(r, "OPTIONS") ? 200 : 405, read_methods);
        else if (resource)
                answer_entity_profile(r, resource);
        else if (count == 0 && is_method(r, "HEAD"))
                head_list(r);
        else if (count == 0)
                answer_root(r, all);
        else if (profile)
                answer_profile(r, all);
        else
                answer_openapi(r, all);
        return true;
}

enum http_result resources_handle(struct http_request *r, void *arg)
{
        struct resources *all = arg;
        const char *parts[PARTS] = {NULL};
        int count = split_path(r, parts);
        const struct resource *resource;

        if (count > PARTS)
                return not_found(r);
        for (int i = 0; i < count; i++)
                if (!parts[i])
                        return not_found(r);
        resource = count ? resource_named(all, parts[0]) : NULL;
        if (resource)
                return on_resource(r, resource, parts, count);
        return about(r, all, parts, count) ? HTTP_ANSWERED : not_found(r);
}

void resources_finish(struct http_request *r, void *arg)
{
        (void)arg;
        if (is_read(r))
                read_finish(r);
        else
                write_finish(r);
}
