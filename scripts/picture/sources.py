"""sources - what the pictures are drawn from: the daemons' --describe, their C tables, the gateway's routes, manifests and pipelines.

Whatever is not as it was when this was written ends with Wrong, which says the place: a picture is right, or there is none.
"""
import functools
import pathlib
import re
import sys

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(1, str(TOP / "scripts"))
sys.path.insert(2, str(TOP / "tests/k8s"))
import cluster                                                  # noqa: E402 (lies in tests/k8s/)
import services                                                 # noqa: E402

LAB = "overlays/lab"


class Wrong(Exception):
    """A source that cannot be drawn, in a sentence."""


class Reader(yaml.SafeLoader):
    """Takes CloudFormation's tags (!Sub and so on) for their values."""


def value_of(loader, _, node):
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    return loader.construct_sequence(node, True) if isinstance(node, yaml.SequenceNode) else loader.construct_mapping(node, True)


Reader.add_multi_constructor("!", value_of)


def text_of(path):
    try:
        return (TOP / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Wrong("there is no %s" % path) from None


def yaml_of(path):
    return [document for document in yaml.load_all(text_of(path), Reader) if document]


def is_test(path):
    return path.name.endswith(("_test.c", "_fuzz.c")) or "testing" in path.parts


# ---- a service's C: which event follows from what

EVENT_TYPE = re.compile(r'struct event_type (\w+)\s*=\s*(?:\{|\w+\()"(\w+)"')
ENTITY = re.compile(r"^const struct entity (\w+) = \{\n(.*?)^\};", re.M | re.S)
TRANSITIONS = re.compile(r"^static const struct transition (\w+)\[\] = \{\n(.*?)^\};", re.M | re.S)
REACTIONS = re.compile(r"^const struct reaction \w+\[\] = \{\n(.*?)^\};", re.M | re.S)
FUNCTION = re.compile(r"^(?:static )?\w[\w \*]*?\b(\w+)\([^;{]*\)\n\{\n(.*?)^\}", re.M | re.S)
SAYS = {"unit_create": "created", "unit_update": "changed", "unit_delete": "removed"}


class Policy:
    def __init__(self, event, function, says):
        self.event, self.function, self.says = event, function, says

    @property
    def words(self):
        """"issue coupon" of order_placed_issue_coupon; "" where the function has the event's name alone."""
        event = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.event).lower()
        names = (event, event.replace("placed", "_placed"))
        rest = next((self.function[len(name):] for name in names if self.function.startswith(name)), self.function)
        return rest.strip("_").replace("_", " ")


class Service:
    """One of the Makefile's services: what it says of itself, and what its C says."""

    def __init__(self, name, folder):
        said = services.describe(name, folder)
        self.name, self.port, self.summary = name, said["port"], said.get("summary", "")
        self.collections, self.hears, self.says = said["collections"], said.get("hears", []), said.get("says", [])
        self.settings = {setting["name"] for setting in said.get("settings", [])}
        self.files = sorted(path for path in (TOP / name).glob("*.c") if not is_test(path))
        code = "\n".join(text_of(path.relative_to(TOP)) for path in self.files)
        self.types = dict(EVENT_TYPE.findall(code))
        self.entities = {name: dict(re.findall(r"\.(\w+) = &?\"?([\w ]+)", body)) for name, body in ENTITY.findall(code)}
        self.transitions = {name: re.findall(r'\{"[^"]+", "([^"]+)", &?(\w+)\}', rows) for name, rows in TRANSITIONS.findall(code)}
        self.functions = dict(FUNCTION.findall(code))
        self.policies = [Policy(event, function, self.said_by(function)) for table in REACTIONS.findall(code)
                         for event, function in re.findall(r'\{"(\w+)", (\w+)\}', table)]
        self.check()

    def check(self):
        if sorted(policy.event for policy in self.policies) != sorted(self.hears):
            raise Wrong("%s hears %s, and its reactions are for %s" % (self.name, self.hears, [p.event for p in self.policies]))
        known = {event for policy in self.policies for event in policy.says} | {e for c in self.commands() for e in c[2]}
        if known != set(self.says):
            raise Wrong("%s says %s, and its code was read to say %s" % (self.name, sorted(self.says), sorted(known)))

    def said_when(self, entity, what):
        said = self.entities.get(entity, {}).get("says_" + what)
        return [self.types[said]] if said else []

    def said_on_the_way(self, entity):
        """(status, events) of each status that a row's life leads to."""
        ways = self.transitions.get(self.entities.get(entity, {}).get("transitions"), [])
        found = {to: [] for to, _ in ways}
        for to, said in ways:
            if said in self.types and self.types[said] not in found[to]:
                found[to].append(self.types[said])
        return found

    def said_by(self, function, seen=()):
        """The events that a function says, and what it calls of this folder."""
        body, found = self.functions.get(function, ""), []
        for entity, to in re.findall(r'\btransition_to\(unit, &(\w+), \w+, "([^"]+)"\)', body):
            found += self.said_on_the_way(entity).get(to, [])
        for called, first in re.findall(r"\b(\w+)\((?:unit, &(\w+))?", body):
            if called in SAYS:
                found += self.said_when(first, SAYS[called])
            elif called == "unit_announce":
                found.append(self.types[first])
            elif called in self.functions and called not in (function, *seen):
                found += self.said_by(called, (function, *seen))
        return list(dict.fromkeys(found))

    def commands(self):
        """(method, path, events) of what a person may ask: each creation, and what else says something."""
        for collection in self.collections:
            entity = next((name for name, members in self.entities.items() if members.get("item") == collection["entity"]), None)
            if entity is None:
                raise Wrong("%s has %s, and no entity of its C is called %s" % (self.name, collection["path"], collection["entity"]))
            for method, path, what in (("POST", "%s", "created"), ("PATCH", "%s/{id}", "changed"), ("DELETE", "%s/{id}", "removed")):
                says = self.said_when(entity, what)
                if not collection["readOnly"] and (says or method == "POST"):
                    yield method, path % collection["path"], says
            for status, says in self.said_on_the_way(entity).items():
                yield "PATCH", "%s/{id} status=%s" % (collection["path"], status), says

    def reads(self):
        """What may be read: collections and their searches."""
        for collection in self.collections:
            yield "GET " + collection["path"]
            yield from ("GET %s/search/%s" % (collection["path"], search) for search in collection["searches"])

    @property
    def asks(self):
        """It can be told to ask product for the stock."""
        return "stock-check-url" in self.settings


