"""pipelines - what a push does, by running the buildspecs.

A story gets world(**setup), which makes a codebuild.World. MUTANTS break the pipeline, and the story must fail with each.
"""
import re
import subprocess

import yaml

import fetch
from codebuild import COMMIT, OVERLAY, PASSWORD, REGISTRY
from files import DAEMONS, REPOSITORIES
from template import TOP

NAMESPACE = "user23"                                            # pipelines.yaml's, of the first participant
DIGEST = "sha256:" + "d1" * 32                                  # stand_in.py's
OLD = REGISTRY + "/user23-order@sha256:" + "01" * 32
NEW = REGISTRY + "/user23-order@" + DIGEST
LOGIN = ["aws ecr get-login-password", "docker login --username", "aws eks update-kubeconfig"]
IMAGE = ["docker build", "docker push"]
DEPLOY = ["docker image inspect", "kubectl get deployment", "kubectl apply", "kubectl rollout status"]


def named(commands):
    """The commands without the namespace and most of their arguments."""
    plain = [" ".join(c for c in command if c not in ("--namespace", NAMESPACE)) for command in commands]
    known = sorted(LOGIN + IMAGE + DEPLOY + ["kubectl rollout undo", "kubectl get pods", "kubectl describe pods", "kubectl delete pod", "kubectl wait"], key=len, reverse=True)
    return [next((k for k in known if p.startswith(k)), p) for p in plain]


def overlay(tree=TOP):
    built = subprocess.run([fetch.tools.TOOLS / "kustomize", "build", tree / OVERLAY], capture_output=True, text=True, check=True)
    return [o for o in yaml.safe_load_all(built.stdout) if o]


def without_image(objects):
    for o in objects:
        if o["kind"] == "Deployment":
            o["spec"]["template"]["spec"]["containers"][0]["image"] = None
    return sorted(objects, key=lambda o: (o["kind"], o["metadata"]["name"]))


def deployment(world):
    found = [o for o in world.state["applied"] if o["kind"] == "Deployment"]
    assert len(found) == 1, "applied: %s" % [o["metadata"]["name"] for o in found]
    return found[0]


def words(build, command):
    found, = [c for c in build.commands if " ".join(c).startswith(command)]
    return found


# ---- all is well

def logs_in_tests_and_builds_pushes_applies_waits_in_this_order(world, service="order"):
    with world(revisions=[[1, OLD]]) as w:
        build = w.build(service)
        assert build.ok and set(build.phases) == {"install", "pre_build", "build", "post_build"}, build.output
        assert named(build.commands) == LOGIN + IMAGE + DEPLOY, named(build.commands)
        assert words(build, "docker login")[-1] == REGISTRY and w.state["kubeconfig"] == "user23-mall"


def image_is_of_its_service_and_tagged_with_the_commit(world, service="order"):
    with world() as w:
        build = w.build(service)
        wanted = "%s/user23-%s:%s" % (REGISTRY, service, COMMIT)
        said = words(build, "docker build")
        assert said[said.index("--platform") + 1] == "linux/amd64", "the nodes' architecture: %s" % said
        assert said[said.index("-f") + 1] == "Dockerfile.template" and said[said.index("-t") + 1] == wanted and said[-1] == ".", said
        arguments = dict(said[at + 1].split("=", 1) for at, word in enumerate(said) if word == "--build-arg")
        version = re.search(r"^VERSION *:= *(\S+)", (TOP / "Makefile").read_text(), re.M)[1]
        assert arguments == {"SERVICE": service, "COMMIT": COMMIT[:12], "VERSION": version}, arguments
        assert words(build, "docker push")[2:] == [wanted]


def what_is_applied_is_its_own_objects_by_digest(world, service="order"):
    with world() as w:
        build = w.build(service)
        assert build.ok, build.output
        mine = [o for o in overlay() if o["metadata"].get("labels", {}).get("app") == service]
        assert len(mine) >= 5 and without_image(w.state["applied"]) != w.state["applied"]
        assert deployment(w)["spec"]["template"]["spec"]["containers"][0]["image"] == "%s/user23-%s@%s" % (REGISTRY, service, DIGEST)
        assert without_image(w.state["applied"]) == without_image(mine), [o["kind"] for o in w.state["applied"]]
        assert "replicas" not in deployment(w)["spec"], "replicas undo the autoscaler"


