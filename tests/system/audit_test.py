"""`mallctl audit`: balanced where all is well, and one line for each fault, which names it."""
import contextlib
import http.server
import json
import shutil
import sqlite3
import subprocess
import threading

import log_rows
import mall as mall_module
from mall import BIN, SHOP, SLOWER, Mall, equal, ports, tool, until, until_equal


def places(mall):
    return ["--%s=http://localhost:%d" % (name, mall.daemons[name].port) for name in SHOP]


def audit(mall, *flags):
    """The exit code, the lines on stdout and what stderr has."""
    done = subprocess.run([BIN / "mallctl", "audit", *(places(mall) if mall else ()), *flags],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120 * SLOWER)
    return done.returncode, done.stdout.splitlines(), done.stderr


def balances(mall, summary, *flags):
    code, lines, trouble = audit(mall, "--settle=60s", *flags)
    equal((code, lines, trouble), (0, ["audit: %s: balanced" % summary], ""))


def offends(mall, *offences, flags=()):
    """These and no others."""
    code, lines, trouble = audit(mall, *flags)
    equal((lines[:-1], trouble), (list(offences), ""), "what it says")
    many = "%d offence%s" % (len(offences), "s" * (len(offences) != 1))
    assert code == 1 and lines[-1].startswith("audit: ") and lines[-1].endswith(": " + many), (code, lines)


def order_and_see(mall, status="DeliveryStarted", **members):
    number = mall.order.post("/orders", {"productName": "TV", "customerId": "100", **members}).id
    until_equal(lambda: mall.order.get("/orders/%d" % number).body["status"], status)
    return number


def trade(mall):
    """One of each kind that may be, each followed to its end before the next."""
    mall.register("1001", 100)                                                       # inventory 1, movement 1
    mall.register("1002", 3)                                                         # inventory 2, movement 2
    order_and_see(mall, productId="1001", qty=5)                                     # order 1, delivery 1, movement 3
    until_equal(lambda: mall.stock(), 95)
    order_and_see(mall, productId="none", qty=5)                                     # order 2, delivery 2, movement 4
    until_equal(lambda: len(mall.product.rows("movements")), 4)
    order_and_see(mall, productId="1001", qty=0)                                     # order 3, delivery 3
    equal(mall.order.post("/orders", {"item": "chicken"}).id, 4)                     # order 4, delivery 4
    until_equal(lambda: mall.order.get("/orders/4").body["status"], "DeliveryStarted")
    order_and_see(mall, "OutOfStock", productId="1002", qty=5)                       # order 5, delivery 5
    until_equal(lambda: mall.delivery.get("/deliveries/5").status, 404)
    equal(order_and_see(mall, productId="1001", qty=1), 6)                           # order 6, delivery 6, movement 5
    until_equal(lambda: mall.stock(), 94)
    equal(mall.order.delete("/orders/6").status, 204)
    until_equal(lambda: mall.stock(), 95)                                            # movement 6
    equal(by_hand(mall, orderId="77", productId="1001", qty=4), 7)                   # delivery 7, movement 7
    until_equal(lambda: mall.stock(), 91)
    equal(by_hand(mall, orderId="1", productId="1001", qty=2), 8)                    # delivery 8, movement 8
    until_equal(lambda: mall.stock(), 89)
    equal(by_hand(mall, qty=2), 9)                                                   # delivery 9
    equal(order_and_see(mall, productId="1001", qty=3), 7)                           # order 7, delivery 10, movement 9
    until_equal(lambda: mall.stock(), 86)
    equal(mall.delivery.delete("/deliveries/10").status, 204)
    until_equal(lambda: mall.stock(), 89)                                            # movement 10
    until_equal(lambda: mall.order.get("/orders/7").body["status"], "DeliveryCanceled")
    equal(mall.product.patch("/inventories/2", {"stock": 50}).status, 200)           # movement 11
    equal(mall.register("1003", 7), 3)                                               # inventory 3, movement 12
    equal(order_and_see(mall, productId="1003", qty=2), 8)                           # order 8, delivery 11, movement 13
    until_equal(lambda: mall.stock(3), 5)
    equal(mall.product.delete("/inventories/3").status, 204)                         # movement 14
    equal(mall.order.delete("/orders/8").status, 204)                                # where to should product give it back?
    until_equal(lambda: mall.delivery.get("/deliveries/11").status, 404)
    equal(order_and_see(mall, productId="none", qty=1), 9)                           # order 9, delivery 12, movement 15
    equal(mall.delivery.patch("/deliveries/12", {"status": "shipped"}).status, 200)
    equal(by_hand(mall, orderId="4", qty=9, status="DeliveryStarted"), 13)           # not alike: delivery 4 is of no qty
    equal([by_hand(mall, status="DeliveryStarted") for _ in range(2)], [14, 15])


