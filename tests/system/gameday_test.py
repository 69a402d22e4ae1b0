"""`mallctl gameday`: each file of deploy/gamedays, shortened, on a mall that stands it; and each kind of check when it does not hold."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile

from fault_command_test import Kubectl
from mall import BIN, SHOP, SLOWER, TOP, Mall, equal, ports, tool, until, until_equal

DAYS = TOP / "deploy/gamedays"
NAMES = ("dead-consumer", "slow-product", "poisoned-topic", "broker-stands-still", "sick-pod", "slow-node")

SHORT = """
name: short
about: a day for tests
see: [nothing]
load: {rate: 10, for: 4s}
faults:
  - {at: 1s, for: 2s, service: %s, kind: %s}
ends: %s
passes:
  - %s
"""

slow = tuple("test_the_mall_stands_" + name.replace("-", "_") for name in NAMES)


def places(mall):
    flags = ["--%s=http://localhost:%d" % (name, mall.daemons[name].port) for name in (*SHOP, "gateway")]
    return [*flags, "--at", ",".join("%s=%s" % (name, mall.admin(name)) for name in mall.daemons)]


def bus_of(mall):
    return "kafka://%s/mall" % mall.broker.address if mall.broker else "log:%s" % (mall.directory / "mall.log")


def command(mall, file, *flags):
    return [BIN / "mallctl", "gameday", file, *places(mall), *flags]


def gameday(mall, file, *flags):
    """The exit code and all that was said."""
    done = subprocess.run(command(mall, file, *flags), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=280 * SLOWER)
    print(done.stdout)
    return done.returncode, done.stdout


def short(mall, check, service="product", kind="consume-pause", ends="60s"):
    """A file of the story's own, with one fault and one check."""
    path = mall.directory / "day.yml"
    path.write_text(SHORT % (service, kind, ends, check))
    return path


def no_fault_is_on(mall):
    for name in SHOP:
        equal(mall.daemons[name].admin.get("/faults").body["faults"], [], "the faults of " + name)


def stands(name, bus="log", shorten="8"):
    with Mall(bus=bus, admin=True) as mall:
        code, said = gameday(mall, DAYS / (name + ".yml"), "--shorten", shorten, "--bus", bus_of(mall))
        assert code == 0 and said.endswith("game day %s: the mall stood it\n" % name), (code, said)
        no_fault_is_on(mall)
        equal("FAILS" in said or "not checked" in said, False, "a verdict beside `holds`")
        equal(len(re.findall(r"^ *\d+s +\S+ is over at ", said, re.M)), len(re.findall(r"^ *\d+s +\S+ is on for ", said, re.M)), "faults that ended")
        equal("warning: " in said, False, "doubts")


def test_the_mall_stands_dead_consumer():
    stands("dead-consumer")


def test_the_mall_stands_slow_product():
    stands("slow-product")


def test_the_mall_stands_poisoned_topic():
    stands("poisoned-topic")


def test_the_mall_stands_broker_stands_still():
    stands("broker-stands-still")


def test_the_mall_stands_sick_pod():
    stands("sick-pod")


def test_the_mall_stands_slow_node():
    stands("slow-node")


def test_on_kafka_the_mall_stands_dead_consumer():
    stands("dead-consumer", "kafka")


def test_on_kafka_the_mall_stands_poisoned_topic():
    stands("poisoned-topic", "kafka")


def test_each_file_is_told_of():
    readme = (DAYS / "README.md").read_text()
    equal(sorted(path.stem for path in DAYS.glob("*.yml")), sorted(NAMES), "the files")
    for name in NAMES:
        assert "(%s.yml)" % name in readme, name


# ---- on a cluster, whose kubectl is a stand-in that really forwards

def pods_of(mall, prefix="user23-", instance="user23-mall"):
    """A pod of each daemon."""
    return [("%s%s-7d9f-x2x" % (prefix, name), prefix + name, "Running", daemon.admin.port,
             {"http": daemon.port, "metrics": daemon.management.port, "instance": instance})
            for name, daemon in mall.daemons.items()]


def on_cluster(mall, file, kubectl, *flags):
    done = subprocess.run([BIN / "mallctl", "gameday", file, "--namespace=shop", "--kubectl", str(kubectl.path), *flags],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=280 * SLOWER)
    print(done.stdout)
    return done.returncode, done.stdout


