#include "gateway/proxy/forward.h"

#include "base/text.h"
#include "testing/check.h"

#include <stdio.h>
#include <string.h>

static struct arena *arena;

/* "Name: value" lines, ended by NULL */
static struct headers list(const char *const *lines)
{
        struct headers h = {.arena = arena};

        for (; *lines; lines++) {
                const char *colon = strstr(*lines, ": ");

                headers_add(&h, arena_copy(arena, *lines, (size_t)(colon - *lines)), colon + 2);
        }
        return h;
}

static struct headers forward_hops(const char *const *lines, bool trusted, int hops,
                                   const char *prefix)
{
        struct origin origin = {
                .peer = "10.0.0.9", .hops = hops, .traceparent = "00-aa-bb-01", .prefix = prefix};
        struct headers h;

        arena_close(&arena);
        arena = arena_open();
        h = list(lines);
        check(forward_receive(&h, trusted));
        forward_request(&h, &origin);
        return h;
}

static struct headers forward(const char *const *lines, bool trusted, const char *prefix)
{
        return forward_hops(lines, trusted, 0, prefix);
}

static void hop_by_hop_fields_end_here(void)
{
        static const char *const in[] = {"Host: gw:8080",
                                         "Connection: keep-alive, X-Mine",
                                         "Keep-Alive: 5",
                                         "X-Mine: 1",
                                         "Transfer-Encoding: chunked",
                                         "TE: trailers",
                                         "Trailer: X-T",
                                         "Upgrade: h2c",
                                         "Proxy-Authorization: x",
                                         "Expect: 100-continue",
                                         "Content-Length: 3",
                                         "Content-Type: application/json",
                                         NULL};
        static const char *const gone[] = {"Host",    "Connection",        "Keep-Alive",
                                           "X-Mine",  "Transfer-Encoding", "TE",
                                           "Trailer", "Upgrade",           "Proxy-Authorization",
                                           "Expect",  "Content-Length",    NULL};
        struct headers out = forward(in, false, NULL);

        for (int i = 0; gone[i]; i++)
                check_text(headers_if_there(&out, gone[i]), NULL);
        check_text(headers_value(&out, "content-type"), "application/json");
}

static void connection_cannot_take_away_what_we_rely_on(void)
{
        static const char *const in[] = {
                "Host: gw",
                "Connection: close, Idempotency-Key,x-forwarded-for, X-B3-TraceId, b3",
                "Idempotency-Key: k1",
                "X-Forwarded-For: 1.2.3.4",
                "X-B3-TraceId: t",
                "b3: 0",
                NULL};
        struct headers out = forward(in, true, NULL);

        check_text(headers_value(&out, "Idempotency-Key"), "k1");
        check_text(headers_value(&out, "X-Forwarded-For"), "1.2.3.4, 10.0.0.9");
        check_text(headers_value(&out, "X-B3-TraceId"), "t");
        check_text(headers_value(&out, "b3"), "0");
}

static void a_client_is_named(void)
{
        static const char *const in[] = {"Host: shop:8088", "X-Request-Id: r7", NULL};
        struct headers out = forward(in, true, NULL);

        check_text(headers_value(&out, "X-Forwarded-For"), "10.0.0.9");
        check_text(headers_value(&out, "X-Forwarded-Host"), "shop:8088");
        check_text(headers_value(&out, "X-Forwarded-Port"), "8088");
        check_text(headers_value(&out, "X-Forwarded-Proto"), "http");
        check_text(headers_if_there(&out, "X-Forwarded-Prefix"), NULL);
        check_text(headers_value(&out, "Forwarded"), "for=10.0.0.9;host=\"shop:8088\";proto=http");
        check_text(headers_value(&out, "traceparent"), "00-aa-bb-01");
        check_text(headers_value(&out, "X-Request-Id"), "r7");
}

static const char *const behind_balancer[] = {"Host: gw:8080",
                                              "X-Forwarded-For: 1.2.3.4",
                                              "X-Forwarded-Proto: https",
                                              "X-Forwarded-Host: shop.kr",
                                              "Forwarded: for=1.2.3.4",
                                              "X-Forwarded-Ssl: on",
                                              "traceparent: 00-theirs",
                                              NULL};

