#include "gateway/testing/one_route.h"

static struct filter_chain chain;

static struct routes *read_filters(const char *filters)
{
        return read_route(
                "'Path=/api/{kind}/{*rest},/v2/{kind}/{id}/{*rest}', 'Host={team}.shop.kr,{team}'",
                filters);
}

/* Reads the story's route and starts a request on it. */
static void begin(const char *filters, const char *path)
{
        take_route(read_filters(filters), path);
        asked.query = "q=1";
        headers_add(&received, "Host", "blue.shop.kr:8088");
        headers_add(&received, "X-Old", "1");
        filter_chain_open(&chain, &routes->at[0], &asked);
}

static const char *path_after(const char *filters, const char *path)
{
        begin(filters, path);
        check(filter_chain_request(&chain));
        return chain.path;
}

/* Takes the upstream's answer, which has "X-Old: 1", through the filters. */
static void answer(int status)
{
        chain.status = status;
        headers_add(&chain.answer, "X-Old", "1");
        filter_chain_answer(&chain);
}

static void stripprefix(void)
{
        check_text(path_after("  - StripPrefix=1", "/api/orders/1"), "/orders/1");
        check_text(path_after("  - StripPrefix=2", "/api/v1/orders"), "/orders");
        check_text(path_after("  - StripPrefix=1", "/api"), "/");
        check_text(path_after("  - StripPrefix=1", "/api/"), "/");
        check_text(path_after("  - StripPrefix=3", "/api/orders"), "/");
        check_text(path_after("  - StripPrefix", "/api/orders/"), "/orders/");
        check_text(path_after("  - name: StripPrefix\n    args: {parts: 1}", "/api/a%2Fb"),
                   "/a%2Fb");
        check_text(filter_shown(), "StripPrefix parts = 1");
        check_text(chain.query, "q=1");
}

static void prefixpath(void)
{
        check_text(path_after("  - PrefixPath=/v1", "/api/orders"), "/v1/api/orders");
        check_text(filter_shown(), "PrefixPath prefix = '/v1'");
        check_text(path_after("  - PrefixPath=/{kind}/x y", "/api/orders/1"),
                   "/orders/x%20y/api/orders/1");
        check_text(path_after("  - PrefixPath=/v1\n  - PrefixPath=/v2", "/api/o"),
                   "/v1/api/o"); /* once */
}

static void setpath(void)
{
        check_text(path_after("  - SetPath=/v2/{kind}{rest}", "/api/orders/7/b%2Fc"),
                   "/v2/orders/7/b%2Fc");
        check_text(filter_shown(), "SetPath template = '/v2/{kind}{rest}'");
        check_text(path_after("  - SetPath=/v2/{kind}{rest}", "/api/%6frders"), "/v2/orders");
        check_text(path_after("  - SetPath=/{team}", "/api/orders"), "/blue");
        check_text(path_after("  - name: SetPath\n    args: {template: /}", "/api/orders"), "/");
        check_text(path_after("  - SetPath=/a/../b", "/api/x"),
                   "/a/../b"); /* refused by the caller */
}

static void rewritepath(void)
{
        static const char in_long[] =
                "  - name: RewritePath\n    args:\n      regexp: /api/(?<path>\\w{2,9})/?\n"
                "      replacement: /v1/${path}/";

        check_text(
                path_after("  - RewritePath=/api/?(?<segment>.*), /$\\{segment}", "/api/orders/1"),
                "/orders/1");
        check_text(filter_shown(), "RewritePath /api/?(?<segment>.*) = '/${segment}'");
        check_text(path_after("  - RewritePath=/api/?(?<segment>.*), /${segment}", "/api"), "/");
        check_text(path_after("  - RewritePath=/api/(?<PATH>.*), /v1/${PATH}", "/api/orders"),
                   "/v1/orders"); /* no variable */
        check_text(path_after(in_long, "/api/orders/1"), "/v1/orders/1");
        check_text(path_after("  - RewritePath=/api/, $0$0", "/api/orders"), "/api//api/orders");
        check_text(path_after("  - RewritePath=/api, v1", "/api/orders"),
                   "/v1/orders"); /* a path begins with a slash */
        check_text(path_after("  - RewritePath=/nowhere, /v1", "/api/%20"), "/api/%20");
}