def first_deployment_works(world):
    with world() as w:
        build = w.build("order")
        assert build.ok and [image for _, image in w.state["revisions"]] == [NEW], build.output


def other_prefix_in_both_places_is_another_mall(world):
    with world() as w:
        w.edit(OVERLAY + "/kustomization.yaml", "namePrefix: user23-", "namePrefix: team-a7-")
        w.edit("buildspec/order.yml", "user23-", "team-a7-")
        build = w.build("order")
        assert build.ok and words(build, "docker push")[2].startswith(REGISTRY + "/team-a7-order:"), build.output
        assert {o["metadata"]["name"] for o in w.state["applied"]} == {"team-a7-order"}


def other_namespace_is_where_all_of_it_is(world):
    with world() as w:
        build = w.build("order")
        spoken = [c for c in build.commands if c[0] == "kubectl"]
        assert spoken and all(c[1:3] == ["--namespace", NAMESPACE] for c in spoken), spoken


def image_repository_of_ones_own_in_the_overlay_is_no_obstacle(world):
    """As after README.md's step 4, where the result of `kustomize edit set image` is committed for each image."""
    with world() as w:
        for name in REPOSITORIES:
            subprocess.run([fetch.tools.TOOLS / "kustomize", "edit", "set", "image", "mall.local/%s=%s/user23-%s:1.0.0" % (name, REGISTRY, name)],
                           cwd=w.tree / OVERLAY, check=True)
        assert w.build("order").ok
        assert deployment(w)["spec"]["template"]["spec"]["containers"][0]["image"] == NEW


def production_is_another_overlay_whose_names_have_no_prefix(world):
    with world() as w:
        build = w.build("order", _OVERLAY="deploy/k8s/overlays/production/shop")
        assert build.ok and words(build, "docker push")[2].startswith(REGISTRY + "/user23-order:"), build.output
        assert {o["metadata"]["name"] for o in w.state["applied"]} == {"order"}
        assert words(build, "kubectl --namespace user23 rollout status")[5] == "deployment/order", build.commands
        assert deployment(w)["spec"]["template"]["spec"]["containers"][0]["image"] == NEW


def an_overlay_that_is_not_there_ends_it(world):
    with world() as w:
        build = w.build("order", _OVERLAY="deploy/k8s/overlays/staging")
        assert build.phases == {"install": False} and "where no kustomization.yaml is" in build.output, build.output


SIEGE = ["kubectl delete pod", "kubectl apply", "kubectl wait"]


def siege_is_a_pod_that_is_made_anew(world):
    with world() as w:
        build = w.build("siege")
        assert build.ok and named(build.commands) == LOGIN + IMAGE + DEPLOY[:1] + SIEGE, build.output
        assert words(build, "docker build")[-1] == "deploy/siege", words(build, "docker build")
        assert [(o["kind"], o["metadata"]["name"]) for o in w.state["applied"] if o["kind"] == "Pod"] == [("Pod", "siege")]
        pod, = (o for o in w.state["applied"] if o["kind"] == "Pod")
        assert pod["spec"]["containers"][0]["image"] == "%s/user23-siege@%s" % (REGISTRY, DIGEST)


def siege_that_does_not_start_is_said(world):
    with world(broken=["siege"]) as w:
        build = w.build("siege")
        assert not build.ok and "siege did not become ready" in build.output and "kubectl describe pods" in named(build.commands), build.output


def mallctl_is_pushed_and_nothing_is_applied(world):
    """Not even where a Deployment is broken: it has none."""
    image_is_of_its_service_and_tagged_with_the_commit(world, "mallctl")
    with world(broken=["mallctl"]) as w:
        build = w.build("mallctl")
        assert build.ok and named(build.commands) == LOGIN + IMAGE + DEPLOY[:1] and not w.state["applied"], build.output
        assert "%s/user23-mallctl@%s: the jobs of components/efs take it" % (REGISTRY, DIGEST) in build.output, build.output


def mallctl_that_is_not_built_is_said(world):
    with world(fails="docker build") as w:
        build = w.build("mallctl")
        assert not build.ok and not w.state["pushed"] and "nothing is deployed" in build.output, build.output


