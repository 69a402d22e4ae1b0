"""The console's switches: the faults of all daemons in one list, switched at all pods of a service, by those who may."""
import contextlib
import json
import socket
import threading

from console_test import Console
from mall import DAEMONS, Client, Daemon, Mall, equal, frozen, ports, until, until_equal

LATENCY = {"kind": "http-latency", "path": "/inventories", "delay": "1ms", "duration": "10min"}
NOBODY = "http://127.0.0.1:1"


class Listener:
    """A place that counts its questions."""

    def __init__(self):
        self.socket, self.port, self.questions, self.ends = socket.socket(), ports.reserve(), 0, False
        self.socket.bind(("127.0.0.1", self.port))
        self.socket.listen(64)
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        said = b'{"service":"order","pod":"one","faults":[],"ended":[],"kinds":[]}'
        while not self.ends:
            client, _ = self.socket.accept()
            with client, contextlib.suppress(OSError):
                self.questions += bool(client.recv(4096))
                client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join()
        self.socket.close()


def desk(mall, listener=None, **settings):
    """A console with switches for these daemons, or for one place of the test's own."""
    places = "order=http://127.0.0.1:%d" % listener.port if listener else ",".join("%s=%s" % (name, mall.admin(name)) for name in mall.daemons)
    return Console(mall, **{"console_faults": "on", "admin_services": places, "trusted_proxies": "127.0.0.0/8",
                            "console_hosts": ".elb.amazonaws.com,shop.example", **settings})


def services(console):
    return {service["name"]: service["places"] for service in console.get("/faults").body["services"]}


def kinds(places):
    """The faults that are switched on, place by place."""
    return [[fault["kind"] for fault in place["faults"]] for place in places]


def lines(console, action):
    found = [json.loads(line) for line in console.log().splitlines() if line.startswith("{")]
    return [line for line in found if line.get("event.action") == action]


def refused(answer, status, word):
    equal((answer.status, answer.headers["content-type"]), (status, "application/problem+json"), answer.text)
    assert word in answer.body["detail"], answer.text


def test_a_fault_is_switched_on_seen_and_ended():
    with Mall(admin=True) as mall, desk(mall) as console:
        shown = services(console)
        equal(sorted(shown), sorted(mall.daemons))
        place, = shown["product"]
        equal((place["url"], place["status"], place["why"], place["faults"]), (mall.admin("product"), "UP", None, []))
        assert "http-latency" in [kind["name"] for kind in place["kinds"]], place["kinds"]

        answer = console.post("/faults/product", LATENCY)
        equal(answer.status, 201, answer.text)
        began, = answer.body["places"]
        equal((answer.body["service"], began["status"], began["pod"]), ("product", 201, place["pod"]))
        equal((began["fault"]["kind"], began["fault"]["delayMs"]), ("http-latency", 1))
        until_equal(lambda: kinds(services(console)["product"]), [["http-latency"]])
        until_equal(lambda: [fault["kind"] for fault in console.service("product")["faults"]], ["http-latency"])
        equal(console.service("order")["faults"], [])
        until(lambda: lines(console, "begin"))
        line, = lines(console, "begin")
        equal((line["client.address"], line["mall.service"], line["mall.places"]), ("127.0.0.1", "product", "1 of 1"))
        equal(json.loads(line["mall.fault"]), LATENCY)

        one = "/faults/product/%d" % began["fault"]["id"]
        equal(console.delete(one + "?pod=" + place["pod"]).body, {"ended": 1})
        equal(console.delete(one + "?pod=" + place["pod"]).status, 404)
        until_equal(lambda: kinds(services(console)["product"]), [[]])
        until_equal(lambda: len(lines(console, "end")), 2)


def test_what_was_switched_is_shown_to_whoever_asks_next():
    with Mall(only=("order", "product"), admin=True) as mall, desk(mall) as console:
        for _ in range(5):
            equal(kinds(services(console)["product"]), [[]])
            equal(console.post("/faults/product", LATENCY).status, 201)
            equal(kinds(services(console)["product"]), [["http-latency"]])
            equal(console.delete("/faults/product").body["ended"], 1)


def test_all_faults_end_at_once_or_those_of_a_service():
    with Mall(admin=True) as mall, desk(mall) as console:
        for name in mall.daemons:
            for _ in range(2):
                equal(console.post("/faults/" + name, {"kind": "http-latency", "delay": "1ms"}).status, 201)
        equal(console.delete("/faults/order").body["ended"], 2)
        equal(console.delete("/faults").body["ended"], 2 * (len(mall.daemons) - 1))
        equal(console.delete("/faults").body["ended"], 0)
        for name, daemon in mall.daemons.items():
            equal(daemon.admin.get("/faults").body["faults"], [], name)


