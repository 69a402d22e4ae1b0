"""monitoring_stories - components/monitoring: one for all malls of a cluster, in namespace monitoring, beside either overlay."""
import copy
import json

import checks
import tools
from cluster import Pod, Tree, containers, daemons, labels, may_speak, name, namespace, of_kind, selects, where
from overlays import SHOPS, built, with_components

MONITORING = "monitoring.coreos.com/"
WITH = {}


def monitored(overlay, shop, *names):
    """The overlay with the component, and with components of the mall."""
    key = overlay, names
    if key not in WITH:
        WITH[key] = with_components(overlay, shop, *names, beside=("monitoring",))
    return copy.deepcopy(WITH[key])


def its_own(objects):
    return [o for o in objects if namespace(o) == "monitoring"]


def monitor_of(objects, called="mall"):
    found, = (m for m in of_kind(objects, "PodMonitor") if name(m) == called)
    return found


def the_operator_takes_it(objects):
    found = [o for o in objects if o["apiVersion"].startswith(MONITORING)]
    assert {o["kind"] for o in found} == set(tools.OPERATOR_KINDS), [where(o) for o in found]
    checks.the_operator_takes_it(objects)


def the_chart_selects_it(objects):
    """By the release's name, where values.yaml does not say that any will do; by the sidecar's label."""
    for o in its_own(objects):
        wanted = ("grafana_dashboard", "1") if o["kind"] == "ConfigMap" else ("release", "kube-prometheus-stack")
        assert labels(o).get(wanted[0]) == wanted[1], "%s has no label %s" % (where(o), wanted[0])


def it_is_no_services_object(objects):
    """Pipelines apply by the label app, with rights that know no custom resources."""
    for o in its_own(objects):
        assert "app" not in labels(o), "%s has a label app" % where(o)
        assert not name(o).startswith("user23-"), "%s has a participant's prefix" % where(o)


def every_daemon_is_asked(objects):
    """On the port that components/metrics opens, and NetworkPolicies let Prometheus in."""
    monitor = monitor_of(objects)
    assert monitor["spec"]["namespaceSelector"] == {"any": True}, monitor["spec"]["namespaceSelector"]
    endpoint, = monitor["spec"]["podMetricsEndpoints"]
    for daemon, o in daemons(objects).items():
        assert selects(monitor["spec"]["selector"], o["spec"]["template"]["metadata"]["labels"]), "%s is not selected" % daemon
        ports = {p["name"]: p["containerPort"] for p in containers(o)[0]["ports"]}
        assert endpoint["port"] in ports, "%s has no port %s" % (daemon, endpoint["port"])
        assert ("prometheus", daemon, ports[endpoint["port"]]) in checks.flows(objects), "Prometheus is not let in to %s" % daemon
    assert endpoint["path"] == "/actuator/prometheus", endpoint["path"]


def its_series_say_whose_they_are(objects):
    """job, mall and service come from labels that the pods have."""
    endpoint, = monitor_of(objects)["spec"]["podMetricsEndpoints"]
    said = {r["targetLabel"]: r.get("sourceLabels", [r.get("replacement")])[0] for r in endpoint["relabelings"]}
    assert said == {"job": "mall", "mall": "__meta_kubernetes_pod_label_app_kubernetes_io_instance", "service": "__meta_kubernetes_pod_label_app"}, said
    for daemon, o in daemons(objects).items():
        pod = o["spec"]["template"]["metadata"]["labels"]
        assert pod["app"] == daemon and pod["app.kubernetes.io/instance"].endswith("mall"), pod


