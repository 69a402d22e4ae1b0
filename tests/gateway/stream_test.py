"""Bodies of any size pass in constant memory, events pass at once, and if one side goes away the other side's request ends."""
import concurrent.futures
import signal
import threading
import time
import zlib

import http1
from client import Wire, ask, request
from front import SLOWER, Front, span
from mall import equal, until, until_equal
from upstream import HANG, Upstream, answer, says

slow = ("test_200_mb_as_an_answer", "test_200_mb_as_a_request", "test_events_arrive_at_once_and_no_timeout_cuts_them")

MB = 1 << 20
BLOCK = bytes(range(256)) * (MB // 256)
BLOCKS = 200
MUCH = 24 * MB * SLOWER                                         # far less than any body here


def sum_of(blocks):
    crc = 0
    for _ in range(blocks):
        crc = zlib.crc32(BLOCK, crc)
    return crc


def pour(blocks, chunked=False):
    """A step that sends so many blocks."""
    def step(talk, _):
        for _ in range(blocks):
            talk.say(b"%x\r\n%s\r\n" % (MB, BLOCK) if chunked else BLOCK)
        if chunked:
            talk.say(b"0\r\n\r\n")
    return step


def check_memory(front, before):
    grown = front.memory() - before
    assert grown < MUCH, "the gateway grew by %d bytes" % grown


def test_200_mb_as_an_answer():
    """With a length, in chunks, and until the connection's end."""
    heads = {"length": (b"Content-Length: %d" % (BLOCKS * MB), False), "chunks": (b"Transfer-Encoding: chunked", True),
             "end": (b"Connection: close", False)}
    crc = sum_of(BLOCKS)
    for name, (line, in_chunks) in heads.items():
        closes = [lambda talk, _: talk.finish_sending()] if name == "end" else []
        upstream = Upstream(says(b"HTTP/1.1 200 OK\r\n" + line + b"\r\n\r\n", pour(BLOCKS, in_chunks), *closes))
        with Front(upstream) as front:
            equal(ask(front.port, "GET", "/actuator/health").status, 200)
            before = front.memory()
            reply = ask(front.port, "GET", "/x", seconds=20)
            equal((reply.status, reply.whole, reply.size, reply.content.crc), (200, True, BLOCKS * MB, crc), "the answer by " + name)
            check_memory(front, before)


def upload(wire, blocks, in_chunks):
    for _ in range(blocks):
        wire.say(b"%x\r\n%s\r\n" % (MB, BLOCK) if in_chunks else BLOCK)
    if in_chunks:
        wire.say(b"0\r\n\r\n")


def test_200_mb_as_a_request():
    crc = sum_of(BLOCKS)
    for line, in_chunks in ((b"Content-Length: %d" % (BLOCKS * MB), False), (b"Transfer-Encoding: chunked", True)):
        upstream = Upstream()
        with Front(upstream, max_body="1GiB") as front:
            equal(ask(front.port, "GET", "/actuator/health").status, 200)
            before = front.memory()
            with Wire(front.port, 20) as wire:
                wire.say(b"POST /x HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n")
                upload(wire, BLOCKS, in_chunks)
                equal(wire.reply("POST").status, 200)
            check_memory(front, before)
        equal([(r.whole, r.size, r.content.crc) for r in upstream.requests], [(True, BLOCKS * MB, crc)], "the request with " + line.decode())


def test_pieces_larger_than_what_goes_on_at_once():
    """With a larger limit for heads the library reads more at a time."""
    upstream = Upstream()
    with Front(upstream, max_header="256KiB") as front, Wire(front.port) as wire:
        for n, line in enumerate((b"Content-Length: %d" % (3 * MB), b"Transfer-Encoding: chunked")):
            wire.say(b"POST /x HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n")
            upload(wire, 3, n == 1)
            equal(wire.reply("POST").status, 200)
    equal([(r.whole, r.size, r.content.crc) for r in upstream.requests], [(True, 3 * MB, sum_of(3))] * 2, "the requests")


def stalled(count, seconds=0.7):
    """The count once it stays the same for a while."""
    last, since = count(), time.monotonic()
    while time.monotonic() < since + seconds * SLOWER:
        time.sleep(0.05)
        if count() != last:
            last, since = count(), time.monotonic()
    return last


def test_a_slow_reader_holds_the_upstream_back():
    """The bytes that wait are in the kernel's buffers, not in the gateway; then the client gets all of them."""
    upstream = Upstream(says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (100 * MB), pour(100)))
    with Front(upstream) as front:
        before = front.memory()
        with Wire(front.port, 20, room=1 << 14) as wire:
            wire.say(request("GET", "/x"))
            until(lambda: upstream.talks and upstream.talks[0].sent > 0)
            sent = stalled(lambda: upstream.talks[0].sent)
            assert sent < 40 * MB, "%d bytes were taken for a client that does not read" % sent
            check_memory(front, before)
            reply = wire.reply()
        equal((reply.whole, reply.size, reply.content.crc), (True, 100 * MB, sum_of(100)))
        check_memory(front, before)


