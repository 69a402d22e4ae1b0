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

from neighbour import Spring                                    # first: it knows where the next one lies
from mall import SERVICES, Broker, Client, Mall, equal, until, until_equal


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
    """order, delivery and product, those in `theirs` Spring's; mix.order and so on is whoever has that place."""

    def __init__(self, broker, theirs=(), topic="mall", **settings):
        super().__init__("kafka://%s/%s" % (broker.address, topic), only=SERVICES, topic_partitions=1, **settings)
        self.kafka, self.topic, self.ours = broker, topic, self.daemons
        self.daemons = {name: self.ours[name] for name in SERVICES if name not in theirs}
        if theirs:
            self.daemons["spring"] = self.spring(*theirs)
        for name in SERVICES:
            self.__dict__[name] = self.daemons.get(name) or Client(self.ours[name].port)

    def spring(self, *names, **more):
        return Spring(self.directory, self.kafka, self.topic, {name: self.ours[name].port for name in names}, **more)

    def is_ours(self, name):
        return name in self.daemons

    def said(self):
        """{(type, number of its order or None): how often that is on the topic}"""
        events = [json.loads(line) for line in self.kafka.read(self.topic).splitlines()]
        return collections.Counter((e["eventType"], str(e["id"]) if e["eventType"].startswith("Order") else e.get("orderId")) for e in events)


class Trade:
    """Orders of one product that were placed, and which of them were canceled."""

    def __init__(self, mix, stock=10000):
        self.mix, self.initial, self.placed, self.canceled, self.open = mix, stock, {}, set(), threading.Lock()
        self.inventory = mix.register(stock=stock)

    def place(self, qty):
        number = self.mix.order_one(qty=qty)
        self.placed[number] = qty
        return number

    def cancel(self, number):
        equal(self.mix.order.delete("/orders/%d" % number).status, 204)
        self.canceled.add(number)

    @contextlib.contextmanager
    def flowing(self):
        """One order after the other; nobody orders while self.open is held."""
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
        until(lambda: len(self.placed) >= before + count, 60)

    def kept(self):
        return sorted(set(self.placed) - self.canceled)

    def wanted(self):
        """What must be on the topic, in the form of Mix.said()."""
        wanted = collections.Counter()
        for kinds, numbers in ((("Orderplaced", "DeliveryStarted"), self.placed), (("OrderCanceled", "DeliveryCanceled"), self.canceled)):
            wanted.update((kind, str(number)) for kind in kinds for number in numbers)
            wanted["InventoryModified", None] += len(numbers)
        return wanted

    def is_all_said(self):
        """And nothing twice, nor anything else."""
        said, wanted = self.mix.said(), self.wanted()
        equal(dict(said - wanted), {}, "what is on the topic beyond what should be")
        return said == wanted

    def balances(self, seconds=60):
        mix = self.mix
        until(self.is_all_said, seconds, every=0.3)
        equal(sorted(int(d["orderId"]) for d in mix.delivery.rows("deliveries")), self.kept(), "the orders that are delivered")
        until_equal(lambda: mix.stock(self.inventory), self.initial - sum(self.placed[number] for number in self.kept()))
        status = "DeliveryStarted" if mix.is_ours("order") else None
        until_equal(lambda: {(o["id"], o["status"]) for o in mix.order.rows("orders")}, {(number, status) for number in self.kept()})
