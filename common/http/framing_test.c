/* A request that could be read in two ways is refused, the connection closes, and a request hidden
   in it is not served. */

#include "base/log.h"
#include "testing/conversation.h"

#include <microhttpd.h>
#include <stdatomic.h>

static _Atomic int smuggled;

static enum http_result handle(struct http_request *request, void *arg)
{
        struct text body = text_open(request->arena, 64);

        (void)arg;
        if (strcmp(request->path, "/smuggled") == 0)
                atomic_fetch_add(&smuggled, 1);
        text_printf(&body, "[%s|%zu|%s]%lld trace %s", request->method, request->body_len,
                    request->body, (long long)request->body_total, request->trace_id);
        http_answer_body(request, 200, "text/plain", &body);
        return HTTP_ANSWERED;
}

#define HIDDEN "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST "POST /x HTTP/1.1\r\nHost: a\r\n"
#define GET "GET /x HTTP/1.1\r\n"
#define END "Connection: close\r\n\r\n"
#define ROW(text) text, sizeof text - 1

/* libmicrohttpd 1.x refuses some of these before it calls us: 400 to an unknown coding, no answer
   to a NUL in the request line. And it removes the blanks at a value's end, as RFC 9112 says. */
enum {
        ITSELF = MHD_VERSION >= 0x01000000,
        UNKNOWN_CODING = ITSELF ? 400 : 501,
        NUL_AT_FIRST = ITSELF ? 0 : 400,
        BLANK_BEHIND = ITSELF ? 200 : 400,
};

