#include "base/clock.h"
#include "base/json.h"
#include "testing/check.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_a(const void *arg, const char *name, size_t len)
{
        (void)arg;
        return len == 1 && *name == 'a';
}

/* Reads from a block of exactly that size, so that a sanitizer sees a read one byte too far.
   Reading only a part must give the same verdict. */
static const struct json *read_exactly(struct arena *arena, const char *text, size_t len,
                                       struct error *error)
{
        char *block = memcpy(malloc(len ? len : 1), text, len);
        const struct json *value = json_read(arena, block, len, error);

        for (int depth = 0; depth < 3; depth++) {
                struct json_wanted wanted = {.depth = depth, .is = is_a};
                struct error other = {0};
                const struct json *part = json_read_wanted(arena, block, len, &wanted, &other);

                check(!part == !value);
                if (!value)
                        check_text(other.text, error->text);
                else
                        check_int(part->type, value->type);
        }
        free(block);
        return value;
}

/* The text that is written back, or the error. */
static const char *back(struct arena *arena, const char *source)
{
        struct error error = {0};
        const struct json *value = read_exactly(arena, source, strlen(source), &error);
        struct text out = text_open(arena, 0);

        if (!value)
                return arena_string(arena, error.text);
        json_write(&out, value);
        return out.at;
}

static void what_is_read_is_written_back_compact(void)
{
        static const char *const pairs[][2] = {
                {" { \"a\" : [ 1 , 2.50 , -0 , 1E+2 ] , \"b\" : { } } ",
                 "{\"a\":[1,2.50,-0,1E+2],\"b\":{}}"},
                {"[true,false,null,[]]", "[true,false,null,[]]"},
                {"\"\\u0041\\/\\\"\\\\\\b\\f\\n\\r\\t\"", "\"A/\\\"\\\\\\b\\f\\n\\r\\t\""},
                {"\"\\u001f\\u007f\"", "\"\\u001f\x7f\""},
                {"\"\\uD83D\\ude00 \\uac00\"", "\"\xf0\x9f\x98\x80 \xea\xb0\x80\""},
                {"\"\xed\x95\x9c\xea\xb8\x80 \xf0\x9f\x9a\x9a\"",
                 "\"\xed\x95\x9c\xea\xb8\x80 \xf0\x9f\x9a\x9a\""},
                {"[12345678901234567890123,1e400]", "[12345678901234567890123,1e400]"},
                {"{\"\":1,\"\\n\":2}", "{\"\":1,\"\\n\":2}"},
        };
        struct arena *arena = arena_open();

        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
                check_text(back(arena, pairs[i][0]), pairs[i][1]);
        arena_close(&arena);
}

static void errors_say_at_which_byte_what_was_expected(void)
{
        static const char *const pairs[][2] = {
                {"{\"qty\": 5 \"a\":1}", "byte 11: expected ',' or '}'"},
                {"[1 2]", "byte 4: expected ',' or ']'"},
                {"", "byte 1: expected a value, but the text ends"},
                {"  ", "byte 3: expected a value, but the text ends"},
                {"{\"a\"", "byte 5: expected ':', but the text ends"},
                {"{a:1}", "byte 2: expected a member's name or '}'"},
                {"{\"a\":1,}", "byte 8: expected a member's name"},
                {"1 x", "byte 3: expected nothing behind the value"},
                {"01", "byte 2: expected no digit behind a leading 0"},
                {"1.", "byte 3: expected a digit, but the text ends"},
                {"NaN", "byte 1: expected a value"},
                {"\"a\\u0000\"", "byte 3: \\u0000 is not allowed"},
                {"\"\\ud800x\"", "byte 8: expected the \\u escape of a low surrogate"},
                {"\"\\ud800\\u0041\"", "byte 2: a high surrogate with no low one behind it"},
                {"\"\\udc00\"", "byte 2: a low surrogate with no high one before it"},
                {"\"\\x\"", "byte 3: expected one of \"\\/bfnrtu behind the backslash"},
                {"\"\\u12g4\"", "byte 6: expected four hexadecimal digits behind \\u"},
                {"\"a\nb\"", "byte 3: expected an escape for the control character 0x0a"},
                {"\"abc", "byte 5: expected '\"' at the end of the string, but the text ends"},
                {"\"\xc0\xaf\"", "byte 2: expected valid UTF-8"},
                {"\"\xed\xa0\x80\"", "byte 2: expected valid UTF-8"},
                {"\"\xf4\x90\x80\x80\"", "byte 2: expected valid UTF-8"},
                {"\"\xe2\x82", "byte 2: expected valid UTF-8"},
                {"\xef\xbb\xbf{}", "byte 1: expected a value, not a byte order mark"},
        };
        struct arena *arena = arena_open();

        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
                check_text(back(arena, pairs[i][0]), pairs[i][1]);
        arena_close(&arena);
}

