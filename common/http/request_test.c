#include "base/trace.h"
#include "http/server.h"
#include "http/target.h"
#include "http/trusted_proxies.h"
#include "testing/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static void targets_are_taken_apart_or_refused(void)
{
        static const struct {
                const char *raw, *method, *host, *path, *query; /* path NULL: refused */
        } rows[] = {
                {"/", "GET", "a", "/", NULL},
                {"/orders/1?x=1&y", "GET", "a", "/orders/1", "x=1&y"},
                {"/a?b=../c?d", "GET", "a", "/a", "b=../c?d"},
                {"/a%20b/%EC%B9%98", "GET", "a", "/a%20b/%EC%B9%98", NULL},
                {"/.well-known/...", "GET", "a", "/.well-known/...", NULL},
                {"/a?", "GET", "a", "/a", ""},
                {"*", "OPTIONS", "a", "*", NULL},
                {"*", "GET", "a", NULL, NULL},
                {"http://a:1/x?y", "GET", "a:1", "/x", "y"},
                {"http://b/x", "GET", "a", NULL, NULL},
                {"http://a", "GET", "a", NULL, NULL},
                {"", "GET", "a", NULL, NULL},
                {"orders", "GET", "a", NULL, NULL},
                {"/a/../b", "GET", "a", NULL, NULL},
                {"/a/./b", "GET", "a", NULL, NULL},
                {"/..", "GET", "a", NULL, NULL},
                {"/a/%2e%2E/b", "GET", "a", NULL, NULL},
                {"/a/.%2e?x", "GET", "a", NULL, NULL},
                {"/a%2f..%2fb", "GET", "a", NULL, NULL},
                {"/a\\..\\b", "GET", "a", NULL, NULL},
                {"/a/..;x/b", "GET", "a", NULL, NULL},
                {"/a%00", "GET", "a", NULL, NULL},
                {"/a%", "GET", "a", NULL, NULL},
                {"/a%4", "GET", "a", NULL, NULL},
                {"/a%zz", "GET", "a", NULL, NULL},
                {"/a?b=%0", "GET", "a", NULL, NULL},
                {"/a?b=%00", "GET", "a", NULL, NULL},
                {"/a b", "GET", "a", NULL, NULL},
                {"/a\tb", "GET", "a", NULL, NULL},
                {"/a\x7f", "GET", "a", NULL, NULL},
                {"/\xec\xb9\x98", "GET", "a", NULL, NULL},
                {"/a#b", "GET", "a", NULL, NULL},
        };
        struct arena *arena = arena_open();

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct request_target t;
                const char *why = target_read(&t, arena, rows[i].raw, rows[i].method, rows[i].host);

                check_text(why ? NULL : t.path, rows[i].path);
                if (!why)
                        check_text(t.query, rows[i].query);
        }
        arena_close(&arena);
}

static void percent_escapes(void)
{
        struct arena *arena = arena_open();

        check_text(http_unescape(arena, "a+b%2Bc", 7, true), "a b+c");
        check_text(http_unescape(arena, "a+b%2Bc", 7, false), "a+b+c");
        check_text(http_unescape(arena, "%ec%b9%98", 9, false), "\xec\xb9\x98");
        check_text(http_unescape(arena, "", 0, false), "");
        check(!http_unescape(arena, "%00", 3, false));
        check(!http_unescape(arena, "%4", 2, false));
        check(!http_unescape(arena, "%411", 2, false)); /* the length decides, not the NUL */
        check(!http_unescape(arena, "%g1", 3, false));
        arena_close(&arena);
}

static void query_parameters(void)
{
        struct http_request r = {.arena = arena_open(),
                                 .query = "page=2&sort=id%2Cdesc&sort=qty&flag&&a+b=c+d&=x&e="};

        check_text(http_query(&r, "page", 0), "2");
        check_text(http_query(&r, "page", 1), NULL);
        check_text(http_query(&r, "sort", 0), "id,desc");
        check_text(http_query(&r, "sort", 1), "qty");
        check_text(http_query(&r, "flag", 0), "");
        check_text(http_query(&r, "a b", 0), "c d");
        check_text(http_query(&r, "e", 0), "");
        check_text(http_query(&r, "pag", 0), NULL);
        r.query = NULL;
        check_text(http_query(&r, "page", 0), NULL);
        arena_close(&r.arena);
}

/* Each of the names is escaped, and the last is looked up as often as `sort` may be. */
static void a_long_query_takes_no_memory(void)
{
        enum { PARAMETERS = 2000, TIMES = 100 };
        struct http_request r = {.arena = arena_open()};
        struct text query = text_open(r.arena, 5 * PARAMETERS + 20);
        size_t before;

        for (int i = 0; i < PARAMETERS; i++)
                text_string(&query, "%73&");
        text_string(&query, "%73ort=%69d");
        r.query = query.at;
        before = arena_size(r.arena);
        for (int i = 0; i < TIMES; i++)
                check_text(http_query(&r, "sort", 0), "id");
        check_text(http_query(&r, "s", PARAMETERS), NULL);
        check_text(http_query(&r, "s", PARAMETERS - 1), "");
        check_text(http_query(&r, "sor", 0), NULL);
        check_text(http_query(&r, "sortx", 0), NULL);
        check(arena_size(r.arena) - before < 100000);
        arena_close(&r.arena);
}

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"

