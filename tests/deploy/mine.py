"""mine - deploy/eks/mine.sh, with an aws that knows an image of each repository, or of none."""
import os
import subprocess

import yaml

import fetch
from codebuild import REGISTRY

AWS = """#!/bin/sh
case "$*" in
"sts get-caller-identity "*) echo 123456789012 ;;
"ecr describe-images --repository-name $NONE "*) echo None ;;
"ecr describe-images --repository-name "*"imagePushedAt)[-1].imageDigest --output text") echo sha256:$(printf '%064d' 7) ;;
*) exit 1 ;;
esac
"""


def run(tree, none="-"):
    (tree / "bin").mkdir()
    (tree / "bin/aws").write_text(AWS)
    (tree / "bin/aws").chmod(0o755)
    env = {"PATH": "%s:%s" % (tree / "bin", os.environ["PATH"]), "AWS_DEFAULT_REGION": "ap-northeast-2", "NONE": none}
    return subprocess.run(["sh", tree / "deploy/eks/mine.sh"], env=env, capture_output=True, text=True, timeout=60)


def my_images_are_the_newest_of_mine_and_git_does_not_see_them(tree):
    ran = run(tree)
    assert ran.returncode == 0, ran.stderr
    made = subprocess.run([fetch.tools.TOOLS / "kustomize", "build", tree / "deploy/k8s/overlays/mine"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    images = {}
    for o in yaml.safe_load_all(made.stdout):
        if o["kind"] in ("Deployment", "StatefulSet", "Pod"):
            spec = o["spec"] if o["kind"] == "Pod" else o["spec"]["template"]["spec"]
            images[o["metadata"]["name"]] = spec["containers"][0]["image"]
    assert images.pop("user23-postgres") == "public.ecr.aws/docker/library/postgres:17", images
    assert len(images) == 6 and images.get("siege") == "%s/user23-siege@sha256:%064d" % (REGISTRY, 7), images
    assert all(image.startswith(REGISTRY + "/user23-") and "@sha256:" in image for image in images.values()), images
    assert "\n/deploy/k8s/overlays/mine/\n" in (fetch.TOP / ".gitignore").read_text()


def a_repository_without_an_image_is_said(tree):
    ran = run(tree, "user23-siege")
    assert ran.returncode == 1 and "user23-siege has no image" in ran.stderr, ran.stderr
    assert not (tree / "deploy/k8s/overlays/mine/kustomization.yaml").exists(), "half a list"


CHECKS = [my_images_are_the_newest_of_mine_and_git_does_not_see_them, a_repository_without_an_image_is_said]
SCRIPT = "deploy/eks/mine.sh"
BROKEN = [
    (my_images_are_the_newest_of_mine_and_git_does_not_see_them, SCRIPT, "imagePushedAt)[-1]", "imagePushedAt)[0]"),
    (my_images_are_the_newest_of_mine_and_git_does_not_see_them, SCRIPT, "../lab/siege", "../../kafka"),
    (my_images_are_the_newest_of_mine_and_git_does_not_see_them, SCRIPT, "    digest: %s", "    newTag: 1.0.0 # %s"),
    (a_repository_without_an_image_is_said, SCRIPT, "\t\tsha256:*) ;;", "\t\t*) ;;"),
]
