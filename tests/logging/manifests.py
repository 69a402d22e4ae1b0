"""manifests - the components' own configuration: taken from deploy/k8s as it is, with only addresses and folders replaced."""
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
COMPONENTS = TOP / "deploy/k8s/components"


def replaced(text, places):
    """Each place must be there: else the configuration that is tested is another than the one that is deployed."""
    for old, new in places.items():
        assert old in text, "there is no %r in\n%s" % (old, text)
        text = text.replace(old, new)
    return text


def configuration(component, file, places):
    return replaced((COMPONENTS / component / file).read_text(), places)


def of_the_lab(variable):
    """What the lab's overlay gives the services."""
    given = re.search(r'^ *name: %s\n *value: "(.*)"\n' % variable, (TOP / "deploy/k8s/overlays/lab/shop/kustomization.yaml").read_text(), re.M)
    assert given, "the lab does not set " + variable
    return given[1]


def arguments(file, component="logging"):
    """Of the one container that a manifest has; this machine's Python knows no YAML."""
    text = (COMPONENTS / component / file).read_text()
    block = re.search(r"^          args:\n((?:            .*\n)+)", text, re.M)
    assert block, "%s has no args" % file
    return re.findall(r"^            - (\S+)", block[1], re.M)
