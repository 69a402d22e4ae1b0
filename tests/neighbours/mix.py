"""mix - a mall of which some places are Spring's, on one Kafka, and what is traded in it.

    with one_broker() as broker, Mix(broker, theirs=("delivery",)) as mix:      # order and product are ours
        trade = Trade(mix)
        trade.place(qty=5)
        trade.balances()
"""
import collections
import concurrent.futures
import contextlib
import json
import threading

from neighbour import PATIENCE, Spring                          # first: it knows where the next one lies
from mall import SHOP, Broker, Client, Mall, equal, tool, until, until_equal


@contextlib.contextmanager
def one_broker():
    directory = Mall.new_directory()
    broker = Broker(directory)
    try:
        yield broker.start()
    finally:
        broker.stop()
        Mall.remove_directory(directory)


class Mix(Mall):
    """order, delivery and product, those in `theirs` Spring's; mix.order and so on is the service in that place."""

    def __init__(self, broker, theirs=(), topic="mall", **settings):
        super().__init__("kafka://%s/%s" % (broker.address, topic), only=SHOP, topic_partitions=1, **settings)
        self.kafka, self.topic, self.ours = broker, topic, self.daemons
        self.daemons = {name: self.ours[name] for name in SHOP if name not in theirs}
        if theirs:
            self.daemons["spring"] = self.spring(*theirs)
        for name in SHOP:
            self.__dict__[name] = self.daemons.get(name) or Client(self.ours[name].port)

    def __enter__(self):
        super().__enter__()
        there = 'topic "%s" with 1 partitions' % self.topic
        until(lambda: there in tool("kcat", "-L", "-b", self.kafka.address, "-t", self.topic), PATIENCE, every=0.2)
        return self

    def spring(self, *names, **more):
        return Spring(self.directory, self.kafka, self.topic, {name: self.ours[name].port for name in names}, **more)

    def is_ours(self, name):
        return name in self.daemons

    def end(self, name):
        """Leaves the place empty; its events wait on the topic."""
        equal(self.daemons.pop(name if self.is_ours(name) else "spring").stop(), 0)

    def begin_ours(self, name):
        self.daemons[name] = self.ours[name]
        self.daemons[name].start()

    def begin_theirs(self, name, **more):
        self.daemons["spring"] = self.spring(name, **more)
        self.daemons["spring"].start()

    def hand_over(self, name):
        begin = self.begin_theirs if self.is_ours(name) else self.begin_ours
        self.end(name)
        begin(name)

    def read(self):
        """All that is on the topic by now; kcat's -e would wait for a moment without new records."""
        at = ("-b", self.kafka.address, "-t")
        count = tool("kcat", "-Q", *at, "%s:0:-1" % self.topic).split()[-1]
        return tool("kcat", "-C", "-q", *at, self.topic, "-o", "beginning", "-c", count).splitlines() if count != "0" else []

    def said(self):
        """{(type, number of its order or None): how often that is on the topic}"""
        events = map(json.loads, self.read())
        return collections.Counter((e["eventType"], str(e["id"]) if e["eventType"].startswith("Order") else e.get("orderId"))
                                   for e in events)


class Trade:
    """Orders of one product that were placed, and which of them were canceled."""

    def __init__(self, mix, stock=10000):
        self.mix, self.initial, self.placed, self.canceled, self.open = mix, stock, {}, set(), threading.Lock()
        self.inventory, self.by_hand = mix.register(stock=stock), 0

    def set_stock(self, stock):
        equal(self.mix.product.patch("/inventories/%d" % self.inventory, {"stock": stock}).status, 200)
        self.by_hand += 1

    def place(self, qty):
        number = self.mix.order_one(qty=qty)
        self.placed[number] = qty
        return number

    def cancel(self, number):
        equal(self.mix.order.delete("/orders/%d" % number).status, 204)
        self.canceled.add(number)

    @contextlib.contextmanager
    def flowing(self):
        """One order after the other; none is placed while self.open is held."""
        ending = threading.Event()

        def buy():
            while not ending.wait(0.02):
                with self.open:
                    self.place(qty=1)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            buyer = pool.submit(buy)
            try:
                yield
            finally:
                ending.set()
            buyer.result()

    def more(self, count=30):
        """Until so many more orders were placed."""
        before = len(self.placed)
        until(lambda: len(self.placed) >= before + count, PATIENCE)

    def kept(self):
        return sorted(set(self.placed) - self.canceled)

    def wanted(self):
        """What must be on the topic, in the form of Mix.said()."""
        wanted = collections.Counter({("InventoryModified", None): self.by_hand})
        for kinds, numbers in ((("Orderplaced", "DeliveryStarted"), self.placed), (("OrderCanceled", "DeliveryCanceled"), self.canceled)):
            wanted.update((kind, str(number)) for kind in kinds for number in numbers)
            wanted["InventoryModified", None] += len(numbers)
        return wanted

    def has_moved(self):
        """Whether each delivery that began or was called back has moved stock."""
        kinds = collections.Counter()
        for (kind, _), times in self.mix.said().items():
            kinds[kind] += times
        return kinds["InventoryModified"] - self.by_hand == kinds["DeliveryStarted"] + kinds["DeliveryCanceled"]

    def is_all_said(self):
        """And nothing twice, nor anything else."""
        said, wanted = self.mix.said(), self.wanted()
        equal(dict(said - wanted), {}, "what is on the topic beyond what should be")
        return said == wanted

    def settles(self):
        until(self.is_all_said, PATIENCE, every=0.3)
        until_equal(lambda: self.mix.stock(self.inventory), self.initial - sum(self.placed[number] for number in self.kept()), PATIENCE)

    def balances(self):
        """For services that had their places from the beginning, so that they have all rows."""
        mix = self.mix
        self.settles()
        equal(sorted(int(d["orderId"]) for d in mix.delivery.rows("deliveries")), self.kept(), "the orders that are delivered")
        status = "DeliveryStarted" if mix.is_ours("order") else None
        until_equal(lambda: {(o["id"], o["status"]) for o in mix.order.rows("orders")}, {(number, status) for number in self.kept()},
                    PATIENCE)
