"""checks - what deploy/k8s promises, checked on what kustomize builds. Each check takes the objects and raises AssertionError."""
import collections
import re
import urllib.parse

import jsonschema
import kubernetes_validate
import yaml

import tools
from cluster import (DAEMONS, INSTANCE, ON_THE_BUS, SERVICES, TOP, Pod, app_of, containers, daemons, env_of, labels, may_speak, name, namespace,
                     of_kind, pod_of, selects, value_of, where, workloads)

KUBERNETES = ("1.34", "1.35", "1.36")
STRIMZI = set(tools.STRIMZI_KINDS)
GRACE = 27  # GRACE_MS of common/service/daemon.c: a daemon ends within that time


def schemas(objects):
    for o in objects:
        if o["apiVersion"].startswith(("kafka.strimzi.io/", "monitoring.coreos.com/")):
            continue # strimzi_takes_it, and monitoring_stories.py
        for version in KUBERNETES:
            try:
                kubernetes_validate.validate(o, version, strict=True)
            except kubernetes_validate.ValidationError as e:
                raise AssertionError("%s, %s: %s: %s" % (where(o), version, ".".join(map(str, e.path)), e.message))
            except kubernetes_validate.SchemaNotFoundError as e:
                raise AssertionError(e.message)


def no_name_is_there_twice(objects):
    seen = collections.Counter((o["apiVersion"], o["kind"], o["metadata"].get("namespace"), name(o)) for o in objects)
    twice = [key for key, count in seen.items() if count > 1]
    assert not twice, twice


def no_deployment_says_replicas(objects):
    for o in of_kind(objects, "Deployment"):
        assert "replicas" not in o["spec"], "%s: replicas %s undo the autoscaler when applied again" % (where(o), o["spec"]["replicas"])


def only_the_console_says_replicas(objects):
    """Nothing scales it, so that no number of its is undone."""
    said = {app_of(o): o["spec"]["replicas"] for o in of_kind(objects, "Deployment") if "replicas" in o["spec"]}
    assert said == {"frontend": 2}, said


def nothing_waits_to_start(objects):
    for o in workloads(objects):
        assert not pod_of(o).get("initContainers"), "%s has initContainers" % where(o)


def image_user():
    user = re.findall(r"^USER (\d+)(?::(\d+))?$", (TOP / "Dockerfile.template").read_text(), re.M)
    assert user, "Dockerfile.template has no numeric USER"
    return int(user[-1][0])


def pods_are_restricted(objects):
    for o in workloads(objects):
        pod, of_pod = pod_of(o), pod_of(o).get("securityContext", {})
        assert of_pod.get("runAsNonRoot") is True, "%s: runAsNonRoot" % where(o)
        assert of_pod.get("runAsUser", 0) > 0 and of_pod.get("runAsGroup", 0) > 0, "%s: a numeric user and group" % where(o)
        assert of_pod.get("seccompProfile") == {"type": "RuntimeDefault"}, "%s: seccomp" % where(o)
        assert not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")), where(o)
        for c in containers(o):
            own = c.get("securityContext", {})
            assert own.get("allowPrivilegeEscalation") is False, "%s: allowPrivilegeEscalation" % where(o)
            assert own.get("readOnlyRootFilesystem") is True, "%s: readOnlyRootFilesystem" % where(o)
            assert own.get("capabilities") == {"drop": ["ALL"]}, "%s: capabilities" % where(o)
            assert "privileged" not in own and "runAsUser" not in own, where(o)
            if c["image"].startswith("mall.local/"):
                assert of_pod["runAsUser"] == image_user(), "%s: user %s, the image's is %s" % (where(o), of_pod["runAsUser"], image_user())
        for volume in pod.get("volumes", []):
            assert set(volume) & {"emptyDir", "configMap", "secret", "projected"}, "%s: volume %s" % (where(o), volume["name"])


def pods_have_no_token_and_no_links(objects):
    accounts = {(namespace(o), name(o)): o for o in of_kind(objects, "ServiceAccount")}
    for o in workloads(objects):
        assert pod_of(o).get("automountServiceAccountToken") is False, "%s: a token" % where(o)
        assert pod_of(o).get("enableServiceLinks") is False, "%s: enableServiceLinks" % where(o)
        account = accounts.get((namespace(o), pod_of(o).get("serviceAccountName")))
        assert account, "%s: no ServiceAccount %s" % (where(o), pod_of(o).get("serviceAccountName"))
        assert account.get("automountServiceAccountToken") is False, "%s: a token" % where(account)


def pods_are_limited(objects):
    for o in workloads(objects):
        for c in containers(o):
            for kind in ("requests", "limits"):
                assert set(c.get("resources", {}).get(kind, {})) == {"cpu", "memory"}, "%s: %s" % (where(o), kind)


def daemons_have_the_labs_cpu(objects):
    for o in daemons(objects).values():
        of_it = containers(o)[0]["resources"]
        assert (of_it["requests"]["cpu"], of_it["limits"]["cpu"]) == ("200m", "500m"), "%s: CPU" % where(o)


