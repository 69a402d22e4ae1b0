#include "testing/shop.h"

static void the_searches_are_listed(void)
{
        shop_begin();
        check_text(body_of(get("/things/search")),
                   "{\"_links\":{\"findByName\":{\"href\":\"http://shop:1/things/search/"
                   "findByName{?name}\",\"templated\":true},"
                   "\"self\":{\"href\":\"http://shop:1/things/search\"}}}");
        check_contains(
                get("/things/search/?a=\"1"),
                "\"self\":{\"href\":\"http://shop:1/things/search/?a=\\\"1\"}}}"); /* as asked */
        answers(get("/facts/search"), 404);                                        /* has none */
        answers(get("/things/search/findByQty"), 404);
        shop_end();
}

static void a_search_finds_the_first(void)
{
        shop_begin();
        answers(post("/things", "{\"name\":\"a\",\"qty\":1}"), 201);
        answers(post("/things", "{\"name\":\"a b\",\"qty\":2}"), 201);
        answers(post("/things", "{\"name\":\"a\",\"qty\":3}"), 201);
        check_contains(get("/things/search/findByName?name=a"), "\"qty\":1");
        check_contains(get("/things/search/findByName?name=a+b"), "\"qty\":2");
        check_contains(get("/things/search/findByName?name=a%20b"), "\"qty\":2");
        check_text(header_of(get("/things/search/findByName?name=a"), "ETag"), "\"0\"");
        answers(call("GET", "/things/search/findByName?name=a", "If-None-Match: \"0\"\r\n", NULL),
                304);
        answers(call("HEAD", "/things/search/findByName?name=a", "", NULL), 204);
        answers(get("/things/search/findByName?name=c"), 404);
        answers(get("/things/search/findByName?name="), 404);
        answers(get("/things/search/findByName"), 404);
        shop_end();
}

static const struct story stories[] = {
        STORY(the_searches_are_listed),
        STORY(a_search_finds_the_first),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