static const struct row {
        const char *name;
        const char *bytes;
        size_t len;
        int status, or_else; /* 0 in or_else: only the one */
} refused[] = {
        {"length and coding",
         ROW(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN), 400,
         0},
        {"coding and length",
         ROW(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" HIDDEN), 400,
         0},
        {"another coding", ROW(POST "Transfer-Encoding: gzip\r\n\r\n" HIDDEN), UNKNOWN_CODING, 0},
        {"xchunked", ROW(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" HIDDEN),
         UNKNOWN_CODING, 0},
        {"a list of codings", ROW(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" HIDDEN),
         400, 501},
        {"two codings",
         ROW(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" HIDDEN), 400,
         0},
        {"a coding with a blank",
         ROW(POST "Transfer-Encoding: chunked \r\n" END "0\r\n\r\n" HIDDEN), BLANK_BEHIND, 0},
        {"a coding with a tab",
         ROW(POST "Transfer-Encoding: \x0b"
                  "chunked\r\n\r\n0\r\n\r\n" HIDDEN),
         400, 0},
        {"an empty coding", ROW(POST "Transfer-Encoding:\r\n\r\n" HIDDEN), 400, 0},
        {"coding in 1.0",
         ROW("POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN), 400, 0},
        {"two lengths", ROW(POST "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" HIDDEN), 400, 0},
        {"two equal lengths", ROW(POST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n" HIDDEN),
         400, 0},
        {"length with plus", ROW(POST "Content-Length: +0\r\n\r\n" HIDDEN), 400, 0},
        {"length with minus", ROW(POST "Content-Length: -1\r\n\r\n" HIDDEN), 400, 0},
        {"length in hex", ROW(POST "Content-Length: 0x5\r\n\r\n" HIDDEN), 400, 0},
        {"empty length", ROW(POST "Content-Length:\r\n\r\n" HIDDEN), 400, 0},
        {"listed length", ROW(POST "Content-Length: 5, 5\r\n\r\nhello" HIDDEN), 400, 0},
        {"length beyond 64 bits",
         ROW(POST "Content-Length: 99999999999999999999999\r\n\r\n" HIDDEN), 400, 413},
        {"length beyond reason",
         ROW(POST "Content-Length: 0000000000000000000000000\r\n\r\n" HIDDEN), 400, 413},
        {"blank before the colon", ROW(POST "Content-Length : 5\r\n\r\n" HIDDEN), 400, 0},
        {"tab before the colon", ROW(POST "Content-Length\t: 5\r\n\r\n" HIDDEN), 400, 0},
        {"no colon", ROW(GET "Host: a\r\nX-Nothing\r\n\r\n" HIDDEN), 400, 0},
        {"empty name", ROW(GET "Host: a\r\n: x\r\n\r\n" HIDDEN), 400, 0},
        {"name that is no token", ROW(GET "Host: a\r\nX(y): 1\r\n\r\n" HIDDEN), 400, 0},
        {"name with a control character", ROW(GET "Host: a\r\nX\x01y: 1\r\n\r\n" HIDDEN), 400, 0},
        {"folded line", ROW(GET "Host: a\r\nX: 1\r\n 2\r\n\r\n" HIDDEN), 400, 0},
        {"folded with a tab", ROW(POST "X: 1\r\n\tContent-Length: 40\r\n\r\n" HIDDEN), 400, 0},
        {"folded at once", ROW(GET " Host: a\r\n\r\n" HIDDEN), 400, 0},
        {"folded length", ROW(POST "Content-Length:\r\n 35\r\n\r\n" HIDDEN), 400, 0},
        {"bare CR in a value", ROW(GET "Host: a\r\nX: a\rb\r\n\r\n" HIDDEN), 400, 0},
        {"bare CR before a field", ROW(POST "X: a\rContent-Length: 35\r\n\r\n" HIDDEN), 400, 0},
        {"NUL in a value", ROW(GET "Host: a\r\nX: a\0b\r\n\r\n" HIDDEN), 400, 0},
        {"NUL in a name", ROW(GET "Host: a\r\nX\0: a\r\n\r\n" HIDDEN), 400, 0},
        {"NUL behind a length",
         ROW(POST "Content-Length: 0\0"
                  "35\r\n\r\n" HIDDEN),
         400, 0},
        {"NUL in the target", ROW("GET /x\0/y HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN), NUL_AT_FIRST,
         0},
        {"NUL in the method", ROW("GE\0T /x HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN), NUL_AT_FIRST, 0},
        {"bare LF behind a field", ROW(GET "Host: a\nX: 1\r\n\r\n" HIDDEN), 400, 0},
        {"bare LF behind the last", ROW(GET "Host: a\r\nX: 1\n\r\n" HIDDEN), 400, 0},
        {"bare LF as the empty line", ROW(GET "Host: a\r\n\n" HIDDEN), 400, 0},
        {"bare LF behind the request line", ROW("GET /x HTTP/1.1\nHost: a\r\n\r\n" HIDDEN), 400, 0},
        {"bare LF everywhere", ROW("GET /x HTTP/1.1\nHost: a\n\n" HIDDEN), 400, 0},
        {"name that begins with a bracket", ROW(GET "Host: a\r\n(y: 1\r\n\r\n" HIDDEN), 400, 0},
        {"name beyond ASCII", ROW(GET "Host: a\r\nX\x80: 1\r\n\r\n" HIDDEN), 400, 0},
        {"name with a DEL", ROW(GET "Host: a\r\nX\x7f: 1\r\n\r\n" HIDDEN), 400, 0},
        {"DEL in a value", ROW(GET "Host: a\r\nX: a\x7f\r\n\r\n" HIDDEN), 400, 0},
        {"a value that begins with a control character",
         ROW(GET "Host: a\r\nX: \x08"
                 "a\r\n\r\n" HIDDEN),
         400, 0},
        {"control character in a value", ROW(GET "Host: a\r\nX: a\x08\r\n\r\n" HIDDEN), 400, 0},
        {"no Host", ROW(GET "\r\n" HIDDEN), 400, 0},
        {"two Hosts", ROW(GET "Host: a\r\nHost: a\r\n\r\n" HIDDEN), 400, 0},
        {"empty Host", ROW(GET "Host:\r\n\r\n" HIDDEN), 400, 0},
        {"Host with a path", ROW(GET "Host: a/b\r\n\r\n" HIDDEN), 400, 0},
        {"Host with a user", ROW(GET "Host: a@b\r\n\r\n" HIDDEN), 400, 0},
        {"Host of two words", ROW(GET "Host: a b\r\n\r\n" HIDDEN), 400, 0},
        {"Host that begins with a slash", ROW(GET "Host: /a\r\n\r\n" HIDDEN), 400, 0},
        {"Host of a port only", ROW(GET "Host: :80\r\n\r\n" HIDDEN), 400, 0},
        {"Host of brackets only", ROW(GET "Host: []\r\n\r\n" HIDDEN), 400, 0},
        {"Host with one bracket", ROW(GET "Host: [::1\r\n\r\n" HIDDEN), 400, 0},
        {"Host with more behind its brackets", ROW(GET "Host: [::1]x\r\n\r\n" HIDDEN), 400, 0},
        {"a port of six digits", ROW(GET "Host: a:123456\r\n\r\n" HIDDEN), 400, 0},
        {"a port that is no number", ROW(GET "Host: a:8x\r\n\r\n" HIDDEN), 400, 0},
        {"method that is no token", ROW("G(T /x HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN), 400, 0},
        {"CONNECT", ROW("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n" HIDDEN), 501, 0},
        {"unknown method", ROW("BREW /x HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN), 501, 0},
        {"method in small letters", ROW("get /x HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN), 501, 0},
        {"two blanks in the request line", ROW("GET  /x HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN), 400,
         0},
        {"a blank in the target", ROW("GET /x y HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN), 400, 0},
        {"HTTP/9.9", ROW("GET /x HTTP/9.9\r\nHost: a\r\n\r\n" HIDDEN), 505, 0},
        {"the preface of HTTP/2", ROW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" HIDDEN), 505, 0},
        {"dot segments", ROW("GET /x/../y HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN), 400, 0},
        {"escaped dot segments", ROW("GET /x/%2e%2e/y HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN), 400, 0},
        {"%00", ROW("GET /x%00 HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN), 400, 0},
        {"bad escape", ROW("GET /x?a=%zz HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN), 400, 0},
        {"chunk size 0x1",
         ROW(POST "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n" HIDDEN), 400, 0},
        {"chunk size of 17 digits",
         ROW(POST "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\na\r\n0\r\n\r\n" HIDDEN),
         400, 413},
        {"chunk without its CRLF",
         ROW(POST "Transfer-Encoding: chunked\r\n\r\n1\r\nab0\r\n\r\n" HIDDEN), 400, 0},
        {"chunk size below 0",
         ROW(POST "Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n" HIDDEN), 400, 0},
};

static void row_check(int port, const struct row *row)
{
        int fd = dial(port), status;
        const char *answer;
        bool ended;

        say(fd, row->bytes, row->len);
        answer = hear(fd, NULL, &ended);
        close(fd);
        status = status_of(answer);
        if (!ended || (status != row->status && (!row->or_else || status != row->or_else)))
                printf("%s: %d, %s\n%s\n", row->name, status, ended ? "closed" : "left open",
                       answer);
        check(ended);
        check(status == row->status || (row->or_else && status == row->or_else));
}

static void what_is_framed_in_two_ways_is_refused(void)
{
        struct http_config config = config_of_test((struct http_handler){.handle = handle});
        struct http_server *s = server_of_test(&config);

        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
                row_check(http_server_port(s), &refused[i]);
        check_int(smuggled, 0);
        http_server_close(&s, 1000);
}

#define TRACE(digit) "00-0000000000000000000000000000000" digit "-0000000000000001-01"

static void what_is_framed_well_is_served(void)
{
        static const struct {
                const char *request, *part;
        } rows[] = {
                {GET "Host: a\r\n" END, "[GET|0|]"},
                {"GET /x HTTP/1.0\r\n\r\n", "[GET|0|]"},
                {GET "Host:a:80 \r\nX:\r\nY: \t b\tc \r\n" END, "[GET|0|]"},
                {GET "hOST: [::1]:80\r\n" END, "[GET|0|]"},
                {POST "Content-Length: 5\r\n" END "hello", "[POST|5|hello]"},
                {POST "Content-Length: 005\r\n" END "hello", "[POST|5|hello]"},
                {POST "Content-Length: 0\r\n" END, "[POST|0|]"},
                {POST "Transfer-Encoding: Chunked\r\n" END
                      "2\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n",
                 "[POST|5|hello]"},
                {POST "Transfer-Encoding: chunked\r\n" END "0\r\n\r\n", "[POST|0|]"},
                {POST "Transfer-Encoding: chunked\r\n" END
                      "1\r\na\r\n0\r\nContent-Length: 35\r\n\r\n" HIDDEN,
                 "[POST|1|a]"},
                {"\r\n" GET "Host: a\r\n" END, "[GET|0|]"},
                {POST "Content-Length: 000000000000000005\r\n" END "hello", "[POST|5|hello]5 "},
                {POST "Content-Length: 11\r\n" END "hello world", "[POST|11|hello world]11 "},
                {POST "Content-Length: 9\r\n" END "hello you", "[POST|9|hello you]9 "},
                {POST "Transfer-Encoding: chunked\r\n" END "5\r\nhello\r\n0\r\n\r\n",
                 "[POST|5|hello]-1 "},
                {GET "Host: a:65535\r\n" END, "[GET|0|]"},
                {GET "Host: a:\r\n" END, "[GET|0|]"},
                {GET "Host: a\t\r\n" END, "[GET|0|]"},
                {GET "Host: a\r\nFrom: b/c\r\nX: ~\x80\r\n" END,
                 "[GET|0|]"}, /* of Host's length, but no Host */
                {"GET http://A:80/x HTTP/1.1\r\nHost: a:80\r\n" END, "[GET|0|]"},
                {GET "Host: a\r\nX-Something: 1\r\nTraceparent: " TRACE(
                         "1") "\r\ntraceparent: " TRACE("2") "\r\n" END,
                 "trace 00000000000000000000000000000001"},
        };
        struct http_config config = config_of_test((struct http_handler){.handle = handle});
        struct http_server *s = server_of_test(&config);

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                check_contains(ask(http_server_port(s), rows[i].request), rows[i].part);
        check_int(smuggled, 0);
        http_server_close(&s, 1000);
}

/* If a head is wrong in two ways, the answer names the first. */
static void what_is_refused_is_told_why(void)
{
        static const struct {
                const char *request, *why;
                bool itself; /* libmicrohttpd 1.x says something else */
        } rows[] = {
                {"G(T /x HTTP/1.1\r\nHost: /\r\n\r\n", "the method is no token", false},
                {"GET  /x HTTP/1.1\r\nHost: /\r\n\r\n",
                 "the request line is not method, target, version", true},
                {GET "X(: 1\r\nHost: /\r\n\r\n", "a field's name is no token", false},
                {GET "X: 1\r\n 2\r\nHost: /\r\n\r\n",
                 "a line is folded, has a NUL, or does not end with CR LF", true},
                {GET "X: \x01\r\nHost: /\r\n\r\n", "a field's value has control characters", false},
                {GET "\r\n", "Host is missing", true},
                {GET "Host: a\r\nHost: a\r\nX(: 1\r\n\r\n", "more than one Host", false},
                {GET "Host: /\r\nX(: 1\r\n\r\n", "Host is no host and port", false},
                {POST "Content-Length: 1\r\nContent-Length: 1\r\nX(: 1\r\n\r\n",
                 "more than one Content-Length", true},
                {POST "Content-Length: 0000000000000000001\r\nX(: 1\r\n\r\n",
                 "Content-Length is no sensible number", false},
                {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\nX(: 1\r\n\r\n",
                 "more than one Transfer-Encoding", true},
                {POST "Transfer-Encoding: a,b\r\nX(: 1\r\n\r\n",
                 "Transfer-Encoding must be exactly chunked", true},
                {POST "Transfer-Encoding: gzip\r\nX(: 1\r\n\r\n",
                 "the only transfer coding here is chunked", true},
                {POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
                 "both Content-Length and Transfer-Encoding", true},
                {"POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                 "Transfer-Encoding in HTTP/1.0", true},
        };
        struct http_config config = config_of_test((struct http_handler){.handle = handle});
        struct http_server *s = server_of_test(&config);

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                if (!ITSELF || !rows[i].itself)
                        check_contains(ask(http_server_port(s), rows[i].request), rows[i].why);
        http_server_close(&s, 1000);
}

/* begin, so many bytes, end */
static const char *padded(const char *begin, size_t count, const char *end)
{
        static char text[2048];

        snprintf(text, sizeof text, "%s%.*s%s", begin, (int)count,
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                 end);
        return text;
}

/* The largest that passes, and the smallest that does not. */
static void limits_are_what_they_say(void)
{
        static const char head[] = GET "Host: a\r\n" END;
        struct http_config config = config_of_test((struct http_handler){.handle = handle});
        struct http_server *s;
        int port;

        config.max_header = sizeof head - 1 + sizeof "X: \r\n" - 1 + 320;
        config.max_fields = 4;
        config.max_body = 123;
        s = server_of_test(&config);
        port = http_server_port(s);
        check_int(status_of(ask(port, padded(GET "Host: a\r\nX: ", 320, "\r\n" END))), 200);
        check_contains(ask(port, padded(GET "Host: a\r\nX: ", 321, "\r\n" END)),
                       "the header block is too large");
        check_int(status_of(ask(port, padded(GET "Host: a\r\nX: ", 321, "\r\n" END))), 431);
        check_int(status_of(ask(port, GET "Host: a\r\nX: 1\r\nX: 2\r\n" END)), 200);
        check_contains(ask(port, GET "Host: a\r\nX: 1\r\nX: 2\r\nX: 3\r\n" END),
                       "too many header fields");
        check_int(status_of(ask(port, GET "Host: a\r\nX: 1\r\nX: 2\r\nX: 3\r\n" END)), 431);
        check_int(status_of(ask(port, padded(GET "Host: ", 300, "\r\n" END))), 200);
        check_int(status_of(ask(port, padded(GET "Host: ", 301, "\r\n" END))), 400);
        check_contains(ask(port, padded(POST "Content-Length: 123\r\n" END, 123, "")),
                       "[POST|123|x");
        check_int(status_of(ask(port, padded(POST "Content-Length: 124\r\n" END, 124, ""))), 413);
        http_server_close(&s, 1000);
}

/* 1.0.1 miscounts a line that has an extension, and refuses: no byte of it may become a byte of the
   body. */
static void what_stands_behind_a_chunks_size_is_no_body(void)
{
        static const char *const bodies[] = {
                "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
                "5;x=\"y;z\"\r\nhello\r\n0\r\n\r\n",
                "5\r\nhello\r\n0;x\r\n\r\n",
        };
        struct http_config config = config_of_test((struct http_handler){.handle = handle});
        struct http_server *s = server_of_test(&config);
        char request[256];

        for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
                const char *answer;

                snprintf(request, sizeof request,
                         POST "Transfer-Encoding: chunked\r\n" END "%s" HIDDEN, bodies[i]);
                answer = ask(http_server_port(s), request);
                if (!ITSELF || status_of(answer) != 400)
                        check_contains(answer, "[POST|5|hello]");
        }
        check_int(smuggled, 0);
        http_server_close(&s, 1000);
}

/* The same head is read, however its bytes are cut into packets. */
static void the_same_byte_by_byte(void)
{
        static const char good[] = POST "Content-Length: 5\r\n" END "hello";
        static const char bad[] = GET "Host: a\r\nX: 1\r\n 2\r\n\r\n";
        struct http_config config = config_of_test((struct http_handler){.handle = handle});
        struct http_server *s = server_of_test(&config);
        const char *const all[] = {good, bad};
        bool ended;

        for (int i = 0; i < 2; i++) {
                int fd = dial(http_server_port(s));

                for (const char *p = all[i]; *p; p++) {
                        say(fd, p, 1);
                        poll(NULL, 0, 1);
                }
                check_int(status_of(hear(fd, NULL, &ended)), i ? 400 : 200);
                check(ended);
                close(fd);
        }
        http_server_close(&s, 1000);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_is_framed_in_two_ways_is_refused),
                STORY(what_is_framed_well_is_served),
                STORY(what_is_refused_is_told_why),
                STORY(limits_are_what_they_say),
                STORY(what_stands_behind_a_chunks_size_is_no_body),
                STORY(the_same_byte_by_byte),
                {NULL, NULL},
        };

        log_open("framing", false, LOG_WARN);
        return check_main(stories, argc, argv);
}
