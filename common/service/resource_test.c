/* Entities over HTTP, through a real server: what each method of each path answers
   (docs/contract.md). */
#include "testing/shop.h"

#define SELF(id)                                                                                   \
        "\"_links\":{\"self\":{\"href\":\"http://shop:1/things/" id                                \
        "\"},\"thing\":[{\"href\":\"http://shop:1/things/" id                                      \
        "\"},{\"href\":\"http://shop:1/things/" id                                                 \
        "/thing\"}],\"thing cancel\":{\"href\":\"http://shop:1/things/" id "/thing cancel\"}}"

static void a_row_lives_and_dies(void)
{
        const char *a;

        shop_begin();
        a = post("/things", "{\"name\":\"TV\",\"qty\":\"5\",\"item\":\"chicken\",\"id\":77}");
        answers(a, 201);
        check_text(header_of(a, "Location"), "http://shop:1/things/1");
        check_text(header_of(a, "Content-Type"), "application/hal+json");
        check_text(body_of(a), "{\"name\":\"TV\",\"qty\":5,\"big\":null," SELF("1") "}");
        a = get("/things/1");
        answers(a, 200);
        check_text(body_of(a), "{\"name\":\"TV\",\"qty\":5,\"big\":null," SELF("1") "}");
        answers(get("/things/1/"), 200);
        a = call("PATCH", "/things/1", JSON_BODY, "{\"big\":7,\"name\":null}");
        answers(a, 200);
        check_text(body_of(a), "{\"name\":null,\"qty\":5,\"big\":7," SELF("1") "}");
        a = call("PUT", "/things/1", JSON_BODY, "{\"name\":\"new\"}");
        answers(a, 200);
        check_text(body_of(a), "{\"name\":\"new\",\"qty\":null,\"big\":null," SELF("1") "}");
        a = call("DELETE", "/things/1", "", NULL);
        answers(a, 204);
        check_text(body_of(a), "");
        answers(call("DELETE", "/things/1", "", NULL), 404);
        answers(get("/things/1"), 404);
        answers(call("PATCH", "/things/1", JSON_BODY, "{}"), 404);
        shop_end();
}

static void put_of_an_unknown_id_creates(void)
{
        const char *a;

        shop_begin();
        a = call("PUT", "/things/9", JSON_BODY, "{\"name\":\"a\"}");
        answers(a, 201);
        check_text(header_of(a, "Location"), "http://shop:1/things/1"); /* with an id of its own */
        answers(get("/things/9"), 404);
        check_int(outbox_pending(shop.store), 1); /* and says what a POST says */
        answers(call("PUT", "/things/1", JSON_BODY, "{\"name\":\"b\"}"), 200);
        check_int(outbox_pending(shop.store), 1);
        shop_end();
}

static void without_accept_there_is_no_body(void)
{
        const char *a;

        shop_begin();
        a = call("POST", "/things", "Content-Type: application/json\r\n", "{\"name\":\"a\"}");
        answers(a, 201);
        check_text(body_of(a), "");
        check_text(header_of(a, "Location"), "http://shop:1/things/1");
        check_text(header_of(a, "ETag"), "\"0\"");
        answers(call("PUT", "/things/1", "", "{\"name\":\"b\"}"),
                204); /* a missing Content-Type is JSON */
        answers(call("PATCH", "/things/1", "", "{\"name\":\"c\"}"), 204);
        answers(call("PUT", "/things/7", "", "{}"), 201);
        shop_end();
}

static void plain_post_answers_the_plain_row(void)
{
        const char *a;

        shop_begin();
        a = call("POST", "/things/thing", "", "{\"name\":\"a\",\"qty\":1}");
        answers(a, 200);
        check_text(body_of(a), "{\"id\":1,\"name\":\"a\",\"qty\":1,\"big\":null}");
        check_int(outbox_pending(shop.store), 1);
        answers(call("GET", "/things/thing", "", NULL), 405);
        a = call("POST", "/things/thing", "Accept: application/json, */*;q=0.5\r\n", "{}");
        answers(a, 200);
        check_text(header_of(a, "Content-Type"), "application/json;charset=UTF-8");
        answers(call("POST", "/things/thing", "Accept: application/*\r\n", "{}"), 200);
        answers(call("POST", "/things/thing", "Accept: application/hal+json\r\n", "{}"), 406);
        answers(call("POST", "/things/thing", "Accept: application/xml\r\n", "{"), 406);
        check_int(things_count(shop.store), 3); /* what cannot be answered is not done */
        shop_end();
}

