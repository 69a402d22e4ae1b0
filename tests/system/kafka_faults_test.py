"""A broker that stands still for longer than a session, a topic that is deleted or grows, a disk that is full: and their effects on a mall over Kafka."""
import collections
import contextlib
import errno
import signal
import subprocess
import time

from audit_test import audit
from mall import SERVICES, CannotTell, Load, Mall, equal, frozen, until, until_equal
from topics import Topics

MUCH = 1000000000
PARTITIONS = 6
MUTE = "the group's coordinator does not answer; joining again"


def test_events_flow_again_after_a_broker_stood_still_for_longer_than_a_session():
    """Each reader has asked to join again, under its own name, before its session is over: the coordinator then waits for no member."""
    with Mall(bus="kafka", only=SERVICES) as mall:
        inventory = mall.register(stock=MUCH)
        acknowledged = [mall.order_one(qty=1)]
        mall.check_books(inventory, MUCH, acknowledged)
        with Load(mall.order.port, clients=2) as load:
            mall.broker.signal(signal.SIGSTOP)
            stopped = time.monotonic()
            for daemon in mall.daemons.values():
                until(lambda: MUTE in daemon.log(), 60)
            time.sleep(max(0, stopped + 13 - time.monotonic()))  # a session of 10 s, whose last answer may be 3 s old
            mall.broker.signal(signal.SIGCONT)
        equal(load.failed, [])
        mall.check_books(inventory, MUCH, acknowledged + load.acknowledged)


def headers(mall, kind):
    """Of the events of this kind on the topic, each with its partition."""
    found = []
    for line in mall.broker.read("mall", "%p,%h\n").split("\n"):
        if "ce_type=%s," % kind in line + ",":
            found.append(dict(pair.split("=", 1) for pair in ("partition=" + line).split(",") if "=" in pair))
    return found


def placed(mall):
    """{order: how often it was placed, on the topic}"""
    return collections.Counter(int(h["ce_subject"]) for h in headers(mall, "Orderplaced"))


def test_a_topic_deleted_and_made_anew_is_read_from_its_beginning():
    """One reader stands still meanwhile: when it asks for what comes next, the new topic is longer than the old one was."""
    with Mall(bus="kafka", only=SERVICES) as mall:
        topics = Topics(mall.broker.address)
        inventory = mall.register(stock=MUCH)
        acknowledged = [mall.order_one(qty=1) for _ in range(20)]
        mall.check_books(inventory, MUCH, acknowledged)
        for group in SERVICES:                                  # nothing is there that would be lost with the topic
            until(lambda: topics.committed(group, "mall", range(PARTITIONS)) == mall.broker.read("mall", "%p\n").count("\n"), 60)
        acknowledged.append(mall.order_one(qty=1))              # after the answers to these commits
        mall.check_books(inventory, MUCH, acknowledged)
        with frozen(mall.delivery):
            topics.delete("mall")
            until(lambda: "the topic was deleted" in mall.product.log(), 60)    # the broker takes its time; records sent before are lost
            acknowledged += [mall.order_one(qty=1) for _ in range(300)]
            until_equal(lambda: mall.order.metric("mall_outbox_pending"), 0, 60)
        mall.check_books(inventory, MUCH, acknowledged)
        acknowledged.append(mall.order_one(qty=1))
        mall.check_books(inventory, MUCH, acknowledged)
        equal([order for order, times in placed(mall).items() if times > 1], [], "orders that are on the topic twice")


def test_a_topic_that_grows_under_load_is_read_whole():
    """Keys move: an event that follows an order may come before it."""
    with Mall(bus="kafka", only=SERVICES) as mall:
        topics, canceled = Topics(mall.broker.address), set()
        inventory = mall.register(stock=MUCH)
        acknowledged = [mall.order_one(qty=1)]
        mall.check_books(inventory, MUCH, acknowledged)
        with Load(mall.order.port, clients=1) as load:
            until(lambda: len(load.acknowledged) > 200)
            topics.enlarge("mall", 2 * PARTITIONS)
            while not topics.committed("delivery", "mall", range(PARTITIONS, 2 * PARTITIONS)):
                canceled.add(load.acknowledged[-1])
                assert mall.order.delete("/orders/%d" % max(canceled)).status in (204, 404)
        equal(load.failed, [])
        mall.broker.write("mall", b"no event", key="a stranger's")
        until_equal(lambda: mall.delivery.metric("mall_events_dead_total"), 1, 60)
        code, lines, trouble = audit(mall, "--settle=60s")
        equal((code, trouble), (0, ""), "\n".join(lines))
        seen = placed(mall)
        equal(sorted(seen), sorted(acknowledged + load.acknowledged), "the orders on the topic")
        equal([order for order, times in seen.items() if times > 1], [], "orders that are on the topic twice")


@contextlib.contextmanager
def small_disk(directory, megabytes):
    place = directory / "small"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm" % megabytes, "tmpfs", place], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    try:
        if done.returncode:
            raise CannotTell("no right to mount: " + done.stderr)
        yield place
    finally:
        subprocess.run(["umount", "-q", "-l", place], check=not done.returncode)
        Mall.remove_directory(directory)


def fill(path):
    """Until it takes no more."""
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as full:
            equal(full.errno, errno.ENOSPC)


def test_an_order_is_on_the_topic_if_and_only_if_its_full_disk_took_it():
    mall = Mall("kafka")
    with small_disk(mall.directory, 96) as small:      # more than its log takes by itself
        mall.order.settings["data_dir"] = small
        with mall:
            inventory = mall.register(stock=MUCH)
            with Load(mall.order.port, clients=1) as load:
                until(lambda: len(load.acknowledged) > 200)
                fill(small / "filler")
                until(lambda: len(load.failed) > 20, 60)
                before = len(load.acknowledged)
                (small / "filler").unlink()
                until(lambda: len(load.acknowledged) > before + 200, 60)
            wrong = [f for f in load.failed if not f.startswith(("503 ", "507 "))]
            equal(wrong[:3], [], "answers to orders that were not taken")
            mall.check_books(inventory, MUCH, load.acknowledged)
            equal(sorted(o["id"] for o in mall.order.rows("orders")), sorted(load.acknowledged), "the orders there are")
            equal(placed(mall), collections.Counter(load.acknowledged), "the orders on the topic")