TRADED = "7 orders, 11 deliveries, 2 products, 15 movements"
UNREADABLE = "on the topic, and nobody's event: 1 record (mallctl dead list)"
SAID = "30 events"                                              # 9 placed, 2 canceled, 15 started, 4 canceled


def by_hand(mall, **members):
    return mall.delivery.post("/deliveries", members).id


# ---- rows against rows ----

COPY_DELIVERY = "INSERT INTO deliveries SELECT %d, 0, %s, qty, productId, status, customerId, orderSource FROM deliveries WHERE id = %d"
COPY_MOVEMENT = "INSERT INTO movements SELECT %d, 0, deliveryId, orderId, productId, inventory, qty, %s FROM movements WHERE id = %d"

DAMAGES = (
    ("an order whose delivery did not begin", "order",
     "INSERT INTO orders (id, version, qty) VALUES (50, 0, 1)",
     ["order 50: no delivery yet"]),
    ("an order that has not heard of its delivery", "order",
     "UPDATE orders SET status = NULL WHERE id = 2",
     ["order 2: no status yet, with delivery 2 there"]),
    ("an order whose delivery is lost", "delivery",
     "DELETE FROM deliveries WHERE id = 2",
     ["order 2: DeliveryStarted, but its delivery is not there"]),
    ("a lost delivery that took stock, where one by hand has its order's id", "delivery",
     "DELETE FROM deliveries WHERE id = 1",
     ["delivery 1 of order 1: is gone, but what movement 3 took was not given back"]),
    ("a delivery by hand that is lost", "delivery",
     "DELETE FROM deliveries WHERE id = 7",
     ["delivery 7 of order 77: is gone, but what movement 7 took was not given back"]),
    ("two deliveries of one order", "delivery",
     COPY_DELIVERY % (20, "orderId", 2),
     ["order 2: two deliveries from it, 2 and 20"]),
    ("two deliveries of one order, of which one did not take stock", "delivery",
     COPY_DELIVERY % (20, "orderId", 1),
     ["order 1: two deliveries from it, 1 and 20", "delivery 20 of order 1: no movement, though its product 1001 is known"]),
    ("an OutOfStock order with a delivery", "delivery",
     COPY_DELIVERY % (20, "'5'", 2),
     ["order 5: OutOfStock, with delivery 20 still there"]),
    ("a deleted order with a delivery", "delivery",
     COPY_DELIVERY % (20, "'6'", 2),
     ["order 6: deleted, with delivery 20 still there"]),
    ("a lost order", "order",
     "DELETE FROM orders WHERE id = 2",
     ["order 2: deleted, with delivery 2 still there"]),
    ("the last orders lost", "order",
     "DELETE FROM orders WHERE id > 1",
     ["order %d: deleted, with delivery %s still there" % pair for pair in ((2, "2"), (3, "3"), (4, "4, 13"))]),
    ("a delivery that product did not hear of", "product",
     "DELETE FROM movements WHERE id = 3; UPDATE inventories SET stock = stock + 5 WHERE id = 1",
     ["delivery 1 of order 1: no movement, though its product 1001 is known"]),
    ("a delivery heard of twice", "product",
     COPY_MOVEMENT % (20, "reason", 3) + "; UPDATE inventories SET stock = stock - 5 WHERE id = 1",
     ["delivery 1 of order 1: took stock more than once, by movements 3, 20"]),
    ("a delivery that is there and gave back", "product",
     COPY_MOVEMENT % (20, "'DeliveryCanceled'", 3) + "; UPDATE inventories SET stock = stock - 5 WHERE id = 1",
     ["delivery 1 of order 1: is there, but movement 20 gave back what it took"]),
    ("a canceled delivery that gave nothing back", "product",
     "DELETE FROM movements WHERE id = 6; UPDATE inventories SET stock = stock - 1 WHERE id = 1",
     ["delivery 6 of order 6: is gone, but what movement 5 took was not given back"]),
    ("a canceled delivery that gave back twice", "product",
     COPY_MOVEMENT % (20, "reason", 6) + "; UPDATE inventories SET stock = stock + 1 WHERE id = 1",
     ["delivery 6 of order 6: gave back what it did not take, by movement 6, 20"]),
    ("a canceled delivery that took and gave back twice", "product",
     COPY_MOVEMENT % (20, "reason", 5) + ";" + COPY_MOVEMENT % (21, "reason", 6),
     ["delivery 6 of order 6: took stock more than once, by movements 5, 20"]),
    ("a stock that is not the sum of its movements", "product",
     "UPDATE inventories SET stock = 88 WHERE id = 1",
     ["inventory 1 of product 1001: stock is 88, but its movements sum to 89"]),
    ("a stock without its registration", "product",
     "DELETE FROM movements WHERE id = 2",
     ["inventory 2 of product 1002: stock is 50, but its movements sum to 47"]),
    ("a movement by hand that is there twice", "product",
     COPY_MOVEMENT % (20, "reason", 11),
     ["inventory 2 of product 1002: stock is 50, but its movements sum to 97"]),
    ("movements of a removed inventory that do not end at 0", "product",
     "DELETE FROM movements WHERE id = 14",
     ["inventory 3: is not there, but its movements sum to 5"]),
    ("a lost inventory", "product",
     "DELETE FROM inventories WHERE id = 2",
     ["inventory 2: is not there, but its movements sum to 50"]),
    ("a product's name with a line feed", "product",
     "UPDATE inventories SET productId = 'a' || char(10) || 'order 1: b', stock = 51 WHERE id = 2",
     ["inventory 2 of product a\\x0aorder 1: b: stock is 51, but its movements sum to 50"]),
)


