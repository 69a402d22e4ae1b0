"""node - process 1 of a cluster's namespaces: it makes the node there, starts Kubernetes' programs, and starts anew those that end.

    node.py PLACE CGROUP CPUS ARCHIVE...          started by cluster.py, as root, in new namespaces for net, mount, uts, ipc and pid

What is under /run, /etc, /opt, /var/lib and /var/log here is the node's own: the machine's folders below, what is written above them, in
memory. Images and volumes are in PLACE.
"""
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import cloud
from authority import Authority, kubeconfig, new_key, openssl
from cgroups import Cgroups

HERE = pathlib.Path(__file__).resolve().parent
NAME, ADDRESS, ROUTER = "node", "10.8.0.2", "10.8.0.1"
PODS, SERVICES, API, DNS = "10.244.0.0/16", "10.96.0.0/16", "10.96.0.1", "10.96.0.10"
SERVER = "https://%s:6443" % ADDRESS
QUEUE = 100                                                     # of packets that kube-network-policies decides about
# kubelet would write these of the whole machine; it finds them as it wants them, in files
SETTINGS = {"vm/overcommit_memory": 1, "vm/panic_on_oom": 0, "kernel/panic": 10, "kernel/panic_on_oops": 1,
            "kernel/keys/root_maxkeys": 1000000, "kernel/keys/root_maxbytes": 25000000}
OWN = ("/etc", "/opt", "/var/lib", "/var/log")


def run(*words, **more):
    subprocess.run([str(w) for w in words], check=True, stdin=subprocess.DEVNULL, **more)


def say(text):
    print(text, flush=True)


# ---- the namespaces ----

def mount_all(place):
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "node", "/run")
    for folder in OWN:
        above = pathlib.Path("/run/above") / folder.strip("/")
        for part in ("new", "work"):
            (above / part).mkdir(parents=True)
        run("mount", "-t", "overlay", "-o", "lowerdir=%s,upperdir=%s,workdir=%s" % (folder, above / "new", above / "work"), "node", folder)
    for folder, kept in {"/var/lib/kubelet": "kubelet", "/var/lib/containerd": "containerd", "/var/lib/etcd": "etcd", "/var/log/pods": "pods",
                         "/var/lib/volumes": "volumes"}.items():
        (place / kept).mkdir(mode=0o755 if kept == "pods" else 0o700, parents=True, exist_ok=True)
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        run("mount", "--bind", place / kept, folder)
    pathlib.Path("/run/settings").mkdir()
    for name, value in SETTINGS.items():
        file = pathlib.Path("/run/settings") / name.replace("/", ".")
        file.write_text("%d\n" % value)
        run("mount", "--bind", file, "/proc/sys/" + name)
    run("mount", "--make-rshared", "/")
    pathlib.Path("/run/netns").mkdir()


def offer(cpus):
    """kubelet counts processors here. Those that are not there are offline: they make room for requests, and no pod is sent to them."""
    if cpus <= os.cpu_count():
        return
    online = pathlib.Path("/sys/devices/system/cpu/online").read_text()
    places = [pathlib.Path("/sys/devices/system") / of for of in ("node", "cpu")]
    for place in places:
        run("mount", "-t", "tmpfs", "cpus", place)
    for number in range(cpus):
        topology = places[1] / ("cpu%d" % number) / "topology"
        topology.mkdir(parents=True)
        (topology / "core_id").write_text("%d\n" % number)
        (topology / "physical_package_id").write_text("0\n")
    (places[1] / "online").write_text(online)


def make_network():
    """eth0 is one end of a pair whose other end leads nowhere: a node's address and a default route, and no way to the machine's network."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "outside")
    run("ip", "addr", "add", ADDRESS + "/24", "dev", "eth0")
    for link in ("outside", "eth0"):
        run("ip", "link", "set", link, "up")
    run("ip", "route", "add", "default", "via", ROUTER)
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    run("hostname", NAME)
    # A new connection from or to a pod waits for the word of kube-network-policies, once the Service's address has become a pod's. It would make such
    # rules itself, in nftables' own way, which not every kernel has. What root sends from the node, such as probes, passes.
    rules = [["-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"], ["-m", "owner", "--uid-owner", "0", "-j", "ACCEPT"],
             ["-s", PODS, "-j", "NFQUEUE", "--queue-num", str(QUEUE)], ["-d", PODS, "-j", "NFQUEUE", "--queue-num", str(QUEUE)]]
    for rule in rules:
        run("iptables", "-t", "mangle", "-A", "POSTROUTING", *rule)


def make_files(etc):
    """Certificates and settings, in the node's /etc/kubernetes."""
    etc.mkdir(parents=True)
    authority, front = Authority(etc, "ca"), Authority(etc, "front-proxy-ca")
    authority.sign("apiserver", "/CN=kube-apiserver", ["DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc",
                                                       "DNS:kubernetes.default.svc.cluster.local", "IP:" + API, "IP:" + ADDRESS, "IP:127.0.0.1"])
    authority.sign("kubelet-server", "/O=system:nodes/CN=system:node:" + NAME, ["DNS:" + NAME, "IP:" + ADDRESS])
    authority.sign("apiserver-kubelet", "/O=system:masters/CN=kube-apiserver-kubelet")
    front.sign("front-proxy", "/CN=front-proxy-client")
    new_key(etc / "accounts.key")
    openssl("pkey", "-in", etc / "accounts.key", "-pubout", "-out", etc / "accounts.pub")
    clients = {"admin": "/O=system:masters/CN=admin", "kube-controller-manager": "/CN=system:kube-controller-manager",
               "kube-scheduler": "/CN=system:kube-scheduler", "kube-proxy": "/CN=system:kube-proxy",
               "kubelet": "/O=system:nodes/CN=system:node:" + NAME}
    for name, subject in clients.items():
        (etc / (name + ".conf")).write_text(kubeconfig(authority, SERVER, *authority.sign(name, subject)))
        (etc / (name + ".conf")).chmod(0o600)
    (etc / "resolv.conf").write_text("nameserver %s\n" % DNS)
    own = pathlib.Path("/etc/resolv.conf")                      # who enters the node knows the cluster's names
    own.unlink(missing_ok=True)
    own.write_text("nameserver %s\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n" % DNS)


