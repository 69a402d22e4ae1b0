"""kube - the cluster of `make cluster`, as a story asks it.

    kube.kubectl("get", "pods")                 # what it prints; Failed unless it ends with 0
    until("order is ready", lambda: ...)
    siege("-c30", "-t30S", url)                 # in the siege pod: its summary, as numbers
"""
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
PLACE = pathlib.Path(os.environ.get("MALL_TEST_CLUSTER") or TOP / "build/cluster")
K8S = TOP / "deploy/k8s"
LAB = K8S / "overlays/lab"
PREFIX = re.search(r"^namePrefix: *(\S+)", (LAB / "shop/kustomization.yaml").read_text(), re.M)[1]
SERVICES = ("order", "delivery", "product")
DAEMONS = (*SERVICES, "frontend", "gateway")
sys.path.insert(1, str(TOP / "scripts"))
PATIENCE = 300                                                  # seconds: it only ends what hangs
ORDER = '{"productId": "%s", "productName": "TV", "qty": "%d", "customerId": "100"}'


class Failed(Exception):
    """A command that ended with something else than 0."""


def run(*words, given=None, fine=(0,)):
    made = subprocess.run([str(w) for w in words], input=given, capture_output=True, text=True, errors="replace", stdin=None if given else subprocess.DEVNULL)
    if made.returncode not in fine:
        raise Failed("%s: %d\n%s%s" % (" ".join(map(str, words)), made.returncode, made.stdout[-2000:], made.stderr[-2000:]))
    return made.stdout


def kubectl(*words, **more):
    return run(PLACE / "kubectl", *words, **more)


def enter(*words, **more):
    """On the node."""
    return run(PLACE / "enter", *words, **more)


def get(*words):
    return json.loads(kubectl("get", *words, "-o", "json"))


def exists(*words):
    return kubectl("get", *words, "--ignore-not-found", "-o", "name").strip()


def until(what, is_so, seconds=PATIENCE):
    """Whatever is_so() says, once it is true. What it raises because the cluster is not ready yet is no answer."""
    end, why = time.monotonic() + seconds, None
    while True:
        with contextlib.suppress(Failed, KeyError, IndexError, TypeError, ValueError):
            found = is_so()
            if found:
                return found
            why = found
        assert time.monotonic() < end, "not within %d s: %s (at last %r)" % (seconds, what, why)
        time.sleep(1)


def has_account(namespace):
    """A namespace is of use from then on."""
    until("the account of " + namespace, lambda: exists("serviceaccount", "default", "-n", namespace))


def load(*parts):
    """Their images, under the names of the manifests."""
    run(sys.executable, TOP / "deploy/cluster/cluster.py", "load", *parts)


# ---- the lab ----

def deployment(daemon):
    return "deploy/" + PREFIX + daemon


def pods(app, namespace="default"):
    """Those that are not on their way out."""
    found = get("pods", "-n", namespace, "-l", "app=" + app)["items"]
    return [p for p in found if not p["metadata"].get("deletionTimestamp")]


def ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))


def becomes_ready():
    """All pods of the lab."""
    def all_ready():
        found = [p for n in ("default", "kafka") for p in get("pods", "-n", n)["items"] if p["status"].get("phase") != "Succeeded"]
        return bool(found) and all(ready(p) and not p["metadata"].get("deletionTimestamp") for p in found)
    until("all pods of the lab are ready", all_ready)


def apply_lab():
    kubectl("apply", "-k", LAB)
    becomes_ready()


def in_siege(*words, **more):
    return kubectl("exec", "pod/siege", "--", *words, **more)


def url(daemon, path=""):
    return "http://%s%s:8080%s" % (PREFIX, daemon, path)


def ask(method, daemon, path, *words):
    """The answer's status and JSON, asked from the siege pod by curl."""
    said = in_siege("curl", "-sS", "-m", "30", "-X", method, "-w", "\n%{http_code}", *words, url(daemon, path))
    text, _, status = said.rpartition("\n")
    with contextlib.suppress(ValueError):
        text = json.loads(text)
    return int(status), text


def post(daemon, path, what):
    return ask("POST", daemon, path, "-H", "Content-Type: application/json", "-d", json.dumps(what))


def register(stock):
    """A new product; its productId and its address."""
    product = str(random.randrange(10 ** 5, 10 ** 9))
    status, made = post("gateway", "/inventories", {"productId": product, "productName": "TV", "stock": stock})
    assert status == 201, (status, made)
    return product, re.sub(r"^http://[^/]+", "", made["_links"]["self"]["href"])


# ---- load ----

SAID = {"Transactions": "transactions", "Successful transactions": "successful", "Failed transactions": "failed", "Availability": "availability",
        "Longest transaction": "longest", "Transaction rate": "rate"}


