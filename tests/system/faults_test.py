"""Crashes, a broker that is away, and starts that must be refused."""
import contextlib
import signal
import socket
import sqlite3
import subprocess
import time

from mall import BIN, DAEMONS, SERVICES, Client, Daemon, Load, Mall, equal, frozen, until, until_equal

MUCH = 1000000000
alone = ("test_a_broker_stopped_under_load_costs_no_request",)


def killed_under_load(victim, bus, port_of):
    """kill -9 in mid-load, three times, then the books must balance."""
    with Mall(bus=bus) as mall:
        inventory = mall.register(stock=MUCH)
        with Load(mall.daemons[port_of].port, forgiving=True) as load:
            for _ in range(3):
                before = len(load.acknowledged)
                until(lambda: len(load.acknowledged) > before + 500)
                mall.daemons[victim].kill()
                time.sleep(0.1)
                mall.daemons[victim].start()
            before = len(load.acknowledged)
            until(lambda: len(load.acknowledged) > before + 500)
        unexpected = [f for f in load.failed if not f.startswith(("502", "503", "504"))]
        assert not unexpected, unexpected[:5]
        assert port_of == "gateway" or not load.failed, load.failed[:5]
        mall.check_books(inventory, MUCH, load.acknowledged)


def test_a_damaged_event_log_shows_in_health_and_is_said_once():
    with Mall(only=("order", "delivery")) as mall:
        mall.order_one()
        until(lambda: len(mall.delivery.rows("deliveries")) == 1)
        with contextlib.closing(sqlite3.connect(mall.directory / "mall.log")) as log, log:
            log.execute("INSERT INTO log (topic, timestamp, value, headers) VALUES ('mall', 1, '{}', x'ffffffff')")
        down = until(lambda: (lambda a: a.status == 503 and a.body)(mall.delivery.get("/actuator/health")))
        equal(down["status"], "DOWN")
        equal(down["components"]["bus"]["status"], "DOWN")
        assert "mall.log" in down["components"]["bus"]["details"]["error"], down
        for probe in ("liveness", "readiness"):                 # a restart mends nothing, and clients are still served
            equal(mall.delivery.get("/actuator/health/" + probe).status, 200, probe)
        equal(mall.delivery.get("/deliveries/1").status, 200)
        before = mall.delivery.metric("process_cpu_seconds_total")
        time.sleep(3)
        assert mall.delivery.metric("process_cpu_seconds_total") - before < 2, "it spins"
        equal(mall.delivery.log().count("the bus cannot be read"), 1)


def test_order_killed_under_load():
    killed_under_load("order", "log", "order")


def test_order_killed_under_load_behind_the_gateway():
    killed_under_load("order", "log", "gateway")


def test_delivery_killed_under_load():
    killed_under_load("delivery", "log", "order")


def test_product_killed_under_load():
    killed_under_load("product", "log", "order")


def test_gateway_killed_under_load():
    killed_under_load("gateway", "log", "gateway")


def test_over_kafka_order_killed_under_load():
    killed_under_load("order", "kafka", "order")


def test_over_kafka_delivery_killed_under_load():
    killed_under_load("delivery", "kafka", "order")


def test_over_kafka_product_killed_under_load():
    killed_under_load("product", "kafka", "order")


def test_a_broker_stopped_under_load_costs_no_request():
    with Mall(bus="kafka") as mall:
        inventory = mall.register(stock=MUCH)
        mall.order_one(qty=1)
        until_equal(lambda: mall.stock(), MUCH - 1, 20)
        with Load(mall.order.port, clients=2) as load:
            until(lambda: len(load.acknowledged) > 50)
            mall.broker.signal(signal.SIGSTOP)
            stopped = time.monotonic()
            while time.monotonic() < stopped + 20:
                before = len(load.acknowledged)
                time.sleep(1)
                assert len(load.acknowledged) > before, "no order was taken for a second while the broker was away"
                equal(mall.order.get("/actuator/health").body["status"], "UP")
            mall.broker.signal(signal.SIGCONT)
        equal(load.failed, [])
        mall.check_books(inventory, MUCH, load.acknowledged)


