"""A name server that does not answer: it costs waiting, but neither threads nor other clients' requests."""
import concurrent.futures
import os
import re
import socket
import subprocess

from client import ask
from front import Front, span
from mall import CannotTell, equal
from upstream import Upstream

MOUNTS = ("unshare", "--mount", *(("--map-root-user",) if os.getuid() else ()))     # a mount namespace for the command after it
MUTE = "127.9.53.53"
FEW = 12                                                        # lookups at a time, and threads that come and go anyway


def mute_server():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        server.bind((MUTE, 53))
    except OSError:
        server.close()
        raise CannotTell("no name server of the test's own here: that takes root") from None
    if subprocess.call([*MOUNTS, "true"], stderr=subprocess.DEVNULL) != 0:
        raise CannotTell("no mounts of a process's own here: that takes root or user namespaces")
    return server


def threads(front):
    with open("/proc/%d/status" % front.daemon.process.pid, encoding="ascii") as status:
        return int(re.search(r"Threads:\s+(\d+)", status.read())[1])


def test_a_mute_name_server_costs_few_threads():
    well = Upstream()
    with mute_server():
        front = Front({"/well/**": well, **{"/n%d/**" % n: "http://name%d.mall.invalid:80" % n for n in range(40)}}, connect_timeout=span(0.3))
        conf = front.directory / "resolv.conf"
        conf.write_text("nameserver %s\noptions timeout:5 attempts:2\n" % MUTE)
        front.daemon.launcher = (*MOUNTS, "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', conf)
        with front, concurrent.futures.ThreadPoolExecutor(20) as pool:
            before = threads(front)
            for reply in pool.map(lambda n: ask(front.port, "GET", "/n%d/x" % (n % 40)), range(200)):
                equal((reply.status, reply.field("Retry-After")), (503, "1"))
            assert threads(front) <= before + FEW, "%d threads, %d before" % (threads(front), before)
            equal(ask(front.port, "GET", "/well/x").status, 200)
