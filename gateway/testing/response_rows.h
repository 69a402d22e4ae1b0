/* response_rows - for tests: answers, good and bad, and the text that response_feed.h writes of
   them. The parser's test reads them, and its fuzzer begins with them. */
#ifndef GATEWAY_TESTING_RESPONSE_ROWS_H
#define GATEWAY_TESTING_RESPONSE_ROWS_H

#include "gateway/upstream/response_parser.h"

#define ROW(text) text, sizeof text - 1
#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define WITH_CHUNKED "200/1 chunked in 47 (Transfer-Encoding=chunked) "
#define INTERIM "HTTP/1.1 100 Continue\r\n\r\n"
#define INTERIM_4 INTERIM INTERIM INTERIM INTERIM
#define INTERIM_16 INTERIM_4 INTERIM_4 INTERIM_4 INTERIM_4

static const struct response_limits row_limits = {
        .head = 8192, .fields = 16, .trailers = 256, .extension = 32};

struct response_row {
        const char *bytes;
        size_t len;
        const char *told;
        bool is_head, close;
};

static const struct response_row good_rows[] = {
        /* how the body is framed */
        {ROW(OK "Content-Length: 5\r\n\r\nhello"),
         "200/1 length 5 in 38 [Content-Length=5] {hello} keep"},
        {ROW(OK "content-length:005 \r\n\r\nhello"),
         "200/1 length 5 in 40 [content-length=005] {hello} keep"},
        {ROW(OK "Content-Length: 0\r\n\r\n"), "200/1 length 0 in 38 [Content-Length=0] {} keep"},
        {ROW(OK "Content-Length: 6\r\n\r\nhello"),
         "200/1 length 6 in 38 [Content-Length=6] {hello} more"},
        {ROW(CHUNKED "5\r\nhello\r\n0\r\n\r\n"), WITH_CHUNKED "{hello} keep"},
        {ROW(OK "transfer-ENCODING: CHunked\r\n\r\n1\r\na\r\n00A;x=\"y "
                "z\"\r\n0123456789\r\n000\r\n\r\n"),
         "200/1 chunked in 47 (transfer-ENCODING=CHunked) {a0123456789} keep"},
        {ROW(CHUNKED "0\r\n\r\n"), WITH_CHUNKED "{} keep"},
        {ROW(CHUNKED "0000000000000003;\r\n\r\n\0\r\n0;last\r\n\r\n"),
         WITH_CHUNKED "{\r\n(NUL)} keep"},
        {ROW(OK "Connection: a\r\nTransfer-Encoding: "
                "chunked\r\n\r\n0000000000000001\r\nx\r\n0000000000000000\r\n\r\n"),
         "200/1 chunked in 62 (Connection=a) (Transfer-Encoding=chunked) {x} keep"},
        {ROW(CHUNKED "ffffffffffffffff\r\nall of it"), WITH_CHUNKED "{all of it} more"},
        {ROW(OK "\r\nall of it"), "200/1 rest in 19 {all of it} more"},
        {ROW(OK "\r\nall of it"), "200/1 rest in 19 {all of it} drop", .close = true},
        {ROW("HTTP/1.0 404 Not Found\r\n\r\n"), "404/0 rest in 26 {} drop", .close = true},
        /* no body, whatever the fields say */
        {ROW(OK "Content-Length: 5\r\n\r\n"), "200/1 none in 38 [Content-Length=5] {} keep",
         .is_head = true},
        {ROW(OK "\r\n"), "200/1 none in 19 {} keep", .is_head = true},
        {ROW(CHUNKED), "200/1 none in 47 (Transfer-Encoding=chunked) {} keep", .is_head = true},
        {ROW("HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\n"),
         "304/1 none in 36 [Content-Length=5] {} keep"},
        {ROW("HTTP/1.1 304 \r\nTransfer-Encoding: chunked\r\n\r\n"),
         "304/1 none in 45 (Transfer-Encoding=chunked) {} keep"},
        {ROW("HTTP/1.1 204 No Content\r\n\r\n"), "204/1 none in 27 {} keep"},
        {ROW("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
         "204/1 none in 46 [Content-Length=0] {} keep"},
        {ROW("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
         "204/1 none in 46 [Content-Length=5] {} drop"},
        /* the status line */
        {ROW("HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n"),
         "599/1 length 0 in 36 [Content-Length=0] {} keep"},
        {ROW("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
         "200/1 length 0 in 35 [Content-Length=0] {} keep"},
        {ROW("HTTP/1.1 200  \t\xec\x98\x88 \r\nContent-Length: 0\r\n\r\n"),
         "200/1 length 0 in 42 [Content-Length=0] {} keep"},
        /* fields */
        {ROW(OK "A:b\r\nb: \t c\t d \t\r\nEmpty:\r\nBlank: \t \r\n"
                "!#$%&'*+-.^_`|~9z: \"\xed\x95\x9c\", :\r\nA: again\r\n"
                "Content-Length: 0\r\n\r\n"),
         "200/1 length 0 in 114 [A=b] [b=c\t d] [Empty=] [Blank=] "
         "[!#$%&'*+-.^_`|~9z=\"\xed\x95\x9c\", :] [A=again]"
         " [Content-Length=0] {} keep"},
        /* the connection */
        {ROW(OK "Connection: close\r\nContent-Length: 0\r\n\r\n"),
         "200/1 length 0 in 57 (Connection=close) [Content-Length=0] {} drop"},
        {ROW(OK "Connection: Keep-Alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n"),
         "200/1 length 0 in 85 (Connection=Keep-Alive) (Keep-Alive=timeout=5) [Content-Length=0] "
         "{} keep"},
        {ROW("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
         "200/0 length 0 in 38 [Content-Length=0] {} drop"},
        {ROW("HTTP/1.0 200 OK\r\nConnection: x, ,keep-alive\r\nContent-Length: 0\r\n\r\n"),
         "200/0 length 0 in 66 (Connection=x, ,keep-alive) [Content-Length=0] {} keep"},
        {ROW(OK "connection: keep-alive\r\nConnection: x ,\tCLOSE\r\nContent-Length: 0\r\n\r\n"),
         "200/1 length 0 in 85 (connection=keep-alive) (Connection=x ,\tCLOSE) [Content-Length=0] "
         "{} drop"},
        {ROW(OK "Connection: \"close\"\r\nContent-Length: 0\r\n\r\n"),
         "200/1 length 0 in 59 (Connection=\"close\") [Content-Length=0] {} drop"},
        {ROW(OK "X-A: 1\r\nX-AB: 2\r\nConnection: x-a\r\nUpgrade: h2c\r\nTE: x\r\nTrailer: "
                "y\r\nTea: z\r\n"
                "Content-Length: 0\r\n\r\n"),
         "200/1 length 0 in 113 (X-A=1) [X-AB=2] (Connection=x-a) (Upgrade=h2c) (TE=x) (Trailer=y) "
         "[Tea=z]"
         " [Content-Length=0] {} keep"},
        {ROW(OK "Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"),
         "200/1 length 2 in 38 [Content-Length=2] {ok} drop 17 left"},
        {ROW(OK "Content-Length: 2\r\n\r\nok"),
         "200/1 none in 38 [Content-Length=2] {} drop 2 left", .is_head = true},
        {ROW(CHUNKED "0\r\n\r\n\r\n"), WITH_CHUNKED "{} drop 2 left"},
        /* interim answers */
        {ROW(INTERIM OK "Content-Length: 0\r\n\r\n"),
         "200/1 length 0 after 1 in 63 [Content-Length=0] {} keep"},
        {ROW(INTERIM "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close\r\n\r\n" OK
                     "X: y\r\nContent-Length: 0\r\n\r\n"),
         "200/1 length 0 after 2 in 128 [X=y] [Content-Length=0] {} keep"},
        {ROW("HTTP/1.1 102 \r\nContent-Length: 0\r\n\r\n" OK "\r\n"),
         "200/1 rest after 1 in 55 {} drop", .close = true},
        {ROW(INTERIM_16 OK "Content-Length: 0\r\n\r\n"),
         "200/1 length 0 after 16 in 438 [Content-Length=0] {} keep"},
        {ROW(INTERIM), " more"},
        /* trailers */
        {ROW(CHUNKED "0\r\nA: b\r\nETag:\t\"c\" \r\nServer-Timing:\r\n\r\n"),
         WITH_CHUNKED "{} [A=b] [ETag=\"c\"] [Server-Timing=] keep"},
        {ROW(CHUNKED
             "1\r\na\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\nHost: a\r\nA: b\r\n"
             "set-cookie: a=b\r\nContent-Type: x\r\nTrailer: y\r\nConnection: close\r\n"
             "Content-Encoding: gzip\r\nB: c\r\n\r\n"),
         WITH_CHUNKED "{a} [A=b] [B=c] keep"},
        {ROW(CHUNKED "0\r\nA: b\r\n"), WITH_CHUNKED "{} more"},
        /* a peer that closes too soon */
        {ROW(""), " bad: the connection closed before an answer", .close = true},
        {ROW("H"), " bad: the connection closed in the middle of the head", .close = true},
        {ROW(OK), " bad: the connection closed in the middle of the head", .close = true},
        {ROW(INTERIM), " bad: the connection closed in the middle of the head", .close = true},
        {ROW(OK "Content-Length: 6\r\n\r\nhello"),
         "200/1 length 6 in 38 [Content-Length=6] {hello} bad: the connection closed in the middle "
         "of the body",
         .close = true},
        {ROW(CHUNKED "5\r\nhello\r\n"),
         WITH_CHUNKED "{hello} bad: the connection closed in the middle of the body",
         .close = true},
        {ROW(CHUNKED "0\r\n"),
         WITH_CHUNKED "{} bad: the connection closed in the middle of the body", .close = true},
        {ROW(OK "Content-Length: 0\r\n\r\n"), "200/1 length 0 in 38 [Content-Length=0] {} keep",
         .close = true},
};

/* Wrong heads: the parser hands out nothing before the error. */
static const struct response_row bad_head_rows[] = {
        {ROW("HTTP/0.9 200 OK\r\n\r\n"), "what came is no HTTP/1 answer"},
        {ROW("HTTP/2 200 OK\r\n\r\n"), "what came is no HTTP/1 answer"},
        {ROW("http/1.1 200 OK\r\n\r\n"), "what came is no HTTP/1 answer"},
        {ROW("<html>"), "what came is no HTTP/1 answer"},
        {ROW("\0\0\x12\x04\0\0\0\0\0"), "what came is no HTTP/1 answer"},
        {ROW("\x15\x03\x03"), "what came is no HTTP/1 answer"},
        {ROW("\r\n" OK "\r\n"), "what came is no HTTP/1 answer"},
        {ROW("\n"), "what came is no HTTP/1 answer"},
        {ROW(" " OK "\r\n"), "what came is no HTTP/1 answer"},
        {ROW(INTERIM "\r\n" OK "\r\n"), "what came is no HTTP/1 answer"},
        {ROW("HTTP/1.2 200 OK\r\n\r\n"),
         "the status line is not HTTP/1.1, a blank, three digits, a blank, a reason"},
        {ROW("HTTP/1.10 200 OK\r\n\r\n"),
         "the status line is not HTTP/1.1, a blank, three digits, a blank, a reason"},
        {ROW("HTTP/1.1\t200 OK\r\n\r\n"),
         "the status line is not HTTP/1.1, a blank, three digits, a blank, a reason"},
        {ROW("HTTP/1.1 20\r\n\r\n"),
         "the status line is not HTTP/1.1, a blank, three digits, a blank, a reason"},
        {ROW("HTTP/1.1\r\n\r\n"),
         "the status line is not HTTP/1.1, a blank, three digits, a blank, a reason"},
        {ROW("HTTP/1.1  200 OK\r\n\r\n"), "the status is no number of three digits"},
        {ROW("HTTP/1.1 2x0 OK\r\n\r\n"), "the status is no number of three digits"},
        {ROW("HTTP/1.1 +20 OK\r\n\r\n"), "the status is no number of three digits"},
        {ROW("HTTP/1.1 OK 200\r\n\r\n"), "the status is no number of three digits"},
        {ROW("HTTP/1.1 2000 OK\r\n\r\n"), "no blank behind the status"},
        {ROW("HTTP/1.1 200\tOK\r\n\r\n"), "no blank behind the status"},
        {ROW("HTTP/1.1 099 OK\r\n\r\n"), "a status that is none of 100 to 599"},
        {ROW("HTTP/1.1 000 OK\r\n\r\n"), "a status that is none of 100 to 599"},
        {ROW("HTTP/1.1 600 OK\r\n\r\n"), "a status that is none of 100 to 599"},
        {ROW("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
         "101, which nobody asked for"},
        {ROW("HTTP/1.1 200 O\0K\r\n\r\n"), "control bytes in the reason phrase"},
        {ROW("HTTP/1.1 200 O\rK\r\n\r\n"), "control bytes in the reason phrase"},
        {ROW("HTTP/1.1 200 O\x1bK\r\n\r\n"), "control bytes in the reason phrase"},
        {ROW("HTTP/1.1 200 OK\r\r\n\r\n"), "control bytes in the reason phrase"},
        {ROW("HTTP/1.1 200 OK\n\n"), "a line does not end with CR LF"},
        {ROW("HTTP/1.1 200 OK\n\r\n"), "a line does not end with CR LF"},
        {ROW(OK "A: b\n\r\n"), "a line does not end with CR LF"},
        {ROW(OK "A: b\n\n"), "a line does not end with CR LF"},
        {ROW(OK "\n"), "a line does not end with CR LF"},
        {ROW(OK "A: b\r\n\n"), "a line does not end with CR LF"},
        {ROW(OK "\r\r\n"), "a field's name is no token"},
        {ROW(OK "A: b\rB: c\r\n\r\n"), "control bytes in a field's value"},
        {ROW(OK "A: b\r\r\n\r\n"), "control bytes in a field's value"},
        {ROW(OK "A: \0\r\n\r\n"), "control bytes in a field's value"},
        {ROW(OK "A: 12345678\00012345678\r\n\r\n"), "control bytes in a field's value"},
        {ROW(OK "A: 12345678\t\x7f"
                "12345678\r\n\r\n"),
         "control bytes in a field's value"},
        {ROW(OK "A: 1234\x7f"
                "5678\r\n\r\n"),
         "control bytes in a field's value"},
        {ROW(OK "A: 1234\x1f\x80\xff"
                "5678\r\n\r\n"),
         "control bytes in a field's value"},
        {ROW(OK "A: 1\x08\r\n\r\n"), "control bytes in a field's value"},
        {ROW(OK "A: b\r\n c\r\n\r\n"), "a folded line"},
        {ROW(OK "A: b\r\n\tContent-Length: 5\r\n\r\n"), "a folded line"},
        {ROW(OK " A: b\r\n\r\n"), "a folded line"},
        {ROW(OK "Content-Length:\r\n 5\r\n\r\n"), "Content-Length is no sensible number"},
        {ROW(OK "A : b\r\n\r\n"), "a blank in a field's name or before its colon"},
        {ROW(OK "A\t: b\r\n\r\n"), "a blank in a field's name or before its colon"},
        {ROW(OK "A B: c\r\n\r\n"), "a blank in a field's name or before its colon"},
        {ROW(OK "Nothing\r\n\r\n"), "a line without a colon"},
        {ROW(OK ": b\r\n\r\n"), "a field's name is no token"},
        {ROW(OK "A(b): c\r\n\r\n"), "a field's name is no token"},
        {ROW(OK "A\0: c\r\n\r\n"), "a field's name is no token"},
        {ROW(OK "\xc3\xa4: c\r\n\r\n"), "a field's name is no token"},
        {ROW(OK "A\x7f: c\r\n\r\n"), "a field's name is no token"},
        {ROW(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "both Content-Length and Transfer-Encoding"},
        {ROW(OK "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"),
         "both Content-Length and Transfer-Encoding"},
        {ROW(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), "more than one Content-Length"},
        {ROW(OK "Content-Length: 5\r\nA: b\r\ncontent-length: 5\r\n\r\n"),
         "more than one Content-Length"},
        {ROW(OK "Content-Length: 5, 5\r\n\r\n"), "Content-Length is no number"},
        {ROW(OK "Content-Length: 5 5\r\n\r\n"), "Content-Length is no number"},
        {ROW(OK "Content-Length: +5\r\n\r\n"), "Content-Length is no number"},
        {ROW(OK "Content-Length: -5\r\n\r\n"), "Content-Length is no number"},
        {ROW(OK "Content-Length: 0x5\r\n\r\n"), "Content-Length is no number"},
        {ROW(OK "Content-Length: 5.0\r\n\r\n"), "Content-Length is no number"},
        {ROW(OK "Content-Length: \"5\"\r\n\r\n"), "Content-Length is no number"},
        {ROW(OK "Content-Length:\r\n\r\n"), "Content-Length is no sensible number"},
        {ROW(OK "Content-Length: 18446744073709551621\r\n\r\n"),
         "Content-Length is no sensible number"},
        {ROW(OK "Content-Length: 0000000000000000000000005\r\n\r\n"),
         "Content-Length is no sensible number"},
        {ROW(OK "Transfer-Encoding: gzip\r\n\r\n"), "a Transfer-Encoding other than chunked"},
        {ROW(OK "Transfer-Encoding: gzip, chunked\r\n\r\n"),
         "a Transfer-Encoding other than chunked"},
        {ROW(OK "Transfer-Encoding: chunked, chunked\r\n\r\n"),
         "a Transfer-Encoding other than chunked"},
        {ROW(OK "Transfer-Encoding: xchunked\r\n\r\n"), "a Transfer-Encoding other than chunked"},
        {ROW(OK "Transfer-Encoding: chunke\r\n\r\n"), "a Transfer-Encoding other than chunked"},
        {ROW(OK "Transfer-Encoding: chunked;a=b\r\n\r\n"),
         "a Transfer-Encoding other than chunked"},
        {ROW(OK "Transfer-Encoding: identity\r\n\r\n"), "a Transfer-Encoding other than chunked"},
        {ROW(OK "Transfer-Encoding:\r\n\r\n"), "a Transfer-Encoding other than chunked"},
        {ROW(OK "Transfer-Encoding: \x0b"
                "chunked\r\n\r\n"),
         "control bytes in a field's value"},
        {ROW(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "more than one Transfer-Encoding"},
        {ROW("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "Transfer-Encoding in HTTP/1.0"},
        {ROW("HTTP/1.1 204 \r\nTransfer-Encoding: chunked\r\n\r\n"),
         "Transfer-Encoding with 1xx or 204"},
        {ROW("HTTP/1.1 100 \r\nTransfer-Encoding: chunked\r\n\r\n"),
         "Transfer-Encoding with 1xx or 204"},
        {ROW("HTTP/1.1 100 \r\nContent-Length: 5\r\n\r\nhello"), "a 1xx answer with a body"},
        {ROW("HTTP/1.1 103 \r\nA B: c\r\n\r\n" OK),
         "a blank in a field's name or before its colon"},
        {ROW(INTERIM_16 INTERIM OK "\r\n"), "1xx flood: too many of them before the answer"},
        {ROW(OK "1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n8:\r\n9:\r\n"
                "1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n8:\r\n\r\n"),
         "too many fields"},
};

/* After CHUNKED. */
static const struct response_row bad_chunk_rows[] = {
        {ROW("0x5\r\nhello\r\n0\r\n\r\n"), "{} bad: a chunk's size is no hexadecimal number"},
        {ROW("\r\n"), "{} bad: a chunk's size is no hexadecimal number"},
        {ROW(";a=b\r\n"), "{} bad: a chunk's size is no hexadecimal number"},
        {ROW("+5\r\nhello\r\n"), "{} bad: a chunk's size is no hexadecimal number"},
        {ROW("-5\r\n"), "{} bad: a chunk's size is no hexadecimal number"},
        {ROW(" 5\r\nhello\r\n"), "{} bad: a chunk's size is no hexadecimal number"},
        {ROW("5 \r\nhello\r\n"), "{} bad: a chunk's size is no hexadecimal number"},
        {ROW("5 ;a\r\nhello\r\n"), "{} bad: a chunk's size is no hexadecimal number"},
        {ROW("5\nhello\r\n"), "{} bad: a chunk's size is no hexadecimal number"},
        {ROW("g\r\n"), "{} bad: a chunk's size is no hexadecimal number"},
        {ROW("5\0\r\nhello\r\n"), "{} bad: a chunk's size is no hexadecimal number"},
        {ROW("\x15\r\n"), "{} bad: a chunk's size is no hexadecimal number"}, /* 5, but for a bit */
        {ROW("A\x01\r\n"), "{} bad: a chunk's size is no hexadecimal number"},
        {ROW("00000000000000001\r\na\r\n"), "{} bad: a chunk's size has too many digits"},
        {ROW("10000000000000005\r\nhello\r\n"), "{} bad: a chunk's size has too many digits"},
        {ROW("5\r\r\nhello\r\n"), "{} bad: a chunk's size does not end with CR LF"},
        {ROW("5;a\rb\r\nhello\r\n"), "{} bad: a chunk's size does not end with CR LF"},
        {ROW("5;a\nhello\r\n"), "{} bad: control bytes in a chunk's extension"},
        {ROW("5;a\0b\r\nhello\r\n"), "{} bad: control bytes in a chunk's extension"},
        {ROW("5;234567890123456789012345678901234\r\n"),
         "{} bad: a chunk's extension is too large"},
        {ROW("5\r\nhello0\r\n\r\n"), "{hello} bad: a chunk does not end with CR LF"},
        {ROW("5\r\nhello\n\n0\r\n\r\n"), "{hello} bad: a chunk does not end with CR LF"},
        {ROW("5\r\nhello\n0\r\n\r\n"), "{hello} bad: a chunk does not end with CR LF"},
        {ROW("5\r\nhello\r0\r\n\r\n"), "{hello} bad: a chunk does not end with CR LF"},
        {ROW("5\r\nhello!\r\n0\r\n\r\n"), "{hello} bad: a chunk does not end with CR LF"},
        {ROW("5\r\nhell\r\n0\r\n\r\n"), "{hell\r} bad: a chunk does not end with CR LF"},
        {ROW("1;abc\r\na\r\n\r\n"), "{a} bad: a chunk's size is no hexadecimal number"},
        {ROW("1\r\na\r\n0\r\n\n"), "{a} bad: a line does not end with CR LF"},
        {ROW("0\r\nA: b\n\r\n"), "{} bad: a line does not end with CR LF"},
        {ROW("0\r\nA: b\r\n c\r\n\r\n"), "{} bad: a folded line"},
        {ROW("0\r\nA : b\r\n\r\n"), "{} bad: a blank in a field's name or before its colon"},
        {ROW("0\r\nhello\r\n\r\n"), "{} bad: a line without a colon"},
        {ROW("0\r\nContent-Length: 5\0\r\n\r\n"), "{} bad: control bytes in a field's value"},
        {ROW("0\r\n1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n8:\r\n9:\r\n"
             "1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n\r\n"),
         "{} bad: too many fields with the trailers"},
};

#endif
