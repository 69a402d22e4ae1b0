"""framing_cases - raw requests, each with the statuses that may answer it and the part of it that may reach an upstream.

In the bytes CASE stands for a word of the case's own. NEXT follows each request on the same connection. If the request
is refused, the connection must be closed and NEXT neither answered nor sent on. If it is taken, NEXT must be both, which
proves that the request's end was found.
"""
import ctypes
import dataclasses

NEXT = b"GET /CASE/next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
NO_ANSWER = None                                                # among statuses: closed without one


def library_version():
    library = ctypes.CDLL("libmicrohttpd.so.12")
    library.MHD_get_version.restype = ctypes.c_char_p
    return tuple(int(part) for part in library.MHD_get_version().split(b".")[:2])


# libmicrohttpd 1.0 closes without an answer where 0.9 says 400, and takes no chunk-extension at all; both let nothing through
NEWER = library_version() >= (1, 0)


@dataclasses.dataclass
class Case:
    name: str
    raw: bytes
    statuses: tuple = ()     # it may be refused with these; (): it may not
    taken: tuple = None      # or taken as (method, target, body); None: it may not
    partly: bool = False     # when refused, a part of it may have reached an upstream, which then sees the connection end
    fields: dict = None      # must have reached the upstream, in small letters; None: that field must not
    last: bool = False       # the connection closes after it also when it is taken


def refused(name, raw, *statuses):
    """Refused before any byte of it is sent on."""
    return Case(name, raw, statuses or (400,))


def broken(name, raw, *statuses):
    """Refused after a good head."""
    return Case(name, raw, statuses or (400,), partly=True)


def taken(name, raw, method="POST", target="/CASE", body=b"", **more):
    return Case(name, raw, (), (method, target, body), **more)


def either(name, raw, *statuses, method="POST", target="/CASE", body=b"", **more):
    return Case(name, raw, statuses or (400,), (method, target, body), partly=True, **more)


P = b"POST /CASE HTTP/1.1\r\nHost: a\r\n"
G = b"GET /CASE HTTP/1.1\r\n"
GH = G + b"Host: a\r\n"
TE = b"Transfer-Encoding: chunked\r\n"
CL = b"Content-Length: 5\r\n"
END = b"\r\n"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"


def coding(name, line, *statuses):
    return refused("coding: " + name, P + line + END + END + CHUNKS, *statuses or (400, 501))


def length(name, line, *statuses):
    return refused("length: " + name, P + line + END + END + b"hello", *statuses)


LENGTH_AND_CODING = [
    refused("length and coding, chunks within (CL.TE)", P + b"Content-Length: 6\r\n" + TE + b"\r\n0\r\n\r\nG"),
    refused("coding and length, chunks beyond (TE.CL)", P + TE + b"Content-Length: 4\r\n\r\n5c\r\nGET /CASE/smuggled HTTP/1.1\r\n"),
    refused("length 0 and coding", P + b"Content-Length: 0\r\n" + TE + END),
    refused("length and a coding not ours", P + CL + b"Transfer-Encoding: identity\r\n\r\nhello", 400, 501),
    refused("length and an empty coding", P + CL + b"Transfer-Encoding:\r\n\r\nhello", 400, 501),
    refused("GET with length and coding", GH + CL + TE + END + CHUNKS),
    refused("coding and length in HTTP/1.0", b"POST /CASE HTTP/1.0\r\nHost: a\r\n" + CL + TE + END + CHUNKS),
    refused("coding in HTTP/1.0", b"POST /CASE HTTP/1.0\r\nHost: a\r\n" + TE + END + CHUNKS),
    refused("coding in HTTP/1.0 that wants to stay", b"POST /CASE HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n" + TE + END + CHUNKS),
]

