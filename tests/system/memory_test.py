"""How much memory a daemon takes at most, with hundreds of connections in one state: docs/performance.md, "Memory".

Each row of that table is a case: a daemon as it is by default, begun for it, its VmHWM when all connections are there. A
refusal (503, 413) is as good as an answer, as long as the daemon is alive and answers a new client afterwards.
"""
import contextlib
import http.server
import re
import resource
import signal
import socket
import threading
import time

from mall import TOP, VARIANT, CannotTell, Mall, Server, equal, until

WALL = int(re.search(r"limits:\s*(?:\w+: [^\n]*\n\s*)*?memory: (\d+)Mi", (TOP / "deploy/k8s/base/pod.yaml").read_text())[1])
SMALL = 4096                                                    # a slow reader's receive buffer, in bytes
HALF_A_HEAD = 7000                                              # bytes, below the limit of each daemon
slow = ("test_the_memory_of_order", "test_the_memory_of_the_gateway")


def promised():
    """{(state, daemon): (connections, MiB at most)}"""
    section = (TOP / "docs/performance.md").read_text().split("\n## Memory\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+?) \| (order|gateway) \| (\d+) \| (\d+) \|", section, re.M)
    return {(state, daemon): (int(count), int(most)) for state, daemon, count, most in rows}


def peak(daemon):
    """In MiB."""
    with open("/proc/%d/status" % daemon.process.pid) as status:
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read())
    assert found, "it ended, see its log"
    return int(found[1]) / 1024


def unread(port):
    """Bytes on their way to or from this port, and how many connections it has."""
    waiting, count = 0, 0
    for line in open("/proc/net/tcp"):
        cells = line.split()
        if cells[1].endswith(":%04X" % port) or cells[2].endswith(":%04X" % port):
            sent, received = cells[4].split(":")
            waiting += int(sent, 16) + int(received, 16)
            count += 1
    return waiting, count


def settle(daemon):
    """Until it has read and written all: nothing moves on its connections, and it uses no processor."""
    def now():
        with open("/proc/%d/stat" % daemon.process.pid) as stat:
            return unread(daemon.port), stat.read().rsplit(")", 1)[1].split()[11:13]

    def is_still():
        before = now()
        time.sleep(0.3)                                         # the time between two looks
        return before == now()
    with contextlib.suppress(AssertionError):                   # its timers may never rest: then it had time enough
        until(is_still, 20)


class Crowd:
    """Connections that say something and stay. They stop where the daemon would take the machine."""

    def __init__(self, daemon):
        self.daemon, self.port, self.sockets = daemon, daemon.port, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self.sockets:
            one.close()

    def connect(self, room=None):
        assert peak(self.daemon) < 2 * WALL, "%.0f MiB at connection %d" % (peak(self.daemon), len(self.sockets))
        one = socket.socket()
        if room:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        one.settimeout(30)
        one.connect(("127.0.0.1", self.port))
        self.sockets.append(one)
        return one

    def say(self, text, room=None):
        """On a new connection; sends what is taken without a longer wait."""
        one = self.connect(room)
        one.settimeout(0.5)
        with contextlib.suppress(OSError):                      # refused, or it stopped reading: as good
            one.sendall(text)
        return one

    def exchange(self, text):
        """On a new connection, idle afterwards: the answer's status and the length of its body."""
        one = self.say(text)
        one.settimeout(30)
        got = b""
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in got:
                more = one.recv(65536)
                if not more:
                    break
                got += more
        assert got, "no answer"
        head, _, body = got.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(body) < length:
            body += one.recv(1 << 20)
        return int(head.split()[1]), length


def post(path, body, length=None):
    return b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        path, len(body) if length is None else length, body)


def get(path, more=b""):
    return b"GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n" % (path, more)


def chunked(path, body):
    head = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" % path
    return head + b"%x\r\n%s\r\n" % (len(body), body)


