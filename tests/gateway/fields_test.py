"""What the gateway changes in header fields, and what it leaves alone."""
import json
import re
import socket

from client import Wire, ask, chunked, request
from front import Front
from mall import equal, until
from upstream import Upstream, answer, says

STRANGERS = {"trusted_proxies": "192.0.2.0/24"}                  # 127.0.0.1 is none of them
SPOOFED = ("X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: spoofed.example", "X-Forwarded-Proto: https", "X-Forwarded-Port: 8443",
           "X-Forwarded-Prefix: /mall", "Forwarded: for=192.0.2.1;proto=https;host=spoofed.example")


def reached(*fields, method="GET", target="/x", body=b"", host="shop.example", upstream=None, **settings):
    """The one request as the upstream saw it."""
    upstream = upstream or Upstream()
    with Front(upstream, **settings) as front, Wire(front.port) as wire:
        reply = wire.ask(request(method, target, *fields, body=body, host=host), method)
        equal(reply.status, 200, "the answer")
    equal(len(upstream.requests), 1, "requests at the upstream")
    return upstream.requests[0]


def answered(*fields, body=b"hello", steps=None):
    """The client's reply to an upstream that says these fields."""
    with Front(Upstream(says(*(steps or [answer(body, *fields)])))) as front:
        return ask(front.port)


def test_a_request_gets_its_origin():
    seen = reached(host="shop.example:8080")
    equal([seen.field("X-Forwarded-" + name) for name in ("For", "Host", "Port", "Proto", "Prefix")],
          ["127.0.0.1", "shop.example:8080", "8080", "http", None])
    assert re.fullmatch(r'for="?127\.0\.0\.1"?(;host="?shop\.example:8080"?|;proto=http)+', seen.field("Forwarded")), seen.field("Forwarded")
    assert re.fullmatch(r"127\.0\.0\.1:\d+", seen.field("Host")), "Host is %s and not the upstream's" % seen.field("Host")


def test_a_trusted_peers_origin_is_continued():
    seen = reached(*SPOOFED)
    equal(seen.fields.all("X-Forwarded-For"), ["192.0.2.1, 127.0.0.1"])
    equal([seen.field("X-Forwarded-" + name).split(",")[0] for name in ("Host", "Proto", "Port", "Prefix")],
          ["spoofed.example", "https", "8443", "/mall"], "what the peer said")
    equal(len(seen.fields.all("Forwarded")), 1, "fields of that name")
    assert seen.field("Forwarded").startswith("for=192.0.2.1;proto=https;host=spoofed.example, for="), seen.field("Forwarded")


def test_the_access_log_names_the_client():
    """The address that the nearest proxy saw, not one that a sender further away made up."""
    with Front(Upstream(), trusted_proxies="127.0.0.0/8,10.0.0.0/8") as front:
        equal(ask(front.port, "GET", "/logged", "X-Forwarded-For: 192.0.2.1, 192.0.2.7, 10.1.2.3").status, 200)
        until(lambda: "/logged" in front.daemon.log())
        line = next(line for line in front.daemon.log().splitlines() if "/logged" in line)
    assert "192.0.2.7" in line and "192.0.2.1" not in line and "10.1.2.3" not in line, line


def test_what_a_filter_adds_is_not_the_clients_to_take_away():
    upstream = Upstream()
    with Front({"/**": (upstream, {"filters": ["SetRequestHeader=X-Role, guest", "AddRequestHeader=X-Forwarded-Proto, https"]})}, **STRANGERS) as front:
        equal(ask(front.port, "GET", "/x", "X-Role: admin", "Connection: X-Role, close", *SPOOFED).status, 200)
    seen = upstream.requests[0]
    equal((seen.fields.all("X-Role"), seen.fields.all("X-Forwarded-Proto")), (["guest"], ["https, http"]))


def test_a_strangers_origin_is_replaced():
    seen = reached(*SPOOFED, "X-Forwarded-For: 192.0.2.2", "x-forwarded-server: spoofed", **STRANGERS)
    equal(seen.fields.all("X-Forwarded-For"), ["127.0.0.1"])
    equal([seen.field("X-Forwarded-" + name) for name in ("Host", "Port", "Proto", "Prefix", "Server")],
          ["shop.example", "80", "http", None, None])
    assert "192.0.2" not in repr(seen.fields) and "spoofed" not in repr(seen.fields), seen.fields


def test_who_says_no_host_reached_an_address():
    upstream = Upstream()
    with Front(upstream) as front, Wire(front.port) as wire:
        equal(wire.ask(b"GET /x HTTP/1.0\r\n\r\n").status, 200)
        place = "127.0.0.1:%d" % front.port
    seen = upstream.requests[0]
    equal((seen.field("X-Forwarded-Host"), seen.field("X-Forwarded-Port")), (place, place.split(":")[1]))
    assert 'host="%s"' % place in seen.field("Forwarded"), seen.field("Forwarded")


def test_nobody_is_trusted_where_the_setting_says_none():
    seen = reached(*SPOOFED, trusted_proxies="none")
    equal((seen.field("X-Forwarded-For"), seen.field("X-Forwarded-Host"), seen.field("X-Forwarded-Proto")), ("127.0.0.1", "shop.example", "http"))


