"""overlays - what the overlays are built to, once, and what they are with components more."""
import copy

from cluster import Tree, build
from tree import add_components

SHOPS = (("overlays/lab", "overlays/lab/shop"), ("overlays/production", "overlays/production/shop"))
BUILT = {}


class Skipped(Exception):
    """A story that cannot be told here, and why."""


def built(overlay):
    if overlay not in BUILT:
        BUILT[overlay] = build(overlay)
    return copy.deepcopy(BUILT[overlay])


def words(function):
    return function.__name__.replace("_", " ")


def with_components(overlay, shop, *names, beside=(), metrics=True):
    """An overlay with more components, built."""
    with Tree() as tree:
        add_components(tree, overlay, shop, names, beside)
        if not metrics:
            tree.edit(shop + "/kustomization.yaml", "  - ../../../components/metrics\n", "")
        return tree.build(overlay)
