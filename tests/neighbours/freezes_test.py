"""The broker stands still while orders flow: no event is on the topic twice. Spring would apply such an event twice, so it has one
delivery for each order, and each took stock once."""
import signal
import time

from mix import Mix, Trade, one_broker

FREEZES = (4, 8, 12)
slow = ("test_our_order_is_heard_once_by_springs_delivery_and_product", "test_our_delivery_is_heard_once_by_springs_product")


def freeze(theirs):
    with one_broker() as broker:
        with Mix(broker, theirs) as mix:
            trade = Trade(mix)
            with trade.flowing():
                for seconds in FREEZES:
                    trade.more()
                    broker.signal(signal.SIGSTOP)
                    try:
                        time.sleep(seconds)
                    finally:
                        broker.signal(signal.SIGCONT)
                trade.more()
            trade.balances()
        assert trade.is_all_said(), "what a service said when it ended"


def test_our_order_is_heard_once_by_springs_delivery_and_product():
    freeze(("delivery", "product"))


def test_our_delivery_is_heard_once_by_springs_product():
    freeze(("order", "product"))
