"""make run MONITOR=1: a Prometheus and an Alertmanager beside the mall, and an alert that comes for real and goes again.

The rules are those of deploy/monitoring, with shorter times: a story does not wait for minutes.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request

from described import RULES, TOP
from mall import BIN, DAEMONS, Client, equal, ports, until

ORDER = {"productId": "1001", "productName": "TV", "qty": 1, "customerId": "100"}


def shorter(folder):
    """Windows of minutes become seconds."""
    for path in RULES:
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"for: \w+", "for: 1s", text)
        text = re.sub(r"\[2m\]", "[15s]", text)
        (folder / path.name).write_text(text, encoding="utf-8")


class Run:
    """scripts/run.py with flags, on ports of its own, in a directory of its own."""

    def __init__(self, *flags):
        self.directory = tempfile.mkdtemp(prefix="mall-monitoring-")
        self.numbers = self.free()
        self.beside = {name: ports.reserve() for name in ("prometheus", "alertmanager")}
        pairs = {**self.numbers, **self.beside}
        self.command = [sys.executable, TOP / "scripts/run.py", "--bin", BIN, *flags, *(w for pair in pairs.items() for w in ("--port", "%s=%d" % pair))]
        self.said, self.process, self.code = "", None, 0

    @staticmethod
    def free():
        """Ports whose admin ports, and the gateway's of metrics, are free too."""
        while True:
            numbers = {name: ports.reserve() for name in DAEMONS}
            more = [port + 1000 for port in numbers.values()] + [numbers["gateway"] + 1100]
            if max(more) < 65536 and all(ports.is_free(port) for port in more) and not set(more) & set(numbers.values()):
                return numbers

    def __enter__(self):
        self.process = subprocess.Popen([str(c) for c in self.command], cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        errors="replace", env={k: v for k, v in os.environ.items() if not k.startswith(("MALL_", "SPRING_"))})
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        try:
            until(self.is_up, 120)
        except BaseException:
            self.__exit__(AssertionError)
            raise
        return self

    def read(self):
        for line in self.process.stdout:
            self.said += line

    def is_up(self):
        assert self.process.poll() is None, self.said
        return "Ctrl-C stops" in self.said

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(120)
        self.reader.join()
        shutil.rmtree(self.directory, ignore_errors=True)
        assert kind or code == self.code, "the run ended with %d:\n%s" % (code, self.said)

    def children(self):
        """All processes that it started, and those that these did."""
        found, new = [], [self.process.pid]
        while new:
            new = [int(pid) for parent in new for pid in pathlib.Path("/proc/%d/task/%d/children" % (parent, parent)).read_text(encoding="ascii").split()]
            found += new
        return found

    def kill(self):
        self.process.kill()
        self.code = self.process.wait(60)

    def daemon(self, name):
        return Client(self.numbers[name])


def get(port, path):
    with contextlib.suppress(OSError), urllib.request.urlopen("http://localhost:%d%s" % (port, path), timeout=60) as answer:
        return json.load(answer)


def firing(run):
    """By Prometheus: {(alert, service)}"""
    said = get(run.beside["prometheus"], "/api/v1/alerts") or {"data": {"alerts": []}}
    return {(a["labels"]["alertname"], a["labels"].get("service")) for a in said["data"]["alerts"] if a["state"] == "firing"}


def told(run):
    """What Alertmanager was told, with the annotations."""
    return {(a["labels"]["alertname"], a["labels"].get("service")): a["annotations"] for a in get(run.beside["alertmanager"], "/api/v2/alerts") or []}


def healths(run):
    """Of each target, by its label."""
    return {t["labels"]["service"]: t["health"] for t in get(run.beside["prometheus"], "/api/v1/targets")["data"]["activeTargets"]}


def trade(run, ending):
    while not ending.wait(0.2):
        with contextlib.suppress(OSError):
            run.daemon("gateway").post("/orders", ORDER)


def test_a_dead_consumer_raises_its_alert_for_real_and_it_ends_with_the_fault():
    dead = ("MallConsumerDead", "product")
    with tempfile.TemporaryDirectory() as folder:
        shorter(pathlib.Path(folder))
        with Run("--monitor", "--faults", "--rules", folder) as run:
            until(lambda: healths(run) == {name: "up" for name in DAEMONS}, 60)
            run.daemon("product").post("/inventories", {"productId": "1001", "productName": "TV", "stock": 100000})
            ending = threading.Event()
            clients = threading.Thread(target=trade, args=(run, ending))
            clients.start()
            try:
                admin = Client(run.numbers["product"] + 1000)
                admin.host = "127.0.0.1"
                until(lambda: get(run.beside["prometheus"], '/api/v1/query?query=mall_events_consumed_total%7Bservice=%22product%22%7D')["data"]["result"], 60)
                assert dead not in firing(run), firing(run)
                equal(admin.post("/faults", {"kind": "consume-pause", "duration": "1h"}).status, 201)
                until(lambda: dead in firing(run), 120, every=0.5)
                until(lambda: dead in told(run), 120, every=0.5)
                said = told(run)[dead]
                assert said["summary"] == "mall: product consumes nothing" and said["runbook_url"].endswith("/runbooks/MallConsumerDead.md"), said
                admin.delete("/faults")
                until(lambda: dead not in firing(run), 120, every=0.5)
            finally:
                ending.set()
                clients.join()


def test_make_run_says_where_they_are_and_the_console_sees_the_gateway():
    with Run("--monitor") as run:
        assert re.search(r"Prometheus http://localhost:%(prometheus)d/graph and http://localhost:%(prometheus)d/alerts, Alertmanager http://localhost:%(alertmanager)d"
                         % run.beside, run.said), run.said
        rules = get(run.beside["prometheus"], "/api/v1/rules")["data"]["groups"]
        assert not [rule for group in rules for rule in group["rules"] if rule["health"] == "err"], rules
        assert len(rules) >= 6, rules
        until(lambda: [s for s in run.daemon("gateway").get("/topology").body["services"] if s["name"] == "gateway" and s["status"] == "UP"], 60)


def test_a_port_that_is_taken_is_named():
    run = Run("--monitor")
    with socket.create_server(("127.0.0.1", run.beside["prometheus"])):
        done = subprocess.run([str(c) for c in run.command], cwd=run.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    shutil.rmtree(run.directory, ignore_errors=True)
    equal(done.returncode, 1, done.stdout)
    assert "port %d of prometheus is taken" % run.beside["prometheus"] in done.stderr and "PORTS=" in done.stderr, done.stderr


def test_what_a_run_started_ends_when_it_is_killed():
    with Run("--monitor", "--faults") as run:
        children = run.children()
        used = [*run.numbers.values(), *run.beside.values(), run.numbers["gateway"] + 1100, *(port + 1000 for port in run.numbers.values())]
        equal((len(children), [port for port in used if ports.is_free(port)]), (len(DAEMONS) + len(("mallctl", "prometheus", "alertmanager")), []))
        run.kill()
        try:
            until(lambda: all(ports.is_free(port) for port in used), 120)
        except BaseException:
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            raise
