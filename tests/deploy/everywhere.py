"""everywhere - compose.yaml and .devcontainer, checked without an engine: by the schema, by what the daemons say of themselves, and by a
real promtool. tests/images runs the image with compose's settings, tests/logging its collector."""
import json
import re
import subprocess
import urllib.parse

import fetch
import services
from files import load, passes

DAEMONS = tuple(services.daemons())
METRICS_STEP = 1100                                             # from the gateway's port to that of its metrics, by mallctl up --metrics
SYSTEM = ("/var/lib/docker/containers",)                        # what compose mounts of the machine itself


def compose(tree):
    return load(tree / "compose.yaml")["services"]


def settings_of(service):
    return service.get("environment", {})


def mounts(service):
    """(what is mounted, where) of each volume."""
    return [tuple(volume.split(":")[:2]) for volume in service.get("volumes", ())]


def the_ports():
    return {name: services.port(name) for name in DAEMONS}


# ---- compose

def compose_has_its_schema(tree):
    passes(fetch.BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", tree / "compose.yaml")


def tags_in(tree):
    """{image: its tags} of what the manifests run."""
    found = {}
    for path in (tree / "deploy/k8s").rglob("*.yaml"):
        for image, tag in re.findall(r"^ *image: (\S+):([\w.-]+)", path.read_text(), re.M):
            found.setdefault(image, set()).add(tag)
    return found


def compose_runs_our_images_and_pinned_ones(tree):
    deployed, version = tags_in(tree), services.variable("VERSION")[0]
    for name, service in compose(tree).items():
        image, tag = service["image"].rsplit(":", 1)
        if image.startswith("mall.local/"):
            assert image.split("/")[1] in services.variable("IMAGES") and tag == version, "%s: `make images` writes no %s:%s" % (name, image, tag)
            assert "build" in service, "%s: nobody's registry has %s" % (name, image)
        else:
            assert image.startswith("docker.io/") and re.fullmatch(r"v?\d+\.\d+\.\d+", tag), "%s: %s:%s is not pinned" % (name, image, tag)
            assert tag in deployed.get(image, {tag}), "%s: the cluster runs %s:%s" % (name, image, deployed[image])


def each_profile_brings_the_mall(tree):
    of = {name: set(service["profiles"]) for name, service in compose(tree).items()}
    assert set().union(*of.values()) == of["mall"] == {"mall", "see", "load"}, of


def compose_mounts_what_is_there(tree):
    declared = set(load(tree / "compose.yaml")["volumes"])
    used = set()
    for name, service in compose(tree).items():
        for source, _ in mounts(service):
            if source.startswith("./"):
                assert (tree / source).exists(), "%s mounts %s, which is not there" % (name, source)
            elif not source.startswith("/"):
                used.add(source)
            else:
                assert source in SYSTEM, "%s mounts %s of the machine" % (name, source)
    assert used == declared, "volumes: used %s, declared %s" % (sorted(used), sorted(declared))


def compose_opens_no_port_to_the_network(tree):
    outside = []
    for name, service in compose(tree).items():
        for port in service.get("ports", ()):
            assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), "%s: whoever is in the same café reaches %s" % (name, port)
            outside.append(port.split(":")[1])
    assert len(set(outside)) == len(outside), "a port twice: %s" % outside


def the_image_shows_the_ports_that_compose_publishes(tree):
    stage = re.search(r"^FROM scratch AS mall\n(.*?)^FROM", (tree / "Dockerfile.template").read_text(), re.S | re.M)[1]
    shown = set(re.search(r"^EXPOSE (.*)$", stage, re.M)[1].split())
    assert shown == {str(port) for port in the_ports().values()}, "EXPOSE %s" % sorted(shown)
    published = {port.split(":")[2] for port in compose(tree)["mall"]["ports"]}
    assert str(services.port("gateway")) in published and published <= shown, published


def compose_sets_what_the_daemons_know(tree):
    known = {s["variable"] for daemon in DAEMONS for s in services.describe(daemon)["settings"]}
    unknown = set(settings_of(compose(tree)["mall"])) - known
    assert not unknown, "no daemon knows %s" % sorted(unknown)


def compose_gives_the_mall_no_rights(tree):
    mall = compose(tree)["mall"]
    assert mall["read_only"] is True and mall["cap_drop"] == ["ALL"] and mall["security_opt"] == ["no-new-privileges:true"], mall