def test_many_slow_readers_cost_little():
    upstream = Upstream(says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (50 * MB), pour(50)))
    with Front(upstream) as front:
        before = front.memory()
        wires = [Wire(front.port, room=1 << 14) for _ in range(20)]
        for wire in wires:
            wire.say(request("GET", "/x"))
        until(lambda: len(upstream.talks) == 20)
        stalled(lambda: sum(talk.sent for talk in upstream.talks))
        check_memory(front, before)
        equal(ask(front.port, "GET", "/actuator/health").status, 200)
        for wire in wires:
            wire.close()
        until(lambda: all(talk.ended_at for talk in upstream.talks), 10)


def test_a_slow_upstream_holds_the_client_back():
    go_on = threading.Event()
    upstream = Upstream(lambda talk, asked: (go_on.wait(20), talk.finish(asked), talk.say(answer(b"ok"))), at="head", room=1 << 14)
    with Front(upstream, max_body="1GiB", response_timeout=span(20)) as front, Wire(front.port, 20) as wire, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        before, sent = front.memory(), [0]

        def send():
            wire.say(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (100 * MB))
            for _ in range(100):
                wire.say(BLOCK)
                sent[0] += MB
        sending = pool.submit(send)
        until(lambda: sent[0] > 0)
        count = stalled(lambda: sent[0])
        grown = front.memory() - before
        go_on.set()
        sending.result()
        equal((wire.reply("POST").status, count < 40 * MB, grown < MUCH), (200, True, True), "status, %d bytes taken, grown by %d" % (count, grown))
        check_memory(front, before)
    equal([(r.size, r.content.crc) for r in upstream.requests], [(100 * MB, sum_of(100))])


def test_a_request_reaches_the_upstream_before_its_end():
    upstream = Upstream(says(answer(b"ok")))
    with Front(upstream, max_body="1GiB") as front, Wire(front.port) as wire:
        wire.say(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (8 * MB))
        upload(wire, 4, False)
        until(lambda: upstream.requests and upstream.requests[0].size > 0)
        upload(wire, 4, False)
        equal(wire.reply("POST").status, 200)


EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=UTF-8\r\nCache-Control: no-cache\r\n"


def events(upstream_sends, in_chunks):
    """A script: an event whenever the test asks for one, the end when it asks for None."""
    def script(talk, _):
        talk.say(EVENTS + (b"Transfer-Encoding: chunked\r\n\r\n" if in_chunks else b"Connection: close\r\n\r\n"))
        while True:
            upstream_sends.acquire()
            event = b"data: %d\n\n" % upstream_sends.number
            if upstream_sends.over:
                break
            talk.say(b"%x\r\n%s\r\n" % (len(event), event) if in_chunks else event)
        talk.say(b"0\r\n\r\n") if in_chunks else talk.finish_sending()
    return script


