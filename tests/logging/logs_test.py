"""Lines on their way from a container's file to the store."""
import datetime
import json
import threading
import time

from mall import TRADE, Mall, equal, until, until_equal
from manifests import of_the_lab, replaced
from queries import saved
from stage import Stage, of_mall

TRACE = "0af7651916cd43dd8448eb211c80319c"
STACK = """[2026-11-30 12:00:00,123] ERROR Encountered fatal fault: Error in partition (org.apache.kafka.server.fault.ProcessTerminatingFaultHandler)
java.lang.IllegalStateException: the log of mall-0 ends early
\tat kafka.log.UnifiedLog.append(UnifiedLog.scala:1023)
\tat kafka.cluster.Partition.appendRecordsToLeader(Partition.scala:1300)
Caused by: java.io.IOException: No space left on device
\tat java.base/sun.nio.ch.FileDispatcherImpl.write0(Native Method)
\t... 12 more"""
NEXT = "[2026-11-30 12:00:01,456] WARN next (kafka.server.ReplicaManager)"


def ecs(message, **more):
    """Of now: the store refuses what is older than its retention."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"@timestamp": now, "log.level": "INFO", "message": message, "service.name": "order", **more},
                      ensure_ascii=False).encode()


def texts(stage, query="*"):
    return sorted(row["_msg"] for row in stage.store.ask(query + " | fields _msg"))


def test_an_order_is_found_by_its_trace_id_over_all_services():
    """With the lab overlay's setting. Whatever a daemon says is in the store, and its pod's names with it."""
    with Stage() as stage:
        with Mall(log_events=of_the_lab("MALL_LOG_EVENTS")) as mall:
            ends = []
            for name in TRADE:
                log = stage.pods.log("shop", "user23-%s-7d9c-x2x4z" % name, name, labels=of_mall(name), most=20000)
                ends.append(stage.follow(mall.daemons[name], log))
            stage.collect()
            mall.product.post("/inventories", {"productId": "1001", "productName": "TV", "stock": 100})
            trade = {"productId": "1001", "productName": "TV", "qty": 5, "customerId": "100"}
            equal(mall.gateway.post("/orders", trade, traceparent="00-%s-b7ad6b7169203331-01" % TRACE).status, 201)
            found = until(lambda: (lambda rows: rows if {row["service.name"] for row in rows} == set(TRADE) else None)(
                stage.store.ask('"trace.id":=%s | sort by (_time)' % TRACE)))
            for row in found:
                equal((row["k8s.namespace.name"], row["k8s.pod.name"], row["k8s.container.name"], row["app"], row["app.instance"], row["k8s.node.name"]),
                      ("shop", "user23-%s-7d9c-x2x4z" % row["service.name"], row["service.name"], row["service.name"], "user23-mall", "node-1"))
            first, = [row for row in found if row["_msg"] == "POST /orders 201" and row["service.name"] == "order"]
            equal((first["trace_id"], first["severity_text"], first["http.response.status_code"]), (TRACE, "INFO", "201"))
            until(lambda: {("delivery", "Orderplaced", "INFO"), ("product", "DeliveryStarted", "INFO")} <= {
                (row["service.name"], row["event.type"], row["severity_text"]) for row in stage.store.ask('"trace.id":=%s "an event was applied"' % TRACE)})
            for daemon in mall.daemons.values():
                equal(daemon.stop(), 0)
            for end in ends:                                    # all that they said is written
                end()
            told = {name: mall.daemons[name].log() for name in TRADE}
        for name in TRADE:
            said = [json.loads(line)["message"] for line in told[name].split("\n") if line]
            until_equal(lambda name=name: texts(stage, '"service.name":=%s' % name), sorted(said))


def test_a_stack_trace_is_one_record():
    with Stage() as stage:
        log = stage.pods.log("kafka", "my-kafka-0", "kafka", labels={"app": "my-kafka"})
        stage.collect()
        for line in (STACK + "\n" + NEXT).split("\n"):
            log.write(line.encode())
        until_equal(lambda: texts(stage), sorted([STACK, NEXT]))


def test_what_containerd_cut_is_whole_again_and_korean_stays():
    """Lines of 100 KB, in ECS and not; each cut falls into the midst of a character of three bytes."""
    long = "주문" * 16000
    with Stage() as stage:
        log = stage.pods.log("shop", "user23-order-1", "order", labels=of_mall("order"))
        stage.collect()
        log.write(ecs("x" + long, detail="배송시작"))
        log.write(("y" + long).encode())
        log.write(("zz" + long).encode())
        log.write("주문이 들어왔습니다".encode())
        until_equal(lambda: texts(stage), sorted(["x" + long, "y" + long, "zz" + long, "주문이 들어왔습니다"]))
        equal([row["detail"] for row in stage.store.ask("배송시작 | fields detail")] or
              [row["detail"] for row in stage.store.ask("detail:배송시작 | fields detail")], ["배송시작"])


def test_what_is_not_ecs_stays_text():
    lines = ["plain", "{not json", "{}", '{"a":1}', '{"@timestamp":"yesterday","message":"odd time"}', '["list"]', "2026-11-30 12:00:00 UTC [7] LOG:  checkpoint"]
    with Stage() as stage:
        log = stage.pods.log("shop", "user23-postgres-0", "postgres", labels=of_mall("postgres"))
        stage.collect()
        for line in lines:
            log.write(line.encode(), stream="stderr")
        until_equal(lambda: stage.store.count("*"), len(lines))
        wanted = {"plain", "{not json", "odd time", '["list"]', lines[-1]}
        assert wanted <= set(texts(stage)), texts(stage)
        equal([row["log.iostream"] for row in stage.store.ask("odd | fields log.iostream")], ["stderr"])


def test_whose_lines_are_kept():
    """The malls' in any namespace, and Kafka's; a pod that the API server no longer knows too; ours and the cluster's own not."""
    known = [("shop", "user23-order-1", of_mall("order")), ("team-7", "gateway-1", of_mall("gateway")), ("kafka", "my-kafka-0", {"app": "my-kafka"}),
             ("mall", "mall-node-0", {"strimzi.io/cluster": "mall", "app.kubernetes.io/part-of": "strimzi-mall"}), ("shop", "gone", None)]
    foreign = [("shop", "someone-else", {"app": "x"}), ("monitoring", "grafana", {"app.kubernetes.io/part-of": "grafana"}),
               ("kube-system", "coredns", of_mall("dns")), ("logging", "collector", of_mall("collector"))]
    with Stage() as stage:
        logs = [(pod, stage.pods.log(namespace, pod, "c", labels=labels)) for namespace, pod, labels in foreign + known]
        collector = stage.collect()
        for pod, log in logs:
            log.write(("from " + pod).encode())
        until_equal(lambda: texts(stage), sorted("from " + pod for _, pod, _ in known))
        equal({path.partition("?")[0] for path in collector.api.asked}, {"/api/v1/pods"}, "what it asks the API server for")


