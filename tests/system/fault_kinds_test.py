"""Each kind of fault that can be switched on, while orders are placed and canceled: no promise breaks, on either bus and either store.

The fault is on until it has struck and some orders were placed. Then it ends, and the audit must find the books balanced: every order
has its delivery, every delivery took its stock once, every stock is the sum of its movements. And the clients, who ask again until
they are answered, must find what they were told: their orders, and the stock that is left.
"""
import http.client
import itertools
import uuid

import mall as mall_module
from audit_test import audit, places
from dead_test import bus_of, letters, place, succeeds
from mall import BIN, DAEMONS, TRADE, Mall, Server, equal, tool, until, until_equal

ROUND = 6                       # orders; every third is canceled
ROUNDS_MOST = 200               # only ends what would never strike
TRIES_MOST = 200                # the same for a request that is never answered
STOCK = 100000

# kind: the daemon that has it, and the members of the fault
KINDS = {
    "http-latency": ("product", {"p50": "20ms", "p99": "300ms"}),
    "http-status": ("order", {"status": 503, "rate": 0.5}),
    "http-reset": ("order", {"path": "/orders/**", "rate": 0.3}),
    "http-half-answer": ("order", {"method": "POST", "path": "/orders", "rate": 0.3}),
    "not-ready": ("delivery", {}),
    "not-alive": ("delivery", {}),
    "cpu": ("product", {"cores": 1}),
    "memory": ("product", {"size": "32MiB"}),
    "slow-disk": ("order", {"p50": "5ms", "p99": "200ms"}),
    "refused-commit": ("delivery", {"rate": 0.3}),
    "publish-delay": ("order", {"p50": "20ms", "p99": "500ms"}),
    "publish-twice": ("delivery", {"eventType": "DeliveryStarted"}),
    "publish-garbage": ("order", {"eventType": "Orderplaced", "rate": 0.5}),
    "consume-delay": ("product", {"delay": "50ms"}),
    "consume-twice": ("product", {"eventType": "DeliveryStarted"}),
    "consume-reorder": ("delivery", {}),
    "consume-pause": ("delivery", {}),
    "upstream-latency": ("gateway", {"routeId": "order", "delay": "50ms"}),
    "upstream-broken": ("gateway", {"path": "/orders/**", "rate": 0.3}),
    "upstream-refused": ("gateway", {"routeId": "order", "rate": 0.3}),
}