static void bad_bodies_change_nothing(void)
{
        static const char *const bad[] = {"",
                                          " ",
                                          "null",
                                          "[]",
                                          "5",
                                          "\"a\"",
                                          "{",
                                          "{\"qty\":\"abc\"}",
                                          "{\"qty\":-1}",
                                          "{\"name\":[]}",
                                          "{\"name\":\"a\"} x",
                                          "{\"name\":\"\\u0000\"}",
                                          "{\"name\":\"\xff\"}",
                                          "{\"qty\":2147483648}"};
        const char *a;

        shop_begin();
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                a = post("/things", bad[i]);
                answers(a, 400);
                check_text(header_of(a, "Content-Type"), "application/problem+json");
                check_contains(body_of(a), "\"status\":400");
        }
        a = post("/things", "{\"qty\":\"abc\"}");
        check_contains(body_of(a), "qty must be a whole number from 0 to 2147483647, not abc");
        check_int(things_count(shop.store), 0);
        answers(post("/things", "{}"), 201);
        answers(get("/things/1"), 200); /* the refused used no id */
        check_int(outbox_pending(shop.store), 1);
        answers(post("/things", arena_printf(shop.arena, "{\"name\":\"%0*d\"}", 20000, 1)),
                413); /* its event would be too large */
        answers(post("/things", arena_printf(shop.arena, "{\"name\":\"%0*d\"}", 200000, 1)), 413);
        check_int(things_count(shop.store), 1);
        shop_end();
}

static void types_are_negotiated(void)
{
        shop_begin();
        answers(call("POST", "/things", "Content-Type: text/plain\r\n", "{}"), 415);
        answers(call("POST", "/things", "Content-Type: application/x-www-form-urlencoded\r\n",
                     "name=a"),
                415);
        answers(call("POST", "/things", "Content-Type: application/merge-patch+json\r\n", "{}"),
                415);
        answers(call("POST", "/things", "Content-Type: application/hal+json; charset=utf-8\r\n",
                     "{}"),
                201);
        answers(call("POST", "/things", "Content-Type: application/json;charset=ISO-8859-1\r\n",
                     "{}"),
                415);
        answers(call("PATCH", "/things/1",
                     "Content-Type: application/merge-patch+json;charset=utf-16\r\n", "{}"),
                415);
        answers(call("POST", "/things", "Accept: text/html\r\n", "{}"), 406);
        check_int(things_count(shop.store), 1); /* what cannot be answered is not done */
        answers(call("GET", "/things/1", "Accept: text/html\r\n", NULL), 406);
        answers(call("GET", "/things", "Accept: image/png\r\n", NULL), 406);
        answers(call("GET", "/", "Accept: image/png\r\n", NULL), 406);
        check_text(header_of(call("GET", "/things/1", "Accept: application/json\r\n", NULL),
                             "Content-Type"),
                   "application/json");
        check_text(header_of(call("GET", "/things/1", "Accept: */*\r\n", NULL), "Content-Type"),
                   "application/hal+json");
        check_text(header_of(call("GET", "/things/1", "Accept: application/*\r\n", NULL),
                             "Content-Type"),
                   "application/json");
        answers(call("PATCH", "/things/1", "Content-Type: application/merge-patch+json\r\n",
                     "{\"qty\":1}"),
                204);
        answers(call("PATCH", "/things/1", "Content-Type: application/json-patch+json\r\n",
                     "[{\"op\":\"replace\",\"path\":\"/qty\",\"value\":2}]"),
                204);
        answers(call("PATCH", "/things/1", "Content-Type: application/json-patch+json\r\n", "{}"),
                400);
        answers(call("PATCH", "/things/1", "Content-Type: application/json\r\n", "[]"), 400);
        answers(call("PATCH", "/things/1", "Content-Type: application/json-patch+json\r\n",
                     "[{\"op\":\"remove\",\"path\":\"/qty\"},{\"op\":\"test\",\"path\":\"/"
                     "name\",\"value\":\"x\"}]"),
                409);
        check_contains(get("/things/1"), "\"qty\":2"); /* all operations or none */
        answers(call("PATCH", "/things/1", "Content-Type: text/plain\r\n", "{}"), 415);
        shop_end();
}