static void rewritepath_bounds_its_work(void)
{
        char path[8000];

        memset(path, 'a', sizeof path);
        memcpy(path, "/api/", 5);
        path[sizeof path - 1] = '\0';
        check_text(path_after("  - RewritePath=/api/(.*), /$1", path), path + 4);
        begin("  - RewritePath=/api/(a+)+$, /$1", path);
        check(filter_chain_request(&chain));
        path[sizeof path - 2] = '/';
        begin("  - RewritePath=/api/(a+)+$, /$1", path);
        check(!filter_chain_request(&chain));
        check_int(chain.status, 414);
        check_text(chain.detail, "RewritePath's expression takes too long on this path");
}

static void addrequestheader_setrequestheader_removerequestheader(void)
{
        begin("  - AddRequestHeader=X-Team, {team}-{kind}\n  - AddRequestHeader=x-old, 2\n  - "
              "SetRequestHeader=X-New, \"3\"\n"
              "  - SetRequestHeader=X-NEW, 4",
              "/api/a%20b%2Fc/1");
        check(filter_chain_request(&chain));
        check_text(headers_value(&chain.headers, "X-Team"), "blue-a b/c"); /* decoded */
        check_text(headers_value(&chain.headers, "X-Old"), "1, 2");
        check_text(headers_value(&chain.headers, "X-New"), "4");
        check_text(headers_value(&received, "X-Old"), "1");
        check_text(filter_shown(), "AddRequestHeader X-Team = '{team}-{kind}'");
        begin("  - RemoveRequestHeader=x-OLD", "/api/a");
        check(filter_chain_request(&chain));
        check_text(headers_if_there(&chain.headers, "X-Old"), NULL);
        check_text(headers_value(&chain.headers, "Host"), "blue.shop.kr:8088");
        check_text(filter_shown(), "RemoveRequestHeader name = 'x-OLD'");
        begin("  - name: SetRequestHeader\n    args: {name: X-A, value: 'a, b'}", "/api/a");
        check(filter_chain_request(&chain));
        check_text(headers_value(&chain.headers, "X-A"), "a, b");
        check_text(filter_shown(), "SetRequestHeader X-A = 'a, b'");
}

static void no_variable_makes_a_header_of_its_own(void)
{
        begin("  - AddRequestHeader=X-Kind, {kind}", "/api/a%0D%0AX-Evil:%201");
        check(filter_chain_request(&chain));
        check_text(headers_value(&chain.headers, "X-Kind"), "a%0D%0AX-Evil:%201");
}

static void addresponseheader_setresponseheader_removeresponseheader(void)
{
        begin("  - AddResponseHeader=X-Old, {kind}\n  - SetResponseHeader=X-Set, 1\n  - "
              "RemoveResponseHeader=X-Gone",
              "/api/orders");
        check(filter_chain_request(&chain));
        headers_add(&chain.answer, "x-set", "of the upstream");
        headers_add(&chain.answer, "X-Gone", "1");
        headers_add(&chain.answer, "x-gone", "2");
        answer(200);
        check_text(headers_value(&chain.answer, "X-Old"), "1, orders");
        check_text(headers_value(&chain.answer, "X-Set"), "1");
        check_text(headers_if_there(&chain.answer, "X-Gone"), NULL);
        check_int(chain.status, 200);
        check_text(filter_shown(), "AddResponseHeader X-Old = '{kind}'");
}

