"""traced - a mall whose daemons send their spans somewhere, and a trace as a tree.

    with Collector() as collector, Traced(collector.url, bus="kafka") as mall:
        trace = trace_of(mall.gateway, "POST", lambda: mall.gateway.post("/orders", {...}))
        until_equal(lambda: tree(collector.spans(trace)), ORDER)
"""
import difflib
import json

from mall import DAEMONS, SERVICES, TRADE, Mall, Server, ports, routes_file, until
from relay import Relay

ORDER = """\
gateway SERVER POST /orders/**
  gateway CLIENT POST
    order SERVER POST /orders
      order INTERNAL commit
      order PRODUCER publish mall
        delivery CONSUMER process mall
          delivery INTERNAL commit
          delivery INTERNAL reaction Orderplaced
          delivery PRODUCER publish mall
            order CONSUMER process mall
              order INTERNAL commit
              order INTERNAL reaction DeliveryStarted
            product CONSUMER process mall
              product INTERNAL commit
              product INTERNAL reaction DeliveryStarted
              product PRODUCER publish mall"""

OFTEN = {"BSP_SCHEDULE_DELAY": 100}                             # ms: nobody wants to wait for the usual 5 s


class Traced(Mall):
    """otel: settings without OTEL_, of all daemons; each daemon's `otel` may be changed before it starts again.

    bus kafka comes with a PostgreSQL. relayed: the gateway's way to order is a Relay."""

    def __init__(self, url=None, bus="log", only=TRADE, relayed=False, otel=None, **settings):
        super().__init__(bus=bus, only=only, **settings)
        self.database = Server(self.directory) if bus == "kafka" else None
        self.relay = Relay(self.order.port) if relayed else None
        for name, daemon in self.daemons.items():
            daemon.otel = {**OFTEN, **({"EXPORTER_OTLP_ENDPOINT": url} if url else {}), **(otel or {})}
            if self.database and name in SERVICES:
                daemon.settings["db_url"] = self.database.url
            apply(daemon)
        if relayed:
            numbers = {name: ports.reserve() if name not in self.daemons else self.daemons[name].port for name in DAEMONS}
            (self.directory / "application.yml").write_text(routes_file({**numbers, "order": self.relay.port}))

    def __enter__(self):
        if self.database:
            self.database.start()
        return super().__enter__()

    def remove_directory(self, directory):
        """The last that a mall does."""
        if self.database:
            self.database.stop()
        if self.relay:
            self.relay.close()
        Mall.remove_directory(directory)

    def place(self, qty=5, **headers):
        """An order through the gateway: its answer."""
        return self.gateway.post("/orders", {"productId": "1001", "productName": "TV", "qty": qty, "customerId": "100"}, **headers)


def apply(daemon):
    daemon.launcher = ("env", *("OTEL_%s=%s" % pair for pair in daemon.otel.items()))


def restart(daemon, **otel):
    """With these settings in place of those it had; None: not set."""
    daemon.stop()
    daemon.otel = {k: v for k, v in {**daemon.otel, **otel}.items() if v is not None}
    apply(daemon)
    daemon.start()


def log_lines(daemon, after=0):
    """Its log's whole lines as dicts, from a byte of the log on."""
    text = daemon.log()[after:]
    return [json.loads(line) for line in text.split("\n")[:-1] if line.startswith("{")]


def trace_of(daemon, method, ask):
    """The trace id of the request that ask() makes, as the daemon's log has it; nobody else may make such a request meanwhile."""
    before = len(daemon.log())
    ask()

    def is_it(line):                                            # and not a late line of who looked whether the daemon is ready
        return line.get("http.request.method") == method and not line["url.original"].startswith("/actuator")
    return until(lambda: next((line["trace.id"] for line in log_lines(daemon, before) if is_it(line)), None))


def label(span):
    return "%s %s %s" % (span.service, span.kind, span.name)


def tree(spans):
    """The spans as indented lines, those beside each other by their label; a span whose parent is not among them is a root."""
    known, lines = {span.id for span in spans}, []

    def add(siblings, depth):
        shown = sorted(siblings, key=lambda one: (label(one), one.start))
        for span in shown:
            lines.append("  " * depth + label(span))
            add([child for child in spans if child.parent == span.id], depth + 1)
    add([span for span in spans if span.parent not in known], 0)
    return "\n".join(lines)


def until_tree(spans, wanted):
    """Until the spans that spans() gives are that tree."""
    try:
        until(lambda: tree(spans()) == wanted)
    except AssertionError:
        got = tree(spans())
        raise AssertionError("not that tree:\n" + "\n".join(difflib.unified_diff(wanted.split("\n"), got.split("\n"), "wanted", "got", n=99, lineterm=""))) from None