def test_on_a_cluster_a_namespace_is_enough():
    """Load, faults, metrics of a port of their own and the audit go through kubectl, by pods whose names have a prefix."""
    with Mall(admin=True) as mall:
        kubectl = Kubectl(mall, pods=pods_of(mall))
        day = mall.directory / "day.yml"
        day.write_text(SHORT % ("product", "consume-pause", "60s", "{service: product, metric: mall_faults_injected_total, grew: true}")
                       + "".join("  - %s\n" % check for check in ("{service: gateway, metric: mall_upstream_requests_total, grew: true}",
                                                                  "{service: order, readiness: UP}", "orders: none lost", "audit: balanced")))
        code, said = on_cluster(mall, day, kubectl)
        equal(code, 0, said)
        assert said.endswith("game day short: the mall stood it\n"), said
        forwarded = sorted((words[1], int(words[2][1:])) for _, words in kubectl.calls() if words[0] == "port-forward")
        wanted = [("pod/user23-%s-7d9f-x2x" % name, port) for name, daemon in mall.daemons.items()
                  for port in (9091, daemon.management.port, *([daemon.port] if name in (*SHOP, "gateway") else []))]
        equal(forwarded, sorted(wanted), "what was forwarded")
        until(kubectl.all_have_ended)
        no_fault_is_on(mall)


def test_on_a_cluster_a_place_may_be_named_by_hand_and_a_missing_one_must():
    with Mall(admin=True) as mall:
        kubectl = Kubectl(mall, pods=[pod for pod in pods_of(mall) if pod[1] != "user23-gateway"])
        code, said = on_cluster(mall, short(mall, "audit: balanced"), kubectl)
        equal(code, 2, said)
        assert "no pod found is a gateway with a port called http; say where it is by --gateway" in said, said
        code, said = on_cluster(mall, short(mall, "audit: balanced"), kubectl, "--gateway=http://localhost:%d" % mall.gateway.port)
        equal(code, 0, said)
        until(kubectl.all_have_ended)


def test_a_game_day_keeps_to_one_mall_of_a_namespace():
    with Mall(admin=True) as mall:
        kubectl = Kubectl(mall, pods=[*pods_of(mall), *pods_of(mall, "user24-", "user24-mall")])
        code, said = on_cluster(mall, short(mall, "audit: balanced"), kubectl)
        equal(code, 2, said)
        assert "there are pods of user23-mall and of user24-mall: choose a mall by --selector app.kubernetes.io/instance=user23-mall" in said, said
        equal(mall.order.metric("http_server_requests_seconds_count", uri="/orders", method="POST"), None)
        code, said = on_cluster(mall, short(mall, "orders: none failed"), kubectl, "--selector=app.kubernetes.io/instance=user24-mall")
        equal(code, 0, said)
        chosen = kubectl.calls()[[words[0] for _, words in kubectl.calls()].index("get", 1) + 1:]
        equal({words[1][:11] for _, words in chosen}, {"pod/user24-"}, "the pods that were reached")


def test_a_pod_that_is_ready_serves_before_one_that_is_not():
    with Mall(admin=True) as mall:
        dead = ports.reserve()
        sick = ("user23-gateway-0", "user23-gateway", "Running", mall.gateway.admin.port, {"http": dead, "metrics": mall.gateway.management.port,
                                                                                         "instance": "user23-mall", "ready": "False"})
        kubectl = Kubectl(mall, pods=[sick, *pods_of(mall)])
        code, said = on_cluster(mall, short(mall, "orders: none failed"), kubectl)
        equal(code, 0, said)


# ---- each kind of check, where it does not hold

