"""What each service answers over HTTP beyond the reference's recorded answers."""
import contextlib
import http.client
import json
import socket

from mall import BIN, Mall, Server, equal, ports, services, until_equal

JSON = {"Content-Type": "application/json"}


def test_the_members_keep_the_contracts_order():
    with Mall() as mall:
        mall.register()
        mall.order_one()
        until_equal(lambda: mall.stock(), 95)
        for client, path, members in (
                (mall.order, "/orders/1", ["productId", "productName", "qty", "customerId", "status", "_links"]),
                (mall.delivery, "/deliveries/1", ["orderId", "qty", "productId", "status", "customerId", "_links"]),
                (mall.product, "/inventories/1", ["productId", "productName", "stock", "_links"])):
            equal(list(client.get(path).body), members, path)
        text = mall.order.get("/orders/1").text
        assert "\n" not in text and ": " not in text, "not compact: " + text


def test_patch_in_its_three_media_types():
    with Mall(only=("order",)) as mall:
        number = mall.order_one()
        path = "/orders/%d" % number
        equal(mall.order.patch(path, {"qty": 6}).body["qty"], 6)
        equal(mall.order.patch(path, {"productName": None}, Content_Type="application/merge-patch+json").body["productName"], None)
        steps = [{"op": "test", "path": "/qty", "value": 6}, {"op": "replace", "path": "/qty", "value": 7},
                 {"op": "add", "path": "/customerId", "value": "200"}, {"op": "remove", "path": "/productName"}]
        answer = mall.order.patch(path, steps, Content_Type="application/json-patch+json")
        equal((answer.status, answer.body["qty"], answer.body["customerId"]), (200, 7, "200"))
        refused = mall.order.patch(path, [{"op": "replace", "path": "/qty", "value": 8}, {"op": "test", "path": "/qty", "value": 99}],
                                   Content_Type="application/json-patch+json")
        assert 400 <= refused.status < 500, refused.status
        equal(mall.order.get(path).body["qty"], 7, "qty after a patch whose test failed")
        equal(mall.order.patch(path, "qty=1", Content_Type="text/plain").status, 415)
        equal(mall.order.patch("/orders/99", {"qty": 1}).status, 404)


def test_etags_guard_changes_and_save_bodies():
    with Mall(only=("product",)) as mall:
        mall.register()
        client, path = mall.product, "/inventories/1"
        first = client.get(path).headers["etag"]
        equal(client.post("/inventories", {"stock": 1}).headers["etag"], client.get("/inventories/2").headers["etag"], "the ETag of a POST")
        equal(client.get(path, If_None_Match=first).status, 304)
        equal(client.patch(path, {"stock": 50}, If_Match=first).status, 200)
        second = client.get(path).headers["etag"]
        assert second != first, "the ETag stayed after a change"
        equal(client.get(path, If_None_Match=first).status, 200)
        equal(client.patch(path, {"stock": 1}, If_Match=first).status, 412)
        equal(client.delete(path, If_Match=first).status, 412)
        equal(mall.stock(), 50)
        equal(client.delete(path, If_Match=second).status, 204)


def test_an_idempotency_key_makes_one_order():
    with Mall() as mall:
        body = {"productId": "1001", "qty": 5}
        for port in (mall.order, mall.gateway):
            key = "key-%d" % port.port
            first, again = port.post("/orders", body, Idempotency_Key=key), port.post("/orders", body, Idempotency_Key=key)
            equal((first.status, again.status), (201, 201))
            equal((again.headers["location"], again.text), (first.headers["location"], first.text), "the answer to the same key")
            equal(port.post("/orders", {"productId": "1001", "qty": 6}, Idempotency_Key=key).status, 422)
        equal(len(mall.order.rows("orders")), 2, "number of orders")
        equal(mall.order.post("/orders", body, Idempotency_Key="x" * 256).status, 400)
        equal(mall.order.post("/orders", body, Idempotency_Key="a b").status, 400)
        equal(mall.order.post("/orders", {"qty": "many"}, Idempotency_Key="k").status, 400)
        equal(mall.order.post("/orders", body, Idempotency_Key="k").status, 201, "a key after a 400")
        mall.order.kill()
        mall.order.start()
        equal(mall.order.post("/orders", body, Idempotency_Key="k").id, 3, "the order of a key from before the crash")


