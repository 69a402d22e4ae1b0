"""target_cases - more of framing_cases: request lines, versions, chunks, and what is no HTTP/1.1 at all."""
from framing_cases import CHUNKS, CL, END, GH, NEWER, NO_ANSWER, TE, P, broken, either, refused, taken


def target(text, *statuses, name=None):
    return refused("target: %s" % (name or text.decode("latin-1")), b"GET " + text + b" HTTP/1.1\r\nHost: a\r\n\r\n", *statuses)


def as_is(text):
    return taken("target: %s" % text, b"GET " + text.encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n", "GET", text)


def line(name, text, *statuses):
    return refused("request line: " + name, text + b"\r\nHost: a\r\n\r\n", *statuses)


REQUEST_LINES = [
    target(b"/CASE/%00"), target(b"/CASE/a%00b?q"), target(b"/CASE/%"), target(b"/CASE/%2"), target(b"/CASE/%zz"), target(b"/CASE/%u0041"),
    target(b"/CASE?q=%zz"), target(b"/CASE?q=%"), target(b"/CASE/.."), target(b"/CASE/../x"), target(b"/CASE/x/../../y"),
    target(b"/CASE/%2e%2e/x"), target(b"/CASE/%2E./x"), target(b"/CASE/.%2e"), target(b"/CASE/..%2fx"), target(b"/CASE/%2e%2e%2fx"),
    target(b"/CASE/..\\x"), target(b"/CASE\\..\\x"), target(b"/CASE/..%5cx"), target(b"/CASE/..;/x"), target(b"/CASE/..;a=b/x"),
    target(b"/CASE#fragment"), target(b"/CASE/\xc3\xa9", name="no ASCII"), target(b"/CASE/\x7f", name="DEL"),
    target(b"/CASE/\x01", name="a control character"), target(b"/CASE/a\0b", name="NUL"), target(b"/CASE/a\tb", name="a tab"),
    target(b"CASE", name="no slash"), target(b"*", name="* on GET"), target(b"a:80", name="authority on GET"), target(b"?/CASE"),
    target(b"http://b/CASE", 400, 421, name="absolute, of another host than Host"), target(b"ftp://a/CASE"), target(b"http:/CASE"),
    target(b"http://a@b/CASE", 400, 421, name="absolute, with a user"), target(b"file:///CASE"), target(b"javascript:CASE"),
    target(b"/CASE/" + b"a" * 9000, 414, name="9 KB"), target(b"/CASE?" + b"a" * 9000, 414, name="9 KB of query"),
    target(b"/CASE/" + b"a" * 1000000, 400, 414, 431, name="1 MB"),
    taken("target: absolute, of the same host", b"GET http://a/CASE HTTP/1.1\r\nHost: a\r\n\r\n", "GET"),
    taken("target: absolute, in capitals", b"GET HTTP://A/CASE?x HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/CASE?x"),
    as_is("/CASE/a%2Fb%41"), as_is("/CASE/~a-b_c.d!$&'()*+,;=:@"), as_is("/CASE?"), as_is("/CASE?a=1&b=%20+c&&=?/"), as_is("/CASE/..."),
    as_is("/CASE/a..b"), as_is("/CASE?p=../x"), as_is("/CASE/" + "a" * 8000),
    line("two blanks", b"GET  /CASE HTTP/1.1"),
    line("two blanks before the version", b"GET /CASE  HTTP/1.1"),
    line("a tab", b"GET\t/CASE\tHTTP/1.1", 400, NO_ANSWER),
    line("a blank before the method", b" GET /CASE HTTP/1.1", 400, NO_ANSWER),
    line("a blank after the version", b"GET /CASE HTTP/1.1 "),
    line("a blank in the target", b"GET /CASE x HTTP/1.1"),
    line("another version in the target", b"GET /CASE HTTP/1.1 HTTP/1.1"),
    line("bare CR after the version", b"GET /CASE HTTP/1.1\r"),
    line("no target", b"GET HTTP/1.1"),
    line("no method", b"/CASE HTTP/1.1"),
    line("a method that is no token", b"GE(T /CASE HTTP/1.1", 400, 405, 501),
    line("NUL in the method", b"GE\0T /CASE HTTP/1.1", 400, 405, 501),
    line("an unknown method", b"BREW /CASE HTTP/1.1", 405, 501),
    line("a method in small letters", b"get /CASE HTTP/1.1", 400, 405, 501),
    line("a method of 10,000 letters", b"A" * 10000 + b" /CASE HTTP/1.1", 400, 405, 414, 431, 501),
    line("TRACE", b"TRACE /CASE HTTP/1.1", 405),
    line("CONNECT", b"CONNECT a:80 HTTP/1.1", 400, 405, 501),
    line("CONNECT with a path", b"CONNECT /CASE HTTP/1.1", 400, 405, 501),
    either("request line: an empty line before it", b"\r\n" + GH + END, method="GET"),
    either("request line: a bare LF before it", b"\n" + GH + END, method="GET"),
]

VERSIONS = [
    line("HTTP/9.9", b"GET /CASE HTTP/9.9", 400, 505),
    line("HTTP/2.0", b"GET /CASE HTTP/2.0", 400, 505),
    line("HTTP/0.9 in words", b"GET /CASE HTTP/0.9", 400, 505),
    line("http/1.1", b"GET /CASE http/1.1", 400, 505),
    line("HTTP/01.1", b"GET /CASE HTTP/01.1", 400, 505),
    line("HTTP/1.10", b"GET /CASE HTTP/1.10", 400, 505),
    line("HTTP/1", b"GET /CASE HTTP/1", 400, 505),
    line("HTTP/1.", b"GET /CASE HTTP/1.", 400, 505),
    line("HTTP/1,1", b"GET /CASE HTTP/1,1", 400, 505),
    line("HTTPS/1.1", b"GET /CASE HTTPS/1.1", 400, 505),
    line("ICY/1.1", b"GET /CASE ICY/1.1", 400, 505),
    line("none, with fields (HTTP/0.9)", b"GET /CASE", 400, 505, NO_ANSWER),
    either("request line: HTTP/1.2", b"GET /CASE HTTP/1.2\r\nHost: a\r\n\r\n", 400, 505, method="GET"),
    refused("no HTTP/1.1: HTTP/0.9", b"GET /CASE\r\n", 400, 408, 505, NO_ANSWER),
    refused("no HTTP/1.1: the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 400, 505),
    refused("no HTTP/1.1: a TLS hello", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(32)) + b"\0\0\2\x13\x01\1\0",
            400, 408, 505, NO_ANSWER),
    refused("no HTTP/1.1: a TLS hello with a line end", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n", 400, 408, 505, NO_ANSWER),
    refused("no HTTP/1.1: a PROXY line", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + GH + END),
    refused("no HTTP/1.1: SSH", b"SSH-2.0-OpenSSH_9.2\r\n", 400, 408, 505, NO_ANSWER),
    refused("no HTTP/1.1: an answer", b"HTTP/1.1 200 OK\r\nHost: a\r\n\r\n", 400, 405, 501, 505),
    refused("no HTTP/1.1: 64 KB of NUL", b"\0" * 65536, 400, 408, 414, 431, NO_ANSWER),
    refused("no HTTP/1.1: 64 KB of line ends", b"\r\n" * 32768, 400, 408, 414, 431, NO_ANSWER),
    taken("HTTP/1.0", b"GET /CASE HTTP/1.0\r\nHost: a\r\n\r\n", "GET", last=True),
    taken("HTTP/1.0 without Host", b"GET /CASE HTTP/1.0\r\n\r\n", "GET", last=True),
    taken("HTTP/1.0 with a body", b"POST /CASE HTTP/1.0\r\n" + CL + b"\r\nhello", body=b"hello", last=True),
]


def chunks(name, text, *statuses):
    return broken("chunks: " + name, P + TE + END + text, *statuses)


def decoded(name, text, *statuses, maybe=True, body=b"hello", **more):
    """maybe: libmicrohttpd may read them so; then they reach the upstream framed anew."""
    raw = P + TE + END + text
    more["fields"] = {"transfer-encoding": more.pop("coding", "any"), **more.get("fields", {})}
    return either("chunks: " + name, raw, *statuses, body=body, **more) if maybe else taken("chunks: " + name, raw, body=body, **more)


HELLO = b"5\r\nhello\r\n"
LAST = b"0\r\n\r\n"

CHUNKED = [
    decoded("one", CHUNKS, maybe=False),
    decoded("two", b"2\r\nhe\r\n3\r\nllo\r\n" + LAST, maybe=False),
    decoded("none", LAST, maybe=False, body=b""),
    decoded("sizes in hex of both cases", b"A\r\n0123456789\r\nb\r\n0123456789a\r\n" + LAST, maybe=False, body=b"01234567890123456789a"),
    decoded("zeros before the size", b"0005\r\nhello\r\n" + LAST, maybe=False),
    decoded("zeros as the last", HELLO + b"000\r\n\r\n", maybe=False),
    decoded("2,000 of one byte", b"1\r\na\r\n" * 2000 + LAST, maybe=False, body=b"a" * 2000),
    decoded("an extension", b"5;a=b\r\nhello\r\n0;c=\"d e\"\r\n\r\n", maybe=NEWER),
    decoded("a body that looks like chunks", b"a\r\n0\r\n\r\nGET /\r\n" + LAST, maybe=False, body=b"0\r\n\r\nGET /"),
    decoded("a trailer", HELLO + b"0\r\nX-Sum: 1\r\n\r\n", maybe=False, fields={"x-sum": None}),
    decoded("a length as a trailer", HELLO + b"0\r\nContent-Length: 0\r\n\r\n"),
    decoded("a coding as a trailer", HELLO + b"0\r\nTransfer-Encoding: identity\r\n\r\n"),
    decoded("Host as a trailer", HELLO + b"0\r\nHost: b\r\n\r\n"),
    decoded("our own fields as trailers", HELLO + b"0\r\nIdempotency-Key: late\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n",
            fields={"x-forwarded-for": "127.0.0.1"}),
    decoded("a folded trailer", HELLO + b"0\r\nX: y\r\n z\r\n\r\n", fields={"x": None}),
    decoded("NUL in a trailer", HELLO + b"0\r\nX: y\0z\r\n\r\n", fields={"x": None}),
    decoded("a trailer without colon", HELLO + b"0\r\nX\r\n\r\n", fields={"x": None}),
    decoded("bare LF after a trailer", HELLO + b"0\r\nX: y\n\r\n", fields={"x": None}),
    decoded("bare LF as the last empty line", HELLO + b"0\r\n\n"),
    decoded("trailers of 100 KB", HELLO + b"0\r\nX: " + b"y" * 100000 + b"\r\n\r\n", 400, 413, 431, fields={"x": None}),
    decoded("an extension of 100 KB", b"5;" + b"x" * 100000 + b"\r\nhello\r\n" + LAST, 400, 413, 431),
    decoded("a semicolon and no extension", b"5;\r\nhello\r\n" + LAST),
    decoded("a blank before the semicolon", b"5 ;a\r\nhello\r\n" + LAST),
    decoded("a blank after the size", b"5 \r\nhello\r\n" + LAST),
    decoded("a blank before the size", b" 5\r\nhello\r\n" + LAST),
    decoded("bare LF after the size", b"5\nhello\r\n" + LAST),
    decoded("bare CR after the size", b"5\rhello\r\n" + LAST),
    decoded("bare LF in an extension", b"5;a\nhello\r\n" + LAST),
    decoded("bare LF after a chunk", b"5\r\nhello\n" + LAST),
    decoded("bare LF everywhere", b"5\nhello\n0\n\n"),
    decoded("size of 17 digits", b"00000000000000005\r\nhello\r\n" + LAST),
    decoded("size of 17 digits at the end", HELLO + b"00000000000000000\r\n\r\n"),
    decoded("a byte too few", b"5\r\nhell\r\n" + LAST, body=b"hell\r"),
    chunks("size 0x5", b"0x5\r\nhello\r\n" + LAST),
    chunks("size +5", b"+5\r\nhello\r\n" + LAST),
    chunks("size -5", b"-5\r\nhello\r\n" + LAST),
    chunks("size 5g", b"5g\r\nhello\r\n" + LAST),
    chunks("size g", b"g\r\nhello\r\n" + LAST),
    chunks("size 5_0", b"0_5\r\nhello\r\n" + LAST),
    chunks("size 5.", b"5.\r\nhello\r\n" + LAST),
    chunks("size 5, 5", b"5, 5\r\nhello\r\n" + LAST),
    chunks("NUL after the size", b"5\0\r\nhello\r\n" + LAST),
    chunks("no size", b"\r\nhello\r\n" + LAST),
    chunks("no size but an extension", b";a\r\nhello\r\n" + LAST),
    chunks("size beyond 64 bits", b"10000000000000005\r\nhello\r\n" + LAST, 400, 413),
    chunks("size of 64 bits", b"ffffffffffffffff\r\nhello\r\n" + LAST, 400, 408, 413),
    chunks("size of 63 bits", b"7fffffffffffffff\r\nhello\r\n" + LAST, 400, 408, 413),
    chunks("size above the limit", b"6000000\r\nhello\r\n" + LAST, 400, 408, 413),
    chunks("nothing after a chunk", b"5\r\nhello" + LAST),
    chunks("a byte too many", b"5\r\nhelloX\r\n" + LAST),
    chunks("blanks after a chunk", b"5\r\nhello \r\n" + LAST),
    chunks("CR CR LF after a chunk", b"5\r\nhello\r\r\n" + LAST),
    chunks("a second bad one", HELLO + b"x\r\nhello\r\n" + LAST),
]
