"""release - the release workflow: by actionlint, by what it may do, and by running its own steps with stand-ins for docker and gh."""
import json
import os
import re
import subprocess

import yaml

import fetch
import services
from files import load, passes

WORKFLOW = ".github/workflows/release.yml"
OWNER = "github.triggering_actor == github.repository_owner"
REPOSITORY = "You/Mall"                                         # a registry takes lower case alone

# docker: says of each image another digest; gh: keeps what it was called with
DOCKER = r"""#!/bin/sh
echo "$*" >>"$SAID/docker"
case "$1 $2" in
"login ghcr.io") read -r secret; echo "$secret" >"$SAID/password"; exit ;;
"buildx create") exit ;;
"buildx imagetools") echo '{"linux/amd64":{"SPDX":{"spdxVersion":"SPDX-2.3"}}}'; exit ;;
"buildx build") ;;
*) echo "docker: $* is not known here" >&2; exit 1 ;;
esac
while [ $# -gt 0 ]; do
	case $1 in
	--metadata-file) metadata=$2 ;;
	-t) name=$2 ;;
	esac
	shift
done
case " $NO_DIGEST " in *" $name "*) echo '{}' >"$metadata"; exit ;; esac
printf '{\n  "containerimage.digest": "sha256:%s",\n  "image.name": "%s"\n}\n' "$(printf '%s' "$name" | sha256sum | cut -d ' ' -f 1)" "$name" >"$metadata"
"""
GH = '#!/bin/sh\nprintf "%s\\n" "$@" >"$SAID/gh"\necho "$GH_TOKEN" >"$SAID/token"\n'


def workflow(tree):
    said = load(tree / WORKFLOW)
    said["on"] = said.pop(True, said.get("on"))                 # YAML 1.1 takes `on` for true
    return said


def steps(tree):
    return workflow(tree)["jobs"]["release"]["steps"]


def filled(text, tag):
    """The expressions that the workflow uses, as GitHub would fill them in."""
    values = {"github.ref_name": tag, "github.repository": REPOSITORY, "github.token": "secret-of-the-job"}
    return re.sub(r"\$\{\{ ([^}]*) \}\}", lambda found: values[found[1]], text)


