"""Services of others beside ours on one topic, as Spring's are: without keys, without CloudEvents headers."""
import contextlib
import http.server
import json
import sqlite3
import subprocess
import threading
import time
import urllib.parse

import log_rows
from mall import BIN, SHOP, Mall, collection_of, equal, tool, until, until_equal

KEYLESS = "MALL_TOPIC_PARTITIONS=1"                             # in the warning
DEAF = "MALL_OVERSELL=allow"


class Strangers:
    """The events of the reference's services."""

    def __init__(self, mall):
        self.mall = mall

    def say(self, kind, number, partition=None, **members):
        event = {"eventType": kind, "timestamp": int(time.time() * 1000), "id": number, **members}
        self.mall.broker.write("mall", json.dumps(event).encode(), partition=partition)

    def order(self, kind, number, qty=5, **more):
        self.say(kind, number, productId="1001", productName="TV", qty=qty, customerId="100", status=None, **more)

    def delivery(self, kind, number, order, qty=5, **more):
        self.say(kind, number, orderId=str(order), qty=qty, productId="1001", status=kind, customerId="100", **more)


def times(daemon, text):
    return sum(text in line for line in daemon.log().split("\n"))


def has_deliveries(mall, orders):
    until_equal(lambda: {int(d["orderId"]) for d in mall.delivery.rows("deliveries") if d["orderId"]}, set(orders), 60)


# ---- keys ----

def test_who_hears_events_without_keys_on_several_partitions_says_so_once():
    with Mall(bus="kafka") as mall:
        spring = Strangers(mall)
        mall.order_one()                                        # ours have keys
        mall.delivery.post("/deliveries", {"qty": 1})           # ... but for what belongs to no order
        until(lambda: mall.order.get("/orders/1").body["status"], 60)
        equal([times(d, KEYLESS) for d in mall.daemons.values()], [0] * 4)
        for number in (41, 42, 43):
            spring.order("Orderplaced", number, partition=3)
        has_deliveries(mall, (1, 41, 42, 43))
        until_equal(lambda: times(mall.delivery, KEYLESS), 1)
        assert "events come without a key" in mall.delivery.log() and "mall[3]@" in mall.delivery.log(), mall.delivery.log()
        equal([times(d, KEYLESS) for d in (mall.order, mall.product)], [0, 0], "those who do not hear an Orderplaced")


def test_one_partition_needs_no_keys():
    with Mall(bus="kafka", topic_partitions=1) as mall:
        for number in (41, 42):
            Strangers(mall).order("Orderplaced", number)
        has_deliveries(mall, (41, 42))
        equal(times(mall.delivery, KEYLESS), 0)


# ---- OutOfStock where delivery is Spring's ----

def without_our_delivery(**settings):
    return Mall(bus="kafka", only=("order", "product"), topic_partitions=1, **settings)


def test_a_delivery_that_hears_no_out_of_stock_stays_without_and_product_says_once_what_helps():
    with without_our_delivery() as mall:
        spring = Strangers(mall)
        mall.register(stock=3)
        number = mall.order_one(qty=5)
        spring.delivery("DeliveryStarted", 1, number)
        until_equal(lambda: mall.order.get("/orders/%d" % number).body["status"], "OutOfStock", 60)
        spring.delivery("DeliveryStarted", 2, mall.order_one(qty=4), qty=4)
        until_equal(lambda: mall.order.get("/orders/2").body["status"], "OutOfStock", 60)
        until_equal(lambda: times(mall.product, DEAF), 1)
        equal(mall.stock(), 3)
        equal(mall.order.delete("/orders/%d" % number).status, 204)
        spring.delivery("DeliveryCanceled", 1, number)          # what Spring's delivery makes of the OrderCanceled
        spring.delivery("DeliveryStarted", 3, mall.order_one(qty=3), qty=3)
        until_equal(lambda: mall.stock(), 0, 60)                # what was not taken was not given back
        equal(times(mall.product, DEAF), 1)


def test_with_overselling_such_a_delivery_has_its_stock():
    with without_our_delivery(oversell="allow") as mall:
        spring = Strangers(mall)
        mall.register(stock=3)
        number = mall.order_one(qty=5)
        spring.delivery("DeliveryStarted", 1, number)
        until_equal(lambda: mall.stock(), -2, 60)
        until_equal(lambda: mall.order.get("/orders/%d" % number).body["status"], "DeliveryStarted", 60)
        spring.delivery("DeliveryCanceled", 1, number)
        until_equal(lambda: mall.stock(), 3, 60)
        equal(times(mall.product, DEAF), 0)


# ---- ids ----

def test_a_store_begins_with_the_id_that_it_is_told_and_a_restart_is_no_matter():
    with Mall(only=("order", "delivery"), first_id=500) as mall:
        equal([mall.order_one(), mall.order_one()], [500, 501])
        until_equal(lambda: [(d["id"], d["orderId"]) for d in mall.delivery.rows("deliveries")], [(500, "500"), (501, "501")])
        equal(mall.order.stop(), 0)
        mall.order.start()
        equal(mall.order_one(), 502)
        equal(mall.order.stop(), 0)
        mall.order.start(wait=False, first_id=7)
        equal(mall.order.wait(), 2)
        assert "MALL_FIRST_ID=7: this store began with 500 and is at 50" in mall.order.log(), mall.order.log()
        mall.order.start(first_id=None)
        equal(mall.order_one(), 503)


