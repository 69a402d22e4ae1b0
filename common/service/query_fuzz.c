/* query_fuzz - a query is decoded once, and as others decode it; the page that it asks for is in
   bounds and shows no hidden member. */
#include "http/target.h"
#include "service/pages.h"
#include "testing/fuzz.h"

struct goods {
        struct row row;
        const char *name, *secret;
        struct nullable_int qty;
};

static const struct field fields[] = {
        {"name", FIELD_TEXT, offsetof(struct goods, name)},
        {"qty", FIELD_INT32, offsetof(struct goods, qty)},
        {"secret", FIELD_TEXT, offsetof(struct goods, secret), FIELD_HIDDEN},
        {NULL},
};

static const struct shape shape = {fields, sizeof(struct goods)};

/* A second opinion. */
static const char *plain(struct arena *arena, const char *text, size_t len)
{
        struct text out = text_open(arena, len + 1);

        for (size_t i = 0; i < len; i++) {
                char pair[3] = {0};

                if (text[i] != '%') {
                        text_char(&out, text[i] == '+' ? ' ' : text[i]);
                        continue;
                }
                memcpy(pair, text + i + 1, 2);
                text_char(&out, (char)strtoul(pair, NULL, 16));
                i += 2;
        }
        return out.at;
}

/* The nth parameter of that name; NULL: none. */
static const char *parameter(struct arena *arena, const char *query, const char *name, int nth)
{
        for (const char *p = query; p; p = strchr(p, '&') ? strchr(p, '&') + 1 : NULL) {
                size_t len = strcspn(p, "&"), name_len = strcspn(p, "&=");

                if (len && strcmp(plain(arena, p, name_len), name) == 0 && nth-- == 0)
                        return name_len < len ? plain(arena, p + name_len + 1, len - name_len - 1)
                                              : "";
        }
        return NULL;
}

static void check_page(const struct page *page)
{
        fuzz_must(page->number >= 0 && page->number <= INT32_MAX, "page %lld",
                  (long long)page->number);
        fuzz_must(page->size >= 1 && page->size <= 1000, "size %lld", (long long)page->size);
        fuzz_must(page->sort_count >= 0 && page->sort_count <= TABLE_SORTS, "%d sorts",
                  page->sort_count);
        for (int i = 0; i < page->sort_count; i++)
                fuzz_must(!page->sorts[i].field || !(page->sorts[i].field->flags & FIELD_HIDDEN),
                          "sorted by what is hidden");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const names[] = {"page", "size", "sort", "name", "a b"};
        struct arena *arena = arena_open();
        struct fuzz_piece text = fuzz_whole(arena, data, size, 1 << 15);
        const char *raw = arena_printf(arena, "/things?%s", text.at);
        struct http_request request = {.arena = arena};
        struct request_target target;
        struct page page;

        if (!target_read(&target, arena, raw, "GET", "h")) {
                request.query = target.query;
                page = page_asked(&request, &shape);
                check_page(&page);
                request.query = page_others(&request);
                page = page_asked(&request, &shape);
                fuzz_must(page.number == 0 && page.size == 20 && page.sort_count == 0,
                          "a page, size or sort among %s", request.query);
                request.query = target.query;
                for (size_t i = 0; i < sizeof names / sizeof *names * 3; i++) {
                        const char *got = http_query(&request, names[i / 3], (int)i % 3),
                                   *want = parameter(arena, target.query, names[i / 3], (int)i % 3);

                        fuzz_must(got && want ? strcmp(got, want) == 0 : got == want,
                                  "%s is %s, not %s", names[i / 3], got ? got : "none",
                                  want ? want : "none");
                }
        }
        arena_close(&arena);
        return 0;
}
