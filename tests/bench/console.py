"""console - what it costs the mall to be looked at: the chain with the console's followers, and without.

In pairs, round by round, in one mall: without the console, with it, with 50 open streams of /events. The streams' clients
read all and drop it; they and the console are on the same machine as the mall.
"""
import contextlib
import select
import socket
import statistics
import subprocess
import sys
import time

from measure import ORDER, Row, cpu_seconds, status_kb, wrk
from mall import SERVICES, Daemon, Mall, until

MUCH = 2000000000
FOLLOWERS = 50
WARM_SECONDS = 2


def follow(port, count):
    """A process of its own: reads all streams until it is ended."""
    poll, streams = select.epoll(), {}
    for _ in range(count):
        stream = socket.create_connection(("127.0.0.1", port))
        stream.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        streams[stream.fileno()] = stream
        poll.register(stream, select.EPOLLIN)
    heard = memoryview(bytearray(1 << 20))
    print("open", flush=True)
    while True:
        for fd, _ in poll.poll():
            if not streams[fd].recv_into(heard):
                sys.exit("a stream ended")


@contextlib.contextmanager
def followers(port, count):
    clients = subprocess.Popen([sys.executable, __file__, str(port), str(count)], stdout=subprocess.PIPE)
    try:
        clients.stdout.readline()
        yield
        assert clients.poll() is None, "the followers' streams ended"
    finally:
        clients.terminate()
        clients.wait()


@contextlib.contextmanager
def console(mall):
    places = ",".join("%s=http://127.0.0.1:%d" % (name, daemon.port) for name, daemon in mall.daemons.items())
    frontend = Daemon("frontend", mall.directory, {"services": places}).start()
    try:
        yield frontend
    finally:
        frontend.stop()


def count_orders(mall):
    return mall.order.get("/orders?size=1").body["page"]["totalElements"]


def rate(mall, seconds):
    """Orders a second until the stock has settled."""
    before, begin = count_orders(mall), time.monotonic()
    wrk(mall.order.port, "/orders", seconds, "POST", ORDER)
    until(lambda: MUCH - mall.stock() == count_orders(mall), 120)
    return (count_orders(mall) - before) / (time.monotonic() - begin)


def one_round(mall, seconds, found):
    with console(mall) as frontend:
        with followers(frontend.port, FOLLOWERS):
            before, began = cpu_seconds(frontend.process.pid), time.monotonic()
            found["with"].append(rate(mall, seconds))
            found["cpu"].append((cpu_seconds(frontend.process.pid) - before) / (time.monotonic() - began))
            found["memory"].append(status_kb(frontend.process.pid, "VmHWM") / 1024)
        found["console"].append(rate(mall, seconds))
    found["without"].append(rate(mall, seconds))


def watched(seconds, rounds):
    found = {name: [] for name in ("with", "console", "without", "cpu", "memory")}
    with Mall(only=SERVICES) as mall:
        mall.register(stock=MUCH)
        rate(mall, WARM_SECONDS)
        for _ in range(rounds):
            one_round(mall, seconds, found)
    for name, what, target in (("without", "no console", None), ("console", "a console", None), ("with", "%d followers" % FOLLOWERS, None)):
        yield Row("chain with " + what, statistics.median(found[name]), "/s", target, True)
    for name, target in (("console", 0.95), ("without", None)):
        pairs = [a / b for a, b in zip(found["with"], found[name])]
        yield Row("%d followers, of that with %s" % (FOLLOWERS, "none" if name == "console" else "no console"), statistics.median(pairs), "", target, True)
    yield Row("   the console's CPU", statistics.median(found["cpu"]), " of one")
    yield Row("   its memory at most", max(found["memory"]), " MB")


if __name__ == "__main__":
    follow(int(sys.argv[1]), int(sys.argv[2]))
