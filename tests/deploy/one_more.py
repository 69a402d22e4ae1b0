"""one_more - one more word in the Makefile's SERVICES, in a copy of the tree: no other edit is needed to deploy it."""
import os
import re
import shutil
import subprocess

import fetch
import services
from template import TOP

NAME = "coupon"
# what checks, and what the checks read, beside what codebuild.World copies
SOURCE = ("tests/k8s", "tests/deploy", "tests/tools", "tests/wire/application.yml", "gateway/application.yml", "docs/settings.md", "common/service/actuator.c")
LAB, ROUTES = "deploy/k8s/overlays/lab/shop/kustomization.yaml", "deploy/k8s/base/application.yml"
DESCRIBES = '#!/bin/sh\necho \'{"name": "%s", "port": %d, "collections": [{"path": "/%ss", "listed": true}]}\'\n'


def change(path, old, new):
    text = path.read_text()
    if old not in text:                                         # no AssertionError, as in codebuild.World.edit
        raise LookupError("%s has no %r" % (path, old))
    path.write_text(text.replace(old, new))


def run(tree, *command):
    """How it ended, and what it printed."""
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    ran = subprocess.run([str(c) for c in command], cwd=tree, env=clean, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, timeout=300)
    return ran.returncode, ran.stdout


def generate(tree, *words):
    status, said = run(tree, "scripts/generate.py", "--bin", tree / "programs", *words)
    if "Traceback" in said:
        raise LookupError(said)
    return status, said


def names(tree, words):
    """Writes the list. Scripts stand in for the programs, which are not built and which describe themselves."""
    change(tree / "Makefile", "SERVICES := %s\n" % " ".join(services.names()), "SERVICES := %s\n" % " ".join(words))
    (tree / "programs").mkdir(exist_ok=True)
    for port, word in enumerate(words, 8081):
        (tree / "programs" / word).write_text(DESCRIBES % (word, port, word))
        (tree / "programs" / word).chmod(0o755)


def fill(tree):
    for source in SOURCE:
        (tree / source).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (TOP / source).is_dir() else shutil.copy)(TOP / source, tree / source)
    (tree / "build").mkdir()
    (tree / "build/tools").symlink_to(fetch.tools.TOOLS)
    change(tree / "docs/settings.md", ", ".join(services.names()), ", ".join([*services.names(), NAME]))


def grow(tree):
    fill(tree)
    names(tree, [*services.names(), NAME])
    generate(tree)


def all_pass(tree, *command):
    status, said = run(tree, *command)
    told = re.search(r"(\d+) told, 0 failed", said)
    assert status == 0 and told and int(told[1]), "\n".join(line for line in said.split("\n") if not line.startswith("ok "))[-3000:]
    return int(told[1])


def a_service_more_is_in_every_overlay_under_every_prefix(tree):
    """By the checks of the manifests, which take the services from the same list: objects, images, routes, flows, rights in Kafka."""
    grow(tree)
    parts = ("another prefix", "without prefix", "two malls", "the topic is", "base:", "overlays/production:", "efs keeps backups")
    assert all_pass(tree, "tests/k8s/run.py", *parts) > 40
    status, said = run(tree, fetch.tools.TOOLS / "kustomize", "build", "deploy/k8s/overlays/lab/shop")
    assert status == 0 and "\n  name: user23-%s\n" % NAME in said and "image: mall.local/%s:" % NAME in said, said[-1000:]


def a_service_more_has_its_pipeline_and_its_repository(tree):
    grow(tree)
    assert all_pass(tree, "tests/deploy/run.py", NAME + ":") == 3
    checks = ("repositories_are_those_that_are_pushed_to", "projects_build_their_service", "a_push_builds_what_it_changed",
              "role_may_what_the_steps_need_and_no_more", "buildspecs_differ_by_their_service_alone", "buildspecs_have_their_schema")
    code = "import files, pathlib\nfor check in %r:\n    getattr(files, check)(pathlib.Path(%r))" % (checks, str(tree))
    status, said = run(tree / "tests/deploy", fetch.PYTHON, "-c", code)
    assert status == 0, said[-3000:]


def another_prefix_is_the_prefix_of_a_service_more(tree):
    """After README.md's `sed`, what is written has the new prefix too."""
    for path in [tree / LAB, *(tree / "buildspec").glob("*.yml")]:
        change(path, "user23-", "user07-")
    grow(tree)
    for daemon in [*services.daemons(), NAME]:
        assert "_PROJECT_NAME: user07-%s " % daemon in (tree / "buildspec" / (daemon + ".yml")).read_text(), daemon


