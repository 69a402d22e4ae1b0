#!/usr/bin/env python3
"""run - builds deploy/k8s with kustomize and checks the result.

usage: run.py [PART]...      stories whose name contains one of the PARTs

Fetches what it needs once into build/tools. A component has its stories in a file of its own, NAME_stories.py, whose STORIES are told too.
"""
import contextlib
import copy
import importlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import traceback

import tools

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(1, str(tools.TOP / "scripts"))
import ports                                                    # noqa: E402 (lies in scripts/)

if __name__ == "__main__" and pathlib.Path(sys.prefix) != tools.VENV:
    tools.fetch_python()
    tools.fetch_go_tool(*tools.KUSTOMIZE)
    tools.fetch_strimzi()
    tools.fetch_prometheus_operator()
    os.execv(tools.PYTHON, [tools.PYTHON, *sys.argv])

import checks                                                   # noqa: E402
from cluster import INSTANCE, Tree, containers, daemons, labels, name, of_kind, pod_of, selects, workloads  # noqa: E402
from overlays import BUILT, SHOPS, Skipped, built, with_components, words  # noqa: E402

ALL = [checks.schemas, checks.no_name_is_there_twice, checks.nothing_waits_to_start]
WITH_PODS = ALL + [checks.pods_are_restricted, checks.pods_have_no_token_and_no_links, checks.pods_are_limited,
                   checks.selectors_match, checks.settings_exist]
MALL = WITH_PODS + [checks.daemons_have_the_labs_cpu, checks.daemons_are_probed,
                    checks.rollouts_lose_nothing, checks.autoscalers_find_their_deployment, checks.autoscalers_count_no_sidecar,
                    checks.daemons_say_their_version, checks.our_images_have_the_version, checks.values_are_kept_as_they_are, checks.pipelines_may_apply_what_is_labelled, checks.daemons_are_set_up,
                    checks.daemons_have_services, checks.routes_file_is_mounted, checks.routes_lead_to_services,
                    checks.the_console_finds_the_daemons]
OFF = [checks.nothing_can_be_broken]
WITH_FAULTS = [checks.each_daemon_can_be_broken, checks.the_console_finds_who_can_be_broken]
LAB = MALL + OFF + [checks.no_deployment_says_replicas, checks.kubectl_autoscale_finds_no_autoscaler, checks.participants_hosts_resolve, checks.metrics_have_a_port_of_their_own,
              checks.the_console_asks_the_port_of_metrics, checks.references_resolve, checks.bus_is_the_labs, checks.store_is_the_labs, checks.images_are_those_of_make,
              checks.has_lab_prefix]
OVERLAYS = {
    "base": [c for c in MALL if c is not checks.our_images_have_the_version] + OFF + [checks.no_deployment_says_replicas, checks.kubectl_autoscale_finds_no_autoscaler, checks.bus_is_the_labs, checks.references_resolve_but_the_store],
    "kafka": WITH_PODS + [checks.references_resolve, checks.kafka_has_no_prefix, checks.kafka_is_where_it_says, checks.kafka_has_the_paths_that_the_course_types],
    "overlays/lab/shop": LAB,
    "overlays/lab": LAB + [checks.kafka_has_no_prefix, checks.kafka_is_where_it_says, checks.only_the_labs_flows,
                           checks.siege_is_called_as_in_the_course],
    "overlays/production": MALL + OFF + [checks.all_but_the_console_scale, checks.only_the_console_says_replicas, checks.metrics_have_a_port_of_their_own,
                                   checks.the_console_asks_the_port_of_metrics, checks.references_resolve_but_the_store,
                                   checks.only_productions_flows, checks.production_has_a_network_load_balancer, checks.images_are_those_of_make, checks.strimzi_takes_it, checks.strimzi_is_whole,
                                   checks.strimzi_users_may_what_they_do, checks.daemons_reach_strimzi_as_themselves,
                                   checks.no_secret_is_in_production],
}
# ---- stories about changed trees

def another_prefix_reaches_everything():
    with Tree() as tree:
        tree.edit("overlays/lab/shop/kustomization.yaml", "namePrefix: user23-", "namePrefix: team-a7-")
        objects = tree.build("overlays/lab")
        left = [line for line in str(objects).split(",") if "user23" in line]
        assert not left, "still there: %s" % left
        checks.has_prefix(objects, "team-a7-")
        for check in OVERLAYS["overlays/lab"]:
            if check not in (checks.has_lab_prefix, checks.participants_hosts_resolve): # their routes say user23
                check(objects)


