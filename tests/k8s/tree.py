"""tree - deploy/k8s as a copy, with components more: what kustomize itself builds then."""
import pathlib
import re
import shutil
import tempfile

K8S = pathlib.Path(__file__).resolve().parents[2] / "deploy/k8s"


class Tree:
    """A copy of deploy/k8s that may be changed."""
    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="mall-k8s-")
        self.dir = pathlib.Path(self.top) / "k8s"
        shutil.copytree(K8S, self.dir)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top)

    def edit(self, file, old, new):
        path = self.dir / file
        text = path.read_text()
        assert old in text, "%s has no %r" % (file, old)
        path.write_text(text.replace(old, new))


def with_lines(tree, file, names, up):
    """`components:` of a kustomization with a line more for each, at the end, where `kustomize edit add component` puts it."""
    path = tree.dir / file
    text, lines = path.read_text(), "".join("  - %s/components/%s\n" % (up, name) for name in names)
    there = re.search(r"^components:\n(?:  - .*\n)+", text, re.M)
    path.write_text(text.replace(there[0], there[0] + lines) if there else text + "\ncomponents:\n" + lines)


def add_components(tree, overlay, shop, names=(), beside=()):
    """Of the mall (names), and of the cluster (beside), which get no prefix."""
    if names:
        with_lines(tree, shop + "/kustomization.yaml", names, "../../..")
    if beside:
        with_lines(tree, overlay + "/kustomization.yaml", beside, "../..")