def no_secret_is_said_aloud(world):
    with world() as w:
        build = w.build("order")
        assert build.ok and PASSWORD not in build.output and PASSWORD not in str(w.said)


# ---- something fails before the cluster is touched

def stops_at(world, fails, wanted, phase, **setup):
    with world(fails=fails, **setup) as w:
        build = w.build("order")
        assert not build.ok and not build.phases[phase], "%s: %s" % (build.phases, build.output)
        assert named(build.commands) == wanted, named(build.commands)
        assert not w.state["applied"] and not w.state["pushed"]
        return build


def failing_password_ends_it(world):
    stops_at(world, "aws ecr", LOGIN[:1], "pre_build")


def failing_login_ends_it(world):
    stops_at(world, "docker login", LOGIN[:2], "pre_build")


def failing_way_to_the_cluster_ends_it(world):
    stops_at(world, "aws eks", LOGIN, "pre_build")


def failing_test_or_build_pushes_and_applies_nothing(world):
    build = stops_at(world, "docker build", LOGIN + IMAGE[:1], "build", revisions=[[1, OLD]])
    assert build.phases["post_build"] is False and "nothing is deployed" in build.output


def failing_push_applies_nothing(world):
    stops_at(world, "docker push", LOGIN + IMAGE, "build", revisions=[[1, OLD]])


def unreachable_cluster_is_no_first_deployment(world):
    with world(fails="kubectl --namespace user23 get deployment") as w:
        build = w.build("order")
        assert not build.ok and named(build.commands)[-1] == "kubectl get deployment" and not w.state["applied"], build.output


def other_download_than_the_pinned_is_not_used(world):
    with world() as w:
        w.with_real_sums()
        build = w.build("order")
        assert build.phases == {"install": False} and not build.commands and not list(w.tools.iterdir()), build.output


def other_prefix_than_the_overlays_ends_it(world):
    with world() as w:
        w.edit("buildspec/order.yml", "user23-", "user24-")
        build = w.build("order")
        assert build.phases == {"install": False} and not w.said and "namePrefix of %s is user23-" % OVERLAY in build.output, build.output


# ---- it does not become ready

def failing_rollout_goes_back_to_what_was_there(world):
    with world(revisions=[[3, OLD]], broken=[NEW]) as w:
        build = w.build("order")
        assert not build.ok and build.phases["build"] and not build.phases["post_build"]
        assert named(build.commands)[-3:] == ["kubectl get deployment", "kubectl rollout undo", "kubectl rollout status"], named(build.commands)
        assert w.state["revisions"][-2:] == [[4, NEW], [5, OLD]], w.state["revisions"]
        assert "kubectl describe pods" in named(build.commands) and "revision 3 again" in build.output


def failing_first_rollout_says_that_there_is_nothing_to_undo_to(world):
    with world(broken=[NEW]) as w:
        build = w.build("order")
        assert not build.ok and "nothing to undo to" in build.output and "did not become ready" in build.output, build.output
        assert "kubectl rollout undo" not in named(build.commands) and w.state["revisions"] == [[1, NEW]]


def failing_undo_says_so(world):
    with world(revisions=[[1, OLD]], broken=[NEW, OLD]) as w:
        build = w.build("order")
        assert not build.ok and "revision 1 does not become ready either" in build.output and "is at revision" not in build.output, build.output


def half_an_apply_is_undone_too(world):
    with world(revisions=[[1, OLD]], apply_breaks_off=True) as w:
        build = w.build("order")
        assert not build.ok and w.state["revisions"][-1][1] == OLD, w.state["revisions"]


def same_image_again_is_not_undone_to_the_one_before_it(world):
    with world(revisions=[[1, OLD], [2, NEW]], broken=[NEW]) as w:
        build = w.build("order")
        assert not build.ok and w.state["revisions"][-1] == [2, NEW], w.state["revisions"]


def image_that_another_build_brought_meanwhile_is_not_undone(world):
    newer = OLD.replace("01" * 32, "02" * 32)
    with world(revisions=[[1, OLD]], meanwhile=newer, broken=[newer]) as w:
        build = w.build("order")
        assert not build.ok and w.state["revisions"][-1][1] == newer and "not this build's" in build.output, build.output


