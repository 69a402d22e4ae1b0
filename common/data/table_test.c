/* Finding rows and turning pages: order, nulls, ties. */
#include "data/table.h"

#include "testing/thing.h"

enum { MOST = 10 };

static const struct {
        const char *name;
        struct nullable_int qty;
} rows[] = {
        {"b", {true, 2}},  {"a", {true, 10}}, {NULL, {true, 2}},
        {"b", {false, 0}}, {"", {true, 0}},   {"B", {true, 2147483647}},
};

static struct store *store_with_rows(void)
{
        struct store *store = things_open();

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct thing t = {
                        .name = rows[i].name, .qty = rows[i].qty, .big = {true, -(int64_t)i}};

                check_int(things_do(store, thing_add_and_say, &t), ERROR_NONE);
        }
        return store;
}

/* The ids on that page: "1 2 3". */
static const char *ids(struct store *store, const struct page *page)
{
        static char text[100];
        struct arena *arena = arena_open();
        struct db *db = store_read_begin(store);
        struct error e = {0};
        void *got[MOST];
        size_t count = 0, len = 0;
        bool done = table_page(db, store_table(store, &thing_entity), page, arena, got, &count, &e);

        store_read_end(store, db);
        text[0] = '\0';
        for (size_t i = 0; i < count; i++)
                len += (size_t)snprintf(text + len, sizeof text - len, "%s%lld", i ? " " : "",
                                        (long long)((struct row *)got[i])->id);
        arena_close(&arena);
        check_text(done ? "" : e.text, "");
        return text;
}

enum { DEEP = 3 * TABLE_BLOCK, GONE_FROM = TABLE_BLOCK + 100, GONE_TO = TABLE_BLOCK + 2100 };

static void add_many(struct unit *unit, void *arg)
{
        (void)arg;
        for (int i = 0; i < DEEP; i++)
                unit_add(unit, &thing_entity, &(struct thing){.name = "x"});
        for (int64_t id = GONE_FROM; id < GONE_TO; id++)
                unit_remove(unit, &thing_entity, &(struct thing){.row.id = id});
}

static int64_t first_id(struct store *store, int64_t number, bool descending)
{
        struct page page = {.number = number,
                            .size = MOST,
                            .sort_count = descending,
                            .sorts = {{NULL, descending}}};

        return strtoll(ids(store, &page), NULL, 10);
}

/* Rows before a page are summed up, not read: here every page is asked for, with a hole in the
   middle. */
static void a_deep_page_is_the_right_one(void)
{
        enum { LEFT = DEEP - (GONE_TO - GONE_FROM) };
        struct store *store = things_open();

        check_int(things_do(store, add_many, NULL), ERROR_NONE);
        check_int(things_count(store), LEFT);
        for (int64_t number = 0; number < LEFT / MOST; number++) {
                int64_t place = number * MOST + 1, back = LEFT - number * MOST;

                check_int(first_id(store, number, false),
                          place < GONE_FROM ? place : place + GONE_TO - GONE_FROM);
                check_int(first_id(store, number, true),
                          back < GONE_FROM ? back : back + GONE_TO - GONE_FROM);
        }
        for (int64_t number = LEFT / MOST + 1; number < 2 * LEFT / MOST;
             number += 7) { /* there is nothing after the last one */
                check_int(first_id(store, number, false), 0);
                check_int(first_id(store, number, true), 0);
        }
        things_remove(store, 1);
        check_int(first_id(store, TABLE_BLOCK / MOST * 2, false),
                  TABLE_BLOCK / MOST * 2 * MOST + 2 + GONE_TO - GONE_FROM);
        store_close(&store);
}

static struct page sorted(const char *by, bool descending)
{
        struct page page = {.size = MOST, .sort_count = 1};

        page.sorts[0] = (struct sort){shape_field(&thing_shape, by), descending};
        return page;
}

