"""The gateway in front of upstreams that come and go, fail or are slow, and with many connections."""
import concurrent.futures
import contextlib
import os
import pathlib
import re
import resource
import socket
import subprocess
import threading
import time

from gateway_test import Wrk, a_mall, row
from mall import SLOWER, VARIANT, CannotTell, Daemon, Load, equal, until, until_equal
from upstream import BlackHole, Upstream, answer, echo, in_turn, says   # lies in tests/gateway/, which gateway_test knows

alone = ("test_many_connections_cost_little_and_leave_nothing",)
MOUNTS = ("unshare", "--mount", *(("--map-root-user",) if os.getuid() else ()))     # a mount namespace for the command after it
FIRST, SECOND = "127.0.0.1", "127.0.0.2"


POOL = "      httpclient: {pool: {max-life-time: 1000}}\n"


# ---- a name with addresses that come and go ----

class Names:
    """An /etc/hosts of the gateway's own, in which the name is `twin`."""

    def __init__(self, mall, *addresses):
        self.path = mall.directory / "hosts"
        self.say(*addresses)
        mall.gateway.launcher = (*MOUNTS, "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', self.path)

    def say(self, *addresses):
        """In one write and at one length, so that no reader sees half of it."""
        text = "".join("%s twin\n" % address for address in addresses).ljust(200, "\n").encode()
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o644)
        os.pwrite(file, text, 0)
        os.close(file)


@contextlib.contextmanager
def twins(*addresses):
    """(a mall whose /orders lead to `twin`, the names): order on the first address, another one, `second`, on the second."""
    if subprocess.call([*MOUNTS, "true"], stderr=subprocess.DEVNULL) != 0:
        raise CannotTell("no mounts of a process's own here: that takes root or user namespaces")
    mall = a_mall("{id: twin, uri: 'http://twin:%(order)d', predicates: [Path=/orders/**]}", gateway=POOL, drain="1s")
    directory = mall.directory / "second"
    directory.mkdir()
    second = Daemon("order", directory, {"address": SECOND, "drain": "1s"}, mall.order.port)
    second.host = SECOND
    mall.daemons["second"] = second
    names = Names(mall, *addresses)
    with mall:
        yield mall, names


def taken(daemon):
    """Orders until now."""
    return daemon.get("/orders?size=1").body["page"]["totalElements"]


def gets_traffic(daemon, seconds):
    before = taken(daemon)
    until(lambda: taken(daemon) > before + 20, seconds)


def avoided(mall):
    return re.search(r'avoided for a while.*"%s:%d"' % (re.escape(SECOND), mall.order.port), mall.gateway.log())


def test_one_of_two_addresses_restarts_at_no_requests_cost():
    with twins(FIRST, SECOND) as (mall, _):
        with Load(mall.gateway.port) as load, Wrk(mall.gateway.port) as wrk:
            gets_traffic(mall.order, 40)
            gets_traffic(mall.second, 40)
            assert not avoided(mall), mall.gateway.log()
            equal(mall.second.stop(), 0)
            gets_traffic(mall.order, 40)
            until(lambda: avoided(mall), 5)
            mall.second.start()
            gets_traffic(mall.second, 40)
        equal(load.failed, [])
        wrk.check()
        equal(taken(mall.order) + taken(mall.second), len(load.acknowledged), "the orders in both")


def test_an_address_that_does_not_answer_is_passed_over():
    with twins(FIRST, SECOND) as (mall, _):
        equal(mall.second.stop(), 0)
        hole = BlackHole(SECOND, mall.order.port)

        def is_passed_over():
            equal(mall.gateway.post("/orders", {"qty": 1}).status, 201)
            return avoided(mall)

        until(is_passed_over, 60, every=0.1)                    # by and by it is the one that is tried first
        equal(mall.gateway.post("/orders", {"qty": 1}).status, 201)
        hole.close()


