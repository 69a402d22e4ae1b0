#!/usr/bin/env python3
"""run - how fast the mall is here, beside its targets.

usage: run.py [--seconds N] [--rounds N] [--bus log|kafka]... [PART]...      PART: http chain idle start

Everything is measured in one run; what is compared runs in turns, round by round, and medians are shown, for a machine's
speed changes from minute to minute. Rates are of wrk with one thread and 30 connections on the same machine.
"""
import argparse
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
from mall import TOP, Client, Mall, ports, tool, until          # noqa: E402

ORDER = '{"productId":"1001","productName":"TV","qty":1,"customerId":"100"}'
MUCH = 2000000000
CHAIN_ROUNDS = 3
PARTS = ("http", "chain", "idle", "start")


class Row:
    """A line of the table: what was measured, its median, what was aimed at and whether it is met."""

    def __init__(self, what, value, unit="", target=None, more=False):
        self.what, self.value, self.unit, self.target, self.more = what, value, unit, target, more

    def text(self):
        digits = 0 if self.value >= 1000 else 1 if self.value >= 10 else 2
        goal = verdict = ""
        if self.target is not None:
            goal = "%s %g%s" % ("at least" if self.more else "at most", self.target, self.unit)
            verdict = "met" if (self.value >= self.target if self.more else self.value <= self.target) else "MISSED"
        return "%-46s %10.*f%-4s %-18s %s" % (self.what, digits, self.value, self.unit, goal, verdict)


def wrk(port, path, seconds, *arguments):
    """One run; any answer but a 2xx and any broken connection ends the benchmark."""
    text = tool("wrk", "-t1", "-c30", "-d%ds" % seconds, "-s", HERE / "load.lua", "http://127.0.0.1:%d%s" % (port, path), "--",
                *arguments)
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


def against_the_ceiling(seconds, rounds):
    """The order service alone and a bare libmicrohttpd, in turns."""
    port = ports.reserve()
    ceiling = subprocess.Popen([TOP / "build/release/tests/bench/ceiling", str(port)])
    ratios, found, cpu = {"POST": [], "GET": []}, {}, {"POST": [], "GET": []}
    try:
        until(lambda: answers(port))
        with Mall(only=("order",)) as mall:
            mall.order_one()
            for _ in range(rounds):
                for method, path, body in (("POST", "/orders", [ORDER]), ("GET", "/orders/1", [])):
                    bare = wrk(port, path, seconds, method, *body)
                    before = cpu_seconds(mall.order.process.pid)
                    ours = wrk(mall.order.port, path, seconds, method, *body)
                    cpu[method].append(1e6 * (cpu_seconds(mall.order.process.pid) - before) / ours["requests"])
                    ratios[method].append(ours["rate"] / bare["rate"])
                    for name, result in (("bare " + method, bare), (method, ours)):
                        found.setdefault(name, []).append(result)
    finally:
        ceiling.terminate()
        ceiling.wait()
    for method, target in (("POST", 0.45), ("GET", 0.75)):
        middle = {key: statistics.median(r[key] for r in found[method]) for key in ("rate", "p50_ms", "p99_ms")}
        yield Row("%s%s, of the ceiling" % ("durable " if method == "POST" else "", method), statistics.median(ratios[method]), "", target, True)
        yield Row("   a second", middle["rate"], "/s")
        yield Row("   ceiling a second", statistics.median(r["rate"] for r in found["bare " + method]), "/s")
        yield Row("   p50", middle["p50_ms"], " ms")
        yield Row("   p99", middle["p99_ms"], " ms")
        yield Row("   CPU a request", statistics.median(cpu[method]), " us")


def answers(port):
    try:
        return Client(port).get("/").status
    except OSError:
        return None


def count_orders(mall):
    return mall.order.get("/orders?size=1").body["page"]["totalElements"]


def place_and_settle(mall, seconds):
    wrk(mall.order.port, "/orders", seconds, "POST", ORDER)
    # counted anew each time: the requests that wrk gave up at its end are still taken
    until(lambda: MUCH - mall.stock() == count_orders(mall), 120)


