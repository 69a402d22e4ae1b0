"""Which requests are sent again when a connection dies, and which never are."""
import concurrent.futures
import socket
import threading
import time

from client import Wire, ask, chunked, request
from front import SLOWER, Front, span
from mall import equal, until
from upstream import END, HANG, RESET, Upstream, answer, echo, in_turn, says

MADE = answer(b'{"made":1}', b"Location: /orders/1", status="201 Created")
IDEMPOTENT = {"metadata": {"idempotency": True}}
KEY = "Idempotency-Key: key-1"


def echoing(body=b'{"made":1}', status="201 Created"):
    """A script that shows what a service shows: it knows Idempotency-Key."""
    def script(talk, asked):
        key = asked.field("Idempotency-Key")
        talk.say(answer(body, *([b"Idempotency-Key: " + key.encode()] if key else []), status=status))
    return script


def attempts(script, method, *fields, body=b"", first=None, route=None, **settings):
    """(status, the requests that reached the upstream) of one request; `first`: the script of one POST before it."""
    upstream = Upstream(in_turn(first, *script) if first else in_turn(*script))
    with Front({"/**": (upstream, route or {})}, response_timeout=span(5), **settings) as front, Wire(front.port) as wire:
        if first:
            equal(wire.ask(request("POST", "/first", body=b"{}"), "POST").status, 201)
        reply = wire.ask(request(method, "/x", *fields, body=body), method)
    return reply, [r for r in upstream.requests if r.target == "/x"]


def check_once(method, failure, *fields, **more):
    """Sent once, and the client is told: 502."""
    reply, sent = attempts([failure, echo], method, *fields, **more)
    equal((reply.status, len(sent)), (502, 1), "%s: the status and how often it was sent" % method)


def check_again(method, failure, *fields, status=200, script=echo, **more):
    """Sent twice, the same both times; the client sees the second answer."""
    reply, sent = attempts([failure, script], method, *fields, **more)
    equal((reply.status, len(sent)), (status, 2), "%s: the status and how often it was sent" % method)
    equal(sent[0].body, sent[1].body, "the second body")
    equal(sent[0].field("Idempotency-Key"), sent[1].field("Idempotency-Key"), "the second key")
    return sent


def test_safe_methods_are_sent_again():
    for method in ("GET", "HEAD", "OPTIONS"):
        for failure in (RESET, END):
            check_again(method, failure, script=says(answer()) if method == "HEAD" else echo)


def test_no_other_method_is_sent_again():
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for failure in (RESET, END):
            check_once(method, failure, body=b"{}")


def test_get_is_not_sent_again_for_ever():
    reply, sent = attempts([RESET], "GET")
    equal(reply.status, 502)
    assert 2 <= len(sent) <= 3, "sent %d times" % len(sent)