def texts(tree):
    """compose.yaml and what it mounts of deploy/compose."""
    return {path: path.read_text() for path in [tree / "compose.yaml", *sorted(p for p in (tree / "deploy/compose").rglob("*") if p.is_file())]}


def every_address_is_a_services(tree):
    names = set(compose(tree)) | {"localhost", "127.0.0.1"}
    for path, text in texts(tree).items():
        for url in re.findall(r"^[^#\n]*?(http://[^\s\"'{]+)", text, re.M):
            host = urllib.parse.urlsplit(url).hostname
            assert host in names, "%s: %s leads to no service of compose.yaml" % (path.name, url)


def prometheus_asks_every_daemon(tree):
    wanted = {name: port + METRICS_STEP * (name == "gateway") for name, port in the_ports().items()}
    job, = load(tree / "deploy/compose/prometheus.yml")["scrape_configs"]
    found = {}
    for group in job["static_configs"]:
        target, = group["targets"]
        labels = group["labels"]
        assert (labels["namespace"], labels["mall"], labels["pod"]) == ("local", "mall", labels["service"]), labels
        found[labels["service"]] = target
    assert (job["job_name"], job["metrics_path"]) == ("mall", "/actuator/prometheus"), job
    assert found == {name: "mall:%d" % port for name, port in wanted.items()}, found
    assert "--metrics" in compose(tree)["mall"]["command"], "the gateway would show no metrics"


