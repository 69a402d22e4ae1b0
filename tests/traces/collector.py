"""collector - a receiver of OTLP/HTTP traces in JSON that reads strictly, keeps all spans, and misbehaves when told to.

    with Collector() as collector:
        collector.url                            # for OTEL_EXPORTER_OTLP_ENDPOINT
        collector.spans(trace="4bf9...")         # what has come
        collector.answer(429, retry_after=1)     # from now on; answer() is the usual 200
        collector.answer(429, times=2)           # the next two requests
        collector.hang()                         # read requests and say nothing, until answer()
        collector.die(), collector.come_back()   # on the same port

A request that is not right is in `wrong`, and fails the story at the end of the `with`.
"""
import contextlib
import http.server
import json
import socket
import threading
import time

from mall import ports
import otlp

SECONDS = 600                                                   # a hang ends before that by itself


class Request:
    def __init__(self, headers, spans, size, status):
        self.headers, self.spans, self.size, self.status, self.at = headers, spans, size, status, time.monotonic()


class Plan:
    """How requests are answered: status None hangs; left: for so many, None for all."""

    def __init__(self, status, retry_after=None, body=b"{}", left=None):
        self.status, self.retry_after, self.body, self.left = status, retry_after, body, left


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address, collector):
        super().__init__(address, Handler)
        self.collector, self.sockets = collector, set()

    def process_request(self, request, client_address):
        self.sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, *_):
        pass                                                    # a client that went away, or our own death

    def die(self):
        self.shutdown()
        self.server_close()
        for one in list(self.sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        collector = self.server.collector
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        plan, spans = collector.next_plan(), []
        try:
            otlp.expect(self.path == collector.path, "the path", self.path)
            otlp.expect(self.headers.get("User-Agent"), "no User-Agent")
            spans = otlp.read(self.headers, raw)
        except otlp.Wrong as what:
            collector.wrong.append(str(what))
            plan = Plan(400)
        collector.requests.append(Request(dict(self.headers), spans, len(raw), plan.status))
        if plan.status is None:
            collector.wait_while_hanging(plan)
            self.close_connection = True
            return
        self.send(plan)

    def send(self, plan):
        self.send_response(plan.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(plan.body)))
        if plan.retry_after is not None:
            self.send_header("Retry-After", str(plan.retry_after))
        self.end_headers()
        self.wfile.write(plan.body)

    def log_message(self, *_):
        pass


class Collector:
    def __init__(self, path="/v1/traces"):
        self.port, self.path = ports.reserve(), path
        self.url = "http://127.0.0.1:%d" % self.port
        self.requests, self.wrong, self.server = [], [], None
        self.lock, self.plan, self.usual = threading.Condition(), Plan(200), Plan(200)

    # -- how it answers

    def answer(self, status=200, retry_after=None, body=b"{}", times=None):
        with self.lock:
            self.plan = Plan(status, retry_after, body, times)
            self.usual = self.usual if times else self.plan
            self.lock.notify_all()

    def answer_partly(self, rejected, why):
        self.answer(body=json.dumps({"partialSuccess": {"rejectedSpans": str(rejected), "errorMessage": why}}).encode(), times=1)

    def hang(self):
        self.answer(None)

    def next_plan(self):
        with self.lock:
            plan = self.plan
            if plan.left is not None:
                plan.left -= 1
                if plan.left == 0:
                    self.plan = self.usual
            return plan

    def wait_while_hanging(self, plan):
        with self.lock:
            self.lock.wait_for(lambda: self.plan is not plan, SECONDS)

    # -- what came

    def spans(self, trace=None, status=200):
        """Of requests that were answered so."""
        return [s for r in list(self.requests) if r.status == status for s in r.spans if trace in (None, s.trace)]

    # -- its life

    def come_back(self):
        self.server = Server(("127.0.0.1", self.port), self)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def die(self):
        """Its port refuses connections from now on, and those that it had end."""
        server, self.server = self.server, None
        if server:
            server.die()

    def __enter__(self):
        self.come_back()
        return self

    def __exit__(self, kind, *_):
        self.answer()
        self.die()
        assert kind or not self.wrong, "%d requests were wrong, the first: %s" % (len(self.wrong), self.wrong[0])