static void the_last_member_of_a_name_counts(void)
{
        static const char source[] = "{\"qty\":\"1\",\"Qty\":2,\"qty\":[7],\"a\\u0062\":\"x\\ty\"}";
        struct arena *arena = arena_open();
        struct error error = {0};
        const struct json *object = read_exactly(arena, source, sizeof source - 1, &error);

        check(object && object->type == JSON_OBJECT);
        check_int(json_member(object, "qty")->type, JSON_ARRAY);
        check_text(json_member(object, "qty")->first->text, "7");
        check_text(json_member(object, "Qty")->text, "2");
        check_text(json_member(object, "ab")->text, "x\ty");
        check_int((int64_t)json_member(object, "ab")->len, 3);
        check(!json_member(object, "QTY"));
        check(!json_member(json_member(object, "qty"), "7"));
        check(!json_member(NULL, "qty"));
        check_text(object->first->text, "1");
        check_text(object->first->next->name, "Qty");
        check_text(json_type_name(JSON_OBJECT), "an object");
        arena_close(&arena);
}

/* The text that is left if only members `a` are wanted. */
static const char *part(struct arena *arena, int depth, const char *source)
{
        struct json_wanted wanted = {.depth = depth, .is = is_a};
        struct error error = {0};
        const struct json *value = json_read_wanted(arena, source, strlen(source), &wanted, &error);
        struct text out = text_open(arena, 0);

        check_text(error.text, "");
        json_write(&out, value);
        return out.at;
}

static int64_t whole(const char *text)
{
        struct arena *arena = arena_open();
        struct error error = {0};
        int64_t whole = json_whole(json_read(arena, text, strlen(text), &error), 7);

        arena_close(&arena);
        return whole;
}

static void whole_numbers_can_be_negated(void)
{
        check_int(whole("-12"), -12);
        check_int(whole("12.9"), 12);
        check_int(whole("9223372036854775807"), INT64_MAX);
        check_int(whole("99999999999999999999"), INT64_MAX);
        check_int(-whole("-9223372036854775807"), INT64_MAX);
        check_int(-whole("-9223372036854775808"), INT64_MAX);
        check_int(-whole("-99999999999999999999"), INT64_MAX);
        check_int(whole("\"12\""), 7);
        check_int(whole("null"), 7);
        check_int(json_whole(NULL, 7), 7);
}

static void only_the_members_that_are_wanted(void)
{
        static const char *const names[][2] = {
                {"{\"b\":[1,{\"a\":1}],\"a\":5,\"ab\":1}", "{\"a\":5}"},
                {"{\"a\":\"x\\n\",\"\":0,\"a\":[1,{\"a\":2}],\"\\u0061\":{\"a\":1}}",
                 "{\"a\":\"x\\n\",\"a\":[],\"a\":{}}"},
                {"[{\"a\":1},2]", "[]"},
                {"\"a\"", "\"a\""},
                {"7", "7"},
        };
        struct arena *arena = arena_open();

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                check_text(part(arena, 0, names[i][0]), names[i][1]);
        check_text(part(arena, 1, "[{\"a\":1,\"b\":2},3,[{\"a\":1}],{}]"), "[{\"a\":1},3,[],{}]");
        check_text(part(arena, 1, "{\"a\":{\"a\":1}}"), "{}");
        arena_close(&arena);
}

/* A million values that are not wanted, and as many that are, in an arena that may take 1 MB beside
   others. */
static void what_nobody_wants_costs_nothing_what_is_wanted_is_bounded(void)
{
        struct allowance allowance = {.most = 1 << 20};
        struct arena *arena = arena_open_within(&allowance), *other = arena_open_within(&allowance),
                     *texts = arena_open();
        struct json_wanted wanted = {.is = is_a};
        struct text body = text_open(texts, 1 << 20);
        struct error error = {0};
        const struct json *value;

        arena_alloc(other, 10000);
        text_string(&body, "{\"b\":[0");
        while (body.len < 1 << 20)
                text_string(&body, ",0");
        text_string(&body, "],\"a\":[0");
        while (body.len < 2 << 20)
                text_string(&body, ",\"\"");
        text_string(&body, "],\"a\":3}");
        value = json_read_wanted(arena, body.at, body.len, &wanted, &error);
        check_text(json_member(value, "a")->text, "3");
        check(allowance.taken < 30000);
        check(!json_read(arena, body.at, body.len, &error));
        check_int(error.kind, ERROR_UNAVAILABLE);
        check(allowance.taken < (1 << 20) + 100000);
        arena_close(&other);
        check(json_read(arena, body.at, body.len, &error) != NULL); /* alone */
        arena_close(&arena);
        check_int((int64_t)allowance.taken, 0);
        arena_close(&texts);
}

static void strings_are_written_with_the_necessary_escapes(void)
{
        struct arena *arena = arena_open();
        struct text out = text_open(arena, 0);

        json_write_string(&out, "a\"\\/\x01\x1f\n\x7f\xea\xb0\x80");
        json_write_string(&out, NULL);
        json_write_string(&out, "");
        check_text(out.at, "\"a\\\"\\\\/\\u0001\\u001f\\n\x7f\xea\xb0\x80\"null\"\"");
        arena_close(&arena);
}

