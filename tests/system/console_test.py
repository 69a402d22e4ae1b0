"""The console's daemon: what it shows of a mall by /events, /timeline, /topology, /movements and /books."""
import contextlib
import json
import math
import re
import signal
import socket
import time

from audit_test import damaged
from mall import SERVICES, SHOP, SLOWER, VARIANT, Client, Daemon, Load, Mall, equal, frozen, ports, until, until_equal

MUCH = 1000000000
EVENTS_OF_AN_ORDER = ("Orderplaced", "DeliveryStarted", "InventoryModified")


class Console(Daemon):
    """A frontend that watches a mall; several may."""

    def __init__(self, mall, **settings):
        places = ",".join("%s=http://127.0.0.1:%d" % (name, daemon.port) for name, daemon in mall.daemons.items())
        bus = {"bus_url": mall.order.settings["bus_url"]} if "bus_url" in mall.order.settings else {}
        super().__init__("frontend", mall.directory, {"services": places, **bus, **settings})

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        ended = self.stop() if self.is_running() else 0
        assert kind or not ended, "the frontend ended with %d: %s" % (ended, self.complaints())
        assert kind or not re.search("Sanitizer|runtime error:", self.log()), self.complaints()

    def timeline(self, order):
        return self.get("/timeline/%s" % order).body

    def service(self, name):
        return {s["name"]: s for s in self.get("/topology").body["services"]}[name]


class Stream:
    """An open /events. Frames are dicts of their fields."""

    def __init__(self, port, query="", last_id=None, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=20 * SLOWER)
        again = "Last-Event-ID: %s\r\n" % last_id if last_id else ""
        self.socket.sendall(("GET /events%s HTTP/1.1\r\nHost: a\r\n%s\r\n" % (query, again)).encode())
        self.raw, self.text, self.last_id, self.ended = b"", "", last_id, False
        while b"\r\n\r\n" not in self.raw:
            self.more()
        head, self.raw = self.raw.split(b"\r\n\r\n", 1)
        self.head = head.decode()
        self.status = int(self.head.split()[1])

    def more(self):
        got = self.socket.recv(65536)
        self.ended = not got
        self.raw += got

    def chunk(self):
        """One chunk of the body; None: its end."""
        while b"\r\n" not in self.raw and not self.ended:
            self.more()
        if self.ended:
            return None
        size, rest = self.raw.split(b"\r\n", 1)
        size = int(size, 16)
        while len(rest) < size + 2:
            self.more()
            rest = self.raw.split(b"\r\n", 1)[1]
        self.raw = rest[size + 2:]
        return rest[:size].decode() if size else None

    def frames(self):
        """As they come, until the stream ends; a comment is a frame too."""
        while True:
            while "\n\n" not in self.text:
                chunk = self.chunk()
                if chunk is None:
                    return
                self.text += chunk
            frame, self.text = self.text.split("\n\n", 1)
            fields = dict(line.split(": ", 1) for line in frame.split("\n") if not line.startswith(":"))
            self.last_id = fields.get("id", self.last_id)
            yield {"event": "message" if fields.get("data") else "none", **fields,
                   "data": json.loads(fields["data"]) if "data" in fields else frame}

    def events(self):
        """Those of the bus; none may have been left out."""
        for frame in self.frames():
            assert frame["event"] != "gap", frame
            if frame["event"] == "message":
                yield frame["data"]

    def take(self, count):
        found, events = [], self.events()
        while len(found) < count:
            found.append(next(events))
        return found

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def places(events):
    return [(e["partition"], e["offset"]) for e in events]


