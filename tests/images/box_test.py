"""The image `mall`: the whole mall in one container, as README and compose.yaml start it."""
import collections
import contextlib
import http.client as http_client
import json
import os
import re
import shlex
import signal
import subprocess

from container import Pod, Pods
from image import EMULATOR, USER, Image
from images_test import LIBRARY, architecture, has_no_rights, http, owners
from mall import DAEMONS, SERVICES, TOP, CannotTell, Client, Daemon, equal, ports, services, tool, until, until_equal

MOST = 60 * 1000 * 1000
PROGRAMS = (*DAEMONS, "mallctl")
GATEWAY = services.port("gateway")
EXPECTED = (r"data", r"usr", r"usr/bin", r"usr/bin/(%s)" % "|".join(PROGRAMS), r"usr/lib/ssl(/cert\.pem)?",
            r"(usr/)?lib(64)?(/[a-z0-9_]+-linux-gnu(/[\w.+-]+\.so[\w.]*)?)?", r"lib(64)?/ld-linux[\w.-]*\.so[\w.]*",
            r"etc", r"etc/(passwd|group)", r"etc/ssl(/certs(/ca-certificates\.crt)?)?")


class Box(Pod):
    """The container. Its first process has the number 1 in a space of its own, as under an engine."""
    launcher = ("unshare", "--pid", "--fork", "--kill-child")

    def __init__(self, pods, *arguments, settings=None):
        super().__init__("mall", "mall", "localhost", pods.directory, pods.resolver, [(pods.data, "/data")], {})
        self.port, self.arguments, self.given = GATEWAY, arguments, settings or {}

    def environment(self, **more):
        return {**self.root.image.environment(), **self.given, **more}

    def start(self, wait=True, **settings):
        given = ["env", "-i", *("%s=%s" % pair for pair in self.environment(**settings).items())]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.launcher, *given, *self.root.command(*self.root.image.config["Entrypoint"], *self.arguments)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            self.wait_ready()
        return self

    def is_ready(self):
        """Each daemon: the gateway's own readiness asks nobody else."""
        assert self.process.poll() is None, "it ended with %s" % self.process.returncode
        with contextlib.suppress(OSError, http_client.HTTPException):
            return all(Client(services.port(name)).get("/actuator/health/readiness").status == 200 for name in DAEMONS)

    def first(self):
        """Its number here."""
        return int(tool("ps", "-o", "pid=", "--ppid", str(self.process.pid)).split()[0])

    def signal(self, number=signal.SIGTERM):
        if number != signal.SIGCONT:
            os.kill(self.first(), number)


class Boxed(Pods):
    """pods.box is the container; pods.start(ARGUMENT...) starts it."""
    places = {"mall": ("127.0.0.1", "mall")}

    def __init__(self, *arguments, settings=None):
        super().__init__(only=())
        self.daemons["mall"] = Box(self, *arguments, settings=settings)

    def __enter__(self):
        try:
            self.box.start()
        except BaseException:
            self.__exit__(True)
            raise
        return self

    @property
    def box(self):
        return self.daemons["mall"]


def test_it_holds_the_programs_and_their_libraries_once_and_no_shell():
    image = Image("mall")
    files = image.files()
    total = sum(entry.size for entry in files.values())
    assert total <= MOST, "%.1f MB" % (total / 1e6)
    told, = re.findall(r"The image has (\d+) MB", (TOP / "docs/everywhere.md").read_text())
    assert abs(total / 1e6 - int(told)) < 6, "%.1f MB, and docs/everywhere.md says %s" % (total / 1e6, told)
    other = [p for p in files if not any(re.fullmatch(e, p) for e in EXPECTED)]
    assert not other, other
    programs = {p for p, e in files.items() if e.isfile() and e.mode & 0o111 and not re.fullmatch(LIBRARY, p)}
    equal(programs, {"usr/bin/" + name for name in PROGRAMS}, "what can be run")
    twice = [name for name, count in collections.Counter(p.rsplit("/", 1)[1] for p, e in files.items() if e.isfile()).items() if count > 1]
    equal(twice, [], "files of one name")
    architecture(image)
    owners(image)