static void the_default_order_is_by_id(void)
{
        struct store *store = store_with_rows();

        check_text(ids(store, &(struct page){.size = MOST}), "1 2 3 4 5 6");
        check_text(ids(store, &(struct page){.size = 4}), "1 2 3 4");
        check_text(ids(store, &(struct page){.size = 4, .number = 1}), "5 6");
        check_text(ids(store, &(struct page){.size = 6, .number = 1}), "");
        check_text(ids(store, &(struct page){.size = 1000, .number = 2147483647}), "");
        store_close(&store);
}

static void null_is_lowest_and_ties_go_by_id(void)
{
        struct store *store = store_with_rows();
        struct page page;

        page = sorted("name", false);
        check_text(ids(store, &page), "3 5 6 2 1 4"); /* null, "", B, a, b, b: by bytes */
        page = sorted("name", true);
        check_text(ids(store, &page), "1 4 2 6 5 3");
        page = sorted("qty", false);
        check_text(ids(store, &page), "4 5 1 3 2 6"); /* as numbers: 10 comes after 2 */
        page = sorted("qty", true);
        check_text(ids(store, &page), "6 2 1 3 5 4");
        page.size = 2;
        page.number = 1;
        check_text(ids(store, &page), "1 3");
        store_close(&store);
}

/* A to Z, the same on every store. Texts that differ only in case are sorted by case, but only
   if no other sort decides. */
static void case_is_ignored_where_asked(void)
{
        struct store *store = store_with_rows();
        struct thing sharp = {.name = "\xc3\x9c", .qty = {true, 2}},
                     small = {.name = "\xc3\xbc", .qty = {true, 1}};
        struct page page = sorted("name", false);

        check_int(things_do(store, thing_add_and_say, &small), ERROR_NONE);
        check_int(things_do(store, thing_add_and_say, &sharp), ERROR_NONE);
        page.sorts[0].ignores_case = true;
        check_text(ids(store, &page),
                   "3 5 2 6 1 4 8 7"); /* null, "", a, B, b, b, U and u with dots */
        page.sorts[0].descending = true;
        check_text(ids(store, &page), "7 8 1 4 6 2 5 3");
        page.sorts[1] = (struct sort){.field = shape_field(&thing_shape, "qty"),
                                      .ignores_case = true}; /* to a number it is all the same */
        page.sort_count = 2;
        check_text(ids(store, &page), "7 8 4 1 6 2 5 3");
        page = sorted("qty", false);
        page.sorts[0].ignores_case = true;
        check_text(ids(store, &page), "4 5 7 1 3 8 2 6");
        page.size = 100; /* more than are always few enough: their letters are counted */
        check_text(ids(store, &page), "4 5 7 1 3 8 2 6");
        store_close(&store);
}

enum { LARGE = 30 };

static void add_large(struct unit *unit, void *arg)
{
        size_t letters = TABLE_PAGE_LETTERS / LARGE;
        char *name = memset(arena_alloc(unit_arena(unit), letters + 1), 'x', letters);

        (void)arg;
        for (int i = 0; i < LARGE; i++) {
                struct thing t = {.name = name};

                unit_add(unit, &thing_entity, &t);
        }
        unit_add(unit, &thing_entity,
                 &(struct thing){.secret = arena_copy(unit_arena(unit), name,
                                                      TABLE_PAGE_LETTERS % LARGE + 1)});
}

static const char *why_not(struct store *store, struct page page)
{
        static struct error e;
        struct arena *arena = arena_open();
        struct db *db = store_read_begin(store);
        size_t count;
        bool done;

        e = (struct error){0};
        done = table_page(db, store_table(store, &thing_entity), &page, arena,
                          arena_alloc(arena, (size_t)page.size * sizeof(void *)), &count, &e);
        store_read_end(store, db);
        arena_close(&arena);
        check(done == (e.kind == ERROR_NONE));
        check(done || (e.kind == ERROR_BAD_INPUT && strcmp(e.member, "size") == 0));
        return e.text;
}

