"""What a well-behaved client and a well-behaved upstream see of each other."""
import concurrent.futures
import threading

from client import Wire, ask, chunked, request
from front import SLOWER, Front, span
from mall import equal
from upstream import END, Upstream, answer, echo, in_turn, says

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n"


def one_answer(steps, method="GET", *fields):
    """The client's reply to a request that this upstream answers; it is whole, and the next one on the same connection is right."""
    upstream = Upstream(in_turn(says(*steps), echo))
    with Front(upstream) as front, Wire(front.port) as wire:
        reply = wire.ask(request(method, "/x", *fields), method)
        assert reply.whole, reply
        if not reply.closes:
            again = wire.ask(request("GET", "/again"))
            equal(again.body[:10], b"GET /again", "the next answer")
    return reply, upstream


def test_statuses_pass():
    for status in (200, 201, 202, 203, 206, 299, 301, 302, 304, 307, 400, 401, 404, 409, 418, 422, 429, 451, 500, 501, 503, 504, 599):
        body = b"" if status == 304 else b"hello"
        said = answer(body, b"X: y", status="%d Whatever" % status)
        reply, _ = one_answer([said.replace(b"Content-Length: 0\r\n", b"") if status == 304 else said])
        good = (reply.status, reply.body, reply.field("X")) == (status, body, "y")
        yield "status %d passes" % status, None if good else "the client saw %s" % reply


def test_head_has_the_length_of_get_and_no_body():
    reply, upstream = one_answer([answer(length=1 << 30)], "HEAD")
    equal((reply.status, reply.field("Content-Length")), (200, str(1 << 30)))
    equal([(t.number, [r.method for r in t.requests]) for t in upstream.talks], [(0, ["HEAD", "GET"])], "connections")


def test_head_of_what_comes_in_chunks():
    reply, upstream = one_answer([CHUNKED + b"\r\n"], "HEAD")
    equal((reply.status, reply.field("Content-Type")), (200, "text/plain"))
    assert reply.field("Content-Length") in (None, ""), "a length that no one sent: %s" % reply.fields
    equal(len(upstream.talks), 1, "connections to the upstream")