def seen_from(address, *fields, **settings):
    """The request that reached the upstream, of a client whose connection comes from that address of this machine; and whom the log names."""
    upstream = Upstream()
    with Front(upstream, **settings) as front, socket.socket() as client:
        client.settimeout(60)
        client.bind((address, 0))
        client.connect(("127.0.0.1", front.port))
        client.sendall("".join(line + "\r\n" for line in ("GET /x HTTP/1.1", "Host: shop.example", "Connection: close", *fields, "")).encode())
        while client.recv(65536):
            pass
        logged = lambda: [json.loads(line) for line in front.daemon.log().splitlines() if "/x" in line]
        line = until(logged)[0]
    return upstream.requests[0].field("X-Forwarded-For"), line["client.ip"]


def test_behind_a_sidecar_the_client_is_who_the_proxy_before_it_says():
    """Istio's sidecar connects from 127.0.0.6 and leaves X-Forwarded-For as it came."""
    chain = "X-Forwarded-For: 192.0.2.66, 192.0.2.7"                # the client wrote the first one
    equal(seen_from("127.0.0.6", chain, trusted_proxies="127.0.0.6/32"), ("192.0.2.66, 192.0.2.7, 127.0.0.6", "192.0.2.7"))
    equal(seen_from("127.0.0.6", chain, trusted_proxies="none"), ("127.0.0.6", "127.0.0.6"))
    equal(seen_from("127.0.0.5", chain, trusted_proxies="127.0.0.6/32"), ("127.0.0.5", "127.0.0.5"))


def test_an_origin_in_many_fields_is_one_list():
    seen = reached("X-Forwarded-For: 192.0.2.1", "X-Other: y", "x-forwarded-for: 192.0.2.2,192.0.2.3")
    equal(re.split(r"\s*,\s*", seen.field("X-Forwarded-For")), ["192.0.2.1", "192.0.2.2", "192.0.2.3", "127.0.0.1"])


def test_connection_does_not_remove_the_origin_of_a_stranger():
    seen = reached("Connection: X-Forwarded-For, Forwarded, X-Forwarded-Host, X-Forwarded-Proto, traceparent", *SPOOFED, **STRANGERS)
    equal((seen.field("X-Forwarded-For"), seen.field("X-Forwarded-Host"), seen.field("X-Forwarded-Proto")), ("127.0.0.1", "shop.example", "http"))
    assert seen.field("traceparent") and seen.field("Forwarded"), seen.fields


def test_what_strip_prefix_took_is_named():
    upstream = Upstream()
    with Front({"/shop/**": (upstream, {"filters": ["StripPrefix=1"]})}) as front:
        equal(ask(front.port, "GET", "/shop/orders?x").status, 200)
    equal([(r.target, r.field("X-Forwarded-Prefix")) for r in upstream.requests], [("/orders?x", "/shop")])


def test_fields_of_a_request_pass():
    fields = ("Accept: text/html, */*;q=0.1", "Accept-Encoding: gzip, br", "Authorization: Bearer a.b-c_d", "Cookie: a=b; c=d", "Cookie: e=f",
              "X-Empty:", "X-Twice: 1", "X-Twice: 2", 'If-Match: "a", "b"', "Range: bytes=0-5", "User-Agent: x/1 (y; z)", "X-Request-Id: r1",
              "b3: 0", "tracestate: a=b", "Content-Type: application/json", "Content-Encoding: gzip", "X_Under: y", "Cache-Control: no-cache",
              "Via: 1.1 cdn", "Date: x", "X-HTTP-Method-Override: DELETE")
    seen = reached(*fields, method="POST", body=b"{}")
    for field in fields:
        name, value = field.split(":", 1)
        if name in ("Cookie", "X-Twice"):
            continue
        assert value.strip() in seen.fields.all(name), "%s is %s at the upstream, not %r" % (name, seen.fields.all(name), value)
    equal(re.split(", |; ", seen.field("Cookie")), ["a=b", "c=d", "e=f"])
    equal(seen.field("X-Twice"), "1, 2")
    equal((seen.method, seen.body, seen.framing), ("POST", b"{}", 2))


def test_hop_by_hop_fields_of_a_request_do_not_pass():
    seen = reached("Connection: keep-alive, X-Mine", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "X-Mine: 1", "x-mine: 2",
                   "X-Mine-Too: 3", "Upgrade: h2c", "TE: gzip", "Trailer: X", "Proxy-Authorization: Basic x")
    left = seen.fields.names() & {"keep-alive", "proxy-connection", "x-mine", "upgrade", "proxy-authorization", "transfer-encoding"}
    equal((left, seen.field("X-Mine-Too")), (set(), "3"))
    assert seen.field("TE") in (None, "trailers") and "mine" not in (seen.field("Connection") or "").lower(), seen.fields


