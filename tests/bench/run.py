#!/usr/bin/env python3
"""run - how fast the mall is here, beside its targets.

usage: run.py [--seconds N] [--rounds N] [--bus log|kafka]... [PART]...      PART: http gateway peers chain console idle start stores replicas growth backlog

Everything is measured in one run; compared programs run in turns, round by round, and medians are shown: a machine's
speed changes from minute to minute. Rates are of wrk with one thread and 30 connections on the same machine.
"""
import argparse
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import time

import console
import growth
import proxies
import peers
import scale
from measure import CEILING, ORDER, Row, answers, cpu_seconds, status_kb, wrk
from mall import Mall, ports, until

MUCH = 2000000000
CHAIN_ROUNDS = 3
BUS_SETTINGS = {"log": {}, "kafka": {"topic_partitions": 1}}     # one daemon of each kind: more partitions are only more work
WARM = {"log": 2, "kafka": 30}                                   # seconds; a new broker spends half of its time compiling its own code
PARTS = ("http", "gateway", "peers", "chain", "console", "idle", "start", "stores", "replicas", "growth", "backlog")


def against_the_ceiling(seconds, rounds):
    """The order service alone and a bare libmicrohttpd, in turns."""
    port = ports.reserve()
    ceiling = subprocess.Popen([CEILING, str(port)])
    loads = (("durable POST", 30, 0.40), ("durable POST", 100, 0.50), ("GET", 30, 0.80))
    found = {load: [] for load in loads}
    try:
        until(lambda: answers(port))
        with Mall(only=("order",)) as mall:
            mall.order_one()
            for _ in range(rounds):
                for load in loads:
                    name, connections, _ = load
                    what = ("/orders", seconds, "POST", ORDER) if "POST" in name else ("/orders/1", seconds, "GET")
                    bare = wrk(port, *what, connections=connections)
                    before = cpu_seconds(mall.order.process.pid)
                    ours = wrk(mall.order.port, *what, connections=connections)
                    ours["cpu"] = 1e6 * (cpu_seconds(mall.order.process.pid) - before) / ours["requests"]
                    found[load].append((bare, ours))
    finally:
        ceiling.terminate()
        ceiling.wait()
    for (name, connections, target), pairs in found.items():
        middle = {key: statistics.median(ours[key] for _, ours in pairs) for key in ("rate", "p50_ms", "p99_ms", "cpu")}
        ratio = statistics.median(ours["rate"] / bare["rate"] for bare, ours in pairs)
        yield Row("%s, %d connections, of the ceiling" % (name, connections), ratio, "", target, True)
        yield Row("   a second", middle["rate"], "/s")
        yield Row("   ceiling a second", statistics.median(bare["rate"] for bare, _ in pairs), "/s")
        yield Row("   p50", middle["p50_ms"], " ms")
        yield Row("   p99", middle["p99_ms"], " ms")
        yield Row("   CPU a request", middle["cpu"], " us")


def count_orders(mall):
    return mall.order.get("/orders?size=1").body["page"]["totalElements"]


def place_and_settle(mall, seconds):
    wrk(mall.order.port, "/orders", seconds, "POST", ORDER)
    # counted again each time: orders that wrk gave up at its end are still accepted
    until(lambda: MUCH - mall.stock() == count_orders(mall), 120)


def chain_once(bus, seconds):
    """(orders a second until the stock has settled, {daemon: (KB at rest, KB at most)})"""
    with Mall(bus=bus, **BUS_SETTINGS[bus]) as mall:
        mall.register(stock=MUCH)
        mall.order_one(qty=1)
        until(lambda: mall.stock() == MUCH - 1, 30)
        time.sleep(1)
        rest = {d.name: status_kb(d.process.pid, "VmRSS") for d in mall.daemons.values()}
        place_and_settle(mall, WARM[bus])
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
        yield Row("201 to changed stock, idle, " + bus, idle_ms(bus), " ms", 2 if bus == "log" else None)


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
        "gateway": lambda: proxies.compared(arguments.seconds, arguments.rounds),
        "peers": lambda: peers.compared(arguments.seconds, arguments.rounds),
        "chain": lambda: chain(arguments.seconds, arguments.rounds, buses),
        "console": lambda: console.watched(arguments.seconds, arguments.rounds),
        "idle": lambda: idle(buses),
        "start": lambda: start(arguments.rounds),
        **{name: lambda part=part: part(arguments.seconds, arguments.rounds)
           for name, part in (("stores", scale.stores), ("replicas", scale.replicas), ("growth", growth.growth), ("backlog", scale.backlog))},
    }
    print("%d processors, rounds of %d s, medians of %d" % (os.cpu_count(), arguments.seconds, arguments.rounds))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # and ends what it started
    missed = targets = 0
    for name in arguments.part or PARTS:
        for row in parts[name]():
            print(row.text(), flush=True)
            missed += row.missed
            targets += row.targets
    print("%d of %d targets missed" % (missed, targets) if targets else "no targets here")
    return 0


if __name__ == "__main__":
    sys.exit(main())