def highest(bus):
    """What mallctl ids prints, by what it was seen as."""
    lines = tool(BIN / "mallctl", "ids", "--bus=" + bus).splitlines()
    return {line.split(maxsplit=2)[2]: tuple(line.split(maxsplit=2)[:2]) for line in lines[1:] if line[:1].islower()}, lines


def test_mallctl_tells_the_highest_ids_of_all_who_speak_on_the_topic():
    with Mall(bus="kafka", only=("order", "product")) as mall:
        spring = Strangers(mall)
        mall.register(stock=3)
        mall.order_one()
        spring.order("Orderplaced", 41)
        spring.order("Orderplaced", 40)
        spring.delivery("DeliveryStarted", 12, 43)
        spring.delivery("DeliveryCanceled", 11, 42)
        spring.say("InventoryModified", 9, productId="1001", productName="TV", stock=1)
        spring.say("Orderplaced", "99", productId="1001")
        until(lambda: "OutOfStock" in mall.broker.read("mall"), 60)
        found, lines = highest("kafka://%s/mall" % mall.broker.address)
        equal(found, {"id of Orderplaced, OrderCanceled": ("order", "41"),
                      "orderId of DeliveryStarted, DeliveryCanceled, OutOfStock": ("order", "43"),
                      "id of DeliveryStarted, DeliveryCanceled, OutOfStock": ("delivery", "12"),
                      "id of InventoryModified": ("product", "9")})
        equal(len(lines), 5)


def test_mallctl_tells_the_highest_ids_of_the_log_and_what_it_cannot_know():
    with Mall(only=("order", "delivery")) as mall:
        bus = "log:%s" % (mall.directory / "mall.log")
        for _ in range(3):
            mall.order_one()
        until_equal(lambda: [number for _, number in highest(bus)[0].values()], ["3", "3", "3", "0"])
        equal(len(highest(bus)[1]), 5)
        with contextlib.closing(sqlite3.connect(mall.directory / "mall.log", timeout=10, isolation_level=None)) as log:
            log.execute("PRAGMA wal_autocheckpoint = 0")
            log_rows.split(log)
            log.execute("DELETE FROM log WHERE offset = 1")
        equal(highest(bus)[1][5:], ["The oldest events are gone from the topic: an id may have been higher."])
    for flags, code in ((["--bus=mall.log"], 2), (["mall.log"], 2), (["--bus=log:/nowhere/mall.log"], 1), (["--help"], 0)):
        equal(subprocess.run([BIN / "mallctl", "ids", *flags], capture_output=True, check=False).returncode, code, str(flags))


# ---- the audit of a mall that is half of others ----