def no_name_without_prefix_is_left_in_a_value():
    """The name of a Service without its prefix is a host in no value."""
    objects = built("overlays/lab/shop")
    bare = {name(s)[len("user23-"):] for s in of_kind(objects, "Service")}
    for o in workloads(objects):
        for c in containers(o):
            for e in c.get("env", []):
                hosts = re.findall(r"(?:://|@|host=)([a-z0-9.-]+)", e.get("value") or "") + ([e.get("value")] if e["name"].endswith("_HOST") else [])
                assert not bare & set(hosts), "%s of %s is %s" % (e["name"], name(o), e["value"])


def two_malls_in_one_namespace_do_not_touch():
    with Tree() as tree:
        tree.edit("overlays/lab/shop/kustomization.yaml", "namePrefix: user23-", "namePrefix: user24-")
        both = built("overlays/lab/shop") + tree.build("overlays/lab/shop")
    checks.no_name_is_there_twice(both)
    checks.selectors_match(both)
    for policy in of_kind(both, "NetworkPolicy"):
        about = {name(o)[:7] for o in workloads(both) if selects(policy["spec"]["podSelector"], o["spec"]["template"]["metadata"]["labels"])}
        assert about == {name(policy)[:7]}, "%s is about pods of %s" % (name(policy), about)


def the_topic_is_one_setting_and_the_groups_follow_the_prefix():
    with Tree() as tree:
        tree.edit("overlays/lab/shop/settings.properties", "topic=mall", "topic=user23-mall")
        objects = tree.build("overlays/lab")
        assert checks.bus_of(objects).geturl() == "kafka://my-kafka.kafka.svc.cluster.local:9092/user23-mall"
    for service in checks.SERVICES:
        assert checks.value_of(daemons(objects)[service], "MALL_BUS_GROUP_PREFIX") == "user23-", service


def other_routes_are_another_config_map_and_another_pod():
    def mounted(objects):
        return {v["name"]: v for v in pod_of(daemons(objects)["gateway"])["volumes"]}["routes"]["configMap"]["name"]
    with Tree() as tree:
        tree.edit("base/application.yml", "/orders/**", "/bestellungen/**")
        for overlay in ("base", "overlays/lab", "overlays/production"):
            changed = tree.build(overlay)
            assert mounted(changed) != mounted(built(overlay)), "%s: the same name for other routes" % overlay
            assert "/bestellungen/**" in checks.routes_text(changed)


def traces_take_one_line_and_open_one_way():
    """The component is in no overlay. With it each daemon sends its spans to one place, which it may reach, and nothing else opens."""
    for overlay, shop in SHOPS:
        objects = with_components(overlay, shop, "traces")
        for daemon, o in daemons(objects).items():
            assert checks.value_of(o, "OTEL_EXPORTER_OTLP_ENDPOINT") == "http://jaeger.monitoring.svc.cluster.local:4318", daemon
        assert "{trace}" in checks.value_of(daemons(objects)["frontend"], "MALL_TRACE_URL")
        opened = checks.flows(objects) - checks.flows(built(overlay))
        assert opened == {(daemon, "prometheus", 4318) for daemon in checks.DAEMONS}, opened   # a pod of namespace monitoring
        for check in MALL:
            check(objects)


def faults_take_one_line_and_open_one_way():
    """The component is in no overlay. With it the console reaches every daemon's admin port, and nobody else does."""
    for overlay, shop in SHOPS:
        objects = with_components(overlay, shop, "faults")
        opened = checks.flows(objects) - checks.flows(built(overlay))
        assert opened == {("frontend", daemon, 9091) for daemon in checks.DAEMONS}, sorted(opened)
        for check in MALL + WITH_FAULTS:
            check(objects)
    checks.its_names_are_the_consoles_own(with_components(*SHOPS[1], "faults"))
    checks.has_lab_prefix(with_components(*SHOPS[0], "faults"))


def faults_need_no_port_of_metrics():
    for overlay, shop in SHOPS:
        objects = with_components(overlay, shop, "faults", metrics=False)
        for check in MALL + WITH_FAULTS:
            check(objects)


