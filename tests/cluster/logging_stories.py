"""logging_stories - components/logging on the cluster: a collector that reads the node's files, and the store behind it."""
import json
import random
import sys
import threading

import flows
import kube
import lab
import parts
from kube import PREFIX, enter, get, kubectl, pods, until

sys.path.append(str(kube.TOP / "tests/logging"))
import manifests                                                # noqa: E402
import queries                                                  # noqa: E402

PARTS = ("collector", "victoria-logs")
POSITIONS = "/var/lib/mall-log-collector"
PER_ASKING = 100


def ask_store(query):
    """Rows, asked from the node."""
    said = enter("curl", "-sS", "--fail-with-body", "-m", "60", "--data-urlencode", "query=" + query,
                 "http://victoria-logs.logging.svc.cluster.local:9428/select/logsql/query")
    return [json.loads(line) for line in said.splitlines()]


def number(query):
    row, = ask_store(query + " | count() n")
    return int(row["n"])


def one(app):
    found, = pods(app, "logging")
    return found


def an_order():
    """Its lines of four services are found by its trace id, with what the API server knows of their pods."""
    product, _ = kube.register(100)
    trace = "%032x" % random.getrandbits(128)
    status, order = kube.ask("POST", "gateway", "/orders", "-H", "traceparent: 00-%s-b7ad6b7169203331-01" % trace,
                             "-H", "Content-Type: application/json", "-d", kube.ORDER % (product, 5))
    assert status == 201, (status, order)
    wanted = {("gateway", "POST /orders 201"), ("order", "POST /orders 201"), ("delivery", "Orderplaced"), ("product", "DeliveryStarted"),
              ("order", "DeliveryStarted")}

    def lines(query):
        found = ask_store(query)
        return found if wanted <= {(row["service.name"], row.get("event.type") or row["_msg"]) for row in found} else None
    found = until("the order's lines are in the store", lambda: lines('"trace.id":=%s' % trace))
    assert lines(manifests.replaced(queries.saved()["one order"], {"TRACE": trace})), "the page's query does not find them"
    node = get("nodes")["items"][0]["metadata"]["name"]
    for row in found:
        service = row["service.name"]
        assert row["k8s.pod.name"] in [pod["metadata"]["name"] for pod in pods(service)], row
        said = [row[name] for name in ("k8s.namespace.name", "k8s.container.name", "k8s.node.name", "app", "app.instance", "trace_id", "severity_text")]
        assert said == ["default", service, node, service, PREFIX + "mall", trace, "INFO"], row
    access, = [row for row in found if row["service.name"] == "order" and row["_msg"] == "POST /orders 201"]
    assert (access["http.request.method"], access["http.response.status_code"], access["url.original"]) == ("POST", "201", "/orders"), access
    return "an order's %d lines of %d services by its trace id" % (len(found), len({row["service.name"] for row in found}))


class Requests(threading.Thread):
    """Requests through the gateway, each with a target of its own, until the block ends; then .sent is how many."""

    def __init__(self):
        super().__init__(daemon=True)
        self.mark, self.sent, self.over, self.trouble = "logging-%d" % random.getrandbits(48), 0, threading.Event(), None

    def run(self):
        while not self.over.is_set():
            target = "/orders?size=1&of=%s-[%d-%d]" % (self.mark, self.sent + 1, self.sent + PER_ASKING)
            try:
                said = kube.in_siege("curl", "-sS", "-m", "60", "-o", "/dev/null", "-w", "%{http_code}\n", kube.url("gateway", target))
                assert said.split() == ["200"] * PER_ASKING, said
            except (kube.Failed, AssertionError) as why:
                self.trouble = why
                return
            self.sent += PER_ASKING

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def lines(self, service):
        return '"service.name":=%s "url.original":~"%s-"' % (service, self.mark)

    def are_told(self, more):
        """So many more are sent, and are in the store."""
        wanted = self.sent + more
        until("%d more requests are in the store" % more, lambda: self.trouble or number(self.lines("order")) >= wanted)
        assert not self.trouble, self.trouble


def deleted(app):
    name = one(app)["metadata"]["name"]
    uid = one(app)["metadata"]["uid"]
    kubectl("-n", "logging", "delete", "pod", name)
    until("another pod of %s is ready" % app, lambda: one(app)["metadata"]["uid"] != uid and kube.ready(one(app)))


def killed(app):
    before = one(app)["status"]["containerStatuses"][0]["restartCount"]
    enter("kill", "-9", "%d" % flows.process(one(app)))
    until("%s has started again" % app, lambda: one(app)["status"]["containerStatuses"][0]["restartCount"] > before and kube.ready(one(app)))


def restarts():
    """Under load the collector's pod is deleted, its process is killed, the store's pod is deleted: each line is there, once by its place."""
    with Requests() as requests:
        requests.are_told(500)
        for end, app in ((deleted, "collector"), (killed, "collector"), (deleted, "victoria-logs")):
            end(app)
            requests.are_told(500)
    assert not requests.trouble, requests.trouble
    came = {}
    for service in ("gateway", "order"):
        lines = requests.lines(service)
        until("all lines of %s are there" % service, lambda n=lines: number(n + " | uniq by (url.original)") >= requests.sent)
        counted = [number(lines + " | uniq by (%s)" % by) for by in ("url.original", "trace.id", "k8s.pod.name, _time, log.file.record_offset")]
        assert counted == [requests.sent] * 3, (service, counted, requests.sent)
        came[service] = number(lines)
    twice = sum(came.values()) - 2 * requests.sent
    return "%d lines over two deleted pods and a kill -9: none lost, %d came twice and are told apart" % (2 * requests.sent, twice)


def networks():
    """Who may reach the store does, and nobody else; a pod that is not the mall's has no lines there."""
    strangers = {"stranger": ("logging", {"app": "x"}), "elsewhere": ("default", {"app": "collector"})}
    with flows.probes(strangers) as found:
        found |= {"collector": one("collector"), "victoria-logs": one("victoria-logs"), "siege": get("pod", "siege")}
        targets = {("victoria-logs", 9428): found["victoria-logs"], ("collector", 13133): found["collector"], ("gateway", 8080): pods("gateway")[0],
                   ("postgres", 5432): pods("postgres")[0]}

        def may(source, target, _):
            return (source, target) == ("collector", "victoria-logs") or target == "gateway" and source in ("siege", "elsewhere")
        said = flows.hold(found, targets, may)
        kept = {row["k8s.pod.uid"]: row["k8s.pod.name"] for row in ask_store("* | uniq by (k8s.pod.uid, k8s.pod.name)")}
        assert {"my-kafka-0", PREFIX + "postgres-0"} <= set(kept.values()), kept
        wrong = {found[name]["metadata"]["uid"] for name in (*strangers, "collector", "victoria-logs")} & set(kept)
        assert not wrong, [kept[uid] for uid in wrong]
    return said


def logging():
    """An order is found by its trace id over four services; collector and store end under load, and no line is lost."""
    kube.load(*PARTS)
    try:
        with lab.having(beside=("logging",)):
            return "; ".join((an_order(), restarts(), networks()))
    finally:
        enter("rm", "-rf", POSITIONS)


STORIES = [logging]
if not all(map(parts.is_built, PARTS)):
    print("cluster: the story of the logs is left out: scripts/parts.py %s" % " ".join(PARTS), file=sys.stderr)
    STORIES = []
