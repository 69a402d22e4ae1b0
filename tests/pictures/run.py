#!/usr/bin/env python3
"""run - checks what `make pictures` writes: that it is what the sources say, whole and readable, also with services more.

usage: run.py [PART]...      stories whose name contains one of the PARTs

Prints a line for each story, as the other tests do. Each check is seen to fail: on pictures and sources that are spoiled on purpose.
"""
import contextlib
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[1:1] = [str(TOP / "tests/k8s"), str(TOP / "scripts"), str(TOP / "tests/fifth"), str(TOP / "tests/system")]
import tools                                                    # noqa: E402 (lies in tests/k8s/)

if __name__ == "__main__" and pathlib.Path(sys.prefix) != tools.VENV:
    tools.fetch_python()
    tools.fetch_go_tool(*tools.KUSTOMIZE)
    os.execv(tools.PYTHON, [tools.PYTHON, *sys.argv])

import yaml                                                     # noqa: E402

import checks                                                   # noqa: E402
import cluster                                                  # noqa: E402 (lies in tests/k8s/)
import page                                                     # noqa: E402 (lies in tests/fifth/)
import services                                                 # noqa: E402

# of the participant whose tree this is
PREFIX = re.search(r"^namePrefix: *(\S*)", (TOP / "deploy/k8s/overlays/lab/shop/kustomization.yaml").read_text(encoding="utf-8"), re.M)[1]
PICTURES = ("eventstorming", "hexagon", "msa", "cluster", "pipeline")
LANGUAGES = ("ko", "en")
NOT_PUSHED_BY_A_DAEMON = ("mallctl", "siege")
LIBRARIES = ("libmicrohttpd", "librdkafka", "sqlite3", "libpq", "libcurl")
DEADLINE = 180                                                  # of a command, which else hangs
# beside the one of docs/fifth-service.md, which is renamed
MORE = ("point", "review", "ticket")
FAMILIES = ("", "DejaVu Sans", "Liberation Sans")               # the first one: those of the picture


class LeftOut(Exception):
    """Why a story cannot be told here."""


def run(tree, *command, **more):
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run([str(word) for word in command], cwd=tree, env=clean, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=DEADLINE, **more)
    return done.returncode, done.stdout


# ---- what must be in a picture

def is_hash_at_the_end(name):
    return re.search(r"-[a-z0-9]{10}$", name)


built = functools.lru_cache(maxsize=None)(cluster.build)


def objects_wanted(k8s):
    for o in built("overlays/lab", k8s):
        name = o["metadata"]["name"]
        if o["kind"] in ("ConfigMap", "Secret") and is_hash_at_the_end(name):
            name = name[:-11]
        # what belongs to a workload of its name is said by its kind alone; a NetworkPolicy may be either
        said = {"ServiceAccount": o["kind"], "PodDisruptionBudget": o["kind"], "NetworkPolicy": ""}
        yield "object", "%s/%s" % (o["kind"], name), said.get(o["kind"], name)
        for claim in o["spec"].get("volumeClaimTemplates", []) if o["kind"] == "StatefulSet" else []:
            yield "object", "PersistentVolumeClaim/%s-%s" % (claim["metadata"]["name"], name), claim["spec"]["resources"]["requests"]["storage"]


def wanted(picture, described, k8s):
    """(mark, value, text) of all that the sources have; described: {service: what it says of itself}."""
    daemons = [*described, "frontend", "gateway"]
    events = {event for said in described.values() for event in said["says"]}
    heard = [(name, event) for name, said in described.items() for event in said["hears"]]
    paths = [collection["path"] for said in described.values() for collection in said["collections"]]
    if picture == "eventstorming":
        return [*(("daemon", name, name) for name in (*described, "frontend")), *(("event", event, event) for event in events),
                *(("heard", event, event) for _, event in heard), *(("policy", "%s %s" % pair, "") for pair in heard),
                *((None, "", "GET " + path) for path in paths), *(("aggregate", name, "") for name in described)]
    if picture == "hexagon":
        return [*(("core", name, name) for name in described), *((None, "", library) for library in LIBRARIES),
                *((None, "", text) for text in ("service/service.h", "event/event.h", "data/entity.h", "policy.c"))]
    if picture == "msa":
        return [*(("daemon", name, name) for name in daemons), *(("event", event, event) for event in events), ("topic", "mall", "mall"),
                *(("heard", "%s %s" % pair, pair[1]) for pair in heard), *(("store", name, name + ".db") for name in described),
                *(("route", name, name) for name in daemons if name != "gateway"), *((None, "", path) for path in paths),
                *((None, "", str(said["port"])) for said in described.values())]
    if picture == "cluster":
        eks, = yaml.safe_load_all((TOP / "deploy/eks/cluster.yaml").read_text(encoding="utf-8"))
        texts = ("HorizontalPodAutoscaler", eks["metadata"]["region"], eks["metadata"]["name"])
        return [*objects_wanted(k8s), *((None, "", text) for text in texts),
                *((None, "", group["instanceType"]) for group in eks["managedNodeGroups"])]
    images = [*daemons, *NOT_PUSHED_BY_A_DAEMON]
    return [*((mark, name, PREFIX + name) for mark in ("project", "repository") for name in images),
            *(("deploys", name, PREFIX + name) for name in daemons), ("deploys", "siege", "siege"), ("deploys", "mallctl", ""),
            *(("phase", phase, phase) for phase in ("install", "pre_build", "build", "post_build"))]


