"""Several of each service on one PostgreSQL and one Kafka topic of six partitions, behind a proxy, while things break."""
import contextlib
import http.client
import random
import signal
import subprocess
import threading
import time
import uuid

from mall import BIN, SHOP, SLOWER, Broker, Client, Daemon, Mall, Server, end_all, equal, frozen, ports, show_ends, tool, until, until_equal

MUCH = 1000000000
PARTITIONS = 6
FLEET = {"order": 3, "delivery": 2, "product": 2}
alone = ("test_what_breaks_leaves_the_books_balanced",)
slow = alone

PROXY = """
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    retries 2
    option redispatch
    retry-on conn-failure
"""

SERVICE = """
frontend %(name)s
    bind 127.0.0.1:%(port)d
    default_backend %(name)ss
backend %(name)ss
    balance roundrobin
    option httpchk GET /actuator/health/readiness
    default-server check inter 200ms fall 2 rise 1
"""


class Fleet:
    """Replicas of the three services, and a round-robin proxy in front of each kind."""

    def __init__(self, fleet=FLEET, **settings):
        self.directory = Mall.new_directory()
        self.server, self.broker = Server(self.directory), Broker(self.directory)
        settings = {"bus_url": "kafka://%s/mall" % self.broker.address, "db_url": self.server.url, **settings}
        self.daemons = {name: [] for name in SHOP}
        for name, count in fleet.items():
            for i in range(count):
                place = self.directory / ("%s-%d" % (name, i))
                place.mkdir()
                self.daemons[name].append(Daemon(name, place, settings, ports.reserve()))
                self.daemons[name][-1].label = place.name
        for name in SHOP:
            setattr(self, name, Client(ports.reserve()))
        self.proxy = None

    def all(self):
        return [d for kind in self.daemons.values() for d in kind]

    def start_proxy(self):
        text = PROXY
        for name in SHOP:
            text += SERVICE % {"name": name, "port": getattr(self, name).port}
            for i, daemon in enumerate(self.daemons[name]):
                text += "    server %s-%d 127.0.0.1:%d\n" % (name, i, daemon.port)
        path = self.directory / "haproxy.cfg"
        path.write_text(text)
        with open(self.directory / "haproxy.log", "wb") as log:
            self.proxy = subprocess.Popen(["haproxy", "-f", path], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self):
        try:
            self.server.start()
            self.broker.start()
            for daemon in self.all():
                daemon.start(wait=False)                        # all at once: they share the migrations
            for daemon in self.all():
                daemon.wait_ready()
            self.start_proxy()
            for name in SHOP:
                until(lambda: self.answers(name))
        except BaseException:
            self.__exit__(True)
            raise
        return self

    def answers(self, name):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return getattr(self, name).get("/actuator/health/readiness").status == 200

    def __exit__(self, kind, *_):
        trouble = end_all(self.all(), 30)
        if self.proxy:
            ended = self.proxy.poll()                           # None: it was there
            self.proxy.kill()
            self.proxy.wait()
        self.broker.stop()
        self.server.stop()
        if kind or trouble:
            show_ends(self.all())
            if self.proxy:
                print("---- haproxy, which ended with %s\n%s" % (ended, (self.directory / "haproxy.log").read_text()))
        Mall.remove_directory(self.directory)
        assert kind or not trouble, "; ".join(trouble)

    def audit(self, settle):
        done = subprocess.run([BIN / "mallctl", "audit", "--settle=%ds" % (settle * SLOWER), "--bus=kafka://%s/mall" % self.broker.address,
                               *("--%s=http://localhost:%d" % (name, getattr(self, name).port) for name in SHOP)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout


class Customers:
    """Each places an order under a key, and asks again under the same key until it has an answer; cancels one of five."""

    def __init__(self, port, many):
        self.port, self.ending = port, threading.Event()
        self.taken, self.canceled, self.wrong, self.repeated = [], [], [], 0
        self.threads = [threading.Thread(target=self.shop, args=(random.Random(i),)) for i in range(many)]
        for thread in self.threads:
            thread.start()

    def insist(self, method, path, body=None, key=None):
        """The first answer that is final. 409: a request under the same key is still under way."""
        deadline = time.monotonic() + 90 * SLOWER
        while time.monotonic() < deadline:
            headers = {"Idempotency-Key": key} if key else {}
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = Client(self.port).ask(method, path, body, headers, timeout=15)
                if answer.status not in (409, 502, 503, 504):
                    return answer
            self.repeated += 1
            time.sleep(0.1)
        raise AssertionError("no answer to %s %s" % (method, path))

    def shop(self, dice):
        try:
            while not self.ending.is_set():
                body = {"productId": str(1001 + dice.randrange(3)), "productName": "TV", "qty": 1 + dice.randrange(3), "customerId": "7"}
                answer = self.insist("POST", "/orders", body, str(uuid.uuid4()))
                if answer.status != 201:
                    self.wrong.append("%d %s" % (answer.status, answer.text[:200]))
                    continue
                self.taken.append(answer.id)
                if dice.randrange(5) == 0:
                    status = self.insist("DELETE", "/orders/%d" % answer.id).status
                    if status in (204, 404):                    # 404: deleted by a request whose answer was lost
                        self.canceled.append(answer.id)
                    else:
                        self.wrong.append("DELETE: %d" % status)
        except AssertionError as what:
            self.wrong.append(str(what))

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()


def kill(daemon):
    daemon.kill()
    time.sleep(0.5)
    daemon.start(wait=False)


def freeze(daemon, seconds=14):                                 # longer than any session timeout
    with frozen(daemon):
        time.sleep(seconds)


def break_things(fleet, dice, seconds):
    """One after the other; a delivery stays frozen all the time, and thaws when others have long taken over."""
    with frozen(fleet.daemons["delivery"][1]):
        end = time.monotonic() + seconds
        turns = [lambda d: kill(d), lambda d: freeze(d), lambda d: fleet.server.restart("fast"), lambda d: kill(d),
                 lambda d: fleet.broker.restart(), lambda d: fleet.server.restart("immediate"), lambda d: kill(d)]
        done = 0
        while time.monotonic() < end or done < len(turns):
            victims = [d for d in fleet.all() if d is not fleet.daemons["delivery"][1]]
            turns[done % len(turns)](dice.choice(victims))
            done += 1
            time.sleep(2)


def check_books(fleet, customers, stocks):
    """No id lost, each order delivered and taken from the stock once; the audit says the same."""
    code, said = fleet.audit(90)
    assert code == 0, said
    left = {o["id"] for o in fleet.order.rows("orders")}
    equal(len(set(customers.taken)), len(customers.taken), "ids that two orders share")
    lost = set(customers.taken) - set(customers.canceled) - left
    assert not lost, "acknowledged but gone: %s" % sorted(lost)[:10]
    equal(sorted(left & set(customers.canceled)), [], "canceled but there")
    delivered = fleet.delivery.rows("deliveries")
    equal(sorted(int(d["orderId"]) for d in delivered), sorted(left), "the orders that are delivered")
    for product, registered in stocks.items():
        stock = sum(i["stock"] for i in fleet.product.rows("inventories") if i["productId"] == product)
        equal(stock + sum(d["qty"] for d in delivered if d["productId"] == product), registered, "stock and delivered of " + product)


def test_what_breaks_leaves_the_books_balanced():
    seed = random.randrange(1 << 30)
    print("seed", seed)
    with Fleet() as fleet:
        stocks = {str(1001 + i): MUCH for i in range(3)}
        for product in stocks:
            equal(fleet.product.post("/inventories", {"productId": product, "productName": "TV", "stock": MUCH}).status, 201)
        customers = Customers(fleet.order.port, 8)
        try:
            break_things(fleet, random.Random(seed), 60)
        finally:
            customers.stop()
        equal(customers.wrong, [])
        assert len(customers.taken) > 500 and customers.canceled, (len(customers.taken), len(customers.canceled))
        for daemon in fleet.all():
            daemon.wait_ready()
        check_books(fleet, customers, stocks)
        print("%d orders, %d canceled, %d requests repeated" % (len(customers.taken), len(customers.canceled), customers.repeated))


def test_the_work_is_spread_over_replicas():
    with Fleet() as fleet:
        equal(fleet.product.post("/inventories", {"productId": "1001", "productName": "TV", "stock": MUCH}).status, 201)
        customers = Customers(fleet.order.port, 4)
        try:
            for name in ("delivery", "product"):
                for daemon in fleet.daemons[name]:
                    until(lambda: daemon.metric("mall_events_consumed_total"), 120)
            for daemon in fleet.daemons["order"]:
                until(lambda: daemon.metric("http_server_requests_seconds_count", method="POST"), 120)
                until(lambda: daemon.metric("mall_events_published_total"), 120)
        finally:
            customers.stop()
        equal(customers.wrong, [])
        described = tool("kcat", "-L", "-b", fleet.broker.address, "-t", "mall")
        assert 'topic "mall" with %d partitions' % PARTITIONS in described, described
        code, said = fleet.audit(60)
        assert code == 0, said
        places = {}
        for line in fleet.broker.read("mall", "%k %p\n").splitlines():
            key, partition = line.rsplit(" ", 1)
            places.setdefault(key, set()).add(partition)
        equal([key for key, where in places.items() if len(where) > 1], [], "keys in several partitions")
        equal(len(set().union(*places.values())), PARTITIONS, "partitions that are used")


def test_a_killed_relay_is_taken_over():
    """A replica is killed before it publishes the orders that it accepted: another one publishes them."""
    with Fleet({"order": 2, "delivery": 1, "product": 1}) as fleet:
        fleet.broker.signal(signal.SIGSTOP)                     # so that nothing is published before the kill
        ids = [fleet.daemons["order"][0].post("/orders", {"productId": "none", "qty": 1}).id for _ in range(50)]
        fleet.daemons["order"][0].kill()
        fleet.broker.signal(signal.SIGCONT)
        until_equal(lambda: sorted(int(d["orderId"]) for d in fleet.delivery.rows("deliveries")), sorted(ids), 30)


def test_a_database_that_is_away_is_a_503_at_once():
    with Fleet({"order": 1, "delivery": 1, "product": 1}) as fleet:
        order = fleet.daemons["order"][0]
        number = order.post("/orders", {"productId": "none", "qty": 1}).id
        fleet.server.stop()
        for ask in (lambda: order.get("/orders/%d" % number), lambda: order.post("/orders", {"qty": 1})):
            answer = until(lambda: (lambda a: a.status == 503 and a)(ask()))
            assert answer.headers.get("retry-after"), answer.headers
            equal(answer.headers["content-type"], "application/problem+json")
        until(lambda: order.get("/actuator/health/readiness").status == 503)
        equal(order.get("/actuator/health/liveness").status, 200)
        fleet.server.start()
        until(lambda: order.get("/actuator/health/readiness").status == 200)
        equal(order.get("/orders/%d" % number).status, 200)
        equal(order.post("/orders", {"productId": "none", "qty": 1}).status, 201)


def test_daemons_that_start_before_their_database_wait_for_it():
    with Fleet({"order": 1, "delivery": 1, "product": 1}) as fleet:
        order, product = fleet.daemons["order"][0], fleet.daemons["product"][0]
        equal([order.stop(), product.stop()], [0, 0])
        fleet.server.stop()
        for daemon in (order, product):
            daemon.log_path.unlink()
            daemon.start(wait=False)
            until(lambda: "the store is away" in daemon.log())
        product.signal()                                        # told to stop meanwhile, it stops
        assert product.wait(5) != 0
        time.sleep(2)
        fleet.server.start()
        order.wait_ready()
        equal(order.post("/orders", {"productId": "none", "qty": 1}).status, 201)


def test_a_database_that_stays_away_ends_the_daemon_and_is_named_last():
    with Mall(only=()) as mall:
        daemon = Daemon("order", mall.directory, {"db_url": "postgresql://mall@127.0.0.1:%d/mall" % ports.reserve()}).start(wait=False)
        equal(daemon.wait(60), 1)
        last = daemon.log().strip().splitlines()[-1]
        assert "PostgreSQL" in last and "refused" in last, last


def test_a_frozen_database_is_a_503_in_bounded_time():
    with Fleet({"order": 1, "delivery": 1, "product": 1}) as fleet:
        order = fleet.daemons["order"][0]
        number = order.post("/orders", {"productId": "none", "qty": 1}).id
        fleet.server.signal_all(signal.SIGSTOP)
        try:
            equal(order.post("/orders", {"qty": 1}).status, 503)
            equal(order.get("/orders/%d" % number).status, 503)
        finally:
            fleet.server.signal_all(signal.SIGCONT)
        until(lambda: order.get("/orders/%d" % number).status == 200, 30)
        until(lambda: order.post("/orders", {"productId": "none", "qty": 1}).status == 201, 30)


def test_reads_of_a_frozen_database_hold_up_nothing_else():
    """More of them than there are threads: what needs no row is answered at once, and each of them gets its 503, then its row."""
    with Fleet({"order": 1, "delivery": 1, "product": 1}) as fleet:
        order = fleet.daemons["order"][0]
        number = order.post("/orders", {"productId": "none", "qty": 1}).id
        targets = ["/orders/%d" % number, "/orders/999999", "/orders", "/orders/%d" % number] * 8
        answers = []
        threads = [threading.Thread(target=lambda t=target: answers.append(order.get(t).status)) for target in targets]
        fleet.server.signal_all(signal.SIGSTOP)
        try:
            for thread in threads:
                thread.start()
            time.sleep(0.3)                                     # until they wait
            for _ in range(10):
                equal(order.get("/actuator/health/liveness").status, 200)
                equal(order.get("/nothing").status, 404)
                equal(order.post("/orders", {"qty": "none"}).status, 400)
            assert any(thread.is_alive() for thread in threads)
            for thread in threads:
                thread.join()
        finally:
            fleet.server.signal_all(signal.SIGCONT)
        equal(answers, [503] * len(targets))
        until(lambda: order.get("/orders/%d" % number).status == 200, 30)
        equal([order.get("/orders/999999").status, order.get("/orders").status], [404, 200])


def test_two_on_one_sqlite_file_are_refused():
    with Mall(only=("order",)) as mall:
        other = Daemon("order", mall.directory, {}, ports.reserve())
        done = subprocess.run([BIN / "order"], env=other.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=20 * SLOWER, cwd=mall.directory)
        assert done.returncode > 0, done.returncode
        assert "another process uses this store" in done.stdout and "postgresql" in done.stdout, done.stdout
        equal(mall.order.post("/orders", {"qty": 1}).status, 201)