def every_sidecar_is_asked(objects):
    """On the port that Istio gives each sidecar a name for; where sidecars are, NetworkPolicies let Prometheus in."""
    monitor = monitor_of(objects, "mall-mesh")
    assert monitor["spec"]["namespaceSelector"] == {"any": True}, monitor["spec"]["namespaceSelector"]
    endpoint, = monitor["spec"]["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("http-envoy-prom", "/stats/prometheus"), endpoint
    for daemon, o in daemons(objects).items():
        pod = o["spec"]["template"]["metadata"]["labels"]
        assert selects(monitor["spec"]["selector"], pod), "the sidecar of %s is not selected" % daemon
        if pod.get("sidecar.istio.io/inject") == "true":
            assert may_speak(objects, Pod("prometheus", "monitoring", {}), Pod.of(o), 15090), "Prometheus is not let in to the sidecar of %s" % daemon
    said = {r["targetLabel"] for r in endpoint["relabelings"]}
    assert said == {"job", "mall", "service"}, said


def boards_are_whole(objects):
    found = [c for c in of_kind(its_own(objects), "ConfigMap")]
    assert {"mall-board-mall", "mall-board-events", "mall-board-postgres", "mall-board-mesh"} <= {name(c) for c in found}, [name(c) for c in found]
    for c in found:
        (file, text), = c["data"].items()
        assert file.endswith(".json") and json.loads(text)["uid"] and len(text) < 250000, where(c)


def rules_are_whole(objects):
    alerts = [r["alert"] for o in of_kind(objects, "PrometheusRule") for g in o["spec"]["groups"] for r in g["rules"] if "alert" in r]
    pages = {p.stem for p in (tools.TOP / "deploy/monitoring/runbooks").glob("*.md")}
    assert set(alerts) == pages, set(alerts) ^ pages


CHECKS = (the_operator_takes_it, the_chart_selects_it, it_is_no_services_object, every_daemon_is_asked, its_series_say_whose_they_are, every_sidecar_is_asked, boards_are_whole, rules_are_whole)


def with_run():
    import run                                                  # whose MALL holds for every combination; it is the program itself
    return run


def monitoring_takes_one_line_and_changes_nothing_of_the_mall():
    """In both overlays; what is not in namespace monitoring is the same to the letter."""
    for overlay, shop in SHOPS:
        objects = monitored(overlay, shop)
        assert [o for o in objects if namespace(o) != "monitoring"] == built(overlay), overlay
        assert checks.flows(objects) == checks.flows(built(overlay))
        for check in (*with_run().MALL, *CHECKS):
            check(objects)


def monitoring_goes_with_traces_and_faults():
    for overlay, shop in SHOPS:
        objects = monitored(overlay, shop, "traces", "faults")
        for check in (*with_run().MALL, *CHECKS):
            check(objects)


def monitoring_sees_the_sidecars():
    for overlay, shop in SHOPS:
        objects = monitored(overlay, shop, "mesh-sidecar")
        every_sidecar_is_asked(objects)
        objects.remove([p for p in of_kind(objects, "NetworkPolicy") if name(p).endswith("sidecars")][0])
        try:
            every_sidecar_is_asked(objects)
        except AssertionError:
            continue
        raise AssertionError("nobody misses the policy of the sidecars")


def two_malls_of_one_cluster_share_it():
    """Two participants' shops differ in the label that becomes mall, and the one PodMonitor selects both."""
    with Tree() as tree:
        tree.edit("overlays/lab/shop/kustomization.yaml", "namePrefix: user23-", "namePrefix: user24-")
        other = tree.build("overlays/lab/shop")
    objects = monitored(*SHOPS[0])
    instances = set()
    for mall in (objects, other):
        for o in daemons(mall).values():
            pod = o["spec"]["template"]["metadata"]["labels"]
            assert selects(monitor_of(objects)["spec"]["selector"], pod), pod
            instances.add(pod["app.kubernetes.io/instance"])
    assert instances == {"user23-mall", "user24-mall"}, instances


def endpoint_of(objects):
    return monitor_of(objects)["spec"]["podMetricsEndpoints"][0]


def rule_of(objects):
    return of_kind(objects, "PrometheusRule")[0]


def order_pod(objects):
    return daemons(objects)["order"]["spec"]["template"]


BROKEN = (
    (the_operator_takes_it, lambda o: endpoint_of(o).update(ports="metrics")),
    (the_operator_takes_it, lambda o: rule_of(o)["spec"]["groups"][0]["rules"][0].pop("expr")),
    (the_operator_takes_it, lambda o: [o.remove(m) for m in of_kind(o, "PodMonitor")]),
    (the_chart_selects_it, lambda o: labels(rule_of(o)).pop("release")),
    (the_chart_selects_it, lambda o: labels(of_kind(its_own(o), "ConfigMap")[0]).update(grafana_dashboard="yes")),
    (it_is_no_services_object, lambda o: labels(monitor_of(o)).update(app="order")),
    (it_is_no_services_object, lambda o: rule_of(o)["metadata"].update(name="user23-mall")),
    (every_daemon_is_asked, lambda o: monitor_of(o)["spec"].update(namespaceSelector={})),
    (every_daemon_is_asked, lambda o: monitor_of(o)["spec"]["selector"]["matchLabels"].update(app="order")),
    (every_daemon_is_asked, lambda o: endpoint_of(o).update(port="http-metrics")),
    (every_daemon_is_asked, lambda o: endpoint_of(o).update(path="/metrics")),
    (every_daemon_is_asked, lambda o: o.remove([p for p in of_kind(o, "NetworkPolicy") if name(p) == "user23-metrics"][0])),
    (its_series_say_whose_they_are, lambda o: endpoint_of(o)["relabelings"].pop()),
    (its_series_say_whose_they_are, lambda o: order_pod(o)["metadata"]["labels"].update({"app.kubernetes.io/instance": "user23"})),
    (every_sidecar_is_asked, lambda o: monitor_of(o, "mall-mesh")["spec"]["podMetricsEndpoints"][0].update(port="metrics")),
    (every_sidecar_is_asked, lambda o: monitor_of(o, "mall-mesh")["spec"]["selector"]["matchLabels"].update(app="order")),
    (every_sidecar_is_asked, lambda o: o.remove(monitor_of(o, "mall-mesh"))),
    (boards_are_whole, lambda o: o.remove(of_kind(its_own(o), "ConfigMap")[0])),
    (boards_are_whole, lambda o: of_kind(its_own(o), "ConfigMap")[0]["data"].update({"mall-events.json": "{}"})),
    (rules_are_whole, lambda o: rule_of(o)["spec"]["groups"].clear()),
)


def each_check_of_monitoring_fails_where_its_promise_is_broken():
    assert {check for check, _ in BROKEN} == set(CHECKS)
    for number, (check, harm) in enumerate(BROKEN):
        objects = monitored(*SHOPS[0])
        check(objects)
        harm(objects)
        try:
            check(objects)
        except (AssertionError, KeyError, ValueError):
            continue
        raise AssertionError("BROKEN[%d] passes: %s" % (number, check.__name__))


STORIES = [monitoring_takes_one_line_and_changes_nothing_of_the_mall, monitoring_goes_with_traces_and_faults, monitoring_sees_the_sidecars, two_malls_of_one_cluster_share_it,
           each_check_of_monitoring_fails_where_its_promise_is_broken]
