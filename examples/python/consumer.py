#!/usr/bin/env python3
"""consumer - how much of each product is on order: what was placed minus what was canceled, in an SQLite file.

usage: consumer.py BROKER TOPIC GROUP FILE          consumer.py localhost:9092 mall sums-python sums-python.db
"""
import json
import signal
import sqlite3
import sys

from confluent_kafka import Consumer

SIGN = {"Orderplaced": 1, "OrderCanceled": -1}
TABLES = """
    CREATE TABLE IF NOT EXISTS seen (source TEXT, id TEXT, PRIMARY KEY (source, id)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS ordered (productId TEXT PRIMARY KEY, qty INTEGER NOT NULL);"""


def identity(record, headers):
    """An event that comes twice has the same one. The Spring services send no headers: there it is the record's place."""
    if "ce_source" in headers and "ce_id" in headers:
        return headers["ce_source"].decode(), headers["ce_id"].decode()
    return "%s/%d" % (record.topic(), record.partition()), "%d@%d" % (record.offset(), record.timestamp()[1])


def apply(store, record):
    headers = dict(record.headers() or ())
    if headers.get("ce_type", b"Orderplaced").decode() not in SIGN:
        return                                                  # somebody else's, known before its value is read
    event = json.loads(record.value() or b"")
    if event["eventType"] not in SIGN or event.get("productId") is None:
        return
    product, qty = event["productId"], event.get("qty") or 0
    if type(product) is not str or type(qty) is not int or not 0 <= qty < 2 ** 31:
        raise ValueError("productId %r, qty %r" % (product, qty))
    new = store.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", identity(record, headers)).rowcount
    if new:
        store.execute("INSERT INTO ordered VALUES (?, ?) ON CONFLICT DO UPDATE SET qty = qty + excluded.qty",
                      (product, SIGN[event["eventType"]] * qty))


def use(store, records):
    """One transaction: the effects of these records, and that they were seen."""
    with store:
        store.execute("BEGIN IMMEDIATE")
        for record in records:
            try:
                apply(store, record)
            except (ValueError, KeyError, TypeError) as why:
                print("%s/%d at %d is skipped: %r" % (record.topic(), record.partition(), record.offset(), why), file=sys.stderr)


def main(broker, topic, group, path):
    ending = []
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda *_: ending.append(True))
    store = sqlite3.connect(path, timeout=60, isolation_level=None)
    store.executescript(TABLES)
    consumer = Consumer({"bootstrap.servers": broker, "group.id": group, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "topic.metadata.refresh.interval.ms": 5000})
    consumer.subscribe([topic])
    while not ending:
        polled = consumer.consume(500, timeout=0.5)
        for trouble in filter(None, (record.error() for record in polled)):
            print(trouble, file=sys.stderr)
        records = [record for record in polled if not record.error()]
        if records:
            use(store, records)
            consumer.commit(asynchronous=False)                 # only now: a crash before it brings them again
    consumer.close()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    main(*sys.argv[1:])