def test_hop_by_hop_fields_of_an_answer_do_not_pass():
    reply = answered(b"Connection: keep-alive, X-Mine", b"Keep-Alive: timeout=5", b"X-Mine: 1", b"Proxy-Connection: x", b"Upgrade: h2c",
                     b"X-Other: 2")
    equal(reply.fields.names() & {"keep-alive", "x-mine", "proxy-connection", "upgrade"}, set())
    equal((reply.field("X-Other"), reply.body), ("2", b"hello"))
    assert "mine" not in (reply.field("Connection") or "").lower(), reply.fields


def test_fields_of_an_answer_pass():
    fields = (b"Content-Type: text/html;charset=UTF-8", b"Content-Encoding: gzip", b"ETag: W/\"x\"", b"Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT",
              b"Location: http://shop.example/orders/1?a=b#c", b"Cache-Control: max-age=5, private", b"Vary: Accept",
              b"WWW-Authenticate: Basic realm=\"a, b\"",
              b"Date: Mon, 01 Jan 2024 00:00:00 GMT", b"Server: upstream/1", b"Link: </a>; rel=\"next\"", b"Retry-After: 5",
              b"Content-Language: ko", b"Allow: GET, POST", b"Accept-Ranges: bytes",
              b"X-Caf\x65: caf\xe9", b"Age: 5", b"Via: 1.1 cdn")
    reply = answered(*fields)
    for field in fields:
        name, value = field.decode("latin-1").split(":", 1)
        equal(reply.fields.all(name), [value.strip()], name)
    equal(reply.body, b"hello")


def test_fields_of_one_name_stay_apart_and_in_order():
    """Set-Cookie cannot be joined."""
    cookies = ["c%d=%d; Path=/; Expires=Mon, 01 Jan 2035 00:00:00 GMT" % (n, n) for n in range(20)]
    reply = answered(*[b"Set-Cookie: " + cookie.encode() for cookie in cookies])
    equal(reply.fields.all("Set-Cookie"), cookies)


def test_an_answer_of_many_or_long_fields_passes():
    reply = answered(*[b"X-%d: %d" % (n, n) for n in range(40)], b"X-Long: " + b"y" * 8000)
    equal((len([n for n in reply.fields.names() if n.startswith("x-")]), len(reply.field("X-Long") or "")), (41, 8000))


def test_bodies_pass_byte_for_byte():
    body = bytes(range(256)) * 300
    seen = reached(method="POST", body=body)
    equal((seen.body, seen.framing), (body, len(body)))
    equal(answered(b"Content-Type: application/octet-stream", body=body).body, body)
    upstream = Upstream()
    with Front(upstream) as front, Wire(front.port) as wire:
        head = b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        equal(wire.ask(head + chunked(body[:1], body[1:70000], body[70000:]), "PUT").status, 200)
    equal([r.body for r in upstream.requests], [body])


def test_targets_pass_byte_for_byte():
    for target in ("/", "/?", "/a/b/", "/a%2Fb/%C3%A9?q=%20+%26&x", "/a;b=c,d/~e?f=/g?h", "/orders?sort=id,desc&page=0", "/a:b@c!$&'()*"):
        equal(reached(target=target).target, target)


def test_methods_pass():
    upstream = Upstream()
    with Front(upstream) as front:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            equal(ask(front.port, method, "/" + method).status, 200, method)
    equal([(r.method, r.target) for r in upstream.requests], [(m, "/" + m) for m in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")])
    equal([r.framing for r in upstream.requests if r.method in ("POST", "PUT", "PATCH")], [0, 0, 0], "the lengths that reached the upstream")


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_traceparent():
    """The trace goes on in a span of ours; a malformed one is replaced."""
    ours = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
    seen = reached("traceparent: " + PARENT, "tracestate: a=b", "X-B3-TraceId: 1", "b3: 0").fields
    trace = ours.fullmatch(seen.get("traceparent"))
    equal((trace[1], trace[3], seen.get("tracestate"), seen.get("b3"), seen.get("X-B3-TraceId")), (PARENT[3:35], "01", "a=b", "0", "1"))
    assert trace[2] != PARENT[36:52], "our span is the client's"
    for wrong in ((), ("traceparent: x",), ("traceparent: " + PARENT.replace(PARENT[3:35], "0" * 32),), ("traceparent: " + PARENT.upper(),)):
        made = ours.fullmatch(reached(*wrong).field("traceparent") or "")
        assert made and made[1] not in (PARENT[3:35], "0" * 32), "%s became %s" % (wrong, made)


def test_two_requests_are_two_traces():
    upstream = Upstream()
    with Front(upstream) as front, Wire(front.port) as wire:
        for _ in range(2):
            equal(wire.ask(request("GET", "/x")).status, 200)
    assert len({r.field("traceparent") for r in upstream.requests}) == 2


def test_a_field_of_the_answer_cannot_become_two():
    """Whatever an upstream sends, no client sees an additional field or answer."""
    for value in (b"y\rSet-Cookie: a=b", b"y\0Set-Cookie: a=b", b"y\x0bSet-Cookie: a=b"):
        reply = answered(b"X: " + value)
        equal((reply.fields.all("Set-Cookie"), reply.whole), ([], True))
        assert "Set-Cookie" not in (reply.field("X") or "") or reply.status == 200, reply