def test_one_of_two_addresses_is_killed_at_no_reads_cost():
    with twins(FIRST, SECOND) as (mall, _):
        for _ in range(3):
            with Wrk(mall.gateway.port) as wrk:
                for daemon in (mall.order, mall.second):
                    until(lambda d=daemon: (d.metric("http_server_requests_seconds_count", method="GET", status="200") or 0) > 500, 25)
                mall.second.kill()
                time.sleep(0.5)
            wrk.check()
            mall.second.start()


def is_quiet(daemon):
    before = taken(daemon)
    time.sleep(0.3)
    return taken(daemon) == before


def test_a_name_is_followed_to_its_new_address():
    with twins(FIRST) as (mall, names), Load(mall.gateway.port) as load, Wrk(mall.gateway.port) as wrk:
        gets_traffic(mall.order, 40)
        equal(taken(mall.second), 0)
        names.say(SECOND)
        gets_traffic(mall.second, 40)                            # a name is believed for 5 s, a connection lives for 1.2 s at most
        until(lambda: is_quiet(mall.order), 20)
        gets_traffic(mall.second, 40)
        assert is_quiet(mall.order)
    equal(load.failed, [])
    wrk.check()

# ---- filters ----

def test_a_breaker_opens_falls_back_and_closes_again():
    sick = threading.Event()
    sick.set()
    flaky = Upstream(lambda talk, request: talk.say(answer(b"bad", status="500 Trouble") if sick.is_set() else answer(b"good")))
    breaker = "{name: CircuitBreaker, args: {name: b, fallbackUri: 'forward:/orders', statusCodes: [500], slidingWindowSize: 4, " \
              "minimumNumberOfCalls: 4, waitDurationInOpenState: 2s, permittedNumberOfCallsInHalfOpenState: 2}}"
    with contextlib.closing(flaky), a_mall(row("flaky", flaky, "filters: [%s]" % breaker)) as mall:
        orders = mall.gateway.get("/orders").text

        def ask():
            got = mall.gateway.get("/flaky/x")
            equal(got.status, 200)
            return "fallback" if got.text == orders else got.text

        equal([ask() for _ in range(8)], ["fallback"] * 8)
        equal(len(flaky.requests), 4, "how often it was asked before the breaker opened")
        until(lambda: ask() == "fallback" and len(flaky.requests) > 4, 5)
        until_equal(lambda: (ask(), len(flaky.requests))[1], 6, 1)
        equal(([ask() for _ in range(4)], len(flaky.requests)), (["fallback"] * 4, 6), "while it is open again")
        sick.clear()
        until(lambda: ask() == "good", 5)
        equal([ask() for _ in range(20)], ["good"] * 20, "once it has closed")


def test_a_limiter_says_how_many_are_left_and_429():
    limiter = "{name: RequestRateLimiter, args: {redis-rate-limiter.replenishRate: 1, redis-rate-limiter.burstCapacity: 3, " \
              "key-resolver: 'header:X-Who'}}"
    route = "{id: few, uri: 'http://localhost:%%(order)d', predicates: [Path=/orders/**], filters: [%s]}" % limiter
    with a_mall(route) as mall:
        got = [mall.gateway.get("/orders", X_Who="a") for _ in range(4)]
        equal([g.status for g in got], [200, 200, 200, 429])
        equal([g.headers["x-ratelimit-remaining"] for g in got], ["2", "1", "0", "0"])
        for name, number in (("replenish-rate", "1"), ("burst-capacity", "3"), ("requested-tokens", "1")):
            equal([g.headers["x-ratelimit-" + name] for g in got], [number] * 4, name)
        equal(got[3].headers["content-type"], "application/problem+json")
        equal(mall.gateway.get("/orders", X_Who="b").status, 200, "another one's")
        until_equal(lambda: mall.gateway.get("/orders", X_Who="a").status, 200, 3)


