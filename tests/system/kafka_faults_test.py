"""A broker that stands still for longer than a session, a topic that is deleted or grows, a disk that is full: what it does to a mall over Kafka."""
import signal
import time

from mall import Load, Mall, equal, until

MUCH = 1000000000
MUTE = "the group's coordinator does not answer; joining again"


def test_events_flow_again_after_a_broker_stood_still_for_longer_than_a_session():
    """Each reader has asked to join again, under its own name, before its session is over: the coordinator then waits for nobody."""
    with Mall(bus="kafka", only=("order", "delivery", "product")) as mall:
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
