"""live_store - food that is ordered is accepted, cooked, picked up and delivered, or not (docs/lab/en/own-domain.md)."""
from live import ORDER
from mall import BIN, equal, services, tool, until, until_equal

STORE = ["StoreAccepted", "StoreRejected", "TicketCanceled", "FoodCooked", "CancelRefused"]
RIDER = ["FoodPickedUp", "FoodDelivered"]
STOCK = 100


class Trade:
    """Orders, and what the store and the rider make of them."""

    def __init__(self, run):
        self.run, self.gateway, self.kept = run, run.gateway, 0

    def order(self):
        """A new one, as soon as its ticket waits: (its id, the path of its ticket)."""
        answer = self.gateway.post("/orders", ORDER)
        equal(answer.status, 201)
        return answer.id, until(lambda: self.path("tickets", answer.id), 30)

    def path(self, collection, order):
        """Of the order's row there; None: there is none."""
        answer = self.gateway.get("/%s/search/findByOrderId?orderId=%d" % (collection, order))
        return answer.body["_links"]["self"]["href"].partition("8088")[2] if answer.status == 200 else None

    def status(self, path):
        return self.gateway.get(path).body["status"]

    def step(self, path, *statuses):
        for status in statuses:
            equal(self.gateway.patch(path, {"status": status}).status, 200, status)

    def refused(self, path, body, status, why):
        answer = self.gateway.patch(path, body)
        equal(answer.status, status, answer.text)
        assert why in answer.body["detail"], answer.text

    def cancel(self, order):
        equal(self.gateway.delete("/orders/%d" % order).status, 204)

    def says(self, order, *wanted):
        """All that store and rider said of the order, and nothing more."""
        until_equal(lambda: self.run.said(order, STORE + RIDER), list(wanted), 30)

    def a_route_leads_to_each(self):
        for collection in ("tickets", "pickups"):
            answer = self.gateway.get("/" + collection)
            assert answer.status == 200, answer.text
            equal(answer.body["_embedded"][collection], [])
        equal(self.gateway.post("/inventories", {"productId": ORDER["productId"], "stock": STOCK}).status, 201)

    def an_order_is_accepted_cooked_picked_up_and_delivered(self):
        order, ticket = self.order()
        equal(self.status(ticket), "waiting")
        self.step(ticket, "accepted", "cooked")
        pickup = until(lambda: self.path("pickups", order), 30)
        equal(self.status(pickup), "waiting")
        self.step(pickup, "pickedUp", "delivered")
        self.says(order, "StoreAccepted", "FoodCooked", "FoodPickedUp", "FoodDelivered")
        self.kept += 1

    def a_rejected_order_goes_no_further(self):
        order, ticket = self.order()
        self.step(ticket, "rejected")
        self.refused(ticket, {"status": "accepted"}, 409, "nothing follows it")
        self.says(order, "StoreRejected")
        equal(self.path("pickups", order), None)
        self.kept += 1

    def an_order_canceled_while_it_waits_is_not_cooked(self):
        order, ticket = self.order()
        self.cancel(order)
        self.says(order, "TicketCanceled")
        self.refused(ticket, {"status": "accepted"}, 409, "a status of canceled cannot become accepted")

    def an_order_canceled_while_it_is_cooked_is_taken_back(self):
        order, ticket = self.order()
        self.step(ticket, "accepted")
        self.cancel(order)
        self.says(order, "StoreAccepted", "TicketCanceled")
        self.refused(ticket, {"status": "cooked"}, 409, "a status of canceled cannot become cooked")
        equal(self.path("pickups", order), None)

    def an_order_canceled_too_late_is_refused_aloud_and_delivered(self):
        order, ticket = self.order()
        self.step(ticket, "accepted", "cooked")
        pickup = until(lambda: self.path("pickups", order), 30)
        self.cancel(order)
        self.says(order, "StoreAccepted", "FoodCooked", "CancelRefused")
        equal(self.status(ticket), "cooked")
        self.step(pickup, "pickedUp", "delivered")
        self.says(order, "StoreAccepted", "FoodCooked", "CancelRefused", "FoodPickedUp", "FoodDelivered")

    def wrong_steps_are_refused_with_what_can_follow(self):
        order, ticket = self.order()
        self.refused(ticket, {"status": "cooked"}, 409, "a status of waiting cannot become cooked; what can follow is: accepted, rejected, canceled")
        self.refused(ticket, {"status": "acepted"}, 400, "a status of waiting cannot become acepted")
        self.refused(ticket, {"status": None}, 400, "a status of waiting cannot become null")
        self.refused(ticket, {"qty": 9}, 400, "qty cannot be changed")
        equal(self.gateway.ask("PUT", ticket, {"status": "accepted"}).status, 400)
        equal(self.gateway.delete(ticket).status, 409)
        equal(self.gateway.post("/tickets", {"status": "cooked"}).status, 400)
        equal(self.gateway.get(ticket).body["qty"], ORDER["qty"])
        self.step(ticket, "accepted", "accepted")               # sent twice: it is so
        self.says(order, "StoreAccepted")
        self.kept += 1

    def an_event_that_comes_twice_counts_once(self):
        before = [self.run.duplicates(name) for name in ("store", "rider")]
        with self.run.given_twice("store", "Orderplaced"), self.run.given_twice("rider", "FoodCooked"):
            order, ticket = self.order()
            self.step(ticket, "accepted", "cooked")
            pickup = until(lambda: self.path("pickups", order), 30)
            until(lambda: all(self.run.duplicates(name) > n for name, n in zip(("store", "rider"), before)), 30)
        self.step(pickup, "pickedUp", "delivered")
        self.says(order, "StoreAccepted", "FoodCooked", "FoodPickedUp", "FoodDelivered")
        for collection in ("tickets", "pickups"):
            equal([row["orderId"] for row in self.gateway.rows(collection)].count(str(order)), 1, collection)
        self.kept += 1

    def the_shop_beside_them_balances(self):
        said = tool(BIN / "mallctl", "audit", "--settle", "60s", "--bus", self.run.place())
        assert "balance" in said, said
        stock = self.gateway.get("/inventories/1").body["stock"]
        equal(stock, STOCK - self.kept * ORDER["qty"], "the stock")

    def the_console_shows_both(self):
        for name, says in (("store", STORE), ("rider", RIDER)):
            self.run.console_shows(name)
            equal(sorted(services.describe(name)["says"]), sorted(says))


def stories(run):
    trade = Trade(run)
    return (trade.a_route_leads_to_each, trade.an_order_is_accepted_cooked_picked_up_and_delivered, trade.a_rejected_order_goes_no_further,
            trade.an_order_canceled_while_it_waits_is_not_cooked, trade.an_order_canceled_while_it_is_cooked_is_taken_back,
            trade.an_order_canceled_too_late_is_refused_aloud_and_delivered, trade.wrong_steps_are_refused_with_what_can_follow,
            trade.an_event_that_comes_twice_counts_once, trade.the_shop_beside_them_balances, trade.the_console_shows_both)
