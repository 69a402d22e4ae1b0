"""The Spring Boot service `mypage` beside a real mall: a view of each customer's orders, by events alone."""
import contextlib
import json
import re

import examples
import sums_test
from mall import CannotTell, Mall, Server, equal, ports, tool, until, until_equal

slow = ("test_mypage",)
PLENTY = 100000
POISON = (b"not json", b"[]", b'{"eventType":"Orderplaced"}', b'{"eventType":"Orderplaced","id":1,"qty":"many"}',
          b'{"eventType":"OrderCanceled","id":"one"}')
HARMLESS = (b'{"eventType":"DeliveryStarted","orderId":null}', b'{"eventType":"OutOfStock","orderId":"none"}',
            b'{"eventType":"StockCounted","id":"x"}')


def readme(language):
    """What the first fence of this language holds in mypage's README."""
    return re.search(r"^```%s\n(.*?)^```" % language, (examples.SOURCES / "spring-mypage/README.md").read_text(encoding="utf-8"), re.M | re.S)[1]


def route(port):
    """As a participant adds it."""
    found = readme("yaml")
    assert "http://localhost:8085" in found, found
    return found.replace("http://localhost:8085", "http://localhost:%d" % port)


class Stage:
    def __init__(self, mall, mypage):
        self.mall, self.mypage = mall, mypage

    def page(self, customer="100"):
        """Through the gateway: {orderId: (productId, qty, status)}"""
        answer = self.mall.gateway.get("/mypages/" + customer)
        equal(answer.status, 200, "the gateway's answer")
        equal(answer.body["customerId"], customer)
        return {o["orderId"]: (o["productId"], o["qty"], o["status"]) for o in answer.body["orders"]}

    def order(self, qty=5):
        return str(self.mall.order_one(qty=qty))

    def cancel(self, order):
        equal(self.mall.order.delete("/orders/" + order).status, 204)

    def becomes(self, order, qty, status):
        until_equal(lambda: self.page().get(order), ("1001", qty, status), 120)

    def record(self, kind, order):
        """(value, headers) of that event on the topic, or None."""
        for line in self.mall.broker.read("mall", "%h\t%s\n").splitlines():
            headers, _, value = line.partition("\t")
            with contextlib.suppress(ValueError, KeyError, TypeError):
                event = json.loads(value)
                if event["eventType"] == kind and order in (str(event["id"]), event.get("orderId")):
                    return value, re.findall(r"(ce_id|ce_source|ce_type|ce_ordersource)=([^,]*)", headers)
        return None

    def has_read(self, kind, order, group="mypage"):
        until(lambda: self.record(kind, order), 60, every=0.3)
        self.has_read_all(group)

    def has_read_all(self, group="mypage"):
        until(lambda: sums_test.has_read_all(self.mall.broker, group), 120, every=0.3)


def an_order_is_on_its_customers_page(stage):
    equal(stage.page("nobody"), {}, "the page of a customer without orders")
    stage.becomes(stage.order(), 5, "DeliveryStarted")
    equal(stage.mall.gateway.get("/mypages/100").text, readme("json").strip(), "the page")


def a_canceled_order_stays_one(stage):
    first, second = stage.order(), stage.order()
    stage.cancel(second)                                        # its delivery starts after that, or before
    stage.becomes(first, 5, "DeliveryStarted")
    stage.cancel(first)
    for order in (first, second):
        stage.has_read("DeliveryCanceled", order)
        equal(stage.page()[order], ("1001", 5, "OrderCanceled"))


def out_of_stock_stays_the_reason(stage):
    order = stage.order(PLENTY + 1)
    stage.becomes(order, PLENTY + 1, "OutOfStock")
    stage.has_read("DeliveryCanceled", order)
    equal(stage.page()[order], ("1001", PLENTY + 1, "OutOfStock"))


def kill_9_takes_nothing(stage):
    for _ in range(3):
        order = stage.order()
        stage.becomes(order, 5, "DeliveryStarted")
        page = stage.page()
        stage.mypage.kill()
        meanwhile = stage.order(2)
        stage.mypage.start()
        stage.becomes(meanwhile, 2, "DeliveryStarted")
        equal({**page, meanwhile: ("1001", 2, "DeliveryStarted")}, stage.page(), "the page after kill -9")


