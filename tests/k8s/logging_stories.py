"""The stories of components/logging: a collector on each node and a store, once for the cluster."""
import copy

import checks
import yaml
from cluster import INSTANCE, Pod, app_of, containers, may_speak, name, namespace, of_kind, pod_of
from overlays import SHOPS, built, with_components
from run import MALL

COMBINED = (("logging",), ("logging", "tracing"))
STRANGERS = (Pod("prometheus", "monitoring", {"app": "prometheus"}), Pod("stranger", "logging", {"app": "x"}), Pod("elsewhere", "default", {"app": "collector"}))
DNS, OUTSIDE = Pod("dns", "kube-system", {"k8s-app": "kube-dns"}), Pod("outside", None, {})
PORTS = (53, 443, 5432, 6443, 8080, 9090, 9092, 9428, 13133)


def ours(objects):
    return [o for o in objects if namespace(o) == "logging" or name(o) in ("logging", "logging-collector")]


def collector(objects):
    found, = of_kind(objects, "DaemonSet")
    return found


def settings(objects):
    """collector.yaml as the pods mount it."""
    volume, = (v for v in pod_of(collector(objects))["volumes"] if v["name"] == "config")
    config, = (o for o in of_kind(objects, "ConfigMap") if (namespace(o), name(o)) == ("logging", volume["configMap"]["name"]))
    assert name(config) != "collector", "no hash in its name: a change would reach no pod"
    return yaml.safe_load(config["data"]["collector.yaml"])


def all_is_there_without_a_prefix(objects):
    there = {(o["kind"], name(o)) for o in ours(objects)}
    assert {("Namespace", "logging"), ("DaemonSet", "collector"), ("StatefulSet", "victoria-logs"), ("Service", "victoria-logs"),
            ("ClusterRole", "logging-collector"), ("ClusterRoleBinding", "logging-collector")} <= there, sorted(there)
    kinds = [o["kind"] for o in objects]
    assert kinds.index("Namespace") < min(kinds.index(kind) for kind in ("DaemonSet", "StatefulSet")), "the namespace comes too late"


def the_collector_may_read_logs_and_no_more(objects):
    pod, (own,) = pod_of(collector(objects)), containers(collector(objects))
    folders = {v["name"]: v["hostPath"]["path"] for v in pod["volumes"] if "hostPath" in v}
    assert folders == {"logs": "/var/log/pods", "positions": "/var/lib/mall-log-collector"}, folders
    mounts = {m["name"]: m for m in own["volumeMounts"]}
    assert mounts["logs"].get("readOnly") is True and mounts["logs"]["mountPath"] == "/var/log/pods", mounts["logs"]
    assert not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC"))
    assert own["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}, own["securityContext"]
    role, = of_kind(objects, "ClusterRole")
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}], role["rules"]
    binding, = of_kind(objects, "ClusterRoleBinding")
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": pod["serviceAccountName"], "namespace": "logging"}], binding["subjects"]
    assert {account["metadata"]["name"] for account in of_kind(objects, "ServiceAccount") if namespace(account) == "logging"} == {"collector", "victoria-logs"}


def only_its_namespace_is_privileged(objects):
    levels = {name(o): o["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") for o in of_kind(objects, "Namespace")}
    assert [n for n, level in levels.items() if level == "privileged"] == ["logging"], levels


def the_collector_is_on_each_node_and_limited(objects):
    pod, (own,) = pod_of(collector(objects)), containers(collector(objects))
    assert pod["tolerations"] == [{"operator": "Exists"}] and pod["priorityClassName"] == "system-node-critical"
    for kind in ("requests", "limits"):
        assert set(own["resources"][kind]) == {"cpu", "memory"}, kind
    heap, = (e["value"] for e in own["env"] if e["name"] == "GOMEMLIMIT")
    assert int(heap[:-3]) == int(own["resources"]["limits"]["memory"][:-2]) * 8 // 10, heap