def an_admin_token_is_every_daemons_and_nobodys_here():
    """The console sends what the others ask for: one Secret, which this tree does not have."""
    for overlay, shop in SHOPS:
        objects = with_components(overlay, shop, "faults", "admin-token")
        for daemon, o in daemons(objects).items():
            mounts = {m["mountPath"]: m for m in containers(o)[0]["volumeMounts"]}
            volumes = {v["name"]: v for v in pod_of(o)["volumes"]}
            folder, _, key = checks.value_of(o, "MALL_ADMIN_TOKEN_FILE").rpartition("/")
            assert volumes[mounts[folder]["name"]]["secret"] == {"secretName": "mall-admin"} and mounts[folder]["readOnly"] and key == "token", daemon
            before = daemons(built(overlay))[daemon]
            assert len(mounts) == len(containers(before)[0].get("volumeMounts", [])) + 1, "%s has lost a mount" % daemon
        assert not [s for s in of_kind(objects, "Secret") if name(s).endswith("mall-admin")]
        for check in MALL + WITH_FAULTS:
            check(objects)


def the_gateway_takes_the_routes():
    """The gateway itself reads them, if it is built, with the pod's environment."""
    gateway = tools.TOP / "build/bin/gateway"
    if not gateway.exists():
        raise Skipped("there is no %s" % gateway)
    for overlay in ("base", "overlays/lab", "overlays/production"):
        objects = built(overlay)
        env = {e["name"]: e["value"] for e in containers(daemons(objects)["gateway"])[0]["env"] if e["name"].endswith("_HOST")}
        file = tools.TOOLS / "application.yml"
        file.write_text(checks.routes_text(objects))
        said = subprocess.run([gateway, "--profile", "docker", "--check-routes", file], env=env, capture_output=True, text=True)
        file.unlink()
        assert said.returncode == 0, said.stdout + said.stderr
        for host in env.values():
            assert "http://%s:8080" % host in said.stdout, "no route to %s:\n%s" % (host, said.stdout)


def listens(address, process, log):
    host, port = address.split(":")
    for _ in range(600):
        assert process.poll() is None, log.read_text()[-2000:]
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return
        time.sleep(0.1)
    raise AssertionError("nothing listens: " + log.read_text()[-2000:])


def the_labs_kafka_starts_with_its_settings():
    """The image's version, from Maven Central, on other addresses. A topic that is created by a first write has six partitions."""
    objects = built("kafka")
    kafka, = workloads(objects)
    version = containers(kafka)[0]["image"].rpartition(":")[2]
    java = ["java", "-Xmx384m", "-cp", "%s/*" % tools.fetch_kafka(version)]
    text, = (c["data"]["server.properties"] for c in of_kind(objects, "ConfigMap") if "server.properties" in c["data"])
    with tempfile.TemporaryDirectory(prefix="mall-kafka-") as place:
        address = "127.0.0.1:%d" % ports.reserve()
        for old, new in (("my-kafka.kafka.svc.cluster.local:9092", address), ("//:9092", "//" + address),
                         ("localhost:9093", "127.0.0.1:%d" % ports.reserve()), ("/var/lib/kafka/data", place)):
            assert old in text, "no %s in\n%s" % (old, text)
            text = text.replace(old, new)
        settings, log = pathlib.Path(place) / "server.properties", pathlib.Path(place) / "said"
        settings.write_text(text)
        cluster = checks.value_of(kafka, "CLUSTER_ID")
        formatted = subprocess.run([*java, "kafka.tools.StorageTool", "format", "--ignore-formatted", "--cluster-id", cluster, "--config", settings],
                                   capture_output=True, text=True)
        assert formatted.returncode == 0, formatted.stdout + formatted.stderr
        with open(log, "wb") as to:
            broker = subprocess.Popen([*java, "kafka.Kafka", settings], stdin=subprocess.DEVNULL, stdout=to, stderr=to)
        try:
            listens(address, broker, log)
            said = subprocess.run(["kcat", "-P", "-b", address, "-t", "mall", "-X", "message.timeout.ms=60000"], input="{}\n", capture_output=True, text=True)
            assert said.returncode == 0, said.stderr + log.read_text()[-2000:]
            said = subprocess.check_output(["kcat", "-L", "-b", address, "-t", "mall"], text=True)
            assert 'topic "mall" with 6 partitions' in said, said
        finally:
            broker.kill()
            broker.wait()


# ---- each check fails where its promise is broken

