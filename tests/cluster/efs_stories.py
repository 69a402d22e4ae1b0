"""What components/efs promises, with a folder of the node in EFS's place: pods share it, and a mall comes back from a dump in it."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import tempfile

import admission
import kube
from kube import PREFIX, ask, deployment, enter, get, kubectl, post, until
from load_stories import kustomize

PAGE = "docs/backup.md"
ENDED = "--for=jsonpath={.status.conditions}"


class Typist:
    """Types docs/backup.md's own lines for a cluster, one after the other, in a copy of the tree."""

    def __init__(self, tree):
        block = re.search(r"^    export PREFIX=.*\n(?:    .*\n)+", (kube.TOP / PAGE).read_text(), re.M)[0]
        self.tree, self.lines = tree, [line.strip() for line in block.splitlines()]
        self.overlay = tree / "deploy/k8s/overlays/lab"

    def types(self, last):
        """The lines up to the next one that has these words; what they print."""
        count = next(i for i, line in enumerate(self.lines) if last in line) + 1
        lines, self.lines = self.lines[:count], self.lines[count:]
        path = "%s:%s:%s" % (kube.PLACE, kustomize().parent, os.environ["PATH"])
        return kube.run("env", "-C", self.tree, "PATH=" + path, "PREFIX=" + PREFIX.rstrip("-"),
                        "OVERLAY=" + str(self.overlay.relative_to(self.tree)), "sh", "-ec", "\n".join(lines))


@contextlib.contextmanager
def participant():
    """What the lines have brought is gone afterwards, and all daemons run."""
    with tempfile.TemporaryDirectory(prefix="mall-efs-") as place:
        tree = pathlib.Path(place)
        shutil.copytree(kube.TOP / "deploy", tree / "deploy")
        one = Typist(tree)
        try:
            yield one
        finally:
            own = admission.added(one.overlay)
            try:
                if own:
                    kubectl("delete", "--ignore-not-found", "-f", "-", given=admission.as_list(own))
            finally:
                kubectl("scale", *map(deployment, kube.SERVICES), "--replicas=1")
                all_serve()
                kube.apply_lab()


def all_serve():
    for service in kube.SERVICES:
        kubectl("rollout", "status", deployment(service), "--timeout=10m")


# ---- jobs ----

def ended(job):
    """How it ended, once it has, and what its containers said."""
    kubectl("wait", "job/" + job, ENDED, "--timeout=10m")
    kind = {c["type"] for c in get("job", job)["status"]["conditions"]}
    return "Complete" in kind or "SuccessCriteriaMet" in kind, kubectl("logs", "job/" + job, "--all-containers", "--ignore-errors")


def start(which, name):
    kubectl("create", "job", "--from=cronjob/%s%s" % (PREFIX, which), name)


def pods_of(job):
    return get("pods", "-l", "job-name=" + job)["items"]


def share_on_one_node():
    """The proof of sharing waits for a second node, which is not here; as if each pod had one, they read each other's files."""
    start("share", "share")

    def told_apart():
        conditions = [c for pod in pods_of("share") for c in pod["status"].get("conditions", ()) if c["type"] == "PodScheduled"]
        return {c["status"] for c in conditions} == {"True", "False"} and [c["message"] for c in conditions if c["status"] == "False"]
    why, = until("one pod of share is placed and the other is not", told_apart)
    assert "anti-affinity" in why, why
    kubectl("delete", "job", "share", "--wait=false")
    kubectl("delete", "pods", "-l", "job-name=share", "--grace-period=1", "--ignore-not-found")
    job = json.loads(kubectl("create", "job", "--from=cronjob/%sshare" % PREFIX, "share-here", "--dry-run=client", "-o", "json"))
    pod = job["spec"]["template"]["spec"]
    del pod["affinity"]
    node, = (e for e in pod["containers"][0]["env"] if e["name"] == "NODE")
    node["valueFrom"]["fieldRef"]["fieldPath"] = "metadata.name"
    kubectl("create", "-f", "-", given=json.dumps(job))
    good, said = ended("share-here")
    assert good, said
    both = [p["metadata"]["name"] for p in pods_of("share-here")]
    assert len(both) == 2, both
    for reader in both:
        said = kubectl("logs", reader)
        assert all("%s on %s wrote this" % (writer, writer) in said for writer in both), said


# ---- trade ----

