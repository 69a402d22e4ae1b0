"""growth - how the cost of a request grows with the rows, and that of an event with the events before it. SQLite.

10^4, 10^6 and 10^8 rows are written by SQL, as the services would have written them: over HTTP, 10^8 orders would take
hours. Stores of orders are kept in ~/.cache/mall/growth, for one schema. A daemon runs on the kept file itself; what it
added is deleted before the next one starts. An inbox is filled anew each time, in seconds.
"""
import hashlib
import random
import shutil
import sqlite3
import statistics
import tempfile
import time

import plot
from measure import ORDER, Left, Row, status_kb, thread_seconds, wrk
from mall import TOP, Mall, equal, until
import parts                                                    # (lies in scripts/, which mall knows)

SIZES = (10 ** 4, 10 ** 6, 10 ** 8)
KEPT = parts.CACHE / "growth"
RESULTS = TOP / "build/bench"
CONNECTIONS = 30
BLOCK = 4096                                                    # ids that `blocks` counts together (TABLE_BLOCK)
IDENTITIES, NUMBER_BITS = 1000, 43                              # of a row of inbox_blocks (inbox_blocks.c)
BYTES_AN_ORDER, BYTES_AN_EVENT = 42, 4.3                        # on disk, a little more than measured
SPARE = 2 * 10 ** 9                                             # bytes that the disk keeps
ROUNDS_MOST = 3
# Orders whose delivery has started. What depends on the id shows that an answer is that order's.
ORDERS = ("INSERT INTO orders (id, version, productId, productName, qty, customerId, status)"
          " SELECT id, 1, '1001', 'TV', id % 10, CAST(100 + id % 900 AS TEXT), 'DeliveryStarted' FROM"
          " (SELECT ?1 + a.n * 1000 + b.n + 1 AS id FROM thousand a CROSS JOIN thousand b) WHERE id <= ?2")
COLUMNS = ["id", "version", "productId", "productName", "qty", "customerId", "status"]
NAMES = {"deep page": "a deep page", "POST": "POST an order", "item": "GET an order", "event": "apply an event"}


def power(many):
    return "10^%d" % (len(str(many)) - 1)


def closed(path):
    """Everything is in the file itself, and nothing beside it."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode=DELETE")
    db.close()


def quick(path):
    """A connection for much at once. Nothing of it survives a crash."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "cache_size=-65536"):
        db.execute("PRAGMA " + pragma)
    db.execute("CREATE TEMP TABLE thousand (n INTEGER PRIMARY KEY)")
    db.executemany("INSERT INTO thousand VALUES (?)", ((n,) for n in range(1000)))
    return db


def size_of(path):
    """MB in use; what was deleted leaves its pages in the file."""
    db = sqlite3.connect(path)
    pages, free, bytes_each = (db.execute("PRAGMA " + name).fetchone()[0] for name in ("page_count", "freelist_count", "page_size"))
    db.close()
    return (pages - free) * bytes_each / 1e6


def room(folder, wanted):
    """None, or why it is too little."""
    free = shutil.disk_usage(folder).free
    return None if free >= wanted + SPARE else "%s has %.1f GB free, and %.1f are needed" % (folder, free / 1e9, (wanted + SPARE) / 1e9)


# ---- orders

