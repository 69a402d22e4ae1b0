"""cluster - the lab on the Kubernetes of `make cluster`, before a page and after it."""
import json
import sys

import parts
import places

sys.path.insert(1, str(places.TOP / "tests/cluster"))
import kube                                                     # noqa: E402 (of tests/cluster)

KINDS = ("namespaces", "deployments", "statefulsets", "daemonsets", "services", "horizontalpodautoscalers", "configmaps", "secrets",
         "persistentvolumeclaims", "cronjobs", "jobs", "networkpolicies", "serviceaccounts", "roles", "rolebindings", "poddisruptionbudgets")

# Of a page: the parts that it wants (scripts/parts.py), and how they come into the cluster, from the tree that the cluster is of
WANTED = {"13-logging": (("collector", "victoria-logs"), "cluster.py load collector victoria-logs"),
          "10-mesh": (("istio",), "mesh.py up"), "11-resilience": (("istio",), "mesh.py up")}


def lacks(page):
    """What the page wants and nobody has built; "" once all of it is in the cluster."""
    wanted, how = WANTED.get(page, ((), ""))
    missing = [name for name in wanted if not parts.is_built(name)]
    if wanted and not missing:
        script, *words = how.split()
        kube.run(sys.executable, places.CLUSTER.parents[1] / "deploy/cluster" / script, *words)
    return ", ".join(missing)


def becomes_the_lab():
    kube.apply_lab()
    for name in kube.DAEMONS:
        kube.kubectl("rollout", "status", kube.deployment(name), "--timeout=%ds" % kube.PATIENCE)


def objects():
    """What is there, as kind, namespace and name; of pods those that nothing makes anew."""
    found = json.loads(kube.kubectl("get", ",".join((*KINDS, "pods")), "-A", "-o", "json"))["items"]
    return {(o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]) for o in found
            if not o["metadata"].get("ownerReferences") and not o["metadata"].get("deletionTimestamp")}


def difference(before):
    """"" or what a page left behind, or took with it."""
    def settled():
        now = objects()
        return [*("left behind: %s %s/%s" % o for o in sorted(now - before)), *("gone: %s %s/%s" % o for o in sorted(before - now))]
    try:
        kube.until("the cluster is as it was", lambda: not settled(), 120)
    except AssertionError:
        return "\n".join(settled())
    return ""