class Trader:
    """Orders and cancels through the gateway; asks again until it is told what came of it."""

    def __init__(self, mall):
        self.gateway = mall.gateway
        self.placed = {}                                        # the quantity of each order that was acknowledged and not canceled

    def ask(self, method, path, body=None, **headers):
        """The answer, or None where there was none, or only half of it."""
        try:
            return self.gateway.ask(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        except (OSError, http.client.HTTPException):
            return None

    def insist(self, wanted, *request, **headers):
        """The first answer with such a status, and whether it came to the first try."""
        for tried in range(TRIES_MOST):
            answer = self.ask(*request, **headers)
            if answer and answer.status in wanted:
                return answer, not tried
        raise AssertionError("%s: the last answer is %s" % (" ".join(request[:2]), answer and answer.text))

    def order(self, qty):
        answer, _ = self.insist((201,), "POST", "/orders", {"productId": "1001", "productName": "TV", "qty": qty, "customerId": "100"},
                                Idempotency_Key=str(uuid.uuid4()))
        assert answer.id not in self.placed, "order %d was acknowledged twice" % answer.id
        self.placed[answer.id] = qty
        return answer.id

    def cancel(self, number):
        answer, at_once = self.insist((204, 404), "DELETE", "/orders/%d" % number)
        assert answer.status == 204 or not at_once, "order %d was acknowledged and is gone" % number
        del self.placed[number]

    def round(self):
        for i in range(ROUND):
            number = self.order(1 + i % 4)
            if i % 3 == 2:
                self.cancel(number)
            self.ask("GET", "/inventories/1")


def has_struck(daemon, fault):
    for path in ("readiness", "liveness"):                      # which faults of probes strike
        daemon.management.get("/actuator/health/" + path)
    return daemon.admin.get("/faults/%d" % fault).body["injected"] > 0


def trade_under(mall, trader, kind):
    """Trades while the fault is on, and ends it. How often it struck."""
    name, members = KINDS[kind]
    daemon = mall.daemons[name]
    fault = mall.fault(name, kind, **members)
    for rounds in itertools.count(1):
        trader.round()
        if has_struck(daemon, fault):
            break
        assert rounds < ROUNDS_MOST, "%s never struck" % kind
    trader.round()
    equal(daemon.admin.delete("/faults/%d" % fault).status, 204, "the end of " + kind)
    struck = daemon.metric("mall_faults_injected_total", kind=kind)
    assert struck > 0, kind
    return int(struck)


def check(mall, trader):
    """The books balance, and what the clients were told is true."""
    tool(BIN / "mallctl", "audit", *places(mall), "--settle=60s", "--bus=" + bus_of(mall))
    equal({row["id"]: row["qty"] for row in mall.order.rows("orders")}, trader.placed, "the orders")
    equal(mall.stock(), STOCK - sum(trader.placed.values()), "the stock")


def drop_letters(mall, garbage):
    """Who hears the event has a letter for each record that it could not read; once they are dropped, none is open."""
    found = until(lambda: (all_ := letters(mall)) and len(all_) >= garbage and all_)
    equal([letter["group"] for letter in found], ["delivery"] * garbage, "the groups of the letters")
    for letter in found:
        succeeds(mall, "drop", place(letter), "--reason=a fault made it")
    equal(letters(mall), [], "the letters that are open")


def tell(mall):
    """Each kind, one after the other."""
    with mall:
        mall.register(stock=STOCK)
        until(lambda: mall.gateway.get("/orders").status == 200)
        offered = {name: {kind["name"] for kind in daemon.admin.get("/faults").body["kinds"]} for name, daemon in mall.daemons.items()}
        equal(set(KINDS), set.union(*offered.values()), "the kinds of faults")
        trader = Trader(mall)
        for kind in KINDS:
            struck = trade_under(mall, trader, kind)
            check(mall, trader)
            if kind == "publish-garbage":
                drop_letters(mall, struck)
                check(mall, trader)
            until(lambda: all(daemon.is_ready() for daemon in mall.daemons.values()))
        equal(letters(mall), [], "dead letters of events that are none")
        equal(mall.end_faults(), 0, "faults that are still on")


def test_no_kind_of_fault_breaks_a_promise_on_the_log():
    tell(Mall(only=DAEMONS, admin=True))


def test_no_kind_of_fault_breaks_a_promise_on_kafka():
    tell(Mall("kafka", only=DAEMONS, admin=True))


def test_no_kind_of_fault_breaks_a_promise_on_kafka_and_postgresql():
    mall = Mall("kafka", only=DAEMONS, admin=True)
    server = Server(mall.directory)
    try:
        server.start()
        for daemon in mall.services():
            daemon.settings["db_url"] = server.url
        tell(mall)
    finally:
        server.stop()


def test_a_broken_promise_is_seen():
    """In a build that applies an event twice that comes twice."""
    mall_module.BIN = mall_module.TOP / "build/nodedup/bin"
    for kind in ("publish-twice", "consume-twice"):
        with Mall(only=TRADE, admin=True) as mall:
            mall.register(stock=STOCK)
            until(lambda: mall.gateway.get("/orders").status == 200)
            trader = Trader(mall)
            trader.order(1)
            until_equal(mall.stock, STOCK - 1)
            code, lines, _ = audit(mall, "--settle=60s")
            equal(code, 0, "before the fault: %s" % lines)
            trade_under(mall, trader, kind)
            code, lines, _ = audit(mall, "--settle=2s", "--bus=" + bus_of(mall))
            equal(code, 1, "after %s: %s" % (kind, lines))
            assert any("delivery" in line and "movement" in line for line in lines), lines
            until(lambda: mall.stock() < STOCK - sum(trader.placed.values()))