def cut(db, table, many):
    """Takes back what came after the first `many` rows, which have the ids 1 to many."""
    db.execute("DELETE FROM %s WHERE id > ?" % table, (many,))
    db.execute("DELETE FROM blocks WHERE name = ? AND block >= ?", (table, many // BLOCK))
    db.execute("INSERT INTO blocks (name, block, slot, rows) SELECT ?1, id / ?3, 0, count(*) FROM %s WHERE id >= ?2 * ?3 GROUP BY id / ?3" % table,
               (table, many // BLOCK, BLOCK))
    db.execute("UPDATE sequences SET last = ?2, rows = ?2 WHERE name = ?1", (table, many))


def as_filled(path, many):
    with sqlite3.connect(path) as db:
        cut(db, "orders", many)
        db.execute("DELETE FROM outbox")
        db.execute("UPDATE sequences SET last = ?, rows = 0 WHERE name = 'outbox'", (many,))
    db.close()


def fill_orders(path, many):
    db = quick(path)
    equal([row[1] for row in db.execute("PRAGMA table_info(orders)")], COLUMNS, "a row of orders")
    db.execute("BEGIN")
    db.execute("DELETE FROM orders")
    db.execute("DELETE FROM blocks")
    for after in range(0, many, 10 ** 6):
        db.execute(ORDERS, (after, many))
    db.execute("INSERT INTO blocks (name, block, slot, rows) SELECT 'orders', id / ?1, 0, count(*) FROM orders GROUP BY id / ?1", (BLOCK,))
    db.execute("UPDATE sequences SET last = ?1, rows = CASE name WHEN 'orders' THEN ?1 ELSE 0 END", (many,))
    db.execute("COMMIT")
    equal(db.execute("SELECT sum(rows) FROM blocks").fetchone(), (many,), "the number of rows")
    db.close()


def schema_of(path):
    db = sqlite3.connect(path)
    text = repr(db.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()) + ORDERS
    db.close()
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def fresh_store(directory):
    """A store with one order, as the program itself makes it."""
    with Mall(only=("order",)) as mall:
        mall.order_one()
        until(lambda: mall.order.metric("mall_outbox_pending") == 0)
        mall.order.stop()
        closed(mall.directory / "order.db")
        return shutil.copy(mall.directory / "order.db", directory / "fresh.db")


def kept_orders(many):
    """The kept store of so many orders, which is made where there is none; or why there is none."""
    KEPT.mkdir(parents=True, exist_ok=True)
    fresh = fresh_store(KEPT)
    folder = KEPT / schema_of(fresh)
    for other in KEPT.iterdir():
        if other.is_dir() and other != folder:
            shutil.rmtree(other)                                # of another schema
    folder.mkdir(exist_ok=True)
    path, part = folder / ("%d.db" % many), folder / ("%d.part" % many)
    if path.exists():
        return path, None
    part.unlink(missing_ok=True)
    lacking = room(KEPT, many * BYTES_AN_ORDER)
    if lacking:
        return None, lacking
    shutil.copy(fresh, part)
    fill_orders(part, many)
    return part.rename(path), None


def into_memory(path):
    """Reads the file once, so that no request waits for the disk, where memory is large enough."""
    with open(path, "rb") as file:
        while file.read(1 << 20):
            pass


def cost(daemon, load):
    """What load() returned, and the CPU that the daemon took meanwhile, in us. The thread that counts rows for the metrics
    begins anew after each start, and does not count here: it takes a twentieth of a processor, however many requests there are."""
    before = thread_seconds(daemon.process.pid, without="figures")
    result = load()
    return result, 1e6 * (thread_seconds(daemon.process.pid, without="figures") - before)


def count_of(daemon, collection):
    return daemon.get("/%s?size=1" % collection).body["page"]["totalElements"]


def look_at_some(daemon, many):
    """Random orders and a page deep among them are those that were asked for."""
    for _ in range(20):
        wanted = random.randint(1, many)
        found = daemon.get("/orders/%d" % wanted).body
        assert found["_links"]["self"]["href"].endswith("/orders/%d" % wanted), found
        equal((found["qty"], found["customerId"]), (wanted % 10, str(100 + wanted % 900)), "order %d" % wanted)
    body = daemon.get(deep(many)).body
    equal(body["page"]["totalElements"], many, "totalElements")
    first = body["_embedded"]["orders"][0]["_links"]["self"]["href"]
    assert first.endswith("/orders/%d" % (many // 20 * 9 // 10 * 20 + 1)), first


def rows_after(path, many):
    db = sqlite3.connect(path)
    ((rows,),) = db.execute("SELECT count(*) FROM orders WHERE id > ?", (many,)).fetchall()
    db.close()
    return rows


def deep(many):
    return "/orders?page=%d&size=20" % (many // 20 * 9 // 10)


def started(daemon):
    """ms from the start to ready"""
    begin = time.perf_counter()
    daemon.start(wait=False)
    until(daemon.is_ready, 60, every=0.001)
    return 1000 * (time.perf_counter() - begin)


def post(mall, seconds):
    """Orders for so long, until their events are published."""
    result = wrk(mall.order.port, "/orders", seconds, "POST", ORDER, connections=CONNECTIONS)
    until(lambda: mall.order.metric("mall_outbox_pending") == 0, 60)
    return result


def a_round(mall, path, many, seconds, found):
    def note(what, value):
        found.setdefault(what, []).append(value)
    as_filled(path, many)
    note("start", started(mall.order))
    look_at_some(mall.order, many)
    for what, where in (("item", "/orders/"), ("deep page", deep(many))):
        result, us = cost(mall.order, lambda where=where, what=what: wrk(
            mall.order.port, where, seconds, "GET", *(["", many] if what == "item" else []), connections=CONNECTIONS))
        note(what, us / result["requests"])
        note(what + " rate", result["rate"])
    result, us = cost(mall.order, lambda: post(mall, seconds))
    posted = count_of(mall.order, "orders") - many
    assert result["requests"] <= posted <= result["requests"] + CONNECTIONS, (result, posted)     # wrk gives up some at its end
    equal(rows_after(path, many), posted, "rows beyond those that were filled")
    note("POST", us / posted)
    note("POST rate", result["rate"])
    note("memory", status_kb(mall.order.process.pid, "VmHWM") / 1024)


def orders(many, seconds, rounds, costs):
    path, lacking = kept_orders(many)
    if lacking:
        yield Left("%s orders" % power(many), lacking)
        return
    found, size = {}, size_of(path)
    into_memory(path)
    with Mall(only=("order",), db_url="sqlite:%s" % path) as mall:
        for _ in range(min(rounds, ROUNDS_MOST)):
            mall.order.stop()
            a_round(mall, path, many, seconds, found)
        mall.order.stop()
        as_filled(path, many)
        mall.order.start()
        begin = time.perf_counter()
        status = mall.order.ask("GET", "/orders?sort=customerId,desc&page=3", timeout=300).status
        sorted_ms = 1000 * (time.perf_counter() - begin)
    as_filled(path, many)
    closed(path)
    middle = {what: statistics.median(values) for what, values in found.items()}
    for what, name in (("POST", "%s orders: durable POST" % power(many)), ("item", "   GET of a random one"),
                       ("deep page", "   GET of a page at 90 %")):
        costs.setdefault(what, {})[many] = middle[what]
        yield Row(name + ", CPU a request", middle[what], " us")
        yield Row("   a second", middle[what + " rate"], "/s")
    yield Row("   a page by another sort (%d)" % status, sorted_ms, " ms")
    yield Row("   start to ready", middle["start"], " ms")
    yield Row("   memory at most", max(found["memory"]), " MB")
    yield Row("   file", size, " MB")


# ---- the inbox

def number_events_after(mall, last):
    """The next event of order gets the number last + 1."""
    mall.order.stop()
    with sqlite3.connect(mall.directory / "order.db") as db:
        db.execute("UPDATE sequences SET last = ? WHERE name = 'outbox'", (last,))
    db.close()
    mall.order.start()


def fill_inbox(path, many):
    """delivery has seen the events 1 to many of its order. What it saw itself stays."""
    db = quick(path)
    db.execute("BEGIN")
    ((source,),) = db.execute("SELECT number FROM sources").fetchall()
    own = db.execute("SELECT id, contents FROM inbox_blocks").fetchall()
    now, week = int(time.time()) * 1000, 7 * 24 * 3600 * 1000    # within the retention of 8 days
    db.execute("DELETE FROM inbox_blocks")
    blocks = many // IDENTITIES
    for after in range(0, blocks + 1, 10 ** 6):
        db.execute("INSERT INTO inbox_blocks (id, at, contents)"
                   " SELECT ?1 << %d | block, (?2 - ?3 + ?3 * block / ?4) / 60000 * 60000, CAST(randomblob(CASE block WHEN ?4 THEN 4 ELSE 4000 END)"
                   " || zeroblob(CASE block WHEN ?4 THEN 3996 ELSE 0 END) AS BLOB)"
                   " FROM (SELECT ?5 + a.n * 1000 + b.n AS block FROM thousand a CROSS JOIN thousand b) WHERE block <= ?4" % NUMBER_BITS,
                   (source, now, week, blocks, after))
    for block, seen in own:
        ((filled,),) = db.execute("SELECT contents FROM inbox_blocks WHERE id = ?", (block,)).fetchall()
        both = b"".join(seen[i:i + 4] if any(seen[i:i + 4]) else filled[i:i + 4] for i in range(0, 4 * IDENTITIES, 4))
        db.execute("UPDATE inbox_blocks SET contents = ? WHERE id = ?", (both, block))
    for table in "deliveries", "dispatches":                    # so that only the inbox knows what was applied
        cut(db, table, 0)
    db.execute("COMMIT")
    db.close()


def last_block(path):
    db = sqlite3.connect(path)
    ((row,),) = db.execute("SELECT max(id) FROM inbox_blocks").fetchall()
    db.close()
    return row % (1 << NUMBER_BITS)


def all_again(mall):
    """delivery, which does not run, is going to hear everything from the log's beginning."""
    with sqlite3.connect(mall.directory / "mall.log") as db:
        assert db.execute("UPDATE groups SET position = 0 WHERE name = 'delivery'").rowcount == 1
    db.close()


def duplicates(mall):
    return mall.delivery.metric("mall_events_duplicate_total") or 0


def cpu_of_start(mall):
    """ms from its start to ready, and the CPU that delivery takes to start when nothing waits for it, in us"""
    ms = started(mall.delivery)
    time.sleep(0.5)
    return ms, 1e6 * thread_seconds(mall.delivery.process.pid)


def a_backlog(mall, seconds):
    """(events that waited for delivery, its CPU from its start until all were applied and what it says is published, in us)"""
    before = count_of(mall.delivery, "deliveries")
    mall.delivery.stop()
    mall.order.start()
    had = count_of(mall.order, "orders")
    post(mall, seconds)
    waiting = count_of(mall.order, "orders") - had
    mall.order.stop()
    mall.delivery.start()
    until(lambda: count_of(mall.delivery, "deliveries") == before + waiting, 120, every=0.05)
    until(lambda: mall.delivery.metric("mall_outbox_pending") == 0, 60)
    return waiting, 1e6 * thread_seconds(mall.delivery.process.pid)


def inbox(many, seconds, rounds, costs):
    lacking = room(tempfile.gettempdir(), many * BYTES_AN_EVENT)
    if lacking:
        yield Left("%s events" % power(many), lacking)
        return
    with Mall(only=("order", "delivery")) as mall:
        early = (1, many // 2, many)                            # numbers of events that come again later
        for orders_before, number in enumerate(early):
            mall.order_one()
            until(lambda seen=orders_before + 1: count_of(mall.delivery, "deliveries") == seen)
            if number != many:
                number_events_after(mall, early[orders_before + 1] - 1)
        until(lambda: mall.delivery.metric("mall_outbox_pending") == 0)
        mall.order.stop()
        mall.delivery.stop()
        all_again(mall)
        fill_inbox(mall.directory / "delivery.db", many)
        size = size_of(mall.directory / "delivery.db")
        mall.delivery.start()
        until(lambda: duplicates(mall) == len(early))
        equal(count_of(mall.delivery, "deliveries"), 0, "deliveries of events that were applied before")
        mall.delivery.stop()
        start_ms, start_us = cpu_of_start(mall)
        found = [a_backlog(mall, max(1, seconds // 2)) for _ in range(min(rounds, ROUNDS_MOST))]
        applied = sum(waiting for waiting, _ in found)
        memory = status_kb(mall.delivery.process.pid, "VmHWM") / 1024

        mall.delivery.stop()
        all_again(mall)
        mall.delivery.start()
        until(lambda: duplicates(mall) == len(early) + applied, 120, every=0.05)
        again = (1e6 * thread_seconds(mall.delivery.process.pid) - start_us) / (len(early) + applied)
        equal(count_of(mall.delivery, "deliveries"), applied, "deliveries after all events came again")
        mall.delivery.stop()
        equal(last_block(mall.directory / "delivery.db"), (many + applied) // IDENTITIES, "the last block")
    costs.setdefault("event", {})[many] = statistics.median((us - start_us) / waiting for waiting, us in found)
    yield Row("%s events seen: one more, CPU an event" % power(many), costs["event"][many], " us")
    yield Row("   one that comes again, CPU an event", again, " us")
    yield Row("   start to ready", start_ms, " ms")
    yield Row("   memory at most", memory, " MB")
    yield Row("   file", size, " MB")


def growth(seconds, rounds):
    """10^4, 10^6 and 10^8 orders, and as many events that the inbox has seen."""
    costs = {}
    for part in orders, inbox:
        for many in SIZES:
            yield from part(many, seconds, rounds, costs)
    RESULTS.mkdir(parents=True, exist_ok=True)
    plot.lines(RESULTS / "growth.svg", "CPU of a request or an event, us", "orders in the store; events seen before",
               {NAMES[what]: points for what, points in costs.items()}, logarithmic="xy")
