#include "service/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SIZE_DEFAULT = 20, SIZE_MOST = 1000, SORTS_READ = 100 };

/* Not a number, or beyond int32: fallback. */
static int64_t number(const char *text, int64_t fallback)
{
        char *end;
        long long n;

        if (!text || !*text)
                return fallback;
        errno = 0;
        n = strtoll(text, &end, 10);
        return *end || errno || n > INT32_MAX || n < INT32_MIN ? fallback : n;
}

static const struct field *sort_field(const struct shape *shape, const char *name, bool *known)
{
        const struct field *f = shape_field(shape, name);

        *known = strcmp(name, "id") == 0 || (f && !(f->flags & FIELD_HIDDEN));
        return f;
}

/* "productId,qty,desc": one or several members, and a direction for all of them. */
static void add_sorts(struct page *page, const struct shape *shape, char *list)
{
        int first = page->sort_count;
        char *rest = list, *name;

        while ((name = strsep(&rest, ",")) && page->sort_count < TABLE_SORTS) {
                bool known;
                const struct field *field;

                if (!rest && name != list && (strcasecmp(name, "asc") == 0 || strcasecmp(name, "desc") == 0)) {
                        for (int i = first; i < page->sort_count; i++)
                                page->sorts[i].descending = strcasecmp(name, "desc") == 0;
                        return;
                }
                field = sort_field(shape, name, &known);
                if (known)
                        page->sorts[page->sort_count++] = (struct sort){.field = field};
        }
}

struct page page_asked(const struct http_request *request, const struct shape *shape)
{
        struct page page = {.number = number(http_query(request, "page", 0), 0),
                            .size = number(http_query(request, "size", 0), SIZE_DEFAULT)};
        const char *sort;

        if (page.number < 0)
                page.number = 0;
        if (page.size < 1)
                page.size = SIZE_DEFAULT;
        if (page.size > SIZE_MOST)
                page.size = SIZE_MOST;
        for (int i = 0; i < SORTS_READ && (sort = http_query(request, "sort", i)); i++)
                add_sorts(&page, shape, arena_string(request->arena, sort));
        return page;
}
