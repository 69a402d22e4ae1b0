"""order's pods are replaced, one by one, while siege places the lab's order: by the rules of a Deployment with maxSurge 1 and
maxUnavailable 0, but without its preStop: SIGTERM comes while the Service still leads to the pod."""
import json
import os
import threading

from cluster import Cluster
from lab_test import siege_numbers
from mall import equal, tool, until

CLIENTS, ROUNDS = 100, 20
BODY = '{"productId": "1001", "productName": "TV", "qty": "5", "customerId": "100"}'


class Siege:
    """One after the other, each with a number of transactions, until stop(): siege with a time limit gives up the requests under way."""

    def __init__(self, cluster, host):
        self.cluster, self.host, self.ending = cluster, host, threading.Event()
        self.done, self.trouble = 0, []
        self.settings = cluster.directory / "siegerc"
        self.settings.write_text("follow-location = false\nverbose = false\n")
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.ending.is_set():
                said = tool("siege", "-R", self.settings, "-b", "-c%d" % CLIENTS, "-r%d" % ROUNDS, "--content-type", "application/json",
                            "http://%s:8080/orders POST %s" % (self.host, BODY), env={**os.environ, "HOME": str(self.cluster.directory)})
                numbers = siege_numbers(said)
                equal([numbers["transactions"], numbers["successful_transactions"], numbers["failed_transactions"]],
                      [CLIENTS * ROUNDS, CLIENTS * ROUNDS, 0], "siege's transactions, the successful and the failed ones")
                self.done += CLIENTS * ROUNDS
        except BaseException as what:                           # noqa: BLE001 - of a thread: stop() raises it
            self.trouble.append(str(what))

    def stop(self):
        self.ending.set()
        self.thread.join()
        equal(self.trouble, [])


def taken(pod):
    return pod.metric("http_server_requests_seconds_count", method="POST", status="201") or 0


def rollout_under_siege(host):
    with Cluster() as cluster:
        equal(cluster.product.post("/inventories", {"productId": "1001", "productName": "TV", "stock": 2000000000}).status, 201)
        old = [cluster.run("order") for _ in range(2)]
        for pod in old:
            until(lambda: cluster.service.knows(pod))
        siege = Siege(cluster, host)
        try:
            for pod in old:
                until(lambda: taken(pod) > 100, 30)
                new = cluster.run("order")                      # maxSurge 1, maxUnavailable 0
                until(lambda: cluster.service.knows(new), 30)
                equal(pod.stop(), 0, "how %s ended" % pod.label)
                until(lambda: taken(new) > 100, 60)             # the kept connections lead there in time
        finally:
            siege.stop()
        assert siege.done >= CLIENTS * ROUNDS, siege.done
        orders = cluster.order_count()
        equal(orders, siege.done, "orders after as many successful transactions")
        said = cluster.audit()
        assert json.dumps(orders) + " orders" in said and "balanced" in said, said
        print("%d orders" % orders)


def test_a_rollout_under_siege_loses_no_request():
    rollout_under_siege("gateway")


def test_a_rollout_under_siege_loses_no_request_without_a_gateway_that_would_try_again():
    rollout_under_siege("user23-order")
