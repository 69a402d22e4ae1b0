#!/usr/bin/env python3
"""instructions - what a request costs in the user space of the gateway or of order, function by function; and how many
system calls.

    tests/bench/instructions.py gateway|order [LOAD] [LINES]      LOAD: GET, POST, page; all of them

The daemon runs with one worker under callgrind, the gateway before an order service, and serves 2,000 requests over one connection,
then another one 4,000. The difference over 2,000 is what a request costs, without start and end. Unlike times these
figures are the same on a busy machine, to one in a hundred. Then strace counts the system calls in the same way. Needs
valgrind, strace and the built programs.
"""
import collections
import pathlib
import re
import socket
import sys

from measure import ORDER
from mall import Daemon, Mall, until

FEW, MANY = 2000, 4000
LIBC = "libc.so.6"
LOADS = {
    "GET": ("GET /orders/1", ["Host: 127.0.0.1:8088"], ""),
    "POST": ("POST /orders", ["Host: 127.0.0.1:8088", "Content-Type: application/json", "Accept: */*"], ORDER),
    "page": ("GET /orders/1", [                                 # as the console's page asks, behind an ingress
        "Host: mall.example.kr", "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
        "Accept: application/json", "Accept-Encoding: gzip, deflate, br", "Accept-Language: ko-KR,ko;q=0.9,en;q=0.8",
        "Referer: http://mall.example.kr/", "Origin: http://mall.example.kr", "Cookie: theme=dark", "If-None-Match: \"9\"",
        "Sec-Fetch-Dest: empty", "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: same-origin", "DNT: 1",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "X-Request-Id: 7"], ""),
}
ROUTES = """
spring:
  cloud:
    gateway:
      routes:
        - {id: order, uri: 'http://127.0.0.1:%d', predicates: [Path=/orders/**], metadata: {idempotency: false}}
"""


def request(load):
    line, fields, body = LOADS[load]
    if body:
        fields = fields + ["Content-Length: %d" % len(body)]
    return ("%s HTTP/1.1\r\n%s\r\n\r\n%s" % (line, "\r\n".join(fields), body)).encode()


def ask(connection, sent):
    """One request, its answer read to the end"""
    connection.sendall(sent)
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, body = got.split(b"\r\n\r\n", 1)
    assert head.split()[1] in (b"200", b"201"), head
    left = int(re.search(rb"(?i)content-length: (\d+)", head)[1]) - len(body)
    while left:
        left -= len(connection.recv(left))


class Watched(Daemon):
    """A daemon that a tool watches"""

    def __init__(self, name, mall, launcher):
        routes, directory = mall.directory / "instructions.yml", mall.directory / "watched"
        routes.write_text(ROUTES % mall.order.port)
        directory.mkdir(exist_ok=True)
        super().__init__(name, directory, {"threads": 1, "log_level": "warn", "max_header": "8KiB", **({"routes": routes} if name == "gateway" else {})})
        self.launcher = launcher

    def environment(self, **settings):
        # glibc would zero memory by an instruction that callgrind counts once for each byte
        return {**super().environment(**settings), "GLIBC_TUNABLES": "glibc.cpu.x86_rep_stosb_threshold=100000000"}


def serve(name, mall, launcher, sent, count):
    watched = Watched(name, mall, launcher)
    watched.start()
    with socket.create_connection(("127.0.0.1", watched.port)) as connection:
        ask(connection, request("POST"))                        # so that there is an order
        for _ in range(count):
            ask(connection, sent)
    assert watched.stop(120) == 0, watched.log()


def costs(path):
    """Instructions of each (object, function) itself; under (object, None) those of libc on behalf of that object"""
    names, found, place, called, calls = {}, collections.Counter(), {}, {}, False
    for line in path.read_text().split("\n"):
        named = re.match(r"(c?)(fn|ob)=\((\d+)\)(?: (.*))?$", line)
        if named:
            callee, what, number, name = named.groups()
            (called if callee else place)[what] = names.setdefault((what, number), pathlib.Path(name or "").name)
        elif line.startswith("calls="):
            calls = True                                        # the next line is what the called one cost
        elif line[:1] in "0123456789+-*" and line:
            cost = int(line.split()[1])
            if not calls:
                found[place["ob"], place["fn"]] += cost
            elif LIBC == called.get("ob") != place["ob"]:
                found[place["ob"], None] += cost
            called, calls = {}, False
    return found


def instructions(name, mall, sent):
    out = mall.directory / "callgrind.out"

    def cost(count):
        serve(name, mall, ("valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=%s" % out), sent, count)
        return costs(out)

    few, many = cost(FEW), cost(MANY)
    return {place: (many[place] - few[place]) / (MANY - FEW) for place in many}


def calls(name, mall, sent):
    out = mall.directory / "strace.out"

    def counted(count):
        out.write_text("")
        # -D: the daemon is our child and gets our SIGTERM; strace writes after its end
        serve(name, mall, ("strace", "-D", "-f", "-qq", "-c", "-U", "name,calls", "-o", str(out)), sent, count)
        until(lambda: "total" in out.read_text())
        return collections.Counter(dict(re.findall(r"^(\w+) +(\d+)$", out.read_text(), re.M)))

    few, many = counted(FEW), counted(MANY)
    return {name: (int(many[name]) - int(few[name])) / (MANY - FEW) for name in many}


def main(daemon, load=None, lines="40"):
    for name in [load] if load else LOADS:
        sent = request(name)
        with Mall(only=("order",), log_level="warn") as mall:
            mall.order_one()
            found, made = instructions(daemon, mall, sent), calls(daemon, mall, sent)
        report(daemon, name, found, made, int(lines))


def report(daemon, name, found, made, lines):
    objects = collections.Counter()
    for (place, function), cost in found.items():
        objects[place if function else "libc for " + place] += cost
    print(name, "instructions:", *("%s %d," % pair for pair in objects.most_common() if pair[1] >= 50))
    print("  of ours:", round(objects[daemon] + objects["libc for " + daemon]))
    print("  system calls:", ", ".join("%s %.2f" % pair for pair in sorted(made.items(), key=lambda pair: -pair[1]) if pair[1] >= 0.01))
    for (place, function), cost in sorted(found.items(), key=lambda pair: -pair[1])[:lines]:
        print("%8d  %-40s %s" % (cost, function or "(in libc)", place))


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("gateway", "order"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
