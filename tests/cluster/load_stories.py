"""What holds under load: the autoscaler follows it, a rollout and an eviction lose nothing, and what was acknowledged outlives the stores' deaths."""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

import kube
from kube import PREFIX, Failed, Load, Siege, deployment, kubectl, until

CLIENTS = 100
AT_LEAST = 4                                                    # pods, of the lab's line


def replicas(daemon):
    return kube.get("deploy", PREFIX + daemon)["status"].get("readyReplicas", 0)


def nothing_failed(load):
    """By siege's own count of successes: it leaves 4xx out of Availability."""
    said = load.said
    assert said["failed"] == 0 and said["successful"] == said["transactions"] > 0, load.text[-3000:]


@contextlib.contextmanager
def autoscaler():
    """As the course types it; gone afterwards, or it would add pods to what others count."""
    kubectl("autoscale", "deploy", PREFIX + "order", "--min=1", "--max=10", "--cpu-percent=15")
    try:
        yield
    finally:
        kubectl("delete", "hpa", PREFIX + "order")


def of_order(count):
    until("%d order pods" % count, lambda: replicas("order") == count and len(kube.pods("order")) == count, 900)


class Most(threading.Thread):
    """The most pods that a daemon had meanwhile."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.daemon_, self.most, self.ending = daemon, 0, threading.Event()

    def run(self):
        while not self.ending.wait(2):
            try:
                self.most = max(self.most, replicas(self.daemon_))
            except Failed:
                pass


def hpa():
    """Under the lab's siege line order goes from 1 to at least 4 pods and back to 1, and no request fails."""
    product, _ = kube.register(10 ** 8)
    with autoscaler():
        until("the autoscaler has a figure",
              lambda: kube.get("hpa", PREFIX + "order")["status"]["currentMetrics"][0]["resource"]["current"]["averageUtilization"] >= 0)
        of_order(1)
        began, watch = time.monotonic(), Most("order")
        watch.start()
        with Siege(30, product, "order", by_name=True) as load:
            until("%d order pods" % AT_LEAST, lambda: watch.most >= AT_LEAST, 600)
            up = time.monotonic() - began
            time.sleep(30)                                      # the load goes on over the new pods
        nothing_failed(load)
        began = time.monotonic()
        of_order(1)                                             # the autoscaler waits five minutes before it takes pods away
        watch.ending.set()
    kube.audit()
    return "1 to %d pods (%d after %d s) and back after %d s; 0 of %d requests failed, %d a second" % (
        watch.most, AT_LEAST, up, time.monotonic() - began, load.said["transactions"], load.said["rate"])


def rollout():
    """Each daemon is restarted under siege -c100, one after the other, and no request fails."""
    product, _ = kube.register(10 ** 8)
    began = time.monotonic()
    with Siege(CLIENTS, product) as load:
        for daemon in kube.DAEMONS:
            kubectl("rollout", "restart", deployment(daemon))
            kubectl("rollout", "status", deployment(daemon), "--timeout=10m")
    nothing_failed(load)
    took = time.monotonic() - began
    kube.becomes_ready()
    kube.audit()
    return "0 of %d requests failed in %d s, %d a second" % (load.said["transactions"], took, load.said["rate"])


# what a pipeline has beside kubectl: docker says which image was built, kustomize is part of kubectl but for `edit`
DOCKER = '#!/bin/sh\necho "$REPOSITORY@sha256:%064d"\n' % 0