OF_EACH = [logs_in_tests_and_builds_pushes_applies_waits_in_this_order, image_is_of_its_service_and_tagged_with_the_commit,
           what_is_applied_is_its_own_objects_by_digest]
OF_ORDER = [first_deployment_works, other_prefix_in_both_places_is_another_mall, other_namespace_is_where_all_of_it_is,
            image_repository_of_ones_own_in_the_overlay_is_no_obstacle, no_secret_is_said_aloud, production_is_another_overlay_whose_names_have_no_prefix,
            an_overlay_that_is_not_there_ends_it, siege_is_a_pod_that_is_made_anew, siege_that_does_not_start_is_said,
            mallctl_is_pushed_and_nothing_is_applied, mallctl_that_is_not_built_is_said,
            failing_password_ends_it, failing_login_ends_it,
            failing_way_to_the_cluster_ends_it, failing_test_or_build_pushes_and_applies_nothing, failing_push_applies_nothing,
            unreachable_cluster_is_no_first_deployment, other_download_than_the_pinned_is_not_used, other_prefix_than_the_overlays_ends_it,
            failing_rollout_goes_back_to_what_was_there, failing_first_rollout_says_that_there_is_nothing_to_undo_to, failing_undo_says_so,
            half_an_apply_is_undone_too, same_image_again_is_not_undone_to_the_one_before_it,
            image_that_another_build_brought_meanwhile_is_not_undone]

