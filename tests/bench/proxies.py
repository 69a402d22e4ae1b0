"""proxies - the gateway beside nginx and HAProxy over the same upstream, in turns.

The upstream is the order service, and for answers of 100 KB the bare server of ceiling.c. All are started again for each
load, so that a large store or memory left by one load does not count against the next. CPU and memory are those of the
proxy's own processes, all of them.
"""
import contextlib
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import tempfile

from measure import CEILING, HERE, ORDER, answers, cpu_seconds, number, status_kb, wrk
from mall import Client, Daemon, Mall, ports, until

THREADS = 2                                                     # the gateway's MALL_THREADS unless set; the others get as many
CONNECTIONS = (1, 30, 500)
LOADS = (                                                       # name, path, and for load.lua the method and the body
    ("GET /orders/1", "/orders/1", ("GET",)),
    ("POST /orders", "/orders", ("POST", ORDER)),
    ("GET of 100 KB", "/large", ("GET",)),
)
# Features that the other proxies lack are off here; a row of its own shows what each of them costs.
EXTRAS = {
    ("GET /orders/1", 30): ("gateway and its log", {"level": "info"}),
    ("POST /orders", 30): ("gateway and its keys", {"keys": "true"}),     # which the upstream has to store
}

ROUTES = """
spring:
  cloud:
    gateway:
      routes:
        - {id: order, uri: 'http://127.0.0.1:%(order)d', predicates: [Path=/orders/**], metadata: {idempotency: %(keys)s}}
        - {id: large, uri: 'http://127.0.0.1:%(large)d', predicates: [Path=/large]}
"""
OTHERS = {                                                      # the configuration comes last
    "nginx": ("nginx.conf", ("nginx", "-c")),
    "HAProxy": ("haproxy.cfg", ("haproxy", "-db", "-f")),
}


def family(pid):
    """A process and those that it started"""
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as children:
        return [pid] + [member for child in children.read().split() for member in family(int(child))]


class Other(Client):
    """A proxy that is not ours, set up by the file beside this one"""

    def __init__(self, name, directory, upstreams, stack):
        super().__init__(ports.reserve())
        template, (program, *arguments) = OTHERS[name]
        self.name, file = name, directory / template
        file.write_text((HERE / template).read_text() % {**upstreams, "port": self.port, "directory": directory, "threads": THREADS})
        path = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin")   # not in every user's PATH
        with open(directory / (program + ".out"), "wb") as out:
            self.process = subprocess.Popen([path, *arguments, file], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        stack.callback(self.process.wait, 20)
        stack.callback(self.process.terminate)


class Ours(Daemon):
    """The gateway; it writes a line a request at the level info."""

    def __init__(self, name, directory, upstreams, stack, level="warn", keys="false"):
        directory = directory / name.replace(" ", "-")
        directory.mkdir()
        routes = directory / "application.yml"
        routes.write_text(ROUTES % {**upstreams, "keys": keys})
        super().__init__("gateway", directory, {"routes": routes, "threads": THREADS, "log_level": level})
        self.start(wait=False)
        self.name = name
        stack.callback(self.stop)


def open_files(count):
    """At 500 connections a proxy has 1,000, and many shells allow 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@contextlib.contextmanager
def stage(extra):
    """The proxies, all over one upstream: their answers are the same."""
    with contextlib.ExitStack() as stack:
        # unlogged, so that the upstream takes as little as it can of the two processors
        mall = stack.enter_context(Mall(only=("order",), log_level="warn", max_connections=10000))
        mall.order_one()
        upstreams = {"order": mall.order.port, "large": ports.reserve()}
        large = subprocess.Popen([CEILING, str(upstreams["large"])])
        stack.callback(large.wait)
        stack.callback(large.terminate)
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mall-bench-")))
        proxies = [Other(name, directory, upstreams, stack) for name in OTHERS]
        proxies.append(Ours("gateway", directory, upstreams, stack))
        if extra:
            proxies.append(Ours(extra[0], directory, upstreams, stack, **extra[1]))
        for proxy in proxies:
            until(lambda: answers(proxy.port))
        for path in ("/orders/1", "/large"):
            said = {(answer.status, len(answer.text)) for answer in [proxy.get(path) for proxy in proxies]}
            assert len(said) == 1 and min(said)[0] == 200, said
        yield proxies


class Turns:
    """What one proxy did, round by round"""

    def __init__(self, proxy):
        self.proxy, self.pids, self.found = proxy, family(proxy.process.pid), []

    def cpu(self):
        return sum(cpu_seconds(pid) for pid in self.pids)

    def take(self, path, arguments, seconds, connections):
        before = self.cpu()
        result = wrk(self.proxy.port, path, seconds, *arguments, connections=connections)
        result["cpu_us"] = 1e6 * (self.cpu() - before) / result["requests"]
        self.found.append(result)

    def median(self, what, of=None):
        """Of its own values, or of their ratios to another's in the same round"""
        return statistics.median(mine[what] / (theirs[what] if of else 1)
                                 for mine, theirs in zip(self.found, of.found if of else self.found))

    def memory(self):
        return sum(status_kb(pid, "VmHWM") for pid in self.pids) / 1024


class Line:
    """A line of the table of texts"""
    missed = targets = 0

    def __init__(self, *cells):
        self.cells = cells

    def text(self):
        return ("%-16s%4s  %-23s%11s  %-20s%9s%9s  %-20s%7s" % self.cells).rstrip()


HEADING = (
    Line("load", "conn", "proxy", "requests/s", "of nginx", "p99 ms", "CPU us", "of nginx", "MB"),
)


def targets(load, connections):
    """The gateway's least rate and most CPU, of nginx."""
    large = load == "GET of 100 KB"
    return (1.1 if connections == 30 and not large else 1.0), (1.1 if large else 1.0)


def carried(load, connections, turns, nginx):
    """How one proxy carried one load, beside nginx; only the gateway as compared has targets."""
    rate, cpu = turns.median("rate", of=nginx), turns.median("cpu_us", of=nginx)
    least, most = targets(load, connections)
    verdicts = [rate >= least, cpu <= most] if turns.proxy.name == "gateway" else []
    said = [" met" if good else " MISSED of %g" % goal for good, goal in zip(verdicts, (least, most))] or ["", ""]
    line = Line(load, connections, turns.proxy.name, number(turns.median("rate")), "%.2f%s" % (rate, said[0]),
                number(turns.median("p99_ms")), number(turns.median("cpu_us")), "%.2f%s" % (cpu, said[1]), number(turns.memory()))
    line.missed, line.targets = verdicts.count(False), len(verdicts)
    return line


def carry(load, connections, seconds, rounds):
    name, path, arguments = load
    with stage(EXTRAS.get((name, connections))) as proxies:
        turns = [Turns(proxy) for proxy in proxies]
        for number_of_round in range(rounds):
            first = number_of_round % len(turns)                # no proxy always comes after the same one
            for each in turns[first:] + turns[:first]:
                each.take(path, arguments, seconds, connections)
        return [carried(name, connections, each, turns[0]) for each in turns]


def compared(seconds, rounds):
    open_files(20000)
    yield from HEADING
    for load in LOADS:
        for connections in CONNECTIONS:
            yield from carry(load, connections, seconds, rounds)