static void a_trusted_peer_is_continued(void)
{
        struct headers out = forward(behind_balancer, true, NULL);

        check_text(headers_value(&out, "X-Forwarded-For"), "1.2.3.4, 10.0.0.9");
        check_text(headers_value(&out, "X-Forwarded-Proto"), "https, http");
        check_text(headers_value(&out, "X-Forwarded-Host"), "shop.kr, gw:8080");
        check_text(headers_value(&out, "X-Forwarded-Port"), "443");
        check_text(headers_value(&out, "X-Forwarded-Ssl"), "on");
        check_contains(headers_value(&out, "Forwarded"), "for=1.2.3.4, for=10.0.0.9;");
        check_text(headers_value(&out, "traceparent"), "00-aa-bb-01");
}

/* The client chose the first of each; its balancer wrote what follows. */
static void what_a_client_made_up_is_not_continued(void)
{
        static const char *const in[] = {"Host: gw:8080",
                                         "X-Forwarded-For: 6.6.6.6, 1.2.3.4",
                                         "X-Forwarded-Proto: http, https",
                                         "X-Forwarded-Host: evil.example, shop.kr",
                                         "X-Forwarded-Port: 666, 8443",
                                         NULL};
        static const char *const chain[] = {"Host: gw:8080",
                                            "X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.8",
                                            "X-Forwarded-Proto: http, https, http",
                                            "X-Forwarded-Host: evil.example, shop.kr, inner",
                                            "X-Forwarded-Port: 8443",
                                            NULL};
        struct headers out = forward(in, true, NULL);

        check_text(headers_value(&out, "X-Forwarded-For"), "6.6.6.6, 1.2.3.4, 10.0.0.9");
        check_text(headers_value(&out, "X-Forwarded-Proto"), "https, http");
        check_text(headers_value(&out, "X-Forwarded-Host"), "shop.kr, gw:8080");
        check_text(headers_value(&out, "X-Forwarded-Port"), "8443, 8080");
        out = forward_hops(chain, true, 1, NULL);
        check_text(headers_value(&out, "X-Forwarded-Proto"), "https, http, http");
        check_text(headers_value(&out, "X-Forwarded-Host"), "shop.kr, inner, gw:8080");
        check_text(headers_value(&out, "X-Forwarded-Port"), "8443, 8080");
        out = list(chain);
        check_text(forward_scheme(&out, 1), "https");
        check_text(forward_scheme(&out, 0), "http");
        check_text(forward_host(&out, 0), "inner");
        check_text(forward_host(&out, 1), "shop.kr");
        check_text(forward_host(&out, 9), "evil.example");
}

static void another_peer_is_not_believed(void)
{
        struct headers out = forward(behind_balancer, false, NULL);

        check_text(headers_value(&out, "X-Forwarded-For"), "10.0.0.9");
        check_text(headers_value(&out, "X-Forwarded-Proto"), "http");
        check_text(headers_value(&out, "X-Forwarded-Host"), "gw:8080");
        check_text(headers_value(&out, "X-Forwarded-Port"), "8080");
        check_text(headers_if_there(&out, "X-Forwarded-Ssl"), NULL);
        check_text(headers_value(&out, "Forwarded"), "for=10.0.0.9;host=\"gw:8080\";proto=http");
}

static void a_stripped_prefix_is_told(void)
{
        static const char *const in[] = {"Host: gw", "X-Forwarded-Prefix: /mall", NULL};
        struct headers trusted = forward(in, true, "/api"), other;

        check_text(headers_value(&trusted, "X-Forwarded-Prefix"), "/mall/api");
        other = forward(in, false, "/api");
        check_text(headers_value(&other, "X-Forwarded-Prefix"), "/api");
        check_text(headers_value(&other, "X-Forwarded-Port"), "80");
}

static void a_list_grows(void)
{
        struct headers h = {.arena = (arena_close(&arena), arena = arena_open())};

        for (int i = 0; i < 100; i++) {
                headers_add(&h, arena_printf(arena, "X-%d", i), arena_printf(arena, "%d", i));
                check(h.room >= h.count && h.room <= 128);
        }
        for (int i = 0; i < 100; i++)
                check_text(headers_value(&h, arena_printf(arena, "x-%d", i)),
                           arena_printf(arena, "%d", i));
        headers_add(&h, "x-7", "seven");
        check_text(headers_value(&h, "X-7"), "7, seven");
        check_text(headers_if_there(&h, "X"), NULL);
        check_text(headers_if_there(&h, "X-100"), NULL);
}

