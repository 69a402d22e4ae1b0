"""The consumers in Python, Java and Go beside one mall: what is on order, exactly and in all of them alike."""
import concurrent.futures
import contextlib
import json
import re
import sqlite3
import traceback

import examples
from mall import SHOP, Mall, equal, tool, until, until_equal
from topics import Topics

ORDERS, KILLS = 240, 3
EVENTS = ORDERS + ORDERS // 4                                    # each fourth is canceled
slow = ("test_sums",)
GARBAGE = (b"not json", b"[]", b"5", b'{"eventType":"Orderplaced","productId":"1001","qty":"many"}', b'{"productId":"1001","qty":1}',
           b'{"eventType":"Orderplaced","productId":"1001","qty":-5}', b'{"eventType":"Orderplaced","productId":"1001","qty":5}}')
OTHERS = (b'{"eventType":"StockCounted","productId":"1001","qty":1}', b'{"eventType":"Orderplaced","productId":null,"qty":1}')


def ends(broker):
    """Partition: its end."""
    listing = json.loads(tool("kcat", "-L", "-J", "-b", broker.address, "-t", "mall"))
    numbers = [p["partition"] for topic in listing["topics"] for p in topic["partitions"]]
    said = tool("kcat", "-Q", "-b", broker.address, *(word for n in numbers for word in ("-t", "mall:%d:-1" % n)))
    return {int(line.split("[")[1].split("]")[0]): int(line.split()[-1]) for line in said.splitlines() if "offset" in line}


def has_read_all(broker, group):
    """All that is on the topic is committed; nothing more comes, since the mall is at rest."""
    there = ends(broker)
    return sum(there.values()) > 0 and Topics(broker.address).committed(group, "mall", list(there)) == sum(there.values())


def reads_all(shop, consumer):
    until(lambda: consumer.sums_so_far() is not None and has_read_all(shop.mall.broker, consumer.group), 120, every=0.5)


def placed(value):
    return json.dumps({"eventType": "Orderplaced", "timestamp": 1795358923623, "id": 900001, "productName": "TV", "customerId": "100",
                       "status": None, **value}).encode()


def write_nothing(broker):
    """A record without a value, as a compacted topic has them; kcat writes none for an empty file."""
    path = broker.directory / "nothing"
    path.write_text("1:\n")
    tool("kcat", "-P", "-b", broker.address, "-t", "mall", "-K:", "-Z", "-l", path)


class Shop:
    """Buys, cancels, and writes to the topic what others would; `wanted` is what a right consumer has at the end."""

    def __init__(self, mall):
        self.mall, self.wanted = mall, {}

    def count(self, product, qty):
        self.wanted[product] = self.wanted.get(product, 0) + qty

    def trade(self, number):
        product, qty = "100%d" % (number % 3 + 1), number % 5 + 1
        order = self.mall.order_one(product, qty)
        if number % 4 == 0:
            equal(self.mall.order.delete("/orders/%d" % order).status, 204)
            qty = 0
        self.count(product, qty)

    def strange_records(self):
        write = self.mall.broker.write
        for value in (*GARBAGE, *OTHERS):
            write("mall", value)
        write_nothing(self.mall.broker)
        value = placed({"productId": "2001", "qty": 7})         # as the Spring services write it: no headers, no key
        write("mall", value)
        write("mall", value)                                    # looks the same, and is another order
        self.count("2001", 14)
        headers = (("ce_id", "one-event"), ("ce_source", "/order/of-another-store"), ("ce_type", "Orderplaced"))
        for _ in range(2):                                      # one event that is on the topic twice
            write("mall", placed({"productId": "2002", "qty": 3}), headers=headers)
        self.count("2002", 3)


def shared(consumer):
    """Without the orders that the story of one of them places."""
    return {product: qty for product, qty in consumer.sums_so_far().items() if not product.startswith("3001")}


def seen(consumer):
    assert consumer.is_running(), "%s ended with %s" % (consumer.label, consumer.process.returncode)
    with contextlib.suppress(sqlite3.OperationalError), consumer.store() as store:
        return store.execute("SELECT count(*) FROM seen").fetchone()[0]
    return 0


