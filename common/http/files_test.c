/* Files that are part of the program, as browsers and caches ask for them. */
#include "http/files.h"

#include "testing/conversation.h"

static const struct file some[] = {
        {"/", "text/html", {"0123456789", 10, "\"p\""}, {"packed", 6, "\"g\""}},
        {"/assets/small.css", "text/css", {"a{}", 3, "\"s\""}, {NULL, 0, NULL}},
        {NULL},
};

static enum http_result answer(struct http_request *r, void *arg)
{
        const struct file *file = file_named(some, r->path);

        (void)arg;
        if (file)
                file_answer(r, file);
        else
                http_answer_problem(r, 404, "none");
        return HTTP_ANSWERED;
}

/* The answer to one request with these fields. */
static const char *get(const char *what, const char *fields)
{
        struct http_config config = config_of_test((struct http_handler){.handle = answer});
        struct http_server *server = server_of_test(&config);
        char request[1000];
        const char *heard;

        snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n",
                 what, fields);
        heard = ask(http_server_port(server), request);
        http_server_close(&server, 1000);
        return heard;
}

static bool lacks(const char *heard, const char *part)
{
        return !strstr(heard, part);
}

static void a_file_comes_with_its_type_and_tag(void)
{
        const char *heard = get("GET /", "");

        check_int(status_of(heard), 200);
        check_contains(heard, "Content-Type: text/html\r\n");
        check_contains(heard, "ETag: \"p\"\r\n");
        check_contains(heard, "Cache-Control: no-cache\r\n");
        check_contains(heard, "Vary: Accept-Encoding\r\n");
        check_contains(heard, "\r\n\r\n0123456789");
        check(lacks(heard, "Content-Encoding"));
}

static void it_comes_packed_to_who_accepts_that(void)
{
        const char *heard = get("GET /", "Accept-Encoding: br, gzip\r\n");

        check_contains(heard, "Content-Encoding: gzip\r\n");
        check_contains(heard, "ETag: \"g\"\r\n");
        check_contains(heard, "\r\n\r\npacked");
        check_contains(get("GET /", "Accept-Encoding: gzip;q=0, *\r\n"), "\r\n\r\n0123456789");
        heard = get("GET /assets/small.css", "Accept-Encoding: gzip\r\n");
        check(lacks(heard, "Vary") && lacks(heard, "Content-Encoding"));
        check_contains(heard, "\r\n\r\na{}");
}

static void what_the_client_has_is_not_sent_again(void)
{
        const char *heard = get("GET /", "If-None-Match: \"x\", W/\"p\"\r\n");

        check_int(status_of(heard), 304);
        check_contains(heard, "ETag: \"p\"\r\n");
        check_contains(heard, "Vary: Accept-Encoding\r\n");
        check(lacks(heard, "0123456789"));
        /* the tag of the other form is not this form's */
        check_int(status_of(get("GET /", "Accept-Encoding: gzip\r\nIf-None-Match: \"p\"\r\n")),
                  200);
        check_int(status_of(get("GET /", "Accept-Encoding: gzip\r\nIf-None-Match: \"g\"\r\n")),
                  304);
        check_int(status_of(get("GET /", "If-None-Match: \"pp\"\r\n")), 200);
}

static void a_head_has_no_body_and_other_methods_are_refused(void)
{
        const char *heard = get("HEAD /", "");

        check_int(status_of(heard), 200);
        check_contains(heard, "Content-Length: 10\r\n");
        check(lacks(heard, "0123456789"));
        heard = get("DELETE /", "");
        check_int(status_of(heard), 405);
        check_contains(heard, "Allow: GET, HEAD\r\n");
        check_int(status_of(get("GET /assets/none", "")), 404);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_file_comes_with_its_type_and_tag),
                STORY(it_comes_packed_to_who_accepts_that),
                STORY(what_the_client_has_is_not_sent_again),
                STORY(a_head_has_no_body_and_other_methods_are_refused),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