def chain_once(bus, seconds):
    """(orders a second until the stock has settled, {daemon: (KB at rest, KB at most)})"""
    with Mall(bus=bus) as mall:
        mall.register(stock=MUCH)
        mall.order_one(qty=1)
        until(lambda: mall.stock() == MUCH - 1, 30)
        time.sleep(1)
        rest = {d.name: status_kb(d.process.pid, "VmRSS") for d in mall.daemons.values()}
        place_and_settle(mall, seconds)                         # a young broker compiles itself first
        before, begin = count_orders(mall), time.monotonic()
        place_and_settle(mall, seconds)
        rate = (count_orders(mall) - before) / (time.monotonic() - begin)
        return rate, {d.name: (rest[d.name], status_kb(d.process.pid, "VmHWM")) for d in mall.daemons.values()}


def chain(seconds, rounds, buses):
    rates, memory = {bus: [] for bus in buses}, {}
    for _ in range(min(rounds, CHAIN_ROUNDS)):
        for bus in buses:
            rate, sizes = chain_once(bus, seconds)
            rates[bus].append(rate)
            for name, (rest, most) in sizes.items():
                memory.setdefault((name, bus), []).append((rest, most))
    for bus in buses:
        yield Row("orders until the stock has settled, " + bus, statistics.median(rates[bus]), "/s", 15000, True)
    for (name, bus), sizes in sorted(memory.items()):
        yield Row("memory of %s at rest, %s" % (name, bus), statistics.median(s[0] for s in sizes) / 1024, " MB", 16)
        yield Row("memory of %s at most, %s" % (name, bus), max(s[1] for s in sizes) / 1024, " MB", 48)


def idle_ms(bus, times=50):
    """From the 201 of an order to the changed stock, when nothing else happens."""
    with Mall(bus=bus) as mall:
        mall.register(stock=MUCH)
        mall.order_one(qty=1)
        until(lambda: mall.stock() == MUCH - 1, 30)
        order = http.client.HTTPConnection("127.0.0.1", mall.order.port)
        product = http.client.HTTPConnection("127.0.0.1", mall.product.port)
        found = []
        for number in range(times):
            time.sleep(0.05)
            order.request("POST", "/orders", ORDER, {"Content-Type": "application/json"})
            order.getresponse().read()
            begin = time.perf_counter()
            while time.perf_counter() < begin + 10:
                product.request("GET", "/inventories/1")
                if json.loads(product.getresponse().read())["stock"] == MUCH - 2 - number:
                    break
                time.sleep(0.0002)
            found.append(1000 * (time.perf_counter() - begin))
        return statistics.median(found)


def idle(buses):
    for bus in buses:
        # the promise is about the embedded log; over a broker it is shown beside it
        yield Row("201 to changed stock, idle, " + bus, idle_ms(bus), " ms", 5 if bus == "log" else None)


def start(rounds):
    with Mall() as mall:
        for daemon in mall.daemons.values():
            found = []
            for _ in range(rounds):
                daemon.stop()
                begin = time.perf_counter()
                daemon.start(wait=False)
                until(daemon.is_ready, 20, every=0.001)
                found.append(1000 * (time.perf_counter() - begin))
            yield Row("start to ready, " + daemon.name, statistics.median(found), " ms", 100)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bus", action="append", choices=("log", "kafka"))
    parser.add_argument("part", nargs="*", metavar="PART")
    arguments = parser.parse_args()
    buses = arguments.bus or ["log", "kafka"]
    parts = {
        "http": lambda: against_the_ceiling(arguments.seconds, arguments.rounds),
        "chain": lambda: chain(arguments.seconds, arguments.rounds, buses),
        "idle": lambda: idle(buses),
        "start": lambda: start(arguments.rounds),
    }
    print("%d processors, rounds of %d s, medians of %d" % (os.cpu_count(), arguments.seconds, arguments.rounds))
    missed = 0
    for name in arguments.part or PARTS:
        for row in parts[name]():
            print(row.text(), flush=True)
            missed += row.text().endswith("MISSED")
    print("%d of the targets missed" % missed if missed else "all targets met")
    return 0


if __name__ == "__main__":
    sys.exit(main())