@functools.lru_cache(maxsize=None)
def shop(folder):
    return [Service(name, folder) for name in services.names()]


def console_paths():
    """What the console shows, from its table of routes; {} is a row's name."""
    found = re.findall(r'^\s*\{"(/\w+)(/?)", "GET[^"]*", \w+', text_of("frontend/main.c"), re.M)
    if not found:
        raise Wrong("frontend/main.c has no table of routes that was understood")
    return ["%s%s" % (path, "/{id}" if slash else "") for path, slash in found]


# ---- the rest of the tree

def routes(profile="default"):
    """{daemon: [path, ...]} of the gateway's built-in routes, by their ids."""
    for document in yaml_of("gateway/application.yml"):
        spring = document.get("spring", {})
        if spring.get("profiles") == profile:
            return {route["id"]: [path.strip() for predicate in route["predicates"] for path in predicate.partition("Path=")[2].split(",")]
                    for route in spring["cloud"]["gateway"]["routes"]}
    raise Wrong("gateway/application.yml has no profile %s" % profile)


def includes_of(path):
    return re.findall(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', path.read_text(encoding="utf-8"), re.M)


def includers(library):
    """The files of common/ that include a library's header, themselves or through a header beside them: [path from common/]."""
    files = [path for path in sorted((TOP / "common").glob("*/*.[ch]")) if not is_test(path) and path.parent.name != "testing"]
    direct = [path for path in files if library in includes_of(path)]
    inside = {str(path.relative_to(TOP / "common")) for path in direct if path.suffix == ".h"}
    found = [path for path in files if path.suffix == ".c" and (path in direct or inside & set(includes_of(path)))]
    return [str(path.relative_to(TOP / "common")) for path in found]


def objects():
    """Of the lab's overlay, as kustomize builds it."""
    return cluster.build(LAB)


def autoscaler():
    found, = yaml_of("deploy/k8s/components/autoscaler/order.yaml")
    return found


def nodes():
    found, = yaml_of("deploy/eks/cluster.yaml")
    return found


def storage_class():
    found, = yaml_of("deploy/eks/storageclass.yaml")
    return found


def pipelines():
    found, = yaml_of("deploy/eks/pipelines.yaml")
    return found


def each(resources, word):
    """(names, resource) of a ForEach whose key ends with the word."""
    names, made = resources["Fn::ForEach::" + word][1:]
    return names, made


def projects():
    """{project: its properties} of CodeBuild."""
    resources = pipelines()["Resources"]
    names, made = each(resources, "Pipelines")
    properties = made["Project${Service}"]["Properties"]
    found = {name: properties for name in names}
    found.update({key[len("Project"):]: resource["Properties"] for key, resource in resources.items()
                  if isinstance(resource, dict) and resource.get("Type") == "AWS::CodeBuild::Project"})
    return found


def repositories():
    found, = yaml_of("deploy/eks/repositories.yaml")
    return each(found["Resources"], "Repositories")[0]


def phases(project):
    """[(phase, [command, ...]), ...] of its buildspec."""
    found, = yaml_of("buildspec/%s.yml" % project)
    return [(phase, said["commands"]) for phase, said in found["phases"].items()]


def prefix():
    return re.search(r"^namePrefix: *(\S*)", text_of("deploy/k8s/overlays/lab/shop/kustomization.yaml"), re.M)[1]
