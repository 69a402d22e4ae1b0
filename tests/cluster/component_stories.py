"""component_stories - the components beside the mall: the API server takes each of them, and Kafka's metrics are where Prometheus looks for them."""
import base64
import contextlib
import json
import re

import admission
import flows
import kube
import lab
from admission import tools
from kube import PREFIX, Failed, get, kubectl, until

# ---- admitted_components ----

# components of the mall, in their order, and of the cluster; each with what it takes with it
EITHER = (("traces", "tracing"), ("faults", ""), ("faults admin-token", ""), ("open-network", ""), ("canary", ""), ("mesh-ambient", ""),
          ("", "monitoring"), ("", "logging"))
ALONE = {"lab": (*EITHER, ("autoscaler", ""), ("keda", "keda-kafka"), ("efs", ""), ("mesh-sidecar", "mesh-siege"), ("", "kafka-metrics"),
                 ("", "kafka-page")),
         "production": (*EITHER, ("tls", ""), ("keda-tls", "keda-strimzi"), ("efs-tls", ""), ("mesh-sidecar", ""), ("", "kafka-metrics-strimzi"),
                        ("", "kafka-page-strimzi"))}
ALL = {"lab": ("admin-token autoscaler efs faults keda %s open-network traces %s canary",
               "kafka-metrics kafka-page keda-kafka logging monitoring tracing"),
       "production": ("admin-token efs-tls faults keda-tls %s open-network tls traces %s canary",
                      "kafka-metrics-strimzi kafka-page-strimzi keda-strimzi logging monitoring tracing")}
MODES = (("mesh-sidecar", "efs-mesh"), ("mesh-ambient", ""))    # of all at once, and what comes after it
OF_OTHERS = {"gateway.networking.k8s.io", "kafka.strimzi.io", "keda.sh", "monitoring.coreos.com", "networking.istio.io", "security.istio.io"}


def offered(overlay):
    """Lists of components, of the mall and of the cluster."""
    of_mall, of_cluster = ALL[overlay]
    return [(shop.split(), beside.split()) for shop, beside in (*ALONE[overlay], *((of_mall % mode, of_cluster) for mode in MODES))]


def every_component_is_offered():
    names = {name for overlay in ALL for pair in offered(overlay) for some in pair for name in some}
    files = [*(kube.K8S / "components" / name / "kustomization.yaml" for name in names), *kube.K8S.glob("overlays/*/shop/kustomization.yaml")]
    names |= {name for file in files for name in re.findall(r"^  - \.\./(?:\S+/)?([\w-]+)$", file.read_text(), re.M)}
    absent = {path.name for path in (kube.K8S / "components").iterdir()} - names
    assert not absent, "no story has %s" % sorted(absent)


def combinations():
    """Of each its name, what it makes or changes of its overlay, and all of it."""
    for overlay in ALL:
        plain = {admission.key(o): o for o in admission.built(kube.K8S / "overlays" / overlay)}
        for shop, beside in offered(overlay):
            with lab.overlay(shop, beside, of=overlay) as made:
                objects = admission.built(made)
            yield "%s with %s" % (overlay, " ".join(shop + beside)), [o for o in objects if plain.get(admission.key(o)) != o], objects


def group(o):
    return o["apiVersion"].rpartition("/")[0]


def refuses_what_it_does_not_know(o):
    sick = json.loads(json.dumps(o))
    sick["spec"]["notThere"] = 1
    try:
        kubectl("apply", "--dry-run=server", "-f", "-", given=json.dumps(sick))
    except Failed as why:
        assert 'unknown field "spec.notThere"' in str(why), why
    else:
        raise AssertionError("a %s with a field that it has not was admitted" % o["kind"])


def admitted_components():
    """Each component's objects are admitted, alone and with the others, and its pods by the level that their namespace says."""
    every_component_is_offered()
    of_others, count, seen = {}, 0, set()
    with contextlib.ExitStack() as stack:
        groups = stack.enter_context(admission.of_others())
        stack.enter_context(admission.levels())
        found = list(combinations())
        stack.enter_context(admission.beside(list(admission.namespaces_of([o for _, _, objects in found for o in objects]).values())))
        for name, changed, objects in found:
            assert changed, "%s: nothing of it" % name
            pods = dict(admission.pods_of(changed))
            try:
                kubectl("apply", "--dry-run=server", "-f", "-", given=admission.as_list(changed))
                admission.must_have_the_level_that_their_pods_need(objects, pods)
            except (Failed, AssertionError) as why:
                raise AssertionError("%s: %s" % (name, why)) from why
            count += len(changed)
            seen |= set(pods)
            of_others.update({group(o): o for o in changed if group(o) in groups})
        assert set(of_others) == OF_OTHERS, "kinds of %s" % sorted(of_others)
        for o in of_others.values():
            refuses_what_it_does_not_know(o)
    return "%d combinations: %d objects, %d kinds of pods; kinds of %d makers" % (len(found), count, len(seen), len(of_others))


# ---- kafka_metrics ----

KEPT = "/var/lib/kafka/data/agent"                              # where components/kafka-metrics/start.sh keeps its agent
ORDERS = 100                                                    # enough that each group has a position in each partition
WATCHER = "probe-watcher"


def of_kafka(*words, **more):
    return kubectl("-n", "kafka", *words, **more)


def kafka_is_ready(*also):
    for what in ("statefulset/my-kafka", *also):
        of_kafka("rollout", "status", what, "--timeout=300s")
    kube.becomes_ready()


