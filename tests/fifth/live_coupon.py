"""live_coupon - an order earns a coupon (docs/fifth-service.md)."""
from live import ORDER
from mall import equal, services, until, until_equal

SAYS = ["CouponIssued", "CouponRevoked"]                        # in this order


class Trade:
    """What happens to one order and its coupon."""

    def __init__(self, run):
        self.run, self.order = run, 0

    def found(self):
        """The status, and whose order's row it is."""
        answer = self.run.gateway.get("/coupons/search/findByOrderId?orderId=%d" % self.order)
        return answer.status, answer.body.get("orderId") if answer.status == 200 else None

    def rows(self):
        answer = self.run.gateway.get("/coupons")
        assert answer.status == 200, answer.text
        return answer.body["_embedded"]["coupons"]

    def a_route_leads_to_it(self):
        equal(self.rows(), [])

    def an_order_through_the_gateway_gives_one(self):
        answer = self.run.gateway.post("/orders", ORDER)
        equal(answer.status, 201)
        self.order = answer.id
        until(self.rows, 30)
        equal([row["orderId"] for row in self.rows()], [str(self.order)])

    def the_search_by_order_finds_it(self):
        equal(self.found(), (200, str(self.order)))

    def canceling_the_order_revokes_it(self):
        equal(self.run.gateway.delete("/orders/%d" % self.order).status, 204)
        until_equal(self.found, (404, None), 30)

    def both_events_are_on_the_bus(self):
        until_equal(lambda: self.run.said(self.order, SAYS), SAYS)
        equal(services.describe("coupon")["says"], SAYS)

    def the_console_shows_it(self):
        self.run.console_shows("coupon")


def stories(run):
    trade = Trade(run)
    return (trade.a_route_leads_to_it, trade.an_order_through_the_gateway_gives_one, trade.the_search_by_order_finds_it,
            trade.canceling_the_order_revokes_it, trade.both_events_are_on_the_bus, trade.the_console_shows_it)
