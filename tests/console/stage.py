"""stage - a mall with its console, and what a story in the browser may ask of it.

    with Stage(bus="kafka") as stage:            # kafka comes with a PostgreSQL
        stage.address                            # of the gateway, behind a relay that can be cut

What a story (tell.mjs) asks for is a method of Orders below; it gets what the method gives, as JSON.
"""
import json
import os
import pty
import subprocess
import threading
import time

from mall import BIN, DAEMONS, TRADE, Client, Daemon, Mall, Server, equal, routes_file, tool, until_equal
from relay import Relay

NEXT = BIN.parent / "next"                                      # the programs of another version
NEXT_VERSION = "9.9.9"
LAST_ROUTE = "        - {id: frontend, uri: 'http://localhost:%d', predicates: [Path=/**]}\n"


class Stage(Mall):
    def __init__(self, bus="log", faults=False, **settings):
        """faults: they can be switched on, from the page too."""
        super().__init__(bus=bus, only=DAEMONS, **({"admin": True} if faults else {}), **settings)
        self.database = Server(self.directory) if bus == "kafka" else None
        if self.database:
            for daemon in self.services():
                daemon.settings["db_url"] = self.database.url
        self.to_order, self.front = Relay(self.order.port), Relay(self.gateway.port)
        self.frontend.settings["services"] = ",".join("%s=http://localhost:%d" % pair for pair in self.places())
        if faults:
            self.frontend.settings["console_faults"] = "on"
            self.frontend.settings["admin_services"] = ",".join("%s=%s" % (name, self.admin(name)) for name in DAEMONS)
        self.address = "http://localhost:%d" % self.front.port
        self.second = None
        numbers = {**{name: daemon.port for name, daemon in self.daemons.items()}, "order": self.to_order.port}
        text = routes_file(numbers)
        at = text.index("      globalcors:")
        (self.directory / "application.yml").write_text(text[:at] + LAST_ROUTE % numbers["frontend"] + text[at:])

    def places(self):
        """Where each shows its actuator; order behind the relay, whichever it is."""
        return [(name, self.to_order.port if name == "order" else self.daemons[name].management.port) for name in TRADE]

    def __enter__(self):
        if self.database:
            self.database.start()
        return super().__enter__()

    def remove_directory(self, directory):
        """The last that a mall does."""
        if self.database:
            self.database.stop()
        self.front.close()
        self.to_order.close()
        Mall.remove_directory(directory)

    # -- of which only the tests know

    def start_second_order(self):
        """One of another version beside the first; the gateway reaches both."""
        self.second = Next("order", self.directory / "second", self.order.settings)
        self.second.directory.mkdir()
        self.daemons["second"] = self.second
        self.second.start()
        self.to_order.targets = [self.order.port, self.second.port]
        self.to_order.end()

    def places_of_events(self):
        """[partition, offset] of each event on the topic, as the bus's own tool tells."""
        if self.broker:
            rows = self.broker.read("mall", "%p %o\n").split("\n")
            return [[int(n) for n in row.split()] for row in rows if row]
        rows = tool(BIN / "mallctl", "log", "dump", self.directory / "mall.log").split("\n")
        return [[0, int(row.split()[0])] for row in rows if row]


class Next(Daemon):
    def __init__(self, name, directory, settings):
        own = {k: v for k, v in settings.items() if k not in ("port", "data_dir", "address", "management_port")}
        super().__init__(name, directory, own)
        self.label = "the second " + name
        self.program = NEXT / name

    def start(self, wait=True, **settings):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.program], env=self.environment(**settings), cwd=self.directory,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            self.wait_ready()
        return self


class Stream(threading.Thread):
    """Orders, some so many a second, until it is stopped."""

    def __init__(self, port, rate):
        super().__init__(daemon=True)
        self.port, self.rate, self.ending, self.placed = port, rate, threading.Event(), 0

    def run(self):
        client, begin = Client(self.port), time.monotonic()
        while not self.ending.is_set():
            if client.post("/orders", {"productId": "1001", "productName": "TV", "qty": 1, "customerId": "100"}).status == 201:
                self.placed += 1
            time.sleep(max(0, begin + self.placed / self.rate - time.monotonic()))