def test_where_it_is_not_allowed_nobody_is_asked_and_nothing_changes():
    with Mall() as mall, Listener() as listener, desk(mall, listener, console_faults="off") as console:
        equal(console.get("/faults").body, {"allowed": False, "services": []})
        for method, path, body in (("POST", "/faults/order", LATENCY), ("DELETE", "/faults", None), ("DELETE", "/faults/order", None),
                                   ("DELETE", "/faults/order/1", None)):
            refused(console.ask(method, path, body), 403, "MALL_CONSOLE_FAULTS=on")
        equal(listener.questions, 0)


def test_a_page_of_another_site_changes_nothing():
    with Mall(only=("order", "product"), admin=True) as mall, desk(mall) as console:
        here = "http://localhost:%d" % console.port
        for origin in ("http://evil.example", "null", here + "0", "https://localhost"):
            refused(console.post("/faults/product", LATENCY, Origin=origin), 403, origin)
            refused(console.delete("/faults", Origin=origin), 403, origin)
        equal(mall.product.admin.get("/faults").body["faults"], [])
        equal(console.post("/faults/product", LATENCY, Origin=here).status, 201)
        seen_as = {"X-Forwarded-Host": "shop.example", "X-Forwarded-Proto": "https"}
        equal(console.ask("DELETE", "/faults", headers={"Origin": "https://shop.example", **seen_as}).body["ended"], 1)
        refused(console.ask("DELETE", "/faults", headers={"Origin": here, **seen_as}), 403, here)


def test_a_page_cannot_tell_the_gateway_that_it_is_ours():
    """The built-in routes' CORS lets a page send any field, X-Forwarded-Host too, and the gateway passes it on."""
    with Mall(only=("order", "product"), admin=True) as mall, desk(mall) as console:
        routes = mall.directory / "gateway.yml"
        routes.write_text("spring.cloud.gateway.routes: [{id: frontend, uri: 'http://localhost:%d', predicates: [Path=/**]}]\n" % console.port)
        gateway = Daemon("gateway", mall.directory, {"routes": routes, "port": ports.reserve()})
        gateway.port = gateway.settings["port"]
        gateway.start()
        try:
            page = Client(gateway.port)
            for said in ("evil.example", "evil.example, evil.example"):
                evil = {"Origin": "http://evil.example", "X-Forwarded-Host": said}
                refused(page.post("/faults/product", LATENCY, **evil), 403, "evil.example")
                refused(page.delete("/faults", **evil), 403, "evil.example")
                refused(page.post("/dead/product/0/1/drop", {}, **evil), 403, "evil.example")
            equal(mall.product.admin.get("/faults").body["faults"], [])
            equal(page.post("/faults/product", LATENCY, Origin="http://localhost:%d" % gateway.port, Host="localhost:%d" % gateway.port).status, 201)
            equal(page.delete("/faults", Origin="http://127.0.0.1:%d" % gateway.port, Host="127.0.0.1:%d" % gateway.port).body["ended"], 1)
        finally:
            gateway.stop()


def test_a_browser_changes_nothing_by_a_name_that_anybody_may_lead_here():
    """DNS rebinding: to the browser the page is of one site with the console."""
    with Mall(only=("order", "product"), admin=True) as mall, desk(mall) as console:
        for name in ("evil.example", "127.0.0.1.nip.io:8088", "shop.example.evil"):
            for seen_by in ({"Host": name}, {"X-Forwarded-Host": name}):
                own = {"Origin": "http://" + name, **seen_by}
                refused(console.post("/faults/product", LATENCY, **own), 403, "MALL_CONSOLE_HOSTS")
                refused(console.delete("/faults", **own), 403, name)
                refused(console.post("/dead/product/0/1/drop", {}, **own), 403, "MALL_CONSOLE_HOSTS")
                refused(console.delete("/faults", **{"Sec-Fetch-Site": "same-origin", **seen_by}), 403, name)
        equal(mall.product.admin.get("/faults").body["faults"], [])
        for name in ("localhost:8088", "127.0.0.1", "[::1]:8088", "mall", "mall.shop.svc.cluster.local", "mall-1.eu-central-1.elb.amazonaws.com", "shop.example"):
            equal(console.delete("/faults", Origin="http://" + name, **{"X-Forwarded-Host": name}).status, 200, name)
        equal(console.delete("/faults", Host="evil.example").status, 200)       # no browser