def counts_through_kills(shop, consumer, flowing):
    """kill -9 after each quarter of the events, as the consumer comes to it."""
    for turn in range(1, KILLS + 1):
        until(lambda: seen(consumer) >= EVENTS * turn // (KILLS + 1), 120, every=0.05)
        consumer.kill()
        consumer.start()
    flowing.result()
    until_equal(lambda: shared(consumer), shop.wanted, 120)


def commits_what_it_used(shop, consumer):
    reads_all(shop, consumer)
    equal(shared(consumer), shop.wanted, "what is on order")


def says_what_it_skips(shop, consumer):
    """Once a delivery: kill -9 may bring it again."""
    places = set(re.findall(r"(mall/\d+ at \d+) is skipped", consumer.log()))
    equal(len(places), len(GARBAGE) + 1, "the number of records that are said to be skipped")


def ends_in_order(shop, consumer):
    shop.mall.order_one("3001-end-" + consumer.label, 1)        # once that is counted, it no longer starts
    until_equal(lambda: consumer.sums_so_far().get("3001-end-" + consumer.label), 1, 120)
    equal(consumer.stop(), consumer.in_order(), "how it ends on SIGTERM")
    assert "Traceback" not in consumer.log() and "Exception in" not in consumer.log() and "panic" not in consumer.log(), consumer.log()[-2000:]


def counts_nothing_twice(shop, consumer):
    """A new group gets all of it from the beginning, and the file is the old one."""
    consumer.group += "-again"
    consumer.start()
    reads_all(shop, consumer)
    equal(shared(consumer), shop.wanted, "what is on order after a second reading")
    equal(consumer.stop(), consumer.in_order())


def commits_only_after_use(shop, consumer):
    """Its file takes no order, so it dies in the middle of its work; the order is counted when the file does."""
    with consumer.store("rw") as store:
        store.execute("CREATE TRIGGER full BEFORE INSERT ON ordered BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    before = consumer.sums()
    shop.mall.order_one("3001-" + consumer.label, 4)
    consumer.start()
    assert consumer.wait() not in (0, consumer.in_order()), "it lost an effect and went on"
    equal(consumer.sums(), before, "what is on order while the file takes nothing")
    with consumer.store("rw") as store:
        store.execute("DROP TRIGGER full")
    consumer.start()
    until_equal(lambda: consumer.sums_so_far().get("3001-" + consumer.label), 4, 120)
    equal(consumer.stop(), consumer.in_order())


def says_how_it_is_called(shop, consumer):
    consumer.start("localhost:9092", "mall")
    equal(consumer.wait(), 2, "how it ends with too few arguments")
    assert "usage: " in consumer.log(), consumer.log()[-2000:]


def have_all_the_same(consumers):
    results = {consumer.label: {p: q for p, q in consumer.sums().items() if not p.startswith("3001")} for consumer in consumers}
    assert all(result == results[consumers[0].label] for result in results.values()), results


STEPS = (("counts exactly over three kills -9", None), ("commits all that it used", commits_what_it_used),
         ("says what makes no sense, and goes on", says_what_it_skips), ("ends in order on SIGTERM", ends_in_order),
         ("counts nothing twice when all comes again", counts_nothing_twice), ("commits only after use", commits_only_after_use),
         ("says how it is called", says_how_it_is_called))


def trouble_of(step, *arguments):
    try:
        step(*arguments)
    except BaseException:
        return traceback.format_exc(limit=-3)
    return None


def tell(shop, consumer, first):
    """[(name, trouble)] of each step; the first one was begun while orders flowed."""
    told = []
    for name, step in STEPS:
        trouble = first.result() if step is None else trouble_of(step, shop, consumer)
        told.append(("%s %s" % (consumer.label, name), trouble))
        if trouble:
            told[-1] = (told[-1][0], trouble + "\n---- the end of its log\n" + consumer.log()[-2000:])
            break
    return told


def test_sums():
    consumers = [example for example in examples.CONSUMERS if example.is_built()]
    with Mall(bus="kafka", only=SHOP) as mall, concurrent.futures.ThreadPoolExecutor(2 * len(consumers) + 1) as pool, \
            contextlib.ExitStack() as ends_of:                  # ends first: what waits for a consumer then sees that it has ended
        for product in ("1001", "1002", "1003"):
            mall.register(product, stock=100000)
        shop = Shop(mall)
        for number in range(20):                                # the topic is there, and a consumer that begins now has a past
            shop.trade(number)
        started = [ends_of.enter_context(examples.Consumer(example, mall.directory, mall.broker)).start() for example in consumers]
        flowing = pool.submit(lambda: [shop.trade(number) for number in range(20, ORDERS)] and shop.strange_records())
        first = [pool.submit(trouble_of, counts_through_kills, shop, consumer, flowing) for consumer in started]
        for told in pool.map(lambda pair: tell(shop, *pair), zip(started, first)):
            yield from told
        yield "all of them have the same sums", trouble_of(have_all_the_same, started)