# (method, path, headers, body, expected status): none of these may ever be a 5xx
BAD_INPUT = [
    ("GET", "/orders/abc", {}, None, 404),
    ("GET", "/orders/0", {}, None, 404),
    ("GET", "/orders/-1", {}, None, 404),
    ("GET", "/orders/99999999999999999999", {}, None, 404),
    ("GET", "/nothing", {}, None, 404),
    ("GET", "/orders/1/more", {}, None, 404),
    ("GET", "/orders?page=-1&size=x&sort=none,up", {}, None, 200),
    ("GET", "/orders?page=99999999999999999999", {}, None, 200),
    ("GET", "/orders?size=0", {}, None, 200),
    ("GET", "/orders?page=%zz", {}, None, 400),
    ("GET", "/orders/%00", {}, None, 400),
    ("GET", "/orders/..%2f..", {}, None, (400, 404)),
    ("GET", "/orders", {"Accept": "image/png"}, None, 406),
    ("GET", "/orders", {"X-Long": "a" * 12300}, None, 431),
    ("GET", "/orders?" + "a" * 9000, {}, None, 414),
    ("DELETE", "/orders", {}, None, 405),
    ("PUT", "/orders", JSON, "{}", 405),
    ("PATCH", "/orders", JSON, "{}", 405),
    ("POST", "/orders/1", JSON, "{}", 405),
    ("BREW", "/orders", {}, None, (405, 501)),
    ("TRACE", "/orders", {}, None, 405),
    ("DELETE", "/orders/404", {}, None, 404),
    ("PATCH", "/orders/404", JSON, "{}", 404),
    ("POST", "/orders", {"Content-Type": "application/x-www-form-urlencoded"}, "a=b", 415),
    ("POST", "/orders", {"Content-Type": "text/plain"}, "{}", 415),
    ("POST", "/orders", {"Content-Type": None}, "{}", 201),
    ("POST", "/orders", JSON, "", 400),
    ("POST", "/orders", JSON, "   ", 400),
    ("POST", "/orders", JSON, "null", 400),
    ("POST", "/orders", JSON, "[]", 400),
    ("POST", "/orders", JSON, "7", 400),
    ("POST", "/orders", JSON, '"text"', 400),
    ("POST", "/orders", JSON, "{", 400),
    ("POST", "/orders", JSON, '{"qty":1} x', 400),
    ("POST", "/orders", JSON, '{"qty":1}{"qty":2}', 400),
    ("POST", "/orders", JSON, '{"qty":01}', 400),
    ("POST", "/orders", JSON, '{"qty":1.}', 400),
    ("POST", "/orders", JSON, '{"qty":NaN}', 400),
    ("POST", "/orders", JSON, '{"qty":"abc"}', 400),
    ("POST", "/orders", JSON, '{"qty":"1.7"}', 400),
    ("POST", "/orders", JSON, '{"qty":true}', 400),
    ("POST", "/orders", JSON, '{"qty":[1]}', 400),
    ("POST", "/orders", JSON, '{"qty":{}}', 400),
    ("POST", "/orders", JSON, '{"qty":2147483648}', 400),
    ("POST", "/orders", JSON, '{"qty":1e400}', 400),
    ("POST", "/orders", JSON, '{"qty":12345678901234567890}', 400),
    ("POST", "/orders", JSON, '{"qty":-1}', 400),
    ("POST", "/orders", JSON, '{"productId":["a"]}', 400),
    ("POST", "/orders", JSON, '{"productId":"\\u0000"}', 400),
    ("POST", "/orders", JSON, '{"productId":"\\ud800"}', 400),
    ("POST", "/orders", JSON, b'{"productId":"\xff"}', 400),
    ("POST", "/orders", JSON, b'\xef\xbb\xbf{}', 400),
    ("POST", "/orders", JSON, '{"productId":"a\nb"}', 400),
    ("POST", "/orders", JSON, "[" * 100000, 400),
    ("POST", "/orders", JSON, '{"other":' + "[" * 100000 + "]" * 100000 + "}", 400),
    ("POST", "/orders", JSON, '{"productId":"' + "a" * 1100000 + '"}', 413),
    ("POST", "/orders", JSON, '{"productId":"' + "a" * 1000000 + '"}', (201, 413)),
    ("POST", "/orders", {**JSON, "Idempotency-Key": ""}, "{}", 400),
    ("POST", "/orders", JSON, '{"qty":"","productId":1e2,"customerId":true}', 201),
    ("POST", "/orders", JSON, '{"qty":" 5 "}', 201),
    ("POST", "/orders", JSON, '{"qty":1,"qty":2}', 201),
    ("POST", "/orders", JSON, '{"QTY":"x"}', 201),
]