def figures(probe):
    return [probe.get(key) for key in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold")]


def daemons_are_probed(objects):
    for o in daemons(objects).values():
        c = containers(o)[0]
        for kind, group, wanted in (("readinessProbe", "readiness", [None, 2, 5, 10]), ("livenessProbe", "liveness", [120, 2, 5, 5]),
                                    ("startupProbe", "liveness", None)):
            assert kind in c, "%s has no %s" % (where(o), kind)
            asked = c[kind]["httpGet"]
            assert asked == {"path": "/actuator/health/" + group, "port": "http"}, "%s: %s asks %s" % (where(o), kind, asked)
            assert wanted is None or figures(c[kind]) == wanted, "%s: %s is %s" % (where(o), kind, figures(c[kind]))
        assert {"name": "http", "containerPort": 8080} in c["ports"], "%s: port http" % where(o)
        health = (TOP / "common/service/actuator.c").read_text()
        for group in ("readiness", "liveness"):
            assert '{"health/%s", %s, true' % (group, group) in health, "the daemons have no %s on the main port" % group


def rollouts_lose_nothing(objects):
    budgets = of_kind(objects, "PodDisruptionBudget")
    for o in daemons(objects).values():
        c, pod, template = containers(o)[0], pod_of(o), o["spec"]["template"]["metadata"]["labels"]
        update = o["spec"].get("strategy", {}).get("rollingUpdate", {})
        assert update.get("maxUnavailable") == 0 and update.get("maxSurge"), "%s: maxUnavailable" % where(o)
        assert o["spec"].get("minReadySeconds"), "%s: minReadySeconds" % where(o)
        sleep = c.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert sleep, "%s: preStop sleep" % where(o)
        assert pod.get("terminationGracePeriodSeconds", 30) >= sleep + GRACE + 3, "%s: terminationGracePeriodSeconds" % where(o)
        assert any(selects(b["spec"]["selector"], template) for b in budgets), "%s has no PodDisruptionBudget" % where(o)
        spread = pod.get("topologySpreadConstraints") or []
        assert spread, "%s: topology spread" % where(o)
        assert all(selects(s["labelSelector"], template) for s in spread), "%s: its spread counts other pods" % where(o)
        assert c.get("terminationMessagePolicy") == "FallbackToLogsOnError", "%s: terminationMessagePolicy" % where(o)


def autoscalers(objects):
    return {name(o): o for o in of_kind(objects, "HorizontalPodAutoscaler")}


def autoscalers_find_their_deployment(objects):
    deployments = {name(o): o for o in of_kind(objects, "Deployment")}
    for hpa in autoscalers(objects).values():
        target = deployments.get(hpa["spec"]["scaleTargetRef"]["name"])
        assert hpa["apiVersion"] == "autoscaling/v2" and target, "%s: its target" % where(hpa)
        assert name(hpa) == name(target), "%s: not as `kubectl autoscale` would call it" % where(hpa)
        assert all("cpu" in c["resources"]["requests"] for c in containers(target)), "%s: no request for CPU" % where(target)
    aimed = [hpa["spec"]["scaleTargetRef"]["name"] for hpa in autoscalers(objects).values()]
    assert len(aimed) == len(set(aimed)), "two autoscalers of one Deployment"


def bounds(hpa):
    cpu = hpa["spec"]["metrics"][0]["containerResource"]
    return hpa["spec"]["minReplicas"], hpa["spec"]["maxReplicas"], cpu["name"], cpu["target"].get("averageUtilization")


def autoscalers_count_no_sidecar(objects):
    """A sidecar that a mesh injects has a request of its own, which would be counted with type Resource."""
    for hpa in autoscalers(objects).values():
        for metric in hpa["spec"]["metrics"]:
            target = {name(o): o for o in of_kind(objects, "Deployment")}[hpa["spec"]["scaleTargetRef"]["name"]]
            assert metric["type"] == "ContainerResource" and metric["containerResource"]["container"] == app_of(target), \
                "%s: %s" % (where(hpa), metric)


def kubectl_autoscale_finds_no_autoscaler(objects):
    """The course types `kubectl autoscale deploy user23-order ...`, which makes no second one."""
    assert not autoscalers(objects), sorted(autoscalers(objects))


def order_scales_as_in_the_lab(objects):
    order = name(daemons(objects)["order"])
    assert list(autoscalers(objects)) == [order], "autoscalers: %s" % list(autoscalers(objects))
    assert bounds(autoscalers(objects)[order]) == (1, 10, "cpu", 15), bounds(autoscalers(objects)[order])


def daemons_say_their_version(objects):
    """In a label of the pods that no selector of ours has, for a mesh's subsets and for tables."""
    version = re.search(r"^VERSION := (\S+)", (TOP / "Makefile").read_text(), re.M)[1]
    for o in daemons(objects).values():
        assert o["spec"]["template"]["metadata"]["labels"].get("version") == version, "%s: label version" % where(o)
        assert "version" not in o["spec"]["selector"]["matchLabels"], "%s: another version could not be applied" % where(o)
    for o in of_kind(objects, "Service", "PodDisruptionBudget", "NetworkPolicy"):
        assert "'version'" not in str(o["spec"]), "%s selects a version" % where(o)


def values_are_kept_as_they_are(objects):
    """The API server drops an empty value and adds a missing protocol, so that each apply would call the object changed."""
    for o in workloads(objects):
        empty = [e["name"] for c in containers(o) for e in c.get("env", []) if e.get("value") == ""]
        assert not empty, "%s: %s" % (where(o), empty)
    for o in of_kind(objects, "NetworkPolicy"):
        bare = [port for way in ("ingress", "egress") for rule in o["spec"].get(way, []) for port in rule.get("ports", []) if "protocol" not in port]
        assert not bare, "%s: %s" % (where(o), bare)


BUILT_IN = ("apps", "autoscaling", "batch", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io", "v1")


def pipelines_may_apply_what_is_labelled(objects):
    """A pipeline applies `-l app=order`, and AmazonEKSEditPolicy knows no custom resources."""
    for o in objects:
        assert o["apiVersion"].split("/")[0] in BUILT_IN or "app" not in labels(o), "%s has label app" % where(o)


def all_but_the_console_scale(objects):
    assert set(autoscalers(objects)) == {*SERVICES, "gateway"}, "autoscalers: %s" % sorted(autoscalers(objects))
    for hpa in autoscalers(objects).values():
        least, most, _, _ = bounds(hpa)
        assert least >= 2 and most > least, "%s: %d to %d" % (where(hpa), least, most)
    assert bounds(autoscalers(objects)["order"])[1] > 10, "order's is no larger than the lab's"


def settings_of(daemon):
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in (TOP / "docs/settings.md").read_text().split("\n") if line.startswith("| `MALL_")]
    known = {row[0].strip("`") for row in rows if daemon in re.split(r"[, ]+", row[3])}
    assert known, "docs/settings.md has no settings of %s" % daemon
    return known


def settings_exist(objects):
    for o in workloads(objects):
        used = {e for e in env_of(o) if e.startswith("MALL_")}
        known = settings_of(app_of(o)) if app_of(o) in DAEMONS else set()
        assert used <= known, "%s: no setting of its is called %s" % (where(o), sorted(used - known))


def daemons_are_set_up(objects):
    for daemon, o in daemons(objects).items():
        assert value_of(o, "MALL_PROFILE") == "docker", where(o)
        believed = value_of(o, "MALL_TRUSTED_PROXIES")
        assert believed == "none" if daemon == "gateway" else "10.0.0.0/8" in believed, "%s: %s may say who the client is" % (where(o), believed)
        if daemon in ON_THE_BUS:
            assert re.fullmatch(r"kafka://[a-z0-9.-]+:\d+/[a-z0-9._-]+", value_of(o, "MALL_BUS_URL")), value_of(o, "MALL_BUS_URL")
        if daemon in SERVICES:
            url = env_of(o)["MALL_DB_URL"]
            assert url.get("valueFrom", {}).get("secretKeyRef", {}).get("key") == "url", "%s: MALL_DB_URL is no Secret's" % where(o)
            assert not url["valueFrom"]["secretKeyRef"].get("optional"), "%s: a missing Secret would not show" % where(o)
            mounts = {m["mountPath"]: m["name"] for m in containers(o)[0].get("volumeMounts", [])}
            assert "/data" in mounts, "%s: MALL_DATA_DIR, /data, is not writable" % where(o)


def places(o, variable="MALL_SERVICES"):
    """NAME=URL,... as the kubelet gives it: $(NAME) is a variable that stands before it."""
    known = {}
    for e in containers(o)[0]["env"]:
        known[e["name"]] = re.sub(r"\$\((\w+)\)", lambda m: known.get(m[1], m[0]), e.get("value", ""))
    return dict(place.split("=", 1) for place in known[variable].split(","))


def the_console_finds_the_daemons(objects):
    console = daemons(objects)["frontend"]
    found = places(console)
    assert set(found) == set(DAEMONS) - {"frontend"}, found
    for daemon, url in found.items():
        assert daemon_behind(objects, urllib.parse.urlsplit(url)) == daemon, "%s is at %s" % (daemon, url)


def the_console_asks_the_port_of_metrics(objects):
    """By the same names with another port, so that the Services must have it."""
    console = daemons(objects)["frontend"]
    port = value_of(console, "MALL_SERVICES_MANAGEMENT_PORT")
    assert {value_of(o, "MALL_MANAGEMENT_PORT") for o in daemons(objects).values()} == {port}, port
    for daemon, url in places(console).items():
        actuator = urllib.parse.urlsplit(url.replace(":8080", ":" + port))
        assert daemon_behind(objects, actuator) == daemon, "%s's actuator is at %s" % (daemon, actuator.geturl())


def metrics_have_a_port_of_their_own(objects):
    """And the books are audited for them while nobody looks."""
    assert value_of(daemons(objects)["frontend"], "MALL_BOOKS_EVERY") == "5min", "an alert on the books would never come"
    for o in daemons(objects).values():
        port = value_of(o, "MALL_MANAGEMENT_PORT")
        assert {"name": "metrics", "containerPort": int(port)} in containers(o)[0]["ports"], "%s: port metrics is not %s" % (where(o), port)
    for service in of_kind(objects, "Service"):
        shown = any(p["name"] == "metrics" or p["port"] == 9090 for p in service["spec"]["ports"])
        assert not shown or service["spec"].get("type", "ClusterIP") == "ClusterIP", "%s shows the metrics outside" % where(service)


def nothing_can_be_broken(objects):
    """No admin listener, and no way to one: faults are a component that nobody has without asking for it."""
    for o in daemons(objects).values():
        known = [variable for variable in env_of(o) if "ADMIN" in variable or variable == "MALL_CONSOLE_FAULTS"]
        assert not known, "%s has %s" % (where(o), known)
        assert not [p for p in containers(o)[0]["ports"] if p["name"] == "admin" or p["containerPort"] == 9091], "%s has an admin port" % where(o)
    for o in of_kind(objects, "Service", "NetworkPolicy"):
        assert "9091" not in str(o["spec"]), "%s leads to an admin port" % where(o)


def each_daemon_can_be_broken(objects):
    for o in daemons(objects).values():
        port = value_of(o, "MALL_ADMIN_PORT")
        assert value_of(o, "MALL_ADMIN_ADDRESS") == "0.0.0.0", "%s: on its loopback the console does not reach it" % where(o)
        assert {"name": "admin", "containerPort": int(port)} in containers(o)[0]["ports"], "%s: port admin is not %s" % (where(o), port)
    for service in of_kind(objects, "Service"):
        ports = [p["name"] for p in service["spec"]["ports"]]
        if "admin" in ports:
            assert ports == ["admin"] and service["spec"].get("clusterIP") == "None", "%s: not all pods by their addresses, or more" % where(service)
            assert service["spec"].get("publishNotReadyAddresses") is True, "%s: a pod that a fault made unready cannot be mended" % where(service)
            assert service["spec"].get("type", "ClusterIP") == "ClusterIP", "%s is open to the outside" % where(service)


def the_console_finds_who_can_be_broken(objects):
    console = daemons(objects)["frontend"]
    found = places(console, "MALL_ADMIN_SERVICES")
    assert value_of(console, "MALL_CONSOLE_FAULTS") == "on" and set(found) == set(DAEMONS), found
    for daemon, url in found.items():
        assert daemon_behind(objects, urllib.parse.urlsplit(url)) == daemon, "%s is at %s" % (daemon, url)


def its_names_are_the_consoles_own(objects):
    """Without a prefix they are those that MALL_ADMIN_SERVICES has by itself in profile docker."""
    own = re.search(r"define ADMIN_DOCKER((?:.*\\\n)*.*)", (TOP / "frontend/services.h").read_text())[1]
    wanted = dict(place.split("=", 1) for place in "".join(re.findall(r'"(.*)"', own)).split(","))
    assert places(daemons(objects)["frontend"], "MALL_ADMIN_SERVICES") == wanted, wanted


def pods_of(objects, service):
    return [o for o in workloads(objects) if namespace(o) == namespace(service)
            and selects({"matchLabels": service["spec"]["selector"]}, o["spec"]["template"]["metadata"]["labels"])]


def selectors_match(objects):
    for o in workloads(objects):
        assert selects(o["spec"]["selector"], o["spec"]["template"]["metadata"]["labels"]), "%s does not select its pods" % where(o)
        others = [p for p in workloads(objects) if p["metadata"] is not o["metadata"] and namespace(p) == namespace(o)
                  and selects(o["spec"]["selector"], p["spec"]["template"]["metadata"]["labels"])]
        assert not others, "%s selects the pods of %s too" % (where(o), list(map(where, others)))
    for service in of_kind(objects, "Service"):
        found = pods_of(objects, service)
        assert len(found) == 1, "%s selects %s" % (where(service), list(map(where, found)))
        ports = {p["name"]: p["containerPort"] for c in containers(found[0]) for p in c.get("ports", [])}
        for port in service["spec"]["ports"]:
            assert ports.get(port["targetPort"]) == port["port"], "%s: port %s" % (where(service), port)
    for budget in of_kind(objects, "PodDisruptionBudget"):
        found = [o for o in workloads(objects) if selects(budget["spec"]["selector"], o["spec"]["template"]["metadata"]["labels"])]
        assert len(found) == 1, "%s selects %s" % (where(budget), list(map(where, found)))


def daemons_have_services(objects):
    for daemon, o in daemons(objects).items():
        service = {name(s): s for s in of_kind(objects, "Service")}.get(name(o))
        assert service, "there is no Service %s" % name(o)
        assert [(p["name"], p["port"]) for p in service["spec"]["ports"] if p["name"] != "metrics"] == [("http", 8080)], \
            "%s: %s" % (where(service), service["spec"]["ports"])
        kind = service["spec"].get("type", "ClusterIP")
        assert kind == ("LoadBalancer" if daemon == "gateway" else "ClusterIP"), "%s is a %s" % (where(service), kind)


def production_has_a_network_load_balancer(objects):
    """It keeps the client's address, hence the gateway believes no peer about it; the daemon stays behind the port that it had."""
    service = {name(s): s for s in of_kind(objects, "Service")}["gateway"]
    said = {k.rpartition("/")[2].removeprefix("aws-load-balancer-"): v for k, v in service["metadata"]["annotations"].items()}
    assert service["spec"].get("loadBalancerClass") == "service.k8s.aws/nlb" and service["spec"]["loadBalancerSourceRanges"], service["spec"]
    assert said["nlb-target-type"] == "ip" and "preserve_client_ip.enabled=true" in said["target-group-attributes"], said
    assert value_of(daemons(objects)["gateway"], "MALL_TRUSTED_PROXIES") == "none", "its peers are the clients"
    asked = said["healthcheck-port"], said["healthcheck-path"]
    assert asked == ("8080", containers(daemons(objects)["gateway"])[0]["readinessProbe"]["httpGet"]["path"]), asked


def references(o):
    """(kind, name) of each object that a workload cannot start without."""
    for volume in pod_of(o).get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "secret" in volume and not volume["secret"].get("optional"):
            yield "Secret", volume["secret"]["secretName"]
        for source in volume.get("projected", {}).get("sources", []):
            for key, kind in (("secret", "Secret"), ("configMap", "ConfigMap")):
                if key in source:
                    yield kind, source[key]["name"]
    for e in env_of(o).values():
        for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            if key in e.get("valueFrom", {}):
                yield kind, e["valueFrom"][key]["name"]
    if o["kind"] == "StatefulSet":
        yield "Service", o["spec"]["serviceName"]


def references_resolve(objects, from_elsewhere=()):
    there = {(o["kind"], namespace(o), name(o)) for o in objects}
    for o in workloads(objects):
        for kind, wanted in references(o):
            assert (kind, namespace(o), wanted) in there or wanted in from_elsewhere, "%s: there is no %s %s" % (where(o), kind, wanted)


def references_resolve_but_the_store(objects):
    """Elsewhere are the store's Secret, which its owner creates, and those that Strimzi creates."""
    references_resolve(objects, ["mall-db", *strimzi(objects, "KafkaUser"), *(c + "-cluster-ca-cert" for c in strimzi(objects, "Kafka"))])


def routes_text(objects):
    volumes = {v["name"]: v for v in pod_of(daemons(objects)["gateway"])["volumes"]}
    wanted = volumes["routes"]["configMap"]["name"]
    found = [o for o in of_kind(objects, "ConfigMap") if name(o) == wanted]
    assert found, "there is no ConfigMap %s" % wanted
    return found[0]["data"]["application.yml"]


def routes_file_is_mounted(objects):
    gateway = daemons(objects)["gateway"]
    mounts = {m["name"]: m["mountPath"] for m in containers(gateway)[0]["volumeMounts"]}
    assert value_of(gateway, "MALL_ROUTES") == mounts["routes"] + "/application.yml", value_of(gateway, "MALL_ROUTES")
    assert re.fullmatch(r".*gateway-routes-[a-z0-9]{10}", {v["name"]: v for v in pod_of(gateway)["volumes"]}["routes"]["configMap"]["name"]), \
        "no hash in the ConfigMap's name"


def uris(text, env):
    """The URI of each route, in profile docker or none, with ${NAME:default} replaced as in the pod's environment."""
    text = re.sub(r"\$\{(\w+):([^}]*)\}", lambda m: env.get(m[1], m[2]), text)
    routes = {}
    for document in yaml.safe_load_all(text):
        spring = (document or {}).get("spring", {})
        if spring.get("profiles", "docker") == "docker":
            for route in spring.get("cloud", {}).get("gateway", {}).get("routes", []):
                routes[route["id"]] = urllib.parse.urlsplit(route["uri"])
    assert routes, "no routes"
    return routes


def daemon_behind(objects, uri):
    services = {name(s): s for s in of_kind(objects, "Service")}
    assert uri.hostname in services, "there is no Service %s" % uri.hostname
    service = services[uri.hostname]
    assert uri.port in [p["port"] for p in service["spec"]["ports"]], "%s has no port %s" % (where(service), uri.port)
    return app_of(pods_of(objects, service)[0])


def routes_lead_to_services(objects):
    gateway = daemons(objects)["gateway"]
    env = {n: e.get("value", "") for n, e in env_of(gateway).items()}
    routes = uris(routes_text(objects), env)
    assert set(routes) == {*SERVICES, "frontend"}, sorted(routes)
    for route, uri in routes.items():
        assert daemon_behind(objects, uri) == route, "route %s leads to %s" % (route, uri.hostname)


def participants_routes():
    shared = TOP.parent / "shared/wire/application.yml"
    return uris((shared if shared.exists() else TOP / "tests/wire/application.yml").read_text(), {})


def participants_hosts_resolve(objects):
    routes = participants_routes()
    assert len(routes) >= 4, routes
    for route, uri in routes.items():
        assert route == "frontend" or daemon_behind(objects, uri) == route, "route %s leads to %s" % (route, uri.hostname)


def has_prefix(objects, prefix):
    """In the name of every object outside of namespace kafka, and in every selector of the mall."""
    mall = [o for o in objects if namespace(o) != "kafka" and o["kind"] != "Namespace" and labels(o).get("app") != "siege"]
    assert mall
    for o in mall:
        assert name(o).startswith(prefix), "%s has no prefix" % where(o)
        assert labels(o).get(INSTANCE) == prefix + "mall", "%s is of %s" % (where(o), labels(o).get(INSTANCE))
    for o in of_kind(mall, "NetworkPolicy"):
        assert o["spec"]["podSelector"]["matchLabels"].get(INSTANCE) == prefix + "mall", "%s is about others' pods" % where(o)


def siege_is_called_as_in_the_course(objects):
    """`kubectl exec -it siege -- ...` names a pod."""
    pods = {name(o): o for o in of_kind(objects, "Pod")}
    assert list(pods) == ["siege"] and namespace(pods["siege"]) == "default", list(pods)
    assert INSTANCE not in labels(pods["siege"]), "of one participant's mall alone"


def has_lab_prefix(objects):
    has_prefix(objects, "user23-")


def kafka_has_no_prefix(objects):
    kafka = [o for o in objects if namespace(o) == "kafka" or o["kind"] == "Namespace"]
    assert {("Namespace", "kafka"), ("StatefulSet", "my-kafka"), ("Service", "my-kafka")} <= {(o["kind"], name(o)) for o in kafka}, \
        [where(o) for o in kafka]


def kafka_is_where_it_says(objects):
    service = [o for o in of_kind(objects, "Service") if namespace(o) == "kafka"][0]
    place = "%s.kafka.svc.cluster.local:%d" % (name(service), service["spec"]["ports"][0]["port"])
    config, = (o["data"]["server.properties"] for o in of_kind(objects, "ConfigMap") if "server.properties" in o["data"])
    properties = dict(line.split("=", 1) for line in config.split("\n") if "=" in line and line[0] != "#")
    assert place == "my-kafka.kafka.svc.cluster.local:9092", place
    assert properties["advertised.listeners"] == "PLAINTEXT://" + place, properties["advertised.listeners"]
    assert properties["process.roles"] == "broker,controller", properties["process.roles"]
    broker = [o for o in of_kind(objects, "StatefulSet") if namespace(o) == "kafka"][0]
    mounts = {m["name"]: m["mountPath"] for m in containers(broker)[0]["volumeMounts"]}
    claim = broker["spec"]["volumeClaimTemplates"][0]["metadata"]["name"]
    assert properties["log.dirs"].startswith(mounts[claim] + "/"), "Kafka's log is not below its volume"
    assert broker["spec"]["replicas"] == 1 and "apache/kafka:" in containers(broker)[0]["image"], where(broker)


TYPED = ("kafka-console-consumer", "kafka-console-producer", "kafka-consumer-groups", "kafka-topics")


def kafka_has_the_paths_that_the_course_types(objects):
    """Each is the script of one ConfigMap, which may be executed and calls the image's own tool of that name."""
    broker = [o for o in of_kind(objects, "StatefulSet") if namespace(o) == "kafka"][0]
    volumes = {v["name"]: v.get("configMap", {}) for v in pod_of(broker)["volumes"]}
    config = {name(o): o["data"] for o in of_kind(objects, "ConfigMap")}
    mounts = {m["mountPath"]: m for m in containers(broker)[0]["volumeMounts"]}
    for tool in TYPED:
        mount = mounts.get("/usr/bin/" + tool)
        assert mount, "there is no /usr/bin/%s" % tool
        volume = volumes[mount["name"]]
        script = config[volume["name"]][mount["subPath"]]
        assert volume.get("defaultMode") == 0o555, "%s cannot be executed" % tool
        assert script.startswith("#!/bin/sh\n") and script.endswith('exec "/opt/kafka/bin/${0##*/}.sh" "$@"\n'), script


def bus_of(objects):
    found = {value_of(daemons(objects)[s], "MALL_BUS_URL") for s in ON_THE_BUS}
    assert len(found) == 1, "several buses: %s" % found
    return urllib.parse.urlsplit(found.pop())


def bus_is_the_labs(objects):
    bus = bus_of(objects)
    assert (bus.netloc, bus.path) == ("my-kafka.kafka.svc.cluster.local:9092", "/mall"), bus.geturl()


def store_is_the_labs(objects):
    secret = [o for o in of_kind(objects, "Secret") if name(o).endswith("mall-db")][0]["stringData"]
    store = [o for o in of_kind(objects, "StatefulSet") if app_of(o) == "postgres"][0]
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(secret["url"]).query))
    service = [s for s in of_kind(objects, "Service") if name(s) == query["host"]]
    assert service and pods_of(objects, service[0]) == [store], "no PostgreSQL at %s" % query["host"]
    assert query["user"] == value_of(store, "POSTGRES_USER"), secret["url"]
    assert urllib.parse.urlsplit(secret["url"]).path == "/" + value_of(store, "POSTGRES_DB"), secret["url"]
    assert env_of(store)["POSTGRES_PASSWORD"]["valueFrom"]["secretKeyRef"]["key"] == "password" and secret["password"]
    assert store["spec"]["volumeClaimTemplates"], "PostgreSQL has no volume"
    for service in SERVICES:
        assert env_of(daemons(objects)[service])["PGPASSWORD"]["valueFrom"]["secretKeyRef"]["key"] == "password"