class Asked(threading.Semaphore):
    number, over = 0, False

    def __init__(self):
        super().__init__(0)

    def next(self):
        self.number += 1
        self.release()

    def end(self):
        self.over = True
        self.release()


def test_events_arrive_at_once_and_no_timeout_cuts_them():
    """Each before the next is sent; a pause longer than every deadline; then a clean end."""
    for in_chunks in (True, False):
        asked = Asked()
        upstream = Upstream(events(asked, in_chunks))
        deadlines = {"response_timeout": span(1), "body_timeout": span(1), "header_timeout": span(1)}
        with Front(upstream, **deadlines) as front, Wire(front.port, 5) as wire:
            wire.say(request("GET", "/x", "Accept: text/event-stream"))
            for pause in [0] * 10 + [2.5 * SLOWER, 0.6, 0.6, 0.6]:
                time.sleep(pause)
                asked.next()
                while b"data: %d\n\n" % asked.number not in wire.heard:
                    assert wire.more(), "ended before event %d: %r" % (asked.number, bytes(wire.heard[-300:]))
            asked.end()
            reply = wire.reply()
            equal((reply.status, reply.whole, reply.field("Content-Type")), (200, True, "text/event-stream;charset=UTF-8"))
            equal(reply.body, b"".join(b"data: %d\n\n" % n for n in range(1, 15)))


def test_the_head_of_an_event_stream_does_not_wait_for_its_first_event():
    upstream = Upstream(says(EVENTS + b"Transfer-Encoding: chunked\r\n\r\n", HANG))
    with Front(upstream) as front, Wire(front.port, 5) as wire:
        wire.say(request("GET", "/x"))
        equal(wire.read_head()[0], b"HTTP/1.1 200 OK")


