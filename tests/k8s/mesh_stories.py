"""mesh_stories - components/mesh with mesh-sidecar or mesh-ambient, and components/canary: what Istio takes, and who may do what then."""
import functools
import json
import pathlib
import re
import subprocess
import tempfile

import jsonschema
import yaml

import checks
import parts
import run
import tools
from cluster import DAEMONS, INSTANCE, K8S, SERVICES, Pod, Tree, app_of, containers, daemons, labels, may_speak, name, namespace, of_kind
from cluster import pod_of, selects, value_of, where, workloads
from overlays import SHOPS, Skipped, built, with_components, words
from tree import with_lines

MODES = ("mesh-sidecar", "mesh-ambient")
BESIDE = [some for some in ("faults", "traces", "monitoring") if (K8S / "components" / some).is_dir()]  # each alone, and all of them
GROUPS = ("istio.io", "gateway.networking.k8s.io")
SIDECAR = "127.0.0.6/32"                                        # from where a daemon hears its own sidecar
NEVER_SENT = {"connect-failure"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


# ---- what there is of Istio

def crds():
    tools.fetch_istio()
    found = [o for file in sorted(tools.ISTIO.iterdir()) for o in yaml.safe_load_all(file.read_text()) if o]
    return [o for o in found if o["kind"] == "CustomResourceDefinition"]


def schema_of(version):
    """Every object has these, also where the definition does not say so."""
    schema = checks.strict(version["schema"]["openAPIV3Schema"])
    schema["properties"].update(apiVersion={"type": "string"}, kind={"type": "string"}, metadata={"type": "object"})
    return schema


@functools.cache
def schemas():
    """By group, version and kind."""
    return {("%s/%s" % (crd["spec"]["group"], version["name"]), crd["spec"]["names"]["kind"]): schema_of(version)
            for crd in crds() for version in crd["spec"]["versions"]}


def is_istios(o):
    return o["apiVersion"].partition("/")[0].endswith(GROUPS)


def istios(objects, *kinds):
    return [o for o in objects if is_istios(o) and (not kinds or o["kind"] in kinds)]


def plain(objects):
    return [o for o in objects if not is_istios(o)]


def with_mesh(overlay, shop, *more):
    return with_components(overlay, shop, *more)


def template_labels(o):
    return o["spec"]["template"]["metadata"]["labels"]


def template_annotations(o):
    return o["spec"]["template"]["metadata"].get("annotations", {})


# ---- checks; `mode` is in the objects: a sidecar, or a waypoint

def is_ambient(objects):
    return bool(istios(objects, "Gateway"))


def istio_takes_it(objects):
    known = schemas()
    assert istios(objects), "nothing is Istio's"
    for o in istios(objects):
        key = (o["apiVersion"], o["kind"])
        assert key in known, "%s: Istio knows no %s of %s" % (where(o), o["kind"], o["apiVersion"])
        trouble = ["%s: %s" % (e.json_path, e.message) for e in jsonschema.Draft202012Validator(known[key]).iter_errors(o)]
        assert not trouble, "%s: %s" % (where(o), trouble)


def the_pipelines_pass_it_over(objects):
    """They apply what has the label app, with rights that know no custom resources."""
    for o in istios(objects):
        assert "app" not in labels(o), "%s has a label app" % where(o)


def of_workload(objects, kind, workload):
    """The objects of that kind whose selector is about the workload's pods."""
    return [o for o in istios(objects, kind) if namespace(o) == namespace(workload)
            and selects(o["spec"].get("selector", {"matchLabels": {"": "none"}}), template_labels(workload))]


def plaintext_is_refused(objects):
    for daemon, o in daemons(objects).items():
        found = of_workload(objects, "PeerAuthentication", o)
        assert len(found) == 1, "%s: %d policies; where there are two the older one counts" % (daemon, len(found))
        spec = found[0]["spec"]
        ports = {port: of_port["mode"] for port, of_port in spec["portLevelMtls"].items()}
        wanted = {"9090": "PERMISSIVE", **({"8080": "PERMISSIVE" if is_ambient(objects) else "DISABLE"} if daemon == "gateway" else {})}
        assert spec["mtls"]["mode"] == "STRICT" and ports == wanted, "%s: %s" % (daemon, spec)


def one_rule_allows(rule, account, port, method):
    sources = [s["source"].get("serviceAccounts", []) for s in rule.get("from", [])]
    operations = [t["operation"] for t in rule.get("to", [])]
    return (not sources or any(account in accounts for accounts in sources)) and \
        (not operations or any(port in t.get("ports", [port]) and method in t.get("methods", [method]) for t in operations))


def policies_about(objects, workload):
    """At the pods, and, where a waypoint looks first, at their Services."""
    services = {name(s) for s in of_kind(objects, "Service") if selects({"matchLabels": s["spec"]["selector"]}, template_labels(workload))}
    at_services = [p for p in istios(objects, "AuthorizationPolicy") if any(t["name"] in services for t in p["spec"].get("targetRefs", []))]
    return of_workload(objects, "AuthorizationPolicy", workload), at_services


def allows(policies, *asked):
    assert all(p["spec"]["action"] == "ALLOW" for p in policies)
    return not policies or any(one_rule_allows(rule, *asked) for p in policies for rule in p["spec"]["rules"])


def may_ask(objects, account, workload, port, method):
    """In ambient mode a request on 8080 passes the waypoint, if there is one, and then ztunnel, which sees the waypoint's account."""
    at_pods, at_services = policies_about(objects, workload)
    if at_services and port == "8080":
        waypoint, = istios(objects, "Gateway")
        return allows(at_services, account, port, method) and allows(at_pods, name(waypoint), port, method)
    return bool(at_pods) and allows(at_pods, account, port, method)


def accounts(objects):
    found = {app_of(o): pod_of(o)["serviceAccountName"] for o in workloads(objects)}
    return {**found, "siege": found.get("siege", "siege"), "stranger": "stranger"}


def rights(objects):
    return {(who, daemon, port, method) for who, account in accounts(objects).items() for daemon, o in daemons(objects).items()
            for port in ("8080", "9090", "9091") for method in METHODS if may_ask(objects, account, o, port, method)}


def each_may_do_what_it_does(objects):
    everyone, lab = set(accounts(objects)), any(app_of(o) == "postgres" for o in workloads(objects))
    wanted = {("gateway", d, "8080", m) for d in (*SERVICES, "frontend") for m in METHODS} | {("frontend", s, "8080", "GET") for s in SERVICES}
    wanted |= {(who, "gateway", "8080", m) for who in everyone for m in METHODS} | {("order", "product", "8080", "GET")}
    wanted |= {(who, d, "9090", m) for who in everyone for d in DAEMONS for m in METHODS}
    wanted |= {("frontend", d, "9091", m) for d in DAEMONS for m in METHODS}
    wanted |= {("siege", s, "8080", m) for s in SERVICES for m in METHODS} if lab else set()
    found = rights(objects)
    assert found == wanted, "open without need: %s; closed: %s" % (sorted(found - wanted), sorted(wanted - found))


def its_hosts_are_services(objects):
    services = {name(s) for s in of_kind(objects, "Service")}
    found = [h for v in istios(objects, "VirtualService") for h in v["spec"]["hosts"]]
    found += [r["destination"]["host"] for v in istios(objects, "VirtualService") for http in v["spec"]["http"] for r in http["route"]]
    found += [d["spec"]["host"] for d in istios(objects, "DestinationRule")]
    found += [t["name"] for p in istios(objects, "AuthorizationPolicy") for t in p["spec"].get("targetRefs", [])]
    assert found and set(found) <= services, "no Service is called %s" % sorted(set(found) - services)


def its_accounts_exist(objects):
    there = {name(o) for o in of_kind(objects, "ServiceAccount")} | {name(o) for o in istios(objects, "Gateway")} | {"siege"}
    found = {a for p in istios(objects, "AuthorizationPolicy") for rule in p["spec"]["rules"] for s in rule.get("from", [])
             for a in s["source"]["serviceAccounts"]}
    assert found and found <= there, "there is no account %s" % sorted(found - there)


def string_fits(match, text):
    return text is not None and (text == match["exact"] if "exact" in match else re.fullmatch(match["regex"], text) is not None)


def http_for(service, method, key):
    """The rule that Istio takes: the first one that matches."""
    for http in service["spec"]["http"]:
        for match in http.get("match", [{}]):
            if ("method" not in match or string_fits(match["method"], method)) and \
                    all(header == "idempotency-key" and string_fits(how, key) for header, how in match.get("headers", {}).items()):
                return http
    raise AssertionError("%s: no rule for %s" % (where(service), method))


def tries_are_repeated_where_they_may_be(objects):
    """A second try of a write is a second row, unless a key leads to the first, or nothing was sent."""
    found = {v["spec"]["hosts"][0]: v for v in istios(objects, "VirtualService")}
    assert set(found) == {name(daemons(objects)[s]) for s in SERVICES}, "rules for %s" % sorted(found)
    for service in found.values():
        for method in ("GET", "HEAD", "OPTIONS", *METHODS):
            for key in (None, "gw-0"):
                http = http_for(service, method, key)
                on = set(http["retries"]["retryOn"].split(","))
                at = "%s, %s, key %s: %s" % (where(service), method, key, sorted(on))
                assert http["timeout"] == "3s" and http["retries"]["attempts"] == 2, at
                if method == "POST" and key:
                    assert on == {"connect-failure", "refused-stream", "unavailable", "cancelled", "503"}, at
                elif method in ("GET", "HEAD", "OPTIONS"):
                    assert on == {"connect-failure", "refused-stream", "unavailable", "cancelled"}, at
                else:
                    assert on == NEVER_SENT, at


def a_sick_pod_is_left_out(objects):
    of_host = {d["spec"]["host"]: d["spec"]["trafficPolicy"] for d in istios(objects, "DestinationRule")}
    found = {host: policy for host, policy in of_host.items() if "outlierDetection" in policy}
    assert set(found) == {name(daemons(objects)[s]) for s in SERVICES}, "rules for %s" % sorted(found)
    for host, policy in found.items():
        assert policy["outlierDetection"] == {"consecutive5xxErrors": 5, "interval": "5s", "baseEjectionTime": "30s", "maxEjectionPercent": 50}, host
        pool = policy["connectionPool"]
        assert pool["tcp"]["maxConnections"] >= 500 and pool["http"]["http1MaxPendingRequests"] >= 500, "%s: siege -c500 would get 503" % host
        kept = re.search(r"IDLE_MS = (\d+)", (tools.TOP / "common/http/connection.h").read_text())[1]
        assert int(pool["http"]["idleTimeout"].rstrip("s")) * 1000 < int(kept), "%s: the daemon closes first, under a request" % host


def siege_is_in_the_mesh(objects):
    """One pod for all malls of a namespace, with an account that the rules know."""
    siege, = [o for o in of_kind(objects, "Pod") if name(o) == "siege"]
    assert labels(siege).get("sidecar.istio.io/inject") == "true", labels(siege)
    assert siege["metadata"]["annotations"]["traffic.sidecar.istio.io/excludeOutboundPorts"] == "9092", "Kafka is not past its sidecar"
    rules = [rule for p in of_workload(objects, "AuthorizationPolicy", daemons(objects)["order"]) for rule in p["spec"]["rules"] if "from" in rule]
    assert any(one_rule_allows(rule, siege["spec"]["serviceAccountName"], "8080", "POST") for rule in rules), "its account is not known"


def its_pods_are_in_the_mesh(objects):
    key, value = ("istio.io/dataplane-mode", "ambient") if is_ambient(objects) else ("sidecar.istio.io/inject", "true")
    for o in of_kind(objects, "Deployment", "StatefulSet"):
        inside = o["kind"] == "Deployment"
        assert template_labels(o).get(key) == (value if inside else None), "%s: %s is %s" % (where(o), key, template_labels(o).get(key))


def the_store_and_kafka_are_past_the_sidecar(objects):
    for daemon, o in daemons(objects).items():
        excluded = template_annotations(o)["traffic.sidecar.istio.io/excludeOutboundPorts"].split(",")
        bus = [str(checks.bus_of(objects).port)] if daemon in checks.ON_THE_BUS else []
        assert set(excluded) >= {"5432", *bus}, "%s: %s" % (daemon, excluded)


def a_sidecar_is_small(objects):
    for o in daemons(objects).values():
        found = [template_annotations(o).get("sidecar.istio.io/proxy" + what) for what in ("CPU", "Memory", "CPULimit", "MemoryLimit")]
        assert all(found), "%s: %s" % (where(o), found)
    sidecar, = istios(objects, "Sidecar")
    assert sidecar["spec"]["egress"] == [{"hosts": ["./*"]}], sidecar["spec"]
    for o in daemons(objects).values():
        assert selects({"matchLabels": sidecar["spec"]["workloadSelector"]["labels"]}, template_labels(o)), where(o)


def the_clients_address_survives(objects):
    """The gateway hears clients past its sidecar and believes nobody; the others believe their sidecars."""
    for daemon, o in daemons(objects).items():
        believed, past = value_of(o, "MALL_TRUSTED_PROXIES").split(","), template_annotations(o).get("traffic.sidecar.istio.io/excludeInboundPorts")
        if daemon == "gateway":
            assert believed == ["none"] and past == "8080", "%s: %s, %s" % (daemon, believed, past)
        else:
            assert SIDECAR in believed and past is None, "%s: %s, %s" % (daemon, believed, past)


def only_its_ways_are_open(objects):
    """istiod for each proxy, and its figures for namespace monitoring; in ambient mode port 15008 within the mall, and the kubelet's probes."""
    ours = [pod for pod in map(Pod.of, workloads(objects)) if INSTANCE in pod.labels]
    istiod, watcher = Pod("istiod", "istio-system", {"app": "istiod"}), Pod("watcher", "monitoring", {"app": "prometheus"})
    here = namespace(daemons(objects)["order"])
    others = [istiod, watcher, Pod("stranger", here, {"app": "order"}), Pod("neighbour", "istio-system", {"app": "other"})]
    waypoints = [Pod("waypoint", namespace(g), {**g["spec"]["infrastructure"]["labels"]}) for g in istios(objects, "Gateway")]
    inside = ours + waypoints
    pairs = [(a, b) for a in inside for b in inside + others] + [(a, b) for a in others for b in inside]
    found = {(a.name, b.name, port) for a, b in pairs for port in (15008, 15012, 15017, 15020, 15090) if may_speak(objects, a, b, port)}
    if is_ambient(objects):
        wanted = {(a.name, b.name, 15008) for a in inside for b in inside} | {("waypoint", "istiod", 15012)}
        wanted |= {("watcher", "waypoint", port) for port in (15020, 15090)}
        hbone, = [p for p in of_kind(objects, "NetworkPolicy") if name(p).endswith("hbone")]
        probes, = [rule for rule in hbone["spec"]["ingress"] if "ipBlock" in str(rule)]
        assert probes == {"from": [{"ipBlock": {"cidr": "169.254.7.127/32"}}], "ports": [{"port": 8080, "protocol": "TCP"}]}, probes
    else:
        wanted = {(a.name, "istiod", 15012) for a in ours} | {("watcher", a.name, port) for a in ours for port in (15020, 15090)}
    assert found == wanted, "open without need: %s; closed: %s" % (sorted(found - wanted), sorted(wanted - found))


def requests_pass_the_waypoint(objects):
    waypoint, = istios(objects, "Gateway")
    assert waypoint["spec"]["gatewayClassName"] == "istio-waypoint" and labels(waypoint)["istio.io/waypoint-for"] == "service", waypoint
    assert [(l["port"], l["protocol"]) for l in waypoint["spec"]["listeners"]] == [(15008, "HBONE")], waypoint["spec"]
    through = {name(s) for s in of_kind(objects, "Service") if labels(s).get("istio.io/use-waypoint") == name(waypoint)}
    assert through == {name(daemons(objects)[s]) for s in SERVICES}, "through the waypoint: %s" % sorted(through)
    for policy in istios(objects, "AuthorizationPolicy"):
        by_method = any("methods" in t["operation"] for rule in policy["spec"]["rules"] for t in rule.get("to", []))
        assert not (by_method and "selector" in policy["spec"]), "%s: ztunnel knows no methods and would refuse all" % where(policy)


def the_whole_mall_has_one_name(objects):
    """No selector is left that two malls of one namespace share."""
    prefix = name(daemons(objects)["order"])[:-len("order")]
    for o in istios(objects):
        assert name(o).startswith(prefix), "%s has no prefix" % where(o)
        instances = set(re.findall(r"'%s': '([^']*)'" % INSTANCE, str(o)))
        assert instances == {prefix + "mall"}, "%s is about %s" % (where(o), instances)


EITHER = [istio_takes_it, the_pipelines_pass_it_over, plaintext_is_refused, each_may_do_what_it_does, its_hosts_are_services, its_accounts_exist,
          tries_are_repeated_where_they_may_be, a_sick_pod_is_left_out, its_pods_are_in_the_mesh, only_its_ways_are_open, the_whole_mall_has_one_name]
OF_MODE = {"mesh-sidecar": [the_store_and_kafka_are_past_the_sidecar, a_sidecar_is_small, the_clients_address_survives],
           "mesh-ambient": [requests_pass_the_waypoint]}


# ---- the canary

def canary(objects):
    return [o for o in of_kind(objects, "Deployment") if name(o).endswith("order-canary")][0]


def without_canary(objects):
    """The mall as it is without its second order, whose checks then hold."""
    gone = ("order-canary", "order-stable")
    return [o for o in objects if not (o["kind"] in ("Deployment", "Service") and name(o).endswith(gone))]


def the_canary_is_order_but_for_its_image(objects):
    first = [o for o in of_kind(objects, "Deployment") if app_of(o) == "order" and o is not canary(objects)]
    assert len(first) == 1, list(map(where, first))
    second, first = canary(objects), first[0]
    assert template_labels(first)["track"] == "stable" and template_labels(second)["track"] == "canary"
    of_both = [{k: v for k, v in template_labels(o).items() if k not in ("track", "version")} for o in (first, second)]
    assert of_both[0] == of_both[1] and template_labels(second)["version"] == "canary", of_both
    assert template_annotations(second) == template_annotations(first)
    pods = [json.loads(json.dumps(pod_of(o))) for o in (first, second)]
    images = [pod["containers"][0].pop("image") for pod in pods]
    assert pods[0] == pods[1] and images[0] != images[1], images
    assert {k: v for k, v in first["spec"].items() if k not in ("selector", "template")} == \
        {k: v for k, v in second["spec"].items() if k not in ("selector", "template")}
    assert not selects(second["spec"]["selector"], template_labels(first)), "it takes order's pods for its own"


def its_services_tell_the_two_apart(objects):
    of_canary = [s for s in of_kind(objects, "Service") if labels(s).get("app.kubernetes.io/component") == "canary"]
    found = {name(s).rpartition("-")[2]: s["spec"]["selector"] for s in of_canary}
    assert set(found) == {"stable", "canary"}, sorted(found)
    for track, selector in found.items():
        chosen = [o for o in workloads(objects) if selects({"matchLabels": selector}, template_labels(o))]
        assert [template_labels(o)["track"] for o in chosen] == [track], "%s: %s" % (track, list(map(where, chosen)))
    both, = [s for s in of_kind(objects, "Service") if name(s) == name(canary(objects))[:-len("-canary")]]
    assert len([o for o in workloads(objects) if selects({"matchLabels": both["spec"]["selector"]}, template_labels(o))]) == 2, "order is not both"


def a_tenth_goes_to_the_canary(objects):
    rule, = [d for d in istios(objects, "DestinationRule") if name(d).endswith("order")]
    assert {s["name"]: s["labels"] for s in rule["spec"]["subsets"]} == {v: {"track": v} for v in ("stable", "canary")}, rule["spec"]
    service, = [v for v in istios(objects, "VirtualService") if name(v).endswith("order")]
    for http in service["spec"]["http"]:
        found = [(r["destination"]["host"], r["destination"]["subset"], r["weight"]) for r in http["route"]]
        assert found == [(rule["spec"]["host"], "stable", 90), (rule["spec"]["host"], "canary", 10)], "%s: %s" % (http["name"], found)


CANARY = [the_canary_is_order_but_for_its_image, its_services_tell_the_two_apart]


# ---- stories

def check_all(objects, mode, *more):
    for check in run.MALL:
        if check is not checks.schemas:                         # it takes seconds; combined() looks at them twice
            check(plain(objects))
    for check in (*EITHER, *OF_MODE[mode], *more):
        check(objects)


def beside():
    return [(), *((some,) for some in BESIDE), tuple(BESIDE), ("faults", "admin-token")]


def combined(mode):
    for overlay, shop in SHOPS:
        for others in beside():
            objects = with_mesh(overlay, shop, mode, *others)
            check_all(objects, mode, *(run.WITH_FAULTS if "faults" in others else run.OFF))
            if others in ((), tuple(BESIDE)):
                checks.schemas([o for o in plain(objects) if not o["apiVersion"].startswith("monitoring.coreos.com/")])


def sidecars_take_one_line_with_whatever_else_there_is():
    combined("mesh-sidecar")


def ambient_takes_one_line_with_whatever_else_there_is():
    combined("mesh-ambient")


def the_siege_pod_takes_a_line_in_the_lab():
    overlay, shop = SHOPS[0]
    objects = with_components(overlay, shop, "mesh-sidecar", beside=("mesh-siege",))
    check_all(objects, "mesh-sidecar", siege_is_in_the_mesh)


def nothing_of_the_mesh_is_there_without_it():
    for overlay, _ in SHOPS:
        assert not istios(built(overlay)), list(map(where, istios(built(overlay))))
        assert "istio" not in str(workloads(built(overlay)))


def a_canary_takes_one_line_more():
    for overlay, shop in SHOPS:
        for mode in MODES:
            objects = with_mesh(overlay, shop, mode, *BESIDE[:2], "canary")
            check_all(without_canary(objects), mode, *run.WITH_FAULTS)
            for check in (*CANARY, a_tenth_goes_to_the_canary, istio_takes_it):
                check(objects)


def a_canary_needs_no_mesh():
    for overlay, shop in SHOPS:
        objects = with_components(overlay, shop, "canary")
        assert not istios(objects)
        for check in run.MALL:
            check(without_canary(objects))
        for check in CANARY:
            check(objects)
        opened = checks.flows(without_canary(objects)) ^ checks.flows(built(overlay))
        assert not opened, opened


def a_canarys_image_is_said_in_the_overlay():
    with Tree() as tree:
        tree.edit("overlays/lab/shop/kustomization.yaml", "  - ../../../components/metrics\n",
                  "  - ../../../components/metrics\n  - ../../../components/canary\nimages:\n  - name: mall.local/order-canary\n"
                  "    newName: registry.example/user23-order\n    newTag: \"2\"\n")
        objects = tree.build("overlays/lab")
    assert containers(canary(objects))[0]["image"] == "registry.example/user23-order:2", containers(canary(objects))[0]["image"]
    assert containers([o for o in of_kind(objects, "Deployment") if name(o) == "user23-order"][0])[0]["image"] != "registry.example/user23-order:2"


def another_prefix_reaches_the_mesh():
    for mode in MODES:
        with Tree() as tree:
            tree.edit("overlays/lab/shop/kustomization.yaml", "namePrefix: user23-", "namePrefix: team-a7-")
            with_lines(tree, "overlays/lab/shop/kustomization.yaml", (mode, "canary"), "../../..")
            objects = tree.build("overlays/lab")
        assert "user23" not in str(istios(objects)), [where(o) for o in istios(objects) if "user23" in str(o)]
        the_whole_mall_has_one_name(without_canary(objects))
        each_may_do_what_it_does(without_canary(objects))


def istio_itself_finds_nothing_to_say():
    """istioctl, if it is built, reads what kustomize built as a cluster's objects."""
    istioctl = parts.path("istio", "istioctl")
    if not istioctl.exists():
        raise Skipped("istio is not built: scripts/parts.py istio")

    def said(objects):
        with tempfile.TemporaryDirectory(prefix="mall-mesh-") as place:
            file = pathlib.Path(place) / "all.yaml"
            file.write_text(yaml.safe_dump_all(objects))
            command = [istioctl, "analyze", "--use-kube=false", "-n", namespace(daemons(objects)["gateway"]), "--output", "json", file]
            analysed = subprocess.run(command, capture_output=True, text=True, timeout=600)
            return json.loads(analysed.stdout or "[]"), analysed

    for overlay, shop in SHOPS:
        objects = with_mesh(overlay, shop, "mesh-sidecar", "faults", "canary")
        found, analysed = said(objects)
        assert not [m for m in found if m["level"] in ("Warning", "Error")], found
        broken = json.loads(json.dumps(objects))
        [d for d in istios(broken, "VirtualService") if name(d).endswith("order")][0]["spec"]["http"][0]["route"][0]["destination"]["subset"] = "none"
        found, analysed = said(broken)
        assert "IST0101" in [m["code"] for m in found], "a subset that is not there: %s%s" % (found, analysed.stderr)


# ---- each check fails where its promise is broken

def one(objects, kind, ending):
    return [o for o in objects if o["kind"] == kind and name(o).endswith(ending)][0]


def spec(objects, kind, ending):
    return one(objects, kind, ending)["spec"]


def pool(objects):
    return spec(objects, "DestinationRule", "order")["trafficPolicy"]["connectionPool"]


def order(objects):
    return daemons(objects)["order"]


def harm_annotation(objects, daemon, key, value=None):
    of_it = daemons(objects)[daemon]["spec"]["template"]["metadata"]["annotations"]
    of_it.pop(key) if value is None else of_it.update({key: value})


BROKEN = [
    (istio_takes_it, MODES, lambda o: spec(o, "DestinationRule", "order")["trafficPolicy"]["outlierDetection"].update(consecutive5xx=5)),
    (istio_takes_it, MODES, lambda o: one(o, "PeerAuthentication", "order").update(apiVersion="security.istio.io/v2")),
    (istio_takes_it, MODES, lambda o: spec(o, "VirtualService", "order")["http"][0]["retries"].update(attempts="2")),
    (istio_takes_it, ("mesh-ambient",), lambda o: spec(o, "Gateway", "waypoint")["listeners"][0].update(port="15008")),
    (the_pipelines_pass_it_over, MODES, lambda o: labels(one(o, "VirtualService", "order")).update(app="order")),
    (plaintext_is_refused, MODES, lambda o: spec(o, "PeerAuthentication", "product")["mtls"].update(mode="PERMISSIVE")),
    (plaintext_is_refused, MODES, lambda o: spec(o, "PeerAuthentication", "order")["portLevelMtls"].update({"8080": {"mode": "DISABLE"}})),
    (plaintext_is_refused, MODES, lambda o: o.remove(one(o, "PeerAuthentication", "delivery"))),
    (each_may_do_what_it_does, MODES, lambda o: o.remove(one(o, "AuthorizationPolicy", "order"))),
    (each_may_do_what_it_does, MODES, lambda o: o.remove(one(o, "AuthorizationPolicy", "stock-check"))),
    (each_may_do_what_it_does, MODES, lambda o: spec(o, "AuthorizationPolicy", "product")["rules"][1]["to"][0]["operation"].pop("methods")),
    (each_may_do_what_it_does, MODES, lambda o: spec(o, "AuthorizationPolicy", "frontend")["rules"].append({})),
    (its_hosts_are_services, MODES, lambda o: spec(o, "DestinationRule", "order").update(host="order.elsewhere")),
    (its_accounts_exist, MODES, lambda o: spec(o, "AuthorizationPolicy", "order")["rules"][0]["from"][0]["source"].update(serviceAccounts=["no"])),
    (tries_are_repeated_where_they_may_be, MODES, lambda o: spec(o, "VirtualService", "order")["http"][2]["retries"].update(retryOn="5xx")),
    (tries_are_repeated_where_they_may_be, MODES, lambda o: spec(o, "VirtualService", "order")["http"][0].pop("match")),
    (tries_are_repeated_where_they_may_be, MODES, lambda o: spec(o, "VirtualService", "order")["http"][1].update(timeout="30s")),
    (a_sick_pod_is_left_out, MODES, lambda o: spec(o, "DestinationRule", "order")["trafficPolicy"].pop("outlierDetection")),
    (a_sick_pod_is_left_out, MODES, lambda o: pool(o)["http"].update(idleTimeout="90s")),
    (a_sick_pod_is_left_out, MODES, lambda o: pool(o)["tcp"].update(maxConnections=10)),
    (its_pods_are_in_the_mesh, ("mesh-sidecar",), lambda o: template_labels(order(o)).pop("sidecar.istio.io/inject")),
    (its_pods_are_in_the_mesh, ("mesh-ambient",), lambda o: template_labels(order(o)).pop("istio.io/dataplane-mode")),
    (siege_is_in_the_mesh, ("mesh-sidecar",), lambda o: labels(one(o, "Pod", "siege")).clear()),
    (siege_is_in_the_mesh, ("mesh-sidecar",), lambda o: spec(o, "Pod", "siege").update(serviceAccountName="default")),
    (only_its_ways_are_open, ("mesh-sidecar",), lambda o: o.remove(one(o, "NetworkPolicy", "istiod"))),
    (only_its_ways_are_open, ("mesh-sidecar",), lambda o: spec(o, "NetworkPolicy", "sidecars")["ingress"][0].pop("from")),
    (only_its_ways_are_open, ("mesh-ambient",), lambda o: spec(o, "NetworkPolicy", "hbone")["ingress"][0].pop("from")),
    (the_whole_mall_has_one_name, MODES, lambda o: spec(o, "PeerAuthentication", "order")["selector"]["matchLabels"].update({INSTANCE: "mall"})),
    (the_whole_mall_has_one_name, ("mesh-sidecar",), lambda o: one(o, "Sidecar", "mall")["metadata"].update(name="mall")),
    (the_store_and_kafka_are_past_the_sidecar, ("mesh-sidecar",),
     lambda o: harm_annotation(o, "order", "traffic.sidecar.istio.io/excludeOutboundPorts", "5432")),
    (a_sidecar_is_small, ("mesh-sidecar",), lambda o: harm_annotation(o, "order", "sidecar.istio.io/proxyMemory")),
    (a_sidecar_is_small, ("mesh-sidecar",), lambda o: spec(o, "Sidecar", "mall").update(egress=[{"hosts": ["*/*"]}])),
    (the_clients_address_survives, ("mesh-sidecar",), lambda o: run.set_env(o, "order", "MALL_TRUSTED_PROXIES", "10.0.0.0/8")),
    (the_clients_address_survives, ("mesh-sidecar",), lambda o: run.set_env(o, "gateway", "MALL_TRUSTED_PROXIES", SIDECAR)),
    (the_clients_address_survives, ("mesh-sidecar",), lambda o: harm_annotation(o, "gateway", "traffic.sidecar.istio.io/excludeInboundPorts")),
    (plaintext_is_refused, ("mesh-sidecar",), lambda o: spec(o, "PeerAuthentication", "gateway")["portLevelMtls"]["8080"].update(mode="PERMISSIVE")),
    (requests_pass_the_waypoint, ("mesh-ambient",), lambda o: labels(one(o, "Service", "-order")).pop("istio.io/use-waypoint")),
    (requests_pass_the_waypoint, ("mesh-ambient",),
     lambda o: spec(o, "AuthorizationPolicy", "order-pods")["rules"].append({"to": [{"operation": {"methods": ["GET"]}}]})),
]
BROKEN_CANARY = [
    (the_canary_is_order_but_for_its_image, lambda o: pod_of(canary(o)).update(terminationGracePeriodSeconds=1)),
    (the_canary_is_order_but_for_its_image, lambda o: canary(o)["spec"]["selector"]["matchLabels"].pop("track")),
    (its_services_tell_the_two_apart, lambda o: spec(o, "Service", "order-stable")["selector"].pop("track")),
    (its_services_tell_the_two_apart, lambda o: template_labels(canary(o)).update(app="another")),
    (a_tenth_goes_to_the_canary, lambda o: spec(o, "VirtualService", "order")["http"][1]["route"][0].update(weight=100)),
    (a_tenth_goes_to_the_canary, lambda o: spec(o, "DestinationRule", "order")["subsets"].pop()),
]


def fails(check, objects, harm):
    objects = json.loads(json.dumps(objects))
    check(objects)
    harm(objects)
    try:
        check(objects)
    except AssertionError:
        return True
    return False


def each_check_of_the_mesh_fails_where_its_promise_is_broken():
    overlay, shop = SHOPS[0]
    objects = {mode: with_components(overlay, shop, mode, beside=("mesh-siege",)) for mode in MODES}
    seen = {check for check, _, _ in BROKEN} | {check for check, _ in BROKEN_CANARY}
    untried = {*EITHER, *(c for of_mode in OF_MODE.values() for c in of_mode), *CANARY, a_tenth_goes_to_the_canary, siege_is_in_the_mesh} - seen
    assert not untried, "never seen to fail: %s" % sorted(map(words, untried))
    for number, (check, modes, harm) in enumerate(BROKEN):
        for mode in modes:
            assert fails(check, objects[mode], harm), "BROKEN[%d] of %s passes: %s" % (number, mode, words(check))
    objects = with_mesh(overlay, shop, "mesh-sidecar", "canary")
    for number, (check, harm) in enumerate(BROKEN_CANARY):
        assert fails(check, objects, harm), "BROKEN_CANARY[%d] passes: %s" % (number, words(check))


STORIES = [sidecars_take_one_line_with_whatever_else_there_is, ambient_takes_one_line_with_whatever_else_there_is,
           the_siege_pod_takes_a_line_in_the_lab, nothing_of_the_mesh_is_there_without_it,
           a_canary_takes_one_line_more, a_canary_needs_no_mesh, a_canarys_image_is_said_in_the_overlay, another_prefix_reaches_the_mesh,
           istio_itself_finds_nothing_to_say, each_check_of_the_mesh_fails_where_its_promise_is_broken]