static void nesting_ends_at_the_limit(void)
{
        char deep[2 * JSON_DEPTH + 3];
        struct arena *arena = arena_open();

        memset(deep, '[', JSON_DEPTH);
        memset(deep + JSON_DEPTH, ']', JSON_DEPTH);
        deep[2 * JSON_DEPTH] = '\0';
        check_text(back(arena, deep), deep);
        memset(deep, '[', JSON_DEPTH + 1);
        memset(deep + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
        deep[2 * JSON_DEPTH + 2] = '\0';
        check_text(back(arena, deep), "byte 129: expected at most 128 levels");
        arena_close(&arena);
}

/* A body that repeats `piece`: a reader that needs more than linear time misses the deadline by
   far. */
static void read_many(const char *begin, const char *piece, const char *end)
{
        enum { BODY = 1 << 20 };
        struct arena *arena = arena_open();
        struct text body = text_open(arena, BODY + 100);
        struct error error = {0};
        int64_t started = clock_mono_us();

        text_string(&body, begin);
        while (body.len < BODY)
                text_string(&body, piece);
        text_string(&body, end);
        check(read_exactly(arena, body.at, body.len, &error));
        check(clock_mono_us() - started < 2000000);
        arena_close(&arena);
}

static void large_bodies_take_linear_time(void)
{
        read_many("[1", ",1", "]");
        read_many("[[]", ",[]", "]");
        read_many("{\"a\":0", ",\"\":0", "}");
        read_many("\"", "a", "\"");
        read_many("\"", "\\n", "\"");
        read_many("\"", "\xea\xb0\x80", "\"");
        read_many("", " ", "1");
        read_many("", "1", "");
}

/* %hh is a byte, %(N:text) N times the text */
static void case_decode(struct text *out, const char *source)
{
        for (; *source; source++) {
                char hex[3] = {0}, *after;

                if (*source != '%') {
                        text_char(out, *source);
                } else if (source[1] == '(') {
                        long times = strtol(source + 2, &after, 10);

                        for (source = strchr(++after, ')'); times > 0; times--)
                                text_add(out, after, (size_t)(source - after));
                } else {
                        memcpy(hex, source + 1, 2);
                        text_char(out, (char)strtol(hex, NULL, 16));
                        source += 2;
                }
        }
}

/* How the reader takes a case of JSONTestSuite, against what its name wants. */
/* A second opinion: cJSON must read the same value from our text as from the original. */
static bool cjson_agrees(const char *source, const char *written)
{
        cJSON *theirs = cJSON_Parse(source), *ours = cJSON_Parse(written);
        char *a = cJSON_PrintUnformatted(theirs), *b = cJSON_PrintUnformatted(ours);
        bool same = a && b && strcmp(a, b) == 0;

        free(a);
        free(b);
        cJSON_Delete(theirs);
        cJSON_Delete(ours);
        return same;
}

static bool case_is_right(struct arena *arena, const char *name, const char *source)
{
        struct error error = {0};
        struct text bytes = text_open(arena, 64);
        bool accepted, null;

        case_decode(&bytes, source);
        accepted = read_exactly(arena, bytes.at, bytes.len, &error) != NULL;
        null = strcmp(name, "y_string_null_escape") == 0 ||
               strcmp(name, "y_object_escaped_null_in_key") == 0;
        if (!accepted && !error.text[0])
                return false;
        if (null)
                return !accepted && strstr(error.text, "\\u0000");
        if (name[0] == 'y')
                return accepted && cjson_agrees(bytes.at, back(arena, bytes.at));
        return name[0] != 'n' || !accepted;
}

static void jsontestsuite(void)
{
        char line[4096];
        int counts[128] = {0}, wrong = 0;
        FILE *f = fopen("tests/json/cases.txt", "r");

        check(f != NULL);
        while (fgets(line, sizeof line, f)) {
                struct arena *arena = arena_open();
                char *source = strchr(line, '\t');

                *source++ = '\0';
                source[strcspn(source, "\n")] = '\0';
                counts[(int)line[0]]++;
                if (!case_is_right(arena, line, source)) {
                        printf("wrong: %s\n", line);
                        wrong++;
                }
                arena_close(&arena);
        }
        fclose(f);
        check_int(counts['y'], 95);
        check_int(counts['n'], 188);
        check_int(counts['i'], 35);
        check_int(wrong, 0);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_is_read_is_written_back_compact),
                STORY(errors_say_at_which_byte_what_was_expected),
                STORY(the_last_member_of_a_name_counts),
                STORY(whole_numbers_can_be_negated),
                STORY(only_the_members_that_are_wanted),
                STORY(what_nobody_wants_costs_nothing_what_is_wanted_is_bounded),
                STORY(strings_are_written_with_the_necessary_escapes),
                STORY(nesting_ends_at_the_limit),
                STORY(large_bodies_take_linear_time),
                STORY(jsontestsuite),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