PORTS = (53, 4318, 8080, 9090, 9091, 9092, 9093, 5432)
WHOEVER = ("dns", "prometheus", "stranger", "other frontend")
WATCHED = (*SERVICES, "gateway")                                # by the console


def flows(objects):
    """(from, to, port) of each flow that is allowed, where at least one of the two pods is ours."""
    here = namespace(daemons(objects)["gateway"])
    ours = [Pod.of(o) for o in workloads(objects)]
    others = [Pod("outside", None, {}), Pod("dns", "kube-system", {"k8s-app": "kube-dns"}), Pod("prometheus", "monitoring", {"app": "prometheus"}),
              Pod("stranger", here, {"app": "order"}), Pod("other frontend", here, {"app": "frontend"}),
              Pod("newcomer", here, {**Pod.of(daemons(objects)["gateway"]).labels, "app": "newcomer"})]  # of our mall, with no policy of its own
    for cluster in strimzi(objects, "Kafka"):
        others.append(Pod("strimzi", here, {"strimzi.io/name": cluster + "-kafka"}))
    pairs = [(a, b) for a in ours for b in ours + others] + [(a, b) for a in others for b in ours]
    return {(a.name, b.name, port) for a, b in pairs for port in PORTS if may_speak(objects, a, b, port)}


def flows_of_both():
    wanted = {("gateway", s, 8080) for s in SERVICES + ("frontend",)} | {("order", "product", 8080)}
    wanted |= {(a, "gateway", 8080) for a in WHOEVER + ("outside",)} | {("frontend", d, port) for d in WATCHED for port in (8080, 9090)}
    return wanted | {("prometheus", d, 9090) for d in DAEMONS} | {(d, "dns", 53) for d in DAEMONS}


