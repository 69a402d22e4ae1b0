"""monitor - a Prometheus and an Alertmanager beside daemons on this machine, with the rules of deploy/monitoring.

    with Monitor(folder, {"order": 8081, ...}, prometheus=9190, alertmanager=9193) as monitor:
        monitor.ask("up")                        # series, as Prometheus answers: [{"metric": {...}, "value": [...]}, ...]
        monitor.alerts()                         # those that are pending or firing

Debian's packages prometheus and prometheus-alertmanager have the programs; their services are not needed and not touched. The targets
carry the labels that the component's PodMonitor gives on a cluster, so that the same rules hold. Both end with the thread that starts them.
"""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import lifeline
import services

PROMETHEUS, ALERTMANAGER = 9190, 9193                           # Debian's services have 9090 and 9093
RULES = services.TOP / "deploy/monitoring/rules"
PROGRAMS = ("prometheus", "prometheus-alertmanager")
START_SECONDS = 120                                             # ends only what hangs
ROUTES = {"route": {"receiver": "nobody", "group_by": ["mall", "alertname"], "group_wait": "5s", "group_interval": "10s"},
          "receivers": [{"name": "nobody"}],                    # its page shows them
          "inhibit_rules": [{"source_matchers": ['severity="page"'], "target_matchers": ['severity="ticket"'], "equal": ["mall", "alertname"]}]}


class Missing(Exception):
    """A program is not there, or does not start; the text says why."""


def mall_job(numbers, name="mall", namespace="local"):
    """numbers: the port of each daemon's metrics."""
    labels = {"namespace": namespace, "mall": name}
    return {"job_name": "mall", "metrics_path": "/actuator/prometheus",
            "static_configs": [{"targets": ["localhost:%d" % port], "labels": {**labels, "service": daemon, "pod": daemon}} for daemon, port in numbers.items()]}


class Monitor:
    def __init__(self, folder, numbers, prometheus=PROMETHEUS, alertmanager=ALERTMANAGER, rules=RULES, every="5s", jobs=()):
        """jobs: more scrape_configs of Prometheus."""
        self.folder, self.ports, self.processes = pathlib.Path(folder), (prometheus, alertmanager), []
        self.url, self.alertmanager_url = ("http://localhost:%d" % port for port in self.ports)
        self.settings = {"global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
                         "rule_files": ["%s/*.yml" % rules],
                         "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["localhost:%d" % alertmanager]}]}]},
                         "scrape_configs": [mall_job(numbers), *jobs]}

    def commands(self):
        where = dict(zip(("prometheus", "alertmanager"), ("127.0.0.1:%d" % port for port in self.ports)))
        return (["prometheus", "--config.file=%s" % (self.folder / "prometheus.yml"), "--storage.tsdb.path=%s" % (self.folder / "series"),
                 "--storage.tsdb.retention.time=7d", "--web.listen-address=" + where["prometheus"], "--web.external-url=" + self.url],
                ["prometheus-alertmanager", "--config.file=%s" % (self.folder / "alertmanager.yml"), "--storage.path=%s" % (self.folder / "alertmanager"),
                 "--web.listen-address=" + where["alertmanager"], "--web.external-url=" + self.alertmanager_url, "--cluster.listen-address="])

    def start(self):
        missing = [name for name in PROGRAMS if not shutil.which(name)]
        if missing:
            raise Missing("there is no %s: `scripts/deps monitor` installs it" % " and no ".join(missing))
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, settings in (("prometheus", self.settings), ("alertmanager", ROUTES)): # JSON is YAML
            (self.folder / (name + ".yml")).write_text(json.dumps(settings, indent=1))
        for command in self.commands():
            with open(self.folder / (command[0] + ".log"), "ab") as log:
                # a session of its own: Ctrl-C reaches only who started it
                self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                                       preexec_fn=lifeline.to(os.getpid())))
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        for process, url, name in zip(self.processes, (self.url, self.alertmanager_url), PROGRAMS):
            while not self.is_ready(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    log = (self.folder / (name + ".log")).read_text(errors="replace").strip().split("\n")
                    raise Missing("%s did not start: %s" % (name, log[-1]))
                time.sleep(0.05)

    @staticmethod
    def is_ready(url):
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url + "/-/ready", timeout=5) as answer:
            return answer.status == 200
        return False

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def get(self, path, **query):
        with urllib.request.urlopen(self.url + path + ("?" + urllib.parse.urlencode(query) if query else ""), timeout=60) as answer:
            return json.load(answer)["data"]

    def ask(self, expression):
        return self.get("/api/v1/query", query=expression)["result"]

    def alerts(self):
        return self.get("/api/v1/alerts")["alerts"]
