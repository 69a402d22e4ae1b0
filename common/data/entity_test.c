/* What a member may be, as docs/contract.md says: the coercion table, row by row. */
#include "data/entity.h"

#include "testing/check.h"
#include "testing/thing.h"

static struct arena *arena;
static struct error error;

static struct thing read_thing(const char *json)
{
        struct thing t = {0};

        error = (struct error){0};
        const struct json *object = json_read(arena, json, strlen(json), &error);

        check_text(error.text, "");
        shape_read(&thing_shape, object, &t, &error);
        return t;
}

static struct thing read_member(const char *name, const char *value)
{
        return read_thing(arena_printf(arena, "{\"%s\":%s}", name, value));
}

static const char *written(const struct thing *t)
{
        struct text out = text_open(arena, 100);

        shape_write(&thing_shape, t, &out);
        return out.at;
}

static void whole_numbers_are_coerced(void)
{
        static const struct {
                const char *json;
                int64_t whole;
        } table[] = {
                {"5", 5},
                {"\"5\"", 5},
                {"\" 5 \"", 5},
                {"1e2", 100},
                {"1.7", 1},
                {"0.9", 0},
                {"1E2", 100},
                {"\"\\t7\\n\"", 7},
                {"\"+5\"", 5},
                {"\"007\"", 7},
                {"2147483647", 2147483647},
                {"\"2147483647\"", 2147483647},
                {"2147483647.9", 2147483647},
                {"0", 0},
                {"-0", 0},
                {"\"-0\"", 0},
                {"-0.5", 0},
                {"1e-400", 0},
                {"\"\\u000b5\\u0001\"", 5},
        };

        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
                struct thing t = read_member("qty", table[i].json);

                check_text(error.text, "");
                check(t.qty.known);
                check_int(t.qty.value, table[i].whole);
        }
}

static void nothing_is_null(void)
{
        static const char *const nothings[] = {"null",        "\"\"",     "\"  \"",      "\"\\t\"",
                                               "\"\\u001f\"", "\"null\"", "\" null\\n\""};

        for (size_t i = 0; i < sizeof nothings / sizeof *nothings; i++) {
                struct thing t =
                        read_thing(arena_printf(arena, "{\"qty\":7,\"qty\":%s}", nothings[i]));

                check_text(error.text, "");
                check(!t.qty.known);
                check_int(t.qty.value, 0); /* so that sums need not check `known` */
        }
}

static void what_is_no_int32_is_refused(void)
{
        static const char *const wrong[] = {
                "\"1.7\"",
                "\"abc\"",
                "true",
                "false",
                "[]",
                "[5]",
                "{}",
                "{\"a\":1}",
                "2147483648",
                "\"2147483648\"",
                "-2147483649",
                "3e9",
                "1e400",
                "-1e400",
                "99999999999999999999",
                "\"99999999999999999999\"",
                "\"5 6\"",
                "\"0x10\"",
                "\"5a\"",
                "\"1e2\"",
                "\"-\"",
                "2147483648.0",
                "\"nullx\"",
                "\"Null\"",
                "\"null 5\"",
                "\"5null\"",
                "\"nul\"",
                "\"-null\"",
                ("\"\xc2\xa0"
                 "5\""), /* a blank, but not of ASCII */
        };

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                read_member("qty", wrong[i]);
                check_int(error.kind, ERROR_BAD_INPUT);
                check_text(error.member, "qty");
                check_contains(error.text, "qty must be a whole number from 0 to 2147483647, not ");
        }
        check_contains(error.text, "\xc2\xa0");
}

static void below_zero_is_refused_where_the_field_says_so(void)
{
        static const char *const negative[] = {"-1", "\"-1\"", "-1.5", "-1e2", "-2147483648"};

        for (size_t i = 0; i < sizeof negative / sizeof *negative; i++) {
                read_member("qty", negative[i]);
                check_int(error.kind, ERROR_BAD_INPUT);
                check_int(read_member("big", "-1").big.value, -1);
                check_text(error.text, "");
        }
}

static void int64_has_its_own_ends(void)
{
        check_int(read_member("big", "9223372036854775807").big.value, INT64_MAX);
        check_text(error.text, "");
        check_int(read_member("big", "-9223372036854775808").big.value, INT64_MIN);
        check_text(error.text, "");
        check_int(read_member("big", "\"9007199254740993\"").big.value,
                  9007199254740993); /* 2^53 + 1: no double on the way */
        check_text(error.text, "");
        read_member("big", "9223372036854775808");
        check_int(error.kind, ERROR_BAD_INPUT);
        read_member("big", "-9223372036854775809");
        check_int(error.kind, ERROR_BAD_INPUT);
        read_member("big", "1e19");
        check_int(error.kind, ERROR_BAD_INPUT);
}