def shop_flows():
    """Every pod of the namespace reaches the services, also one without labels as the course starts it."""
    wanted = flows_of_both() | {(a, s, 8080) for a in ("siege", "stranger", "other frontend") for s in SERVICES} | {("siege", "gateway", 8080)}
    return wanted | {("siege", d, 9090) for d in DAEMONS}


def lab_flows():
    wanted = shop_flows() | {("siege", a, port) for a in WHOEVER + ("outside",) for port in PORTS} | {("siege", "my-kafka", 9092)}
    wanted |= {(s, "my-kafka", 9092) for s in ON_THE_BUS}
    wanted |= {(s, "postgres", 5432) for s in SERVICES} | {(a, "dns", 53) for a in ("postgres", "my-kafka")}
    return wanted | {("my-kafka", "my-kafka", 9092)}


def production_flows():
    return flows_of_both() | {(s, "outside", 5432) for s in SERVICES} | {(s, "strimzi", 9093) for s in ON_THE_BUS} | {("strimzi", "gateway", 8080)}


def only_these_flows(objects, wanted):
    found = flows(objects)
    assert found == wanted, "open without need: %s; closed: %s" % (sorted(found - wanted), sorted(wanted - found))


def only_the_labs_flows(objects):
    only_these_flows(objects, lab_flows())


