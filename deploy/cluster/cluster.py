#!/usr/bin/env python3
"""cluster - a real Kubernetes on this machine, in namespaces of its own: no port, mount, kernel setting or firewall rule of the machine is touched.

usage: cluster.py up [--quick] [--cpus=6]   builds what is missing, starts it, and waits until it is ready; --quick: with daemons of build/bin, whose
                                   images take seconds and not minutes; --cpus: how many the node says that it has at least
       cluster.py check            says what this machine lacks for it, but packages
       cluster.py down             ends it; nothing of it is left but logs
       cluster.py status           says whether it runs, and what it takes
       cluster.py load FILE|PART...   brings images into it: docker-archives, or those of collector, victoria-logs, jaeger, as the manifests name them
       cluster.py open PORT [HOST:PORT]   127.0.0.1:PORT of this machine leads to the gateway's load balancer, or to HOST:PORT there, until Ctrl-C

It speaks through build/cluster/kubectl, and build/cluster/enter COMMAND... runs a command on its node. A cluster belongs to its checkout.
"""
import ctypes
import hashlib
import json
import os
import pathlib
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[1:1] = [str(HERE), str(TOP / "scripts")]
import cgroups                                                  # noqa: E402
import images                                                   # noqa: E402
import parts                                                    # noqa: E402

PLACE = TOP / "build/cluster"
HOLDER = PLACE / "pid"
IMAGES = TOP / "build/images"
QUICK = IMAGES / "quick"
CGROUP = "/mall-" + hashlib.sha256(str(TOP).encode()).hexdigest()[:8]
BUILT = ("kubernetes", "etcd", "containerd", "coredns", "metrics-server", "kube-network-policies")
OF_KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl")
COMMANDS = {"runc": "runc", "iptables": "iptables", "conntrack": "conntrack", "ip": "iproute2", "openssl": "openssl", "unshare": "util-linux",
            "nsenter": "util-linux", "mount": "mount", "mmdebstrap": "mmdebstrap", "mvn": "maven", "gcc": "gcc"}
CNI = pathlib.Path("/usr/lib/cni/ptp")
PLACES = ["/usr/sbin", "/sbin", "/usr/local/sbin"]
SECONDS = 300
CPUS = 6                                                        # as the lab's three t3.medium have: else four order pods find no place on two


def say(text):
    print("cluster: " + text, flush=True)


# ---- is it there, can it be ----

def started(pid):
    """When a process began, in the kernel's ticks; None if there is no such."""
    try:
        return pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def node():
    """Process 1 of the node, as this machine counts; None if it does not run."""
    try:
        pid, since = HOLDER.read_text().split()
    except OSError:
        return None
    return int(pid) if started(int(pid)) == since else None