def nothing_waits_in_its_memory(objects):
    of_it, (own,) = settings(objects), containers(collector(objects))
    pipeline = of_it["service"]["pipelines"]["logs"]
    assert not [p for p in pipeline["processors"] if p.startswith("batch")], "what waits in a batch is lost"
    assert of_it["exporters"]["otlp_http"]["sending_queue"] == {"enabled": False}
    assert of_it["receivers"]["file_log"]["retry_on_failure"] == {"enabled": True, "max_elapsed_time": "0s"}
    assert of_it["receivers"]["file_log"]["storage"] == "file_storage" and "--feature-gates=stanza.synchronousLogEmitter" in own["args"]
    mounts = {m["mountPath"]: m["name"] for m in own["volumeMounts"]}
    assert mounts.get(of_it["extensions"]["file_storage"]["directory"]) == "positions", "positions are gone with the pod"
    assert own["args"][0] == "--config=/etc/collector/collector.yaml" and mounts["/etc/collector"] == "config"


def the_collector_finds_the_store(objects):
    service, = (o for o in of_kind(objects, "Service") if namespace(o) == "logging")
    store, = checks.pods_of(objects, service)
    place = "http://%s.logging.svc.cluster.local:%d/" % (name(service), service["spec"]["ports"][0]["port"])
    assert settings(objects)["exporters"]["otlp_http"]["logs_endpoint"].startswith(place), place
    own, = containers(store)
    claim, = store["spec"]["volumeClaimTemplates"]
    assert {m["name"]: m["mountPath"] for m in own["volumeMounts"]} == {claim["metadata"]["name"]: "/data"} and "-storageDataPath=/data" in own["args"]
    most, = (a for a in own["args"] if a.startswith("-retention.maxDiskSpaceUsageBytes="))
    room = claim["spec"]["resources"]["requests"]["storage"]
    assert int(most.partition("=")[2][:-3]) < int(room[:-2]), "%s in a claim of %s" % (most, room)
    assert any(a.startswith("-retentionPeriod=") for a in own["args"])


def only_its_flows_are_open(objects):
    mine = [Pod.of(o) for o in (collector(objects), *(o for o in of_kind(objects, "StatefulSet") if namespace(o) == "logging"))]
    the_malls = [Pod.of(o) for o in of_kind(objects, "Deployment", "StatefulSet") if namespace(o) != "logging"]
    others = [*the_malls, *STRANGERS, DNS, OUTSIDE]
    pairs = [(a, b) for a in mine for b in mine + others] + [(a, b) for a in others for b in mine]
    found = {(a.name, b.name, port) for a, b in pairs for port in PORTS if may_speak(objects, a, b, port)}
    wanted = {("collector", "victoria-logs", 9428), ("collector", "dns", 53), ("collector", "outside", 443), ("collector", "outside", 6443)}
    assert found - {(a, "gateway", 8080) for a in ("collector", "victoria-logs")} == wanted, found ^ wanted


def images_have_a_version(objects):
    for o in (collector(objects), *(o for o in of_kind(objects, "StatefulSet") if app_of(o) == "victoria-logs")):
        tag = containers(o)[0]["image"].rpartition(":")[2]
        assert tag.strip("v")[0].isdigit(), containers(o)[0]["image"]


def only_the_malls_and_kafka_are_kept(objects):
    """The labels that the filter asks for are those that the malls' pods have."""
    wanted = {label["key"]: label["tag_name"] for label in settings(objects)["processors"]["k8s_attributes"]["extract"]["labels"]}
    condition, = settings(objects)["processors"]["filter"]["logs"]["log_record"]
    assert 'resource.attributes["%s"] != "mall"' % wanted["app.kubernetes.io/part-of"] in condition and INSTANCE in wanted, wanted
    for o in checks.daemons(objects).values():
        assert o["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/part-of"] == "mall", name(o)
    assert "kafka" in condition and wanted["strimzi.io/cluster"] in condition


CHECKS = [checks.schemas, all_is_there_without_a_prefix, the_collector_may_read_logs_and_no_more, only_its_namespace_is_privileged,
          the_collector_is_on_each_node_and_limited, nothing_waits_in_its_memory, the_collector_finds_the_store, only_its_flows_are_open,
          images_have_a_version, only_the_malls_and_kafka_are_kept]


def logging_takes_one_line_and_opens_one_way():
    """In both overlays, alone and with tracing. The malls are what they were."""
    for overlay, shop in SHOPS:
        for beside in COMBINED:
            objects = with_components(overlay, shop, beside=beside)
            for check in MALL + CHECKS:
                check(objects)
        objects = with_components(overlay, shop, beside=("logging",))
        before = {(o["kind"], namespace(o), name(o)): o for o in built(overlay)}
        after = {(o["kind"], namespace(o), name(o)): o for o in objects}
        assert {key: after.get(key) for key in before} == before, "%s: something of the mall's has changed" % overlay
        assert all(o in ours(objects) for key, o in after.items() if key not in before), "%s: more than its own" % overlay


