"""What the components kafka-metrics, kafka-page and their siblings for Strimzi promise."""
import copy

import checks
from cluster import Pod, app_of, containers, env_of, may_speak, name, namespace, of_kind, pod_of, value_of, workloads
from overlays import SHOPS, built, with_components

OF_OPERATORS = ("monitoring.coreos.com/", "keda.sh/")            # whose schemas are elsewhere
WITH_PODS = (checks.schemas, checks.no_name_is_there_twice, checks.nothing_waits_to_start, checks.pods_are_restricted,
             checks.pods_have_no_token_and_no_links, checks.pods_are_limited, checks.selectors_match)
LAB, PRODUCTION = SHOPS


def ours(objects):
    return [o for o in objects if not o["apiVersion"].startswith(OF_OPERATORS)]


def check_pods(objects):
    for check in WITH_PODS:
        check(ours(objects))


def lab(*beside):
    return with_components(*LAB, beside=beside)


def pod(objects, app, at):
    found, = (o for o in workloads(objects) if app_of(o) == app and namespace(o) == at)
    return Pod.of(found)


def watched_by(objects, monitor):
    """The port that a PodMonitor scrapes, of each pod that it selects."""
    endpoint, = monitor["spec"]["podMetricsEndpoints"]
    found = [o for o in workloads(objects) if namespace(o) == namespace(monitor)
             and checks.selects(monitor["spec"]["selector"], o["spec"]["template"]["metadata"]["labels"])]
    assert found, "PodMonitor %s selects no pod" % name(monitor)
    for o in found:
        ports = {p["name"]: p["containerPort"] for c in containers(o) for p in c.get("ports", [])}
        assert endpoint["port"] in ports, "%s has no port %s" % (name(o), endpoint["port"])
        yield o, ports[endpoint["port"]], endpoint["path"]


def scripts_are_mounted(objects):
    """Each command is a script of a ConfigMap that is there, with its hash, so that a change of it is another pod."""
    maps = {name(c): c["data"] for c in of_kind(objects, "ConfigMap") if namespace(c) == "kafka"}
    for app, script in (("my-kafka", "start.sh"), ("kafka-lag", "lag.sh")):
        o, = (w for w in workloads(objects) if app_of(w) == app)
        c, = containers(o)
        mount, = (m for m in c["volumeMounts"] if m["name"] == "metrics")
        assert c["command"] == ["bash", mount["mountPath"] + "/" + script], c["command"]
        wanted, = (v["configMap"]["name"] for v in pod_of(o)["volumes"] if v["name"] == "metrics")
        assert script in maps[wanted] and wanted != "kafka-metrics", wanted
    start = [text for data in maps.values() for key, text in data.items() if key == "start.sh"][0]
    assert "/config/metrics" == mount["mountPath"] and "$config/metrics/agent.yml" in start


def metrics_are_only_for_who_watches(objects):
    """Prometheus reaches both ports, a stranger none; the broker fetches its agent from outside, by 443 alone."""
    broker, lag = pod(objects, "my-kafka", "kafka"), pod(objects, "kafka-lag", "kafka")
    prometheus, stranger, outside = Pod("prometheus", "monitoring", {"app": "x"}), Pod("stranger", "default", {"app": "x"}), Pod("outside", None, {})
    seen = {(o["metadata"]["name"], port) for m in of_kind(objects, "PodMonitor") for o, port, _ in watched_by(objects, m)}
    assert seen == {("my-kafka", 9404), ("kafka-lag", 9308)}, seen
    for target, port in ((broker, 9404), (lag, 9308)):
        assert may_speak(objects, prometheus, target, port) and not may_speak(objects, stranger, target, port), target.name
    assert may_speak(objects, lag, broker, 9092) and not may_speak(objects, stranger, broker, 9092)
    assert may_speak(objects, broker, outside, 443) and not may_speak(objects, broker, outside, 80) and not may_speak(objects, lag, outside, 443)
    assert not may_speak(objects, broker, stranger, 443)


def kafka_metrics_take_one_line_in_the_lab():
    objects = lab("kafka-metrics")
    check_pods(objects)
    scripts_are_mounted(objects)
    metrics_are_only_for_who_watches(objects)
    opened = checks.flows(ours(objects)) - checks.flows(built(LAB[0]))
    opened = {flow for flow in opened if flow[1:] != ("kafka-lag", 9092)}  # policy my-kafka is about all pods there; nothing listens
    assert opened == {("kafka-lag", "my-kafka", 9092), ("kafka-lag", "dns", 53)}, opened
    kafka, = (o for o in workloads(objects) if app_of(o) == "my-kafka")
    assert value_of(kafka, "CLUSTER_ID") and len(containers(kafka)) == 1


