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

/* http://host/orders/1 */
static void item_href(struct text *out, const struct entity *e, int64_t id, const char *base)
{
        text_string(out, base);
        text_char(out, '/');
        text_string(out, e->collection);
        text_char(out, '/');
        text_int(out, id);
}

static bool has_command(const struct entity *e, const char *name)
{
        for (const char *const *c = e->commands; c && *c; c++)
                if (strcmp(*c, name) == 0)
                        return true;
        return false;
}

/* ---- an item's links ---- */

/* ,"_links":{"self":{"href":"ADDRESS"},"order":... as the texts that stand before, between and
   after the addresses, which are all the same. */
struct hal_links {
        const struct entity *entity;
        size_t count;
        struct hal_text {
                const char *at;
                size_t len;
        } texts[];
};

static size_t texts_most(const struct entity *e)
{
        size_t most = 3; /* before self's address, after it, after that of the item's own rel */

        for (const char *const *c = e->commands; c && *c; c++)
                most++;
        return most;
}

static void text_ends(struct hal_links *links, struct text *t)
{
        links->texts[links->count++] =
                (struct hal_text){arena_copy(t->arena, t->at, t->len), t->len};
        t->len = 0;
}

static void href_object(struct hal_links *links, struct text *t, const char *command)
{
        text_string(t, "{\"href\":\"");
        text_ends(links, t);
        if (command) {
                text_char(t, '/');
                text_string(t, command);
        }
        text_string(t, "\"}");
}

static void begin_rel(struct text *t, const char *rel)
{
        text_char(t, ',');
        json_write_string(t, rel);
        text_char(t, ':');
}

/* self, the item's own rel (an array where a command has the same name, as in the reference), other
   commands */
struct hal_links *hal_links_open(struct arena *arena, const struct entity *e)
{
        struct hal_links *links =
                arena_alloc(arena, sizeof *links + texts_most(e) * sizeof *links->texts);
        bool is_command = has_command(e, e->item);
        struct text t = text_open(arena, 200);

        links->entity = e;
        text_string(&t, ",\"_links\":{\"self\":");
        href_object(links, &t, NULL);
        begin_rel(&t, e->item);
        text_string(&t, is_command ? "[" : "");
        href_object(links, &t, NULL);
        if (is_command) {
                text_char(&t, ',');
                href_object(links, &t, e->item);
                text_char(&t, ']');
        }
        for (const char *const *c = e->commands; c && *c; c++) {
                if (strcmp(*c, e->item) == 0)
                        continue;
                begin_rel(&t, *c);
                href_object(links, &t, *c);
        }
        text_string(&t, "}}");
        text_ends(links, &t);
        return links;
}

static void links_write(struct text *out, const struct hal_links *links, int64_t id,
                        const char *base)
{
        const struct hal_text *text = links->texts, *end = text + links->count;
        size_t at, len;

        text_add(out, text->at, text->len);
        at = out->len;
        item_href(out, links->entity, id, base);
        len = out->len - at;
        text_add(out, text[1].at, text[1].len);
        for (text += 2; text < end; text++) {
                text_make_room(out, len); /* before we look where the first address is now */
                text_add(out, out->at + at, len);
                text_add(out, text->at, text->len);
        }
}

void hal_item(struct text *out, const struct hal_links *links, const void *row, const char *base)
{
        text_char(out, '{');
        shape_write(&links->entity->shape, row, out);
        links_write(out, links, ((const struct row *)row)->id, base);
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
        item_href(out, e, id, base);
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

        text_printf(&href, "%s/%s?%spage=%lld&size=%lld", p->base, p->links->entity->collection,
                    p->others, (long long)number, (long long)page->size);
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
        if (!p->links->entity->unlisted)
                hal_link(out, "profile",
                         arena_printf(out->arena, "%s/profile/%s", p->base,
                                      p->links->entity->collection));
        if (entity_has_search(p->links->entity))
                hal_link(out, "search",
                         arena_printf(out->arena, "%s/%s/search", p->base,
                                      p->links->entity->collection));
        text_char(out, '}');
}

void hal_collection(struct text *out, const struct hal_page *p)
{
        int64_t pages = (p->total + p->page->size - 1) / p->page->size;

        text_printf(out, "{\"_embedded\":{\"%s\":[", p->links->entity->collection);
        for (size_t i = 0; i < p->count; i++) {
                if (i)
                        text_char(out, ',');
                hal_item(out, p->links, p->rows[i], p->base);
        }
        text_string(out, "]},\"_links\":");
        page_links(out, p, pages);
        text_printf(out,
                    ",\"page\":{\"size\":%lld,\"totalElements\":%lld,\"totalPages\":%lld,"
                    "\"number\":%lld}}",
                    (long long)p->page->size, (long long)p->total, (long long)pages,
                    (long long)p->page->number);
}
