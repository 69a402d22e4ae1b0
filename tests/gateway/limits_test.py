"""Limits and absolute deadlines towards clients."""
import concurrent.futures
import time

from client import Wire, ask, chunked, request
from framing_cases import NEWER
from front import SLOWER, Front, span
from mall import equal, until
from upstream import HANG, Upstream, answer, says


def one_status(port, data, step=None, seconds=10):
    """The status of the only answer, after which the connection must end."""
    with Wire(port, seconds) as wire:
        wire.exchange(data, step)
        replies = wire.all_replies(["GET"])
        assert wire.ended and all(hasattr(r, "status") for r in replies), replies
        assert len(replies) < 2, replies
        return replies[0].status if replies else None


def first_status(port, data):
    """Of an answer that may be the library's own, which closes as it likes."""
    with Wire(port, 10) as wire:
        wire.exchange(data, None)
        return wire.all_replies(["GET"], most=1)[0].status


def fields(count, value="y"):
    return ["X-%d: %s" % (i, value) for i in range(count)]


def test_header_limits():
    """431 for the size and the number of fields, 414 for the target: below the limit a request passes, above it does not."""
    upstream = Upstream()
    with Front(upstream) as front:
        for name, data, status in (
                ("a field of 8,200 bytes", request("GET", "/x", "X: " + "y" * 8200), 431),
                ("fields of 10 KB in all", request("GET", "/x", *fields(10, "y" * 1000)), 431),
                ("a name of 8,200 bytes", request("GET", "/x", "X" * 8200 + ": y"), 431),
                ("a field of 40 KB", request("GET", "/x", "X: " + "y" * 40000), 431),
                ("a field of 1 MB", request("GET", "/x", "X: " + "y" * 1000000), 431),
                ("150 fields", request("GET", "/x", *fields(150)), 431),
                ("20,000 fields", request("GET", "/x", *fields(20000)), 431),
                ("a target of 8,300 bytes", request("GET", "/" + "x" * 8299), 414)):
            yield name, status != (got := one_status(front.port, data)) and "answered %s" % got
        for name, data in (
                ("a field of 8,000 bytes", request("GET", "/8k", "Connection: close", "X: " + "y" * 8000)),
                ("95 fields", request("GET", "/95", "Connection: close", *fields(93))),
                ("a target of 8,000 bytes", request("GET", "/" + "t" * 7999, "Connection: close"))):
            yield name, 200 != (got := one_status(front.port, data)) and "answered %s" % got
    equal([(r.target[:4], len(r.target), sum(len(v) for v in r.fields.all("X")), sum(n.startswith("x-") for n in r.fields.names()) > 90)
           for r in upstream.requests], [("/8k", 3, 8000, False), ("/95", 3, 0, True), ("/ttt", 8000, 0, False)], "what reached the upstream")


def test_what_is_refused_for_its_head_was_not_done():
    """Cookies take the library's memory twice. However many there are: either the upstream acts and its answer comes, or it sees nothing."""
    upstream = Upstream()
    with Front(upstream) as front:
        for what, each in (("cookies", lambda n: ["Cookie: " + "; ".join("c%02d=%s" % (i, "v" * 96) for i in range(n))]),
                           ("fields", lambda n: fields(n, "y" * 80))):
            seen = set()
            for count in range(20, 96):
                before = len(upstream.requests)
                status = first_status(front.port, request("GET", "/x", "Connection: close", *each(count)))
                yield "%d %s" % (count, what), (status, len(upstream.requests) - before) not in ((200, 1), (431, 0)) and "answered %s, seen %d times" % (
                    status, len(upstream.requests) - before)
                seen.add(status)
            yield what, seen != {200, 431} and "only %s" % seen


def test_an_endless_head_costs_no_memory():
    with Front(Upstream(), header_timeout=span(3)) as front:
        before = front.memory()
        status = one_status(front.port, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 5000000)
        assert status in (431, None), status
        assert front.memory() - before < (8 << 20) * SLOWER, "%d bytes more" % (front.memory() - before)