def test_204_and_304_have_no_body():
    reply, upstream = one_answer([b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"], "DELETE")
    equal((reply.status, reply.size, reply.field("X"), len(upstream.talks)), (204, 0, "y", 1))
    for length in (b"", b"Content-Length: 500\r\n"):
        reply, upstream = one_answer([b"HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\n" + length + b"\r\n"], "GET", 'If-None-Match: "e"')
        equal((reply.status, reply.size, reply.field("ETag"), len(upstream.talks)), (304, 0, '"e"', 1))
        equal(upstream.requests[0].field("If-None-Match"), '"e"')


def test_interim_answers_are_not_the_answer():
    """Interim answers may pass or not, but they come whole and before the answer."""
    for status, field in ((100, b""), (102, b""), (103, b"Link: </style.css>; rel=preload\r\n")):
        interim = b"HTTP/1.1 %d Whatever\r\n%s\r\n" % (status, field)
        reply, upstream = one_answer([interim, 0.05, interim + answer(b"hello")])
        equal((reply.status, reply.body, len(upstream.talks)), (200, b"hello", 1), "after %d" % status)
        assert all(code == status for code, _ in reply.interim), reply.interim


def test_chunks_pass_and_the_connection_stays():
    reply, upstream = one_answer([CHUNKED + b"\r\n" + chunked(b"hello ", b"w" * 70000, b"!")])
    equal((reply.status, reply.body, len(upstream.talks)), (200, b"hello " + b"w" * 70000 + b"!", 1))


def test_extensions_of_chunks_are_dropped():
    reply, _ = one_answer([CHUNKED + b"\r\n5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n"])
    equal(reply.body, b"hello")


def test_trailers_of_answers_pass():
    said = CHUNKED + b"Trailer: X-Sum, Server-Timing\r\n\r\n" + chunked(b"hello", trailers=b"X-Sum: 1, 2\r\nServer-Timing: db;dur=53\r\n")
    reply, upstream = one_answer([said], "GET", "TE: trailers", "Connection: TE")
    equal((reply.body, sorted(reply.trailers)), (b"hello", [("Server-Timing", "db;dur=53"), ("X-Sum", "1, 2")]))
    equal(len(upstream.talks), 1, "connections to the upstream")


def test_trailers_that_frame_or_route_do_not_pass():
    said = CHUNKED + b"\r\n" + chunked(b"hello", trailers=b"Content-Length: 0\r\nTransfer-Encoding: x\r\nConnection: close\r\nX-Sum: 1\r\n")
    reply, _ = one_answer([said], "GET", "TE: trailers")
    equal((reply.body, reply.trailers.names() & {"content-length", "transfer-encoding", "connection"}), (b"hello", set()))


def test_an_answer_that_ends_with_its_connection():
    for head in (b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"):
        reply, upstream = one_answer([head, b"hello ", 0.05, b"world", END])
        equal((reply.status, reply.body), (200, b"hello world"), "after %r" % head)
        equal(len(upstream.talks), 1 if reply.closes else 2, "connections to the upstream")


def test_a_byte_at_a_time():
    for said in (answer(b"hello"), b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"hello"),
                 CHUNKED + b"\r\n" + chunked(b"he", b"llo", trailers=b"X: y\r\n")):
        reply, _ = one_answer([lambda talk, _, said=said: talk.trickle(said)])
        equal((reply.status, reply.body), (200, b"hello"))


def test_a_client_of_http_1_0_gets_no_chunks():
    upstream = Upstream(says(CHUNKED + b"\r\n" + chunked(b"hello", trailers=b"X: y\r\n")))
    with Front(upstream) as front:
        for field in (b"", b"Connection: keep-alive\r\n"):
            with Wire(front.port) as wire:
                wire.say(b"GET /x HTTP/1.0\r\nHost: a\r\n" + field + b"\r\n")
                reply = wire.reply("GET", "1.0")
                equal((reply.status, reply.body, reply.whole, reply.framing), (200, b"hello", True, reply.framing))
                assert reply.framing in ("close", 5), reply.framing
        equal([r.field("Connection") for r in upstream.requests], [None, None], "Connection at the upstream")


def test_expect_100_continue():
    """A client that waits for a 100 before it sends its body gets it; one that does not wait, or speaks HTTP/1.0, gets its answer."""
    upstream = Upstream()
    with Front(upstream) as front:
        head = b"POST /waits HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        with Wire(front.port) as wire:
            wire.say(head)
            equal(wire.take_to(b"\r\n\r\n").split(b" ")[1], b"100")
            reply = wire.ask(b"hello", "POST")
            equal(reply.status, 200)
            equal(wire.ask(request("GET", "/again")).status, 200)
        with Wire(front.port) as wire:
            reply = wire.ask(head.replace(b"waits", b"does-not-wait") + b"hello", "POST")
            equal(reply.status, 200)
            assert {code for code, _ in reply.interim} <= {100}, reply.interim
        with Wire(front.port) as wire:
            wire.say(head.replace(b"waits", b"old").replace(b"HTTP/1.1", b"HTTP/1.0") + b"hello")
            equal(wire.reply("POST", "1.0").status, 200)
        with Wire(front.port) as wire:
            wire.say(head.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked"))
            equal(wire.take_to(b"\r\n\r\n").split(b" ")[1], b"100")
            equal(wire.ask(chunked(b"hel", b"lo"), "POST").status, 200)
    equal([r.body for r in upstream.requests if r.method == "POST"], [b"hello"] * 4, "the bodies")


def test_pipelined_requests_are_answered_in_order():
    """The first one's answer is the last to come."""
    def script(talk, asked):
        if asked.target == "/0":
            talk.hang(0.3)
        echo(talk, asked)
    upstream = Upstream(script)
    with Front(upstream) as front, Wire(front.port) as wire:
        asked = [request("POST" if n % 3 == 1 else "GET", "/%d" % n, body=b"body %d" % n if n % 3 == 1 else b"") for n in range(20)]
        wire.say(b"".join(asked))
        for n in range(20):
            reply = wire.reply()
            equal(reply.body.split(b" ")[1], b"/%d" % n, "answer %d" % n)
        wire.say(request("HEAD", "/head") + request("GET", "/last", "Connection: close") + request("GET", "/never"))
        equal(wire.reply("HEAD").whole, True)
        equal(wire.reply().body[:9], b"GET /last")
        assert wire.end(), "left open after Connection: close"
    equal([r.body for r in upstream.requests if r.method == "POST"], [b"body %d" % n for n in range(20) if n % 3 == 1], "the bodies")
    assert "GET /never" not in upstream.paths(), "a request after Connection: close was sent on"


def test_connections_are_kept_on_both_sides():
    upstream = Upstream()
    with Front(upstream, threads=1) as front:
        with Wire(front.port) as wire:
            for n in range(5):
                equal(wire.ask(request("POST", "/%d" % n, body=b"x")).body, b"POST /%d on 0" % n)
        for n in range(5):                                       # connections of other clients, one upstream's
            equal(ask(front.port, "GET", "/%d" % n).body, b"GET /%d on 0" % n)
        equal(ask(front.port, "GET", "/x", "Connection: close").body, b"GET /x on 0", "for a client that closes")
    equal(len(upstream.talks), 1, "connections to the upstream")


def test_an_upstream_that_closes_is_asked_on_a_new_connection():
    plain = answer(b"hello", b"Connection: close")
    old = plain.replace(b"1.1", b"1.0").replace(b"close", b"x")
    for said, steps in (("close", [plain, END]), ("close, but it stays", [plain]), ("HTTP/1.0", [old])):
        upstream = Upstream(says(*steps))
        with Front(upstream) as front, Wire(front.port) as wire:
            for _ in range(4):
                equal(wire.ask(request("GET", "/x")).body, b"hello", said)
        equal([len(t.requests) for t in upstream.talks], [1] * 4, "requests a connection, where the upstream says " + said)


def test_an_upstream_of_http_1_0_may_keep_its_connection():
    upstream = Upstream(says(answer(b"hello", b"Connection: keep-alive").replace(b"1.1", b"1.0")))
    with Front(upstream) as front, Wire(front.port) as wire:
        for _ in range(4):
            reply = wire.ask(request("GET", "/x"))
            equal((reply.body, reply.field("Connection")), (b"hello", None))


def test_clients_at_once_each_get_their_own_answer():
    def script(talk, asked):
        talk.hang(0.01)
        echo(talk, asked)
    upstream = Upstream(script)
    with Front(upstream) as front:
        def run(number):
            with Wire(front.port) as wire:
                for n in range(30):
                    equal(wire.ask(request("GET", "/%d/%d" % (number, n))).body.split(b" on ")[0], b"GET /%d/%d" % (number, n))
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            list(pool.map(run, range(20)))
    assert len(upstream.talks) <= 40, "%d connections for 20 clients" % len(upstream.talks)


def test_one_slow_upstream_does_not_hold_up_another():
    stop = threading.Event()
    slow, quick = Upstream(lambda talk, _: stop.wait(20)), Upstream()
    with Front({"/slow/**": slow, "/quick/**": quick}, response_timeout=span(20)) as front:
        waiting = [Wire(front.port) for _ in range(50)]
        for wire in waiting:
            wire.say(request("GET", "/slow/x"))
        for _ in range(20):
            equal(ask(front.port, "GET", "/quick/x", seconds=2 * SLOWER).status, 200)
        for wire in waiting:
            wire.close()
        stop.set()