def test_more_in_flight_than_may_be_is_503_at_once():
    slow = Upstream(lambda talk, request: (talk.hang(), talk.say(answer(b"late"))))
    with a_mall(row("slow", slow, "metadata: {max-in-flight: 2}")) as mall, concurrent.futures.ThreadPoolExecutor(2) as pool:
        with contextlib.closing(slow):
            told = [pool.submit(mall.gateway.get, "/slow/x") for _ in range(2)]
            until(lambda: len(slow.requests) == 2)
            for _ in range(5):
                refused = mall.gateway.get("/slow/x")
                equal((refused.status, refused.headers["retry-after"]), (503, "1"))
                assert "route slow" in refused.body["detail"], refused.text
            assert not any(t.done() for t in told), "those refused waited for the ones in flight"
            equal(mall.gateway.get("/orders").status, 200, "another route's")
            slow.release()
            equal([t.result().text for t in told], ["late"] * 2)
            until_equal(lambda: mall.gateway.get("/slow/x").text, "late", 3)
            equal(len(slow.requests), 3, "the requests that reached it")


def test_the_retry_filter_asks_a_flaky_upstream_again():
    away = says(answer(status="503 Away"))
    flaky = Upstream(in_turn(away, away, echo, away, away, echo, away))
    retry = "filters: [{name: Retry, args: {retries: 2, statuses: SERVICE_UNAVAILABLE, backoff: {firstBackoff: 20ms, factor: 2}}}]"
    with contextlib.closing(flaky), a_mall(row("flaky", flaky, retry), only=("gateway",)) as mall:
        equal(mall.gateway.get("/flaky/1").status, 200, "GET, the third try")
        equal(mall.gateway.post("/flaky/2", {}).status, 503, "POST")
        equal(mall.gateway.get("/flaky/3").status, 200, "GET, the second try")
        equal(mall.gateway.get("/flaky/4").status, 503, "GET, too often")
    equal([r.target for r in flaky.requests], ["/flaky/%s" % n for n in "111233444"])


# ---- many ----

def idle_connections(port, count):
    """Each has had an answer."""
    idle = [socket.create_connection(("127.0.0.1", port), timeout=30 * SLOWER) for _ in range(count)]
    for some in (idle[at:at + 100] for at in range(0, count, 100)):
        for connection in some:
            connection.sendall(b"GET /orders HTTP/1.1\r\nHost: a\r\n\r\n")
        for connection in some:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    return idle


def resident(daemon):
    """MB; under a sanitizer they say nothing, and are 0."""
    status = pathlib.Path("/proc/%d/status" % daemon.process.pid).read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024 if VARIANT == "release" else 0


def descriptors(daemon):
    return len(os.listdir("/proc/%d/fd" % daemon.process.pid))


def test_many_connections_cost_little_and_leave_nothing():
    """500 at work: 64 MB. 2,000 that are kept: 64 KB each, of which 38 are where the HTTP library reads heads."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with a_mall(gateway="      httpclient: {pool: {max-idle-time: 1000}}\n", max_connections=4000) as mall:
        mall.order_one()
        equal(mall.gateway.get("/orders").status, 200)
        before = descriptors(mall.gateway)

        def is_settled():                                       # a connection to order is closed when the pool next looks at it and finds it too old
            return [mall.gateway.get("/orders").status for _ in range(8)] == [200] * 8 and descriptors(mall.gateway) <= before + 4

        with Wrk(mall.gateway.port, connections=500) as wrk:
            time.sleep(5)
            used = resident(mall.gateway)
        wrk.check()
        assert used < 64, "%d MB at work" % used
        until(is_settled, 15, every=1.5)
        rested = resident(mall.gateway)
        idle = idle_connections(mall.gateway.port, 2000)
        used = resident(mall.gateway)
        assert used - rested < 2000 * 64 / 1024, "%d MB above %d for those that are kept" % (used - rested, rested)
        for connection in idle:
            connection.close()
        until(is_settled, 15, every=1.5)
        assert resident(mall.gateway) < 64, "%d MB at last" % resident(mall.gateway)
