"""cluster - the parts of Kubernetes that a rollout needs: a node's network, pods with a network each, a Service in front of some.

    with Cluster() as cluster:
        pod = cluster.run("order")          # started; its Service uses it when it is ready
        pod.signal()                        # told to stop

A Service is a round-robin proxy of connections that follows the pods' readiness LATE seconds late, as kube-proxy does. PostgreSQL
and Kafka are on the node.
"""
import contextlib
import http.client
import os
import socket
import subprocess
import threading
import time

import container
from container import Pods
from image import EMULATOR
from mall import BIN, SHOP, Broker, CannotTell, Client, Server, ports, tool, until

NODE = "10.23.0.254"
PODS = {name: ("10.23.0.%d" % number, host) for number, (name, (_, host)) in enumerate(container.PODS.items(), 1)}
PODS["order"] = (NODE, PODS["order"][1])                        # its Service's
REPLICAS = ["10.23.0.%d" % (100 + i) for i in range(8)]
LATE = 2
SETTINGS = {"gateway": (), "frontend": ("bus_url",)}            # of the cluster's, which the services have all

SERVICE = """
global
    stats socket %(socket)s mode 600 level admin
defaults
    mode tcp
    timeout connect 2s
    timeout client 300s
    timeout server 300s
listen order
    bind %(node)s:8080
    balance roundrobin
"""


class Service:
    """The Service of order. It decides which pods get new connections; a connection stays with its pod."""

    def __init__(self, directory):
        self.socket, self.pods, self.ready, self.ending = directory / "haproxy", [], set(), threading.Event()
        text = SERVICE % {"socket": self.socket, "node": NODE} + "".join("    server %s %s:8080 disabled\n" % (a, a) for a in REPLICAS)
        path = directory / "haproxy.cfg"
        path.write_text(text)
        self.process = subprocess.Popen(["haproxy", "-f", path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self.socket.exists)

    def follow(self, pod):
        thread = threading.Thread(target=self.watch, args=(pod,))
        self.pods.append(thread)
        thread.start()

    def watch(self, pod):
        known = False
        while not self.ending.wait(0.1):
            ready = False
            with contextlib.suppress(OSError, http.client.HTTPException):
                ready = pod.get("/actuator/health/readiness").status == 200
            if ready != known:
                time.sleep(LATE)
                self.tell("set server order/%s state %s" % (pod.host, "ready" if ready else "maint"))
                (self.ready.add if ready else self.ready.discard)(pod.host)
                known = ready

    def knows(self, pod):
        return pod.host in self.ready

    def tell(self, command):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.socket))
            s.sendall(command.encode() + b"\n")
            said = b"".join(iter(lambda: s.recv(4096), b"")).decode().strip()
        assert not said, said

    def close(self):
        self.ending.set()
        for thread in self.pods:
            thread.join()
        self.process.kill()
        self.process.wait()


def ip(*words):
    tool("ip", *words)


def make_node():
    """A bridge that the pods are plugged into."""
    os.makedirs("/run/netns", exist_ok=True)
    tool("mount", "-t", "tmpfs", "netns", "/run/netns")         # so that the names are only here
    try:
        ip("link", "add", "pods", "type", "bridge")
    except AssertionError as why:
        raise CannotTell(str(why)) from None
    ip("addr", "add", NODE + "/24", "dev", "pods")
    ip("link", "set", "pods", "up")


def make_network(name, address):
    ip("netns", "add", name)
    ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
    ip("link", "set", name, "master", "pods", "up")
    ip("-n", name, "addr", "add", address + "/24", "dev", "eth0")
    for link in ("eth0", "lo"):
        ip("-n", name, "link", "set", link, "up")


class Cluster(Pods):
    places = PODS

    def __init__(self):
        if EMULATOR:
            raise CannotTell("a rollout runs only on the machine's own architecture")
        super().__init__(only=())
        self.count, self.service, self.server = 0, None, None

    def __enter__(self):
        try:
            make_node()
            self.server, self.broker = Server(self.directory), Broker(self.directory)
            port = ports.reserve()
            self.broker.more_listeners = "PODS://%s:%d" % (NODE, port)
            self.settings = {"bus_url": "kafka://%s:%d/mall" % (NODE, port), "db_url": "postgresql://mall@/postgres?host=/postgres"}
            self.server.start()
            self.broker.start()
            self.service = Service(self.directory)
            for name in [name for name in PODS if name != "order"]:
                self.daemons[name] = self.plug(name, PODS[name][0])
                self.daemons[name].start(wait=False)
            for daemon in self.daemons.values():
                daemon.wait_ready()
        except BaseException:
            self.__exit__(True)
            raise
        return self

    def __exit__(self, kind, *_):
        if self.service:
            self.service.close()
        if self.server:
            with contextlib.ExitStack() as stack:
                stack.callback(self.server.stop)
                super().__exit__(kind, *_)
        else:
            super().__exit__(kind, *_)

    def plug(self, name, address):
        """A pod at that address, not started."""
        self.count += 1
        network = "pod%d" % self.count
        make_network(network, address)
        settings = {k: v for k, v in self.settings.items() if k in SETTINGS.get(name, self.settings)}
        pod = self.add(name, label="%s-%d" % (name, self.count), address=address, volumes=[(self.server.directory / "s", "/postgres")], **settings)
        pod.launcher = ("ip", "netns", "exec", network)
        return pod

    def run(self, name):
        replicas = [d for d in self.daemons.values() if d.name == name]
        pod = self.plug(name, REPLICAS[len(replicas)])
        self.daemons[pod.label] = pod
        pod.start(wait=False)
        self.service.follow(pod)
        return pod

    def order_count(self):
        """As the Service says."""
        service = Client(8080)
        service.host = NODE
        return service.get("/orders?size=1").body["page"]["totalElements"]

    def audit(self):
        places = ["--%s=http://%s:8080" % (name, PODS[name][0]) for name in SHOP]
        done = subprocess.run([BIN / "mallctl", "audit", "--settle=90s", "--bus=" + self.settings["bus_url"], *places],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
        return done.stdout