static void joining_many_takes_the_room_of_all_of_them(void)
{
        struct headers h = {.arena = (arena_close(&arena), arena = arena_open())};
        char value[301] = "";
        size_t before;

        memset(value, 'x', sizeof value - 1);
        for (int i = 0; i < 100; i++)
                headers_add(&h, "X-Many", value);
        before = arena_size(arena);
        check_int((int64_t)strlen(headers_value(&h, "x-many")), 100 * 302 - 2);
        check(arena_size(arena) - before < 200000);
}

static void connection_names_whole_names(void)
{
        static const char *const in[] = {"Host: gw",
                                         "Connection:  ,x-a ,\tX-B\t",
                                         "Connection: X-C,X-Dd, close",
                                         "X-A: 1",
                                         "X-B: 1",
                                         "X-C: 1",
                                         "X-D: 1",
                                         "X-Ddd: 1",
                                         "X-E: 1",
                                         "X-: 1",
                                         NULL};
        static const char *const stay[] = {"X-D", "X-Ddd", "X-E", "X-", NULL}, *const go[] = {
                                                                                       "X-A", "X-B",
                                                                                       "X-C", NULL};
        struct headers out = forward(in, false, NULL);

        for (int i = 0; stay[i]; i++)
                check_text(headers_value(&out, stay[i]), "1");
        for (int i = 0; go[i]; i++)
                check_text(headers_if_there(&out, go[i]), NULL);
}

/* `X-Own` after so many other names, spread over so many fields. */
static struct headers named_behind(int others, int fields)
{
        struct headers h = {.arena = (arena_close(&arena), arena = arena_open())};

        headers_add(&h, "X-Own", "1");
        for (int f = 0; f < fields; f++) {
                struct text list = text_open(arena, 1000);

                for (int i = others * f / fields; i < others * (f + 1) / fields; i++)
                        text_string(&list, "close , ");
                text_string(&list, f == fields - 1 ? "x-own" : "");
                headers_add(&h, "Connection", list.at);
        }
        return h;
}

/* If a part of the list were left out, the fields that it names would pass. */
static void a_list_of_connection_is_read_to_its_end_or_refused(void)
{
        for (int fields = 1; fields <= 40; fields += 39) {
                struct headers h = named_behind(99, fields);

                check(forward_receive(&h, false));
                check_int((int64_t)h.count, 0);
                h = named_behind(100, fields);
                check(!forward_receive(&h, false));
                h = named_behind(14000, fields);
                check(!forward_receive(&h, false));
        }
}

static void what_we_rely_on_stays_whatever_connection_names(void)
{
        static const char *const names[] = {
                "Accept",          "Authorization", "Content-Encoding", "Content-Type", "Cookie",
                "Idempotency-Key", "If-Match",      "If-None-Match",    "Origin",       "b3",
                "tracestate",      "X-Request-Id",  "X-Forwarded-Ssl",  "X-B3-SpanId",  NULL};

        for (int i = 0; names[i]; i++) {
                char connection[100], field[100];
                const char *const in[] = {"Host: gw", connection, field, "X-Own: 1", NULL};
                struct headers out;

                snprintf(connection, sizeof connection, "Connection: X-Own, %s", names[i]);
                snprintf(field, sizeof field, "%s: y", names[i]);
                out = forward(in, true, NULL);
                check_text(headers_value(&out, names[i]), "y");
                check_text(headers_if_there(&out, "X-Own"), NULL);
        }
}

