/* URLs as the client sees them: by its proxy's fields, if we trust the proxy. */
#include "http/base_url.h"

#include "testing/conversation.h"

static int own_port; /* of the server asked last */

static enum http_result answer_base(struct http_request *r, void *arg)
{
        struct text body = text_open(r->arena, 100);

        (void)arg;
        text_string(&body, base_url(r));
        http_answer_body(r, 200, "text/plain", &body);
        return HTTP_ANSWERED;
}

/* %d in the request and in what is wanted: the server's own port. */
static const char *base_of(const char *trusted, const char *line, const char *headers)
{
        struct http_config config = config_of_test((struct http_handler){.handle = answer_base});
        struct http_server *server;
        char request[1000];
        const char *answer, *body;

        config.trusted_proxies = trusted;
        server = server_of_test(&config);
        own_port = http_server_port(server);
        snprintf(request, sizeof request, "GET / %s\r\nConnection: close\r\n%s\r\n", line, headers);
        answer = ask(own_port, request);
        http_server_close(&server, 1000);
        check_contains(answer, " 200 OK\r\n");
        body = strstr(answer, "\r\n\r\n");
        return body ? body + 4 : answer;
}

static const char *base(const char *trusted, const char *headers)
{
        return base_of(trusted, "HTTP/1.1\r\nHost: localhost:8081", headers);
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
        believed("X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n",
                 "https://shop.example");
        believed("X-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 8088\r\n",
                 "http://shop.example:8088");
        believed("X-Forwarded-Host: shop.example:1\r\nX-Forwarded-Port: 8088\r\n",
                 "http://shop.example:8088");
        believed("X-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 80\r\n",
                 "http://shop.example");
        believed("X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Port: "
                 "443\r\n",
                 "https://shop.example");
        believed("X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Port: "
                 "80\r\n",
                 "https://shop.example:80");
        believed("X-Forwarded-Host: [::1]:8080\r\nX-Forwarded-Port: 9\r\n", "http://[::1]:9");
        believed("X-Forwarded-Port: 9\r\n", "http://localhost:9");
        believed("X-Forwarded-Prefix: /shop\r\n", "http://localhost:8081/shop");
        believed("X-Forwarded-Prefix: /shop/\r\n", "http://localhost:8081/shop");
        believed("X-Forwarded-Prefix: /\r\n", "http://localhost:8081");
}

static void the_first_of_a_list_counts(void)
{
        believed("X-Forwarded-Host: outer.example, inner.example\r\nX-Forwarded-Proto: "
                 "https,http\r\n",
                 "https://outer.example");
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

/* HTTP/1.0 needs no Host: then the URL has the address that the client reached. */
static void without_host_it_is_the_own_address(void)
{
        static const struct {
                /* NULL: the server's own port is not in it */
                const char *headers, *want, *behind_port;
        } rows[] = {
                {"", "http://127.0.0.1:", ""},
                {"X-Forwarded-Port: 80\r\n", "http://127.0.0.1", NULL},
                {"X-Forwarded-Port: 9\r\n", "http://127.0.0.1:9", NULL},
                {"X-Forwarded-Port:\r\n", "http://127.0.0.1:", ""},
                {"X-Forwarded-Proto: https\r\n", "https://127.0.0.1:", ""},
                {"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n", "https://127.0.0.1",
                 NULL},
                {"X-Forwarded-Prefix: /shop\r\n", "http://127.0.0.1:", "/shop"},
                {"X-Forwarded-Host:\r\n", "http://127.0.0.1:", ""},
                {"X-Forwarded-Host: , inner\r\nX-Forwarded-Port: 9\r\n", "http://127.0.0.1:9",
                 NULL},
                {"X-Forwarded-Host:\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /a/\r\n",
                 "https://127.0.0.1:", "/a"},
                {"X-Forwarded-Host: a.example\r\nX-Forwarded-Port: 9\r\n", "http://a.example:9",
                 NULL},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                const char *got = base_of("127.0.0.0/8", "HTTP/1.0", rows[i].headers);
                char want[100];

                if (rows[i].behind_port)
                        snprintf(want, sizeof want, "%s%d%s", rows[i].want, own_port,
                                 rows[i].behind_port);
                else
                        snprintf(want, sizeof want, "%s", rows[i].want);
                check_text(got, want);
        }
        check_contains(base_of("", "HTTP/1.0", "X-Forwarded-Port: 1\r\n"), "http://127.0.0.1:");
}

static void what_is_no_host_and_port_is_not_believed(void)
{
        static char long_host[600] = "X-Forwarded-Host: ",
                    long_prefix[600] = "X-Forwarded-Prefix: /";

        believed("X-Forwarded-Host: :80\r\nX-Forwarded-Port: 9\r\n", "http://localhost:9");
        believed("X-Forwarded-Host: [::1\r\n", "http://localhost:8081");
        believed("X-Forwarded-Host: ]:1\r\nX-Forwarded-Port: 9\r\n", "http://localhost:9");
        believed("X-Forwarded-Host: a:b:c\r\n", "http://localhost:8081");
        believed("X-Forwarded-Host: a:\r\nX-Forwarded-Port: 9\r\n", "http://a:9");
        believed("X-Forwarded-Port: 99999999999\r\n", "http://localhost:8081");
        believed("X-Forwarded-Port: 0\r\n", "http://localhost:8081");
        believed("X-Forwarded-Proto: ttps\r\n", "http://localhost:8081");
        memset(long_host + strlen(long_host), 'a', 400);
        strcat(long_host, "\r\n"); /* each link of a page would repeat it */
        believed(long_host, "http://localhost:8081");
        memset(long_prefix + strlen(long_prefix), 'a', 400);
        strcat(long_prefix, "\r\n");
        believed(long_prefix, "http://localhost:8081");
}

static void a_stranger_is_not_believed(void)
{
        check_text(base("10.0.0.0/8",
                        "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\n"),
                   "http://localhost:8081");
        check_text(base("", "X-Forwarded-Prefix: /evil\r\n"), "http://localhost:8081");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_host_is_the_base),
                STORY(a_trusted_proxy_is_believed),
                STORY(the_first_of_a_list_counts),
                STORY(nonsense_is_not_believed),
                STORY(without_host_it_is_the_own_address),
                STORY(what_is_no_host_and_port_is_not_believed),
                STORY(a_stranger_is_not_believed),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