@contextlib.contextmanager
def damaged(daemon, statements):
    """While the service is stopped; its store comes back undamaged afterwards."""
    equal(daemon.stop(), 0)
    store, kept = daemon.directory / (daemon.name + ".db"), daemon.directory / "kept.db"
    assert not store.with_name(store.name + "-wal").exists(), "the store left something in its WAL"
    shutil.copy(store, kept)
    tool("sqlite3", store, statements)
    daemon.start()
    try:
        yield
    finally:
        equal(daemon.stop(), 0)
        shutil.copy(kept, store)
        for suffix in ("-wal", "-shm"):
            store.with_name(store.name + suffix).unlink(missing_ok=True)
        daemon.start()


def test_each_kind_of_damage_to_the_rows():
    with Mall(only=SHOP) as mall:
        trade(mall)
        balances(mall, TRADED)
        for name, service, statements, offences in DAMAGES:
            trouble = None
            try:
                with damaged(mall.daemons[service], statements):
                    offends(mall, *offences)
            except AssertionError as wrong:
                trouble = str(wrong)
            yield "audit finds " + name, trouble
        balances(mall, TRADED)
        yield "audit finds nothing where all is whole again", None


def test_an_order_before_its_product_is_registered_is_no_offence():
    for bus in ("log", "kafka"):
        with Mall(bus=bus, only=SHOP) as mall:
            topic = "--bus=log:%s" % (mall.directory / "mall.log") if bus == "log" else "--bus=kafka://%s/mall" % mall.broker.address
            order_and_see(mall, productId="late", qty=5)                        # order 1, delivery 1
            order_and_see(mall, productId="late", qty=2)                        # order 2, delivery 2
            until_equal(lambda: [m["qty"] for m in mall.product.rows("movements")], [0, 0])
            mall.register("late", 10)                                           # movement 3
            balances(mall, "2 orders, 2 deliveries, 1 product, 3 movements, 4 events", topic)
            order_and_see(mall, productId="late", qty=3)                        # order 3, delivery 3, movement 4
            until_equal(lambda: mall.stock(), 7)
            equal(mall.order.delete("/orders/2").status, 204)                   # it took nothing, and nothing comes back
            until_equal(lambda: mall.delivery.get("/deliveries/2").status, 404)
            balances(mall, "2 orders, 2 deliveries, 1 product, 4 movements, 8 events", topic)
            equal(mall.stock(), 7)
            with damaged(mall.product, "DELETE FROM movements WHERE deliveryId = 1"):
                offends(mall, "delivery 1 of order 1: no movement, though its product late is known")
            with damaged(mall.product, COPY_MOVEMENT % (20, "reason", 1)):
                offends(mall, "delivery 1 of order 1: took stock more than once, by movements 1, 20")
            with damaged(mall.product, "UPDATE movements SET qty = -5 WHERE id = 1"):
                offends(mall, "inventory 0: is not there, but its movements sum to -5")
            with damaged(mall.product, "DELETE FROM movements WHERE id = 4; UPDATE inventories SET stock = 10"):
                offends(mall, "delivery 3 of order 3: no movement, though its product late is known")