def tells_an_order(bus):
    with Mall(bus=bus, only=SERVICES) as mall, Console(mall) as console:
        mall.register()
        with Stream(console.port) as stream:
            order = mall.order_one(qty=5)
            events = {e["type"]: e for e in stream.take(3)}
            equal(set(events), set(EVENTS_OF_AN_ORDER))
            equal(len({e["trace"] for e in events.values()}), 1, "the number of traces")
            equal([events[t]["service"] for t in EVENTS_OF_AN_ORDER], list(SHOP))
            equal(events["Orderplaced"]["key"], str(order))
            equal(events["Orderplaced"]["value"]["qty"], 5)
            equal(events["InventoryModified"]["value"]["stock"], 95)
            equal(events["DeliveryStarted"]["cause"], events["Orderplaced"]["id"])
            equal(events["InventoryModified"]["cause"], events["DeliveryStarted"]["id"])
            mall.order.delete("/orders/%d" % order)
            equal({e["type"] for e in stream.take(3)}, {"OrderCanceled", "DeliveryCanceled", "InventoryModified"})
        told = console.timeline(order)
        equal(told["status"], "canceled")
        equal(sorted(e["type"] for e in told["events"]),
              sorted((*EVENTS_OF_AN_ORDER, "OrderCanceled", "DeliveryCanceled", "InventoryModified")))
        equal(told["events"][0]["ms"], 0)
        equal([e["announced"] for e in told["events"]], sorted(e["announced"] for e in told["events"]))
        equal([e["stock"] for e in told["events"] if "stock" in e],
              [{"productId": "1001", "productName": "TV", "moved": -5, "left": 95},
               {"productId": "1001", "productName": "TV", "moved": 5, "left": 100}])
        short = mall.order_one(qty=500)
        until(lambda: console.get("/timeline/%d" % short).status == 200 and len(console.timeline(short)["events"]) == 4)
        equal(console.timeline(short)["status"], "outOfStock")
        equal(console.get("/movements?size=1").body["page"], {"size": 1, "totalElements": 3, "totalPages": 3, "number": 0})


def test_an_order_is_seen_on_the_log():
    tells_an_order("log")


def test_an_order_is_seen_on_kafka():
    tells_an_order("kafka")


def comes_back_exactly(bus):
    """A page whose connection is cut again and again, and comes back to one of two replicas. There are fewer events than may come at once."""
    with Mall(bus=bus, only=SERVICES) as mall, Console(mall) as first, Console(mall) as second:
        mall.register(stock=MUCH)
        seen, last_id, cuts = [], "", 0
        with Load(mall.order.port, clients=1, pause=0.005, most=250) as load:
            while cuts < 12 and len(seen) + 20 <= 3 * load.most:
                with Stream((first, second)[cuts % 2].port, last_id=last_id) as stream:
                    seen += stream.take(20)
                    while places(seen[-1:])[0] not in vector(stream.last_id):   # the id belongs to the last event of each write
                        seen += stream.take(1)
                    last_id = stream.last_id
                cuts += 1
            until(lambda: len(load.acknowledged) == load.most)
        mall.check_books(1, MUCH, load.acknowledged)
        with Stream(second.port, last_id=last_id) as stream:
            wanted = 3 * len(mall.order.rows("orders"))
            seen += stream.take(wanted - len(seen))
        equal(len(places(seen)), len(set(places(seen))), "the number of events that came once")
        equal(len(set(places(seen))), wanted)
        for partition in {e["partition"] for e in seen}:
            offsets = [e["offset"] for e in seen if e["partition"] == partition]
            equal(offsets, sorted(offsets), "the order in partition %d" % partition)


def vector(last_id):
    return {tuple(int(number) for number in pair.split("-")) for pair in last_id.split(".") if pair}


def test_who_comes_back_misses_nothing_and_gets_nothing_twice_on_the_log():
    comes_back_exactly("log")


def test_who_comes_back_misses_nothing_and_gets_nothing_twice_on_kafka():
    comes_back_exactly("kafka")


def test_a_late_comer_gets_the_last_events():
    with Mall(only=SERVICES) as mall:
        mall.register()
        for _ in range(3):
            mall.order_one(qty=1)
        until_equal(mall.stock, 97)
        with Console(mall) as console:                          # it comes late, too
            with Stream(console.port, "?last=4") as stream:
                equal(len(stream.take(4)), 4)
            equal(console.timeline(1)["kept"]["count"], 9)
            equal(console.timeline(1)["status"], "started")