static void methods_are_those_that_are_allowed(void)
{
        static const struct {
                const char *target, *allow, *lacks;
        } table[] = {
                {"/", "GET,HEAD,OPTIONS", "POST"},
                {"/profile", "GET,HEAD,OPTIONS", "DELETE"},
                {"/things", "GET,POST,HEAD,OPTIONS", "DELETE"},
                {"/things/1", "GET,PUT,PATCH,DELETE,HEAD,OPTIONS", "POST"},
                {"/things/thing", "POST,OPTIONS", "PUT"},
                {"/things/search", "GET,HEAD,OPTIONS", "POST"},
                {"/things/search/findByName", "GET,HEAD,OPTIONS", "PUT"},
                {"/facts", "GET,HEAD,OPTIONS", "POST"},
                {"/facts/1", "GET,HEAD,OPTIONS", "DELETE"},
        };

        shop_begin();
        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
                const char *options = call("OPTIONS", table[i].target, "", NULL), *wrong;

                answers(options, 200);
                check_text(header_of(options, "Allow"), table[i].allow);
                wrong = call(table[i].lacks, table[i].target, "", "{}");
                answers(wrong, 405);
                check_text(header_of(wrong, "Allow"), table[i].allow);
                wrong = call("TRACE", table[i].target, "Cookie: secret\r\n", NULL);
                answers(wrong, 405);
                check_text(header_of(wrong, "Allow"), table[i].allow);
                check(!strstr(wrong, "secret"));
        }
        shop_end();
}

static void what_is_not_there_is_not_found(void)
{
        static const char *const nowhere[] = {"/things/abc",
                                              "/things/0",
                                              "/things/-1",
                                              "/things/01",
                                              "/things/1x",
                                              "/things/99999999999999999999",
                                              "/things/1/thing",
                                              "/things/1/2/3/4/5",
                                              "/thing",
                                              "/Things",
                                              "/inners",
                                              "/inners/1",
                                              "/profile/facts",
                                              "/profile/inners",
                                              "/things/search/findByQty",
                                              "/facts/search",
                                              "/nothing",
                                              "/things//1/x",
                                              "/profile/things/x",
                                              "/things/search/findByName?name=%FF"};

        shop_begin();
        answers(post("/things", "{}"), 201);
        for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
                const char *a = get(nowhere[i]);

                answers(a, 404);
                check_text(header_of(a, "Content-Type"), "application/problem+json");
        }
        answers(call("DELETE", "/things/abc", "", NULL), 404);
        answers(call("TRACE", "/nothing", "", NULL), 404);
        shop_end();
}

#define MORE                                                                                       \
        "<http://shop:1/profile/things>;rel=\"profile\",<http://shop:1/things/"                    \
        "search>;rel=\"search\""

static const char *link_of_head(const char *target, const char *headers)
{
        const char *a = call("HEAD", target, headers, NULL);

        answers(a, 204);
        return header_of(a, "Link");
}

static void head_answers_with_links(void)
{
        const char *a;

        shop_begin();
        answers(post("/things", "{}"), 201);
        a = call("HEAD", "/things/1", "", NULL);
        answers(a, 204);
        check_text(header_of(a, "Link"),
                   "<http://shop:1/things/1>;rel=\"self\",<http://shop:1/things/"
                   "1>;rel=\"thing\""); /* no commands: as the reference */
        check_text(body_of(a), "");
        a = call("HEAD", "/things", "", NULL);
        answers(a, 204);
        check_text(header_of(a, "Link"), "<http://shop:1/things>;rel=\"self\"," MORE);
        check_text(link_of_head("/things/?size=2&a=<\">", ""),
                   "<http://shop:1/things/?size=2&a=%3C%22%3E>;rel=\"self\"," MORE);
        check_text(link_of_head("/facts?a=1", ""), "<http://shop:1/facts?a=1>;rel=\"self\"");
        answers(call("HEAD", "/things", "Accept: text/html\r\n", NULL), 406);
        answers(call("HEAD", "/things/2", "", NULL), 404);
        shop_end();
}

