"""A Kafka that wants TLS, certificates and passwords, and several malls on one."""
import subprocess

from mall import BIN, SERVICES, Broker, Daemon, Mall, equal, ports, tool, until, until_equal

EXTRA = """
ssl.keystore.type=PEM
ssl.keystore.location=%(place)s/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=%(place)s/ca.crt
ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.ssl.client.auth=none
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_mall="let me in";
"""
CERTIFICATE = """
# as Strimzi hands it out
security.protocol=ssl
ssl.ca.location=%(place)s/ca.crt
ssl.certificate.location=%(place)s/mall.crt
ssl.key.location=%(place)s/mall.key
"""
PASSWORD = """
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.username=mall
sasl.password=%(password)s
ssl.ca.location=%(place)s/%(ca)s.crt
"""


def openssl(place, *words):
    tool("openssl", *words, cwd=place)


def make_authority(place, name):
    openssl(place, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout", name + ".key", "-out", name + ".crt")


def make_certificate(place, name, *words):
    openssl(place, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name, "-keyout", name + ".key", "-out", name + ".csr")
    (place / "extensions").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(place, "x509", "-req", "-days", "2", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", "extensions", "-out", name + ".crt")


class Guarded(Broker):
    """It has a plain listener, which only the tests use, one with certificates and one with passwords."""

    def __init__(self, directory):
        super().__init__(directory)
        self.by_certificate, self.by_password = ("127.0.0.1:%d" % ports.reserve() for _ in range(2))
        self.more_listeners = "SSL://%s,SASL_SSL://%s" % (self.by_certificate, self.by_password)
        self.directory.mkdir()
        for name in ("ca", "stranger"):
            make_authority(self.directory, name)
        for name in ("broker", "mall"):
            make_certificate(self.directory, name)
        (self.directory / "broker.pem").write_text("".join((self.directory / f).read_text() for f in ("broker.key", "broker.crt")))
        (self.directory / "extra.properties").write_text(EXTRA % {"place": self.directory})

    def properties(self, form, password="let me in", ca="ca"):
        path = self.directory / "client.properties"
        path.write_text(form % {"place": self.directory, "password": password, "ca": ca})
        return path


class GuardedMall(Mall):
    def __init__(self, **settings):
        super().__init__(bus="kafka://unknown/mall", only=SERVICES, **settings)
        self.broker = Guarded(self.directory)

    def reach(self, address, properties):
        for daemon in self.daemons.values():
            daemon.settings.update(bus_url="kafka://%s/mall" % address, bus_properties=properties)
        return self


def trades(mall, address, properties):
    inventory = mall.register()
    number = mall.order_one(qty=5)
    until_equal(lambda: mall.stock(inventory), 95, 30)
    until_equal(lambda: mall.order.get("/orders/%d" % number).body["status"], "DeliveryStarted", 30)
    until(lambda: "InventoryModified" in tool("kcat", "-C", "-q", "-e", "-F", properties, "-b", address, "-t", "mall", "-o", "beginning"), 30)
    flags = ["--%s=http://localhost:%d" % (name, d.port) for name, d in mall.daemons.items()]
    said = tool(BIN / "mallctl", "audit", "--settle=30s", "--bus=kafka://%s/mall" % address, "--bus-properties=%s" % properties, *flags)
    assert "balanced" in said, said


def test_over_tls_by_certificate():
    mall = GuardedMall()
    properties = mall.broker.properties(CERTIFICATE)
    with mall.reach(mall.broker.by_certificate, properties):
        trades(mall, mall.broker.by_certificate, properties)


def test_over_tls_by_password():
    mall = GuardedMall()
    properties = mall.broker.properties(PASSWORD)
    with mall.reach(mall.broker.by_password, properties):
        trades(mall, mall.broker.by_password, properties)


def waits_and_says(why, **how):
    """Orders are taken, their events wait, and the log says why the cluster refuses us; never the password."""
    mall = GuardedMall()
    with mall.reach(mall.broker.by_password, mall.broker.properties(PASSWORD, **how)):
        mall.order_one()
        until(lambda: why in mall.order.log(), 30)
        equal(mall.order.metric("mall_outbox_pending"), 1)
        assert "let me" not in mall.order.log(), mall.order.log()


def test_a_wrong_password_is_said_and_costs_no_order():
    waits_and_says("Authentication failed", password="let me out")


def test_a_broker_of_a_foreign_authority_is_not_spoken_with():
    waits_and_says("certificate verify failed", ca="stranger")


def test_properties_that_are_wrong_are_exit_2_and_named():
    with Mall(only=()) as mall:
        path = mall.directory / "some.properties"
        for text, expected in (
                ("security.protocol=ssl\nacks=0\n", "line 2: 'acks' is not for this file"),
                ("ssl.nonsense=secret\n", "line 1: librdkafka knows no 'ssl.nonsense'"),
                ("\n# none\nsecurity.protocol=secret\n", "line 3: 'security.protocol' does not take this value"),
                ("secret\n", "line 1: not NAME=VALUE"),
                ("security.protocol=ssl\nssl.ca.location=/none/ca.crt\n", "ssl.ca.location"),
                (None, "No such file")):
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text)
            refused_with(mall, expected, bus_url="kafka://localhost:1/mall", bus_properties=path)
        refused_with(mall, "MALL_BUS_GROUP_PREFIX=my mall: letters", bus_group_prefix="my mall")


def refused_with(mall, expected, **settings):
    daemon = Daemon("order", mall.directory, settings)
    done = subprocess.run([BIN / "order"], env=daemon.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=30, cwd=mall.directory)
    equal(done.returncode, 2)
    assert expected in done.stdout, (expected, done.stdout)
    assert "secret" not in done.stdout, done.stdout


def test_a_prefix_makes_consumer_groups_and_dead_letters_of_ones_own():
    with Mall("kafka", only=("order",)) as mall:
        shops = [Daemon("delivery", mall.directory / name, {"bus_url": "kafka://%s/mall" % mall.broker.address, "bus_group_prefix": name})
                 for name in ("user23-", "user24-")]
        try:
            for shop in shops:
                shop.directory.mkdir()
                shop.start()
            number = mall.order_one()
            for shop in shops:                                  # one group each, so each hears of it
                until_equal(lambda: [d["orderId"] for d in shop.rows("deliveries")], [str(number)], 30)
            mall.broker.write("mall", b"no event at all", key="1")
            for name in ("user23-", "user24-"):
                until(lambda: "error.mall.%sdelivery" % name in tool("kcat", "-L", "-b", mall.broker.address), 30)
                until_equal(lambda: mall.broker.read("error.mall.%sdelivery" % name), "no event at all\n", 30)
        finally:
            for shop in shops:
                if shop.is_running():
                    equal(shop.stop(), 0)