def here():
    return {name: services.describe(name) for name in services.names()}


def text_of(picture, language, tree=TOP):
    return (tree / ("docs/pictures/%s.%s.svg" % (picture, language))).read_text(encoding="utf-8")


def faults_of(tree, described):
    return ["%s.%s: %s" % (picture, language, fault) for picture in PICTURES for language in LANGUAGES
            for fault in checks.faults(text_of(picture, language, tree), wanted(picture, described, tree / "deploy/k8s"))]


# ---- a copy of the tree with services more

DESCRIBES = "#!/bin/sh\ncat <<'END'\n%s\nEND\n"


class Copy:
    """The tree, and programs that describe themselves as those here do."""

    def __enter__(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="mall-pictures-"))
        page.copy_tree(self.top)
        self.described = here()
        self.programs = self.top / "programs"
        self.programs.mkdir()
        for name, said in self.described.items():
            self.program(name, said)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)

    def program(self, name, said):
        self.described[name] = said
        (self.programs / name).write_text(DESCRIBES % json.dumps(said))
        (self.programs / name).chmod(0o755)

    def grow(self, word):
        """That page's service, under another name."""
        rename = lambda text: text.replace("coupon", word).replace("Coupon", word.capitalize()).replace("COUPON", word.upper())
        sources = {rename(path): rename(text) for path, text in page.files().items()}
        page.add_files(self.top, sources)
        page.add_words(self.top, [word])
        event = word.capitalize()
        self.program(word, {"name": word, "summary": "one more", "port": 8080 + len(self.described) + 1, "hears": ["Orderplaced", "OrderCanceled"],
                            "says": [event + "Issued", event + "Revoked"], "settings": [],
                            "collections": [{"path": "/%ss" % word, "entity": word, "readOnly": False, "listed": True,
                                             "searches": ["findByOrderId"]}]})

    def generate(self):
        status, said = run(self.top, "scripts/generate.py", "--bin", self.programs)
        assert status == 0, said

    def draw(self, *names):
        """(status, what it said)"""
        return run(self.top, "scripts/pictures.py", "--bin", self.programs, *names)

    @contextlib.contextmanager
    def changed(self, file, old, new):
        path = self.top / file
        text = path.read_text(encoding="utf-8")
        assert old in text, "%s has no %r" % (file, old)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        yield
        path.write_text(text, encoding="utf-8")


# ---- stories

def what_is_drawn_anew_is_what_is_there():
    status, said = run(TOP, "scripts/pictures.py", "--check")
    assert status == 0, said


def each_picture_is_whole_and_readable():
    found = faults_of(TOP, here())
    assert not found, "\n".join(found[:20])


def a_service_more_is_in_each_picture():
    with Copy() as copy:
        for words in (("coupon",), MORE):
            for word in words:
                copy.grow(word)
            copy.generate()
            status, said = copy.draw(*PICTURES)
            assert status == 0 and said.count("wrote") == len(PICTURES) * len(LANGUAGES), said
            built.cache_clear()                                 # the same folder has other manifests now
            found = faults_of(copy.top, copy.described)
            assert not found, "with %s: %s" % (", ".join(copy.described), "\n".join(found[:20]))
        status, said = copy.draw("features")
        assert status == 1 and "docs/features.tsv: no row of coupon has POST /coupons" in said, said
        assert "no row of coupon has the event CouponIssued" in said, said


