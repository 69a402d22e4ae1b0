"""cluster - what kustomize builds from deploy/k8s, and how Kubernetes would read it: who selects whom, who may speak with whom."""
import pathlib
import subprocess
import sys

import yaml

import tree

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(1, str(TOP / "scripts"))
import services                                                 # noqa: E402 (lies in scripts/)

K8S = tree.K8S
KUSTOMIZE = TOP / "build/tools/kustomize"
SERVICES, DAEMONS = tuple(services.names()), tuple(services.daemons())
ON_THE_BUS = (*SERVICES, "frontend")
INSTANCE = "app.kubernetes.io/instance"


def build(overlay, place=K8S):
    """The objects of a kustomization."""
    made = subprocess.run([KUSTOMIZE, "build", place / overlay], capture_output=True, text=True)
    assert made.returncode == 0, "kustomize build %s: %s" % (overlay, made.stderr.strip())
    return [o for o in yaml.safe_load_all(made.stdout) if o]


class Tree(tree.Tree):
    def build(self, overlay):
        return build(overlay, self.dir)


def name(o):
    return o["metadata"]["name"]


def namespace(o):
    return o["metadata"].get("namespace", "default")


def labels(o):
    return o["metadata"].get("labels") or {}


def where(o):
    return "%s %s" % (o["kind"], name(o))


def of_kind(objects, *kinds):
    return [o for o in objects if o["kind"] in kinds]


def workloads(objects):
    """What has pods. A bare pod is shown as what would make it: its own labels and its own spec."""
    bare = [{**o, "spec": {"selector": {"matchLabels": labels(o)}, "template": {"metadata": o["metadata"], "spec": o["spec"]}}}
            for o in of_kind(objects, "Pod")]
    return of_kind(objects, "Deployment", "StatefulSet") + bare


def pod_of(o):
    return o["spec"]["template"]["spec"]


def containers(o):
    return pod_of(o).get("initContainers", []) + pod_of(o)["containers"]


def app_of(o):
    return o["spec"]["template"]["metadata"]["labels"]["app"]


def daemons(objects):
    """The Deployments that run our daemons, by name without prefix."""
    found = {app_of(o): o for o in of_kind(objects, "Deployment") if app_of(o) in DAEMONS}
    assert set(found) == set(DAEMONS), "the daemons are %s" % sorted(found)
    return found


def env_of(o):
    return {e["name"]: e for c in containers(o) for e in c.get("env", [])}


def value_of(o, variable):
    assert variable in env_of(o), "%s has no %s" % (where(o), variable)
    return env_of(o)[variable].get("value")


def selects(selector, have):
    """A labelSelector; {} selects all."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if have.get(key) != value:
            return False
    for e in selector.get("matchExpressions") or []:
        is_there = e["key"] in have
        holds = {"Exists": is_there,
                 "DoesNotExist": not is_there,
                 "In": is_there and have[e["key"]] in e.get("values", ()),
                 "NotIn": not (is_there and have[e["key"]] in e.get("values", ()))}[e["operator"]]
        if not holds:
            return False
    return True


class Pod:
    def __init__(self, known_as, in_namespace, its_labels):
        self.name, self.namespace, self.labels = known_as, in_namespace, its_labels

    @classmethod
    def of(cls, workload):
        return cls(app_of(workload), namespace(workload), workload["spec"]["template"]["metadata"]["labels"])


def peer_fits(peer, policy, pod):
    if "ipBlock" in peer: # here it means no pod, only what is outside
        return pod.namespace is None
    if pod.namespace is None:
        return False
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": pod.namespace}):
            return False
    elif pod.namespace != namespace(policy):
        return False
    return selects(peer.get("podSelector", {}), pod.labels)


def rule_fits(rule, side, policy, other, port):
    if "ports" in rule and not any(p.get("port") == port for p in rule["ports"]):
        return False
    return side not in rule or any(peer_fits(peer, policy, other) for peer in rule[side])


def one_end(policies, direction, side, pod, other, port):
    """Does this end allow it? Yes if no policy selects the pod, or if one of those that do allows it."""
    if pod.namespace is None:
        return True
    mine = [p for p in policies if namespace(p) == pod.namespace and selects(p["spec"]["podSelector"], pod.labels)
            and direction in p["spec"]["policyTypes"]]
    return not mine or any(rule_fits(rule, side, p, other, port)
                           for p in mine for rule in p["spec"].get(direction.lower(), []))


def may_speak(objects, source, target, port):
    policies = of_kind(objects, "NetworkPolicy")
    return one_end(policies, "Egress", "to", source, target, port) and \
        one_end(policies, "Ingress", "from", target, source, port)
