"""flows - who reaches whom, asked from each pod's own network.

    with flows.probes({"stranger": ("default", {"app": "x"})}) as pods:
        flows.hold(pods, {("order", 8080): pod}, lambda source, target, port: ...)
"""
import contextlib
import json

import kube
from kube import enter, get, kubectl, until

# all at once: one that is not let through ends by its time
CONNECT = r'''for at in "$@"; do { timeout %d bash -c ": </dev/tcp/${at%%:*}/${at#*:}" 2>/dev/null && echo "$at"; } & done; wait'''


def make_namespace(name):
    if not kube.exists("namespace", name):
        kubectl("create", "namespace", name)
    kube.has_account(name)


def probe(name, labels):
    """A pod that looks like another and answers no requests: no Service has it, since it is never ready."""
    container = {"name": "probe", "image": get("pod", "siege")["spec"]["containers"][0]["image"], "command": ["sh", "-c", "echo a probe; exec sleep infinity"],
                 "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                 "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}}, "readinessProbe": {"exec": {"command": ["false"]}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe-" + name, "labels": {**labels, "mall-test": "probe"}},
            "spec": {"terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False, "containers": [container],
                     "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}}}


@contextlib.contextmanager
def probes(of):
    """Pods by name, of their (namespace, labels)."""
    namespaces = {namespace for namespace, _ in of.values()}
    for namespace in namespaces:
        make_namespace(namespace)
    try:
        for name, (namespace, labels) in of.items():
            kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(probe(name, labels)))

        def running(name, namespace):
            pod = get("pod", "probe-" + name, "-n", namespace)
            return pod if pod["status"]["phase"] == "Running" else None
        yield {name: until("probe-%s runs" % name, lambda n=name, at=namespace: running(n, at)) for name, (namespace, _) in of.items()}
    finally:
        for namespace in namespaces:
            kubectl("-n", namespace, "delete", "pods", "-l", "mall-test=probe", "--ignore-not-found", "--wait=false")


def process(pod):
    """Of its first container, as the node counts."""
    container = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
    tasks = enter(kube.PLACE / "bin/ctr", "-n", "k8s.io", "tasks", "ls")
    pid, = [int(row.split()[1]) for row in tasks.splitlines() if row.startswith(container)]
    return pid


def reached(pod, places, seconds):
    """Which of them are, from the pod, or from the node, which no NetworkPolicy stops."""
    where = ["nsenter", "--net", "--target", "%d" % process(pod)] if pod else []
    return set(enter(*where, "bash", "-c", CONNECT.replace("%d", "%d" % seconds), "bash", *places).split())


def hold(pods, targets, may):
    """Who may reach a target does, and who may not does not. targets: {(name, port): pod}"""
    places = {"%s:%d" % (pod["status"]["podIP"], port): (name, port) for (name, port), pod in targets.items()}
    passed = kept = 0

    def named(of):
        return sorted(places[place] for place in of)

    # who may is asked until it gets through, since the machine may be slow; who may not gets through never
    for name, pod in {"the node": None, **pods}.items():
        others = {place for place, target in places.items() if target[0] != name}
        allowed = {place for place in others if not pod or may(name, *places[place])}
        if allowed:
            until("%s reaches %s" % (name, named(allowed)), lambda p=pod, a=allowed: a <= reached(p, sorted(a), 10), 120)
        wrong = reached(pod, sorted(others - allowed), 3)
        assert not wrong, "%s reached %s" % (name, named(wrong))
        if pod:
            passed, kept = passed + len(allowed), kept + len(others - allowed)
    return "%d pairs pass, %d do not" % (passed, kept)