def described_by(name, code, port):
    """What a service of a page would say of itself."""
    tables = re.findall(r"^const struct reaction \w+\[\] = \{\n(.*?)^\};", code, re.M | re.S)
    hears = [event for table in tables for event in re.findall(r'\{"(\w+)",', table)]
    collections = [{"path": "/" + path, "entity": item, "readOnly": False, "listed": True, "searches": []}
                   for item, path in re.findall(r'\.item = "(\w+)",\s*\.collection = "(\w+)"', code)]
    says = re.findall(r'struct event_type \w+\s*=\s*(?:\{|SAYS\()"(\w+)"', code)
    return {"name": name, "summary": name, "port": port, "hears": hears, "says": says, "settings": [], "collections": collections}


def services_whose_rows_have_a_life_are_on_the_board():
    """Those of docs/lab/en/own-domain.md: an event may follow from a change of status, over HTTP or by a policy."""
    with Copy() as copy:
        sources = page.files(page.FOOD)
        names = page.names_of(sources)
        page.add_files(copy.top, sources)
        page.add_words(copy.top, names)
        for name in names:
            code = "\n".join(text for path, text in sources.items() if path.startswith(name + "/") and not path.endswith("_test.c"))
            copy.program(name, described_by(name, code, 8081 + len(copy.described)))
        copy.generate()
        status, said = copy.draw("eventstorming", "msa", "hexagon")
        assert status == 0 and said.count("wrote") == 6, said
        found = [fault for picture in ("eventstorming", "msa", "hexagon") for language in LANGUAGES
                 for fault in checks.faults(text_of(picture, language, copy.top), wanted(picture, copy.described, None))]
        assert not found, "\n".join(found[:20])
        assert "status=cooked" in text_of("eventstorming", "en", copy.top).replace("</text>", ""), "no change of status is a command"


def moved(svg, look, by):
    """The first box of that look."""
    return re.sub(r'(<g class="%s"[^>]*>\s*<rect x=")([\d.]+)' % look, lambda m: m[1] + str(float(m[2]) + by), svg, count=1)


def without(svg, mark):
    """The groups and texts with that mark have it no more."""
    return svg.replace(" " + mark, "")


SPOILED = [
    ("eventstorming", lambda svg: svg.replace("</svg>", ""), "it is no XML"),
    ("eventstorming", lambda svg: re.sub(r"<title.*</title>", "", svg), "no role, title or desc"),
    ("msa", lambda svg: svg.replace("(prefers-color-scheme: dark)", "print"), "no colours for the dark"),
    ("eventstorming", lambda svg: moved(svg, "command", -60), "overlap"),
    ("cluster", lambda svg: moved(svg, "aggregate", 30), "overlap"),
    ("msa", lambda svg: moved(svg, "plain", -2000), "leaves the picture"),
    ("cluster", lambda svg: svg.replace(">%sorder<" % PREFIX, ">%sorder-of-a-very-long-name<" % PREFIX, 1), "is larger than its box"),
    ("hexagon", lambda svg: svg.replace("</svg>", '<text class="t head" x="40" y="45">one on another</text></svg>'), "overlap"),
    ("hexagon", lambda svg: svg.replace("</svg>", '<g class="frame"><rect x="20" y="20" width="500" height="90"/></g></svg>'), "is under the box"),
    ("pipeline", lambda svg: svg.replace("</svg>", '<path class="flow" d="M0 200L1300 200"/></svg>'), "a line runs through"),
    ("pipeline", lambda svg: svg.replace("</svg>", '<path class="flow" d="M0 5L900 9"/></svg>'), "neither level nor upright"),
    ("msa", lambda svg: svg.replace(".muted { fill: #585d66 }", ".muted { fill: #8d929b }"), "has a contrast of"),
    ("eventstorming", lambda svg: without(svg, 'data-event="OutOfStock"'), "event OutOfStock (OutOfStock) is not in it"),
    ("eventstorming", lambda svg: without(svg, 'data-policy="product DeliveryStarted"'), "policy product DeliveryStarted () is not in it"),
    ("hexagon", lambda svg: svg.replace("libpq", "libp"), "libpq is not in it"),
    ("msa", lambda svg: svg.replace(">Orderplaced<", ">OrderPlaced<"), "event Orderplaced (Orderplaced) is not in it"),
    ("cluster", lambda svg: without(svg, 'data-object="NetworkPolicy/%sorder"' % PREFIX), "object NetworkPolicy/%sorder" % PREFIX),
    ("cluster", lambda svg: svg.replace(">%spostgres<" % PREFIX, ">my-postgres<"), "object Service/%spostgres" % PREFIX),
    ("pipeline", lambda svg: without(svg, 'data-repository="siege"'), "repository siege"),
]


