"""mall - all daemons on ports and in a directory of their own, for stories about them.

    with Mall(bus="kafka") as mall:
        mall.order.post("/orders", {"productId": "1001", "qty": 5})

Settings are keyword arguments (drain="2s" is MALL_DRAIN) for all daemons. At its end every daemon that still runs must
stop with 0 on SIGTERM and no sanitizer may have complained; else the story fails.
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "scripts"))
import ports                                                    # noqa: E402 (both lie in scripts/)
import services                                                 # noqa: E402

VARIANT = os.environ.get("MALL_TEST_VARIANT", "release")
BIN = pathlib.Path(os.environ.get("MALL_TEST_BIN", TOP / "build" / VARIANT / "bin"))
PATIENCE = int(os.environ.get("MALL_TEST_PATIENCE", 60))        # s, at least: a deadline only ends what hangs, a busy machine must not fail a story
SLOWER = 1 if VARIANT == "release" else 4                       # sanitizers: deadlines grow by this
SERVICES = tuple(services.names())
DAEMONS = tuple(services.daemons())
SHOP = ("order", "delivery", "product")                         # what the reference has and `mallctl audit` looks at
TRADE = (*SERVICES, "gateway")                                  # all daemons but the console, which most stories do without

ROUTES = """
server:
  port: %(gateway)d
spring:
  cloud:
    gateway:
      routes:
%(routes)s
      globalcors:
        corsConfigurations:
          '[/**]':
            allowedOrigins: ["*"]
            allowedMethods: ["*"]
            allowedHeaders: ["*"]
            allowCredentials: true
"""


def collection_of(name):
    """What clients ask a service for."""
    return services.collections(name, BIN)[0]


def routes_file(ports_of):
    """The gateway's, with a route to each service."""
    row = "        - {id: %s, uri: 'http://localhost:%d', predicates: [Path=/%s/**]}"
    rows = (row % (name, ports_of[name], collection_of(name)) for name in SERVICES)
    return ROUTES % {"gateway": ports_of["gateway"], "routes": "\n".join(rows)}


class CannotTell(Exception):
    """This machine does not allow what the story needs."""


def until(what, seconds=15, every=0.02):
    """The first true result of what(); a failed check shows the last result."""
    seconds = max(seconds, PATIENCE)
    deadline = time.monotonic() + seconds * SLOWER
    while True:
        last = what()
        if last:
            return last
        assert time.monotonic() < deadline, "not within %d s; last: %r" % (seconds, last)
        time.sleep(every)


def until_equal(what, want, seconds=15):
    seconds = max(seconds, PATIENCE)
    deadline = time.monotonic() + seconds * SLOWER
    while True:
        last = what()
        if last == want:
            return
        assert time.monotonic() < deadline, "still %r and not %r after %d s" % (last, want, seconds)
        time.sleep(0.02)


def equal(got, want, about=""):
    assert got == want, "%s is %r and not %r" % (about or "it", got, want)


def tool(*command, **more):
    """What a program printed; it must end with 0."""
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=60 * SLOWER, **more)
    assert done.returncode == 0, "%s ended with %d: %s" % (command[0], done.returncode, done.stdout)
    return done.stdout


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.text = response.read().decode("utf-8", "replace")

    @property
    def body(self):
        return json.loads(self.text) if self.text else None

    @property
    def id(self):
        return int(self.headers["location"].rsplit("/", 1)[1])


