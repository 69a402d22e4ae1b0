"""Upstreams that misbehave: what their clients see, and that no other request suffers."""
import concurrent.futures
import contextlib
import json
import threading

from client import Wire, ask, chunked, request
from fault_cases import CUT, FAULTS, SECOND, forever
from front import SLOWER, Front, port_of_nobody, span
from mall import equal, until
from upstream import HANG, BlackHole, Upstream, answer, echo, in_turn, says

SETTINGS = {"response_timeout": span(1), "connect_timeout": span(1)}


def script_of(case):
    return lambda talk, asked: (echo if asked and asked.target.endswith("/again") else case.script)(talk, asked)


def check_own(reply):
    """An answer of the gateway's own, about an upstream."""
    equal(reply.field("Content-Type"), "application/problem+json", "the type of a %d" % reply.status)
    equal(json.loads(reply.body)["status"], reply.status)


def outcome_of(reply):
    if not reply.whole:
        return CUT if reply.status else "no answer"
    return reply.body if reply.status == 200 else reply.status


def check_case(front, case, path):
    with Wire(front.port, 8) as wire:
        reply = wire.ask(request(case.method, path), case.method)
    outcome = outcome_of(reply)
    if outcome not in case.want:
        return "the client saw %s, not %s" % (reply, case.want)
    if outcome == CUT and not b"hell".startswith(reply.body[:4]) and reply.body.strip(b"x"):
        return "the cut answer has a wrong body: %s" % reply
    if reply.status >= 500:
        check_own(reply)
    if present := reply.fields.names() & {name.lower() for name in case.absent}:
        return "reached the client: %s" % present
    if case.at == "request":
        again = ask(front.port, "GET", path + "/again")
        if (again.status, again.body[:4]) != (200, b"GET "):
            return "the next answer is %s" % again
    return None


def check_quietly(*arguments):
    try:
        return check_case(*arguments)
    except (AssertionError, OSError) as trouble:
        return "%s: %s" % (type(trouble).__name__, trouble)


def test_faults():
    upstreams = [Upstream(script_of(case), case.at) for case in FAULTS]
    with Front({"/u%d/**" % i: upstream for i, upstream in enumerate(upstreams)}, **SETTINGS) as front:
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            told = [pool.submit(check_quietly, front, case, "/u%d/x" % i) for i, case in enumerate(FAULTS)]
        for case, telling in zip(FAULTS, told):
            yield case.name, telling.result()
        assert front.memory() < (64 << 20) * SLOWER, "%d bytes in use" % front.memory()
    twice = [upstream.paths() for case, upstream in zip(FAULTS, upstreams)
             if case.method == "POST" and sum(r.method == "POST" for r in upstream.requests) != 1]
    yield "no POST was sent twice", twice and "these were: %s" % twice


def test_refused_and_unknown_upstreams_are_503_whatever_the_method():
    with Front({"/a/**": port_of_nobody(), "/b/**": "http://no-such-host.invalid:80"}, **SETTINGS) as front:
        for path in ("/a/x", "/b/x"):
            for method in ("GET", "POST", "PUT", "DELETE", "HEAD"):
                reply = ask(front.port, method, path)
                equal((reply.status, reply.field("Retry-After")), (503, "1"), "%s %s" % (method, path))
                if method != "HEAD":
                    check_own(reply)


def test_an_upstream_that_cannot_be_reached_in_time_is_503_whatever_the_method():
    """Nothing was sent, as if the connection had been refused: it is tried once more, and the client may try again."""
    with contextlib.closing(BlackHole()) as hole, Front({"/a/**": hole.port}, connect_timeout=span(0.2), response_timeout=span(60)) as front:
        for method in ("GET", "POST", "PUT", "DELETE", "HEAD"):
            reply = ask(front.port, method, "/a/x", body=b"{}" if method == "POST" else b"")
            equal((reply.status, reply.field("Retry-After")), (503, "1"), method)
            if method != "HEAD":
                check_own(reply)
                assert "cannot be reached" in json.loads(reply.body)["detail"], reply.body


def test_what_an_idle_connection_says_is_nobodys_answer():
    """Bytes after an answer, while the connection waits for the next request."""
    said = threading.Event()
    late = says(answer(b"hello"), 0.2, SECOND, lambda *_: said.set())
    upstream = Upstream(in_turn(late, echo))
    with Front(upstream, **SETTINGS) as front:
        equal(ask(front.port).body, b"hello")
        assert said.wait(5)
        for _ in range(3):
            equal(ask(front.port, target="/again").body[:10], b"GET /again")


def test_a_timeout_ends_the_upstreams_connection():
    upstream = Upstream(HANG)
    with Front(upstream, **SETTINGS) as front:
        equal(ask(front.port).status, 504)
        until(lambda: upstream.talks[0].ended, 5)