def write_settings(etc, cgroup):
    def write(file, what):
        pathlib.Path(file).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(file).write_text(what if isinstance(what, str) else json.dumps(what, indent=1))

    write(etc / "kubelet.json", {
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "authentication": {"x509": {"clientCAFile": str(etc / "ca.crt")}, "webhook": {"enabled": True}, "anonymous": {"enabled": False}},
        "authorization": {"mode": "Webhook"}, "tlsCertFile": str(etc / "kubelet-server.crt"), "tlsPrivateKeyFile": str(etc / "kubelet-server.key"),
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock", "clusterDNS": [DNS], "clusterDomain": "cluster.local",
        "resolvConf": str(etc / "resolv.conf"), "cgroupDriver": "cgroupfs", "cgroupRoot": cgroup, "failSwapOn": False, "failCgroupV1": False,
        "podLogsDir": "/var/log/pods", "serializeImagePulls": False, "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%", "nodefs.inodesFree": "1%"}})
    write(etc / "kube-proxy.json", {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "iptables", "clusterCIDR": PODS,
        "hostnameOverride": NAME, "clientConnection": {"kubeconfig": str(etc / "kube-proxy.conf")},
        # the machine's: left as they are
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}})
    write("/etc/containerd/config.toml", """version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = 'docker.io/mall/pause:1'
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = %s
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ['/opt/cni/bin']
conf_dir = '/etc/cni/net.d'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'
""" % ("false" if may_favour() else "true"))
    write("/etc/cni/net.d/10-mall.conflist", {
        "cniVersion": "1.0.0", "name": "mall", "plugins": [
            # each pod at a line of its own, so that all of its packets are routed, and the rules see them
            {"type": "ptp", "mtu": 1500, "ipam": {"type": "host-local", "ranges": [[{"subnet": PODS.replace("/16", "/24")}]],
                                                  "routes": [{"dst": "0.0.0.0/0"}], "dataDir": "/run/cni"}},
            {"type": "portmap", "capabilities": {"portMappings": True}}]})
    run("cp", "-a", "/usr/lib/cni/.", ensure("/opt/cni/bin"))


def may_favour():
    """May root here tell the kernel to spare a process when memory is short? (CAP_SYS_RESOURCE, which some virtual machines keep back)"""
    status = pathlib.Path("/proc/self/status").read_text()
    return bool(int(status.partition("CapEff:")[2].split()[0], 16) >> 24 & 1)


def ensure(folder):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    return folder


# ---- its programs ----

