"""generate_deploy - what deploy/ and buildspec/ hold once for each service.

A template, a file called ....template, says on its first line which files are written from it, beside itself:

    # writes {name}.yaml for each service

The first line of such a file says so (MINE). Without that the file is somebody's own and stays as it is.

A YAML file may have blocks. The comments after the first one are the text, and what follows them up to the end is written anew:

    # for each service but order:
    # - {name}.yaml
    - delivery.yaml
    - product.yaml
    # end

The gateway's routes are what people change: a service that has no route there gets one, and the rest stays as it is.
COPIES are files that kustomize does not read where they are.
GROUPS says what there is each of, FIELDS what may stand in braces.
"""
import itertools
import re

import generate_frontend
import services

FOLDERS = ("deploy", "buildspec")
OVERLAY = services.TOP / "deploy/k8s/overlays/lab/shop/kustomization.yaml"
ROUTES = services.TOP / "deploy/k8s/base/application.yml"
COPIES = {"deploy/k8s/components/efs/scripts": "deploy/backup"}
MINE = "written by `make generate` from %s"


def places(name, folder):
    """For MALL_SERVICES: the daemons that it looks at, one a line."""
    watched = [other for other in services.daemons() if other != name]
    return ",\\\n                ".join("%s=http://$(%s_HOST):8080" % (other, other.upper()) for other in watched)


def admin_places(name, folder):
    """For MALL_ADMIN_SERVICES: the admin listeners of all daemons."""
    port = generate_frontend.ADMIN_DOCKER
    return ",\\\n          ".join("%s=http://$(%s_ADMIN_HOST):%d" % (other, other.upper(), port) for other in services.daemons())


GROUPS = {
    "service": services.names,
    "daemon": services.daemons,
    "image": lambda: services.daemons() + ["siege", "mallctl"],
    "program": lambda: services.daemons() + ["mallctl"],        # what Dockerfile.template makes an image of
    "mall": lambda: ["mall"],                                   # once
    "console": lambda: ["frontend"],
}
FIELDS = {
    "name": lambda name, folder: name,
    "NAME": lambda name, folder: name.upper(),
    "paths": lambda name, folder: ",".join("/%s/**" % collection for collection in services.collections(name, folder)),
    "prefix": lambda name, folder: re.search(r"^namePrefix: *(\S*)", text_of(OVERLAY), re.M)[1],
    "port": lambda name, folder: str(services.port(name, folder)),
    "number": lambda name, folder: str(services.names().index(name) + 1),
    "services": lambda name, folder: " ".join(services.names()),
    "services_count": lambda name, folder: str(len(services.names())),
    "places": places,
    "admin_places": admin_places,
    "version": lambda name, folder: services.variable("VERSION")[0],
}
EACH = r"for each (?P<group>%s)(?: but (?P<but>\w+))?" % "|".join(GROUPS)
WRITES = re.compile(r"# writes (?P<file>\S+) %s\n" % EACH)
BEGIN = re.compile(r"(?P<indent> *)# %s:\n" % EACH)
END = "# end\n"
ROUTE = """\
        - id: {name}
          uri: http://${{NAME}_HOST:{name}}:8080
          predicates:
            - Path={paths}
"""
LAST_ROUTE = "        - id: frontend\n"  # it takes all paths that are left


def text_of(path):
    return path.read_text(encoding="utf-8")


def members(match):
    return [name for name in GROUPS[match["group"]]() if name != match["but"]]


def fill(text, name, folder):
    return re.sub(r"\{(%s)\}" % "|".join(FIELDS), lambda match: FIELDS[match[1]](name, folder), text)


def expand(text, folder):
    """The text with its blocks written anew."""
    lines, out = iter(text.splitlines(True)), []
    for line in lines:
        out.append(line)
        begin = BEGIN.fullmatch(line)
        if begin:
            indent = begin["indent"]
            inside = list(itertools.takewhile(lambda line: line != indent + END, lines))
            asked = list(itertools.takewhile(lambda line: line.startswith(indent + "# "), inside))
            one = "".join(indent + line[len(indent) + 2:] for line in asked)
            out += [*asked, *(fill(one, name, folder) for name in members(begin)), indent + END]
    return "".join(out)


def is_mine(path, template):
    return MINE % template.name in text_of(path).split("\n")[0]


def of_template(template, folder):
    """The text of each file that is written from it; None for one whose name has gone from the list."""
    head, body = text_of(template).split("\n", 1)
    writes = WRITES.fullmatch(head + "\n")
    if not writes:
        raise ValueError("%s does not say on its first line what is written from it" % template)
    pattern = re.compile(re.escape(writes["file"]).replace(r"\{name\}", "[a-z0-9]+"))
    there = [path for path in template.parent.iterdir() if pattern.fullmatch(path.name)]
    wanted = {template.with_name(fill(writes["file"], name, folder)): fill(body, name, folder) for name in members(writes)}
    gone = {path: None for path in there if is_mine(path, template) and path not in wanted}
    return {**gone, **{path: text for path, text in wanted.items() if not path.exists() or is_mine(path, template)}}


def with_routes(text, folder):
    missing = [name for name in services.names() if "- id: %s\n" % name not in text]
    return text.replace(LAST_ROUTE, "".join(fill(ROUTE, name, folder) for name in missing) + LAST_ROUTE)


def copies():
    """What is there and not in the original goes."""
    for copy, original in COPIES.items():
        wanted = {services.TOP / copy / path.name: text_of(path) for path in sorted((services.TOP / original).glob("*.sh"))}
        yield from {**dict.fromkeys((services.TOP / copy).glob("*.sh")), **wanted}.items()


def files(folder):
    found = {ROUTES: with_routes(text_of(ROUTES), folder)}
    paths = [path for top in FOLDERS for path in sorted((services.TOP / top).rglob("*"))]
    for path in paths:
        if path.suffix in (".yaml", ".yml") and END in text_of(path):
            found[path] = expand(text_of(path), folder)
    for path in paths:
        if path.suffix == ".template":
            found.update(of_template(path, folder))
    found.update(copies())
    return {str(path.relative_to(services.TOP)): text for path, text in found.items()}