def order(product, qty=1):
    status, made = post("gateway", "/orders", {"productId": product, "productName": "TV", "qty": qty, "customerId": "100"})
    assert status == 201, (status, made)
    return int(made["_links"]["self"]["href"].rpartition("/")[2])


def cancel(number):
    status, said = ask("DELETE", "gateway", "/orders/%d" % number)
    assert status == 204, (number, status, said)


def rows(*paths):
    """Each one's members but for the links; None where there is none. All are asked at once."""
    said = kube.in_siege("curl", "-sS", "-m", "60", "-w", "%{http_code}\x1e", *(kube.url("gateway", path) for path in paths))
    answers = [(answer[:-3], answer[-3:]) for answer in said.split("\x1e")[:-1]]
    assert len(answers) == len(paths) and {status for _, status in answers} <= {"200", "404"}, said
    return [{k: v for k, v in json.loads(text).items() if k != "_links"} if status == "200" else None for text, status in answers]


def what_is_there(orders, inventory):
    """The stock, and of each order itself and its delivery."""
    found = rows(inventory, *("/orders/%d" % i for i in orders), *("/deliveries/search/findByOrderId?orderId=%d" % i for i in orders))
    return found[0]["stock"], dict(zip(orders, zip(found[1:], found[1 + len(orders):])))


def at_rest(states, inventory, stock):
    """Every order has the state that it ends in, and only one that has started has a delivery. None: it is canceled."""
    def settled():
        left, there = what_is_there(states, inventory)
        return left == stock and {i: o and o["status"] for i, (o, _) in there.items()} == states and \
            {i for i, (_, d) in there.items() if d} == {i for i, state in states.items() if state == "DeliveryStarted"}
    until("all orders have become what they end as", settled, 900)


# ---- the story ----

def efs():
    """A mall comes back from a dump in the shared folder by docs/backup.md's own lines; what Kafka kept is there again, and the books balance."""
    product, inventory = kube.register(100)
    with participant() as page:
        page.types("kubectl apply")
        for which in ("backup", "audit"):                       # those of the night do not come between
            kubectl("patch", "cronjob", PREFIX + which, "-p", '{"spec": {"suspend": true}}')
        share_on_one_node()

        states = {order(product): "DeliveryStarted" for _ in range(5)}
        at_rest(states, inventory, 95)
        kube.audit()
        said = page.types("logs job/backup-now")
        dump = re.search(r"/shared/backups/(mall-\w+\.dump), \d+ bytes", said)
        assert dump, said

        for number in list(states)[:2]:
            cancel(number)
            states[number] = None
        states.update({order(product): "DeliveryStarted" for _ in range(4)})
        gone = max(states)
        cancel(gone)
        states.update({gone: None, order(product, 500): "OutOfStock"})
        at_rest(states, inventory, 94)
        kube.audit()
        lived = what_is_there(states, inventory)

        start("restore", "too-early")
        good, said = ended("too-early")
        assert not good and re.search(r"restore: still at work on the database: (?=.*order)(?=.*delivery)(?=.*product)", said), said
        assert "taken back" not in said and what_is_there(states, inventory) == lived, said
        kubectl("delete", "job", "too-early")

        said = page.types("logs job/restore-now")
        assert "restore: order delivery product are as they were in %s" % dump[1] in said, said
        for what in ("4 orders were taken back and 2 removed", "3 deliveries were taken back and 2 removed"):
            assert what in said, said
        for service in kube.SERVICES:
            assert "again: %s%s begins at the beginning of " % (PREFIX, service) in said, said
        page.types("--replicas=1")
        all_serve()
        at_rest(states, inventory, 94)
        assert what_is_there(states, inventory) == lived
        fresh = order(product)
        assert fresh > max(states), "%d was given before" % fresh
        at_rest({**states, fresh: "DeliveryStarted"}, inventory, 93)
        kube.audit(300)

        said = page.types("logs job/audit-now")
        assert not page.lines, page.lines
        assert re.search(r"^audit: .*: balanced$", said, re.M), said
        volume = get("pv", get("pvc", PREFIX + "shared")["spec"]["volumeName"])
        kept = enter("sh", "-c", "cat %s/audits/audit-*Z.txt" % volume["spec"]["local"]["path"])
        assert kept and said.endswith(kept), (kept, said)
    until("the folder is gone", lambda: not kube.exists("pv", volume["metadata"]["name"]))
    balanced = kube.audit().strip().splitlines()[-1]
    return "4 orders and 3 deliveries taken back, 2 of each removed; %s" % balanced


STORIES = [efs]
