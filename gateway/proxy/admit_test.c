/* What the gateway decides before anything is sent. */
#include "gateway/testing/whole_gateway.h"

/* Each field is looked for in the list, on a thread for which other requests wait. */
static void a_list_of_connection_has_an_end(void)
{
        char request[20000], *at = request;

        open_all();
        at += sprintf(at, "GET /orders HTTP/1.1\r\nHost: shop\r\nX-Mine: 1\r\nConnection: close");
        for (int i = 0; i < 101; i++)
                at += sprintf(at, ",x");
        sprintf(at, "\r\n\r\n");
        check_contains(ask(request), "HTTP/1.1 431 ");
        check_contains(answer, "\"detail\":\"Connection names too many fields\"");
        check(!strstr(answer, "X-Of-Upstream"));
        close_all();
}

/* A client can vary only what stands left of the trusted proxy's element: it stays one client. */
static void a_limiter_counts_the_client_that_a_trusted_proxy_names(void)
{
        open_all();
        check_contains(ask(REQUEST("GET /few", "X-Forwarded-For: 1.1.1.1, 9.9.9.9\r\n")),
                       "HTTP/1.1 201 ");
        check_contains(ask(REQUEST("GET /few", "X-Forwarded-For: 2.2.2.2, 9.9.9.9\r\n")),
                       "HTTP/1.1 429 ");
        check_contains(ask(REQUEST("GET /few",
                                   "X-Forwarded-For: 3.3.3.3\r\nX-Forwarded-For: 9.9.9.9\r\n")),
                       "HTTP/1.1 429 ");
        check_contains(ask(REQUEST("GET /few", "X-Forwarded-For: 9.9.9.9, 127.0.0.5\r\n")),
                       "HTTP/1.1 429 ");
        check_contains(ask(REQUEST("GET /few", "X-Forwarded-For: 9.9.9.9:80, \r\n")),
                       "HTTP/1.1 201 "); /* the proxy itself */
        check_contains(ask(REQUEST("GET /few", "")), "HTTP/1.1 429 ");
        check_contains(ask(REQUEST("GET /few", "X-Forwarded-For: 9.9.9.9, 8.8.8.8\r\n")),
                       "HTTP/1.1 201 ");
        close_all();
}

/* The answer to TRACE would show what others sent: the upstream here does answer it. */
static void trace_goes_no_further(void)
{
        open_all();
        check_contains(ask_server(upstream, REQUEST("TRACE /orders", "Cookie: secret\r\n")),
                       "Cookie: secret\n");
        ask("TRACE /orders HTTP/1.1\r\nHost: shop\r\nCookie: secret\r\n\r\n" REQUEST("GET /orders",
                                                                                     ""));
        check_contains(answer, "HTTP/1.1 405 ");
        check_contains(answer, "\r\nAllow: GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS\r\n");
        check_contains(answer, "\r\nConnection: close\r\n");
        check(!strstr(answer, "secret") && !strstr(answer, "X-Of-Upstream"));
        check_contains(ask(REQUEST("TRACE /nowhere", "Origin: http://a.kr\r\n")), "HTTP/1.1 405 ");
        close_all();
}

static void no_actuator_of_a_service_is_reached(void)
{
        static const char *const requests[] = {
                REQUEST("GET /actuator/health", ""),
                REQUEST("GET /%61ctuator/health", ""),
                REQUEST("GET //actuator", ""),
                REQUEST("GET /api/actuator/health", ""),
                REQUEST("GET /api/%61ctuator;x/health", ""),
                REQUEST("GET /api/;/actuator/env", ""),
                REQUEST("GET /api/;a=b/actuator/env", ""),
                REQUEST("GET /api/%2factuator/env", ""),
                REQUEST("GET /api/%2Factuator/env", ""),
                REQUEST("GET /api/\\actuator/env", ""),
                REQUEST("GET /api/%5cactuator/env", ""),
                REQUEST("GET /api/%252factuator/env", ""),
                REQUEST("GET /api//%2f/ACTUATOR/env", ""),
                REQUEST("GET /api/%2561ctuator", ""),
                REQUEST("GET /api/;%2fx/actuator", ""),
                REQUEST("GET /api/%3b/actuator", ""),
                REQUEST("GET /api/actuator%3fx", ""),
                REQUEST("GET /api/x%252f..%252f../actuator", ""),
                REQUEST("GET /red/;/actuator/env", ""),
                REQUEST("GET /red/%2factuator/env", ""),
                REQUEST("GET /red//actuator", ""),
                REQUEST("GET /red/a/%252e%252e/x", ""),
                REQUEST("GET /blue/%2factuator%2fenv", ""),
                REQUEST("GET /blue/actuator;x", ""),
                REQUEST("GET /orders/..;/x", ""),
                REQUEST("GET /orders/%252e%252e/x", ""),
                REQUEST("GET /orders/..%255c/x", ""),
                NULL,
        };

        open_all();
        for (int i = 0; requests[i]; i++) {
                check_contains(ask(requests[i]), "HTTP/1.1 40");
                check(!strstr(answer, "X-Of-Upstream"));
        }
        close_all();
}

