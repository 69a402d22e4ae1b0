"""admission - what the API server takes, and keeps nothing of: objects, by the definitions of their kinds, and pods, by the levels of pod security.

    with admission.of_others(), admission.beside(namespaces):
        kubectl("apply", "--dry-run=server", "-f", "-", given=admission.as_list(objects))
        admission.strictest(admission.pods_of(objects))
"""
import contextlib
import json
import sys

import kube
from kube import kubectl, until

sys.path.append(str(kube.TOP / "tests/k8s"))                    # behind this folder, which has some of the same names
import tools                                                    # noqa: E402

LEVELS = ("restricted", "baseline", "privileged")


def as_list(objects):
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def read(text):
    """The objects of a file; their kinds must be known."""
    built, found, decoder = kubectl("create", "--dry-run=client", "-o", "json", "-f", "-", given=text).strip(), [], json.JSONDecoder()
    while built:
        one, end = decoder.raw_decode(built)
        built = built[end:].strip()
        found += one["items"] if one["kind"] == "List" else [one]
    return found


def built(kustomization):
    return read(kubectl("kustomize", kustomization))


def key(o):
    return o["kind"], o["metadata"].get("namespace", "default"), o["metadata"]["name"]


def added(kustomization):
    """The objects that the plain lab has not."""
    plain = {key(o) for o in built(kube.LAB)}
    return [o for o in built(kustomization) if key(o) not in plain]


@contextlib.contextmanager
def beside(objects):
    """Objects without a namespace of which the cluster has those that it had not, for as long as the block takes."""
    there = {line.partition("/")[2] for line in kubectl("get", "--ignore-not-found", "-o", "name", "-f", "-", given=as_list(objects)).split()}
    absent = as_list(o for o in objects if o["metadata"]["name"] not in there)
    try:
        if len(there) < len(objects):
            kubectl("create", "-f", "-", given=absent)
        yield
    finally:
        if len(there) < len(objects):
            kubectl("delete", "--ignore-not-found", "-f", "-", given=absent)


# ---- kinds ----

def definitions():
    """Of the kinds that are not Kubernetes' own: those that tests/k8s holds the manifests to, from their makers."""
    for fetch in (tools.fetch_python, tools.fetch_strimzi, tools.fetch_prometheus_operator, tools.fetch_keda, tools.fetch_istio):
        fetch()
    files = [folder / (kind + ".yaml") for folder, kinds in ((tools.STRIMZI, tools.STRIMZI_KINDS), (tools.OPERATOR, tools.OPERATOR_KINDS),
                                                             (tools.KEDA, tools.KEDA_KINDS)) for kind in kinds]
    found = [o for file in (*files, *sorted(tools.ISTIO.iterdir())) for o in read(file.read_text())]
    return [o for o in found if o["kind"] == "CustomResourceDefinition"]


@contextlib.contextmanager
def of_others():
    """The cluster knows their kinds, for as long as the block takes; their groups."""
    wanted = definitions()
    names = {o["metadata"]["name"] for o in wanted}
    with beside(wanted):
        until("the kinds are known", lambda: names <= set(kubectl("api-resources", "-o", "name").split()))
        yield {o["spec"]["group"] for o in wanted}


# ---- namespaces, pods ----

def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/" + k: v for k, v in labels.items()}}}


def namespaces_of(objects):
    """Each that the objects are in, as they have it."""
    said = {o["metadata"]["name"]: o for o in objects if o["kind"] == "Namespace"}
    return {name: said.get(name) or namespace(name) for name in {o["metadata"].get("namespace", "default") for o in objects} | set(said)}


@contextlib.contextmanager
def levels():
    """A namespace for each level."""
    with beside([namespace("admission-" + level, enforce=level) for level in LEVELS]):
        for level in LEVELS:
            kube.has_account("admission-" + level)
        yield


def pods_of(objects):
    """By namespace and name, what a controller would make of each that has pods."""
    for o in objects:
        spec = o["spec"]["jobTemplate"]["spec"] if o["kind"] == "CronJob" else o.get("spec")
        if o["kind"] == "Pod":
            spec = {"template": o}
        elif o["kind"] not in ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"):
            continue
        template = spec["template"]
        pod = {**template["spec"], "serviceAccountName": "default"}     # its own is not there, and none of pod security's business
        for claim in spec.get("volumeClaimTemplates", ()):
            pod["volumes"] = [*pod.get("volumes", ()), {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": "any"}}]
        _, in_, name = key(o)
        yield (in_, name), {"apiVersion": "v1", "kind": "Pod", "spec": pod,
                            "metadata": {"name": "%s.%s" % (in_, name), **{k: template["metadata"].get(k, {}) for k in ("labels", "annotations")}}}


def strictest(pods):
    """The first level that takes each, of pods by their names."""
    found = {}
    for level in LEVELS:
        left = [pod for pod in pods.values() if pod["metadata"]["name"] not in found]
        if left:
            said = kubectl("-n", "admission-" + level, "create", "--dry-run=server", "-o", "name", "-f", "-", given=as_list(left), fine=(0, 1))
            found.update((line.partition("/")[2], level) for line in said.split())
    refused = [name for name, pod in pods.items() if pod["metadata"]["name"] not in found]
    assert not refused, "no level takes %s" % refused
    return {name: found[pod["metadata"]["name"]] for name, pod in pods.items()}


def must_have_the_level_that_their_pods_need(objects, pods):
    """Each namespace, `restricted` where nothing says so: neither a pod is refused nor is a level for nothing."""
    label = "pod-security.kubernetes.io/enforce"
    said = {name: o["metadata"].get("labels", {}).get(label, "restricted") for name, o in namespaces_of(objects).items()}
    needed = {}
    for (name, _), level in strictest(pods).items():
        needed[name] = max(needed.get(name, level), level, key=LEVELS.index)
    wrong = {name: (said[name], level) for name, level in needed.items() if said[name] != level}
    assert not wrong, "namespaces, with their level and that which their pods need: %s" % wrong
