#include "http/server_span.h"

#include "testing/conversation.h"
#include "testing/faults_on.h"
#include "testing/spans.h"

static struct http_server *server;

static enum http_result handle(struct http_request *r, void *arg)
{
        (void)arg;
        r->untraced = strcmp(r->path, "/actuator/health") == 0;
        if (strncmp(r->path, "/orders/", 8) == 0)
                r->uri_template = "/orders/{id}";
        if (strcmp(r->path, "/orders/broken") == 0)
                http_answer_problem(r, 503, "broken");
        else
                http_answer_problem(r, 200, "fine");
        return HTTP_ANSWERED;
}

static void begin(void)
{
        struct http_config config = config_of_test((struct http_handler){.handle = handle});

        spans_record(TRACE_ALWAYS_ON, 1);
        server = server_of_test(&config);
}

static void end(void)
{
        http_server_close(&server, 5000);
        spans_forget();
}

static const struct span_record *span_of(const char *request)
{
        int fd = dial(http_server_port(server));

        say(fd, request, strlen(request));
        shutdown(fd, SHUT_WR);
        spans_await(1);
        close(fd);
        return spans;
}

#define ASK(line, fields) line " HTTP/1.1\r\nHost: shop:8088\r\n" fields "\r\n"

static void a_request_says_what_opentelemetry_wants_to_know(void)
{
        const struct span_record *s;

        begin();
        s = span_of(ASK("GET /orders/7?a=b&c",
                        "User-Agent: siege/4\r\ntraceparent: "
                        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\r\n"));
        check_text(s->name, "GET /orders/{id}");
        check_int(s->kind, SPAN_SERVER);
        check_text(s->trace, "0af7651916cd43dd8448eb211c80319c");
        check_text(s->above, "b7ad6b7169203331");
        check_int(s->status, SPAN_UNSET);
        check(s->start_ns > 0 && s->end_ns >= s->start_ns);
        check_text(span_text_of(s, "http.request.method"), "GET");
        check_text(span_text_of(s, "http.route"), "/orders/{id}");
        check_text(span_text_of(s, "url.path"), "/orders/7");
        check_text(span_text_of(s, "url.query"), "a=b&c");
        check_text(span_text_of(s, "url.scheme"), "http");
        check_text(span_text_of(s, "server.address"), "shop");
        check_int(span_number_of(s, "server.port"), 8088);
        check_text(span_text_of(s, "client.address"), "127.0.0.1");
        check_text(span_text_of(s, "user_agent.original"), "siege/4");
        check_text(span_text_of(s, "network.protocol.version"), "1.1");
        check_int(span_number_of(s, "http.response.status_code"), 200);
        check(!span_record_find(s, "error.type"));
        end();
}

static void a_request_without_a_route_has_none(void)
{
        const struct span_record *s;

        begin();
        s = span_of(ASK("GET /elsewhere", ""));
        check_text(s->name, "GET");
        check(!span_record_find(s, "http.route"));
        check(!span_record_find(s, "url.query"));
        check_text(s->above, "");
        end();
}

static void our_own_failure_is_an_error(void)
{
        const struct span_record *s;

        begin();
        s = span_of(ASK("GET /orders/broken", ""));
        check_int(s->status, SPAN_ERROR);
        check_text(span_text_of(s, "error.type"), "503");
        check_int(span_number_of(s, "http.response.status_code"), 503);
        end();
}

static void what_is_refused_is_told_too(void)
{
        const struct span_record *s;

        begin();
        s = span_of(ASK("BREW /pot", ""));
        check_text(s->name, "HTTP");
        check_text(span_text_of(s, "http.request.method"), "_OTHER");
        check_text(span_text_of(s, "http.request.method_original"), "BREW");
        check_int(span_number_of(s, "http.response.status_code"), 501);
        end();
        begin();
        s = span_of(ASK("GET /a/../b", ""));
        check_text(s->name, "GET");
        check_int(span_number_of(s, "http.response.status_code"), 400);
        check_int(s->status, SPAN_UNSET); /* the client's mistake */
        end();
}

static void a_trusted_proxy_says_how_the_client_sees_us(void)
{
        const struct span_record *s;

        begin();
        s = span_of(ASK("GET /", "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"
                                 "X-Forwarded-Host: [2001:db8::1]:443\r\n"));
        check_text(span_text_of(s, "client.address"), "203.0.113.7");
        check_text(span_text_of(s, "network.peer.address"), "127.0.0.1");
        check_text(span_text_of(s, "url.scheme"), "https");
        check_text(span_text_of(s, "server.address"), "2001:db8::1");
        check_int(span_number_of(s, "server.port"), 443);
        end();
}

static void a_client_that_goes_away_got_no_status(void)
{
        static const char begun[] = ASK("POST /", "Content-Length: 10\r\n") "abc";
        struct linger hard = {.l_onoff = 1};
        int fd;

        begin();
        fd = dial(http_server_port(server));
        say(fd, begun, strlen(begun));
        while (!http_server_in_flight(server))
                usleep(1000);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(fd);
        spans_await(1);
        check_text(span_text_of(spans, "error.type"), "client_gone");
        check_int(spans->status, SPAN_ERROR);
        check(!span_record_find(spans, "http.response.status_code"));
        end();
}

static void nobody_wants_to_see_the_probes(void)
{
        begin();
        check_text(span_of(ASK("GET /actuator/health", "") ASK("GET /last", ""))->name, "GET");
        check_text(span_text_of(spans, "url.path"), "/last");
        end();
}

static void a_fault_is_named(void)
{
        struct faults *faults = faults_of_test(NULL);
        struct http_config config = config_of_test((struct http_handler){.handle = handle});
        const struct span_record *s;

        fault_on(faults, "{\"kind\":\"http-reset\"}");
        fault_on(faults, "{\"kind\":\"http-status\",\"status\":500}");
        config.faults = faults;
        spans_record(TRACE_ALWAYS_ON, 1);
        server = server_of_test(&config);
        s = span_of(ASK("GET /orders/7", ""));
        check_text(span_text_of(s, "mall.fault"), "http-status,http-reset");
        check_text(span_text_of(s, "error.type"), "connection_reset");
        check(!span_record_find(s, "http.response.status_code"));
        check_int(s->status, SPAN_ERROR);
        end();
        faults_close(&faults);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_request_says_what_opentelemetry_wants_to_know),
                STORY(a_request_without_a_route_has_none),
                STORY(our_own_failure_is_an_error),
                STORY(what_is_refused_is_told_too),
                STORY(a_trusted_proxy_says_how_the_client_sees_us),
                STORY(a_client_that_goes_away_got_no_status),
                STORY(nobody_wants_to_see_the_probes),
                STORY(a_fault_is_named),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