TREE = b'{"a":[%s0]}' % (b"0," * (((1 << 20) - 100) // 2))      # 1 MiB of JSON that is 500,000 values
TEXT = b'{"productId":"%s"}' % (b"x" * 880_000)


# -- the states of order


def after_large_request(crowd, count, _):
    for _ in range(count):
        status, _ = crowd.exchange(post(b"/orders", TREE))
        assert status in (201, 400, 413, 503), status


def large_requests_at_once(crowd, count, _):
    for _ in range(count):
        crowd.say(post(b"/orders", TREE))


def fill(mall):
    """A page of 1000 orders is some 500 KB."""
    for _ in range(1000):
        mall.order.post("/orders", {"productId": "x" * 100, "productName": "y" * 100, "qty": 1})


def after_large_answer(crowd, count, mall):
    fill(mall)
    for _ in range(count):
        status, length = crowd.exchange(get(b"/orders?size=1000"))
        assert status == 200 and length > 400_000, (status, length)


def slow_readers(crowd, count, mall):
    fill(mall)
    for _ in range(count):
        crowd.say(get(b"/orders?size=1000"), SMALL)


def half_a_body(crowd, count, _):
    for i in range(count):
        crowd.say(post(b"/orders", TEXT[:500_000], 1_000_000) if i % 2 else chunked(b"/orders", TEXT))


def half_a_head(crowd, count, _):
    for _ in range(count):
        crowd.say(b"GET /orders HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"x" * 500) for i in range(HALF_A_HEAD // 510)))


def page_of_large_rows(crowd, count, mall):
    for _ in range(count):
        equal(crowd.exchange(post(b"/orders", TEXT))[0], 201)
    for i in range(20):
        crowd.say(get(b"/orders" if i % 2 else b"/orders?size=1000"), SMALL)


def bus_is_away(crowd, count, mall):
    """Also when it is started again, with all those events to publish."""
    for _ in range(count):
        status, _ = crowd.exchange(post(b"/orders", TEXT))
        equal(status, 201)
    until(lambda: mall.order.metric("mall_outbox_pending") == count)
    first = peak(mall.order)
    mall.order.kill()
    mall.order.start()
    until(lambda: mall.order.metric("mall_outbox_pending") == count)
    return first


def store_is_away(crowd, count, mall):
    for i in range(count):
        crowd.say(post(b"/orders", b'{"productId":"%s"}' % (b"x" * 100_000)) if i % 2 else get(b"/orders?size=1000"))


def bounded(mall):
    """A daemon that takes far more memory ends before it takes the machine's."""
    for daemon in mall.daemons.values():
        daemon.launcher = ("prlimit", "--data=%d" % (8 * WALL << 20))
    return mall


@contextlib.contextmanager
def order(state):
    """With what this state needs; the bus can never be reached."""
    settings = {"bus_url": "kafka://127.0.0.1:1/mall"} if state is bus_is_away else {}
    with contextlib.ExitStack() as stack:
        if state is store_is_away:
            directory = Mall.new_directory()
            stack.callback(Mall.remove_directory, directory)
            server = Server(directory).start()
            stack.callback(server.stop, "immediate")
            settings["db_url"] = server.url
        mall = stack.enter_context(bounded(Mall(only=("order",), **settings)))
        if state is store_is_away:
            server.signal_all(signal.SIGSTOP)
            stack.callback(server.signal_all, signal.SIGCONT)
        yield mall, mall.order


ORDER = {
    "idle after a request of 1 MiB": after_large_request,
    "a request of 1 MiB, all at once": large_requests_at_once,
    "idle after an answer of 500 KB": after_large_answer,
    "slow readers of 500 KB": slow_readers,
    "readers of a page of 880 KB an order": page_of_large_rows,
    "half a body of 1 MB": half_a_body,
    "half a head of 7 KB": half_a_head,
    "waiting for the store": store_is_away,
    "the bus is away, 880 KB each": bus_is_away,
}


# -- the states of the gateway

class Upstream(http.server.ThreadingHTTPServer):
    """/orders?bytes=N answers with so many; what is posted to it is read only after `ending`."""
    daemon_threads, request_queue_size = True, 1000
    ending = threading.Event()

    class RequestHandlerClass(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            length = int(self.path.partition("bytes=")[2] or 2)
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(length >> 16):
                    self.wfile.write(b"x" * 65536)
                self.wfile.write(b"x" * (length & 65535))

        def do_POST(self):
            if "mute" in self.path:
                self.server.ending.wait()
                self.close_connection = True
                return
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_):
            pass

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), self.RequestHandlerClass)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass

    def __exit__(self, *_):
        self.ending.set()
        self.shutdown()
        self.server_close()


def passed_large_request(crowd, count, _):
    for _ in range(count):
        status, _ = crowd.exchange(post(b"/orders", TREE))
        assert status in (200, 503), status


def passed_large_answer(crowd, count, _):
    for _ in range(count):
        equal(crowd.exchange(get(b"/orders?bytes=131072")), (200, 131072))


def passed_slow_readers(crowd, count, _):
    for _ in range(count):
        crowd.say(get(b"/orders?bytes=10000000"), SMALL)


def passed_slow_readers_of_little(crowd, count, _):
    for _ in range(count):
        crowd.say(get(b"/orders?bytes=131072"), SMALL)


def passed_half_a_body(crowd, count, _):
    for i in range(count):
        crowd.say(post(b"/orders?mute", TEXT[:500_000], 1_000_000) if i % 2 else chunked(b"/orders?mute", TEXT))


def passed_whole_bodies(crowd, count, _):
    for _ in range(count):
        crowd.say(post(b"/orders?mute", b"x" * 100_000))


@contextlib.contextmanager
def gateway(_):
    mall = bounded(Mall(only=("gateway",)))
    with Upstream(int(re.search(r"localhost:(\d+)", mall.gateway.settings["routes"].read_text())[1])), mall:
        yield mall, mall.gateway


GATEWAY = {
    "idle after a request of 1 MiB": passed_large_request,
    "idle after an answer of 128 KiB": passed_large_answer,
    "slow readers of 128 KiB": passed_slow_readers_of_little,
    "slow readers of 10 MB": passed_slow_readers,
    "half a body of 1 MB": passed_half_a_body,
    "half a head of 7 KB": half_a_head,
    "waiting for an upstream, with 100 KB": passed_whole_bodies,
}


# -- the stories

def tell(begin, name, state, act):
    """What went wrong, or None."""
    count, most = promised()[state, name]
    with begin(act) as (mall, daemon), Crowd(daemon) as crowd:
        try:
            before = act(crowd, count, mall) or 0
            settle(daemon)
            taken = max(before, peak(daemon))
        except (AssertionError, OSError) as wrong:
            return str(wrong) or repr(wrong)
        equal(daemon.get("/actuator/health/liveness").status, 200, "the answer to a new client")
        print("%s, %s: %d connections, %.0f MiB of %d" % (name, state, count, taken, most))
        return "%.0f MiB, more than %d" % (taken, most) if taken > most else None


def cases(begin, name, states):
    if VARIANT != "release":
        raise CannotTell("what it takes under a sanitizer says nothing")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for state, act in states.items():
        yield "%s, %s" % (name, state), tell(begin, name, state, act)


def test_the_memory_of_order():
    yield from cases(order, "order", ORDER)


def test_the_memory_of_the_gateway():
    yield from cases(gateway, "gateway", GATEWAY)


def test_the_table_says_what_is_tested():
    rows = promised()
    equal(sorted(rows), sorted([(s, "order") for s in ORDER] + [(s, "gateway") for s in GATEWAY]))
    for row, (_, most) in rows.items():
        assert most < WALL, "%s: %d MiB are no less than the pod's %d" % (row, most, WALL)
