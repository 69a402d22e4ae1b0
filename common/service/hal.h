/* hal - rows as HAL (draft-kelly-json-hal), shaped as Spring Data REST writes them. */
#ifndef SERVICE_HAL_H
#define SERVICE_HAL_H

#include "data/entity.h"
#include "data/table.h"

/* The links of an entity's items, prepared: they differ in an item's address only. */
struct hal_links;
struct hal_links *hal_links_open(struct arena *arena, const struct entity *entity);

/* {"productId":"1001",...,"_links":{"self":...,"order":...}}; base: base_url() */
void hal_item(struct text *out, const struct hal_links *links, const void *row, const char *base);
/* {"id":7,"productId":"1001",...} */
void hal_plain(struct text *out, const struct entity *entity, const void *row);
/* the Link header of HEAD: <...>;rel="self",... As in the reference, without the commands. */
void hal_item_link_header(struct text *out, const struct entity *entity, int64_t id,
                          const char *base);
/* asked: path and query, as sent */
void hal_collection_link_header(struct text *out, const struct entity *entity, const char *base,
                                const char *asked);

struct hal_page {
        const struct hal_links *links; /* of its items */
        const struct page *page;
        void *const *rows;
        size_t count;
        int64_t total;
        const char *base;
        const char *asked;  /* the request's target, for the self link */
        const char *others; /* the parameters of its query beside page, size and sort: "" or
                               "a=1&b=2&" */
};
void hal_collection(struct text *out, const struct hal_page *page);

/* "rel":{"href":"..."}, with a comma before it unless it is the first in its object */
void hal_link(struct text *out, const char *rel, const char *href);

bool entity_has_search(const struct entity *entity); /* a lookup with a name */

#endif