CODINGS = [
    coding("two fields (TE.TE)", TE + b"Transfer-encoding: cow"),
    coding("two fields, the second good", b"Transfer-Encoding: cow\r\nTransfer-Encoding: chunked"),
    coding("chunked in two fields", TE + b"Transfer-Encoding: chunked"),
    coding("chunked twice", b"Transfer-Encoding: chunked, chunked"),
    coding("gzip", b"Transfer-Encoding: gzip"),
    coding("gzip and chunked", b"Transfer-Encoding: gzip, chunked"),
    coding("chunked and gzip", b"Transfer-Encoding: chunked, gzip"),
    coding("identity", b"Transfer-Encoding: identity"),
    coding("chunked and identity", b"Transfer-Encoding: chunked, identity"),
    coding("xchunked", b"Transfer-Encoding: xchunked"),
    coding("chunkedx", b"Transfer-Encoding: chunkedx"),
    coding("x chunked", b"Transfer-Encoding: x chunked"),
    coding("in quotes", b'Transfer-Encoding: "chunked"'),
    coding("with a parameter", b"Transfer-Encoding: chunked;q=1"),
    coding("empty", b"Transfer-Encoding:"),
    coding("a comma", b"Transfer-Encoding: ,"),
    coding("a comma at the end", b"Transfer-Encoding: chunked,"),
    coding("a comma before", b"Transfer-Encoding: ,chunked"),
    coding("vertical tab before it", b"Transfer-Encoding: \x0bchunked"),
    coding("form feed after it", b"Transfer-Encoding: chunked\x0c"),
    coding("NUL after it", b"Transfer-Encoding: chunked\0"),
    coding("NUL and more", b"Transfer-Encoding: chunked\0, cow"),
    coding("no ASCII", b"Transfer-Encoding: chunked\xc3\xa9"),
    coding("an unprintable blank", b"Transfer-Encoding: \xa0chunked"),
    coding("blank before the colon", b"Transfer-Encoding : chunked", 400),
    coding("blank before the colon, with a length", CL + b"Transfer-Encoding : chunked", 400),
    coding("tab before the colon", CL + b"Transfer-Encoding\t: chunked", 400),
    coding("vertical tab before the colon", CL + b"Transfer-Encoding\x0b: chunked", 400),
    coding("vertical tab before the name", CL + b"\x0bTransfer-Encoding: chunked", 400),
    coding("NUL in the name", CL + b"Transfer-Encoding\0: chunked", 400),
    coding("blank in the name", CL + b"Transfer Encoding: chunked", 400),
    coding("no colon", CL + b"Transfer-Encoding chunked", 400),
    coding("colon on the next line", CL + b"Transfer-Encoding\r\n: chunked", 400),
    coding("a folded line", CL + b"X: y\r\n Transfer-Encoding: chunked", 400),
    coding("folded after the colon", CL + b"Transfer-Encoding:\r\n chunked", 400),
    coding("folded with a bare LF", CL + b"Transfer-Encoding:\n chunked", 400),
    coding("folded, and more of it", b"Transfer-Encoding: chunked\r\n , cow", 400),
    coding("after a bare LF", CL + b"X: y\nTransfer-Encoding: chunked", 400),
    coding("after a bare CR", CL + b"X: y\rTransfer-Encoding: chunked", 400),
    coding("after CR CR LF", CL + b"X: y\r\r\nTransfer-Encoding: chunked", 400),
    coding("after LF CR", CL + b"X: y\n\rTransfer-Encoding: chunked", 400),
    coding("after a bare LF and nothing", CL + b"X:\nTransfer-Encoding: chunked", 400),
    coding("with an unbreakable hyphen", CL + b"Transfer\xe2\x80\x91Encoding: chunked", 400),
    either("coding: an underscore for the hyphen, and a length", P + CL + b"Transfer_Encoding: chunked\r\n\r\nhello", body=b"hello"),
    taken("coding: CHUNKED", P + b"Transfer-Encoding: CHUNKED\r\n\r\n" + CHUNKS, body=b"hello"),
    taken("coding: a tab for the blank", P + b"tRANSFER-eNCODING:\tchunked\r\n\r\n" + CHUNKS, body=b"hello"),
    either("coding: a blank after it", P + b"Transfer-Encoding: chunked \r\n\r\n" + CHUNKS, body=b"hello"),
    either("coding: named by Connection", P + b"Connection: Transfer-Encoding\r\n" + TE + END + CHUNKS, body=b"hello"),
]