def test_a_slow_body_that_keeps_coming_is_not_cut():
    """The response timeout is for silence, not for the whole."""
    upstream = Upstream(says(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n", lambda talk, _: talk.trickle(b"x" * 40, 0.06 * SLOWER)))
    with Front(upstream, response_timeout=span(1)) as front:
        reply = ask(front.port, seconds=5)
        equal((reply.whole, reply.size), (True, 40))


def test_a_short_body_that_trickles_is_passed_on_as_it_comes():
    """The gateway waits for the rest, to send it in one piece, but not for long."""
    asked = Asked()

    def script(talk, _):
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"a" * 2000)
        asked.acquire()
        talk.say(b"b" * 3000)

    with Front(Upstream(script)) as front, Wire(front.port, 5) as wire:
        wire.say(request("GET", "/x"))
        while b"a" * 2000 not in wire.heard:
            assert wire.more(), "ended before its end: %r" % bytes(wire.heard[-300:])
        asked.end()
        equal(wire.reply().body, b"a" * 2000 + b"b" * 3000)


LEAVE = {"close": Wire.close, "reset": http1.Stream.reset}


def left(script, asked, leave, ready, **settings):
    """The client leaves when it is ready; the upstream's request must end soon. What went wrong, or None."""
    upstream = Upstream(script, at=settings.pop("at", "request"))
    try:
        with Front(upstream, response_timeout=span(30), body_timeout=span(30), **settings) as front:
            wire = Wire(front.port)
            wire.say(asked)
            until(lambda: upstream.talks and ready(wire, upstream.talks[0]))
            LEAVE[leave](wire)
            until(lambda: upstream.talks[0].ended_at, 5)
            equal(ask(front.port, "GET", "/actuator/health").status, 200)
    except AssertionError as trouble:
        return "the upstream's request goes on: %s" % trouble
    return None


def heard(mark):
    return lambda wire, _: mark in wire.heard or (wire.receive(0.01) and False)


def has_request(_, talk):
    return talk.requests


BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
STREAM = EVENTS + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
HALF = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n" + b"x" * 4000000
LEAVING = {                                                      # the upstream's script, the request, when to leave
    "while it waits": (HANG, request("GET", "/x"), has_request),
    "while its POST waits": (HANG, request("POST", "/x", body=b"{}"), has_request),
    "in an answer": (says(BEGUN + b"x" * MB, HANG), request("GET", "/x"), heard(b"\r\n\r\nx")),
    "in an answer it does not read": (says(BEGUN, pour(90)), request("GET", "/x"), lambda _, talk: talk.sent > MB),
    "in an event stream": (says(STREAM, HANG), request("GET", "/x"), heard(b"text/event-stream")),
}
LEAVING_EARLY = {
    "in its body": (HANG, HALF, lambda _, talk: len(talk.buffer) == 4000000),
    "in its chunks": (HANG, HALF.replace(b"Content-Length: 8000000", b"Transfer-Encoding: chunked").replace(b"\r\n\r\n", b"\r\n\r\n7a1200\r\n"),
                      lambda _, talk: len(talk.buffer) >= 4000000),
}


def test_a_client_that_leaves_ends_the_upstreams_request():
    cases = [(leave, when, case, at) for leave in LEAVE for rows, at in ((LEAVING, "request"), (LEAVING_EARLY, "head"))
             for when, case in rows.items()]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        told = [pool.submit(left, script, asked, leave, ready, at=at) for leave, _, (script, asked, ready), at in cases]
        for (leave, when, _, _), telling in zip(cases, told):
            yield "leaves by %s %s" % (leave, when), telling.result()


def test_a_gateway_that_stops_ends_streams_in_order():
    """One that is silent, and one that never is."""
    def pour_events(talk, _):
        try:
            while True:
                talk.say(b"9\r\ndata: 1\n\n\r\n")
        except OSError:
            pass
    for sends in (HANG, pour_events):
        upstream = Upstream(says(EVENTS + b"Transfer-Encoding: chunked\r\n\r\n", sends))
        with Front(upstream) as front, Wire(front.port, 30) as wire:
            wire.say(request("GET", "/x"))
            until(lambda: b"\r\n\r\n" in wire.heard or not wire.more())
            front.daemon.process.send_signal(signal.SIGTERM)
            reply = wire.reply()
            equal((reply.status, reply.whole), (200, True))


def test_a_client_that_leaves_a_stream_is_no_warning():
    upstream = Upstream(says(EVENTS + b"Transfer-Encoding: chunked\r\n\r\n", HANG))
    with Front(upstream) as front:
        with Wire(front.port, 5) as wire:
            wire.say(request("GET", "/x"))
            until(lambda: b"\r\n\r\n" in wire.heard or not wire.more())
        until(lambda: "the client hung up" in front.daemon.log())
        assert "WARN" not in front.daemon.log(), front.daemon.log()


def test_clients_that_leave_with_much_of_their_bodies_on_the_way():
    """The end comes with the last bytes, or while they are passed on. Many times, since it is a race."""
    upstream = Upstream(HANG, at="head")
    with Front(upstream, response_timeout=span(30), body_timeout=span(30)) as front:
        for number in range(20):
            with Wire(front.port) as wire:
                wire.say(HALF)
                until(lambda: len(upstream.talks) > number and upstream.talks[number].requests)
        until_equal(lambda: [talk.number for talk in upstream.talks if not talk.ended_at], [], 5)


def test_a_client_that_leaves_does_not_disturb_others():
    upstream = Upstream(lambda talk, asked: (talk.hang(0.3), talk.say(answer(asked.target.encode()))))
    with Front(upstream) as front:
        staying = [Wire(front.port) for _ in range(20)]
        for number, wire in enumerate(staying):
            wire.say(request("GET", "/%d" % number))
            with Wire(front.port) as leaving:
                leaving.say(request("GET", "/gone"))
        for number, wire in enumerate(staying):
            equal(wire.reply().body, b"/%d" % number)
            wire.close()