# how an answer whose head is out may go wrong: its fields, what comes first, what then
FIRST = b"x" * 200000
LATER_FAULTS = {
    "length, the end": (b"Content-Length: 300000", FIRST, lambda talk: talk.finish_sending()),
    "length, a reset": (b"Content-Length: 300000", FIRST, lambda talk: talk.cut()),
    "length, silence": (b"Content-Length: 300000", FIRST, lambda talk: talk.hang()),
    "chunks, the end inside one": (b"Transfer-Encoding: chunked", b"493e0\r\n" + FIRST, lambda talk: talk.finish_sending()),
    "chunks, the end between two": (b"Transfer-Encoding: chunked", b"30d40\r\n" + FIRST + b"\r\n", lambda talk: talk.finish_sending()),
    "chunks, a reset": (b"Transfer-Encoding: chunked", b"30d40\r\n" + FIRST + b"\r\n", lambda talk: talk.cut()),
    "chunks, a bad size": (b"Transfer-Encoding: chunked", b"30d40\r\n" + FIRST + b"\r\n", lambda talk: talk.say(b"0x5\r\nhello\r\n0\r\n\r\n")),
    "chunks, no line end": (b"Transfer-Encoding: chunked", b"30d40\r\n" + FIRST, lambda talk: talk.say(b"0\r\n\r\n")),
    "chunks, silence": (b"Transfer-Encoding: chunked", b"30d40\r\n" + FIRST + b"\r\n", lambda talk: talk.hang()),
    "until the end, a reset": (b"Connection: close", FIRST, lambda talk: talk.cut()),
}


def check_later(front, path, version, seen):
    """The head and some of the body arrive; then it goes wrong, and the client must be able to tell."""
    with Wire(front.port, 8) as wire:
        wire.say(request("GET", path).replace(b"HTTP/1.1", b"HTTP/" + version.encode()))
        while b"\r\n\r\nx" not in wire.heard and b"xxxxx" not in wire.heard:
            if not wire.more():
                return "ended before any of the body: %.300r" % bytes(wire.heard)
        seen.set()
        reply = wire.reply("GET", version)
        if reply.status != 200 or reply.whole:
            return "ended cleanly: %s" % reply
        if reply.body.strip(b"x") or reply.size > len(FIRST):
            return "not the upstream's body: %s" % reply
        return None if wire.ended else "left open"


def later_cases():
    for name, (lines, first, then) in LATER_FAULTS.items():
        for version in ("1.1", "1.0"):
            seen = threading.Event()
            steps = says(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\r\n" + first, lambda *_, e=seen: e.wait(20), lambda talk, _, then=then: then(talk))
            yield "the head is out: %s, HTTP/%s" % (name, version), version, seen, Upstream(steps)


def test_faults_behind_the_head_abort_the_clients_connection():
    cases = list(later_cases())
    with Front({"/u%d/**" % i: case[3] for i, case in enumerate(cases)}, **SETTINGS) as front:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            told = [pool.submit(check_later, front, "/u%d/x" % i, case[1], case[2]) for i, case in enumerate(cases)]
        for case, telling in zip(cases, told):
            try:
                yield case[0], telling.result()
            except (AssertionError, OSError) as trouble:
                yield case[0], "%s: %s" % (type(trouble).__name__, trouble)


def test_an_endless_body_costs_no_memory_and_ends_with_its_client():
    upstream = Upstream(says(b"HTTP/1.1 200 OK\r\n\r\n", forever(b"x" * 65536, 0)))
    with Front(upstream, **SETTINGS) as front:
        before = front.memory()
        with Wire(front.port) as wire:
            wire.say(request("GET", "/x"))
            heard = 0
            while heard < 100 << 20:
                assert wire.more(), "ended after %d bytes" % heard
                heard += len(wire.buffer)
                wire.buffer.clear()
        until(lambda: upstream.talks[0].ended_at, 5)
        assert front.memory() - before < (16 << 20) * SLOWER, "%d bytes more" % (front.memory() - before)


def test_an_upstream_that_does_not_read_gets_its_client_an_answer():
    upstream = Upstream(lambda talk, _: talk.upstream.released.wait(20 * SLOWER), at="head", room=1 << 14)
    with Front(upstream, response_timeout=span(1), body_timeout=span(2), max_body="1GiB") as front:
        before = front.memory()
        with Wire(front.port, 12) as wire:
            wire.exchange(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n" + b"x" * (100 << 20))
            reply = wire.reply("POST")
        assert reply.status in (408, 502, 503, 504, None), reply
        assert front.memory() - before < (32 << 20) * SLOWER, "%d bytes more" % (front.memory() - before)


def test_an_answer_may_come_before_the_bodys_end():
    """413 from an upstream that wants no more of it: the client gets that, and not a 502, however much it still sends."""
    upstream = Upstream(says(answer(b"too much", b"Connection: close", status="413 Content Too Large"), HANG), at="head")
    body = b"x" * (20 << 20)
    with Front(upstream, max_body="1GiB", **SETTINGS) as front:
        for rest in (b"Content-Length: %d\r\n\r\n" % len(body) + body, b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body)):
            with Wire(front.port) as wire:
                wire.exchange(b"POST /x HTTP/1.1\r\nHost: a\r\n" + rest)
                reply = wire.reply("POST")
                equal((reply.status, reply.body), (413, b"too much"))
