#!/usr/bin/env python3
"""live - starts all daemons as `make run` does, on their own ports, and trades over the gateway's built-in routes.

usage: live.py SERVICE log|kafka

It lies in the tree whose daemons it starts. Prints a line for each case, as the other tests do.
"""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/system"))
from mall import BIN, DAEMONS, Client, equal, ports, services, tool, until, until_equal     # noqa: E402 (lies in tests/system/)

SIOCSIFFLAGS, IFF_UP = 0x8914, 1
ORDER = {"productId": "1001", "productName": "TV", "qty": 5, "customerId": "100"}
SAYS = ["CouponIssued", "CouponRevoked"]                        # by the service of the page, in this order
BROKER_PORT = 9092
START_SECONDS = 120


def raise_loopback():
    """In a network of our own it is down at first."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lo:
        fcntl.ioctl(lo, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def taken(bus):
    """A port that the mall needs and does not get; None: it gets all of them."""
    wanted = [services.describe(name)["port"] for name in DAEMONS] + [BROKER_PORT] * (bus == "kafka")
    return next((port for port in wanted if not ports.is_free(port, "0.0.0.0")), None)


class Run:
    """scripts/run.py with all services, until the end of `with`."""

    def __init__(self, bus):
        self.bus, self.said = bus, ""
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mall-fifth-"))
        self.gateway = Client(services.describe("gateway")["port"])

    def __enter__(self):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALL_", "SPRING_"))}
        self.log = open(self.directory / "run.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([sys.executable, TOP / "scripts/run.py", *(["--kafka"] if self.bus == "kafka" else [])],
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
        return self.process.wait(60)

    def __exit__(self, *_):
        self.end()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def events(self):
        """(type, order) of each event on the bus."""
        if self.bus == "kafka":
            text = tool("kcat", "-C", "-q", "-e", "-b", "127.0.0.1:%d" % BROKER_PORT, "-t", "mall", "-o", "beginning", "-f", "%s\n")
            values = [json.loads(line) for line in text.splitlines()]
        else:
            text = tool(BIN / "mallctl", "log", "dump", self.directory / "data/mall.log")
            values = [json.loads(line.split("\t")[4]) for line in text.splitlines()]
        return [(value["eventType"], value.get("orderId")) for value in values]


class Trade:
    """What happens to one order and its row in the service."""

    def __init__(self, run, name):
        self.run, self.name, self.order = run, name, 0
        self.collection = services.collections(name)[0]
        self.search = services.describe(name)["collections"][0]["searches"][0]

    def found(self):
        """The status, and whose order's row it is."""
        answer = self.run.gateway.get("/%s/search/%s?orderId=%d" % (self.collection, self.search, self.order))
        return answer.status, answer.body.get("orderId") if answer.status == 200 else None

    def a_route_leads_to_it(self):
        answer = self.run.gateway.get("/" + self.collection)
        assert answer.status == 200, answer.text
        equal(answer.body["_embedded"][self.collection], [])

    def an_order_through_the_gateway_gives_one(self):
        answer = self.run.gateway.post("/orders", ORDER)
        equal(answer.status, 201)
        self.order = answer.id
        rows = lambda: self.run.gateway.get("/" + self.collection).body["_embedded"][self.collection]
        until(rows, 30)
        equal([row["orderId"] for row in rows()], [str(self.order)])

    def the_search_by_order_finds_it(self):
        equal(self.found(), (200, str(self.order)))

    def canceling_the_order_revokes_it(self):
        equal(self.run.gateway.delete("/orders/%d" % self.order).status, 204)
        until_equal(self.found, (404, None), 30)

    def both_events_are_on_the_bus(self):
        own = lambda: [event for event in self.run.events() if event[0] in SAYS]
        until_equal(own, [(kind, str(self.order)) for kind in SAYS])
        equal(services.describe(self.name)["says"], SAYS)

    def the_console_shows_it(self):
        """With what its board is drawn from."""
        seen = lambda: {s["name"]: s for s in self.run.gateway.get("/topology").body["services"]}.get(self.name)
        until(lambda: (seen() or {}).get("status") == "UP", 30)
        equal([c["path"] for c in seen()["collections"]], ["/" + self.collection])
        equal(seen()["says"], SAYS)

    def all_of_it_stops(self):
        equal(self.run.end(), 0, self.run.shown()[-3000:])


def cases(name, bus):
    """(words, what went wrong or "")"""
    with Run(bus) as run:
        trade = Trade(run, name)
        for story in (trade.a_route_leads_to_it, trade.an_order_through_the_gateway_gives_one, trade.the_search_by_order_finds_it,
                      trade.canceling_the_order_revokes_it, trade.both_events_are_on_the_bus, trade.the_console_shows_it, trade.all_of_it_stops):
            try:
                story()
                trouble = ""
            except Exception as what: # noqa: BLE001 - a story that breaks is one that failed
                trouble = "%s: %s" % (type(what).__name__, what)
            yield story.__name__.replace("_", " "), trouble


def main(name, bus):
    failed = False
    if "MALL_TEST_APART" in os.environ:
        raise_loopback()
    if taken(bus):
        print("left out fifth over %s: port %d is taken, and a network of our own is not allowed here" % (bus, taken(bus)))
        return 0
    try:
        for words, trouble in cases(name, bus):
            failed |= bool(trouble)
            print(("%s\n" % trouble if trouble else "") + "%-4s fifth: over %s %s" % ("FAIL" if trouble else "ok", bus, words), flush=True)
    except (AssertionError, OSError) as trouble:
        print("%s\nFAIL fifth: over %s the mall starts" % (trouble, bus), flush=True)
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
