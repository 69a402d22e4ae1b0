/* The page at "/" while its upstream is away. */
#include "gateway/testing/whole_gateway.h"

#define BROWSER "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"

static void open_without_console(void)
{
        open_front("spring.cloud.gateway:\n"
                   "  routes:\n"
                   "  - {id: \"<i>'front' & \\\"end\\\"\", uri: 'http://127.0.0.1:%d', "
                   "predicates: ['Path=/**']}\n",
                   port_of_nobody());
}

static void close_without_console(void)
{
        http_server_close(&front, 5000);
        gateway_close(&gateway);
        metrics_close(&metrics);
}

static void a_browser_gets_a_page_that_says_what_is_missing_and_how_to_start_it(void)
{
        open_without_console();
        check_contains(ask(REQUEST("GET /?x=1", BROWSER)), "HTTP/1.1 503 ");
        check_contains(answer, "Content-Type: text/html; charset=utf-8\r\n");
        check_contains(answer, "Retry-After: 1\r\n");
        check_contains(answer, "Vary: Accept, Accept-Language\r\n");
        check_contains(answer, "Content-Security-Policy: default-src 'none';");
        check_contains(answer, "<html lang=\"en\">");
        check_contains(answer, "<dd><code>http://127.0.0.1:");
        check_contains(answer, "<dt>Reason</dt><dd><code>Failed to connect to 127.0.0.1 port ");
        check_contains(answer, "<h2>How to start it</h2>\n<dl>\n");
        check_contains(answer, "<code>make run</code>");
        check_contains(answer, "<code>kubectl apply -k deploy/k8s/overlays/lab/shop -l app=");
        check_contains(answer, "<code>aws codebuild start-build --project-name ");
        check_contains(answer, "<a href=\"/\">Try again</a></p>\n</main>\n</body>\n</html>\n");
        check(!strstr(answer, "style") && !strstr(answer, "<script"));
        close_without_console();
}

static void no_name_is_markup(void)
{
        open_without_console();
        check_contains(ask(REQUEST("GET /", BROWSER)),
                       "<code>&#60;i&#62;&#39;front&#39; &#38; &#34;end&#34;</code>");
        check(!strstr(answer, "<i>"));
        close_without_console();
}

static void it_speaks_the_languages_of_the_lab(void)
{
        static const struct {
                const char *request, *language;
        } table[] = {
                {REQUEST("GET /", BROWSER "Accept-Language: ko-KR,ko;q=0.9,en;q=0.8\r\n"), "ko"},
                {REQUEST("GET /", BROWSER "Accept-Language: en-GB,ko;q=0.9\r\n"), "en"},
                {REQUEST("GET /", BROWSER "Accept-Language: de\r\n"), "en"},
        };

        open_without_console();
        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
                bool korean = strcmp(table[i].language, "ko") == 0;

                check_contains(ask(table[i].request),
                               korean ? "<html lang=\"ko\">" : "<html lang=\"en\">");
                check_contains(answer, korean ? "<h1>콘솔이 없습니다</h1>"
                                              : "<h1>The console is not there</h1>");
        }
        close_without_console();
}

static void anybody_else_gets_a_problem_that_says_the_same(void)
{
        static const char *const requests[] = {
                REQUEST("GET /", ""),
                REQUEST("GET /", "Accept: */*\r\n"),
                REQUEST("GET /", "Accept: application/json\r\n"),
        };

        open_without_console();
        for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
                check_contains(ask(requests[i]), "HTTP/1.1 503 ");
                check_contains(answer, "Content-Type: application/problem+json\r\n");
                check_contains(answer, "Retry-After: 1\r\n");
                check_contains(answer, "cannot be reached: ");
                check_contains(answer, "To start it: make run; on Kubernetes: kubectl ");
        }
        close_without_console();
}

static void head_gets_the_head_of_the_page(void)
{
        open_without_console();
        check_contains(ask(REQUEST("HEAD /", BROWSER)), "HTTP/1.1 503 ");
        check_contains(answer, "Content-Type: text/html");
        check(!strstr(answer, "Content-Length: 0\r\n") && !strstr(answer, "<html"));
        close_without_console();
}

static void nothing_else_is_the_page(void)
{
        static const char *const requests[] = {
                REQUEST("GET /orders", BROWSER),
                REQUEST("GET /assets/main.js", BROWSER),
                REQUEST("POST /", BROWSER "Content-Length: 0\r\n"),
                REQUEST("OPTIONS /", BROWSER),
        };

        open_without_console();
        for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
                check_contains(ask(requests[i]), "HTTP/1.1 503 ");
                check_contains(answer, "Content-Type: application/problem+json\r\n");
                check(!strstr(answer, "make run"));
        }
        close_without_console();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_browser_gets_a_page_that_says_what_is_missing_and_how_to_start_it),
                STORY(no_name_is_markup),
                STORY(it_speaks_the_languages_of_the_lab),
                STORY(anybody_else_gets_a_problem_that_says_the_same),
                STORY(head_gets_the_head_of_the_page),
                STORY(nothing_else_is_the_page),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