def prometheus_takes_its_configuration(tree):
    """With its rules, in the places where compose mounts them."""
    root, service = tree / "prometheus", compose(tree)["prometheus"]
    for source, inside in mounts(service):
        if source.startswith("./"):
            (root / inside[1:]).parent.mkdir(parents=True, exist_ok=True)
            (root / inside[1:]).symlink_to((tree / source).resolve())
    config, = (word.split("=")[1] for word in service["command"] if word.startswith("--config.file="))
    said = subprocess.run(["promtool", "check", "config", root / config[1:]], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr
    files = len(list((tree / "deploy/monitoring/rules").glob("*.yml")))
    assert files and len(re.findall(r"SUCCESS: \d+ rules found", said.stdout)) == files, said.stdout


def grafana_finds_source_and_boards(tree):
    service = compose(tree)["grafana"]
    inside = {where: tree / source for source, where in mounts(service)}
    found = {place.split("/")[4]: load(path) for place, path in inside.items() if place.startswith("/etc/grafana/provisioning/")}
    assert set(found) == {"datasources", "dashboards"}, found
    first, *_ = [s for s in found["datasources"]["datasources"] if s.get("isDefault")]
    assert (first["type"], first["url"]) == ("prometheus", "http://prometheus:9090"), first
    uids = {s["uid"] for s in found["datasources"]["datasources"]}
    assert {d["datasourceUid"] for d in first["jsonData"]["exemplarTraceIdDestinations"]} <= uids, uids
    provider, = found["dashboards"]["providers"]
    boards = inside.get(provider["options"]["path"])
    assert boards, "compose mounts nothing at %s" % provider["options"]["path"]
    assert boards.resolve() == (tree / "deploy/monitoring/boards").resolve() and len(list(boards.glob("*.json"))) >= 5, boards
    every = load(tree / "deploy/compose/prometheus.yml")["global"]["scrape_interval"]
    assert first["jsonData"]["timeInterval"] == every, "Prometheus asks every %s" % every


def the_collector_parses_as_in_the_cluster(tree):
    here, there = (load(tree / path)["receivers"]["file_log"]["operators"] for path in ("deploy/compose/collector.yaml", "deploy/k8s/components/logging/collector.yaml"))
    begin = next(n for n, o in enumerate(there) if o["type"] == "json_parser")
    assert here[-len(there[begin:]):] == there[begin:], "another way to parse than the cluster's"
    assert [o["type"] for o in here[:-len(there[begin:])]] == ["container", "filter"], here


# ---- the devcontainer

KEYS = {"name", "build", "features", "remoteUser", "hostRequirements", "forwardPorts", "portsAttributes", "postCreateCommand", "customizations"}


def devcontainer(tree):
    """JSON with comments on lines of their own."""
    return json.loads(re.sub(r"^\s*//.*$", "", (tree / ".devcontainer/devcontainer.json").read_text(), flags=re.M))


def the_devcontainer_is_understood(tree):
    """By the keys of its specification that are used here; a misspelt one would be passed over."""
    said = devcontainer(tree)
    assert set(said) == KEYS and set(said["build"]) == {"dockerfile", "context"}, sorted(set(said) ^ KEYS)
    assert set(said["hostRequirements"]) <= {"cpus", "memory", "storage", "gpu"}, said["hostRequirements"]
    actions = {p["onAutoForward"] for p in said["portsAttributes"].values()}
    assert actions <= {"notify", "openBrowser", "openBrowserOnce", "openPreview", "silent", "ignore"}, actions
    context = (tree / ".devcontainer" / said["build"]["context"]).resolve()
    assert context == tree.resolve() and (tree / ".devcontainer" / said["build"]["dockerfile"]).exists(), said["build"]
    for target in re.findall(r"make (\w+)", said["postCreateCommand"]):
        assert re.search(r"^%s:" % target, (tree / "Makefile").read_text(), re.M), "make knows no " + target


def the_devcontainer_forwards_the_malls_ports(tree):
    said = devcontainer(tree)
    assert set(the_ports().values()) <= set(said["forwardPorts"]), said["forwardPorts"]
    assert {str(port) for port in said["forwardPorts"]} == set(said["portsAttributes"]), "each port has a name"


def the_devcontainer_has_what_the_tests_need(tree):
    """Its packages are those of scripts/deps, by calling it: and what it copies reaches the build."""
    text = (tree / ".devcontainer/Dockerfile").read_text()
    copied = re.search(r"^COPY (\S+) (\S+)$", text, re.M)
    assert copied[1] == "scripts/deps" and re.search(r"^RUN %s test " % copied[2], text, re.M), copied[0]
    left_out = (tree / ".dockerignore").read_text().split("\n")
    assert not {"scripts", ".devcontainer", "*"} & set(left_out), left_out


def the_devcontainers_tools_are_the_courses(tree):
    pipeline = (tree / "buildspec/pipeline.sh").read_text()
    kubectl = devcontainer(tree)["features"]["ghcr.io/devcontainers/features/kubectl-helm-minikube:1"]["version"]
    assert kubectl == re.search(r"^KUBECTL=(\S+)$", pipeline, re.M)[1], kubectl
    assert re.search(r"^KUBECTL=%s " % re.escape(kubectl), (tree / "scripts/first-five-minutes").read_text(), re.M), "another kubectl than scripts/first-five-minutes has"
    versions = dict(re.findall(r"^ARG (KUSTOMIZE|EKSCTL)=(\S+)$", (tree / ".devcontainer/Dockerfile").read_text(), re.M))
    assert versions == {"KUSTOMIZE": re.search(r"^KUSTOMIZE=(\S+)$", pipeline, re.M)[1], "EKSCTL": fetch.EKSCTL.split("@v")[1]}, versions


CHECKS = [compose_has_its_schema, compose_runs_our_images_and_pinned_ones, each_profile_brings_the_mall, compose_mounts_what_is_there,
          compose_opens_no_port_to_the_network, the_image_shows_the_ports_that_compose_publishes, compose_sets_what_the_daemons_know,
          compose_gives_the_mall_no_rights, every_address_is_a_services, prometheus_asks_every_daemon, prometheus_takes_its_configuration,
          grafana_finds_source_and_boards, the_collector_parses_as_in_the_cluster, the_devcontainer_is_understood,
          the_devcontainer_forwards_the_malls_ports, the_devcontainer_has_what_the_tests_need, the_devcontainers_tools_are_the_courses]
COMPOSE, PROMETHEUS, COLLECTOR = "compose.yaml", "deploy/compose/prometheus.yml", "deploy/compose/collector.yaml"
CONTAINER, MACHINE = ".devcontainer/devcontainer.json", ".devcontainer/Dockerfile"
BROKEN = [
    (compose_has_its_schema, COMPOSE, "profiles: [load]", "profile: [load]"),
    (compose_runs_our_images_and_pinned_ones, COMPOSE, "mall.local/mall:1.0.0", "mall.local/mall:latest"),
    (compose_runs_our_images_and_pinned_ones, COMPOSE, "grafana:12.3.1", "grafana:latest"),
    (compose_runs_our_images_and_pinned_ones, COMPOSE, "jaeger:2.13.0", "jaeger:2.12.0"),
    (compose_runs_our_images_and_pinned_ones, COMPOSE, "    build: deploy/siege\n", ""),
    (each_profile_brings_the_mall, COMPOSE, "profiles: [mall, see, load]", "profiles: [mall, load]"),
    (compose_mounts_what_is_there, COMPOSE, "./deploy/monitoring/rules:", "./deploy/monitoring/rule:"),
    (compose_mounts_what_is_there, COMPOSE, "- read:/var/lib/collector", "- place:/var/lib/collector"),
    (compose_mounts_what_is_there, COMPOSE, "- /var/lib/docker/containers:", "- /var/run/docker.sock:"),
    (compose_opens_no_port_to_the_network, COMPOSE, "- 127.0.0.1:3000:3000", "- 3000:3000"),
    (compose_opens_no_port_to_the_network, COMPOSE, "127.0.0.1:9428:9428", "127.0.0.1:9090:9428"),
    (the_image_shows_the_ports_that_compose_publishes, COMPOSE, "127.0.0.1:8083:8083", "127.0.0.1:8083:8084"),
    (the_image_shows_the_ports_that_compose_publishes, "Dockerfile.template", "EXPOSE 8088 8080 8081 8082 8083", "EXPOSE 8088"),
    (compose_sets_what_the_daemons_know, COMPOSE, "MALL_BOOKS_EVERY", "MALL_BOOK_EVERY"),
    (compose_gives_the_mall_no_rights, COMPOSE, "read_only: true", "read_only: false"),
    (every_address_is_a_services, COMPOSE, "http://jaeger:4318", "http://jager:4318"),
    (every_address_is_a_services, "deploy/compose/grafana/datasources.yml", "http://jaeger:16686", "http://tempo:16686"),
    (prometheus_asks_every_daemon, PROMETHEUS, "mall:9188", "mall:8088"),
    (prometheus_asks_every_daemon, PROMETHEUS, "service: order, pod: order", "service: orders, pod: orders"),
    (prometheus_asks_every_daemon, COMPOSE, "[--metrics]", "[--text]"),
    (prometheus_takes_its_configuration, PROMETHEUS, "rules/*.yml", "rule/*.yml"),
    (prometheus_takes_its_configuration, PROMETHEUS, "static_configs:", "static_config:"),
    (prometheus_takes_its_configuration, "deploy/monitoring/rules/mall.yml", "expr: ", "expr: ) "),
    (grafana_finds_source_and_boards, "deploy/compose/grafana/dashboards.yml", "/var/lib/grafana/dashboards", "/var/lib/grafana/boards"),
    (grafana_finds_source_and_boards, "deploy/compose/grafana/datasources.yml", "timeInterval: 5s", "timeInterval: 15s"),
    (grafana_finds_source_and_boards, "deploy/compose/grafana/datasources.yml", "uid: jaeger", "uid: traces"),
    (the_collector_parses_as_in_the_cluster, COLLECTOR, "parse_to: attributes", "parse_to: body"),
    (the_devcontainer_is_understood, CONTAINER, '"forwardPorts"', '"forwardedPorts"'),
    (the_devcontainer_is_understood, CONTAINER, '"openBrowserOnce"', '"openOnce"'),
    (the_devcontainer_is_understood, CONTAINER, '"make all"', '"make everything"'),
    (the_devcontainer_forwards_the_malls_ports, CONTAINER, "[8088, ", "["),
    (the_devcontainer_has_what_the_tests_need, MACHINE, "/tmp/deps test", "/tmp/deps run"),
    (the_devcontainer_has_what_the_tests_need, ".dockerignore", "docs\n", "docs\nscripts\n"),
    (the_devcontainers_tools_are_the_courses, MACHINE, "KUSTOMIZE=5.8.1", "KUSTOMIZE=5.7.0"),
    (the_devcontainers_tools_are_the_courses, CONTAINER, '"1.35.2"', '"1.33.0"'),
    (the_devcontainers_tools_are_the_courses, "scripts/first-five-minutes", "KUBECTL=1.35.2", "KUBECTL=1.30.0"),
]
