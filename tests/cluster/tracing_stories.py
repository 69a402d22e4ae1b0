"""tracing_stories - components/traces and tracing on the cluster: the daemons' spans through the collector into Jaeger."""
import json
import random
import sys

import admission
import flows
import kube
import lab
import parts
from kube import enter, get, kubectl, pods, until

sys.path[1:1] = [str(kube.TOP / "tests/traces")]
import jaeger                                                   # noqa: E402
import traced                                                   # noqa: E402

PARTS = ("collector", "jaeger")
ORDERS, FAILED = 60, 20
SLOW = 1.0                                                      # seconds: such traces are kept (components/tracing/collector.yaml)
FAST_KEPT = 0.4                                                 # of the fast ones at most; it is a tenth of them


def spans(trace):
    """Those that Jaeger has, asked from the node."""
    return jaeger.spans_in(json.loads(enter("curl", "-sS", "-m", "30", "http://jaeger-store.monitoring.svc.cluster.local:16686/api/traces/" + trace)))


def seconds(trace):
    found = spans(trace)
    return (max(span.end for span in found) - min(span.start for span in found)) / 1e9


def under(trace):
    return "-H", "traceparent: 00-%s-b7ad6b7169203331-01" % trace


def traces():
    """One order is one trace over four services, whole or not there. All traces with an error are kept, and a part of the fast ones."""
    dice = random.Random(17)                                    # the sampling goes by the id: with these some are kept

    def ids(number):
        return ["%032x" % dice.randrange(2**120, 2**128) for _ in range(number)]
    product, place = kube.register(10000)
    orders, failed = ids(ORDERS), ids(FAILED)
    for trace in orders:
        status, said = kube.ask("POST", "gateway", "/orders", *under(trace), "-H", "Content-Type: application/json", "-d", kube.ORDER % (product, 1))
        assert status == 201, (status, said)
    until("the stock is taken", lambda: kube.ask("GET", "gateway", place)[1]["stock"] == 10000 - ORDERS)
    kubectl("scale", kube.deployment("product"), "--replicas=0")
    try:
        until("nobody answers for product", lambda: kube.ask("GET", "gateway", place)[0] == 503)
        for trace in failed:
            assert kube.ask("GET", "gateway", place, *under(trace))[0] == 503
    finally:
        kubectl("scale", kube.deployment("product"), "--replicas=1")
        lab.rolled_out()
    for trace in failed:
        found = until("the failed request %s is in Jaeger" % trace, lambda t=trace: spans(t))
        assert "ERROR" in [span.status for span in found if (span.service, span.kind) == ("gateway", "SERVER")], found
    kept = [trace for trace in orders if spans(trace)]          # decided before the failed ones, which came later
    assert kept, "no order's trace is kept"
    for trace in kept:
        until("the trace %s is whole" % trace, lambda t=trace: traced.tree(spans(t)) == traced.ORDER)
    fast = [trace for trace in kept if seconds(trace) < SLOW]
    assert len(fast) <= FAST_KEPT * ORDERS, "%d of %d fast traces are kept" % (len(fast), ORDERS)
    return "an order is a trace of %d spans of four services; %d of %d orders kept, and all of %d failed requests" % (
        len(spans(kept[0])), len(kept), ORDERS, FAILED)


def networks():
    """The daemons reach the collector, the collector Jaeger, Grafana Jaeger's page, and nobody else anything."""
    strangers = {"stranger": ("monitoring", {"app": "x"}), "grafana": ("monitoring", {"app.kubernetes.io/name": "grafana"}),
                 "elsewhere": ("default", {"app": "order"})}
    ours = {app: pods(app, "monitoring")[0] for app in ("traces-collector", "jaeger")}
    real = {**{daemon: pods(daemon)[0] for daemon in kube.DAEMONS}, **ours, "siege": get("pod", "siege")}
    with flows.probes(strangers) as found:
        found |= real
        targets = {(app, port): pod for app, pod in ours.items() for port in (4318, 13133)}
        targets |= {("jaeger", 16686): ours["jaeger"], ("gateway", 8080): found["gateway"]}

        def may(source, target, port):
            if target == "gateway":
                return source in ("siege", "frontend", *strangers)
            return (target, port) == ("traces-collector", 4318) and source in kube.DAEMONS or \
                (source, target, port) in (("traces-collector", "jaeger", 4318), ("grafana", "jaeger", 16686))
        return flows.hold(found, targets, may)


def tracing():
    """One order is one trace of four services in Jaeger; of all traces those with an error are kept, under pod security restricted."""
    kube.load(*PARTS)
    with admission.beside([admission.namespace("monitoring", enforce="restricted")]), lab.having("traces", beside=("tracing",)):
        return "; ".join((traces(), networks()))


STORIES = [tracing]
if not all(map(parts.is_built, PARTS)):
    print("cluster: the story of the traces is left out: scripts/parts.py %s" % " ".join(PARTS), file=sys.stderr)
    STORIES = []
