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

/* Cuts the word off the list where it stands last. */
static bool cut_last(char *list, const char *word)
{
        char *comma = strrchr(list, ','), *last = comma ? comma + 1 : list;

        if (strcasecmp(last, word) != 0)
                return false;
        *(comma ? comma : list) = '\0';
        return true;
}

/* "productId,qty,desc,ignorecase": one or several members, and for all of them a direction and
   whether case matters. */
static void add_sorts(struct page *page, const struct shape *shape, char *list)
{
        bool ignores_case = cut_last(list, "ignorecase"), descends = cut_last(list, "desc");
        char *rest = list, *name;

        if (!descends)
                cut_last(list, "asc");
        while ((name = strsep(&rest, ",")) && page->sort_count < TABLE_SORTS) {
                bool known;
                const struct field *field = sort_field(shape, name, &known);

                if (known)
                        page->sorts[page->sort_count++] =
                                (struct sort){field, descends, ignores_case};
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

static bool is_of_page(const char *name, size_t len)
{
        return http_query_is(name, len, "page") || http_query_is(name, len, "size") ||
               http_query_is(name, len, "sort");
}

const char *page_others(const struct http_request *request)
{
        struct text others =
                text_open(request->arena, request->query ? strlen(request->query) + 1 : 0);
        size_t len;

        for (const char *p = request->query; p && *p; p += len + (p[len] == '&')) {
                len = strcspn(p, "&");
                if (!len || is_of_page(p, strcspn(p, "&=")))
                        continue;
                text_add(&others, p, len);
                text_char(&others, '&');
        }
        return others.at;
}
