"""An order whose daemon dies between the commit and the bus is one trace all the same: the next life publishes the event under the
span that the event names."""
from collector import Collector
from mall import equal, until
from traced import Traced, label, until_tree
from trees_test import ORDER

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PUBLISH, COMMIT = "order PRODUCER publish mall", "order INTERNAL commit"


def test_killed_between_the_commit_and_the_bus():
    with Collector() as collector, Traced(collector.url, bus="kafka") as mall:
        mall.register(stock=100)
        mall.place()
        until(lambda: mall.stock() == 95)
        mall.broker.stop()
        equal(mall.place(traceparent="00-%s-00f067aa0ba902b7-01" % TRACE).status, 201)
        until(lambda: {COMMIT, "gateway SERVER POST /orders/**"} <= {label(span) for span in collector.spans(TRACE)})
        assert PUBLISH not in {label(span) for span in collector.spans(TRACE)}, "published without a broker"
        mall.order.kill()
        mall.order.start()
        mall.broker.start()
        until_tree(lambda: collector.spans(TRACE), ORDER)
        first = {}
        for span in sorted(collector.spans(TRACE), key=lambda one: one.start):
            first.setdefault(label(span), span)
        assert first[PUBLISH].start > first[COMMIT].end, "published before it was committed"


slow = ("test_killed_between_the_commit_and_the_bus",)
