"""front - a gateway in front of upstreams, in a directory and on a port of its own.

    with Front(Upstream(), response_timeout="1s") as front:     # one upstream: all paths lead there
        client.ask(front.port, "GET", "/x")

    Front({"/a/**": one, "/b/**": (two, {"metadata": {"idempotency": True}})})

At its end the gateway must stop with 0, no sanitizer may have complained, and nothing malformed may have reached an upstream.
After the `with` each upstream has seen all it will ever see.
"""
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from mall import SLOWER, TOP, VARIANT, Daemon, ports                  # noqa: E402 (lies in tests/system/)

if VARIANT == "asan":                                           # what is freed is soon used again, or memory says nothing
    os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=8"]))
if VARIANT == "tsan":
    os.environ.setdefault("TSAN_OPTIONS", "suppressions=%s/tests/tsan.supp" % TOP)


def span(seconds):
    """A duration for a setting; under sanitizers more."""
    return "%dms" % (seconds * SLOWER * 1000)


class Front:
    def __init__(self, upstreams, cors=None, **settings):
        routes = upstreams if isinstance(upstreams, dict) else {"/**": upstreams}
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mall-gateway-"))
        self.upstreams, file = [], self.directory / "application.yml"
        gateway = {"routes": [self.route(*row) for row in routes.items()]}
        if cors:
            gateway["globalcors"] = {"corsConfigurations": {"[/**]": cors}}
        file.write_text(json.dumps({"spring": {"cloud": {"gateway": gateway}}}, indent=1))   # JSON is YAML
        self.daemon = Daemon("gateway", self.directory, {"routes": file, **settings})
        self.port = self.daemon.port

    def route(self, path, to):
        """to: an upstream, a port or an address, or a pair of it and more of the route"""
        to, more = to if isinstance(to, tuple) else (to, {})
        if hasattr(to, "talks"):
            self.upstreams.append(to)
            to = to.port
        uri = to if isinstance(to, str) else "http://127.0.0.1:%d" % to
        return {"id": re.sub(r"\W", "", path) or "all", "uri": uri, "predicates": ["Path=" + path], **more}

    def memory(self, what="VmHWM"):
        """Its peak (VmHWM) or what it has now (VmRSS), in bytes."""
        text = pathlib.Path("/proc/%d/status" % self.daemon.process.pid).read_text(encoding="ascii")
        return int(re.search(what + r":\s+(\d+) kB", text)[1]) << 10

    def __enter__(self):
        try:
            self.daemon.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        trouble = []
        for upstream in self.upstreams:
            upstream.release()
        if self.daemon.is_running():
            self.daemon.signal()
            try:
                if self.daemon.wait(20) != 0:
                    trouble.append("the gateway ended with %d" % self.daemon.process.returncode)
            except AssertionError as late:
                trouble.append(str(late))
                self.daemon.kill()
        elif self.daemon.process and not kind:
            trouble.append("the gateway ended by itself with %d" % self.daemon.process.returncode)
        for upstream in self.upstreams:
            upstream.close()
            trouble += ["reached an upstream malformed: " + wrong for wrong in upstream.wrong[:5]]
        log = self.daemon.log()
        if complaint := re.search("(==|.*)(ERROR|WARNING): .*Sanitizer|.*runtime error:", log):
            trouble.append("a sanitizer complained")
            print("\n".join(log[complaint.start():].split("\n")[:60]))
        if kind or trouble:
            print("---- the end of the gateway's log\n" + "\n".join(log.split("\n")[-12:]))
        shutil.rmtree(self.directory, ignore_errors=True)
        assert kind or not trouble, "; ".join(trouble)


def port_of_nobody():
    """Refuses connections."""
    return ports.reserve()