class Client:
    """Requests to one port of this machine, each on a connection of its own."""
    host = "localhost"

    def __init__(self, port):
        self.port = port

    def ask(self, method, path, body=None, headers=None, timeout=30):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout * SLOWER)
        headers = {"Accept": "*/*", **(headers or {})}
        if isinstance(body, (dict, list)):
            body = json.dumps(body, ensure_ascii=False).encode()
            headers = {"Content-Type": "application/json", **headers}
        try:
            connection.request(method, path, body, {k: v for k, v in headers.items() if v is not None})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, path, body, **headers):
        return self.ask("POST", path, body, {k.replace("_", "-"): v for k, v in headers.items()})

    def patch(self, path, body, **headers):
        return self.ask("PATCH", path, body, {k.replace("_", "-"): v for k, v in headers.items()})

    def delete(self, path, **headers):
        return self.ask("DELETE", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def rows(self, collection):
        """All rows, with their id, page by page."""
        found, page = [], 0
        while True:
            body = self.get("/%s?size=1000&page=%d" % (collection, page)).body
            for row in body["_embedded"][collection]:
                found.append({**row, "id": int(row["_links"]["self"]["href"].rsplit("/", 1)[1])})
            page += 1
            if page >= body["page"]["totalPages"]:
                return found


class Daemon(Client):
    launcher = ()                                               # a command that becomes the one after it

    def __init__(self, name, directory, settings, port=None):
        super().__init__(port or ports.reserve())
        self.name, self.directory, self.process = name, pathlib.Path(directory), None
        self.label = name                                       # in what is said of it
        self.settings = {"address": "127.0.0.1", "port": self.port, "data_dir": self.directory, **settings}
        self.management = Client(settings.get("management_port") or self.port)
        self.admin = Client(settings.get("admin_port"))         # where it has one
        self.admin.host = "127.0.0.1"
        self.log_path = self.directory / (name + ".log")

    def environment(self, **more):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALL_", "SPRING_"))}
        both = {**self.settings, **more}
        return {**clean, **{"MALL_" + k.upper(): str(v) for k, v in both.items() if v is not None}}

    def start(self, wait=True, **settings):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.launcher, BIN / self.name], env=self.environment(**settings), cwd=self.directory,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        until(self.is_ready, 15, every=0.005)

    def is_ready(self):
        assert self.process.poll() is None, "%s ended with %s" % (self.name, self.process.returncode)
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/actuator/health/readiness").status == 200

    def kill(self):
        self.process.kill()
        self.process.wait()

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        try:
            return self.process.wait(max(seconds, PATIENCE) * SLOWER)
        except subprocess.TimeoutExpired:
            raise AssertionError("%s did not end within %d s" % (self.name, seconds)) from None

    def stop(self, seconds=30):
        self.signal()
        return self.wait(seconds)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def complaints(self):
        told = [line for line in self.log().split("\n") if '"http.response.status_code":2' not in line]
        return "\n".join(told[-15:])

    def metric(self, name, **labels):
        """The sum of the samples of this name that carry these labels; None when there is none."""
        found = None
        for line in self.management.get("/actuator/prometheus").text.split("\n"):
            sample = re.match(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if sample and sample[1] == name and all('%s="%s"' % pair in (sample[2] or "") for pair in labels.items()):
                found = (found or 0) + float(sample[3])
        return found


@contextlib.contextmanager
def frozen(daemon):
    """All of its threads stand still: a signal takes its time, in which it may still answer."""
    def stands_still():
        states = [(task / "stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
                  for task in pathlib.Path("/proc/%d/task" % daemon.process.pid).iterdir()]
        return set(states) == {"T"}
    daemon.signal(signal.SIGSTOP)
    try:
        until(stands_still)
        yield
    finally:
        daemon.signal(signal.SIGCONT)


def end_all(daemons, seconds):
    """SIGTERM to those that run, all at once; what was wrong with any of them."""
    trouble = []
    running = [d for d in daemons if d.is_running()]
    for daemon in running:
        daemon.signal(signal.SIGCONT)
        daemon.signal()
    for daemon in running:
        try:
            if daemon.wait(seconds) != 0:
                trouble.append("%s ended with %d" % (daemon.label, daemon.process.returncode))
        except AssertionError as late:
            trouble.append(str(late))
            daemon.kill()
    return trouble + ["a sanitizer complained in " + d.label for d in daemons if re.search("Sanitizer|runtime error:", d.log())]


def show_ends(daemons):
    for daemon in daemons:
        print("---- the end of %s's log\n%s" % (daemon.label, daemon.complaints()))


class Broker:
    """A Kafka broker; broker.sh has the details."""
    SCRIPT = TOP / "tests/kafka/broker.sh"
    more_listeners = ""

    def __init__(self, directory):
        self.directory, self.port = pathlib.Path(directory) / "kafka", ports.reserve()
        self.address = "127.0.0.1:%d" % self.port     # where it listens; localhost may be ::1 first

    def start(self):
        tool(self.SCRIPT, "start", self.directory, self.port, env={**os.environ, "MORE_LISTENERS": self.more_listeners})
        return self

    def stop(self):
        tool(self.SCRIPT, "stop", self.directory)

    def signal(self, number):
        os.kill(int((self.directory / "pid").read_text()), number)

    def restart(self):
        self.stop()
        self.start()

    def read(self, topic, form="%s\n"):
        """All records there now, one a form (kcat's -f)."""
        return tool("kcat", "-C", "-q", "-e", "-b", self.address, "-t", topic, "-o", "beginning", "-f", form)

    def write(self, topic, value, key=None, headers=(), partition=None):
        command = ["kcat", "-P", "-b", self.address, "-t", topic] + (["-k", key] if key else [])
        command += [] if partition is None else ["-p", str(partition)]
        for name, text in headers:
            command += ["-H", "%s=%s" % (name, text)]
        path = self.directory / "value"
        path.write_bytes(value)
        tool(*command, path)


class Server:
    """A PostgreSQL; server.sh has the details."""
    SCRIPT = TOP / "tests/postgres/server.sh"

    def __init__(self, directory):
        self.directory = pathlib.Path(directory) / "postgres"
        self.url = "postgresql://mall@/postgres?host=%s/s" % self.directory

    def start(self):
        tool(self.SCRIPT, "start", self.directory)
        return self

    def stop(self, mode="fast"):
        if self.directory.exists():
            tool(self.SCRIPT, "stop", self.directory, mode)

    def restart(self, mode):
        """immediate is a crash."""
        self.stop(mode)
        self.start()

    def signal_all(self, number):
        """All its processes."""
        first = (self.directory / "data/postmaster.pid").read_text().split()[0]
        for child in tool("ps", "-o", "pid=", "--ppid", first).split():
            os.kill(int(child), number)
        os.kill(int(first), number)


class Mall:
    def __init__(self, bus="log", only=TRADE, admin=False, **settings):
        """admin: each daemon has an admin port, where faults are switched on."""
        self.directory = self.new_directory()
        self.broker = Broker(self.directory) if bus == "kafka" else None
        if self.broker:
            settings["bus_url"] = "kafka://%s/mall" % self.broker.address
        elif bus != "log":
            settings["bus_url"] = bus
        numbers = {name: ports.reserve() for name in DAEMONS}
        routes = self.directory / "application.yml"
        routes.write_text(routes_file(numbers))
        self.daemons = {}
        for name in only:
            own = settings
            if name == "gateway":                               # which shows metrics on a port of their own only
                own = {k: v for k, v in settings.items() if k not in ("bus_url", "oversell")}
                own = {**own, "routes": routes, "management_port": ports.reserve()}
            if admin:
                own = {**own, "admin_port": ports.reserve()}
            self.daemons[name] = Daemon(name, self.directory, own, numbers[name])

    @staticmethod
    def new_directory():
        directory = pathlib.Path(tempfile.mkdtemp(prefix="mall-system-"))
        directory.chmod(0o755)                                  # a server of another user may live in it
        return directory

    @staticmethod
    def remove_directory(directory):
        shutil.rmtree(directory, ignore_errors=True)

    def __getattr__(self, name):
        try:
            return self.__dict__["daemons"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __enter__(self):
        try:
            if self.broker:
                self.broker.start()
            for daemon in self.daemons.values():
                daemon.start(wait=False)
            for daemon in self.daemons.values():
                daemon.wait_ready()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        trouble = end_all(self.daemons.values(), 20)
        if self.broker:
            self.broker.stop()
        if kind or trouble:
            show_ends(self.daemons.values())
        self.remove_directory(self.directory)
        assert kind or not trouble, "; ".join(trouble)

    def services(self):
        return [daemon for name, daemon in self.daemons.items() if name in SERVICES]

    # -- faults, where the mall has admin ports

    def admin(self, name):
        return "http://127.0.0.1:%d" % self.daemons[name].admin.port

    def fault(self, name, kind, **members):
        """Switches one on; its id."""
        answer = self.daemons[name].admin.post("/faults", {"kind": kind, **members})
        assert answer.status == 201, "%s takes no %s: %d %s" % (name, kind, answer.status, answer.text)
        return answer.body["id"]

    def end_faults(self):
        """Ends all of them in every daemon that runs; how many there were."""
        return sum(daemon.admin.delete("/faults").body["ended"] for daemon in self.daemons.values() if daemon.is_running())

    # -- what stories have in common

    def register(self, product="1001", stock=100):
        return self.product.post("/inventories", {"productId": product, "productName": "TV", "stock": stock}).id

    def stock(self, number=1):
        return self.product.get("/inventories/%d" % number).body["stock"]

    def order_one(self, product="1001", qty=5):
        answer = self.order.post("/orders", {"productId": product, "productName": "TV", "qty": qty, "customerId": "100"})
        equal(answer.status, 201, "the answer to the order")
        return answer.id

    def check_books(self, inventory, initial, acknowledged, seconds=60):
        """Every order there is, acknowledged or not, has one delivery and one change of stock; no acknowledged one is missing."""
        orders = self.order.rows("orders")
        missing = set(acknowledged) - {o["id"] for o in orders}
        assert not missing, "acknowledged but gone: %s" % sorted(missing)[:10]
        until_equal(lambda: self.stock(inventory), initial - sum(o["qty"] for o in orders), seconds)
        deliveries = self.delivery.rows("deliveries")
        equal(sorted(int(d["orderId"]) for d in deliveries), sorted(o["id"] for o in orders), "the orders that are delivered")
        movements = self.product.rows("movements")
        changed = sorted(int(m["orderId"]) for m in movements if m["orderId"] is not None)
        equal(changed, sorted(o["id"] for o in orders), "the orders that moved stock")
        equal(sum(m["qty"] for m in movements if m["inventory"] in (inventory, str(inventory))), self.stock(inventory),
              "the sum of the movements")
        until(lambda: all(o["status"] == "DeliveryStarted" for o in self.order.rows("orders")), seconds, every=0.3)


class Load:
    """Clients that place orders one after the other on connections that they keep, until stop().

    pause: seconds after each; most: orders, then it waits for stop().
    acknowledged: ids; failed: what else was answered or happened. A refused connection is tried again; with
    forgiving=True so is one that broke, whose order may or may not have been taken."""

    def __init__(self, port, clients=4, path="/orders", body=None, forgiving=False, pause=0, most=None):
        self.port, self.path, self.forgiving, self.pause, self.most = port, path, forgiving, pause, most
        self.body = json.dumps(body or {"productId": "1001", "productName": "TV", "qty": 1, "customerId": "100"})
        self.acknowledged, self.failed, self.refused, self.ending = [], [], 0, threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self):
        connection = None
        while not self.ending.is_set():
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("localhost", self.port, timeout=30 * SLOWER)
                    connection.connect()
            except ConnectionRefusedError:
                connection = None
                self.refused += 1
                time.sleep(0.02)
                continue
            try:
                connection.request("POST", self.path, self.body, {"Content-Type": "application/json", "Accept": "*/*"})
                answer = Answer(connection.getresponse())
            except (OSError, http.client.HTTPException) as trouble:
                connection.close()
                connection = None
                if not self.forgiving:
                    self.failed.append(repr(trouble))
                continue
            if answer.status == 201 and self.is_whole(answer):
                self.acknowledged.append(answer.id)
            else:
                self.failed.append("%d %s %s" % (answer.status, answer.headers, answer.text[:200]))
            if answer.headers.get("connection", "").lower() == "close":
                connection.close()
                connection = None
            time.sleep(self.pause)
            if self.most and len(self.acknowledged) >= self.most:
                self.ending.wait()
        if connection:
            connection.close()

    @staticmethod
    def is_whole(answer):
        """All its parts belong to one order, and its ETag is well formed."""
        return answer.body["_links"]["self"]["href"] == answer.headers["location"] and \
            re.fullmatch(r'"[!-~]+"', answer.headers.get("etag", ""))

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


@contextlib.contextmanager
def a_server(kind=Server):
    """A PostgreSQL with a directory of its own."""
    with contextlib.ExitStack() as ends:
        directory = Mall.new_directory()
        ends.callback(Mall.remove_directory, directory)
        server = kind(directory)
        ends.callback(server.stop)
        yield server.start()


@contextlib.contextmanager
def on_postgresql(**settings):
    """A mall on a PostgreSQL of its own, and that server."""
    with a_server() as server, Mall(db_url=server.url, **settings) as mall:
        yield mall, server
