"""SIGTERM: nothing is lost and it does not take long."""
import contextlib
import signal
import socket
import subprocess
import threading
import time

from mall import SLOWER, Load, Mall, Server, equal, ports, until, until_equal

MUCH = 1000000000


def test_sigterm_ends_each_daemon_with_0():
    with Mall() as mall:
        mall.order_one()
        for daemon in mall.daemons.values():
            equal(daemon.stop(), 0, daemon.name)


def test_sigterm_over_kafka_ends_each_daemon_with_0():
    with Mall(bus="kafka") as mall:
        mall.order_one()
        for daemon in mall.daemons.values():
            equal(daemon.stop(), 0, daemon.name)


def test_sigterm_with_the_broker_away_ends_inside_30_s():
    with Mall(bus="kafka://127.0.0.1:%d/mall" % ports.reserve()) as mall:
        mall.order_one()
        for daemon in mall.daemons.values():
            daemon.signal()
        for daemon in mall.daemons.values():
            equal(daemon.wait(30), 0, daemon.name)


def test_sigterm_with_the_broker_stopped_ends_inside_30_s_and_loses_nothing():
    with Mall(bus="kafka") as mall:
        inventory = mall.register(stock=MUCH)
        mall.order_one(qty=1)
        until_equal(lambda: mall.stock(), MUCH - 1, 20)
        mall.broker.signal(signal.SIGSTOP)
        acknowledged = [mall.order_one(qty=1) for _ in range(10)]
        services = mall.services()
        for daemon in services:
            daemon.signal()
        for daemon in services:
            equal(daemon.wait(30), 0, daemon.name)
        mall.broker.signal(signal.SIGCONT)
        for daemon in services:
            daemon.start()
        mall.check_books(inventory, MUCH, acknowledged)


def test_readiness_goes_first_and_the_daemon_still_answers():
    with Mall(drain="2s") as mall:
        for daemon in mall.daemons.values():
            daemon.signal()
        for daemon in mall.daemons.values():
            until_equal(lambda d=daemon: d.get("/actuator/health/readiness").status, 503, 1)
        answer = mall.order.post("/orders", {"qty": 1})
        equal((answer.status, answer.headers.get("connection", "").lower()), (201, "close"))
        for daemon in mall.daemons.values():
            equal(daemon.wait(10), 0, daemon.name)


def test_a_second_sigterm_hurries():
    with Mall(drain="20s") as mall:
        mall.order_one()
        for daemon in mall.daemons.values():
            daemon.signal()
        time.sleep(0.3)
        for daemon in mall.daemons.values():
            daemon.signal()
        for daemon in mall.daemons.values():
            equal(daemon.wait(15), 0, daemon.name)
        mall.order.start(drain="0s")
        equal(len(mall.order.rows("orders")), 1)


def rolled_under_load(victim, port_of, signals=1):
    """Stopped and started twice under load: a client that honours `Connection: close` and tries refused connections
    again gets every order through."""
    with Mall(drain="2s") as mall:
        inventory = mall.register(stock=MUCH)
        with Load(mall.daemons[port_of].port) as load:
            for _ in range(2):
                before = len(load.acknowledged)
                until(lambda: len(load.acknowledged) > before + 500)
                mall.daemons[victim].signal()
                for _ in range(signals - 1):
                    time.sleep(0.2)
                    mall.daemons[victim].signal()
                equal(mall.daemons[victim].wait(30), 0, victim)
                mall.daemons[victim].start()
            before = len(load.acknowledged)
            until(lambda: len(load.acknowledged) > before + 500)
        equal(load.failed[:5], [], "failed requests")
        mall.check_books(inventory, MUCH, load.acknowledged)


def test_order_stopped_under_load_loses_no_request():
    rolled_under_load("order", "order")


def test_order_stopped_twice_at_once_under_load_loses_no_request():
    rolled_under_load("order", "order", signals=2)


