"""images - container images without an engine: a file system as a tar, and what a container of it starts, make a docker-archive.

Those that a cluster needs and that cannot be pulled here are made once and kept in ~/.cache/mall/cluster/images:

  docker.io/library/postgres:17, docker.io/apache/kafka:4.1.1   stand-ins: Debian's PostgreSQL and Maven Central's Kafka, which obey the
                                                                environment variables and paths that deploy/k8s uses, and no more
  mall/pause, mall/coredns, mall/metrics-server                 one program each

of_daemons() makes the daemons' images from build/bin in seconds, where `make images` builds and tests them in minutes. of_part() makes those
that only some components want.
"""
import fcntl
import hashlib
import inspect
import io
import json
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parents[1] / "scripts"))
import parts                                                    # noqa: E402 (lies in scripts/)
import services                                                 # noqa: E402

PLACE = parts.CACHE / "cluster/images"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
POSTGRES, KAFKA = "docker.io/library/postgres:17", "docker.io/apache/kafka:4.1.1"
PAUSE, COREDNS, METRICS = "mall/pause:1", "mall/coredns:1", "mall/metrics-server:1"


def digest(file):
    with open(file, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def add_text(tar, name, text):
    what = tarfile.TarInfo(name)
    what.size = len(text)
    tar.addfile(what, io.BytesIO(text))


def archive(tag, layer, config, to):
    """layer: an uncompressed tar, the whole file system."""
    layer_digest = digest(layer)
    image = json.dumps({"architecture": ARCHITECTURE, "os": "linux", "config": config,
                        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + layer_digest]}}).encode()
    named = hashlib.sha256(image).hexdigest() + ".json"
    with tarfile.open(to, "w") as tar:
        add_text(tar, named, image)
        tar.add(layer, layer_digest + ".tar")
        add_text(tar, "manifest.json", json.dumps([{"Config": named, "RepoTags": [tag], "Layers": [layer_digest + ".tar"]}]).encode())


def of_programs(tag, programs, config, to):
    """An image that holds programs in / and nothing else."""
    with tempfile.TemporaryDirectory() as place:
        layer = pathlib.Path(place) / "layer.tar"
        with tarfile.open(layer, "w") as tar:
            for program in programs:
                tar.add(program, pathlib.Path(program).name)
        archive(tag, layer, config, to)


def make_pause(to):
    """What holds a pod's namespaces: it waits for signals, and for the children that others left it."""
    with tempfile.TemporaryDirectory() as place:
        program = pathlib.Path(place) / "pause"
        subprocess.check_call(["gcc", "-Os", "-static", "-o", program, HERE / "images/pause.c"])
        of_programs(PAUSE, [program], {"Entrypoint": ["/pause"], "User": "65535:65535"}, to)


def make_coredns(to):
    of_programs(COREDNS, [parts.program("coredns")], {"Entrypoint": ["/coredns"]}, to)


def make_metrics_server(to):
    of_programs(METRICS, [parts.program("metrics-server")], {"Entrypoint": ["/metrics-server"], "User": "65534:65534"}, to)


def debian(packages, to, *hooks):
    """Debian's smallest system with these packages, as a tar, whatever the file is called."""
    subprocess.check_call(["mmdebstrap", "--quiet", "--format=tar", "--variant=minbase", "--include=" + ",".join(packages),
                           *("--dpkgopt=path-exclude=/usr/share/%s/*" % of for of in ("man", "locale", "doc")),
                           "--dpkgopt=path-include=/usr/share/doc/*/copyright", *hooks, "trixie", to])


def make_postgres(to):
    with tempfile.TemporaryDirectory(dir=to.parent) as place:
        layer = pathlib.Path(place) / "layer.tar"
        # Debian's package would make a server of its own; the image's user is 999
        debian(["postgresql-17"], layer,
               '--essential-hook=mkdir -p "$1/etc/postgresql-common" && echo create_main_cluster = false >"$1/etc/postgresql-common/createcluster.conf"',
               '--essential-hook=echo postgres:x:999: >>"$1/etc/group"; echo postgres:x:999:999::/var/lib/postgresql:/bin/bash >>"$1/etc/passwd"',
               '--customize-hook=copy-in %s /usr/local/bin' % (HERE / "images/postgres/docker-entrypoint.sh"))
        archive(POSTGRES, layer, {"Entrypoint": ["/usr/local/bin/docker-entrypoint.sh"], "Cmd": ["postgres"], "StopSignal": "SIGINT",
                                  "Env": ["PATH=/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
                                          "PGDATA=/var/lib/postgresql/data"]}, to)