def test_several_damages_at_once_are_all_told():
    with Mall(only=SHOP) as mall:
        trade(mall)
        balances(mall, TRADED)
        with damaged(mall.order, "UPDATE orders SET status = NULL WHERE id IN (2, 3)"), \
                damaged(mall.product, "UPDATE inventories SET stock = 0"):
            offends(mall, "order 2: no status yet, with delivery 2 there", "order 3: no status yet, with delivery 3 there",
                    "inventory 1 of product 1001: stock is 0, but its movements sum to 89",
                    "inventory 2 of product 1002: stock is 0, but its movements sum to 50")


MANY = 2345                                                     # more than two pages


def test_books_of_many_pages():
    numbers = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) " % MANY
    orders = numbers + "INSERT INTO orders (id, version, qty, productId, status) SELECT i, 0, 1, '1001', 'DeliveryStarted' FROM n"
    deliveries = numbers + "INSERT INTO deliveries (id, version, orderId, qty, productId, status) " \
        "SELECT i, 0, %d - i, 1, '1001', 'DeliveryStarted' FROM n" % (MANY + 1)
    movements = numbers + "INSERT INTO movements (id, version, deliveryId, orderId, productId, inventory, qty, reason) " \
        "SELECT i + 1, 0, i, %d - i, '1001', 1, -1, 'DeliveryStarted' FROM n; UPDATE inventories SET stock = stock - %d" % (MANY + 1, MANY)
    with Mall(only=SHOP) as mall:
        mall.register(stock=5000)
        with damaged(mall.order, orders), damaged(mall.delivery, deliveries), damaged(mall.product, movements):
            balances(mall, "%d orders, %d deliveries, 1 product, %d movements" % (MANY, MANY, MANY + 1))
            with damaged(mall.delivery, "DELETE FROM deliveries WHERE id IN (300, 1999)"):
                offends(mall, "order %d: DeliveryStarted, but its delivery is not there" % (MANY + 1 - 1999),
                        "order %d: DeliveryStarted, but its delivery is not there" % (MANY + 1 - 300),
                        "delivery 300 of order %d: is gone, but what movement 301 took was not given back" % (MANY + 1 - 300),
                        "delivery 1999 of order %d: is gone, but what movement 2000 took was not given back" % (MANY + 1 - 1999))


# ---- rows against the topic ----

def log_copy(mall):
    """The flag for a copy of the event log, and the copy."""
    copy = mall.directory / "copy.log"
    copy.unlink(missing_ok=True)
    tool("sqlite3", "-readonly", mall.directory / "mall.log", ".backup %s" % copy)
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as db:
        log_rows.split(db)
    return "--bus=log:%s" % copy, copy


def rows_of(log, kind, number):
    return [(offset, value, headers) for offset, value, headers in log.execute("SELECT offset, value, headers FROM log")
            if (event := json.loads(value))["eventType"] == kind and event["id"] == number]


def lose(kind, number):
    def change(log):
        (row,) = rows_of(log, kind, number)
        log.execute("DELETE FROM log WHERE offset = ?", row[:1])
    return change


