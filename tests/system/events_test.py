"""What is on the bus: keys, headers, order of members, and what becomes of records that cannot be understood."""
import contextlib
import json
import re
import sqlite3
import time

import log_rows
from mall import Mall, equal, until, until_equal

MEMBERS = {
    "Orderplaced": ["eventType", "timestamp", "id", "productId", "productName", "qty", "customerId", "status"],
    "OrderCanceled": ["eventType", "timestamp", "id", "productId", "productName", "qty", "customerId", "status"],
    "DeliveryStarted": ["eventType", "timestamp", "id", "orderId", "qty", "productId", "status", "customerId"],
    "DeliveryCanceled": ["eventType", "timestamp", "id", "orderId", "qty", "productId", "status", "customerId"],
    "InventoryModified": ["eventType", "timestamp", "id", "productId", "productName", "stock"],
}
REFERENCE_HEADERS = {"contentType": '"application/json"', "spring_json_header_types": '{"contentType":"java.lang.String"}'}
BAD = [b"not json", b"[]", b"{", b'{"eventType":"Orderplaced","id":1,"qty":"many"}', b'{"eventType":"Orderplaced","id":1,"qty":-1}']


def test_kafka_records_have_keys_headers_and_members_in_order():
    with Mall(bus="kafka") as mall:
        mall.register()
        mall.order_one()
        until_equal(lambda: mall.stock(), 95, 20)
        equal(mall.order.delete("/orders/1").status, 204)
        until_equal(lambda: mall.stock(), 100, 20)
        read = until(lambda: enough_lines(mall.broker.read("mall", "%k\t%h\t%s\n"), 6))
        seen = []
        for line in read:
            key, headers, value = line.split("\t")
            event = json.loads(value)
            assert ": " not in value, "not compact: " + value
            equal(list(event), MEMBERS[event["eventType"]], event["eventType"])
            seen.append(event["eventType"])
            equal(key, "1001" if event["eventType"] == "InventoryModified" else "1", "the key of " + event["eventType"])
            for name, text in REFERENCE_HEADERS.items():
                assert "%s=%s" % (name, text) in headers, "%s: %s" % (event["eventType"], headers)
            for name in ("ce_specversion=1.0", "ce_id=", "ce_source=/", "ce_type=" + event["eventType"], "ce_time=", "ce_subject="):
                assert name in headers, "%s without %s: %s" % (event["eventType"], name, headers)
        equal(sorted(seen), sorted(["Orderplaced", "DeliveryStarted", "InventoryModified", "OrderCanceled", "DeliveryCanceled",
                                    "InventoryModified"]))


def test_an_event_says_who_announced_it_and_which_event_led_to_it():
    with Mall(bus="kafka") as mall:
        mall.register()
        mall.order_one()
        until_equal(lambda: mall.stock(), 95, 20)
        read = until(lambda: enough_lines(mall.broker.read("mall", "%h\n"), 3))
        said = [dict(pair.split("=", 1) for pair in re.split(r",(?=ce_|traceparent)", line) if "=" in pair) for line in read]
        said = {h["ce_type"]: h for h in said}
        for kind, daemon in (("Orderplaced", mall.order), ("DeliveryStarted", mall.delivery), ("InventoryModified", mall.product)):
            answer = daemon.get("/actuator/info")
            equal((said[kind]["ce_pod"], said[kind]["ce_version"]), (answer.headers["x-served-by"], answer.headers["x-served-version"]))
        equal(said["Orderplaced"].get("ce_causationid"), None)
        equal(said["DeliveryStarted"]["ce_causationid"], said["Orderplaced"]["ce_id"])
        equal(said["InventoryModified"]["ce_causationid"], said["DeliveryStarted"]["ce_id"])


def enough_lines(text, count):
    lines = [line for line in text.split("\n") if line]
    return lines if len(lines) >= count else None


def test_a_record_of_the_reference_without_key_and_headers_is_understood_once_each_time_it_was_sent():
    with Mall(bus="kafka") as mall:
        mall.register()
        event = {"eventType": "Orderplaced", "timestamp": int(time.time() * 1000), "id": 41, "productId": "1001", "productName": "TV",
                 "qty": 5, "customerId": "100", "status": None}
        mall.broker.write("mall", json.dumps(event).encode())
        until_equal(lambda: mall.stock(), 95, 20)
        mall.delivery.kill()
        mall.delivery.start()
        mall.order_one(qty=1)
        until_equal(lambda: mall.stock(), 94, 30)
        equal(len(mall.delivery.rows("deliveries")), 2)


