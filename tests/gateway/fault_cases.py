"""fault_cases - what an upstream may do wrong, and what the client may see of it.

`want` lists what is allowed: a number is an answer of the gateway's own with that status; bytes are the body of a whole answer with
the upstream's status, which is 200; CUT is an answer that began and was broken off. After each case the same upstream
answers one more request well, and nothing of the case may be in that answer.
"""
import dataclasses

from upstream import END, HANG, RESET, says

CUT = "cut"
SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nPOISONED"


@dataclasses.dataclass
class Fault:
    name: str
    script: object
    want: tuple
    at: str = "request"
    method: str = "GET"
    absent: tuple = ()       # fields that must not reach the client


def fault(name, *steps, want=(502,), **more):
    return Fault(name, says(*steps), want, **more)


def head(name, text, *want, **more):
    """The head's lines, then five bytes of body, and the connection stays open."""
    return fault("head: " + name, text + b"\r\n\r\nhello", want=want or (502,), **more)


def field(name, lines, *want, **more):
    return head(name, b"HTTP/1.1 200 OK\r\n" + lines, *want, **more)


def chunks(name, text, *want, end=HANG):
    return fault("chunks: " + name, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + text, end, want=want or (502, CUT))


def body(name, lines, text, *steps, want=(502, CUT), **more):
    return fault("body: " + name, b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\r\n" + text, *steps, want=want, **more)


def drip(data, every):
    return lambda talk, _: talk.trickle(data, every)


def forever(data, pause=0.01):
    """Until the connection takes no more; the pauses leave time to the other threads of this process."""
    def step(talk, _):
        while talk.hang(pause) and not talk.upstream.released.is_set():
            talk.say(data)
    return step


OK = b"HTTP/1.1 200 OK\r\n"
CL5 = b"Content-Length: 5"
TE = b"Transfer-Encoding: chunked"

BEFORE_THE_HEAD = [
    fault("closes at once", END, at="connect"),
    fault("resets at once", RESET, at="connect", want=(502, 503)),
    fault("closes after the request", END),
    fault("closes after a POST", END, method="POST"),
    fault("resets after the request", RESET),
    fault("resets after a POST", RESET, method="POST"),
    fault("hangs without reading", HANG, at="connect", want=(504,)),
    fault("hangs", HANG, want=(504,)),
    fault("hangs at a POST", HANG, want=(504,), method="POST"),
    fault("hangs in the head", OK + b"Content-Le", HANG, want=(504,)),
    fault("hangs after a 100", b"HTTP/1.1 100 Continue\r\n\r\n", HANG, want=(504,)),
    fault("trickles its head", drip(OK + b"X: " + b"y" * 500, 0.05), want=(504,)),
    fault("closes in the status line", b"HTTP/1.1 20", END),
    fault("closes after the status line", OK, END),
    fault("closes in the head", OK + b"Content-Le", END),
    fault("closes before the empty line", OK + CL5 + b"\r\n", END),
    fault("closes inside the empty line", OK + b"Content-Length: 0\r\n\r", END),
    fault("resets in the head", OK + b"Content-Le", RESET),
    fault("closes after a 100", b"HTTP/1.1 100 Continue\r\n\r\n", END),
    fault("resets after a 103", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", RESET),
    fault("a flood of 100", forever(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)),
    fault("a flood of 103", forever(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 1000)),
    fault("10,000 of 102 and an answer", b"HTTP/1.1 102 Processing\r\n\r\n" * 10000, OK + CL5 + b"\r\n\r\nhello"),
    fault("an endless status line", b"HTTP/1.1 200 ", forever(b"x" * 65536)),
    fault("an endless field", OK + b"X: ", forever(b"y" * 65536)),
    fault("endless fields", OK, forever(b"X: y\r\n" * 10000)),
    fault("switches protocols unasked", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", HANG),
    fault("asks for a 100 with a body", b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello" + OK + b"Content-Length: 0\r\n\r\n"),
]

HEADS = [
    head("no HTTP", b"hello"),
    head("HTTP/0.9", b"<html>hello</html>"),
    head("HTTP/2 in binary", b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x80"),
    head("TLS", b"\x15\x03\x01\x00\x02\x02\x0a"),
    head("another protocol", b"SSH-2.0-OpenSSH_9.2"),
    head("a request", b"GET / HTTP/1.1\r\nHost: a"),
    head("HTTP/2.0", b"HTTP/2.0 200 OK\r\n" + CL5),
    head("HTTP/9.9", b"HTTP/9.9 200 OK\r\n" + CL5),
    head("http/1.1", b"http/1.1 200 OK\r\n" + CL5),
    head("HTTP/1.", b"HTTP/1. 200 OK\r\n" + CL5),
    head("no status", b"HTTP/1.1 OK\r\n" + CL5),
    head("a status of two digits", b"HTTP/1.1 20 OK\r\n" + CL5),
    head("a status of four digits", b"HTTP/1.1 2000 OK\r\n" + CL5),
    head("a status below 100", b"HTTP/1.1 099 OK\r\n" + CL5),
    head("status 000", b"HTTP/1.1 000 OK\r\n" + CL5),
    head("a status below 0", b"HTTP/1.1 -20 OK\r\n" + CL5),
    head("NUL in the status line", b"HTTP/1.1 200 O\0K\r\n" + CL5),
    head("bare CR in the status line", b"HTTP/1.1 200 OK\rX: y\r\n" + CL5),
    field("length and coding", CL5 + b"\r\n" + TE),
    field("coding and length", TE + b"\r\n" + CL5),
    field("two lengths that differ", b"Content-Length: 5\r\nContent-Length: 3"),
    field("two equal lengths", CL5 + b"\r\n" + CL5, 502, b"hello"),
    field("a list of lengths", b"Content-Length: 5, 3"),
    field("a list of equal lengths", b"Content-Length: 5, 5", 502, b"hello"),
    field("length with plus", b"Content-Length: +5"),
    field("length with minus", b"Content-Length: -5"),
    field("length in hex", b"Content-Length: 0x5"),
    field("length that is a word", b"Content-Length: five"),
    field("empty length", b"Content-Length:"),
    field("length beyond 64 bits", b"Content-Length: 18446744073709551621"),
    field("length with NUL", b"Content-Length: 5\0000"),
    field("coding gzip", b"Transfer-Encoding: gzip"),
    field("coding identity with a length", b"Transfer-Encoding: identity\r\n" + CL5),
    field("coding gzip, chunked", b"Transfer-Encoding: gzip, chunked"),
    field("coding chunked twice", TE + b", chunked"),
    field("coding in two fields", TE + b"\r\nTransfer-Encoding: identity"),
    field("coding xchunked", b"Transfer-Encoding: xchunked"),
    field("coding empty", b"Transfer-Encoding:\r\n" + CL5),
    head("coding in HTTP/1.0", b"HTTP/1.0 200 OK\r\n" + TE),
    field("folded line", b"X: y\r\n z\r\n" + CL5, 502, b"hello"),
    field("folded length", b"Content-Length:\r\n 5"),
    field("blank before the colon", b"Content-Length : 5", 502, b"hello"),
    field("no colon", b"X-Nothing\r\n" + CL5),
    field("no name", b": y\r\n" + CL5),
    field("a name that is no token", b"X(y): z\r\n" + CL5, absent=("X(y)",)),
    field("blank in a name", b"X y: z\r\n" + CL5),
    field("NUL in a name", b"X\0: z\r\n" + CL5),
    field("NUL in a value", b"X: y\0z\r\n" + CL5),
    field("bare CR in a value", b"X: y\rz\r\n" + CL5),
    field("bare CR hides a field", b"X: y\rContent-Length: 0\r\n" + CL5),
    field("a control character in a value", b"X: y\x08\r\n" + CL5),
    field("bare LF after a field", b"X: y\n" + CL5, 502, b"hello"),
    fault("head: bare LF everywhere", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", END, want=(502, b"hello")),
    field("a field of 1 MB", b"X: " + b"y" * 1000000 + b"\r\n" + CL5),
    field("10,000 fields", b"X: y\r\n" * 10000 + CL5),
    fault("head: an empty line first", b"\r\n" + OK + CL5 + b"\r\n\r\nhello", want=(502, b"hello")),
]

BODIES = [
    body("shorter than its length, then the end", b"Content-Length: 10", b"hello", END),
    body("shorter than its length, then a reset", b"Content-Length: 10", b"hello", RESET),
    body("shorter than its length, then nothing", b"Content-Length: 10", b"hello", HANG, want=(502, 504, CUT)),
    body("none of it", b"Content-Length: 10", b"", END),
    body("1 MB of 2 MB", b"Content-Length: 2000000", b"x" * 1000000, END),
    body("50 KB of 100 KB", b"Content-Length: 100000", b"x" * 50000, END),
    body("100 KB, and an answer after it", b"Content-Length: 100000", b"x" * 100000 + SECOND, want=(b"x" * 100000,)),
    body("longer than its length", CL5, b"helloPOISONED", want=(b"hello",)),
    body("longer than its length by an answer", CL5, b"hello" + SECOND, want=(b"hello",)),
    body("where the length is 0", b"Content-Length: 0", SECOND, want=(b"",)),
    body("to HEAD", b"Content-Length: 8", b"POISONED", want=(b"",), method="HEAD"),
    body("an answer after chunks", TE, b"5\r\nhello\r\n0\r\n\r\n" + SECOND, want=(b"hello",)),
    body("with a length in the trailers", TE, b"5\r\nhello\r\n0\r\nContent-Length: 0\r\nTransfer-Encoding: x\r\nX: y\r\n\r\n",
         want=(b"hello", 502, CUT)),
    body("ended by a reset only", b"Connection: close", b"hello", RESET),
    body("of no length, then nothing", b"Connection: close", b"hello", HANG, want=(502, 504, CUT)),
    chunks("cut before the first", b"", end=END),
    chunks("cut in a size", b"5", end=END),
    chunks("cut inside one", b"5\r\nhel", end=END),
    chunks("cut after one's bytes", b"5\r\nhello", end=END),
    chunks("cut between two", b"5\r\nhello\r\n", end=END),
    chunks("cut after the last", b"5\r\nhello\r\n0\r\n", end=END),
    chunks("cut in the trailers", b"5\r\nhello\r\n0\r\nX: y\r\n", end=END),
    chunks("reset between two", b"5\r\nhello\r\n", end=RESET),
    chunks("nothing more", b"5\r\nhello\r\n", 502, 504, CUT),
    chunks("size 0x5", b"0x5\r\nhello\r\n0\r\n\r\n"),
    chunks("size -5", b"-5\r\nhello\r\n0\r\n\r\n"),
    chunks("size g", b"g\r\nhello\r\n0\r\n\r\n"),
    chunks("no size", b"\r\nhello\r\n0\r\n\r\n"),
    chunks("size beyond 64 bits", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    chunks("no line end after one", b"5\r\nhello0\r\n\r\n"),
    chunks("a byte too many", b"5\r\nhello!\r\n0\r\n\r\n"),
    chunks("a byte too few", b"5\r\nhell\r\n0\r\n\r\n"),
    chunks("an endless size", b"0" * 100000 + b"5\r\nhello\r\n0\r\n\r\n"),
    chunks("an endless extension", b"5;" + b"x" * 1000000 + b"\r\nhello\r\n0\r\n\r\n", 502, CUT, b"hello"),
    chunks("trailers of 1 MB", b"5\r\nhello\r\n0\r\nX: " + b"y" * 1000000 + b"\r\n\r\n"),
    fault("body: with 204", b"HTTP/1.1 204 No Content\r\nContent-Length: 8\r\n\r\nPOISONED", want=(204, 502)),
    fault("body: an answer after 204", b"HTTP/1.1 204 No Content\r\n\r\n" + SECOND, want=(204,)),
    fault("body: with 304", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 8\r\n\r\nPOISONED", want=(304,)),
]

FAULTS = BEFORE_THE_HEAD + HEADS + BODIES
