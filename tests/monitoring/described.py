"""described - what is in deploy/monitoring, as the tests ask for it: rules, alerts, the queries of the boards.

Rules are read by promtool's own reader (through Prometheus' API) where one runs; here by their lines, since the standard library has no
YAML: `expr:` and what is indented below it.
"""
import json
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
HOME = TOP / "deploy/monitoring"
RULES = sorted((HOME / "rules").glob("*.yml"))
BOARDS = sorted((HOME / "boards").glob("*.json"))
# what Grafana puts in the place of its variables
VARIABLES = {"$mall": ".+", "$namespace": "shop|local|kafka", "$topic": ".+", "$service": ".+", "$__rate_interval": "1m", "$__range": "5m", "$__interval": "15s"}


def alerts():
    """{name: the lines of its rules}"""
    found = {}
    for path in RULES:
        for rule in re.split(r"^ {6}- ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            name = re.match(r"alert: (\w+)", rule)
            if name:
                found.setdefault(name[1], []).append(rule)
    return found


def filled(query):
    for variable, value in VARIABLES.items():
        query = query.replace(variable, value)
    assert "$" not in query.replace("{{", ""), "a variable without a value in %s" % query
    return query


def panels(board):
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


def queries():
    """(board: panel, query) of each board."""
    for path in BOARDS:
        for panel in panels(json.loads(path.read_text(encoding="utf-8"))):
            for target in panel.get("targets", []):
                yield "%s: %s" % (path.stem, panel["title"]), filled(target["expr"])
