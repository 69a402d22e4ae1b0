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
                {"Host: mall\r\nOrigin: https://mall\r\n", 204},
                {"Host: mall:443\r\nOrigin: https://mall\r\n", 204},
                {"Host: mall:443\r\nOrigin: http://mall\r\n", 403},
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

/* CORS lets a page send X-Forwarded-Host to the gateway, which adds to the list. */
static void a_page_does_not_say_which_site_is_ours(void)
{
        static const struct {
                const char *list;
                int status;
        } rows[] = {
                {"evil.example, localhost:8088", 403},
                {"localhost:8088, evil.example", 204}, /* it asked the peer for evil.example */
                {"evil.example,evil.example , localhost:8088", 403},
                {"evil.example\r\nX-Forwarded-Host: localhost:8088", 403},
                {"evil.example,", 403},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                char fields[300];

                snprintf(fields, sizeof fields,
                         "Host: frontend:8080\r\nX-Forwarded-Host: %s\r\n"
                         "Origin: http://evil.example\r\n",
                         rows[i].list);
                check_int(ask_with(fields, "127.0.0.0/8"), rows[i].status);
        }
        check_int(ask_with("Host: frontend:8080\r\nX-Forwarded-Host: evil.example, mall:8088\r\n"
                           "Origin: http://mall:8088\r\n",
                           "127.0.0.0/8"),
                  204);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_page_of_this_site_is_known_by_host),
                STORY(a_trusted_peer_says_what_the_client_sees),
                STORY(a_page_does_not_say_which_site_is_ours),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