def undo():
    """A bad image is undone by buildspec/pipeline.sh's deploy step, under siege, and no request fails."""
    product, _ = kube.register(10 ** 8)
    before = kube.get("deploy", PREFIX + "order")["spec"]["template"]["spec"]["containers"][0]["image"]
    with tempfile.TemporaryDirectory() as place:
        tree, bin_ = pathlib.Path(place) / "tree", pathlib.Path(place) / "bin"
        tree.mkdir()
        for part in ("buildspec", "deploy"):
            kube.run("cp", "-r", kube.TOP / part, tree)
        (tree / "build").mkdir()
        bin_.mkdir()
        (bin_ / "docker").write_text(DOCKER)
        (bin_ / "docker").chmod(0o755)
        (bin_ / "kubectl").symlink_to(kube.PLACE / "kubectl")
        (bin_ / "kustomize").symlink_to(kustomize())
        account, region = "123456789012", "eu-central-1"
        environment = {**os.environ, "PATH": "%s:%s" % (bin_, os.environ["PATH"]), "_PROJECT_NAME": PREFIX + "order", "_CLUSTER_NAME": "mall",
                       "_NAMESPACE": "default", "AWS_ACCOUNT_ID": account, "AWS_DEFAULT_REGION": region, "CODEBUILD_RESOLVED_SOURCE_VERSION": "bad",
                       "CODEBUILD_BUILD_SUCCEEDING": "1", "_ROLLOUT_TIMEOUT": "30s",
                       "REPOSITORY": "%s.dkr.ecr.%s.amazonaws.com/%sorder" % (account, region, PREFIX)}
        with Siege(30, product) as load:
            made = subprocess.run(["sh", tree / "buildspec/pipeline.sh", "deploy"], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    said = made.stdout + made.stderr
    assert made.returncode != 0 and "undone: %sorder is at revision" % PREFIX in said, said[-3000:]
    assert "ImagePull" in said or "ErrImage" in said, "it does not say why: " + said[-3000:]
    after = kube.get("deploy", PREFIX + "order")["spec"]["template"]["spec"]["containers"][0]["image"]
    assert after == before, "%s, and before it was %s" % (after, before)
    nothing_failed(load)
    return "back at revision %s; 0 of %d requests failed" % (re.search(r"at revision (\d+) again", said)[1], load.said["transactions"])


def kustomize():
    """The pinned one of tests/k8s."""
    kube.run(sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]); import tools; tools.fetch_go_tool(*tools.KUSTOMIZE)", kube.TOP / "tests/k8s")
    return kube.TOP / "build/tools/kustomize"


def evict(pod):
    """As a drain does: by the budget. False where the budget forbids it."""
    what = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": "default"}}
    try:
        kubectl("create", "--raw", "/api/v1/namespaces/default/pods/%s/eviction" % pod, "-f", "-", given=json.dumps(what))
    except Failed as why:
        assert "disruption budget" in str(why), why
        return False
    return True


def names(daemon):
    return {p["metadata"]["name"] for p in kube.pods(daemon)}


def of_all(count):
    """So many pods of each daemon."""
    for daemon in kube.DAEMONS:
        kubectl("scale", deployment(daemon), "--replicas=%d" % count)
    for daemon in kube.DAEMONS:
        until("%d pods of %s" % (count, daemon), lambda d=daemon: replicas(d) >= count and len(kube.pods(d)) == replicas(d), 900)


def killed():
    """Pods are killed and evicted under load: with one pod the budget refuses, with two no request fails that has another pod."""
    product, _ = kube.register(10 ** 8)
    refused = [daemon for daemon in kube.DAEMONS if replicas(daemon) == 1 and not any(evict(pod) for pod in names(daemon))]
    assert "delivery" in refused and "gateway" in refused, "only those were refused: %s" % refused
    of_all(2)
    try:
        with Load(20, product) as load:
            for daemon in kube.DAEMONS:
                for pod in sorted(names(daemon))[:2]:
                    until("%s may be evicted" % pod, lambda p=pod: evict(p))
                    until("another for " + pod, lambda p=pod, d=daemon: p not in names(d) and replicas(d) >= 2 and replicas(d) == len(kube.pods(d)))
        evicted = load
        assert evicted.failed == 0, "%d requests failed while pods were evicted" % evicted.failed
        with Load(20, product) as load:
            for daemon in kube.SERVICES:
                pod = min(names(daemon))
                kubectl("delete", "pod", pod, "--force", "--grace-period=0")
                until("another for " + pod, lambda p=pod, d=daemon: p not in names(d) and replicas(d) >= 2 and replicas(d) == len(kube.pods(d)))
        kube.audit()
        for one in (evicted, load):
            one.must_be_there()
    finally:
        of_all(1)
    return "%d refused with one pod; %d orders and 0 failures while ten pods were evicted; %d orders and %d failures while three were killed" % (
        len(refused), len(evicted.acknowledged), len(load.acknowledged), load.failed)


def stores():
    """PostgreSQL's and Kafka's pods are killed under load: every acknowledged order is there, and the books balance."""
    product, _ = kube.register(10 ** 8)
    with Load(20, product) as load:
        for pod, namespace in ((PREFIX + "postgres-0", "default"), ("my-kafka-0", "kafka")) * 2:
            kubectl("-n", namespace, "delete", "pod", pod, "--force", "--grace-period=0")
            until(pod + " is ready again", lambda p=pod, n=namespace: kube.ready(kube.get("pod", p, "-n", n)), 600)
            seen = kube.orders()
            until("orders are taken again", lambda s=seen: kube.orders() > s + 10)
    kube.becomes_ready()
    load.must_be_there()
    balanced = kube.audit(300).strip().splitlines()[-1]
    return "each killed twice; %d orders acknowledged, %d requests failed meanwhile; %s" % (len(load.acknowledged), load.failed, balanced)


STORIES = [rollout, undo, killed, stores, hpa]
