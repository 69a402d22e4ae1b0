"""The admin listener of each daemon, where faults are switched on: whom it answers, and what comes and goes with it."""
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile

from mall import BIN, DAEMONS, Mall, equal, ports, until, until_equal

PROBES = ("/actuator/health/readiness", "/actuator/health/liveness", "/actuator/health")


def states(daemon):
    return [daemon.get(path).status for path in PROBES]


def log_lines(daemon, message):
    lines = (json.loads(line) for line in daemon.log().splitlines() if line.startswith("{"))
    return [line for line in lines if line["message"] == message]


def refused_start(name, **settings):
    """What a daemon said that did not start because of a setting."""
    with tempfile.TemporaryDirectory() as directory:
        given = {"MALL_" + k.upper(): str(v) for k, v in {"port": ports.reserve(), "data_dir": directory, **settings}.items()}
        ended = subprocess.run([BIN / name], env={**os.environ, **given}, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, timeout=60)
    equal(ended.returncode, 2, "how it ended, having said %s" % ended.stderr)
    return ended.stderr


def test_without_its_setting_there_is_no_port_and_nothing_speaks_of_faults():
    with Mall(only=DAEMONS) as mall:
        for daemon in mall.daemons.values():
            assert "faults" not in daemon.management.get("/actuator/info").body, daemon.name
            equal(daemon.metric("mall_faults_injected_total"), None, daemon.name)
            assert not log_lines(daemon, "faults can be switched on here"), daemon.name
            listening = subprocess.run(["ss", "-Hltnp"], stdout=subprocess.PIPE, text=True, check=True).stdout
            own = [line for line in listening.splitlines() if "pid=%d," % daemon.process.pid in line]
            equal(len(own), 2 if daemon.name == "gateway" else 1, "ports of " + daemon.name)


def test_each_daemon_says_which_faults_it_has():
    with Mall(only=DAEMONS, admin=True) as mall:
        for name, daemon in mall.daemons.items():
            said = daemon.admin.get("/faults").body
            equal((said["service"], said["faults"], said["ended"]), (name, [], []))
            equal(said["pod"], daemon.management.get("/actuator/info").body["pod"])
            kinds = {kind["name"] for kind in said["kinds"]}
            assert {"http-latency", "not-ready", "cpu", "memory"} <= kinds, kinds
            equal("slow-disk" in kinds and "consume-pause" in kinds, name not in ("frontend", "gateway"), name)
            equal("upstream-refused" in kinds, name == "gateway", name)
            described = daemon.admin.get("/openapi.json").body
            rows = described["components"]["schemas"]["fault-input"]["oneOf"]
            equal({row["properties"]["kind"]["const"] for row in rows}, kinds)


def test_it_listens_on_the_loopback_alone_and_warns_where_it_does_not():
    with Mall(only=("order",), admin=True) as mall:
        until(lambda: log_lines(mall.order, "faults can be switched on here"))
        equal(log_lines(mall.order, "faults can be switched on here")[0]["server.address"], "127.0.0.1:%d" % mall.order.admin.port)
        with socket.socket() as beyond:                         # all of 127.0.0.0/8 is here, and only one of them listens
            equal(beyond.connect_ex(("127.0.0.2", mall.order.admin.port)) != 0, True, "127.0.0.2 refuses")
        assert "can make this daemon fail" not in mall.order.log()
    with Mall(only=("order",), admin=True, admin_address="0.0.0.0") as mall:
        until(lambda: "whoever reaches the admin port can make this daemon fail" in mall.order.log())
    with tempfile.TemporaryDirectory() as directory:
        token = pathlib.Path(directory) / "token"
        token.write_text("s3cret")
        with Mall(only=("order",), admin=True, admin_address="0.0.0.0", admin_token_file=token) as mall:
            assert "can make this daemon fail" not in mall.order.log()


def test_the_token_of_the_file_is_asked_for_and_never_shown():
    with tempfile.TemporaryDirectory() as directory:
        token = pathlib.Path(directory) / "token"
        token.write_text("s3cret\n")
        with Mall(only=("order",), admin=True, admin_token_file=token) as mall:
            admin = mall.order.admin
            for path in ("/faults", "/faults/1", "/openapi.json", "/"):
                equal(admin.get(path).status, 401, path)
                equal(admin.get(path, Authorization="Bearer s3creT").status, 401, path)
            equal(admin.post("/faults", {"kind": "not-ready"}).status, 401)
            equal(admin.delete("/faults").headers["www-authenticate"], 'Bearer realm="admin"')
            equal(states(mall.order), [200, 200, 200])
            equal(admin.post("/faults", {"kind": "not-ready"}, Authorization="Bearer s3cret").status, 201)
            until_equal(lambda: states(mall.order), [503, 200, 503])
            assert "s3cret" not in mall.order.log()


