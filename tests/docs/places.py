"""places - where a page's commands run: the copy of the tree, what is on the PATH, and the namespaces around them."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[1:1] = [str(TOP / "tests/fifth"), str(TOP / "tests/system"), str(TOP / "tests/k8s"), str(TOP / "tests/tools"), str(TOP / "scripts")]
import page as fifth_page                                       # noqa: E402 (of tests/fifth)
import parts                                                    # noqa: E402 (of scripts)
from apart import PROCESSES, apart                              # noqa: E402 (of tests/tools)

AWSCLI = "awscli==1.46.3"
AWS = parts.CACHE / AWSCLI
CLUSTER = pathlib.Path(os.environ.get("MALL_TEST_CLUSTER") or TOP / "build/cluster")
ALONE = "--net", "--mount", *PROCESSES
DEADLINE = 40 * 60                                              # seconds a page: it only ends what hangs


def tree(to):
    """What git would commit, and what was built from it, so that `make run` has nothing left to do."""
    fifth_page.copy_tree(to)
    commit = subprocess.check_output(["git", "-C", TOP, "rev-parse", "HEAD"], text=True).strip()
    objects = subprocess.check_output(["git", "-C", TOP, "rev-parse", "--path-format=absolute", "--git-path", "objects"], text=True)
    (to / ".git/objects/info/alternates").write_text(objects)
    subprocess.check_call(["git", "-C", to, "update-ref", "HEAD", commit])     # what was built names it
    for built in ("release", "bin", *(path.name for path in (TOP / "build").glob("deps-*"))):
        source = TOP / "build" / built
        if source.is_dir():
            shutil.copytree(source, to / "build" / built, symlinks=True)
        elif source.exists():
            shutil.copy2(source, to / "build" / built)


def prepare(wanted):
    """What is fetched once, before pages are read side by side. What cannot be: {place: why}."""
    lacks = {}
    if "aws" in wanted:
        try:
            parts.venv(AWS, AWSCLI)
        except subprocess.CalledProcessError:
            lacks["aws"] = "no %s from PyPI" % AWSCLI
    if "local" in wanted:                                        # `make run KAFKA=1` and Kafka's tools, in a network where nothing can be fetched
        for script in ("tests/kafka/broker.sh", "scripts/kafka/tool.sh"):
            subprocess.check_call([TOP / script, "fetch"])
    return lacks


def tools_for_aws(to):
    """A folder of the commands that stand in for AWS' and its neighbours'."""
    (to / "aws").write_text("#!/bin/sh\nexec %s %s \"$@\"\n" % (AWS / "bin/python", HERE / "aws_stand_in.py"))
    (to / "aws").chmod(0o755)
    for name in ("eksctl", "docker", "kubectl"):
        (to / name).symlink_to(HERE / "stand_in.py")
    return {}


def tools_for_cluster(to):
    """kubectl without its way into the node's network, where the reader is already."""
    settings = to / "kubeconfig"
    shutil.copy(CLUSTER / "kubeconfig", settings)
    (to / "kubectl").write_text("#!/bin/sh\nexec %s \"$@\"\n" % (CLUSTER / "bin/kubectl"))
    (to / "kubectl").chmod(0o755)
    if parts.is_built("istio"):                                  # of `make cluster MESH=1`
        (to / "istioctl").symlink_to(parts.program("istio", "istioctl"))
    return {"KUBECONFIG": str(settings)}


def environment(tools=None):
    """tools: a folder whose commands come before all others."""
    return {**os.environ, "PATH": ":".join([*([str(tools)] if tools else []), os.environ["PATH"], "/usr/sbin"])}


def read(file, place):
    """(did it hold, what was typed and printed) of a page at one place; None: this machine cannot."""
    if place == "cluster":
        pid = (CLUSTER / "pid").read_text().split()[0]
        inside = apart("--mount", *PROCESSES)
        inside = inside and ["nsenter", "--net=/proc/%s/ns/net" % pid, *inside]
    else:
        inside = apart(*ALONE)
    if not inside:
        return None
    with tempfile.TemporaryDirectory(prefix="mall-docs-") as scratch:
        made, tools = pathlib.Path(scratch) / "mall", pathlib.Path(scratch) / "bin"
        tools.mkdir()
        tree(made)
        more = {"local": dict, "aws": lambda: tools_for_aws(tools), "cluster": lambda: tools_for_cluster(tools)}[place]()
        command = [*inside, sys.executable, HERE / "reader.py", file, place, made]
        try:
            done = subprocess.run(command, env={**environment(tools), **more}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, errors="replace", timeout=DEADLINE)
        except subprocess.TimeoutExpired as late:
            return False, "%s\nnot done within %d s" % ((late.stdout or b"").decode(errors="replace"), DEADLINE)
        return done.returncode == 0, done.stdout
