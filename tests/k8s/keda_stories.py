"""What the component keda promises: delivery and product by lag, bounded by partitions, and nobody else scales them."""
import jsonschema
import yaml

import checks
import tools
from cluster import Pod, may_speak, name, of_kind
from kafka_metrics_stories import must_fail, ours
from overlays import SHOPS, built, with_components
from run import MALL
from tree import with_lines

LAB, PRODUCTION = SHOPS
PARTITIONS = 6


def definitions():
    """By kind."""
    tools.fetch_keda()
    return {kind: yaml.safe_load((tools.KEDA / (kind + ".yaml")).read_text()) for kind in tools.KEDA_KINDS}


def keda_takes_it(objects):
    crds = definitions()
    for o in objects:
        if o["apiVersion"].startswith("keda.sh/"):
            version, = (v for v in crds[o["kind"]]["spec"]["versions"] if v["name"] == o["apiVersion"].rpartition("/")[2])
            trouble = [e.message for e in jsonschema.Draft202012Validator(checks.strict(version["schema"]["openAPIV3Schema"])).iter_errors(o)]
            assert not trouble, "%s %s: %s" % (o["kind"], name(o), trouble)


def in_lab(topic=None):
    if topic is None:
        return with_components(*LAB, "keda", beside=("keda-kafka",))
    from cluster import Tree
    with Tree() as tree:
        with_lines(tree, LAB[1] + "/kustomization.yaml", ("keda",), "../../..")
        tree.edit(LAB[1] + "/settings.properties", "topic=mall", "topic=" + topic)
        return tree.build(LAB[0])


def in_production():
    return with_components(*PRODUCTION, "keda-tls", beside=("keda-strimzi",))


def scaled(objects):
    """service: its ScaledObject"""
    return {o["spec"]["triggers"][0]["metadata"]["consumerGroup"].rpartition("-")[2]: o for o in of_kind(objects, "ScaledObject")}


def lag_scales_the_consumers(objects):
    """The topic and the group of each are what its Deployment has; at most a pod a partition; a selector of pipelines finds none of it."""
    assert set(scaled(objects)) == {"delivery", "product"}, sorted(scaled(objects))
    for service, o in scaled(objects).items():
        daemon, trigger = checks.daemons(objects)[service], o["spec"]["triggers"][0]
        bus = checks.urllib.parse.urlsplit(checks.value_of(daemon, "MALL_BUS_URL"))
        prefix = (checks.env_of(daemon).get("MALL_BUS_GROUP_PREFIX") or {}).get("value") or ""
        assert o["spec"]["scaleTargetRef"]["name"] == name(daemon), o["spec"]["scaleTargetRef"]
        assert trigger["metadata"]["bootstrapServers"] == bus.netloc and trigger["metadata"]["topic"] == bus.path.strip("/"), trigger
        assert trigger["metadata"]["consumerGroup"] == prefix + service, trigger["metadata"]["consumerGroup"]
        assert 1 <= o["spec"]["minReplicaCount"] <= o["spec"]["maxReplicaCount"] <= PARTITIONS, o["spec"]
        assert "app" not in checks.labels(o)


def nobody_else_scales_them(objects):
    others = {h["spec"]["scaleTargetRef"]["name"] for h in of_kind(objects, "HorizontalPodAutoscaler")}
    twice = others & {o["spec"]["scaleTargetRef"]["name"] for o in of_kind(objects, "ScaledObject")}
    assert not twice, "two scale %s" % sorted(twice)


def keda_asks_as_the_service_itself(objects):
    there = {name(t): {p["parameter"]: (p["name"], p["key"]) for p in t["spec"]["secretTargetRef"]} for t in of_kind(objects, "TriggerAuthentication")}
    for service, o in scaled(objects).items():
        trigger = o["spec"]["triggers"][0]
        assert trigger["metadata"]["tls"] == "enable"
        assert there[trigger["authenticationRef"]["name"]] == {"ca": ("mall-cluster-ca-cert", "ca.crt"), "cert": (service, "user.crt"), "key": (service, "user.key")}


OPERATOR = Pod("keda-operator", "keda", {"app": "keda-operator"})


def keda_scales_by_lag_in_the_lab():
    objects = in_lab()
    for check in (keda_takes_it, lag_scales_the_consumers, nobody_else_scales_them):
        check(objects)
    for check in MALL:
        check(ours(objects))
    checks.has_lab_prefix(objects)
    kafka = Pod("my-kafka", "kafka", {"app": "my-kafka"})
    assert may_speak(objects, OPERATOR, kafka, 9092) and not may_speak(built(LAB[0]), OPERATOR, kafka, 9092)
    assert not may_speak(objects, Pod("other", "keda", {"app": "x"}), kafka, 9092)


def the_groups_that_keda_looks_at_follow_the_topic():
    objects = in_lab("user23-mall")
    lag_scales_the_consumers(objects)
    assert scaled(objects)["product"]["spec"]["triggers"][0]["metadata"]["consumerGroup"] == "user23-product"


def keda_scales_by_lag_in_production_over_tls():
    objects = in_production()
    for check in (keda_takes_it, lag_scales_the_consumers, nobody_else_scales_them, keda_asks_as_the_service_itself):
        check(objects)
    for check in MALL:
        check(ours(objects))
    scaled_by_cpu = {h["spec"]["scaleTargetRef"]["name"] for h in of_kind(objects, "HorizontalPodAutoscaler")}
    assert scaled_by_cpu == {"order", "gateway"}, scaled_by_cpu
    checks.strimzi_takes_it(objects)
    peers = of_kind(objects, "Kafka")[0]["spec"]["kafka"]["listeners"][0]["networkPolicyPeers"]
    assert peers[-1]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "keda"}, peers


def each_check_of_keda_fails():
    for check, build, breaks in (
            (keda_takes_it, in_lab, lambda o: scaled(o)["delivery"]["spec"].update(maxReplicas=6)),
            (lag_scales_the_consumers, in_lab, lambda o: scaled(o)["delivery"]["spec"].update(maxReplicaCount=7)),
            (lag_scales_the_consumers, in_lab, lambda o: scaled(o)["product"]["spec"]["scaleTargetRef"].update(name="product")),
            (lag_scales_the_consumers, in_lab, lambda o: scaled(o)["product"]["spec"]["triggers"][0]["metadata"].update(topic="other")),
            (lag_scales_the_consumers, in_lab, lambda o: scaled(o)["product"]["metadata"]["labels"].update(app="product")),
            (keda_asks_as_the_service_itself, in_production, lambda o: of_kind(o, "TriggerAuthentication")[0]["spec"]["secretTargetRef"][1].update(name="order")),
            (nobody_else_scales_them, in_production, lambda o: o.extend(h for h in of_kind(built(PRODUCTION[0]), "HorizontalPodAutoscaler") if name(h) == "product"))):
        objects = build()
        breaks(objects)
        must_fail(check, objects)


STORIES = [keda_scales_by_lag_in_the_lab, the_groups_that_keda_looks_at_follow_the_topic, keda_scales_by_lag_in_production_over_tls, each_check_of_keda_fails]
