"""The gateway in front of real services: a service dies, the routes change, the gateway stops."""
import concurrent.futures
import contextlib
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

from mall import BIN, DAEMONS, SERVICES, TOP, CannotTell, Load, Mall, equal, routes_file, until, until_equal

sys.path.append(str(TOP / "tests/gateway"))
from upstream import Upstream, answer, says            # noqa: E402 (lies in tests/gateway/)

ORDER = {"productId": "1001", "productName": "TV", "qty": 1, "customerId": "100"}
# a program that it starts may be traced by any process, also where the kernel lets only parents trace
TRACEABLE = (sys.executable, "-c", "import ctypes, os, sys; ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(-1), 0, 0, 0); "
             "os.execv(sys.argv[1], sys.argv[1:])")


def routes_of(mall, *more, gateway=""):
    """The file of its routes, after some more: lines of YAML, %(order)d is a port. gateway: lines beside the routes."""
    ports_of = {name: daemon.port for name, daemon in mall.daemons.items()}
    text = routes_file({name: ports_of.get(name, 1) for name in DAEMONS})
    rows = "".join("        - %s\n" % (route % ports_of) for route in more)
    return text.replace("      routes:\n", gateway + "      routes:\n" + rows)


def row(name, upstream, more=""):
    """A route to a scripted upstream."""
    return "{id: %s, uri: 'http://127.0.0.1:%d', predicates: ['Path=/%s/**'], %s}" % (name, upstream.port, name, more)


def a_mall(*routes, only=("order", "gateway"), gateway="", **settings):
    """A mall whose gateway has these routes too."""
    mall = Mall(only=only, **settings)
    (mall.directory / "application.yml").write_text(routes_of(mall, *routes, gateway=gateway))
    return mall


class Wrk:
    """GETs on connections that are kept, as long as it lasts."""

    def __init__(self, port, path="/orders", connections=20):
        self.process = subprocess.Popen(["wrk", "-t2", "-c%d" % connections, "-d60s", "--timeout", "20s",
                                         "http://127.0.0.1:%d%s" % (port, path)], stdout=subprocess.PIPE, text=True)
        self.text, self.requests = "", 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)                 # wrk prints its numbers then
        self.text = self.process.communicate(timeout=60)[0]
        self.requests = int((re.search(r"(\d+) requests in", self.text) or ["", "0"])[1])

    def check(self, refused=False):
        """Each request got a good answer. refused: connections may be refused (a write fails then); nothing was sent on those."""
        good = "Socket errors" not in self.text or refused and re.search(r"connect \d+, read 0, write \d+, timeout 0", self.text)
        assert self.requests and good and "Non-2xx" not in self.text, self.text


# ---- order dies with a request of the gateway's ----