def make_kafka(to):
    with tempfile.TemporaryDirectory(dir=to.parent) as place:
        kafka = pathlib.Path(place) / "kafka"
        subprocess.check_call(["mvn", "-q", "-B", "-f", HERE / "images/kafka/pom.xml", "dependency:copy-dependencies",
                               "-DoutputDirectory=%s" % (kafka / "libs")], stdout=subprocess.DEVNULL)
        (kafka / "bin").mkdir()
        for file in (HERE / "images/kafka").glob("*.sh"):
            shutil.copy(file, kafka / "bin")
        for line in (HERE / "images/kafka/tools").read_text().split("\n"):
            if line and not line.startswith("#"):
                name, of = line.split()
                script = kafka / "bin" / (name + ".sh")
                script.write_text('#!/bin/bash\nexec "$(dirname "$0")/kafka-run-class.sh" %s "$@"\n' % of)
        for script in (kafka / "bin").iterdir():
            script.chmod(0o755)
        layer = pathlib.Path(place) / "layer.tar"
        debian(["openjdk-21-jre-headless"], layer,
               '--essential-hook=mkdir -p "$1/usr/share/man/man1"',    # which the package believes to be there
               '--essential-hook=echo appuser:x:1000: >>"$1/etc/group"; echo appuser:x:1000:1000::/home/appuser:/bin/bash >>"$1/etc/passwd"',
               '--customize-hook=mkdir -p "$1/opt" "$1/var/lib/kafka/data" "$1/home/appuser"; chown 1000:1000 "$1/var/lib/kafka/data" "$1/home/appuser"',
               '--customize-hook=copy-in %s /opt' % kafka)
        archive(KAFKA, layer, {"Cmd": ["/opt/kafka/bin/kafka-server-start.sh", "/etc/kafka/server.properties"], "User": "1000:1000",
                               "Env": ["PATH=/opt/kafka/bin:/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"]}, to)


def names():
    """The images of the mall as deploy/k8s calls them: by their last part, such as order."""
    listed = (HERE.parents[1] / "deploy/k8s/components/images/kustomization.yaml").read_text()
    found = re.findall(r"^ *- name: (\S+)\n *newTag: (\S+)", listed, re.M)
    return {name.rpartition("/")[2]: "%s:%s" % (name, tag) for name, tag in found}


def of_daemons(to, say):
    """As Dockerfile.template makes them, but for the system that the programs were built on: this one."""
    top = HERE.parents[1]
    to.mkdir(parents=True, exist_ok=True)
    for daemon in services.variable("PROGRAMS"):
        with tempfile.TemporaryDirectory() as place:
            root, layer = pathlib.Path(place) / "root", pathlib.Path(place) / "layer.tar"
            subprocess.check_call([top / "scripts/image_root", top / "build/release/bin" / daemon, root])
            with tarfile.open(layer, "w") as tar:
                for entry in sorted(root.iterdir()):
                    tar.add(entry, entry.name)
                data = tarfile.TarInfo("data")
                data.type, data.mode, data.uid, data.gid = tarfile.DIRTYPE, 0o755, 65532, 65532
                tar.addfile(data)
            archive(names()[daemon], layer, {"Entrypoint": ["/daemon"], "User": "65532:65532", "WorkingDir": "/", "StopSignal": "SIGTERM",
                                             "Env": ["MALL_PROFILE=docker"], "Volumes": {"/data": {}}, "ExposedPorts": {"8080": {}}}, to / (daemon + ".tar"))
            say("%s of build/bin" % names()[daemon])


# programs of others that components run: the image that has each
OF_PARTS = {"collector": "otel/opentelemetry-collector-contrib", "victoria-logs": "victoriametrics/victoria-logs", "jaeger": "jaegertracing/jaeger"}


def of_part(name, to):
    """Under the name that the manifests have. Its user and its arguments are the manifests' too."""
    manifests = (HERE.parents[1] / "deploy/k8s/components").glob("*/*.yaml")
    tag, = {tag for file in manifests for tag in re.findall(r"^ *image: (\S*/%s:\S+)$" % OF_PARTS[name], file.read_text(), re.M)}
    of_programs(tag, [parts.program(name)], {"Entrypoint": ["/" + name]}, to)


# what each is made of: another text here, or another version, and it is made anew
MADE = {"pause": (make_pause, ["images/pause.c"], []), "coredns": (make_coredns, [], ["coredns"]),
        "metrics-server": (make_metrics_server, [], ["metrics-server"]), "postgres": (make_postgres, ["images/postgres"], []),
        "kafka": (make_kafka, ["images/kafka"], [])}


def made_from(name):
    make, files, of_parts = MADE[name]
    texts = [inspect.getsource(function).encode() for function in (make, archive, debian)]
    for file in files:
        place = HERE / file
        texts += [f.read_bytes() for f in sorted(place.iterdir() if place.is_dir() else [place])]
    return hashlib.sha256(b"\0".join(texts + [parts.PARTS[p].version.encode() for p in of_parts])).hexdigest()


def make_all(say):
    PLACE.mkdir(parents=True, exist_ok=True)
    with open(PLACE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name, (make, _, _) in MADE.items():
            file, stamp = PLACE / (name + ".tar"), PLACE / (name + ".is")
            if file.exists() and stamp.exists() and stamp.read_text() == made_from(name):
                continue
            say("making the image %s" % name)
            new = PLACE / (name + ".new")
            make(new)
            new.rename(file)
            stamp.write_text(made_from(name))


if __name__ == "__main__":
    make_all(print)
