/* Answers are read the same however the network cuts them; one that can be read in two ways is
   refused, and the parser says why. */
#include "gateway/testing/response_feed.h"
#include "gateway/testing/response_rows.h"

#include "testing/check.h"

#include <stdio.h>

/* The same whether it comes at once, a byte at a time, in threes, or cut in two anywhere. */
static void tell_however_cut(const struct response_row *row, const char *told)
{
        struct feed f = {.limits = &row_limits,
                         .bytes = row->bytes,
                         .len = row->len,
                         .is_head = row->is_head,
                         .close = row->close};
        struct arena *arena = arena_open();
        const char *got = told;

        for (size_t cut = 0; cut < row->len + 3 && strcmp(got, told) == 0; cut++) {
                f.first = cut < row->len ? cut : cut == row->len ? 1 : 3;
                f.piece = cut < row->len ? row->len : f.first;
                got = feed(arena, f);
        }
        if (strcmp(got, told) != 0)
                printf("with %zu bytes at first of %s:\n", f.first, row->bytes);
        check_text(got, told);
        arena_close(&arena);
}

static void whole_conversations_however_they_are_cut(void)
{
        for (size_t i = 0; i < sizeof good_rows / sizeof *good_rows; i++)
                tell_however_cut(&good_rows[i], good_rows[i].told);
}

static void bad_heads_say_why(void)
{
        struct arena *arena = arena_open();

        for (size_t i = 0; i < sizeof bad_head_rows / sizeof *bad_head_rows; i++)
                tell_however_cut(&bad_head_rows[i],
                                 arena_printf(arena, " bad: %s", bad_head_rows[i].told));
        arena_close(&arena);
}

static void bad_chunks_and_trailers_say_why(void)
{
        struct arena *arena = arena_open();

        for (size_t i = 0; i < sizeof bad_chunk_rows / sizeof *bad_chunk_rows; i++) {
                struct text bytes = text_open(arena, 0);

                text_string(&bytes, CHUNKED);
                text_add(&bytes, bad_chunk_rows[i].bytes, bad_chunk_rows[i].len);
                tell_however_cut(&(struct response_row){.bytes = bytes.at, .len = bytes.len},
                                 arena_printf(arena, WITH_CHUNKED "%s", bad_chunk_rows[i].told));
        }
        arena_close(&arena);
}

/* An answer exactly as large as the limits passes, and does not with a limit one less; a buffer as
   large as the limit is enough for both. */
static void limits_count_to_the_byte(void)
{
        static const char bytes[] = INTERIM CHUNKED "1;abc\r\nx\r\n0\r\nA: b\r\n\r\n";
        static const struct {
                struct response_limits limits;
                const char *end;
        } rows[] = {
                {{72, 2, 8, 4}, "(Transfer-Encoding=chunked) {x} [A=b] keep"},
                {{71, 2, 8, 4},
                 " bad: 1xx flood: the head, with what came before it, is too large"},
                {{72, 1, 8, 4}, "{x} bad: too many fields with the trailers"},
                {{72, 0, 8, 4}, " bad: too many fields"},
                {{72, 2, 7, 4}, "{x} bad: the trailers are too large"},
                {{72, 2, 8, 3}, "{} bad: a chunk's extension is too large"},
                {{72, 2, 8, 0}, "{} bad: a chunk's extension is too large"},
                {{20, 2, 8, 4}, " bad: the head is too large"},
                {{3, 2, 8, 4}, " bad: the head is too large"},
        };
        struct arena *arena = arena_open();

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                for (size_t cut = 0; cut < sizeof bytes; cut++) {
                        struct feed f = {&rows[i].limits, .bytes = bytes, .len = sizeof bytes - 1,
                                         .first = cut, .piece = 1};
                        const char *told = feed(arena, f);

                        check(strlen(told) >= strlen(rows[i].end));
                        check_text(told + strlen(told) - strlen(rows[i].end), rows[i].end);
                }
        arena_close(&arena);
}