def the_page_may_only_look():
    """In the lab and over TLS: read-only, it reaches the broker, and no pod reaches it."""
    for (overlay, _), component, at, port in ((LAB, "kafka-page", "kafka", 9092), (PRODUCTION, "kafka-page-strimzi", "mall", 9093)):
        objects = with_components(overlay, None, beside=(component,))
        check_pods(objects)
        o, = (w for w in workloads(objects) if app_of(w) == "kafka-page")
        assert value_of(o, "KAFKA_CLUSTERS_0_READONLY") == "true" and value_of(o, "DYNAMIC_CONFIG_ENABLED") == "false"
        page = Pod.of(o)
        assert namespace(o) == at and not page.labels.get("app.kubernetes.io/part-of")
        broker = pod(objects, "my-kafka", "kafka") if at == "kafka" else Pod("strimzi", "mall", {"strimzi.io/name": "mall-kafka"})
        assert may_speak(objects, page, broker, port)
        for who in (Pod("prometheus", "monitoring", {}), Pod("stranger", at, {"app": "x"}), Pod("outside", None, {})):
            assert not may_speak(objects, who, page, 8080), "%s reaches the page" % who.name
            assert not may_speak(objects, page, who, 8080), "the page reaches %s" % who.name
    checks.strimzi_takes_it(objects)
    user, = (u for u in of_kind(objects, "KafkaUser") if name(u) == "kafka-page")
    may = {operation for a in user["spec"]["authorization"]["acls"] for operation in a["operations"]}
    assert may == {"Read", "Describe", "DescribeConfigs"}, may
    assert {e["valueFrom"]["secretKeyRef"]["name"] for e in env_of(o).values() if "valueFrom" in e} == {"kafka-page"}
    cluster, = of_kind(objects, "Kafka")
    assert {"podSelector": {"matchLabels": {"app": "kafka-page"}}} in cluster["spec"]["kafka"]["listeners"][0]["networkPolicyPeers"]


def strimzi_shows_its_metrics():
    """By reporter and exporter, as its own definitions allow; what is there already stays."""
    objects = with_components(*PRODUCTION, beside=("kafka-metrics-strimzi", "kafka-page-strimzi", "keda-strimzi"))
    checks.strimzi_takes_it(objects)
    cluster, = of_kind(objects, "Kafka")
    assert cluster["spec"]["kafka"]["metricsConfig"]["type"] == "strimziMetricsReporter" and cluster["spec"]["kafkaExporter"]["groupRegex"] == ".*"
    plain, = of_kind(built(PRODUCTION[0]), "Kafka")
    assert cluster["spec"]["kafka"]["listeners"][0]["port"] == plain["spec"]["kafka"]["listeners"][0]["port"]
    monitor, = of_kind(objects, "PodMonitor")
    assert monitor["spec"]["selector"]["matchExpressions"][0]["values"] == ["mall-kafka", "mall-kafka-exporter"]
    broken = copy.deepcopy(objects)
    of_kind(broken, "Kafka")[0]["spec"]["kafka"]["metricsConfig"]["values"]["allowlist"] = []
    must_fail(checks.strimzi_takes_it, broken)


def must_fail(check, objects):
    try:
        check(objects)
    except AssertionError:
        return
    raise AssertionError("%s sees nothing" % check.__name__)


def each_check_of_kafka_metrics_fails():
    def policy(objects, called):
        return [p for p in of_kind(objects, "NetworkPolicy") if name(p) == called][0]
    for check, breaks in (
            (scripts_are_mounted, lambda o: containers([w for w in workloads(o) if app_of(w) == "kafka-lag"][0])[0].update(command=["bash"])),
            (scripts_are_mounted, lambda o: [c["data"].pop("start.sh", 0) for c in of_kind(o, "ConfigMap")]),
            (metrics_are_only_for_who_watches, lambda o: policy(o, "kafka-metrics")["spec"]["ingress"].append({})),
            (metrics_are_only_for_who_watches, lambda o: o.remove(policy(o, "kafka-lag"))),
            (metrics_are_only_for_who_watches, lambda o: of_kind(o, "PodMonitor")[0]["spec"]["podMetricsEndpoints"][0].update(port="http"))):
        objects = lab("kafka-metrics")
        breaks(objects)
        must_fail(check, objects)


STORIES = [kafka_metrics_take_one_line_in_the_lab, the_page_may_only_look, strimzi_shows_its_metrics, each_check_of_kafka_metrics_fails]