LENGTHS = [
    length("two that differ", b"Content-Length: 5\r\nContent-Length: 0"),
    length("two that differ, 0 first", b"Content-Length: 0\r\nContent-Length: 5"),
    length("two, in names of other case", b"Content-Length: 5\r\ncontent-length: 4"),
    length("two equal", CL + b"Content-Length: 5"),
    length("a list of equals", b"Content-Length: 5, 5"),
    length("a list", b"Content-Length: 5, 6"),
    length("plus", b"Content-Length: +5"),
    length("minus", b"Content-Length: -5"),
    length("minus 0", b"Content-Length: -0"),
    length("hex", b"Content-Length: 0x5"),
    length("two words", b"Content-Length: 5 5"),
    length("a fraction", b"Content-Length: 5.0"),
    length("an exponent", b"Content-Length: 5e0"),
    length("an underscore", b"Content-Length: 0_5"),
    length("a semicolon", b"Content-Length: 5;"),
    length("letters", b"Content-Length: five"),
    length("quotes", b'Content-Length: "5"'),
    length("digits of another script", b"Content-Length: \xd9\xa5"),
    length("empty", b"Content-Length:"),
    length("blanks", b"Content-Length:   "),
    length("a comma", b"Content-Length: ,5"),
    length("vertical tab", b"Content-Length: \x0b5"),
    length("NUL after it", b"Content-Length: 5\x00" b"0"),
    length("2^64 and 5", b"Content-Length: 18446744073709551621", 400, 413),
    length("2^32 and 5", b"Content-Length: 4294967301", 413),
    length("2^63", b"Content-Length: 9223372036854775808", 400, 413),
    length("400 digits", b"Content-Length: " + b"9" * 400, 400, 413),
    length("above the limit", b"Content-Length: 99999999", 413),
    length("blank before the colon", b"Content-Length : 5"),
    length("tab before the colon", b"Content-Length\t: 5"),
    length("folded", b"Content-Length:\r\n 5"),
    length("folded into the next", b"X: y\r\n Content-Length: 5"),
    length("NUL in the name", b"Content-Length\x00: 5"),
    length("after a bare LF", b"X: y\nContent-Length: 5"),
    length("after a bare CR", b"X: y\rContent-Length: 5"),
    either("length: zeros before it", P + b"Content-Length: 0005\r\n\r\nhello", body=b"hello"),
    either("length: a blank after it", P + b"Content-Length: 5 \r\n\r\nhello", body=b"hello"),
    either("length: an underscore for the hyphen", P + b"Content_Length: 500\r\nContent-Length: 5\r\n\r\nhello", body=b"hello"),
    either("length: named by Connection", P + b"Connection: Content-Length\r\n" + CL + b"\r\nhello", body=b"hello"),
    either("length: named by Connection, with close", P + b"Connection: close, content-length\r\n" + CL + b"\r\nhello", body=b"hello", last=True),
    either("length: on GET", GH + CL + b"\r\nhello", method="GET", body=b"hello"),
    taken("length: on DELETE", b"DELETE /CASE HTTP/1.1\r\nHost: a\r\n" + CL + b"\r\nhello", method="DELETE", body=b"hello"),
    taken("length: none on POST", P + END),
    taken("length: 0", P + b"Content-Length: 0\r\n\r\n"),
]

