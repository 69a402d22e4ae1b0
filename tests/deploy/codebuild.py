"""codebuild - runs a buildspec's commands as CodeBuild does, phase by phase, in a copy of the tree and among stand-ins.

A phase ends with its first command that fails. If that is install or pre_build, the build ends; after a failed build phase
post_build still runs, and CODEBUILD_BUILD_SUCCEEDING says 0 [AWS CodeBuild user guide: build phase transitions, environment
variables].
"""
import json
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

import yaml

import fetch
from template import PSEUDO, TOP, Stack

HERE = pathlib.Path(__file__).parent
PHASES = ("install", "pre_build", "build", "post_build")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
REGISTRY = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com"
PASSWORD = "a-token-that-no-log-may-show"
OVERLAY = "deploy/k8s/overlays/lab/shop"
SYSTEM = ("sh", "sed", "cut", "grep", "mkdir", "tar", "gzip", "install", "dirname")     # what a pipeline needs beside its tools
SOURCE = ("buildspec", "deploy", "scripts", "Makefile", "Dockerfile.template",
          "compose.yaml", ".devcontainer", ".dockerignore", ".github", "NEWS.md",      # of tests/deploy/everywhere.py and release.py
          "docs/pictures")                                      # of evidence_report.py


class World:
    """A checkout, an account and a cluster with one Deployment. edits are (file, old, new) of the checkout."""
    def __init__(self, edits=(), **setup):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="mall-deploy-"))
        self.tree, self.bin, self.tools, self.here = (self.top / d for d in ("src", "bin", "tools", "stand-in"))
        for d in (self.tree, self.bin, self.tools, self.here):
            d.mkdir()
        for source in SOURCE:
            copy = shutil.copytree if (TOP / source).is_dir() else shutil.copy
            (self.tree / source).parent.mkdir(parents=True, exist_ok=True)
            copy(TOP / source, self.tree / source)
        for file, old, new in edits:
            self.edit(file, old, new)
        self.fill_bin()
        state = {"password": PASSWORD, "logged_in": None, "kubeconfig": None, "built": [], "pushed": [], "applied": [], "revisions": [],
                 "broken": [], "meanwhile": None, "apply_breaks_off": False, "fails": ""}
        assert set(setup) <= set(state), setup
        (self.here / "state.json").write_text(json.dumps({**state, **setup}))
        (self.here / "said.jsonl").touch()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top)

    def edit(self, file, old, new):
        path = self.tree / file
        text = path.read_text()
        if old not in text:                                     # no AssertionError, which would count as the failure that a mutant must cause
            raise LookupError("%s has no %r" % (file, old))
        path.write_text(text.replace(old, new))

    def fill_bin(self):
        """The pipeline finds nothing else: no kubectl of this machine, no Docker, no network."""
        for command in SYSTEM:
            (self.bin / command).symlink_to(shutil.which(command))
        script = "#!%s\n%s" % (fetch.PYTHON, (HERE / "stand_in.py").read_text())
        for place in (self.bin / "aws", self.bin / "docker", self.bin / "curl", self.bin / "sha256sum", self.here / "kubectl"):
            place.write_text(script)
            place.chmod(0o755)
        real = self.here / "kustomize"
        real.write_text('#!/bin/sh\nexec "%s" "$@"\n' % (fetch.tools.TOOLS / "kustomize"))
        real.chmod(0o755)
        with tarfile.open(self.here / "kustomize.tar.gz", "w:gz") as tar:
            tar.add(real, "kustomize")

    def with_real_sums(self):
        (self.bin / "sha256sum").unlink()
        (self.bin / "sha256sum").symlink_to(shutil.which("sha256sum"))

    @property
    def state(self):
        return json.loads((self.here / "state.json").read_text())

    @property
    def said(self):
        return [json.loads(line) for line in (self.here / "said.jsonl").read_text().splitlines()]

    def environment(self, project, spec, **more):
        """The project's variables win over the buildspec's."""
        return {"PATH": "%s:%s" % (self.tools, self.bin), "HOME": str(self.top), "STAND_IN": str(self.here), "_TOOLS": str(self.tools),
                "CODEBUILD_CI": "true", "CODEBUILD_RESOLVED_SOURCE_VERSION": COMMIT, "CODEBUILD_SRC_DIR": str(self.tree),
                "AWS_REGION": PSEUDO["AWS::Region"], "AWS_DEFAULT_REGION": PSEUDO["AWS::Region"],
                **spec["env"]["variables"], **{v["Name"]: v["Value"] for v in project["Environment"]["EnvironmentVariables"]}, **more}

    def build(self, service, **more):
        project, = [p for p in Stack("pipelines.yaml").of_type("AWS::CodeBuild::Project") if p["Name"].endswith("-" + service)]
        spec = yaml.safe_load((self.tree / project["Source"]["BuildSpec"]).read_text())
        build = Build(spec, self.environment(project, spec, **more), self.tree)
        build.run()
        build.commands = [said for said in self.said if said[0] not in ("curl", "sha256sum")]
        return build


class Build:
    def __init__(self, spec, env, tree):
        self.spec, self.env, self.tree, self.phases, self.output = spec, env, tree, {}, ""

    def run(self):
        for phase in PHASES:
            if self.ok or (phase == "post_build" and "build" in self.phases):
                self.phases[phase] = all(self.succeeds(command) for command in self.spec["phases"][phase]["commands"])

    def succeeds(self, command):
        env = {**self.env, "CODEBUILD_BUILD_SUCCEEDING": str(int(self.ok))}
        ran = subprocess.run(["sh", "-c", command], cwd=self.tree, env=env, text=True, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.output += ran.stdout
        return ran.returncode == 0

    @property
    def ok(self):
        return all(self.phases.values())
