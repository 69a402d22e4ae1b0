"""One order is one trace, over the gateway, order, delivery, product and back, whatever becomes of it, on both buses.

Each story is told twice: to a collector of the tests, which reads strictly, and to a real Jaeger, where that is built.
"""
import contextlib
import re
import tempfile
import traceback

import jaeger
import parts
from collector import Collector
from mall import equal, until
from traced import ORDER, Traced, log_lines, trace_of, until_tree

CANCEL = """\
gateway SERVER DELETE /orders/**
  gateway CLIENT DELETE
    order SERVER DELETE /orders/{id}
      order INTERNAL commit
      order PRODUCER publish mall
        delivery CONSUMER process mall
          delivery INTERNAL commit
          delivery INTERNAL reaction OrderCanceled
          delivery PRODUCER publish mall
            order CONSUMER process mall
              order INTERNAL commit
              order INTERNAL reaction DeliveryCanceled
            product CONSUMER process mall
              product INTERNAL commit
              product INTERNAL reaction DeliveryCanceled
              product PRODUCER publish mall"""
OUT_OF_STOCK = ORDER + """
                delivery CONSUMER process mall
                  delivery INTERNAL commit
                  delivery INTERNAL reaction OutOfStock
                  delivery PRODUCER publish mall
                    order CONSUMER process mall
                      order INTERNAL commit
                      order INTERNAL reaction DeliveryCanceled
                    product CONSUMER process mall
                      product INTERNAL commit
                      product INTERNAL reaction DeliveryCanceled
                order CONSUMER process mall
                  order INTERNAL commit
                  order INTERNAL reaction OutOfStock"""
RETRY = ORDER.replace("  gateway CLIENT POST\n", "  gateway CLIENT POST\n  gateway CLIENT POST\n", 1)

# what each span of that kind has, beside what is said of each below
NEEDED = {
    "SERVER": ("http.request.method", "http.response.status_code", "url.path", "url.scheme", "http.route"),
    "CLIENT": ("http.request.method", "server.address", "server.port", "url.full"),
    "PRODUCER": ("messaging.system", "messaging.destination.name", "messaging.operation.name", "messaging.operation.type"),
    "CONSUMER": ("messaging.system", "messaging.destination.name", "messaging.operation.name", "messaging.operation.type",
                 "messaging.destination.partition.id"),
    "INTERNAL": (),
}


def check_attributes(span, system):
    missing = [name for name in NEEDED[span.kind] if name not in span.attributes]
    assert not missing, "%r lacks %s" % (span, missing)
    has = span.attributes
    if span.kind in ("PRODUCER", "CONSUMER"):
        operation = {"PRODUCER": "publish", "CONSUMER": "process"}[span.kind]
        equal((has["messaging.system"], has["messaging.destination.name"], has["messaging.operation.name"]), (system, "mall", operation), repr(span))
        assert has["messaging.operation.type"] in ({"publish": "send"}.get(operation, operation), operation), span
    for name in ("http.response.status_code", "server.port"):
        assert isinstance(has.get(name, 0), int), "%s of %r" % (name, span)
    failed = "error.type" in has
    equal(span.status == "ERROR", failed, "whether it failed, by status and error.type, of %r" % span)


def check_times(spans):
    """A child begins after its parent: all clocks are this machine's, and Jaeger has no nanoseconds."""
    by_id = {span.id: span for span in spans}
    for span in spans:
        parent = by_id.get(span.parent)
        assert not parent or span.start >= parent.start - 10**6, "%r begins %d ns before %r" % (span, parent.start - span.start, parent)
        assert span.end >= span.start, span


def check(spans, system):
    for span in spans:
        check_attributes(span, system)
        equal(span.resource["service.name"] if "service.name" in span.resource else span.service, span.service)
        for name in ("service.version", "service.instance.id"):
            assert span.resource.get(name), "%r lacks %s in its resource" % (span, name)
    check_times(spans)


class Trial:
    """A mall, where its spans go, and what is said of its bus."""

    def __init__(self, mall, source, bus):
        self.mall, self.source, self.system = mall, source, {"log": "mall_log"}.get(bus, bus)

    def expect(self, trace, wanted):
        until_tree(lambda: self.source.spans(trace), wanted)
        spans = self.source.spans(trace)
        check(spans, self.system)
        return spans

    def server_span(self, spans, service):
        return next(span for span in spans if (span.service, span.kind) == (service, "SERVER"))


def an_order(trial):
    mall = trial.mall
    spans = trial.expect(trace_of(mall.gateway, "POST", mall.place), ORDER)
    for service, path in (("gateway", "/orders"), ("order", "/orders")):
        has = trial.server_span(spans, service).attributes
        equal((has["http.request.method"], has["url.path"], has["http.response.status_code"]), ("POST", path, 201), service)


def a_cancel(trial):
    mall = trial.mall
    number = mall.place().id
    until(lambda: mall.order.get("/orders/%d" % number).body["status"] == "DeliveryStarted")
    spans = trial.expect(trace_of(mall.gateway, "DELETE", lambda: mall.gateway.delete("/orders/%d" % number)), CANCEL)
    equal(trial.server_span(spans, "order").attributes["http.response.status_code"], 204)