def at(objects, kind, ending):
    found = [o for o in of_kind(objects, kind) if name(o).endswith(ending)]
    assert found, "no %s %s" % (kind, ending)
    return found[0]


def order(objects):
    return daemons(objects)["order"]


def console(objects):
    return daemons(objects)["frontend"]


def container(objects):
    return containers(order(objects))[0]


def set_env(objects, daemon, variable, value):
    [e for e in containers(daemons(objects)[daemon])[0]["env"] if e["name"] == variable][0]["value"] = value


def drop(objects, kind, ending):
    objects.remove(at(objects, kind, ending))


LAB_DIR, PRODUCTION = "overlays/lab", "overlays/production"
FAULTS, SCALED = "overlays/lab with faults", "overlays/lab with the autoscaler"
BROKEN = [
    (checks.schemas, LAB_DIR, lambda o: order(o)["spec"].update(minReadySecond=1)),
    (checks.schemas, LAB_DIR, lambda o: at(o, "Service", "-order")["spec"]["ports"][0].update(port="8080")),
    (checks.no_name_is_there_twice, LAB_DIR, lambda o: o.append(copy.deepcopy(order(o)))),
    (checks.nothing_waits_to_start, LAB_DIR, lambda o: pod_of(order(o)).update(initContainers=[{"name": "wait-for-kafka"}])),
    (checks.no_deployment_says_replicas, LAB_DIR, lambda o: order(o)["spec"].update(replicas=1)),
    (checks.only_the_console_says_replicas, PRODUCTION, lambda o: order(o)["spec"].update(replicas=2)),
    (checks.only_the_console_says_replicas, PRODUCTION, lambda o: console(o)["spec"].pop("replicas")),
    (checks.pods_are_restricted, LAB_DIR, lambda o: pod_of(order(o))["securityContext"].update(runAsUser=1)),
    (checks.pods_are_restricted, LAB_DIR, lambda o: pod_of(order(o))["securityContext"].pop("seccompProfile")),
    (checks.pods_are_restricted, LAB_DIR, lambda o: pod_of(order(o))["securityContext"].pop("runAsNonRoot")),
    (checks.pods_are_restricted, LAB_DIR, lambda o: container(o)["securityContext"].update(readOnlyRootFilesystem=False)),
    (checks.pods_are_restricted, LAB_DIR, lambda o: container(o)["securityContext"]["capabilities"].update(add=["NET_RAW"])),
    (checks.pods_are_restricted, "kafka", lambda o: containers(workloads(o)[0])[0].pop("securityContext")),
    (checks.pods_have_no_token_and_no_links, LAB_DIR, lambda o: pod_of(order(o)).pop("enableServiceLinks")),
    (checks.pods_have_no_token_and_no_links, LAB_DIR, lambda o: at(o, "ServiceAccount", "-order").pop("automountServiceAccountToken")),
    (checks.daemons_have_the_labs_cpu, LAB_DIR, lambda o: container(o)["resources"]["requests"].update(cpu="100m")),
    (checks.pods_are_limited, "kafka", lambda o: containers(workloads(o)[0])[0]["resources"]["limits"].pop("memory")),
    (checks.daemons_are_probed, LAB_DIR, lambda o: container(o)["readinessProbe"].update(failureThreshold=3)),
    (checks.daemons_are_probed, LAB_DIR, lambda o: container(o)["livenessProbe"]["httpGet"].update(path="/actuator/health")),
    (checks.daemons_are_probed, LAB_DIR, lambda o: container(o).pop("startupProbe")),
    (checks.rollouts_lose_nothing, LAB_DIR, lambda o: order(o)["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=1)),
    (checks.rollouts_lose_nothing, LAB_DIR, lambda o: pod_of(order(o)).update(terminationGracePeriodSeconds=30)),
    (checks.rollouts_lose_nothing, LAB_DIR, lambda o: container(o).pop("lifecycle")),
    (checks.rollouts_lose_nothing, LAB_DIR, lambda o: drop(o, "PodDisruptionBudget", "-order")),
    (checks.rollouts_lose_nothing, LAB_DIR,
     lambda o: pod_of(order(o))["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"].update({INSTANCE: "mall"})),
    (checks.daemons_are_probed, LAB_DIR, lambda o: container(o)["readinessProbe"].update(initialDelaySeconds=10)),
    (checks.autoscalers_find_their_deployment, SCALED, lambda o: at(o, "HorizontalPodAutoscaler", "-order")["spec"]["scaleTargetRef"].update(name="order")),
    (checks.order_scales_as_in_the_lab, SCALED, lambda o: at(o, "HorizontalPodAutoscaler", "-order")["spec"].update(maxReplicas=3)),
    (checks.kubectl_autoscale_finds_no_autoscaler, SCALED, lambda o: None),
    (checks.autoscalers_count_no_sidecar, SCALED,
     lambda o: at(o, "HorizontalPodAutoscaler", "-order")["spec"]["metrics"][0]["containerResource"].update(container="istio-proxy")),
    (checks.autoscalers_count_no_sidecar, PRODUCTION, lambda o: at(o, "HorizontalPodAutoscaler", "order")["spec"]["metrics"][0].update(type="Resource")),
    (checks.daemons_say_their_version, LAB_DIR, lambda o: order(o)["spec"]["template"]["metadata"]["labels"].update(version="0.9")),
    (checks.daemons_say_their_version, LAB_DIR, lambda o: at(o, "Service", "-order")["spec"]["selector"].update(version="1.0.0")),
    (checks.values_are_kept_as_they_are, LAB_DIR, lambda o: set_env(o, "order", "MALL_BUS_GROUP_PREFIX", "")),
    (checks.values_are_kept_as_they_are, LAB_DIR, lambda o: at(o, "NetworkPolicy", "-services-store")["spec"]["egress"][0]["ports"][0].pop("protocol")),
    (checks.pipelines_may_apply_what_is_labelled, PRODUCTION, lambda o: labels(at(o, "KafkaUser", "order")).update(app="order")),
    (checks.kafka_has_the_paths_that_the_course_types, "kafka", lambda o: containers(workloads(o)[0])[0]["volumeMounts"].pop()),
    (checks.kafka_has_the_paths_that_the_course_types, "kafka",
     lambda o: [v["configMap"].pop("defaultMode") for v in pod_of(workloads(o)[0])["volumes"] if v["name"] == "tools"]),
    (checks.strimzi_is_whole, PRODUCTION, lambda o: at(o, "Kafka", "mall")["spec"]["kafka"].pop("version")),
    (checks.strimzi_is_whole, PRODUCTION, lambda o: at(o, "Kafka", "mall")["spec"]["kafka"].pop("rack")),
    (checks.all_but_the_console_scale, PRODUCTION, lambda o: drop(o, "HorizontalPodAutoscaler", "gateway")),
    (checks.settings_exist, LAB_DIR, lambda o: container(o)["env"].append({"name": "MALL_BUS", "value": "x"})),
    (checks.settings_exist, LAB_DIR, lambda o: container(o)["env"].append({"name": "MALL_ROUTES", "value": "x"})),
    (checks.daemons_are_set_up, LAB_DIR, lambda o: set_env(o, "order", "MALL_PROFILE", "default")),
    (checks.daemons_are_set_up, LAB_DIR, lambda o: container(o).pop("volumeMounts")),
    (checks.daemons_are_set_up, LAB_DIR, lambda o: set_env(o, "gateway", "MALL_TRUSTED_PROXIES", "10.0.0.0/8")),
    (checks.daemons_are_set_up, LAB_DIR, lambda o: set_env(o, "order", "MALL_TRUSTED_PROXIES", "none")),
    (checks.metrics_have_a_port_of_their_own, LAB_DIR, lambda o: set_env(o, "order", "MALL_MANAGEMENT_PORT", "9091")),
    (checks.metrics_have_a_port_of_their_own, LAB_DIR, lambda o: set_env(o, "frontend", "MALL_BOOKS_EVERY", "0s")),
    (checks.selectors_match, LAB_DIR, lambda o: at(o, "Service", "-order")["spec"]["selector"].update({INSTANCE: "mall"})),
    (checks.selectors_match, LAB_DIR, lambda o: at(o, "Service", "-order")["spec"]["ports"][0].update(targetPort="web")),
    (checks.selectors_match, LAB_DIR, lambda o: at(o, "PodDisruptionBudget", "-order")["spec"]["selector"]["matchLabels"].update(app="orders")),
    (checks.daemons_have_services, LAB_DIR, lambda o: at(o, "Service", "-gateway")["spec"].pop("type")),
    (checks.daemons_have_services, LAB_DIR, lambda o: at(o, "Service", "-order")["spec"]["ports"][0].update(name="web")),
    (checks.references_resolve, LAB_DIR, lambda o: drop(o, "Secret", "-mall-db")),
    (checks.references_resolve_but_the_store, PRODUCTION, lambda o: drop(o, "ConfigMap", "")),
    (checks.routes_file_is_mounted, LAB_DIR, lambda o: set_env(o, "gateway", "MALL_ROUTES", "/application.yml")),
    (checks.routes_lead_to_services, LAB_DIR, lambda o: set_env(o, "gateway", "ORDER_HOST", "order")),
    (checks.routes_lead_to_services, LAB_DIR, lambda o: set_env(o, "gateway", "ORDER_HOST", "user23-product")),
    (checks.routes_lead_to_services, LAB_DIR, lambda o: set_env(o, "gateway", "FRONTEND_HOST", "frontend")),
    (checks.the_console_finds_the_daemons, LAB_DIR, lambda o: set_env(o, "frontend", "ORDER_HOST", "user23-product")),
    (checks.the_console_finds_the_daemons, LAB_DIR, lambda o: set_env(o, "frontend", "GATEWAY_HOST", "gateway")),
    (checks.the_console_finds_the_daemons, LAB_DIR, lambda o: set_env(o, "frontend", "MALL_SERVICES", "order=http://$(ORDER_HOST):8080")),
    (checks.the_console_finds_the_daemons, LAB_DIR, lambda o: containers(console(o))[0]["env"].reverse()),
    (checks.the_console_asks_the_port_of_metrics, LAB_DIR, lambda o: set_env(o, "frontend", "MALL_SERVICES_MANAGEMENT_PORT", "9091")),
    (checks.the_console_asks_the_port_of_metrics, LAB_DIR, lambda o: at(o, "Service", "-order")["spec"]["ports"].pop()),
    (checks.the_console_asks_the_port_of_metrics, LAB_DIR, lambda o: set_env(o, "frontend", "GATEWAY_HOST", "user23-gateway")),
    (checks.metrics_have_a_port_of_their_own, LAB_DIR, lambda o: at(o, "Service", "-gateway-actuator")["spec"].update(type="NodePort")),
    (checks.participants_hosts_resolve, LAB_DIR, lambda o: drop(o, "Service", "-products")),
    (checks.has_lab_prefix, LAB_DIR, lambda o: at(o, "Service", "-order")["metadata"].update(name="order")),
    (checks.has_lab_prefix, LAB_DIR, lambda o: at(o, "NetworkPolicy", "-dns")["spec"].update(podSelector={"matchLabels": {}})),
    (checks.siege_is_called_as_in_the_course, LAB_DIR, lambda o: drop(o, "Pod", "siege")),
    (checks.siege_is_called_as_in_the_course, LAB_DIR, lambda o: at(o, "Pod", "siege")["metadata"].update(name="user23-siege")),
    (checks.only_the_labs_flows, LAB_DIR, lambda o: drop(o, "NetworkPolicy", "-clients")),
    (checks.only_the_labs_flows, LAB_DIR, lambda o: at(o, "NetworkPolicy", "-clients-metrics")["spec"]["ingress"][0].pop("from")),
    (checks.kafka_has_no_prefix, LAB_DIR, lambda o: at(o, "Service", "my-kafka")["metadata"].update(name="user23-my-kafka")),
    (checks.kafka_is_where_it_says, LAB_DIR, lambda o: at(o, "Service", "my-kafka")["spec"]["ports"][0].update(port=9094)),
    (checks.bus_is_the_labs, LAB_DIR, lambda o: set_env(o, "order", "MALL_BUS_URL", "kafka://kafka:9092/mall")),
    (checks.store_is_the_labs, LAB_DIR, lambda o: at(o, "Secret", "-mall-db")["stringData"].update(url="postgresql:///mall?user=mall&host=postgres")),
    (checks.only_the_labs_flows, LAB_DIR, lambda o: drop(o, "NetworkPolicy", "-default-deny")),
    (checks.only_the_labs_flows, LAB_DIR, lambda o: drop(o, "NetworkPolicy", "-dns")),
    (checks.only_the_labs_flows, LAB_DIR, lambda o: drop(o, "NetworkPolicy", "-services-store")),
    (checks.only_the_labs_flows, LAB_DIR, lambda o: at(o, "NetworkPolicy", "-order")["spec"]["ingress"][0].pop("from")),
    (checks.only_the_labs_flows, LAB_DIR, lambda o: at(o, "NetworkPolicy", "-gateway")["spec"]["egress"][0]["to"].pop(0)),
    (checks.only_the_labs_flows, LAB_DIR, lambda o: drop(o, "NetworkPolicy", "-frontend")),
    (checks.only_the_labs_flows, LAB_DIR, lambda o: drop(o, "NetworkPolicy", "-actuators")),
    (checks.only_the_labs_flows, LAB_DIR, lambda o: drop(o, "NetworkPolicy", "-actuators-asked")),
    (checks.only_the_labs_flows, LAB_DIR, lambda o: at(o, "NetworkPolicy", "-frontend")["spec"]["ingress"][0].pop("from")),
    (checks.production_has_a_network_load_balancer, PRODUCTION, lambda o: at(o, "Service", "gateway")["spec"].pop("loadBalancerClass")),
    (checks.production_has_a_network_load_balancer, PRODUCTION, lambda o: set_env(o, "gateway", "MALL_TRUSTED_PROXIES", "10.0.0.0/8")),
    (checks.only_productions_flows, PRODUCTION, lambda o: drop(o, "NetworkPolicy", "store")),
    (checks.images_are_those_of_make, LAB_DIR, lambda o: container(o).update(image="mall.local/order:latest")),
    (checks.our_images_have_the_version, LAB_DIR, lambda o: container(o).update(image="mall.local/order")),
    (checks.strimzi_takes_it, PRODUCTION, lambda o: at(o, "KafkaNodePool", "node")["spec"].update(role=["broker"])),
    (checks.strimzi_takes_it, PRODUCTION, lambda o: at(o, "KafkaUser", "order")["spec"]["authorization"]["acls"][0].update(operations=["Reed"])),
    (checks.strimzi_takes_it, PRODUCTION, lambda o: at(o, "KafkaTopic", "mall").update(apiVersion="kafka.strimzi.io/v1beta2")),
    (checks.strimzi_is_whole, PRODUCTION, lambda o: at(o, "KafkaNodePool", "node")["spec"].update(replicas=1)),
    (checks.strimzi_is_whole, PRODUCTION, lambda o: at(o, "Kafka", "mall").update(apiVersion="kafka.strimzi.io/v1beta2")),
    (checks.strimzi_is_whole, PRODUCTION, lambda o: drop(o, "KafkaTopic", "error.mall.order")),
    (checks.strimzi_users_may_what_they_do, PRODUCTION, lambda o: at(o, "KafkaUser", "order")["spec"]["authorization"]["acls"].pop()),
    (checks.strimzi_users_may_what_they_do, PRODUCTION,
     lambda o: at(o, "KafkaUser", "frontend")["spec"]["authorization"]["acls"][0]["operations"].append("Write")),
    (checks.daemons_reach_strimzi_as_themselves, PRODUCTION,
     lambda o: [s for v in pod_of(order(o))["volumes"] for s in v.get("projected", {"sources": []})["sources"]][2]["secret"].update(name="product")),
    (checks.daemons_reach_strimzi_as_themselves, PRODUCTION,
     lambda o: [c["data"].update({"client.properties": "security.protocol=ssl\n"}) for c in of_kind(o, "ConfigMap") if "kafka" in name(c)]),
    (checks.strimzi_is_whole, PRODUCTION, lambda o: at(o, "Kafka", "mall")["spec"]["kafka"]["authorization"].update(superUsers=["ANONYMOUS"])),
    (checks.nothing_can_be_broken, PRODUCTION, lambda o: container(o)["env"].append({"name": "MALL_ADMIN_PORT", "value": "9091"})),
    (checks.nothing_can_be_broken, PRODUCTION, lambda o: containers(console(o))[0]["env"].append({"name": "MALL_CONSOLE_FAULTS", "value": "on"})),
    (checks.nothing_can_be_broken, LAB_DIR, lambda o: container(o)["ports"].append({"name": "debug", "containerPort": 9091})),
    (checks.nothing_can_be_broken, LAB_DIR, lambda o: at(o, "Service", "-order")["spec"]["ports"].append({"name": "admin", "port": 9091})),
    (checks.nothing_can_be_broken, LAB_DIR, lambda o: at(o, "NetworkPolicy", "-actuators")["spec"]["ingress"][0]["ports"].append({"port": 9091})),
    (checks.each_daemon_can_be_broken, FAULTS, lambda o: set_env(o, "order", "MALL_ADMIN_PORT", "9092")),
    (checks.each_daemon_can_be_broken, FAULTS, lambda o: set_env(o, "order", "MALL_ADMIN_ADDRESS", "127.0.0.1")),
    (checks.each_daemon_can_be_broken, FAULTS, lambda o: at(o, "Service", "-order-admin")["spec"].pop("publishNotReadyAddresses")),
    (checks.each_daemon_can_be_broken, FAULTS, lambda o: at(o, "Service", "-order-admin")["spec"].pop("clusterIP")),
    (checks.each_daemon_can_be_broken, FAULTS, lambda o: at(o, "Service", "-gateway-admin")["spec"].update(type="NodePort")),
    (checks.the_console_finds_who_can_be_broken, FAULTS, lambda o: set_env(o, "frontend", "MALL_CONSOLE_FAULTS", "off")),
    (checks.the_console_finds_who_can_be_broken, FAULTS, lambda o: set_env(o, "frontend", "ORDER_ADMIN_HOST", "order-admin")),
    (checks.the_console_finds_who_can_be_broken, FAULTS, lambda o: drop(o, "Service", "-product-admin")),
    (checks.its_names_are_the_consoles_own, FAULTS, lambda o: None), # they have a prefix there
    (checks.no_secret_is_in_production, PRODUCTION, lambda o: o.append({"kind": "Secret", "metadata": {"name": "mall-db"}})),
]


def each_check_fails_where_its_promise_is_broken():
    BUILT[FAULTS] = with_components(*SHOPS[0], "faults")
    BUILT[SCALED] = with_components(*SHOPS[0], "autoscaler")
    everything = [*OVERLAYS.values(), WITH_FAULTS, [checks.its_names_are_the_consoles_own]]
    untried = {check for of_overlay in everything for check in of_overlay} - {check for check, _, _ in BROKEN}
    assert not untried, "never seen to fail: %s" % sorted(words(check) for check in untried)
    for number, (check, overlay, harm) in enumerate(BROKEN):
        objects = built(overlay)
        harm(objects)
        try:
            check(objects)
        except AssertionError:
            continue
        raise AssertionError("BROKEN[%d] of %s passes: %s" % (number, overlay, words(check)))


STORIES = [another_prefix_reaches_everything, no_name_without_prefix_is_left_in_a_value, two_malls_in_one_namespace_do_not_touch,
           the_topic_is_one_setting_and_the_groups_follow_the_prefix, other_routes_are_another_config_map_and_another_pod,
           traces_take_one_line_and_open_one_way, faults_take_one_line_and_open_one_way, faults_need_no_port_of_metrics,
           an_admin_token_is_every_daemons_and_nobodys_here, the_gateway_takes_the_routes,
           the_labs_kafka_starts_with_its_settings, each_check_fails_where_its_promise_is_broken]


def stories():
    for overlay, of_overlay in OVERLAYS.items():
        for check in of_overlay:
            yield "%s: %s" % (overlay, words(check)), lambda check=check, overlay=overlay: check(built(overlay))
    for story in STORIES + [story for module in sorted(HERE.glob("*_stories.py")) for story in importlib.import_module(module.stem).STORIES]:
        yield words(story), story


def tell(story):
    """The result, and what went wrong."""
    try:
        story()
        return "ok", ""
    except Skipped as why:
        return "skip", str(why)
    except AssertionError as trouble:
        return "FAIL", str(trouble) or traceback.format_exc()
    except Exception: # noqa: BLE001 - a story that breaks has failed
        return "FAIL", traceback.format_exc()


def main(parts):
    count = {"ok": 0, "FAIL": 0, "skip": 0}
    for story, function in stories():
        if parts and not any(part in story for part in parts):
            continue
        word, trouble = tell(function)
        count[word] += 1
        print(("%s\n" % trouble if trouble else "") + "%-4s k8s: %s" % (word, story), flush=True)
    print("k8s: %d told, %d failed, %d skipped" % (count["ok"] + count["FAIL"], count["FAIL"], count["skip"]))
    return 1 if count["FAIL"] or not count["ok"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
