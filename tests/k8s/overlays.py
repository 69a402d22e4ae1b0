"""overlays - what the overlays are built to, once, and what they are with components more."""
import copy
import re

from cluster import Tree, build

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


def with_lines(tree, file, names, up):
    """`components:` of a kustomization with a line more for each, at the end, where `kustomize edit add component` puts it."""
    path = tree.dir / file
    text, lines = path.read_text(), "".join("  - %s/components/%s\n" % (up, name) for name in names)
    there = re.search(r"^components:\n(?:  - .*\n)+", text, re.M)
    path.write_text(text.replace(there[0], there[0] + lines) if there else text + "\ncomponents:\n" + lines)


def with_components(overlay, shop, *names, beside=(), metrics=True):
    """An overlay with more components: of the mall (names), and of the cluster (beside), which get no prefix."""
    with Tree() as tree:
        if names:
            with_lines(tree, shop + "/kustomization.yaml", names, "../../..")
        if beside:
            with_lines(tree, overlay + "/kustomization.yaml", beside, "../..")
        if not metrics:
            tree.edit(shop + "/kustomization.yaml", "  - ../../../components/metrics\n", "")
        return tree.build(overlay)