/* An upstream may read a path in another way than the gateway, which would be another route's. */
static void what_leads_elsewhere_when_read_otherwise_is_refused(void)
{
        static const char *const requests[] = {
                REQUEST("GET /all%2f..", ""),    REQUEST("GET //admin/x", ""),
                REQUEST("GET /admin;a=b/x", ""), REQUEST("GET /%2fadmin", ""),
                REQUEST("GET /admin%2fx", ""),   REQUEST("GET /%2561dmin/x", ""),
                REQUEST("GET /all\\x", ""),      NULL,
        };

        open_all();
        for (int i = 0; requests[i]; i++)
                check_contains(ask(requests[i]), "HTTP/1.1 400 ");
        check_contains(ask(REQUEST("GET /admin/x", "")), "HTTP/1.1 403 ");
        check_contains(ask(REQUEST("GET /%61dmin/x", "")), "HTTP/1.1 403 ");
        check_contains(ask(REQUEST("GET /all/a%2Fb;c%20d/%EC%A3%BC//e?f;g=%2F..", "")),
                       "GET /all/a%2Fb;c%20d/%EC%A3%BC//e?f;g=%2F..\n");
        check_contains(ask(REQUEST("GET /all/%25/50%25", "")), "GET /all/%25/50%25\n");
        check_contains(ask(REQUEST("GET /%61ll/actuator", "")), "GET /%61ll/actuator\n");
        close_all();
}

static void cors_is_decided_here(void)
{
        open_all();
        ask(REQUEST("OPTIONS /orders",
                    "Origin: http://a.kr\r\nAccess-Control-Request-Method: POST\r\n"));
        check_contains(answer, "HTTP/1.1 200 ");
        check_contains(answer, "Access-Control-Allow-Origin: http://a.kr\r\n");
        check_contains(answer, "Access-Control-Allow-Methods: POST\r\n");
        check_contains(answer, "Access-Control-Allow-Credentials: true\r\n");
        check(!strstr(answer, "X-Of-Upstream"));
        ask(REQUEST("GET /orders", "Origin: http://a.kr\r\n"));
        check_contains(answer, "HTTP/1.1 201 ");
        check_contains(answer, "Access-Control-Allow-Origin: http://a.kr\r\n");
        check(!strstr(answer, "http://upstream.says"));
        ask(REQUEST("GET /orders", "")); /* a cache must not give this answer to an origin */
        check_contains(answer, "HTTP/1.1 201 ");
        check_contains(answer, "Vary: Origin");
        check_contains(ask(REQUEST("GET /gone", "Origin: http://a.kr\r\n")), "HTTP/1.1 403 ");
        check_contains(ask(REQUEST("GET /gone", "Origin: http://shop.kr\r\n")), "HTTP/1.1 503 ");
        check_contains(answer, "Access-Control-Allow-Origin: http://shop.kr\r\n");
        close_all();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_list_of_connection_has_an_end),
                STORY(a_limiter_counts_the_client_that_a_trusted_proxy_names),
                STORY(trace_goes_no_further),
                STORY(no_actuator_of_a_service_is_reached),
                STORY(what_leads_elsewhere_when_read_otherwise_is_refused),
                STORY(cors_is_decided_here),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