class Reference(http.server.BaseHTTPRequestHandler):
    """Shows rows as the reference does, and has no other page."""

    def do_GET(self):
        here, (collection, rows) = urllib.parse.urlsplit(self.path), self.server.shows
        page = {"_embedded": {collection: [{**row, "_links": {"self": {"href": "http://x/%s/%d" % (collection, number)}}}
                                           for number, row in sorted(rows.items())]},
                "page": {"size": 1000, "totalElements": len(rows), "totalPages": 1, "number": 0}}
        found = here.path == "/" + collection
        status = self.server.openapi if here.path == "/openapi.json" else 200 if found else 404
        body = json.dumps(page if found else {"status": 404, "error": "Not Found"}, indent=2).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def reference(name, rows, openapi=404):
    """The flag that leads the audit to it. The caller may change rows (by id) meanwhile; openapi: the status there."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Reference) as server:
        server.shows, server.openapi = (collection_of(name), rows), openapi
        threading.Thread(target=server.serve_forever).start()
        try:
            yield "--%s=http://127.0.0.1:%d" % (name, server.server_port)
        finally:
            server.shutdown()


def audited(mall, *flags):
    """The exit code and the lines, of a mall at rest."""
    places = ["--%s=http://localhost:%d" % (name, mall.daemons[name].port) for name in SHOP if name in mall.daemons]
    done = subprocess.run([BIN / "mallctl", "audit", *places, *flags], capture_output=True, text=True, check=False)
    equal(done.stderr, "")
    return done.returncode, done.stdout.splitlines()


STATUS = "not checked: the status of %s: by its /openapi.json order is not this mall's, and its status follows nothing"
SETTLED = "--settle=60s"                                         # what is accepted may still wait for the bus
PARTLY = "balanced, as far as it was checked"
ORDER = {"productId": "1001", "productName": "TV", "qty": 5, "customerId": "100", "status": None}
DELIVERY = {"qty": 5, "productId": "1001", "status": "DeliveryStarted", "customerId": "100"}


def test_the_audit_beside_an_order_of_others():
    rows = {}
    with Mall(bus="kafka", only=("delivery", "product"), topic_partitions=1) as mall, reference("order", rows) as order:
        spring, bus = Strangers(mall), "--bus=kafka://%s/mall" % mall.broker.address
        mall.register()
        for number in (1, 2, 3):
            rows[number] = ORDER
            spring.order("Orderplaced", number)
        until_equal(lambda: mall.stock(), 85, 60)
        books = "audit: 3 orders, 3 deliveries, 1 product, 4 movements"
        equal(audited(mall, order, SETTLED), (3, [STATUS % "3 orders", "%s: %s" % (books, PARTLY)]))
        equal(audited(mall, order, bus, SETTLED), (3, [STATUS % "3 orders", "%s, 6 events: %s" % (books, PARTLY)]))
        equal(mall.delivery.delete("/deliveries/1").status, 204)        # by hand: the order had one
        del rows[2]
        spring.order("OrderCanceled", 2)
        until_equal(lambda: mall.stock(), 95, 60)
        books = "audit: 2 orders, 1 delivery, 1 product, 6 movements"
        equal(audited(mall, order, bus, SETTLED), (3, [STATUS % "2 orders", "%s, 9 events: %s" % (books, PARTLY)]))
        equal(audited(mall, order, SETTLED), (3, [STATUS % "2 orders", "not checked: whether 1 order without a delivery had one: only the topic tells (--bus)",
                                         "%s: %s" % (books, PARTLY)]))
        rows[7] = ORDER                                                 # which no event told of
        del rows[3]
        equal(audited(mall, order, bus), (1, [
            "order 3: deleted, with delivery 3 still there", "order 7: no delivery yet", "order 7: no Orderplaced on the topic",
            "order 3: Orderplaced on the topic, but it is neither there nor canceled", STATUS % "2 orders",
            "audit: 2 orders, 1 delivery, 1 product, 6 movements, 9 events: 4 offences"]))


def test_the_audit_beside_a_product_of_others():
    with Mall(only=("order", "delivery")) as mall, reference("product", {1: {"productId": "1001", "productName": "TV", "stock": 90}}) as product:
        for _ in range(2):
            mall.order_one()
        until(lambda: all(o["status"] for o in mall.order.rows("orders")))
        unknown = "not checked: what 2 deliveries moved, and the stock of 1 product: product has no /movements, it is not this mall's"
        bus = "--bus=log:%s" % (mall.directory / "mall.log")
        equal(audited(mall, product, SETTLED), (3, [unknown, "audit: 2 orders, 2 deliveries, 1 product: " + PARTLY]))
        equal(audited(mall, product, bus, SETTLED), (3, [unknown, "audit: 2 orders, 2 deliveries, 1 product, 4 events: " + PARTLY]))
        equal(mall.order.patch("/orders/2", {"status": None}).status, 200)
        equal(audited(mall, product), (1, ["order 2: no status yet, with delivery 2 there", unknown, "audit: 2 orders, 2 deliveries, 1 product: 1 offence"]))


def test_who_cannot_answer_the_audit_is_not_taken_for_another():
    with Mall(only=("delivery", "product")) as mall, reference("order", {}, 503) as order:
        places = ["--%s=http://localhost:%d" % (name, mall.daemons[name].port) for name in ("delivery", "product")]
        done = subprocess.run([BIN / "mallctl", "audit", order, *places], capture_output=True, text=True, check=False)
        assert done.returncode == 1 and done.stderr.endswith("/openapi.json: the answer is a 503\n"), done


def test_the_audit_beside_a_delivery_of_others():
    rows = {}
    with without_our_delivery() as mall, reference("delivery", rows) as delivery:
        spring, bus = Strangers(mall), "--bus=kafka://%s/mall" % mall.broker.address
        mall.register()
        for number in (1, 2):
            rows[number] = {**DELIVERY, "orderId": str(mall.order_one())}
            spring.delivery("DeliveryStarted", number, number)
        until_equal(lambda: mall.stock(), 90, 60)
        until(lambda: all(o["status"] for o in mall.order.rows("orders")))
        books = "audit: 2 orders, 2 deliveries, 1 product, 3 movements"
        equal(audited(mall, delivery, SETTLED), (0, [books + ": balanced"]))
        equal(audited(mall, delivery, bus, SETTLED), (0, [books + ", 4 events: balanced"]))
        rows[3] = {**DELIVERY, "orderId": "77"}                         # of an order store that is gone
        spring.delivery("DeliveryStarted", 3, 77)
        until_equal(lambda: mall.stock(), 85, 60)
        books = "audit: 2 orders, 3 deliveries, 1 product, 4 movements"
        equal(audited(mall, delivery, bus, SETTLED), (0, [books + ", 5 events: balanced"]))
        equal(audited(mall, delivery), (1, ["order 77: deleted, with delivery 3 still there", books + ": 1 offence"]))
        del rows[2]
        equal(audited(mall, delivery, bus), (1, [
            "order 2: DeliveryStarted, but its delivery is not there", "delivery 2 of order 2: is gone, but what movement 3 took was not given back",
            "delivery 2: DeliveryStarted on the topic, but it is neither there nor canceled",
            "audit: 2 orders, 2 deliveries, 1 product, 4 movements, 5 events: 3 offences"]))
