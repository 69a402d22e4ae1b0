"""store - a real VictoriaLogs, with the arguments of components/logging, asked by LogsQL.

    with Store(directory) as store:
        store.ask('"trace.id":=4bf9... | fields _msg')      # rows as dicts
"""
import contextlib
import json
import pathlib
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from mall import ports, until
from manifests import arguments, replaced
import parts


class Store:
    def __init__(self, directory):
        self.directory, self.port, self.process = pathlib.Path(directory), ports.reserve(), None
        self.url = "http://127.0.0.1:%d" % self.port

    def __enter__(self):
        places = [{"=/data": "=%s" % (self.directory / "victoria-logs")}, {"=:9428": "=127.0.0.1:%d" % self.port}]  # of the first two arguments
        first, second, *others = arguments("victoria-logs.yaml")
        given = [replaced(first, places[0]), replaced(second, places[1]), *others]
        with open(self.directory / "victoria-logs.said", "ab") as said:
            self.process = subprocess.Popen([parts.program("victoria-logs"), *given], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            until(self.answers)
        except BaseException:
            self.__exit__()
            raise
        return self

    def answers(self):
        assert self.process.poll() is None, (self.directory / "victoria-logs.said").read_text()[-2000:]
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url + "/health", timeout=30) as answer:
            return answer.status == 200

    def ask(self, query, limit=0):
        body = urllib.parse.urlencode({"query": query, "limit": limit}).encode()
        try:
            with urllib.request.urlopen(self.url + "/select/logsql/query", body, timeout=60) as answer:
                return [json.loads(line) for line in answer.read().decode().split("\n") if line]
        except urllib.error.HTTPError as why:
            raise AssertionError("%s: %s" % (query, why.read().decode())) from None

    def count(self, query):
        row, = self.ask(query + " | count() n")
        return int(row["n"])

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
