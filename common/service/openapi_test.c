/* What /openapi.json says of a shop, read as JSON. */
#include "base/json.h"
#include "testing/shop.h"

#include <regex.h>

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
        for (const struct json *answer = json_member(operation, "responses")->first; answer;
             answer = answer->next)
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
                {"/things/thing", "post", "200 400 406 409 413 415 422"},
                {"/things/{id}", "get", "200 304 400 404 406"},
                {"/things/{id}", "put", "200 201 204 400 404 406 409 412 413 415"},
                {"/things/{id}", "patch", "200 204 400 404 406 409 412 413 415"},
                {"/things/{id}", "delete", "204 400 404 412"},
                {"/things/search", "get", "200 400 406"},
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
                check_text(statuses_of(json_member(path, operations[i].method)),
                           operations[i].statuses);
        }
        check(!json_member(json_member(paths, "/facts"), "post")); /* read only */
        check(!json_member(json_member(paths, "/facts/{id}"), "delete"));
        check(!json_member(paths, "/inners"));
        check(!json_member(paths, "/facts/search"));
        shop_end();
}

static const struct json *member_at(const struct json *at, const char *path)
{
        char names[200], *rest = names, *name;

        snprintf(names, sizeof names, "%s", path);
        while ((name = strsep(&rest, "/"))) {
                at = json_member(at, name);
                if (!at)
                        check_text(name, "a member that is there");
        }
        return at;
}

/* The pattern's own language is JavaScript's; of what it uses, regcomp() knows all but the
   escapes. */
static bool allows(const char *pattern, const char *text)
{
        static const char escaped[] = "[\\u0001-\\u0020]";
        struct text posix = text_open(shop.arena, 500);
        const char *at;
        regex_t regex;
        bool found;

        while ((at = strstr(pattern, escaped))) {
                text_add(&posix, pattern, (size_t)(at - pattern));
                text_string(&posix, "[\001- ]");
                pattern = at + strlen(escaped);
        }
        text_string(&posix, pattern);
        check_int(regcomp(&regex, posix.at, REG_EXTENDED | REG_NOSUB), 0);
        found = regexec(&regex, text, 0, NULL, 0) == 0;
        regfree(&regex);
        return found;
}

static void a_text_is_allowed_as_a_number_exactly_if_it_is_taken_as_one(void)
{
        static const char *const texts[] = {"",
                                            " ",
                                            "null",
                                            " null\n",
                                            "Null",
                                            "null5",
                                            "-null",
                                            "5",
                                            " 5 ",
                                            "\t5\v",
                                            "\0015\037",
                                            "+5",
                                            "-5",
                                            "-0",
                                            "-000",
                                            "+0",
                                            "007",
                                            "5 6",
                                            "1.7",
                                            "1e2",
                                            "abc",
                                            "0x10",
                                            "-",
                                            "+",
                                            "+-5",
                                            ("\xc2\xa0"
                                             "5"),
                                            "999999999",
                                            "0999999999",
                                            "1000000000",
                                            "1999999999",
                                            "2000000000",
                                            "2147483639",
                                            "2147483646",
                                            "2147483647",
                                            "2147483648",
                                            "2147483650",
                                            "2147483747",
                                            "2148000000",
                                            "2999999999",
                                            "3000000000",
                                            "00002147483647",
                                            "00002147483648",
                                            "-2147483648",
                                            "9223372036854775807",
                                            "9223372036854775808",
                                            "9223372036854775799",
                                            "9300000000000000000",
                                            "-9223372036854775808",
                                            "-9223372036854775809",
                                            "10000000000000000000",
                                            "99999999999999999999"};
        static const char *const members[] = {"qty", "big"}; /* an int32 not below 0, an int64 */
        const struct json *properties;

        shop_begin();
        properties = member_at(openapi(), "components/schemas/thing-input/properties");
        for (size_t m = 0; m < 2; m++) {
                const struct json *as_text = member_at(properties, members[m])->first->first->next;
                const struct field *field = shape_field(&thing_shape, members[m]);

                for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
                        struct json value = {
                                .type = JSON_STRING, .text = texts[i], .len = strlen(texts[i])};
                        struct thing t = {0};
                        struct error e = {0};

                        if (allows(member_at(as_text, "pattern")->text, texts[i]) !=
                            field_read(field, &value, &t, &e))
                                check_text(texts[i], e.text);
                }
        }
        shop_end();
}

static void numbers_have_the_bounds_they_are_taken_with(void)
{
        static const struct {
                const char *member, *above, *below;
        } numbers[] = {{"qty", "-1", "2147483648"},
                       {"big", "-9223372036854775809", "9223372036854775808"}};
        const struct json *properties;

        shop_begin();
        properties = member_at(openapi(), "components/schemas/thing-input/properties");
        for (size_t i = 0; i < 2; i++) {
                const struct json *number = member_at(properties, numbers[i].member)->first->first;

                check_text(member_at(number, "exclusiveMinimum")->text, numbers[i].above);
                check_text(member_at(number, "exclusiveMaximum")->text, numbers[i].below);
        }
        shop_end();
}

static void no_text_has_a_nul(void)
{
        static const char *const places[] = {"text", "json", "json/propertyNames",
                                             "thing-input/propertyNames",
                                             "thing-input/properties/name"};
        const struct json *schemas;

        shop_begin();
        schemas = member_at(openapi(), "components/schemas");
        for (size_t i = 0; i < sizeof places / sizeof *places; i++)
                check_text(
                        member_at(schemas, arena_printf(shop.arena, "%s/pattern", places[i]))->text,
                        "^[^\\u0000]*$");
        check(!json_member(member_at(schemas, "thing-input/properties"), "Secret"));
        check(!json_member(schemas, "fact-input"));
        shop_end();
}

static const struct story stories[] = {
        STORY(each_operation_says_how_it_may_end),
        STORY(a_text_is_allowed_as_a_number_exactly_if_it_is_taken_as_one),
        STORY(numbers_have_the_bounds_they_are_taken_with),
        STORY(no_text_has_a_nul),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