def test_a_wrong_setting_ends_the_start_with_a_sentence():
    with tempfile.TemporaryDirectory() as directory:
        empty = pathlib.Path(directory) / "empty"
        empty.write_text("\n")
        for name in ("order", "gateway", "frontend"):
            port = ports.reserve()
            said = refused_start(name, admin_port=port, admin_token_file=empty)
            assert "%s: admin: MALL_ADMIN_TOKEN_FILE=%s: is empty" % (name, empty) in said, said
            said = refused_start(name, admin_port=port, admin_token_file="/nowhere")
            assert "MALL_ADMIN_TOKEN_FILE=/nowhere: No such file" in said, said
            assert "MALL_ADMIN_PORT" in refused_start(name, admin_port="many")


def test_bad_input_is_told_what_is_meant_and_changes_nothing():
    cases = (({}, "kind", "http-latency, http-status"),
             ({"kind": "http-latncy"}, "kind", "http-latency"),
             ({"kind": "not-ready", "duration": "2h"}, "duration", ""),
             ({"kind": "not-ready", "duration": "never"}, "duration", ""),
             ({"kind": "http-status", "status": 200}, "status", ""),
             ({"kind": "http-reset", "rate": 1.5}, "rate", "rate is a number above 0, at most 1"),
             ({"kind": "http-reset", "rate": 0}, "rate", ""))
    with Mall(only=("order",), admin=True) as mall:
        for body, member, detail in cases:
            answer = mall.order.admin.post("/faults", body)
            equal((answer.status, answer.body["member"]), (400, member), body)
            assert detail in answer.body["detail"], answer.text
        for body in ("[]", "1", "nul", "", "{}x"):
            equal(mall.order.admin.post("/faults", body, Content_Type="application/json").status, 400, body)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None):
            equal(mall.order.admin.post("/faults", '{"kind":"not-ready"}', Content_Type=kind).status, 415, kind)
        equal(mall.order.admin.get("/faults").body["faults"], [])
        equal(mall.order.admin.post("/faults", {"kind": "not-ready"}, Origin="https://a.example").status, 403)
        equal(mall.order.admin.get("/faults", Host="a.example:%d" % mall.order.admin.port).status, 403)
        equal(states(mall.order), [200, 200, 200])


def test_a_fault_is_logged_counted_shown_and_ends_by_itself():
    with Mall(only=("order",), admin=True) as mall:
        order = mall.order
        equal(order.get("/actuator/info").body["faults"], [])
        begun = order.admin.post("/faults", {"kind": "not-ready", "duration": "1s"})
        equal((begun.status, begun.headers["location"]), (201, "/faults/%d" % begun.body["id"]))
        number = begun.body["id"]
        until_equal(lambda: order.get("/actuator/health/readiness").status, 503)
        equal([one["id"] for one in order.get("/actuator/info").body["faults"]] or [number], [number])
        until_equal(lambda: order.get("/actuator/info").body["faults"], [])
        until_equal(lambda: states(order), [200, 200, 200])
        equal(order.admin.get("/faults/%d" % number).status, 404)
        assert order.metric("mall_faults_injected_total", kind="not-ready") >= 1
        equal([line["fault.kind"] for line in log_lines(order, "a fault begins")], ["not-ready"])
        equal([line["fault.id"] for line in log_lines(order, "a fault ended")], [str(number)])


def test_probes_fail_while_they_are_to_and_all_else_works():
    with Mall(only=("order",), admin=True) as mall:
        ready = mall.fault("order", "not-ready")
        equal(states(mall.order), [503, 200, 503])
        equal(mall.order.get("/actuator/health").body["status"], "OUT_OF_SERVICE")
        alive = mall.fault("order", "not-alive")
        equal(states(mall.order), [503, 503, 503])
        mall.order_one()
        equal(mall.order.admin.delete("/faults/%d" % ready).status, 204)
        equal(states(mall.order), [200, 503, 503])
        equal(mall.order.get("/actuator/health").body["status"], "DOWN")
        equal(mall.order.admin.delete("/faults/%d" % alive).status, 204)
        equal(states(mall.order), [200, 200, 200])


def test_faults_are_gone_after_a_restart():
    with Mall(only=("order",), admin=True) as mall:
        mall.fault("order", "not-alive", duration="1h")
        mall.order.kill()
        mall.order.start()
        equal(states(mall.order), [200, 200, 200])
        equal(mall.order.admin.get("/faults").body["faults"], [])