class Callers:
    """Each opens one connection after the other: if it was accepted, it gets an answer. It may be refused, or not accepted for a while."""

    def __init__(self, port, many):
        self.port, self.ending, self.answered, self.wrong = port, threading.Event(), 0, []
        self.threads = [threading.Thread(target=self.run) for _ in range(many)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.ending.is_set():
            with socket.socket() as s:
                s.settimeout(0.3 * SLOWER)
                try:
                    s.connect(("127.0.0.1", self.port))
                except (ConnectionRefusedError, TimeoutError):
                    time.sleep(0.001)
                    continue
                except OSError as trouble:
                    self.wrong.append("to connect: %r" % trouble)
                    continue
                self.call(s)

    def call(self, s):
        try:
            s.settimeout(20 * SLOWER)
            s.sendall(b"GET /orders/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: s.recv(65536), b""))
            if answer.startswith(b"HTTP/1.1 "):
                self.answered += 1
            else:
                self.wrong.append("no answer")
        except OSError as trouble:
            self.wrong.append(repr(trouble))

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()


def test_who_connects_while_a_daemon_stops_is_not_reset():
    """The time between the last accept and the closing of the socket is stretched to 30 ms."""
    mall = Mall(only=("order",), drain="50ms")
    mall.order.launcher = ("strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=close", "-e", "inject=close:delay_enter=30000")
    with mall:
        callers = Callers(mall.order.port, 8)
        try:
            for _ in range(6):
                before = callers.answered
                until(lambda: callers.answered > before + 20)
                equal(mall.order.stop(), 0)
                mall.order.start()
        finally:
            callers.stop()
        equal(callers.wrong, [])


@contextlib.contextmanager
def flushes_delayed(daemon, seconds):
    """Each flush of its files takes so much longer, as on a disk that hangs."""
    tracer = subprocess.Popen(["strace", "-f", "-p", str(daemon.process.pid), "-o", "/dev/null", "-e", "trace=fdatasync",
                               "-e", "inject=fdatasync:delay_enter=%d" % (seconds * 1000000)], stderr=subprocess.PIPE, text=True)
    try:
        assert "attached" in tracer.stderr.readline()
        yield
    finally:
        tracer.terminate()
        tracer.communicate()


def answer_of(s):
    """The status; 0: the connection ended without one."""
    with contextlib.suppress(ConnectionResetError):
        return int((b"".join(iter(lambda: s.recv(65536), b"")).split() + [b"", b"0"])[1])
    return 0


def test_a_writer_that_hangs_ends_the_process_and_nothing_it_uses():
    """It goes on after the requests' time is over and before the process ends: all that it still needs must be there."""
    body = b'{"productId": "1001", "qty": 1}'
    head = b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with Mall(only=("order",)) as mall, contextlib.ExitStack() as stack:
        kept = [mall.order_one()]
        with flushes_delayed(mall.order, 14):
            clients = [stack.enter_context(socket.create_connection(("127.0.0.1", mall.order.port), 40)) for _ in range(4)]
            for client in clients:
                client.sendall(head + body)
            equal(mall.order.stop(), 0)
        statuses = [answer_of(client) for client in clients]
        equal(statuses, [503] * 4)
        assert '"requests":"4"' in mall.order.log(), mall.order.complaints()
        mall.order.start()
        assert {row["id"] for row in mall.order.rows("orders")} >= set(kept)


def test_reads_that_hang_are_told_so_at_the_end():
    """The database stands still; reads wait for it on the store's threads, and more of them wait for those."""
    directory = Mall.new_directory()
    server = Server(directory).start()
    try:
        with Mall(only=("order",), db_url=server.url) as mall, contextlib.ExitStack() as stack:
            number = mall.order_one()
            server.signal_all(signal.SIGSTOP)
            try:
                clients = []
                for target in ["/orders/%d" % number, "/orders/%d" % (number + 1), "/orders"] * 4:
                    clients.append(stack.enter_context(socket.create_connection(("127.0.0.1", mall.order.port), 40)))
                    clients[-1].sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % target.encode())
                equal(mall.order.get("/nothing").status, 404)
                equal(mall.order.stop(), 0)
                equal([answer_of(client) for client in clients], [503] * 12)
            finally:
                server.signal_all(signal.SIGCONT)
            mall.order.start()
            equal(mall.order.get("/orders/%d" % number).status, 200)
    finally:
        server.stop()
        Mall.remove_directory(directory)


def test_gateway_stopped_under_load_loses_no_request():
    rolled_under_load("gateway", "gateway")


def test_consumers_stopped_under_load_apply_each_event_once():
    with Mall() as mall:
        inventory = mall.register(stock=MUCH)
        with Load(mall.order.port) as load:
            for victim in (mall.delivery, mall.product, mall.delivery, mall.product):
                before = len(load.acknowledged)
                until(lambda: len(load.acknowledged) > before + 500)
                equal(victim.stop(), 0, victim.name)
                victim.start()
        equal(load.failed, [])
        mall.check_books(inventory, MUCH, load.acknowledged)


def test_sigterm_during_start_ends_with_0():
    with Mall() as mall:
        for daemon in mall.daemons.values():
            equal(daemon.stop(), 0)
            for pause in (0.02, 0.05, 0.1):
                daemon.start(wait=False)
                timer = threading.Timer(pause, daemon.signal)
                timer.start()
                code = daemon.wait(20)
                timer.join()
                assert code in (0, -signal.SIGTERM), "%s after %s s: %s" % (daemon.name, pause, code)
            daemon.start()
