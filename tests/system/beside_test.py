"""Services of others beside ours on one topic, as Spring's are: without keys, without CloudEvents headers."""
import json
import time

from mall import Mall, equal, until, until_equal

KEYLESS = "MALL_TOPIC_PARTITIONS=1"                             # in the warning


class Strangers:
    """What the reference's services say of what they have."""

    def __init__(self, mall):
        self.mall = mall

    def say(self, kind, number, partition=None, **members):
        event = {"eventType": kind, "timestamp": int(time.time() * 1000), "id": number, **members}
        self.mall.broker.write("mall", json.dumps(event).encode(), partition=partition)

    def order(self, kind, number, qty=5, **more):
        self.say(kind, number, productId="1001", productName="TV", qty=qty, customerId="100", status=None, **more)


def times(daemon, text):
    return sum(text in line for line in daemon.log().split("\n"))


def has_deliveries(mall, orders):
    until_equal(lambda: {int(d["orderId"]) for d in mall.delivery.rows("deliveries") if d["orderId"]}, set(orders), 30)


# ---- keys ----

def test_who_hears_events_without_keys_on_several_partitions_says_so_once():
    with Mall(bus="kafka") as mall:
        spring = Strangers(mall)
        mall.order_one()                                        # ours have keys
        mall.delivery.post("/deliveries", {"qty": 1})           # ... but for what belongs to no order
        until(lambda: mall.order.get("/orders/1").body["status"])
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