def say_again(kind, number, **different):
    """That event once more; different id or identity (ce_id, of as many bytes)."""
    def change(log):
        (_, value, headers), = rows_of(log, kind, number)
        event = {**json.loads(value), "id": different.get("id", number)}
        known = headers.index(b"ce_id") + len(b"ce_id")
        length = int.from_bytes(headers[known - 9:known - 5], "little")
        identity = different.get("identity", "").encode() or headers[known:known + length]
        equal(len(identity), length, "the length of ce_id")
        log.execute("INSERT INTO log (topic, timestamp, key, value, headers) VALUES ('mall', 0, NULL, ?, ?)",
                    (json.dumps(event).encode(), headers[:known] + identity + headers[known + length:]))
    return change


def say(value):
    return lambda log: log.execute("INSERT INTO log (topic, timestamp, key, value, headers) VALUES ('mall', 0, NULL, ?, NULL)", (value,))


def forget_up_to(kind, number):
    def change(log):
        (row,) = rows_of(log, kind, number)
        log.execute("DELETE FROM log WHERE offset <= ?", row[:1])
    return change


TOPICS = (
    ("an order that was not placed", lose("Orderplaced", 2), ["order 2: no Orderplaced on the topic"]),
    ("an order placed twice", say_again("Orderplaced", 2, identity="0"), ["order 2: 2 different Orderplaced on the topic"]),
    ("an order that is gone and was not canceled", lose("OrderCanceled", 6),
     ["order 6: Orderplaced on the topic, but it is neither there nor canceled"]),
    ("an order that never was", say_again("Orderplaced", 2, identity="0", id=41),
     ["order 41: Orderplaced on the topic, but it is neither there nor canceled"]),
    ("an order canceled that is there", say_again("OrderCanceled", 6, identity="0", id=2),
     ["order 2: OrderCanceled on the topic, but it is still there"]),
    ("a delivery that was not started", lose("DeliveryStarted", 2), ["delivery 2: no DeliveryStarted on the topic"]),
    ("a delivery started twice", say_again("DeliveryStarted", 2, identity="0"), ["delivery 2: 2 different DeliveryStarted on the topic"]),
    ("a delivery that is gone and was not canceled", lose("DeliveryCanceled", 6),
     ["delivery 6: DeliveryStarted on the topic, but it is neither there nor canceled"]),
    ("a delivery canceled that is there", say_again("DeliveryCanceled", 6, identity="0", id=2),
     ["delivery 2: DeliveryCanceled on the topic, but it is still there"]),
    ("no fault in an event that was published twice", say_again("Orderplaced", 2), []),
    ("no fault in a record that cannot be understood, but says so", say(b"not json"), [UNREADABLE]),
    ("no fault in an order placed by others", say(b'{"eventType":"Orderplaced","id":2}'), []),
    ("no fault in what the log has dropped since", forget_up_to("DeliveryStarted", 3), []),
    ("a missing event after what the log has dropped",
     lambda log: (forget_up_to("DeliveryStarted", 2)(log), lose("Orderplaced", 9)(log)),
     ["order 9: no Orderplaced on the topic"]),
)


def test_reports_are_kept_and_the_oldest_go():
    with Mall(only=SHOP) as mall:
        directory = mall.directory / "audits"
        for keep in ("0", "x"):
            equal(audit(mall, "--reports=%s" % directory, "--keep=" + keep)[0], 2)
        order_and_see(mall, qty=1)
        code, lines, _ = audit(mall, "--settle=60s", "--reports=%s" % directory)
        report, = directory.iterdir()
        equal((code, report.read_text().splitlines()), (0, lines))
        for day in range(1, 5):
            (directory / ("audit-2026010%dT000000Z.txt" % day)).write_text("old")
        report.unlink()
        (directory / "other.txt").write_text("somebody's")
        mall.delivery.stop()
        code, _, trouble = audit(mall, "--reports=%s" % directory, "--keep=3")
        equal(code, 1)
        kept = sorted(p.name for p in directory.iterdir())
        equal([kept[0], kept[1], kept[3], len(kept)], ["audit-20260103T000000Z.txt", "audit-20260104T000000Z.txt", "other.txt", 4])
        equal((directory / kept[2]).read_text(), trouble)       # that it could not be read is a report too
        code, _, trouble = audit(mall, "--reports=/proc/none")
        assert code == 1 and "/proc/none" in trouble, trouble


