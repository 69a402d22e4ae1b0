"""overlays - has kustomize build the overlays under several prefixes and looks whether a service has all that another has.

usage: overlays.py SERVICE      with the Python of tests/k8s, in the tree that has the service
"""
import pathlib
import sys

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "k8s"))
import checks                                                   # noqa: E402 (both lie in tests/k8s/)
from cluster import Tree, daemons, name                         # noqa: E402

MODEL = "delivery"
# In the lab only order scales.
OVERLAYS = {"overlays/lab": {"Deployment", "Service"}, "overlays/production": {"Deployment", "Service", "HorizontalPodAutoscaler"}}
PREFIXES = ("user23-", "team-a7-", "")
FILE = "overlays/lab/shop/kustomization.yaml"


def own(objects, service):
    """(kind, name) of those that carry the service's name as a word, which SERVICE stands for."""
    words = lambda o: name(o).replace(".", "-").split("-")
    return {(o["kind"], name(o).replace(service, "SERVICE")) for o in objects if service in words(o)}


def check(service):
    for prefix in PREFIXES:
        with Tree() as tree:
            if prefix != "user23-":
                tree.edit(FILE, "namePrefix: user23-\n", "namePrefix: %s\n" % prefix if prefix else "")
            for overlay, kinds in OVERLAYS.items():
                objects = tree.build(overlay)
                found, model = own(objects, service), own(objects, MODEL)
                assert found == model, "%s of %s%s lacks %s" % (service, prefix, overlay, sorted(model - found) or sorted(found - model))
                assert kinds <= {kind for kind, _ in found}, "%s: %s" % (overlay, sorted(found))
                if overlay == "overlays/lab":
                    assert ("Service", prefix + "SERVICE") in found, sorted(found)
                    seen = checks.places(daemons(objects)["frontend"])
                    assert seen.get(service) == "http://%s%s:8080" % (prefix, service), "the console looks at %s" % seen


if __name__ == "__main__":
    check(sys.argv[1])
