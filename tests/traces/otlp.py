"""otlp - reads an OTLP/HTTP request of traces in JSON as strictly as its publication allows, into plain Span objects.

The schema is the one that OpenTelemetry publishes, as Python's opentelemetry-proto has it. What protobuf's reader would let pass
although OTLP's own rules for JSON do not is checked before: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
(ids are hex, enums are numbers, names are lowerCamelCase), and what makes a span one that others can read.
"""
import base64
import gzip
import json
import re
import time

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

IDS = {"traceId": 32, "spanId": 16, "parentSpanId": 16}         # hex digits
KINDS = {1: "INTERNAL", 2: "SERVER", 3: "CLIENT", 4: "PRODUCER", 5: "CONSUMER"}
STATUSES = {None: "", 0: "", 1: "OK", 2: "ERROR"}
RESOURCE = ("service.name", "service.version", "service.instance.id", "telemetry.sdk.name", "telemetry.sdk.language", "telemetry.sdk.version")
A_DAY = 86400 * 10**9


class Wrong(AssertionError):
    """A request that a collector need not take."""


def expect(good, what, about=""):
    if not good:
        raise Wrong("%s: %.300s" % (what, about))


class Span:
    """What one span says; attributes and resource are dicts of plain values."""

    def __init__(self, resource, scope, row):
        self.resource, self.scope, self.service = resource, scope, resource["service.name"]
        self.trace, self.id, self.parent = row["traceId"], row["spanId"], row.get("parentSpanId") or None
        self.name, self.kind, self.state = row["name"], KINDS[row["kind"]], row.get("traceState", "")
        self.start, self.end = int(row["startTimeUnixNano"]), int(row["endTimeUnixNano"])
        self.flags = row.get("flags", 0)
        self.attributes = attributes(row)
        self.status, self.why = STATUSES[row.get("status", {}).get("code")], row.get("status", {}).get("message", "")

    def __repr__(self):
        return "%s %s %s %r%s" % (self.service, self.kind, self.name, self.attributes, " " + self.status if self.status else "")


def value(any_value):
    """Of an AnyValue, which has exactly one member."""
    expect(len(any_value) == 1, "not one value", any_value)
    (kind, given), = any_value.items()
    if kind == "intValue":
        return int(given)
    return [value(one) for one in given["values"]] if kind == "arrayValue" else given


def attributes(thing):
    rows = thing.get("attributes", [])
    names = [row["key"] for row in rows]
    expect(len(names) == len(set(names)) and all(names), "attributes that are not unique", names)
    return {row["key"]: value(row["value"]) for row in rows}


def body_of(headers, raw):
    """The text of a request, unpacked."""
    kind = headers.get("Content-Type", "")
    expect(kind.split(";")[0].strip() == "application/json", "the Content-Type", kind)
    coding = headers.get("Content-Encoding", "identity")
    expect(coding in ("identity", "gzip"), "the Content-Encoding", coding)
    return gzip.decompress(raw) if coding == "gzip" else raw


def no_member_twice(pairs):
    names = [name for name, _ in pairs]
    expect(len(names) == len(set(names)), "a member twice", names)
    return dict(pairs)


def members(thing):
    """(name, value) of each member at any depth."""
    if isinstance(thing, dict):
        for name, inner in thing.items():
            yield name, inner
            yield from members(inner)
    if isinstance(thing, list):
        for inner in thing:
            yield from members(inner)


def check_encoding(document):
    """OTLP's rules for JSON, where protobuf's reader is laxer or reads otherwise."""
    for name, given in members(document):
        expect(re.fullmatch(r"[a-z][A-Za-z]*", name), "a name that is not lowerCamelCase", name)
        if name in IDS:
            expect(isinstance(given, str) and (given == "" and name == "parentSpanId" or re.fullmatch(r"[0-9a-fA-F]{%d}" % IDS[name], given)),
                   "a " + name, given)
        if name in ("kind", "code"):
            expect(type(given) is int, "an enum that is no number", given)
        if name.endswith("UnixNano") or name == "intValue":     # 64 bits: a string, for readers whose numbers are doubles
            expect(isinstance(given, str) and re.fullmatch(r"-?\d+", given), "64 bits that are no string of digits", given)


def in_base64(document):
    """A copy with ids as protobuf's own JSON has them."""
    if isinstance(document, dict):
        return {name: base64.b64encode(bytes.fromhex(inner)).decode() if name in IDS else in_base64(inner) for name, inner in document.items()}
    return [in_base64(inner) for inner in document] if isinstance(document, list) else document


def check_schema(document):
    try:
        json_format.ParseDict(in_base64(document), trace_service_pb2.ExportTraceServiceRequest(), ignore_unknown_fields=False)
    except json_format.ParseError as why:
        raise Wrong("not by the schema: %s" % why) from None


def check_span(span):
    expect(set(span.trace) != {"0"} and set(span.id) != {"0"} and span.parent != span.id, "ids", span)
    expect(span.name, "no name", span)
    now = time.time_ns()
    expect(now - A_DAY < span.start <= span.end < now + A_DAY, "times in nanoseconds since 1970: %d to %d" % (span.start, span.end), span)
    expect(span.flags & 0xff in (0, 1) and span.flags < 0x400, "flags %r" % span.flags, span)


def spans_of(document):
    """All spans of a request, checked."""
    check_encoding(document)
    check_schema(document)
    found = []
    for of_resource in document["resourceSpans"]:
        resource = attributes(of_resource["resource"])
        for name in RESOURCE:
            expect(resource.get(name), "a resource without " + name, resource)
        for of_scope in of_resource["scopeSpans"]:
            found += [Span(resource, of_scope.get("scope", {}), row) for row in of_scope["spans"]]
    expect(found, "a request without a span", document)
    for span in found:
        check_span(span)
    return found


def read(headers, raw):
    """The spans of a request; Wrong."""
    try:
        document = json.loads(body_of(headers, raw), object_pairs_hook=no_member_twice)
        return spans_of(document)
    except (ValueError, KeyError, TypeError, OSError, EOFError) as why:
        raise Wrong("%s: %s" % (type(why).__name__, why)) from None
