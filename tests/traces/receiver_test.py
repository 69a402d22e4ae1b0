"""The collector of these tests takes what is right, and nothing else."""
import copy
import gzip
import http.client
import json
import time

from collector import Collector
from mall import equal
import otlp

NOW = time.time_ns()


def text(key, value):
    return {"key": key, "value": {"stringValue": value}}


SPAN = {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "name": "POST /orders", "kind": 2, "startTimeUnixNano": str(NOW),
        "endTimeUnixNano": str(NOW + 10**6), "attributes": [{"key": "http.response.status_code", "value": {"intValue": "201"}}], "status": {}}
RIGHT = {"resourceSpans": [{"resource": {"attributes": [text(name, "order") for name in otlp.RESOURCE]},
                            "scopeSpans": [{"scope": {"name": "mall"}, "spans": [SPAN]}]}]}


def with_span(**members):
    document = copy.deepcopy(RIGHT)
    document["resourceSpans"][0]["scopeSpans"][0]["spans"][0].update(members)
    return document


WRONG = {
    "an id in base64": with_span(traceId="S/kvNXezTaajzpKdDg5HNg=="),
    "an id that is too short": with_span(spanId="00f067aa0ba902"),
    "an id of nothing but zeros": with_span(traceId="0" * 32),
    "a span that is its own parent": with_span(parentSpanId=SPAN["spanId"]),
    "a kind as a word": with_span(kind="SPAN_KIND_SERVER"),
    "a kind that there is not": with_span(kind=9),
    "a time as a number": with_span(startTimeUnixNano=NOW),
    "a time in milliseconds": with_span(startTimeUnixNano=str(NOW // 10**6), endTimeUnixNano=str(NOW // 10**6)),
    "an end before the start": with_span(endTimeUnixNano=str(NOW - 1)),
    "a member that there is not": with_span(duration="5"),
    "a name with a line below": with_span(trace_state=""),
    "a number that is no string": with_span(attributes=[{"key": "a", "value": {"intValue": 5}}]),
    "a value of two kinds": with_span(attributes=[{"key": "a", "value": {"intValue": "5", "stringValue": "5"}}]),
    "an attribute twice": with_span(attributes=[text("a", "1"), text("a", "2")]),
    "no name": with_span(name=""),
    "no resource": {"resourceSpans": [{"scopeSpans": RIGHT["resourceSpans"][0]["scopeSpans"]}]},
    "no span": {"resourceSpans": []},
    "no object": [],
}


def send(collector, raw, path="/v1/traces", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=60)
    connection.request("POST", path, raw, {"Content-Type": "application/json", "User-Agent": "test", **{k.replace("_", "-"): v for k, v in headers.items()}})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def trouble(got, want):
    return None if got == want else "%r and not %r" % (got, want)


def test_what_it_takes():
    raw = json.dumps(RIGHT).encode()
    with Collector() as collector:
        yield "a request", trouble(send(collector, raw), 200)
        yield "a request by gzip", trouble(send(collector, gzip.compress(raw), Content_Encoding="gzip"), 200)
        span = collector.spans(SPAN["traceId"])[-1]
        yield "its span", trouble((len(collector.spans()), span.service, span.kind, span.attributes, collector.wrong),
                                  (2, "order", "SERVER", {"http.response.status_code": 201}, []))
        for name, document in WRONG.items():
            yield name, trouble(send(collector, json.dumps(document).encode()), 400)
        yield "a member twice", trouble(send(collector, raw.replace(b'"kind": 2', b'"kind": 2, "kind": 2')), 400)
        yield "text that is no JSON", trouble(send(collector, raw[:-1]), 400)
        yield "another path", trouble(send(collector, raw, path="/"), 400)
        yield "another type", trouble(send(collector, raw, Content_Type="application/x-protobuf"), 400)
        yield "gzip that is cut", trouble(send(collector, gzip.compress(raw)[:-9], Content_Encoding="gzip"), 400)
        yield "what was wrong is kept", trouble(len(collector.wrong), len(WRONG) + 5)
        collector.wrong.clear()


def test_it_misbehaves_when_told_to():
    raw = json.dumps(RIGHT).encode()
    with Collector() as collector:
        collector.answer(429, retry_after=1, times=2)
        equal([send(collector, raw) for _ in range(3)], [429, 429, 200])
        equal((len(collector.spans()), len(collector.spans(status=429))), (1, 2))
        collector.die()
        try:
            send(collector, raw)
            raise AssertionError("it is dead and answers")
        except OSError:
            pass
        collector.come_back()
        equal(send(collector, raw), 200)
