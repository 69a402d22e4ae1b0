"""order asks product for the stock before it accepts: the one synchronous call, and what limits its harm."""
import threading
import time

from faults_test import refused
from mall import SERVICES, Mall, equal, frozen, until, until_equal

TRACE = "0af7651916cd43dd8448eb211c80319c"
PAUSE = 2                                                       # seconds that a breaker stays open here


def checking(**settings):
    """A mall whose order asks its product."""
    mall = Mall(only=SERVICES)
    asks = {"url": "http://127.0.0.1:%d" % mall.product.port, "pause": "%ds" % PAUSE, **settings}
    mall.order.settings.update({"stock_check_" + name: value for name, value in asks.items()})
    return mall


def order(mall, qty=5, product="1001", **headers):
    return mall.order.post("/orders", {"productId": product, "productName": "TV", "qty": qty, "customerId": "100"}, **headers)


def asked(mall, outcome):
    return mall.order.metric("mall_question_seconds_count", outcome=outcome) or 0


def breaker_is(mall, state):
    return mall.order.metric("mall_breaker_state", state=state) == 1


def test_enough_is_accepted_and_too_little_is_a_409():
    with checking() as mall:
        mall.register(stock=10)
        equal(order(mall, 10, traceparent="00-%s-b7ad6b7169203331-01" % TRACE).status, 201)
        until_equal(mall.stock, 0)
        answer = order(mall, 1)
        equal(answer.status, 409)
        equal(answer.headers["content-type"], "application/problem+json")
        equal(answer.body["detail"], "there are 0 of product 1001 in stock, not 1")
        equal([o["qty"] for o in mall.order.rows("orders")], [10])
        equal(order(mall, 5, product="unknown").status, 201)
        equal(mall.order.post("/orders", {"item": "chicken"}).status, 201)
        equal((asked(mall, "allowed"), asked(mall, "refused")), (2, 1))
        until(lambda: [line for line in mall.product.log().split("\n") if TRACE in line and "/search/findByProductId" in line])


def test_a_put_that_creates_is_asked_about_too():
    with checking() as mall:
        mall.register(stock=5)
        equal(mall.order.ask("PUT", "/orders/77", {"productId": "1001", "qty": 6}).status, 409)
        equal(mall.order.ask("PUT", "/orders/77", {"productId": "1001", "qty": 5}).status, 201)
        equal(mall.order.ask("PUT", "/orders/1", {"productId": "1001", "qty": 600}).status, 200)


def test_off_it_is_as_ever():
    with checking(url=None) as mall:
        mall.register(stock=1)
        equal(order(mall, 5).status, 201)
        until_equal(lambda: mall.order.get("/orders/1").body["status"], "OutOfStock")


def test_a_stored_answer_stands():
    with checking(failure="refuse") as mall:
        mall.register(stock=5)
        first = order(mall, 5, Idempotency_Key="k")
        equal(first.status, 201)
        until_equal(mall.stock, 0)
        again = order(mall, 5, Idempotency_Key="k")
        equal((again.status, again.text), (201, first.text))
        equal(order(mall, 5, Idempotency_Key="other").status, 409)
        equal(mall.product.stop(), 0)
        again = order(mall, 5, Idempotency_Key="k")
        equal((again.status, again.text), (201, first.text))
        equal(order(mall, 5, Idempotency_Key="other").status, 503)
        equal(len(mall.order.rows("orders")), 1)


def test_product_away_and_accept():
    with checking(failure="accept") as mall:
        inventory = mall.register(stock=100)
        equal(mall.product.stop(), 0)
        acknowledged = [mall.order_one() for _ in range(15)]
        equal((asked(mall, "failed"), asked(mall, "open")), (10, 5))
        mall.product.start()
        mall.check_books(inventory, 100, acknowledged)
        until(lambda: mall.order_one(qty=1) and breaker_is(mall, "closed"), every=0.2)


def test_product_away_and_refuse():
    with checking(failure="refuse") as mall:
        mall.register(stock=100)
        equal(mall.product.stop(), 0)
        for _ in range(15):
            answer = order(mall)
            equal((answer.status, answer.headers["retry-after"]), (503, "1"))
            assert "product could not be asked for the stock" in answer.body["detail"], answer.text
        equal(mall.order.get("/actuator/health").body["status"], "UP")
        equal(mall.order.rows("orders"), [])
        mall.product.start()
        until(lambda: order(mall).status == 201)
        until(lambda: order(mall, 1).status == 201 and breaker_is(mall, "closed"))


def frozen_product(failure, status):
    """Each answer within the timeout; with the breaker open at once; as before once product goes on."""
    with checking(failure=failure, timeout="300ms", pause="60s") as mall:
        mall.register(stock=1000000)
        equal(order(mall).status, 201)
        with frozen(mall.product):
            until(lambda: not breaker_is(mall, "closed") or first_ones(mall, status))
            equal(breaker_is(mall, "open"), True)
            for _ in range(20):
                equal(order(mall).status, status)
            equal(asked(mall, "open"), 20)


def first_ones(mall, status):
    began = time.monotonic()
    equal(order(mall).status, status)
    assert time.monotonic() - began >= 0.3, "answered before its timeout"


def test_product_frozen_and_accept():
    frozen_product("accept", 201)


def test_product_frozen_and_refuse():
    frozen_product("refuse", 503)


def test_when_product_goes_on_so_do_the_questions():
    with checking(failure="refuse", timeout="200ms") as mall:
        mall.register(stock=1000000)
        with frozen(mall.product):
            until(lambda: order(mall).status == 503 and breaker_is(mall, "open"))
        until(lambda: order(mall, 1).status == 201)
        until(lambda: order(mall, 1).status == 201 and breaker_is(mall, "closed"))


def test_a_frozen_product_does_not_stop_a_crowd():
    """As many wait as are allowed, the others are answered at once, and reads all the time."""
    with checking(failure="accept", timeout="2s", most="4", pause="0s") as mall:
        mall.register(stock=1000000)
        with frozen(mall.product):
            got = []
            threads = [threading.Thread(target=lambda: got.append(order(mall).status)) for _ in range(12)]
            for thread in threads:
                thread.start()
            until(lambda: len(got) >= 8)
            equal(mall.order.get("/orders").status, 200)
            for thread in threads:
                thread.join()
            equal(got, [201] * 12)
            equal((asked(mall, "full"), asked(mall, "timeout")), (8, 4))


def test_sigterm_while_questions_wait_loses_nothing():
    with checking(failure="accept", timeout="2s", pause="0s") as mall:
        mall.register(stock=1000000)
        answers = []
        with frozen(mall.product):
            threads = [threading.Thread(target=lambda: answers.append(order(mall).status)) for _ in range(8)]
            for thread in threads:
                thread.start()
            until(lambda: len(open_connections(mall)) >= 8)
            equal(mall.order.stop(), 0)
            for thread in threads:
                thread.join()
        equal(answers, [201] * 8)
        mall.order.start()
        equal(len(mall.order.rows("orders")), 8)


def open_connections(mall):
    """Of order to its product."""
    with open("/proc/%d/net/tcp" % mall.order.process.pid, encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    return [r for r in rows if int(r[2].split(":")[1], 16) == mall.product.port and r[3] == "01"]


def test_a_wrong_url_is_exit_2_and_named():
    with Mall(only=()) as mall:
        code, said = refused("order", mall.directory, stock_check_url="product:8080")
        equal(code, 2)
        assert "stock-check-url" in said and "product:8080" in said, said
        code, said = refused("delivery", mall.directory, ["--stock-check-url=http://a"])
        equal(code, 2, "delivery asks no service")