class Ran:
    """The steps of the workflow in their order, up to the first that fails."""

    def __init__(self, tree, tag=None, **more):
        self.tree, self.said = tree, tree / "said"
        tag = tag or "v" + services.variable("VERSION")[0]
        self.prepare()
        environment = {**os.environ, "PATH": "%s:%s" % (tree / "bin", os.environ["PATH"]), "SAID": str(self.said), "GITHUB_ACTOR": "you",
                       "KUSTOMIZE": "%s build" % (fetch.tools.TOOLS / "kustomize"), **more}
        for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
            environment.pop(name, None)
        self.output, self.failed = "", None
        of_job = {k: filled(v, tag) for k, v in workflow(tree)["jobs"]["release"]["env"].items()}
        self.out = tree / of_job["OUT"]
        for step in steps(tree):
            if "run" in step:
                of_step = {k: filled(v, tag) for k, v in step.get("env", {}).items()}
                done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tree, env={**environment, **of_job, **of_step}, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
                self.output += done.stdout
                if done.returncode:
                    self.failed = step["run"]
                    break

    def prepare(self):
        self.said.mkdir()
        (self.tree / "bin").mkdir()
        for name, script in (("docker", DOCKER), ("gh", GH)):
            (self.tree / "bin" / name).write_text(script)
            (self.tree / "bin" / name).chmod(0o755)
        for command in (["init", "-q"], ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-m", "x"]):
            subprocess.check_call(["git", "-C", self.tree, *command])

    def heard(self, name):
        path = self.said / name
        return path.read_text().strip().split("\n") if path.exists() else []


def good(tree):
    ran = Ran(tree)
    assert ran.failed is None, "%s: %s" % (ran.failed, ran.output[-2000:])
    return ran


def actionlint_likes_the_workflow(tree):
    passes(fetch.tools.TOOLS / "actionlint", tree / WORKFLOW)
    passes(fetch.BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", tree / WORKFLOW)


def a_release_begins_with_a_tag_and_an_owner(tree):
    said = workflow(tree)
    assert said["on"] == {"push": {"tags": ["v*"]}}, said["on"]
    job, = said["jobs"].values()
    assert job["environment"] == "release" and [part.strip() for part in job["if"].split("||")][0] == OWNER, job["if"]
    assert job["if"].count("||") == 2 and job["if"].endswith("contains(fromJSON(vars.RELEASERS || '[]'), github.triggering_actor)"), job["if"]


def a_release_has_no_right_that_it_does_not_need(tree):
    said = workflow(tree)
    job, = said["jobs"].values()
    assert said["permissions"] == {} and job["permissions"] == {"contents": "write", "packages": "write"}, job["permissions"]
    for step in job["steps"]:
        assert "uses" not in step or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]), "%s: a tag may move" % step["uses"]
        assert "${{" not in step.get("run", ""), "an expression in a script is a way in: %s" % step["run"]
    checkout, = (step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"] == {"persist-credentials": False}, checkout


def all_images_are_pushed_for_both_architectures(tree):
    ran = good(tree)
    version, built = services.variable("VERSION")[0], {}
    for line in ran.heard("docker"):
        if line.startswith("buildx build "):
            built[re.search(r" -t (\S+)", line)[1]] = line
    names = {"ghcr.io/you/mall/mall" + ("" if name == "mall" else "-" + name) + ":" + version for name in services.variable("IMAGES")}
    assert set(built) == names, sorted(set(built) ^ names)
    for name, line in built.items():
        for word in ("--platform linux/amd64,linux/arm64", "--sbom=true", "--provenance=mode=max", "--push", "VERSION=" + version):
            assert word in line, "%s: no %s in %s" % (name, word, line)
        assert re.search(r" --build-arg COMMIT=[0-9a-f]{12} ", line), line
        wanted = r" deploy/siege$" if "siege" in name else r" -f Dockerfile\.template (--target mall|--build-arg SERVICE=%s) \.$" % name.split(":")[0].split("mall-")[-1]
        assert re.search(wanted, line), line
    assert ran.heard("password") == ["secret-of-the-job"] and "secret-of-the-job" not in ran.output, "the token"


def manifests_are_one_file_with_images_by_digest(tree):
    ran = good(tree)
    assert len((ran.out / "images.txt").read_text().split("\n")) == len(services.variable("IMAGES")) + 1
    for overlay in ("lab", "production"):
        path = ran.out / ("mall-%s.yaml" % overlay)
        assert path.exists(), "there is no " + path.name
        objects = list(yaml.safe_load_all(path.read_text()))
        images = set(re.findall(r"^ *(?:- )?image: (\S+)$", path.read_text(), re.M))
        ours = {image for image in images if image.startswith("ghcr.io/you/mall/")}
        assert {"Deployment", "Service", "NetworkPolicy"} <= {o["kind"] for o in objects}, overlay
        assert len(ours) >= len(services.daemons()) and all(re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", image) for image in ours), ours
        assert not [image for image in images if "mall.local" in image], images


def what_is_released_has_its_checksum(tree):
    ran = good(tree)
    there = {path.name for path in ran.out.iterdir()}
    said = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=ran.out, capture_output=True, text=True)
    sums = {line.split("  ")[1] for line in (ran.out / "SHA256SUMS").read_text().split("\n") if line}
    assert said.returncode == 0 and sums == there - {"SHA256SUMS"}, said.stdout + said.stderr
    assert {"images.txt", "mall-lab.yaml", "mall-production.yaml"} | {"sbom-%s.json" % name for name in services.variable("IMAGES")} == sums, sorted(sums)
    for name in services.variable("IMAGES"):
        assert json.loads((ran.out / ("sbom-%s.json" % name)).read_text()), name


def an_owner_sees_a_draft_first(tree):
    ran = good(tree)
    heard = ran.heard("gh")
    tag = "v" + services.variable("VERSION")[0]
    assert heard[:3] == ["release", "create", tag] and {"--draft", "--verify-tag"} <= set(heard), heard
    assert {word.split("/")[-1] for word in heard if word.startswith("build/")} == {path.name for path in ran.out.iterdir()}, heard
    assert ran.heard("token") == ["secret-of-the-job"], "gh has no token"


def a_tag_of_another_version_builds_nothing(tree):
    ran = Ran(tree, tag="v0.0.1")
    assert ran.failed and ran.failed.startswith("scripts/release check") and "v0.0.1" in ran.output and not ran.heard("docker"), ran.output


def an_image_without_a_digest_ends_the_release(tree):
    ran = Ran(tree, NO_DIGEST="ghcr.io/you/mall/mall-product:" + services.variable("VERSION")[0])
    assert ran.failed and ran.failed.startswith("scripts/release images") and "mall-product" in ran.output and not ran.heard("gh"), ran.output


def a_step_by_hand_says_what_is_missing(tree):
    for words, status, wanted in ((["manifests", "none"], 1, "images.txt"), (["checksums", "none"], 1, "no folder none"), (["manifest", "none"], 2, "scripts/release manifests OUT"),
                                  (["check"], 2, "scripts/release check TAG")):
        done = subprocess.run([tree / "scripts/release", *words], capture_output=True, text=True, timeout=60)
        assert done.returncode == status and wanted in done.stderr, (words, done)


CHECKS = [actionlint_likes_the_workflow, a_release_begins_with_a_tag_and_an_owner, a_release_has_no_right_that_it_does_not_need,
          all_images_are_pushed_for_both_architectures, manifests_are_one_file_with_images_by_digest, what_is_released_has_its_checksum,
          an_owner_sees_a_draft_first, a_tag_of_another_version_builds_nothing, an_image_without_a_digest_ends_the_release,
          a_step_by_hand_says_what_is_missing]
SCRIPT = "scripts/release"
BROKEN = [
    (actionlint_likes_the_workflow, WORKFLOW, "runs-on: ubuntu-24.04", "runs-on: ubuntu-24.05"),
    (actionlint_likes_the_workflow, WORKFLOW, "github.ref_name", "github.refname"),
    (actionlint_likes_the_workflow, WORKFLOW, "timeout-minutes", "timeout-minute"),
    (a_release_begins_with_a_tag_and_an_owner, WORKFLOW, 'tags: ["v*"]', 'branches: ["main"]'),
    (a_release_begins_with_a_tag_and_an_owner, WORKFLOW, "    environment: release\n", "    environment: test\n"),
    (a_release_begins_with_a_tag_and_an_owner, WORKFLOW, OWNER + " ||", "github.actor ||"),
    (a_release_has_no_right_that_it_does_not_need, WORKFLOW, "permissions: {}", "permissions: write-all"),
    (a_release_has_no_right_that_it_does_not_need, WORKFLOW, "      packages: write", "      packages: write\n      actions: write"),
    (a_release_has_no_right_that_it_does_not_need, WORKFLOW, "@08c6903cd8c0fde910a37f88322edcfb5dd907a8", "@v5"),
    (a_release_has_no_right_that_it_does_not_need, WORKFLOW, 'check "$TAG"', 'check "${{ github.ref_name }}"'),
    (all_images_are_pushed_for_both_architectures, SCRIPT, "linux/amd64,linux/arm64", "linux/amd64"),
    (all_images_are_pushed_for_both_architectures, SCRIPT, " --sbom=true", ""),
    (all_images_are_pushed_for_both_architectures, SCRIPT, "--target mall", "--target programs"),
    (all_images_are_pushed_for_both_architectures, SCRIPT, "| tr '[:upper:]' '[:lower:]'", "| cat"),
    (manifests_are_one_file_with_images_by_digest, SCRIPT, "|image: $pushed|", "|image: ${pushed%@*}|"),
    (manifests_are_one_file_with_images_by_digest, SCRIPT, 'OVERLAYS="lab production"', 'OVERLAYS="lab"'),
    (what_is_released_has_its_checksum, SCRIPT, "sha256sum -- *", "sha256sum -- *.yaml"),
    (what_is_released_has_its_checksum, WORKFLOW, '      - run: scripts/release sbom "$OUT"\n', ""),
    (an_owner_sees_a_draft_first, SCRIPT, " --draft", ""),
    (an_owner_sees_a_draft_first, WORKFLOW, "          GH_TOKEN: ${{ github.token }}\n", "          TOKEN: ${{ github.token }}\n"),
    (a_tag_of_another_version_builds_nothing, WORKFLOW, '      - run: scripts/release check "$TAG"\n', ""),
    (an_image_without_a_digest_ends_the_release, SCRIPT, '[ -n "$digest" ] ||', "true ||"),
    (a_step_by_hand_says_what_is_missing, SCRIPT, "*) usage ;;", "*) exit 0 ;;"),
]