# raw requests whose framing is wrong: the status, and that the connection is closed after it
BAD_FRAMING = [
    (b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400),
    (b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
    (b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}", 400),
    (b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length : 2\r\n\r\n{}", 400),
    (b"POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", (400, 501)),
    (b"GET /orders HTTP/1.1\r\n\r\n", 400),
    (b"GET /orders HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET /orders HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n folded\r\n\r\n", 400),
    (b"GET /orders HTTP/1.1\r\nHost: a\r\nX A: 1\r\n\r\n", 400),
    (b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", (400, 413)),
]


def bad_input(client):
    wrong = []
    for method, path, headers, body, status in BAD_INPUT:
        try:
            got = client.ask(method, path, body, headers).status
        except (OSError, http.client.HTTPException) as trouble:
            got = repr(trouble)
        if got not in (status if isinstance(status, tuple) else (status,)):
            wrong.append("%s %.60s %.60r: %s, not %s" % (method, path, body, got, status))
    assert not wrong, "\n".join(wrong)


def test_bad_input_never_is_a_5xx():
    with Mall(only=("order",)) as mall:
        mall.order_one()
        bad_input(mall.order)
        equal(mall.order.get("/orders/1").status, 200)


def raw(port, request):
    """(status, whether the connection ended after the answer)"""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        text = b""
        try:
            while more := connection.recv(65536):
                text += more
            ended = True
        except socket.timeout:
            ended = False
        except ConnectionResetError:
            ended = True
    return int(text.split(b" ")[1]) if text.startswith(b"HTTP/1.") else None, ended


def test_bad_framing_ends_the_connection():
    with Mall() as mall:
        wrong = []
        for client in (mall.order, mall.gateway):
            for request, status in BAD_FRAMING:
                got = raw(client.port, request)
                if got[0] not in (status if isinstance(status, tuple) else (status,)) or not got[1]:
                    wrong.append("%s %r: %r, not %s" % (client.name, request, got, status))
        assert not wrong, "\n".join(wrong)
        equal(mall.order.rows("orders"), [])


def test_errors_name_the_member_and_what_was_expected():
    with Mall(only=("order",)) as mall:
        answer = mall.order.post("/orders", {"qty": "abc"})
        equal((answer.status, answer.headers["content-type"]), (400, "application/problem+json"))
        equal((answer.body["status"], answer.body.get("member")), (400, "qty"))
        allowed = mall.order.delete("/orders").headers["allow"]
        assert "GET" in allowed and "POST" in allowed and "DELETE" not in allowed, allowed


def test_movements_tell_every_change_of_stock():
    with Mall() as mall:
        mall.register()
        mall.order_one(qty=5)
        until_equal(lambda: mall.stock(), 95)
        equal(mall.product.patch("/inventories/1", {"stock": 120}).status, 200)
        equal(mall.order.delete("/orders/1").status, 204)
        until_equal(lambda: mall.stock(), 125)
        movements = mall.product.rows("movements")
        equal([m["qty"] for m in movements], [100, -5, 25, 5], "the movements")
        equal([m["orderId"] for m in movements][1], "1")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            path = "/movements" if method == "POST" else "/movements/1"
            equal(mall.product.ask(method, path, {}).status, 405, method)
        assert "movements" not in json.dumps(mall.product.get("/").body), "movements are listed in /"


def test_restart_keeps_rows_and_uses_no_id_twice():
    with Mall(only=("order",)) as mall:
        for _ in range(3):
            mall.order_one()
        equal(mall.order.delete("/orders/3").status, 204)
        equal(mall.order.stop(), 0)
        mall.order.start()
        equal([o["id"] for o in mall.order.rows("orders")], [1, 2])
        equal(mall.order_one(), 4)


def test_links_through_the_gateway_lead_back_through_it():
    with Mall() as mall:
        made = mall.gateway.post("/orders", {"qty": 1})
        assert made.headers["location"].startswith("http://localhost:%d/orders/" % mall.gateway.port), made.headers["location"]
        page = mall.gateway.get("/orders").body
        assert ":%d/orders" % mall.gateway.port in page["_links"]["self"]["href"], page["_links"]


def test_the_gateway_answers_preflights_and_hides_the_services_actuator():
    with Mall() as mall:
        answer = mall.gateway.ask("OPTIONS", "/orders", headers={"Origin": "http://shop.example", "Access-Control-Request-Method": "POST"})
        equal((answer.status, answer.headers["access-control-allow-origin"]), (200, "http://shop.example"))
        equal(mall.gateway.get("/actuator/health").body["status"], "UP")
        routes = mall.gateway.management.get("/actuator/gateway/routes")
        equal((routes.status, len(routes.body)), (200, 3), "the routes in force")
        for hidden in ("gateway/routes", "prometheus", "metrics"):
            equal(mall.gateway.get("/actuator/" + hidden).status, 404, hidden + " on the main port")
        equal(mall.gateway.get("/ordersX").status, 404)
        mall.order.kill()
        equal(mall.gateway.get("/orders").status, 503, "while the service is away")
        equal(mall.gateway.get("/deliveries").status, 200)


def test_openapi_says_whether_a_stock_may_be_negative():
    for oversell, status in ((None, 400), ("allow", 201)):
        with Mall(only=("product",), oversell=oversell) as mall:
            stock = mall.product.get("/openapi.json").body["components"]["schemas"]["inventory-input"]["properties"]["stock"]
            equal(stock["anyOf"][0]["exclusiveMinimum"] < -1, status == 201, oversell)
            equal(mall.product.post("/inventories", {"stock": -1}).status, status, oversell)


def test_info_says_what_describe_says_and_every_answer_who_gives_it():
    with Mall() as mall, contextlib.ExitStack() as ends:
        server = Server(mall.directory)
        ends.callback(server.stop)
        server.start()
        mall.order.stop()
        mall.order.start(pod="order-blue", db_url=server.url, bus_url="kafka://127.0.0.1:%d/mall" % ports.reserve())
        for daemon in mall.services():
            info, described = daemon.get("/actuator/info"), services.describe(daemon.name, BIN)
            said = info.body["mall"]
            equal((said["store"], said["bus"]), ("postgresql", "kafka") if daemon is mall.order else ("sqlite", "log"))
            equal(said["hears"], described["hears"])
            equal(said["says"], described["says"])
            equal(said["collections"], [{k: v for k, v in c.items() if k != "searches"} for c in described["collections"]])
            equal(info.headers["x-served-by"], info.body["pod"])
            equal(info.headers["x-served-version"], info.body["build"]["version"])
        equal(mall.gateway.management.get("/actuator/info").body["mall"], {"collections": [], "hears": [], "says": []})
        equal(mall.order.get("/actuator/info").body["pod"], "order-blue")
        equal(mall.gateway.get("/orders").headers["x-served-by"], "order-blue")
        equal(mall.gateway.get("/nothing/here").headers["x-served-by"], "gateway-%d" % mall.gateway.port)


def test_openapi_and_metrics_are_served():
    with Mall() as mall:
        mall.order_one()
        for daemon in mall.services():
            equal(daemon.get("/openapi.json").body["openapi"][:3], "3.1")
        until_equal(lambda: mall.order.metric("mall_outbox_pending"), 0)
        assert mall.order.metric("http_server_requests_seconds_count", method="POST", status="201") == 1
        until_equal(lambda: mall.delivery.metric("mall_events_consumed_total", event_type="Orderplaced"), 1)
        equal(mall.gateway.get("/orders/1").status, 200)
        until_equal(lambda: mall.gateway.metric("spring_cloud_gateway_requests_seconds_count", routeId="order"), 1)
