"""A collector that hangs, refuses, dies: no request waits for it, what cannot be kept is counted, and memory is bounded."""
import contextlib
import re
import subprocess
import time

from collector import Collector
from mall import SLOWER, equal, until, until_equal
from traced import Traced, trace_of

FEW = ("gateway", "order")
MANY = 60000                                                    # spans; the queue has room for some 2,000
MEMORY = 24 << 20                                               # bytes that a daemon may grow by meanwhile; without a bound it would be more


def memory(daemon):
    with open("/proc/%d/status" % daemon.process.pid, encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) << 10


def dropped(daemon):
    return daemon.metric("mall_spans_dropped_total") or 0


def hurry(daemon, spans):
    """Requests until the daemon has dropped so many spans."""
    wanted = dropped(daemon) + spans

    def some():
        subprocess.run(["wrk", "-t1", "-c8", "-d1s", "http://127.0.0.1:%d/orders/1" % daemon.port], stdout=subprocess.DEVNULL, check=True)
        return dropped(daemon) >= wanted
    until(some, 120)


def one_order(mall):
    """Whatever the collector does: its trace."""
    def ask():
        equal(mall.place().status, 201)
    return trace_of(mall.gateway, "POST", ask)


def comes(collector, trace, spans=3):
    """gateway's two and order's at least."""
    until(lambda: len(collector.spans(trace)) >= spans)


def some_come(collector, mall):
    """Spans of some order of many: the first may still find no room."""
    traces = []

    def one_more():
        traces.append(one_order(mall))
        return any(collector.spans(trace) for trace in traces)
    until(one_more, every=0.2)


@contextlib.contextmanager
def bounded(misbehave):
    """A mall whose collector does that, and whose memory was looked at meanwhile."""
    with Collector() as collector, Traced(collector.url, only=FEW) as mall:
        comes(collector, one_order(mall))
        misbehave(collector)
        for _ in range(20):
            one_order(mall)
        hurry(mall.order, MANY // 10)
        before = memory(mall.order)
        hurry(mall.order, MANY)
        grown = memory(mall.order) - before
        assert grown < MEMORY * SLOWER, "order grew by %d bytes over %d spans" % (grown, MANY)
        one_order(mall)
        yield mall, collector


def test_a_collector_that_hangs():
    with bounded(Collector.hang) as (mall, collector):
        collector.answer()
        some_come(collector, mall)


def test_a_collector_that_is_dead():
    with bounded(Collector.die) as (mall, collector):
        collector.come_back()
        some_come(collector, mall)


def test_a_collector_that_wants_us_to_wait():
    """429 or 503 with Retry-After: the same spans come again, not before that time, and none is lost; once each where they are taken."""
    for status in (429, 502, 503, 504):
        with Collector() as collector:
            with Traced(collector.url, only=FEW) as mall:
                collector.answer(status, retry_after=1, times=2)
                trace = one_order(mall)
                comes(collector, trace)
                equal(sum(dropped(daemon) for daemon in mall.daemons.values()), 0)
            spans = [span.id for span in collector.spans(trace)]
            equal(len(spans), len(set(spans)), "spans and different ones of them")
            tries = {}
            for request in collector.requests:
                tries.setdefault(request.spans[0].id, []).append(request)
            again = [found for found in tries.values() if len(found) > 1]
            assert again, "nothing was sent again behind %d" % status
            for found in again:
                for first, second in zip(found, found[1:]):
                    equal([span.id for span in first.spans], [span.id for span in second.spans], "what was sent again")
                    assert second.at - first.at > 0.95, "sent again after %.2f s, not 1" % (second.at - first.at)


def test_a_collector_that_refuses():
    """400 is no reason to send it again: dropped and counted. So is what a partial success says was rejected."""
    with Collector() as collector, Traced(collector.url, only=("order",)) as mall:
        collector.answer(400, times=1)
        mall.order.get("/orders/1")
        until_equal(lambda: dropped(mall.order), 1)
        mall.order.get("/orders/1")
        until_equal(lambda: len(collector.spans()), 1)
        equal(len(collector.requests), 2)
        collector.answer_partly(1, "too much")
        mall.order.get("/orders/1")
        until_equal(lambda: dropped(mall.order), 2)
        equal(len(collector.requests), 3)


def test_a_collector_that_dies_for_a_while_loses_little():
    """What waits in the queue comes once it is back."""
    with Collector() as collector, Traced(collector.url, only=FEW) as mall:
        comes(collector, one_order(mall))
        collector.die()
        traces = [one_order(mall) for _ in range(5)]
        collector.come_back()
        for trace in traces:
            comes(collector, trace)


def test_sigterm_sends_what_waits():
    with Collector() as collector:
        with Traced(collector.url, only=FEW, otel={"BSP_SCHEDULE_DELAY": 600000}) as mall:
            trace = one_order(mall)
            equal(collector.requests, [])
        comes(collector, trace)


def test_sigterm_ends_beside_a_collector_that_hangs_or_is_dead():
    """Traced wants each daemon to end with 0, which the watchdog after 27 s would not."""
    for misbehave in (Collector.hang, Collector.die, lambda collector: collector.answer(503, retry_after=600)):
        with Collector() as collector:
            with Traced(collector.url, only=FEW) as mall:
                misbehave(collector)
                one_order(mall)
                begin = time.monotonic()
            print("ended within %.1f s" % (time.monotonic() - begin))


slow = ("test_a_collector_that_hangs", "test_a_collector_that_is_dead", "test_a_collector_that_wants_us_to_wait")
