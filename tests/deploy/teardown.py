"""teardown - deploy/eks/teardown.sh, with programs that only record that they were called."""
import os
import subprocess

RECORD = '#!/bin/sh\necho "${0##*/} $*" >>"$SAID"\ncase "${0##*/} $*" in "$FAILS"*) exit 1 ;; esac\n'
MINE = ["kubectl delete -k deploy/k8s/overlays/lab/shop", "kubectl delete pvc -l app.kubernetes.io/instance=user23-mall"]
STACKS = ["aws cloudformation %s --stack-name user23-%s" % (verb, stack) for stack in ("pipelines", "repositories")
          for verb in ("delete-stack", "wait stack-delete-complete")]


def run(tree, *words, fails="-"):
    """(exit status, what was called)"""
    place = tree / "bin"
    place.mkdir()
    for program in ("kubectl", "aws", "eksctl"):
        (place / program).write_text(RECORD)
        (place / program).chmod(0o755)
    said = place / "said"
    said.touch()
    env = {"PATH": "%s:%s" % (place, os.environ["PATH"]), "SAID": str(said), "FAILS": fails, "AWS_DEFAULT_REGION": "ap-northeast-2"}
    ran = subprocess.run(["sh", tree / "deploy/eks/teardown.sh", *words], env=env, capture_output=True, text=True)
    return ran.returncode, said.read_text().splitlines()


def calls(said, wanted):
    assert len(said) == len(wanted) and all(s.startswith(w) for s, w in zip(said, wanted)), said


def teardown_of_one_leaves_the_others_what_they_share(tree):
    status, said = run(tree)
    assert status == 0
    calls(said, MINE + STACKS)


def teardown_of_the_cluster_comes_after_what_it_has_to_remove(tree):
    status, said = run(tree, "cluster")
    assert status == 0
    calls(said, MINE + ["kubectl delete -k deploy/k8s/kafka"] + STACKS + ["eksctl delete cluster -f deploy/eks/cluster.yaml"])


def teardown_stops_where_something_stays(tree):
    """If the cluster is deleted before its load balancer and disks, they stay and cost."""
    status, said = run(tree, "cluster", fails="kubectl delete pvc")
    assert status != 0
    calls(said, MINE)


CHECKS = [teardown_of_one_leaves_the_others_what_they_share, teardown_of_the_cluster_comes_after_what_it_has_to_remove, teardown_stops_where_something_stays]
SCRIPT = "deploy/eks/teardown.sh"
BROKEN = [
    (teardown_of_one_leaves_the_others_what_they_share, SCRIPT, "$overlay/shop --ignore", "$overlay --ignore"),
    (teardown_of_one_leaves_the_others_what_they_share, SCRIPT, "delete pvc -l", "delete pvc --all -l"),
    (teardown_of_the_cluster_comes_after_what_it_has_to_remove, SCRIPT, 'delete_stack "${prefix}repositories"\n', ""),
    (teardown_of_the_cluster_comes_after_what_it_has_to_remove, SCRIPT, "eksctl delete", "true eksctl delete"),
    (teardown_stops_where_something_stays, SCRIPT, "set -eu", "set -u"),
]
