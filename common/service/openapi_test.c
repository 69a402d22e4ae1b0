/* What /openapi.json says of a shop, read as JSON. */
#include "base/json.h"
#include "service/shop.h"

static const struct json *openapi(void)
{
        const char *body = body_of(get("/openapi.json"));
        struct error e = {0};
        const struct json *all = json_read(shop.arena, body, strlen(body), &e);

        check_text(e.text, "");
        return all;
}

/* "200 400 406", as written */
static const char *statuses_of(const struct json *operation)
{
        struct text all = text_open(shop.arena, 100);

        check(operation != NULL);
        for (const struct json *answer = json_member(operation, "responses")->first; answer; answer = answer->next)
                text_printf(&all, "%s%s", all.len ? " " : "", answer->name);
        return all.at;
}

static void each_operation_says_how_it_may_end(void)
{
        static const struct {
                const char *path, *method, *statuses;
        } operations[] = {
                {"/things", "get", "200 400 406"},
                {"/things", "post", "201 400 406 409 413 415 422"},
                {"/things/{id}", "get", "200 304 400 404 406"},
                {"/things/{id}", "put", "200 201 204 400 404 406 409 412 413 415"},
                {"/things/{id}", "patch", "200 204 400 404 406 409 412 413 415"},
                {"/things/{id}", "delete", "204 404 412"},
                {"/things/search/findByName", "get", "200 400 404 406"},
                {"/facts", "get", "200 400 406"},
                {"/facts/{id}", "get", "200 304 400 404 406"},
        };
        const struct json *paths;

        shop_begin();
        paths = json_member(openapi(), "paths");
        for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
                const struct json *path = json_member(paths, operations[i].path);

                check(path != NULL);
                check_text(statuses_of(json_member(path, operations[i].method)), operations[i].statuses);
        }
        check(!json_member(json_member(paths, "/facts"), "post")); /* read only */
        check(!json_member(json_member(paths, "/facts/{id}"), "delete"));
        check(!json_member(paths, "/inners"));
        shop_end();
}

static const struct story stories[] = {
        {"each operation says how it may end", each_operation_says_how_it_may_end},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
