#!/usr/bin/env python3
"""live - starts all daemons as `make run` does, on their own ports, and trades over the gateway's built-in routes.

usage: live.py STORIES log|kafka        STORIES: the end of the name of a module beside it, live_coupon

It lies in the tree whose daemons it starts. Prints a line for each case, as the other tests do.
"""
import contextlib
import importlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests/system"), str(TOP / "tests/tools")]
from apart import raise_loopback                                # noqa: E402 (of tests/tools)
from mall import BIN, DAEMONS, Client, equal, ports, services, tool, until     # noqa: E402 (lies in tests/system/)

ORDER = {"productId": "1001", "productName": "TV", "qty": 5, "customerId": "100"}
ADMIN_STEP = 1000                                               # from a daemon's port to its admin port, in scripts/run.py
BROKER_PORT = 9092
START_SECONDS = 120


def taken(bus):
    """A port that the mall needs and does not get; None: it gets all of them."""
    own = [services.port(name) for name in DAEMONS]
    wanted = [*own, *(port + ADMIN_STEP for port in own)] + [BROKER_PORT] * (bus == "kafka")
    return next((port for port in wanted if not ports.is_free(port, "0.0.0.0")), None)


class Run:
    """scripts/run.py with all services and switches for faults, until the end of `with`."""

    def __init__(self, bus):
        self.bus = bus
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mall-fifth-"))
        self.gateway = Client(services.describe("gateway")["port"])

    def __enter__(self):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALL_", "SPRING_"))}
        self.log = open(self.directory / "run.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([sys.executable, TOP / "scripts/run.py", "--faults", *(["--kafka"] if self.bus == "kafka" else [])],
                                        cwd=self.directory, env=clean, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C stops" not in self.shown():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.end()
                raise AssertionError("the mall did not start: " + self.shown()[-3000:])
            time.sleep(0.1)
        return self

    def shown(self):
        return (self.directory / "run.log").read_text(encoding="utf-8", errors="replace")

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()                                 # at which its daemons end too
            self.process.wait()
            raise AssertionError("it did not end: " + self.shown()[-3000:]) from None

    def __exit__(self, *_):
        self.end()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def events(self):
        """Each event on the bus, the oldest first."""
        if self.bus == "kafka":
            text = tool("kcat", "-C", "-q", "-e", "-b", "127.0.0.1:%d" % BROKER_PORT, "-t", "mall", "-o", "beginning", "-f", "%s\n")
            return [json.loads(line) for line in text.splitlines()]
        text = tool(BIN / "mallctl", "log", "dump", self.directory / "data/mall.log")
        return [json.loads(line.split("\t")[4]) for line in text.splitlines()]

    def said(self, order, names):
        """Which of these events were said of an order, in this order."""
        return [event["eventType"] for event in self.events() if event["eventType"] in names and event.get("orderId") == str(order)]

    def place(self):
        """The URL of the bus, as mallctl wants it."""
        return "kafka://127.0.0.1:%d/mall" % BROKER_PORT if self.bus == "kafka" else "log:%s" % (self.directory / "data/mall.log")

    @contextlib.contextmanager
    def given_twice(self, name, event_type):
        """Meanwhile the service is given each event of that type twice."""
        admin = Client(services.port(name) + ADMIN_STEP)
        admin.host = "127.0.0.1"
        answer = admin.post("/faults", {"kind": "consume-twice", "eventType": event_type})
        equal(answer.status, 201, answer.text)
        yield
        equal(admin.delete("/faults/%s" % answer.body["id"]).status, 204)

    def duplicates(self, name):
        """How many events it has recognised as ones that it knows."""
        text = Client(services.port(name)).get("/actuator/prometheus").text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith("mall_events_duplicate_total"))

    def console_shows(self, name):
        """With what its board is drawn from."""
        seen = lambda: {s["name"]: s for s in self.gateway.get("/topology").body["services"]}.get(name)
        until(lambda: (seen() or {}).get("status") == "UP", 30)
        equal([c["path"] for c in seen()["collections"]], ["/" + services.collections(name)[0]])
        equal(seen()["says"], services.describe(name)["says"])

    def all_of_it_stops(self):
        equal(self.end(), 0, self.shown()[-3000:])


def cases(stories, bus):
    """(words, what went wrong or "")"""
    with Run(bus) as run:
        stories = importlib.import_module("live_" + stories).stories(run)
        for story in (*stories, run.all_of_it_stops):
            try:
                story()
                trouble = ""
            except Exception as what: # noqa: BLE001 - a story that breaks is one that failed
                trouble = "%s: %s" % (type(what).__name__, what)
            yield story.__name__.replace("_", " "), trouble


def main(stories, bus):
    failed = False
    if "MALL_TEST_APART" in os.environ:
        raise_loopback()
    if taken(bus):
        print("left out fifth over %s: port %d is taken, and a network of our own is not allowed here" % (bus, taken(bus)))
        return 0
    try:
        for words, trouble in cases(stories, bus):
            failed |= bool(trouble)
            print(("%s\n" % trouble if trouble else "") + "%-4s fifth: %s over %s: %s" % ("FAIL" if trouble else "ok", stories, bus, words), flush=True)
    except (AssertionError, OSError) as trouble:
        print("%s\nFAIL fifth: %s over %s: the mall starts" % (trouble, stories, bus), flush=True)
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