class Orders:
    """What a story may ask for."""

    def __init__(self, stage):
        self.stage, self.streams = stage, []
        self.to_order = Client(stage.to_order.port)             # whichever there is

    def carry_out(self, message):
        return getattr(self, message["do"])(*message.get("with", []))

    def stop(self, name):
        equal(self.stage.daemons[name].stop(), 0, name)

    def start(self, name):
        self.stage.daemons[name].start()

    def kill(self, name):
        self.stage.daemons[name].kill()

    def start_second_order(self):
        self.stage.start_second_order()
        return {"pod": "order-%d" % self.stage.second.port, "version": NEXT_VERSION}

    def leave_second_order(self):
        """The first one goes: a rolling update is over."""
        self.stage.to_order.targets = [self.stage.second.port]
        self.stage.to_order.end()
        self.stop("order")

    def cut(self):
        self.stage.front.cut()

    def heal(self):
        self.stage.front.heal()

    def register(self, product, name, stock):
        return self.stage.product.post("/inventories", {"productId": product, "productName": name, "stock": stock}).id

    def place(self, count=1, qty=1, product="1001"):
        """Not by the page."""
        body = {"productId": product, "productName": "TV", "qty": qty, "customerId": "100"}
        return [self.to_order.post("/orders", body).id for _ in range(count)]

    def cancel(self, number):
        return self.to_order.delete("/orders/%d" % number).status

    def order(self, number):
        return self.to_order.get("/orders/%d" % number).body

    def stock(self, number=1):
        return self.stage.stock(number)

    def settle(self):
        """Until nothing is on its way."""
        tool(BIN / "mallctl", "audit", "--settle", "60s", "--order=http://localhost:%d" % self.to_order.port,
             "--delivery=http://localhost:%d" % self.stage.delivery.port, "--product=http://localhost:%d" % self.stage.product.port)
        for service in self.stage.services():
            if service.is_running():
                until_equal(lambda: service.metric("mall_outbox_pending"), 0)

    def places_of_events(self):
        return self.stage.places_of_events()

    def be_busy(self, rate):
        for part in range(3):
            self.streams.append(Stream(self.to_order.port, rate / 3))
            self.streams[-1].start()

    def be_quiet(self):
        for stream in self.streams:
            stream.ending.set()
        for stream in self.streams:
            stream.join()
        placed, self.streams = sum(stream.placed for stream in self.streams), []
        return placed

    def type_in_a_shell(self, line):
        """With a terminal: httpie reads what else it is given as a body."""
        ours, theirs = pty.openpty()
        try:
            done = subprocess.run(["sh", "-c", line], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, cwd=self.stage.directory)
        finally:
            os.close(ours)
            os.close(theirs)
        equal(done.returncode, 0, line + ": " + done.stdout)

    def deliveries_of(self, order):
        """How many deliveries that order has."""
        rows = self.stage.delivery.get("/deliveries?size=1000").body["_embedded"]["deliveries"]
        return sum(row["orderId"] == str(order) for row in rows)

    def spoil(self):
        """A stock that no movement explains."""
        tool("psql", "-q", self.stage.database.url, "-c", "UPDATE product.inventories SET stock = stock + 7")


def serve(stage, node):
    """Yields what the story's process says of its cases; does what it asks for meanwhile."""
    orders = Orders(stage)
    for line in node.stdout:
        message = json.loads(line)
        if "case" in message:
            yield message["case"], message.get("trouble")
            continue
        try:
            answer = {"gives": orders.carry_out(message)}
        except Exception as trouble:
            answer = {"trouble": "%s: %s" % (type(trouble).__name__, trouble)}
        node.stdin.write(json.dumps(answer) + "\n")
        node.stdin.flush()
    orders.be_quiet()