static void answers_pass_the_filters_backwards(void)
{
        begin("  - SetResponseHeader=X-A, first\n  - SetResponseHeader=X-A, second\n  - "
              "AddResponseHeader=X-B, first\n"
              "  - AddResponseHeader=X-B, second",
              "/api/orders");
        check(filter_chain_request(&chain));
        answer(200);
        check_text(headers_value(&chain.answer, "X-A"), "first");
        check_text(headers_value(&chain.answer, "X-B"), "second, first");
}

static void framing_is_no_filters_business(void)
{
        begin("  - SetResponseHeader=Content-Length, 5\n  - AddResponseHeader=transfer-encoding, "
              "chunked\n"
              "  - AddRequestHeader=Connection, close\n  - SetRequestHeader=Host, evil\n  - "
              "RemoveRequestHeader=Content-Length",
              "/api/a");
        check(filter_chain_request(&chain));
        answer(200);
        check_int((int64_t)chain.answer.count, 1);
        check_int((int64_t)chain.headers.count, 2);
        check_text(headers_value(&chain.headers, "Host"), "blue.shop.kr:8088");
        check_int((int64_t)routes->warning_count, 5);
        check_text(routes->warnings[0], "r.yml:6: SetResponseHeader has no effect on "
                                        "Content-Length, which the gateway itself writes");
}

static void requestsize(void)
{
        begin("  - name: RequestSize\n    args: {maxSize: 5MB}\n  - SetResponseHeader=X-Late, 1",
              "/api/a");
        check(filter_chain_request(&chain));
        check_int(chain.max_body, 5 << 20);
        check_text(filter_shown(), "RequestSize max = 5242880B");
        headers_add(&received, "Content-Length", "5242880");
        filter_chain_open(&chain, &routes->at[0], &asked);
        check(filter_chain_request(&chain));
        received.at[received.count - 1].value = "5242881";
        filter_chain_open(&chain, &routes->at[0], &asked);
        check(!filter_chain_request(&chain));
        check_int(chain.status, 413);
        check_text(chain.detail, "Request size is larger than permissible limit. Request size is "
                                 "5.2 MB where permissible limit is 5.2 MB");
        filter_chain_answer(&chain);
        check_text(headers_value(&chain.answer, "errorMessage"), chain.detail);
        check_text(headers_if_there(&chain.answer, "X-Late"), NULL); /* it never saw the request */
        begin("  - RequestSize=900", "/api/a");
        headers_add(&received, "Content-Length", "950");
        check(!filter_chain_request(&chain));
        check_text(chain.detail, "Request size is larger than permissible limit. Request size is "
                                 "950 B where permissible limit is 900 B");
        begin("  - RequestSize", "/api/a");
        check(filter_chain_request(&chain));
        check_int(chain.max_body, 5000000);
}

static void the_smaller_requestsize_holds(void)
{
        begin("  - RequestSize=1KB\n  - RequestSize=2KB", "/api/a");
        check(filter_chain_request(&chain));
        check_int(chain.max_body, 1024);
}

static void setstatus(void)
{
        begin("  - SetStatus=401", "/api/a");
        check(filter_chain_request(&chain));
        answer(200);
        check_int(chain.status, 401);
        check_text(filter_shown(), "SetStatus status = '401'");
        begin("  - name: SetStatus\n    args: {status: I_AM_A_TEAPOT}", "/api/a");
        check(filter_chain_request(&chain));
        answer(200);
        check_int(chain.status, 418);
}