RED = (
    ("orders: none failed", "order", "http-status, status: 500, path: /orders", r"orders +none failed .* [1-9]\d* failed +FAILS"),
    ("orders: some failed", "product", "consume-pause", r"orders +some failed .* 0 failed +FAILS"),
    ("{service: order, readiness: UP}", "order", "not-ready", r"order readiness .* FAILS"),
    ("{service: order, readiness: DOWN}", "product", "consume-pause", r"order readiness .* FAILS"),
    ("{service: product, metric: mall_events_dead_total, grew: true}", "product", "consume-pause", r"mall_events_dead_total .* FAILS"),
    ("{service: order, metric: mall_events_published_total, grew: false}", "product", "consume-pause", r"did not grow .* FAILS"),
    ("{service: product, metric: kafka_consumer_records_lag, reached: 1000000}", "product", "consume-pause", r"reached 1e\+06 .* FAILS"),
    ("{service: order, metric: mall_events_published_total, ends-at-most: 0}", "product", "consume-pause", r"ends at 0 at most .* FAILS"),
    ("{service: product, metric: mall_outbox_pending, ends-at-least: 9}", "product", "consume-pause", r"ends at 9 at least .* FAILS"),
)


def test_each_check_can_fail():
    """A generator: each kind of check is a case, all on one mall."""
    with Mall(admin=True) as mall:
        for check, service, kind, said in RED:
            yield "a promise that is broken: " + check, trouble_of(mall, check, service, kind, said)


def trouble_of(mall, check, service, kind, want):
    code, said = gameday(mall, short(mall, check, service, kind, ends="2s"))
    if code != 1 or not re.search(want, said) or not said.endswith("game day short: the mall did not stand it\n"):
        return "ended with %d, not 1, or does not say %s: %s" % (code, want, said)
    return None


def test_an_order_that_is_lost_is_found():
    """It is deleted behind the game day's back; the books balance all the same."""
    with Mall(admin=True) as mall:
        day = subprocess.Popen(command(mall, short(mall, "orders: none lost", ends="2s")), stdout=subprocess.PIPE, text=True)
        until(lambda: mall.order.get("/orders/1").status == 200)
        equal(mall.order.delete("/orders/1").status, 204)
        said = day.communicate(timeout=60 * SLOWER)[0]
        equal(day.returncode, 1, said)
        assert re.search(r"orders +none lost +1 of \d+ lost, as order 1 +FAILS", said), said


def test_books_that_do_not_balance_are_found():
    """Somebody changed a stock in product's store, past its books."""
    with Mall(admin=True) as mall:
        mall.register(stock=100)
        equal(mall.product.stop(), 0)
        tool("sqlite3", mall.directory / "product.db", "UPDATE inventories SET stock = 99 WHERE id = 1")
        mall.product.start()
        code, said = gameday(mall, short(mall, "audit: balanced", ends="2s"))
        equal(code, 1, said)
        assert re.search(r"audit +balanced +1 offence: inventory 1 of product 1001: stock is 99, .* FAILS", said), said


# ---- what cannot be checked, or not be understood

def test_what_cannot_be_checked_ends_with_3():
    with Mall(admin=True) as mall:
        code, said = gameday(mall, short(mall, "{service: order, metric: no_such_metric, ends-at-most: 0}", ends="2s"))
        equal(code, 3, said)
        assert "nobody shows such a metric" in said and "not all could be checked" in said, said
        day = short(mall, "audit: balanced")
        code, said = gameday(mall, day, "--at=product=http://127.0.0.1:%d" % ports.reserve())
        assert code == 3 and "no admin listener" in said and "nothing was done" in said, said
        code, said = gameday(mall, day, "--gateway=http://127.0.0.1:%d" % ports.reserve())
        assert code == 3 and "nothing was done" in said, said
        equal(mall.order.rows("orders") != [], True, "the first day placed orders")
        code, said = gameday(mall, short(mall, "audit: balanced", "frontend", "consume-pause"))
        assert code == 2 and "--at names no place of frontend" in said, said
        code, said = gameday(mall, short(mall, "audit: balanced", "gateway", "consume-pause"))
        assert code == 3 and "has no fault of the kind consume-pause" in said, said
        equal("AT   FOR" in said, False, "a plan that cannot be")


def test_why_orders_failed_is_counted_and_a_slip_in_a_metric_warned_of():
    with Mall(admin=True) as mall:
        day = short(mall, "{service: order, metric: mall_outbox_pendin, reached: 1}", "order", "http-status, status: 503, path: /orders", ends="2s")
        code, said = gameday(mall, day)
        equal(code, 1, said)
        assert "day.yml:10: order shows no metric mall_outbox_pendin; did you mean mall_outbox_pending?" in said, said
        assert said.index("did you mean mall_outbox_pending?") < said.index("orders acknowledged"), said
        assert re.search(r"^Orders that failed:\n  [1-9]\d*: the answer is a 503$", said, re.M), said


