"""replay - what Prometheus would have scraped of a mall, minute by minute, for `promtool test rules`.

    mall = Replay(minutes=30)
    mall.gauge('mall_outbox_oldest_seconds', of("order"), lambda t: 0 if t < 5 else 60 * (t - 5))   # t: minutes since the story begins
    mall.firing()                                # [(minute, {alert, ...})]: every alert that fires, at each minute

Before the story there is history, in which all is well. What a story sets takes the place of what a healthy mall shows.
"""
import json
import re
import subprocess
import tempfile

from described import RULES
from mall import DAEMONS

MALL = {"namespace": "shop", "mall": "user23-mall"}
CERTIFICATE = {"namespace": "shop", "cluster": "mall", "type": "cluster-ca"}
BOUNDS = ("0.05", "0.1", "1.0", "5.0", "+Inf")              # as OpenMetrics writes them
PER_MINUTE = 600                                                # requests at the gateway, and as many events


def of(service, **more):
    pod = "user23-%s-1" % service
    return {**MALL, "job": "mall", "service": service, "pod": pod, "instance": pod, **more}


class Replay:
    def __init__(self, minutes, history=2 * 60):
        self.history, self.minutes, self.series = history, minutes, {}
        self.asked = 'count by (alertname, severity) (ALERTS{alertstate="firing"})'
        self.healthy()

    def gauge(self, name, labels, value):
        """None: the series is not there, as Prometheus sees it of a target that is gone."""
        self.series[name + "{%s}" % ", ".join('%s="%s"' % pair for pair in sorted(labels.items()))] = \
            [value(t) if callable(value) else value for t in range(-self.history, self.minutes + 1)]

    def counter(self, name, labels, a_minute):
        total = [0]

        def value(t):
            total[0] += a_minute(t) if callable(a_minute) else a_minute
            return total[0]
        self.gauge(name, labels, value)

    def histogram(self, name, labels, a_minute, within):
        """within: by bound, the part that is below it, by the minute."""
        for bound in BOUNDS:
            self.counter(name + "_bucket", {**labels, "le": bound}, lambda t, b=bound: a_minute(t) * within(t).get(b, 1))
        self.counter(name + "_count", labels, a_minute)

    def requests(self, a_minute=lambda t: PER_MINUTE, fast=lambda t: 1, failed=lambda t: 0):
        """At the gateway; fast: the part that is answered within 100 ms."""
        labels = of("gateway", method="POST", uri="/orders/**")
        for status, outcome, part in (("201", "SUCCESS", lambda t: 1 - failed(t)), ("503", "SERVER_ERROR", failed)):
            self.histogram("http_server_requests_seconds", {**labels, "status": status, "outcome": outcome},
                           lambda t, p=part: a_minute(t) * p(t), lambda t: {"0.05": fast(t) * 0.9, "0.1": fast(t)})
        # the console's stream and the probes, which are no customers'
        for uri in ("/**", "/actuator/health/readiness"):
            self.histogram("http_server_requests_seconds", of("gateway", method="GET", uri=uri, status="200", outcome="SUCCESS"),
                           lambda t: 3, lambda t: {"0.05": 0, "0.1": 0, "1.0": 0, "5.0": 0})

    def events(self, service, a_minute=lambda t: PER_MINUTE, fresh=lambda t: 1, lag=lambda t: 0):
        """What it applies; fresh: the part within 5 s."""
        self.counter("mall_events_consumed_total", of(service, event_type="Orderplaced"), a_minute)
        self.histogram("mall_event_age_seconds", of(service, event_type="Orderplaced"), a_minute, lambda t: {"5.0": fresh(t), "1.0": fresh(t), "0.1": 0.5 * fresh(t), "0.05": 0})
        self.gauge("kafka_consumer_records_lag", of(service, topic="mall", partition="0"), lag)

    def gone(self, since):
        """No daemon is a target any more from that minute on."""
        for daemon in DAEMONS:
            self.gauge("up", of(daemon), lambda t: 1 if t < since else None)

    def autoscaler(self, wanted):
        name = {"namespace": "shop", "horizontalpodautoscaler": "user23-order"}
        self.gauge("kube_horizontalpodautoscaler_status_desired_replicas", name, wanted)
        self.gauge("kube_horizontalpodautoscaler_spec_max_replicas", name, 10)

    def healthy(self):
        for daemon in DAEMONS:
            self.gauge("up", of(daemon), 1)
            self.gauge("process_start_time_seconds", of(daemon), 1000)
            self.gauge("mall_build_info", of(daemon, version="1.0.0", commit="abc"), 1)
            self.counter("kube_pod_container_status_restarts_total", {"namespace": "shop", "pod": "user23-%s-1" % daemon}, 0)
        for service in ("order", "delivery", "product"):
            self.gauge("mall_outbox_pending", of(service), 3)
            self.gauge("mall_outbox_oldest_seconds", of(service), 0)
            self.gauge("mall_outbox_set_aside", of(service), 0)
            self.gauge("mall_dead_letters", of("frontend", group="user23-" + service), 0)
            self.events(service)
            for state, n in (("active", 6), ("idle", 24)):
                self.gauge("mall_postgres_sessions", of(service, state=state), n)
            self.gauge("mall_postgres_sessions_max", of(service), 100)
        self.gauge("mall_books_balanced", of("frontend"), 1)
        self.gauge("mall_books_checked_timestamp_seconds", of("frontend"), lambda t: 60 * (self.history + t))
        self.breaker("order", lambda t: False)
        self.autoscaler(lambda t: 2)
        self.requests()
        self.gauge("strimzi_certificate_expiration_timestamp_ms", CERTIFICATE, 365 * 86400000)

    def breaker(self, service, is_open):
        for state in ("closed", "open", "half-open"):
            self.gauge("mall_breaker_state", of(service, name="product", state=state), lambda t, s=state: float((s == "open") == is_open(t) and s != "half-open"))

    def firing(self):
        """By minute since the story began."""
        tests = [{"expr": self.asked, "eval_time": "%dm" % (self.history + t),
                  "exp_samples": [{"labels": '{alertname="asked"}', "value": -1}]} for t in range(-1, self.minutes + 1)]
        test = {"rule_files": [str(path) for path in RULES], "evaluation_interval": "1m",
                "tests": [{"interval": "1m", "input_series": [{"series": name, "values": " ".join("stale" if v is None else "%.10g" % v for v in values)} for name, values in self.series.items()],
                           "promql_expr_test": tests}]}
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump(test, file)
            file.flush()
            said = answer(file.name)
        found = []
        for minute, got in re.findall(r"time: ([\ddhms]+),\s*exp: .*?\n\s*got: ?(.*)", said):
            found.append(set(re.findall(r'alertname="(\w+)", severity="(\w+)"', got)))
        assert len(found) == len(tests), said[:3000]
        return list(zip(range(-1, self.minutes + 1), found))


def answer(file):
    """promtool says what it got, where another thing was expected: always here."""
    done = subprocess.run(["promtool", "test", "rules", file], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=400)
    assert done.returncode, "promtool expected what cannot be"
    return done.stdout
