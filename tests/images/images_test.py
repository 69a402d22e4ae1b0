"""What is in the images, and what they do when they are started."""
import json
import os
import re
import shlex
import stat
import struct

from container import DEVICES, PODS, Pods, Root
from image import ARCHITECTURE, EMULATOR, USER, Image
from lab_test import count, siege_numbers
from mall import SERVICES, CannotTell, equal, tool, until, until_equal

MOST = 31 * 1000 * 1000
EXPECTED = (r"daemon", r"data", r"usr", r"usr/bin", r"usr/bin/%s", r"usr/lib/ssl(/cert\.pem)?",
            r"(usr/)?lib(64)?(/[a-z0-9_]+-linux-gnu(/[\w.+-]+\.so[\w.]*)?)?", r"lib(64)?/ld-linux[\w.-]*\.so[\w.]*",
            r"etc", r"etc/(passwd|group)", r"etc/ssl(/certs(/ca-certificates\.crt)?)?")
E_MACHINE = {"amd64": 62, "arm64": 183}                         # of ELF
LIBRARY = r"(usr/)?lib.*\.so[\w.]*"                             # some have the x bit: libc.so.6 tells its version, the loader loads


def http(line):
    """One command of the lab, as it is typed."""
    return json.loads(tool("http", "--ignore-stdin", "--check-status", "--print=b", *shlex.split(line)[1:]) or "null")


IMAGES = (*PODS, "mallctl")                                     # those of Dockerfile.template; components/efs runs mallctl's


def every_image(check):
    for name in IMAGES:
        yield "%s's image: %s" % (name, check.__doc__), trouble(check, Image(name))


def trouble(check, image):
    try:
        check(image)
    except AssertionError as what:
        return str(what)


def size(image):
    """at most 31 MB"""
    total = sum(entry.size for entry in image.files().values())
    assert total <= MOST, "%.1f MB" % (total / 1e6)


def content(image):
    """only what was expected, and no shell"""
    files = image.files()
    other = [p for p in files if not any(re.fullmatch(e.replace("%s", image.name), p) for e in EXPECTED)]
    assert not other, other
    programs = [p for p, e in files.items() if e.isfile() and e.mode & 0o111 and not re.fullmatch(LIBRARY, p)]
    equal(programs, ["usr/bin/" + image.name], "what can be run")
    equal(files["daemon"].linkname, "usr/bin/" + image.name, "/daemon")


def architecture(image):
    """of one architecture, in name and in every program and library"""
    equal(image.architecture, ARCHITECTURE, "its name")
    machines = {path: struct.unpack_from("<H", begin, 18)[0] for path, begin in image.beginnings(20) if begin.startswith(b"\x7fELF")}
    equal({p: m for p, m in machines.items() if m != E_MACHINE[ARCHITECTURE]}, {}, "of another machine")
    assert len(machines) > 20, machines


def owners(image):
    """all is root's but /data"""
    for path, entry in image.files().items():
        if path == "data":
            equal((entry.uid, entry.gid, stat.S_IMODE(entry.mode)), (USER, USER, 0o755), "/data")
        else:
            equal((entry.uid, entry.gid), (0, 0), path)
            assert entry.issym() or not entry.mode & 0o6022, "/%s has mode %o" % (path, entry.mode)


def settings(image):
    """user, ports, labels and the like"""
    config = image.config
    equal(config["User"], "%d:%d" % (USER, USER), "the user")
    equal(config["Entrypoint"], ["/daemon"], "the entry point")
    equal(config.get("Cmd") or [], [], "the command")
    equal(config["StopSignal"], "SIGTERM", "the stop signal")
    equal(list(config["ExposedPorts"]), ["8080/tcp"], "the ports")
    equal(list(config["Volumes"]), ["/data"], "the volumes")
    equal(image.environment()["MALL_PROFILE"], "docker", "the profile")
    labels = {k.removeprefix("org.opencontainers.image."): v for k, v in config["Labels"].items()}
    equal(labels["title"], "mall " + image.name, "the title")
    assert re.fullmatch(r"\d+\.\d+\.\d+", labels["version"]), labels
    assert re.fullmatch(r"[0-9a-f]{12}|unknown", labels["revision"]), labels
    assert any(tag == "mall.local/%s:%s" % (image.name, labels["version"]) for tag in image.tags), image.tags


def test_what_is_in_the_images():
    for check in (size, content, architecture, owners, settings):
        yield from every_image(check)


def test_the_libraries_are_those_that_the_loader_loads():
    with Pods(only=()) as pods:
        for name in IMAGES:
            root = pods.add(name).root if name in PODS else Root(Image(name), pods.directory, pods.resolver, [])
            there = {path for path, entry in root.image.files().items() if re.fullmatch(LIBRARY, path) and entry.isfile()}
            loader, = (path for path in there if "/ld-linux" in path)
            said = tool(*root.command("/" + loader, "--list", "/daemon"))
            loaded = {path.lstrip("/") for path in re.findall(r"(?:=> |^\s*)(/\S+) \(0x", said, re.M)}
            equal(there ^ loaded, set(), "not both in %s's image and loaded" % name)


def the_console(pods):
    page = pods.gateway.get("/", Accept="text/html")
    assert page.status == 200 and page.headers["content-type"].startswith("text/html") and "<html" in page.text, (page.status, page.text)
    until(lambda: "DeliveryCanceled" in pods.gateway.get("/timeline/1").text)
    states = lambda: {s["name"]: s["status"] for s in pods.gateway.get("/topology").body["services"]}
    until_equal(lambda: {name: states().get(name) for name in (*SERVICES, "gateway")}, dict.fromkeys((*SERVICES, "gateway"), "UP"))