def test_nothing_is_sent_again_behind_the_first_byte():
    for steps in ((b"H", RESET), (b"HTTP/1.1 200 OK\r\n", RESET), (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", END)):
        check_once("GET", says(*steps))
        check_once("POST", says(*steps), KEY, body=b"{}", route=IDEMPOTENT)


def test_no_bad_answer_is_asked_for_again():
    check_once("GET", says(b"nonsense\r\n\r\n", END))
    for status in (500, 502, 503, 504):
        reply, sent = attempts([says(answer(status="%d Trouble" % status)), echo], "GET")
        equal((reply.status, len(sent)), (status, 1))


def test_nothing_is_sent_again_behind_a_timeout():
    for method in ("GET", "POST"):
        upstream = Upstream(in_turn(HANG, echo))
        with Front({"/**": (upstream, IDEMPOTENT)}, response_timeout=span(0.5)) as front:
            reply = ask(front.port, method, "/x", body=b"{}")
        equal((reply.status, len(upstream.requests)), (504, 1), method)


def test_a_post_without_a_key_gets_one_made():
    upstream = Upstream()
    with Front(upstream) as front, Wire(front.port) as wire:
        for _ in range(3):
            equal(wire.ask(request("POST", "/x", body=b"{}"), "POST").status, 200)
        equal(wire.ask(request("POST", "/x", KEY, body=b"{}"), "POST").status, 200)
        equal(wire.ask(request("GET", "/x")).status, 200)
    keys = [r.fields.all("Idempotency-Key") for r in upstream.requests]
    assert all(len(k) == 1 and k[0].startswith("gw-") and 8 < len(k[0]) < 256 for k in keys[:3]), keys
    equal((len({k[0] for k in keys[:3]}), keys[3], keys[4]), (3, ["key-1"], []))
    times = [int(k[0][3:15], 16) for k in keys[:3]]             # by time, for the upstream's index, as in a UUID of version 7
    assert times == sorted(times) and abs(times[0] / 1000 - time.time()) < 60 * SLOWER, keys


def test_a_post_to_an_upstream_that_echoes_keys_is_sent_again():
    """It has shown so in an answer before: a key of ours or of the client's, the same both times."""
    for failure in (RESET, END):
        sent = check_again("POST", failure, body=b'{"qty":5}', first=echoing(), script=echoing(), status=201)
        assert sent[0].field("Idempotency-Key").startswith("gw-"), sent[0].fields
        sent = check_again("POST", failure, KEY, body=b'{"qty":5}', first=echoing(), script=echoing(), status=201)
        equal(sent[0].field("Idempotency-Key"), "key-1")


def test_a_post_that_got_there_is_not_said_to_have_been_refused():
    """The upstream is gone at the second try. The client does not know the key that was made: if it asks again, there may be two orders."""
    def goes_away(talk, request):
        talk.upstream.listener.shutdown(socket.SHUT_RDWR)
        END(talk, request)
    for fields, status in (((), 502), ((KEY,), 503)):
        reply, sent = attempts([goes_away], "POST", *fields, body=b"{}", first=echoing())
        equal((reply.status, len(sent), reply.field("Retry-After")), (status, 1, None if status == 502 else "1"))


def test_a_post_on_a_route_said_to_be_idempotent_is_sent_again():
    sent = check_again("POST", RESET, body=b'{"qty":5}', route=IDEMPOTENT, script=says(MADE), status=201)
    assert sent[0].field("Idempotency-Key").startswith("gw-"), sent[0].fields


def test_a_post_to_an_upstream_that_echoes_nothing_is_sent_once():
    check_once("POST", RESET, body=b"{}", first=says(MADE))
    check_once("POST", END, body=b"{}", first=says(MADE))


def test_an_echo_of_another_key_shows_nothing():
    check_once("POST", RESET, body=b"{}", first=says(answer(b"{}", b"Idempotency-Key: another", status="201 Created")))


def test_a_409_to_a_second_try_is_waited_for():
    """The first try's transaction is still under way: its own 409 is not the client's."""
    conflict = says(answer(b"{}", status="409 Conflict"))
    reply, sent = attempts([RESET, conflict, conflict, echoing()], "POST", body=b"{}", first=echoing())
    equal((reply.status, reply.body), (201, b'{"made":1}'))
    equal((len(sent), len({r.field("Idempotency-Key") for r in sent})), (4, 1), "how often it was sent, and its keys")


def test_a_409_to_the_first_try_is_the_answer():
    reply, sent = attempts([says(answer(b"taken", status="409 Conflict")), echoing()], "POST", body=b"{}", first=echoing())
    equal((reply.status, reply.body, len(sent)), (409, b"taken", 1))


def test_a_large_body_is_sent_again_whole_or_not_at_all():
    body = bytes(range(256)) * 12000                            # 3 MB, of which the gateway need not keep all
    upstream = Upstream(in_turn(RESET, echoing()))
    with Front({"/**": (upstream, IDEMPOTENT)}, response_timeout=span(5)) as front:
        reply = ask(front.port, "POST", "/x", body=body)
    sizes = [r.size for r in upstream.requests if r.whole]
    assert (reply.status, len(upstream.requests)) in ((201, 2), (502, 1)), (reply, upstream.requests)
    equal(set(sizes), {len(body)}, "the sizes of the bodies")


def late_upstream(wire, upstream, in_chunks, body):
    """Its first pieces come before the upstream listens, the others before, between and after the tries."""
    def frame(piece):
        return chunked(piece)[:-5] if in_chunks else piece
    listening = threading.Timer(0.007, upstream.listen)
    wire.say(b"POST /x HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n" %
             (b"Transfer-Encoding: chunked" if in_chunks else b"Content-Length: %d" % len(body)) + frame(body[:70000]))
    listening.start()
    for at in range(70000, len(body), 100):
        wire.say(frame(body[at:at + 100]))
        time.sleep(0.0003)
    if in_chunks:
        wire.say(b"0\r\n\r\n")
    reply = wire.reply("POST")
    listening.join()
    return reply


def test_a_body_that_goes_on_between_two_tries_is_not_cut():
    body = bytes(range(256)) * 400
    for in_chunks in (True, False) * 3:
        upstream = Upstream(refuses=True)
        with Front(upstream, response_timeout=span(5)) as front, Wire(front.port) as wire:
            reply = late_upstream(wire, upstream, in_chunks, body)
            assert reply.status in (200, 503), reply            # 503: both tries were too early
        equal([r.body == body and r.whole for r in upstream.requests], [True] * (reply.status == 200), "the bodies")


def idle_close(method, how, **more):
    """The upstream ends a connection that waits in the pool; the next request must not suffer."""
    closed = threading.Event()

    def first(talk, asked):
        echo(talk, asked)
        talk.hang(0.1)
        how(talk, asked)
        closed.set()
    upstream = Upstream(in_turn(first, echo))
    with Front(upstream, threads=1) as front, Wire(front.port) as wire:
        equal(wire.ask(request("GET", "/first")).status, 200)
        assert closed.wait(10 * SLOWER)
        reply = wire.ask(request(method, "/second", **more), method)
        equal(reply.status, 200, "%s after an end in the pool" % method)
    equal(upstream.paths(), ["GET /first", method + " /second"])


def end_quietly(talk, _):
    """A FIN, without waiting for theirs."""
    talk.over = True
    talk.sock.shutdown(1)


def test_a_connection_that_ended_in_the_pool_harms_nobody():
    for method in ("GET", "POST", "DELETE"):
        for how in (end_quietly, RESET):
            idle_close(method, how, body=b"" if method == "GET" else b"{}")


def race(method, *fields, route=None, status=200):
    """The upstream resets a kept connection just when the next request comes, without reading it."""
    upstream = Upstream(in_turn(echo, RESET, echo))
    with Front({"/**": (upstream, route or {})}, threads=1) as front, Wire(front.port) as wire:
        equal(wire.ask(request("GET", "/first")).status, 200)
        reply = wire.ask(request(method, "/second", *fields, body=b"" if method == "GET" else b"{}"), method)
    return reply.status, upstream.paths()[1:]


def test_a_kept_connection_that_resets():
    equal(race("GET"), (200, ["GET /second"] * 2))
    equal(race("POST"), (502, ["POST /second"]))
    equal(race("DELETE"), (502, ["DELETE /second"]))
    equal(race("POST", KEY, route=IDEMPOTENT), (200, ["POST /second"] * 2))


def test_many_dead_connections_in_the_pool():
    """After an upstream's restart all of them are dead."""
    gate = threading.Barrier(20)

    def script(talk, asked):
        if asked.target == "/first":
            gate.wait(10 * SLOWER)
            echo(talk, asked)
            talk.hang(0.2)
            end_quietly(talk, asked)
        else:
            echo(talk, asked)
    upstream = Upstream(script)
    with Front(upstream) as front:
        wires = [Wire(front.port) for _ in range(20)]
        for wire in wires:
            wire.say(request("GET", "/first"))
        for wire in wires:
            equal(wire.reply().status, 200)
        until(lambda: all(talk.ended_at for talk in upstream.talks))
        for wire in wires:
            equal(wire.ask(request("POST", "/second", body=b"{}"), "POST").status, 200)
            wire.close()
    equal(sum(r.method == "POST" for r in upstream.requests), 20)


def test_a_failing_upstream_is_not_asked_twice_as_often():
    """A budget for retries: only some of many failing requests are sent again."""
    upstream = Upstream(RESET)
    with Front(upstream) as front, concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: ask(front.port).status, range(500)))
    equal(set(statuses), {502})
    assert len(upstream.requests) < 800, "%d requests for 500" % len(upstream.requests)
