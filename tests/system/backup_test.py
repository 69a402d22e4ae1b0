"""A store is restored from a backup by docs/backup.md's own commands: no new order is taken for an old one."""
import re
import subprocess

from mall import BIN, SHOP, TOP, Mall, equal, on_postgresql, until, until_equal

PAST = "this store came back from the past"
URL = "postgresql://user@host/database"


def commands(heading, kind):
    """The page's commands below a heading, those for one kind of store."""
    page = (TOP / "docs/backup.md").read_text()
    part = re.search(r"^## %s\n(.*?)^## " % heading, page, re.S | re.M)[1]
    found = [line for block in re.findall(r"```sh\n(.*?)```", part, re.S) for line in block.split("\n") if line]
    other = re.compile("postgresql|psql|order.sql" if kind == "sqlite" else r"order\.db")
    return [line for line in found if not other.search(line)]


def run(lines, mall, url=None):
    data = mall.directory / "data"
    if not data.exists():
        data.symlink_to(".")
    assert lines, "the page has no such commands"
    said = ""
    for line in lines:
        if line.startswith("mallctl log forget") and mall.broker:
            continue
        done = subprocess.run(line.replace("mallctl", str(BIN / "mallctl")).replace(URL, url or URL), shell=True, cwd=mall.directory,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        assert done.returncode == 0, "%s: %s" % (line, done.stdout)
        said += done.stdout
    return said


def delivered(mall):
    return {int(d["orderId"]) for d in mall.delivery.rows("deliveries")}


def has_delivered(mall, orders, seconds=30):
    until(lambda: set(orders) <= delivered(mall), seconds)


def all_have_started(mall):
    until(lambda: all(o["status"] == "DeliveryStarted" for o in mall.order.rows("orders")), 60)


def lose_ten(mall, kind="sqlite", url=None):
    """20 orders, a backup, 10 more, a crash, the restored store; the ids of all and of the lost ones."""
    mall.register(stock=1000)
    old = [mall.order_one(qty=1) for _ in range(20)]
    has_delivered(mall, old)
    all_have_started(mall)                                      # an event that order heard after the backup does not come again
    run(commands("Back up", kind), mall, url)
    lost = [mall.order_one(qty=1) for _ in range(10)]
    has_delivered(mall, lost)
    mall.order.kill()
    return old, lost


def check_new_ones(mall, old, lost):
    fresh = [mall.order_one(qty=1) for _ in range(10)]
    assert not set(fresh) & set(old + lost), "ids given again: %s" % (set(fresh) & set(old + lost))
    has_delivered(mall, fresh)
    until_equal(lambda: mall.stock(), 1000 - 40)
    all_have_started(mall)
    equal(mall.order.delete("/orders/%d" % old[3]).status, 204)   # what was before keeps its identity
    until(lambda: old[3] not in delivered(mall))
    equal(mall.order.delete("/orders/%d" % fresh[3]).status, 204)
    until(lambda: fresh[3] not in delivered(mall))
    for page in ("/orders?size=5&page=5", "/orders?size=5&page=1", "/orders?sort=id,desc"):
        equal(mall.order.get(page).body["page"]["totalElements"], 28, page)
    equal(len(mall.order.rows("orders")), 28)
    until_equal(lambda: mall.order.metric("mall_outbox_pending"), 0)
    equal(mall.delivery.metric("mall_events_clashing_total"), 0)


def test_a_restore_by_the_page_on_sqlite():
    with Mall() as mall:
        old, lost = lose_ten(mall)
        said = run(commands("Restore", "sqlite"), mall)
        assert re.search(r"/order/\S+: ids went up to \d+, they go on above \d{16}\n", said), said
        mall.order.start()
        equal(len(mall.order.rows("orders")), 20)
        check_new_ones(mall, old, lost)
        mall.order.stop()
        mall.order.start()
        equal(len(mall.order.rows("orders")), 28)
        until_equal(lambda: mall.order.metric("mall_outbox_pending"), 0)
        assert PAST not in mall.order.log(), "it was renewed already"


def test_a_restore_by_the_page_on_postgresql():
    with on_postgresql() as (mall, server):
        old, lost = lose_ten(mall, "postgresql", server.url)
        said = run(commands("Restore", "postgresql"), mall, server.url)
        assert re.search(r"/order/\S+: ids went up to \d+, they go on above \d{16}\n", said), said
        mall.order.start()
        check_new_ones(mall, old, lost)


def without_renewal(mall):
    old, lost = lose_ten(mall)
    run([line for line in commands("Restore", "sqlite") if not line.startswith("mallctl")], mall)
    mall.order.start()
    until(lambda: PAST in mall.order.log(), 30)
    check_new_ones(mall, old, lost)


def test_a_service_finds_out_that_it_was_restored():
    with Mall() as mall:
        without_renewal(mall)


def test_a_service_finds_out_on_kafka_too():
    with Mall(bus="kafka") as mall:
        without_renewal(mall)


def test_who_hears_a_new_event_under_an_old_identity_says_so():
    with Mall() as mall:
        old, lost = lose_ten(mall)
        run([line for line in commands("Restore", "sqlite") if not line.startswith("mallctl")], mall)
        mall.delivery.stop()
        mall.product.stop()
        for end in ("", "-wal", "-shm"):                        # nothing is left to find out by
            (mall.directory / ("mall.log" + end)).unlink(missing_ok=True)
        for daemon in mall.services():
            daemon.start()
        again = mall.order_one(qty=1)
        equal(again, lost[0], "the id of an order that is lost")
        until_equal(lambda: mall.delivery.metric("mall_events_clashing_total", event_type="Orderplaced"), 1)
        equal(mall.delivery.metric("mall_events_dead_total", event_type="Orderplaced"), 1)
        assert "two events have one identity" in mall.delivery.log() and "docs/backup.md" in mall.delivery.log()
        equal(len(delivered(mall)), 30)


def test_renewing_is_refused_where_it_would_harm():
    with Mall(only=("order",)) as mall:
        mall.order_one()

        def renew(*arguments):
            done = subprocess.run([BIN / "mallctl", "renew", *arguments], cwd=mall.directory, text=True, timeout=30,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            return done.returncode, done.stdout

        code, said = renew("sqlite:order.db")
        assert code == 1 and "another process uses this store" in said, said
        equal(mall.order.stop(), 0)
        code, said = renew("sqlite:none.db")
        assert code == 1 and "No such file" in said and not (mall.directory / "none.db").exists(), said
        (mall.directory / "other.db").write_bytes(b"")
        code, said = renew("sqlite:other.db")
        assert code == 1, said
        code, said = renew("order.db")
        assert code == 1 and "sqlite:PATH" in said, said
        equal(renew()[0], 2)
        equal(renew("sqlite:order.db", "order", "more")[0], 2)
        equal(renew("sqlite:order.db")[0], 0)
        code, said = renew("sqlite:order.db")                   # again: it jumps once more
        equal(code, 0, said)
        mall.order.start()
        assert mall.order_one() > 10 ** 15


def test_a_restored_product_catches_up_with_what_it_forgot():
    with Mall() as mall:
        mall.register(stock=1000)
        has_delivered(mall, [mall.order_one(qty=1) for _ in range(5)])
        until_equal(lambda: mall.stock(), 995)
        run([line.replace("order", "product") for line in commands("Back up", "sqlite")], mall)
        lost = [mall.order_one(qty=1) for _ in range(5)]
        until_equal(lambda: mall.stock(), 990)
        equal(mall.order.delete("/orders/%d" % lost[2]).status, 204)
        until_equal(lambda: mall.stock(), 991)
        mall.product.kill()
        run([line.replace("order", "product") for line in commands("Restore", "sqlite")], mall)
        mall.product.start()
        until_equal(lambda: mall.stock(), 991)
        said = subprocess.run([BIN / "mallctl", "audit", "--bus=log:mall.log", "--settle=30s",
                               *("--%s=http://localhost:%d" % (name, mall.daemons[name].port) for name in SHOP)],
                              cwd=mall.directory, stdout=subprocess.PIPE, text=True, timeout=60)
        assert said.returncode == 0 and "balanced" in said.stdout, said.stdout
