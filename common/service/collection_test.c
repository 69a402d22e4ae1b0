/* Turning the pages of a collection: rows, counts and the links from page to page. */
#include "testing/shop.h"

/* The members of _links, in their order: "first self next ..." */
static const char *rels(const char *answer)
{
        struct text all = text_open(shop.arena, 100);
        struct error e = {0};
        const char *body = body_of(answer);
        const struct json *page = json_read(shop.arena, body, strlen(body), &e);

        check_text(e.text, "");
        for (const struct json *m = json_member(page, "_links")->first; m; m = m->next)
                text_printf(&all, "%s%s", all.len ? " " : "", m->name);
        return all.at;
}

static const char *link_of(const char *answer, const char *rel)
{
        struct error e = {0};
        const char *body = body_of(answer);
        const struct json *page = json_read(shop.arena, body, strlen(body), &e), *link;

        check_text(e.text, "");
        link = json_member(json_member(page, "_links"), rel);
        return link ? json_member(link, "href")->text : "none";
}

/* The names on the page: "a b" */
static const char *names(const char *answer)
{
        struct text all = text_open(shop.arena, 100);
        struct error e = {0};
        const char *body = body_of(answer);
        const struct json *page = json_read(shop.arena, body, strlen(body), &e);

        check_text(e.text, "");
        for (const struct json *m = json_member(json_member(page, "_embedded"), "things")->first; m;
             m = m->next) {
                const struct json *name = json_member(m, "name");

                text_printf(&all, "%s%s", all.len ? " " : "",
                            name->type == JSON_NULL ? "null" : name->text);
        }
        return all.at;
}

static void begin_with(int count)
{
        shop_begin();
        for (int i = 0; i < count; i++)
                answers(post("/things", arena_printf(shop.arena, "{\"name\":\"%c\",\"qty\":%d}",
                                                     'a' + i, i % 2)),
                        201);
}

static void an_empty_collection_is_a_page(void)
{
        const char *a;

        shop_begin();
        a = get("/things");
        answers(a, 200);
        check_text(body_of(a),
                   "{\"_embedded\":{\"things\":[]},\"_links\":{\"self\":{\"href\":\"http://shop:1/"
                   "things\"},"
                   "\"profile\":{\"href\":\"http://shop:1/profile/things\"},"
                   "\"search\":{\"href\":\"http://shop:1/things/search\"}},"
                   "\"page\":{\"size\":20,\"totalElements\":0,\"totalPages\":0,\"number\":0}}");
        check_text(link_of(get("/things/"), "self"), "http://shop:1/things/"); /* as asked */
        a = get("/facts"); /* unlisted: no profile; no search */
        check_text(rels(a), "self");
        shop_end();
}

static void links_lead_from_page_to_page(void)
{
        const char *a;

        begin_with(5);
        a = get("/things?size=2");
        check_text(names(a), "a b");
        check_text(rels(a), "first self next last profile search");
        check_text(link_of(a, "first"), "http://shop:1/things?page=0&size=2");
        check_text(link_of(a, "self"), "http://shop:1/things?size=2");
        check_text(link_of(a, "next"), "http://shop:1/things?page=1&size=2");
        check_text(link_of(a, "last"), "http://shop:1/things?page=2&size=2");
        check_contains(a,
                       "\"page\":{\"size\":2,\"totalElements\":5,\"totalPages\":3,\"number\":0}");
        a = get("/things?size=2&page=1");
        check_text(names(a), "c d");
        check_text(rels(a), "first prev self next last profile search");
        check_text(link_of(a, "prev"), "http://shop:1/things?page=0&size=2");
        a = get("/things?page=2&size=2");
        check_text(names(a), "e");
        check_text(rels(a), "first prev self last profile search");
        a = get("/things?size=5");
        check_text(rels(a), "self profile search");
        shop_end();
}

