"""mine - deploy/eks/mine.sh, with an aws that knows an image of each repository, or of none."""
import os
import re
import subprocess

import yaml

import fetch
from codebuild import REGISTRY

AWS = """#!/bin/sh
case "$*" in
"sts get-caller-identity "*) echo 123456789012 ;;
"ecr describe-images --repository-name $NONE "*) echo ;;
"ecr describe-images --repository-name "*"imageDetails[].[imagePushedAt,imageDigest] --output text") # two pages
	name=${4#user23-}
	case " $BUILT " in *" $name "*) ;; *) echo; exit ;; esac # its pipeline never ran
	printf '2026-11-0%d\\tsha256:%064d\\n' 2 2 9 7
	printf '2026-11-0%d\\tsha256:%064d\\n' 1 1 3 3 ;;
*) exit 1 ;;
esac
"""


def built_in_step_5():
    """The names that the README's loops start the pipelines of."""
    text = (fetch.TOP / "deploy/eks/README.md").read_text()
    return [loop.split() for loop in re.findall(r"for name in ([a-z ]+); do aws codebuild", text)]


def run(tree, *words, none="-"):
    (tree / "bin").mkdir(exist_ok=True)
    (tree / "bin/aws").write_text(AWS)
    (tree / "bin/aws").chmod(0o755)
    env = {"PATH": "%s:%s" % (tree / "bin", os.environ["PATH"]), "AWS_DEFAULT_REGION": "ap-northeast-2", "NONE": none, "BUILT": " ".join(built_in_step_5()[0])}
    return subprocess.run(["sh", tree / "deploy/eks/mine.sh", *words], env=env, capture_output=True, text=True, timeout=60)


def objects(tree):
    made = subprocess.run([fetch.tools.TOOLS / "kustomize", "build", tree / "deploy/k8s/overlays/mine"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return list(yaml.safe_load_all(made.stdout))


def my_images_are_the_newest_of_mine_and_git_does_not_see_them(tree):
    ran = run(tree)
    assert ran.returncode == 0, ran.stderr
    images = {}
    for o in objects(tree):
        if o["kind"] in ("Deployment", "StatefulSet", "Pod"):
            spec = o["spec"] if o["kind"] == "Pod" else o["spec"]["template"]["spec"]
            images[o["metadata"]["name"]] = spec["containers"][0]["image"]
    assert {"my-kafka", "user23-postgres", "siege"} <= set(images), images
    assert images.pop("my-kafka").startswith("docker.io/apache/kafka:"), images
    assert images.pop("user23-postgres") == "public.ecr.aws/docker/library/postgres:17", images
    assert len(images) == 6 and images.get("siege") == "%s/user23-siege@sha256:%064d" % (REGISTRY, 7), images
    assert all(image.startswith(REGISTRY + "/user23-") and "@sha256:" in image for image in images.values()), images
    assert "\n/deploy/k8s/overlays/mine/\n" in (fetch.TOP / ".gitignore").read_text()


def a_repository_without_an_image_is_said(tree):
    ran = run(tree, none="user23-siege")
    assert ran.returncode == 1 and "user23-siege has no image" in ran.stderr, ran.stderr
    assert not (tree / "deploy/k8s/overlays/mine/kustomization.yaml").exists(), "half a list"


def a_mall_alone_leaves_kafka_to_another(tree):
    assert run(tree, "mall").returncode == 0
    kinds = [(o["kind"], o["metadata"]["name"]) for o in objects(tree)]
    assert ("Pod", "siege") in kinds and ("StatefulSet", "my-kafka") not in kinds, kinds
    assert run(tree, "kafka").returncode == 2


def a_component_of_the_cluster_reaches_my_overlay_with_my_images(tree):
    path = tree / "deploy/k8s/overlays/lab/kustomization.yaml"
    path.write_text(path.read_text() + "\ncomponents:\n  - ../../components/logging\n")
    assert run(tree).returncode == 0
    assert "logging" in {o["metadata"].get("namespace") for o in objects(tree)}, "overlays/mine has no components/logging"


def step_5_builds_what_this_asks_for(tree):
    images = yaml.safe_load((tree / "deploy/k8s/components/images/kustomization.yaml").read_text())["images"]
    loops = built_in_step_5()
    assert len(loops) == 1 or all(loop == loops[0] for loop in loops), loops
    assert set(loops[0]) == {i["name"].split("/")[1] for i in images}, loops


CHECKS = [my_images_are_the_newest_of_mine_and_git_does_not_see_them, a_repository_without_an_image_is_said, a_mall_alone_leaves_kafka_to_another,
          a_component_of_the_cluster_reaches_my_overlay_with_my_images, step_5_builds_what_this_asks_for]
SCRIPT = "deploy/eks/mine.sh"
BROKEN = [
    (my_images_are_the_newest_of_mine_and_git_does_not_see_them, SCRIPT, "| sort | tail", "| tail"),
    (my_images_are_the_newest_of_mine_and_git_does_not_see_them, SCRIPT, "'  - ../lab' ;;", "'  - ../../kafka' ;;"),
    (my_images_are_the_newest_of_mine_and_git_does_not_see_them, SCRIPT, "    digest: %s", "    newTag: 1.0.0 # %s"),
    (a_repository_without_an_image_is_said, SCRIPT, "if ! printf", "if false && printf"),
    (a_mall_alone_leaves_kafka_to_another, SCRIPT, "mall) resources='  - ../lab/shop", "mall) resources='  - ../lab/shop\n  - ../../kafka"),
    (a_component_of_the_cluster_reaches_my_overlay_with_my_images, SCRIPT, "'  - ../lab' ;;", "'  - ../lab/shop' ;;"),
    (step_5_builds_what_this_asks_for, "deploy/k8s/components/images/kustomization.yaml", "  - name: mall.local/siege\n    newTag: 1.0.0\n", ""),
]
