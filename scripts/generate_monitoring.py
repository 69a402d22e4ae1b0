"""generate_monitoring - rules and dashboards for Prometheus and Grafana, and what of them is applied to a cluster.

deploy/monitoring/slo.py and boards.py are the descriptions; rules/slo.yml and boards/NAME.json come from them. Everything in rules/ and
boards/, those written by hand too, becomes an object of deploy/k8s/components/monitoring. Where the runbooks are read is said once, in
runbooks/address.txt, and written into every alert.
"""
import importlib.util
import json
import re

import services

HOME = services.TOP / "deploy/monitoring"
COMPONENT = "deploy/k8s/components/monitoring"
SOURCE = "# written by `make generate` from %s\n# yamllint disable rule:line-length\n"
RULE = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: mall-{name}
  namespace: monitoring
  labels:
    release: kube-prometheus-stack
    app.kubernetes.io/part-of: mall-monitoring
spec:
"""
BOARD = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: mall-board-{name}
  namespace: monitoring
  labels:
    grafana_dashboard: "1"
    app.kubernetes.io/part-of: mall-monitoring
data:
  mall-{name}.json: |
"""


def module(name):
    spec = importlib.util.spec_from_file_location("monitoring_" + name, HOME / (name + ".py"))
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def there(folder, suffix):
    return {path.stem: path.read_text(encoding="utf-8") for path in (HOME / folder).glob("*" + suffix)}


def indented(text, by):
    return "".join(" " * by + line if line.strip() else line for line in text.splitlines(True))


def rule_objects(rules):
    """A rules file is the spec of its object as it is."""
    return "---\n".join(SOURCE % "deploy/monitoring/rules/%s.yml" % name + RULE.format(name=name) + indented(text, 2) for name, text in sorted(rules.items()))


def board_objects(boards):
    """The JSON in one line: nobody reads it here."""
    return "---\n".join(SOURCE % "deploy/monitoring/boards/%s.json" % name + BOARD.format(name=name) + "    %s\n"
                        % json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")) for name, text in sorted(boards.items()))


def files(folder):
    pages = (HOME / "runbooks/address.txt").read_text(encoding="utf-8").strip()
    rules = {name: re.sub(r"(runbook_url: )\S+(/\w+\.md\n)", lambda found: found[1] + pages + found[2], text) for name, text in there("rules", ".yml").items()}
    rules["slo"] = module("slo").rules(pages)
    described = module("boards").boards()
    boards = {**there("boards", ".json"), **described}
    return {**{"deploy/monitoring/rules/%s.yml" % name: text for name, text in rules.items()},
            **{"deploy/monitoring/boards/%s.json" % name: text for name, text in described.items()},
            COMPONENT + "/rules.yaml": rule_objects(rules),
            COMPONENT + "/boards.yaml": board_objects(boards)}