def test_rotation_costs_nothing():
    """Rotated under way, and once more while no collector ran."""
    count = 20000
    with Stage() as stage:
        log = stage.pods.log("shop", "user23-order-1", "order", labels=of_mall("order"), most=10 * 1024 * 1024)
        collector = stage.collect()
        for number in range(count // 2):
            log.write(ecs("line", seq="s%d" % number))
        log.rotate()
        until_equal(lambda: stage.store.count("seq:*"), count // 2)
        collector.stop()
        for number in range(count // 2, count):
            log.write(ecs("line", seq="s%d" % number))
            if number == count * 3 // 4:
                log.rotate()
        collector.start()
        until_equal(lambda: (stage.store.count("seq:*"), distinct(stage)), (count, count))


def distinct(stage):
    row, = stage.store.ask("seq:* | count_uniq(seq) n")
    return int(row["n"])


class Writer(threading.Thread):
    """Lines with a number each, in pods of their own, as fast as it can, or at most so many ahead of the store."""

    def __init__(self, stage, logs, count, ahead):
        super().__init__(daemon=True)
        self.stage, self.logs, self.count, self.ahead = stage, logs, count, ahead

    def run(self):
        for number in range(self.count):
            self.logs[number % len(self.logs)].write(ecs("line", seq="s%d" % number))
            while self.ahead and number % 1000 == 999 and number - distinct(self.stage) > self.ahead:
                time.sleep(0.05)


def restarted(end, times, ahead=0):
    """100,000 lines over four pods, and restarts in the midst of them: how many came, and how many told apart by their place."""
    count = 100000
    with Stage() as stage:
        logs = [stage.pods.log("shop", "user23-%s-1" % name, name, labels=of_mall(name), most=5 * 1024 * 1024) for name in TRADE]
        collector = stage.collect()
        writer = Writer(stage, logs, count, ahead)
        writer.start()
        for part in range(1, times + 1):
            until(lambda part=part: distinct(stage) > count * part // (times + 2) or None, 240)
            end(collector)
            collector.start()
        writer.join()
        until_equal(lambda: distinct(stage), count, 240)
        all_of_them = stage.store.count("seq:*")
        print("%d lines, %d of them twice" % (count, all_of_them - count))
        once, = stage.store.ask("seq:* | uniq by (k8s.pod.name, _time, log.file.record_offset) | count() n")
        return count, all_of_them, int(once["n"])


def test_a_restart_loses_no_line():
    """As a rollout ends a collector. A batch that was under way may come twice: up to 100 lines of each pod's two files."""
    count, came, once = restarted(lambda collector: collector.stop(), times=3)
    assert came <= count + 3 * len(TRADE) * 2 * 100, came
    equal(once, count, "lines told apart by their place")


def test_a_killed_collector_loses_no_line():
    """kill -9, while the collector keeps up with what is written, as it does on a node: then its places are noted five times a second,
    and a line that waited anywhere in its memory would be lost. What was read since the last note comes twice, told apart by its place."""
    count, came, once = restarted(lambda collector: collector.kill(), times=8, ahead=5000)
    assert came >= count, came
    equal(once, count, "lines told apart by their place")


def test_the_saved_queries_find_what_they_say():
    """Each of the page's queries, on lines as the daemons write them."""
    with Stage() as stage:
        order = stage.pods.log("shop", "user23-order-1", "order", labels=of_mall("order"))
        product = stage.pods.log("shop", "user23-product-1", "product", labels=of_mall("product"))
        stage.collect()
        access = {"http.request.method": "POST", "http.response.status_code": 201, "url.original": "/orders", "trace.id": TRACE, "span.id": "b7ad6b7169203331"}
        order.write(ecs("POST /orders 201", **access, **{"event.duration": 2000000}))
        order.write(ecs("POST /orders 500", **{**access, "http.response.status_code": 500, "trace.id": "1" * 32}, **{"event.duration": 900000000}))
        dead = {"service.name": "product", "log.level": "ERROR", "event.place": "mall[0]@7", "event.type": "DeliveryStarted", "error.message": "no product", "trace.id": TRACE, "span.id": "00f067aa0ba902b7"}
        product.write(ecs("an event cannot be understood; it is a dead letter now", **dead))
        product.write("상품이 없습니다".encode())
        until_equal(lambda: stage.store.count("*"), 4)
        queries = saved()
        equal(sorted(queries), ["dead letters", "errors by pod", "one order", "slowest requests", "words"])
        rows = stage.store.ask(replaced(queries["one order"], {"TRACE": TRACE}))
        equal(sorted(row["service.name"] for row in rows), ["order", "product"])
        equal([row["url.original"] + " " + row["http.response.status_code"] for row in stage.store.ask(queries["slowest requests"])], ["/orders 500", "/orders 201"])
        equal([(row["event.place"], row["service.name"]) for row in stage.store.ask(queries["dead letters"])], [("mall[0]@7", "product")])
        equal({row["k8s.pod.name"]: row["n"] for row in stage.store.ask(queries["errors by pod"])}, {"user23-order-1": "1", "user23-product-1": "1"})
        equal([row["_msg"] for row in stage.store.ask(queries["words"])], ["상품이 없습니다"])


alone = ("test_a_restart_loses_no_line", "test_a_killed_collector_loses_no_line")