def endpoints():
    """By name of each PodMonitor, where Prometheus would ask: the addresses of the pods' ports, and the path."""
    found = {}
    for monitor in get("podmonitors", "-n", "kafka")["items"]:
        endpoint, = monitor["spec"]["podMetricsEndpoints"]
        chosen = ",".join("%s=%s" % label for label in monitor["spec"]["selector"]["matchLabels"].items())
        pod, = get("pods", "-n", "kafka", "-l", chosen)["items"]
        port, = (p["containerPort"] for c in pod["spec"]["containers"] for p in c.get("ports", ()) if p["name"] == endpoint["port"])
        found[monitor["metadata"]["name"]] = "%s:%d" % (pod["status"]["podIP"], port), endpoint["path"]
    return found


def asked(monitor):
    """As Prometheus asks, out of namespace monitoring."""
    address, path = endpoints()[monitor]
    return kubectl("-n", "monitoring", "exec", WATCHER, "--", "curl", "-sS", "--fail", "-m", "60", "http://" + address + path)


def lags():
    """By group: how many events wait for it, and how many members it has."""
    waits = {PREFIX + service: [0, 0] for service in kube.SERVICES}
    for what, whose, figure in re.findall(r'^kafka_consumergroup_(lag|members)\{consumergroup="([^"]+)".*\} (\d+)$', asked("kafka-lag"), re.M):
        if whose in waits:
            waits[whose][what == "members"] += int(figure)
    return waits


def all_are_up_to_date():
    return all(lag == 0 and members > 0 for lag, members in lags().values())


def names_in(*texts):
    return {name for text in texts for name in re.findall(r"\bkafka_[a-z_]+", text)}


def place_orders(product):
    order = kube.url("gateway", "/orders") + " POST " + kube.ORDER % (product, 1)
    said = kube.siege("-c10", "-r%d" % (ORDERS // 10), "--content-type", "application/json", order)
    assert said["successful"] == ORDERS, said


def hand_over(jar):
    """Nothing of the Internet is reached here, so that the agent comes as if an earlier start had fetched it."""
    of_kafka("exec", "-i", "my-kafka-0", "--", "sh", "-c", "mkdir -p %s && base64 -d >%s/%s" % (KEPT, KEPT, jar.name),
             given=base64.encodebytes(jar.read_bytes()).decode())
    of_kafka("delete", "pod", "my-kafka-0")
    kafka_is_ready("deploy/kafka-lag")


@contextlib.contextmanager
def watched():
    """The lab with its Kafka watched, and a pod of who looks."""
    with lab.overlay((), ("kafka-metrics",)) as made:
        objects, own = admission.built(made), admission.added(made)
    try:
        kubectl("apply", "-f", "-", given=admission.as_list(objects))
        kafka_is_ready("deploy/kafka-lag")
        kubectl("-n", "monitoring", "apply", "-f", "-", given=json.dumps(flows.probe("watcher", {})))
        kubectl("-n", "monitoring", "wait", "pod/" + WATCHER, "--for=jsonpath={.status.phase}=Running", "--timeout=300s")
        yield
    finally:
        kubectl("-n", "monitoring", "delete", "pod", WATCHER, "--ignore-not-found", "--wait=false")
        kubectl("delete", "--ignore-not-found", "-f", "-", given=admission.as_list(own))
        kubectl("apply", "-k", kube.LAB)
        kafka_is_ready()
        of_kafka("exec", "my-kafka-0", "--", "rm", "-rf", KEPT)


def kafka_metrics():
    """The broker's figures and the groups' lag are where the PodMonitors say, for Prometheus alone; who is stopped lags, until it is back."""
    monitoring = kube.TOP / "deploy/monitoring"
    wanted = names_in((monitoring / "rules/kafka.yml").read_text(), (monitoring / "boards/kafka.json").read_text()) - {"kafka_consumer_records_lag"}
    delivery = PREFIX + "delivery"
    with admission.of_others(), admission.beside([admission.namespace("monitoring")]):
        kube.has_account("monitoring")
        with watched():
            said = of_kafka("logs", "my-kafka-0")
            assert "Kafka starts without it" in said, said[-1000:]
            hand_over(tools.fetch_agent())
            places = endpoints()
            assert set(places) == {"my-kafka", "kafka-lag"}, sorted(places)
            until("the broker's figures", lambda: names_in(asked("my-kafka")))
            until("no group lags", all_are_up_to_date)
            product, _ = kube.register(10 ** 6)
            place_orders(product)
            until("no group lags after a hundred orders", all_are_up_to_date)
            missing = wanted - names_in(asked("my-kafka"), asked("kafka-lag"))
            assert not missing, "rules and board ask for what nobody shows: %s" % sorted(missing)
            wrong = flows.reached(get("pod", "siege"), sorted(address for address, _ in places.values()), 3)
            assert not wrong, "siege, which may speak with Kafka, reaches %s" % sorted(wrong)
            kubectl("scale", kube.deployment("delivery"), "--replicas=0")
            try:
                until("delivery is gone", lambda: not get("pods", "-l", "app=delivery")["items"])
                place_orders(product)
                until("delivery lags, and it alone", lambda: {group: (lag >= ORDERS, members > 0) for group, (lag, members) in lags().items()} ==
                      {PREFIX + service: (service == "delivery", service != "delivery") for service in kube.SERVICES})
                most = lags()[delivery][0]
            finally:
                kubectl("scale", kube.deployment("delivery"), "--replicas=1")
            until("no group lags any more", all_are_up_to_date)
    return "%d metrics of rules and board; %d events waited for delivery while it was away, 0 when it was back" % (len(wanted), most)


STORIES = [admitted_components, kafka_metrics]
