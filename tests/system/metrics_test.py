"""Metrics: what the daemons show is what they list (docs/metrics.md), and what it says of the mall."""
import json
import re
import sys

from mall import BIN, DAEMONS, SERVICES, TOP, Mall, Server, equal, services, tool, until, until_equal

SUFFIXES = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("",), "gauge": ("",)}


def listed(name):
    """Of each metric that the daemon lists: its type and its labels."""
    return {one["name"]: (one["type"], one["labels"]) for one in services.describe(name, BIN)["metrics"]}


def shown(daemon):
    """Of each metric that the daemon shows: its type, and the labels of each sample, without a bucket's bound."""
    types, samples, last = {}, {}, None
    for line in daemon.management.get("/actuator/prometheus").text.splitlines():
        comment = re.fullmatch(r"# (HELP|TYPE) (\w+) (.+)", line)
        if comment and comment[1] == "TYPE":
            last = comment[2]
            assert last not in types, "%s shows %s twice" % (daemon.name, last)
            types[last], samples[last] = comment[3], []
        elif not comment:
            sample = re.fullmatch(r'(\w+)(?:\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)', line)
            assert sample, line
            assert sample[1] in [last + suffix for suffix in SUFFIXES[types[last]]], "%s below %s" % (line, last)
            samples[last].append([label for label in re.findall(r'(\w+)="(?:[^"\\]|\\.)*"', sample[2] or "") if label != "le"])
    return types, samples


def shows_what_it_lists(daemon):
    """The metrics that have a sample."""
    types, samples = shown(daemon)
    want = listed(daemon.name)
    equal({name: kind for name, (kind, _) in want.items()}, types, daemon.name)
    for name, all_labels in samples.items():
        for labels in all_labels:
            equal(labels, want[name][1], "%s of %s" % (name, daemon.name))
    return {name for name, found in samples.items() if found}


def trade(mall):
    mall.register(product="1001", stock=100)
    mall.register(product="1002", stock=7)
    order = mall.order_one(qty=5)
    until_equal(lambda: mall.order.get("/orders/%d" % order).body["status"], "DeliveryStarted")
    until_equal(lambda: mall.order.metric("mall_orders", status="DeliveryStarted"), 1)
    until_equal(lambda: mall.product.metric("mall_stock", product="1001"), 95)


def test_daemons_show_what_they_list_on_sqlite_and_the_log():
    with Mall(only=DAEMONS, admin=True, stock_check_url="http://localhost:1") as mall:
        trade(mall)
        mall.gateway.get("/orders/1")
        until(lambda: mall.frontend.metric("process_threads"))
        have = set()
        for daemon in mall.daemons.values():
            have |= shows_what_it_lists(daemon)
            equal(daemon.metric("mall_build_info"), 1)
        for name in ("mall_orders", "mall_stock", "mall_products", "mall_event_age_seconds", "mall_log_group_lag", "mall_breaker_state", "mall_question_seconds",
                     "spring_cloud_gateway_requests_seconds", "http_server_requests_seconds", "mall_faults_injected_total", "mall_outbox_pending"):
            assert name in have, "nobody has a sample of %s" % name
        assert "mall_postgres_sessions" not in have, have
        equal(mall.product.metric("mall_products"), 2)
        equal(mall.product.metric("mall_stock", product="1002"), 7)
        until(lambda: mall.delivery.metric("mall_event_age_seconds_count", event_type="Orderplaced") == 1)


def test_daemons_show_what_they_list_on_postgresql_and_kafka():
    with Mall(bus="kafka", only=SERVICES) as mall:
        server = Server(mall.directory).start()
        try:
            for daemon in mall.daemons.values():
                equal(daemon.stop(), 0)
                daemon.settings["db_url"] = server.url
                daemon.start()
            trade(mall)
            for daemon in mall.daemons.values():
                have = shows_what_it_lists(daemon)
                assert {"mall_postgres_sessions", "mall_postgres_sessions_max"} <= have, have
            assert mall.order.metric("mall_postgres_sessions") >= 3 * len(SERVICES)
            until(lambda: "kafka_consumer_records_lag" in shows_what_it_lists(mall.delivery))
            for daemon in mall.daemons.values():
                equal(daemon.stop(), 0)
        finally:
            server.stop("immediate")


def test_probes_and_scrapes_are_neither_counted_nor_told():
    for level, told in (("info", False), ("debug", True)):
        with Mall(only=("order", "gateway"), log_level=level) as mall:
            for daemon in mall.daemons.values():
                for path in ("/actuator/health/liveness", "/actuator/prometheus", "/actuator/metrics", "/actuator/info"):
                    daemon.management.get(path)
                daemon.get("/actuator/health")
                daemon.get("/orders?page=7")
                until(lambda d=daemon: "/orders?page=7" in d.log())
                lines = [json.loads(line) for line in daemon.log().splitlines() if "/actuator" in line]
                equal({line["log.level"] for line in lines}, {"DEBUG"} if told else set(), "lines of probes of %s" % daemon.name)
                equal(daemon.metric("http_server_requests_seconds_count"), 1, "requests of %s" % daemon.name)


def test_what_no_probe_asks_of_the_actuator_is_a_request_like_others():
    asked = (("GET", "/actuator/nothing", 404), ("GET", "/actuator/health/x", 404), ("GET", "/actuator/metrics/x", 404), ("POST", "/actuator/health", 405))
    with Mall(only=("order", "gateway")) as mall:
        for daemon in mall.daemons.values():
            for method, path, status in asked:
                equal(daemon.ask(method, path).status, status, "%s of %s" % (path, daemon.name))
            until_equal(lambda d=daemon: [[line["http.request.method"], line["log.level"]] for line in map(json.loads, d.log().splitlines()) if "/actuator" in str(line)],
                        [[method, "INFO"] for method, _, _ in asked])
            until_equal(lambda d=daemon: d.metric("http_server_requests_seconds_count"), len(asked))


def test_metrics_md_is_what_the_daemons_list():
    tool(sys.executable, TOP / "scripts/metrics.py", "--check", "--bin", BIN)