FIELDS = [
    refused("field: blank before the colon", GH + b"X : y\r\n\r\n"),
    refused("field: tab before the colon", GH + b"X\t: y\r\n\r\n"),
    refused("field: no colon", GH + b"X-Nothing\r\n\r\n"),
    refused("field: nothing but a colon", GH + b":\r\n\r\n"),
    refused("field: no name", GH + b": y\r\n\r\n"),
    refused("field: parentheses in the name", GH + b"X(y): z\r\n\r\n"),
    refused("field: blank in the name", GH + b"X Y: z\r\n\r\n"),
    refused("field: quotes around the name", GH + b'"X": z\r\n\r\n'),
    refused("field: slash in the name", GH + b"X/Y: z\r\n\r\n"),
    refused("field: a control character in the name", GH + b"X\x01: y\r\n\r\n"),
    refused("field: DEL in the name", GH + b"X\x7f: y\r\n\r\n"),
    refused("field: no ASCII in the name", GH + b"X\xc3\xa9: y\r\n\r\n"),
    refused("field: NUL in the name", GH + b"X\0: y\r\n\r\n"),
    refused("field: NUL in the value", GH + b"X: y\0z\r\n\r\n"),
    refused("field: NUL as the value", GH + b"X: \0\r\n\r\n"),
    refused("field: a control character in the value", GH + b"X: y\x08z\r\n\r\n"),
    refused("field: DEL in the value", GH + b"X: y\x7f\r\n\r\n"),
    refused("field: bare CR in the value", GH + b"X: y\rz\r\n\r\n"),
    refused("field: bare CR after the value", GH + b"X: y\r\r\n\r\n"),
    refused("field: bare CR as the value", GH + b"X: \r\r\n\r\n"),
    refused("field: folded with a blank", GH + b"X: y\r\n z\r\n\r\n"),
    refused("field: folded with a tab", GH + b"X: y\r\n\tz\r\n\r\n"),
    refused("field: folded to a blank line", GH + b"X: y\r\n \r\n\r\n"),
    refused("field: folded before the first", G + b" Host: a\r\n\r\n"),
    refused("field: folded Host", G + b"Host:\r\n a\r\n\r\n"),
    refused("field: bare LF after the request line", b"GET /CASE HTTP/1.1\nHost: a\r\n\r\n"),
    refused("field: bare LF after a field", GH + b"X: y\nZ: z\r\n\r\n"),
    refused("field: bare LF after the last", GH + b"X: y\n\r\n"),
    refused("field: bare LF as the empty line", GH + b"\n"),
    refused("field: bare LF everywhere", b"GET /CASE HTTP/1.1\nHost: a\n\n"),
    refused("field: bare CR everywhere", b"GET /CASE HTTP/1.1\rHost: a\r\r", 400, 408),
    refused("field: CR LF in the wrong order", b"GET /CASE HTTP/1.1\n\rHost: a\n\r\n\r"),
    refused("Host: none", G + END),
    refused("Host: none but others", G + b"X: y\r\n\r\n"),
    refused("Host: two", GH + b"Host: b\r\n\r\n"),
    refused("Host: two equal", GH + b"Host: a\r\n\r\n"),
    refused("Host: two in HTTP/1.0", b"GET /CASE HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
    refused("Host: empty", G + b"Host:\r\n\r\n"),
    refused("Host: a path", G + b"Host: a/b\r\n\r\n"),
    refused("Host: a user", G + b"Host: a@b\r\n\r\n"),
    refused("Host: two words", G + b"Host: a b\r\n\r\n"),
    refused("Host: a list", G + b"Host: a, b\r\n\r\n"),
    refused("Host: a port only", G + b"Host: :80\r\n\r\n"),
    refused("Host: a port that is none", G + b"Host: a:port\r\n\r\n"),
    refused("Host: two ports", G + b"Host: a:80:80\r\n\r\n"),
    refused("Host: half an address", G + b"Host: [::1\r\n\r\n"),
    refused("Host: a query", G + b"Host: a?b\r\n\r\n"),
    refused("Host: a fragment", G + b"Host: a#b\r\n\r\n"),
    refused("Host: a scheme", G + b"Host: http://a\r\n\r\n"),
    refused("Host: NUL", G + b"Host: a\0b\r\n\r\n"),
    refused("Host: no ASCII", G + b"Host: \xc3\xa9\r\n\r\n"),
    taken("Host: an address with a port", G + b"Host: [::1]:8080\r\n\r\n", "GET"),
    taken("Host: a port", G + b"Host: shop.example:8080\r\n\r\n", "GET"),
    taken("field: no blank after the colon, blanks after the value", GH + b"X:y \t \r\n\r\n", "GET", fields={"x": "y"}),
    taken("field: no value", GH + b"X:\r\n\r\n", "GET", fields={"x": ""}),
    taken("field: a colon in the value", GH + b"X: y: z\r\n\r\n", "GET", fields={"x": "y: z"}),
    taken("field: each token character in the name", GH + b"!#$%&'*+-.^`|~09azAZ: y\r\n\r\n", "GET", fields={"!#$%&'*+-.^`|~09azaz": "y"}),
    either("field: Latin-1 in the value", GH + b"X: caf\xe9\r\n\r\n", method="GET", fields={"x": "caf\xe9"}),
    taken("field: three of a name", GH + b"X: 1\r\nY: 2\r\nX: 3\r\nX: 4\r\n\r\n", "GET", fields={"x": "1, 3, 4", "y": "2"}),
]

OURS = b"Idempotency-Key: k1\r\nX-Forwarded-For: 192.0.2.1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
PROTECTED = {"idempotency-key": "k1", "x-forwarded-for": "192.0.2.1, 127.0.0.1", "connection": None}

CONNECTIONS = [
    taken("Connection: names Idempotency-Key", P + b"Connection: Idempotency-Key\r\n" + OURS + END, fields=PROTECTED),
    taken("Connection: names X-Forwarded-For", P + b"Connection: keep-alive, x-forwarded-for\r\n" + OURS + END, fields=PROTECTED),
    taken("Connection: names all of ours in two fields", P + b"Connection: X-FORWARDED-FOR,idempotency-key\r\n" + OURS +
          b"Connection: traceparent , forwarded, X-Forwarded-Host\r\n\r\n", fields=PROTECTED),
    taken("Connection: names a field", GH + b"Connection: X-Mine,, X-Two\r\nX-Mine: 1\r\nX-Two: 2\r\nX-Mine-Not: 3\r\n\r\n", "GET",
          fields={"x-mine": None, "x-two": None, "x-mine-not": "3"}),
    taken("Connection: names Host", GH + b"Connection: Host\r\n\r\n", "GET"),
    taken("Connection: close", GH + b"Connection: close\r\n\r\n", "GET", last=True, fields={"connection": None}),
    taken("hop-by-hop fields", GH + b"Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nConnection: TE\r\n\r\n", "GET",
          fields={"keep-alive": None, "proxy-connection": None}),
    either("Upgrade: h2c", GH + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", 400, 501,
           method="GET", fields={"upgrade": None, "http2-settings": None, "connection": None}),
    either("Upgrade: websocket", GH + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n", 400, 426, 501, method="GET",
           fields={"upgrade": None, "connection": None}),
    either("Expect: something else", P + b"Expect: the-unexpected\r\n" + CL + b"\r\nhello", 400, 417, body=b"hello"),
]