def test_a_memory_that_is_too_short_says_so():
    with Mall(only=SERVICES) as mall, Console(mall, events_kept=100) as console:
        mall.register()
        for _ in range(50):
            mall.order_one(qty=1)
        until(lambda: console.get("/timeline/50").status == 200)
        until_equal(lambda: console.get("/timeline/1").status, 404)
        answer = console.get("/timeline/1")
        equal(answer.headers["content-type"], "application/problem+json")
        assert re.search(r"order 1: .* last 100 events, since \d{4}-", answer.body["detail"]), answer.text
        with Stream(console.port, last_id="0-1") as stream:
            gap = next(f for f in stream.frames() if f["event"] == "gap")
            assert gap["data"]["skipped"] > 0, gap


def test_what_is_asked_wrongly_is_refused():
    with Mall(only=("order",)) as mall, Console(mall) as console:
        for path in ("/timeline/abc", "/timeline/", "/timeline/1x", "/timeline/-1", "/timeline/99999999999999999999", "/events?last=abc"):
            answer = console.get(path)
            equal((answer.status, answer.headers["content-type"]), (400, "application/problem+json"), path)
        equal(console.get("/timeline/1").status, 404)
        equal(console.get("/nothing").status, 404)
        assert console.get("/assets/../main.c").status in (400, 404)
        for path in ("/", "/events", "/timeline/1", "/topology", "/books", "/movements"):
            answer = console.post(path, {})
            equal((answer.status, "GET" in answer.headers["allow"]), (405, True), path)
        for last_id in ("x", "0-", "99999999999-1", "0-1," * 1000):
            with Stream(console.port, last_id=last_id) as stream:
                equal(stream.status, 200, last_id)
        equal(console.get("/movements").status, 404)            # MALL_SERVICES names no product


def test_the_page_is_served_with_its_guards():
    with Mall(only=("order",)) as mall, Console(mall) as console:
        page = console.get("/")
        equal(page.status, 200)
        assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';"), page.headers
        equal(page.headers["x-content-type-options"], "nosniff")
        equal(console.ask("GET", "/", headers={"If-None-Match": page.headers["etag"]}).status, 304)
        for name in re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.text):
            equal(console.get(name).status, 200, name)


def test_followers_have_a_bound_and_all_streams_end_with_the_daemon():
    with Mall(only=("order",)) as mall, Console(mall, max_followers=3, drain="5s") as console:
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(Stream(console.port)) for _ in range(3)]
            until_equal(lambda: counted(console), 503)
            streams.pop().close()
            until_equal(lambda: counted(console), 200)
            began = time.monotonic()
            console.signal()
            for stream in streams:
                assert all(f["event"] != "gap" for f in stream.frames())
                assert time.monotonic() < began + 2 * SLOWER, "the streams did not end at once"
            equal(console.wait(), 0)


def counted(console):
    with Stream(console.port) as stream:
        return stream.status


def test_a_service_that_hangs_or_is_away_is_shown_and_holds_up_nothing():
    with Mall(only=SERVICES) as mall, Console(mall) as console:
        equal({s["name"]: s["status"] for s in console.get("/topology").body["services"]},
              {name: "UP" for name in (*SERVICES, "frontend")})
        order = console.service("order")
        equal((order["store"], order["bus"], order["outbox"], order["lag"]), ("sqlite", "log", 0, 0))
        assert "Orderplaced" in order["says"] and order["pods"], order
        with frozen(mall.delivery):
            until_equal(lambda: console.service("delivery")["status"], "AWAY")
            assert "timed out" in console.service("delivery")["why"], console.service("delivery")
            began = time.monotonic()
            for _ in range(20):
                equal(console.service("order")["status"], "UP")
            assert time.monotonic() < began + 5 * SLOWER, "who asks waits for the service that hangs"
        until_equal(lambda: console.service("delivery")["status"], "UP")
        mall.product.stop()
        until_equal(lambda: console.service("product")["status"], "AWAY")
        assert "onnect" in console.service("product")["why"], console.service("product")
        equal(console.get("/movements").status, 502)
        mall.product.start()
        until_equal(lambda: console.service("product")["status"], "UP")