SCRIPT, ORDER = "buildspec/pipeline.sh", "buildspec/order.yml"
BASE_ORDER = "deploy/k8s/base/order.yaml"
MUTANTS = [
    (logs_in_tests_and_builds_pushes_applies_waits_in_this_order, (SCRIPT, " && becomes_ready; then", "; then")),
    (logs_in_tests_and_builds_pushes_applies_waits_in_this_order, (ORDER, "sh buildspec/pipeline.sh image", "sh -c true")),
    (logs_in_tests_and_builds_pushes_applies_waits_in_this_order, (ORDER, "sh buildspec/pipeline.sh deploy", "sh -c true")),
    (logs_in_tests_and_builds_pushes_applies_waits_in_this_order, (SCRIPT, '--name "$_CLUSTER_NAME"', "--name other")),
    (image_is_of_its_service_and_tagged_with_the_commit, (SCRIPT, "image=$repository:$CODEBUILD_RESOLVED_SOURCE_VERSION", "image=$repository:latest")),
    (image_is_of_its_service_and_tagged_with_the_commit, (SCRIPT, '"SERVICE=$service"', '"SERVICE=gateway"')),
    (image_is_of_its_service_and_tagged_with_the_commit, (SCRIPT, "'s/^VERSION := //p'", "'s/^VERSION = //p'")),
    (what_is_applied_is_its_own_objects_by_digest, (SCRIPT, '"mall.local/$service=$by_digest"', '"mall.local/$service=$image"')),
    (what_is_applied_is_its_own_objects_by_digest, (SCRIPT, '-m 1 "^$repository@', '-m 1 "@')),
    (what_is_applied_is_its_own_objects_by_digest, (SCRIPT, ' -l "app=$service" -f', " -f")),
    (what_is_applied_is_its_own_objects_by_digest, (BASE_ORDER, "spec: # no replicas", "spec:\n  replicas: 1 #")),
    (first_deployment_works, (SCRIPT, " --ignore-not-found", "")),
    (other_prefix_in_both_places_is_another_mall, (SCRIPT, "repository=$registry/$_PROJECT_NAME", "repository=$registry/user23-$service")),
    (other_namespace_is_where_all_of_it_is, (SCRIPT, 'kubectl --namespace "$_NAMESPACE"', "kubectl")),
    (image_repository_of_ones_own_in_the_overlay_is_no_obstacle, (SCRIPT, '"mall.local/$service=$by_digest"', '"mall.local/$service=*@${by_digest#*@}x"')),
    (production_is_another_overlay_whose_names_have_no_prefix, (SCRIPT, "deployment=$prefix$service", "deployment=$_PROJECT_NAME")),
    (production_is_another_overlay_whose_names_have_no_prefix, (SCRIPT, "OVERLAY=${_OVERLAY:-deploy/k8s/overlays/lab/shop}", "OVERLAY=deploy/k8s/overlays/lab/shop")),
    (an_overlay_that_is_not_there_ends_it, (SCRIPT, '[ -f "$OVERLAY/kustomization.yaml" ] ||', "true ||")),
    (siege_is_a_pod_that_is_made_anew, (SCRIPT, "\tin_cluster delete pod siege --ignore-not-found\n", "")),
    (siege_is_a_pod_that_is_made_anew, (SCRIPT, "set -- deploy/siege", "set -- .")),
    (siege_is_a_pod_that_is_made_anew, (SCRIPT, '[ "$service" != siege ] || OVERLAY=$SIEGE', "true")),
    (siege_that_does_not_start_is_said, (SCRIPT, "if ! in_cluster wait", "if in_cluster wait")),
    (mallctl_is_pushed_and_nothing_is_applied, (SCRIPT, "mallctl) kind=job ;; ", "")),
    (mallctl_is_pushed_and_nothing_is_applied, (SCRIPT, "\t\treturn\n", "\t\tkind=deployment\n")),
    (mallctl_that_is_not_built_is_said, (SCRIPT, '[ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ] ||', "true ||")),
    (no_secret_is_said_aloud, (SCRIPT, "set -eu", "set -eux")),
    (no_secret_is_said_aloud, (SCRIPT, "--password-stdin", '--password "$password"')),
    (failing_password_ends_it, (SCRIPT, "password=$(aws", "password=$(true || aws")),
    (failing_login_ends_it, (SCRIPT, '"$registry"\n', '"$registry" || true\n')),
    (failing_way_to_the_cluster_ends_it, (SCRIPT, '--name "$_CLUSTER_NAME"', '--name "$_CLUSTER_NAME" || true')),
    (failing_test_or_build_pushes_and_applies_nothing, (SCRIPT, '[ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ] ||', "true ||")),
    (failing_test_or_build_pushes_and_applies_nothing, (SCRIPT, "set -eu", "set -u")),
    (failing_push_applies_nothing, (SCRIPT, '[ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ] ||', "true ||")),
    (failing_push_applies_nothing, (SCRIPT, 'docker push "$image"', 'docker push "$image" || true')),
    (unreachable_cluster_is_no_first_deployment, (SCRIPT, "revision}')", "revision}') || true")),
    (other_download_than_the_pinned_is_not_used, (SCRIPT, "| sha256sum -c -", "")),
    (other_prefix_than_the_overlays_ends_it, (SCRIPT, '[ "$_PROJECT_NAME" = "$prefix$service" ] ||', "true ||")),
    (failing_rollout_goes_back_to_what_was_there, (SCRIPT, "\t\tundo\n", "")),
    (failing_rollout_goes_back_to_what_was_there, (SCRIPT, "\t\tbecomes_ready || fail", "\t\ttrue || fail")),
    (failing_rollout_goes_back_to_what_was_there, (SCRIPT, 'fail "$_PROJECT_NAME did not', 'say "$_PROJECT_NAME did not')),
    (failing_rollout_goes_back_to_what_was_there, (SCRIPT, "\t\tshow_why\n", "")),
    (failing_first_rollout_says_that_there_is_nothing_to_undo_to, (SCRIPT, 'if [ -z "$before" ]', "if false")),
    (failing_first_rollout_says_that_there_is_nothing_to_undo_to, (SCRIPT, 'fail "$_PROJECT_NAME did not', 'say "$_PROJECT_NAME did not')),
    (failing_undo_says_so, (SCRIPT, "\t\tbecomes_ready || fail", "\t\tbecomes_ready || true || fail")),
    (half_an_apply_is_undone_too, (SCRIPT, "if in_cluster apply", "in_cluster apply -f build/manifests.yaml; if in_cluster apply")),
    (half_an_apply_is_undone_too, (SCRIPT, "-f build/manifests.yaml && ", "-f build/manifests.yaml; ")),
    (same_image_again_is_not_undone_to_the_one_before_it, (SCRIPT, ' --to-revision="$before"', "")),
    (image_that_another_build_brought_meanwhile_is_not_undone, (SCRIPT, '[ "$runs" != "$by_digest" ]', "false")),
]
