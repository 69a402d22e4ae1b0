/* The services' lists as any server may give them: pages that are refused because the rows are
   long, and answers that would take much memory. */
#include "audit/books.h"

#include "base/text.h"
#include "testing/fake_peer.h"

#include <curl/curl.h>
#include <stdlib.h>

enum { ROWS = 1030, ROW_ROOM = 100, MIB = 1 << 20 };

static struct {
        int most_rows;    /* of a page after the first 1000 orders; more is a 400 */
        const char *body; /* of orders instead; NULL: the rows above */
        struct text answer;
        struct books books;
        struct error error;
        int refused;
} t;

static const char *answer_with(const char *status, const char *body, size_t len)
{
        t.answer.len = 0;
        text_printf(&t.answer, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status, len);
        text_add(&t.answer, body, len);
        return t.answer.at;
}

static const char *too_long(void)
{
        static const char body[] =
                "{\"status\":400,\"detail\":\"these rows have 5 letters;\\n at most 20\"}";

        t.refused++;
        return answer_with("400 Bad Request", body, strlen(body));
}

static const char *orders(int size, int number)
{
        static char body[ROWS * ROW_ROOM + ROW_ROOM];
        int first = size * number + 1, end = first + size > ROWS + 1 ? ROWS + 1 : first + size;
        size_t len;

        if (end > 1001 && size > t.most_rows)
                return too_long();
        len = (size_t)snprintf(body, sizeof body, "{\"_embedded\":{\"orders\":[");
        for (int id = first; id < end; id++)
                len += (size_t)snprintf(body + len, sizeof body - len,
                                        "%s{\"_links\":{\"self\":{\"href\":\"/orders/%d\"}}}",
                                        id > first ? "," : "", id);
        len += (size_t)snprintf(body + len, sizeof body - len,
                                "]},\"page\":{\"size\":%d,\"number\":%d}}", size, number);
        return answer_with("200 OK", body, len);
}

static const char *answer_to(const char *request)
{
        int size, number;

        if (sscanf(request, "GET /orders?size=%d&page=%d", &size, &number) != 2)
                return answer_with("404 Not Found", "", 0);
        return t.body ? answer_with("200 OK", t.body, strlen(t.body)) : orders(size, number);
}

/* Orders are the first to be read; the deliveries are a 404. */
static void read_orders(int most_rows, const char *body)
{
        struct arena *arena = arena_open();
        char url[60];
        bool good;

        memset(&t, 0, sizeof t);
        t.most_rows = most_rows;
        t.body = body;
        t.books.most = MIB;
        t.answer = text_open(arena, 1 << 16);
        peer.answer_to = answer_to;
        peer_open(NULL, false);
        snprintf(url, sizeof url, "http://127.0.0.1:%d", peer.port);
        good = books_read(&t.books, &(struct books_places){url, url, url}, &t.error);
        check(!good);
        peer_close();
        arena_close(&arena);
}

static void has_read_all(void)
{
        check_contains(t.error.text, "/deliveries?");
        check_int((int64_t)t.books.orders.count, ROWS);
        check_int(((struct order_row *)rows_at(&t.books.orders, ROWS - 1))->id, ROWS);
        books_close(&t.books);
}

static void rows_that_are_too_long_for_a_page_come_in_smaller_ones(void)
{
        read_orders(20, NULL);
        check_int(t.refused, 1);
        has_read_all();
}

static void in_the_end_they_come_one_by_one(void)
{
        read_orders(1, NULL);
        check_int(t.refused, 2);
        has_read_all();
}

static void a_refusal_that_remains_is_told(void)
{
        read_orders(0, NULL);
        check_contains(t.error.text, "/orders?size=1&page=1000: the answer is a 400: these rows "
                                     "have 5 letters;? at most 20");
        books_close(&t.books);
}

static char *filled(size_t len, const char *pattern)
{
        char *body = malloc(len + 1);

        check(body != NULL);
        for (size_t i = 0; i < len; i++)
                body[i] = pattern[i % strlen(pattern)];
        body[len] = '\0';
        return body;
}

/* Each would take some hundred times its two bytes. */
static void an_answer_of_many_values_is_refused(void)
{
        char *body = filled(MIB, "0,");

        body[0] = '[';
        body[1] = '0';
        body[MIB - 1] = ']';
        body[MIB - 2] = '0';
        read_orders(20, body);
        check_contains(t.error.text,
                       "/orders?size=1&page=0: the answer has more than 100000 values");
        books_close(&t.books);
        free(body);
}

static void commas_in_a_text_are_no_values(void)
{
        char *body = filled(MIB, ",");

        body[0] = body[MIB - 1] = '"';
        memcpy(body + 1, "\\\"", 2);
        read_orders(20, body);
        check_contains(t.error.text, "the answer is not page 0");
        books_close(&t.books);
        free(body);
}

static void a_long_answer_is_refused(void)
{
        char *body = filled(17 * MIB, " ");

        read_orders(20, body);
        check_contains(t.error.text, "/orders?size=1&page=0: the answer has more than 16 MiB");
        books_close(&t.books);
        free(body);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(rows_that_are_too_long_for_a_page_come_in_smaller_ones),
                STORY(in_the_end_they_come_one_by_one),
                STORY(a_refusal_that_remains_is_told),
                STORY(an_answer_of_many_values_is_refused),
                STORY(commas_in_a_text_are_no_values),
                STORY(a_long_answer_is_refused),
                {NULL, NULL},
        };

        curl_global_init(CURL_GLOBAL_NOTHING);
        return check_main(stories, argc, argv);
}