def what_is_missing():
    """Of the machine: what no package brings."""
    if platform.system() != "Linux":
        return ["Linux"]
    if os.geteuid() != 0:
        return ["root (sudo make cluster)"]
    found = []
    gone = cgroups.missing()
    if gone:
        found.append("the cgroups %s below %s" % (" ".join(gone), cgroups.ROOT))
    elif not any(os.access(place, os.W_OK) for place in cgroups.hierarchies()):
        found.append("cgroups that can be written to")
    if subprocess.run(["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "true"], capture_output=True).returncode != 0:
        found.append("the right to make namespaces (in a container: --privileged)")
    if not os.path.exists("/dev/kmsg"):
        found.append("/dev/kmsg, which kubelet reads")
    return found


def packages_missing():
    found = ["the package " + package for command, package in COMMANDS.items() if not shutil.which(command)]
    found += [] if CNI.exists() else ["the package containernetworking-plugins"]
    return [", ".join(sorted(set(found))) + " (scripts/deps cluster)"] if found else []


def check(what=()):
    missing = [*what_is_missing(), *what]
    if missing:
        print("cluster: this takes %s" % ", and ".join(missing), file=sys.stderr)
    return 1 if missing else 0


# ---- up ----

def images_of_mall(quick):
    """Their archives, after making those that are not there."""
    if quick:
        images.of_daemons(QUICK, say)
    wanted = [name for name in images.names() if not quick or not (QUICK / (name + ".tar")).exists()]
    absent = [name for name in wanted if not (IMAGES / (name + ".tar")).exists()]
    if absent:
        say("building the images of %s: some 5 minutes for all, once" % " ".join(absent))
        subprocess.check_call(["make", "--no-print-directory", "-C", TOP, "images", "IMAGES=" + " ".join(absent)])
    return [(IMAGES if name in wanted else QUICK) / (name + ".tar") for name in images.names()]


def build_all(quick):
    """What of it is there is left; returns the archives of all images."""
    absent = [name for name in BUILT if not parts.is_built(name)]
    if absent:
        say("building %s from Go modules: some 15 minutes on two cores, once" % " ".join(absent))
        subprocess.check_call([TOP / "scripts/parts.py", *absent])
    images.make_all(say)
    return [*images_of_mall(quick), *sorted(images.PLACE.glob("*.tar"))]


def write_commands():
    bin_ = PLACE / "bin"
    shutil.rmtree(bin_, ignore_errors=True)
    bin_.mkdir(parents=True)
    for name in OF_KUBERNETES:
        (bin_ / name).symlink_to(parts.program("kubernetes"))
    for part in ("etcd", "containerd", "kube-network-policies"):
        for program in parts.PARTS[part].packages:
            (bin_ / program).symlink_to(parts.program(part, program))
    # by its own command, which finds process 1 of today's cluster
    for name, runs in {"kubectl": 'exec nsenter --net="/proc/$pid/ns/net" "$here/bin/kubectl" --kubeconfig="$here/kubeconfig" "$@"',
                       "enter": 'exec nsenter --target "$pid" --net --mount --uts --ipc --pid --wdns="$PWD" "$@"'}.items():
        file = PLACE / name
        file.write_text('#!/bin/sh\n# written by deploy/cluster/cluster.py\nhere=%s\n'
                        'pid=$(cut -d " " -f 1 "$here/pid" 2>/dev/null) && [ -d "/proc/$pid" ] ||\n'
                        '\t{ echo "the cluster does not run: make cluster" >&2; exit 1; }\n%s\n'
                        % (PLACE, runs))
        file.chmod(0o755)


def child_of(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as children:
        return next(map(int, children.read().split()), None)


def kubectl(*words):
    return subprocess.run([PLACE / "kubectl", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)


def wait_for(what, is_so, holder):
    end = time.monotonic() + SECONDS
    while not is_so():
        if holder.poll() is not None or time.monotonic() > end:
            last = (PLACE / "logs/node.log").read_text().splitlines()[-5:]
            down()
            raise SystemExit("cluster: it did not start (%s); build/cluster/logs has more:\n%s" % (what, "\n".join(last)))
        time.sleep(0.2)
    say(what)


def up(*how):
    if node():
        say("it runs already: build/cluster/kubectl get nodes")
        return 0
    cpus = next((one.partition("=")[2] for one in how if one.startswith("--cpus=")), "%d" % CPUS)
    if check(packages_missing()):
        return 1
    archives = build_all("--quick" in how)
    down()                                                      # what one that was killed has left
    began = time.monotonic()
    write_commands()
    logs = PLACE / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir()
    with open(logs / "node.log", "w") as log:
        holder = subprocess.Popen(["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc",
                                   sys.executable, "-B", HERE / "node.py", PLACE, CGROUP, cpus, *archives],
                                  cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    while not (pid := child_of(holder.pid)):
        if holder.poll() is not None:
            raise SystemExit("cluster: the namespaces could not be made: " + (logs / "node.log").read_text())
        time.sleep(0.05)
    HOLDER.write_text("%d %s" % (pid, started(pid)))

    def answers():
        return (PLACE / "kubeconfig").exists() and kubectl("get", "--raw=/readyz").returncode == 0

    def node_is_ready():
        return '"True"' in kubectl("get", "nodes", "-o", 'jsonpath="{.items[0].status.conditions[?(@.type==\'Ready\')].status}"').stdout

    def names_are_known():
        return kubectl("-n", "kube-system", "get", "deploy", "coredns", "-o", "jsonpath={.status.readyReplicas}").stdout == "1"

    wait_for("the API server answers", answers, holder)
    wait_for("the node is ready", node_is_ready, holder)
    wait_for("the images are there", (PLACE / "up").exists, holder)
    wait_for("the cluster's names are known", names_are_known, holder)
    wait_for("metrics are there", lambda: kubectl("get", "--raw=/apis/metrics.k8s.io/v1beta1/nodes").returncode == 0, holder)
    say("it runs, after %d s: build/cluster/kubectl apply -k deploy/k8s/overlays/lab" % (time.monotonic() - began))
    return 0


# ---- and the rest ----

def down():
    pid = node()
    if pid:
        say("ending it")
        os.kill(pid, signal.SIGKILL)                            # and with it all processes of its namespace, and all that they mounted
        while started(pid):
            time.sleep(0.05)
    if os.geteuid() == 0:
        cgroups.Cgroups(CGROUP).remove()
    if PLACE.exists():
        for left in PLACE.iterdir():
            if left.name != "logs":
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
    return 0


def status():
    if not node():
        say("it does not run: make cluster")
        return 1
    own = cgroups.Cgroups(CGROUP)
    say("it runs; Kubernetes itself takes %d MB, the pods %d MB" % (own.memory("node") >> 20, own.memory("kubepods") >> 20))
    return 0


def load(*given):
    if not node():
        say("it does not run: make cluster")
        return 1
    with tempfile.TemporaryDirectory() as place:
        for one in given:
            file = one
            if one in images.OF_PARTS:
                file = pathlib.Path(place) / (one + ".tar")
                images.of_part(one, file)
            # the file may lie where the node sees another folder
            with open(file, "rb") as archive:
                subprocess.check_call([PLACE / "enter", PLACE / "bin/ctr", "-n", "k8s.io", "images", "import", "--local", "-"], stdin=archive)
    return 0


def connect_inside(pid, address):
    """A connection out of the node's network: its sockets stay there, whoever holds them."""
    result = []

    def make():                                                 # a thread has a network of its own
        with open("/proc/%d/ns/net" % pid) as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0x40000000) != 0:
                result.append(OSError(ctypes.get_errno(), "setns"))
                return
        try:
            result.append(socket.create_connection(address, timeout=10))
        except OSError as why:
            result.append(why)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if isinstance(result[0], OSError):
        raise result[0]
    result[0].settimeout(None)
    return result[0]


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client, pid, address):
    with client:
        try:
            there = connect_inside(pid, address)
        except OSError as why:
            say("%s:%d: %s" % (*address, why))
            return
        with there:
            back = threading.Thread(target=pump, args=(there, client))
            back.start()
            pump(client, there)
            back.join()


def gateway():
    for service in json.loads(kubectl("get", "services", "-A", "-l", "app=gateway", "-o", "json").stdout or "{}").get("items", ()):
        for given in service["status"].get("loadBalancer", {}).get("ingress", ()):
            return given["ip"], service["spec"]["ports"][0]["port"]
    return None


def open_(port, to=None):
    pid = node()
    address = (to.rpartition(":")[0], int(to.rpartition(":")[2])) if to else gateway() if pid else None
    if not pid or not address:
        say("it does not run: make cluster" if not pid else "no Service of a gateway has an address")
        return 1
    try:
        server = socket.create_server(("127.0.0.1", int(port)))
    except OSError as why:
        say("port %s: %s" % (port, why.strerror))
        return 1
    with server:
        say("http://127.0.0.1:%s leads to %s:%d" % (port, *address))
        while True:
            threading.Thread(target=serve, args=(server.accept()[0], pid, address), daemon=True).start()


def main(words):
    does = {"up": up, "check": check, "down": down, "status": status, "load": load, "open": open_}.get(words[0] if words else "")
    if not does:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return does(*words[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), *PLACES])
    sys.exit(main(sys.argv[1:]))