def an_order_out_of_stock(trial):
    mall = trial.mall
    trial.expect(trace_of(mall.gateway, "POST", lambda: mall.place(qty=500)), OUT_OF_STOCK)


def a_retry_of_the_gateway(trial):
    """order has shown that it knows Idempotency-Key; its connection is reset once."""
    mall = trial.mall
    mall.relay.resets = 1
    spans = trial.expect(trace_of(mall.gateway, "POST", mall.place), RETRY)
    first, second = sorted((span for span in spans if span.kind == "CLIENT"), key=lambda span: span.start)
    equal((first.status, "http.response.status_code" in first.attributes), ("ERROR", False), "the first try")
    equal((second.status, second.attributes["http.response.status_code"]), ("", 201), "the second try")
    equal(second.attributes.get("http.request.resend_count"), 1, "resend_count")
    equal([span.parent for span in spans if (span.service, span.kind) == ("order", "SERVER")], [second.id], "order's parent")


def an_order_of_somebody_who_is_traced(trial):
    """Who asks began the trace: the gateway's span is a child of theirs, and tracestate and the rest pass."""
    mall, trace = trial.mall, "4bf92f3577b34da6a3ce929d0e0e4736"
    mall.place(traceparent="00-%s-00f067aa0ba902b7-01" % trace)
    spans = trial.expect(trace, ORDER)
    equal(trial.server_span(spans, "gateway").parent, "00f067aa0ba902b7")


def a_request_that_is_refused(trial):
    """A client's fault is no error of the server."""
    mall = trial.mall
    trace = trace_of(mall.gateway, "GET", lambda: mall.gateway.get("/orders/99999"))
    spans = until(lambda: len(found := trial.source.spans(trace)) >= 3 and found)
    for service in ("gateway", "order"):
        span = trial.server_span(spans, service)
        equal((span.status, span.attributes["http.response.status_code"]), ("", 404), repr(span))


def lines_of_the_log_with_their_span(trial):
    """The line of a request has the id of its server span."""
    mall = trial.mall
    trace = trace_of(mall.gateway, "POST", mall.place)
    spans = trial.expect(trace, ORDER)
    for service in ("gateway", "order"):
        line, = (line for line in log_lines(mall.daemons[service]) if line.get("trace.id") == trace and "http.request.method" in line)
        equal(line.get("span.id"), trial.server_span(spans, service).id, "%s's line %r" % (service, line))
    for name, daemon in mall.daemons.items():
        for line in log_lines(daemon):
            assert ("trace.id" in line) == ("span.id" in line), "%s: %r" % (name, line)


def an_exemplar_of_the_histogram(trial):
    mall = trial.mall
    trace = trace_of(mall.gateway, "POST", mall.place)
    spans = trial.expect(trace, ORDER)
    answer = mall.order.get("/actuator/prometheus", Accept="application/openmetrics-text; version=1.0.0")
    found = re.findall(r'^http_server_requests_seconds_bucket\{.*\} \S+ # \{(.*)\} [0-9.e+-]+( [0-9.]+)?$', answer.text, re.M)
    wanted = 'trace_id="%s",span_id="%s"' % (trace, trial.server_span(spans, "order").id)
    assert wanted in (labels for labels, _ in found), "no %s among %r" % (wanted, found[:20])
    assert " # {" not in mall.order.get("/actuator/prometheus").text, "an exemplar in Prometheus' own text"


CASES = (an_order, a_cancel, an_order_out_of_stock, a_retry_of_the_gateway, an_order_of_somebody_who_is_traced, a_request_that_is_refused,
         lines_of_the_log_with_their_span, an_exemplar_of_the_histogram)


@contextlib.contextmanager
def real_jaeger():
    with tempfile.TemporaryDirectory(prefix="mall-jaeger-") as directory, jaeger.Jaeger(directory) as running:
        yield running


def told(bus, opened, to):
    with opened() as source, Traced(source.url, bus=bus, relayed=True) as mall:
        mall.register(stock=100)
        mall.place()
        trial = Trial(mall, source, bus)
        for case in CASES:
            trouble = None
            try:
                case(trial)
            except AssertionError:
                trouble = traceback.format_exc(limit=-3)
            yield "%s, on %s, to %s" % (case.__name__.replace("_", " "), bus, to), trouble


def test_on_the_log():
    yield from told("log", Collector, "the collector")


def test_on_kafka_and_postgresql():
    yield from told("kafka", Collector, "the collector")


if parts.is_built("jaeger"):
    def test_jaeger_on_the_log():
        yield from told("log", real_jaeger, "Jaeger")

    def test_jaeger_on_kafka_and_postgresql():
        yield from told("kafka", real_jaeger, "Jaeger")


slow = ("test_on_kafka_and_postgresql", "test_jaeger_on_kafka_and_postgresql")