def each_check_sees_what_is_spoiled():
    for picture, spoil, expected in SPOILED:
        for language in LANGUAGES:
            svg = text_of(picture, language)
            spoiled = spoil(svg)
            assert spoiled != svg, "%s.%s was not spoiled: %s" % (picture, language, expected)
            found = checks.faults(spoiled, wanted(picture, here(), TOP / "deploy/k8s"))
            assert any(expected in fault for fault in found), "%s.%s: %r was not seen, but %s" % (picture, language, expected, found)


TABLE = "docs/features.tsv"
WRONG = [
    ("features", TABLE, "\tthe_lab_over_kafka", "\tthe_lab_over_kafk", "no test is called the_lab_over_kafk"),
    ("features", TABLE, "DELETE /orders/{id}", "-", "no row of order has DELETE /orders/{id}"),
    ("features", TABLE, "DeliveryStarted → OutOfStock", "DeliveryStarted", "no row of product has the event OutOfStock"),
    ("features", TABLE, "Orderplaced → DeliveryStarted", "OrderPlaced → DeliveryStarted", "nobody says the event OrderPlaced"),
    ("features", TABLE, "PUT /orders/{id}", "PUT /order/{id}", "order has no PUT /order/{id}"),
    ("features", TABLE, "/movements/{id}\t-\tmovements_tell_every_change_of_stock", "/movements/{id}\t-\twire",
     "tests/wire has no GET /movements"),
    ("features", TABLE, "ORD-02\t", "ORD-01\t", "the id ORD-01 is that of line"),
    ("features", TABLE, "GW-01\tgateway", "GW-01\tgatway", "there is no daemon gatway"),
    ("features", TABLE, "\tOrderCanceled\t", "\t", "has 6 cells, not 7"),
    ("eventstorming", "order/policy.c", '{"OutOfStock", out', '{"OutOfStocks", out', "order hears"),
    ("eventstorming", "order/order.c", ".says_removed = &order_canceled", "", "order says"),
    ("eventstorming", "product/inventory.c", '.item = "inventory"', '.item = "stock"', "no entity of its C is called inventory"),
    ("hexagon", "order/policy.c", "#include <string.h>", "#include <sqlite3.h>", "the core of a service knows no library"),
    ("hexagon", "common/http/loop.c", "#include", "#include <libpq-fe.h>\n#include", "libpq-fe.h is included in data, http of common/"),
    ("hexagon", "order/policy.c", "#include <string.h>", '#include "http/server.h"', "is no port of the picture"),
    ("msa", "gateway/application.yml", "id: delivery", "id: deliver", "no route for delivery"),
    ("pipeline", "buildspec/order.yml", "pipeline.sh image", "pipeline.sh push", "no step of pipeline.sh"),
    ("pipeline", "buildspec/order.yml", "pipeline.sh image", "pipeline.sh login", "other phases than the others"),
    ("pipeline", "deploy/eks/repositories.yaml", "      - siege\n", "", "repositories"),
    ("cluster", "deploy/k8s/base/gateway.yaml", "type: LoadBalancer", "type: ClusterIP", "no Service of type LoadBalancer"),
]


def a_source_that_cannot_be_drawn_is_named():
    with Copy() as copy:
        for name, file, old, new, expected in WRONG:
            with copy.changed(file, old, new):
                status, said = copy.draw(name)
                assert status == 1 and expected in said and "Traceback" not in said, "%s with %r: %d, %s" % (file, new, status, said[-2000:])
        status, said = copy.draw("eventstormin")
        assert status == 2 and "there is no picture eventstormin" in said, said
        with copy.changed("docs/pictures/msa.ko.svg", "mall", "shop"):
            status, said = copy.draw("--check")
            assert status == 1 and said.split() and "docs/pictures/msa.ko.svg is not what" in said and said.count("\n") == 1, said


PAGE = """<!doctype html><meta charset="utf-8"><body>%s<pre id="out"></pre><script>
const told = [];
for (const family of %s) {
  const style = document.createElement("style");
  if (family) style.textContent = "text:not(.code) { font-family: '" + family + "', 'Noto Sans CJK KR' !important }";
  document.body.append(style);
  told.push([...document.querySelectorAll("text")].map(text => text.getComputedTextLength()));
  style.remove();
}
document.getElementById("out").textContent = JSON.stringify(told);
</script>"""


