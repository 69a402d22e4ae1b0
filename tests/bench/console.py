"""console - what it costs the mall to be looked at: the chain with the console's followers, and without.

In turns, round by round, in one mall: without the console, with it, with 50 open streams of /events. The streams' clients
read all and drop it; they and the console are on the same machine as the mall.
"""
import collections
import contextlib
import os
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
    """A process of its own: reads all streams until it is ended. It stands for browsers elsewhere, and takes what the mall leaves."""
    os.nice(19)
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


def cpu_of(daemons):
    return sum(cpu_seconds(daemon.process.pid) for daemon in daemons)


def measured(mall, name, seconds, found):
    """The rate, and the services' CPU for an order: that depends little on what else the machine does."""
    before, orders = cpu_of(mall.daemons.values()), count_orders(mall)
    found[name].append(rate(mall, seconds))
    found["cpu " + name].append(1e6 * (cpu_of(mall.daemons.values()) - before) / (count_orders(mall) - orders))


def without(mall, seconds, found):
    measured(mall, "without", seconds, found)


def alone(mall, seconds, found):
    with console(mall):
        measured(mall, "console", seconds, found)


def followed(mall, seconds, found):
    with console(mall) as frontend, followers(frontend.port, FOLLOWERS):
        before, began = cpu_seconds(frontend.process.pid), time.monotonic()
        measured(mall, "with", seconds, found)
        found["cpu"].append((cpu_seconds(frontend.process.pid) - before) / (time.monotonic() - began))
        found["memory"].append(status_kb(frontend.process.pid, "VmHWM") / 1024)


def watched(seconds, rounds):
    found, ways = collections.defaultdict(list), [without, alone, followed]
    with Mall(only=SERVICES) as mall:
        mall.register(stock=MUCH)
        rate(mall, WARM_SECONDS)
        for number in range(rounds):                            # another one first each time
            for way in ways[number % 3:] + ways[:number % 3]:
                way(mall, seconds, found)
    middle = {name: statistics.median(values) for name, values in found.items()}
    for name, what in (("without", "no console"), ("console", "a console"), ("with", "%d followers" % FOLLOWERS)):
        yield Row("chain with " + what, middle[name], "/s")
        yield Row("   the services' CPU for an order", middle["cpu " + name], " us")
    for name, what, target in (("console", "none", 0.95), ("without", "no console", None)):
        pairs = [a / b for a, b in zip(found["with"], found[name])]
        yield Row("%d followers, of that with %s" % (FOLLOWERS, what), statistics.median(pairs), "", target, True)
    yield Row("   the console's CPU", middle["cpu"], " of one")
    yield Row("   its memory at most", max(found["memory"]), " MB")


if __name__ == "__main__":
    follow(int(sys.argv[1]), int(sys.argv[2]))
