/* A daemon for browsers: files, pages, streams, and what is none of them. */
#include "service/site.h"

#include "testing/conversation.h"

static const struct file files[] = {
        {"/", "text/html", {"page", 4, "\"p\""}, {NULL, 0, NULL}},
        {NULL},
};

static struct site site;
static int streams_left;
static char word[] = "arg";

static enum http_result at_once(void *arg, struct http_request *r)
{
        struct text body = text_open(r->arena, 10);

        text_string(&body, arg);
        http_answer_body(r, 200, "text/plain", &body);
        return HTTP_ANSWERED;
}

static enum http_result later(void *arg, struct http_request *r)
{
        (void)arg;
        http_resume(r);
        return HTTP_LATER;
}

static void finish_later(struct http_request *r)
{
        http_answer_problem(r, 503, "later");
}

static void gone(struct http_request *r)
{
        (void)r;
}

static enum http_result stream(void *arg, struct http_request *r)
{
        (void)arg;
        return sse_begin(site.sse, r, memory_alloc(sizeof(struct sse_stream)));
}

static void fill(struct sse_stream *s, struct text *out)
{
        (void)s;
        text_string(out, "data: one\n\n");
}

static void left(struct sse_stream *s)
{
        (void)s;
        streams_left++;
}

static const char *get(const char *line)
{
        static const struct site_page pages[] = {
                {"/now", "GET, HEAD", at_once, NULL, NULL},
                {"/below/", "GET", at_once, NULL, NULL},
                {"/later", "GET", later, finish_later, gone},
                {"/stream", "GET", stream, sse_finish, NULL},
                {NULL},
        };
        static const struct http_header headers[] = {{"X-Guard", "on"}, {NULL}};
        struct sse_config sse = {1, 100, 10000, fill, left};
        struct http_config config = config_of_test((struct http_handler){0});
        struct http_server *server;
        char request[200];
        const char *heard;
        bool ended;
        int fd;

        site = (struct site){files, pages, headers, sse_open(&sse), word};
        config.handler = site_handler(&site, config.max_body);
        server = server_of_test(&config);
        fd = dial(http_server_port(server));
        snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                 line);
        say_text(fd, request);
        heard = hear(fd, "data: one", &ended);
        close(fd);
        sse_end(site.sse);
        check_int(http_server_close(&server, 3000), 0);
        sse_close(&site.sse);
        return heard;
}

static void each_path_has_its_answer(void)
{
        check_contains(get("GET /"), "\r\n\r\npage");
        check_contains(get("GET /now"), "\r\n\r\narg");
        check_contains(get("GET /below/17"), "\r\n\r\narg");
        check_contains(get("GET /later"), "\"detail\":\"later\"");
        check_int(status_of(get("GET /nowhere")), 404);
        check_int(status_of(get("GET /now/")), 404);
        check_int(status_of(get("GET /below")), 404);
}

static void a_stream_is_one_of_the_pages(void)
{
        streams_left = 0;
        check_contains(get("GET /stream"), "data: one");
        check_int(streams_left, 1);
}

static void every_answer_has_the_sites_headers(void)
{
        static const char *const lines[] = {"GET /",        "GET /now", "GET /later",
                                            "GET /nowhere", "POST /",   "GET /stream"};

        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
                check_contains(get(lines[i]), "X-Guard: on\r\n");
}

static void a_page_has_its_methods(void)
{
        const char *heard = get("POST /now");

        check_int(status_of(heard), 405);
        check_contains(heard, "Allow: GET, HEAD\r\n");
        check_int(status_of(get("HEAD /now")), 200);
        check_int(status_of(get("HEAD /later")), 405);
        check_int(status_of(get("DELETE /stream")), 405);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(each_path_has_its_answer),
                STORY(a_stream_is_one_of_the_pages),
                STORY(every_answer_has_the_sites_headers),
                STORY(a_page_has_its_methods),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