def test_a_broker_absent_at_start_and_restarted_later():
    with Mall(bus="kafka") as mall:
        inventory = mall.register(stock=MUCH)
        mall.broker.stop()
        for daemon in mall.services():
            equal(daemon.stop(), 0, daemon.name)
            daemon.start()
        acknowledged = [mall.order_one(qty=1) for _ in range(20)]
        mall.broker.start()
        mall.check_books(inventory, MUCH, acknowledged)


def refused(name, directory, arguments=(), **settings):
    """(exit code, what it said) of a daemon that must not start."""
    daemon = Daemon(name, directory, settings)
    done = subprocess.run([BIN / name, *arguments], env=daemon.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=20, cwd=directory)
    return done.returncode, done.stdout


def test_a_daemon_that_stood_still_does_not_blame_its_clients():
    """The time for head and body counts only while the daemon runs: the bytes sent meanwhile wait in its socket."""
    body = b'{"productId": "1001", "qty": 1}'
    head = b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with Mall(only=("order",), header_timeout="3s", body_timeout="3s") as mall:
        for sent in (len(head) - 5, len(head) + 5):
            with socket.create_connection(("127.0.0.1", mall.order.port), 20) as s:
                s.sendall((head + body)[:sent])
                time.sleep(0.3)
                with frozen(mall.order):
                    time.sleep(4)
                time.sleep(0.5)
                s.sendall((head + body)[sent:])
                answer = b"".join(iter(lambda: s.recv(65536), b""))
            assert answer.startswith(b"HTTP/1.1 201 "), answer


def test_a_newer_schema_is_refused():
    with Mall(only=("order",)) as mall:
        mall.order_one()
        equal(mall.order.stop(), 0)
        with contextlib.closing(sqlite3.connect(mall.directory / "order.db", isolation_level=None)) as db:
            db.execute("INSERT INTO migrations (part, number, applied) SELECT part, max(number) + 900, '' FROM migrations GROUP BY part")
        code, said = refused("order", mall.directory)
        assert code not in (0, None) and code > 0, code
        assert "newer" in said.lower() or "schema" in said.lower(), said


def test_a_damaged_store_is_refused():
    with Mall(only=("order",)) as mall:
        equal(mall.order.stop(), 0)
        (mall.directory / "order.db").write_bytes(b"no database at all " * 500)
        code, said = refused("order", mall.directory)
        assert code > 0, code
        assert "order.db" in said, said


def test_a_data_directory_that_cannot_be_written_is_exit_2_and_named():
    with Mall(only=()) as mall:
        (mall.directory / "file").write_text("no directory")
        for name in SERVICES:
            code, said = refused(name, mall.directory, data_dir=mall.directory / "file/data")
            equal(code, 2, name)
            assert "file/data" in said, said


def test_wrong_settings_are_exit_2_and_named():
    with Mall(only=()) as mall:
        for name in DAEMONS:
            for arguments, settings, part in ((["--no-such-flag"], {}, "no-such-flag"), (["--port", "x"], {}, "port"),
                                              ([], {"port": "99999"}, "port"), ([], {"drain": "soon"}, "drain"),
                                              (["--drian=2s"], {}, "drain")):
                code, said = refused(name, mall.directory, arguments, **settings)
                equal(code, 2, "%s %s %s" % (name, arguments, settings))
                assert part in said.lower().replace("_", "-"), said


def test_an_unknown_mall_variable_is_a_warning_that_names_the_nearest():
    with Mall(only=("order",), drian="2s") as mall:
        until(lambda: "MALL_DRAIN" in mall.order.log())


def test_kubernetes_service_links_are_no_settings():
    with Mall(only=()) as mall:
        daemon = Daemon("order", mall.directory, {})
        environment = {**daemon.environment(), "ORDER_PORT": "tcp://10.0.0.1:8080", "PORT": "1"}
        process = subprocess.Popen([BIN / "order"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            daemon.process = process
            daemon.wait_ready()
        finally:
            process.terminate()
            equal(process.wait(20), 0)


def test_a_taken_port_is_an_error_that_names_it():
    with Mall(only=("order",)) as mall:
        other = mall.directory / "other"
        other.mkdir()
        code, said = refused("order", other, port=mall.order.port)
        assert code > 0, code
        assert str(mall.order.port) in said, said
        equal(Client(mall.order.port).get("/orders").status, 200)
