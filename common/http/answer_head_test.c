/* All fields of an answer are one to the library; what a client reads shows nothing of that. */
#include "http/answer_head.h"

#include "testing/conversation.h"

#define ASK "GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"

enum { ROWS = 8 };

/* What the handler answers with, by the path's digit. */
static const struct {
        const char *type;
        struct http_header fields[ROWS];
} answers[] = {
        {"text/plain", {{"ETag", "\"1\""}, {"X-A", "b\\c"}, {"Location", "/x"}}},
        {NULL, {{"ETag", "\"1\""}, {"ETag", "\"2\""}}},
        {NULL, {{NULL, NULL}}},
        {"text/plain",
         {{"X-A", ""}, {"X-B", "1\r\nX-C: 2"}, {"X-D", "\x7f"}, {"", "e"}, {"X-E\r\nX-F", "f"}}},
        {"text/plain",
         {{"X-A", "1"}, {"content-length", "77"}, {"transfer-encoding", "gzip"}, {"X-B", "2"}}},
        {"text/plain", {{"X-A", "1"}, {"connection", "close"}, {"X-B", "2"}}},
        {"", {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}, {"Set-Cookie", "c=3"}}},
        {"text/plain",
         {{"X-A", "1"}, {"Date", "x"}, {"date", "Mon, 01 Jan 2024 00:00:00 GMT"}, {"X-B", "2"}}},
        {NULL, {{"X-A", "1"}, {"Date", ""}, {"X-B", "1\t2"}}},
};

static enum http_result handle(struct http_request *r, void *arg)
{
        size_t which = (size_t)(r->path[1] - '0');
        struct text body = text_open(r->arena, 10);

        (void)arg;
        text_string(&body, "body");
        http_answer_body(r, 200, answers[which].type, &body);
        for (int i = 0; i < ROWS && answers[which].fields[i].name; i++)
                http_answer_pass(r, answers[which].fields[i].name, answers[which].fields[i].value);
        return HTTP_ANSWERED;
}

static const char *answer_of(const char *which, const char *pod)
{
        struct http_config config = config_of_test((struct http_handler){.handle = handle});
        struct http_server *s;
        char request[100];
        const char *answer;
        bool ended;
        int fd;

        config.pod = pod;
        config.version = "2";
        s = server_of_test(&config);
        fd = dial(http_server_port(s));
        snprintf(request, sizeof request, ASK, which);
        say_text(fd, request);
        answer = hear(fd, "body", &ended);
        close(fd);
        http_server_close(&s, 1000);
        return answer;
}

static void fields_come_in_their_order(void)
{
        const char *answer = answer_of("0", "order-1");

        check_contains(answer, "HTTP/1.1 200 OK\r\nDate: ");
        check_contains(answer, " GMT\r\nContent-Type: text/plain\r\nX-Served-By: order-1\r\n"
                               "X-Served-Version: 2\r\nETag: \"1\"\r\nX-A: b\\c\r\n"
                               "Location: /x\r\nContent-Length: 4\r\n\r\nbody");
}

static void without_a_type_another_field_is_the_first(void)
{
        check_contains(answer_of("1", NULL),
                       " GMT\r\nETag: \"1\"\r\nETag: \"2\"\r\nContent-Length: 4\r\n\r\n");
        check_contains(answer_of("1", "p"), " GMT\r\nX-Served-By: p\r\nX-Served-Version: 2\r\n"
                                            "ETag: \"1\"\r\nETag: \"2\"\r\nContent-Length: ");
        check_contains(answer_of("2", NULL), " GMT\r\nContent-Length: 4\r\n\r\n");
}

/* A value never becomes a second field, and one without bytes is none. */
static void what_the_library_refuses_is_left_out(void)
{
        check_contains(answer_of("3", NULL),
                       " GMT\r\nContent-Type: text/plain\r\nX-D: \x7f\r\nContent-Length: 4\r\n");
}

/* A length of the handler's would go out if it were hidden among others. */
static void what_the_library_acts_on_it_sees(void)
{
        check_contains(answer_of("4", NULL),
                       " GMT\r\nContent-Type: text/plain\r\nX-A: 1\r\nX-B: 2\r\n"
                       "Content-Length: 4\r\n\r\n");
        check_contains(answer_of("5", NULL), "OK\r\nDate: ");
        check_contains(answer_of("5", NULL), "\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                                             "X-A: 1\r\nX-B: 2\r\nContent-Length: 4\r\n");
}

/* The library would add its own. */
static void a_date_is_the_only_one(void)
{
        check_contains(answer_of("7", "p"),
                       "OK\r\ndate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
                       "Content-Type: text/plain\r\nX-Served-By: p\r\nX-Served-Version: 2\r\n"
                       "X-A: 1\r\nX-B: 2\r\nContent-Length: 4\r\n\r\n");
        check_contains(answer_of("8", NULL), "OK\r\nDate: ");
        check_contains(answer_of("8", NULL),
                       " GMT\r\nX-A: 1\r\nX-B: 1\t2\r\nContent-Length: 4\r\n");
}

static void fields_of_one_name_stay_apart(void)
{
        check_contains(answer_of("6", NULL), " GMT\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
                                             "Set-Cookie: c=3\r\nContent-Length: 4\r\n");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(fields_come_in_their_order),
                STORY(without_a_type_another_field_is_the_first),
                STORY(what_the_library_refuses_is_left_out),
                STORY(what_the_library_acts_on_it_sees),
                STORY(a_date_is_the_only_one),
                STORY(fields_of_one_name_stay_apart),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