static void an_endless_line_ends_at_the_limit(void)
{
        static const char *const begins[] = {
                OK "A: ", "HTTP/1.1 200 ", CHUNKED "0\r\nA: ", CHUNKED "1;", INTERIM OK "A: ",
        };
        struct arena *arena = arena_open();

        for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
                struct text bytes = text_open(arena, 20000);
                struct feed f;

                text_string(&bytes, begins[i]);
                while (bytes.len < 20000)
                        text_char(&bytes, 'x');
                f = (struct feed){.limits = &row_limits, .bytes = bytes.at, .len = bytes.len};
                check_contains(feed(arena, f), "too large");
                f.piece = f.first = 999;
                check_contains(feed(arena, f), "too large");
        }
        arena_close(&arena);
}

static void connection_names_only_so_many_fields(void)
{
        struct arena *arena = arena_open();
        struct text bytes = text_open(arena, 0);

        text_string(&bytes, OK);
        for (int i = 0; i < 5; i++)
                text_string(&bytes, "Connection: a,b,c,d,e,f,g,h,i,j,k,l,m\r\n");
        text_string(&bytes, "\r\n");
        check_text(feed(arena,
                        (struct feed){.limits = &row_limits, .bytes = bytes.at, .len = bytes.len}),
                   " bad: Connection names too many fields");
        arena_close(&arena);
}

/* Why an upstream that sends a byte at a time costs linear time: an LF put where it was looked for
   already goes unseen, and a line that was read is not read again. */
static void nothing_is_looked_at_twice(void)
{
        char bytes[] = OK "A: bbbbbbbb\r\nB: c\r\n\r\n";
        struct response_field room[FEED_MOST_FIELDS];
        struct response_parser r;
        size_t used;

        response_parser_begin(&r, &row_limits, room, false);
        check_int(response_parser_head(&r, bytes, 22, &used), RESPONSE_MORE);
        bytes[21] = '\n';
        check_int(response_parser_head(&r, bytes, 24, &used), RESPONSE_MORE);
        bytes[21] = 'b';
        check_int(response_parser_head(&r, bytes, 33, &used), RESPONSE_MORE);
        check_int((int64_t)r.field_count, 1);
        memset(bytes, '\n', 17);
        check_int(response_parser_head(&r, bytes, sizeof bytes - 1, &used), RESPONSE_HEAD);
        check_int((int64_t)used, sizeof bytes - 1);
        check_text(r.fields[0].value, "bbbbbbbb");
        check_text(r.fields[1].value, "c");
}

static void what_ended_stays_ended(void)
{
        char answer[] = OK "Content-Length: 1\r\n\r\nx", wrong[] = "HTTP/3", rest[] = "\r\n";
        struct response_field room[FEED_MOST_FIELDS];
        size_t used, out_len;
        const char *out;
        struct response_parser r;

        response_parser_begin(&r, &row_limits, room, false);
        check_int(response_parser_head(&r, wrong, 6, &used), RESPONSE_BAD);
        check_int(response_parser_head(&r, answer, sizeof answer - 1, &used), RESPONSE_BAD);
        check_int(response_parser_body(&r, answer, sizeof answer - 1, &used, &out, &out_len),
                  RESPONSE_BAD);
        check(!response_parser_close(&r));
        check_text(r.why, "what came is no HTTP/1 answer");

        response_parser_begin(&r, &row_limits, room, false);
        check_int(response_parser_head(&r, answer, sizeof answer - 1, &used), RESPONSE_HEAD);
        check_int(response_parser_body(&r, answer + used, 1, &used, &out, &out_len), RESPONSE_DATA);
        check_int(response_parser_body(&r, rest, 0, &used, &out, &out_len), RESPONSE_END);
        check(r.keep && response_parser_close(&r) && !r.keep);
        r.keep = true;
        check_int(response_parser_body(&r, rest, 2, &used, &out, &out_len), RESPONSE_END);
        check(!r.keep);
        check(response_parser_close(&r));
        check_int(response_parser_head(&r, answer, sizeof answer - 1, &used), RESPONSE_BAD);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(whole_conversations_however_they_are_cut),
                STORY(bad_heads_say_why),
                STORY(bad_chunks_and_trailers_say_why),
                STORY(limits_count_to_the_byte),
                STORY(an_endless_line_ends_at_the_limit),
                STORY(connection_names_only_so_many_fields),
                STORY(nothing_is_looked_at_twice),
                STORY(what_ended_stays_ended),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