def the_lab(pods):
    equal(http("http POST http://user23-products:8080/inventories productId=1001 productName=TV stock=100")["stock"], 100)
    order = http("http POST http://gateway:8080/orders productId=1001 productName=TV qty=5 customerId=100")
    equal(order["_links"]["self"]["href"], "http://gateway:8080/orders/1")
    until_equal(lambda: http("http http://gateway:8080/inventories/1")["stock"], 95)
    until_equal(lambda: http("http http://gateway:8080/orders/1")["status"], "DeliveryStarted")
    equal(http("http http://gateway:8080/deliveries/1")["orderId"], "1")
    http("http DELETE http://gateway:8080/orders/1")
    until_equal(pods.stock, 100)
    http("http POST http://user23-order:8080/orders productId=1001 productName=TV qty=7 customerId=100")
    until_equal(pods.stock, 93)
    equal(http("http http://gateway:8080/actuator/health")["status"], "UP")
    the_console(pods)
    for pod in pods.daemons.values():
        commit = pod.root.image.config["Labels"]["org.opencontainers.image.revision"]
        assert commit in pod.get("/actuator/info").text, "%s's label says commit %s" % (pod.name, commit)


def test_the_lab_with_names_from_etc_hosts():
    with Pods(drain="0s") as pods:
        the_lab(pods)


def test_the_lab_with_names_from_a_name_server_as_a_cluster_has_it():
    with Pods(hosts=False) as pods:                             # and the docker profile's drain of 5 s
        the_lab(pods)
        assert "user23-order.mall.svc.cluster.local" in pods.names.asked, pods.names.asked


def test_a_pod_has_no_rights_and_writes_to_data_only():
    with Pods(only=("order",), drain="0s") as pods:
        pods.order_one()
        equal({entry.stat().st_uid for entry in pods.data.iterdir()}, {USER}, "who wrote in /data")
        has_no_rights(pods.order, {"/data"})


def test_the_console_has_no_rights_and_needs_no_place_to_write():
    with Pods(only=("frontend",), data=False, drain="0s") as pods:
        equal(pods.frontend.get("/", Accept="text/html").status, 200)
        has_no_rights(pods.frontend, set())


def has_no_rights(pod, writable):
    status = dict(line.split(":\t", 1) for line in open("/proc/%d/status" % pod.process.pid) if ":\t" in line)
    equal(status["Uid"].split(), [str(USER)] * 4, "its user")
    equal(status["Groups"].split(), [], "its further groups")
    equal((int(status["CapPrm"], 16), int(status["CapEff"], 16)), (0, 0), "its capabilities")
    equal(status["NoNewPrivs"].strip(), "1", "no new privileges")
    # a process sees what lies in its own root
    mounts = [line.split() for line in open("/proc/%d/mountinfo" % pod.process.pid)]
    options = {m[4]: m[5].split(",")[0] for m in mounts}
    equal({place for place, how in options.items() if how == "rw"} - {"/proc", "/etc/hosts", "/etc/resolv.conf"} -
          {"/dev/" + device for device in DEVICES}, writable, "what is mounted writable")
    equal(options["/"], "ro", "the root file system")


def test_a_data_directory_that_cannot_be_written_is_said_so_at_once():
    with Pods(only=(), data=False) as pods:
        pod = pods.add("order")
        pod.start(wait=False)
        equal(pod.wait(5), 2, "how it ended")
        assert "MALL_DATA_DIR=/data" in pod.log(), pod.log()


def test_mallctl_audits_a_mall_from_its_image():
    """As the job does: by arguments alone, and its exit code tells."""
    with Pods(drain="0s") as pods:
        pods.order_one()
        root = Root(Image("mallctl"), pods.directory, pods.resolver, [])
        environment = ["%s=%s" % pair for pair in root.image.environment().items()]
        said = tool("env", "-i", *environment, *root.command("/daemon", "audit", "--settle=60s", *("--%s=http://%s:8080" % (s, PODS[s][1]) for s in SERVICES)))
        assert "1 order, 1 delivery" in said and "balanced" in said, said


def test_siege_has_what_the_lab_types_and_types_it():
    if EMULATOR:
        raise CannotTell("siege's image is of the machine's own architecture")
    with Pods(drain="0s") as pods:
        home = pods.directory / "home"
        home.mkdir()
        os.chown(home, USER, USER)
        root = Root(Image("siege"), pods.directory, pods.resolver, [(home, "/home/siege")])
        equal((root.image.config["User"], root.image.config["Cmd"]), ("%d:%d" % (USER, USER), ["sleep", "infinity"]), "its user and command")
        environment = ["%s=%s" % pair for pair in root.image.environment().items()]

        def type_there(*command):
            return tool("env", "-i", *environment, *root.command(*command))

        for command in (("siege", "-V"), ("kcat", "-V"), ("curl", "--version"), ("http", "--version"), ("timeout", "0.1", "true")):
            type_there(*command)
        made = type_there("http", "POST", "http://gateway:8080/orders", "productId=1001", "qty=5")
        assert '"productId"' in made, made
        read = type_there("http", "--check-status", "http://gateway:8080/orders/1")         # without a terminal it stays a GET
        assert '"productId"' in read, read
        body = '{"productId": "1001", "productName": "TV", "qty": "5", "customerId": "100"}'
        said = type_there("siege", "-c5", "-t2S", "--content-type", "application/json", "http://gateway:8080/orders POST " + body)
        numbers = siege_numbers(said)
        assert numbers["successful_transactions"] > 10, said
        equal(numbers["failed_transactions"], 0, "failed transactions")
        assert count(pods.order) >= 1 + numbers["transactions"], "%d orders after %s" % (count(pods.order), said)