def only_productions_flows(objects):
    only_these_flows(objects, production_flows())


def images_are_those_of_make(objects):
    version = re.search(r"^VERSION := (\S+)", (TOP / "Makefile").read_text(), re.M)[1]
    for o in workloads(objects):
        for c in containers(o):
            assert re.search(r":[^/]+$|@sha256:", c["image"]) and not c["image"].endswith(":latest"), "%s: image %s" % (where(o), c["image"])
            if app_of(o) in DAEMONS + ("siege",):
                assert c["image"] == "mall.local/%s:%s" % (app_of(o), version), "%s: image %s" % (where(o), c["image"])


def our_images_have_the_version(objects):
    """Those of each pod that there is or will be: a component that stands after components/images has to say it itself."""
    version = re.search(r"^VERSION := (\S+)", (TOP / "Makefile").read_text(), re.M)[1]
    made_by_jobs = [{**o, "spec": o["spec"]["jobTemplate"]["spec"]} for o in of_kind(objects, "CronJob")]
    for o in workloads(objects) + made_by_jobs + of_kind(objects, "Job"):
        for c in containers(o):
            if c["image"].startswith("mall.local/"):
                assert c["image"].endswith(":" + version), "%s: image %s of container %s" % (where(o), c["image"], c["name"])


def strimzi(objects, kind):
    return {name(o): o for o in objects if o["kind"] == kind and o["apiVersion"].startswith("kafka.strimzi.io/")}