def summary(text):
    """What siege prints at its end, as numbers."""
    found = {}
    for key, name in SAID.items():
        said = re.search(r"^%s:\s*([\d.]+)" % re.escape(key), text, re.M)
        if said:
            found[name] = float(said[1])
    assert {"transactions", "successful", "failed"} <= set(found), "siege said: %s" % text[-1500:]
    return found


def siege(*words):
    return summary(kubectl("exec", "pod/siege", "--", "sh", "-c", 'exec siege "$@" 2>&1', "siege", *words, fine=(0, 1)))


class Siege(threading.Thread):
    """One that runs meanwhile: orders through the gateway, by -c clients, for as long as the block takes; then .said is its summary.

        with Siege(100, product) as load:
            ...
        load.said["failed"]

    To the Service's address, unless it is to go `by_name` as the course types it: siege asks for the name at each connection, over UDP,
    and a packet may be dropped where hundreds a second are tracked. That is no request that the mall has lost.
    """

    def __init__(self, clients, product, daemon="gateway", by_name=False):
        super().__init__(daemon=True)
        at = url(daemon) if by_name else "http://%s:8080" % get("service", PREFIX + daemon)["spec"]["clusterIP"]
        self.words = ["-c%d" % clients, "-t1H", "--content-type", "application/json", at + "/orders POST " + ORDER % (product, 1)]
        self.began, self.text, self.said = None, "", None

    def run(self):
        made = subprocess.run([PLACE / "kubectl", "exec", "pod/siege", "--", "sh", "-c", 'exec siege "$@" 2>&1', "siege", *self.words],
                              capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
        self.text = made.stdout + made.stderr

    def __enter__(self):
        self.before = orders()
        self.start()
        until("siege's orders arrive", lambda: orders() > self.before + 10)
        return self

    def __exit__(self, kind, *_):
        in_siege("sh", "-c", "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' <$p/cmdline 2>/dev/null) in 'siege '*) kill -INT ${p#/proc/};; esac; done")
        self.join(120)
        if kind is None:
            assert not self.is_alive(), "siege does not end"
            self.said = summary(self.text)


def orders():
    """How many there are."""
    status, page = ask("GET", "gateway", "/orders?size=1")
    assert status == 200, (status, page)
    return page["page"]["totalElements"]


# ---- the books ----

def audit(settle=120):
    """What `mallctl audit` says, of orders, deliveries, stocks and events; Failed unless all of it balances."""
    topic = re.search(r"^topic=(\S+)", (LAB / "shop/settings.properties").read_text(), re.M)[1]
    return enter(TOP / "build/release/bin/mallctl", "audit", *(word for s in SERVICES for word in ("--" + s, "http://%s%s:8080" % (PREFIX, s))),
                 "--bus", "kafka://my-kafka.kafka:9092/" + topic, "--settle", "%ds" % settle)


class Load:
    """Clients that know each order that was acknowledged, and go on whatever fails (load.py).

        with Load(20, product) as load:
            ...
        load.acknowledged, load.failed, load.must_be_there()
    """

    def __init__(self, clients, product):
        address = get("service", PREFIX + "gateway")["status"]["loadBalancer"]["ingress"][0]["ip"]
        self.file = pathlib.Path(tempfile.mkstemp(prefix="mall-load-")[1])
        self.words = [PLACE / "enter", sys.executable, TOP / "tests/cluster/load.py", "http://%s:8080" % address, product, str(clients), self.file]

    def __enter__(self):
        before = orders()
        # setsid: who enters waits for its child, and both are told to end
        self.process = subprocess.Popen([str(w) for w in self.words], stdin=subprocess.DEVNULL, start_new_session=True)
        until("orders arrive", lambda: orders() > before + 10)
        return self

    def __exit__(self, *_):
        for pid in children(self.process.pid):
            os.kill(pid, signal.SIGTERM)
        self.process.wait(120)
        said = json.loads(self.file.read_text())
        self.file.unlink()
        self.acknowledged, self.failed = said["acknowledged"], said["failed"]

    def must_be_there(self):
        """Each order that a client was told of exists, once."""
        assert len(set(self.acknowledged)) == len(self.acknowledged), "an id was given twice"
        there, page = set(), 0
        while True:
            status, found = ask("GET", "gateway", "/orders?size=1000&page=%d" % page)
            assert status == 200, (status, found)
            there |= {int(o["_links"]["self"]["href"].rpartition("/")[2]) for o in found["_embedded"]["orders"]}
            page += 1
            if page >= found["page"]["totalPages"]:
                break
        missing = set(self.acknowledged) - there
        assert not missing, "%d acknowledged orders are not there: %s" % (len(missing), sorted(missing)[:5])


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as them:
        return [int(p) for p in them.read().split()]
