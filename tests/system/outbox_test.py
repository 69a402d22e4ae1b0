"""Events that wait for the bus cost little memory, however large they are."""
import signal
import threading

from mall import Mall, a_server, equal, ports, until

LIMIT_MB, LARGE, ORDERS, CLIENTS = 192, 880000, 100, 4          # deploy/k8s; nearly the largest event; at once


def memory_mb(daemon, which):
    with open("/proc/%d/status" % daemon.process.pid) as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(which))


def place_large(mall):
    def some():
        for _ in range(ORDERS // CLIENTS):
            answers.append(mall.order.post("/orders", {"productName": "x" * LARGE, "qty": 1}).status)
    answers = []
    clients = [threading.Thread(target=some) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    equal(answers, [201] * ORDERS)


def large_orders_wait(**settings):
    """Order alone, half of what its pod may take: while they come, and at a start with all of them waiting."""
    with Mall("kafka://127.0.0.1:%d/mall" % ports.reserve(), only=("order",), **settings) as mall:
        place_large(mall)
        assert memory_mb(mall.order, "VmHWM") < LIMIT_MB / 2, "%d MB" % memory_mb(mall.order, "VmHWM")
        equal(mall.order.stop(), 0)
        mall.order.start()
        until(lambda: "the bus is away" in mall.order.log().split('"stopped"')[-1])
        equal(mall.order.metric("mall_outbox_pending"), ORDERS)
        assert memory_mb(mall.order, "VmHWM") < LIMIT_MB / 2, "%d MB after a start" % memory_mb(mall.order, "VmHWM")


def test_large_orders_that_wait_for_the_bus_take_little_memory():
    large_orders_wait()


def test_large_orders_that_wait_for_the_bus_take_little_memory_with_postgresql():
    with a_server() as server:
        large_orders_wait(db_url=server.url)


def test_large_orders_take_little_memory_when_a_frozen_broker_has_them():
    """All of them are published once it goes on."""
    with Mall("kafka", only=("order",)) as mall:
        mall.order_one()
        until(lambda: mall.order.metric("mall_outbox_pending") == 0)
        mall.broker.signal(signal.SIGSTOP)
        try:
            place_large(mall)
            equal(mall.order.metric("mall_outbox_pending"), ORDERS)
        finally:
            mall.broker.signal(signal.SIGCONT)
        until(lambda: mall.order.metric("mall_outbox_pending") == 0, 60)
        assert memory_mb(mall.order, "VmHWM") < LIMIT_MB / 2, "%d MB" % memory_mb(mall.order, "VmHWM")
        equal(len(mall.broker.read("mall", "%o\n").split()), ORDERS + 1)