def test_services_are_asked_only_while_somebody_looks():
    with Mall(only=SERVICES, log_level="debug") as mall, Console(mall) as console:
        def asked():
            return mall.order.log().count("/actuator/prometheus")
        until(lambda: console.service("order")["status"] == "UP" and asked() >= 2)
        until(lambda: stands_still(asked), 30)


def stands_still(count):
    before = count()
    time.sleep(2.5)
    return count() == before


def test_events_go_on_after_a_broker_was_away():
    with Mall(bus="kafka", only=SERVICES) as mall, Console(mall) as console:
        mall.register(stock=MUCH)
        mall.order_one(qty=1)
        with Stream(console.port) as stream:
            before = stream.take(3)
            mall.broker.signal(signal.SIGKILL)
            accepted = [mall.order_one(qty=1) for _ in range(5)]
            mall.broker.restart()
            after = stream.take(15)
        equal(len(set(places(before + after))), 18)
        equal({e["key"] for e in after if e["type"] == "Orderplaced"}, {str(order) for order in accepted})


def shown(stream, key):
    """The next event of this key. Others may come before it: delivery's answer to it is in another partition."""
    while (event := stream.take(1)[0])["key"] != key:
        pass
    return event


def test_events_of_others_are_shown():
    """As Spring's services send them: without CloudEvents headers."""
    with Mall(bus="kafka", only=SERVICES) as mall, Console(mall) as console:
        mall.register()
        with Stream(console.port) as stream:
            mall.order_one()
            stream.take(3)
            mall.broker.write("mall", b'{"eventType":"Orderplaced","timestamp":1795358923623,"id":77,"qty":3}', key="77")
            event = shown(stream, "77")
            equal((event["type"], event["announced"], event["source"]), ("Orderplaced", 1795358923623, None))
            mall.broker.write("mall", b'this is no JSON', key="78")
            event = shown(stream, "78")
            equal((event["type"], event["value"]), (None, None))
            mall.broker.write("mall", b'{"eventType":"Coupon","timestamp":9223372036854775807}', key="79")
            event = shown(stream, "79")
            equal(abs(event["announced"] - time.time() * 1000) < 60000, True)   # a stamp that is no time counts as the record's
        equal(console.timeline(77)["events"][0]["value"]["qty"], 3)


def status_kb(daemon, name):
    text = open("/proc/%d/status" % daemon.process.pid, encoding="ascii").read()
    return int(re.search(name + r":\s+(\d+)", text)[1])


def cpu_seconds(daemon):
    fields = open("/proc/%d/stat" % daemon.process.pid, encoding="ascii").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_two_hundred_streams_cost_little():
    with Mall(only=SERVICES) as mall, Console(mall) as console:
        mall.register(stock=MUCH)
        for _ in range(50):
            mall.order_one(qty=1)
        until_equal(mall.stock, MUCH - 50)
        with contextlib.ExitStack() as stack:
            with Stream(console.port) as stream:
                stream.take(100)
            before = status_kb(console, "VmRSS")
            streams = [stack.enter_context(Stream(console.port)) for _ in range(200)]
            for stream in streams:
                stream.take(100)
            mall.order_one(qty=1)
            for stream in streams:
                stream.take(3)
            if VARIANT == "release":
                grown = status_kb(console, "VmRSS") - before
                assert grown <= 32 * 1024, "200 streams took %d KB" % grown
            spent = cpu_seconds(console)
            time.sleep(5)
            spent = cpu_seconds(console) - spent
            assert spent < 1 * SLOWER, "200 idle streams cost %.2f s of CPU in 5 s" % spent


def test_a_stream_lives_longer_than_the_gateways_patience():
    with Mall() as mall, Console(mall) as console:
        routes = mall.directory / "stream.yml"
        routes.write_text("spring.cloud.gateway.routes: [{id: frontend, uri: 'http://localhost:%d', predicates: [Path=/**]}]\n" % console.port)
        gateway = Daemon("gateway", mall.directory, {"routes": routes, "response_timeout": "12s", "port": ports.reserve()})
        gateway.port = gateway.settings["port"]
        gateway.start()
        try:
            with Stream(gateway.port) as stream:
                began, frames = time.monotonic(), stream.frames()
                while time.monotonic() < began + 13:
                    next(frames)
                mall.register()
                mall.order_one()
                equal(len(stream.take(3)), 3)
            equal(Client(gateway.port).get("/topology").status, 200)
        finally:
            equal(gateway.stop(), 0)


