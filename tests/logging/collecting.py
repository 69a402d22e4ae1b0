"""collecting - a real collector with the configuration of a component.

    with Collector(directory, pods, store) as collector:     # of components/logging
        collector.kill(); collector.start()
"""
import contextlib
import json
import os
import pathlib
import subprocess
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from mall import ports, until
from manifests import arguments, configuration
import parts


class Api:
    """What the collector asks of an API server: the pods of its node, and to hear of more."""

    def __init__(self, pods):
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):                                   # noqa: N802 - http.server calls it so
                url = urlsplit(self.path)
                asked = {k: v[0] for k, v in parse_qs(url.query).items()}
                api.asked.append(self.path)
                if url.path != "/api/v1/pods" or asked.get("fieldSelector") != "spec.nodeName=node-1":
                    return self.answer(404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "message": self.path})
                if asked.get("watch") not in ("true", "1"):
                    return self.answer(200, {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}, "items": pods.known})
                return self.watch(asked.get("sendInitialEvents") == "true")

            def answer(self, status, what):
                body = json.dumps(what).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def watch(self, from_the_first):
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                events = [{"type": "ADDED", "object": pod} for pod in pods.known] if from_the_first else []
                if from_the_first:
                    mark = {"resourceVersion": "9", "annotations": {"k8s.io/initial-events-end": "true"}}
                    events.append({"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": mark}})
                for event in events:
                    line = json.dumps(event).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
                api.over.wait()
                self.close_connection = True

        self.asked, self.over = [], threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


class Process:
    """A collector: its configuration is a text."""
    name = "collector"

    def __init__(self, directory, text, health, more=(), environment=None):
        self.directory, self.health, self.more, self.process = pathlib.Path(directory), health, list(more), None
        self.file, self.said = self.directory / (self.name + ".yaml"), self.directory / (self.name + ".said")
        self.environment = {**os.environ, **(environment or {})}
        self.file.write_text(text)

    def command(self):
        return [parts.program("collector"), "--config=%s" % self.file, *self.more]

    def start(self):
        with open(self.said, "ab") as said:
            self.process = subprocess.Popen(self.command(), env=self.environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=self.directory)
        until(self.answers)

    def answers(self):
        assert self.process.poll() is None, self.said.read_text()[-3000:]
        with contextlib.suppress(OSError), urllib.request.urlopen(self.health, timeout=30) as answer:
            return answer.status == 200

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()


class Collector(Process):
    """Of components/logging; the API server is ours."""

    def __init__(self, directory, pods, store, **more_places):
        directory = pathlib.Path(directory)
        port, self.api = ports.reserve(), Api(pods)
        (directory / "positions").mkdir(exist_ok=True)
        text = configuration("logging", "collector.yaml", {
            "${env:POD_IP}:13133": "127.0.0.1:%d" % port, "/var/log/pods": str(pods.directory), "/var/lib/collector": str(directory / "positions"),
            "auth_type: serviceAccount": "auth_type: kubeConfig", "http://victoria-logs.logging.svc.cluster.local:9428": store.url, **more_places})
        access = directory / "kubeconfig"
        access.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "x", "users": [{"name": "x", "user": {}}],
                                      "clusters": [{"name": "x", "cluster": {"server": self.api.url}}],
                                      "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}]}))
        given = arguments("collector-daemonset.yaml")
        assert given[0].startswith("--config="), given
        super().__init__(directory, text, "http://127.0.0.1:%d/" % port, given[1:], {"KUBECONFIG": str(access), "NODE_NAME": "node-1"})

    def __exit__(self, *_):
        super().__exit__()
        self.api.close()
