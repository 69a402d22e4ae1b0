"""teardown - deploy/eks/teardown.sh, with programs that only record that they were called."""
import os
import subprocess

RECORD = '#!/bin/sh\necho "${0##*/} $*" >>"$SAID"\ncase "${0##*/} $*" in "$FAILS"*) exit 1 ;; esac\n'
MINE = ["kubectl delete -k deploy/k8s/overlays/lab/shop", "kubectl delete pvc -l app.kubernetes.io/instance=user23-mall"]


def stacks(*names):
    return ["aws cloudformation %s --stack-name user23-%s" % (verb, stack) for stack in names for verb in ("delete-stack", "wait stack-delete-complete")]


SHARED = MINE + ["kubectl delete -k deploy/k8s/kafka", "kubectl delete namespace monitoring logging"] + stacks("pipelines", "repositories", "efs")


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
    calls(said, MINE + stacks("pipelines", "repositories"))


def teardown_of_the_cluster_comes_after_what_it_has_to_remove(tree):
    status, said = run(tree, "cluster")
    assert status == 0
    calls(said, SHARED + stacks("rds") + ["eksctl delete cluster -f deploy/eks/cluster.yaml"] + stacks("logging"))


def teardown_stops_where_something_stays(tree):
    """If the cluster is deleted before its load balancer and disks, they stay and cost."""
    status, said = run(tree, "cluster", fails="kubectl delete pvc")
    assert status != 0
    calls(said, MINE)


def teardown_leaves_the_cluster_where_the_database_is_protected(tree):
    """Its network would stay with it."""
    status, said = run(tree, "cluster", fails="aws cloudformation wait stack-delete-complete --stack-name user23-rds")
    assert status != 0
    calls(said, SHARED + stacks("rds"))


CHECKS = [teardown_of_one_leaves_the_others_what_they_share, teardown_of_the_cluster_comes_after_what_it_has_to_remove, teardown_stops_where_something_stays,
          teardown_leaves_the_cluster_where_the_database_is_protected]
SCRIPT = "deploy/eks/teardown.sh"
BROKEN = [
    (teardown_of_one_leaves_the_others_what_they_share, SCRIPT, "$overlay/shop --ignore", "$overlay --ignore"),
    (teardown_of_one_leaves_the_others_what_they_share, SCRIPT, "delete pvc -l", "delete pvc --all -l"),
    (teardown_of_the_cluster_comes_after_what_it_has_to_remove, SCRIPT, 'delete_stack "${prefix}repositories"\n', ""),
    (teardown_of_the_cluster_comes_after_what_it_has_to_remove, SCRIPT, "eksctl delete", "true eksctl delete"),
    (teardown_of_the_cluster_comes_after_what_it_has_to_remove, SCRIPT, "kubectl delete namespace monitoring logging", "true"),
    (teardown_of_the_cluster_comes_after_what_it_has_to_remove, SCRIPT, '\tdelete_stack "${prefix}efs"\n', ""),
    (teardown_of_the_cluster_comes_after_what_it_has_to_remove, SCRIPT, '\tdelete_stack "${prefix}logging"\n', ""),
    (teardown_leaves_the_cluster_where_the_database_is_protected, SCRIPT, '"${prefix}rds"\n', '"${prefix}rds" || true\n'),
    (teardown_stops_where_something_stays, SCRIPT, "set -eu", "set -u"),
]
