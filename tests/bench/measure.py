"""measure - what the parts of the benchmark have in common: a load, a process's cost, a line of the table."""
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
from mall import TOP, Client, tool                              # noqa: E402 (lies in tests/system/)

ORDER = '{"productId":"1001","productName":"TV","qty":1,"customerId":"100"}'
CEILING = TOP / "build/release/tests/bench/ceiling"


class Row:
    """A line of the table: what was measured, its median, the target and whether it is met."""

    def __init__(self, what, value, unit="", target=None, more=False):
        self.what, self.value, self.unit, self.target, self.more = what, value, unit, target, more

    @property
    def targets(self):
        return self.target is not None

    @property
    def missed(self):
        """Whether the target was missed"""
        return self.target is not None and not (self.value >= self.target if self.more else self.value <= self.target)

    def text(self):
        goal = verdict = ""
        if self.target is not None:
            goal = "%s %g%s" % ("at least" if self.more else "at most", self.target, self.unit)
            verdict = "MISSED" if self.missed else "met"
        return "%-46s %10s%-4s %-18s %s" % (self.what, number(self.value), self.unit, goal, verdict)


class Left:
    """A line of the table: what is not measured here, and why."""
    missed = targets = False

    def __init__(self, what, why):
        self.what, self.why = what, why

    def text(self):
        return "left out %s: %s" % (self.what, self.why)


def number(value):
    return "%.*f" % (0 if value >= 1000 else 1 if value >= 10 else 2, value)


def wrk(port, path, seconds, *arguments, connections=30):
    """One run; any answer but a 2xx and any broken connection ends the benchmark."""
    threads = 2 if connections > 100 else 1
    text = tool("wrk", "-t%d" % threads, "-c%d" % connections, "-d%ds" % seconds, "-s", HERE / "load.lua",
                "http://127.0.0.1:%d%s" % (port, path), "--", *arguments)
    result = json.loads(text.strip().split("\n")[-1])
    assert not any(result[name] for name in ("refused", "connect", "read", "write", "timeout")), result
    result["rate"] = result["requests"] / result["seconds"]
    return result


def status_kb(pid, name):
    for line in open("/proc/%d/status" % pid, encoding="ascii"):
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise KeyError(name)


def cpu_seconds(pid):
    fields = open("/proc/%d/stat" % pid, encoding="ascii").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def thread_seconds(pid, without=""):
    """The same of the threads that run, but for those of a name; finer than by the clock's ticks."""
    found = 0
    for task in pathlib.Path("/proc/%d/task" % pid).iterdir():
        if (task / "comm").read_text(encoding="utf-8").strip() != without:
            found += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return found / 1e9


def answers(port):
    try:
        return Client(port).get("/").status
    except OSError:
        return None
