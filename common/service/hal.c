#include "service/hal.h"

#include "base/json.h"

#include <string.h>

static void begin_member(struct text *out, const char *name)
{
        char last = out->len ? out->at[out->len - 1] : '{';

        if (last != '{' && last != '[')
                text_char(out, ',');
        json_write_string(out, name);
        text_char(out, ':');
}

void hal_link(struct text *out, const char *rel, const char *href)
{
        begin_member(out, rel);
        text_add(out, "{\"href\":", 8);
        json_write_string(out, href);
        text_char(out, '}');
}

bool entity_has_search(const struct entity *entity)
{
        for (const struct lookup *l = entity->lookups; l && l->members[0]; l++)
                if (l->name)
                        return true;
        return false;
}

/* http://host/orders/1, and /command after it */
static void item_href(struct text *out, const struct entity *e, int64_t id, const char *base,
                      const char *command)
{
        text_string(out, base);
        text_char(out, '/');
        text_string(out, e->collection);
        text_char(out, '/');
        text_int(out, id);
        if (command) {
                text_char(out, '/');
                text_string(out, command);
        }
}

static void href_object(struct text *out, const struct entity *e, int64_t id, const char *base,
                        const char *command)
{
        text_add(out, "{\"href\":\"", 9);
        item_href(out, e, id, base, command);
        text_add(out, "\"}", 2);
}

static bool has_command(const struct entity *e, const char *name)
{
        for (const char *const *c = e->commands; c && *c; c++)
                if (strcmp(*c, name) == 0)
                        return true;
        return false;
}

/* self, the item's own rel (an array where a command has the same name, as in the reference), other
   commands */
static void item_links(struct text *out, const struct entity *e, int64_t id, const char *base)
{
        text_add(out, "{\"self\":", 8);
        href_object(out, e, id, base, NULL);
        begin_member(out, e->item);
        if (has_command(e, e->item)) {
                text_char(out, '[');
                href_object(out, e, id, base, NULL);
                text_char(out, ',');
                href_object(out, e, id, base, e->item);
                text_char(out, ']');
        } else {
                href_object(out, e, id, base, NULL);
        }
        for (const char *const *c = e->commands; c && *c; c++) {
                if (strcmp(*c, e->item) == 0)
                        continue;
                begin_member(out, *c);
                href_object(out, e, id, base, *c);
        }
        text_char(out, '}');
}

void hal_item(struct text *out, const struct entity *entity, const void *row, const char *base)
{
        text_char(out, '{');
        shape_write(&entity->shape, row, out);
        text_add(out, ",\"_links\":", 10);
        item_links(out, entity, ((const struct row *)row)->id, base);
        text_char(out, '}');
}

void hal_plain(struct text *out, const struct entity *entity, const void *row)
{
        text_add(out, "{\"id\":", 6);
        text_int(out, ((const struct row *)row)->id);
        text_char(out, ',');
        shape_write(&entity->shape, row, out);
        text_char(out, '}');
}

static void link_field(struct text *out, const char *rel)
{
        text_add(out, ">;rel=\"", 7);
        text_string(out, rel);
        text_char(out, '"');
}

static void item_link_field(struct text *out, const struct entity *e, int64_t id, const char *base,
                            const char *rel)
{
        text_string(out, out->len ? ",<" : "<");
        item_href(out, e, id, base, NULL);
        link_field(out, rel);
}

void hal_item_link_header(struct text *out, const struct entity *e, int64_t id, const char *base)
{
        item_link_field(out, e, id, base, "self");
        item_link_field(out, e, id, base, e->item);
}

/* A target may hold characters that no URI has; > would end the link within its brackets. */
static void target_in_brackets(struct text *out, const char *target)
{
        for (; *target; target++) {
                if (strchr("<>\"", *target))
                        text_printf(out, "%%%02X", (unsigned)*target);
                else
                        text_char(out, *target);
        }
}

void hal_collection_link_header(struct text *out, const struct entity *e, const char *base,
                                const char *asked)
{
        text_printf(out, "<%s", base);
        target_in_brackets(out, asked);
        link_field(out, "self");
        if (!e->unlisted) {
                text_printf(out, ",<%s/profile/%s", base, e->collection);
                link_field(out, "profile");
        }
        if (entity_has_search(e)) {
                text_printf(out, ",<%s/%s/search", base, e->collection);
                link_field(out, "search");
        }
}

static void page_link(struct text *out, const char *rel, const struct hal_page *p, int64_t number)
{
        const struct page *page = p->page;
        struct text href = text_open(out->arena, 100);

        text_printf(&href, "%s/%s?%spage=%lld&size=%lld", p->base, p->entity->collection, p->others,
                    (long long)number, (long long)page->size);
        for (int i = 0; i < page->sort_count; i++)
                text_printf(&href, "&sort=%s,%s",
                            page->sorts[i].field ? page->sorts[i].field->name : "id",
                            page->sorts[i].descending ? "desc" : "asc");
        hal_link(out, rel, href.at);
}

static void page_links(struct text *out, const struct hal_page *p, int64_t pages)
{
        int64_t number = p->page->number;
        bool has_previous = number > 0, has_next = number + 1 < pages;
        struct text asked = text_open(out->arena, 100);

        text_char(out, '{');
        if (has_previous || has_next)
                page_link(out, "first", p, 0);
        if (has_previous)
                page_link(out, "prev", p, number - 1);
        text_string(&asked, p->base);
        text_string(&asked, p->asked);
        hal_link(out, "self", asked.at);
        if (has_next)
                page_link(out, "next", p, number + 1);
        if (has_previous || has_next)
                page_link(out, "last", p, pages ? pages - 1 : 0);
        if (!p->entity->unlisted)
                hal_link(out, "profile",
                         arena_printf(out->arena, "%s/profile/%s", p->base, p->entity->collection));
        if (entity_has_search(p->entity))
                hal_link(out, "search",
                         arena_printf(out->arena, "%s/%s/search", p->base, p->entity->collection));
        text_char(out, '}');
}

void hal_collection(struct text *out, const struct hal_page *p)
{
        int64_t pages = (p->total + p->page->size - 1) / p->page->size;

        text_printf(out, "{\"_embedded\":{\"%s\":[", p->entity->collection);
        for (size_t i = 0; i < p->count; i++) {
                if (i)
                        text_char(out, ',');
                hal_item(out, p->entity, p->rows[i], p->base);
        }
        text_string(out, "]},\"_links\":");
        page_links(out, p, pages);
        text_printf(out,
                    ",\"page\":{\"size\":%lld,\"totalElements\":%lld,\"totalPages\":%lld,"
                    "\"number\":%lld}}",
                    (long long)p->page->size, (long long)p->total, (long long)pages,
                    (long long)p->page->number);
}