def test_over_kafka_what_cannot_be_understood_is_a_dead_letter_and_the_next_event_is_served():
    with Mall(bus="kafka") as mall:
        mall.register()
        mall.order_one()
        until_equal(lambda: mall.stock(), 95, 20)
        for value in BAD:
            mall.broker.write("mall", value, key="1")
        mall.broker.write("mall", b'{"eventType":"CouponIssued","id":1}', key="1")
        mall.order_one()
        until_equal(lambda: mall.stock(), 90, 20)
        lines = until(lambda: enough_lines(mall.broker.read("error.mall.delivery", "%h\t%s\n"), len(BAD)), 20)
        equal([line.split("\t")[1].encode() for line in lines], BAD, "the dead letters")
        for line in lines:
            for name in ("x-original-topic=mall", "x-original-partition=", "x-original-offset=", "x-exception-message="):
                assert name in line, "%s is not in %s" % (name, line)
        until_equal(lambda: mall.delivery.metric("mall_events_dead_total"), len(BAD))


def records_of(mall, topic):
    with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % (mall.directory / "mall.log"), uri=True, timeout=10)) as db:
        return [record[3:] for record in log_rows.records(db) if record[1] == topic]


def log_append(mall, value, key=b"1"):
    with contextlib.closing(sqlite3.connect(mall.directory / "mall.log", timeout=10, isolation_level=None)) as db:
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("INSERT INTO log (topic, timestamp, key, value, headers) VALUES ('mall', ?, ?, ?, NULL)",
                   (int(time.time() * 1000), key, value))


def test_over_the_log_what_cannot_be_understood_is_a_dead_letter_and_the_next_event_is_served():
    with Mall() as mall:
        mall.register()
        for value in BAD:
            log_append(mall, value)
        mall.order_one()
        until_equal(lambda: mall.stock(), 95)
        dead = until(lambda: (rows := records_of(mall, "error.mall.delivery")) and len(rows) >= len(BAD) and rows)
        equal([row[1] for row in dead], BAD, "the dead letters")
        for row in dead:
            for name in (b"x-original-topic", b"x-original-partition", b"x-original-offset", b"x-exception-message"):
                assert name in row[2], "%s is not in %r" % (name, row[2])
        until_equal(lambda: mall.delivery.metric("mall_events_dead_total"), len(BAD))


def test_over_the_log_events_have_keys_headers_and_members_in_order():
    with Mall() as mall:
        mall.register()
        mall.order_one()
        until_equal(lambda: mall.stock(), 95)
        rows = until(lambda: (rows := records_of(mall, "mall")) and len(rows) >= 3 and rows)
        equal([json.loads(row[1])["eventType"] for row in rows], ["Orderplaced", "DeliveryStarted", "InventoryModified"])
        for key, value, headers in rows:
            event = json.loads(value)
            equal(list(event), MEMBERS[event["eventType"]], event["eventType"])
            equal(key, b"1001" if event["eventType"] == "InventoryModified" else b"1")
            assert b"ce_source" in headers and b"contentType" in headers, headers


def test_the_same_event_twice_is_applied_once():
    with Mall() as mall:
        mall.register()
        mall.order_one()
        until_equal(lambda: mall.stock(), 95)
        with contextlib.closing(sqlite3.connect(mall.directory / "mall.log", timeout=10, isolation_level=None)) as db:
            db.execute("PRAGMA wal_autocheckpoint = 0")
            log_rows.split(db)
            db.execute("INSERT INTO log (topic, timestamp, key, value, headers) SELECT topic, timestamp, key, value, headers FROM log")
        mall.order_one(qty=1)
        until_equal(lambda: mall.stock(), 94)
        equal(len(mall.delivery.rows("deliveries")), 2)
        until(lambda: mall.delivery.metric("mall_events_duplicate_total"))


def test_what_is_answered_201_fits_on_the_bus_and_what_is_there_can_be_deleted():
    with Mall() as mall:
        taken = []
        for size in (300000, 488000, 489200, 490000, 520000):   # the order id is the key of its events, and in their value
            answer = mall.delivery.post("/deliveries", {"orderId": "x" * size, "qty": 1})
            taken += [answer.id] if answer.status == 201 else []
            assert answer.status in (201, 413), answer.status
        equal(len(taken), 3, "those that fit")
        order = mall.order_one()
        until(lambda: mall.order.get("/orders/%d" % order).body["status"])
        for change in ({"status": "x" * 950000}, {"status": "x" * 921500}, {"productName": "\u0001" * 154000}):
            equal(mall.order.patch("/orders/%d" % order, change).status, 413)
            equal(mall.order.ask("PUT", "/orders/%d" % order, change).status, 413)
        equal(mall.order.patch("/orders/%d" % order, {"status": "x" * 900000}).status, 200)  # nothing is said yet
        equal(mall.order.delete("/orders/%d" % order).status, 204)
        equal(mall.product.post("/inventories", {"productId": "x" * 520000, "stock": 1}).status, 413)
        equal(mall.product.post("/inventories", {"productId": "x" * 480000, "stock": 1}).status, 201)
        equal(mall.product.patch("/inventories/1", {"stock": 2}).status, 200)
        for number in taken:
            equal(mall.delivery.delete("/deliveries/%d" % number).status, 204)
        for daemon in mall.services():
            until_equal(lambda: daemon.metric("mall_outbox_pending"), 0)
            assert "can never be published" not in daemon.log(), daemon.name