def test_body_limit():
    """413 for a larger body, however it is framed; no whole request reaches the upstream. A body that just fits passes."""
    upstream = Upstream()
    body = b"x" * 100000
    with Front(upstream, max_body="100000", body_timeout=span(5)) as front:
        head = b"POST /above HTTP/1.1\r\nHost: a\r\n"
        for name, data in (("an announced one", head + b"Content-Length: 100001\r\n\r\n"),
                           ("an announced one that comes", head + b"Content-Length: 100001\r\n\r\n" + body + b"x"),
                           ("one in chunks", head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body, b"x")),
                           ("one in small chunks", head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(*[b"x" * 100] * 1001)),
                           ("an endless one", head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(*[body] * 300)),
                           ("one whose client waits for 100", head + b"Expect: 100-continue\r\nContent-Length: 100001\r\n\r\n")):
            yield name, 413 != (got := one_status(front.port, data)) and "answered %s" % got
        for name, data in (("a length that fits", request("POST", "/fits", "Connection: close", body=body)),
                           ("chunks that fit", b"POST /fits HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" +
                            chunked(body[:50000], body[50000:]))):
            yield name, 200 != (got := one_status(front.port, data)) and "answered %s" % got
    equal([(r.target, r.size) for r in upstream.requests if r.whole], [("/fits", 100000)] * 2, "what reached the upstream whole")


def trickled(port, begin, drops):
    """(status, seconds) of a request whose rest comes drop by drop, until the connection is closed."""
    start = time.monotonic()
    with Wire(port, 20) as wire:
        wire.say(begin)
        while time.monotonic() < start + 20 * SLOWER and wire.receive(0.2) is None:
            try:
                wire.say(drops)
            except OSError:
                break
        replies = wire.all_replies(["POST"])
        assert wire.ended and len(replies) < 2, replies
        return replies[0].status if replies else None, time.monotonic() - start


def test_deadlines_of_head_and_body_are_absolute():
    """However busily bytes trickle: 408 or a close at the deadline."""
    upstream = Upstream()
    cases = {"a head that ends never": (b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"y"),
             "a request line that ends never": (b"GET /", b"y"),
             "fields that end never": (b"GET / HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n"),
             "blank lines": (b"", b"\r\n"),
             "silence after half a head": (b"GET / HTTP/1.1\r\n", b""),
             "a body that ends never": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n", b"y"),
             "chunks that end never": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\ny\r\n"),
             "trailers that end never": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
             "silence after half a body": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello", b"")}
    with Front(upstream, header_timeout=span(1.5), body_timeout=span(1.5), response_timeout=span(1.5)) as front:
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            told = {name: pool.submit(trickled, front.port, *case) for name, case in cases.items()}
        for name, telling in told.items():
            status, seconds = telling.result()
            at_once = NEWER and name == "blank lines"           # libmicrohttpd 1.0 takes only a few of them
            good = status in (408, 400, None) and (at_once or SLOWER < seconds)
            yield name, None if good else "%s after %.1f s" % (status, seconds)
        equal(ask(front.port).status, 200, "the next client's answer")
    whole = [r for r in upstream.requests if r.whole]
    equal(len(whole), 1, "the requests that reached the upstream whole")


def test_a_client_that_does_not_read_is_cut_off():
    """At a deadline, its answer being 30 MB; the upstream's connection ends with it."""
    upstream = Upstream(says(answer(length=30 << 20), lambda talk, _: talk.say(b"x" * (30 << 20)), HANG), room=1 << 16)
    with Front(upstream, body_timeout=span(1.5), response_timeout=span(1.5)) as front:
        with Wire(front.port, 20, room=1 << 14) as wire:
            wire.say(request("GET", "/x"))
            until(lambda: upstream.talks and upstream.talks[0].ended_at, 20)
        equal(ask(front.port, target="/y", seconds=1 + SLOWER).status, 200, "the next client's answer")


def test_idle_clients_do_not_stop_others():
    """Neither with half a request each, nor with none."""
    with Front(Upstream(), header_timeout=span(10)) as front:
        idle = [Wire(front.port) for _ in range(200)]
        for number, wire in enumerate(idle):
            wire.say(b"GET / HTTP/1.1\r\nHo"[:number % 19])
        for _ in range(20):
            equal(ask(front.port).status, 200)
        for wire in idle:
            wire.close()