def strict(schema):
    """A CRD's schema as a JSON Schema that allows no unknown name: the API server would drop it without a warning."""
    schema = {k: v for k, v in schema.items() if k != "description"}
    if schema.pop("x-kubernetes-int-or-string", False):
        schema["type"] = ["integer", "string"]
    if "properties" in schema:
        schema["properties"] = {name: strict(s) for name, s in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields") and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = strict(schema[key])
    return schema


def strimzi_takes_it(objects):
    for o in objects:
        if o["kind"] in STRIMZI:
            crd = yaml.safe_load((tools.STRIMZI / (o["kind"] + ".yaml")).read_text())
            versions = {v["name"]: v["schema"]["openAPIV3Schema"] for v in crd["spec"]["versions"]}
            version = o["apiVersion"].rpartition("/")[2]
            assert version in versions, "%s has version %s only" % (o["kind"], ", ".join(versions))
            trouble = [e.message for e in jsonschema.Draft202012Validator(strict(versions[version])).iter_errors(o)]
            assert not trouble, "%s: %s" % (where(o), trouble)


def the_operator_takes_it(objects):
    """Prometheus' operator, by its own definitions; nothing in it is a name that they do not know."""
    found = [o for o in objects if o["apiVersion"].startswith("monitoring.coreos.com/")]
    assert found, "nothing for the operator"
    for o in found:
        crd = yaml.safe_load((tools.OPERATOR / (o["kind"] + ".yaml")).read_text())
        versions = {v["name"]: v["schema"]["openAPIV3Schema"] for v in crd["spec"]["versions"]}
        trouble = [e.message for e in jsonschema.Draft202012Validator(strict(versions[o["apiVersion"].rpartition("/")[2]])).iter_errors(o)]
        assert not trouble, "%s: %s" % (where(o), trouble)


def strimzi_is_whole(objects):
    for o in objects:
        if o["kind"] in STRIMZI:
            assert o["apiVersion"] == "kafka.strimzi.io/v1" and namespace(o) == namespace(daemons(objects)["order"]), where(o)
            assert o["kind"] == "Kafka" or labels(o).get("strimzi.io/cluster") in strimzi(objects, "Kafka"), "%s is of no cluster" % where(o)
    pools = strimzi(objects, "KafkaNodePool").values()
    assert [(p["spec"]["replicas"], set(p["spec"]["roles"])) for p in pools] == [(3, {"broker", "controller"})], "the nodes"
    cluster, = strimzi(objects, "Kafka").values()
    assert re.fullmatch(r"4\.\d+\.\d+", cluster["spec"]["kafka"].get("version", "")), "an operator's upgrade would upgrade the brokers"
    assert cluster["spec"]["kafka"].get("rack") == {"topologyKey": "topology.kubernetes.io/zone"}, "replicas of a partition in one zone"
    listeners = {l["port"]: l for l in cluster["spec"]["kafka"]["listeners"]}
    assert list(listeners) == [9093] and listeners[9093]["tls"] and listeners[9093]["authentication"]["type"] == "tls", "not TLS alone"
    assert "superUsers" not in cluster["spec"]["kafka"]["authorization"], "one who may everything"
    bus = bus_of(objects)
    assert bus.hostname == "%s-kafka-bootstrap.%s.svc.cluster.local" % (name(cluster), namespace(cluster)) and bus.port == 9093, bus.geturl()
    topics = {n: t["spec"]["partitions"] for n, t in strimzi(objects, "KafkaTopic").items()}
    assert topics == {"mall": 6, **{"error.mall." + service: 1 for service in SERVICES}}, topics
    assert bus.path.strip("/") in topics, bus.geturl()
    assert all(t["spec"]["replicas"] == 3 for t in strimzi(objects, "KafkaTopic").values()), "a topic with less than three replicas"


def strimzi_users_may_what_they_do(objects):
    users = strimzi(objects, "KafkaUser")
    assert set(users) == set(ON_THE_BUS), sorted(users)
    for user, o in users.items():
        assert o["spec"]["authentication"]["type"] == "tls", where(o)
        rights = {(a["resource"]["type"], a["resource"].get("name")): set(a["operations"]) for a in o["spec"]["authorization"]["acls"]}
        if user == "frontend":
            assert rights == {("topic", "mall"): {"Read", "Describe"}}, "%s: %s" % (where(o), rights)
            continue
        assert rights == {("topic", "mall"): {"Read", "Write", "Describe"}, ("topic", "error.mall." + user): {"Write", "Describe"},
                          ("group", user): {"Read", "Describe"}, ("cluster", None): {"IdempotentWrite"}}, "%s: %s" % (where(o), rights)


def daemons_reach_strimzi_as_themselves(objects):
    """Each file that the properties name is mounted; the certificate is of the daemon's own KafkaUser, the authority the cluster's."""
    cluster, = strimzi(objects, "Kafka")
    for service in ON_THE_BUS:
        o = daemons(objects)[service]
        assert service in strimzi(objects, "KafkaUser"), "no KafkaUser " + service
        volume, = (v["projected"]["sources"] for v in pod_of(o)["volumes"] if "projected" in v)
        mount, = (m["mountPath"] for m in containers(o)[0]["volumeMounts"] if m["name"] == "kafka")
        files = {mount + "/" + i["path"]: (s["secret"]["name"], i["key"]) for s in volume if "secret" in s for i in s["secret"]["items"]}
        assert files == {mount + "/ca.crt": (cluster + "-cluster-ca-cert", "ca.crt"), mount + "/user.crt": (service, "user.crt"),
                         mount + "/user.key": (service, "user.key")}, "%s: %s" % (service, files)
        settings, = (c["data"] for c in of_kind(objects, "ConfigMap") if ("ConfigMap", name(c)) in references(o))
        assert value_of(o, "MALL_BUS_PROPERTIES") in [mount + "/" + file for file in settings], settings
        properties = dict(line.split("=") for line in settings["client.properties"].split())
        assert properties.pop("security.protocol") == "ssl" and set(properties.values()) == set(files), "%s: %s" % (service, properties)


def no_secret_is_in_production(objects):
    assert not of_kind(objects, "Secret"), [where(o) for o in of_kind(objects, "Secret")]
    for o in workloads(objects):
        assert set(kind for kind, wanted in references(o) if wanted == "mall-db") <= {"Secret"}