/* One letter more is too much. */
static void a_page_of_too_many_letters_is_refused(void)
{
        struct store *store = things_open();

        check_int(things_do(store, add_large, NULL), ERROR_NONE);
        check_text(why_not(store, (struct page){.size = LARGE}), "");
        check_contains(why_not(store, (struct page){.size = LARGE + 1}), "more than 4194304");
        check_contains(
                why_not(store,
                        (struct page){.size = LARGE + 1, .sort_count = 1, .sorts = {{NULL, true}}}),
                "more than 4194304");
        check_text(why_not(store, (struct page){.size = LARGE, .number = 1}), "");
        check_text(why_not(store, (struct page){.size = TABLE_ROWS_ALWAYS}), "");
        things_remove(store, 1);
        check_text(why_not(store, (struct page){.size = 1000}), "");
        store_close(&store);
}

static void the_second_sort_breaks_ties(void)
{
        struct store *store = store_with_rows();
        struct page page = sorted("name", true);

        page.sorts[1] = (struct sort){shape_field(&thing_shape, "qty"), false};
        page.sort_count = 2;
        check_text(ids(store, &page), "4 1 2 6 5 3");
        page.sorts[1] = (struct sort){.field = NULL, .descending = true};
        check_text(ids(store, &page), "4 1 2 6 5 3");
        page.sorts[0] = (struct sort){.field = NULL, .descending = true};
        page.sort_count = 1;
        check_text(ids(store, &page), "6 5 4 3 2 1");
        store_close(&store);
}

static int64_t find(struct store *store, int lookup, int64_t after, const char *one,
                    const char *two)
{
        const char *values[LOOKUP_MEMBERS] = {one, two};
        struct arena *arena = arena_open();
        struct db *db = store_read_begin(store);
        struct error e = {0};
        void *row = NULL;
        bool done = table_find(db, store_table(store, &thing_entity), TABLE_TO_LOOK,
                               &thing_lookups[lookup], after, values, arena, &row, &e);
        int64_t id = row ? ((struct row *)row)->id : 0;

        store_read_end(store, db);
        arena_close(&arena);
        check_text(done ? "" : e.text, "");
        return id;
}

static void the_lowest_id_is_found(void)
{
        struct store *store = store_with_rows();

        check_int(find(store, THING_BY_NAME, 0, "b", NULL), 1);
        check_int(find(store, THING_BY_NAME, 1, "b", NULL), 4);
        check_int(find(store, THING_BY_NAME, 4, "b", NULL), 0);
        check_int(find(store, THING_BY_NAME, 0, "", NULL), 5);
        check_int(find(store, THING_BY_NAME, 0, "x' OR '1'='1", NULL), 0);
        things_remove(store, 1);
        check_int(find(store, THING_BY_NAME, 0, "b", NULL), 4);
        store_close(&store);
}

static void null_equals_nothing(void)
{
        struct store *store = store_with_rows();

        check_int(find(store, THING_BY_NAME, 0, NULL, NULL), 0);
        store_close(&store);
}

static void numbers_are_found_by_their_text(void)
{
        struct store *store = store_with_rows();
        struct thing t = {.secret = "s", .big = {true, INT64_MAX}};

        check_int(things_do(store, thing_add_and_say, &t), ERROR_NONE);
        check_int(find(store, THING_BY_SECRET, 0, "s", "9223372036854775807"), 7);
        check_int(find(store, THING_BY_SECRET, 0, "s", "9223372036854775806"), 0);
        check_int(find(store, THING_BY_SECRET, 0, "t", "9223372036854775807"), 0);
        store_close(&store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_default_order_is_by_id),
                STORY(null_is_lowest_and_ties_go_by_id),
                STORY(case_is_ignored_where_asked),
                STORY(the_second_sort_breaks_ties),
                STORY(a_page_of_too_many_letters_is_refused),
                STORY(a_deep_page_is_the_right_one),
                STORY(the_lowest_id_is_found),
                STORY(null_equals_nothing),
                STORY(numbers_are_found_by_their_text),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
