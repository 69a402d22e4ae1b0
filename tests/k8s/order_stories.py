"""order_stories - a mall's components in any order: the same mall, or nothing is built. One that comes with another has that one in it."""
import itertools
import re

from cluster import K8S, Tree, name, namespace
from overlays import SHOPS, with_components
from tree import with_lines

OF_THE_MALL = ("admin-token", "autoscaler", "canary", "efs", "efs-mesh", "efs-tls", "faults", "keda", "keda-tls", "mesh", "mesh-ambient", "mesh-sidecar",
               "open-network", "tls", "traces")
# of the cluster (`beside`), or in every overlay already
OTHERS = {"images", "kafka-metrics", "kafka-metrics-strimzi", "kafka-page", "kafka-page-strimzi", "keda-kafka", "keda-strimzi", "logging", "mesh-siege",
          "metrics", "monitoring", "tracing"}
HAS_IN_IT = {"efs-tls": "efs", "keda-tls": "keda", "mesh-sidecar": "mesh", "mesh-ambient": "mesh"}


def plain(o):
    """Lists of what has a name, in the order of the names."""
    if isinstance(o, dict):
        return {k: plain(v) for k, v in o.items()}
    if isinstance(o, list):
        all_named = o and all(isinstance(e, dict) and "name" in e for e in o)
        return [plain(e) for e in (sorted(o, key=lambda e: (e["name"], str(e))) if all_named else sorted(o, key=str))]
    return o


def mall(overlay, *components):
    """What is built, by kind and name, or None if nothing is."""
    try:
        return {(o["kind"], namespace(o), name(o)): plain(o) for o in with_components(overlay[1], overlay[1], *components)}
    except AssertionError as said:
        assert "kustomize build" in str(said), said
        return None


def every_component_is_known_here():
    there = {path.name for path in (K8S / "components").iterdir()}
    assert there == set(OF_THE_MALL) | OTHERS, there ^ (set(OF_THE_MALL) | OTHERS)


def in_both_orders(overlay, *components):
    one, other = mall(overlay, *components), mall(overlay, *reversed(components))
    assert one is None or other is None or one == other, "%s: %s: %s" % (overlay[1], components, [k for k in one if one[k] != other.get(k)])
    return one is not None and other is not None


def components_in_either_order_are_the_same_mall_or_none():
    """The canary with each of the others, since it copies what they made; and all of the others that go together."""
    for overlay in SHOPS:
        for other in (c for c in OF_THE_MALL if c not in ("canary", "efs-mesh")):
            in_both_orders(overlay, other, "canary")
        for mode in ("mesh-ambient", "mesh-sidecar"):
            assert in_both_orders(overlay, "admin-token", "efs", "faults", "keda", mode, "open-network", "traces"), "not built: %s" % mode


def one_with_another_in_it_takes_one_line():
    for overlay, (with_it, within) in itertools.product(SHOPS, HAS_IN_IT.items()):
        alone, both = mall(overlay, with_it), mall(overlay, within)
        if (overlay, with_it) in ((SHOPS[0], "efs-tls"), (SHOPS[0], "keda-tls")):
            continue                                            # Strimzi's
        assert alone and both and set(both) <= set(alone), (overlay[1], with_it)
        for pair in ((with_it, within), (within, with_it)):
            assert mall(overlay, *pair) is None, "%s: %s are built" % (overlay[1], pair)


def a_canary_comes_after_the_mesh_and_the_token():
    for overlay, mode in itertools.product(SHOPS, ("mesh-sidecar", "mesh-ambient", "admin-token")):
        assert mall(overlay, mode, "canary"), mode
        assert mall(overlay, "canary", mode) is None, "%s after the canary: it lacks what that brings" % mode


def the_audits_sidecar_comes_after_the_mesh_and_the_audit():
    for overlay in SHOPS:
        assert mall(overlay, "mesh-sidecar", "efs", "efs-mesh") and mall(overlay, "efs", "mesh-sidecar", "efs-mesh"), overlay
        for order in (("efs-mesh", "mesh-sidecar", "efs"), ("mesh-sidecar", "efs-mesh", "efs"), ("efs", "efs-mesh", "mesh-sidecar"), ("efs-mesh",)):
            assert mall(overlay, *order) is None, order


def the_autoscaler_is_the_labs():
    assert mall(SHOPS[0], "autoscaler") and mall(SHOPS[1], "autoscaler") is None


def these_stories_are_seen_to_fail():
    """Without the guard in components/mesh the two orders differ; without the line in efs-tls Kafka is asked in plaintext."""
    with Tree() as tree:
        path = tree.dir / "components/mesh/kustomization.yaml"
        path.write_text(re.sub(r"^patches:\n.*?\n\n", "", path.read_text(), flags=re.M | re.S))
        kept = tree.dir / "overlays/lab/shop/kustomization.yaml"
        text, built = kept.read_text(), []
        for order in (("canary", "mesh-sidecar"), ("mesh-sidecar", "canary")):
            kept.write_text(text)
            with_lines(tree, "overlays/lab/shop/kustomization.yaml", order, "../../..")
            built.append({(o["kind"], namespace(o), name(o)): plain(o) for o in tree.build("overlays/lab/shop")})
        assert built[0] != built[1]
        path = tree.dir / "components/efs-tls/kustomization.yaml"
        path.write_text(path.read_text().replace("components:\n  - ../efs\n", ""))
        kept = tree.dir / "overlays/production/shop/kustomization.yaml"
        text, built = kept.read_text(), []
        for order in (("efs", "efs-tls"), ("efs-tls", "efs")):
            kept.write_text(text)
            with_lines(tree, "overlays/production/shop/kustomization.yaml", order, "../../..")
            built.append({(o["kind"], namespace(o), name(o)): plain(o) for o in tree.build("overlays/production/shop")})
        assert built[0] != built[1]


STORIES = [every_component_is_known_here, components_in_either_order_are_the_same_mall_or_none, one_with_another_in_it_takes_one_line,
           a_canary_comes_after_the_mesh_and_the_token, the_audits_sidecar_comes_after_the_mesh_and_the_audit, the_autoscaler_is_the_labs, these_stories_are_seen_to_fail]