static void redirectto(void)
{
        begin("  - AddResponseHeader=X-Early, 1\n  - RedirectTo=302, https://acme.org/x\n  - "
              "AddResponseHeader=X-Late, 1",
              "/api/a");
        check(!filter_chain_request(&chain));
        check_int(chain.status, 302);
        check_text(headers_value(&chain.answer, "Location"), "https://acme.org/x");
        filter_chain_answer(&chain);
        check_text(headers_value(&chain.answer, "X-Early"), "1");
        check_text(headers_if_there(&chain.answer, "X-Late"), NULL);
        begin("  - RedirectTo=FOUND, /x?a=b#c, true", "/api/a");
        check(!filter_chain_request(&chain));
        check_text(headers_value(&chain.answer, "Location"), "/x?a=b&q=1#c");
        check_text(filter_shown(), "RedirectTo 302 = /x?a=b#c");
        begin("  - name: RedirectTo\n    args: {status: 307, url: /x, includeRequestParams: true}",
              "/api/a");
        check(!filter_chain_request(&chain));
        check_text(headers_value(&chain.answer, "Location"), "/x?q=1");
}

static void what_is_wrong_is_named(void)
{
        static const struct wrong wrong[] = {
                {"  - StripPrefix=0", "r.yml:6: StripPrefix wants a number from 1 to 100, not 0"},
                {"  - name: StripPrefix\n    args: {part: 1}", "StripPrefix has no argument part"},
                {"  - PrefixPath=v1", "PrefixPath wants a path that begins with a slash"},
                {"  - SetPath=/a?b=c", "SetPath wants a path"},
                {"  - SetPath=/{id}",
                 "r.yml:6: SetPath: {id} is not in each pattern of Path or Host of route a"},
                {"  - SetPath=/{kind", "{ without its }"},
                {"  - AddRequestHeader=X-A, {none}",
                 "AddRequestHeader: {none} is not in each pattern"},
                {"  - RewritePath=/a", "RewritePath lacks its argument replacement"},
                {"  - RewritePath=/[a&&b]/b, /$0", "sets in sets"},
                {"  - RewritePath=/(a), /$2", "names a group that the expression lacks"},
                {"  - RewritePath=/(?<a>b), /${c}", "${c}: neither an environment variable"},
                {"  - RewritePath=/a, /b?c", "cannot stand in a path"},
                {"  - RewritePath=/a{1,2}, /b", "RewritePath takes 2 arguments, not 3"},
                {"  - AddRequestHeader=X A, 1", "X A is no header field"},
                {"  - \"AddRequestHeader=X-A, a\\nb\"", "X-A is no header field"},
                {"  - AddRequestHeader=X-A", "AddRequestHeader lacks its argument value"},
                {"  - RemoveResponseHeader=", "RemoveResponseHeader lacks its argument name"},
                {"  - name: RemoveResponseHeader\n    args: {header: X}",
                 "RemoveResponseHeader has no argument header"},
                {"  - RequestSize=0", "RequestSize wants a size such as 5MB, not 0"},
                {"  - RequestSize=5PB", "RequestSize wants a size such as 5MB, not 5PB"},
                {"  - SetStatus=199", "199 is not a status from 200 to 599"},
                {"  - SetStatus=FINE", "FINE is not a status"},
                {"  - RedirectTo=200, http://a", "200 is not a status from 300 to 399"},
                {"  - RedirectTo=302, http://a b", "is not a URL"},
                {"  - FallbackHeaders",
                 "the filter FallbackHeaders is not supported; these are: StripPrefix, PrefixPath"},
        };

        check_wrong(wrong, sizeof wrong / sizeof *wrong, read_filters);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(stripprefix),
                STORY(prefixpath),
                STORY(setpath),
                STORY(rewritepath),
                STORY(rewritepath_bounds_its_work),
                STORY(addrequestheader_setrequestheader_removerequestheader),
                STORY(no_variable_makes_a_header_of_its_own),
                STORY(addresponseheader_setresponseheader_removeresponseheader),
                STORY(answers_pass_the_filters_backwards),
                STORY(framing_is_no_filters_business),
                STORY(requestsize),
                STORY(the_smaller_requestsize_holds),
                STORY(setstatus),
                STORY(redirectto),
                STORY(what_is_wrong_is_named),
                {NULL, NULL},
        };

        int code = check_main(stories, argc, argv);

        routes_close(&routes);
        return code;
}