def plan(text, *flags):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "day.yml"
        path.write_text(text)
        done = subprocess.run([BIN / "mallctl", "gameday", path, "--plan", *flags], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60)
        return done.returncode, done.stderr or done.stdout


def test_what_is_not_understood_ends_with_2():
    good = SHORT % ("product", "consume-pause", "60s", "audit: balanced")
    code, said = plan(good)
    assert code == 0 and re.search(r"^1s  2s   product  consume-pause  all     1     -$", said, re.M) and "{" not in said, said
    for old, new, says in (
            ("consume-pause", "consume-paus", "day.yml:7: no kind here is called consume-paus"),
            ("name: short", "nam: short", "day.yml:2: nam is not known here; did you mean name?"),
            ("for: 2s", "for: 2h", "day.yml:7: for is at most 1h"),
            ("service: product", "service: prodct", "day.yml:7: --at names no place of prodct; did you mean product?"),
            ("audit: balanced", "{service: prodct, readiness: UP}", "did you mean product?"),
            ("kind: consume-pause", "kind: http-latency, delay: 500", "did you mean 500ms?"),
            ("at: 1s", "at: soon", "day.yml:7: at is a duration"),
            ("rate: 10", "rate: 51", "day.yml:5: rate is a number of orders a second, above 0, at most 50"),
            ("kind: consume-pause", "kind: http-status, status: 200", "day.yml:7: status is"),
            ("audit: balanced", "audit: fine", "day.yml:10: audit is one of: balanced"),
            ("ends: 60s\n", "", "a game day needs `ends`")):
        code, said = plan(good.replace(old, new))
        assert code == 2 and says in said, (new, code, said)
    code, said = plan(good, "--shorten=0")
    assert code == 2 and "--shorten is a number from 1 to 1000" in said, said


def test_the_audit_reads_the_log_that_is_there():
    """As `mallctl dead` does, but only of the mall that is where it usually is."""
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        (folder / "data").mkdir()
        (folder / "day.yml").write_text(SHORT % ("product", "consume-pause", "60s", "audit: balanced"))

        def said(*flags, **env):
            usual = {name: value for name, value in os.environ.items() if not name.startswith("MALL_")}
            return subprocess.run([BIN / "mallctl", "gameday", "day.yml", "--plan", *flags], cwd=folder, env={**usual, **env},
                                  capture_output=True, text=True, timeout=60).stdout

        reads = "the audit reads the events of "
        equal(reads in said(), False, "there is no log")
        (folder / "data/mall.log").touch()
        assert said().endswith(reads + "log:data/mall.log\n"), said()
        equal(reads in said("--order=http://localhost:1"), False, "another mall")
        assert said(MALL_BUS_URL="log:other").endswith(reads + "log:other\n"), said(MALL_BUS_URL="log:other")


# ---- how it ends

def test_ctrl_c_takes_its_faults_back_and_no_others():
    with Mall(admin=True) as mall:
        own = mall.fault("product", "publish-twice")
        text = short(mall, "audit: balanced").read_text().replace("for: 2s", "for: 300s")
        (mall.directory / "day.yml").write_text(text)
        day = subprocess.Popen(command(mall, mall.directory / "day.yml"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        until(lambda: len(mall.product.admin.get("/faults").body["faults"]) == 2)
        os.kill(day.pid, signal.SIGINT)
        trouble = day.communicate(timeout=60 * SLOWER)[1]
        equal(day.returncode, 3, trouble)
        assert "interrupted; its faults were taken back" in trouble, trouble
        equal([f["id"] for f in mall.product.admin.get("/faults").body["faults"]], [own], "what is on")


def test_its_faults_end_by_themselves_when_it_is_killed():
    with Mall(admin=True) as mall:
        day = subprocess.Popen(command(mall, short(mall, "audit: balanced")), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: mall.product.admin.get("/faults").body["faults"])
        day.kill()
        day.wait()
        until_equal(lambda: mall.product.admin.get("/faults").body["faults"], [])
