"""room_stories - what everything asks of the three nodes of deploy/eks: the table in deploy/README.md, from the manifests."""
import yaml

import tools
from cluster import containers, of_kind, workloads
from lab_stories import in_units
from overlays import SHOPS, built, with_components

NODES = 3
NODE = (1.93, 2.2)                                              # cores and GiB that EKS leaves to pods on a t3.medium; the memory with 110 pods a node
DEPLOY = tools.TOP / "deploy"
EKS = (0.9, 1.4)                                                # of its own pods, by the add-ons' documents: nothing here holds them
ORDER_PODS = 10
SIDECAR = "sidecar.istio.io/proxy"
VALUES = {"prometheusOperator": "prometheusOperator", "prometheus": "prometheus.prometheusSpec", "alertmanager": "alertmanager.alertmanagerSpec", "grafana": "grafana",
          "kube-state-metrics": "kube-state-metrics", "prometheus-node-exporter": "prometheus-node-exporter"}


def of_requests(resources):
    return tuple(sum(in_units(r["requests"].get(kind, "0")) for r in resources) * unit for kind, unit in (("cpu", 1), ("memory", 1 / 1024)))


def times(n, room):
    return tuple(n * x for x in room)


def total(rooms):
    return tuple(map(sum, zip(*rooms)))


def of_objects(objects):
    """A DaemonSet has a pod on each node; a pod of the mesh a sidecar, as its annotations say."""
    rooms = []
    for o in [*workloads(objects), *of_kind(objects, "DaemonSet")]:
        if o["kind"] in ("Job", "CronJob"):
            continue                                            # they come and go
        pods = NODES if o["kind"] == "DaemonSet" else o["spec"].get("replicas", 1)
        said = o["spec"].get("template", o)["metadata"].get("annotations", {})
        rooms.append(times(pods, of_requests([c["resources"] for c in containers(o)])))
        if SIDECAR + "CPU" in said:
            rooms.append(times(pods, (in_units(said[SIDECAR + "CPU"]), in_units(said[SIDECAR + "Memory"]) / 1024)))
    return total(rooms)


def more_by(*names, beside=()):
    with_them, without = of_objects(with_components(*SHOPS[0], *names, beside=beside)), of_objects(built("overlays/lab"))
    return tuple(a - b for a, b in zip(with_them, without))


def of_the_chart():
    """values.yaml; the node exporter is on each node."""
    values, rooms = yaml.safe_load((DEPLOY / "monitoring/values.yaml").read_text()), []
    for name, path in VALUES.items():
        found = values
        for key in path.split("."):
            found = found[key]
        rooms.append(times(NODES if name == "prometheus-node-exporter" else 1, of_requests([found["resources"]])))
    return total(rooms)


def of_istio():
    """istiod as often as its autoscaler has it at least; the CNI plugin on each node."""
    spec = yaml.safe_load((DEPLOY / "mesh/install.yaml").read_text())["spec"]
    pilot = spec["components"]["pilot"]["k8s"]
    return total([times(pilot["hpaSpec"]["minReplicas"], of_requests([pilot["resources"]])), times(NODES, of_requests([spec["values"]["cni"]["resources"]]))])


def rooms():
    order = [o for o in workloads(built("overlays/lab")) if o["metadata"]["name"].endswith("-order")][0]
    nine = times(ORDER_PODS - 1, of_requests([c["resources"] for c in containers(order)]))
    return {"EKS' own pods": EKS,
            "the lab": of_objects(built("overlays/lab")),
            "`faults`, `traces`": more_by("faults", "traces"),
            "`kafka-metrics`": more_by(beside=("kafka-metrics",)),
            "`kafka-page`": more_by(beside=("kafka-page",)),
            "`tracing`": more_by(beside=("tracing",)),
            "`logging`": more_by(beside=("logging",)),
            "kube-prometheus-stack": of_the_chart(),
            "Istio": of_istio(),
            "`mesh`, `mesh-sidecar`": more_by("mesh-sidecar"),
            "nine more pods of order": nine,
            "nine more sidecars": times(ORDER_PODS - 1, (0.02, 64 / 1024))}


def sums():
    """What the page adds up: a name, and the rows that are in it."""
    room = rooms()
    small = ("EKS' own pods", "the lab")
    seen = (*small, "`faults`, `traces`", "`kafka-metrics`", "`kafka-page`", "`tracing`", "`logging`", "kube-prometheus-stack")
    meshed = (*seen, "Istio", "`mesh`, `mesh-sidecar`")
    return room, {"the lab": total(room[r] for r in small),
                  "the lab, ten pods of order": total(room[r] for r in (*small, "nine more pods of order")),
                  "all but the mesh": total(room[r] for r in seen),
                  "all but the mesh, ten pods of order": total(room[r] for r in (*seen, "nine more pods of order")),
                  "all": total(room[r] for r in meshed),
                  "all, ten pods of order": total(room[r] for r in (*meshed, "nine more pods of order", "nine more sidecars")),
                  "all, ten pods of order, and a rollout of it": total([*(room[r] for r in (*meshed, "nine more pods of order", "nine more sidecars")),
                                                                        times(1 / 9, room["nine more pods of order"]), times(1 / 9, room["nine more sidecars"])])}


def fits(asked, nodes):
    lacks = [name for name, wanted, there in zip(("cores", "memory"), asked, times(nodes, NODE)) if wanted > there]
    return "no: " + " and ".join(lacks) if lacks else "yes"


def lines():
    room, added = sums()
    yield from ("| %s | %.2f | %.2f |" % (name, cores, gib) for name, (cores, gib) in room.items())
    yield from ("| %s | %.2f | %.2f | %s | %s |" % (name, *asked, fits(asked, NODES), fits(asked, NODES - 1)) for name, asked in added.items())


def the_page_says_what_fits_on_three_small_nodes():
    text = (DEPLOY / "README.md").read_text()
    missing = [line for line in lines() if line not in text]
    assert not missing, "deploy/README.md does not say:\n" + "\n".join(missing)


def the_charts_values_say_what_they_ask_for():
    wanted = "in all is\n# %.2f cores and %.1f GiB" % of_the_chart()
    assert wanted in (DEPLOY / "monitoring/values.yaml").read_text(), "values.yaml does not say: " + wanted


STORIES = [the_page_says_what_fits_on_three_small_nodes, the_charts_values_say_what_they_ask_for]