def test_its_settings():
    config = Image("mall").config
    equal(config["User"], "%d:%d" % (USER, USER), "the user")
    equal(config["Entrypoint"], ["/usr/bin/mallctl", "up"], "the entry point")
    equal(config.get("Cmd") or [], [], "the command")
    equal(config["StopSignal"], "SIGTERM", "the stop signal")
    equal(set(config["ExposedPorts"]), {"%d/tcp" % services.port(name) for name in DAEMONS}, "the ports")
    equal(list(config["Volumes"]), ["/data"], "the volumes")
    environment = Image("mall").environment()
    equal((environment["MALL_DATA_DIR"], environment.get("MALL_PROFILE")), ("/data", None), "its settings")
    equal(config["Labels"]["org.opencontainers.image.title"], "mall", "the title")


def lines_of_readme():
    """The first two blocks of commands: by hand, and an order of more than the stock."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (TOP / "README.md").read_text(), re.S | re.M)[:2]
    lines = [line for block in blocks for line in block.split("\n") if line]
    assert len(lines) >= 10 and all(line.startswith("http ") for line in lines), lines
    return lines


def type_line(line):
    """A line that says what one should see is typed again until it is so; any other one until it is answered."""
    command, _, told = line.partition("#")
    said = re.match(r" (stock|status) is (\w+)", told)

    def typed():
        try:
            return http(command)
        except (AssertionError, subprocess.CalledProcessError, json.JSONDecodeError):
            return None
    if said:
        until_equal(lambda: str((typed() or {}).get(said[1])), said[2])
    elif shlex.split(command)[1].startswith("http"):
        until(lambda: typed() is not None)
    else:
        http(command)


def test_the_readmes_commands_on_the_one_container():
    with Boxed() as pods:
        for line in lines_of_readme():
            type_line(line)
        page = pods.box.get("/", Accept="text/html")
        assert page.status == 200 and "<html" in page.text, (page.status, page.text)
        states = lambda: {s["name"]: s["status"] for s in pods.box.get("/topology").body["services"]}
        until_equal(lambda: {name: states().get(name) for name in (*SERVICES, "gateway")}, dict.fromkeys((*SERVICES, "gateway"), "UP"))
        root, environment = pods.box.root, ["%s=%s" % pair for pair in pods.box.environment().items()]
        said = tool("env", "-i", *environment, *root.command("/usr/bin/mallctl", "audit", "--settle=60s"))
        assert "balanced" in said, said


def test_its_first_process_ends_with_0_and_what_was_answered_is_there_after_a_second_start():
    with Boxed() as pods:
        box = pods.box
        box.post("/inventories", {"productId": "1001", "productName": "TV", "stock": 100})
        equal(box.post("/orders", {"productId": "1001", "productName": "TV", "qty": 5, "customerId": "100"}).status, 201)
        status = open("/proc/%d/status" % box.first()).read()
        equal(re.search(r"^NSpid:.*\t(\d+)$", status, re.M)[1], "1", "its number")
        assert re.search(r"^Name:\tmallctl$", status, re.M), status
        equal(box.stop(), 0, "how it ended")
        equal({entry.stat().st_uid for entry in pods.data.iterdir()}, {USER}, "who wrote in /data")
        box.start()
        until_equal(lambda: box.get("/orders/1").body.get("status"), "DeliveryStarted")
        until_equal(lambda: box.get("/inventories/1").body.get("stock"), 95)


def test_it_has_no_rights_and_writes_to_data_only():
    with Boxed() as pods:
        has_no_rights(First(pods.box.first()), {"/data"})


class First:
    """What has_no_rights looks at."""

    def __init__(self, pid):
        self.process = collections.namedtuple("Process", "pid")(pid)


def test_a_daemon_that_dies_ends_the_container_which_says_so():
    with Boxed() as pods:
        box = pods.box
        product, = [int(pid) for pid in tool("ps", "-o", "pid=", "--ppid", str(box.first())).split()
                    if open("/proc/%s/comm" % pid).read().strip() == "product"]
        os.kill(product, signal.SIGKILL)
        equal(box.wait(60), 1, "how it ended")
        assert re.search(r"product.* died|product was killed", box.log()), box.log()[-2000:]


def test_arguments_reach_mallctl_up():
    with Boxed("--faults") as pods:
        admin = Daemon("product", pods.directory, {"admin_port": services.port("product") + 1000}, services.port("product")).admin
        equal(admin.get("/faults").status, 200)
    with Pods(only=()) as pods:
        wrong = Box(pods, "--fault")
        wrong.start(wait=False)
        equal(wrong.wait(60), 2, "how it ended")
        assert "--fault" in wrong.log(), wrong.log()


def test_a_data_directory_that_cannot_be_written_is_said_so_at_once():
    with Pods(only=()) as pods:
        os.chown(pods.data, 0, 0)
        box = Box(pods)
        box.start(wait=False)
        assert box.wait(60) != 0 and "/data" in box.log(), box.log()


# ---- compose.yaml

def of_compose(service):
    """(its environment, its command); this machine's Python knows no YAML. A variable without a value is the caller's."""
    block = re.search(r"^  %s:\n((?:    .*\n|\n)+)" % service, (TOP / "compose.yaml").read_text(), re.M)[1]
    lines = re.search(r"^    environment:\n((?:      .*\n)+)", block, re.M)[1]
    environment = dict(re.findall(r"^      ([A-Z_]+): +([^#\n]*?)(?: +#.*)?$", lines, re.M))
    command = re.search(r"^    command: \[(.*)\]", block, re.M)[1].split(", ")
    assert {"OTEL_EXPORTER_OTLP_ENDPOINT", "MALL_TRACE_URL"} <= set(environment), environment
    return {k: v.strip('"') for k, v in environment.items() if v}, command


def test_it_works_as_compose_starts_it_and_prometheus_finds_every_daemon():
    """Without the profile `see`: no Jaeger is there, and nobody waits for it. Prometheus has compose's own file and rules."""
    if EMULATOR:
        raise CannotTell("Prometheus is of the machine's own architecture")
    environment, command = of_compose("mall")
    with Boxed(*command, settings=environment) as pods:
        for line in lines_of_readme():
            type_line(line)
        folder = pods.directory / "prometheus"
        folder.mkdir()
        (folder / "prometheus.yml").write_text((TOP / "deploy/compose/prometheus.yml").read_text())
        (folder / "rules").symlink_to(TOP / "deploy/monitoring/rules")
        client = Client(ports.reserve())
        with open(folder / "said", "wb") as said:
            prometheus = subprocess.Popen(["prometheus", "--config.file=%s" % (folder / "prometheus.yml"), "--storage.tsdb.path=%s" % (folder / "series"),
                                           "--web.listen-address=127.0.0.1:%d" % client.port], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            until_equal(lambda: up(client), dict.fromkeys(DAEMONS, "1"), 60)
            rules = client.get("/api/v1/rules").body["data"]["groups"]
            assert len(rules) >= 5 and not [r for g in rules for r in g["rules"] if r.get("lastError")], rules
        finally:
            prometheus.terminate()
            prometheus.wait()
        until(lambda: "jaeger" in pods.box.log(), 60)           # said, and no more than that


def up(client):
    try:
        rows = client.get("/api/v1/query?query=up").body["data"]["result"]
    except (OSError, ValueError):
        return {}
    return {row["metric"]["service"]: row["value"][1] for row in rows}