def books(console):
    return console.get("/books").body


def the_books_are_kept(bus):
    with Mall(bus=bus, only=SERVICES) as mall, Console(mall) as console:
        mall.register()
        equal(books(console)["state"], "unknown")               # nobody has looked yet
        orders = [mall.order_one(qty=1) for _ in range(3)]
        until_equal(lambda: [books(console).get(k) for k in ("state", "why", "orders", "deliveries", "products", "movements", "events")],
                    ["balanced", None, 3, 3, 1, 4, 6])                     # events that the audit weighs
        equal((books(console)["offences"], books(console)["unchecked"]), ([], []))
        with damaged(mall.delivery, "DELETE FROM deliveries WHERE id = 2"):
            found = until(lambda: (lambda b: b if b["state"] == "unbalanced" else None)(books(console)))
            equal({(o["about"], o["id"]) for o in found["offences"]} & {("order", o) for o in orders} != set(), True, str(found))
        until_equal(lambda: books(console)["state"], "balanced")
        mall.delivery.stop()
        until(lambda: books(console)["state"] == "unknown" and "delivery" in books(console)["why"])


def test_the_books_balance_until_a_delivery_is_taken_away_on_the_log():
    the_books_are_kept("log")


def test_the_books_balance_until_a_delivery_is_taken_away_on_kafka():
    the_books_are_kept("kafka")


def is_balanced(console):
    """As the metric says: 1, 0, or None for NaN, while nothing is known."""
    said = console.metric("mall_books_balanced")
    return None if math.isnan(said) else said


def test_the_metric_of_the_books_follows_them_while_nobody_looks_if_it_is_set_up_so():
    with Mall(only=SERVICES) as mall, Console(mall, books_every="300ms") as console:
        mall.register()
        mall.order_one(qty=1)
        until_equal(lambda: is_balanced(console), 1)
        with damaged(mall.delivery, "DELETE FROM deliveries WHERE id = 1"):
            until_equal(lambda: is_balanced(console), 0)
        until_equal(lambda: is_balanced(console), 1)
        mall.delivery.stop()
        until_equal(lambda: is_balanced(console), None)
        checked = console.metric("mall_books_checked_timestamp_seconds")
        assert time.time() - 600 < checked < time.time(), checked
        equal(books(console)["state"], "unknown")                # audits went on, and none came to a verdict
        equal(console.metric("mall_books_checked_timestamp_seconds"), checked)


def test_the_metric_of_the_books_does_not_move_while_orders_flow():
    with Mall(only=SERVICES) as mall, Console(mall, books_every="50ms") as console:
        mall.register(stock=10 ** 6)
        until_equal(lambda: is_balanced(console), 1)
        load = Load(mall.order.port, clients=2)
        seen, states = set(), set()
        while len(load.acknowledged) < 300 or "settling" not in states:
            states.add(books(console)["state"])
            seen.add(is_balanced(console))
        load.stop()
        equal((seen, states - {"settling", "balanced"}), ({1}, set()))


def test_nobody_audits_while_nobody_looks():
    with Mall(only=SERVICES) as mall, Console(mall) as console:
        mall.register()
        mall.order_one(qty=1)
        equal(is_balanced(console), None)
        until_equal(lambda: books(console)["state"], "balanced")
        equal(is_balanced(console), 1)


def test_books_of_a_service_that_does_not_answer_are_unknown():
    with Mall(bus="kafka", only=SERVICES) as mall, Console(mall) as console:
        mall.register()
        mall.order_one(qty=1)
        until_equal(lambda: books(console)["state"], "balanced")
        with frozen(mall.delivery):
            until(lambda: books(console)["state"] == "unknown" and "delivery: " in books(console)["why"])
        until_equal(lambda: books(console)["state"], "balanced")