def test_a_daemon_that_stops_ends_its_faults_first_and_answers_to_the_end():
    with Mall(only=("order",), admin=True, drain="3s") as mall:
        mall.fault("order", "not-alive", duration="1h")
        mall.order.signal()
        until(lambda: log_lines(mall.order, "a fault ended"))
        until_equal(lambda: mall.order.admin.get("/faults").body["faults"], [])
        answer = mall.order.admin.post("/faults", {"kind": "not-alive"})
        equal((answer.status, answer.body["detail"]), (503, "order is stopping"))
        equal(mall.order.wait(), 0)
        equal(len(log_lines(mall.order, "a fault ended")), len(log_lines(mall.order, "a fault begins")))


def test_it_answers_while_the_broker_stands_still():
    with Mall(bus="kafka", only=("order",), admin=True) as mall:
        mall.broker.signal(19)
        try:
            mall.order_one()
            number = mall.fault("order", "not-ready")
            equal(mall.order.admin.delete("/faults/%d" % number).status, 204)
        finally:
            mall.broker.signal(18)


def test_it_answers_while_the_main_port_is_full():
    with Mall(only=("order",), admin=True, max_connections=2, threads=1) as mall:
        crowd = [socket.create_connection(("127.0.0.1", mall.order.port)) for _ in range(8)]
        for one in crowd:
            one.sendall(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        number = mall.fault("order", "http-reset")
        equal(mall.order.admin.delete("/faults/%d" % number).status, 204)
        for one in crowd:
            one.close()


def test_faults_do_not_strike_who_switches_them_off():
    with Mall(only=("order",), admin=True) as mall:
        for kind, members in (("http-reset", {}), ("http-half-answer", {}), ("http-status", {"status": 503}), ("http-latency", {"delay": "30s"})):
            mall.fault("order", kind, **members)
        equal(mall.order.admin.get("/faults", Accept="*/*").status, 200)
        equal(mall.end_faults(), 4)
        equal(mall.order.get("/orders").status, 200)


def test_the_gateway_leads_to_no_admin_listener():
    with Mall(only=DAEMONS, admin=True) as mall:
        for path in ("/faults", "/faults/1", "/order/faults", "//faults", "/orders/../faults"):
            for method in ("GET", "POST", "DELETE"):
                answer = mall.gateway.ask(method, path, {"kind": "not-ready"} if method == "POST" else None)
                assert "\"kinds\"" not in answer.text, (method, path, answer.text)
        for daemon in mall.daemons.values():
            for path in ("/faults", "/openapi.json"):
                assert "fault-input" not in daemon.get(path).text and "\"kinds\"" not in daemon.get(path).text, (daemon.name, path)
            equal(daemon.admin.get("/faults").body["faults"], [], daemon.name)
            equal(daemon.admin.get("/actuator/health").status, 404, daemon.name)


def test_a_target_that_matches_nothing_is_said_in_the_answer():
    with Mall(admin=True) as mall:
        for name, kind, members, said in (
                ("order", "http-reset", {"path": "/order/{id}"}, "/orders/{id}"),
                ("order", "publish-twice", {"eventType": "Orderplaced"}, None),
                ("product", "publish-twice", {"eventType": "Orderplaced"}, "Orderplaced"),
                ("delivery", "consume-twice", {"eventType": "Orderplaced"}, None),
                ("gateway", "upstream-refused", {"routeId": "ordre"}, "order"),
                ("gateway", "upstream-refused", {"routeId": "order"}, None)):
            answer = mall.daemons[name].admin.post("/faults", {"kind": kind, **members})
            equal(answer.status, 201, answer.text)
            warning = answer.body.get("warning")
            assert said in warning if said else warning is None, (members, answer.text)


def test_its_requests_are_logged_and_not_measured():
    with Mall(only=("order",), admin=True) as mall:
        mall.order.admin.get("/faults")
        until(lambda: re.search("GET /faults 200", mall.order.log()))
        assert "/faults" not in mall.order.get("/actuator/prometheus").text


def test_nonsense_on_its_port_harms_nobody():
    nonsense = (b"\x00" * 100, b"\x16\x03\x01\x02\x00\x01", b"GET", b"GET /faults HTTP/1.1\r\n", b"DELETE /faults HTTP/1.1\r\n\r\n",
                b"POST /faults HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
                b"POST /faults HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", b"A" * 100000)
    with Mall(only=("order",), admin=True) as mall:
        held = []
        for number in range(50):                                # more than it takes at a time
            one = socket.create_connection(("127.0.0.1", mall.order.admin.port), timeout=30)
            held.append(one)
            try:
                one.sendall(nonsense[number % len(nonsense)])
            except OSError:                                     # it was refused already
                pass
        for one in held:
            one.close()
        until_equal(lambda: mall.order.admin.get("/faults").status, 200)
        equal(mall.order.admin.get("/faults").body["faults"], [])
        mall.order_one()