def test_each_kind_of_damage_to_the_topic():
    with Mall(only=SHOP) as mall:
        trade(mall)
        balances(mall, TRADED)
        for name, change, offences in TOPICS:
            trouble, (flag, copy) = None, log_copy(mall)
            with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as log:
                change(log)
            try:
                code, lines, said = audit(mall, flag)
                equal((code, lines[:-1], said), (0 if offences in ([], [UNREADABLE]) else 1, offences, ""))
            except AssertionError as wrong:
                trouble = str(wrong)
            yield "audit finds in the topic " + name, trouble


def test_the_topic_tells_by_hand_from_twice():
    with Mall(only=SHOP) as mall:
        bus = "--bus=log:%s" % (mall.directory / "mall.log")
        order_and_see(mall, productId="none", qty=1)
        equal(by_hand(mall, orderId="1", productId="none", qty=1, status="DeliveryStarted", customerId="100"), 2)
        equal(by_hand(mall, orderId="8", productId="none", qty=1, status="DeliveryStarted"), 3)
        until_equal(lambda: len(mall.product.rows("movements")), 3)
        offends(mall, "order 1: two deliveries from it, 1 and 2", "order 8: deleted, with delivery 3 still there")
        balances(mall, "1 order, 3 deliveries, 0 products, 3 movements, 4 events", bus)
        with damaged(mall.delivery, "UPDATE deliveries SET status = 'shipped' WHERE id = 1"):
            balances(mall, "1 order, 3 deliveries, 0 products, 3 movements, 4 events", bus)
        with damaged(mall.delivery, "DELETE FROM deliveries WHERE id = 1"):        # the one by hand does not stand in for it
            offends(mall, "order 1: DeliveryStarted, but its delivery is not there",
                    "delivery 1: DeliveryStarted on the topic, but it is neither there nor canceled", flags=[bus])


def test_events_of_earlier_stores_do_not_count():
    with Mall(only=SHOP) as mall:
        bus = "--bus=log:%s" % (mall.directory / "mall.log")
        mall.register()
        for _ in range(2):
            order_and_see(mall, productId="1001", qty=5)
        until_equal(lambda: mall.stock(), 90)
        balances(mall, "2 orders, 2 deliveries, 1 product, 3 movements, 4 events", bus)
        for daemon in (mall.order, mall.delivery):
            equal(daemon.stop(), 0)
            (mall.directory / (daemon.name + ".db")).unlink()
            daemon.start()
        order_and_see(mall, productId="1001", qty=5)
        until_equal(lambda: mall.stock(), 85)
        balances(mall, "1 order, 1 delivery, 1 product, 4 movements, 6 events", bus)
        offends(mall, "delivery 1 of order 1: took stock more than once, by movements 2, 4",
                "delivery 2 of order 2: is gone, but what movement 3 took was not given back")


def test_a_new_order_store_beside_old_deliveries():
    with Mall(only=SHOP) as mall:
        order_and_see(mall, productId="none", qty=5)
        order_and_see(mall, productId="none", qty=5)
        equal(mall.order.stop(), 0)
        (mall.directory / "order.db").unlink()
        mall.order.start()
        order_and_see(mall, productId="none", qty=5)
        until_equal(lambda: len(mall.product.rows("movements")), 3)
        balances(mall, "1 order, 3 deliveries, 0 products, 3 movements, 6 events", "--bus=log:%s" % (mall.directory / "mall.log"))
        offends(mall, "order 1: two deliveries from it, 1 and 3", "order 2: deleted, with delivery 2 still there")


