"""Whatever the broker does, no event is missing on the topic, and none is there twice, except after a kill -9 of ours.

MALL_TEST_FREEZES="4 8 12 40": seconds that the broker stands still; a normal run has only 4 and 12."""
import collections
import contextlib
import os
import signal
import time

from cutter import Cutter
from mall import Load, Mall, a_server, equal, until, until_equal

FREEZES = [float(s) for s in os.environ.get("MALL_TEST_FREEZES", "4 12").split()]
alone = ("test_a_broker_that_stands_still",)
slow = alone


def published(mall):
    """{order: how often it was placed, on the topic}"""
    lines = mall.broker.read("mall", "%h\n").split("\n")
    found = [dict(pair.split("=", 1) for pair in line.split(",") if "=" in pair) for line in lines if "ce_type=Orderplaced" in line]
    return collections.Counter((h["ce_source"], h["ce_id"], h["ce_subject"]) for h in found)


def all_once(mall, load):
    """Every order that was acknowledged, once."""
    until_equal(lambda: mall.order.metric("mall_outbox_pending"), 0, 60)
    seen = published(mall)
    twice = [key for key, times in seen.items() if times > 1]
    assert not twice, "%d of %d events are there more than once: %s" % (len(twice), len(seen), twice[:5])
    missing = set(load.acknowledged) - {int(subject) for _, _, subject in seen}
    assert not missing, "%d events are missing: %s" % (len(missing), sorted(missing)[:5])
    equal(load.failed, [])


@contextlib.contextmanager
def under_load(mall):
    mall.order_one()
    until_equal(lambda: mall.order.metric("mall_outbox_pending"), 0, 60)
    with Load(mall.order.port, clients=4) as load:
        more(load, 500)
        yield load
        more(load, 500)
    all_once(mall, load)


def more(load, count):
    before = len(load.acknowledged)
    until(lambda: len(load.acknowledged) > before + count, 60)


def stand_still(mall, seconds):
    mall.broker.signal(signal.SIGSTOP)
    time.sleep(seconds)
    mall.broker.signal(signal.SIGCONT)


def test_a_broker_that_stands_still():
    for seconds in FREEZES:
        with Mall("kafka", only=("order",)) as mall, under_load(mall):
            stand_still(mall, seconds)


def test_a_broker_that_stands_still_and_a_store_on_postgresql():
    with a_server() as server, Mall("kafka", only=("order",), db_url=server.url) as mall, under_load(mall):
        stand_still(mall, FREEZES[0])


def test_a_broker_that_is_killed_and_started_again():
    with Mall("kafka", only=("order",)) as mall, under_load(mall) as load:
        mall.broker.signal(signal.SIGKILL)
        more(load, 500)
        mall.broker.start()


def test_connections_that_break_around_a_request():
    mall = Mall("kafka", only=("order",))
    cutter = Cutter(mall.broker)
    mall.order.settings["bus_url"] = "kafka://%s/mall" % cutter.address
    mall.broker.clients = cutter.address
    with mall, under_load(mall) as load:
        cutter.every = 3
        until(lambda: cutter.cuts >= 20 and more(load, 1) is None, 60)
        cutter.every = 0