/* The longest query there can be stands in the link; where there is no room for it in the head, it
   is left out. */
static void a_link_of_head_fits_into_the_head(void)
{
        char query[8001] = "";
        const char *target, *large;

        shop_begin();
        large = arena_printf(shop.arena, "X-Large: %0*d\r\n", 12000, 0);
        memset(query, '<', sizeof query - 1); /* three letters each there */
        target = arena_printf(shop.arena, "/things?%s", query);
        check_contains(link_of_head(target, ""), "%3C>;rel=\"self\"," MORE);
        check_text(link_of_head(target, large), "<http://shop:1/things>;rel=\"self\"," MORE);
        shop_end();
}

static void head_of_a_list_has_nothing(void)
{
        static const char *const lists[] = {"/", "/things/search", "/things/search/"};

        shop_begin();
        for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
                const char *a = call("HEAD", lists[i], "", NULL);

                answers(a, 204);
                check_text(header_of(a, "Link"), "none");
                check_text(header_of(a, "Content-Type"), "none");
                answers(call("HEAD", lists[i], "Accept: text/html\r\n", NULL), 406);
        }
        answers(call("HEAD", "/profile", "", NULL), 200);
        shop_end();
}

static void what_the_service_has_is_listed(void)
{
        const char *a;

        shop_begin();
        check_text(body_of(get("/")), "{\"_links\":{\"things\":{\"href\":\"http://shop:1/"
                                      "things{?page,size,sort}\",\"templated\":true},"
                                      "\"profile\":{\"href\":\"http://shop:1/profile\"}}}");
        check_text(body_of(get("/profile")),
                   "{\"_links\":{\"self\":{\"href\":\"http://shop:1/profile\"},"
                   "\"things\":{\"href\":\"http://shop:1/profile/things\"}}}");
        check_text(header_of(get("/profile/things"), "Content-Type"), "application/alps+json");
        check_text(header_of(call("GET", "/profile/things", "Accept: application/schema+json\r\n",
                                  NULL),
                             "Content-Type"),
                   "application/schema+json");
        a = call("GET", "/profile/things", "Accept: application/hal+json\r\n",
                 NULL); /* the same, by the name that was asked for */
        check_text(header_of(a, "Content-Type"), "application/hal+json");
        check_text(body_of(a), body_of(get("/profile/things")));
        check_contains(a, ",{\"name\":\"findByName\",\"type\":\"SAFE\",\"descriptor\":[{\"name\":"
                          "\"name\",\"type\":\"SEMANTIC\"}]}]}}");
        a = call("GET", "/profile/things", "Accept: application/schema+json\r\n", NULL);
        check_contains(a, "{\"title\":\"Thing\",");
        check_contains(a, "\"qty\":{\"title\":\"Qty\",");
        check(!strstr(get("/profile/things"), "Secret") && !strstr(get("/openapi.json"), "Secret"));
        check_contains(get("/openapi.json"), "\"openapi\":\"3.1");
        shop_end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_row_lives_and_dies),
                STORY(put_of_an_unknown_id_creates),
                STORY(without_accept_there_is_no_body),
                STORY(plain_post_answers_the_plain_row),
                STORY(bad_bodies_change_nothing),
                STORY(types_are_negotiated),
                STORY(methods_are_those_that_are_allowed),
                STORY(what_is_not_there_is_not_found),
                STORY(head_answers_with_links),
                STORY(a_link_of_head_fits_into_the_head),
                STORY(head_of_a_list_has_nothing),
                STORY(what_the_service_has_is_listed),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