def test_over_kafka():
    with Mall(bus="kafka", only=SHOP) as mall:
        trade(mall)
        balances(mall, "%s, %s" % (TRADED, SAID), "--bus=kafka://%s/mall" % mall.broker.address)
        mall.broker.write("other", b'{"eventType":"Orderplaced","timestamp":1,"id":41}',
                          headers=(("ce_id", "1"), ("ce_source", "/order/x"), ("ce_type", "Orderplaced")))
        offends(mall, *["order %d: no Orderplaced on the topic" % n for n in (1, 2, 3, 4, 5, 7, 9)],
                "order 41: Orderplaced on the topic, but it is neither there nor canceled",
                *["delivery %d: no DeliveryStarted on the topic" % n for n in (1, 2, 3, 4, 7, 8, 9, 12, 13, 14, 15)],
                flags=["--bus=kafka://%s/other" % mall.broker.address])
        code, lines, trouble = audit(mall, "--bus=kafka://%s/nosuch" % mall.broker.address)
        equal((code, lines), (1, []))
        assert "Kafka at %s: topic nosuch: " % mall.broker.address in trouble, trouble
        assert "nosuch" not in tool("kcat", "-L", "-b", mall.broker.address), "to read a topic made it"


# ---- when it cannot tell ----

def test_settle_waits_for_a_mall_that_is_not_at_rest():
    with Mall(only=SHOP) as mall:
        mall.register()
        equal(mall.delivery.stop(), 0)
        mall.delivery.start(bus_url="log:%s" % (mall.directory / "elsewhere.log"))         # it hears of no order
        equal(mall.order_one(), 1)
        offends(mall, "order 1: no delivery yet")
        offends(mall, "order 1: no delivery yet", flags=["--settle=1500ms"])
        audits = lambda: mall.order.metric("http_server_requests_seconds_count", uri="/orders", method="GET")
        before = audits()
        with subprocess.Popen([BIN / "mallctl", "audit", *places(mall), "--settle=10min"], stdout=subprocess.PIPE, text=True) as waiting:
            try:
                until(lambda: audits() >= before + 2)
                equal(mall.delivery.stop(), 0)
                until(lambda: audits() >= before + 3)
                assert waiting.poll() is None, "it ended before the mall was at rest"
                mall.delivery.start()
                equal(waiting.communicate(timeout=60 * SLOWER)[0], "audit: 1 order, 1 delivery, 1 product, 2 movements: balanced\n")
                equal(waiting.returncode, 0)
            finally:
                waiting.kill()


def test_what_cannot_be_read_is_named():
    with Mall(only=SHOP) as mall:
        closed, order = ports.reserve(), mall.order.port
        for flag, said in (
                ("--order=http://localhost:%d" % closed, "http://localhost:%d/orders?size=1000&page=0: " % closed),
                ("--product=http://localhost:%d/" % closed, "http://localhost:%d/inventories?size=1000&page=0: " % closed),
                ("--delivery=http://localhost:%d" % order, "http://localhost:%d/deliveries?size=1000&page=0: the answer is a 404" % order),
                ("--order=http://localhost:%d/profile" % order, "/profile/orders?size=1000&page=0: the answer is not page 0"),
                ("--bus=log:/nowhere/mall.log", "/nowhere/mall.log"),
                ("--bus=kafka://127.0.0.1:%d/mall" % closed, "Kafka at 127.0.0.1:%d: topic mall: " % closed)):
            code, lines, trouble = audit(mall, flag)
            equal((code, lines), (1, []), flag)
            assert trouble.startswith("mallctl: ") and said in trouble, "%s: %s" % (flag, trouble)


class Stranger(http.server.BaseHTTPRequestHandler):
    """Gives each request the same answer; its server says which."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_):
        pass


def test_an_answer_that_is_no_page_of_rows():
    full = [{"status": None, "_links": {"self": {"href": "/orders/1"}}}]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            for body, said in (
                    (b"<html>", "the answer is not JSON: byte 1"),
                    (b"[]", "the answer is not page 0"),
                    (b'{"page":{"number":1}}', "the answer is not page 0"),
                    (b'{"page":{"number":0}}', "the answer has no orders"),
                    (b'{"page":{"number":0},"_embedded":{"orders":{}}}', "the answer has no orders"),
                    (b'{"page":{"number":0},"_embedded":{"orders":[{"status":null}]}}', "a row without a link to itself"),
                    (json.dumps({"page": {"number": 0, "size": 1}, "_embedded": {"orders": full}}).encode(), "the answer is not page 1")):
                server.body = body
                code, lines, trouble = audit(None, "--order=http://127.0.0.1:%d" % server.server_port)
                equal((code, lines), (1, []), str(body))
                assert said in trouble, "%s: %s" % (body, trouble)
        finally:
            server.shutdown()


class Endless(http.server.BaseHTTPRequestHandler):
    """A service without an end: a page that never ends, or page after page, which repeats itself or grows."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        page = int(self.path.rsplit("=", 1)[1])
        first = 1 if self.server.kind == "repeats" else 1 + page * 1000
        rows = [{"status": "x" * self.server.width, "_links": {"self": {"href": "/orders/%d" % (first + i)}}} for i in range(1000)]
        with contextlib.suppress(OSError):
            if self.server.kind == "page":
                while True:
                    self.wfile.write(b" " * 65536)
            self.wfile.write(json.dumps({"page": {"number": page, "size": 1000}, "_embedded": {"orders": rows}}).encode())

    def log_message(self, *_):
        pass


