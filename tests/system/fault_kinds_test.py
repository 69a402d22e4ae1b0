"""Each kind of fault that can be switched on, while orders are placed and canceled: no promise breaks, on either bus.

The fault is on until it has struck and some orders were placed. Then it ends, and the audit must find the books balanced: every order
has its delivery, every delivery took its stock once, every stock is the sum of its movements.
"""
import http.client
import itertools
import uuid

from audit_test import places
from mall import BIN, DAEMONS, Mall, equal, tool, until

ROUND = 6                       # orders; every third is canceled
ROUNDS_MOST = 200               # only ends what would never strike

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
    "publish-garbage": ("order", {"rate": 0.5}),
    "consume-delay": ("product", {"delay": "50ms"}),
    "consume-twice": ("product", {"eventType": "DeliveryStarted"}),
    "consume-reorder": ("delivery", {}),
    "consume-pause": ("delivery", {}),
    "upstream-latency": ("gateway", {"routeId": "order", "delay": "50ms"}),
    "upstream-broken": ("gateway", {"path": "/orders/**", "rate": 0.3}),
    "upstream-refused": ("gateway", {"routeId": "order", "rate": 0.3}),
}


class Trader:
    """Orders and cancels through the gateway, and remembers what was acknowledged."""

    def __init__(self, mall):
        self.gateway = mall.gateway
        self.placed, self.canceled, self.asked = set(), set(), set()

    def ask(self, method, path, body=None, **headers):
        """The answer, or None where there was none, or only half of it."""
        try:
            return self.gateway.ask(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        except (OSError, http.client.HTTPException):
            return None

    def order(self):
        answer = self.ask("POST", "/orders", {"productId": "1001", "productName": "TV", "qty": 1, "customerId": "100"},
                          Idempotency_Key=str(uuid.uuid4()))
        if answer and answer.status == 201:
            self.placed.add(answer.id)
            return answer.id
        return None

    def cancel(self, number):
        self.asked.add(number)
        answer = self.ask("DELETE", "/orders/%d" % number)
        if answer and answer.status == 204:
            self.canceled.add(number)

    def round(self):
        for i in range(ROUND):
            number = self.order()
            if number and i % 3 == 2:
                self.cancel(number)
            self.ask("GET", "/inventories/1")


def has_struck(daemon, fault):
    for path in ("readiness", "liveness"):                      # which faults of probes strike
        daemon.management.get("/actuator/health/" + path)
    return daemon.admin.get("/faults/%d" % fault).body["injected"] > 0


def trade_under(mall, trader, kind):
    """Trades while the fault is on, and ends it."""
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
    assert daemon.metric("mall_faults_injected_total", kind=kind) > 0, kind


def check(mall, trader, bus):
    """What was acknowledged is true, and the books balance."""
    tool(BIN / "mallctl", "audit", *places(mall), "--settle=60s", "--bus=" + bus)
    orders = {row["id"] for row in mall.order.rows("orders")}
    equal(trader.placed - trader.asked - orders, set(), "orders that were acknowledged and are gone")
    equal(trader.canceled & orders, set(), "orders that were canceled and are there")


def tell(bus):
    with Mall(bus=bus, only=DAEMONS, admin=True) as mall:
        address = "log:%s" % (mall.directory / "mall.log") if bus == "log" else mall.order.settings["bus_url"]
        mall.register(stock=100000)
        until(lambda: mall.gateway.get("/orders").status == 200)
        offered = {name: {kind["name"] for kind in daemon.admin.get("/faults").body["kinds"]} for name, daemon in mall.daemons.items()}
        equal(set(KINDS), set.union(*offered.values()), "the kinds of faults")
        for kind in KINDS:
            trader = Trader(mall)
            trade_under(mall, trader, kind)
            check(mall, trader, address)
            until(lambda: all(daemon.is_ready() for daemon in mall.daemons.values()))
        equal(mall.end_faults(), 0, "faults that are still on")


def test_no_kind_of_fault_breaks_a_promise_on_the_log():
    tell("log")


def test_no_kind_of_fault_breaks_a_promise_on_kafka():
    tell("kafka")