def armed(daemon, syscall, what, path):
    """A process that does `what` (signal=KILL:when=2) to the daemon's threads in that system call, for this file."""
    tracer = subprocess.Popen(["strace", "-f", "-p", str(daemon.process.pid), "-o", "/dev/null", "-e", "trace=" + syscall,
                               "-e", "inject=%s:%s" % (syscall, what), *(("-P", str(path)) if path else ())],
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = tracer.stderr.readline()
    if "Operation not permitted" in said:
        raise CannotTell(said)
    assert "attached" in said, said
    return tracer


def rows_of(mall):
    """The orders in the file of an order that is not running."""
    with contextlib.closing(sqlite3.connect(mall.directory / "order.db")) as db:
        return db.execute("SELECT count(*) FROM orders").fetchone()[0]


def revived(mall, pause, found):
    """Waits for order's death and starts it again."""
    mall.order.wait(30)
    found.append(rows_of(mall))
    time.sleep(pause)
    mall.order.start()


def connections(daemon):
    """How many it has, its listener included."""
    count = 0
    for fd in pathlib.Path("/proc/%d/fd" % daemon.process.pid).iterdir():
        with contextlib.suppress(FileNotFoundError):            # closed meanwhile
            count += os.readlink(fd).startswith("socket:")
    return count


def killed(mall, point, kept, pause=0.0):
    """(the answer to a POST through the gateway in which order dies, how many orders were made by then, and how many at last);
    kept: connections that the gateway has to order"""
    syscall, when, path, _ = POINTS[point]
    until_equal(lambda: mall.order.metric("mall_outbox_pending"), 0)
    before, found = len(mall.order.rows("orders")), []
    until_equal(lambda: connections(mall.order), 1 + kept)      # it only has the request left to read
    tracer = armed(mall.order, syscall, "signal=KILL:when=%d" % when, path and mall.directory / path)
    reviver = threading.Thread(target=revived, args=(mall, pause, found))
    reviver.start()
    try:
        made = mall.gateway.post("/orders", ORDER)
    finally:
        reviver.join()
        tracer.wait(30)
    return made, found[0] - before, len(mall.order.rows("orders")) - before


# when order dies: as it enters this system call for the nth time, for this file; is the order made by then (None: perhaps)?
POINTS = {"it reads the request": ("recvfrom", 1, None, 0),
          "the transaction is to be written": ("pwrite64", 1, "order.db-wal", 0),
          "the commit is being synced": ("fdatasync", 1, "order.db-wal", None),
          "it answers": ("sendmsg", 1, None, 1)}
KEEPS = "{id: keeps, uri: 'http://localhost:%%(order)d', predicates: [Path=/orders/**], metadata: {idempotency: %s}}"


def killed_everywhere(*routes, seen, status, pauses=(0,)):
    """A POST; order dies at each of its points in turn. After 201 there is one order, else only what was made by then.
    seen: the gateway knows by an earlier answer that order keeps keys."""
    with a_mall(*routes) as mall:
        mall.order.stop()
        mall.order.launcher = TRACEABLE
        mall.order.start()
        for point in POINTS:
            for pause in pauses:
                equal(mall.gateway.stop(), 0)
                mall.gateway.start()
                if seen:
                    equal(mall.gateway.post("/orders", ORDER).status, 201)
                made, early, all_told = killed(mall, point, int(seen), pause)
                assert POINTS[point][3] in (None, early), "order died when %s, and there were %d" % (point, early)
                equal((made.status, all_told), (status, 1 if status == 201 else early), "the status and the orders, killed when " + point)
                if status == 201:
                    equal(mall.order.get("/orders/%d" % made.id).body["customerId"], "100")
                    assert "idempotency-key" not in made.headers, made.headers


def test_a_post_in_which_order_dies_makes_one_order_where_the_gateway_saw_it_keep_keys():
    killed_everywhere(seen=True, status=201, pauses=(0, 1.5))


def test_the_first_post_in_which_order_dies_makes_one_order_where_its_route_says_that_it_keeps_keys():
    killed_everywhere(KEEPS % "true", seen=False, status=201)


def test_a_post_in_which_order_dies_is_502_where_its_route_says_that_it_keeps_no_keys():
    killed_everywhere(KEEPS % "false", seen=True, status=502)


def test_the_first_post_in_which_order_dies_is_502_where_nobody_says_that_it_keeps_keys():
    killed_everywhere(seen=False, status=502)


# ---- the routes change ----

def configmap(directory, version, text):
    """As kubelet does it: application.yml -> ..data/application.yml, ..data -> ..VERSION, replaced in one step."""
    new, old = directory / ("..%s" % version), directory.exists() and os.path.realpath(directory / "..data")
    new.mkdir(parents=True)
    (new / "application.yml").write_text(text)
    (directory / "..data_tmp").symlink_to(new.name)
    os.replace(directory / "..data_tmp", directory / "..data")
    if not old:
        (directory / "application.yml").symlink_to("..data/application.yml")
    elif old != str(directory / "..data"):
        shutil.rmtree(old)


NEW = "{id: new%d, uri: 'http://localhost:%%(order)d', predicates: [Path=/new%d], filters: [SetPath=/orders]}"


def changed_under_load(change, times, signals):
    """change(mall, number) makes /new<number> a route, the ones before are gone: within 3 s, at no request's cost."""
    with a_mall() as mall:
        change(mall, 0)
        mall.gateway.stop()
        mall.gateway.settings["routes"] = mall.directory / "config/application.yml"
        mall.gateway.start()
        with Wrk(mall.gateway.port) as wrk, Load(mall.gateway.port) as load:
            until(lambda: len(load.acknowledged) > 20)
            for number in range(1, times + 1):
                equal(mall.gateway.get("/new%d" % (number - 1)).status, 200, "the old route")
                change(mall, number)
                if signals:
                    mall.gateway.signal(signal.SIGHUP)
                until(lambda: mall.gateway.get("/new%d" % number).status == 200, 3)
                equal(mall.gateway.get("/new%d" % (number - 1)).status, 404, "the route that is gone")
        wrk.check()
        equal(load.stop().failed, [])
        shown = [r["route_id"] for r in mall.gateway.management.get("/actuator/gateway/routes").body]
        equal(shown, ["new%d" % times, *SERVICES], "the routes shown")


def in_place(mall, number):
    (mall.directory / "config").mkdir(exist_ok=True)
    (mall.directory / "config/application.yml").write_text(routes_of(mall, NEW % (number, number)))


def test_a_changed_file_is_in_force_soon_at_no_requests_cost():
    changed_under_load(in_place, 2, signals=False)


def test_a_changed_file_is_in_force_upon_sighup_at_no_requests_cost():
    changed_under_load(in_place, 20, signals=True)


def test_a_changed_configmap_is_in_force_soon_at_no_requests_cost():
    changed_under_load(lambda mall, number: configmap(mall.directory / "config", number, routes_of(mall, NEW % (number, number))), 2,
                       signals=False)


def bad_files(mall):
    """(text, line, part of the reason)"""
    return ((routes_of(mall, "{id: x, uri: 'http://localhost:1', predicates: [Path=/x], filters: [Polish=1]}"), 8, "Polish"),
            (routes_of(mall, "{id: x, uri: 'lb://order', predicates: [Path=/x]}"), 8, "lb://"),
            (routes_of(mall) + "   - [", 18, "YAML"))


def test_a_bad_file_keeps_the_old_routes_and_says_why():
    with a_mall() as mall:
        file = mall.directory / "application.yml"
        for text, line, reason in bad_files(mall):
            for signals in (False, True):
                said = len(mall.gateway.log())
                file.write_text(text)
                if signals:
                    mall.gateway.signal(signal.SIGHUP)
                told = until(lambda: re.search(r".*the old routes stay.*", mall.gateway.log()[said:]), 3)[0]
                assert "%s:%d: " % (file, line) in told and reason in told, told
                equal(mall.gateway.get("/orders").status, 200)
                equal(len(mall.gateway.management.get("/actuator/gateway/routes").body), 3)
        file.write_text(routes_of(mall, NEW % (1, 1)))
        until(lambda: mall.gateway.get("/new1").status == 200, 3)


def test_a_file_that_changes_while_it_is_read_is_read_again():
    with a_mall() as mall:
        mall.gateway.stop()
        mall.gateway.launcher = TRACEABLE
        mall.gateway.start()
        file, tracer = mall.directory / "application.yml", None
        try:
            tracer = armed(mall.gateway, "read", "delay_exit=1500000:when=1", file)
            file.write_text(routes_of(mall, NEW % (1, 1)))
            mall.gateway.signal(signal.SIGHUP)
            time.sleep(0.5)                                     # a third of what its first read takes
            file.write_text(routes_of(mall, NEW % (2, 2)))
            until(lambda: mall.gateway.get("/new2").status == 200, 5)
        finally:
            tracer.terminate()
            tracer.wait(30)


def check_routes(path):
    done = subprocess.run([BIN / "gateway", "--check-routes", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20)
    equal(done.stderr, "")
    return done.returncode, done.stdout


def test_check_routes_tells_good_files_from_bad_ones():
    with a_mall(only=("order",)) as mall:
        file = mall.directory / "routes.yml"
        file.write_text(routes_of(mall, NEW % (1, 1)) + "eureka: {client: {enabled: false}}\n")
        code, said = check_routes(file)
        equal((code, said.split("\n")[-2]), (0, "%s is good; routes: 4, warnings: 2" % file))  # the other: CORS open to all
        assert re.match(r"route new1 to http://localhost:\d+: .*/new1.* through .*SetPath.*\nroute order to ", said), said
        assert "\nwarning: %s:19: " % file in said, said
        for text, line, reason in bad_files(mall):
            file.write_text(text)
            code, said = check_routes(file)
            assert code == 1 and said.startswith("error: %s:%d: " % (file, line)) and reason in said and said.count("\n") == 1, (code, said)
        code, said = check_routes(mall.directory / "none.yml")
        assert code == 1 and said.startswith("error: ") and "none.yml" in said, (code, said)


# ---- its own end ----

def test_sigterm_under_load_leaves_no_request_without_its_answer():
    with a_mall(drain="2s") as mall, Wrk(mall.gateway.port) as wrk, Load(mall.gateway.port, clients=10) as load:
        until(lambda: len(load.acknowledged) > 200)
        begin = time.monotonic()
        mall.gateway.signal()
        until_equal(lambda: mall.gateway.get("/actuator/health/readiness").status, 503, 1)
        before = len(load.acknowledged)
        equal(mall.gateway.get("/orders").headers.get("connection"), "close", "Connection of an answer while it drains")
        equal(mall.gateway.wait(30), 0)
        assert time.monotonic() - begin >= 2, "it ended before its drain"
        assert len(load.acknowledged) > before, "no order was taken while it drained"
        until(lambda: load.refused, 5)
    equal(load.failed, [])
    wrk.check(refused=True)


def test_sigterm_waits_for_a_slow_upstreams_answer():
    """Of requests that were there before, while it drained, and on a connection that was kept."""
    slow = Upstream(says(2.5, answer(b"late")))
    with contextlib.closing(slow), a_mall(row("slow", slow), only=("gateway",), drain="1s") as mall:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            told = [pool.submit(mall.gateway.get, "/slow/%d" % number) for number in range(4)]
            until(lambda: len(slow.requests) == 4)
            mall.gateway.signal()
            until_equal(lambda: mall.gateway.get("/actuator/health/readiness").status, 503, 1)
            told += [pool.submit(mall.gateway.get, "/slow/%d" % number) for number in range(4, 8)]
            equal([(t.result().status, t.result().text) for t in told], [(200, "late")] * 8)
            equal(mall.gateway.wait(10), 0)
    equal(len(slow.requests), 8, "the requests that came there")
