"""mesh_lab - the lab in a mesh, and a fault in one of its pods."""
import contextlib
import json
import subprocess
import sys
import uuid

import kube
import parts
import ports
from kube import PREFIX, TOP, enter, get, kubectl, until

MESH = ("faults", "mesh-sidecar")


def image_of(daemon):
    return get(*kube.deployment(daemon).split("/"))["spec"]["template"]["spec"]["containers"][0]["image"]


def siege_anew():
    """The siege pod is made again, since a pod gets its sidecar when it is made."""
    kubectl("delete", "pod", "siege", "--ignore-not-found", "--wait=true")


def proxies(pod):
    return [c for c in pod["spec"].get("initContainers", ()) if c["name"] == "istio-proxy"]


@contextlib.contextmanager
def forwarded(pod, port):
    """An address on the node that leads to a port of the pod, past its network's rules: 127.0.0.1:..."""
    own = ports.reserve()
    command = [kube.PLACE / "kubectl", "port-forward", "pod/" + pod, "%d:%d" % (own, port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until("%s:%d is forwarded" % (pod, port), lambda: enter("curl", "-sS", "http://127.0.0.1:%d/faults" % own))
            yield "127.0.0.1:%d" % own
        finally:
            process.terminate()


@contextlib.contextmanager
def sick(pod, **fault):
    """A fault in one pod (docs/faults.md), for as long as the block takes."""
    with forwarded(pod, 9091) as at:
        wanted = json.dumps({"duration": "30min", **fault})
        made = json.loads(enter("curl", "-sS", "--fail-with-body", "-H", "Content-Type: application/json", "-d", wanted, "http://%s/faults" % at))
        try:
            yield made
        finally:
            enter("curl", "-sS", "-X", "DELETE", "http://%s/faults/%s" % (at, made["id"]))


def product(stock=1000000):
    """A new one's productId."""
    known = str(uuid.uuid4())
    status, said = kube.post("gateway", "/inventories", {"productId": known, "productName": "TV", "stock": stock})
    assert status == 201, (status, said)
    return known


def scaled(daemon, number):
    """On two cores there is no place for three pods that ask for a fifth of one, so they ask for less; apply() takes that back."""
    kubectl("scale", kube.deployment(daemon), "--replicas=1")
    kubectl("set", "resources", kube.deployment(daemon), "-c", daemon, "--requests=cpu=20m")
    kubectl("scale", kube.deployment(daemon), "--replicas=%d" % number)

    def are_there():
        return [kube.ready(pod) for pod in kube.pods(daemon)] == [True] * number
    until("there are %d pods of %s" % (number, daemon), are_there)


def share(said):
    """Of the requests, how many succeeded."""
    return said["successful"] / (said["successful"] + said["failed"])


def handled(pod, method, path):
    """How many requests the pod itself has answered, by its metrics."""
    text = enter("curl", "-sS", "-m", "20", "http://%s:9090/actuator/prometheus" % pod["status"]["podIP"])
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith("http_server_requests_seconds_count{")
               and 'method="%s"' % method in line and 'uri="%s"' % path in line)


def books():
    """What the console finds, once all is settled: it asks from inside of the mesh."""
    def balanced():
        status, said = kube.ask("GET", "gateway", "/books")
        return said if status == 200 and said.get("state", said.get("status")) == "balanced" else None
    return until("the books balance", balanced)


def istio(*does):
    subprocess.check_call([sys.executable, TOP / "deploy/cluster/mesh.py", *does], stdout=subprocess.DEVNULL)


def there_is_istio():
    return parts.is_built("istio")


def name_of(daemon):
    return PREFIX + daemon