/* Rows: Host, what a trusted peer says, and the field that goes out. */
static void hosts_and_ports_are_written_as_they_are_read(void)
{
        static const struct {
                const char *host, *more, *name, *value;
        } rows[] = {
                {"Host: gw", "X: y", "X-Forwarded-Port", "80"},
                {"Host: gw:", "X: y", "X-Forwarded-Port", "80"},
                {"Host: [::1]", "X: y", "X-Forwarded-Port", "80"},
                {"Host: [::1]:8080", "X: y", "X-Forwarded-Port", "8080"},
                {"Host: gw:8080", "X-Forwarded-Proto: https", "X-Forwarded-Port", "8080"},
                {"Host: gw", "X-Forwarded-Proto: https", "X-Forwarded-Port", "443"},
                {"Host: gw", "X-Forwarded-Proto: httpsx, http", "X-Forwarded-Port", "80"},
                {"Host: gw:1", "X-Forwarded-Host: shop.kr:2 ", "X-Forwarded-Port", "2"},
                {"Host: gw:1", "X-Forwarded-Port: 3", "X-Forwarded-Port", "3, 1"},
                {"Host: gw", "X-Forwarded-Port: 3", "X-Forwarded-Port", "3, 80"},
                {"Host: gw:1", "X-Forwarded-Host: ", "X-Forwarded-Port", "1"},
                {"Host: gw:1", "X-Forwarded-Host: ", "X-Forwarded-Host", "gw:1"},
                {"X: y", "X: y", "X-Forwarded-Host", ""},
                {"X: y", "X: y", "Forwarded", "for=10.0.0.9;proto=http"},
                {"Host: a\"b", "X: y", "Forwarded", "for=10.0.0.9;proto=http"},
                {"Host: a\\b", "X: y", "Forwarded", "for=10.0.0.9;proto=http"},
                {"Host: gw", "Forwarded: ", "Forwarded", "for=10.0.0.9;host=\"gw\";proto=http"},
                {"Host: gw", "X-Forwarded-Prefix: /mall//", "X-Forwarded-Prefix", "/mall"},
                {"Host: gw", "X-Forwarded-Prefix: /", "X-Forwarded-Prefix", NULL},
                {"Host: gw", "X-Forwarded-Prefix: ", "X-Forwarded-Prefix", NULL},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                const char *const in[] = {rows[i].host, rows[i].more, NULL};
                struct headers out = forward(in, true, NULL);

                if ((headers_if_there(&out, rows[i].name) == NULL) != (rows[i].value == NULL))
                        printf("row %zu\n", i);
                check_text(headers_if_there(&out, rows[i].name), rows[i].value);
        }
}

static void a_peer_of_ipv6_is_quoted(void)
{
        struct origin origin = {.peer = "2001:db8::1"};
        struct headers h = {.arena = (arena_close(&arena), arena = arena_open())};

        headers_add(&h, "Host", "gw");
        check(forward_receive(&h, false));
        forward_request(&h, &origin);
        check_text(headers_value(&h, "Forwarded"), "for=\"[2001:db8::1]\";host=\"gw\";proto=http");
        check_text(headers_value(&h, "X-Forwarded-For"), "2001:db8::1");
        check_text(headers_if_there(&h, "traceparent"), NULL);
        check_text(headers_if_there(&h, "X-Forwarded-Prefix"), NULL);
        check_int((int64_t)h.count, 5);
}

static void the_host_that_a_client_sees(void)
{
        static const char *const in[] = {"Host: gw:1", "X-Forwarded-Host: , a\t,b", NULL};
        struct headers h = (arena_close(&arena), arena = arena_open(), list(in)),
                       none = {.arena = arena};

        check_text(forward_host(&h, 0), "b");
        check_text(forward_host(&h, 1), "a");
        check_text(forward_host(&h, 2), "gw:1"); /* that proxy had none to say */
        check_text(forward_host(&none, 0), "");
        check_text(forward_scheme(&none, 0), "http");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(hop_by_hop_fields_end_here),
                STORY(connection_cannot_take_away_what_we_rely_on),
                STORY(a_client_is_named),
                STORY(a_trusted_peer_is_continued),
                STORY(what_a_client_made_up_is_not_continued),
                STORY(another_peer_is_not_believed),
                STORY(a_stripped_prefix_is_told),
                STORY(a_list_grows),
                STORY(joining_many_takes_the_room_of_all_of_them),
                STORY(connection_names_whole_names),
                STORY(a_list_of_connection_is_read_to_its_end_or_refused),
                STORY(what_we_rely_on_stays_whatever_connection_names),
                STORY(hosts_and_ports_are_written_as_they_are_read),
                STORY(a_peer_of_ipv6_is_quoted),
                STORY(the_host_that_a_client_sees),
                {NULL, NULL},
        };
        int failed = (arena = arena_open(), check_main(stories, argc, argv));

        arena_close(&arena);
        return failed;
}
