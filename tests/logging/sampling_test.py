"""components/tracing: which traces the collector keeps, asked of the Jaeger behind it. Both run with the component's configuration."""
import contextlib
import json
import pathlib
import random
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from collecting import Process
from mall import equal, ports, until, until_equal
from manifests import arguments, configuration
from stage import needs
import parts

FAST = 2000
PERCENT = 10                                                    # collector.yaml's, asserted below


class Jaeger(Process):
    name = "jaeger"

    def __init__(self, directory):
        self.otlp, self.query, grpc, health = (ports.reserve() for _ in range(4))
        text = configuration("tracing", "jaeger.yaml", {
            "0.0.0.0:4318": "127.0.0.1:%d" % self.otlp, "0.0.0.0:16686": "127.0.0.1:%d" % self.query, "127.0.0.1:16685": "127.0.0.1:%d" % grpc,
            "0.0.0.0:13133": "127.0.0.1:%d" % health})
        super().__init__(directory, text, "http://127.0.0.1:%d/status" % health)

    def command(self):
        return [parts.program("jaeger"), "--config=%s" % self.file]

    def spans(self, trace):
        """How many it has of a trace."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/api/traces/%s" % (self.query, trace), timeout=30) as answer:
                return len(json.load(answer)["data"][0]["spans"])
        except urllib.error.HTTPError as why:
            if why.code == 404:
                return 0
            raise


class Sampler(Process):
    name = "sampler"

    def __init__(self, directory, jaeger):
        self.otlp, health = ports.reserve(), ports.reserve()
        text = configuration("tracing", "collector.yaml", {
            "0.0.0.0:13133": "127.0.0.1:%d" % health, "0.0.0.0:4318": "127.0.0.1:%d" % self.otlp,
            "http://jaeger-store.monitoring.svc.cluster.local:4318": "http://127.0.0.1:%d" % jaeger.otlp})
        assert "sampling_percentage: %d\n" % PERCENT in text and "threshold_ms: 1000\n" in text
        super().__init__(directory, text, "http://127.0.0.1:%d/" % health, arguments("collector-deployment.yaml", "tracing")[1:])

    def send(self, service, *spans):
        body = {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
                                   "scopeSpans": [{"spans": list(spans)}]}]}
        request = urllib.request.Request("http://127.0.0.1:%d/v1/traces" % self.otlp, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            equal(answer.status, 200)


def span(dice, trace, parent=None, milliseconds=5, error=False, after=0):
    begin = time.time_ns() + after * 10**6
    return {"traceId": trace, "spanId": "%016x" % dice.randrange(1, 2**64), "name": "POST /orders", "kind": 2, **({"parentSpanId": parent} if parent else {}),
            "startTimeUnixNano": str(begin), "endTimeUnixNano": str(begin + milliseconds * 10**6), **({"status": {"code": 2}} if error else {})}


@contextlib.contextmanager
def stage():
    needs("collector", "jaeger")
    with tempfile.TemporaryDirectory(prefix="mall-sampling-") as directory:
        with Jaeger(pathlib.Path(directory)) as jaeger, Sampler(pathlib.Path(directory), jaeger) as sampler:
            yield sampler, jaeger


def test_errors_and_slow_ones_stay_and_of_the_others_a_part():
    """Each trace's spans come from two services, one after the other. An error or a slow span in the second one keeps all of it."""
    dice = random.Random(17)
    fast, wrong, slow, long = ["%032x" % dice.randrange(2**120, 2**128) for _ in range(FAST)], [], [], []
    with stage() as (sampler, jaeger):
        for kind in (wrong, slow, long):
            for _ in range(20):
                trace = "%032x" % dice.randrange(2**120, 2**128)
                kind.append(trace)
                first = span(dice, trace)
                sampler.send("gateway", first)
                sampler.send("order", span(dice, trace, first["spanId"], error=kind is wrong, milliseconds=1500 if kind is slow else 5,
                                           after=1500 if kind is long else 0))
        for at in range(0, FAST, 100):
            firsts = [span(dice, trace) for trace in fast[at:at + 100]]
            sampler.send("gateway", *firsts)
            sampler.send("order", *(span(dice, first["traceId"], first["spanId"]) for first in firsts))
        last = "%032x" % dice.randrange(2**120, 2**128)         # decided after all others
        sampler.send("gateway", span(dice, last, error=True))
        until_equal(lambda: jaeger.spans(last), 1)
        for trace in wrong + slow + long:
            until_equal(lambda trace=trace: jaeger.spans(trace), 2)
        kept = [jaeger.spans(trace) for trace in fast]
        assert set(kept) == {0, 2}, "half of a trace: %s" % sorted(set(kept))
        part = 100 * kept.count(2) / FAST
        print("of %d fast traces %.1f %% were kept" % (FAST, part))
        assert PERCENT * 0.6 < part < PERCENT * 1.4, part       # six standard deviations; the ids are the same each time


def test_what_comes_late_follows_the_decision():
    dice = random.Random(18)
    trace = "%032x" % dice.randrange(2**120, 2**128)
    with stage() as (sampler, jaeger):
        sampler.send("order", span(dice, trace, error=True))
        until(lambda: jaeger.spans(trace))
        sampler.send("delivery", span(dice, trace))
        until_equal(lambda: jaeger.spans(trace), 2)
