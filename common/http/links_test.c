/* URLs as the client sees them, by what its proxy says if that is believed. */
#include "http/links.h"

#include "http/conversation.h"

static enum http_result answer_base(struct http_request *r, void *arg)
{
        struct text body = text_open(r->arena, 100);

        (void)arg;
        text_string(&body, links_base(r));
        http_answer_body(r, 200, "text/plain", &body);
        return HTTP_ANSWERED;
}

static const char *base(const char *trusted, const char *headers)
{
        struct http_config config = config_of_test((struct http_handler){.handle = answer_base});
        struct http_server *server;
        char request[1000];
        const char *answer, *body;

        config.trusted_proxies = trusted;
        server = server_of_test(&config);
        snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: localhost:8081\r\nConnection: close\r\n%s\r\n", headers);
        answer = ask(http_server_port(server), request);
        http_server_close(&server, 1000);
        check_int(status_of(answer), 200);
        body = strstr(answer, "\r\n\r\n");
        return body ? body + 4 : answer;
}

static void believed(const char *headers, const char *want)
{
        check_text(base("127.0.0.0/8", headers), want);
}

static void the_host_is_the_base(void)
{
        believed("", "http://localhost:8081");
}

static void a_trusted_proxy_is_believed(void)
{
        believed("X-Forwarded-Host: shop.example\r\n", "http://shop.example");
        believed("X-Forwarded-Host: shop.example:8080\r\n", "http://shop.example:8080");
        believed("X-Forwarded-Proto: https\r\n", "https://localhost:8081");
        believed("X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n", "https://shop.example");
        believed("X-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 8088\r\n", "http://shop.example:8088");
        believed("X-Forwarded-Host: shop.example:1\r\nX-Forwarded-Port: 8088\r\n", "http://shop.example:8088");
        believed("X-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 80\r\n", "http://shop.example");
        believed("X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 443\r\n", "https://shop.example");
        believed("X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 80\r\n", "https://shop.example:80");
        believed("X-Forwarded-Host: [::1]:8080\r\nX-Forwarded-Port: 9\r\n", "http://[::1]:9");
        believed("X-Forwarded-Port: 9\r\n", "http://localhost:9");
        believed("X-Forwarded-Prefix: /shop\r\n", "http://localhost:8081/shop");
        believed("X-Forwarded-Prefix: /shop/\r\n", "http://localhost:8081/shop");
        believed("X-Forwarded-Prefix: /\r\n", "http://localhost:8081");
}

static void the_first_of_a_list_counts(void)
{
        believed("X-Forwarded-Host: outer.example, inner.example\r\nX-Forwarded-Proto: https,http\r\n", "https://outer.example");
}

static void nonsense_is_not_believed(void)
{
        believed("X-Forwarded-Host: a\"b\r\n", "http://localhost:8081");
        believed("X-Forwarded-Host: a/b\r\n", "http://localhost:8081");
        believed("X-Forwarded-Host: <script>\r\n", "http://localhost:8081");
        believed("X-Forwarded-Port: 80x\r\n", "http://localhost:8081");
        believed("X-Forwarded-Proto: gopher\r\n", "http://localhost:8081");
        believed("X-Forwarded-Prefix: shop\r\n", "http://localhost:8081");
        believed("X-Forwarded-Prefix: /a\"b\r\n", "http://localhost:8081");
}

static void a_stranger_is_not_believed(void)
{
        check_text(base("10.0.0.0/8", "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\n"), "http://localhost:8081");
        check_text(base("", "X-Forwarded-Prefix: /evil\r\n"), "http://localhost:8081");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                {"the host is the base", the_host_is_the_base},
                {"a trusted proxy is believed", a_trusted_proxy_is_believed},
                {"the first of a list counts", the_first_of_a_list_counts},
                {"nonsense is not believed", nonsense_is_not_believed},
                {"a stranger is not believed", a_stranger_is_not_believed},
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