def what_somebody_changed_stays(tree):
    """A changed route, and a file that no longer says that it is generated."""
    order = tree / "buildspec/order.yml"
    order.write_text("# mine\n" + order.read_text().split("\n", 1)[1].replace("user23-order", "team-order"))
    change(tree / ROUTES, "http://${ORDER_HOST:order}:8080", "http://user23-order:8080")
    mine = order.read_text(), (tree / ROUTES).read_text()
    grow(tree)
    route = "        - id: %s\n          uri: http://${COUPON_HOST:%s}:8080\n          predicates:\n            - Path=/%ss/**\n" % (NAME, NAME, NAME)
    assert (order.read_text(), (tree / ROUTES).read_text().replace(route, "")) == mine
    assert route in (tree / ROUTES).read_text(), (tree / ROUTES).read_text()


def a_service_that_goes_leaves_only_its_route(tree):
    there = {path: path.read_text() for top in ("deploy", "buildspec") for path in (tree / top).rglob("*") if path.is_file()}
    grow(tree)
    change(tree / "Makefile", " %s\n" % NAME, "\n")
    generate(tree)
    now = {path: path.read_text() for top in ("deploy", "buildspec") for path in (tree / top).rglob("*") if path.is_file()}
    assert set(now) == set(there), set(now) ^ set(there)
    assert [path.name for path in there if now[path] != there[path]] == ["application.yml"]


def an_edited_generated_file_is_noticed(tree):
    grow(tree)
    assert generate(tree, "--check") == (0, "")
    for file in ("buildspec/%s.yml" % NAME, "deploy/k8s/components/images/kustomization.yaml"):
        good = (tree / file).read_text()
        (tree / file).write_text(good.replace(NAME, "voucher"))
        status, said = generate(tree, "--check")
        assert status == 1 and file in said, said
        (tree / file).write_text(good)


CHECKS = [a_service_more_is_in_every_overlay_under_every_prefix, a_service_more_has_its_pipeline_and_its_repository,
          another_prefix_is_the_prefix_of_a_service_more, what_somebody_changed_stays, a_service_that_goes_leaves_only_its_route,
          an_edited_generated_file_is_noticed]
K8S, GENERATOR = "deploy/k8s/", "scripts/generate_deploy.py"
BROKEN = [
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "base/kustomization.yaml", "  # for each service:\n", "  # for all:\n"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "components/images/kustomization.yaml", "# for each image:", "# for all:"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "components/metrics/kustomization.yaml", "      kind: Deployment\n    patch: |",
     "      kind: Deployment\n      name: (order|delivery|product|frontend|gateway)\n    patch: |"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "components/metrics/kustomization.yaml",
     "labelSelector: app notin (gateway,postgres)", "name: (order|delivery|product|frontend)"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "base/frontend.yaml", "# for each console:", "# for all:"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "components/metrics/frontend-network.yaml", "# for each service:", "# for all:"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "overlays/lab/shop/replacements.yaml", "app notin (frontend,gateway)",
     "app in (order,delivery,product)"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "overlays/lab/shop/references.yaml", "kind: Deployment", "kind: StatefulSet"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "overlays/lab/shop/kustomization.yaml", "# for each service:", "# for all:"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "components/efs/jobs.yaml", "# for each mall:", "# for all:"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "components/efs/jobs.yaml", "# for each service:", "# for all:"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "components/efs-tls/restore.yaml", "# for each service:", "# for all:"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "overlays/production/shop/services/kustomization.yaml", "labelSelector: app notin (frontend,gateway)",
     "name: (order|delivery|product)"),
    (a_service_more_is_in_every_overlay_under_every_prefix, K8S + "overlays/production/kafka/kustomization.yaml", "# for each service:", "# for all:"),
    (a_service_more_has_its_pipeline_and_its_repository, "deploy/eks/pipelines.yaml", "      # for each program:\n      # - {name}\n", ""),
    (a_service_more_has_its_pipeline_and_its_repository, "deploy/eks/repositories.yaml", "# for each image:", "# for all:"),
    (a_service_more_has_its_pipeline_and_its_repository, "buildspec/daemon.yml.template", "pipeline.sh image", "pipeline.sh tools"),
    (another_prefix_is_the_prefix_of_a_service_more, "buildspec/daemon.yml.template", "{prefix}", "user23-"),
    (what_somebody_changed_stays, GENERATOR, "return MINE %", "return True or MINE %"),
    (what_somebody_changed_stays, GENERATOR, "if \"- id: %s\\n\" % name not in text", ""),
    (what_somebody_changed_stays, ROUTES, "- id: frontend", "- id: rest"),
    (a_service_that_goes_leaves_only_its_route, K8S + "base/service.yaml.template", "written by `make generate`", "written"),
    (an_edited_generated_file_is_noticed, "buildspec/daemon.yml.template", "written by `make generate`", "written"),
]
