"""scale - what size costs: PostgreSQL compared with SQLite, replicas, many waiting events."""
import os
import pathlib
import re
import statistics
import subprocess
import time

import plot
from measure import HERE, ORDER, Row, cpu_seconds, status_kb, wrk
from mall import SHOP, Mall, Server, tool, until
from replicas_test import Fleet

MUCH = 2000000000
RESULTS = pathlib.Path("build/bench")

# what a POST writes, without a program in between: the same two rows in one transaction
PGBENCH = """
BEGIN;
INSERT INTO "order".orders (id, version, "productId", "productName", qty, "customerId") VALUES (nextval('"order".orders_ids'), 0, '1001', 'TV', 1, '100');
INSERT INTO "order".outbox (part, topic, key, value, headers, at) VALUES (1, NULL, '7', repeat('x', 150)::bytea, repeat('h', 150)::bytea, 1);
COMMIT;
"""


def pgbench(server, seconds, clients=30):
    script = server.directory / "insert.sql"
    script.write_text(PGBENCH)
    programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    text = tool(programs[-1], "-n", "-M", "prepared", "-c", clients, "-j", 1, "-T", seconds, "-f", script,
                "-h", server.directory / "s", "-U", "mall", "postgres")
    return float(re.search(r"tps = ([0-9.]+)", text).group(1))


def stores(seconds, rounds):
    """POST on both stores, and pgbench, in turns; synchronous_commit is on."""
    directory = Mall.new_directory()
    server = Server(directory).start()
    rates, ratios, cpu = {"sqlite": [], "postgresql": [], "pgbench": [], "GET": []}, [], []
    try:
        with Mall(only=("order",)) as small, Mall(only=("order",), db_url=server.url) as large:
            for mall in small, large:
                mall.order_one()
            for _ in range(rounds):
                rates["sqlite"].append(wrk(small.order.port, "/orders", seconds, "POST", ORDER)["rate"])
                before = cpu_seconds(large.order.process.pid)
                result = wrk(large.order.port, "/orders", seconds, "POST", ORDER)
                cpu.append(1e6 * (cpu_seconds(large.order.process.pid) - before) / result["requests"])
                rates["postgresql"].append(result["rate"])
                ratios.append(result["rate"] / rates["sqlite"][-1])
                rates["GET"].append(wrk(large.order.port, "/orders/1", seconds, "GET")["rate"])
                until(lambda: large.order.metric("mall_outbox_pending") == 0, 60)
                rates["pgbench"].append(pgbench(server, seconds))
                tool("psql", "-q", "-h", server.directory / "s", "-U", "mall", "postgres", "-c", 'DELETE FROM "order".outbox WHERE key = \'7\'')
    finally:
        server.stop()
        Mall.remove_directory(directory)
    middle = {name: statistics.median(values) for name, values in rates.items()}
    yield Row("durable POST on PostgreSQL, of that on SQLite", statistics.median(ratios), "", 0.45, True)
    yield Row("   a second", middle["postgresql"], "/s")
    yield Row("   on SQLite a second", middle["sqlite"], "/s")
    yield Row("   pgbench, the same inserts, 30 clients", middle["pgbench"], "/s")
    yield Row("   CPU a request, without the server's", statistics.median(cpu), " us")
    yield Row("GET of an item on PostgreSQL", middle["GET"], "/s")


def chain_of(replicas, seconds):
    """Orders a second through that many replicas of each service until all has settled."""
    with Fleet({name: replicas for name in SHOP}) as fleet:
        for i in range(20):                                     # with one product every replica would wait for its row
            fleet.product.post("/inventories", {"productId": str(1001 + i), "productName": "TV", "stock": MUCH})
        count = lambda: fleet.daemons["order"][0].get("/orders?size=1").body["page"]["totalElements"]
        taken = lambda: 20 * MUCH - sum(i["stock"] for i in fleet.daemons["product"][0].rows("inventories"))

        def place(long):
            # straight to the replicas: a proxy would take a good part of these two processors
            loads = [subprocess.Popen(["wrk", "-t1", "-c%d" % max(4, 30 // replicas), "-d%ds" % long, "-s", HERE / "products.lua",
                                       "http://127.0.0.1:%d/orders" % d.port], stdout=subprocess.DEVNULL) for d in fleet.daemons["order"]]
            for load in loads:
                load.wait()
            placed = time.monotonic()
            until(lambda: taken() == count(), 300)
            return placed

        place(10)                                               # a new broker compiles its own code first
        before, begin = count(), time.monotonic()
        placed = place(seconds)
        orders = count() - before
        return orders / (time.monotonic() - begin), orders / (placed - begin)


def replicas(seconds, rounds):
    whole, posts = {}, {}
    for many in (1, 2, 4):
        found = [chain_of(many, max(seconds, 5)) for _ in range(min(rounds, 2))]
        whole[many] = statistics.median(f[0] for f in found)
        posts[many] = statistics.median(f[1] for f in found)
        yield Row("orders through %d replicas of each, PostgreSQL" % many, whole[many], "/s")
        yield Row("   taken by POST meanwhile", posts[many], "/s")
    RESULTS.mkdir(parents=True, exist_ok=True)
    plot.lines(RESULTS / "replicas.svg", "Orders a second, all on %d processors" % os.cpu_count(), "replicas of each service",
               {"through the whole chain": whole, "taken by POST": posts})


def backlog(seconds, rounds):
    """A million events that wait: a bus that is away, then back."""
    del seconds, rounds
    many = 10 ** 6
    with Mall(only=("order",), bus="kafka://127.0.0.1:1/mall") as mall:
        while mall.order.metric("mall_outbox_pending") < many:
            wrk(mall.order.port, "/orders", 5, "POST", ORDER, connections=100)
        yield Row("memory with %d events waiting" % mall.order.metric("mall_outbox_pending"),
                  status_kb(mall.order.process.pid, "VmHWM") / 1024, " MB", 48)
        yield Row("   POST meanwhile", wrk(mall.order.port, "/orders", 5, "POST", ORDER)["rate"], "/s")
        yield Row("   store on disk", (mall.directory / "order.db").stat().st_size / 1e6, " MB")
        waiting = mall.order.metric("mall_outbox_pending")
        mall.order.stop()
        begin = time.monotonic()
        mall.order.start(bus_url="log:%s/mall.log" % mall.directory)
        yield Row("   start to ready", 1000 * (time.monotonic() - begin), " ms")
        until(lambda: mall.order.metric("mall_outbox_pending") == 0, 300, every=0.1)
        yield Row("   published once the bus is there", waiting / (time.monotonic() - begin), "/s")
        yield Row("   memory after all", status_kb(mall.order.process.pid, "VmHWM") / 1024, " MB", 48)