def test_a_service_without_an_end_ends_the_audit():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            for server.kind, server.width, said in (
                    ("page", 1, "the answer has more than 16 MiB"), ("repeats", 1, "row 1 comes after row 1000"), ("grows", 6000, "more than an audit may hold, 16 MiB")):
                code, lines, trouble = audit(None, "--order=http://127.0.0.1:%d" % server.server_port, "--memory=16MiB")
                equal((code, lines), (1, []), server.kind)
                assert said in trouble, "%s: %s" % (server.kind, trouble)
        finally:
            server.shutdown()


def test_what_is_not_understood():
    for flags, said in (
            (["--ordr=http://localhost:1"], "--ordr; did you mean --order?"),
            (["--order"], "--order: expected a value"),
            (["--order=localhost:8081"], "--order=localhost:8081: expected http://HOST:PORT"),
            (["--delivery=http://localhost:8082/?a=1"], "--delivery=http://localhost:8082/?a=***: expected http://HOST:PORT"),
            (["--product", "ftp://localhost"], "--product=ftp://localhost: expected http://HOST:PORT"),
            (["--bus=mall.log"], "not 'mall.log'"),
            (["--bus=kafka://localhost:9092"], "not 'kafka://localhost:9092'"),
            (["--settle=soon"], "--settle=soon: expected a duration"),
            (["orders"], "not orders")):
        code, lines, trouble = audit(None, *flags)
        equal((code, lines), (2, []), str(flags))
        assert trouble.startswith("mallctl: ") and said in trouble, "%s: %s" % (flags, trouble)
    code, lines, _ = audit(None, "--help")
    assert code == 0 and all("--" + name in "\n".join(lines) for name in ("order", "delivery", "product", "bus", "settle")), lines
    for words, code in ((["audi"], 2), (["log"], 2), (["log", "audit"], 2), ([], 2), (["--help"], 0), (["log", "groups", "/nowhere"], 1)):
        done = subprocess.run([BIN / "mallctl", *words], capture_output=True, text=True, check=False)
        equal(done.returncode, code, str(words))
        assert code != 0 or "audit" in done.stdout, done.stdout


def test_dedup_switched_off_is_seen():
    """In a build that applies an event twice that comes twice."""
    mall_module.BIN = mall_module.TOP / "build/nodedup/bin"
    with Mall(only=SHOP) as mall:
        mall.register()
        order_and_see(mall, productId="1001", qty=5)
        until_equal(lambda: mall.stock(), 95)
        balances(mall, "1 order, 1 delivery, 1 product, 2 movements")
        with contextlib.closing(sqlite3.connect(mall.directory / "mall.log", timeout=10, isolation_level=None)) as db:
            db.execute("PRAGMA wal_autocheckpoint = 0")
            log_rows.split(db)
            db.execute("INSERT INTO log (topic, timestamp, key, value, headers) SELECT topic, timestamp, key, value, headers FROM log")
        order_and_see(mall, productId="1001", qty=1)             # heard after the events that came twice: they have been applied
        until(lambda: len(mall.delivery.rows("deliveries")) >= 3)
        code, lines, _ = audit(mall, "--settle=5s")
        equal(code, 1)
        assert any("order 1" in line and "deliver" in line for line in lines), lines
