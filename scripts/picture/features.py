"""features - the feature list (기능 목록서), from docs/features.tsv: which API and which event a function has, and the test that proves it.

The table must have each API and event of each daemon, and none that is not there; a test that it names must exist.
"""
import json
import re

from .sources import TOP, Wrong, console_paths, services, shop

TABLE = "docs/features.tsv"
COLUMNS = ("id", "daemon", "ko", "en", "api", "event", "test")
NONE = "-"
# APIs that each daemon has, or that lead through one
COMMON = ("GET /actuator/health", "GET /actuator/prometheus", "GET /openapi.json", "GET /actuator/gateway/routes")
# Daemons that need no row of their own here: parts that are no program of the shop
PARTS = ("mall", "mallctl")
TESTS = {"tests/**/*_test.py": re.compile(r"^def test_(\w+)\(", re.M), "*/*_test.c": re.compile(r"^ +STORY\((\w+)\),$", re.M)}
# Instead of a test's name: the row's APIs are among the recorded requests that `make wire` compares
WIRE = "wire"
WORDS = {
    "ko": {"title": "기능 목록서", "heads": ("ID", "서비스", "기능", "API", "이벤트", "검증하는 테스트"),
           "lead": "이 목록은 `make pictures`가 `docs/features.tsv`로 만듭니다. 모든 API와 이벤트가 들어 있고, 기능마다 그것을 검증하는\n"
                   "테스트가 있습니다. 이벤트 열의 `A → B`는 이벤트 A를 구독하고 B를 발행한다는 뜻입니다.",
           "count": "기능 %d개를 테스트 %d개와 기록된 응답으로 검증합니다.", "wire": "기록된 응답과 비교 (`make wire`)"},
    "en": {"title": "Feature list", "heads": ("id", "service", "function", "API", "event", "test that proves it"),
           "lead": "`make pictures` writes this list from `docs/features.tsv`. It has every API and every event, and for each function the\n"
                   "test that proves it. In the column of events, `A → B` says: hears the event A, and says B.",
           "count": "%d functions, proven by %d tests and the recorded answers.", "wire": "compared with recorded answers (`make wire`)"},
}


def tests():
    """{name: the files that have a test of that name}: stories, and unit tests of a daemon"""
    found = {}
    for files, names in TESTS.items():
        for path in sorted(TOP.glob(files)):
            for name in names.findall(path.read_text(encoding="utf-8")):
                found.setdefault(name, []).append(str(path.relative_to(TOP)))
    return found


def recorded(daemon):
    """{"GET /orders/{id}"} of the requests of tests/wire."""
    found = set()
    for path in (TOP / "tests/wire").glob("*%s.jsonl" % daemon):
        for line in path.read_text(encoding="utf-8").splitlines():
            asked = json.loads(line)["request"]
            found.add("%s %s" % (asked["method"], re.sub(r"/\d+(?=/|$)", "/{id}", asked["path"].partition("?")[0])))
    return found


def apis(folder):
    """{daemon: its APIs}"""
    found = {"frontend": ["GET " + path for path in console_paths()], "gateway": []}
    for service in shop(folder):
        found[service.name] = own = []
        for collection in service.collections:
            path = collection["path"]
            own += ["GET " + path, "GET %s/{id}" % path]
            own += [] if collection["readOnly"] else ["POST " + path, *("%s %s/{id}" % (method, path) for method in ("PUT", "PATCH", "DELETE"))]
            own += ["GET %s/search/%s" % (path, search) for search in collection["searches"]]
        plain = [members["plain_post"] for members in service.entities.values() if "plain_post" in members]
        own += ["POST %s/%s" % (service.collections[0]["path"], name) for name in plain]
    return found


