"""The stories of components/tracing: the traces' collector and Jaeger, once for the cluster."""
import copy
import urllib.parse

import checks
import yaml
from cluster import DAEMONS, Pod, app_of, containers, daemons, may_speak, name, namespace, of_kind, pod_of, value_of, workloads
from overlays import SHOPS, built, with_components
from run import MALL

OTHERS = (Pod("prometheus", "monitoring", {"app": "prometheus"}), Pod("grafana", "monitoring", {"app.kubernetes.io/name": "grafana"}),
          Pod("stranger", "default", {"app": "order"}), Pod("dns", "kube-system", {"k8s-app": "kube-dns"}), Pod("outside", None, {}))
PORTS = (53, 443, 4317, 4318, 8080, 9090, 13133, 16685, 16686)


def of_it(objects):
    return {app_of(o): o for o in workloads(objects) if namespace(o) == "monitoring" and app_of(o) in ("traces-collector", "jaeger")}


def settings(objects, app):
    mounted, = (v["configMap"]["name"] for v in pod_of(of_it(objects)[app])["volumes"])
    config, = (o for o in of_kind(objects, "ConfigMap") if (namespace(o), name(o)) == ("monitoring", mounted))
    (_, text), = config["data"].items()
    return yaml.safe_load(text)


def behind(objects, host):
    """The workload that a Service's full name leads to."""
    service, = (o for o in of_kind(objects, "Service") if "%s.%s.svc.cluster.local" % (name(o), namespace(o)) == host)
    found, = checks.pods_of(objects, service)
    return app_of(found), {p["port"] for p in service["spec"]["ports"]}


def spans_come_to_jaeger_through_the_collector(objects):
    for daemon, o in daemons(objects).items():
        url = urllib.parse.urlsplit(value_of(o, "OTEL_EXPORTER_OTLP_ENDPOINT"))
        assert behind(objects, url.hostname)[0] == "traces-collector" and url.port in behind(objects, url.hostname)[1], daemon
    collector = settings(objects, "traces-collector")
    url = urllib.parse.urlsplit(collector["exporters"]["otlp_http"]["endpoint"])
    assert behind(objects, url.hostname)[0] == "jaeger" and url.port in behind(objects, url.hostname)[1], url.geturl()
    for app in ("traces-collector", "jaeger"):
        assert settings(objects, app)["receivers"]["otlp"]["protocols"] == {"http": {"endpoint": "0.0.0.0:4318"}}, app


def one_pod_sees_all_of_a_trace(objects):
    for o in of_it(objects).values():
        assert "replicas" not in o["spec"] and o["spec"]["strategy"] == {"type": "Recreate"}, name(o)


def errors_and_slow_ones_stay(objects):
    collector = settings(objects, "traces-collector")
    policies = {p["type"]: p for p in collector["processors"]["tail_sampling"]["policies"]}
    assert set(policies) == {"status_code", "latency", "probabilistic"} and policies["status_code"]["status_code"]["status_codes"] == ["ERROR"], policies
    assert collector["service"]["pipelines"]["traces"]["processors"] == ["memory_limiter", "tail_sampling", "batch"], "a batch before it would be split traces"


def memory_has_bounds(objects):
    for o in of_it(objects).values():
        own, = containers(o)
        heap, = (e["value"] for e in own["env"] if e["name"] == "GOMEMLIMIT")
        limit = own["resources"]["limits"]["memory"].replace("1Gi", "1024Mi")
        assert int(heap[:-3]) == int(limit[:-2]) * 8 // 10, name(o)
    assert settings(objects, "jaeger")["extensions"]["jaeger_storage"]["backends"]["memory"]["memory"]["max_traces"] <= 20000


def only_its_flows_are_open(objects):
    mine = [Pod.of(o) for o in of_it(objects).values()]
    others = [*(Pod.of(o) for o in workloads(objects) if app_of(o) not in ("traces-collector", "jaeger")), *OTHERS]
    pairs = [(a, b) for a in mine for b in mine + others] + [(a, b) for a in others for b in mine]
    found = {(a.name, b.name, port) for a, b in pairs for port in PORTS if may_speak(objects, a, b, port)}
    wanted = {(daemon, "traces-collector", 4318) for daemon in DAEMONS} | {("traces-collector", "jaeger", 4318), ("traces-collector", "dns", 53),
                                                                           ("grafana", "jaeger", 16686)}
    assert found == wanted, found ^ wanted


