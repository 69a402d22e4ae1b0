/* Whether a page is of this site. */
#include "http/origin.h"

#include "testing/conversation.h"

static enum http_result answer(struct http_request *r, void *arg)
{
        (void)arg;
        r->answer.status = origin_is_own(r) ? 204 : 403;
        return HTTP_ANSWERED;
}

static int ask_with(const char *fields, const char *trusted)
{
        struct http_config config = config_of_test((struct http_handler){.handle = answer});
        struct http_server *server;
        char request[500];
        int status;

        config.trusted_proxies = trusted;
        server = server_of_test(&config);
        snprintf(request, sizeof request, "GET / HTTP/1.1\r\nConnection: close\r\n%s\r\n", fields);
        status = status_of(ask(http_server_port(server), request));
        http_server_close(&server, 2000);
        return status;
}

static void a_page_of_this_site_is_known_by_host(void)
{
        static const struct {
                const char *fields;
                int status;
        } rows[] = {
                {"Host: mall:8088\r\n", 204},
                {"Host: mall:8088\r\nOrigin: http://mall:8088\r\n", 204},
                {"Host: MALL:8088\r\nOrigin: http://mall:8088\r\n", 204},
                {"Host: mall\r\nOrigin: http://mall\r\n", 204},
                {"Host: mall:80\r\nOrigin: http://mall\r\n", 204},
                {"Host: [::1]:8088\r\nOrigin: http://[::1]:8088\r\n", 204},
                {"Host: mall:8088\r\nOrigin: https://mall:8088\r\n", 403},
                {"Host: mall:8088\r\nOrigin: http://mall\r\n", 403},
                {"Host: mall:8088\r\nOrigin: http://mall:80888\r\n", 403},
                {"Host: mall:8088\r\nOrigin: http://mall:8088.evil\r\n", 403},
                {"Host: mall:8088\r\nOrigin: http://evil/mall:8088\r\n", 403},
                {"Host: mall:8088\r\nOrigin: http://evil\r\n", 403},
                {"Host: mall:8088\r\nOrigin: null\r\n", 403},
                {"Host: mall:8088\r\nOrigin: \r\n", 403},
                {"Host: mall:8088\r\nOrigin: mall:8088\r\n", 403},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                check_int(ask_with(rows[i].fields, "none"), rows[i].status);
}

static void a_trusted_peer_says_what_the_client_sees(void)
{
        static const char fields[] = "Host: frontend:8080\r\nX-Forwarded-Host: shop.example\r\n"
                                     "X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n"
                                     "X-Forwarded-Prefix: /mall\r\n"
                                     "Origin: https://shop.example\r\n";

        check_int(ask_with(fields, "127.0.0.0/8"), 204);
        check_int(ask_with(fields, "none"), 403);
        check_int(ask_with("Host: frontend:8080\r\nX-Forwarded-Host: shop.example\r\n"
                           "X-Forwarded-Proto: https\r\nOrigin: http://frontend:8080\r\n",
                           "127.0.0.0/8"),
                  403);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_page_of_this_site_is_known_by_host),
                STORY(a_trusted_peer_says_what_the_client_sees),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
