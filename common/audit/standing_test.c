/* How the books stand, by audits in a row of three services that the test plays. */
#include "audit/standing.h"

#include "testing/conversation.h"

#include <curl/curl.h>

/* The rows of each collection, as members of its page; NULL: the service is broken. */
static const char *inventories;
static struct arena *arena;
static struct http_server *server;

static const char *rows_of(const char *path)
{
        return strcmp(path, "/inventories") == 0 ? inventories : "";
}

static enum http_result answer(struct http_request *r, void *arg)
{
        const char *rows = rows_of(r->path);
        struct text body = text_open(r->arena, 400);

        (void)arg;
        if (strcmp(r->path, "/openapi.json") == 0)
                text_string(&body, "{\"paths\":{\"/movements\":{}}}");
        else if (rows)
                text_printf(
                        &body,
                        "{\"_embedded\":{\"%s\":[%s]},\"page\":{\"size\":1000,\"totalElements\":%d,"
                        "\"totalPages\":1,\"number\":0}}",
                        r->path + 1, rows, *rows ? 1 : 0);
        http_answer_body(r, rows ? 200 : 503, "application/json", &body);
        return HTTP_ANSWERED;
}

static enum standing_state state; /* that the last audit came to */

static const char *stand(struct standing *s, bool waits)
{
        static char url[60];
        struct audit_places places = {.memory = 1 << 20, .most_offences = 10};
        struct text out = text_open(arena, 400);

        snprintf(url, sizeof url, "http://127.0.0.1:%d", http_server_port(server));
        places.services = (struct books_places){url, url, url};
        state = standing_write(s, &places, waits, &out);
        return out.at;
}

/* No movement says where its stock comes from. */
#define STOCK(stock)                                                                               \
        "{\"productId\":\"1\",\"stock\":" stock ",\"_links\":{\"self\":{\"href\":"                 \
        "\"http://a/inventories/7\"}}}"

static const char stock[] = STOCK("5"), moved[] = STOCK("4");

static void an_offence_counts_when_it_is_found_again(void)
{
        struct standing s = {0};

        inventories = "";
        check_contains(stand(&s, false), "\"state\":\"balanced\",\"why\":null,\"orders\":0,");
        check_int(state, STANDING_BALANCED);
        inventories = stock;
        check_contains(stand(&s, false), "\"state\":\"settling\",\"why\":\"no two audits");
        check_int(state, STANDING_SETTLING);
        check_contains(stand(&s, true), "\"state\":\"settling\",\"why\":\"events wait");
        check_contains(stand(&s, false), "\"state\":\"unbalanced\",\"why\":null,\"orders\":0,");
        check_int(state, STANDING_UNBALANCED);
        check_contains(stand(&s, false),
                       "\"offences\":[{\"about\":\"inventory\",\"id\":7,\"text\":\"");
        inventories = "";
        check_contains(stand(&s, false), "\"state\":\"balanced\"");
        inventories = stock;
        check_contains(stand(&s, false), "\"state\":\"settling\"");
        standing_close(&s);
}

static void what_counts_is_told_until_it_is_mended(void)
{
        struct standing s = {0};

        inventories = stock;
        stand(&s, false);
        stand(&s, false);
        inventories = moved; /* orders flow, and the figures in its text change */
        check_contains(stand(&s, true), "\"state\":\"unbalanced\",\"why\":null");
        inventories = stock;
        check_contains(stand(&s, true), "\"offences\":[{\"about\":\"inventory\",\"id\":7,");
        inventories = "";
        check_contains(stand(&s, true), "\"state\":\"balanced\"");
        standing_close(&s);
}

static void what_cannot_be_read_is_unknown_and_begins_anew(void)
{
        struct standing s = {0};

        inventories = stock;
        stand(&s, false);
        inventories = NULL;
        check_contains(stand(&s, false), "\"state\":\"unknown\",\"why\":\"");
        check_int(state, STANDING_UNKNOWN);
        inventories = stock;
        check_contains(stand(&s, false), "\"state\":\"settling\"");
        standing_close(&s);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_offence_counts_when_it_is_found_again),
                STORY(what_counts_is_told_until_it_is_mended),
                STORY(what_cannot_be_read_is_unknown_and_begins_anew),
                {NULL, NULL},
        };
        struct http_config config = config_of_test((struct http_handler){.handle = answer});
        int status;

        curl_global_init(CURL_GLOBAL_NOTHING);
        arena = arena_open();
        server = server_of_test(&config);
        status = check_main(stories, argc, argv);
        http_server_close(&server, 2000);
        arena_close(&arena);
        return status;
}
