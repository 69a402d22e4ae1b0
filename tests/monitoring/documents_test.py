"""Rules that promtool takes, a runbook for each alert and none more, boards that Grafana can import."""
import json
import re

from mall import DAEMONS, equal, services, tool
from described import BOARDS, HOME, RULES, TOP, alerts, panels

RUNBOOKS = HOME / "runbooks"
PARTS_OF_A_RUNBOOK = ("## What one sees", "## Why", "## What to do", "## To practise")


def test_promtool_takes_the_rules():
    said = tool("promtool", "check", "rules", *RULES)
    equal(len(re.findall("SUCCESS", said)), len(RULES), said)


def test_each_alert_has_a_runbook_and_each_runbook_an_alert():
    equal(sorted(path.stem for path in RUNBOOKS.glob("*.md")), sorted(alerts()))


def test_a_runbook_says_what_one_sees_why_what_to_do_and_how_to_practise():
    for path in RUNBOOKS.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# %s\n" % path.stem), path
        equal(tuple(re.findall(r"^## .*", text, re.M)), PARTS_OF_A_RUNBOOK, path)
        doing, practise = re.split("|".join(PARTS_OF_A_RUNBOOK[2:]), text)[1:]
        assert "\n    " in doing, "%s has no command" % path
        assert len(practise.split()) > 4, "%s: nothing to practise" % path


def test_a_fault_that_a_runbook_names_is_one_of_the_daemons():
    kinds = set(re.findall(r"^\| `([a-z-]+)` \|", (TOP / "docs/faults.md").read_text(encoding="utf-8"), re.M))
    assert len(kinds) > 15, kinds
    used = 0
    for path in RUNBOOKS.glob("*.md"):
        for kind, service in re.findall(r"fault add ([a-z-]+) --service ([a-z,]+)", path.read_text(encoding="utf-8")):
            assert kind in kinds and set(service.split(",")) <= set(DAEMONS), "%s: %s %s" % (path, kind, service)
            used += 1
    assert used > 5, used


def test_a_file_that_a_runbook_names_is_there():
    for path in (*RUNBOOKS.glob("*.md"), HOME / "README.md"):
        text = path.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            if "://" not in link:
                assert (path.parent / link).exists(), "%s: %s" % (path, link)
        for game in re.findall(r"deploy/gamedays/[\w-]+\.yml", text):
            assert (TOP / game).exists(), "%s: %s" % (path, game)


def test_each_alert_says_how_bad_it_is_and_leads_to_its_runbook():
    for name, rules in alerts().items():
        assert name.startswith("Mall"), name
        for rule in rules:
            assert re.search(r"severity: (page|ticket)\n", rule), name
            assert re.search(r"runbook_url: \S+/deploy/monitoring/runbooks/%s\.md\n" % name, rule), name
            assert re.search(r"summary: \S", rule) and re.search(r"description: \S", rule), name


def test_boards_are_what_grafana_imports():
    numbers = set()
    for path in BOARDS:
        board = json.loads(path.read_text(encoding="utf-8"))
        names = [v["name"] for v in board["templating"]["list"]]
        assert "datasource" in names, path
        assert board["uid"] not in numbers and board["title"] and board["schemaVersion"] >= 36, path
        numbers.add(board["uid"])
        places = {}
        for panel in panels(board):
            assert panel["type"] in ("row", "timeseries", "stat", "table", "heatmap"), "%s: %s" % (path, panel["type"])
            where = panel["gridPos"]
            assert 0 < where["w"] and where["x"] + where["w"] <= 24 and where["h"] > 0, (path, panel["title"])
            for x in range(where["x"], where["x"] + where["w"]):
                for y in range(where["y"], where["y"] + where["h"]):
                    assert (x, y) not in places, "%s: %s lies on %s" % (path, panel["title"], places[x, y])
                    places[x, y] = panel["title"]
            for target in panel.get("targets", []):
                used = set(re.findall(r"\$\{?(\w+)", target["expr"])) - {"__rate_interval", "__range", "__interval"}
                assert used <= set(names), "%s: %s uses %s" % (path, panel["title"], used - set(names))
        equal(len({p["id"] for p in panels(board)}), len(list(panels(board))), path)


def test_the_boards_and_rules_of_the_component_are_these():
    there = json.dumps(sorted(p.stem for p in BOARDS)), json.dumps(sorted(p.stem for p in RULES))
    component = services.TOP / "deploy/k8s/components/monitoring"
    named = [sorted(re.findall(pattern, (component / file).read_text(encoding="utf-8"), re.M))
             for file, pattern in (("boards.yaml", r"^  name: mall-board-(\S+)"), ("rules.yaml", r"^  name: mall-(\S+)"))]
    equal(tuple(json.dumps(names) for names in named), there)
