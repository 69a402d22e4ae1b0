"""score - kube-score's findings in the overlays. Each accepted one has its reason here. A new finding fails, and so does an unused reason."""
import json
import re
import subprocess

from fetch import tools
import services

EVERYBODY = r".*"
DAEMON = r"(user23-)?(%s)" % "|".join(services.daemons())
ACCEPTED = [ # kube-score's name of it, objects, why
    ("container-ephemeral-storage-request-and-limit", EVERYBODY, "the emptyDirs have a sizeLimit, the root file systems are read-only, logs are rotated by the kubelet"),
    ("container-image-pull-policy", EVERYBODY, "images are named by digest or by a version that is not pushed again; Always would make a start wait for the registry"),
    ("deployment-has-host-podantiaffinity", EVERYBODY, "topologySpreadConstraints spread them, over zones too in production"),
    ("deployment-replicas", DAEMON, "there are none, so that apply does not undo a scaling: see deploy/k8s/README.md"),
    ("container-security-context-user-group-id", r"user23-postgres|my-kafka", "those images' own users, 999 and 1000"),
    ("pod-probes-identical", r"user23-postgres|my-kafka", "the same request with other figures: readiness gives up early, liveness late"),
    ("statefulset-has-servicename", r"user23-postgres|my-kafka", "one pod behind an ordinary Service; nobody asks for a pod by name"),
]


def findings(tree, overlay):
    """(what, object's name), of warnings and worse."""
    built = subprocess.run([tools.TOOLS / "kustomize", "build", tree / "deploy/k8s" / overlay], capture_output=True, text=True, check=True)
    scored = subprocess.run([tools.TOOLS / "kube-score", "score", "-o", "json", "-"], input=built.stdout, capture_output=True, text=True)
    assert scored.stdout.startswith("["), scored.stderr
    return {(c["check"]["id"], o["object_meta"]["name"]) for o in json.loads(scored.stdout) for c in o["checks"] if c["grade"] < 10 and not c["skipped"]}


def accepts(rule, finding):
    return rule[0] == finding[0] and re.fullmatch(rule[1], finding[1])


def kube_score_finds_nothing_that_is_not_accepted(tree):
    found = findings(tree, "overlays/lab") | findings(tree, "overlays/production")
    left = sorted(f for f in found if not any(accepts(rule, f) for rule in ACCEPTED))
    assert not left, "%s: mend it, or say in tests/deploy/score.py why not" % left
    idle = [rule[:2] for rule in ACCEPTED if not any(accepts(rule, f) for f in found)]
    assert not idle, "accepted, but not found any more: %s" % idle
