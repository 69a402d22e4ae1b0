"""Faults of upstreams that are switched on at the gateway's admin listener: what clients see, and what retries and breakers make of it.

The upstreams are well. A fault is aimed at a route by its id; another route must not feel it.
"""
import contextlib

from client import ask
from front import SLOWER, Front, ports, span
from mall import equal, until
from upstream import Upstream, answer, echo, in_turn

BREAKER = {"filters": [{"name": "CircuitBreaker", "args": {
    "name": "b", "slidingWindowSize": 4, "minimumNumberOfCalls": 4, "waitDurationInOpenState": "%ds" % (3 * SLOWER),
    "permittedNumberOfCallsInHalfOpenState": 1}}]}
IDEMPOTENT = {"metadata": {"idempotency": True}}


class Switched:
    """A gateway with a route `aim`, which faults are for, and a route `other`."""

    def __init__(self, script=echo, **route):
        self.upstream, self.other = Upstream(lambda talk, asked: script(talk, asked)), Upstream()
        self.front = Front({"/aim/**": (self.upstream, route), "/other/**": self.other}, response_timeout=span(0.5),
                           admin_port=ports.reserve())

    def __enter__(self):
        self.front.__enter__()
        self.admin = self.front.daemon.admin
        return self

    def __exit__(self, *trouble):
        return self.front.__exit__(*trouble)

    def ask(self, method="GET", path="/aim/x"):
        return ask(self.front.port, method, path, body=b"{}" if method == "POST" else b"")

    @contextlib.contextmanager
    def fault(self, kind, **members):
        """Its path; while it is on the other route answers."""
        made = self.admin.post("/faults", {"kind": kind, "routeId": "aim", **members})
        assert made.status == 201 and "warning" not in made.body, made.text
        yield made.headers["location"]
        equal(self.ask("GET", "/other/x").status, 200, "another route's")
        self.admin.delete("/faults")
        equal(self.ask().status, 200, "GET once %s is over" % kind)

    def injected(self, fault):
        return self.admin.get(fault).body["injected"]


def test_an_upstream_that_answers_too_late_is_504_and_not_asked_again():
    with Switched() as s:
        for method in ("GET", "POST"):
            with s.fault("upstream-latency", delay="1min") as fault:
                before = len(s.upstream.requests)
                equal(s.ask(method).status, 504)
                equal((s.injected(fault), len(s.upstream.requests) - before), (1, 1), "%s: how often it was late, and asked" % method)
        with s.fault("upstream-latency", delay="1ms") as fault:
            equal((s.ask().status, s.injected(fault)), (200, 1), "an answer that is late and yet in time")


def test_an_upstream_that_breaks_is_502_and_only_what_is_safe_is_sent_again():
    with Switched() as s, s.fault("upstream-broken") as fault:
        for method, times in (("POST", 1), ("DELETE", 1), ("GET", 2)):
            struck, before = s.injected(fault), len(s.upstream.requests)
            equal(s.ask(method).status, 502, method)
            equal((s.injected(fault) - struck, len(s.upstream.requests) - before), (times, times), "%s: how often it broke, and was sent" % method)


def ends_it_at_the_second(s):
    """What the upstream does: the first answer breaks, the second is after the fault."""
    return in_turn(echo, lambda talk, asked: (s.admin.delete("/faults"), echo(talk, asked)), echo)


def test_what_is_sent_again_is_answered_by_an_upstream_that_breaks_once():
    for method, route in (("GET", {}), ("POST", IDEMPOTENT)):
        with Switched(lambda talk, asked: script(talk, asked), **route) as s:
            script = ends_it_at_the_second(s)
            with s.fault("upstream-broken"):
                equal(s.ask(method).status, 200, method)
                sent = [r for r in s.upstream.requests if r.method == method]
                equal((len(sent), len({r.field("Idempotency-Key") for r in sent})), (2, 1), "%s: how often it was sent, and its keys" % method)


def test_an_upstream_that_refuses_is_503_whatever_the_method_and_sees_nothing():
    with Switched() as s, s.fault("upstream-refused"):
        for method in ("GET", "POST", "PUT", "DELETE", "HEAD"):
            reply = s.ask(method)
            equal((reply.status, reply.field("Retry-After")), (503, "1"), method)
        equal(s.upstream.requests, [])


def opens_the_breaker_which_closes_when_it_is_over(kind, status, **members):
    with Switched(lambda talk, _: talk.say(answer(b"well")), **BREAKER) as s:
        fault = s.admin.post("/faults", {"kind": kind, "routeId": "aim", **members}).headers["location"]
        equal([s.ask("POST").status for _ in range(4)], [status] * 4, kind)
        struck, seen = s.injected(fault), len(s.upstream.requests)
        equal([s.ask("POST").status for _ in range(5)], [503] * 5, "while the breaker is open")
        equal((s.injected(fault), len(s.upstream.requests)), (struck, seen), "how often it struck, and the requests that went on")
        equal(s.ask("GET", "/other/x").status, 200, "another route's")
        equal(s.admin.delete("/faults").body, {"ended": 1})
        until(lambda: s.ask("POST").status == 200)
        equal([s.ask("POST").status for _ in range(5)], [200] * 5, "once it has closed")


def test_upstreams_that_are_late_open_the_breaker_which_closes_when_it_is_over():
    opens_the_breaker_which_closes_when_it_is_over("upstream-latency", 504, delay="1min")


def test_upstreams_that_break_open_the_breaker_which_closes_when_it_is_over():
    opens_the_breaker_which_closes_when_it_is_over("upstream-broken", 502)


def test_upstreams_that_refuse_open_the_breaker_which_closes_when_it_is_over():
    opens_the_breaker_which_closes_when_it_is_over("upstream-refused", 503)