def own(objects):
    return containers(collector(objects))[0]


def store(objects):
    found, = (o for o in of_kind(objects, "StatefulSet") if app_of(o) == "victoria-logs")
    return found


def policy(objects, called):
    found, = (o for o in of_kind(objects, "NetworkPolicy") if (namespace(o), name(o)) == ("logging", called))
    return found


def said(objects, old, new):
    for o in of_kind(objects, "ConfigMap"):
        if "collector.yaml" in o.get("data", {}):
            assert old in o["data"]["collector.yaml"], old
            o["data"]["collector.yaml"] = o["data"]["collector.yaml"].replace(old, new)


BROKEN = [
    (checks.schemas, lambda o: pod_of(collector(o)).update(toleration=[])),
    (all_is_there_without_a_prefix, lambda o: store(o)["metadata"].update(name="user23-victoria-logs")),
    (the_collector_may_read_logs_and_no_more, lambda o: own(o)["volumeMounts"][1].pop("readOnly")),
    (the_collector_may_read_logs_and_no_more, lambda o: pod_of(collector(o))["volumes"][1]["hostPath"].update(path="/var")),
    (the_collector_may_read_logs_and_no_more, lambda o: own(o)["securityContext"].update(privileged=True)),
    (the_collector_may_read_logs_and_no_more, lambda o: of_kind(o, "ClusterRole")[0]["rules"][0]["resources"].append("secrets")),
    (the_collector_may_read_logs_and_no_more, lambda o: of_kind(o, "ClusterRoleBinding")[0]["subjects"][0].update(namespace="default")),
    (only_its_namespace_is_privileged, lambda o: [n for n in of_kind(o, "Namespace") if name(n) == "logging"][0]["metadata"].pop("labels")),
    (the_collector_is_on_each_node_and_limited, lambda o: pod_of(collector(o)).pop("tolerations") and pod_of(collector(o)).update(tolerations=[])),
    (the_collector_is_on_each_node_and_limited, lambda o: own(o)["resources"]["limits"].update(memory="256Mi")),
    (nothing_waits_in_its_memory, lambda o: own(o)["args"].pop()),
    (nothing_waits_in_its_memory, lambda o: said(o, "        - filter\n", "        - filter\n        - batch\n")),
    (nothing_waits_in_its_memory, lambda o: said(o, "      enabled: false\n    retry", "      enabled: true\n    retry")),
    (nothing_waits_in_its_memory, lambda o: own(o)["volumeMounts"][2].update(mountPath="/tmp/positions")),
    (the_collector_finds_the_store, lambda o: said(o, "victoria-logs.logging", "victoria-logs.monitoring")),
    (the_collector_finds_the_store, lambda o: store(o)["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"].update(storage="8Gi")),
    (only_its_flows_are_open, lambda o: o.remove(policy(o, "default-deny"))),
    (only_its_flows_are_open, lambda o: policy(o, "victoria-logs")["spec"]["ingress"][0].pop("from")),
    (only_its_flows_are_open, lambda o: policy(o, "collector")["spec"]["egress"].pop(1)),
    (images_have_a_version, lambda o: own(o).update(image="docker.io/otel/opentelemetry-collector-contrib:latest")),
    (only_the_malls_and_kafka_are_kept, lambda o: said(o, '!= "mall"', '!= "shop"')),
]


def each_check_of_logging_fails_where_its_promise_is_broken():
    objects = with_components(*SHOPS[0], beside=("logging",))
    untried = set(CHECKS) - {check for check, _ in BROKEN}
    assert not untried, "never seen to fail: %s" % sorted(check.__name__ for check in untried)
    for number, (check, harm) in enumerate(BROKEN):
        broken = copy.deepcopy(objects)
        harm(broken)
        try:
            check(broken)
        except AssertionError:
            continue
        raise AssertionError("BROKEN[%d] passes: %s" % (number, check.__name__))


STORIES = [logging_takes_one_line_and_opens_one_way, each_check_of_logging_fails_where_its_promise_is_broken]
