"""jaeger - a real Jaeger with its store in memory, where `make deps-jaeger` has built one; asked by its query API.

    with Jaeger(directory) as jaeger:
        jaeger.url                               # for OTEL_EXPORTER_OTLP_ENDPOINT
        jaeger.spans(trace="4bf9...")            # as collector.Collector gives them
"""
import contextlib
import json
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "system"), str(HERE.parents[1] / "scripts")]
from mall import ports, until                                   # noqa: E402
import parts                                                    # noqa: E402

MOST_TRACES = 10000


def settings(otlp, query, grpc):
    """JSON is YAML. Without its own telemetry, which takes a fixed port."""
    return {"service": {"extensions": ["jaeger_storage", "jaeger_query"], "telemetry": {"metrics": {"level": "none"}},
                        "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}}},
            "extensions": {"jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": MOST_TRACES}}}},
                           "jaeger_query": {"storage": {"traces": "memory"}, "http": {"endpoint": "127.0.0.1:%d" % query},
                                            "grpc": {"endpoint": "127.0.0.1:%d" % grpc}}},
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:%d" % otlp}}}},
            "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}}}


class Span:
    """As otlp.Span, of what Jaeger's API says: times are in nanoseconds, but it keeps only microseconds."""

    def __init__(self, row, processes):
        process = processes[row["processID"]]
        self.service, self.resource = process["serviceName"], {tag["key"]: tag["value"] for tag in process.get("tags", [])}
        self.trace, self.id, self.name = row["traceID"], row["spanID"], row["operationName"]
        self.parent = next((r["spanID"] for r in row.get("references", []) if r["refType"] == "CHILD_OF"), None)
        tags = {tag["key"]: tag["value"] for tag in row.get("tags", [])}
        self.kind = tags.pop("span.kind", "internal").upper()
        self.status, self.attributes = tags.pop("otel.status_code", ""), tags
        self.start = row["startTime"] * 1000
        self.end = self.start + row["duration"] * 1000
        self.warnings = row.get("warnings") or []

    def __repr__(self):
        return "%s %s %s %r%s" % (self.service, self.kind, self.name, self.attributes, " " + self.status if self.status else "")


def spans_in(said):
    """Of what /api/traces/ID says."""
    return [Span(row, trace["processes"]) for trace in said.get("data") or () for row in trace["spans"]]


class Jaeger:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.otlp, self.query, self.grpc = (ports.reserve() for _ in range(3))
        self.url, self.process = "http://127.0.0.1:%d" % self.otlp, None

    def ask(self, path):
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.query, path), timeout=30) as answer:
            return json.load(answer)

    def answers(self):
        assert self.process.poll() is None, "jaeger ended: " + (self.directory / "jaeger.log").read_text()[-2000:]
        with contextlib.suppress(OSError):
            return self.ask("/api/services") is not None

    def spans(self, trace):
        try:
            return spans_in(self.ask("/api/traces/" + trace))
        except urllib.error.HTTPError as why:
            if why.code == 404:
                return []
            raise

    def __enter__(self):
        file = self.directory / "jaeger.json"
        file.write_text(json.dumps(settings(self.otlp, self.query, self.grpc)))
        with open(self.directory / "jaeger.log", "ab") as log:
            self.process = subprocess.Popen([parts.program("jaeger"), "--config", file], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory)
        try:
            until(self.answers)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