static void strings_are_coerced(void)
{
        static const struct {
                const char *json, *text;
        } table[] = {
                {"\"TV\"", "TV"},
                {"\"\"", ""},
                {"\" \"", " "},
                {"5", "5"},
                {"1.50", "1.50"},
                {"1e2", "1e2"},
                {"-0", "-0"},
                {"true", "true"},
                {"false", "false"},
                {"null", NULL},
                {"\"null\"", "null"},
                {"12345678901234567890123", "12345678901234567890123"},
                {"\"\\uac00\\u20ac\\ud83d\\ude00\"", "가€😀"},
                {"\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\"", "a\"b\\c/d\b\f\n\r\t"},
        };

        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
                struct thing t = read_member("name", table[i].json);

                check_text(error.text, "");
                check_text(t.name, table[i].text);
        }
}

static void what_is_no_string_is_refused(void)
{
        static const char *const wrong[] = {"[]", "[\"a\"]", "{}", "{\"a\":\"b\"}"};

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                read_member("name", wrong[i]);
                check_int(error.kind, ERROR_BAD_INPUT);
                check_text(error.member, "name");
                check_contains(error.text, "name must be a string, not ");
        }
}

static void unknown_members_are_ignored(void)
{
        struct thing t = read_thing("{\"item\":\"chicken\",\"Name\":\"no\",\"QTY\":\"no\",\"id\":7,"
                                    "\"version\":[1],\"deep\":{\"qty\":9}}");

        check_text(error.text, "");
        check_text(written(&t), "\"name\":null,\"qty\":null,\"big\":null");
        check_int(t.row.id, 0);
        check_int(t.row.version, 0);
}

static void the_last_of_two_wins(void)
{
        struct thing t = read_thing("{\"name\":\"a\",\"qty\":1,\"name\":\"b\",\"qty\":2}");

        check_text(written(&t), "\"name\":\"b\",\"qty\":2,\"big\":null");
}

static void absent_members_keep_their_value(void)
{
        struct thing t = {.name = "old", .qty = {true, 3}, .secret = "s", .pin = {true, 4}};
        const struct json *object = json_read(arena, "{\"qty\":4}", 9, &error);

        check(shape_read(&thing_shape, object, &t, &error));
        check_text(written(&t), "\"name\":\"old\",\"qty\":4,\"big\":null");
        shape_clear_visible(&thing_shape, &t);
        check_text(written(&t), "\"name\":null,\"qty\":null,\"big\":null");
        check_text(t.secret, "s");
        check_int(t.pin.value, 4);
}

static void hidden_members_are_not_read_nor_written(void)
{
        struct thing t = read_thing("{\"Secret\":\"mine\",\"pin\":\"abc\",\"name\":\"a\"}");

        check_text(error.text, "");
        check_text(t.secret, NULL);
        check(!t.pin.known);
        t.secret = "hush";
        t.pin = (struct nullable_int){true, 1234};
        check_text(written(&t), "\"name\":\"a\",\"qty\":null,\"big\":null");
}

static void sameness_is_that_of_visible_members(void)
{
        char other[] = "a";
        struct thing a = {.row = {1, 1}, .name = "a", .qty = {true, 1}, .secret = "x"};
        struct thing b = {
                .row = {2, 9}, .name = other, .qty = {true, 1}, .secret = "y", .pin = {true, 1}};

        check(shape_same(&thing_shape, &a, &b));
        b.qty.value = 2;
        check(!shape_same(&thing_shape, &a, &b));
        b.qty = (struct nullable_int){false, 1};
        check(!shape_same(&thing_shape, &a, &b));
        a.qty = (struct nullable_int){false, 0}; /* two nulls, whatever lies below */
        check(shape_same(&thing_shape, &a, &b));
        b.name = NULL;
        check(!shape_same(&thing_shape, &a, &b));
        a.name = NULL;
        check(shape_same(&thing_shape, &a, &b));
        b.name = "";
        check(!shape_same(&thing_shape, &a, &b));
}

static void writing_escapes_and_keeps_bytes(void)
{
        struct thing t = {.name = "가😀\"\\\n\x01/", .qty = {true, 0}, .big = {true, INT64_MIN}};

        check_text(written(&t),
                   "\"name\":\"가😀\\\"\\\\\\n\\u0001/\",\"qty\":0,\"big\":-9223372036854775808");
}

static void fields_are_found_by_exact_name(void)
{
        check(shape_field(&thing_shape, "qty") == &thing_fields[1]);
        check(shape_field(&thing_shape, "Qty") == NULL);
        check(shape_field(&thing_shape, "") == NULL);
        check(shape_field(&thing_shape, "Secret") != NULL);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(whole_numbers_are_coerced),
                STORY(nothing_is_null),
                STORY(what_is_no_int32_is_refused),
                STORY(below_zero_is_refused_where_the_field_says_so),
                STORY(int64_has_its_own_ends),
                STORY(strings_are_coerced),
                STORY(what_is_no_string_is_refused),
                STORY(unknown_members_are_ignored),
                STORY(the_last_of_two_wins),
                STORY(absent_members_keep_their_value),
                STORY(hidden_members_are_not_read_nor_written),
                STORY(sameness_is_that_of_visible_members),
                STORY(writing_escapes_and_keeps_bytes),
                STORY(fields_are_found_by_exact_name),
                {NULL, NULL},
        };
        int failed;

        arena = arena_open();
        failed = check_main(stories, argc, argv);
        arena_close(&arena);
        return failed;
}
