"""lab - the lab on the cluster, with components more.

    lab.apply("traces", beside=("tracing",))                    # a mall's components, and the cluster's
    with lab.having(beside=("logging",)): ...                   # and then it is the lab again
"""
import contextlib

import admission                                                # which puts tests/k8s on the path
import kube
from kube import get, kubectl
from tree import Tree, add_components


@contextlib.contextmanager
def overlay(shop, beside=(), images=None, of="lab"):
    """A copy of deploy/k8s whose lab, or production, has more components."""
    with Tree() as tree:
        made = "overlays/" + of
        add_components(tree, made, made + "/shop", shop, beside)
        if images:
            lines = ["  - name: %s\n    newName: %s\n    newTag: \"%s\"\n" % (old, *new.rsplit(":", 1)) for old, new in images.items()]
            with open(tree.dir / made / "shop/kustomization.yaml", "a", encoding="utf-8") as file:
                file.write("images:\n" + "".join(lines))
        yield tree.dir / made


def rolled_out():
    """The rollouts, and then all pods."""
    for o in get("deployments")["items"]:
        kubectl("rollout", "status", "deploy/" + o["metadata"]["name"], "--timeout=600s")
    kube.becomes_ready()


def apply(*shop, beside=(), images=None, first=None):
    """first: a selector; those objects come, and are ready, before the others."""
    with overlay(shop, beside, images) as lab:
        if first:
            kubectl("apply", "-k", lab, "-l", first)
            rolled_out()
        kubectl("apply", "-k", lab)
    rolled_out()


@contextlib.contextmanager
def having(*shop, beside=()):
    """Components more, ready, for as long as the block takes; then their own objects are gone and the lab is as it was."""
    with overlay(shop, beside) as lab:
        own = admission.added(lab)
        try:
            kubectl("apply", "-k", lab)
            rolled_out()
            for kind, namespace, name in map(admission.key, own):
                if kind in ("Deployment", "StatefulSet", "DaemonSet"):
                    kubectl("-n", namespace, "rollout", "status", "%s/%s" % (kind, name), "--timeout=%ds" % kube.PATIENCE)
            yield
        finally:
            try:
                kubectl("delete", "--ignore-not-found", "-f", "-", given=admission.as_list(own))
            finally:
                apply()