def an_event_that_comes_twice_counts_once(stage):
    order = stage.order()
    stage.becomes(order, 5, "DeliveryStarted")
    value, headers = stage.record("Orderplaced", order)
    equal(len(headers), 3, "ce_id, ce_source and ce_type")
    stage.mall.broker.write("mall", value.encode(), key=order, headers=headers)
    stage.has_read_all()
    equal(stage.page()[order], ("1001", 5, "DeliveryStarted"), "an order that is announced a second time")


def events_without_headers_count_too(stage):
    stage.mall.broker.write("mall", sums_test.placed({"productId": "2001", "qty": 7, "customerId": "200"}))
    until_equal(lambda: stage.page("200"), {"900001": ("2001", 7, "DeliveryStarted")}, 120)


def what_makes_no_sense_is_skipped(stage):
    for value in (*POISON, *HARMLESS):
        stage.mall.broker.write("mall", value)
    sums_test.write_nothing(stage.mall.broker)
    stage.becomes(stage.order(), 5, "DeliveryStarted")
    stage.has_read_all()
    places = set(re.findall(r"(mall-\d+ at \d+) is skipped", stage.mypage.log()))
    equal(len(places), len(POISON) + 1, "the number of records that are said to be skipped")


def it_ends_in_order_and_a_second_reading_changes_nothing(stage):
    page = stage.page()
    equal(stage.mypage.stop(), examples.ENDED["java"], "how it ends on SIGTERM")
    stage.mypage.start(SPRING_KAFKA_CONSUMER_GROUP_ID="mypage-again")
    stage.has_read_all("mypage-again")
    equal(stage.page(), page, "the page after a second reading")


STEPS = (an_order_is_on_its_customers_page, a_canceled_order_stays_one, out_of_stock_stays_the_reason, kill_9_takes_nothing,
         an_event_that_comes_twice_counts_once, events_without_headers_count_too, what_makes_no_sense_is_skipped,
         it_ends_in_order_and_a_second_reading_changes_nothing)


def another_takes_over(stage):
    """On a store that both share: what the first one has heard is there, and the second one hears the rest."""
    first, port = stage.order(), ports.reserve()
    stage.becomes(first, 5, "DeliveryStarted")
    with examples.Mypage(stage.mall.directory, stage.mall.broker, port, "mypage-2", **stage.mypage.more) as second:
        second.start()
        stage.mypage.kill()
        order = stage.order(3)
        until_equal(lambda: [(o["orderId"], o["qty"], o["status"]) for o in second.client.get("/mypages/100").body["orders"]],
                    [(first, 5, "DeliveryStarted"), (order, 3, "DeliveryStarted")], 120)


@contextlib.contextmanager
def stage(**settings):
    if not examples.MYPAGE.is_built():
        raise CannotTell("mypage is not built")
    port = ports.reserve()
    mall = Mall(bus="kafka")
    routes = mall.directory / "application.yml"
    routes.write_text(routes.read_text().replace("      routes:\n", "      routes:\n" + route(port), 1))
    with mall, examples.Mypage(mall.directory, mall.broker, port, **settings) as mypage:
        mall.register(stock=PLENTY)
        mypage.start()
        yield Stage(mall, mypage)


def tell(steps, on, **settings):
    with stage(**settings) as here:
        for step in steps:
            trouble = sums_test.trouble_of(step, here)
            yield on + step.__name__.replace("_", " "), trouble and trouble + "\n---- the end of its log\n" + here.mypage.log()[-2000:]


def test_mypage():
    yield from tell(STEPS, "")


def test_mypage_on_postgresql():
    with contextlib.ExitStack() as ends:
        directory, port = Mall.new_directory(), ports.reserve()
        ends.callback(Mall.remove_directory, directory)
        ends.callback(tool, Server.SCRIPT, "stop", directory / "postgres")
        tool(Server.SCRIPT, "start", directory / "postgres", port)
        yield from tell((another_takes_over,), "on PostgreSQL ", SPRING_DATASOURCE_USERNAME="mall",
                        SPRING_DATASOURCE_URL="jdbc:postgresql://localhost:%d/postgres" % port)
