"""compose.yaml's collector: the lines of the one container, as Docker keeps them, on their way to the store."""
import datetime
import json

from collecting import Process
from mall import TRADE, Mall, equal, ports, until, until_equal
from manifests import TOP, replaced
from stage import Stage

TRACE = "0af7651916cd43dd8448eb211c80319d"
FILE = TOP / "deploy/compose/collector.yaml"


class Container:
    """The file of a container under the driver json-file; stage.follow writes into it."""

    def __init__(self, directory, number):
        name = ("%x" % number) * 64
        (directory / name).mkdir(parents=True)
        self.file = open(directory / name / (name + "-json.log"), "ab", buffering=0)

    def write(self, line):
        now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "000Z")
        self.file.write(json.dumps({"log": line.decode() + "\n", "stream": "stdout", "time": now}, ensure_ascii=False).encode() + b"\n")


def collector(stage, directory):
    port = ports.reserve()
    positions = stage.directory / "read"
    positions.mkdir()
    text = replaced(FILE.read_text(), {"127.0.0.1:13133": "127.0.0.1:%d" % port, "/var/lib/docker/containers": str(directory),
                                       "/var/lib/collector": str(positions), "http://victoria-logs:9428": stage.store.url})
    return stage.enter_context(Process(stage.directory, text, "http://127.0.0.1:%d/" % port))


def test_lines_that_docker_keeps_are_found_by_trace_and_other_containers_lines_are_left_alone():
    with Stage() as stage:
        directory = stage.directory / "containers"
        box, other = Container(directory, 1), Container(directory, 2)
        other.write(b'{"password": "of somebody else"}')
        other.write(b"2026-11-30 a database of somebody else is ready")
        with Mall(log_events="on") as mall:
            ends = [stage.follow(daemon, box) for daemon in mall.daemons.values()]
            process = collector(stage, directory)
            mall.register()
            trade = {"productId": "1001", "productName": "텔레비전", "qty": 5, "customerId": "100"}
            equal(mall.gateway.post("/orders", trade, traceparent="00-%s-b7ad6b7169203331-01" % TRACE).status, 201)
            until_equal(lambda: {row["service.name"] for row in stage.store.ask('"trace.id":=%s' % TRACE)}, set(TRADE))
            first, = until(lambda: stage.store.ask('"trace.id":=%s "service.name":=order _msg:="POST /orders 201"' % TRACE))
            equal((first["trace_id"], first["severity_text"]), (TRACE, "INFO"))
            process.kill()                                      # what comes meanwhile waits in its file
            equal(mall.gateway.get("/orders/1").status, 200)
            process.start()
            for daemon in mall.daemons.values():
                equal(daemon.stop(), 0)
            for end in ends:
                end()
            said = [json.loads(line)["message"] for daemon in mall.daemons.values() for line in daemon.log().split("\n") if line]
        until_equal(lambda: sorted(row["_msg"] for row in stage.store.ask("* | fields _msg")), sorted(said))