class Program(threading.Thread):
    """One that is started anew when it ends."""

    def __init__(self, name, *words, environment=None):
        super().__init__(daemon=True)
        self.name, self.words, self.environment = name, [str(w) for w in words], {**os.environ, **(environment or {})}
        self.start()

    def run(self):
        with open("/run/logs/" + self.name + ".log", "ab") as log:
            while True:
                ended = subprocess.run(self.words, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
                say("%s ended (%d), it is started anew" % (self.name, ended.returncode))
                time.sleep(1)


def until(done, seconds=120):
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise SystemExit("node: waited %d s in vain: %s" % (seconds, done.__name__))
        time.sleep(0.1)


def succeeds(*words):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def flags(**named):
    return ["--%s=%s" % (name.replace("_", "-"), value) for name, value in named.items()]


def start_control(etc, bin_):
    Program("etcd", bin_ / "etcd", "--data-dir=/var/lib/etcd", "--unsafe-no-fsync", "--log-level=warn", "--listen-peer-urls=http://127.0.0.1:2380",
            "--quota-backend-bytes=%d" % (1 << 30), "--auto-compaction-retention=10m")
    Program("kube-apiserver", bin_ / "kube-apiserver", *flags(
        advertise_address=ADDRESS, etcd_servers="http://127.0.0.1:2379", service_cluster_ip_range=SERVICES, authorization_mode="Node,RBAC",
        enable_admission_plugins="NodeRestriction", allow_privileged="true", client_ca_file=etc / "ca.crt",
        tls_cert_file=etc / "apiserver.crt", tls_private_key_file=etc / "apiserver.key",
        kubelet_client_certificate=etc / "apiserver-kubelet.crt", kubelet_client_key=etc / "apiserver-kubelet.key",
        kubelet_certificate_authority=etc / "ca.crt", kubelet_preferred_address_types="InternalIP",
        service_account_issuer="https://kubernetes.default.svc.cluster.local", service_account_key_file=etc / "accounts.pub",
        service_account_signing_key_file=etc / "accounts.key",
        requestheader_client_ca_file=etc / "front-proxy-ca.crt", requestheader_allowed_names="front-proxy-client",
        requestheader_extra_headers_prefix="X-Remote-Extra-", requestheader_group_headers="X-Remote-Group", requestheader_username_headers="X-Remote-User",
        proxy_client_cert_file=etc / "front-proxy.crt", proxy_client_key_file=etc / "front-proxy.key", enable_aggregator_routing="true"))


def start_rest(etc, bin_):
    for name in ("kube-controller-manager", "kube-scheduler"):
        conf = etc / (name + ".conf")
        more = flags(root_ca_file=etc / "ca.crt", service_account_private_key_file=etc / "accounts.key", use_service_account_credentials="true",
                     cluster_signing_cert_file=etc / "ca.crt", cluster_signing_key_file=etc / "ca.key", requestheader_client_ca_file=etc / "front-proxy-ca.crt",
                     controllers="*,bootstrapsigner,tokencleaner") if name == "kube-controller-manager" else []
        Program(name, bin_ / name, *flags(kubeconfig=conf, authentication_kubeconfig=conf, authorization_kubeconfig=conf, leader_elect="false"), *more)
    Program("kubelet", bin_ / "kubelet", *flags(config=etc / "kubelet.json", kubeconfig=etc / "kubelet.conf", hostname_override=NAME, node_ip=ADDRESS))
    Program("kube-proxy", bin_ / "kube-proxy", "--config=%s" % (etc / "kube-proxy.json"))


def start_policies(etc, bin_, kubectl):
    """It believes to be a pod: its token is where a pod's is."""
    place = pathlib.Path(ensure("/run/secrets/kubernetes.io/serviceaccount"))
    made = subprocess.run([*kubectl, "-n", "kube-system", "create", "token", "kube-network-policies", "--duration=8760h"],
                          check=True, capture_output=True, text=True)
    (place / "token").write_text(made.stdout.strip())
    (place / "ca.crt").write_text((etc / "ca.crt").read_text())
    Program("kube-network-policies", bin_ / "kube-network-policies", "--nfqueue-id=%d" % QUEUE, "--hostname-override=" + NAME,
            "--metrics-bind-address=127.0.0.1:9080", "--netfilter-bug-1766-fix=false",
            environment={"KUBERNETES_SERVICE_HOST": ADDRESS, "KUBERNETES_SERVICE_PORT": "6443"})


def import_images(bin_, archives):
    for archive in archives:
        with open("/run/logs/images.log", "ab") as log:
            done = subprocess.run([bin_ / "ctr", "-n", "k8s.io", "images", "import", "--local", archive], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if done.returncode != 0:
            say("the image %s could not be imported: see images.log" % archive)


def bring_up(place, cgroup, archives):
    etc, bin_ = pathlib.Path("/etc/kubernetes"), place / "bin"
    os.environ.update(PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:%s" % bin_, HOME="/root")
    os.environ.pop("KUBECONFIG", None)
    ensure("/run/logs")
    run("mount", "--bind", place / "logs", "/run/logs")
    make_network()
    make_files(etc)
    write_settings(etc, cgroup)
    (place / "kubeconfig").write_text((etc / "admin.conf").read_text())
    (place / "kubeconfig").chmod(0o600)
    start_control(etc, bin_)
    Program("containerd", bin_ / "containerd")

    def containerd_answers():
        return succeeds(bin_ / "ctr", "version")

    until(containerd_answers)
    kubectl = [bin_ / "kubectl", "--kubeconfig=%s" % (etc / "admin.conf")]
    importing = threading.Thread(target=import_images, args=(bin_, archives))
    importing.start()

    def api_is_ready():
        return succeeds(*kubectl, "get", "--raw=/readyz")

    until(api_is_ready)
    say("the API server answers")
    start_rest(etc, bin_)

    def objects_are_applied():
        return succeeds(*kubectl, "apply", "-f", HERE / "objects")

    until(objects_are_applied)
    start_policies(etc, bin_, kubectl)
    threading.Thread(target=cloud.run, args=(etc, SERVER, NAME, "/var/lib/volumes", say), daemon=True).start()
    importing.join()
    say("the images are there")
    (place / "up").touch()


def bury_all(child):
    """What process 1 does: children of children that ended are left to it. It ends, and all of the node with it, when `child` does."""
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def main(place, cgroup, cpus, *archives):
    place = pathlib.Path(place)
    Cgroups(cgroup).enter("node")
    mount_all(place)
    offer(int(cpus))
    child = os.fork()
    if child:
        return bury_all(child)
    bring_up(place, cgroup, archives)
    threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
