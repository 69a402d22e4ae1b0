"""asking - a cluster, asked by kubectl. What was typed and what it printed are kept together, as they stand in the report.

Nothing here changes anything on the cluster. A command that hangs is ended.
"""
import contextlib
import dataclasses
import http.client
import json
import os
import re
import shlex
import signal
import subprocess
import threading
import urllib.parse
import urllib.request

import load
import masks

SECONDS = 60                                                    # for a command; kafka-consumer-groups takes some seconds
KAFKA = "/opt/kafka/bin/"
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({})) # this machine is asked, whatever proxy a company has
NOT_THERE = re.compile(r"\(NotFound\)|doesn't have a resource type|no matches for kind|the server could not find the requested resource")


class Unreachable(Exception):
    """There is no kubectl, or no cluster that answers it."""


class CannotSay(Exception):
    """A command failed, so nothing is known: why."""


@dataclasses.dataclass(frozen=True)
class Said:
    line: str                                                   # as one would type it
    text: str                                                   # both streams
    status: int
    out: str = ""                                               # the first of them: what may be read, without warnings


class Cluster:
    """The mall PREFIX of a namespace. with_account: the AWS account's number is left in what is shown."""

    def __init__(self, prefix, namespace, kubectl="kubectl", with_account=False):
        self.prefix, self.namespace, self.program, self.with_account = prefix, namespace, kubectl, with_account
        self.kept = {}

    @property
    def instance(self):
        """The label that tells this mall's objects from another's."""
        return "app.kubernetes.io/instance=%s-mall" % self.prefix

    def ask(self, *words, anew=False):
        """kubectl with these words; each command is run once, unless its answer is wanted anew."""
        if anew or words not in self.kept:
            out, warned, status = run([self.program, *words])
            self.kept[words] = Said("kubectl " + shlex.join(words), (warned + out if not status else out + warned).decode(errors="replace"), status,
                                    out.decode(errors="replace"))
        return self.kept[words]

    def of_mall(self, *words, **more):
        """In the mall's namespace."""
        return self.ask("-n", self.namespace, *words, **more)

    def objects(self, *words):
        """`kubectl get` as JSON: a list, or one object; None where it, its kind or its namespace is not there."""
        said = self.ask("get", *words, "-o", "json")
        if said.status and NOT_THERE.search(last_line(said.text)):
            return None
        if said.status:
            raise CannotSay(last_line(said.text))
        found = of_json(said.out)
        return found.get("items", found)

    def in_siege(self, *words, container="siege", **more):
        """In the pod to type commands in."""
        return self.of_mall("exec", "siege", "-c", container, "--", *words, **more)

    def service(self, name, path, port=8080, **more):
        """What a service of the mall answers, asked from the pod siege."""
        return self.in_siege("curl", "-sS", "-m", "20", "http://%s-%s:%d%s" % (self.prefix, name, port, path), **more)

    def siege_log(self):
        return self.in_siege("cat", load.LOG)

    def kafka(self, tool, *words):
        return self.ask("-n", "kafka", "exec", "my-kafka-0", "--", KAFKA + tool, "--bootstrap-server", "localhost:9092", *words)

    @contextlib.contextmanager
    def forward(self, namespace, target, port):
        """An address of this machine that leads to a pod of the cluster, as `kubectl port-forward` has it."""
        process = subprocess.Popen([self.program, "-n", namespace, "port-forward", target, ":%d" % port],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        late = threading.Timer(SECONDS, end, [process])
        late.start()
        try:
            said = ""
            for line in process.stdout:
                said += line.decode(errors="replace")
                begun = re.search(r"^Forwarding from 127\.0\.0\.1:(\d+)", said, re.M)
                if begun:
                    break
            else:
                raise CannotSay(last_line(said))
            late.cancel()
            yield "http://127.0.0.1:" + begun[1]
        finally:
            late.cancel()
            end(process)
            process.stdout.close()

    def web(self, namespace, target, port, path, **query):
        """An answer of a page that the cluster shows by port-forward alone."""
        asked = path + ("?" + urllib.parse.urlencode(query) if query else "")
        words = ("web", namespace, target, port, asked)
        if words not in self.kept:
            try:
                with self.forward(namespace, target, port) as address, DIRECTLY.open(address + asked, timeout=SECONDS) as answer:
                    text, status = answer.read().decode(errors="replace"), 0
            except (OSError, http.client.HTTPException) as why:
                text, status = str(why), 1
            shown = " ".join("--data-urlencode " + shlex.quote("%s=%s" % pair) for pair in query.items())
            self.kept[words] = Said("kubectl -n %s port-forward %s %d & curl %shttp://localhost:%d%s%s" % (
                namespace, target, port, "-G " if query else "", port, path, " " + shown if shown else ""), text, status, text if not status else "")
        return self.kept[words]

    def shown(self, said):
        """As it may be handed in."""
        return Said(masks.mask(said.line, self.with_account), masks.mask(said.text, self.with_account), said.status)


def end(process):
    """With all that it has started: a plug-in of kubectl for AWS, a browser's helpers."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(words, seconds=SECONDS):
    """Both outputs as bytes, and the status."""
    try:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    except OSError as why:
        raise Unreachable("%s cannot be started: %s" % (words[0], why.strerror)) from None
    try:
        out, warned = process.communicate(timeout=seconds)
        return out, warned, process.returncode
    except subprocess.TimeoutExpired:
        end(process)
        out, warned = process.communicate()
        return out, warned + b"\nended after %d s\n" % seconds, 124
    except BaseException:                                       # Ctrl-C: it is in a group of its own
        end(process)
        raise


def last_line(text):
    """The one that says why."""
    lines = [line for line in text.strip().splitlines() if line.strip() and not line.startswith("command terminated with exit code")]
    return lines[-1][:300] if lines else "it said nothing"


def of_json(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise CannotSay("no JSON: " + last_line(text)) from None
