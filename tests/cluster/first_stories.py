"""What holds before anything is broken: the objects are admitted, the pods speak with whom they may, the course's commands do what the course says."""
import json
import os
import pty
import re
import select
import subprocess
import time

import admission
import flows
import kube
from kube import PREFIX, kubectl, until

# ---- admitted ----

PRODUCTION = kube.K8S / "overlays/production"


def admitted():
    """Both overlays' objects are admitted, their pods under pod security restricted."""
    figures = []
    with admission.of_others(), admission.levels():
        for overlay in (kube.LAB, PRODUCTION):
            objects = admission.built(overlay)
            with admission.beside(list(admission.namespaces_of(objects).values())):
                kubectl("apply", "--dry-run=server", "-k", overlay)
            pods = dict(admission.pods_of(objects))
            refused = [name for name, level in admission.strictest(pods).items() if level != "restricted"]
            assert not refused, "not under restricted: %s" % refused
            figures.append("%s: %d objects, %d kinds of pods" % (overlay.name, len(objects), len(pods)))
        sick = []
        for fault in ({"runAsNonRoot": False}, {"seccompProfile": {"type": "Unconfined"}}):
            sick.append(json.loads(json.dumps(next(iter(pods.values())))))
            sick[-1]["spec"]["securityContext"].update(fault)
            sick[-1]["metadata"]["name"] = "sick-%d" % len(sick)
        found = admission.strictest(dict(enumerate(sick)))
        assert found == {0: "baseline", 1: "privileged"}, "pod security is not there: %s" % found
    return "; ".join(figures)


# ---- policies ----

LABELS = {"app.kubernetes.io/part-of": "mall", "app.kubernetes.io/instance": PREFIX + "mall"}


def sources():
    """Who tries, by name: where it is, and its labels."""
    like_siege = kube.get("pod", "siege")["metadata"]["labels"]
    return {**{name: ("default", {"app": name, **LABELS}) for name in (*kube.DAEMONS, "postgres")},
            "siege": ("default", like_siege), "stranger": ("default", {}), "monitoring": ("monitoring", {}), "elsewhere": ("elsewhere", like_siege)}


def may(source, target, port):
    """What the manuals promise."""
    services = kube.SERVICES
    if port == 8080:
        return target == "gateway" and source in ("stranger", "monitoring", "elsewhere", "siege", "frontend") or \
            target in (*services, "frontend") and source == "gateway" or \
            source == "order" and target == "product" or \
            target in services and source in ("frontend", "siege", "stranger")
    if port == 9090:
        return source in ("monitoring", "siege") or source == "frontend" and target != "frontend"
    if port == 5432:
        return source in services
    return port == 9092 and source in (*services, "frontend", "siege", "elsewhere")


def policies():
    """Pods that may speak with each other do, and those that may not do not."""
    targets = {(daemon, port): kube.pods(daemon)[0] for daemon in kube.DAEMONS for port in (8080, 9090)}
    targets |= {("postgres", 5432): kube.pods("postgres")[0], ("my-kafka", 9092): kube.pods("my-kafka", "kafka")[0]}
    with flows.probes(sources()) as pods:
        return flows.hold(pods, targets, may)


# ---- course ----

def typed(line, seconds=120, enough=None):
    """A line as a participant types it, at a terminal; `enough`: what ends it, as Ctrl-C does."""
    master, slave = pty.openpty()
    process = subprocess.Popen(["sh", "-c", line], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                               env={**os.environ, "PATH": "%s:%s" % (kube.PLACE, os.environ["PATH"]), "TERM": "dumb"})
    os.close(slave)
    said, end = "", time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    said += os.read(master, 65536).decode(errors="replace")
                except OSError:                                 # all of it has ended
                    break
                if enough and enough(said):
                    os.write(master, b"\x03")
                    enough = None
            elif process.poll() is not None:
                break
        else:
            raise AssertionError("%s: not done within %d s:\n%s" % (line, seconds, said[-2000:]))
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()
        os.close(master)
    return re.sub(r"\x1b\[[0-9;]*m|\r", "", said)                 # colours


def course():
    """Registers, orders, cancels, looks at the console and the topic, as the course types it."""
    gateway = "http://%sgateway:8080" % PREFIX
    product, place = kube.register(100)

    def stock():
        return kube.ask("GET", "gateway", place)[1]["stock"]

    said = typed("kubectl exec -it siege -- http POST %s/orders productId=%s productName=TV qty=5 customerId=100" % (gateway, product))
    assert "201 Created" in said, said
    order = int(re.search(r"/orders/(\d+)", said)[1])
    until("the stock is 95", lambda: stock() == 95)
    said = typed("kubectl exec -it siege -- http DELETE %s/orders/%d" % (gateway, order))
    assert re.search(r"HTTP/1.1 20[04]", said), said
    until("the stock is 100 again", lambda: stock() == 100)

    address = until("the load balancer has an address", lambda: kube.get("service", PREFIX + "gateway")["status"]["loadBalancer"]["ingress"][0]["ip"])
    page = kube.enter("curl", "-sS", "-m", "30", "-i", "http://%s:8080/" % address)
    assert page.startswith("HTTP/1.1 200") and "<!doctype html>" in page.lower(), page[:500]

    # the last of each partition: over 50,000 events the stream of the terminal broke once
    said = typed("kubectl exec -it siege -- kcat -b my-kafka.kafka.svc.cluster.local:9092 -t mall -C -e -q -o -1000")
    mine = [line for line in said.splitlines() if re.search(r'"(id|orderId)": ?"?%d"?[,}]' % order, line)]
    kinds = set(re.findall(r'"eventType": ?"(\w+)"', "\n".join(mine)))
    assert {"Orderplaced", "OrderCanceled", "DeliveryStarted", "DeliveryCanceled"} <= kinds, (kinds, said[-1000:])
    said = typed("kubectl -n kafka exec -ti my-kafka-0 -- /usr/bin/kafka-console-consumer --bootstrap-server my-kafka:9092 --topic mall --from-beginning",
                 300, lambda text: "Orderplaced" in text)
    assert "Orderplaced" in said, said[-1000:]
    return "order %d placed, delivered, cancelled; %s on the topic; console at http://%s:8080/" % (order, ", ".join(sorted(kinds)), address)


STORIES = [admitted, policies, course]