def rows():
    """[{column: text}], each with the number of its line."""
    found = []
    for number, line in enumerate((TOP / TABLE).read_text(encoding="utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            cells = line.split("\t")
            if len(cells) != len(COLUMNS) or not all(cell.strip() for cell in cells):
                raise Wrong("%s:%d has %d cells, not %d (%s), or an empty one; - stands for none"
                            % (TABLE, number, len(cells), len(COLUMNS), ", ".join(COLUMNS)))
            found.append({**dict(zip(COLUMNS, cells)), "line": number})
    return found


def listed(cell):
    return [] if cell == NONE else [part.strip() for part in cell.split(";")]


def events_in(cell):
    return [] if cell == NONE else re.findall(r"[A-Za-z]+", cell)


def missing(table, folder):
    """What a daemon has and no row of it, in a sentence each."""
    of = lambda daemon: [row for row in table if row["daemon"] == daemon]
    for daemon, wanted in apis(folder).items():
        there = {api for row in of(daemon) for api in listed(row["api"])}
        yield from ("no row of %s has %s" % (daemon, api) for api in wanted if api not in there)
    for service in shop(folder):
        there = {event for row in of(service.name) for event in events_in(row["event"])}
        events = dict.fromkeys(service.says + service.hears)
        yield from ("no row of %s has the event %s" % (service.name, event) for event in events if event not in there)
    yield from ("%s has no row" % daemon for daemon in services.daemons() if not of(daemon))


def strangers(table, folder):
    """What a row says that is not so."""
    known_tests, known_apis, ids = tests(), apis(folder), {}
    every_api = {api for of in known_apis.values() for api in of} | set(COMMON)
    events = {event for service in shop(folder) for event in service.says}
    for row in table:
        at = "line %d: " % row["line"]
        if ids.setdefault(row["id"], row["line"]) != row["line"]:
            yield at + "the id %s is that of line %d" % (row["id"], ids[row["id"]])
        if row["daemon"] not in (*services.daemons(), *PARTS):
            yield at + "there is no daemon %s" % row["daemon"]
        own = known_apis[row["daemon"]] + list(COMMON) if row["daemon"] in services.names() else every_api
        yield from (at + "%s has no %s" % (row["daemon"], api) for api in listed(row["api"]) if api not in own)
        yield from (at + "nobody says the event %s" % event for event in events_in(row["event"]) if event not in events)
        if WIRE in listed(row["test"]):
            yield from (at + "tests/wire has no %s" % api for api in listed(row["api"]) if api not in recorded(row["daemon"]))
        for test in listed(row["test"]):
            if test == WIRE:
                continue
            where = known_tests.get(test, [])
            if len(where) != 1:
                yield at + ("no test is called %s" % test if not where else "%s is in %s" % (test, " and in ".join(where)))
        if not listed(row["test"]):
            yield at + "no test proves %s" % row["id"]


def cells(row, language, where):
    code = lambda parts: "<br>".join("`%s`" % part for part in parts) or NONE
    wire = "[%s](../../../../tests/wire)" % WORDS[language]["wire"]
    link = lambda test: wire if test == WIRE else "[%s](../../../../%s)" % (test.replace("_", " "), where[test][0])
    event = NONE if row["event"] == NONE else "<br>".join(listed(row["event"]))
    proofs = "<br>".join(link(test) for test in listed(row["test"]))
    return row["id"], row["daemon"], row[language].replace("|", "\\|"), code(listed(row["api"])), event, proofs


def write(folder, language):
    table, where, words = rows(), tests(), WORDS[language]
    faults = ["%s: %s" % (TABLE, fault) for fault in (*missing(table, folder), *strangers(table, folder))]
    if faults:
        raise Wrong("\n  ".join(faults))
    proofs = {test for row in table for test in listed(row["test"])} - {WIRE}
    lines = ["# %s" % words["title"], "", words["lead"], "", words["count"] % (len(table), len(proofs)), "",
             "| %s |" % " | ".join(words["heads"]), "|" + "---|" * len(words["heads"]),
             *("| %s |" % " | ".join(cells(row, language, where)) for row in table), ""]
    return "\n".join(lines)