static void a_page_past_the_end_is_empty(void)
{
        const char *a;

        begin_with(3);
        a = get("/things?page=7&size=2");
        answers(a, 200);
        check_text(names(a), "");
        check_text(rels(a), "first prev self last profile search");
        check_text(link_of(a, "prev"), "http://shop:1/things?page=6&size=2");
        check_text(link_of(a, "last"), "http://shop:1/things?page=1&size=2");
        check_contains(a,
                       "\"page\":{\"size\":2,\"totalElements\":3,\"totalPages\":2,\"number\":7}");
        shop_end();
}

static void sorts_stay_in_the_links(void)
{
        const char *a;

        begin_with(4);
        answers(post("/things", "{}"), 201);
        a = get("/things?sort=qty,desc&sort=nothing&sort=name,desc&size=3");
        check_text(names(a), "d b c");
        check_text(link_of(a, "next"),
                   "http://shop:1/things?page=1&size=3&sort=qty,desc&sort=name,desc");
        check_text(link_of(a, "self"),
                   "http://shop:1/things?sort=qty,desc&sort=nothing&sort=name,desc&size=3");
        check_text(names(get("/things?sort=qty,desc&sort=name,desc&size=3&page=1")), "a null");
        check_text(names(get("/things?sort=name")), "null a b c d"); /* null is lowest */
        check_text(names(get("/things?sort=id,desc&size=2")), "null d");
        shop_end();
}

static void other_parameters_stay_in_the_links(void)
{
        const char *a;

        begin_with(5);
        a = get("/things?foo=bar&size=2&page=1&x=%22\"\\&sort=name,asc,ignorecase");
        answers(a, 200);
        check_text(link_of(a, "first"),
                   "http://shop:1/things?foo=bar&x=%22\"\\&page=0&size=2&sort=name,asc");
        check_text(link_of(a, "prev"), link_of(a, "first"));
        check_text(link_of(a, "self"),
                   "http://shop:1/things?foo=bar&size=2&page=1&x=%22\"\\&sort=name,asc,ignorecase");
        check_text(link_of(a, "next"),
                   "http://shop:1/things?foo=bar&x=%22\"\\&page=2&size=2&sort=name,asc");
        check_text(link_of(a, "last"), link_of(a, "next"));
        shop_end();
}

static void nonsense_gives_the_first_page(void)
{
        const char *a;

        begin_with(2);
        a = get("/things?page=-3&size=abc&sort=%22%3B--&sort=");
        answers(a, 200);
        check_text(names(a), "a b");
        check_contains(a, "\"size\":20,");
        check_contains(get("/things?size=5000"), "\"size\":1000,");
        check_text(names(get("/things?page=99999999999999999999")), "a b");
        answers(get("/things?page=2147483647&size=1000"), 200);
        shop_end();
}

/* It stands in each of the links. */
static void a_long_query_is_memory_too(void)
{
        struct allowance allowance = {.most = 200000};
        struct arena *others = arena_open_within(&allowance);
        struct http_config config;

        shop_begin();
        arena_alloc(others, 100000);
        config = config_of_test(
                (struct http_handler){resources_handle, resources_finish, shop.resources});
        config.memory = &allowance;
        http_server_close(&shop.server, 5000);
        shop.server = server_of_test(&config);
        shop.port = http_server_port(shop.server);
        answers(get("/things?size=1"), 200);
        answers(get(arena_printf(shop.arena, "/things?size=1&a=%0*d", 8000, 0)), 503);
        shop_end();
        arena_close(&others);
}

static void counts_follow_the_rows(void)
{
        begin_with(3);
        answers(call("DELETE", "/things/2", "", NULL), 204);
        check_contains(get("/things"), "\"totalElements\":2,");
        check_text(names(get("/things")), "a c");
        answers(post("/things", "{\"qty\":-1}"), 400);
        check_contains(get("/things"), "\"totalElements\":2,");
        shop_end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_empty_collection_is_a_page),
                STORY(links_lead_from_page_to_page),
                STORY(a_page_past_the_end_is_empty),
                STORY(sorts_stay_in_the_links),
                STORY(other_parameters_stay_in_the_links),
                STORY(nonsense_gives_the_first_page),
                STORY(a_long_query_is_memory_too),
                STORY(counts_follow_the_rows),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