def in_a_browser_no_text_is_wider_than_it_was_measured():
    chromium = shutil.which("chromium")
    if not chromium:
        raise LeftOut("there is no chromium")
    every = [text_of(picture, language) for picture in PICTURES for language in LANGUAGES]
    texts = [text for svg in every for text, _ in in_order(svg)]
    with tempfile.TemporaryDirectory(prefix="mall-pictures-") as folder:
        (pathlib.Path(folder) / "page.html").write_text(PAGE % ("".join(every), json.dumps(FAMILIES)), encoding="utf-8")
        status, said = run(folder, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=%s/profile" % folder, "--dump-dom",
                           "file://%s/page.html" % folder)
    told = re.search(r'<pre id="out">(\[.*?\])</pre>', said, re.S)
    assert status == 0 and told, said[-2000:]
    for family, widths in zip(FAMILIES, json.loads(told[1])):
        assert len(widths) == len(texts), "%d texts, and the browser has %d" % (len(texts), len(widths))
        wider = ["%r is %.1f wide and was measured %.1f" % (text.name, width, text.width)
                 for text, width in zip(texts, widths) if width > text.width + 0.5]
        assert not wider, "%s: %s" % (family or "the picture's fonts", "; ".join(wider[:10]))
        assert sum(widths) > 0.6 * sum(text.width for text in texts), "the browser measured next to nothing"


def in_order(svg):
    """Its texts as the document has them."""
    return checks.Picture(svg).texts


PAGES = ("README.md", "features.md", "event-storming.md", "hexagon.md", "msa.md", "cluster-and-pipeline.md", "evidence.md")
LINK = re.compile(r"\]\(([^)#\s]+)")


def the_pages_of_both_languages_have_the_same_pictures_and_commands():
    for name in PAGES:
        texts = {language: (TOP / ("docs/lab/%s/deliverables/%s" % (language, name))).read_text(encoding="utf-8") for language in LANGUAGES}
        for language, text in texts.items():
            for link in LINK.findall(text):
                path = TOP / "docs/lab" / language / "deliverables" / link
                assert re.match(r"https?:", link) or path.exists(), "%s of %s leads to %s, which is not there" % (name, language, link)
                assert ".svg" not in link or ".%s.svg" % language in link, "%s of %s shows %s" % (name, language, link)
        korean, english = ([link.replace(".%s.svg" % language, ".svg") for link in LINK.findall(text)] for language, text in texts.items())
        assert korean == english, "%s: the links differ: %s" % (name, sorted(set(korean) ^ set(english)))
        korean, english = (re.findall(r"^```.*?^```$|^#+ ", text, re.M | re.S) for text in texts.values())
        assert korean == english, "%s: headings or commands differ" % name


def each_picture_is_shown_on_a_page():
    shown = "".join((TOP / "docs/lab/ko/deliverables" / name).read_text(encoding="utf-8") for name in PAGES)
    left = [picture for picture in PICTURES if "pictures/%s.ko.svg" % picture not in shown]
    assert not left, "no page shows %s" % ", ".join(left)


STORIES = (what_is_drawn_anew_is_what_is_there, each_picture_is_whole_and_readable, each_check_sees_what_is_spoiled,
           a_source_that_cannot_be_drawn_is_named, a_service_more_is_in_each_picture, services_whose_rows_have_a_life_are_on_the_board,
           in_a_browser_no_text_is_wider_than_it_was_measured,
           the_pages_of_both_languages_have_the_same_pictures_and_commands, each_picture_is_shown_on_a_page)


def main(parts):
    chosen = [story for story in STORIES if not parts or any(part in story.__name__.replace("_", " ") or part in story.__name__ for part in parts)]
    if not chosen:
        print("no story's name contains %s" % " or ".join(parts))
        return 1
    failed = False
    for story in chosen:
        words = story.__name__.replace("_", " ")
        try:
            story()
            print("ok   pictures: " + words, flush=True)
        except LeftOut as why:
            print("left out pictures: %s: %s" % (words, why), flush=True)
        except Exception as trouble:                            # noqa: BLE001 - a story that breaks is one that failed
            failed = True
            if not isinstance(trouble, AssertionError):
                traceback.print_exc()
            print("%s\nFAIL pictures: %s" % (trouble, words), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
