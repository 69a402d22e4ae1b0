"""Which traces are sent: none unless somebody asked for it, then those that the sampler takes."""
import collections

from collector import Collector
from mall import equal, until, until_equal
from traced import Traced, log_lines, restart, trace_of, tree

TAKEN, NOT_TAKEN = "01", "00"
FEW = ("gateway", "order")
GET = """\
gateway SERVER GET /orders/**
  gateway CLIENT GET
    order SERVER GET /orders/{id}"""


def parent(number, flags):
    return "00-%032x-00f067aa0ba902b7-%s" % (number, flags)


def traces_sent(otel, *flags, **settings):
    """The traces that came, of one request for each of the flags (None: without a traceparent): {number of the request or None: spans}."""
    with Collector() as collector:
        with Traced(collector.url, only=FEW, otel=otel, **settings) as mall:
            equal(mall.gateway.get("/orders/1").status, 404)
            for number, flag in enumerate(flags, 1):
                equal(mall.gateway.get("/orders/1", **({"traceparent": parent(number, flag)} if flag else {})).status, 404)
        # they have ended, so all came that ever will
        found = collections.defaultdict(list)
        for span in collector.spans():
            found[int(span.trace, 16) if int(span.trace, 16) <= len(flags) else None].append(span)
        return found, collector


def test_nothing_is_sent_by_default():
    """No daemon knows of a collector; nor where the SDK is disabled, or where none of the samplers takes any."""
    for otel in ({"SDK_DISABLED": "true"}, {"TRACES_SAMPLER": "always_off"}, {"TRACES_SAMPLER": "traceidratio", "TRACES_SAMPLER_ARG": "0"},
                 {"TRACES_SAMPLER": "parentbased_always_off"}, {"TRACES_SAMPLER": "parentbased_traceidratio", "TRACES_SAMPLER_ARG": "0"}):
        found, collector = traces_sent(otel, None, NOT_TAKEN)
        equal((dict(found), collector.requests), ({}, []), otel)


def test_without_an_endpoint_no_thread_and_no_count_is_there():
    with Collector() as collector:
        with Traced(collector.url) as mall:
            on = {name: threads(daemon) for name, daemon in mall.daemons.items()}
            assert all(daemon.metric("mall_spans_dropped_total") is not None for daemon in mall.daemons.values()), "mall_spans_dropped_total is not shown"
        with Traced() as mall:
            off = {name: threads(daemon) for name, daemon in mall.daemons.items()}
            mall.register()
            trace = trace_of(mall.gateway, "POST", mall.place)
            until(lambda: mall.delivery.rows("deliveries"))
            until(lambda: trace in mall.order.log())             # as ever
            equal([name for name in on if not off[name] < on[name]], [], "daemons that have as many threads without an endpoint as with one")


def threads(daemon):
    with open("/proc/%d/status" % daemon.process.pid, encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("Threads:"))


def test_all_are_sent_where_only_an_endpoint_is_set():
    """parentbased_always_on: also what somebody else began, unless they did not take it."""
    found, _ = traces_sent({}, None, TAKEN, NOT_TAKEN)
    equal({number: tree(spans) for number, spans in found.items()}, {None: GET + "\n" + GET, 2: GET})


def test_a_sampler_with_a_parent_does_as_the_parent_did():
    for sampler, ratio in (("parentbased_always_off", None), ("parentbased_traceidratio", "0")):
        found, _ = traces_sent({"TRACES_SAMPLER": sampler, **({"TRACES_SAMPLER_ARG": ratio} if ratio else {})}, None, TAKEN, NOT_TAKEN, None)
        equal({number: tree(spans) for number, spans in found.items()}, {2: GET}, sampler)


def test_a_sampler_without_a_parent_does_not():
    for sampler, ratio in (("always_on", None), ("traceidratio", "1")):
        found, _ = traces_sent({"TRACES_SAMPLER": sampler, **({"TRACES_SAMPLER_ARG": ratio} if ratio else {})}, TAKEN, NOT_TAKEN)
        equal({number: tree(spans) for number, spans in found.items()}, {None: GET, 1: GET, 2: GET}, sampler)


def test_a_ratio_takes_some_and_each_of_them_whole():
    """All daemons decide alike, by the trace's id."""
    for sampler in ("traceidratio", "parentbased_traceidratio"):
        with Collector() as collector:
            with Traced(collector.url, only=FEW, otel={"TRACES_SAMPLER": sampler, "TRACES_SAMPLER_ARG": "0.5"}) as mall:
                for _ in range(100):
                    mall.gateway.get("/orders/1")
            traces = collections.Counter(span.trace for span in collector.spans())
        assert 10 < len(traces) < 90, "%s took %d of 100" % (sampler, len(traces))
        equal(set(traces.values()), {3}, "spans a trace, by " + sampler)


def test_what_is_not_taken_is_passed_on_as_not_taken():
    """The gateway takes none, so order, which would take all that have no parent, takes none either; its log has the trace."""
    with Collector() as collector:
        with Traced(collector.url, only=FEW) as mall:
            restart(mall.gateway, TRACES_SAMPLER="always_off")
            trace = trace_of(mall.gateway, "GET", lambda: mall.gateway.get("/orders/1"))
            until(lambda: any(line.get("trace.id") == trace for line in log_lines(mall.order)))
        equal(collector.spans(trace), [])


def test_endpoints_headers_and_the_resource():
    """_TRACES_ENDPOINT is taken as it is, and stronger; names and attributes are as they were set."""
    with Collector(path="/here/traces") as collector:
        otel = {"EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "EXPORTER_OTLP_TRACES_ENDPOINT": collector.url + "/here/traces",
                "EXPORTER_OTLP_HEADERS": "authorization=Bearer%20abc,x-team=mall", "SERVICE_NAME": "checkout",
                "RESOURCE_ATTRIBUTES": "deployment.environment.name=test,service.namespace=shop%20one"}
        with Traced(only=("order",), otel=otel) as mall:
            mall.order.get("/orders/1")
            until_equal(lambda: len(collector.spans()), 1)
        span, headers = collector.spans()[0], {k.lower(): v for k, v in collector.requests[0].headers.items()}
        equal((span.service, span.resource.get("deployment.environment.name"), span.resource.get("service.namespace")), ("checkout", "test", "shop one"))
        equal((headers.get("authorization"), headers.get("x-team")), ("Bearer abc", "mall"))


def test_gzip_where_it_is_asked_for():
    with Collector() as collector:
        with Traced(collector.url, only=("order",), otel={"EXPORTER_OTLP_COMPRESSION": "gzip", "BSP_SCHEDULE_DELAY": 60000}) as mall:
            for _ in range(100):
                mall.order.get("/orders/1")
        equal((len(collector.spans()), {r.headers.get("Content-Encoding") for r in collector.requests}), (100, {"gzip"}))
        assert sum(r.size for r in collector.requests) < 100 * 200, "100 spans take %d bytes" % sum(r.size for r in collector.requests)