def test_what_cannot_be_switched_is_refused_in_the_daemons_words():
    with Mall(only=("order", "product"), admin=True) as mall, desk(mall) as console:
        answer = console.post("/faults/product", {"kind": "htp-latency"})
        refused(answer, 400, "http-latency, http-status")
        equal(answer.body["member"], "kind")
        refused(console.post("/faults/product", {**LATENCY, "rate": 2}), 400, "rate")
        refused(console.ask("POST", "/faults/product", b"nonsense", {"Content-Type": "application/json"}), 400, "")
        refused(console.ask("POST", "/faults/product", b"kind=cpu", {"Content-Type": "application/x-www-form-urlencoded"}), 415, "json")
        refused(console.ask("POST", "/faults/product", b"{}", {"Content-Type": None}), 415, "json")
        refused(console.post("/faults/product", {**LATENCY, "x": "x" * 4096}), 413, "4096")
        refused(console.post("/faults/nobody", LATENCY), 404, "nobody")
        refused(console.post("/faults/product/1", LATENCY), 404, "")
        refused(console.delete("/faults/product/x"), 404, "")
        equal(console.post("/faults", LATENCY).status, 405)
        equal(console.ask("PUT", "/faults/product", LATENCY).headers["allow"], "POST, DELETE")
        equal(mall.product.admin.get("/faults").body["faults"], [])


def test_one_that_is_away_or_hangs_holds_up_nobody():
    with Mall(admin=True) as mall:
        places = ",".join("%s=%s" % (name, mall.admin(name)) for name in mall.daemons)
        with desk(mall, admin_services=places + ",product=%s,nobody=%s" % (NOBODY, NOBODY)) as console, frozen(mall.order):
            shown = services(console)
            equal([place["status"] for place in shown["product"]], ["UP", "AWAY"])
            equal([place["status"] for place in shown["order"] + shown["nobody"]], ["AWAY", "AWAY"])
            assert "timed out" in shown["order"][0]["why"], shown["order"]
            answer = console.post("/faults/product", LATENCY)
            equal(answer.status, 201, answer.text)
            equal([place["status"] for place in answer.body["places"]], [201, None])
            assert answer.body["places"][1]["why"], answer.text
            refused(console.post("/faults/order", LATENCY), 502, "timed out")
            refused(console.post("/faults/nobody", LATENCY), 502, NOBODY)
            ended = console.delete("/faults").body
            equal(ended["ended"], 1)
            equal(len([place for place in ended["places"] if place["status"] is None]), 3)


def test_who_hangs_up_leaves_a_console_that_works():
    with Mall(admin=True) as mall, desk(mall) as console:
        body = json.dumps(LATENCY)
        ask = "POST /faults/order HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        with frozen(mall.order):
            for _ in range(20):
                with socket.create_connection(("localhost", console.port)) as client:
                    client.sendall(ask.encode())
        equal(console.post("/faults/product", LATENCY).status, 201)


def test_the_token_of_its_file_is_sent():
    with Mall(only=("order", "product"), admin=True) as mall:
        token, wrong = mall.directory / "token", mall.directory / "wrong"
        token.write_text("a-secret\n")
        wrong.write_text("another\n")
        equal(mall.product.stop(), 0)
        mall.product.start(admin_token_file=token)
        with desk(mall, admin_token_file=token) as console:
            equal(console.post("/faults/product", LATENCY).status, 201)
            equal(console.delete("/faults").body["ended"], 1)
        with desk(mall, admin_token_file=wrong) as console:
            place, = services(console)["product"]
            equal(place["status"], "AWAY")
            assert "401" in place["why"], place
            refused(console.post("/faults/product", LATENCY), 502, "401")


def test_however_many_look_the_daemons_are_asked_once_in_a_while():
    with Mall() as mall, Listener() as listener, desk(mall, listener) as console:
        for _ in range(200):
            equal(console.get("/faults").body["services"][0]["places"][0]["pod"], "one")
        seen = listener.questions
        until(lambda: console.get("/faults").status == 200 and listener.questions > seen)
        assert listener.questions < 100, listener.questions


def test_a_list_that_is_none_is_a_wrong_setting():
    with Mall(only=("order", "product")) as mall:
        console = Console(mall, admin_services="product")
        console.start(wait=False)
        equal(console.wait(), 2)
        assert "NAME=http://HOST:PORT" in console.log(), console.log()


def test_every_daemon_has_switches():
    with Mall(only=DAEMONS, admin=True) as mall:
        with desk(mall) as console:
            shown = services(console)
            equal({name: [place["status"] for place in places] for name, places in shown.items()}, {name: ["UP"] for name in DAEMONS})
            for name in DAEMONS:
                equal(console.post("/faults/" + name, {"kind": "http-latency", "path": "/nothing", "delay": "1ms"}).status, 201, name)
            equal(console.delete("/faults").body["ended"], len(DAEMONS))
            assert Client(console.port).get("/books").status == 200