CHECKS = [spans_come_to_jaeger_through_the_collector, one_pod_sees_all_of_a_trace, errors_and_slow_ones_stay, memory_has_bounds, only_its_flows_are_open]


def tracing_takes_a_line_of_the_cluster_and_one_of_the_mall():
    """In both overlays, with components/traces, and beside logging. What the malls have is components/traces' alone."""
    for overlay, shop in SHOPS:
        for beside in (("tracing",), ("tracing", "logging")):
            objects = with_components(overlay, shop, "traces", beside=beside)
            for check in MALL + CHECKS:
                check(objects)
        before = {(o["kind"], namespace(o), name(o)): o for o in built(overlay)}
        after = {(o["kind"], namespace(o), name(o)): o for o in with_components(overlay, shop, beside=("tracing",))}
        assert {key: after.get(key) for key in before} == before, "%s: something of the mall's has changed" % overlay
        assert {key[1] for key in after if key not in before} == {"monitoring"}, sorted(set(after) - set(before))
        assert not [key for key in after if key not in before and key[0] == "Namespace"], "the namespace is somebody else's"


def policy(objects, called):
    found, = (o for o in of_kind(objects, "NetworkPolicy") if (namespace(o), name(o)) == ("monitoring", called))
    return found


def service(objects, called):
    found, = (o for o in of_kind(objects, "Service") if name(o) == called)
    return found


def said(objects, old, new):
    found = False
    for o in of_kind(objects, "ConfigMap"):
        for file, text in o.get("data", {}).items():
            if file in ("collector.yaml", "jaeger.yaml") and old in text:
                o["data"][file], found = text.replace(old, new), True
    assert found, old


BROKEN = [
    (spans_come_to_jaeger_through_the_collector, lambda o: service(o, "jaeger")["spec"].update(selector={"app": "jaeger"})),
    (spans_come_to_jaeger_through_the_collector, lambda o: said(o, "http://jaeger-store.", "http://jaeger.")),
    (spans_come_to_jaeger_through_the_collector, lambda o: said(o, "0.0.0.0:4318", "127.0.0.1:4318")),
    (one_pod_sees_all_of_a_trace, lambda o: of_it(o)["traces-collector"]["spec"].update(replicas=2)),
    (errors_and_slow_ones_stay, lambda o: said(o, "- ERROR", "- OK")),
    (errors_and_slow_ones_stay, lambda o: said(o, "        - tail_sampling\n        - batch\n", "        - batch\n        - tail_sampling\n")),
    (memory_has_bounds, lambda o: containers(of_it(o)["jaeger"])[0]["resources"]["limits"].update(memory="512Mi")),
    (only_its_flows_are_open, lambda o: o.remove(policy(o, "jaeger"))),
    (only_its_flows_are_open, lambda o: policy(o, "traces-collector")["spec"]["ingress"][0].pop("from")),
    (only_its_flows_are_open, lambda o: o.remove([p for p in of_kind(o, "NetworkPolicy") if name(p).endswith("traces")][0])),
]


def each_check_of_tracing_fails_where_its_promise_is_broken():
    objects = with_components(*SHOPS[0], "traces", beside=("tracing",))
    untried = set(CHECKS) - {check for check, _ in BROKEN}
    assert not untried, "never seen to fail: %s" % sorted(check.__name__ for check in untried)
    for number, (check, harm) in enumerate(BROKEN):
        broken = copy.deepcopy(objects)
        harm(broken)
        try:
            check(broken)
        except (AssertionError, ValueError):                    # no such workload or Service, or more than one
            continue
        raise AssertionError("BROKEN[%d] passes: %s" % (number, check.__name__))


STORIES = [tracing_takes_a_line_of_the_cluster_and_one_of_the_mall, each_check_of_tracing_fails_where_its_promise_is_broken]