static void a_trace_goes_on_or_begins(void)
{
        static const struct {
                const char *received;
                bool goes_on;
        } rows[] = {
                {"00-" ID "-00f067aa0ba902b7-01", true},
                {"00-" ID "-00f067aa0ba902b7-00", true},
                {"01-" ID "-00f067aa0ba902b7-01-more", true},
                {"00-" ID "-00f067aa0ba902b7-01-more", false},
                {"01-" ID "-00f067aa0ba902b7-01more", false},
                {"ff-" ID "-00f067aa0ba902b7-01", false},
                {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false},
                {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
                {"00-" ID "-0000000000000000-01", false},
                {"00-" ID "-00f067aa0ba902b7-0", false},
                {"00-" ID, false},
                {"", false},
                {NULL, false},
        };
        struct trace t, other;

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                trace_continue(&t, rows[i].received);
                check_int(strcmp(t.id, ID) == 0, rows[i].goes_on);
                check_int((int64_t)strlen(t.parent), 55);
                check(strncmp(t.parent + 3, t.id, 32) == 0);
                check(!strstr(t.parent, "00f067aa0ba902b7")); /* the span is ours */
        }
        trace_continue(&t, NULL);
        trace_continue(&other, NULL);
        check(strcmp(t.id, other.id) != 0);
}

static bool is_trusted(const struct trusted_proxies *p, const char *address)
{
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

        if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
                return trusted_proxies_trust(p, (struct sockaddr *)&v4);
        check_int(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
        return trusted_proxies_trust(p, (struct sockaddr *)&v6);
}

static void trusted_proxies(void)
{
        static const char *const wrong[] = {"10.0.0.0/33", "10.0.0/8",  "::1/129",
                                            "x",           "10.0.0.0/", "10.0.0.0/8x",
                                            "10.0.0.0/-1", "none,::1",  "::1 none"};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        char text[PEER_TEXT];
        struct error e;
        struct trusted_proxies *p =
                trusted_proxies_open("127.0.0.0/8, 10.1.0.0/15,::1/128,fd00::/8,192.0.2.7", &e);

        check(p != NULL);
        check(is_trusted(p, "127.0.0.1") && is_trusted(p, "::1") &&
              is_trusted(p, "::ffff:127.0.0.1"));
        check(is_trusted(p, "10.0.255.255") && is_trusted(p, "10.1.0.1") &&
              !is_trusted(p, "10.2.0.1"));
        check(is_trusted(p, "fd12::1") && !is_trusted(p, "fe80::1") && !is_trusted(p, "::2"));
        check(is_trusted(p, "192.0.2.7") && !is_trusted(p, "192.0.2.6") &&
              !is_trusted(p, "8.8.8.8"));
        trusted_proxies_close(&p);
        p = trusted_proxies_open(
                " 10.0.0.0/8 11.0.0.0/8\t12.0.0.0/8  13.0.0.0/8 14.0.0.0/8 15.0.0.0/8 ::1 ",
                &e); /* no comma at all */
        check(is_trusted(p, "10.0.0.1") && is_trusted(p, "12.0.0.1") && is_trusted(p, "15.0.0.1") &&
              is_trusted(p, "::1"));
        trusted_proxies_close(&p);
        p = trusted_proxies_open("none", &e); /* an empty variable counts as unset */
        check(p && !is_trusted(p, "127.0.0.1") && !is_trusted(p, "::1"));
        trusted_proxies_close(&p);
        p = trusted_proxies_open(NULL, &e);
        check(!is_trusted(p, "127.0.0.1"));
        trusted_proxies_close(&p);
        p = trusted_proxies_open("0.0.0.0/0", &e);
        check(is_trusted(p, "8.8.8.8") && !is_trusted(p, "2001:db8::1"));
        trusted_proxies_close(&p);
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                check(!trusted_proxies_open(wrong[i], &e));
                check_contains(e.text, "trusted proxies");
        }
        inet_pton(AF_INET6, "::ffff:192.0.2.7", &v6.sin6_addr);
        peer_text((struct sockaddr *)&v6, text);
        check_text(text, "192.0.2.7");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(targets_are_taken_apart_or_refused),
                STORY(percent_escapes),
                STORY(query_parameters),
                STORY(a_long_query_takes_no_memory),
                STORY(a_trace_goes_on_or_begins),
                STORY(trusted_proxies),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
